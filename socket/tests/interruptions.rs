//! Streams of every kind whose calls fail, are dropped and are repeated: each byte arrives, once.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/pipe.rs"]
mod pipe;

use common::{Provider, client_config, pattern, provider, server_config};
use pipe::{Asynchronous, Blocking, End, Fault, pipe, poll_times, protected_records};
use saitls::stream::{FlushPolicy, LendProvider};
use saitls::{Buffers, ServerName, TlsStream, asynch, blocking};

const POLICIES: [FlushPolicy; 3] = [FlushPolicy::Strict, FlushPolicy::Relaxed, FlushPolicy::EachWrite];

/// Both ends of a connection, whatever kind of stream they are.
trait Ends: Sized {
    type Stream: Talk;
    fn client(buffers: Buffers<'static>, end: End, policy: FlushPolicy) -> Self::Stream;
    fn server(buffers: Buffers<'static>, end: End, policy: FlushPolicy) -> Self::Stream;
}

/// What a stream does, whatever kind it is. `None`: not now; whoever asked asks again.
trait Talk {
    fn try_handshake(&mut self, polls: usize) -> Option<()>;
    fn try_write(&mut self, data: &[u8], polls: usize) -> Option<usize>;
    fn try_flush(&mut self, polls: usize) -> Option<()>;
    fn try_shutdown(&mut self, polls: usize) -> Option<()>;
    fn try_read(&mut self, out: &mut [u8], polls: usize) -> Option<usize>;
    fn update_keys(&mut self);
    fn end(&self) -> &End;
}

fn name() -> Option<ServerName<'static>> {
    ServerName::try_from("server.test").ok()
}

struct Std;
type StdStream = TlsStream<'static, Provider, End>;

/// An error that goes away, as those of the pipe do.
fn passing<O>(result: std::io::Result<O>) -> Option<O> {
    use std::io::ErrorKind::{ConnectionReset, Interrupted, TimedOut, WouldBlock};
    match result {
        Ok(output) => Some(output),
        Err(error) if matches!(error.kind(), WouldBlock | Interrupted | TimedOut | ConnectionReset) => None,
        Err(error) => panic!("{error:?}"),
    }
}

impl Ends for Std {
    type Stream = StdStream;
    fn client(buffers: Buffers<'static>, end: End, policy: FlushPolicy) -> StdStream {
        TlsStream::client(client_config(), name(), buffers, provider(1), end).unwrap().with_flush_policy(policy)
    }
    fn server(buffers: Buffers<'static>, end: End, policy: FlushPolicy) -> StdStream {
        TlsStream::server(server_config(), buffers, provider(2), end).unwrap().with_flush_policy(policy)
    }
}

impl Talk for StdStream {
    fn try_handshake(&mut self, _: usize) -> Option<()> {
        passing(Self::handshake(self))
    }
    fn try_write(&mut self, data: &[u8], _: usize) -> Option<usize> {
        passing(std::io::Write::write(self, data))
    }
    fn try_flush(&mut self, _: usize) -> Option<()> {
        passing(std::io::Write::flush(self))
    }
    fn try_shutdown(&mut self, _: usize) -> Option<()> {
        passing(Self::shutdown(self))
    }
    fn try_read(&mut self, out: &mut [u8], _: usize) -> Option<usize> {
        passing(std::io::Read::read(self, out))
    }
    fn update_keys(&mut self) {
        // As often as it may be.
        let _ = self.session_mut().connection_mut().update_keys(true);
    }
    fn end(&self) -> &End {
        self.transport()
    }
}

fn passing_embedded<O>(result: Result<O, saitls::StreamError<Fault>>) -> Option<O> {
    match result {
        Ok(output) => Some(output),
        Err(saitls::StreamError::Transport(_)) => None,
        Err(error) => panic!("{error:?}"),
    }
}

struct EmbeddedIo;
type BlockingStream = blocking::TlsStream<'static, Provider, Blocking>;

impl Ends for EmbeddedIo {
    type Stream = BlockingStream;
    fn client(buffers: Buffers<'static>, end: End, policy: FlushPolicy) -> BlockingStream {
        blocking::TlsStream::client(client_config(), name(), buffers, provider(1), Blocking(end))
            .unwrap()
            .with_flush_policy(policy)
    }
    fn server(buffers: Buffers<'static>, end: End, policy: FlushPolicy) -> BlockingStream {
        blocking::TlsStream::server(server_config(), buffers, provider(2), Blocking(end))
            .unwrap()
            .with_flush_policy(policy)
    }
}

impl Talk for BlockingStream {
    fn try_handshake(&mut self, _: usize) -> Option<()> {
        passing_embedded(Self::handshake(self))
    }
    fn try_write(&mut self, data: &[u8], _: usize) -> Option<usize> {
        passing_embedded(embedded_io::Write::write(self, data))
    }
    fn try_flush(&mut self, _: usize) -> Option<()> {
        passing_embedded(embedded_io::Write::flush(self))
    }
    fn try_shutdown(&mut self, _: usize) -> Option<()> {
        passing_embedded(Self::shutdown(self))
    }
    fn try_read(&mut self, out: &mut [u8], _: usize) -> Option<usize> {
        passing_embedded(embedded_io::Read::read(self, out))
    }
    fn update_keys(&mut self) {
        // As often as it may be.
        let _ = self.session_mut().connection_mut().update_keys(true);
    }
    fn end(&self) -> &End {
        &self.transport().0
    }
}

struct EmbeddedIoAsync;
type AsyncStream = asynch::TlsStream<'static, Provider, Asynchronous>;

impl Ends for EmbeddedIoAsync {
    type Stream = AsyncStream;
    fn client(buffers: Buffers<'static>, end: End, policy: FlushPolicy) -> AsyncStream {
        asynch::TlsStream::client(client_config(), name(), buffers, provider(1), Asynchronous(end))
            .unwrap()
            .with_flush_policy(policy)
    }
    fn server(buffers: Buffers<'static>, end: End, policy: FlushPolicy) -> AsyncStream {
        asynch::TlsStream::server(server_config(), buffers, provider(2), Asynchronous(end))
            .unwrap()
            .with_flush_policy(policy)
    }
}

impl Talk for AsyncStream {
    fn try_handshake(&mut self, polls: usize) -> Option<()> {
        passing_embedded(poll_times(Self::handshake(self), polls)?)
    }
    fn try_write(&mut self, data: &[u8], polls: usize) -> Option<usize> {
        passing_embedded(poll_times(embedded_io_async::Write::write(self, data), polls)?)
    }
    fn try_flush(&mut self, polls: usize) -> Option<()> {
        passing_embedded(poll_times(embedded_io_async::Write::flush(self), polls)?)
    }
    fn try_shutdown(&mut self, polls: usize) -> Option<()> {
        passing_embedded(poll_times(Self::shutdown(self), polls)?)
    }
    fn try_read(&mut self, out: &mut [u8], polls: usize) -> Option<usize> {
        passing_embedded(poll_times(embedded_io_async::Read::read(self, out), polls)?)
    }
    fn update_keys(&mut self) {
        // As often as it may be.
        let _ = self.session_mut().connection_mut().update_keys(true);
    }
    fn end(&self) -> &End {
        &self.transport().0
    }
}

/// How two ends talk.
#[derive(Clone, Copy, Debug)]
struct Course {
    policy: FlushPolicy,
    capacity: usize,
    piece: usize,
    buffers: (usize, usize),
    /// Bytes each way.
    len: usize,
    /// Bytes of a write, and of a read.
    write: usize,
    read: usize,
    /// How often a future is polled before it is dropped.
    polls: usize,
    /// Writes between two changes of keys.
    update_every: usize,
}

impl Course {
    const PLAIN: Self = Self {
        policy: FlushPolicy::Strict,
        capacity: 1_000,
        piece: usize::MAX,
        buffers: (16_645, 4_096),
        len: 3_000,
        write: 700,
        read: 900,
        polls: 1,
        update_every: usize::MAX,
    };
}

/// One side of a talk.
struct Side<T> {
    stream: T,
    data: Vec<u8>,
    told: usize,
    writes: usize,
    received: Vec<u8>,
    flushed: bool,
    shut: bool,
    ended: bool,
}

impl<T: Talk> Side<T> {
    fn new(stream: T, len: usize) -> Self {
        Self {
            stream,
            data: pattern(len),
            told: 0,
            writes: 0,
            received: Vec::new(),
            flushed: false,
            shut: false,
            ended: false,
        }
    }

