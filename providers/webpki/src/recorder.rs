//! Answers to the questions of a library that cannot wait for them.

use crate::algorithms::{ALGORITHMS, Algorithm};
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use saitls_core::crypto::{Answers, SignatureAlgorithm};

/// The record of one run: answers what has an answer, and notes the first question that has none. The run is worth
/// nothing if there is one.
///
/// The library asks from wherever it likes, says its traits, so the notes are atomic. Only one thread ever runs here.
pub(crate) struct Recorder {
    answers: Answers,
    asked: AtomicUsize,
    /// One more than an index into [`ALGORITHMS`]; 0 where no question is open.
    open: AtomicUsize,
    /// Where key, message and signature of the open question are: address and length of each.
    places: [[AtomicUsize; 2]; 3],
}

/// A signature to be verified.
pub(crate) struct Question {
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) public_key: Place,
    pub(crate) message: Place,
    pub(crate) signature: Place,
}

/// Where bytes are.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    address: usize,
    len: usize,
}

impl Recorder {
    pub(crate) const fn new(answers: Answers) -> Self {
        Self {
            answers,
            asked: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            places: [const { [const { AtomicUsize::new(0) }; 2] }; 3],
        }
    }

    /// Whether this signature is valid, as far as it is known.
    pub(crate) fn ask(&self, algorithm: &'static Algorithm, parts: [&[u8]; 3]) -> Option<bool> {
        if algorithm.arithmetic.is_none() {
            return Some(false);
        }
        let index = self.asked.load(Relaxed);
        self.asked.store(index.saturating_add(1), Relaxed);
        let answer = self.answers.get(index);
        if answer.is_none() && self.open.load(Relaxed) == 0 {
            let index = ALGORITHMS.iter().position(|known| ptr::eq(known, algorithm))?;
            self.open.store(index.saturating_add(1), Relaxed);
            for ([address, len], part) in self.places.iter().zip(parts) {
                address.store(part.as_ptr().addr(), Relaxed);
                len.store(part.len(), Relaxed);
            }
        }
        answer
    }

    /// The question without an answer.
    pub(crate) fn question(&self) -> Option<Question> {
        let algorithm = ALGORITHMS.get(self.open.load(Relaxed).checked_sub(1)?)?;
        let [public_key, message, signature] = self
            .places
            .each_ref()
            .map(|[address, len]| Place { address: address.load(Relaxed), len: len.load(Relaxed) });
        Some(Question { algorithm: algorithm.arithmetic?, public_key, message, signature })
    }
}

impl Place {
    /// Where these bytes are.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { address: bytes.as_ptr().addr(), len: bytes.len() }
    }

    /// The bytes, if they are part of `whole`.
    pub(crate) fn within(self, whole: &[u8]) -> Option<&[u8]> {
        let start = self.address.checked_sub(whole.as_ptr().addr())?;
        whole.get(start..start.checked_add(self.len)?)
    }
}
