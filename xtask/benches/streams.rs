//! Both ends of a stream that send and receive at once, over sockets of the kernel: `TlsStream` beside `StreamOwned` of
//! rustls, with the same cryptography.
//!
//! What is measured is the time of processors, of both ends and the kernel together, since that is what decides how
//! much goes through when both ends are busy, and since other programs do not change it.
//!
//! `cargo xtask bench` prints the table.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rustix::time::{ClockId, clock_gettime};
use rustls::StreamOwned;
use saitls::{Buffers, FlushPolicy, TlsStream};
use saitls_aws_lc::AwsLc;
use saitls_core::codes::{CipherSuite, NamedGroup};
use saitls_core::config::{ClientConfig, Identity, ServerConfig};
use saitls_core::crypto::dangerous::AcceptAnyPeer;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use support::saitls::Backend as _;
use support::{IDENTITIES, peer};

const SUITES: [CipherSuite; 1] = [CipherSuite::AES_128_GCM_SHA256];

/// Room for four records.
const BUFFER_LEN: usize = 4 * 16_406 + 64;

/// How an end writes: pieces of this length, flushed after so many. It reads as much as it wrote, this many bytes
/// behind.
#[derive(Clone, Copy)]
struct Pattern {
    name: &'static str,
    piece: usize,
    pieces_a_flush: usize,
    behind: usize,
}

const BULK: Pattern = Pattern { name: "16 kB", piece: 16_384, pieces_a_flush: usize::MAX, behind: 4 * 16_384 };
const SMALL: Pattern = Pattern { name: "100 bytes", piece: 100, pieces_a_flush: 100, behind: 20_000 };

/// Counts what goes over the wire.
struct Counted<T>(T, &'static AtomicU64);

impl<T: Read> Read for Counted<T> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(room)
    }
}

impl<T: Write> Write for Counted<T> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        let len = self.0.write(data)?;
        self.1.fetch_add(len as u64, Ordering::Relaxed);
        Ok(len)
    }

    fn write_vectored(&mut self, data: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
        let len = self.0.write_vectored(data)?;
        self.1.fetch_add(len as u64, Ordering::Relaxed);
        Ok(len)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

static WIRE: AtomicU64 = AtomicU64::new(0);

/// Sends and receives `len` bytes.
fn talk(stream: &mut (impl Read + Write), pattern: Pattern, len: usize) {
    let (data, mut room) = (vec![7; pattern.piece], vec![0; pattern.piece.max(16_384)]);
    let (mut written, mut read, mut pieces) = (0, 0, 0);
    while read < len {
        if written < len && written < read + pattern.behind {
            stream.write_all(&data).expect("written");
            written += data.len();
            pieces += 1;
            if pieces == pattern.pieces_a_flush || written >= len {
                stream.flush().expect("flushed");
                pieces = 0;
            }
        } else {
            let some = stream.read(&mut room).expect("read");
            assert!(some > 0, "the end, after {read} of {len} bytes");
            read += some;
        }
    }
}

/// The time of processors that two ends take for `len` bytes each way.
fn measure(
    ends: (&mut (impl Read + Write + Send), &mut (impl Read + Write + Send)),
    pattern: Pattern,
    len: usize,
) -> Duration {
    let processors = || {
        let now = clock_gettime(ClockId::ProcessCPUTime);
        Duration::new(now.tv_sec.try_into().expect("a time"), now.tv_nsec.try_into().expect("a time"))
    };
    let barrier = Barrier::new(2);
    let start = processors();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            barrier.wait();
            talk(ends.0, pattern, len);
        });
        barrier.wait();
        talk(ends.1, pattern, len);
    });
    processors() - start
}

fn socket_pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().expect("a pair of sockets")
}

fn loopback() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let here = TcpStream::connect(listener.local_addr().expect("an address")).expect("connected");
    let there = listener.accept().expect("accepted").0;
    for end in [&here, &there] {
        end.set_nodelay(true).expect("no delay");
    }
    (here, there)
}

fn over<T: Read + Write + Send>(criterion: &mut Criterion, transport: &str, pair: impl Fn() -> (T, T)) {
    for pattern in [BULK, SMALL] {
        let mut group = criterion.benchmark_group(format!("streams/{transport}/{}", pattern.name));
        // Both ways, rounded up to whole pieces; as many as make a measurement.
        let len = 4_000_000_usize.next_multiple_of(pattern.piece);
        group.throughput(Throughput::Bytes(2 * len as u64));

        let key = AwsLc::key(IDENTITIES[0].key);
        let (chain, groups) = ([IDENTITIES[0].certificate], [NamedGroup::X25519]);
        let identities = [Identity::new(&chain, &key)];
        let client_config = ClientConfig::new(&AcceptAnyPeer).with_cipher_suites(&SUITES).with_named_groups(&groups);
        let server_config = ServerConfig::new(&identities).with_cipher_suites(&SUITES).with_named_groups(&groups);
        let buffers = || Buffers::new(vec![0; BUFFER_LEN], vec![0; BUFFER_LEN]);
        for (name, policy) in [("ours", FlushPolicy::Strict), ("ours, each write", FlushPolicy::EachWrite)] {
            let (here, there) = pair();
            let mut client = TlsStream::client(&client_config, None, buffers(), AwsLc::new(), Counted(here, &WIRE))
                .expect("it is good")
                .with_flush_policy(policy);
            let mut server = TlsStream::server(&server_config, buffers(), AwsLc::new(), Counted(there, &WIRE))
                .expect("it is good")
                .with_flush_policy(policy);
            measure((&mut client, &mut server), pattern, len);
            count_wire(transport, pattern, name, len, || {
                measure((&mut client, &mut server), pattern, len);
            });
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|times| (0..times).map(|_| measure((&mut client, &mut server), pattern, len)).sum())
            });
        }

        let configs = peer::Configs::new(SUITES[0], NamedGroup::X25519, &IDENTITIES[0]);
        let (here, there) = pair();
        let mut client = StreamOwned::new(configs.client(), Counted(here, &WIRE));
        let mut server = StreamOwned::new(configs.server(), Counted(there, &WIRE));
        measure((&mut client, &mut server), pattern, len);
        count_wire(transport, pattern, peer::NAME, len, || {
            measure((&mut client, &mut server), pattern, len);
        });
        group.bench_function(peer::NAME, |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| measure((&mut client, &mut server), pattern, len)).sum())
        });

        // What the kernel takes: the same bytes, in the clear.
        let (mut here, mut there) = pair();
        group.bench_function("in the clear", |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| measure((&mut here, &mut there), pattern, len)).sum())
        });
        group.finish();
    }
}

/// Bytes on the wire above the payload.
fn count_wire(transport: &str, pattern: Pattern, name: &str, len: usize, talk: impl FnOnce()) {
    let before = WIRE.load(Ordering::Relaxed);
    talk();
    let wire = WIRE.load(Ordering::Relaxed) - before;
    println!(
        "{transport}, {}, {name}: {:.1} % above the payload on the wire",
        pattern.name,
        100.0 * (wire as f64 / (2 * len) as f64 - 1.0)
    );
}

fn streams(criterion: &mut Criterion) {
    over(criterion, "socket pair", socket_pair);
    over(criterion, "loopback", loopback);
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_millis(1500)).warm_up_time(Duration::from_millis(300)).sample_size(20).without_plots();
    targets = streams
}
criterion_main!(benches);
