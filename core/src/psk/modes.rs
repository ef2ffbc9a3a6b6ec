//! With what a PSK is joined (RFC 9846 4.3.9).

/// With what a PSK is joined (RFC 9846 4.3.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PskModes {
    /// `psk_dhe_ke`: with a key agreement. Whoever gets hold of the PSK later still cannot read what was said before.
    #[default]
    WithKeyExchange,
    /// `psk_ke`: with nothing, which costs least. **No forward secrecy**: whoever recorded a connection and gets hold
    /// of the PSK, at any time, reads it.
    WithoutKeyExchange,
    /// Both are offered or allowed; a server of ours then prefers the key agreement, others may not.
    Either,
}

impl PskModes {
    pub(crate) const fn allows_exchange(self) -> bool {
        matches!(self, Self::WithKeyExchange | Self::Either)
    }

    pub(crate) const fn allows_none(self) -> bool {
        matches!(self, Self::WithoutKeyExchange | Self::Either)
    }
}
