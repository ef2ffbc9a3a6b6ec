//! Streams that would wait for ever, or too late, for what they could do at once; and what they say if they cannot.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/pipe.rs"]
mod pipe;

use common::{Provider, client_config, client_config_with_records_per_key, pattern, provider, server_config};
use pipe::{Asynchronous, Blocking, End, Fault, pipe, poll_times, protected_records};
use saitls::{Buffers, Error, FlushPolicy, ServerName, StreamError, TlsStream, asynch, blocking};
use std::io::{self, ErrorKind, Read, Write};
use std::sync::mpsc;
use std::time::Duration;

fn name() -> Option<ServerName<'static>> {
    ServerName::try_from("server.test").ok()
}

fn buffers(transmit: usize) -> Buffers<'static> {
    Buffers::new(vec![0; 16_645], vec![0; transmit])
}

type Std<T> = TlsStream<'static, Provider, T>;

/// Both ends, before the handshake.
fn ends<T: Read + Write>(client: T, server: T, transmit: usize, policy: FlushPolicy) -> (Std<T>, Std<T>) {
    let client = TlsStream::client(client_config(), name(), buffers(transmit), provider(1), client).unwrap();
    let server = TlsStream::server(server_config(), buffers(transmit), provider(2), server).unwrap();
    (client.with_flush_policy(policy), server.with_flush_policy(policy))
}

fn shake<T: Read + Write>(client: &mut Std<T>, server: &mut Std<T>) {
    for _ in 0..10_000 {
        if client.handshake().is_ok() & server.handshake().is_ok() {
            return;
        }
    }
    panic!("no handshake");
}

/// Connected, over a pipe of so many bytes.
fn connected(capacity: usize, transmit: usize, policy: FlushPolicy) -> (Std<End>, Std<End>) {
    let (here, there) = pipe(capacity);
    let (mut client, mut server) = ends(here, there, transmit, policy);
    shake(&mut client, &mut server);
    (client, server)
}

/// A call that never returns fails, too.
fn within_a_minute(test: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    let running = std::thread::spawn(move || {
        test();
        done.send(()).unwrap();
    });
    match is_done.recv_timeout(Duration::from_secs(60)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("a call does not return"),
        _ => running.join().unwrap(),
    }
}

/// Reading alone does the handshake, also where a flight is longer than the transmit buffer and the transport is full.
#[test]
fn a_read_in_the_handshake_returns_when_the_transport_is_full() {
    within_a_minute(|| {
        let (here, there) = pipe(100);
        let (mut client, mut server) = ends(here, there, 600, FlushPolicy::Strict);
        for _ in 0..10_000 {
            for stream in [&mut client, &mut server] {
                assert_eq!(stream.read(&mut [0; 10]).unwrap_err().kind(), ErrorKind::WouldBlock);
            }
        }
        assert!(client.connection().is_connected() && server.connection().is_connected());
    });
}

