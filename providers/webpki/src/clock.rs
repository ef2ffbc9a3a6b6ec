//! What time it is.

use rustls_pki_types::UnixTime;
use saitls_core::error::Result;

/// Tells the time that certificates are verified at.
///
/// A closure is a clock, and so is a [`UnixTime`], which stands still:
///
/// ```
/// # struct Rtc; impl Rtc { fn seconds(&self) -> Option<u64> { Some(1_800_000_000) } }
/// # static RTC: Rtc = Rtc;
/// use core::time::Duration;
/// use saitls_core::Error;
/// use saitls_webpki::{Clock, UnixTime};
///
/// let clock = || match RTC.seconds() {
///     Some(seconds) => Ok(UnixTime::since_unix_epoch(Duration::from_secs(seconds))),
///     None => Err(saitls_core::CertificateFault::ClockNotSet.into()),
/// };
/// assert_eq!(clock.now()?.as_secs(), 1_800_000_000);
/// # Ok::<(), Error>(())
/// ```
pub trait Clock: Sync {
    /// The time, in seconds since the first of January 1970 (UTC).
    ///
    /// # Errors
    /// [`CertificateFault::ClockNotSet`](saitls_core::CertificateFault::ClockNotSet) as long as nobody knows what time
    /// it is: the verification fails with this error, and the application can set the clock and try again.
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

/// The clock of the operating system.
///
/// A clock that is before 2025, as on boards without a battery until they have asked the network, is not set.
#[cfg(feature = "std")]
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// The first of January 2025, in seconds: no clock that is set tells an earlier time.
#[cfg(feature = "std")]
const EARLIEST: u64 = 1_735_689_600;

#[cfg(feature = "std")]
impl Clock for SystemClock {
    fn now(&self) -> Result<UnixTime> {
        use saitls_core::CertificateFault;
        use std::time::SystemTime;

        let elapsed =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|_| CertificateFault::ClockNotSet)?;
        if elapsed.as_secs() < EARLIEST {
            Err(CertificateFault::ClockNotSet.into())
        } else {
            Ok(UnixTime::since_unix_epoch(elapsed))
        }
    }
}