    /// One write and one read, as far as they go; at the end, goodbye.
    fn step(&mut self, course: Course) {
        if self.told < self.data.len() {
            let end = (self.told + course.write).min(self.data.len());
            if let Some(len) = self.stream.try_write(&self.data[self.told..end], course.polls) {
                assert!(len > 0, "a write of something took nothing");
                self.told += len;
                self.writes += 1;
                if self.writes.is_multiple_of(course.update_every) {
                    self.stream.update_keys();
                }
            }
        } else if !self.flushed {
            self.flushed = self.stream.try_flush(course.polls).is_some();
        } else if !self.shut && self.received.len() == self.data.len() {
            self.shut = self.stream.try_shutdown(course.polls).is_some();
        }
        if !self.ended {
            let mut room = vec![0; course.read];
            match self.stream.try_read(&mut room, course.polls) {
                Some(0) => self.ended = true,
                Some(len) => self.received.extend_from_slice(&room[..len]),
                None => {}
            }
        }
    }
}

/// Both ends send and receive at once, and say goodbye. Returns them.
fn talk<K: Ends>(course: Course, prepare: impl FnOnce(&End, &End)) -> (Side<K::Stream>, Side<K::Stream>) {
    let (mut here, mut there) = pipe(course.capacity);
    (here.piece, there.piece) = (course.piece, course.piece);
    prepare(&here, &there);
    let buffers = || Buffers::new(vec![0; course.buffers.0], vec![0; course.buffers.1]);
    let mut client = Side::new(K::client(buffers(), here, course.policy), course.len);
    let mut server = Side::new(K::server(buffers(), there, course.policy), course.len);
    for _ in 0..2_000_000 {
        client.step(course);
        server.step(course);
        if [client.shut, client.ended, server.shut, server.ended] == [true; 4] {
            assert!(client.received == server.data, "{course:?}: the client received something else");
            assert!(server.received == client.data, "{course:?}: the server received something else");
            return (client, server);
        }
    }
    panic!("{course:?}: nothing moves any more: {} and {} bytes", client.received.len(), server.received.len());
}

fn every_call_fails_once<K: Ends>() {
    for policy in POLICIES {
        let course = Course { policy, capacity: 600, len: 2_000, ..Course::PLAIN };
        let (client, server) = talk::<K>(course, |_, _| {});
        let calls = client.stream.end().faults.calls().max(server.stream.end().faults.calls());
        assert!(calls > 10);
        for fault in [Fault::WouldBlock, Fault::Interrupted, Fault::TimedOut, Fault::Reset] {
            for call in 0..calls.min(60) {
                talk::<K>(course, |here, there| {
                    here.faults.fail_at(call, fault);
                    there.faults.fail_at(calls.min(60) - 1 - call, fault);
                });
            }
        }
    }
}

/// Whatever fails, whenever: `std::io`.
#[test]
fn every_call_of_a_transport_of_std_fails_once_and_no_byte_is_lost() {
    every_call_fails_once::<Std>();
}

#[test]
fn every_call_of_a_transport_of_embedded_io_fails_once_and_no_byte_is_lost() {
    every_call_fails_once::<EmbeddedIo>();
}

#[test]
fn every_call_of_an_asynchronous_transport_fails_once_and_no_byte_is_lost() {
    every_call_fails_once::<EmbeddedIoAsync>();
}

fn all_fails_all_the_time<K: Ends>() {
    for policy in POLICIES {
        for every in [2, 3, 5] {
            let course =
                Course { policy, len: 60_000, write: 5_000, capacity: 4_000, update_every: 7, ..Course::PLAIN };
            talk::<K>(course, |here, there| {
                here.faults.fail_every(every);
                there.faults.fail_every(every + 1);
            });
        }
    }
}

/// Signals, time limits and a transport that is full, all the time; and the keys change now and then.
#[test]
fn failing_all_the_time_loses_and_doubles_nothing() {
    all_fails_all_the_time::<Std>();
    all_fails_all_the_time::<EmbeddedIo>();
    all_fails_all_the_time::<EmbeddedIoAsync>();
}

/// Answers to requests for new keys go first, and wait for room: a write waits with them, and none fails.
#[test]
fn writes_wait_for_key_updates_that_wait_for_room() {
    fn over<K: Ends>() {
        for policy in POLICIES {
            for (buffers, write, update_every) in
                [((1_100, 600), 5_000, 2), ((2_048, 1_100), 3_000, 3), ((16_645, 4_096), 40_000, 5)]
            {
                let (capacity, len) = (100_000, 300_000);
                let course = Course { policy, buffers, write, update_every, capacity, len, ..Course::PLAIN };
                talk::<K>(course, |_, _| {});
            }
        }
    }
    over::<Std>();
    over::<EmbeddedIo>();
    over::<EmbeddedIoAsync>();
}

/// Futures of all calls are dropped after one poll, two, three ..; over pipes of all sizes.
#[test]
fn futures_that_are_dropped_lose_and_double_nothing() {
    for policy in POLICIES {
        for polls in [1, 2, 3] {
            for (capacity, piece, write, read) in
                [(100, usize::MAX, 300, 300), (1, 1, 50, 7), (37, 5, 4_000, 1), (5_000, usize::MAX, 9_000, 20_000)]
            {
                let len = if capacity == 1 { 400 } else { 12_000 };
                let course =
                    Course { policy, polls, capacity, piece, write, read, len, update_every: 3, ..Course::PLAIN };
                talk::<EmbeddedIoAsync>(course, |_, _| {});
            }
        }
    }
}

/// Each end has written more than the pipe holds, and nobody writes any more: reading alone must get all of it across.
#[test]
fn reading_does_not_wait_behind_writing() {
    fn over<K: Ends>() {
        let (here, there) = pipe(100);
        let buffers = || Buffers::new(vec![0; 16_645], vec![0; 4_096]);
        let mut client = K::client(buffers(), here, FlushPolicy::Strict);
        let mut server = K::server(buffers(), there, FlushPolicy::Strict);
        while client.try_handshake(1).is_none() | server.try_handshake(1).is_none() {}
        let data = pattern(300);
        assert_eq!((client.try_write(&data, 1), server.try_write(&data, 1)), (Some(300), Some(300)));
        // Both begin to send, and fill the pipe.
        assert_eq!((client.try_flush(1), server.try_flush(1)), (None, None));
        let (mut at_client, mut at_server, mut room) = (Vec::new(), Vec::new(), [0; 64]);
        for _ in 0..100 {
            if let Some(len) = client.try_read(&mut room, 1) {
                at_client.extend_from_slice(&room[..len]);
            }
            if let Some(len) = server.try_read(&mut room, 1) {
                at_server.extend_from_slice(&room[..len]);
            }
        }
        assert!(at_client == data && at_server == data, "{} and {} of 300 bytes", at_client.len(), at_server.len());
    }
    over::<Std>();
    over::<EmbeddedIo>();
    over::<EmbeddedIoAsync>();
}

/// A transport whose writes must not be dropped: none is, and reading goes on when they are done.
#[test]
fn half_duplex_drops_no_write() {
    use std::future::Future;
    use std::task::{Context, Poll, Waker};
    let (mut here, mut there) = pipe(100);
    (here.writes_may_be_dropped, there.writes_may_be_dropped) = (false, false);
    let buffers = || Buffers::new(vec![0; 16_645], vec![0; 4_096]);
    let mut client = EmbeddedIoAsync::client(buffers(), here, FlushPolicy::Strict).with_half_duplex();
    let mut server = EmbeddedIoAsync::server(buffers(), there, FlushPolicy::Strict).with_half_duplex();
    let data = pattern(1_000);
    let ask = async {
        embedded_io_async::Write::write_all(&mut client, &data).await.unwrap();
        let mut answer = vec![0; 1_000];
        embedded_io_async::Read::read_exact(&mut client, &mut answer).await.unwrap();
        answer
    };
    let echo = async {
        let mut request = vec![0; 1_000];
        embedded_io_async::Read::read_exact(&mut server, &mut request).await.unwrap();
        embedded_io_async::Write::write_all(&mut server, &request).await.unwrap();
        embedded_io_async::Write::flush(&mut server).await.unwrap();
    };
    let (mut ask, mut echo) = (std::pin::pin!(ask), std::pin::pin!(echo));
    let (mut cx, mut echoed) = (Context::from_waker(Waker::noop()), false);
    for _ in 0..100_000 {
        echoed = echoed || echo.as_mut().poll(&mut cx).is_ready();
        if let Poll::Ready(answer) = ask.as_mut().poll(&mut cx) {
            assert!(answer == data);
            return;
        }
    }
    panic!("no answer");
}

/// A request in pieces is one record; each write is one if so configured; and what is long fills its records.
#[test]
fn small_writes_share_a_record() {
    fn records<K: Ends>(policy: FlushPolicy, writes: &[usize], buffers: (usize, usize)) -> Vec<usize> {
        let (here, there) = pipe(1_000_000);
        let buffers = || Buffers::new(vec![0; buffers.0], vec![0; buffers.1]);
        let mut client = K::client(buffers(), here, policy);
        let mut server = K::server(buffers(), there, policy);
        while client.try_handshake(1).is_none() | server.try_handshake(1).is_none() {}
        let before = client.end().written().len();
        for len in writes {
            let data = pattern(*len);
            let mut told = 0;
            while told < *len {
                told += client.try_write(&data[told..], 1).unwrap();
            }
        }
        client.try_flush(1).unwrap();
        let lengths = protected_records(&client.end().written()[before..]);
        let mut received = vec![0; writes.iter().sum::<usize>() + 1];
        let mut at = 0;
        while let Some(len) = server.try_read(&mut received[at..], 1) {
            at += len;
        }
        assert_eq!(at, writes.iter().sum::<usize>());
        // Content type and tag.
        lengths.iter().map(|len| len - 17).collect()
    }
    fn all<K: Ends>() {
        let request = [4, 1, 20, 9, 2, 4, 2, 11, 2, 10, 2, 6, 2, 3, 2, 2, 100];
        let sum = request.iter().sum();
        assert_eq!(records::<K>(FlushPolicy::Strict, &request, (16_645, 4_096)), [sum]);
        assert_eq!(records::<K>(FlushPolicy::Relaxed, &request, (16_645, 4_096)), [sum]);
        assert_eq!(records::<K>(FlushPolicy::EachWrite, &request, (16_645, 4_096)), request);
        // Long writes: full records, and a rest; also behind a short one.
        assert_eq!(records::<K>(FlushPolicy::Strict, &[40_000], (16_645, 70_000)), [16_384, 16_384, 7_232]);
        assert_eq!(records::<K>(FlushPolicy::Strict, &[100, 40_000], (16_645, 70_000)), [16_384, 16_384, 7_332]);
        assert_eq!(records::<K>(FlushPolicy::Strict, &[100; 400], (16_645, 70_000)), [16_384, 16_384, 7_232]);
        // No slivers where the buffer is short of a record's length.
        let short = records::<K>(FlushPolicy::Strict, &[10_000; 4], (16_645, 20_000));
        assert!(short.iter().all(|len| *len >= 4_000), "{short:?}");
    }
    all::<Std>();
    all::<EmbeddedIo>();
    all::<EmbeddedIoAsync>();
}

/// Nothing to be written is nothing to wait for, and nothing to be read either.
#[test]
fn empty_calls_wait_for_nothing() {
    let (here, _there) = pipe(1_000);
    let mut client = EmbeddedIoAsync::client(Buffers::new(vec![0; 16_645], vec![0; 4_096]), here, FlushPolicy::Strict);
    assert_eq!(client.try_write(&[], 1), Some(0));
    assert_eq!(client.try_read(&mut [], 1), Some(0));
    assert_eq!(client.try_write(&[1], 1), None, "a byte waits for the handshake");
}

/// A connection that cannot begin gives everything back, and it is good for the next try.
#[test]
fn what_does_not_begin_gives_its_parts_back() {
    fn tell(failed: &saitls::Error) {
        assert!(matches!(failed, saitls::Error::TransmitBufferTooSmall(_)), "{failed:?}");
    }
    let (here, there) = pipe(10_000);
    let small = || Buffers::new(vec![0; 16_645], vec![0; 100]);
    let failed = TlsStream::client(client_config(), name(), small(), provider(1), here).err().unwrap();
    tell(&failed.error);
    let parts = failed.parts;
    let buffers = Buffers::new(vec![0; 16_645], vec![0; 4_096]);
    let mut client = TlsStream::client(client_config(), name(), buffers, parts.provider, parts.transport).unwrap();
    let failed = asynch::TlsStream::server(server_config(), small(), provider(2), Asynchronous(there)).err().unwrap();
    tell(&failed.error);
    let parts = failed.parts;
    let buffers = Buffers::new(vec![0; 16_645], vec![0; 4_096]);
    let mut server = asynch::TlsStream::server(server_config(), buffers, parts.provider, parts.transport).unwrap();
    while client.try_handshake(1).is_none() | server.try_handshake(1).is_none() {}

    // Goodbye gives them back, too.
    client.close().unwrap();
    poll_times(server.close(), 1).unwrap().unwrap();
}

/// The next call says why the last could not be sent, and the data is not lost.
#[test]
fn an_error_behind_taken_data_is_told_by_the_next_call() {
    let (here, there) = pipe(10_000);
    let buffers = || Buffers::new(vec![0; 16_645], vec![0; 4_096]);
    let mut client = Std::client(buffers(), here, FlushPolicy::EachWrite);
    let mut server = Std::server(buffers(), there, FlushPolicy::EachWrite);
    while client.try_handshake(1).is_none() | server.try_handshake(1).is_none() {}
    let faults = &client.transport().faults;
    faults.fail_at(faults.calls(), Fault::Reset);
    use std::io::Write;
    assert_eq!(client.write(b"taken").unwrap(), 5);
    assert_eq!(client.write(b"not taken").unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(client.write(b", and more").unwrap(), 10);
    let mut room = [0; 64];
    let (mut received, mut reads) = (Vec::new(), 0);
    while received.len() < 15 && reads < 100 {
        reads += 1;
        if let Some(len) = Talk::try_read(&mut server, &mut room, 1) {
            received.extend_from_slice(&room[..len]);
        }
    }
    assert_eq!(received, b"taken, and more");
}

/// Streams move, and their futures are no larger than need be.
#[test]
fn streams_are_unpin_and_their_futures_small() {
    fn is_unpin<T: Unpin>(_: &T) {}
    fn is_send<T: Send>() {}
    is_send::<TlsStream<'static, Provider, std::net::TcpStream>>();
    let (here, _) = pipe(1_000);
    let mut client = EmbeddedIoAsync::client(Buffers::new(vec![0; 16_645], vec![0; 4_096]), here, FlushPolicy::Strict);
    is_unpin(&client);
    let mut room = [0; 16];
    let read = size_of_val(&embedded_io_async::Read::read(&mut client, &mut room));
    let write = size_of_val(&embedded_io_async::Write::write(&mut client, &room));
    let flush = size_of_val(&embedded_io_async::Write::flush(&mut client));
    let handshake = size_of_val(&client.handshake());
    let shutdown = size_of_val(&client.shutdown());
    println!("futures: read {read}, write {write}, flush {flush}, handshake {handshake}, shutdown {shutdown} bytes");
    assert!(read <= 144 && write <= 144 && flush <= 112 && handshake <= 112 && shutdown <= 112);
}

/// Lines, and what is left of a record, without copying.
#[test]
fn lines_are_read_where_they_were_opened() {
    use std::io::{BufRead, Write};
    let (here, there) = pipe(10_000);
    let buffers = || Buffers::new(vec![0; 16_645], vec![0; 4_096]);
    let mut client = Std::client(buffers(), here, FlushPolicy::Strict);
    let mut server = Std::server(buffers(), there, FlushPolicy::Strict);
    while client.try_handshake(1).is_none() | server.try_handshake(1).is_none() {}
    client.write_all(b"GET / HTTP/1.0\r\nHost: a").unwrap();
    client.flush().unwrap();
    client.write_all(b".test\r\n\r\nrest").unwrap();
    client.shutdown().unwrap();
    let lines: Vec<_> = server.by_ref_lines().collect();
    assert_eq!(lines, ["GET / HTTP/1.0", "Host: a.test", "", "rest"]);
    assert_eq!(server.fill_buf().unwrap(), b"");
}

trait Lines {
    fn by_ref_lines(&mut self) -> impl Iterator<Item = String>;
}

impl Lines for StdStream {
    fn by_ref_lines(&mut self) -> impl Iterator<Item = String> {
        std::io::BufRead::lines(std::io::Read::by_ref(self)).map(Result::unwrap)
    }
}

/// Ready is what has an answer at once.
#[test]
fn readiness_tells_whether_a_call_would_wait() {
    use embedded_io::{Read, ReadReady, Write, WriteReady};
    let (here, there) = pipe(300);
    let buffers = || Buffers::new(vec![0; 16_645], vec![0; 600]);
    let mut client = EmbeddedIo::client(buffers(), here, FlushPolicy::Strict);
    let mut server = EmbeddedIoAsync::server(buffers(), there, FlushPolicy::Strict);
    assert_eq!((client.read_ready(), client.write_ready()), (Ok(false), Ok(false)));
    while client.try_handshake(1).is_none() | server.try_handshake(1).is_none() {}
    assert_eq!((client.read_ready(), server.read_ready()), (Ok(false), Ok(false)));
    // Part of a record is nothing to read yet.
    Talk::try_write(&mut server, &pattern(400), 1).unwrap();
    assert_eq!(Talk::try_flush(&mut server, 1), None);
    assert_eq!(client.read_ready(), Ok(false));
    assert_eq!(Talk::try_flush(&mut server, 1), Some(()));
    assert_eq!(client.read_ready(), Ok(true));
    assert_eq!(client.read(&mut [0; 500]), Ok(400));
    // Room, until the buffer and the pipe are full.
    let mut written = 0;
    while client.write_ready().unwrap() {
        written += client.write(&pattern(100)).unwrap();
        assert!(written < 2_000);
    }
    assert!(written > 500);
    let (mut received, mut room) = (0, [0; 500]);
    while received < written {
        received += Talk::try_read(&mut server, &mut room, 1).unwrap_or(0);
        let _ = client.write_ready();
        let _ = Talk::try_flush(&mut client, 1);
    }
    assert_eq!(client.write_ready(), Ok(true));
    // The end is ready, too.
    while Talk::try_shutdown(&mut server, 1).is_none() {}
    assert_eq!((client.read_ready(), client.read(&mut [0; 5])), (Ok(true), Ok(0)));
}

/// Two streams, one provider.
#[test]
fn streams_share_a_provider() {
    use saitls::Shared;
    use std::cell::RefCell;
    let board = RefCell::new(provider(5));
    let (here, there) = pipe(10_000);
    let buffers = || Buffers::new(vec![0; 16_645], vec![0; 4_096]);
    let mut client = TlsStream::client(client_config(), name(), buffers(), Shared(&board), here).unwrap();
    let mut server = TlsStream::server(server_config(), buffers(), Shared(&board), there).unwrap();
    while passing(client.handshake()).is_none() | passing(server.handshake()).is_none() {}
    let mut one = [0; 16];
    client.session_mut().export(b"label", b"", &mut one).unwrap();
    let mut other = [0; 16];
    server.session_mut().export(b"label", b"", &mut other).unwrap();
    assert_eq!(one, other);
    Shared(&board).lend(|_| ());
}
