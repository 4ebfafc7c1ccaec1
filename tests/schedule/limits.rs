//! Limits end a program near the limit, not long before and not long after.

use super::{program, run, run_with};
use std::time::{Duration, Instant};

/// The number behind `key` in a text.
fn number(text: &str, key: &str) -> u64 {
    let rest = text.split(key).nth(1).unwrap_or_default();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits
        .parse()
        .unwrap_or_else(|_| panic!("no number behind {key:?} in {text}"))
}

#[test]
fn steps_are_counted_to_the_limit() {
    // A turn of the loop is a step; the other steps are those of starting, printing and the goroutines.
    let source = "package main\n\nimport \"os\"\n\nfunc main() {\n\tn := len(os.Args) * 100000\n\tfor range GOROUTINES {\n\t\tgo func() {\n\t\t\tfor {\n\t\t\t}\n\t\t}()\n\t}\n\tfor i := 0; i < n; i++ {\n\t}\n}\n";
    let alone = program("steps.mgo", &source.replace("GOROUTINES", "0"));
    for flags in ["--procs=1", "--procs=4", "--seed=1"] {
        let run_to = |limit: u32| run(&format!("{flags} --max-steps={limit}"), &alone);
        assert_eq!(run_to(110_000).exit, Ok(0), "{flags}");
        let over = run_to(90_000);
        assert_eq!(over.exit, Ok(125), "{flags}: {over:?}");
    }
    // With several processors all of them together make no more than the limit, and at least nine tenths of it.
    let many = program("steps_together.mgo", &source.replace("GOROUTINES", "6"));
    for flags in ["--procs=1", "--procs=4", "--seed=1"] {
        let run = run(
            &format!("{flags} --quantum=1000 --max-steps=10000000 --stats"),
            &many,
        );
        assert!(matches!(run.exit, Ok(0 | 125)), "{flags}: {run:?}");
    }
}

#[test]
fn goroutines_are_counted_to_the_limit() {
    let source = "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tstop, stopped := make(chan bool), make(chan bool)\n\tfor range 3 {\n\t\tfor range 99 {\n\t\t\tgo func() {\n\t\t\t\t<-stop\n\t\t\t\tstopped <- true\n\t\t\t}()\n\t\t}\n\t\tfor range 99 {\n\t\t\tstop <- true\n\t\t\t<-stopped\n\t\t}\n\t}\n\tfmt.Println(\"done\")\n}\n";
    let path = program("goroutines_at_limit.mgo", source);
    for flags in ["--procs=1", "--seed=1", "--seed=2 --sched=random"] {
        let over = run(&format!("{flags} --max-goroutines=99"), &path);
        assert_eq!((over.stdout.as_str(), over.exit), ("", Ok(125)), "{flags}");
    }
    // One that has answered may not have ended when the next ones are started.
    for flags in ["--procs=1", "--procs=4", "--seed=1"] {
        let within = run(&format!("{flags} --max-goroutines=110"), &path);
        assert_eq!(within.exit, Ok(0), "{flags}: {within:?}");
        assert_eq!(within.stdout, "done\n", "{flags}");
    }
}

#[test]
fn the_heap_grows_to_nine_tenths_of_the_limit_and_not_beyond() {
    const LIMIT: u64 = 32 << 20;
    for (name, size) in [
        ("small.mgo", 40),
        ("middle.mgo", 1000),
        ("large.mgo", 60_000),
    ] {
        let source = format!(
            "package main\n\nimport \"os\"\n\ntype node struct {{\n\tnext *node\n\tdata [{size} / 8]int\n}}\n\nfunc main() {{\n\tvar list *node\n\ttotal := 0\n\tfor {{\n\t\tlist = &node{{next: list}}\n\t\ttotal += {size} + 8\n\t\tif total >> 18 != (total - {size} - 8) >> 18 {{\n\t\t\tos.Stdout.WriteString(string(rune('a' + total >> 18 % 26)))\n\t\t}}\n\t}}\n}}\n"
        );
        let path = program(name, &source);
        for procs in [1, 4] {
            let run = run(&format!("--procs={procs} --max-heap=32M"), &path);
            assert_eq!(run.exit, Ok(125), "{run:?}");
            // A letter each 256 KiB.
            let reached = (run.stdout.len() as u64) << 18;
            assert!(
                (LIMIT / 10 * 9..=LIMIT).contains(&reached),
                "{name}, P={procs}: {reached} of {LIMIT} bytes"
            );
        }
    }
    // The heap stores objects in sizes that are at most an eighth apart, and large ones as they are.
    for (name, sizes) in [
        ("just_over_half_a_block.mgo", "33_000"),
        ("just_over_a_block.mgo", "65_537"),
        ("awkward.mgo", "17_000, 22_100, 26_000"),
        (
            "many.mgo",
            "16, 33_000, 112, 70_000, 5000, 1000, 300_000, 48, 66_000, 9000, 1500, 640, 160, 3000",
        ),
        ("megabytes.mgo", "1 << 20, 100_000"),
    ] {
        let path = program(name, &KEEPER.replace("SIZES", sizes));
        for procs in [1, 4] {
            let run = run(&format!("--procs={procs} --max-heap=32M"), &path);
            assert_eq!(run.exit, Ok(125), "{run:?}");
            let reached = (run.stdout.len() as u64) << 18;
            assert!(
                (LIMIT / 100 * 87..=LIMIT).contains(&reached),
                "{name}, P={procs}: {reached} of {LIMIT} bytes"
            );
        }
    }
}

