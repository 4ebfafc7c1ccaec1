//! `minigo completions`: what a shell needs to complete minigo's commands and flags.

use crate::cli::Cli;
use crate::console::print;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Shown at the end of the command's help; the tests run each line.
pub(crate) const EXAMPLES: &str = "\
EXAMPLES:
  minigo completions bash > minigo.bash
  minigo completions fish > minigo.fish";

#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints the script and gives the exit status.
pub(crate) fn completions(args: &CompletionsArgs) -> i32 {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "minigo", &mut script);
    print(&String::from_utf8_lossy(&script));
    0
}
