//! `minigo explain`: each code has a text, a wrong program that gives the code and a right one that runs.

#[path = "harness/process.rs"]
mod process;

use process::Run;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn minigo(arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
    process::run(command.args(arguments), LIMIT).expect("minigo starts")
}

/// What can be explained, codes first.
fn topics() -> Vec<String> {
    let list = minigo(&["explain"]).stdout;
    let words = list.lines().filter_map(|line| line.split(' ').next());
    words.map(str::to_string).collect()
}

/// The program under a heading of an explanation, in a file of its own.
fn program(topic: &str, text: &str, heading: &str) -> PathBuf {
    let (_, rest) = text
        .split_once(&format!("\n{heading}:\n\n"))
        .unwrap_or_else(|| panic!("{topic} has no program under {heading}"));
    let program: String = rest
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with('\t'))
        .map(|line| format!("{}\n", line.strip_prefix('\t').unwrap_or(line)))
        .collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("explain");
    fs::create_dir_all(&folder).expect("a folder for temporary files");
    let path = folder.join(format!("{topic}_{heading}.mgo"));
    fs::write(&path, program).expect("a temporary file");
    path
}

#[test]
fn wrong_programs_give_the_code_and_right_ones_run() {
    let mut failures = Vec::new();
    for code in topics().iter().filter(|topic| topic.starts_with('E')) {
        let text = minigo(&["explain", code]).stdout;
        let wrong = program(code, &text, "Wrong");
        let is_warning = code.starts_with("E04");
        // Only a run needs package main, only a check looks for warnings.
        let command = if is_warning { "check" } else { "run" };
        let run = minigo(&[command, "--error-format=json", &wrong.to_string_lossy()]);
        let found: Vec<&str> = run
            .stderr
            .lines()
            .filter_map(|line| line.split("\"code\":\"").nth(1)?.split('"').next())
            .collect();
        if found.is_empty() || found.iter().any(|found| found != code) || run.exit != Ok(1) {
            failures.push(format!("{code}, wrong: {found:?} {run:?}"));
        }
        let right = program(code, &text, "Right");
        let check = minigo(&["check", &right.to_string_lossy()]);
        let run = minigo(&["run", "--timeout=20s", &right.to_string_lossy()]);
        if check.exit != Ok(0) || !check.stderr.is_empty() || run.exit != Ok(0) {
            failures.push(format!("{code}, right: {check:?} {run:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn topics_show_programs_that_do_what_the_text_says() {
    for topic in topics().iter().filter(|topic| !topic.starts_with('E')) {
        let text = minigo(&["explain", topic]).stdout;
        let wrong = minigo(&["run", &program(topic, &text, "Wrong").to_string_lossy()]);
        let right = minigo(&["run", &program(topic, &text, "Right").to_string_lossy()]);
        assert_eq!(right.exit, Ok(0), "{topic}: {right:?}");
        let expected = if topic == "deadlock" { 2 } else { 0 };
        assert_eq!(wrong.exit, Ok(expected), "{topic}: {wrong:?}");
    }
}

#[test]
fn case_does_not_matter_and_slips_get_a_hint() {
    assert!(
        minigo(&["explain", "e0104"])
            .stdout
            .starts_with("E0104\n\n")
    );
    let run = minigo(&["explain", "deadlok"]);
    assert_eq!(run.exit, Ok(1));
    assert_eq!(
        run.stderr,
        "minigo: there is no error code deadlok; did you mean deadlock?\n"
    );
}
