//! What a handshake has found out.

use super::evidence::PeerAuthentication;
use crate::codes::{CertificateType, CipherSuite, NamedGroup, SignatureScheme};
use crate::identity::Asked;
#[cfg(feature = "psk")]
use crate::psk::PskKind;
use crate::wire::Random;

/// What a handshake has found out.
pub(crate) struct Facts {
    /// [`CipherSuite::NONE`] until one is chosen.
    pub(crate) cipher_suite: CipherSuite,
    pub(crate) named_group: Option<NamedGroup>,
    pub(crate) peer_scheme: Option<SignatureScheme>,
    pub(crate) local_scheme: Option<SignatureScheme>,
    /// Index into the configured protocols.
    pub(crate) alpn: Option<u16>,
    pub(crate) retried: bool,
    /// A client was asked who it is. What it answers, if anything, is in [`Memory`](super::Memory).
    pub(crate) certificate_requested: bool,
    pub(crate) peer_authentication: Option<PeerAuthentication>,
    /// The PSK that both sides went on with.
    #[cfg(feature = "psk")]
    pub(crate) psk: Option<PskKind>,
    /// What the peer's Certificate holds, and ours.
    pub(crate) peer_certificate_type: CertificateType,
    pub(crate) own_certificate_type: CertificateType,
    pub(crate) peer_chain_len: u16,
    /// The verifier found that the certificate is for the name the client was given.
    pub(crate) server_name_verified: bool,
    /// What the peer wants to see beside our certificate.
    pub(crate) asked: Asked,
    pub(crate) peer_record_size_limit: Option<u16>,
    /// Names the connection in a key log.
    pub(crate) client_random: Random,
}

impl Facts {
    pub(crate) const fn new() -> Self {
        Self {
            cipher_suite: CipherSuite::NONE,
            named_group: None,
            peer_scheme: None,
            local_scheme: None,
            alpn: None,
            retried: false,
            certificate_requested: false,
            peer_authentication: None,
            #[cfg(feature = "psk")]
            psk: None,
            peer_certificate_type: CertificateType::X509,
            own_certificate_type: CertificateType::X509,
            peer_chain_len: 0,
            server_name_verified: false,
            asked: Asked { status: false, timestamps: false },
            peer_record_size_limit: None,
            client_random: [0; 32],
        }
    }
}
