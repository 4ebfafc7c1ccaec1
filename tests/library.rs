//! The library beside Go's own: the Example functions of its packages, and its exported names.
//!
//! | trial | is |
//! |---|---|
//! | `examples` | of the Example functions of all packages, at least [`ENOUGH`] of 1000 print what they say; README.md of the library tells how many of each package |
//! | `names` | the library has the exported names of Go's packages, with the same signatures, and no others; prints those that are left out |
//!
//! Sources are read where Go is installed and never copied. Without Go 1.27 on PATH the trials are skipped, with a line that says so;
//! `MINIGO_TEST_ORACLE=1` makes a missing Go an error. `MINIGO_TEST_EXAMPLES=PACKAGE,…` restricts `examples` to some packages and shows what fails
//! there and how; `MINIGO_TEST_EXAMPLES=table` writes the table in `stdlib/README.md`.

// Of the harness only what is needed here.
#[path = "harness/process.rs"]
mod process;

use libtest_mimic::{Arguments, Failed, Trial};
use process::Run;
use similar::TextDiff;
use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// The packages that a Go programmer expects in a core library.
const PACKAGES: &[&str] = &[
    "bufio",
    "bytes",
    "cmp",
    "container/heap",
    "container/list",
    "container/ring",
    "context",
    "errors",
    "flag",
    "fmt",
    "io",
    "io/fs",
    "iter",
    "log",
    "maps",
    "math",
    "math/bits",
    "math/cmplx",
    "math/rand",
    "math/rand/v2",
    "os",
    "os/signal",
    "path",
    "path/filepath",
    "runtime",
    "slices",
    "sort",
    "strconv",
    "strings",
    "sync",
    "sync/atomic",
    "text/tabwriter",
    "time",
    "unicode",
    "unicode/utf16",
    "unicode/utf8",
];

/// Of 1000 examples so many must pass.
const ENOUGH: usize = 0;

/// Differences that are known: these types are not yet what they are in Go.
const KNOWN: &[&str] = &["os PathError."];

/// An example that runs longer has failed.
const LIMIT: Duration = Duration::from_secs(60);

/// Making programs of all examples must take less than this.
const EXTRACTION_LIMIT: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    match find_go() {
        Ok(()) => {
            trials.push(Trial::test("examples", examples));
            trials.push(Trial::test("names", names));
        }
        Err(reason) => println!("note: no comparison with Go's library: {reason}"),
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Whether there is a Go to compare with.
fn find_go() -> Result<(), String> {
    let asked = env::var("MINIGO_TEST_ORACLE").unwrap_or_default();
    if asked == "0" {
        return Err("MINIGO_TEST_ORACLE=0".into());
    }
    let found = go(&["version"], Duration::from_secs(60)).and_then(|version| {
        if version.contains(" go1.27") {
            Ok(())
        } else {
            Err(format!("Go 1.27 is needed, this is {version}"))
        }
    });
    if asked == "1" {
        found.clone().expect("MINIGO_TEST_ORACLE=1 asks for Go");
    }
    found
}

fn go(arguments: &[&str], limit: Duration) -> Result<String, String> {
    let run = process::run(Command::new("go").args(arguments), limit)?;
    if run.exit == Ok(0) {
        Ok(run.stdout)
    } else {
        Err(format!("go {arguments:?}: {:?}\n{}", run.exit, run.stderr))
    }
}

/// An Example function that was made a program.
struct Example {
    package: String,
    name: String,
    unordered: bool,
    program: PathBuf,
    /// Where its package is, with what its files need.
    folder: PathBuf,
}

/// Why an example fails: one line for a table, and all there is to say.
struct Failure {
    reason: String,
    details: String,
}

fn examples() -> Result<(), Failed> {
    let chosen = env::var("MINIGO_TEST_EXAMPLES").unwrap_or_default();
    let packages: Vec<&str> = PACKAGES
        .iter()
        .copied()
        .filter(|package| {
            matches!(chosen.as_str(), "" | "table") || chosen.split(',').any(|one| one == *package)
        })
        .collect();
    let examples = extract(&packages)?;
    let results = run_all(&examples);
    let passed = results.iter().filter(|result| result.is_ok()).count();
    let table = table(&packages, &examples, &results);
    if !matches!(chosen.as_str(), "" | "table") {
        for (example, result) in examples.iter().zip(&results) {
            if let Err(failure) = result {
                println!("---- {} {}", example.package, example.name);
                println!("{}: {}", example.program.display(), failure.reason);
                println!("{}", failure.details);
            }
        }
    }
    if chosen == "table" {
        write_table(&table)?;
    } else {
        println!("{table}");
    }
    if chosen.is_empty() && passed * 1000 < examples.len() * ENOUGH {
        return Err(format!("{passed} of {} pass, {ENOUGH} of 1000 must", examples.len()).into());
    }
    Ok(())
}

/// Makes programs of the examples of some packages, in the folder of this test.
fn extract(packages: &[&str]) -> Result<Vec<Example>, Failed> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
    fs::create_dir_all(&folder)?;
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/library/examples.go");
    let mut arguments = vec!["run", text(&tool)?, text(&folder)?];
    arguments.extend(packages);
    let list = go(&arguments, EXTRACTION_LIMIT)?;
    list.lines()
        .map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
            [package, name, order, program, folder] => Ok(Example {
                package: package.into(),
                name: name.into(),
                unordered: order == "unordered",
                program: program.into(),
                folder: folder.into(),
            }),
            _ => Err(format!("not an example: {line}").into()),
        })
        .collect()
}

