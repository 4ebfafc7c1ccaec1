//! Input that is wrong or extreme: several errors in one run, and no crash whatever the size.

use std::fmt::Write;

use minigo_grammar::ast::{Decl, Expr, Stmt};
use minigo_grammar::{Ast, MAX_DEPTH, SourceFile, Symbols, parse_expr, parse_file, parse_repl};

/// Parses a file; the tree and the diagnostics in Go's form.
fn parse(text: impl Into<String>) -> (Ast, Vec<String>) {
    let file = SourceFile::new("m.go", text);
    let (ast, diagnostics) = parse_file(&file, &mut Symbols::new());
    let lines = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.to_short_string(&file));
    (ast, lines.collect())
}

/// Parses the body of a function and compares the diagnostics; lines count from the first line of the body.
#[track_caller]
fn check_body(body: &str, expected: &[&str]) {
    let (_, found) = parse(format!("package p; func f() {{\n{body}\n}}\n"));
    let shown: Vec<String> = found
        .iter()
        .map(|line| {
            let line = line.trim_start_matches("m.go:");
            let (number, rest) = line.split_once(':').expect("a line number");
            format!(
                "{}:{rest}",
                number.parse::<u32>().expect("a line number") - 1
            )
        })
        .collect();
    assert_eq!(shown, expected, "{body}");
}

#[test]
fn several_errors_are_reported_in_one_run() {
    check_body(
        "x := = 1\ny = 2\nif x y {\n}\nz := f(1 2)\nfor i := 0; i < 3; i++ {\n\tg(]\n}\nvar a [3 int\nb := 1",
        &[
            "1:6: syntax error: unexpected =, expected expression",
            "3:1: syntax error: unexpected keyword if at end of statement",
            "5:10: syntax error: unexpected literal 2 in argument list; possibly missing comma or )",
            "7:4: syntax error: unexpected ], expected expression",
            "9:10: syntax error: unexpected name int, expected ]",
        ],
    );
}

#[test]
fn messages_name_what_is_missing() {
    check_body(
        "if {\n}",
        &["1:4: syntax error: missing condition in if statement"],
    );
    check_body(
        "if x; {\n}",
        &["1:5: syntax error: missing condition in if statement"],
    );
    check_body(
        "if x = 1 {\n}",
        &["1:6: syntax error: cannot use assignment x = 1 as value"],
    );
    check_body("x[1::2]", &["1:5: middle index required in 3-index slice"]);
    check_body(
        "for i := 0; i < 1; i := 2 {\n}",
        &["1:22: syntax error: cannot declare in post statement of for loop"],
    );
    check_body(
        "a.",
        &["2:1: syntax error: unexpected }, expected name or ("],
    );
    check_body(
        "else {}",
        &["1:1: syntax error: unexpected keyword else, expected }"],
    );
}

#[test]
fn an_error_in_one_function_leaves_the_others_whole() {
    let (ast, errors) = parse(
        "package p\n\nfunc a() { x := ) }\n\nfunc b() int { return 1 }\n\ntype T struct {\n\tx int y\n\tz int\n}\n",
    );
    assert_eq!(
        errors,
        [
            "m.go:3:17: syntax error: unexpected ), expected expression",
            "m.go:8:8: syntax error: unexpected name y in struct type; possibly missing semicolon or newline or }",
        ]
    );
    let functions = ast
        .decl_list(ast.decls)
        .iter()
        .filter(|&&id| matches!(ast.decl(id), Decl::Func(_)));
    assert_eq!(functions.count(), 2);
}

#[test]
fn files_that_are_hardly_files() {
    assert_eq!(
        parse("").1,
        ["m.go:1:1: syntax error: package statement must be first"]
    );
    assert_eq!(
        parse("\n\n// only a comment\n").1,
        ["m.go:4:1: syntax error: package statement must be first"]
    );
    assert_eq!(parse("\u{feff}package p").1, [""; 0]);
    assert_eq!(
        parse("package p\n\0").1,
        ["m.go:2:1: invalid NUL character"]
    );
    assert_eq!(
        parse("package p\nx := 1").1,
        ["m.go:2:1: syntax error: non-declaration statement outside function body",]
    );
}

