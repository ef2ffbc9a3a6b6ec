//! A TLS connection without a transport: bytes in, bytes out, whoever moves them.
//!
//! A [`Connection`] has four ports, two towards the transport, where **records** pass, sealed; and two towards the
//! application, where **data** passes in the clear. At each one looks first, then says how much was taken:
//!
//! | port | look | take |
//! |---|---|---|
//! | records in | [`records_room`](Connection::records_room) | [`records_filled`](Connection::records_filled) |
//! | records out | [`records`](Connection::records) | [`records_sent`](Connection::records_sent) |
//! | data in | [`data`](Connection::data) | [`data_read`](Connection::data_read) |
//! | data out | [`data_room`](Connection::data_room) | [`data_written`](Connection::data_written) |
//!
//! [`process`](Connection::process) does the work between them, with the provider it is lent.

mod buffers;
mod data;
mod driver;
#[cfg(feature = "early-data")]
mod early_data;
mod half_rtt;
mod post_handshake;
#[cfg(feature = "early-data")]
mod replayable_data;
mod rest;
mod setup_error;
mod telling;
#[cfg(feature = "tickets")]
mod tickets;

pub use buffers::Buffers;
#[cfg(feature = "early-data")]
pub use early_data::{EarlyData, EarlyDataStatus};
#[cfg(feature = "early-data")]
pub use replayable_data::ReplayableData;
pub use rest::KeysAtRest;
pub use setup_error::SetupError;

use crate::codes::{AlertDescription, CertificateType, CipherSuite, MaxFragmentLength, NamedGroup, SignatureScheme};
use crate::config::{ClientConfig, Common, ServerConfig};
use crate::crypto::{CryptoProvider, x509};
use crate::error::{Error, Misconfiguration, Result};
pub use crate::handshake::PeerAuthentication;
use crate::handshake::{Agreements, Memory, PeerNotes, SessionMemory, client, server};
#[cfg(feature = "psk")]
use crate::psk::PskKind;
use crate::record::stream::{Incoming, Outgoing, ReceiveBuffer};
pub use crate::waiting::{Operation, WaitingFor};
use core::task::Waker;
use rustls_pki_types::ServerName;

/// Which side we are, what it was configured with, and where its handshake stands.
enum Endpoint<'a, P: CryptoProvider> {
    Client(client::Client<'a, P>, client::State<P>),
    Server(&'a ServerConfig<'a, P>, server::State<P>),
}

/// The life of a connection.
#[derive(Clone, Copy)]
enum Phase {
    Handshake,
    Connected,
    /// Both directions were closed in order.
    Closed,
    Failed(Error),
}

/// What the application wants to be sent that is not data.
#[derive(Default)]
struct Wishes {
    /// close_notify, after what was written.
    close: bool,
    /// A fatal alert.
    reject: Option<AlertDescription>,
    /// KeyUpdate; `Some(true)` asks the peer for the same.
    key_update: Option<bool>,
}

/// Counts that keep a peer's work bounded, and what was agreed with it after the handshake.
#[derive(Default)]
struct PostHandshake {
    key_updates: u8,
    tickets: u8,
    /// We asked for a KeyUpdate that has not come yet (RFC 9846 4.7.3: no second request until then).
    update_requested: bool,
    /// The peer asked for a KeyUpdate that we have not sent yet: no data may go before it.
    update_owed: bool,
    /// How often our key was renewed.
    epoch: u64,
    /// How many tickets we have sent.
    #[cfg(feature = "tickets")]
    tickets_sent: u16,
    /// The next one.
    #[cfg(feature = "tickets")]
    ticket: Option<tickets::TicketDraft>,
}

