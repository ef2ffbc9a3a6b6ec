//! The seams: what TLS asks of cryptography, and who answers.
//!
//! # For users
//!
//! Take a ready provider (`saitls-rustcrypto`), or write a type of your own that names five parts:
//!
//! ```
//! # use saitls_core::crypto::*;
//! # use saitls_core::Result;
//! # struct MyAes; struct MyHash; struct MyKeyExchange; struct MyVerifier; struct MyTrng;
//! struct Board { rng: MyTrng /* , aes: AesPeripheral, ... */ }
//!
//! impl CryptoProvider for Board {
//! #   type Hash = Nothing; type KeyExchange = Nothing; type SignatureVerifier = Nothing; type Aead = Nothing;
//! #   #[cfg(any())] const _: () = { const _: () = {
//!     type Hash = MyHash;
//!     type Aead = MyAes;                                       // each part from anywhere
//!     type KeyExchange = MyKeyExchange;
//!     type SignatureVerifier = MyVerifier;
//! #   }; };
//!     type Secret = SoftwareSecret;                            // HKDF over `Self::Hash`
//!
//!     fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
//! #       let _ = &self.rng; let _ = out;
//!         /* self.rng ... */ Ok(())
//!     }
//! }
//! ```
//!
//! The provider *is* the device, or the handle to it. It is lent, `&mut P`, to each call that computes;
//! the associated types are what a connection keeps between calls. So any number of connections share one
//! accelerator and one random source without locks. [`Either`] joins two parts: `type Aead =
//! Either<MyAes128, saitls_rustcrypto::Aead>` is the device where it can and software elsewhere.
//!
//! # For implementers
//!
//! A part is a trait over the provider. A software part implements its trait *for every* `P`; a hardware
//! part for the one provider that owns the device, or for all that can lend it
//! (`impl<P: CryptoProvider + AsMut<Engine>> Aead<P> for VendorAead`).
//!
//! Methods called `poll_` may take long. They return [`Poll::Pending`] after a bounded share of the work and
//! are called again **with the same inputs**; the value they are called on holds how far it came. Dropping
//! the value aborts the operation and wipes it. The others are expected to answer at once.
//!
//! Errors kill the connection: there is no retry and no fall-back to software.

mod either;
mod hkdf;
mod peer_verifier;
mod pinned_key;
mod verification;
pub mod x509;

pub use either::{Either, Nothing};
pub use peer_verifier::{PeerCertificates, PeerRole, PeerVerifier};
#[doc(inline)]
pub use pinned_key::dangerous;
pub use pinned_key::{PinnedKey, PinnedKeyOr};
pub use verification::{Answers, Notes, VerificationProgress};

use crate::codes::{CipherSuite, HashAlgorithm, NamedGroup, SignatureScheme};
use crate::error::Result;
use crate::secret::SecretBytes;
use core::task::{Poll, Waker};

/// The nonce of a record (RFC 9846 5.3): 12 bytes for every suite.
pub type Nonce = [u8; 12];

/// HKDF over [`CryptoProvider::Hash`], with the secret in RAM: the [`Secret`] of providers without a key store.
pub type SoftwareSecret = SecretBytes;

/// The longest hash in bytes (SHA-384).
pub const MAX_DIGEST_LEN: usize = 48;

/// The longest key of an HMAC in bytes: a block of SHA-256. Those of the key schedule are as long as a hash.
pub const MAX_HMAC_KEY_LEN: usize = 64;

/// The output of a hash or MAC.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    bytes: [u8; MAX_DIGEST_LEN],
    len: u8,
}

