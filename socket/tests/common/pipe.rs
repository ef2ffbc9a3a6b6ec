//! A transport in memory for streams of every kind: two ways of a few bytes each, which can fail, and whose bytes are
//! counted.
#![allow(dead_code, unreachable_pub)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What goes wrong with a call of the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    WouldBlock,
    Interrupted,
    TimedOut,
    Reset,
}

impl From<Fault> for std::io::Error {
    fn from(fault: Fault) -> Self {
        use std::io::ErrorKind::{ConnectionReset, Interrupted, TimedOut, WouldBlock};
        match fault {
            Fault::WouldBlock => WouldBlock.into(),
            Fault::Interrupted => Interrupted.into(),
            Fault::TimedOut => TimedOut.into(),
            Fault::Reset => ConnectionReset.into(),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Fault {}

impl embedded_io::Error for Fault {
    fn kind(&self) -> embedded_io::ErrorKind {
        use embedded_io::ErrorKind::{ConnectionReset, Interrupted, TimedOut};
        match self {
            Self::WouldBlock | Self::TimedOut => TimedOut,
            Self::Interrupted => Interrupted,
            Self::Reset => ConnectionReset,
        }
    }
}

/// One way.
struct Way {
    bytes: VecDeque<u8>,
    capacity: usize,
    is_closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// All that was ever written to it.
    tap: Vec<u8>,
}

/// Which calls fail, of one end.
#[derive(Default)]
pub struct Faults {
    calls: Cell<usize>,
    at: Cell<Option<(usize, Fault)>>,
    every: Cell<usize>,
}

impl Faults {
    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.calls.get()
    }

    /// The call with this number fails, once.
    pub fn fail_at(&self, call: usize, fault: Fault) {
        self.at.set(Some((call, fault)));
    }

    /// Every so many calls, one fails.
    pub fn fail_every(&self, calls: usize) {
        self.every.set(calls);
    }

    fn check(&self) -> Result<(), Fault> {
        const ALL: [Fault; 4] = [Fault::WouldBlock, Fault::Interrupted, Fault::TimedOut, Fault::Reset];
        let call = self.calls.get();
        self.calls.set(call + 1);
        match (self.at.get(), self.every.get()) {
            (Some((at, fault)), _) if at == call => Err(fault),
            (_, every @ 1..) if call % every == every - 1 => Err(ALL[(call / every) % ALL.len()]),
            _ => Ok(()),
        }
    }
}

/// One end of the pipe.
pub struct End {
    incoming: Rc<RefCell<Way>>,
    outgoing: Rc<RefCell<Way>>,
    pub faults: Rc<Faults>,
    /// The most bytes that one call moves.
    pub piece: usize,
    /// Whether a write that is pending may be dropped.
    pub writes_may_be_dropped: bool,
}

/// A pipe that holds `capacity` bytes each way.
pub fn pipe(capacity: usize) -> (End, End) {
    let way = || {
        Rc::new(RefCell::new(Way {
            bytes: VecDeque::new(),
            capacity,
            is_closed: false,
            reader: None,
            writer: None,
            tap: Vec::new(),
        }))
    };
    let (there, back) = (way(), way());
    let end = |incoming: &Rc<RefCell<Way>>, outgoing: &Rc<RefCell<Way>>| End {
        incoming: Rc::clone(incoming),
        outgoing: Rc::clone(outgoing),
        faults: Rc::default(),
        piece: usize::MAX,
        writes_may_be_dropped: true,
    };
    (end(&back, &there), end(&there, &back))
}

/// The bodies of the records of application data, or of protected messages, in a stream of bytes.
pub fn protected_records(mut bytes: &[u8]) -> Vec<usize> {
    let mut lengths = Vec::new();
    while let [kind, _, _, high, low, rest @ ..] = bytes {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        if *kind == 23 {
            lengths.push(len);
        }
        bytes = &rest[len.min(rest.len())..];
    }
    lengths
}

impl End {
    /// All that this end has written.
    pub fn written(&self) -> Vec<u8> {
        self.outgoing.borrow().tap.clone()
    }

    /// The same end once more: one to read, one to write.
    pub fn twin(&self) -> Self {
        Self {
            incoming: Rc::clone(&self.incoming),
            outgoing: Rc::clone(&self.outgoing),
            faults: Rc::clone(&self.faults),
            ..*self
        }
    }

    /// Nothing more comes from here.
    pub fn hang_up(&self) {
        let mut way = self.outgoing.borrow_mut();
        way.is_closed = true;
        if let Some(waker) = way.reader.take() {
            waker.wake();
        }
    }

    fn get(&self, out: &mut [u8]) -> Option<usize> {
        let mut way = self.incoming.borrow_mut();
        let len = out.len().min(way.bytes.len()).min(self.piece);
        if len == 0 {
            return way.is_closed.then_some(0);
        }
        for byte in &mut out[..len] {
            *byte = way.bytes.pop_front().unwrap();
        }
        if let Some(waker) = way.writer.take() {
            waker.wake();
        }
        Some(len)
    }

    fn put(&self, data: &[u8]) -> Option<usize> {
        let mut way = self.outgoing.borrow_mut();
        let len = data.len().min(way.capacity - way.bytes.len()).min(self.piece);
        if len == 0 {
            return None;
        }
        way.bytes.extend(&data[..len]);
        way.tap.extend(&data[..len]);
        if let Some(waker) = way.reader.take() {
            waker.wake();
        }
        Some(len)
    }

    pub fn poll_read(&self, out: &mut [u8], cx: &mut Context<'_>) -> Poll<usize> {
        self.get(out).map_or_else(
            || {
                self.incoming.borrow_mut().reader = Some(cx.waker().clone());
                Poll::Pending
            },
            Poll::Ready,
        )
    }

    pub fn poll_write(&self, data: &[u8], cx: &mut Context<'_>) -> Poll<usize> {
        self.put(data).map_or_else(
            || {
                self.outgoing.borrow_mut().writer = Some(cx.waker().clone());
                Poll::Pending
            },
            Poll::Ready,
        )
    }
}

impl std::io::Read for End {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        assert!(!out.is_empty(), "a read of nothing would look like the end");
        self.faults.check()?;
        self.get(out).ok_or_else(|| Fault::WouldBlock.into())
    }
}

impl std::io::Write for End {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        assert!(!data.is_empty(), "a write of nothing would look like a transport that takes nothing");
        self.faults.check()?;
        self.put(data).ok_or_else(|| Fault::WouldBlock.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(self.faults.check()?)
    }
}

/// The same for `embedded_io`, where nothing blocks either: it times out.
pub struct Blocking(pub End);

impl embedded_io::ErrorType for Blocking {
    type Error = Fault;
}

impl embedded_io::Read for Blocking {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        assert!(!out.is_empty(), "a read of nothing would look like the end");
        self.0.faults.check()?;
        self.0.get(out).ok_or(Fault::TimedOut)
    }
}

