//! Standard input to the peer, the peer to standard output.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use mio::Waker;

use super::meter::Meter;
use super::{Application, Outbox, Progress};
use crate::failure::Failure;
use crate::transport::Stream;

/// How much is read from standard input at once, in bytes.
const CHUNK: usize = 1 << 16;

/// Sends close_notify at the end of standard input, goes on printing until the peer's close_notify.
pub struct Pipe {
    input: Receiver<Vec<u8>>,
    input_ended: bool,
    outbox: Outbox,
    meter: Meter,
}

impl Pipe {
    /// Begins to read standard input, in a thread that calls `waker` when it has something.
    #[must_use]
    pub fn start(waker: Arc<Waker>) -> Self {
        let (sender, input) = sync_channel(4);
        std::thread::spawn(move || {
            let mut stdin = io::stdin().lock();
            loop {
                let mut chunk = vec![0; CHUNK];
                let count = match stdin.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(count) => count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(_) => break,
                };
                chunk.truncate(count);
                if sender.send(chunk).is_err() || waker.wake().is_err() {
                    break;
                }
            }
            drop(sender);
            let _ = waker.wake();
        });
        Self { input, input_ended: false, outbox: Outbox::default(), meter: Meter::default() }
    }

    fn print(&mut self, stream: &mut dyn Stream) -> Result<bool, Failure> {
        let mut stdout = io::stdout().lock();
        let mut chunk = [0; 1 << 14];
        let mut moved = false;
        loop {
            let count = stream.read(&mut chunk);
            let (data, _) = chunk.split_at(count);
            if data.is_empty() {
                break;
            }
            stdout.write_all(data).map_err(output_failed)?;
            self.meter.count(data.len());
            moved = true;
        }
        if moved {
            stdout.flush().map_err(output_failed)?;
        }
        Ok(moved)
    }

    fn send(&mut self, stream: &mut dyn Stream) -> bool {
        let mut moved = false;
        loop {
            if self.outbox.is_empty() && !self.input_ended {
                match self.input.try_recv() {
                    Ok(chunk) => self.outbox.fill(|bytes| *bytes = chunk),
                    Err(TryRecvError::Empty) => return moved,
                    Err(TryRecvError::Disconnected) => {
                        self.input_ended = true;
                        stream.close();
                        return true;
                    }
                }
            }
            if self.outbox.is_empty() || !self.outbox.flush(stream) {
                return moved;
            }
            moved = true;
        }
    }
}

impl Application for Pipe {
    fn poll(&mut self, stream: &mut dyn Stream) -> Result<Progress, Failure> {
        let sent = self.send(stream);
        let printed = self.print(stream)?;
        if !stream.may_read() {
            stream.close();
            return Ok(Progress::Done);
        }
        Ok(if sent || printed { Progress::Moved } else { Progress::Idle })
    }
}

pub(super) fn output_failed(error: io::Error) -> Failure {
    Failure::usage(format_args!("standard output: {error}"))
}
