//! The two forms of an ECDSA signature.

use crate::support::*;
use saitls_core::crypto::{Signer, ecdsa_from_der, ecdsa_to_der};
use saitls_core::error::ByteCount;
use saitls_core::{Error, PeerFault, ProviderFault};
use std::task::Poll;

#[test]
fn signatures_of_real_keys_go_there_and_back() {
    let mut provider = provider(3);
    let mut lens = std::collections::BTreeSet::new();
    for (identity, len) in [(p256(), 32), (p384(), 48)] {
        let key = &identity.key;
        let scheme = key.schemes()[0];
        for message in 0..some(0..64).count() {
            let mut signature = [0; 200];
            let signed = key.poll_sign(&mut provider, scheme, &message.to_be_bytes(), &mut signature);
            let Poll::Ready(Ok(signed)) = signed else { panic!("{signed:?}") };
            lens.insert(signed);
            let (mut halves, mut again) = (vec![0; 2 * len], [0xee; 200]);
            ecdsa_from_der(&signature[..signed], &mut halves).unwrap();
            assert_eq!(ecdsa_to_der(&halves, &mut again), Ok(signed));
            assert_eq!(again[..signed], signature[..signed]);
        }
    }
    assert!(lens.len() > 2, "with zeros in front and without: {lens:?}");
}

#[test]
fn the_longest_and_the_shortest() {
    for (len, most) in [(32, 72), (48, 104), (66, 139)] {
        let mut signature = [0; 139];
        let mut halves = vec![0xff; 2 * len];
        if len == 66 {
            // 521 bits.
            (halves[0], halves[66]) = (1, 1);
        }
        assert_eq!(ecdsa_to_der(&halves, &mut signature), Ok(most));
        let short = Err(Error::TransmitBufferTooSmall(ByteCount::new(most)));
        assert_eq!(ecdsa_to_der(&halves, &mut signature[..most - 1]), short);
        let mut halves = vec![0; 2 * len];
        (halves[len - 1], halves[2 * len - 1]) = (1, 2);
        assert_eq!(ecdsa_to_der(&halves, &mut signature), Ok(8));
        assert_eq!(signature[..8], [0x30, 6, 2, 1, 1, 2, 1, 2]);
        let mut again = vec![0xee; 2 * len];
        ecdsa_from_der(&signature[..8], &mut again).unwrap();
        assert_eq!(again, halves);
    }
}

#[test]
fn what_is_no_signature_is_refused() {
    let failed = Err(Error::Provider(ProviderFault::CryptoFailed));
    let zero_s = [&[1; 32][..], &[0; 32]].concat();
    for halves in [&[][..], &[1; 63], &[0; 64], &zero_s] {
        assert_eq!(ecdsa_to_der(halves, &mut [0; 100]), failed, "{halves:?}");
    }
    let bad = Err(Error::Peer(PeerFault::BadSignature));
    for signature in [
        &[][..],
        &[0x30, 3, 2, 1, 1],
        &[0x31, 6, 2, 1, 1, 2, 1, 1],
        // Zero, negative, not the shortest form, an octet string, too long, something behind it.
        &[0x30, 6, 2, 1, 0, 2, 1, 1],
        &[0x30, 6, 2, 1, 1, 2, 1, 0x80],
        &[0x30, 7, 2, 2, 0, 1, 2, 1, 1],
        &[0x30, 6, 4, 1, 1, 2, 1, 1],
        &[0x30, 8, 2, 3, 1, 1, 1, 2, 1, 1],
        &[0x30, 6, 2, 1, 1, 2, 1, 1, 0],
        &[0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1],
        &[0x30, 5, 2, 1, 1, 2, 0],
    ] {
        assert_eq!(ecdsa_from_der(signature, &mut [0; 4]), bad, "{signature:?}");
    }
    assert_eq!(ecdsa_from_der(&[0x30, 6, 2, 1, 1, 2, 1, 1], &mut [0; 3]), Err(ProviderFault::CryptoFailed.into()));
}
