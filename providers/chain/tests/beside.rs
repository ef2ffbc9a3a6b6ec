//! The same chains for this verifier and for the one of `saitls-webpki`: the same verdicts, and the same errors.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
};
use rcgen::{SanType, date_time_ymd};
use saitls_chain::*;
use saitls_core::codes::SignatureScheme as S;
use saitls_core::crypto::PeerRole;
use saitls_core::{CertificateFault, Error};
use std::collections::BTreeMap;
use std::time::Duration;

type Verdict = Result<u32, Error>;

/// What both verifiers said, by case.
#[derive(Default)]
struct Both {
    said: BTreeMap<String, Verdict>,
    /// Several things may be at fault: which one is said first is not compared.
    roughly: bool,
}

/// A chain and what is asked of it.
struct Asked<'a> {
    root: &'a [u8],
    chain: &'a [&'a [u8]],
    role: PeerRole,
    name: &'a str,
    time: Option<UnixTime>,
    schemes: Option<&'a [S]>,
}

const fn asked<'a>(root: &'a [u8], chain: &'a [&'a [u8]]) -> Asked<'a> {
    Asked { root, chain, role: PeerRole::Server, name: "server.test", time: Some(NOW), schemes: None }
}

impl Both {
    /// Asks both, which must say the same; that is what this says.
    #[track_caller]
    fn ask(&mut self, case: impl Into<String>, asked: &Asked<'_>) -> Verdict {
        let case = case.into();
        let anchors = anchor(asked.root);
        let verification = Verification {
            role: asked.role,
            chain: asked.chain,
            name: (asked.role == PeerRole::Server).then_some(asked.name),
            schemes: asked.schemes,
        };
        let mut said = None;
        for pends in [0, 2] {
            let mut provider = Counting { pends, ..Counting::default() };
            let (ours, other) = match &asked.time {
                Some(time) => (
                    verification.run(&ChainVerifier::new(&anchors, time).unwrap(), &mut provider),
                    verification.run(&saitls_webpki::ChainVerifier::new(&anchors, time).unwrap(), &mut provider),
                ),
                None => (
                    verification.run(&ChainVerifier::ignoring_validity(&anchors).unwrap(), &mut provider),
                    verification
                        .run(&saitls_webpki::ChainVerifier::ignoring_validity(&anchors).unwrap(), &mut provider),
                ),
            };
            if self.roughly {
                assert_eq!(ours.is_ok(), other.is_ok(), "{case}: {ours:?}, {other:?}");
            } else {
                assert_eq!(ours, other, "{case}");
            }
            assert!(said.is_none_or(|said| said == ours), "{case}");
            said = Some(ours);
        }
        let said = said.unwrap();
        assert!(self.said.insert(case.clone(), said).is_none(), "two cases: {case}");
        said
    }

    /// A server below an intermediate, with what the changes do to them.
    #[track_caller]
    fn changed(
        &mut self,
        case: impl Into<String>,
        change_intermediate: impl FnOnce(&mut CertificateParams),
        change_leaf: impl FnOnce(&mut CertificateParams),
    ) -> Verdict {
        let root = Certified::root();
        let mut params = authority("intermediate");
        change_intermediate(&mut params);
        let intermediate = root.issue(params);
        let mut params = end_entity(&["server.test"]);
        change_leaf(&mut params);
        let leaf = intermediate.issue(params);
        self.ask(case, &asked(&root.der, &[&leaf.der, &intermediate.der]))
    }
}

fn nothing(_: &mut CertificateParams) {}

