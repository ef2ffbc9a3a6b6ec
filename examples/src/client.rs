//! The program `client`.

use std::cell::Cell;
use std::fs;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::Path;

use saitls::webpki::SystemClock;
use saitls_core::config::ClientConfig;
use saitls_core::crypto::PeerVerifier;
use saitls_core::crypto::dangerous::AcceptAnyPeer;
use saitls_core::{EarlyDataStatus, ServerName};
use smoltcp::time::Duration;

use crate::app::{Application, Get, Pipe, Progress, Resend};
use crate::args::{ClientArgs, Transport};
use crate::backend::{Backend, ProviderName, RustCrypto};
use crate::certificates::Showing;
use crate::configure::{RAW_PUBLIC_KEY_FIRST, Referred, alpn, configure_client, key_log, psks};
use crate::facts::{Role, write_whole};
use crate::failure::Failure;
use crate::identity::{LoadedIdentity, identities};
use crate::net::Clock;
use crate::net::event_loop::EventLoop;
use crate::net::network::{Cable, Tap};
use crate::session::Session;
use crate::session_file::SessionFile;
use crate::transport::host::HostClient;
use crate::transport::smoltcp::SmoltcpClient;
use crate::transport::{Dialler, Stream};
use crate::trust::Trust;

/// How long the peer may take to say close_notify, or to end TCP after a failure, once we have said everything.
const LINGER: Duration = Duration::from_secs(1);

/// How soon to look again when something should move and does not.
const SOON: Duration = Duration::from_millis(1);

/// Runs the client.
///
/// # Errors
/// Why it failed, with the exit status.
pub fn run(args: &ClientArgs) -> Result<(), Failure> {
    if let Some(module) = &args.list_keys {
        return list_keys(module);
    }
    match args.common.provider {
        ProviderName::RustCrypto => run_on::<RustCrypto>(args),
        #[cfg(feature = "aws-lc")]
        ProviderName::AwsLc => run_on::<saitls_aws_lc::AwsLc>(args),
        #[cfg(feature = "pending")]
        ProviderName::Pending => run_on::<crate::pending::Pending>(args),
    }
}

#[cfg(feature = "pkcs11")]
fn list_keys(module: &str) -> Result<(), Failure> {
    crate::pkcs11::list(module)
}

#[cfg(not(feature = "pkcs11"))]
fn list_keys(_: &str) -> Result<(), Failure> {
    Err(Failure::usage("--list-keys: built without the feature pkcs11"))
}

fn run_on<B: Backend>(args: &ClientArgs) -> Result<(), Failure> {
    let loaded = LoadedIdentity::<B>::load_all(&args.common.identities)?;
    let lent: Vec<_> = loaded.iter().map(LoadedIdentity::lend).collect();
    let identities = identities(&lent, args.common.raw_public_key);
    let mut trust = Trust::load(&args.common)?;
    if args.insecure {
        write_whole("warning: --insecure: anybody could be the server\n");
    } else if args.common.psks.is_empty() && args.common.pins.is_empty() && args.common.authorities.is_empty() {
        trust.add_system()?;
    }
    let verifier = trust.verifier(&args.common.pins)?;
    let psks = psks(&args.common);
    let verifier: Option<&dyn PeerVerifier<B>> = match &verifier {
        Some(verifier) => Some(verifier.as_peer_verifier()),
        None if args.insecure => Some(&AcceptAnyPeer),
        None => None,
    };
    let showing = verifier.map(Showing::new);
    let verifier = match &showing {
        Some(showing) if args.shows_certificates => Some(showing as &dyn PeerVerifier<B>),
        _ => verifier,
    };
    let config = match verifier {
        Some(verifier) => ClientConfig::new(verifier).with_psks(&psks),
        None if !psks.is_empty() => ClientConfig::psk_only(&psks),
        None => return Err(Failure::usage("nobody to trust: give --ca, --pin or --insecure")),
    };
    let (alpn, key_log) = (alpn(&args.common), key_log(&args.common)?);
    let referred = Referred { common: &args.common, alpn: &alpn, key_log: key_log.as_ref() };
    let mut config = configure_client(config, &referred).with_identities(&identities);
    if args.common.raw_public_key {
        config = config.with_certificate_types(RAW_PUBLIC_KEY_FIRST);
    }
    if let Some(groups) = &args.key_shares {
        config = config.with_key_shares(groups);
    }
    if let Some(length) = args.common.max_fragment_length {
        config = config.with_max_fragment_length(length);
    }
    let sessions = args.session.clone().map(SessionFile::new);
    if let Some(sessions) = &sessions {
        config = config.with_sessions(sessions).with_session_clock(&SystemClock);
        if args.early_data.is_some() {
            config = config.with_early_data();
        }
    }
    connect(args, &config)
}

