//! Secrets that stay in a chip, whatever kind of handshake it is.

mod chip;

use crate::support::*;
use chip::{Chip, ChipKey, KEPT, Mistake, Slot};
use saitls_conformance::{Conformance, Outcome};
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::crypto::{Label, MAX_STORED_SECRET_LEN, Secret};
use saitls_core::{Connection, ProviderFault};
use std::collections::HashSet;

/// As many bytes of a secret in a row are no coincidence.
const WINDOW: usize = 8;

#[derive(Debug, Clone, Copy)]
struct Kind {
    suite: CipherSuite,
    group: NamedGroup,
    retry: bool,
    client_authentication: bool,
}

fn kinds() -> Vec<Kind> {
    let first = Kind {
        suite: CipherSuite::AES_128_GCM_SHA256,
        group: NamedGroup::X25519,
        retry: false,
        client_authentication: false,
    };
    let mut kinds = Vec::new();
    for (retry, client_authentication) in [(false, false), (true, false), (false, true), (true, true)] {
        kinds.push(Kind { retry, client_authentication, ..first });
    }
    for suite in [
        CipherSuite::AES_256_GCM_SHA384,
        CipherSuite::CHACHA20_POLY1305_SHA256,
        CipherSuite::AES_128_CCM_SHA256,
        CipherSuite::AES_128_CCM_8_SHA256,
    ] {
        kinds.push(Kind { suite, ..first });
    }
    for group in [NamedGroup::SECP256R1, NamedGroup::SECP384R1, NamedGroup::X25519MLKEM768] {
        kinds.push(Kind { group, ..first });
    }
    kinds
}

/// What a connection of two chips left behind.
struct Traces {
    /// What went over the buses and over the wire.
    seen: Vec<u8>,
    secrets: Vec<Vec<u8>>,
    /// Slots that are still taken.
    taken: usize,
}

impl Traces {
    /// How many secrets show, by a stretch of them.
    fn leaks(&self) -> usize {
        let seen: HashSet<&[u8]> = self.seen.windows(WINDOW).collect();
        let shows = |secret: &&Vec<u8>| secret.windows(WINDOW).any(|window| seen.contains(window));
        self.secrets.iter().filter(shows).count()
    }
}

/// The life of a connection between two chips: data and new keys both ways, an exporter, the end.
fn live(kind: Kind, mistake: Option<Mistake>) -> Traces {
    let identity = p256();
    let key = ChipKey(&identity);
    let identities = [Identity::new(&identity.chain, &key)];
    let (suites, groups) = ([kind.suite], [kind.group]);
    let mut client_config =
        ClientConfig::new(&ANY).with_identities(&identities).with_cipher_suites(&suites).with_named_groups(&groups);
    if kind.retry {
        client_config = client_config.with_key_shares(&[]);
    }
    let mut server_config = ServerConfig::new(&identities).with_cipher_suites(&suites).with_named_groups(&groups);
    if kind.client_authentication {
        server_config = server_config.with_client_authentication(ClientAuthentication::Required(&ANY));
    }
    let client = Connection::client(&client_config, name("localhost"), full_buffers()).unwrap();
    let server = Connection::server(&server_config, full_buffers()).unwrap();
    let chip = |seed| {
        let mut chip = Chip::new(seed);
        chip.mistake = mistake;
        chip
    };
    let mut pair = Pair::with(client, chip(1), server, chip(2));
    pair.connect();
    assert_eq!(pair.client.negotiated().unwrap().hello_retry, kind.retry);
    for round in 0..3 {
        pair.exchange(&pattern(1000), true);
        pair.exchange(&pattern(1000), false);
        if round == 0 {
            pair.client.update_keys(true).unwrap();
        } else {
            pair.server.update_keys(true).unwrap();
        }
        assert_eq!(pair.run(), (Ok(()), Ok(())));
    }
    let mut exported = [[0; 40]; 2];
    pair.client.export(&mut pair.client_provider, b"EXPORTER-test", b"", &mut exported[0]).unwrap();
    pair.server.export(&mut pair.server_provider, b"EXPORTER-test", b"", &mut exported[1]).unwrap();
    assert_eq!(exported[0], exported[1]);
    pair.client.close();
    pair.server.close();
    assert_eq!(pair.run(), (Ok(()), Ok(())));
    let Pair { client, server, mut client_provider, mut server_provider, client_wire, server_wire, .. } = pair;
    drop((client, server));
    let taken = client_provider.taken() + server_provider.taken();
    let secrets = [client_provider.secrets, server_provider.secrets].concat();
    Traces { seen: [client_provider.bus, server_provider.bus, client_wire, server_wire].concat(), secrets, taken }
}

#[test]
fn no_secret_leaves_its_chip() {
    for kind in kinds() {
        let traces = live(kind, None);
        assert!(traces.secrets.len() > 40, "{kind:?}: {} secrets", traces.secrets.len());
        assert_eq!(traces.leaks(), 0, "{kind:?}");
        assert_eq!(traces.taken, 0, "{kind:?}: slots are still taken");
    }
}

