//! One task that waits for one direction of one socket.

use core::task::Waker;

/// Room for a waker: the last one registered is woken, once.
#[derive(Debug, Default)]
pub(crate) struct WakerRegistration {
    waker: Option<Waker>,
}

impl WakerRegistration {
    /// Takes the place of the waker registered before.
    pub(crate) fn register(&mut self, waker: &Waker) {
        match &mut self.waker {
            Some(registered) => registered.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    /// Wakes the task, if one is registered.
    pub(crate) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
