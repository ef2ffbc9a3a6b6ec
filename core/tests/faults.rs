//! Cryptography that fails, and cryptography that takes its time (Regressions 26 and 27 of docs/SECURITY.md).

use crate::support::*;
use saitls_conformance::instrumented::{IdentityChooser, PeerVerifier, Signer};
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::{Connection, Error, Operation, ProviderFault, WaitingFor};
use std::collections::BTreeSet;

/// From one moment at which something goes wrong to the next.
const STEP: usize = fewer(1, 61);

/// Kinds of handshakes: with a HelloRetryRequest or not, and how each side proves who it is.
type Kind = (bool, Proofs);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proofs {
    Server,
    Both,
    /// A PSK, which takes its time, too.
    #[cfg(feature = "psk")]
    Psk,
    /// The same without a key agreement, which is all that there is.
    #[cfg(feature = "psk")]
    PskAlone,
}

const KINDS: &[Kind] = &[
    (false, Proofs::Server),
    (true, Proofs::Server),
    (false, Proofs::Both),
    (true, Proofs::Both),
    #[cfg(feature = "psk")]
    (false, Proofs::Psk),
    #[cfg(feature = "psk")]
    (true, Proofs::Psk),
    #[cfg(feature = "psk")]
    (false, Proofs::PskAlone),
];

/// The provider of these tests, instrumented.
type Instrumented = saitls_conformance::Instrumented<Provider>;
type SlowPair<'a> = Pair<'a, Instrumented>;

fn instrumented(seed: u64) -> Instrumented {
    Instrumented::new(provider(seed))
}

