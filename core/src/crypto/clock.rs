//! What time it is: nothing in the protocol asks, but verifiers do.

use crate::error::Result;
use rustls_pki_types::UnixTime;

/// Tells the time that certificates are verified at.
///
/// A closure is a clock, and so is a [`UnixTime`], which stands still:
///
/// ```
/// # struct Rtc; impl Rtc { fn seconds(&self) -> Option<u64> { Some(1_800_000_000) } }
/// # static RTC: Rtc = Rtc;
/// use core::time::Duration;
/// use rustls_pki_types::UnixTime;
/// use saitls_core::CertificateFault;
/// use saitls_core::crypto::Clock;
///
/// let clock = || match RTC.seconds() {
///     Some(seconds) => Ok(UnixTime::since_unix_epoch(Duration::from_secs(seconds))),
///     None => Err(CertificateFault::ClockNotSet.into()),
/// };
/// assert_eq!(clock.now()?.as_secs(), 1_800_000_000);
/// # Ok::<(), saitls_core::Error>(())
/// ```
pub trait Clock: Sync {
    /// The time, in seconds since the first of January 1970 (UTC).
    ///
    /// # Errors
    /// [`CertificateFault::ClockNotSet`](crate::CertificateFault::ClockNotSet) as long as nobody knows what time it is:
    /// the verification fails with this error, and the application can set the clock and try again.
    fn now(&self) -> Result<UnixTime>;
}

impl<F: Fn() -> Result<UnixTime> + Sync> Clock for F {
    fn now(&self) -> Result<UnixTime> {
        self()
    }
}

/// A clock that stands still, for tests, and to look at a chain as of another day.
impl Clock for UnixTime {
    fn now(&self) -> Result<UnixTime> {
        Ok(*self)
    }
}
