//! The library beside Go's own: the Example functions of its packages, and its exported names.
//!
//! | trial | is |
//! |---|---|
//! | `examples` | of the Example functions of all packages, at least [`ENOUGH`] of 1000 print what they say; README.md of the library tells how many of each package |
//! | `names` | the library has the exported names of Go's packages, with the same signatures, and no others; what is missing is listed with its reason, in the package and in README.md |
//! | `layout` | functions of the library are laid out so that their parsing can be put off, and are then found as they are |
//! | `checked` | all of the library is free of errors, whether a program reaches it or not |
//! | `called` | every exported function is called by some test program |
//!
//! Sources are read where Go is installed and never copied. Without Go 1.27 on PATH the trials are skipped, with a line that says so;
//! `MINIGO_TEST_ORACLE=1` makes a missing Go an error. `MINIGO_TEST_EXAMPLES=PACKAGE,…` restricts `examples` to some packages and shows what fails
//! there and how; `MINIGO_TEST_EXAMPLES=table` writes the tables in `stdlib/README.md`.

// Of the harness only what is needed here.
#[path = "harness/process.rs"]
mod process;

use libtest_mimic::{Arguments, Failed, Trial};
use minigo_compiler::{Import, ImportError, Sources};
use minigo_grammar::ast::Decl;
use minigo_grammar::deferred::{declaration, parse_library_file};
use minigo_grammar::{SourceFile, Symbols, parse_file};
use process::Run;
use regex::Regex;
use similar::TextDiff;
use std::collections::{BTreeMap, HashSet};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Packages that are not compared: parts of Go's only, which others of the library need or which depend on the system.
const NOT_COMPARED: &[&str] = &["encoding", "net", "runtime/debug", "syscall"];

/// The packages that a Go programmer expects in a core library, by name.
fn packages() -> Vec<&'static str> {
    let mut packages: Vec<&str> = minigo_stdlib::paths()
        .filter(|path| !NOT_COMPARED.contains(path))
        .collect();
    packages.sort_unstable();
    packages
}

/// Of 1000 examples so many must pass.
const ENOUGH: usize = 960;

/// Packages that are being completed.
const KNOWN: &[&str] = &["net ", "syscall "];

/// An example that runs longer has failed.
const LIMIT: Duration = Duration::from_secs(60);

/// Making programs of all examples must take less than this.
const EXTRACTION_LIMIT: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = vec![
        Trial::test("called", called),
        Trial::test("layout", layout),
        Trial::test("checked", checked),
    ];
    match find_go() {
        Ok(()) => {
            trials.push(Trial::test("examples", examples));
            trials.push(Trial::test("names", names));
        }
        Err(reason) => println!("note: no comparison with Go's library: {reason}"),
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Whether there is a Go to compare with.
fn find_go() -> Result<(), String> {
    let asked = env::var("MINIGO_TEST_ORACLE").unwrap_or_default();
    if asked == "0" {
        return Err("MINIGO_TEST_ORACLE=0".into());
    }
    let found = go(&["version"], Duration::from_secs(60)).and_then(|version| {
        if version.contains(" go1.27") {
            Ok(())
        } else {
            Err(format!("Go 1.27 is needed, this is {version}"))
        }
    });
    if asked == "1" {
        found.clone().expect("MINIGO_TEST_ORACLE=1 asks for Go");
    }
    found
}

fn go(arguments: &[&str], limit: Duration) -> Result<String, String> {
    let run = process::run(Command::new("go").args(arguments), limit)?;
    if run.exit == Ok(0) {
        Ok(run.stdout)
    } else {
        Err(format!("go {arguments:?}: {:?}\n{}", run.exit, run.stderr))
    }
}

/// An Example function that was made a program.
struct Example {
    package: String,
    name: String,
    unordered: bool,
    program: PathBuf,
    /// Where its package is, with what its files need.
    folder: PathBuf,
}

/// Why an example fails: one line for a table, and all there is to say.
struct Failure {
    reason: String,
    details: String,
}

fn examples() -> Result<(), Failed> {
    let chosen = env::var("MINIGO_TEST_EXAMPLES").unwrap_or_default();
    let packages: Vec<&str> = packages()
        .into_iter()
        .filter(|package| {
            matches!(chosen.as_str(), "" | "table") || chosen.split(',').any(|one| one == *package)
        })
        .collect();
    let examples = extract(&packages)?;
    let results = run_all(&examples);
    let passed = results.iter().filter(|result| result.is_ok()).count();
    let table = table(&packages, &examples, &results);
    if !matches!(chosen.as_str(), "" | "table") {
        for (example, result) in examples.iter().zip(&results) {
            if let Err(failure) = result {
                println!("---- {} {}", example.package, example.name);
                println!("{}: {}", example.program.display(), failure.reason);
                println!("{}", failure.details);
            }
        }
    }
    if chosen == "table" {
        write_table("examples", &table)?;
    } else {
        println!("{table}");
    }
    if chosen.is_empty() && passed * 1000 < examples.len() * ENOUGH {
        return Err(format!("{passed} of {} pass, {ENOUGH} of 1000 must", examples.len()).into());
    }
    Ok(())
}

/// Makes programs of the examples of some packages, in the folder of this test.
fn extract(packages: &[&str]) -> Result<Vec<Example>, Failed> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
    fs::create_dir_all(&folder)?;
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/library/examples.go");
    let mut arguments = vec!["run", text(&tool)?, text(&folder)?];
    arguments.extend(packages);
    let list = go(&arguments, EXTRACTION_LIMIT)?;
    list.lines()
        .map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
            [package, name, order, program, folder] => Ok(Example {
                package: package.into(),
                name: name.into(),
                unordered: order == "unordered",
                program: program.into(),
                folder: folder.into(),
            }),
            _ => Err(format!("not an example: {line}").into()),
        })
        .collect()
}

