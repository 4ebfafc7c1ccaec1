//! Programs and what the checker says about them; the messages are those of Go's compiler.

use minigo_grammar::source::SourceFile;

/// Checks the body of a package and compares the messages, one a line as `line:col: message`.
#[track_caller]
pub(super) fn check(source: &str, expected: &[&str]) {
    let file = SourceFile::new("a.mgo", format!("package main\n{source}"));
    let runtime = |_: &crate::Import<'_>| {
        Ok(crate::Sources {
            files: vec![SourceFile::new("runtime.mgo", "package runtime\n")],
            library: true,
            ..crate::Sources::default()
        })
    };
    let checked = crate::check(vec![file], &runtime);
    let mut found: Vec<_> = checked
        .diagnostics
        .iter()
        .map(|(file, diagnostic)| {
            let text = diagnostic.to_short_string(&checked.files[file.0 as usize]);
            (diagnostic.span.start, text.replace("a.mgo:", ""))
        })
        .collect();
    found.sort();
    let found: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(found, expected, "\n{source}");
}

/// Checks statements in `main`, which start in line 3.
#[track_caller]
fn check_body(body: &str, expected: &[&str]) {
    check(&format!("func main() {{\n{body}\n}}\n"), expected);
}

#[test]
fn constants_are_exact_until_they_meet_a_type() {
    check_body(
        "const big = 1 << 100; const back = big >> 98; var x int8 = back; _ = x\n\
         const third = 1 / 3.0; var one int = third * 3; _ = one\n\
         var f float32 = 0.1; _ = f == 0.1\n\
         var u uint8 = 'a' + 1.0; _ = u\n\
         const s = \"a\" + `b`; _ = [len(s)]int{1, 2}\n\
         _ = 'a' << 1.0 * 2i / 1i",
        &[],
    );
    check_body(
        "var i int8 = 300; _ = i\n_ = int8(300)\n_ = int(1.5)\nvar u uint = -1; _ = u\n\
         _ = 1 << 600\n_ = 1 / 0\nvar f float32 = 1e40; _ = f\n_ = 1.5 << 2\n_ = ^uint8(0) + 1",
        &[
            "3:14: cannot use 300 (untyped int constant) as int8 value in variable declaration (overflows)",
            "4:10: constant 300 overflows int8",
            "5:9: cannot convert 1.5 (untyped float constant) to type int",
            "6:14: cannot use -1 (untyped int constant) as uint value in variable declaration (overflows)",
            "7:7: constant shift overflow",
            "8:9: invalid operation: division by zero",
            "9:17: cannot use 1e40 (untyped float constant 1e+40) as float32 value in variable declaration (overflows)",
            "10:5: invalid operation: shifted operand 1.5 (untyped float constant) must be integer",
            "11:5: ^uint8(0) + 1 (constant 256 of type uint8) overflows uint8",
        ],
    );
}

#[test]
fn shifted_constants_take_the_type_of_their_context() {
    check_body(
        "var s uint = 3; var i int64 = 1 << s; var j = uint8(1<<s + 1); _, _ = i, j\n\
         var u uint16 = 1.0 << s; _ = u; _ = make([]int, 1<<s); var b [10]int; _ = b[1<<s]",
        &[],
    );
    check_body(
        "var s uint\nvar f float64 = 1 << s\n_ = 1<<s + 1.5\n_ = f\nvar u uint8 = 300 << s; _ = u",
        &[
            "4:17: invalid operation: shifted operand 1 (type float64) must be integer",
            "5:5: invalid operation: shifted operand 1 (type float64) must be integer",
            "7:15: 300 (untyped int constant) overflows uint8",
        ],
    );
}