impl Digest {
    /// A copy of `bytes`.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) if there are more than [`MAX_DIGEST_LEN`].
    #[inline]
    pub fn new(bytes: &[u8]) -> Result<Self> {
        let mut digest = Self { bytes: [0; MAX_DIGEST_LEN], len: 0 };
        match (digest.bytes.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(target), Ok(len)) => {
                target.copy_from_slice(bytes);
                digest.len = len;
                Ok(digest)
            }
            _ => Err(crate::ProviderFault::Unsupported.into()),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

/// Everything TLS asks of cryptography: five parts, and random bytes.
///
/// See the [module](self) for how to write one.
pub trait CryptoProvider: Sized {
    /// The hash functions of the suites.
    type Hash: Hash<Self>;
    /// The secrets of the key schedule.
    type Secret: Secret<Self>;
    /// Record protection.
    type Aead: Aead<Self>;
    /// Key agreement.
    type KeyExchange: KeyExchange<Self>;
    /// Verification of signatures.
    type SignatureVerifier: SignatureVerifier<Self>;

    /// Fills `out` from a cryptographically secure source.
    ///
    /// # Errors
    /// [`ProviderFault::RandomFailed`](crate::ProviderFault::RandomFailed) if the source fails.
    fn fill_random(&mut self, out: &mut [u8]) -> Result<()>;

    /// Wakes this task, once, when operations that are pending may go on; at once if they may already. Says whether it
    /// will: a provider that cannot tell (this default) is polled again instead.
    ///
    /// Asked after operations said [`Poll::Pending`], which begin anew to wait. Several tasks may wait at a time.
    fn register_waker(&mut self, waker: &Waker) -> bool {
        let _ = waker;
        false
    }

    /// The suites to negotiate, in order of preference; those that the parts do not support are skipped.
    fn cipher_suites(&self) -> &[CipherSuite] {
        &[
            CipherSuite::AES_128_GCM_SHA256,
            CipherSuite::AES_256_GCM_SHA384,
            CipherSuite::CHACHA20_POLY1305_SHA256,
            CipherSuite::AES_128_CCM_SHA256,
        ]
    }

    /// The groups to negotiate, in order of preference; those that the parts do not support are skipped, and hybrid
    /// ones where the buffers are shorter than [`MIN_HYBRID_BUFFER_LEN`](crate::limits::MIN_HYBRID_BUFFER_LEN).
    fn named_groups(&self) -> &[NamedGroup] {
        &[
            NamedGroup::X25519MLKEM768,
            NamedGroup::SECP256R1MLKEM768,
            NamedGroup::X25519,
            NamedGroup::SECP256R1,
            NamedGroup::SECP384R1,
            NamedGroup::SECP521R1,
        ]
    }

    /// The signature schemes to accept, in order of preference; those that the parts do not support are
    /// skipped. Schemes that may not sign a handshake are offered for certificates only.
    fn signature_schemes(&self) -> &[SignatureScheme] {
        &[
            SignatureScheme::ECDSA_SECP256R1_SHA256,
            SignatureScheme::ED25519,
            SignatureScheme::ECDSA_SECP384R1_SHA384,
            SignatureScheme::ECDSA_SECP521R1_SHA512,
            SignatureScheme::RSA_PSS_RSAE_SHA256,
            SignatureScheme::RSA_PSS_RSAE_SHA384,
            SignatureScheme::RSA_PSS_RSAE_SHA512,
            SignatureScheme::RSA_PSS_PSS_SHA256,
            SignatureScheme::RSA_PSS_PSS_SHA384,
            SignatureScheme::RSA_PSS_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
        ]
    }
}

/// A running hash.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the `Hash` of the provider `{P}`",
    note = "write `impl Hash<{P}> for {Self}`, or wrap a type of the ecosystem in `DigestOf`"
)]
pub trait Hash<P: CryptoProvider>: Sized {
    /// Whether this part has the algorithm.
    fn supports(algorithm: HashAlgorithm) -> bool;

    /// Begins a hash.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) for an algorithm the part does not have;
    /// [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed), here and below, if the device fails.
    fn start(provider: &mut P, algorithm: HashAlgorithm) -> Result<Self>;

    /// Takes in more data, of any length.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    fn update(&mut self, provider: &mut P, data: &[u8]) -> Result<()>;

    /// The hash of all data so far; more may follow. An engine that cannot fork may keep the input and
    /// hash it again, or swap its context out and in.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    fn snapshot(&mut self, provider: &mut P) -> Result<Digest>;

