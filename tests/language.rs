//! Every program under `examples/` and `tests/` is a test, and what it must do is written in it.
//!
//! The syntax of expectations is described in `harness/expectation.rs`. Each program runs with GOMAXPROCS 1, 2 and 8, and all failures are
//! reported. The kinds of trial:
//!
//! | trial | is |
//! |---|---|
//! | `examples::…`, `run::…`, `errors::…` | minigo does what the program says |
//! | `seed::…` | the programs of `tests/run` with a seed: the same seed gives the same run, whatever the seed is |
//! | `wishlist::…` | minigo does *not* do it yet; once it does, the program moves to `tests/run` |
//! | `oracle::…` | real Go does what the program says: the expectation itself is right |
//! | `bench::…` | minigo prints what real Go prints, for the programs in `../shared/bench` |
//!
//! `oracle` and `bench` need Go 1.27 on PATH and are skipped, with a line that says so, where it is missing. `MINIGO_TEST_ORACLE=0` skips them,
//! `MINIGO_TEST_ORACLE=1` makes a missing Go an error. What real Go has confirmed once is not asked again until the
//! program changes. `cargo test --test language closures` runs the trials with "closures" in their names.

mod harness;

use harness::expectation::Expectation;
use harness::folder;
use harness::oracle::Oracle;
use harness::process::{self, Run};
use harness::programs;
use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::hash_map::DefaultHasher;
use std::env;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

/// How many processors each program runs with, one after the other.
const PROCESSORS: &[u32] = &[1, 2, 8];

/// What the runs that must repeat themselves are seeded with.
const SEEDS: &[u64] = &[1, 20_261_121];

/// A program that runs longer is killed and has failed.
const LIMIT: Duration = Duration::from_secs(60);

/// Benchmark programs that an unoptimised build takes long for: ignored there, run with `--include-ignored` or `--release`.
const LONG: &[&str] = &[
    "binarytrees",
    "bufchan",
    "closures",
    "fannkuch",
    "fib",
    "ifacecall",
    "mandelbrot",
    "mapint",
    "mapstr",
    "matmul",
    "mutex",
    "nbody",
    "nqueens",
    "parallel",
    "parked",
    "pingpong",
    "primesieve",
    "quicksort",
    "selectfan",
    "sieve",
    "skynet",
    "spawn",
    "spectralnorm",
    "strbuild",
    "structs",
    "threadring",
    "workerpool",
];

/// How the programs of `tests/errors` begin that real Go compiles and minigo refuses: it has nothing to say about them.
const UNSUPPORTED: &str = "E0901";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let groups = [
        ("examples", root.join("examples")),
        ("run", root.join("tests/run")),
        ("errors", root.join("tests/errors")),
        ("wishlist", root.join("tests/wishlist")),
    ];
    let oracle = match find_oracle(&arguments) {
        Ok(oracle) => oracle.map(Arc::new),
        Err(reason) => {
            eprintln!("MINIGO_TEST_ORACLE=1, but {reason}");
            return ExitCode::FAILURE;
        }
    };
    let mut trials = Vec::new();
    for (group, folder) in groups {
        for program in programs::find(&folder) {
            let name = format!("{group}::{}", program.name);
            let go_agrees = !program.name.starts_with(UNSUPPORTED);
            if let Some(oracle) = oracle.clone().filter(|_| go_agrees) {
                let path = program.path.clone();
                trials.push(Trial::test(format!("oracle::{name}"), move || {
                    confirm(&oracle, &path)
                }));
            }
            if group == "run" {
                let path = program.path.clone();
                trials.push(Trial::test(format!("seed::{name}"), move || {
                    must_repeat(&path)
                }));
            }
            let wished = group == "wishlist";
            trials.push(Trial::test(name, move || {
                if wished {
                    must_fail(&program.path)
                } else {
                    must_pass(&program.path)
                }
            }));
        }
    }
    trials.extend(bench_trials(root, oracle.as_ref()));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The real Go, or `None` if it is not wanted or not there.
fn find_oracle(arguments: &Arguments) -> Result<Option<Oracle>, String> {
    let wish = env::var("MINIGO_TEST_ORACLE").unwrap_or_default();
    if wish == "0" || arguments.list {
        return Ok(None);
    }
    match Oracle::find(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle")) {
        Ok(oracle) => Ok(Some(oracle)),
        Err(reason) if wish == "1" => Err(reason),
        Err(reason) => {
            eprintln!(
                "skipped: the trials that compare with real Go ({})",
                reason.lines().next().unwrap_or_default()
            );
            Ok(None)
        }
    }
}

