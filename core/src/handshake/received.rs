//! Messages of the peer, and which are expected.

use crate::codes::HandshakeType;
use crate::error::{Error, PeerFault, Result};
use crate::record::RecordAligned;
use crate::wire::Message;

/// A message for a state, with the evidence that it ends its record, if it does.
pub(crate) struct Received<'m> {
    pub(crate) message: Message<'m>,
    pub(crate) aligned: Option<RecordAligned>,
    /// What an earlier message left: the peer's certificate.
    pub(crate) retained: &'m [u8],
}

impl Received<'_> {
    /// The evidence needed to change keys (RFC 9846 5.1).
    pub(crate) fn record_aligned(&mut self) -> Result<RecordAligned> {
        self.aligned.take().ok_or(Error::Peer(PeerFault::MessageSpansKeyChange))
    }
}

/// The messages that a state expects, a bit for each type.
#[derive(Clone, Copy)]
pub(crate) struct Expected(u32);

impl Expected {
    /// None: the state works on its own.
    pub(crate) const NOTHING: Self = Self(0);

    /// One type of message.
    pub(crate) fn one(kind: HandshakeType) -> Self {
        Self(1u32.unbounded_shl(kind.0.into()))
    }

    /// One of two.
    pub(crate) fn either(one: HandshakeType, other: HandshakeType) -> Self {
        Self(Self::one(one).0 | Self::one(other).0)
    }

    pub(crate) const fn is_nothing(self) -> bool {
        self.0 == 0
    }

    /// Refuses a message that the state does not expect: the one place where that happens.
    pub(crate) fn check(self, kind: HandshakeType) -> Result<()> {
        if self.0 & Self::one(kind).0 == 0 { Err(PeerFault::UnexpectedMessage.into()) } else { Ok(()) }
    }
}
