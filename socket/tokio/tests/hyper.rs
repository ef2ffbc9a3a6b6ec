//! The examples with hyper, at both ends.
#![allow(clippy::unwrap_used)]

#[path = "../examples/hyper_client.rs"]
mod client;
mod common;
#[path = "../examples/hyper_server.rs"]
mod server;

use http_body_util::BodyExt as _;
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn pages_come_by_the_protocol_that_both_speak() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(server::serve(listener, server::acceptor(common::identity()).unwrap()));
    for (protocols, text) in [
        (&["h2", "http/1.1"][..], "HTTP/2.0 /page\n"),
        (&["http/1.1", "h2"], "HTTP/2.0 /page\n"),
        (&["http/1.1"], "HTTP/1.1 /page\n"),
        (&[], "HTTP/1.1 /page\n"),
    ] {
        let connector = client::connector(common::trust(), protocols).unwrap();
        let tcp = TcpStream::connect(address).await.unwrap();
        let answer = client::get(&connector, tcp, "server.test", "/page").await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), text);
    }
}
