//! What the modules of a crate name of each other, read from the tokens of its files.
//!
//! Paths are found anywhere, also in macros and in groups of `use`; comments and strings are no tokens. A name is
//! followed through `use` declarations, also private ones of a module above, to the module that has it. Code for tests
//! is free.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The place of a module in its crate: `["handshake", "client"]`; the root has none.
pub(super) type Module = Vec<String>;

/// The files of a crate, by their paths below `src`.
pub(super) type Files = BTreeMap<PathBuf, String>;

/// That one module names something of another, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    pub(super) from: Module,
    pub(super) to: Module,
    pub(super) file: PathBuf,
    pub(super) line: usize,
}

/// The modules of a crate.
#[derive(Default)]
pub(super) struct Source {
    scopes: BTreeMap<Module, Scope>,
    paths: Vec<Found>,
    /// Each name in the code of a file, with its line.
    names: Vec<(PathBuf, String, usize)>,
}

/// Where a search for a name has been: a module, and what was looked for in it.
type Steps = BTreeSet<(Module, Vec<String>)>;

/// What a module declares.
#[derive(Default)]
struct Scope {
    items: BTreeSet<String>,
    /// What `use` calls something else, and what that is.
    aliases: BTreeMap<String, Vec<Vec<String>>>,
    globs: Vec<Vec<String>>,
}

/// A path as it stands in the code of a module.
struct Found {
    module: Module,
    segments: Vec<String>,
    file: PathBuf,
    line: usize,
}

impl Source {
    pub(super) fn read(files: &Files) -> Result<Self, String> {
        let mut source = Self::default();
        for (file, text) in files {
            let tokens = text.parse().map_err(|error| format!("{}: {error}", file.display()))?;
            let module = module_of(file);
            source.scopes.entry(module.clone()).or_default();
            Reader { source: &mut source, file, module }.read(tokens);
        }
        Ok(source)
    }

    /// Whom each module names, itself apart.
    pub(super) fn uses(&self) -> BTreeSet<Use> {
        let mut uses = BTreeSet::new();
        for found in &self.paths {
            let mut targets = BTreeSet::new();
            self.resolve(&found.module, &found.segments, &mut Steps::new(), &mut targets);
            targets.remove(&found.module);
            let to = |to| Use { from: found.module.clone(), to, file: found.file.clone(), line: found.line };
            uses.extend(targets.into_iter().map(to));
        }
        uses
    }

    /// Where the code of the files below `folder` has this name.
    pub(super) fn lines_with<'a>(&'a self, folder: &'a Path, name: &'a str) -> impl Iterator<Item = (&'a Path, usize)> {
        let there = self.names.iter().filter(move |(file, found, _)| file.starts_with(folder) && found == name);
        there.map(|(file, _, line)| (file.as_path(), *line))
    }

    /// The modules that a path in `module` leads to; none if it leads out of the crate. `behind` are the steps taken so
    /// far.
    fn resolve(&self, module: &[String], segments: &[String], behind: &mut Steps, targets: &mut BTreeSet<Module>) {
        let [first, rest @ ..] = segments else { return };
        if !behind.insert((module.to_vec(), segments.to_vec())) {
            return;
        }
        match first.as_str() {
            "crate" => self.descend(Vec::new(), rest, behind, targets),
            "self" => self.descend(module.to_vec(), rest, behind, targets),
            "super" => {
                let above = module.split_last().map_or(Vec::new(), |(_, above)| above.to_vec());
                self.descend(above, rest, behind, targets);
            }
            _ if self.knows(module, first, behind) => self.descend(module.to_vec(), segments, behind, targets),
            _ => {}
        }
    }

    /// Goes on from `module` by what is left of a path.
    fn descend(&self, module: Module, segments: &[String], behind: &mut Steps, targets: &mut BTreeSet<Module>) {
        let [name, rest @ ..] = segments else {
            targets.insert(module);
            return;
        };
        if name == "super" {
            return self.resolve(&module, segments, behind, targets);
        }
        let inside = [&module[..], std::slice::from_ref(name)].concat();
        if self.scopes.contains_key(&inside) {
            return self.descend(inside, rest, behind, targets);
        }
        let Some(scope) = self.scopes.get(&module) else { return };
        if let Some(paths) = scope.aliases.get(name) {
            // A path that begins with its own name, as `use rsa::rsa`, is of another crate.
            for path in paths.iter().filter(|path| path.first() != Some(name)) {
                self.resolve(&module, &[&path[..], rest].concat(), behind, targets);
            }
        } else if scope.items.contains(name) {
            targets.insert(module);
        } else {
            let before = targets.len();
            for path in &scope.globs {
                self.resolve(&module, &[&path[..], segments].concat(), behind, targets);
            }
            // What no `use` brings, such as a name that a macro makes, is the module's own.
            if targets.len() == before {
                targets.insert(module);
            }
        }
    }

    /// Whether `name` alone means something in `module`.
    fn knows(&self, module: &[String], name: &str, behind: &mut Steps) -> bool {
        let inside = [module, &[name.to_owned()]].concat();
        let Some(scope) = self.scopes.get(module) else { return false };
        if self.scopes.contains_key(&inside) || scope.aliases.contains_key(name) || scope.items.contains(name) {
            return true;
        }
        let mut globs = scope.globs.iter();
        behind.insert((module.to_vec(), vec!["*".to_owned(), name.to_owned()]))
            && globs.any(|path| {
                let mut targets = BTreeSet::new();
                self.resolve(module, path, behind, &mut targets);
                targets.iter().any(|target| target != module && self.knows(target, name, behind))
            })
    }
}

