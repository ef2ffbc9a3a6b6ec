//! Proof that nothing in saitls-core and saitls-chain panics: a bare-metal image of them (`xtask/panics`) over a
//! provider of which the compiler knows nothing is linked as firmware is, and no function in it may branch to
//! `core::panicking`, save those that are listed here, with the reason.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

const TARGET: &str = "thumbv7em-none-eabihf";

/// Functions that contain a panic, and why that one never happens.
const EXCEPTIONS: [(&str, &str); 0] = [];

/// A function of the image.
struct Function<'a> {
    name: String,
    address: u64,
    code: &'a [u8],
}

/// Functions of saitls-core in an image that is about it, at least.
const MIN_FUNCTIONS: usize = 100;
/// The same of saitls-chain.
const MIN_VERIFIER_FUNCTIONS: usize = 8;

/// Builds the image and checks it.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let guilty = build(root, &["--features", "panic"])?;
    if callers(&guilty)?.is_empty() || !has_handler(&guilty)? {
        return Err("panics: the image that has a panic does not show it".into());
    }
    let image = build(root, &[])?;
    let own = functions(&image)?.iter().filter(|function| function.name.contains("saitls_core::")).count();
    let verifier = functions(&image)?.iter().filter(|function| function.name.contains("saitls_chain::")).count();
    if own < MIN_FUNCTIONS || verifier < MIN_VERIFIER_FUNCTIONS {
        return Err(format!(
            "panics: only {own} functions of saitls-core and {verifier} of saitls-chain are in the image"
        ));
    }
    let callers = callers(&image)?;
    let is_exception = |caller: &String| EXCEPTIONS.iter().any(|(name, _)| caller == name);
    let (exceptions, offenders): (Vec<_>, Vec<_>) = callers.iter().partition(|caller| is_exception(caller));
    for (name, reason) in EXCEPTIONS {
        match exceptions.iter().any(|exception| *exception == name) {
            true => println!("{name}: {reason}"),
            false => return Err(format!("panics: {name} needs to be no exception any more")),
        }
    }
    if !offenders.is_empty() {
        return Err(format!(
            "panics: these can: {offenders:#?}\n(arm-none-eabi-objdump -d target/panics/.. shows where)"
        ));
    }
    // The linker drops what nothing leads to, so this also holds for ways that are no branch, or have another name.
    if EXCEPTIONS.is_empty() && has_handler(&image)? {
        return Err("panics: something leads to the panic handler".into());
    }
    println!("{TARGET}: no way to panic in saitls-core and saitls-chain ({own} and {verifier} functions)");
    Ok(())
}

/// Whether the image has the function that every panic ends in.
fn has_handler(elf: &[u8]) -> Result<bool, String> {
    let is_handler = |name: &str| panics(name) || name.ends_with("::rust_begin_unwind");
    Ok(functions(elf)?.iter().any(|function| is_handler(&function.name)))
}

fn build(root: &Path, options: &[&str]) -> Result<Vec<u8>, String> {
    let target = root.join("target/panics");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .current_dir(root.join("xtask/panics"))
        .args(["build", "--quiet", "--release", "--target", TARGET, "--target-dir"])
        .arg(&target)
        .args(options)
        // These would replace the flags of the image's own configuration.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .map_err(|e| format!("cargo: {e}"))?;
    if !status.success() {
        return Err("the image does not build".into());
    }
    let file = target.join(TARGET).join("release/saitls-panics");
    std::fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))
}

/// The functions that branch to one that panics, those of the standard library that only pass a panic on left out.
fn callers(elf: &[u8]) -> Result<BTreeSet<String>, String> {
    let functions = functions(elf)?;
    let targets: Vec<u64> = functions.iter().filter(|f| panics(&f.name)).map(|f| f.address).collect();
    let calls = |function: &&Function<'_>| branches(function).any(|to| targets.contains(&to));
    Ok(functions.iter().filter(|f| !panics(&f.name)).filter(calls).map(|f| f.name.clone()).collect())
}

/// Whether a function of the standard library does nothing but panic.
fn panics(name: &str) -> bool {
    let is_failure = |last: &str| last.ends_with("_fail") || last.ends_with("_failed") || last.starts_with("panic_");
    name.starts_with("core::panicking::")
        || (name.starts_with("core::") && name.rsplit("::").next().is_some_and(is_failure))
}

fn functions(elf: &[u8]) -> Result<Vec<Function<'_>>, String> {
    let file = object::File::parse(elf).map_err(|e| e.to_string())?;
    let mut functions = Vec::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0) {
        // Thumb code is marked by the lowest bit of its address.
        let address = symbol.address() & !1;
        let section = symbol.section_index().ok_or("a function without a section")?;
        let section = file.section_by_index(section).map_err(|e| e.to_string())?;
        let code = section.data_range(address, symbol.size()).map_err(|e| e.to_string())?;
        let name = format!("{:#}", rustc_demangle::demangle(symbol.name().unwrap_or_default()));
        functions.push(Function { name, address, code: code.ok_or("a function without code")? });
    }
    Ok(functions)
}

/// Where the wide branches of a function lead (Armv7-M, `BL` T1 and `B.W` T3 and T4). Data between instructions may
/// look like a branch, too: that could raise a false alarm, but hide nothing.
fn branches<'f>(function: &'f Function<'_>) -> impl Iterator<Item = u64> + 'f {
    let halves = |at: usize| function.code.get(at..at + 2).map(|half| u16::from_le_bytes([half[0], half[1]]));
    (0..function.code.len()).step_by(2).filter_map(move |at| {
        let (first, second) = (u32::from(halves(at)?), u32::from(halves(at + 2)?));
        if first >> 11 != 0b11110 || second >> 15 != 1 {
            return None;
        }
        let (sign, j1, j2) = (first >> 10 & 1, second >> 13 & 1, second >> 11 & 1);
        let low = (second & 0x7ff) << 1;
        let offset = if second >> 12 & 1 == 1 {
            let (i1, i2) = (!(j1 ^ sign) & 1, !(j2 ^ sign) & 1);
            sign_extend(sign << 24 | i1 << 23 | i2 << 22 | (first & 0x3ff) << 12 | low, 25)
        } else {
            sign_extend(sign << 20 | j2 << 19 | j1 << 18 | (first & 0x3f) << 12 | low, 21)
        };
        let from = function.address + at as u64 + 4;
        from.checked_add_signed(offset.into())
    })
}

fn sign_extend(value: u32, bits: u32) -> i32 {
    (value << (32 - bits)).cast_signed() >> (32 - bits)
}

#[cfg(test)]
mod tests {
    use super::{Function, branches, panics};

    #[test]
    fn branches_lead_where_the_disassembler_says() {
        // 23584: bl 2d144; 2f0: bl 2e0 (backwards)
        for (address, code, to) in
            [(0x23584, [0x09, 0xf0, 0xde, 0xfd], 0x2d144), (0x2f0, [0xff, 0xf7, 0xf6, 0xff], 0x2e0)]
        {
            let function = Function { name: String::new(), address, code: &code };
            assert_eq!(branches(&function).collect::<Vec<_>>(), [to]);
        }
    }

    #[test]
    fn what_panics_is_known_by_its_name() {
        assert!(panics("core::panicking::panic_fmt") && panics("core::slice::index::slice_index_fail"));
        assert!(!panics("saitls_core::record::fail") && !panics("core::slice::copy_within"));
    }
}
