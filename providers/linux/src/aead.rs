//! Record protection.

use crate::socket::{Algorithm, Operation};
use nix::errno::Errno;
use nix::libc::{ALG_OP_DECRYPT, ALG_OP_ENCRYPT};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use nix::sys::uio::readv;
use saitls_core::codes::CipherSuite;
use saitls_core::crypto::{Aead, CryptoProvider, Nonce};
use saitls_core::{Error, PeerFault, ProviderFault, Result};
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::AsRawFd;
use std::sync::OnceLock;

const TAG_LEN: usize = 16;

/// So much of additional data goes without an allocation: TLS has 5 bytes.
const SHORT_AAD_LEN: usize = 64;

const SUITES: [(CipherSuite, &str); 3] = [
    (CipherSuite::AES_128_GCM_SHA256, "gcm(aes)"),
    (CipherSuite::AES_256_GCM_SHA384, "gcm(aes)"),
    (CipherSuite::CHACHA20_POLY1305_SHA256, "rfc7539(chacha20,poly1305)"),
];

/// A key in the kernel, which forgets it when this is dropped.
pub struct KernelAead {
    algorithm: Algorithm,
    operation: Operation,
}

fn name(suite: CipherSuite) -> Option<(usize, &'static str)> {
    let at = SUITES.iter().position(|(other, _)| *other == suite)?;
    SUITES.get(at).map(|(_, name)| (at, *name))
}

impl KernelAead {
    fn new(suite: CipherSuite, key: &[u8]) -> nix::Result<Self> {
        let (_, name) = name(suite).ok_or(Errno::ENOENT)?;
        let algorithm = Algorithm::new("aead", name)?;
        algorithm.set_key(key)?;
        algorithm.set_tag_len(TAG_LEN)?;
        let operation = algorithm.begin()?;
        Ok(Self { algorithm, operation })
    }

    /// Sends additional data and a record, and has the record back: the kernel says the additional data again first.
    fn run(&self, sealing: bool, nonce: &Nonce, aad: &[u8], record: &mut [u8]) -> nix::Result<()> {
        let (mut short, mut long) = ([0; SHORT_AAD_LEN], Vec::new());
        let again = match short.get_mut(..aad.len()) {
            Some(again) => again,
            None => {
                long.resize(aad.len(), 0);
                long.as_mut_slice()
            }
        };
        let (text_len, len) = (record.len().checked_sub(TAG_LEN).ok_or(Errno::EINVAL)?, record.len());
        let (operation, from_len, to_len) =
            if sealing { (ALG_OP_ENCRYPT, text_len, len) } else { (ALG_OP_DECRYPT, len, text_len) };
        let aad_len = u32::try_from(aad.len()).map_err(|_| Errno::EINVAL)?;
        let control = [
            ControlMessage::AlgSetOp(&operation),
            ControlMessage::AlgSetIv(nonce),
            ControlMessage::AlgSetAeadAssoclen(&aad_len),
        ];
        let socket = self.operation.socket();
        let from = record.get(..from_len).ok_or(Errno::EINVAL)?;
        let parts = [IoSlice::new(aad), IoSlice::new(from)];
        let sent = sendmsg::<()>(socket.as_raw_fd(), &parts, &control, MsgFlags::empty(), None)?;
        if sent != aad.len() + from_len {
            return Err(Errno::EMSGSIZE);
        }
        let to = record.get_mut(..to_len).ok_or(Errno::EINVAL)?;
        let read = readv(socket, &mut [IoSliceMut::new(again), IoSliceMut::new(to)])?;
        if read == aad.len() + to_len { Ok(()) } else { Err(Errno::EMSGSIZE) }
    }

    /// What is left of an operation that failed is no part of the next.
    fn begin_anew(&mut self) -> Result<()> {
        self.operation = self.algorithm.begin().map_err(|_| ProviderFault::CryptoFailed)?;
        Ok(())
    }
}

impl<P: CryptoProvider> Aead<P> for KernelAead {
    /// What the kernel has; it is asked once.
    fn supports(suite: CipherSuite) -> bool {
        static THERE: [OnceLock<bool>; SUITES.len()] = [const { OnceLock::new() }; SUITES.len()];
        let Some((at, name)) = name(suite) else { return false };
        THERE.get(at).is_some_and(|there| *there.get_or_init(|| Algorithm::new("aead", name).is_ok()))
    }

    fn from_key(_: &mut P, suite: CipherSuite, key: &[u8]) -> Result<Self> {
        if name(suite).is_none() || key.len() != suite.key_len() {
            return Err(ProviderFault::Unsupported.into());
        }
        Self::new(suite, key).map_err(|error| match error {
            Errno::EAFNOSUPPORT | Errno::ENOENT => ProviderFault::Unsupported.into(),
            _ => ProviderFault::CryptoFailed.into(),
        })
    }

    fn seal(&mut self, _: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        if in_out.len() < TAG_LEN {
            return Err(Error::Internal);
        }
        self.run(true, nonce, aad, in_out).or_else(|_| {
            self.begin_anew()?;
            Err(ProviderFault::CryptoFailed.into())
        })
    }

    fn open(&mut self, _: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        if in_out.len() < TAG_LEN {
            return Err(PeerFault::BadRecordMac.into());
        }
        self.run(false, nonce, aad, in_out).or_else(|error| {
            self.begin_anew()?;
            Err(if error == Errno::EBADMSG {
                PeerFault::BadRecordMac.into()
            } else {
                ProviderFault::CryptoFailed.into()
            })
        })
    }
}
