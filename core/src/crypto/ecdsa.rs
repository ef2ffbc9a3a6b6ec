//! The two forms of an ECDSA signature: what chips take and give, and what is sent.

use crate::error::{PeerFault, ProviderFault, Result};
use crate::wire::der::{self, Element};
use crate::wire::{Reader, Writer};

/// Makes of `halves`, the numbers `r` and `s` in the length of the curve one behind the other, as chips give them, an
/// Ecdsa-Sig-Value in DER (RFC 3279 2.2.3), as TLS sends it: at the front of `signature`. Returns its length, at most
/// 72 bytes for P-256, 104 for P-384, 139 for P-521.
///
/// # Errors
/// [`ProviderFault::CryptoFailed`] if a number is zero, or `halves` are not two of one length;
/// [`Error::TransmitBufferTooSmall`](crate::Error::TransmitBufferTooSmall) with the length needed.
///
/// ```
/// use saitls_core::crypto::{ecdsa_from_der, ecdsa_to_der};
///
/// let (halves, mut signature, mut again) = ([0x90; 64], [0; 72], [0; 64]);
/// let len = ecdsa_to_der(&halves, &mut signature)?;
/// ecdsa_from_der(&signature[..len], &mut again)?;
/// assert_eq!(again, halves);
/// # Ok::<(), saitls_core::Error>(())
/// ```
pub fn ecdsa_to_der(halves: &[u8], signature: &mut [u8]) -> Result<usize> {
    let (r, s) =
        in_two(halves.len()).and_then(|len| halves.split_at_checked(len)).ok_or(ProviderFault::CryptoFailed)?;
    let (r, s) = (digits(r).ok_or(ProviderFault::CryptoFailed)?, digits(s).ok_or(ProviderFault::CryptoFailed)?);
    let mut counted = Writer::new(&mut []);
    write_integer(&mut counted, r);
    write_integer(&mut counted, s);
    let mut writer = Writer::new(signature);
    writer.u8(der::SEQUENCE);
    write_len(&mut writer, counted.len());
    write_integer(&mut writer, r);
    write_integer(&mut writer, s);
    writer.finish()
}

/// Makes of an Ecdsa-Sig-Value in DER the numbers `r` and `s`, each in half of `halves`, as chips take them to verify a
/// signature.
///
/// # Errors
/// [`PeerFault::BadSignature`] if it is none, or has numbers that are longer, zero or negative;
/// [`ProviderFault::CryptoFailed`] if `halves` have no two of one length.
pub fn ecdsa_from_der(signature: &[u8], halves: &mut [u8]) -> Result<()> {
    let len = in_two(halves.len()).ok_or(ProviderFault::CryptoFailed)?;
    let (r, s) = halves.split_at_mut_checked(len).ok_or(ProviderFault::CryptoFailed)?;
    let mut rest = Element::all(signature, der::SEQUENCE).map_err(|_| PeerFault::BadSignature)?.content();
    for half in [r, s] {
        read_integer(&mut rest, half).ok_or(PeerFault::BadSignature)?;
    }
    rest.finish().map_err(|_| PeerFault::BadSignature.into())
}

/// Half of it, if that is a whole number and not nothing.
const fn in_two(len: usize) -> Option<usize> {
    if len > 0 && len.is_multiple_of(2) { Some(len / 2) } else { None }
}

/// A number without zeros in front, if it is not zero.
fn digits(number: &[u8]) -> Option<&[u8]> {
    number.get(number.iter().position(|byte| *byte != 0)?..)
}

fn write_integer(writer: &mut Writer<'_>, digits: &[u8]) {
    // A zero in front says that the number is positive, where the next bit would say the opposite.
    let sign: &[u8] = if digits.first().is_some_and(|byte| *byte >= 0x80) { &[0] } else { &[] };
    writer.u8(der::INTEGER);
    write_len(writer, sign.len().saturating_add(digits.len()));
    writer.bytes(sign);
    writer.bytes(digits);
}

/// A length below 256: no curve of TLS has longer signatures.
fn write_len(writer: &mut Writer<'_>, len: usize) {
    if len >= 0x80 {
        writer.u8(0x81);
    }
    writer.u8(u8::try_from(len).unwrap_or(u8::MAX));
}

fn read_integer(reader: &mut Reader<'_>, half: &mut [u8]) -> Option<()> {
    let value = Element::read(reader).ok()?.expect_tag(der::INTEGER).ok()?.value;
    let digits = match value {
        [0, 0x80..=0xff, ..] => value.get(1..)?,
        [0x01..=0x7f, ..] => value,
        _ => return None,
    };
    let (front, back) = half.split_at_mut_checked(half.len().checked_sub(digits.len())?)?;
    front.fill(0);
    back.copy_from_slice(digits);
    Some(())
}
