//! The record protocol (RFC 9846 5): header, protection, and the two buffers.
//!
//! Given secrets; knows nothing of the key schedule or of handshake states. (Key agreements stand where the key that comes
//! of them will; what they are for is the handshake's to know.)

mod header;
mod incoming;
mod keys;
mod outgoing;
mod protection;
mod receive_buffer;
mod transmit_buffer;

pub(crate) use incoming::{Content, Incoming};
pub(crate) use outgoing::Outgoing;
pub(crate) use protection::Protection;
pub(crate) use receive_buffer::{ReceiveBuffer, RecordAligned};

/// Moves bytes to another place in the same slice; none if either place is not in it, which would be a mistake of ours
/// that must not take the program down.
///
/// It is written so that the compiler sees, at the only calls there are, that `copy_within` cannot panic.
#[inline(never)]
fn move_within(bytes: &mut [u8], from: core::ops::Range<usize>, to: usize) {
    let Some(len) = from.end.checked_sub(from.start) else { return };
    let down = from.start.saturating_sub(to);
    let up = to.saturating_sub(from.start);
    let Some(region) = bytes.get_mut(from.start.min(to)..) else { return };
    if up == 0 {
        let end = down.saturating_add(len);
        if end <= region.len() {
            region.copy_within(down..end, 0);
        }
    } else if region.len().checked_sub(len).is_some_and(|last| up <= last) {
        region.copy_within(..len, up);
    }
}

/// How much longer records get than their content needs (RFC 9846 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Padding {
    /// Not at all.
    #[default]
    None,
    /// To the next multiple of this many bytes, as far as record and buffer allow.
    Block(u16),
    /// As long as record and buffer allow: every record of a connection looks the same.
    Full,
}
