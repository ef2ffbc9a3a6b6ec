//! Labels of HKDF-Expand-Label.

/// What every label of a protocol begins with, so that no secret of one protocol is a secret of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelPrefix(pub &'static [u8; 6]);

impl LabelPrefix {
    /// TLS 1.3 (RFC 9846 7.1).
    pub const TLS_1_3: Self = Self(b"tls13 ");
    /// DTLS 1.3, without a space (RFC 9147 5.9).
    pub const DTLS_1_3: Self = Self(b"dtls13");
}

/// What HKDF-Expand-Label makes of a secret (RFC 9846 7.1): the name of a key, in one protocol.
///
/// ```
/// use saitls_core::crypto::{Label, LabelPrefix};
///
/// // What a chip might allow to leave it.
/// fn may_leave(label: &Label<'_>) -> bool {
///     label.prefix == LabelPrefix::TLS_1_3 && matches!(label.name, b"iv" | b"exporter")
/// }
/// assert!(may_leave(&Label::tls13(b"iv")) && !may_leave(&Label::tls13(b"key")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label<'a> {
    /// The protocol.
    pub prefix: LabelPrefix,
    /// The name, such as `c hs traffic`: at most 249 bytes.
    pub name: &'a [u8],
}

impl<'a> Label<'a> {
    /// A label of TLS 1.3.
    #[must_use]
    pub const fn tls13(name: &'a [u8]) -> Self {
        Self { prefix: LabelPrefix::TLS_1_3, name }
    }
}
