//! Programs that no one writes: nested as deep as a file allows, with a thousand times more of everything, with types and constants larger than any
//! memory. Each is smaller than 1 MB, and minigo compiles it or says in a sentence why not, within a limit of memory and without a crash.
//!
//! What runs long in a build without optimisation is not made longer than needed: that nothing is quadratic shows in `growth`, ignored by
//! default, which counts instructions for inputs of doubling size with valgrind:
//!
//! ```sh
//! cargo test --test hostile                                            # all inputs survive
//! cargo test --release --test hostile -- --ignored growth --nocapture  # instructions for each doubling
//! cargo test --release --test hostile -- --ignored speed --nocapture   # lines a second, parse to verified bytecode
//! ```

#[path = "harness/process.rs"]
mod process;

use libtest_mimic::{Arguments, Failed, Trial};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(300);

/// KiB of address space for one run: the compiler's stack of 512 MiB and the heap's reserve are in it.
const MEMORY: u64 = 8 << 20;

/// An input of a size: its name, the size that the trial uses, and what makes it.
type Input = (&'static str, usize, fn(usize) -> String);

/// Nesting of every construct, up to and beyond what the parser takes.
const DEEP: &[Input] = &[
    ("parentheses", 100_000, |n| {
        body(&format!("x := {}; _ = x", nest("(", "1", ")", n)))
    }),
    ("minus", 100_000, |n| {
        body(&format!("x := 1; x = {}x; _ = x", "- ".repeat(n)))
    }),
    ("not", 100_000, |n| {
        body(&format!("x := true; x = {}x; _ = x", "!".repeat(n)))
    }),
    ("pointers", 100_000, |n| {
        of_type(&format!("{}int", "*".repeat(n)))
    }),
    ("slices", 100_000, |n| {
        of_type(&format!("{}int", "[]".repeat(n)))
    }),
    ("maps", 100_000, |n| {
        of_type(&format!("{}int", "map[int]".repeat(n)))
    }),
    ("channels", 100_000, |n| {
        of_type(&format!("{}int", "chan ".repeat(n)))
    }),
    ("functions", 100_000, |n| {
        of_type(&format!("{}int", "func() ".repeat(n)))
    }),
    ("parameters", 100_000, |n| {
        of_type(&nest("func(", "int", ")", n))
    }),
    ("structs", 50_000, |n| {
        of_type(&nest("struct{a ", "int", "}", n))
    }),
    ("structs_below_the_limit", 3_000, |n| {
        of_type(&nest("struct{a ", "int", "}", n))
    }),
    ("interfaces", 50_000, |n| {
        of_type(&nest("interface{M() ", "int", "}", n))
    }),
    ("blocks", 100_000, |n| body(&nest("{", "", "}", n))),
    ("blocks_below_the_limit", 4_000, |n| {
        body(&nest("{", "println(1)", "}", n))
    }),
    ("ifs", 50_000, |n| body(&nest("if true {", "", "}", n))),
    ("ifs_below_the_limit", 3_000, |n| {
        body(&nest("if true {", "", "}", n))
    }),
    ("else_ifs", 30_000, |n| {
        body(&format!("x := 1\n{}{{}}", "if x == 2 { } else ".repeat(n)))
    }),
    ("else_ifs_below_the_limit", 3_000, |n| {
        body(&format!("x := 1\n{}{{}}", "if x == 2 { } else ".repeat(n)))
    }),
    ("loops", 3_000, |n| body(&nest("for {", "return", "}", n))),
    ("switches", 3_000, |n| {
        body(&format!(
            "x := 1\n{}",
            nest("switch x { case 1: ", "", "}", n)
        ))
    }),
    ("closures", 2_000, |n| {
        body(&format!(
            "x := 1\n{}\nprintln(x)",
            nest("func() { ", "x++", " }()", n)
        ))
    }),
    ("range_functions", 300, |n| {
        format!(
            "func seq(y func(int) bool) {{ y(1) }}\n{}",
            body(&nest("for range seq {", "println(1)", "}", n))
        )
    }),
    ("calls", 100_000, |n| {
        format!(
            "func f(x int) int {{ return x }}\n{}",
            body(&format!("println({})", nest("f(", "1", ")", n)))
        )
    }),
    ("indices", 3_000, |n| {
        body(&format!(
            "x := []int{{0}}; println({})",
            nest("x[", "0", "]", n)
        ))
    }),
    ("selectors", 100_000, |n| {
        format!(
            "type T struct{{ t *T }}\n{}",
            body(&format!("x := &T{{}}; x.t = x; x = x{}", ".t".repeat(n)))
        )
    }),
    ("method_calls", 9_000, |n| {
        format!(
            "type T struct{{}}\nfunc (t *T) m() *T {{ return t }}\n{}",
            body(&format!("x := &T{{}}; x{}", ".m()".repeat(n)))
        )
    }),
    ("function_calls", 3_000, |n| {
        format!(
            "type F func() F\nfunc f() F {{ return f }}\n{}",
            body(&format!("f{}", "()".repeat(n)))
        )
    }),
    ("composite_literals", 100_000, |n| {
        format!(
            "type T []T\n{}",
            body(&format!("x := T{}; println(len(x))", nest("{", "", "}", n)))
        )
    }),
    ("type_arguments", 3_000, |n| {
        format!(
            "type G[A any] struct{{ a A }}\n{}",
            of_type(&nest("G[", "int", "]", n))
        )
    }),
    ("closing_braces", 500_000, |n| body(&"}".repeat(n))),
    ("closing_parentheses", 500_000, |n| ")".repeat(n)),
    ("quotes", 500_000, |n| "\"".repeat(n)),
];

/// Much of everything, side by side.
const WIDE: &[Input] = &[
    ("sum", 100_000, |n| {
        body(&format!("x := 1; x = x{}; println(x)", " + x".repeat(n)))
    }),
    ("constant_sum", 100_000, |n| {
        body(&format!("x := 1{}; println(x)", " + 1".repeat(n)))
    }),
    ("string_sum", 50_000, |n| {
        body(&format!(
            "y := \"a\"; x := y{}; println(len(x))",
            " + y".repeat(n)
        ))
    }),
    ("conjunction", 50_000, |n| {
        body(&format!(
            "y := true; x := y{}; println(x)",
            " && y".repeat(n)
        ))
    }),
    ("variables", 10_000, |n| {
        body(&each(n, |i| format!("x{i} := {i}\n_ = x{i}\n")))
    }),
    ("variables_at_once", 5_000, |n| {
        body(&format!(
            "{} := {}\n_ = x1",
            list(n, |i| format!("x{i}")),
            list(n, |i| i.to_string())
        ))
    }),
    ("statements", 50_000, |n| {
        body(&format!(
            "x := 0\n{}println(x)",
            each(n, |i| format!("x += {i}\n"))
        ))
    }),
    ("cases", 10_000, |n| {
        body(&format!(
            "x := 1\nswitch x {{\n{}}}",
            each(n, |i| format!("case {i}: println({i})\n"))
        ))
    }),
    ("string_cases", 10_000, |n| {
        body(&format!(
            "x := \"1\"\nswitch x {{\n{}}}",
            each(n, |i| format!("case \"{i}\": println({i})\n"))
        ))
    }),
    ("type_cases", 5_000, |n| {
        body(&format!(
            "var x any = 1\nswitch x.(type) {{\n{}}}",
            each(n, |i| format!("case [{i}]int:\n"))
        ))
    }),
    ("select_cases", 10_000, |n| {
        body(&format!(
            "c := make(chan int, 1)\nselect {{\n{}}}",
            "case c <- 1:\n".repeat(n)
        ))
    }),
    ("elements", 50_000, |n| {
        body(&format!(
            "x := []int{{{}}}\nprintln(len(x))",
            list(n, |i| i.to_string())
        ))
    }),
    ("string_elements", 30_000, |n| {
        body(&format!(
            "x := []string{{{}}}\nprintln(len(x))",
            list(n, |i| format!("\"{i}\""))
        ))
    }),
    ("array_elements", 50_000, |n| {
        body(&format!(
            "x := [...]int{{{}}}\nprintln(len(x))",
            list(n, |i| i.to_string())
        ))
    }),
    ("map_elements", 20_000, |n| {
        body(&format!(
            "x := map[int]int{{{}}}\nprintln(len(x))",
            list(n, |i| format!("{i}: {i}"))
        ))
    }),
    ("fields", 20_000, |n| {
        format!(
            "type T struct {{\n{}}}\n{}",
            each(n, |i| format!("f{i} int\n")),
            body("var x T; println(x.f1)")
        )
    }),
    ("selectors", 5_000, |n| {
        format!(
            "type T struct {{\n{}}}\n{}",
            each(n, |i| format!("f{i} int\n")),
            body(&format!(
                "x := T{{{}}}\n{}",
                list(n, |i| format!("f{i}: {i}")),
                each(n, |i| format!("x.f{i}++\n"))
            ))
        )
    }),
    ("method_selectors", 5_000, |n| {
        format!(
            "type T int\n{}{}",
            each(n, |i| format!("func (T) M{i}() {{}}\n")),
            body(&format!("var x T\n{}", each(n, |i| format!("x.M{i}()\n"))))
        )
    }),
    ("methods", 10_000, |n| {
        format!(
            "type T int\n{}{}",
            each(n, |i| format!("func (T) M{i}() {{}}\n")),
            body("var x T; x.M1()")
        )
    }),
    ("interface_methods", 20_000, |n| {
        format!(
            "type T interface {{\n{}}}\n{}",
            each(n, |i| format!("M{i}()\n")),
            body("var x T; println(x == nil)")
        )
    }),
    ("embedded", 2_000, |n| {
        format!(
            "type T0 struct{{ a int }}\n{}{}",
            each(n, |i| format!("type T{} struct{{ T{i} }}\n", i + 1)),
            body(&format!("var x T{n}; println(x.a)"))
        )
    }),
    ("embedded_twice", 200, |n| {
        format!(
            "{}type T{n} struct{{ a int }}\ntype U{n} struct{{ b int }}\n{}",
            each(n, |i| format!(
                "type T{i} struct{{ *T{0}; *U{0} }}\ntype U{i} struct{{ *T{0}; *U{0} }}\n",
                i + 1
            )),
            body("var x T0; _ = x.a")
        )
    }),
    ("package_variables", 10_000, |n| {
        format!(
            "{}var x{n} = 1\n{}",
            each(n, |i| format!("var x{i} = x{}\n", i + 1)),
            body("println(x0)")
        )
    }),
    ("package_constants", 10_000, |n| {
        format!(
            "{}const x{n} = 1\n{}",
            each(n, |i| format!("const x{i} = x{}\n", i + 1)),
            body("println(x0)")
        )
    }),
    ("types", 10_000, |n| {
        format!(
            "{}type x{n} int\n{}",
            each(n, |i| format!("type x{i} x{}\n", i + 1)),
            body("var x x0; println(x)")
        )
    }),
    ("struct_types", 5_000, |n| {
        format!(
            "{}type x{n} int\n{}",
            each(n, |i| format!("type x{i} struct{{ f x{} }}\n", i + 1)),
            body("var x x0; _ = x")
        )
    }),
    ("functions_of_one", 10_000, |n| {
        format!(
            "{}{}",
            each(n, |i| format!("func f{i}() {{}}\n")),
            body(&each(n, |i| format!("f{i}()\n")))
        )
    }),
    ("captures", 5_000, |n| {
        body(&format!(
            "{}func() {{\n{}}}()",
            each(n, |i| format!("x{i} := {i}\n")),
            each(n, |i| format!("x{i}++\n"))
        ))
    }),
    ("functions", 10_000, |n| {
        format!(
            "{}func f{n}() {{}}\n{}",
            each(n, |i| format!("func f{i}() {{ f{}() }}\n", i + 1)),
            body("f0()")
        )
    }),
    ("forward_gotos", 10_000, |n| {
        body(&format!(
            "{}{}",
            each(n, |i| format!("if false {{ goto L{i} }}\n")),
            each(n, |i| format!("L{i}:\n"))
        ))
    }),
    ("labels", 10_000, |n| {
        body(&each(n, |i| format!("L{i}:\nif false {{ goto L{i} }}\n")))
    }),
    ("defers", 10_000, |n| body(&"defer func(){}()\n".repeat(n))),
    ("goroutines", 10_000, |n| body(&"go func(){}()\n".repeat(n))),
    ("errors", 20_000, |n| body(&"x = 1\n".repeat(n))),
    ("unused_imports", 20_000, |n| {
        format!("{}{}", "import \"fmt\"\n".repeat(n), body(""))
    }),
    ("parameters", 30_000, |n| {
        format!(
            "func f({}) {{}}\n{}",
            list(n, |i| format!("x{i} int")),
            body(&format!("f({})", list(n, |_| "1".into())))
        )
    }),
    ("results", 30_000, |n| {
        format!(
            "func f() ({}) {{ return {} }}\n{}",
            list(n, |_| "int".into()),
            list(n, |_| "1".into()),
            body("f()")
        )
    }),
    ("type_parameters", 10_000, |n| {
        format!(
            "func f[{}]() {{}}\n{}",
            list(n, |i| format!("T{i} any")),
            body("")
        )
    }),
    ("union", 20_000, |n| {
        format!(
            "type C interface {{ {} }}\nfunc f[T C]() {{}}\n{}",
            (0..n)
                .map(|i| format!("[{i}]int"))
                .collect::<Vec<_>>()
                .join(" | "),
            body("f[[3]int]()")
        )
    }),
    ("large_variables", 1_000, |n| {
        body(&each(n, |i| format!("var x{i} [1000]int\nx{i}[{i}] = 1\n")))
    }),
];

/// Small texts that mean something huge.
const HUGE: &[Input] = &[
    ("array", 0, |_| body("var x [1<<40]int; println(len(x))")),
    ("array_of_arrays", 0, |_| of_type("[1<<62][1<<62]int")),
    ("arrays_of_two", 60, |n| {
        of_type(&format!("{}int", "[2]".repeat(n)))
    }),
    ("new_array", 0, |_| {
        body("x := new([1<<40]int); println(len(x))")
    }),
    ("array_literal", 0, |_| {
        body("x := [...]int{1<<40: 1}; println(len(x))")
    }),
    ("slice_literal", 0, |_| {
        body("x := []int{1<<30: 1}; println(len(x))")
    }),
    ("large_array_by_value", 0, |_| {
        format!(
            "func f(x [1<<16]int) [1<<16]int {{ return x }}\n{}",
            body("var x [1<<16]int; println(len(f(x)))")
        )
    }),
    ("large_array_in_interface", 0, |_| {
        body("m := map[int][1<<20]int{}; m[1] = m[2]; var e any = m[1]; println(e == e)")
    }),
    ("struct_of_two", 70, |n| {
        format!(
            "type T0 struct{{ a int }}\n{}{}",
            each(n, |i| format!("type T{} struct{{ a, b T{i} }}\n", i + 1)),
            body("var x T65; _ = x")
        )
    }),
    ("struct_of_two_with_pointers", 30, |n| {
        format!(
            "type T0 struct{{ a *int }}\n{}{}",
            each(n, |i| format!("type T{} struct{{ a, b T{i} }}\n", i + 1)),
            body("var x T30; x.a = x.b; println(x == x)")
        )
    }),
    ("struct_with_array", 0, |_| {
        of_type("struct { a string; b [1<<50]string }")
    }),
    ("instance_of_two", 40, |n| {
        format!(
            "type P[A, B any] struct{{ a *A; b *B }}\ntype T0 = P[int, int]\n{}{}",
            each(n, |i| format!("type T{} = P[T{i}, T{i}]\n", i + 1)),
            body("var x T40; _ = x; var y any = x; println(y == y)")
        )
    }),
    ("instance_of_two_in_calls", 30, |n| {
        format!(
            "type P[A any] struct{{ a, b *A }}\n{}func f{n}[A any]() {{ var x any = *new(A); println(x == nil) }}\n{}",
            each(n, |i| format!(
                "func f{i}[A any]() {{ f{}[struct{{ a, b P[A] }}]() }}\n",
                i + 1
            )),
            body("f0[int]()")
        )
    }),
    ("instances_without_end", 0, |_| {
        format!(
            "type T[A any] struct{{ a A }}\nfunc f[A any](n int, a A) {{ if n > 0 {{ f(n-1, T[A]{{a}}) }} }}\n{}",
            body("f(3, 1)")
        )
    }),
    ("doubled_string", 30, |n| {
        format!(
            "const s0 = \"ab\"\n{}{}",
            each(n, |i| format!("const s{} = s{i} + s{i}\n", i + 1)),
            body("println(len(s20), s20[1<<20])")
        )
    }),
    ("shift", 0, |_| {
        format!(
            "const c = 1 << (1 << 20)\n{}",
            body("println(c >> (1 << 20))")
        )
    }),
    ("shift_by_more", 0, |_| {
        format!("const c = 1 << (1 << 62)\n{}", body(""))
    }),
    ("variable_shift", 0, |_| {
        body("x := 1; println(x << 100000000000000000000000)")
    }),
    ("squares", 60, |n| {
        format!(
            "const c0 = 1 << 500\n{}{}",
            each(n, |i| format!("const c{} = c{i} * c{i}\n", i + 1)),
            body("")
        )
    }),
    ("square_fractions", 100, |n| {
        format!(
            "const c0 = 1.1\n{}{}",
            each(n, |i| format!("const c{} = c{i} / 3.7 * c{i}\n", i + 1)),
            body("println(c5)")
        )
    }),
    ("product", 20_000, |n| {
        format!(
            "const c = 1.5{}\n{}",
            " * 3.3".repeat(n),
            body("println(c > 1)")
        )
    }),
    ("exponent", 0, |_| body("println(1e1000000000)")),
    ("negative_exponent", 0, |_| {
        format!("const c = 0x1p-1000000000\n{}", body("println(c == 0)"))
    }),
    ("digits", 900_000, |n| {
        format!("const c = {}\n{}", "9".repeat(n), body("println(c % 7)"))
    }),
    ("decimals", 900_000, |n| {
        format!("const c = 1.{}\n{}", "3".repeat(n), body("println(c)"))
    }),
    ("string", 900_000, |n| {
        body(&format!("println(len(\"{}\"))", "a".repeat(n)))
    }),
    ("name", 900_000, |n| {
        body(&format!("{} := 1", "a".repeat(n)))
    }),
];

fn body(statements: &str) -> String {
    format!("func main() {{ {statements}\n}}\n")
}

fn of_type(ty: &str) -> String {
    format!("type T {ty}\n{}", body("var x T; _ = x"))
}

fn nest(open: &str, inner: &str, close: &str, n: usize) -> String {
    format!("{}{inner}{}", open.repeat(n), close.repeat(n))
}

fn each(n: usize, line: impl Fn(usize) -> String) -> String {
    (0..n).map(line).collect()
}

fn list(n: usize, part: impl Fn(usize) -> String) -> String {
    (0..n).map(part).collect::<Vec<_>>().join(", ")
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (group, inputs) in [("deep", DEEP), ("wide", WIDE), ("huge", HUGE)] {
        for &(name, size, make) in inputs {
            let name = format!("{group}::{name}");
            trials.push(Trial::test(name.clone(), move || {
                survives(&name, &make(size))
            }));
        }
    }
    trials.push(Trial::test("growth", growth).with_ignored_flag(true));
    trials.push(Trial::test("speed", speed).with_ignored_flag(true));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The program of an input as a file.
fn file(name: &str, text: &str) -> Result<PathBuf, Failed> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile");
    fs::create_dir_all(&folder)?;
    let path = folder.join(name.replace("::", "_") + ".mgo");
    let text = format!("package main\n\n{text}");
    assert!(text.len() <= 1 << 20, "{name} has {} bytes", text.len());
    fs::write(&path, text)?;
    Ok(path)
}

/// Compiles and runs within the limit of memory, and ends as a program or a compiler ends.
fn survives(name: &str, text: &str) -> Result<(), Failed> {
    let path = file(name, text)?;
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            &format!("ulimit -v {MEMORY} && exec \"$0\" run \"$1\""),
        ])
        .arg(env!("CARGO_BIN_EXE_minigo"))
        .arg(&path)
        .env("GOMAXPROCS", "2");
    let run = process::run(&mut command, LIMIT)?;
    let _ = fs::remove_file(path);
    let said: String = run.stderr.chars().take(1000).collect();
    if !matches!(run.exit, Ok(0..=2)) || run.stderr.contains("panicked at") {
        return Err(format!("exit {:?}\n{said}", run.exit).into());
    }
    if run.exit != Ok(0) && said.is_empty() {
        return Err("a failure without a word".into());
    }
    Ok(())
}

