//! Takes numbers and vectors (RFC 9846 3) off the front of a slice.

use crate::error::{CertificateFault, Error, PeerFault};

/// The bytes are too few, or too many: [`PeerFault::Malformed`], as the only error that a [`Reader`] knows. It takes no
/// room in results, which keeps the code around a reader small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl From<Malformed> for Error {
    fn from(_: Malformed) -> Self {
        Self::Peer(PeerFault::Malformed)
    }
}

impl From<Malformed> for CertificateFault {
    fn from(_: Malformed) -> Self {
        Self::Bad
    }
}

type Result<T, E = Malformed> = core::result::Result<T, E>;

/// A cursor over bytes that came from the peer.
///
/// ```
/// use saitls_core::wire::Reader;
///
/// let mut reader = Reader::new(&[0, 2, 0x13, 0x01]);
/// let suites = reader.vector16()?;
/// assert_eq!(suites, [0x13, 0x01]);
/// reader.finish()?;
/// # Ok::<(), saitls_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the front of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// [`Malformed`], here and below, if there are not enough.
    #[inline(never)]
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// As for [`bytes`](Self::bytes).
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A `uint8`.
    ///
    /// # Errors
    /// As for [`bytes`](Self::bytes).
    #[inline(never)]
    pub fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(|&[byte]| byte)
    }

    /// A `uint16`.
    ///
    /// # Errors
    /// As for [`bytes`](Self::bytes).
    #[inline(never)]
    pub fn u16(&mut self) -> Result<u16> {
        self.array().map(|&bytes| u16::from_be_bytes(bytes))
    }

    /// A `uint24`.
    ///
    /// # Errors
    /// As for [`bytes`](Self::bytes).
    pub fn u24(&mut self) -> Result<usize> {
        let &[high, middle, low] = self.array()?;
        usize::try_from(u32::from_be_bytes([0, high, middle, low])).map_err(|_| Malformed)
    }

    /// A `uint32`.
    ///
    /// # Errors
    /// As for [`bytes`](Self::bytes).
    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(|&bytes| u32::from_be_bytes(bytes))
    }

    /// A vector with a length of 8 bits.
    ///
    /// # Errors
    /// As for [`bytes`](Self::bytes).
    #[inline(never)]
    pub fn vector8(&mut self) -> Result<&'a [u8]> {
        let len = self.u8()?;
        self.bytes(len.into())
    }

    /// A vector with a length of 16 bits.
    ///
    /// # Errors
    /// As for [`bytes`](Self::bytes).
    #[inline(never)]
    pub fn vector16(&mut self) -> Result<&'a [u8]> {
        let len = self.u16()?;
        self.bytes(len.into())
    }

    /// A vector with a length of 24 bits.
    ///
    /// # Errors
    /// As for [`bytes`](Self::bytes).
    #[inline(never)]
    pub fn vector24(&mut self) -> Result<&'a [u8]> {
        let len = self.u24()?;
        self.bytes(len)
    }

    /// Whether all bytes are taken.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All bytes that are left.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Checks that all bytes are taken.
    ///
    /// # Errors
    /// [`Malformed`] if some are left over.
    pub const fn finish(self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    /// Reads all of `bytes` with `read` and checks that nothing is left over.
    ///
    /// # Errors
    /// What `read` returns, and [`Malformed`] for bytes left over.
    pub fn all<T, E: From<Malformed>>(bytes: &'a [u8], read: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let mut reader = Self::new(bytes);
        let value = read(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}
