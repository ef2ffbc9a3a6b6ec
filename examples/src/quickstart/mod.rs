//! What `quickstart` does: two smoltcp interfaces on a cable, and across it one mutually authenticated handshake and
//! one HTTP exchange for every combination of suite, group and signature scheme.

mod exchange;
mod node;

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use lexopt::Arg;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use saitls::rustcrypto::SigningKey;
use saitls_core::codes::{CipherSuite, NamedGroup, SignatureScheme};
use saitls_core::crypto::Signer;

use crate::args::Command;
use crate::backend::RustCrypto;
use crate::failure::Failure;
use crate::identity::subject_public_key_info;

const HELP: &str = "\
TLS 1.3 handshakes between two smoltcp interfaces in this process, for every suite, group and signature scheme.

usage: quickstart [--all]

  --all    a line for every combination, not only for those that differ from the first in one thing
";

const SUITES: [CipherSuite; 5] = [
    CipherSuite::AES_128_GCM_SHA256,
    CipherSuite::AES_256_GCM_SHA384,
    CipherSuite::CHACHA20_POLY1305_SHA256,
    CipherSuite::AES_128_CCM_SHA256,
    CipherSuite::AES_128_CCM_8_SHA256,
];

const GROUPS: [NamedGroup; 6] = [
    NamedGroup::X25519,
    NamedGroup::SECP256R1,
    NamedGroup::SECP384R1,
    NamedGroup::SECP521R1,
    NamedGroup::X25519MLKEM768,
    NamedGroup::SECP256R1MLKEM768,
];

/// A handshake to try.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Case {
    suite: CipherSuite,
    group: NamedGroup,
    scheme: SignatureScheme,
}

impl Case {
    /// How many of the three things differ.
    fn distance(&self, other: &Self) -> usize {
        [self.suite != other.suite, self.group != other.group, self.scheme != other.scheme]
            .iter()
            .filter(|d| **d)
            .count()
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [suite, group, scheme] = [self.suite.to_string(), self.group.to_string(), self.scheme.to_string()];
        write!(f, "{suite:<29}{group:<18}{scheme:<23}")
    }
}

/// What became of it.
struct Outcome {
    /// IP packets of both directions, handshake and HTTP together, in bytes.
    wire_bytes: u64,
    /// From the first packet until both ends are connected.
    handshake: Duration,
    /// What both buffers of an end take, in bytes.
    buffer_bytes: usize,
}

/// A self-signed certificate with its key. Both ends of a connection use the same one here.
struct SelfSigned {
    certificate: CertificateDer<'static>,
    key: SigningKey,
    public_key: Vec<u8>,
}

impl SelfSigned {
    fn read(certificate: &[u8], key: &[u8]) -> Result<Self, Failure> {
        let certificate = CertificateDer::from_pem_slice(certificate).map_err(Failure::usage)?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(key).map_err(Failure::usage)?;
        let key = SigningKey::from_pkcs8_der(key.secret_pkcs8_der()).map_err(Failure::configuration)?;
        let public_key = subject_public_key_info(&certificate);
        let public_key = public_key.ok_or_else(|| Failure::usage("the certificate cannot be read"))?;
        Ok(Self { certificate, key, public_key })
    }
}

/// The identities of `examples/identities`, and the schemes that each of their keys signs with.
fn identities() -> Result<Vec<(SelfSigned, Vec<SignatureScheme>)>, Failure> {
    macro_rules! read {
        ($name:literal) => {
            SelfSigned::read(
                include_bytes!(concat!("../../identities/", $name, ".pem")),
                include_bytes!(concat!("../../identities/", $name, ".key")),
            )
        };
    }
    let identities = [read!("p256")?, read!("p384")?, read!("ed25519")?, read!("rsa")?, read!("rsapss")?];
    let with_schemes = |identity: SelfSigned| {
        let schemes = Signer::<RustCrypto>::schemes(&identity.key).iter().copied();
        let schemes = schemes.filter(|scheme| scheme.signs_handshake()).collect();
        (identity, schemes)
    };
    Ok(identities.into_iter().map(with_schemes).collect())
}

