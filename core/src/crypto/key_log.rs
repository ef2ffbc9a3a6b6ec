//! Secrets, told to a traffic analyser.

/// Writes secrets for a traffic analyser. Whoever reads them reads the connections: for debugging only.
///
/// The application must both implement this and name it in the configuration.
pub trait KeyLog: Sync {
    /// One line of an SSLKEYLOGFILE: `LABEL`, space, 64 hexadecimal digits of `client_random`, space, the
    /// digits of `secret`.
    fn log(&self, label: &str, client_random: &[u8; 32], secret: &[u8]);
}
