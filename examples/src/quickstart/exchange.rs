//! One handshake and one HTTP exchange between two nodes.

use std::fmt::Display;
use std::time::{Duration, Instant as Clock};

use saitls::{Buffers, ClientConfig, Identity, PinnedKey, ServerConfig, ServerName};
use saitls_core::PeerAuthentication;
use saitls_core::config::ClientAuthentication;
use saitls_core::limits::{MIN_HYBRID_BUFFER_LEN, MIN_TRANSMIT_BUFFER_LEN};
use smoltcp::time::Instant;
use smoltcp::wire::IpAddress;

use super::node::Node;
use super::{Case, Outcome, SelfSigned};
use crate::http::request::{self, Parsed};
use crate::http::response::Response;
use crate::net::cable::cable;

const MTU: usize = 1500;
const CLIENT: IpAddress = IpAddress::v4(192, 0, 2, 1);
const SERVER: IpAddress = IpAddress::v4(192, 0, 2, 2);
const NAME: &str = "server.test";

/// Something is wrong if it takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn run(case: &Case, identity: &SelfSigned) -> Result<Outcome, String> {
    // Who both ends are, and whom they trust: the holder of this one key.
    let chain: [&[u8]; 1] = [&identity.certificate];
    let identities = [Identity::new(&chain, &identity.key)];
    let pins = [identity.public_key.as_slice()];
    let trust = PinnedKey::subject_public_key_info(&pins);

    let (suites, groups, schemes) = ([case.suite], [case.group], [case.scheme]);
    let client_config = ClientConfig::new(&trust)
        .with_identities(&identities)
        .with_cipher_suites(&suites)
        .with_named_groups(&groups)
        .with_signature_schemes(&schemes);
    let server_config = ServerConfig::new(&identities)
        .with_client_authentication(ClientAuthentication::Required(&trust))
        .with_cipher_suites(&suites)
        .with_named_groups(&groups)
        .with_signature_schemes(&schemes);

    // The receive buffer takes the peer's Certificate and the messages around it; the rest comes in records as small.
    let least = if case.group.is_hybrid() { MIN_HYBRID_BUFFER_LEN } else { MIN_TRANSMIT_BUFFER_LEN };
    let (receive, transmit) = (least.max(identity.certificate.len() + 1024), least);
    let buffers = || Buffers::new(vec![0; receive], vec![0; transmit]);
    let start = Clock::now();
    let now = || Instant::from_micros(i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX));
    let (client_end, server_end) = cable(MTU, true);
    let mut client = Node::new(client_end, CLIENT, buffers(), now());
    let mut server = Node::new(server_end, SERVER, buffers(), now());

    let (_, sockets, socket) = server.parts();
    socket.listen(sockets, &server_config, 443).map_err(in_words)?;
    let (iface, sockets, socket) = client.parts();
    let name = ServerName::try_from(NAME).map_err(in_words)?;
    socket.connect(iface, sockets, &client_config, Some(name), (SERVER, 443), 49_152).map_err(in_words)?;

    let (mut asked, mut response, mut body) = (Vec::new(), Response::default(), Vec::new());
    let mut handshake = None;
    let mut is_asking = false;
    loop {
        client.poll(now());
        server.poll(now());

        if handshake.is_none() && client.socket().is_connected() && server.socket().is_connected() {
            handshake = Some(start.elapsed());
            check(case, &mut client, &mut server)?;
        }

        let socket = server.socket();
        if socket.can_recv() {
            socket.recv(|data| (data.len(), asked.extend_from_slice(data))).map_err(in_words)?;
            if let Parsed::Request(request) = request::parse(&asked) {
                let page = page(case, &request.target);
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", page.len());
                socket.send_slice(format!("{head}{page}").as_bytes()).map_err(in_words)?;
                socket.close();
            }
        }

        let socket = client.socket();
        if socket.can_send() && !is_asking {
            socket.send_slice(format!("GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n").as_bytes()).map_err(in_words)?;
            is_asking = true;
        }
        if socket.can_recv() {
            let mut collect = |bytes: &[u8]| body.extend_from_slice(bytes);
            let read = socket.recv(|data| (data.len(), response.read(data, &mut collect))).map_err(in_words)?;
            read.map_err(|_| "that is no HTTP")?;
        }
        if is_asking && !socket.may_recv() {
            socket.close();
        }

        for node in [&mut client, &mut server] {
            if let Some(error) = node.socket().error() {
                return Err(error.to_string());
            }
        }
        if !client.socket().is_active() && !server.socket().is_active() {
            break;
        }
        if start.elapsed() > PATIENCE {
            return Err("it never ended".into());
        }
    }
    if !response.is_complete() || body != page(case, "/").as_bytes() {
        return Err("the page did not arrive whole".into());
    }
    Ok(Outcome {
        wire_bytes: client.sent_bytes() + server.sent_bytes(),
        handshake: handshake.ok_or("there was no handshake")?,
        buffer_bytes: receive + transmit,
    })
}

fn page(case: &Case, target: &str) -> String {
    format!("{target} over {case}\n")
}

/// Both ends must have agreed on what the case asks for, and both must know the other.
fn check<'a>(case: &Case, client: &mut Node<'a>, server: &mut Node<'a>) -> Result<(), String> {
    for (who, node) in [("client", client), ("server", server)] {
        let negotiated = node.socket().connection().and_then(|connection| connection.negotiated());
        let negotiated = negotiated.ok_or_else(|| format!("the {who} says nothing of its handshake"))?;
        let agreed = (negotiated.cipher_suite, negotiated.named_group, negotiated.peer_signature_scheme);
        if agreed != (case.suite, Some(case.group), Some(case.scheme)) {
            return Err(format!("the {who} negotiated {agreed:?}"));
        }
        if negotiated.peer_authentication != PeerAuthentication::Certificate {
            return Err(format!("the {who} does not know its peer"));
        }
    }
    Ok(())
}

fn in_words(error: impl Display) -> String {
    error.to_string()
}