    /// The hash of all data.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    fn finish(mut self, provider: &mut P) -> Result<Digest> {
        self.snapshot(provider)
    }

    /// The hash of the joined `parts`, most of them short. For parts that are faster in one go.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    fn digest(provider: &mut P, algorithm: HashAlgorithm, parts: &[&[u8]]) -> Result<Digest> {
        let mut hash = Self::start(provider, algorithm)?;
        for part in parts {
            hash.update(provider, part)?;
        }
        hash.finish(provider)
    }

    /// HMAC (RFC 2104) over the joined `parts`, most of them short: all that HKDF asks for. For engines that have HMAC,
    /// and for parts that are faster in one go. `key` is at most [`MAX_HMAC_KEY_LEN`] bytes long, which is no more than
    /// a block.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    fn hmac(provider: &mut P, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Result<Digest> {
        hkdf::hmac::<P, Self>(provider, algorithm, key, parts)
    }
}

/// A secret of the key schedule: bytes in software, a slot number in a chip. Wiped, or freed, on drop.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the `Secret` of the provider `{P}`",
    note = "write `impl Secret<{P}> for {Self}`, or name `SoftwareSecret`"
)]
pub trait Secret<P: CryptoProvider>: Sized {
    /// A secret that was not made by this part: a shared secret agreed in software, or an external PSK.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) if it is too long;
    /// [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed), here and below, if the device fails.
    fn import(provider: &mut P, bytes: &[u8]) -> Result<Self>;

    /// HKDF-Extract (RFC 5869 2.2); `None` stands for `Hash.length` zero bytes.
    ///
    /// # Errors
    /// As for [`import`](Self::import).
    fn extract(provider: &mut P, hash: HashAlgorithm, salt: Option<&Self>, input: Option<&Self>) -> Result<Self>;

    /// Derive-Secret(Early Secret, "derived", "") (RFC 9846 7.1) of a handshake without a PSK: what the shared secret
    /// is extracted with. It is the same for every connection, so software has it as a constant, and nothing in it is
    /// secret.
    ///
    /// # Errors
    /// As for [`import`](Self::import).
    fn handshake_salt(provider: &mut P, hash: HashAlgorithm) -> Result<Self> {
        Self::extract(provider, hash, None, None)?.derive(provider, hash, b"derived", hash.empty_digest())
    }

    /// HKDF-Expand-Label (RFC 9846 7.1) with `Hash.length` bytes of output, which stay with the provider.
    /// `label` comes without the prefix `"tls13 "`.
    ///
    /// # Errors
    /// As for [`import`](Self::import).
    fn derive(&self, provider: &mut P, hash: HashAlgorithm, label: &[u8], context: &[u8]) -> Result<Self>;

    /// HKDF-Expand-Label whose output leaves the provider: `"iv"`, `"exporter"`, and `"key"` where the AEAD
    /// is software. A provider of opaque secrets refuses `"key"` with
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported).
    ///
    /// # Errors
    /// As for [`import`](Self::import), and if `out` is longer than 255 times `Hash.length`.
    fn export(&self, provider: &mut P, hash: HashAlgorithm, label: &[u8], context: &[u8], out: &mut [u8])
    -> Result<()>;

    /// HMAC keyed with this secret (RFC 2104): Finished and PSK binders.
    ///
    /// # Errors
    /// As for [`import`](Self::import).
    fn mac(&self, provider: &mut P, hash: HashAlgorithm, data: &[u8]) -> Result<Digest>;

    /// Copies the secret itself to `out` and returns its length. Only a key log asks for it, and only when
    /// the application configured one; a provider of opaque secrets refuses.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) if the secret cannot be told.
    fn reveal(&self, provider: &mut P, out: &mut [u8]) -> Result<usize> {
        let _ = (provider, out);
        Err(crate::ProviderFault::Unsupported.into())
    }
}

