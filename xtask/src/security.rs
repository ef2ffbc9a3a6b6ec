//! Checks that every test that `docs/SECURITY.md` names exists.

use std::collections::BTreeSet;
use std::path::Path;

/// Reads the document and all tests.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let mut tests = BTreeSet::new();
    for folder in ["core/tests", "socket/tests", "examples/tests", "providers"] {
        collect(&root.join(folder), &mut tests).map_err(|e| format!("{folder}: {e}"))?;
    }
    let document = root.join("docs/SECURITY.md");
    let document = std::fs::read_to_string(document).map_err(|e| format!("docs/SECURITY.md: {e}"))?;
    let rows = document.lines().filter(|line| line.starts_with("| ") && line.contains("_"));
    let named: Vec<_> = rows.flat_map(|row| row.split('`').skip(1).step_by(2)).filter(|name| is_test(name)).collect();
    let missing: Vec<_> = named.iter().filter(|name| !tests.contains(**name)).collect();
    if !missing.is_empty() {
        return Err(format!("docs/SECURITY.md names tests that are not there: {missing:?}"));
    }
    if named.len() < 60 {
        return Err(format!("docs/SECURITY.md names {} tests only", named.len()));
    }
    println!("docs/SECURITY.md: all {} tests that it names exist", named.len());
    Ok(())
}

/// Whether a word in backquotes is the name of a test.
fn is_test(word: &str) -> bool {
    word.matches('_').count() >= 2 && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The functions behind `#[test]` in all files of a folder.
fn collect(folder: &Path, tests: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, tests)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path)?;
            for behind in text.split("#[test]").skip(1) {
                let name = behind.split_once("fn ").and_then(|(_, name)| name.split_once('('));
                tests.extend(name.map(|(name, _)| name.to_owned()));
            }
        }
    }
    Ok(())
}
