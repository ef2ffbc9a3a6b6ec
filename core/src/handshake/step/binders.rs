//! Binders (RFC 9846 4.3.11.2): a MAC over the hellos up to the list of binders, under a key of the PSK.

use super::Step;
#[cfg(feature = "tickets")]
use super::memory::Schedule;
use crate::codes::HashAlgorithm;
use crate::crypto::{CryptoProvider, Digest, Hash};
use crate::error::{Error, Result};
use crate::key_schedule::{Early, message_hash_header, verify_data};
use crate::psk::PskKind;
use crate::wire::Message;

impl<P: CryptoProvider> Step<'_, '_, P> {
    /// The binder of a PSK of this hash for the ClientHello that was drafted, of which `truncated_len` bytes are bound:
    /// the first one, or the one that answers a HelloRetryRequest. The transcript, which is that of the first one then,
    /// stays as it is. An external PSK, or else the one of the ticket.
    #[inline(never)]
    pub(in crate::handshake) fn binder(
        &mut self,
        hash: HashAlgorithm,
        psk: Option<(PskKind, P::Secret)>,
        request: Option<&[u8]>,
        truncated_len: usize,
    ) -> Result<Digest> {
        let truncated = self.carrier.draft().get(..truncated_len).ok_or(Error::Internal)?;
        let transcript = match request {
            None => P::Hash::digest(self.provider, hash, &[truncated])?,
            Some(request) => {
                let first = self.memory.transcript.hash(self.provider)?;
                let header = message_hash_header(&first)?;
                P::Hash::digest(self.provider, hash, &[&header, first.as_bytes(), request, truncated])?
            }
        };
        let key = match psk {
            Some((kind, psk)) => {
                let early = Early::new(self.provider, hash, &psk)?;
                binder_key(self.provider, kind, &early)?
            }
            None => self.ticket_binder_key()?,
        };
        verify_data(self.provider, hash, &key, &transcript)
    }

    fn ticket_binder_key(&mut self) -> Result<P::Secret> {
        #[cfg(feature = "tickets")]
        if let Schedule::Early(early) = &self.memory.schedule {
            return early.resumption_binder_key(self.provider);
        }
        Err(Error::Internal)
    }

    /// Writes into the draft.
    pub(in crate::handshake) fn put(&mut self, at: usize, bytes: &[u8]) -> Result<()> {
        let room = self.carrier.draft().get_mut(at..).and_then(|room| room.get_mut(..bytes.len()));
        room.ok_or(Error::Internal)?.copy_from_slice(bytes);
        Ok(())
    }

    /// The binder that this PSK must have in a ClientHello that ends with `binders_len` bytes of binders. If there is a
    /// transcript, it then goes through what is bound, and no further; if there is none, it stays so.
    pub(in crate::handshake) fn binder_of(
        &mut self,
        message: &Message<'_>,
        binders_len: usize,
        (kind, hash, early): (PskKind, HashAlgorithm, &Early<P>),
        is_bound: &mut bool,
    ) -> Result<Digest> {
        let (truncated, _) = split(message, binders_len)?;
        let transcript = if self.memory.transcript.is_none() {
            P::Hash::digest(self.provider, hash, &[truncated])?
        } else {
            if !core::mem::replace(is_bound, true) {
                self.memory.transcript.add(self.provider, truncated)?;
            }
            self.transcript_hash()?
        };
        let key = binder_key(self.provider, kind, early)?;
        verify_data(self.provider, hash, &key, &transcript)
    }

    /// As [`accept`](Self::accept), behind what is bound.
    pub(in crate::handshake) fn accept_binders(&mut self, message: &Message<'_>, binders_len: usize) -> Result<()> {
        let (_, binders) = split(message, binders_len)?;
        self.memory.transcript.add(self.provider, binders)
    }
}

/// What binders are over, and the binders.
fn split<'m>(message: &Message<'m>, binders_len: usize) -> Result<(&'m [u8], &'m [u8])> {
    let truncated_len = message.bytes.len().saturating_sub(binders_len);
    message.bytes.split_at_checked(truncated_len).ok_or(Error::Internal)
}

fn binder_key<P: CryptoProvider>(provider: &mut P, kind: PskKind, early: &Early<P>) -> Result<P::Secret> {
    match kind {
        PskKind::External => early.external_binder_key(provider),
        PskKind::Imported => early.imported_binder_key(provider),
        #[cfg(feature = "tickets")]
        PskKind::Resumption => early.resumption_binder_key(provider),
        #[cfg(not(feature = "tickets"))]
        PskKind::Resumption => Err(Error::Internal),
    }
}
