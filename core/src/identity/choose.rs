//! How one of several identities is chosen (RFC 9846 4.5.1.2).

use super::{ChosenIdentity, Identity, IdentityRequest};
use crate::crypto::CryptoProvider;
use crate::error::{Incompatibility, Result};
use crate::wire::extensions::CertificateTypeList;
use core::task::{Poll, Waker};
#[cfg(target_has_atomic = "ptr")]
use spin::Mutex;

/// Chooses an identity for each connection, where a list does not say it all: certificates that are replaced while
/// connections run, names by the thousand, an answer from elsewhere.
pub trait IdentityChooser<P: CryptoProvider>: Sync {
    /// The identity to present; on a client, `None` to present none; on a server, `None` ends the connection with
    /// [`Incompatibility::NoIdentity`]. While it is pending it is asked again, with the
    /// same request. The key of the answer must sign in a way that the peer verifies:
    /// [`scheme_for`](IdentityRequest::scheme_for).
    ///
    /// # Errors
    /// Whatever says best why the connection ends: its alert is sent.
    fn poll_choose<'s>(
        &'s self,
        provider: &mut P,
        request: &IdentityRequest<'_>,
    ) -> Poll<Result<Option<Identity<'s, P>>>>;

    /// As [`CryptoProvider::register_waker`]: a chooser that waits for something else than the provider overrides it.
    fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        provider.register_waker(waker)
    }
}

/// A list of identities that can be replaced while connections run. Handshakes under way keep what they have chosen.
///
/// A spin lock is held while the list is copied or replaced, a pointer and a length. **Not for interrupt handlers**:
/// one that interrupts the holder on the same core waits for ever. Set a flag there, and let the main loop replace.
///
/// It needs a processor with atomic compare-and-swap; an [`IdentityChooser`] of your own does not.
#[cfg(target_has_atomic = "ptr")]
pub struct RotatingIdentities<'a, P: CryptoProvider> {
    current: Mutex<&'a [Identity<'a, P>]>,
}

#[cfg(target_has_atomic = "ptr")]
impl<'a, P: CryptoProvider> RotatingIdentities<'a, P> {
    /// Begins with these.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`](crate::Error::InvalidConfiguration) if one of them cannot work.
    pub fn new(identities: &'a [Identity<'a, P>]) -> Result<Self> {
        identities.iter().try_for_each(Identity::check)?;
        Ok(Self { current: Mutex::new(identities) })
    }

    /// From now on, these. Returns those that were.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`](crate::Error::InvalidConfiguration) if one of them cannot work; then nothing has
    /// changed.
    pub fn replace(&self, identities: &'a [Identity<'a, P>]) -> Result<&'a [Identity<'a, P>]> {
        identities.iter().try_for_each(Identity::check)?;
        Ok(core::mem::replace(&mut *self.current.lock(), identities))
    }
}

#[cfg(target_has_atomic = "ptr")]
impl<P: CryptoProvider> IdentityChooser<P> for RotatingIdentities<'_, P> {
    fn poll_choose<'s>(&'s self, _: &mut P, request: &IdentityRequest<'_>) -> Poll<Result<Option<Identity<'s, P>>>> {
        let identities = *self.current.lock();
        let chosen = request.choose_from(identities);
        // It says as much as a list does.
        if chosen.is_none() && request.client_hello.is_some() {
            return Poll::Ready(Err(Incompatibility::NoSignatureScheme.into()));
        }
        Poll::Ready(Ok(chosen))
    }
}

/// Where identities come from. Each variant holds the functions that it needs: the code of a client without an identity
/// has none of them.
pub(crate) enum Identities<'a, P: CryptoProvider> {
    Nobody,
    List(&'a [Identity<'a, P>], ListFunctions<P>),
    Chooser(&'a dyn IdentityChooser<P>, Ask<P>),
}

/// What is done with a list: checking it, and choosing from it.
#[derive(Clone, Copy)]
pub(crate) struct ListFunctions<P: CryptoProvider> {
    check: for<'r, 'i> fn(&'r [Identity<'i, P>]) -> Result<()>,
    choose: Choose<P>,
}

