//! What a client offers, for whoever looks before they choose.

use crate::codes::{CipherSuite, ContentType, ExtensionType, HandshakeType, NamedGroup, SignatureScheme};
use crate::error::Result;
use crate::limits::RECORD_HEADER_LEN;
use crate::wire::extensions::{NamedGroupList, ProtocolNameList, ServerNameList, SignatureSchemeList};
use crate::wire::{self, List, Message};

/// What a client offers (RFC 9846 4.2.2), in its own order. Nothing of it is proven, nor checked for making sense
/// together.
#[derive(Clone, Copy)]
pub struct ClientHello<'m> {
    /// Read again by each question, so that whoever asks none pays for none.
    body: &'m [u8],
}

impl<'m> ClientHello<'m> {
    pub(crate) const fn of(body: &'m [u8]) -> Self {
        Self { body }
    }

    /// A message, header included.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`](crate::PeerFault::Malformed), and others if it is no ClientHello.
    pub fn read(message: &'m [u8]) -> Result<Self> {
        let message = Message::read(message)?;
        if message.kind != HandshakeType::CLIENT_HELLO {
            return Err(crate::PeerFault::UnexpectedMessage.into());
        }
        wire::ClientHello::read(message.body)?;
        Ok(Self { body: message.body })
    }

    /// What stands in the first record of a connection, for servers that choose their configuration by it: look, then
    /// make a [`Connection`](crate::Connection), and give it these bytes.
    ///
    /// `None` if the record is not there yet as a whole, if it is something else, or if it holds only part of a
    /// ClientHello, which hardly anybody sends.
    ///
    /// ```
    /// # fn f(tcp: &std::net::TcpStream) -> std::io::Result<()> {
    /// use saitls_core::config::ClientHello;
    ///
    /// let mut bytes = [0; 5 + 16_384];
    /// let len = tcp.peek(&mut bytes)?;
    /// let name = ClientHello::in_records(&bytes[..len]).and_then(|hello| hello.server_name());
    /// # let _ = name; Ok(()) }
    /// ```
    #[must_use]
    pub fn in_records(bytes: &'m [u8]) -> Option<Self> {
        let (&[kind, 3, _, high, low], rest) = bytes.split_first_chunk::<RECORD_HEADER_LEN>()? else { return None };
        let message = rest.get(..usize::from(u16::from_be_bytes([high, low])))?;
        if kind != ContentType::HANDSHAKE.0 {
            return None;
        }
        Self::read(message.get(..Message::peek_len(message)?)?).ok()
    }

    fn get<T, E>(&self, kind: ExtensionType, read: impl FnOnce(&'m [u8]) -> Result<T, E>) -> Option<T> {
        read(wire::ClientHello::read(self.body).ok()?.extensions.find(kind)?).ok()
    }

    /// The host name that the client asks for (RFC 6066 3), if it is one.
    #[must_use]
    pub fn server_name(&self) -> Option<&'m str> {
        ServerNameList::dns_name(wire::ClientHello::read(self.body).ok()?.extensions).ok()?
    }

    /// The application protocols (RFC 7301); `None` if it says nothing of them.
    #[must_use]
    pub fn alpn(&self) -> Option<impl Iterator<Item = &'m [u8]> + use<'m>> {
        let kind = ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION;
        self.get(kind, ProtocolNameList::read).map(ProtocolNameList::iter)
    }

    /// The cipher suites, those of older versions and those that nobody knows among them.
    pub fn cipher_suites(&self) -> impl Iterator<Item = CipherSuite> + use<'m> {
        wire::ClientHello::read(self.body).map_or(List::NONE, |hello| hello.cipher_suites).iter()
    }

    /// The groups.
    pub fn named_groups(&self) -> impl Iterator<Item = NamedGroup> + use<'m> {
        let groups = self.get(ExtensionType::SUPPORTED_GROUPS, NamedGroupList::read);
        groups.map_or(List::NONE, |groups| groups.named_group_list).iter()
    }

    /// How the client lets the server sign.
    pub fn signature_schemes(&self) -> impl Iterator<Item = SignatureScheme> + use<'m> {
        let schemes = self.get(ExtensionType::SIGNATURE_ALGORITHMS, SignatureSchemeList::read);
        schemes.map_or(List::NONE, |schemes| schemes.supported_signature_algorithms).iter()
    }

    /// Any extension, as it came.
    #[must_use]
    pub fn extension(&self, kind: ExtensionType) -> Option<&'m [u8]> {
        wire::ClientHello::read(self.body).ok()?.extensions.find(kind)
    }
}

/// Chooses the application protocol for each client, where an order does not say it all: by the host name, say.
pub trait ProtocolChooser: Sync {
    /// The place in the configuration's list of the protocol to speak with a client that offers some; `None` to agree
    /// on none, which is for the client to judge. It must be one that the client offers.
    ///
    /// # Errors
    /// Whatever says best why the connection ends, such as
    /// [`Incompatibility::NoApplicationProtocol`](crate::Incompatibility::NoApplicationProtocol): its alert is sent.
    fn choose(&self, hello: &ClientHello<'_>) -> Result<Option<usize>>;
}
