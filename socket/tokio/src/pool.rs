//! Buffers that no connection needs at the moment.

use std::sync::{Mutex, PoisonError};

/// Buffers of one length that connections at rest gave back.
pub(crate) struct Pool {
    len: usize,
    /// How many are kept for those who will want one.
    most: usize,
    free: Mutex<Vec<Vec<u8>>>,
}

impl Pool {
    pub(crate) const fn new(len: usize, most: usize) -> Self {
        Self { len, most, free: Mutex::new(Vec::new()) }
    }

    pub(crate) fn take(&self) -> Vec<u8> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        free.unwrap_or_else(|| vec![0; self.len])
    }

    pub(crate) fn give(&self, buffer: Vec<u8>) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < self.most && buffer.len() == self.len {
            free.push(buffer);
        }
    }
}
