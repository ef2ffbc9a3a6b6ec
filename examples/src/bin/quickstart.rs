//! Shows TLS 1.3 over smoltcp at work, without a network.

use std::process::ExitCode;

use saitls_examples::args::Command;
use saitls_examples::{failure, quickstart};

fn main() -> ExitCode {
    failure::exit(quickstart::parse(std::env::args_os().skip(1)).and_then(|command| match command {
        Command::Run(all) => quickstart::run(all, &mut std::io::stdout().lock()),
        Command::Print(text) => {
            print!("{text}");
            Ok(())
        }
    }))
}
