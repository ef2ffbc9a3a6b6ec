//! Whole connections between the provider and the reference, in both roles.

use super::skip;
use crate::reference::{self, Reference, SUITES};
use crate::report::{Checked, OrFail, Stop, ensure};
use crate::{Conformance, Random};
use saitls_core::codes::{CertificateType, CipherSuite, NamedGroup, SignatureScheme};
use saitls_core::config::{ClientAuthentication, ClientConfig, Identity, ServerConfig};
use saitls_core::crypto::{Aead, CryptoProvider, Hash, PeerVerifier, PinnedKey, SignatureVerifier, Signer};
use saitls_core::{Buffers, Connection, Error, ProviderFault, ServerName, WaitingFor};
use saitls_rustcrypto::{RustCrypto, SigningKey};

/// Identities are keys without certificates (RFC 7250): nothing else is to be parsed.
const RAW: &[CertificateType] = &[CertificateType::RAW_PUBLIC_KEY];

/// A private key with its public half.
struct TestKey {
    scheme: SignatureScheme,
    key: SigningKey,
    spki: Vec<u8>,
}

fn test_keys<P: CryptoProvider>() -> Result<Vec<TestKey>, Stop> {
    // The same in each run: signatures must be repeatable.
    let random = &mut RustCrypto(Random::seeded(70));
    let keys = [
        (SignatureScheme::ECDSA_SECP256R1_SHA256, SigningKey::generate_p256(random)),
        (SignatureScheme::ED25519, SigningKey::generate_ed25519(random)),
        (SignatureScheme::ECDSA_SECP384R1_SHA384, SigningKey::generate_p384(random)),
        (SignatureScheme::ECDSA_SECP521R1_SHA512, SigningKey::generate_p521(random)),
    ];
    let mut found = Vec::new();
    for (scheme, key) in keys {
        let key = key.or_fail("reference")?;
        let mut spki = vec![0; saitls_rustcrypto::MAX_SUBJECT_PUBLIC_KEY_INFO_LEN];
        let len = key.subject_public_key_info(&mut spki).or_fail("reference")?;
        spki.truncate(len);
        if P::SignatureVerifier::supports(scheme.into()) {
            found.push(TestKey { scheme, key, spki });
        }
    }
    if found.is_empty() { skip("the provider verifies neither ECDSA nor Ed25519") } else { Ok(found) }
}

/// What a handshake is made with.
#[derive(Clone, Copy)]
struct Kind<'k> {
    suite: CipherSuite,
    group: NamedGroup,
    retry: bool,
    key: &'k TestKey,
    subject_is_client: bool,
}

impl std::fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let role = if self.subject_is_client { "client" } else { "server" };
        let retry = if self.retry { ", HelloRetryRequest" } else { "" };
        write!(f, "as {role}, {}, {}, {}{retry}", self.suite, self.group, self.key.scheme)
    }
}

/// How a side ended.
type Ended = Result<(), Error>;

/// A client and a server with what went over the wire.
struct Ends<'c, 'a, C: CryptoProvider, S: CryptoProvider> {
    client: Connection<'a, C>,
    server: Connection<'a, S>,
    client_provider: &'c mut C,
    server_provider: &'c mut S,
    wire: [Vec<u8>; 2],
    /// How often one of them waited for an operation.
    waits: usize,
}

fn carry<A: CryptoProvider, B: CryptoProvider>(
    from: &mut Connection<'_, A>,
    to: &mut Connection<'_, B>,
    wire: &mut Vec<u8>,
) -> usize {
    let data = from.records();
    let room = to.records_room();
    let len = data.len().min(room.len());
    room[..len].copy_from_slice(&data[..len]);
    wire.extend_from_slice(&data[..len]);
    to.records_filled(len);
    from.records_sent(len);
    len
}

impl<C: CryptoProvider, S: CryptoProvider> Ends<'_, '_, C, S> {
    /// Each side once. Returns how many bytes moved.
    fn turn(&mut self) -> (Result<(), Error>, Result<(), Error>, usize) {
        let client = self.client.process(self.client_provider);
        let there = carry(&mut self.client, &mut self.server, &mut self.wire[0]);
        let server = self.server.process(self.server_provider);
        let back = carry(&mut self.server, &mut self.client, &mut self.wire[1]);
        (client, server, there + back)
    }