/// What the test above proves, it proves because of this one.
#[test]
fn mistakes_of_a_driver_show() {
    let kind = kinds()[0];
    assert!(live(kind, Some(Mistake::ExportsKeys)).leaks() > 0);
    assert!(live(kind, Some(Mistake::ReadsSharedSecret)).leaks() > 0);
    let refused = std::panic::catch_unwind(|| live(kind, Some(Mistake::NeverFrees)));
    assert!(refused.is_err() || refused.unwrap().taken > 0);
}

#[test]
fn a_chip_refuses_a_key_log() {
    let (identity, log) = (p256(), Secrets::default());
    let key = ChipKey(&identity);
    let identities = [Identity::new(&identity.chain, &key)];
    let client_config = ClientConfig::new(&ANY).with_key_log(&log);
    let server_config = ServerConfig::new(&identities);
    let client = Connection::client(&client_config, name("localhost"), full_buffers()).unwrap();
    let server = Connection::server(&server_config, full_buffers()).unwrap();
    let mut pair = Pair::with(client, Chip::new(1), server, Chip::new(2));
    assert_eq!(pair.run().0, Err(ProviderFault::Unsupported.into()));
    assert_eq!(pair.client.alert_sent(), Some(AlertDescription::INTERNAL_ERROR));
}

/// What tickets need: a secret outlives its connection, and stays where it is.
#[test]
fn a_stored_secret_stays_in_the_chip() {
    let mut chip = Chip::new(4);
    let (hash, label) = (HashAlgorithm::Sha256, Label::tls13(b"resumption"));
    let root: Slot = Secret::import(&mut chip, &[7; 32]).unwrap();
    chip.bus.clear();
    let mut handles = Vec::new();
    for number in 0..KEPT {
        let secret: Slot = root.derive(&mut chip, hash, &label, &[number as u8]).unwrap();
        let mac = secret.mac(&mut chip, hash, b"binder").unwrap();
        let mut room = [0; MAX_STORED_SECRET_LEN];
        let len = secret.store(&mut chip, &mut room).unwrap();
        handles.push((room[..len].to_vec(), mac));
    }
    assert_eq!(
        root.store(&mut chip, &mut [0; MAX_STORED_SECRET_LEN]),
        Err(ProviderFault::CryptoFailed.into()),
        "the chip is full"
    );
    drop(root);
    assert_eq!(chip.taken(), 0, "what is kept is in no working slot");
    for (handle, mac) in &handles {
        let secret: Slot = Secret::restore(&mut chip, handle).unwrap();
        assert_eq!(secret.mac(&mut chip, hash, b"binder").unwrap().as_bytes(), mac.as_bytes());
    }
    <Slot as Secret<Chip>>::discard(&mut chip, &handles[1].0).unwrap();
    let gone = <Slot as Secret<Chip>>::restore(&mut chip, &handles[1].0);
    assert_eq!(gone.err(), Some(ProviderFault::InvalidKey.into()));
    assert!(<Slot as Secret<Chip>>::restore(&mut chip, &handles[0].0).is_ok());
    let traces = Traces { seen: chip.bus.clone(), secrets: chip.secrets.clone(), taken: 0 };
    assert_eq!(traces.leaks(), 0);
}

#[test]
fn a_chip_is_a_provider_as_it_should_be() {
    let conformance = Conformance::new(|| Chip::new(3));
    for prefix in ["secret/", "aead/", "key_exchange/", "wiping/"] {
        let report = conformance.run_only(prefix);
        assert!(!report.outcomes().iter().any(|(_, outcome)| matches!(outcome, Outcome::Failed(_))), "{report}");
    }
    // Chips with the same seed draw the same numbers: only what does not compare two of them.
    for name in ["handshake/completes", "handshake/abandoned"] {
        conformance.run_only(name).assert();
    }
    let report = conformance.run_only("aead/vectors");
    assert!(matches!(report.outcomes(), [(_, Outcome::Skipped(why))] if why.contains("loads no keys")));
}

#[cfg(feature = "psk")]
mod psk {
    use super::chip::Slot;
    use super::*;
    use saitls_core::PeerAuthentication;
    use saitls_core::psk::{HeldSecret, PreSharedKey, PskModes};
    use std::task::Poll;

    /// The PSK that the chip was born with.
    struct Born;

    impl HeldSecret<Chip> for Born {
        fn poll_secret(&self, chip: &mut Chip) -> Poll<saitls_core::Result<Slot>> {
            Poll::Ready(chip.provisioned())
        }
    }

