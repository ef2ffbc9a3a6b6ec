//! Private keys from each format, and what is refused.

use crate::common::{failing, provider, sign, verify};
use saitls_core::codes::SignatureScheme;
use saitls_core::error::ByteCount;
use saitls_core::{Error, ProviderFault};
use saitls_rustcrypto::{MAX_SUBJECT_PUBLIC_KEY_INFO_LEN, RustCrypto, SigningKey};

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!("data/", $name, ".der"))
    };
}

/// Written by OpenSSL: a private key, and the SubjectPublicKeyInfo of its certificate.
const KEYS: &[(&[u8], &[u8])] = &[
    (data!("p256.pkcs8"), data!("p256.spki")),
    (data!("p256.sec1"), data!("p256.spki")),
    (data!("p384.pkcs8"), data!("p384.spki")),
    (data!("p384.sec1"), data!("p384.spki")),
    (data!("p521.pkcs8"), data!("p521.spki")),
    (data!("p521.sec1"), data!("p521.spki")),
    (data!("ed25519.pkcs8"), data!("ed25519.spki")),
    (data!("rsa2048.pkcs8"), data!("rsa2048.spki")),
    (data!("rsa2048.pkcs1"), data!("rsa2048.spki")),
    (data!("rsapss2048.pkcs8"), data!("rsapss2048.spki")),
    (data!("rsapss2048_sha384.pkcs8"), data!("rsapss2048_sha384.spki")),
];

fn info(key: &SigningKey) -> Vec<u8> {
    let mut out = [0; MAX_SUBJECT_PUBLIC_KEY_INFO_LEN];
    let len = key.subject_public_key_info(&mut out).unwrap();
    out[..len].to_vec()
}

fn refused(der: &[u8]) -> bool {
    SigningKey::from_der(der).err() == Some(Error::Provider(ProviderFault::InvalidKey))
}

#[test]
fn each_format_loads_and_knows_its_certificate() {
    for (private, public) in KEYS {
        let key = SigningKey::from_der(private).unwrap();
        assert!(key.matches_certificate_key(public));
        for (_, other) in KEYS.iter().filter(|(_, other)| other != public) {
            assert!(!key.matches_certificate_key(other));
        }
        assert!(!key.matches_certificate_key(&public[..public.len() - 1]));
        assert!(!key.matches_certificate_key(&[]));
        assert!(key.matches_certificate_key(&info(&key)));
        if !public.ends_with(&data!("rsapss2048_sha384.spki")[100..]) {
            assert_eq!(info(&key), *public); // the parameters of RSASSA-PSS are not repeated
        }
    }
}

#[test]
fn a_key_does_not_fit_the_same_number_under_another_algorithm() {
    // The same RSA key: rsaEncryption becomes id-RSASSA-PSS by the last byte of the OID.
    let rsae = SigningKey::from_der(data!("rsa2048.pkcs8")).unwrap();
    let mut pss = data!("rsa2048.spki").to_vec();
    let oid = pss.windows(9).position(|oid| oid == [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]).unwrap();
    pss[oid + 8] = 10;
    assert!(!rsae.matches_certificate_key(&pss));
    // The same point, said to be on another curve.
    let p256 = SigningKey::from_der(data!("p256.pkcs8")).unwrap();
    let mut other = data!("p256.spki").to_vec();
    let oid = other.windows(8).position(|oid| oid == [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]).unwrap();
    other[oid + 7] = 6;
    assert!(!p256.matches_certificate_key(&other));
}

#[test]
fn each_loader_takes_its_own_format_only() {
    let loads = |der: &[u8]| {
        [SigningKey::from_pkcs8_der(der), SigningKey::from_sec1_der(der), SigningKey::from_pkcs1_der(der)]
            .map(|key| key.is_ok())
    };
    assert_eq!(loads(data!("p256.pkcs8")), [true, false, false]);
    assert_eq!(loads(data!("p256.sec1")), [false, true, false]);
    assert_eq!(loads(data!("p384.sec1")), [false, true, false]);
    assert_eq!(loads(data!("ed25519.pkcs8")), [true, false, false]);
    assert_eq!(loads(data!("rsa2048.pkcs8")), [true, false, false]);
    assert_eq!(loads(data!("rsa2048.pkcs1")), [false, false, true]);
}

