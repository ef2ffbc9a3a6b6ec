//! Streams of `std::io` and of `embedded_io`, over loopback.

use crate::course::{Course, Lane, MAX_CALL_LEN, Manner, call_len, connection, happens};
use crate::signals::interrupt;
use embedded_io_adapters::std::FromStd;
use saitls::stream::{Session, StreamError};
use saitls::{TlsStream, blocking};
use saitls_ecosystem::ends::{self, Provider, Role};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

/// A transport whose calls move few bytes.
pub struct Pieces<T> {
    transport: T,
    most: usize,
}

impl<T: Read> Read for Pieces<T> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = out.len().min(self.most);
        self.transport.read(&mut out[..len])
    }
}

impl<T: Write> Write for Pieces<T> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.transport.write(&data[..data.len().min(self.most)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.transport.flush()
    }
}

/// Two ends of a TCP connection, the client's first.
pub fn sockets(course: Course) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback is there");
    let client = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
    let (server, _) = listener.accept().expect("the client has come");
    for (socket, manner) in [(&client, course.client), (&server, course.server)] {
        let options = socket2::SockRef::from(socket);
        options.set_send_buffer_size(manner.socket_buffer).expect("it is a length");
        // Not the receiver's: with less than loopback's long segments, the kernel waits for its timers.
        options.set_tcp_nodelay(true).expect("it is TCP");
    }
    (client, server)
}

/// What streams of both kinds do.
trait Stream {
    fn write(&mut self, data: &[u8]) -> io::Result<usize>;
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize>;
    fn flush(&mut self) -> io::Result<()>;
    fn shutdown(&mut self) -> io::Result<()>;
    fn session(&mut self) -> &mut Session<'static, Provider>;
}

impl<T: Read + Write> Stream for TlsStream<'static, Provider, T> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Write::write(self, data)
    }
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        Read::read(self, out)
    }
    fn flush(&mut self) -> io::Result<()> {
        Write::flush(self)
    }
    fn shutdown(&mut self) -> io::Result<()> {
        Self::shutdown(self)
    }
    fn session(&mut self) -> &mut Session<'static, Provider> {
        self.session_mut()
    }
}

fn of_transport(error: StreamError<io::Error>) -> io::Error {
    match error {
        StreamError::Transport(error) => error,
        error => io::Error::other(error),
    }
}

impl<T: Read + Write> Stream for blocking::TlsStream<'static, Provider, FromStd<T>> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        embedded_io::Write::write(self, data).map_err(of_transport)
    }
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        embedded_io::Read::read(self, out).map_err(of_transport)
    }
    fn flush(&mut self) -> io::Result<()> {
        embedded_io::Write::flush(self).map_err(of_transport)
    }
    fn shutdown(&mut self) -> io::Result<()> {
        Self::shutdown(self).map_err(of_transport)
    }
    fn session(&mut self) -> &mut Session<'static, Provider> {
        self.session_mut()
    }
}

/// `None` for an error that goes away when the call is repeated.
fn passing<O>(result: io::Result<O>) -> Option<O> {
    match result {
        Ok(output) => Some(output),
        Err(error) => match error.kind() {
            ErrorKind::Interrupted | ErrorKind::TimedOut | ErrorKind::WouldBlock => {
                std::thread::yield_now();
                None
            }
            _ => panic!("{error:?}"),
        },
    }
}

/// Both directions, on one thread, until both ends have said goodbye. Whatever fails is repeated.
fn talk(stream: &mut impl Stream, manner: Manner) {
    let mut random = manner.random();
    let (mut out, mut incoming) = manner.lanes();
    let mut room = vec![0; MAX_CALL_LEN];
    let (mut is_shut, mut has_ended) = (false, false);
    // What failed is repeated; nothing says that the next call must be the same.
    let mut len = call_len(&mut random);
    while !(is_shut && has_ended) {
        if out.is_done() {
            is_shut = is_shut || passing(stream.shutdown()).is_some();
        } else if let Some(taken) = passing(stream.write(out.next(len))) {
            out.advance(taken);
            len = call_len(&mut random);
            if happens(&mut random, manner.update_every) {
                // As often as it may be.
                let _ = stream.session().connection_mut().update_keys(random.bool());
            }
        }
        if happens(&mut random, manner.flush_every) {
            let _ = passing(stream.flush());
        }
        if !has_ended && let Some(received) = passing(stream.read(&mut room[..call_len(&mut random)])) {
            incoming.check(&room[..received]);
            has_ended = received == 0;
        }
    }
    incoming.check_end();
}

