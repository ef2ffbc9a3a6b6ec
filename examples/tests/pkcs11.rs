//! `server` and `client` with keys that stay in a token of SoftHSM: `--key pkcs11:...`.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "the tests of saitls-pkcs11 need more of it")]
#[path = "../../providers/pkcs11/tests/support/softhsm.rs"]
mod softhsm;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

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

/// Ends a program when the test does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
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
        (in_uri("object=p256", "object=p521"), "p521"),
        (in_uri("token=a%20token", "token=another"), "another"),
        (in_uri("libsofthsm2", "libnothing"), "module"),
        (in_uri(&source, &format!("pin-source={}", pin_file.display())), "PIN is wrong"),
        (in_uri(&source, &format!("pin-value={secret}")), "PIN is wrong"),
        (in_uri(&source, "pin-source=/nowhere"), "/nowhere"),
        (in_uri(&source, "x=y"), "x is not understood"),
        (in_uri("object=p256", "object"), "name=value"),
        (in_uri("object=p256", "type=private"), "object is missing"),
        (in_uri("token=a%20token", ""), "token is missing"),
        (in_uri(&source, ""), "pin-source or pin-value is missing"),
    ] {
        assert!(said.contains(what) && said.lines().count() == 1, "{what:?} is not in {said:?}");
        assert!(!said.contains(secret) && !said.contains(PIN), "{said}");
    }
}
