//! The commands and flags of minigo, as clap sees them.

use crate::arguments;
use crate::command::{check, completions, dis, doc, env, explain, repl, run};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::io::IsTerminal;

/// Shown at the end of the help; the tests run each line.
const EXAMPLES: &str = "\
EXAMPLES:
  minigo hello.mgo
  minigo run --seed=7 hello.mgo
  minigo -e 'fmt.Println(\"hello\")'
  minigo check .
  minigo doc strings.Split";

/// Run Go programs on a virtual machine with a scheduler of its own.
#[derive(Parser)]
#[command(name = "minigo", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What minigo can do; each command has a file of its name in `command/`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Compile and run a program; also `minigo FILE`
    #[command(after_help = run::EXAMPLES, override_usage = "minigo run [FLAGS] PROGRAM [ARGS]...")]
    Run(run::RunArgs),
    /// Type-check a program and print what is wrong with it
    #[command(after_help = check::EXAMPLES, override_usage = "minigo check [FLAGS] PROGRAM")]
    Check(check::CheckArgs),
    /// Print a program's instructions below the source lines that they come from
    #[command(after_help = dis::EXAMPLES, override_usage = "minigo dis [FLAGS] PROGRAM")]
    Dis(dis::DisArgs),
    /// Explain an error code, or a deadlock, a race or a leak
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::ExplainArgs),
    /// Enter Go piece by piece; goroutines go on meanwhile
    #[command(after_help = repl::EXAMPLES)]
    Repl(repl::ReplArgs),
    /// Print the documentation of a package, a name in it, or a builtin
    #[command(after_help = doc::EXAMPLES)]
    Doc(doc::DocArgs),
    /// Print the settings and where they come from
    #[command(after_help = env::EXAMPLES)]
    Env(env::EnvArgs),
    /// Print the version
    #[command(after_help = "EXAMPLES:\n  minigo version")]
    Version,
    /// Print completions for a shell
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::CompletionsArgs),
}

/// A command line that was understood.
pub(crate) struct Parsed {
    /// What to do.
    pub(crate) command: Command,
    /// The same as clap sees it, with the sources of the values.
    pub(crate) matches: ArgMatches,
    /// Long names of the flags that `MINIGO_FLAGS` gave.
    pub(crate) from_environment: Vec<String>,
}

/// Reads the command line, or ends as clap sees fit: help on standard output with 0, a bad command line with 2.
pub(crate) fn parse(args: Vec<OsString>) -> Parsed {
    let mut args: Vec<String> = args
        .into_iter()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    if args.len() == 1 && std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        args.push("repl".to_string());
    }
    let mut cli = Cli::command();
    cli.build();
    let flags = std::env::var("MINIGO_FLAGS").unwrap_or_default();
    let arguments = arguments::go_style(&cli, args, &flags);
    let mut matches = cli.get_matches_from(arguments.words);
    match Cli::from_arg_matches_mut(&mut matches.clone()) {
        Ok(parsed) => Parsed {
            command: parsed.command,
            matches: matches
                .remove_subcommand()
                .map_or_else(ArgMatches::default, |(_, matches)| matches),
            from_environment: arguments.from_environment,
        },
        Err(error) => error.exit(),
    }
}
