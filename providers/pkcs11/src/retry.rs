//! When what failed is tried again.

use std::time::Duration;

/// A token that is gone is not looked for again before this time.
pub(crate) const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The same where looking for it disturbs other tokens or needs a login that fails, after many times in vain.
pub(crate) const LAST_RETRY: Duration = Duration::from_secs(30);
