//! Mistakes that beginners make: the program, and beside it what minigo prints on a terminal, in a file that ends in `.txt`.
//!
//! Programs are checked; those that open with `// run` go wrong when they run. `MINIGO_UPDATE=1` writes the texts anew; read the difference.

#[path = "harness/process.rs"]
mod process;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

fn programs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder of the programs");
    let mut programs: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "mgo"))
        .collect();
    programs.sort();
    programs
}

#[test]
fn mistakes_are_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/beginners");
    let update = std::env::var_os("MINIGO_UPDATE").is_some();
    let mut failures = Vec::new();
    for program in programs(&folder) {
        let source = fs::read_to_string(&program).expect("the program");
        let command: &[&str] = if source.starts_with("// run\n") {
            &["run", "--seed=1", "--explain=text"]
        } else {
            &["check"]
        };
        let name = program.file_name().expect("a file has a name");
        let run = process::run(
            Command::new(env!("CARGO_BIN_EXE_minigo"))
                .current_dir(&folder)
                .env_remove("MINIGO_FLAGS")
                .args(command)
                .args(["--error-format=pretty", "--color=never"])
                .arg(name),
            Duration::from_secs(60),
        )
        .expect("minigo starts");
        let got = run.stderr;
        let text = program.with_extension("txt");
        let expected = fs::read_to_string(&text).unwrap_or_default();
        if run.exit == Ok(0) {
            failures.push(format!("{}: nothing is wrong", program.display()));
        } else if update {
            fs::write(&text, got).expect("the text");
        } else if got != expected {
            let diff = similar::TextDiff::from_lines(&expected, &got);
            let diff = diff.unified_diff().header("expected", "got").to_string();
            failures.push(format!("{}:\n{diff}", program.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The place of an error is never only underlined.
#[test]
fn each_place_has_words() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let empty = regex::Regex::new(r"(?m)^.*\u{2502}.*\u{2570}\u{2500}+ *$").expect("an expression");
    let mut failures = Vec::new();
    for program in programs(&folder) {
        let run = process::run(
            Command::new(env!("CARGO_BIN_EXE_minigo"))
                .env_remove("MINIGO_FLAGS")
                .args([
                    "check",
                    "--error-format=pretty",
                    "--color=never",
                    "--all-errors",
                ])
                .arg(&program),
            Duration::from_secs(60),
        )
        .expect("minigo starts");
        if empty.is_match(&run.stderr) {
            failures.push(run.stderr);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
