//! Verification: ECDSA on P-256 with SHA-256 on the public-key accelerator.

use super::Ticket;
use crate::Devices;
use crate::hal::{Answer, Request};
use core::task::{Poll, ready};
use p256::ecdsa::Signature;
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::{CryptoProvider, Hash, SignatureAlgorithm, SignatureVerifier};
use saitls_core::{CertificateFault, Error, PeerFault, ProviderFault, Result};

/// One verification.
pub struct PkaVerifier {
    ticket: Ticket,
    hash: Option<[u8; 32]>,
}

impl<P: CryptoProvider + AsMut<Devices>> SignatureVerifier<P> for PkaVerifier {
    fn supports(algorithm: SignatureAlgorithm) -> bool {
        algorithm == SignatureAlgorithm::EcdsaP256Sha256
    }

    fn start(provider: &mut P, algorithm: SignatureAlgorithm) -> Result<Self> {
        if algorithm != SignatureAlgorithm::EcdsaP256Sha256 {
            return Err(ProviderFault::Unsupported.into());
        }
        Ok(Self { ticket: provider.as_mut().pka.ticket(), hash: None })
    }

    fn poll_verify(&mut self, provider: &mut P, key: &[u8], message: &[u8], signature: &[u8]) -> Poll<Result<()>> {
        let key: [u8; 65] = key.try_into().map_err(|_| CertificateFault::Unsupported)?;
        // The accelerator wants `r || s`; TLS and certificates have it in DER.
        let signature = Signature::from_der(signature).map_err(|_| PeerFault::BadSignature)?.to_bytes().into();
        let hash = match self.hash {
            Some(hash) => hash,
            None => {
                // With whatever hash the provider has: its SHA engine, or software.
                let mut running = P::Hash::start(provider, HashAlgorithm::Sha256)?;
                running.update(provider, message)?;
                let hash = running.finish(provider)?;
                *self.hash.insert(hash.as_bytes().try_into().map_err(|_| Error::Internal)?)
            }
        };
        Poll::Ready(match ready!(provider.as_mut().pka.poll(self.ticket, || Request::Verify(key, hash, signature))) {
            Answer::Verdict(true) => Ok(()),
            Answer::Verdict(false) => Err(PeerFault::BadSignature.into()),
            _ => Err(CertificateFault::Unsupported.into()),
        })
    }
}
