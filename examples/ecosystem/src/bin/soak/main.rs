//! Streams of every kind, for as long as one likes: `--help` says how.

mod args;
mod asynchronous;
mod course;
mod embassy;
mod signals;
mod std_io;
mod tokio_io;

use args::{Args, HELP};
use course::{Course, MOVED};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Moves a connection's bytes.
type Run = fn(Course);

/// Kinds of streams: what they are called, and what moves a connection's bytes over them.
const KINDS: [(&str, Run); 9] = [
    ("std, time limits and signals", std_io::with_time_limits),
    ("std, not blocking", std_io::without_blocking),
    ("std, split over threads, signals", std_io::split),
    ("embedded-io, time limits and signals", std_io::embedded_with_time_limits),
    ("tokio, one thread", tokio_io::on_one_thread),
    ("tokio, two threads", tokio_io::on_two_threads),
    ("tokio, halves", tokio_io::halves),
    ("embassy-net", embassy::whole),
    ("embassy-net, halves", embassy::halves),
];

/// What embassy-net gets a share of: it waits for the acknowledgements of each flush.
const SLOW: &str = "embassy-net";
const SLOW_SHARE: u64 = 10;

/// The longest connection, in bytes each way.
const MAX_CONNECTION_LEN: u64 = 20_000_000;

/// For how long nothing may arrive.
const MAX_STALL: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let args = match Args::parse() {
        Ok(Some(args)) => args,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("soak: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let start = Instant::now();
    println!("seed {}", args.seed);
    watch(&args, start);
    signals::prepare();
    let mut count = 0;
    for (name, run) in KINDS.iter().filter(|(name, _)| args.only.as_deref().is_none_or(|only| name.contains(only))) {
        count += 1;
        soak(name, *run, &args);
    }
    if count == 0 {
        eprintln!("soak: no stream is called so: {}", KINDS.map(|(name, _)| name).join("; "));
        return ExitCode::from(2);
    }
    println!("all in {:.1} s", start.elapsed().as_secs_f64());
    ExitCode::SUCCESS
}

/// Moves so many bytes each way over streams of one kind, in as many connections as it takes.
fn soak(name: &str, run: Run, args: &Args) {
    let (start, mut random) = (Instant::now(), fastrand::Rng::with_seed(args.seed));
    let bytes = if name.starts_with(SLOW) { args.bytes.div_ceil(SLOW_SHARE) } else { args.bytes };
    let (mut left, mut connections, most) = (bytes, 0, MAX_CONNECTION_LEN.min(bytes / 5));
    while left > 0 {
        let course = Course::new(random.u64(..), random.u64(1..=most.max(1)).min(left));
        if let Err(panic) = std::panic::catch_unwind(|| run(course)) {
            eprintln!("{name}, --seed {}: {course:#?}", args.seed);
            std::panic::resume_unwind(panic);
        }
        left -= course.bytes;
        connections += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{name}: {bytes} bytes each way, {connections} connections, {seconds:.1} s");
}

/// Ends the program, with an error, when nothing moves any more, or when it takes too long.
fn watch(args: &Args, start: Instant) {
    let (seed, limit) = (args.seed, args.limit);
    std::thread::spawn(move || {
        let (mut seen, mut since) = (0, Instant::now());
        loop {
            std::thread::sleep(Duration::from_millis(500));
            let moved = MOVED.load(Ordering::Relaxed);
            if moved != seen {
                (seen, since) = (moved, Instant::now());
            }
            if since.elapsed() > MAX_STALL {
                eprintln!("soak: nothing moves any more, after {moved} bytes; {}; --seed {seed}", course::underway());
                std::process::exit(1);
            }
            if limit.is_some_and(|limit| start.elapsed() > limit) {
                eprintln!("soak: not done in time: {moved} bytes; {}; --seed {seed}", course::underway());
                std::process::exit(1);
            }
        }
    });
}
