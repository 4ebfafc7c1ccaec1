//! Measurements of the runtime beside native Go, for the tables in `vm/README.md`: programs in `tests/measure/` print figures, and what is
//! shown is the smallest of several rounds in turn.
//!
//! ```sh
//! cargo test --release --test measure operations -- --ignored --nocapture   # nanoseconds a channel operation, spawn, select, lock
//! cargo test --release --test measure live -- --ignored --nocapture         # a gigabyte of small objects: throughput and pauses
//! cargo test --release --test measure roots -- --ignored --nocapture        # collections with many goroutines and deep stacks
//! cargo test --release --test measure peak -- --ignored --nocapture         # resident memory after a peak
//! cargo test --release --test measure scaling -- --ignored --nocapture      # seconds with 1, 2 and 8 processors
//! ```
//! `MINIGO_ROUNDS` says how many rounds (5). Without Go on PATH its column is missing. Nothing here fails because a machine is slow; that the
//! programs work is tested without measuring.

#[path = "harness/process.rs"]
mod process;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(600);

fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/measure/{name}.mgo"))
}

fn rounds() -> usize {
    let rounds = env::var("MINIGO_ROUNDS").ok();
    rounds.and_then(|text| text.parse().ok()).unwrap_or(5)
}

fn minigo(path: &Path, procs: usize) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
    command.env_remove("MINIGO_SEED").arg("run").arg(path);
    command.env("GOMAXPROCS", procs.to_string());
    command
}

/// The program compiled by Go; none where there is no Go.
fn native(path: &Path, procs: usize) -> Option<Command> {
    let name = path.file_stem()?.to_str()?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("measure");
    fs::create_dir_all(&folder).ok()?;
    let (source, binary) = (folder.join(format!("{name}.go")), folder.join(name));
    fs::copy(path, &source).ok()?;
    let mut build = Command::new("go");
    build.arg("build").arg("-o").arg(&binary).arg(&source);
    let built = process::run(&mut build, LIMIT).ok()?;
    assert_eq!(built.exit, Ok(0), "{built:?}");
    let mut command = Command::new(binary);
    command.env("GOMAXPROCS", procs.to_string());
    Some(command)
}

fn output(command: &mut Command) -> String {
    let run = process::run(command, LIMIT).expect("the program starts");
    assert_eq!(run.exit, Ok(0), "{run:?}");
    run.stdout
}

/// Runs commands in turn and prints, for each line `name<tab>figure` of their outputs, the smallest figure of each.
fn table(heads: &[&str], commands: &mut [Command]) {
    let mut names: Vec<String> = Vec::new();
    let mut least: BTreeMap<(String, usize), f64> = BTreeMap::new();
    for _ in 0..rounds() {
        for (column, command) in commands.iter_mut().enumerate() {
            for line in output(command).lines() {
                let Some((name, figure)) = line.split_once('\t') else {
                    continue;
                };
                let figure: f64 = figure.parse().expect("a figure");
                if !names.iter().any(|known| known == name) {
                    names.push(name.into());
                }
                let cell = least.entry((name.into(), column)).or_insert(figure);
                *cell = cell.min(figure);
            }
        }
    }
    println!("| | {} |", heads.join(" | "));
    println!("|---|{}", "---:|".repeat(heads.len()));
    for name in names {
        let cells = (0..commands.len()).map(|column| match least.get(&(name.clone(), column)) {
            Some(figure) => figure.to_string(),
            None => "-".into(),
        });
        println!("| {name} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
}

/// The figures of one program, in minigo with 1 and 2 processors and in native Go with 2.
fn beside_go(name: &str) {
    let path = program(name);
    let mut heads = vec!["minigo, P=1", "minigo, P=2"];
    let mut commands = vec![minigo(&path, 1), minigo(&path, 2)];
    if let Some(native) = native(&path, 2) {
        heads.push("Go, P=2");
        commands.push(native);
    }
    table(&heads, &mut commands);
}

#[test]
#[ignore = "a measurement"]
fn operations() {
    beside_go("operations");
}

#[test]
#[ignore = "a measurement"]
fn live() {
    beside_go("live");
}

#[test]
#[ignore = "a measurement"]
fn roots() {
    beside_go("roots");
}

#[test]
#[ignore = "a measurement"]
fn peak() {
    beside_go("peak");
}

/// Seconds of a whole run.
fn seconds(command: &mut Command) -> f64 {
    let start = Instant::now();
    output(command);
    start.elapsed().as_secs_f64()
}

/// The concurrent programs of `../shared/bench` (`MINIGO_BENCH`), and trees in two goroutines.
#[test]
#[ignore = "a measurement"]
fn scaling() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bench =
        env::var_os("MINIGO_BENCH").map_or_else(|| root.join("../shared/bench"), PathBuf::from);
    let mut programs = vec![program("trees")];
    if let Ok(folder) = fs::read_dir(bench.join("concurrency")) {
        let paths = folder.filter_map(|entry| Some(entry.ok()?.path()));
        programs.extend(paths.filter(|path| path.extension().is_some_and(|e| e == "mgo")));
        programs[1..].sort();
    }
    println!("| | P=1 | P=2 | P=8 | P=1 / P=2 | P=8 / P=2 | Go, P=1 / P=2 |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for path in programs {
        let mut commands: Vec<Command> = [1, 2, 8].map(|procs| minigo(&path, procs)).into();
        commands.extend([1, 2].into_iter().filter_map(|procs| native(&path, procs)));
        let mut least = vec![f64::MAX; commands.len()];
        for _ in 0..rounds() {
            for (least, command) in least.iter_mut().zip(&mut commands) {
                *least = least.min(seconds(command));
            }
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let go = match least[..] {
            [.., _, one, two] if least.len() == 5 => format!("{:.2}", one / two),
            _ => "-".into(),
        };
        println!(
            "| {name} | {:.3} | {:.3} | {:.3} | {:.2} | {:.2} | {go} |",
            least[0],
            least[1],
            least[2],
            least[0] / least[1],
            least[2] / least[1],
        );
    }
}

#[test]
fn the_programs_work() {
    for name in ["operations", "live", "roots", "peak", "trees"] {
        let printed = output(minigo(&program(name), 2).arg("short"));
        assert!(!printed.is_empty(), "{name}");
    }
}
