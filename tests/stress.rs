//! The programs of `examples/` and `tests/run/` again, and those of `tests/stress/` that real Go may not survive, under conditions that bring out what chance hides.
//!
//! | trial | is |
//! |---|---|
//! | `collector::…` | a collection at every n-th allocation, each pointer checked and freed memory poisoned |
//! | `repeated::…` | concurrent programs a few times over, each run with more machines than CPUs |
//! | `load::…` | the same 200 times, while threads of this process keep all CPUs busy; ignored, since it takes minutes |
//!
//! A run that hangs is killed and fails. `cargo test --test stress -- --ignored` runs the long trials; a release build fits better.

// Of the harness only what is needed here: real Go is not.
#[path = "harness/expectation.rs"]
mod expectation;
#[path = "harness/process.rs"]
mod process;
#[path = "harness/programs.rs"]
mod programs;

use expectation::Expectation;
use libtest_mimic::{Arguments, Failed, Trial};
use programs::Program;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// A run that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Allocations from one collection to the next, and processors.
const COLLECTIONS: &[(u32, u32)] = &[(1, 2), (2, 1), (7, 2)];

/// How often a program runs, and with how many processors each time.
const FEW: u32 = 2;
const MANY: u32 = 200;
const PROCESSORS: &[u32] = &[2, 8];

/// Programs that have so much to look at in each collection that thousands of them take minutes, or that run until a limit is reached.
const TOO_LARGE: &[&str] = &[
    "22_hundred_thousand",
    "deadlock::many",
    "fatal::stack_overflow",
    "fmt::deeply_nested",
    "fatal::stack_overflow_mutual",
    "finalizer::many",
    "goroutine::deep_stacks",
    "goroutine::garbage",
    "goroutine::many",
    "map::large",
];

/// Programs that count collections.
const COUNTING: &[&str] = &["runtime::gc_settings", "runtime::memory"];

/// The folders whose programs start goroutines.
const CONCURRENT: &[&str] = &["channel", "deadlock", "goroutine", "select", "sync"];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples = programs::find(&root.join("examples"));
    let run = programs::find(&root.join("tests/run"));
    let own = programs::find(&root.join("tests/stress"));
    let mut trials = Vec::new();
    for program in examples.iter().chain(&run).chain(&own) {
        if TOO_LARGE.contains(&program.name.as_str()) {
            continue;
        }
        if COUNTING.contains(&program.name.as_str()) {
            continue;
        }
        let path = program.path.clone();
        let name = format!("collector::{}", program.name);
        trials.push(Trial::test(name, move || survives_collections(&path)));
    }
    let is_concurrent = |program: &&Program| {
        let folder = program.name.split("::").next().unwrap_or_default();
        CONCURRENT.contains(&folder)
    };
    let concurrent = run.iter().filter(is_concurrent);
    for program in examples.iter().chain(concurrent).chain(&own) {
        let path = program.path.clone();
        let name = format!("repeated::{}", program.name);
        trials.push(Trial::test(name, move || passes_again(&path, FEW)));
        let path = program.path.clone();
        let name = format!("load::{}", program.name);
        let loaded = Trial::test(name, move || {
            let _load = Load::start();
            passes_again(&path, MANY)
        });
        trials.push(loaded.with_ignored_flag(true));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn survives_collections(program: &Path) -> Result<(), Failed> {
    let expectation = Expectation::parse(&fs::read_to_string(programs::main_file(program))?)?;
    if expectation.is_compile_error() {
        return Ok(());
    }
    for &(every, processors) in COLLECTIONS {
        let mut command = programs::minigo(program, processors);
        command.env("MINIGO_GCSTRESS", every.to_string());
        check(program, &mut command, &expectation).map_err(|report| {
            format!("MINIGO_GCSTRESS={every} GOMAXPROCS={processors}: {report}")
        })?;
    }
    Ok(())
}

fn passes_again(program: &Path, times: u32) -> Result<(), Failed> {
    let expectation = Expectation::parse(&fs::read_to_string(programs::main_file(program))?)?;
    for time in 1..=times {
        for &processors in PROCESSORS {
            check(
                program,
                &mut programs::minigo(program, processors),
                &expectation,
            )
            .map_err(|report| format!("GOMAXPROCS={processors}, time {time}: {report}"))?;
        }
    }
    Ok(())
}

fn check(program: &Path, command: &mut Command, expectation: &Expectation) -> Result<(), String> {
    let mut run = process::run(command, LIMIT)?;
    programs::hide_folder(&mut run, program);
    expectation.check(&run)
}

/// Threads that keep the CPUs busy, until it is dropped.
struct Load {
    over: Arc<AtomicBool>,
}

impl Load {
    fn start() -> Load {
        let over = Arc::new(AtomicBool::new(false));
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let over = Arc::clone(&over);
            // Relaxed: it only ends a loop.
            thread::spawn(move || while !over.load(Ordering::Relaxed) {});
        }
        Load { over }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
