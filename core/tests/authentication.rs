//! Certificate and CertificateVerify (RFC 9846 4.5): nobody gets through without proof.

use crate::support::forger::*;
use crate::support::*;
use core::task::Poll;
use saitls_core::codes::AlertDescription as Alert;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::crypto::{PeerCertificates, PeerVerifier, Signer, VerificationProgress};
use saitls_core::{CertificateFault, Error, PeerAuthentication, PeerFault};

/// A client at WAIT_CERT, or a server there, with the lying peer that has `identity`.
fn at_certificate(role: Role, identity: fn() -> TestIdentity, f: impl FnOnce(&mut Tested<'_>, &mut Forger)) {
    match role {
        Role::Client => {
            let config = ClientConfig::new(&ANY);
            let (mut tested, mut forger) = (Tested::client(&config), Forger::server());
            forger.identity = identity();
            forger.answer(&mut tested).unwrap();
            forger.step(&mut tested, Step::EncryptedExtensions).unwrap();
            f(&mut tested, &mut forger);
        }
        Role::Server => {
            let own = ed25519();
            let identities = [own.identity()];
            let config =
                ServerConfig::new(&identities).with_client_authentication(ClientAuthentication::Required(&ANY));
            let (mut tested, mut forger) = (Tested::server(&config), Forger::client());
            forger.identity = identity();
            forger.greet(&mut tested).unwrap();
            f(&mut tested, &mut forger);
        }
    }
}

const ROLES: [Role; 2] = [Role::Client, Role::Server];

#[track_caller]
fn assert_alert(tested: &mut Tested<'_>, forger: &mut Forger, result: Result<(), Error>, alert: Alert) {
    let error = result.expect_err("refused");
    assert_eq!(error.alert(), Some(alert), "{error:?}");
    assert_eq!(forger.alert(tested), Some(alert));
    assert!(!tested.connection.is_connected() && tested.connection.negotiated().is_none());
}

/// Regression 1.
#[test]
fn a_server_without_a_certificate_is_refused_whatever_follows() {
    for behind in [&[][..], &[Step::CertificateVerify, Step::Finished], &[Step::Finished]] {
        at_certificate(Role::Client, ed25519, |client, forger| {
            let result = forger.step(client, Step::EmptyCertificate).and_then(|()| forger.steps(client, behind));
            assert_alert(client, forger, result, Alert::DECODE_ERROR);
        });
    }
}

/// Regression 3, and its sibling: an empty Certificate, then a CertificateVerify.
#[test]
fn a_client_that_shows_a_certificate_must_have_its_key() {
    at_certificate(Role::Server, ed25519, |server, forger| {
        let result = forger.steps(server, &[Step::Certificate, Step::Finished]);
        assert_alert(server, forger, result, Alert::UNEXPECTED_MESSAGE);
    });
    at_certificate(Role::Server, ed25519, |server, forger| {
        let result = forger.step(server, Step::EmptyCertificate);
        assert_alert(server, forger, result, Alert::CERTIFICATE_REQUIRED);
    });
    let own = ed25519();
    let identities = [own.identity()];
    let config = ServerConfig::new(&identities).with_client_authentication(ClientAuthentication::Optional(&ANY));
    let (mut server, mut forger) = (Tested::server(&config), Forger::client());
    forger.greet(&mut server).unwrap();
    let result = forger.steps(&mut server, &[Step::EmptyCertificate, Step::CertificateVerify]);
    assert_alert(&mut server, &mut forger, result, Alert::UNEXPECTED_MESSAGE);
    // Declined is told from authenticated.
    let (mut server, mut forger) = (Tested::server(&config), Forger::client());
    forger.greet(&mut server).unwrap();
    forger.steps(&mut server, &[Step::EmptyCertificate, Step::Finished]).unwrap();
    assert_eq!(server.connection.negotiated().unwrap().peer_authentication, PeerAuthentication::Declined);
}

/// Regression 6: where certificates are optional one that fails ends the handshake all the same, and a peer that none
/// of our roots vouches for is not as one that sent nothing.
#[test]
fn a_verification_that_fails_ends_the_handshake_where_certificates_are_optional_too() {
    struct Nobody;
    impl PeerVerifier<Provider> for Nobody {
        fn poll_verify(
            &self,
            _: &mut Provider,
            _: &mut VerificationProgress<Provider>,
            _: &PeerCertificates<'_>,
        ) -> Poll<Result<(), Error>> {
            Poll::Ready(Err(CertificateFault::UnknownIssuer.into()))
        }
    }
    let own = ed25519();
    let identities = [own.identity()];
    for authentication in [ClientAuthentication::Optional(&Nobody), ClientAuthentication::Required(&Nobody)] {
        let config = ServerConfig::new(&identities).with_client_authentication(authentication);
        let (mut server, mut forger) = (Tested::server(&config), Forger::client());
        forger.greet(&mut server).unwrap();
        let steps = [Step::Certificate, Step::CertificateVerify, Step::Finished];
        let result = forger.steps(&mut server, &steps);
        assert_alert(&mut server, &mut forger, result, Alert::UNKNOWN_CA);
    }
    let config = ClientConfig::new(&Nobody);
    let (mut client, mut forger) = (Tested::client(&config), Forger::server());
    forger.answer(&mut client).unwrap();
    let result = forger.steps(&mut client, &[Step::EncryptedExtensions, Step::Certificate]);
    assert_alert(&mut client, &mut forger, result, Alert::UNKNOWN_CA);
}

/// A right signature of the key over what is asked for.
fn sign(forger: &mut Forger, scheme: SignatureScheme) -> Vec<u8> {
    let (content, mut signature) = (forger.signed_content(), [0; 512]);
    let Poll::Ready(len) = forger.identity.key.poll_sign(&mut forger.provider, scheme, &content, &mut signature) else {
        unreachable!()
    };
    signature[..len.unwrap()].to_vec()
}

/// Regression 4.
#[test]
fn a_signature_counts_only_with_a_scheme_that_was_offered_and_fits_the_key() {
    use SignatureScheme as S;
    type Case = (fn() -> TestIdentity, SignatureScheme, &'static [SignatureScheme]);
    let cases: [Case; 5] = [
        (p256, S::ECDSA_SECP256R1_SHA256, &[S::ECDSA_SECP384R1_SHA384, S::ED25519, S::ECDSA_SHA1]),
        (p384, S::ECDSA_SECP384R1_SHA384, &[S::ECDSA_SECP256R1_SHA256, S::ECDSA_SECP521R1_SHA512]),
        (ed25519, S::ED25519, &[S::ED448, S::ECDSA_SECP256R1_SHA256]),
        (
            rsa2048,
            S::RSA_PSS_RSAE_SHA256,
            &[S::RSA_PKCS1_SHA256, S::RSA_PKCS1_SHA512, S::RSA_PKCS1_SHA1, S::RSA_PSS_PSS_SHA256, S::ED25519],
        ),
        (rsapss2048, S::RSA_PSS_PSS_SHA256, &[S::RSA_PSS_RSAE_SHA256, S::RSA_PKCS1_SHA256]),
    ];
    for role in ROLES {
        for (identity, right, wrong) in some(cases) {
            // It is the scheme alone that is wrong.
            at_certificate(role, identity, |tested, forger| {
                forger.step(tested, Step::Certificate).unwrap();
                let signature = sign(forger, right);
                forger.send_messages(tested, &certificate_verify(right.0, &signature)).unwrap();
            });
            for scheme in wrong.iter().copied().chain([S(0), S(0xfafa)]) {
                at_certificate(role, identity, |tested, forger| {
                    forger.step(tested, Step::Certificate).unwrap();
                    let signature = sign(forger, right);
                    let result = forger.send_messages(tested, &certificate_verify(scheme.0, &signature));
                    assert_alert(tested, forger, result, Alert::ILLEGAL_PARAMETER);
                });
            }
        }
    }
    // One that we know, but did not offer.
    let schemes = [S::ECDSA_SECP256R1_SHA256];
    let config = ClientConfig::new(&ANY).with_signature_schemes(&schemes);
    let (mut client, mut forger) = (Tested::client(&config), Forger::server());
    forger.answer(&mut client).unwrap();
    let result = forger.steps(&mut client, &[Step::EncryptedExtensions, Step::Certificate, Step::CertificateVerify]);
    assert_alert(&mut client, &mut forger, result, Alert::ILLEGAL_PARAMETER);
}

/// The parameters of an id-RSASSA-PSS key may name a hash (RFC 4055 3.1). What CertificateVerify says is checked
/// against what was offered; another hash than that of the parameters is the affair of the key's owner
/// (docs/DECISIONS.md).
#[test]
fn the_parameters_of_a_pss_key_do_not_choose_the_scheme() {
    let raw = [CertificateType::RAW_PUBLIC_KEY];
    let config = ClientConfig::new(&ANY).with_peer_certificate_types(&raw);
    let plain = saitls_core::crypto::x509::subject_public_key_info(rsapss2048().certificate).unwrap();
    // The BIT STRING behind an AlgorithmIdentifier that names SHA-384.
    let key = &plain[plain.len() - 275..];
    let sha384 = b"\x30\x0f\xa0\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02";
    let algorithm = [b"\x30\x1c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", &sha384[..]].concat();
    let restricted = [b"\x30\x82\x01\x31", &algorithm[..], key].concat();
    for (info, scheme, expected) in [
        (plain, SignatureScheme::RSA_PSS_PSS_SHA256, Ok(())),
        (&restricted, SignatureScheme::RSA_PSS_PSS_SHA384, Ok(())),
        (&restricted, SignatureScheme::RSA_PSS_PSS_SHA256, Ok(())),
        (&restricted, SignatureScheme::RSA_PSS_RSAE_SHA384, Err(PeerFault::IllegalSignatureScheme.into())),
    ] {
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        forger.identity = rsapss2048();
        forger.answer(&mut client).unwrap();
        let extensions = encrypted_extensions(&[(ExtensionType::SERVER_CERTIFICATE_TYPE, vec![2])]);
        forger.send_messages(&mut client, &[extensions, certificate(&[info])].concat()).unwrap();
        let signed_as = if expected.is_ok() { scheme } else { SignatureScheme::RSA_PSS_PSS_SHA384 };
        let signature = sign(&mut forger, signed_as);
        assert_eq!(forger.send_messages(&mut client, &certificate_verify(scheme.0, &signature)), expected, "{scheme}");
    }
}

/// Ed25519 has no parameters (RFC 8410 3), and rsaEncryption has NULL (RFC 3279 2.3.1).
#[test]
fn a_key_with_wrong_parameters_fits_no_scheme() {
    let raw = [CertificateType::RAW_PUBLIC_KEY];
    let config = ClientConfig::new(&ANY).with_peer_certificate_types(&raw);
    let ed = saitls_core::crypto::x509::subject_public_key_info(ed25519().certificate).unwrap();
    let rsa = saitls_core::crypto::x509::subject_public_key_info(rsa2048().certificate).unwrap();
    // The BIT STRINGs, behind other AlgorithmIdentifiers.
    let (ed_key, rsa_key) = (&ed[ed.len() - 35..], &rsa[rsa.len() - 275..]);
    let ed_with = |parameters: &[u8]| {
        let len = parameters.len() as u8;
        [&[0x30, 42 + len, 0x30, 5 + len, 6, 3, 0x2b, 0x65, 0x70], parameters, ed_key].concat()
    };
    let rsa_with = |parameters: &[u8]| {
        let len = parameters.len() as u8;
        let head = [0x30, 0x82, 1, 0x20 + len, 0x30, 11 + len, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
        [&head, parameters, rsa_key].concat()
    };
    assert_eq!((&*ed_with(&[]), &*rsa_with(&[5, 0])), (ed, rsa));
    let illegal = Err(PeerFault::IllegalSignatureScheme.into());
    type Case = (fn() -> TestIdentity, Vec<u8>, Result<(), Error>);
    let cases: [Case; 7] = [
        (ed25519, ed_with(&[]), Ok(())),
        (ed25519, ed_with(&[5, 0]), illegal),
        (ed25519, ed_with(&[0x30, 0]), illegal),
        (rsa2048, rsa_with(&[5, 0]), Ok(())),
        (rsa2048, rsa_with(&[]), illegal),
        (rsa2048, rsa_with(&[5, 1, 0]), illegal),
        (rsa2048, rsa_with(&[0x30, 0]), illegal),
    ];
    for (identity, info, expected) in cases {
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        forger.identity = identity();
        forger.answer(&mut client).unwrap();
        let extensions = encrypted_extensions(&[(ExtensionType::SERVER_CERTIFICATE_TYPE, vec![2])]);
        forger.send_messages(&mut client, &[extensions, certificate(&[&info])].concat()).unwrap();
        let scheme = Signer::<Provider>::schemes(&forger.identity.key)[0];
        let signature = sign(&mut forger, scheme);
        let message = certificate_verify(scheme.0, &signature);
        assert_eq!(forger.send_messages(&mut client, &message), expected, "{:02x?}", &info[..24]);
    }
}

#[test]
fn a_signature_must_be_right() {
    for role in ROLES {
        for identity in [p256, p384, ed25519, rsa2048, rsapss2048] {
            let wrong: [fn(&mut Vec<u8>); 5] = [
                |signature| *signature.last_mut().unwrap() ^= 1,
                |signature| signature.clear(),
                |signature| signature.truncate(signature.len() - 1),
                |signature| signature.push(0),
                |signature| signature.fill(0),
            ];
            for change in some(wrong) {
                at_certificate(role, identity, |tested, forger| {
                    forger.step(tested, Step::Certificate).unwrap();
                    let scheme = Signer::<Provider>::schemes(&forger.identity.key)[0];
                    let mut signature = sign(forger, scheme);
                    change(&mut signature);
                    let result = forger.send_messages(tested, &certificate_verify(scheme.0, &signature));
                    assert_alert(tested, forger, result, Alert::DECRYPT_ERROR);
                });
            }
        }
        // Another key's; the other side's; of another moment.
        at_certificate(role, p256, |tested, forger| {
            let message = certificate(&[p256().certificate]);
            forger.identity = p384();
            forger.send_messages(tested, &message).unwrap();
            let signature = sign(forger, SignatureScheme::ECDSA_SECP384R1_SHA384);
            let message = certificate_verify(SignatureScheme::ECDSA_SECP256R1_SHA256.0, &signature);
            let result = forger.send_messages(tested, &message);
            assert_alert(tested, forger, result, Alert::DECRYPT_ERROR);
        });
        at_certificate(role, p256, |tested, forger| {
            forger.step(tested, Step::Certificate).unwrap();
            forger.role = if role == Role::Client { Role::Client } else { Role::Server };
            let signature = sign(forger, SignatureScheme::ECDSA_SECP256R1_SHA256);
            forger.role = if role == Role::Client { Role::Server } else { Role::Client };
            let message = certificate_verify(SignatureScheme::ECDSA_SECP256R1_SHA256.0, &signature);
            let result = forger.send_messages(tested, &message);
            assert_alert(tested, forger, result, Alert::DECRYPT_ERROR);
        });
        at_certificate(role, p256, |tested, forger| {
            let signature = sign(forger, SignatureScheme::ECDSA_SECP256R1_SHA256);
            forger.step(tested, Step::Certificate).unwrap();
            let message = certificate_verify(SignatureScheme::ECDSA_SECP256R1_SHA256.0, &signature);
            let result = forger.send_messages(tested, &message);
            assert_alert(tested, forger, result, Alert::DECRYPT_ERROR);
        });
    }
}

#[test]
fn a_finished_must_be_right() {
    for role in ROLES {
        for change in [|mac: &mut Vec<u8>| *mac.last_mut().unwrap() ^= 1, |mac: &mut Vec<u8>| mac[4..].fill(0)] {
            at_certificate(role, ed25519, |tested, forger| {
                forger.steps(tested, &[Step::Certificate, Step::CertificateVerify]).unwrap();
                let mut finished = forger.message(Step::Finished);
                change(&mut finished);
                let result = forger.send(tested, ContentType::HANDSHAKE, &finished);
                assert_alert(tested, forger, result, Alert::DECRYPT_ERROR);
            });
        }
        // Of another length, it is not even read (RFC 9846 4.5.3).
        for len in [0, 31, 33, 48] {
            at_certificate(role, ed25519, |tested, forger| {
                forger.steps(tested, &[Step::Certificate, Step::CertificateVerify]).unwrap();
                let result = forger.send(tested, ContentType::HANDSHAKE, &message(20, &vec![1; len]));
                assert_alert(tested, forger, result, Alert::DECODE_ERROR);
            });
        }
    }
}

#[test]
fn certificates_are_well_formed() {
    let der = p256().certificate;
    let bad: [(Vec<u8>, Alert); 8] = [
        (message(11, &[]), Alert::DECODE_ERROR),
        (message(11, &[0]), Alert::DECODE_ERROR),
        (message(11, &[0, 0, 0, 1]), Alert::DECODE_ERROR),
        (message(11, &[0, 0, 0, 0, 0]), Alert::DECODE_ERROR),
        // An empty certificate, no extensions, something behind.
        (message(11, &[0, 0, 0, 5, 0, 0, 0, 0, 0]), Alert::DECODE_ERROR),
        (message(11, &[0, 0, 0, 4, 0, 0, 1, 0x30]), Alert::DECODE_ERROR),
        (certificate_with(b"context", &[der], &[]), Alert::ILLEGAL_PARAMETER),
        (certificate(&[b"\x30\x03abc"]), Alert::BAD_CERTIFICATE),
    ];
    for role in ROLES {
        for (message, alert) in some(&bad) {
            at_certificate(role, p256, |tested, forger| {
                let result = forger.send_messages(tested, message);
                assert_alert(tested, forger, result, *alert);
            });
        }
    }
    // More than anybody sends are as good as the first few.
    for role in ROLES {
        at_certificate(role, p256, |tested, forger| {
            forger.send_messages(tested, &certificate(&[der; 17])).unwrap();
        });
    }
    // Every byte of a certificate changed: refused, or the signature is; never a panic.
    let step = if cfg!(debug_assertions) { 3 } else { 1 };
    for at in some((0..der.len()).step_by(step)) {
        at_certificate(Role::Client, p256, |client, forger| {
            let mut changed = der.to_vec();
            changed[at] ^= 0x41;
            let result = forger.send_messages(client, &certificate(&[&changed]));
            if let Err(error) = result {
                assert_eq!(error, Error::Certificate(CertificateFault::Bad));
            }
        });
    }
}

/// A server that does not ask gets no certificate, and a client does not send one unasked.
#[test]
fn nobody_presents_what_was_not_asked_for() {
    let own = ed25519();
    let identities = [own.identity()];
    let config = ServerConfig::new(&identities);
    let (mut server, mut forger) = (Tested::server(&config), Forger::client());
    forger.greet(&mut server).unwrap();
    let result = forger.step(&mut server, Step::Certificate);
    assert_alert(&mut server, &mut forger, result, Alert::UNEXPECTED_MESSAGE);
}

#[test]
fn a_request_for_a_certificate_is_well_formed() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let request = |body: &[u8]| message(13, body);
    let schemes = [0, 13, 0, 4, 0, 2, 8, 7];
    let of = |context: &[u8], extensions: &[u8]| {
        let mut body = vec![context.len() as u8];
        body.extend_from_slice(context);
        body.extend_from_slice(&(extensions.len() as u16).to_be_bytes());
        body.extend_from_slice(extensions);
        body
    };
    let oid_filters = [0, 48, 0, 8, 0, 6, 3, 0x55, 0x1d, 0x0f, 0, 0];
    let authorities = [0, 47, 0, 6, 0, 4, 0, 2, 0x30, 0];
    for (body, alert) in [
        (of(b"", &schemes), None),
        (of(b"", &[&schemes[..], &oid_filters].concat()), None),
        (of(b"", &[&schemes[..], &authorities].concat()), None),
        (of(b"", &[&schemes[..], &[0xfa, 0xfa, 0, 1, 7]].concat()), None),
        (of(b"", &[&schemes[..], &[0, 5, 0, 0, 0, 18, 0, 0]].concat()), None),
        (of(b"context", &schemes), Some(Alert::ILLEGAL_PARAMETER)),
        (of(b"", &[]), Some(Alert::MISSING_EXTENSION)),
        (of(b"", &[&schemes[..], &schemes].concat()), Some(Alert::ILLEGAL_PARAMETER)),
        (of(b"", &[&schemes[..], &[0, 47, 0, 2, 0, 0]].concat()), Some(Alert::DECODE_ERROR)),
        (of(b"", &[&schemes[..], &[0, 51, 0, 2, 0, 0]].concat()), Some(Alert::ILLEGAL_PARAMETER)),
        (of(b"", &[0, 13, 0, 2, 0, 0]), Some(Alert::DECODE_ERROR)),
        (vec![0], Some(Alert::DECODE_ERROR)),
        ([of(b"", &schemes), vec![0]].concat(), Some(Alert::DECODE_ERROR)),
    ] {
        let config = ClientConfig::new(&ANY).with_identities(&identities);
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        forger.answer(&mut client).unwrap();
        forger.step(&mut client, Step::EncryptedExtensions).unwrap();
        let result = forger.send_messages(&mut client, &request(&body));
        match alert {
            Some(alert) => assert_alert(&mut client, &mut forger, result, alert),
            None => {
                result.unwrap();
                forger.steps(&mut client, &[Step::Certificate, Step::CertificateVerify, Step::Finished]).unwrap();
                forger.receive(&mut client);
                assert_eq!(forger.messages[1], certificate(&[identity.certificate]));
            }
        }
    }
}

/// RFC 9846 4.5.1.3: with nothing that fits, an empty Certificate and no CertificateVerify.
#[test]
fn a_client_without_a_key_that_fits_declines() {
    let identity = p384();
    let identities = [identity.identity()];
    for config in [ClientConfig::new(&ANY), ClientConfig::new(&ANY).with_identities(&identities)] {
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        forger.answer(&mut client).unwrap();
        let steps = [
            Step::EncryptedExtensions,
            Step::CertificateRequest,
            Step::Certificate,
            Step::CertificateVerify,
            Step::Finished,
        ];
        forger.steps(&mut client, &steps).unwrap();
        forger.receive(&mut client);
        assert_eq!(forger.messages[1], certificate(&[]));
        assert_eq!(forger.messages[2][0], HandshakeType::FINISHED.0);
        assert!(client.connection.is_connected());
    }
}
