//! Random programs, compared with real Go. See `generator/mod.rs` for what they are made of.
//!
//! ```sh
//! cargo test --test differential                                                      # 300 programs
//! MINIGO_PROGRAMS=20000 MINIGO_SEED=1 cargo test --test differential -- --ignored     # as many as wished, from a seed
//! MINIGO_SEED=17 cargo test --test differential -- --ignored show --nocapture         # prints the program of a seed
//! ```
//!
//! Without Go on PATH all of it is skipped, with a line that says so. A difference is reported with its seed and a small program that shows it.

mod generator;
// Of the harness only what is needed here; what programs of several files need is not.
#[allow(dead_code)]
#[path = "harness/oracle.rs"]
mod oracle;
#[path = "harness/process.rs"]
mod process;

use generator::compare::{Comparison, Difference};
use libtest_mimic::{Arguments, Failed, Trial};
use oracle::Oracle;
use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// Programs of the trials that always run, and of one build.
const PROGRAMS: u64 = 300;
const BATCH: u64 = 50;

/// Programs of one build where many are compared.
const LARGE_BATCH: u64 = 200;

/// Differences after which a long run has seen enough.
const ENOUGH: usize = 10;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("differential");
    let mut trials = vec![
        Trial::test("show", || {
            println!("{}", generator::text(number("MINIGO_SEED", 1)));
            Ok(())
        })
        .with_ignored_flag(true),
    ];
    match find_oracle(&arguments, &folder) {
        Ok(Some(oracle)) => {
            let oracle = Arc::new(oracle);
            for first in (1..=PROGRAMS).step_by(BATCH as usize) {
                let (oracle, folder) = (Arc::clone(&oracle), folder.clone());
                let last = first + BATCH - 1;
                trials.push(Trial::test(
                    format!("programs::{first}_to_{last}"),
                    move || {
                        let comparison = Comparison {
                            oracle: &oracle,
                            folder: &folder,
                        };
                        report(&comparison, comparison.compare(first..last + 1)?)
                    },
                ));
            }
            let many = Trial::test("many", move || many(&oracle, &folder));
            trials.push(many.with_ignored_flag(true));
        }
        Ok(None) => {}
        Err(reason) => {
            eprintln!("MINIGO_TEST_ORACLE=1, but {reason}");
            return ExitCode::FAILURE;
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The real Go, or `None` if it is not wanted or not there.
fn find_oracle(arguments: &Arguments, folder: &Path) -> Result<Option<Oracle>, String> {
    let wish = env::var("MINIGO_TEST_ORACLE").unwrap_or_default();
    if wish == "0" || arguments.list {
        return Ok(None);
    }
    match Oracle::find(folder) {
        Ok(oracle) => Ok(Some(oracle)),
        Err(reason) if wish == "1" => Err(reason),
        Err(reason) => {
            let reason = reason.lines().next().unwrap_or_default();
            eprintln!("skipped: all comparisons of random programs with real Go ({reason})");
            Ok(None)
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// Compares `MINIGO_PROGRAMS` programs from `MINIGO_SEED` on.
fn many(oracle: &Oracle, folder: &Path) -> Result<(), Failed> {
    let (first, count) = (number("MINIGO_SEED", 1), number("MINIGO_PROGRAMS", 20_000));
    let comparison = Comparison { oracle, folder };
    eprintln!("comparing with {}", oracle.version);
    let start = Instant::now();
    let mut differences = Vec::new();
    let mut seed = first;
    while seed < first + count && differences.len() < ENOUGH {
        let last = (seed + LARGE_BATCH).min(first + count);
        differences.extend(comparison.compare(seed..last)?);
        seed = last;
        let rate = (seed - first) as f64 / start.elapsed().as_secs_f64();
        eprintln!(
            "{} programs compared, {} differences, {rate:.0} programs/s",
            seed - first,
            differences.len()
        );
    }
    report(&comparison, differences)
}

/// Fails with a small program for each difference.
fn report(comparison: &Comparison<'_>, differences: Vec<Difference>) -> Result<(), Failed> {
    let mut reports = Vec::new();
    for difference in &differences {
        let small = if number("MINIGO_SHRINK", 1) == 0 {
            Err("MINIGO_SHRINK=0".to_string())
        } else {
            comparison.shrink(&difference.program)
        };
        let text = match small {
            Ok((program, what)) => {
                let path = comparison
                    .folder
                    .join(format!("seed{}.mgo", difference.seed));
                fs::write(&path, &program)?;
                format!(
                    "seed {}: {}\n{what}\n{program}",
                    difference.seed,
                    path.display()
                )
            }
            Err(reason) => {
                format!(
                    "seed {}, not made smaller ({reason}):\n{}",
                    difference.seed, difference.what
                )
            }
        };
        eprintln!("{text}");
        reports.push(text);
    }
    if reports.is_empty() {
        Ok(())
    } else {
        Err(reports.join("\n").into())
    }
}
