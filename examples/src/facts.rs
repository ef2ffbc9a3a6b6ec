//! What the programs say about a handshake, one `key: value` a line, for people and scripts.

use std::io::Write as _;

use saitls_core::psk::PskKind;
use saitls_core::{EarlyDataStatus, Negotiated, PeerAuthentication};

use crate::identity::subject;

/// Which side of the handshake we were on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// The block of facts, without the blank line that ends it.
#[must_use]
pub fn facts(role: Role, negotiated: &Negotiated<'_>, early_data: EarlyDataStatus) -> String {
    let text = |value: Option<String>| value.filter(|value| !value.is_empty()).unwrap_or_else(|| "-".into());
    let client_authenticated = match role {
        Role::Client => negotiated.local_signature_scheme.is_some(),
        Role::Server => negotiated.peer_authentication == PeerAuthentication::Certificate,
    };
    let lines = [
        ("version", "TLSv1.3".into()),
        ("suite", negotiated.cipher_suite.to_string()),
        ("group", text(negotiated.named_group.map(|group| group.to_string()))),
        ("signature", text(negotiated.peer_signature_scheme.map(|scheme| scheme.to_string()))),
        ("peer", text(negotiated.peer_certificate.map(|der| subject(der).unwrap_or_else(|| "?".into())))),
        ("server-name", text(negotiated.server_name.map(str::to_owned))),
        ("alpn", text(negotiated.alpn.map(|name| name.escape_ascii().to_string()))),
        (
            "resumed",
            match negotiated.psk {
                None => "no",
                Some(PskKind::Resumption) => "ticket",
                Some(_) => "psk",
            }
            .into(),
        ),
        (
            "early-data",
            match early_data {
                EarlyDataStatus::Accepted => "accepted",
                EarlyDataStatus::Rejected => "rejected",
                _ => "none",
            }
            .into(),
        ),
        ("retry", yes_or_no(negotiated.hello_retry)),
        ("client-auth", yes_or_no(client_authenticated)),
    ];
    lines.iter().map(|(key, value)| format!("{key}: {value}\n")).collect()
}

fn yes_or_no(value: bool) -> String {
    if value { "yes" } else { "no" }.into()
}

/// Writes `text` to standard error in one piece, so that lines of different connections never mix. That nobody reads
/// is no reason to stop.
pub fn write_whole(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
