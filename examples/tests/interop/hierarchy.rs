//! Public-key infrastructures of several levels, each made by the `openssl` program when it is first wanted.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::pki::{Key, Pki};
use crate::process::{Outcome, output};

/// The keys from the root down to the end entities.
pub(crate) struct Hierarchy {
    pub(crate) name: &'static str,
    keys: &'static [Key],
    made: OnceLock<Outcome>,
}

impl Hierarchy {
    const fn new(name: &'static str, keys: &'static [Key]) -> Self {
        Self { name, keys, made: OnceLock::new() }
    }
}

/// All of them.
pub(crate) static HIERARCHIES: [Hierarchy; 7] = [
    Hierarchy::new("ecdsa-0", &[Key::P384, Key::P256]),
    Hierarchy::new("ecdsa-1", &[Key::P384, Key::P256, Key::P256]),
    Hierarchy::new("ecdsa-2", &[Key::P384, Key::P384, Key::P256, Key::P256]),
    Hierarchy::new("rsa-1", &[Key::Rsa, Key::Rsa, Key::Rsa]),
    Hierarchy::new("rsa-3", &[Key::Rsa, Key::Rsa, Key::Rsa, Key::Rsa, Key::Rsa]),
    Hierarchy::new("mixed-2", &[Key::P384, Key::Rsa, Key::P256, Key::Rsa]),
    Hierarchy::new("mixed-3", &[Key::Rsa, Key::P384, Key::Rsa, Key::P384, Key::P256]),
];

/// One more level than our programs allow.
pub(crate) static TOO_LONG: Hierarchy =
    Hierarchy::new("too-long", &[Key::P256, Key::P256, Key::P256, Key::P256, Key::P256, Key::P256]);

const AUTHORITY: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
                         subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
const END_ENTITY: &str = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
                          subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
const SERVER: &str = "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,DNS:*.wild.test,IP:127.0.0.1\n";
const CLIENT: &str = "extendedKeyUsage=clientAuth\nsubjectAltName=URI:urn:saitls:client\n";

/// The files of one end entity.
pub(crate) struct Files {
    /// The whole chain without the root, in PEM.
    pub(crate) chain: String,
    /// The end entity alone.
    pub(crate) leaf: String,
    /// The intermediates alone.
    pub(crate) intermediates: String,
    /// There are none.
    pub(crate) is_bare: bool,
    pub(crate) key: String,
}

/// A hierarchy that exists.
pub(crate) struct Made {
    pub(crate) root: String,
    pub(crate) server: Files,
    pub(crate) client: Files,
}

impl Pki {
    /// The files of `hierarchy`.
    pub(crate) fn hierarchy(&self, hierarchy: &'static Hierarchy) -> Outcome<Made> {
        let folder = self.file(hierarchy.name);
        hierarchy.made.get_or_init(|| make(Path::new(&folder), hierarchy)).clone()?;
        let files = |who: &str| Files {
            chain: format!("{folder}/{who}.pem"),
            leaf: format!("{folder}/{who}.leaf.pem"),
            intermediates: format!("{folder}/intermediates.pem"),
            is_bare: hierarchy.keys.len() == 2,
            key: format!("{folder}/{who}.key"),
        };
        Ok(Made { root: format!("{folder}/level-0.pem"), server: files("server"), client: files("client") })
    }
}

fn make(folder: &Path, hierarchy: &Hierarchy) -> Outcome {
    let io = |error: std::io::Error| error.to_string();
    fs::create_dir_all(folder).map_err(io)?;
    let file = |name: &str| folder.join(name).display().to_string();
    let last = hierarchy.keys.len() - 1;
    for (level, key) in hierarchy.keys.iter().enumerate().take(last) {
        issue(folder, &format!("level-{level}"), *key, level.checked_sub(1), AUTHORITY)?;
    }
    // The lowest first, as they are sent.
    let mut intermediates = Vec::new();
    for level in (1..last).rev() {
        intermediates.extend(fs::read(file(&format!("level-{level}.pem"))).map_err(io)?);
    }
    fs::write(file("intermediates.pem"), &intermediates).map_err(io)?;
    for (who, extensions) in [("server", SERVER), ("client", CLIENT)] {
        let leaf = format!("{who}.leaf");
        issue(folder, &leaf, hierarchy.keys[last], Some(last - 1), &format!("{END_ENTITY}{extensions}"))?;
        fs::rename(file(&format!("{leaf}.key")), file(&format!("{who}.key"))).map_err(io)?;
        let chain = [fs::read(file(&format!("{leaf}.pem"))).map_err(io)?, intermediates.clone()].concat();
        fs::write(file(&format!("{who}.pem")), chain).map_err(io)?;
    }
    Ok(())
}

/// A key and its certificate, issued by the authority of a level; without one, by itself.
fn issue(folder: &Path, name: &str, key: Key, issuer: Option<usize>, extensions: &str) -> Outcome {
    let [private, request, certificate, extension_file] =
        ["key", "csr", "pem", "ext"].map(|ending| folder.join(format!("{name}.{ending}")).display().to_string());
    let subject = format!("/O=SaiTLS interop/OU={}/CN={name}", folder.file_name().unwrap_or_default().display());
    let arguments = ["req", "-new", "-nodes", "-keyout", &private, "-out", &request, "-subj", &subject];
    output("openssl", arguments.iter().chain(key.openssl()))?;
    fs::write(&extension_file, extensions).map_err(|e| e.to_string())?;
    let by = match issuer {
        Some(level) => {
            let level = |ending: &str| folder.join(format!("level-{level}.{ending}")).display().to_string();
            vec!["-CA".to_owned(), level("pem"), "-CAkey".into(), level("key"), "-CAcreateserial".into()]
        }
        None => vec!["-signkey".into(), private],
    };
    let arguments = ["x509", "-req", "-days", "20", "-in", &request, "-extfile", &extension_file, "-out", &certificate];
    output("openssl", arguments.into_iter().map(str::to_owned).chain(by)).map(drop)
}
