//! The command line of `client`.

use std::ffi::OsString;
use std::path::PathBuf;

use http::Uri;
use http::uri::{PathAndQuery, Scheme};
use lexopt::Parser;
use saitls_core::codes::NamedGroup;

use super::{Command, Common, Transport, code, group, host_and_port, os_value, parse, value};
use crate::failure::Failure;
use crate::starttls::Protocol;

/// Room for a session: tickets that hold the certificate of a client have up to 2,000 bytes.
const SESSION_BUFFER_LEN: usize = 4096;

const HELP: &str = "\
usage: client HOST:PORT [options]
       client https://HOST[:PORT][/PATH] [options]
       client --list-keys MODULE
Standard input goes to the server, what the server sends to standard output. Facts go to standard error. Of a URL the
path is got by HTTP, as by --get.

whom to trust; without any of it, the trust anchors of the operating system
  --ca FILE                PEM trust anchors; repeatable
  --pin SHA256HEX          accept exactly this SubjectPublicKeyInfo; repeatable, also beside --ca
  --raw-public-key         with --pin: take a key without a certificate (RFC 7250), offer ours
  --insecure               accept any certificate
  --server-name NAME       the name to ask for and to verify instead of HOST
  --time UNIX              verify certificates as of this time, in seconds since 1970
  --showcerts              print the server's certificates: subjects, issuers, dates, and the keys' pins
pre-shared keys; with none of the above, the server needs one of them
  --psk IDENTITY:HEX       16 to 64 bytes, which every user of this machine can see in its list of processes;
                           repeatable, in order of preference
  --psk-mode MODE          dhe (default): with a key agreement; ke: without, no forward secrecy; repeatable
