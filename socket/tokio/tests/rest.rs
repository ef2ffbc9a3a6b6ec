//! What idle connections take of the heap.
#![allow(clippy::unwrap_used)]

mod common;

use common::{connected, pattern};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf, duplex};

use std::pin::Pin;
use std::task::{Context, Waker};

/// Waits for what does not come, once.
fn rest(stream: &mut (impl AsyncRead + Unpin)) {
    let mut room = [0; 1];
    let read = Pin::new(stream).poll_read(&mut Context::from_waker(Waker::noop()), &mut ReadBuf::new(&mut room));
    assert!(read.is_pending());
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Both ends of a connection, at rest, over transports that hold nothing: less than one buffer in all.
#[test]
fn connections_at_rest_hold_no_buffers() {
    let runtime = runtime();
    // What is made once: the provider's tables, and the like.
    drop(runtime.block_on(connected(100)));
    let mut ends = None;
    let taken = allocation_counter::measure(|| ends = Some(runtime.block_on(connected(100))));
    // Each end's configuration has its buffers in a pool.
    let pooled = 4 * 66_580;
    assert!(taken.bytes_current < pooled + 16_000, "{} bytes", taken.bytes_current);
    let (mut client, mut server) = ends.unwrap();
    for len in [1, 5_000, 100_000] {
        let data = pattern(len);
        let taken = allocation_counter::measure(|| {
            runtime.block_on(async {
                let mut received = vec![0; len];
                let send = async {
                    client.write_all(&data).await?;
                    client.flush().await
                };
                let (sent, read) = tokio::join!(send, server.read_exact(&mut received));
                sent.and(read).unwrap();
                assert!(received == data);
            });
            rest(&mut client);
            rest(&mut server);
        });
        assert!(taken.bytes_current < 1_000, "{} bytes more after {len}", taken.bytes_current);
    }
}

/// Of connections at rest, those that were busy last have keys that are ready for use, a thousand of them at both ends.
/// Nobody notices.
#[test]
fn connections_at_rest_make_their_keys_again() {
    let runtime = runtime();
    let (connector, acceptor) = (common::connector(), common::acceptor());
    let mut ends = Vec::new();
    runtime.block_on(async {
        for _ in 0..1_030 {
            let (here, there) = duplex(64);
            let (client, server) = tokio::join!(connector.connect(common::name(), here), acceptor.accept(there));
            ends.push((client.unwrap(), server.unwrap()));
        }
        for index in [7, 1_029, 7, 8] {
            let (client, server) = &mut ends[index];
            client.write_all(b"still there").await.unwrap();
            client.flush().await.unwrap();
            server.read_exact(&mut [0; 11]).await.unwrap();
            rest(server);
            server.write_all(b"yes").await.unwrap();
            server.flush().await.unwrap();
            client.read_exact(&mut [0; 3]).await.unwrap();
            rest(client);
        }
    });
}
