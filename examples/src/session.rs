//! One connection from its handshake to its end: says the facts, then runs an application.

use crate::app::{Application, Progress};
use crate::facts::{Role, facts, write_whole};
use crate::failure::Failure;
use crate::transport::{Stream, WithEarlyData};

/// Makes the application once the facts are known, as text.
pub type Start<'a> = Box<dyn FnOnce(String) -> Box<dyn Application> + 'a>;

/// See the [module](self).
pub struct Session<'a> {
    role: Role,
    key_update: bool,
    phase: Phase<'a>,
    /// What a client sent before the handshake was complete, and the application has not read.
    early: Vec<u8>,
}

enum Phase<'a> {
    Handshake(Option<Start<'a>>),
    Running(Box<dyn Application>),
    Over,
}

impl<'a> Session<'a> {
    /// A connection whose handshake begins.
    #[must_use]
    pub fn new(role: Role, key_update: bool, start: Start<'a>) -> Self {
        Self { role, key_update, phase: Phase::Handshake(Some(start)), early: Vec::new() }
    }

    /// Does what can be done now. After [`Progress::Done`] or an error there is nothing to be done but to let the
    /// stream come to its end.
    ///
    /// # Errors
    /// Why the connection failed.
    pub fn poll(&mut self, stream: &mut dyn Stream) -> Result<Progress, Failure> {
        let mut progress = Progress::Idle;
        if let Phase::Handshake(start) = &mut self.phase {
            let before = self.early.len();
            stream.take_replayable(&mut self.early);
            if self.early.len() > before {
                progress = Progress::Moved;
            }
            let complete = stream.is_connected() || stream.error().is_some();
            if let Some(negotiated) = stream.negotiated().filter(|_| complete)
                && let Some(start) = start.take()
            {
                let text = facts(self.role, &negotiated, stream.early_data_status());
                write_whole(&format!("{text}\n"));
                self.phase = Phase::Running(start(text));
                if self.key_update {
                    // It goes out before the application says anything.
                    stream.update_keys();
                    return Ok(Progress::Moved);
                }
                progress = Progress::Moved;
            }
        }
        match &mut self.phase {
            Phase::Handshake(_) => match stream.error() {
                Some(error) => Err(self.end(Failure::tls(error, false, stream.alert_sent()))),
                None => Ok(progress),
            },
            Phase::Running(app) => {
                let stream = &mut WithEarlyData { stream, early: &mut self.early };
                let outcome = app.poll(stream);
                let done = matches!(outcome, Ok(Progress::Done));
                let failure = match (outcome, stream.error()) {
                    (Err(failure), _) => failure,
                    // What came before the failure is still to be read.
                    (Ok(progress), Some(_)) if !done && (progress == Progress::Moved || stream.may_read()) => {
                        return Ok(progress);
                    }
                    (Ok(_), Some(error)) if !app.is_satisfied() => Failure::tls(error, true, stream.alert_sent()),
                    (Ok(progress), _) => {
                        if done {
                            self.phase = Phase::Over;
                        }
                        return Ok(progress);
                    }
                };
                stream.close();
                Err(self.end(failure))
            }
            Phase::Over => Ok(Progress::Done),
        }
    }

    fn end(&mut self, failure: Failure) -> Failure {
        self.phase = Phase::Over;
        failure
    }

    /// Whether the handshake goes on.
    #[must_use]
    pub const fn is_handshaking(&self) -> bool {
        matches!(self.phase, Phase::Handshake(_))
    }

    /// Whether the application is done, or the connection has failed.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }
}
