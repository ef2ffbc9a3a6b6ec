//! After the handshake, streams take nothing of the heap: counted.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/pipe.rs"]
mod pipe;

use allocation_counter::{AllocationInfo, measure};
use common::{client_config, pattern, provider, server_config};
use pipe::poll_times;
use saitls::{Buffers, FlushPolicy, ServerName, TlsStream, asynch, blocking};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

/// A socket that never waits, for `embedded_io` and, as if it did, for `embedded_io_async`.
struct Socket(UnixStream);

impl embedded_io::ErrorType for Socket {
    type Error = embedded_io::ErrorKind;
}

impl embedded_io::Read for Socket {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, embedded_io::ErrorKind> {
        self.0.read(out).map_err(|_| embedded_io::ErrorKind::TimedOut)
    }
}

impl embedded_io::Write for Socket {
    fn write(&mut self, data: &[u8]) -> Result<usize, embedded_io::ErrorKind> {
        self.0.write(data).map_err(|_| embedded_io::ErrorKind::TimedOut)
    }

    fn flush(&mut self) -> Result<(), embedded_io::ErrorKind> {
        Ok(())
    }
}

impl embedded_io_async::Read for Socket {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, embedded_io::ErrorKind> {
        match self.0.read(out) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::future::pending().await,
            read => read.map_err(|_| embedded_io::ErrorKind::Other),
        }
    }
}

impl embedded_io_async::Write for Socket {
    async fn write(&mut self, data: &[u8]) -> Result<usize, embedded_io::ErrorKind> {
        match self.0.write(data) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::future::pending().await,
            written => written.map_err(|_| embedded_io::ErrorKind::Other),
        }
    }

    async fn flush(&mut self) -> Result<(), embedded_io::ErrorKind> {
        Ok(())
    }
}

fn sockets() -> (UnixStream, UnixStream) {
    let (here, there) = UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    there.set_nonblocking(true).unwrap();
    (here, there)
}

/// What a stream does; `None` when it would have to wait.
trait Calls {
    fn handshake(&mut self) -> Option<()>;
    fn write(&mut self, data: &[u8]) -> Option<usize>;
    fn flush(&mut self) -> Option<()>;
    fn read(&mut self, out: &mut [u8]) -> Option<usize>;
}

fn now<O>(result: io::Result<O>) -> Option<O> {
    result.map_err(|error| assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error:?}")).ok()
}

fn now_of_embedded_io<O>(result: Result<O, saitls::StreamError<embedded_io::ErrorKind>>) -> Option<O> {
    use saitls::StreamError::Transport;
    result.map_err(|error| assert_eq!(error, Transport(embedded_io::ErrorKind::TimedOut))).ok()
}

fn now_of_embedded_io_async<O>(
    future: impl Future<Output = Result<O, saitls::StreamError<embedded_io::ErrorKind>>>,
) -> Option<O> {
    poll_times(future, 1).map(Result::unwrap)
}

macro_rules! calls {
    ($stream:ty, $read:path, $write:path, $now:path) => {
        impl Calls for $stream {
            fn handshake(&mut self) -> Option<()> {
                $now(<$stream>::handshake(self))
            }
            fn write(&mut self, data: &[u8]) -> Option<usize> {
                use $write as Write;
                $now(Write::write(self, data))
            }
            fn flush(&mut self) -> Option<()> {
                use $write as Write;
                $now(Write::flush(self))
            }
            fn read(&mut self, out: &mut [u8]) -> Option<usize> {
                use $read as Read;
                $now(Read::read(self, out))
            }
        }
    };
}

type Provider = common::Provider;
calls!(TlsStream<'_, Provider, UnixStream>, io::Read, io::Write, now);
calls!(blocking::TlsStream<'_, Provider, Socket>, embedded_io::Read, embedded_io::Write, now_of_embedded_io);
calls!(
    asynch::TlsStream<'_, Provider, Socket>,
    embedded_io_async::Read,
    embedded_io_async::Write,
    now_of_embedded_io_async
);

/// What a hundred writes of each end, long and short, with flushes and reads, take of the heap.
fn taken_by(client: &mut impl Calls, server: &mut impl Calls) -> AllocationInfo {
    while client.handshake().is_none() | server.handshake().is_none() {}
    let (data, mut room) = (pattern(20_000), vec![0; 20_000]);
    let mut moved = 0;
    let mut all = |moved: &mut usize| {
        for round in 0..100 {
            let len = [20_000, 1, 700, 5_000][round % 4];
            pass(client, server, &data[..len], &mut room, moved);
            pass(server, client, &data[..len], &mut room, moved);
        }
    };
    let info = measure(|| all(&mut moved));
    assert_eq!(moved, 2 * 25 * (20_000 + 1 + 700 + 5_000));
    info
}

fn pass(from: &mut impl Calls, to: &mut impl Calls, data: &[u8], room: &mut [u8], moved: &mut usize) {
    let (mut told, mut received, mut flushed) = (0, 0, false);
    while received < data.len() {
        if told < data.len() {
            told += from.write(&data[told..]).unwrap_or(0);
        } else if !flushed {
            flushed = from.flush().is_some();
        }
        received += to.read(&mut room[received..]).unwrap_or(0);
    }
    assert!(room[..received] == *data);
    *moved += received;
}

fn name() -> Option<ServerName<'static>> {
    ServerName::try_from("server.test").ok()
}

#[test]
fn owned_buffers() {
    let buffers = || Buffers::new(vec![0; 16_645], vec![0; 4_096]);
    for policy in [FlushPolicy::Strict, FlushPolicy::Relaxed, FlushPolicy::EachWrite] {
        let (here, there) = sockets();
        let mut client = TlsStream::client(client_config(), name(), buffers(), provider(1), here).unwrap();
        let mut server = TlsStream::server(server_config(), buffers(), provider(2), there).unwrap();
        (client, server) = (client.with_flush_policy(policy), server.with_flush_policy(policy));
        assert_eq!(taken_by(&mut client, &mut server).count_total, 0, "std, {policy:?}");

        let (here, there) = sockets();
        let mut client =
            blocking::TlsStream::client(client_config(), name(), buffers(), provider(1), Socket(here)).unwrap();
        let mut server = asynch::TlsStream::server(server_config(), buffers(), provider(2), Socket(there)).unwrap();
        (client, server) = (client.with_flush_policy(policy), server.with_flush_policy(policy));
        assert_eq!(taken_by(&mut client, &mut server).count_total, 0, "embedded_io, {policy:?}");
    }
}

#[test]
fn lent_buffers() {
    let (mut a, mut b, mut c, mut d) = ([0; 16_645], [0; 4_096], [0; 16_645], [0; 4_096]);
    let (here, there) = sockets();
    let (client_buffers, server_buffers) = (Buffers::new(&mut a[..], &mut b[..]), Buffers::new(&mut c[..], &mut d[..]));
    let mut client = TlsStream::client(client_config(), name(), client_buffers, provider(1), here).unwrap();
    let mut server = asynch::TlsStream::server(server_config(), server_buffers, provider(2), Socket(there)).unwrap();
    assert_eq!(taken_by(&mut client, &mut server).count_total, 0);
}

/// The counter counts.
#[test]
fn what_is_allocated_is_seen() {
    assert_eq!(measure(|| drop(std::hint::black_box(vec![0_u8; 100]))).count_total, 1);
}
