//! `cargo xtask firmware`: builds the firmware of `examples/firmware`, runs it in QEMU against programs on the host, and
//! prints what it takes. Budgets are in `examples/firmware/budgets.json`.

mod engine;
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
    HttpsClient,
    HttpsServer,
    Engine,
    Vectors,
}

impl Options {
    pub(crate) fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "tls_uart" => options.what = Some(What::Measure),
                "primitives" => options.what = Some(What::Primitives),
                "https_client" => options.what = Some(What::HttpsClient),
                "https_server" => options.what = Some(What::HttpsServer),
                "engine" => options.what = Some(What::Engine),
                "vectors" => options.what = Some(What::Vectors),
                "--budgets" => options.budgets = true,
                "--row" => options.row = words.next().map(|&name| name.to_owned()),
                other => {
                    return Err(format!(
                        "firmware: unknown word {other}; there are tls_uart (also the server), primitives, https_client, \
                         https_server, engine, vectors; --budgets; --row NAME, of tls_uart's table"
                    ));
                }
            }
        }
        Ok(options)
    }
}

/// Does it.
pub(crate) fn run(root: &Path, options: &Options) -> Result<(), String> {
    for (program, hint) in [("qemu-system-arm", "qemu-system-arm"), ("openssl", "openssl"), ("curl", "curl")] {
        process::find(program).map_err(|error| format!("{error}: install the package {hint}"))?;
    }
    let wanted = |what| options.what.is_none_or(|only| only == what);
    if wanted(What::Primitives) {
        measure::primitives(root)?;
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
    if wanted(What::Engine) {
        engine::check(root)?;
    }
    Ok(())
}
