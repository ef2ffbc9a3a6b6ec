//! What the worst that a peer can send costs: counted in operations, not in time. The limits are in
//! `saitls_core::limits`.

use crate::cryptography::Work;
use crate::support::forger::*;
use crate::support::hellos::*;
use crate::support::*;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::limits::*;
use saitls_core::{Connection, Error, PeerFault};

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

/// ClientHellos as long as they can be, each with one kind of list filled up: 64 kB of it, the only value in common at
/// its end. Each is walked a fixed number of times, and nothing is computed for what is in it.
#[test]
fn a_client_hello_costs_one_agreement_and_is_hashed_once_however_full_it_is() {
    use ExtensionType as E;
    const FULL: usize = fewer(65_000, 5_000);
    type Fill = fn(&mut ClientHelloParts);
    fn unknown(bytes: usize, each: usize) -> impl Iterator<Item = u16> + Clone {
        (0..bytes / each).map(|n| 0x1400 + n as u16)
    }
    let full: [(&str, Fill); 12] = [
        ("suites", |hello| hello.suites = unknown(FULL, 2).chain([0x1301]).collect()),
        ("groups", |hello| {
            hello.extensions().set(E::SUPPORTED_GROUPS, codes16(unknown(FULL - 500, 2).chain([0x001d])));
        }),
        ("schemes", |hello| {
            hello.extensions().set(E::SIGNATURE_ALGORITHMS, codes16(unknown(FULL - 500, 2).chain([0x0403])));
        }),
        ("schemes of certificates", |hello| {
            hello.extensions().set(E::SIGNATURE_ALGORITHMS_CERT, codes16(unknown(FULL - 500, 2)));
        }),
        ("shares", |hello| {
            let own = hello.shares()[0].1.clone();
            let groups = unknown(FULL - 500, 5 + 2);
            let mut shares: Vec<(u16, &[u8])> = groups.clone().map(|group| (group, &[1][..])).collect();
            shares.push((0x001d, &own));
            hello.extensions().set(E::SUPPORTED_GROUPS, codes16(groups.chain([0x001d])));
            hello.extensions().set(E::KEY_SHARE, key_shares(&shares));
        }),
        ("one share for each of many groups, of which none is offered", |hello| {
            let own = hello.shares()[0].1.clone();
            let mut shares: Vec<(u16, &[u8])> = unknown(FULL - 500, 5).map(|group| (group, &[1][..])).collect();
            shares.push((0x001d, &own));
            hello.extensions().set(E::KEY_SHARE, key_shares(&shares));
        }),
        ("extensions", |hello| {
            unknown(FULL - 500, 4).for_each(|kind| _ = hello.extensions().push(ExtensionType(kind), []));
        }),
        ("one extension, twice and more", |hello| {
            unknown(FULL - 500, 4).for_each(|_| _ = hello.extensions().push(ExtensionType(0xfafa), []));
        }),
        ("protocols", |hello| {
            let names = written(|writer| {
                writer.vector16(|writer| {
                    unknown(FULL - 500, 3).for_each(|name| writer.vector8(|writer| writer.u16(name)));
                    writer.vector8(|writer| writer.bytes(b"h2"));
                });
            });
            hello.extensions().set(E::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, names);
        }),
        ("authorities", |hello| {
            let names = written(|writer| {
                writer.vector16(|writer| {
                    unknown(FULL - 500, 4).for_each(|name| writer.vector16(|writer| writer.u16(name)));
                });
            });
            hello.extensions().set(E::CERTIFICATE_AUTHORITIES, names);
        }),
        ("names", |hello| {
            let names = written(|writer| {
                writer.vector16(|writer| {
                    for _ in unknown(FULL - 500, 4) {
                        writer.u8(9);
                        writer.vector16(|writer| writer.u8(b'a'));
                    }
                });
            });
            hello.extensions().set(E::SERVER_NAME, names);
        }),
        ("padding", |hello| _ = hello.extensions().set(E::PADDING, vec![0; FULL - 500])),
    ];
    let keys = [p256(), ed25519()];
    let identities = keys.each_ref().map(TestIdentity::identity);
    let config = ServerConfig::new(&identities).with_alpn(&[b"http/1.1", b"h2"]);
    for (what, fill) in full {
        let connection = Connection::server(&config, buffers(2 * FULL, 20_000)).unwrap();
        let (mut server, mut forger) = (Tested::new(connection), Forger::client());
        let before = server.provider.work;
        let hello = forger.make_client_hello().with(fill);
        let len = hello.message().len() as u64;
        assert!(len > 9 * FULL as u64 / 10, "{what}: {len}");
        assert_eq!(forger.hello(&mut server, &hello), Ok(()), "{what}");
        let work = since(&server, before);
        assert_eq!((work.agreements, work.verifications, work.random), (1, 0, 2), "{what}: {work:?}");
        // The transcript, our own flight, and the schedule.
        assert!(work.hashed < len + 20_000 && work.keys == 3, "{what}: {work:?}");
        forger.step(&mut server, Step::Finished).unwrap();
        assert!(server.connection.is_connected(), "{what}");
    }
}

