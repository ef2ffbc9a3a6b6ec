//! Data of a server in front of its client's Finished (RFC 9846 4.5.3, B.1: 0.5-RTT data).

use super::{Connection, Endpoint};
use crate::codes::ContentType;
use crate::crypto::CryptoProvider;
use crate::error::Result;

impl<P: CryptoProvider> Connection<'_, P> {
    /// On a server that has sent its Finished and waits for the client's: copies data for the client, as much as there
    /// is room for, and returns how much; 0 otherwise. [`write`](Self::write) is for what comes after the handshake.
    /// The next [`process`](Self::process) seals it, and it is sent behind the Finished, half a round trip sooner.
    ///
    /// **Nobody knows yet who the client is**, nor whether it is there at all: it may be a replay of somebody's hello.
    /// So this is for what anybody may read, such as a greeting, or the answer to early data (`replayable_data`) that
    /// holds nothing but what whoever sent that knows. Where clients are asked for a certificate, none has been seen.
    ///
    /// # Errors
    /// The error the connection failed with.
    pub fn write_before_client_finished(&mut self, data: &[u8]) -> Result<usize> {
        if let Some(error) = self.error() {
            return Err(error);
        }
        let has_finished = match &self.endpoint {
            Endpoint::Server(_, state) => state.has_sent_finished(),
            Endpoint::Client(..) => false,
        };
        if !has_finished || !self.is_handshaking() || self.wishes.close || self.is_key_used_up() {
            return Ok(0);
        }
        let room = self.outgoing.content_room(ContentType::APPLICATION_DATA);
        let len = room.len().min(data.len());
        if let (Some(to), Some(from)) = (room.get_mut(..len), data.get(..len)) {
            to.copy_from_slice(from);
        }
        self.outgoing.fill(len);
        Ok(len)
    }
}
