//! A TPM that is busy, is reset, or is away.

use crate::connections::{connect, software};
use crate::simulator::{Kind, Simulator, tcti, with_keys};
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::{CryptoProvider, Either, KeyExchange};
use saitls_core::{Error, ProviderFault};
use saitls_tpm::{Tpm, TpmError, TpmKey, TpmProvider};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

const FAILED: Error = Error::Provider(ProviderFault::CryptoFailed);

/// What becomes of a step.
fn ready<T>(mut poll: impl FnMut() -> Poll<T>) -> T {
    for _ in 0..20_000 {
        match poll() {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    panic!("it is pending for ever");
}

/// Power fails between a client's share and the answer to it.
#[test]
fn a_reset_ends_what_was_begun() {
    let Some(simulator) = Simulator::start() else { return };
    let handle = with_keys(&simulator, &[Kind::P256])[0];
    let tpm = Tpm::open(&simulator.tcti()).unwrap();
    let key = TpmKey::open(&tpm, handle).unwrap();
    let mut provider = TpmProvider::new(&tpm).unwrap();
    connect(&key, &mut provider, &mut software(), drop).unwrap();

    type Exchange = <TpmProvider as CryptoProvider>::KeyExchange;
    let mut exchange = Exchange::start(&mut provider, NamedGroup::SECP256R1).unwrap();
    assert!(matches!(exchange, Either::First(_)));
    let mut share = [0; 65];
    ready(|| exchange.poll_generate(&mut provider, &mut share)).unwrap();
    simulator.reset();
    assert_eq!(ready(|| exchange.poll_decapsulate(&mut provider, &share)).err(), Some(FAILED));
    assert!(matches!(tpm.failure(), Some(TpmError::Failed(_))), "{:?}", tpm.failure());
    // It is started, and goes on; the key is still where it was.
    connect(&key, &mut provider, &mut software(), drop).unwrap();
    connect(&key, &mut software(), &mut provider, drop).unwrap();
}

/// The TPM is away, and comes back.
#[test]
fn a_tpm_that_was_away_is_reached_again() {
    let Some(mut simulator) = Simulator::start() else { return };
    let handle = with_keys(&simulator, &[Kind::P256])[0];
    let tpm = Tpm::open(&simulator.tcti()).unwrap();
    let key = TpmKey::open(&tpm, handle).unwrap();
    let mut provider = TpmProvider::new(&tpm).unwrap();
    connect(&key, &mut provider, &mut software(), drop).unwrap();
    simulator.kill();
    for _ in 0..3 {
        assert_eq!(connect(&key, &mut provider, &mut software(), drop), Err(FAILED));
        assert!(matches!(tpm.failure(), Some(TpmError::Unreachable(_))), "{:?}", tpm.failure());
    }
    simulator.run();
    // It is looked for once a second.
    std::thread::sleep(Duration::from_millis(1100));
    connect(&key, &mut provider, &mut software(), drop).unwrap();
}

#[test]
fn there_is_no_tpm() {
    for name in ["swtpm:host=127.0.0.1,port=1", "device:/dev/there-is-none", "telegraph"] {
        assert!(matches!(Tpm::open(name).err(), Some(TpmError::Unreachable(_))), "{name}");
    }
}

/// What goes between us and the TPM: so many answers that it is busy, and all answers late.
pub(crate) fn between(simulator: &Simulator, busy: Arc<AtomicUsize>, late: Duration) -> u16 {
    let (commands, port) = loop {
        let commands = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = commands.local_addr().unwrap().port();
        if let Some(Ok(control)) = port.checked_add(1).map(|port| TcpListener::bind(("127.0.0.1", port))) {
            let to = simulator.port + 1;
            std::thread::spawn(move || {
                for from in control.incoming() {
                    let (mut from, mut there) = (from.unwrap(), TcpStream::connect(("127.0.0.1", to)).unwrap());
                    let (mut back, mut answers) = (from.try_clone().unwrap(), there.try_clone().unwrap());
                    std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
                    let _ = std::io::copy(&mut from, &mut there);
                }
            });
            break (commands, port);
        }
    };
    let to = simulator.port;
    std::thread::spawn(move || {
        for from in commands.incoming() {
            let (mut from, mut there) = (from.unwrap(), TcpStream::connect(("127.0.0.1", to)).unwrap());
            while let Some(command) = message(&mut from) {
                let is_busy = busy.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
                std::thread::sleep(late);
                let answer = match is_busy {
                    // TPM_RC_RETRY
                    Ok(_) => vec![0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x09, 0x22],
                    Err(_) => {
                        there.write_all(&command).unwrap();
                        message(&mut there).unwrap()
                    }
                };
                from.write_all(&answer).unwrap();
            }
        }
    });
    port
}

/// A command or an answer: both begin with a tag and their length.
fn message(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = vec![0; 10];
    from.read_exact(&mut message).ok()?;
    message.resize(u32::from_be_bytes(message[2..6].try_into().unwrap()) as usize, 0);
    from.read_exact(&mut message[10..]).ok()?;
    Some(message)
}

/// The software stack asks a few times by itself; we do for longer.
#[test]
fn a_busy_tpm_is_asked_again() {
    let Some(simulator) = Simulator::start() else { return };
    let handle = with_keys(&simulator, &[Kind::P256])[0];
    let busy = Arc::new(AtomicUsize::new(0));
    let tpm = Tpm::open(&tcti(between(&simulator, busy.clone(), Duration::ZERO))).unwrap();
    let key = TpmKey::open(&tpm, handle).unwrap();
    let mut provider = TpmProvider::new(&tpm).unwrap();
    busy.store(40, Ordering::SeqCst);
    connect(&key, &mut provider, &mut software(), drop).unwrap();
    assert_eq!(busy.load(Ordering::SeqCst), 0);
    assert_eq!(tpm.failure(), None);
}
