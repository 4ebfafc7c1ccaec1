//! Help is there for every command, and every example in it, and in the README, works.

use super::{LIMIT, minigo, process, run};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The commands that the help lists.
fn commands() -> Vec<String> {
    let help = run(&["--help"]).stdout;
    let (_, list) = help.split_once("Commands:\n").expect("a list of commands");
    list.lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_string)
        .collect()
}

/// The examples at the end of a help text.
fn examples(help: &str) -> Vec<&str> {
    let (_, examples) = help.split_once("EXAMPLES:\n").expect("examples");
    examples.lines().map(str::trim).collect()
}

/// A folder with the programs that examples speak of.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder for temporary files");
    fs::write(folder.join("hello.mgo"), super::HELLO).expect("a temporary file");
    folder
}

/// Runs a line of shell with our minigo on the PATH.
fn shell(line: &str, folder: &Path) -> process::Run {
    let minigo = Path::new(env!("CARGO_BIN_EXE_minigo"));
    let bin = minigo.parent().expect("a file is in a folder");
    let path = format!("{}:{}", bin.display(), env::var("PATH").unwrap_or_default());
    let mut command = Command::new("sh");
    command
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", path);
    process::run(&mut command, LIMIT).expect("a shell starts")
}

#[test]
fn every_command_has_help() {
    for command in commands() {
        let help = run(&[&command, "--help"]);
        assert_eq!(
            (help.stderr.as_str(), &help.exit),
            ("", &Ok(0)),
            "{command}"
        );
        assert!(
            help.stdout.contains("Usage: minigo "),
            "{command}: {}",
            help.stdout
        );
        assert!(!examples(&help.stdout).is_empty(), "{command}");
        assert_eq!(run(&[&command, "-help"]).stdout, help.stdout, "{command}");
        let asked = run(&["help", &command]);
        assert_eq!(
            (asked.stdout, asked.exit),
            (help.stdout, Ok(0)),
            "{command}"
        );
    }
    let help = run(&["help"]);
    assert_eq!((help.stdout, help.exit), (run(&["-help"]).stdout, Ok(0)));
}

#[test]
fn every_example_in_the_help_works() {
    let folder = folder("examples_of_help");
    let mut texts: Vec<String> = commands()
        .iter()
        .map(|command| run(&[command, "--help"]).stdout)
        .collect();
    texts.push(run(&["--help"]).stdout);
    for example in texts.iter().flat_map(|text| examples(text)) {
        assert!(example.contains("minigo "), "{example}");
        let run = shell(example, &folder);
        assert_eq!(run.exit, Ok(0), "{example}: {run:?}");
    }
}

#[test]
fn every_example_in_the_readme_works() {
    let folder = folder("examples_of_readme");
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).expect("the README");
    let block = |language: &str| -> Vec<String> {
        let start = format!("```{language}\n");
        let blocks = readme.split(&start).skip(1);
        blocks
            .filter_map(|text| text.split("```").next())
            .map(str::to_string)
            .collect()
    };
    let program = block("go").into_iter().next().expect("a program");
    fs::write(folder.join("first.mgo"), program).expect("a temporary file");
    let lines: Vec<String> = block("sh")
        .iter()
        .flat_map(|block| block.lines())
        .filter(|line| line.contains("target/release/minigo "))
        .map(|line| line.replace("target/release/minigo", "minigo"))
        .collect();
    assert!(!lines.is_empty(), "the README shows no command");
    for line in lines {
        let run = shell(&line, &folder);
        assert_eq!(run.exit, Ok(0), "{line}: {run:?}");
        let expected = line.split_once("# counter:").map(|(_, rest)| rest.trim());
        if let Some(expected) = expected {
            assert_eq!(run.stdout, format!("counter: {expected}\n"), "{line}");
        }
    }
}

#[test]
fn completions_are_there_for_the_shells() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = run(&["completions", shell]);
        assert_eq!((run.stderr.as_str(), run.exit), ("", Ok(0)), "{shell}");
        assert!(run.stdout.contains("explain"), "{shell}");
    }
}

#[test]
fn without_arguments_help_goes_to_standard_error() {
    let run = process::run(&mut minigo(), LIMIT).expect("minigo starts");
    assert_eq!((run.stdout.as_str(), run.exit), ("", Ok(2)));
    assert!(run.stderr.contains("Usage: minigo"), "{}", run.stderr);
}
