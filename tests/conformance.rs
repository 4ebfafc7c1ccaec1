//! The errors that Go's own tests expect, scored by the conformance tool that lies beside the project.
//!
//! The tool compares the lines of all reported errors with those that the programs mark. No program is treated
//! specially; `grammar/README.md` names those that fail. Each test says that it was skipped where the tool, Python, Go or Go's tests are missing.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The tool, or none with a note if it cannot run here.
fn tool() -> Option<PathBuf> {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance/conformance");
    let works = |command: &str, argument: &str| {
        Command::new(command)
            .arg(argument)
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let missing = if !tool.is_file() {
        "../shared/conformance"
    } else if !works("python3", "--version") {
        "python3"
    } else if !works("go", "version") {
        "Go"
    } else {
        return Some(tool);
    };
    eprintln!(
        "SKIPPED: {missing} is not here, so the errors are not compared with those of Go's tests"
    );
    None
}

/// At least `minimum` percent of a corpus must have exactly the marked lines.
fn check(corpus: &str, minimum: f64) {
    let Some(tool) = tool() else {
        return;
    };
    let output = Command::new(tool)
        .args(["run", "--engine", "minigo", "--minigo"])
        .arg(env!("CARGO_BIN_EXE_minigo"))
        .args(["--failures", "--reasons", corpus])
        .output()
        .expect("the tool starts");
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let Some(score) = report.lines().find_map(|line| strict_score(line, corpus)) else {
        eprintln!("SKIPPED: the tool finds no programs of {corpus}: {errors}");
        return;
    };
    assert!(
        score >= minimum,
        "{score:.1} % of {corpus}, at least {minimum} % are needed\n{report}{errors}"
    );
}

/// The percentage in a line like `errorcheck   minigo    strict  246/446 (55.2%)  loose …`.
fn strict_score(line: &str, corpus: &str) -> Option<f64> {
    let mut words = line.split_whitespace();
    if words.next() != Some(corpus) {
        return None;
    }
    let fraction = words.skip_while(|&word| word != "strict").nth(1)?;
    let (passed, all) = fraction.split_once('/')?;
    let (passed, all): (f64, f64) = (passed.parse().ok()?, all.parse().ok()?);
    (all > 0.0).then(|| 100.0 * passed / all)
}

#[test]
fn errors_that_the_tests_of_the_compiler_expect() {
    check("errorcheck", 94.0);
}

#[test]
fn errors_that_the_tests_of_the_type_checker_expect() {
    check("types", 91.0);
}