/// Keeps objects of these sizes, and prints a letter for each 256 KiB.
const KEEPER: &str = r#"package main

import "os"

type list struct {
	next  *list
	bytes []byte
}

func main() {
	sizes := []int{SIZES}
	var kept *list
	total, told := 0, 0
	for i := 0; ; i++ {
		size := sizes[i%len(sizes)]
		kept = &list{kept, make([]byte, size)}
		total += size + 32
		for ; told < total>>18; told++ {
			os.Stdout.WriteString("k")
		}
	}
}
"#;

#[test]
fn garbage_does_not_count_for_the_limit_of_the_heap() {
    for (name, source) in [
        (
            "garbage.mgo",
            "package main\n\nvar kept []byte\n\nfunc main() {\n\tvar list [][]byte\n\tfor range 24 {\n\t\tlist = append(list, make([]byte, 1<<20))\n\t}\n\tfor range 1000 {\n\t\tkept = make([]byte, 1<<20)\n\t}\n\tprintln(len(list))\n}\n",
        ),
        (
            "garbage_of_all_sizes.mgo",
            "package main\n\nvar kept []byte\n\nfunc main() {\n\tvar list [][]byte\n\tfor i := range 2400 {\n\t\tlist = append(list, make([]byte, 6000+i))\n\t}\n\tfor i := range 10000 {\n\t\tkept = make([]byte, i*7919%100000)\n\t}\n\tprintln(len(list) / 100)\n}\n",
        ),
        // Nine tenths are dropped in favour of others, for which there is room only then.
        (
            "exchange.mgo",
            "package main\n\nfunc round(size int) {\n\tkept := make([]byte, 27<<20+size<<16)\n\tkept[0] = 1\n}\n\nfunc main() {\n\tfor size := range 24 {\n\t\tround(size)\n\t}\n\tprintln(24)\n}\n",
        ),
        (
            "exchange_of_maps.mgo",
            "package main\n\nfunc round(n int) {\n\tm := map[int]int{}\n\tfor i := range 150_000 + n {\n\t\tm[i] = n\n\t}\n\tm = make(map[int]int, 300_000)\n\tm[1] = 1\n}\n\nfunc main() {\n\tfor n := range 24 {\n\t\tround(n)\n\t}\n\tprintln(24)\n}\n",
        ),
        (
            "exchange_of_strings.mgo",
            "package main\n\nimport \"strings\"\n\nfunc round(n int) int {\n\ts := strings.Repeat(\"x\", 10<<20+n)\n\ts += s[:n]\n\treturn len(s)\n}\n\nfunc main() {\n\tfor n := range 24 {\n\t\tif round(n) == 0 {\n\t\t\treturn\n\t\t}\n\t}\n\tprintln(24)\n}\n",
        ),
    ] {
        let path = program(name, source);
        for procs in [1, 4] {
            let run = run(&format!("--procs={procs} --max-heap=32M"), &path);
            assert_eq!((run.exit, run.stderr.as_str()), (Ok(0), "24\n"), "{name}");
        }
    }
    // Sparse memory counts in the end: of each size one object a block stays alive.
    let path = program(
        "sparse.mgo",
        "package main\n\nfunc main() {\n\tvar kept [][]byte\n\tfor size := 32; ; size = size*9/8 + 16 {\n\t\tvar all [][]byte\n\t\tfor range 20 << 20 / size {\n\t\t\tall = append(all, make([]byte, size))\n\t\t}\n\t\tfor i := 0; i < len(all); i += max(1, 65536/size) {\n\t\t\tkept = append(kept, all[i])\n\t\t}\n\t}\n}\n",
    );
    assert_eq!(run("--max-heap=32M", &path).exit, Ok(125));
}

