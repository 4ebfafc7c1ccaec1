//! The `minigo` command: reads files, shows diagnostics, runs programs.
//!
//! All input and output policy is here and in `emit.rs`; the compiler is pure. Exit codes are Go's: 1 for what is wrong before
//! the program runs, 2 for a bad command line and for panics, else what the program says, 3 for a bug in minigo itself.
#![forbid(unsafe_code)]

mod emit;

use clap::{Args, Parser, Subcommand, ValueEnum};
use emit::Emit;
use minigo_compiler::diagnostics::render::{self, Format};
use minigo_compiler::diagnostics::{LIMIT, Listing, code};
use minigo_compiler::types::ty::FileIndex;
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::SourceFile;
use minigo_vm::heap::HeapConfig;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::process::exit;
use std::thread;

#[global_allocator]
static ALLOCATOR: minigo_vm::allocator::Allocator = minigo_vm::allocator::Allocator;

/// The compiler walks trees as deep as the program nests. Only what is used of this is ever touched.
const COMPILER_STACK: usize = 512 << 20;

/// Run Go programs on a virtual machine with a scheduler of its own.
#[derive(Parser)]
#[command(name = "minigo", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compile and run a program; also `minigo FILE`
    #[command(
        after_help = "EXAMPLES:\n  minigo run hello.mgo\n  minigo run --seed=7 race.mgo -- -v\n  GOMAXPROCS=1 minigo hello.mgo"
    )]
    Run(RunArgs),
    /// Type-check a program and print what is wrong with it
    #[command(after_help = "EXAMPLES:\n  minigo check --error-format=json hello.mgo")]
    Check(CheckArgs),
    /// Explain an error code
    #[command(after_help = "EXAMPLES:\n  minigo explain E0104")]
    Explain {
        /// A code such as E0104
        code: String,
    },
}

#[derive(Args)]
struct RunArgs {
    #[command(flatten)]
    check: CheckArgs,
    /// Run deterministically: every choice of the scheduler comes from this seed
    #[arg(long, value_name = "N", env = "MINIGO_SEED")]
    seed: Option<u64>,
    /// Number of processors; GOMAXPROCS means the same [default: the CPUs that may be used]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    procs: Option<u16>,
    /// Print a stage of the compilation instead of running
    #[arg(long, value_name = "STAGE")]
    emit: Option<Emit>,
    /// Arguments of the program
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    args: Vec<String>,
}

