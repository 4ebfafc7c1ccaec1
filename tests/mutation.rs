//! Compares errors with those of Go's compiler, on valid programs with one token changed.
//!
//! The programs are those under `tests/run` and, where they are installed, those that Go's own tests run. A change is what a
//! hand slips into: a wrong name, a literal of another kind, another operator, another type, a lost or repeated token or line. What
//! minigo says it does not support is left out. `grammar/tests/mutation.rs` does the same for syntax alone, with many more changes.

#[path = "harness/oracle.rs"]
#[allow(dead_code, reason = "nothing is built here")]
mod oracle;
#[path = "harness/process.rs"]
mod process;

use minigo_grammar::lexer::tokenize;
use minigo_grammar::source::{SourceFile, Span};
use minigo_grammar::token::Token;
use oracle::Oracle;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

/// How many programs are compared; `MUTANTS` in the environment overrides it, `MUTANTS_SEED` gives others, and with `MUTANTS_SHOW`
/// differences are printed.
const MUTANTS: usize = 600;

/// Where Go's own tests lie if they are installed.
const GO_TESTS: &[&str] = &[
    "/usr/share/go-1.19/test",
    "/usr/share/go-1.19/test/typeparam",
    "/usr/share/go-1.19/test/fixedbugs",
];

const LIMIT: Duration = Duration::from_secs(60);

/// A small generator of numbers, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    fn choose<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

/// Programs that both compilers accept, most of them small.
fn programs() -> Vec<PathBuf> {
    let mut programs = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run")];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "mgo") {
                programs.push(path);
            }
        }
    }
    for folder in GO_TESTS {
        for path in entries(Path::new(folder)) {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            if text.starts_with("// run\n") && !text.contains("//line") && text.len() < 20_000 {
                programs.push(path);
            }
        }
    }
    // By name: the same programs wherever the folders are.
    programs.sort_by(|a, b| a.file_name().cmp(&b.file_name()).then_with(|| a.cmp(b)));
    programs
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries.flatten().map(|entry| entry.path()).collect()
}

const TYPES: &[&str] = &[
    "int",
    "string",
    "uint8",
    "float64",
    "bool",
    "error",
    "any",
    "int64",
    "rune",
    "complex128",
];
const LITERALS: &[&str] = &[
    "0",
    "1",
    "-1",
    "300",
    "1.5",
    "\"s\"",
    "'r'",
    "nil",
    "true",
    "2i",
    "1 << 70",
    "[]int{1}",
    "struct{}{}",
    "x",
];
const OPERATORS: &[&str] = &[
    "+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "&^", "==", "!=", "<", "<=", "&&", "||",
];
const ASSIGNMENTS: &[&str] = &["=", ":=", "+=", "<<=", "&=", "=="];
const KEYWORDS: &[&str] = &["break", "continue", "return", "goto", "fallthrough"];

/// The program with one change, or none where the change does not apply.
fn mutate(text: &str, random: &mut Random) -> Option<String> {
    let file = SourceFile::new("m.go", text);
    let tokens = tokenize(&file).tokens;
    let at = random.below(tokens.len());
    let lexeme = *tokens.get(at)?;
    let word = file.slice(lexeme.span);
    let names: Vec<&str> = tokens
        .iter()
        .filter(|other| other.token == Token::Ident)
        .map(|other| file.slice(other.span))
        .collect();
    let replaced = |span: Span, new: &str| {
        let (start, end) = (span.start as usize, span.end as usize);
        Some(format!("{}{new}{}", &text[..start], &text[end..]))
    };
    match lexeme.token {
        Token::Ident if TYPES.contains(&word) => replaced(lexeme.span, random.choose(TYPES)),
        Token::Ident => match random.below(8) {
            0 => replaced(lexeme.span, "undeclared"),
            1 => replaced(lexeme.span, random.choose(LITERALS)),
            2 => replaced(lexeme.span, "_"),
            3 => replaced(lexeme.span, &format!("*{word}")),
            4 => replaced(lexeme.span, &format!("{word}, {word}")),
            _ => replaced(lexeme.span, random.choose(&names)),
        },
        token if token.is_literal() => replaced(lexeme.span, random.choose(LITERALS)),
        Token::Break | Token::Continue | Token::Return | Token::Goto | Token::Fallthrough => {
            replaced(lexeme.span, random.choose(KEYWORDS))
        }
        _ if OPERATORS.contains(&word) => replaced(lexeme.span, random.choose(OPERATORS)),
        _ if ASSIGNMENTS.contains(&word) => replaced(lexeme.span, random.choose(ASSIGNMENTS)),
        Token::Semicolon => {
            // A line is lost or there twice.
            let start = text[..lexeme.span.start as usize].rfind('\n')? + 1;
            let line = Span::new(start as u32, lexeme.span.end);
            let words = file.slice(line);
            match random.below(2) {
                0 => replaced(line, "\n"),
                _ => replaced(line, &format!("{words}{words}")),
            }
        }
        _ => replaced(lexeme.span, " "),
    }
}

