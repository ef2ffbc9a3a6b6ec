//! How long secrets and keys live: not a step longer than they are needed, and never longer than the connection.

use crate::cryptography as real;
use crate::support::*;
use core::task::Poll;
use saitls_core::Error;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::crypto::{self, Label, *};
use std::cell::Cell;

thread_local! {
    /// Secrets, keyed AEADs, and key agreements.
    static SECRETS: Cell<i32> = const { Cell::new(0) };
    static KEYS: Cell<i32> = const { Cell::new(0) };
    static AGREEMENTS: Cell<i32> = const { Cell::new(0) };
}

fn living() -> (i32, i32, i32) {
    (SECRETS.get(), KEYS.get(), AGREEMENTS.get())
}

struct Counting(Provider);
type C = Counting;
type Result<T> = saitls_core::Result<T>;

impl CryptoProvider for Counting {
    type Hash = real::Hash;
    type Secret = Secret;
    type Aead = Aead;
    type KeyExchange = KeyExchange;
    type SignatureVerifier = real::SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.0.fill_random(out)
    }
}

crate::cryptography::uncounted!(Counting);

struct Secret(SoftwareSecret);

impl Secret {
    fn new(secret: SoftwareSecret) -> Self {
        SECRETS.set(SECRETS.get() + 1);
        Self(secret)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        SECRETS.set(SECRETS.get() - 1);
    }
}

impl crypto::Secret<C> for Secret {
    fn import(p: &mut C, bytes: &[u8]) -> Result<Self> {
        SoftwareSecret::import(p, bytes).map(Self::new)
    }

    fn extract(p: &mut C, hash: HashAlgorithm, salt: Option<&Self>, input: Option<&Self>) -> Result<Self> {
        SoftwareSecret::extract(p, hash, salt.map(|s| &s.0), input.map(|s| &s.0)).map(Self::new)
    }

    fn derive(&self, p: &mut C, hash: HashAlgorithm, label: &Label<'_>, context: &[u8]) -> Result<Self> {
        self.0.derive(p, hash, label, context).map(Self::new)
    }

    fn export(&self, p: &mut C, hash: HashAlgorithm, label: &Label<'_>, context: &[u8], out: &mut [u8]) -> Result<()> {
        self.0.export(p, hash, label, context, out)
    }

    fn mac(&self, p: &mut C, hash: HashAlgorithm, data: &[u8]) -> Result<Digest> {
        self.0.mac(p, hash, data)
    }
}

struct Aead(real::Aead);

impl Drop for Aead {
    fn drop(&mut self) {
        KEYS.set(KEYS.get() - 1);
    }
}

impl crypto::Aead<C> for Aead {
    fn supports(suite: CipherSuite) -> bool {
        <real::Aead as crypto::Aead<C>>::supports(suite)
    }

    fn from_key(p: &mut C, suite: CipherSuite, key: &[u8]) -> Result<Self> {
        let aead = real::Aead::from_key(p, suite, key)?;
        KEYS.set(KEYS.get() + 1);
        Ok(Self(aead))
    }

    fn seal(&mut self, p: &mut C, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        self.0.seal(p, nonce, aad, in_out)
    }

    fn open(&mut self, p: &mut C, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        self.0.open(p, nonce, aad, in_out)
    }
}

struct KeyExchange(real::KeyExchange);

impl Drop for KeyExchange {
    fn drop(&mut self) {
        AGREEMENTS.set(AGREEMENTS.get() - 1);
    }
}

impl crypto::KeyExchange<C> for KeyExchange {
    fn supports(group: NamedGroup) -> bool {
        <real::KeyExchange as crypto::KeyExchange<C>>::supports(group)
    }

    fn start(p: &mut C, group: NamedGroup) -> Result<Self> {
        let exchange = real::KeyExchange::start(p, group)?;
        AGREEMENTS.set(AGREEMENTS.get() + 1);
        Ok(Self(exchange))
    }