fn text(path: &Path) -> Result<&str, String> {
    path.to_str()
        .ok_or_else(|| format!("{} is not UTF-8", path.display()))
}

/// Runs all examples, on all CPUs.
fn run_all(examples: &[Example]) -> Vec<Result<(), Failure>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(example) = examples.get(i) else {
                        break;
                    };
                    let result = run(example);
                    results
                        .lock()
                        .expect("nobody panics with it")
                        .insert(i, result);
                }
            });
        }
    });
    let results = results.into_inner().expect("all threads are done");
    results.into_values().collect()
}

fn run(example: &Example) -> Result<(), Failure> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
    command
        .arg("run")
        .arg(&example.program)
        .current_dir(&example.folder)
        .env_remove("MINIGO_SEED");
    if example.package == "time" {
        // As in the tests of Go's package.
        command.env("TZ", "America/Los_Angeles");
    }
    let failure = |reason: String, details: String| Failure { reason, details };
    let run = process::run(&mut command, LIMIT).map_err(|e| failure(e, String::new()))?;
    let expected = fs::read_to_string(example.program.with_extension("out"))
        .map_err(|e| failure(e.to_string(), String::new()))?;
    if run.exit != Ok(0) {
        return Err(failure(reason_of(&run), run.stderr));
    }
    let (expected, got) = (
        normal(&expected, example.unordered),
        normal(&run.stdout, example.unordered),
    );
    if expected == got {
        return Ok(());
    }
    let diff = TextDiff::from_lines(&expected, &got);
    let details = diff.unified_diff().header("Go", "minigo").to_string();
    Err(failure("prints something else".into(), details))
}

/// Output as Go compares it.
fn normal(output: &str, unordered: bool) -> String {
    let mut lines: Vec<&str> = output.trim().lines().collect();
    if unordered {
        lines.sort_unstable();
    }
    lines.join("\n") + "\n"
}

/// The first message without its position, or how the program ended.
fn reason_of(run: &Run) -> String {
    let first = run.stderr.lines().next().unwrap_or_default();
    match (&run.exit, first.split_once(".mgo:")) {
        (Ok(1), Some((_, message))) => message.splitn(3, ':').last().unwrap_or(message).trim(),
        (Ok(_), _) => first,
        (Err(reason), _) => reason,
    }
    .to_owned()
}

/// How many examples of each package pass, and why the others do not.
fn table(packages: &[&str], examples: &[Example], results: &[Result<(), Failure>]) -> String {
    let mut table = String::from("| package | examples | pass | the others |\n|---|--:|--:|---|\n");
    let (mut all, mut all_passed) = (0, 0);
    for package in packages {
        let (mut count, mut passed) = (0, 0);
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (example, result) in examples.iter().zip(results) {
            if example.package != *package {
                continue;
            }
            count += 1;
            match result {
                Ok(()) => passed += 1,
                Err(failure) => reasons
                    .entry(&failure.reason)
                    .or_default()
                    .push(&example.name),
            }
        }
        let mut others = String::new();
        for (reason, names) in reasons {
            let separator = if others.is_empty() { "" } else { "; " };
            let names = names.join("`, `");
            let reason = reason.replace('|', "\\|");
            let _ = write!(others, "{separator}`{names}`: {reason}");
        }
        let _ = writeln!(table, "| {package} | {count} | {passed} | {others} |");
        all += count;
        all_passed += passed;
    }
    let _ = writeln!(table, "| all | {all} | {all_passed} | |");
    table
}

