//! What the worst that a peer can send costs: counted in operations, not in time. The limits are in
//! `saitls_core::limits`.

use crate::cryptography::Work;
use crate::support::forger::*;
use crate::support::hellos::*;
use crate::support::*;
use saitls_core::Error;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::limits::*;

/// What a connection did from here on.
fn since(tested: &Tested<'_>, before: Work) -> Work {
    let now = tested.provider.work;
    Work {
        hashed: now.hashed - before.hashed,
        hashes: now.hashes - before.hashes,
        keys: now.keys - before.keys,
        sealed: now.sealed - before.sealed,
        opened: now.opened - before.opened,
        agreements: now.agreements - before.agreements,
        verifications: now.verifications - before.verifications,
        signatures: now.signatures - before.signatures,
        random: now.random - before.random,
    }
}

fn with_server(f: impl FnOnce(&mut Tested<'_>, &mut Forger)) {
    let identity = p256();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities).with_client_authentication(ClientAuthentication::Optional(&ANY));
    f(&mut Tested::server(&config), &mut Forger::client());
}

/// A ClientHello as full as the receive buffer takes, in everything that has no end of its own.
#[test]
fn a_client_hello_costs_one_agreement_and_is_hashed_once_however_full_it_is() {
    with_server(|server, forger| {
        let before = server.provider.work;
        let hello = forger.make_client_hello().with(|hello| {
            hello.suites.extend((0..2_000).map(|at| 0x2000 + at));
            let extensions = hello.extensions();
            let groups = [0x001d, 0x0017].into_iter().chain((0..1_500).map(|at| 0x4000 + at));
            extensions.set(ExtensionType::SUPPORTED_GROUPS, codes16(groups));
            let schemes = [0x0403].into_iter().chain((0..1_500).map(|at| 0x5000 + at));
            extensions.set(ExtensionType::SIGNATURE_ALGORITHMS, codes16(schemes));
            for kind in 0..u16::try_from(MAX_EXTENSIONS).unwrap() - 8 {
                extensions.push(ExtensionType(0x7000 + kind), vec![0; 40]);
            }
        });
        let len = hello.message().len() as u64;
        assert!(len > 12_000);
        forger.hello(server, &hello).unwrap();
        let work = since(server, before);
        assert_eq!((work.agreements, work.verifications, work.random), (1, 0, 2), "{work:?}");
        // The transcript, our own flight, and the schedule.
        assert!(work.hashed < len + 20_000 && work.keys == 3, "{work:?}");
    });
}

/// Both hellos around a HelloRetryRequest, and no third.
#[test]
fn a_second_client_hello_is_the_last() {
    with_server(|server, forger| {
        let empty =
            forger.make_client_hello().with(|hello| _ = hello.extensions().set(ExtensionType::KEY_SHARE, [0, 0]));
        forger.hello(server, &empty).unwrap();
        assert_eq!(server.provider.work.agreements, 0, "nothing is computed for a client that sends no share");
        assert_eq!(forger.send_messages(server, &empty.message()), Err(Error::IllegalKeyShare));
        assert_eq!(server.provider.work.agreements, 0);
    });
}

#[test]
fn more_shares_extensions_and_certificates_than_we_look_at_end_the_handshake_before_any_computation() {
    let shares: Vec<(u16, &[u8])> = (0..=MAX_PEER_KEY_SHARES as u16).map(|at| (0x6000 + at, &[1; 4][..])).collect();
    let many: Vec<u16> = shares.iter().map(|(group, _)| *group).collect();
    with_server(|server, forger| {
        let hello = forger.make_client_hello().with(|hello| {
            hello.extensions().set(ExtensionType::KEY_SHARE, key_shares(&shares));
            hello.extensions().set(ExtensionType::SUPPORTED_GROUPS, codes16(many));
        });
        assert_eq!(forger.hello(server, &hello), Err(Error::TooManyEntries));
        assert_eq!(server.provider.work, Work::default());
    });
    with_server(|server, forger| {
        let hello = forger.make_client_hello().with(|hello| {
            for kind in 0..=MAX_EXTENSIONS as u16 {
                hello.extensions().push(ExtensionType(0x7000 + kind), []);
            }
        });
        assert_eq!(forger.hello(server, &hello), Err(Error::TooManyEntries));
        assert_eq!(server.provider.work, Work::default());
    });
    with_server(|server, forger| {
        forger.greet(server).unwrap();
        let before = server.provider.work;
        let chain = [&[0x30, 0][..]; MAX_CERTIFICATES + 1];
        assert_eq!(forger.send_messages(server, &certificate(&chain)), Err(Error::TooManyEntries));
        assert_eq!(since(server, before).verifications, 0);
    });
}

