//! Where the session is that a client resumes.

use crate::crypto::TrustFingerprint;
use crate::session::Session;
use crate::storage::Storage;
use core::num::NonZero;
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
    /// Of the session that is resumed: when it began, if that is known, and how often it was, with this time.
    pub(super) began: Option<NonZero<u64>>,
    pub(super) resumptions: u8,
}

impl<'a> SessionMemory<'a> {
    pub(crate) const fn new(bytes: Storage<'a, u8>) -> Self {
        Self { bytes, len: 0, age: 0, trust: None, began: None, resumptions: 0 }
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

    /// When a session began that is there at this time, and how often it was resumed since.
    pub(in crate::handshake) fn origin(&self, now: Option<u64>) -> (Option<u64>, u8) {
        let began = if self.resumptions == 0 { now } else { self.began.map(NonZero::get) };
        (began, self.resumptions)
    }

    pub(super) fn get(&self) -> Option<Session<'_>> {
        self.bytes.get(..self.len).and_then(|bytes| Session::read(bytes).ok())
    }

    /// Drops the session, and what a store may have left there that gave none.
    pub(super) fn forget(&mut self) {
        self.bytes.zeroize();
        self.len = 0;
    }
}
