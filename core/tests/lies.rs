//! Cryptography that lies about lengths: that is an error of ours, not a panic, and nothing is sent or read beyond what
//! there is (docs/SECURITY.md).

use crate::cryptography as real;
use crate::support::*;
use core::task::Poll;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::crypto::{self, CryptoProvider, SoftwareSecret};
use saitls_core::{Connection, Error};

type Result<T> = saitls_core::Result<T>;

/// What is lied about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Nothing,
    /// A share that is generated.
    Generated,
    /// A share that answers another.
    Encapsulated,
    Signature,
}

struct Liar {
    provider: Provider,
    about: About,
    /// The length that it says, for the room that there is.
    says: fn(usize) -> usize,
}

crate::cryptography::uncounted!(Liar);

impl Liar {
    fn len(&self, about: About, len: usize, room: usize) -> usize {
        if self.about == about { (self.says)(room) } else { len }
    }
}

impl CryptoProvider for Liar {
    type Hash = real::Hash;
    type Secret = SoftwareSecret;
    type Aead = real::Aead;
    type KeyExchange = KeyExchange;
    type SignatureVerifier = real::SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.provider.fill_random(out)
    }
}

struct KeyExchange(real::KeyExchange);

impl crypto::KeyExchange<Liar> for KeyExchange {
    fn supports(group: NamedGroup) -> bool {
        <real::KeyExchange as crypto::KeyExchange<Liar>>::supports(group)
    }

    fn start(liar: &mut Liar, group: NamedGroup) -> Result<Self> {
        real::KeyExchange::start(liar, group).map(Self)
    }

    fn poll_generate(&mut self, liar: &mut Liar, share: &mut [u8]) -> Poll<Result<usize>> {
        let len = self.0.poll_generate(liar, share);
        len.map_ok(|len| liar.len(About::Generated, len, share.len()))
    }

    fn poll_decapsulate(&mut self, liar: &mut Liar, peer_share: &[u8]) -> Poll<Result<SoftwareSecret>> {
        self.0.poll_decapsulate(liar, peer_share)
    }

    fn poll_encapsulate(
        &mut self,
        liar: &mut Liar,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, SoftwareSecret)>> {
        let made = self.0.poll_encapsulate(liar, peer_share, share);
        made.map_ok(|(len, secret)| (liar.len(About::Encapsulated, len, share.len()), secret))
    }
}

struct Signer(SigningKey);

impl crypto::Signer<Liar> for Signer {
    fn schemes(&self) -> &[SignatureScheme] {
        crypto::Signer::<Liar>::schemes(&self.0)
    }

    fn poll_sign(
        &self,
        liar: &mut Liar,
        scheme: SignatureScheme,
        message: &[u8],
        out: &mut [u8],
    ) -> Poll<Result<usize>> {
        let len = self.0.poll_sign(liar, scheme, message, out);
        len.map_ok(|len| liar.len(About::Signature, len, out.len()))
    }
}

/// What a handshake comes to on each side: client, server.
fn handshake(client: Liar, server: Liar) -> [Result<()>; 2] {
    let own = p256();
    let signer = Signer(own.key);
    let identities = [Identity::new(&own.chain, &signer)];
    let client_config = ClientConfig::new(&ANY).with_identities(&identities);
    let server_config = ServerConfig::new(&identities).with_client_authentication(ClientAuthentication::Required(&ANY));
    let ends = (
        Connection::client(&client_config, name("localhost"), full_buffers()).unwrap(),
        Connection::server(&server_config, full_buffers()).unwrap(),
    );
    let mut pair = Pair::with(ends.0, client, ends.1, server);
    let (client, server) = pair.run();
    assert!(client.is_err() || pair.client.is_connected());
    [client, server]
}

#[test]
fn a_driver_that_lies_about_a_length_is_an_error() {
    let liar = |seed, about, says| Liar { provider: provider(seed), about, says };
    let honest = |seed| liar(seed, About::Nothing, |_| 0);
    assert_eq!(handshake(honest(1), honest(2)), [Ok(()), Ok(())]);
    let too_long: [fn(usize) -> usize; 3] = [|room| room + 1, |_| usize::MAX, |_| usize::MAX / 2];
    for says in some(too_long) {
        for about in [About::Generated, About::Signature] {
            let [own, _] = handshake(liar(1, about, says), honest(2));
            assert_eq!(own.map_err(Error::alert), Err(Some(AlertDescription::INTERNAL_ERROR)), "{about:?}");
        }
        for about in [About::Encapsulated, About::Signature] {
            let [_, own] = handshake(honest(1), liar(2, about, says));
            assert_eq!(own.map_err(Error::alert), Err(Some(AlertDescription::INTERNAL_ERROR)), "{about:?}");
        }
    }
    // What is too short the peer refuses, or we do.
    for about in [About::Generated, About::Signature] {
        assert!(handshake(liar(1, about, |_| 0), honest(2)).iter().any(Result::is_err), "{about:?}");
    }
    for about in [About::Encapsulated, About::Signature] {
        assert!(handshake(honest(1), liar(2, about, |_| 0)).iter().any(Result::is_err), "{about:?}");
    }
}
