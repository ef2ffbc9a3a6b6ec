//! Sockets of the kernel's crypto API: one for an algorithm with its key, and others for what is done by it.

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, AlgAddr, SockFlag, SockType, accept4, bind, setsockopt, socket, sockopt};
use std::fmt;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A socket that is bound to an algorithm.
pub(crate) struct Algorithm(OwnedFd);

/// A socket by which something is done.
pub(crate) struct Operation(OwnedFd);

impl Algorithm {
    pub(crate) fn new(kind: &str, name: &str) -> nix::Result<Self> {
        let socket = socket(AddressFamily::Alg, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None)?;
        bind(socket.as_raw_fd(), &AlgAddr::new(kind, name))?;
        Ok(Self(socket))
    }

    pub(crate) fn set_key(&self, key: &[u8]) -> nix::Result<()> {
        setsockopt(&self.0, sockopt::AlgSetKey::default(), &key)
    }

    pub(crate) fn set_tag_len(&self, len: usize) -> nix::Result<()> {
        setsockopt(&self.0, sockopt::AlgSetAeadAuthSize, &len)
    }

    pub(crate) fn begin(&self) -> nix::Result<Operation> {
        accept(&self.0)
    }
}

impl Operation {
    /// Another one, in the state that this is in: hashes only.
    pub(crate) fn fork(&self) -> nix::Result<Self> {
        accept(&self.0)
    }

    pub(crate) const fn socket(&self) -> &OwnedFd {
        &self.0
    }
}

#[allow(unsafe_code)]
fn accept(socket: &OwnedFd) -> nix::Result<Operation> {
    let number = accept4(socket.as_raw_fd(), SockFlag::SOCK_CLOEXEC)?;
    // SAFETY: it was made just now, and nobody else knows of it.
    Ok(Operation(unsafe { OwnedFd::from_raw_fd(number) }))
}

/// What the kernel lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    what: &'static str,
    said: Errno,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, said } = self;
        write!(f, "the kernel has no {what} for programs ({})", said.desc())
    }
}

impl std::error::Error for Missing {}

/// Whether the kernel has what this crate needs: sockets for algorithms, AES-GCM and SHA-256.
///
/// # Errors
/// What is missing first.
pub fn check() -> Result<(), Missing> {
    for (what, kind, name) in [
        ("SHA-256 (CONFIG_CRYPTO_USER_API_HASH)", "hash", "sha256"),
        ("AES-GCM (CONFIG_CRYPTO_USER_API_AEAD)", "aead", "gcm(aes)"),
    ] {
        Algorithm::new(kind, name).map_err(|said| Missing { what, said })?;
    }
    Ok(())
}
