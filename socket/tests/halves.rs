//! Streams that were taken apart: reading and writing in two tasks, or two threads, and over real sockets.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/pipe.rs"]
mod pipe;

use common::{Provider, client_config, pattern, provider, server_config};
use embedded_io_async::{Read as _, Write as _};
use pipe::{Asynchronous, End, Fault, pipe, poll_times};
use saitls::asynch::{TlsReader, TlsWriter};
use saitls::stream::Session;
use saitls::{Buffers, FlushPolicy, ServerName, TlsStream, asynch};
use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;

type Streams = (asynch::TlsStream<'static, Provider, Asynchronous>, asynch::TlsStream<'static, Provider, Asynchronous>);

fn name() -> Option<ServerName<'static>> {
    ServerName::try_from("server.test").ok()
}

fn buffers() -> Buffers<'static> {
    Buffers::new(vec![0; 16_645], vec![0; 4_096])
}

/// Connected, over a pipe of so many bytes.
fn connected(capacity: usize, policy: FlushPolicy) -> Streams {
    let (here, there) = pipe(capacity);
    let mut client = asynch::TlsStream::client(client_config(), name(), buffers(), provider(1), Asynchronous(here))
        .unwrap()
        .with_flush_policy(policy);
    let mut server = asynch::TlsStream::server(server_config(), buffers(), provider(2), Asynchronous(there))
        .unwrap()
        .with_flush_policy(policy);
    while poll_times(client.handshake(), 1).is_none() | poll_times(server.handshake(), 1).is_none() {}
    (client, server)
}

type SharedSession = Rc<RefCell<Session<'static, Provider>>>;

/// Two tasks' worth of an end. Every future is dropped after each poll.
struct Halves {
    reader: TlsReader<SharedSession, Asynchronous>,
    writer: TlsWriter<SharedSession, Asynchronous>,
    data: Vec<u8>,
    told: usize,
    flushed: bool,
    shut: bool,
    received: Vec<u8>,
    ended: bool,
}

impl Halves {
    fn new(stream: asynch::TlsStream<'static, Provider, Asynchronous>, len: usize) -> Self {
        let share = |session| Rc::new(RefCell::new(session));
        let (reader, writer) = stream.split(share, |end| (Asynchronous(end.0.twin()), end));
        Self {
            reader,
            writer,
            data: pattern(len),
            told: 0,
            flushed: false,
            shut: false,
            received: Vec::new(),
            ended: false,
        }
    }

    fn write(&mut self) {
        if self.told < self.data.len() {
            let end = (self.told + 700).min(self.data.len());
            if let Some(len) = poll_times(self.writer.write(&self.data[self.told..end]), 1) {
                self.told += len.unwrap();
            }
        } else if !self.flushed {
            self.flushed = poll_times(self.writer.flush(), 1).map(Result::unwrap).is_some();
        } else if !self.shut {
            self.shut = poll_times(self.writer.shutdown(), 1).map(Result::unwrap).is_some();
        }
    }

    fn read(&mut self) {
        let mut room = [0; 900];
        if let Some(len) = poll_times(self.reader.read(&mut room), 1).map(Result::unwrap) {
            self.ended = len == 0;
            self.received.extend_from_slice(&room[..len]);
        }
    }
}

/// Whoever is faster: readers, writers, this end or the other.
#[test]
fn tasks_read_and_write_at_once() {
    for policy in [FlushPolicy::Strict, FlushPolicy::EachWrite] {
        for capacity in [1, 100, 5_000] {
            let len = if capacity == 1 { 500 } else { 20_000 };
            let (client, server) = connected(capacity, policy);
            let (mut client, mut server) = (Halves::new(client, len), Halves::new(server, len));
            for turn in 0_u32.. {
                assert!(turn < 1_000_000, "nothing moves any more");
                client.write();
                if turn.is_multiple_of(3) {
                    server.write();
                }
                if !client.ended {
                    client.read();
                }
                if turn.is_multiple_of(2) && !server.ended {
                    server.read();
                }
                if client.ended && server.ended {
                    break;
                }
            }
            assert!(client.received == server.data && server.received == client.data);
        }
    }
}

