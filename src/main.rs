//! The `minigo` command.
//!
//! | file | subject |
//! |---|---|
//! | `cli` | the commands and their flags, for clap |
//! | `arguments` | Go's liberties: one dash or two, `minigo FILE`, what belongs to the program |
//! | `command/` | one file a command |
//! | `runtime_flags` | the flags of everything that runs a program, each declared once |
//! | `documentation` | documentation out of the library's sources |
//! | `program` | the program that a command line names: files, a folder, standard input, code |
//! | `snippet` | what is missing around code given with `-e` |
//! | `module` | packages on disk: `go.mod` and the folders below it |
//! | `build_constraint` | which files belong to a package |
//! | `panic_advice` | what to do about a panic |
//! | `repl/` | the prompt |
//! | `report` | showing diagnostics |
//! | `explanation` | why a program is deadlocked, in words |
//! | `console` | writing, colors, failing |
//!
//! All input and output policy is here; the compiler is pure. Exit codes are Go's: 1 for what is wrong before the program runs, 2 for a
//! bad command line and for panics, else what the program says, 3 for a bug in minigo itself.
#![forbid(unsafe_code)]

mod arguments;
mod build_constraint;
mod cli;
mod command;
mod console;
mod documentation;
mod explanation;
mod module;
mod panic_advice;
mod program;
mod repl;
mod report;
mod runtime_flags;
mod snippet;

use std::io::Write;
use std::process::exit;

#[global_allocator]
static ALLOCATOR: minigo_vm::allocator::Allocator = minigo_vm::allocator::Allocator;

fn main() {
    std::panic::set_hook(Box::new(|info| {
        let _ = writeln!(
            std::io::stderr(),
            "minigo: internal error: {info}\nthis is a bug in minigo, please report it with the program that shows it"
        );
        exit(3);
    }));
    exit(command::execute(cli::parse(std::env::args_os().collect())));
}
