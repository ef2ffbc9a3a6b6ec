//! Signatures of every kind, and which of them are acceptable.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use saitls_core::codes::SignatureScheme as S;
use saitls_core::error::InBytes;
use saitls_core::{CertificateFault, Error};
use saitls_webpki::*;

/// When the certificates of the folder `data` are valid.
const LATER: UnixTime = UnixTime::since_unix_epoch(std::time::Duration::from_secs(2_000_000_000));

/// Verifies with these schemes offered.
fn offered_at(time: UnixTime, root: &[u8], chain: &[&[u8]], schemes: &[S]) -> Result<u32, Error> {
    let anchors = anchor(root);
    let verifier = ChainVerifier::new(&anchors, &time).unwrap();
    let verification = Verification { schemes: Some(schemes), ..Verification::server(chain, "server.test") };
    verification.run(&verifier, &mut Counting::default())
}

fn offered(root: &[u8], chain: &[&[u8]], schemes: &[S]) -> Result<u32, Error> {
    offered_at(LATER, root, chain, schemes)
}

#[test]
fn keys_of_all_kinds_mix() {
    let make = [Key::p256, Key::p384, Key::ed25519];
    for root in make {
        for intermediate in make {
            let root = self_signed(authority("root"), root());
            let intermediate = root.issue_for(authority("intermediate"), intermediate());
            let leaf = intermediate.issue(end_entity(&["server.test"]));
            assert_eq!(verify_chain(&root.der, &[&leaf.der, &intermediate.der]), Ok(2));
        }
    }
}

#[test]
fn signatures_in_ways_that_were_not_offered_are_refused() {
    let root = self_signed(authority("root"), Key::p384());
    let leaf = root.issue(end_entity(&["server.test"]));
    let with = |schemes: &[S]| offered_at(NOW, &root.der, &[&leaf.der], schemes);
    assert_eq!(with(&[S::ECDSA_SECP256R1_SHA256, S::ECDSA_SECP384R1_SHA384]), Ok(1));
    assert_eq!(with(&[S::ECDSA_SECP384R1_SHA384]), Ok(1));
    let missing = Err(Error::Certificate(CertificateFault::SignatureScheme(InBytes::from(S::ECDSA_SECP384R1_SHA384))));
    assert_eq!(with(&[S::ECDSA_SECP256R1_SHA256, S::ED25519]), missing);
    assert_eq!(with(&[]), missing);
}

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!("data/", $name, ".der"))
    };
}

#[test]
fn rsa() {
    let root = data!("rsa4096.root");
    let chain: [&[u8]; 3] = [data!("rsa4096.server"), data!("rsa4096.second"), data!("rsa4096.first")];
    let all = [S::RSA_PKCS1_SHA256, S::RSA_PKCS1_SHA384, S::RSA_PKCS1_SHA512];
    assert_eq!(offered(root, &chain, &all), Ok(3));
    // The server's is signed with SHA-384, the second intermediate with the other.
    assert_eq!(
        offered(root, &chain, &all[..1]),
        Err(Error::Certificate(CertificateFault::SignatureScheme(InBytes::from(S::RSA_PKCS1_SHA512))))
    );
    assert_eq!(
        offered(root, &chain, &all[1..]),
        Err(Error::Certificate(CertificateFault::SignatureScheme(InBytes::from(S::RSA_PKCS1_SHA256))))
    );
}

/// Curves and hashes in all pairs that people make: OpenSSL, asked for no hash, signs with SHA-256 whatever the curve.
#[test]
fn ecdsa_with_p521_or_sha512() {
    let (p256, p384, p521) = (S::ECDSA_SECP256R1_SHA256, S::ECDSA_SECP384R1_SHA384, S::ECDSA_SECP521R1_SHA512);
    let chains: [(&[u8], &[u8], &[S]); 5] = [
        (data!("p256-sha512.root"), data!("p256-sha512.server"), &[p256, p521]),
        (data!("p384-sha512.root"), data!("p384-sha512.server"), &[p384, p521]),
        (data!("p521-sha256.root"), data!("p521-sha256.server"), &[p521, p256]),
        (data!("p521-sha384.root"), data!("p521-sha384.server"), &[p521, p384]),
        (data!("p521-sha512.root"), data!("p521-sha512.server"), &[p521]),
    ];
    for (root, leaf, needed) in chains {
        let all = [p256, p384, p521];
        assert_eq!(offered(root, &[leaf], &all), Ok(1));
        assert_eq!(offered(root, &[leaf], needed), Ok(1));
        // Curve and hash must both have been offered.
        for left_out in needed {
            let rest: Vec<S> = all.into_iter().filter(|scheme| scheme != left_out).collect();
            let refused = offered(root, &[leaf], &rest).unwrap_err();
            assert_eq!(refused.alert(), Error::Certificate(CertificateFault::Unsupported).alert(), "{refused}");
        }
        let mut tampered = leaf.to_vec();
        *tampered.last_mut().unwrap() ^= 1;
        assert_eq!(offered(root, &[&tampered], &all), Err(CertificateFault::Bad.into()));
    }
    for (_, leaf, _) in chains {
        let other = data!("p521-sha512.root");
        assert_eq!(offered(other, &[leaf], &[p521]).is_ok(), leaf == data!("p521-sha512.server"));
    }
}

