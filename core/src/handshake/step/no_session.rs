//! What stands in the place of sessions in a build without them: nothing, and no memory for it.

#[cfg(feature = "psk")]
use super::Memory;
use super::Step;
use crate::codes::CipherSuite;
use crate::crypto::{CryptoProvider, PeerVerifier};
use crate::error::Result;
use crate::identity::Identities;
use crate::session::ClientSessions;
use core::task::Poll;
use rustls_pki_types::ServerName;

/// A ticket.
#[derive(Clone, Copy)]
#[cfg(feature = "psk")]
pub(in crate::handshake) struct Ticket<'m> {
    pub(in crate::handshake) suite: CipherSuite,
    pub(in crate::handshake) identity: &'m [u8],
    pub(in crate::handshake) obfuscated_age: u32,
}

#[cfg(feature = "psk")]
impl<P: CryptoProvider> Memory<'_, P> {
    #[expect(clippy::unused_self, reason = "as where there are sessions")]
    pub(in crate::handshake) const fn ticket(&self) -> Option<Ticket<'_>> {
        None
    }
}

impl<P: CryptoProvider> Step<'_, '_, P> {
    #[expect(clippy::unused_self, reason = "as where there are sessions")]
    pub(in crate::handshake) const fn ticket_suite(&self) -> Option<CipherSuite> {
        None
    }

    #[expect(clippy::unused_self, reason = "as where there are sessions")]
    pub(in crate::handshake) const fn poll_take_session(
        &self,
        _: &ClientSessions<'_, P>,
        _: &dyn PeerVerifier<P>,
        _: &Identities<'_, P>,
        _: Option<&ServerName<'_>>,
    ) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    #[expect(clippy::unused_self, reason = "as where there are sessions")]
    pub(in crate::handshake) const fn note_ticket_age(&self, _: &ClientSessions<'_, P>) {}

    #[cfg(feature = "psk")]
    #[expect(clippy::unused_self, reason = "as where there are sessions")]
    pub(in crate::handshake) const fn resume(&self) -> Result<crate::key_schedule::Early<P>> {
        Err(crate::error::Error::Internal)
    }
}
