//! What a configuration must not be.

/// Declares [`Misconfiguration`]: what it is, in words.
macro_rules! misconfigurations {
    ($($name:ident $text:literal,)*) => {
        /// Why a configuration cannot work.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        pub enum Misconfiguration {
            $(#[doc = concat!($text, ".")] $name,)*
        }

        impl core::fmt::Display for Misconfiguration {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(match self { $(Self::$name => $text,)* })
            }
        }
    };
}

misconfigurations! {
    NoIdentity "A server needs an identity, or pre-shared keys",
    NoPreSharedKey "A client without a verifier needs a pre-shared key",
    EarlyDataReplay "Early data needs tickets that are for one connection each, or something that remembers ClientHellos",
    PreSharedKey "A pre-shared key has 16 to 64 bytes, its identity 1 to 65,535",
    PreSharedKeyHash "No cipher suite is of the hash of a pre-shared key, and nothing else will do",
    NoCertificate "An identity has no certificate",
    EmptyCertificate "A certificate is empty",
    UnreadableCertificate "The certificate of an identity cannot be read: DER is needed, not PEM",
    KeyMismatch "The key of an identity does not fit its certificate",
    CannotSignHandshakes "A key of an identity cannot sign handshakes",
    CertificateTypes "Certificate types are X509, RawPublicKey, or both",
    ApplicationProtocol "An application protocol's name must have 1 to 255 bytes",
    RecordSizeLimit "record_size_limit must be at least 64",
    CertificateAuthority "A certification authority's name must have 1 to 65,535 bytes",
    RecordsPerKey "A key must protect one record and the KeyUpdate behind it",
    MaxFragmentLength "This max_fragment_length is not defined",
    KeyShares "There are too many key shares, or two for one group",
    KeyShareNotOffered "A key share is for a group that is not offered, or that the provider does not support",
    NamedTwice "A list of suites, groups, schemes or pre-shared keys names one twice",
    NoCipherSuite "There is no cipher suite that the provider supports",
    NoNamedGroup "There is no group that the provider supports",
    NoSignatureScheme "There is no signature scheme that the provider supports",
    ListTooLong "A list is longer than its message can hold",
    NoServerName "The verifier checks the name of the server, and there is none",
    NoTrustAnchors "There are no trust anchors",
    RevocationLists "There are no revocation lists, or more than a verifier takes",
    ChainTooLong "A certificate chain is longer than its message can hold, or a raw public key is more than one",
    CertificateStatus "The OCSP response of an identity is empty",
    CertificateTimestamps "The signed certificate timestamps of an identity are no list of at least one, with its length",
}