/// What reading wants sent wakes a writer that waits, and goes out before its data.
#[test]
fn a_key_update_is_answered_by_the_writer() {
    let (client, mut server) = connected(10_000, FlushPolicy::Strict);
    let mut client = Halves::new(client, 10);
    server.session_mut().connection_mut().update_keys(true).unwrap();
    poll_times(server.write(b"new key"), 1).unwrap().unwrap();
    poll_times(server.flush(), 1).unwrap().unwrap();
    client.read();
    assert_eq!(client.received, b"new key");
    client.write();
    client.write();
    assert!(client.flushed);
    let mut room = [0; 20];
    assert_eq!(poll_times(server.read(&mut room), 1).unwrap(), Ok(10));
    assert_eq!(room[..10], pattern(10));
    let session = client.writer.into_parts().0;
    assert!(session.borrow().connection().is_connected());
}

/// Halves of a stream whose handshake is not complete have nothing to do, and say so.
#[test]
fn halves_want_a_handshake() {
    let (here, _there) = pipe(100);
    let client =
        asynch::TlsStream::client(client_config(), name(), buffers(), provider(1), Asynchronous(here)).unwrap();
    let mut client = Halves::new(client, 10);
    let error = poll_times(client.reader.read(&mut [0; 5]), 1).unwrap().unwrap_err();
    assert_eq!(error, saitls::StreamError::Tls(saitls::Error::InvalidState));
    let error = poll_times(client.writer.write(b"x"), 1).unwrap().unwrap_err();
    assert_eq!(error, saitls::StreamError::Tls(saitls::Error::InvalidState));
    let error = poll_times(client.writer.flush(), 1).unwrap().unwrap_err();
    assert_eq!(error, saitls::StreamError::Tls(saitls::Error::InvalidState));
}

type StdStream = TlsStream<'static, Provider, End>;

fn shake(client: &mut StdStream, server: &mut StdStream) {
    let done = (0..20).any(|_| client.handshake().is_ok() & server.handshake().is_ok());
    assert!(done, "the handshake goes on");
}

/// Whatever keeps a stream from being split, it comes back whole, and is split when that is over.
#[test]
fn what_is_not_split_comes_back() {
    for (failing, call) in [("the handshake", 3), ("a flush", 0), ("a second handle", 0)] {
        let (here, there) = pipe(10_000);
        let mut client = TlsStream::client(client_config(), name(), buffers(), provider(1), here).unwrap();
        let mut server = TlsStream::server(server_config(), buffers(), provider(2), there).unwrap();
        if failing != "the handshake" {
            shake(&mut client, &mut server);
        }
        let faults = client.transport().faults.clone();
        faults.fail_at(faults.calls() + call, Fault::TimedOut);
        let split =
            client.split(|end| if failing == "a second handle" { Err(Fault::Reset.into()) } else { Ok(end.twin()) });
        let failed = split.err().expect(failing);
        let kinds = [ErrorKind::TimedOut, ErrorKind::WouldBlock, ErrorKind::ConnectionReset];
        assert!(kinds.contains(&failed.error.kind()), "{failing}: {failed}");

        let mut client = *failed.stream;
        shake(&mut client, &mut server);
        let (mut reader, mut writer) = client.split(|end| Ok(end.twin())).map_err(|failed| failed.error).unwrap();
        writer.write_all(b"ping").unwrap();
        writer.flush().unwrap();
        let mut received = [0; 4];
        server.read_exact(&mut received).unwrap();
        server.write_all(&received).unwrap();
        server.flush().unwrap();
        reader.read_exact(&mut received).unwrap();
        assert_eq!(&received, b"ping");
    }
}

