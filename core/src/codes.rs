//! The numbers of the protocol as IANA registers them: open newtypes, so that a value we do not
//! know is still a value.

/// Declares newtypes over a number, with the registered values and their names.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident($int:ty) { $($(#[$vdoc:meta])* $id:ident = $value:literal $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);

        impl $name {
            $(#[doc = concat!("`", $text, "` = ", stringify!($value))] $(#[$vdoc])* pub const $id: Self = Self($value);)*

            /// The name under which the value is registered, if it is one we know.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }

            /// The value with this registered name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                $(if name.eq_ignore_ascii_case($text) {
                    return Some(Self::$id);
                })*
                None
            }
        }

        #[cfg(feature = "defmt")]
        impl defmt::Format for $name {
            fn format(&self, f: defmt::Formatter<'_>) {
                match self.0 {
                    $($value => defmt::write!(f, $text),)*
                    other => defmt::write!(f, "{=str}({=u32:#x})", stringify!($name), u32::from(other)),
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, concat!(stringify!($name), "({:#06x})"), self.0),
                }
            }
        }
    )*};
}

codes! {
    /// A protocol version (RFC 9846 4.2.2).
    ProtocolVersion(u16) {
        TLS_1_0 = 0x0301 "TLSv1.0",
        TLS_1_2 = 0x0303 "TLSv1.2",
        TLS_1_3 = 0x0304 "TLSv1.3",
    }

    /// The kind of a record (RFC 9846 5.1).
    ContentType(u8) {
        CHANGE_CIPHER_SPEC = 20 "change_cipher_spec",
        ALERT = 21 "alert",
        HANDSHAKE = 22 "handshake",
        APPLICATION_DATA = 23 "application_data",
    }

    /// The kind of a handshake message (RFC 9846 4).
    HandshakeType(u8) {
        CLIENT_HELLO = 1 "client_hello",
        SERVER_HELLO = 2 "server_hello",
        NEW_SESSION_TICKET = 4 "new_session_ticket",
        END_OF_EARLY_DATA = 5 "end_of_early_data",
        ENCRYPTED_EXTENSIONS = 8 "encrypted_extensions",
        CERTIFICATE = 11 "certificate",
        CERTIFICATE_REQUEST = 13 "certificate_request",
        CERTIFICATE_VERIFY = 15 "certificate_verify",
        FINISHED = 20 "finished",
        KEY_UPDATE = 24 "key_update",
        MESSAGE_HASH = 254 "message_hash",
    }

    /// What an alert says (RFC 9846 6).
    AlertDescription(u8) {
        CLOSE_NOTIFY = 0 "close_notify",
        UNEXPECTED_MESSAGE = 10 "unexpected_message",
        BAD_RECORD_MAC = 20 "bad_record_mac",
        RECORD_OVERFLOW = 22 "record_overflow",
        HANDSHAKE_FAILURE = 40 "handshake_failure",
        BAD_CERTIFICATE = 42 "bad_certificate",
        UNSUPPORTED_CERTIFICATE = 43 "unsupported_certificate",
        CERTIFICATE_REVOKED = 44 "certificate_revoked",
        CERTIFICATE_EXPIRED = 45 "certificate_expired",
        CERTIFICATE_UNKNOWN = 46 "certificate_unknown",
        ILLEGAL_PARAMETER = 47 "illegal_parameter",
        UNKNOWN_CA = 48 "unknown_ca",
        ACCESS_DENIED = 49 "access_denied",
        DECODE_ERROR = 50 "decode_error",
        DECRYPT_ERROR = 51 "decrypt_error",
        PROTOCOL_VERSION = 70 "protocol_version",
        INSUFFICIENT_SECURITY = 71 "insufficient_security",
        INTERNAL_ERROR = 80 "internal_error",
        INAPPROPRIATE_FALLBACK = 86 "inappropriate_fallback",
        USER_CANCELED = 90 "user_canceled",
        MISSING_EXTENSION = 109 "missing_extension",
        UNSUPPORTED_EXTENSION = 110 "unsupported_extension",
        UNRECOGNIZED_NAME = 112 "unrecognized_name",
        BAD_CERTIFICATE_STATUS_RESPONSE = 113 "bad_certificate_status_response",
        UNKNOWN_PSK_IDENTITY = 115 "unknown_psk_identity",
        CERTIFICATE_REQUIRED = 116 "certificate_required",
        GENERAL_ERROR = 117 "general_error",
        NO_APPLICATION_PROTOCOL = 120 "no_application_protocol",
    }

    /// The kind of an extension (RFC 9846 4.3).
    ExtensionType(u16) {
        SERVER_NAME = 0 "server_name",
        MAX_FRAGMENT_LENGTH = 1 "max_fragment_length",
        STATUS_REQUEST = 5 "status_request",
        SUPPORTED_GROUPS = 10 "supported_groups",
        SIGNATURE_ALGORITHMS = 13 "signature_algorithms",
        USE_SRTP = 14 "use_srtp",
        HEARTBEAT = 15 "heartbeat",
        APPLICATION_LAYER_PROTOCOL_NEGOTIATION = 16 "application_layer_protocol_negotiation",
        SIGNED_CERTIFICATE_TIMESTAMP = 18 "signed_certificate_timestamp",
        CLIENT_CERTIFICATE_TYPE = 19 "client_certificate_type",
        SERVER_CERTIFICATE_TYPE = 20 "server_certificate_type",
        PADDING = 21 "padding",
        COMPRESS_CERTIFICATE = 27 "compress_certificate",
        RECORD_SIZE_LIMIT = 28 "record_size_limit",
        DELEGATED_CREDENTIAL = 34 "delegated_credential",
        PRE_SHARED_KEY = 41 "pre_shared_key",
        EARLY_DATA = 42 "early_data",
        SUPPORTED_VERSIONS = 43 "supported_versions",
        COOKIE = 44 "cookie",
        PSK_KEY_EXCHANGE_MODES = 45 "psk_key_exchange_modes",
        CERTIFICATE_AUTHORITIES = 47 "certificate_authorities",
        OID_FILTERS = 48 "oid_filters",
        POST_HANDSHAKE_AUTH = 49 "post_handshake_auth",
        SIGNATURE_ALGORITHMS_CERT = 50 "signature_algorithms_cert",
        KEY_SHARE = 51 "key_share",
        TICKET_REQUEST = 58 "ticket_request",
    }

    /// A cipher suite: an AEAD and a hash (RFC 9846 B.4).
    CipherSuite(u16) {
        AES_128_GCM_SHA256 = 0x1301 "TLS_AES_128_GCM_SHA256",
        AES_256_GCM_SHA384 = 0x1302 "TLS_AES_256_GCM_SHA384",
        CHACHA20_POLY1305_SHA256 = 0x1303 "TLS_CHACHA20_POLY1305_SHA256",
        AES_128_CCM_SHA256 = 0x1304 "TLS_AES_128_CCM_SHA256",
        AES_128_CCM_8_SHA256 = 0x1305 "TLS_AES_128_CCM_8_SHA256",
    }

    /// A group for key exchange (RFC 9846 4.3.7).
    NamedGroup(u16) {
        SECP256R1 = 0x0017 "secp256r1",
        SECP384R1 = 0x0018 "secp384r1",
        SECP521R1 = 0x0019 "secp521r1",
        X25519 = 0x001d "x25519",
        X448 = 0x001e "x448",
        SECP256R1MLKEM768 = 0x11eb "SecP256r1MLKEM768",
        X25519MLKEM768 = 0x11ec "X25519MLKEM768",
    }

    /// A signature algorithm (RFC 9846 4.3.3).
    SignatureScheme(u16) {
        RSA_PKCS1_SHA256 = 0x0401 "rsa_pkcs1_sha256",
        RSA_PKCS1_SHA384 = 0x0501 "rsa_pkcs1_sha384",
        RSA_PKCS1_SHA512 = 0x0601 "rsa_pkcs1_sha512",
        ECDSA_SECP256R1_SHA256 = 0x0403 "ecdsa_secp256r1_sha256",
        ECDSA_SECP384R1_SHA384 = 0x0503 "ecdsa_secp384r1_sha384",
        ECDSA_SECP521R1_SHA512 = 0x0603 "ecdsa_secp521r1_sha512",
        RSA_PSS_RSAE_SHA256 = 0x0804 "rsa_pss_rsae_sha256",
        RSA_PSS_RSAE_SHA384 = 0x0805 "rsa_pss_rsae_sha384",
        RSA_PSS_RSAE_SHA512 = 0x0806 "rsa_pss_rsae_sha512",
        ED25519 = 0x0807 "ed25519",
        ED448 = 0x0808 "ed448",
        RSA_PSS_PSS_SHA256 = 0x0809 "rsa_pss_pss_sha256",
        RSA_PSS_PSS_SHA384 = 0x080a "rsa_pss_pss_sha384",
        RSA_PSS_PSS_SHA512 = 0x080b "rsa_pss_pss_sha512",
        RSA_PKCS1_SHA1 = 0x0201 "rsa_pkcs1_sha1",
        ECDSA_SHA1 = 0x0203 "ecdsa_sha1",
    }

    /// What a CertificateEntry holds (RFC 9846 4.5.1).
    CertificateType(u8) {
        X509 = 0 "X509",
        RAW_PUBLIC_KEY = 2 "RawPublicKey",
    }

    /// A limit on the fragment length, 2^9 to 2^12 bytes (RFC 6066 4).
    MaxFragmentLength(u8) {
        BYTES_512 = 1 "512",
        BYTES_1024 = 2 "1024",
        BYTES_2048 = 3 "2048",
        BYTES_4096 = 4 "4096",
    }
}

