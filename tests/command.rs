//! The command itself: bad input, huge input, flags, signals, and what it exits with. Further subjects are in `command/`.

#[path = "command/failures.rs"]
mod failures;
#[path = "command/help.rs"]
mod help;
#[path = "harness/process.rs"]
mod process;
#[path = "command/programs.rs"]
mod programs;
#[path = "command/settings.rs"]
mod settings;
#[path = "command/terminal.rs"]
mod terminal;

use process::Run;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use wait_timeout::ChildExt;

const LIMIT: Duration = Duration::from_secs(120);

const HELLO: &str = "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n";

/// Writes a program into the folder for temporary files; each test has a name of its own.
fn program(name: &str, source: impl AsRef<[u8]>) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command");
    fs::create_dir_all(&folder).expect("a folder for temporary files");
    let path = folder.join(name);
    fs::write(&path, source).expect("a temporary file");
    path
}

fn minigo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
    command.env_remove("GOMAXPROCS");
    command
}

fn run(arguments: &[&str]) -> Run {
    process::run(minigo().args(arguments), LIMIT).expect("minigo starts")
}

fn run_file(path: &Path) -> Run {
    run(&["run", &path.to_string_lossy()])
}

/// The run failed with this code and a message of one line that contains all these words.
fn check_refused(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.exit, Ok(code), "{run:?}");
    assert_eq!(run.stdout, "", "{run:?}");
    assert_eq!(
        run.stderr.trim_end().lines().count(),
        1,
        "one line: {run:?}"
    );
    for word in words {
        assert!(run.stderr.contains(word), "{word:?} is not in {run:?}");
    }
}

/// The run ended by itself, with a result or with a compile error, and not by a crash or an internal error.
fn check_survived(run: &Run) {
    assert!(
        matches!(run.exit, Ok(0..=2)),
        "exit {:?}\n{}",
        run.exit,
        run.stderr.chars().take(2000).collect::<String>()
    );
    assert!(
        !run.stderr.contains("panicked at"),
        "a Rust panic: {}",
        run.stderr
    );
    assert!(
        run.exit == Ok(0) || !run.stderr.is_empty(),
        "a failure without a word"
    );
}

fn start(path: &Path) -> Child {
    minigo()
        .arg("run")
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("minigo starts")
}

/// Waits for the end; a process that hangs is killed and the test fails.
fn end(child: &mut Child) -> ExitStatus {
    if let Some(status) = child.wait_timeout(LIMIT).expect("a child to wait for") {
        return status;
    }
    child.kill().expect("a child to kill");
    panic!("minigo hangs");
}

fn stderr_of(child: &mut Child) -> String {
    let pipe = child.stderr.take().expect("a pipe");
    std::io::read_to_string(pipe).expect("text on standard error")
}

#[test]
fn hello() {
    let run = run_file(&program("hello.mgo", HELLO));
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str(), run.exit),
        ("hello\n", "", Ok(0))
    );
}

#[test]
fn missing_file() {
    check_refused(&run(&["run", "no/such/file.mgo"]), 1, &["no/such/file.mgo"]);
}

#[test]
fn directory_without_program() {
    check_refused(
        &run(&["run", env!("CARGO_MANIFEST_DIR")]),
        1,
        &[env!("CARGO_MANIFEST_DIR"), "no Go files in"],
    );
}

#[test]
fn not_utf8() {
    let path = program(
        "not_utf8.mgo",
        b"package main\n\nfunc main() { println(\"\xff\xfe\") }\n",
    );
    check_refused(&run_file(&path), 1, &["not_utf8.mgo", "UTF-8"]);
}

#[test]
fn empty_file() {
    check_refused(
        &run_file(&program("empty.mgo", "")),
        1,
        &["empty.mgo", "package"],
    );
}

#[test]
fn no_main() {
    let path = program("no_main.mgo", "package main\n\nfunc notMain() {}\n");
    check_refused(
        &run_file(&path),
        1,
        &["function main is undeclared in the main package"],
    );
}