/// Everything at once: 128 kB, as long as a ClientHello can be with suites and extensions both full.
#[test]
fn a_client_hello_of_128_kb_is_served() {
    let identity = p256();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities);
    let connection = Connection::server(&config, buffers(128 * 1024 + FULL_RECEIVE_BUFFER_LEN, 20_000)).unwrap();
    let (mut server, mut forger) = (Tested::new(connection), Forger::client());
    let hello = forger.make_client_hello().with(|hello| {
        hello.suites = (0..0x7ffe_u16).map(|n| 0x1400 + n).chain([0x1301]).collect();
        hello.extensions().set(ExtensionType(0xfe0d), vec![7; 65_100]);
    });
    assert!(hello.message().len() > 130_000);
    forger.hello(&mut server, &hello).unwrap();
    forger.step(&mut server, Step::Finished).unwrap();
    assert!(server.connection.is_connected());
}

/// A chain of thousands, of which the verifier looks at as many as it likes, here at none.
#[test]
fn certificates_cost_nothing_by_their_number() {
    const MANY: usize = fewer(10_000, 300);
    let identity = p256();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities).with_client_authentication(ClientAuthentication::Optional(&ANY));
    let connection = Connection::server(&config, buffers(100_000, 20_000)).unwrap();
    let (mut server, mut forger) = (Tested::new(connection), Forger::client());
    forger.greet(&mut server).unwrap();
    let before = server.provider.work;
    let mut chain = vec![&[0x30][..]; MANY];
    chain[0] = forger.identity.certificate;
    let message = certificate(&chain);
    forger.send_messages(&mut server, &message).unwrap();
    let work = since(&server, before);
    assert_eq!((work.agreements, work.verifications, work.signatures), (0, 0, 0), "{work:?}");
    assert!(work.hashed < message.len() as u64 + 1_000, "{work:?}");
    forger.steps(&mut server, &[Step::CertificateVerify, Step::Finished]).unwrap();
    assert_eq!(since(&server, before).verifications, 1);
    assert_eq!(server.connection.negotiated().unwrap().peer_chain_len, MANY);
}

/// Both hellos around a HelloRetryRequest, and no third.
#[test]
fn a_second_client_hello_is_the_last() {
    with_server(|server, forger| {
        let empty =
            forger.make_client_hello().with(|hello| _ = hello.extensions().set(ExtensionType::KEY_SHARE, [0, 0]));
        forger.hello(server, &empty).unwrap();
        assert_eq!(server.provider.work.agreements, 0, "nothing is computed for a client that sends no share");
        assert_eq!(forger.send_messages(server, &empty.message()), Err(PeerFault::IllegalKeyShare.into()));
        assert_eq!(server.provider.work.agreements, 0);
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
        assert_eq!(forger.send_messages(server, &wrong), Err(PeerFault::BadSignature.into()));
        assert_eq!(server.provider.work.verifications, 1);
    });
}

/// Floods of what has no effect: how many records are opened before the connection ends.
#[test]
fn a_flood_costs_no_more_than_its_limit() {
    type Flood = (fn(&mut Forger) -> Vec<u8>, u8, Error);
    let floods: [Flood; 4] = [
        (
            |forger| forger.record(ContentType::APPLICATION_DATA, &[]),
            MAX_IDLE_RECORDS,
            Error::Peer(PeerFault::TooManyIdleRecords),
        ),
        (
            |forger| forger.record(ContentType::ALERT, &[1, 90]),
            MAX_IDLE_RECORDS,
            Error::Peer(PeerFault::TooManyIdleRecords),
        ),
        (|forger| forger.message_records(&key_update(0)), MAX_KEY_UPDATES, Error::Peer(PeerFault::TooManyKeyUpdates)),
        (|forger| forger.message_records(&key_update(1)), MAX_KEY_UPDATES, Error::Peer(PeerFault::TooManyKeyUpdates)),
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
            assert_eq!(result, Err(PeerFault::BadRecordMac.into()), "{len}");
            assert!(since(server, before).opened <= most + 1, "{len}");
        });
    }
}

