//! Streams that are polled, dropped, split and shut down: each byte arrives, once, and whoever waits is woken.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Random, acceptor, connect, connected, connector, name, pattern};
use saitls::Error;
use saitls::protocol::PeerFault;
use saitls_tokio::{TlsStream, client, server};
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, ReadHalf, WriteHalf,
    duplex,
};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

fn tls_error(error: &io::Error) -> Option<Error> {
    error.get_ref()?.downcast_ref().copied()
}

#[tokio::test]
async fn both_ends_talk_in_tasks_of_their_own() {
    let (here, there) = duplex(4_096);
    let (connector, acceptor) = (connector(), acceptor());
    let server = tokio::spawn(async move {
        let mut stream = acceptor.accept(there).await?;
        let mut question = [0; 4];
        stream.read_exact(&mut question).await?;
        stream.write_all(b"pong").await?;
        stream.shutdown().await?;
        io::Result::Ok(question)
    });
    let client = tokio::spawn(async move {
        let mut stream = connector.connect(name(), here).await?;
        assert!(stream.get_ref().1.negotiated().is_some());
        stream.write_all(b"ping").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        io::Result::Ok(answer)
    });
    assert_eq!(&server.await.unwrap().unwrap(), b"ping");
    assert_eq!(client.await.unwrap().unwrap(), "pong");
}

/// What a transport says that fails for a moment.
const FAILURES: [ErrorKind; 3] = [ErrorKind::HostUnreachable, ErrorKind::TimedOut, ErrorKind::ConnectionReset];

/// What a poll came to, if that was neither to wait nor one of those.
fn settled<T>(poll: Poll<io::Result<T>>) -> Option<T> {
    match poll {
        Poll::Pending => None,
        Poll::Ready(Ok(value)) => Some(value),
        Poll::Ready(Err(error)) => {
            assert!(FAILURES.contains(&error.kind()), "{error:?}");
            None
        }
    }
}

/// A transport that fails now and then, once it has a source of mishaps.
struct Failing(DuplexStream, Option<Random>);

impl Failing {
    fn try_luck(&mut self) -> io::Result<()> {
        match self.1.as_mut().map(|random| random.below(10)) {
            Some(draw) if draw < FAILURES.len() => Err(FAILURES[draw].into()),
            _ => Ok(()),
        }
    }
}

impl AsyncRead for Failing {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.try_luck()?;
        Pin::new(&mut self.0).poll_read(cx, out)
    }
}

