//! Servers that look at the ClientHello before they choose what they are.

use crate::config::ServerConfig;
use crate::provided::Provides;
use crate::server::{Accept, accept};
use saitls::Error;
use saitls::protocol::PeerFault;
use saitls::protocol::codes::{AlertDescription, ContentType, HandshakeType};
use saitls::protocol::config::ClientHello;
use saitls::protocol::limits::{FULL_RECEIVE_BUFFER_LEN, MAX_PLAINTEXT_LEN, RECORD_HEADER_LEN};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The longest ClientHello that is waited for, in bytes, with the headers of its records: those that a connection
/// takes, and more records than anybody makes of one.
const MAX_HELLO_LEN: usize = 2 * FULL_RECEIVE_BUFFER_LEN;

/// Waits for the ClientHello of the client at the other end of a transport, and gives a [`StartHandshake`], which knows
/// what the client offers.
///
/// ```
/// # use saitls_tokio::{LazyConfigAcceptor, ServerConfig};
/// # use std::sync::Arc;
/// # type Config = Arc<ServerConfig>;
/// # async fn f(tcp: tokio::net::TcpStream, for_devices: Config, for_all: Config) -> std::io::Result<()> {
/// let start = LazyConfigAcceptor::new(tcp).await?;
/// let config = match start.client_hello().server_name() {
///     Some("devices.example") => for_devices,
///     _ => for_all,
/// };
/// let stream = start.into_stream(config).await?;
/// # drop(stream); Ok(()) }
/// ```
///
/// Put a time limit around it: a peer that says nothing is waited for. What begins no ClientHello fails with an error
/// whose source is a [`saitls::Error`], and the client is sent its alert.
#[must_use = "a future does nothing unless it is polled"]
pub struct LazyConfigAcceptor<IO> {
    io: Option<IO>,
    arriving: Arriving,
    /// An alert on its way, and why.
    alert: Option<(Vec<u8>, Error)>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> LazyConfigAcceptor<IO> {
    /// Waits for what comes over `io`.
    pub const fn new(io: IO) -> Self {
        Self { io: Some(io), arriving: Arriving::new(), alert: None }
    }

    /// The transport, and what was read from it, if there is no ClientHello yet: for those who serve other protocols at
    /// the same port.
    pub fn take_io(&mut self) -> Option<(IO, Vec<u8>)> {
        Some((self.io.take()?, std::mem::take(&mut self.arriving.bytes)))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Future for LazyConfigAcceptor<IO> {
    type Output = io::Result<StartHandshake<IO>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { io, arriving, alert } = &mut *self;
        let transport = io.as_mut().ok_or_else(|| tls(Error::InvalidState))?;
        loop {
            if let Some((record, error)) = alert {
                // What the transport does not take at once is not waited for longer than the task is there.
                while !record.is_empty() {
                    match ready!(Pin::new(&mut *transport).poll_write(cx, record)) {
                        Ok(len @ 1..) => drop(record.drain(..len)),
                        _ => break,
                    }
                }
                let _ = ready!(Pin::new(&mut *transport).poll_flush(cx));
                return Poll::Ready(Err(tls(*error)));
            }
            match arriving.is_whole() {
                Ok(true) => {
                    let io = io.take().ok_or_else(|| tls(Error::InvalidState))?;
                    let Arriving { bytes, message, .. } = std::mem::replace(arriving, Arriving::new());
                    return Poll::Ready(Ok(StartHandshake { io, bytes, message }));
                }
                Ok(false) => {
                    let mut room = [0; 2_048];
                    let mut room = ReadBuf::new(&mut room);
                    ready!(Pin::new(&mut *transport).poll_read(cx, &mut room))?;
                    if room.filled().is_empty() {
                        return Poll::Ready(Err(tls(Error::Truncated)));
                    }
                    arriving.bytes.extend_from_slice(room.filled());
                }
                Err(error) => *alert = Some((alert_record(error), error)),
            }
        }
    }
}

fn tls(error: Error) -> io::Error {
    saitls::StreamError::<io::Error>::Tls(error).into()
}

/// The record of a fatal alert, before there are keys (RFC 9846 5.1, 6).
fn alert_record(error: Error) -> Vec<u8> {
    let alert = error.alert().unwrap_or(AlertDescription::UNEXPECTED_MESSAGE);
    vec![ContentType::ALERT.0, 3, 3, 0, 2, 2, alert.0]
}

/// A ClientHello that comes piece by piece. Each byte is looked at once.
struct Arriving {
    /// What came.
    bytes: Vec<u8>,
    /// How many of them were looked at.
    seen: usize,
    /// How many of those to come belong to the record that was begun.
    in_record: usize,
    /// The message, as far as it is there.
    message: Vec<u8>,
}

impl Arriving {
    const fn new() -> Self {
        Self { bytes: Vec::new(), seen: 0, in_record: 0, message: Vec::new() }
    }

    /// Looks at what came since; says whether all of the ClientHello is there.
    fn is_whole(&mut self) -> Result<bool, Error> {
        loop {
            let rest = self.bytes.get(self.seen..).unwrap_or_default();
            if self.in_record == 0 {
                if rest.first().is_some_and(|&kind| kind != ContentType::HANDSHAKE.0) {
                    return Err(PeerFault::UnexpectedRecord.into());
                }
                let Some(header) = rest.first_chunk() else { break };
                self.in_record = content_len(*header)?;
                self.seen += RECORD_HEADER_LEN;
                continue;
            }
            if rest.is_empty() {
                break;
            }
            let there = rest.get(..self.in_record).unwrap_or(rest);
            self.message.extend_from_slice(there);
            (self.seen, self.in_record) = (self.seen + there.len(), self.in_record - there.len());
            if self.message.first() != Some(&HandshakeType::CLIENT_HELLO.0) {
                return Err(PeerFault::UnexpectedMessage.into());
            }
            if let Some(whole) = saitls::protocol::wire::Message::peek_len(&self.message)
                && self.message.len() >= whole
            {
                self.message.truncate(whole);
                // Who asks what is in it has an answer.
                ClientHello::read(&self.message)?;
                return Ok(true);
            }
        }
        if self.bytes.len() > MAX_HELLO_LEN { Err(PeerFault::Malformed.into()) } else { Ok(false) }
    }
}

/// The length of what a record holds that may be part of a ClientHello.
fn content_len([_, major, _, high, low]: [u8; RECORD_HEADER_LEN]) -> Result<usize, Error> {
    let len = usize::from(u16::from_be_bytes([high, low]));
    if major != 3 {
        return Err(PeerFault::UnexpectedRecord.into());
    }
    if len > MAX_PLAINTEXT_LEN {
        return Err(PeerFault::RecordOverflow.into());
    }
    if len == 0 { Err(PeerFault::EmptyRecord.into()) } else { Ok(len) }
}

/// A client that said what it offers, and waits for an answer.
pub struct StartHandshake<IO> {
    io: IO,
    bytes: Vec<u8>,
    message: Vec<u8>,
}

impl<IO> StartHandshake<IO> {
    /// What the client offers.
    pub fn client_hello(&self) -> ClientHello<'_> {
        ClientHello::read(&self.message).expect("it was read before")
    }

    /// The transport.
    pub const fn get_ref(&self) -> &IO {
        &self.io
    }

    /// The transport, to set it up.
    pub const fn get_mut(&mut self) -> &mut IO {
        &mut self.io
    }

    /// The transport, and the bytes that were read from it: for those who pass connections on to another host.
    pub fn into_parts(self) -> (IO, Vec<u8>) {
        (self.io, self.bytes)
    }

    /// Goes on with this configuration.
    pub fn into_stream<L>(self, config: Arc<ServerConfig<L>>) -> Accept<IO, L>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
        L: Provides,
    {
        accept(config, self.io, self.bytes)
    }
}