/// Chooses from a list.
type Choose<P> =
    for<'r, 'm, 'i> fn(&'r IdentityRequest<'m>, &'r [Identity<'i, P>], &'r mut Option<ChosenIdentity<'i, P>>);

/// Asks a chooser.
type Ask<P> = for<'r, 'm, 'i> fn(
    &'i dyn IdentityChooser<P>,
    &'r mut P,
    &'r IdentityRequest<'m>,
    &'r mut Option<ChosenIdentity<'i, P>>,
) -> Poll<Result<()>>;

fn check_list<P: CryptoProvider>(list: &[Identity<'_, P>]) -> Result<()> {
    list.iter().try_for_each(Identity::check)
}

fn choose<'i, P: CryptoProvider>(
    request: &IdentityRequest<'_>,
    list: &[Identity<'i, P>],
    chosen: &mut Option<ChosenIdentity<'i, P>>,
) {
    let identity = request.position(list).and_then(|index| list.get(index));
    *chosen = identity.and_then(|&identity| ChosenIdentity::new(identity, request));
}

fn ask<'i, P: CryptoProvider>(
    chooser: &'i dyn IdentityChooser<P>,
    provider: &mut P,
    request: &IdentityRequest<'_>,
    chosen: &mut Option<ChosenIdentity<'i, P>>,
) -> Poll<Result<()>> {
    chooser.poll_choose(provider, request).map(|identity| {
        let identity = identity?;
        // A client without one declines.
        if identity.is_none() && request.client_hello.is_some() {
            return Err(Incompatibility::NoIdentity.into());
        }
        *chosen = identity.and_then(|identity| ChosenIdentity::new(identity, request));
        Ok(())
    })
}

impl<'a, P: CryptoProvider> Identities<'a, P> {
    pub(crate) const fn list(identities: &'a [Identity<'a, P>]) -> Self {
        if identities.is_empty() {
            return Self::Nobody;
        }
        Self::List(identities, ListFunctions { check: check_list, choose })
    }

    pub(crate) const fn chooser(chooser: &'a dyn IdentityChooser<P>) -> Self {
        Self::Chooser(chooser, ask)
    }
}

impl<P: CryptoProvider> Identities<'_, P> {
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::List(list, functions) => (functions.check)(list),
            Self::Nobody | Self::Chooser(..) => Ok(()),
        }
    }
}

impl<P: CryptoProvider> Identities<'_, P> {
    /// The list, empty for nobody; `None` with a chooser.
    #[cfg(feature = "tickets")]
    pub(crate) const fn as_list(&self) -> Option<&[Identity<'_, P>]> {
        match self {
            Self::Nobody => Some(&[]),
            Self::List(list, _) => Some(list),
            Self::Chooser(..) => None,
        }
    }

    /// Whether one of a list has a type that the peer takes. What a chooser could choose only it knows: it may.
    pub(crate) fn has_type_of(&self, types: CertificateTypeList<'_>) -> bool {
        match self {
            Self::List(list, _) => list.iter().any(|identity| types.contains(identity.certificate_type)),
            Self::Nobody => false,
            Self::Chooser(..) => true,
        }
    }

    pub(crate) fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        match self {
            Self::Nobody | Self::List(..) => provider.register_waker(waker),
            Self::Chooser(chooser, _) => chooser.register_waker(provider, waker),
        }
    }
}

impl<'a, P: CryptoProvider> Identities<'a, P> {
    /// Chooses the identity for this peer, if there is one, and the scheme it signs with. `chosen` is touched only
    /// then.
    pub(crate) fn poll_choose(
        &self,
        provider: &mut P,
        request: &IdentityRequest<'_>,
        chosen: &mut Option<ChosenIdentity<'a, P>>,
    ) -> Poll<Result<()>> {
        match self {
            Self::Nobody => {}
            Self::List(list, functions) => (functions.choose)(request, list, chosen),
            Self::Chooser(chooser, ask) => return ask(*chooser, provider, request, chosen),
        }
        Poll::Ready(Ok(()))
    }
}
