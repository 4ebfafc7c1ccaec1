//! Runs with a schedule that is asked for: seeds and policies, virtual time, preemption, limits.

#[path = "schedule/fairness.rs"]
mod fairness;
#[path = "schedule/limits.rs"]
mod limits;
#[path = "harness/process.rs"]
mod process;

use process::Run;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

/// Channels, selects, locks, maps with pointers as keys, timers with ties and a queue of work: its output depends on the order.
const MIXED: &str = r#"package main

import (
	"fmt"
	"sync"
	"time"
)

type node struct{ n int }

func main() {
	c, done := make(chan int, 2), make(chan bool)
	var mu sync.Mutex
	order := ""
	nodes := map[*node]int{}
	for g := range 6 {
		nodes[&node{g}] = g
		go func() {
			for i := range 20 {
				if i%5 == g%5 {
					time.Sleep(time.Millisecond)
				}
				mu.Lock()
				order += string(rune('a' + g))
				mu.Unlock()
				c <- g
			}
			done <- true
		}()
	}
	tick := time.NewTicker(time.Millisecond)
	for left := 6; left > 0; {
		select {
		case g := <-c:
			fmt.Print(g)
		case <-done:
			left--
		case <-tick.C:
			fmt.Print("t")
		}
	}
	fmt.Println(order)
	for p := range nodes {
		fmt.Print(p.n)
	}
	fmt.Println()
}
"#;

/// Another goroutine prints; this one never waits.
const SPINNER: &str = r#"package main

import "fmt"

func main() {
	go fmt.Println("other")
	for {
	}
}
"#;

const CALLING_SPINNER: &str = r#"package main

import "fmt"

//go:noinline
func spin() {}

func main() {
	go fmt.Println("other")
	for {
		spin()
	}
}
"#;

fn program(name: &str, source: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schedule");
    fs::create_dir_all(&folder).expect("a folder for temporary files");
    let path = folder.join(name);
    fs::write(&path, source).expect("a temporary file");
    path
}

/// The same with settings of the environment.
fn run_with(environment: &[(&str, &str)], flags: &str, path: &Path) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
    command.env_remove("GOMAXPROCS").env_remove("MINIGO_SEED");
    command.envs(environment.iter().copied());
    command.arg("run").args(flags.split_whitespace()).arg(path);
    process::run(&mut command, LIMIT).expect("minigo starts")
}

fn run(flags: &str, path: &Path) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
    command.env_remove("GOMAXPROCS").env_remove("MINIGO_SEED");
    command.arg("run").args(flags.split_whitespace()).arg(path);
    process::run(&mut command, LIMIT).expect("minigo starts")
}

#[test]
fn a_seed_repeats_a_run_two_hundred_times() {
    let path = program("repeat.mgo", MIXED);
    let flags = "--seed=42 --sched-hash --time=virtual";
    let first = run(flags, &path);
    assert_eq!(first.exit, Ok(0), "{first:?}");
    assert!(first.stderr.contains("schedule hash "), "{first:?}");
    for _ in 0..200 {
        // The system puts the heap elsewhere in each run: nothing may depend on addresses.
        assert_eq!(run(flags, &path), first);
    }
}

#[test]
fn each_policy_repeats_itself_and_seeds_differ() {
    let path = program("policies.mgo", MIXED);
    for policy in ["go", "random", "fifo", "pct"] {
        let with_seed = |seed: u32| {
            run(
                &format!("--seed={seed} --sched={policy} --sched-hash --time=virtual"),
                &path,
            )
        };
        let runs: BTreeSet<_> = (1..=8)
            .map(|seed| {
                let run = with_seed(seed);
                assert_eq!(run.exit, Ok(0), "{policy}: {run:?}");
                assert_eq!(with_seed(seed), run, "{policy}");
                (run.stdout, run.stderr)
            })
            .collect();
        assert!(runs.len() > 1, "{policy}: every seed gives the same run");
    }
}

#[test]
fn a_hash_needs_a_seed() {
    let run = run("--sched-hash", &program("hash.mgo", SPINNER));
    assert_eq!(run.exit, Ok(2), "{run:?}");
    assert!(run.stderr.contains("--seed"), "{run:?}");
}

