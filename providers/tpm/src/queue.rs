//! What the thread of a TPM is asked for, what it answers, and who waits for it.

use crate::error::TpmError;
use crate::worker::Worker;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// An answer that was not fetched after so long never will be: its handshake was given up.
const ABANDONED: Duration = Duration::from_secs(1);

/// So many random bytes are kept, so that nobody waits for a few of them behind a long operation.
const POOL_LEN: usize = 256;

/// A lock that a panic does not close.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

type Job = Box<dyn FnOnce(&mut Worker) + Send>;
type Answer<T> = Result<T, TpmError>;

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    is_over: bool,
}

#[derive(Default)]
struct Waiting {
    /// Who is woken at the next answer.
    wakers: Vec<Waker>,
    /// Answers that nobody has fetched, and when the last one came.
    unfetched: usize,
    answered: Option<Instant>,
}

#[derive(Default)]
struct Pool {
    bytes: Zeroizing<Vec<u8>>,
    is_being_filled: bool,
}

/// What the thread and those who ask it share.
#[derive(Default)]
pub(crate) struct Shared {
    jobs: Mutex<Jobs>,
    changed: Condvar,
    waiting: Mutex<Waiting>,
    pool: Mutex<Pool>,
    failure: Mutex<Option<TpmError>>,
}

/// Where an answer comes. It may be dropped before.
pub(crate) struct Pending<T>(Arc<Slot<T>>);

struct Slot<T> {
    answer: Mutex<Option<Answer<T>>>,
    came: Condvar,
    shared: Arc<Shared>,
}

impl<T> Drop for Slot<T> {
    fn drop(&mut self) {
        if lock(&self.answer).is_some() {
            self.shared.fetched();
        }
    }
}

impl<T> Pending<T> {
    /// The answer, once it is there.
    pub(crate) fn fetch(&self) -> Option<Answer<T>> {
        let answer = lock(&self.0.answer).take();
        if answer.is_some() {
            self.0.shared.fetched();
        }
        answer
    }

    /// Waits for it.
    pub(crate) fn wait(&self, patience: Duration) -> Answer<T> {
        let answer = lock(&self.0.answer);
        let come = self.0.came.wait_timeout_while(answer, patience, |answer| answer.is_none());
        drop(come);
        self.fetch().unwrap_or(Err(TpmError::Stopped))
    }
}

impl Shared {
    /// Has the thread do something. What nobody waits for any more is left undone.
    pub(crate) fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        is_urgent: bool,
        f: impl FnOnce(&mut Worker) -> Answer<T> + Send + 'static,
    ) -> Pending<T> {
        let slot = Arc::new(Slot { answer: Mutex::default(), came: Condvar::new(), shared: self.clone() });
        let pending = Pending(slot.clone());
        let job: Job = Box::new(move |worker| {
            if Arc::strong_count(&slot) == 1 {
                return;
            }
            let answer = f(worker);
            if let Err(error) = &answer {
                slot.shared.failed(error);
            }
            let mut waiting = lock(&slot.shared.waiting);
            *lock(&slot.answer) = Some(answer);
            slot.came.notify_all();
            waiting.unfetched += 1;
            waiting.answered = Some(Instant::now());
            let wakers = std::mem::take(&mut waiting.wakers);
            drop(waiting);
            wakers.into_iter().for_each(Waker::wake);
        });
        self.push(is_urgent, job);
        pending
    }

    fn push(&self, is_urgent: bool, job: Job) {
        let mut jobs = lock(&self.jobs);
        if is_urgent {
            jobs.waiting.push_front(job);
        } else {
            jobs.waiting.push_back(job);
        }
        self.changed.notify_all();
    }

    /// The next job; none when all who could ask are gone.
    pub(crate) fn next(&self) -> Option<Job> {
        let jobs = lock(&self.jobs);
        let idle = |jobs: &mut Jobs| jobs.waiting.is_empty() && !jobs.is_over;
        let mut jobs = self.changed.wait_while(jobs, idle).unwrap_or_else(PoisonError::into_inner);
        if jobs.is_over { None } else { jobs.waiting.pop_front() }
    }

    /// There will be no more jobs.
    pub(crate) fn end(&self) {
        lock(&self.jobs).is_over = true;
        self.changed.notify_all();
    }

    fn fetched(&self) {
        let mut waiting = lock(&self.waiting);
        waiting.unfetched = waiting.unfetched.saturating_sub(1);
    }

    /// Wakes at the next answer, or now if one may have come between the question and this.
    pub(crate) fn register(&self, waker: &Waker) {
        let mut waiting = lock(&self.waiting);
        if waiting.unfetched > 0 && waiting.answered.is_some_and(|at| at.elapsed() < ABANDONED) {
            drop(waiting);
            waker.wake_by_ref();
        } else if !waiting.wakers.iter().any(|other| other.will_wake(waker)) {
            waiting.wakers.push(waker.clone());
        }
    }

    pub(crate) fn failed(&self, error: &TpmError) {
        *lock(&self.failure) = Some(error.clone());
    }

    pub(crate) fn failure(&self) -> Option<TpmError> {
        lock(&self.failure).clone()
    }

    /// Random bytes that are there already, up to the length of `out`; how many. Has more fetched.
    pub(crate) fn draw(self: &Arc<Self>, out: &mut [u8]) -> usize {
        let mut pool = lock(&self.pool);
        let len = out.len().min(pool.bytes.len());
        let rest = pool.bytes.len() - len;
        if let (Some(out), Some(bytes)) = (out.get_mut(..len), pool.bytes.get_mut(rest..)) {
            out.copy_from_slice(bytes);
            bytes.fill(0);
        }
        pool.bytes.truncate(rest);
        if rest < POOL_LEN / 2 && !std::mem::replace(&mut pool.is_being_filled, true) {
            drop(pool);
            let shared = self.clone();
            let fill = move |worker: &mut Worker| shared.fill(worker);
            self.push(false, Box::new(fill));
        }
        len
    }

    /// Fills the pool. A TPM that fails here is asked again when somebody wants random bytes.
    fn fill(&self, worker: &mut Worker) {
        let wanted = POOL_LEN - lock(&self.pool).bytes.len().min(POOL_LEN);
        let drawn = worker.random(wanted);
        let mut pool = lock(&self.pool);
        if let Ok(drawn) = drawn {
            // Of its whole length from the beginning: what grows leaves copies.
            let mut bytes = Zeroizing::new(Vec::with_capacity(POOL_LEN + drawn.len()));
            bytes.extend_from_slice(&pool.bytes);
            bytes.extend_from_slice(&drawn);
            pool.bytes = bytes;
        }
        pool.is_being_filled = false;
    }
}
