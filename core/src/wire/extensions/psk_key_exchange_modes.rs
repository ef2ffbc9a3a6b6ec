//! psk_key_exchange_modes (RFC 9846 4.3.9).

use crate::codes::ExtensionType;
use crate::wire::{Malformed, Reader, Writer};

/// With what a client is ready to join a PSK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PskKeyExchangeModes {
    /// psk_ke: with nothing. Whoever has the PSK later can read what was recorded.
    pub psk_ke: bool,
    /// psk_dhe_ke: with a key agreement.
    pub psk_dhe_ke: bool,
}

impl PskKeyExchangeModes {
    /// Reads the data of the extension. Modes that nobody knows are passed over.
    ///
    /// # Errors
    /// [`Malformed`], also for an empty list.
    pub fn read(data: &[u8]) -> Result<Self, Malformed> {
        let modes = Reader::all(data, Reader::vector8)?;
        if modes.is_empty() {
            return Err(Malformed);
        }
        let has = |mode: u8| modes.contains(&mode);
        Ok(Self { psk_ke: has(0), psk_dhe_ke: has(1) })
    }

    /// Writes the extension.
    pub fn write(self, writer: &mut Writer<'_>) {
        writer.extension(ExtensionType::PSK_KEY_EXCHANGE_MODES, |writer| {
            writer.vector8(|writer| {
                if self.psk_dhe_ke {
                    writer.u8(1);
                }
                if self.psk_ke {
                    writer.u8(0);
                }
            });
        });
    }
}
