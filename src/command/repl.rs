//! `minigo repl`: enter Go, piece by piece.

use crate::program::on_big_stack;
use crate::repl;
use crate::runtime_flags::RuntimeFlags;
use clap::Args;

/// Shown at the end of the command's help.
pub(crate) const EXAMPLES: &str = "\
EXAMPLES:
  minigo repl
  GOMAXPROCS=1 minigo repl
  echo 'x := 6; x * 7' | minigo repl";

#[derive(Args)]
pub(crate) struct ReplArgs {
    #[command(flatten)]
    runtime: RuntimeFlags,
}

/// Runs the prompt and gives the exit status.
pub(crate) fn repl(args: ReplArgs) -> i32 {
    on_big_stack(move || repl::run(args.runtime))
}
