//! A TLS server for the command line: it echoes, or serves files.

use std::process::ExitCode;

use saitls_examples::args::{Command, ServerArgs};
use saitls_examples::{failure, server};

fn main() -> ExitCode {
    failure::exit(ServerArgs::parse(std::env::args_os().skip(1)).and_then(|command| match command {
        Command::Run(args) => server::run(&args),
        Command::Print(text) => {
            print!("{text}");
            Ok(())
        }
    }))
}
