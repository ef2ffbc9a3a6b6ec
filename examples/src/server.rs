//! The program `server`.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::rc::Rc;

use saitls::webpki::SystemClock;
use saitls_core::codes::CertificateType;
use saitls_core::config::{ClientAuthentication, Identity, ServerConfig};
use saitls_core::tickets::{StrikeRegister, TicketKeys};
use smoltcp::time::{Duration, Instant};

use crate::app::{Application, Echo, Progress, Www};
use crate::args::{ServerArgs, Transport};
use crate::backend::{Backend, ProviderName, RustCrypto};
use crate::certificates::pin;
use crate::configure::{Referred, alpn, configure_server, key_log, psks};
use crate::facts::{Role, write_whole};
use crate::failure::Failure;
use crate::http::files::Folder;
use crate::identity::{LoadedIdentity, identities};
use crate::net::Clock;
use crate::net::event_loop::EventLoop;
use crate::net::network::{Cable, Tap};
use crate::session::Session;
use crate::transport::host::HostServer;
use crate::transport::smoltcp::SmoltcpServer;
use crate::transport::{Acceptor, Stream, Visit};
use crate::trust::{Trust, Verifier};

/// How many clients with early data are remembered at a time.
const STRIKES: usize = 1024;

/// How long a peer may take to close once we have said everything.
const LINGER: Duration = Duration::from_secs(30);

/// How long the last bytes may take to leave the process at its end.
const LAST_LINGER: Duration = Duration::from_secs(5);

/// How long a handshake may take when others wait for its place.
const PATIENCE: Duration = Duration::from_secs(1);

/// How soon to look again when something should move and does not.
const SOON: Duration = Duration::from_millis(1);

/// Runs the server.
///
/// # Errors
/// Why it could not begin, with the exit status.
pub fn run(args: &ServerArgs) -> Result<(), Failure> {
    match args.common.provider {
        ProviderName::RustCrypto => run_on::<RustCrypto>(args),
        #[cfg(feature = "aws-lc")]
        ProviderName::AwsLc => run_on::<saitls_aws_lc::AwsLc>(args),
        #[cfg(feature = "pending")]
        ProviderName::Pending => run_on::<crate::pending::Pending>(args),
    }
}

fn run_on<B: Backend>(args: &ServerArgs) -> Result<(), Failure> {
    let loaded = LoadedIdentity::<B>::load_all(&args.common.identities)?;
    let lent: Vec<_> = loaded.iter().map(LoadedIdentity::lend).collect();
    let mut identities = identities(&lent, args.common.raw_public_key);
    let ocsp_response = match &args.ocsp {
        Some(file) => Some(std::fs::read(file).map_err(|error| Failure::file(file, error))?),
        None => None,
    };
    if let (Some(response), Some(first)) =
        (&ocsp_response, identities.iter_mut().find(|identity| is_certificate(identity)))
    {
        *first = first.with_ocsp_response(response);
    }
    let trust = Trust::load(&args.common)?;
    let verifier = trust.verifier(&args.common.pins)?;
    let client_authentication = match verifier.as_ref().map(Verifier::as_peer_verifier) {
        None => ClientAuthentication::None,
        Some(verifier) if args.client_auth_optional => ClientAuthentication::Optional(verifier),
        Some(verifier) => ClientAuthentication::Required(verifier),
    };
    let authorities = trust.authorities();
    let (alpn, key_log) = (alpn(&args.common), key_log(&args.common)?);
    let referred = Referred { common: &args.common, alpn: &alpn, key_log: key_log.as_ref() };
    let mut config = configure_server(ServerConfig::new(&identities), &referred)
        .with_client_authentication(client_authentication)
        .with_certificate_authorities(&authorities);
    let psks = psks(&args.common);
    let store = psks.as_slice();
    if !store.is_empty() {
        config = config.with_psks(&store);
    }
    let tickets = TicketKeys::new(&mut B::start()).map_err(Failure::configuration)?.with_clock(&SystemClock);
    if args.tickets > 0 {
        config = config.with_tickets(&tickets).with_ticket_count(args.tickets);
    }
    // Nothing came before that could be meant: the keys of the tickets are drawn now.
    let anti_replay = StrikeRegister::<STRIKES>::since(0);
    if args.max_early_data > 0 {
        config = config.with_early_data(args.max_early_data).with_anti_replay(&anti_replay);
    }
    // A server cannot ask for max_fragment_length, but clients that know record_size_limit understand the same by it.
    let fragment = args.common.max_fragment_length.and_then(|length| u16::try_from(length.bytes()?).ok());
    if let (None, Some(length)) = (args.common.record_size, fragment) {
        config = config.with_record_size_limit(length + 1);
    }
    let mut provider = B::start();
    let pins = loaded.iter().zip(&args.common.identities).filter_map(|(identity, (file, _))| {
        Some(format!("pin {} {}\n", pin(&mut provider, identity.public_key())?, file.display()))
    });
    listen(args, &config, &pins.collect::<String>())
}

