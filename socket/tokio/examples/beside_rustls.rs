//! What servers take, beside tokio-rustls with the same AWS-LC: resident memory of idle connections; requests per
//! second of hyper (HTTP/1.1, connections that stay, answers of 1 kB), and how long the slowest take; bulk data both
//! ways at once. Ratios of one run; Linux. On a machine that is busy with other things, look at processor time.
//!
//! ```console
//! $ ulimit -n 30000
//! $ cargo run --release -p saitls-tokio --example beside_rustls -- 10000
//! ```
//!
//! The servers are processes of their own, of which the processor time is told, too; the client is ours for both.

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
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Done<T> = Result<T, Failure>;

/// How much of a stream is moved at once, in bytes.
const PIECE: usize = 65_536;
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

/// Sends for ever, and reads whatever comes.
async fn bulk(accept: impl Future<Output = std::io::Result<impl AsyncRead + AsyncWrite + Unpin>>) -> Done<()> {
    let (mut reader, mut writer) = tokio::io::split(accept.await?);
    let send = async {
        let data = vec![0; PIECE];
        loop {
            writer.write_all(&data).await?;
        }
        #[allow(unreachable_code, reason = "it names the type of the errors")]
        Done::Ok(())
    };
    let receive = async {
        let mut room = vec![0; PIECE];
        while reader.read(&mut room).await? > 0 {}
        Done::Ok(())
    };
    tokio::select! { done = send => done, done = receive => done }
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
            ("saitls", "bulk") => drop(tokio::spawn(bulk(ours.accept(tcp)))),
            ("saitls", _) => drop(tokio::spawn(pages(ours.accept(tcp)))),
            (_, "bulk") => drop(tokio::spawn(bulk(theirs.accept(tcp)))),
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

impl Server {
    /// What it took of the processors so far, in seconds.
    fn processor_time(&self) -> Done<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let fields = stat.rsplit_once(')').ok_or("no name")?.1.split_whitespace();
        let ticks: Vec<f64> = fields.skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        Ok(ticks.iter().sum::<f64>() / 100.0)
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

/// Asks for pages over one connection until the time is over, and says how long each took.
async fn ask(mut stream: client::TlsStream<TcpStream>, until: Instant) -> Done<Vec<Duration>> {
    let mut times = Vec::new();
    let mut buffer = vec![0; 4_096];
    let mut begin = Instant::now();
    while begin < until {
        stream.write_all(REQUEST).await?;
        let mut len = 0;
        // The page ends what is sent.
        while !buffer[..len].ends_with(&PAGE) {
            match stream.read(&mut buffer[len..]).await? {
                0 => return Err("the server closed".into()),
                more => len += more,
            }
        }
        let end = Instant::now();
        times.push(end - begin);
        begin = end;
    }
    Ok(times)
}

/// Moves data both ways until the time is over, and says how many bytes there were.
async fn pump(stream: client::TlsStream<TcpStream>, until: Instant) -> Done<usize> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let send = tokio::spawn(async move {
        let data = vec![0; PIECE];
        while let Ok(len) = writer.write(&data).await {
            counter.fetch_add(len, Ordering::Relaxed);
        }
    });
    let mut received = 0;
    let mut room = vec![0; PIECE];
    while Instant::now() < until {
        received += reader.read(&mut room).await?;
    }
    send.abort();
    Ok(received + sent.load(Ordering::Relaxed))
}

/// What one round came to: so much a second, and so much a second of the server's processor time; for requests, how
/// long all took but one in a hundred.
struct Round {
    per_second: f64,
    per_processor_second: f64,
    slow: Duration,
}

async fn requests(server: &Server) -> Done<Round> {
    let connector = common::connector();
    let mut streams = Vec::new();
    for _ in 0..ASKING {
        streams.push(server.connect(&connector).await?);
    }
    let (begin, before) = (Instant::now(), server.processor_time()?);
    let tasks: Vec<_> = streams.into_iter().map(|stream| tokio::spawn(ask(stream, begin + ROUND))).collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    times.sort_unstable();
    let pages = times.len() as f64;
    Ok(Round {
        per_second: pages / begin.elapsed().as_secs_f64(),
        per_processor_second: pages / (server.processor_time()? - before),
        slow: times[times.len() * 99 / 100],
    })
}

async fn megabytes(server: &Server) -> Done<Round> {
    let stream = server.connect(&common::connector()).await?;
    let (begin, before) = (Instant::now(), server.processor_time()?);
    let moved = pump(stream, begin + ROUND).await? as f64 / 1e6;
    Ok(Round {
        per_second: moved / begin.elapsed().as_secs_f64(),
        per_processor_second: moved / (server.processor_time()? - before),
        slow: Duration::ZERO,
    })
}

fn median(mut ratios: Vec<f64>) -> f64 {
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// Prints each round, and the medians of the ratios.
fn report(unit: &str, rounds: &[(Round, Round)]) {
    let ratios = |of: fn(&Round) -> f64| median(rounds.iter().map(|(ours, theirs)| of(ours) / of(theirs)).collect());
    for (ours, theirs) in rounds {
        println!("{unit} a second: saitls {:.0}, rustls {:.0}", ours.per_second, theirs.per_second);
    }
    let of_time = ratios(|round| round.per_processor_second);
    println!("{unit} a second: {:.3} times; a second of the server: {of_time:.3}", ratios(|round| round.per_second));
}

async fn compare(count: usize) -> Done<()> {
    if count > 0 {
        let (ours, theirs) = (memory("saitls", count).await?, memory("rustls", count).await?);
        let times = ours as f64 / theirs as f64;
        println!("{count} idle connections, bytes each: saitls {ours}, rustls {theirs}, {times:.3} times");
    }
    let servers = (Server::start("saitls", "pages")?, Server::start("rustls", "pages")?);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((requests(&servers.0).await?, requests(&servers.1).await?));
    }
    report("requests", &rounds);
    let slow =
        |of: fn(&(Round, Round)) -> &Round| median(rounds.iter().map(|round| of(round).slow.as_secs_f64()).collect());
    let (ours, theirs) = (slow(|round| &round.0), slow(|round| &round.1));
    println!("all requests but one in a hundred: saitls {:.0} us, rustls {:.0} us", ours * 1e6, theirs * 1e6);

    let servers = (Server::start("saitls", "bulk")?, Server::start("rustls", "bulk")?);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((megabytes(&servers.0).await?, megabytes(&servers.1).await?));
    }
    report("MB both ways", &rounds);
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
