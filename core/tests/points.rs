//! Key shares that look right and are not: only real curves can tell.

use crate::negotiation::server_refuses;
use crate::support::forger::*;
use crate::support::hellos::*;
use crate::support::*;
use saitls_core::PeerFault;
use saitls_core::codes::AlertDescription as Alert;
use saitls_core::codes::*;
use saitls_core::config::*;

#[test]
fn key_shares_are_points_of_their_group() {
    // All zero, and of order 2, 4 and 8 (RFC 7748 6.1: the result is all zero).
    let mut one = [0; 32];
    one[0] = 1;
    let mut order_8 = [0; 32];
    order_8.copy_from_slice(&[
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ]);
    let mut shares: Vec<(NamedGroup, Vec<u8>)> =
        [[0; 32], one, order_8].map(|share| (NamedGroup::X25519, share.to_vec())).to_vec();
    for (group, len) in [(NamedGroup::SECP256R1, 65), (NamedGroup::SECP384R1, 97)] {
        for front in [4, 0, 2, 3, 5, 6, 7] {
            let mut share = vec![0x11; len];
            share[0] = front;
            shares.push((group, share));
        }
        // The point at infinity, and coordinates not below the prime.
        shares.push((group, vec![0; len]));
        let mut large = vec![0xff; len];
        large[0] = 4;
        shares.push((group, large));
    }
    for (group, share) in shares {
        server_refuses(Alert::ILLEGAL_PARAMETER, |hello| {
            hello.extensions().set(ExtensionType::KEY_SHARE, key_shares(&[(group.0, &share)]));
        });
        let groups = [group];
        let config = ClientConfig::new(&ANY).with_named_groups(&groups);
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        client.process().unwrap();
        forger.receive(&mut client);
        let mut hello = forger.make_server_hello();
        hello.extensions().set(ExtensionType::KEY_SHARE, server_share(group.0, &share));
        let result = client.deliver(&plain_record(ContentType::HANDSHAKE, &hello.message()));
        assert_eq!(result, Err(PeerFault::InvalidKeyShare.into()), "{group} {:?}", &share[..2]);
        assert_eq!(forger.alert(&mut client), Some(Alert::ILLEGAL_PARAMETER));
    }
}
