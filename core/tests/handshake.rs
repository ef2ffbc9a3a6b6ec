//! Whole handshakes between our own two ends.

use crate::support::*;
use saitls_core::PeerAuthentication;
use saitls_core::codes::*;
use saitls_core::config::*;

const SUITES: [CipherSuite; 5] = [
    CipherSuite::AES_128_GCM_SHA256,
    CipherSuite::AES_256_GCM_SHA384,
    CipherSuite::CHACHA20_POLY1305_SHA256,
    CipherSuite::AES_128_CCM_SHA256,
    CipherSuite::AES_128_CCM_8_SHA256,
];

const GROUPS: [NamedGroup; 5] = [
    NamedGroup::X25519,
    NamedGroup::SECP256R1,
    NamedGroup::SECP384R1,
    NamedGroup::X25519MLKEM768,
    NamedGroup::SECP256R1MLKEM768,
];

#[test]
fn every_suite_group_and_key_with_mutual_authentication() {
    for identity in [p256(), p384(), ed25519(), rsa2048(), rsapss2048()] {
        let identities = [identity.identity()];
        for suite in SUITES {
            for group in GROUPS {
                let (suites, groups) = ([suite], [group]);
                let client_config = ClientConfig::new(&ANY)
                    .with_cipher_suites(&suites)
                    .with_named_groups(&groups)
                    .with_identities(&identities);
                let server_config = ServerConfig::new(&identities)
                    .with_cipher_suites(&suites)
                    .with_client_authentication(ClientAuthentication::Required(&ANY));
                let mut pair = Pair::new(client(&client_config), server(&server_config));
                pair.connect();
                let (client, server) = (pair.client.negotiated().unwrap(), pair.server.negotiated().unwrap());
                assert_eq!((client.cipher_suite, server.cipher_suite), (suite, suite));
                assert_eq!((client.named_group, server.named_group), (Some(group), Some(group)));
                assert_eq!(client.peer_authentication, PeerAuthentication::Certificate);
                assert_eq!(server.peer_authentication, PeerAuthentication::Certificate);
                assert_eq!(client.peer_certificate, Some(identity.certificate));
                assert_eq!(server.peer_certificate, Some(identity.certificate));
                assert_eq!(client.peer_signature_scheme, server.local_signature_scheme);
                assert_eq!(server.server_name, Some("localhost"));
                assert!(!client.hello_retry);
                pair.exchange(b"ping", true);
                pair.exchange(b"pong", false);
            }
        }
    }
}