fn keys(both: &mut Both) {
    let make = [("P-256", Key::p256 as fn() -> Key), ("P-384", Key::p384), ("Ed25519", Key::ed25519)];
    for (of_root, root) in make {
        for (of_intermediate, intermediate) in make {
            for (of_leaf, leaf) in make {
                let root = self_signed(authority("root"), root());
                let intermediate = root.issue_for(authority("intermediate"), intermediate());
                let leaf = intermediate.issue_for(end_entity(&["server.test"]), leaf());
                let chain = [&*leaf.der, &intermediate.der];
                let case = format!("keys: {of_root}, {of_intermediate}, {of_leaf}");
                assert_eq!(both.ask(case, &asked(&root.der, &chain)), Ok(2));
            }
        }
        // Signed in a way that was not offered.
        let root = self_signed(authority("root"), root());
        let leaf = root.issue(end_entity(&["server.test"]));
        for offered in [S::ECDSA_SECP256R1_SHA256, S::ECDSA_SECP384R1_SHA384, S::ED25519] {
            let (chain, schemes) = ([&*leaf.der], [offered]);
            let asked = Asked { schemes: Some(&schemes), ..asked(&root.der, &chain) };
            let said = both.ask(format!("{of_root}, offered {offered:?}"), &asked);
            assert!(matches!(said, Ok(1) | Err(Error::Certificate(CertificateFault::SignatureScheme(_)))), "{said:?}");
        }
    }
}

macro_rules! data {
    ($name:literal) => {
        &include_bytes!(concat!("../../webpki/tests/data/", $name, ".der"))[..]
    };
}

