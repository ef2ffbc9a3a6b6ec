//! Buffers for so many connections at a time.

use saitls_core::Buffers;

/// Lends buffers, and takes them back: a [`BufferPool`].
pub trait Pool<'a> {
    /// Buffers, if there are any left.
    fn take(&mut self) -> Option<Buffers<'a>>;

    /// Gives back what was [taken](Self::take).
    fn put(&mut self, buffers: Buffers<'a>);

    /// Whether all buffers are taken.
    fn is_empty(&self) -> bool;
}

/// Buffers for `N` connections at a time. The [module](super) has an example.
pub struct BufferPool<'a, const N: usize> {
    free: [Option<Buffers<'a>>; N],
}

impl<'a, const N: usize> BufferPool<'a, N> {
    /// A pool of these buffers.
    pub fn new(buffers: [Buffers<'a>; N]) -> Self {
        Self { free: buffers.map(Some) }
    }
}

impl<'a, const N: usize> Pool<'a> for BufferPool<'a, N> {
    fn take(&mut self) -> Option<Buffers<'a>> {
        self.free.iter_mut().find_map(Option::take)
    }

    fn put(&mut self, buffers: Buffers<'a>) {
        if let Some(slot) = self.free.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some(buffers);
        }
    }

    fn is_empty(&self) -> bool {
        self.free.iter().all(Option::is_none)
    }
}
