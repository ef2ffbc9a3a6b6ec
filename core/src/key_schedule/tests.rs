//! The secrets of RFC 8448, sections 3 (1-RTT, then a ticket) and 4 (its PSK, with 0-RTT): every arrow of the schedule.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::{Arrow, Early, Exporter, FromMain, Handshake, Main, verify_data};
use crate::codes::HashAlgorithm;
use crate::crypto::{self, CryptoProvider, Digest, Nothing, Secret as _, SoftwareSecret};
use crate::error::{ProviderFault, Result};
use sha2::Digest as _;

/// Hashes, and does nothing else.
struct Sha;

#[derive(Clone)]
struct Sha256(sha2::Sha256);

impl CryptoProvider for Sha {
    type Hash = Sha256;
    type Secret = SoftwareSecret;
    type Aead = Nothing;
    type KeyExchange = Nothing;
    type SignatureVerifier = Nothing;

    fn fill_random(&mut self, _: &mut [u8]) -> Result<()> {
        Err(ProviderFault::RandomFailed.into())
    }
}

impl crypto::Hash<Sha> for Sha256 {
    fn supports(algorithm: HashAlgorithm) -> bool {
        algorithm == HashAlgorithm::Sha256
    }

    fn start(_: &mut Sha, _: HashAlgorithm) -> Result<Self> {
        Ok(Self(sha2::Sha256::new()))
    }

    fn update(&mut self, _: &mut Sha, data: &[u8]) -> Result<()> {
        self.0.update(data);
        Ok(())
    }

    fn snapshot(&mut self, _: &mut Sha) -> Result<Digest> {
        Digest::new(&self.0.clone().finalize())
    }
}

const HASH: HashAlgorithm = HashAlgorithm::Sha256;

fn bytes(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).unwrap();
    bytes
}

fn digest(text: &str) -> Digest {
    Digest::new(&bytes(text)).unwrap()
}

fn secret(text: &str) -> SoftwareSecret {
    SoftwareSecret::import(&mut Sha, &bytes(text)).unwrap()
}

/// Follows an arrow, to what the trace has.
fn leads(arrow: &Arrow<'_, Sha>, transcript: &str, log_name: &str, expected: &str) {
    let secret = arrow.follow(&mut Sha, &digest(transcript)).unwrap();
    assert_eq!(secret.as_bytes(), bytes(expected), "{log_name}");
    assert_eq!(arrow.log_name(), log_name);
}