/// What it is about, the root, and the chain.
type Kept<'a> = (&'a str, &'a [u8], &'a [&'a [u8]]);

/// The chains that the tests of `saitls-webpki` keep.
fn kept(both: &mut Both) {
    let clock = UnixTime::since_unix_epoch(Duration::from_secs(2_000_000_000));
    let later = Some(clock);
    let chains: [Kept<'_>; 12] = [
        ("P-256 with SHA-512", data!("p256-sha512.root"), &[data!("p256-sha512.server")]),
        ("P-384 with SHA-512", data!("p384-sha512.root"), &[data!("p384-sha512.server")]),
        ("P-521 with SHA-256", data!("p521-sha256.root"), &[data!("p521-sha256.server")]),
        ("P-521 with SHA-384", data!("p521-sha384.root"), &[data!("p521-sha384.server")]),
        ("P-521 with SHA-512", data!("p521-sha512.root"), &[data!("p521-sha512.server")]),
        (
            "RSA-4096",
            data!("rsa4096.root"),
            &[data!("rsa4096.server"), data!("rsa4096.second"), data!("rsa4096.first")],
        ),
        ("RSASSA-PSS", data!("rsapss.root"), &[data!("rsapss.server")]),
        ("RSASSA-PSS by a plain key", data!("rsae-pss.root"), &[data!("rsae-pss.server")]),
        ("RSA-1024 of an issuer", data!("rsa1024.short.root"), &[data!("rsa1024.server")]),
        ("RSA-1024 of a server", data!("rsa1024.long.root"), &[data!("rsa1024.short.server")]),
        ("version 1", data!("v1.root"), &[data!("v1.server")]),
        ("the key of another kind", data!("p521-sha512.root"), &[data!("p256-sha512.server")]),
    ];
    let schemes = [
        S::RSA_PKCS1_SHA256,
        S::RSA_PKCS1_SHA384,
        S::RSA_PKCS1_SHA512,
        S::RSA_PSS_RSAE_SHA256,
        S::RSA_PSS_RSAE_SHA384,
        S::RSA_PSS_PSS_SHA256,
        S::RSA_PSS_PSS_SHA384,
        S::ECDSA_SECP256R1_SHA256,
        S::ECDSA_SECP384R1_SHA384,
        S::ECDSA_SECP521R1_SHA512,
    ];
    for (case, root, chain) in chains {
        let _ = both.ask(case, &Asked { time: later, ..asked(root, chain) });
        for (index, _) in chain.iter().enumerate() {
            let mut tampered: Vec<Vec<u8>> = chain.iter().map(|der| der.to_vec()).collect();
            *tampered[index].last_mut().unwrap() ^= 1;
            let tampered: Vec<&[u8]> = tampered.iter().map(Vec::as_slice).collect();
            let said = both.ask(format!("{case}, tampered {index}"), &Asked { time: later, ..asked(root, &tampered) });
            assert!(said.is_err());
        }
        // What was not offered is refused by both; by which scheme's name depends on where they look first.
        for missing in schemes {
            let offered: Vec<S> = schemes.into_iter().filter(|&scheme| scheme != missing).collect();
            let anchors = anchor(root);
            let verification = Verification { schemes: Some(&offered), ..Verification::server(chain, "server.test") };
            let provider = &mut Counting::default();
            let ours = verification.run(&ChainVerifier::new(&anchors, &clock).unwrap(), provider);
            let other = saitls_webpki::ChainVerifier::new(&anchors, &clock).unwrap();
            assert_eq!(ours.is_ok(), verification.run(&other, provider).is_ok(), "{case} without {missing:?}");
        }
    }
}

fn paths(both: &mut Both) {
    for intermediates in 0..=4 {
        let pki = Pki::new(intermediates);
        let said = both.ask(format!("{intermediates} intermediates"), &asked(&pki.root.der, &pki.chain()));
        assert_eq!(said.is_ok(), intermediates <= 3);
        // With the root behind, which need not be sent.
        let chain = [&pki.chain()[..], &[&pki.root.der]].concat();
        let said = both.ask(format!("{intermediates} intermediates and the root"), &asked(&pki.root.der, &chain));
        assert_eq!(said.is_ok(), intermediates <= 3);
        let chain = [&pki.chain()[..], &[&[0x30, 0]]].concat();
        let said = both.ask(format!("{intermediates} intermediates and nonsense"), &asked(&pki.root.der, &chain));
        assert_eq!(said.is_ok(), intermediates <= 3);
    }
    let pki = Pki::new(2);
    let chain = pki.chain();
    for (case, root) in [("upper", &pki.intermediates[0]), ("lower", &pki.intermediates[1])] {
        assert!(both.ask(format!("the {case} intermediate as anchor"), &asked(&root.der, &chain)).is_ok());
    }
    let (namesake, stranger) = (Certified::root(), self_signed(authority("stranger"), Key::p256()));
    let _ = both.ask("an anchor of the same name", &asked(&namesake.der, &chain));
    let _ = both.ask("an anchor of another name", &asked(&stranger.der, &chain));
    let _ = both.ask("no intermediates", &asked(&pki.root.der, &chain[..1]));
    let _ = both.ask("the upper intermediate is missing", &asked(&pki.root.der, &chain[..2]));
    let _ = both.ask("the lower intermediate is missing", &asked(&pki.root.der, &[chain[0], chain[2]]));
    for index in 0..3 {
        let mut tampered: Vec<Vec<u8>> = chain.iter().map(|der| der.to_vec()).collect();
        *tampered[index].last_mut().unwrap() ^= 1;
        let tampered: Vec<&[u8]> = tampered.iter().map(Vec::as_slice).collect();
        let said = both.ask(format!("tampered {index}"), &asked(&pki.root.der, &tampered));
        assert_eq!(said, Err(CertificateFault::Bad.into()));
    }
    for limit in 0..3 {
        for below in 0..3 {
            let root = Certified::root();
            let mut params = authority("limited");
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(limit));
            let mut made = vec![root.issue(params)];
            for index in 0..below {
                let next = made.last().unwrap().issue(authority(&format!("below {index}")));
                made.push(next);
            }
            let leaf = made.last().unwrap().issue(end_entity(&["server.test"]));
            let chain: Vec<&[u8]> = std::iter::once(&leaf).chain(made.iter().rev()).map(|made| &*made.der).collect();
            let said = both.ask(format!("path length {limit}, {below} below"), &asked(&root.der, &chain));
            assert_eq!(said.is_ok(), below <= limit);
        }
    }
    for (case, is_ca) in [("no", IsCa::NoCa), ("explicitly no", IsCa::ExplicitNoCa)] {
        assert!(both.changed(format!("{case} authority as issuer"), |params| params.is_ca = is_ca, nothing).is_err());
    }
    let an_authority = |params: &mut CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let said = both.changed("an authority as peer", nothing, an_authority);
    assert_eq!(said, Err(CertificateFault::CertificationAuthorityAsPeer.into()));
    let said = both.changed("explicitly no authority as peer", nothing, |params| params.is_ca = IsCa::ExplicitNoCa);
    assert_eq!(said, Ok(2));
}

