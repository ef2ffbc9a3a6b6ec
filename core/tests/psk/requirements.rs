//! What must be beside PSKs in a hello (RFC 9846 9.2), and what must not be answered.

use super::*;
use crate::support::forger::server_share;
use crate::support::hellos::codes16;
use ExtensionType as E;

fn without(hello: &mut ClientHelloParts, kinds: &[ExtensionType]) {
    for kind in kinds {
        hello.extensions().remove(*kind);
    }
}

#[test]
fn a_client_leaves_out_only_what_its_psk_does_without() {
    let psks = [Psk::new(b"pump-17", KEY)];
    let config = ServerConfig::psk_only(&psks).with_psk_modes(PskModes::Either);
    let offer: &[(&[u8], _, &[u8])] = &[(b"pump-17", SHA256, KEY)];
    let cases: [(&[u8], &[ExtensionType], Option<Alert>); 9] = [
        (&[0], &[E::SUPPORTED_GROUPS, E::KEY_SHARE, E::SIGNATURE_ALGORITHMS], None),
        (&[0], &[E::SIGNATURE_ALGORITHMS], None),
        (&[1], &[E::SIGNATURE_ALGORITHMS], None),
        (&[0], &[E::SUPPORTED_GROUPS], Some(Alert::MISSING_EXTENSION)),
        (&[0], &[E::KEY_SHARE], Some(Alert::MISSING_EXTENSION)),
        (&[0, 1], &[E::SUPPORTED_GROUPS], Some(Alert::MISSING_EXTENSION)),
        (&[0, 1], &[E::KEY_SHARE], Some(Alert::MISSING_EXTENSION)),
        (&[1], &[E::SUPPORTED_GROUPS, E::KEY_SHARE], Some(Alert::HANDSHAKE_FAILURE)),
        (&[0], &[E::PSK_KEY_EXCHANGE_MODES], Some(Alert::MISSING_EXTENSION)),
    ];
    for (modes, left_out, alert) in cases {
        let (mut tested, mut forger) = (Tested::server(&config), Forger::client());
        forger.psk = Some(KEY.to_vec());
        let hello = hello(&mut forger, modes, offer).with(|hello| without(hello, left_out));
        let hello = bind(&mut forger, hello, offer);
        let result = forger.hello(&mut tested, &hello);
        assert_eq!(result.err().and_then(Error::alert), alert, "{modes:?} {left_out:?}");
        assert_eq!(tested.connection.alert_sent(), alert);
    }
}

/// Also where it is a PSK that the server wants, and where all it has is one.
#[test]
fn a_client_without_a_psk_says_all_that_certificates_need() {
    let psks = [Psk::new(b"pump-17", KEY)];
    let config = ServerConfig::psk_only(&psks);
    let cases: [(&[ExtensionType], Alert); 5] = [
        (&[], Alert::HANDSHAKE_FAILURE),
        (&[E::SIGNATURE_ALGORITHMS], Alert::MISSING_EXTENSION),
        (&[E::SUPPORTED_GROUPS, E::KEY_SHARE], Alert::MISSING_EXTENSION),
        (&[E::SUPPORTED_GROUPS], Alert::MISSING_EXTENSION),
        (&[E::KEY_SHARE], Alert::MISSING_EXTENSION),
    ];
    for (left_out, alert) in cases {
        let (mut tested, mut forger) = (Tested::server(&config), Forger::client());
        let hello = forger.make_client_hello().with(|hello| without(hello, left_out));
        let result = forger.hello(&mut tested, &hello);
        assert_eq!(result.err().and_then(Error::alert), Some(alert), "{left_out:?}");
        assert_eq!(forger.alert(&mut tested), Some(alert));
    }
}

