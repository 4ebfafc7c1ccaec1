//! `--emit`: what a stage of the compilation made of the program.

use clap::ValueEnum;
use minigo_compiler::Importer;
use minigo_compiler::types::ty::FileIndex;
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::SourceFile;
use minigo_grammar::symbol::Symbols;
use std::fmt::Write;

/// A stage of the compilation.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Emit {
    /// What the lexer gives, inserted semicolons included
    Tokens,
    /// The syntax tree
    Ast,
    /// The typed tree of the program's own functions
    Types,
    /// The instructions that run
    Bytecode,
}

/// What is wrong with a program, and its files.
type Failed = (Vec<(FileIndex, Diagnostic)>, Vec<SourceFile>);

impl Emit {
    /// The stage as text.
    pub(crate) fn print(self, file: SourceFile, importer: Importer<'_>) -> Result<String, Failed> {
        match self {
            Emit::Tokens => Ok(minigo_grammar::dump_tokens(&file)),
            Emit::Ast => {
                let mut symbols = Symbols::new();
                let (ast, diagnostics) = minigo_grammar::parse_file(&file, &mut symbols);
                if diagnostics.iter().any(Diagnostic::is_error) {
                    let found = diagnostics.into_iter().map(|d| (FileIndex(0), d)).collect();
                    return Err((found, vec![file]));
                }
                Ok(format!("{ast:#?}\n"))
            }
            Emit::Types => {
                let checked = minigo_compiler::check(vec![file], importer);
                let Some(module) = checked.module else {
                    return Err((checked.diagnostics, checked.files));
                };
                let mut text = String::new();
                for func in module
                    .funcs
                    .iter()
                    .filter(|func| func.loc.file == FileIndex(0))
                {
                    let _ = writeln!(text, "{func:#?}");
                }
                Ok(text)
            }
            Emit::Bytecode => {
                let output = minigo_compiler::compile(vec![file], importer);
                match output.program {
                    Some(program) => Ok(minigo_bytecode::disasm::program(&program)),
                    None => Err((output.diagnostics, output.files)),
                }
            }
        }
    }
}