#[test]
fn unknown_import() {
    let path = program(
        "unknown_import.mgo",
        "package main\n\nimport \"no/such/package\"\n\nfunc main() { _ = package.X }\n",
    );
    let run = run_file(&path);
    assert_eq!(run.exit, Ok(1), "{run:?}");
    assert!(run.stderr.contains("unknown_import.mgo:"), "{run:?}");
}

#[test]
fn unknown_flag() {
    let path = program("unknown_flag.mgo", HELLO);
    let run = run(&["run", "--no-such-flag", &path.to_string_lossy()]);
    assert_eq!(
        (run.stdout.as_str(), run.exit.clone()),
        ("", Ok(2)),
        "{run:?}"
    );
    assert!(run.stderr.contains("no-such-flag"), "{run:?}");
}

#[test]
fn unknown_command() {
    let run = run(&["no-such-command"]);
    assert_eq!(
        (run.stdout.as_str(), run.exit.clone()),
        ("", Ok(2)),
        "{run:?}"
    );
    assert!(run.stderr.contains("no-such-command"), "{run:?}");
}

#[test]
fn no_arguments() {
    let run = run(&[]);
    assert_eq!(run.exit, Ok(2), "{run:?}");
    assert!(run.stderr.contains("run"), "the help: {run:?}");
}

#[test]
fn help_is_no_failure() {
    let run = run(&["--help"]);
    assert_eq!(
        (run.stderr.as_str(), run.exit.clone()),
        ("", Ok(0)),
        "{run:?}"
    );
    assert!(run.stdout.contains("run"), "{run:?}");
}

#[test]
fn arguments_after_the_file_belong_to_the_program() {
    let source = "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nfunc main() { fmt.Printf(\"%q\\n\", os.Args[1:]) }\n";
    let path = program("arguments.mgo", source);
    let run = run(&["run", &path.to_string_lossy(), "a", "--seed=3", "-x", "b c"]);
    assert_eq!(
        (run.stdout.as_str(), run.exit.clone()),
        ("[\"a\" \"--seed=3\" \"-x\" \"b c\"]\n", Ok(0)),
        "{run:?}"
    );
}

#[test]
fn each_stage_can_be_printed() {
    let path = program("emit.mgo", HELLO);
    for stage in ["tokens", "ast", "types", "bytecode"] {
        let run = run(&["run", &format!("--emit={stage}"), &path.to_string_lossy()]);
        assert_eq!(
            (run.stderr.as_str(), run.exit.clone()),
            ("", Ok(0)),
            "{stage}: {run:?}"
        );
        assert!(run.stdout.lines().count() > 3, "{stage}: {run:?}");
        assert_ne!(run.stdout, "hello\n", "{stage}: the program ran");
    }
}

#[test]
fn the_same_seed_gives_the_same_schedule() {
    let source = r#"package main

import "fmt"

func main() {
	c, done := make(chan int, 4), make(chan bool)
	for g := range 8 {
		go func() {
			for range 50 {
				c <- g
			}
			done <- true
		}()
	}
	for left := 8; left > 0; {
		select {
		case g := <-c:
			fmt.Print(g)
		case <-done:
			left--
		}
	}
	fmt.Println()
}
"#;
    let path = program("seed.mgo", source);
    let with_seed =
        |seed: u32| run(&["run", &format!("--seed={seed}"), &path.to_string_lossy()]).stdout;
    let first = with_seed(1);
    assert!(first.len() > 300, "{first}");
    for _ in 0..5 {
        assert_eq!(with_seed(1), first);
    }
    assert!(
        (2..10).any(|seed| with_seed(seed) != first),
        "every seed gives the same schedule"
    );
}

