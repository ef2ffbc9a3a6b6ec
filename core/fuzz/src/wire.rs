//! Whatever a parser accepts it writes again as it was, and reads again as it was.

use crate::input::Input;
use crate::support::written;
use saitls_core::PeerFault;
use saitls_core::codes::{CertificateType, ExtensionType, HandshakeType, ProtocolVersion};
use saitls_core::wire::extensions::*;
use saitls_core::wire::*;

pub fn wire(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = HandshakeType(input.byte());
    let body = input.rest();
    message(kind, body);
    if let Ok(message) = Message::read(body) {
        assert_eq!(message.bytes, body);
        self::message(message.kind, message.body);
    }
    extension(ExtensionType(u16::from(kind.0)), body);
}

/// Writes what was read, and compares.
fn message(kind: HandshakeType, body: &[u8]) {
    let same = |again: Vec<u8>| {
        let again = Message::read(&again).unwrap();
        assert_eq!((again.kind, again.body), (kind, body));
    };
    match kind {
        HandshakeType::CLIENT_HELLO => {
            if let Ok(hello) = ClientHello::read(body) {
                // What is written is TLS 1.3.
                let is_ours =
                    hello.legacy_version == ProtocolVersion::TLS_1_2 && hello.legacy_compression_methods == [0];
                if is_ours && !hello.extensions.as_bytes().is_empty() {
                    let (suites, extensions) = (hello.cipher_suites.iter(), hello.extensions.as_bytes());
                    same(written(|writer| {
                        ClientHello::write(writer, hello.random, hello.legacy_session_id, suites, |writer| {
                            writer.bytes(extensions);
                        });
                    }));
                }
                hello.cipher_suites.iter().count();
                extensions(hello.extensions);
            }
        }
        HandshakeType::SERVER_HELLO => {
            if let Ok(hello) = ServerHello::read(body) {
                let is_ours = hello.legacy_version == ProtocolVersion::TLS_1_2 && hello.legacy_compression_method == 0;
                if is_ours && !hello.extensions.as_bytes().is_empty() {
                    let (session_id, extensions) = (hello.legacy_session_id_echo, hello.extensions.as_bytes());
                    same(written(|writer| {
                        ServerHello::write(writer, hello.random, session_id, hello.cipher_suite, |writer| {
                            writer.bytes(extensions);
                        });
                    }));
                }
                let _ =
                    (hello.has_downgrade_sentinel(), hello.is_hello_retry_request(), hello.extensions.check_places());
                extensions(hello.extensions);
            }
        }
        HandshakeType::ENCRYPTED_EXTENSIONS => {
            if let Ok(message) = EncryptedExtensions::read(body) {
                let bytes = message.extensions.as_bytes();
                same(written(|writer| EncryptedExtensions::write(writer, |writer| writer.bytes(bytes))));
                extensions(message.extensions);
            }
        }
        HandshakeType::CERTIFICATE_REQUEST => {
            if let Ok(request) = CertificateRequest::read(body) {
                let (context, bytes) = (request.certificate_request_context, request.extensions.as_bytes());
                same(written(|writer| CertificateRequest::write(writer, context, |writer| writer.bytes(bytes))));
                extensions(request.extensions);
            }
        }
        HandshakeType::CERTIFICATE => {
            if let Ok(certificate) = Certificate::read(body) {
                same(written(|writer| certificate.write(writer)));
                certificate.entries.iter().for_each(|entry| extensions(entry.extensions));
                assert_eq!(certificate.entries.is_empty(), certificate.entries.leaf().is_none());
            }
        }
        HandshakeType::CERTIFICATE_VERIFY => {
            if let Ok(verify) = CertificateVerify::read(body) {
                same(written(|writer| verify.write(writer)));
            }
        }
        HandshakeType::FINISHED => same(written(|writer| Finished::read(body).write(writer))),
        HandshakeType::KEY_UPDATE => {
            if let Ok(update) = KeyUpdate::read(body) {
                same(written(|writer| update.write(writer)));
            }
        }
        HandshakeType::NEW_SESSION_TICKET => {
            if let Ok(ticket) = NewSessionTicket::read(body) {
                same(written(|writer| ticket.write(writer)));
                extensions(ticket.extensions);
            }
        }
        _ => {}
    }
}

fn extensions(extensions: Extensions<'_>) {
    extensions.iter().for_each(|(kind, data)| extension(kind, data));
}