/// A hash function of a cipher suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

impl HashAlgorithm {
    /// Length of the output in bytes: `Hash.length` of the RFC.
    #[must_use]
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    /// Length of an input block in bytes, which HMAC pads its key to.
    #[must_use]
    pub const fn block_len(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha384 => 128,
        }
    }

    /// The hash of no bytes, which the key schedule asks for again and again (RFC 9846 7.1).
    #[must_use]
    pub const fn empty_digest(self) -> &'static [u8] {
        match self {
            Self::Sha256 => &[
                0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, //
                0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
            ],
            Self::Sha384 => &[
                0x38, 0xb0, 0x60, 0xa7, 0x51, 0xac, 0x96, 0x38, 0x4c, 0xd9, 0x32, 0x7e, 0xb1, 0xb1, 0xe3, 0x6a, //
                0x21, 0xfd, 0xb7, 0x11, 0x14, 0xbe, 0x07, 0x43, 0x4c, 0x0c, 0xc7, 0xbf, 0x63, 0xf6, 0xe1, 0xda, //
                0x27, 0x4e, 0xde, 0xbf, 0xe7, 0x6f, 0x65, 0xfb, 0xd5, 0x1a, 0xd2, 0xf1, 0x48, 0x98, 0xb9, 0x5b,
            ],
        }
    }
}

