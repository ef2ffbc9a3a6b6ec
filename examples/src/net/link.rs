//! One connection through the gateway: a TCP socket of the host on one side, one of smoltcp on the other.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::Shutdown;

use mio::net::TcpStream;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;

/// Passes bytes, ends of stream and resets both ways.
pub(super) struct Link {
    pub(super) handle: SocketHandle,
    host: TcpStream,
    /// Whether reading may give something: set by an event, cleared when it does not.
    readable: bool,
    /// The same for writing.
    writable: bool,
    /// The host's end of stream has come and was passed on.
    host_ended: bool,
    /// The host's connection has failed: what it sent is delivered, then the device gets a reset.
    host_failed: bool,
    /// The device's end of stream was passed on.
    device_ended: bool,
}

/// What became of a [`Link`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing moved.
    Idle,
    /// Something did.
    Moved,
    /// The connection is over on both sides.
    Over,
}

impl Link {
    pub(super) const fn new(handle: SocketHandle, host: TcpStream) -> Self {
        Self {
            handle,
            host,
            readable: true,
            writable: true,
            host_ended: false,
            host_failed: false,
            device_ended: false,
        }
    }

    /// The host's socket may be ready again.
    pub(super) const fn wake(&mut self) {
        self.readable = true;
        self.writable = true;
    }

    pub(super) const fn host_mut(&mut self) -> &mut TcpStream {
        &mut self.host
    }

    /// Moves what can be moved.
    pub(super) fn pump(&mut self, tcp: &mut tcp::Socket<'_>) -> Progress {
        let before = (self.host_ended, self.host_failed, self.device_ended);
        let mut moved = self.device_to_host(tcp);
        moved |= self.host_to_device(tcp);
        if self.host_failed && tcp.send_queue() == 0 && tcp.state() != tcp::State::Closed {
            tcp.abort();
            moved = true;
        }
        if self.is_over(tcp) {
            return Progress::Over;
        }
        moved |= before != (self.host_ended, self.host_failed, self.device_ended);
        if moved { Progress::Moved } else { Progress::Idle }
    }

    fn device_to_host(&mut self, tcp: &mut tcp::Socket<'_>) -> bool {
        let mut moved = false;
        while self.writable && tcp.can_recv() && !self.host_failed {
            let host = &mut self.host;
            let written = tcp.recv(|data| match host.write(data) {
                Ok(count) => (count, Ok(count)),
                Err(error) => (0, Err(error)),
            });
            match written {
                Ok(Ok(_)) => moved = true,
                Ok(Err(error)) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Ok(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                // What the peer had sent before is still there to read.
                Ok(Err(_)) => self.fail_after_reading(),
                Err(_) => break,
            }
        }
        let device_is_done = matches!(
            tcp.state(),
            tcp::State::CloseWait | tcp::State::LastAck | tcp::State::Closing | tcp::State::TimeWait
        );
        if device_is_done && !self.device_ended && tcp.recv_queue() == 0 {
            // An error here says that the connection is gone: reading tells.
            let _ = self.host.shutdown(Shutdown::Write);
            self.device_ended = true;
        }
        moved
    }

    /// The host refuses data. It is read to its end like any other, only that what the device sends goes nowhere.
    const fn fail_after_reading(&mut self) {
        self.readable = true;
        self.host_failed = true;
    }

    fn host_to_device(&mut self, tcp: &mut tcp::Socket<'_>) -> bool {
        let mut moved = false;
        if self.host_failed && tcp.can_recv() {
            moved |= tcp.recv(|data| (data.len(), data.len())).is_ok_and(|dropped| dropped > 0);
        }
        while self.readable && !self.host_ended && tcp.can_send() {
            let host = &mut self.host;
            let read = tcp.send(|room| match host.read(room) {
                Ok(count) => (count, Ok(count)),
                Err(error) => (0, Err(error)),
            });
            match read {
                Ok(Ok(0)) => self.host_ended = true,
                Ok(Ok(_)) => moved = true,
                Ok(Err(error)) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
                Ok(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Ok(Err(_)) => {
                    self.host_ended = true;
                    self.host_failed = true;
                }
                Err(_) => break,
            }
        }
        self.end_device(tcp);
        moved
    }

    /// Passes the host's end of stream on. If the device's was there before, once the device has acknowledged all that
    /// came before it: from CLOSE-WAIT smoltcp goes to LAST-ACK at once, where it does not see that a window has opened
    /// again until it probes it, a second later each time (docs/upstream/smoltcp-last-ack-window.md).
    fn end_device(&self, tcp: &mut tcp::Socket<'_>) {
        let has_left = tcp.state() != tcp::State::CloseWait || tcp.send_queue() == 0;
        if self.host_ended && !self.host_failed && has_left {
            tcp.close();
        }
    }

    /// Whether the host has all that the device sent, its end of stream included.
    pub(super) const fn has_delivered(&self) -> bool {
        self.device_ended
    }

    fn is_over(&self, tcp: &tcp::Socket<'_>) -> bool {
        match tcp.state() {
            // A reset that is yet to leave keeps the addresses of the connection.
            tcp::State::Closed => tcp.remote_endpoint().is_none() && (self.host_failed || tcp.recv_queue() == 0),
            // The cable loses nothing, so nobody will ask for the last acknowledgement again.
            tcp::State::TimeWait => self.device_ended,
            _ => false,
        }
    }

    /// Ends the host's side: with a reset if the device gave up, quietly once it had sent its end of stream.
    pub(super) fn finish(self) {
        if !self.device_ended {
            reset(&self.host);
        }
    }
}

/// Makes the host send a reset when `stream` is dropped.
fn reset(stream: &TcpStream) {
    let _: io::Result<()> = socket2::SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO));
}
