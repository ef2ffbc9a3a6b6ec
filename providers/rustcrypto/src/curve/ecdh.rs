//! ECDHE over the NIST curves (RFC 9846 4.3.8.2, 7.4.2).

use crate::agreement::Agreement;
use crate::elliptic_curve::array::typenum::Unsigned;
use crate::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use crate::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize, PublicKey, SecretKey};
use saitls_core::crypto::CryptoProvider;
use saitls_core::crypto::write_to_front;
use saitls_core::error::{Error, PeerFault, Result};
use saitls_core::secret::SecretBytes;

/// One agreement; holds the private key between [`generate`](Agreement::generate) and
/// [`decapsulate`](Agreement::decapsulate).
pub(crate) struct Ecdh<C: CurveArithmetic> {
    private_key: Option<SecretKey<C>>,
}

impl<C: CurveArithmetic> Default for Ecdh<C> {
    fn default() -> Self {
        Self { private_key: None }
    }
}

impl<C> Agreement for Ecdh<C>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    const SHARE_LEN: usize = C::FieldBytesSize::USIZE * 2 + 1;

    fn generate<P: CryptoProvider>(&mut self, provider: &mut P, share: &mut [u8]) -> Result<usize> {
        // Asked again, it is the same share again.
        let key = match &self.private_key {
            Some(key) => key,
            None => self.private_key.insert(crate::curve::private_key::<C, P>(provider)?),
        };
        write_public_key(key, share)
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
        let key = crate::curve::private_key::<C, P>(provider)?;
        let len = write_public_key(&key, share)?;
        Ok((len, agree(&key, &peer)?))
    }
}

fn write_public_key<C>(key: &SecretKey<C>, share: &mut [u8]) -> Result<usize>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    write_to_front(key.public_key().to_sec1_point(false).as_bytes(), share)
}

fn peer_key<C>(peer_share: &[u8]) -> Result<PublicKey<C>>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    crate::curve::public_key(peer_share).ok_or(Error::Peer(PeerFault::InvalidKeyShare))
}

/// The x-coordinate of the shared point, in full length. It is never the point at infinity: the orders of the
/// curves are prime, and neither key is zero.
fn agree<C: CurveArithmetic>(key: &SecretKey<C>, peer: &PublicKey<C>) -> Result<SecretBytes> {
    SecretBytes::new(key.diffie_hellman(peer).raw_secret_bytes())
}
