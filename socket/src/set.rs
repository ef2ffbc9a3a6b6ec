//! Many TLS sockets in one place, in borrowed or owned storage.

use crate::socket::TlsSocket;
use core::fmt;
use saitls_core::Storage;
use saitls_core::crypto::CryptoProvider;

/// Room for one [`TlsSocket`], to make the storage of a [`TlsSocketSet`] from.
pub struct TlsSocketStorage<'a, P: CryptoProvider> {
    socket: Option<TlsSocket<'a, P>>,
    #[cfg(feature = "embedded-nal")]
    lease: Lease,
}

/// Who uses a socket of the set.
#[cfg(feature = "embedded-nal")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lease {
    /// Nobody; or the application, beside any stack, if the socket is open.
    Free,
    /// A socket of a stack.
    Held,
    /// The listener of this port.
    Listening(u16),
    /// Nobody any more, as soon as it is closed.
    Released,
}

/// Sockets that wait for an operation of the provider: what [`TlsSocketSet::register_operation_waker`] found.
#[cfg(feature = "async")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitingSockets {
    /// How many wait.
    pub waiting: usize,
    /// How many of these will be woken for. The others are to be polled.
    pub woken: usize,
}

impl<'a, P: CryptoProvider> TlsSocketStorage<'a, P> {
    /// Room for a socket, and none in it.
    pub const EMPTY: Self = Self::holding(None);

    const fn holding(socket: Option<TlsSocket<'a, P>>) -> Self {
        Self {
            socket,
            #[cfg(feature = "embedded-nal")]
            lease: Lease::Free,
        }
    }
}

impl<P: CryptoProvider> Default for TlsSocketStorage<'_, P> {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Names a socket in a [`TlsSocketSet`].
///
/// As in smoltcp it is a place in the set: once its socket was removed, it names the socket that is added next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TlsSocketHandle(usize);

impl fmt::Display for TlsSocketHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The TLS sockets of one interface. Their TCP sockets are in the interface's
/// [`SocketSet`](smoltcp::iface::SocketSet), beside any other sockets.
pub struct TlsSocketSet<'a, P: CryptoProvider> {
    sockets: Storage<'a, TlsSocketStorage<'a, P>>,
    /// The last poll stopped because it had done its share, not because nothing was left.
    pub(crate) unfinished: bool,
}

impl<'a, P: CryptoProvider> TlsSocketSet<'a, P> {
    /// A set in this storage: a slice that is lent, or a `Vec` that grows (feature `alloc`).
    pub fn new(storage: impl Into<Storage<'a, TlsSocketStorage<'a, P>>>) -> Self {
        Self { sockets: storage.into(), unfinished: false }
    }

    /// Adds a socket.
    ///
    /// # Panics
    /// If the storage is borrowed and full.
    pub fn add(&mut self, socket: TlsSocket<'a, P>) -> TlsSocketHandle {
        if let Some((index, slot)) = self.sockets.iter_mut().enumerate().find(|(_, slot)| slot.socket.is_none()) {
            *slot = TlsSocketStorage::holding(Some(socket));
            return TlsSocketHandle(index);
        }
        let index = self.sockets.len();
        let added = self.sockets.push(TlsSocketStorage::holding(Some(socket)));
        assert!(added.is_ok(), "adding a socket to a full TlsSocketSet");
        TlsSocketHandle(index)
    }

    /// Takes a socket out, as it is. Its TCP socket stays in the interface's set, open if it was open.
    ///
    /// # Panics
    /// If the handle names no socket of this set.
    pub fn remove(&mut self, handle: TlsSocketHandle) -> TlsSocket<'a, P> {
        self.sockets.get_mut(handle.0).and_then(|slot| slot.socket.take()).expect(STRANGER)
    }

    /// The socket of this handle.
    ///
    /// # Panics
    /// If the handle names no socket of this set.
    #[must_use]
    pub fn get(&self, handle: TlsSocketHandle) -> &TlsSocket<'a, P> {
        self.sockets.get(handle.0).and_then(|slot| slot.socket.as_ref()).expect(STRANGER)
    }

    /// The socket of this handle, mutable.
    ///
    /// # Panics
    /// If the handle names no socket of this set.
    #[must_use]
    pub fn get_mut(&mut self, handle: TlsSocketHandle) -> &mut TlsSocket<'a, P> {
        self.sockets.get_mut(handle.0).and_then(|slot| slot.socket.as_mut()).expect(STRANGER)
    }

    /// How many sockets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no socket.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Wakes this task when an operation that a socket waits for may go on, so that a program need not poll until it is
    /// done: for those that will be woken, [`poll_at`](crate::poll_at) does not say "at once" until the next
    /// [`poll`](crate::poll). Call it between the two.
    #[cfg(feature = "async")]
    pub fn register_operation_waker(&mut self, provider: &mut P, waker: &core::task::Waker) -> WaitingSockets {
        let mut sockets = WaitingSockets::default();
        for (_, socket) in self.iter_mut().filter(|(_, socket)| socket.waits_for_operation()) {
            socket.life.will_be_woken =
                socket.connection().is_some_and(|connection| connection.register_waker(provider, waker));
            sockets.waiting += 1;
            sockets.woken += usize::from(socket.life.will_be_woken);
        }
        sockets
    }

    #[cfg(feature = "embedded-nal")]
    pub(crate) fn lease(&self, handle: TlsSocketHandle) -> Lease {
        self.sockets.get(handle.0).map_or(Lease::Free, |slot| slot.lease)
    }

    #[cfg(feature = "embedded-nal")]
    pub(crate) fn set_lease(&mut self, handle: TlsSocketHandle, lease: Lease) {
        if let Some(slot) = self.sockets.get_mut(handle.0) {
            slot.lease = lease;
        }
    }

    /// The sockets with this lease.
    #[cfg(feature = "embedded-nal")]
    pub(crate) fn leased(&self, lease: Lease) -> impl Iterator<Item = TlsSocketHandle> {
        let slots = self.sockets.iter().enumerate();
        slots.filter(move |(_, slot)| slot.socket.is_some() && slot.lease == lease).map(|(at, _)| TlsSocketHandle(at))
    }

    /// Each socket with its handle.
    pub fn iter(&self) -> impl Iterator<Item = (TlsSocketHandle, &TlsSocket<'a, P>)> {
        self.sockets
            .iter()
            .enumerate()
            .filter_map(|(index, slot)| Some((TlsSocketHandle(index), slot.socket.as_ref()?)))
    }

    /// Each socket with its handle, mutable.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (TlsSocketHandle, &mut TlsSocket<'a, P>)> {
        self.sockets
            .iter_mut()
            .enumerate()
            .filter_map(|(index, slot)| Some((TlsSocketHandle(index), slot.socket.as_mut()?)))
    }
}

impl<P: CryptoProvider> fmt::Debug for TlsSocketSet<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

const STRANGER: &str = "the handle names no socket of this TlsSocketSet";
