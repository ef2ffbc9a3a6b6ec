//! A client and a server of saitls-core over a provider of which nothing is known: every length, every byte and every
//! result comes from a register that the compiler must not look into. So whatever is left of `core::panicking` in the
//! linked image is a way for a peer, a transport, an application or a crypto driver to make saitls-core panic.

#![no_std]
#![no_main]

mod stub;

use core::hint::black_box;
use core::time::Duration;
use rustls_pki_types::{Der, DnsName, TrustAnchor, UnixTime};
use saitls_chain::ChainVerifier;
use saitls_core::codes::{AlertDescription, HashAlgorithm, MaxFragmentLength, SignatureScheme};
use saitls_core::config::{ClientAuthentication, ClientConfig, Identity, Padding, ServerConfig};
use saitls_core::crypto::{PeerVerifier, PinnedKey, SignatureAlgorithm, VerificationProgress, x509};
use saitls_core::psk::{PreSharedKey, PskModes};
use saitls_core::session::{MemorySessions, Session, SessionStore, StoredSession};
use saitls_core::tickets::{SessionCache, StrikeRegister, TicketKeys, Ticketer};
use saitls_core::wire::{CertificateEntries, Message, Reader, der};
use saitls_core::{Buffers, Connection, ServerName};
use stub::{Stub, byte, fill, word};

/// Nothing calls it, or the check fails.
#[panic_handler]
#[inline(never)]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        black_box(word());
    }
}

/// Calls everything that a connection has.
fn live(connection: &mut Connection<'_, Stub>, provider: &mut Stub) {
    let mut data = [0; 64];
    while word() != 0 {
        let _ = black_box(connection.process(provider));
        fill(connection.records_room());
        connection.records_filled(word());
        black_box(connection.records().len());
        connection.records_sent(word());
        black_box(connection.data().len());
        connection.data_read(word());
        let _ = black_box(connection.read(&mut data));
        if let Ok(room) = connection.data_room() {
            fill(room);
        }
        connection.data_written(word());
        let _ = black_box(connection.write(&data));
        let _ = black_box(connection.write_sealed(provider, &data));
        match byte() {
            0 => connection.close(),
            1 => connection.reject(AlertDescription(byte())),
            2 => _ = black_box(connection.update_keys(word() == 1)),
            3 => connection.records_ended(),
            4 => _ = black_box(connection.export(provider, &data, &data, &mut [0; 32])),
            5 => _ = black_box(connection.export_early(provider, &data, &data, &mut [0; 32])),
            6 => _ = black_box(connection.send_ticket()),
            7 => _ = black_box(connection.early_data().map(|mut early| (early.limit(), early.write_replayable(&data)))),
            8 => {
                black_box(connection.replayable_data().map(|data| data.as_replayable_bytes().len()));
                connection.replayable_data_read(word());
                black_box(connection.early_data_status());
            }
            _ => {}
        }
        black_box((connection.waiting_for(), connection.is_handshaking(), connection.is_connected()));
        black_box((connection.may_send(), connection.may_receive(), connection.is_closed(), connection.error()));
        black_box((connection.alert_sent(), connection.alert_received()));
        if let Some(negotiated) = connection.negotiated() {
            black_box((negotiated.alpn, negotiated.server_name, negotiated.peer_public_key()));
            black_box(negotiated.psk_identity);
        }
        #[cfg(feature = "panic")]
        black_box(data[word()]);
    }
}

/// Calls what verifiers and providers call: readers of certificates and signatures, and the record of what was
/// verified.
fn read(bytes: &[u8], provider: &mut Stub) {
    let _ = black_box((
        x509::issuer(bytes),
        x509::subject(bytes),
        x509::is_self_issued(bytes),
        x509::is_self_signed(bytes),
    ));
    let _ = black_box((x509::subject_public_key_info(bytes), x509::key_usage(bytes).is_ok()));
    black_box((x509::extensions(bytes).map_or(0, Iterator::count), x509::signature_scheme(bytes)));
    if let Ok(entries) = CertificateEntries::new(bytes) {
        black_box((entries.leaf().is_some(), entries.iter().count()));
    }
    let mut reader = Reader::new(bytes);
    while let Ok(element) = der::Element::read(&mut reader) {
        black_box((element.tag, element.value, element.bytes));
        let _ = black_box(der::Element::all(element.value, byte()).is_ok());
    }
    let mut progress = VerificationProgress::<Stub>::default();
    while word() != 0 {
        let _ = black_box(progress.begin([word(); 7], || Ok(word() as u64)));
        let algorithm = SignatureAlgorithm::from(SignatureScheme(word() as u16));
        let _ = black_box(progress.poll_next(provider, algorithm, bytes, bytes, bytes));
        let answers = progress.answers();
        black_box((answers.get(word()), answers.count(), answers.are_all_valid(), progress.unusable_key().is_some()));
    }
}

fn padding() -> Padding {
    match byte() {
        0 => Padding::None,
        1 => Padding::Block(word() as u16),
        _ => Padding::Full,
    }
}