    fn works(&mut self) -> bool {
        let works = matches!(self.client.waiting_for(), WaitingFor::Operation(_))
            || matches!(self.server.waiting_for(), WaitingFor::Operation(_));
        self.waits += usize::from(works);
        works
    }

    /// Until nothing moves any more: the first error of each side.
    fn run(&mut self) -> Result<(Ended, Ended), Stop> {
        let (mut client, mut server) = (Ok(()), Ok(()));
        let mut patience = crate::poll::Patience::new();
        let mut idle = 0;
        while idle < 2 {
            let (client_result, server_result, moved) = self.turn();
            client = client.and(client_result);
            server = server.and(server_result);
            let works = self.works();
            if works {
                patience.wait()?;
            }
            idle = if works || moved > 0 { 0 } else { idle + 1 };
        }
        Ok((client, server))
    }

    fn expect(&mut self, what: &str) -> Result<(), Stop> {
        let (client, server) = self.run()?;
        client.or_fail(&format!("{what}, client"))?;
        server.or_fail(&format!("{what}, server"))?;
        let connected = self.client.is_connected() && self.server.is_connected();
        ensure!(connected, "{what}: client waits for {:?}", self.client.waiting_for());
        Ok(())
    }

    /// The life of a connection: handshake, data both ways, new keys both ways, data, an exporter, the end.
    fn live(&mut self) -> Result<(), Stop> {
        self.expect("handshake")?;
        for round in 0..3 {
            let data = crate::random::bytes(100 + 700 * round, 71);
            let written = self.client.write(&data).or_fail("write")?;
            self.expect("data to the server")?;
            ensure!(self.server.data() == &data[..written], "the server received other data");
            self.server.data_read(written);
            let written = self.server.write(&data).or_fail("write")?;
            self.expect("data to the client")?;
            ensure!(self.client.data() == &data[..written], "the client received other data");
            self.client.data_read(written);
            match round {
                0 => self.client.update_keys(true).or_fail("update_keys")?,
                1 => self.server.update_keys(true).or_fail("update_keys")?,
                _ => {}
            }
            self.expect("KeyUpdate")?;
        }
        let mut exported = [[0; 77]; 2];
        self.client.export(self.client_provider, b"EXPORTER-test", b"context", &mut exported[0]).or_fail("export")?;
        self.server.export(self.server_provider, b"EXPORTER-test", b"context", &mut exported[1]).or_fail("export")?;
        ensure!(exported[0] == exported[1], "the exported keying material differs");
        self.client.close();
        self.run()?.1.or_fail("close")?;
        ensure!(self.server.is_peer_closed(), "close_notify did not arrive");
        Ok(())
    }
}

