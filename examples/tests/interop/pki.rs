//! The test PKI: made anew by the `openssl` program for each run, under `target/`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Outcome, output};

/// The kinds of key in the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    P256,
    P384,
    Ed25519,
    /// `rsaEncryption`: signs with `rsa_pss_rsae_*`.
    Rsa,
    /// `id-RSASSA-PSS`: signs with `rsa_pss_pss_*`.
    RsaPss,
}

impl Key {
    /// The keys of the full matrix.
    pub(crate) const MATRIX: [Self; 4] = [Self::P256, Self::P384, Self::Ed25519, Self::Rsa];
    const ALL: [Self; 5] = [Self::P256, Self::P384, Self::Ed25519, Self::Rsa, Self::RsaPss];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::Ed25519 => "ed25519",
            Self::Rsa => "rsa",
            Self::RsaPss => "rsapss",
        }
    }

    pub(crate) fn openssl(self) -> &'static [&'static str] {
        match self {
            Self::P256 => &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            Self::P384 => &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
            Self::Ed25519 => &["-newkey", "ed25519"],
            Self::Rsa => &["-newkey", "rsa:2048"],
            Self::RsaPss => &["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"],
        }
    }

    /// Whether `scheme` (its IANA name) is one this key can make.
    pub(crate) fn can_sign(self, scheme: &str) -> bool {
        match self {
            Self::P256 => scheme == "ecdsa_secp256r1_sha256",
            Self::P384 => scheme == "ecdsa_secp384r1_sha384",
            Self::Ed25519 => scheme == "ed25519",
            Self::Rsa => scheme.starts_with("rsa_pss_rsae_sha"),
            Self::RsaPss => scheme.starts_with("rsa_pss_pss_sha"),
        }
    }
}

/// Whose certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Server,
    Client,
}

impl Who {
    fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// The folder with everything: `ca.pem`; `server-KEY` and `client-KEY` with `.pem`, `.key`; an NSS database.
pub(crate) struct Pki {
    folder: PathBuf,
}

impl Pki {
    /// Makes it all. `nss`: fill an NSS database too.
    pub(crate) fn create(folder: &Path, nss: bool) -> Outcome<Self> {
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let pki = Self { folder: folder.to_owned() };
        let (ca, ca_key) = (pki.file("ca.pem"), pki.file("ca.key"));
        output(
            "openssl",
            "req -x509 -nodes -days 30 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -addext keyUsage=critical,keyCertSign -subj"
                .split(' ')
                .chain(["/CN=SaiTLS interop CA", "-keyout", &ca_key, "-out", &ca]),
        )?;
        for (index, (who, key)) in pki.identities().enumerate() {
            pki.issue(&format!("{}-{}", who.name(), key.name()), "localhost", key.openssl(), index + 1)?;
        }
        pki.issue("second", "second.test", Key::P256.openssl(), 100)?;
        // The other two ways in which private keys are written.
        output("openssl", ["ec", "-in", &pki.key(Who::Server, Key::P256), "-out", &pki.file("server-p256.sec1")])?;
        let rsa = pki.key(Who::Server, Key::Rsa);
        output("openssl", ["rsa", "-traditional", "-in", &rsa, "-out", &pki.file("server-rsa.pkcs1")])?;
        if nss {
            pki.fill_nss()?;
        }
        Ok(pki)
    }

    fn identities(&self) -> impl Iterator<Item = (Who, Key)> {
        [Who::Server, Who::Client].into_iter().flat_map(|who| Key::ALL.map(|key| (who, key)))
    }

