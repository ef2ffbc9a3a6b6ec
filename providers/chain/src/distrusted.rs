//! Keys that nobody is to trust, whoever certified them.

use crate::Result;
use saitls_core::CertificateFault;

/// Of each key that rustls-webpki distrusts, the first four bytes of its point, which are enough: of all other keys on
/// P-384, one in five hundred million begins like one of them, and is refused as well.
const DISTRUSTED: [u32; 8] =
    [0xe79ed9c0, 0x3a7a7862, 0x25dba85a, 0x2d56e829, 0xaabb0fb0, 0xb9f0e063, 0x73897aa0, 0x138251cd];

/// In front of them in a SubjectPublicKeyInfo of a point on P-384, without tag and length.
const OFFSET: usize = 22;

/// Refuses the key with this content of its SubjectPublicKeyInfo if it is one of them.
#[inline(never)]
pub(crate) fn check(key: &[u8]) -> Result<()> {
    let is_distrusted = key
        .get(OFFSET..)
        .and_then(<[u8]>::first_chunk)
        .is_some_and(|begin| DISTRUSTED.contains(&u32::from_be_bytes(*begin)));
    if is_distrusted { Err(CertificateFault::Unknown) } else { Ok(()) }
}
