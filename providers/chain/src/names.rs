//! The names that a certificate is for (RFC 9525).

use crate::Result;
use rustls_pki_types::{IpAddr, ServerName};
use saitls_core::CertificateFault;
use saitls_core::wire::Reader;
use saitls_core::wire::der::Element;

/// `[2]` of a GeneralName, a dNSName, and `[7]`, an iPAddress (RFC 5280 4.2.1.6).
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

/// Bit `i`: whether `[i]` of a GeneralName is constructed.
const CONSTRUCTED: u8 = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 5;

/// Checks that a name is among those of a subjectAltName with this content.
#[inline(never)]
pub(crate) fn check(subject_alt_name: &[u8], name: &ServerName<'_>) -> Result<()> {
    let (wanted_tag, wanted) = match name {
        ServerName::DnsName(name) => {
            let name = name.as_ref().as_bytes();
            (DNS_NAME, name.strip_suffix(b".").unwrap_or(name))
        }
        ServerName::IpAddress(IpAddr::V4(address)) => (IP_ADDRESS, &address.as_ref()[..]),
        ServerName::IpAddress(IpAddr::V6(address)) => (IP_ADDRESS, &address.as_ref()[..]),
        _ => return Err(CertificateFault::Unknown),
    };
    let mut names = Reader::new(subject_alt_name);
    while !names.is_empty() {
        let presented = Element::read(&mut names)?;
        check_form(presented.tag)?;
        if presented.tag == wanted_tag && is_same(wanted_tag, presented.value, wanted) {
            return Ok(());
        }
    }
    Err(CertificateFault::NameMismatch)
}

/// Whether a tag is that of one of the nine forms of a GeneralName.
fn check_form(tag: u8) -> Result<()> {
    let form = tag & 0x1f;
    let constructed = if CONSTRUCTED.checked_shr(form.into()).is_some_and(|bits| bits & 1 == 1) { 0x20 } else { 0 };
    if form <= 8 && tag == 0x80 | constructed | form { Ok(()) } else { Err(CertificateFault::Bad) }
}

fn is_same(tag: u8, presented: &[u8], wanted: &[u8]) -> bool {
    if tag == IP_ADDRESS {
        return presented == wanted;
    }
    // A wildcard is all of the leftmost label, and stands for one label. What is beside it has two labels at least.
    let (presented, wanted) = match presented.strip_prefix(b"*") {
        Some(rest) => (rest, after_first_label(wanted)),
        None => (presented, wanted),
    };
    let is_wide_enough = presented.first() != Some(&b'.') || presented.iter().filter(|&&byte| byte == b'.').count() > 1;
    is_wide_enough && !presented.is_empty() && presented.eq_ignore_ascii_case(wanted)
}

/// From the first dot on.
fn after_first_label(name: &[u8]) -> &[u8] {
    let label = name.iter().take_while(|&&byte| byte != b'.').count();
    name.get(label..).unwrap_or(&[])
}