#[derive(Args)]
struct CheckArgs {
    /// How errors are printed [default: pretty on a terminal, else short]
    #[arg(long, value_name = "FORMAT")]
    error_format: Option<ErrorFormat>,
    /// Whether to use colors
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: When,
    /// Show all errors, not just the first ten
    #[arg(long)]
    all_errors: bool,
    /// The program; - is standard input
    file: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ErrorFormat {
    Pretty,
    Short,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

fn main() {
    std::panic::set_hook(Box::new(|info| {
        let _ = writeln!(
            std::io::stderr(),
            "minigo: internal error: {info}\nthis is a bug in minigo, please report it with the program that shows it"
        );
        exit(3);
    }));
    let cli = Cli::parse_from(go_style(std::env::args().collect()));
    let status = match cli.command {
        Command::Run(args) => run(args),
        Command::Check(args) => {
            let files = vec![read(&args.file)];
            let checked = on_big_stack(move || {
                let checked = minigo_compiler::check(files, &library);
                (checked.diagnostics, checked.files)
            });
            report(&checked.0, &checked.1, &args)
        }
        Command::Explain { code } => explain(&code),
    };
    exit(status);
}

/// The arguments with Go's liberties taken out: one dash or two, and `minigo FILE` for `minigo run FILE`. What follows the file
/// belongs to the program.
fn go_style(args: Vec<String>) -> Vec<String> {
    const COMMANDS: &[&str] = &["run", "check", "explain", "help"];
    let mut out = Vec::with_capacity(args.len() + 1);
    let mut args = args.into_iter();
    out.extend(args.next());
    let mut is_first = true;
    let mut rest: Vec<String> = Vec::new();
    while let Some(arg) = args.next() {
        if arg == "-" || !arg.starts_with('-') {
            if is_first && COMMANDS.contains(&arg.as_str()) {
                out.push(arg);
                is_first = false;
                continue;
            }
            rest.push(arg);
            rest.extend(args);
            break;
        }
        let is_short = !arg.starts_with("--") && arg.len() > 2;
        let arg = if is_short { format!("-{arg}") } else { arg };
        if is_first && !matches!(arg.as_str(), "-h" | "--help" | "-V" | "--version") {
            out.push("run".to_string());
        }
        is_first = false;
        out.push(arg);
    }
    if is_first && rest.first().is_some_and(|name| !is_plain_word(name)) {
        out.push("run".to_string());
    }
    out.extend(rest);
    out
}

/// Whether a name can only be meant for a command: it looks like no path, and there is no such file.
fn is_plain_word(name: &str) -> bool {
    !name.contains(['/', '.']) && name != "-" && !Path::new(name).exists()
}

fn run(args: RunArgs) -> i32 {
    let file = read(&args.check.file);
    if let Some(emit) = args.emit {
        return match on_big_stack(move || emit.print(file, &library)) {
            Ok(text) => {
                print(&text);
                0
            }
            Err((diagnostics, files)) => report(&diagnostics, &files, &args.check),
        };
    }
    let output = on_big_stack(move || minigo_compiler::compile(vec![file], &library));
    let status = report(&output.diagnostics, &output.files, &args.check);
    let Some(program) = output.program else {
        return status.max(1);
    };
    let mut program_args = vec![args.check.file.clone()];
    program_args.extend(args.args);
    let stress = collection_stress();
    let config = minigo_vm::Config {
        procs: processors(args.procs),
        seed: args.seed,
        heap: HeapConfig {
            gc_percent: gc_percent(),
            stress,
            validate: stress.is_some(),
            ..HeapConfig::default()
        },
        args: program_args,
    };
    match minigo_vm::run(program, &minigo_stdlib::natives, config) {
        Ok(status) => status,
        Err(minigo_vm::LoadError::OutOfMemory) => fail("out of memory"),
        Err(error) => panic!("{error}"),
    }
}

/// Runs `work` where recursion as deep as the program's nesting is no problem.
fn on_big_stack<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
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

/// The sources of a package of the library.
fn library(path: &str) -> Option<Vec<SourceFile>> {
    let files = minigo_stdlib::source(path)?;
    Some(
        files
            .iter()
            .map(|(name, text)| SourceFile::new(*name, *text))
            .collect(),
    )
}

/// Reads the program, or ends with one line that says why that is impossible.
fn read(name: &str) -> SourceFile {
    let bytes = if name == "-" {
        let mut bytes = Vec::new();
        match std::io::stdin().lock().read_to_end(&mut bytes) {
            Ok(_) => bytes,
            Err(error) => fail(&format!("read standard input: {}", reason(&error))),
        }
    } else {
        if Path::new(name).is_dir() {
            fail(&format!("{name} is a directory"));
        }
        match std::fs::read(name) {
            Ok(bytes) => bytes,
            Err(error) => fail(&format!("open {name}: {}", reason(&error))),
        }
    };
    let name = if name == "-" { "stdin" } else { name };
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

/// What the system says about a failure, as Go words it.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_string(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        _ => error.to_string(),
    }
}

fn fail(message: &str) -> ! {
    fail_plain(&format!("minigo: {message}"))
}

fn fail_plain(message: &str) -> ! {
    let _ = writeln!(std::io::stderr(), "{message}");
    exit(1)
}

/// Writes to standard output; a reader that went away is no error.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Shows diagnostics and gives the exit status: 1 if one is an error.
fn report(found: &[(FileIndex, Diagnostic)], files: &[SourceFile], args: &CheckArgs) -> i32 {
    if found.is_empty() {
        return 0;
    }
    let terminal = std::io::stderr().is_terminal();
    let color = match args.color {
        When::Always => true,
        When::Never => false,
        When::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
    };
    let format = match args.error_format {
        Some(ErrorFormat::Pretty) => Format::Pretty { color },
        Some(ErrorFormat::Short) => Format::Short,
        Some(ErrorFormat::Json) => Format::Json,
        None if terminal => Format::Pretty { color },
        None => Format::Short,
    };
    let limit = (!args.all_errors && format != Format::Json).then_some(LIMIT);
    let listing = Listing::new(found, files, limit);
    let text = render::render(&listing, format);
    let _ = std::io::stderr().write_all(text.as_bytes());
    i32::from(found.iter().any(|(_, diagnostic)| diagnostic.is_error()))
}

fn explain(code: &str) -> i32 {
    match code::explain(code) {
        Some(text) => {
            print(&format!("{text}\n"));
            0
        }
        None => fail(&format!("there is no error code {code}")),
    }
}

/// `--procs`, else `GOMAXPROCS`, else the CPUs that this process may use.
fn processors(flag: Option<u16>) -> usize {
    let from_environment = || {
        let text = std::env::var("GOMAXPROCS").ok()?;
        text.parse().ok().filter(|&procs: &u16| procs > 0)
    };
    match flag.or_else(from_environment) {
        Some(procs) => usize::from(procs),
        None => thread::available_parallelism().map_or(1, |procs| procs.get()),
    }
}

/// `GOGC`: how many percent the heap may grow before it is collected again.
fn gc_percent() -> Option<u32> {
    let default = HeapConfig::default().gc_percent;
    match std::env::var("GOGC").as_deref() {
        Ok("off") => None,
        Ok(text) => text.parse().map_or(default, Some),
        Err(_) => default,
    }
}

/// `MINIGO_GCSTRESS=n`, for tests of minigo: collect at every n-th allocation, check each pointer met and poison what is freed.
fn collection_stress() -> Option<u64> {
    let text = std::env::var("MINIGO_GCSTRESS").ok()?;
    text.parse().ok().filter(|&every: &u64| every > 0)
}

#[cfg(test)]
mod tests {
    use super::go_style;

    fn check(line: &str, expected: &str) {
        let args = line.split(' ').map(str::to_string).collect();
        assert_eq!(go_style(args).join(" "), expected);
    }

    #[test]
    fn flags_before_the_file_are_ours_and_those_after_it_the_programs() {
        check("minigo x.mgo -v", "minigo run x.mgo -v");
        check("minigo run x.mgo -seed=1", "minigo run x.mgo -seed=1");
        check("minigo -seed=1 x.mgo", "minigo run --seed=1 x.mgo");
        check("minigo run -seed=1 x.mgo", "minigo run --seed=1 x.mgo");
        check("minigo check x.mgo", "minigo check x.mgo");
        check("minigo - a", "minigo run - a");
        check("minigo --help", "minigo --help");
        check("minigo run", "minigo run");
    }
}
