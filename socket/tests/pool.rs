//! Networks with TLS inside, over pipes.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/pipe.rs"]
mod pipe;

use common::{Provider, client_config, pattern, provider, server_config};
use edge_nal::{Close, Readable, TcpAccept, TcpBind, TcpShutdown, TcpSplit};
use embedded_io_async::{ErrorType, Read, Write};
use pipe::{Asynchronous, End, Fault, pipe, poll_times};
use saitls::asynch::TlsStream;
use saitls::pool::{BufferPool, Pool, TlsAcceptor, TlsConnector};
use saitls::{Buffers, ServerName, Shared, StreamError};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), 443);

/// Who connects to it is accepted by it.
#[derive(Default)]
struct Network {
    accepted: RefCell<VecDeque<End>>,
    connections: Cell<usize>,
}

struct Socket {
    end: Asynchronous,
    closed: Option<Close>,
}

impl Network {
    fn connected(&self) -> Socket {
        let (here, there) = pipe(1_000);
        self.accepted.borrow_mut().push_back(there);
        self.connections.set(self.connections.get() + 1);
        Socket { end: Asynchronous(here), closed: None }
    }

    fn accept_stream(&self) -> TlsStream<'static, Provider, Asynchronous> {
        let end = self.accepted.borrow_mut().pop_front().unwrap();
        TlsStream::server(server_config(), buffers(), provider(2), Asynchronous(end)).unwrap()
    }
}

impl ErrorType for Socket {
    type Error = Fault;
}

impl Read for Socket {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        self.end.read(out).await
    }
}

impl Write for Socket {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Fault> {
        self.end.write(data).await
    }

    async fn flush(&mut self) -> Result<(), Fault> {
        self.end.flush().await
    }
}