fn must_pass(program: &Path) -> Result<(), Failed> {
    let expectation = expectation_of(program)?;
    let mut failures: Vec<(String, Vec<u32>)> = Vec::new();
    for &processors in PROCESSORS {
        let run = run_minigo(program, processors)?;
        let Err(report) = expectation.check(&run) else {
            continue;
        };
        match failures.iter_mut().find(|(known, _)| *known == report) {
            Some((_, at)) => at.push(processors),
            None => failures.push((report, vec![processors])),
        }
        if expectation.is_compile_error() {
            break;
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    let reports: Vec<String> = failures
        .iter()
        .map(|(report, at)| {
            format!(
                "GOMAXPROCS={at:?}: minigo run {}\n{report}",
                program.display()
            )
        })
        .collect();
    Err(reports.join("\n").into())
}

/// With a seed the program does what it says, and does the same when it runs again.
fn must_repeat(program: &Path) -> Result<(), Failed> {
    let expectation = expectation_of(program)?;
    for &seed in SEEDS {
        let run = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
            command.arg("run").arg(format!("--seed={seed}"));
            programs::add_program(&mut command, program);
            let mut run = process::run(programs::environment(&mut command, 2), LIMIT)?;
            programs::hide_folder(&mut run, program);
            Ok::<Run, String>(run)
        };
        let first = run()?;
        let command = format!("minigo run --seed={seed} {}", program.display());
        expectation
            .check(&first)
            .map_err(|report| format!("{command}\n{report}"))?;
        let second = run()?;
        if first != second {
            return Err(format!("{command}\nfirst: {first:#?}\nthen: {second:#?}").into());
        }
    }
    Ok(())
}

fn must_fail(program: &Path) -> Result<(), Failed> {
    let expectation = expectation_of(program)?;
    for &processors in PROCESSORS {
        if expectation
            .check(&run_minigo(program, processors)?)
            .is_err()
        {
            return Ok(());
        }
    }
    Err("this program does what it says: move it from tests/wishlist to tests/run".into())
}

/// Asks real Go whether the expectation is right, unless it has been asked before.
fn confirm(oracle: &Oracle, program: &Path) -> Result<(), Failed> {
    let stamp = stamp_of(oracle, program, "confirmed")?;
    if stamp.exists() {
        return Ok(());
    }
    let expectation = expectation_of(program)?;
    let mut run = if program.is_dir() {
        match folder::build(oracle, program)? {
            Ok(executable) => run_executable(&executable)?,
            Err(refusal) => refusal,
        }
    } else if expectation.is_compile_error() {
        oracle.compile(program)?
    } else {
        run_go(oracle, program)?
    };
    programs::hide_folder(&mut run, program);
    expectation.check(&run)?;
    fs::write(stamp, "")?;
    Ok(())
}

fn bench_trials(root: &Path, oracle: Option<&Arc<Oracle>>) -> Vec<Trial> {
    let folder =
        env::var_os("MINIGO_BENCH").map_or_else(|| root.join("../shared/bench"), PathBuf::from);
    let found =
        ["startup", "cpu", "concurrency"].map(|group| (group, programs::find(&folder.join(group))));
    if found.iter().all(|(_, programs)| programs.is_empty()) {
        eprintln!(
            "skipped: the benchmark programs, there is no {}",
            folder.display()
        );
        return Vec::new();
    }
    let Some(oracle) = oracle else {
        return Vec::new();
    };
    let mut trials = Vec::new();
    for (group, programs) in found {
        for program in programs {
            let oracle = Arc::clone(oracle);
            let long = cfg!(debug_assertions) && LONG.contains(&program.name.as_str());
            let trial = Trial::test(format!("bench::{group}::{}", program.name), move || {
                same_output(&oracle, &program.path)
            });
            trials.push(trial.with_ignored_flag(long));
        }
    }
    trials
}

/// minigo and real Go print the same.
fn same_output(oracle: &Oracle, program: &Path) -> Result<(), Failed> {
    let stamp = stamp_of(oracle, program, "output")?;
    let output = if let Ok(output) = fs::read_to_string(&stamp) {
        output
    } else {
        let output = run_go(oracle, program)?.stdout;
        fs::write(&stamp, &output)?;
        output
    };
    for &processors in PROCESSORS {
        let run = run_minigo(program, processors)?;
        if run.exit != Ok(0) || run.stdout != output {
            let report = format!(
                "GOMAXPROCS={processors}: exit {:?}\nexpected:\n{output}\ngot:\n{}\n{}",
                run.exit, run.stdout, run.stderr
            );
            return Err(report.into());
        }
    }
    Ok(())
}

fn expectation_of(program: &Path) -> Result<Expectation, Failed> {
    let main = programs::main_file(program);
    Ok(Expectation::parse(&fs::read_to_string(main)?)?)
}

fn run_minigo(program: &Path, processors: u32) -> Result<Run, String> {
    let mut run = process::run(&mut programs::minigo(program, processors), LIMIT)?;
    programs::hide_folder(&mut run, program);
    Ok(run)
}

fn run_go(oracle: &Oracle, program: &Path) -> Result<Run, String> {
    run_executable(&oracle.build(program)?)
}

fn run_executable(executable: &Path) -> Result<Run, String> {
    let run = process::run(
        programs::environment(&mut Command::new(executable), 2),
        LIMIT,
    );
    // It is built again when the program changes; a failure to remove it hurts nobody.
    let _ = fs::remove_file(executable);
    run
}

/// Where an answer of real Go about a program, as it is now, is kept.
fn stamp_of(oracle: &Oracle, program: &Path, answer: &str) -> Result<PathBuf, Failed> {
    let mut hasher = DefaultHasher::new();
    oracle.version.hash(&mut hasher);
    for file in folder::files(program) {
        file.hash(&mut hasher);
        fs::read(file)?.hash(&mut hasher);
    }
    Ok(Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("oracle")
        .join(format!("{:016x}.{answer}", hasher.finish())))
}
