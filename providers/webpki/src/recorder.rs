//! Answers to the questions of a library that cannot wait for them.

use crate::algorithms::{ALGORITHMS, Algorithm};
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use saitls_core::crypto::{Answers, SignatureAlgorithm};

/// Questions that one run may leave open: the signatures of the longest chain that is common.
const MAX_OPEN: usize = 4;

/// The record of one run: answers what has an answer, and takes the rest to be valid signatures. What the run comes to
/// is worth nothing until each of these has turned out to be one.
///
/// Once a signature was invalid, the peer does not deserve that: then it answers no further than the first question
/// without an answer, so that nothing is done with what nobody has signed.
///
/// The library asks from wherever it likes, say its traits, so the notes are atomic. Only one thread ever runs here.
pub(crate) struct Recorder {
    answers: Answers,
    asked: AtomicUsize,
    open: [Open; MAX_OPEN],
}

/// A question as it is noted: one more than an index into [`ALGORITHMS`], or 0 for none; address and length of each of
/// key, message and signature.
struct Open {
    algorithm: AtomicUsize,
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
        Self { answers, asked: AtomicUsize::new(0), open: [const { Open::new() }; MAX_OPEN] }
    }

    /// Whether this signature is valid, as far as it is known, or else for the sake of the argument.
    pub(crate) fn ask(&self, algorithm: usize, parts: [&[u8]; 3]) -> bool {
        let index = self.asked.load(Relaxed);
        self.asked.store(index.saturating_add(1), Relaxed);
        if let Some(answer) = self.answers.get(index) {
            return answer;
        }
        // Without room for more questions the run is over; the next one gets further.
        let room = if self.is_trusting() { MAX_OPEN } else { 1 };
        let open = self.open.get(..room).and_then(|open| open.get(index.saturating_sub(self.answers.count())));
        let Some(open) = open else { return false };
        open.algorithm.store(algorithm.saturating_add(1), Relaxed);
        for ([address, len], part) in open.places.iter().zip(parts) {
            address.store(part.as_ptr().addr(), Relaxed);
            len.store(part.len(), Relaxed);
        }
        self.is_trusting()
    }

    fn is_trusting(&self) -> bool {
        self.answers.are_all_valid()
    }

    /// The questions without an answer, in the order in which they were asked. Each is one only if those before it were
    /// valid signatures.
    pub(crate) fn questions(&self) -> impl Iterator<Item = Question> {
        self.open.iter().map_while(Open::question)
    }

    /// Whether what the run came to counts, if all its questions are answered by "valid".
    pub(crate) fn is_complete(&self) -> bool {
        let assumed = if self.is_trusting() { MAX_OPEN } else { 0 };
        self.asked.load(Relaxed) <= self.answers.count().saturating_add(assumed)
    }
}

impl Open {
    const fn new() -> Self {
        Self { algorithm: AtomicUsize::new(0), places: [const { [const { AtomicUsize::new(0) }; 2] }; 3] }
    }

    fn question(&self) -> Option<Question> {
        let algorithm = ALGORITHMS.get(self.algorithm.load(Relaxed).checked_sub(1)?)?;
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

/// An algorithm that answers as the record says.
#[derive(Clone, Copy)]
pub(crate) struct Recorded<'r> {
    pub(crate) algorithm: &'static Algorithm,
    /// Of the algorithm in [`ALGORITHMS`].
    pub(crate) index: usize,
    pub(crate) recorder: &'r Recorder,
}

// The library wants it; nobody reads it.
impl fmt::Debug for Recorded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorded")
    }
}

impl SignatureVerificationAlgorithm for Recorded<'_> {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        // Nobody needs to compute what a signature with a broken hash is worth.
        let is_valid =
            self.algorithm.arithmetic.is_some() && self.recorder.ask(self.index, [public_key, message, signature]);
        if is_valid { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature
    }
}
