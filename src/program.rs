//! The program that a command line names: files, a folder, standard input, or code.

use crate::console::{fail, fail_plain, reason};
use crate::module::{self, Packages};
use crate::snippet;
use clap::Args;
use minigo_compiler::{Checked, Compiled, Import};
use minigo_grammar::source::SourceFile;
use std::io::Read;
use std::path::Path;
use std::process::exit;
use std::thread;

/// The compiler walks trees as deep as the program nests. Only what is used of this is ever touched.
const COMPILER_STACK: usize = 512 << 20;

/// Names a program on the command line.
#[derive(Args)]
pub(crate) struct ProgramArgs {
    /// Run CODE instead of a file: a whole program, or statements of main; packages of the library need no import
    #[arg(short = 'e', value_name = "CODE")]
    code: Option<String>,
    /// The program: files, a folder, or - for standard input; what follows are its arguments
    #[arg(last = true, required_unless_present = "code", value_name = "PROGRAM")]
    words: Vec<String>,
}

/// A program: its files, and where what it imports comes from.
pub(crate) struct Program {
    /// Its own files.
    pub(crate) files: Vec<SourceFile>,
    packages: Packages,
    /// `os.Args`.
    pub(crate) args: Vec<String>,
}

impl ProgramArgs {
    /// Reads the program, or ends minigo with a line that says why that is impossible.
    pub(crate) fn read(self) -> Program {
        let Some(code) = self.code else {
            return Program::read(self.words);
        };
        let mut args = vec!["-e".to_string()];
        args.extend(self.words);
        Program {
            files: vec![snippet::file("-e", &code)],
            packages: Packages::around(Path::new(".")),
            args,
        }
    }
}

impl Program {
    /// As with `go run`: the words up to the first that does not end in `.go` or `.mgo` are files, the others arguments. The
    /// first may be a file of any name, a folder or `-`.
    fn read(mut words: Vec<String>) -> Program {
        let is_source = |word: &String| word.ends_with(".go") || word.ends_with(".mgo");
        let count = match words.first() {
            Some(first) if !is_source(first) || Path::new(first).is_dir() => 1,
            _ => words.iter().take_while(|&word| is_source(word)).count(),
        };
        let rest = words.split_off(count.min(words.len()));
        let Some(first) = words.first().cloned() else {
            fail("no go files listed");
        };
        let folder = Path::new(&first);
        let (files, packages) = if first == "-" {
            (vec![read_stdin()], Packages::around(Path::new(".")))
        } else if folder.is_dir() {
            let packages = Packages::around(folder);
            let files = match module::folder_files(folder, &packages) {
                Ok(files) => files.into_iter(),
                Err(message) => fail_plain(&message),
            };
            let files = files.map(|file| match packages.own_path() {
                Some(path) => file.with_package(path),
                None => file,
            });
            (files.collect(), packages)
        } else {
            let files: Vec<SourceFile> = words.iter().map(|name| read_named(name)).collect();
            check_folders(&files);
            let folder = match folder.parent() {
                Some(parent) if parent != Path::new("") => parent,
                _ => Path::new("."),
            };
            (files, Packages::around(folder))
        };
        let mut args = vec![first];
        args.extend(rest);
        Program {
            files,
            packages,
            args,
        }
    }

    /// Checks it and gives what `work` makes of the result.
    pub(crate) fn check<R: Send + 'static>(
        self,
        work: impl FnOnce(Checked) -> R + Send + 'static,
    ) -> R {
        on_big_stack(move || {
            let packages = self.packages;
            let importer = |import: &Import<'_>| packages.find(import);
            work(minigo_compiler::check(self.files, &importer))
        })
    }

    /// Compiles it.
    pub(crate) fn compile(self) -> Compiled {
        on_big_stack(move || {
            let packages = self.packages;
            minigo_compiler::compile(self.files, &|import: &Import<'_>| packages.find(import))
        })
    }
}

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

/// Go wants named files to be in one folder, and runs no tests.
fn check_folders(files: &[SourceFile]) {
    let mut folders: Vec<&str> = Vec::new();
    for file in files {
        let name = file.name();
        if name.ends_with("_test.go") || name.ends_with("_test.mgo") {
            fail(&format!("cannot run *_test.go files ({name})"));
        }
        let folder = file.folder();
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    if folders.len() > 1 {
        fail_plain(&format!(
            "named files must all be in one directory; have {} and {}",
            folders[0], folders[1]
        ));
    }
}

fn read_stdin() -> SourceFile {
    let mut bytes = Vec::new();
    match std::io::stdin().lock().read_to_end(&mut bytes) {
        Ok(_) => source("stdin", bytes),
        Err(error) => fail(&format!("read standard input: {}", reason(&error))),
    }
}

fn read_named(name: &str) -> SourceFile {
    let file = read_file(name, Path::new(name));
    // A named file takes part whatever its constraint says; but it may ask for the loops of old versions of Go.
    module::check_constraint(&file);
    let folder = module::absolute(Path::new(file.folder()));
    file.with_folder(folder.display().to_string())
}

/// Reads a file that messages call `name`.
pub(crate) fn read_file(name: &str, path: &Path) -> SourceFile {
    match std::fs::read(path) {
        Ok(bytes) => source(name, bytes),
        Err(error) => fail(&format!("open {name}: {}", reason(&error))),
    }
}

fn source(name: &str, bytes: Vec<u8>) -> SourceFile {
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
