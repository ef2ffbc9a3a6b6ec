//! Chains in handshakes, in both roles.

use super::support::pki::*;
use super::support::wire::Pair;
use super::support::*;
use rcgen::date_time_ymd;
use saitls_chain::*;
use saitls_core::codes::AlertDescription as Alert;
use saitls_core::config::{ClientAuthentication, ClientConfig, ServerConfig};
use saitls_core::{CertificateFault, Error, PeerAuthentication};

#[test]
fn both_sides_verify_a_chain() {
    let (of_server, of_client) = (Pki::new(2), Pki::new(1));
    let (server_anchors, client_anchors) = (anchor(&of_server.root.der), anchor(&of_client.root.der));
    let trusts_servers = ChainVerifier::new(&server_anchors, &NOW).unwrap();
    let trusts_clients = ChainVerifier::ignoring_validity(&client_anchors).unwrap();
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
    let at_server = pair.server.negotiated().unwrap();
    assert_eq!((at_server.verified_name, at_server.peer_chain_len), (None, 2));
    assert_eq!(at_server.peer_authentication, PeerAuthentication::Certificate);
}

#[test]
fn who_is_refused_hears_why_in_both_roles() {
    let with = |change: &dyn Fn(&mut rcgen::CertificateParams)| {
        let mut params = end_entity(&["server.test"]);
        change(&mut params);
        Pki::with_leaf(1, params)
    };
    let mut tampered = with(&|_| ());
    *tampered.leaf.der.last_mut().unwrap() ^= 1;
    let mut rootless = with(&|_| ());
    rootless.intermediates.clear();
    for (pki, fault, alert) in [
        (
            with(&|leaf| leaf.not_after = date_time_ymd(2026, 2, 1)),
            CertificateFault::Expired,
            Alert::CERTIFICATE_EXPIRED,
        ),
        (tampered, CertificateFault::Bad, Alert::BAD_CERTIFICATE),
        (rootless, CertificateFault::UnknownIssuer, Alert::UNKNOWN_CA),
    ] {
        let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
        let (refused, heard) = (Err(Error::Certificate(fault)), Err(Error::AlertReceived(alert)));
        let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
        let identities = [pki.leaf.identity(&chain)];
        let (client, server) = (ClientConfig::new(&verifier), ServerConfig::new(&identities));
        assert_eq!(Pair::new(&client, &server).run(), (refused, heard));
        let own = Pki::new(0);
        let (own_chain, own_anchors) = (own.chain(), anchor(&own.root.der));
        let own_identities = [own.leaf.identity(&own_chain)];
        let trusts_server = ChainVerifier::new(&own_anchors, &NOW).unwrap();
        let client = ClientConfig::new(&trusts_server).with_identities(&identities);
        let server =
            ServerConfig::new(&own_identities).with_client_authentication(ClientAuthentication::Required(&verifier));
        assert_eq!(Pair::new(&client, &server).run(), (heard, refused));
    }
}
