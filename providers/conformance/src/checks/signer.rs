//! Private keys that sign handshakes.

use super::skip;
use crate::poll::{all_ready, ready};
use crate::reference;
use crate::report::{Checked, OrFail, Stop, ensure, ensure_eq};
use crate::{Conformance, Key};
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::{CryptoProvider, SignatureAlgorithm, SignatureVerifier};
use saitls_core::{Error, ProviderFault, Result};
use spki::SubjectPublicKeyInfoRef;

/// Longer than any signature: RSA with 4096 bits has 512 bytes.
const MAX_SIGNATURE_LEN: usize = 1024;

/// The lengths of what TLS signs, with SHA-256 and with SHA-384 (RFC 9846 4.5.2).
const MESSAGE_LENGTHS: [usize; 2] = [130, 146];

fn keys<'s, 'a, P: CryptoProvider>(subject: &'s Conformance<'a, P>) -> Result<&'s [Key<'a, P>], Stop> {
    if subject.keys.is_empty() { skip("no private key was given (with_signer)") } else { Ok(&subject.keys) }
}

fn sign<P: CryptoProvider>(
    provider: &mut P,
    key: &Key<'_, P>,
    scheme: SignatureScheme,
    message: &[u8],
) -> Result<Result<Vec<u8>>, Stop> {
    let mut signature = vec![0; MAX_SIGNATURE_LEN];
    let signed = ready(|| key.signer.poll_sign(provider, scheme, message, &mut signature))?;
    Ok(signed.map(|len| signature[..len].to_vec()))
}

/// What the reference says to a signature.
fn verify<P>(key: &Key<'_, P>, scheme: SignatureScheme, message: &[u8], signature: &[u8]) -> Result<Result<()>, Stop> {
    let info = SubjectPublicKeyInfoRef::try_from(key.subject_public_key_info);
    let public_key = info.ok().and_then(|info| info.subject_public_key.as_bytes());
    let Some(public_key) = public_key else {
        return Err(Stop::Failed(format!("{}: this is no SubjectPublicKeyInfo", key.name)));
    };
    let provider = &mut reference::provider();
    let mut operation: saitls_rustcrypto::SignatureVerifier =
        SignatureVerifier::start(provider, SignatureAlgorithm::from(scheme)).or_fail("reference")?;
    ready(|| operation.poll_verify(provider, public_key, message, signature))
}

/// What a key signs verifies with its public key, for each of its schemes.
pub(super) fn verifies<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for key in keys(subject)? {
        ensure!(key.signer.schemes().iter().any(|scheme| scheme.signs_handshake()), "{}: signs no handshake", key.name);
        for &scheme in key.signer.schemes() {
            for (number, len) in MESSAGE_LENGTHS.into_iter().cycle().take(6).enumerate() {
                let message = crate::random::bytes(len, number as u64);
                let signature = sign(provider, key, scheme, &message)?.or_fail("sign")?;
                let verified = verify(key, scheme, &message, &signature)?;
                ensure_eq!(verified, Ok(()), "{} with {scheme}", key.name);
                cases += 1;
            }
        }
    }
    Ok(cases)
}

/// Other schemes are refused, and so is a buffer that is too small, naming the length needed.
pub(super) fn refusals<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    use SignatureScheme as S;
    let provider = &mut subject.provider();
    let all = [
        S::RSA_PKCS1_SHA256,
        S::ECDSA_SECP256R1_SHA256,
        S::ECDSA_SECP384R1_SHA384,
        S::ECDSA_SECP521R1_SHA512,
        S::ED25519,
        S::RSA_PSS_RSAE_SHA256,
        S::RSA_PSS_PSS_SHA256,
        S::RSA_PKCS1_SHA1,
        SignatureScheme(0x2a2a),
    ];
    let mut cases = 0;
    for key in keys(subject)? {
        let schemes = key.signer.schemes();
        for scheme in all.into_iter().filter(|scheme| !schemes.contains(scheme)) {
            let signed = sign(provider, key, scheme, &[b' '; 130])?;
            ensure_eq!(signed.err(), Some(Error::Provider(ProviderFault::Unsupported)), "{} with {scheme}", key.name);
            cases += 1;
        }
        for &scheme in schemes {
            let message = [b'r'; 130];
            let error = ready(|| key.signer.poll_sign(provider, scheme, &message, &mut [0; 8]))?.err();
            let Some(Error::TransmitBufferTooSmall(needed)) = error else {
                return Err(Stop::Failed(format!("{} with {scheme} into 8 bytes: {error:?}", key.name)));
            };
            ensure!(
                (9..1024).contains(&needed.get()),
                "{} with {scheme}: says that it needs {needed:?} bytes",
                key.name
            );
            cases += 1;
        }
    }
    Ok(cases)
}

/// One key signs for several connections at once: messages that are presented in turn.
pub(super) fn interleaved<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for key in keys(subject)? {
        let scheme = key.signer.schemes()[0];
        let mut messages: Vec<Vec<u8>> = (0..5).map(|seed| crate::random::bytes(130, 50 + seed)).collect();
        // The first one is asked for once and given up.
        let _ = key.signer.poll_sign(provider, scheme, &messages[0], &mut [0; MAX_SIGNATURE_LEN]);
        messages.remove(0);
        let signatures = all_ready(&mut messages, |_, message| {
            let mut signature = [0; MAX_SIGNATURE_LEN];
            let polled = key.signer.poll_sign(provider, scheme, message, &mut signature);
            polled.map_ok(|len| signature[..len].to_vec())
        })?;
        for (message, signature) in messages.iter().zip(signatures) {
            let verified = verify(key, scheme, message, &signature.or_fail("sign")?)?;
            ensure_eq!(verified, Ok(()), "{} with {scheme}, one message of several", key.name);
            cases += 1;
        }
    }
    Ok(cases)
}