/// Twice as much input takes about twice as many instructions.
fn growth() -> Result<(), Failed> {
    let least = instructions(&file("growth_least", &body(""))?)?;
    let mut steep = String::new();
    for &(name, size, make) in WIDE
        .iter()
        .chain(DEEP.iter().filter(|(name, _, _)| name.contains("below")))
    {
        let mut counts = Vec::new();
        for size in [size / 16, size / 8, size / 4] {
            let path = file(&format!("growth_{name}"), &make(size))?;
            counts.push(instructions(&path)?.saturating_sub(least).max(1));
        }
        let ratios: Vec<f64> = counts
            .windows(2)
            .map(|pair| pair[1] as f64 / pair[0] as f64)
            .collect();
        println!(
            "{name:30} {:>15} instructions at {:>6}, ratios {ratios:.2?}",
            counts[2],
            size / 4
        );
        if ratios[1] > 2.9 && counts[2] > 50_000_000 {
            writeln!(
                steep,
                "{name}: twice the input takes {:.2} times the instructions",
                ratios[1]
            )?;
        }
    }
    if steep.is_empty() {
        Ok(())
    } else {
        Err(steep.into())
    }
}

/// Instructions that compiling a program takes, as valgrind counts them.
fn instructions(path: &Path) -> Result<u64, Failed> {
    // A file of its own: valgrind renames one that is there, and would put one in the place of /dev/null.
    let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join("callgrind.out");
    let mut command = Command::new("valgrind");
    command
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(env!("CARGO_BIN_EXE_minigo"))
        .args(["run", "--emit=bytecode"])
        .arg(path);
    let run = process::run(&mut command, LIMIT)?;
    let count = run
        .stderr
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    let count = count.and_then(|(_, count)| count.trim().parse().ok());
    count.ok_or_else(|| format!("valgrind says {}", run.stderr).into())
}

