//! One value, several users: what a mutex or a `RefCell` has in common, and providers that several streams use.

use core::cell::RefCell;
use saitls_core::crypto::CryptoProvider;

/// A value that several owners use in turn: a `RefCell`, a mutex, or a reference to one.
///
/// Implement it for a mutex of your own system, on a type of yours around it:
///
/// ```
/// use core::cell::RefCell;
/// use saitls::stream::Share;
///
/// /// Stands for a mutex that switches interrupts off.
/// struct CriticalSection<T>(RefCell<T>);
///
/// impl<T> Share for CriticalSection<T> {
///     type Target = T;
///     fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
///         f(&mut self.0.borrow_mut())
///     }
/// }
/// ```
pub trait Share {
    /// What is shared.
    type Target;

    /// Lends the value to `f`, and to nobody else meanwhile.
    ///
    /// `f` computes, for as long as a handshake's slowest operation takes, and waits for nothing.
    fn with<R>(&self, f: impl FnOnce(&mut Self::Target) -> R) -> R;
}

impl<T> Share for RefCell<T> {
    type Target = T;

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.borrow_mut())
    }
}

impl<S: Share> Share for &S {
    type Target = S::Target;

    fn with<R>(&self, f: impl FnOnce(&mut S::Target) -> R) -> R {
        (**self).with(f)
    }
}

#[cfg(feature = "std")]
impl<T> Share for std::sync::Mutex<T> {
    type Target = T;

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[cfg(feature = "alloc")]
impl<S: Share> Share for alloc::rc::Rc<S> {
    type Target = S::Target;

    fn with<R>(&self, f: impl FnOnce(&mut S::Target) -> R) -> R {
        (**self).with(f)
    }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl<S: Share> Share for alloc::sync::Arc<S> {
    type Target = S::Target;

    fn with<R>(&self, f: impl FnOnce(&mut S::Target) -> R) -> R {
        (**self).with(f)
    }
}

/// Where a stream has its provider from: the provider itself, or [`Shared`].
pub trait LendProvider {
    /// The provider.
    type Provider: CryptoProvider;

    /// Lends the provider to `f`.
    fn lend<R>(&mut self, f: impl FnOnce(&mut Self::Provider) -> R) -> R;
}

impl<P: CryptoProvider> LendProvider for P {
    type Provider = P;

    fn lend<R>(&mut self, f: impl FnOnce(&mut P) -> R) -> R {
        f(self)
    }
}

/// One provider for several streams, such as a board with one AES engine: `Shared(&cell)`, where the cell is a
/// `RefCell`, a mutex, or whatever else implements [`Share`].
///
/// ```
/// # use saitls::stream::{LendProvider, Shared};
/// # use saitls::protocol::crypto::CryptoProvider;
/// # use core::cell::RefCell;
/// # fn two_streams<P: CryptoProvider>(board: P) {
/// let board = RefCell::new(board);
/// let (mut first, mut second) = (Shared(&board), Shared(&board));   // each for a stream
/// let _ = first.lend(|board| board.fill_random(&mut [0; 32]));
/// let _ = second.lend(|board| board.fill_random(&mut [0; 32]));
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Shared<S>(pub S);

impl<S: Share<Target: CryptoProvider>> LendProvider for Shared<S> {
    type Provider = S::Target;

    fn lend<R>(&mut self, f: impl FnOnce(&mut S::Target) -> R) -> R {
        self.0.with(f)
    }
}
