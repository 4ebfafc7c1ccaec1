//! Parses Go's own source tree, where Go is installed.

mod go;

use std::path::PathBuf;
use std::time::Instant;

use minigo_grammar::{SourceFile, Symbols, parse_file};

fn read(paths: &[PathBuf]) -> Vec<SourceFile> {
    let read_one = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("a readable source file");
        SourceFile::new(path.display().to_string(), text)
    };
    paths.iter().map(read_one).collect()
}

#[test]
fn every_file_of_the_go_tree_parses_without_a_false_error() {
    let Some(source) = go::source_tree() else {
        return;
    };
    let files = read(&go::files_below(&source));
    assert!(files.len() > 1000, "only {} files", files.len());
    let mut failures = Vec::new();
    let mut symbols = Symbols::new();
    for file in &files {
        let (_, diagnostics) = parse_file(file, &mut symbols);
        let first = diagnostics.first();
        failures.extend(first.map(|first| first.to_short_string(file)));
    }
    let (failed, all) = (failures.len(), files.len());
    assert!(
        failures.is_empty(),
        "{failed} of {all} files fail:\n{}",
        failures.join("\n")
    );
}

/// What go/parser needs for the same files, in one run: it keeps comments, as minigo does, and resolves no names.
const GO_PARSER: &str = r#"package main

import (
	"bufio"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"time"
)

func main() {
	var names []string
	var texts [][]byte
	lines := bufio.NewScanner(os.Stdin)
	list, _ := os.Open(os.Args[1])
	lines = bufio.NewScanner(list)
	for lines.Scan() {
		text, err := os.ReadFile(lines.Text())
		if err != nil {
			panic(err)
		}
		names = append(names, lines.Text())
		texts = append(texts, text)
	}
	best := time.Duration(1 << 62)
	for round := 0; round < 5; round++ {
		start := time.Now()
		for i, text := range texts {
			mode := parser.ParseComments | parser.SkipObjectResolution
			if _, err := parser.ParseFile(token.NewFileSet(), names[i], text, mode); err != nil {
				panic(err)
			}
		}
		best = min(best, time.Since(start))
	}
	fmt.Println(best.Seconds())
}
"#;

/// Prints the throughput beside go/parser's: `cargo test --release -p minigo-grammar --test go_source -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn throughput_beside_go_parser() {
    let Some(source) = go::source_tree() else {
        return;
    };
    let paths = go::files_below(&source);
    let files = read(&paths);
    let bytes: usize = files.iter().map(|file| file.text().len()).sum();
    let mut seconds = f64::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        for file in &files {
            let (ast, _) = parse_file(file, &mut Symbols::new());
            std::hint::black_box(ast.expr_count());
        }
        seconds = seconds.min(start.elapsed().as_secs_f64());
    }
    let program = go::Program::new("throughput", GO_PARSER);
    let list: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    program.write("list", list.join("\n"));
    let go_seconds: f64 = program
        .run(&["list"])
        .trim()
        .parse()
        .expect("a number of seconds");
    let megabytes = bytes as f64 / 1e6;
    println!("{} files, {megabytes:.1} MB, best of 5 rounds", files.len());
    println!("minigo    {:6.1} MB/s", megabytes / seconds);
    println!("go/parser {:6.1} MB/s", megabytes / go_seconds);
    println!("ratio     {:6.2}", go_seconds / seconds);
}
