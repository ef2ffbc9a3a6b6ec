//! Which keys are taken.

use crate::simulator::{Kind, PASSWORD, Simulator, with_keys};
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::Signer;
use saitls_tpm::{Tpm, TpmError, TpmKey, TpmProvider};

fn schemes(key: &TpmKey) -> &[SignatureScheme] {
    Signer::<TpmProvider>::schemes(key)
}

#[test]
fn keys_that_cannot_sign_handshakes_are_refused_in_words() {
    let Some(simulator) = Simulator::start() else { return };
    let handles = with_keys(&simulator, &[Kind::Storage, Kind::Pkcs1, Kind::OtherHash]);
    let tpm = Tpm::open(&simulator.tcti()).unwrap();
    for (handle, word) in handles.into_iter().zip(["agree or decrypt", "PKCS1", "another hash"]) {
        match TpmKey::open(&tpm, handle).err() {
            Some(TpmError::UnsupportedKey(why)) => assert!(why.contains(word), "{why}"),
            other => panic!("{handle:#x}: {other:?}"),
        }
    }
    assert_eq!(TpmKey::open(&tpm, 0x8101_00ff).err(), Some(TpmError::NoKey(0x8101_00ff)));
}

/// Salts of PSS: the key is tried, so that what is offered is what works.
#[test]
fn schemes_are_those_that_work() {
    let Some(simulator) = Simulator::start() else { return };
    let handles = with_keys(&simulator, &[Kind::Rsa, Kind::Restricted]);
    let tpm = Tpm::open(&simulator.tcti()).unwrap();
    let pss = [
        SignatureScheme::RSA_PSS_RSAE_SHA256,
        SignatureScheme::RSA_PSS_RSAE_SHA384,
        SignatureScheme::RSA_PSS_RSAE_SHA512,
    ];
    assert_eq!(schemes(&TpmKey::open(&tpm, handles[0]).unwrap()), pss);
    assert_eq!(schemes(&TpmKey::open(&tpm, handles[1]).unwrap()), [SignatureScheme::ECDSA_SECP256R1_SHA256]);
}

/// The TPM counts wrong passwords, and one is enough.
#[test]
fn a_wrong_password_is_tried_once() {
    let Some(simulator) = Simulator::start() else { return };
    let handle = with_keys(&simulator, &[Kind::Protected])[0];
    let tpm = Tpm::open(&simulator.tcti()).unwrap();
    assert!(TpmKey::open_with_auth(&tpm, handle, PASSWORD).is_ok());
    // Far more often than the TPM would stand it: with a right one all is well then.
    for _ in 0..40 {
        assert_eq!(TpmKey::open_with_auth(&tpm, handle, b"a wrong one").err(), Some(TpmError::WrongAuth));
    }
    assert!(TpmKey::open_with_auth(&tpm, handle, PASSWORD).is_ok());
}
