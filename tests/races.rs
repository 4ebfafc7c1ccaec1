//! Programs that race on purpose: nothing that a program does may crash the machine or hang it, and what a goroutine reads is
//! a value that some goroutine wrote.
//!
//! A program has variables of every kind (package-level, captured, fields, elements), and goroutines that assign, change, copy, append to, call and check
//! them in random order without any synchronisation. Strings, slices and interfaces never tear; of what is larger each part is
//! whole. It ends with `whole`, or with one of the fatal errors that Go has for races.
//!
//! ```sh
//! cargo test --test races                                                                    # a few dozen
//! MINIGO_MINUTES=30 cargo test --release --test races -- --ignored long --nocapture          # as long as wished
//! MINIGO_PROGRAMS=20 cargo test --release --test races -- --ignored valgrind --nocapture     # under valgrind
//! MINIGO_SEED=17 cargo test --test races -- --ignored show --nocapture                       # prints the program of a seed
//! ```

#[path = "harness/process.rs"]
mod process;
// Of the choices only some are needed here.
#[allow(dead_code)]
#[path = "generator/random.rs"]
mod random;

use process::Run;
use random::Random;
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A run that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// Programs of the trial that always runs.
const PROGRAMS: u64 = 40;

/// How values of a type are made from a number `n`, and how they are checked.
struct Kind {
    ty: &'static str,
    made: &'static str,
    check: &'static str,
    /// What else may be done: `x` and `y` are places of the type, `n` a number below 50.
    uses: &'static [&'static str],
}

const KINDS: &[Kind] = &[
    Kind {
        ty: "int",
        made: "n",
        check: "checkInt(x)",
        uses: &["x, y = y, x", "if x < 90 { x = (x + 1) % 90 }"],
    },
    Kind {
        ty: "string",
        made: "text(n)",
        check: "checkText(x)",
        uses: &[
            "x, y = y, x",
            "_ = x + y",
            "_ = x[len(x)/2:]",
            "if x == y { checkText(x) }",
            "b := []byte(x); if len(b) > 0 { b[0] = 'z' }",
            "for i, r := range x { _, _ = i, r }",
            "if x > y { x = y }",
        ],
    },
    Kind {
        ty: "[]int",
        made: "ints(n)",
        check: "checkInts(x)",
        uses: &[
            "x, y = y, x",
            "x = append(x, n)",
            "x = append(x, y...); if len(x) > 200 { x = nil }",
            "x = x[len(x)/2:]",
            "x = x[:cap(x)]; checkInts(x); if len(x) > 200 { x = nil }",
            "x[n] = n",
            "x[len(x)-1]++; x[len(x)-1] = n",
            "copy(x, y)",
            "clear(x)",
            "x = slices.Clone(y)",
            "a := [4]int(x); checkInt(a[3])",
            "for i := range x { x[i] = n }",
        ],
    },
    Kind {
        ty: "any",
        made: "value(n)",
        check: "checkAny(x)",
        uses: &[
            "x, y = y, x",
            "_ = x == y",
            "_ = x.(int)",
            "s, _ := x.(string); checkText(s)",
            "m := map[any]int{}; m[x] = n; m[y]++",
            "_ = fmt.Sprint(x)",
        ],
    },
    Kind {
        ty: "*node",
        made: "&node{id: n, name: text(n), next: y, list: ints(n)}",
        check: "checkNode(x)",
        uses: &[
            "x, y = y, x",
            "x.name = text(n)",
            "x.list = append(x.list, n)",
            "x.any = text(n)",
            "x.any = n",
            "*x = *y",
            "x.next = nil",
            "*x, *y = *y, *x",
            "p := &x.name; *p = text(n)",
            "p := &x.list[0]; *p = n",
        ],
    },
    Kind {
        ty: "func() int",
        made: "func() int { return n }",
        check: "checkFunc(x)",
        uses: &[
            "x, y = y, x",
            "k := n; x = func() int { k = (k + 1) % 100; return k }",
        ],
    },
    Kind {
        ty: "record",
        made: "madeRecord(n)",
        check: "checkRecord(x)",
        uses: &[
            "x, y = y, x",
            "x.arr[n%3] = text(n)",
            "x.arr = y.arr",
            "x.v = y",
            "p := &x; p.list = ints(n); checkRecord(*p)",
            "_ = x.arr == y.arr",
            "x.p.id = n",
        ],
    },
    Kind {
        ty: "[]any",
        made: "[]any{value(n), value(n + 1), value(n + 2)}",
        check: "for _, v := range x { checkAny(v) }",
        uses: &[
            "x, y = y, x",
            "x[n%3] = value(n)",
            "x = append(x, value(n)); if len(x) > 50 { x = nil }",
            "copy(x, y)",
            "x = x[1:]",
        ],
    },
    Kind {
        ty: "[]record",
        made: "[]record{madeRecord(n), madeRecord(n + 1)}",
        check: "for _, v := range x { checkRecord(v) }",
        uses: &[
            "x, y = y, x",
            "x[n%2].s = text(n)",
            "x[0] = x[1]",
            "x = append(x, madeRecord(n)); if len(x) > 20 { x = nil }",
        ],
    },
    Kind {
        ty: "[3]string",
        made: "[3]string{text(n), text(n), text(n)}",
        check: "checkArray(x)",
        uses: &[
            "x, y = y, x",
            "x[n%3] = text(n)",
            "for i := range x { y[i] = x[i] }",
        ],
    },
    Kind {
        ty: "chan any",
        made: "make(chan any, n%4)",
        check: "select { case v := <-x: checkAny(v); default: }",
        uses: &[
            "x, y = y, x",
            "select { case x <- value(n): default: }",
            "select { case x <- value(n): case v := <-y: checkAny(v); default: }",
            "if n == 7 { close(x) }",
            "_ = len(x) + cap(y)",
        ],
    },
    Kind {
        ty: "chan chan string",
        made: "make(chan chan string, 2)",
        check: "select { case c := <-x: select { case s := <-c: checkText(s); default: }; default: }",
        uses: &[
            "x, y = y, x",
            "c := make(chan string, 1); c <- text(n); select { case x <- c: default: }",
            "if n == 7 { close(x) }",
        ],
    },
];

