//! How far a verifier of chains has come.

use super::{CryptoProvider, SignatureAlgorithm, SignatureVerifier};
use crate::error::{CertificateFault, Error, PeerFault, Result};
use crate::limits::MAX_SIGNATURE_CHECKS;
use core::task::{Poll, ready};

/// How far a [`PeerVerifier`](super::PeerVerifier) has come with one Certificate message: the signature that is being
/// verified, and the answers so far.
///
/// A verifier that must have all answers at once (such as one built on a library with synchronous callbacks)
/// runs from the start each time against the [`answers`](Self::answers), has the first question without one
/// [verified](Self::poll_next), and runs again.
///
/// An answer is only worth something if the same question is asked again. What beside the peer's certificates decides
/// on the questions, such as the time, or which trust anchors there are, is told to [`begin`](Self::begin): with
/// others, all answers are forgotten.
pub struct VerificationProgress<P: CryptoProvider> {
    /// Set by a verifier that found that the certificate is for the server name it was given.
    pub server_name_verified: bool,
    operation: Option<P::SignatureVerifier>,
    /// Whether there are notes: an `Option` of them would take a word, this takes room that is left between others.
    is_begun: bool,
    /// Whether a signature was wrong, by a key that can be used.
    is_any_wrong: bool,
    notes: Notes,
    answers: Answers,
    /// Signatures that were ever verified, forgotten ones included.
    verified: u8,
    unusable_key: Option<CertificateFault>,
}

/// What answers rest on, besides the peer's certificates.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Notes {
    /// The time that certificates are verified at, as the verifier counts it.
    time: u64,
    /// Which verifier it was, and what it was set to.
    verifier: [usize; MAX_SETTINGS],
}

/// The most numbers that tell a verifier from others.
const MAX_SETTINGS: usize = 7;

/// Which signatures were valid, in the order in which they were asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answers {
    /// Bit `i`: whether signature `i` was valid.
    bits: u32,
    count: u8,
}

// Each signature has a bit.
const _: () = assert!(MAX_SIGNATURE_CHECKS <= 32);

impl Answers {
    /// Whether signature `index` was valid, if it has been verified.
    #[must_use]
    pub fn get(self, index: usize) -> Option<bool> {
        let index = u8::try_from(index).ok().filter(|&index| index < self.count)?;
        Some(self.bits.checked_shr(index.into()).is_some_and(|bits| bits & 1 == 1))
    }

    /// How many have been verified.
    #[must_use]
    pub fn count(self) -> usize {
        self.count.into()
    }

    /// Whether none of them was invalid.
    #[must_use]
    pub fn are_all_valid(self) -> bool {
        self.bits.count_ones() == self.count.into()
    }

    fn push(&mut self, valid: bool) {
        self.bits |= u32::from(valid).checked_shl(self.count.into()).unwrap_or(0);
        self.count = self.count.saturating_add(1);
    }
}

impl<P: CryptoProvider> Default for VerificationProgress<P> {
    fn default() -> Self {
        Self {
            server_name_verified: false,
            operation: None,
            is_begun: false,
            is_any_wrong: false,
            notes: Notes { time: 0, verifier: [0; MAX_SETTINGS] },
            answers: Answers { bits: 0, count: 0 },
            verified: 0,
            unusable_key: None,
        }
    }
}

impl<P: CryptoProvider> VerificationProgress<P> {
    /// Says whose answers are wanted, and returns the time that certificates are verified at.
    ///
    /// That is the time of the first call for a Certificate message, which `now` tells: another one could mean other
    /// questions, in another order. `verifier` tells this verifier, as it is set up, from others: by addresses, lengths
    /// and counts, up to seven of them (more do not compile). An address
    /// tells apart what exists at one time and has a size: clocks without any, of verifiers with the same trust anchors
    /// that take turns at one peer, are taken for one clock. With others than those of the call before, the answers at
    /// hand are forgotten, and it is the first call again.
    ///
    /// # Errors
    /// What `now` returns.
    pub fn begin<const N: usize>(&mut self, verifier: [usize; N], now: impl FnOnce() -> Result<u64>) -> Result<u64> {
        const { assert!(N <= MAX_SETTINGS, "too many numbers") };
        let mut settings = [0; MAX_SETTINGS];
        settings.iter_mut().zip(verifier).for_each(|(slot, number)| *slot = number);
        if !self.is_begun || self.notes.verifier != settings {
            self.restart(Notes { time: now()?, verifier: settings });
        }
        Ok(self.notes.time)
    }

    /// Certificates are verified at another time, here and in the calls to come: the answers at hand are forgotten.
    pub fn begin_again(&mut self, time: u64) {
        self.restart(Notes { time, verifier: self.notes.verifier });
    }

    fn restart(&mut self, notes: Notes) {
        *self = Self { is_begun: true, notes, verified: self.verified, ..Self::default() };
    }

    /// The answers so far.
    #[must_use]
    pub const fn answers(&self) -> Answers {
        self.answers
    }

    /// If the provider cannot use a key, and no answer is "not valid" for another reason: why. That is
    /// [`CertificateFault::RsaKeyLength`] or [`CertificateFault::Unsupported`].
    #[must_use]
    pub const fn unusable_key(&self) -> Option<CertificateFault> {
        if self.is_any_wrong { None } else { self.unusable_key }
    }

    /// Verifies the signature that has no answer yet, records the answer and returns it. While it is pending it is
    /// asked for again with the same inputs; [`SignatureVerifier::poll_verify`] says what they are.
    ///
    /// # Errors
    /// [`CertificateFault::ChainTooLong`] if this were one signature more than [`MAX_SIGNATURE_CHECKS`], those counted
    /// whose answers were forgotten; and what says that a device failed. That a signature is not valid is an answer,
    /// not an error.
    pub fn poll_next(
        &mut self,
        provider: &mut P,
        algorithm: SignatureAlgorithm,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Poll<Result<bool>> {
        let operation = match &mut self.operation {
            Some(operation) => operation,
            None if self.verified >= MAX_SIGNATURE_CHECKS => {
                return Poll::Ready(Err(CertificateFault::ChainTooLong.into()));
            }
            None => {
                let operation = P::SignatureVerifier::start(provider, algorithm)?;
                self.verified = self.verified.saturating_add(1);
                self.operation.insert(operation)
            }
        };
        let valid = ready!(operation.poll_verify(provider, public_key, message, signature));
        self.operation = None;
        match valid {
            Ok(()) => {}
            Err(Error::Peer(PeerFault::BadSignature)) => self.is_any_wrong = true,
            Err(Error::Certificate(CertificateFault::Unsupported)) => {
                self.unusable_key = Some(super::unusable_key::<P>(public_key));
            }
            Err(error) => return Poll::Ready(Err(error)),
        }
        self.answers.push(valid.is_ok());
        Poll::Ready(Ok(valid.is_ok()))
    }
}
