//! What stands in the place of PSKs in a build without them. Its types have no values, so nothing is left of the code
//! that would take them.

use crate::codes::{CipherSuite, ExtensionType, HashAlgorithm};
use crate::config::{Common, ServerConfig};
use crate::crypto::CryptoProvider;
use crate::error::{Error, PeerFault, Result};
use crate::handshake::evidence::PskAgreed;
use crate::handshake::step::Memory;
use crate::handshake::{Received, Step};
use crate::key_schedule::Handshake;
use crate::psk::ClientPsks;
use crate::session::ClientSessions;
use crate::wire::{ClientHello, ServerHello, Writer};
use core::marker::PhantomData;
use core::task::Poll;

/// A PSK that both sides go on with.
pub(in crate::handshake) struct Agreed<P>(core::convert::Infallible, PhantomData<fn() -> P>);

/// The Handshake Secret, of the shared secret.
pub(in crate::handshake) fn extract<P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    hash: HashAlgorithm,
    _: Option<Agreed<P>>,
    shared: Option<&P::Secret>,
) -> Result<(Handshake<P>, Option<PskAgreed>)> {
    Ok((Handshake::without_psk(step.provider(), hash, shared.ok_or(Error::Internal)?)?, None))
}

/// Which ClientHello is being made.
#[derive(Clone, Copy)]
pub(in crate::handshake) struct Hello<'m>(PhantomData<&'m [u8]>);

impl<'m> Hello<'m> {
    pub(in crate::handshake) const FIRST: Self = Self(PhantomData);

    pub(in crate::handshake) const fn second(_: CipherSuite, _: &'m [u8]) -> Self {
        Self(PhantomData)
    }

    #[expect(clippy::unused_self, reason = "as where there are PSKs")]
    pub(in crate::handshake) const fn is_first(self) -> bool {
        true
    }
}

pub(in crate::handshake) const fn write_modes<P: CryptoProvider>(
    _: &mut Writer<'_>,
    _: &ClientPsks<'_, P>,
    _: &ClientSessions<'_, P>,
) {
}

pub(in crate::handshake) const fn write_identities<P: CryptoProvider>(
    _: &mut Writer<'_>,
    _: &ClientPsks<'_, P>,
    _: &Common<'_>,
    _: &P,
    _: &Memory<'_, P>,
    _: Hello<'_>,
) {
}

/// Binders.
#[derive(Clone, Copy)]
pub(in crate::handshake) struct Binders;

impl Binders {
    pub(in crate::handshake) const NOTHING: Self = Self;

    #[expect(clippy::unused_self, reason = "as where there are PSKs")]
    pub(in crate::handshake) const fn is_nothing(self) -> bool {
        true
    }

    #[expect(clippy::unused_self, reason = "as where there are PSKs")]
    pub(in crate::handshake) const fn poll_bind<P: CryptoProvider>(
        &mut self,
        _: &mut Step<'_, '_, P>,
        _: &ClientPsks<'_, P>,
        _: Hello<'_>,
        _: usize,
    ) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What a server selected.
pub(in crate::handshake) enum Selected {}

pub(in crate::handshake) fn select<P: CryptoProvider>(
    _: &mut Step<'_, '_, P>,
    _: &ClientPsks<'_, P>,
    _: Option<CipherSuite>,
    server_hello: &ServerHello<'_>,
) -> Result<Option<Selected>> {
    if server_hello.extensions.find(ExtensionType::PRE_SHARED_KEY).is_some() {
        return Err(PeerFault::UnsolicitedExtension.into());
    }
    Ok(None)
}

impl Selected {
    pub(in crate::handshake) const fn poll_agree<P: CryptoProvider>(
        &self,
        _: &mut Step<'_, '_, P>,
    ) -> Poll<Result<Agreed<P>>> {
        match *self {}
    }
}

/// The PSK that is being chosen.
pub(in crate::handshake) struct Choice<P>(PhantomData<fn() -> P>);

/// The PSK that was chosen.
#[derive(Clone, Copy)]
pub(in crate::handshake) enum Picked {}

/// Whether a server may answer with this suite. The first in its order that the client has is the same for both
/// ClientHellos, since nothing that it depends on may change.
pub(in crate::handshake) const fn fits(_: CipherSuite, _: Option<Picked>, _: Option<CipherSuite>) -> bool {
    true
}

impl Picked {
    pub(in crate::handshake) const fn index(self) -> u16 {
        match self {}
    }

    pub(in crate::handshake) const fn allows_exchange(self) -> bool {
        match self {}
    }

    pub(in crate::handshake) const fn allows_none(self) -> bool {
        match self {}
    }
}

impl<P: CryptoProvider> Choice<P> {
    pub(in crate::handshake) const fn new() -> Self {
        Self(PhantomData)
    }

    #[expect(clippy::unused_self, reason = "as where there are PSKs")]
    pub(in crate::handshake) const fn is_begun(&self) -> bool {
        false
    }

    #[expect(clippy::unnecessary_wraps, reason = "as where there are PSKs")]
    pub(in crate::handshake) const fn again(_: &mut P, _: HashAlgorithm, _: &ClientHello<'_>) -> Result<Self> {
        Ok(Self(PhantomData))
    }

    #[expect(clippy::unused_self, reason = "as where there are PSKs")]
    pub(in crate::handshake) const fn poll<'a>(
        &mut self,
        _: &mut Step<'_, 'a, P>,
        _: &ServerConfig<'a, P>,
        _: &ClientHello<'_>,
        _: Option<CipherSuite>,
    ) -> Poll<Result<Option<Picked>>> {
        Poll::Ready(Ok(None))
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as where there are PSKs")]
    pub(in crate::handshake) const fn spend(
        &mut self,
        _: &mut Step<'_, '_, P>,
        _: &ServerConfig<'_, P>,
        _: &Received<'_>,
        _: &ClientHello<'_>,
    ) -> Result<bool> {
        Ok(true)
    }

    #[expect(clippy::unused_self, reason = "as where there are PSKs")]
    pub(in crate::handshake) fn accept(
        &mut self,
        step: &mut Step<'_, '_, P>,
        received: &Received<'_>,
        _: &ClientHello<'_>,
        _: Option<Picked>,
    ) -> Result<Option<Agreed<P>>> {
        step.accept(&received.message).map(|()| None)
    }
}
