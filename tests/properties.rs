//! The library beside Go's with random arguments: each program in `properties/` makes cases with a random number generator of its own and prints
//! what the library makes of them; minigo and real Go must print the same.
//!
//! ```sh
//! cargo test --test properties                                                    # 200 cases of each
//! MINIGO_PROPERTY_CASES=10000 MINIGO_SEED=1 cargo test --release --test properties   # as many as wished, from a seed
//! ```
//!
//! Without Go on PATH the trials are skipped, with a line that says so; `MINIGO_TEST_ORACLE=1` makes a missing Go an error.

// Of the harness only what is needed here.
#[path = "harness/process.rs"]
mod process;

use libtest_mimic::{Arguments, Failed, Trial};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

/// Cases of each program where nobody asks for more.
const CASES: &str = "200";

/// What all programs share.
const SHARED: &str = "random.mgo";

/// A program that runs longer hangs.
const LIMIT: Duration = Duration::from_secs(900);

/// Differences that are shown of a program.
const SHOWN: usize = 5;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let asked = env::var("MINIGO_TEST_ORACLE").unwrap_or_default();
    let version = output(Command::new("go").arg("version"));
    let has_go = version.as_ref().is_ok_and(|v| v.contains(" go1.27"));
    if asked == "0" || asked != "1" && !has_go {
        println!("note: no comparison with Go's library: {version:?}");
        return ExitCode::SUCCESS;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/properties");
    let mut programs: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder is part of the project")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "mgo") && !path.ends_with(SHARED))
        .collect();
    programs.sort();
    let trials = programs
        .into_iter()
        .map(|path| {
            let shared = folder.join(SHARED);
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            Trial::test(name.clone(), move || compare(&name, &shared, &path))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Runs a program with both and compares what they print.
fn compare(name: &str, shared: &Path, path: &Path) -> Result<(), Failed> {
    let cases = env::var("MINIGO_PROPERTY_CASES").unwrap_or_else(|_| CASES.into());
    let seed = env::var("MINIGO_SEED").unwrap_or_else(|_| "1".into());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("properties")
        .join(name);
    fs::create_dir_all(&folder)?;
    fs::copy(shared, folder.join("random.go"))?;
    fs::copy(path, folder.join("main.go"))?;
    let binary = folder.join("program");
    output(
        Command::new("go")
            .args(["build", "-o"])
            .arg(&binary)
            .args(["random.go", "main.go"])
            .current_dir(&folder),
    )?;
    let expected = output(Command::new(&binary).args([&cases, &seed]))?;
    let found = output(
        Command::new(env!("CARGO_BIN_EXE_minigo"))
            .arg("run")
            .args([shared, path])
            .args([&cases, &seed]),
    )?;
    let (expected, found): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let different: Vec<usize> = (0..expected.len().max(found.len()))
        .filter(|&i| expected.get(i) != found.get(i))
        .collect();
    if different.is_empty() {
        return Ok(());
    }
    let mut report = format!(
        "{} of {} lines differ, with seed {seed}",
        different.len(),
        expected.len()
    );
    for i in different.into_iter().take(SHOWN) {
        let line = |lines: &[&str]| {
            lines
                .get(i)
                .map_or("nothing".into(), |line| (*line).to_owned())
        };
        report += &format!(
            "\nline {}\n  Go:     {}\n  minigo: {}",
            i + 1,
            line(&expected),
            line(&found)
        );
    }
    Err(report.into())
}

/// What a command prints, if all goes well.
fn output(command: &mut Command) -> Result<String, String> {
    let run = process::run(command, LIMIT)?;
    if run.exit == Ok(0) {
        Ok(run.stdout)
    } else {
        Err(format!("{command:?}: {:?}\n{}", run.exit, run.stderr))
    }
}
