//! What a ClientHello says of PSKs, as far as a second one may not say something else (RFC 9846 4.2.2).

use crate::codes::{ExtensionType, HashAlgorithm};
use crate::crypto::{CryptoProvider, Hash};
use crate::error::{PeerFault, Result};
use crate::limits::MAX_PSK_LOOKUPS;
use crate::wire::ClientHello;
use crate::wire::extensions::{OfferedPsks, PskKeyExchangeModes};
#[cfg(feature = "tickets")]
use crate::wire::{Malformed, Reader, Writer};

/// What a ClientHello says of PSKs.
pub(super) struct Said {
    hash: HashAlgorithm,
    modes: Option<PskKeyExchangeModes>,
    identities: usize,
    /// The front of a hash of each identity that we look up: against mistakes of clients, who gain nothing from it.
    marks: [u16; MAX_PSK_LOOKUPS],
}

/// The modes that a client allows.
pub(super) fn modes(hello: &ClientHello<'_>) -> Result<Option<PskKeyExchangeModes>> {
    Ok(hello.extensions.get(ExtensionType::PSK_KEY_EXCHANGE_MODES, PskKeyExchangeModes::read)?)
}

impl Said {
    pub(super) fn read<P: CryptoProvider>(
        provider: &mut P,
        hash: HashAlgorithm,
        hello: &ClientHello<'_>,
    ) -> Result<Self> {
        let mut said = Self { hash, modes: modes(hello)?, identities: 0, marks: [0; MAX_PSK_LOOKUPS] };
        if let Some(offered) = hello.extensions.get(ExtensionType::PRE_SHARED_KEY, OfferedPsks::read)? {
            for (psk, _) in offered.iter() {
                if let Some(mark) = said.marks.get_mut(said.identities) {
                    let digest = P::Hash::digest(provider, hash, &[psk.identity])?;
                    *mark = digest.as_bytes().first_chunk().copied().map_or(0, u16::from_be_bytes);
                }
                said.identities = said.identities.saturating_add(1);
            }
        }
        Ok(said)
    }

    fn marks(&self) -> &[u16] {
        self.marks.get(..self.identities.min(MAX_PSK_LOOKUPS)).unwrap_or_default()
    }

    /// PSKs may be left out of a second ClientHello, but none may come; the modes stay. Of a client that offers more
    /// than we look up, others may move up.
    pub(super) fn check<P: CryptoProvider>(&self, provider: &mut P, second: &ClientHello<'_>) -> Result<()> {
        let second = Self::read(provider, self.hash, second)?;
        let are_known =
            self.identities > MAX_PSK_LOOKUPS || second.marks().iter().all(|mark| self.marks().contains(mark));
        if second.modes == self.modes && second.identities <= self.identities && are_known {
            Ok(())
        } else {
            Err(PeerFault::ClientHelloChanged.into())
        }
    }
}

#[cfg(feature = "tickets")]
impl Said {
    /// How long it is at most, written.
    pub(super) const MAX_LEN: usize = 1 + 2 + 1 + 2 * MAX_PSK_LOOKUPS;

    /// modes 1, 0 if there are none | number of identities 2 | marks 1+2n
    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        let modes = self.modes.map_or(0, |modes| 1 | u8::from(modes.psk_ke) << 1 | u8::from(modes.psk_dhe_ke) << 2);
        writer.bytes(&[modes]);
        writer.u16(u16::try_from(self.identities).unwrap_or(u16::MAX));
        writer.vector8(|writer| self.marks().iter().for_each(|mark| writer.u16(*mark)));
    }

    pub(super) fn read_written(hash: HashAlgorithm, reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let [modes] = *reader.array()?;
        let modes = (modes != 0).then_some(PskKeyExchangeModes { psk_ke: modes & 2 != 0, psk_dhe_ke: modes & 4 != 0 });
        let identities = usize::from(reader.u16()?);
        let mut said = Self { hash, modes, identities, marks: [0; MAX_PSK_LOOKUPS] };
        for (mark, bytes) in said.marks.iter_mut().zip(reader.vector8()?.as_chunks().0) {
            *mark = u16::from_be_bytes(*bytes);
        }
        Ok(said)
    }
}
