//! Time to read and prove bundles in one process, with a root that was read before.
//!
//!     cargo bench --bench evidence -- FOLDER
//!
//! The folder holds pairs `NAME.json` (a bundle) and `NAME.digest` (`sha256-...` or `sha512-...` of what
//! it is about). `benches/evidence.sh` makes one. Ends with 1 where a bundle is not proved: a
//! refusal is quick.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks")]

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mcp_pin::model::Integrity;
use mcp_pin::verify::sigstore::{Artifact, Bundle, By, Root, prove};

/// Bundles of one closure.
const CLOSURE: usize = 200;
const ROUNDS: usize = 101;

struct Sample {
    name: String,
    json: Vec<u8>,
    digest: Integrity,
}

fn main() -> ExitCode {
    let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with("--")) else {
        eprintln!("skipped: no folder of bundles is given");
        return ExitCode::SUCCESS;
    };
    match run(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    let samples = samples(folder)?;
    let begun = Instant::now();
    let root = Root::public_good()?;
    println!("root             {:.3} ms, once", ms(begun.elapsed()));
    for sample in &samples {
        println!("{:<16} {:.3} ms", sample.name, ms(median(&root, sample)?));
    }
    let (one, all) = (closure(&root, &samples, 1)?, closure(&root, &samples, workers())?);
    println!(
        "{CLOSURE} bundles      {:.1} ms on one core, {:.1} ms on {} (ratio {:.2})",
        ms(one),
        ms(all),
        workers(),
        one.as_secs_f64() / all.as_secs_f64()
    );
    Ok(())
}

fn samples(folder: &Path) -> Result<Vec<Sample>, Box<dyn Error + Send + Sync>> {
    let mut samples = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let digest = path.with_extension("digest");
        if path.extension().is_some_and(|ending| ending == "json") && digest.exists() {
            samples.push(Sample {
                name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
                json: std::fs::read(&path)?,
                digest: std::fs::read_to_string(digest)?.trim().parse()?,
            });
        }
    }
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    if samples.is_empty() {
        return Err("no bundle in the folder".into());
    }
    Ok(samples)
}

/// Reads and proves.
fn once(root: &Root, sample: &Sample) -> Result<(), Box<dyn Error + Send + Sync>> {
    // Long after every one of them was signed.
    let now = Timestamp::from_second(4_000_000_000)?;
    let bundle = Bundle::parse(black_box(&sample.json))?;
    black_box(prove(root, &bundle, Artifact::Digest(&sample.digest), By::Certificate, now)?);
    Ok(())
}

fn median(root: &Root, sample: &Sample) -> Result<Duration, Box<dyn Error + Send + Sync>> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        once(root, sample)?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times[ROUNDS / 2])
}

/// As the whole closure's proofs are spread: the next bundle to whoever is free. Median of five.
fn closure(root: &Root, samples: &[Sample], workers: usize) -> Result<Duration, Box<dyn Error + Send + Sync>> {
    let mut times = Vec::new();
    for _ in 0..5 {
        let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    while let at @ 0..CLOSURE = next.fetch_add(1, Ordering::Relaxed) {
                        if once(root, &samples[at % samples.len()]).is_err() {
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        times.push(begun.elapsed());
        if failed.into_inner() > 0 {
            return Err("a bundle is not proved".into());
        }
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