    fn issue(&self, name: &str, host: &str, newkey: &[&str], serial: usize) -> Outcome {
        let [key, request, leaf, extensions] =
            ["key", "csr", "leaf", "ext"].map(|ending| self.file(&format!("{name}.{ending}")));
        let subject = format!("/CN=saitls {name}");
        let arguments = ["req", "-new", "-nodes", "-keyout", &key, "-out", &request, "-subj", &subject];
        output("openssl", arguments.iter().chain(newkey))?;
        fs::write(&extensions, format!("subjectAltName=DNS:{host},IP:127.0.0.1\n")).map_err(|e| e.to_string())?;
        let (ca, ca_key, serial) = (self.file("ca.pem"), self.file("ca.key"), serial.to_string());
        let arguments = ["x509", "-req", "-days", "20", "-in", &request, "-CA", &ca, "-CAkey", &ca_key];
        output(
            "openssl",
            arguments.into_iter().chain(["-set_serial", &serial, "-extfile", &extensions, "-out", &leaf]),
        )?;
        // What a server sends: the leaf, then its issuer.
        let chain = [&leaf, &ca].map(|file| fs::read(file).unwrap_or_default()).concat();
        fs::write(self.file(&format!("{name}.pem")), chain).map_err(|e| e.to_string())
    }

    fn fill_nss(&self) -> Outcome {
        // NSS clients use any certificate they find: one database has none.
        for database in [self.nss(), self.nss_without_keys()] {
            fs::create_dir_all(database.trim_start_matches("sql:")).map_err(|e| e.to_string())?;
            output("certutil", ["-N", "-d", &database, "--empty-password"])?;
            output("certutil", ["-A", "-d", &database, "-n", "ca", "-t", "CT,C,C", "-i", &self.file("ca.pem")])?;
        }
        let database = self.nss();
        for (who, key) in self.identities().filter(|(_, key)| *key != Key::Ed25519) {
            let name = format!("{}-{}", who.name(), key.name());
            let p12 = self.file(&format!("{name}.p12"));
            let (cert, key) = (self.cert(who, key), self.key(who, key));
            let arguments = ["pkcs12", "-export", "-in", &cert, "-inkey", &key, "-name", &name, "-out", &p12];
            output("openssl", arguments.into_iter().chain(["-passout", "pass:"]))?;
            output("pk12util", ["-i", &p12, "-d", &database, "-W", ""])?;
        }
        Ok(())
    }

    /// A path in the folder, as text for a command line.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    pub(crate) fn ca(&self) -> String {
        self.file("ca.pem")
    }

    /// The chain in PEM.
    pub(crate) fn cert(&self, who: Who, key: Key) -> String {
        self.file(&format!("{}-{}.pem", who.name(), key.name()))
    }

    pub(crate) fn key(&self, who: Who, key: Key) -> String {
        self.file(&format!("{}-{}.key", who.name(), key.name()))
    }

    /// The nickname in the NSS database.
    pub(crate) fn nickname(&self, who: Who, key: Key) -> String {
        format!("{}-{}", who.name(), key.name())
    }

    pub(crate) fn nss(&self) -> String {
        format!("sql:{}", self.file("nss"))
    }

    pub(crate) fn nss_without_keys(&self) -> String {
        format!("sql:{}", self.file("nss-trust"))
    }

    /// SHA-256 of the SubjectPublicKeyInfo in hex, as `--pin` takes it.
    pub(crate) fn pin(&self, who: Who, key: Key) -> Outcome<String> {
        self.pin_of(&self.cert(who, key))
    }

    pub(crate) fn pin_of(&self, cert: &str) -> Outcome<String> {
        let spki = format!("{cert}.spki");
        if !Path::new(&spki).exists() {
            let pem = format!("{spki}.{:?}", std::thread::current().id());
            fs::write(&pem, output("openssl", ["x509", "-in", cert, "-noout", "-pubkey"])?)
                .map_err(|e| e.to_string())?;
            let der = format!("{pem}.der");
            output("openssl", ["pkey", "-pubin", "-in", &pem, "-outform", "DER", "-out", &der])?;
            fs::rename(der, &spki).map_err(|e| e.to_string())?;
        }
        let digest = output("openssl", ["dgst", "-sha256", "-r", &spki])?;
        let digest = String::from_utf8_lossy(&digest);
        digest.split(' ').next().filter(|hex| hex.len() == 64).map(str::to_owned).ok_or("no digest".into())
    }
}
