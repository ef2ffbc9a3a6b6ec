//! Signing: an ECDSA P-256 key that never leaves the secure element.

use crate::Devices;
use core::task::Poll;
use p256::ecdsa::Signature;
use saitls_core::codes::{HashAlgorithm, SignatureScheme};
use saitls_core::crypto::{CryptoProvider, Hash, Signer, write_to_front};
use saitls_core::{Error, ProviderFault, Result};

/// The key in one slot of the element.
pub struct ElementKey {
    slot: usize,
}

/// What the element is signing, and how often others have asked since its owner did: the provider keeps it, as keys are
/// shared by connections. The hash of the message says whose turn it is.
pub type Signing = Option<([u8; 32], u32)>;

/// How often others ask before a signature is taken for abandoned.
const PATIENCE: u32 = 1_000;

impl ElementKey {
    /// The key in this slot.
    #[must_use]
    pub const fn in_slot(slot: usize) -> Self {
        Self { slot }
    }
}

impl<P: CryptoProvider + AsMut<Devices>> Signer<P> for ElementKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &[SignatureScheme::ECDSA_SECP256R1_SHA256]
    }

    fn poll_sign(
        &self,
        provider: &mut P,
        scheme: SignatureScheme,
        message: &[u8],
        out: &mut [u8],
    ) -> Poll<Result<usize>> {
        if scheme != SignatureScheme::ECDSA_SECP256R1_SHA256 {
            return Poll::Ready(Err(ProviderFault::Unsupported.into()));
        }
        let mut running = P::Hash::start(provider, HashAlgorithm::Sha256)?;
        running.update(provider, message)?;
        let hash: [u8; 32] = running.finish(provider)?.as_bytes().try_into().map_err(|_| Error::Internal)?;
        let Devices { element, signing, .. } = provider.as_mut();
        match signing {
            Some((current, asked)) if *current == hash => *asked = 0,
            Some((_, asked)) if *asked < PATIENCE => {
                *asked += 1;
                return Poll::Pending;
            }
            _ => {
                element.start_sign(self.slot, &hash).map_err(|_| ProviderFault::CryptoFailed)?;
                *signing = Some((hash, 0));
            }
        }
        let Some(signature) = element.poll() else { return Poll::Pending };
        *signing = None;
        let der = Signature::from_slice(&signature).map_err(|_| ProviderFault::CryptoFailed)?.to_der();
        Poll::Ready(write_to_front(der.as_bytes(), out))
    }
}
