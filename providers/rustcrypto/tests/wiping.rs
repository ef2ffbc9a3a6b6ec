//! What is left in memory when a secret is gone: nothing. The one test that looks where it may not, hence `unsafe`.

use crate::common::Repeatable;
use ccm::consts::U12;
use core::mem::MaybeUninit;
use saitls_core::codes::CipherSuite;
use saitls_core::crypto::Aead as _;
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
        (include_bytes!("data/ed25519.pkcs8.der"), 16..48),
    ] {
        let key = SigningKey::from_pkcs8_der(der).unwrap();
        assert!(!shows(&after_drop(key), &der[secret]));
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
