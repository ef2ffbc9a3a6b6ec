//! What the thread of a token is asked for, what it answers, and who waits for it.

use crate::error::TokenError;
use crate::lock::lock;
use crate::name::Name;
use crate::uri::Uri;
use saitls_core::codes::SignatureScheme;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

/// A signature that was not fetched after so long never will be: its handshake was given up.
const ABANDONED: Duration = Duration::from_secs(1);

/// What becomes of a signature.
pub(crate) enum Signature {
    Pending,
    Signed(Vec<u8>),
    Failed,
}

pub(crate) type Answer<T> = mpsc::Sender<Result<T, TokenError>>;

/// A key as it is known outside the thread.
pub(crate) struct KnownKey {
    /// Which of the keys of the thread it is.
    pub(crate) number: usize,
    pub(crate) schemes: Vec<SignatureScheme>,
}

/// A key of a token with what it signs with, or why it does not.
pub type Listed = (Uri, Result<Vec<SignatureScheme>, TokenError>);

/// What the thread is asked for.
pub(crate) enum Request {
    FindKey(Name, Answer<KnownKey>),
    FindCertificate(Name, Answer<Vec<u8>>),
    ListKeys(Answer<Vec<Listed>>),
    Sign { key: usize, scheme: SignatureScheme, message: Vec<u8>, signature: Arc<Mutex<Signature>> },
}

/// What keys and the thread share.
#[derive(Default)]
pub(crate) struct Shared {
    waiting: Mutex<Waiting>,
    /// The thread begins something, or is at its end.
    changed: Condvar,
    failure: Mutex<Option<TokenError>>,
}

#[derive(Default)]
struct Waiting {
    /// Who is woken at the next signature.
    wakers: Vec<Waker>,
    /// How many signatures are there that nobody has fetched.
    unfetched: usize,
    /// When the last one came.
    answered: Option<Instant>,
    /// Until when the thread should be done with what it does.
    deadline: Option<Instant>,
    /// Somebody looks at the deadline.
    is_watched: bool,
    is_over: bool,
}

impl Waiting {
    /// Whether the thread should have answered long ago.
    fn hangs(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }
}

impl Shared {
    pub(crate) fn failure(&self) -> Option<TokenError> {
        lock(&self.failure).clone()
    }

    pub(crate) fn failed(&self, error: TokenError) {
        *lock(&self.failure) = Some(error);
    }

    pub(crate) fn hangs(&self) -> bool {
        lock(&self.waiting).hangs()
    }

    pub(crate) fn begin(&self, patience: Duration) {
        let mut waiting = lock(&self.waiting);
        waiting.deadline = Some(Instant::now() + patience);
        if !std::mem::replace(&mut waiting.is_watched, true) {
            self.changed.notify_all();
        }
    }

    pub(crate) fn end(&self) {
        lock(&self.waiting).deadline = None;
    }

    pub(crate) fn answer(&self, signature: &Mutex<Signature>, signed: Result<Vec<u8>, TokenError>) {
        let mut waiting = lock(&self.waiting);
        *lock(signature) = match signed {
            Ok(signed) => Signature::Signed(signed),
            Err(error) => {
                self.failed(error);
                Signature::Failed
            }
        };
        waiting.unfetched += 1;
        waiting.answered = Some(Instant::now());
        waiting.deadline = None;
        let wakers = std::mem::take(&mut waiting.wakers);
        // Whoever is woken may ask, or drop the last key.
        drop(waiting);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// What the thread answered, if it did; if it hangs, that is the answer.
    pub(crate) fn fetch(&self, signature: &Mutex<Signature>) -> Option<Signature> {
        let mut waiting = lock(&self.waiting);
        let mut signature = lock(signature);
        if matches!(*signature, Signature::Pending) {
            let hangs = waiting.hangs();
            drop(waiting);
            return hangs.then(|| {
                self.failed(TokenError::Hangs);
                Signature::Failed
            });
        }
        waiting.unfetched = waiting.unfetched.saturating_sub(1);
        Some(std::mem::replace(&mut *signature, Signature::Pending))
    }

    pub(crate) fn register(&self, waker: &Waker) {
        let mut waiting = lock(&self.waiting);
        let may_have_answer = waiting.unfetched > 0 && waiting.answered.is_some_and(|at| at.elapsed() < ABANDONED);
        if may_have_answer || waiting.hangs() {
            // It came between the question and the wish to be woken.
            drop(waiting);
            waker.wake_by_ref();
        } else if !waiting.wakers.iter().any(|other| other.will_wake(waker)) {
            waiting.wakers.push(waker.clone());
        }
    }

    /// The thread is at its end, and so is [`watch`](Self::watch).
    pub(crate) fn is_over(&self) {
        lock(&self.waiting).is_over = true;
        self.changed.notify_all();
    }

    /// Wakes all when the thread should have answered and did not. Ends with the thread.
    pub(crate) fn watch(&self) {
        let mut waiting = lock(&self.waiting);
        while !waiting.is_over {
            let left = waiting.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            waiting = match left {
                Some(left) if !left.is_zero() => {
                    self.changed.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0
                }
                late => {
                    waiting.is_watched = false;
                    if late.is_some() {
                        let wakers = std::mem::take(&mut waiting.wakers);
                        drop(waiting);
                        wakers.into_iter().for_each(Waker::wake);
                        waiting = lock(&self.waiting);
                        if waiting.is_watched || waiting.is_over {
                            continue;
                        }
                    }
                    self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }
}