#[test]
fn what_is_no_key_is_refused() {
    assert!(refused(&[]));
    assert!(refused(b"-----BEGIN PRIVATE KEY-----"));
    assert!(refused(data!("p256.spki")));
    assert!(refused(data!("secp256k1.pkcs8")));
    assert!(refused(data!("rsa1024.pkcs8")));
    for (private, _) in KEYS {
        for len in 0..private.len().min(200) {
            assert!(refused(&private[..len]));
        }
        assert!(refused(&private[..private.len() - 1]));
        assert!(refused(&[private, &[0][..]].concat()));
    }
}

#[test]
fn keys_whose_halves_do_not_fit_are_refused() {
    for name in [
        &data!("p256.pkcs8")[..],
        data!("p256.sec1"),
        data!("p384.pkcs8"),
        data!("p384.sec1"),
        data!("p521.pkcs8"),
        data!("p521.sec1"),
    ] {
        let mut changed = name.to_vec();
        *changed.last_mut().unwrap() ^= 1; // the public half
        assert!(refused(&changed));
    }
    for name in [&data!("rsa2048.pkcs8")[..], data!("rsa2048.pkcs1"), data!("rsapss2048.pkcs8")] {
        let mut changed = name.to_vec();
        changed[100] ^= 1; // the modulus
        assert!(refused(&changed));
    }
}

#[test]
fn scalars_out_of_range_are_refused() {
    let sec1 = data!("p256.sec1");
    let scalar = 7..39;
    assert_eq!(sec1[5..7], [4, 32]);
    for fill in [0, 0xff] {
        let mut changed = sec1.to_vec();
        changed[scalar.clone()].fill(fill);
        assert!(refused(&changed));
    }
}

#[test]
fn a_sec1_key_without_its_curve_is_known_by_its_length() {
    use der::Encode;
    for (len, scheme) in [
        (32, SignatureScheme::ECDSA_SECP256R1_SHA256),
        (48, SignatureScheme::ECDSA_SECP384R1_SHA384),
        (66, SignatureScheme::ECDSA_SECP521R1_SHA512),
    ] {
        let mut number = vec![5; len];
        number[0] = 0;
        let bare = sec1::EcPrivateKey { private_key: &number, parameters: None, public_key: None };
        let mut out = [0; 100];
        let key = SigningKey::from_sec1_der(bare.encode_to_slice(&mut out).unwrap()).unwrap();
        assert_eq!(key.schemes(), [scheme]);
    }
    for len in [31, 33, 47, 65, 67] {
        let bare = sec1::EcPrivateKey { private_key: &vec![5; len], parameters: None, public_key: None };
        assert!(refused(bare.encode_to_slice(&mut [0; 100]).unwrap()), "{len}");
    }
}

/// The same number in both formats, written without some of its leading zeros.
fn without_zeros(curve: &str, number: &[u8]) -> [Vec<u8>; 2] {
    use der::Encode;
    use pkcs8::ObjectIdentifier;
    let curve = ObjectIdentifier::new(curve).unwrap();
    let key = |parameters| sec1::EcPrivateKey { private_key: number, parameters, public_key: None };
    let inner = key(None).to_der().unwrap();
    let algorithm = pkcs8::AlgorithmIdentifierRef {
        oid: ObjectIdentifier::new("1.2.840.10045.2.1").unwrap(),
        parameters: Some((&curve).into()),
    };
    let octets = der::asn1::OctetStringRef::new(&inner).unwrap();
    let pkcs8 = pkcs8::PrivateKeyInfoRef::new(algorithm, octets).to_der().unwrap();
    [key(Some(curve.into())).to_der().unwrap(), pkcs8]
}

