//! Programs of `tests/bytecode` and the code that they become.
//!
//! The listing of the program's own functions stands in a closing comment, without the numbers that only say where in a
//! table something is. `MINIGO_UPDATE=1 cargo test --test bytecode` writes the comments anew; review reads the difference.

use minigo_bytecode::{Op, disasm, verify};
use minigo_compiler::{Import, ImportError, Sources};
use minigo_grammar::source::SourceFile;
use regex::Regex;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const MARK: &str = "\n// Bytecode:\n";

/// Ops that these programs need not show: they are made only where jumps are long, or never executed.
const UNSEEN: &[&str] = &["Extra2", "Unreachable"];

fn programs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bytecode");
    let entries = std::fs::read_dir(folder).expect("tests/bytecode can be read");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "mgo"))
        .collect();
    files.sort();
    files
}

fn importer(import: &Import<'_>) -> Result<Sources, ImportError> {
    let files = minigo_stdlib::source(import.path)
        .ok_or_else(|| ImportError::at_import("no such package"))?;
    let files = files
        .iter()
        .map(|(name, text)| SourceFile::new(*name, *text));
    Ok(Sources {
        files: files.collect(),
        library: true,
        ..Sources::default()
    })
}

/// The listing of the program's own functions, and all mnemonics in them.
fn listing(
    name: &str,
    source: &str,
    mnemonics: &mut BTreeSet<&'static str>,
) -> Result<String, String> {
    let file = SourceFile::new(name, source);
    let compiled = minigo_compiler::compile(vec![file], &importer);
    let Some(program) = compiled.program else {
        let messages = compiled.diagnostics.iter();
        let messages = messages.map(|(f, d)| d.to_short_string(&compiled.files[f.0 as usize]));
        return Err(messages.collect::<Vec<_>>().join("\n"));
    };
    verify::verify(&program).map_err(|error| error.to_string())?;
    let numbers = Regex::new(r"(reg=0 | [a-z])\d+  ; ").expect("a valid expression");
    let mut text = String::new();
    for func in &program.funcs {
        if func.name.starts_with("main.") && func.name != "main.init" {
            mnemonics.extend(func.code.iter().map(Op::mnemonic));
            text.push_str(&disasm::function(&program, func));
            text.push('\n');
        }
    }
    Ok(numbers.replace_all(&text, " ").into_owned())
}

#[test]
fn programs_become_the_expected_code() {
    let update = std::env::var_os("MINIGO_UPDATE").is_some();
    let mut mnemonics = BTreeSet::new();
    let mut failures = Vec::new();
    for path in programs() {
        let text = std::fs::read_to_string(&path).expect("the program can be read");
        let (source, expected) = text.split_once(MARK).unwrap_or((text.trim_end(), ""));
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let got = match listing(&name, source, &mut mnemonics) {
            Ok(got) => got,
            Err(error) => {
                failures.push(format!("{name}: {error}"));
                continue;
            }
        };
        let comment: String = got
            .trim_end()
            .lines()
            .map(|line| format!("// {line}").trim_end().to_string() + "\n")
            .collect();
        if comment == expected {
            continue;
        }
        if update {
            let text = format!("{}\n{MARK}{comment}", source.trim_end());
            std::fs::write(&path, text).expect("the program can be written");
        } else {
            let diff = similar::TextDiff::from_lines(expected, &comment);
            failures.push(format!(
                "{name}:\n{}",
                diff.unified_diff().header("expected", "got")
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let missing: Vec<&&str> = Op::MNEMONICS
        .iter()
        .filter(|m| !mnemonics.contains(**m) && !UNSEEN.contains(*m))
        .collect();
    assert!(
        missing.is_empty(),
        "no program in tests/bytecode shows {missing:?}"
    );
}
