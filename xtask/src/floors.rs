//! The floors rule: `core/src/lib.rs` lists the modules from the ground up, each with the number of its floor, and a module
//! uses only modules of its own floor and of those below.
//!
//! Paths are found among the tokens of each file: `crate::..` and `super::..` anywhere, also in groups and macros; comments
//! and strings are no tokens. Test modules are free.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// Checks every file under `src`.
pub(crate) fn check(src: &Path) -> Result<(), String> {
    let root = src.join("lib.rs");
    let text = read(&root)?;
    let floors = Floors::read(&text)?;
    let mut files = Vec::new();
    collect(src, &mut files)?;
    let mut report = String::new();
    for file in &files {
        let inside: Vec<String> = module_path(src, file);
        let Some(module) = inside.first() else { continue };
        let Some(own) = floors.position(module) else {
            let _ = writeln!(report, "{}: module `{module}` has no floor in lib.rs", file.display());
            continue;
        };
        let mut uses = Uses { path: inside.clone(), found: Vec::new() };
        uses.walk(read(file)?.parse::<TokenStream>().map_err(|e| format!("{}: {e}", file.display()))?);
        for (name, line) in uses.found {
            let Some(target) = floors.resolve(&name) else {
                let _ =
                    writeln!(report, "{}:{line}: `{name}` is neither a module nor a name of lib.rs", file.display());
                continue;
            };
            if floors.floor(target) > floors.floor(own) {
                let (up, down) = (floors.describe(target), floors.describe(own));
                let _ = writeln!(report, "{}:{line}: {down} uses {up}, which is above it", file.display());
            }
        }
    }
    if report.is_empty() {
        let modules: Vec<_> = floors.list.iter().map(|(name, floor)| format!("{floor} {name}")).collect();
        println!("floors: {} files keep to {}", files.len(), modules.join(" < "));
        Ok(())
    } else {
        Err(format!("floors (a module uses only its own floor and those below it, core/src/lib.rs):\n{report}"))
    }
}

/// The list in `lib.rs`, and what it re-exports from where.
struct Floors {
    list: Vec<(String, u8)>,
    exports: BTreeMap<String, String>,
}

impl Floors {
    fn read(text: &str) -> Result<Self, String> {
        let mut list: Vec<(String, u8)> = Vec::new();
        for line in text.lines().map(str::trim) {
            let line = line.strip_prefix("pub ").or(line.strip_prefix("pub(crate) ")).unwrap_or(line);
            let Some((name, rest)) = line.strip_prefix("mod ").and_then(|rest| rest.split_once(';')) else { continue };
            let floor =
                rest.trim().strip_prefix("// ").and_then(|rest| rest.get(..1)).and_then(|digit| digit.parse().ok());
            let floor = floor.ok_or_else(|| format!("lib.rs: module `{name}` needs its floor: `mod {name}; // N`"))?;
            if list.last().is_some_and(|(_, before)| *before > floor) {
                return Err(format!("lib.rs: module `{name}` stands below a module of a higher floor"));
            }
            list.push((name.to_owned(), floor));
        }
        let mut exports = BTreeMap::new();
        let mut uses = text.split("pub use ").skip(1).filter_map(|rest| rest.split(';').next());
        for (module, names) in uses.by_ref().filter_map(|item| item.split_once("::")) {
            let names = names.trim_matches(|c| "{}".contains(c)).split(',');
            exports.extend(names.map(|name| (name.trim().to_owned(), module.trim().to_owned())));
        }
        if list.is_empty() { Err("lib.rs lists no module with a floor".into()) } else { Ok(Self { list, exports }) }
    }

    fn position(&self, module: &str) -> Option<usize> {
        self.list.iter().position(|(name, _)| name == module)
    }

    /// The place in the list of what `crate::name` means; 0 for what another crate gives.
    fn resolve(&self, name: &str) -> Option<usize> {
        self.position(name).or_else(|| self.exports.get(name).map(|module| self.position(module).unwrap_or(0)))
    }

    fn floor(&self, place: usize) -> Option<u8> {
        self.list.get(place).map(|(_, floor)| *floor)
    }

    fn describe(&self, place: usize) -> String {
        self.list.get(place).map(|(name, floor)| format!("`{name}` (floor {floor})")).unwrap_or_default()
    }
}

