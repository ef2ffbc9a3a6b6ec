//! Our own connections, over each provider, and the bare operations of the providers.

use super::{Identity, Times, undisturbed};
use saitls_core::codes::{CipherSuite, NamedGroup, SignatureScheme};
use saitls_core::config::{ClientConfig, ServerConfig};
use saitls_core::crypto::dangerous::AcceptAnyPeer;
use saitls_core::crypto::{
    Aead as _, CryptoProvider, Hash as _, KeyExchange as _, Label, LabelPrefix, Secret as _, SignatureVerifier as _,
    Signer, x509,
};
use saitls_core::psk::{PreSharedKey, PskModes};
use saitls_core::session::MemorySessions;
use saitls_core::tickets::SessionCache;
use saitls_core::{Buffers, Connection};
use std::task::Poll;

/// A provider with its keys.
pub(crate) trait Backend: CryptoProvider {
    const NAME: &'static str;
    type Key: Signer<Self>;
    fn new() -> Self;
    fn key(pkcs8: &[u8]) -> Self::Key;
}

impl Backend for saitls_rustcrypto::RustCrypto<getrandom::SysRng> {
    const NAME: &'static str = "rustcrypto";
    type Key = saitls_rustcrypto::SigningKey;
    fn new() -> Self {
        Self::os()
    }
    fn key(pkcs8: &[u8]) -> Self::Key {
        saitls_rustcrypto::SigningKey::from_pkcs8_der(pkcs8).expect("a test key")
    }
}

impl Backend for saitls_aws_lc::AwsLc {
    const NAME: &'static str = "aws-lc";
    type Key = saitls_aws_lc::SigningKey;
    fn new() -> Self {
        Self
    }
    fn key(pkcs8: &[u8]) -> Self::Key {
        saitls_aws_lc::SigningKey::from_pkcs8_der(pkcs8).expect("a test key")
    }
}

/// Bytes from one side to the other.
pub(crate) fn carry<P: CryptoProvider>(from: &mut Connection<'_, P>, to: &mut Connection<'_, P>) {
    let (data, room) = (from.records(), to.records_room());
    let len = data.len().min(room.len());
    room[..len].copy_from_slice(&data[..len]);
    to.records_filled(len);
    from.records_sent(len);
}

/// Buffers of one end.
pub(crate) fn buffers() -> (Vec<u8>, Vec<u8>) {
    (vec![0; 16_645], vec![0; 17_000])
}

/// What `times` handshakes take each end: making the connection, all of `process`, dropping it. Carrying the bytes is
/// not counted.
pub(crate) fn handshakes<B: Backend>(identity: &Identity, group: NamedGroup, times: u64) -> Times {
    let mut provider = B::new();
    let key = B::key(identity.key);
    let (chain, suites, groups) = ([identity.certificate], [CipherSuite::AES_128_GCM_SHA256], [group]);
    let identities = [saitls_core::config::Identity::new(&chain, &key)];
    let client_config = ClientConfig::new(&AcceptAnyPeer).with_cipher_suites(&suites).with_named_groups(&groups);
    let server_config = ServerConfig::new(&identities).with_cipher_suites(&suites).with_named_groups(&groups);
    connections(&mut provider, &client_config, &server_config, times)
}

/// The same where the client comes back: it uses a ticket that the server remembers, and gets the next one, which is
/// counted.
pub(crate) fn resumptions<B: Backend>(identity: &Identity, group: NamedGroup, times: u64) -> Times {
    let mut provider = B::new();
    let key = B::key(identity.key);
    let (chain, suites, groups) = ([identity.certificate], [CipherSuite::AES_128_GCM_SHA256], [group]);
    let identities = [saitls_core::config::Identity::new(&chain, &key)];
    let (sessions, tickets) = (MemorySessions::<1>::new(), SessionCache::<256>::new());
    let client_config = ClientConfig::new(&AcceptAnyPeer)
        .with_cipher_suites(&suites)
        .with_named_groups(&groups)
        .with_sessions(&sessions);
    let server_config =
        ServerConfig::new(&identities).with_cipher_suites(&suites).with_named_groups(&groups).with_tickets(&tickets);
    // The first one is a full handshake.
    connections(&mut provider, &client_config, &server_config, 1);
    connections(&mut provider, &client_config, &server_config, times)
}

/// The same with a key that both sides were given, and no key agreement.
pub(crate) fn shared_keys<B: Backend>(times: u64) -> Times {
    let suites = [CipherSuite::AES_128_GCM_SHA256];
    let keys = [PreSharedKey::new(b"bench", &[0x5a; 32])];
    let client_config =
        ClientConfig::psk_only(&keys).with_psk_modes(PskModes::WithoutKeyExchange).with_cipher_suites(&suites);
    let server_config =
        ServerConfig::psk_only(&keys).with_psk_modes(PskModes::WithoutKeyExchange).with_cipher_suites(&suites);
    connections(&mut B::new(), &client_config, &server_config, times)
}

