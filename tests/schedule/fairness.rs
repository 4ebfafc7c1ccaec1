//! Nothing that other goroutines do keeps a ticker from ticking.

use super::{program, run};
use std::path::Path;

/// What cannot be interrupted is not in `tests/run`: with a seed a time slice is a number of safepoints, of which it has few.
#[test]
fn a_ticker_ticks_beside_long_natives_and_collections() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schedule/beside_natives.mgo");
    for procs in [1, 2, 8] {
        let run = run(&format!("--procs={procs}"), &path);
        assert_eq!(run.exit, Ok(0), "{run:?}");
        assert_eq!(run.stdout.lines().count(), 5, "{run:?}");
    }
}

/// Two goroutines more than processors do what `WORK` says, and the longest time between two ticks is printed.
const MEASURE: &str = r#"package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

type node struct{ left, right *node }

func tree(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{tree(depth - 1), tree(depth - 1)}
}

//go:noinline
func call(n int) int { return n + 1 }

var (
	sink int
	kept *node
)

func work() {
	from, to := make([]byte, 1<<24), make([]byte, 1<<24)
	text := strings.Repeat("a", 1<<20)
	kept = tree(16)
	for {
		WORK
	}
	_, _, _ = from, to, text
}

func main() {
	for range runtime.GOMAXPROCS(0) + 2 {
		go work()
	}
	time.Sleep(300 * time.Millisecond)
	ticker := time.NewTicker(10 * time.Millisecond)
	last, worst := time.Now(), time.Duration(0)
	start := last
	for range 50 {
		<-ticker.C
		now := time.Now()
		worst = max(worst, now.Sub(last))
		last = now
	}
	fmt.Println("50 ticks in", time.Since(start).Round(time.Millisecond), "longest wait", worst.Round(time.Millisecond))
}
"#;

/// `cargo test --release --test schedule longest -- --ignored --nocapture` on a quiet machine.
#[test]
#[ignore = "a measurement"]
fn longest_time_between_two_ticks() {
    let works = [
        ("a loop", ""),
        ("calls", "sink = call(sink)"),
        ("copy of 16 MiB", "copy(to, from)"),
        ("ToUpper of 1 MiB", "sink += len(strings.ToUpper(text))"),
        ("allocating", "sink += len(make([]int, 20))"),
        ("collections of 130,000 objects", "runtime.GC()"),
    ];
    for (name, work) in works {
        let path = program("measured.mgo", &MEASURE.replace("WORK", work));
        for procs in [1, 2] {
            let run = run(&format!("--procs={procs}"), &path);
            assert_eq!(run.exit, Ok(0), "{run:?}");
            println!("{name}, P={procs}: {}", run.stdout.trim_end());
        }
    }
}
