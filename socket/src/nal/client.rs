//! Connections.

use super::{NalError, NalSocket, Role, TlsStack, endpoint};
use crate::error::ConnectError;
use crate::set::{Lease, TlsSocketHandle};
use core::net::SocketAddr;
use embedded_nal::{TcpClientStack, nb};
use saitls_core::crypto::CryptoProvider;
use smoltcp::phy::Device;
use smoltcp::time::Instant;

impl<'a, D, P, C> TlsStack<'_, '_, 'a, D, P, C>
where
    D: Device + ?Sized,
    P: CryptoProvider,
    C: FnMut() -> Instant,
{
    fn begin_connect(
        &mut self,
        handle: TlsSocketHandle,
        port: Option<u16>,
        remote: SocketAddr,
    ) -> Result<(), NalError> {
        let config = self.client.ok_or(NalError::NoConfiguration)?;
        let remote = endpoint(remote).ok_or(NalError::Connect(ConnectError::Unaddressable))?;
        let port = match port {
            Some(port) => port,
            None => self.dynamic_port()?,
        };
        let name = self.server_name.clone();
        let socket = self.tls.get_mut(handle);
        if socket.error().is_some() && socket.is_open() {
            // What is left of an attempt before.
            socket.abort();
        }
        socket.connect(self.iface, self.sockets, config, name, remote, port).map_err(NalError::Connect)
    }

    /// How far the handshake is.
    fn check_connect(&self, handle: TlsSocketHandle) -> nb::Result<(), NalError> {
        let socket = self.tls.get(handle);
        if let Some(error) = socket.error() {
            Err(nb::Error::Other(NalError::Failed(error)))
        } else if socket.is_connected() {
            Ok(())
        } else if socket.is_open() {
            Err(nb::Error::WouldBlock)
        } else {
            Err(nb::Error::Other(NalError::InvalidState))
        }
    }
}

impl<D, P, C> TcpClientStack for TlsStack<'_, '_, '_, D, P, C>
where
    D: Device + ?Sized,
    P: CryptoProvider,
    C: FnMut() -> Instant,
{
    type TcpSocket = NalSocket;
    type Error = NalError;

    fn socket(&mut self) -> Result<NalSocket, NalError> {
        self.poll();
        Ok(NalSocket { role: Role::Unused(self.claim(Lease::Held)?, None) })
    }

    /// Done when the handshake is. After an error it may be tried again.
    fn connect(&mut self, socket: &mut NalSocket, remote: SocketAddr) -> nb::Result<(), NalError> {
        let handle = match socket.role {
            Role::Unused(handle, port) => {
                self.begin_connect(handle, port, remote)?;
                socket.role = Role::Connecting(handle);
                handle
            }
            Role::Connecting(handle) => handle,
            Role::Connected(_) | Role::Listening(_) => return Err(nb::Error::Other(NalError::InvalidState)),
        };
        self.poll();
        let result = self.check_connect(handle);
        match result {
            Ok(()) => socket.role = Role::Connected(handle),
            Err(nb::Error::WouldBlock) => {}
            Err(nb::Error::Other(_)) => socket.role = Role::Unused(handle, None),
        }
        result
    }

    fn send(&mut self, socket: &mut NalSocket, buffer: &[u8]) -> nb::Result<usize, NalError> {
        let Role::Connected(handle) = socket.role else { return Err(nb::Error::Other(NalError::InvalidState)) };
        if !self.tls.get(handle).can_send() {
            self.poll();
        }
        let sent = self.tls.get_mut(handle).send_slice(buffer).map_err(NalError::Send)?;
        self.poll();
        if sent == 0 && !buffer.is_empty() { Err(nb::Error::WouldBlock) } else { Ok(sent) }
    }

    fn receive(&mut self, socket: &mut NalSocket, buffer: &mut [u8]) -> nb::Result<usize, NalError> {
        let Role::Connected(handle) = socket.role else { return Err(nb::Error::Other(NalError::InvalidState)) };
        if !self.tls.get(handle).can_recv() {
            self.poll();
        }
        let received = self.tls.get_mut(handle).recv_slice(buffer).map_err(NalError::Receive)?;
        if received == 0 && !buffer.is_empty() { Err(nb::Error::WouldBlock) } else { Ok(received) }
    }

    /// Sends close_notify and FIN after what was sent before, and gives the socket back to the set. That takes
    /// polls that come later: of other calls, or of [`poll`](TlsStack::poll). What the peer still sends is
    /// thrown away.
    fn close(&mut self, socket: NalSocket) -> Result<(), NalError> {
        match socket.role {
            Role::Unused(handle, _) | Role::Connecting(handle) | Role::Connected(handle) => {
                let socket = self.tls.get_mut(handle);
                socket.close();
                socket.life.released = true;
                self.tls.set_lease(handle, Lease::Released);
            }
            Role::Listening(port) => {
                while let Some(handle) = self.find(port, |_| true) {
                    self.tls.get_mut(handle).abort();
                    self.tls.set_lease(handle, Lease::Free);
                }
            }
        }
        self.poll();
        Ok(())
    }
}
