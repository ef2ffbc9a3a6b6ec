//! Child processes with captured output, a time limit on every wait, and an end in every case.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What goes wrong in a case, in words.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// One captured stream: what has come so far, and whether its end has come too.
#[derive(Default)]
struct Stream {
    state: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

impl Stream {
    fn follow(mut source: impl Read + Send + 'static) -> Arc<Self> {
        let stream = Arc::new(Self::default());
        let copy = Arc::clone(&stream);
        std::thread::spawn(move || {
            let mut chunk = [0; 65_536];
            loop {
                let n = source.read(&mut chunk).unwrap_or(0);
                let mut state = copy.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.0.extend_from_slice(chunk.get(..n).unwrap_or_default());
                state.1 = n == 0;
                copy.changed.notify_all();
                if n == 0 {
                    return;
                }
            }
        });
        stream
    }

    /// Waits until `found` sees what it wants. `None`: the stream or the time ended first.
    fn wait_for<T>(&self, deadline: Instant, mut found: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(value) = found(&state.0) {
                return Some(value);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.1 || left.is_zero() {
                return None;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// All of it, after its end; what there is when the time runs out first.
    fn to_end(&self, deadline: Instant) -> Vec<u8> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.1 && Instant::now() < deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.0.clone()
    }

    fn now(&self) -> Vec<u8> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }
}

/// A running program. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    /// The thread that writes to the input; it hands the input back, and dropping this closes it then.
    feeder: Option<JoinHandle<Option<ChildStdin>>>,
    stdout: Arc<Stream>,
    stderr: Arc<Stream>,
    deadline: Instant,
    command: String,
}

impl Process {
    /// Starts `program`; every wait on it ends at `deadline`.
    pub(crate) fn start<A: AsRef<OsStr>>(
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = A>,
        deadline: Instant,
    ) -> Outcome<Self> {
        Self::start_with_input(program, arguments, Stdio::piped(), deadline)
    }

    /// Starts `program` with `input` as its standard input.
    pub(crate) fn start_with_input<A: AsRef<OsStr>>(
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = A>,
        input: Stdio,
        deadline: Instant,
    ) -> Outcome<Self> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A key log asked for by the person's own environment is not ours to write.
        command.env_remove("SSLKEYLOGFILE").env("LC_ALL", "C");
        let text = words(&command);
        let mut child = command.spawn().map_err(|e| format!("{text}: {e}"))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdout), Some(stderr)) = (stdout, stderr) else { return Err(format!("{text}: no pipes")) };
        let (stdout, stderr) = (Stream::follow(stdout), Stream::follow(stderr));
        Ok(Self { child, stdin, feeder: None, stdout, stderr, deadline, command: text })
    }

    /// Writes `bytes` to its standard input, which stays open.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Outcome {
        let input = self.stdin.as_mut().ok_or("standard input is closed already")?;
        input.write_all(bytes).and_then(|()| input.flush()).map_err(|e| self.failure(&format!("standard input: {e}")))
    }

    /// Writes `bytes` from a thread of their own; then the input is closed, or stays open until
    /// [`close_stdin`](Self::close_stdin).
    pub(crate) fn feed(&mut self, bytes: Arc<Vec<u8>>, then_close: bool) -> Outcome {
        let mut input = self.stdin.take().ok_or("standard input is closed already")?;
        self.feeder = Some(std::thread::spawn(move || {
            let _ = input.write_all(&bytes).and_then(|()| input.flush());
            (!then_close).then_some(input)
        }));
        Ok(())
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends its standard input.
    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
        // Ends with the write; a write that cannot end does so when the process is killed.
        self.feeder = None;
    }

    /// Waits until its standard output satisfies `found`.
    pub(crate) fn wait_stdout<T>(&self, what: &str, found: impl FnMut(&[u8]) -> Option<T>) -> Outcome<T> {
        self.stdout
            .wait_for(self.deadline, found)
            .ok_or_else(|| self.failure(&format!("standard output never showed {what}")))
    }

    /// Waits until its standard error satisfies `found`.
    pub(crate) fn wait_stderr<T>(&self, what: &str, found: impl FnMut(&[u8]) -> Option<T>) -> Outcome<T> {
        self.stderr
            .wait_for(self.deadline, found)
            .ok_or_else(|| self.failure(&format!("standard error never showed {what}")))
    }

    /// Waits for its end and returns the exit status (-1 when a signal ended it).
    pub(crate) fn wait(&mut self) -> Outcome<i32> {
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(status) = self.child.try_wait().map_err(|e| e.to_string())? {
                return Ok(status.code().unwrap_or(-1));
            }
            if Instant::now() >= self.deadline {
                return Err(self.failure("still running at the end of the case's time"));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// Whether it has ended already.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Waits for its end and that of both its outputs, and returns the exit status.
    pub(crate) fn wait_to_end(&mut self) -> Outcome<i32> {
        let status = self.wait()?;
        let _ = (self.stdout.to_end(self.deadline), self.stderr.to_end(self.deadline));
        Ok(status)
    }

    /// Waits for its end and checks the exit status.
    pub(crate) fn expect_status(&mut self, expected: i32) -> Outcome {
        let status = self.wait_to_end()?;
        if status == expected {
            Ok(())
        } else {
            Err(self.failure(&format!("exit status {status}, expected {expected}")))
        }
    }

    /// Asks it to end, as a person's or an init system's `kill` does.
    pub(crate) fn terminate(&self) -> Outcome {
        let pid = self.child.id().to_string();
        let status = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &pid]).status();
        if status.is_ok_and(|s| s.success()) { Ok(()) } else { Err(self.failure("cannot send SIGTERM")) }
    }

    /// Everything it wrote to standard output, to the end of the stream.
    pub(crate) fn stdout(&self) -> Vec<u8> {
        self.stdout.to_end(self.deadline)
    }

    /// Standard output so far.
    pub(crate) fn stdout_so_far(&self) -> Vec<u8> {
        self.stdout.now()
    }

    /// Standard output so far, as text.
    pub(crate) fn stdout_now(&self) -> String {
        String::from_utf8_lossy(&self.stdout.now()).into_owned()
    }

    /// Standard error so far, as text.
    pub(crate) fn stderr_now(&self) -> String {
        String::from_utf8_lossy(&self.stderr.now()).into_owned()
    }

    /// An error that shows `what` with the command and the ends of both outputs.
    pub(crate) fn failure(&self, what: &str) -> String {
        let mut text = format!("{what}\n      $ {}", self.command);
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            let bytes = stream.now();
            let tail = bytes.get(bytes.len().saturating_sub(1_200)..).unwrap_or_default();
            for line in String::from_utf8_lossy(tail).lines().rev().take(20).collect::<Vec<_>>().into_iter().rev() {
                let _ = write!(text, "\n      {name}| {line}");
            }
        }
        text
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command as a person would type it.
fn words(command: &Command) -> String {
    let mut text = String::new();
    for word in std::iter::once(command.get_program()).chain(command.get_args()) {
        let word = word.to_string_lossy();
        let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:,+=@%".contains(c));
        let quoted = if plain { word.into_owned() } else { format!("'{word}'") };
        let _ = write!(text, "{}{quoted}", if text.is_empty() { "" } else { " " });
    }
    text
}

/// Runs a short command to its end and returns its standard output; its failure is an error.
pub(crate) fn output<A: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = A>) -> Outcome<Vec<u8>> {
    let mut process = Process::start(program, arguments, Instant::now() + Duration::from_secs(60))?;
    process.close_stdin();
    process.expect_status(0)?;
    Ok(process.stdout())
}