/// One direction of one key. Keyed once, then used for every record.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the `Aead` of the provider `{P}`",
    note = "write `impl Aead<{P}> for {Self}`, or wrap a type of the ecosystem in `AeadOf`"
)]
pub trait Aead<P: CryptoProvider>: Sized {
    /// Whether this part has the AEAD of the suite.
    fn supports(suite: CipherSuite) -> bool;

    /// Loads a key of [`CipherSuite::key_len`] bytes.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) for a suite the part does not have;
    /// [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed) if the device fails.
    fn from_key(provider: &mut P, suite: CipherSuite, key: &[u8]) -> Result<Self>;

    /// Derives and loads the key of a traffic secret (RFC 9846 7.3). A chip with opaque secrets overrides
    /// this, and the key never leaves it.
    ///
    /// # Errors
    /// As for [`from_key`](Self::from_key), and what [`Secret::export`] says.
    fn from_secret(provider: &mut P, suite: CipherSuite, secret: &P::Secret) -> Result<Self> {
        let key = export_key(provider, suite, secret)?;
        load_key(provider, suite, &key)
    }

    /// Encrypts in place. `in_out` is the plaintext followed by [`CipherSuite::tag_len`] bytes of room, which
    /// become the tag; [`split_tag`] takes them apart.
    ///
    /// # Errors
    /// [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed) if the device fails.
    fn seal(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()>;

    /// As [`seal`](Self::seal), with a plaintext whose first part is `text`, which stands elsewhere: `out` is room for
    /// it, then the rest of the plaintext (a byte, if records are not padded), then room for the tag. For what can
    /// encrypt from one place to another; `out` is at least as long as `text` and a tag.
    ///
    /// # Errors
    /// As for [`seal`](Self::seal).
    fn seal_from(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], text: &[u8], out: &mut [u8]) -> Result<()> {
        out.get_mut(..text.len()).ok_or(crate::Error::Internal)?.copy_from_slice(text);
        self.seal(provider, nonce, aad, out)
    }

    /// Decrypts in place and checks the tag, which stands at the end of `in_out`.
    ///
    /// # Errors
    /// [`PeerFault::BadRecordMac`](crate::PeerFault::BadRecordMac) if the tag is wrong, and then `in_out` is not to be
    /// read; [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed) if the device fails.
    fn open(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()>;
}

// Two functions of their own, so that what loading a key takes of the stack is not in use while the key is derived.

#[inline(never)]
fn export_key<P: CryptoProvider>(provider: &mut P, suite: CipherSuite, secret: &P::Secret) -> Result<SecretBytes> {
    let mut key = SecretBytes::zeros(suite.key_len())?;
    secret.export(provider, suite.hash(), b"key", b"", key.as_mut_bytes())?;
    Ok(key)
}

#[inline(never)]
fn load_key<P: CryptoProvider, A: Aead<P>>(provider: &mut P, suite: CipherSuite, key: &SecretBytes) -> Result<A> {
    A::from_key(provider, suite, key.as_bytes())
}

/// Parts a record into text and tag, for implementers of [`Aead`].
///
/// # Errors
/// [`PeerFault::BadRecordMac`](crate::PeerFault::BadRecordMac) if `in_out` is shorter than a tag.
///
/// ```
/// let mut record = *b"text0123456789abcdef";
/// let (text, tag) = saitls_core::crypto::split_tag(&mut record, 16)?;
/// assert_eq!((&*text, &*tag), (&b"text"[..], &b"0123456789abcdef"[..]));
/// # Ok::<(), saitls_core::Error>(())
/// ```
pub fn split_tag(in_out: &mut [u8], tag_len: usize) -> Result<(&mut [u8], &mut [u8])> {
    let text_len = in_out.len().checked_sub(tag_len).ok_or(crate::PeerFault::BadRecordMac)?;
    in_out.split_at_mut_checked(text_len).ok_or(crate::Error::Peer(crate::PeerFault::BadRecordMac))
}

/// One key agreement, in the shape of a KEM: a client generates, then decapsulates; a server encapsulates.
///
/// The value is the operation: it holds the private key and how far a slow step has come. After
/// [`Poll::Pending`] the same step is polled again with the same inputs.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the `KeyExchange` of the provider `{P}`",
    note = "write `impl KeyExchange<{P}> for {Self}`"
)]
pub trait KeyExchange<P: CryptoProvider>: Sized {
    /// Whether this part has the group.
    fn supports(group: NamedGroup) -> bool;

