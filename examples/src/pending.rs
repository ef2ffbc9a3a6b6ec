//! `--provider pending`, for tests: RustCrypto, but every slow operation is pending a few times.

use rustls_pki_types::PrivateKeyDer;
use saitls::rustcrypto::SigningKey;
use saitls_conformance::Instrumented;
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::Signer;
use saitls_core::error::Result;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use crate::backend::{Backend, RustCrypto};

/// How often.
const PENDS: u32 = 3;

/// The provider.
pub type Pending = Instrumented<RustCrypto>;

/// A private key for it.
pub struct PendingKey {
    key: SigningKey,
    polls: AtomicU32,
}

impl Signer<Pending> for PendingKey {
    fn schemes(&self) -> &[SignatureScheme] {
        self.key.schemes()
    }

    fn poll_sign(
        &self,
        provider: &mut Pending,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<Result<usize>> {
        if self.polls.fetch_add(1, Ordering::Relaxed) % (PENDS + 1) < PENDS {
            return Poll::Pending;
        }
        self.key.poll_sign(&mut provider.inner, scheme, message, signature)
    }
}

impl Backend for Pending {
    type SigningKey = PendingKey;

    fn start() -> Self {
        Self { pends: PENDS, ..Self::new(RustCrypto::os()) }
    }

    fn load_key(der: &PrivateKeyDer<'_>) -> Result<PendingKey> {
        RustCrypto::load_key(der).map(|key| PendingKey { key, polls: AtomicU32::new(0) })
    }

    fn matches(key: &PendingKey, subject_public_key_info: &[u8]) -> bool {
        RustCrypto::matches(&key.key, subject_public_key_info)
    }
}
