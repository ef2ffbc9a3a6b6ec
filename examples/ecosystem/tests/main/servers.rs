//! picoserve and edge-http, which serve curl.

use crate::peers;
use edge_http::io::server::{Connection, Handler, Server};
use edge_nal::TcpBind;
use embedded_io_adapters::tokio_1::FromTokio;
use embedded_io_async::{ErrorType, Read, Write};
use picoserve::io::Socket;
use picoserve::mem::{BorrowedBuffer, BorrowedCursor};
use picoserve::routing::get;
use picoserve::{Timeouts, TokioRuntime};
use saitls::asynch::{TlsReader, TlsStream, TlsWriter};
use saitls::pool::{BufferPool, TlsAcceptor};
use saitls::rustcrypto::RustCrypto;
use saitls::stream::Session;
use saitls::{Buffers, Shared, StreamError};
use saitls_ecosystem::ends::Provider;
use std::cell::RefCell;
use std::fmt::{Debug, Display};
use std::io;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// A TLS connection for picoserve, whose sockets come in halves. On embassy, `TcpStream` is embassy-net's `TcpSocket`,
/// and its halves need no `FromTokio`.
struct Secured<'s> {
    session: RefCell<Session<'s, Provider>>,
    socket: TcpStream,
}

/// A writer that lends a buffer.
struct Lending<W>(W);

impl<W: ErrorType> ErrorType for Lending<W> {
    type Error = W::Error;
}

impl<W: Write> Write for Lending<W> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, W::Error> {
        self.0.write(data).await
    }

    async fn flush(&mut self) -> Result<(), W::Error> {
        self.0.flush().await
    }
}

impl<W: Write> picoserve::io::Write for Lending<W> {
    async fn write_with<F: FnOnce(BorrowedCursor<'_>) -> R, R>(&mut self, f: F) -> Result<R, W::Error> {
        let mut room = [0; 256];
        let mut room = BorrowedBuffer::new(&mut room);
        let output = f(room.unfilled());
        self.0.write_all(room.filled()).await?;
        Ok(output)
    }
}

impl<'s> Socket<TokioRuntime> for Secured<'s> {
    type Error = StreamError<io::Error>;
    type ReadHalf<'a>
        = TlsReader<&'a RefCell<Session<'s, Provider>>, FromTokio<ReadHalf<'a>>>
    where
        Self: 'a;
    type WriteHalf<'a>
        = Lending<TlsWriter<&'a RefCell<Session<'s, Provider>>, FromTokio<WriteHalf<'a>>>>
    where
        Self: 'a;

    fn split(&mut self) -> (Self::ReadHalf<'_>, Self::WriteHalf<'_>) {
        let (reader, writer) = self.socket.split();
        let reader = TlsReader::new(&self.session, FromTokio::new(reader));
        (reader, Lending(TlsWriter::new(&self.session, FromTokio::new(writer))))
    }

    /// Dropping it does.
    async fn abort<T: picoserve::Timer<TokioRuntime>>(
        self,
        _: &Timeouts,
        _: &T,
    ) -> Result<(), picoserve::Error<Self::Error>> {
        Ok(())
    }

    /// Says goodbye, and waits for the peer's.
    async fn shutdown<T: picoserve::Timer<TokioRuntime>>(
        self,
        timeouts: &Timeouts,
        timer: &T,
    ) -> Result<(), picoserve::Error<Self::Error>> {
        let mut stream = TlsStream::from_session(self.session.into_inner(), FromTokio::new(self.socket));
        let said = timer.run_with_timeout(timeouts.write, stream.shutdown()).await;
        said.map_err(picoserve::Error::WriteTimeout)?.map_err(picoserve::Error::Write)?;
        let ended = timer.run_with_timeout(timeouts.read_request, async {
            while stream.read(&mut [0; 128]).await? > 0 {}
            Ok(())
        });
        ended.await.map_err(picoserve::Error::ReadTimeout)?.map_err(picoserve::Error::Read)
    }
}

#[test]
fn picoserve_serves_curl() {
    let app = picoserve::Router::new()
        .route("/", get(async || "It works"))
        .route("/again", get(async || " as often as you like"));
    let config = picoserve::Config::new(Timeouts::default()).keep_connection_alive();
    let (mut receive, mut transmit) = ([0; 16_645], [0; 1_024]);
    let page = peers::run(async {
        let listener = TcpListener::bind(peers::address(0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serve = async {
            let (socket, _) = listener.accept().await.unwrap();
            let buffers = Buffers::new(&mut receive, &mut transmit);
            let mut stream =
                TlsStream::server(peers::server_config(), buffers, RustCrypto::os(), FromTokio::new(socket)).unwrap();
            stream.handshake().await.unwrap();
            let (session, socket) = stream.into_session();
            let socket = Secured { session: RefCell::new(session), socket: socket.into_inner() };
            let mut room = [0; 2_048];
            let served = picoserve::Server::new_tokio(&app, &config, &mut room).serve(socket).await.unwrap();
            assert_eq!(served.handled_requests_count, 2);
        };
        tokio::join!(serve, peers::curl(port, &["/", "/again"])).1
    });
    assert_eq!(page, "It works as often as you like");
}

/// Says where it was asked to go.
struct Echo;

impl Handler for Echo {
    type Error<E>
        = edge_http::io::Error<E>
    where
        E: Debug;

    async fn handle<T: Read + Write, const N: usize>(
        &self,
        _: impl Display + Copy,
        connection: &mut Connection<'_, T, N>,
    ) -> Result<(), Self::Error<T::Error>> {
        let page = format!("This is {}. ", connection.headers()?.path);
        connection.initiate_response(200, Some("OK"), &[("Content-Type", "text/plain")]).await?;
        connection.write_all(page.as_bytes()).await
    }
}

#[test]
fn edge_http_serves_curl() {
    let memory = || Buffers::new(vec![0; 16_645], vec![0; 1_024]);
    let pool = RefCell::new(BufferPool::new([memory(), memory()]));
    let provider = RefCell::new(RustCrypto::os());
    let acceptor = TlsAcceptor::new(edge_nal_std::Stack::new(), peers::server_config(), Shared(&provider), &pool);
    // As many handlers as there are buffers.
    let mut server = Server::<2, 2_048, 32>::new();
    let port = peers::free_port();
    let pages = peers::run(async {
        let acceptor = acceptor.bind(peers::address(port)).await.unwrap();
        tokio::select! {
            ended = server.run(Some(5_000), acceptor, Echo) => panic!("{ended:?}"),
            pages = async {
                let (first, second) = tokio::join!(peers::curl(port, &["/a", "/b"]), peers::curl(port, &["/c"]));
                first + &second + &peers::curl(port, &["/d"]).await
            } => pages,
        }
    });
    assert_eq!(pages, "This is /a. This is /b. This is /c. This is /d. ");
}
