//! Leaked goroutines: what is reported when main returns, and what is not.

#[path = "harness/process.rs"]
mod process;

use process::Run;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("leaks");
    fs::create_dir_all(&folder).expect("a folder for temporary files");
    folder
}

fn program(name: &str, body: &str) -> PathBuf {
    let path = folder().join(name);
    let source = format!(
        "package main\n\nimport (\n\t\"runtime\"\n\t\"sync\"\n\t\"time\"\n)\n\nvar _ = runtime.Gosched\nvar _ sync.Mutex\nvar _ time.Duration\n\n{body}"
    );
    fs::write(&path, source).expect("a temporary file");
    path
}

fn run(flags: &[&str], path: &Path) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("CLICOLOR_FORCE")
        .arg("run")
        .args(flags)
        .arg(path);
    process::run(&mut command, LIMIT).expect("minigo starts")
}

/// The program leaks as many goroutines with these wait reasons.
fn check_leaks(name: &str, body: &str, expected: &[(usize, &str)]) {
    let path = program(name, body);
    for flags in [
        ["--seed=1", "--time=virtual"],
        ["--seed=2", "--time=virtual"],
    ] {
        let run = run(&[flags[0], flags[1], "--leaks=fail"], &path);
        assert_eq!(run.exit, Ok(i32::from(!expected.is_empty())), "{run:?}");
        let found = run.stderr.matches(" × [").count();
        assert_eq!(found, expected.len(), "{run:?}");
        for (count, reason) in expected {
            let line = format!("  {count} × [{reason}] at {name}:");
            assert!(run.stderr.contains(&line), "{line}: {run:?}");
        }
    }
}

#[test]
fn what_nobody_can_wake_has_leaked() {
    check_leaks(
        "early_return.mgo",
        "func search() int {\n\tc := make(chan int)\n\tfor i := range 3 {\n\t\tgo func() { c <- i }()\n\t}\n\treturn <-c\n}\n\nfunc main() {\n\tsearch()\n\ttime.Sleep(time.Second)\n}\n",
        &[(2, "chan send")],
    );
    check_leaks(
        "reasons.mgo",
        r#"func main() {
	var wg sync.WaitGroup
	wg.Add(1)
	go func() { wg.Wait() }()
	go func() {
		var mu sync.Mutex
		mu.Lock()
		mu.Lock()
	}()
	go func() {
		var mu sync.Mutex
		mu.Lock()
		sync.NewCond(&mu).Wait()
	}()
	go func() {
		var c chan int
		<-c
	}()
	go func() {
		select {}
	}()
	go func() {
		a, b := make(chan int), make(chan int)
		select {
		case <-a:
		case b <- 1:
		}
	}()
	go func() {
		for range make(chan int) {
		}
	}()
	time.Sleep(time.Second)
}
"#,
        &[
            (1, "sync.WaitGroup.Wait"),
            (1, "sync.Mutex.Lock"),
            (1, "sync.Cond.Wait"),
            (1, "chan receive (nil chan)"),
            (1, "select (no cases)"),
            (1, "select"),
            (1, "chan receive"),
        ],
    );
    check_leaks(
        "chain.mgo",
        "func main() {\n\ta, b := make(chan int), make(chan int)\n\tgo func() { b <- <-a }()\n\tgo func() { a <- <-b }()\n\ttime.Sleep(time.Second)\n}\n",
        &[(1, "chan receive"), (1, "chan receive")],
    );
}

