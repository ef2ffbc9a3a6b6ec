//! What is read of certificates, and what is refused.

use saitls_core::CertificateFault;
use saitls_core::crypto::x509::{self, Certificate, KeyUsage};
use saitls_core::limits::MAX_DER_ELEMENT_LEN;
use saitls_core::wire::der::{self, Element};
use saitls_core::wire::{Malformed, Reader};

/// An element with this content.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let head = match len {
        0..=0x7f => vec![tag, len as u8],
        0x80..=0xff => vec![tag, 0x81, len as u8],
        0x100..=0xffff => vec![tag, 0x82, (len >> 8) as u8, len as u8],
        _ => vec![tag, 0x83, (len >> 16) as u8, (len >> 8) as u8, len as u8],
    };
    [head, content.to_vec()].concat()
}

/// A certificate with these bytes behind its SubjectPublicKeyInfo.
fn certificate_with(rest: &[u8]) -> Vec<u8> {
    let plain = include_bytes!("data/p256.cert.der");
    let fields = Certificate::read(plain).unwrap();
    let parts = [
        fields.version.unwrap(),
        &[der::INTEGER, 1, 1],
        fields.signature,
        fields.issuer,
        fields.validity,
        fields.subject,
        fields.subject_public_key_info,
        rest,
    ];
    let tbs_certificate = element(der::SEQUENCE, &parts.concat());
    element(der::SEQUENCE, &[&tbs_certificate, fields.outside].concat())
}

/// X.690 11.2.1: the bits that are not used are zero.
#[test]
fn the_unused_bits_of_a_key_usage_say_nothing() {
    for (value, digital_signature, key_cert_sign) in [
        (&[3, 2, 7, 0x80][..], true, false),
        (&[3, 2, 2, 0x84], true, true),
        (&[3, 2, 0, 0x84], true, true),
        (&[3, 3, 7, 0x04, 0x80], false, true),
        (&[3, 1, 0], false, false),
    ] {
        let usage = KeyUsage::read(value).unwrap();
        assert_eq!((usage.digital_signature(), usage.key_cert_sign()), (digital_signature, key_cert_sign));
    }
    for value in [
        &[3, 2, 7, 0x84][..],
        &[3, 2, 3, 0x84],
        &[3, 2, 1, 0x81],
        &[3, 3, 7, 0x84, 0xc0],
        &[3, 2, 8, 0x80],
        &[3, 1, 1],
        &[3, 0],
        &[4, 2, 7, 0x80],
    ] {
        assert_eq!(KeyUsage::read(value), Err(Malformed), "{value:02x?}");
    }
}

#[test]
fn an_element_has_less_than_64_kilobytes() {
    assert_eq!(MAX_DER_ELEMENT_LEN, 0xfffe);
    for (len, is_read) in
        [(0x7f, true), (0x80, true), (0x100, true), (0xfffe, true), (0xffff, false), (0x1_0000, false)]
    {
        let bytes = element(der::OCTET_STRING, &vec![7; len]);
        let read = Element::read(&mut Reader::new(&bytes)).map(|element| element.value.len());
        assert_eq!(read, if is_read { Ok(len) } else { Err(Malformed) });
    }
}

/// What follows the key of a certificate: unique identifiers, and extensions at the end (RFC 5280 4.1).
#[test]
fn extensions_are_the_last_field() {
    let list = element(der::EXPLICIT_3, &element(der::SEQUENCE, b"\x30\x08\x06\x03\x55\x1d\x0f\x04\x01\x00"));
    let [issuer, subject] = [0x81, 0x82].map(|tag| element(tag, &[0, 1]));
    let null = element(der::NULL, &[]);
    for (rest, expected) in [
        (vec![], Some(0)),
        (list.clone(), Some(1)),
        ([&issuer[..], &list].concat(), Some(1)),
        ([&issuer[..], &subject, &list].concat(), Some(1)),
        ([&issuer[..], &subject].concat(), Some(0)),
        ([&list[..], &list].concat(), None),
        ([&list[..], &null].concat(), None),
        ([&null[..], &list].concat(), None),
        (null, None),
    ] {
        let certificate = certificate_with(&rest);
        let extensions = x509::extensions(&certificate).map(Iterator::count);
        assert_eq!(extensions, expected.ok_or(CertificateFault::Bad.into()), "{rest:02x?}");
    }
}
