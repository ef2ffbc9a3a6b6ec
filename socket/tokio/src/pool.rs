//! What no connection needs at the moment: buffers for whoever will want one, and keys of those that were busy last.

use saitls::protocol::crypto::CryptoProvider;
use saitls::protocol::{Connection, KeysAtRest, Storage};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Each connection has one of so many shelves, so that processors seldom wait for each other.
const SHELVES: usize = 8;

/// How many buffers of each kind are kept on a shelf.
const BUFFERS: usize = 4;

/// The keys of how many connections are kept on a shelf. Those that rest for longer make theirs again, in some
/// microseconds.
const KEYS: u64 = 128;

/// What the connections of a configuration share.
pub(crate) struct Pool<P: CryptoProvider> {
    receive_len: usize,
    transmit_len: usize,
    shelves: [Mutex<Shelf<P>>; SHELVES],
    /// How many connections there were.
    count: AtomicUsize,
}

struct Shelf<P: CryptoProvider> {
    receive: Vec<Vec<u8>>,
    transmit: Vec<Vec<u8>>,
    /// Each at its number, modulo `KEYS`: the oldest make room.
    keys: Vec<Option<(u64, KeysAtRest<P>)>>,
    /// The number of the next keys.
    number: u64,
}

/// What a connection has at the moment.
#[derive(Clone, Copy)]
pub(crate) struct Holding {
    receive: bool,
    transmit: bool,
    /// The number that its keys were put away by.
    keys: Option<u64>,
    shelf: usize,
}

fn keep(shelf: &mut Vec<Vec<u8>>, buffer: Vec<u8>) -> Option<Vec<u8>> {
    if shelf.len() < BUFFERS {
        shelf.push(buffer);
        return None;
    }
    Some(buffer)
}

fn owned(storage: Option<Storage<'_, u8>>, len: usize) -> Option<Vec<u8>> {
    match storage {
        Some(Storage::Owned(buffer)) if buffer.len() == len => Some(buffer),
        _ => None,
    }
}

impl<P: CryptoProvider> Pool<P> {
    pub(crate) const fn new(receive_len: usize, transmit_len: usize) -> Self {
        Self { receive_len, transmit_len, shelves: [const { Shelf::new() }; SHELVES], count: AtomicUsize::new(0) }
    }

    fn shelf(&self, holding: Holding) -> MutexGuard<'_, Shelf<P>> {
        self.shelves[holding.shelf % SHELVES].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a connection has that begins: a receive and a transmit buffer.
    pub(crate) fn begin(&self) -> (Holding, Vec<u8>, Vec<u8>) {
        let shelf = self.count.fetch_add(1, Ordering::Relaxed);
        let holding = Holding { receive: true, transmit: true, keys: None, shelf };
        let (receive, transmit) = {
            let mut shelf = self.shelf(holding);
            (shelf.receive.pop(), shelf.transmit.pop())
        };
        let new = |len| vec![0; len];
        let receive = receive.unwrap_or_else(|| new(self.receive_len));
        (holding, receive, transmit.unwrap_or_else(|| new(self.transmit_len)))
    }

    /// Gives a connection what it has not.
    pub(crate) fn wake(&self, connection: &mut Connection<'_, P>, holding: &mut Holding) {
        if holding.receive && holding.transmit && holding.keys.is_none() {
            return;
        }
        let (receive, transmit, keys) = {
            let mut shelf = self.shelf(*holding);
            let keys = holding.keys.take().and_then(|number| shelf.take_keys(number));
            let receive = if holding.receive { None } else { Some(shelf.receive.pop()) };
            let transmit = if holding.transmit { None } else { Some(shelf.transmit.pop()) };
            (receive, transmit, keys)
        };
        if let Some(keys) = keys {
            connection.put_keys(keys);
        }
        if let Some(buffer) = receive {
            let buffer = buffer.unwrap_or_else(|| vec![0; self.receive_len]);
            let _ = connection.put_receive_buffer(buffer.into());
        }
        if let Some(buffer) = transmit {
            let buffer = buffer.unwrap_or_else(|| vec![0; self.transmit_len]);
            let _ = connection.put_transmit_buffer(buffer.into());
        }
        (holding.receive, holding.transmit) = (true, true);
    }

    /// Takes what a connection does not need: buffers that nothing is in and, where both are such, its keys.
    pub(crate) fn rest(&self, connection: &mut Connection<'_, P>, holding: &mut Holding) {
        let receive = if holding.receive { connection.take_receive_buffer() } else { None };
        let transmit = if holding.transmit { connection.take_transmit_buffer() } else { None };
        holding.receive &= receive.is_none();
        holding.transmit &= transmit.is_none();
        let keys = if holding.receive || holding.transmit { None } else { connection.take_keys() };
        let (receive, transmit) = (owned(receive, self.receive_len), owned(transmit, self.transmit_len));
        if receive.is_none() && transmit.is_none() && keys.is_none() {
            return;
        }
        // What there is no room for is dropped behind the lock.
        let _dropped = {
            let mut shelf = self.shelf(*holding);
            let receive = receive.and_then(|buffer| keep(&mut shelf.receive, buffer));
            let transmit = transmit.and_then(|buffer| keep(&mut shelf.transmit, buffer));
            let keys = keys.and_then(|keys| {
                let (number, old) = shelf.put_keys(keys);
                holding.keys = Some(number);
                old
            });
            (receive, transmit, keys)
        };
    }

    /// Drops the keys of a connection that is over.
    pub(crate) fn forget(&self, holding: &mut Holding) {
        let _dropped = holding.keys.take().and_then(|number| self.shelf(*holding).take_keys(number));
    }
}

impl<P: CryptoProvider> Shelf<P> {
    const fn new() -> Mutex<Self> {
        Mutex::new(Self { receive: Vec::new(), transmit: Vec::new(), keys: Vec::new(), number: 0 })
    }

    /// The number to take them by, and which had to make room.
    fn put_keys(&mut self, keys: KeysAtRest<P>) -> (u64, Option<(u64, KeysAtRest<P>)>) {
        let number = self.number;
        self.number += 1;
        let place = (number % KEYS) as usize;
        if place >= self.keys.len() {
            self.keys.push(None);
        }
        (number, self.keys[place].replace((number, keys)))
    }

    fn take_keys(&mut self, number: u64) -> Option<KeysAtRest<P>> {
        let place = self.keys.get_mut((number % KEYS) as usize)?;
        place.take_if(|(of, _)| *of == number).map(|(_, keys)| keys)
    }
}
