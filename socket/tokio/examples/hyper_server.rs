//! A web server with hyper 1: HTTP/2 or HTTP/1.1, whichever the client and it agree on by ALPN.
//!
//! ```console
//! $ openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=localhost \
//!     -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem
//! $ cargo run -p saitls-tokio --example hyper_server -- cert.pem key.pem 127.0.0.1:8443
//! $ curl --cacert cert.pem https://localhost:8443/
//! ```

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use saitls_tokio::{AwsLc, Identity, ServerConfig, TlsAcceptor};
use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// How long a client may take for its handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves whoever comes, each in a task of its own.
pub(crate) async fn serve(listener: TcpListener, acceptor: TlsAcceptor) -> std::io::Result<()> {
    loop {
        let (tcp, peer) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Err(error) = connection(acceptor, tcp).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn connection(acceptor: TlsAcceptor, tcp: TcpStream) -> Result<(), Box<dyn Error + Send + Sync>> {
    tcp.set_nodelay(true)?;
    let stream = timeout(PATIENCE, acceptor.accept(tcp)).await??;
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let io = TokioIo::new(stream);
    if is_http2 {
        http2::Builder::new(TokioExecutor::new()).serve_connection(io, service_fn(answer)).await?;
    } else {
        http1::Builder::new().serve_connection(io, service_fn(answer)).await?;
    }
    Ok(())
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = format!("{:?} {}\n", request.version(), request.uri().path());
    let mut response = Response::new(Full::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain"));
    Ok(response)
}

/// A server that has one identity, and speaks both.
pub(crate) fn acceptor(identity: Identity<AwsLc>) -> saitls::protocol::Result<TlsAcceptor> {
    let config = ServerConfig::builder(AwsLc, [identity]).with_alpn(["h2", "http/1.1"]).build()?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[tokio::main]
#[allow(dead_code, reason = "a test takes the rest of this file")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [chain, key, address] = &args[..] else { return Err("usage: hyper_server CHAIN.pem KEY.pem ADDRESS".into()) };
    let identity = Identity::from_pem(&std::fs::read(chain)?, &std::fs::read(key)?)?;
    let listener = TcpListener::bind(address).await?;
    println!("https://{}/", listener.local_addr()?);
    Ok(serve(listener, acceptor(identity)?).await?)
}
