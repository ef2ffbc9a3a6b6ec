//! What a CertificateVerify signs (RFC 9846 4.5.2).

use crate::crypto::CryptoProvider;
use crate::error::{Result, by_ref};
use crate::key_schedule::Transcript;
use crate::wire::Writer;

/// Who signs (RFC 9846 4.5.2).
#[derive(Clone, Copy)]
pub(crate) enum Side {
    Client,
    Server,
}

/// What a CertificateVerify signs: 64 spaces, the context string, a zero, the transcript hash.
pub(crate) struct SignedContent {
    bytes: [u8; SignedContent::MAX_LEN],
    len: usize,
}

impl SignedContent {
    const MAX_LEN: usize = 64 + 33 + 1 + crate::crypto::MAX_DIGEST_LEN;

    pub(crate) const fn new() -> Self {
        Self { bytes: [0; Self::MAX_LEN], len: 0 }
    }

    /// Of the transcript so far. Own frame, which is gone while signatures are made and verified.
    #[inline(never)]
    pub(crate) fn fill<P: CryptoProvider>(
        &mut self,
        provider: &mut P,
        transcript: &mut Transcript<P>,
        side: Side,
    ) -> Result<()> {
        let transcript = transcript.hash(provider);
        let transcript = by_ref(&transcript)?;
        let mut writer = Writer::new(&mut self.bytes);
        writer.bytes(&[0x20; 64]);
        writer.bytes(match side {
            Side::Client => b"TLS 1.3, client CertificateVerify",
            Side::Server => b"TLS 1.3, server CertificateVerify",
        });
        writer.u8(0);
        writer.bytes(transcript.as_bytes());
        self.len = writer.finish()?;
        Ok(())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}