/// The arrows of the Handshake and the Main Secret, with the transcripts through ServerHello and server Finished.
fn handshake_and_main(handshake: Handshake<Sha>, hello: &str, finished: &str, expected: [&str; 5]) -> Main<Sha> {
    let [client_handshake, server_handshake, client, server, exporter] = expected;
    leads(&handshake.client_traffic(), hello, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", client_handshake);
    leads(&handshake.server_traffic(), hello, "SERVER_HANDSHAKE_TRAFFIC_SECRET", server_handshake);
    let main = handshake.into_main(&mut Sha).unwrap();
    leads(&main.arrow(FromMain::CLIENT_TRAFFIC), finished, "CLIENT_TRAFFIC_SECRET_0", client);
    leads(&main.arrow(FromMain::SERVER_TRAFFIC), finished, "SERVER_TRAFFIC_SECRET_0", server);
    leads(&main.arrow(FromMain::EXPORTER), finished, "EXPORTER_SECRET", exporter);
    main
}

/// Section 3; gives the PSK of its ticket.
fn without_psk() -> SoftwareSecret {
    let shared = secret("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
    let handshake = Handshake::without_psk(&mut Sha, HASH, &shared).unwrap();
    let hello = "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8";
    let finished = "9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13";
    let expected = [
        "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21",
        "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38",
        "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
        "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
        "fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50",
    ];
    let main = handshake_and_main(handshake, hello, finished, expected);
    let client_finished = digest("209145a96ee8e2a122ff810047cc952684658d6049e86429426db87c54ad143d");
    let resumption = main.resumption(&mut Sha, &client_finished).unwrap();
    resumption.psk(&mut Sha, &[0, 0]).unwrap()
}

#[test]
fn the_secrets_of_a_handshake_are_those_of_the_trace() {
    let psk = without_psk();
    assert_eq!(psk.as_bytes(), bytes("4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3"));
}

#[test]
fn the_secrets_of_its_resumption_are_those_of_the_trace() {
    let early = Early::new(&mut Sha, HASH, &without_psk()).unwrap();
    let binder_key = early.resumption_binder_key(&mut Sha).unwrap();
    assert_eq!(binder_key.as_bytes(), bytes("69fe131a3bbad5d63c64eebcc30e395b9d8107726a13d074e389dbc8a4e47256"));
    let truncated_hello = digest("63224b2e4573f2d3454ca84b9d009a04f6be9e05711a8396473aefa01e924a14");
    let binder = verify_data(&mut Sha, HASH, &binder_key, &truncated_hello).unwrap();
    assert_eq!(binder.as_bytes(), bytes("3add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d"));
    let hello = "08ad0fa05d7c7233b1775ba2ff9f4c5b8b59276b7f227f13a976245f5d960913";
    let client_early = "3fbbe6a60deb66c30a32795aba0eff7eaa10105586e7be5c09678d63b6caab62";
    leads(&early.client_traffic(), hello, "CLIENT_EARLY_TRAFFIC_SECRET", client_early);
    let exporter = "b2026866610937d7423e5be90862ccf24c0e6091186d34f812089ff5be2ef7df";
    leads(&early.exporter(), hello, "EARLY_EXPORTER_SECRET", exporter);

    let shared = secret("f44194756ff9ec9d25180635d66ea6824c6ab3bf179977be37f723570e7ccb2e");
    let handshake = early.into_handshake(&mut Sha, Some(&shared)).unwrap();
    let hello = "f736cb34fe25e701551bee6fd24c1cc7102a7daf9405cb15d97aafe16f757d03";
    let finished = "b0aeffc46a2cfe33114e6fd7d51f9f04b1ca3c497dab08934a774a9d9ad7dbf3";
    let expected = [
        "2faac08f851d35fea3604fcb4de82dc62c9b164a70974d0462e27f1ab278700f",
        "fe927ae271312e8bf0275b581c54eef020450dc4ecffaa05a1a35d27518e7803",
        "2abbf2b8e381d23dbebe1dd2a7d16a8bf484cb4950d23fb7fb7fa8547062d9a1",
        "cc21f1bf8feb7dd5fa505bd9c4b468a9984d554a993dc49e6d285598fb672691",
        "3fd93d4ffddc98e64b14dd107aedf8ee4add23f4510f58a4592d0b201bee56b4",
    ];
    handshake_and_main(handshake, hello, finished, expected);
}

/// What no trace has, from another implementation of HKDF: the binder of an external PSK, and `psk_ke`.
#[test]
fn external_psks_have_binders_of_their_own() {
    let early = Early::new(&mut Sha, HASH, &without_psk()).unwrap();
    let external = early.external_binder_key(&mut Sha).unwrap();
    assert_eq!(external.as_bytes(), bytes("ce30064fe130ccc35799d808397cadddc95f09730c23b65ff659bb16202f51aa"));
    let handshake = early.into_handshake(&mut Sha, None).unwrap();
    leads(
        &handshake.client_traffic(),
        "f736cb34fe25e701551bee6fd24c1cc7102a7daf9405cb15d97aafe16f757d03",
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "7b09e74961003cdd2d6dd3bbde78d82cfca14c520654078b7bf571d1f4465f69",
    );
}

/// An exporter of the exporter secret (RFC 9846 7.5), from another implementation of HKDF.
#[test]
fn exporters_are_of_the_exporter_secret() {
    let of_trace = secret("fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50");
    let mut exported = [0; 32];
    Exporter::<Sha>::new(of_trace, HASH).export(&mut Sha, b"label", b"context", &mut exported).unwrap();
    assert_eq!(exported, bytes("ce26b14a53672bf3c0bc3dfe540cc9aaa8475f17cf8572d0607358d96622d48e"));
}
