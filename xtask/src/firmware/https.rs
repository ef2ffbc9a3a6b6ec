//! The programs over Ethernet, against openssl, gnutls and curl.

use super::board::{self, AN385};
use super::image;
use super::peer::{Peer, reset};
use super::ports::free_port;
use super::process::{
    Background, find, line, openssl_server, qemu, server_log, until_it_succeeds, value, wait_for_text,
};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

pub(super) const FEATURES: &str = "net,aes128gcm,chacha20poly1305,x25519,p256";
/// Only a failure waits so long.
const LIMIT: Duration = Duration::from_secs(180);

/// A board, and what its network card is to QEMU.
pub(super) struct Machine {
    pub(super) board: board::Board,
    pub(super) card: &'static str,
    /// Other words for QEMU.
    pub(super) words: &'static [&'static str],
}

const MPS2: Machine = Machine { board: AN385, card: "user,model=lan9118", words: &[] };
pub(super) const AST2600: Machine = Machine { board: board::AST2600, card: "user", words: &[] };

/// What `https_client` must do in each case: the words it is started with, the line it prints, and what the server
/// sees.
const CLIENT_CASES: [(&str, &str, &str, &str); 5] = [
    ("the right name and root", "", "page bytes ", "alert read:warning:close notify"),
    ("another name", "name=other.test", "alert sent 46", "alert read:fatal:certificate unknown"),
    ("another root", "root=other", "alert sent 48", "alert read:fatal:unknown CA"),
    ("a clock that says 2001", "time=1000000000", "alert sent 45", "alert read:fatal:certificate expired"),
    ("a clock that says 2286", "time=9999999999", "alert sent 45", "alert read:fatal:certificate expired"),
];

/// `https_client` against a server with a chain of two certificates.
pub(super) fn client(root: &Path) -> Result<(), String> {
    let image = image::build(root, "https_client", &MPS2.board, FEATURES)?;
    println!("\nhttps_client against openssl s_server");
    for (what, word, expected, seen) in CLIENT_CASES {
        let printed = fetch(root, &MPS2, &image, word, &[], seen)?;
        let found = line(&printed, expected).map_err(|error| format!("https_client, {what}: {error}"))?;
        println!("    {what}: {found}");
    }
    Ok(())
}

/// Runs `https_client` against `openssl s_server` with other words for both: what it printed. `seen` is what the server
/// must have said at the end.
pub(super) fn fetch(
    root: &Path,
    machine: &Machine,
    image: &Path,
    word: &str,
    server_words: &[&str],
    seen: &str,
) -> Result<String, String> {
    let pki = root.join("examples/firmware/pki");
    let www = super::measure::page(root)?;
    let intermediate = pki.join("intermediate.cert.pem");
    let intermediate = ["-cert_chain", intermediate.to_str().ok_or("not UTF-8")?];
    let (_server, port) = openssl_server(&pki, &www, "leaf", &[&intermediate, server_words].concat())?;
    let mut command =
        qemu(machine.board.name, image, &["https_client".to_owned(), format!("port={port}"), word.to_owned()]);
    command.args(["-nic", machine.card]).args(machine.words);
    let (success, printed) = Background::start(&mut command)?.finish(LIMIT)?;
    if success == printed.contains("alert") {
        return Err(format!("https_client ended with success: {success}, and printed {printed}"));
    }
    wait_for_text(&server_log(&www), seen).map_err(|error| format!("openssl s_server: {error}"))?;
    Ok(printed)
}

/// `https_server` against everybody.
pub(super) fn server(root: &Path) -> Result<(), String> {
    println!("\nhttps_server, mutual authentication, TCP buffers of 2 kB");
    let board = Board::start(root, &MPS2, "")?;
    board.authenticates()?;
    board.carries_a_megabyte()?;
    board.serves_two_at_once()?;
    board.serves_a_hundred()?;
    board.survives_faults()?;
    drop(board);
    let board = Board::start(root, &MPS2, "records=2048")?;
    board.limits_records()
}

/// What `GET /megabyte` answers.
fn megabyte() -> Vec<u8> {
    (0..1_u32 << 20).map(|index| (index % 251) as u8).collect()
}

/// The longest record that `records=2048` lets a peer send.
const LIMIT_OF_RECORDS: usize = 2_048;