/// The records of a client that offers early data are as long as there are, whatever room we have: they are dropped as
/// they come, and counted.
#[test]
fn early_data_that_is_longer_than_the_buffer_is_skipped() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities);
    let record = plain_record(ContentType::APPLICATION_DATA, &vec![7; 16_000]);
    for chunk in fewer::<&[usize]>(&[1, 100, 1_500, usize::MAX], &[1_500]) {
        let connection = Connection::server(&config, buffers(2_048, 4_096)).unwrap();
        let (mut server, mut forger) = (Tested::new(connection), Forger::client());
        let hello = forger.make_client_hello().with(|hello| {
            hello.extensions().set(ExtensionType::EARLY_DATA, []);
        });
        forger.hello(&mut server, &hello).unwrap();
        let mut deliver = |bytes: &[u8]| bytes.chunks(*chunk).try_for_each(|chunk| server.deliver(chunk));
        for _ in 0..3 {
            assert_eq!(deliver(&record), Ok(()));
        }
        forger.step(&mut server, Step::Finished).unwrap();
        assert!(server.connection.is_connected(), "{chunk}");
    }
    // No more of them than of others.
    let connection = Connection::server(&config, buffers(2_048, 4_096)).unwrap();
    let (mut server, mut forger) = (Tested::new(connection), Forger::client());
    let hello = forger.make_client_hello().with(|hello| {
        hello.extensions().set(ExtensionType::EARLY_DATA, []);
    });
    forger.hello(&mut server, &hello).unwrap();
    let results: Vec<_> = (0..5).map(|_| server.deliver(&record)).collect();
    assert_eq!(results[3..], [Ok(()), Err(PeerFault::BadRecordMac.into())]);
}

/// Bytes of somebody who knows no key: the first that are no record end it.
#[test]
fn noise_costs_one_attempt() {
    with_server(|server, forger| {
        forger.greet(server).unwrap();
        let before = server.provider.work;
        let noise: Vec<u8> =
            (0..100).flat_map(|at| plain_record(ContentType::APPLICATION_DATA, &pattern(200 + at))).collect();
        assert_eq!(server.deliver(&noise), Err(PeerFault::BadRecordMac.into()));
        assert_eq!(since(server, before).opened, 1);
    });
}

/// A store of PSKs that does not know yet is asked as often as one likes: nothing is hashed again for that.
#[cfg(feature = "psk")]
#[test]
fn a_lookup_that_is_pending_costs_nothing_each_time() {
    use core::task::Poll;
    use saitls_core::psk::{FoundPsk, PskStore};
    struct Never;
    impl PskStore<Provider> for Never {
        fn poll_find(&self, _: &mut Provider, _: &[u8]) -> Poll<saitls_core::Result<Option<FoundPsk<Provider>>>> {
            Poll::Pending
        }
    }
    struct Later(std::sync::atomic::AtomicBool);
    impl PskStore<Provider> for Later {
        fn poll_find(
            &self,
            provider: &mut Provider,
            identity: &[u8],
        ) -> Poll<saitls_core::Result<Option<FoundPsk<Provider>>>> {
            match self.0.swap(true, std::sync::atomic::Ordering::Relaxed) {
                false => Poll::Ready(Ok(None)),
                true => Never.poll_find(provider, identity),
            }
        }
    }
    let identity = p256();
    let identities = [identity.identity()];
    let store = Later(false.into());
    let config = ServerConfig::new(&identities).with_psks(&store);
    let (mut server, mut forger) = (Tested::server(&config), Forger::client());
    let psks: [(&[u8], _, &[u8]); 1] = [(b"pump-17", HashAlgorithm::Sha256, &[7; 32])];
    let second = crate::psk::hello(&mut forger, &[1], &psks);
    let first = second.clone().with(|hello| _ = hello.extensions().set(ExtensionType::KEY_SHARE, [0, 0]));
    let first = forger.bind(first, &psks);
    forger.hello(&mut server, &first).unwrap();
    assert!(forger.server_hello.as_ref().unwrap().is_hello_retry_request());
    let second = forger.bind(second, &psks);
    forger.hello(&mut server, &second).unwrap();
    let before = server.provider.work;
    for _ in 0..100 {
        server.process().unwrap();
    }
    let work = since(&server, before);
    assert_eq!((work.hashes, work.hashed), (0, 0), "{work:?}");
}
