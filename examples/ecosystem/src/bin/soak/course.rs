//! What a connection does: random choices that a seed repeats, and bytes that tell where they belong.

use saitls::stream::FlushPolicy;
use saitls_ecosystem::ends::{BufferLens, POLICIES, Role};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest write and read, in bytes.
pub const MAX_CALL_LEN: usize = 40_000;

/// What one connection does.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    /// Bytes each way.
    pub bytes: u64,
    pub client: Manner,
    pub server: Manner,
}

/// How one end goes about it.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub role: Role,
    pub seed: u64,
    pub bytes: u64,
    pub policy: FlushPolicy,
    pub buffers: BufferLens,
    /// The most bytes that a call of the transport moves.
    pub piece: usize,
    /// Of the kernel's buffers, or of those of the stack, in bytes.
    pub socket_buffer: usize,
    /// Writes between two KeyUpdates, about.
    pub update_every: u32,
    /// Writes between two flushes, about.
    pub flush_every: u32,
}

impl Course {
    pub fn new(seed: u64, bytes: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut manner = |role| {
            let buffers = [(1_100, 600), (2_048, 1_100), (16_645, 4_096), (16_645, 16_645), (16_645, 70_000)];
            Manner {
                role,
                seed: random.u64(..),
                bytes,
                policy: random.choice(POLICIES).expect("there are some"),
                buffers: random.choice(buffers).expect("there are some"),
                piece: random.choice([usize::MAX, usize::MAX, 1_500, 97]).expect("there are some"),
                socket_buffer: random.choice([4_096, 16_384, 100_000]).expect("there are some"),
                update_every: random.choice([40, 400, u32::MAX]).expect("there are some"),
                flush_every: random.choice([1, 3, 30]).expect("there are some"),
            }
        };
        Self { bytes, client: manner(Role::Client), server: manner(Role::Server) }
    }
}

impl Manner {
    pub fn random(&self) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.seed)
    }

    /// What this end sends, and what it gets.
    pub fn lanes(&self) -> (Lane, Lane) {
        let peer = if self.role == Role::Client { Role::Server } else { Role::Client };
        (Lane::from(self.role, self.bytes), Lane::from(peer, self.bytes))
    }
}

static UNDERWAY: Mutex<Option<Course>> = Mutex::new(None);

/// Runs a connection, and notes that it is under way.
pub fn connection(course: Course, run: impl FnOnce()) {
    *UNDERWAY.lock().expect("nobody panics with it") = Some(course);
    run();
    *UNDERWAY.lock().expect("nobody panics with it") = None;
}

/// What is under way.
pub fn underway() -> String {
    UNDERWAY.lock().map_or_else(|_| String::new(), |course| format!("{:#?}", *course))
}

/// A length from 1 to [`MAX_CALL_LEN`], the short ones as often as the long.
pub fn call_len(random: &mut fastrand::Rng) -> usize {
    let most = MAX_CALL_LEN >> random.u32(..16);
    random.usize(1..=most)
}

/// Whether something happens that does so one time in `every`.
pub fn happens(random: &mut fastrand::Rng, every: u32) -> bool {
    every != u32::MAX && random.u32(..every) == 0
}

/// All bytes that were received and checked, of all connections.
pub static MOVED: AtomicU64 = AtomicU64::new(0);

/// One direction of a connection: a stream of bytes, each of which its position tells.
pub struct Lane {
    seed: u64,
    position: u64,
    len: u64,
    /// The bytes from `position` on, as far as they were made.
    bytes: Vec<u8>,
}

impl Lane {
    /// What comes from the end with this role.
    fn from(role: Role, len: u64) -> Self {
        let seed = if role == Role::Client { 0 } else { 1 << 60 };
        Self { seed, position: 0, len, bytes: vec![0; MAX_CALL_LEN + 8] }
    }

    pub fn is_done(&self) -> bool {
        self.position == self.len
    }

    /// The next `len` bytes, or what is left.
    pub fn next(&mut self, len: usize) -> &[u8] {
        let left = usize::try_from(self.len - self.position).unwrap_or(usize::MAX);
        let len = len.min(left);
        let skipped = (self.position % 8) as usize;
        for (word, chunk) in (self.position / 8..).zip(self.bytes[..skipped + len].chunks_mut(8)) {
            let mut mixed = (word ^ self.seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed ^= mixed >> 29;
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
        &self.bytes[skipped..skipped + len]
    }

    /// Goes on by `len` bytes, which were written.
    pub fn advance(&mut self, len: usize) {
        assert!(len > 0, "something was written, and nothing taken");
        self.position += len as u64;
    }

    /// Checks what was read.
    pub fn check(&mut self, received: &[u8]) {
        let position = self.position;
        let expected = self.next(received.len());
        assert!(received.len() <= expected.len(), "{} bytes too many", received.len() - expected.len());
        let wrong = received.iter().zip(expected).position(|(one, other)| one != other);
        assert!(wrong.is_none(), "byte {} is another", position + wrong.unwrap_or(0) as u64);
        self.position += received.len() as u64;
        MOVED.fetch_add(received.len() as u64, Ordering::Relaxed);
    }

    /// Checks that the end comes where it belongs.
    pub fn check_end(&self) {
        assert!(self.is_done(), "the end comes after {} of {} bytes", self.position, self.len);
    }
}
