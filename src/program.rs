//! The files of a program: reading them, and finding what they import.

use crate::console::{fail, fail_plain, reason};
use minigo_grammar::source::SourceFile;
use std::io::Read;
use std::path::Path;
use std::process::exit;
use std::thread;

/// The compiler walks trees as deep as the program nests. Only what is used of this is ever touched.
const COMPILER_STACK: usize = 512 << 20;

/// Runs `work` where recursion as deep as the program's nesting is no problem.
pub(crate) fn on_big_stack<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    let builder = thread::Builder::new()
        .name("compiler".to_string())
        .stack_size(COMPILER_STACK);
    match builder.spawn(work).map(thread::JoinHandle::join) {
        Ok(Ok(result)) => result,
        // The panic hook has ended the process before a panicking thread can be joined.
        Ok(Err(_)) => exit(3),
        Err(error) => fail(&format!("cannot start a thread: {error}")),
    }
}

/// The sources of a package of the library.
pub(crate) fn library(path: &str) -> Option<Vec<SourceFile>> {
    let files = minigo_stdlib::source(path)?;
    Some(
        files
            .iter()
            .map(|(name, text)| SourceFile::new(*name, *text))
            .collect(),
    )
}

/// Reads the program, or ends with one line that says why that is impossible.
pub(crate) fn read(name: &str) -> SourceFile {
    let bytes = if name == "-" {
        let mut bytes = Vec::new();
        match std::io::stdin().lock().read_to_end(&mut bytes) {
            Ok(_) => bytes,
            Err(error) => fail(&format!("read standard input: {}", reason(&error))),
        }
    } else {
        if Path::new(name).is_dir() {
            fail(&format!("{name} is a directory"));
        }
        match std::fs::read(name) {
            Ok(bytes) => bytes,
            Err(error) => fail(&format!("open {name}: {}", reason(&error))),
        }
    };
    let name = if name == "-" { "stdin" } else { name };
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            if text.starts_with("#!") {
                // A script's first line names the program that runs it; to Go it is a comment.
                text.replace_range(..2, "//");
            }
            SourceFile::new(name, text)
        }
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
            let place = SourceFile::new(name, text).line_col(valid as u32);
            fail_plain(&format!("{name}:{place}: invalid UTF-8 encoding"))
        }
    }
}