/// Lines a second on one core, from text to verified bytecode: one program of 100,000 lines, and the programs of this repository.
fn speed() -> Result<(), Failed> {
    let text = format!(
        "package main\n\n{}{}",
        each(5_000, |i| format!(
            "type Node{i} struct {{\n\tkey  int\n\tname string\n\tnext *Node{i}\n}}\n\nfunc (n *Node{i}) Sum(list []int, limit int) (total int) {{\n\tfor i, x := range list {{\n\t\tif x > limit && i%2 == 0 {{\n\t\t\ttotal += x * n.key\n\t\t}} else {{\n\t\t\ttotal -= x + len(n.name)\n\t\t}}\n\t}}\n\tif n.next != nil {{\n\t\treturn n.next.Sum(list, total)\n\t}}\n\treturn total\n}}\n"
        )),
        body(&each(5_000, |i| format!(
            "\nprintln((&Node{i}{{key: {i}}}).Sum([]int{{1, 2, 3}}, {i}))"
        )))
    );
    report("one program", &[text])?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    let mut folders = vec![
        root.join("examples"),
        root.join("tests/run"),
        root.join("../shared/bench"),
    ];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
        {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "mgo") {
                texts.push(fs::read_to_string(path)?);
            }
        }
    }
    report(
        "programs of one file each, lines of the library not counted",
        &texts,
    )
}

