//! Who the peer is: trust, not arithmetic.

use super::{CryptoProvider, Hash};
use crate::codes::{CertificateType, HashAlgorithm, SignatureScheme};
use crate::error::{Error, Result};
use crate::wire::CertificateEntries;
use core::task::Poll;
use rustls_pki_types::ServerName;

/// What the peer is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerRole {
    /// We are the client; a server presents itself.
    Server,
    /// We are the server; a client presents itself.
    Client,
}

/// What a peer presented, and what it is to be checked against.
pub struct PeerCertificates<'a> {
    /// What the peer is to us.
    pub role: PeerRole,
    /// What `chain` holds: [`X509`](CertificateType::X509) unless the configuration allows raw public keys.
    pub certificate_type: CertificateType,
    /// The chain as sent: the end entity first, at least that one, each DER of an X.509 certificate. Or one raw public
    /// key (RFC 7250).
    pub chain: CertificateEntries<'a>,
    /// The stapled OCSP response in DER, if the configuration asks for one and it came. Nobody has checked it.
    pub ocsp_response: Option<&'a [u8]>,
    /// The `SignedCertificateTimestampList` (RFC 6962 3.3) with its length, if the configuration asks for one and it
    /// came. Nobody has checked it.
    pub signed_certificate_timestamps: Option<&'a [u8]>,
    /// The SubjectPublicKeyInfo of the end entity, in DER. The peer will prove that it has this key.
    pub subject_public_key_info: &'a [u8],
    /// Whom we wanted to talk to: `None` on a server, and on a client that was given no name.
    pub server_name: Option<&'a ServerName<'a>>,
    /// The schemes offered to the peer for the signatures in its certificates, in order of preference.
    pub signature_schemes: &'a [SignatureScheme],
}

/// Decides whether a peer is the one we want: `&dyn PeerVerifier<P>`, shared by any number of connections.
///
/// That the peer has the private key is checked by the protocol; a verifier answers whose key it is.
pub trait PeerVerifier<P: CryptoProvider> {
    /// Checks what the peer presented. `progress` is new at the first call for a Certificate message, and the
    /// same, with the same `peer`, at each call after [`Poll::Pending`].
    ///
    /// Signatures are checked through `P::SignatureVerifier`, so that the provider's device serves them too.
    ///
    /// # Errors
    /// Whatever error says best why the peer is refused: its alert is sent.
    fn poll_verify(
        &self,
        provider: &mut P,
        progress: &mut VerificationProgress<P>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<()>>;
}

/// How far a [`PeerVerifier`] has come: one signature in progress, and the answers so far.
///
/// A verifier that must have all answers at once (such as one built on a library with synchronous callbacks)
/// runs from the start each time, takes the first [`answered`](Self::answered) signatures as valid, begins an
/// operation for the next one, and says pending until it has its answer.
pub struct VerificationProgress<P: CryptoProvider> {
    /// The signature that is being verified.
    pub operation: Option<P::SignatureVerifier>,
    /// How many signatures have been verified.
    pub answered: u8,
    /// Bit `i`: whether signature `i` was valid.
    pub answers: u64,
}

impl<P: CryptoProvider> Default for VerificationProgress<P> {
    fn default() -> Self {
        Self { operation: None, answered: 0, answers: 0 }
    }
}

/// Accepts exactly the keys it names, whatever else the certificate says: how self-signed peers are accepted.
///
/// ```
/// use saitls_core::crypto::PinnedKey;
///
/// // `openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum`
/// static SENSOR: [[u8; 32]; 1] = [[0x5a; 32]];
/// let verifier = PinnedKey::sha256(&SENSOR);
/// # let _ = verifier;
/// ```
#[derive(Debug, Clone, Copy)]
pub enum PinnedKey<'a> {
    /// SubjectPublicKeyInfos in DER, any of which will do.
    SubjectPublicKeyInfo(&'a [&'a [u8]]),
    /// SHA-256 hashes of SubjectPublicKeyInfos in DER, any of which will do.
    Sha256(&'a [[u8; 32]]),
}

impl<'a> PinnedKey<'a> {
    /// Accepts the keys with these hashes.
    #[must_use]
    pub const fn sha256(hashes: &'a [[u8; 32]]) -> Self {
        Self::Sha256(hashes)
    }

    /// Accepts these keys.
    #[must_use]
    pub const fn subject_public_key_info(keys: &'a [&'a [u8]]) -> Self {
        Self::SubjectPublicKeyInfo(keys)
    }
}

impl<P: CryptoProvider> PeerVerifier<P> for PinnedKey<'_> {
    fn poll_verify(
        &self,
        provider: &mut P,
        _: &mut VerificationProgress<P>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<()>> {
        let key = peer.subject_public_key_info;
        let pinned = match self {
            Self::SubjectPublicKeyInfo(keys) => keys.contains(&key),
            Self::Sha256(hashes) => {
                let mut hash = P::Hash::start(provider, HashAlgorithm::Sha256)?;
                hash.update(provider, key)?;
                let hash = hash.finish(provider)?;
                hashes.iter().any(|pin| pin == hash.as_bytes())
            }
        };
        Poll::Ready(if pinned { Ok(()) } else { Err(Error::KeyNotPinned) })
    }
}

/// Verifiers that verify nothing. Whoever names this module should know why.
pub mod dangerous {
    use super::{CryptoProvider, PeerCertificates, PeerVerifier, Poll, Result, VerificationProgress};

    /// Accepts any certificate: anybody in the middle can read and change everything.
    #[derive(Debug, Clone, Copy, Default)]
    pub struct AcceptAnyPeer;

    impl<P: CryptoProvider> PeerVerifier<P> for AcceptAnyPeer {
        fn poll_verify(
            &self,
            _: &mut P,
            _: &mut VerificationProgress<P>,
            _: &PeerCertificates<'_>,
        ) -> Poll<Result<()>> {
            Poll::Ready(Ok(()))
        }
    }
}