#[test]
fn closed_standard_output_is_no_error() {
    let source = "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfor i := 0; ; i++ {\n\t\tfmt.Println(\"line\", i)\n\t}\n}\n";
    let mut child = start(&program("closed_output.mgo", source));
    let mut first = String::new();
    let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
    reader.read_line(&mut first).expect("a line");
    assert_eq!(first, "line 0\n");
    drop(reader);
    end(&mut child);
    assert_eq!(stderr_of(&mut child), "");
}

#[test]
fn interrupt_ends_it_by_the_signal() {
    let source = "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"ready\")\n\tgo func() {\n\t\tfor {\n\t\t}\n\t}()\n\tfor {\n\t}\n}\n";
    let mut child = start(&program("interrupt.mgo", source));
    let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut first = String::new();
    reader.read_line(&mut first).expect("a line");
    assert_eq!(first, "ready\n");
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("the command kill");
    assert!(sent.success());
    assert_eq!(end(&mut child).signal(), Some(2), "SIGINT");
    assert_eq!(stderr_of(&mut child), "");
}

#[test]
fn endless_recursion() {
    let source = "package main\n\nfunc f(n int) int { return f(n+1) + 1 }\n\nfunc main() { println(f(0)) }\n";
    let run = run_file(&program("recursion.mgo", source));
    assert_eq!(run.exit, Ok(2), "{}", run.stderr);
    assert!(
        run.stderr
            .starts_with("runtime: goroutine stack exceeds 1000000000-byte limit\n"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("\nfatal error: stack overflow\n"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("frames elided..."), "{}", run.stderr);
}

#[test]
fn deeply_nested_parentheses() {
    let depth = 100_000;
    let source = format!(
        "package main\n\nfunc main() {{ println({}1{}) }}\n",
        "(".repeat(depth),
        ")".repeat(depth)
    );
    check_survived(&run_file(&program("parentheses.mgo", source)));
}

#[test]
fn deeply_nested_blocks_and_types() {
    let depth = 100_000;
    let blocks = format!(
        "package main\n\nfunc main() {{ {}{} }}\n",
        "{".repeat(depth),
        "}".repeat(depth)
    );
    check_survived(&run_file(&program("blocks.mgo", blocks)));
    let types = format!(
        "package main\n\nvar x {}int\n\nfunc main() {{}}\n",
        "[]".repeat(depth)
    );
    check_survived(&run_file(&program("types.mgo", types)));
    let operators = format!(
        "package main\n\nfunc main() {{ println({}true) }}\n",
        "!".repeat(depth)
    );
    check_survived(&run_file(&program("operators.mgo", operators)));
}

#[test]
fn unclosed_parentheses() {
    let source = format!(
        "package main\n\nfunc main() {{ println({}",
        "(".repeat(100_000)
    );
    let run = run_file(&program("unclosed.mgo", source));
    assert_eq!(run.exit, Ok(1));
    check_survived(&run);
}

#[test]
fn a_line_of_ten_megabytes() {
    let text = "x".repeat(10 << 20);
    let string = format!("package main\n\nfunc main() {{ println(len(\"{text}\")) }}\n");
    let run = run_file(&program("long_line.mgo", string));
    assert_eq!(
        (run.stderr.as_str(), run.exit.clone()),
        ("10485760\n", Ok(0))
    );
    let sum = format!(
        "package main\n\nfunc main() {{ println(1{}) }}\n",
        "+1".repeat(1 << 20)
    );
    check_survived(&run_file(&program("long_sum.mgo", sum)));
}

#[test]
fn a_literal_of_a_million_elements() {
    let elements: String = (0..1_000_000).map(|n| format!("{},", n % 1000)).collect();
    let source = format!(
        "package main\n\nvar x = []int{{{elements}}}\n\nfunc main() {{ println(len(x), x[999999]) }}\n"
    );
    let run = run_file(&program("literal.mgo", source));
    check_survived(&run);
    if run.exit == Ok(0) {
        assert_eq!(run.stderr, "1000000 999\n");
    }
}
