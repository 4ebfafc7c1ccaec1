//! The comments in a program that say what it must do.
//!
//! A program that runs ends in a closing comment of one or more parts:
//!
//! ```text
//! // Output:                 standard output is exactly the lines that follow
//! // Unordered output:       the same, in any order
//! // Panic: boom             exit 2, and standard error opens with "panic: boom"; further lines of
//! //     panic: again        the message follow as they are
//! // Fatal: text             exit 2, and standard error has the line "fatal error: text", with
//! //                         nothing but "runtime: …" lines before it
//! // Exit: 3                 the exit code, where it is not 0 or what the parts above say
//! // Stderr:                 standard error is exactly the lines that follow
//! // Stderr contains:        each line that follows is part of a line of standard error, in this order
//! ```
//!
//! A part ends where the next begins. In standard error, `FOLDER` is the path of a program that is a folder. Standard error must be empty where no part speaks of it.
//!
//! A program that must not compile says so on each offending line:
//!
//! ```text
//! x := 1 // ERROR "declared and not used: x"
//! x := 1 // ERROR `2: declared and not used: x`
//! ```
//!
//! The quoted text is a regular expression for the start of the message, or of `column: message`. A line may have
//! several. `// ERROR -1 "…"` speaks of the line before (any offset), for lines that cannot carry a comment. Exit code 1,
//! no output, every reported line marked, every mark reported.

use super::process::Run;
use regex::Regex;
use similar::TextDiff;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// What a program must do.
#[derive(Debug, Default)]
pub(crate) struct Expectation {
    output: Option<Lines>,
    panic: Option<Vec<String>>,
    fatal: Option<String>,
    exit: Option<i32>,
    stderr: Option<Vec<String>>,
    stderr_contains: Vec<String>,
    errors: Vec<ExpectedError>,
}

#[derive(Debug)]
enum Lines {
    Ordered(Vec<String>),
    Unordered(Vec<String>),
}

#[derive(Debug)]
struct ExpectedError {
    line: usize,
    pattern: String,
    regex: Regex,
}

/// A compile error as it was reported.
#[derive(Debug)]
struct ReportedError {
    line: usize,
    /// `column: message`, first line only.
    text: String,
}

