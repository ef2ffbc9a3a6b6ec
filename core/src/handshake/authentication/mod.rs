//! Certificate, CertificateVerify and Finished (RFC 9846 4.5): what both roles do alike with those of the peer and with
//! ours.

mod finished;
mod peer_certificate;
mod peer_signature;

pub(super) use finished::{check_finished, poll_send_finished};
pub(super) use peer_certificate::CertificateCheck;
pub(super) use peer_signature::SignatureCheck;

use super::Step;
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::wire::Certificate;
use core::task::Poll;

/// Says that we have no certificate.
pub(super) fn poll_send_empty<P: CryptoProvider>(step: &mut Step<'_, '_, P>) -> Poll<Result<()>> {
    step.poll_send(&mut |writer, _| Certificate::write_front(writer, &[], 0))
}