fn report(what: &str, texts: &[String]) -> Result<(), Failed> {
    let mut lines = 0;
    let (mut time, mut alone) = (Duration::ZERO, Duration::ZERO);
    for text in texts {
        let source = minigo_grammar::source::SourceFile::new("speed.mgo", text.as_str());
        let (start, start_alone) = (Instant::now(), processor_time()?);
        let compiled = minigo_compiler::compile(vec![source], &library);
        if let Some(program) = compiled.program {
            minigo_bytecode::verify::verify(&program)?;
            lines += text.lines().count();
            time += start.elapsed();
            alone += processor_time()? - start_alone;
        }
    }
    let rate = |time: Duration| lines as f64 / time.as_secs_f64();
    println!(
        "{what}: {lines} lines in {time:?}, {:.0} lines/s; {:.0} in a second of a processor",
        rate(time),
        rate(alone)
    );
    Ok(())
}

/// How long this thread has had a processor, whatever else the machine does.
fn processor_time() -> Result<Duration, Failed> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split_whitespace().next().unwrap_or_default();
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}

fn library(
    import: &minigo_compiler::Import<'_>,
) -> Result<minigo_compiler::Sources, minigo_compiler::ImportError> {
    let files = minigo_stdlib::source(import.path)
        .ok_or_else(|| minigo_compiler::ImportError::at_import("no such package"))?;
    let files = files
        .iter()
        .map(|(name, text)| minigo_grammar::source::SourceFile::new(*name, *text));
    Ok(minigo_compiler::Sources {
        files: files.collect(),
        library: true,
        ..minigo_compiler::Sources::default()
    })
}
