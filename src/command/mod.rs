//! The commands, one file each: its flags, its examples, and what it does.

pub(crate) mod check;
mod emit;
pub(crate) mod explain;
pub(crate) mod run;

use crate::cli::Command;

/// Does what the command line asks for and gives the exit status.
pub(crate) fn execute(command: Command) -> i32 {
    match command {
        Command::Run(args) => run::run(args),
        Command::Check(args) => check::check(&args),
        Command::Explain(args) => explain::explain(&args),
    }
}
