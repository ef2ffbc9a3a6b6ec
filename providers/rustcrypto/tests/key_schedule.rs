//! HMAC and HKDF of `saitls-core` over the hash of this crate: vectors of RFCs, and the crates `hmac` and `hkdf`.

use crate::common::{bytes, provider, reveal, secret};
use hex_literal::hex;
use hkdf::Hkdf;
use hmac::{KeyInit, Mac};
use saitls_core::ProviderFault;
use saitls_core::codes::HashAlgorithm::{self, Sha256, Sha384};
use saitls_core::crypto::{CryptoProvider, Hash as _, Label, Secret as _};
use saitls_rustcrypto::{Hash, RustCrypto, Secret};

fn extract(hash: HashAlgorithm, salt: Option<&[u8]>, input: Option<&[u8]>) -> Vec<u8> {
    let (salt, input) = (salt.map(secret), input.map(secret));
    reveal(&Secret::extract(&mut provider(), hash, salt.as_ref(), input.as_ref()).unwrap())
}

fn mac(hash: HashAlgorithm, key: &[u8], data: &[u8]) -> Vec<u8> {
    secret(key).mac(&mut provider(), hash, data).unwrap().as_bytes().to_vec()
}

/// HkdfLabel of RFC 9846 7.1.
fn hkdf_label(len: usize, label: &[u8], context: &[u8]) -> Vec<u8> {
    let mut info = (len as u16).to_be_bytes().to_vec();
    info.push(label.len() as u8 + 6);
    info.extend_from_slice(b"tls13 ");
    info.extend_from_slice(label);
    info.push(context.len() as u8);
    info.extend_from_slice(context);
    info
}

