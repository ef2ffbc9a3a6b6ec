//! Early data of a client (RFC 9846 2.3).

use super::{Connection, Endpoint, Phase};
use crate::codes::ContentType;
use crate::crypto::CryptoProvider;
pub use crate::handshake::EarlyDataStatus;

impl<'a, P: CryptoProvider> Connection<'a, P> {
    /// Where a client sends data that goes out behind its first message, before the server has said a word: if the
    /// [configuration](crate::config::ClientConfig::with_early_data) wishes for it, if a ticket allows it, and as long
    /// as the server has not finished. `None` in front of the first [`process`](Self::process), and otherwise.
    ///
    /// **Whoever records it can send it to the server again**, and it has no forward secrecy; a type of its own keeps
    /// it apart from all other data. It is for what does no harm when it is done twice.
    ///
    /// ```
    /// # fn f<P: saitls_core::crypto::CryptoProvider>(tls: &mut saitls_core::Connection<'_, P>, provider: &mut P)
    /// #     -> saitls_core::Result<()> {
    /// use saitls_core::EarlyDataStatus;
    ///
    /// let request = b"GET /temperature HTTP/1.1\r\nHost: sensor.example\r\n\r\n";
    /// tls.process(provider)?;
    /// let early = tls.early_data().map_or(0, |mut early| early.write_replayable(request));
    /// while tls.is_handshaking() {
    ///     // ... records out, records in ...
    /// #   break;
    /// }
    /// let sent = if tls.early_data_status() == EarlyDataStatus::Accepted { early } else { 0 };
    /// tls.write(&request[sent..])?;
    /// # Ok(()) }
    /// ```
    pub fn early_data(&mut self) -> Option<EarlyData<'_, 'a, P>> {
        let is_open = matches!(self.phase, Phase::Handshake) && !self.wishes.close && self.memory.early_data.is_open;
        let is_client = matches!(self.endpoint, Endpoint::Client(..));
        (is_open && is_client).then_some(EarlyData { connection: self })
    }

    /// What became of a client's early data. It is known when the handshake is complete; if it was
    /// [rejected](EarlyDataStatus::Rejected), nothing of it has been or will be read by the server, and what was
    /// written is to be sent again: the connection keeps no copy.
    #[must_use]
    pub const fn early_data_status(&self) -> EarlyDataStatus {
        self.memory.early_data.status
    }
}

/// Room for the early data of a client, from [`Connection::early_data`].
pub struct EarlyData<'c, 'a, P: CryptoProvider> {
    connection: &'c mut Connection<'a, P>,
}

impl<P: CryptoProvider> EarlyData<'_, '_, P> {
    /// Copies data for the server, as much as there is room for, and returns how much: no more than
    /// [`limit`](Self::limit), nor than fits into the record that is being filled, which the next
    /// [`process`](Connection::process) seals.
    ///
    /// **The server may get this more than once**, in other connections, from whoever recorded it, at any time that the
    /// server allows for; and not at all from this one, if it rejects it: keep it until
    /// [`early_data_status`](Connection::early_data_status) says what became of it.
    pub fn write_replayable(&mut self, data: &[u8]) -> usize {
        if self.connection.is_key_used_up() {
            return 0;
        }
        let (outgoing, early_data) = (&mut self.connection.outgoing, &mut self.connection.memory.early_data);
        let most = usize::try_from(early_data.room).unwrap_or(usize::MAX);
        let room = outgoing.content_room(ContentType::APPLICATION_DATA);
        let len = room.len().min(data.len()).min(most);
        if let (Some(to), Some(from)) = (room.get_mut(..len), data.get(..len)) {
            to.copy_from_slice(from);
        }
        outgoing.fill(len);
        early_data.room = early_data.room.saturating_sub(u32::try_from(len).unwrap_or(u32::MAX));
        len
    }

    /// How many bytes more the ticket allows.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.connection.memory.early_data.room
    }
}