/// Reads the command line: whether all combinations are to be listed.
///
/// # Errors
/// Unknown arguments.
pub fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Command<bool>, Failure> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut all = false;
    while let Some(argument) = parser.next().map_err(Failure::usage)? {
        match argument {
            Arg::Long("all") => all = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Print(HELP)),
            other => return Err(Failure::usage(other.unexpected())),
        }
    }
    Ok(Command::Run(all))
}

/// Makes all the handshakes and writes the table to `out`.
///
/// # Errors
/// The combination that failed, and why.
pub fn run(all: bool, out: &mut impl Write) -> Result<(), Failure> {
    // Nobody reading is no failure.
    let mut line = |text: &str| match writeln!(out, "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::connection(error)),
        _ => Ok(()),
    };
    line("TLS 1.3 between two smoltcp interfaces in this process. For every suite, group and signature scheme:")?;
    line("a handshake in which both ends prove who they are, then GET / over it.\n")?;
    line(&format!(
        "{:<29}{:<18}{:<23}{:>8}{:>11}{:>9}",
        "suite", "group", "signature", "bytes", "handshake", "buffers"
    ))?;
    let mut first = None;
    let (mut count, mut slowest) = (0, Duration::ZERO);
    for (identity, schemes) in identities()? {
        for scheme in schemes {
            for (suite, group) in SUITES.into_iter().flat_map(|suite| GROUPS.map(|group| (suite, group))) {
                let case = Case { suite, group, scheme };
                let outcome = exchange::run(&case, &identity);
                let outcome = outcome.map_err(|what| Failure::connection(format_args!("{case}: {what}")))?;
                count += 1;
                slowest = slowest.max(outcome.handshake);
                if all || first.get_or_insert(case).distance(&case) <= 1 {
                    line(&format!(
                        "{case}{:>8}{:>8.1} ms{:>9}",
                        outcome.wire_bytes,
                        outcome.handshake.as_secs_f64() * 1e3,
                        outcome.buffer_bytes
                    ))?;
                }
            }
        }
    }
    line(&format!(
        "\n{count} combinations, {count} times both ends authenticated and the page arrived; the slowest handshake took \
         {:.0} ms.",
        slowest.as_secs_f64() * 1e3
    ))?;
    line("bytes: all IP packets, both ways. buffers: receive and transmit buffer of one end, together, in bytes.")?;
    if cfg!(debug_assertions) {
        line("This is a debug build: `cargo run --release` is faster.")?;
    }
    line(NEXT)
}

const NEXT: &str = "
What to try next:
  cargo run -- --all                      every combination
  cargo run --release -p saitls-examples --bin client -- example.org:443 --get /
  cargo run --release -p saitls-examples --bin server -- 127.0.0.1:8443 \\
      --cert examples/identities/p256.pem --key examples/identities/p256.key --www .
  curl --cacert examples/identities/p256.pem https://localhost:8443/status
  README.md                               a client and a server of your own in ten lines each";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_every_combination() {
        let mut out = Vec::new();
        run(true, &mut out).expect("every handshake succeeds");
        let text = String::from_utf8(out).expect("text");
        // P-256, P-384, Ed25519, and RSA-PSS with three hashes for either kind of RSA key.
        let schemes = 3 + 3 + 3;
        assert_eq!(text.lines().filter(|line| line.starts_with("TLS_")).count(), SUITES.len() * GROUPS.len() * schemes);
        assert!(text.contains("270 combinations"), "{text}");
    }

    #[test]
    fn the_command_line() {
        let parse = |words: &[&str]| parse(words.iter().map(Into::into));
        assert!(matches!(parse(&[]), Ok(Command::Run(false))));
        assert!(matches!(parse(&["--all"]), Ok(Command::Run(true))));
        assert!(matches!(parse(&["--help"]), Ok(Command::Print(_))));
        assert!(parse(&["some"]).is_err());
    }
}