/// A TLS 1.3 connection, client or server.
///
/// ```
/// # fn f<P: saitls_core::crypto::CryptoProvider>(provider: &mut P, verifier: &dyn saitls_core::crypto::PeerVerifier<P>,
/// #     mut socket: std::net::TcpStream) -> Result<(), Box<dyn std::error::Error>> {
/// use saitls_core::{Buffers, Connection, ServerName, WaitingFor, config::ClientConfig};
/// use std::io::{Read, Write};
///
/// let (mut receive, mut transmit) = ([0; 16_645], [0; 4_096]);
/// let config = ClientConfig::new(verifier);
/// let name = ServerName::try_from("example.org").ok();
/// let mut tls = Connection::client(&config, name, Buffers::new(&mut receive[..], &mut transmit[..]))?;
/// while tls.is_handshaking() {
///     let processed = tls.process(provider);
///     // Also where it failed: there may be an alert for the peer.
///     socket.write_all(tls.records())?;
///     tls.records_sent(tls.records().len());
///     processed?;
///     if tls.waiting_for() == WaitingFor::Peer {
///         let room = tls.records_room();
///         // To read nothing into no room would look like the end.
///         if !room.is_empty() {
///             match socket.read(room)? {
///                 0 => tls.records_ended(),
///                 len => tls.records_filled(len),
///             }
///         }
///     }
/// }
/// tls.write(b"GET / HTTP/1.0\r\n\r\n")?;
/// # Ok(()) }
/// ```
pub struct Connection<'a, P: CryptoProvider> {
    endpoint: Endpoint<'a, P>,
    advance: driver::Advance<'a, P>,
    phase: Phase,
    receive: ReceiveBuffer<'a>,
    incoming: Incoming<P, Agreements<P>>,
    outgoing: Outgoing<'a, P>,
    memory: Memory<'a, P>,
    wishes: Wishes,
    post_handshake: PostHandshake,
    waiting_for: WaitingFor,
    alert_sent: Option<AlertDescription>,
    alert_received: Option<AlertDescription>,
    /// The peer said close_notify.
    peer_closed: bool,
    /// We said close_notify, or were told to say nothing more.
    locally_closed: bool,
    /// The transport will bring nothing more.
    transport_closed: bool,
}

/// What the handshake agreed on.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Negotiated<'c> {
    /// The suite.
    pub cipher_suite: CipherSuite,
    /// The group of the key agreement; `None` with a pre-shared key that does without one.
    pub named_group: Option<NamedGroup>,
    /// How the peer signed, if it did.
    pub peer_signature_scheme: Option<SignatureScheme>,
    /// How we signed, if we did.
    pub local_signature_scheme: Option<SignatureScheme>,
    /// The application protocol.
    pub alpn: Option<&'c [u8]>,
    /// The host name: on a client, the one it sent; on a server, the one the client asked for, if
    /// [`Buffers::with_peer_buffer`] left room for it.
    pub server_name: Option<&'c str>,
    /// On a client, the name of the connection, a host name or address, if the verifier found it in the server's
    /// certificate; `None` with a verifier that looks at keys alone, ignores names, or expects another name.
    pub verified_name: Option<&'c ServerName<'c>>,
    /// The peer's end-entity certificate in DER, or its raw public key, if [`Buffers::with_peer_buffer`] left room for
    /// it.
    pub peer_certificate: Option<&'c [u8]>,
    /// What `peer_certificate` is.
    pub peer_certificate_type: CertificateType,
    /// How many certificates the peer sent, the end entity included.
    pub peer_chain_len: usize,
    /// The certificate chain in DER that we presented, end entity first, or the raw public key: which of several
    /// identities it was. `None` if we presented none.
    pub local_certificate_chain: Option<&'c [&'c [u8]]>,
    /// How the peer proved who it is.
    pub peer_authentication: PeerAuthentication,
    /// Where the pre-shared key comes from that both sides went on with, if there was one.
    #[cfg(feature = "psk")]
    pub psk: Option<PskKind>,
    /// The identity of that key if it is external, and so who the peer is, if [`Buffers::with_peer_buffer`] left room
    /// for it.
    #[cfg(feature = "psk")]
    pub psk_identity: Option<&'c [u8]>,
    /// Whether there was a HelloRetryRequest.
    pub hello_retry: bool,
    /// The peer's record_size_limit.
    pub record_size_limit: Option<u16>,
}

