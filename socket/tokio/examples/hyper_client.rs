//! Fetches a page with hyper 1: by HTTP/2 or HTTP/1.1, whichever the server and it agree on by ALPN.
//!
//! ```console
//! $ cargo run -p saitls-tokio --example hyper_client -- example.org
//! $ cargo run -p saitls-tokio --example hyper_client -- localhost:8443 / cert.pem
//! ```

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use saitls_tokio::{AwsLc, ClientConfig, ServerName, TlsConnector, Trust};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a server may take for its handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client that trusts these, and speaks both.
pub(crate) fn connector(trust: Trust<AwsLc>, protocols: &[&str]) -> saitls::protocol::Result<TlsConnector> {
    let config = ClientConfig::builder(AwsLc, trust).with_alpn(protocols).build()?;
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The answer of the server at the other end of `tcp`, which is to be `host`.
pub(crate) async fn get(
    connector: &TlsConnector,
    tcp: TcpStream,
    host: &str,
    path: &str,
) -> Result<Response<Incoming>, Box<dyn Error + Send + Sync>> {
    tcp.set_nodelay(true)?;
    let name = ServerName::try_from(host.to_owned())?;
    let stream = timeout(PATIENCE, connector.connect(name, tcp)).await??;
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let io = TokioIo::new(stream);
    if is_http2 {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
        tokio::spawn(connection);
        let request = Request::get(format!("https://{host}{path}")).body(Empty::<Bytes>::new())?;
        Ok(sender.send_request(request).await?)
    } else {
        let (mut sender, connection) = http1::handshake(io).await?;
        tokio::spawn(connection);
        let request = Request::get(path).header(header::HOST, host).header(header::CONNECTION, "close");
        Ok(sender.send_request(request.body(Empty::<Bytes>::new())?).await?)
    }
}

#[tokio::main]
#[allow(dead_code, reason = "a test takes the rest of this file")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (host, path, anchors) = match &args[..] {
        [host] => (host, "/", None),
        [host, path] => (host, path.as_str(), None),
        [host, path, anchors] => (host, path.as_str(), Some(anchors)),
        _ => return Err("usage: hyper_client HOST[:PORT] [PATH [ANCHORS.pem]]".into()),
    };
    let trust = match anchors {
        Some(file) => Trust::pem(&std::fs::read(file)?)?,
        None => Trust::system()?,
    };
    let (name, address) = match host.rsplit_once(':') {
        Some((name, _)) => (name, host.clone()),
        None => (host.as_str(), format!("{host}:443")),
    };
    let connector = connector(trust, &["h2", "http/1.1"])?;
    let answer = get(&connector, TcpStream::connect(address).await?, name, path).await?;
    println!("{:?} {}", answer.version(), answer.status());
    let body = answer.into_body().collect().await?.to_bytes();
    print!("{}", String::from_utf8_lossy(&body));
    Ok(())
}
