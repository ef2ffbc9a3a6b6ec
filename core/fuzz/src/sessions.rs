//! Tickets of any kind, what becomes of their sessions in storage, and how these come back.

use crate::cryptography::Provider;
use crate::input::Input;
use crate::support::forger::*;
use crate::support::*;
use core::time::Duration;
use rustls_pki_types::UnixTime;
use saitls_core::codes::*;
use saitls_core::config::ClientConfig;
use saitls_core::session::{Session, SessionStore};
use saitls_core::wire::extensions::{MaxEarlyDataSize, OfferedPsks};
use saitls_core::{Connection, EarlyDataStatus, Error, ServerName};
use std::sync::Mutex;
use std::task::Poll;

/// The bytes of one session, whatever they are.
#[derive(Default)]
struct Storage(Mutex<Vec<u8>>);

impl SessionStore<Provider> for Storage {
    fn put(&self, _: &mut Provider, session: &Session<'_>) -> saitls_core::Result<()> {
        let mut bytes = vec![0; session.len()];
        assert_eq!(session.write(&mut bytes), Some(bytes.len()));
        *self.0.lock().unwrap() = bytes;
        Ok(())
    }

    fn poll_take(
        &self,
        _: &mut Provider,
        _: Option<&ServerName<'_>>,
        out: &mut [u8],
    ) -> Poll<saitls_core::Result<Option<usize>>> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let Some(room) = out.get_mut(..bytes.len()) else { return Poll::Ready(Ok(None)) };
        room.copy_from_slice(&bytes);
        Poll::Ready(Ok(Some(bytes.len())))
    }
}

pub fn sessions(data: &[u8]) {
    let mut input = Input::new(data);
    let (settings, age) = (input.byte(), input.byte());
    let (store, clock) = (Storage::default(), UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000)));
    let later = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000 + u64::from(age) * 4_000));
    let config = |clock| ClientConfig::new(&ANY).with_sessions(&store).with_session_clock(clock).with_early_data();
    let (first, second) = (config(&clock), config(&later));
    let connection = |config| {
        let buffers = buffers(3_000, 1_500).with_session_buffer(vec![0; 700]);
        Tested::new(Connection::client(config, name("localhost"), buffers).unwrap())
    };

    let (mut tested, mut forger) = (connection(&first), Forger::server());
    forger.connect(&mut tested);
    let (nonce, ticket) = (input.byte(), input.word() % 600);
    let (nonce, ticket) = (input.bytes(nonce.into()), pattern(ticket));
    let psk = forger.resumption_psk(nonce);
    let message = written(|writer| {
        writer.message(HandshakeType::NEW_SESSION_TICKET, |writer| {
            writer.u32(if settings & 1 == 1 { 604_800 } else { u32::from(input.byte()) * 1_000 });
            writer.u32(0xffff_fff0);
            writer.vector8(|writer| writer.bytes(nonce));
            writer.vector16(|writer| writer.bytes(&ticket));
            writer.vector16(|writer| {
                if settings & 2 == 2 {
                    MaxEarlyDataSize { max_early_data_size: 100 }.write(writer);
                }
            });
        });
    });
    let kept = forger.send_messages(&mut tested, &message);
    assert!(kept.is_ok() || ticket.is_empty());
    drop(tested);

    let mut bytes = std::mem::take(&mut *store.0.lock().unwrap());
    for _ in 0..settings >> 6 {
        let (at, value, len) = (input.word(), input.byte(), bytes.len());
        if len > 0 {
            bytes[at % len] ^= value;
        }
    }
    if settings & 4 == 4 {
        bytes = input.rest().to_vec();
    }
    if let Ok(session) = Session::read(&bytes) {
        let mut again = vec![0; session.len()];
        assert_eq!(session.write(&mut again), Some(again.len()));
        assert_eq!(again, bytes[..again.len()]);
    }
    *store.0.lock().unwrap() = bytes;

    let (mut tested, mut forger) = (connection(&second), Forger::server());
    // An identity that does not fit is no fault of a session's that was made here.
    match tested.process() {
        Ok(()) => {}
        Err(Error::TransmitBufferTooSmall(_)) => return,
        Err(error) => panic!("{error:?}"),
    }
    forger.receive(&mut tested);
    let extensions = forger.client_hello.clone().unwrap().extensions.unwrap();
    let offers = extensions.has(ExtensionType::PRE_SHARED_KEY);
    assert!(!offers || OfferedPsks::read(extensions.get(ExtensionType::PRE_SHARED_KEY)).unwrap().iter().count() == 1);
    let early = tested.connection.early_data().map_or(0, |mut early| early.write_replayable(&[7; 200]));
    assert!(early <= 100 || settings & 0xc4 != 0);
    assert_eq!(early > 0, extensions.has(ExtensionType::EARLY_DATA));
    let _ = tested.process();
    tested.take();
    // The server goes on with the ticket, or as if there were none.
    let resumes = offers && settings & 8 == 8;
    forger.psk = resumes.then_some(psk);
    let mut hello = forger.make_server_hello();
    if resumes {
        hello.extensions().set(ExtensionType::PRE_SHARED_KEY, [0, 0]);
    }
    let certificate: &[Step] = if resumes { &[] } else { &[Step::Certificate, Step::CertificateVerify] };
    let result = forger.send_messages(&mut tested, &hello.message());
    let steps = [&[Step::EncryptedExtensions], certificate, &[Step::Finished]].concat();
    let result = result.and_then(|()| forger.steps(&mut tested, &steps));
    assert_ne!(result, Err(Error::Internal));
    if settings & 0xc4 == 0 {
        assert_eq!(result, Ok(()));
        assert!(tested.connection.is_connected());
        let status = if early > 0 { EarlyDataStatus::Rejected } else { EarlyDataStatus::NotOffered };
        assert_eq!(tested.connection.early_data_status(), status);
    }
}