#[test]
fn a_thousand_sleepers_wake_in_order_and_in_no_time() {
    let source = r#"package main

import (
	"fmt"
	"time"
)

func main() {
	start := time.Now()
	woken := make(chan time.Duration, 1000)
	longest := time.Duration(0)
	for i := range 1000 {
		d := time.Duration(i*7919%100003) * time.Millisecond
		longest = max(longest, d)
		go func() {
			time.Sleep(d)
			woken <- d
		}()
	}
	last, sorted := time.Duration(-1), true
	for range 1000 {
		d := <-woken
		sorted = sorted && d >= last
		last = d
	}
	fmt.Println(sorted, time.Since(start) == longest, start.UTC())
}
"#;
    let path = program("sleepers.mgo", source);
    for flags in [
        "--procs=1",
        "--procs=4",
        "--seed=7",
        "--seed=7 --sched=random",
    ] {
        let run = run(
            &format!("--time=virtual --time-start=2020-02-29T12:00:00Z {flags}"),
            &path,
        );
        assert_eq!(
            (run.stdout.as_str(), &run.exit),
            ("true true 2020-02-29 12:00:00 +0000 UTC\n", &Ok(0)),
            "{flags}: {run:?}"
        );
        assert_eq!(
            run.stderr, "minigo: virtual time from 2020-02-29T12:00:00Z\n",
            "{flags}"
        );
    }
}

#[test]
fn waiting_for_a_lock_does_not_stop_virtual_time() {
    let source = r#"package main

import (
	"fmt"
	"sync"
	"time"
)

func main() {
	start := time.Now()
	var mu sync.Mutex
	mu.Lock()
	go func() {
		time.Sleep(time.Hour)
		mu.Unlock()
	}()
	mu.Lock()
	select {
	case <-time.After(24 * time.Hour):
	case <-make(chan int):
	}
	fmt.Println(time.Since(start))
}
"#;
    let run = run("--time=virtual", &program("lock.mgo", source));
    assert_eq!((run.stdout.as_str(), run.exit), ("25h0m0s\n", Ok(0)));
}

#[test]
fn a_deadlock_is_found_in_virtual_time() {
    let source = "package main\n\nimport \"time\"\n\nfunc main() {\n\ttime.Sleep(time.Hour)\n\ttime.NewTimer(time.Hour)\n\tselect {}\n}\n";
    let run = run("--time=virtual", &program("deadlock.mgo", source));
    assert_eq!(run.exit, Ok(2), "{run:?}");
    assert!(run.stderr.contains("all goroutines are asleep"), "{run:?}");
}

/// The program made too many steps, and the report names the loop that made them.
fn check_starved(run: &Run, output: &str, line: &str) {
    assert_eq!(
        (run.stdout.as_str(), &run.exit),
        (output, &Ok(125)),
        "{run:?}"
    );
    assert!(
        run.stderr.starts_with("minigo: the program made more than 1000000 steps (--max-steps)\n\ngoroutine 1 [running]:\nmain."),
        "{run:?}"
    );
    assert!(run.stderr.contains(line), "{run:?}");
}

#[test]
fn without_preemption_a_spinner_starves_the_others() {
    let (plain, calling) = (
        program("spinner.mgo", SPINNER),
        program("calling.mgo", CALLING_SPINNER),
    );
    let limits = "--procs=1 --max-steps=1000000 --quantum=1000";
    let check = |preempt: &str, path: &Path, output: &str| {
        let run = run(&format!("{limits} --preempt={preempt}"), path);
        let line = if path == plain {
            "spinner.mgo:7"
        } else {
            "calling.mgo:1"
        };
        check_starved(&run, output, line);
    };
    check("off", &plain, "");
    check("off", &calling, "");
    check("calls", &plain, "");
    check("calls", &calling, "other\n");
    check("loops", &plain, "other\n");
    check("loops", &calling, "other\n");
}

#[test]
fn no_run_is_longer_than_the_quantum() {
    let path = program("quantum.mgo", SPINNER);
    for flags in ["--procs=1", "--procs=2", "--seed=3", "--seed=3 --sched=pct"] {
        let run = run(
            &format!("{flags} --quantum=100 --max-steps=100000 --stats"),
            &path,
        );
        assert_eq!((run.stdout.as_str(), &run.exit), ("other\n", &Ok(125)));
        let longest = run
            .stderr
            .lines()
            .find_map(|line| line.strip_prefix("longest run: "))
            .and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
        assert!(
            longest.is_some_and(|longest| longest <= 100),
            "{flags}: {run:?}"
        );
    }
}

