//! What a ticket stands for, as bytes.
//!
//! ```text
//! version 1 | suite 2 | secret 1+n | age_add 4 | issued 8 | began 8 | max_early_data 4 | policy 32 | protocol 1+n |
//! owner 1 | scheme 2 | type 1 | certificates 2 | certificate 3+n
//! ```
//!
//! Numbers are big-endian, times in seconds since 1970 and 0 if unknown. Another version is another process's: its
//! tickets are unknown.

use crate::codes::{CertificateType, CipherSuite, SignatureScheme};
use crate::crypto::MAX_STORED_SECRET_LEN;
use crate::wire::{Malformed, Reader, Writer};

const VERSION: u8 = 1;

/// The longest name of a protocol that a ticket holds; our choice. Early data needs it, resumption does not.
pub(crate) const MAX_PROTOCOL_LEN: usize = 32;

/// The longest state in bytes, without the client's certificate.
pub(crate) const MAX_STATE_LEN: usize =
    1 + 2 + (1 + MAX_STORED_SECRET_LEN) + 4 + 8 + 8 + 4 + 32 + (1 + MAX_PROTOCOL_LEN) + 1 + 2 + 1 + 2 + 3;

/// Who the client of a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionOwner<'s> {
    /// It was not asked.
    NotRequested,
    /// It declined, and was allowed to.
    Declined,
    /// It had a certificate.
    Certificate {
        scheme: SignatureScheme,
        certificate_type: CertificateType,
        chain_len: u16,
        /// Empty if there was no room to keep it.
        certificate: &'s [u8],
    },
}

/// What a server must know of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionState<'s> {
    pub(crate) cipher_suite: CipherSuite,
    /// The PSK, as the provider stored it.
    pub(crate) secret: &'s [u8],
    pub(crate) age_add: u32,
    /// When the ticket was made.
    pub(crate) issued: Option<u64>,
    /// When the session had its first handshake.
    pub(crate) began: Option<u64>,
    pub(crate) max_early_data: u32,
    /// A hash of what the session must not be resumed without: the server's name, and whom it trusts.
    pub(crate) policy: &'s [u8; 32],
    /// The application protocol; `None` if there was none, or its name is too long to be kept.
    pub(crate) protocol: Option<&'s [u8]>,
    pub(crate) owner: SessionOwner<'s>,
}

impl<'s> SessionState<'s> {
    /// Writes all but the certificate, which is the end of it.
    pub(crate) fn write_front(&self, writer: &mut Writer<'_>) {
        writer.u8(VERSION);
        writer.u16(self.cipher_suite.0);
        writer.vector8(|writer| writer.bytes(self.secret));
        writer.u32(self.age_add);
        writer.bytes(&self.issued.unwrap_or(0).to_be_bytes());
        writer.bytes(&self.began.unwrap_or(0).to_be_bytes());
        writer.u32(self.max_early_data);
        writer.bytes(self.policy);
        let protocol = self.protocol.filter(|name| name.len() <= MAX_PROTOCOL_LEN).unwrap_or_default();
        writer.vector8(|writer| writer.bytes(protocol));
        let (owner, scheme, certificate_type, chain_len, certificate_len) = match self.owner {
            SessionOwner::NotRequested => (0, 0, 0, 0, 0),
            SessionOwner::Declined => (1, 0, 0, 0, 0),
            SessionOwner::Certificate { scheme, certificate_type, chain_len, certificate } => {
                (2, scheme.0, certificate_type.0, chain_len, certificate.len())
            }
        };
        writer.u8(owner);
        writer.u16(scheme);
        writer.u8(certificate_type);
        writer.u16(chain_len);
        writer.u24(certificate_len);
    }