/// Reads the tokens of one file.
struct Reader<'a> {
    source: &'a mut Source,
    file: &'a Path,
    module: Module,
}

impl Reader<'_> {
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        // Whether an item for tests is being passed over; and the name of a module whose body comes next.
        let (mut skips, mut inside) = (false, None);
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket && is_test(group) => skips = true,
                TokenTree::Group(group) if skips => skips = group.delimiter() != Delimiter::Brace,
                TokenTree::Group(group) => {
                    let depth = self.module.len();
                    self.module.extend(inside.take());
                    self.read(group.stream());
                    self.module.truncate(depth);
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => (skips, inside) = (false, None),
                _ if skips => {}
                TokenTree::Ident(ident) if ident == "use" => {
                    let end = tokens[at..].iter().position(|token| is(token, ';')).map_or(tokens.len(), |len| at + len);
                    self.read_use(&tokens[at..end], &[]);
                    at = end;
                }
                TokenTree::Ident(_) => {
                    let last = at.checked_sub(2).and_then(|last| tokens.get(last));
                    if ident_is(last, &DECLARES) {
                        self.scope().items.insert(token.to_string());
                    }
                    if ident_is(Some(token), &["mod"]) && ident_is_any(tokens.get(at)) {
                        let name = tokens[at].to_string();
                        if !is_at(&tokens, at + 1, ';') {
                            self.source
                                .scopes
                                .entry([&self.module[..], std::slice::from_ref(&name)].concat())
                                .or_default();
                            inside = Some(name);
                        }
                        at += 1;
                    } else {
                        at = self.read_path(&tokens, at - 1, last);
                    }
                }
                _ => {}
            }
        }
    }

    /// Notes the path that begins at `at`, behind the token `last`; returns where it ends.
    fn read_path(&mut self, tokens: &[TokenTree], at: usize, last: Option<&TokenTree>) -> usize {
        let (mut segments, mut end) = (vec![tokens[at].to_string()], at + 1);
        self.name(&tokens[at]);
        while is_at(tokens, end, ':') && is_at(tokens, end + 1, ':') && ident_is_any(tokens.get(end + 2)) {
            segments.push(tokens[end + 2].to_string());
            self.name(&tokens[end + 2]);
            end += 3;
        }
        // A field or a method; a path that begins with `::` is of another crate. A name alone may be a variable, unless
        // it is written like a type or called.
        let behind = last.is_some_and(|last| is(last, '.') || is(last, ':') && is_at(tokens, at.wrapping_sub(2), ':'));
        let alone = segments.len() == 1;
        let means = !alone
            || segments[0].starts_with(char::is_uppercase)
            || is_at(tokens, end, '!')
            || matches!(tokens.get(end), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
        let keyword = alone && matches!(segments[0].as_str(), "crate" | "self" | "super");
        if !behind && means && !keyword {
            self.found(segments, tokens[at].span().start().line);
        }
        end
    }

    /// Reads what stands between `use` and its `;`, or a part of a group of it, behind `front`.
    fn read_use(&mut self, tokens: &[TokenTree], front: &[String]) {
        for tree in tokens.split(|token| is(token, ',')) {
            let (mut path, mut name) = (front.to_vec(), None);
            let mut tree = tree.iter().peekable();
            let mut whole = true;
            while let Some(token) = tree.next() {
                match token {
                    TokenTree::Ident(ident) if ident == "as" => name = tree.next().map(ToString::to_string),
                    TokenTree::Ident(ident) if ident == "self" && !path.is_empty() => {}
                    TokenTree::Ident(ident) => {
                        self.name(token);
                        path.push(ident.to_string());
                    }
                    TokenTree::Punct(punct) if punct.as_char() == '*' => {
                        self.found(path.clone(), token.span().start().line);
                        self.scope().globs.push(path.clone());
                        whole = false;
                    }
                    TokenTree::Group(group) => {
                        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                        self.read_use(&inner, &path);
                        whole = false;
                    }
                    _ => {}
                }
                if whole && tree.peek().is_none() && !path.is_empty() {
                    self.found(path.clone(), token.span().start().line);
                    let name = name.take().or_else(|| path.last().cloned()).unwrap_or_default();
                    // A crate that keeps its name.
                    if path != [name.clone()] {
                        self.scope().aliases.entry(name).or_default().push(path.clone());
                    }
                }
            }
        }
    }

    fn found(&mut self, segments: Vec<String>, line: usize) {
        let (module, file) = (self.module.clone(), self.file.to_owned());
        self.source.paths.push(Found { module, segments, file, line });
    }

    fn name(&mut self, token: &TokenTree) {
        self.source.names.push((self.file.to_owned(), token.to_string(), token.span().start().line));
    }

    fn scope(&mut self) -> &mut Scope {
        self.source.scopes.entry(self.module.clone()).or_default()
    }
}

