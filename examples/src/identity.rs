//! Certificates and keys from PEM files.

use std::path::{Path, PathBuf};

use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use saitls::rustcrypto::SigningKey;
use saitls_core::config::Identity;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

use crate::Provider;
use crate::failure::Failure;

/// A certificate chain and its key, read from files.
pub struct LoadedIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: SigningKey,
}

impl LoadedIdentity {
    /// Reads a chain and a key, and checks that they fit.
    ///
    /// # Errors
    /// [`Status::Usage`](crate::failure::Status::Usage), with the name of the file and what is wrong with it.
    pub fn load(certificates: &Path, key: &Path) -> Result<Self, Failure> {
        let chain = load_chain(certificates)?;
        let signing_key = load_key(key)?;
        let Some(leaf) = chain.first() else {
            return Err(Failure::file(certificates, "no certificate in it"));
        };
        let info = subject_public_key_info(leaf);
        let info = info.ok_or_else(|| Failure::file(certificates, "the first certificate cannot be read"))?;
        if !signing_key.matches_certificate_key(&info) {
            let what = format!("the key does not fit the certificate in {}", certificates.display());
            return Err(Failure::file(key, what));
        }
        Ok(Self { chain, key: signing_key })
    }

    /// Reads all of them.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn load_all(files: &[(PathBuf, PathBuf)]) -> Result<Vec<Self>, Failure> {
        files.iter().map(|(certificates, key)| Self::load(certificates, key)).collect()
    }

    /// The chain as the library takes it: slices of DER, leaf first.
    #[must_use]
    pub fn chain(&self) -> Vec<&[u8]> {
        self.chain.iter().map(AsRef::as_ref).collect()
    }

    /// The identity as the library takes it. `chain` is that of [`chain`](Self::chain).
    #[must_use]
    pub const fn as_identity<'a>(&'a self, chain: &'a [&'a [u8]]) -> Identity<'a, Provider> {
        Identity::new(chain, &self.key)
    }
}

fn load_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let chain = chain.map_err(|error| Failure::file(path, in_words(&error)))?;
    if chain.is_empty() { Err(Failure::file(path, "no certificate in it")) } else { Ok(chain) }
}

fn load_key(path: &Path) -> Result<SigningKey, Failure> {
    let der = PrivateKeyDer::from_pem_file(path).map_err(|error| Failure::file(path, in_words(&error)))?;
    let key = match &der {
        PrivateKeyDer::Pkcs8(der) => SigningKey::from_pkcs8_der(der.secret_pkcs8_der()),
        PrivateKeyDer::Sec1(der) => SigningKey::from_sec1_der(der.secret_sec1_der()),
        PrivateKeyDer::Pkcs1(der) => SigningKey::from_pkcs1_der(der.secret_pkcs1_der()),
        _ => Err(saitls_core::Error::InvalidKey),
    };
    key.map_err(|_| Failure::file(path, "not a key that can be used (P-256, P-384, Ed25519, RSA of 2048 to 4096 bits)"))
}

fn in_words(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => "no such thing in PEM format in it (encrypted keys cannot be read)".into(),
        error => error.to_string(),
    }
}

/// The SubjectPublicKeyInfo of a certificate, in DER.
#[must_use]
pub fn subject_public_key_info(certificate: &[u8]) -> Option<Vec<u8>> {
    Certificate::from_der(certificate).ok()?.tbs_certificate().subject_public_key_info().to_der().ok()
}

/// The subject of a certificate, as RFC 4514 writes it. What could disturb a terminal or a line is shown as `?`.
#[must_use]
pub fn subject(certificate: &[u8]) -> Option<String> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let subject = certificate.tbs_certificate().subject().to_string();
    Some(subject.chars().map(|c| if c.is_control() { '?' } else { c }).collect())
}
