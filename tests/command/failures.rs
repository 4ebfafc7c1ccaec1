//! What fails, with which exit code, and where that is said.

use super::{LIMIT, minigo, process, program, run};
use std::process::Command;

/// The command fails with this exit code and a message that contains these words, and prints nothing else.
#[track_caller]
fn check(arguments: &[&str], code: i32, words: &[&str]) {
    let run = run(arguments);
    assert_eq!((run.stdout.as_str(), &run.exit), ("", &Ok(code)), "{run:?}");
    for word in words {
        assert!(run.stderr.contains(word), "{word:?} is not in {run:?}");
    }
}

#[test]
fn bad_command_lines() {
    check(
        &["nonsense"],
        2,
        &["minigo nonsense: unknown command\nRun 'minigo help' for usage.\n"],
    );
    check(
        &["chekc"],
        2,
        &["minigo chekc: unknown command\nDid you mean 'minigo check'?\n"],
    );
    check(&["run", "--sed=1", "x.mgo"], 2, &["--sed", "--seed"]);
    check(&["run", "-no-such-flag", "x.mgo"], 2, &["--no-such-flag"]);
    check(&["run", "--seed=many", "x.mgo"], 2, &["--seed", "many"]);
    check(&["run", "--procs=0", "x.mgo"], 2, &["--procs"]);
    check(&["run", "--seed"], 2, &["--seed"]);
    check(&["run"], 2, &["PROGRAM"]);
    check(&["check"], 2, &["PROGRAM"]);
    check(&["dis"], 2, &["PROGRAM"]);
    check(&["completions", "csh"], 2, &["csh"]);
    check(&["help", "nonsense"], 2, &["nonsense"]);
}

#[test]
fn what_is_to_come_is_refused() {
    for command in [
        "build", "fmt", "test", "bench", "explore", "replay", "step", "learn", "lsp",
    ] {
        check(
            &[command, "x.mgo"],
            2,
            &[&format!("minigo {command}: not yet\n")],
        );
    }
    check(
        &["run", "--trace=x.json", "x.mgo"],
        2,
        &["minigo run: --trace: not yet\n"],
    );
}

#[test]
fn programs_that_cannot_be_read() {
    check(
        &["run", "no/such.mgo"],
        1,
        &["minigo: open no/such.mgo: no such file or directory\n"],
    );
    check(
        &["check", "no/such.mgo"],
        1,
        &["minigo: open no/such.mgo: no such file or directory\n"],
    );
    let a = program("failures_a.mgo", super::HELLO);
    let test = program("failures_test.mgo", super::HELLO);
    check(
        &["run", &test.to_string_lossy()],
        1,
        &["cannot run *_test.go files"],
    );
    check(
        &["run", &a.to_string_lossy(), "src/main.mgo"],
        1,
        &["open src/main.mgo"],
    );
    let other = program("failures_other.mgo", "package other\n");
    let both = [&a.to_string_lossy(), &other.to_string_lossy()].map(|path| path.to_string());
    check(
        &["run", &both[0], &both[1]],
        1,
        &["found packages main (failures_a.mgo) and other (failures_other.mgo) in /"],
    );
}

#[test]
fn programs_that_fail() {
    let file = |name: &str, body: &str| {
        let path = program(
            name,
            format!(
                "package main\n\nimport \"os\"\n\nfunc main() {{\n\tdefer os.Getpid()\n\t{body}\n}}\n"
            ),
        );
        path.to_string_lossy().into_owned()
    };
    check(
        &["run", &file("fails_to_compile.mgo", "x := 1")],
        1,
        &["declared and not used: x"],
    );
    check(
        &["run", &file("panics.mgo", "panic(1)")],
        2,
        &["panic: 1\n\ngoroutine 1 [running]:\n"],
    );
    check(
        &["run", &file("deadlocks.mgo", "select {}")],
        2,
        &["fatal error: all goroutines are asleep - deadlock!\n"],
    );
    check(&["run", &file("exits.mgo", "os.Exit(3)")], 3, &[]);
    check(
        &["explain", "E9999"],
        1,
        &["minigo: there is no error code E9999"],
    );
    check(
        &["doc", "strings.Nothing"],
        1,
        &["package strings has no exported Nothing"],
    );
    check(
        &["env", "nothing"],
        1,
        &["minigo: there is no setting nothing\n"],
    );
    check(
        &["dis", "--func=nothing", "-e", "println(1)"],
        1,
        &["no function is called nothing"],
    );
}

#[test]
fn a_right_program_is_checked_in_silence() {
    let path = program("silence.mgo", super::HELLO);
    let run = run(&["check", &path.to_string_lossy()]);
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str(), run.exit),
        ("", "", Ok(0))
    );
}

#[test]
fn a_package_that_is_no_program_is_checked_but_not_run() {
    let path = program(
        "library.mgo",
        "package library\n\nfunc F() int { return 1 }\n",
    );
    let path = path.to_string_lossy();
    assert_eq!(run(&["check", &path]).exit, Ok(0));
    check(
        &["run", &path],
        1,
        &["package command-line-arguments is not a main package\n"],
    );
}

#[test]
fn flags_of_the_environment_are_checked() {
    let run = |flags: &str| {
        let mut command: Command = minigo();
        command
            .env("MINIGO_FLAGS", flags)
            .args(["-e", "println(1)"]);
        process::run(&mut command, LIMIT).expect("minigo starts")
    };
    let unknown = run("--nonsense=1");
    assert_eq!(unknown.exit, Ok(2));
    assert_eq!(
        unknown.stderr,
        "minigo: parsing $MINIGO_FLAGS: unknown flag -nonsense\n"
    );
    let word = run("seed=1");
    assert_eq!(word.exit, Ok(2));
    assert_eq!(
        word.stderr,
        "minigo: parsing $MINIGO_FLAGS: non-flag \"seed=1\"\n"
    );
    // A flag of another command is none of this one's business.
    let other = run("--seed=1 --func=main");
    assert_eq!((other.stderr.as_str(), other.exit), ("1\n", Ok(0)));
}
