//! Peers that say nothing, or take nothing, for a while: each step can be given up after some time, and when the peer
//! goes on, so does the connection.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/pipe.rs"]
mod pipe;

use common::{Provider, client_config, pattern, provider, server_config};
use pipe::{Asynchronous, Blocking, End, Fault, pipe, poll_times};
use saitls::{Buffers, ServerName, StreamError, TlsStream, asynch, blocking};
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What a user does with a time limit. `None`: the limit has come.
trait Limited {
    fn handshake(&mut self) -> Option<()>;
    fn write(&mut self, data: &[u8]) -> Option<usize>;
    fn flush(&mut self) -> Option<()>;
    fn read(&mut self, out: &mut [u8]) -> Option<usize>;
    fn shutdown(&mut self) -> Option<()>;
}

/// The transport's own time limit.
fn in_time<O>(result: io::Result<O>) -> Option<O> {
    match result {
        Ok(output) => Some(output),
        Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => None,
        Err(error) => panic!("{error:?}"),
    }
}

fn in_time_of_embedded_io<O>(result: Result<O, StreamError<Fault>>) -> Option<O> {
    match result {
        Ok(output) => Some(output),
        Err(StreamError::Transport(Fault::TimedOut)) => None,
        Err(error) => panic!("{error:?}"),
    }
}

/// A time limit of the executor, which drops the future.
fn before_it_is_dropped<O>(future: impl Future<Output = Result<O, StreamError<Fault>>>) -> Option<O> {
    Some(poll_times(future, 3)?.unwrap())
}

macro_rules! limited {
    ([$($generics:tt)*] $stream:ty, $read:path, $write:path, $limit:path) => {
        impl $($generics)* Limited for $stream {
            fn handshake(&mut self) -> Option<()> {
                $limit(<$stream>::handshake(self))
            }
            fn write(&mut self, data: &[u8]) -> Option<usize> {
                use $write as Write;
                $limit(Write::write(self, data))
            }
            fn flush(&mut self) -> Option<()> {
                use $write as Write;
                $limit(Write::flush(self))
            }
            fn read(&mut self, out: &mut [u8]) -> Option<usize> {
                use $read as Read;
                $limit(Read::read(self, out))
            }
            fn shutdown(&mut self) -> Option<()> {
                $limit(<$stream>::shutdown(self))
            }
        }
    };
}

limited!([<T: io::Read + io::Write>] TlsStream<'static, Provider, T>, io::Read, io::Write, in_time);
limited!([] blocking::TlsStream<'static, Provider, Blocking>, embedded_io::Read, embedded_io::Write, in_time_of_embedded_io);
limited!([] asynch::TlsStream<'static, Provider, Asynchronous>, embedded_io_async::Read, embedded_io_async::Write, before_it_is_dropped);

fn name() -> Option<ServerName<'static>> {
    ServerName::try_from("server.test").ok()
}

fn buffers() -> Buffers<'static> {
    Buffers::new(vec![0; 16_645], vec![0; 4_096])
}

/// Each step of `client` meets a peer that does nothing, and is repeated when the peer does something.
fn meets_silence(mut client: impl Limited, mut server: impl Limited) {
    // A handshake that nobody answers.
    for _ in 0..3 {
        assert_eq!(client.handshake(), None);
    }
    while server.handshake().is_none() | client.handshake().is_none() {}

    // Nothing to read; and when there is, it is all there.
    let mut room = [0; 1_000];
    for _ in 0..3 {
        assert_eq!(client.read(&mut room), None);
    }
    assert_eq!(server.write(b"after a while"), Some(13));
    assert_eq!(server.flush(), Some(()));
    assert_eq!(client.read(&mut room), Some(13));
    assert_eq!(&room[..13], b"after a while");

    // Nobody takes what is written; when somebody does, it comes once.
    let data = pattern(3_000_000);
    let (mut told, mut received) = (0, Vec::new());
    while let Some(len) = client.write(&data[told..]) {
        told += len;
        assert!(told < data.len(), "the transport holds less");
    }
    for _ in 0..3 {
        assert_eq!(client.write(&data[told..]), None);
        assert_eq!(client.flush(), None);
    }
    let mut take = |server: &mut dyn FnMut(&mut [u8]) -> Option<usize>| {
        while let Some(len @ 1..) = server(&mut room) {
            received.extend_from_slice(&room[..len]);
        }
    };
    while client.flush().is_none() {
        take(&mut |room| server.read(room));
    }
    // The goodbye, too, waits until it is taken.
    while let Some(len) = client.write(&data[told..]) {
        told += len;
    }
    assert_eq!(client.shutdown(), None);
    while client.shutdown().is_none() {
        take(&mut |room| server.read(room));
    }
    take(&mut |room| server.read(room));
    assert!(received == data[..told], "{} of {told} bytes", received.len());
    assert_eq!(server.read(&mut [0; 1]), Some(0));
    assert_eq!(server.shutdown(), Some(()));
    assert_eq!(client.read(&mut [0; 1]), Some(0));
}

fn server_over(end: End) -> asynch::TlsStream<'static, Provider, Asynchronous> {
    asynch::TlsStream::server(server_config(), buffers(), provider(2), Asynchronous(end)).unwrap()
}

#[test]
fn std_with_time_limits_of_the_socket() {
    let (here, there) = UnixStream::pair().unwrap();
    for socket in [&here, &there] {
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        socket.set_write_timeout(Some(Duration::from_millis(5))).unwrap();
    }
    let client = TlsStream::client(client_config(), name(), buffers(), provider(1), here).unwrap();
    let server = TlsStream::server(server_config(), buffers(), provider(2), there).unwrap();
    meets_silence(client, server);
}

#[test]
fn std_without_blocking() {
    let (here, there) = pipe(2_000);
    let client = TlsStream::client(client_config(), name(), buffers(), provider(1), here).unwrap();
    meets_silence(client, server_over(there));
}

#[test]
fn embedded_io_with_time_limits_of_the_transport() {
    let (here, there) = pipe(2_000);
    let client = blocking::TlsStream::client(client_config(), name(), buffers(), provider(1), Blocking(here)).unwrap();
    meets_silence(client, server_over(there));
}

#[test]
fn embedded_io_async_with_futures_that_are_dropped() {
    let (here, there) = pipe(2_000);
    let client =
        asynch::TlsStream::client(client_config(), name(), buffers(), provider(1), Asynchronous(here)).unwrap();
    meets_silence(client, server_over(there));
}