#[test]
fn what_somebody_may_wake_has_not() {
    check_leaks(
        "global.mgo",
        "var jobs = make(chan int)\nvar mu sync.Mutex\n\nfunc main() {\n\tmu.Lock()\n\tgo func() { <-jobs }()\n\tgo mu.Lock()\n\ttime.Sleep(time.Second)\n}\n",
        &[],
    );
    check_leaks(
        "sleeper.mgo",
        "func main() {\n\tc := make(chan int)\n\tgo func() {\n\t\ttime.Sleep(time.Hour)\n\t\tc <- 1\n\t}()\n\tgo func() { <-c }()\n\ttime.Sleep(time.Second)\n}\n",
        &[],
    );
    check_leaks(
        "timer.mgo",
        "func main() {\n\tgo func() { <-time.After(time.Hour) }()\n\tgo func() {\n\t\tfor range time.Tick(time.Hour) {\n\t\t}\n\t}()\n\ttime.Sleep(time.Second)\n}\n",
        &[],
    );
    check_leaks(
        "runnable.mgo",
        "func main() {\n\tc := make(chan int)\n\tgo func() { <-c }()\n\tgo func() {\n\t\tfor {\n\t\t\truntime.Gosched()\n\t\t\tif time.Now().IsZero() {\n\t\t\t\tc <- 1\n\t\t\t}\n\t\t}\n\t}()\n\tfor range 100 {\n\t\truntime.Gosched()\n\t}\n}\n",
        &[],
    );
}

#[test]
fn what_a_finalizer_may_wake_has_not() {
    check_leaks(
        "finalizer.mgo",
        r#"//go:noinline
func set(c chan int) {
	runtime.SetFinalizer(&[4]int{}, func(*[4]int) {
		time.Sleep(time.Hour)
		c <- 1
	})
}

func main() {
	c, later := make(chan int), make(chan int)
	set(c)
	go func() { <-c }()
	runtime.GC()
	set(later)
	go func() { <-later }()
	time.Sleep(time.Second)
}
"#,
        &[],
    );
}

#[test]
fn leaks_are_told_with_names_places_and_help() {
    let path = program(
        "told.mgo",
        "func main() {\n\tresult := make(chan int)\n\tgo func() {\n\t\tresult <- 1\n\t}()\n\ttime.Sleep(time.Second)\n}\n",
    );
    let run = run(&["--seed=1", "--time=virtual", "--leaks"], &path);
    assert_eq!(run.exit, Ok(0), "{run:?}");
    for part in [
        "minigo: 1 goroutine leaked",
        "1 × [chan send] at told.mgo:16:3, started at told.mgo:15: goroutine 2",
        "waiting for channel `result` (made at told.mgo:14:12, cap 0)",
        "help: give the channel room for the value",
    ] {
        assert!(run.stderr.contains(part), "{part}: {run:?}");
    }
}

/// What locks prove is told as a cause, also when the goroutine that holds the lock comes after more than are looked at.
#[test]
fn causes_are_told_where_locks_prove_them() {
    let path = program(
        "causes.mgo",
        r#"func main() {
	var mu sync.Mutex
	start := make(chan bool)
	for range 400 {
		go func() {
			<-start
			mu.Lock()
		}()
	}
	go func() {
		mu.Lock()
		close(start)
		time.Sleep(time.Second)
		mu.Lock()
	}()
	time.Sleep(time.Minute)
}
"#,
    );
    let told = run(&["--seed=1", "--time=virtual", "--leaks"], &path);
    assert_eq!(told.exit, Ok(0), "{told:?}");
    for part in [
        "minigo: 401 goroutines leaked",
        "and 144 more\n",
        "cause: a goroutine waits for a lock that it holds\n    goroutine 402 waits to lock Mutex `mu` (declared at causes.mgo:14:6); it holds it itself since causes.mgo:23:3",
        "goroutine 402 locked `mu` here",
        "help: unlock before locking again",
    ] {
        assert!(told.stderr.contains(part), "{part}: {}", told.stderr);
    }
    assert!(!told.stderr.contains("has ended"), "{}", told.stderr);
    let path = program(
        "cycle.mgo",
        r#"func main() {
	for range 2 {
		var a, b sync.Mutex
		both := func(first, second *sync.Mutex) {
			first.Lock()
			time.Sleep(time.Second)
			second.Lock()
		}
		go both(&a, &b)
		go both(&b, &a)
	}
	time.Sleep(time.Minute)
}
"#,
    );
    let told = run(&["--seed=1", "--time=virtual", "--leaks"], &path);
    for part in [
        "cause: lock cycle\n    goroutines 2, 3, 4 and 5 are stuck in the same way, 2 of them each time:",
        "help: lock these in the same order everywhere",
    ] {
        assert!(told.stderr.contains(part), "{part}: {}", told.stderr);
    }
}

