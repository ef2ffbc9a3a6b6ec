//! Listeners.

use super::{NalError, NalSocket, Role, TlsStack};
use crate::set::{Lease, TlsSocketHandle};
use core::net::SocketAddr;
use embedded_nal::{TcpFullStack, nb};
use saitls_core::crypto::CryptoProvider;
use smoltcp::phy::Device;
use smoltcp::socket::tcp;
use smoltcp::time::Instant;

impl<D, P, C> TlsStack<'_, '_, '_, D, P, C>
where
    D: Device + ?Sized,
    P: CryptoProvider,
    C: FnMut() -> Instant,
{
    fn begin_listen(&mut self, handle: TlsSocketHandle, port: u16) -> Result<(), NalError> {
        let config = self.server.ok_or(NalError::NoConfiguration)?;
        let socket = self.tls.get_mut(handle);
        socket.listen(self.sockets, config, port).map_err(NalError::Listen)?;
        self.tls.set_lease(handle, Lease::Listening(port));
        Ok(())
    }

    /// The first socket of this listener for which `test` holds.
    pub(super) fn find(&self, port: u16, test: impl Fn(TlsSocketHandle) -> bool) -> Option<TlsSocketHandle> {
        self.tls.leased(Lease::Listening(port)).find(|handle| test(*handle))
    }

    fn remote(&self, handle: TlsSocketHandle) -> Option<SocketAddr> {
        let tcp = self.sockets.get::<tcp::Socket<'_>>(self.tls.get(handle).tcp_handle());
        tcp.remote_endpoint().map(SocketAddr::from)
    }

    /// Sees to it that clients find a listening socket, as far as there are sockets.
    fn keep_listening(&mut self, port: u16) -> Result<(), NalError> {
        while let Some(handle) = self.find(port, |handle| !self.tls.get(handle).is_open()) {
            self.begin_listen(handle, port)?;
        }
        if self.find(port, |handle| self.tls.get(handle).is_listening()).is_some() {
            return Ok(());
        }
        let occupied = self.tls.leased(Lease::Listening(port)).count();
        if occupied < self.backlog.max(1)
            && let Ok(handle) = self.claim(Lease::Held)
        {
            let result = self.begin_listen(handle, port);
            if result.is_err() {
                self.tls.set_lease(handle, Lease::Free);
            }
            return result;
        }
        // Rather somebody new than somebody who failed and does not go.
        if let Some(handle) = self.find(port, |handle| self.tls.get(handle).error().is_some()) {
            self.tls.get_mut(handle).abort();
            return self.begin_listen(handle, port);
        }
        Ok(())
    }
}

impl<D, P, C> TcpFullStack for TlsStack<'_, '_, '_, D, P, C>
where
    D: Device + ?Sized,
    P: CryptoProvider,
    C: FnMut() -> Instant,
{
    /// Port 0 means any that is free.
    fn bind(&mut self, socket: &mut NalSocket, local_port: u16) -> Result<(), NalError> {
        let Role::Unused(handle, _) = socket.role else { return Err(NalError::InvalidState) };
        if self.find(local_port, |_| true).is_some() {
            return Err(NalError::PortInUse);
        }
        let port = if local_port == 0 { self.dynamic_port()? } else { local_port };
        socket.role = Role::Unused(handle, Some(port));
        Ok(())
    }

    fn listen(&mut self, socket: &mut NalSocket) -> Result<(), NalError> {
        let Role::Unused(handle, Some(port)) = socket.role else { return Err(NalError::InvalidState) };
        if self.find(port, |_| true).is_some() {
            return Err(NalError::PortInUse);
        }
        self.begin_listen(handle, port)?;
        socket.role = Role::Listening(port);
        Ok(())
    }

    /// Done when a client has completed the handshake. Clients that fail do not show.
    fn accept(&mut self, socket: &mut NalSocket) -> nb::Result<(NalSocket, SocketAddr), NalError> {
        let Role::Listening(port) = socket.role else { return Err(nb::Error::Other(NalError::InvalidState)) };
        self.poll();
        let connected = self.find(port, |handle| {
            let socket = self.tls.get(handle);
            socket.is_connected() && socket.error().is_none() && self.remote(handle).is_some()
        });
        let accepted = connected.and_then(|handle| Some((handle, self.remote(handle)?)));
        if let Some((handle, _)) = accepted {
            self.tls.set_lease(handle, Lease::Held);
        }
        let listening = self.keep_listening(port);
        match accepted {
            // If listening failed, the next call says so: this connection must not be lost.
            Some((handle, remote)) => Ok((NalSocket { role: Role::Connected(handle) }, remote)),
            None => listening.map_err(nb::Error::Other).and(Err(nb::Error::WouldBlock)),
        }
    }
}
