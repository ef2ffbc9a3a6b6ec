//! The modules that others wrote, as far as they are installed: each with each kind of key, and what else must hold
//! with all of them. `cargo test -p saitls-pkcs11 --test modules -- --nocapture` prints the table of docs/PKCS11.md.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/child.rs"]
mod child;
#[allow(dead_code, reason = "the tests of SoftHSM need more of it")]
#[path = "support/softhsm.rs"]
mod softhsm;

use core::task::Poll;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use saitls_conformance::{Conformance, Random};
use saitls_core::crypto::{SignatureVerifier, Signer, x509};
use saitls_core::error::Error;
use saitls_pkcs11::{Pin, Token, TokenError, TokenKey, Uri, list_keys, list_tokens};
use saitls_rustcrypto::RustCrypto;
use softhsm::PIN;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use x509_cert::der::Decode;
use x509_cert::spki::SubjectPublicKeyInfoRef;

type Provider = RustCrypto<Random>;

const KEYS: &[&str] = &["p256", "p384", "ed25519", "rsa"];
/// The URI of the module and its token, in the process that tries it.
const URI: &str = "SAITLS_TEST_URI";

fn provider() -> Provider {
    RustCrypto(Random::system())
}

fn identities() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/identities")
}

fn spki(key: &str) -> Vec<u8> {
    let certificate = CertificateDer::from_pem_file(identities().join(format!("{key}.pem"))).unwrap();
    x509::subject_public_key_info(&certificate).unwrap().to_vec()
}

fn sign(key: &TokenKey) -> (Vec<u8>, Vec<u8>) {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let message = format!("{:>130}", NUMBER.fetch_add(1, Ordering::SeqCst)).into_bytes();
    match try_sign(key, &message) {
        Ok(signature) => (message, signature),
        Err(error) => panic!("{error}: {:?}", key.failure()),
    }
}

fn try_sign(key: &TokenKey, message: &[u8]) -> Result<Vec<u8>, Error> {
    let (mut signature, scheme) = ([0; 512], key.schemes()[0]);
    loop {
        match key.poll_sign(&mut provider(), scheme, message, &mut signature) {
            Poll::Ready(signed) => return signed.map(|len| signature[..len].to_vec()),
            Poll::Pending => std::thread::sleep(Duration::from_micros(100)),
        }
    }
}

/// Which of the keys of the examples it is: some modules have no labels for keys.
fn name_of(key: &TokenKey) -> Option<&'static str> {
    let (message, signature) = sign(key);
    KEYS.iter().copied().find(|name| {
        let (spki, scheme) = (spki(name), key.schemes()[0]);
        let info = SubjectPublicKeyInfoRef::from_der(&spki).unwrap();
        let mut verifier: saitls_rustcrypto::SignatureVerifier =
            SignatureVerifier::<Provider>::start(&mut provider(), scheme.into()).unwrap();
        let verified = verifier.poll_verify(&mut provider(), info.subject_public_key.raw_bytes(), &message, &signature);
        matches!(verified, Poll::Ready(Ok(())))
    })
}

/// What holds for one module, in its process: a row of the table.
fn try_module(uri: &Uri) -> String {
    let mut keys = [const { None }; KEYS.len()];
    for (uri_of_key, schemes) in list_keys(uri).unwrap() {
        let mut all = uri.clone();
        (all.object, all.id) = (uri_of_key.object, uri_of_key.id);
        let Ok(schemes) = schemes else { continue };
        let key = Token::from_uri(&all).unwrap().key_of_uri(&all).unwrap();
        assert_eq!(key.schemes(), schemes);
        let Some(name) = name_of(&key) else { continue };
        let conformance = Conformance::new(provider).with_signer(name, &key, &spki(name)).run_only("signer/");
        conformance.assert_complete_but(&[]);
        keys[KEYS.iter().position(|other| *other == name).unwrap()] = Some(all);
    }
    let first = keys.iter().flatten().next().cloned().expect("it has one of them");
    // Threads that open and drop at once.
    let since = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    sign(&Token::from_uri(&first).unwrap().key_of_uri(&first).unwrap());
                }
            });
        }
    });
    let opened = since.elapsed() / 200;
    let mut wrong = first.clone();
    wrong.pin = Some(Pin::Value("9876".to_owned()));
    assert_eq!(Token::from_uri(&wrong).err(), Some(TokenError::WrongPin));
    let token = Token::from_uri(&first).unwrap();
    assert!(matches!(token.key("nothing"), Err(TokenError::NoKey(_))));
    let key = token.key_of_uri(&first).unwrap();
    let since = Instant::now();
    std::thread::scope(|scope| {
        (0..8).for_each(|_| drop(scope.spawn(|| (0..50).for_each(|_| drop(sign(&key))))));
    });
    let per_second = 400.0 / since.elapsed().as_secs_f64();
    let cells = keys.iter().map(|key| if key.is_some() { "yes" } else { "-" }).collect::<Vec<_>>().join(" | ");
    format!("{cells} | {:.1} ms | {per_second:.0}", opened.as_secs_f64() * 1e3)
}