fn self_issued(both: &mut Both) {
    let stranger = Certified::root();
    let of_the_same_name = || {
        let mut params = end_entity(&["server.test"]);
        params.distinguished_name = authority("root").distinguished_name;
        params
    };
    for (case, params) in [
        ("a server", end_entity(&["server.test"])),
        ("one with the name of the anchor", of_the_same_name()),
        ("an authority", authority("authority")),
    ] {
        let certified = self_signed(params, Key::p256());
        let said = both.ask(format!("self-signed: {case}"), &asked(&stranger.der, &[&certified.der]));
        assert_eq!(said, Err(CertificateFault::SelfSigned.into()));
        let said = both.ask(format!("self-signed and an anchor: {case}"), &asked(&certified.der, &[&certified.der]));
        assert_eq!(said.is_ok(), case == "a server" || case == "one with the name of the anchor");
        let mut tampered = certified.der.clone();
        *tampered.last_mut().unwrap() ^= 1;
        let _ = both.ask(format!("self-signed, an anchor, tampered: {case}"), &asked(&certified.der, &[&tampered]));
    }
    let root = Certified::root();
    let leaf = root.issue(of_the_same_name());
    assert_eq!(both.ask("of the name of its authority", &asked(&root.der, &[&leaf.der])), Ok(1));
    assert_eq!(both.ask("the same, root sent", &asked(&root.der, &[&leaf.der, &root.der])), Ok(1));
    // As when an authority changes its key.
    let successor = root.issue(authority("root"));
    let leaf = successor.issue(end_entity(&["server.test"]));
    let said = both.ask("below a successor of the same name", &asked(&root.der, &[&leaf.der, &successor.der]));
    assert_eq!(said, Ok(3));
    let leaf = successor.issue(of_the_same_name());
    let said = both.ask("all of the same name", &asked(&root.der, &[&leaf.der, &successor.der]));
    assert_eq!(said, Ok(3));
}

fn uses(both: &mut Both) {
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, CodeSigning, ServerAuth};
    for purposes in [
        vec![],
        vec![ServerAuth],
        vec![ClientAuth],
        vec![CodeSigning],
        vec![Any],
        vec![CodeSigning, ClientAuth, ServerAuth],
    ] {
        for role in [PeerRole::Server, PeerRole::Client] {
            let root = Certified::root();
            let mut params = end_entity(&["server.test"]);
            params.extended_key_usages = purposes.clone();
            let leaf = root.issue(params);
            let case = format!("{role:?} with {purposes:?}");
            let _ = both.ask(case, &Asked { role, ..asked(&root.der, &[&leaf.der]) });
            let mut params = authority("intermediate");
            params.extended_key_usages = purposes.clone();
            let intermediate = root.issue(params);
            let leaf = intermediate.issue(end_entity(&["server.test"]));
            let case = format!("{role:?} below an authority with {purposes:?}");
            let _ = both.ask(case, &Asked { role, ..asked(&root.der, &[&leaf.der, &intermediate.der]) });
        }
    }
    use KeyUsagePurpose::{CrlSign, DecipherOnly, DigitalSignature, KeyAgreement, KeyCertSign, KeyEncipherment};
    for usages in [
        vec![],
        vec![DigitalSignature],
        vec![DigitalSignature, KeyEncipherment],
        vec![KeyEncipherment],
        vec![KeyAgreement, DecipherOnly],
        vec![DecipherOnly],
        vec![KeyCertSign],
        vec![CrlSign, DigitalSignature],
    ] {
        let _ = both.changed(format!("peer with {usages:?}"), nothing, |leaf| leaf.key_usages = usages.clone());
        let _ = both.changed(format!("issuer with {usages:?}"), |issuer| issuer.key_usages = usages.clone(), nothing);
    }
}