/// The peer would be waited for that waits for the question.
#[test]
fn a_signal_does_not_keep_a_read_from_sending() {
    let (mut client, mut server) = connected(10_000, 4_096, FlushPolicy::Strict);
    client.write_all(b"question").unwrap();
    let faults = &client.transport().faults;
    faults.fail_at(faults.calls(), Fault::Interrupted);
    assert_eq!(client.read(&mut [0; 10]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(server.read(&mut [0; 10]).unwrap(), 8);
}

/// Nobody may call again for a while.
#[test]
fn a_signal_does_not_keep_each_write_from_being_sent() {
    let (mut client, mut server) = connected(10_000, 4_096, FlushPolicy::EachWrite);
    let faults = &client.transport().faults;
    faults.fail_at(faults.calls(), Fault::Interrupted);
    assert_eq!(client.write(b"alarm").unwrap(), 5);
    assert_eq!(server.read(&mut [0; 10]).unwrap(), 5);

    let (_, mut writer) = client.split(|end| Ok(end.twin())).unwrap();
    let faults = &server.transport().faults;
    assert!(faults.calls() > 0);
    assert_eq!(writer.write(b"again").unwrap(), 5);
    assert_eq!(server.read(&mut [0; 10]).unwrap(), 5);
}

/// Also where it is longer than what a writing half moves at a time.
#[test]
fn each_write_of_a_half_is_sent_whole() {
    let (client, mut server) = connected(1_000_000, 70_000, FlushPolicy::EachWrite);
    let (_, mut writer) = client.split(|end| Ok(end.twin())).unwrap();
    let data = pattern(60_000);
    assert_eq!(writer.write(&data).unwrap(), data.len());
    let mut received = vec![0; data.len()];
    server.read_exact(&mut received).unwrap();
    assert!(received == data);
}

/// A key that is used up holds no write back until somebody flushes.
#[test]
fn each_write_is_sent_whatever_key_is_due() {
    let config = client_config_with_records_per_key(3);
    let (here, there) = pipe(10_000);
    let client = TlsStream::client(config, name(), buffers(4_096), provider(1), here).unwrap();
    let mut client = client.with_flush_policy(FlushPolicy::EachWrite);
    let mut server = TlsStream::server(server_config(), buffers(4_096), provider(2), there).unwrap();
    shake(&mut client, &mut server);
    for len in 1..20 {
        assert_eq!(client.write(&pattern(len)).unwrap(), len);
        let mut room = [0; 64];
        assert_eq!(server.read(&mut room).unwrap(), len);
        assert_eq!(room[..len], pattern(len));
    }
}

/// What is written behind `update_keys` travels behind the KeyUpdate.
#[test]
fn a_key_update_goes_before_what_is_written_behind_it() {
    for policy in [FlushPolicy::Strict, FlushPolicy::EachWrite] {
        let (mut client, mut server) = connected(100_000, 40_000, policy);
        for len in [10, 20_000] {
            let before = client.transport().written().len();
            client.session_mut().connection_mut().update_keys(false).unwrap();
            client.write_all(&pattern(len)).unwrap();
            client.flush().unwrap();
            let records = protected_records(&client.transport().written()[before..]);
            // The message of five bytes, content type and tag.
            assert_eq!(records[0], 5 + 17, "{records:?}");
            let mut received = vec![0; len];
            server.read_exact(&mut received).unwrap();
            assert!(received == pattern(len));
        }
    }
}

/// What `write_ready` says holds for a write of any length.
#[test]
fn a_write_that_is_ready_does_not_wait() {
    use embedded_io::{Write as _, WriteReady};
    for policy in [FlushPolicy::Strict, FlushPolicy::Relaxed, FlushPolicy::EachWrite] {
        for len in [1, 100, 350, 5_000] {
            let (here, there) = pipe(300);
            let mut client =
                blocking::TlsStream::client(client_config(), name(), buffers(600), provider(1), Blocking(here))
                    .unwrap()
                    .with_flush_policy(policy);
            let mut server = TlsStream::server(server_config(), buffers(600), provider(2), there).unwrap();
            while client.handshake().is_err() | server.handshake().is_err() {}
            let mut written = 0;
            while client.write_ready().unwrap() {
                let told = client.write(&pattern(len));
                written += told.unwrap_or_else(|error| panic!("{policy:?}, {len}: {error:?}"));
            }
            assert!(written > 0);
            // And what is not ready becomes so when the peer has read.
            while server.read(&mut [0; 600]).is_ok() {}
            assert!(client.write_ready().unwrap() || policy == FlushPolicy::EachWrite);
        }
    }
}

/// A transport that collects what is written, until it is flushed.
struct Collecting {
    end: End,
    held: Vec<u8>,
}

impl Read for Collecting {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.end.read(out)
    }
}

impl Write for Collecting {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(data);
        Ok(data.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        while !self.held.is_empty() {
            let len = self.end.write(&self.held)?;
            self.held.drain(..len);
        }
        Ok(())
    }
}

impl embedded_io::ErrorType for Collecting {
    type Error = Fault;
}

impl embedded_io_async::Read for Collecting {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        Ok(std::future::poll_fn(|cx| self.end.poll_read(out, cx)).await)
    }
}

impl embedded_io_async::Write for Collecting {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Fault> {
        self.held.extend_from_slice(data);
        Ok(data.len())
    }
    async fn flush(&mut self) -> Result<(), Fault> {
        while !self.held.is_empty() {
            let len = std::future::poll_fn(|cx| self.end.poll_write(&self.held, cx)).await;
            self.held.drain(..len);
        }
        Ok(())
    }
}

