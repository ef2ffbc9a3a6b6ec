//! Where a PSK comes from.

/// Where a PSK comes from. Its binder says so, too: none can be taken for another (RFC 9846 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PskKind {
    /// Both sides were given it by other means.
    External,
    /// Both sides made it of what they were given by other means, for this protocol and hash (RFC 9258).
    Imported,
    /// It came with a ticket, in an earlier connection: this one resumes its session.
    Resumption,
}
