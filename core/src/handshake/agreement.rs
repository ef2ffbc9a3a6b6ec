//! Key agreements: the shares of a ClientHello, or the one of a server.
//!
//! They are [guests](crate::record::Carrier::guest) in the room of the key that comes of them.

use crate::codes::NamedGroup;
use crate::crypto::{CryptoProvider, KeyExchange};
use crate::error::{Error, Result};
use crate::limits::MAX_KEY_SHARES;
use crate::wire::Writer;
use crate::wire::extensions::KeyShareEntry;
use core::task::Poll;

/// A key agreement that was begun.
struct Share<P: CryptoProvider> {
    group: NamedGroup,
    exchange: P::KeyExchange,
}

/// The key agreements that were begun.
pub(crate) struct Agreements<P: CryptoProvider> {
    shares: [Option<Share<P>>; MAX_KEY_SHARES],
}

/// Key shares that are written already, while the next one is pending: each is asked for once.
#[derive(Clone, Copy)]
pub(super) struct Written {
    count: usize,
    /// Their length in bytes.
    pub(super) len: usize,
}

impl Written {
    pub(super) const NOTHING: Self = Self { count: 0, len: 0 };
}

impl<P: CryptoProvider> Agreements<P> {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "so that it is made where it will stay")]
    pub(crate) const fn none() -> Self {
        Self { shares: [None, None, None] }
    }

    /// Begins an agreement for each group, in place of those before.
    #[inline(never)]
    pub(super) fn begin(&mut self, provider: &mut P, groups: [Option<NamedGroup>; MAX_KEY_SHARES]) -> Result<()> {
        for (slot, group) in self.shares.iter_mut().zip(groups) {
            // It may have the one slot of a chip that the next one needs.
            *slot = None;
            *slot = match group {
                Some(group) => Some(Share { group, exchange: P::KeyExchange::start(provider, group)? }),
                None => None,
            };
        }
        Ok(())
    }

    /// Begins one agreement, in place of those before.
    pub(super) fn begin_one(&mut self, provider: &mut P, group: NamedGroup) -> Result<()> {
        self.begin(provider, [Some(group), None, None])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shares.iter().all(Option::is_none)
    }

    /// A client's shares, one behind the other at the front of `room`. `written` tells where it goes on, and at last
    /// their length, which may be more than there is room for.
    pub(super) fn poll_write(&mut self, provider: &mut P, room: &mut [u8], written: &mut Written) -> Poll<Result<()>> {
        for share in self.shares.iter_mut().flatten().skip(written.count) {
            let room = room.get_mut(written.len..).unwrap_or_default();
            let (front, key) = room.split_at_mut_checked(KeyShareEntry::FRONT_LEN).unwrap_or_default();
            let len = match share.exchange.poll_generate(provider, key) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(Error::TransmitBufferTooSmall(len))) => len.get(),
                Poll::Ready(len) => len?,
            };
            KeyShareEntry::write_front(&mut Writer::new(front), share.group, len);
            written.count = written.count.saturating_add(1);
            written.len = written.len.saturating_add(len).saturating_add(KeyShareEntry::FRONT_LEN);
        }
        Poll::Ready(Ok(()))
    }

    /// The agreement for a group.
    pub(super) fn find(&mut self, group: NamedGroup) -> Option<&mut P::KeyExchange> {
        let mut shares = self.shares.iter_mut().flatten();
        shares.find(|share| share.group == group).map(|share| &mut share.exchange)
    }
}