#[test]
fn leading_zeros_of_a_private_key_may_be_missing_in_either_format() {
    for (curve, len) in [("1.2.840.10045.3.1.7", 32), ("1.3.132.0.34", 48), ("1.3.132.0.35", 66)] {
        let mut whole = vec![0; 9];
        whole.resize(len, 5);
        let [expected, _] = without_zeros(curve, &whole).map(|der| info(&SigningKey::from_der(&der).unwrap()));
        for missing in 0..=9 {
            for der in without_zeros(curve, &whole[missing..]) {
                match SigningKey::from_der(&der) {
                    Ok(key) if missing <= 8 => assert_eq!(info(&key), expected),
                    Err(error) if missing > 8 => assert_eq!(error, Error::Provider(ProviderFault::InvalidKey)),
                    _ => panic!("{curve}: {missing} zeros missing"),
                }
            }
        }
        // A zero too many is no form that anybody writes.
        for der in without_zeros(curve, &[&[0], &whole[..]].concat()) {
            assert!(refused(&der), "{curve}");
        }
    }
}

/// Two files that a program wrote (`keys` in the folder that `SAITLS_CASES` names): one key of 31 bytes in both
/// formats.
#[test]
fn keys_as_people_bring_them() {
    use pkcs8::der::pem;
    use std::io::Write as _;
    let Some(folder) = std::env::var_os("SAITLS_CASES") else {
        let _ = writeln!(std::io::stderr(), "\nSKIPPED: keys from outside: SAITLS_CASES names no folder with them");
        return;
    };
    let folder = std::path::Path::new(&folder).join("keys");
    let read = |name: &str| pem::decode_vec(&std::fs::read(folder.join(name)).unwrap()).unwrap().1;
    let keys = [read("ec_sec1_31.pem"), read("ec_pkcs8_31.pem")].map(|der| SigningKey::from_der(&der).unwrap());
    assert_eq!(info(&keys[0]), info(&keys[1]));
    let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
    let signature = sign(&mut provider(), &keys[0], scheme, b"message").unwrap();
    let mut public = [0; 65];
    assert_eq!(keys[1].public_key(&mut public), Ok(65));
    assert_eq!(verify(scheme.into(), &public, b"message", &signature), Ok(()));
}

#[test]
fn a_key_that_names_two_curves_is_refused() {
    // In PKCS#8 the algorithm names P-256, and the key inside P-384.
    let [sec1, _] = without_zeros("1.3.132.0.34", &[5; 32]);
    let [_, pkcs8] = without_zeros("1.2.840.10045.3.1.7", &[5; 32]);
    let inner = pkcs8.len() - 39;
    assert_eq!(pkcs8[inner..inner + 2], [0x30, 37]);
    let mut both = [&pkcs8[..inner], &sec1].concat();
    let longer = u8::try_from(sec1.len() - 39).unwrap();
    both[1] += longer;
    both[inner - 1] += longer;
    assert!(refused(&both));
}

#[test]
fn rsassa_pss_parameters_must_be_usable() {
    // The hash of the mask generation is another one than that of the message: SHA-384 becomes SHA-512.
    let key = data!("rsapss2048_sha384.pkcs8");
    let sha384 = [0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 2, 2];
    let places: Vec<_> = (0..key.len() - 9).filter(|at| key[*at..*at + 9] == sha384).collect();
    assert_eq!(places.len(), 2);
    for place in &places {
        let mut changed = key.to_vec();
        changed[place + 8] = 3;
        assert!(refused(&changed));
    }
    let mut both = key.to_vec();
    places.iter().for_each(|place| both[place + 8] = 3);
    let key = SigningKey::from_der(&both).unwrap();
    assert_eq!(key.schemes(), [SignatureScheme::RSA_PSS_PSS_SHA512]);
}

