//! What is left in memory when a secret is gone: nothing. The one test that looks where it may not, hence `unsafe`.

use crate::common::{Repeatable, encapsulate, provider, ready, scripted};
use ccm::consts::U12;
use core::mem::MaybeUninit;
use saitls_core::codes::{CipherSuite, NamedGroup};
use saitls_core::crypto::{Aead as _, KeyExchange as _};
use saitls_core::secret::SecretBytes;
use saitls_rustcrypto::adapters::AeadOf;
use saitls_rustcrypto::{Aead, Hash, KeyExchange, RustCrypto, Secret, SigningKey};

/// The memory of a value after it was dropped.
fn after_drop<T>(value: T) -> Vec<u8> {
    let mut place = Box::new(MaybeUninit::new(value));
    // SAFETY: the value is initialised, and nobody uses it again. Its bytes are read as bytes that may be anything;
    // padding, which may be uninitialised, is why this is no test for Miri.
    unsafe {
        place.assume_init_drop();
        let bytes = (&raw const *place).cast::<u8>();
        (0..size_of::<T>()).map(|at| bytes.add(at).read_volatile()).collect()
    }
}

/// The memory of a value as it stands.
fn memory<T>(value: &T) -> Vec<u8> {
    let bytes = core::ptr::from_ref(value).cast::<u8>();
    // SAFETY: the bytes are those of a value that is there; as in `after_drop`, they may be anything.
    (0..size_of::<T>()).map(|at| unsafe { bytes.add(at).read_volatile() }).collect()
}

/// Whether 8 bytes of a secret in a row are in memory.
fn shows(memory: &[u8], secret: &[u8]) -> bool {
    secret.windows(8).any(|part| memory.windows(8).any(|place| place == part))
}

#[test]
fn the_search_finds_what_is_not_wiped() {
    let secret = *b"0123456789abcdef";
    assert!(shows(&after_drop(secret), &secret));
    assert!(!shows(&after_drop(SecretBytes::new(&secret).unwrap()), &secret));
}

#[test]
fn a_private_key_is_not_left_in_memory() {
    for (der, secret) in [
        (&include_bytes!("data/p256.pkcs8.der")[..], 36..68),
        (include_bytes!("data/p384.pkcs8.der"), 35..83),
        (include_bytes!("data/p521.pkcs8.der"), 35..101),
        (include_bytes!("data/ed25519.pkcs8.der"), 16..48),
    ] {
        let key = SigningKey::from_pkcs8_der(der).unwrap();
        assert!(!shows(&after_drop(key), &der[secret]));
    }
}

/// Whether 8 digits of any of these secrets in a row are in memory, whichever end of a number comes first.
fn any_shows(memory: &[u8], secrets: &[Vec<u8>]) -> bool {
    secrets
        .iter()
        .any(|secret| shows(memory, secret) || shows(memory, &secret.iter().rev().copied().collect::<Vec<_>>()))
}

/// The secrets that a client's and a server's exchange of each group draw, and the lengths of them.
const DRAWN: [(NamedGroup, &[usize], &[usize]); 6] = [
    (NamedGroup::X25519, &[32], &[32]),
    (NamedGroup::SECP256R1, &[32], &[32]),
    (NamedGroup::SECP384R1, &[48], &[48]),
    (NamedGroup::SECP521R1, &[66], &[66]),
    (NamedGroup::X25519MLKEM768, &[32, 64], &[32, 32]),
    (NamedGroup::SECP256R1MLKEM768, &[32, 64], &[32, 32]),
];

/// Secrets of these lengths that are in range as private keys, and different for each `seed`.
fn secrets(lens: &[usize], seed: u8) -> Vec<Vec<u8>> {
    let digit = |part: usize, at: usize| (part * 101 + at * 37) as u8 ^ seed;
    // The order of P-521 has one bit in its first byte.
    let mask = |len, at| if (len, at) == (66, 0) { 1 } else { 0x7f };
    lens.iter().enumerate().map(|(part, &len)| (0..len).map(|at| digit(part, at) & mask(len, at)).collect()).collect()
}

/// A client's exchange, and what it drew. It starts before that is drawn: what lies between its fields is older.
fn client(group: NamedGroup, lens: &[usize], seed: u8) -> (Box<KeyExchange>, Vec<Vec<u8>>, Vec<u8>) {
    let drawn = secrets(lens, seed);
    let mut exchange = Box::new(KeyExchange::start(&mut provider(), group).unwrap());
    let mut share = [0; 2048];
    let len = ready(exchange.poll_generate(&mut scripted(&drawn.concat()), &mut share)).unwrap();
    assert!(
        drawn.iter().all(|part| any_shows(&memory(&*exchange), std::slice::from_ref(part))),
        "{group}: the search is blind"
    );
    (exchange, drawn, share[..len].to_vec())
}

