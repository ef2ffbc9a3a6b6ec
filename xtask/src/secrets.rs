//! Runs `xtask/secrets` under valgrind: nothing in the key schedule, the records and the comparison of MACs branches on
//! a secret, or looks something up by one.

use std::path::Path;
use std::process::Command;

/// What valgrind answers if it found something.
const FOUND: i32 = 9;

/// Builds the program and has valgrind watch it.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let (folder, target) = (root.join("xtask/secrets"), root.join("target/secrets"));
    let built = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .current_dir(&folder)
        .args(["build", "--quiet", "--release", "--target-dir"])
        .arg(&target)
        .status()
        .map_err(|e| format!("cargo: {e}"))?;
    if !built.success() {
        return Err("secrets: the program does not build".into());
    }
    let watch = |arguments: &[&str]| {
        let status = Command::new("valgrind")
            .args(["-q", &format!("--error-exitcode={FOUND}"), "--num-callers=8"])
            .arg(format!("--suppressions={}", folder.join("verdicts.supp").display()))
            .arg(target.join("release/saitls-secrets"))
            .args(arguments)
            .output();
        status.map_err(|e| format!("valgrind: {e}"))
    };
    if watch(&["branch"])?.status.code() != Some(FOUND) {
        return Err("secrets: a branch that depends on a secret was not found".into());
    }
    let watched = watch(&[])?;
    print!("{}", String::from_utf8_lossy(&watched.stdout));
    if watched.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&watched.stderr).into_owned()) }
}
