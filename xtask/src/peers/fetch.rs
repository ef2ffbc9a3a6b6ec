//! Peers, from the registries by their ordinary clients, into `target/peers`: nothing of the system changes.
//!
//! Packages of Debian 13 are unpacked into `debian/root` and run with the loader and the libraries there, on any
//! Debian. `bin` has a command for each peer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The release whose packages are unpacked, and the packages that are asked for; what they need comes with them.
const SUITE: &str = "trixie";
const PACKAGES: [&str; 9] = [
    "botan",
    "gnutls-bin",
    "libnginx-mod-stream",
    "libnss3-tools",
    "libwolfssl-dev",
    "mosquitto",
    "mosquitto-clients",
    "nginx-light",
    "openssl",
];
/// Their programs, by where they are in `/usr`.
const PROGRAMS: [&str; 9] = [
    "bin/botan",
    "bin/gnutls-cli",
    "bin/gnutls-serv",
    "bin/mosquitto_pub",
    "bin/openssl",
    "bin/selfserv",
    "bin/tstclnt",
    "sbin/mosquitto",
    "sbin/nginx",
];
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const PYTHON: [&str; 2] = ["cryptography==50.*", "pyOpenSSL==26.*"];
const BUN: &str = "1.4.5";
const DENO: &str = "2.9.6";

type Outcome<T = ()> = Result<T, String>;

/// Where things are.
struct Places {
    root: PathBuf,
    peers: PathBuf,
}

impl Places {
    fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), peers: root.join("target/peers") }
    }

    fn debian(&self, path: &str) -> PathBuf {
        self.peers.join("debian").join(path)
    }

    /// The folder of libraries, which is named after the processor.
    fn libraries(&self) -> PathBuf {
        self.debian("root/usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH))
    }

    fn npm(&self, package: &str) -> PathBuf {
        self.peers.join("node_modules").join(package)
    }
}

/// Peers and how they are had.
type Step = (&'static str, fn(&Places) -> Outcome);

/// What can be had at once; within a line, one after the other.
const STEPS: [&[Step]; 4] = [
    &[("OpenSSL 3.5, GnuTLS, NSS, Botan, nginx, mosquitto", debian), ("wolfSSL", wolfssl)],
    &[("OpenSSL 4", openssl4)],
    &[("Bun, Deno", javascript)],
    &[("embedded-tls", embedded_tls)],
];

/// Has every peer that is not there yet. Those that cannot be had, and why.
pub(super) fn all(root: &Path) -> Vec<(&'static str, String)> {
    let places = Places::new(root);
    let have = |steps: &[Step]| -> Vec<(&'static str, String)> {
        steps.iter().filter_map(|(peer, step)| step(&places).err().map(|error| (*peer, error))).collect()
    };
    std::thread::scope(|scope| {
        let lines = STEPS.map(|steps| scope.spawn(move || have(steps)));
        let ended = |line: std::thread::ScopedJoinHandle<'_, _>| {
            line.join().unwrap_or_else(|_| vec![("a peer", "the thread that had it ended".to_owned())])
        };
        lines.into_iter().flat_map(ended).collect()
    })
}

/// Runs a command; its standard output, or what it said of its failure.
fn output(command: &mut Command) -> Outcome<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        let last: Vec<_> = told.lines().rev().take(8).collect();
        Err(format!("{name}: {}\n{}", output.status, last.into_iter().rev().collect::<Vec<_>>().join("\n")))
    }
}

fn write(path: &Path, text: &str) -> Outcome {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text)).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes the command `bin/NAME`: a line of shell, to which its arguments are given.
fn command(places: &Places, name: &str, line: &str) -> Outcome {
    let path = places.peers.join("bin").join(name);
    write(&path, &format!("#!/bin/sh\n{line} \"$@\"\n"))?;
    output(Command::new("chmod").arg("755").arg(&path)).map(drop)
}

/// Does `work` unless it was done before for the same `what`.
fn once(stamp: &Path, what: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    if fs::read_to_string(stamp).is_ok_and(|done| done == what) {
        return Ok(());
    }
    work()?;
    write(stamp, what)
}

