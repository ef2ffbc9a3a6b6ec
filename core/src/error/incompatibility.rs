//! What two honest peers may lack.

use crate::codes::AlertDescription;

/// The peer keeps to the rules, and has nothing in common with what is configured here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Incompatibility {
    /// The peer does not speak TLS 1.3 (RFC 9846 4.3.1).
    ProtocolVersion,
    /// No cipher suite in common (RFC 9846 4.2.1).
    NoCipherSuite,
    /// No group in common (RFC 9846 4.2.1).
    NoGroup,
    /// No identity of ours can sign what the peer verifies (RFC 9846 4.2.1, 4.5.1.2).
    NoSignatureScheme,
    /// The chooser has no identity for this client ([`IdentityChooser`](crate::config::IdentityChooser)).
    NoIdentity,
    /// No pre-shared key in common, or no way to use it, and one side can do nothing else (RFC 9846 4.2.1).
    NoPreSharedKey,
    /// This server knows none of the client's pre-shared keys and can do nothing else. The peer is told the same as of
    /// a wrong binder, so that it does not learn which keys there are (RFC 9846 F.6).
    UnknownPreSharedKey,
    /// No application protocol in common (RFC 7301 3.2).
    NoApplicationProtocol,
}

impl Incompatibility {
    /// The alert that tells the peer (RFC 9846 6.2).
    #[must_use]
    pub const fn alert(self) -> AlertDescription {
        use AlertDescription as A;
        match self {
            Self::ProtocolVersion => A::PROTOCOL_VERSION,
            Self::NoCipherSuite | Self::NoGroup | Self::NoSignatureScheme | Self::NoIdentity | Self::NoPreSharedKey => {
                A::HANDSHAKE_FAILURE
            }
            Self::UnknownPreSharedKey => A::DECRYPT_ERROR,
            Self::NoApplicationProtocol => A::NO_APPLICATION_PROTOCOL,
        }
    }
}

impl core::error::Error for Incompatibility {}

impl core::fmt::Display for Incompatibility {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::ProtocolVersion => "the peer does not speak TLS 1.3",
            Self::NoCipherSuite => "no cipher suite in common",
            Self::NoGroup => "no group in common",
            Self::NoSignatureScheme => "no signature scheme in common",
            Self::NoIdentity => "no identity for this client",
            Self::NoPreSharedKey => "no pre-shared key in common",
            Self::UnknownPreSharedKey => "none of the client's pre-shared keys is known",
            Self::NoApplicationProtocol => "no application protocol in common",
        })
    }
}