/// A board with the server, and the way to it.
pub(super) struct Board {
    _qemu: Background,
    pki: PathBuf,
    scratch: PathBuf,
    port: u16,
    monitor: PathBuf,
}

impl Board {
    pub(super) fn start(root: &Path, machine: &Machine, word: &str) -> Result<Self, String> {
        let image = image::build(root, "https_server", &machine.board, FEATURES)?;
        let scratch = root.join("target/firmware/https");
        fs::create_dir_all(&scratch).map_err(|error| error.to_string())?;
        fs::write(scratch.join("megabyte"), megabyte()).map_err(|error| error.to_string())?;
        let port = free_port()?;
        let monitor = std::env::temp_dir().join(format!("saitls-firmware-{}-{port}", std::process::id()));
        let mut command = qemu(machine.board.name, &image, &["https_server".to_owned(), word.to_owned()]);
        command
            .args(["-nic", &format!("{},id=net,hostfwd=tcp:127.0.0.1:{port}-:443", machine.card)])
            .args(["-qmp", &format!("unix:{},server=on,wait=off", monitor.display())])
            .stderr(Stdio::null());
        let qemu = Background::start(&mut command)?;
        let board = Self { _qemu: qemu, pki: root.join("examples/firmware/pki"), scratch, port, monitor };
        board.is_served_soon().map_err(|error| format!("https_server does not come up: {error}"))?;
        Ok(board)
    }

    /// curl for a path, with an identity or none.
    fn curl_command(&self, identity: &str, path: &str, port: u16) -> Command {
        let mut command = Command::new("curl");
        command.args(["-sS", "--max-time", "120", "--cacert"]).arg(self.pki.join("root.cert.pem"));
        if !identity.is_empty() {
            command.arg("--cert").arg(self.pki.join(format!("{identity}.cert.pem")));
            command.arg("--key").arg(self.pki.join(format!("{identity}.key.pem")));
        }
        command.arg(format!("https://localhost:{port}{path}")).stdin(Stdio::null());
        command
    }

    /// What curl gets: the path first, then other words.
    fn curl(&self, identity: &str, words: &[&str]) -> Result<Vec<u8>, String> {
        let (path, words) = words.split_first().ok_or("no path")?;
        let output = self.curl_command(identity, path, self.port).args(words).output().map_err(|e| e.to_string())?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }

    /// Waits until a client is served: there is no backlog while both sockets are taken.
    fn is_served_soon(&self) -> Result<(), String> {
        until_it_succeeds(|| self.curl("client", &["/status"]).map(drop))
    }

    /// A number on the status page.
    pub(super) fn status(&self, name: &str) -> Result<u32, String> {
        value(&String::from_utf8_lossy(&self.curl("client", &["/status"])?), name)
    }

    pub(super) fn authenticates(&self) -> Result<(), String> {
        for (identity, alert) in [("", "certificate required"), ("stranger", "unknown ca")] {
            match self.curl(identity, &["/status"]) {
                Err(error) if error.contains(alert) => println!("    client {identity:?}: {alert}"),
                other => return Err(format!("client {identity:?}: expected {alert}, got {other:?}")),
            }
        }
        Ok(())
    }

    pub(super) fn carries_a_megabyte(&self) -> Result<(), String> {
        if self.curl("client", &["/megabyte"])? != megabyte() {
            return Err("a megabyte did not come as it was sent".into());
        }
        let body = format!("@{}", self.scratch.join("megabyte").display());
        let hash = self.curl("client", &["/hash", "-H", "Expect:", "--data-binary", &body])?;
        self.check_hash("megabyte", &hash)?;
        println!("    1 MB down and up to curl, byte by byte");
        Ok(())
    }

    /// Whether an answer has the hash of a file.
    fn check_hash(&self, name: &str, answer: &[u8]) -> Result<(), String> {
        let output = Command::new("sha256sum").arg(self.scratch.join(name)).output().map_err(|e| e.to_string())?;
        let expected = output.stdout.get(..64).ok_or("sha256sum failed")?;
        let answer = String::from_utf8_lossy(answer);
        if answer.contains(&*String::from_utf8_lossy(expected)) {
            return Ok(());
        }
        Err(format!("{name} did not arrive as it was sent: {answer}"))
    }

