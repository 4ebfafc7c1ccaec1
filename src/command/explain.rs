//! `minigo explain`: the long text of an error code.

use crate::console::{fail, print};
use clap::Args;
use minigo_compiler::diagnostics::code;

/// Shown at the end of the command's help; the tests run each line.
pub(crate) const EXAMPLES: &str = "\
EXAMPLES:
  minigo explain E0104";

#[derive(Args)]
pub(crate) struct ExplainArgs {
    /// A code such as E0104
    code: String,
}

/// Prints the explanation and gives the exit status.
pub(crate) fn explain(args: &ExplainArgs) -> i32 {
    match code::explain(&args.code) {
        Some(text) => {
            print(&format!("{text}\n"));
            0
        }
        None => fail(&format!("there is no error code {}", args.code)),
    }
}