impl AlertDescription {
    /// Whether it ends a connection in order, or gives one up (RFC 9846 6.1); all others are errors (6.2).
    #[must_use]
    pub const fn is_closure(self) -> bool {
        matches!(self, Self::CLOSE_NOTIFY | Self::USER_CANCELED)
    }
}

impl CipherSuite {
    /// What holds until a suite is chosen: TLS_NULL_WITH_NULL_NULL (RFC 5246 A.5). No keys are installed for it.
    pub(crate) const NONE: Self = Self(0);

    /// The hash of the key schedule and the transcript.
    #[must_use]
    pub const fn hash(self) -> HashAlgorithm {
        match self {
            Self::AES_256_GCM_SHA384 => HashAlgorithm::Sha384,
            _ => HashAlgorithm::Sha256,
        }
    }

    /// Length of the AEAD key in bytes.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::AES_256_GCM_SHA384 | Self::CHACHA20_POLY1305_SHA256 => 32,
            _ => 16,
        }
    }

    /// Length of the AEAD tag in bytes.
    #[must_use]
    pub const fn tag_len(self) -> usize {
        match self {
            Self::AES_128_CCM_8_SHA256 => 8,
            _ => 16,
        }
    }

    /// How many records one key may protect (RFC 9846 5.5; for CCM, draft-irtf-cfrg-aead-limits 5.4).
    ///
    /// AES-GCM: 2^24.5 full-size records. CCM: 2^23. ChaCha20-Poly1305 has no limit below the 2^64 of
    /// the sequence number.
    #[must_use]
    pub const fn record_limit(self) -> u64 {
        match self {
            Self::AES_128_GCM_SHA256 | Self::AES_256_GCM_SHA384 => 23_726_566,
            Self::CHACHA20_POLY1305_SHA256 => u64::MAX,
            _ => 1 << 23,
        }
    }
}

impl NamedGroup {
    /// Whether the group joins an elliptic curve with ML-KEM (draft-ietf-tls-ecdhe-mlkem), so that its shares take more
    /// than a kilobyte.
    #[must_use]
    pub const fn is_hybrid(self) -> bool {
        matches!(self, Self::SECP256R1MLKEM768 | Self::X25519MLKEM768)
    }
}

impl SignatureScheme {
    /// Whether the scheme may sign a CertificateVerify; the others are for certificates only (RFC 9846 4.3.3).
    #[must_use]
    pub const fn signs_handshake(self) -> bool {
        !matches!(
            self,
            Self::RSA_PKCS1_SHA256
                | Self::RSA_PKCS1_SHA384
                | Self::RSA_PKCS1_SHA512
                | Self::RSA_PKCS1_SHA1
                | Self::ECDSA_SHA1
        )
    }
}

impl MaxFragmentLength {
    /// The limit in bytes, or `None` for a value RFC 6066 does not define.
    #[must_use]
    pub const fn bytes(self) -> Option<usize> {
        match self {
            Self::BYTES_512 => Some(512),
            Self::BYTES_1024 => Some(1024),
            Self::BYTES_2048 => Some(2048),
            Self::BYTES_4096 => Some(4096),
            _ => None,
        }
    }

    /// The longest one of fewer than `bytes` bytes.
    pub(crate) const fn longest_below(bytes: usize) -> Option<Self> {
        match bytes {
            0..=512 => None,
            513..=1024 => Some(Self::BYTES_512),
            1025..=2048 => Some(Self::BYTES_1024),
            2049..=4096 => Some(Self::BYTES_2048),
            _ => Some(Self::BYTES_4096),
        }
    }

    /// The value for a limit of exactly this many bytes.
    #[must_use]
    pub const fn from_bytes(bytes: usize) -> Option<Self> {
        match bytes {
            512 => Some(Self::BYTES_512),
            1024 => Some(Self::BYTES_1024),
            2048 => Some(Self::BYTES_2048),
            4096 => Some(Self::BYTES_4096),
            _ => None,
        }
    }
}
