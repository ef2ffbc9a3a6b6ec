//! The parts of `examples/firmware` that are for no board alone, on the host: what any provider must pass, and what
//! they must refuse.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../firmware/src/accelerated.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is a module of the firmware, where boards use more of it")]
mod accelerated;
#[path = "../../firmware/src/sliced.rs"]
#[allow(unreachable_pub, reason = "it is a module of the firmware")]
mod sliced;

use accelerated::{Accelerated, MessageHasher, Messages};
use saitls_conformance::{Conformance, Outcome, Random};
use saitls_core::codes::{HashAlgorithm, SignatureScheme};
use saitls_core::crypto::{CryptoProvider, Hash, SignatureAlgorithm, SignatureVerifier, Signer};
use saitls_core::{CertificateFault, Error, PeerFault, ProviderFault};
use saitls_rustcrypto::{RustCrypto, SigningKey};
use sha2::{Digest as _, Sha256};
use sliced::{Sliced, SlicedVerifier};
use std::sync::atomic::AtomicU32;
use std::task::Poll;

/// Runs the checks of these prefixes; each of them must have had something to do.
fn conforms<P: CryptoProvider>(conformance: &Conformance<'_, P>, prefixes: &[&str]) {
    for prefix in prefixes {
        let report = conformance.run_only(prefix);
        report.assert();
        let passed = |(_, outcome): &(&str, Outcome)| matches!(outcome, Outcome::Passed(_));
        assert!(report.outcomes().iter().any(passed), "nothing of {prefix} was run: {report}");
    }
}

/// An engine that hashes whole messages; after so many it fails.
struct Engine(u32);

impl MessageHasher for Engine {
    fn sha256(&mut self, message: &[u8]) -> saitls_core::Result<[u8; 32]> {
        self.0 = self.0.checked_sub(1).ok_or(ProviderFault::CryptoFailed)?;
        Ok(Sha256::digest(message).into())
    }
}

type Board = Accelerated<Random, Engine>;

/// Room for so many messages of that length.
fn board(messages: usize, room: usize, engine: Engine) -> Board {
    let memory = vec![0; messages * room].leak();
    let taken = Box::leak(Box::new(AtomicU32::new(0)));
    Accelerated::new(Random::system(), Messages::new(engine, memory, room, taken))
}

fn start(board: &mut Board) -> saitls_core::Result<<Board as CryptoProvider>::Hash> {
    <Board as CryptoProvider>::Hash::start(board, HashAlgorithm::Sha256)
}

#[test]
fn accelerated_conforms() {
    let conformance = Conformance::new(|| board(8, 1 << 17, Engine(u32::MAX)));
    conforms(&conformance, &["offers/", "hash/", "secret/", "wiping/", "handshake/completes", "handshake/abandoned"]);
}

/// What the board of the example has: 8 kB for each of the messages of two connections.
#[test]
fn accelerated_needs_two_messages_for_a_connection() {
    let conformance = Conformance::new(|| board(2, 8_192, Engine(u32::MAX)));
    conforms(&conformance, &["handshake/completes"]);
}

#[test]
fn a_message_that_is_too_long_is_refused() {
    let mut board = board(1, 100, Engine(u32::MAX));
    let mut hash = start(&mut board).unwrap();
    hash.update(&mut board, &[7; 100]).unwrap();
    assert_eq!(hash.update(&mut board, &[7]), Err(ProviderFault::CryptoFailed.into()));
    // What came before is as it was.
    let digest = hash.finish(&mut board).unwrap();
    assert_eq!(digest.as_bytes(), &Sha256::digest([7; 100])[..]);
}

#[test]
fn more_hashes_than_there_is_room_for_are_refused_and_room_comes_back() {
    let mut board = board(2, 64, Engine(u32::MAX));
    let mut first = start(&mut board).unwrap();
    first.update(&mut board, b"first").unwrap();
    let mut second = start(&mut board).unwrap();
    second.update(&mut board, b"second").unwrap();
    assert_eq!(start(&mut board).err(), Some(Error::Provider(ProviderFault::CryptoFailed)));
    // Given up: what it left does not get into the next one.
    drop(first);
    let third = start(&mut board).unwrap();
    assert_eq!(third.finish(&mut board).unwrap().as_bytes(), &Sha256::digest(b"")[..]);
    assert_eq!(second.finish(&mut board).unwrap().as_bytes(), &Sha256::digest(b"second")[..]);
}