#[test]
fn a_key_of_an_exchange_is_not_left_in_its_place_when_it_was_used() {
    for (group, lens, _) in DRAWN {
        let (mut exchange, drawn, share) = client(group, lens, 3);
        let (peer_share, _) = encapsulate(&mut provider(), group, &share).unwrap();
        assert!(ready(exchange.poll_decapsulate(&mut provider(), &peer_share)).is_ok());
        assert!(!any_shows(&memory(&*exchange), &drawn), "{group}");
        assert!(!any_shows(&after_drop(*exchange), &drawn), "{group}, dropped");
    }
}

#[test]
fn a_key_of_an_exchange_is_not_left_in_its_place_when_it_was_not_used() {
    for (group, lens, _) in DRAWN {
        // Dropped, also after its share was written a second time.
        let (mut exchange, drawn, share) = client(group, lens, 5);
        let mut again = vec![0; share.len()];
        assert!(ready(exchange.poll_generate(&mut provider(), &mut again)).is_ok());
        assert!(!any_shows(&after_drop(*exchange), &drawn), "{group}, dropped");
        // Refused is what the peer sent: shares of a wrong length, and ones of which either half is bad.
        let (peer_share, _) = encapsulate(&mut provider(), group, &share).unwrap();
        let refused = [vec![], vec![0; peer_share.len()], peer_share[1..].to_vec()];
        for (seed, bad) in (7..).zip(refused) {
            let (mut exchange, drawn, _) = client(group, lens, seed);
            assert!(ready(exchange.poll_decapsulate(&mut provider(), &bad)).is_err(), "{group}");
            assert!(!any_shows(&memory(&*exchange), &drawn), "{group}, {} bytes refused", bad.len());
        }
    }
}

#[test]
fn a_key_of_a_server_is_not_left_in_its_exchange() {
    for (group, client_lens, lens) in DRAWN {
        let (_, _, peer_share) = client(group, client_lens, 11);
        let drawn = secrets(lens, 13);
        let mut exchange = Box::new(KeyExchange::start(&mut provider(), group).unwrap());
        let mut share = [0; 2048];
        assert!(ready(exchange.poll_encapsulate(&mut scripted(&drawn.concat()), &peer_share, &mut share)).is_ok());
        assert!(!any_shows(&memory(&*exchange), &drawn), "{group}");
        assert!(!any_shows(&after_drop(*exchange), &drawn), "{group}, dropped");
    }
}

/// Each by itself: in an [`Aead`], which has room for the largest of them, a smaller one is followed by what was on the
/// stack, and that nobody can wipe.
#[test]
fn a_record_key_is_not_left_in_memory() {
    fn check<A: aead::AeadInOut<NonceSize = U12> + aead::KeyInit, const SUITE: u16>() {
        let suite = CipherSuite(SUITE);
        let key: Vec<u8> = (0..suite.key_len()).map(|at| (at * 37 + 5) as u8).collect();
        let keyed = AeadOf::<A, SUITE>::from_key(&mut RustCrypto(Repeatable(3)), suite, &key).unwrap();
        assert!(!shows(&after_drop(keyed), &key), "{suite}");
    }
    check::<aes_gcm::Aes128Gcm, 0x1301>();
    check::<aes_gcm::Aes256Gcm, 0x1302>();
    check::<chacha20poly1305::ChaCha20Poly1305, 0x1303>();
    check::<ccm::Ccm<aes::Aes128, ccm::consts::U16, U12>, 0x1304>();
    check::<ccm::Ccm<aes::Aes128, ccm::consts::U8, U12>, 0x1305>();
}

/// Whether a type has `Debug`: the inherent constant is taken if there is one.
struct Type<T>(core::marker::PhantomData<T>);

trait Otherwise {
    const HAS_DEBUG: bool = false;
}

impl<T> Otherwise for Type<T> {}

impl<T: core::fmt::Debug> Type<T> {
    const HAS_DEBUG: bool = true;
}

#[test]
fn nothing_secret_can_be_printed() {
    const { assert!(Type::<[u8; 4]>::HAS_DEBUG) };
    const { assert!(!Type::<SecretBytes>::HAS_DEBUG) };
    const { assert!(!Type::<Secret>::HAS_DEBUG) };
    const { assert!(!Type::<Aead>::HAS_DEBUG) };
    const { assert!(!Type::<Hash>::HAS_DEBUG) };
    const { assert!(!Type::<KeyExchange>::HAS_DEBUG) };
    const { assert!(!Type::<SigningKey>::HAS_DEBUG) };
}
