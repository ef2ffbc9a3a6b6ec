//! Both sides agree, on vectors too, and refuse what is no share.

use crate::common::{Stuck, encapsulate, error, failing, generate, provider, ready, reveal, scripted};
use hex_literal::hex;
use p256::elliptic_curve::sec1::ToSec1Point;
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::{CryptoProvider, KeyExchange as _};
use saitls_core::error::{ByteCount, Error, PeerFault, ProviderFault, Result};
use saitls_rustcrypto::{KeyExchange, RustCrypto};

/// The groups on a curve alone, and the length of their shares.
const CURVES: [(NamedGroup, usize); 4] =
    [(NamedGroup::X25519, 32), (NamedGroup::SECP256R1, 65), (NamedGroup::SECP384R1, 97), (NamedGroup::SECP521R1, 133)];

/// All groups, and the lengths of the shares of client, of server, and of the secret.
const GROUPS: [(NamedGroup, usize, usize, usize); 6] = [
    (NamedGroup::X25519, 32, 32, 32),
    (NamedGroup::SECP256R1, 65, 65, 32),
    (NamedGroup::SECP384R1, 97, 97, 48),
    (NamedGroup::SECP521R1, 133, 133, 66),
    (NamedGroup::X25519MLKEM768, 1216, 1120, 64),
    (NamedGroup::SECP256R1MLKEM768, 1249, 1153, 64),
];

/// What both roles say to a share.
fn refusals(group: NamedGroup, share: &[u8]) -> [Option<Error>; 2] {
    let provider = &mut provider();
    let (mut exchange, _) = generate(provider, group).unwrap();
    [error(ready(exchange.poll_decapsulate(provider, share))), error(encapsulate(provider, group, share))]
}

#[track_caller]
fn assert_refused(group: NamedGroup, share: &[u8]) {
    assert_eq!(refusals(group, share), [Some(Error::Peer(PeerFault::InvalidKeyShare)); 2]);
}

#[test]
fn both_sides_agree() {
    let provider = &mut provider();
    for (group, client_len, server_len, secret_len) in GROUPS {
        let mut seen = Vec::new();
        for _ in 0..4 {
            let (mut exchange, share) = generate(provider, group).unwrap();
            let (peer_share, peer_secret) = encapsulate(provider, group, &share).unwrap();
            let secret = ready(exchange.poll_decapsulate(provider, &peer_share)).unwrap();
            assert_eq!((share.len(), peer_share.len()), (client_len, server_len));
            assert_eq!(reveal(&secret), reveal(&peer_secret));
            assert_eq!(reveal(&secret).len(), secret_len);
            seen.extend([share, peer_share, reveal(&secret)]);
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 12, "a key was used twice");
    }
}

