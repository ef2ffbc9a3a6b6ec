//! A public-key accelerator for P-256: one job at a time, which takes a while.

use p256::ecdsa::{Signature, VerifyingKey};
use p256::{PublicKey, SecretKey};
use signature::hazmat::PrehashVerifier;

/// A job.
pub enum Request {
    /// The public key that belongs to a private key (big-endian).
    PublicKey([u8; 32]),
    /// ECDH: a private key and the other side's point, uncompressed.
    SharedSecret([u8; 32], [u8; 65]),
    /// ECDSA: a point, a hash, `r || s`.
    Verify([u8; 65], [u8; 32], [u8; 64]),
}

/// What came of it.
pub enum Answer {
    /// A point, uncompressed.
    Point([u8; 65]),
    /// The x-coordinate of the shared point.
    Secret([u8; 32]),
    /// Whether the signature is right.
    Verdict(bool),
    /// The operands are no private key, or no point of the curve.
    Invalid,
}

/// The accelerator.
#[derive(Default)]
pub struct Pka {
    job: Option<(Request, u32)>,
    /// How often it is asked before a job is done.
    pub ticks: u32,
    /// How many jobs it began.
    pub jobs: u32,
}

impl Pka {
    /// Begins a job. Whatever it was at is lost.
    pub fn start(&mut self, request: Request) {
        self.jobs += 1;
        self.job = Some((request, self.ticks));
    }

    /// Stops, and forgets the job.
    pub fn reset(&mut self) {
        self.job = None;
    }

    /// The answer, if the job is done; a real one would raise an interrupt.
    pub fn poll(&mut self) -> Option<Answer> {
        let (request, left) = self.job.take()?;
        if left > 0 {
            self.job = Some((request, left - 1));
            return None;
        }
        Some(compute(&request).unwrap_or(Answer::Invalid))
    }
}

fn compute(request: &Request) -> Option<Answer> {
    Some(match request {
        Request::PublicKey(private) => {
            let point = SecretKey::from_slice(private).ok()?.public_key();
            Answer::Point(elliptic_curve::sec1::ToSec1Point::to_sec1_point(&point, false).as_bytes().try_into().ok()?)
        }
        Request::SharedSecret(private, peer) => {
            let (private, peer) = (SecretKey::from_slice(private).ok()?, PublicKey::from_sec1_bytes(peer).ok()?);
            Answer::Secret(private.diffie_hellman(&peer).raw_secret_bytes().as_slice().try_into().ok()?)
        }
        Request::Verify(point, hash, signature) => {
            let key = VerifyingKey::from_sec1_bytes(point).ok()?;
            let signature = Signature::from_slice(signature);
            Answer::Verdict(signature.is_ok_and(|signature| key.verify_prehash(hash, &signature).is_ok()))
        }
    })
}
