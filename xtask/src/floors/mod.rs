//! The floors rule. In each crate, no modules that stand side by side use each other in a circle, in any folder.
//! `core/src/lib.rs` lists its modules from the ground up, each with the number of its own floor, and a module uses
//! only those below it. A few walls stand within floors, too.

mod circles;
mod source;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use self::circles::{by_folder, circles};
use self::source::{Files, Source};

/// The folders of the crates.
const CRATES: [&str; 11] = [
    "core",
    "providers/aws-lc",
    "providers/chain",
    "providers/conformance",
    "providers/linux",
    "providers/pkcs11",
    "providers/rustcrypto",
    "providers/tpm",
    "providers/webpki",
    "socket",
    "socket/tokio",
];

/// Modules of `core` that name nothing of others, though these are on floors below.
const WALLS: [(&[&str], &[&str], &str); 2] = [
    (&["handshake"], &["record", "stream"], "a handshake does not know what carries it: only `record::flight`"),
    (&["handshake", "server"], &["handshake", "client"], "what both sides need is in neither"),
];

/// Folders of `core` whose code does not have a name.
const UNNAMED: [(&str, &str, &str); 1] = [("record", "KeyExchange", "key agreement is the handshake's affair")];

/// No file of the folder is longer than so many lines.
const LONGEST: (&str, usize) = ("handshake", 300);

/// Circles that are one definition: a `CryptoProvider` names its parts, and each part is a trait over `CryptoProvider`.
const KNOTS: [&str; 1] =
    ["core::crypto: a circle of aead, hash, hkdf, key_exchange, provider, secret, signature_verifier"];

/// What is wrong, with a name for it.
#[derive(Debug)]
struct Fault {
    name: String,
    text: String,
}

/// Checks the crates of the workspace at `root`.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let (mut faults, mut count) = (Vec::new(), 0);
    for name in CRATES {
        let files = read(&root.join(name).join("src"))?;
        count += files.len();
        faults.append(&mut faults_of(name, &files)?);
    }
    let mut report = String::new();
    for knot in KNOTS.iter().filter(|knot| faults.iter().all(|fault| fault.name != **knot)) {
        let _ = writeln!(report, "{knot}: is none any more, and is to be struck from KNOTS in xtask/src/floors/mod.rs");
    }
    for fault in faults.iter().filter(|fault| !KNOTS.contains(&fault.name.as_str())) {
        let _ = writeln!(report, "{}", fault.text);
    }
    if report.is_empty() {
        println!("floors: {count} files of {} crates keep to theirs", CRATES.len());
        Ok(())
    } else {
        Err(format!("floors (a module uses only those below it: docs/ARCHITECTURE.md):\n{report}"))
    }
}

/// What breaks the rules in the crate of these files.
fn faults_of(name: &str, files: &Files) -> Result<Vec<Fault>, String> {
    let source = Source::read(files)?;
    let uses = source.uses();
    let folders = by_folder(&uses);
    let mut faults = Vec::new();
    for (folder, neighbours) in &folders {
        for circle in circles(neighbours) {
            let path: Vec<_> = [name].into_iter().chain(folder.iter().map(String::as_str)).collect();
            let members: Vec<_> = circle.iter().copied().collect();
            let title = format!("{}: a circle of {}", path.join("::"), members.join(", "));
            let mut text = title.clone();
            for ((from, to), found) in neighbours.iter().filter(|((a, b), _)| circle.contains(a) && circle.contains(b))
            {
                let _ = write!(text, "\n    {}:{}: `{from}` uses `{to}`", found.file.display(), found.line);
            }
            faults.push(Fault { name: title, text });
        }
    }
    if name != "core" {
        return Ok(faults);
    }
    let (floors, mut unnumbered) = floors(files.get(Path::new("lib.rs")).ok_or("core has no lib.rs")?);
    faults.append(&mut unnumbered);
    let floor = |module: &str| floors.iter().position(|floor| floor == module);
    for file in files.keys() {
        let top = file.iter().next().map(|top| Path::new(top).with_extension("")).unwrap_or_default();
        let top = top.to_string_lossy();
        if top != "lib" && floor(&top).is_none() {
            faults.push(Fault { name: format!("{top} without floor"), text: format!("{top}: has no floor in lib.rs") });
        }
    }
    for (&(from, to), found) in folders.get(&Vec::new()).into_iter().flatten() {
        if floor(from) < floor(to) {
            let name = format!("{from} uses {to}");
            let text = format!("{}:{}: {name}, which is above it", found.file.display(), found.line);
            faults.push(Fault { name, text });
        }
    }
    for (from, to, why) in WALLS {
        let within = |module: &[String], wall: &[&str]| {
            module.len() >= wall.len() && module.iter().zip(wall).all(|(a, b)| a == b)
        };
        for found in uses.iter().filter(|found| within(&found.from, from) && within(&found.to, to)) {
            let name = format!("{} names {}", from.join("::"), to.join("::"));
            let text = format!("{}:{}: {name}: {why}", found.file.display(), found.line);
            faults.push(Fault { name, text });
        }
    }
    for (folder, word, why) in UNNAMED {
        for (file, line) in source.lines_with(Path::new(folder), word) {
            let name = format!("{folder} names {word}");
            let text = format!("{}:{line}: {name}: {why}", file.display());
            faults.push(Fault { name, text });
        }
    }
    let (folder, longest) = LONGEST;
    for (file, text) in files.iter().filter(|(file, _)| file.starts_with(folder)) {
        let lines = text.lines().count();
        if lines > longest {
            let name = format!("{} is long", file.display());
            faults.push(Fault { text: format!("{name}: {lines} lines, more than {longest}"), name });
        }
    }
    Ok(faults)
}