#[test]
fn operands_must_match() {
    check_body(
        "x, s := 1, \"a\"\n_ = x + s\n_ = x + \"a\"\n_ = x + 1.5\n_ = s - s\n_ = !x\n_ = x == nil\n_ = x && true\nx += s\ns++",
        &[
            "4:5: invalid operation: x + s (mismatched types int and string)",
            "5:5: invalid operation: x + \"a\" (mismatched types int and untyped string)",
            "6:9: 1.5 (untyped float constant) truncated to int",
            "7:5: invalid operation: operator - not defined on s (variable of type string)",
            "8:6: invalid operation: operator ! not defined on x (variable of type int)",
            "9:10: invalid operation: x == nil (mismatched types int and untyped nil)",
            "10:5: invalid operation: x && true (mismatched types int and untyped bool)",
            "11:1: invalid operation: x += s (mismatched types int and string)",
            "12:1: invalid operation: s++ (non-numeric type string)",
        ],
    );
}

#[test]
fn comparisons_need_comparable_operands() {
    check(
        "type T struct{ f []int }\nfunc main() {\nvar a, b []int; var t T; var f func(); var e any\n\
         _ = a == b\n_ = t == t\n_ = f == nil\n_ = e == 1\n_ = e == a\n_ = t < t\n_ = nil == nil\n}",
        &[
            "5:5: invalid operation: a == b (slice can only be compared to nil)",
            "6:5: invalid operation: t == t (struct containing []int cannot be compared)",
            "9:10: invalid operation: e == a (slice can only be compared to nil)",
            "10:5: invalid operation: t < t (operator < not defined on struct)",
            "11:12: invalid operation: nil == nil (operator == not defined on untyped nil)",
        ],
    );
}

#[test]
fn calls_count_and_convert_their_arguments() {
    check(
        "func f(a int, b ...string) (int, string) { return a, \"\" }\nfunc g(int, string) {}\nfunc main() {\n\
         g(f(1))\nf(f(1, []string{}...))\nf()\ng(1, \"a\", 2)\nf(\"a\")\ng(1, []string{}...)\nx := f(1)\nmain()()\n5()\n}",
        &[
            "7:1: not enough arguments in call to f\n\thave ()\n\twant (int, ...string)",
            "8:11: too many arguments in call to g\n\thave (number, string, number)\n\twant (int, string)",
            "9:3: cannot use \"a\" (untyped string constant) as int value in argument to f",
            "10:1: cannot use ... in call to non-variadic g",
            "11:1: declared and not used: x",
            "11:6: assignment mismatch: 1 variable but f returns 2 values",
            "12:1: main() (no value) used as value or type",
            "13:1: invalid operation: cannot call 5 (untyped int constant): untyped int is not a function",
        ],
    );
}

#[test]
fn selectors_go_through_embedded_fields_and_pointers() {
    let types = "type A struct{ x int }\nfunc (a *A) P() {}\nfunc (a A) V() int { return a.x }\n\
                 type B struct{ *A; y int }\ntype C struct{ B }\ntype I interface{ V() int }\n";
    check(
        &format!(
            "{types}func main() {{\nvar c C; c.x = 1; c.P(); c.V(); f := c.P; f(); var i I = c; _ = i.V\n\
             g := (*A).P; g(c.A); h := C.V; _ = h(c); _ = I.V(i); (&c).B.A.P()\n}}"
        ),
        &[],
    );
    check(
        &format!(
            "{types}func main() {{\nvar c C\nc.z = 1\nA{{}}.P()\n_ = A.P\nvar i I = A{{}}\nvar p *I\np.V()\ni.X()\n_ = c.X\nvar j interface{{ P() }} = A{{}}\n}}"
        ),
        &[
            "10:3: c.z undefined (type C has no field or method z)",
            "11:5: cannot call pointer method P on A",
            "12:7: invalid method expression A.P (needs pointer receiver (*A).P)",
            "15:3: p.V undefined (type *I is pointer to interface, not interface)",
            "16:3: i.X undefined (type I has no field or method X)",
            "17:7: c.X undefined (type C has no field or method X, but does have field x)",
            "18:5: declared and not used: j",
            "18:26: cannot use A{} (value of struct type A) as interface{P()} value in variable declaration: A does not implement interface{P()} (method P has pointer receiver)",
        ],
    );
}