    pub(super) fn serves_two_at_once(&self) -> Result<(), String> {
        // The first one has said half of what it wants; the second one is served meanwhile.
        let mut first = self.s_client(&[])?;
        first.input.write(b"GET /status HTTP/1.0\r\n")?;
        std::thread::sleep(Duration::from_millis(500));
        self.is_served_soon()?;
        first.input.write(b"\r\n")?;
        if !first.answer()?.starts_with(b"HTTP/1.0 200") {
            return Err("the first of two connections at once got no answer".into());
        }
        println!("    two connections at once");
        Ok(())
    }

    fn serves_a_hundred(&self) -> Result<(), String> {
        let (failures, stack) = (self.status("failures")?, self.status("stack")?);
        for _ in 0..100 {
            self.curl("client", &["/status"])?;
        }
        let after = (self.status("failures")?, self.status("stack")?);
        if after != (failures, stack) {
            return Err(format!("100 connections: failures and stack from {:?} to {after:?}", (failures, stack)));
        }
        println!("    100 connections in sequence; stack {stack} bytes before and after, no heap");
        Ok(())
    }

    fn survives_faults(&self) -> Result<(), String> {
        // Garbage.
        let mut garbage = TcpStream::connect(("127.0.0.1", self.port)).map_err(|error| error.to_string())?;
        let _ = garbage.write_all(&[0xa5; 4_096]);
        let _ = garbage.set_read_timeout(Some(LIMIT));
        let mut alert = Vec::new();
        let _ = garbage.read_to_end(&mut alert);
        if !alert.starts_with(&[21, 3]) {
            return Err(format!("garbage was answered by {alert:?}, not by an alert"));
        }
        self.is_served_soon().map_err(|error| format!("after garbage: {error}"))?;
        println!("    garbage on the wire: an alert, and the next connection is served");
        // Peers that reset the connection in the middle of a handshake, more of them than there are sockets.
        for _ in 0..4 {
            let mut hello = TcpStream::connect(("127.0.0.1", self.port)).map_err(|error| error.to_string())?;
            let _ = hello.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
            std::thread::sleep(Duration::from_millis(50));
            reset(hello)?;
        }
        self.is_served_soon().map_err(|error| format!("after resets: {error}"))?;
        println!("    4 resets in mid-handshake: the next connection is served");
        self.survives_mid_handshake()
    }

    /// Faults in the middle of a handshake: the server has begun to answer, and the client has not heard of it yet.
    fn survives_mid_handshake(&self) -> Result<(), String> {
        let silence = |_: &mut TcpStream| {
            self.set_link(false)?;
            std::thread::sleep(Duration::from_secs(10));
            self.set_link(true)
        };
        let outcome = if self.handshake_with_fault(silence)? { "goes on" } else { "fails" };
        println!(
            "    network gone for 10 s in mid-handshake: it {outcome} afterwards, and the next connection is served"
        );
        let garbage = |board: &mut TcpStream| board.write_all(&[0xa5; 4_096]).map_err(|error| error.to_string());
        if self.handshake_with_fault(garbage)? {
            return Err("garbage in mid-handshake went unnoticed".into());
        }
        println!("    garbage in mid-handshake: it fails, and the next connection is served");
        Ok(())
    }

    /// Whether a request succeeds in spite of a fault; and waits until the next one does.
    fn handshake_with_fault(&self, fault: impl FnOnce(&mut TcpStream) -> Result<(), String>) -> Result<bool, String> {
        let between = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
        let port = between.local_addr().map_err(|error| error.to_string())?.port();
        let curl = self.curl_command("client", "/status", port).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut curl = curl.map_err(|error| error.to_string())?;
        let relayed = self.relay(&between, fault);
        if relayed.is_err() {
            let _ = curl.kill();
        }
        let is_success = curl.wait().map_err(|error| error.to_string())?.success();
        relayed?;
        self.is_served_soon().map_err(|error| format!("after a fault: {error}"))?;
        Ok(is_success)
    }