/// Finds the first name after `crate::` of every path.
struct Uses {
    /// The module whose tokens these are.
    path: Vec<String>,
    found: Vec<(String, usize)>,
}

impl Uses {
    fn walk(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        let mut skip_item = false;
        let mut inline: Option<String> = None;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket && is_test(group) => {
                    skip_item = true
                }
                TokenTree::Group(group) if skip_item && group.delimiter() == Delimiter::Brace => skip_item = false,
                TokenTree::Punct(punct) if punct.as_char() == ';' => (skip_item, inline) = (false, None),
                TokenTree::Group(group) => {
                    let depth = inline.take();
                    self.path.extend(depth.clone());
                    self.walk(group.stream());
                    depth.is_some().then(|| self.path.pop());
                }
                _ if skip_item => {}
                TokenTree::Ident(ident) if ident == "mod" => inline = tokens.get(at).map(ToString::to_string),
                TokenTree::Ident(ident) if ident == "crate" => at = self.path_from(&tokens, at, &[]),
                TokenTree::Ident(ident) if ident == "super" => {
                    let mut base = self.path.clone();
                    base.pop();
                    while tokens.get(at + 2).is_some_and(|token| token.to_string() == "super") {
                        base.pop();
                        at += 3;
                    }
                    at = self.path_from(&tokens, at, &base);
                }
                _ => {}
            }
        }
    }

    /// Notes the path that goes on at `at` (behind `crate` or the last `super`) from module `base`; returns where it ends.
    fn path_from(&mut self, tokens: &[TokenTree], at: usize, base: &[String]) -> usize {
        let colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        if !(colon(at) && colon(at + 1)) {
            return at; // `pub(crate)`, `pub(super)`
        }
        let at = at + 2;
        if let Some(module) = base.first() {
            // Inside our own module, which is in order; the rest of the path may hold others, so it is read on.
            let _ = module;
            return at;
        }
        match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => self.note(&ident.to_string(), ident.span().start().line),
            Some(TokenTree::Group(group)) => {
                let mut first = true;
                for token in group.stream() {
                    match &token {
                        TokenTree::Ident(ident) if first && ident != "self" => {
                            self.note(&ident.to_string(), ident.span().start().line);
                            first = false;
                        }
                        TokenTree::Punct(punct) if punct.as_char() == ',' => first = true,
                        _ => {}
                    }
                }
                return at + 1;
            }
            _ => {}
        }
        at + 1
    }

    fn note(&mut self, name: &str, line: usize) {
        self.found.push((name.to_owned(), line));
    }
}

/// `cfg(test)` between the brackets of an attribute.
fn is_test(group: &Group) -> bool {
    group.stream().to_string().replace(' ', "") == "cfg(test)"
}

/// `src/wire/list.rs` is `wire::list`, `src/wire/mod.rs` is `wire`, `src/lib.rs` is nothing.
fn module_path(src: &Path, file: &Path) -> Vec<String> {
    let relative = file.strip_prefix(src).unwrap_or(file).with_extension("");
    let mut path: Vec<String> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if path.last().is_some_and(|last| last == "mod" || last == "lib") {
        path.pop();
    }
    path
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &[&str], code: &str) -> Vec<String> {
        let mut uses = Uses { path: path.iter().map(|&part| part.to_owned()).collect(), found: Vec::new() };
        uses.walk(code.parse().expect("Rust"));
        uses.found.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn paths_are_found_in_every_form() {
        let code = "use crate::{codes::{A, B}, error}; pub(crate) fn f() -> crate::wire::X { m!(crate::record::Y) }
            /// crate::handshake::Doc
            const S: &str = \"crate::connection\";
            #[cfg(test)] mod tests { use crate::connection::Z; }
            mod inner { use super::super::super::secret::S; use super::super::own; }";
        assert_eq!(found(&["wire", "list"], code), ["codes", "error", "wire", "record", "secret"]);
    }

    #[test]
    fn the_list_is_in_order_and_complete() {
        let floors =
            Floors::read("pub mod codes; // 0\nmod wire; // 1\npub use wire::{Reader, Writer};\n").expect("a list");
        assert_eq!(floors.resolve("Writer"), Some(1));
        assert_eq!(floors.resolve("nothing"), None);
        assert!(Floors::read("mod wire; // 1\nmod codes; // 0\n").is_err());
        assert!(Floors::read("mod wire;\n").is_err());
    }
}
