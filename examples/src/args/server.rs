//! The command line of `server`.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::Parser;
use saitls_core::limits::FULL_RECEIVE_BUFFER_LEN;

use super::{Command, Common, host_and_port, number, os_value, parse, value};
use crate::failure::Failure;

const HELP: &str = "\
usage: server ADDRESS:PORT [--cert FILE --key FILE] [options]
Echoes what clients send, or serves files. Facts go to standard error, and the pins of its keys, as `client --pin`
takes them. Port 0 picks one.

who to be
  --cert FILE --key FILE   PEM chain and key (PKCS#8, SEC1 or PKCS#1); repeatable: chosen by the names in the
                           certificates, and by what the client can verify
  --key pkcs11:token=LABEL;object=LABEL?module-path=FILE&pin-source=FILE
                           the key stays in a PKCS#11 token; any URI of RFC 7512 that means one key
                           (`client --list-keys MODULE` prints them)
  --psk IDENTITY:HEX       a pre-shared key of 16 to 64 bytes, beside certificates or in their place; repeatable; every
                           user of this machine can see it in its list of processes
  --psk-mode MODE          dhe (default): with a key agreement; ke: without, no forward secrecy; repeatable
  --ocsp FILE              staple this OCSP response (DER) to the first of them
whom to trust; without any of it, clients are not asked who they are
  --ca FILE                ask for a client certificate; PEM trust anchors; repeatable
  --pin SHA256HEX          ask for a client certificate, accept exactly this SubjectPublicKeyInfo; repeatable
  --client-auth WHICH      with --ca or --pin: optional or required (default)
  --raw-public-key         with --pin: take a key without a certificate (RFC 7250), offer ours
  --time UNIX              verify certificates as of this time, in seconds since 1970
what to accept (each repeatable, in order of preference)
  --suite NAME  --group NAME  --sigalg NAME  --alpn NAME
sizes in bytes
  --record-size N          record_size_limit
  --max-fragment-length N  512, 1024, 2048 or 4096: the longest fragment to ask clients for
  --rx-buffer N            for what a client sends: 147717 unless said otherwise, for a ClientHello of 128 kB
  --tx-buffer N  --tcp-rx-buffer N  --tcp-tx-buffer N
what to do
  --www DIR                serve DIR over HTTP/1.1; GET /status gives the facts
  --connections N          exit after N connections
  --tickets N              tickets for a client to resume its session with: 2 unless said otherwise
  --max-early-data N       take up to N bytes of early data (0-RTT) from a client that resumes; by default none
  --key-update             send a KeyUpdate after each handshake
  --key-log FILE           append secrets in SSLKEYLOGFILE format
  --provider NAME          rustcrypto (default) or aws-lc
  --transport WAY          smoltcp (default), tap:NAME or std
  --version  --help        (client --help lists the names of suites, groups and schemes)
exit status
  0 after --connections or a signal, 2 usage, 4 cannot listen
";

/// What `server` is asked to do.
#[derive(Debug)]
pub struct ServerArgs {
    /// The options that both programs have.
    pub common: Common,
    /// The address to listen on.
    pub address: String,
    /// The port to listen on, 0 for any.
    pub port: u16,
    /// The OCSP response to staple.
    pub ocsp: Option<PathBuf>,
    /// Whether clients may decline to present a certificate.
    pub client_auth_optional: bool,
    /// The folder to serve.
    pub www: Option<PathBuf>,
    /// After how many connections to exit.
    pub connections: Option<u64>,
    /// How many tickets a client gets.
    pub tickets: u8,
    /// How many bytes of early data a ticket allows.
    pub max_early_data: u32,
}

/// Room for a ClientHello of 128 kB, which is as long as both its lists can make it, and for a record behind it. That
/// is up to 128 kB of memory more for each connection: 32 MB for the 256 that there are at most, 8 MB for the 64 over
/// smoltcp.
const RECEIVE_BUFFER_LEN: usize = 128 * 1024 + FULL_RECEIVE_BUFFER_LEN;

impl Default for ServerArgs {
    fn default() -> Self {
        Self {
            common: Common { receive_buffer: RECEIVE_BUFFER_LEN, ..Common::default() },
            address: String::new(),
            port: 0,
            ocsp: None,
            client_auth_optional: false,
            www: None,
            connections: None,
            tickets: 2,
            max_early_data: 0,
        }
    }
}

impl ServerArgs {
    /// Reads a command line, the program's name not included.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command<Self>, Failure> {
        let mut args = (Self::default(), None);
        let word = |args: &mut (Self, _), text: String| {
            if !args.0.address.is_empty() {
                return Err(Failure::usage(format_args!("{text}: one ADDRESS:PORT is enough")));
            }
            (args.0.address, args.0.port) = host_and_port(&text)?;
            Ok(())
        };
        let line = parse(arguments, &mut args, |args, name, parser| args.0.take(name, parser, &mut args.1), word)?;
        let (mut args, client_auth) = args;
        line.command(HELP, || args.finish(client_auth.as_deref()).map(|()| args))
    }

    fn take(&mut self, name: &str, parser: &mut Parser, client_auth: &mut Option<String>) -> Result<bool, Failure> {
        match name {
            "client-auth" => *client_auth = Some(value(name, parser)?),
            "www" => self.www = Some(os_value(name, parser)?.into()),
            "connections" => self.connections = Some(number(name, parser, 1, u64::MAX)?),
            "ocsp" => self.ocsp = Some(os_value(name, parser)?.into()),
            "tickets" => self.tickets = number(name, parser, 0, u8::MAX)?,
            "max-early-data" => self.max_early_data = number(name, parser, 0, u32::MAX)?,
            _ => return self.common.take(name, parser),
        }
        Ok(true)
    }

    fn finish(&mut self, client_auth: Option<&str>) -> Result<(), Failure> {
        self.common.finish()?;
        if self.address.is_empty() {
            return Err(Failure::usage("ADDRESS:PORT is missing (see --help)"));
        }
        if self.common.identities.is_empty() && self.common.psks.is_empty() {
            return Err(Failure::usage("a server needs --cert and --key, or --psk"));
        }
        if self.max_early_data > 0 && self.tickets == 0 {
            return Err(Failure::usage("--max-early-data needs --tickets"));
        }
        match client_auth {
            Some(_) if self.common.pins.is_empty() && self.common.authorities.is_empty() => {
                return Err(Failure::usage("--client-auth needs --ca or --pin"));
            }
            Some("optional") => self.client_auth_optional = true,
            None | Some("required") => {}
            Some(other) => {
                return Err(Failure::usage(format_args!("--client-auth {other}: must be optional or required")));
            }
        }
        match &self.www {
            Some(folder) if !folder.is_dir() => Err(Failure::file(folder, "--www needs a folder")),
            _ => Ok(()),
        }
    }
}
