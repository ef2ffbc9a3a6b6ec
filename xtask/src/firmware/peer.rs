//! Clients on the host.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Ends a connection by a reset.
pub(super) fn reset(stream: TcpStream) -> Result<(), String> {
    let linger = Some(Duration::ZERO);
    socket2::SockRef::from(&stream).set_linger(linger).map_err(|error| error.to_string())
}

/// The way to the standard input of a client.
pub(super) enum Input {
    Pipe(ChildStdin),
    /// Whatever the client reads at once, it was given in one piece, of this length at most.
    ///
    /// gnutls-cli reads up to 4,095 bytes, makes one record of them, and forgets what the record had no room for.
    Pieces(UnixDatagram, usize),
}

impl Input {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        match self {
            Self::Pipe(pipe) => pipe.write_all(bytes).map_err(|error| error.to_string()),
            &mut Self::Pieces(_, len) => bytes.chunks(len).try_for_each(|piece| self.write_at_once(piece)),
        }
    }

    pub(super) fn write_at_once(&mut self, piece: &[u8]) -> Result<(), String> {
        match self {
            Self::Pipe(_) => self.write(piece),
            Self::Pieces(socket, _) => socket.send(piece).map(drop).map_err(|error| error.to_string()),
        }
    }
}

/// A client with a way to its input, and a pipe from its output.
pub(super) struct Peer {
    child: Child,
    pub(super) input: Input,
    stdout: ChildStdout,
}

impl Peer {
    pub(super) fn start(command: &mut Command) -> Result<Self, String> {
        let mut child = spawn(command.stdin(Stdio::piped()))?;
        let input = child.stdin.take().map(Input::Pipe).ok_or("no pipe")?;
        let stdout = child.stdout.take().ok_or("no pipe")?;
        Ok(Self { child, input, stdout })
    }

    /// A client that makes one record of what it reads at once.
    pub(super) fn start_in_pieces(command: &mut Command, len: usize) -> Result<Self, String> {
        let (ours, theirs) = UnixDatagram::pair().map_err(|error| error.to_string())?;
        let mut child = spawn(command.stdin(Stdio::from(OwnedFd::from(theirs))))?;
        // What is left of the command holds the other end of the socket: it must not keep it open when the client ends.
        command.stdin(Stdio::null());
        let stdout = child.stdout.take().ok_or("no pipe")?;
        Ok(Self { child, input: Input::Pieces(ours, len), stdout })
    }

    /// Sends a request, and returns all that comes back.
    pub(super) fn exchange(mut self, request: &[u8]) -> Result<Vec<u8>, String> {
        self.input.write(request)?;
        self.answer()
    }

    /// All that comes back until the server closes.
    pub(super) fn answer(mut self) -> Result<Vec<u8>, String> {
        let mut answer = Vec::new();
        self.stdout.read_to_end(&mut answer).map_err(|error| error.to_string())?;
        let _ = self.child.kill();
        let _ = self.child.wait();
        Ok(answer)
    }
}

fn spawn(command: &mut Command) -> Result<Child, String> {
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())
}