#[test]
fn time_is_not_over_too_early() {
    let spinner = program(
        "time.mgo",
        "package main\n\nfunc main() {\n\tfor {\n\t}\n}\n",
    );
    let sleeper = program(
        "time_asleep.mgo",
        "package main\n\nimport \"time\"\n\nfunc main() { time.Sleep(time.Hour) }\n",
    );
    for path in [spinner, sleeper] {
        let start = Instant::now();
        let over = run("--timeout=500ms", &path);
        // How late it may be depends on what else the computer does.
        assert_eq!(over.exit, Ok(124), "{over:?}");
        assert!(start.elapsed() >= Duration::from_millis(450), "{over:?}");
    }
    let quick = program("time_enough.mgo", "package main\n\nfunc main() {}\n");
    assert_eq!(run("--timeout=1m", &quick).exit, Ok(0));
}

/// Goroutines wait in system calls, each of which holds a thread.
const READERS: &str = r#"package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

func main() {
	fmt.Println(debug.SetMaxThreads(12), debug.SetMaxThreads(12))
	for range 30 {
		r, _, err := os.Pipe()
		if err != nil {
			panic(err)
		}
		go r.Read(make([]byte, 1))
		time.Sleep(time.Millisecond)
	}
	select {}
}
"#;

#[test]
fn threads_are_limited_as_in_go() {
    let path = program("threads.mgo", READERS);
    for flags in ["--procs=1", "--procs=2"] {
        let run = run(flags, &path);
        assert_eq!(
            (run.stdout.as_str(), run.stderr.as_str(), &run.exit),
            (
                "10000 12\n",
                "runtime: program exceeds 12-thread limit\nfatal error: thread exhaustion\n",
                &Ok(2)
            ),
            "{flags}"
        );
    }
}

#[test]
fn nothing_outside_is_reached_without_leave() {
    for (code, what) in [
        ("os.ReadFile(\"/etc/passwd\")", "use files (--allow=fs)"),
        ("os.Mkdir(\"new\", 0o700)", "use files (--allow=fs)"),
        ("os.Stat(\"/\")", "use files (--allow=fs)"),
        ("os.Truncate(\"x\", 0)", "use files (--allow=fs)"),
        (
            "fs.ReadFile(os.DirFS(\"/etc\"), \"passwd\")",
            "use files (--allow=fs)",
        ),
        ("filepath.Glob(\"/*\")", "use files (--allow=fs)"),
        ("os.Getenv(\"HOME\")", "use the environment (--allow=env)"),
        ("os.UserHomeDir()", "use the environment (--allow=env)"),
        (
            "net.Dial(\"tcp\", \"127.0.0.1:1\")",
            "use the network (--allow=net)",
        ),
        (
            "net.Listen(\"unix\", \"socket\")",
            "use the network (--allow=net)",
        ),
        (
            "net.LookupHost(\"localhost\")",
            "use the network (--allow=net)",
        ),
        (
            "p, _ := os.FindProcess(os.Getppid())\np.Signal(syscall.Signal(0))",
            "send signals to other processes (no --allow)",
        ),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_minigo"));
        command.args(["--allow=none", "-e", code]);
        let run = super::process::run(&mut command, super::LIMIT).expect("minigo starts");
        assert_eq!(
            (run.stdout.as_str(), run.stderr, run.exit),
            ("", format!("minigo: the program may not {what}\n"), Ok(125)),
            "{code}"
        );
    }
}

#[test]
fn scheddetail_tells_of_processors_machines_and_goroutines() {
    let source = "package main\n\nimport \"time\"\n\nfunc main() {\n\tgo func() { select {} }()\n\tgo func() {\n\t\tfor {\n\t\t}\n\t}()\n\ttime.Sleep(200 * time.Millisecond)\n}\n";
    let path = program("detail.mgo", source);
    let run = run_with(
        &[("GODEBUG", "schedtrace=20,scheddetail=1")],
        "--procs=2",
        &path,
    );
    assert_eq!(run.exit, Ok(0), "{run:?}");
    for (start, key) in [
        ("SCHED ", " gcwaiting="),
        ("  P0: status=", " schedtick="),
        ("  P1: status=", " timerslen="),
        ("  M0: p=", " curg="),
        ("  G1: status=", " lockedm=nil"),
        ("  G", ": status=4(select (no cases)) m=nil lockedm=nil"),
        ("  G", ": status=4(sleep) m=nil lockedm=nil"),
    ] {
        assert!(
            run.stderr
                .lines()
                .any(|line| line.starts_with(start) && line.contains(key)),
            "no line with {start:?} and {key:?} in\n{}",
            run.stderr
        );
    }
    assert_eq!(number(&run.stderr, "gomaxprocs="), 2);
}

