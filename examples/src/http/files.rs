//! A folder, and nothing outside it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A folder whose files are served.
#[derive(Debug, Clone)]
pub struct Folder {
    /// The folder, free of links.
    root: PathBuf,
}

/// A file to be served.
#[derive(Debug)]
pub struct Served {
    /// Its content.
    pub file: File,
    /// Its length when it was opened.
    pub len: u64,
    /// Its media type, by its name.
    pub media_type: &'static str,
}

impl Folder {
    /// The folder at `path`.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn new(path: &Path) -> io::Result<Self> {
        Ok(Self { root: path.canonicalize()? })
    }

    /// The file for a request's target; `index.html` for a folder. `None`: there is none, or it is not for the public.
    #[must_use]
    pub fn open(&self, target: &str) -> Option<Served> {
        let path = target.split(['?', '#']).next()?;
        let path = decode(path.strip_prefix('/')?)?;
        if path.split('/').any(|part| part == ".." || part.contains('\0')) {
            return None;
        }
        let mut path = self.root.join(path.trim_start_matches('/')).canonicalize().ok()?;
        if path.is_dir() {
            path = path.join("index.html").canonicalize().ok()?;
        }
        // A link may point anywhere, and so might a path with tricks we did not think of.
        if !path.starts_with(&self.root) {
            return None;
        }
        let file = File::open(&path).ok()?;
        let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some(Served { file, len: metadata.len(), media_type: media_type(&path) })
    }
}

/// Takes the percent-encoding off (RFC 3986 2.1).
pub(crate) fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let mut decoded = [0];
            base16ct::mixed::decode(digits, &mut decoded).ok()?;
            bytes.extend(decoded);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(std::ffi::OsStr::to_str) {
        Some("html" | "htm") => "text/html; charset=utf-8",
        Some("txt" | "md" | "log") => "text/plain; charset=utf-8",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Read as _;

    /// A folder with some files, beside one that is secret.
    fn folder(name: &str) -> Folder {
        let base = std::env::temp_dir().join(format!("saitls-files-{}-{name}", std::process::id()));
        let root = base.join("root");
        fs::create_dir_all(root.join("sub")).expect("a folder");
        for (path, text) in
            [("secret", "secret"), ("root/a b.txt", "spaces"), ("root/sub/index.html", "index"), ("rootbeside", "near")]
        {
            fs::write(base.join(path), text).expect("a file");
        }
        let _ = std::os::unix::fs::symlink(base.join("secret"), root.join("link"));
        let _ = std::os::unix::fs::symlink(root.join("a b.txt"), root.join("inner"));
        Folder::new(&root).expect("it is there")
    }

    fn content(folder: &Folder, target: &str) -> Option<String> {
        let mut text = String::new();
        folder.open(target)?.file.read_to_string(&mut text).ok()?;
        Some(text)
    }

    #[test]
    fn files_inside_are_served() {
        let folder = folder("inside");
        for (target, text) in [
            ("/a%20b.txt", "spaces"),
            ("/a b.txt?query=1", "spaces"),
            ("/sub/", "index"),
            ("/sub", "index"),
            ("//sub/./index.html", "index"),
            ("/inner", "spaces"),
        ] {
            assert_eq!(content(&folder, target).as_deref(), Some(text), "{target}");
        }
    }

    #[test]
    fn nothing_outside_is_served() {
        let folder = folder("outside");
        for target in [
            "/../secret",
            "/%2e%2e/secret",
            "/sub/../../secret",
            "/sub/..%2f..%2fsecret",
            "/link",
            "/../rootbeside",
            "//etc/hostname",
            "/%2fetc/hostname",
            "/",
            "",
            "a b.txt",
            "/missing",
            "/%zz",
            "/%2",
            "/a%00",
            "http://host/a%20b.txt",
        ] {
            assert_eq!(content(&folder, target), None, "{target}");
        }
    }
}
