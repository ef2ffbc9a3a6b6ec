//! Runs the cases a few at a time, each within its limit, and reports: one line per group, every failure in full, the
//! gaps, and what could not run here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::peers::{Cx, Peer};
use crate::pki::Pki;
use crate::process::Outcome;

type Body = Box<dyn Fn(&Cx<'_>) -> Outcome + Send + Sync>;

/// One test.
pub(crate) struct Case {
    /// `group/rest`: the part before the last slash is what the report counts by.
    name: String,
    needs: Vec<Peer>,
    limit: Duration,
    gap: Option<&'static str>,
    /// Nothing for a case that cannot be tried: its gap says why.
    body: Option<Body>,
}

impl Case {
    pub(crate) fn new(
        name: impl Into<String>,
        needs: &[Peer],
        body: impl Fn(&Cx<'_>) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        let limit = Duration::from_secs(90);
        Self { name: name.into(), needs: needs.to_vec(), limit, gap: None, body: Some(Box::new(body)) }
    }

    /// A case that there is no way to try. It counts as a gap.
    pub(crate) fn never(name: impl Into<String>, reason: &'static str) -> Self {
        Self { body: None, ..Self::new(name, &[], |_| Ok(())).with_gap(Some(reason)) }
    }

    /// Says why the peer cannot do this. The case runs all the same, and passing is then the failure: the gap is
    /// closed.
    pub(crate) fn with_gap(mut self, reason: Option<&'static str>) -> Self {
        self.gap = reason;
        self
    }

    pub(crate) fn with_limit(mut self, seconds: u64) -> Self {
        self.limit = Duration::from_secs(seconds);
        self
    }

    /// A verdict in a word.
    fn word(&self, verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Passed => "ok",
            Verdict::Gap if self.body.is_none() => "untried",
            Verdict::Gap => "gap",
            Verdict::Skipped => "skipped",
            Verdict::Failed(_) => "FAILED",
        }
    }

    fn group(&self) -> &str {
        self.name.rsplit_once('/').map_or(self.name.as_str(), |(group, _)| group)
    }
}

enum Verdict {
    Passed,
    Gap,
    Skipped,
    Failed(String),
}

struct Options {
    filters: Vec<String>,
    jobs: usize,
    list: bool,
    verbose: bool,
}

impl Options {
    /// The part of libtest's command line that makes sense here.
    fn from_command_line() -> Self {
        let jobs = std::env::var("SAITLS_INTEROP_JOBS").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
        let mut options = Self { filters: Vec::new(), jobs, list: false, verbose: false };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--list" => options.list = true,
                "--nocapture" | "--no-capture" | "--verbose" => options.verbose = true,
                "--test-threads" => options.jobs = words.next().and_then(|n| n.parse().ok()).unwrap_or(options.jobs),
                "--format" | "--color" | "-Z" | "--logfile" | "--skip" => drop(words.next()),
                flag if flag.starts_with('-') => {}
                filter => options.filters.push(filter.to_owned()),
            }
        }
        options
    }
}

/// Peers of these cases that are not installed here.
fn missing(cases: &[Case]) -> Vec<Peer> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    let there = |program: &&str| folders.iter().any(|folder| folder.join(program).is_file());
    // OpenSSL makes the certificates of all, and NSS has its own database of them.
    let needed: BTreeSet<Peer> = cases.iter().flat_map(|case| case.needs.iter().copied()).collect();
    let always = [Peer::OpenSsl, Peer::Nss].into_iter();
    let needed: BTreeSet<Peer> = needed.into_iter().chain(always).collect();
    needed.into_iter().filter(|peer| !peer.programs().0.iter().all(there)).collect()
}

/// Runs `cases` as the command line says.
pub(crate) fn run(cases: Vec<Case>) -> ExitCode {
    let options = Options::from_command_line();
    let all = cases.len();
    let chosen = |case: &Case| options.filters.is_empty() || options.filters.iter().any(|f| case.name.contains(f));
    let cases: Vec<_> = cases.into_iter().filter(chosen).collect();
    let filtered_out = all - cases.len();
    if options.list {
        cases.iter().for_each(|case| println!("{}: test", case.name));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", cases.len());
    let started = Instant::now();
    let missing = missing(&cases);
    let required = std::env::var_os("SAITLS_REQUIRE_PEERS").is_some_and(|value| value == "1");
    for peer in &missing {
        let (programs, package) = peer.programs();
        println!("SKIPPING every case with {}: no {} here (Debian: {package})", peer.name(), programs.join(", "));
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("interop-{}", std::process::id()));
    let pki = if missing.contains(&Peer::OpenSsl) || cases.is_empty() {
        None
    } else {
        match Pki::create(&folder.join("pki"), !missing.contains(&Peer::Nss)) {
            Ok(pki) => Some(pki),
            Err(error) => {
                println!("the test PKI cannot be made: {error}");
                return ExitCode::FAILURE;
            }
        }
    };
    let results = run_all(&cases, pki.as_ref(), &missing, &folder, &options);
    if fs::remove_dir_all(&folder).is_err() && pki.is_some() {
        println!("could not remove {}", folder.display());
    }
    report(&cases, results, &missing, required, filtered_out, started)
}

fn run_all(
    cases: &[Case],
    pki: Option<&Pki>,
    missing: &[Peer],
    folder: &Path,
    options: &Options,
) -> Vec<(Verdict, Duration)> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(index) else { return };
                    let begun = Instant::now();
                    let scratch = folder.join(format!("case-{index}"));
                    let verdict = match pki {
                        Some(pki) if !case.needs.iter().any(|peer| missing.contains(peer)) => {
                            let cx = Cx { pki, deadline: begun + case.limit, scratch: scratch.clone() };
                            judge(case, &cx)
                        }
                        _ => Verdict::Skipped,
                    };
                    let _ = fs::remove_dir_all(scratch);
                    if options.verbose {
                        let word = case.word(&verdict);
                        println!("test {} ... {word} ({} ms)", case.name, begun.elapsed().as_millis());
                    }
                    let result = (index, verdict, begun.elapsed());
                    results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, ..)| *index);
    results.into_iter().map(|(_, verdict, time)| (verdict, time)).collect()
}

