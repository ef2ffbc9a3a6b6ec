//! Record protection by keys of a token.

use super::TokenProvider;
use super::native::{Cipher, Direction, Nonces};
use super::secret::TokenSecret;
use super::vault::{Object, RecordFailure, RecordSession, traffic_key};
use crate::error::TokenError;
use cryptoki_sys::{CKK_AES, CKK_CHACHA20};
use saitls_core::codes::CipherSuite;
use saitls_core::crypto::{Aead, CryptoProvider, Label, Nonce};
use saitls_core::{Error, PeerFault, ProviderFault, Result};

const TAG_LEN: usize = 16;

/// How records are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Records {
    /// As messages (PKCS#11 3.0), of which the token counts those that it seals. Within one operation it can repeat no
    /// nonce.
    Counted,
    /// As messages with nonces of ours.
    Messages,
    /// By an operation each.
    Singles,
}

impl Records {
    /// The best first.
    pub(super) const ALL: [Self; 3] = [Self::Counted, Self::Messages, Self::Singles];

    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Counted => "messages, counted by the token",
            Self::Messages => "messages",
            Self::Singles => "an operation each",
        }
    }
}

/// The key of one direction of a connection: a key in a token, which is destroyed when this is dropped, and a session
/// for its records.
pub struct TokenAead {
    // The sessions before the key that is in use in them.
    sealing: Option<Operation>,
    opening: Option<Operation>,
    key: Object,
    cipher: Cipher,
    records: Records,
}

/// Messages that are sealed, or opened, in a session.
struct Operation {
    session: RecordSession,
    direction: Direction,
    /// The nonce of its first message, and how many there were, as far as an operation goes on.
    begun: Option<(Nonce, u64)>,
}

/// A nonce with a counter in its last bits (RFC 9846 5.3; PKCS#11 calls it `CKG_GENERATE_COUNTER_XOR`).
fn counted(mut nonce: Nonce, count: u64) -> Nonce {
    nonce.iter_mut().rev().zip(count.to_be_bytes().iter().rev()).for_each(|(byte, count)| *byte ^= count);
    nonce
}

impl Operation {
    fn new(key: &Object, direction: Direction) -> std::result::Result<Self, TokenError> {
        Ok(Self { session: key.vault().open_records()?, direction, begun: None })
    }

    /// Messages from this nonce on.
    fn begin(&mut self, key: &Object, cipher: Cipher, nonce: Nonce) -> std::result::Result<(), RecordFailure> {
        self.end(key);
        key.vault().with_functions(|functions| {
            functions.begin(self.session.number, (cipher, self.direction), key.number()).map_err(Into::into)
        })?;
        self.session.is_clean = false;
        self.begun = Some((nonce, 0));
        Ok(())
    }

    fn end(&mut self, key: &Object) {
        if self.begun.take().is_some() {
            let ended = key
                .vault()
                .with_functions(|functions| functions.end(self.session.number, self.direction).map_err(Into::into));
            self.session.is_clean = ended.is_ok();
        }
    }

    /// One message.
    fn message(
        &mut self,
        (key, cipher): (&Object, Cipher),
        nonces: Nonces,
        nonce: &Nonce,
        aad: &[u8],
        record: &mut [u8],
    ) -> std::result::Result<(), RecordFailure> {
        let goes_on = match (self.begun, nonces) {
            (None, _) => false,
            (Some(_), Nonces::Ours) => true,
            (Some((first, count)), Nonces::Counted) => counted(first, count) == *nonce,
        };
        if !goes_on {
            self.begin(key, cipher, *nonce)?;
        }
        let Some((first, count)) = &mut self.begun else { return Err(RecordFailure::Token(TokenError::Stopped)) };
        let mut taken = if nonces == Nonces::Counted { *first } else { *nonce };
        let (number, with) = (self.session.number, (cipher, self.direction));
        let done =
            key.vault().with_functions(|functions| functions.message(number, with, nonces, &mut taken, aad, record));
        *count += 1;
        match done {
            // Under another nonce than the peer's it is no record.
            Ok(()) if taken != *nonce => {
                let what = "it sealed a record with another nonce than it should have counted".to_owned();
                Err(RecordFailure::Token(TokenError::Failed(what)))
            }
            Ok(()) => Ok(()),
            Err(failure) => {
                // Some modules end the operation here, some do not.
                self.end(key);
                Err(failure)
            }
        }
    }
}

impl TokenAead {
    fn new(
        secret: &TokenSecret,
        suite: CipherSuite,
        label: &Label<'_>,
        records: Records,
    ) -> std::result::Result<Self, TokenError> {
        let (cipher, kind) = match suite {
            CipherSuite::CHACHA20_POLY1305_SHA256 => (Cipher::ChaCha20Poly1305, CKK_CHACHA20),
            _ => (Cipher::AesGcm, CKK_AES),
        };
        let key = secret.expand(suite.hash(), label, &traffic_key(kind, suite.key_len()), suite.key_len())?;
        Ok(Self { sealing: None, opening: None, key, cipher, records })
    }