fn names(both: &mut Both) {
    let cases: [(&[&str], &str, bool); 30] = [
        (&["server.test"], "server.test", true),
        (&["server.test"], "SERVER.Test", true),
        (&["sErver.Test"], "server.test", true),
        (&["server.test"], "server.test.", true),
        (&["one.test", "two.test"], "two.test", true),
        (&["192.0.2.1", "two.test"], "two.test", true),
        (&["server.test"], "server.tes", false),
        (&["server.test"], "aserver.test", false),
        (&["server.test"], "a.server.test", false),
        (&["server.test"], "test", false),
        (&["server.test"], "192.0.2.1", false),
        (&["server.test."], "server.test", false),
        (&["*.server.test"], "a.server.test", true),
        (&["*.SERVER.test"], "a.server.TEST.", true),
        (&["*.server.test"], "a_b.server.test", true),
        (&["*.server.test"], "server.test", false),
        (&["*.server.test"], "a.b.server.test", false),
        (&["*.server.test"], "aserver.test", false),
        (&["a*.server.test"], "ab.server.test", false),
        (&["*a.server.test"], "ba.server.test", false),
        (&["a.*.test"], "a.server.test", false),
        (&["*.*.test"], "a.server.test", false),
        (&["*.test"], "server.test", false),
        (&["*"], "test", false),
        (&["192.0.2.1"], "192.0.2.1", true),
        (&["2001:db8::1"], "2001:db8:0::1", true),
        (&["192.0.2.1"], "192.0.2.2", false),
        (&["192.0.2.1"], "server.test", false),
        (&["192.0.2.1"], "2001:db8::1", false),
        (&["::ffff:192.0.2.1"], "192.0.2.1", false),
    ];
    for (presented, name, expected) in cases {
        let pki = Pki::with_leaf(0, end_entity(presented));
        let said = both.ask(format!("{presented:?} for {name}"), &Asked { name, ..asked(&pki.root.der, &pki.chain()) });
        assert_eq!(said.is_ok(), expected, "{presented:?} for {name}: {said:?}");
    }
    // Bytes of an address are no letters.
    let pki = Pki::with_leaf(0, end_entity(&["65.66.67.68"]));
    let said =
        both.ask("an address in another case", &Asked { name: "97.98.99.100", ..asked(&pki.root.der, &pki.chain()) });
    assert_eq!(said, Err(CertificateFault::NameMismatch.into()));
    let said = both.changed("a name in the subject alone", nothing, |leaf| {
        leaf.subject_alt_names = Vec::new();
        leaf.distinguished_name.push(DnType::CommonName, "server.test");
    });
    assert_eq!(said, Err(CertificateFault::MissingSubjectAltName.into()));
    for (case, other) in [
        ("an e-mail address", SanType::Rfc822Name("server.test".try_into().unwrap())),
        ("a URI", SanType::URI("https://server.test".try_into().unwrap())),
    ] {
        let said =
            both.changed(format!("{case} in front"), nothing, |leaf| leaf.subject_alt_names.insert(0, other.clone()));
        assert_eq!(said, Ok(2));
        let said = both.changed(format!("{case} alone"), nothing, |leaf| leaf.subject_alt_names = vec![other]);
        assert_eq!(said, Err(CertificateFault::NameMismatch.into()));
    }
    // What is no GeneralName, in front of the name and behind it.
    for (case, content, expected) in [
        ("no GeneralName in front", &b"\x30\x0f\x89\x00\x82\x0bserver.test"[..], false),
        ("a constructed dNSName in front", b"\x30\x0f\xa2\x00\x82\x0bserver.test", false),
        ("a primitive directoryName in front", b"\x30\x0f\x84\x00\x82\x0bserver.test", false),
        ("a universal tag in front", b"\x30\x0f\x02\x00\x82\x0bserver.test", false),
        ("an empty directoryName in front", b"\x30\x0f\xa4\x00\x82\x0bserver.test", true),
        ("a registeredID in front", b"\x30\x0f\x88\x00\x82\x0bserver.test", true),
        ("an empty name in front", b"\x30\x0f\x82\x00\x82\x0bserver.test", true),
        ("an empty address in front", b"\x30\x0f\x87\x00\x82\x0bserver.test", true),
        ("no GeneralName behind", b"\x30\x0f\x82\x0bserver.test\x89\x00", true),
        ("a name that is cut off", b"\x30\x0d\x82\x0cserver.test", false),
        ("a name with something behind", b"\x30\x0d\x82\x0bserver.test\x00", false),
        ("no names", b"\x30\x00", false),
        ("no sequence of names", b"\x31\x0d\x82\x0bserver.test", false),
    ] {
        let said = both.changed(case, nothing, |leaf| {
            leaf.subject_alt_names = Vec::new();
            leaf.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 17], content.to_vec())];
        });
        assert_eq!(said.is_ok(), expected, "{case}: {said:?}");
    }
}