impl AsyncWrite for Failing {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.try_luck()?;
        Pin::new(&mut self.0).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.try_luck()?;
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.try_luck()?;
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// One end of a connection that sends one pattern and expects another, polled in any order.
struct Side<T> {
    stream: T,
    sent: usize,
    received: Vec<u8>,
    is_shut_down: bool,
    has_ended: bool,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Side<T> {
    const fn new(stream: T) -> Self {
        Self { stream, sent: 0, received: Vec::new(), is_shut_down: false, has_ended: false }
    }

    /// Polls something, and forgets that it did if it is pending.
    fn poll(&mut self, random: &mut Random, data: &[u8], cx: &mut Context<'_>) {
        let stream = Pin::new(&mut self.stream);
        match random.below(8) {
            0 => _ = settled(stream.poll_flush(cx)),
            1..4 if self.sent < data.len() => {
                // What is offered after a poll that was dropped is not what was offered before.
                let rest = &data[self.sent..];
                let rest = &rest[..rest.len().min(1 + random.below(20_000))];
                self.sent += settled(stream.poll_write(cx, rest)).unwrap_or(0);
            }
            4 if self.sent < data.len() => {
                let (first, second) = data[self.sent..].split_at((data.len() - self.sent).min(random.below(50)));
                let slices = [IoSlice::new(first), IoSlice::new(&[]), IoSlice::new(second)];
                self.sent += settled(stream.poll_write_vectored(cx, &slices)).unwrap_or(0);
            }
            1..5 if !self.is_shut_down => {
                self.is_shut_down = settled(stream.poll_shutdown(cx)).is_some();
            }
            _ if !self.has_ended => {
                let mut room = vec![0; 1 + random.below(20_000)];
                let mut room = ReadBuf::new(&mut room);
                if settled(stream.poll_read(cx, &mut room)).is_some() {
                    self.has_ended = room.filled().is_empty();
                    self.received.extend_from_slice(room.filled());
                }
            }
            _ => {}
        }
    }
}

/// Over transports of all sizes that fail now and then: what was dropped or failed, and is repeated, has lost nothing
/// and doubles nothing.
#[tokio::test]
async fn polls_may_be_dropped_or_fail_at_any_time() {
    let mut random = Random(1);
    for (round, capacity) in [1, 2, 5, 22, 100, 511, 1_500, 5_000].into_iter().enumerate() {
        let (here, there) = duplex(capacity);
        let (mut client, mut server) = connect(Failing(here, None), Failing(there, None)).await;
        client.get_mut().1 = (round % 2 == 0).then_some(Random(2));
        server.get_mut().1 = (round % 4 < 2).then_some(Random(3));
        let (mut client, mut server) = (Side::new(client), Side::new(server));
        let (there, back) = (pattern(40_000), pattern(33_333));
        let cx = &mut Context::from_waker(Waker::noop());
        let mut turns = 0;
        while !(client.is_shut_down && server.is_shut_down && client.has_ended && server.has_ended) {
            client.poll(&mut random, &there, cx);
            server.poll(&mut random, &back, cx);
            turns += 1;
            assert!(turns < 10_000_000, "nothing moves over {capacity} bytes");
            if turns % 1_000 == 0 {
                // A pipe of tokio gives tasks their turns only so often.
                tokio::task::yield_now().await;
            }
        }
        assert!(server.received == there && client.received == back, "over {capacity} bytes");
    }
}

async fn send(mut writer: WriteHalf<TlsStream<DuplexStream>>, data: Arc<Vec<u8>>, piece: usize) {
    for piece in data.chunks(piece) {
        writer.write_all(piece).await.unwrap();
    }
    writer.shutdown().await.unwrap();
}

async fn receive(mut reader: ReadHalf<TlsStream<DuplexStream>>) -> Vec<u8> {
    let mut received = Vec::new();
    reader.read_to_end(&mut received).await.unwrap();
    received
}

/// Four tasks, on two threads: whoever waits is woken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn halves_are_busy_at_once() {
    let data = Arc::new(pattern(1_000_000));
    for (capacity, len, piece) in
        [(1, 3_000, 100), (37, 30_000, 999), (4_096, 1_000_000, 5_000), (70_000, 1_000_000, 99_999)]
    {
        let (client, server) = connected(capacity).await;
        let data = Arc::new(data[..len].to_vec());
        let (client_reader, client_writer) = tokio::io::split(TlsStream::from(client));
        let (server_reader, server_writer) = tokio::io::split(TlsStream::from(server));
        let tasks = [tokio::spawn(receive(client_reader)), tokio::spawn(receive(server_reader))];
        tokio::spawn(send(client_writer, Arc::clone(&data), piece));
        tokio::spawn(send(server_writer, Arc::clone(&data), piece));
        for task in tasks {
            let received = timeout(PATIENCE, task).await.expect("nobody waits for ever").unwrap();
            assert!(received == *data, "over {capacity} bytes");
        }
    }
}

/// Each end writes more than the pipe holds before it reads.
#[tokio::test]
async fn what_was_written_goes_out_while_one_reads() {
    let (mut client, mut server) = connected(100).await;
    let data = pattern(10_000);
    let run = async {
        tokio::join!(client.write_all(&data), server.write_all(&data)).0.unwrap();
        // Nobody flushes.
        let (mut there, mut back) = (vec![0; data.len()], vec![0; data.len()]);
        let (a, b) = tokio::join!(client.read_exact(&mut back), server.read_exact(&mut there));
        a.and(b).unwrap();
        assert!(there == data && back == data);
    };
    timeout(PATIENCE, run).await.expect("what was written arrives");
}

/// What was asked of a transport, and the wakers that were left with it.
#[derive(Default)]
struct Calls {
    writes: usize,
    flushes: usize,
    shutdowns: usize,
    written: Vec<u8>,
    is_stuck: bool,
    writer: Option<Waker>,
}

struct Counted(DuplexStream, Arc<Mutex<Calls>>);

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, out)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let calls = Arc::clone(&self.1);
        let mut calls = calls.lock().unwrap();
        calls.writes += 1;
        if calls.is_stuck {
            calls.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        calls.written.extend_from_slice(data);
        Pin::new(&mut self.0).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.1.lock().unwrap().flushes += 1;
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.1.lock().unwrap().shutdowns += 1;
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

async fn counted() -> (client::TlsStream<Counted>, server::TlsStream<DuplexStream>, Arc<Mutex<Calls>>) {
    let (here, there) = duplex(100_000);
    let calls = Arc::default();
    let (client, server) = connect(Counted(here, Arc::clone(&calls)), there).await;
    (client, server, calls)
}

#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn reading_writes_only_what_is_there_to_be_sent() {
    let (mut client, mut server, calls) = counted().await;
    assert!(calls.lock().unwrap().flushes > 0, "the end of the handshake was flushed");
    server.write_all(b"news").await.unwrap();
    let writes = calls.lock().unwrap().writes;
    client.read_exact(&mut [0; 4]).await.unwrap();
    assert_eq!(calls.lock().unwrap().writes, writes);

    // A KeyUpdate is answered though nobody writes.
    server.update_keys(true).unwrap();
    server.write_all(b"more").await.unwrap();
    client.read_exact(&mut [0; 4]).await.unwrap();
    let cx = &mut Context::from_waker(Waker::noop());
    let mut room = [0; 1];
    assert!(Pin::new(&mut client).poll_read(cx, &mut ReadBuf::new(&mut room)).is_pending());
    assert!(calls.lock().unwrap().writes > writes);
}