static ERROR_COMMENT: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"// ERROR((?: [+-]\d+)?)((?: (?:"[^"]*"|`[^`]*`))+)\s*$"#));
static QUOTED: LazyLock<Regex> = LazyLock::new(|| regex(r#""([^"]*)"|`([^`]*)`"#));
static DIAGNOSTIC: LazyLock<Regex> = LazyLock::new(|| regex(r"^([^\t].*\.mgo):(\d+):(\d+: .*)$"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of the harness itself")
}

impl Expectation {
    /// Reads the expectation of a program.
    ///
    /// # Errors
    /// When there is none, or one that is malformed.
    pub(crate) fn parse(source: &str) -> Result<Expectation, String> {
        let mut expectation = Expectation {
            errors: parse_errors(source)?,
            ..Expectation::default()
        };
        expectation.parse_closing_comment(source)?;
        let says_nothing = expectation.errors.is_empty()
            && expectation.output.is_none()
            && expectation.panic.is_none()
            && expectation.fatal.is_none()
            && expectation.exit.is_none()
            && expectation.stderr.is_none();
        if says_nothing {
            return Err("the program does not say what to expect: no // Output:, // Panic:, // Fatal:, // Exit: or // ERROR".into());
        }
        Ok(expectation)
    }

    /// Whether the program must be refused by the compiler.
    pub(crate) fn is_compile_error(&self) -> bool {
        !self.errors.is_empty()
    }

    fn parse_closing_comment(&mut self, source: &str) -> Result<(), String> {
        let lines: Vec<&str> = source.lines().collect();
        let start = lines
            .iter()
            .rposition(|line| !line.starts_with("//") && !line.is_empty())
            .map_or(0, |last| last + 1);
        let mut part: Option<Part> = None;
        for line in &lines[start..] {
            let Some(comment) = line.strip_prefix("//") else {
                continue;
            };
            let text = comment.strip_prefix(' ').unwrap_or(comment);
            if let Some(header) = Part::from_header(text) {
                self.open(&header, text)?;
                part = Some(header);
            } else if let Some(part) = &part {
                self.add(part, text);
            }
        }
        Ok(())
    }

    fn open(&mut self, part: &Part, text: &str) -> Result<(), String> {
        let value = text
            .split_once(": ")
            .map_or("", |(_, value)| value)
            .to_string();
        match part {
            Part::Output => self.output = Some(Lines::Ordered(Vec::new())),
            Part::UnorderedOutput => self.output = Some(Lines::Unordered(Vec::new())),
            Part::Panic => self.panic = Some(vec![value]),
            Part::Fatal => self.fatal = Some(value),
            Part::Exit => {
                self.exit = Some(
                    value
                        .parse()
                        .map_err(|_| format!("not an exit code: {text}"))?,
                )
            }
            Part::Stderr => self.stderr = Some(Vec::new()),
            Part::StderrContains => {}
        }
        Ok(())
    }

    fn add(&mut self, part: &Part, text: &str) {
        let lines = match part {
            Part::Output | Part::UnorderedOutput => match &mut self.output {
                Some(Lines::Ordered(lines) | Lines::Unordered(lines)) => lines,
                None => return,
            },
            Part::Panic => match &mut self.panic {
                Some(lines) => lines,
                None => return,
            },
            Part::Stderr => match &mut self.stderr {
                Some(lines) => lines,
                None => return,
            },
            Part::StderrContains => &mut self.stderr_contains,
            Part::Fatal | Part::Exit => return,
        };
        lines.push(text.to_string());
    }

    /// Compares what a program did with what it must do.
    ///
    /// # Errors
    /// Everything that differs, in words and diffs.
    pub(crate) fn check(&self, run: &Run) -> Result<(), String> {
        let mut report = String::new();
        self.check_exit(run, &mut report);
        if self.is_compile_error() {
            self.check_errors(run, &mut report);
            diff(&mut report, "standard output", "", &run.stdout);
        } else {
            self.check_output(run, &mut report);
            self.check_stderr(run, &mut report);
        }
        if report.is_empty() {
            Ok(())
        } else {
            Err(report)
        }
    }

    fn exit_code(&self) -> i32 {
        if let Some(code) = self.exit {
            code
        } else if self.is_compile_error() {
            1
        } else if self.panic.is_some() || self.fatal.is_some() {
            2
        } else {
            0
        }
    }

    fn check_exit(&self, run: &Run, report: &mut String) {
        let expected = self.exit_code();
        let actual = match &run.exit {
            Ok(code) if *code == expected => return,
            Ok(code) => code.to_string(),
            Err(reason) => reason.clone(),
        };
        line(report, &format!("exit: expected {expected}, got {actual}"));
        // Where standard error is not compared anyway it is the best hint at what went wrong.
        if self.is_compile_error() || !run.stderr.is_empty() {
            line(
                report,
                &format!("standard error:\n{}", head(&run.stderr, 30)),
            );
        }
    }

    fn check_output(&self, run: &Run, report: &mut String) {
        match &self.output {
            None => diff(report, "standard output", "", &run.stdout),
            Some(Lines::Ordered(lines)) => {
                diff(report, "standard output", &text_of(lines), &run.stdout)
            }
            Some(Lines::Unordered(lines)) => {
                let mut expected = lines.clone();
                let mut actual: Vec<String> = run.stdout.lines().map(str::to_string).collect();
                expected.sort();
                actual.sort();
                diff(
                    report,
                    "standard output (sorted)",
                    &text_of(&expected),
                    &text_of(&actual),
                );
            }
        }
    }

    fn check_stderr(&self, run: &Run, report: &mut String) {
        if let Some(lines) = &self.stderr {
            diff(report, "standard error", &text_of(lines), &run.stderr);
        }
        if let Some(message) = &self.panic {
            let actual: Vec<String> = run
                .stderr
                .lines()
                .take(message.len())
                .map(str::to_string)
                .collect();
            let mut expected = message.clone();
            expected[0].insert_str(0, "panic: ");
            diff(
                report,
                "start of standard error",
                &text_of(&expected),
                &text_of(&actual),
            );
        }
        if let Some(message) = &self.fatal {
            let expected = format!("fatal error: {message}");
            let first = run
                .stderr
                .lines()
                .find(|line| !line.starts_with("runtime: ") && !line.is_empty())
                .unwrap_or("");
            diff(
                report,
                "first line of standard error",
                &format!("{expected}\n"),
                &format!("{first}\n"),
            );
        }
        let mut rest = run.stderr.lines();
        for wanted in &self.stderr_contains {
            if !rest.by_ref().any(|line| line.contains(wanted.as_str())) {
                line(
                    report,
                    &format!(
                        "standard error lacks (here, in this order): {wanted}\n{}",
                        head(&run.stderr, 60)
                    ),
                );
                break;
            }
        }
        if self.panic.is_none()
            && self.fatal.is_none()
            && self.stderr.is_none()
            && self.stderr_contains.is_empty()
            && self.exit.is_none()
        {
            diff(report, "standard error", "", &head(&run.stderr, 60));
        }
    }

    fn check_errors(&self, run: &Run, report: &mut String) {
        let mut reported = Vec::new();
        for text in run.stderr.lines() {
            if let Some(parts) = DIAGNOSTIC.captures(text) {
                reported.push(ReportedError {
                    line: parts[2].parse().unwrap_or(0),
                    text: parts[3].to_string(),
                });
            } else if !text.starts_with('\t') && !text.starts_with('#') && !text.is_empty() {
                line(
                    report,
                    &format!("a line of standard error that is no diagnostic: {text}"),
                );
            }
        }
        for expected in &self.errors {
            let found = reported.iter().position(|error| {
                error.line == expected.line && expected.regex.is_match(&error.text)
            });
            match found {
                Some(index) => {
                    reported.remove(index);
                }
                None => line(
                    report,
                    &format!("- {}: {}", expected.line, expected.pattern),
                ),
            }
        }
        for error in reported {
            line(report, &format!("+ {}: {}", error.line, error.text));
        }
    }
}

/// The parts of a closing comment.
enum Part {
    Output,
    UnorderedOutput,
    Panic,
    Fatal,
    Exit,
    Stderr,
    StderrContains,
}

impl Part {
    fn from_header(text: &str) -> Option<Part> {
        match text {
            "Output:" => Some(Part::Output),
            "Unordered output:" => Some(Part::UnorderedOutput),
            "Stderr:" => Some(Part::Stderr),
            "Stderr contains:" => Some(Part::StderrContains),
            _ if text.starts_with("Panic: ") => Some(Part::Panic),
            _ if text.starts_with("Fatal: ") => Some(Part::Fatal),
            _ if text.starts_with("Exit: ") => Some(Part::Exit),
            _ => None,
        }
    }
}

fn parse_errors(source: &str) -> Result<Vec<ExpectedError>, String> {
    let mut errors = Vec::new();
    for (index, text) in source.lines().enumerate() {
        let Some(comment) = ERROR_COMMENT.captures(text) else {
            continue;
        };
        let offset: isize = comment[1].trim().parse().unwrap_or(0);
        let number = (index + 1)
            .checked_add_signed(offset)
            .ok_or_else(|| format!("line {}: no such line", index + 1))?;
        for quoted in QUOTED.captures_iter(&comment[2]) {
            let pattern = quoted
                .get(1)
                .or(quoted.get(2))
                .map_or("", |text| text.as_str());
            let anchored = format!(r"^(?:\d+: )?(?:{pattern})");
            let regex =
                Regex::new(&anchored).map_err(|error| format!("line {}: {error}", index + 1))?;
            errors.push(ExpectedError {
                line: number,
                pattern: pattern.to_string(),
                regex,
            });
        }
    }
    Ok(errors)
}

fn text_of(lines: &[String]) -> String {
    lines
        .iter()
        .fold(String::new(), |text, line| text + line + "\n")
}

fn line(report: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(report, "{}", text.trim_end());
}

fn head(text: &str, count: usize) -> String {
    let mut lines: Vec<&str> = text.lines().take(count).collect();
    if text.lines().count() > count {
        lines.push("…");
    }
    lines.iter().map(|line| format!("    {line}\n")).collect()
}

/// Adds a unified diff to the report, if there is a difference.
fn diff(report: &mut String, what: &str, expected: &str, actual: &str) {
    if expected == actual {
        return;
    }
    line(report, &format!("{what} (- expected, + got):"));
    let diff = TextDiff::from_lines(expected, actual);
    let text = diff.unified_diff().context_radius(2).to_string();
    line(report, &head(&text, 80));
}