    /// Both sides have it in their chips, and it stays there.
    #[test]
    fn no_psk_leaves_its_chip() {
        let psks = [PreSharedKey::held(b"pump-17", &Born)];
        for modes in [PskModes::WithKeyExchange, PskModes::WithoutKeyExchange] {
            for shares in [&[NamedGroup::X25519][..], &[]] {
                let client_config = ClientConfig::psk_only(&psks).with_psk_modes(modes).with_key_shares(shares);
                let server_config = ServerConfig::psk_only(&psks).with_psk_modes(modes);
                let client = Connection::client(&client_config, name("localhost"), full_buffers()).unwrap();
                let server = Connection::server(&server_config, full_buffers()).unwrap();
                let mut pair = Pair::with(client, Chip::new(1), server, Chip::new(2));
                pair.connect();
                let how = pair.server.negotiated().unwrap().peer_authentication;
                assert_eq!(how, PeerAuthentication::PreSharedKey);
                pair.exchange(&pattern(1000), true);
                pair.exchange(&pattern(1000), false);
                let Pair { client, server, mut client_provider, mut server_provider, client_wire, server_wire, .. } =
                    pair;
                drop((client, server));
                let taken = client_provider.taken() + server_provider.taken();
                let secrets = [client_provider.secrets, server_provider.secrets].concat();
                let seen = [client_provider.bus, server_provider.bus, client_wire, server_wire].concat();
                let traces = Traces { seen, secrets, taken };
                assert!(traces.secrets.len() > 30, "{} secrets", traces.secrets.len());
                assert_eq!((traces.leaks(), traces.taken), (0, 0), "{modes:?}");
            }
        }
    }
}

#[cfg(feature = "tickets")]
mod tickets {
    use super::*;
    use saitls_core::psk::PskKind;
    use saitls_core::session::StoredSession;
    use saitls_core::tickets::{SessionCache, TicketKeys};

    /// Both ends come back, twice: the key of the session stays in the chips meanwhile, and a number is all that is
    /// kept outside.
    #[test]
    fn no_session_leaves_its_chip() {
        let identity = p256();
        let key = ChipKey(&identity);
        let identities = [Identity::new(&identity.chain, &key)];
        let (store, cache) = (StoredSession::new(vec![0; 400]), SessionCache::<4>::new());
        let client_config = ClientConfig::new(&ANY).with_sessions(&store);
        let server_config = ServerConfig::new(&identities).with_tickets(&cache).with_ticket_count(1);
        let (mut client_chip, mut server_chip) = (Chip::new(1), Chip::new(2));
        let mut seen = Vec::new();
        for resumes in [false, true, true] {
            let buffers = full_buffers().with_session_buffer(vec![0; 400]);
            let client = Connection::client(&client_config, name("localhost"), buffers).unwrap();
            let server = Connection::server(&server_config, full_buffers()).unwrap();
            let mut pair = Pair::with(client, client_chip, server, server_chip);
            pair.connect();
            for connection in [&pair.client, &pair.server] {
                assert_eq!(connection.negotiated().unwrap().psk, resumes.then_some(PskKind::Resumption));
            }
            pair.exchange(&pattern(1000), true);
            pair.exchange(&pattern(1000), false);
            let Pair { client, server, client_provider, server_provider, client_wire, server_wire, .. } = pair;
            drop((client, server));
            (client_chip, server_chip) = (client_provider, server_provider);
            assert_eq!((client_chip.taken(), server_chip.taken()), (0, 0));
            let mut kept = [0; 400];
            let len = store.copy_to(&mut kept).unwrap();
            seen.extend([client_wire, server_wire, kept[..len].to_vec()].concat());
        }
        seen.extend([&client_chip.bus[..], &server_chip.bus].concat());
        let traces = Traces { seen, secrets: [client_chip.secrets, server_chip.secrets].concat(), taken: 0 };
        assert!(traces.secrets.len() > 100, "{} secrets", traces.secrets.len());
        assert_eq!(traces.leaks(), 0);
    }

    /// Keys never discard: the chip is full after a while, and the connection goes on without another ticket.
    #[test]
    fn a_full_chip_has_no_ticket() {
        let identity = p256();
        let key = ChipKey(&identity);
        let identities = [Identity::new(&identity.chain, &key)];
        let store = StoredSession::new(vec![0; 400]);
        let (mut chip, many) = (Chip::new(2), u8::try_from(KEPT + 1).unwrap());
        let keys = TicketKeys::new(&mut chip).unwrap();
        let client_config = ClientConfig::new(&ANY).with_sessions(&store);
        let server_config = ServerConfig::new(&identities).with_tickets(&keys).with_ticket_count(many);
        let buffers = full_buffers().with_session_buffer(vec![0; 400]);
        let client = Connection::client(&client_config, name("localhost"), buffers).unwrap();
        let server = Connection::server(&server_config, full_buffers()).unwrap();
        let mut pair = Pair::with(client, Chip::new(1), server, chip);
        pair.connect();
        assert_eq!(pair.run(), (Ok(()), Ok(())));
        for _ in 0..2 {
            pair.server.send_ticket().unwrap();
            assert_eq!(pair.run(), (Ok(()), Ok(())));
            pair.exchange(&pattern(1000), true);
            pair.exchange(&pattern(1000), false);
        }
    }
}
