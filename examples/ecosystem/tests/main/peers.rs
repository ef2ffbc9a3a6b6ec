//! Programs that are talked to, and who is who.

use saitls::protocol::config::{ClientConfig, Identity, ServerConfig};
use saitls::protocol::crypto::{PinnedKey, x509};
use saitls::rustcrypto::SigningKey;
use saitls_ecosystem::ends::Provider;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A program that ends with the test.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server, and waits until it listens on the port.
pub fn serve(command: &mut Command, port: u16) -> Process {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let process = Process(child.unwrap_or_else(|error| panic!("{command:?}: {error}")));
    let since = Instant::now();
    while TcpStream::connect(address(port)).is_err() {
        assert!(since.elapsed() < Duration::from_secs(20), "{command:?} does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    process
}

pub fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A port that nobody has.
pub fn free_port() -> u16 {
    TcpListener::bind(address(0)).and_then(|listener| listener.local_addr()).unwrap().port()
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of the identities that examples and tests have.
pub fn identity(file: &str) -> String {
    root().join("examples/identities").join(file).to_str().unwrap().to_owned()
}

fn leaked<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// What stands in a PEM file.
pub fn der(file: &str) -> &'static [u8] {
    let form: &[&str] = if file.ends_with(".key") { &["pkcs8", "-topk8", "-nocrypt"] } else { &["x509"] };
    let out = Command::new("openssl").args(form).args(["-in", &identity(file), "-outform", "DER"]).output().unwrap();
    assert!(out.status.success(), "{file}");
    leaked(out.stdout)
}

fn identities(name: &str) -> &'static [Identity<'static, Provider>] {
    let key = leaked(SigningKey::from_der(der(&format!("{name}.key"))).unwrap());
    let chain = leaked([der(&format!("{name}.pem"))]);
    leaked([key.identity(chain).unwrap()])
}

/// A client that trusts the server with `p256.pem`, and is `client.pem` if it is asked.
pub fn client_config() -> &'static ClientConfig<'static, Provider> {
    let pins = leaked([x509::subject_public_key_info(der("p256.pem")).unwrap()]);
    let trust = leaked(PinnedKey::subject_public_key_info(pins));
    leaked(ClientConfig::new(trust).with_identities(identities("client")))
}

/// The server with `p256.pem`.
pub fn server_config() -> &'static ServerConfig<'static, Provider> {
    leaked(ServerConfig::new(identities("p256")))
}

/// Runs a future by tokio, for at most a minute.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), future).await.expect("a minute suffices") })
}

/// What curl gets from a server with `p256.pem`; each URL over the same connection, if the server wants that.
pub async fn curl(port: u16, paths: &[&str]) -> String {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--fail", "--tlsv1.3", "--http1.1", "--cacert", &identity("p256.pem")]);
    command.args(paths.iter().map(|path| format!("https://127.0.0.1:{port}{path}")));
    let out = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(out.status.success(), "curl: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}
