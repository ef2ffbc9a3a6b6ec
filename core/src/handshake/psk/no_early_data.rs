//! What stands in the place of early data in a build without it: all of it is skipped.

use super::Agreed;
use crate::config::ServerConfig;
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::Step;
use crate::record::RecordAligned;
use crate::wire::ClientHello;

#[expect(clippy::unnecessary_wraps, reason = "as where there is early data")]
pub(in crate::handshake) const fn take_early_data<P: CryptoProvider>(
    _: &mut Step<'_, '_, P>,
    _: &ServerConfig<'_, P>,
    _: &ClientHello<'_>,
    _: Option<&Agreed<P>>,
    _: bool,
    aligned: RecordAligned,
) -> Result<Option<RecordAligned>> {
    Ok(Some(aligned))
}