#[test]
fn generated_keys_sign() {
    let provider = &mut provider();
    for key in [
        SigningKey::generate_p256(provider).unwrap(),
        SigningKey::generate_p384(provider).unwrap(),
        SigningKey::generate_p521(provider).unwrap(),
        SigningKey::generate_ed25519(provider).unwrap(),
    ] {
        let scheme = key.schemes()[0];
        let signature = sign(provider, &key, scheme, b"message").unwrap();
        let mut public = [0; 133];
        let len = key.public_key(&mut public).unwrap();
        assert_eq!(verify(scheme.into(), &public[..len], b"message", &signature), Ok(()));
    }
    assert_eq!(SigningKey::generate_p256(&mut failing()).err(), Some(Error::Provider(ProviderFault::RandomFailed)));
    assert_eq!(SigningKey::generate_p384(&mut failing()).err(), Some(Error::Provider(ProviderFault::RandomFailed)));
    assert_eq!(SigningKey::generate_p521(&mut failing()).err(), Some(Error::Provider(ProviderFault::RandomFailed)));
    assert_eq!(SigningKey::generate_ed25519(&mut failing()).err(), Some(Error::Provider(ProviderFault::RandomFailed)));
}

#[test]
fn a_small_buffer_is_told_how_much_is_needed() {
    for (private, _) in KEYS {
        let key = SigningKey::from_der(private).unwrap();
        let needed = info(&key).len();
        let mut small = vec![0; needed - 1];
        assert_eq!(key.subject_public_key_info(&mut small), Err(Error::TransmitBufferTooSmall(ByteCount::new(needed))));
        assert!(matches!(key.public_key(&mut [0; 5]), Err(Error::TransmitBufferTooSmall(needed)) if needed.get() > 5));
    }
    let longest = SigningKey::from_der(data!("rsa4096.pkcs8")).unwrap();
    assert!(info(&longest).len() <= MAX_SUBJECT_PUBLIC_KEY_INFO_LEN);
}

#[test]
fn an_identity_is_a_key_with_the_certificate_that_is_for_it() {
    use saitls_core::error::Misconfiguration as M;
    let read =
        |name: &str| std::fs::read(format!("{}/../../core/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let key = SigningKey::from_der(&read("p256.key.der")).unwrap();
    let (own, other, pem) = (read("p256.cert.der"), read("p384.cert.der"), b"-----BEGIN CERTIFICATE-----".to_vec());
    let wrong = |chain: &[&[u8]]| match key.identity::<RustCrypto<getrandom::SysRng>>(chain) {
        Ok(_) => None,
        Err(Error::InvalidConfiguration(why)) => Some(why),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(wrong(&[&own, &other]), None);
    assert_eq!(wrong(&[&other, &own]), Some(M::KeyMismatch));
    assert_eq!(wrong(&[&pem]), Some(M::UnreadableCertificate));
    assert_eq!(wrong(&[]), Some(M::UnreadableCertificate));
}

/// A PKCS#8 key as version 2 has it (RFC 5958: `OneAsymmetricKey`), with the public key behind the private one.
fn with_public_key(version_1: &[u8], public: &[u8]) -> Vec<u8> {
    let header = if version_1[1] < 0x80 { 2 } else { 2 + usize::from(version_1[1] & 0x7f) };
    let mut body = version_1[header..].to_vec();
    assert_eq!(body[..3], [2, 1, 0]);
    body[2] = 1;
    body.extend_from_slice(&[0x81, public.len() as u8 + 1, 0]);
    body.extend_from_slice(public);
    let length = [0x82, (body.len() >> 8) as u8, body.len() as u8];
    let length = match body.len() {
        len if len < 0x80 => &length[2..],
        len if len < 0x100 => &[0x81, len as u8][..],
        _ => &length,
    };
    [&[0x30][..], length, &body].concat()
}

#[test]
fn pkcs8_may_have_the_public_key_too() {
    let keys: [(&[u8], &[u8], usize); 3] = [
        (data!("ed25519.pkcs8"), data!("ed25519.spki"), 32),
        (data!("p256.pkcs8"), data!("p256.spki"), 65),
        (data!("p384.pkcs8"), data!("p384.spki"), 97),
    ];
    for (private, public, len) in keys {
        let both = with_public_key(private, &public[public.len() - len..]);
        let key = SigningKey::from_der(&both).unwrap();
        assert!(key.matches_certificate_key(public));
    }
}