#[test]
fn limits_end_a_program_with_their_own_exit_codes() {
    let spinner = program("limits.mgo", SPINNER);
    for flags in ["", "--seed=1 ", "--procs=2 ", "--preempt=off "] {
        let run = run(&format!("{flags}--timeout=200ms"), &spinner);
        assert_eq!(run.exit, Ok(124), "{run:?}");
        assert_eq!(
            run.stderr, "minigo: the program ran for more than 200ms (--timeout)\n",
            "{flags}"
        );
    }
    let spawner = program(
        "spawner.mgo",
        "package main\n\nfunc main() {\n\tfor {\n\t\tgo func() { select {} }()\n\t}\n}\n",
    );
    for flags in ["--procs=1", "--procs=2", "--seed=1"] {
        let run = run(
            &format!("{flags} --max-goroutines=1000 --max-steps=1000000"),
            &spawner,
        );
        assert_eq!(run.exit, Ok(125), "{run:?}");
        assert_eq!(
            run.stderr,
            "minigo: the program had more than 1000 goroutines (--max-goroutines)\n"
        );
    }
    let hoarder = program(
        "hoarder.mgo",
        "package main\n\nfunc main() {\n\tvar kept [][]byte\n\tfor {\n\t\tkept = append(kept, make([]byte, 1000))\n\t}\n}\n",
    );
    let run = run("--max-heap=32M", &hoarder);
    assert_eq!(run.exit, Ok(125), "{run:?}");
    assert_eq!(
        run.stderr,
        "minigo: the program's heap needs more than 33554432 bytes (--max-heap)\n"
    );
}

/// A goroutine waits, another one spins, main panics.
const PANIC: &str = "package main\n\nimport \"runtime\"\n\nfunc main() {\n\tgo func() { select {} }()\n\tgo func() {\n\t\tfor {\n\t\t}\n\t}()\n\truntime.Gosched()\n\tpanic(\"boom\")\n}\n";

#[test]
fn gotraceback_says_which_goroutines_are_shown() {
    let path = program("panic.mgo", PANIC);
    let shown = |setting: &str| {
        let run = run_with(&[("GOTRACEBACK", setting)], "", &path);
        assert_eq!(run.exit, Ok(2), "{run:?}");
        assert!(run.stderr.starts_with("panic: boom\n"), "{run:?}");
        run.stderr.matches("\ngoroutine ").count()
    };
    assert_eq!(shown("none"), 0);
    assert_eq!(shown("single"), 1);
    assert_eq!(shown("all"), 3);
    assert_eq!(shown("system"), 3);
}

#[test]
fn godebug_traces_the_scheduler_and_the_collector() {
    let source = "package main\n\nimport (\n\t\"runtime\"\n\t\"time\"\n)\n\nfunc main() {\n\tgo time.Sleep(time.Hour)\n\truntime.GC()\n\ttime.Sleep(30 * time.Millisecond)\n}\n";
    let path = program("trace.mgo", source);
    let run = run_with(&[("GODEBUG", "schedtrace=5,gctrace=1")], "--procs=2", &path);
    assert_eq!(run.exit, Ok(0), "{run:?}");
    let sched = run.stderr.lines().find(|line| line.starts_with("SCHED "));
    let sched = sched.expect("a line about the scheduler");
    for key in [
        "ms: gomaxprocs=2 idleprocs=",
        " threads=",
        " spinningthreads=",
        " needspinning=",
        " idlethreads=",
        " runqueue=",
        " schedticks=[ ",
    ] {
        assert!(sched.contains(key), "{key}: {sched}");
    }
    let collection = run.stderr.lines().find(|line| line.starts_with("gc 1 @"));
    let collection = collection.expect("a line about the collection");
    for key in [
        " ms clock, ",
        " ms cpu, ",
        " MB goal, ",
        " MB stacks, ",
        " 2 P (forced)",
    ] {
        assert!(collection.contains(key), "{key}: {collection}");
    }
}

#[test]
fn sigquit_prints_all_goroutines() {
    let source = "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tgo func() { select {} }()\n\tgo func() { make(chan int) <- 1 }()\n\tfmt.Println(\"started\")\n\tfor {\n\t}\n}\n";
    let path = program("quit.mgo", source);
    // A shell's background processes ignore the signal at first.
    for (flags, shell) in [
        ("--procs=1", "exec \"$@\""),
        ("--procs=4", "exec \"$@\""),
        ("--seed=3", "exec \"$@\""),
        ("--procs=2", "trap '' QUIT; exec \"$@\""),
    ] {
        let mut child = Command::new("sh")
            .args(["-c", shell, "sh", env!("CARGO_BIN_EXE_minigo"), "run"])
            .arg(flags)
            .arg(&path)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("minigo starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line)
            .expect("a line");
        let id = child.id().to_string();
        let sent = Command::new("kill").args(["-QUIT", &id]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        let output = child.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flags}: {stderr}");
        assert!(
            stderr.starts_with("SIGQUIT: quit\n\ngoroutine 1 ["),
            "{flags}: {stderr}"
        );
        assert_eq!(
            stderr.matches("\ngoroutine ").count(),
            3,
            "{flags}: {stderr}"
        );
    }
}
