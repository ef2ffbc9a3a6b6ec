//! Finished (RFC 9846 4.5.3).

use crate::crypto::CryptoProvider;
use crate::error::{PeerFault, Result, by_ref};
use crate::handshake::evidence::FinishedVerified;
use crate::handshake::{Received, Step};
use crate::record::Whose;
use crate::secret;
use crate::wire::Finished;
use core::task::Poll;

/// Checks a Finished with the peer's handshake traffic secret.
#[inline(never)]
pub(in crate::handshake) fn check_finished<P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    received: &Received<'_>,
) -> Result<FinishedVerified> {
    let finished = Finished::read(received.message.body);
    if finished.verify_data.len() != step.hash().output_len() {
        return Err(PeerFault::Malformed.into());
    }
    let expected = step.verify_data(Whose::ThePeers);
    if secret::equal(by_ref(&expected)?.as_bytes(), finished.verify_data) {
        Ok(FinishedVerified::mac_is_valid())
    } else {
        Err(PeerFault::BadFinished.into())
    }
}

/// Sends our Finished, with our handshake traffic secret.
pub(in crate::handshake) fn poll_send_finished<P: CryptoProvider>(step: &mut Step<'_, '_, P>) -> Poll<Result<()>> {
    let verify_data = step.verify_data(Whose::Ours);
    let verify_data = by_ref(&verify_data)?;
    step.poll_send(&mut |writer, _| Finished { verify_data: verify_data.as_bytes() }.write(writer))
}