    /// Carries a connection; the fault comes at the first bytes from the board.
    fn relay(
        &self,
        between: &TcpListener,
        fault: impl FnOnce(&mut TcpStream) -> Result<(), String>,
    ) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("relay: {error}");
        let (mut client, _) = between.accept().map_err(failed)?;
        let mut board = TcpStream::connect(("127.0.0.1", self.port)).map_err(failed)?;
        let (mut from_client, mut to_board) = (client.try_clone().map_err(failed)?, board.try_clone().map_err(failed)?);
        let up = std::thread::spawn(move || {
            let _ = std::io::copy(&mut from_client, &mut to_board);
            let _ = to_board.shutdown(Shutdown::Write);
        });
        let mut first = [0; 1];
        board.read_exact(&mut first).map_err(failed)?;
        fault(&mut board)?;
        client.write_all(&first).map_err(failed)?;
        let _ = std::io::copy(&mut board, &mut client);
        let _ = client.shutdown(Shutdown::Both);
        up.join().map_err(|_| "a thread panicked".into())
    }

    /// Plugs the cable in or out.
    fn set_link(&self, up: bool) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("monitor: {error}");
        let mut monitor = UnixStream::connect(&self.monitor).map_err(failed)?;
        let mut lines = BufReader::new(monitor.try_clone().map_err(failed)?).lines();
        let mut answer = || lines.next().unwrap_or(Ok(String::new())).map_err(failed);
        answer()?;
        monitor.write_all(b"{\"execute\":\"qmp_capabilities\"}\n").map_err(failed)?;
        answer()?;
        let command = format!("{{\"execute\":\"set_link\",\"arguments\":{{\"name\":\"net\",\"up\":{up}}}}}\n");
        monitor.write_all(command.as_bytes()).map_err(failed)?;
        match answer()? {
            line if line.contains("error") => Err(format!("monitor: {line}")),
            _ => Ok(()),
        }
    }

    fn limits_records(&self) -> Result<(), String> {
        const NAMES: [&str; 2] = ["openssl with max_fragment_length", "gnutls with record_size_limit"];
        let head = |len| format!("POST /hash HTTP/1.0\r\nContent-Length: {len}\r\n\r\n").into_bytes();
        let post = [head(megabyte().len()), megabyte()].concat();
        for name in NAMES {
            let peer = || if name == NAMES[0] { self.s_client(&["-maxfraglen", "2048"]) } else { self.gnutls() };
            let down = peer()?.exchange(b"GET /megabyte HTTP/1.0\r\n\r\n")?;
            if !down.ends_with(&megabyte()) {
                return Err(format!("{name}: a megabyte did not come as it was sent ({} bytes)", down.len()));
            }
            self.check_hash("megabyte", &peer()?.exchange(&post)?)?;
            println!("    receive buffer of 2 kB, {name}: 1 MB down and up, byte by byte");
        }
        // Given more than fits, gnutls-cli sends one record of the length that it was asked for.
        let body_len = LIMIT_OF_RECORDS - head(1_000).len();
        let body: Vec<u8> = megabyte().into_iter().take(body_len).collect();
        fs::write(self.scratch.join("record"), &body).map_err(|error| error.to_string())?;
        let mut peer = self.gnutls()?;
        peer.input.write_at_once(&[&head(body_len)[..], &body, &[0; 1_000]].concat())?;
        self.check_hash("record", &peer.answer()?)
    }

    fn s_client(&self, words: &[&str]) -> Result<Peer, String> {
        let mut command = Command::new("openssl");
        command
            .args(["s_client", "-quiet", "-ign_eof", "-tls1_3", "-connect", &format!("127.0.0.1:{}", self.port)])
            .args(["-servername", "server.test", "-verify_return_error", "-CAfile"])
            .arg(self.pki.join("root.cert.pem"))
            .arg("-cert")
            .arg(self.pki.join("client.cert.pem"))
            .arg("-key")
            .arg(self.pki.join("client.key.pem"))
            .args(words);
        Peer::start(&mut command)
    }

    fn gnutls(&self) -> Result<Peer, String> {
        find("gnutls-cli")?;
        let mut command = Command::new("gnutls-cli");
        command
            .args(["--logfile=/dev/null", "--port", &self.port.to_string(), "--x509cafile"])
            .arg(self.pki.join("root.cert.pem"))
            .arg("--x509certfile")
            .arg(self.pki.join("client.cert.pem"))
            .arg("--x509keyfile")
            .arg(self.pki.join("client.key.pem"))
            .arg("localhost");
        Peer::start_in_pieces(&mut command, LIMIT_OF_RECORDS)
    }
}
