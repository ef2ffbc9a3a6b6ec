//! Certificates for people: whose they are, until when, and the pins of their keys.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Waker};

use saitls_core::Result;
use saitls_core::codes::{CertificateType, HashAlgorithm};
use saitls_core::crypto::{
    CryptoProvider, Hash, PeerCertificates, PeerVerifier, TrustFingerprint, VerificationProgress,
};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use crate::facts::write_whole;
use crate::identity::{printable, subject_public_key_info};

/// The pin of a key: the SHA-256 hash of its SubjectPublicKeyInfo in DER, as `--pin` takes it.
#[must_use]
pub fn pin<P: CryptoProvider>(provider: &mut P, subject_public_key_info: &[u8]) -> Option<String> {
    let digest = P::Hash::digest(provider, HashAlgorithm::Sha256, &[subject_public_key_info]).ok()?;
    Some(base16ct::lower::encode_string(digest.as_bytes()))
}

/// A verifier that shows what it is asked about, once, before another one decides: so the pin of a server's key is seen
/// though nobody trusts it yet.
pub struct Showing<'a, P: CryptoProvider> {
    verifier: &'a dyn PeerVerifier<P>,
    was_shown: AtomicBool,
}

impl<'a, P: CryptoProvider> Showing<'a, P> {
    /// In front of this one.
    #[must_use]
    pub const fn new(verifier: &'a dyn PeerVerifier<P>) -> Self {
        Self { verifier, was_shown: AtomicBool::new(false) }
    }
}

impl<P: CryptoProvider> PeerVerifier<P> for Showing<'_, P> {
    fn poll_verify(
        &self,
        provider: &mut P,
        progress: &mut VerificationProgress<P>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<()>> {
        if !self.was_shown.swap(true, Ordering::Relaxed) {
            write_whole(&describe(provider, peer));
        }
        self.verifier.poll_verify(provider, progress, peer)
    }

    fn needs_server_name(&self) -> bool {
        self.verifier.needs_server_name()
    }

    fn fingerprint(&self, provider: &mut P) -> Result<Option<TrustFingerprint>> {
        self.verifier.fingerprint(provider)
    }

    fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        self.verifier.register_waker(provider, waker)
    }
}

/// A paragraph for each certificate, then a blank line.
fn describe<P: CryptoProvider>(provider: &mut P, peer: &PeerCertificates<'_>) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "{key}: {value}");
    };
    for (index, entry) in peer.chain.iter().enumerate() {
        let is_key = peer.certificate_type == CertificateType::RAW_PUBLIC_KEY;
        let certificate = if is_key { None } else { Certificate::from_der(entry.data).ok() };
        let public_key = if is_key { Some(entry.data.to_vec()) } else { subject_public_key_info(entry.data) };
        match &certificate {
            Some(certificate) => {
                let certificate = certificate.tbs_certificate();
                let validity = certificate.validity();
                line(&format!("certificate {index}"), &printable(&certificate.subject().to_string()));
                line("  issuer", &printable(&certificate.issuer().to_string()));
                line("  valid from", &validity.not_before.to_date_time().to_string());
                line("  valid until", &validity.not_after.to_date_time().to_string());
            }
            None if is_key => line(&format!("key {index}"), "no certificate"),
            None => line(&format!("certificate {index}"), "cannot be read"),
        }
        let pin = public_key.and_then(|key| pin(provider, &key));
        line("  pin", &pin.unwrap_or_else(|| "-".into()));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use saitls::rustcrypto::RustCrypto;
    use saitls_core::crypto::PinnedKey;

    /// Sessions are those of the verifier behind it.
    #[test]
    fn showing_changes_no_trust() {
        let provider = &mut RustCrypto::os();
        let pins = [[7; 32]];
        let pinned = PinnedKey::sha256(&pins);
        let expected = PeerVerifier::fingerprint(&pinned, provider).expect("a fingerprint");
        assert!(expected.is_some());
        assert_eq!(Showing::new(&pinned).fingerprint(provider), Ok(expected));
    }
}
