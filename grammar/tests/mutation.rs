//! Compares syntax errors with those of Go's compiler, on real files with one token deleted, inserted or replaced.
//!
//! The oracle is the compiler's own parser: its sources are copied from the installed Go into a temporary
//! module, since no program may import them where they are.

mod go;

use minigo_grammar::lexer::tokenize;
use minigo_grammar::token::Token;
use minigo_grammar::{SourceFile, Symbols, parse_file};

/// How many files are compared; `MUTANTS` in the environment overrides it, and with `MUTANTS_SHOW` differences are printed.
const MUTANTS: usize = 2000;

/// Reads files as "length, newline, bytes" and prints the first error of each, or an empty line.
const ORACLE: &str = r#"package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"oracle/syntax"
	"os"
	"sort"
	"strconv"
	"strings"
)

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	in := bufio.NewReader(file)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		size, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			panic(err)
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(in, text); err != nil {
			panic(err)
		}
		var all []syntax.Error
		handler := func(err error) { all = append(all, err.(syntax.Error)) }
		syntax.Parse(syntax.NewFileBase("m.go"), bytes.NewReader(text), handler, nil, 0)
		sort.SliceStable(all, func(i, j int) bool {
			a, b := all[i].Pos, all[j].Pos
			return a.Line() < b.Line() || a.Line() == b.Line() && a.Col() < b.Col()
		})
		if len(all) > 0 {
			fmt.Fprintf(out, "%d:%d: %s", all[0].Pos.Line(), all[0].Pos.Col(), strings.ReplaceAll(all[0].Msg, "\n", "\\n"))
		}
		fmt.Fprintln(out)
	}
}
"#;

/// Tokens to insert or to put in place of others.
const POOL: &[&str] = &[
    "x",
    "1",
    "\"s\"",
    "'r'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ":",
    ".",
    "...",
    "=",
    ":=",
    "+",
    "*",
    "&",
    "<-",
    "!",
    "==",
    "+=",
    "++",
    "|",
    "~",
    "\n",
    "if",
    "for",
    "switch",
    "select",
    "case",
    "default",
    "func",
    "type",
    "var",
    "const",
    "import",
    "package",
    "return",
    "go",
    "defer",
    "range",
    "map",
    "chan",
    "struct",
    "interface",
    "else",
    "break",
    "goto",
    "continue",
    "fallthrough",
];

/// A small generator of numbers, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

fn mutate(text: &str, random: &mut Random) -> Option<String> {
    let file = SourceFile::new("m.go", text);
    let tokens = tokenize(&file).tokens;
    if tokens.len() < 10 {
        return None;
    }
    let lexeme = tokens[random.below(tokens.len())];
    if lexeme.token == Token::Semicolon
        && file.slice(lexeme.span) != ";"
        && file.slice(lexeme.span) != "\n"
    {
        return None;
    }
    let (before, after) = (
        &text[..lexeme.span.start as usize],
        &text[lexeme.span.end as usize..],
    );
    let other = POOL[random.below(POOL.len())];
    Some(match random.below(3) {
        0 => format!("{before} {after}"),
        1 => format!("{before} {other} {}{after}", file.slice(lexeme.span)),
        _ => format!("{before} {other} {after}"),
    })
}

fn first_error(text: &str) -> String {
    let file = SourceFile::new("m.go", text);
    let (_, diagnostics) = parse_file(&file, &mut Symbols::new());
    let shown = diagnostics
        .first()
        .map(|first| first.to_short_string(&file));
    shown.map_or(String::new(), |line| {
        line.trim_start_matches("m.go:").to_string()
    })
}

/// `line:col` of a message; empty where there is none.
fn position(message: &str) -> &str {
    message.split(": ").next().unwrap_or("")
}

#[test]
fn syntax_errors_agree_with_those_of_the_go_compiler() {
    let Some(source) = go::source_tree() else {
        return;
    };
    let program = go::Program::new("mutation", ORACLE);
    for path in go::files_below(&source.join("cmd/compile/internal/syntax")) {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("");
        if !name.ends_with("_test.go") {
            let text = std::fs::read(&path).expect("a readable source file");
            program.write(&format!("syntax/{name}"), text);
        }
    }
    let wanted = std::env::var("MUTANTS")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(MUTANTS);
    let files = go::files_below(&source);
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut mutants: Vec<String> = Vec::new();
    while mutants.len() < wanted {
        let path = &files[random.below(files.len())];
        let text = std::fs::read_to_string(path).expect("a readable source file");
        if text.len() < 40_000 && !text.contains("//line") && !text.contains("/*line") {
            mutants.extend(mutate(&text, &mut random));
        }
    }
    let input: String = mutants
        .iter()
        .map(|text| format!("{}\n{text}", text.len()))
        .collect();
    program.write("mutants", input);
    let oracle = program.run(&["mutants"]);
    let show = std::env::var_os("MUTANTS_SHOW").is_some();
    let (mut accept, mut refused, mut places, mut messages) = (0, 0, 0, 0);
    for (text, expected) in mutants.iter().zip(oracle.lines()) {
        let found = first_error(text);
        accept += usize::from(found.is_empty() == expected.is_empty());
        if !expected.is_empty() {
            refused += 1;
            places += usize::from(position(&found) == position(expected));
            messages += usize::from(found == expected);
        }
        if show && found != expected {
            let line: usize = position(if expected.is_empty() {
                &found
            } else {
                expected
            })
            .split(':')
            .next()
            .and_then(|line| line.parse().ok())
            .unwrap_or(1);
            println!(
                "go:     {expected}\nminigo: {found}\n        {}",
                text.lines().nth(line - 1).unwrap_or("")
            );
        }
    }
    let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    println!("{} mutants, {refused} refused by Go", mutants.len());
    println!(
        "accepted or refused alike {:.2} %",
        percent(accept, mutants.len())
    );
    println!(
        "same first position       {:.2} %",
        percent(places, refused)
    );
    println!(
        "same first message        {:.2} %",
        percent(messages, refused)
    );
    assert!(
        percent(accept, mutants.len()) > 99.5,
        "accept and refuse differ too often"
    );
    assert!(
        percent(places, refused) > 97.0,
        "positions differ too often"
    );
    assert!(
        percent(messages, refused) > 95.0,
        "messages differ too often"
    );
}
