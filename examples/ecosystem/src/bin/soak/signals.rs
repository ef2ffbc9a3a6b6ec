//! Timer signals that interrupt system calls: without SA_RESTART, calls fail with `Interrupted`.

use nix::sys::signal::{SaFlags, SigAction, SigEvent, SigHandler, SigSet, SigevNotify, Signal, sigaction};
use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::ClockId;
use std::time::Duration;

extern "C" fn nothing(_: nix::libc::c_int) {}

/// Makes the signal harmless, once for the whole program.
pub fn prepare() {
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing, which is safe at any moment.
    unsafe { sigaction(Signal::SIGALRM, &action) }.expect("SIGALRM can be handled");
}

/// Interrupts the thread that called [`interrupt`] until it is dropped.
pub struct Interrupting {
    _timer: Timer,
}

/// Interrupts this thread every so often.
pub fn interrupt(every: Duration) -> Interrupting {
    let event = SigEvent::new(SigevNotify::SigevThreadId {
        signal: Signal::SIGALRM,
        thread_id: nix::unistd::gettid().as_raw(),
        si_value: 0,
    });
    let mut timer = Timer::new(ClockId::CLOCK_MONOTONIC, event).expect("there are timers");
    let expiration = Expiration::Interval(TimeSpec::from_duration(every));
    timer.set(expiration, TimerSetTimeFlags::empty()).expect("the timer can be set");
    Interrupting { _timer: timer }
}
