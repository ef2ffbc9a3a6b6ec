//! An accelerator on other threads, which takes 100 ms for each asymmetric operation: nobody waits for it who has
//! something else to do.

#![allow(clippy::unwrap_used, missing_docs)]

use saitls::protocol::crypto::PinnedKey;
use saitls::protocol::{Operation, WaitingFor};
use saitls::smoltcp::iface::{Config, Interface, SocketSet};
use saitls::smoltcp::phy::{Loopback, Medium};
use saitls::smoltcp::socket::tcp;
use saitls::smoltcp::time::Instant as NetInstant;
use saitls::smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};
use saitls::{Buffers, ClientConfig, Identity, ServerConfig, TlsSocket, TlsSocketSet, TlsStream, asynch};
use saitls_accelerator::worker::{WorkerBoard, WorkerSigner, Workers};
use saitls_conformance::Conformance;
use saitls_core::codes::CertificateType;
use saitls_rustcrypto::{RustCrypto, SigningKey};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

const DELAY: Duration = Duration::from_millis(100);
const RAW: &[CertificateType] = &[CertificateType::RAW_PUBLIC_KEY];

fn board(threads: usize, delay: Duration) -> WorkerBoard {
    WorkerBoard { workers: Workers::new(threads, delay) }
}

/// A key for the server, and its public half.
fn identity() -> (WorkerSigner, Vec<u8>) {
    let key = SigningKey::generate_p256(&mut RustCrypto::os()).unwrap();
    let mut spki = vec![0; saitls_rustcrypto::MAX_SUBJECT_PUBLIC_KEY_INFO_LEN];
    let len = key.subject_public_key_info(&mut spki).unwrap();
    spki.truncate(len);
    (WorkerSigner::new(key), spki)
}

/// Wakes a thread, and counts how often.
struct Unpark(std::thread::Thread, AtomicUsize);

impl Unpark {
    fn new() -> Arc<Self> {
        Arc::new(Self(std::thread::current(), AtomicUsize::new(0)))
    }
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.unpark();
    }
}

#[test]
fn it_is_a_provider_as_it_should_be() {
    let (signer, spki) = identity();
    let conformance = Conformance::new(|| board(4, Duration::ZERO)).with_signer("worker", &signer, &spki);
    for prefix in ["offers/", "key_exchange/", "verifier/keys", "verifier/interleaved", "signer/", "handshake/"] {
        conformance.run_only(prefix).assert();
    }
}

/// Eight clients and eight servers on one interface, one loop, one provider.
struct Net<'a> {
    iface: Interface,
    device: Loopback,
    sockets: SocketSet<'a>,
    tls: TlsSocketSet<'a, WorkerBoard>,
    board: WorkerBoard,
    start: Instant,
}

const CONNECTIONS: u16 = 8;

impl<'a> Net<'a> {
    fn new(client: &'a ClientConfig<'a, WorkerBoard>, server: &'a ServerConfig<'a, WorkerBoard>) -> Self {
        let mut device = Loopback::new(Medium::Ip);
        let mut iface = Interface::new(Config::new(HardwareAddress::Ip), &mut device, NetInstant::ZERO);
        let address = IpAddress::v4(127, 0, 0, 1);
        iface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(address, 8)).unwrap());
        let (mut sockets, mut tls) = (SocketSet::new(vec![]), TlsSocketSet::new(vec![]));
        for number in 0..2 * CONNECTIONS {
            let buffer = || tcp::SocketBuffer::new(vec![0; 4_096]);
            let socket = TlsSocket::new(
                sockets.add(tcp::Socket::new(buffer(), buffer())),
                Buffers::new(vec![0; 16_645], vec![0; 4_096]),
            );
            let handle = tls.add(socket);
            if number < CONNECTIONS {
                tls.get_mut(handle).listen(&mut sockets, server, 4_430 + number).unwrap();
            } else {
                let remote = (address, 4_430 + number - CONNECTIONS);
                tls.get_mut(handle).connect(&mut iface, &mut sockets, client, None, remote, 50_000 + number).unwrap();
            }
        }
        let board = board(usize::from(2 * CONNECTIONS), DELAY);
        Self { iface, device, sockets, tls, board, start: Instant::now() }
    }

    fn now(&self) -> NetInstant {
        NetInstant::from_micros(i64::try_from(self.start.elapsed().as_micros()).unwrap())
    }

    /// Polls, then sleeps until a packet is due or the device is done. Returns how long the poll took.
    fn turn(&mut self, waker: &Waker) -> Duration {
        let begun = Instant::now();
        let now = self.now();
        saitls::poll(now, &mut self.iface, &mut self.device, &mut self.sockets, &mut self.tls, &mut self.board);
        let took = begun.elapsed();
        let sockets = self.tls.register_operation_waker(&mut self.board, waker);
        assert_eq!(sockets.waiting, sockets.woken, "this device can tell when it is done");
        let delay = saitls::poll_delay(now, &mut self.iface, &self.sockets, &self.tls);
        match delay {
            Some(delay) => std::thread::park_timeout(delay.into()),
            None => std::thread::park(),
        }
        took
    }
}

