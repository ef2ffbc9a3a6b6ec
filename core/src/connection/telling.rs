//! What `log` and `defmt` are told, each where its feature is on: states, what was agreed on, why a connection failed.
//! Nothing secret, and nothing that a peer could make long.

/// Tells it to those who listen. Where nobody does, nothing is computed for it.
macro_rules! tell {
    ($level:ident, $format:literal $(, $value:expr)* $(,)?) => {{
        #[cfg(feature = "log")]
        log::$level!($format $(, $value)*);
        #[cfg(feature = "defmt")]
        defmt::$level!($format $(, $value)*);
    }};
}
pub(super) use tell;
