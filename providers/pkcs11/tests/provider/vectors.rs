//! RFC 8448 3, from the shared secret to protected records, out of keys that nobody can read.

use crate::tokens::{Provider, open, with_each};
use hex_literal::hex;
use saitls_core::codes::CipherSuite;
use saitls_core::codes::HashAlgorithm::Sha256;
use saitls_core::crypto::{Aead, Label, LabelPrefix, Nonce, Secret};
use saitls_pkcs11::{TokenAead, TokenSecret};

const SUITE: CipherSuite = CipherSuite::AES_128_GCM_SHA256;
const SHARED: [u8; 32] = hex!("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
const TO_SERVER_HELLO: [u8; 32] = hex!("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8");
const TO_SERVER_FINISHED: [u8; 32] = hex!("9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13");

/// As the trace has them.
const CLIENT_FINISHED: &[u8] = &hex!(
    "170303003575ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1caeacab6867d726c4"
    "0546"
);
const CLIENT_DATA: &[u8] = &hex!(
    "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2"
    "977014bd1e3deae63aeebb21694915e4"
);
const CLIENT_ALERT: &[u8] = &hex!("1703030013c9872760655666b74d7ff1153efd6db6d0b0e3");
const SERVER_DATA: &[u8] = &hex!(
    "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8fcc49c4bf2e5f0a2"
    "1c0047c2abf332540dd032e167c2955d"
);

/// A traffic secret with its key and nonce.
struct Keys(TokenAead, Nonce);

impl Keys {
    fn of(provider: &mut Provider, secret: &TokenSecret) -> Self {
        let mut iv = [0; 12];
        secret.export(provider, Sha256, &Label::tls13(b"iv"), b"", &mut iv).unwrap();
        Self(TokenAead::from_secret(provider, SUITE, secret, &Label::tls13(b"key")).unwrap(), iv)
    }

    /// Seals the content of the record with this number, and opens it again.
    fn check(&mut self, provider: &mut Provider, number: u8, content: &[u8], kind: u8, expected: &[u8]) {
        let mut nonce = self.1;
        nonce[11] ^= number;
        let (header, body) = expected.split_at(5);
        let text = [content, &[kind]].concat();
        let mut record = [&text[..], &[0; 16]].concat();
        self.0.seal(provider, &nonce, header, &mut record).unwrap();
        assert_eq!(record, body);
        self.0.open(provider, &nonce, header, &mut record).unwrap();
        assert_eq!(record[..text.len()], text);
    }
}

#[test]
fn rfc_8448() {
    with_each("vectors::rfc_8448", |uri| {
        let provider = &mut open(uri);
        let shared = TokenSecret::import(provider, &SHARED).unwrap();
        let salt = TokenSecret::handshake_salt(provider, Sha256, LabelPrefix::TLS_1_3).unwrap();
        let handshake = TokenSecret::extract(provider, Sha256, Some(&salt), Some(&shared)).unwrap();
        let salt = handshake.derive(provider, Sha256, &Label::tls13(b"derived"), Sha256.empty_digest()).unwrap();
        let main = TokenSecret::extract(provider, Sha256, Some(&salt), None).unwrap();

        let client = handshake.derive(provider, Sha256, &Label::tls13(b"c hs traffic"), &TO_SERVER_HELLO).unwrap();
        let finished = client.derive(provider, Sha256, &Label::tls13(b"finished"), b"").unwrap();
        let verify_data = finished.mac(provider, Sha256, &TO_SERVER_FINISHED).unwrap();
        let message = [&[20, 0, 0, 32], verify_data.as_bytes()].concat();
        assert_eq!(message, hex!("14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61"));
        Keys::of(provider, &client).check(provider, 0, &message, 22, CLIENT_FINISHED);

        let data: Vec<u8> = (0..50).collect();
        let client = main.derive(provider, Sha256, &Label::tls13(b"c ap traffic"), &TO_SERVER_FINISHED).unwrap();
        let mut keys = Keys::of(provider, &client);
        assert_eq!(keys.1, hex!("5b78923dee08579033e523d9"));
        keys.check(provider, 0, &data, 23, CLIENT_DATA);
        keys.check(provider, 1, &[1, 0], 21, CLIENT_ALERT);
        let server = main.derive(provider, Sha256, &Label::tls13(b"s ap traffic"), &TO_SERVER_FINISHED).unwrap();
        let mut keys = Keys::of(provider, &server);
        assert_eq!(keys.1, hex!("cf782b88dd83549aadf1e984"));
        // Behind a ticket.
        keys.check(provider, 1, &data, 23, SERVER_DATA);
    });
}