/// One signature for one CertificateVerify, right or wrong.
#[test]
fn a_handshake_costs_one_verification() {
    with_server(|server, forger| {
        forger.greet(server).unwrap();
        forger.steps(server, &[Step::Certificate]).unwrap();
        let scheme = SignatureScheme::ED25519;
        let wrong = certificate_verify(scheme.0, &[0; 64]);
        assert_eq!(forger.send_messages(server, &wrong), Err(Error::BadSignature));
        assert_eq!(server.provider.work.verifications, 1);
    });
}

/// Floods of what has no effect: how many records are opened before the connection ends.
#[test]
fn a_flood_costs_no_more_than_its_limit() {
    type Flood = (fn(&mut Forger) -> Vec<u8>, u8, Error);
    let floods: [Flood; 4] = [
        (|forger| forger.record(ContentType::APPLICATION_DATA, &[]), MAX_IDLE_RECORDS, Error::TooManyIdleRecords),
        (|forger| forger.record(ContentType::ALERT, &[1, 90]), MAX_IDLE_RECORDS, Error::TooManyIdleRecords),
        (|forger| forger.message_records(&key_update(0)), MAX_KEY_UPDATES, Error::TooManyKeyUpdates),
        (|forger| forger.message_records(&key_update(1)), MAX_KEY_UPDATES, Error::TooManyKeyUpdates),
    ];
    for (record, limit, error) in floods {
        with_server(|server, forger| {
            forger.greet(server).unwrap();
            forger.steps(server, &[Step::EmptyCertificate, Step::Finished]).unwrap();
            let before = server.provider.work;
            // All at once, with an application that takes nothing from our transmit buffer.
            let flood: Vec<u8> = (0..200).flat_map(|_| record(forger)).collect();
            assert_eq!(server.deliver(&flood), Err(error));
            let work = since(server, before);
            assert_eq!(work.opened, u64::from(limit) + 1, "{work:?}");
            // However many requests: a KeyUpdate of ours, or none, and the alert.
            assert!(work.sealed <= u64::from(limit) + 2 && work.keys <= 2 * u64::from(limit) + 2, "{work:?}");
        });
    }
}

/// A client that announces early data which we do not take: each record costs one attempt, and what they count is
/// the bytes on the wire, so that empty ones come to an end, too.
#[test]
fn early_data_is_skipped_up_to_a_limit() {
    for &len in fewer::<&[usize]>(&[0, 1, 17, 1_000, 16_000], &[1_000, 16_000]) {
        with_server(|server, forger| {
            let hello = forger.make_client_hello().with(|hello| {
                hello.extensions().set(ExtensionType::EARLY_DATA, []);
            });
            forger.hello(server, &hello).unwrap();
            let before = server.provider.work;
            let record = plain_record(ContentType::APPLICATION_DATA, &vec![7; len]);
            let most = u64::from(MAX_SKIPPED_EARLY_DATA) / record.len() as u64;
            let mut result = Ok(());
            for _ in 0..=most {
                assert_eq!(result, Ok(()), "{len}");
                result = server.deliver(&record);
            }
            assert_eq!(result, Err(Error::BadRecordMac), "{len}");
            assert!(since(server, before).opened <= most + 1, "{len}");
        });
    }
}

/// Bytes of somebody who knows no key: the first record that is none ends it.
#[test]
fn noise_costs_one_attempt() {
    with_server(|server, forger| {
        forger.greet(server).unwrap();
        let before = server.provider.work;
        let noise: Vec<u8> =
            (0..100).flat_map(|at| plain_record(ContentType::APPLICATION_DATA, &pattern(200 + at))).collect();
        assert_eq!(server.deliver(&noise), Err(Error::BadRecordMac));
        assert_eq!(since(server, before).opened, 1);
    });
}
