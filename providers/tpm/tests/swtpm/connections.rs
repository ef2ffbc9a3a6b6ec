//! Whole connections.

use crate::faults::between;
use crate::simulator::{Kind, Simulator, tcti, with_keys};
use saitls_conformance::Random;
use saitls_core::codes::{CertificateType, NamedGroup};
use saitls_core::config::{ClientAuthentication, ClientConfig, Identity, ServerConfig};
use saitls_core::crypto::{CryptoProvider, PinnedKey, Signer};
use saitls_core::{Buffers, Connection, Result, WaitingFor};
use saitls_rustcrypto::RustCrypto;
use saitls_tpm::{Tpm, TpmKey, TpmProvider};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};
use std::time::{Duration, Instant};

const RAW: &[CertificateType] = &[CertificateType::RAW_PUBLIC_KEY];

pub(crate) fn software() -> RustCrypto<Random> {
    RustCrypto(Random::system())
}

fn buffers() -> Buffers<'static> {
    Buffers::new(vec![0; 17_000], vec![0; 8_000])
}

fn carry<A: CryptoProvider, B: CryptoProvider>(from: &mut Connection<'_, A>, to: &mut Connection<'_, B>) -> usize {
    let data = from.records();
    let room = to.records_room();
    let len = data.len().min(room.len());
    room[..len].copy_from_slice(&data[..len]);
    to.records_filled(len);
    from.records_sent(len);
    len
}