/// Makes connections, until nobody has anything to say.
fn connections<B: Backend>(
    provider: &mut B,
    client_config: &ClientConfig<'_, B>,
    server_config: &ServerConfig<'_, B>,
    times: u64,
) -> Times {
    let ((mut client_in, mut client_out), (mut server_in, mut server_out)) = (buffers(), buffers());
    let mut session = [0; 512];
    undisturbed(times, || {
        let mut sum = Times::default();
        let buffers = Buffers::new(&mut client_in[..], &mut client_out[..]).with_session_buffer(&mut session[..]);
        let mut client = sum.in_client(|| Connection::client(client_config, None, buffers)).expect("it is good");
        let buffers = Buffers::new(&mut server_in[..], &mut server_out[..]);
        let mut server = sum.in_server(|| Connection::server(server_config, buffers)).expect("it is good");
        while !(client.is_connected() && server.is_connected()) {
            sum.in_client(|| client.process(provider)).expect("the client goes on");
            carry(&mut client, &mut server);
            sum.in_server(|| server.process(provider)).expect("the server goes on");
            carry(&mut server, &mut client);
        }
        sum.in_client(|| {
            client.process(provider).expect("the client goes on");
            drop(client);
        });
        sum.in_server(|| drop(server));
        sum
    })
}

/// What the public-key operations of as many handshakes take each end: a client generates, decapsulates and verifies, a
/// server encapsulates and signs.
pub(crate) fn primitives<B: Backend>(identity: &Identity, group: NamedGroup, times: u64) -> Times {
    let mut provider = B::new();
    let key = B::key(identity.key);
    let scheme = key.schemes()[0];
    let info = x509::subject_public_key_info(identity.certificate).expect("a certificate");
    let public_key = public_key(info, scheme);
    let message = [0x20; 130];
    let (mut share, mut answer, mut signature) = ([0; 2048], [0; 2048], [0; 512]);
    undisturbed(times, || {
        let mut sum = Times::default();
        let mut exchange = B::KeyExchange::start(&mut provider, group).expect("a group it has");
        let share_len = sum.in_client(|| ready(exchange.poll_generate(&mut provider, &mut share))).expect("a share");
        let (answer_len, signature_len) = sum.in_server(|| {
            let mut exchange = B::KeyExchange::start(&mut provider, group).expect("a group it has");
            let agreed = ready(exchange.poll_encapsulate(&mut provider, &share[..share_len], &mut answer));
            let signed = ready(key.poll_sign(&mut provider, scheme, &message, &mut signature));
            (agreed.expect("a share").0, signed.expect("a signature"))
        });
        sum.in_client(|| {
            ready(exchange.poll_decapsulate(&mut provider, &answer[..answer_len])).map(drop).expect("a secret");
            let mut verifier = B::SignatureVerifier::start(&mut provider, scheme.into()).expect("a scheme it has");
            ready(verifier.poll_verify(&mut provider, public_key, &message, &signature[..signature_len]))
        })
        .expect("a good signature");
        sum
    })
}

/// What the symmetric operations of one end take that every handshake of TLS 1.3 consists of, by themselves, with
/// messages as long as those of a P-256 certificate: random numbers, transcript, key schedule, two keys for each
/// direction, and what is sealed and opened with them.
pub(crate) fn symmetric<B: Backend>(times: u64) -> Times {
    const SUITE: CipherSuite = CipherSuite::AES_128_GCM_SHA256;
    /// ClientHello and ServerHello; up to Certificate; CertificateVerify; two Finished.
    const MESSAGES: [&[usize]; 5] = [&[230, 122], &[10, 430], &[80], &[36], &[36]];
    let (mut provider, hash) = (B::new(), SUITE.hash());
    let (data, mut flight, mut finished) = ([7; 512], [0; 600], [0; 53]);
    undisturbed(times, || {
        let (mut sum, p) = (Times::default(), &mut provider);
        let shared = B::Secret::import(p, &[9; 32]).expect("a secret");
        sum.in_client(|| {
            p.fill_random(&mut [0; 64])?;
            let mut transcript = B::Hash::start(p, hash)?;
            let mut digests = Vec::new();
            for messages in MESSAGES {
                for len in messages {
                    transcript.update(p, &data[..*len])?;
                }
                digests.push(transcript.snapshot(p)?);
            }
            let salt = B::Secret::handshake_salt(p, hash, LabelPrefix::TLS_1_3)?;
            let stage = B::Secret::extract(p, hash, Some(&salt), Some(&shared))?;
            let mut secrets = stage_secrets::<B>(p, &stage, [b"c hs traffic", b"s hs traffic"], digests[0].as_bytes())?;
            for (secret, digest) in secrets.iter().zip(&digests[2..]) {
                secret.derive(p, hash, &Label::tls13(b"finished"), b"")?.mac(p, hash, digest.as_bytes())?;
            }
            let salt = stage.derive(p, hash, &Label::tls13(b"derived"), hash.empty_digest())?;
            let stage = B::Secret::extract(p, hash, Some(&salt), None)?;
            secrets.extend(stage_secrets::<B>(p, &stage, [b"c ap traffic", b"s ap traffic"], digests[3].as_bytes())?);
            stage.derive(p, hash, &Label::tls13(b"exp master"), digests[3].as_bytes())?;
            let mut nonce = [0; 12];
            let mut aeads = Vec::new();
            for secret in &secrets {
                secret.export(p, hash, &Label::tls13(b"iv"), b"", &mut nonce)?;
                aeads.push(B::Aead::from_secret(p, SUITE, secret, &Label::tls13(b"key"))?);
            }
            aeads[0].seal(p, &nonce, &[0; 5], &mut finished)?;
            aeads[1].seal(p, &nonce, &[0; 5], &mut flight)
        })
        .expect("they work");
        sum
    })
}

