//! Two stacks of embassy-net and a cable between them: reqwless over TLS over embassy-net's own pool of sockets, and a
//! server that accepts. No operating system's socket, no heap for any connection.

use crate::peers;
use embassy_net::driver::HardwareAddress;
use embassy_net::tcp::TcpSocket;
use embassy_net::tcp::client::{TcpClient, TcpClientState};
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, StackResources, StaticConfigV4};
use embassy_net_driver_channel::driver::LinkState;
use embassy_net_driver_channel::{self as channel, RxRunner, TxRunner};
use embedded_io_async::{Read, Write};
use reqwless::client::HttpClient;
use reqwless::request::Method;
use saitls::asynch::TlsStream;
use saitls::pool::{BufferPool, TlsConnector};
use saitls::rustcrypto::RustCrypto;
use saitls::{Buffers, Shared};
use saitls_ecosystem::network::Network;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::ready;

const MTU: usize = 1_500;
const CLIENT: Ipv4Address = Ipv4Address::new(10, 0, 0, 1);
const SERVER: Ipv4Address = Ipv4Address::new(10, 0, 0, 2);
const ROUNDS: usize = 3;

/// Makes a host's stack and its end of the cable.
macro_rules! host {
    ($stack:ident, $net:ident, $rx:ident, $tx:ident, $address:expr) => {
        let mut state = channel::State::<MTU, 4, 4>::new();
        let (runner, device) = channel::new(&mut state, HardwareAddress::Ip);
        let (link, $rx, $tx) = runner.split();
        link.set_link_state(LinkState::Up);
        let mut resources = StackResources::<3>::new();
        let ($stack, mut $net) = embassy_net::new(device, config($address), &mut resources, 1);
    };
}

fn config(address: Ipv4Address) -> Config {
    let address = Ipv4Cidr::new(address, 24);
    Config::ipv4_static(StaticConfigV4 { address, gateway: None, dns_servers: Default::default() })
}

/// What comes out of one stack goes into the other.
async fn cable<'d>(mut from: TxRunner<'d, MTU>, mut to: RxRunner<'d, MTU>) {
    poll_fn(|cx| {
        loop {
            let packet = ready!(from.poll_tx_buf(cx));
            let room = ready!(to.poll_rx_buf(cx));
            room[..packet.len()].copy_from_slice(packet);
            to.rx_done(packet.len());
            from.tx_done();
        }
    })
    .await
}

async fn serve(stack: embassy_net::Stack<'_>, listened: &Cell<usize>) {
    let (mut rx, mut tx) = ([0; 1_024], [0; 1_024]);
    let (mut receive, mut transmit) = ([0; 2_048], [0; 1_024]);
    for _ in 0..ROUNDS {
        let mut socket = TcpSocket::new(stack, &mut rx, &mut tx);
        listened.set(listened.get() + 1);
        socket.accept(443).await.unwrap();
        let buffers = Buffers::new(&mut receive, &mut transmit);
        let mut stream = TlsStream::server(peers::server_config(), buffers, RustCrypto::os(), &mut socket).unwrap();
        let (mut request, mut len) = ([0; 512], 0);
        while !request[..len].ends_with(b"\r\n\r\n") {
            len += stream.read(&mut request[len..]).await.unwrap();
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n").await.unwrap();
        stream.write_all(&[b'x'; 10_000]).await.unwrap();
        stream.shutdown().await.unwrap();
        socket.close();
        // A socket that is dropped sends nothing more: until all is acknowledged. The client may be gone by then.
        let _ = socket.flush().await;
    }
}

async fn ask(stack: embassy_net::Stack<'_>, listened: &Cell<usize>) {
    let sockets = TcpClientState::<1, 1_024, 1_024>::new();
    let tcp = TcpClient::new(stack, &sockets);
    let mut memory = ([0; 2_048], [0; 1_024]);
    let pool = RefCell::new(BufferPool::new([Buffers::new(&mut memory.0, &mut memory.1)]));
    let provider = RefCell::new(RustCrypto::os());
    let https = TlsConnector::new(&tcp, peers::client_config(), Shared(&provider), &pool);
    // There is no server for names on this cable.
    let mut client = HttpClient::new(&https, &Network);
    for round in 0..ROUNDS {
        // There is no queue of clients: one that comes too early is refused.
        while listened.get() <= round {
            tokio::task::yield_now().await;
        }
        let mut request = client.request(Method::GET, "http://10.0.0.2:443/").await.unwrap();
        let mut room = [0; 12_000];
        let response = request.send(&mut room).await.unwrap();
        assert_eq!(response.status.0, 200);
        assert_eq!(response.body().read_to_end().await.unwrap(), [b'x'; 10_000]);
    }
}

#[test]
fn reqwless_asks_over_two_stacks_of_embassy_net_and_a_cable() {
    host!(client, client_net, client_rx, client_tx, CLIENT);
    host!(server, server_net, server_rx, server_tx, SERVER);
    let listened = Cell::new(0);
    peers::run(async {
        tokio::select! {
            _ = client_net.run() => unreachable!("a network does not end"),
            _ = server_net.run() => unreachable!("a network does not end"),
            () = cable(client_tx, server_rx) => unreachable!("a cable does not end"),
            () = cable(server_tx, client_rx) => unreachable!("a cable does not end"),
            () = async { tokio::select! { () = serve(server, &listened) => {}, () = ask(client, &listened) => {} } } => {}
        }
    });
}
