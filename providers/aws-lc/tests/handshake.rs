//! Whole handshakes, with RustCrypto at the other end.

use crate::{Other, WithCcm};
use saitls_aws_lc::{AwsLc, SigningKey};
use saitls_core::codes::{CipherSuite, NamedGroup};
use saitls_core::config::{ClientAuthentication, ClientConfig, Identity, ServerConfig};
use saitls_core::crypto::dangerous::AcceptAnyPeer;
use saitls_core::crypto::{CryptoProvider, Signer};
use saitls_core::{Buffers, Connection};
use saitls_rustcrypto::RustCrypto;

macro_rules! identities {
    ($($name:literal),*) => {
        [$((
            include_bytes!(concat!("../../../core/tests/data/", $name, ".cert.der")),
            include_bytes!(concat!("../../../core/tests/data/", $name, ".key.der")),
        )),*]
    };
}

const IDENTITIES: [(&[u8], &[u8]); 5] = identities!("p256", "p384", "ed25519", "rsa2048", "rsapss2048");
const GROUPS: [NamedGroup; 6] = [
    NamedGroup::X25519MLKEM768,
    NamedGroup::SECP256R1MLKEM768,
    NamedGroup::X25519,
    NamedGroup::SECP256R1,
    NamedGroup::SECP384R1,
    NamedGroup::SECP521R1,
];

/// What a client and a server of these two kinds do with each other: a handshake in which both prove who they are, and
/// a byte of data each way.
struct Trial<'a> {
    suite: CipherSuite,
    group: NamedGroup,
    chain: [&'a [u8]; 1],
}

fn carry<A: CryptoProvider, B: CryptoProvider>(from: &mut Connection<'_, A>, to: &mut Connection<'_, B>) {
    let (data, room) = (from.records(), to.records_room());
    let len = data.len().min(room.len());
    room[..len].copy_from_slice(&data[..len]);
    to.records_filled(len);
    from.records_sent(len);
}

impl Trial<'_> {
    fn run<C: CryptoProvider, S: CryptoProvider>(
        &self,
        mut client_provider: C,
        client_key: &dyn Signer<C>,
        mut server_provider: S,
        server_key: &dyn Signer<S>,
    ) {
        let (suites, groups) = ([self.suite], [self.group]);
        let client_identities = [Identity::new(&self.chain, client_key)];
        let server_identities = [Identity::new(&self.chain, server_key)];
        let client_config = ClientConfig::new(&AcceptAnyPeer)
            .with_cipher_suites(&suites)
            .with_named_groups(&groups)
            .with_identities(&client_identities);
        let server_config = ServerConfig::new(&server_identities)
            .with_client_authentication(ClientAuthentication::Required(&AcceptAnyPeer));
        let buffers = || Buffers::new(vec![0; 16_645], vec![0; 4_096]);
        let mut client = Connection::client(&client_config, None, buffers()).unwrap();
        let mut server = Connection::server(&server_config, buffers()).unwrap();
        for _ in 0..10 {
            client.process(&mut client_provider).unwrap();
            carry(&mut client, &mut server);
            server.process(&mut server_provider).unwrap();
            carry(&mut server, &mut client);
        }
        let negotiated = client.negotiated().unwrap();
        assert_eq!((negotiated.cipher_suite, negotiated.named_group), (self.suite, Some(self.group)));
        client.write(b"?").unwrap();
        client.process(&mut client_provider).unwrap();
        carry(&mut client, &mut server);
        server.process(&mut server_provider).unwrap();
        assert_eq!(server.data(), b"?");
        server.write(b"!").unwrap();
        server.process(&mut server_provider).unwrap();
        carry(&mut server, &mut client);
        client.process(&mut client_provider).unwrap();
        assert_eq!(client.data(), b"!");
    }
}

#[test]
fn every_suite_group_and_key_with_rustcrypto_at_the_other_end() {
    for (certificate, key) in IDENTITIES {
        let ours = SigningKey::from_der(key).unwrap();
        let theirs = saitls_rustcrypto::SigningKey::from_der(key).unwrap();
        for suite in [0x1301, 0x1302, 0x1303].map(CipherSuite) {
            for group in GROUPS {
                let trial = Trial { suite, group, chain: [certificate] };
                let other: fn() -> Other = RustCrypto::os;
                trial.run(AwsLc, &ours, other(), &theirs);
                trial.run(other(), &theirs, AwsLc, &ours);
                trial.run(AwsLc, &ours, AwsLc, &ours);
            }
        }
    }
}

/// Any key serves any provider, too.
#[test]
fn suites_and_keys_that_are_missing_come_from_another_provider() {
    let (certificate, key) = IDENTITIES[0];
    let (ours, theirs) = (SigningKey::from_der(key).unwrap(), saitls_rustcrypto::SigningKey::from_der(key).unwrap());
    for suite in [0x1301, 0x1304].map(CipherSuite) {
        let trial = Trial { suite, group: NamedGroup::X25519, chain: [certificate] };
        trial.run(WithCcm, &theirs, RustCrypto::os(), &ours);
        trial.run(RustCrypto::os(), &ours, WithCcm, &theirs);
    }
}
