//! The same behind a hello that agreed on a PSK: then nobody shows a certificate, nor asks for one (RFC 9846 4.4.2,
//! 4.5).

use super::*;
use crate::psk::{KEY, hello};
use saitls_core::Connection;
use saitls_core::psk::PreSharedKey;

/// One less than of the others: the states are few, and no others than there.
fn length() -> usize {
    super::length().saturating_sub(1).max(1)
}

#[test]
fn a_client_with_a_psk_takes_no_other_order() {
    let psks = [PreSharedKey::new(b"pump-17", KEY)];
    let identity = ed25519();
    let identities = [identity.identity()];
    // It has certificates, and would take one.
    let config = ClientConfig::new(&ANY).with_psks(&psks).with_identities(&identities);
    let outcome = |state, symbol| match client_outcome(state, symbol) {
        Next(C::WaitCertificateOrRequest) => Next(C::WaitFinished),
        outcome => outcome,
    };
    let mut tally = Tally::default();
    for state in [C::WaitEncryptedExtensions, C::WaitFinished, C::Connected] {
        let reach = || {
            let mut client = Tested::new(Connection::client(&config, name("localhost"), buffers(2048, 2048)).unwrap());
            let mut forger = Forger::server();
            client.process().unwrap();
            forger.receive(&mut client);
            forger.psk = Some(KEY.to_vec());
            let hello = forger.make_server_hello();
            let hello = hello.with(|hello| _ = hello.extensions().set(ExtensionType::PRE_SHARED_KEY, [0, 0]));
            forger.send_messages(&mut client, &hello.message()).unwrap();
            let steps: &[Step] = match state {
                C::WaitEncryptedExtensions => &[],
                C::WaitFinished => &[Step::EncryptedExtensions],
                _ => &[Step::EncryptedExtensions, Step::Finished],
            };
            forger.steps(&mut client, steps).unwrap();
            forger.receive(&mut client);
            (client, forger)
        };
        explore(&reach, &outcome, false, (state, 0), &mut vec![], length(), &mut tally);
    }
    println!("client with a PSK: {tally:?}");
    assert!(tally.connected > 0 || cfg!(miri));
}

#[test]
fn a_server_with_a_psk_takes_no_other_order() {
    let psks = [PreSharedKey::new(b"pump-17", KEY)];
    let identity = p256();
    let identities = [identity.identity()];
    // It would ask others for a certificate.
    let required = ClientAuthentication::Required(&ANY);
    let config = ServerConfig::new(&identities).with_psks(&psks).with_client_authentication(required);
    let mut tally = Tally::default();
    for state in [S::WaitFinished, S::Connected] {
        let reach = || {
            let mut server = Tested::new(Connection::server(&config, buffers(2048, 2048)).unwrap());
            let mut forger = Forger::client();
            forger.psk = Some(KEY.to_vec());
            let hello = hello(&mut forger, &[1], &[(b"pump-17", HashAlgorithm::Sha256, KEY)]);
            forger.hello(&mut server, &hello).unwrap();
            if state == S::Connected {
                forger.step(&mut server, Step::Finished).unwrap();
                forger.receive(&mut server);
            }
            (server, forger)
        };
        let place = ServerPlace { state, asks: true, has_opened: state == S::Connected };
        explore(&reach, &server_outcome, false, (place, 0), &mut vec![], length(), &mut tally);
    }
    println!("server with a PSK: {tally:?}");
    assert!(tally.connected > 0 || cfg!(miri));
}