#[test]
fn x25519_of_rfc_8448() {
    let client = hex!("49af42ba7f7994852d713ef2784bcbcaa7911de26adc5642cb634540e7ea5005");
    let server = hex!("b1580eeadf6dd589b8ef4f2d5652578cc810e9980191ec8d058308cea216a21e");
    let provider = &mut scripted(&[client, server].concat());
    let (mut exchange, share) = generate(provider, NamedGroup::X25519).unwrap();
    assert_eq!(share, hex!("99381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c"));
    let (peer_share, secret) = encapsulate(provider, NamedGroup::X25519, &share).unwrap();
    assert_eq!(peer_share, hex!("c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f"));
    let expected = hex!("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
    assert_eq!(reveal(&secret), expected);
    assert_eq!(reveal(&ready(exchange.poll_decapsulate(provider, &peer_share)).unwrap()), expected);
}

#[test]
fn secp256r1_of_rfc_5903() {
    // RFC 5903 8.1.
    let i = hex!("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433");
    let r = hex!("c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53");
    let provider = &mut scripted(&[i, r].concat());
    let (mut exchange, share) = generate(provider, NamedGroup::SECP256R1).unwrap();
    assert_eq!(share[1..33], hex!("dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"));
    let (peer_share, secret) = encapsulate(provider, NamedGroup::SECP256R1, &share).unwrap();
    assert_eq!(peer_share[1..33], hex!("d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"));
    let expected = hex!("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
    assert_eq!(reveal(&secret), expected);
    assert_eq!(reveal(&ready(exchange.poll_decapsulate(provider, &peer_share)).unwrap()), expected);
}

#[test]
fn shares_of_another_length_are_refused() {
    for (group, client_len, server_len, _) in GROUPS {
        let provider = &mut provider();
        let (_, share) = generate(provider, group).unwrap();
        assert_eq!(share.len(), client_len);
        assert_refused(group, &[]);
        let longer = [&share[..], &[0]].concat();
        for share in [&share[..client_len - 1], &share[1..], &longer] {
            assert_eq!(error(encapsulate(provider, group, share)), Some(Error::Peer(PeerFault::InvalidKeyShare)));
        }
        let (share, _) = encapsulate(provider, group, &share).unwrap();
        assert_eq!(share.len(), server_len);
        let longer = [&share[..], &[0]].concat();
        for share in [&share[..server_len - 1], &share[1..], &longer] {
            let (mut exchange, _) = generate(provider, group).unwrap();
            assert_eq!(
                error(ready(exchange.poll_decapsulate(provider, share))),
                Some(Error::Peer(PeerFault::InvalidKeyShare))
            );
        }
    }
}

#[test]
fn only_uncompressed_points_on_the_curve_pass() {
    for (group, len) in &CURVES[1..] {
        let (_, share) = generate(&mut provider(), *group).unwrap();
        assert_eq!(refusals(*group, &share), [None, None]);
        for form in (0..=255).filter(|form| *form != 4) {
            let mut changed = share.clone();
            changed[0] = form;
            assert_refused(*group, &changed);
        }
        // Compressed, compact, and the point at infinity in one byte and in full length.
        for form in [2, 3, 5] {
            assert_refused(*group, &[&[form], &share[1..=len / 2]].concat());
        }
        assert_refused(*group, &[0]);
        assert_refused(*group, &vec![0; *len]);
        assert_refused(*group, &[&[4], &vec![0; len - 1][..]].concat());
        // Off the curve, and coordinates that are no field elements.
        let mut changed = share.clone();
        changed[len - 1] ^= 1;
        assert_refused(*group, &changed);
        assert_refused(*group, &[&[4], &vec![0xff; len - 1][..]].concat());
    }
    let compressed = p256::SecretKey::from_slice(&[5; 32]).unwrap().public_key().to_sec1_point(true);
    assert_refused(NamedGroup::SECP256R1, compressed.as_bytes());
    // A point of the one curve is none of the other.
    let (_, share) = generate(&mut provider(), NamedGroup::SECP384R1).unwrap();
    assert_refused(NamedGroup::SECP256R1, &share);
}

#[test]
fn low_order_points_of_x25519_are_refused() {
    // All u-coordinates of small order, and their non-canonical forms (RFC 7748 6.1 asks for the check).
    let p = hex!("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    let mut points = vec![[0; 32], p];
    points.push(hex!("0100000000000000000000000000000000000000000000000000000000000000"));
    points.push(hex!("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"));
    points.push(hex!("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"));
    points.push(hex!("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));
    points.push(hex!("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));
    for mut point in points {
        assert_refused(NamedGroup::X25519, &point);
        point[31] |= 0x80; // ignored (RFC 7748 5)
        assert_refused(NamedGroup::X25519, &point);
    }
}

#[test]
fn a_small_buffer_is_told_how_much_is_needed() {
    let provider = &mut provider();
    for (group, client_len, server_len, _) in GROUPS {
        let needed = |len| Some(Error::TransmitBufferTooSmall(ByteCount::new(len)));
        let (_, peer_share) = generate(provider, group).unwrap();
        let mut small = vec![0; client_len - 1];
        let mut exchange = KeyExchange::start(provider, group).unwrap();
        assert_eq!(error(ready(exchange.poll_generate(provider, &mut small))), needed(client_len));
        let mut small = vec![0; server_len - 1];
        let mut exchange = KeyExchange::start(provider, group).unwrap();
        assert_eq!(error(ready(exchange.poll_encapsulate(provider, &peer_share, &mut small))), needed(server_len));
    }
}

#[test]
fn a_random_source_that_fails_or_is_stuck_is_an_error() {
    for (group, ..) in GROUPS {
        let (_, peer_share) = generate(&mut provider(), group).unwrap();
        assert_eq!(error(generate(&mut failing(), group)), Some(Error::Provider(ProviderFault::RandomFailed)));
        assert_eq!(
            error(encapsulate(&mut failing(), group, &peer_share)),
            Some(Error::Provider(ProviderFault::RandomFailed))
        );
    }
    for byte in [0, 0xff] {
        for group in [NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
            let stuck = &mut RustCrypto(Stuck { byte, draws: 0 });
            assert_eq!(error(generate(stuck, group)), Some(Error::Provider(ProviderFault::RandomFailed)));
        }
    }
}

#[test]
fn a_private_key_serves_once() {
    let provider = &mut provider();
    for (group, ..) in GROUPS {
        let (mut exchange, share) = generate(provider, group).unwrap();
        let (share, _) = encapsulate(provider, group, &share).unwrap();
        assert!(ready(exchange.poll_decapsulate(provider, &share)).is_ok());
        assert_eq!(error(ready(exchange.poll_decapsulate(provider, &share))), Some(Error::InvalidState));
        let mut unused = KeyExchange::start(provider, group).unwrap();
        assert_eq!(error(ready(unused.poll_decapsulate(provider, &share))), Some(Error::InvalidState));
    }
}

#[test]
fn groups_that_are_not_built_are_refused() {
    fn started<P: CryptoProvider>(provider: &mut P, group: NamedGroup) -> Result<P::KeyExchange> {
        assert!(!P::KeyExchange::supports(group));
        P::KeyExchange::start(provider, group)
    }
    for group in [NamedGroup::X448, NamedGroup(0x11ed), NamedGroup(0)] {
        assert_eq!(error(started(&mut provider(), group)), Some(Error::Provider(ProviderFault::Unsupported)));
    }
}

#[test]
fn hybrids_are_made_of_their_halves() {
    for (hybrid, curve, first) in [
        (NamedGroup::X25519MLKEM768, NamedGroup::X25519, false),
        (NamedGroup::SECP256R1MLKEM768, NamedGroup::SECP256R1, true),
    ] {
        let provider = &mut provider();
        let (_, len) = CURVES.into_iter().find(|(group, _)| *group == curve).unwrap();
        let (_, curve_share) = generate(provider, curve).unwrap();
        let (mut exchange, share) = generate(provider, hybrid).unwrap();
        let half = |share: &[u8]| if first { 0..len } else { share.len() - len..share.len() };
        let at = half(&share);
        // The half of the curve is checked as it is alone.
        let mut bad = share.clone();
        bad[at.clone()].fill(0);
        assert_eq!(error(encapsulate(provider, hybrid, &bad)), Some(Error::Peer(PeerFault::InvalidKeyShare)));
        let mut other = share.clone();
        other[at].copy_from_slice(&curve_share);
        assert!(encapsulate(provider, hybrid, &other).is_ok());
        // FIPS 203 7.2: a coefficient that is not below the modulus.
        let mut bad = share.clone();
        let kem = if first { len } else { 0 };
        bad[kem..kem + 3].fill(0xff);
        assert_eq!(error(encapsulate(provider, hybrid, &bad)), Some(Error::Peer(PeerFault::InvalidKeyShare)));

        let (answer, secret) = encapsulate(provider, hybrid, &share).unwrap();
        let at = half(&answer);
        let mut bad = answer.clone();
        bad[at].fill(0);
        let (mut unlucky, _) = generate(provider, hybrid).unwrap();
        assert_eq!(
            error(ready(unlucky.poll_decapsulate(provider, &bad))),
            Some(Error::Peer(PeerFault::InvalidKeyShare))
        );
        // FIPS 203 6.3: a ciphertext that was changed gives a secret that nobody knows, in the half of ML-KEM only.
        let mut changed = answer.clone();
        changed[if first { len } else { 0 }] ^= 1;
        let (secret, implicit) = (reveal(&secret), ready(exchange.poll_decapsulate(provider, &changed)).unwrap());
        let (curve_half, kem_half) = if first { (0..32, 32..64) } else { (32..64, 0..32) };
        assert_eq!(secret[curve_half.clone()], reveal(&implicit)[curve_half]);
        assert_ne!(secret[kem_half.clone()], reveal(&implicit)[kem_half]);
    }
}

#[test]
fn a_share_is_the_same_when_it_is_asked_for_again() {
    let provider = &mut provider();
    for (group, client_len, ..) in GROUPS {
        let (mut exchange, share) = generate(provider, group).unwrap();
        let mut again = vec![0; client_len];
        assert_eq!(ready(exchange.poll_generate(provider, &mut again)), Ok(client_len));
        assert_eq!(again, share);
    }
}