/// Calls `f` with a client and a server for such a handshake, both of which authenticate.
fn with_ends<C: CryptoProvider, S: CryptoProvider, T>(
    kind: Kind<'_>,
    (client_provider, client_signer): (&mut C, &dyn Signer<C>),
    (server_provider, server_signer): (&mut S, &dyn Signer<S>),
    f: impl FnOnce(&mut Ends<'_, '_, C, S>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    let spki: [&[u8]; 1] = [&kind.key.spki];
    let trust = PinnedKey::subject_public_key_info(&spki);
    let client_trust: &dyn PeerVerifier<C> = &trust;
    let server_trust: &dyn PeerVerifier<S> = &trust;
    let (suites, groups) = ([kind.suite], [kind.group]);
    let client_identities = [Identity::raw_public_key(&spki[0], client_signer)];
    let server_identities = [Identity::raw_public_key(&spki[0], server_signer)];
    let mut client_config = ClientConfig::new(client_trust)
        .with_identities(&client_identities)
        .with_certificate_types(RAW)
        .with_peer_certificate_types(RAW)
        .with_cipher_suites(&suites)
        .with_named_groups(&groups);
    if kind.retry {
        client_config = client_config.with_key_shares(&[]);
    }
    let server_config = ServerConfig::new(&server_identities)
        .with_client_authentication(ClientAuthentication::Required(server_trust))
        .with_peer_certificate_types(RAW)
        .with_cipher_suites(&suites)
        .with_named_groups(&groups);
    let buffers = || Buffers::new(vec![0; 17_000], vec![0; 8_000]);
    let name = ServerName::try_from("localhost").ok();
    let client = Connection::client(&client_config, name, buffers()).or_fail("client")?;
    let server = Connection::server(&server_config, buffers()).or_fail("server")?;
    f(&mut Ends { client, server, client_provider, server_provider, wire: Default::default(), waits: 0 })
}

/// What is done with the two ends, whichever of them is the subject: a function that is generic over both providers.
trait Scene<T> {
    fn play<C: CryptoProvider, S: CryptoProvider>(&mut self, ends: &mut Ends<'_, '_, C, S>) -> Result<T, Stop>;
}

/// Plays a scene between the provider and the reference.
fn play<P: CryptoProvider, T>(
    kind: Kind<'_>,
    provider: &mut P,
    peer: &mut Reference,
    scene: &mut impl Scene<T>,
) -> Result<T, Stop> {
    let key = &kind.key.key;
    let played = if kind.subject_is_client {
        with_ends(kind, (provider, key), (peer, key), |ends| scene.play(ends))
    } else {
        with_ends(kind, (peer, key), (provider, key), |ends| scene.play(ends))
    };
    played.map_err(|stop| match stop {
        Stop::Failed(what) => Stop::Failed(format!("{kind}: {what}")),
        skipped @ Stop::Skipped(_) => skipped,
    })
}

/// What both sides have, the first of all first.
fn choices<P: CryptoProvider>(provider: &mut P) -> Result<(Vec<CipherSuite>, Vec<NamedGroup>), Stop> {
    let suites = SUITES.into_iter().filter(|&suite| P::Aead::supports(suite) && P::Hash::supports(suite.hash()));
    let groups = super::groups(provider).into_iter().filter(|&group| reference::has_group(group));
    let (suites, groups) = (suites.collect::<Vec<_>>(), groups.collect::<Vec<_>>());
    if suites.is_empty() || groups.is_empty() { skip("no suite or no group in common") } else { Ok((suites, groups)) }
}

/// Each suite, each group and each kind of key once at least, in both roles, with a HelloRetryRequest and without.
fn kinds<'k>(suites: &[CipherSuite], groups: &[NamedGroup], keys: &'k [TestKey]) -> Vec<Kind<'k>> {
    let mut kinds = Vec::new();
    for subject_is_client in [true, false] {
        let first = Kind { suite: suites[0], group: groups[0], retry: false, key: &keys[0], subject_is_client };
        kinds.extend(suites.iter().map(|&suite| Kind { suite, ..first }));
        kinds.extend(groups.iter().map(|&group| Kind { group, retry: true, ..first }));
        kinds.extend(keys.iter().map(|key| Kind { key, ..first }));
    }
    kinds
}

struct Life;

impl Scene<()> for Life {
    fn play<C: CryptoProvider, S: CryptoProvider>(&mut self, ends: &mut Ends<'_, '_, C, S>) -> Result<(), Stop> {
        ends.live()
    }
}

/// Connections with the reference live from handshake to close.
pub(super) fn completes<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let keys = test_keys::<P>()?;
    let (suites, groups) = choices(&mut subject.provider())?;
    let provider = &mut subject.provider();
    let kinds = kinds(&suites, &groups, &keys);
    for kind in &kinds {
        play(*kind, provider, &mut reference::provider(), &mut Life)?;
    }
    Ok(kinds.len())
}

struct Wire;

impl Scene<([Vec<u8>; 2], usize)> for Wire {
    fn play<C: CryptoProvider, S: CryptoProvider>(
        &mut self,
        ends: &mut Ends<'_, '_, C, S>,
    ) -> Result<([Vec<u8>; 2], usize), Stop> {
        ends.live()?;
        Ok((std::mem::take(&mut ends.wire), ends.waits))
    }
}

