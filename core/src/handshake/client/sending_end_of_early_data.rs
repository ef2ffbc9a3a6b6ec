//! SENDING_END_OF_EARLY_DATA: the last that is said under the key of early data (RFC 9846 4.5.4).

use super::sending_finished::SendingFinished;
use super::{State, Step};
use crate::codes::HandshakeType;
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::evidence::FinishedVerified;
use core::task::{Poll, ready};

pub(crate) struct SendingEndOfEarlyData(Option<FinishedVerified>);

impl SendingEndOfEarlyData {
    /// Only a client that verified the server's Finished gets here.
    pub(super) const fn new(verified: FinishedVerified) -> Self {
        Self(Some(verified))
    }

    #[inline(never)]
    pub(super) fn advance<P: CryptoProvider>(&mut self, step: &mut Step<'_, '_, P>) -> Poll<Result<State<P>>> {
        ready!(step.poll_send(&mut |writer, _| writer.message(HandshakeType::END_OF_EARLY_DATA, |_| {})))?;
        step.end_key()?;
        step.k_send_withheld()?;
        Poll::Ready(Ok(State::SendingFinished(SendingFinished::new(super::take(&mut self.0)?))))
    }
}