/// Puts a table into README.md of the library, between the comments that stand there for it.
fn write_table(name: &str, table: &str) -> Result<(), Failed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("stdlib/README.md");
    let (start, end) = (
        format!("<!-- {name}: written by tests/library.rs -->\n"),
        format!("<!-- end of {name} -->\n"),
    );
    // The trials that write run side by side.
    static README: Mutex<()> = Mutex::new(());
    let _guard = README.lock();
    let readme = fs::read_to_string(&path)?;
    let (before, rest) = readme
        .split_once(&start)
        .ok_or("README.md has no place for the table")?;
    let (_, after) = rest.split_once(&end).ok_or("the table has no end")?;
    fs::write(&path, format!("{before}{start}{table}{end}{after}"))?;
    Ok(())
}

/// What the comments of a package say that it leaves out: names, and why.
fn left_out(folder: &Path) -> Result<Vec<(Vec<String>, String)>, Failed> {
    let mut list = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(list);
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_none_or(|extension| extension != "mgo") {
            continue;
        }
        for line in fs::read_to_string(&path)?.lines() {
            if let Some(text) = line.strip_prefix("// Not supported: ") {
                let (names, reason) = text.split_once(": ").ok_or("no reason")?;
                let names = names.split(", ").map(str::to_owned).collect();
                list.push((names, reason.to_owned()));
            }
        }
    }
    Ok(list)
}

/// Compares the exported names of all packages; what is missing must be listed in the package with its reason.
fn names() -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (tool, library) = (root.join("tests/library/names.go"), root.join("stdlib/src"));
    let mut arguments = vec!["run", text(&tool)?, text(&library)?];
    arguments.extend(packages());
    let list = go(&arguments, EXTRACTION_LIMIT)?;
    let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut wrong = String::new();
    for line in list.lines() {
        match line.split('\t').collect::<Vec<_>>()[..] {
            [package, "missing", name] => missing.entry(package).or_default().push(name),
            [_, "function", _] => {}
            [package, _, name]
                if KNOWN
                    .iter()
                    .any(|known| format!("{package} {name}").starts_with(known)) => {}
            [package, what, name] => {
                let _ = writeln!(wrong, "{package}: {what}: {name}");
            }
            _ => return Err(format!("not a difference: {line}").into()),
        }
    }
    let mut table = String::from("| package | without | because |\n|---|---|---|\n");
    for package in packages() {
        let missing = missing.remove(package).unwrap_or_default();
        let left_out = left_out(&library.join(package))?;
        for (names, reason) in &left_out {
            let names: Vec<&str> = names
                .iter()
                .map(String::as_str)
                .filter(|name| missing.contains(name))
                .collect();
            if names.is_empty() {
                continue;
            }
            let names = names.join("`, `");
            let _ = writeln!(table, "| {package} | `{names}` | {reason} |");
        }
        let listed: Vec<&String> = left_out.iter().flat_map(|(names, _)| names).collect();
        for name in &missing {
            let known = KNOWN
                .iter()
                .any(|known| format!("{package} {name}").starts_with(known));
            if !known && !listed.iter().any(|other| other == name) {
                let _ = writeln!(
                    wrong,
                    "{package}: lacks {name}, and no comment \"// Not supported: …\" says why"
                );
            }
        }
    }
    if env::var("MINIGO_TEST_EXAMPLES").is_ok_and(|chosen| chosen == "table") {
        write_table("names", &table)?;
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.into())
    }
}

/// The `.mgo` files in a folder and the folders in it.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        let entries = fs::read_dir(next).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "mgo") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Every exported function or method of the library must be called by a program in `examples` or `tests`.
fn called() -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let selector = Regex::new(r"\.\s*([A-Z]\w*)").expect("a pattern of the harness");
    let mut used = HashSet::new();
    for folder in ["examples", "tests/run", "tests/stress", "tests/errors"] {
        for path in sources(&root.join(folder)) {
            let text = fs::read_to_string(&path)?;
            used.extend(selector.captures_iter(&text).map(|c| c[1].to_owned()));
        }
    }
    let declaration = Regex::new(r"(?m)^func (?:\((?:\w+ )?\*?(\w+)(?:\[[^\]]*\])?\) )?([A-Z]\w*)")
        .expect("a pattern of the harness");
    let mut uncalled = String::new();
    let library = root.join("stdlib/src");
    for path in sources(&library) {
        let text = fs::read_to_string(&path)?;
        let package = path.parent().and_then(|f| f.strip_prefix(&library).ok());
        let package = package.unwrap_or(&path).display().to_string() + " ";
        if KNOWN.contains(&package.as_str()) {
            continue;
        }
        for function in declaration.captures_iter(&text) {
            let receiver = function.get(1).map_or("", |name| name.as_str());
            let hidden = receiver.starts_with(|c: char| c.is_lowercase());
            if !hidden && !used.contains(&function[2]) {
                let _ = writeln!(uncalled, "{package}{receiver} {}", &function[2]);
            }
        }
    }
    if uncalled.is_empty() {
        Ok(())
    } else {
        Err(format!("no test program calls\n{uncalled}").into())
    }
}

