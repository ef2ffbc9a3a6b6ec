//! What the kept corpora of the fuzz targets reach of saitls-core: `cargo fuzz coverage` runs each target over its
//! corpus, `llvm-cov` says which lines of `core/src` that touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Lines and regions of a folder, all and those that were run.
#[derive(Default, Clone, Copy)]
struct Covered {
    lines: [u64; 2],
    regions: [u64; 2],
}

/// Prints a row for each target, and one for each part of core by all targets together.
pub(crate) fn print(root: &Path, only: Option<&str>) -> Result<(), String> {
    let targets = run(cargo(root).args(["fuzz", "list", "--fuzz-dir", "core/fuzz"]))?;
    let targets: Vec<_> = targets.lines().filter(|target| only.is_none_or(|only| only == *target)).collect();
    println!("| target | seeds | lines of core | regions of core |\n|---|---|---|---|");
    for target in &targets {
        measure(root, target)?;
        let seeds = std::fs::read_dir(root.join("core/fuzz/corpus").join(target)).map_or(0, Iterator::count);
        let all = total(&report(root, &[target])?);
        println!("| `{target}` | {seeds} | {} | {} |", share(all.lines), share(all.regions));
    }
    let files = report(root, &targets)?;
    println!("\n| part of core | lines | regions |\n|---|---|---|");
    let mut parts = BTreeMap::<String, Covered>::new();
    for (file, covered) in &files {
        let part = file.split('/').next().unwrap_or_default().trim_end_matches(".rs");
        let sum = parts.entry(part.to_owned()).or_default();
        *sum = add(*sum, *covered);
    }
    for (part, covered) in &parts {
        println!("| {part} | {} | {} |", share(covered.lines), share(covered.regions));
    }
    let all = total(&files);
    println!("| all | {} | {} |", share(all.lines), share(all.regions));
    println!("\n{}: what was not run, line by line", write_lines(root, &targets)?.display());
    Ok(())
}

/// Runs a target over its corpus with counters compiled in.
fn measure(root: &Path, target: &str) -> Result<(), String> {
    let corpus = format!("core/fuzz/corpus/{target}");
    run(cargo(root).args(["fuzz", "coverage", "--fuzz-dir", "core/fuzz", "--sanitizer", "none", target, &corpus]))?;
    Ok(())
}

/// The files of `core/src`, and how much of each was run by any of the targets.
fn report(root: &Path, targets: &[&str]) -> Result<BTreeMap<String, Covered>, String> {
    let out = run(&mut llvm_cov(root, targets, &["export", "--summary-only"])?)?;
    let report: Value = serde_json::from_str(&out).map_err(|e| format!("llvm-cov: {e}"))?;
    let files = report["data"][0]["files"].as_array().ok_or("llvm-cov: no files")?;
    let folder = format!("{}/", root.join("core/src").display());
    let pair = |summary: &Value| [&summary["covered"], &summary["count"]].map(|count| count.as_u64().unwrap_or(0));
    let covered = files.iter().filter_map(|file| {
        let name = file["filename"].as_str()?.strip_prefix(&folder)?.to_owned();
        let summary = &file["summary"];
        Some((name, Covered { lines: pair(&summary["lines"]), regions: pair(&summary["regions"]) }))
    });
    Ok(covered.collect())
}

/// Writes the source with the count of each line beside it.
fn write_lines(root: &Path, targets: &[&str]) -> Result<PathBuf, String> {
    let out = run(llvm_cov(root, targets, &["show"])?.arg("--sources").arg(root.join("core/src")))?;
    let file = root.join("core/fuzz/coverage/core.txt");
    std::fs::write(&file, out).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(file)
}

/// `llvm-cov` of the compiler that compiled the targets, for these programs and their counters.
fn llvm_cov(root: &Path, targets: &[&str], arguments: &[&str]) -> Result<Command, String> {
    let version = run(Command::new("rustc").args(["+nightly", "--version", "--verbose"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc: no host")?;
    let sysroot = run(Command::new("rustc").args(["+nightly", "--print", "sysroot"]))?;
    let tools = Path::new(sysroot.trim()).join("lib/rustlib").join(host).join("bin");
    let (fuzz, profile) = (root.join("core/fuzz"), root.join("core/fuzz/coverage/all.profdata"));
    let profiles = targets.iter().map(|target| fuzz.join("coverage").join(target).join("coverage.profdata"));
    run(Command::new(tools.join("llvm-profdata")).args(["merge", "-sparse", "-o"]).arg(&profile).args(profiles))?;
    let mut command = Command::new(tools.join("llvm-cov"));
    command.args(arguments).arg("--instr-profile").arg(&profile);
    let programs = root.join("target").join(host).join("coverage").join(host).join("release");
    for target in targets {
        command.arg("--object").arg(programs.join(target));
    }
    Ok(command)
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.arg("+nightly").current_dir(root);
    command
}

/// What a command prints.
fn run(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|e| format!("{name}: {e}"))?;
    if !output.status.success() {
        return Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn add(one: Covered, other: Covered) -> Covered {
    let sum = |one: [u64; 2], other: [u64; 2]| [one[0] + other[0], one[1] + other[1]];
    Covered { lines: sum(one.lines, other.lines), regions: sum(one.regions, other.regions) }
}

fn total(files: &BTreeMap<String, Covered>) -> Covered {
    files.values().copied().fold(Covered::default(), add)
}

/// `90 % of 100`.
fn share([covered, count]: [u64; 2]) -> String {
    format!("{} % of {count}", (covered * 100).checked_div(count).unwrap_or(0))
}