fn judge(case: &Case, cx: &Cx<'_>) -> Verdict {
    let Some(body) = &case.body else { return Verdict::Gap };
    let outcome = catch_unwind(AssertUnwindSafe(|| body(cx))).unwrap_or_else(|_| Err("the case panicked".into()));
    match (outcome, case.gap) {
        (Ok(()), None) => Verdict::Passed,
        (Ok(()), Some(gap)) => Verdict::Failed(format!("passes, though it is listed as a gap: {gap}")),
        (Err(error), Some(_)) if !error.contains("panicked") => Verdict::Gap,
        (Err(error), _) => Verdict::Failed(error),
    }
}

fn report(
    cases: &[Case],
    results: Vec<(Verdict, Duration)>,
    missing: &[Peer],
    required: bool,
    filtered_out: usize,
    started: Instant,
) -> ExitCode {
    let mut groups: BTreeMap<&str, ([usize; 4], Duration)> = BTreeMap::new();
    let mut gaps: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut total = [0; 4];
    let mut lines = String::new();
    for (case, (verdict, time)) in cases.iter().zip(results) {
        let _ = writeln!(lines, "{}\t{}\t{}", case.name, case.word(&verdict), case.gap.unwrap_or_default());
        let column = match verdict {
            Verdict::Passed => 0,
            Verdict::Gap => 1,
            Verdict::Skipped => 2,
            Verdict::Failed(error) => {
                failures.push((case, error));
                3
            }
        };
        if let (1, Some(reason)) = (column, case.gap) {
            *gaps.entry((case.group(), reason)).or_default() += 1;
        }
        let entry = groups.entry(case.group()).or_default();
        for counts in [&mut entry.0, &mut total] {
            if let Some(count) = counts.get_mut(column) {
                *count += 1;
            }
        }
        entry.1 += time;
    }
    if let Some(file) = std::env::var_os("SAITLS_INTEROP_RESULTS")
        && let Err(error) = fs::write(&file, lines)
    {
        println!("{}: {error}", file.display());
    }
    println!("\n{:<34}{:>8}{:>6}{:>9}{:>8}{:>10}", "group", "passed", "gaps", "skipped", "failed", "ms each");
    for (group, ([passed, gap, skipped, failed], time)) in &groups {
        let ran = u128::try_from(passed + gap + failed).unwrap_or(1).max(1);
        println!("{group:<34}{passed:>8}{gap:>6}{skipped:>9}{failed:>8}{:>10}", time.as_millis() / ran);
    }
    if !gaps.is_empty() {
        println!("\ngaps: cases that must fail, because the peer cannot do them");
        gaps.iter().for_each(|((group, reason), count)| println!("{group:<34}{count:>4}  {reason}"));
    }
    for (case, error) in &failures {
        println!("\n---- {} ----\n  {error}", case.name);
    }
    let [passed, gap, skipped, mut failed] = total;
    if skipped > 0 {
        let names: Vec<_> = missing.iter().map(|peer| peer.programs().1).collect();
        println!("\n{skipped} CASES SKIPPED for want of: {}", names.join(" "));
        if required {
            println!("SAITLS_REQUIRE_PEERS=1: a missing peer is a failure");
            failed += 1;
        }
    }
    if !failures.is_empty() {
        println!("\nfailures:");
        failures.iter().for_each(|(case, _)| println!("    {}", case.name));
    }
    println!(
        "\ntest result: {}. {} passed; {failed} failed; {skipped} ignored; 0 measured; {filtered_out} filtered out; finished in {:.2}s\n",
        if failed == 0 { "ok" } else { "FAILED" },
        passed + gap,
        started.elapsed().as_secs_f32()
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
