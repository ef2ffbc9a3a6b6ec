//! A TLS client over the serial line, without a network stack: fetches a page from a server whose key is pinned, whose
//! chain is verified, or that has the same pre-shared key; and says what that took.

#![no_std]
#![no_main]

#[cfg(any(feature = "chain", feature = "ordered"))]
use core::time::Duration;
use saitls_core::config::ClientConfig;
#[cfg(not(any(feature = "chain", feature = "ordered", feature = "psk")))]
use saitls_core::crypto::PinnedKey;
use saitls_core::{Buffers, Connection, DnsName, Error, ProviderFault, ServerName};
#[cfg(feature = "asm-p256")]
use saitls_firmware::assembly::Assembly as Crypto;
#[cfg(feature = "sliced")]
use saitls_firmware::sliced::Sliced as Crypto;
use saitls_firmware::{
    host, report,
    serial::{handshake, step},
    singleton, stack, timer,
    trng::Trng,
    uart::Uart,
};
#[cfg(not(any(feature = "asm-p256", feature = "sliced")))]
use saitls_rustcrypto::RustCrypto as Crypto;

/// SHA-256 of the SubjectPublicKeyInfos that the server may have: one on P-256, one of Ed25519.
#[cfg(not(any(feature = "chain", feature = "ordered", feature = "psk")))]
static PINS: [[u8; 32]; 2] =
    [*include_bytes!("../../pki/leaf.spki.sha256"), *include_bytes!("../../pki/ed25519.spki.sha256")];

/// The server; a name that is known beforehand needs no code to be read.
static NAME: ServerName<'static> = match DnsName::try_from_str("server.test") {
    Ok(name) => ServerName::DnsName(name),
    Err(_) => panic!("no name"),
};

const REQUEST: &[u8] = b"GET /page HTTP/1.0\r\n\r\n";

#[cfg(not(feature = "small-records"))]
const BUFFERS: (usize, usize) = (saitls_core::limits::FULL_RECEIVE_BUFFER_LEN, 4_096);
#[cfg(feature = "small-records")]
const BUFFERS: (usize, usize) = (1_200, 512);

/// What the connection took.
#[derive(Default)]
struct Taken {
    longest: u32,
    bulk: u32,
    bytes: u32,
}

saitls_firmware::entry!(main);

#[inline(always)]
fn main() -> ! {
    timer::start();
    #[cfg(feature = "asm-p256")]
    saitls_firmware::ldm::start();
    let result = run();
    if let Err(error) = &result {
        report::error(*error);
    }
    host::exit(result.is_ok())
}

/// What lasts as long as the program: it is in static memory, where its size is known beforehand.
macro_rules! forever {
    ($type:ty, $value:expr) => {
        singleton!(: Option<$type> = None).ok_or(Error::Internal)?.insert($value)
    };
}

type Provider = Crypto<Trng>;

fn run() -> Result<(), Error> {
    let mut provider = Crypto(Trng::new().map_err(|_| ProviderFault::RandomFailed)?);
    let tls = connection()?;
    stack::paint();
    let mut uart = Uart::new();
    let mut taken = Taken::default();

    handshake(tls, &mut provider, &mut uart, &mut taken.longest)?;

    stack::paint();
    let _ = tls.write(REQUEST)?;
    while !tls.is_peer_closed() {
        taken.bulk += step(tls, &mut provider, &mut uart, &mut taken.longest)?;
        let len = tls.data().len();
        taken.bytes += len as u32;
        let before = timer::ticks();
        tls.data_read(len);
        taken.bulk += timer::ticks().wrapping_sub(before);
    }
    tls.close();
    step(tls, &mut provider, &mut uart, &mut taken.longest)?;
    let bulk_stack = stack::peak();
    report::line("bulk ticks", taken.bulk);
    report::line("bulk bytes", taken.bytes);
    report::line("bulk stack", bulk_stack);
    #[cfg(feature = "rsa")]
    report::line("heap", saitls_firmware::heap::peak());
    Ok(())
}

/// A connection in static memory, with all it refers to.
#[inline(never)]
fn connection() -> Result<&'static mut Connection<'static, Provider>, Error> {
    #[cfg(not(any(feature = "chain", feature = "ordered", feature = "psk")))]
    let trust = {
        static TRUST: PinnedKey<'static> = PinnedKey::sha256(&PINS);
        &TRUST
    };
    #[cfg(any(feature = "chain", feature = "ordered"))]
    let trust = {
        #[cfg(feature = "ordered")]
        use saitls_chain::{ChainVerifier, Der, TrustAnchor, UnixTime};
        #[cfg(not(feature = "ordered"))]
        use saitls_webpki::{ChainVerifier, Der, TrustAnchor, UnixTime};
        // Taken apart beforehand, as those of the crate `webpki-roots` are: with code that would do it, an image has
        // 0.9 kB more.
        static ANCHORS: [TrustAnchor<'static>; 1] = [TrustAnchor {
            subject: Der::from_slice(include_bytes!("../../pki/root.subject.bin")),
            subject_public_key_info: Der::from_slice(include_bytes!("../../pki/root.spki.bin")),
            name_constraints: None,
        }];
        fn clock() -> Result<UnixTime, Error> {
            Ok(UnixTime::since_unix_epoch(Duration::from_secs(host::unix_time().into())))
        }
        static CLOCK: fn() -> Result<UnixTime, Error> = clock;
        static TRUST: ChainVerifier<'static> = match ChainVerifier::new(&ANCHORS, &CLOCK) {
            Ok(trust) => trust,
            Err(_) => panic!("no anchors"),
        };
        &TRUST
    };
    #[cfg(not(feature = "psk"))]
    let config = ClientConfig::new(trust);
    #[cfg(feature = "psk")]
    let config = {
        use saitls_core::psk::PreSharedKey;
        // Everybody knows it: it is that of a measurement.
        static KEYS: [PreSharedKey<'static, Provider>; 1] = [PreSharedKey::new(b"board", &[0x5a; 32])];
        ClientConfig::psk_only(&KEYS)
    };
    #[cfg(feature = "psk-ke")]
    let config = config.with_psk_modes(saitls_core::psk::PskModes::WithoutKeyExchange);
    #[cfg(feature = "small-records")]
    let config = config.with_max_fragment_length(saitls_core::codes::MaxFragmentLength::BYTES_1024);
    let config = forever!(ClientConfig<'static, Provider>, config);
    let receive = singleton!(: [u8; BUFFERS.0] = [0; BUFFERS.0]).ok_or(Error::Internal)?;
    let transmit = singleton!(: [u8; BUFFERS.1] = [0; BUFFERS.1]).ok_or(Error::Internal)?;
    let buffers = Buffers::new(&mut receive[..], &mut transmit[..]);
    let connection = Connection::client(config, Some(NAME.clone()), buffers)?;
    Ok(forever!(Connection<'static, Provider>, connection))
}
