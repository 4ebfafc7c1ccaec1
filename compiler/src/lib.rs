//! The compiler: type checker, escape analysis, code generation, rendering of diagnostics.
//! See the crate's README for the phases and their invariants.
#![forbid(unsafe_code)]

pub mod codegen;
pub mod diagnostics;
pub mod escape;
mod load;
mod order;
pub mod session;
pub mod types;
pub mod vet;

pub use load::{Import, ImportError, Importer, Layout, Sources};

use minigo_bytecode::Program;
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
    /// By file: it is part of the library.
    pub library: Vec<bool>,
}

/// A compiled program, or why there is none.
pub struct Compiled {
    /// None if a diagnostic is an error.
    pub program: Option<Program>,
    /// Sorted by file and place.
    pub diagnostics: Vec<(FileIndex, Diagnostic)>,
    /// All files, those of imported packages after the program's own.
    pub files: Vec<SourceFile>,
}

/// The whole pipeline: parse, check, escape analysis, code generation. The VM verifies what comes out.
pub fn compile(files: Vec<SourceFile>, importer: Importer<'_>) -> Compiled {
    let mut checked = check(files, importer);
    let mut program = None;
    if let Some(mut module) = checked.module.take() {
        let mut escapes = escape::analyze(&module);
        order::order(&mut module, &mut escapes);
        match codegen::generate(module, &escapes, &checked.files) {
            Ok(generated) => program = Some(generated),
            Err(refusals) => {
                for refusal in refusals {
                    let diagnostic = Diagnostic::error(
                        diagnostics::code::UNSUPPORTED,
                        refusal.loc.span,
                        refusal.message,
                    );
                    checked.diagnostics.push((refusal.loc.file, diagnostic));
                }
                checked
                    .diagnostics
                    .sort_by_key(|(file, d)| (*file, d.span.start));
            }
        }
    }
    Compiled {
        program,
        diagnostics: checked.diagnostics,
        files: checked.files,
    }
}

/// Parses and checks a program of the given files; `importer` finds the packages that it imports.
pub fn check(files: Vec<SourceFile>, importer: Importer<'_>) -> Checked {
    let mut symbols = Symbols::new();
    let (failed, loaded, mut diagnostics) = load::load(files, importer, &mut symbols);
    let mut module = None;
    if !failed {
        let failed = diagnostics.iter().any(|(_, d)| d.is_error());
        let (checked, found) = types::check::check(&loaded, &mut symbols, failed);
        module = checked;
        diagnostics.extend(without_follow_ups(&loaded, found));
    }
    for (file, diagnostic) in &mut diagnostics {
        let file = &loaded.files[file.0 as usize];
        diagnostics::advice::advise(diagnostic, file, &|name| package_called(name, importer));
    }
    let is_library = |package: &types::ty::PackageId| {
        let index = (package.0 as usize).checked_sub(1);
        index
            .and_then(|index| loaded.packages.get(index))
            .is_some_and(|package| package.library)
    };
    let library = loaded.file_packages.iter().map(is_library).collect();
    Checked {
        module,
        diagnostics,
        files: loaded.files,
        library,
    }
}

/// The import path of the package of the library that has this name.
fn package_called(name: &str, importer: Importer<'_>) -> Option<String> {
    diagnostics::advice::FOLDERS
        .iter()
        .map(|folder| format!("{folder}{name}"))
        .find(|path| {
            let import = Import {
                path,
                importer: "main",
            };
            importer(&import).is_ok_and(|sources| sources.library)
        })
}

/// Leaves out what is wrong with packages that import one in which something is wrong: Go does not look at them.
fn without_follow_ups(
    loaded: &types::check::Loaded,
    found: Vec<(FileIndex, Diagnostic)>,
) -> Vec<(FileIndex, Diagnostic)> {
    let package_of = |file: FileIndex| loaded.file_packages[file.0 as usize].0 as usize;
    let mut wrong = vec![false; loaded.packages.len() + 1];
    for (file, diagnostic) in &found {
        wrong[package_of(*file)] |= diagnostic.is_error();
    }
    let mut spoiled = vec![false; loaded.packages.len() + 1];
    // Each comes after those that it imports.
    for (index, package) in loaded.packages.iter().enumerate() {
        spoiled[index + 1] = package.imports.iter().any(|import| {
            let import = import.0 as usize;
            wrong[import] || spoiled[import]
        });
    }
    found
        .into_iter()
        .filter(|(file, _)| !spoiled[package_of(*file)])
        .collect()
}