/// Halves that are taken apart lose nothing: what is between session and transport comes along.
#[test]
fn halves_of_threads_come_apart() {
    let (here, there) = pipe(100_000);
    let mut client = TlsStream::client(client_config(), name(), buffers(), provider(1), here).unwrap();
    let mut server = TlsStream::server(server_config(), buffers(), provider(2), there).unwrap();
    shake(&mut client, &mut server);
    for _ in 0..3 {
        server.write_all(&pattern(10_000)).unwrap();
        server.flush().unwrap();
    }
    let faults = client.transport().faults.clone();
    let (mut reader, mut writer) = client.split(|end| Ok(end.twin())).unwrap();
    let mut received = vec![0; 5_000];
    reader.read_exact(&mut received).unwrap();
    let (session, transport, bytes) = reader.into_parts();
    assert!(!bytes.is_empty());
    let mut reader = saitls::stream::TlsReader::new(session, std::io::Cursor::new(bytes).chain(transport));
    received.resize(30_000, 0);
    reader.read_exact(&mut received[5_000..]).unwrap();
    assert!(received == pattern(10_000).repeat(3));

    faults.fail_at(faults.calls(), Fault::TimedOut);
    writer.write_all(b"on its way").unwrap();
    assert_eq!(writer.flush().unwrap_err().kind(), ErrorKind::TimedOut);
    let (session, mut transport, bytes) = writer.into_parts();
    assert!(!bytes.is_empty());
    transport.write_all(&bytes).unwrap();
    let mut writer = saitls::stream::TlsWriter::new(session, transport);
    writer.write_all(b", behind it").unwrap();
    writer.flush().unwrap();
    let mut received = [0; 21];
    server.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"on its way, behind it");
}

/// Threads: megabytes both ways at once, over sockets that block.
#[test]
fn threads_read_and_write_at_once() {
    const LEN: usize = 3_000_000;
    let (here, there) = UnixStream::pair().unwrap();
    let end = |stream: UnixStream, is_client: bool| {
        move || {
            let stream = if is_client {
                TlsStream::client(client_config(), name(), buffers(), provider(1), stream).unwrap()
            } else {
                TlsStream::server(server_config(), buffers(), provider(2), stream).unwrap()
            };
            let (mut reader, mut writer) = stream.split(|tcp| tcp.try_clone()).unwrap();
            let writing = std::thread::spawn(move || {
                for (at, piece) in pattern(LEN).chunks(9_999).enumerate() {
                    writer.write_all(piece).unwrap();
                    if at % 50 == 7 {
                        let session = writer.session();
                        session.lock().unwrap().connection_mut().update_keys(true).unwrap();
                    }
                }
                writer.shutdown().unwrap();
            });
            let mut received = Vec::new();
            reader.read_to_end(&mut received).unwrap();
            writing.join().unwrap();
            assert!(received == pattern(LEN));
        }
    };
    let server = std::thread::spawn(end(there, false));
    end(here, true)();
    server.join().unwrap();
}

/// One thread, two ends, sockets of 8 kB that do not block: each sends a megabyte before it has read one.
#[test]
fn sockets_that_do_not_block_carry_both_directions() {
    const LEN: usize = 1_000_000;
    let (here, there) = UnixStream::pair().unwrap();
    for socket in [&here, &there] {
        socket.set_nonblocking(true).unwrap();
    }
    let mut client = TlsStream::client(client_config(), name(), buffers(), provider(1), here).unwrap();
    let mut server = TlsStream::server(server_config(), buffers(), provider(2), there).unwrap();
    let data = pattern(LEN);
    let mut sides = [(0, Vec::new()), (0, Vec::new())];
    let would_block = |error: &std::io::Error| error.kind() == ErrorKind::WouldBlock;
    for turn in 0.. {
        assert!(turn < 1_000_000, "nothing moves any more: {} and {} bytes", sides[0].1.len(), sides[1].1.len());
        for (stream, (told, received)) in [&mut client, &mut server].into_iter().zip(&mut sides) {
            // As much as goes, then as much as comes.
            while *told < LEN {
                match stream.write(&data[*told..]) {
                    Ok(len) => *told += len,
                    Err(error) => {
                        assert!(would_block(&error), "{error:?}");
                        break;
                    }
                }
            }
            let mut room = [0; 20_000];
            match stream.read(&mut room) {
                Ok(len) => received.extend_from_slice(&room[..len]),
                Err(error) => assert!(would_block(&error), "{error:?}"),
            }
        }
        if sides.iter().all(|(_, received)| received.len() == LEN) {
            break;
        }
    }
    assert!(sides.iter().all(|(_, received)| *received == data));
}