impl embedded_io::ReadReady for Blocking {
    fn read_ready(&mut self) -> Result<bool, Fault> {
        let way = self.0.incoming.borrow();
        Ok(!way.bytes.is_empty() || way.is_closed)
    }
}

impl embedded_io::Write for Blocking {
    fn write(&mut self, data: &[u8]) -> Result<usize, Fault> {
        assert!(!data.is_empty(), "a write of nothing would look like a transport that takes nothing");
        self.0.faults.check()?;
        self.0.put(data).ok_or(Fault::TimedOut)
    }

    fn flush(&mut self) -> Result<(), Fault> {
        self.0.faults.check()
    }
}

impl embedded_io::WriteReady for Blocking {
    fn write_ready(&mut self) -> Result<bool, Fault> {
        let way = self.0.outgoing.borrow();
        Ok(way.bytes.len() < way.capacity)
    }
}

/// The same for `embedded_io_async`, where calls wait.
pub struct Asynchronous(pub End);

impl embedded_io::ErrorType for Asynchronous {
    type Error = Fault;
}

/// Panics if it is dropped while a write that must not be dropped is under way.
struct Guard {
    is_armed: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        assert!(!self.is_armed, "a write was dropped that must not be");
    }
}

impl embedded_io_async::Read for Asynchronous {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        assert!(!out.is_empty(), "a read of nothing would look like the end");
        self.0.faults.check()?;
        Ok(std::future::poll_fn(|cx| self.0.poll_read(out, cx)).await)
    }
}

impl embedded_io::ReadReady for Asynchronous {
    fn read_ready(&mut self) -> Result<bool, Fault> {
        let way = self.0.incoming.borrow();
        Ok(!way.bytes.is_empty() || way.is_closed)
    }
}

impl embedded_io_async::Write for Asynchronous {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Fault> {
        assert!(!data.is_empty(), "a write of nothing would look like a transport that takes nothing");
        self.0.faults.check()?;
        let mut guard = Guard { is_armed: false };
        let written = std::future::poll_fn(|cx| {
            let polled = self.0.poll_write(data, cx);
            guard.is_armed = polled.is_pending() && !self.0.writes_may_be_dropped;
            polled
        })
        .await;
        Ok(written)
    }

    async fn flush(&mut self) -> Result<(), Fault> {
        self.0.faults.check()
    }
}

impl embedded_io::WriteReady for Asynchronous {
    fn write_ready(&mut self) -> Result<bool, Fault> {
        let way = self.0.outgoing.borrow();
        Ok(way.bytes.len() < way.capacity)
    }
}

/// Polls `future` so often; if it is not done then, drops it.
pub fn poll_times<O>(future: impl Future<Output = O>, times: usize) -> Option<O> {
    let mut future = std::pin::pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..times {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Some(output);
        }
    }
    None
}
