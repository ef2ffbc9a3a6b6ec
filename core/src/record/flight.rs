//! What a handshake asks of whatever carries its messages.
//!
//! The states of the handshake say what must happen; how it looks on the wire is the carrier's. TLS records over a
//! stream are one ([`stream`](super::stream)); datagrams or the frames of QUIC would be others.
//!
//! Messages are *drafted* in the carrier's own memory and *committed*, those that may be longer than that memory in
//! parts. Nothing of this waits: what is pending may be asked again.

use crate::codes::CipherSuite;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Result};
use crate::limits::{FULL_RECEIVE_BUFFER_LEN, MAX_PLAINTEXT_LEN, MIN_HYBRID_BUFFER_LEN, RECORD_HEADER_LEN};
use core::task::Poll;

/// Evidence that no handshake bytes lie behind the message in hand: the keys may change (RFC 9846 5.1).
pub(crate) struct RecordAligned(());

impl RecordAligned {
    /// To be called by a carrier that looked, and only there.
    pub(crate) const fn nothing_behind() -> Self {
        Self(())
    }
}

/// The memory of a carrier, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Capacity {
    pub(crate) receive: usize,
    pub(crate) transmit: usize,
}

impl Capacity {
    /// Whether it has room for the shares of hybrid groups.
    pub(crate) fn fits_hybrids(self) -> bool {
        self.receive.min(self.transmit) >= MIN_HYBRID_BUFFER_LEN
    }

    /// The record_size_limit that it can keep (RFC 8449 4).
    pub(crate) fn record_size_limit(self) -> u16 {
        let fits = self.receive.saturating_sub(RECORD_HEADER_LEN).saturating_sub(16);
        u16::try_from(fits.min(MAX_PLAINTEXT_LEN.saturating_add(1))).unwrap_or(u16::MAX)
    }

    /// Whether there are records that a peer may send and that do not fit.
    pub(crate) fn is_short(self) -> bool {
        self.receive < FULL_RECEIVE_BUFFER_LEN
    }
}

/// Whose key.
#[derive(Clone, Copy)]
pub(crate) enum Whose {
    Ours,
    ThePeers,
}

/// What a handshake that has said its part lets the peer say next.
#[derive(Clone, Copy)]
pub(crate) enum Next {
    /// Another message in the clear: a ServerHello, or a second ClientHello; in front of that, perhaps early data that
    /// we do not take.
    Hello { early_data: bool },
    /// The client's protected flight; in front of it, perhaps early data that we do not take, or an alert in the clear
    /// from one that does not have its keys.
    ClientFlight { early_data: bool },
    /// A client's early data, of so many bytes at most, which we take; or the message that ends it.
    #[cfg(feature = "early-data")]
    EarlyData { most: u32 },
    /// Application data. The peer has finished.
    ApplicationData,
}

/// The messages that one side sends, until it is the other's turn; and the keys of both.
pub(crate) trait Flight<P: CryptoProvider> {
    /// How much memory there is.
    fn capacity(&self) -> Capacity;

    /// Whether all that was said has been sent.
    fn is_drained(&self) -> bool;

    // ---- messages

    /// Pending until a message of `len` bytes has room in [`draft`](Self::draft), or nothing is in front of it that
    /// could be sent: then there will never be more.
    fn poll_room(&mut self, provider: &mut P, len: usize) -> Poll<Result<()>>;

    /// Contiguous room for the next message. What is written there stays until it is [committed](Self::commit), or
    /// [`poll_room`](Self::poll_room) is asked again. All of it can be committed.
    fn draft(&mut self) -> &mut [u8];

    /// Sends the `len` bytes that were drafted: a message, or a part of one.
    ///
    /// # Errors
    /// [`too_small`](Self::too_small) if that is more than there was room for.
    fn commit(&mut self, provider: &mut P, len: usize) -> Result<()>;

    /// The error for a message of `len` bytes that never will have room.
    fn too_small(&self, len: usize) -> Error;

    /// Our first message again, from this byte on: as much of it as stands together. It does until the next one is
    /// drafted.
    fn recall(&self, from: usize) -> &[u8];

    /// The record of compatibility mode (RFC 9846 E.4), where there are records: behind what was sent, and in front of
    /// the `drafted` bytes of a message.
    fn change_cipher_spec(&mut self, provider: &mut P, drafted: usize) -> Result<()>;

    // ---- turns and keys

    /// We said our part: all of it may go. What the peer may say now.
    fn expect(&mut self, provider: &mut P, next: Next) -> Result<()>;

    /// All that was said is the last under this key: until [`k_send`](Self::k_send), nothing more can be said.
    fn end_key(&mut self, provider: &mut P) -> Result<()>;

    /// K_send of RFC 9846, Appendix A: protects what is sent with a key of this secret.
    fn k_send(&mut self, provider: &mut P, suite: CipherSuite, secret: P::Secret) -> Result<()>;

    /// What is sent from here on is in the clear again, what was not sealed is dropped: the peer does not take early
    /// data.
    #[cfg(feature = "early-data")]
    fn k_send_nothing(&mut self);

    /// K_recv of RFC 9846, Appendix A: what is received is protected with a key of this secret.
    fn k_recv(&mut self, provider: &mut P, suite: CipherSuite, secret: P::Secret, _: RecordAligned) -> Result<()>;

    /// The secret of the current key: what a Finished is made with (RFC 9846 4.5).
    fn base_key(&self, whose: Whose) -> Option<&P::Secret>;

    /// Both sides agreed: we send records of at most `sent` bytes of content, and get such of at most `received` bytes
    /// of inner plaintext.
    fn limit(&mut self, sent: usize, received: usize);
}

/// A flight that lends out the room of a key as long as the key is not there.
///
/// The agreements that lead to the first key need much memory, and never at the same time as that key.
pub(crate) trait Carrier<P: CryptoProvider>: Flight<P> {
    /// Who has the room.
    type Guest;

    /// The guest, and room for a draft.
    ///
    /// # Errors
    /// [`Error::Internal`] when [`k_recv`](Flight::k_recv) has taken the room for a key.
    fn guest(&mut self) -> Result<(&mut Self::Guest, &mut [u8])>;
}