/// Runs both ends, each on a thread of its own.
fn both(course: Course, run: fn(TcpStream, Manner)) {
    let (client, server) = sockets(course);
    connection(course, || {
        std::thread::scope(|scope| {
            let server = scope.spawn(move || run(server, course.server));
            run(client, course.client);
            server.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        });
    });
}

fn limit(tcp: &TcpStream, manner: Manner) {
    let mut random = manner.random();
    let mut limit = || Some(Duration::from_micros(random.u64(50..3_000)));
    tcp.set_read_timeout(limit()).expect("it is not zero");
    tcp.set_write_timeout(limit()).expect("it is not zero");
}

/// `TlsStream` with SO_RCVTIMEO, SO_SNDTIMEO and a timer's signals.
pub fn with_time_limits(course: Course) {
    both(course, |tcp, manner| {
        limit(&tcp, manner);
        let _interrupting = interrupt(Duration::from_micros(700));
        let transport = Pieces { transport: tcp, most: manner.piece };
        let session = ends::session(manner.role, manner.buffers);
        talk(&mut TlsStream::from_session(session, transport).with_flush_policy(manner.policy), manner);
    });
}

/// `blocking::TlsStream`, likewise.
pub fn embedded_with_time_limits(course: Course) {
    both(course, |tcp, manner| {
        limit(&tcp, manner);
        let _interrupting = interrupt(Duration::from_micros(700));
        let transport = FromStd::new(Pieces { transport: tcp, most: manner.piece });
        let session = ends::session(manner.role, manner.buffers);
        talk(&mut blocking::TlsStream::from_session(session, transport).with_flush_policy(manner.policy), manner);
    });
}

/// `TlsStream` over sockets that never wait.
pub fn without_blocking(course: Course) {
    both(course, |tcp, manner| {
        tcp.set_nonblocking(true).expect("it is a socket");
        let transport = Pieces { transport: tcp, most: manner.piece };
        let session = ends::session(manner.role, manner.buffers);
        talk(&mut TlsStream::from_session(session, transport).with_flush_policy(manner.policy), manner);
    });
}

/// `TlsReader` and `TlsWriter`, each on a thread of its own, over sockets that block; signals, and at one end time
/// limits.
pub fn split(course: Course) {
    both(course, |tcp, manner| {
        let session = ends::session(manner.role, manner.buffers);
        let transport = Pieces { transport: tcp, most: manner.piece };
        let stream = TlsStream::from_session(session, transport).with_flush_policy(manner.policy);
        let split = stream.split(|writing| {
            if manner.role == Role::Client {
                limit(&writing.transport, manner);
            }
            Ok(Pieces { transport: writing.transport.try_clone()?, most: manner.piece })
        });
        let (mut reader, mut writer) = split.expect("the handshake succeeds");
        let (mut out, mut incoming) = manner.lanes();
        std::thread::scope(|scope| {
            let reading = scope.spawn(move || {
                let _interrupting = interrupt(Duration::from_micros(900));
                read_all(&mut reader, &mut incoming, manner);
            });
            let _interrupting = interrupt(Duration::from_micros(700));
            let mut random = manner.random();
            let mut len = call_len(&mut random);
            while !out.is_done() {
                if let Some(taken) = passing(writer.write(out.next(len))) {
                    out.advance(taken);
                    len = call_len(&mut random);
                }
                if happens(&mut random, manner.update_every) {
                    let mut session = writer.session().lock().expect("nobody has panicked");
                    // As often as it may be.
                    let _ = session.connection_mut().update_keys(random.bool());
                }
                if happens(&mut random, manner.flush_every) {
                    let _ = passing(writer.flush());
                }
            }
            while passing(writer.shutdown()).is_none() {}
            reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        });
    });
}

fn read_all(reader: &mut impl Read, incoming: &mut Lane, manner: Manner) {
    let mut random = manner.random();
    let mut room = vec![0; MAX_CALL_LEN];
    loop {
        if let Some(received) = passing(reader.read(&mut room[..call_len(&mut random)])) {
            incoming.check(&room[..received]);
            if received == 0 {
                return incoming.check_end();
            }
        }
    }
}
