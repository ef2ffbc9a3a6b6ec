//! The module `saitls-pkcs11-mock`, and orders for it.

use std::path::{Path, PathBuf};

/// The file of the module: cargo builds it beside the tests that depend on it.
pub(crate) fn module() -> PathBuf {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let name = format!("{}saitls_pkcs11_mock{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let module = folder.join(name);
    assert!(module.is_file(), "{} is not there", module.display());
    module
}

/// Where the module finds its orders in the environment.
pub(crate) const FOLDER: &str = "SAITLS_MOCK_TOKEN";

/// Has the module do as these words say from now on.
pub(crate) fn order(folder: &Path, words: &[&str]) {
    // At once, as the module may be reading.
    let new = folder.join("orders.new");
    std::fs::write(&new, words.join("\n")).unwrap();
    std::fs::rename(new, folder.join("orders")).unwrap();
}

/// The functions that were called since it was last asked.
pub(crate) fn calls(folder: &Path) -> Vec<String> {
    let file = folder.join("calls");
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let _ = std::fs::remove_file(file);
    text.lines().map(str::to_owned).collect()
}