    fn poll_generate(&mut self, p: &mut C, share: &mut [u8]) -> Poll<Result<usize>> {
        self.0.poll_generate(p, share)
    }

    fn poll_decapsulate(&mut self, p: &mut C, peer_share: &[u8]) -> Poll<Result<Secret>> {
        self.0.poll_decapsulate(p, peer_share)
    }

    fn poll_encapsulate(&mut self, p: &mut C, peer_share: &[u8], share: &mut [u8]) -> Poll<Result<(usize, Secret)>> {
        self.0.poll_encapsulate(p, peer_share, share)
    }
}

/// With a HelloRetryRequest, and with a PSK.
const KINDS: &[(bool, bool)] = &[
    (true, false),
    (false, false),
    #[cfg(feature = "psk")]
    (true, true),
    #[cfg(feature = "psk")]
    (false, true),
];

fn with_pair((retry, by_psk): (bool, bool), f: impl FnOnce(&mut Pair<'_, Counting>)) {
    let identity = p256();
    let identities = [identity.identity()];
    let (mut client_config, mut server_config) = (ClientConfig::new(&ANY), ServerConfig::new(&identities));
    #[cfg(feature = "psk")]
    let psks = [saitls_core::psk::PreSharedKey::new(b"pump-17", &[0x5a; 32])];
    #[cfg(feature = "psk")]
    if by_psk {
        (client_config, server_config) = (ClientConfig::psk_only(&psks), ServerConfig::psk_only(&psks));
    }
    let _ = (by_psk, &mut server_config);
    if retry {
        client_config = client_config.with_key_shares(&[]);
    }
    let client = saitls_core::Connection::client(&client_config, name("localhost"), full_buffers()).unwrap();
    let server = saitls_core::Connection::server(&server_config, full_buffers()).unwrap();
    let providers = [1, 2].map(|seed| Counting(provider(seed)));
    let [client_provider, server_provider] = providers;
    f(&mut Pair::with(client, client_provider, server, server_provider));
}

#[test]
fn a_connection_keeps_two_traffic_secrets_and_one_for_exporters() {
    assert_eq!(living(), (0, 0, 0));
    for &kind in some(KINDS) {
        with_pair(kind, |pair| {
            pair.connect();
            assert_eq!(living(), (2 * 3, 2 * 2, 0), "secrets of the handshake, or keys of it, are still there");
            for _ in 0..3 {
                pair.client.update_keys(true).unwrap();
                assert_eq!(pair.run(), (Ok(()), Ok(())));
                assert_eq!(living(), (2 * 3, 2 * 2, 0), "a key that was replaced is still there");
            }
            pair.client.close();
            pair.server.close();
            assert_eq!(pair.run(), (Ok(()), Ok(())));
            assert_eq!(living(), (0, 0, 0), "closed on both sides");
        });
    }
    assert_eq!(living(), (0, 0, 0));
}

#[test]
fn a_connection_that_fails_or_is_dropped_at_any_step_keeps_nothing() {
    for turns in 0..8 {
        for (fails, &kind) in [true, false].into_iter().flat_map(|fails| some(KINDS).map(move |kind| (fails, kind))) {
            with_pair(kind, |pair| {
                for _ in 0..turns {
                    let _ = pair.turn();
                }
                if fails {
                    pair.client.reject(AlertDescription::ACCESS_DENIED);
                    pair.server.reject(AlertDescription::ACCESS_DENIED);
                    let refused = Err(Error::PeerRejected(AlertDescription::ACCESS_DENIED));
                    assert_eq!(pair.client.process(&mut pair.client_provider), refused);
                    assert_eq!(pair.server.process(&mut pair.server_provider), refused);
                    assert_eq!(living(), (0, 0, 0), "after {turns} turns");
                }
            });
            assert_eq!(living(), (0, 0, 0), "after {turns} turns");
        }
    }
}