    /// Begins an agreement.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) for a group the part does not have.
    fn start(provider: &mut P, group: NamedGroup) -> Result<Self>;

    /// Client: makes the key pair, writes our share (the `key_exchange` field of RFC 9846 4.3.8) to the
    /// front of `share`, and returns its length. Polled again after it was ready, it writes the same share
    /// again: the second ClientHello may have to repeat it.
    ///
    /// # Errors
    /// [`Error::TransmitBufferTooSmall`](crate::Error::TransmitBufferTooSmall) with the length of the share if
    /// it does not fit; [`ProviderFault::RandomFailed`](crate::ProviderFault::RandomFailed),
    /// [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed).
    fn poll_generate(&mut self, provider: &mut P, share: &mut [u8]) -> Poll<Result<usize>>;

    /// Client: the shared secret, from the server's share. Called after [`poll_generate`](Self::poll_generate).
    ///
    /// # Errors
    /// [`PeerFault::InvalidKeyShare`](crate::PeerFault::InvalidKeyShare) if the share has the wrong length, is no valid
    /// point, or leads to an all-zero secret; [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed).
    fn poll_decapsulate(&mut self, provider: &mut P, peer_share: &[u8]) -> Poll<Result<P::Secret>>;

    /// Server: our share, written to the front of `share`, its length, and the shared secret.
    ///
    /// # Errors
    /// Those of [`poll_generate`](Self::poll_generate) and [`poll_decapsulate`](Self::poll_decapsulate).
    fn poll_encapsulate(
        &mut self,
        provider: &mut P,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, P::Secret)>>;
}

/// A signature algorithm as arithmetic: what stands in certificates as well as in CertificateVerify.
///
/// A TLS [`SignatureScheme`] ties a hash to a curve and an encoding of the key; certificates are freer
/// (a P-256 key may sign SHA-384).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256Sha256,
    /// ECDSA on P-256 with SHA-384.
    EcdsaP256Sha384,
    /// ECDSA on P-256 with SHA-512.
    EcdsaP256Sha512,
    /// ECDSA on P-384 with SHA-256.
    EcdsaP384Sha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384Sha384,
    /// ECDSA on P-384 with SHA-512.
    EcdsaP384Sha512,
    /// ECDSA on P-521 with SHA-256.
    EcdsaP521Sha256,
    /// ECDSA on P-521 with SHA-384.
    EcdsaP521Sha384,
    /// ECDSA on P-521 with SHA-512.
    EcdsaP521Sha512,
    /// Ed25519.
    Ed25519,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaPkcs1Sha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaPkcs1Sha512,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and 32 bytes of salt.
    RsaPssSha256,
    /// RSASSA-PSS with SHA-384, MGF1 with SHA-384 and 48 bytes of salt.
    RsaPssSha384,
    /// RSASSA-PSS with SHA-512, MGF1 with SHA-512 and 64 bytes of salt.
    RsaPssSha512,
    /// A TLS scheme that this list does not name, for parts that bring their own.
    Other(SignatureScheme),
}

