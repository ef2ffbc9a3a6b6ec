//! What `server` and `client` tell about certificates: pins that fit, before anybody trusts anybody.
#![allow(clippy::unwrap_used)]

#[path = "support/running.rs"]
mod running;

use running::Running;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread;

fn identity_file(name: &str) -> String {
    format!("{}/identities/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn client(url: &str, options: &[&str]) -> Output {
    let mut client = Command::new(env!("CARGO_BIN_EXE_client"));
    client.args([url, "--transport", "std"]).args(options).stdin(Stdio::null()).output().unwrap()
}

/// A server of files, its address and its pin.
fn server() -> (Running, String, String) {
    let mut server = Running(
        Command::new(env!("CARGO_BIN_EXE_server"))
            .args(["127.0.0.1:0", "--transport", "std", "--www", env!("CARGO_MANIFEST_DIR")])
            .args(["--cert", &identity_file("p256.pem"), "--key", &identity_file("p256.key")])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut stderr = BufReader::new(server.stderr.take().unwrap());
    let mut lines = (&mut stderr).lines().map(Result::unwrap);
    let address = lines.next().unwrap().strip_prefix("listening ").unwrap().to_owned();
    let told = lines.next().unwrap();
    let (pin, file) = told.strip_prefix("pin ").and_then(|told| told.split_once(' ')).unwrap();
    assert!(file.ends_with("p256.pem"));
    // What it says is still to have somewhere to go.
    server.stderr = Some(stderr.into_inner());
    (server, address, pin.to_owned())
}

/// Speaks as a server of mail in front of one that begins with TLS.
#[test]
fn tls_begins_where_a_protocol_begins_without() {
    let (_server, address, pin) = server();
    for (protocol, turns) in [
        (
            "smtp",
            &[
                ("220 hello\r\n", "EHLO localhost\r\n"),
                ("250-hi\r\n250 STARTTLS\r\n", "STARTTLS\r\n"),
                ("220 go\r\n", ""),
            ][..],
        ),
        ("imap", &[("* OK hello\r\n", "a STARTTLS\r\n"), ("a OK go\r\n", "")]),
        ("pop3", &[("+OK hello\r\n", "STLS\r\n"), ("+OK go\r\n", "")]),
        ("pop3", &[("-ERR busy\r\n", "")]),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let front = listener.local_addr().unwrap().to_string();
        let back = address.clone();
        let mail = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            for (ours, theirs) in turns {
                client.write_all(ours.as_bytes()).unwrap();
                let mut said = vec![0; theirs.len()];
                client.read_exact(&mut said).unwrap();
                assert_eq!(String::from_utf8_lossy(&said), *theirs);
            }
            let server = TcpStream::connect(back).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let there = thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
            let _ = std::io::copy(&mut &server, &mut client);
            let _ = client.shutdown(Shutdown::Write);
            there.join().unwrap();
        });
        let output = client(&front, &["--starttls", protocol, "--pin", &pin, "--get", "/status"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let refused = turns.len() == 1;
        assert_eq!(output.status.code(), Some(if refused { 4 } else { 0 }), "{said}");
        assert_eq!(refused, said.contains("the server does not begin TLS: -ERR busy"), "{said}");
        assert_eq!(output.stdout.starts_with(b"version: TLSv1.3\n"), !refused);
        mail.join().unwrap();
    }
    assert_eq!(client("127.0.0.1:1", &["--starttls", "irc"]).status.code(), Some(2));
}

#[test]
fn the_pin_that_a_server_tells_is_the_one_that_its_client_shows_and_takes() {
    let (_server, address, pin) = server();
    let url = format!("https://{address}/status");

    // Whoever is refused is shown, too.
    for (options, status) in [(&["--insecure"][..], 0), (&["--pin", &pin], 0), (&["--pin", &"0".repeat(64)], 3)] {
        let output = client(&url, &[&["--showcerts"], options].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.contains("certificate 0: CN="), "{said}");
        for key in ["issuer: CN=", "valid from: 20", "valid until: 2", &format!("pin: {pin}\n")] {
            assert!(said.contains(&format!("\n  {key}")), "{key} in {said}");
        }
        let page = String::from_utf8(output.stdout).unwrap();
        assert_eq!(page.starts_with("version: TLSv1.3\n"), status == 0, "{page}");
    }
    let quiet = client(&url, &["--pin", &pin]);
    assert!(!String::from_utf8(quiet.stderr).unwrap().contains("valid until"));
}
