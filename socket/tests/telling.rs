//! What `log` is told.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/pipe.rs"]
mod pipe;

use common::{client_config, provider, server_config};
use embedded_io_async::{Read as _, Write as _};
use log::{Level, Log, Metadata, Record};
use pipe::{Asynchronous, pipe, poll_times};
use saitls::{Buffers, ServerName, asynch::TlsStream};
use std::sync::Mutex;

struct Listener(Mutex<Vec<(Level, String)>>);

impl Log for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        assert!(record.target().starts_with("saitls"), "{}", record.target());
        self.0.lock().unwrap().push((record.level(), record.args().to_string()));
    }

    fn flush(&self) {}
}

static LISTENER: Listener = Listener(Mutex::new(Vec::new()));

fn buffers() -> Buffers<'static> {
    Buffers::new(vec![0; 16_645], vec![0; 4_096])
}

#[test]
fn states_what_was_agreed_on_and_failures_are_told() {
    log::set_logger(&LISTENER).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let (here, there) = pipe(10_000);
    let name = ServerName::try_from("server.test").ok();
    let mut client = TlsStream::client(client_config(), name, buffers(), provider(1), Asynchronous(here)).unwrap();
    let mut server = TlsStream::server(server_config(), buffers(), provider(2), Asynchronous(there)).unwrap();
    while poll_times(client.handshake(), 1).is_none() | poll_times(server.handshake(), 1).is_none() {}
    let text = b"nobody's business";
    poll_times(async { client.write_all(text).await.and(client.flush().await) }, 10).unwrap().unwrap();
    let mut room = [0; 100];
    assert_eq!(poll_times(server.read(&mut room), 10).unwrap(), Ok(text.len()));
    poll_times(server.shutdown(), 10).unwrap().unwrap();
    assert_eq!(poll_times(client.read(&mut room), 10).unwrap(), Ok(0));
    let told = std::mem::take(&mut *LISTENER.0.lock().unwrap());
    let lines = |role: &str| -> Vec<&str> { told.iter().filter_map(|(_, line)| line.strip_prefix(role)).collect() };
    for state in ["WAIT_SH", "WAIT_EE", "WAIT_FINISHED", "CONNECTED", "the peer has closed"] {
        assert!(lines("client: ").contains(&state), "{state}: {told:#?}");
    }
    assert!(lines("server: ").contains(&"CONNECTED"), "{told:#?}");
    let infos: Vec<_> = told.iter().filter(|(level, _)| *level == Level::Info).collect();
    assert_eq!(infos.len(), 2, "{told:#?}");
    assert!(infos.iter().all(|(_, line)| line.contains("connected with TLS_")), "{infos:?}");
    assert!(told.iter().all(|(_, line)| !line.contains("nobody") && line.len() < 300), "{told:#?}");

    // The peer is no TLS.
    let (here, there) = pipe(10_000);
    let mut client = TlsStream::client(client_config(), None, buffers(), provider(3), Asynchronous(here)).unwrap();
    assert!(poll_times(client.handshake(), 3).is_none());
    poll_times(Asynchronous(there).write_all(b"HTTP/1.1 400 Bad Request\r\n"), 3).unwrap().unwrap();
    let error = poll_times(client.handshake(), 3).unwrap().unwrap_err();
    let told = std::mem::take(&mut *LISTENER.0.lock().unwrap());
    assert_eq!(told.last().unwrap(), &(Level::Warn, format!("client: failed in WAIT_SH: {error}")));
}