#[test]
fn nesting_costs_no_stack_and_is_limited() {
    let too_deep = |line: &str| line.ends_with("syntax error: exceeded max nesting depth");
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("- ", "1", ""),
        ("[]", "int{}", ""),
        ("f(", "1", ")"),
        ("T{", "1", "}"),
        ("func() { _ = ", "1", " }"),
    ] {
        let nested = |depth: usize| {
            format!(
                "package p\n\nvar x = {}{inner}{}\n",
                open.repeat(depth),
                close.repeat(depth)
            )
        };
        assert_eq!(parse(nested(2000)).1, [""; 0], "{open}");
        let (_, errors) = parse(nested(100_000));
        assert!(
            errors.len() == 1 && too_deep(&errors[0]),
            "{open}: {errors:?}"
        );
    }
    let blocks = format!(
        "package p\n\nfunc f() {}{}\n",
        "{".repeat(100_000),
        "}".repeat(100_000)
    );
    assert!(parse(blocks).1.iter().all(|line| too_deep(line)));
    let unclosed = format!("package p\n\nvar x = {}\n", "(".repeat(100_000));
    assert_eq!(parse(unclosed).1.len(), 1);
}

#[test]
fn chains_of_operators_do_not_count_as_nesting() {
    let terms = 3 * usize::from(MAX_DEPTH);
    assert_eq!(
        parse(format!(
            "package p\n\nvar x = 1{}\n",
            " + 2 * 3".repeat(terms)
        ))
        .1,
        [""; 0]
    );
}

#[test]
fn ten_megabytes_in_one_line() {
    let line = format!(
        "package p; var x = \"{}\"; var y = 1{}",
        "a".repeat(5_000_000),
        "+1".repeat(2_500_000)
    );
    assert_eq!(parse(line).1, [""; 0]);
}

#[test]
fn a_literal_of_a_million_elements() {
    let mut text = String::from("package p\n\nvar x = []int{");
    for number in 0..1_000_000 {
        let _ = write!(text, "{number},");
    }
    text.push_str("}\n");
    let (ast, errors) = parse(text);
    assert_eq!(errors, [""; 0]);
    let lengths = ast
        .decl_list(ast.decls)
        .iter()
        .map(|&id| match ast.decl(id) {
            Decl::Var(var) => match ast.expr(ast.expr_list(var.values)[0]) {
                Expr::CompositeLit { elems, .. } => elems.len(),
                other => panic!("no literal but {other:?}"),
            },
            other => panic!("no variable but {other:?}"),
        });
    assert_eq!(lengths.collect::<Vec<_>>(), [1_000_000]);
}

#[test]
fn every_prefix_of_a_program_gives_a_result() {
    let text = "package p\n\nimport \"fmt\"\n\ntype T[P any] struct{ a, b int `x`; *E }\n\nfunc (t *T[P]) f(x ...int) (r int) {\n\tif x := <-c; x > 0 { goto L }\nL:\n\tswitch y := z.(type) { case int: fmt.Println(a[1:2], T{1}) }\n\tselect { case c <- 1: default: }\n\treturn func() int { return 'x' }()\n}\n";
    for end in 0..=text.len() {
        parse(&text[..end]);
        parse(&text[end..]);
    }
}

#[test]
fn expressions_and_inputs_at_a_prompt() {
    let mut symbols = Symbols::new();
    let file = SourceFile::new("e", "1 + 2*x");
    let (ast, errors) = parse_expr(&file, &mut symbols);
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(
        ast.dump(&file, &symbols),
        "ExprStmt @1:1\n  Binary + @1:1\n    Int 1 @1:1\n    Binary * @1:5\n      Int 2 @1:5\n      Ident x @1:7\n"
    );
    let text = "import \"fmt\"\nfunc (t T) m() int { return 1 }\nfunc f[T any](x T) {}\nx := func(a int) T { return a }\nfunc(x T) T { return x }(x)";
    let file = SourceFile::new("r", text);
    let (ast, errors) = parse_repl(&file, &mut symbols);
    assert!(errors.is_empty(), "{errors:?}");
    let kinds = ast
        .stmt_list(ast.input)
        .iter()
        .map(|&id| match ast.stmt(id) {
            Stmt::Decl(_) => "decl",
            Stmt::Assign { .. } => "assign",
            Stmt::Expr(_) => "expr",
            _ => "other",
        });
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        ["decl", "decl", "decl", "assign", "expr"]
    );
}