impl From<SignatureScheme> for SignatureAlgorithm {
    fn from(scheme: SignatureScheme) -> Self {
        match scheme {
            SignatureScheme::ECDSA_SECP256R1_SHA256 => Self::EcdsaP256Sha256,
            SignatureScheme::ECDSA_SECP384R1_SHA384 => Self::EcdsaP384Sha384,
            SignatureScheme::ECDSA_SECP521R1_SHA512 => Self::EcdsaP521Sha512,
            SignatureScheme::ED25519 => Self::Ed25519,
            SignatureScheme::RSA_PKCS1_SHA256 => Self::RsaPkcs1Sha256,
            SignatureScheme::RSA_PKCS1_SHA384 => Self::RsaPkcs1Sha384,
            SignatureScheme::RSA_PKCS1_SHA512 => Self::RsaPkcs1Sha512,
            SignatureScheme::RSA_PSS_RSAE_SHA256 | SignatureScheme::RSA_PSS_PSS_SHA256 => Self::RsaPssSha256,
            SignatureScheme::RSA_PSS_RSAE_SHA384 | SignatureScheme::RSA_PSS_PSS_SHA384 => Self::RsaPssSha384,
            SignatureScheme::RSA_PSS_RSAE_SHA512 | SignatureScheme::RSA_PSS_PSS_SHA512 => Self::RsaPssSha512,
            other => Self::Other(other),
        }
    }
}

/// Why the provider cannot use a key. Without RSA, it is never for its length.
pub(crate) fn unusable_key<P: CryptoProvider>(public_key: &[u8]) -> crate::CertificateFault {
    let has_rsa = P::SignatureVerifier::supports(SignatureAlgorithm::RsaPssSha256);
    if has_rsa { x509::unusable_key(public_key) } else { crate::CertificateFault::Unsupported }
}

/// One verification of one signature. The value is the operation, as for [`KeyExchange`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the `SignatureVerifier` of the provider `{P}`",
    note = "write `impl SignatureVerifier<{P}> for {Self}`, or wrap a type of the ecosystem in `VerifierOf`"
)]
pub trait SignatureVerifier<P: CryptoProvider>: Sized {
    /// Whether this part has the algorithm.
    fn supports(algorithm: SignatureAlgorithm) -> bool;

    /// Begins a verification.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) for an algorithm the part does not have.
    fn start(provider: &mut P, algorithm: SignatureAlgorithm) -> Result<Self>;

    /// Checks `signature` over `message` (not its hash). `public_key` is the content of the BIT STRING of the
    /// SubjectPublicKeyInfo: an uncompressed point, 32 bytes of Ed25519, or a DER RSAPublicKey. Whether the
    /// key's algorithm identifier fits has been checked by the caller.
    ///
    /// # Errors
    /// [`PeerFault::BadSignature`](crate::PeerFault::BadSignature);
    /// [`CertificateFault::Unsupported`](crate::CertificateFault::Unsupported) if the key cannot be used;
    /// [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed).
    fn poll_verify(
        &mut self,
        provider: &mut P,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Poll<Result<()>>;
}

/// A private key somewhere, shared by any number of connections: `&dyn Signer<P>`.
///
/// It is `Sync`, as all that configurations refer to: they can be `static`, and connections change threads. The device
/// that holds the key is reached through the provider, as is randomness. A pending operation is
/// named by its message (130 or 146 bytes, never the same twice), which is presented again.
pub trait Signer<P: CryptoProvider>: Sync {
    /// The schemes this key can sign with, in order of preference.
    fn schemes(&self) -> &[SignatureScheme];

    /// Signs `message` (not its hash), writes the signature to the front of `signature`, returns its length.
    ///
    /// # Errors
    /// [`Error::TransmitBufferTooSmall`](crate::Error::TransmitBufferTooSmall) with the length of the signature
    /// if it does not fit; [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) for another scheme than
    /// [`schemes`](Self::schemes) lists; [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed).
    fn poll_sign(
        &self,
        provider: &mut P,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<Result<usize>>;

    /// As [`CryptoProvider::register_waker`], for a signature: a key whose device is none of the provider's overrides
    /// it.
    fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        provider.register_waker(waker)
    }
}

/// Writes secrets for a traffic analyser. Whoever reads them reads the connections: for debugging only.
///
/// The application must both implement this and name it in the configuration.
pub trait KeyLog: Sync {
    /// One line of an SSLKEYLOGFILE: `LABEL`, space, 64 hexadecimal digits of `client_random`, space, the
    /// digits of `secret`.
    fn log(&self, label: &str, client_random: &[u8; 32], secret: &[u8]);
}
