//! `cargo xtask peers`: the cases of interoperability against peers that are unpacked beside the system, and their
//! table.

mod fetch;
mod table;

use std::path::Path;
use std::process::Command;

/// What the command line asks for.
#[derive(Default)]
pub(crate) struct Options {
    fetch: bool,
    diagonal: bool,
    table: bool,
    words: Vec<String>,
}

impl Options {
    pub(crate) fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        for word in words {
            match *word {
                "--fetch" => options.fetch = true,
                "--table" => options.table = true,
                "--diagonal" => options.diagonal = true,
                flag if flag.starts_with('-') => return Err(format!("peers: no option {flag}")),
                part => options.words.push(part.to_owned()),
            }
        }
        Ok(options)
    }
}

/// Has the peers, runs the cases and prints the table.
pub(crate) fn run(root: &Path, options: &Options) -> Result<(), String> {
    let results = root.join("target/peers/results");
    if options.table {
        let results = std::fs::read_to_string(&results).map_err(|error| format!("{}: {error}", results.display()))?;
        table::print(&results, &fetch::versions(root));
        return Ok(());
    }
    let lacking = fetch::all(root);
    for (peer, error) in &lacking {
        println!("\nPEER THAT CANNOT BE HAD: {peer}: {error}");
    }
    let required = std::env::var_os("SAITLS_REQUIRE_PEERS").is_some_and(|value| value == "1");
    if options.fetch || (required && !lacking.is_empty()) {
        return if lacking.is_empty() { Ok(()) } else { Err(format!("{} peers cannot be had", lacking.len())) };
    }
    let _ = std::fs::remove_file(&results);
    let mut tests = Command::new(env!("CARGO"));
    tests.args(["test", "-q", "-p", "saitls-examples", "--test", "interop", "--"]).current_dir(root);
    if options.words.is_empty() {
        tests.arg("beside/");
    }
    let status = tests
        .args(&options.words)
        .env("SAITLS_PEERS", if options.diagonal { "diagonal" } else { "all" })
        .env("SAITLS_INTEROP_RESULTS", &results)
        .status()
        .map_err(|error| format!("cargo test: {error}"))?;
    if let Ok(results) = std::fs::read_to_string(&results) {
        table::print(&results, &fetch::versions(root));
    }
    if status.success() { Ok(()) } else { Err("peers: there are failures".into()) }
}
