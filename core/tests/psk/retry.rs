//! PSKs of a client that is asked to say hello again (RFC 9846 4.2.4), and stores that change their mind between.

use super::*;
use std::sync::atomic::AtomicUsize;

const SHA384: HashAlgorithm = HashAlgorithm::Sha384;
const SUITES: [CipherSuite; 2] = [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384];

/// Identity, hash and key.
type Offered<'a> = (&'a [u8], HashAlgorithm, &'a [u8]);
type Offer<'a> = &'a [Offered<'a>];

/// A server that has asked for a share, with the ClientHello that has it, whose PSKs are not bound.
fn retrying<'a>(
    config: &'a ServerConfig<'a, Provider>,
    modes: &[u8],
    psks: Offer<'_>,
) -> (Tested<'a>, Forger, ClientHelloParts) {
    let (mut tested, mut forger) = (Tested::server(config), Forger::client());
    let mut second = hello(&mut forger, modes, psks);
    let mut first = second.clone();
    if psks.is_empty() {
        second.extensions().remove(ExtensionType::PRE_SHARED_KEY);
        first = second.clone();
        first.extensions().set(ExtensionType::KEY_SHARE, [0, 0]);
    } else {
        first.extensions().set(ExtensionType::KEY_SHARE, [0, 0]);
        first = bind(&mut forger, first, psks);
    }
    forger.hello(&mut tested, &first).unwrap();
    assert!(forger.server_hello.as_ref().unwrap().is_hello_retry_request());
    (tested, forger, second)
}

/// A list of PSKs of which one more is known at each lookup, or none any more.
struct Fickle<'a> {
    lists: [&'a [Psk<'a>]; 2],
    /// Lookups that the first list answers.
    first: usize,
    asked: AtomicUsize,
}

impl<'a> Fickle<'a> {
    fn new(lists: [&'a [Psk<'a>]; 2], first: usize) -> Self {
        Self { lists, first, asked: AtomicUsize::new(0) }
    }
}

impl PskStore<Provider> for Fickle<'_> {
    fn poll_find(
        &self,
        provider: &mut Provider,
        identity: &[u8],
    ) -> Poll<saitls_core::Result<Option<FoundPsk<Provider>>>> {
        let is_later = self.asked.fetch_add(1, Ordering::Relaxed) >= self.first;
        self.lists[usize::from(is_later)].poll_find(provider, identity)
    }
}

#[test]
fn a_forged_client_gets_through_a_retry() {
    let psks = [Psk::new(b"pump-17", KEY), Psk::new(b"pump-18", OTHER).with_hash(SHA384)];
    let config = ServerConfig::psk_only(&psks).with_cipher_suites(&SUITES);
    for (at, hash, key) in [(0, SHA256, KEY), (1, SHA384, OTHER)] {
        let offer = [(psks[at].identity(), hash, key)];
        let (mut tested, mut forger, second) = retrying(&config, &[1], &offer);
        forger.psk = Some(key.to_vec());
        let second = bind(&mut forger, second, &offer);
        forger.hello(&mut tested, &second).unwrap();
        forger.step(&mut tested, Step::Finished).unwrap();
        let negotiated = tested.connection.negotiated().unwrap();
        assert!(negotiated.hello_retry);
        assert_eq!((negotiated.psk, negotiated.cipher_suite), (Some(PskKind::External), SUITES[at]));
        // The binder is over the first ClientHello and the request, too.
        let (mut tested, mut forger, second) = retrying(&config, &[1], &offer);
        assert_eq!(forger.hello(&mut tested, &second), Err(PeerFault::BadBinder.into()));
        assert_eq!(forger.alert(&mut tested), Some(Alert::DECRYPT_ERROR));
    }
}