impl Readable for Socket {
    async fn readable(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

impl TcpShutdown for Socket {
    async fn close(&mut self, what: Close) -> Result<(), Fault> {
        self.closed = Some(what);
        Ok(())
    }

    async fn abort(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

impl TcpSplit for Socket {
    type Read<'a> = Self;
    type Write<'a> = Self;

    fn split(&mut self) -> (Self, Self) {
        let half = || Self { end: Asynchronous(self.end.0.twin()), closed: None };
        (half(), half())
    }
}

impl embedded_nal_async::TcpConnect for Network {
    type Error = Fault;
    type Connection<'a> = Socket;

    async fn connect(&self, _: SocketAddr) -> Result<Socket, Fault> {
        Ok(self.connected())
    }
}

impl edge_nal::TcpConnect for Network {
    type Error = Fault;
    type Socket<'a> = Socket;

    async fn connect(&self, _: SocketAddr) -> Result<Socket, Fault> {
        Ok(self.connected())
    }
}

impl TcpBind for Network {
    type Error = Fault;
    type Accept<'a> = &'a Self;

    async fn bind(&self, _: SocketAddr) -> Result<&Self, Fault> {
        Ok(self)
    }
}

impl TcpAccept for Network {
    type Error = Fault;
    type Socket<'a> = Socket;

    async fn accept(&self) -> Result<(SocketAddr, Socket), Fault> {
        let end = self.accepted.borrow_mut().pop_front().ok_or(Fault::Reset)?;
        Ok((ADDRESS, Socket { end: Asynchronous(end), closed: None }))
    }
}

fn name() -> ServerName<'static> {
    ServerName::try_from("server.test").unwrap()
}

fn buffers() -> Buffers<'static> {
    Buffers::new(vec![0; 16_645], vec![0; 4_096])
}

/// Both, in turns.
fn join<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let cx = &mut Context::from_waker(Waker::noop());
    let (mut is, mut other) = (None, None);
    for _ in 0..10_000 {
        if is.is_none()
            && let Poll::Ready(output) = a.as_mut().poll(cx)
        {
            is = Some(output);
        }
        if other.is_none()
            && let Poll::Ready(output) = b.as_mut().poll(cx)
        {
            other = Some(output);
        }
        if is.is_some() && other.is_some() {
            break;
        }
    }
    (is.unwrap(), other.unwrap())
}

fn now<O>(future: impl Future<Output = O>) -> O {
    poll_times(future, 1).unwrap()
}

#[test]
fn connections_of_embedded_nal_async_take_turns_with_the_buffers_of_a_pool() {
    use embedded_nal_async::TcpConnect;
    let (network, provider) = (Network::default(), RefCell::new(provider(1)));
    let pool = RefCell::new(BufferPool::new([buffers()]));
    let connector = TlsConnector::new(&network, client_config(), Shared(&provider), &pool).with_name(name());
    for round in 1..=3 {
        let (stream, mut peer) = join(connector.connect(ADDRESS), async {
            let mut peer = network.accept_stream();
            peer.handshake().await.unwrap();
            peer
        });
        let mut stream = stream.unwrap();
        assert_eq!(stream.connection().unwrap().negotiated().unwrap().server_name, Some("server.test"));
        // The network is not bothered when there are no buffers.
        assert!(matches!(now(connector.connect(ADDRESS)), Err(StreamError::NoBuffers)));
        assert_eq!(network.connections.get(), round);
        let mut room = [0; 100];
        let ((), len) = join(
            async {
                stream.write_all(b"hello").await.unwrap();
                stream.flush().await.unwrap();
            },
            async { peer.read(&mut room).await.unwrap() },
        );
        assert_eq!(&room[..len], b"hello");
        // Dropped, it says goodbye, with what was written and not sent yet.
        now(stream.write_all(b"the rest")).unwrap();
        drop(stream);
        assert_eq!(now(peer.read(&mut room)), Ok(8));
        assert_eq!(now(peer.read(&mut room)), Ok(0));
        assert!(!pool.borrow().is_empty());
    }
}

#[test]
fn a_connect_that_fails_or_is_dropped_gives_its_buffers_back() {
    use edge_nal::TcpConnect;
    let (network, provider) = (Network::default(), RefCell::new(provider(1)));
    let pool = RefCell::new(BufferPool::new([buffers()]));
    let connector = TlsConnector::new(&network, client_config(), Shared(&provider), &pool).with_name(name());
    assert!(poll_times(connector.connect(ADDRESS), 3).is_none(), "nobody answers");
    assert!(!pool.borrow().is_empty());
    network.accepted.borrow_mut().clear();
    let (result, ()) = join(connector.connect(ADDRESS), async {
        let mut end = Asynchronous(network.accepted.borrow_mut().pop_front().unwrap());
        end.write_all(b"no TLS here").await.unwrap();
    });
    assert!(matches!(result, Err(StreamError::Tls(_))));
    assert!(!pool.borrow().is_empty());
    // Too short for any connection: it says so, and they are there for the next one to say so, too.
    let short = RefCell::new(BufferPool::new([Buffers::new(vec![0; 100], vec![0; 100])]));
    let connector = TlsConnector::new(&network, client_config(), Shared(&provider), &short);
    for _ in 0..2 {
        assert!(matches!(now(connector.connect(ADDRESS)), Err(StreamError::Tls(_))));
    }
}

#[test]
fn servers_of_edge_nal_split_their_streams_and_close_them() {
    use edge_nal::TcpConnect;
    let (network, ours, theirs) = (Network::default(), RefCell::new(provider(1)), RefCell::new(provider(2)));
    let pool = RefCell::new(BufferPool::new([buffers(), buffers()]));
    let connector = TlsConnector::new(&network, client_config(), Shared(&ours), &pool).with_name(name());
    let acceptor = TlsAcceptor::new(&network, server_config(), Shared(&theirs), &pool);
    let acceptor = now(acceptor.bind(ADDRESS)).unwrap();
    let (client, server) = join(connector.connect(ADDRESS), async {
        let (remote, mut server) = acceptor.accept().await.unwrap();
        assert_eq!(remote, ADDRESS);
        // Done by whatever comes first; there is nothing to read until the client writes.
        server.handshake().await.unwrap();
        server
    });
    let (mut client, mut server) = (client.unwrap(), server);
    assert!(pool.borrow().is_empty());
    let text = pattern(20_000);
    let echo = async {
        let (mut reader, mut writer) = server.split();
        reader.readable().await.unwrap();
        let mut room = [0; 700];
        let mut left = text.len();
        while left > 0 {
            let len = reader.read(&mut room).await.unwrap();
            writer.write_all(&room[..len]).await.unwrap();
            writer.flush().await.unwrap();
            left -= len;
        }
        // In one piece again.
        server.close(Close::Both).await.unwrap();
        assert_eq!(server.stream_mut().unwrap().transport().closed, Some(Close::Both));
        server
    };
    let ask = async {
        let (mut reader, mut writer) = client.split();
        let mut received = vec![0; text.len()];
        let mut at = 0;
        for piece in text.chunks(1_000) {
            writer.write_all(piece).await.unwrap();
            writer.flush().await.unwrap();
            let end = at + piece.len();
            reader.read_exact(&mut received[at..end]).await.unwrap();
            at = end;
        }
        client.readable().await.unwrap();
        assert_eq!(client.read(&mut [0; 10]).await, Ok(0), "close_notify");
        received
    };
    let (received, server) = join(ask, echo);
    assert!(received == text);
    drop((server, client));
    let mut pool = pool.borrow_mut();
    let taken = (pool.take(), pool.take());
    assert!(matches!(taken, (Some(_), Some(_))), "both are back");
}
