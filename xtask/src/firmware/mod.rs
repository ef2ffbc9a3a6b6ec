//! `cargo xtask firmware`: builds the firmware of `examples/firmware`, runs it in QEMU against programs on the host,
//! and prints what it takes. Budgets are in `examples/firmware/budgets.json`.

mod board;
mod constant;
mod engine;
mod footprint;
mod https;
mod image;
mod measure;
mod peer;
#[path = "../../../examples/tests/interop/ports.rs"]
mod ports;
mod process;
mod vectors;

use std::path::Path;

/// What the command line asks for.
#[derive(Default)]
pub(crate) struct Options {
    what: Option<What>,
    /// Fail where a budget is exceeded.
    budgets: bool,
    /// Only this row.
    row: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Measure,
    Primitives,
    Constant,
    HttpsClient,
    HttpsServer,
    Engine,
    Vectors,
    Footprint,
}

/// What each word asks for; `tls_uart` has the server's rows too.
const PROGRAMS: [(&str, What); 8] = [
    ("tls_uart", What::Measure),
    ("primitives", What::Primitives),
    ("constant", What::Constant),
    ("https_client", What::HttpsClient),
    ("https_server", What::HttpsServer),
    ("engine", What::Engine),
    ("vectors", What::Vectors),
    ("footprint", What::Footprint),
];

impl Options {
    pub(crate) fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--budgets" => options.budgets = true,
                "--row" => options.row = words.next().map(|&name| name.to_owned()),
                program => match PROGRAMS.iter().find(|(name, _)| *name == program) {
                    Some(&(_, what)) => options.what = Some(what),
                    None => {
                        let known = PROGRAMS.map(|(name, _)| name).join(", ");
                        return Err(format!(
                            "firmware: unknown word {program}; there are {known}; --budgets; --row NAME, of tls_uart's table"
                        ));
                    }
                },
            }
        }
        Ok(options)
    }
}

/// Does it.
pub(crate) fn run(root: &Path, options: &Options) -> Result<(), String> {
    for (program, hint) in [
        ("qemu-system-arm", "qemu-system-arm"),
        ("qemu-system-riscv32", "qemu-system-misc"),
        ("openssl", "openssl"),
        ("curl", "curl"),
    ] {
        process::find(program).map_err(|error| format!("{error}: install the package {hint}"))?;
    }
    let wanted = |what| options.what.is_none_or(|only| only == what);
    if wanted(What::Primitives) {
        measure::primitives(root)?;
    }
    if wanted(What::Constant) {
        constant::check(root)?;
    }
    if wanted(What::Measure) {
        measure::table(root, options.row.as_deref(), options.budgets)?;
    }
    if wanted(What::HttpsClient) {
        https::client(root)?;
    }
    if wanted(What::HttpsServer) {
        https::server(root)?;
    }
    if wanted(What::Vectors) {
        vectors::check(root)?;
    }
    // The figures of docs/FOOTPRINT.md, for whoever writes it: most of them are those of the table again.
    if options.what == Some(What::Footprint) {
        footprint::print(root)?;
    }
    if wanted(What::Engine) {
        engine::check(root)?;
    }
    Ok(())
}
