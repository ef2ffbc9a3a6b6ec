//! Key agreement.

use super::{Broken, Held, Mutation, Secret};
use saitls_conformance::Random;
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::{self, Secret as _};
use saitls_core::{Error, PeerFault, ProviderFault, Result};
use saitls_rustcrypto as real;
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;

/// As many exchanges as a chip may hold.
const SLOTS: u32 = 10;

pub(crate) struct KeyExchange {
    inner: Held<real::KeyExchange>,
    group: NamedGroup,
    generated: u32,
    agreed: u32,
    slots: Rc<Cell<u32>>,
    blocks: bool,
}

impl Drop for KeyExchange {
    fn drop(&mut self) {
        if !self.blocks {
            self.slots.set(self.slots.get() - 1);
        }
    }
}

impl KeyExchange {
    /// What comes of a result that is right.
    fn spoil<T>(provider: &Broken, result: Result<T>) -> Result<T> {
        match result {
            Err(Error::TransmitBufferTooSmall(_)) if provider.is(Mutation::SmallBufferIsFailure) => {
                Err(ProviderFault::CryptoFailed.into())
            }
            result => result,
        }
    }

    fn begin(&mut self, provider: &mut Broken) {
        if provider.is(Mutation::PrivateKeyIsFixed) {
            provider.random = Random::seeded(1);
        }
    }
}

impl crypto::KeyExchange<Broken> for KeyExchange {
    fn supports(group: NamedGroup) -> bool {
        <real::KeyExchange as crypto::KeyExchange<Broken>>::supports(group)
    }

    fn start(provider: &mut Broken, group: NamedGroup) -> Result<Self> {
        let inner = match real::KeyExchange::start(provider, group) {
            Err(_) if provider.is(Mutation::UnsupportedGroupFails) => return Err(ProviderFault::CryptoFailed.into()),
            inner => Held::new(inner?, provider.is(Mutation::PrivateKeyIsNotWiped)),
        };
        let slots = provider.exchanges.clone();
        if slots.get() == SLOTS {
            return Err(ProviderFault::CryptoFailed.into());
        }
        slots.set(slots.get() + 1);
        let blocks = provider.is(Mutation::AbandonedExchangeBlocks);
        Ok(Self { inner, group, generated: 0, agreed: 0, slots, blocks })
    }

    fn poll_generate(&mut self, provider: &mut Broken, share: &mut [u8]) -> Poll<Result<usize>> {
        if provider.waits(&mut self.generated) {
            return Poll::Pending;
        }
        self.begin(provider);
        if provider.is(Mutation::ShareIsMadeAgain) {
            *self.inner = real::KeyExchange::start(provider, self.group)?;
        }
        let polled = self.inner.poll_generate(provider, share);
        polled.map(|result| Self::spoil(provider, result))
    }

    fn poll_decapsulate(&mut self, provider: &mut Broken, peer_share: &[u8]) -> Poll<Result<Secret>> {
        if provider.waits(&mut self.agreed) {
            return Poll::Pending;
        }
        let mut peer_share = peer_share.to_vec();
        if provider.is(Mutation::ExchangesShareTheirInput) {
            match provider.latch(&peer_share) {
                None => return Poll::Pending,
                Some(share) => peer_share = share,
            }
        }
        self.blocks = false;
        let polled = self.inner.poll_decapsulate(provider, &peer_share);
        if provider.is(Mutation::DecapsulatesWrongly) {
            return polled.map_ok(|_| Secret::import(provider, &[7; 32]).unwrap());
        }
        polled
    }

    fn poll_encapsulate(
        &mut self,
        provider: &mut Broken,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, Secret)>> {
        if provider.waits(&mut self.agreed) {
            return Poll::Pending;
        }
        self.begin(provider);
        self.blocks = false;
        let polled = self.inner.poll_encapsulate(provider, peer_share, share);
        match polled {
            Poll::Ready(Ok((len, _))) if provider.is(Mutation::EncapsulatesWrongly) => {
                Poll::Ready(Secret::import(provider, &[7; 32]).map(|secret| (len, secret)))
            }
            Poll::Ready(Err(Error::Peer(PeerFault::InvalidKeyShare))) if provider.is(Mutation::BadShareIsTaken) => {
                Poll::Ready(Secret::import(provider, &[0; 32]).map(|secret| (32, secret)))
            }
            polled => polled.map(|result| Self::spoil(provider, result)),
        }
    }
}
