//! Each check fails for a provider that is wrong in the one thing that it looks at.

use crate::broken::{Broken, Mutation, Signer};
use saitls_conformance::{Conformance, Outcome, Random};
use saitls_rustcrypto::SigningKey;

const MUTATIONS: &[(&str, Mutation)] = {
    use Mutation::*;
    &[
        ("offers/consistent", UnsupportedGroupFails),
        ("random/fills", RandomForgetsLastByte),
        ("random/failure", RandomNeverFails),
        ("hash/vectors", HashIsWrong),
        ("hash/pieces", HashLosesByteOfFullPieces),
        ("hash/snapshot", SnapshotEndsHash),
        ("hash/interleaved", OneHashAtATime),
        ("hash/hmac", HmacLosesLastPart),
        ("secret/mac", MacCutsLongKeys),
        ("secret/extract", ExtractWithoutInputIsEmpty),
        ("secret/handshake_salt", HandshakeSaltIsOfOtherHash),
        ("secret/derive", DeriveIgnoresContext),
        ("secret/prefix", PrefixIsFixed),
        ("secret/export", ExportRepeatsFirstBlock),
        ("secret/lengths", LongLabelIsCut),
        ("secret/rfc8448", WrongIv),
        ("secret/many", SecretsAreNeverFreed),
        ("secret/stored", StoredSecretIsCut),
        ("aead/vectors", KeyIsReversed),
        ("aead/from_secret", FromSecretTakesOtherLabel),
        ("aead/keys", LongKeyIsCut),
        ("aead/tampering", OpenIgnoresLastByteOfTag),
        ("aead/lengths", ShortRecordPanics),
        ("aead/nonces", NonceLosesABit),
        ("aead/in_place", WrongWhereUnaligned),
        ("aead/seal_from", SealFromForgetsTheRest),
        ("aead/mask", MaskIsOfOtherBlock),
        ("aead/interleaved", LastKeyServesAll),
        ("key_exchange/vectors", DecapsulatesWrongly),
        ("key_exchange/agreement", EncapsulatesWrongly),
        ("key_exchange/refusals", BadShareIsTaken),
        ("key_exchange/fresh", PrivateKeyIsFixed),
        ("key_exchange/repeated", ShareIsMadeAgain),
        ("key_exchange/room", SmallBufferIsFailure),
        ("key_exchange/interleaved", ExchangesShareTheirInput),
        ("verifier/ecdsa", AcceptsEcdsa),
        ("verifier/ed25519", AcceptsEd25519),
        ("verifier/rsa_pkcs1", AcceptsRsaPkcs1),
        ("verifier/rsa_pss", AcceptsRsaPss),
        ("verifier/keys", AcceptsBadKey),
        ("verifier/interleaved", VerificationsShareTheirInput),
        ("signer/verifies", SignsBeginningOnly),
        ("signer/refusals", SignsWithAnyScheme),
        ("signer/interleaved", SignaturesShareTheirInput),
        ("wiping/secret", SecretIsNotWiped),
        ("wiping/aead", AeadIsNotWiped),
        ("wiping/key_exchange", PrivateKeyIsNotWiped),
        ("handshake/completes", KeyUpdateIsWrong),
        ("handshake/pending", DrawsWhilePending),
        ("handshake/random_failure", RandomNeverFails),
        ("handshake/abandoned", AbandonedExchangeBlocks),
    ]
};

fn with_conformance<T>(mutation: Option<Mutation>, f: impl FnOnce(&Conformance<'_, Broken>) -> T) -> T {
    let key = SigningKey::from_pkcs8_der(include_bytes!("../../rustcrypto/tests/data/p256.pkcs8.der")).unwrap();
    let mut spki = [0; saitls_rustcrypto::MAX_SUBJECT_PUBLIC_KEY_INFO_LEN];
    let len = key.subject_public_key_info(&mut spki).unwrap();
    let signer = Signer(key);
    f(&Conformance::new(move || Broken::new(mutation, Random::system(), 0))
        .with_random(move |random| Broken::new(mutation, random, 0))
        .with_private_keys_as_drawn()
        .with_slow(move |random, pends| Broken::new(mutation, random, pends))
        .with_signer("P-256", &signer, &spki[..len]))
}

/// What the checks of this file prove, they prove because of this one.
#[test]
fn without_a_mutation_all_checks_pass() {
    with_conformance(None, |conformance| conformance.run().assert_complete_but(&[]));
}

#[test]
fn each_check_fails_for_its_mutation() {
    let named: Vec<_> = MUTATIONS.iter().map(|(check, _)| *check).collect();
    assert_eq!(named, Conformance::<Broken>::names(), "a mutation for each check");
    for (check, mutation) in MUTATIONS {
        let report = with_conformance(Some(*mutation), |conformance| conformance.run_only(check));
        let [(name, outcome)] = report.outcomes() else { panic!("{check}: {report}") };
        assert_eq!(name, check);
        assert!(matches!(outcome, Outcome::Failed(_)), "{mutation:?}: {report}");
        print!("{mutation:?}: {report}");
    }
}
