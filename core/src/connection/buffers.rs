//! The memory that an application lends to a connection.

use crate::error::{ByteCount, Error, Result};
use crate::limits::{MIN_RECEIVE_BUFFER_LEN, MIN_TRANSMIT_BUFFER_LEN, RECORD_HEADER_LEN};
use crate::storage::Storage;

/// The buffers of a connection, borrowed or (with the feature `alloc`) owned.
///
/// * receive: at least a record of the peer, plus what of a handshake message has come before it.
///   [`FULL_RECEIVE_BUFFER_LEN`](crate::limits::FULL_RECEIVE_BUFFER_LEN) bytes take everything the protocol allows
///   but Certificate messages longer than that; less will do for peers that honour record_size_limit or
///   max_fragment_length, which are asked for then, the latter by clients.
/// * transmit: at least [`MIN_TRANSMIT_BUFFER_LEN`](crate::limits::MIN_TRANSMIT_BUFFER_LEN), and for bulk data a
///   record or two.
///
/// What was read is wiped once there is no more to be opened. A connection that is dropped leaves in borrowed buffers
/// what was not read or not yet sealed; [`into_buffers`](crate::Connection::into_buffers) gives them back wiped.
///
/// ```
/// let (mut receive, mut transmit) = ([0; 16_645], [0; 4_096]);
/// let buffers = saitls_core::Buffers::new(&mut receive[..], &mut transmit[..]);
/// # let _ = buffers;
/// ```
pub struct Buffers<'a> {
    pub(super) receive: Storage<'a, u8>,
    pub(super) transmit: Storage<'a, u8>,
    pub(super) peer: Storage<'a, u8>,
    #[cfg(feature = "tickets")]
    pub(super) session: Storage<'a, u8>,
}

impl<'a> Buffers<'a> {
    /// A buffer for each direction.
    pub fn new(receive: impl Into<Storage<'a, u8>>, transmit: impl Into<Storage<'a, u8>>) -> Self {
        Self {
            receive: receive.into(),
            transmit: transmit.into(),
            peer: Storage::Borrowed(&mut []),
            #[cfg(feature = "tickets")]
            session: Storage::Borrowed(&mut []),
        }
    }

    /// Room to keep, for the application, what the peer said of itself: on a server the host name that was asked
    /// for, and the end-entity certificate, or the identity of the pre-shared key that it has. What does not fit is not
    /// kept.
    #[must_use]
    pub fn with_peer_buffer(mut self, peer: impl Into<Storage<'a, u8>>) -> Self {
        self.peer = peer.into();
        self
    }

    /// Room for the session that a client resumes: its ticket and up to 200 bytes, and more where names are long.
    /// Without it, or if a session does not fit, the handshake is a full one. A server needs none.
    #[cfg(feature = "tickets")]
    #[must_use]
    pub fn with_session_buffer(mut self, session: impl Into<Storage<'a, u8>>) -> Self {
        self.session = session.into();
        self
    }

    /// Checks that a protected record of `len` bytes of content fits: a peer that is asked for it may send it.
    pub(super) fn check_fragments(&self, len: usize) -> Result<()> {
        let needed = len.saturating_add(RECORD_HEADER_LEN + 1 + 16);
        if self.receive.len() < needed { Err(Error::ReceiveBufferTooSmall(ByteCount::new(needed))) } else { Ok(()) }
    }

    /// Checks that no handshake is too small for them; what a peer's certificate needs comes on top.
    ///
    /// # Errors
    /// [`Error::ReceiveBufferTooSmall`], [`Error::TransmitBufferTooSmall`].
    pub fn check(&self) -> Result<()> {
        if self.receive.len() < MIN_RECEIVE_BUFFER_LEN {
            return Err(Error::ReceiveBufferTooSmall(ByteCount::new(MIN_RECEIVE_BUFFER_LEN)));
        }
        if self.transmit.len() < MIN_TRANSMIT_BUFFER_LEN {
            return Err(Error::TransmitBufferTooSmall(ByteCount::new(MIN_TRANSMIT_BUFFER_LEN)));
        }
        Ok(())
    }
}
