//! What the right answer is: the RustCrypto crates, called directly or as the default provider.

use crate::random::Random;
use crate::report::{OrFail, Stop};
use aes::cipher::{BlockCipherEncrypt, KeyIvInit, StreamCipher, StreamCipherSeek};
use aes::{Aes128, Aes256};
use chacha20::ChaCha20;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use saitls_core::codes::{CipherSuite, HashAlgorithm, NamedGroup};
use saitls_core::crypto::{Aead, CryptoProvider, KeyExchange, Label, Nonce, Secret, SignatureAlgorithm};
use saitls_rustcrypto::RustCrypto;
use sha2::{Digest, Sha256, Sha384};

pub(crate) type Reference = RustCrypto<Random>;

pub(crate) fn provider() -> Reference {
    RustCrypto(Random::system())
}

pub(crate) const HASHES: [HashAlgorithm; 2] = [HashAlgorithm::Sha256, HashAlgorithm::Sha384];

pub(crate) const SUITES: [CipherSuite; 5] = [
    CipherSuite::AES_128_GCM_SHA256,
    CipherSuite::AES_256_GCM_SHA384,
    CipherSuite::CHACHA20_POLY1305_SHA256,
    CipherSuite::AES_128_CCM_SHA256,
    CipherSuite::AES_128_CCM_8_SHA256,
];

/// Each group with the lengths of the client's and of the server's share.
pub(crate) const GROUPS: [(NamedGroup, usize, usize); 6] = [
    (NamedGroup::X25519, 32, 32),
    (NamedGroup::SECP256R1, 65, 65),
    (NamedGroup::SECP384R1, 97, 97),
    (NamedGroup::SECP521R1, 133, 133),
    (NamedGroup::X25519MLKEM768, 1184 + 32, 1088 + 32),
    (NamedGroup::SECP256R1MLKEM768, 65 + 1184, 65 + 1088),
];

pub(crate) const ALGORITHMS: [SignatureAlgorithm; 16] = {
    use SignatureAlgorithm as A;
    [
        A::EcdsaP256Sha256,
        A::EcdsaP256Sha384,
        A::EcdsaP256Sha512,
        A::EcdsaP384Sha256,
        A::EcdsaP384Sha384,
        A::EcdsaP384Sha512,
        A::EcdsaP521Sha256,
        A::EcdsaP521Sha384,
        A::EcdsaP521Sha512,
        A::Ed25519,
        A::RsaPkcs1Sha256,
        A::RsaPkcs1Sha384,
        A::RsaPkcs1Sha512,
        A::RsaPssSha256,
        A::RsaPssSha384,
        A::RsaPssSha512,
    ]
};

pub(crate) fn digest(hash: HashAlgorithm, data: &[u8]) -> Vec<u8> {
    match hash {
        HashAlgorithm::Sha256 => Sha256::digest(data).to_vec(),
        HashAlgorithm::Sha384 => Sha384::digest(data).to_vec(),
    }
}

pub(crate) fn hmac(hash: HashAlgorithm, key: &[u8], data: &[u8]) -> Vec<u8> {
    fn compute<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
        let mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.chain_update(data).finalize().into_bytes().to_vec()
    }
    match hash {
        HashAlgorithm::Sha256 => compute::<Hmac<Sha256>>(key, data),
        HashAlgorithm::Sha384 => compute::<Hmac<Sha384>>(key, data),
    }
}

/// HKDF-Extract; `None` is Hash.length zeros.
pub(crate) fn extract(hash: HashAlgorithm, salt: Option<&[u8]>, input: Option<&[u8]>) -> Vec<u8> {
    let zeros = vec![0; hash.output_len()];
    hmac(hash, salt.unwrap_or(&zeros), input.unwrap_or(&zeros))
}

/// HKDF-Expand-Label of TLS 1.3 (RFC 9846 7.1).
pub(crate) fn expand_label(hash: HashAlgorithm, secret: &[u8], name: &[u8], context: &[u8], len: usize) -> Vec<u8> {
    expand(hash, secret, &Label::tls13(name), context, len)
}

