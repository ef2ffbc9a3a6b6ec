//! The command lines of `client` and `server`.

mod client;
mod server;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use lexopt::{Arg, Parser, ValueExt as _};
use saitls_core::codes::{CipherSuite, MaxFragmentLength, NamedGroup, SignatureScheme};
use saitls_core::limits::FULL_RECEIVE_BUFFER_LEN;
use saitls_core::limits::MIN_PSK_LEN;
use saitls_core::psk::PskModes;
use saitls_core::secret::MAX_SECRET_LEN;

pub use client::ClientArgs;
pub use server::ServerArgs;

use crate::backend::ProviderName;
use crate::failure::Failure;

/// The transmit buffer unless `--tx-buffer` says otherwise, in bytes: a full record.
const TRANSMIT_BUFFER_LEN: usize = FULL_RECEIVE_BUFFER_LEN;

/// The TCP buffers unless `--tcp-rx-buffer` and `--tcp-tx-buffer` say otherwise, in bytes.
const TCP_BUFFER_LEN: usize = 1 << 16;

/// What a command line asks for.
#[derive(Debug)]
pub enum Command<A> {
    /// To run.
    Run(A),
    /// To print this text.
    Print(&'static str),
}

/// What `--version` prints.
const VERSION: &str = concat!("saitls ", env!("CARGO_PKG_VERSION"), "\n");

/// What a command line comes to.
enum Line {
    Run,
    Help,
    Version,
}

impl Line {
    /// What to do, once the options are `finish`ed.
    fn command<A>(
        self,
        help: &'static str,
        finish: impl FnOnce() -> Result<A, Failure>,
    ) -> Result<Command<A>, Failure> {
        match self {
            Self::Run => finish().map(Command::Run),
            Self::Help => Ok(Command::Print(help)),
            Self::Version => Ok(Command::Print(VERSION)),
        }
    }
}

/// What carries the bytes of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// smoltcp on a cable inside the process, with a gateway to the host's TCP.
    Smoltcp,
    /// smoltcp on the TAP device with this name.
    Tap(String),
    /// The host's TCP, without smoltcp.
    Std,
}

/// The options that both programs have.
#[derive(Debug)]
pub struct Common {
    /// Files with trust anchors.
    pub authorities: Vec<PathBuf>,
    /// SHA-256 hashes of the SubjectPublicKeyInfos to accept.
    pub pins: Vec<[u8; 32]>,
    /// Whether to offer and accept raw public keys.
    pub raw_public_key: bool,
    /// When certificates are to be valid, in seconds since 1970; without it, now.
    pub time: Option<u64>,
    /// Certificate chains and their keys.
    pub identities: Vec<(PathBuf, PathBuf)>,
    /// The suites, if given.
    pub suites: Vec<CipherSuite>,
    /// The groups, if given.
    pub groups: Vec<NamedGroup>,
    /// The signature schemes, if given.
    pub signature_schemes: Vec<SignatureScheme>,
    /// The application protocols.
    pub alpn: Vec<String>,
    /// record_size_limit.
    pub record_size: Option<u16>,
    /// max_fragment_length.
    pub max_fragment_length: Option<MaxFragmentLength>,
    /// Length of the receive buffer of a connection.
    pub receive_buffer: usize,
    /// Length of the transmit buffer of a connection.
    pub transmit_buffer: usize,
    /// Length of the buffer for a session.
    pub session_buffer: usize,
    /// Length of the receive buffer of a TCP socket.
    pub tcp_receive_buffer: usize,
    /// Length of the transmit buffer of a TCP socket.
    pub tcp_transmit_buffer: usize,
    /// Whether to send a KeyUpdate after the handshake.
    pub key_update: bool,
    /// Where to log secrets.
    pub key_log: Option<PathBuf>,
    /// Pre-shared keys: identity and key.
    pub psks: Vec<(String, Vec<u8>)>,
    /// With what they are joined.
    pub psk_modes: Option<PskModes>,
    /// What carries the bytes.
    pub transport: Transport,
    /// What computes.
    pub provider: ProviderName,
    certificates: Vec<PathBuf>,
    keys: Vec<PathBuf>,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            authorities: Vec::new(),
            pins: Vec::new(),
            raw_public_key: false,
            time: None,
            identities: Vec::new(),
            suites: Vec::new(),
            groups: Vec::new(),
            signature_schemes: Vec::new(),
            alpn: Vec::new(),
            record_size: None,
            max_fragment_length: None,
            receive_buffer: FULL_RECEIVE_BUFFER_LEN,
            transmit_buffer: TRANSMIT_BUFFER_LEN,
            session_buffer: 0,
            tcp_receive_buffer: TCP_BUFFER_LEN,
            tcp_transmit_buffer: TCP_BUFFER_LEN,
            key_update: false,
            key_log: None,
            psks: Vec::new(),
            psk_modes: None,
            transport: Transport::Smoltcp,
            provider: ProviderName::default(),
            certificates: Vec::new(),
            keys: Vec::new(),
        }
    }
}