#[test]
fn rsassa_pss() {
    let (root, leaf) = (data!("rsapss.root"), data!("rsapss.server"));
    assert_eq!(offered(root, &[leaf], &[S::RSA_PSS_PSS_SHA256]), Ok(1));
    assert_eq!(offered(root, &[leaf], &[S::RSA_PSS_RSAE_SHA256]), Err(CertificateFault::Unsupported.into()));
    let (root, leaf) = (data!("rsae-pss.root"), data!("rsae-pss.server"));
    assert_eq!(offered(root, &[leaf], &[S::RSA_PSS_RSAE_SHA384]), Ok(1));
    assert_eq!(offered(root, &[leaf], &[S::RSA_PSS_PSS_SHA384]), Err(CertificateFault::Unsupported.into()));
}

/// RFC 9846 4.5.1.3: bad_certificate, even though the algorithm is one that nobody knows here.
#[test]
fn signatures_with_md5_and_sha1_are_bad() {
    const SHA512_WITH_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d";
    let server = data!("rsa4096.server");
    let with = |algorithm: u8| {
        let mut changed = server.to_vec();
        let places: Vec<_> = (0..server.len()).filter(|&at| server[at..].starts_with(SHA512_WITH_RSA)).collect();
        assert_eq!(places.len(), 2);
        places.iter().for_each(|at| changed[at + 8] = algorithm);
        changed
    };

    let all = [S::RSA_PKCS1_SHA256, S::RSA_PKCS1_SHA384, S::RSA_PKCS1_SHA512];
    for (algorithm, error) in [
        (4, Error::Certificate(CertificateFault::Bad)),
        (5, Error::Certificate(CertificateFault::Bad)),
        // RSA with SHA-224: merely unknown.
        (14, Error::Certificate(CertificateFault::Unsupported)),
    ] {
        let changed = with(algorithm);
        assert_eq!(
            offered(data!("rsa4096.root"), &[&changed, data!("rsa4096.second"), data!("rsa4096.first")], &all),
            Err(error),
            "{algorithm}"
        );
    }
}

#[test]
fn ecdsa_with_sha1_is_bad_on_every_curve() {
    const WITH_SHA512: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04";
    const WITH_SHA1: &[u8] = b"\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01";
    let all = [S::ECDSA_SECP256R1_SHA256, S::ECDSA_SECP384R1_SHA384, S::ECDSA_SECP521R1_SHA512];
    for (root, leaf) in [
        (&data!("p256-sha512.root")[..], &data!("p256-sha512.server")[..]),
        (data!("p384-sha512.root"), data!("p384-sha512.server")),
        (data!("p521-sha512.root"), data!("p521-sha512.server")),
    ] {
        let mut changed = leaf.to_vec();
        for _ in 0..2 {
            let at = changed.windows(WITH_SHA512.len()).rposition(|bytes| bytes == WITH_SHA512).unwrap();
            changed.splice(at..at + WITH_SHA512.len(), WITH_SHA1.iter().copied());
        }
        // It is shorter now: the certificate by two bytes, what is signed of it by one.
        for (at, less) in [(0, 2), (4, 1)] {
            assert_eq!(changed[at..at + 2], [0x30, 0x82]);
            let len = u16::from_be_bytes([changed[at + 2], changed[at + 3]]) - less;
            changed[at + 2..at + 4].copy_from_slice(&len.to_be_bytes());
        }
        assert_eq!(offered(root, &[&changed], &all), Err(CertificateFault::Bad.into()));
    }
}
