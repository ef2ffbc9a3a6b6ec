//! An HTTPS server over Ethernet with mutual authentication, two connections at once.
//!
//! | request | answer |
//! |---|---|
//! | `GET /status` | how many connections there were, how many failed, how deep the stack was, what an engine hashed |
//! | `GET /megabyte` | 2^20 bytes, of which byte `i` is `i mod 251` |
//! | `POST /hash` | SHA-256 of the body, in hexadecimal digits |
//!
//! Words of the command line: `records=2048` (the longest record it takes).

#![no_std]
#![no_main]

use core::fmt::Write as _;
use core::time::Duration;
use rand_core::TryRng as _;
use saitls::protocol::codes::HashAlgorithm;
use saitls::protocol::config::ClientAuthentication;
use saitls::protocol::crypto::Hash;
use saitls::rustcrypto::{Hash as SoftwareHash, SigningKey};
use saitls::smoltcp::iface::{SocketSet, SocketStorage};
use saitls::smoltcp::socket::tcp;
use saitls::{
    Buffers, Error, Identity, ProviderFault, ServerConfig, SocketError, TlsSocket, TlsSocketSet, TlsSocketStorage,
};
use saitls_firmware::provider::{self, Provider};
use saitls_firmware::{host, network, report, stack, timer, trng::Trng};
use saitls_webpki::{ChainVerifier, UnixTime, anchor_from_der};
use static_cell::ConstStaticCell;

/// Who we are. It stays in flash.
const CHAIN: [&[u8]; 2] = [include_bytes!("../../pki/leaf.der"), include_bytes!("../../pki/intermediate.der")];
const KEY: &[u8] = include_bytes!("../../pki/leaf.key.der");

const CONNECTIONS: usize = 2;
const PORT: u16 = 443;
const MEGABYTE: u32 = 1 << 20;

saitls_firmware::entry!(main);

fn main() -> ! {
    timer::start();
    if let Err(error) = run() {
        report::socket_error(error);
    }
    host::exit(false)
}

/// A buffer in RAM for each connection.
macro_rules! buffers {
    ($len:expr) => {{
        static BUFFERS: ConstStaticCell<[[u8; $len]; CONNECTIONS]> = ConstStaticCell::new([[0; $len]; CONNECTIONS]);
        BUFFERS.take().iter_mut()
    }};
}

fn run() -> Result<(), SocketError> {
    let words = host::CommandLine::read();
    let mut trng = Trng::new().map_err(|_| Error::Provider(ProviderFault::RandomFailed))?;
    let clock = network::Clock::default();
    let seed = trng.try_next_u64().map_err(|_| Error::Provider(ProviderFault::RandomFailed))?;
    let (mut card, mut iface) = network::start(&clock, seed).map_err(|_| SocketError::Refused)?;
    let mut provider = provider::new(trng, &words)?;

    let anchors = [anchor_from_der(include_bytes!("../../pki/root.der"))?];
    let rtc = || Ok(UnixTime::since_unix_epoch(Duration::from_secs(host::unix_time().into())));
    let clients = ChainVerifier::new(&anchors, &rtc)?;
    let key = SigningKey::from_der(KEY)?;
    let identities = [Identity::new(&CHAIN, &key)];
    let config = ServerConfig::new(&identities).with_client_authentication(ClientAuthentication::Required(&clients));

    let records = words.number("records").map_or(16_645, |longest: usize| (longest + 22).min(16_645));
    let mut storage = [SocketStorage::EMPTY; CONNECTIONS];
    let mut sockets = SocketSet::new(&mut storage[..]);
    let mut storage = [const { TlsSocketStorage::EMPTY }; CONNECTIONS];
    let mut set = TlsSocketSet::new(&mut storage[..]);
    let tcp_buffers = buffers!(2_048).zip(buffers!(2_048));
    let tls_buffers = buffers!(16_645).zip(buffers!(4_096));
    let handles = tcp_buffers.zip(tls_buffers).map(|((receive, send), (record, transmit))| {
        let tcp = tcp::Socket::new(tcp::SocketBuffer::new(&mut receive[..]), tcp::SocketBuffer::new(&mut send[..]));
        let buffers = Buffers::new(&mut record[..records], &mut transmit[..]);
        let handle = set.add(TlsSocket::new(sockets.add(tcp), buffers));
        (handle, Session::Idle)
    });
    let mut sessions = [const { None }; CONNECTIONS];
    sessions.iter_mut().zip(handles).for_each(|(slot, session)| *slot = Some(session));

    let mut counts = Counts { connections: 0, failures: 0 };
    host::print("listening\n");
    stack::paint();
    loop {
        saitls::poll(clock.now(), &mut iface, &mut card, &mut sockets, &mut set, &mut provider);
        for (handle, session) in sessions.iter_mut().flatten() {
            let socket = set.get_mut(*handle);
            if !socket.is_open() {
                counts.failures += u32::from(socket.error().is_some());
                *session = Session::Idle;
                let _ = socket.listen(&mut sockets, &config, PORT);
            }
            session.turn(socket, &mut provider, &mut counts);
        }
    }
}