fn extensions(both: &mut Both) {
    // What nobody knows, and what this verifier does not evaluate.
    for arc in [&[1, 3, 6, 1, 4, 1, 99_999, 1][..], &[2, 5, 29, 9], &[2, 5, 29, 32], &[2, 5, 29, 33], &[2, 5, 29, 36]]
        .into_iter()
        .chain([&[2, 5, 29, 54][..], &[2, 5, 29, 46], &[2, 5, 29, 18], &[2, 5, 29, 99], &[2, 5, 29]])
    {
        for is_critical in [false, true] {
            let mut extension = CustomExtension::from_oid_content(arc, vec![0x30, 0]);
            extension.set_criticality(is_critical);
            let extension = || vec![extension.clone()];
            let case = format!("{arc:?}, critical: {is_critical}");
            let said = both.changed(format!("peer: {case}"), nothing, |leaf| leaf.custom_extensions = extension());
            assert_eq!(said.is_ok(), !is_critical, "{case}");
            let said =
                both.changed(format!("issuer: {case}"), |issuer| issuer.custom_extensions = extension(), nothing);
            assert_eq!(said.is_ok(), !is_critical, "{case}");
        }
    }
    // Values of those that are looked at, and of cRLDistributionPoints; a second one in each case where there is one.
    let values: [&[u8]; 14] = [
        &[0x30, 0],
        &[0x30, 3, 1, 1, 0],
        &[0x30, 3, 1, 1, 1],
        &[0x30, 3, 1, 1, 0xff],
        &[0x30, 3, 2, 1, 0],
        &[0x30, 6, 1, 1, 0xff, 2, 1, 0],
        &[0x30, 7, 1, 1, 0xff, 2, 2, 0, 0xff],
        &[0x30, 7, 1, 1, 0xff, 2, 2, 1, 0],
        &[0x30, 6, 1, 1, 0xff, 2, 1, 0xff],
        &[0x30, 9, 1, 1, 0xff, 2, 1, 0, 2, 1, 0],
        &[3, 2, 7, 0x80],
        &[3, 2, 8, 0x80],
        &[3, 1, 0],
        &[0x30, 2, 5, 0],
    ];
    for (number, name) in
        [(15, "KeyUsage"), (19, "BasicConstraints"), (31, "cRLDistributionPoints"), (37, "ExtKeyUsage")]
    {
        for value in values {
            // Nothing else is at fault; but what is malformed is an authority's, too.
            both.roughly = true;
            let change = |params: &mut CertificateParams| {
                match number {
                    15 => params.key_usages.clear(),
                    19 => params.is_ca = IsCa::NoCa,
                    _ => params.extended_key_usages.clear(),
                }
                params.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, number], value.to_vec())];
            };
            let _ = both.changed(format!("peer: {name} {value:02x?}"), nothing, change);
            let _ = both.changed(format!("issuer: {name} {value:02x?}"), change, nothing);
        }
        both.roughly = false;
        let twice = vec![CustomExtension::from_oid_content(&[2, 5, 29, number], vec![0x30, 0]); 2];
        let said = both.changed(format!("{name} twice"), nothing, |leaf| {
            (leaf.key_usages, leaf.extended_key_usages, leaf.custom_extensions) = (Vec::new(), Vec::new(), twice);
        });
        assert_eq!(said, Err(CertificateFault::Bad.into()), "{name}");
    }
}