#[test]
fn eight_handshakes_overlap_and_the_loop_goes_on() {
    let (signer, spki) = identity();
    let (key, pins) = (&spki[..], [&spki[..]]);
    let trust = PinnedKey::subject_public_key_info(&pins);
    let client = ClientConfig::new(&trust).with_peer_certificate_types(RAW);
    let identities = [Identity::raw_public_key(&key, &signer)];
    let server = ServerConfig::new(&identities);
    let mut net = Net::new(&client, &server);
    let waker = Waker::from(Unpark::new());
    let (mut polls, mut seen) = (Vec::new(), Vec::new());
    while !net.tls.iter().all(|(_, socket)| socket.is_connected()) {
        polls.push(net.turn(&waker));
        for (_, socket) in net.tls.iter() {
            assert_eq!(socket.error(), None);
            if let WaitingFor::Operation(operation) = socket.waiting_for()
                && !seen.contains(&operation)
            {
                seen.push(operation);
            }
        }
        assert!(net.start.elapsed() < Duration::from_secs(300));
    }
    let took = net.start.elapsed();
    polls.sort();
    let share = |percent: usize| polls[(polls.len() - 1) * percent / 100];
    println!(
        "{CONNECTIONS} handshakes in {took:?}; {} operations of {DELAY:?}, {} at once; {} polls, \
         95 % of them within {:?}, all within {:?}",
        net.board.workers.done(),
        net.board.workers.most_at_once(),
        polls.len(),
        share(95),
        share(100),
    );
    // Of each handshake: two shares (X25519MLKEM768 and X25519), both agreements, a signature, its verification.
    assert_eq!(net.board.workers.done(), 6 * usize::from(CONNECTIONS));
    let at_once = net.board.workers.most_at_once();
    // All of them where nothing else runs; this thread must not sleep through a whole operation for two.
    assert!(at_once >= 2, "{at_once} of {CONNECTIONS} handshakes at the same time");
    for operation in [
        Operation::KeyGeneration,
        Operation::Encapsulation,
        Operation::Decapsulation,
        Operation::Signing,
        Operation::SignatureVerification,
    ] {
        assert!(seen.contains(&operation), "{operation:?} is not among {seen:?}");
    }
    // The loop slept while the device worked: without wakers it would have gone round all the time.
    assert!(polls.len() < 1_500, "{} polls", polls.len());
}

/// One direction of a pipe in memory, for asynchronous streams.
#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    closed: bool,
    reader: Option<Waker>,
}

#[derive(Clone)]
struct End {
    from: Arc<Mutex<Pipe>>,
    to: Arc<Mutex<Pipe>>,
}

impl Drop for End {
    fn drop(&mut self) {
        let mut to = self.to.lock().unwrap();
        to.closed = true;
        to.reader.take().into_iter().for_each(Waker::wake);
    }
}

fn pipe() -> (End, End) {
    let (there, back) = (Arc::<Mutex<Pipe>>::default(), Arc::<Mutex<Pipe>>::default());
    (End { from: back.clone(), to: there.clone() }, End { from: there, to: back })
}

impl embedded_io_async::ErrorType for End {
    type Error = core::convert::Infallible;
}

impl embedded_io_async::Read for End {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        core::future::poll_fn(|cx| {
            let mut pipe = self.from.lock().unwrap();
            if pipe.bytes.is_empty() && !pipe.closed {
                pipe.reader = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let len = out.len().min(pipe.bytes.len());
            out.iter_mut().zip(pipe.bytes.drain(..len)).for_each(|(to, from)| *to = from);
            Poll::Ready(Ok(len))
        })
        .await
    }
}

