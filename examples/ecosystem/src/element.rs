//! A secure element on a shared I2C bus, behind an asynchronous driver.
//!
//! Three parts, none of which knows the others' business:
//!
//! * [`Chip`], the driver: it speaks the chip's commands over any `embedded_hal_async::i2c::I2c`, and awaits.
//! * [`run`], a task that owns the chip: one command at a time, whoever asks.
//! * [`Element`], what the task and TLS share: a channel of digests to be signed, and signatures to be fetched. It is a
//!   `Signer`, so any number of connections sign with it.
//!
//! TLS asks by polling. The first poll for a message sends its digest to the task and is pending; the task is woken,
//! signs, leaves the signature and wakes the connections, of which the one with that digest takes it. A connection that
//! is given up leaves a signature that nobody fetches: it makes room for the next one.

use core::cell::RefCell;
use core::task::{Poll, Waker};
use embassy_sync::blocking_mutex::CriticalSectionMutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use embassy_sync::waitqueue::MultiWakerRegistration;
use embedded_hal_async::i2c::I2c;
use saitls::protocol::codes::{HashAlgorithm, SignatureScheme};
use saitls::protocol::crypto::{CryptoProvider, Hash, Signer, ecdsa_to_der};
use saitls::protocol::{ProviderFault, Result};

/// How many connections may wait for signatures at a time; others are pending until there is room.
const JOBS: usize = 4;

type Digest = [u8; 32];
/// `r` and `s`, as chips give them; `None` if the chip failed.
type Halves = Option<[u8; 64]>;

/// A digest on its way through the task, or its signature.
struct Job {
    digest: Digest,
    /// `None` until the chip is done.
    signature: Option<Halves>,
}

struct Jobs {
    jobs: [Option<Job>; JOBS],
    wakers: MultiWakerRegistration<JOBS>,
    /// Whether something is new since the last who asked to be woken.
    is_news: bool,
}

/// A key in a chip that a task owns: see the [module](self). It can be a `static`.
pub struct Element {
    digests: Channel<CriticalSectionRawMutex, Digest, JOBS>,
    shared: CriticalSectionMutex<RefCell<Jobs>>,
}

impl Element {
    /// Nobody has asked for anything.
    #[must_use]
    pub const fn new() -> Self {
        let jobs = Jobs { jobs: [const { None }; JOBS], wakers: MultiWakerRegistration::new(), is_news: false };
        Self { digests: Channel::new(), shared: CriticalSectionMutex::new(RefCell::new(jobs)) }
    }

    /// The signature of a digest: asked for by the first call, there in one of the next.
    fn poll(&self, digest: &Digest) -> Poll<Halves> {
        self.shared.lock(|shared| {
            let Jobs { jobs, .. } = &mut *shared.borrow_mut();
            if let Some(slot) = jobs.iter_mut().find(|job| job.as_ref().is_some_and(|job| job.digest == *digest)) {
                return match slot.take_if(|job| job.signature.is_some()) {
                    Some(Job { signature: Some(halves), .. }) => Poll::Ready(halves),
                    _ => Poll::Pending,
                };
            }
            // A free place, or that of a signature which nobody has fetched.
            let place = jobs.iter().position(Option::is_none);
            let place =
                place.or_else(|| jobs.iter().position(|job| job.as_ref().is_some_and(|job| job.signature.is_some())));
            if let Some(place) = place
                && self.digests.try_send(*digest).is_ok()
            {
                jobs[place] = Some(Job { digest: *digest, signature: None });
            }
            Poll::Pending
        })
    }

    /// Leaves what the chip made of a digest, and wakes who waits.
    fn done(&self, digest: &Digest, halves: Halves) {
        self.shared.lock(|shared| {
            let shared = &mut *shared.borrow_mut();
            if let Some(job) = shared.jobs.iter_mut().flatten().find(|job| job.digest == *digest) {
                job.signature = Some(halves);
            }
            shared.is_news = true;
            shared.wakers.wake();
        });
    }
}

impl Default for Element {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: CryptoProvider> Signer<P> for Element {
    fn schemes(&self) -> &[SignatureScheme] {
        &[SignatureScheme::ECDSA_SECP256R1_SHA256]
    }

    fn poll_sign(
        &self,
        provider: &mut P,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<Result<usize>> {
        if scheme != SignatureScheme::ECDSA_SECP256R1_SHA256 {
            return Poll::Ready(Err(ProviderFault::Unsupported.into()));
        }
        // The message is never the same twice: its digest names the job.
        let digest = P::Hash::digest(provider, HashAlgorithm::Sha256, &[message])?;
        let digest = digest.as_bytes().try_into().map_err(|_| ProviderFault::CryptoFailed)?;
        self.poll(digest).map(|halves| ecdsa_to_der(&halves.ok_or(ProviderFault::CryptoFailed)?, signature))
    }

    fn register_waker(&self, _: &mut P, waker: &Waker) -> bool {
        self.shared.lock(|shared| {
            let shared = &mut *shared.borrow_mut();
            // What was done between the poll and now must not be slept through.
            if core::mem::take(&mut shared.is_news) {
                waker.wake_by_ref();
            } else {
                shared.wakers.register(waker);
            }
        });
        true
    }
}

/// The task: it owns the chip.
pub async fn run<I: I2c>(mut chip: Chip<I>, element: &Element) -> ! {
    loop {
        let digest = element.digests.receive().await;
        let signed = chip.sign(&digest).await;
        element.done(&digest, signed.ok());
    }
}

/// A made-up chip with one P-256 key: a command is written, then read until the chip acknowledges its address again.
pub struct Chip<I> {
    bus: I,
    address: u8,
}

/// How often a chip that works is asked whether it is done. On a bus at 400 kHz that is about as many times 25 us; with
/// a delay between them, the bus is free for others.
const PATIENCE: usize = 10_000;

impl<I: I2c> Chip<I> {
    /// "Sign this digest".
    pub const SIGN: u8 = 0x41;

    /// The chip with this address on the bus, which may be shared.
    pub const fn new(bus: I, address: u8) -> Self {
        Self { bus, address }
    }

    async fn sign(&mut self, digest: &Digest) -> core::result::Result<[u8; 64], I::Error> {
        let mut command = [Self::SIGN; 33];
        command[1..].copy_from_slice(digest);
        self.bus.write(self.address, &command).await?;
        let mut signature = [0; 64];
        let mut asked = 0;
        loop {
            // A chip that works does not acknowledge its address.
            match self.bus.read(self.address, &mut signature).await {
                Ok(()) => return Ok(signature),
                Err(error) if asked == PATIENCE => return Err(error),
                Err(_) => asked += 1,
            }
        }
    }
}
