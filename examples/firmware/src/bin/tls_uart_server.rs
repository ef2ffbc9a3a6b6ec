//! A TLS server over the serial line, without a network stack: serves a page of 64 kB, and says what that took.

#![no_std]
#![no_main]

use saitls_core::config::{Identity, ServerConfig};
use saitls_core::{Buffers, Connection, Error, ProviderFault};
use saitls_firmware::{
    host, report,
    serial::{handshake, send, step},
    singleton, stack, timer,
    trng::Trng,
    uart::Uart,
};
use saitls_rustcrypto::{RustCrypto, SigningKey};

/// Who we are. It stays in flash.
const CHAIN: [&[u8]; 2] = [include_bytes!("../../pki/leaf.der"), include_bytes!("../../pki/intermediate.der")];
const KEY: &[u8] = include_bytes!("../../pki/leaf.key.der");

const HEAD: &[u8] = b"HTTP/1.0 200 OK\r\n\r\n";
/// The page: byte `i` is `i mod 251`.
const PAGE_LEN: u32 = 65_536;

#[cfg(not(feature = "small-records"))]
const BUFFERS: (usize, usize) = (saitls_core::limits::FULL_RECEIVE_BUFFER_LEN, 4_096);
/// For clients whose requests are short.
#[cfg(feature = "small-records")]
const BUFFERS: (usize, usize) = (1_600, 512);

saitls_firmware::entry!(main);

fn main() -> ! {
    timer::start();
    let result = run();
    if let Err(error) = &result {
        report::error(*error);
    }
    host::exit(result.is_ok())
}

fn run() -> Result<(), Error> {
    let mut provider = RustCrypto(Trng::new().map_err(|_| ProviderFault::RandomFailed)?);
    let key = SigningKey::from_der(KEY)?;
    let identities = [Identity::new(&CHAIN, &key)];
    let config = ServerConfig::new(&identities);
    let receive = singleton!(: [u8; BUFFERS.0] = [0; BUFFERS.0]).ok_or(Error::Internal)?;
    let transmit = singleton!(: [u8; BUFFERS.1] = [0; BUFFERS.1]).ok_or(Error::Internal)?;
    let mut tls = Connection::server(&config, Buffers::new(&mut receive[..], &mut transmit[..]))?;
    let mut uart = Uart::new();
    let mut longest = 0;

    stack::paint();
    handshake(&mut tls, &mut provider, &mut uart, &mut longest)?;

    // The request: whatever it asks for.
    stack::paint();
    while !tls.data().ends_with(b"\r\n\r\n") {
        step(&mut tls, &mut provider, &mut uart, &mut longest)?;
    }
    tls.data_read(tls.data().len());
    tls.write(HEAD)?;
    let (mut sent, mut bulk) = (0, 0);
    while sent < PAGE_LEN {
        let before = timer::ticks();
        let room = tls.data_room()?;
        let len = room.len().min((PAGE_LEN - sent) as usize);
        let ready = timer::ticks();
        // What the page is made of is not what it takes to send it.
        room[..len].iter_mut().zip(sent..).for_each(|(byte, index)| *byte = (index % 251) as u8);
        let made = timer::ticks();
        tls.data_written(len);
        sent += len as u32;
        let result = tls.process(&mut provider);
        bulk += ready.wrapping_sub(before) + timer::ticks().wrapping_sub(made);
        send(&mut tls, &mut uart);
        result?;
    }
    tls.close();
    while !tls.is_peer_closed() {
        step(&mut tls, &mut provider, &mut uart, &mut longest)?;
    }
    let bulk_stack = stack::peak();
    report::line("bulk ticks", bulk);
    report::line("bulk bytes", sent);
    report::line("bulk stack", bulk_stack);
    Ok(())
}
