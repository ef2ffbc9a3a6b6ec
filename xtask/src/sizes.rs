//! Sizes of linked bare-metal images (`xtask/image`): core, provider and socket layer on smoltcp, for
//! thumbv7em-none-eabihf.
//!
//! The images have no allocator unless RSA is in, so that they link proves that none is needed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};

const TARGET: &str = "thumbv7em-none-eabihf";

/// An image, by the features of `xtask/image`.
struct Image {
    name: &'static str,
    features: &'static str,
    /// `.text` and `.rodata` in bytes: what `--limits` allows.
    limit: u64,
    what: &'static str,
}

const IMAGES: [Image; 7] = [
    Image { name: "tcp", features: "", limit: 20_000, what: "smoltcp and the board alone: no TLS" },
    Image { name: "client-small", features: "client,small", limit: 74_000, what: "client; AES-128-GCM, P-256" },
    Image {
        name: "client-chain",
        features: "client,chain,small",
        limit: 98_000,
        what: "client that verifies chains; AES-128-GCM, P-256",
    },
    Image {
        name: "client-ordered",
        features: "client,ordered,small",
        limit: 79_500,
        what: "client that verifies chains in their order; AES-128-GCM, P-256",
    },
    Image { name: "small", features: "client,server,small", limit: 120_000, what: "both roles; AES-128-GCM, P-256" },
    Image { name: "no-rsa", features: "client,server,no-rsa", limit: 190_000, what: "both roles; everything but RSA" },
    Image {
        name: "all",
        features: "client,server,all",
        limit: 275_000,
        what: "both roles; everything, with a heap for RSA",
    },
];

/// What a verifier of chains takes: an image with it less the same one with a pinned key, and the limit of that.
const VERIFIERS: [(&str, &str, u64); 2] =
    [("client-chain", "client-small", 24_500), ("client-ordered", "client-small", 6_500)];

/// What the command line asks for.
#[derive(Default)]
pub(crate) struct Options {
    crates: bool,
    limits: bool,
    image: Option<String>,
}

impl Options {
    pub(crate) fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--crates" => options.crates = true,
                "--limits" => options.limits = true,
                "--image" => options.image = words.next().map(|&name| name.to_owned()),
                other => return Err(format!("sizes: unknown option {other}")),
            }
        }
        let known = |name: &String| IMAGES.iter().any(|image| image.name == name);
        match &options.image {
            Some(name) if !known(name) => Err(format!("sizes: no image {name}")),
            _ => Ok(options),
        }
    }
}

/// What an ELF file takes in flash and RAM.
#[derive(Default)]
pub(crate) struct Sizes {
    pub(crate) code: u64,
    pub(crate) data: u64,
    pub(crate) bss: u64,
    pub(crate) crates: BTreeMap<String, u64>,
}

/// Builds the images and prints the table.
pub(crate) fn print(root: &Path, options: &Options) -> Result<(), String> {
    println!("{TARGET}, opt-level s, fat LTO, sha2 compact; bytes");
    println!("{:<14}{:>15}{:>9}{:>9}  ", "image", ".text+.rodata", ".data", ".bss");
    let mut too_large = Vec::new();
    let mut measured = BTreeMap::new();
    for image in IMAGES.iter().filter(|image| options.image.as_deref().is_none_or(|name| name == image.name)) {
        let sizes = measure(&build(root, image)?)?;
        println!("{:<14}{:>15}{:>9}{:>9}  {}", image.name, sizes.code, sizes.data, sizes.bss, image.what);
        measured.insert(image.name, sizes.code);
        if options.crates {
            let mut crates: Vec<_> = sizes.crates.into_iter().collect();
            crates.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
            for (name, size) in crates.iter().take(24) {
                println!("    {size:>8}  {name}");
            }
        }
        if sizes.code > image.limit {
            too_large.push(format!("{}: {} bytes of flash, the limit is {}", image.name, sizes.code, image.limit));
        }
    }
    for (name, without, limit) in VERIFIERS {
        if let (Some(with), Some(without)) = (measured.get(name), measured.get(without)) {
            let size = with.saturating_sub(*without);
            println!("verifier of certificate chains in {name}: {size} bytes");
            if size > limit {
                too_large.push(format!("verifier of chains in {name}: {size} bytes of flash, the limit is {limit}"));
            }
        }
    }
    if options.limits && !too_large.is_empty() {
        return Err(format!("{}\n(limits: xtask/src/sizes.rs)", too_large.join("\n")));
    }
    Ok(())
}

fn build(root: &Path, image: &Image) -> Result<Vec<u8>, String> {
    let folder = root.join("xtask/image");
    let target = root.join("target/image");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .current_dir(&folder)
        .args(["build", "--quiet", "--release", "--target", TARGET, "--features", image.features, "--target-dir"])
        .arg(&target)
        // These would replace the flags of the image's own configuration.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .map_err(|e| format!("cargo: {e}"))?;
    if !status.success() {
        return Err(format!("image {} does not build", image.name));
    }
    let file = target.join(TARGET).join("release/saitls-image");
    std::fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))
}

pub(crate) fn measure(elf: &[u8]) -> Result<Sizes, String> {
    let file = object::File::parse(elf).map_err(|e| e.to_string())?;
    let mut sizes = Sizes::default();
    for section in file.sections() {
        match section.kind() {
            SectionKind::Text | SectionKind::ReadOnlyData | SectionKind::ReadOnlyString => sizes.code += section.size(),
            SectionKind::Data => sizes.data += section.size(),
            SectionKind::UninitializedData => sizes.bss += section.size(),
            _ => {}
        }
    }
    for symbol in file.symbols().filter(|symbol| matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Data)) {
        let section = symbol.section_index().and_then(|index| file.section_by_index(index).ok());
        let in_flash = section.is_some_and(|section| section.kind() != SectionKind::UninitializedData);
        if in_flash {
            *sizes.crates.entry(crate_of(symbol.name().unwrap_or_default())).or_default() += symbol.size();
        }
    }
    Ok(sizes)
}

/// The crate of a symbol: where the function is written, or for an implementation, the type.
fn crate_of(symbol: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(symbol));
    let mut rest = name.as_str();
    for prefix in ["<", "&", "mut ", "dyn ", "[", "("].iter().cycle().take(18) {
        rest = rest.strip_prefix(prefix).unwrap_or(rest);
    }
    match rest.split_once("::") {
        Some((first, _)) if first.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => first.to_owned(),
        _ => "(other)".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::crate_of;

    #[test]
    fn a_symbol_has_a_crate() {
        assert_eq!(crate_of("_ZN11saitls_core4wire4read17h0123456789abcdefE"), "saitls_core");
        assert_eq!(crate_of("memcpy"), "(other)");
    }
}