#[test]
fn without_stealing_each_processor_keeps_what_it_has() {
    let source = "package main\n\nimport (\n\t\"fmt\"\n\t\"sync\"\n)\n\nfunc work(n int) int {\n\tif n < 2 {\n\t\treturn n\n\t}\n\treturn work(n-1) + work(n-2)\n}\n\nfunc main() {\n\tvar group sync.WaitGroup\n\tsums := make([]int, 100)\n\tfor i := range sums {\n\t\tgroup.Go(func() { sums[i] = work(15) })\n\t}\n\tgroup.Wait()\n\ttotal := 0\n\tfor _, sum := range sums {\n\t\ttotal += sum\n\t}\n\tfmt.Println(total)\n}\n";
    let path = program("stealing.mgo", source);
    for (flags, steals) in [
        ("--procs=4 --steal=off", Some(" 0 goroutines in 0 steals")),
        ("--procs=1 --steal=on", Some(" 0 goroutines in 0 steals")),
        ("--procs=4 --steal=on", None),
    ] {
        let run = run(&format!("{flags} --stats"), &path);
        assert_eq!(
            (run.stdout.as_str(), &run.exit),
            ("61000\n", &Ok(0)),
            "{flags}"
        );
        if let Some(steals) = steals {
            assert!(run.stderr.contains(steals), "{flags}: {}", run.stderr);
        }
    }
}

/// Programs that use nothing of the library, so that the number of their safepoints changes with nothing but the language's own rules.
const HASHED: &[(&str, &str)] = &[
    (
        "hashed_channels.mgo",
        "package main\n\nfunc main() {\n\tc, done := make(chan int), make(chan int, 1)\n\tfor g := range 4 {\n\t\tgo func() {\n\t\t\tfor i := range 50 {\n\t\t\t\tselect {\n\t\t\t\tcase c <- g*100 + i:\n\t\t\t\tcase done <- i:\n\t\t\t\t}\n\t\t\t}\n\t\t}()\n\t}\n\tfor range 200 {\n\t\tselect {\n\t\tcase <-c:\n\t\tcase <-done:\n\t\t}\n\t}\n}\n",
    ),
    (
        "hashed_loops.mgo",
        "package main\n\nfunc f(n int) int {\n\tif n < 2 {\n\t\treturn n\n\t}\n\treturn f(n-1) + f(n-2)\n}\n\nfunc main() {\n\tc := make(chan int)\n\tfor g := range 3 {\n\t\tgo func() {\n\t\t\tfor i := 0; i < 20000; i++ {\n\t\t\t}\n\t\t\tc <- f(12 + g)\n\t\t}()\n\t}\n\tfor range 3 {\n\t\t<-c\n\t}\n}\n",
    ),
];

/// A debug build and a release build, on any computer, make the same choices: the hashes stand here. A change of the scheduler's choices, or of
/// what counts as a safepoint, changes them, and seeds that people have noted then mean something else.
#[test]
fn schedules_are_the_same_in_every_build() {
    let mut found = String::new();
    for &(name, source) in HASHED {
        let path = program(name, source);
        for policy in ["go", "random", "fifo", "pct"] {
            let run = run(&format!("--seed=7 --sched={policy} --sched-hash"), &path);
            assert_eq!(run.exit, Ok(0), "{run:?}");
            found.push_str(&format!("{name} {policy}: {}", run.stderr));
        }
    }
    assert_eq!(found, HASHES);
}

const HASHES: &str = "hashed_channels.mgo go: schedule hash 093bb874ba89cf55 after 401 steps\n\
hashed_channels.mgo random: schedule hash 8d6dc0c2f2a63949 after 401 steps\n\
hashed_channels.mgo fifo: schedule hash c2399c8fa7cacd24 after 401 steps\n\
hashed_channels.mgo pct: schedule hash 9665a0d95dc9e3df after 401 steps\n\
hashed_loops.mgo go: schedule hash 31d38aaf0d62e3aa after 62441 steps\n\
hashed_loops.mgo random: schedule hash bc03987b464667c1 after 62441 steps\n\
hashed_loops.mgo fifo: schedule hash e8e39ff90eea8dec after 62441 steps\n\
hashed_loops.mgo pct: schedule hash 452fc60c43e95f30 after 62441 steps\n";
