//! What is replaced while connections run, behind a spin lock that is held for a copy; on processors without an atomic
//! compare-and-swap it can be replaced by its owner alone.

#[cfg(target_has_atomic = "ptr")]
pub(super) struct Shared<T>(spin::Mutex<T>);
#[cfg(not(target_has_atomic = "ptr"))]
pub(super) struct Shared<T>(T);

impl<T> Shared<T> {
    pub(super) const fn new(value: T) -> Self {
        #[cfg(target_has_atomic = "ptr")]
        return Self(spin::Mutex::new(value));
        #[cfg(not(target_has_atomic = "ptr"))]
        return Self(value);
    }

    /// What `take` takes of it.
    pub(super) fn read<R>(&self, take: impl FnOnce(&T) -> R) -> R {
        #[cfg(target_has_atomic = "ptr")]
        return take(&self.0.lock());
        #[cfg(not(target_has_atomic = "ptr"))]
        return take(&self.0);
    }

    #[cfg(target_has_atomic = "ptr")]
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut self.0.lock())
    }

    pub(super) fn get_mut(&mut self) -> &mut T {
        #[cfg(target_has_atomic = "ptr")]
        return self.0.get_mut();
        #[cfg(not(target_has_atomic = "ptr"))]
        return &mut self.0;
    }
}
