//! `minigo dis`: a program's instructions, below the source lines that they come from.

use crate::console::print;
use crate::program::ProgramArgs;
use crate::report::ReportFlags;
use clap::Args;
use minigo_bytecode::program::Func;
use minigo_bytecode::{Program, disasm};
use minigo_grammar::source::SourceFile;
use std::fmt::Write;

/// Shown at the end of the command's help; the tests run each line.
pub(crate) const EXAMPLES: &str = "\
EXAMPLES:
  minigo dis hello.mgo
  minigo dis --func=main.main hello.mgo
  minigo dis --all hello.mgo
  minigo dis -e 'x := 1; println(x + 2)'";

#[derive(Args)]
pub(crate) struct DisArgs {
    /// List only the functions whose names contain this
    #[arg(long, value_name = "NAME")]
    func: Option<String>,
    /// List the functions of the library, too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    report: ReportFlags,
    #[command(flatten)]
    program: ProgramArgs,
}

/// Prints the listing and gives the exit status.
pub(crate) fn dis(args: DisArgs) -> i32 {
    let program = args.program.read();
    let compiled = program.compile();
    let status = args.report.show(&compiled.diagnostics, &compiled.files);
    let Some(program) = compiled.program else {
        return status.max(1);
    };
    let mut text = String::new();
    for func in &program.funcs {
        let is_wanted = match &args.func {
            Some(name) => func.name.contains(name.as_str()),
            None => args.all || is_own(func),
        };
        if is_wanted {
            list(&program, func, &compiled.files, &mut text);
        }
    }
    if text.is_empty() {
        let name = args.func.as_deref().unwrap_or("");
        crate::console::fail(&format!("no function is called {name}"));
    }
    print(&text);
    0
}

/// Whether a function is of the program and not of the library: the path of a package ends at the first dot behind the last slash.
fn is_own(func: &Func) -> bool {
    let start = func.name.rfind('/').map_or(0, |slash| slash + 1);
    let end = func.name[start..]
        .find('.')
        .map_or(start, |dot| start + dot);
    minigo_stdlib::source(&func.name[..end]).is_none()
}

/// Adds the listing of a function: a source line where it changes, then the instructions.
fn list(program: &Program, func: &Func, files: &[SourceFile], text: &mut String) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{}  params {:?} results {:?} registers {}",
        func.name,
        func.params,
        func.results,
        func.registers.len()
    );
    let mut entries = func.lines.iter().peekable();
    let mut shown = None;
    for (pc, op) in func.code.iter().enumerate() {
        while let Some(entry) = entries.next_if(|entry| entry.pc as usize <= pc) {
            let place = (entry.position.file, entry.position.line);
            if shown == Some(place) {
                continue;
            }
            shown = Some(place);
            let source = files.get(place.0.index());
            if let Some(source) = source {
                let line = source.slice(source.line_span(place.1));
                let _ = writeln!(text, "{:>6} | {}", place.1, line.trim_end());
            }
        }
        let _ = writeln!(
            text,
            "         {pc:04}  {}",
            disasm::instruction(program, pc, op)
        );
    }
    text.push('\n');
}