/// The entry.
#[unsafe(no_mangle)]
pub extern "C" fn start() -> ! {
    let (mut memory, mut stored) = ([0; 4_096], [0; 512]);
    fill(&mut stored);
    fill(&mut memory);
    let (pins, chain): ([[u8; 32]; 1], _) = (black_box([[0; 32]]), [&memory[..1_024]]);
    let pinned = PinnedKey::sha256(&pins);
    let anchors = [saitls_chain::anchor_from_der(&memory), saitls_chain::anchor_from_der(&memory[1_024..])];
    let anchors = anchors.map(|anchor| {
        anchor.unwrap_or(TrustAnchor {
            subject: Der::from_slice(&memory[..word().min(64)]),
            subject_public_key_info: Der::from_slice(&memory[..word().min(64)]),
            name_constraints: None,
        })
    });
    let anchors = anchors.get(..word()).unwrap_or(&anchors);
    let clock = || Ok(UnixTime::since_unix_epoch(Duration::from_secs(word() as u64)));
    let chains =
        if word() == 0 { ChainVerifier::new(anchors, &clock) } else { ChainVerifier::ignoring_validity(anchors) };
    let chains = chains.map(|chains| chains.with_max_intermediates(word()));
    let trust: &dyn PeerVerifier<Stub> = match (word(), &chains) {
        (0, _) => &stub::Anybody,
        (1, Ok(chains)) => chains,
        _ => &pinned,
    };
    let key = stub::Key;
    let identities = [Identity::new(&chain, &key)];
    let protocols = [&memory[..8]];
    let client = ClientConfig::new(trust)
        .with_identities(&identities)
        .with_alpn(&protocols)
        .with_padding(padding())
        .with_certificate_status_request()
        .with_certificate_timestamp_request()
        .with_max_fragment_length(MaxFragmentLength(byte()))
        .with_records_per_key(word() as u64)
        .with_max_key_updates(word() as u64)
        .with_record_size_limit(word() as u16);
    let psks = [
        PreSharedKey::new(&memory[..word().min(64)], &memory[..word().min(64)]).with_hash(HashAlgorithm::Sha384),
        PreSharedKey::held(&memory[..word().min(64)], &stub::Device),
    ];
    let modes = match byte() {
        0 => PskModes::WithKeyExchange,
        1 => PskModes::WithoutKeyExchange,
        _ => PskModes::Either,
    };
    let client = if word() == 0 { client.with_psks(&psks).with_psk_modes(modes) } else { client };
    let (sessions, stored) = (MemorySessions::<2>::new(), StoredSession::new(&mut stored[..]));
    let sessions: &dyn SessionStore<Stub> = match byte() {
        0 => &sessions,
        1 => &stored,
        _ => &stub::Sessions,
    };
    let client = match byte() {
        0 => client.with_sessions(sessions),
        1 => client.with_sessions(sessions).with_session_clock(&clock).with_tickets_requested(byte()),
        _ => client.with_sessions(sessions).with_session_clock(&clock).with_early_data(),
    };
    let client_of_psks = ClientConfig::psk_only(&psks).with_psk_modes(modes);
    let (list, store) = (&psks[..], stub::Device);
    let server_of_psks = ServerConfig::psk_only(&list).with_psk_modes(modes);
    let server = ServerConfig::new(&identities)
        .with_psks(&store)
        .with_psk_modes(modes)
        .with_alpn(&protocols)
        .with_padding(padding())
        .with_client_authentication(match byte() {
            0 => ClientAuthentication::None,
            1 => ClientAuthentication::Optional(trust),
            _ => ClientAuthentication::Required(trust),
        });
    let mut provider = Stub;
    let keys = TicketKeys::new(&mut provider).map(|keys| keys.with_clock(&clock).with_lifetime(word() as u32));
    let cache = SessionCache::<2>::new().with_clock(&clock);
    let ticketer: &dyn Ticketer<Stub> = match &keys {
        Ok(keys) if word() == 0 => keys,
        _ => &cache,
    };
    let strikes = StrikeRegister::<4>::new();
    let server = match byte() {
        0 => server,
        1 => server.with_tickets(ticketer).with_ticket_count(byte()),
        _ => server.with_tickets(ticketer).with_early_data(word() as u32).with_anti_replay(&strikes),
    };
    let (mut receive, mut transmit, mut peer) = ([0; 2_048], [0; 2_048], [0; 512]);
    let mut session = [0; 512];
    loop {
        let lengths = (word().min(receive.len()), word().min(transmit.len()));
        let receive = receive.get_mut(..lengths.0).unwrap_or_default();
        let transmit = transmit.get_mut(..lengths.1).unwrap_or_default();
        let buffers = Buffers::new(receive, transmit).with_peer_buffer(&mut peer[..]);
        let buffers = buffers.with_session_buffer(session.get_mut(..word().min(512)).unwrap_or_default());
        let connection = if word() == 0 {
            let name = core::str::from_utf8(&memory[..32]).ok().and_then(|name| DnsName::try_from(name).ok());
            let name = name.map(ServerName::DnsName);
            Connection::client(if word() == 0 { &client } else { &client_of_psks }, name, buffers)
        } else {
            Connection::server(if word() == 0 { &server } else { &server_of_psks }, buffers)
        };
        if let Ok(mut connection) = connection {
            live(&mut connection, &mut provider);
            let _ = black_box(connection.into_buffers());
        }
        let _ = black_box(Message::read(&memory));
        if let Ok(session) = Session::read(&memory) {
            black_box((session.len(), session.write(&mut peer), session.server_name(), session.received()));
        }
        let _ = black_box(stored.copy_to(&mut peer));
        read(&memory, &mut provider);
    }
}