/// HKDF-Expand-Label (RFC 9846 7.1).
pub(crate) fn expand(hash: HashAlgorithm, secret: &[u8], label: &Label<'_>, context: &[u8], len: usize) -> Vec<u8> {
    let byte = |len: usize| u8::try_from(len).expect("lengths of the tests fit into a byte");
    let mut info = u16::try_from(len).expect("lengths of the tests fit into two bytes").to_be_bytes().to_vec();
    info.push(byte(label.name.len() + 6));
    info.extend_from_slice(label.prefix.0);
    info.extend_from_slice(label.name);
    info.push(byte(context.len()));
    info.extend_from_slice(context);
    let mut out = vec![0; len];
    let expanded = match hash {
        HashAlgorithm::Sha256 => Hkdf::<Sha256>::from_prk(secret).map(|hkdf| hkdf.expand(&info, &mut out)),
        HashAlgorithm::Sha384 => Hkdf::<Sha384>::from_prk(secret).map(|hkdf| hkdf.expand(&info, &mut out)),
    };
    expanded.expect("a secret of Hash.length bytes").expect("no more than 255 blocks");
    out
}

pub(crate) fn seal(suite: CipherSuite, key: &[u8], nonce: &Nonce, aad: &[u8], text: &[u8]) -> Vec<u8> {
    let provider = &mut provider();
    let mut record = [text, &vec![0; suite.tag_len()]].concat();
    let mut aead = saitls_rustcrypto::Aead::from_key(provider, suite, key).expect("the reference has all suites");
    aead.seal(provider, nonce, aad, &mut record).expect("the reference seals");
    record
}

pub(crate) fn has_group(group: NamedGroup) -> bool {
    <saitls_rustcrypto::KeyExchange as KeyExchange<Reference>>::supports(group)
}

const PROBE: &[u8] = b"whose key is this?";

/// What a secret leads to along the ladder of RFC 9846 7.1, without looking at it: the Finished value of a handshake
/// that would have it as its (EC)DHE secret. Opaque secrets can be told apart by it.
pub(crate) fn fingerprint<P: CryptoProvider>(
    provider: &mut P,
    hash: HashAlgorithm,
    secret: &P::Secret,
) -> Result<Vec<u8>, Stop> {
    let extracted = P::Secret::extract(provider, hash, None, Some(secret)).or_fail("extract")?;
    let finished = extracted.derive(provider, hash, &Label::tls13(b"finished"), b"").or_fail("derive")?;
    Ok(finished.mac(provider, hash, PROBE).or_fail("mac")?.as_bytes().to_vec())
}

/// The fingerprint of a secret that is known.
pub(crate) fn fingerprint_of(hash: HashAlgorithm, secret: &[u8]) -> Vec<u8> {
    let extracted = extract(hash, None, Some(secret));
    hmac(hash, &expand_label(hash, &extracted, b"finished", b"", hash.output_len()), PROBE)
}

/// The mask of a record's number (RFC 9147 4.2.3).
pub(crate) fn mask(suite: CipherSuite, key: &[u8], sample: &[u8; 16]) -> [u8; 16] {
    let mut mask = *sample;
    match suite {
        CipherSuite::CHACHA20_POLY1305_SHA256 => {
            let (counter, nonce) = sample.split_first_chunk().expect("16 bytes");
            let mut cipher = ChaCha20::new_from_slices(key, nonce).expect("a key and a nonce");
            cipher.seek(u64::from(u32::from_le_bytes(*counter)) * 64);
            mask = [0; 16];
            cipher.apply_keystream(&mut mask);
        }
        _ if key.len() == 16 => Aes128::new_from_slice(key).expect("a key").encrypt_block((&mut mask).into()),
        _ => Aes256::new_from_slice(key).expect("a key").encrypt_block((&mut mask).into()),
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    /// RFC 9001 A.2 and A.5: QUIC hides its packets' numbers in the same way.
    #[test]
    fn masks_are_those_of_quic() {
        let key = hex!("9f50449e04a0e810283a1e9933adedd2");
        let mask = mask(CipherSuite::AES_128_GCM_SHA256, &key, &hex!("d1b1c98dd7689fb8ec11d242b123dc9b"));
        assert_eq!(mask[..5], hex!("437b9aec36"));
        let key = hex!("25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4");
        let sample = hex!("5e5cd55c41f69080575d7999c25a5bfb");
        let mask = super::mask(CipherSuite::CHACHA20_POLY1305_SHA256, &key, &sample);
        assert_eq!(mask[..5], hex!("aefefe7d03"));
    }
}