/// All of it but the bytes of the certificate.
#[cfg(feature = "defmt")]
impl defmt::Format for Negotiated<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(
            f,
            "{}, group {}, peer by {} and {}, we by {}, ALPN {=[u8]:a}, name {}, verified {}, {} of {} \
             certificates, HelloRetryRequest {}, record_size_limit {}",
            self.cipher_suite,
            self.named_group,
            self.peer_authentication,
            self.peer_signature_scheme,
            self.local_signature_scheme,
            self.alpn.unwrap_or_default(),
            self.server_name,
            self.verified_name.is_some(),
            self.peer_certificate_type,
            self.peer_chain_len,
            self.hello_retry,
            self.record_size_limit
        );
        #[cfg(feature = "psk")]
        defmt::write!(f, ", pre-shared key {}", self.psk);
    }
}

impl<'c> Negotiated<'c> {
    /// The SubjectPublicKeyInfo of the peer in DER, where there is a [`peer_certificate`](Self::peer_certificate).
    #[must_use]
    pub fn peer_public_key(&self) -> Option<&'c [u8]> {
        let certificate = self.peer_certificate?;
        match self.peer_certificate_type {
            CertificateType::RAW_PUBLIC_KEY => Some(certificate),
            _ => x509::subject_public_key_info(certificate).ok(),
        }
    }
}

/// What can be told to be wrong before a client begins.
fn check_client<P: CryptoProvider>(config: &ClientConfig<'_, P>, has_name: bool, buffers: &Buffers<'_>) -> Result<()> {
    config.check()?;
    if !has_name && config.verifier.needs_server_name() {
        return Err(Error::InvalidConfiguration(Misconfiguration::NoServerName));
    }
    if let Some(length) = config.max_fragment_length.and_then(MaxFragmentLength::bytes) {
        buffers.check_fragments(length)?;
    }
    buffers.check()
}

