//! What peers cannot do, and why: the notes of the table.

use super::{Beside, Role, What};

/// Why a cell of the table is no plain yes.
#[derive(Clone, Copy)]
pub(super) enum Cannot {
    /// The peer does not do it: the case runs, and must fail.
    Refused(&'static str),
    /// There is no way to have the peer try.
    Untried(&'static str),
}

/// Why `peer` cannot do `what` in this role, if so.
pub(super) fn cannot(peer: Beside, role: Role, what: What) -> Option<Cannot> {
    if role == Role::Server && peer == Beside::EmbeddedTls {
        return Some(Cannot::Untried("embedded-tls is a client only"));
    }
    if role == Role::Client && peer == Beside::Nginx {
        return Some(Cannot::Untried("nginx is a server here"));
    }
    match what {
        What::Suite(_) | What::Group(_) | What::Retry => algorithms(peer, role, what),
        What::HalfClose => half_close(peer, role),
        What::KeyUpdate => key_update(peer, role),
        What::KeyUpdateByPeer => key_update_by_peer(peer, role),
        What::ClientAuth | What::ClientAuthNone | What::ClientAuthStranger if role == Role::Server => client_auth(peer),
        What::Bulk if (peer, role) == (Beside::Mosquitto, Role::Client) => Some(SHORT),
        _ => None,
    }
}

const SHORT: Cannot = Cannot::Untried("mosquitto_pub wants a broker: our echo to its first packet ends it");

const ONE_REQUEST: &str = "selfserv reads one request, answers and closes: with a reset if there is more to read";

fn algorithms(peer: Beside, role: Role, what: What) -> Option<Cannot> {
    const OPENSSL: &str = "not among the groups that OpenSSL 3.5 has on by default";
    let reason = match (peer, what) {
        (Beside::EmbeddedTls, What::Suite("TLS_AES_128_GCM_SHA256") | What::Group("secp256r1")) => return None,
        (Beside::EmbeddedTls, What::Suite(_)) => "embedded-tls offers the one suite that it is compiled with",
        (Beside::EmbeddedTls, _) => "embedded-tls has secp256r1 only, and no HelloRetryRequest",
        (Beside::GnuTls, What::Group("X25519MLKEM768" | "SecP256r1MLKEM768")) => {
            "Debian builds GnuTLS 3.8.9 without ML-KEM"
        }
        (Beside::WolfSsl, What::Group("X25519MLKEM768" | "SecP256r1MLKEM768")) => {
            "Debian builds wolfSSL 5.7.2 without ML-KEM"
        }
        (Beside::Nss, What::Group("SecP256r1MLKEM768")) => "NSS 3.110 has X25519MLKEM768 only",
        (Beside::Botan, What::Group("SecP256r1MLKEM768")) if role == Role::Server => {
            "Botan 3.7.1's server refuses every share for it, that of its own client too"
        }
        (Beside::Nginx | Beside::Mosquitto, What::Group("SecP256r1MLKEM768")) => OPENSSL,
        (Beside::Bun, What::Group("SecP256r1MLKEM768")) => "not among the groups that Bun has on by default",
        (Beside::Deno, What::Group("SecP256r1MLKEM768")) => "not among the groups that Deno has on by default",
        _ => return None,
    };
    Some(Cannot::Refused(reason))
}

fn half_close(peer: Beside, role: Role) -> Option<Cannot> {
    let reason = match (peer, role) {
        (Beside::OpenSsl3, _) => "s_client and s_server end with their input",
        (Beside::GnuTls, Role::Server) => "gnutls-serv forgets what it has to echo at close_notify",
        (Beside::Nss, Role::Server) => ONE_REQUEST,
        (Beside::Nss, Role::Client) => "tstclnt does not close its side at the end of its input",
        (Beside::Botan, _) => "botan's tools end with close_notify, and with their input",
        (Beside::Mosquitto, Role::Server) => "a broker ends with the connection of its client",
        (Beside::Mosquitto, Role::Client) => return Some(SHORT),
        (Beside::EmbeddedTls, _) => "to close a connection of embedded-tls is to give it away",
        _ => return None,
    };
    Some(Cannot::Untried(reason))
}

fn key_update(peer: Beside, role: Role) -> Option<Cannot> {
    match (peer, role) {
        (Beside::EmbeddedTls, _) => Some(Cannot::Refused("any KeyUpdate ends embedded-tls 0.19: not implemented")),
        (Beside::Mosquitto, Role::Client) => Some(SHORT),
        (Beside::Nss, Role::Server) => Some(Cannot::Untried(ONE_REQUEST)),
        _ => None,
    }
}

fn key_update_by_peer(peer: Beside, role: Role) -> Option<Cannot> {
    match (peer, role) {
        (Beside::OpenSsl3 | Beside::WolfSsl, _) | (Beside::GnuTls, Role::Client) => None,
        _ => Some(Cannot::Untried("it has no way to be asked for one")),
    }
}

fn client_auth(peer: Beside) -> Option<Cannot> {
    (peer == Beside::Botan).then_some(Cannot::Untried("botan's tls_server never asks for a certificate"))
}
