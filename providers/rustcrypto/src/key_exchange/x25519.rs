//! X25519 (RFC 7748 5, RFC 9846 7.4.2).

use crate::agreement::Agreement;
use saitls_core::crypto::CryptoProvider;
use saitls_core::crypto::write_to_front;
use saitls_core::error::{Error, PeerFault, Result};
use saitls_core::secret::SecretBytes;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// One agreement; holds the private key between [`generate`](Agreement::generate) and
/// [`decapsulate`](Agreement::decapsulate).
#[derive(Default)]
pub(super) struct X25519 {
    private_key: Option<StaticSecret>,
}

fn private_key<P: CryptoProvider>(provider: &mut P) -> Result<StaticSecret> {
    let mut bytes = Zeroizing::new([0; 32]);
    provider.fill_random(bytes.as_mut_slice())?;
    Ok(StaticSecret::from(*bytes))
}

fn agree(private_key: &StaticSecret, peer: &PublicKey) -> Result<SecretBytes> {
    let shared = private_key.diffie_hellman(peer);
    // In constant time: the sum of all bits, compared with zero.
    if !shared.was_contributory() {
        return Err(PeerFault::InvalidKeyShare.into());
    }
    SecretBytes::new(shared.as_bytes())
}

fn peer_key(peer_share: &[u8]) -> Result<PublicKey> {
    <[u8; 32]>::try_from(peer_share).map(PublicKey::from).map_err(|_| Error::Peer(PeerFault::InvalidKeyShare))
}

impl Agreement for X25519 {
    const SHARE_LEN: usize = 32;

    fn generate<P: CryptoProvider>(&mut self, provider: &mut P, share: &mut [u8]) -> Result<usize> {
        // Asked again, it is the same share again.
        let key = match &self.private_key {
            Some(key) => key,
            None => self.private_key.insert(private_key(provider)?),
        };
        write_to_front(PublicKey::from(key).as_bytes(), share)
    }

    fn decapsulate(&mut self, peer_share: &[u8]) -> Result<SecretBytes> {
        let key = self.private_key.as_ref().ok_or(Error::InvalidState)?;
        let agreed = peer_key(peer_share).and_then(|peer| agree(key, &peer));
        // It is wiped where it stands; to move it out would leave a copy.
        self.private_key = None;
        agreed
    }

    fn encapsulate<P: CryptoProvider>(
        &mut self,
        provider: &mut P,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Result<(usize, SecretBytes)> {
        let peer = peer_key(peer_share)?;
        let key = private_key(provider)?;
        let len = write_to_front(PublicKey::from(&key).as_bytes(), share)?;
        Ok((len, agree(&key, &peer)?))
    }
}