impl<'a, P: CryptoProvider> Connection<'a, P> {
    /// A client that wants to talk to `server_name`. A DNS name is sent (RFC 6066 3) and, like an address, told to
    /// the verifier; a verifier that needs a name refuses to go without.
    ///
    /// # Errors
    /// [`SetupError`] with [`Error::InvalidConfiguration`], [`Error::ReceiveBufferTooSmall`] or
    /// [`Error::TransmitBufferTooSmall`]; it gives the buffers back.
    #[inline(never)]
    pub fn client(
        config: &'a ClientConfig<'a, P>,
        server_name: Option<ServerName<'a>>,
        buffers: Buffers<'a>,
    ) -> Result<Self, SetupError<'a>> {
        if let Err(error) = check_client(config, server_name.is_some(), &buffers) {
            return Err(SetupError { error, buffers });
        }
        let endpoint = Endpoint::Client(client::Client { config, server_name }, client::State::start());
        Ok(Self::new(endpoint, driver::advance_client, &config.common, buffers))
    }

    /// A server.
    ///
    /// # Errors
    /// As for [`client`](Self::client).
    #[inline(never)]
    pub fn server(config: &'a ServerConfig<'a, P>, buffers: Buffers<'a>) -> Result<Self, SetupError<'a>> {
        if let Err(error) = config.check().and_then(|()| buffers.check()) {
            return Err(SetupError { error, buffers });
        }
        let endpoint = Endpoint::Server(config, server::State::start());
        #[cfg_attr(not(feature = "tickets"), expect(unused_mut, reason = "a HelloRetryRequest is remembered"))]
        let mut connection = Self::new(endpoint, driver::advance_server, &config.common, buffers);
        #[cfg(feature = "tickets")]
        if config.tickets.cookies.is_some() {
            // It may be the second ClientHello that comes, with change_cipher_spec in front of it (RFC 9846 E.4).
            connection.incoming.expect(crate::record::Next::Hello { early_data: false });
        }
        Ok(connection)
    }

    /// A connection that has not begun, in buffers that are large enough.
    fn new(
        endpoint: Endpoint<'a, P>,
        advance: driver::Advance<'a, P>,
        common: &Common<'a>,
        buffers: Buffers<'a>,
    ) -> Self {
        use crate::codes::ProtocolVersion;
        // RFC 9846 5.1: an initial ClientHello should look like one of TLS 1.0.
        let version = match endpoint {
            Endpoint::Client(..) => ProtocolVersion::TLS_1_0,
            Endpoint::Server(..) => ProtocolVersion::TLS_1_2,
        };
        Self {
            endpoint,
            advance,
            phase: Phase::Handshake,
            receive: ReceiveBuffer::new(buffers.receive),
            incoming: Incoming::new(Agreements::none()),
            outgoing: Outgoing::new(buffers.transmit, common.padding, common.sent_record_len.into(), version),
            memory: Memory::new(
                PeerNotes::new(buffers.peer),
                #[cfg(feature = "tickets")]
                SessionMemory::new(buffers.session),
                #[cfg(not(feature = "tickets"))]
                SessionMemory::none(),
            ),
            wishes: Wishes::default(),
            post_handshake: PostHandshake::default(),
            waiting_for: WaitingFor::Peer,
            alert_sent: None,
            alert_received: None,
            peer_closed: false,
            locally_closed: false,
            transport_closed: false,
        }
    }

    /// Ends the connection at once and gives the buffers back, wiped, for the next one.
    #[must_use]
    pub fn into_buffers(self) -> Buffers<'a> {
        Buffers {
            receive: self.receive.into_storage(),
            transmit: self.outgoing.buffer.into_storage(),
            peer: self.memory.notes.into_storage(),
            #[cfg(feature = "tickets")]
            session: self.memory.resuming.into_storage(),
        }
    }

    /// The application protocol that was agreed on.
    fn protocol(&self) -> Option<&'a [u8]> {
        self.memory.facts.alpn.and_then(|index| self.common().alpn.get(usize::from(index)).copied())
    }

    const fn common(&self) -> &'a Common<'a> {
        match &self.endpoint {
            Endpoint::Client(client, _) => &client.config.common,
            Endpoint::Server(config, _) => &config.common,
        }
    }

    // ---- state

    /// What the connection needs before [`process`](Self::process) can go on.
    #[must_use]
    pub const fn waiting_for(&self) -> WaitingFor {
        self.waiting_for
    }

    /// Wakes this task, once, when the operation that [`waiting_for`](Self::waiting_for) names may go on; at once if it
    /// may already. Says whether it will be woken: if not, as when no operation is pending or its device cannot tell,
    /// [`process`](Self::process) again after a while.
    pub fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        let WaitingFor::Operation(operation) = self.waiting_for else { return false };
        if operation == Operation::PreSharedKey {
            return match &self.endpoint {
                Endpoint::Client(client, _) => {
                    let session = client.config.sessions.register_waker(provider, waker);
                    client.config.psks.register_waker(provider, waker) || session
                }
                Endpoint::Server(config, _) => config.register_psk_waker(provider, waker),
            };
        }
        let (verifier, identities) = match &self.endpoint {
            Endpoint::Client(client, _) => (Some(client.config.verifier), &client.config.identities),
            Endpoint::Server(config, _) => (config.client_authentication.verifier(), &config.identities),
        };
        match (operation, verifier, &self.memory.identity) {
            (Operation::PeerVerification, Some(verifier), _) => verifier.register_waker(provider, waker),
            (Operation::IdentityChoice, ..) => identities.register_waker(provider, waker),
            (Operation::Signing, _, Some(chosen)) => chosen.signer.register_waker(provider, waker),
            _ => provider.register_waker(waker),
        }
    }

    /// Where the connection stands, for logs: the states of the handshake by their names in RFC 9846, Appendix A, as
    /// `WAIT_SH` (and names like those for messages of a flight that the RFC sends in one go), then `CONNECTED`,
    /// `CLOSED` or `FAILED`.
    #[must_use]
    pub const fn state_name(&self) -> &'static str {
        match (self.phase, &self.endpoint) {
            (Phase::Handshake, Endpoint::Client(_, state)) => state.name(),
            (Phase::Handshake, Endpoint::Server(_, state)) => state.name(),
            (Phase::Connected, _) => "CONNECTED",
            (Phase::Closed, _) => "CLOSED",
            (Phase::Failed(_), _) => "FAILED",
        }
    }

    /// What the connection is, for logs.
    #[cfg(any(feature = "log", feature = "defmt"))]
    const fn role_name(&self) -> &'static str {
        match self.endpoint {
            Endpoint::Client(..) => "client",
            Endpoint::Server(..) => "server",
        }
    }

    /// Whether the handshake is going on.
    #[must_use]
    pub const fn is_handshaking(&self) -> bool {
        matches!(self.phase, Phase::Handshake)
    }

    /// Whether the handshake is complete and the connection has not ended.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Connected)
    }

    /// Whether data may be written: after the handshake, before [`close`](Self::close).
    #[must_use]
    pub fn may_send(&self) -> bool {
        self.is_connected() && !self.wishes.close && !self.locally_closed
    }

    /// Whether data may be read: some is there, or the peer may send some.
    #[must_use]
    pub fn may_receive(&self) -> bool {
        !self.data().is_empty() || (self.is_connected() && !self.peer_closed)
    }

    /// Whether the peer said that it will send nothing more (close_notify), and everything before was opened.
    #[must_use]
    pub const fn is_peer_closed(&self) -> bool {
        self.peer_closed
    }

    /// Whether our close_notify is under way: all data written before has been sealed.
    #[must_use]
    pub const fn is_locally_closed(&self) -> bool {
        self.locally_closed
    }

    /// Whether the connection is over and nothing is left to be transmitted or read.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed | Phase::Failed(_))
            && self.outgoing.buffer.is_drained()
            && self.data().is_empty()
    }

    /// Why the connection failed, if it did.
    #[must_use]
    pub const fn error(&self) -> Option<Error> {
        match self.phase {
            Phase::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// The fatal alert that was put into the transmit buffer, if there was one.
    #[must_use]
    pub const fn alert_sent(&self) -> Option<AlertDescription> {
        self.alert_sent
    }

    /// The fatal alert that the peer sent, if there was one.
    #[must_use]
    pub const fn alert_received(&self) -> Option<AlertDescription> {
        self.alert_received
    }

    /// What the handshake agreed on, once it is complete.
    #[must_use]
    pub fn negotiated(&self) -> Option<Negotiated<'_>> {
        if self.is_handshaking() {
            return None;
        }
        let (server_name, wanted) = match &self.endpoint {
            Endpoint::Client(client, _) => (client.host_name(), client.server_name.as_ref()),
            Endpoint::Server(..) => (self.memory.notes.name(), None),
        };
        let peer_certificate = self.memory.notes.certificate();
        // Whoever has a PSK that is external shows no certificate.
        #[cfg(feature = "psk")]
        let (psk_identity, peer_certificate) = match self.memory.facts.psk {
            Some(PskKind::External | PskKind::Imported) => (peer_certificate, None),
            _ => (None, peer_certificate),
        };
        Some(Negotiated {
            cipher_suite: self.memory.facts.cipher_suite,
            named_group: self.memory.facts.named_group,
            peer_signature_scheme: self.memory.facts.peer_scheme,
            local_signature_scheme: self.memory.facts.local_scheme,
            alpn: self.protocol(),
            server_name,
            verified_name: wanted.filter(|_| self.memory.facts.server_name_verified),
            peer_certificate,
            peer_certificate_type: self.memory.facts.peer_certificate_type,
            peer_chain_len: self.memory.facts.peer_chain_len.into(),
            local_certificate_chain: self.memory.presented(),
            peer_authentication: self.memory.facts.peer_authentication?,
            #[cfg(feature = "psk")]
            psk: self.memory.facts.psk,
            #[cfg(feature = "psk")]
            psk_identity,
            hello_retry: self.memory.facts.retried,
            record_size_limit: self.memory.facts.peer_record_size_limit,
        })
    }

    /// Keying material for the application (RFC 9846 7.5), bound to this connection. No context is the same as
    /// an empty one.
    ///
    /// # Errors
    /// [`Error::InvalidState`] before the handshake is complete, and when the connection is over; what
    /// [`Secret::export`] says.
    ///
    /// [`Secret::export`]: crate::crypto::Secret::export
    pub fn export(&self, provider: &mut P, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<()> {
        if !self.is_connected() {
            return Err(Error::InvalidState);
        }
        self.memory.export(provider, label, context, out)
    }
}
