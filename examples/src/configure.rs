//! From the command line to the library's configuration.

use saitls_core::codes::CertificateType;
use saitls_core::config::{ClientConfig, ServerConfig};
use saitls_core::crypto::{CryptoProvider, KeyLog};
use saitls_core::psk::PreSharedKey;

use crate::args::Common;
use crate::failure::Failure;
use crate::key_log::KeyLogFile;

/// What a configuration refers to.
pub(crate) struct Referred<'a> {
    pub(crate) common: &'a Common,
    pub(crate) alpn: &'a [&'a [u8]],
    pub(crate) key_log: Option<&'a KeyLogFile>,
}

/// Types of certificate (RFC 7250): a raw public key is preferred.
pub(crate) const RAW_PUBLIC_KEY_FIRST: &[CertificateType] = &[CertificateType::RAW_PUBLIC_KEY, CertificateType::X509];

/// The builders that both configurations have.
macro_rules! configure {
    ($name:ident, $config:ident) => {
        pub(crate) fn $name<'a, P: CryptoProvider>(
            mut config: $config<'a, P>,
            referred: &Referred<'a>,
        ) -> $config<'a, P> {
            let common = referred.common;
            if !common.suites.is_empty() {
                config = config.with_cipher_suites(&common.suites);
            }
            if !common.groups.is_empty() {
                config = config.with_named_groups(&common.groups);
            }
            if !common.signature_schemes.is_empty() {
                config = config.with_signature_schemes(&common.signature_schemes);
            }
            if let Some(limit) = common.record_size {
                config = config.with_record_size_limit(limit);
            }
            if let Some(key_log) = referred.key_log {
                config = config.with_key_log(key_log as &dyn KeyLog);
            }
            if let Some(modes) = common.psk_modes {
                config = config.with_psk_modes(modes);
            }
            if common.raw_public_key {
                config = config.with_peer_certificate_types(RAW_PUBLIC_KEY_FIRST);
            }
            config.with_alpn(referred.alpn)
        }
    };
}

configure!(configure_client, ClientConfig);
configure!(configure_server, ServerConfig);

/// The pre-shared keys as the library takes them.
pub(crate) fn psks<P: CryptoProvider>(common: &Common) -> Vec<PreSharedKey<'_, P>> {
    common.psks.iter().map(|(identity, key)| PreSharedKey::new(identity.as_bytes(), key)).collect()
}

/// The application protocols as the library takes them.
pub(crate) fn alpn(common: &Common) -> Vec<&[u8]> {
    common.alpn.iter().map(String::as_bytes).collect()
}

/// Opens the key log, if there is to be one.
pub(crate) fn key_log(common: &Common) -> Result<Option<KeyLogFile>, Failure> {
    common.key_log.as_deref().map(KeyLogFile::open).transpose()
}
