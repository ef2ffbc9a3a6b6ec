//! That pages read well where they are looked at: on GitHub and crates.io, lines that rustdoc hides are not hidden.

use std::fs;
use std::path::{Path, PathBuf};

/// All pages of the repository, but not what is built or fetched.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            pages(&path, found);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// The lines of examples in Rust that rustdoc would hide, with their numbers.
fn hidden_lines(page: &str) -> Vec<usize> {
    let (mut in_block, mut in_rust) = (false, false);
    let mut hidden = Vec::new();
    for (number, line) in page.lines().enumerate() {
        if let Some(language) = line.strip_prefix("```") {
            in_block = !in_block;
            in_rust = in_block && (language.is_empty() || language.starts_with("rust"));
        } else if in_rust && (line.trim_start().starts_with("# ") || line.trim() == "#") {
            hidden.push(number + 1);
        }
    }
    hidden
}

#[test]
fn hidden_lines_are_found() {
    let page = "# Title\n```rust\n# use a::b;\nlet x;\n#[test]\n#\n```\n```console\n# ls\n```\n# End\n";
    assert_eq!(hidden_lines(page), [3, 6]);
}

#[test]
fn no_page_shows_lines_that_are_to_be_hidden() {
    let mut found = Vec::new();
    pages(&crate::root(), &mut found);
    assert!(found.len() > 20, "{} pages", found.len());
    for page in found {
        let hidden = hidden_lines(&fs::read_to_string(&page).expect("a page"));
        assert!(hidden.is_empty(), "{}: lines {hidden:?}", page.display());
    }
}