#[test]
fn examples_leak_nothing_but_one() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut checked = 0;
    for entry in fs::read_dir(examples).expect("the examples") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "mgo") {
            continue;
        }
        let run = run(&["--leaks"], &path);
        // Its players wait for ever when the game is over.
        let leaks = path.ends_with("06_ping_pong.mgo");
        let told = run.stderr.contains(" leaked (");
        assert_eq!(told, leaks, "{}: {run:?}", path.display());
        checked += 1;
    }
    assert!(checked > 20, "only {checked} examples");
}

/// The bug kernels that come with Go as tests of its own leak profile (`GoKer`), where Go is installed: in how many of some runs Go's
/// profile finds a leak, and minigo does, running as usual and with seeds, and whether minigo's report names the cause that comes with the
/// kernel. `cargo test --test leaks kernels -- --ignored --nocapture` prints the table.
#[test]
#[ignore = "takes a quarter of an hour, and needs Go"]
fn kernels() {
    const ATTEMPTS: usize = 4;
    let root = Command::new("go").args(["env", "GOROOT"]).output();
    let root = String::from_utf8(root.expect("go runs").stdout).expect("a path");
    let kernels =
        Path::new(root.trim()).join("src/runtime/testdata/testgoroutineleakprofile/goker");
    let binary = folder().join("goker");
    let built = Command::new("go")
        .current_dir(&kernels)
        .args(["build", "-o"])
        .arg(&binary)
        .arg(".")
        .status();
    assert!(
        built.is_ok_and(|status| status.success()),
        "go builds the kernels"
    );
    let mut files: Vec<PathBuf> = fs::read_dir(&kernels)
        .expect("the kernels")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "go"))
        .collect();
    files.sort();
    let (mut same, mut missed, mut more, mut unsupported, mut named) = (0, 0, 0, 0, 0);
    let causes = fs::read_to_string(kernels.join("README.md")).expect("the causes");
    println!(
        "| kernel | Go | minigo | with seeds | | cause | named |\n|---|--:|--:|--:|---|---|---|"
    );
    for file in files {
        let text = fs::read_to_string(&file).expect("a kernel");
        let Some(name) = text
            .split_once("register(\"")
            .and_then(|(_, rest)| rest.split('"').next())
            .filter(|_| !text.contains("func main()"))
        else {
            continue;
        };
        let path = folder().join(format!("{name}.go"));
        fs::write(&path, standalone(&text)).expect("a temporary file");
        // Half of the runs on as many processors as there are, half on eight.
        let by_go = (0..ATTEMPTS).filter(|attempt| {
            let mut command = Command::new(&binary);
            if attempt % 2 == 1 {
                command.env("GOMAXPROCS", "8");
            }
            let run = process::run(command.arg(name), LIMIT).expect("it starts");
            run.stdout.contains("leaked)")
        });
        let by_go = by_go.count();
        let cause = cause_of(&causes, name);
        let tells = std::cell::Cell::new(false);
        let leaks = |flags: &[&str]| {
            let run = run(flags, &path);
            assert_ne!(run.exit, Ok(3), "{name}: {run:?}");
            tells.set(tells.get() || names(&run.stderr, &cause));
            run.stderr.contains(" leaked (")
        };
        let refusal = run(&["--leaks"], &path);
        if let Some((_, reason)) = refusal.stderr.split_once(": not supported by minigo: ") {
            unsupported += 1;
            println!("| {name} | {by_go} | | | {} | | |", reason.trim());
            continue;
        }
        let plain = (0..ATTEMPTS).filter(|attempt| match attempt % 2 {
            0 => leaks(&["--leaks"]),
            _ => leaks(&["--leaks", "--procs=8"]),
        });
        let plain = plain.count();
        let mut seeded = 0;
        for policy in ["go", "random", "pct"] {
            for seed in 0..ATTEMPTS {
                let (seed, sched) = (format!("--seed={seed}"), format!("--sched={policy}"));
                // A kernel that looks again and again does not let the virtual clock move.
                let limit = "--max-steps=30000000";
                let found = leaks(&[&seed, &sched, "--time=virtual", "--leaks", limit]);
                seeded += usize::from(found);
            }
        }
        let verdict = match (by_go > 0, plain + seeded > 0) {
            (true, true) | (false, false) => {
                same += 1;
                "as Go"
            }
            (true, false) => {
                missed += 1;
                "missed"
            }
            (false, true) => {
                more += 1;
                "only minigo"
            }
        };
        named += usize::from(tells.get());
        let tells = if tells.get() { "yes" } else { "no" };
        println!("| {name} | {by_go} | {plain} | {seeded} | {verdict} | {cause} | {tells} |");
    }
    println!(
        "as Go {same}, missed {missed}, only minigo {more}, not supported {unsupported}; cause named {named}"
    );
    assert!(same > 10 * (missed + more), "the verdicts differ from Go's");
}

