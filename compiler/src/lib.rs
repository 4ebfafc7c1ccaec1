//! The compiler: type checker, escape analysis, code generation, rendering of diagnostics.
//! See the crate's README for the phases and their invariants.
#![forbid(unsafe_code)]

pub mod codegen;
pub mod diagnostics;
mod load;
pub mod escape;
pub mod types;

pub use load::Importer;

use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::SourceFile;
use minigo_grammar::symbol::Symbols;
use types::ty::FileIndex;
use types::typed::Module;

/// A checked program.
pub struct Checked {
    /// None if a diagnostic is an error.
    pub module: Option<Module>,
    /// In the order in which they were found; [`diagnostics::Listing`] sorts them.
    pub diagnostics: Vec<(FileIndex, Diagnostic)>,
    /// All files, those of imported packages after the program's own.
    pub files: Vec<SourceFile>,
}

/// Parses and checks a program of the given files; `importer` finds the packages that it imports.
pub fn check(files: Vec<SourceFile>, importer: Importer<'_>) -> Checked {
    let mut symbols = Symbols::new();
    let (failed, loaded, mut diagnostics) = load::load(files, importer, &mut symbols);
    if failed {
        return Checked {
            module: None,
            diagnostics,
            files: loaded.files,
        };
    }
    let (mut module, found) = types::check::check(&loaded, &mut symbols);
    if diagnostics.iter().any(|(_, d)| d.is_error()) {
        module = None;
    }
    diagnostics.extend(found);
    Checked {
        module,
        diagnostics,
        files: loaded.files,
    }
}