struct Counts {
    connections: u32,
    failures: u32,
}

/// How far a connection has come.
#[allow(clippy::large_enum_variant, reason = "without an allocator there is no box")]
enum Session {
    /// Nobody is there.
    Idle,
    /// A request is coming in: its head, so far.
    Head { head: [u8; 1_024], len: usize },
    /// Its body is coming in.
    Body { left: u32, hash: SoftwareHash },
    /// The answer has a body that we make as it goes out.
    Megabyte { sent: u32 },
    /// The answer is written.
    Done,
}

impl Session {
    /// Does what can be done now.
    fn turn(&mut self, socket: &mut TlsSocket<'_, Provider>, provider: &mut Provider, counts: &mut Counts) {
        match self {
            Self::Idle if socket.is_connected() => {
                counts.connections += 1;
                *self = Self::Head { head: [0; 1_024], len: 0 };
            }
            Self::Idle => {}
            Self::Head { head, len } if socket.can_recv() => {
                let read = socket.recv_slice(&mut head[*len..]).unwrap_or(0);
                *len += read;
                let next = answer(&head[..*len], socket, provider, counts);
                match next {
                    Some(next) => *self = next,
                    None if *len == head.len() => *self = refuse(socket, "431 Request Header Fields Too Large"),
                    None => {}
                }
            }
            Self::Body { left, hash } if *left > 0 && socket.can_recv() => {
                let _ = socket.recv(|data| {
                    let len = data.len().min(*left as usize);
                    *left -= len as u32;
                    (len, hash.update(provider, &data[..len]))
                });
            }
            Self::Body { left: 0, hash } => {
                let Ok(digest) = hash.snapshot(provider) else { return socket.abort() };
                let _ = write!(socket, "HTTP/1.0 200 OK\r\nContent-Length: 65\r\n\r\n");
                digest.as_bytes().iter().for_each(|byte| {
                    let _ = write!(socket, "{byte:02x}");
                });
                let _ = socket.write_str("\n");
                *self = Self::Done;
            }
            Self::Megabyte { sent } if *sent < MEGABYTE => {
                let _ = socket.send(|room| {
                    let len = room.len().min((MEGABYTE - *sent) as usize);
                    room[..len].iter_mut().zip(*sent..).for_each(|(byte, index)| *byte = (index % 251) as u8);
                    *sent += len as u32;
                    (len, ())
                });
            }
            Self::Megabyte { .. } => *self = Self::Done,
            Self::Done => socket.close(),
            Self::Head { .. } | Self::Body { .. } if !socket.may_recv() => socket.close(),
            Self::Head { .. } | Self::Body { .. } => {}
        }
    }
}

/// Answers a request, once its head is whole.
fn answer(
    head: &[u8],
    socket: &mut TlsSocket<'_, Provider>,
    provider: &mut Provider,
    counts: &Counts,
) -> Option<Session> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut request = httparse::Request::new(&mut headers);
    let body_start = match request.parse(head) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return None,
        Err(_) => return Some(refuse(socket, "400 Bad Request")),
    };
    let content_length = || {
        let header = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"))?;
        core::str::from_utf8(header.value).ok()?.trim().parse::<u32>().ok()
    };
    Some(match (request.method, request.path) {
        (Some("GET"), Some("/status")) => {
            let Counts { connections, failures } = counts;
            let (stack, engine) = (stack::peak(), provider::engine_messages(provider));
            let _ = write!(
                socket,
                "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nconnections {connections}\nfailures {failures}\nstack {stack}\nengine {engine}\n"
            );
            Session::Done
        }
        (Some("GET"), Some("/megabyte")) => {
            let _ = write!(socket, "HTTP/1.0 200 OK\r\nContent-Length: {MEGABYTE}\r\n\r\n");
            Session::Megabyte { sent: 0 }
        }
        (Some("POST"), Some("/hash")) => {
            let body = &head[body_start..];
            let hash = <SoftwareHash as Hash<Provider>>::start(provider, HashAlgorithm::Sha256);
            let begun = hash.and_then(|mut hash| hash.update(provider, body).map(|()| hash));
            match (content_length().and_then(|len| len.checked_sub(body.len() as u32)), begun) {
                (Some(left), Ok(hash)) => Session::Body { left, hash },
                _ => refuse(socket, "411 Length Required"),
            }
        }
        _ => refuse(socket, "404 Not Found"),
    })
}

fn refuse(socket: &mut TlsSocket<'_, Provider>, status: &str) -> Session {
    let _ = write!(socket, "HTTP/1.0 {status}\r\nContent-Length: 0\r\n\r\n");
    Session::Done
}
