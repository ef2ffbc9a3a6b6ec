//! The provider of the programs over Ethernet: RustCrypto, with the engine of the board where it has one.

use crate::host::CommandLine;
use crate::trng::Trng;
use saitls_core::Error;

/// The provider.
#[cfg(any(feature = "mps2", feature = "no-engine"))]
pub type Provider = saitls_rustcrypto::RustCrypto<Trng>;

/// The provider: SHA-256 is the engine's.
#[cfg(all(feature = "ast2600", not(feature = "no-engine")))]
pub type Provider = crate::accelerated::Accelerated<Trng, crate::ast2600::hace::Hace>;

/// Makes it.
///
/// # Errors
/// None on this board.
#[cfg(any(feature = "mps2", feature = "no-engine"))]
pub fn new(random: Trng, _: &CommandLine) -> Result<Provider, Error> {
    Ok(saitls_rustcrypto::RustCrypto(random))
}

/// Makes it. The word `engine=silent` takes an engine that never ends, `engine=wrong` one that hashes something else.
///
/// # Errors
/// The second time.
#[cfg(all(feature = "ast2600", not(feature = "no-engine")))]
pub fn new(random: Trng, words: &CommandLine) -> Result<Provider, Error> {
    use crate::accelerated::{Accelerated, Messages};
    use crate::ast2600::hace::{Defect, Hace};
    use core::sync::atomic::AtomicU32;
    use static_cell::ConstStaticCell;

    /// Handshake messages of two connections, and the hashes in between.
    const MESSAGES: usize = 4;
    const ROOM: usize = 8_192;
    /// Copying is quicker to where words may be.
    #[repr(align(8))]
    struct Memory([u8; MESSAGES * ROOM]);
    static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory([0; MESSAGES * ROOM]));
    static TAKEN: AtomicU32 = AtomicU32::new(0);

    let defect = match words.value("engine") {
        Some("silent") => Some(Defect::Silent),
        Some("wrong") => Some(Defect::Wrong),
        _ => None,
    };
    let engine = Hace::take(defect).ok_or(Error::Internal)?;
    let memory = MEMORY.try_take().ok_or(Error::Internal)?;
    Ok(Accelerated::new(random, Messages::new(engine, &mut memory.0, ROOM, &TAKEN)))
}

/// Messages that the engine has hashed.
#[cfg(any(feature = "mps2", feature = "no-engine"))]
pub fn engine_messages(_: &Provider) -> u32 {
    0
}

/// Messages that the engine has hashed.
#[cfg(all(feature = "ast2600", not(feature = "no-engine")))]
pub fn engine_messages(provider: &Provider) -> u32 {
    provider.engine().messages
}

/// Prints what the engine has done, and how long a hash takes.
///
/// # Errors
/// If the hash fails.
#[cfg(feature = "ast2600")]
pub fn report(provider: &mut Provider) -> Result<(), Error> {
    use crate::{report, timer};
    use saitls_core::codes::HashAlgorithm::Sha256;
    use saitls_core::crypto::{CryptoProvider, Hash};
    type PartHash = <Provider as CryptoProvider>::Hash;
    #[repr(align(8))]
    struct Data([u8; 4_096]);
    static DATA: Data = Data([0x5a; 4_096]);

    report::line("engine messages", engine_messages(provider));
    for (name, len) in [("100 hashes of 64 bytes, ticks", 64), ("100 hashes of 4096 bytes, ticks", 4_096)] {
        let before = timer::ticks();
        for _ in 0..100 {
            core::hint::black_box(PartHash::digest(provider, Sha256, &[&DATA.0[..len]])?);
        }
        report::line(name, timer::ticks().wrapping_sub(before));
    }
    Ok(())
}

/// Prints nothing.
///
/// # Errors
/// None.
#[cfg(feature = "mps2")]
pub fn report(_: &mut Provider) -> Result<(), Error> {
    Ok(())
}