impl Common {
    /// Takes the option `name` if it is a common one. Returns whether it is.
    fn take(&mut self, name: &str, parser: &mut Parser) -> Result<bool, Failure> {
        match name {
            "ca" => self.authorities.push(os_value(name, parser)?.into()),
            "raw-public-key" => self.raw_public_key = true,
            "time" => self.time = Some(number(name, parser, 0, u64::MAX)?),
            "pin" => self.pins.push(pin(&value(name, parser)?)?),
            "cert" => self.certificates.push(os_value(name, parser)?.into()),
            "key" => self.keys.push(os_value(name, parser)?.into()),
            "suite" => self.suites.push(code(name, &value(name, parser)?, CipherSuite::from_name)?),
            "group" => self.groups.push(code(name, &value(name, parser)?, group)?),
            "sigalg" => self.signature_schemes.push(code(name, &value(name, parser)?, SignatureScheme::from_name)?),
            "alpn" => self.alpn.push(alpn(value(name, parser)?)?),
            "record-size" => self.record_size = Some(number(name, parser, 64, 16_385)?),
            "max-fragment-length" => {
                let text = value(name, parser)?;
                let length = text.parse().ok().and_then(MaxFragmentLength::from_bytes);
                let wrong = || Failure::usage(format_args!("--{name} {text}: must be 512, 1024, 2048 or 4096"));
                self.max_fragment_length = Some(length.ok_or_else(wrong)?);
            }
            "rx-buffer" => self.receive_buffer = number(name, parser, 1, 1 << 24)?,
            "tx-buffer" => self.transmit_buffer = number(name, parser, 1, 1 << 24)?,
            "tcp-rx-buffer" => self.tcp_receive_buffer = number(name, parser, 64, 1 << 24)?,
            "tcp-tx-buffer" => self.tcp_transmit_buffer = number(name, parser, 64, 1 << 24)?,
            "key-update" => self.key_update = true,
            "key-log" => self.key_log = Some(os_value(name, parser)?.into()),
            "transport" => self.transport = transport(&value(name, parser)?)?,
            "provider" => {
                let text = value(name, parser)?;
                let not_there = || {
                    let there = ProviderName::ALL.join(" and ");
                    Failure::usage(format_args!("--provider {text}: built in: {there}"))
                };
                self.provider = ProviderName::from_name(&text).ok_or_else(not_there)?;
            }
            "psk" => self.psks.push(psk(&value(name, parser)?)?),
            "psk-mode" => self.psk_modes = Some(psk_modes(self.psk_modes, &value(name, parser)?)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Pairs certificates with keys, once all options are there.
    fn finish(&mut self) -> Result<(), Failure> {
        let (certificates, keys) = (std::mem::take(&mut self.certificates), std::mem::take(&mut self.keys));
        if certificates.len() != keys.len() {
            let (c, k) = (certificates.len(), keys.len());
            return Err(Failure::usage(format_args!("each --cert needs a --key: there are {c} and {k}")));
        }
        if self.psk_modes.is_some() && self.psks.is_empty() {
            return Err(Failure::usage("--psk-mode needs --psk"));
        }
        self.identities = certificates.into_iter().zip(keys).collect();
        if self.raw_public_key && self.pins.is_empty() {
            return Err(Failure::usage(
                "--raw-public-key needs --pin: a raw public key can be checked in no other way",
            ));
        }
        Ok(())
    }
}

/// Reads a command line: hands each option to `take`, which returns whether it knows it, and each word to `word`.
fn parse<A>(
    arguments: impl IntoIterator<Item = OsString>,
    args: &mut A,
    mut take: impl FnMut(&mut A, &str, &mut Parser) -> Result<bool, Failure>,
    mut word: impl FnMut(&mut A, String) -> Result<(), Failure>,
) -> Result<Line, Failure> {
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(Failure::usage)? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Line::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Line::Version),
            Arg::Long(name) => {
                let name = name.to_owned();
                if !take(args, &name, &mut parser)? {
                    return Err(Failure::usage(format_args!("unknown option --{name} (see --help)")));
                }
            }
            Arg::Short(name) => return Err(Failure::usage(format_args!("unknown option -{name} (see --help)"))),
            Arg::Value(text) => word(args, text.string().map_err(Failure::usage)?)?,
        }
    }
    Ok(Line::Run)
}