/// Before anything is waited for, what the transport holds back is flushed.
#[test]
fn a_transport_that_collects_is_flushed_before_the_peer_is_waited_for() {
    let (here, there) = pipe(10_000);
    let collecting = |end| Collecting { end, held: Vec::new() };
    let (mut client, mut server) = ends(collecting(here), collecting(there), 4_096, FlushPolicy::Strict);
    client.write(b"x").unwrap_err();
    for _ in 0..10 {
        let _ = server.read(&mut [0; 10]);
        let _ = client.handshake();
    }
    assert!(client.connection().is_connected());
    client.write_all(b"question").unwrap();
    client.read(&mut [0; 10]).unwrap_err();
    assert_eq!(server.read(&mut [0; 10]).unwrap(), 8);
}

#[test]
fn an_asynchronous_transport_that_collects_is_flushed_before_the_peer_is_waited_for() {
    use embedded_io_async::{Read as _, Write as _};
    for half_duplex in [false, true] {
        let (here, there) = pipe(10_000);
        let collecting = |end| Collecting { end, held: Vec::new() };
        let mut client =
            asynch::TlsStream::client(client_config(), name(), buffers(4_096), provider(1), collecting(here)).unwrap();
        let mut server =
            asynch::TlsStream::server(server_config(), buffers(4_096), provider(2), collecting(there)).unwrap();
        if half_duplex {
            (client, server) = (client.with_half_duplex(), server.with_half_duplex());
        }
        for _ in 0..10 {
            let _ = poll_times(client.handshake(), 1);
            assert!(poll_times(server.read(&mut [0; 10]), 1).is_none());
        }
        assert!(client.connection().is_connected());
        poll_times(client.write_all(b"question"), 1).unwrap().unwrap();
        assert!(poll_times(client.read(&mut [0; 10]), 1).is_none());
        assert_eq!(poll_times(server.read(&mut [0; 10]), 1), Some(Ok(8)));
    }
}

fn async_client(end: End) -> asynch::TlsStream<'static, Provider, Asynchronous> {
    asynch::TlsStream::client(client_config(), name(), buffers(4_096), provider(1), Asynchronous(end)).unwrap()
}

/// The peer waits for a ClientHello that cannot be sent: that is told, and nothing waited for.
#[test]
fn a_handshake_that_cannot_be_sent_does_not_wait_for_the_peer() {
    let (here, _there) = pipe(10_000);
    here.faults.fail_at(0, Fault::Reset);
    let mut client = async_client(here);
    assert_eq!(poll_times(client.handshake(), 1), Some(Err(StreamError::Transport(Fault::Reset))));
    assert_eq!(poll_times(client.handshake(), 1), None, "it can be repeated");
}

/// Why the peer hung up is what it says, not that it takes nothing more.
#[test]
fn an_alert_of_the_peer_is_told_before_an_error_of_sending() {
    let (here, mut there) = pipe(10_000);
    there.write_all(&[21, 3, 3, 0, 2, 2, 40]).unwrap();
    here.faults.fail_at(0, Fault::Reset);
    let mut client = async_client(here);
    let told = poll_times(client.handshake(), 1).unwrap().unwrap_err();
    assert!(matches!(told, StreamError::Tls(Error::AlertReceived(_))), "{told:?}");
}

/// A handshake that was given up has not been done.
#[test]
fn a_handshake_that_was_given_up_is_not_done() {
    let (here, there) = pipe(10_000);
    let (mut client, _server) = ends(here, there, 4_096, FlushPolicy::Strict);
    client.handshake().unwrap_err();
    client.shutdown().unwrap();
    assert_eq!(client.handshake().unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(client.write(b"x").unwrap_err().kind(), ErrorKind::NotConnected);
}

/// A transport whose writes must not be dropped gets the alert as all else.
#[test]
fn half_duplex_drops_no_alert() {
    let (mut here, mut there) = pipe(5);
    here.writes_may_be_dropped = false;
    let mut client = async_client(here).with_half_duplex();
    let mut handshake = Box::pin(client.handshake());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let (mut sent, mut room) = (Vec::new(), [0; 5]);
    there.write_all(&[0xff; 5]).unwrap();
    let told = loop {
        if let std::task::Poll::Ready(told) = handshake.as_mut().poll(&mut cx) {
            break told.unwrap_err();
        }
        let len = there.read(&mut room).expect("nothing moves any more");
        sent.extend_from_slice(&room[..len]);
    };
    assert!(matches!(told, StreamError::Tls(_)), "{told:?}");
    if let Ok(len) = there.read(&mut room) {
        sent.extend_from_slice(&room[..len]);
    }
    assert_eq!(sent[sent.len() - 7..sent.len() - 1], [21, 3, 3, 0, 2, 2], "no alert");
}
