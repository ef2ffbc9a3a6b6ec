//! Hashes.

use crate::socket::{Algorithm, Operation};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, send};
use nix::unistd::read;
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::{CryptoProvider, Digest, Hash, MAX_DIGEST_LEN};
use saitls_core::{ProviderFault, Result};
use std::os::fd::AsRawFd;
use std::sync::OnceLock;

/// A running hash: a socket, which the kernel forks for each snapshot.
pub struct KernelHash {
    running: Operation,
    len: usize,
}

/// More is to come: the crate `nix` has no name for it.
const MORE: MsgFlags = MsgFlags::from_bits_retain(nix::libc::MSG_MORE);

const fn name(algorithm: HashAlgorithm) -> &'static str {
    match algorithm {
        HashAlgorithm::Sha256 => "sha256",
        HashAlgorithm::Sha384 => "sha384",
    }
}

fn failed(_: Errno) -> ProviderFault {
    ProviderFault::CryptoFailed
}

impl KernelHash {
    fn begin(algorithm: HashAlgorithm) -> nix::Result<Self> {
        let running = Algorithm::new("hash", name(algorithm))?.begin()?;
        Ok(Self { running, len: algorithm.output_len() })
    }

    /// What it comes to; the hash is over then.
    fn result(running: &Operation, len: usize) -> Result<Digest> {
        let mut digest = [0; MAX_DIGEST_LEN];
        let digest = digest.get_mut(..len).ok_or(ProviderFault::CryptoFailed)?;
        let read = read(running.socket(), digest).map_err(failed)?;
        if read != len {
            return Err(ProviderFault::CryptoFailed.into());
        }
        Digest::new(digest)
    }
}

impl<P: CryptoProvider> Hash<P> for KernelHash {
    /// What the kernel has; it is asked once.
    fn supports(algorithm: HashAlgorithm) -> bool {
        static THERE: [OnceLock<bool>; 2] = [OnceLock::new(), OnceLock::new()];
        let [sha256, sha384] = &THERE;
        let there = match algorithm {
            HashAlgorithm::Sha256 => sha256,
            HashAlgorithm::Sha384 => sha384,
        };
        *there.get_or_init(|| Self::begin(algorithm).is_ok())
    }

    fn start(_: &mut P, algorithm: HashAlgorithm) -> Result<Self> {
        Self::begin(algorithm).map_err(|error| match error {
            Errno::EAFNOSUPPORT | Errno::ENOENT => ProviderFault::Unsupported.into(),
            _ => ProviderFault::CryptoFailed.into(),
        })
    }

    fn update(&mut self, _: &mut P, mut data: &[u8]) -> Result<()> {
        while !data.is_empty() {
            let sent = send(self.running.socket().as_raw_fd(), data, MORE).map_err(failed)?;
            data = data.get(sent..).filter(|_| sent > 0).ok_or(ProviderFault::CryptoFailed)?;
        }
        Ok(())
    }

    fn snapshot(&mut self, _: &mut P) -> Result<Digest> {
        let fork = self.running.fork().map_err(failed)?;
        Self::result(&fork, self.len)
    }

    fn finish(self, _: &mut P) -> Result<Digest> {
        Self::result(&self.running, self.len)
    }
}
