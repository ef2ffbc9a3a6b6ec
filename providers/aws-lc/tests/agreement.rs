//! Both sides agree, with RustCrypto too, and refuse what is no share.

use crate::{Other, decapsulate, encapsulate, generate, ready};
use hex_literal::hex;
use saitls_aws_lc::{AwsLc, KeyExchange};
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::{CryptoProvider, KeyExchange as _};
use saitls_core::error::{ByteCount, Error, PeerFault, ProviderFault};
use saitls_rustcrypto::RustCrypto;

/// All groups, and the lengths of the shares of client, of server, and of the secret.
const GROUPS: [(NamedGroup, usize, usize, usize); 6] = [
    (NamedGroup::X25519, 32, 32, 32),
    (NamedGroup::SECP256R1, 65, 65, 32),
    (NamedGroup::SECP384R1, 97, 97, 48),
    (NamedGroup::SECP521R1, 133, 133, 66),
    (NamedGroup::X25519MLKEM768, 1216, 1120, 64),
    (NamedGroup::SECP256R1MLKEM768, 1249, 1153, 64),
];

fn check_agreement<C: CryptoProvider, S: CryptoProvider>(client: &mut C, server: &mut S) {
    for (group, client_len, server_len, secret_len) in GROUPS {
        let (exchange, share) = generate(client, group);
        let (answer, server_secret) = encapsulate(server, group, &share).unwrap();
        let client_secret = decapsulate(client, exchange, &answer).unwrap();
        assert_eq!((share.len(), answer.len(), client_secret.len()), (client_len, server_len, secret_len));
        assert_eq!(client_secret, server_secret, "{group}");
    }
}

#[test]
fn both_sides_agree_whoever_computes() {
    let (lc, other): (&mut AwsLc, &mut Other) = (&mut AwsLc, &mut RustCrypto::os());
    check_agreement(lc, &mut AwsLc);
    check_agreement(lc, other);
    check_agreement(other, lc);
}

#[test]
fn a_share_is_the_same_when_it_is_asked_for_again_and_serves_once() {
    for (group, client_len, ..) in GROUPS {
        let (mut exchange, share) = generate(&mut AwsLc, group);
        let mut again = vec![0; client_len];
        assert_eq!(ready(exchange.poll_generate(&mut AwsLc, &mut again)), Ok(client_len));
        assert_eq!(again, share);
        let (answer, _) = encapsulate(&mut AwsLc, group, &share).unwrap();
        assert!(ready(exchange.poll_decapsulate(&mut AwsLc, &answer)).is_ok());
        assert_eq!(ready(exchange.poll_decapsulate(&mut AwsLc, &answer)).err(), Some(Error::InvalidState));
    }
}

#[track_caller]
fn assert_server_refuses(group: NamedGroup, share: &[u8]) {
    assert_eq!(encapsulate(&mut AwsLc, group, share).err(), Some(Error::Peer(PeerFault::InvalidKeyShare)));
}

#[track_caller]
fn assert_client_refuses(group: NamedGroup, share: &[u8]) {
    let (exchange, _) = generate(&mut AwsLc, group);
    assert_eq!(decapsulate(&mut AwsLc, exchange, share).err(), Some(Error::Peer(PeerFault::InvalidKeyShare)));
}

#[test]
fn shares_of_another_length_or_form_are_refused() {
    for (group, client_len, server_len, _) in GROUPS {
        let (_, share) = generate(&mut AwsLc, group);
        let (answer, _) = encapsulate(&mut AwsLc, group, &share).unwrap();
        for len in [0, 1, 32, 65, 97, client_len - 1, client_len + 1, server_len - 1, server_len + 1, 15_000] {
            let long = |share: &[u8]| share.iter().copied().cycle().take(len).collect::<Vec<_>>();
            if len != client_len {
                assert_server_refuses(group, &long(&share));
            }
            if len != server_len {
                assert_client_refuses(group, &long(&answer));
            }
        }
    }
    for (group, len) in [(NamedGroup::SECP256R1, 65), (NamedGroup::SECP384R1, 97), (NamedGroup::SECP521R1, 133)] {
        let (_, share) = generate(&mut AwsLc, group);
        let mut wrong: Vec<Vec<u8>> =
            (0..=255).filter(|form| *form != 4).map(|form| [&[form], &share[1..]].concat()).collect();
        // Compressed, at infinity, off the curve, coordinates that are no field elements.
        wrong.extend([
            [&[2], &share[1..=len / 2]].concat(),
            vec![0],
            vec![0; len],
            [&[4], &vec![0xff; len - 1][..]].concat(),
        ]);
        let mut off = share.clone();
        off[len - 1] ^= 1;
        wrong.push(off);
        for wrong in wrong {
            assert_server_refuses(group, &wrong);
            assert_client_refuses(group, &wrong);
        }
    }
}

#[test]
fn low_order_points_of_x25519_are_refused_also_in_hybrids() {
    let points = [
        [0; 32],
        hex!("0100000000000000000000000000000000000000000000000000000000000000"),
        hex!("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        hex!("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
        hex!("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex!("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex!("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ];
    for point in points {
        assert_server_refuses(NamedGroup::X25519, &point);
        assert_client_refuses(NamedGroup::X25519, &point);
        let (_, mut share) = generate(&mut AwsLc, NamedGroup::X25519MLKEM768);
        share[1184..].copy_from_slice(&point);
        assert_server_refuses(NamedGroup::X25519MLKEM768, &share);
        assert_client_refuses(NamedGroup::X25519MLKEM768, &[&[7; 1088][..], &point].concat());
    }
}

#[test]
fn encapsulation_keys_are_checked() {
    // FIPS 203 7.2: a coefficient that is not below the modulus.
    for (group, at) in [(NamedGroup::X25519MLKEM768, 0), (NamedGroup::SECP256R1MLKEM768, 65)] {
        let (_, mut share) = generate(&mut AwsLc, group);
        share[at..at + 3].fill(0xff);
        assert_server_refuses(group, &share);
    }
}

#[test]
fn a_small_buffer_is_told_how_much_is_needed() {
    for (group, client_len, server_len, _) in GROUPS {
        let (_, peer_share) = generate(&mut AwsLc, group);
        let needed = |len| Some(Error::TransmitBufferTooSmall(ByteCount::new(len)));
        let mut exchange = KeyExchange::start(&mut AwsLc, group).unwrap();
        let generated = ready(exchange.poll_generate(&mut AwsLc, &mut vec![0; client_len - 1]));
        assert_eq!(generated.err(), needed(client_len));
        let answered = ready(exchange.poll_encapsulate(&mut AwsLc, &peer_share, &mut vec![0; server_len - 1]));
        assert_eq!(answered.err(), needed(server_len));
    }
}

#[test]
fn groups_that_are_not_there_are_refused() {
    for group in [NamedGroup::X448, NamedGroup(0x11ed), NamedGroup(0)] {
        assert!(!<KeyExchange as saitls_core::crypto::KeyExchange<AwsLc>>::supports(group));
        assert_eq!(KeyExchange::start(&mut AwsLc, group).err(), Some(Error::Provider(ProviderFault::Unsupported)));
    }
}
