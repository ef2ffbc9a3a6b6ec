//! The blocking stream over `embedded_io`, as both ends, over TCP of smoltcp: its transport turns the world while it
//! waits.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use embedded_io::{Error as _, ErrorKind, ErrorType, Read, Write};
use saitls::blocking::TlsStream;
use saitls::protocol::Error;
use saitls::protocol::config::ClientConfig;
use saitls::smoltcp::iface::SocketHandle;
use saitls::smoltcp::socket::tcp;
use saitls::smoltcp::time::Duration;
use saitls::{Buffers, RecvError, ServerName, StreamError, TlsSocketHandle};
use std::cell::RefCell;
use std::rc::Rc;

type World = Rc<RefCell<Shared>>;

/// Both hosts; at one of them the TCP socket that a stream goes over, at the other the TLS socket that it talks to.
struct Shared {
    net: Net,
    stream_at_client: bool,
    tcp: SocketHandle,
    peer: TlsSocketHandle,
    /// What the peer received; it sends it back, and closes when the stream does.
    received: Vec<u8>,
    echoed: usize,
    peer_finished: bool,
    /// The most bytes that the transport moves at once.
    piece: usize,
    /// What the transport answers instead of working.
    broken: Option<ErrorKind>,
}

impl Shared {
    fn tcp(&mut self) -> &mut tcp::Socket<'static> {
        let host = if self.stream_at_client { &mut self.net.client } else { &mut self.net.server };
        host.plain(self.tcp)
    }

    /// Lets the peer work, and the clock go on. False: nothing moves any more.
    fn turn(&mut self) -> bool {
        let host = if self.stream_at_client { &mut self.net.server } else { &mut self.net.client };
        let socket = host.socket(self.peer);
        let mut buffer = [0; 700];
        loop {
            match socket.recv_slice(&mut buffer) {
                Ok(0) => break,
                Ok(len) => self.received.extend_from_slice(&buffer[..len]),
                Err(RecvError::Finished) => {
                    self.peer_finished = true;
                    break;
                }
                Err(_) => break,
            }
        }
        if socket.may_send() {
            self.echoed += socket.send_slice(&self.received[self.echoed..]).unwrap();
            if self.peer_finished && self.echoed == self.received.len() {
                socket.close();
            }
        }
        self.net.step()
    }

    /// Turns until `ready` has an answer.
    fn wait<T>(&mut self, mut ready: impl FnMut(&mut Self) -> Option<T>) -> Result<T, ErrorKind> {
        if let Some(kind) = self.broken {
            return Err(kind);
        }
        loop {
            if let Some(answer) = ready(self) {
                return Ok(answer);
            }
            if !self.turn() {
                return ready(self).ok_or(ErrorKind::TimedOut);
            }
        }
    }
}

struct Tcp(World);

impl ErrorType for Tcp {
    type Error = ErrorKind;
}

/// How many bytes were moved; `None`, if it is to be tried again later; 0 at the end.
fn outcome<E>(socket: &tcp::Socket<'_>, moved: Result<usize, E>) -> Option<usize> {
    use tcp::State::{Listen, SynReceived, SynSent};
    match moved {
        Ok(0) => None,
        Ok(len) => Some(len),
        Err(_) if matches!(socket.state(), SynSent | SynReceived | Listen) => None,
        Err(_) => Some(0),
    }
}

impl Read for Tcp {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        assert!(!out.is_empty(), "a read of nothing would look like the end");
        self.0.borrow_mut().wait(|shared| {
            let piece = shared.piece.min(out.len());
            let socket = shared.tcp();
            let moved = socket.recv_slice(&mut out[..piece]);
            outcome(socket, moved)
        })
    }
}

impl Write for Tcp {
    fn write(&mut self, data: &[u8]) -> Result<usize, ErrorKind> {
        self.0.borrow_mut().wait(|shared| {
            let piece = shared.piece.min(data.len());
            let socket = shared.tcp();
            let moved = socket.send_slice(&data[..piece]);
            outcome(socket, moved)
        })
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.borrow_mut().wait(|shared| (shared.tcp().send_queue() == 0).then_some(()))
    }
}

/// A stream at one of the hosts, whose peer is a TLS socket at the other.
fn world(stream_at_client: bool, piece: usize) -> World {
    let mut net = net();
    let (tcp, peer);
    if stream_at_client {
        (tcp, peer) = (net.client.add_plain(4_096), net.server.add());
        net.server.listen(peer, 443);
        let Host { iface, sockets, .. } = &mut net.client;
        sockets.get_mut::<tcp::Socket<'_>>(tcp).connect(iface.context(), (SERVER, 443), 50_000).unwrap();
    } else {
        (tcp, peer) = (net.server.add_plain(4_096), net.client.add());
        net.server.plain(tcp).listen(443).unwrap();
        net.client.connect(peer, 443);
    }
    Rc::new(RefCell::new(Shared {
        net,
        stream_at_client,
        tcp,
        peer,
        received: Vec::new(),
        echoed: 0,
        peer_finished: false,
        piece,
        broken: None,
    }))
}

type Stream = TlsStream<'static, Provider, Tcp>;

fn client_with(world: &World, config: &'static ClientConfig<'static, Provider>) -> Stream {
    let buffers = Buffers::new(vec![0; RECEIVE_LEN], vec![0; TRANSMIT_LEN]);
    TlsStream::client(config, ServerName::try_from("server.test").ok(), buffers, provider(3), Tcp(world.clone()))
        .unwrap()
}

