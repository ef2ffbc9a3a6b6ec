//! How many ticks each operation with a secret takes, for many secrets: the least and the most, which should be the
//! same.
//!
//! Everything random is drawn before the clock starts. A signature is public, and so is how long its numbers are: those
//! of ECDSA are compared with those of the same lengths.

#![no_std]
#![no_main]

use core::hint::black_box;
use core::task::Poll;
use rand_core::{TryCryptoRng, TryRng};
use saitls_core::codes::{CipherSuite, HashAlgorithm, NamedGroup, SignatureScheme};
use saitls_core::crypto::{Aead, CryptoProvider, Hash, KeyExchange, Label, Secret, Signer};
use saitls_firmware::trng::Trng;
use saitls_firmware::{host, report, timer};
use saitls_rustcrypto::{RustCrypto, SigningKey};

type Provider = RustCrypto<Drawn>;
type Exchange = <Provider as CryptoProvider>::KeyExchange;
type Protection = <Provider as CryptoProvider>::Aead;
type Kept = <Provider as CryptoProvider>::Secret;

/// Secrets of each operation: as many that are random, and those of [`edge`].
const RANDOM: usize = 13;
const ALL: usize = RANDOM + 3;

saitls_firmware::entry!(main);

fn main() -> ! {
    timer::start();
    let random = &mut Trng::new().unwrap();
    exchange(random, NamedGroup::SECP256R1, ["P-256, generate", "P-256, agree"]);
    exchange(random, NamedGroup::X25519, ["X25519, generate", "X25519, agree"]);
    exchange(random, NamedGroup::SECP384R1, ["P-384, generate", "P-384, agree"]);
    let p256 = SignatureScheme::ECDSA_SECP256R1_SHA256;
    sign(random, SigningKey::generate_p256, p256, ["ECDSA P-256, load key", "ECDSA P-256, sign"]);
    let p384 = SignatureScheme::ECDSA_SECP384R1_SHA384;
    sign(random, SigningKey::generate_p384, p384, ["ECDSA P-384, load key", "ECDSA P-384, sign"]);
    sign(random, SigningKey::generate_ed25519, SignatureScheme::ED25519, ["Ed25519, load key", "Ed25519, sign"]);
    protect(random, 0x1301, ["AES-128-GCM, key", "AES-128-GCM, seal", "AES-128-GCM, open", "AES-128-GCM, refuse"]);
    protect(random, 0x1302, ["AES-256-GCM, key", "AES-256-GCM, seal", "AES-256-GCM, open", "AES-256-GCM, refuse"]);
    let names =
        ["ChaCha20-Poly1305, key", "ChaCha20-Poly1305, seal", "ChaCha20-Poly1305, open", "ChaCha20-Poly1305, refuse"];
    protect(random, 0x1303, names);
    protect(random, 0x1304, ["AES-128-CCM, key", "AES-128-CCM, seal", "AES-128-CCM, open", "AES-128-CCM, refuse"]);
    let names = ["HMAC-SHA-256", "HKDF-SHA-256, extract", "HKDF-SHA-256, expand", "HMAC-SHA-256, one shot"];
    derive(random, HashAlgorithm::Sha256, names);
    let names = ["HMAC-SHA-384", "HKDF-SHA-384, extract", "HKDF-SHA-384, expand", "HMAC-SHA-384, one shot"];
    derive(random, HashAlgorithm::Sha384, names);
    host::exit(true)
}

/// Random bytes that were drawn beforehand.
struct Drawn {
    bytes: [u8; 160],
    at: usize,
}

impl Drawn {
    /// The bytes of one attempt, the first of which are special: a number that is 1, one with its highest bit alone, or
    /// one with nearly all bits.
    fn new(random: &mut Trng, attempt: usize, len: usize) -> Self {
        let mut bytes = [0; 160];
        if random.try_fill_bytes(&mut bytes).is_err() {
            host::exit(false);
        }
        if let Some(secret) = bytes.get_mut(..len) {
            edge(secret, attempt);
        }
        Self { bytes, at: 0 }
    }
}