/// What a compiler says: exit code, and its lines with the file's name made equal.
#[derive(PartialEq)]
struct Said {
    refused: bool,
    lines: Vec<String>,
}

fn said(run: process::Run, name: &str) -> Said {
    let lines = run.stderr.lines();
    Said {
        refused: run.exit != Ok(0),
        lines: lines.map(|line| line.replace(name, "m.go")).collect(),
    }
}

struct Compared {
    mutant: String,
    go: Said,
    minigo: Said,
}

fn compare(oracle: &Oracle, folder: &Path, number: usize, mutant: String) -> Compared {
    let path = folder.join(format!("m{number}.go"));
    std::fs::write(&path, &mutant).expect("a writable temporary folder");
    let name = path.to_string_lossy().into_owned();
    let go = oracle.compile(&path).expect("go starts");
    let mut minigo = Command::new(env!("CARGO_BIN_EXE_minigo"));
    minigo
        .args(["check", "--all-errors", "--error-format=short"])
        .arg(&path);
    let minigo = process::run(&mut minigo, LIMIT).expect("minigo starts");
    assert!(
        matches!(minigo.exit, Ok(0 | 1)),
        "minigo fails: {:?}\n{}\n{mutant}",
        minigo.exit,
        minigo.stderr
    );
    let _ = std::fs::remove_file(&path);
    Compared {
        mutant,
        go: said(go, &name),
        minigo: said(minigo, &name),
    }
}

/// `m.go:line:col` of the first message.
fn place(said: &Said) -> &str {
    let first = said.lines.first().map_or("", String::as_str);
    first.split(": ").next().unwrap_or("")
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn errors_agree_with_those_of_the_go_compiler() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutation");
    let oracle = match Oracle::find(&folder) {
        Ok(oracle) => oracle,
        Err(why) => {
            eprintln!("SKIPPED: {why}");
            return;
        }
    };
    let programs = programs();
    let wanted = number_from("MUTANTS").map_or(MUTANTS, |number| number as usize);
    let seed = number_from("MUTANTS_SEED").unwrap_or(1);
    let mut random = Random(0x2545_f491_4f6c_dd1d ^ (seed << 32));
    let mut mutants = Vec::with_capacity(wanted);
    while mutants.len() < wanted {
        let path = &programs[random.below(programs.len())];
        let text = std::fs::read_to_string(path).unwrap_or_default();
        mutants.extend(mutate(&text, &mut random));
    }
    let waiting = Mutex::new(mutants.into_iter().enumerate().collect::<Vec<_>>());
    let done = Mutex::new(Vec::with_capacity(wanted));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().expect("no thread fails").pop();
                    let Some((number, mutant)) = next else { return };
                    let compared = compare(&oracle, &folder, number, mutant);
                    done.lock()
                        .expect("no thread fails")
                        .push((number, compared));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no thread fails");
    done.sort_by_key(|(number, _)| *number);
    report(done.into_iter().map(|(_, compared)| compared).collect());
}

/// Counts the differences; too many of them are a failure.
fn report(all: Vec<Compared>) {
    let show = std::env::var_os("MUTANTS_SHOW").is_some();
    let (mut whole, mut accept, mut refused, mut places) = (0, 0, 0, 0);
    // After a syntax error the two parsers go on at different places, so only the first one counts.
    let (mut parsed, mut texts) = (0, 0);
    for Compared { mutant, go, minigo } in all {
        let outside = |said: &Said| {
            let mut lines = said.lines.iter();
            lines.any(|line| {
                line.contains("not supported by minigo") || line.contains("could not import")
            })
        };
        if outside(&minigo) || outside(&go) {
            continue;
        }
        whole += 1;
        accept += usize::from(go.refused == minigo.refused);
        if go.refused {
            refused += 1;
            places += usize::from(place(&go) == place(&minigo));
            if !go
                .lines
                .iter()
                .any(|line| line.contains(": syntax error: "))
            {
                parsed += 1;
                texts += usize::from(go.lines == minigo.lines);
            }
        }
        if show && go != minigo {
            let line = place(if go.refused { &go } else { &minigo });
            let line = line.split(':').nth(1).and_then(|line| line.parse().ok());
            let line = mutant.lines().nth(line.unwrap_or(1usize).saturating_sub(1));
            println!("=== {}", line.unwrap_or("").trim());
            for line in go.lines.iter().filter(|line| !minigo.lines.contains(line)) {
                println!("go:     {line}");
            }
            for line in minigo.lines.iter().filter(|line| !go.lines.contains(line)) {
                println!("minigo: {line}");
            }
        }
    }
    let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    let (accept, places, texts) = (
        percent(accept, whole),
        percent(places, refused),
        percent(texts, parsed),
    );
    println!("{whole} mutants, {refused} refused by Go");
    println!("accepted or refused alike {accept:.2} %");
    println!("same first position       {places:.2} %");
    println!("the same words            {texts:.2} % of {parsed} without syntax error");
    assert!(accept > 97.0, "accept and refuse differ too often");
    assert!(places > 90.0, "positions differ too often");
    assert!(texts > 88.0, "words differ too often");
}