    /// What stands behind the front.
    pub(crate) const fn certificate(&self) -> &'s [u8] {
        match self.owner {
            SessionOwner::Certificate { certificate, .. } => certificate,
            SessionOwner::NotRequested | SessionOwner::Declined => &[],
        }
    }

    /// Reads all of `bytes`.
    pub(crate) fn read(bytes: &'s [u8]) -> Result<Self, Malformed> {
        Reader::all(bytes, |reader| {
            if reader.u8()? != VERSION {
                return Err(Malformed);
            }
            let cipher_suite = CipherSuite(reader.u16()?);
            let secret = reader.vector8()?;
            let age_add = reader.u32()?;
            let [issued, began] = [time(reader)?, time(reader)?];
            let max_early_data = reader.u32()?;
            let policy = reader.array()?;
            let protocol = Some(reader.vector8()?).filter(|name| !name.is_empty());
            let owner = reader.u8()?;
            let scheme = SignatureScheme(reader.u16()?);
            let certificate_type = CertificateType(reader.u8()?);
            let chain_len = reader.u16()?;
            let certificate = reader.vector24()?;
            let owner = match owner {
                0 => SessionOwner::NotRequested,
                1 => SessionOwner::Declined,
                2 => SessionOwner::Certificate { scheme, certificate_type, chain_len, certificate },
                _ => return Err(Malformed),
            };
            Ok(Self { cipher_suite, secret, age_add, issued, began, max_early_data, policy, protocol, owner })
        })
    }
}

fn time(reader: &mut Reader<'_>) -> Result<Option<u64>, Malformed> {
    let seconds = u64::from_be_bytes(*reader.array()?);
    Ok(Some(seconds).filter(|&seconds| seconds != 0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn write(state: &SessionState<'_>) -> Vec<u8> {
        let mut room = [0; MAX_STATE_LEN];
        let mut writer = Writer::new(&mut room);
        state.write_front(&mut writer);
        let len = writer.finish().unwrap();
        [&room[..len], state.certificate()].concat()
    }

    const STATE: SessionState<'static> = SessionState {
        cipher_suite: CipherSuite::AES_128_GCM_SHA256,
        secret: &[7; MAX_STORED_SECRET_LEN],
        age_add: 0x0102_0304,
        issued: Some(1_800_000_100),
        began: Some(1_800_000_000),
        max_early_data: 0,
        policy: &[9; 32],
        protocol: Some(&[b'x'; MAX_PROTOCOL_LEN]),
        owner: SessionOwner::NotRequested,
    };

    #[test]
    fn what_was_written_is_read() {
        let certificate = SessionOwner::Certificate {
            scheme: SignatureScheme::ED25519,
            certificate_type: CertificateType::RAW_PUBLIC_KEY,
            chain_len: 3,
            certificate: &[1; 700],
        };
        for owner in [SessionOwner::NotRequested, SessionOwner::Declined, certificate] {
            for (issued, protocol) in [(None, None), (STATE.issued, STATE.protocol)] {
                let state = SessionState { owner, issued, protocol, ..STATE };
                assert_eq!(SessionState::read(&write(&state)), Ok(state));
            }
        }
        assert_eq!(write(&STATE).len(), MAX_STATE_LEN);
        // A protocol that is too long is left out.
        let state = SessionState { protocol: Some(&[b'x'; MAX_PROTOCOL_LEN + 1]), ..STATE };
        assert_eq!(SessionState::read(&write(&state)).unwrap().protocol, None);
    }

    #[test]
    fn what_is_malformed_is_not_read() {
        let state = SessionState { secret: &[7; 32], ..STATE };
        let bytes = write(&state);
        for len in 0..bytes.len() {
            assert!(SessionState::read(&bytes[..len]).is_err(), "{len}");
        }
        assert!(SessionState::read(&[&bytes[..], &[0]].concat()).is_err());
        let mut another = bytes.clone();
        another[0] = 2;
        assert!(SessionState::read(&another).is_err());
        let owner = bytes.len() - 9;
        another = bytes;
        another[owner] = 3;
        assert!(SessionState::read(&another).is_err());
    }
}
