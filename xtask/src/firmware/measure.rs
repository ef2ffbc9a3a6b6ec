//! What a handshake and 64 kB take, for several selections of suites, against `openssl s_server` over the serial line.

use super::board::{AN385, AN386, AN505, Board, MICROBIT, SIFIVE_E, VIRT};
use super::image::{self, Flash};
use super::peer::Peer;
use super::process::{openssl_server, qemu};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::net::{Shutdown, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The page that is fetched, in bytes.
const PAGE_LEN: usize = 65_536;

/// One selection.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) features: &'static str,
    /// The server's identity in `examples/firmware/pki`.
    pub(super) identity: &'static str,
    /// Other words for the server.
    pub(super) words: &'static [&'static str],
    pub(super) board: Board,
    pub(super) is_server: bool,
}

/// What a row takes, by the names of the budgets.
pub(super) type Figures = BTreeMap<&'static str, f64>;

impl Row {
    /// Builds it and runs it.
    pub(super) fn measure(&self, root: &Path) -> Result<Figures, String> {
        let of_row = |error| format!("{}: {error}", self.name);
        let pki = root.join("examples/firmware/pki");
        let program = if self.is_server { "tls_uart_server" } else { "tls_uart" };
        let image = image::build(root, program, &self.board, self.features)?;
        let printed = if self.is_server {
            serve(&pki, &self.board, &image)
        } else {
            let (_server, port) = openssl_server(&pki, &page(root)?, self.identity, self.words)?;
            run(&self.board, self.board.pace, &image, Some(port))
        };
        figures(&self.board, &image::flash(&image)?, &printed.map_err(of_row)?).map_err(of_row)
    }
}

pub(super) const CLIENT: Row =
    Row { name: "", what: "", features: "", identity: "direct", words: &[], board: AN385, is_server: false };

/// The server has the key of `tls_uart`, and no certificate.
pub(super) const PSK: &[&str] = &[
    "-psk_identity",
    "board",
    "-psk",
    "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a",
    "-allow_no_dhe_kex",
];

