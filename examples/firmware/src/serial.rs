//! TLS over the serial line, and how long it takes.

use crate::uart::Uart;
use crate::{report, stack, timer};
use saitls_core::crypto::CryptoProvider;
use saitls_core::{Connection, Error, WaitingFor};

/// Waits for bytes, then receives as many as follow closely, as far as there is room; returns their number. `next` is
/// the next byte, if it is there.
pub(crate) fn receive(room: &mut [u8], mut next: impl FnMut() -> Option<u8>) -> usize {
    const PATIENCE: u32 = 10_000;
    let mut len = 0;
    for byte in room {
        let mut patience = PATIENCE;
        *byte = loop {
            if let Some(byte) = next() {
                break byte;
            }
            patience -= u32::from(len > 0);
            if patience == 0 {
                return len;
            }
        };
        len += 1;
    }
    len
}

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
    send(tls, uart);
    result?;
    if tls.waiting_for() == WaitingFor::Peer {
        let len = uart.receive(tls.records_room());
        tls.records_filled(len);
    }
    Ok(ticks)
}

/// Sends what the connection has to send.
pub fn send<P: CryptoProvider>(tls: &mut Connection<'_, P>, uart: &mut Uart) {
    let data = tls.records();
    uart.send(data);
    let len = data.len();
    tls.records_sent(len);
}

/// Shakes hands, and prints what that took.
///
/// # Errors
/// As the connection's.
pub fn handshake<P: CryptoProvider>(
    tls: &mut Connection<'_, P>,
    provider: &mut P,
    uart: &mut Uart,
    longest: &mut u32,
) -> Result<(), Error> {
    let mut ticks = 0;
    while tls.is_handshaking() {
        ticks += step(tls, provider, uart, longest)?;
    }
    let handshake_stack = stack::peak();
    report::line("handshake ticks", ticks);
    report::line("longest ticks", *longest);
    report::line("handshake stack", handshake_stack);
    report::line("connection bytes", size_of_val(tls) as u32);
    Ok(())
}
