//! The commands and flags of minigo, as clap sees them.

use crate::arguments;
use crate::command::{check, explain, run};
use clap::{Parser, Subcommand};
use std::ffi::OsString;

/// Run Go programs on a virtual machine with a scheduler of its own.
#[derive(Parser)]
#[command(name = "minigo", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What minigo can do; each command has a file of its name in `command/`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Compile and run a program; also `minigo FILE`
    #[command(after_help = run::EXAMPLES)]
    Run(run::RunArgs),
    /// Type-check a program and print what is wrong with it
    #[command(after_help = check::EXAMPLES)]
    Check(check::CheckArgs),
    /// Explain an error code
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::ExplainArgs),
}

/// Reads the command line, or ends as clap sees fit: help on standard output with 0, a bad command line with 2.
pub(crate) fn parse(args: Vec<OsString>) -> Cli {
    let args = args
        .into_iter()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    Cli::parse_from(arguments::go_style(args))
}
