//! Logins for signatures that failed.

use crate::error::TokenError;
use crate::name::Name;
use crate::retry::{FIRST_RETRY, LAST_RETRY};
use std::time::{Duration, Instant};

/// Logins for signatures that failed, by the key. A token counts wrong PINs, and not every module says that it was one.
#[derive(Default)]
pub(crate) struct Refused(Vec<Refusal>);

struct Refusal {
    name: Name,
    error: TokenError,
    /// When it may be tried again, if ever.
    again: Option<Instant>,
    retry: Duration,
}

impl Refused {
    /// Whether there may be a login for a signature with this key; if not, why the last one failed.
    pub(crate) fn check(&self, name: &Name) -> Result<(), TokenError> {
        let refusal = self.0.iter().find(|refusal| refusal.name == *name);
        match refusal.filter(|refusal| refusal.again.is_none_or(|again| Instant::now() < again)) {
            Some(refusal) => Err(refusal.error.clone()),
            None => Ok(()),
        }
    }

    /// How such a login ended.
    pub(crate) fn note(&mut self, name: &Name, outcome: &Result<(), TokenError>) {
        let earlier = self.0.iter().position(|refusal| refusal.name == *name).map(|at| self.0.swap_remove(at));
        match outcome {
            // Nobody has seen the PIN where there is no token.
            Ok(()) | Err(TokenError::Gone(_)) => {}
            Err(error) => {
                let retry = earlier.map_or(FIRST_RETRY, |earlier| LAST_RETRY.min(earlier.retry * 2));
                let again = if error.is_of_pin() { None } else { Some(Instant::now() + retry) };
                self.0.push(Refusal { name: name.clone(), error: error.clone(), again, retry });
            }
        }
    }
}
