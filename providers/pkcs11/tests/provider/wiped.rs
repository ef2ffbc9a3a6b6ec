//! What is left in the memory of the process.

use crate::peers::software;
use crate::tokens::{open, with_each};
use saitls_core::codes::HashAlgorithm::Sha256;
use saitls_core::crypto::{Label, Secret};
use saitls_pkcs11::TokenSecret;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The system's allocator, which looks into what is given back.
struct Watched;

/// What is looked for; nothing if it is 0.
static WANTED: AtomicU64 = AtomicU64::new(0);
static FOUND: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Watched = Watched;

#[allow(unsafe_code)]
// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as it was called. What is given out is written to, so that old contents are not found twice.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        let wanted = WANTED.load(Ordering::Relaxed);
        if wanted != 0 {
            // SAFETY: all of it was written when it was given out.
            let block = unsafe { std::slice::from_raw_parts(at, layout.size()) };
            let is_there = block.windows(8).any(|window| window == wanted.to_ne_bytes());
            FOUND.fetch_add(usize::from(is_there), Ordering::Relaxed);
        }
        // SAFETY: as it was called.
        unsafe { System.dealloc(at, layout) }
    }
}

/// How often memory is given back with these bytes in it while something is done.
fn found(bytes: [u8; 8], f: impl FnOnce()) -> usize {
    FOUND.store(0, Ordering::Relaxed);
    WANTED.store(u64::from_ne_bytes(bytes), Ordering::Relaxed);
    f();
    WANTED.store(0, Ordering::Relaxed);
    FOUND.load(Ordering::Relaxed)
}

/// What goes into the token, or comes out of it for the application, is left nowhere on the way.
#[test]
fn no_copy_is_left_behind() {
    with_each("wiped::no_copy_is_left_behind", |uri| {
        assert_eq!(found([7; 8], || drop(vec![7u8; 40])), 1);
        let mut provider = open(uri);
        let bytes: [u8; 32] = std::array::from_fn(|at| 0xa0 ^ at as u8);
        let mut imported = None;
        let times = found(*bytes.first_chunk().unwrap(), || {
            imported = Some(TokenSecret::import(&mut provider, &bytes).unwrap());
        });
        assert_eq!(times, 0, "the secret that was imported");
        let reference = &mut software();
        let secret = saitls_rustcrypto::Secret::import(reference, &bytes).unwrap();
        let (mut expected, mut exported) = ([0; 40], [0; 40]);
        secret.export(reference, Sha256, &Label::tls13(b"exporter"), b"context", &mut expected).unwrap();
        let times = found(*expected.first_chunk().unwrap(), || {
            let told =
                imported.unwrap().export(&mut provider, Sha256, &Label::tls13(b"exporter"), b"context", &mut exported);
            told.unwrap();
        });
        assert_eq!(exported, expected);
        assert_eq!(times, 0, "the keying material that was exported");
    });
}
