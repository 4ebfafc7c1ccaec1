//! What a person sees: on a terminal errors are shown with their lines, in color unless nobody wants it; on a pipe they are one line each.

use super::{minigo, program, run_file};
use expectrl::{Eof, Expect, Session};
use std::path::Path;
use std::time::Duration;

/// All that a command writes to a terminal, its line ends as on a pipe.
fn on_terminal(arguments: &[&str], path: &Path, environment: &[(&str, &str)]) -> String {
    let mut command = minigo();
    command
        .args(arguments)
        .arg(path)
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .envs(environment.iter().copied());
    let mut session = Session::spawn(command).expect("a terminal");
    session.set_expect_timeout(Some(Duration::from_secs(60)));
    let all = session.expect(Eof).expect("it ends");
    String::from_utf8_lossy(all.as_bytes()).replace("\r\n", "\n")
}

/// The text without colors.
fn plain(text: &str) -> String {
    let color = regex::Regex::new("\x1b\\[[0-9;]*m").expect("an expression");
    color.replace_all(text, "").into_owned()
}

const WRONG: &str = "package main\n\nfunc main() {\n\tx := 1\n}\n";

#[test]
fn errors_on_a_terminal_show_their_lines_in_color() {
    let path = program("wrong_on_terminal.mgo", WRONG);
    let shown = on_terminal(&["run"], &path, &[]);
    assert!(shown.contains("\x1b["), "{shown:?}");
    let text = plain(&shown);
    assert!(
        text.contains("wrong_on_terminal.mgo:4:2: error[E0104]: declared and not used: x\n"),
        "{text}"
    );
    assert!(text.contains(" 4 │ "), "{text}");
    for (arguments, environment) in [
        (&["run"][..], &[("NO_COLOR", "1")][..]),
        (&["run", "--color=never"], &[]),
    ] {
        assert_eq!(on_terminal(arguments, &path, environment), text);
    }
    assert_eq!(on_terminal(&["check"], &path, &[]), shown);
}

#[test]
fn errors_elsewhere_are_one_line_each() {
    let path = program("wrong_on_pipe.mgo", WRONG);
    let short = run_file(&path).stderr;
    let lines: Vec<&str> = short.lines().collect();
    assert!(
        matches!(lines[..], [.., line] if line.ends_with("wrong_on_pipe.mgo:4:2: declared and not used: x")),
        "{short}"
    );
    assert!(!short.contains('\x1b'), "{short:?}");
    assert_eq!(
        on_terminal(&["run", "--error-format=short"], &path, &[]),
        short
    );
    let mut forced = minigo();
    forced.arg("run").arg(&path).env("CLICOLOR_FORCE", "1");
    let forced = super::process::run(&mut forced, super::LIMIT).expect("minigo starts");
    assert_eq!(plain(&forced.stderr), short);
}

#[test]
fn a_deadlock_is_explained_on_a_terminal_only() {
    let path = program(
        "blocked_on_terminal.mgo",
        "package main\n\nfunc main() {\n\tch := make(chan int)\n\t<-ch\n}\n",
    );
    let report = run_file(&path).stderr;
    assert!(
        report.starts_with("fatal error: all goroutines are asleep - deadlock!\n"),
        "{report}"
    );
    let shown = on_terminal(&["run"], &path, &[]);
    assert!(shown.contains("\x1b["), "{shown:?}");
    let text = plain(&shown);
    assert!(text.starts_with(&report), "{text}");
    assert!(
        text.contains("explanation: receive without a sender\n"),
        "{text}"
    );
    assert_eq!(on_terminal(&["run"], &path, &[("NO_COLOR", "1")]), text);
    assert_eq!(on_terminal(&["run", "--explain=off"], &path, &[]), report);
}
