//! The functions that generated programs use without declaring them, and putting programs into files.
//!
//! Each helper keeps an operation from panicking, from growing without bound, or from being computed by the compiler.

use super::Program;
use super::tree::render;

/// Constants for the cases of switches over strings.
pub(crate) const WORDS: &[&str] = &[
    "\"\"",
    "\"a\"",
    "\"go\"",
    "\"hello\"",
    "\"世界\"",
    "\"0\"",
    "\"Zebra\"",
    "\"k\"",
    "\"true\"",
];

/// Helpers: what a text that uses one contains, and its declaration.
const HELPERS: &[(&str, &str)] = &[
    ("opaque", "func opaque[T any](x T) T {\n\treturn x\n}"),
    (
        "keep",
        "//go:noinline\nfunc keep[T any](x T) T {\n\treturn x\n}",
    ),
    (
        "pick",
        "func pick[T any](first bool, a, b T) T {\n\tif first {\n\t\treturn a\n\t}\n\treturn b\n}",
    ),
    (
        "trace",
        "func trace[T any](name string, x T) T {\n\tfmt.Println(name, x)\n\treturn x\n}",
    ),
    (
        "clip",
        "func clip[S ~string](s S) S {\n\tif len(s) > 60 {\n\t\treturn s[:60]\n\t}\n\treturn s\n}",
    ),
    (
        "short",
        "func short[S ~string](s S) S {\n\tif len(s) > 6 {\n\t\treturn s[:6]\n\t}\n\treturn s\n}",
    ),
    (
        "full",
        "func full[S ~[]E, E any](s S) S {\n\treturn s[:len(s):len(s)]\n}",
    ),
    (
        "few",
        "func few[S ~[]E, E any](s S) S {\n\tif len(s) > 6 {\n\t\treturn s[:6]\n\t}\n\treturn s\n}",
    ),
    (
        "at",
        "func at[E any](s []E, i int) E {\n\tif len(s) == 0 {\n\t\treturn *new(E)\n\t}\n\treturn s[uint(i)%uint(len(s))]\n}",
    ),
    (
        "cut",
        "func cut[S ~[]E, E any](s S, i, j int) S {\n\tn := uint(len(s) + 1)\n\tlow, high := uint(i)%n, uint(j)%n\n\tif low > high {\n\t\tlow, high = high, low\n\t}\n\treturn s[low:high]\n}",
    ),
    (
        "bound",
        "func bound(x float64) float64 {\n\tif x > -1e9 && x < 1e9 {\n\t\treturn x\n\t}\n\treturn 0\n}",
    ),
    (
        "sorted",
        "type pairOf[K, V any] struct {\n\tkey K\n\tvalue V\n}\n\nfunc sorted[K ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~string, V any](m map[K]V) []pairOf[K, V] {\n\tvar list []pairOf[K, V]\n\tfor key, value := range m {\n\t\tlist = append(list, pairOf[K, V]{key, value})\n\t\tfor i := len(list) - 1; i > 0 && list[i].key < list[i-1].key; i-- {\n\t\t\tlist[i], list[i-1] = list[i-1], list[i]\n\t\t}\n\t}\n\treturn list\n}",
    ),
    (
        "count",
        "func count(n int) func(func(int) bool) {\n\treturn func(yield func(int) bool) {\n\t\tfor i := 0; i < n; i++ {\n\t\t\tif !yield(i) {\n\t\t\t\tfmt.Println(\"stopped\", i)\n\t\t\t\treturn\n\t\t\t}\n\t\t}\n\t}\n}",
    ),
    (
        "each",
        "func each[E any](s []E) func(func(E) bool) {\n\treturn func(yield func(E) bool) {\n\t\tfor _, e := range few(s) {\n\t\t\tif !yield(e) {\n\t\t\t\treturn\n\t\t\t}\n\t\t}\n\t}\n}",
    ),
    (
        "backward",
        "func backward[E any](s []E) func(func(int, E) bool) {\n\treturn func(yield func(int, E) bool) {\n\t\tdefer fmt.Println(\"done\")\n\t\tfor i := len(s) - 1; i >= 0; i-- {\n\t\t\tif !yield(i, s[i]) {\n\t\t\t\treturn\n\t\t\t}\n\t\t}\n\t}\n}",
    ),
];

/// Packages that programs use.
const PACKAGES: &[&str] = &["fmt", "math", "os", "runtime", "strconv", "sync"];

/// What separates the output of programs in one file.
pub(crate) const SEPARATOR: &str = "=== program ";

/// One program as a file of its own.
pub(crate) fn file(program: &Program) -> String {
    with_prelude(&render(&program.nodes, ""))
}

/// Many programs in one file. It runs all, one after the other, or those whose number is an argument, without recovering.
pub(crate) fn batch(programs: &[Program]) -> String {
    let mut text = String::new();
    let mut list = String::new();
    for (index, program) in programs.iter().enumerate() {
        let prefix = format!("P{index}_");
        text.push_str(&render(&program.nodes, &prefix));
        list.push_str(&format!("\t{prefix}main,\n"));
    }
    text.push_str(&format!("\nvar programs = []func(){{\n{list}}}\n"));
    text.push_str(&format!(
        r#"
func main() {{
	if len(os.Args) > 1 {{
		n, _ := strconv.Atoi(os.Args[1])
		programs[n]()
		return
	}}
	for n, program := range programs {{
		fmt.Println()
		fmt.Println("{SEPARATOR}" + strconv.Itoa(n))
		run(program)
	}}
}}

func run(program func()) {{
	defer func() {{
		if r := recover(); r != nil {{
			fmt.Println("program panicked:", r)
		}}
	}}()
	program()
}}
"#
    ));
    with_prelude(&text)
}

/// The text with the helpers that it uses, in a file that imports what it needs.
fn with_prelude(text: &str) -> String {
    let mut body = text.to_string();
    let uses = |text: &str, name: &str| {
        text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back().unwrap_or(' ');
            let after = text[at + name.len()..].chars().next().unwrap_or(' ');
            !before.is_alphanumeric()
                && before != '_'
                && before != '.'
                && matches!(after, '(' | '[')
        })
    };
    // Helpers use helpers that stand before them.
    for (name, declaration) in HELPERS.iter().rev() {
        if uses(&body, name) {
            body.push_str(&format!("\n{declaration}\n"));
        }
    }
    let imports: Vec<String> = PACKAGES
        .iter()
        .filter(|package| body.contains(&format!("{package}.")))
        .map(|package| format!("\t\"{package}\"\n"))
        .collect();
    format!("package main\n\nimport (\n{})\n\n{body}", imports.concat())
}
