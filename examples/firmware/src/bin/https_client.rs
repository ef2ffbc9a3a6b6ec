//! An HTTPS client over Ethernet: fetches a page from the host with the chain verified, and says what became of it.
//!
//! Words of the command line, all optional: `port=443`, `name=server.test`, `root=other` (trust another one),
//! `time=1800000000` (what the clock says).

#![no_std]
#![no_main]

use core::time::Duration;
use rand_core::TryRng as _;
use saitls::smoltcp::iface::{SocketSet, SocketStorage};
use saitls::smoltcp::socket::tcp;
use saitls::{
    Buffers, ClientConfig, Error, ProviderFault, ServerName, SocketError, TlsSocket, TlsSocketSet, TlsSocketStorage,
};
use saitls_firmware::{host, network, provider, report, stack, timer, trng::Trng};
use saitls_webpki::{ChainVerifier, UnixTime, anchor_from_der};
use static_cell::ConstStaticCell;

const ROOT: &[u8] = include_bytes!("../../pki/root.der");
const OTHER_ROOT: &[u8] = include_bytes!("../../pki/other-root.der");

saitls_firmware::entry!(main);

fn main() -> ! {
    timer::start();
    stack::paint();
    match run() {
        Ok(bytes) => {
            report::line("page bytes", bytes);
            report::line("stack", stack::peak());
            host::exit(true)
        }
        Err(error) => {
            report::socket_error(error);
            host::exit(false)
        }
    }
}

fn run() -> Result<u32, SocketError> {
    let words = host::CommandLine::read();
    let mut trng = Trng::new().map_err(|_| Error::Provider(ProviderFault::RandomFailed))?;
    let clock = network::Clock::default();
    let seed = trng.try_next_u64().map_err(|_| Error::Provider(ProviderFault::RandomFailed))?;
    let (mut card, mut iface) = network::start(&clock, seed).map_err(|_| SocketError::Refused)?;
    let mut provider = provider::new(trng, &words)?;

    // Whom to trust, and what time it is.
    let anchors = [anchor_from_der(if words.value("root") == Some("other") { OTHER_ROOT } else { ROOT })?];
    let seconds = words.number("time").unwrap_or_else(|| u64::from(host::unix_time()));
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let trust = ChainVerifier::new(&anchors, &now)?;
    let config = ClientConfig::new(&trust);
    let name = ServerName::try_from(words.value("name").unwrap_or("server.test")).map_err(|_| Error::Internal)?;

    // One TCP socket with 2 kB each way, and TLS over it.
    let mut storage = [SocketStorage::EMPTY; 1];
    let mut sockets = SocketSet::new(&mut storage[..]);
    static TCP: ConstStaticCell<[[u8; 2_048]; 2]> = ConstStaticCell::new([[0; 2_048]; 2]);
    let [receive, send] = TCP.take();
    let tcp = tcp::Socket::new(tcp::SocketBuffer::new(&mut receive[..]), tcp::SocketBuffer::new(&mut send[..]));
    static RECORDS: ConstStaticCell<[u8; 16_645]> = ConstStaticCell::new([0; 16_645]);
    static TRANSMIT: ConstStaticCell<[u8; 2_048]> = ConstStaticCell::new([0; 2_048]);
    let tls = TlsSocket::new(sockets.add(tcp), Buffers::new(&mut RECORDS.take()[..], &mut TRANSMIT.take()[..]));
    let mut storage = [const { TlsSocketStorage::EMPTY }; 1];
    let mut set = TlsSocketSet::new(&mut storage[..]);
    let handle = set.add(tls);

    let remote = (network::HOST, words.number("port").unwrap_or(443_u16));
    let connected = set.get_mut(handle).connect(&mut iface, &mut sockets, &config, Some(name), remote, 49_152);
    connected.map_err(|_| SocketError::Refused)?;
    let (mut asked, mut bytes) = (false, 0);
    loop {
        saitls::poll(clock.now(), &mut iface, &mut card, &mut sockets, &mut set, &mut provider);
        let socket = set.get_mut(handle);
        if socket.can_send() && !asked {
            let _ = socket.send_slice(b"GET /page HTTP/1.0\r\n\r\n");
            asked = true;
            provider::report(&mut provider)?;
        }
        if socket.can_recv() {
            bytes += socket.recv(|data| (data.len(), data.len() as u32)).unwrap_or(0);
        }
        if asked && !socket.may_recv() {
            socket.close();
        }
        // Open until the alert, if there is one, has left and the connection is closed.
        if !socket.is_open() {
            return socket.error().map_or(Ok(bytes), Err);
        }
    }
}