fn connect<B: Backend>(args: &ClientArgs, config: &ClientConfig<'_, B>) -> Result<(), Failure> {
    config.check().map_err(Failure::configuration)?;
    let name = ServerName::try_from(args.server_name.as_str());
    let name = name.map_err(|_| Failure::usage(format_args!("{}: not a name for a server", args.server_name)))?;
    let broken = |error| Failure::connection(format_args!("the host's network: {error}"));
    let clock = Clock::start();
    let event_loop = EventLoop::new().map_err(broken)?;
    let registry = event_loop.registry().map_err(broken)?;
    let sizes = &args.common;
    match &args.common.transport {
        Transport::Smoltcp => {
            let mut cable = Cable::new(registry, clock.now());
            let iface = cable.interface(clock.now());
            Client { args, event_loop, clock }.run(&mut SmoltcpClient::new(clock, cable, iface, sizes, config, name))
        }
        Transport::Tap(device) => {
            let tap = Tap::new(device, &registry, None);
            let mut tap = tap.map_err(|error| Failure::connection(format_args!("{device}: {error}")))?;
            let iface = tap.interface(clock.now());
            Client { args, event_loop, clock }.run(&mut SmoltcpClient::new(clock, tap, iface, sizes, config, name))
        }
        Transport::Std => {
            let dialler = HostClient::new(clock, registry, sizes, config, name).with_starttls(args.starttls);
            Client { args, event_loop, clock }.run(&mut { dialler })
        }
    }
}

/// What is to be said as early data, and how much of it the server has taken.
struct EarlyText {
    text: Vec<u8>,
    sent: Cell<usize>,
}

impl EarlyText {
    fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let text = file.map(|file| fs::read(file).map_err(|error| Failure::file(file, error))).transpose()?;
        Ok(Self { text: text.unwrap_or_default(), sent: Cell::new(0) })
    }

    /// Says what there is room for; says whether that was anything.
    fn send(&self, stream: &mut dyn Stream) -> bool {
        let sent = stream.write_early(self.rest());
        self.sent.set(self.sent.get() + sent);
        if stream.early_data_status() == EarlyDataStatus::Rejected {
            self.sent.set(0);
        }
        sent > 0
    }

    /// What is left to be said.
    fn rest(&self) -> &[u8] {
        self.text.get(self.sent.get()..).unwrap_or_default()
    }
}

struct Client<'a> {
    args: &'a ClientArgs,
    event_loop: EventLoop,
    clock: Clock,
}

impl Client<'_> {
    fn run(mut self, dialler: &mut dyn Dialler) -> Result<(), Failure> {
        let args = self.args;
        let waker = self.event_loop.waker();
        let early = EarlyText::read(args.early_data.as_deref())?;
        let start = |_| -> Box<dyn Application> {
            let app: Box<dyn Application> = match &args.get {
                Some(path) => Box::new(Get::new(&authority(&args.server_name, args.port), path)),
                None => Box::new(Pipe::start(waker)),
            };
            match early.rest() {
                [] => app,
                rest => Box::new(Resend::new(rest, app)),
            }
        };
        let mut session = Session::new(Role::Client, args.common.key_update, Box::new(start));
        let outcome = self.converse(dialler, &mut session, &early);
        // What is left to be sent, an alert maybe, goes out before the process ends.
        self.linger(dialler)?;
        outcome
    }

    /// Connects, and runs the session to its end.
    fn converse(
        &mut self,
        dialler: &mut dyn Dialler,
        session: &mut Session<'_>,
        early: &EarlyText,
    ) -> Result<(), Failure> {
        let (host, port) = (self.args.host.as_str(), self.args.port);
        let mut addresses = resolve(host, port)?.into_iter();
        let Some(first) = addresses.next() else {
            return Err(Failure::connection(format_args!("{host}: has no address")));
        };
        dialler.dial(first)?;
        loop {
            let mut moved = dialler.poll();
            if let Some(error) = dialler.dial_error() {
                let Some(next) = addresses.next() else {
                    return Err(Failure::connection(format_args!("{}: {error}", authority(host, port))));
                };
                dialler.dial(next)?;
                continue;
            }
            moved |= early.send(dialler.stream());
            match session.poll(dialler.stream())? {
                Progress::Idle => {}
                Progress::Moved => moved = true,
                Progress::Done => return Ok(()),
            }
            self.wait(dialler, moved)?;
        }
    }

    fn linger(&mut self, dialler: &mut dyn Dialler) -> Result<(), Failure> {
        let deadline = self.clock.now() + LINGER;
        loop {
            let moved = dialler.poll();
            while dialler.stream().read(&mut [0; 4096]) > 0 {}
            if dialler.is_idle() || self.clock.now() >= deadline {
                return Ok(());
            }
            self.wait(dialler, moved)?;
        }
    }

    /// Waits until there is something to do, for [`LINGER`] at most; not at all if something moved.
    fn wait(&mut self, dialler: &mut dyn Dialler, moved: bool) -> Result<(), Failure> {
        let timeout = match dialler.poll_delay() {
            _ if moved => Duration::ZERO,
            Some(delay) => delay.clamp(SOON, LINGER),
            None => LINGER,
        };
        for token in self.event_loop.wait(Some(timeout)).map_err(Failure::connection)? {
            dialler.wake(token);
        }
        Ok(())
    }
}

fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    match (host, port).to_socket_addrs() {
        Ok(addresses) => Ok(addresses.collect()),
        Err(error) => Err(Failure::connection(format_args!("{host}: {error}"))),
    }
}

/// A host and its port, as a URI has them, without the port of HTTPS.
fn authority(host: &str, port: u16) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    if port == 443 { host } else { format!("{host}:{port}") }
}
