//! Declarations, statements and packages, and what the checker says about them in the words of Go's compiler.

use super::tests::check;
use minigo_grammar::source::SourceFile;

#[test]
fn types_may_refer_to_each_other_in_any_order() {
    check(
        "type A []B\ntype B struct{ a A; c *C }\ntype C B\ntype D = E\ntype E interface{ F; m() D }\n\
         type F interface{ n(E) }\nvar _ = len(C{}.a)\nvar _ = func(e D) { e.n(e.m()) }\nfunc main() {}",
        &[],
    );
}

#[test]
fn types_must_not_contain_themselves() {
    check(
        "type T struct{ t [2]T }\ntype A B\ntype B A\ntype C = C\ntype I interface{ J }\ntype J interface{ I }\nfunc main() {}",
        &[
            "2:6: invalid recursive type: T refers to itself",
            "3:6: invalid recursive type A\n\t3:6: A refers to B\n\t4:6: B refers to A",
            "5:6: invalid recursive type: C refers to itself",
            "6:6: invalid recursive type I\n\t6:6: I refers to J\n\t7:6: J refers to I",
        ],
    );
}

#[test]
fn methods_need_a_type_of_their_own() {
    check(
        "type T struct{ x int }\nfunc (T) m() {}\nfunc (*T) m() {}\nfunc (T) x() {}\nfunc (int) n() {}\n\
         type P *T\nfunc (P) o() {}\nfunc (U) p() {}\nfunc main() {}",
        &[
            "4:11: method T.m already declared at 3:10",
            "5:10: field and method with the same name x\n\t2:16: other declaration of x",
            "6:7: cannot define new methods on non-local type int",
            "8:7: invalid receiver type P (pointer or interface type)",
            "9:7: undefined: U",
        ],
    );
}

#[test]
fn variables_are_initialised_after_what_they_need() {
    check(
        "var a = b + f()\nvar b = 1\nfunc f() int { return c }\nvar c = 2\nfunc main() {}",
        &[],
    );
    check(
        "var a = f()\nfunc f() int { return b }\nvar b = a\nvar s = s\nconst k = k\nfunc main() {}",
        &[
            "2:5: initialization cycle for a\n\t2:5: a refers to f\n\t3:6: f refers to b\n\t4:5: b refers to a",
            "5:5: initialization cycle: s refers to itself",
            "6:7: initialization cycle: k refers to itself",
        ],
    );
}

#[test]
fn names_are_declared_once_and_used() {
    check(
        "var x int\nfunc x() {}\nfunc init() int { return 1 }\nvar init = 1\n\
         func main() {\n\ta := 1\n\tvar b, c int\n\tc = 2\n\ttype t int\n\tvar t int\n\tfunc() { d := 1 }()\n}",
        &[
            "3:6: x redeclared in this block\n\t2:5: other declaration of x",
            "4:6: func init must have no arguments and no return values",
            "5:5: cannot declare init - must be func",
            "7:2: declared and not used: a",
            "8:6: declared and not used: b",
            "8:9: declared and not used: c",
            "11:6: t redeclared in this block\n\t10:7: other declaration of t",
            "12:11: declared and not used: d",
        ],
    );
}

#[test]
fn functions_with_results_return() {
    check(
        "func a() int { for {} }\nfunc b() int { for { break } }\n\
         func c(x int) int { switch x { case 1: return 1; default: panic(x) } }\n\
         func d() (n int) { { n := 1; _ = n; return } }\nfunc e() int { L: for { continue L } }\n\
         func f(c chan int) int { select { case <-c: return 1 } }\nfunc main() {}",
        &[
            "3:30: missing return",
            "5:37: result parameter n not in scope at return\n\t5:22: inner declaration of var n int",
        ],
    );
}

#[test]
fn branches_have_somewhere_to_go() {
    check(
        "func main() {\nL:\n\tfor {\n\t\tif true { continue M }\n\t\tbreak L\n\t}\n\tbreak\n\tgoto N\n\tx := 1\n\t_ = x\nN:\n\
         \tswitch { case true: fallthrough; case false: fallthrough }\nU:\n}",
        &[
            "5:22: continue label not defined: M",
            "8:2: break is not in a loop, switch, or select",
            "9:7: goto N jumps over declaration of x at 10:4",
            "13:47: cannot fallthrough final case in switch",
            "14:1: label U defined and not used",
        ],
    );
}

#[test]
fn switches_and_ranges_fit_their_operands() {
    check(
        "func main() {\n\tvar x any = 1\n\tswitch x.(type) { case int, int: }\n\tswitch y := x.(type) { case error: }\n\
         \tswitch 1 { case 1: case \"a\": case 1: }\n\tfor range main {}\n\tfor a, b := range 3 { _, _ = a, b }\n\
         \tfor i := range 2.5 { _ = i }\n\tselect { case x = 1: }\n}",
        &[
            "4:30: duplicate case int in type switch\n\t4:25: previous case",
            "5:9: y declared and not used",
            "6:26: cannot convert \"a\" (untyped string constant) to type int",
            "6:36: duplicate case 1 (constant of type int) in expression switch\n\t6:18: previous case",
            "7:12: cannot range over main (value of type func()): func must be func(yield func(...) bool): wrong argument count",
            "8:9: range over 3 (untyped int constant) permits only one iteration variable",
            "9:17: cannot range over 2.5 (untyped float constant)",
            "10:16: select case must be send or receive (possibly with assignment)",
        ],
    );
}

#[test]
fn constraints_are_for_type_parameters() {
    check(
        "type N interface{ ~int | string }\nvar x N\nfunc f[T N](t T) T { return t }\ntype L[T any] struct{ next *L[T] }\n\
         var y L\nvar z L[int, int]\ntype M[K comparable] map[K]int\nvar m M[[]int]\nfunc main() {}",
        &[
            "3:7: cannot use type N outside a type constraint: interface contains type constraints",
            "6:7: cannot use generic type L[T any] without instantiation",
            "7:7: too many type arguments for type L: have 2, want 1",
            "9:9: []int does not satisfy comparable",
        ],
    );
}

#[test]
fn instantiation_comes_to_an_end() {
    check(
        "type L[T any] struct{ n *L[T] }\nfunc h[A any](b L[A]) { h(L[L[A]]{}) }\nfunc main() {}",
        &["3:8: instantiation cycle:\n\t3:26: A instantiated as L[A]"],
    );
}

#[test]
fn of_a_library_only_what_is_reached_is_checked() {
    let importer = |import: &crate::Import<'_>| {
        let text = match import.path {
            "lib" => {
                "package lib\nfunc Used() int { return helper() }\nfunc helper() int\nfunc Wrong() { undefined() }\n"
            }
            _ => "package runtime\n",
        };
        Ok(crate::Sources {
            files: vec![SourceFile::new("lib.mgo", text)],
            library: true,
            ..crate::Sources::default()
        })
    };
    let main = "package main\nimport \"lib\"\nfunc main() { _ = lib.Used() }\n";
    let checked = crate::check(vec![SourceFile::new("a.mgo", main)], &importer);
    assert!(checked.diagnostics.is_empty(), "{:?}", checked.diagnostics);
    let module = checked.module.expect("the program is right");
    let natives: Vec<&str> = module
        .funcs
        .iter()
        .filter(|func| func.native)
        .map(|func| &*func.name)
        .collect();
    assert_eq!(natives, ["lib.helper"]);
}
