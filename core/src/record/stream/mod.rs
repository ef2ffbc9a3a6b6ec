//! Records over a stream of bytes: header, the two buffers, and both halves of the protocol.

mod header;
mod incoming;
mod outgoing;
mod receive_buffer;
mod records;
mod transmit_buffer;

pub(crate) use incoming::{Content, Incoming};
pub(crate) use outgoing::Outgoing;
pub(crate) use receive_buffer::ReceiveBuffer;
pub(crate) use records::Records;

/// Moves bytes to another place in the same slice; none if either place is not in it, which would be a mistake of ours
/// that must not take the program down.
///
/// The compiler sees from these checks that `copy_within` cannot panic.
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