#[test]
fn indices_are_integers_in_range() {
    check_body(
        "var a [3]int; p := &a; s := a[:]; m := map[string]int{}; str := \"abc\"\n\
         _, _, _, _, _ = a[2], p[2], s[9], m[\"x\"], str[1]; _ = a[1:2:3]; _ = p[:]; _ = str[1:]",
        &[],
    );
    check_body(
        "a := [3]int{}; m := map[string]int{}\n_ = a[3]\n_ = a[-1]\n_ = a[\"x\"]\n_ = m[1]\n_ = 5[0]\n_ = a[2:1]\n\"abc\"[0] = 'x'\nm[\"a\"]++",
        &[
            "4:7: invalid argument: index 3 out of bounds [0:3]",
            "5:7: invalid argument: index -1 (constant of type int) must not be negative",
            "6:7: cannot convert \"x\" (untyped string constant) to type int",
            "7:7: cannot use 1 (untyped int constant) as string value in map index",
            "8:6: cannot index 5 (untyped int constant)",
            "9:9: invalid slice indices: 1 < 2",
            "10:1: cannot assign to \"abc\"[0] (neither addressable nor a map index expression)",
        ],
    );
}

#[test]
fn composite_literals_elide_types_and_check_keys() {
    let types = "type P struct{ x, y int }\n";
    check(
        &format!(
            "{types}func main() {{\n_ = []P{{{{1, 2}}, {{y: 3}}}}; _ = []*P{{{{1, 2}}}}; _ = map[P]string{{{{1, 2}}: \"a\"}}\n\
             _ = [...]string{{2: \"c\", \"d\"}}; _ = [][]int{{{{1}}, {{2}}}}; _ = &P{{}}\n}}"
        ),
        &[],
    );
    check(
        &format!(
            "{types}func main() {{\n_ = P{{1}}\n_ = P{{1, 2, 3}}\n_ = P{{z: 1}}\n_ = P{{x: 1, x: 2}}\n_ = P{{x: 1, 2}}\n\
             _ = []int{{0: 1, 0: 2}}\n_ = map[string]int{{\"a\": 1, \"a\": 2}}\n_ = [1]int{{1, 2}}\n_ = int{{}}\n}}"
        ),
        &[
            "4:8: too few values in struct literal of type P",
            "5:13: too many values in struct literal of type P",
            "6:7: unknown field z in struct literal of type P",
            "7:13: duplicate field name x in struct literal",
            "8:13: mixture of field:value and value elements in struct literal",
            "9:17: duplicate index 0 in array or slice literal",
            "10:28: duplicate key \"a\" in map literal",
            "11:15: index 1 is out of bounds (>= 1)",
            "12:5: invalid composite literal type int",
        ],
    );
}

#[test]
fn assignments_match_values_with_variables() {
    check(
        "func two() (int, error) { return 0, nil }\nfunc one() (n int, err error) {\nreturn 1\n}\nfunc main() {\n\
         a, err := two()\na, b := two()\n_, _, _, _ = a, err, b, 1\na, err := two()\na = two()\na, b = 1, \"x\"\nvar m map[string]struct{ f int }\n\
         m[\"a\"].f = 1\n_ = nil\nvar c = nil\nd := 1, 2\nv, ok := m[\"a\"]; _ = v.f; var x string = ok\n}",
        &[
            "4:8: not enough return values\n\thave (number)\n\twant (int, error)",
            "10:8: no new variables on left side of :=",
            "11:5: assignment mismatch: 1 variable but two returns 2 values",
            "12:11: cannot use \"x\" (constant of type string) as error value in multiple assignment: string does not implement error (missing method Error)",
            "14:1: cannot assign to struct field m[\"a\"].f in map",
            "15:5: use of untyped nil in assignment to _ identifier",
            "16:5: declared and not used: c",
            "16:9: use of untyped nil in variable declaration",
            "17:1: declared and not used: d",
            "17:6: assignment mismatch: 1 variable but 2 values",
            "18:31: declared and not used: x",
            "18:42: cannot use ok (variable of type bool) as string value in variable declaration",
        ],
    );
}

