//! Parses Go's own source tree, where Go is installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use minigo_grammar::{SourceFile, Symbols, parse_file};

/// GOROOT/src, or none with a note if there is no Go here.
fn goroot_src() -> Option<PathBuf> {
    let output = Command::new("go").args(["env", "GOROOT"]).output().ok();
    let root = output.and_then(|output| String::from_utf8(output.stdout).ok());
    let source = root
        .map(|root| Path::new(root.trim()).join("src"))
        .filter(|path| path.is_dir());
    if source.is_none() {
        eprintln!("SKIPPED: no Go installation found (`go env GOROOT`)");
    }
    source
}

/// All .go files below a folder except those below `testdata`, which hold deliberate errors.
fn go_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("readable source tree")
        .map(|entry| entry.expect("readable source tree").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if !path.ends_with("testdata") {
                go_files(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "go") {
            files.push(path);
        }
    }
}

#[test]
fn every_file_of_the_go_tree_parses_without_a_false_error() {
    let Some(source) = goroot_src() else { return };
    let mut files = Vec::new();
    go_files(&source, &mut files);
    assert!(
        files.len() > 1000,
        "only {} files under {}",
        files.len(),
        source.display()
    );
    let mut failures = Vec::new();
    let mut symbols = Symbols::new();
    for path in &files {
        let text = std::fs::read_to_string(path).expect("readable source tree");
        let file = SourceFile::new(path.display().to_string(), text);
        let (_, diagnostics) = parse_file(&file, &mut symbols);
        failures.extend(
            diagnostics
                .first()
                .map(|first| first.to_short_string(&file)),
        );
    }
    assert!(
        failures.is_empty(),
        "{} of {} files fail:\n{}",
        failures.len(),
        files.len(),
        failures.join("\n")
    );
}