/// The sub-type that the kernels' own list gives, in lower case.
fn cause_of(causes: &str, name: &str) -> String {
    let digits = name
        .find(|c: char| c.is_ascii_digit())
        .expect("the number of an issue");
    let title = format!("\n## {}/{}\n", &name[..digits], &name[digits..]);
    let (_, section) = causes.split_once(&title).unwrap_or_default();
    let row = section.lines().find(|line| line.starts_with("|["));
    let cell = row.and_then(|row| row.split('|').nth(5));
    cell.unwrap_or_default().trim().to_lowercase()
}

/// Whether a report of leaks tells this cause.
fn names(report: &str, cause: &str) -> bool {
    let tells = |part: &str| report.contains(part);
    let locks = || tells("[sync.Mutex.Lock]") || tells("[sync.RWMutex.");
    let channels = || tells("[chan ") || tells("[select]");
    match cause {
        // The list calls so whatever is locked again without having been unlocked, for reading as well.
        "double locking" => {
            tells("cause: a goroutine waits for a lock that it holds")
                || tells("cause: recursive read lock")
                || tells("cause: a lock that nobody is left to unlock")
        }
        "missing unlock" => tells("cause: a lock that nobody is left to unlock"),
        _ if cause.starts_with("ab-ba") => tells("cause: lock cycle"),
        _ if cause.starts_with("rwr") => tells("cause: recursive read lock"),
        _ if cause.contains("condition variable") => tells("[sync.Cond.Wait]"),
        _ if cause.contains("waitgroup") => tells("[sync.WaitGroup.Wait]"),
        "channel & lock" => channels() && locks(),
        _ => channels(),
    }
}

/// A kernel as a program of its own: without the profile, which is taken when main returns, and with the few lines that the
/// others share.
fn standalone(kernel: &str) -> String {
    let kept: Vec<String> = kernel
        .lines()
        .filter(|line| !line.contains("\"runtime/pprof\"") && !line.contains("pprof.Lookup"))
        .map(|line| line.replace("prof.WriteTo(os.Stdout, 2)", "_ = os.Stdout"))
        .collect();
    format!(
        "{}\n\nconst yieldCount = 10\n\nvar kernels []func()\n\nfunc register(name string, f func()) {{ kernels = append(kernels, f) }}\n\nfunc main() {{\n\tfor _, f := range kernels {{\n\t\tf()\n\t}}\n\t_ = yieldCount\n}}\n",
        kept.join("\n")
    )
}