/// A client that wants no key agreement has not asked for a share, nor for groups; one that takes no certificate, for
/// none of its types.
#[test]
fn what_was_not_asked_for_is_not_answered() {
    let psks = [Psk::new(b"pump-17", KEY)];
    let types = [CertificateType::RAW_PUBLIC_KEY];
    let config = ClientConfig::psk_only(&psks)
        .with_psk_modes(PskModes::WithoutKeyExchange)
        .with_peer_certificate_types(&types)
        .with_certificate_types(&types);
    let unsolicited = Err(PeerFault::UnsolicitedExtension.into());
    let (mut tested, forger, mut hello) = greeted(&config);
    hello.extensions().set(E::KEY_SHARE, server_share(NamedGroup::X25519.0, &[9; 32]));
    assert_eq!(forger.send_raw(&mut tested, &plain_record(ContentType::HANDSHAKE, &hello.message())), unsolicited);
    assert_eq!(tested.connection.alert_sent(), Some(Alert::UNSUPPORTED_EXTENSION));
    let (mut tested, forger, _) = greeted(&config);
    let request = forger.make_hello_retry_request(Some(NamedGroup::X25519), None);
    assert_eq!(forger.send_raw(&mut tested, &plain_record(ContentType::HANDSHAKE, &request.message())), unsolicited);
    assert_eq!(tested.connection.alert_sent(), Some(Alert::UNSUPPORTED_EXTENSION));
    for (kind, data) in [
        (E::SUPPORTED_GROUPS, codes16([NamedGroup::X25519.0])),
        (E::SERVER_CERTIFICATE_TYPE, vec![CertificateType::RAW_PUBLIC_KEY.0]),
        (E::CLIENT_CERTIFICATE_TYPE, vec![CertificateType::RAW_PUBLIC_KEY.0]),
    ] {
        let (mut tested, mut forger, hello) = greeted(&config);
        forger.send_messages(&mut tested, &hello.message()).unwrap();
        let message = encrypted_extensions(&[(kind, data)]);
        assert_eq!(forger.send_messages(&mut tested, &message), unsolicited, "{kind}");
        assert_eq!(forger.alert(&mut tested), Some(Alert::UNSUPPORTED_EXTENSION));
    }
}

/// A client that needs a PSK offers no suite for which it has none.
#[test]
fn suites_of_a_client_that_needs_a_psk() {
    let psks = [Psk::new(b"a", OTHER).with_hash(HashAlgorithm::Sha384), Psk::new(b"b", KEY)];
    let suites =
        [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384, CipherSuite::CHACHA20_POLY1305_SHA256];
    for (psks, expected) in
        [(&psks[..], &[0x1302, 0x1301, 0x1303][..]), (&psks[..1], &[0x1302]), (&psks[1..], &[0x1301, 0x1303])]
    {
        let config = ClientConfig::psk_only(psks).with_cipher_suites(&suites);
        let (mut tested, mut forger) = (Tested::client(&config), Forger::server());
        tested.process().unwrap();
        forger.receive(&mut tested);
        assert_eq!(forger.client_hello.as_ref().unwrap().suites, expected);
        // A server that chooses another one all the same, at once or in a HelloRetryRequest.
        if !expected.contains(&0x1301) {
            let request = forger.make_hello_retry_request(Some(NamedGroup::SECP384R1), None);
            let result = forger.send_messages(&mut tested, &request.message());
            assert_eq!(result, Err(PeerFault::IllegalCipherSuite.into()));
            assert_eq!(forger.alert(&mut tested), Some(Alert::ILLEGAL_PARAMETER));
        }
    }
    // There is none: no hello is sent.
    let config = ClientConfig::psk_only(&psks[..1]).with_cipher_suites(&suites[..1]);
    let mut tested = Tested::client(&config);
    let wrong = Error::InvalidConfiguration(saitls_core::error::Misconfiguration::PreSharedKeyHash);
    assert_eq!(tested.process(), Err(wrong));
    assert_eq!(tested.take()[0], ContentType::ALERT.0);
    // Where a certificate will do, all are offered.
    let config = ClientConfig::new(&ANY).with_psks(&psks[..1]).with_cipher_suites(&suites[..1]);
    let (mut tested, mut forger) = (Tested::client(&config), Forger::server());
    tested.process().unwrap();
    forger.receive(&mut tested);
    assert_eq!(forger.client_hello.as_ref().unwrap().suites, [0x1301]);
}
