//! Key exchange: secp256r1 on the public-key accelerator.

use super::Ticket;
use crate::Devices;
use crate::hal::{Answer, Request};
use core::task::{Poll, ready};
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::{CryptoProvider, KeyExchange, Secret};
use saitls_core::error::ByteCount;
use saitls_core::secret::SecretBytes;
use saitls_core::{Error, PeerFault, ProviderFault, Result};

/// One agreement, and how far it has come.
pub struct PkaKeyExchange {
    ticket: Ticket,
    private_key: Option<SecretBytes>,
    public_key: Option<[u8; 65]>,
}

impl PkaKeyExchange {
    /// The private key, drawn at the first call.
    fn private_key<P: CryptoProvider>(&mut self, provider: &mut P) -> Result<[u8; 32]> {
        let key = match &self.private_key {
            Some(key) => key,
            None => {
                let mut key = SecretBytes::zeros(32)?;
                provider.fill_random(key.as_mut_bytes())?;
                self.private_key.insert(key)
            }
        };
        key.as_bytes().try_into().map_err(|_| Error::Internal)
    }

    fn poll_public_key<P>(&mut self, provider: &mut P) -> Poll<Result<[u8; 65]>>
    where
        P: CryptoProvider + AsMut<Devices>,
    {
        if let Some(point) = self.public_key {
            return Poll::Ready(Ok(point));
        }
        let key = self.private_key(provider)?;
        match ready!(provider.as_mut().pka.poll(self.ticket, || Request::PublicKey(key))) {
            Answer::Point(point) => Poll::Ready(Ok(*self.public_key.insert(point))),
            // One number in 2^32 is no private key: draw again, at the next poll.
            Answer::Invalid => {
                self.private_key = None;
                Poll::Pending
            }
            _ => Poll::Ready(Err(ProviderFault::CryptoFailed.into())),
        }
    }
}

impl<P: CryptoProvider + AsMut<Devices>> KeyExchange<P> for PkaKeyExchange {
    fn supports(group: NamedGroup) -> bool {
        group == NamedGroup::SECP256R1
    }

    fn start(provider: &mut P, group: NamedGroup) -> Result<Self> {
        if group != NamedGroup::SECP256R1 {
            return Err(ProviderFault::Unsupported.into());
        }
        Ok(Self { ticket: provider.as_mut().pka.ticket(), private_key: None, public_key: None })
    }

    fn poll_generate(&mut self, provider: &mut P, share: &mut [u8]) -> Poll<Result<usize>> {
        let room = share.get_mut(..65).ok_or(Error::TransmitBufferTooSmall(ByteCount::new(65)))?;
        room.copy_from_slice(&ready!(self.poll_public_key(provider))?);
        Poll::Ready(Ok(65))
    }

    fn poll_decapsulate(&mut self, provider: &mut P, peer_share: &[u8]) -> Poll<Result<P::Secret>> {
        let peer: [u8; 65] = peer_share.try_into().map_err(|_| PeerFault::InvalidKeyShare)?;
        let key = self.private_key(provider)?;
        match ready!(provider.as_mut().pka.poll(self.ticket, || Request::SharedSecret(key, peer))) {
            Answer::Secret(secret) => Poll::Ready(P::Secret::import(provider, &secret)),
            _ => Poll::Ready(Err(PeerFault::InvalidKeyShare.into())),
        }
    }

    fn poll_encapsulate(
        &mut self,
        provider: &mut P,
        peer: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, P::Secret)>> {
        let len = ready!(self.poll_generate(provider, share))?;
        self.poll_decapsulate(provider, peer).map_ok(|secret| (len, secret))
    }
}
