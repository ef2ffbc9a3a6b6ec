//! Certificates and keys from PEM files; keys in tokens.

use std::path::{Path, PathBuf};

use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use saitls_core::config::Identity;
use saitls_core::crypto::Signer;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::backend::Backend;
use crate::failure::Failure;

#[cfg(test)]
mod tests;

/// A certificate chain and its key, read from files.
pub struct LoadedIdentity<B: Backend> {
    chain: Vec<CertificateDer<'static>>,
    public_key: Vec<u8>,
    names: Vec<String>,
    key: Key<B>,
}

/// A private key, wherever it is.
enum Key<B: Backend> {
    Memory(B::SigningKey),
    #[cfg(feature = "pkcs11")]
    Token(crate::pkcs11::Key),
}

impl<B: Backend> Key<B> {
    /// From a file, or from the token that a URI names.
    fn load(name: &Path) -> Result<Self, Failure> {
        #[cfg(feature = "pkcs11")]
        if let Some(uri) = crate::pkcs11::parse(name)? {
            return crate::pkcs11::Key::open(&uri).map(Self::Token);
        }
        load_key::<B>(name).map(Self::Memory)
    }

    fn matches(&self, subject_public_key_info: &[u8]) -> Result<bool, Failure> {
        match self {
            Self::Memory(key) => Ok(B::matches(key, subject_public_key_info)),
            #[cfg(feature = "pkcs11")]
            Self::Token(key) => key.matches::<B>(subject_public_key_info),
        }
    }

    fn signer(&self) -> &dyn Signer<B> {
        match self {
            Self::Memory(key) => key,
            #[cfg(feature = "pkcs11")]
            Self::Token(key) => key,
        }
    }
}

/// The parts of a [`LoadedIdentity`] as the library takes them.
pub struct LentIdentity<'a, B: Backend> {
    /// DER, leaf first.
    chain: Vec<&'a [u8]>,
    public_key: &'a [u8],
    names: Vec<&'a str>,
    key: &'a dyn Signer<B>,
}

impl<B: Backend> LoadedIdentity<B> {
    /// Reads a chain and a key, and checks that they fit.
    ///
    /// # Errors
    /// [`Status::Usage`](crate::failure::Status::Usage), with the name of the file and what is wrong with it.
    pub fn load(certificates: &Path, key: &Path) -> Result<Self, Failure> {
        let chain = load_chain(certificates)?;
        let signing_key = Key::<B>::load(key)?;
        let Some(leaf) = chain.first() else {
            return Err(Failure::file(certificates, "no certificate in it"));
        };
        let info = subject_public_key_info(leaf);
        let info = info.ok_or_else(|| Failure::file(certificates, "the first certificate cannot be read"))?;
        if !signing_key.matches(&info)? {
            // Not the key's name: there may be a PIN in it.
            return Err(Failure::file(certificates, "the key does not fit the certificate in it"));
        }
        let names = host_names(leaf);
        Ok(Self { chain, public_key: info, names, key: signing_key })
    }

    /// Reads all of them.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn load_all(files: &[(PathBuf, PathBuf)]) -> Result<Vec<Self>, Failure> {
        files.iter().map(|(certificates, key)| Self::load(certificates, key)).collect()
    }

    /// The public key: its SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// Its parts.
    #[must_use]
    pub fn lend(&self) -> LentIdentity<'_, B> {
        LentIdentity {
            chain: self.chain.iter().map(AsRef::as_ref).collect(),
            public_key: &self.public_key,
            names: self.names.iter().map(String::as_str).collect(),
            key: self.key.signer(),
        }
    }
}

/// The identities as the library takes them, for the host names in their certificates; the first one also for all other
/// names. With `raw_public_keys`, each key is one more without its certificate.
#[must_use]
pub fn identities<'a, B: Backend>(lent: &'a [LentIdentity<'a, B>], raw_public_keys: bool) -> Vec<Identity<'a, B>> {
    let mut identities = Vec::new();
    for identity in lent {
        if raw_public_keys {
            identities.push(Identity::raw_public_key(&identity.public_key, identity.key).with_names(&identity.names));
        }
        identities.push(Identity::new(&identity.chain, identity.key).with_names(&identity.names));
    }
    identities
}

/// The host names in a certificate.
fn host_names(certificate: &[u8]) -> Vec<String> {
    let names = || {
        let certificate = Certificate::from_der(certificate).ok()?;
        let (_, names) = certificate.tbs_certificate().get_extension::<SubjectAltName>().ok()??;
        let host_names = names.0.iter().filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(name.to_string()),
            _ => None,
        });
        Some(host_names.collect())
    };
    names().unwrap_or_default()
}

fn load_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let chain = chain.map_err(|error| Failure::file(path, in_words(&error)))?;
    if chain.is_empty() { Err(Failure::file(path, "no certificate in it")) } else { Ok(chain) }
}

fn load_key<B: Backend>(path: &Path) -> Result<B::SigningKey, Failure> {
    let text = std::fs::read(path).map_err(|error| Failure::file(path, error))?;
    let der = PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        let what = if is_encrypted(&text) { ENCRYPTED.to_owned() } else { in_words(&error) };
        Failure::file(path, what)
    })?;
    B::load_key(&der).map_err(|_| {
        Failure::file(path, "not a key that can be used (P-256, P-384, P-521, Ed25519, RSA of 2048 to 4096 bits)")
    })
}

const ENCRYPTED: &str = "the key in it is encrypted: decrypt it first, with `openssl pkey -in FILE -out FILE`";

/// Whether there is an encrypted key in a PEM file: in PKCS#8 (RFC 7468 11), or in the traditional form, whose header
/// says so (RFC 1421 4.6.1.1).
fn is_encrypted(pem: &[u8]) -> bool {
    let mut lines = pem.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii);
    lines.any(|line| {
        line == b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
            || line.strip_prefix(b"Proc-Type:").is_some_and(|kind| kind.ends_with(b",ENCRYPTED"))
    })
}

pub(crate) fn in_words(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => "nothing of the kind in PEM format in it".into(),
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
    Some(printable(&certificate.tbs_certificate().subject().to_string()))
}

/// What a peer wrote, without what could disturb a terminal or a line.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
