//! Signature verification from a `signature` implementation.

use core::marker::PhantomData;
use core::task::Poll;
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::{CryptoProvider, SignatureAlgorithm, SignatureVerifier};
use saitls_core::error::{CertificateFault, Error, PeerFault, ProviderFault, Result};
use signature::Verifier;

/// The [`SignatureVerifier`] of one scheme, from a public key `K` that implements [`Verifier<S>`].
///
/// Key and signature are made from the bytes that TLS has, by `TryFrom<&[u8]>`: the content of the BIT STRING of
/// the SubjectPublicKeyInfo, and the field of CertificateVerify (RFC 9846 4.5.2).
///
/// ```
/// use saitls_core::codes::SignatureScheme;
/// use saitls_rustcrypto::adapters::VerifierOf;
///
/// type MyVerifier = VerifierOf<
///     p256::ecdsa::VerifyingKey,
///     p256::ecdsa::DerSignature,
///     { SignatureScheme::ECDSA_SECP256R1_SHA256.0 },
/// >;
/// ```
pub struct VerifierOf<K, S, const SCHEME: u16>(PhantomData<fn() -> (K, S)>);

impl<P, K, S, const SCHEME: u16> SignatureVerifier<P> for VerifierOf<K, S, SCHEME>
where
    P: CryptoProvider,
    K: Verifier<S> + for<'a> TryFrom<&'a [u8]>,
    S: for<'a> TryFrom<&'a [u8]>,
{
    fn supports(algorithm: SignatureAlgorithm) -> bool {
        algorithm == SignatureAlgorithm::from(SignatureScheme(SCHEME))
    }

    fn start(_: &mut P, algorithm: SignatureAlgorithm) -> Result<Self> {
        if <Self as SignatureVerifier<P>>::supports(algorithm) {
            Ok(Self(PhantomData))
        } else {
            Err(ProviderFault::Unsupported.into())
        }
    }

    fn poll_verify(&mut self, _: &mut P, public_key: &[u8], message: &[u8], signature: &[u8]) -> Poll<Result<()>> {
        let verify = || {
            let key = K::try_from(public_key).map_err(|_| CertificateFault::Unsupported)?;
            let signature = S::try_from(signature).map_err(|_| PeerFault::BadSignature)?;
            key.verify(message, &signature).map_err(|_| Error::Peer(PeerFault::BadSignature))
        };
        Poll::Ready(verify())
    }
}