/// As [`message`], for an extension, in each form it has.
fn extension(kind: ExtensionType, data: &[u8]) {
    use ExtensionType as E;
    let same = |again: Vec<u8>| assert_eq!(again.get(4..), Some(data), "{kind}");
    match kind {
        E::SERVER_NAME => {
            if let Ok(ServerNameList { host_name: Some(name), .. }) = ServerNameList::read(data) {
                let again = written(|writer| ServerNameList::write(writer, name));
                assert_eq!(ServerNameList::read(&again[4..]).unwrap().host_name, Some(name));
            }
        }
        E::APPLICATION_LAYER_PROTOCOL_NEGOTIATION => {
            if let Ok(list) = ProtocolNameList::read(data) {
                let names: Vec<_> = list.iter().collect();
                let again = written(|writer| ProtocolNameList::write(writer, &names));
                assert!(ProtocolNameList::read(&again[4..]).unwrap().iter().eq(list.iter()));
            }
            if let Ok(selected) = SelectedProtocol::read(data) {
                same(written(|writer| selected.write(writer)));
            }
        }
        E::SUPPORTED_GROUPS => {
            if let Ok(list) = NamedGroupList::read(data) {
                let again = written(|writer| NamedGroupList::write(writer, list.named_group_list.iter()));
                let again = NamedGroupList::read(&again[4..]).unwrap().named_group_list;
                assert!(again.iter().eq(list.named_group_list.iter()));
            }
        }
        E::SIGNATURE_ALGORITHMS | E::SIGNATURE_ALGORITHMS_CERT => {
            if let Ok(list) = SignatureSchemeList::read(data) {
                let schemes = list.supported_signature_algorithms;
                let again = written(|writer| SignatureSchemeList::write(writer, kind, schemes.iter()));
                let again = SignatureSchemeList::read(&again[4..]).unwrap().supported_signature_algorithms;
                assert!(again.iter().eq(schemes.iter()));
            }
        }
        E::SUPPORTED_VERSIONS => {
            let _ = (SupportedVersions::read(data).is_ok(), SelectedVersion::read(data).is_ok());
        }
        E::KEY_SHARE => key_share(data),
        E::COOKIE => {
            if let Ok(cookie) = Cookie::read(data) {
                same(written(|writer| cookie.write(writer)));
            }
        }
        E::CERTIFICATE_AUTHORITIES => {
            if let Ok(list) = CertificateAuthorities::read(data) {
                let names: Vec<_> = list.iter().collect();
                let again = written(|writer| CertificateAuthorities::write(writer, &names));
                assert!(CertificateAuthorities::read(&again[4..]).unwrap().iter().eq(list.iter()));
            }
        }
        E::CLIENT_CERTIFICATE_TYPE | E::SERVER_CERTIFICATE_TYPE => {
            if let Ok(list) = CertificateTypeList::read(data) {
                let types: Vec<CertificateType> = list.iter().collect();
                same(written(|writer| CertificateTypeList::write(writer, kind, &types)));
            }
            if let Ok(selected) = SelectedCertificateType::read(data) {
                same(written(|writer| selected.write(writer, kind)));
            }
        }
        E::MAX_FRAGMENT_LENGTH => {
            if let Ok(length) = MaxFragmentLengthExtension::read(data) {
                same(written(|writer| length.write(writer)));
            }
        }
        E::RECORD_SIZE_LIMIT => {
            if let Ok(limit) = RecordSizeLimit::read(data) {
                same(written(|writer| limit.write(writer)));
            }
        }
        E::STATUS_REQUEST => {
            let _ = CertificateStatusRequest::read(data);
            if let Ok(status) = CertificateStatus::read(data) {
                same(written(|writer| status.write(writer)));
            }
        }
        E::SIGNED_CERTIFICATE_TIMESTAMP => {
            if let Ok(timestamps) = SignedCertificateTimestamps::read(data) {
                same(written(|writer| timestamps.write(writer)));
            }
        }
        _ => {}
    }
}

fn key_share(data: &[u8]) {
    if let Ok(shares) = KeyShareClientHello::read(data) {
        let again = written(|writer| {
            KeyShareClientHello::write(writer, |writer| shares.iter().for_each(|share| share.write(writer)));
        });
        assert_eq!(&again[4..], data);
        for share in shares.iter() {
            let is_only = shares.iter().filter(|other| other.group == share.group).count() == 1;
            let expected = if is_only { Ok(Some(share.key_exchange)) } else { Err(PeerFault::IllegalKeyShare.into()) };
            assert_eq!(shares.find(share.group), expected);
        }
    }
    if let Ok(request) = KeyShareHelloRetryRequest::read(data) {
        assert_eq!(&written(|writer| request.write(writer))[4..], data);
    }
    if let Ok(KeyShareServerHello { server_share }) = KeyShareServerHello::read(data) {
        let again = written(|writer| KeyShareServerHello::write(writer, |writer| server_share.write(writer)));
        assert_eq!(&again[4..], data);
    }
}
