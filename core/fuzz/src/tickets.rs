//! Tickets and cookies of any kind at a server: bytes that nobody sealed, states of any kind under the right key, and
//! what was changed on its way.

use crate::cryptography::Provider;
use crate::input::Input;
use crate::support::forger::*;
use crate::support::*;
use core::time::Duration;
use rustls_pki_types::UnixTime;
use saitls_core::Error;
use saitls_core::codes::*;
use saitls_core::config::ServerConfig;
use saitls_core::tickets::{StrikeRegister, TicketKeys, Ticketer};
use saitls_core::wire::extensions::PskIdentity;
use std::task::Poll;

pub fn tickets(data: &[u8]) {
    let mut input = Input::new(data);
    let settings = input.byte();
    let clock = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
    let keys = TicketKeys::from_key(&provider(0), [1; 8], &[7; 32]).unwrap().with_clock(&clock);
    let register = StrikeRegister::<2>::since(0);
    let identity = ed25519();
    let identities = [identity.identity()];
    let groups = [NamedGroup::SECP256R1, NamedGroup::X25519];
    let mut config = ServerConfig::new(&identities)
        .with_tickets(&keys)
        .with_early_data(100)
        .with_anti_replay(&register)
        .with_named_groups(if settings & 1 == 1 { &groups[..1] } else { &groups });
    if settings & 2 == 2 {
        config = config.with_stateless_retry(&keys);
    }
    let mut tested = Tested::new(saitls_core::Connection::server(&config, buffers(4_000, 1_500)).unwrap());
    let mut forger = Forger::client();
    let mut hello = forger.make_client_hello();
    hello.extensions().set(ExtensionType::PSK_KEY_EXCHANGE_MODES, [1, 1]);
    if settings & 1 == 1 {
        // Asked for another share, perhaps with a cookie; which comes back changed, or in other words.
        if forger.hello(&mut tested, &hello).is_err() {
            return;
        }
        let share = forger.share(NamedGroup::SECP256R1);
        let entry = written(|w| {
            w.vector16(|w| {
                w.u16(NamedGroup::SECP256R1.0);
                w.vector16(|w| w.bytes(&share));
            });
        });
        hello.extensions().set(ExtensionType::KEY_SHARE, entry);
        let request = forger.server_hello.clone().unwrap().extensions.unwrap();
        if request.has(ExtensionType::COOKIE) {
            let mut cookie = request.get(ExtensionType::COOKIE).to_vec();
            for _ in 0..settings >> 6 {
                let (at, value, len) = (input.word(), input.byte(), cookie.len());
                cookie[2 + at % (len - 2)] ^= value;
            }
            hello.extensions().set(ExtensionType::COOKIE, cookie);
        }
    }
    let rest = input.rest().to_vec();
    let ticket = if settings & 4 == 4 { sealed(&keys, &rest) } else { rest };
    if !ticket.is_empty() {
        if settings & 8 == 8 {
            hello.extensions().set(ExtensionType::EARLY_DATA, []);
        }
        hello.extensions().push(
            ExtensionType::PRE_SHARED_KEY,
            written(|writer| {
                writer.vector16(|writer| PskIdentity { identity: &ticket, obfuscated_ticket_age: 0 }.write(writer));
                writer.vector16(|writer| writer.vector8(|writer| writer.bytes(&[7; 32])));
            }),
        );
    }
    let result = forger.send_messages(&mut tested, &hello.message());
    assert_ne!(result, Err(Error::Internal));
    assert_eq!(tested.connection.replayable_data(), None);
    let _ = tested.connection.take_receive_buffer();
}

/// A ticket for a state that may be none.
fn sealed(keys: &TicketKeys<'_>, state: &[u8]) -> Vec<u8> {
    let mut ticket = vec![0; Ticketer::<Provider>::ticket_len(keys, state.len())];
    match keys.poll_seal(&mut provider(5), &[state], &mut ticket) {
        Poll::Ready(Ok(Some(len))) => assert_eq!(len, ticket.len()),
        _ => panic!("it is not sealed"),
    }
    ticket
}