fn text(path: &Path) -> Result<&str, String> {
    path.to_str()
        .ok_or_else(|| format!("{} is not UTF-8", path.display()))
}

/// Runs all examples, on all CPUs.
fn run_all(examples: &[Example]) -> Vec<Result<(), Failure>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(example) = examples.get(i) else {
                        break;
                    };
                    let result = run(example);
                    results
                        .lock()
                        .expect("nobody panics with it")
                        .insert(i, result);
                }
            });
        }
    });
    let results = results.into_inner().expect("all threads are done");
    results.into_values().collect()
}

fn run(example: &Example) -> Result<(), Failure> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
    command
        .arg("run")
        .arg(&example.program)
        .current_dir(&example.folder)
        .env_remove("MINIGO_SEED");
    let failure = |reason: String, details: String| Failure { reason, details };
    let run = process::run(&mut command, LIMIT).map_err(|e| failure(e, String::new()))?;
    let expected = fs::read_to_string(example.program.with_extension("out"))
        .map_err(|e| failure(e.to_string(), String::new()))?;
    if run.exit != Ok(0) {
        return Err(failure(reason_of(&run), run.stderr));
    }
    let (expected, got) = (
        normal(&expected, example.unordered),
        normal(&run.stdout, example.unordered),
    );
    if expected == got {
        return Ok(());
    }
    let diff = TextDiff::from_lines(&expected, &got);
    let details = diff.unified_diff().header("Go", "minigo").to_string();
    Err(failure("prints something else".into(), details))
}

/// Output as Go compares it.
fn normal(output: &str, unordered: bool) -> String {
    let mut lines: Vec<&str> = output.trim().lines().collect();
    if unordered {
        lines.sort_unstable();
    }
    lines.join("\n") + "\n"
}

/// The first message without its position, or how the program ended.
fn reason_of(run: &Run) -> String {
    let first = run.stderr.lines().next().unwrap_or_default();
    match (&run.exit, first.split_once(".mgo:")) {
        (Ok(1), Some((_, message))) => message.splitn(3, ':').last().unwrap_or(message).trim(),
        (Ok(_), _) => first,
        (Err(reason), _) => reason,
    }
    .to_owned()
}

/// How many examples of each package pass, and why the others do not.
fn table(packages: &[&str], examples: &[Example], results: &[Result<(), Failure>]) -> String {
    let mut table = String::from("| package | examples | pass | the others |\n|---|--:|--:|---|\n");
    let (mut all, mut all_passed) = (0, 0);
    for package in packages {
        let (mut count, mut passed) = (0, 0);
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (example, result) in examples.iter().zip(results) {
            if example.package != *package {
                continue;
            }
            count += 1;
            match result {
                Ok(()) => passed += 1,
                Err(failure) => reasons
                    .entry(&failure.reason)
                    .or_default()
                    .push(&example.name),
            }
        }
        let mut others = String::new();
        for (reason, names) in reasons {
            let separator = if others.is_empty() { "" } else { "; " };
            let names = names.join("`, `");
            let reason = reason.replace('|', "\\|");
            let _ = write!(others, "{separator}`{names}`: {reason}");
        }
        let _ = writeln!(table, "| {package} | {count} | {passed} | {others} |");
        all += count;
        all_passed += passed;
    }
    let _ = writeln!(table, "| all | {all} | {all_passed} | |");
    table
}

const TABLE_START: &str = "<!-- examples: written by tests/library.rs -->\n";
const TABLE_END: &str = "<!-- end of examples -->\n";

/// Puts the table into README.md of the library.
fn write_table(table: &str) -> Result<(), Failed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("stdlib/README.md");
    let readme = fs::read_to_string(&path)?;
    let (before, rest) = readme
        .split_once(TABLE_START)
        .ok_or("README.md has no place for the table")?;
    let (_, after) = rest.split_once(TABLE_END).ok_or("the table has no end")?;
    fs::write(
        &path,
        format!("{before}{TABLE_START}{table}{TABLE_END}{after}"),
    )?;
    Ok(())
}

/// Compares the exported names of all packages.
fn names() -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (tool, library) = (root.join("tests/library/names.go"), root.join("stdlib/src"));
    let mut arguments = vec!["run", text(&tool)?, text(&library)?];
    arguments.extend(PACKAGES);
    let list = go(&arguments, EXTRACTION_LIMIT)?;
    let mut left_out: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut wrong = String::new();
    for line in list.lines() {
        match line.split('\t').collect::<Vec<_>>()[..] {
            [package, "missing", name] => left_out.entry(package).or_default().push(name),
            [_, "function", _] => {}
            [package, _, name]
                if KNOWN
                    .iter()
                    .any(|known| format!("{package} {name}").starts_with(known)) => {}
            [package, what, name] => {
                let _ = writeln!(wrong, "{package}: {what}: {name}");
            }
            _ => return Err(format!("not a difference: {line}").into()),
        }
    }
    for (package, names) in left_out {
        println!("left out of {package}: {}", names.join(", "));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.into())
    }
}
