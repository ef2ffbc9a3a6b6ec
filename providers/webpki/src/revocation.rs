//! Certificate revocation lists (RFC 5280 5).

use crate::errors::from_webpki;
use saitls_core::error::{CertificateFault, Error, Misconfiguration, Result};
use webpki::{BorrowedCertRevocationList, CertRevocationList, ExpirationPolicy, RevocationCheckDepth};
use webpki::{RevocationOptionsBuilder, UnknownStatusPolicy};

/// Revocation lists that a verifier looks at, at most; our choice.
pub const MAX_REVOCATION_LISTS: usize = 8;

/// What it means that no list at hand covers a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownStatus {
    /// It is refused.
    Refuse,
    /// It is taken as not revoked.
    Accept,
}

/// Which certificates were revoked, and how strict to be about it.
#[derive(Debug, Clone, Copy)]
pub struct Revocation<'a> {
    pub(crate) lists: &'a [&'a [u8]],
    depth: RevocationCheckDepth,
    unknown: UnknownStatusPolicy,
}

impl<'a> Revocation<'a> {
    /// Checks the whole chain with these revocation lists (DER of a CertificateList each). They are read again for
    /// each verification. A certificate that no list covers is refused; a list whose nextUpdate has passed is none.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`] without lists, or with more than [`MAX_REVOCATION_LISTS`];
    /// [`CertificateFault::RevocationUnknown`] or [`CertificateFault::Bad`] if a list cannot be read.
    pub fn new(lists: &'a [&'a [u8]]) -> Result<Self> {
        if lists.is_empty() || lists.len() > MAX_REVOCATION_LISTS {
            return Err(Error::InvalidConfiguration(Misconfiguration::RevocationLists));
        }
        for list in lists {
            // What is wrong with a certificate has other names than what is wrong with a list.
            BorrowedCertRevocationList::from_der(list).map_err(|error| match from_webpki(&error) {
                CertificateFault::RevocationUnknown => CertificateFault::RevocationUnknown,
                _ => CertificateFault::Bad,
            })?;
        }
        Ok(Self { lists, depth: RevocationCheckDepth::Chain, unknown: UnknownStatusPolicy::Deny })
    }

    /// Checks the peer's own certificate alone.
    #[must_use]
    pub const fn only_end_entity(mut self) -> Self {
        self.depth = RevocationCheckDepth::EndEntity;
        self
    }

    /// What it means that no list covers a certificate; by default it is refused.
    #[must_use]
    pub const fn with_unknown_status(mut self, unknown: UnknownStatus) -> Self {
        self.unknown = match unknown {
            UnknownStatus::Refuse => UnknownStatusPolicy::Deny,
            UnknownStatus::Accept => UnknownStatusPolicy::Allow,
        };
        self
    }

    /// What tells it from every other one: where the lists are, how many, and how strict.
    pub(crate) fn identity(&self) -> [usize; 3] {
        [self.lists.as_ptr().addr(), self.lists.len(), self.policy().into()]
    }

    /// How strict it is, below 4.
    pub(crate) fn policy(&self) -> u8 {
        u8::from(self.depth == RevocationCheckDepth::Chain).wrapping_shl(1)
            | u8::from(self.unknown == UnknownStatusPolicy::Deny)
    }

    /// What tells these lists from others, after a restart too: the end of each, where its signature is.
    #[cfg(feature = "tickets")]
    pub(crate) fn signatures(&self) -> impl Iterator<Item = &'a [u8]> {
        self.lists.iter().map(|list| list.get(list.len().saturating_sub(64)..).unwrap_or_default())
    }

    /// Reads the lists and lends them to `run`.
    pub(crate) fn with_options<R>(
        &self,
        run: impl FnOnce(webpki::RevocationOptions<'_>) -> Result<R, webpki::Error>,
    ) -> Result<R, webpki::Error> {
        let mut read = [const { None::<CertRevocationList<'_>> }; MAX_REVOCATION_LISTS];
        for (slot, list) in read.iter_mut().zip(self.lists) {
            *slot = Some(BorrowedCertRevocationList::from_der(list)?.into());
        }
        let [Some(first), ..] = &read else { return Err(webpki::Error::UnknownRevocationStatus) };
        let mut lists = [first; MAX_REVOCATION_LISTS];
        let mut count = 0usize;
        for (slot, list) in lists.iter_mut().zip(read.iter().flatten()) {
            *slot = list;
            count = count.saturating_add(1);
        }
        let lists = lists.get(..count).unwrap_or(&[]);
        let options = RevocationOptionsBuilder::new(lists).map_err(|_| webpki::Error::UnknownRevocationStatus)?;
        let options = options.with_depth(self.depth).with_status_policy(self.unknown);
        run(options.with_expiration_policy(ExpirationPolicy::Enforce).build())
    }
}
