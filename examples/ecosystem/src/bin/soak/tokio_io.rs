//! Streams of `embedded_io_async` over sockets of tokio.

use crate::asynchronous::{Pieces, read_all, talk, write_all};
use crate::course::{Course, Manner, connection};
use crate::std_io::sockets;
use embedded_io_adapters::tokio_1::FromTokio;
use saitls::asynch::{TlsReader, TlsStream, TlsWriter};
use saitls_ecosystem::ends;
use std::sync::{Arc, Mutex};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

type Socket = Pieces<FromTokio<TcpStream>>;
type Stream = TlsStream<'static, ends::Provider, Socket>;

/// A runtime, and the streams of both ends on it.
fn streams(course: Course, runtime: &Runtime) -> (Stream, Stream) {
    let _guard = runtime.enter();
    let (client, server) = sockets(course);
    let stream = |tcp: std::net::TcpStream, manner: Manner| {
        tcp.set_nonblocking(true).expect("it is a socket");
        let tcp = TcpStream::from_std(tcp).expect("the runtime has room");
        let transport = Pieces { transport: FromTokio::new(tcp), most: manner.piece };
        let session = ends::session(manner.role, manner.buffers);
        TlsStream::from_session(session, transport).with_flush_policy(manner.policy)
    };
    (stream(client, course.client), stream(server, course.server))
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("there are runtimes")
}

fn two_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("there are runtimes")
}

/// Both ends in one task.
pub fn on_one_thread(course: Course) {
    let runtime = one_thread();
    let (mut client, mut server) = streams(course, &runtime);
    connection(course, || {
        runtime.block_on(async { tokio::join!(talk(&mut client, course.client), talk(&mut server, course.server)) });
    });
}

/// Each end in a task of its own.
pub fn on_two_threads(course: Course) {
    let runtime = two_threads();
    let (client, server) = streams(course, &runtime);
    let run = |mut stream: Stream, manner| runtime.spawn(async move { talk(&mut stream, manner).await });
    connection(course, || {
        let (client, server) = (run(client, course.client), run(server, course.server));
        runtime.block_on(async {
            client.await.expect("the client does not panic");
            server.await.expect("the server does not panic");
        });
    });
}

/// A task for each half of each end.
pub fn halves(course: Course) {
    let runtime = two_threads();
    let (client, server) = streams(course, &runtime);
    let run = |mut stream: Stream, manner: Manner| {
        runtime.spawn(async move {
            stream.handshake().await.expect("nothing fails");
            let (session, socket) = stream.into_session();
            let session = Arc::new(Mutex::new(session));
            let (rx, tx) = socket.transport.into_inner().into_split();
            let half = |transport| Pieces { transport, most: manner.piece };
            let reader = TlsReader::new(Arc::clone(&session), half(FromTokio::new(rx)));
            let tx = Pieces { transport: FromTokio::new(tx), most: manner.piece };
            let writer = TlsWriter::new(Arc::clone(&session), tx);
            let (out, incoming) = manner.lanes();
            let reading = tokio::spawn(read_all(reader, incoming, manner));
            let writing = tokio::spawn(write_all(writer, session, out, manner));
            reading.await.expect("the reader does not panic");
            writing.await.expect("the writer does not panic");
        })
    };
    connection(course, || {
        let (client, server) = (run(client, course.client), run(server, course.server));
        runtime.block_on(async {
            client.await.expect("the client does not panic");
            server.await.expect("the server does not panic");
        });
    });
}
