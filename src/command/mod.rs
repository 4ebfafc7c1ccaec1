//! The commands, one file each: its flags, its examples, and what it does.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod dis;
pub(crate) mod doc;
mod emit;
pub(crate) mod env;
pub(crate) mod explain;
pub(crate) mod repl;
pub(crate) mod run;

use crate::cli::{Command, Parsed};
use crate::console::print;

/// Does what the command line asks for and gives the exit status.
pub(crate) fn execute(mut parsed: Parsed) -> i32 {
    match std::mem::replace(&mut parsed.command, Command::Version) {
        Command::Run(args) => run::run(args),
        Command::Check(args) => check::check(args),
        Command::Dis(args) => dis::dis(args),
        Command::Explain(args) => explain::explain(&args),
        Command::Doc(args) => doc::doc(&args),
        Command::Env(args) => env::env(&args, &parsed),
        Command::Completions(args) => completions::completions(&args),
        Command::Version => {
            print(&format!(
                "minigo {} (Go 1.27) {}/{}\n",
                env!("CARGO_PKG_VERSION"),
                std::env::consts::OS,
                std::env::consts::ARCH
            ));
            0
        }
        Command::Repl(args) => repl::repl(args),
    }
}