const ROWS: [Row; 28] = [
    Row {
        name: "psk",
        what: "AES-128-GCM, X25519, pre-shared key",
        features: "aes128gcm,x25519,psk",
        identity: "",
        words: PSK,
        ..CLIENT
    },
    Row {
        name: "psk-small",
        what: "the same, records of 1 kB",
        features: "aes128gcm,x25519,psk,small-records",
        identity: "",
        words: PSK,
        ..CLIENT
    },
    Row {
        name: "psk-ke",
        what: "AES-128-GCM, pre-shared key alone, records of 1 kB",
        features: "aes128gcm,psk-ke,small-records",
        identity: "",
        words: PSK,
        ..CLIENT
    },
    Row {
        name: "microbit-psk",
        what: "AES-128-GCM, pre-shared key alone, records of 1 kB",
        features: "aes128gcm,psk-ke,small-records",
        identity: "",
        words: PSK,
        board: MICROBIT,
        ..CLIENT
    },
    Row { name: "pinned", what: "AES-128-GCM, P-256, pinned key", features: "aes128gcm,p256", ..CLIENT },
    Row { name: "chain", what: "the same, chain verified", features: "aes128gcm,p256,chain", ..CLIENT },
    Row {
        name: "chain-ordered",
        what: "the same, chain verified in its order",
        features: "aes128gcm,p256,ordered",
        ..CLIENT
    },
    Row {
        name: "pinned-x25519",
        what: "AES-128-GCM, X25519, P-256 signatures, pinned key",
        features: "aes128gcm,x25519,p256",
        ..CLIENT
    },
    Row {
        name: "chacha-ed25519",
        what: "ChaCha20-Poly1305, X25519, Ed25519, pinned key",
        features: "chacha20poly1305,x25519,ed25519",
        identity: "ed25519",
        ..CLIENT
    },
    Row {
        name: "no-rsa",
        what: "all suites but RSA, chain verified",
        features: "aes128gcm,aes256gcm,chacha20poly1305,aes128ccm,x25519,p256,p384,ed25519,chain",
        ..CLIENT
    },
    Row {
        name: "everything",
        what: "everything, chain verified",
        features: "aes128gcm,aes256gcm,chacha20poly1305,aes128ccm,x25519,p256,p384,ed25519,rsa,chain",
        ..CLIENT
    },
    Row {
        name: "server",
        what: "server: AES-128-GCM, P-256, a chain of two certificates sent",
        features: "aes128gcm,p256",
        is_server: true,
        ..CLIENT
    },
    Row {
        name: "small-records",
        what: "AES-128-GCM, P-256, pinned key, records of 1 kB",
        features: "aes128gcm,p256,small-records",
        ..CLIENT
    },
    Row {
        name: "sliced",
        what: "AES-128-GCM, X25519, P-256 signatures verified in slices, pinned key",
        features: "aes128gcm,x25519,sliced",
        ..CLIENT
    },
    Row { name: "sliced-chain", what: "the same, chain verified", features: "aes128gcm,x25519,sliced,chain", ..CLIENT },
    Row {
        name: "asm-p256",
        what: "Cortex-M4, P-256 in assembly: AES-128-GCM, pinned key",
        features: "aes128gcm,asm-p256",
        board: AN386,
        ..CLIENT
    },
    Row {
        name: "asm-p256-chain",
        what: "the same, chain verified",
        features: "aes128gcm,asm-p256,chain",
        board: AN386,
        ..CLIENT
    },
    Row {
        name: "asm-p256-ordered",
        what: "the same, chain verified in its order",
        features: "aes128gcm,asm-p256,ordered",
        board: AN386,
        ..CLIENT
    },
    Row {
        name: "microbit",
        what: "AES-128-GCM, P-256, pinned key, records of 1 kB",
        features: "aes128gcm,p256,small-records",
        board: MICROBIT,
        ..CLIENT
    },
    Row {
        name: "microbit-ed25519",
        what: "ChaCha20-Poly1305, X25519, Ed25519, pinned key, records of 1 kB",
        features: "chacha20poly1305,x25519,ed25519,small-records",
        identity: "ed25519",
        board: MICROBIT,
        ..CLIENT
    },
    Row {
        name: "microbit-ordered",
        what: "AES-128-GCM, P-256, chain verified in its order, records of 1 kB",
        features: "aes128gcm,p256,ordered,small-records",
        board: MICROBIT,
        ..CLIENT
    },
    Row {
        name: "microbit-server",
        what: "server: AES-128-GCM, P-256, a chain of two certificates sent, short requests",
        features: "aes128gcm,p256,small-records",
        board: MICROBIT,
        is_server: true,
        ..CLIENT
    },
    Row { name: "m33", what: "AES-128-GCM, P-256, pinned key", features: "aes128gcm,p256", board: AN505, ..CLIENT },
    Row {
        name: "m33-ordered",
        what: "the same, chain verified in its order",
        features: "aes128gcm,p256,ordered",
        board: AN505,
        ..CLIENT
    },
    Row { name: "rv32", what: "AES-128-GCM, P-256, pinned key", features: "aes128gcm,p256", board: VIRT, ..CLIENT },
    Row {
        name: "rv32-ordered",
        what: "the same, chain verified in its order",
        features: "aes128gcm,p256,ordered",
        board: VIRT,
        ..CLIENT
    },
    Row {
        name: "hifive1",
        what: "ChaCha20-Poly1305, X25519, Ed25519, pinned key, records of 1 kB",
        features: "chacha20poly1305,x25519,ed25519,small-records",
        identity: "ed25519",
        board: SIFIVE_E,
        ..CLIENT
    },
    Row {
        name: "hifive1-ordered",
        what: "AES-128-GCM, P-256, chain verified in its order, records of 1 kB",
        features: "aes128gcm,p256,ordered,small-records",
        board: SIFIVE_E,
        ..CLIENT
    },
];

/// The columns that have budgets, in their order.
const COLUMNS: [(&str, &str); 14] = [
    ("flash", "flash"),
    ("ours", "ours"),
    ("provider", "provider"),
    ("webpki", "webpki"),
    ("rest", "rest"),
    ("static_ram", "static RAM"),
    ("connection", "of it, or on the stack, the connection"),
    ("handshake_stack", "stack, handshake"),
    ("bulk_stack", "stack, bulk"),
    ("ram", "static RAM + stack"),
    ("heap", "heap"),
    ("handshake_kilo_instructions", "handshake, k instructions"),
    ("longest_kilo_instructions", "longest `process`, k instructions"),
    ("bulk_instructions_per_byte", "bulk, instructions/byte"),
];