/// Races for maps are found out, which ends the program: they have programs of their own.
const MAPS: &[Kind] = &[
    Kind {
        ty: "map[string]int",
        made: "map[string]int{text(n): n}",
        check: "for k, v := range x { checkText(k); checkInt(v) }",
        uses: &[
            "x, y = y, x",
            "if x != nil { x[text(n)] = n }",
            "checkInt(x[text(n)])",
            "delete(x, text(n))",
            "clear(x)",
            "_ = len(x)",
        ],
    },
    Kind {
        ty: "map[any]record",
        made: "map[any]record{n: madeRecord(n), text(n): madeRecord(n)}",
        check: "for k, v := range x { checkAny(k); checkRecord(v) }",
        uses: &[
            "x, y = y, x",
            "if x != nil { x[n] = madeRecord(n) }",
            "checkRecord(x[text(n)])",
            "delete(x, n)",
        ],
    },
];

/// The program of a seed.
fn program(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut kinds: Vec<&Kind> = (0..random.range(1, 4))
        .map(|_| random.pick(KINDS))
        .collect();
    if random.chance(15) {
        kinds.push(random.pick(MAPS));
    }
    let mut out = String::from(
        "package main\n\nimport (\"fmt\"; \"os\"; \"runtime\"; \"slices\"; \"strings\"; \"sync\")\n\nvar _ = slices.Clone[[]int]\n\n",
    );
    out.push_str("type holder struct {\n");
    for (i, kind) in kinds.iter().enumerate() {
        let _ = writeln!(out, "\tfield{i} {}", kind.ty);
    }
    out.push_str("}\n\n");
    for (i, kind) in kinds.iter().enumerate() {
        let _ = writeln!(out, "var global{i} {0}\nvar array{i} [4]{0}\n", kind.ty);
    }
    out.push_str("var shared holder\n\nfunc main() {\n\theld := &holder{}\n");
    for (i, kind) in kinds.iter().enumerate() {
        let _ = writeln!(
            out,
            "\tvar captured{i} {0}\n\tslice{i} := make([]{0}, 3)\n\t_, _, _ = captured{i}, slice{i}, held",
            kind.ty
        );
    }
    out.push_str("\tvar wg sync.WaitGroup\n");
    for _ in 0..random.range(2, 9) {
        let rounds = random.range(20, 120);
        let _ = writeln!(out, "\twg.Go(func() {{\n\t\tfor round := range {rounds} {{");
        for _ in 0..random.range(2, 8) {
            let i = random.below(kinds.len());
            let kind = kinds[i];
            let statement = match random.below(8) {
                0..3 => format!("x = {}", kind.made),
                3..5 => kind.check.to_string(),
                _ => random.pick(kind.uses).to_string(),
            };
            let (x, y) = (place(&mut random, i), place(&mut random, i));
            let n = format!("(round*{}+{})%50", random.range(1, 13), random.below(50));
            let _ = writeln!(
                out,
                "\t\t\ttry(func() {{ n := {n}; _ = n; {} }})",
                with_places(&statement, &x, &y)
            );
        }
        match random.below(12) {
            0 => out.push_str("\t\t\tif round%20 == 0 { runtime.GC() }\n"),
            1 => out.push_str("\t\t\truntime.Gosched()\n"),
            2 => out.push_str("\t\t\tif round%30 == 0 { runtime.GOMAXPROCS(1 + round%8) }\n"),
            _ => {}
        }
        out.push_str("\t\t}\n\t})\n");
    }
    out.push_str("\twg.Wait()\n\tfmt.Println(\"whole\")\n}\n\n");
    out.push_str(include_str!("races/prelude.mgo"));
    out
}

