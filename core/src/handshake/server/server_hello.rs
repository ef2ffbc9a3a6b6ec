//! The ServerHello, written around its key share.

use super::Step;
use super::negotiate::Selection;
use crate::codes::NamedGroup;
use crate::crypto::{CryptoProvider, KeyExchange};
use crate::error::{ByteCount, Error, Result};
use crate::waiting::Operation;
use crate::wire::extensions::{KeyShareEntry, KeyShareServerHello, SelectedPsk, SelectedVersion};
use crate::wire::{ClientHello, Random, ServerHello};
use core::task::Poll;

/// Drafts the ServerHello: its length, and the shared secret.
///
/// The share, at its end, is made where it will be sent from. So what is in front of it is written first; and again
/// when its length is known, with a random that is drawn only now, so that an operation that was pending draws none in
/// vain.
pub(super) fn poll_write<P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    hello: &ClientHello<'_>,
    selection: &Selection<'_>,
    group: NamedGroup,
    client_share: &[u8],
) -> Poll<Result<(usize, P::Secret)>> {
    let front_len = match write(step, hello, selection, &Random::default(), 0) {
        Err(Error::TransmitBufferTooSmall(len)) => len.get(),
        len => len?,
    };
    let (provider, agreements, draft) = step.agreements()?;
    let room = draft.get_mut(front_len..).unwrap_or_default();
    let exchange = agreements.find(group).ok_or(Error::Internal)?;
    let (share_len, shared) = match exchange.poll_encapsulate(provider, client_share, room) {
        Poll::Pending => return step.pending(Operation::Encapsulation),
        Poll::Ready(Err(Error::TransmitBufferTooSmall(len))) => {
            let len = ByteCount::new(len.get().saturating_add(front_len));
            return Poll::Ready(Err(step.explain(Error::TransmitBufferTooSmall(len))));
        }
        Poll::Ready(agreed) => agreed?,
    };
    let len = finish(step, hello, selection, share_len)?;
    Poll::Ready(Ok((len, shared)))
}

/// Draws the random, and writes all but the share. Own frame, which is gone while the secret is computed.
#[inline(never)]
pub(super) fn finish<P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    hello: &ClientHello<'_>,
    selection: &Selection<'_>,
    share_len: usize,
) -> Result<usize> {
    let mut random = Random::default();
    step.provider().fill_random(&mut random)?;
    write(step, hello, selection, &random, share_len)
}

/// Writes all of the ServerHello but the share, of which `share_len` bytes stand there already.
#[inline(never)]
fn write<P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    hello: &ClientHello<'_>,
    selection: &Selection<'_>,
    random: &Random,
    share_len: usize,
) -> Result<usize> {
    step.write(&mut |writer, _, _| {
        ServerHello::write(writer, random, hello.legacy_session_id, selection.cipher_suite, |writer| {
            SelectedVersion::write(writer);
            // pre_shared_key in front: the share is made in place, at the end.
            if let Some(psk) = selection.psk {
                SelectedPsk { selected_identity: psk.index() }.write(writer);
            }
            if let Some(group) = selection.exchange.group() {
                KeyShareServerHello::write(writer, |writer| {
                    KeyShareEntry::write_front(writer, group, share_len);
                    writer.filled(share_len);
                });
            }
        });
    })
}
