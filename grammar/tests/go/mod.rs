//! What these tests need from an installed Go: its source tree, and small programs built with it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// GOROOT/src, or none with a note if there is no Go here.
pub(crate) fn source_tree() -> Option<PathBuf> {
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
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                if !path.ends_with("testdata") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "go") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// A folder for a Go program, deleted at the end.
pub(crate) struct Program {
    folder: PathBuf,
}

impl Program {
    /// A module with `main` as its only file.
    #[allow(dead_code, reason = "not every test builds a program")]
    pub(crate) fn new(name: &str, main: &str) -> Program {
        let folder = std::env::temp_dir().join(format!("minigo-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let program = Program { folder };
        program.write("go.mod", "module oracle\n\ngo 1.27\n");
        program.write("main.go", main);
        program
    }

    /// Adds a file.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a temporary folder");
        }
        std::fs::write(path, text).expect("a writable temporary folder");
    }

    /// Builds and runs the program in its folder; its standard output.
    #[allow(dead_code, reason = "not every test builds a program")]
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let go = |arguments: &[&str]| {
            let mut command = Command::new("go");
            command.args(arguments).current_dir(&self.folder);
            command
                .env("GOFLAGS", "-mod=mod")
                .env("GO111MODULE", "on")
                .env("GOTOOLCHAIN", "local");
            command.output().expect("a runnable go")
        };
        let mut all = vec!["run", "."];
        all.extend(arguments);
        let output = go(&all);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the Go program fails:\n{errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
