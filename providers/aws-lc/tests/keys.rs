//! Private keys from each format, and what is refused.

use saitls_aws_lc::{AwsLc, SigningKey};
use saitls_core::error::{ByteCount, Error, ProviderFault};

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!("../../rustcrypto/tests/data/", $name, ".der"))
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
    let mut out = [0; 1024];
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
        let other = saitls_rustcrypto::SigningKey::from_der(private).unwrap();
        assert_eq!(key.schemes(), other.schemes());
        let mut theirs = [0; 1024];
        let len = other.subject_public_key_info(&mut theirs).unwrap();
        assert_eq!(info(&key), theirs[..len]);
        assert!(key.matches_certificate_key(public) && key.matches_certificate_key(&info(&key)));
        for (_, other) in KEYS.iter().filter(|(_, other)| other != public) {
            assert!(!key.matches_certificate_key(other));
        }
        assert!(!key.matches_certificate_key(&public[..public.len() - 1]));
        assert!(!key.matches_certificate_key(&[]));
    }
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
    let sec1 = data!("p256.sec1");
    assert_eq!(sec1[5..7], [4, 32]);
    for fill in [0, 0xff] {
        let mut changed = sec1.to_vec();
        changed[7..39].fill(fill);
        assert!(refused(&changed));
    }
}

/// The same number in both formats, written without some of its leading zeros.
fn without_zeros(curve: &str, number: &[u8]) -> [Vec<u8>; 2] {
    use der::Encode;
    use pkcs8::ObjectIdentifier;
    let curve = ObjectIdentifier::new(curve).unwrap();
    let key = |parameters| sec1::EcPrivateKey { private_key: number, parameters, public_key: None };
    let mut inner = [0; 200];
    let inner = key(None).encode_to_slice(&mut inner).unwrap();
    let algorithm = pkcs8::AlgorithmIdentifierRef {
        oid: ObjectIdentifier::new("1.2.840.10045.2.1").unwrap(),
        parameters: Some((&curve).into()),
    };
    let octets = der::asn1::OctetStringRef::new(inner).unwrap();
    let (mut sec1, mut pkcs8) = ([0; 200], [0; 200]);
    let info = pkcs8::PrivateKeyInfoRef::new(algorithm, octets);
    [
        key(Some(curve.into())).encode_to_slice(&mut sec1).unwrap().to_vec(),
        info.encode_to_slice(&mut pkcs8).unwrap().to_vec(),
    ]
}

/// The rule is that of the other provider: up to eight.
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
        for der in without_zeros(curve, &[&[0], &whole[..]].concat()) {
            assert!(refused(&der), "{curve}");
        }
    }
}

#[test]
fn generated_keys_sign() {
    for key in [
        SigningKey::generate_p256(),
        SigningKey::generate_p384(),
        SigningKey::generate_p521(),
        SigningKey::generate_ed25519(),
    ] {
        let key = key.unwrap();
        assert!(crate::sign(&mut AwsLc, &key, key.schemes()[0], b"message").is_ok());
        assert_eq!(key.public_key(&mut [0; 5]), Err(Error::TransmitBufferTooSmall(ByteCount::new(info_key_len(&key)))));
    }
}

fn info_key_len(key: &SigningKey) -> usize {
    key.public_key(&mut [0; 1024]).unwrap()
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
        // One that does not fit.
        let mut other = both;
        *other.last_mut().unwrap() ^= 1;
        assert!(refused(&other));
    }
}
