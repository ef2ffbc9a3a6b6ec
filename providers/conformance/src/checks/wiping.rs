//! What is left of a value's memory when it is gone. The system lets a process read its own memory as a file
//! (`/proc/self/mem`), which is the one way to look at it that compilers and borrow rules say nothing about.

use super::{hashes, import, skip};
use crate::Conformance;
use crate::reference::{GROUPS, SUITES};
use crate::report::{Checked, OrFail, Stop, ensure};
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::{Aead, CryptoProvider, Hash, KeyExchange, Label, Secret};
use saitls_core::{Error, PeerFault};
use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Seek, SeekFrom};

/// As many bytes in a row are no coincidence.
const WINDOW: usize = 8;

fn read_memory(address: usize, len: usize) -> Result<Vec<u8>, Stop> {
    let mut bytes = vec![0; len];
    let read = || {
        let mut memory = File::open("/proc/self/mem")?;
        memory.seek(SeekFrom::Start(address as u64))?;
        memory.read_exact(&mut bytes)
    };
    match { read }() {
        Ok(()) => Ok(bytes),
        Err(error) => skip(&format!("the memory of the process cannot be read (/proc/self/mem): {error}")),
    }
}

/// The memory of a value before and after it is dropped where it stands.
fn across_drop<T>(value: T) -> Result<(Vec<u8>, Vec<u8>), Stop> {
    // A vector drops its elements where they stand, and keeps the memory.
    let mut place = vec![value];
    let (address, len) = (black_box(place.as_ptr()) as usize, size_of::<T>());
    let before = read_memory(address, len)?;
    black_box(&mut place).clear();
    let after = read_memory(address, len)?;
    drop(black_box(place));
    Ok((before, after))
}

/// What became of a secret whose value was dropped.
#[derive(PartialEq, Eq)]
enum Fate {
    /// It never stood in the value.
    Unseen,
    Wiped,
    Left,
}

/// How often a stretch of `secret`, in either order of its bytes, stands in `memory`.
fn count(memory: &[u8], secret: &[u8]) -> usize {
    let reversed: Vec<u8> = secret.iter().rev().copied().collect();
    let is_secret = |bytes: &[u8]| secret.windows(WINDOW).chain(reversed.windows(WINDOW)).any(|window| window == bytes);
    memory.windows(WINDOW).filter(|bytes| is_secret(bytes)).count()
}

/// Drops the value and looks for `secret` where it stood. Memory of a value that it does not use may hold stale copies,
/// from moves, which no program can wipe: only if as much of the secret is there as before, it was left.
fn fate_of<T>(secret: &[u8], value: T) -> Result<Fate, Stop> {
    let (before, after) = across_drop(value)?;
    Ok(match (count(&before, secret), count(&after, secret)) {
        (0, 0) => Fate::Unseen,
        (before, after) if after < before => Fate::Wiped,
        _ => Fate::Left,
    })
}

/// Secrets are gone with their value.
pub(super) fn secret<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let (mut cases, mut seen) = (0, 0);
    let mut look = |secret: P::Secret, bytes: &[u8], what: &str| {
        let fate = fate_of(bytes, secret)?;
        cases += 1;
        seen += usize::from(fate == Fate::Wiped);
        ensure!(fate != Fate::Left, "{what} stands in memory after it was dropped");
        Ok(())
    };
    for len in [16, 32, 48, 64] {
        let bytes = crate::random::bytes(len, 60);
        let imported = import(provider, &bytes)?;
        look(imported, &bytes, "an imported secret")?;
    }
    for hash in hashes::<P>() {
        let key = crate::random::bytes(hash.output_len(), 61);
        let derived =
            import(provider, &key)?.derive(provider, hash, &Label::tls13(b"derived"), b"").or_fail("derive")?;
        let bytes = crate::reference::expand_label(hash, &key, b"derived", b"", hash.output_len());
        look(derived, &bytes, "a derived secret")?;
    }
    if seen == 0 {
        return skip("secrets are not held in the value itself (a slot number, or a pointer): nothing to be seen");
    }
    Ok(cases)
}

/// Keys are gone with their value.
pub(super) fn aead<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let (mut cases, mut seen) = (0, 0);
    for suite in SUITES.into_iter().filter(|&suite| P::Aead::supports(suite) && P::Hash::supports(suite.hash())) {
        let secret = crate::random::bytes(suite.hash().output_len(), 62);
        let key = crate::reference::expand_label(suite.hash(), &secret, b"key", b"", suite.key_len());
        let secret = import(provider, &secret)?;
        let mut aead = P::Aead::from_secret(provider, suite, &secret, &Label::tls13(b"key")).or_fail("from_secret")?;
        aead.seal(provider, &[0; 12], b"", &mut [0; 100]).or_fail("seal")?;
        let fate = fate_of(&key, aead)?;
        seen += usize::from(fate == Fate::Wiped);
        ensure!(fate != Fate::Left, "{suite}: the key stands in memory after it was dropped");
        cases += 1;
    }
    if seen == 0 {
        return skip("keys are not held in the value itself (a slot number, or a pointer): nothing to be seen");
    }
    Ok(cases)
}

/// Private keys are gone with their exchange: before it was used, and after.
pub(super) fn key_exchange<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let (mut cases, mut seen) = (0, 0);
    for (group, ..) in GROUPS.into_iter().filter(|(group, ..)| P::KeyExchange::supports(*group)) {
        let len = match group {
            NamedGroup::X25519 | NamedGroup::SECP256R1 => 32,
            NamedGroup::SECP384R1 => 48,
            NamedGroup::SECP521R1 => 66,
            _ => continue,
        };
        // X25519 clamps the first and the last byte; numbers below the order begin with a small one.
        let mut private_key = crate::random::bytes(len, 64);
        private_key[0] = if group == NamedGroup::SECP521R1 { 1 } else { 0x10 };
        private_key[len - 1] = 0x50;
        let Some((_, exchange)) = subject.exchange(group, &private_key) else { continue };
        let fate = fate_of(&private_key, exchange)?;
        cases += 1;
        seen += usize::from(fate == Fate::Wiped);
        ensure!(fate != Fate::Left, "{group}: the private key stands in memory after it was dropped");

        let Some((mut provider, mut exchange)) = subject.exchange(group, &private_key) else { continue };
        let refused = crate::poll::ready(|| exchange.poll_decapsulate(&mut provider, &[]))?;
        ensure!(
            matches!(refused.err(), Some(Error::Peer(PeerFault::InvalidKeyShare))),
            "{group}: an empty share is taken"
        );
        ensure!(
            fate_of(&private_key, exchange)? != Fate::Left,
            "{group}: the private key stands in memory after it was used"
        );
        cases += 1;
    }
    match (cases, seen) {
        (0, _) => skip("no private keys can be set (with_private_keys, with_private_keys_as_drawn)"),
        (_, 0) => skip("private keys are not held in the value itself: nothing to be seen"),
        _ => Ok(cases),
    }
}
