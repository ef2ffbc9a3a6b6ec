//! Why a connection stands still.

/// An operation that a provider, signer or verifier has not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Operation {
    /// A key pair for a key share.
    KeyGeneration,
    /// The server's half of a key agreement.
    Encapsulation,
    /// The client's half of a key agreement.
    Decapsulation,
    /// Which identity to present.
    IdentityChoice,
    /// A pre-shared key: on a server which one, on a client the key itself.
    PreSharedKey,
    /// Whether the peer's certificate is acceptable.
    PeerVerification,
    /// The signature in the peer's CertificateVerify.
    SignatureVerification,
    /// The signature in our own CertificateVerify.
    Signing,
}

/// What a connection needs before it can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum WaitingFor {
    /// More bytes from the peer.
    Peer,
    /// Sealed bytes to be sent: the transmit buffer has no room for what comes next.
    Transmit,
    /// The application: received data is to be consumed.
    Application,
    /// A slow operation; process again when its device is done.
    Operation(Operation),
    /// Nothing: the connection is over.
    Nothing,
}