/// Runs `f` on two ends, each with an instrumented provider.
fn with_pair(
    (retry, proofs): Kind,
    client_provider: Instrumented,
    server_provider: Instrumented,
    f: impl FnOnce(&mut SlowPair<'_>),
) {
    #[cfg(feature = "psk")]
    if matches!(proofs, Proofs::Psk | Proofs::PskAlone) {
        return psk::with_pair(retry, proofs == Proofs::PskAlone, client_provider, server_provider, f);
    }
    let identity = p256();
    let (client_signer, server_signer) = (Signer::new(&identity.key), Signer::new(&identity.key));
    let client_identities = [Identity::new(&identity.chain, &client_signer)];
    let server_identities = [Identity::new(&identity.chain, &server_signer)];
    let client_choice = RotatingIdentities::new(&client_identities).unwrap();
    let server_choice = RotatingIdentities::new(&server_identities).unwrap();
    let (client_chooser, server_chooser) = (IdentityChooser::new(&client_choice), IdentityChooser::new(&server_choice));
    let (client_verifier, server_verifier) = (PeerVerifier::new(&ANY), PeerVerifier::new(&ANY));
    let mut client_config = ClientConfig::new(&client_verifier).with_identity_chooser(&client_chooser);
    if retry {
        client_config = client_config.with_key_shares(&[]);
    }
    let mut server_config = ServerConfig::choosing(&server_chooser);
    if proofs == Proofs::Both {
        server_config = server_config.with_client_authentication(ClientAuthentication::Required(&server_verifier));
    }
    let client = Connection::client(&client_config, name("localhost"), full_buffers()).unwrap();
    let server = Connection::server(&server_config, full_buffers()).unwrap();
    f(&mut Pair::with(client, client_provider, server, server_provider));
}

#[cfg(feature = "psk")]
mod psk {
    //! Two ends with a PSK, which a slow device holds.

    use super::*;
    use saitls_core::crypto::Secret as _;
    use saitls_core::psk::{FoundPsk, HeldSecret, PreSharedKey, PskKind, PskModes, PskStore};
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use std::task::Poll;

    type Secret = <Instrumented as saitls_core::crypto::CryptoProvider>::Secret;

    #[derive(Default)]
    struct Device(AtomicU32);

    impl HeldSecret<Instrumented> for Device {
        fn poll_secret(&self, provider: &mut Instrumented) -> Poll<saitls_core::Result<Secret>> {
            if self.0.fetch_add(1, Relaxed) < provider.pends {
                provider.pended += 1;
                return Poll::Pending;
            }
            self.0.store(0, Relaxed);
            Poll::Ready(Secret::import(provider, &[0x5a; 32]))
        }
    }

    impl PskStore<Instrumented> for Device {
        fn poll_find(
            &self,
            provider: &mut Instrumented,
            identity: &[u8],
        ) -> Poll<saitls_core::Result<Option<FoundPsk<Instrumented>>>> {
            let secret = std::task::ready!(self.poll_secret(provider));
            Poll::Ready(secret.map(|secret| {
                (identity == b"pump-17").then(|| FoundPsk { hash: HASH, secret, kind: PskKind::External })
            }))
        }
    }

    const HASH: HashAlgorithm = HashAlgorithm::Sha256;

    pub(super) fn with_pair(
        retry: bool,
        is_alone: bool,
        client_provider: Instrumented,
        server_provider: Instrumented,
        f: impl FnOnce(&mut SlowPair<'_>),
    ) {
        let (own, other, store) = (Device::default(), Device::default(), Device::default());
        let psks = [PreSharedKey::held(b"pump-16", &other), PreSharedKey::held(b"pump-17", &own)];
        let modes = if is_alone { PskModes::WithoutKeyExchange } else { PskModes::WithKeyExchange };
        let mut client_config = ClientConfig::psk_only(&psks).with_psk_modes(modes);
        if retry {
            client_config = client_config.with_key_shares(&[]);
        }
        let server_config = ServerConfig::psk_only(&store).with_psk_modes(modes);
        let client = Connection::client(&client_config, name("localhost"), full_buffers()).unwrap();
        let server = Connection::server(&server_config, full_buffers()).unwrap();
        f(&mut Pair::with(client, client_provider, server, server_provider));
    }
}

/// A handshake, data both ways, a KeyUpdate. Stops at the first error.
fn life(pair: &mut SlowPair<'_>) -> (Result<(), Error>, Result<(), Error>) {
    let mut result = pair.run();
    for step in 0..3 {
        if result != (Ok(()), Ok(())) {
            break;
        }
        assert!(pair.client.is_connected() && pair.server.is_connected());
        match step {
            0 => pair.client.write(b"ping").map(drop).unwrap(),
            1 => pair.server.write(b"pong").map(drop).unwrap(),
            _ => pair.client.update_keys(true).unwrap(),
        }
        result = pair.run();
    }
    result
}

#[test]
fn a_slow_provider_changes_no_byte() {
    for &kind in some(KINDS) {
        let mut expected = None;
        for pends in some(0..=5) {
            let slow = |seed| Instrumented { pends, ..instrumented(seed) };
            with_pair(kind, slow(1), slow(2), |pair| {
                assert_eq!(life(pair), (Ok(()), Ok(())), "{kind:?}, {pends}");
                let wires = (pair.client_wire.clone(), pair.server_wire.clone());
                assert_eq!(*expected.get_or_insert_with(|| wires.clone()), wires, "{kind:?}, {pends}");
                let waits = pair.client_provider.pended + pair.server_provider.pended;
                // Of each side at least a key, an agreement, and a signature that is made or verified; the choice of an
                // identity and the verification of it. Or a key that both have, and for which one of them has to look.
                let least = if matches!(kind.1, Proofs::Server | Proofs::Both) { 7 } else { 3 };
                assert!(waits >= least * u64::from(pends), "{waits}");
            });
        }
    }
}

#[test]
fn every_slow_operation_is_named() {
    let mut seen = BTreeSet::new();
    for &kind in some(KINDS) {
        let slow = |seed| Instrumented { pends: 1, ..instrumented(seed) };
        with_pair(kind, slow(1), slow(2), |pair| {
            for _ in 0..200 {
                pair.turn().0.unwrap();
                for connection in [&pair.client, &pair.server] {
                    if let WaitingFor::Operation(operation) = connection.waiting_for() {
                        seen.insert(format!("{operation:?}"));
                    }
                }
            }
        });
    }
    let all = [
        Operation::KeyGeneration,
        Operation::Encapsulation,
        Operation::Decapsulation,
        Operation::IdentityChoice,
        Operation::PeerVerification,
        Operation::SignatureVerification,
        Operation::Signing,
        #[cfg(feature = "psk")]
        Operation::PreSharedKey,
    ];
    assert_eq!(seen, all.iter().map(|operation| format!("{operation:?}")).collect());
}

/// The connection is dead, and of what the peer sent behind the fault nothing is delivered.
fn assert_dead(at: &str, connection: &mut Connection<'_, Instrumented>, provider: &mut Instrumented, error: Error) {
    assert_eq!(connection.error(), Some(error), "{at}");
    assert_eq!(connection.process(provider), Err(error), "{at}");
    assert!(!connection.is_connected() && !connection.may_send(), "{at}");
    assert_eq!(connection.write(b"x"), Err(error), "{at}");
    assert_eq!(connection.export(provider, b"label", b"", &mut [0; 8]), Err(Error::InvalidState), "{at}");
    connection.records_sent(connection.records().len());
    drain(connection);
    assert!(connection.is_closed(), "{at}");
}

#[test]
fn any_call_that_fails_ends_the_connection() {
    for &kind in some(KINDS) {
        for pends in [0, 1] {
            for client_fails in [true, false] {
                let mut failures = 0;
                for at in (1..).step_by(STEP) {
                    let provider =
                        |fails: bool, seed| Instrumented { pends, fails_at: fails.then_some(at), ..instrumented(seed) };
                    let mut survived = false;
                    with_pair(kind, provider(client_fails, 1), provider(!client_fails, 2), |pair| {
                        let (client_result, server_result) = life(pair);
                        let what = format!("{kind:?}, call {at} of the client {client_fails}, pending {pends}");
                        let (own, other, calls) = if client_fails {
                            (client_result, server_result, pair.client_provider.calls)
                        } else {
                            (server_result, client_result, pair.server_provider.calls)
                        };
                        if calls < at {
                            survived = true;
                            assert_eq!((own, other), (Ok(()), Ok(())), "{what}");
                            return;
                        }
                        let error = own.expect_err(&what);
                        assert!(
                            matches!(
                                error,
                                Error::Provider(ProviderFault::CryptoFailed)
                                    | Error::Provider(ProviderFault::RandomFailed)
                            ),
                            "{what}: {error:?}"
                        );
                        let (connection, provider) = if client_fails {
                            (&mut pair.client, &mut pair.client_provider)
                        } else {
                            (&mut pair.server, &mut pair.server_provider)
                        };
                        assert_dead(&what, connection, provider, error);
                        // The other side hears of it, or (between two keys) nothing, but never what it cannot read.
                        match other {
                            Err(Error::AlertReceived(alert)) => assert_eq!(alert, AlertDescription::INTERNAL_ERROR),
                            Err(other) => panic!("{what}: {other:?}"),
                            Ok(()) => {}
                        }
                    });
                    if survived {
                        break;
                    }
                    failures += 1;
                }
                assert!(failures > 40 / STEP, "{failures}");
            }
        }
    }
}

/// Ends one side after each turn, in each way there is: nothing panics or loops, the buffers come back wiped.
#[test]
fn a_connection_may_end_at_any_step_with_anything_pending() {
    for &kind in some(KINDS) {
        for ending in 0..4 {
            for turns in (0..).step_by(STEP) {
                let slow = |seed| Instrumented { pends: 2, ..instrumented(seed) };
                let mut complete = false;
                with_pair(kind, slow(1), slow(2), |pair| {
                    for _ in 0..turns {
                        let (client, server, _) = pair.turn();
                        assert_eq!((client, server), (Ok(()), Ok(())));
                    }
                    complete = pair.client.is_connected() && pair.server.is_connected();
                    match ending {
                        // The transport ends, for both.
                        0 => {
                            pair.client.records_ended();
                            pair.server.records_ended();
                        }
                        // The application closes.
                        1 => pair.client.close(),
                        2 => pair.server.close(),
                        // It refuses the peer.
                        _ => pair.server.reject(AlertDescription::ACCESS_DENIED),
                    }
                    let (client, server) = pair.run();
                    if ending == 0 {
                        assert!(client == Err(Error::Truncated) || server == Err(Error::Truncated));
                    }
                    if ending == 3 {
                        assert_eq!(server, Err(Error::PeerRejected(AlertDescription::ACCESS_DENIED)));
                    }
                    // Whoever closed or refused has nothing more to say.
                    let [ended, _] = match ending {
                        1 => [&pair.client, &pair.server],
                        _ => [&pair.server, &pair.client],
                    };
                    assert!(ending == 0 || !ended.may_send());
                });
                if complete {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_connection_gives_its_buffers_back_wiped() {
    let slow = |seed| Instrumented { pends: 1, ..instrumented(seed) };
    for turns in some(0..30) {
        let identity = p256();
        let (signer, verifier) = (Signer::new(&identity.key), PeerVerifier::new(&ANY));
        let identities = [Identity::new(&identity.chain, &signer)];
        let client_config = ClientConfig::new(&verifier);
        let server_config = ServerConfig::new(&identities);
        let (mut receive, mut transmit, mut peer) = (vec![0xaa; 17_000], vec![0xaa; 5_000], vec![0xaa; 1_000]);
        {
            let buffers =
                saitls_core::Buffers::new(&mut receive[..], &mut transmit[..]).with_peer_buffer(&mut peer[..]);
            let client = Connection::client(&client_config, name("localhost"), buffers).unwrap();
            let server = Connection::server(&server_config, full_buffers()).unwrap();
            let mut pair = Pair::with(client, slow(1), server, slow(2));
            for _ in 0..turns {
                pair.turn().0.unwrap();
            }
            let _ = pair.client.into_buffers();
        }
        for buffer in [receive, transmit, peer] {
            assert!(buffer.iter().all(|&byte| byte == 0), "after {turns} turns");
        }
    }
}

#[cfg(feature = "tickets")]
mod sessions {
    //! Sessions that come back, with a store that takes its time, and with calls that fail.

    use super::*;
    use saitls_core::ServerName;
    use saitls_core::psk::PskKind;
    use saitls_core::session::{MemorySessions, Session, SessionStore};
    use saitls_core::tickets::TicketKeys;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use std::task::Poll;

    #[derive(Default)]
    struct Store(MemorySessions<1>, AtomicU32);

    impl SessionStore<Instrumented> for Store {
        fn put(&self, provider: &mut Instrumented, session: &Session<'_>) -> saitls_core::Result<()> {
            self.0.put(provider, session)
        }

        fn poll_take(
            &self,
            provider: &mut Instrumented,
            name: Option<&ServerName<'_>>,
            out: &mut [u8],
        ) -> Poll<saitls_core::Result<Option<usize>>> {
            if self.1.fetch_add(1, Relaxed) < provider.pends {
                provider.pended += 1;
                return Poll::Pending;
            }
            self.1.store(0, Relaxed);
            self.0.poll_take(provider, name, out)
        }
    }

    /// Runs `f` on two ends that have a session.
    fn with_pair(
        retry: bool,
        client_provider: Instrumented,
        server_provider: Instrumented,
        f: impl FnOnce(&mut SlowPair<'_>),
    ) {
        let identity = p256();
        let identities = [Identity::new(&identity.chain, &identity.key)];
        let (store, tickets) = (Store::default(), TicketKeys::new(&mut provider(9)).unwrap());
        let mut client_config = ClientConfig::new(&ANY).with_sessions(&store);
        if retry {
            client_config = client_config.with_key_shares(&[]);
        }
        let server_config = ServerConfig::new(&identities).with_tickets(&tickets).with_ticket_count(1);
        let pair = |client_provider, server_provider| {
            let buffers = full_buffers().with_session_buffer(vec![0; 512]);
            let client = Connection::client(&client_config, name("localhost"), buffers).unwrap();
            let server = Connection::server(&server_config, full_buffers()).unwrap();
            Pair::with(client, client_provider, server, server_provider)
        };
        pair(instrumented(7), instrumented(8)).connect();
        f(&mut pair(client_provider, server_provider));
    }

    #[test]
    fn a_slow_provider_changes_no_byte_of_a_session_that_comes_back() {
        for retry in [false, true] {
            let mut expected = None;
            for pends in some(0..=5) {
                let slow = |seed| Instrumented { pends, ..instrumented(seed) };
                with_pair(retry, slow(1), slow(2), |pair| {
                    assert_eq!(life(pair), (Ok(()), Ok(())), "{pends}");
                    assert_eq!(pair.client.negotiated().unwrap().psk, Some(PskKind::Resumption));
                    let wires = (pair.client_wire.clone(), pair.server_wire.clone());
                    assert_eq!(*expected.get_or_insert_with(|| wires.clone()), wires, "{pends}");
                });
            }
        }
    }

    /// Of a client: what only the session needs costs the session, all else the connection.
    #[test]
    fn any_call_that_fails_costs_the_session_or_the_connection() {
        let (mut connections, mut sessions) = (0, 0);
        for at in (1..).step_by(STEP) {
            let failing = Instrumented { fails_at: Some(at), ..instrumented(1) };
            let mut survived = false;
            with_pair(false, failing, instrumented(2), |pair| {
                let (own, other) = life(pair);
                survived = pair.client_provider.calls < at;
                match own {
                    Ok(()) => {
                        assert_eq!(other, Ok(()), "{at}");
                        sessions += usize::from(pair.client.negotiated().unwrap().psk.is_none());
                    }
                    Err(error) => {
                        assert!(matches!(error, Error::Provider(_)), "{at}: {error:?}");
                        assert_dead("client", &mut pair.client, &mut pair.client_provider, error);
                        connections += 1;
                    }
                }
            });
            if survived {
                break;
            }
        }
        assert!(connections > 20 / STEP, "{connections}");
        assert!(sessions > 2 / STEP, "{sessions}");
    }
}
