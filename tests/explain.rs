//! Explanations of deadlocks: one program of `tests/explain` for each class of root causes, with what is said about it beside it.
//!
//! `MINIGO_TEST_BLESS=1` writes the texts.

#[path = "harness/process.rs"]
mod process;

use process::Run;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn explain(format: &str, path: &Path) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("CLICOLOR_FORCE")
        .args(["run", "--seed=1", "--time=virtual"])
        .arg(format!("--explain={format}"))
        .arg(path);
    process::run(&mut command, LIMIT).expect("minigo starts")
}

/// What follows Go's own report.
fn explanation(run: &Run) -> &str {
    assert_eq!(run.exit, Ok(2), "{run:?}");
    let report = run
        .stderr
        .split_once("fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [");
    let rest = report.expect("Go's report comes first").1;
    let end = rest
        .find("\n\nexplanation")
        .or_else(|| rest.find("\n\ndigraph"))
        .or_else(|| rest.find("\n\n{"));
    &rest[end.expect("an explanation behind a blank line") + 2..]
}

fn programs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain");
    let mut programs: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder of programs")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "mgo") || path.is_dir())
        .map(|path| Path::new("tests/explain").join(path.file_name().expect("a name")))
        .collect();
    programs.sort();
    programs
}

#[test]
fn each_class_is_told_with_the_lines_it_is_about() {
    let bless = std::env::var_os("MINIGO_TEST_BLESS").is_some();
    let mut wrong = Vec::new();
    for program in programs() {
        let run = explain("text", &program);
        let text = explanation(&run);
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join(program.with_extension("txt"));
        if bless {
            fs::write(&beside, text).expect("the text is written");
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if text != expected {
            wrong.push(format!(
                "{}: is\n{text}\nnot\n{expected}",
                program.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn graphs_and_json_tell_the_same() {
    for program in programs() {
        let run = explain("json", &program);
        let value: serde_json::Value = serde_json::from_str(explanation(&run)).expect("valid JSON");
        let causes = value["causes"].as_array().expect("causes");
        assert!(!causes.is_empty(), "{}", program.display());
        let run = explain("dot", &program);
        let graph = explanation(&run);
        assert!(graph.ends_with("}\n"), "{graph}");
        for id in causes
            .iter()
            .flat_map(|c| c["goroutines"].as_array())
            .flatten()
        {
            assert!(graph.contains(&format!("\tg{id} [")), "{graph}");
        }
    }
}

#[test]
fn nothing_is_explained_unless_asked_for() {
    let path = Path::new("tests/explain/lock_cycle.mgo");
    let mut command = Command::new(env!("CARGO_BIN_EXE_minigo"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg(path);
    let run = process::run(&mut command, LIMIT).expect("minigo starts");
    assert!(!run.stderr.contains("explanation"), "{run:?}");
    assert!(!explain("off", path).stderr.contains("explanation"));
}

/// A generator of numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((self.0 >> 33) as usize) % n
    }
}

/// A program in which each worker locks its own lock and then, when all have, one more; the first `cycle` of them in a circle, each
/// of the others one of a worker before it, so that there is exactly one cycle.
fn lock_graph(random: &mut Random, cycle: usize, others: usize) -> (String, Vec<usize>) {
    let workers = cycle + others;
    // Which lock is whose, so that numbers tell nothing.
    let mut order: Vec<usize> = (0..workers).collect();
    for i in (1..workers).rev() {
        order.swap(i, random.below(i + 1));
    }
    let mut wants = vec![0; workers];
    for i in 0..workers {
        let target = if i < cycle {
            (i + 1) % cycle
        } else {
            random.below(i)
        };
        wants[order[i]] = order[target];
    }
    let list = wants.iter().map(usize::to_string).collect::<Vec<_>>();
    let source = format!(
        r#"package main

import "sync"

type worker struct {{
	id int
	mu sync.Mutex
}}

func main() {{
	wants := []int{{{}}}
	workers := make([]worker, len(wants))
	var locked, done sync.WaitGroup
	locked.Add(len(wants))
	for i, want := range wants {{
		done.Add(1)
		go func() {{
			defer done.Done()
			workers[i].mu.Lock()
			locked.Done()
			locked.Wait()
			workers[want].mu.Lock()
		}}()
	}}
	done.Wait()
}}
"#,
        list.join(", ")
    );
    (source, wants)
}

#[test]
fn a_cycle_in_a_random_graph_of_locks_is_found_and_nothing_else() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("explain");
    fs::create_dir_all(&folder).expect("a folder for temporary files");
    let mut random = Random(7);
    for round in 0..40 {
        let (cycle, others) = (2 + random.below(6), random.below(12));
        let (source, _) = lock_graph(&mut random, cycle, others);
        let path = folder.join(format!("graph{round}.mgo"));
        fs::write(&path, &source).expect("a temporary file");
        let run = explain("json", &path);
        let value: serde_json::Value = serde_json::from_str(explanation(&run)).expect("valid JSON");
        let causes = value["causes"].as_array().expect("causes");
        assert_eq!(causes.len(), 1, "{source}\n{value}");
        assert_eq!(causes[0]["class"], "lock cycle", "{source}\n{value}");
        let members = causes[0]["goroutines"].as_array().expect("goroutines");
        let objects = causes[0]["objects"].as_array().expect("objects");
        // Minimal: as long as the only cycle there is. Real: each waits for a lock that the next one holds.
        assert_eq!(members.len(), cycle, "{source}\n{value}");
        for (i, object) in objects.iter().enumerate() {
            let object = &value["objects"][object.as_u64().expect("an index") as usize];
            let next = &members[(i + 1) % members.len()];
            assert_eq!(&object["state"]["holder"], next, "{source}\n{value}");
        }
    }
}
