//! Streams of `embedded_io_async` over sockets of embassy-net: two stacks, and a cable between them.

use crate::asynchronous::{Pieces, read_all, talk, write_all};
use crate::course::{Course, Manner, connection};
use embassy_net::driver::HardwareAddress;
use embassy_net::tcp::TcpSocket;
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Stack, StackResources, StaticConfigV4};
use embassy_net_driver_channel::driver::LinkState;
use embassy_net_driver_channel::{self as channel, RxRunner, TxRunner};
use saitls::asynch::{TlsReader, TlsStream, TlsWriter};
use saitls_ecosystem::ends::{self, Role};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::ready;

const MTU: usize = 1_500;
const PORT: u16 = 443;

/// One stream at each end.
pub fn whole(course: Course) {
    run(course, async |socket, manner| {
        let transport = Pieces { transport: socket, most: manner.piece };
        let session = ends::session(manner.role, manner.buffers);
        let mut stream = TlsStream::from_session(session, transport).with_flush_policy(manner.policy);
        talk(&mut stream, manner).await;
    });
}

/// A reader and a writer at each end.
pub fn halves(course: Course) {
    run(course, async |socket, manner| {
        let session = ends::session(manner.role, manner.buffers);
        let mut stream = TlsStream::from_session(session, socket).with_flush_policy(manner.policy);
        stream.handshake().await.expect("nothing fails");
        let (session, socket) = stream.into_session();
        let session = RefCell::new(session);
        let (rx, tx) = socket.split();
        let reader = TlsReader::new(&session, Pieces { transport: rx, most: manner.piece });
        let writer = TlsWriter::new(&session, Pieces { transport: tx, most: manner.piece });
        let (out, incoming) = manner.lanes();
        tokio::join!(read_all(reader, incoming, manner), write_all(writer, &session, out, manner));
    });
}

/// Makes a host's stack and its end of the cable.
macro_rules! host {
    ($stack:ident, $net:ident, $rx:ident, $tx:ident, $role:expr, $seed:expr) => {
        let mut state = channel::State::<MTU, 8, 8>::new();
        let (runner, device) = channel::new(&mut state, HardwareAddress::Ip);
        let (link, $rx, $tx) = runner.split();
        link.set_link_state(LinkState::Up);
        let mut resources = StackResources::<2>::new();
        let ($stack, mut $net) = embassy_net::new(device, config($role), &mut resources, $seed);
    };
}

fn address(role: Role) -> Ipv4Address {
    Ipv4Address::new(10, 0, 0, if role == Role::Client { 1 } else { 2 })
}

fn config(role: Role) -> Config {
    let address = Ipv4Cidr::new(address(role), 24);
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

async fn end(stack: Stack<'_>, manner: Manner, ended: &Cell<u32>, talk: impl AsyncFn(&mut TcpSocket<'_>, Manner)) {
    let (mut rx, mut tx) = (vec![0; manner.socket_buffer], vec![0; manner.socket_buffer]);
    let mut socket = TcpSocket::new(stack, &mut rx, &mut tx);
    match manner.role {
        Role::Client => socket.connect((address(Role::Server), PORT)).await.expect("the server listens"),
        Role::Server => socket.accept(PORT).await.expect("the client comes"),
    }
    talk(&mut socket, manner).await;
    // A socket that is dropped acknowledges nothing: wait for the other end.
    ended.set(ended.get() + 1);
    while ended.get() < 2 {
        tokio::task::yield_now().await;
    }
}

fn run(course: Course, talk: impl AsyncFn(&mut TcpSocket<'_>, Manner)) {
    host!(client, client_net, client_rx, client_tx, Role::Client, course.client.seed);
    host!(server, server_net, server_rx, server_tx, Role::Server, course.server.seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there are runtimes");
    connection(course, || {
        runtime.block_on(async {
            tokio::select! {
                biased;
                _ = client_net.run() => unreachable!("a network does not end"),
                _ = server_net.run() => unreachable!("a network does not end"),
                () = cable(client_tx, server_rx) => unreachable!("a cable does not end"),
                () = cable(server_tx, client_rx) => unreachable!("a cable does not end"),
                _ = async {
                    let ended = Cell::new(0);
                    tokio::join!(
                        end(client, course.client, &ended, &talk),
                        end(server, course.server, &ended, &talk),
                    )
                } => {}
            }
        });
    });
}