/// The modules that `lib.rs` lists from the ground up, and those without their number: `mod name; // floor`.
fn floors(text: &str) -> (Vec<String>, Vec<Fault>) {
    let (mut list, mut faults) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim) {
        let line = line.strip_prefix("pub ").or(line.strip_prefix("pub(crate) ")).unwrap_or(line);
        let Some((name, rest)) = line.strip_prefix("mod ").and_then(|rest| rest.split_once(';')) else { continue };
        let number = rest.trim().strip_prefix("// ").and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
        if number.and_then(|number| number.parse().ok()) != Some(list.len()) {
            let text = format!("lib.rs: module `{name}` stands on floor {0}: `mod {name}; // {0}`", list.len());
            faults.push(Fault { name: format!("{name} without its number"), text });
        }
        list.push(name.to_owned());
    }
    (list, faults)
}

/// The files below `src`, without those for tests.
fn read(src: &Path) -> Result<Files, String> {
    let (mut files, mut open) = (Files::new(), vec![src.to_owned()]);
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                files.insert(path.strip_prefix(src).map(PathBuf::from).unwrap_or(path), text);
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of what is wrong in a crate of these files.
    fn faults(name: &str, files: &[(&str, &str)]) -> Vec<String> {
        let files = files.iter().map(|&(name, text)| (PathBuf::from(name), text.to_owned())).collect();
        faults_of(name, &files).expect("Rust").into_iter().map(|fault| fault.name).collect()
    }

    /// What is wrong in a crate of this repository when `lines` are added to one of its files, and was not before.
    fn faults_with(name: &str, file: &str, lines: &str) -> Vec<String> {
        let mut files = read(&crate::root().join(name).join("src")).expect("sources");
        let before: Vec<_> = faults_of(name, &files).expect("Rust").into_iter().map(|fault| fault.name).collect();
        files.entry(file.into()).or_default().push_str(lines);
        let after = faults_of(name, &files).expect("Rust").into_iter().map(|fault| fault.name);
        after.filter(|name| !before.contains(name)).collect()
    }

    #[test]
    fn a_circle_is_found_whatever_the_floors_say() {
        let files = [("lib.rs", "mod a; mod b; mod c;"), ("a.rs", "use crate::b;"), ("b.rs", "use crate::c::d::X;")];
        let chain = [&files[..], &[("c/mod.rs", "mod d;"), ("c/d.rs", "use super::Y;")]].concat();
        assert!(faults("socket", &chain).is_empty());
        let circle = [&files[..], &[("c/mod.rs", "mod d;"), ("c/d.rs", "fn f() -> crate::a::X {}")]].concat();
        assert_eq!(faults("socket", &circle), ["socket: a circle of a, b, c"]);
    }

    #[test]
    fn rooms_of_a_floor_make_no_circle() {
        let files = [
            ("lib.rs", ""),
            ("h/mod.rs", "mod client; mod server;"),
            ("h/client.rs", "use super::server::S;"),
            ("h/server.rs", "pub struct S; use crate::h::client::C;"),
        ];
        assert_eq!(faults("socket", &files), ["socket::h: a circle of client, server"]);
    }

    #[test]
    fn every_module_has_a_floor_of_its_own() {
        let (list, faults_of_list) = floors("pub mod codes; // 0\nmod wire; // 1: bytes\n");
        assert!(list == ["codes", "wire"] && faults_of_list.is_empty());
        for shared in ["mod codes; // 0\nmod wire; // 0\n", "mod codes; // 0\nmod wire;\n"] {
            assert_eq!(faults("core", &[("lib.rs", shared)]), ["wire without its number"]);
        }
        let files = [
            ("lib.rs", "mod codes; // 0\nmod wire; // 1"),
            ("codes.rs", "use crate::wire;"),
            ("wire.rs", ""),
            ("new.rs", ""),
        ];
        assert_eq!(faults("core", &files), ["new without floor", "codes uses wire"]);
    }

    #[test]
    fn walls_within_floors_hold() {
        let list = "mod record; // 0\nmod handshake; // 1";
        let long = "// A line.\n".repeat(301);
        let files = [
            ("lib.rs", list),
            ("record/stream/mod.rs", "pub struct Incoming;"),
            ("record/flight.rs", "/// No KeyExchange.\nfn f<K: KeyExchange>() {}"),
            ("handshake/step.rs", "use crate::record::{flight, stream::Incoming};"),
            ("handshake/server/start.rs", "use super::super::client::name;"),
            ("record/mod.rs", "mod flight; mod stream;"),
            ("handshake/client/mod.rs", &long),
        ];
        let found = [
            "handshake names record::stream",
            "handshake::server names handshake::client",
            "record names KeyExchange",
            "handshake/client/mod.rs is long",
        ];
        assert_eq!(faults("core", &files), found);
    }

    #[test]
    fn what_is_added_to_this_repository_is_found() {
        let line = "\nuse crate::connection::Connection as _;\n";
        let found = faults_with("core", "record/mod.rs", line);
        assert!(found.contains(&"record uses connection".into()), "{found:?}");
        assert!(found.iter().any(|name| name.starts_with("core: a circle of")), "{found:?}");
        for (name, below, above) in [
            ("socket", "error", "poll"),
            ("providers/webpki", "errors", "verifier"),
            ("providers/chain", "names", "certificate"),
            ("providers/pkcs11", "uri", "token"),
            ("providers/rustcrypto", "curve", "p256"),
        ] {
            let found = faults_with(name, &format!("{below}.rs"), &format!("\nuse crate::{above} as _;\n"));
            let circle = format!("{name}: a circle of");
            assert!(found.iter().any(|name| name.starts_with(&circle)), "{name}: {below} and {above}: {found:?}");
        }
    }
}
