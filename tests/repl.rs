//! The prompt on a pipe; `terminal.rs` types at it.
//!
//! Sessions are scripts in `tests/repl/`: inputs, and after each the lines that it prints as `//= ` comments (standard output) and
//! `//! ` comments (standard error).

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs a script and gives what came out.
fn run_script(text: &str) -> Output {
    run_script_with(&[], text)
}

fn run_script_with(flags: &[&str], text: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_minigo"))
        .arg("repl")
        .args(flags)
        .env_remove("MINIGO_SEED")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("minigo starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(text.as_bytes()).expect("minigo reads");
    drop(stdin);
    child.wait_with_output().expect("minigo ends")
}

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/repl");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("tests/repl")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
}

/// A line without the numbers of goroutines, which depend on the processors that they were started on.
fn numberless(line: &str) -> String {
    let numbers = regex::Regex::new("goroutine [0-9]+").expect("an expression");
    numbers.replace_all(line, "goroutine N").into_owned()
}

#[test]
fn scripts_print_what_they_say() {
    for path in scripts() {
        let text = std::fs::read_to_string(&path).expect("a script");
        let marked = |mark: &str| -> Vec<String> {
            text.lines()
                .filter_map(|line| line.strip_prefix(mark))
                .map(|line| numberless(line.strip_prefix(' ').unwrap_or(line)))
                .collect()
        };
        let output = run_script(&text);
        let lines = |bytes: &[u8]| -> Vec<String> {
            String::from_utf8_lossy(bytes)
                .lines()
                .map(numberless)
                .collect()
        };
        let shown = path.display();
        assert_eq!(
            lines(&output.stdout),
            marked("//="),
            "standard output of {shown}"
        );
        assert_eq!(
            lines(&output.stderr),
            marked("//!"),
            "standard error of {shown}"
        );
        let status = marked("//exit")
            .first()
            .map_or(0, |code| code.trim().parse().expect("a code"));
        assert_eq!(output.status.code(), Some(status), "exit code of {shown}");
    }
}

#[test]
fn the_exit_code_is_that_of_the_last_error() {
    for (script, code) in [
        ("1 + 1", 0),
        ("undefined1", 1),
        ("panic(1)", 2),
        ("undefined1\npanic(1)\n1 + 1", 2),
        ("<-make(chan int)", 2),
        ("os.Exit(7)", 7),
        (":nothing", 1),
        ("func f() {", 1),
        (":quit\nundefined1", 0),
    ] {
        assert_eq!(run_script(script).status.code(), Some(code), "{script}");
    }
}

/// Runs a script on one processor, where numbers of goroutines are certain: each input, and the regular expression that is all it prints.
fn check_session(flags: &[&str], inputs: &[(&str, &str)]) {
    let script: Vec<String> = inputs
        .iter()
        .map(|(input, _)| format!("{input}\nfmt.Println(\"---\")\n"))
        .collect();
    let output = run_script_with(flags, &script.concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let shown: Vec<&str> = text.split("---\n").collect();
    assert_eq!(shown.len(), inputs.len() + 1, "{text}");
    for ((input, expected), shown) in inputs.iter().zip(shown) {
        let expected = regex::Regex::new(&format!("^(?:{expected})$")).expect("an expression");
        assert!(expected.is_match(shown), "{input} printed {shown:?}");
    }
}

#[test]
fn goroutines_are_frozen_resumed_shown_and_ended_by_number() {
    check_session(
        &["--procs=1"],
        &[
            ("start, done := make(chan int, 1), make(chan int)", ""),
            (
                "go func() { defer fmt.Println(\"over\"); done <- <-start + 1 }()",
                "",
            ),
            (":wait", "1 goroutine waits\n"),
            (
                ":go",
                "id +state +where +created\n5 +chan receive on start +repl\\[3\\]:1:\\d+ +by goroutine 4 at repl\\[3\\]:1:4\n",
            ),
            (
                ":stack 5",
                "goroutine 5 \\[chan receive\\]:\nmain.repl.func1\\(\\)\n\trepl\\[3\\]:1:\\d+\ncreated by main.repl in goroutine 4\n\trepl\\[3\\]:1:4\n",
            ),
            (":freeze 5", ""),
            (":go", "(?s).*chan receive on start, to be frozen .*"),
            ("start <- 41", ""),
            (":wait", "1 goroutine waits\n"),
            (":go", "(?s).*\n5 +frozen +repl.*"),
            (":graph", "goroutine 5 frozen\n"),
            ("<-done", ""),
            (":resume 5", ""),
            ("<-done", "42 // int\n(over\n)?"),
            (":wait", "(over\n)?"),
        ],
    );
    check_session(
        &["--procs=1"],
        &[
            ("start := make(chan int)", ""),
            ("go func() { defer fmt.Println(\"over\"); <-start }()", ""),
            (":wait", "1 goroutine waits\n"),
            (":kill 5", "(over\n)?"),
            (":wait", "(over\n)?"),
            (":go", "no goroutines\n"),
        ],
    );
}

#[test]
fn numbers_of_the_machine_are_shown() {
    check_session(
        &[],
        &[
            ("list := make([]int, 1000)", ""),
            (
                ":gc",
                "\\d+ (bytes|KiB|MiB) in use, \\d+ (bytes|KiB|MiB) freed\n",
            ),
            (
                ":stats",
                "scheduler: \\d+ processors, \\d+ switches, .*\n(longest.*\n)?heap: .*, 1 collections, .*\n",
            ),
            (":graph dot", "digraph waits \\{\n\\}\n"),
            ("len(list)", "1000 // int\n"),
        ],
    );
    let output = run_script(":time 1 + 1\n:set time on\n2 + 2\n");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = regex::Regex::new(
        "^(// [0-9]+\\.[0-9]{3} ms \\([0-9]+\\.[0-9]{3} ms of it compiling\\)\n){2}$",
    )
    .expect("an expression");
    assert!(expected.is_match(&text), "{text}");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "2 // int\n4 // int\n"
    );
}