/// The PSK decided on the suite of the HelloRetryRequest; without it, that is the suite still, and the transcript is of
/// its hash.
#[test]
fn the_suite_of_the_request_stays_when_the_psk_is_gone() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let psks = [Psk::new(b"pump-17", OTHER).with_hash(SHA384)];
    let offer: Offer<'_> = &[(b"pump-17", SHA384, OTHER)];
    let is_by_certificate = |mut tested: Tested<'_>, mut forger: Forger, second: &ClientHelloParts| {
        forger.hello(&mut tested, second).unwrap();
        let server_hello = forger.server_hello.clone().unwrap();
        assert_eq!(server_hello.suite, SUITES[1].0);
        assert!(!server_hello.extensions.unwrap().has(ExtensionType::PRE_SHARED_KEY));
        forger.step(&mut tested, Step::Finished).unwrap();
        let negotiated = tested.connection.negotiated().unwrap();
        assert_eq!((negotiated.psk, negotiated.cipher_suite), (None, SUITES[1]));
    };
    // The client leaves it out.
    let config = ServerConfig::new(&identities).with_psks(&psks).with_cipher_suites(&SUITES);
    let (tested, forger, mut second) = retrying(&config, &[1], offer);
    second.extensions().remove(ExtensionType::PRE_SHARED_KEY);
    is_by_certificate(tested, forger, &second);
    // The store has forgotten it.
    let store = Fickle::new([&psks, &[]], 1);
    let config = ServerConfig::new(&identities).with_psks(&store).with_cipher_suites(&SUITES);
    let (tested, mut forger, second) = retrying(&config, &[1], offer);
    let second = bind(&mut forger, second, offer);
    is_by_certificate(tested, forger, &second);
    // It knows another one now, for another hash.
    let others = [Psk::new(b"pump-18", KEY)];
    let both: Offer<'_> = &[(b"pump-17", SHA384, OTHER), (b"pump-18", SHA256, KEY)];
    let store = Fickle::new([&psks, &others], 1);
    let config = ServerConfig::new(&identities).with_psks(&store).with_cipher_suites(&SUITES);
    let (tested, mut forger, second) = retrying(&config, &[1], both);
    let second = bind(&mut forger, second, both);
    is_by_certificate(tested, forger, &second);
    // Without a certificate there is nothing left.
    let store = Fickle::new([&psks, &[]], 1);
    let config = ServerConfig::psk_only(&store).with_cipher_suites(&SUITES);
    let (mut tested, mut forger, second) = retrying(&config, &[1], offer);
    let second = bind(&mut forger, second, offer);
    assert_eq!(forger.hello(&mut tested, &second), Err(Incompatibility::UnknownPreSharedKey.into()));
    assert_eq!(forger.alert(&mut tested), Some(Alert::DECRYPT_ERROR));
}

/// A PSK that the store learns of only then, of the hash of the suite: that may be, and the certificate that was chosen
/// is not presented.
#[test]
fn a_psk_that_becomes_known_between_the_hellos() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let psks = [Psk::new(b"pump-17", KEY)];
    let offer: Offer<'_> = &[(b"pump-17", SHA256, KEY)];
    let store = Fickle::new([&[], &psks], 1);
    let config = ServerConfig::new(&identities).with_psks(&store).with_cipher_suites(&SUITES);
    let (mut tested, mut forger, second) = retrying(&config, &[1], offer);
    let second = bind(&mut forger, second, offer);
    forger.psk = Some(KEY.to_vec());
    forger.hello(&mut tested, &second).unwrap();
    forger.step(&mut tested, Step::Finished).unwrap();
    let negotiated = tested.connection.negotiated().unwrap();
    assert_eq!((negotiated.psk, negotiated.local_signature_scheme), (Some(PskKind::External), None));
}

/// RFC 9846 4.2.2: PSKs may be left out of the second ClientHello, but none may come; and the modes stay.
#[test]
fn what_a_second_hello_says_of_psks() {
    use ExtensionType as E;
    type Change = fn(&mut ClientHelloParts);
    let identity = ed25519();
    let identities = [identity.identity()];
    let psks = [Psk::new(b"pump-17", KEY), Psk::new(b"pump-18", OTHER)];
    let config = ServerConfig::new(&identities).with_psks(&psks).with_psk_modes(PskModes::Either);
    let (one, other): (Offered<'_>, Offered<'_>) = ((b"pump-17", SHA256, KEY), (b"pump-18", SHA256, OTHER));
    let nothing: Change = |_| {};
    let modes: Change = |hello| _ = hello.extensions().set(E::PSK_KEY_EXCHANGE_MODES, [2, 1, 0]);
    let cases: [(&str, Offer<'_>, Offer<'_>, Change, bool); 8] = [
        ("the same", &[one], &[one], nothing, true),
        (
            "another order of modes",
            &[one],
            &[one],
            |h| _ = h.extensions().set(E::PSK_KEY_EXCHANGE_MODES, [2, 9, 1]),
            true,
        ),
        ("one goes", &[one, other], &[other], nothing, true),
        ("all go", &[one, other], &[], nothing, true),
        ("the first comes", &[], &[one], nothing, false),
        ("one more comes", &[one], &[one, other], nothing, false),
        ("one more mode", &[one], &[one], modes, false),
        ("no mode any more", &[one], &[], |h| _ = h.extensions().remove(E::PSK_KEY_EXCHANGE_MODES), false),
    ];
    for (what, first, then, change, is_fine) in cases {
        let (mut tested, mut forger, second) = retrying(&config, &[1], first);
        let mut second = second.with(change);
        if then.is_empty() {
            second.extensions().remove(E::PRE_SHARED_KEY);
        } else {
            second = bind(&mut forger, second, then);
            forger.psk = Some(then[0].2.to_vec());
        }
        let result = forger.hello(&mut tested, &second);
        if is_fine {
            assert_eq!(result, Ok(()), "{what}");
            forger.step(&mut tested, Step::Finished).expect(what);
            assert_eq!(tested.connection.negotiated().unwrap().psk.is_some(), !then.is_empty(), "{what}");
        } else {
            assert_eq!(result, Err(PeerFault::ClientHelloChanged.into()), "{what}");
            assert_eq!(forger.alert(&mut tested), Some(Alert::ILLEGAL_PARAMETER), "{what}");
        }
    }
}
