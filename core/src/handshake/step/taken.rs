//! Where the session is that a client resumes.

use crate::crypto::TrustFingerprint;
use crate::session::Session;
use crate::storage::Storage;
use zeroize::Zeroize;

/// Room for the session that a client resumes, lent by the application.
pub(crate) struct SessionMemory<'a> {
    pub(super) bytes: Storage<'a, u8>,
    /// Of the session that is there; 0 if none is.
    pub(super) len: usize,
    /// The age to be claimed for the ticket, in milliseconds.
    pub(super) age: u32,
    /// What is trusted in this connection, once it was asked for.
    pub(super) trust: Option<TrustFingerprint>,
}

impl<'a> SessionMemory<'a> {
    pub(crate) const fn new(bytes: Storage<'a, u8>) -> Self {
        Self { bytes, len: 0, age: 0, trust: None }
    }

    /// The storage, wiped.
    pub(crate) fn into_storage(mut self) -> Storage<'a, u8> {
        self.forget();
        self.bytes
    }

    /// What is trusted in this connection, if that is known.
    pub(in crate::handshake) const fn trust(&self) -> Option<TrustFingerprint> {
        self.trust
    }

    pub(super) fn get(&self) -> Option<Session<'_>> {
        self.bytes.get(..self.len).and_then(|bytes| Session::read(bytes).ok())
    }

    /// Drops the session.
    pub(super) fn forget(&mut self) {
        if let Some(bytes) = self.bytes.get_mut(..self.len) {
            bytes.zeroize();
        }
        self.len = 0;
    }
}