#[test]
fn extract_of_rfc_5869() {
    let input = [0x0b; 22];
    let prk = hex!("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    assert_eq!(extract(Sha256, Some(&hex!("000102030405060708090a0b0c")), Some(&input)), prk);
    let prk = hex!("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04");
    assert_eq!(extract(Sha256, None, Some(&input)), prk);
    assert_eq!(extract(Sha256, Some(b""), Some(&input)), prk);
}

#[test]
fn mac_of_rfc_4231() {
    assert_eq!(
        mac(Sha256, &[0x0b; 20], b"Hi There"),
        hex!("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    );
    assert_eq!(
        mac(Sha256, b"Jefe", b"what do ya want for nothing?"),
        hex!("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    );
    assert_eq!(
        mac(Sha384, b"Jefe", b"what do ya want for nothing?"),
        hex!("af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649")
    );
}

#[test]
fn schedule_of_rfc_8448() {
    let provider = &mut provider();
    let early = Secret::extract(provider, Sha256, None, None).unwrap();
    assert_eq!(reveal(&early), hex!("33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"));
    let empty = hex!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let derived = early.derive(provider, Sha256, &Label::tls13(b"derived"), &empty).unwrap();
    assert_eq!(reveal(&derived), hex!("6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba"));
    let shared = secret(&hex!("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"));
    let handshake = Secret::extract(provider, Sha256, Some(&derived), Some(&shared)).unwrap();
    assert_eq!(reveal(&handshake), hex!("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"));
    let hellos = hex!("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8");
    let client = handshake.derive(provider, Sha256, &Label::tls13(b"c hs traffic"), &hellos).unwrap();
    assert_eq!(reveal(&client), hex!("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21"));
    let server = handshake.derive(provider, Sha256, &Label::tls13(b"s hs traffic"), &hellos).unwrap();
    let finished = server.derive(provider, Sha256, &Label::tls13(b"finished"), b"").unwrap();
    assert_eq!(reveal(&finished), hex!("008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8"));
}

#[test]
fn mac_and_extract_agree_with_the_crates() {
    for (seed, len) in [0, 1, 31, 32, 33, 48, 63, 64].into_iter().enumerate() {
        for data_len in [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1000] {
            let (key, data) = (bytes(len, seed as u64), bytes(data_len, 99));
            let expected = hmac::Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap().chain_update(&data).finalize();
            assert_eq!(mac(Sha256, &key, &data), expected.into_bytes()[..]);
            let expected = hmac::Hmac::<sha2::Sha384>::new_from_slice(&key).unwrap().chain_update(&data).finalize();
            assert_eq!(mac(Sha384, &key, &data), expected.into_bytes()[..]);
        }
        let (salt, input) = (bytes(len, 7), bytes(64 - len, 8));
        assert_eq!(
            extract(Sha256, Some(&salt), Some(&input)),
            Hkdf::<sha2::Sha256>::extract(Some(&salt), &input).0.to_vec()
        );
        assert_eq!(
            extract(Sha384, Some(&salt), Some(&input)),
            Hkdf::<sha2::Sha384>::extract(Some(&salt), &input).0.to_vec()
        );
    }
    assert_eq!(extract(Sha384, None, None), Hkdf::<sha2::Sha384>::extract(None, &[0; 48]).0.to_vec());
}

#[test]
fn expand_label_agrees_with_the_crate() {
    for (len, label, context_len) in
        [(0, 3, 0), (1, 0, 0), (12, 2, 0), (16, 3, 0), (32, 12, 32), (48, 12, 48), (49, 249, 255), (300, 9, 1)]
            .into_iter()
            .chain([(255 * 32, 8, 32), (255 * 48, 8, 48)])
    {
        let (prk, label, context) = (bytes(48, 5), bytes(label, 6), bytes(context_len, 7));
        let mut expected = vec![0; len];
        if len <= 255 * 32 {
            let mut out = vec![0xaa; len];
            secret(&prk[..32]).export(&mut provider(), Sha256, &Label::tls13(&label), &context, &mut out).unwrap();
            let hkdf = Hkdf::<sha2::Sha256>::from_prk(&prk[..32]).unwrap();
            hkdf.expand(&hkdf_label(len, &label, &context), &mut expected).unwrap();
            assert_eq!(out, expected);
        }
        let mut out = vec![0xaa; len];
        secret(&prk).export(&mut provider(), Sha384, &Label::tls13(&label), &context, &mut out).unwrap();
        let hkdf = Hkdf::<sha2::Sha384>::from_prk(&prk).unwrap();
        hkdf.expand(&hkdf_label(len, &label, &context), &mut expected).unwrap();
        assert_eq!(out, expected);
    }
}

#[test]
fn expand_label_refuses_what_does_not_fit() {
    let key = secret(&[1; 32]);
    let mut too_long = vec![0; 255 * 32 + 1];
    assert_eq!(
        key.export(&mut provider(), Sha256, &Label::tls13(b"x"), b"", &mut too_long),
        Err(ProviderFault::Unsupported.into())
    );
    assert_eq!(
        key.export(&mut provider(), Sha256, &Label::tls13(&[b'x'; 250]), b"", &mut [0; 8]),
        Err(ProviderFault::Unsupported.into())
    );
    assert_eq!(
        key.export(&mut provider(), Sha256, &Label::tls13(b"x"), &[0; 256], &mut [0; 8]),
        Err(ProviderFault::Unsupported.into())
    );
}

#[test]
fn hash_continues_after_a_snapshot() {
    fn run<P: CryptoProvider<Hash = Hash>>(provider: &mut P, algorithm: HashAlgorithm, empty: &[u8], abc: &[u8]) {
        assert!(<Hash as saitls_core::crypto::Hash<P>>::supports(algorithm));
        let mut hash = Hash::start(provider, algorithm).unwrap();
        assert_eq!(hash.snapshot(provider).unwrap().as_bytes(), empty);
        hash.update(provider, b"a").unwrap();
        hash.snapshot(provider).unwrap();
        hash.update(provider, b"bc").unwrap();
        assert_eq!(hash.snapshot(provider).unwrap().as_bytes(), abc);
        assert_eq!(hash.finish(provider).unwrap().as_bytes(), abc);
    }
    run::<RustCrypto<_>>(
        &mut provider(),
        Sha256,
        &hex!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        &hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    );
    run::<RustCrypto<_>>(
        &mut provider(),
        Sha384,
        &hex!("38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"),
        &hex!("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"),
    );
}