#[test]
fn builtins_check_their_arguments() {
    check_body(
        "var s []int; var ch chan int; var r <-chan int; m := map[string]int{}; var z complex128\n\
         s = append(s, 1, 2); s = append(s, s...); _ = append([]byte{}, \"x\"...); _ = copy(s, s); close(ch); delete(m, \"a\")\n\
         clear(m); _ = min(1, 2.5); _ = max(\"a\", \"b\"); _ = real(z) + imag(1i); _ = new(3); _ = cap(ch); println(len(s), recover())\n\
         append(s, 1)\nclose(r)\n_ = len(5)\n_ = append(1)\n_ = make(int)\n_ = make([]int)\n_ = make([]int, 2, 1)\ndelete(s, 1)\n_ = min(1, \"a\")\npanic()\nlen",
        &[
            "6:1: append(s, 1) (value of type []int) is not used",
            "7:7: invalid operation: cannot close receive-only channel r (variable of type <-chan int)",
            "8:9: invalid argument: 5 (untyped int constant) for built-in len",
            "9:12: invalid append: argument must be a slice; have 1 (untyped int constant)",
            "10:10: invalid argument: cannot make int: type must be slice, map, or channel",
            "11:5: invalid operation: make([]int) expects 2 or 3 arguments; found 1",
            "12:17: invalid argument: length and capacity swapped",
            "13:8: invalid argument: s (variable of type []int) is not a map",
            "14:12: invalid argument: mismatched types untyped int (previous argument) and untyped string (type of \"a\")",
            "15:1: invalid operation: not enough arguments for panic() (expected 1, found 0)",
            "16:1: len (built-in) must be called",
        ],
    );
}

#[test]
fn type_arguments_are_inferred() {
    let funcs = "type Number interface{ ~int | ~float64 }\nfunc Sum[T Number](xs ...T) (s T) { return s }\n\
                 func Map[T, U any](xs []T, f func(T) U) []U { return nil }\nfunc id[T any](x T) T { return x }\n\
                 func Keys[M ~map[K]V, K comparable, V any](m M) []K { return nil }\ntype Named map[string]bool\n";
    check(
        &format!(
            "{funcs}func main() {{\nvar f float64 = Sum(1, 2.5); var s []string = Keys(Named{{}}); _, _ = f, s\n\
             _ = Map([]int{{1}}, func(i int) string {{ return \"\" }}); _ = Map([]int{{1}}, id); var g func(int) int = id; _ = g\n\
             h := Sum[int]; _ = h(1); _ = id[string](\"a\")\n}}"
        ),
        &[],
    );
    check(
        &format!(
            "{funcs}func main() {{\n_ = Sum(\"a\")\n_ = id\n_ = Map[int]\nid[int](\"a\")\nid[int, int](1)\nx := 1; _ = Sum(x, \"a\")\nid(nil)\n}}"
        ),
        &[
            "9:8: string does not satisfy Number (string missing in ~int | ~float64)",
            "10:5: cannot use generic function id without instantiation",
            "11:8: cannot infer U (declared at 4:13)",
            "12:9: cannot use \"a\" (untyped string constant) as int value in argument to id[int]",
            "13:9: got 2 type arguments but want 1",
            "14:20: cannot use \"a\" (untyped string constant) as int value in argument to Sum",
            "15:3: in call to id, cannot infer T (declared at 5:9)",
        ],
    );
}

#[test]
fn long_chains_and_large_literals_are_no_problem() {
    let sum = vec!["x"; 20_000].join(" + ");
    let text = vec!["\"a\""; 20_000].join(" + ");
    let all = vec!["x == 1"; 20_000].join(" && ");
    let elems = "1,".repeat(20_000);
    check_body(
        &format!(
            "x := 1; _ = {sum}; const s = {text}; _ = {all}; _ = []int{{{elems}}}; type B bool; var b B = {all}; _ = b"
        ),
        &[],
    );
}
