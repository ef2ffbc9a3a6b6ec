//! The place of a key, and what stands there before there is one.

use super::Protection;
use crate::codes::NamedGroup;
use crate::crypto::{CryptoProvider, KeyExchange};
use crate::error::{Error, Result};
use crate::limits::MAX_KEY_SHARES;

/// A key agreement that was begun.
pub(crate) struct Share<P: CryptoProvider> {
    pub(crate) group: NamedGroup,
    pub(crate) exchange: P::KeyExchange,
}

/// The agreements of a ClientHello, or the one of a server.
type Shares<P> = [Option<Share<P>>; MAX_KEY_SHARES];

/// The key of one direction. Until that of what is received is installed, its room is that of the agreements which lead to it:
/// they are not needed at the same time, and a connection is smaller. (What is sent has no agreements; it shares this type,
/// and with it the code that installs keys.)
pub(crate) enum Keys<P: CryptoProvider> {
    None,
    Agreeing(Shares<P>),
    Installed(Protection<P>),
}

impl<P: CryptoProvider> Keys<P> {
    /// Begins an agreement for each group, in place of those before.
    ///
    /// # Errors
    /// [`Error::Internal`] where a key is installed: it stays.
    #[inline(never)]
    pub(super) fn agree(&mut self, provider: &mut P, groups: &[Option<NamedGroup>]) -> Result<()> {
        if self.installed().is_some() {
            return Err(Error::Internal);
        }
        *self = Self::Agreeing([const { None }; MAX_KEY_SHARES]);
        for (slot, group) in self.shares().iter_mut().zip(groups) {
            if let &Some(group) = group {
                *slot = Some(Share { group, exchange: P::KeyExchange::start(provider, group)? });
            }
        }
        Ok(())
    }

    /// The key, once it is installed.
    pub(super) const fn installed(&self) -> Option<&Protection<P>> {
        match self {
            Self::Installed(keys) => Some(keys),
            _ => None,
        }
    }

    /// As [`installed`](Self::installed), to be used.
    pub(super) const fn installed_mut(&mut self) -> Option<&mut Protection<P>> {
        match self {
            Self::Installed(keys) => Some(keys),
            _ => None,
        }
    }

    /// The agreements, as long as no key is installed.
    pub(super) fn shares(&mut self) -> &mut [Option<Share<P>>] {
        match self {
            Self::Agreeing(shares) => shares,
            _ => &mut [],
        }
    }
}
