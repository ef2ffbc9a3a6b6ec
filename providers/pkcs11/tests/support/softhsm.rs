//! Tokens of SoftHSM, with keys of the examples.

use std::path::Path;
use std::process::Command;

const MODULES: &[&str] = &[
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];
pub(crate) const PIN: &str = "1234";

/// Where SoftHSM is installed.
pub(crate) fn module() -> Option<&'static str> {
    MODULES.iter().copied().find(|module| Path::new(module).exists())
}

/// The same; a word about it where it is not.
pub(crate) fn module_or_skip() -> Option<&'static str> {
    let module = module();
    if module.is_none() {
        assert!(std::env::var_os("SAITLS_REQUIRE_PEERS").is_none(), "SoftHSM is not installed (softhsm2)");
        println!("SKIPPED: SoftHSM is not installed (Debian: softhsm2)");
    }
    module
}

/// Makes a token in `folder`, which `softhsm2.conf` there says, with these keys of the folder `identities`, labelled by
/// their names.
pub(crate) fn make_token(folder: &Path, label: &str, identities: &Path, keys: &[&str]) {
    let tokens = folder.join("tokens");
    std::fs::create_dir_all(&tokens).unwrap();
    let configuration = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
    std::fs::write(folder.join("softhsm2.conf"), configuration).unwrap();
    tool(folder, &["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "12345678"]);
    for (number, key) in keys.iter().enumerate() {
        let file = identities.join(format!("{key}.key"));
        let (file, id) = (file.to_str().unwrap(), format!("0{number}"));
        tool(folder, &["--import", file, "--token", label, "--label", key, "--id", &id, "--pin", PIN]);
    }
}

/// Runs `softhsm2-util` on the tokens in `folder`.
pub(crate) fn tool(folder: &Path, arguments: &[&str]) {
    let done =
        Command::new("softhsm2-util").args(arguments).env("SOFTHSM2_CONF", folder.join("softhsm2.conf")).output();
    let output = done.expect("softhsm2-util comes with SoftHSM");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
