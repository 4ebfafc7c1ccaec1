//! Programs that are folders, for the real Go toolchain.

use super::oracle::{BUILD_LIMIT, Oracle, name_of};
use super::process::{self, Run};
use regex::Regex;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

static GO_GET: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"; to add it:\n\tgo get .*").expect("a pattern of the harness"));
static NOT_IN_STD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"is not in std \(.*\)").expect("a pattern of the harness"));

/// Builds a program of several files or packages with `go build`, in a copy where all files end in `.go`; the executable, or
/// what Go says, with the names of our files.
///
/// # Errors
/// When the copy cannot be made or Go cannot be started.
pub(crate) fn build(oracle: &Oracle, program: &Path) -> Result<Result<PathBuf, Run>, String> {
    let copy = oracle.folder.join(name_of(program));
    // What an earlier run left behind; there may be nothing.
    let _ = fs::remove_dir_all(&copy);
    let mut renamed = Vec::new();
    for file in files(program) {
        let relative = file.strip_prefix(program).unwrap_or(&file);
        let mut to = copy.join(relative);
        if file.extension().is_some_and(|extension| extension == "mgo") {
            to.set_extension("go");
            let name = |path: &Path| {
                path.file_name()
                    .map(|name| name.to_string_lossy().into_owned())
            };
            renamed.extend(name(&to).zip(name(&file)));
        }
        let parent = to.parent().unwrap_or(&copy);
        fs::create_dir_all(parent)
            .and_then(|()| fs::copy(&file, &to))
            .map_err(|error| format!("{}: {error}", to.display()))?;
    }
    let executable = oracle.folder.join(name_of(program) + ".exe");
    let mut command = Command::new("go");
    command
        .current_dir(&copy)
        .args(["build", "-o"])
        .arg(&executable)
        .arg(".");
    let mut run = process::run(&mut command, BUILD_LIMIT)?;
    let built = run.exit == Ok(0) && executable.exists();
    if built {
        return Ok(Ok(executable));
    }
    let stderr = run
        .stderr
        .replace(&*copy.to_string_lossy(), &program.to_string_lossy());
    let stderr = renamed
        .iter()
        .fold(stderr, |text, (from, to)| text.replace(from, to));
    // Where Go looked for a package and how to download it is not our business.
    let stderr = GO_GET.replace_all(&stderr, "");
    run.stderr = NOT_IN_STD
        .replace_all(&stderr, "is not in std")
        .into_owned();
    Ok(Err(run))
}

/// All files of a program, with their paths, sorted.
pub(crate) fn files(program: &Path) -> Vec<PathBuf> {
    if !program.is_dir() {
        return vec![program.to_path_buf()];
    }
    let mut files: Vec<PathBuf> = fs::read_dir(program)
        .into_iter()
        .flatten()
        .flatten()
        .flat_map(|entry| files(&entry.path()))
        .collect();
    files.sort();
    files
}