/// The library is checked like a user's packages: all of it. Only that its natives have no bodies is as it should be.
fn checked() -> Result<(), Failed> {
    let importer = |import: &Import<'_>| {
        let Some(files) = minigo_stdlib::source(import.path) else {
            return Err(ImportError::at_import("no such package"));
        };
        let files = files.iter();
        Ok(Sources {
            files: files
                .map(|(name, text)| SourceFile::of_library(*name, text))
                .collect(),
            library: false,
            init_key: String::new(),
        })
    };
    let mut program = "package main\n".to_string();
    for path in minigo_stdlib::paths() {
        let _ = writeln!(program, "import _ \"{path}\"");
    }
    program.push_str("func main() {}\n");
    let checked = minigo_compiler::check(vec![SourceFile::new("all.mgo", program)], &importer);
    let mut errors = String::new();
    let mut natives = 0;
    for (file, diagnostic) in &checked.diagnostics {
        if diagnostic.message == "missing function body" {
            natives += 1;
        } else {
            let text = diagnostic.to_short_string(&checked.files[file.0 as usize]);
            let _ = writeln!(errors, "{text}");
        }
    }
    if errors.is_empty() && natives > 0 {
        Ok(())
    } else {
        Err(format!("{natives} functions without body\n{errors}").into())
    }
}

/// Functions of the library are found by their layout and parsed when they are needed; that must make no difference.
fn layout() -> Result<(), Failed> {
    let (mut functions, mut at_once) = (0, Vec::new());
    for package in minigo_stdlib::paths() {
        for &(name, text) in minigo_stdlib::source(package).unwrap_or_default() {
            let file = SourceFile::of_library(name, text);
            let mut symbols = Symbols::new();
            let (whole, _) = parse_file(&file, &mut symbols);
            let (ast, diagnostics) = parse_library_file(&file, &mut symbols);
            assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
            let all = whole.decl_list(whole.decls).iter();
            let mut expected: Vec<&Decl> = all.map(|&id| whole.decl(id)).collect();
            let rest = ast.decl_list(ast.decls).iter();
            let mut found: Vec<&Decl> = rest.map(|&id| ast.decl(id)).collect();
            for decl in &found {
                if let Decl::Func(decl) = decl {
                    at_once.push(format!("{name}: {}", symbols.name(decl.name.name)));
                }
            }
            for (id, known) in ast.deferred_decls() {
                let decl = declaration(&ast, id, &file, &symbols);
                let Decl::Func(function) = decl else {
                    panic!("{name}: not a function");
                };
                let place = file.line_col(known.span.start);
                assert_eq!(function.name, known.name, "{name}:{place}");
                assert_eq!(function.body.is_some(), known.has_body, "{name}:{place}");
                let receiver = known.receiver.map(|receiver| {
                    let star = if receiver.pointer { "*" } else { "" };
                    format!("{star}{}", symbols.name(receiver.base))
                });
                let written = function.recv.map(|recv| {
                    let text = file.slice(ast.expr_span(recv.ty));
                    text.split('[').next().unwrap_or(text).to_string()
                });
                assert_eq!(receiver, written, "{name}:{place}");
                functions += 1;
                found.push(decl);
            }
            expected.sort_by_key(|decl| decl.span());
            found.sort_by_key(|decl| decl.span());
            let shape = |decls: &[&Decl]| -> Vec<String> {
                let kind = |decl: &Decl| match decl {
                    Decl::Func(decl) => symbols.name(decl.name.name).to_string(),
                    _ => String::new(),
                };
                decls
                    .iter()
                    .map(|decl| format!("{:?} {}", decl.span(), kind(decl)))
                    .collect()
            };
            assert_eq!(shape(&found), shape(&expected), "{name}");
        }
    }
    if at_once.len() * 20 > functions {
        return Err(format!("too many functions are parsed at once: {at_once:#?}").into());
    }
    Ok(())
}
