//! `server` and `client` with keys that stay in a token of SoftHSM: `--key pkcs11:...`.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "the tests of saitls-pkcs11 need more of it")]
#[path = "../../providers/pkcs11/tests/support/mock.rs"]
mod mock;
#[path = "support/running.rs"]
mod running;
#[allow(dead_code, reason = "the tests of saitls-pkcs11 need more of it")]
#[path = "../../providers/pkcs11/tests/support/softhsm.rs"]
mod softhsm;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use mock::order;
use running::Running;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use saitls::rustcrypto::RustCrypto;
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::Hash as _;
use saitls_examples::identity::subject_public_key_info;
use softhsm::{PIN, make_token, module_or_skip};

const IDENTITIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/identities");

/// A token with the keys of the examples, labelled by their names; gone with the value.
struct Token {
    folder: PathBuf,
    module: &'static str,
}

impl Drop for Token {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Token {
    /// `None`, with a word about it, where SoftHSM is not installed.
    fn new(test: &str) -> Option<Self> {
        let module = module_or_skip()?;
        let folder = std::env::temp_dir().join(format!("saitls-examples-pkcs11-{}-{test}", std::process::id()));
        let token = Self { folder, module };
        make_token(&token.folder, "a token", Path::new(IDENTITIES), &["p256", "ed25519", "rsa", "client"]);
        std::fs::write(token.folder.join("pin"), format!("{PIN}\n")).unwrap();
        Some(token)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SOFTHSM2_CONF", self.folder.join("softhsm2.conf")).env_remove("SSLKEYLOGFILE");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn uri(&self, key: &str) -> String {
        let pin = self.folder.join("pin");
        format!("pkcs11:token=a%20token;object={key}?module-path={}&pin-source={}", self.module, pin.display())
    }

    /// How `server` ends that cannot begin.
    fn refused(&self, certificate: &str, uri: &str) -> String {
        let certificate = format!("{IDENTITIES}/{certificate}.pem");
        let words = ["127.0.0.1:0", "--cert", &certificate, "--key", uri];
        let Output { status, stderr, .. } = self.command(env!("CARGO_BIN_EXE_server")).args(words).output().unwrap();
        let said = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(2), "{said}");
        said
    }
}

/// What `--pin` takes, for the certificate of one of the keys.
fn pin(key: &str) -> String {
    let certificate = CertificateDer::from_pem_file(format!("{IDENTITIES}/{key}.pem")).unwrap();
    let info = subject_public_key_info(&certificate).unwrap();
    let digest = saitls::rustcrypto::Hash::digest(&mut RustCrypto::os(), HashAlgorithm::Sha256, &[&info]).unwrap();
    base16ct::lower::encode_string(digest.as_bytes())
}

/// Both ends sign with keys in the token, over each transport and with each provider.
#[test]
fn both_ends_sign_with_keys_in_a_token() {
    let Some(token) = Token::new("both") else { return };
    let key_and_scheme =
        [("p256", "ecdsa_secp256r1_sha256"), ("ed25519", "ed25519"), ("rsa", "rsa_pss_rsae_sha256")].into_iter();
    let providers: &[&str] = if cfg!(feature = "aws-lc") { &["rustcrypto", "aws-lc"] } else { &["rustcrypto"] };
    for (key, scheme) in key_and_scheme {
        for (provider, transport) in providers.iter().flat_map(|provider| [(*provider, "smoltcp"), (*provider, "std")])
        {
            let way = ["--provider", provider, "--transport", transport];
            let (certificate, own) = (format!("{IDENTITIES}/{key}.pem"), format!("{IDENTITIES}/client.pem"));
            let mut server = token.command(env!("CARGO_BIN_EXE_server"));
            server.args(["127.0.0.1:0", "--cert", &certificate, "--key", &token.uri(key), "--connections", "1"]);
            server.args(["--www", IDENTITIES, "--pin", &pin("client")]).args(way);
            let mut server = Running(server.spawn().unwrap());
            let mut said = BufReader::new(server.0.stderr.take().unwrap());
            let mut listening = String::new();
            said.read_line(&mut listening).unwrap();
            let address = listening.trim_end().strip_prefix("listening ").unwrap_or_else(|| panic!("{listening}"));
            let mut client = token.command(env!("CARGO_BIN_EXE_client"));
            client.args([address, "--server-name", "localhost", "--pin", &pin(key), "--get", "/status"]);
            client.args(["--cert", &own, "--key", &token.uri("client")]).args(way);
            let Output { status, stderr, .. } = client.output().unwrap();
            let (mut facts, said_by_client) = (String::new(), String::from_utf8(stderr).unwrap());
            said.read_to_string(&mut facts).unwrap();
            let all = format!("{key}, {way:?}\nclient: {said_by_client}\nserver: {facts}");
            assert_eq!(status.code(), Some(0), "{all}");
            assert!(server.0.wait().unwrap().success(), "{all}");
            assert!(said_by_client.contains(&format!("signature: {scheme}\n")), "{all}");
            assert!(facts.contains("client-auth: yes\n"), "{all}");
        }
    }
}