/// What goes on until both are connected; `meanwhile` is told how long each call took.
pub(crate) fn drive<C: CryptoProvider, S: CryptoProvider>(
    (client, client_provider): (&mut Connection<'_, C>, &mut C),
    (server, server_provider): (&mut Connection<'_, S>, &mut S),
    mut meanwhile: impl FnMut(Duration),
) -> Result<()> {
    let since = Instant::now();
    while !client.is_connected() || !server.is_connected() {
        assert!(since.elapsed() < Duration::from_secs(60), "{:?}, {:?}", client.waiting_for(), server.waiting_for());
        let begun = Instant::now();
        client.process(client_provider)?;
        meanwhile(begun.elapsed());
        carry(client, server);
        let begun = Instant::now();
        server.process(server_provider)?;
        meanwhile(begun.elapsed());
        carry(server, client);
        std::thread::yield_now();
    }
    Ok(())
}

/// A handshake in which both ends show keys of the TPM; data both ways.
pub(crate) fn connect<C: CryptoProvider, S: CryptoProvider>(
    key: &TpmKey,
    client_provider: &mut C,
    server_provider: &mut S,
    meanwhile: impl FnMut(Duration),
) -> Result<()> {
    let info = key.subject_public_key_info();
    let pins = [info];
    let trust = PinnedKey::subject_public_key_info(&pins);
    let (clients, servers) = ([Identity::raw_public_key(&info, key)], [Identity::raw_public_key(&info, key)]);
    let client_config = ClientConfig::new(&trust)
        .with_identities(&clients)
        .with_certificate_types(RAW)
        .with_peer_certificate_types(RAW);
    let server_config = ServerConfig::new(&servers)
        .with_client_authentication(ClientAuthentication::Required(&trust))
        .with_peer_certificate_types(RAW);
    let mut client = Connection::client(&client_config, None, buffers())?;
    let mut server = Connection::server(&server_config, buffers())?;
    drive((&mut client, client_provider), (&mut server, server_provider), meanwhile)?;
    client.write(b"from the client")?;
    server.write(b"from the server")?;
    for _ in 0..2 {
        client.process(client_provider)?;
        carry(&mut client, &mut server);
        server.process(server_provider)?;
        carry(&mut server, &mut client);
    }
    client.process(client_provider)?;
    assert_eq!(client.data(), b"from the server");
    assert_eq!(server.data(), b"from the client");
    Ok(())
}

/// The TPM as a client, as a server, and as both; nobody's main loop waits for it.
#[test]
fn both_roles() {
    let Some(simulator) = Simulator::start() else { return };
    let handles = with_keys(&simulator, &[Kind::P256, Kind::Restricted, Kind::Rsa]);
    let tpm = Tpm::open(&simulator.tcti()).unwrap();
    let mut provider = TpmProvider::new(&tpm).unwrap();
    let mut times = Vec::new();
    for handle in handles {
        let key = TpmKey::open(&tpm, handle).unwrap();
        connect(&key, &mut provider, &mut software(), |time| times.push(time)).unwrap();
        connect(&key, &mut software(), &mut provider, |time| times.push(time)).unwrap();
        connect(&key, &mut provider.clone(), &mut provider, |time| times.push(time)).unwrap();
    }
    times.sort();
    println!("{} calls; 95 of 100 within {:?}", times.len(), times[times.len() * 95 / 100]);
}

/// Eight at once, with one TPM that has room for three objects.
#[test]
fn eight_at_once() {
    let Some(simulator) = Simulator::start() else { return };
    let handle = with_keys(&simulator, &[Kind::P256])[0];
    let tpm = Tpm::open(&simulator.tcti()).unwrap();
    let key = TpmKey::open(&tpm, handle).unwrap();
    let provider = TpmProvider::new(&tpm).unwrap();
    let since = Instant::now();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (key, mut provider) = (&key, provider.clone());
            scope.spawn(move || {
                for _ in 0..3 {
                    if number % 2 == 0 {
                        connect(key, &mut provider, &mut software(), drop).unwrap();
                    } else {
                        connect(key, &mut software(), &mut provider, drop).unwrap();
                    }
                }
            });
        }
    });
    println!("24 handshakes, 48 signatures and 24 agreements in {:?}", since.elapsed());
}

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Who waits is woken, and not before.
#[test]
fn who_waits_is_woken() {
    let Some(simulator) = Simulator::start() else { return };
    let tpm = Tpm::open(&simulator.tcti()).unwrap();
    let mut provider = TpmProvider::new(&tpm).unwrap();
    let pins = [&b""[..]];
    let trust = PinnedKey::subject_public_key_info(&pins);
    let config = ClientConfig::new(&trust);
    let mut client = Connection::client(&config, None, buffers()).unwrap();
    client.process(&mut provider).unwrap();
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(count.clone());
    let since = Instant::now();
    while client.records().is_empty() {
        assert!(since.elapsed() < Duration::from_secs(20));
        if matches!(client.waiting_for(), WaitingFor::Operation(_)) {
            let before = count.0.load(Ordering::SeqCst);
            assert!(client.register_waker(&mut provider, &waker));
            while count.0.load(Ordering::SeqCst) == before {
                assert!(since.elapsed() < Duration::from_secs(20), "nobody wakes");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        client.process(&mut provider).unwrap();
    }
}

/// How long each rate is measured.
const A_WHILE: Duration = Duration::from_secs(2);

/// Signatures a second, with so many asked for at once.
fn signatures(key: &TpmKey, at_once: usize) -> f64 {
    let provider = &mut software();
    let scheme = Signer::<RustCrypto<Random>>::schemes(key)[0];
    let mut messages: Vec<_> = (0..at_once as u64).collect();
    let (since, mut count) = (Instant::now(), 0u64);
    while since.elapsed() < A_WHILE {
        for message in &mut messages {
            let text = [&[b' '; 122][..], &message.to_be_bytes()].concat();
            if let Poll::Ready(signed) = key.poll_sign(provider, scheme, &text, &mut [0; 512]) {
                signed.unwrap();
                count += 1;
                *message += at_once as u64;
            }
        }
        std::thread::sleep(Duration::from_micros(50));
    }
    count as f64 / since.elapsed().as_secs_f64()
}

/// Handshakes a second of a server whose key is in the TPM, with so many at once in one loop, and how long its calls
/// took. The clients are in the same loop.
fn handshakes(key: &TpmKey, at_once: usize) -> (f64, Vec<Duration>) {
    let info = key.subject_public_key_info();
    let (pins, identities) = ([info], [Identity::raw_public_key(&info, key)]);
    let trust = PinnedKey::subject_public_key_info(&pins);
    let groups = [NamedGroup::X25519];
    let client_config = ClientConfig::new(&trust).with_peer_certificate_types(RAW).with_named_groups(&groups);
    let server_config = ServerConfig::new(&identities);
    let begin = || {
        let client = Connection::client(&client_config, None, buffers()).unwrap();
        (client, Connection::server(&server_config, buffers()).unwrap())
    };
    let mut pairs: Vec<_> = (0..at_once).map(|_| begin()).collect();
    let (provider, mut times) = (&mut software(), Vec::new());
    // From when the first is done: as many are under way then as at the end.
    let (mut since, mut count, mut is_under_way) = (Instant::now(), 0u64, false);
    while since.elapsed() < A_WHILE {
        for pair in &mut pairs {
            let (client, server) = pair;
            client.process(provider).unwrap();
            let came = carry(client, server);
            let begun = Instant::now();
            server.process(provider).unwrap();
            let took = begun.elapsed();
            // Questions in vain are short and many.
            if came + carry(server, client) > 0 {
                times.push(took);
            }
            if client.is_connected() && server.is_connected() {
                if std::mem::replace(&mut is_under_way, true) {
                    count += 1;
                } else {
                    since = Instant::now();
                }
                *pair = begin();
            }
        }
    }
    (count as f64 / since.elapsed().as_secs_f64(), times)
}

/// Printed, not asserted: it depends on the TPM and on the machine. swtpm is faster than any chip, so it is measured as
/// it is and with commands that take longer.
#[test]
#[ignore = "it measures, for 20 seconds"]
fn rates() {
    let Some(simulator) = Simulator::start() else { return };
    let handle = with_keys(&simulator, &[Kind::P256])[0];
    println!(
        "| each command | at once | signatures/s | handshakes/s | of it | calls of the server: 95 of 100, the longest |"
    );
    println!("|---|---|---|---|---|---|");
    for late in [0, 10].map(Duration::from_millis) {
        let way = if late.is_zero() { simulator.port } else { between(&simulator, Arc::default(), late) };
        let tpm = Tpm::open(&tcti(way)).unwrap();
        let key = TpmKey::open(&tpm, handle).unwrap();
        for at_once in [1, 8] {
            let bare = signatures(&key, at_once);
            let (rate, mut times) = handshakes(&key, at_once);
            times.sort();
            let (most, longest) = (times[times.len() * 95 / 100], times[times.len() - 1]);
            let share = rate / bare;
            println!("| {late:?} more | {at_once} | {bare:.0} | {rate:.0} | {share:.2} | {most:?}, {longest:?} |");
        }
        drop(key);
        drop(tpm);
        // The simulator talks to one at a time.
        std::thread::sleep(Duration::from_millis(100));
    }
}
