//! Running many programs with minigo and with real Go, all of one batch in one build, and comparing program by program.

use super::prelude::{SEPARATOR, batch, file};
use super::shrink::{self, Verdict};
use super::{Program, generate};
use crate::oracle::Oracle;
use crate::process::{self, Run};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A batch that runs longer hangs.
const LIMIT: Duration = Duration::from_secs(300);

/// How many of the programs of a batch that end with a panic are also run alone, to compare how the process ends.
const PANICS: usize = 2;

/// A program with which minigo does not do what Go does.
pub(crate) struct Difference {
    pub(crate) seed: u64,
    pub(crate) program: Program,
    pub(crate) what: String,
}

/// Compares programs in a folder of its own.
pub(crate) struct Comparison<'a> {
    pub(crate) oracle: &'a Oracle,
    pub(crate) folder: &'a Path,
}

impl Comparison<'_> {
    /// The differences among the programs of these seeds.
    ///
    /// # Errors
    /// When Go refuses a program, which is a fault of the generator, or something cannot be started.
    pub(crate) fn compare(&self, seeds: std::ops::Range<u64>) -> Result<Vec<Difference>, String> {
        let programs: Vec<Program> = seeds.clone().map(generate).collect();
        let name = format!("batch{}", seeds.start);
        let path = self.write(&name, &batch(&programs))?;
        let executable = self.build(&path)?;
        let go = run_go(&executable, &[])?;
        let minigo = run_minigo(&path, &[])?;
        let go_parts = split(&go.stdout);
        let minigo_parts = split(&minigo.stdout);
        if go.exit != Ok(0) || go_parts.len() != programs.len() {
            return Err(format!(
                "{}: with Go the programs end with {:?} after program {}\n{}",
                path.display(),
                go.exit,
                go_parts.len(),
                head(&go.stderr)
            ));
        }
        let mut differences = Vec::new();
        let mut panics = 0;
        for (index, (seed, program)) in seeds.zip(programs).enumerate() {
            let expected = go_parts[index];
            let what = match minigo_parts.get(index) {
                Some(part) if *part == expected => {
                    let panicked = expected.contains("program panicked:");
                    if !panicked || panics == PANICS {
                        continue;
                    }
                    panics += 1;
                    let argument = index.to_string();
                    let go = run_go(&executable, &[&argument])?;
                    let minigo = run_minigo(&path, &[&argument])?;
                    match ends_alike(&go, &minigo) {
                        Ok(()) => continue,
                        Err(what) => what,
                    }
                }
                Some(part) if index + 1 < minigo_parts.len() || minigo.exit == Ok(0) => {
                    difference(expected, part)
                }
                // The batch as a whole failed before or in this program: look at it alone.
                _ => {
                    let alone = self.write(&format!("{name}-{index}"), &file(&program))?;
                    let minigo = run_minigo(&alone, &[])?;
                    let executable = self.build(&alone)?;
                    let go = run_go(&executable, &[])?;
                    let _ = fs::remove_file(&executable);
                    match verdict(&go, &minigo) {
                        Verdict::Same => continue,
                        Verdict::Different(_, what) => what,
                    }
                }
            };
            differences.push(Difference {
                seed,
                program,
                what,
            });
        }
        // They are made again by the next run; failing to remove them hurts nobody.
        let _ = fs::remove_file(executable);
        if differences.is_empty() {
            if minigo.exit != Ok(0) {
                return Err(format!(
                    "{}: minigo ends with {:?}, but each program alone is fine\n{}",
                    path.display(),
                    minigo.exit,
                    head(&minigo.stderr)
                ));
            }
            let _ = fs::remove_file(path);
        }
        Ok(differences)
    }

    /// The smallest program found that still shows the difference, as text, and what differs.
    ///
    /// # Errors
    /// When something cannot be started.
    pub(crate) fn shrink(&self, program: &Program) -> Result<(String, String), String> {
        let (program, what) = shrink::shrink(program, &mut |programs| self.verdicts(programs))?;
        Ok((file(&program), what))
    }

    /// What each of the programs does; those that are no programs any more count as the same.
    fn verdicts(&self, programs: &[Program]) -> Result<Vec<Verdict>, String> {
        let mut verdicts: Vec<Verdict> = programs.iter().map(|_| Verdict::Same).collect();
        // minigo's checker sorts out what is no program, unless the difference is that minigo refuses it.
        let mut fine = Vec::new();
        for (index, program) in programs.iter().enumerate() {
            let path = self.write(&format!("shrink{index}"), &file(program))?;
            let minigo = run_minigo(&path, &[])?;
            if minigo.exit == Ok(1) || matches!(minigo.exit, Ok(3) | Err(_)) {
                if let Ok(executable) = self.build(&path) {
                    let go = run_go(&executable, &[])?;
                    let _ = fs::remove_file(executable);
                    verdicts[index] = verdict(&go, &minigo);
                }
            } else {
                fine.push((index, minigo));
            }
        }
        let chosen: Vec<Program> = fine
            .iter()
            .map(|(index, _)| programs[*index].clone())
            .collect();
        if chosen.is_empty() {
            return Ok(verdicts);
        }
        let path = self.write("shrink", &batch(&chosen))?;
        let Ok(executable) = self.build(&path) else {
            // One of them is refused by Go only: the others may do without it.
            let before = chosen.len();
            let mut accepted = Vec::new();
            for program in programs {
                let path = self.write("shrink-one", &file(program))?;
                accepted.push(self.oracle.compile(&path)?.exit == Ok(0));
            }
            let rest: Vec<usize> = fine
                .iter()
                .map(|(index, _)| *index)
                .filter(|&index| accepted[index])
                .collect();
            if rest.len() < before {
                let programs: Vec<Program> =
                    rest.iter().map(|&index| programs[index].clone()).collect();
                for (index, verdict) in rest.into_iter().zip(self.verdicts(&programs)?) {
                    verdicts[index] = verdict;
                }
            }
            return Ok(verdicts);
        };
        let minigo = run_minigo(&path, &[])?;
        let go = run_go(&executable, &[])?;
        let (go_parts, minigo_parts) = (split(&go.stdout), split(&minigo.stdout));
        for (position, (index, alone)) in fine.iter().enumerate() {
            let (Some(expected), Some(part)) = (go_parts.get(position), minigo_parts.get(position))
            else {
                continue;
            };
            if expected != part {
                verdicts[*index] = Verdict::Different("output".into(), difference(expected, part));
            } else if expected.contains("program panicked:") {
                let go = run_go(&executable, &[&position.to_string()])?;
                if let Err(what) = ends_alike(&go, alone)
                    && !go.stderr.contains(&format!("P{position}_"))
                {
                    verdicts[*index] = Verdict::Different("end".into(), what);
                }
            }
        }
        let _ = fs::remove_file(executable);
        Ok(verdicts)
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.folder.join(format!("{name}.mgo"));
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    fn build(&self, path: &Path) -> Result<PathBuf, String> {
        self.oracle.build(path).map_err(|error| head(&error))
    }
}