/// Behind these words stands the name of an item.
const DECLARES: [&str; 9] = ["struct", "enum", "union", "trait", "type", "fn", "const", "static", "macro_rules"];

fn ident_is(token: Option<&TokenTree>, words: &[&str]) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if words.iter().any(|word| ident == word))
}

fn ident_is_any(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Ident(_)))
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_at(tokens: &[TokenTree], at: usize, sign: char) -> bool {
    tokens.get(at).is_some_and(|token| is(token, sign))
}

/// `cfg(test)` between the brackets of an attribute.
fn is_test(group: &Group) -> bool {
    group.stream().to_string().replace(' ', "") == "cfg(test)"
}

/// `wire/list.rs` is `wire::list`, `wire/mod.rs` is `wire`, `lib.rs` is the root.
fn module_of(file: &Path) -> Module {
    let mut module: Module = file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib" || last == "main") {
        module.pop();
    }
    module
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the module `of` names in a crate of these files.
    fn uses(of: &str, files: &[(&str, &str)]) -> Vec<String> {
        let files = files.iter().map(|&(name, text)| (PathBuf::from(name), text.to_owned())).collect();
        let uses = Source::read(&files).expect("Rust").uses();
        let targets: BTreeSet<_> =
            uses.into_iter().filter(|found| found.from.join("::") == of).map(|found| found.to.join("::")).collect();
        targets.into_iter().collect()
    }

    #[test]
    fn paths_are_found_in_every_form() {
        let list =
            "use crate::{codes::{self, A}, error as e}; pub(crate) fn f() -> crate::wire::X { m!(crate::record::Y) }
            /// crate::handshake::Doc
            const S: &str = \"crate::connection\";
            #[cfg(test)] mod tests { use crate::connection::Z; }
            #[cfg(test)] use crate::connection;
            mod inner { use super::super::super::secret::S; use super::own; fn f() { super::super::reader::r() } }";
        let empty = ["codes", "error", "record", "handshake", "connection", "secret", "wire/reader", "wire/mod"];
        let names = empty.map(|name| format!("{name}.rs"));
        let mut files: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
        files.extend([("lib.rs", ""), ("wire/list.rs", list)]);
        assert_eq!(uses("wire::list", &files), ["codes", "error", "record", "wire"]);
        assert_eq!(uses("wire::list::inner", &files), ["secret", "wire::list", "wire::reader"]);
    }

    #[test]
    fn names_are_followed_to_the_module_that_has_them() {
        let files = [
            ("lib.rs", "mod high; mod low; pub use high::Lofty; pub use low::*;"),
            ("high.rs", "pub struct Lofty;"),
            ("low.rs", "pub struct Humble;"),
            ("a.rs", "use crate::Lofty;"),
            ("b.rs", "fn f(_: crate::Humble) {}"),
            ("c/mod.rs", "use crate::high; use crate::low::Humble; mod d; mod e; mod f;"),
            ("c/d.rs", "use super::Humble;"),
            ("c/e.rs", "use super::*; fn f(high: u8) { high::f(); g.low(); Humble }"),
            ("c/f.rs", "use super::high as other; fn f() { other::f() }"),
            ("g.rs", "use high::Lofty; use core::fmt; fn f(low: u8) -> high::Lofty {}"),
        ];
        assert_eq!(uses("a", &files), ["high"]);
        assert_eq!(uses("b", &files), ["low"]);
        assert_eq!(uses("c::d", &files), ["low"]);
        assert_eq!(uses("c::e", &files), ["c", "high", "low"]);
        assert_eq!(uses("c::f", &files), ["high"]);
        assert!(uses("g", &files).is_empty(), "paths without `crate` are of other crates here");
    }
}