/// The Pending law: however often operations are pending, the same bytes go over the wire.
pub(super) fn pending<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let Some(slow) = &subject.slow else { return skip("no slow provider was given (with_slow)") };
    let keys = test_keys::<P>()?;
    let (suites, groups) = choices(&mut subject.provider())?;
    let (mut cases, mut waits) = (0, [0; 6]);
    for kind in kinds(&suites, &groups, &keys) {
        let run = |pends| {
            let peer = &mut RustCrypto(Random::seeded(72));
            play(kind, &mut slow(Random::seeded(73), pends), peer, &mut Wire)
        };
        let (expected, _) = run(0)?;
        for pends in 1..=5 {
            let (wire, waited) = run(pends)?;
            ensure!(wire == expected, "{kind}: pending {pends} times changes what is sent");
            waits[pends as usize] += waited;
            cases += 1;
        }
    }
    // Not in each of them: a device may be slow in a few things only.
    ensure!(waits.is_sorted_by(|fewer, more| fewer < more), "pending 0 to 5 times, handshakes waited {waits:?} times");
    Ok(cases)
}

/// Runs until nothing moves; the errors of client and server, and whether they were connected.
struct Ending;

impl Scene<[(Option<Error>, bool); 2]> for Ending {
    fn play<C: CryptoProvider, S: CryptoProvider>(
        &mut self,
        ends: &mut Ends<'_, '_, C, S>,
    ) -> Result<[(Option<Error>, bool); 2], Stop> {
        let (client, server) = ends.run()?;
        Ok([(client.err(), ends.client.is_connected()), (server.err(), ends.server.is_connected())])
    }
}

/// Whichever draw of random numbers fails, the handshake fails.
pub(super) fn random_failure<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    /// More than a handshake draws.
    const MOST: u64 = 200;
    let Some(with_random) = &subject.with_random else {
        return skip("no provider with another random source was given (with_random)");
    };
    let keys = test_keys::<P>()?;
    let (suites, groups) = choices(&mut subject.provider())?;
    let mut cases = 0;
    for subject_is_client in [true, false] {
        let kind = Kind { suite: suites[0], group: groups[0], retry: true, key: &keys[0], subject_is_client };
        for draws in 0..=MOST {
            ensure!(draws < MOST, "{kind}: a handshake draws more than {MOST} times");
            let provider = &mut with_random(Random::failing_after(74, draws));
            let [client, server] = play(kind, provider, &mut reference::provider(), &mut Ending)?;
            let (own, connected) = if subject_is_client { client } else { server };
            if own.is_none() {
                ensure!(connected, "{kind}, draw {draws} fails: neither an error nor a connection");
                ensure!(draws > 0, "{kind}: connects although no random number can be drawn");
                break;
            }
            let named = matches!(
                own,
                Some(Error::Provider(ProviderFault::RandomFailed) | Error::Provider(ProviderFault::CryptoFailed))
            );
            ensure!(named, "{kind}, draw {draws} fails: the error is {own:?}");
            cases += 1;
        }
    }
    Ok(cases)
}

/// So many turns of each side, and no more.
struct Turns(usize);

impl Scene<bool> for Turns {
    fn play<C: CryptoProvider, S: CryptoProvider>(&mut self, ends: &mut Ends<'_, '_, C, S>) -> Result<bool, Stop> {
        for _ in 0..self.0 {
            let (client, server, _) = ends.turn();
            client.or_fail("client")?;
            server.or_fail("server")?;
        }
        Ok(ends.client.is_connected() && ends.server.is_connected())
    }
}

/// Connections that are given up at any point leave nothing behind in the device: the next ones work.
pub(super) fn abandoned<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let keys = test_keys::<P>()?;
    let (suites, groups) = choices(&mut subject.provider())?;
    let provider = &mut subject.provider();
    let mut cases = 0;
    for subject_is_client in [true, false] {
        let kind = Kind { suite: suites[0], group: groups[0], retry: false, key: &keys[0], subject_is_client };
        for turns in 0..20 {
            // More often than a device has room for operations.
            for _ in 0..12 {
                cases += 1;
                play(kind, provider, &mut reference::provider(), &mut Turns(turns))?;
            }
        }
        play(kind, provider, &mut reference::provider(), &mut Life)?;
    }
    Ok(cases)
}