impl embedded_io_async::Write for End {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        let mut pipe = self.to.lock().unwrap();
        pipe.bytes.extend(data);
        pipe.reader.take().into_iter().for_each(Waker::wake);
        Ok(data.len())
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Runs two tasks on this thread, each when it was woken; returns how often they were polled.
fn run(first: impl Future<Output = ()>, second: impl Future<Output = ()>) -> usize {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (wakers, mut polls) = ([Unpark::new(), Unpark::new()], 0);
    let (mut done, mut polled) = ([false; 2], [usize::MAX; 2]);
    while done != [true; 2] {
        let mut idle = true;
        for at in 0..2 {
            let woken = wakers[at].1.load(Ordering::SeqCst);
            if done[at] || woken == polled[at] {
                continue;
            }
            (idle, polled[at]) = (false, woken);
            polls += 1;
            let waker = Waker::from(wakers[at].clone());
            let cx = &mut Context::from_waker(&waker);
            done[at] = if at == 0 { first.as_mut().poll(cx) } else { second.as_mut().poll(cx) }.is_ready();
        }
        if idle {
            std::thread::park();
        }
    }
    polls
}

#[test]
fn asynchronous_streams_sleep_until_the_device_is_done() {
    use embedded_io_async::{Read, Write};
    let (signer, spki) = identity();
    let (key, pins) = (&spki[..], [&spki[..]]);
    let trust = PinnedKey::subject_public_key_info(&pins);
    let client_config = ClientConfig::new(&trust).with_peer_certificate_types(RAW);
    let identities = [Identity::raw_public_key(&key, &signer)];
    let server_config = ServerConfig::new(&identities);
    let buffers = || Buffers::new(vec![0; 16_645], vec![0; 4_096]);
    let (here, there) = pipe();
    let mut client = asynch::TlsStream::client(&client_config, None, buffers(), board(2, DELAY), here).unwrap();
    let mut server = asynch::TlsStream::server(&server_config, buffers(), board(2, DELAY), there).unwrap();
    let data: Vec<u8> = (0..100_000_u32).map(|at| (at % 251) as u8).collect();
    let talk = async {
        Write::write_all(&mut client, &data).await.unwrap();
        client.shutdown().await.unwrap();
        let mut answer = [0; 2];
        Read::read_exact(&mut client, &mut answer).await.unwrap();
        assert_eq!(&answer, b"ok");
        assert_eq!(Read::read(&mut client, &mut answer).await.unwrap(), 0);
    };
    let listen = async {
        let (mut received, mut room) = (Vec::new(), vec![0; 5_000]);
        loop {
            match Read::read(&mut server, &mut room).await.unwrap() {
                0 => break,
                len => received.extend_from_slice(&room[..len]),
            }
        }
        assert!(received == data);
        Write::write_all(&mut server, b"ok").await.unwrap();
        server.shutdown().await.unwrap();
    };
    let polls = run(talk, listen);
    println!("{polls} polls of two tasks");
    // Six operations of 100 ms, a few flights, and the data: who spins is polled many thousand times.
    assert!(polls < 1_000, "{polls} polls");
}

#[test]
fn streams_of_the_standard_library_talk_over_tcp() {
    use std::io::{ErrorKind, Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (signer, spki) = identity();
    let buffers = || Buffers::new(vec![0; 16_645], vec![0; 4_096]);
    let public_key = spki.clone();
    let server = std::thread::spawn(move || {
        let key = &public_key[..];
        let identities = [Identity::raw_public_key(&key, &signer)];
        let config = ServerConfig::new(&identities);
        // The second client leaves without a word.
        for _ in 0..2 {
            let (tcp, _) = listener.accept().unwrap();
            let board = board(1, Duration::from_millis(20));
            let mut stream = TlsStream::server(&config, buffers(), board, tcp).unwrap();
            let mut received = Vec::new();
            match stream.read_to_end(&mut received) {
                Ok(_) => {
                    stream.write_all(&received).unwrap();
                    stream.shutdown().unwrap();
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::UnexpectedEof),
            }
        }
    });
    let pins = [&spki[..]];
    let trust = PinnedKey::subject_public_key_info(&pins);
    let config = ClientConfig::new(&trust).with_peer_certificate_types(RAW);
    let data: Vec<u8> = (0..300_000_u32).map(|at| (at % 241) as u8).collect();
    for leaves in [false, true] {
        let tcp = std::net::TcpStream::connect(address).unwrap();
        let mut stream = TlsStream::client(&config, None, buffers(), board(1, Duration::ZERO), tcp).unwrap();
        stream.flush().unwrap();
        assert!(stream.connection().is_connected(), "flushing does the handshake");
        stream.write_all(&data).unwrap();
        if leaves {
            continue;
        }
        stream.shutdown().unwrap();
        assert_eq!(stream.write(b"more").unwrap_err().kind(), ErrorKind::NotConnected);
        let mut echo = Vec::new();
        stream.read_to_end(&mut echo).unwrap();
        assert!(echo == data);
    }
    server.join().unwrap();
}
