//! What servers take, beside tokio-rustls with the same AWS-LC: resident memory of idle connections, and requests per
//! second of hyper (HTTP/1.1, connections that stay, answers of 1 kB). Ratios of one run; Linux.
//!
//! ```console
//! $ ulimit -n 30000
//! $ cargo run --release -p saitls-tokio --example beside_rustls -- 10000
//! ```
//!
//! The servers are processes of their own; the client is ours for both.

#[path = "../tests/common/mod.rs"]
mod common;

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use saitls_tokio::{TlsConnector, client};
use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Done<T> = Result<T, Failure>;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: server.test\r\n\r\n";
const PAGE: [u8; 1_024] = [b'x'; 1_024];
/// Connections that ask at once, and how long.
const ASKING: usize = 32;
const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

// ---- servers

/// Echoes a byte, for ever.
async fn echo(accept: impl Future<Output = std::io::Result<impl AsyncRead + AsyncWrite + Unpin>>) -> Done<()> {
    let mut stream = accept.await?;
    let mut byte = [0];
    while stream.read(&mut byte).await? > 0 {
        stream.write_all(&byte).await?;
        stream.flush().await?;
    }
    Ok(())
}

async fn pages(accept: impl Future<Output = std::io::Result<impl AsyncRead + AsyncWrite + Unpin>>) -> Done<()> {
    let stream = accept.await?;
    let answer = service_fn(|_| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(&PAGE[..]))) });
    Ok(http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await?)
}

fn rustls_acceptor() -> Done<tokio_rustls::TlsAcceptor> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        rustls::ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13])?;
    let chain = vec![CertificateDer::from(common::CERTIFICATE)];
    let mut config = config.with_no_client_auth().with_single_cert(chain, PrivateKeyDer::try_from(common::KEY)?)?;
    // There are none here either, and storing them takes time and room.
    config.send_tls13_tickets = 0;
    Ok(tokio_rustls::TlsAcceptor::from(Arc::new(config)))
}

async fn serve(library: &str, what: &str) -> Done<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let (ours, theirs) = (common::acceptor(), rustls_acceptor()?);
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        // A task for each, of the size that this one needs.
        match (library, what) {
            ("saitls", "echo") => drop(tokio::spawn(echo(ours.accept(tcp)))),
            ("saitls", _) => drop(tokio::spawn(pages(ours.accept(tcp)))),
            (_, "echo") => drop(tokio::spawn(echo(theirs.accept(tcp)))),
            _ => drop(tokio::spawn(pages(theirs.accept(tcp)))),
        }
    }
}

// ---- the client

struct Server(Child, String);

impl Server {
    fn start(library: &str, what: &str) -> Done<Self> {
        let mut child =
            Command::new(std::env::current_exe()?).args(["serve", library, what]).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut address)?;
        Ok(Self(child, address.trim().to_owned()))
    }

    async fn connect(&self, connector: &TlsConnector) -> Done<client::TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(&self.1).await?;
        tcp.set_nodelay(true)?;
        Ok(connector.connect(common::name(), tcp).await?)
    }

    /// Resident memory, in bytes.
    fn resident(&self) -> Done<usize> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<usize>()? * 1_024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Bytes of each of `count` idle connections, after a byte went each way.
async fn memory(library: &str, count: usize) -> Done<usize> {
    let server = Server::start(library, "echo")?;
    let connector = common::connector();
    let mut streams = Vec::new();
    let mut before = 0;
    // The first ones make what is there once.
    for index in 0..100 + count {
        if index == 100 {
            before = server.resident()?;
        }
        let mut stream = server.connect(&connector).await?;
        stream.write_all(b"?").await?;
        stream.read_exact(&mut [0]).await?;
        streams.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok((server.resident()? - before) / count)
}

/// Asks for pages over one connection until the time is over, and says how many there were.
async fn ask(mut stream: client::TlsStream<TcpStream>, until: Instant) -> Done<usize> {
    let mut pages = 0;
    let mut buffer = vec![0; 4_096];
    while Instant::now() < until {
        stream.write_all(REQUEST).await?;
        let mut len = 0;
        // The page ends what is sent.
        while !buffer[..len].ends_with(&PAGE) {
            match stream.read(&mut buffer[len..]).await? {
                0 => return Err("the server closed".into()),
                more => len += more,
            }
        }
        pages += 1;
    }
    Ok(pages)
}

async fn requests(server: &Server) -> Done<f64> {
    let connector = common::connector();
    let mut streams = Vec::new();
    for _ in 0..ASKING {
        streams.push(server.connect(&connector).await?);
    }
    let begin = Instant::now();
    let tasks: Vec<_> = streams.into_iter().map(|stream| tokio::spawn(ask(stream, begin + ROUND))).collect();
    let mut pages = 0;
    for task in tasks {
        pages += task.await??;
    }
    Ok(pages as f64 / begin.elapsed().as_secs_f64())
}

async fn compare(count: usize) -> Done<()> {
    let (ours, theirs) = (memory("saitls", count).await?, memory("rustls", count).await?);
    println!(
        "{count} idle connections, bytes each: saitls {ours}, rustls {theirs}, {:.2} times",
        ours as f64 / theirs as f64
    );
    let servers = (Server::start("saitls", "pages")?, Server::start("rustls", "pages")?);
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (ours, theirs) = (requests(&servers.0).await?, requests(&servers.1).await?);
        println!("requests per second: saitls {ours:.0}, rustls {theirs:.0}, {:.3} times", ours / theirs);
        ratios.push(ours / theirs);
    }
    ratios.sort_by(f64::total_cmp);
    println!("requests per second: {:.3} times (median)", ratios[ROUNDS / 2]);
    Ok(())
}

#[tokio::main]
async fn main() -> Done<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match &args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", library, what] => serve(library, what).await,
        [count] => compare(count.parse()?).await,
        _ => Err("usage: beside_rustls CONNECTIONS".into()),
    }
}
