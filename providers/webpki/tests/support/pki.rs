//! Certificates made on the spot.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose, PublicKeyData, RevokedCertParams,
    SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use saitls_core::codes::SignatureScheme;
use saitls_core::config::Identity;
use saitls_core::crypto::{CryptoProvider, Signer};
use saitls_rustcrypto::{MAX_SUBJECT_PUBLIC_KEY_INFO_LEN, RustCrypto, SigningKey};
use saitls_webpki::UnixTime;
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// The first of July 2026: what the certificates here are valid around.
pub const NOW: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1_782_864_000));

/// A private key, as the maker of certificates wants it.
#[derive(Clone)]
pub struct Key {
    pub signer: Rc<SigningKey>,
    public_key: Vec<u8>,
}

impl Key {
    fn new(signer: SigningKey) -> Self {
        let mut info = [0; MAX_SUBJECT_PUBLIC_KEY_INFO_LEN];
        let len = signer.subject_public_key_info(&mut info).unwrap();
        let info: spki::SubjectPublicKeyInfoRef<'_> = info[..len].try_into().unwrap();
        Self { public_key: info.subject_public_key.raw_bytes().to_vec(), signer: Rc::new(signer) }
    }

    pub fn p256() -> Self {
        Self::new(SigningKey::generate_p256(&mut RustCrypto::os()).unwrap())
    }

    pub fn p384() -> Self {
        Self::new(SigningKey::generate_p384(&mut RustCrypto::os()).unwrap())
    }

    pub fn ed25519() -> Self {
        Self::new(SigningKey::generate_ed25519(&mut RustCrypto::os()).unwrap())
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.public_key
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.signer.schemes()[0] {
            SignatureScheme::ECDSA_SECP256R1_SHA256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            SignatureScheme::ECDSA_SECP384R1_SHA384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            _ => &rcgen::PKCS_ED25519,
        }
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let mut signature = [0; 512];
        let scheme = self.signer.schemes()[0];
        match self.signer.poll_sign(&mut RustCrypto::os(), scheme, message, &mut signature) {
            Poll::Ready(Ok(len)) => Ok(signature[..len].to_vec()),
            _ => panic!("cannot sign"),
        }
    }
}

/// An element of DER, of less than 64 kB.
pub fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let head = match u16::try_from(content.len()).unwrap().to_be_bytes() {
        [0, len @ ..0x80] => vec![tag, len],
        [0, len] => vec![tag, 0x81, len],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [head, content].concat()
}

/// A certificate with its key and what it was made from.
pub struct Certified {
    pub der: Vec<u8>,
    pub params: CertificateParams,
    pub key: Key,
}

thread_local!(static SERIAL: Cell<u64> = const { Cell::new(1) });

/// What all certificates here have.
pub fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.key_identifier_method = KeyIdMethod::PreSpecified(common_name.into());
    SERIAL.set(SERIAL.get() + 1);
    params.serial_number = Some(SerialNumber::from(SERIAL.get()));
    params
}

/// A certification authority.
pub fn authority(common_name: &str) -> CertificateParams {
    let mut params = params(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A server (and, if need be, a client).
pub fn end_entity(names: &[&str]) -> CertificateParams {
    let mut params = params("end entity");
    let names = names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    params.subject_alt_names = CertificateParams::new(names).unwrap().subject_alt_names;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// Signed by itself.
pub fn self_signed(params: CertificateParams, key: Key) -> Certified {
    Certified { der: params.self_signed(&key).unwrap().der().to_vec(), params, key }
}

impl Certified {
    pub fn root() -> Self {
        self_signed(authority("root"), Key::p256())
    }

    /// Certifies a new P-256 key.
    pub fn issue(&self, params: CertificateParams) -> Self {
        self.issue_for(params, Key::p256())
    }

    pub fn issue_for(&self, params: CertificateParams, key: Key) -> Self {
        let issuer = Issuer::from_params(&self.params, &self.key);
        let der = params.signed_by(&key, &issuer).unwrap().der().to_vec();
        Self { der, params, key }
    }

    /// A revocation list with these certificates in it.
    pub fn revoke(&self, revoked: &[&Self]) -> Vec<u8> {
        let revoked_certs = revoked.iter().map(|certified| RevokedCertParams {
            serial_number: certified.params.serial_number.clone().unwrap(),
            revocation_time: date_time_ymd(2026, 2, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 2, 1),
            next_update: date_time_ymd(2026, 12, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked_certs.collect(),
            key_identifier_method: KeyIdMethod::PreSpecified(vec![1]),
        };
        list.signed_by(&Issuer::from_params(&self.params, &self.key)).unwrap().der().to_vec()
    }

    pub fn identity<'a, P: CryptoProvider>(&'a self, chain: &'a [&'a [u8]]) -> Identity<'a, P> {
        Identity::new(chain, &*self.key.signer)
    }
}

/// A root, so many intermediates below it, the lowest last, and a server called `server.test`.
pub struct Pki {
    pub root: Certified,
    pub intermediates: Vec<Certified>,
    pub leaf: Certified,
}

impl Pki {
    pub fn new(intermediates: usize) -> Self {
        Self::with_leaf(intermediates, end_entity(&["server.test"]))
    }

    pub fn with_leaf(intermediates: usize, leaf: CertificateParams) -> Self {
        let root = Certified::root();
        let mut made: Vec<Certified> = Vec::new();
        for index in 0..intermediates {
            let issuer = made.last().unwrap_or(&root);
            let next = issuer.issue(authority(&format!("intermediate {index}")));
            made.push(next);
        }
        let leaf = made.last().unwrap_or(&root).issue(leaf);
        Self { root, intermediates: made, leaf }
    }

    /// What the server presents: the leaf, and the intermediates upwards.
    pub fn chain(&self) -> Vec<&[u8]> {
        let upwards = self.intermediates.iter().rev();
        std::iter::once(&self.leaf).chain(upwards).map(|certified| certified.der.as_slice()).collect()
    }
}