fn is_certificate<B: Backend>(identity: &Identity<'_, B>) -> bool {
    identity.certificate_type == CertificateType::X509
}

fn listen<B: Backend>(args: &ServerArgs, config: &ServerConfig<'_, B>, pins: &str) -> Result<(), Failure> {
    config.check().map_err(Failure::configuration)?;
    let folder = match &args.www {
        Some(path) => Some(Rc::new(Folder::new(path).map_err(|error| Failure::file(path, error))?)),
        None => None,
    };
    let address = resolve(&args.address, args.port)?;
    let broken = |error| Failure::connection(format_args!("the host's network: {error}"));
    let clock = Clock::start();
    let mut event_loop = EventLoop::new().map_err(broken)?;
    event_loop.catch_signals().map_err(broken)?;
    let registry = event_loop.registry().map_err(broken)?;
    let sizes = &args.common;
    let server = Server::new(args, event_loop, folder, pins);
    match &args.common.transport {
        Transport::Smoltcp => {
            let mut cable = Cable::new(registry, clock.now());
            let iface = cable.interface(clock.now());
            server.run(&mut SmoltcpServer::new(clock, cable, iface, sizes, config), address)
        }
        Transport::Tap(device) => {
            let tap = Tap::new(device, &registry, Some(address.ip()));
            let mut tap = tap.map_err(|error| Failure::connection(format_args!("{device}: {error}")))?;
            let iface = tap.interface(clock.now());
            server.run(&mut SmoltcpServer::new(clock, tap, iface, sizes, config), address)
        }
        Transport::Std => server.run(&mut HostServer::new(clock, registry, sizes, config), address),
    }
}

fn resolve(address: &str, port: u16) -> Result<SocketAddr, Failure> {
    let resolved = (address, port).to_socket_addrs().map(|mut addresses| addresses.next());
    match resolved {
        Ok(Some(resolved)) => Ok(resolved),
        Ok(None) => Err(Failure::connection(format_args!("{address}: no such address"))),
        Err(error) => Err(Failure::connection(format_args!("{address}: {error}"))),
    }
}

/// A connection and its application.
struct Client<'a> {
    session: Session<'a>,
    since: Instant,
    /// It must go: others want its place.
    is_evicted: bool,
    /// It counts among those that have ended, though the peer's TCP may not have.
    is_counted: bool,
    /// When the connection is ended, if its end does not come by itself.
    deadline: Option<Instant>,
}

impl<'a> Client<'a> {
    const fn new(session: Session<'a>, now: Instant) -> Self {
        Self { session, since: now, is_evicted: false, is_counted: false, deadline: None }
    }
}

struct Server<'a> {
    args: &'a ServerArgs,
    event_loop: EventLoop,
    folder: Option<Rc<Folder>>,
    /// Lines about its keys.
    pins: &'a str,
    /// By the number of the connection.
    clients: Vec<Option<Client<'a>>>,
    begun: u64,
    ended: u64,
}

impl<'a> Server<'a> {
    const fn new(args: &'a ServerArgs, event_loop: EventLoop, folder: Option<Rc<Folder>>, pins: &'a str) -> Self {
        Self { args, event_loop, folder, pins, clients: Vec::new(), begun: 0, ended: 0 }
    }

