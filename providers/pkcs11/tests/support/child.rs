//! Tests in processes of their own: PKCS#11 has one state per process, and modules read the environment.

use std::path::Path;
use std::process::Command;

/// Set in the process of a test: its folder.
const FOLDER: &str = "SAITLS_TEST_TOKEN";

/// Where the body of a test runs, if this is its process.
pub(crate) fn folder() -> Option<std::path::PathBuf> {
    std::env::var_os(FOLDER).map(Into::into)
}

/// A folder for a test.
pub(crate) fn new_folder(test: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("saitls-pkcs11-{}-{test}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs the test again in a process of its own, with these variables, and removes its folder.
#[allow(dead_code, reason = "the tests of modules have one folder for several processes")]
pub(crate) fn run(test: &str, folder: &Path, variables: &[(&str, &Path)]) {
    run_in(test, folder, variables);
    std::fs::remove_dir_all(folder).unwrap();
}

/// The same without the removal. Returns what it said.
pub(crate) fn run_in(test: &str, folder: &Path, variables: &[(&str, &Path)]) -> String {
    run_by(Command::new(std::env::current_exe().unwrap()), test, folder, variables).0
}

/// The same by a command that ends with the program of the tests. Returns what it said to standard output and error.
pub(crate) fn run_by(mut command: Command, test: &str, folder: &Path, variables: &[(&str, &Path)]) -> (String, String) {
    command.args([test, "--exact", "--nocapture"]).env(FOLDER, folder).envs(variables.iter().copied());
    let output = command.output().unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{text}");
    let ran = text.contains("1 passed");
    let end: String = errors.chars().rev().take(4000).collect::<Vec<_>>().into_iter().rev().collect();
    assert!(output.status.success() && ran, "{}: {text}{end}", output.status);
    (text.into_owned(), errors.into_owned())
}
