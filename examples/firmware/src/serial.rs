//! TLS over the serial line, and how long it takes.

use crate::timer;
use crate::uart::Uart;
use saitls_core::crypto::CryptoProvider;
use saitls_core::{Connection, Error, WaitingFor};

/// One turn: process, send, receive. Returns the time of the first, and keeps the longest one.
///
/// # Errors
/// As the connection's.
pub fn step<P: CryptoProvider>(
    tls: &mut Connection<'_, P>,
    provider: &mut P,
    uart: &mut Uart,
    longest: &mut u32,
) -> Result<u32, Error> {
    let before = timer::ticks();
    let result = tls.process(provider);
    let ticks = timer::ticks().wrapping_sub(before);
    *longest = ticks.max(*longest);
    let sent = tls.transmit_data();
    uart.send(sent);
    let len = sent.len();
    tls.transmitted(len);
    result?;
    if tls.waiting_for() == WaitingFor::Peer {
        let len = uart.receive(tls.receive_buffer());
        tls.received(len);
    }
    Ok(ticks)
}