fn run_go(executable: &Path, arguments: &[&str]) -> Result<Run, String> {
    process::run(
        Command::new(executable)
            .args(arguments)
            .env("GOMAXPROCS", "2"),
        LIMIT,
    )
}

fn run_minigo(path: &Path, arguments: &[&str]) -> Result<Run, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
    command.arg("run").arg(path).args(arguments);
    process::run(command.env("GOMAXPROCS", "2"), LIMIT)
}

/// The outputs of the programs of a batch.
fn split(output: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in output.split(&format!("\n{SEPARATOR}")).skip(1) {
        parts.push(part.split_once('\n').map_or("", |(_, rest)| rest));
    }
    parts
}

fn verdict(go: &Run, minigo: &Run) -> Verdict {
    if minigo.exit == Ok(1) && go.exit != Ok(1) {
        let kind = if minigo.stderr.contains("not supported") {
            "unsupported"
        } else {
            "refused"
        };
        return Verdict::Different(kind.into(), head(&minigo.stderr));
    }
    if let Ok(3) | Err(_) = minigo.exit {
        return Verdict::Different(
            "crash".into(),
            format!("{:?} {}", minigo.exit, head(&minigo.stderr)),
        );
    }
    if go.stdout != minigo.stdout {
        return Verdict::Different("output".into(), difference(&go.stdout, &minigo.stdout));
    }
    match ends_alike(go, minigo) {
        Ok(()) => Verdict::Same,
        Err(what) => Verdict::Different("end".into(), what),
    }
}

/// Exit codes and what standard error says before the traceback.
fn ends_alike(go: &Run, minigo: &Run) -> Result<(), String> {
    let message = |run: &Run| {
        let text = run
            .stderr
            .split("\n\ngoroutine ")
            .next()
            .unwrap_or_default();
        // Go adds what the signal was; addresses in it mean nothing.
        let lines = text.lines().filter(|line| !line.starts_with("[signal "));
        lines.collect::<Vec<_>>().join("\n")
    };
    if go.exit == minigo.exit && message(go) == message(minigo) {
        return Ok(());
    }
    Err(format!(
        "Go ends with {:?}:\n{}\nminigo with {:?}:\n{}",
        go.exit,
        message(go),
        minigo.exit,
        message(minigo)
    ))
}

/// The first line that differs.
fn difference(expected: &str, found: &str) -> String {
    let mut lines = found.lines();
    for (number, line) in expected.lines().enumerate() {
        let other = lines.next();
        if other != Some(line) {
            return format!(
                "line {}: Go prints\n\t{line}\nminigo\n\t{}",
                number + 1,
                other.unwrap_or("nothing")
            );
        }
    }
    format!("minigo goes on with {:?}", lines.next().unwrap_or_default())
}

fn head(text: &str) -> String {
    text.lines().take(12).collect::<Vec<_>>().join("\n")
}
