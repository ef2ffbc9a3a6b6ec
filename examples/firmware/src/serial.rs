//! TLS over the serial line, and how long it takes.

use crate::uart::Uart;
use crate::{report, stack, timer};
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
    send(tls, uart);
    result?;
    if tls.waiting_for() == WaitingFor::Peer {
        let len = uart.receive(tls.receive_buffer());
        tls.received(len);
    }
    Ok(ticks)
}

/// Sends what the connection has to send.
pub fn send<P: CryptoProvider>(tls: &mut Connection<'_, P>, uart: &mut Uart) {
    let data = tls.transmit_data();
    uart.send(data);
    let len = data.len();
    tls.transmitted(len);
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
