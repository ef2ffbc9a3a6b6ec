//! The tokens, and processes of their own for each of them.

use crate::child;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::session::UserType;
use saitls_conformance::Random;
use saitls_pkcs11::{TokenProvider, Uri};
use saitls_rustcrypto::RustCrypto;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) type Software = RustCrypto<Random>;
pub(crate) type Provider = TokenProvider<Software>;

/// The URI of the token, in the process that tries it.
const URI: &str = "SAITLS_TEST_URI";
const PIN: &str = "1234";

/// A token of one's own.
const OWN: &str = "SAITLS_TOKEN_URI";
/// The file of kryoptic's module.
const KRYOPTIC: &str = "SAITLS_KRYOPTIC";
const NSS: &str = "NSS softoken";

/// NSS without a data base: what is in its first slot wants no login.
const NSS_PARAMETERS: &str =
    "configdir='' certPrefix='' keyPrefix='' secmod='' flags=readOnly,noCertDB,noModDB,forceOpen,optimizeSpace";

/// A token, and how the process that uses it is run.
pub(crate) struct Token {
    pub(crate) name: &'static str,
    module: PathBuf,
    uri: String,
    /// A loader, and where libraries are: those of another release of the system.
    loader: Option<(PathBuf, String)>,
    variables: Vec<(&'static str, PathBuf)>,
}

fn libraries() -> String {
    format!("{}-linux-gnu", std::env::consts::ARCH)
}

/// Packages of Debian 13, as `cargo xtask peers --fetch` unpacks them.
fn debian_13() -> Option<(PathBuf, (PathBuf, String))> {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/debian/root/usr/lib");
    let folder = peers.join(libraries()).canonicalize().ok()?;
    let mut files = std::fs::read_dir(&folder).ok()?.flatten().map(|file| file.path());
    let loader =
        files.find(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-linux")))?;
    let path = format!("{0}:{0}/nss", folder.display());
    Some((folder, (loader, path)))
}

fn nss(name: &'static str, module: PathBuf, loader: Option<(PathBuf, String)>) -> Option<Token> {
    let uri = format!("pkcs11:token=NSS%20Generic%20Crypto%20Services?module-path={}", module.display());
    let variables = vec![("NSS_LIB_PARAMS", PathBuf::from(NSS_PARAMETERS))];
    module.is_file().then_some(Token { name, module, uri, loader, variables })
}

/// All that there are; the names of those that there are not, and where they are to be had.
fn all(folder: &Path) -> (Vec<Token>, Vec<(&'static str, &'static str)>) {
    let debian = debian_13();
    let installed = [Path::new("/usr/lib").join(libraries()), PathBuf::from("/usr/lib64")];
    let installed = installed.iter().map(|folder| folder.join("libsoftokn3.so")).find(|file| file.is_file());
    let newer = debian.as_ref().and_then(|(folder, loader)| {
        nss("NSS softoken of Debian 13", folder.join("libsoftokn3.so"), Some(loader.clone()))
    });
    let kryoptic = std::env::var_os(KRYOPTIC).map(|module| {
        let configuration = folder.join("kryoptic.conf");
        let database = folder.join("kryoptic.sql");
        let text = format!("[[slots]]\nslot = 42\ndbtype = \"sqlite\"\ndbargs = \"{}\"\n", database.display());
        std::fs::write(&configuration, text).unwrap();
        let module = PathBuf::from(module);
        let uri = format!("pkcs11:token=kryoptic?module-path={}&pin-value={PIN}", module.display());
        // It may have been built with the OpenSSL of Debian 13.
        let loader = debian.as_ref().map(|(_, loader)| loader.clone());
        Token { name: "kryoptic", module, uri, loader, variables: vec![("KRYOPTIC_CONF", configuration)] }
    });
    let own = std::env::var(OWN).ok().map(|uri| Token {
        name: "that of SAITLS_TOKEN_URI",
        module: PathBuf::new(),
        uri,
        loader: None,
        variables: Vec::new(),
    });
    let tokens = [
        (NSS, installed.and_then(|module| nss(NSS, module, None)), "Debian: libnss3-tools"),
        ("NSS softoken of Debian 13", newer, "cargo xtask peers --fetch"),
        ("kryoptic", kryoptic, "docs/PKCS11.md; its file in SAITLS_KRYOPTIC"),
        ("a token of your own", own, "its URI in SAITLS_TOKEN_URI"),
    ];
    let (mut there, mut missing) = (Vec::new(), Vec::new());
    for (name, token, from) in tokens {
        match token {
            Some(token) => there.push(token),
            None => missing.push((name, from)),
        }
    }
    (there, missing)
}

impl Token {
    fn command(&self) -> Command {
        let own = std::env::current_exe().unwrap();
        match &self.loader {
            None => Command::new(own),
            Some((loader, libraries)) => {
                let mut command = Command::new(loader);
                command.arg("--library-path").arg(libraries).arg(own);
                command
            }
        }
    }

    fn run(&self, test: &str, folder: &Path, more: &[(&str, &Path)]) -> String {
        let mut variables: Vec<(&str, &Path)> =
            self.variables.iter().map(|(name, value)| (*name, value.as_path())).collect();
        variables.push((URI, Path::new(&self.uri)));
        variables.extend(more);
        child::run_by(self.command(), test, folder, &variables).0
    }
}

/// What initialises a new token, in a process of its own.
const INITIALISE: &str = "SAITLS_TEST_INITIALISE";

#[test]
fn initialise() {
    let (Some(_), Some(module)) = (child::folder(), std::env::var_os(INITIALISE)) else { return };
    let context = Pkcs11::new(Path::new(&module)).unwrap();
    context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let slot = context.get_all_slots().unwrap()[0];
    let so_pin = "12345678".into();
    context.init_token(slot, &so_pin, "kryoptic").unwrap();
    let session = context.open_rw_session(slot).unwrap();
    session.login(UserType::So, Some(&so_pin)).unwrap();
    session.init_pin(&PIN.into()).unwrap();
}

/// Runs the test for each token, in processes of its own. Returns what they said.
pub(crate) fn with_each(test: &str, body: impl FnOnce(&Uri)) -> Vec<(&'static str, String)> {
    with_each_by(test, None, body)
}

/// Where the spy finds its orders and leaves what it saw.
const ORDERS: &str = "SAITLS_SPY_ORDERS";
const LOG: &str = "SAITLS_SPY_LOG";

/// Has the spy do as these words say from now on.
pub(crate) fn order(words: &str) {
    std::fs::write(std::env::var_os(ORDERS).unwrap(), words.replace(' ', "\n")).unwrap();
}

/// What the spy saw.
pub(crate) fn seen() -> String {
    std::fs::read_to_string(std::env::var_os(LOG).unwrap()).unwrap_or_default()
}

/// How often it saw a call.
pub(crate) fn count(call: &str) -> usize {
    seen().lines().filter(|line| *line == call).count()
}

/// The same through the module `spy`, which has these orders from the beginning.
pub(crate) fn with_each_by(
    test: &str,
    spy: Option<(&Path, &str)>,
    body: impl FnOnce(&Uri),
) -> Vec<(&'static str, String)> {
    if child::folder().is_some() {
        let uri = std::env::var(URI).unwrap();
        body(&uri.parse().unwrap());
        return Vec::new();
    }
    let folder = child::new_folder(&test.replace(':', "-"));
    let (tokens, missing) = all(&folder);
    let is_required = std::env::var_os("SAITLS_REQUIRE_PEERS").is_some();
    for (name, from) in missing {
        assert!(!is_required || name != NSS, "{name} is not installed");
        println!("SKIPPED: {name} ({from})");
    }
    let mut said = Vec::new();
    for token in tokens {
        if token.name == "kryoptic" {
            token.run("tokens::initialise", &folder, &[(INITIALISE, &token.module)]);
        }
        println!("with {}:", token.name);
        let log = folder.join("log");
        let _ = std::fs::remove_file(&log);
        match spy {
            None => said.push((token.name, token.run(test, &folder, &[]))),
            // A token of one's own has no file here.
            Some(_) if token.module.as_os_str().is_empty() => {}
            Some((spy, words)) => {
                let module = token.module.clone();
                let orders = folder.join("orders");
                std::fs::write(&orders, words.replace(' ', "\n")).unwrap();
                let more = [("SAITLS_SPY_ON", module.as_path()), (LOG, log.as_path()), (ORDERS, orders.as_path())];
                let (there, spied) = (token.module.display().to_string(), spy.display().to_string());
                let token = Token { uri: token.uri.replace(&there, &spied), ..token };
                said.push((token.name, token.run(test, &folder, &more)));
            }
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    said
}

pub(crate) fn open(uri: &Uri) -> Provider {
    TokenProvider::open(uri, RustCrypto(Random::system())).unwrap()
}