fn stream(world: &World) -> Stream {
    if world.borrow().stream_at_client {
        return client_with(world, client_config());
    }
    let buffers = Buffers::new(vec![0; RECEIVE_LEN], vec![0; TRANSMIT_LEN]);
    TlsStream::server(server_config(), buffers, provider(3), Tcp(world.clone())).unwrap()
}

/// Reads of all sizes, writes of all sizes, through a transport that moves little or much at once; and both ends close.
#[test]
fn data_goes_there_and_comes_back() {
    for stream_at_client in [true, false] {
        for (piece, len, read_len) in
            [(1, 300, 1), (7, 5_000, 13), (1_500, 100_000, 1_000), (usize::MAX, 100_000, 40_000)]
        {
            let world = world(stream_at_client, piece);
            let mut stream = stream(&world);
            let data = pattern(len);
            let mut rest = &data[..];
            for size in [1, 0, 2, 100, 5_000, 50_000].into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let written = stream.write(&rest[..size.min(rest.len())]).unwrap();
                assert!((written > 0) == (size > 0));
                rest = &rest[written..];
            }
            stream.flush().unwrap();
            assert!(stream.connection().is_connected());

            let (mut back, mut buffer) = (Vec::new(), vec![0; read_len]);
            while back.len() < len {
                assert_eq!(stream.read(&mut []), Ok(0), "nothing wanted, nothing read");
                let read = stream.read(&mut buffer).unwrap();
                assert!(read > 0, "the end, after {} of {len} bytes", back.len());
                back.extend_from_slice(&buffer[..read]);
            }
            assert!(back == data, "{piece} bytes at once: other data came back");

            stream.shutdown().unwrap();
            assert_eq!(stream.write(b"late"), Err(StreamError::Tls(Error::InvalidState)));
            // The peer closes, too: that is the end, as often as one asks.
            for _ in 0..3 {
                assert_eq!(stream.read(&mut buffer), Ok(0));
            }
            assert!(world.borrow().peer_finished && stream.connection().is_peer_closed());
            drop(stream.into_parts());
        }
    }
}

/// The handshake is done by whatever comes first.
#[test]
fn a_flush_or_a_read_does_the_handshake() {
    for stream_at_client in [true, false] {
        let world = world(stream_at_client, usize::MAX);
        let mut stream = stream(&world);
        assert!(stream.connection().is_handshaking());
        stream.flush().unwrap();
        assert!(stream.connection().is_connected());
    }
    let world = world(true, usize::MAX);
    world.borrow_mut().received = b"hello".to_vec();
    let (mut stream, mut buffer) = (stream(&world), [0; 10]);
    assert_eq!(stream.read(&mut buffer), Ok(5));
    assert_eq!(&buffer[..5], b"hello");
}

#[test]
fn a_peer_that_is_not_trusted_is_no_peer() {
    let world = world(true, usize::MAX);
    let mut stream = client_with(&world, client_config_with_wrong_key());
    let error = stream.write(b"secret").unwrap_err();
    let StreamError::Tls(why) = error else { panic!("{error:?}") };
    assert_eq!(Some(why), stream.connection().error());
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    // The alert went out with it; and it stays dead.
    assert!(stream.connection().alert_sent().is_some() && stream.connection().records().is_empty());
    assert_eq!(stream.read(&mut [0; 10]), Err(error));
    assert!(world.borrow().received.is_empty());
}

/// What was received before the transport ended is read first; then it is an error, since nobody said goodbye.
#[test]
fn a_transport_that_ends_early_is_no_clean_end() {
    let world = world(true, usize::MAX);
    let mut stream = stream(&world);
    stream.write_all(b"hello").unwrap();
    stream.flush().unwrap();
    let (mut buffer, mut shared) = ([0; 10], world.borrow_mut());
    while shared.tcp().recv_queue() == 0 || shared.echoed < 5 {
        assert!(shared.turn());
    }
    let peer = shared.peer;
    shared.net.settle(Duration::from_millis(100));
    shared.net.server.socket(peer).abort();
    drop(shared);
    assert_eq!(stream.read(&mut buffer), Ok(5));
    let error = stream.read(&mut buffer).unwrap_err();
    assert_eq!(error, StreamError::Tls(Error::Truncated));
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

/// Errors of the transport come through as they are.
#[test]
fn errors_of_the_transport_are_told() {
    let world = world(true, usize::MAX);
    let mut stream = stream(&world);
    stream.flush().unwrap();
    world.borrow_mut().broken = Some(ErrorKind::NotConnected);
    assert_eq!(stream.read(&mut [0; 10]), Err(StreamError::Transport(ErrorKind::NotConnected)));
    assert_eq!(stream.write(b"x"), Ok(1), "there is room");
    assert_eq!(stream.flush(), Err(StreamError::Transport(ErrorKind::NotConnected)));
    // What could not be sent goes out when it works again.
    world.borrow_mut().broken = None;
    stream.flush().unwrap();
    let mut buffer = [0; 10];
    assert_eq!(stream.read(&mut buffer), Ok(1));
    assert_eq!(buffer[0], b'x');
    // A transport that takes nothing.
    world.borrow_mut().tcp().close();
    assert_eq!(stream.write(b"y"), Ok(1), "there is room");
    assert_eq!(stream.flush(), Err(StreamError::WriteZero));
}