#[test]
fn a_seed_schedules_a_session() {
    let race = "for i := range 8 { go func() { fmt.Print(i, \" \") }() }\n:wait\nfmt.Println()\n";
    let shown = |seed: u32| {
        let output = run_script(&format!("x := 1\n:seed {seed}\n:seed\n{race}x\n"));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            errors,
            format!(
                "// a new session, seed {seed}, 4 simulated processors on 1 thread, preemption loops: what was declared is forgotten\n\
                 repl[4]:1:1: undefined: x\n"
            )
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let orders: std::collections::HashSet<String> = (1..=6)
        .map(|seed| {
            let first = shown(seed);
            assert_eq!(first, shown(seed), "seed {seed}");
            assert!(first.starts_with(&format!("{seed}\n")), "{first}");
            first.split_once('\n').expect("lines").1.to_string()
        })
        .collect();
    assert!(orders.len() > 1, "all seeds give {orders:?}");
    let begun_so = run_script_with(&["--seed=3"], race);
    let later = shown(3);
    assert_eq!(
        later.strip_prefix("3\n"),
        Some(String::from_utf8_lossy(&begun_so.stdout).as_ref())
    );
}

#[test]
fn preemption_can_be_switched_off() {
    // With one processor nobody else runs while a loop does, until it gives way by itself.
    let script = ":preempt off\n:preempt\nn := 0\ngo func() { n++ }()\n:wait\n\
        func f() (int, int) { go func() { n++ }(); a := n; for range 10000000 {}; return a, n }\nf()\n";
    let output = run_script_with(&["--procs=1"], script);
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "// a new session, 1 processor, preemption off: what was declared is forgotten\n"
    );
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "off\n1 // int\n1 // int\n"
    );
}

#[test]
fn goroutines_can_be_kept_from_running_between_inputs() {
    check_session(
        &[],
        &[
            (":bg", "on\n"),
            (":bg off", ""),
            ("var n atomic.Int64", ""),
            ("go func() { for { n.Add(1) } }()", ""),
            ("a := n.Load()", ""),
            (":go", "(?s).*frozen.*"),
            (":bg", "off\n"),
            (":bg on", ""),
            ("for b := n.Load(); n.Load() == b; { }", ""),
            (":kill all", ""),
            (":wait", ""),
        ],
    );
}

#[test]
fn a_session_is_saved_as_a_program_and_loaded() {
    let folder = std::env::temp_dir().join(format!("minigo-save-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("saved.mgo");
    let path = file.display();
    let output = run_script(&format!(
        "x := 20\nx + 1\nfunc twice(a int) int {{ return 2 * a }}\ntype T struct{{ A int }}\nvar t T = T{{twice(x)}}\n\
         fmt.Println(strings.ToUpper(\"sum\"), t.A + 2)\n:save {path}\n:reset\n:load {path}\nmain()\ntwice(4)\n"
    ));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "21 // int\nSUM 42\nSUM 42\n8 // int\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let run = Command::new(env!("CARGO_BIN_EXE_minigo"))
        .arg("run")
        .arg(&file)
        .output()
        .expect("minigo runs");
    assert_eq!(String::from_utf8_lossy(&run.stdout), "SUM 42\n");
    assert!(
        run.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

/// The session in README.md: what is shown there is what comes. Numbers of goroutines may differ, and what is left out is not asked for.
///
/// A script does not wait between its inputs as somebody who types does: `:go` may show a goroutine on its way to where the README shows it
/// waiting. So the session has several tries.
#[test]
fn the_session_in_the_readme_is_a_real_one() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).expect("the README");
    let (_, session) = readme.split_once("$ minigo repl\n").expect("a session");
    let (session, _) = session.split_once("```").expect("its end");
    let inputs: Vec<&str> = session
        .lines()
        .filter_map(|line| line.strip_prefix(">>> "))
        .collect();
    assert!(inputs.len() > 5, "{session}");
    let normal = |line: &str| {
        let line = numberless(line);
        let row = line.trim_start_matches(|c: char| c.is_ascii_digit());
        row.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let missing = || {
        let output = run_script(&inputs.join("\n"));
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed).into_owned();
        let lines: Vec<String> = printed.lines().map(normal).collect();
        let missing = session
            .lines()
            .filter(|line| !line.starts_with(">>> ") && *line != "...")
            .find(|line| !lines.contains(&normal(line)))?;
        Some(format!("{missing}\nnot in\n{printed}"))
    };
    let tries: Vec<String> = std::iter::repeat_with(missing)
        .take(20)
        .map_while(|missing| missing)
        .collect();
    assert!(tries.len() < 20, "{}", tries[19]);
}
