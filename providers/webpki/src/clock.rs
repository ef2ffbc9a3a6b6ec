//! The clock of a host.

use rustls_pki_types::UnixTime;
use saitls_core::crypto::Clock;
use saitls_core::error::Result;

/// The clock of the operating system.
///
/// A clock that is before 2025, as on boards without a battery until they have asked the network, is not set.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// The first of January 2025, in seconds: no clock that is set tells an earlier time.
const EARLIEST: u64 = 1_735_689_600;

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
