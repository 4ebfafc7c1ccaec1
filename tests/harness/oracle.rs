//! The real Go toolchain, which settles what a program means.
//!
//! The compiler and the linker are called directly (`go tool compile`, `go tool link`): they take a `.mgo` file as it is, so
//! positions in messages need no translation, and no module has to be made up around it.

use super::process::{self, Run};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Building one program must take less than this, on a busy machine too.
pub(crate) const BUILD_LIMIT: Duration = Duration::from_secs(120);

/// An installed Go toolchain, ready to build single files.
pub(crate) struct Oracle {
    /// What `go version` says.
    pub(crate) version: String,
    /// Where executables and what else is built are kept.
    pub(crate) folder: PathBuf,
    import_config: PathBuf,
}

impl Oracle {
    /// Finds Go on PATH and prepares it; `folder` keeps what it builds.
    ///
    /// # Errors
    /// Why there is no usable Go.
    pub(crate) fn find(folder: &Path) -> Result<Oracle, String> {
        let version = go(&["version"])?.trim().to_string();
        let minor: Option<u32> = version
            .split_whitespace()
            .nth(2)
            .and_then(|number| number.strip_prefix("go1."))
            .and_then(|number| number.split('.').next())
            .and_then(|number| number.parse().ok());
        if minor.is_none_or(|minor| minor < 27) {
            return Err(format!("Go 1.27 or newer is needed, this is {version}"));
        }
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut list = vec![
            "list",
            "-deps",
            "-export",
            "-f",
            "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}",
        ];
        list.extend(minigo_stdlib::paths());
        let import_config = folder.join("importcfg");
        fs::write(&import_config, go(&list)?)
            .map_err(|error| format!("{}: {error}", import_config.display()))?;
        Ok(Oracle {
            version,
            folder: folder.to_path_buf(),
            import_config,
        })
    }

    /// Compiles a program only: what the compiler says, with all errors and not just ten.
    ///
    /// # Errors
    /// When the compiler cannot be started.
    pub(crate) fn compile(&self, program: &Path) -> Result<Run, String> {
        let mut run = process::run(&mut self.compile_command(program), BUILD_LIMIT)?;
        // The compiler writes its errors to standard output; `go build` passes them on to standard error.
        run.stderr.insert_str(0, &run.stdout);
        run.stdout.clear();
        if run.exit == Ok(2) {
            run.exit = Ok(1);
        }
        Ok(run)
    }

    /// Builds a program and returns the executable.
    ///
    /// # Errors
    /// What the compiler or the linker says.
    pub(crate) fn build(&self, program: &Path) -> Result<PathBuf, String> {
        succeed(&mut self.compile_command(program))?;
        let executable = self.folder.join(name_of(program));
        let mut link = Command::new("go");
        link.args(["tool", "link", "-s", "-w", "-importcfg"])
            .arg(&self.import_config)
            .arg("-o")
            .arg(&executable)
            .arg(self.object_of(program));
        succeed(&mut link)?;
        // Nothing needs it any more, and a failure to remove it hurts nobody.
        let _ = fs::remove_file(self.object_of(program));
        Ok(executable)
    }

    fn compile_command(&self, program: &Path) -> Command {
        let mut command = Command::new("go");
        command
            .args([
                "tool",
                "compile",
                "-e",
                "-complete",
                "-p",
                "main",
                "-importcfg",
            ])
            .arg(&self.import_config)
            .arg("-o")
            .arg(self.object_of(program))
            .arg(program);
        command
    }

    fn object_of(&self, program: &Path) -> PathBuf {
        self.folder.join(name_of(program) + ".o")
    }
}

/// A file name made of the last three parts of a path, so that programs of equal names do not meet.
pub(crate) fn name_of(program: &Path) -> String {
    let parts: Vec<String> = program
        .iter()
        .rev()
        .take(3)
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("-")
}

fn go(arguments: &[&str]) -> Result<String, String> {
    succeed(Command::new("go").args(arguments))
}

fn succeed(command: &mut Command) -> Result<String, String> {
    let run = process::run(command, BUILD_LIMIT * 3)?;
    if run.exit == Ok(0) {
        Ok(run.stdout)
    } else {
        Err(format!(
            "{command:?}: {:?}\n{}{}",
            run.exit, run.stdout, run.stderr
        ))
    }
}
