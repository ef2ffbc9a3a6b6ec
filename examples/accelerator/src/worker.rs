//! An accelerator on other threads: asymmetric operations take their time there, and wake who waits for them.
//!
//! On a microcontroller the same shape has an interrupt in place of the thread: it stores the answer, and wakes.

use core::task::{Poll, Waker, ready};
use saitls_core::codes::{NamedGroup, SignatureScheme};
use saitls_core::crypto::{
    CryptoProvider, KeyExchange, SignatureAlgorithm, SignatureVerifier, Signer, SoftwareSecret, write_to_front,
};
use saitls_core::{Error, ProviderFault, Result};
use saitls_rustcrypto::{self as software, RustCrypto, SigningKey};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// More than a share of any group has.
const MAX_SHARE_LEN: usize = 2_048;
/// An answer that was not fetched after so long never will be.
const ABANDONED: Duration = Duration::from_secs(1);
/// Signatures that nobody fetched are forgotten when there are more of them.
const MAX_SIGNATURES: usize = 64;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    ended: bool,
    wakers: Vec<Waker>,
    /// Answers that nobody has fetched.
    unfetched: usize,
    /// When the last one came.
    answered: Option<Instant>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
    /// How many jobs run at this time, how many did at most, and how many were done.
    running: AtomicUsize,
    most: AtomicUsize,
    done: AtomicUsize,
}

/// The threads.
pub struct Workers {
    shared: Arc<Shared>,
    delay: Duration,
}

impl Workers {
    /// So many threads, each of which takes at least `delay` for a job.
    #[must_use]
    pub fn new(threads: usize, delay: Duration) -> Self {
        let shared = Arc::<Shared>::default();
        for _ in 0..threads {
            let shared = shared.clone();
            std::thread::spawn(move || shared.work());
        }
        Self { shared, delay }
    }

    /// How many jobs ran at the same time, at most.
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }

    /// How many jobs were done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.shared.done.load(Ordering::SeqCst)
    }

    fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        let slot = Arc::new(Mutex::new(Slot::Empty));
        let (answer, shared, delay) = (slot.clone(), self.shared.clone(), self.delay);
        let job = Box::new(move || {
            let start = Instant::now();
            let value = job();
            std::thread::sleep(delay.saturating_sub(start.elapsed()));
            shared.answer(&answer, value);
        });
        lock(&self.shared.queue).jobs.push_back(job);
        self.shared.changed.notify_one();
        Task { slot, shared: self.shared.clone() }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        lock(&self.shared.queue).ended = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn work(&self) {
        loop {
            let mut queue = lock(&self.queue);
            let job = loop {
                match queue.jobs.pop_front() {
                    _ if queue.ended => return,
                    Some(job) => break job,
                    None => queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
                }
            };
            drop(queue);
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(running, Ordering::SeqCst);
            job();
            self.running.fetch_sub(1, Ordering::SeqCst);
            self.done.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn answer<T>(&self, slot: &Mutex<Slot<T>>, value: T) {
        let mut queue = lock(&self.queue);
        let mut slot = lock(slot);
        if matches!(*slot, Slot::Abandoned) {
            return;
        }
        *slot = Slot::Ready(value);
        queue.unfetched += 1;
        queue.answered = Some(Instant::now());
        queue.wakers.drain(..).for_each(Waker::wake);
    }
}

/// A job, as whoever waits for it has it. Dropping it leaves the job to itself.
struct Task<T> {
    slot: Arc<Mutex<Slot<T>>>,
    shared: Arc<Shared>,
}

enum Slot<T> {
    Empty,
    Ready(T),
    Abandoned,
}

impl<T> Task<T> {
    fn fetch(&self, leave: Slot<T>) -> Poll<T> {
        let mut queue = lock(&self.shared.queue);
        match std::mem::replace(&mut *lock(&self.slot), leave) {
            Slot::Ready(value) => {
                queue.unfetched -= 1;
                Poll::Ready(value)
            }
            _ => Poll::Pending,
        }
    }

    fn poll(&self) -> Poll<T> {
        self.fetch(Slot::Empty)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        let _ = self.fetch(Slot::Abandoned);
    }
}

/// The provider: asymmetric operations on the threads, the rest software.
pub struct WorkerBoard {
    /// The threads.
    pub workers: Workers,
}

impl CryptoProvider for WorkerBoard {
    type Hash = software::Hash;
    type Secret = SoftwareSecret;
    type Aead = software::Aead;
    type KeyExchange = WorkerKeyExchange;
    type SignatureVerifier = WorkerVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        getrandom::fill(out).map_err(|_| Error::Provider(ProviderFault::RandomFailed))
    }

    fn register_waker(&mut self, waker: &Waker) -> bool {
        let mut queue = lock(&self.workers.shared.queue);
        if queue.unfetched > 0 && queue.answered.is_some_and(|at| at.elapsed() < ABANDONED) {
            // An answer may have come after it was asked for.
            waker.wake_by_ref();
        } else if !queue.wakers.iter().any(|other| other.will_wake(waker)) {
            queue.wakers.push(waker.clone());
        }
        true
    }
}

/// Nothing in software is ever pending.
fn at_once<T>(polled: Poll<Result<T>>) -> Result<T> {
    match polled {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Error::Internal),
    }
}

type Generated = (software::KeyExchange, Vec<u8>);
type Encapsulated = (Vec<u8>, SoftwareSecret);

/// A key exchange on the threads.
pub struct WorkerKeyExchange {
    group: NamedGroup,
    generating: Option<Task<Result<Generated>>>,
    generated: Option<(Option<software::KeyExchange>, Vec<u8>)>,
    decapsulating: Option<Task<Result<SoftwareSecret>>>,
    encapsulating: Option<Task<Result<Encapsulated>>>,
}