/// What is wrong is said, and a PIN never.
#[test]
fn a_key_that_cannot_be_used_is_a_usage_error() {
    let Some(token) = Token::new("refused") else { return };
    let good = token.uri("p256");
    let in_uri = |from: &str, to: &str| token.refused("p256", &good.replace(from, to));
    let (pin_file, secret) = (token.folder.join("wrong"), "98765");
    std::fs::write(&pin_file, secret).unwrap();
    let source = format!("pin-source={}", token.folder.join("pin").display());
    for (said, what) in [
        (token.refused("ed25519", &good), "does not fit the certificate"),
        (in_uri("object=p256", "object=p521"), "the token has no private key with the label \"p521\""),
        (in_uri("object=p256", "id=%77"), "the token has no private key that fits \"pkcs11:id=%77\""),
        (in_uri("token=a%20token", "token=another"), "there is no token with the label \"another\""),
        (in_uri("libsofthsm2", "libnothing"), "module"),
        (in_uri("module-path=", "module-name=nothing&x-init-reserved="), "libnothing.so"),
        (in_uri(&source, &format!("pin-source={}", pin_file.display())), "PIN is wrong"),
        (in_uri(&source, &format!("pin-value={secret}")), "PIN is wrong"),
        (in_uri(&source, "pin-source=/nowhere"), "/nowhere"),
        (in_uri(&source, "x=y"), "x is not understood"),
        (in_uri("object=p256", "object"), "name=value"),
        (in_uri("object=p256", "type=private"), "the token has several private keys"),
        (in_uri("object=p256", "type=public"), "type is not private"),
        (in_uri(&source, ""), "the token wants a PIN"),
    ] {
        assert!(said.contains(what) && said.lines().count() == 1, "{what:?} is not in {said:?}");
        assert!(!said.contains(secret) && !said.contains(PIN), "{said}");
    }
}