fn debian(places: &Places) -> Outcome {
    once(&places.debian("done"), &format!("{SUITE} {}", PACKAGES.join(" ")), || {
        println!("fetching: {}", PACKAGES.join(" "));
        for folder in ["state/lists/partial", "cache/archives/partial", "none"] {
            fs::create_dir_all(places.debian(folder)).map_err(|error| error.to_string())?;
        }
        // A system with nothing installed: whatever the packages need comes with them.
        write(&places.debian("state/status"), "")?;
        write(&places.debian("sources.list"), &format!("deb [signed-by={KEYRING}] {} {SUITE} main\n", mirror()?))?;
        output(apt(places).arg("update"))?;
        output(apt(places).args(["install", "--download-only", "-y", "--no-install-recommends"]).args(PACKAGES))?;
        let root = places.debian("root");
        let _ = fs::remove_dir_all(&root);
        for archive in archives(places) {
            output(Command::new("dpkg").arg("-x").arg(&archive).arg(&root))?;
        }
        Ok(())
    })?;
    for program in PROGRAMS {
        let name = program.rsplit('/').next().unwrap_or(program);
        let program = places.debian("root/usr").join(program);
        command(places, name, &with_loader(places, &program)?)?;
    }
    Ok(())
}

/// apt-get with places of its own, and the settings of the system otherwise.
fn apt(places: &Places) -> Command {
    let mut apt = Command::new("apt-get");
    let none = places.debian("none");
    for (name, value) in [
        ("Dir::State", places.debian("state")),
        ("Dir::State::status", places.debian("state/status")),
        ("Dir::Cache", places.debian("cache")),
        ("Dir::Etc::sourcelist", places.debian("sources.list")),
        ("Dir::Etc::sourceparts", none.clone()),
        ("Dir::Etc::preferencesparts", none),
        ("APT::Sandbox::User", PathBuf::new()),
        ("Acquire::Languages", "none".into()),
    ] {
        apt.arg("-o").arg(format!("{name}={}", value.display()));
    }
    apt
}

/// The mirror that the system has its own packages from.
fn mirror() -> Outcome<String> {
    let system = fs::read_to_string("/etc/os-release").map_err(|error| format!("/etc/os-release: {error}"))?;
    let codename = system.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).unwrap_or_default();
    let targets = output(Command::new("apt-get").args(["indextargets", "--format", "$(REPO_URI) $(RELEASE)"]))?;
    let mut targets = targets.lines().filter_map(|line| line.split_once(' '));
    let found = targets.find(|(_, release)| *release == codename);
    found.map(|(mirror, _)| mirror.to_owned()).ok_or_else(|| format!("apt has no mirror of {codename}"))
}

fn archives(places: &Places) -> Vec<PathBuf> {
    let files = fs::read_dir(places.debian("cache/archives")).into_iter().flatten().flatten().map(|file| file.path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "deb")).collect()
}

/// A line of shell that runs `program` with the loader and the libraries that are unpacked.
fn with_loader(places: &Places, program: &Path) -> Outcome<String> {
    let libraries = places.libraries();
    let files = fs::read_dir(&libraries).map_err(|error| format!("{}: {error}", libraries.display()))?;
    let is_loader =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-linux"));
    let loader = files.flatten().map(|file| file.path()).find(is_loader).ok_or("no loader among the packages")?;
    let path = format!("{}:{}/nss", libraries.display(), libraries.display());
    Ok(format!("exec '{}' --library-path '{path}' '{}'", loader.display(), program.display()))
}

/// A program of ours against the library, compiled for the system, run with the library's own.
fn wolfssl(places: &Places) -> Outcome {
    let (source, program) = (places.root.join("xtask/peers/wolfssl.c"), places.peers.join("build/wolfssl"));
    fs::create_dir_all(places.peers.join("build")).map_err(|error| error.to_string())?;
    output(
        Command::new("cc")
            .args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-I"])
            .arg(places.debian("root/usr/include"))
            .arg("-o")
            .arg(&program)
            .arg(&source)
            .arg(places.libraries().join("libwolfssl.so"))
            // The library wants a newer libc than the system's may be, and gets it.
            .arg("-Wl,--unresolved-symbols=ignore-in-shared-libs"),
    )?;
    command(places, "wolfssl", &with_loader(places, &program)?)
}