impl KeyExchange<WorkerBoard> for WorkerKeyExchange {
    fn supports(group: NamedGroup) -> bool {
        <software::KeyExchange as KeyExchange<WorkerBoard>>::supports(group)
    }

    fn start(_: &mut WorkerBoard, group: NamedGroup) -> Result<Self> {
        if !Self::supports(group) {
            return Err(ProviderFault::Unsupported.into());
        }
        Ok(Self { group, generating: None, generated: None, decapsulating: None, encapsulating: None })
    }

    fn poll_generate(&mut self, board: &mut WorkerBoard, share: &mut [u8]) -> Poll<Result<usize>> {
        if self.generated.is_none() {
            let group = self.group;
            let task = self.generating.get_or_insert_with(|| {
                board.workers.run(move || {
                    let (provider, mut share) = (&mut RustCrypto::os(), [0; MAX_SHARE_LEN]);
                    let mut exchange = software::KeyExchange::start(provider, group)?;
                    let len = at_once(exchange.poll_generate(provider, &mut share))?;
                    Ok((exchange, share[..len].to_vec()))
                })
            });
            let (exchange, share) = ready!(task.poll())?;
            self.generating = None;
            self.generated = Some((Some(exchange), share));
        }
        let share_of = self.generated.as_ref().map_or(&[][..], |(_, share)| share);
        Poll::Ready(write_to_front(share_of, share))
    }

    fn poll_decapsulate(&mut self, board: &mut WorkerBoard, peer_share: &[u8]) -> Poll<Result<SoftwareSecret>> {
        if self.decapsulating.is_none() {
            let exchange = self.generated.as_mut().and_then(|(exchange, _)| exchange.take());
            let (mut exchange, peer_share) = (exchange.ok_or(Error::InvalidState)?, peer_share.to_vec());
            let job = move || at_once(exchange.poll_decapsulate(&mut RustCrypto::os(), &peer_share));
            self.decapsulating = Some(board.workers.run(job));
        }
        self.decapsulating.as_ref().map_or(Poll::Pending, Task::poll)
    }

    fn poll_encapsulate(
        &mut self,
        board: &mut WorkerBoard,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, SoftwareSecret)>> {
        let group = self.group;
        let task = self.encapsulating.get_or_insert_with(|| {
            let peer_share = peer_share.to_vec();
            board.workers.run(move || {
                let (provider, mut share) = (&mut RustCrypto::os(), [0; MAX_SHARE_LEN]);
                let mut exchange = software::KeyExchange::start(provider, group)?;
                let (len, secret) = at_once(exchange.poll_encapsulate(provider, &peer_share, &mut share))?;
                Ok((share[..len].to_vec(), secret))
            })
        });
        let (answer, secret) = ready!(task.poll())?;
        Poll::Ready(write_to_front(&answer, share).map(|len| (len, secret)))
    }
}

/// A verification on the threads.
pub struct WorkerVerifier {
    algorithm: SignatureAlgorithm,
    task: Option<Task<Result<()>>>,
}

impl SignatureVerifier<WorkerBoard> for WorkerVerifier {
    fn supports(algorithm: SignatureAlgorithm) -> bool {
        <software::SignatureVerifier as SignatureVerifier<WorkerBoard>>::supports(algorithm)
    }

    fn start(_: &mut WorkerBoard, algorithm: SignatureAlgorithm) -> Result<Self> {
        if Self::supports(algorithm) {
            Ok(Self { algorithm, task: None })
        } else {
            Err(ProviderFault::Unsupported.into())
        }
    }

    fn poll_verify(
        &mut self,
        board: &mut WorkerBoard,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Poll<Result<()>> {
        let algorithm = self.algorithm;
        let task = self.task.get_or_insert_with(|| {
            let (key, message, signature) = (public_key.to_vec(), message.to_vec(), signature.to_vec());
            board.workers.run(move || {
                let provider = &mut RustCrypto::os();
                let mut verifier: software::SignatureVerifier = SignatureVerifier::start(provider, algorithm)?;
                at_once(verifier.poll_verify(provider, &key, &message, &signature))
            })
        });
        task.poll()
    }
}

type Signing = Task<Result<Vec<u8>>>;

/// A private key that signs on the threads.
pub struct WorkerSigner {
    key: Arc<SigningKey>,
    /// What is being signed.
    tasks: Mutex<VecDeque<(Vec<u8>, Signing)>>,
}

impl WorkerSigner {
    /// Signs with this key.
    #[must_use]
    pub fn new(key: SigningKey) -> Self {
        Self { key: Arc::new(key), tasks: Mutex::default() }
    }
}

impl Signer<WorkerBoard> for WorkerSigner {
    fn schemes(&self) -> &[SignatureScheme] {
        self.key.schemes()
    }

    fn poll_sign(
        &self,
        board: &mut WorkerBoard,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<Result<usize>> {
        let mut tasks = lock(&self.tasks);
        let Some(at) = tasks.iter().position(|(signed, _)| signed == message) else {
            let (key, text) = (self.key.clone(), message.to_vec());
            let task = board.workers.run(move || {
                let mut signature = vec![0; 1_024];
                let len = at_once(key.poll_sign(&mut RustCrypto::os(), scheme, &text, &mut signature))?;
                signature.truncate(len);
                Ok(signature)
            });
            if tasks.len() == MAX_SIGNATURES {
                tasks.pop_front();
            }
            tasks.push_back((message.to_vec(), task));
            return Poll::Pending;
        };
        let signed = ready!(tasks[at].1.poll());
        tasks.remove(at);
        Poll::Ready(signed.and_then(|signed| write_to_front(&signed, signature)))
    }
}
