//! Our own two programs, and the facts they print.

use std::collections::BTreeMap;

use crate::peers::{Cx, Server};
use crate::pki::{Key, Who};
use crate::process::{Outcome, Process};

pub(crate) const CLIENT: &str = env!("CARGO_BIN_EXE_client");
const SERVER: &str = env!("CARGO_BIN_EXE_server");

/// The facts of one handshake, by name.
pub(crate) type Facts = BTreeMap<String, String>;

/// Every block of facts in the standard error of one of our programs.
pub(crate) fn facts(stderr: &str) -> Vec<Facts> {
    let mut blocks: Vec<Facts> = Vec::new();
    let mut inside = false;
    for line in stderr.lines() {
        if line.starts_with("version: ") {
            blocks.push(Facts::new());
            inside = true;
        }
        match (line.split_once(": "), blocks.last_mut()) {
            (Some((name, value)), Some(block)) if inside => {
                block.insert(name.into(), value.into());
            }
            _ => inside = false,
        }
    }
    blocks
}

/// Checks facts by name; every difference in one error.
pub(crate) fn expect_facts(facts: &Facts, expected: &[(&str, &str)]) -> Outcome {
    let wrong: Vec<_> = expected
        .iter()
        .filter(|(name, value)| facts.get(*name).map(String::as_str) != Some(*value))
        .map(|(name, value)| format!("{name} is {:?}, expected {value:?}", facts.get(*name)))
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("facts: {}", wrong.join("; "))) }
}

/// The `error:` lines.
pub(crate) fn errors(stderr: &str) -> Vec<&str> {
    stderr.lines().filter(|line| line.starts_with("error: ")).collect()
}

/// Checks that `text` holds `part`.
pub(crate) fn expect_contains(what: &str, text: &str, part: &str) -> Outcome {
    if text.contains(part) {
        Ok(())
    } else {
        Err(format!("{what} lacks {part:?}:\n{}", text.chars().take(2_000).collect::<String>()))
    }
}

impl Cx<'_> {
    /// Our client to `port`, accepting the server certificate of `key`.
    pub(crate) fn our_client(&self, port: u16, key: Key, options: &[&str]) -> Outcome<Process> {
        let pin = self.pki.pin(Who::Server, key)?;
        self.our_bare_client(port, &[&["--server-name", "localhost", "--pin", &pin], options].concat())
    }

    /// Our client with nothing but `options`.
    pub(crate) fn our_bare_client(&self, port: u16, options: &[&str]) -> Outcome<Process> {
        let to = format!("127.0.0.1:{port}");
        self.start(CLIENT, std::iter::once(to.as_str()).chain(options.iter().copied()))
    }

    /// Our server with the identity of `key`, once it listens.
    pub(crate) fn our_server(&self, key: Key, options: &[&str]) -> Outcome<Server> {
        let (cert, key) = (self.pki.cert(Who::Server, key), self.pki.key(Who::Server, key));
        self.our_bare_server(&[&["--cert", &cert, "--key", &key], options].concat())
    }

    /// Our server with nothing but `options`, once it listens.
    pub(crate) fn our_bare_server(&self, options: &[&str]) -> Outcome<Server> {
        let process = self.our_server_process(options)?;
        let port = process.wait_stderr("`listening ADDRESS:PORT`", |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let line =
                text.split_inclusive('\n').find(|line| line.starts_with("listening ") && line.ends_with('\n'))?;
            line.trim_end().rsplit(':').next()?.parse().ok()
        })?;
        Ok(Server { process, port })
    }

    /// Our server, not waited for.
    pub(crate) fn our_server_process(&self, options: &[&str]) -> Outcome<Process> {
        self.start(SERVER, std::iter::once("127.0.0.1:0").chain(options.iter().copied()))
    }

    /// A folder to serve with `page.txt`, whose text is returned with it.
    pub(crate) fn page(&self) -> Outcome<(String, &'static str)> {
        const TEXT: &str = "served by SaiTLS over smoltcp\n";
        let folder = self.scratch("page");
        std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        std::fs::write(format!("{folder}/page.txt"), TEXT).map_err(|e| e.to_string())?;
        Ok((folder, TEXT))
    }
}

/// The only block of facts of a program that made one handshake.
pub(crate) fn only_facts(process: &Process) -> Outcome<Facts> {
    let mut blocks = process.wait_stderr("a block of facts", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let blocks = facts(&text);
        // Complete once its blank line is there.
        let complete = text.rfind("version: ").is_some_and(|at| text.get(at..).is_some_and(|t| t.contains("\n\n")));
        (complete && !blocks.is_empty()).then_some(blocks)
    })?;
    match blocks.len() {
        1 => Ok(blocks.remove(0)),
        n => Err(process.failure(&format!("{n} blocks of facts, expected one"))),
    }
}

/// A case's final word on one of our programs: its exit status, then one clear line, and no panic.
pub(crate) fn expect_error(process: &mut Process, status: i32, parts: &[&str]) -> Outcome {
    process.expect_status(status)?;
    let stderr = process.stderr_now();
    let lines = errors(&stderr);
    if lines.len() != 1 || stderr.contains("panicked") {
        return Err(process.failure(&format!("{} `error:` lines, expected one", lines.len())));
    }
    let line = lines.concat();
    match parts.iter().find(|part| !line.contains(**part)) {
        None => Ok(()),
        Some(part) => Err(process.failure(&format!("the error line lacks {part:?}"))),
    }
}
