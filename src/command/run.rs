//! `minigo run`: compiles a program and runs it.

use super::emit::Emit;
use crate::console::{fail, print};
use crate::program::ProgramArgs;
use crate::report::ReportFlags;
use crate::runtime_flags::RuntimeFlags;
use clap::Args;

/// Shown at the end of the command's help; the tests run each line.
pub(crate) const EXAMPLES: &str = "\
EXAMPLES:
  minigo run hello.mgo
  minigo run --seed=7 hello.mgo -v
  minigo run .
  minigo run -e 'fmt.Println(1 + 2)'
  GOMAXPROCS=1 minigo hello.mgo";

#[derive(Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    runtime: RuntimeFlags,
    #[command(flatten)]
    report: ReportFlags,
    /// Print a stage of the compilation instead of running
    #[arg(long, value_name = "STAGE")]
    emit: Option<Emit>,
    #[command(flatten)]
    program: ProgramArgs,
}

/// Runs the program and gives its exit status.
pub(crate) fn run(args: RunArgs) -> i32 {
    let program = args.program.read();
    if let Some(emit) = args.emit {
        return match emit.print(program) {
            Ok(text) => {
                print(&text);
                0
            }
            Err((diagnostics, files)) => args.report.show(&diagnostics, &files),
        };
    }
    let program_args = program.args.clone();
    let output = program.compile();
    let status = args.report.show(&output.diagnostics, &output.files);
    let Some(program) = output.program else {
        return status.max(1);
    };
    let config = args.runtime.config(program_args, output.files);
    match minigo_vm::run(program, &minigo_stdlib::natives, config) {
        Ok(status) => status,
        Err(minigo_vm::LoadError::OutOfMemory) => fail("out of memory"),
        Err(error) => panic!("{error}"),
    }
}
