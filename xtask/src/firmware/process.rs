//! Programs in the background, which end with the value that stands for them.

use super::ports::free_port;
use std::fs::File;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Finds a program.
pub(super) fn find(program: &str) -> Result<(), String> {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.map(drop).map_err(|error| format!("{program}: {error}"))
}

/// A program in the background.
pub(super) struct Background(Child);

impl Background {
    pub(super) fn start(command: &mut Command) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.spawn().map(Self).map_err(|error| format!("{name}: {error}"))
    }

    /// Waits for its end; whether it was a success, and what it printed to stderr.
    pub(super) fn finish(mut self, limit: Duration) -> Result<(bool, String), String> {
        use std::io::Read;
        let deadline = Instant::now() + limit;
        loop {
            match self.0.try_wait().map_err(|error| error.to_string())? {
                Some(status) => {
                    let mut printed = String::new();
                    if let Some(stderr) = &mut self.0.stderr {
                        stderr.read_to_string(&mut printed).map_err(|error| error.to_string())?;
                    }
                    // QEMU's own: network cards of the board that go nowhere.
                    let is_ours = |line: &&str| !line.starts_with("qemu-system-arm: warning: nic");
                    let printed = printed.split_inclusive('\n').filter(is_ours).collect();
                    return Ok((status.success(), printed));
                }
                None if Instant::now() > deadline => return Err(format!("not done after {} s", limit.as_secs())),
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Tries until it succeeds, or a minute is over: the last error.
pub(super) fn until_it_succeeds(mut attempt: impl FnMut() -> Result<(), String>) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match attempt() {
            Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(20)),
            outcome => return outcome,
        }
    }
}

/// Waits until somebody listens.
fn wait_for(port: u16) -> Result<(), String> {
    until_it_succeeds(|| {
        let connection = TcpStream::connect(("127.0.0.1", port));
        connection.map(drop).map_err(|error| format!("nobody listens on port {port}: {error}"))
    })
}

/// `openssl s_server` that serves the files of `www` with the identity `name` of `pki`, or with none that has no name;
/// and other words for it. What it has to say is in [`server_log`].
pub(super) fn openssl_server(pki: &Path, www: &Path, name: &str, words: &[&str]) -> Result<(Background, u16), String> {
    let port = free_port()?;
    let file = |suffix: &str| pki.join(format!("{name}.{suffix}.pem"));
    let mut command = Command::new("openssl");
    command
        .current_dir(www)
        .args(["s_server", "-quiet", "-state", "-tls1_3", "-HTTP", "-accept", &format!("127.0.0.1:{port}")])
        .args(words);
    if name.is_empty() {
        command.arg("-nocert");
    } else {
        command.arg("-cert").arg(file("cert")).arg("-key").arg(file("key"));
    }
    let log = File::create(server_log(www)).map_err(|error| error.to_string())?;
    let server = Background::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log))?;
    wait_for(port)?;
    Ok((server, port))
}

/// Where the last [`openssl_server`] says what it sees.
pub(super) fn server_log(www: &Path) -> PathBuf {
    www.with_file_name("s_server.log")
}

/// Waits until a file has a text in it.
pub(super) fn wait_for_text(file: &Path, text: &str) -> Result<(), String> {
    until_it_succeeds(|| {
        let found = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let found = String::from_utf8_lossy(&found);
        if found.contains(text) { Ok(()) } else { Err(format!("no {text:?} in {found}")) }
    })
}

/// The line that begins so.
pub(super) fn line<'a>(printed: &'a str, beginning: &str) -> Result<&'a str, String> {
    let line = printed.lines().find(|line| line.starts_with(beginning));
    line.ok_or_else(|| format!("expected {beginning:?}, got {printed:?}"))
}

/// The number on the line of this name.
pub(super) fn value<T: FromStr>(printed: &str, name: &str) -> Result<T, String> {
    let value = printed.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.ok_or_else(|| format!("no line {name:?} in {printed:?}"))
}

/// The RISC-V board: a processor without atomic instructions, no firmware, and a random number generator of today's
/// virtio.
const VIRT: &[&str] = &[
    "-bios",
    "none",
    "-cpu",
    "rv32,a=off,f=off,d=off",
    "-global",
    "virtio-mmio.force-legacy=false",
    "-device",
    "virtio-rng-device",
];

/// QEMU with an image on a board; what the program prints comes by stderr.
pub(super) fn qemu(board: &str, image: &Path, words: &[String]) -> Command {
    let mut console = "enable=on,target=native".to_owned();
    for word in words {
        console += &format!(",arg={word}");
    }
    let (program, machine): (_, &[&str]) = match board {
        "virt" => ("qemu-system-riscv32", VIRT),
        "sifive_e" => ("qemu-system-riscv32", &[]),
        _ => ("qemu-system-arm", &[]),
    };
    let mut command = Command::new(program);
    command.args(machine).args([
        "-M",
        board,
        "-display",
        "none",
        "-monitor",
        "none",
        "-semihosting-config",
        &console,
        "-kernel",
    ]);
    command.arg(image).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}