    fn run(mut self, acceptor: &mut dyn Acceptor, address: SocketAddr) -> Result<(), Failure> {
        let address = acceptor.listen(address)?;
        write_whole(&format!("listening {address}\n{}", self.pins));
        let limit = self.args.connections.unwrap_or(u64::MAX);
        while self.ended < limit && !self.event_loop.is_terminated() {
            let room = usize::try_from(limit - self.begun).unwrap_or(usize::MAX);
            let mut moved = acceptor.poll(room);
            let now = acceptor.now();
            if acceptor.is_full() {
                self.evict(now);
            }
            moved |= acceptor.visit(&mut |index, stream| self.visit(index, stream, now));
            self.wait(acceptor, moved)?;
        }
        let deadline = acceptor.now() + LAST_LINGER;
        while !acceptor.is_idle() && !self.event_loop.is_terminated() && acceptor.now() < deadline {
            let moved = acceptor.poll(0);
            self.wait(acceptor, moved)?;
        }
        Ok(())
    }

    fn visit(&mut self, index: usize, stream: &mut dyn Stream, now: Instant) -> Visit {
        while self.clients.len() <= index {
            self.clients.push(None);
        }
        if self.clients[index].is_none() {
            self.begun += 1;
            let session = Session::new(Role::Server, self.args.common.key_update, self.application());
            self.clients[index] = Some(Client::new(session, now));
        }
        let Some(client) = &mut self.clients[index] else { return Visit::Idle };
        if client.is_evicted {
            Failure::connection("a handshake took too long while others waited").report();
            self.clients[index] = None;
            self.ended += 1;
            return Visit::Forget;
        }
        let was_over = client.session.is_over();
        let progress = client.session.poll(stream).unwrap_or_else(|failure| {
            failure.report();
            Progress::Done
        });
        if !client.session.is_over() {
            return if progress == Progress::Moved { Visit::Moved } else { Visit::Idle };
        }
        let deadline = *client.deadline.get_or_insert(now + LINGER);
        while stream.read(&mut [0; 4096]) > 0 {}
        let is_over = stream.is_over() || now >= deadline;
        if (is_over || stream.is_closed()) && !std::mem::replace(&mut client.is_counted, true) {
            self.ended += 1;
        }
        if is_over {
            self.clients[index] = None;
            return Visit::Forget;
        }
        if was_over { Visit::Idle } else { Visit::Moved }
    }

    /// Gives up those that have been shaking hands for long, so that nobody can take all places by doing nothing.
    fn evict(&mut self, now: Instant) {
        for client in self.clients.iter_mut().flatten() {
            client.is_evicted = client.session.is_handshaking() && now >= client.since + PATIENCE;
        }
    }

    /// What a connection is for.
    fn application(&self) -> Box<dyn FnOnce(String) -> Box<dyn Application> + 'a> {
        let folder = self.folder.clone();
        Box::new(move |facts| match folder {
            Some(folder) => Box::new(Www::new(folder, facts)),
            None => Box::new(Echo::default()),
        })
    }

    /// Waits until there is something to do; not at all if something moved.
    fn wait(&mut self, acceptor: &mut dyn Acceptor, moved: bool) -> Result<(), Failure> {
        let lingering = self.clients.iter().flatten().any(|client| client.deadline.is_some());
        let timeout = match acceptor.poll_delay() {
            _ if moved => Some(Duration::ZERO),
            Some(delay) => Some(delay.max(SOON)),
            None => None,
        };
        let full = acceptor.is_full();
        let timeout = if full { timeout.map_or(Some(PATIENCE), |t| Some(t.min(PATIENCE))) } else { timeout };
        let timeout = if lingering { timeout.map_or(Some(LAST_LINGER), |t| Some(t.min(LAST_LINGER))) } else { timeout };
        for token in self.event_loop.wait(timeout).map_err(Failure::connection)? {
            acceptor.wake(token);
        }
        Ok(())
    }
}