fn times(both: &mut Both) {
    let valid = |mut params: CertificateParams, (from, to)| {
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        params
    };
    let years = [
        (2000, 2010),
        (2005, 2006),
        (2011, 2012),
        (2026, 2027),
        (2027, 2028),
        (2049, 2051),
        (2000, 2050),
        (1960, 2050),
    ];
    for of_intermediate in years {
        for of_leaf in years {
            let root = Certified::root();
            let intermediate = root.issue(valid(authority("intermediate"), of_intermediate));
            let leaf = intermediate.issue(valid(end_entity(&["server.test"]), of_leaf));
            let chain = [&*leaf.der, &intermediate.der];
            let case = format!("valid {of_intermediate:?}, {of_leaf:?}");
            // Which error it is where several are wrong, and without a clock, is not said.
            let anchors = anchor(&root.der);
            let (ours, other) = (
                ChainVerifier::ignoring_validity(&anchors).unwrap(),
                saitls_webpki::ChainVerifier::ignoring_validity(&anchors).unwrap(),
            );
            let verification = Verification::server(&chain, "server.test");
            let ours = verification.run(&ours, &mut Counting::default());
            let other = verification.run(&other, &mut Counting::default());
            assert_eq!(ours.is_ok(), other.is_ok(), "{case}, without a clock");
            if of_intermediate == (2026, 2027) || of_leaf == (2026, 2027) || of_leaf == (2000, 2050) {
                let _ = both.ask(case, &asked(&root.der, &chain));
            }
        }
    }
    let pki = Pki::new(0);
    let (not_before, not_after) = (1_767_225_600, 1_798_761_600);
    for (time, expected) in [
        (0, Err(CertificateFault::NotYetValid.into())),
        (not_before - 1, Err(CertificateFault::NotYetValid.into())),
        (not_before, Ok(1)),
        (not_after, Ok(1)),
        (not_after + 1, Err(CertificateFault::Expired.into())),
    ] {
        let time = Some(UnixTime::since_unix_epoch(Duration::from_secs(time)));
        let said = both.ask(format!("at {time:?}"), &Asked { time, ..asked(&pki.root.der, &pki.chain()) });
        assert_eq!(said, expected);
    }
}

#[test]
fn the_same_verdicts_and_errors_as_by_path_building() {
    let mut both = Both::default();
    for cases in [keys, kept, paths, self_issued, uses, names, extensions, times] {
        cases(&mut both);
    }
    let accepted = both.said.values().filter(|said| said.is_ok()).count();
    let mut errors: Vec<String> = both.said.values().filter_map(|said| said.err()).map(|e| format!("{e:?}")).collect();
    errors.sort();
    errors.dedup();
    println!("{} chains, {accepted} accepted; {} errors: {}", both.said.len(), errors.len(), errors.join(", "));
    assert!(both.said.len() > 300 && accepted > 100 && errors.len() > 12);
}
