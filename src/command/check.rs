//! `minigo check`: says what is wrong with a program without running it.

use crate::program::{library, on_big_stack, read};
use crate::report::ReportFlags;
use clap::Args;

/// Shown at the end of the command's help; the tests run each line.
pub(crate) const EXAMPLES: &str = "\
EXAMPLES:
  minigo check --error-format=json hello.mgo";

#[derive(Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    report: ReportFlags,
    /// The program; - is standard input
    file: String,
}

/// Shows what is wrong and gives the exit status.
pub(crate) fn check(args: &CheckArgs) -> i32 {
    let files = vec![read(&args.file)];
    let (diagnostics, files) = on_big_stack(move || {
        let checked = minigo_compiler::check(files, &library);
        (checked.diagnostics, checked.files)
    });
    args.report.show(&diagnostics, &files)
}