who to be, if the server asks
  --cert FILE --key FILE   PEM chain and key (PKCS#8, SEC1 or PKCS#1)
  --key pkcs11:token=LABEL;object=LABEL?module-path=FILE&pin-source=FILE
                           the key stays in a PKCS#11 token; any URI of RFC 7512 that means one key
  --list-keys MODULE       print the URIs of the keys in a module, for --key; MODULE is a file or a URI of RFC 7512,
                           which may say a token, and its PIN
what to offer (each repeatable, in order of preference)
  --suite NAME  --group NAME  --sigalg NAME  --alpn NAME
  --key-share NAME         groups to send shares for; none: send an empty list
names, in any case
  suites   TLS_AES_128_GCM_SHA256  TLS_AES_256_GCM_SHA384  TLS_CHACHA20_POLY1305_SHA256
           TLS_AES_128_CCM_SHA256  TLS_AES_128_CCM_8_SHA256
  groups   X25519MLKEM768  SecP256r1MLKEM768  x25519  secp256r1 (P-256, prime256v1)  secp384r1 (P-384)
           secp521r1 (P-521)
  sigalgs  ed25519  ecdsa_secp256r1_sha256  ecdsa_secp384r1_sha384  ecdsa_secp521r1_sha512
           rsa_pss_rsae_sha256, _sha384, _sha512; rsa_pkcs1_sha256, _sha384, _sha512 in certificates
sizes in bytes
  --record-size N          record_size_limit
  --max-fragment-length N  512, 1024, 2048 or 4096
  --rx-buffer N  --tx-buffer N  --tcp-rx-buffer N  --tcp-tx-buffer N
what to keep
  --session FILE           resume the session in FILE, if there is one with the server; write the newest one, which is
                           as secret as a key. Each is used once
  --early-data FILE        send FILE before the server has answered, if the session allows it: whoever records it can
                           send it again; what the server does not take is sent after the handshake
what to do
  --get PATH               send an HTTP/1.1 GET, print the body, exit
  --starttls PROTOCOL      begin in the clear, as smtp, imap or pop3; with --transport std
  --key-update             send a KeyUpdate after the handshake
  --key-log FILE           append secrets in SSLKEYLOGFILE format
  --provider NAME          rustcrypto (default) or aws-lc
  --transport WAY          smoltcp (default), tap:NAME or std
  --version  --help
exit status
  0 clean close, 1 closed without close_notify, 2 usage, 3 handshake failed, 4 connection failed or reset
";

/// What `client` is asked to do.
#[derive(Debug, Default)]
pub struct ClientArgs {
    /// The options that both programs have.
    pub common: Common,
    /// The host to connect to.
    pub host: String,
    /// The port to connect to.
    pub port: u16,
    /// The name to ask for.
    pub server_name: String,
    /// Whether any certificate will do.
    pub insecure: bool,
    /// The protocol that begins in the clear.
    pub starttls: Option<Protocol>,
    /// Whether to print the server's certificates.
    pub shows_certificates: bool,
    /// The path of a URL.
    path: Option<String>,
    /// The groups to send key shares for, if given.
    pub key_shares: Option<Vec<NamedGroup>>,
    /// The path to get by HTTP.
    pub get: Option<String>,
    /// Where the session is kept.
    pub session: Option<PathBuf>,
    /// What to say as early data.
    pub early_data: Option<PathBuf>,
    /// The module whose keys to list, instead of a connection.
    pub list_keys: Option<String>,
}

impl ClientArgs {
    /// Reads a command line, the program's name not included.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command<Self>, Failure> {
        let mut args = Self::default();
        let word = |args: &mut Self, text: String| {
            if !args.host.is_empty() {
                return Err(Failure::usage(format_args!("{text}: one HOST:PORT is enough")));
            }
            if text.contains("://") {
                return args.take_url(&text);
            }
            (args.host, args.port) = host_and_port(&text)?;
            Ok(())
        };
        let line = parse(arguments, &mut args, Self::take, word)?;
        line.command(HELP, || args.finish().map(|()| args))
    }

    /// `https://HOST[:PORT][/PATH]`.
    fn take_url(&mut self, text: &str) -> Result<(), Failure> {
        let wrong = |what| Failure::usage(format_args!("{text}: {what}"));
        let url: Uri = text.parse().map_err(|_| wrong("not a URL"))?;
        if url.scheme() != Some(&Scheme::HTTPS) {
            return Err(wrong("only https:// is spoken here"));
        }
        let authority = url.authority().filter(|authority| !authority.as_str().contains('@'));
        let authority = authority.ok_or_else(|| wrong("must be https://HOST[:PORT][/PATH]"))?;
        let host = authority.host();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let behind = authority.as_str().strip_prefix(host).unwrap_or_default();
        let port = match (behind, authority.port_u16()) {
            ("" | ":", _) => 443,
            (_, Some(port)) => port,
            (_, None) => return Err(wrong("a port is a number up to 65535")),
        };
        (self.host, self.port) = (bare.to_owned(), port);
        self.path = Some(url.path_and_query().map_or("/", PathAndQuery::as_str).to_owned());
        Ok(())
    }

    fn take(&mut self, name: &str, parser: &mut Parser) -> Result<bool, Failure> {
        match name {
            "server-name" => self.server_name = value(name, parser)?,
            "insecure" => self.insecure = true,
            "showcerts" => self.shows_certificates = true,
            "starttls" => {
                let text = value(name, parser)?;
                let unknown = || Failure::usage(format_args!("--{name} {text}: must be smtp, imap or pop3"));
                self.starttls = Some(Protocol::from_name(&text).ok_or_else(unknown)?);
            }
            "key-share" => {
                let shares = self.key_shares.get_or_insert_default();
                match value(name, parser)?.as_str() {
                    "none" => {}
                    text => shares.push(code(name, text, group)?),
                }
            }
            "list-keys" => self.list_keys = Some(value(name, parser)?),
            "get" => self.get = Some(value(name, parser)?),
            "session" => {
                self.session = Some(os_value(name, parser)?.into());
                self.common.session_buffer = SESSION_BUFFER_LEN;
            }
            "early-data" => self.early_data = Some(os_value(name, parser)?.into()),
            _ => return self.common.take(name, parser),
        }
        Ok(true)
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.common.finish()?;
        if self.list_keys.is_some() {
            return match self.host.as_str() {
                "" => Ok(()),
                _ => Err(Failure::usage("--list-keys wants no HOST:PORT")),
            };
        }
        if self.early_data.is_some() && self.session.is_none() {
            return Err(Failure::usage("--early-data needs --session"));
        }
        if self.host.is_empty() {
            return Err(Failure::usage("HOST:PORT is missing (see --help)"));
        }
        if self.starttls.is_some() && self.common.transport != Transport::Std {
            return Err(Failure::usage("--starttls needs --transport std"));
        }
        if self.get.is_none() {
            self.get = self.path.take();
        }
        if self.server_name.is_empty() {
            self.server_name.clone_from(&self.host);
        }
        if self.insecure && !(self.common.pins.is_empty() && self.common.authorities.is_empty()) {
            return Err(Failure::usage("--insecure contradicts --pin and --ca"));
        }
        if let Some(path) = &self.get
            && (!path.starts_with('/') || path.bytes().any(|byte| byte <= b' ' || byte == 0x7f))
        {
            return Err(Failure::usage(format_args!(
                "--get {path}: must be a path that begins with / and has no spaces"
            )));
        }
        Ok(())
    }
}
