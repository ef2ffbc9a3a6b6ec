//! What `server` and `client` tell about certificates: pins that fit, before anybody trusts anybody.
#![allow(clippy::unwrap_used)]

#[path = "support/running.rs"]
mod running;

use running::Running;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};

fn identity_file(name: &str) -> String {
    format!("{}/identities/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn client(url: &str, options: &[&str]) -> Output {
    let mut client = Command::new(env!("CARGO_BIN_EXE_client"));
    client.args([url, "--transport", "std"]).args(options).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn the_pin_that_a_server_tells_is_the_one_that_its_client_shows_and_takes() {
    let mut server = Running(
        Command::new(env!("CARGO_BIN_EXE_server"))
            .args(["127.0.0.1:0", "--transport", "std", "--www", env!("CARGO_MANIFEST_DIR")])
            .args(["--cert", &identity_file("p256.pem"), "--key", &identity_file("p256.key")])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.next().unwrap().strip_prefix("listening ").unwrap().to_owned();
    let told = lines.next().unwrap();
    let (pin, file) = told.strip_prefix("pin ").and_then(|told| told.split_once(' ')).unwrap();
    assert!(file.ends_with("p256.pem"));
    let url = format!("https://{address}/status");

    // Whoever is refused is shown, too.
    for (options, status) in [(&["--insecure"][..], 0), (&["--pin", pin], 0), (&["--pin", &"0".repeat(64)], 3)] {
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
    let quiet = client(&url, &["--pin", pin]);
    assert!(!String::from_utf8(quiet.stderr).unwrap().contains("valid until"));
}