/// Ends a program when the test does, and those that it began for its clients.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.0.id())]).status();
        let _ = self.0.wait();
    }
}

/// A module with a token in it.
struct Module {
    name: String,
    uri: String,
    variables: Vec<(&'static str, PathBuf)>,
    /// A program that it talks to.
    _server: Option<Running>,
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// A file among the libraries of the system, where Debian has them, and others.
fn find(file: &str) -> Option<String> {
    let folders = [format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH), "/usr/lib64".to_owned()];
    folders.into_iter().map(|folder| format!("{folder}/{file}")).find(|path| Path::new(path).exists())
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn softhsm(folder: &Path) -> Option<Module> {
    let module = softhsm::module()?;
    softhsm::make_token(folder, "table", &identities(), KEYS);
    let uri = format!("pkcs11:token=table?module-path={module}&pin-value={PIN}");
    let variables = vec![("SOFTHSM2_CONF", folder.join("softhsm2.conf"))];
    Some(Module { name: "SoftHSM".to_owned(), uri, variables, _server: None })
}

/// The same token through p11-kit: a module that knows all modules, and one that talks to another process.
fn p11_kit_proxy(folder: &Path) -> Option<Module> {
    let module = find("p11-kit-proxy.so")?;
    let uri = format!("pkcs11:token=table?module-path={module}&pin-value={PIN}");
    let variables = vec![("SOFTHSM2_CONF", folder.join("softhsm2.conf"))];
    Some(Module { name: "p11-kit proxy, SoftHSM".to_owned(), uri, variables, _server: None })
}

const P11_KIT_CLIENT: &str = "pkcs11/p11-kit-client.so";

/// p11-kit's server with SoftHSM.
fn serve_softhsm(folder: &Path) -> Option<Running> {
    let (provider, socket) = (softhsm::module()?, folder.join("p11-kit"));
    let _ = std::fs::remove_file(&socket);
    let mut server = Command::new("p11-kit");
    server.args(["server", "-f", "--provider", provider, "--name"]).arg(&socket).arg("pkcs11:token=table");
    server.env("SOFTHSM2_CONF", folder.join("softhsm2.conf")).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Running(server.process_group(0).spawn().ok()?);
    let since = Instant::now();
    while !socket.exists() {
        assert!(since.elapsed() < Duration::from_secs(10), "the server of p11-kit does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(server)
}

fn p11_kit_client(folder: &Path) -> Option<Module> {
    let (module, server) = (find(P11_KIT_CLIENT)?, serve_softhsm(folder)?);
    let uri = format!("pkcs11:token=table?module-path={module}&pin-value={PIN}");
    let address = format!("unix:path={}", folder.join("p11-kit").display());
    let variables = vec![("P11_KIT_SERVER_ADDRESS", address.into())];
    Some(Module { name: "p11-kit client, SoftHSM".to_owned(), uri, variables, _server: Some(server) })
}

fn nss(folder: &Path) -> Option<Module> {
    nss_with(folder, false)
}

fn nss_by_environment(folder: &Path) -> Option<Module> {
    nss_with(folder, true)
}

/// NSS's softoken with a database, whose keys have no labels.
fn nss_with(folder: &Path, by_environment: bool) -> Option<Module> {
    let module = find("libsoftokn3.so")?;
    if !is_there("certutil") || !is_there("openssl") {
        return None;
    }
    let database = if by_environment { "nss-environment" } else { "nss" };
    let (database, pin) = (folder.join(database), folder.join("nss.pin"));
    std::fs::create_dir_all(&database).unwrap();
    std::fs::write(&pin, format!("{PIN}\n")).unwrap();
    let of = format!("sql:{}", database.display());
    run(Command::new("certutil").args(["-N", "-d", &of, "-f"]).arg(&pin));
    for key in KEYS.iter().filter(|key| **key != "ed25519") {
        let (file, bundle) = (identities().join(key), folder.join("bundle"));
        let (certificate, private) = (file.with_extension("pem"), file.with_extension("key"));
        let mut export = Command::new("openssl");
        export.args(["pkcs12", "-export", "-name", key, "-passout", "pass:x", "-in"]).arg(certificate);
        run(export.arg("-inkey").arg(private).arg("-out").arg(&bundle));
        let mut import = Command::new("pk12util");
        run(import.args(["-d", &of, "-W", "x", "-k"]).arg(&pin).arg("-i").arg(&bundle));
    }
    let uri = format!("pkcs11:token=NSS%20Certificate%20DB?module-path={module}&pin-value={PIN}");
    // By the environment, or in the URI.
    let (parameters, encoded) = (format!("configdir='{of}'"), format!("configdir=%27{of}%27"));
    let in_uri = format!("{uri}&x-init-reserved={encoded}");
    Some(if by_environment {
        let name = "NSS softoken, `NSS_LIB_PARAMS`".to_owned();
        Module { name, uri, variables: vec![("NSS_LIB_PARAMS", parameters.into())], _server: None }
    } else {
        let name = "NSS softoken".to_owned();
        Module { name, uri: in_uri, variables: Vec::new(), _server: None }
    })
}

/// Any other token with keys of the examples: its URI, with module and PIN, in the environment.
const OWN: &str = "SAITLS_TOKEN_URI";

fn of_ones_own(_: &Path) -> Option<Module> {
    let uri = std::env::var(OWN).ok()?;
    Some(Module { name: "that of `SAITLS_TOKEN_URI`".to_owned(), uri, variables: Vec::new(), _server: None })
}

#[test]
fn modules_and_keys() {
    if child::folder().is_some() {
        let uri: Uri = std::env::var(URI).unwrap().parse().unwrap();
        assert!(!list_tokens(&uri).unwrap().is_empty());
        println!("ROW {}", try_module(&uri));
        return;
    }
    let folder = child::new_folder("modules");
    let mut rows = Vec::new();
    for (name, make) in [
        ("SoftHSM", softhsm as fn(&Path) -> Option<Module>),
        ("p11-kit proxy", p11_kit_proxy),
        ("p11-kit client", p11_kit_client),
        ("NSS softoken", nss),
        ("NSS softoken by environment", nss_by_environment),
        (OWN, of_ones_own),
    ] {
        let Some(module) = make(&folder) else {
            if name != OWN {
                assert!(std::env::var_os("SAITLS_REQUIRE_PEERS").is_none(), "{name} is not installed");
                println!(
                    "SKIPPED: {name} is not installed (Debian: softhsm2, p11-kit, p11-kit-modules, libnss3-tools)"
                );
            }
            continue;
        };
        let mut variables: Vec<_> = module.variables.iter().map(|(name, value)| (*name, value.as_path())).collect();
        variables.push((URI, Path::new(&module.uri)));
        let said = child::run_in("modules_and_keys", &folder, &variables);
        let row = said.lines().find_map(|line| line.split_once("ROW ")).map(|(_, row)| row.to_owned());
        rows.push(format!("| {} | {} |", module.name, row.unwrap_or_else(|| panic!("{}: {said}", module.name))));
    }
    std::fs::remove_dir_all(&folder).unwrap();
    println!(
        "| module | P-256 | P-384 | Ed25519 | RSA-2048 | open, sign, drop by 8 threads, each | signatures/s with the first |"
    );
    println!("|---|---|---|---|---|---|---|");
    rows.iter().for_each(|row| println!("{row}"));
}

/// The server of p11-kit is killed, and another one started: its client knows that only when it is started anew.
#[test]
fn a_process_that_has_the_token_may_end_and_begin() {
    let test = "a_process_that_has_the_token_may_end_and_begin";
    if let Some(folder) = child::folder() {
        let uri: Uri = std::env::var(URI).unwrap().parse().unwrap();
        let mut server = serve_softhsm(&folder).unwrap();
        let token = Token::from_uri(&uri).unwrap();
        let key = token.key("p256").unwrap();
        for _ in 0..2 {
            sign(&key);
            drop(server);
            let message = [b' '; 130];
            assert!(try_sign(&key, &message).is_err());
            let failure = token.failure().unwrap();
            assert!(matches!(failure, TokenError::Gone(_)), "{failure}");
            println!("away: {failure}");
            server = serve_softhsm(&folder).unwrap();
            // It is not looked for more than once a second.
            let since = Instant::now();
            while try_sign(&key, &message).is_err() {
                assert!(since.elapsed() < Duration::from_secs(10), "{:?}", token.failure());
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        return;
    }
    let (Some(_), Some(module)) = (softhsm::module(), find(P11_KIT_CLIENT)) else {
        assert!(std::env::var_os("SAITLS_REQUIRE_PEERS").is_none(), "SoftHSM or p11-kit is not installed");
        println!("SKIPPED: SoftHSM or p11-kit is not installed (Debian: softhsm2, p11-kit, p11-kit-modules)");
        return;
    };
    let folder = child::new_folder(test);
    softhsm::make_token(&folder, "table", &identities(), &["p256"]);
    let uri = format!("pkcs11:token=table?module-path={module}&pin-value={PIN}");
    let (configuration, address) =
        (folder.join("softhsm2.conf"), format!("unix:path={}", folder.join("p11-kit").display()));
    child::run(
        test,
        &folder,
        &[("SOFTHSM2_CONF", &configuration), ("P11_KIT_SERVER_ADDRESS", Path::new(&address)), (URI, Path::new(&uri))],
    );
}
