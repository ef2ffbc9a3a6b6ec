//! Which PSKs a configuration takes.

use super::*;
use saitls_core::error::Misconfiguration;
use saitls_core::secret::MAX_SECRET_LEN;

/// A long key is for both sides the same error as none at all: of no use, or too easy to guess.
#[test]
fn keys_and_identities_have_a_length() {
    let wrong: Error = Error::InvalidConfiguration(Misconfiguration::PreSharedKey);
    let check = |psk: Psk<'_>, expected: Result<(), Error>| {
        let psks = [psk];
        assert_eq!(ClientConfig::psk_only(&psks).check(), expected);
        assert_eq!(ClientConfig::new(&ANY).with_psks(&psks).check(), expected);
        assert_eq!(ServerConfig::psk_only(&psks).check(), expected);
        assert_eq!(ServerConfig::psk_only(&psks.as_slice()).check(), expected);
    };
    for len in [0, 1, 15, MAX_SECRET_LEN + 1, 1000] {
        check(Psk::new(b"x", &vec![7; len]), Err(wrong));
    }
    for len in [16, 32, MAX_SECRET_LEN] {
        check(Psk::new(b"x", &vec![7; len]), Ok(()));
    }
    check(Psk::new(b"", KEY), Err(wrong));
    check(Psk::new(&[b'x'; 0x1_0000], KEY), Err(wrong));
    check(Psk::held(b"x", &Slow::default()), Ok(()));
    check(Psk::held(b"", &Slow::default()), Err(wrong));
    // Nor does a store of others' hand one out.
    let short = [Psk::new(b"x", &KEY[..15])];
    let found = short.poll_find(&mut provider(1), b"x").map(|found| found.err());
    assert_eq!(found, Poll::Ready(Some(wrong)));
}

#[test]
fn an_identity_has_one_key() {
    let twice: Error = Error::InvalidConfiguration(Misconfiguration::NamedTwice);
    let psks = [Psk::new(b"x", KEY), Psk::new(b"y", KEY), Psk::new(b"x", OTHER).with_hash(HashAlgorithm::Sha384)];
    assert_eq!(ClientConfig::psk_only(&psks).check(), Err(twice));
    assert_eq!(ServerConfig::psk_only(&psks).check(), Err(twice));
    let two = &psks[..2];
    assert_eq!(ClientConfig::psk_only(two).check(), Ok(()));
    assert_eq!(ServerConfig::psk_only(&two).check(), Ok(()));
}

#[test]
fn a_list_has_a_length() {
    let long: Error = Error::InvalidConfiguration(Misconfiguration::ListTooLong);
    let identity = vec![b'x'; 32_713];
    assert_eq!(ClientConfig::psk_only(&[Psk::new(&identity, KEY)]).check(), Ok(()));
    let identity = vec![b'x'; 32_714];
    assert_eq!(ClientConfig::psk_only(&[Psk::new(&identity, KEY)]).check(), Err(long));
    // A server reads longer ones.
    assert_eq!(ServerConfig::psk_only(&[Psk::new(&identity, KEY)]).check(), Ok(()));
    let none: Error = Error::InvalidConfiguration(Misconfiguration::NoPreSharedKey);
    assert_eq!(ClientConfig::<Provider>::psk_only(&[]).check(), Err(none));
    assert_eq!(ClientConfig::<Provider>::new(&ANY).with_psks(&[]).check(), Ok(()));
    let nobody: Error = Error::InvalidConfiguration(Misconfiguration::NoIdentity);
    assert_eq!(ServerConfig::<Provider>::new(&[]).check(), Err(nobody));
    // Without schemes that the provider could verify: no certificate is wanted.
    assert_eq!(ClientConfig::psk_only(&[Psk::new(b"x", KEY)]).with_signature_schemes(&[]).check(), Ok(()));
}

// ---- wakers

/// A device that is never ready and says whether it will wake.
struct Waking {
    wakes: bool,
    asked: AtomicU32,
}

impl Waking {
    const fn new(wakes: bool) -> Self {
        Self { wakes, asked: AtomicU32::new(0) }
    }
}

impl HeldSecret<Provider> for Waking {
    fn poll_secret(&self, _: &mut Provider) -> Poll<saitls_core::Result<saitls_core::crypto::SoftwareSecret>> {
        Poll::Pending
    }

    fn register_waker(&self, _: &mut Provider, _: &std::task::Waker) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.wakes
    }
}

/// Which of them is pending is not known: all are asked, and only if all wake is it said that there will be a wake-up.
#[test]
fn no_wake_up_is_promised_that_may_not_come() {
    for (wakes, expected) in [([true, true], true), ([true, false], false), ([false, true], false), ([false; 2], false)]
    {
        let devices = wakes.map(Waking::new);
        // A key in memory is never waited for.
        let psks = [Psk::held(b"a", &devices[0]), Psk::new(b"b", KEY), Psk::held(b"c", &devices[1])];
        let config = ClientConfig::psk_only(&psks);
        let mut tested = Tested::client(&config);
        tested.process().unwrap();
        assert_eq!(tested.connection.waiting_for(), WaitingFor::Operation(Operation::PreSharedKey));
        let waker = std::task::Waker::noop();
        assert_eq!(tested.connection.register_waker(&mut tested.provider, waker), expected, "{wakes:?}");
        let config = ServerConfig::psk_only(&psks);
        let (mut tested, mut forger) = (Tested::server(&config), Forger::client());
        let hello = hello(&mut forger, &[1], &[(b"c", SHA256, KEY)]);
        forger.hello(&mut tested, &hello).unwrap();
        assert_eq!(tested.connection.waiting_for(), WaitingFor::Operation(Operation::PreSharedKey));
        assert_eq!(tested.connection.register_waker(&mut tested.provider, waker), expected, "{wakes:?}");
        assert!(devices.iter().all(|device| device.asked.load(Ordering::Relaxed) == 2));
    }
}