fn stage_secrets<B: Backend>(
    provider: &mut B,
    stage: &B::Secret,
    labels: [&[u8]; 2],
    transcript: &[u8],
) -> saitls_core::Result<Vec<B::Secret>> {
    let hash = CipherSuite::AES_128_GCM_SHA256.hash();
    labels.into_iter().map(|label| stage.derive(provider, hash, &Label::tls13(label), transcript)).collect()
}

/// The content of the BIT STRING at the end of a SubjectPublicKeyInfo.
fn public_key(info: &'static [u8], scheme: SignatureScheme) -> &'static [u8] {
    let len = match scheme {
        SignatureScheme::ECDSA_SECP256R1_SHA256 => 65,
        SignatureScheme::ED25519 => 32,
        // RSA-2048 with the exponent 65537: a SEQUENCE of two numbers.
        _ => 270,
    };
    &info[info.len() - len..]
}

fn ready<T>(poll: Poll<T>) -> T {
    match poll {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("these providers are never pending"),
    }
}

/// Runs `work` with a connected pair of the suite.
pub(crate) fn with_pair<B: Backend>(
    suite: CipherSuite,
    identity: &Identity,
    work: impl FnOnce(&mut B, &mut Connection<'_, B>, &mut Connection<'_, B>),
) {
    let mut provider = B::new();
    let key = B::key(identity.key);
    let (chain, suites) = ([identity.certificate], [suite]);
    let identities = [saitls_core::config::Identity::new(&chain, &key)];
    let client_config = ClientConfig::new(&AcceptAnyPeer).with_cipher_suites(&suites);
    let server_config = ServerConfig::new(&identities);
    let buffers = || Buffers::new(vec![0; 16_645], vec![0; 17_000]);
    let mut client = Connection::client(&client_config, None, buffers()).expect("a good configuration");
    let mut server = Connection::server(&server_config, buffers()).expect("a good configuration");
    while !(client.is_connected() && server.is_connected()) {
        client.process(&mut provider).expect("the client goes on");
        carry(&mut client, &mut server);
        server.process(&mut provider).expect("the server goes on");
        carry(&mut server, &mut client);
    }
    work(&mut provider, &mut client, &mut server);
}

/// How data goes out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sending {
    /// Written beforehand where it is sealed (`data_room`).
    InPlace,
    /// Sealed from where it stands (`write_sealed`).
    Sealed,
    /// Copied, then sealed (`write`).
    Copied,
}

impl Sending {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::InPlace => "send in place",
            Self::Sealed => "send sealed",
            Self::Copied => "send",
        }
    }
}

/// What `times` records take: `process` here, `process` and `data_read` there. Carrying them is not counted. The client
/// sends.
pub(crate) fn records<B: Backend>(
    (provider, client, server): (&mut B, &mut Connection<'_, B>, &mut Connection<'_, B>),
    data: &[u8],
    how: Sending,
    times: u64,
) -> Times {
    undisturbed(times, || {
        let mut sum = Times::default();
        if how == Sending::InPlace {
            client.data_room().expect("it is connected")[..data.len()].copy_from_slice(data);
        }
        sum.in_client(|| {
            match how {
                Sending::InPlace => client.data_written(data.len()),
                Sending::Sealed => assert_eq!(client.write_sealed(provider, data), Ok(data.len())),
                Sending::Copied => assert_eq!(client.write(data), Ok(data.len())),
            }
            client.process(provider).expect("sealed");
        });
        carry(client, server);
        sum.in_server(|| {
            server.process(provider).expect("opened");
            assert_eq!(server.data().len(), data.len());
            server.data_read(data.len());
        });
        // A KeyUpdate of the client may want an answer.
        carry(server, client);
        sum
    })
}
