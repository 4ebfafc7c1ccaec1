//! Finding the programs in a folder, and the command that runs one.
//!
//! A folder with a `go.mod` in it is one program of several files or packages; its `main.mgo` or `main.go` says what it must do. It runs
//! in its folder, as `minigo run .`.

use super::process::Run;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program and the name of its trial without the kind.
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// All programs in a folder and the folders in it, sorted by name.
pub(crate) fn find(folder: &Path) -> Vec<Program> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs::read_dir(&next) else {
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let is_module = path.join("go.mod").exists();
            if path.is_dir() && !is_module {
                folders.push(path);
            } else if is_module || path.extension().is_some_and(|extension| extension == "mgo") {
                let relative = path
                    .strip_prefix(folder)
                    .unwrap_or(&path)
                    .with_extension("");
                let name = relative
                    .iter()
                    .map(|part| part.to_string_lossy())
                    .collect::<Vec<_>>()
                    .join("::");
                found.push(Program { name, path });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The file that says what a program must do: the program itself, or the main file of a folder.
pub(crate) fn main_file(program: &Path) -> PathBuf {
    if !program.is_dir() {
        return program.to_path_buf();
    }
    let main = program.join("main.mgo");
    if main.exists() {
        main
    } else {
        program.join("main.go")
    }
}

/// Adds the program to a command: `program`, or `.` in its folder.
pub(crate) fn add_program<'a>(command: &'a mut Command, program: &Path) -> &'a mut Command {
    if program.is_dir() {
        command.current_dir(program).arg(".")
    } else {
        command.arg(program)
    }
}

/// Where the tests are is nothing that an expectation can know.
pub(crate) fn hide_folder(run: &mut Run, program: &Path) {
    if program.is_dir() {
        run.stderr = run.stderr.replace(&*program.to_string_lossy(), "FOLDER");
    }
}

/// `minigo run program`, in an environment of our own.
pub(crate) fn minigo(program: &Path, processors: u32) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
    add_program(command.arg("run"), program);
    environment(&mut command, processors);
    command
}

/// An environment in which only the number of processors is set.
pub(crate) fn environment(command: &mut Command, processors: u32) -> &mut Command {
    for name in [
        "GODEBUG",
        "GOGC",
        "GOMEMLIMIT",
        "GOTRACEBACK",
        "MINIGO_FLAGS",
        "MINIGO_GCSTRESS",
        "MINIGO_SEED",
    ] {
        command.env_remove(name);
    }
    command.env("GOMAXPROCS", processors.to_string())
}
