//! reqwless over a connector: HTTPS, where the client knows TCP.

use crate::peers;
use reqwless::client::HttpClient;
use reqwless::request::Method;
use saitls::pool::{BufferPool, TlsConnector};
use saitls::rustcrypto::RustCrypto;
use saitls::{Buffers, ServerName, Shared};
use saitls_ecosystem::network::Network;
use std::cell::RefCell;
use std::process::Command;

/// From OpenSSL, with a receive buffer of 4 kB: it is asked for fragments of at most as much. Two pages one after the
/// other share the one pair of buffers.
#[test]
fn reqwless_gets_pages_from_openssl_in_small_buffers() {
    let port = peers::free_port();
    let (certificate, key) = (peers::identity("p256.pem"), peers::identity("p256.key"));
    let accept = port.to_string();
    let mut openssl = Command::new("openssl");
    openssl.args(["s_server", "-www", "-accept", &accept, "-cert", &certificate, "-key", &key]);
    let _server = peers::serve(&mut openssl, port);

    let mut memory = ([0; 4_118], [0; 1_024]);
    let pool = RefCell::new(BufferPool::new([Buffers::new(&mut memory.0, &mut memory.1)]));
    let provider = RefCell::new(RustCrypto::os());
    let https = TlsConnector::new(&Network, peers::client_config(), Shared(&provider), &pool)
        .with_name(ServerName::try_from("localhost").unwrap());
    peers::run(async {
        let mut client = HttpClient::new(&https, &Network);
        for _ in 0..2 {
            // reqwless without a TLS of its own knows no "https"; what the connector makes is TLS all the same.
            let url = format!("http://127.0.0.1:{port}/");
            let mut request = client.request(Method::GET, &url).await.unwrap();
            let mut room = [0; 16_384];
            let response = request.send(&mut room).await.unwrap();
            assert_eq!(response.status.0, 200);
            let page = response.body().read_to_end().await.unwrap();
            let page = String::from_utf8_lossy(page);
            assert!(page.contains("TLSv1.3") && page.contains("</HTML>"), "{page}");
        }
    });
}
