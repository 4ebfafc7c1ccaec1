//! `minigo check`: says what is wrong with a program without running it, and what `go vet` says of its locks and goroutines.

use crate::program::ProgramArgs;
use crate::report::ReportFlags;
use clap::Args;
use minigo_compiler::diagnostics::code;
use minigo_compiler::vet;

/// Shown at the end of the command's help; the tests run each line.
pub(crate) const EXAMPLES: &str = "\
EXAMPLES:
  minigo check hello.mgo
  minigo check .
  minigo check --error-format=json hello.mgo";

#[derive(Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    report: ReportFlags,
    #[command(flatten)]
    program: ProgramArgs,
}

/// Shows what is wrong and gives the exit status.
pub(crate) fn check(args: CheckArgs) -> i32 {
    let (mut diagnostics, files) = args.program.read().check(|mut checked| {
        let warnings = vet::vet(&checked);
        checked.diagnostics.extend(warnings);
        (checked.diagnostics, checked.files)
    });
    // A library package is as good as a program here.
    diagnostics.retain(|(_, diagnostic)| diagnostic.code != code::NOT_MAIN);
    // As with go vet, what it finds makes the check fail.
    let status = i32::from(!diagnostics.is_empty());
    status.max(args.report.show(&diagnostics, &files))
}
