//! The way to the thread of a token: begins and ends it.

use crate::error::TokenError;
use crate::lock::lock;
use crate::session::Login;
use crate::shared::{Answer, Request, Shared};
use crate::uri::Uri;
use crate::worker::{FAREWELL, Worker};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Threads that were left in a module that does not return.
static LEFT_BEHIND: AtomicUsize = AtomicUsize::new(0);

/// How many threads are in modules that do not return, and were left there.
///
/// If there are any, a process should end without what it does at its end otherwise (`_exit`): modules that wait for
/// themselves would hold it for ever.
#[must_use]
pub fn threads_left_behind() -> usize {
    LEFT_BEHIND.load(Ordering::SeqCst)
}

/// The way to the thread. With the last of those who hold it the session ends, and the thread: it is waited for, so
/// that it is not in the module when the process ends and takes the module down.
pub(crate) struct Requests {
    sender: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
    /// Nothing comes, and the other end goes with the thread.
    end: Mutex<mpsc::Receiver<()>>,
    /// Whether the thread is over, and whether it was left: who comes second tells the count.
    is_told: Arc<AtomicBool>,
    shared: Arc<Shared>,
}

impl Requests {
    /// Begins the thread, which opens a token first. Waits for that.
    pub(crate) fn start(uri: Uri, login: Login, patience: Duration, shared: &Arc<Shared>) -> Result<Self, TokenError> {
        let (sender, queue) = mpsc::channel();
        let (opened, answer) = mpsc::channel();
        let (running, end) = mpsc::channel::<()>();
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
            thread.map_err(|_| TokenError::Stopped)
        };
        let (notes, is_told) = (shared.clone(), Arc::new(AtomicBool::new(false)));
        let told = is_told.clone();
        // Modules may be slow from the beginning, and a session is best used by one thread.
        let run = move || {
            match Worker::start(uri, login, patience, notes) {
                Ok(mut worker) => {
                    let outcome = worker.open();
                    let is_open = outcome.is_ok();
                    // What fails may not end either: the answer comes first.
                    drop(opened.send(outcome));
                    if is_open { worker.run(&queue) } else { worker.leave() }
                }
                Err(error) => drop(opened.send(Err(error))),
            }
            if told.swap(true, Ordering::SeqCst) {
                LEFT_BEHIND.fetch_sub(1, Ordering::SeqCst);
            }
            drop(running);
        };
        let thread = spawn("pkcs11", Box::new(run))?;
        let (sender, thread, end) = (Some(sender), Some(thread), Mutex::new(end));
        let requests = Self { sender, thread, end, is_told, shared: shared.clone() };
        let watched = shared.clone();
        spawn("pkcs11 watch", Box::new(move || watched.watch()))?;
        requests.wait(&answer)?;
        Ok(requests)
    }

    /// Says whether the thread is there to take it.
    pub(crate) fn send(&self, request: Request) -> Result<(), TokenError> {
        if self.shared.hangs() {
            self.shared.failed(TokenError::Hangs);
            return Err(TokenError::Hangs);
        }
        let sender = self.sender.as_ref().ok_or(TokenError::Stopped)?;
        sender.send(request).map_err(|_| TokenError::Stopped)
    }

    pub(crate) fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, TokenError> {
        let (sender, answer) = mpsc::channel();
        self.send(request(sender))?;
        self.wait(&answer)
    }

    fn leave(&self) {
        LEFT_BEHIND.fetch_add(1, Ordering::SeqCst);
        if self.is_told.swap(true, Ordering::SeqCst) {
            LEFT_BEHIND.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn wait<T>(&self, answer: &mpsc::Receiver<Result<T, TokenError>>) -> Result<T, TokenError> {
        loop {
            match answer.recv_timeout(Duration::from_millis(100)) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Disconnected) => return Err(TokenError::Stopped),
                Err(RecvTimeoutError::Timeout) if self.shared.hangs() => return Err(TokenError::Hangs),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        self.sender = None;
        let patience = if self.shared.hangs() { Duration::ZERO } else { FAREWELL };
        // A waker that the thread itself calls may drop the last key.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != std::thread::current().id()) {
            match lock(&self.end).recv_timeout(patience) {
                Err(RecvTimeoutError::Timeout) => self.leave(),
                _ => drop(thread.join()),
            }
        }
        self.shared.is_over();
    }
}