fn openssl4(places: &Places) -> Outcome {
    let folder = places.peers.join("python");
    once(&folder.join("done"), &PYTHON.join(" "), || {
        println!("fetching: {}", PYTHON.join(" "));
        let pip = ["-m", "pip", "install", "--quiet", "--upgrade", "--target"];
        output(Command::new("python3").args(pip).arg(&folder).args(PYTHON)).map(drop)
    })?;
    // What `python3` stands for, which may be a program that chooses a Python each time.
    let python = output(Command::new("python3").args(["-c", "import sys; print(sys.executable)"]))?;
    let program = places.root.join("xtask/peers/openssl4.py");
    let line = format!("PYTHONPATH='{}' exec '{}' '{}'", folder.display(), python.trim(), program.display());
    command(places, "openssl4", &line)
}

fn javascript(places: &Places) -> Outcome {
    let [bun, deno] = javascript_packages();
    let packages = [format!("{bun}@{BUN}"), format!("{deno}@{DENO}")];
    once(&places.peers.join("javascript"), &packages.join(" "), || {
        println!("fetching: {}", packages.join(" "));
        output(
            Command::new("npm")
                .args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"])
                .arg(&places.peers)
                .args(&packages),
        )
        .map(drop)
    })?;
    let program = places.root.join("xtask/peers/tls.mjs");
    let (bun, deno) = (places.npm(bun).join("bin/bun"), places.npm(deno).join("deno"));
    command(places, "bun", &format!("exec '{}' '{}'", bun.display(), program.display()))?;
    command(places, "deno", &format!("exec '{}' run --quiet --allow-all '{}'", deno.display(), program.display()))
}

/// The packages that have the programs themselves, for this processor.
fn javascript_packages() -> [&'static str; 2] {
    if cfg!(target_arch = "aarch64") {
        ["@oven/bun-linux-aarch64", "@deno/linux-arm64-glibc"]
    } else {
        ["@oven/bun-linux-x64", "@deno/linux-x64-glibc"]
    }
}

fn embedded_tls(places: &Places) -> Outcome {
    let target = places.peers.join("build/embedded-tls");
    output(
        Command::new(env!("CARGO"))
            .current_dir(places.root.join("xtask/peers/embedded-tls"))
            .args(["build", "--quiet", "--locked", "--target-dir"])
            .arg(&target),
    )?;
    command(places, "embedded-tls", &format!("exec '{}'", target.join("debug/peer-embedded-tls").display()))
}

/// What each peer is, in words for the table; those that are not there are left out.
pub(super) fn versions(root: &Path) -> Vec<(&'static str, String)> {
    let places = Places::new(root);
    let mut all = Vec::new();
    let archives = archives(&places);
    for (name, package) in [
        ("openssl-3.5", "openssl"),
        ("gnutls-3.8", "gnutls-bin"),
        ("nss-3.110", "libnss3"),
        ("botan-3.7", "botan"),
        ("nginx-1.26", "nginx"),
        ("mosquitto-2.0", "mosquitto"),
        ("wolfssl-5.7", "libwolfssl-dev"),
    ] {
        let files = archives.iter().filter_map(|path| path.file_name()?.to_str());
        // NAME_VERSION_ARCHITECTURE.deb; an epoch ends with %3a.
        let version = files.filter_map(|file| file.split_once('_')).find(|(found, _)| *found == package);
        if let Some((_, rest)) = version {
            let version = rest.split('_').next().unwrap_or(rest);
            let version = version.rsplit("%3a").next().unwrap_or(version);
            all.push((name, format!("Debian 13, {package} {version}")));
        }
    }
    if let Ok(version) = output(Command::new(places.peers.join("bin/openssl4")).arg("version")) {
        all.push(("openssl-4.0", format!("{}, in the wheel {}", version.trim(), PYTHON.join(", "))));
    }
    let [bun, deno] = javascript_packages();
    for (name, package, library) in [("bun", bun, "BoringSSL"), ("deno", deno, "rustls")] {
        let text = fs::read_to_string(places.npm(package).join("package.json")).unwrap_or_default();
        if let Ok(about) = serde_json::from_str::<serde_json::Value>(&text) {
            let version = about["version"].as_str().unwrap_or("?");
            all.push((name, format!("npm, {package} {version}, `node:tls` on {library}")));
        }
    }
    let lock = fs::read_to_string(root.join("xtask/peers/embedded-tls/Cargo.lock")).unwrap_or_default();
    let mut lines = lock.lines().skip_while(|line| *line != "name = \"embedded-tls\"").skip(1);
    if let Some(version) = lines.next().and_then(|line| line.strip_prefix("version = ")) {
        all.push(("embedded-tls-0.19", format!("the crate, {}", version.trim_matches('"'))));
    }
    all
}