/// Builds and runs every row, prints the table, and compares it with the budgets.
pub(super) fn table(root: &Path, only: Option<&str>, strict: bool) -> Result<(), String> {
    let budgets =
        fs::read_to_string(root.join("examples/firmware/budgets.json")).map_err(|e| format!("budgets: {e}"))?;
    let budgets: Value = serde_json::from_str(&budgets).map_err(|error| format!("budgets: {error}"))?;
    let mut over = Vec::new();
    println!("\nopt-level s, fat LTO; bytes unless it says otherwise\n");
    println!("| row | processor | selection | {} |", COLUMNS.map(|(_, title)| title).join(" | "));
    println!("|---|---|---{}|", "|---".repeat(COLUMNS.len()));
    for row in ROWS.iter().filter(|row| only.is_none_or(|name| name == row.name)) {
        let figures = row.measure(root)?;
        let cells: Vec<String> = COLUMNS.iter().map(|(key, _)| number(figures[key])).collect();
        println!("| {} | {} | {} | {} |", row.name, row.board.processor, row.what, cells.join(" | "));
        over.extend(exceeded(row.name, &figures, &budgets[row.name])?);
    }
    println!();
    match over.as_slice() {
        [] => Ok(()),
        over if strict => Err(format!("over budget (examples/firmware/budgets.json):\n{}", over.join("\n"))),
        over => {
            println!("over budget:\n{}", over.join("\n"));
            Ok(())
        }
    }
}

/// Prints what the primitives take by themselves.
pub(super) fn primitives(root: &Path) -> Result<(), String> {
    let features = "aes128gcm,chacha20poly1305,x25519,p256,ed25519";
    let image = image::build(root, "primitives", &AN385, features)?;
    println!("\nprimitives on the {}\n\n| primitive | k instructions | stack, bytes |\n|---|---|---|", AN385.name);
    for (name, value) in run(&AN385, AN385.pace, &image, None)? {
        match name.rsplit_once(' ') {
            Some((_, "stack")) => println!(" {} |", number(value)),
            Some((primitive, "ticks")) => {
                print!("| {primitive} | {} |", number(value * AN385.instructions_per_tick(AN385.pace) / 1e3));
            }
            _ => return Err(format!("unexpected line: {name}")),
        }
    }
    // The least that a client of these suites can take, whoever writes its protocol.
    let Flash { all, provider, .. } = image::flash(&image::build(root, "primitives", &AN385, "aes128gcm,p256")?)?;
    println!(
        "\nflash of an image with AES-128-GCM, P-256 and SHA-256 and nothing of TLS: {all}, cryptography {provider}"
    );
    Ok(())
}

/// A folder with a page of random-looking content.
pub(super) fn page(root: &Path) -> Result<std::path::PathBuf, String> {
    let www = root.join("target/firmware/www");
    let mut page = b"HTTP/1.0 200 OK\r\n\r\n".to_vec();
    page.extend((0..PAGE_LEN as u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8));
    fs::create_dir_all(&www).and_then(|()| fs::write(www.join("page"), page)).map_err(|error| error.to_string())?;
    Ok(www)
}

