//! The AST2600, whose hash engine is the SHA-256 of its provider: `https_client` and `https_server` with it, and what
//! becomes of them when it fails.

use super::https::{AST2600, Board, FEATURES, Machine, fetch};
use super::image;
use super::process::{line, value};
use std::path::Path;

/// The board with a clock that counts instructions: 8 ns each, so that a tick of 1 us is 125 of them.
const COUNTING: Machine = Machine { words: &["-icount", "shift=3"], ..AST2600 };
const INSTRUCTIONS_PER_TICK: f64 = 125.0;

/// Messages that a client's handshake with a verified chain hashes at least: those of the key schedule, mostly.
const FEWEST_MESSAGES: f64 = 40.0;

/// What the server says when a connection ended well.
const CLOSED: &str = "alert read:warning:close notify";

/// What `https_client` must do: the words it is started with, those of the server, what it prints, and what the server
/// says. (With another hash, an alert is no alert to the server either.)
const CASES: [(&str, &str, &[&str], &str, &str); 5] = [
    ("works", "", &[], "page bytes ", CLOSED),
    ("after a HelloRetryRequest", "", &["-groups", "P-256"], "page bytes ", CLOSED),
    ("the engine never ends", "engine=silent", &[], "alert sent 80", "alert read:fatal:internal error"),
    ("the engine hashes something else", "engine=wrong", &[], "alert sent 20", "alert write:fatal:bad record mac"),
    ("another root", "root=other", &[], "alert sent 48", "alert read:fatal:unknown CA"),
];

pub(super) fn check(root: &Path) -> Result<(), String> {
    println!("\n{} (Cortex-A7): SHA-256 by its hash engine\nhttps_client against openssl s_server", AST2600.board.name);
    let image = image::build(root, "https_client", &AST2600.board, FEATURES)?;
    for (what, word, server_words, expected, seen) in CASES {
        let printed = fetch(root, &AST2600, &image, word, server_words, seen)?;
        let found = line(&printed, expected).map_err(|error| format!("{what}: {error}"))?;
        match value::<f64>(&printed, "engine messages") {
            Ok(messages) if messages < FEWEST_MESSAGES => {
                return Err(format!("{what}: the engine hashed only {messages} messages"));
            }
            Ok(messages) => println!("    {what}: {found}, {messages} messages hashed by the engine"),
            Err(_) => println!("    {what}: {found}"),
        }
    }
    compare(root, &image)?;
    serve(root)
}

/// Prints what the processor has to do with the engine, and without it.
fn compare(root: &Path, with: &Path) -> Result<(), String> {
    const LINES: [(&str, &str); 2] = [
        ("a hash of 64 bytes", "100 hashes of 64 bytes, ticks"),
        ("a hash of 4,096 bytes", "100 hashes of 4096 bytes, ticks"),
    ];
    let with_ram = image::flash(with)?.static_ram;
    let with = fetch(root, &COUNTING, with, "", &[], CLOSED)?;
    let without = image::build(root, "https_client", &AST2600.board, &format!("{FEATURES},no-engine"))?;
    let without_ram = image::flash(&without)?.static_ram;
    let without = fetch(root, &COUNTING, &without, "", &[], CLOSED)?;
    println!("\n| the processor's part | with the engine | in software |\n|---|---|---|");
    for (what, name) in LINES {
        let [with, without] = [&with, &without].map(|printed| value(printed, name));
        let instructions = |ticks: f64| ticks / 100.0 * INSTRUCTIONS_PER_TICK;
        let (with, without) = (instructions(with?), instructions(without?));
        println!("| {what}, instructions | {with:.0} | {without:.0} |");
        if with > without {
            return Err(format!("{what} takes more instructions with the engine than without"));
        }
    }
    println!("| static RAM, bytes | {with_ram} | {without_ram} |");
    println!("| stack, bytes | {} | {} |", value::<u32>(&with, "stack")?, value::<u32>(&without, "stack")?);
    Ok(())
}

fn serve(root: &Path) -> Result<(), String> {
    println!("\nhttps_server, mutual authentication, TCP buffers of 2 kB");
    let board = Board::start(root, &AST2600, "")?;
    let before = board.status("engine")?;
    board.authenticates()?;
    board.carries_a_megabyte()?;
    board.serves_two_at_once()?;
    match board.status("engine")?.saturating_sub(before) {
        messages if f64::from(messages) < FEWEST_MESSAGES => Err(format!("the engine hashed only {messages} messages")),
        messages => {
            println!("    {messages} messages hashed by the engine meanwhile");
            Ok(())
        }
    }
}
