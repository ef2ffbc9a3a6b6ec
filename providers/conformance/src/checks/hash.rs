//! Hash functions.

use super::hashes;
use crate::Conformance;
use crate::random::bytes;
use crate::reference;
use crate::report::{Checked, OrFail, ensure_eq};
use hex_literal::hex;
use saitls_core::codes::HashAlgorithm::{Sha256, Sha384};
use saitls_core::crypto::{CryptoProvider, Hash};

/// The examples of FIPS 180-4: nothing, "abc", and the message of two blocks of SHA-256.
pub(super) fn vectors<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    const TWO_BLOCKS: &[u8] = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    let vectors: [(_, &[u8], &[u8]); 6] = [
        (Sha256, b"", &hex!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")),
        (Sha256, b"abc", &hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
        (Sha256, TWO_BLOCKS, &hex!("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")),
        (
            Sha384,
            b"",
            &hex!("38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"),
        ),
        (
            Sha384,
            b"abc",
            &hex!("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"),
        ),
        (
            Sha384,
            TWO_BLOCKS,
            &hex!("3391fdddfc8dc7393707a65b1b4709397cf8b1d162af05abfe8f450de5f36bc6b0455a8520bc4e6f5fe95b1fe3c8452b"),
        ),
    ];
    let provider = &mut subject.provider();
    let mut cases = 0;
    for (hash, data, expected) in vectors.into_iter().filter(|(hash, ..)| P::Hash::supports(*hash)) {
        let mut running = P::Hash::start(provider, hash).or_fail("start")?;
        running.update(provider, data).or_fail("update")?;
        let digest = running.finish(provider).or_fail("finish")?;
        ensure_eq!(digest.as_bytes(), expected, "{hash:?} of {} bytes", data.len());
        cases += 1;
    }
    Ok(cases)
}

/// The same input gives the same hash however it is cut.
pub(super) fn pieces<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for hash in hashes::<P>() {
        for len in (0..=260).chain([511, 512, 513, 1000, 16_384, 100_003]) {
            let data = bytes(len, 1);
            let expected = reference::digest(hash, &data);
            for piece in [1, 7, 63, 64, 65, 127, 128, 129, 1 << 20] {
                if len / piece > 2000 {
                    continue;
                }
                let mut running = P::Hash::start(provider, hash).or_fail("start")?;
                for part in data.chunks(piece) {
                    running.update(provider, part).or_fail("update")?;
                    running.update(provider, b"").or_fail("update with nothing")?;
                }
                let digest = running.finish(provider).or_fail("finish")?;
                ensure_eq!(digest.as_bytes(), expected, "{hash:?} of {len} bytes in pieces of {piece}");
                cases += 1;
            }
        }
    }
    Ok(cases)
}

/// A snapshot is the hash so far, and changes nothing.
pub(super) fn snapshot<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let data = bytes(700, 2);
    let mut cases = 0;
    for hash in hashes::<P>() {
        for step in [1, 50, 64, 111, 128] {
            let mut running = P::Hash::start(provider, hash).or_fail("start")?;
            for end in (0..data.len()).step_by(step) {
                let expected = reference::digest(hash, &data[..end]);
                for time in ["first", "second"] {
                    let digest = running.snapshot(provider).or_fail("snapshot")?;
                    ensure_eq!(digest.as_bytes(), expected, "{time} snapshot of {hash:?} after {end} bytes");
                }
                let next = data.len().min(end + step);
                running.update(provider, &data[end..next]).or_fail("update after a snapshot")?;
                cases += 1;
            }
            let digest = running.finish(provider).or_fail("finish")?;
            ensure_eq!(digest.as_bytes(), reference::digest(hash, &data), "{hash:?} after snapshots");
        }
    }
    Ok(cases)
}

/// Hashes that run at the same time, one of them abandoned, do not meet: transcripts of several connections, and the
/// HMACs between their messages.
pub(super) fn interleaved<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let all: Vec<_> = hashes::<P>().collect();
    let mut running = Vec::new();
    for (at, hash) in all.iter().cycle().take(6).enumerate() {
        running.push((*hash, bytes(500 + at, 10 + at as u64), P::Hash::start(provider, *hash).or_fail("start")?));
    }
    for round in 0..50 {
        for (at, (hash, data, state)) in running.iter_mut().enumerate() {
            state.update(provider, &data[round * 10..(round + 1) * 10]).or_fail("update")?;
            if (round + at) % 7 == 0 {
                let digest = state.snapshot(provider).or_fail("snapshot")?;
                let expected = reference::digest(*hash, &data[..(round + 1) * 10]);
                ensure_eq!(digest.as_bytes(), expected, "{hash:?} number {at} among others");
            }
        }
        if round == 20 {
            running.pop();
        }
    }
    let cases = running.len();
    for (at, (hash, data, state)) in running.into_iter().enumerate() {
        let digest = state.finish(provider).or_fail("finish")?;
        ensure_eq!(digest.as_bytes(), reference::digest(hash, &data[..500]), "{hash:?} number {at} among others");
    }
    Ok(cases)
}

/// Hash and HMAC of joined parts, short and long.
pub(super) fn hmac<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for hash in hashes::<P>() {
        for len in (0..=300).chain([511, 512, 513, 5000]) {
            let data = bytes(len, 2);
            for pieces in [1, 2, 5] {
                let parts: Vec<&[u8]> = data.chunks(len.div_ceil(pieces).max(1)).chain([&[][..]]).collect();
                let digest = P::Hash::digest(provider, hash, &parts).or_fail("digest")?;
                ensure_eq!(digest.as_bytes(), reference::digest(hash, &data), "{hash:?}, {pieces} of {len} bytes");
                let key = bytes(len % (saitls_core::crypto::MAX_HMAC_KEY_LEN + 1), 3);
                let mac = P::Hash::hmac(provider, hash, &key, &parts).or_fail("hmac")?;
                let expected = reference::hmac(hash, &key, &data);
                ensure_eq!(mac.as_bytes(), expected, "HMAC with {hash:?}, {pieces} of {len} bytes");
                cases += 2;
            }
        }
    }
    Ok(cases)
}