/// Runs an image to its end, an instruction in 2^`pace` ns: the lines it printed, a name and a number each.
pub(super) fn run(board: &Board, pace: u32, image: &Path, serial: Option<u16>) -> Result<Vec<(String, f64)>, String> {
    let mut command = qemu(board.name, image, &[]);
    command.args(["-icount", &format!("shift={pace}")]);
    if let Some(port) = serial {
        command.args(["-serial", &format!("tcp:127.0.0.1:{port}")]);
    }
    let (success, printed) = super::process::Background::start(&mut command)?.finish(Duration::from_secs(300))?;
    if !success {
        return Err(format!("the firmware failed:\n{printed}"));
    }
    let line = |line: &str| {
        let (name, value) = line.trim().rsplit_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    printed.lines().map(|text| line(text).ok_or_else(|| format!("unexpected line: {text}"))).collect()
}

/// Runs an image that is a server, for a page that `openssl s_client` fetches: the lines it printed.
fn serve(pki: &Path, board: &Board, image: &Path) -> Result<Vec<(String, f64)>, String> {
    let failed = |error: std::io::Error| error.to_string();
    let [line, peers] = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)));
    let (line, peers) = (line.map_err(failed)?, peers.map_err(failed)?);
    let port = line.local_addr().map_err(failed)?.port();
    let mut client = Command::new("openssl");
    client.args(["s_client", "-quiet", "-ign_eof", "-tls1_3", "-servername", "server.test", "-verify_return_error"]);
    client.arg("-CAfile").arg(pki.join("root.cert.pem"));
    client.args(["-connect", &peers.local_addr().map_err(failed)?.to_string()]);
    // Both connect to us: neither need wait until the other listens.
    let relay = std::thread::spawn(move || -> std::io::Result<()> {
        let (board, _) = line.accept()?;
        let (client, _) = peers.accept()?;
        let (mut from_board, mut to_client) = (board.try_clone()?, client.try_clone()?);
        let down = std::thread::spawn(move || {
            let copied = std::io::copy(&mut from_board, &mut to_client);
            to_client.shutdown(Shutdown::Write).and(copied)
        });
        std::io::copy(&mut &client, &mut &board)?;
        down.join().map_err(|_| std::io::Error::other("a thread panicked"))?.map(drop)
    });
    let fetching = std::thread::spawn(move || Peer::start(&mut client)?.exchange(b"GET /page HTTP/1.0\r\n\r\n"));
    let printed = run(board, board.pace, image, Some(port))?;
    let page = fetching.join().map_err(|_| "a thread panicked")??;
    relay.join().map_err(|_| "a thread panicked")?.map_err(failed)?;
    let expected = (0..PAGE_LEN).map(|index| (index % 251) as u8);
    if page.len() < PAGE_LEN || !page[page.len() - PAGE_LEN..].iter().copied().eq(expected) {
        return Err(format!("the page did not come as it was sent ({} bytes)", page.len()));
    }
    Ok(printed)
}

/// The figures of a row, by the names of the budgets.
fn figures(board: &Board, flash: &Flash, printed: &[(String, f64)]) -> Result<Figures, String> {
    let printed: BTreeMap<&str, f64> = printed.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let get = |name: &str| printed.get(name).copied().ok_or_else(|| format!("no line {name}"));
    let bytes = get("bulk bytes")?;
    if bytes < PAGE_LEN as f64 {
        return Err(format!("only {bytes} bytes came"));
    }
    let per_tick = board.instructions_per_tick(board.pace);
    let kilo = |ticks: f64| (ticks * per_tick / 1e3).round();
    let stack = get("handshake stack")?.max(get("bulk stack")?);
    Ok(BTreeMap::from([
        ("flash", flash.all as f64),
        ("ours", flash.ours as f64),
        ("provider", flash.provider as f64),
        ("webpki", flash.webpki as f64),
        ("rest", flash.rest as f64),
        ("static_ram", flash.static_ram as f64),
        ("connection", get("connection bytes")?),
        ("handshake_stack", get("handshake stack")?),
        ("bulk_stack", get("bulk stack")?),
        ("ram", flash.static_ram as f64 + stack),
        ("heap", get("heap").unwrap_or(0.0)),
        ("handshake_kilo_instructions", kilo(get("handshake ticks")?)),
        ("longest_kilo_instructions", kilo(get("longest ticks")?)),
        ("bulk_instructions_per_byte", (get("bulk ticks")? * per_tick / bytes * 10.0).round() / 10.0),
    ]))
}

/// The figures that are over their budgets.
fn exceeded(row: &str, figures: &Figures, budgets: &Value) -> Result<Vec<String>, String> {
    let budgets = budgets.as_object().ok_or_else(|| format!("no budgets for {row}"))?;
    let mut over = Vec::new();
    for (name, budget) in budgets {
        let figure = figures.get(name.as_str()).ok_or_else(|| format!("{row}: no figure {name}"))?;
        let budget = budget.as_f64().ok_or_else(|| format!("{row}: {name} is no number"))?;
        if *figure > budget {
            over.push(format!("{row}: {name} is {}, its budget {}", number(*figure), number(budget)));
        }
    }
    Ok(over)
}

/// A number with commas between thousands.
pub(super) fn number(value: f64) -> String {
    if value.fract() != 0.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