    /// Seals two records, whose nonces are counted, and opens the second with a nonce of ours.
    pub(super) fn try_records(
        secret: &TokenSecret,
        suite: CipherSuite,
        records: Records,
    ) -> std::result::Result<(), TokenError> {
        if records == Records::Counted && suite == CipherSuite::CHACHA20_POLY1305_SHA256 {
            return Err(TokenError::Unfit("ChaCha20-Poly1305 knows no counter".to_owned()));
        }
        let text = b"is it there?";
        let mut aead = Self::new(secret, suite, &Label::tls13(b"key"), records)?;
        let mut record = [0; 28];
        let first = [0x5a; 12];
        for count in 0..2 {
            record = [0; 28];
            record[..text.len()].copy_from_slice(text);
            aead.seal_or_open(Direction::Seal, &counted(first, count), b"a record", &mut record).map_err(in_words)?;
        }
        aead.seal_or_open(Direction::Open, &counted(first, 1), b"a record", &mut record).map_err(in_words)?;
        if record.starts_with(text) { Ok(()) } else { Err(TokenError::Unfit("it opens no record".to_owned())) }
    }

    fn seal_or_open(
        &mut self,
        direction: Direction,
        nonce: &Nonce,
        aad: &[u8],
        record: &mut [u8],
    ) -> std::result::Result<(), RecordFailure> {
        let Self { sealing, opening, key, cipher, records } = self;
        let place = if direction == Direction::Seal { sealing } else { opening };
        let operation = match place {
            Some(operation) => operation,
            None => place.insert(Operation::new(key, direction).map_err(RecordFailure::Token)?),
        };
        match (*records, direction) {
            (Records::Singles, _) => {
                let (number, with) = (operation.session.number, (*cipher, direction));
                let done = key
                    .vault()
                    .with_functions(|functions| functions.single(number, with, key.number(), nonce, aad, record));
                // Where it failed it may go on, with this key: that session is nobody's any more.
                operation.session.is_clean &= done.is_ok();
                done
            }
            (Records::Counted, Direction::Seal) => {
                operation.message((key, *cipher), Nonces::Counted, nonce, aad, record)
            }
            _ => operation.message((key, *cipher), Nonces::Ours, nonce, aad, record),
        }
    }
}

impl Drop for TokenAead {
    fn drop(&mut self) {
        for operation in [&mut self.sealing, &mut self.opening].into_iter().flatten() {
            operation.end(&self.key);
        }
    }
}

fn in_words(failure: RecordFailure) -> TokenError {
    match failure {
        RecordFailure::Token(error) => error,
        RecordFailure::Forged => TokenError::Unfit("it does not open what it sealed".to_owned()),
    }
}

impl<S: CryptoProvider> Aead<TokenProvider<S>> for TokenAead {
    fn supports(suite: CipherSuite) -> bool {
        matches!(
            suite,
            CipherSuite::AES_128_GCM_SHA256 | CipherSuite::AES_256_GCM_SHA384 | CipherSuite::CHACHA20_POLY1305_SHA256
        )
    }

    /// Refuses: keys are derived in the token, and nowhere else.
    fn from_key(_: &mut TokenProvider<S>, _: CipherSuite, _: &[u8]) -> Result<Self> {
        Err(ProviderFault::Unsupported.into())
    }

    fn from_secret(
        provider: &mut TokenProvider<S>,
        suite: CipherSuite,
        secret: &TokenSecret,
        label: &Label<'_>,
    ) -> Result<Self> {
        let records = provider.abilities.records(suite).ok_or(ProviderFault::Unsupported)?;
        provider.told(Self::new(secret, suite, label, records))
    }

    fn seal(&mut self, provider: &mut TokenProvider<S>, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        if in_out.len() < TAG_LEN {
            return Err(Error::Internal);
        }
        match self.seal_or_open(Direction::Seal, nonce, aad, in_out) {
            Ok(()) => Ok(()),
            Err(failure) => provider.told(Err(in_words(failure))),
        }
    }

    fn open(&mut self, provider: &mut TokenProvider<S>, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        if in_out.len() < TAG_LEN {
            return Err(PeerFault::BadRecordMac.into());
        }
        match self.seal_or_open(Direction::Open, nonce, aad, in_out) {
            Ok(()) => Ok(()),
            Err(RecordFailure::Forged) => Err(PeerFault::BadRecordMac.into()),
            Err(RecordFailure::Token(error)) => provider.told(Err(error)),
        }
    }
}
