//! Chains in handshakes: what the peers hear, and what the application learns.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::wire::*;
use super::support::*;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, date_time_ymd};
use saitls_core::codes::AlertDescription as Alert;
use saitls_core::config::*;
use saitls_core::crypto::dangerous::AcceptAnyPeer;
use saitls_core::crypto::x509;
use saitls_core::error::Misconfiguration;
use saitls_core::{CertificateFault, Connection, Error, PeerAuthentication, ServerName};
use saitls_webpki::*;

/// A server with this chain, and a client that trusts this root.
fn server_is(pki: &Pki, root: &[u8]) -> (Result<(), Error>, Result<(), Error>) {
    let (anchors, chain) = (anchor(root), pki.chain());
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    let client = ClientConfig::new(&verifier);
    let identities = [pki.leaf.identity(&chain)];
    let server = ServerConfig::new(&identities);
    Pair::new(&client, &server).run()
}

/// A client with this chain, and a server that trusts this root and asks.
fn client_is(pki: &Pki, root: &[u8], required: bool) -> (Result<(), Error>, Result<(), Error>) {
    let (anchors, chain) = (anchor(root), pki.chain());
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    let own = Pki::new(0);
    let own_chain = own.chain();
    let server_identities = [own.leaf.identity(&own_chain)];
    let authentication = match required {
        true => ClientAuthentication::Required(&verifier),
        false => ClientAuthentication::Optional(&verifier),
    };
    let server = ServerConfig::new(&server_identities).with_client_authentication(authentication);
    let identities = [pki.leaf.identity(&chain)];
    let client = ClientConfig::new(&AcceptAnyPeer).with_identities(&identities);
    Pair::new(&client, &server).run()
}

/// A server `server.test` below one intermediate, with what `change` does to it.
fn with(change: impl FnOnce(&mut CertificateParams)) -> Pki {
    let mut params = end_entity(&["server.test"]);
    change(&mut params);
    Pki::with_leaf(1, params)
}

/// Each reason to refuse a chain, and its alert (RFC 9846 6.2), whichever side it is on, also where a certificate
/// would have been optional.
#[test]
fn who_is_refused_hears_why() {
    let good = || with(|_| {});
    let expired = with(|leaf| leaf.not_after = date_time_ymd(2026, 2, 1));
    let early = with(|leaf| leaf.not_before = date_time_ymd(2026, 12, 1));
    let other_use = with(|leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning]);
    let mut tampered = good();
    *tampered.leaf.der.last_mut().unwrap() ^= 1;
    let mut authority_as_peer = good();
    authority_as_peer.leaf = authority_as_peer.root.issue(authority("leaf"));
    let mut self_signed_peer = good();
    self_signed_peer.leaf = self_signed(end_entity(&["server.test"]), Key::p256());
    let mut rootless = good();
    rootless.intermediates.clear();
    for (pki, error, alert) in [
        (expired, Error::Certificate(CertificateFault::Expired), Alert::CERTIFICATE_EXPIRED),
        (early, Error::Certificate(CertificateFault::NotYetValid), Alert::CERTIFICATE_EXPIRED),
        (other_use, Error::Certificate(CertificateFault::Purpose), Alert::UNSUPPORTED_CERTIFICATE),
        (tampered, Error::Certificate(CertificateFault::Bad), Alert::BAD_CERTIFICATE),
        (
            authority_as_peer,
            Error::Certificate(CertificateFault::CertificationAuthorityAsPeer),
            Alert::UNSUPPORTED_CERTIFICATE,
        ),
        (self_signed_peer, Error::Certificate(CertificateFault::SelfSigned), Alert::UNKNOWN_CA),
        (rootless, Error::Certificate(CertificateFault::UnknownIssuer), Alert::UNKNOWN_CA),
    ] {
        let heard = Err(Error::AlertReceived(alert));
        assert_eq!(server_is(&pki, &pki.root.der), (Err(error), heard));
        assert_eq!(client_is(&pki, &pki.root.der, true), (heard, Err(error)));
        assert_eq!(client_is(&pki, &pki.root.der, false), (heard, Err(error)));
    }
    assert_eq!(server_is(&good(), &good().root.der).0, Err(CertificateFault::Bad.into()));
    let named_otherwise = Pki::with_leaf(1, end_entity(&["other.test"]));
    let heard = Err(Error::AlertReceived(Alert::CERTIFICATE_UNKNOWN));
    assert_eq!(
        server_is(&named_otherwise, &named_otherwise.root.der),
        (Err(CertificateFault::NameMismatch.into()), heard)
    );
    // The name of a client is the application's business.
    assert_eq!(client_is(&named_otherwise, &named_otherwise.root.der, true), (Ok(()), Ok(())));
}

/// A server and a client with nothing but P-521: key exchange, certificate, CertificateVerify.
#[test]
fn p521_throughout() {
    use saitls_core::codes::{NamedGroup, SignatureScheme};
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(2_000_000_000));
    let anchors = anchor(include_bytes!("data/p521-sha512.root.der"));
    let verifier = ChainVerifier::new(&anchors, &time).unwrap();
    let key = saitls_rustcrypto::SigningKey::from_der(include_bytes!("data/p521-sha512.server.key.der")).unwrap();
    let chain = [&include_bytes!("data/p521-sha512.server.der")[..]];
    let identities = [key.identity(&chain).unwrap()];
    let (groups, schemes) = ([NamedGroup::SECP521R1], [SignatureScheme::ECDSA_SECP521R1_SHA512]);
    let server = ServerConfig::new(&identities)
        .with_client_authentication(ClientAuthentication::Required(&verifier))
        .with_signature_schemes(&schemes);
    let client = ClientConfig::new(&verifier)
        .with_identities(&identities)
        .with_named_groups(&groups)
        .with_signature_schemes(&schemes);
    let mut pair = Pair::new(&client, &server);
    pair.connect();
    let negotiated = pair.client.negotiated().unwrap();
    assert_eq!(negotiated.named_group, Some(NamedGroup::SECP521R1));
    assert_eq!((pair.client_provider.verified, pair.server_provider.verified), (2, 2));
}

