//! Memory that a caller lends or gives.

use core::ops::{Deref, DerefMut};

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

/// A slice that is lent (`&mut [T]`) or, with the feature `alloc`, given (`Vec<T>`).
///
/// It is made by `From` and used as the slice it holds; functions that take one take `impl Into<Storage<..>>`.
///
/// ```
/// let mut lent = [0; 512];
/// let storage = saitls_core::Storage::from(&mut lent[..]);
/// assert_eq!(storage.len(), 512);
/// ```
#[derive(Debug)]
pub enum Storage<'a, T> {
    /// Lent.
    Borrowed(&'a mut [T]),
    /// Given.
    #[cfg(feature = "alloc")]
    Owned(Vec<T>),
}

impl<T> Storage<'_, T> {
    /// What there is; none is left in its place.
    pub(crate) fn take(&mut self) -> Self {
        core::mem::replace(self, Self::Borrowed(&mut []))
    }

    /// Puts `items` where there are none, or gives them back.
    pub(crate) fn put(&mut self, items: Self) -> Result<(), Self> {
        if !self.is_empty() {
            return Err(items);
        }
        *self = items;
        Ok(())
    }

    /// Appends `item`, or gives it back if the storage is lent: its length is fixed.
    ///
    /// # Errors
    /// The item.
    pub fn push(&mut self, item: T) -> Result<(), T> {
        match self {
            Self::Borrowed(_) => Err(item),
            #[cfg(feature = "alloc")]
            Self::Owned(items) => {
                items.push(item);
                Ok(())
            }
        }
    }
}

impl<T> Deref for Storage<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Borrowed(items) => items,
            #[cfg(feature = "alloc")]
            Self::Owned(items) => items,
        }
    }
}

impl<T> DerefMut for Storage<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::Borrowed(items) => items,
            #[cfg(feature = "alloc")]
            Self::Owned(items) => items,
        }
    }
}

impl<'a, T> From<&'a mut [T]> for Storage<'a, T> {
    fn from(items: &'a mut [T]) -> Self {
        Self::Borrowed(items)
    }
}

impl<'a, T, const N: usize> From<&'a mut [T; N]> for Storage<'a, T> {
    fn from(items: &'a mut [T; N]) -> Self {
        Self::Borrowed(items)
    }
}

#[cfg(feature = "alloc")]
impl<T> From<Vec<T>> for Storage<'_, T> {
    fn from(items: Vec<T>) -> Self {
        Self::Owned(items)
    }
}
