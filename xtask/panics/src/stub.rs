//! A crypto driver that may answer anything, lies about lengths included.

use core::task::Poll;
use saitls_core::ServerName;
use saitls_core::codes::{CipherSuite, HashAlgorithm, NamedGroup, SignatureScheme};
use saitls_core::crypto::{
    self, CryptoProvider, Digest, Nonce, PeerCertificates, PeerVerifier, SignatureAlgorithm, SoftwareSecret,
    TrustFingerprint, VerificationProgress,
};
use saitls_core::error::{ByteCount, Error, PeerFault, ProviderFault, Result};
use saitls_core::psk::{FoundPsk, HeldSecret, PskKind, PskStore};
use saitls_core::session::{Session, SessionStore};

/// Anything.
pub fn word() -> usize {
    // SAFETY: this is never run.
    unsafe { core::ptr::read_volatile(0x4000_0000 as *const usize) }
}

pub fn byte() -> u8 {
    word() as u8
}

pub fn fill(out: &mut [u8]) {
    out.iter_mut().for_each(|out| *out = byte());
}

fn result<T>(value: T) -> Result<T> {
    match word() {
        0 => Ok(value),
        1 => Err(PeerFault::BadRecordMac.into()),
        2 => Err(Error::TransmitBufferTooSmall(ByteCount::new(word()))),
        3 => Err(PeerFault::InvalidKeyShare.into()),
        4 => Err(PeerFault::BadSignature.into()),
        _ => Err(ProviderFault::CryptoFailed.into()),
    }
}

fn poll<T>(value: T) -> Poll<Result<T>> {
    if word() == 0 { Poll::Pending } else { Poll::Ready(result(value)) }
}

pub struct Stub;

impl CryptoProvider for Stub {
    type Hash = Stub;
    type Secret = SoftwareSecret;
    type Aead = Stub;
    type KeyExchange = Stub;
    type SignatureVerifier = Stub;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        fill(out);
        result(())
    }
}

impl crypto::Hash<Stub> for Stub {
    fn supports(_: HashAlgorithm) -> bool {
        word() == 0
    }

    fn start(_: &mut Stub, _: HashAlgorithm) -> Result<Self> {
        result(Stub)
    }

    fn update(&mut self, _: &mut Stub, data: &[u8]) -> Result<()> {
        result(core::hint::black_box(data.len())).map(drop)
    }

    fn snapshot(&mut self, _: &mut Stub) -> Result<Digest> {
        let mut digest = [0; 48];
        fill(&mut digest);
        Digest::new(digest.get(..word()).unwrap_or_default())
    }
}

impl crypto::Aead<Stub> for Stub {
    fn supports(_: CipherSuite) -> bool {
        word() == 0
    }

    fn from_key(_: &mut Stub, _: CipherSuite, key: &[u8]) -> Result<Self> {
        core::hint::black_box(key.len());
        result(Stub)
    }

    fn seal(&mut self, _: &mut Stub, _: &Nonce, _: &[u8], in_out: &mut [u8]) -> Result<()> {
        fill(in_out);
        result(())
    }

    fn open(&mut self, _: &mut Stub, _: &Nonce, _: &[u8], in_out: &mut [u8]) -> Result<()> {
        fill(in_out);
        result(())
    }
}

impl crypto::KeyExchange<Stub> for Stub {
    fn supports(_: NamedGroup) -> bool {
        word() == 0
    }

    fn start(_: &mut Stub, _: NamedGroup) -> Result<Self> {
        result(Stub)
    }

    fn poll_generate(&mut self, _: &mut Stub, share: &mut [u8]) -> Poll<Result<usize>> {
        fill(share);
        poll(word())
    }

    fn poll_decapsulate(&mut self, _: &mut Stub, _: &[u8]) -> Poll<Result<SoftwareSecret>> {
        SoftwareSecret::zeros(word()).map_or(Poll::Pending, poll)
    }

    fn poll_encapsulate(&mut self, _: &mut Stub, _: &[u8], share: &mut [u8]) -> Poll<Result<(usize, SoftwareSecret)>> {
        fill(share);
        SoftwareSecret::zeros(word()).map_or(Poll::Pending, |secret| poll((word(), secret)))
    }
}

impl crypto::SignatureVerifier<Stub> for Stub {
    fn supports(_: SignatureAlgorithm) -> bool {
        word() == 0
    }

    fn start(_: &mut Stub, _: SignatureAlgorithm) -> Result<Self> {
        result(Stub)
    }

    fn poll_verify(&mut self, _: &mut Stub, key: &[u8], _: &[u8], signature: &[u8]) -> Poll<Result<()>> {
        core::hint::black_box((key.len(), signature.len()));
        poll(())
    }
}

pub struct Key;

impl crypto::Signer<Stub> for Key {
    fn schemes(&self) -> &[SignatureScheme] {
        &[SignatureScheme::ECDSA_SECP256R1_SHA256, SignatureScheme::RSA_PSS_RSAE_SHA256]
    }

    fn poll_sign(&self, _: &mut Stub, _: SignatureScheme, _: &[u8], signature: &mut [u8]) -> Poll<Result<usize>> {
        fill(signature);
        poll(word())
    }
}

pub struct Anybody;

impl PeerVerifier<Stub> for Anybody {
    fn poll_verify(
        &self,
        _: &mut Stub,
        _: &mut VerificationProgress<Stub>,
        _: &PeerCertificates<'_>,
    ) -> Poll<Result<()>> {
        poll(())
    }

    fn fingerprint(&self, provider: &mut Stub) -> Result<Option<TrustFingerprint>> {
        TrustFingerprint::of(provider, [&b"anybody"[..]]).map(|fingerprint| (word() == 0).then_some(fingerprint))
    }
}

/// It keeps sessions, or does not, and finds anything.
pub struct Sessions;

impl SessionStore<Stub> for Sessions {
    fn put(&self, _: &mut Stub, session: &Session<'_>) -> Result<()> {
        result(()).map(|()| _ = core::hint::black_box(session.len()))
    }

    fn poll_take(&self, _: &mut Stub, _: Option<&ServerName<'_>>, out: &mut [u8]) -> Poll<Result<Option<usize>>> {
        fill(out);
        poll((word() == 0).then(word))
    }
}

/// It holds keys, and finds them.
pub struct Device;

impl HeldSecret<Stub> for Device {
    fn poll_secret(&self, _: &mut Stub) -> Poll<Result<SoftwareSecret>> {
        SoftwareSecret::zeros(word()).map_or(Poll::Pending, poll)
    }
}

impl PskStore<Stub> for Device {
    fn poll_find(&self, provider: &mut Stub, identity: &[u8]) -> Poll<Result<Option<FoundPsk<Stub>>>> {
        core::hint::black_box(identity.len());
        let hash = if word() == 0 { HashAlgorithm::Sha256 } else { HashAlgorithm::Sha384 };
        let found = self.poll_secret(provider).map_ok(|secret| FoundPsk { hash, secret, kind: PskKind::External });
        found.map_ok(|found| (word() == 0).then_some(found))
    }
}
