//! Signing from a `signature` implementation.

use super::RngOf;
use core::task::Poll;
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::write_to_front;
use saitls_core::crypto::{CryptoProvider, Signer};
use saitls_core::error::{Error, ProviderFault, Result};
use signature::SignatureEncoding;

/// Writes a signature to the front of the second argument.
type Write<S> = fn(&S, &mut [u8]) -> Result<usize>;

/// The [`Signer`] of one scheme, from a private key `K` that implements [`signature::Signer<S>`].
///
/// ```
/// use saitls_core::codes::SignatureScheme;
/// use saitls_rustcrypto::adapters::SignerOf;
///
/// let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
/// let signer = SignerOf::<_, ed25519_dalek::Signature, { SignatureScheme::ED25519.0 }>::encoded(key);
/// # let _: &dyn saitls_core::crypto::Signer<saitls_rustcrypto::RustCrypto<getrandom::SysRng>> = &signer;
/// ```
pub struct SignerOf<K, S, const SCHEME: u16> {
    key: K,
    write: Write<S>,
}

/// The same as [`SignerOf`] for a key that implements [`signature::RandomizedSigner<S>`]: the random numbers
/// come from the provider.
///
/// ```
/// use saitls_core::codes::SignatureScheme;
/// use saitls_rustcrypto::adapters::RandomizedSignerOf;
///
/// let key = p256::ecdsa::SigningKey::from_slice(&[7; 32])?;
/// let signer =
///     RandomizedSignerOf::<_, p256::ecdsa::DerSignature, { SignatureScheme::ECDSA_SECP256R1_SHA256.0 }>::new(key);
/// # let _: &dyn saitls_core::crypto::Signer<saitls_rustcrypto::RustCrypto<getrandom::SysRng>> = &signer;
/// # Ok::<(), signature::Error>(())
/// ```
pub struct RandomizedSignerOf<K, S, const SCHEME: u16> {
    key: K,
    write: Write<S>,
}

macro_rules! constructors {
    ($name:ident) => {
        impl<K, S, const SCHEME: u16> $name<K, S, SCHEME> {
            /// For signatures that are their bytes (`AsRef<[u8]>`), such as ECDSA in DER.
            pub fn new(key: K) -> Self
            where
                S: AsRef<[u8]>,
            {
                Self { key, write: |signature, out| write_to_front(signature.as_ref(), out) }
            }

            /// For signatures that are to be encoded ([`SignatureEncoding`]), such as Ed25519 and RSA.
            pub fn encoded(key: K) -> Self
            where
                S: SignatureEncoding,
            {
                Self { key, write: |signature, out| write_to_front(signature.to_bytes().as_ref(), out) }
            }

            /// The key.
            pub const fn key(&self) -> &K {
                &self.key
            }
        }
    };
}

constructors!(SignerOf);
constructors!(RandomizedSignerOf);

impl<P, K, S, const SCHEME: u16> Signer<P> for SignerOf<K, S, SCHEME>
where
    P: CryptoProvider,
    K: signature::Signer<S> + Sync,
{
    fn schemes(&self) -> &[SignatureScheme] {
        const { &[SignatureScheme(SCHEME)] }
    }

    fn poll_sign(&self, _: &mut P, scheme: SignatureScheme, message: &[u8], out: &mut [u8]) -> Poll<Result<usize>> {
        if scheme != SignatureScheme(SCHEME) {
            return Poll::Ready(Err(ProviderFault::Unsupported.into()));
        }
        let signature = self.key.try_sign(message).map_err(|_| Error::Provider(ProviderFault::CryptoFailed));
        Poll::Ready(signature.and_then(|signature| (self.write)(&signature, out)))
    }
}

impl<P, K, S, const SCHEME: u16> Signer<P> for RandomizedSignerOf<K, S, SCHEME>
where
    P: CryptoProvider,
    K: signature::RandomizedSigner<S> + Sync,
{
    fn schemes(&self) -> &[SignatureScheme] {
        const { &[SignatureScheme(SCHEME)] }
    }

    fn poll_sign(
        &self,
        provider: &mut P,
        scheme: SignatureScheme,
        message: &[u8],
        out: &mut [u8],
    ) -> Poll<Result<usize>> {
        if scheme != SignatureScheme(SCHEME) {
            return Poll::Ready(Err(ProviderFault::Unsupported.into()));
        }
        let mut rng = RngOf::new(provider);
        let signature = self
            .key
            .try_sign_with_rng(&mut rng, message)
            .map_err(|_| rng.failure().unwrap_or(Error::Provider(ProviderFault::CryptoFailed)));
        Poll::Ready(signature.and_then(|signature| (self.write)(&signature, out)))
    }
}
