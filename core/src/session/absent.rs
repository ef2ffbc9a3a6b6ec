//! What stands in the place of sessions in a build without them: nothing, and no memory for it.

use crate::crypto::CryptoProvider;
use core::marker::PhantomData;
use core::task::Waker;

/// Something of a configuration that takes no memory.
type Absent<'a, P> = PhantomData<(&'a (), fn() -> P)>;

/// What a client does with sessions.
pub(crate) struct ClientSessions<'a, P: CryptoProvider>(Absent<'a, P>);

impl<P: CryptoProvider> ClientSessions<'_, P> {
    pub(crate) const fn none() -> Self {
        Self(PhantomData)
    }

    #[expect(clippy::unused_self, reason = "as where there are sessions")]
    pub(crate) const fn is_some(&self) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "as where there are sessions")]
    pub(crate) const fn requested(&self) -> Option<u8> {
        None
    }

    #[expect(clippy::unused_self, reason = "as where there are sessions")]
    pub(crate) const fn register_waker(&self, _: &mut P, _: &Waker) -> bool {
        false
    }
}
