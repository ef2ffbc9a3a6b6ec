//! Who the peer is: trust, not arithmetic.

#[cfg(feature = "tickets")]
use super::TrustFingerprint;
use super::{CryptoProvider, VerificationProgress};
use crate::codes::{CertificateType, SignatureScheme};
use crate::error::Result;
use crate::wire::CertificateEntries;
use core::task::{Poll, Waker};
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
/// That the peer has the private key is checked by the protocol; a verifier answers whose key it is. There are
/// [`PinnedKey`](super::PinnedKey) for keys and, in the crate `saitls-webpki`, `ChainVerifier` for certificate chains.
pub trait PeerVerifier<P: CryptoProvider>: Sync {
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

    /// Whether a client must know the name of its server. A verifier that checks the name of the connection says yes,
    /// and then [`Connection::client`](crate::Connection::client) fails without one: a name that was forgotten is never
    /// a name that is not checked.
    fn needs_server_name(&self) -> bool {
        false
    }

    /// Names what this verifier trusts, so that a session is not resumed by one that trusts others. `None`, as by
    /// default: no session of its peers is kept, nor resumed.
    ///
    /// It is asked once in a connection, where there is a store of sessions.
    ///
    /// # Errors
    /// What the provider's hash says; it counts as `None`.
    #[cfg(feature = "tickets")]
    fn fingerprint(&self, provider: &mut P) -> Result<Option<TrustFingerprint>> {
        let _ = provider;
        Ok(None)
    }

    /// As [`CryptoProvider::register_waker`]: a verifier that waits for something else than the provider overrides it.
    fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        provider.register_waker(waker)
    }
}
