//! An HTTP/1.1 GET.

use std::io::Write as _;

use super::meter::Meter;
use super::{Application, Outbox, Progress, pipe};
use crate::failure::{Failure, Status};
use crate::http::response::Response;
use crate::transport::Stream;

/// Gets one resource and prints its body.
pub struct Get {
    outbox: Outbox,
    response: Response,
    meter: Meter,
}

impl Get {
    /// Asks `host` (and its port, if not that of HTTPS) for `path`.
    #[must_use]
    pub fn new(host: &str, path: &str) -> Self {
        let mut outbox = Outbox::default();
        let agent = concat!("saitls-example/", env!("CARGO_PKG_VERSION"));
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n");
        outbox.fill(|bytes| *bytes = (head + "Connection: close\r\n\r\n").into());
        Self { outbox, response: Response::default(), meter: Meter::default() }
    }

    /// The end has come early, or right on time.
    fn finish(&self, stream: &mut dyn Stream) -> Result<Progress, Failure> {
        stream.close();
        let Some((code, reason)) = self.response.status() else {
            return Err(Failure::new(Status::Truncated, "the server closed without a response"));
        };
        if !self.response.is_complete() && !self.response.ends_with_connection() {
            return Err(Failure::new(Status::Truncated, "the server closed in the middle of its response"));
        }
        if *code >= 300 {
            crate::facts::write_whole(&format!("warning: the server answered {code} {reason}\n"));
        }
        Ok(Progress::Done)
    }
}

impl Application for Get {
    fn poll(&mut self, stream: &mut dyn Stream) -> Result<Progress, Failure> {
        let mut moved = self.outbox.flush(stream);
        let mut stdout = std::io::stdout().lock();
        let mut chunk = [0; 1 << 14];
        loop {
            let count = stream.read(&mut chunk);
            let (data, _) = chunk.split_at(count);
            if data.is_empty() {
                break;
            }
            moved = true;
            self.meter.count(data.len());
            let mut written = Ok(());
            let read = self.response.read(data, &mut |body| {
                if written.is_ok() {
                    written = stdout.write_all(body);
                }
            });
            read.map_err(|malformed| Failure::new(Status::Truncated, malformed.0))?;
            written.map_err(pipe::output_failed)?;
        }
        if moved {
            stdout.flush().map_err(pipe::output_failed)?;
        }
        if self.response.is_complete() || (stream.error().is_none() && !stream.may_read()) {
            return self.finish(stream);
        }
        Ok(if moved { Progress::Moved } else { Progress::Idle })
    }

    fn is_satisfied(&self) -> bool {
        self.response.is_complete()
    }
}