/// A transport remembers one waker for writing: both tasks of a stream that was split must be behind it.
#[tokio::test]
async fn who_reads_does_not_take_the_waker_of_who_writes() {
    let (mut client, _server, calls) = counted().await;
    calls.lock().unwrap().is_stuck = true;
    let (writer, reader) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
    let (writing, reading) = (Waker::from(Arc::clone(&writer)), Waker::from(Arc::clone(&reader)));
    let write = |client: &mut client::TlsStream<Counted>| {
        Pin::new(client).poll_write(&mut Context::from_waker(&writing), b"data")
    };
    // The first is taken, the second waits for it.
    assert!(write(&mut client).is_ready());
    assert!(write(&mut client).is_pending());
    let mut room = [0; 1];
    let read = Pin::new(&mut client).poll_read(&mut Context::from_waker(&reading), &mut ReadBuf::new(&mut room));
    assert!(read.is_pending());
    let waker = calls.lock().unwrap().writer.take().unwrap();
    waker.wake();
    assert!(writer.0.load(Ordering::SeqCst) > 0 && reader.0.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn short_slices_share_a_record() {
    let (mut client, mut server, calls) = counted().await;
    assert!(client.is_write_vectored());
    let before = calls.lock().unwrap().written.len();
    let slices = [IoSlice::new(b"header"), IoSlice::new(b""), IoSlice::new(b", body")];
    let len = poll_fn(|cx| Pin::new(&mut client).poll_write_vectored(cx, &slices)).await.unwrap();
    assert_eq!(len, 12);
    // One header, one type, one tag.
    assert_eq!(calls.lock().unwrap().written.len() - before, 12 + 5 + 1 + 16);
    let mut received = [0; 12];
    server.read_exact(&mut received).await.unwrap();
    assert_eq!(&received, b"header, body");
}

#[tokio::test]
async fn the_end_is_said_before_the_transport_ends() {
    let (mut client, mut server, calls) = counted().await;
    client.write_all(b"last").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(calls.lock().unwrap().shutdowns, 1);
    let mut received = Vec::new();
    server.read_to_end(&mut received).await.unwrap();
    assert_eq!(received, b"last");
    // The other direction is open.
    server.write_all(b"answer").await.unwrap();
    server.shutdown().await.unwrap();
    received.clear();
    client.read_to_end(&mut received).await.unwrap();
    assert_eq!(received, b"answer");
    client.shutdown().await.unwrap();
    assert_eq!(client.write_all(b"more").await.unwrap_err().kind(), ErrorKind::NotConnected);
}

#[tokio::test]
async fn an_end_that_nobody_said_is_an_error() {
    let (client, mut server) = connected(10_000).await;
    let mut client = client;
    client.write_all(b"half of").await.unwrap();
    drop(client.into_inner());
    let mut received = Vec::new();
    let error = server.read_to_end(&mut received).await.unwrap_err();
    assert_eq!((error.kind(), tls_error(&error)), (ErrorKind::UnexpectedEof, Some(Error::Truncated)));
    assert_eq!(received, b"half of");
}

#[tokio::test]
async fn what_is_forged_is_an_error_and_the_peer_is_told() {
    let (mut client, mut server) = connected(10_000).await;
    server
        .get_mut()
        .write_all(&[23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
        .await
        .unwrap();
    let error = client.read_u8().await.unwrap_err();
    assert_eq!(tls_error(&error), Some(PeerFault::BadRecordMac.into()));
    assert_eq!(client.get_ref().1.error(), Some(PeerFault::BadRecordMac.into()));
    // Whoever shuts down a connection that failed has nothing more to say.
    client.shutdown().await.unwrap();
    let error = server.read_u8().await.unwrap_err();
    assert!(matches!(tls_error(&error), Some(Error::AlertReceived(_))), "{error:?}");
}

#[tokio::test]
async fn lines_are_read_where_they_were_opened() {
    let (mut client, mut server) = connected(10_000).await;
    client.write_all(b"one\ntwo\nthree").await.unwrap();
    client.shutdown().await.unwrap();
    let mut lines = Vec::new();
    let mut line = String::new();
    while server.read_line(&mut line).await.unwrap() > 0 {
        lines.push(std::mem::take(&mut line));
    }
    assert_eq!(lines, ["one\n", "two\n", "three"]);
}

#[tokio::test]
async fn both_ends_export_the_same() {
    let (mut client, mut server) = connected(10_000).await;
    let here = client.export_keying_material([0; 32], b"EXPORTER-test", Some(b"context")).unwrap();
    let there = server.export_keying_material([0; 32], b"EXPORTER-test", Some(b"context")).unwrap();
    assert!(here == there && here != [0; 32]);
}

/// What tasks need.
#[test]
fn streams_change_threads() {
    fn check<T: Send + Sync + Unpin + 'static>() {}
    check::<client::TlsStream<tokio::net::TcpStream>>();
    check::<server::TlsStream<tokio::net::TcpStream>>();
    check::<TlsStream<tokio::net::TcpStream>>();
    check::<saitls_tokio::Connect<tokio::net::TcpStream>>();
    check::<saitls_tokio::Accept<tokio::net::TcpStream>>();
    check::<saitls_tokio::LazyConfigAcceptor<tokio::net::TcpStream>>();
    check::<saitls_tokio::ClientConfig>();
    check::<saitls_tokio::ServerConfig>();
}
