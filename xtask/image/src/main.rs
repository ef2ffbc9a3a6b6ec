//! Firmware with a TLS client, a TLS server or both, on smoltcp, for the sake of its size. Without `client` and
//! `server`: the same over plain TCP, to be subtracted.

#![no_std]
#![no_main]

mod board;

use board::{Network, Trng};
use core::hint::black_box;
use cortex_m::singleton;
use smoltcp::iface::{Config, Interface, SocketSet, SocketStorage};
use smoltcp::socket::tcp;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

#[cfg(feature = "all")]
#[global_allocator]
static HEAP: embedded_alloc::LlffHeap = embedded_alloc::LlffHeap::empty();

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        cortex_m::asm::bkpt();
    }
}

/// A buffer in RAM for ever.
macro_rules! buffer {
    ($len:expr) => {
        &mut singleton!(: [u8; $len] = [0; $len]).unwrap()[..]
    };
}

macro_rules! tcp_socket {
    () => {
        tcp::Socket::new(tcp::SocketBuffer::new(buffer!(2_048)), tcp::SocketBuffer::new(buffer!(2_048)))
    };
}

#[cortex_m_rt::entry]
fn main() -> ! {
    #[cfg(feature = "all")]
    {
        const LEN: usize = 24_576;
        let memory = buffer!(LEN);
        // SAFETY: called once, and nobody else has the memory.
        unsafe { HEAP.init(memory.as_mut_ptr() as usize, LEN) };
    }
    let device = singleton!(: Network = Network { received: [0; 1_500], sent: [0; 1_500] }).unwrap();
    let mut config = Config::new(HardwareAddress::Ip);
    config.random_seed = u64::from(rand_core::TryRng::try_next_u32(&mut Trng).unwrap_or(0));
    let mut iface = Interface::new(config, device, board::now());
    iface.update_ip_addrs(|addresses| {
        let _ = addresses.push(IpCidr::new(IpAddress::v4(192, 0, 2, 2), 24));
    });
    let storage = singleton!(: [SocketStorage<'static>; 2] = [SocketStorage::EMPTY; 2]).unwrap();
    let sockets = SocketSet::new(&mut storage[..]);
    #[cfg(any(feature = "client", feature = "server"))]
    tls::run(device, iface, sockets);
    #[cfg(not(any(feature = "client", feature = "server")))]
    plain::run(device, iface, sockets);
}

#[cfg(any(feature = "client", feature = "server"))]
mod tls {
    use super::*;
    #[cfg(feature = "ordered")]
    use saitls::chain as chains;
    #[cfg(all(feature = "client", not(any(feature = "chain", feature = "ordered"))))]
    use saitls::protocol::crypto::PinnedKey;
    #[cfg(all(feature = "chain", not(feature = "ordered")))]
    use saitls::webpki as chains;
    use saitls::{Buffers, TlsSocket, TlsSocketSet, TlsSocketStorage, rustcrypto::RustCrypto};
    #[cfg(feature = "client")]
    use saitls::{ClientConfig, ServerName};
    #[cfg(feature = "server")]
    use saitls::{ServerConfig, protocol::config::Identity, rustcrypto::SigningKey};

    macro_rules! tls_socket {
        ($sockets:expr) => {{
            let tcp = $sockets.add(tcp_socket!());
            TlsSocket::new(tcp, Buffers::new(buffer!(16_645), buffer!(4_096)))
        }};
    }

    pub fn run(device: &mut Network, mut iface: Interface, mut sockets: SocketSet<'static>) -> ! {
        let mut provider = RustCrypto(Trng);
        #[cfg(all(feature = "client", not(any(feature = "chain", feature = "ordered"))))]
        let pins = [black_box([0; 32])];
        #[cfg(all(feature = "client", not(any(feature = "chain", feature = "ordered"))))]
        let trust = PinnedKey::sha256(&pins);
        #[cfg(any(feature = "chain", feature = "ordered"))]
        let anchors = [chains::anchor_from_der(black_box(&[0])).unwrap()];
        #[cfg(any(feature = "chain", feature = "ordered"))]
        let clock = || {
            Ok(chains::UnixTime::since_unix_epoch(core::time::Duration::from_micros(
                board::now().total_micros().unsigned_abs(),
            )))
        };
        #[cfg(any(feature = "chain", feature = "ordered"))]
        let trust = chains::ChainVerifier::new(&anchors, &clock).unwrap();
        #[cfg(feature = "client")]
        let client_config = ClientConfig::new(&trust);
        #[cfg(feature = "server")]
        let key = SigningKey::from_der(black_box(&[])).unwrap();
        #[cfg(feature = "server")]
        let chain = [black_box(&[0][..])];
        #[cfg(feature = "server")]
        let identities = [Identity::new(&chain, &key)];
        #[cfg(feature = "server")]
        let server_config = ServerConfig::new(&identities);

        let mut storage = [const { TlsSocketStorage::EMPTY }; 2];
        let mut set = TlsSocketSet::new(&mut storage[..]);
        #[cfg(feature = "client")]
        let client = set.add(tls_socket!(sockets));
        #[cfg(feature = "server")]
        let server = set.add(tls_socket!(sockets));
        loop {
            saitls::poll(board::now(), &mut iface, device, &mut sockets, &mut set, &mut provider);
            #[cfg(feature = "client")]
            {
                let socket = set.get_mut(client);
                if !socket.is_open() {
                    let name = ServerName::try_from("server.test").ok();
                    let remote = (IpAddress::v4(192, 0, 2, 1), 443);
                    let _ = socket.connect(&mut iface, &mut sockets, &client_config, name, remote, 49_152);
                }
                echo(set.get_mut(client));
            }
            #[cfg(feature = "server")]
            {
                if !set.get(server).is_open() {
                    let _ = set.get_mut(server).listen(&mut sockets, &server_config, 443);
                }
                echo(set.get_mut(server));
            }
        }
    }

    fn echo(socket: &mut TlsSocket<'_, RustCrypto<Trng>>) {
        let mut line = [0; 64];
        if socket.can_recv() && socket.can_send() {
            let len = socket.recv_slice(&mut line).unwrap_or(0);
            let _ = socket.send_slice(&line[..len]);
        }
        if !socket.may_recv() {
            socket.close();
        }
    }
}

#[cfg(not(any(feature = "client", feature = "server")))]
mod plain {
    use super::*;

    pub fn run(device: &mut Network, mut iface: Interface, mut sockets: SocketSet<'static>) -> ! {
        let client = sockets.add(tcp_socket!());
        let server = sockets.add(tcp_socket!());
        loop {
            iface.poll(board::now(), device, &mut sockets);
            let socket = sockets.get_mut::<tcp::Socket<'_>>(client);
            if !socket.is_open() {
                let remote = black_box((IpAddress::v4(192, 0, 2, 1), 443));
                let _ = socket.connect(iface.context(), remote, 49_152);
            }
            echo(socket);
            let socket = sockets.get_mut::<tcp::Socket<'_>>(server);
            if !socket.is_open() {
                let _ = socket.listen(443);
            }
            echo(socket);
        }
    }

    fn echo(socket: &mut tcp::Socket<'_>) {
        let mut line = [0; 64];
        if socket.can_recv() && socket.can_send() {
            let len = socket.recv_slice(&mut line).unwrap_or(0);
            let _ = socket.send_slice(&line[..len]);
        }
        if !socket.may_recv() {
            socket.close();
        }
    }
}