/// URIs that `p11tool` and `pkcs11-tool` print, with what only the programs know: module and PIN. Those that
/// `client` prints need nothing more.
#[test]
fn keys_are_listed_as_uris_to_paste() {
    let Some(token) = Token::new("list") else { return };
    let list = |module: &str| {
        let output = token.command(env!("CARGO_BIN_EXE_client")).args(["--list-keys", module]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (_, said) = list(token.module);
    assert!(said.contains("token: pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial="), "{said}");
    let pin = token.folder.join("pin");
    let (uris, said) = list(&format!("pkcs11:?module-path={}&pin-source=file://{}", token.module, pin.display()));
    assert!(said.contains("signs with rsa_pss_rsae_sha256, rsa_pss_rsae_sha384, rsa_pss_rsae_sha512"), "{said}");
    let uris: Vec<_> = uris.lines().collect();
    assert_eq!(uris.len(), 4, "{said}");
    let uri = uris.iter().find(|uri| uri.contains("object=p256")).unwrap();
    // It is the key that does not fit, and so it was found.
    assert!(token.refused("ed25519", uri).contains("does not fit"));
    assert!(!format!("{uris:?}{said}").contains(PIN));
}

/// The mock module, whose orders are in a folder of its own.
struct Mock(PathBuf);

impl Drop for Mock {
    fn drop(&mut self) {
        order(&self.0, &[]);
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Mock {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("saitls-examples-mock-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn server(&self, key: &str) -> Command {
        let uri = format!("pkcs11:token=mock;object={key}?module-path={}&pin-value=1234", mock::module().display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
        command.args(["127.0.0.1:0", "--cert", &format!("{IDENTITIES}/p256.pem"), "--key", &uri]);
        command.args(["--www", IDENTITIES]).env(mock::FOLDER, &self.0).env_remove("SSLKEYLOGFILE");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// A server that listens, what it says, and where.
    fn serve(&self) -> (Running, Receiver<String>, String) {
        let mut server = Running(self.server("p256").spawn().unwrap());
        let stderr = BufReader::new(server.0.stderr.take().unwrap());
        let (sender, said) = mpsc::channel();
        // Read all the time: a server whose words are not read waits when the pipe is full.
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let address = said_line(&said, "listening ");
        (server, said, address)
    }
}

/// What stands behind `start` in the next line that begins so.
fn said_line(said: &Receiver<String>, start: &str) -> String {
    let mut all = String::new();
    for line in said {
        if let Some(rest) = line.strip_prefix(start) {
            return rest.to_owned();
        }
        all += &line;
    }
    panic!("no {start:?} in {all:?}");
}

fn get(address: &str) -> Command {
    let mut client = Command::new(env!("CARGO_BIN_EXE_client"));
    client.args([address, "--server-name", "localhost", "--pin", &pin("p256"), "--get", "/status"]);
    client.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    client
}

/// What a token says is told, and a token that comes back serves again, without the server being touched.
#[test]
fn a_server_outlives_the_absence_of_its_token() {
    let mock = Mock::new("away");
    let (_server, said, address) = mock.serve();
    assert!(get(&address).status().unwrap().success());
    for (orders, why) in
        [(&["fail"][..], "the token failed: C_Sign: CKR_DEVICE_ERROR"), (&["gone"], "the token is gone")]
    {
        order(&mock.0, orders);
        assert!(!get(&address).status().unwrap().success());
        let told = said_line(&said, "warning: key ");
        assert!(told.contains(why) && told.contains("object=p256") && !told.contains("1234"), "{told}");
        order(&mock.0, &[]);
        let since = Instant::now();
        while !get(&address).status().unwrap().success() {
            assert!(since.elapsed() < Duration::from_secs(20), "it does not come back");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Neither SIGTERM nor a handshake waits for a token that hangs, though the module would hold the process at its end.
#[test]
fn a_token_that_hangs_does_not_hold_the_server() {
    let mock = Mock::new("hangs");
    let (mut server, said, address) = mock.serve();
    order(&mock.0, &["hang"]);
    let since = Instant::now();
    // The second one comes while the first is in the token.
    let mut clients = [get(&address).spawn().unwrap(), get(&address).spawn().unwrap()];
    for client in &mut clients {
        assert!(!client.wait().unwrap().success());
    }
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    assert!(said_line(&said, "warning: key ").contains("the token does not answer"));
    let since = Instant::now();
    let pid = server.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(server.0.wait().unwrap().code(), Some(0));
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
}

/// A key that cannot sign is not said to be another's.
#[test]
fn a_key_that_does_not_sign_is_told_from_one_that_does_not_fit() {
    let mock = Mock::new("signs");
    let refused = |key: &str| {
        let output = mock.server(key).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused("nosign").contains("CKA_SIGN is false"));
    for (word, what) in [("fail", "C_Sign: CKR_DEVICE_ERROR"), ("odd", "a signature of 63 bytes")] {
        order(&mock.0, &[word]);
        let said = refused("p256");
        assert!(said.contains(what) && !said.contains("fit") && said.lines().count() == 1, "{said}");
    }
}
