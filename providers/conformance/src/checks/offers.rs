//! What a provider says it has, and what it has.

use crate::Conformance;
use crate::reference::{ALGORITHMS, GROUPS, HASHES, SUITES};
use crate::report::{Checked, ensure, ensure_eq};
use saitls_core::codes::{CipherSuite, NamedGroup, SignatureScheme};
use saitls_core::crypto::{Aead, CryptoProvider, Hash, KeyExchange, SignatureAlgorithm, SignatureVerifier};
use saitls_core::{Error, ProviderFault};

/// What is supported can be started, what is not is refused with `Unsupported`, and something is left to negotiate.
pub(super) fn consistent<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for hash in HASHES {
        cases += 1;
        let expected = (!P::Hash::supports(hash)).then_some(Error::Provider(ProviderFault::Unsupported));
        ensure_eq!(P::Hash::start(provider, hash).err(), expected, "hash {hash:?}, to start it");
    }
    for suite in SUITES.into_iter().chain([CipherSuite(0x1306)]) {
        cases += 1;
        // A provider of opaque secrets may refuse a key although it has the suite.
        if !P::Aead::supports(suite) {
            let error = P::Aead::from_key(provider, suite, &vec![7; suite.key_len()]).err();
            ensure_eq!(
                error,
                Some(Error::Provider(ProviderFault::Unsupported)),
                "a key for {suite}, which is not supported"
            );
        }
    }
    let groups = GROUPS.into_iter().map(|(group, ..)| group);
    for group in groups.chain([NamedGroup::X448, NamedGroup(0x2a2a)]) {
        cases += 1;
        let is_there = super::groups(provider).contains(&group);
        let expected = (!is_there).then_some(Error::Provider(ProviderFault::Unsupported));
        ensure_eq!(P::KeyExchange::start(provider, group).err(), expected, "group {group}, to start it");
    }
    for algorithm in ALGORITHMS.into_iter().chain([SignatureAlgorithm::Other(SignatureScheme(0x2a2a))]) {
        cases += 1;
        let expected =
            (!P::SignatureVerifier::supports(algorithm)).then_some(Error::Provider(ProviderFault::Unsupported));
        ensure_eq!(P::SignatureVerifier::start(provider, algorithm).err(), expected, "{algorithm:?}, to start it");
    }
    let suites = provider.cipher_suites();
    let usable = suites.iter().any(|&suite| P::Aead::supports(suite) && P::Hash::supports(suite.hash()));
    ensure!(usable, "none of the suites of cipher_suites() is supported by both Aead and Hash");
    let groups = provider.named_groups();
    ensure!(groups.iter().any(|&group| P::KeyExchange::supports(group)), "no group of named_groups() is supported");
    let schemes = provider.signature_schemes();
    let usable =
        schemes.iter().any(|&scheme| scheme.signs_handshake() && P::SignatureVerifier::supports(scheme.into()));
    ensure!(usable, "no scheme of signature_schemes() that may sign a handshake is supported");
    Ok(cases)
}
