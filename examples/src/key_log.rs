//! Secrets for traffic analysers, in the format of SSLKEYLOGFILE.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use saitls_core::crypto::KeyLog;

use crate::failure::Failure;

/// Appends to a file. Whoever reads the file reads the connections.
pub struct KeyLogFile(File);

impl KeyLogFile {
    /// Opens the file, or makes it, so that only its owner can read it.
    ///
    /// # Errors
    /// [`Status::Usage`](crate::failure::Status::Usage), with the reason.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        file.map(Self).map_err(|error| Failure::file(path, error))
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8; 32], secret: &[u8]) {
        let hex = base16ct::lower::encode_string;
        let line = format!("{label} {} {}\n", hex(client_random), hex(secret));
        // One write, so that lines stay whole when several processes append.
        if let Err(error) = (&self.0).write_all(line.as_bytes()) {
            crate::facts::write_whole(&format!("warning: key log: {error}\n"));
        }
    }
}