fn os_value(name: &str, parser: &mut Parser) -> Result<OsString, Failure> {
    parser.value().map_err(|_| Failure::usage(format_args!("--{name} needs a value")))
}

fn value(name: &str, parser: &mut Parser) -> Result<String, Failure> {
    let text = os_value(name, parser)?.string();
    text.map_err(|_| Failure::usage(format_args!("--{name}: the value is not UTF-8")))
}

fn number<T: FromStr + PartialOrd + fmt::Display>(
    name: &str,
    parser: &mut Parser,
    least: T,
    most: T,
) -> Result<T, Failure> {
    let text = value(name, parser)?;
    match text.parse() {
        Ok(number) if (&least..=&most).contains(&&number) => Ok(number),
        _ => Err(Failure::usage(format_args!("--{name} {text}: must be a number from {least} to {most}"))),
    }
}

fn code<T>(name: &str, text: &str, from_name: impl Fn(&str) -> Option<T>) -> Result<T, Failure> {
    let unknown = || Failure::usage(format_args!("--{name} {text}: no such name is registered (see --help)"));
    from_name(text).ok_or_else(unknown)
}

/// Names of groups beside those that are registered for TLS: NIST's, and X9.62's.
const ALIASES: [(&str, NamedGroup); 4] = [
    ("P-256", NamedGroup::SECP256R1),
    ("prime256v1", NamedGroup::SECP256R1),
    ("P-384", NamedGroup::SECP384R1),
    ("P-521", NamedGroup::SECP521R1),
];

/// A group by any of its names.
fn group(name: &str) -> Option<NamedGroup> {
    let alias = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
    NamedGroup::from_name(name).or(alias.map(|&(_, group)| group))
}

fn pin(text: &str) -> Result<[u8; 32], Failure> {
    let mut hash = [0; 32];
    // As some tools print it.
    match base16ct::mixed::decode(text.replace(':', ""), &mut hash) {
        Ok(decoded) if decoded.len() == 32 => Ok(hash),
        _ => Err(Failure::usage(format_args!("--pin {text}: must be 64 hexadecimal digits (SHA-256)"))),
    }
}

/// `IDENTITY:HEX`; the identity may have colons itself.
fn psk(text: &str) -> Result<(String, Vec<u8>), Failure> {
    let parts = text.rsplit_once(':').filter(|(identity, key)| !identity.is_empty() && !key.is_empty());
    let key = parts.and_then(|(_, key)| base16ct::mixed::decode_vec(key).ok());
    match (parts, key) {
        (_, Some(key)) if !(MIN_PSK_LEN..=MAX_SECRET_LEN).contains(&key.len()) => {
            Err(Failure::usage(format_args!("--psk: the key must have {MIN_PSK_LEN} to {MAX_SECRET_LEN} bytes")))
        }
        (Some((identity, _)), Some(key)) => Ok((identity.to_owned(), key)),
        // What was given may be most of a key: it is not repeated.
        _ => Err(Failure::usage("--psk: must be IDENTITY:HEX, with an even number of hexadecimal digits")),
    }
}

/// `ke` or `dhe`, or one after the other.
fn psk_modes(before: Option<PskModes>, text: &str) -> Result<PskModes, Failure> {
    let mode = match text {
        "ke" => PskModes::WithoutKeyExchange,
        "dhe" => PskModes::WithKeyExchange,
        _ => return Err(Failure::usage(format_args!("--psk-mode {text}: must be ke or dhe"))),
    };
    Ok(if before.is_some_and(|before| before != mode) { PskModes::Either } else { mode })
}

fn alpn(name: String) -> Result<String, Failure> {
    match name.len() {
        1..=255 => Ok(name),
        _ => Err(Failure::usage(format_args!("--alpn {name}: must have 1 to 255 bytes"))),
    }
}

fn transport(text: &str) -> Result<Transport, Failure> {
    match (text, text.split_once(':')) {
        ("smoltcp", _) => Ok(Transport::Smoltcp),
        ("std", _) => Ok(Transport::Std),
        (_, Some(("tap", name))) if !name.is_empty() => Ok(Transport::Tap(name.into())),
        _ => Err(Failure::usage(format_args!("--transport {text}: must be smoltcp, tap:NAME or std"))),
    }
}

/// `HOST:PORT`, or `[HOST]:PORT` for an IPv6 address.
fn host_and_port(text: &str) -> Result<(String, u16), Failure> {
    let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    match parts {
        None if text.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())) => {
            Err(Failure::usage(format_args!("{text}: a port is a number up to 65535")))
        }
        Some((host, port)) if !host.is_empty() => {
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            Ok((bare.to_owned(), port))
        }
        _ => Err(Failure::usage(format_args!("{text}: must be an address, a colon and a port"))),
    }
}

#[cfg(test)]
mod tests;
