//! Where a PSK comes from.

/// Where a PSK comes from. Its binder says so, too: neither can be taken for the other (RFC 9846 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PskKind {
    /// Both sides were given it by other means.
    External,
    /// It came with a ticket, in an earlier connection: this one resumes its session.
    Resumption,
}
