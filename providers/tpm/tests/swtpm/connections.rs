//! Whole connections.

use crate::simulator::{Kind, Simulator, with_keys};
use saitls_conformance::Random;
use saitls_core::codes::CertificateType;
use saitls_core::config::{ClientAuthentication, ClientConfig, Identity, ServerConfig};
use saitls_core::crypto::{CryptoProvider, PinnedKey};
use saitls_core::{Buffers, Connection, Result, WaitingFor};
use saitls_rustcrypto::RustCrypto;
use saitls_tpm::{Tpm, TpmKey, TpmProvider};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
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
