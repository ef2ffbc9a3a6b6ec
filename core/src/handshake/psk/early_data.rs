//! Whether a server takes the early data of a client that comes back (RFC 9846 4.3.10, 8).

use super::Agreed;
use crate::codes::ExtensionType;
use crate::config::ServerConfig;
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::Step;
use crate::record::RecordAligned;
use crate::wire::ClientHello;
use crate::wire::extensions::OfferedPsks;

/// Takes early data, if it is `offered` and everything is as it was when the client got its ticket: then the evidence
/// is used up. The binder has been found right, so that nobody but the client could use up what is remembered against
/// replays.
pub(in crate::handshake) fn take_early_data<P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    config: &ServerConfig<'_, P>,
    hello: &ClientHello<'_>,
    agreed: Option<&Agreed<P>>,
    is_offered: bool,
    aligned: RecordAligned,
) -> Result<Option<RecordAligned>> {
    if !is_offered {
        return Ok(Some(aligned));
    }
    let Some((early, offer)) = agreed.and_then(Agreed::early_data) else { return Ok(Some(aligned)) };
    let (suite, alpn) = (step.facts().cipher_suite, step.facts().alpn);
    let protocol = alpn.and_then(|index| config.common.alpn.get(usize::from(index)).copied()).unwrap_or_default();
    if offer.suite != suite
        || offer.protocol() != protocol
        || offer.most > config.tickets.max_early_data
        || !step.fits_early_data(offer.most)
    {
        return Ok(Some(aligned));
    }
    let offered = hello.extensions.get(ExtensionType::PRE_SHARED_KEY, OfferedPsks::read)?;
    let binder = offered.and_then(|offered| offered.iter().next()).and_then(|(_, binder)| binder.first_chunk());
    if !binder.is_some_and(|binder| config.tickets.is_new(binder, offer.arrival)) {
        return Ok(Some(aligned));
    }
    step.take_early_data(early, offer.most, aligned)?;
    Ok(None)
}