#[test]
fn an_engine_that_fails_is_an_error() {
    let mut board = board(1, 64, Engine(1));
    let mut hash = start(&mut board).unwrap();
    hash.snapshot(&mut board).unwrap();
    assert_eq!(hash.snapshot(&mut board).err(), Some(Error::Provider(ProviderFault::CryptoFailed)));
}

#[test]
fn sliced_conforms() {
    let conformance = Conformance::new(|| Sliced(Random::system())).with_random(Sliced).with_private_keys_as_drawn();
    conforms(&conformance, &["offers/", "verifier/", "wiping/", "handshake/completes", "handshake/abandoned"]);
}

/// Verifies to the end; how many polls that took.
fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> (saitls_core::Result<()>, usize) {
    type Provider = Sliced<Random>;
    let provider = &mut Sliced(Random::system());
    let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
    let mut verifier = <SlicedVerifier as SignatureVerifier<Provider>>::start(provider, algorithm).unwrap();
    for polls in 1.. {
        if let Poll::Ready(result) = verifier.poll_verify(provider, key, message, signature) {
            return (result, polls);
        }
    }
    unreachable!()
}

/// A key and a signature of it.
fn signed(message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let provider = &mut RustCrypto(Random::system());
    let key = SigningKey::generate_p256(provider).unwrap();
    let (mut public, mut signature) = (vec![0; 200], vec![0; 80]);
    let len = key.subject_public_key_info(&mut public).unwrap();
    public.truncate(len);
    let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
    let Poll::Ready(Ok(len)) = key.poll_sign(provider, scheme, message, &mut signature) else { panic!("no signature") };
    signature.truncate(len);
    (public.split_off(public.len() - 65), signature)
}

/// A DER INTEGER of these bytes.
fn integer(bytes: &[u8]) -> Vec<u8> {
    [&[2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

fn signature(r: &[u8], s: &[u8]) -> Vec<u8> {
    let content = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(content.len()).unwrap()], &content[..]].concat()
}

/// The order of the curve, as a positive INTEGER has it.
const ORDER: [u8; 33] = [
    0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
    0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

#[test]
fn sliced_takes_its_slices() {
    let (key, signature) = signed(b"message");
    assert_eq!(verify(&key, b"message", &signature), (Ok(()), 10));
    assert_eq!(verify(&key, b"massage", &signature), (Err(PeerFault::BadSignature.into()), 10));
}

#[test]
fn sliced_refuses_what_is_no_signature() {
    let (key, good) = signed(b"message");
    let refused = |signature: &[u8], what: &str| {
        assert_eq!(verify(&key, b"message", signature).0, Err(PeerFault::BadSignature.into()), "{what}");
    };
    for cut in 0..good.len() {
        refused(&good[..cut], "cut");
        refused(&[&good[..], &good[..=cut]].concat(), "more behind it");
    }
    for (index, bit) in (0..good.len()).flat_map(|index| (0..8).map(move |bit| (index, bit))) {
        let mut bad = good.clone();
        bad[index] ^= 1 << bit;
        refused(&bad, "a bit of it changed");
    }
    let mut below = ORDER;
    below[32] -= 1;
    let numbers: [&[u8]; 9] = [&[], &[0], &[1], &[0x80], &[0, 1], &ORDER, &below, &[0xff; 32], &[0x7f; 64]];
    for (r, s) in numbers.iter().flat_map(|r| numbers.map(|s| (r, s))) {
        refused(&signature(r, s), "an edge");
    }
}

#[test]
fn sliced_refuses_what_is_no_key() {
    let (good, signature) = signed(b"message");
    let refused = |key: &[u8], what: &str| {
        assert_eq!(verify(key, b"message", &signature).0, Err(CertificateFault::Unsupported.into()), "{what}");
    };
    for cut in 0..good.len() {
        refused(&good[..cut], "cut");
    }
    refused(&[&good[..], &[0]].concat(), "a byte behind it");
    refused(&[4; 65], "not on the curve");
    refused(&[0; 65], "zeros");
    refused(&[0], "infinity");
    let prime_and_more = [&[4][..], &[0xff; 64]].concat();
    refused(&prime_and_more, "coordinates that are no numbers of the field");
    for form in [0, 2, 3, 5, 6, 7] {
        refused(&[&[form], &good[1..]].concat(), "another form");
    }
    refused(&[&[2 + (good[64] & 1)], &good[1..33]].concat(), "compressed");
    // Another key is one, but not the one that signed.
    let (other, _) = signed(b"message");
    assert_eq!(verify(&other, b"message", &signature).0, Err(PeerFault::BadSignature.into()));
}
