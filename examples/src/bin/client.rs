//! A TLS client for the command line: standard input to the server, the server to standard output.

use std::process::ExitCode;

use saitls_examples::args::{ClientArgs, Command};
use saitls_examples::{client, failure};

fn main() -> ExitCode {
    failure::exit(ClientArgs::parse(std::env::args_os().skip(1)).and_then(|command| match command {
        Command::Run(args) => client::run(&args),
        Command::Print(text) => {
            print!("{text}");
            Ok(())
        }
    }))
}
