//! Sockets whose connections come back: over `close` and `connect`, in the same buffers.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::*;
use saitls::protocol::config::ServerConfig;
use saitls::protocol::psk::PskKind;
use saitls::protocol::session::MemorySessions;
use saitls::protocol::tickets::TicketKeys;
use saitls::rustcrypto::SigningKey;
use saitls::{Buffers, ClientConfig, Identity, PinnedKey, TlsSocket};
use smoltcp::time::Duration;

static SESSIONS: MemorySessions<1> = MemorySessions::new();

#[test]
fn a_socket_resumes_over_close_and_connect() {
    let mut net = net();
    let tcp = net.client.add_plain(4_096);
    let buffers = Buffers::new(vec![0; RECEIVE_LEN], vec![0; TRANSMIT_LEN]).with_session_buffer(vec![0; 512]);
    let c = net.client.tls.add(TlsSocket::new(tcp, buffers));
    let s = net.server.add();
    static PINNED: &[&[u8]] = &[include_bytes!("data/p256.spki.der")];
    let verifier = Box::leak(Box::new(PinnedKey::subject_public_key_info(PINNED)));
    let config = Box::leak(Box::new(ClientConfig::new(verifier).with_sessions(&SESSIONS)));
    static CHAIN: &[&[u8]] = &[include_bytes!("data/p256.cert.der")];
    let key = Box::leak(Box::new(SigningKey::from_pkcs8_der(include_bytes!("data/p256.key.der")).unwrap()));
    let identities = Box::leak(Box::new([Identity::new(CHAIN, key)]));
    let tickets = Box::leak(Box::new(TicketKeys::new(&mut provider(3)).unwrap()));
    let server_config = Box::leak(Box::new(ServerConfig::new(identities).with_tickets(tickets)));
    for round in 0..4u8 {
        net.server.tls.get_mut(s).listen(&mut net.server.sockets, server_config, 443).unwrap();
        net.client.connect_with(c, config, (SERVER, 443)).unwrap();
        net.until_connected(c, s);
        // The ticket, behind the handshake.
        net.settle(Duration::from_millis(100));
        let resumed = (round > 0).then_some(PskKind::Resumption);
        assert_eq!(net.client.socket(c).negotiated().unwrap().psk, resumed, "{round}");
        assert_eq!(net.server.socket(s).negotiated().unwrap().psk, resumed, "{round}");
        net.client.socket(c).send_slice(&[round; 100]).unwrap();
        net.until("it is there", |net| net.server.socket(s).can_recv());
        assert_eq!(net.server.socket(s).recv_slice(&mut [0; 200]), Ok(100));
        if round == 2 {
            net.client.socket(c).abort();
        }
        net.client.socket(c).close();
        net.server.socket(s).close();
        net.until("both are closed", |net| !net.client.socket(c).is_open() && !net.server.socket(s).is_open());
    }
}
