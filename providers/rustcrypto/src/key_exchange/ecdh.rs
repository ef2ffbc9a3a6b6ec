//! ECDHE over the NIST curves (RFC 9846 4.3.8.2, 7.4.2).

use crate::write_to_front;
use elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize, PublicKey, SecretKey};
use saitls_core::crypto::{CryptoProvider, Secret};
use saitls_core::error::{Error, Result};

/// One agreement; holds the private key between [`generate`](Self::generate) and
/// [`decapsulate`](Self::decapsulate).
pub(super) struct Ecdh<C: CurveArithmetic> {
    private_key: Option<SecretKey<C>>,
}

impl<C: CurveArithmetic> Default for Ecdh<C> {
    fn default() -> Self {
        Self { private_key: None }
    }
}

impl<C> Ecdh<C>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    pub(super) fn generate<P: CryptoProvider>(&mut self, provider: &mut P, share: &mut [u8]) -> Result<usize> {
        // Asked again, it is the same share again.
        let key = match self.private_key.take() {
            Some(key) => key,
            None => crate::curve::private_key::<C, P>(provider)?,
        };
        let len = write_public_key(&key, share);
        self.private_key = Some(key);
        len
    }

    pub(super) fn decapsulate<P: CryptoProvider>(&mut self, provider: &mut P, peer_share: &[u8]) -> Result<P::Secret> {
        let key = self.private_key.take().ok_or(Error::InvalidState)?;
        agree(provider, &key, &peer_key(peer_share)?)
    }

    pub(super) fn encapsulate<P: CryptoProvider>(
        &mut self,
        provider: &mut P,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Result<(usize, P::Secret)> {
        let peer = peer_key(peer_share)?;
        let key = crate::curve::private_key::<C, P>(provider)?;
        let len = write_public_key(&key, share)?;
        Ok((len, agree(provider, &key, &peer)?))
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
    crate::curve::public_key(peer_share).ok_or(Error::InvalidKeyShare)
}

/// The x-coordinate of the shared point, in full length. It is never the point at infinity: the order of both
/// curves is prime, and neither key is zero.
fn agree<C, P>(provider: &mut P, key: &SecretKey<C>, peer: &PublicKey<C>) -> Result<P::Secret>
where
    C: CurveArithmetic,
    P: CryptoProvider,
{
    P::Secret::import(provider, key.diffie_hellman(peer).raw_secret_bytes())
}