#[test]
fn both_sides_learn_who_the_other_is() {
    let (of_server, of_client) = (Pki::new(2), Pki::new(1));
    let (server_anchors, client_anchors) = (anchor(&of_server.root.der), anchor(&of_client.root.der));
    let trusts_servers = ChainVerifier::new(&server_anchors, &NOW).unwrap();
    let trusts_clients = ChainVerifier::new(&client_anchors, &NOW).unwrap();
    let (server_chain, client_chain) = (of_server.chain(), of_client.chain());
    let (servers, clients) = ([of_server.leaf.identity(&server_chain)], [of_client.leaf.identity(&client_chain)]);
    let client = ClientConfig::new(&trusts_servers).with_identities(&clients);
    let server =
        ServerConfig::new(&servers).with_client_authentication(ClientAuthentication::Required(&trusts_clients));
    let mut pair = Pair::new(&client, &server);
    pair.client_provider.pends = 2;
    pair.server_provider.pends = 3;
    pair.connect();
    // Chains of three and of two, and a CertificateVerify each.
    assert_eq!((pair.client_provider.verified, pair.server_provider.verified), (4, 3));
    let at_client = pair.client.negotiated().unwrap();
    assert_eq!(at_client.verified_name, ServerName::try_from("server.test").ok().as_ref());
    assert_eq!(at_client.peer_chain_len, 3);
    assert_eq!(at_client.peer_certificate, Some(&*of_server.leaf.der));
    let at_server = pair.server.negotiated().unwrap();
    assert_eq!((at_server.verified_name, at_server.peer_chain_len), (None, 2));
    assert_eq!(at_server.peer_authentication, PeerAuthentication::Certificate);
    assert_eq!(at_server.peer_certificate, Some(&*of_client.leaf.der));
    assert_eq!(at_server.peer_public_key(), x509::subject_public_key_info(&of_client.leaf.der).ok());
}

#[test]
fn a_verifier_of_names_needs_a_name_from_the_start() {
    let pki = Pki::new(0);
    let anchors = anchor(&pki.root.der);
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    let nameless =
        |config: &ClientConfig<'_, Counting>| Connection::client(config, None, buffers(16_645)).err().map(Error::from);
    let needed = Some(Error::InvalidConfiguration(Misconfiguration::NoServerName));
    assert_eq!(nameless(&ClientConfig::new(&verifier)), needed);
    assert_eq!(nameless(&ClientConfig::new(&RotatingVerifier::new(verifier))), needed);
    assert_eq!(nameless(&ClientConfig::new(&AcceptAnyPeer)), None);
}

#[test]
fn a_name_is_verified_only_if_a_chain_says_so() {
    let pki = Pki::new(0);
    let chain = pki.chain();
    let identities = [pki.leaf.identity(&chain)];
    let (client, server) = (ClientConfig::new(&AcceptAnyPeer), ServerConfig::new(&identities));
    let mut pair = Pair::new(&client, &server);
    pair.connect();
    assert_eq!(pair.client.negotiated().unwrap().verified_name, None);
}

#[test]
fn a_chain_of_three_rsa_4096_certificates_needs_a_buffer_and_the_error_says_which() {
    let chain: [&[u8]; 3] = [
        include_bytes!("data/rsa4096.server.der"),
        include_bytes!("data/rsa4096.second.der"),
        include_bytes!("data/rsa4096.first.der"),
    ];
    let key = saitls_rustcrypto::SigningKey::from_der(include_bytes!("data/rsa4096.server.key.der")).unwrap();
    let later = UnixTime::since_unix_epoch(std::time::Duration::from_secs(2_000_000_000));
    let anchors = anchor(include_bytes!("data/rsa4096.root.der"));
    let verifier = ChainVerifier::new(&anchors, &later).unwrap();
    let client = ClientConfig::new(&verifier);
    let identities = [Identity::new(&chain, &key)];
    let server = ServerConfig::new(&identities);
    let with_buffer = |receive| Pair::with_buffers(&client, &server, receive).run();

    let (refused, heard) = with_buffer(4_096);
    assert_eq!(heard, Err(Error::AlertReceived(Alert::INTERNAL_ERROR)));
    let Err(Error::ReceiveBufferTooSmall(needed)) = refused else { panic!("{refused:?}") };
    assert!((4_097..6_000).contains(&needed.get()), "{needed}");
    assert_eq!(with_buffer(8_192), (Ok(()), Ok(())));
    // What the error says is needed for what has come; the record behind it may take a little more, and says so.
    let mut receive = needed.get();
    let mut rounds = 1;
    while let Err(Error::ReceiveBufferTooSmall(needed)) = with_buffer(receive).0 {
        assert!(needed.get() > receive);
        (receive, rounds) = (needed.get(), rounds + 1);
    }
    assert!(rounds <= 3 && receive < 6_000, "{receive} bytes after {rounds} rounds");
    assert_eq!(with_buffer(receive), (Ok(()), Ok(())));
}