/// Secrets at the edges of what they may be, for the attempts after the random ones.
fn edge(secret: &mut [u8], attempt: usize) {
    let (first, rest, last) = match attempt.checked_sub(RANDOM) {
        Some(0) => (0, 0, 1),
        Some(1) => (0x80, 0, 0),
        Some(_) => (0x7f, 0xff, 0xff),
        None => return,
    };
    secret.fill(rest);
    if let [front, .., back] = secret {
        (*front, *back) = (first, last);
    }
}

/// All that was drawn is used.
type Exhausted = core::fmt::Error;

impl TryRng for Drawn {
    type Error = Exhausted;

    fn try_next_u32(&mut self) -> Result<u32, Exhausted> {
        Err(core::fmt::Error)
    }

    fn try_next_u64(&mut self) -> Result<u64, Exhausted> {
        Err(core::fmt::Error)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Exhausted> {
        let drawn = self.bytes.get(self.at..self.at + out.len()).ok_or(core::fmt::Error)?;
        out.copy_from_slice(drawn);
        self.at += out.len();
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

/// The least and the most ticks.
#[derive(Clone, Copy)]
struct Range(u32, u32);

impl Range {
    const NONE: Self = Self(u32::MAX, 0);

    fn add(&mut self, ticks: u32) {
        *self = Self(self.0.min(ticks), self.1.max(ticks));
    }

    fn print(self, name: &str, of_it: &str) {
        for (which, ticks) in [(" least", self.0), (" most", self.1)] {
            host::print(name);
            host::print(of_it);
            report::line(which, ticks);
        }
    }
}

/// The ticks that `work` takes. One place for all, out of line: they are measured alike.
#[inline(never)]
fn ticks(work: &mut dyn FnMut()) -> u32 {
    let before = timer::ticks();
    work();
    timer::ticks().wrapping_sub(before)
}

fn ready<T>(poll: Poll<T>) -> T {
    match poll {
        Poll::Ready(value) => value,
        Poll::Pending => panic!(),
    }
}

#[inline(never)]
fn exchange(random: &mut Trng, group: NamedGroup, names: [&str; 2]) {
    let len = if group == NamedGroup::SECP384R1 { 48 } else { 32 };
    // The peer's, always the same.
    let mut peer = [0; 97];
    let mut provider = RustCrypto(Drawn { bytes: [0x3c; 160], at: 0 });
    let mut other = Exchange::start(&mut provider, group).unwrap();
    let peer_len = ready(other.poll_generate(&mut provider, &mut peer)).unwrap();
    let mut ranges = [Range::NONE; 2];
    for attempt in 0..ALL {
        let mut provider = RustCrypto(Drawn::new(random, attempt, len));
        let mut exchange = Exchange::start(&mut provider, group).unwrap();
        let mut share = [0; 97];
        ranges[0].add(ticks(&mut || {
            ready(exchange.poll_generate(&mut provider, &mut share)).unwrap();
        }));
        ranges[1].add(ticks(&mut || {
            black_box(ready(exchange.poll_decapsulate(&mut provider, &peer[..peer_len])).is_ok());
        }));
    }
    ranges.into_iter().zip(names).for_each(|(range, name)| range.print(name, ""));
}

/// Which of four shapes a DER signature of numbers of `len` bytes has: each number with a zero in front or not, as its
/// highest bit says. `None` where a number is shorter, which is rare: each byte less has a shape of its own.
fn shape(signature: &[u8], len: usize) -> Option<usize> {
    let after_head = signature.get(2..)?;
    let (r, after_r) = is_long(after_head, len)?;
    let (s, _) = is_long(after_r, len)?;
    Some(usize::from(r) + 2 * usize::from(s))
}

/// Whether an INTEGER of `len` bytes has a zero in front; and what follows it.
fn is_long(der: &[u8], len: usize) -> Option<(bool, &[u8])> {
    let (head, rest) = der.split_at_checked(2)?;
    let (value, rest) = rest.split_at_checked(head[1].into())?;
    let is_long = value.len() == len + 1;
    (is_long || value.len() == len && value[0] != 0).then_some((is_long, rest))
}

#[inline(never)]
fn sign(
    random: &mut Trng,
    load: fn(&mut Provider) -> saitls_core::Result<SigningKey>,
    scheme: SignatureScheme,
    names: [&str; 2],
) {
    let len = if scheme == SignatureScheme::ECDSA_SECP384R1_SHA384 { 48 } else { 32 };
    let is_der = scheme != SignatureScheme::ED25519;
    let mut loading = Range::NONE;
    let mut classes = [Range::NONE; 4];
    for attempt in 0..ALL {
        let mut provider = RustCrypto(Drawn::new(random, attempt, len));
        let mut key = None;
        loading.add(ticks(&mut || key = load(&mut provider).ok()));
        let key = key.unwrap();
        let mut signature = [0; 112];
        let mut made = 0;
        let taken =
            ticks(&mut || made = ready(key.poll_sign(&mut provider, scheme, &[0x5a; 130], &mut signature)).unwrap());
        let class = if is_der { shape(&signature[..made], len) } else { Some(0) };
        if let Some(class) = class {
            classes[class].add(taken);
        }
    }
    loading.print(names[0], "");
    for (class, range) in classes.into_iter().enumerate().filter(|(_, range)| range.1 > 0) {
        let of_it = [", r and s short", ", r long", ", s long", ", r and s long"][class];
        range.print(names[1], if is_der { of_it } else { "" });
    }
}

#[inline(never)]
fn protect(random: &mut Trng, suite: u16, names: [&str; 4]) {
    let suite = CipherSuite(suite);
    let mut ranges = [Range::NONE; 4];
    for attempt in 0..ALL {
        let mut provider = RustCrypto(Drawn::new(random, attempt, 32));
        let mut record = [0; 96];
        record.copy_from_slice(&provider.0.bytes[32..128]);
        let (key, nonce) = (provider.0.bytes, [7; 12]);
        let mut aead = None;
        ranges[0].add(ticks(&mut || aead = Protection::from_key(&mut provider, suite, &key[..suite.key_len()]).ok()));
        let mut aead = aead.unwrap();
        ranges[1].add(ticks(&mut || aead.seal(&mut provider, &nonce, &[2; 5], &mut record).unwrap()));
        let sealed = record;
        ranges[2].add(ticks(&mut || aead.open(&mut provider, &nonce, &[2; 5], &mut record).unwrap()));
        // Whichever byte of the tag is wrong.
        record = sealed;
        record[80 + attempt % 16] ^= 1 << (attempt % 8);
        ranges[3].add(ticks(&mut || assert!(aead.open(&mut provider, &nonce, &[2; 5], &mut record).is_err())));
    }
    ranges.into_iter().zip(names).for_each(|(range, name)| range.print(name, ""));
}

#[inline(never)]
fn derive(random: &mut Trng, hash: HashAlgorithm, names: [&str; 4]) {
    let mut ranges = [Range::NONE; 4];
    for attempt in 0..ALL {
        let mut provider = RustCrypto(Drawn::new(random, attempt, 48));
        let bytes = provider.0.bytes;
        let provider = &mut provider;
        let len = hash.output_len();
        let secret = Kept::import(provider, &bytes[..len]).unwrap();
        let input = Kept::import(provider, &bytes[64..64 + len]).unwrap();
        ranges[0].add(ticks(&mut || {
            black_box(secret.mac(provider, hash, &[3; 48]).is_ok());
        }));
        ranges[1].add(ticks(&mut || {
            black_box(Kept::extract(provider, hash, Some(&secret), Some(&input)).is_ok());
        }));
        ranges[2].add(ticks(&mut || {
            black_box(secret.derive(provider, hash, &Label::tls13(b"c hs traffic"), &[3; 48]).is_ok());
        }));
        ranges[3].add(ticks(&mut || {
            black_box(<Provider as CryptoProvider>::Hash::hmac(provider, hash, &bytes[..len], &[&[3; 200]]).is_ok());
        }));
    }
    ranges.into_iter().zip(names).for_each(|(range, name)| range.print(name, ""));
}