/// A variable of the i-th kind.
fn place(random: &mut Random, i: usize) -> String {
    match random.below(6) {
        0 => format!("global{i}"),
        1 => format!("array{i}[{}]", random.below(4)),
        2 => format!("shared.field{i}"),
        3 => format!("held.field{i}"),
        4 => format!("slice{i}[{}]", random.below(3)),
        _ => format!("captured{i}"),
    }
}

/// The statement with places for the words `x` and `y`.
fn with_places(statement: &str, x: &str, y: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    let flush = |word: &mut String, out: &mut String| {
        out.push_str(match word.as_str() {
            "x" => x,
            "y" => y,
            other => other,
        });
        word.clear();
    };
    for c in statement.chars() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
        } else {
            flush(&mut word, &mut out);
            out.push(c);
        }
    }
    flush(&mut word, &mut out);
    out
}

/// Fatal errors that Go has for races, too.
const LEGAL: &[&str] = &[
    "fatal error: concurrent map read and map write",
    "fatal error: concurrent map writes",
    "fatal error: concurrent map iteration and map write",
];

fn is_legal(run: &Run) -> bool {
    match run.exit {
        Ok(0) => run.stdout == "whole\n" && run.stderr.is_empty(),
        Ok(2) => LEGAL.iter().any(|line| run.stderr.starts_with(line)),
        _ => false,
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(otherwise)
}

fn file(seed: u64) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("races");
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(format!("{seed}.mgo"));
    fs::write(&path, program(seed)).expect("a file");
    path
}

/// Runs the program of a seed: a collection at every `collect`-th allocation, or as the heap grows.
fn survives(seed: u64, collect: Option<u32>, runner: &[&str]) {
    let path = file(seed);
    let mut command = match runner {
        [] => Command::new(env!("CARGO_BIN_EXE_minigo")),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(env!("CARGO_BIN_EXE_minigo"));
            command
        }
    };
    command.arg("run").arg(&path).env("GOMAXPROCS", "8");
    if let Some(every) = collect {
        command.env("MINIGO_GCSTRESS", every.to_string());
    }
    let run = process::run(&mut command, LIMIT).expect("minigo starts");
    assert!(
        is_legal(&run),
        "seed {seed}, {}, a collection at every {collect:?} allocation: exit {:?}\n{}{}",
        path.display(),
        run.exit,
        run.stdout,
        run.stderr.chars().take(4000).collect::<String>()
    );
    fs::remove_file(path).expect("the file goes");
}

#[test]
fn racing_programs_see_whole_values() {
    for seed in 1..=PROGRAMS {
        survives(seed, None, &[]);
        if seed.is_multiple_of(4) {
            survives(seed, Some(50), &[]);
        }
    }
}

#[test]
#[ignore = "runs for MINIGO_MINUTES"]
fn long() {
    let end = Instant::now() + Duration::from_secs(60 * number("MINIGO_MINUTES", 30));
    let first = number("MINIGO_SEED", 1000);
    let mut seed = first;
    while Instant::now() < end {
        survives(seed, None, &[]);
        survives(seed, Some(20), &[]);
        seed += 1;
        if seed.is_multiple_of(100) {
            println!("{} programs", seed - first);
        }
    }
    println!("{} programs, seeds from {first}", seed - first);
}

#[test]
#[ignore = "needs valgrind, and minutes"]
fn valgrind() {
    let first = number("MINIGO_SEED", 1000);
    for seed in first..first + number("MINIGO_PROGRAMS", 10) {
        survives(seed, Some(200), &["valgrind", "-q", "--error-exitcode=99"]);
    }
}

#[test]
#[ignore = "prints a program"]
fn show() {
    println!("{}", program(number("MINIGO_SEED", 1)));
}
