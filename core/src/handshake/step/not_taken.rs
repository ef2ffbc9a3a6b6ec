//! What stands in the place of a session in a build without them: nothing, and no memory for it.

use core::marker::PhantomData;

/// Room for a session.
pub(crate) struct SessionMemory<'a>(PhantomData<&'a ()>);

impl SessionMemory<'_> {
    pub(crate) const fn none() -> Self {
        Self(PhantomData)
    }

    #[expect(clippy::unused_self, reason = "as where there are sessions")]
    pub(super) const fn forget(&self) {}
}
