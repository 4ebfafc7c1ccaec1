//! `--emit`: what a stage of the compilation made of the program.

use crate::program::{Program, on_big_stack};
use clap::ValueEnum;
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
    pub(crate) fn print(self, mut program: Program) -> Result<String, Failed> {
        match self {
            Emit::Tokens => Ok(program
                .files
                .iter()
                .map(minigo_grammar::dump_tokens)
                .collect()),
            Emit::Ast => {
                let files = std::mem::take(&mut program.files);
                on_big_stack(move || syntax_trees(files))
            }
            Emit::Types => {
                let own = program.files.len() as u32;
                program.check(move |checked| {
                    let Some(module) = checked.module else {
                        return Err((checked.diagnostics, checked.files));
                    };
                    let mut text = String::new();
                    for func in module.funcs.iter().filter(|func| func.loc.file.0 < own) {
                        let _ = writeln!(text, "{func:#?}");
                    }
                    Ok(text)
                })
            }
            Emit::Bytecode => {
                let output = program.compile();
                match output.program {
                    Some(program) => Ok(minigo_bytecode::disasm::program(&program)),
                    None => Err((output.diagnostics, output.files)),
                }
            }
        }
    }
}

fn syntax_trees(files: Vec<SourceFile>) -> Result<String, Failed> {
    let mut symbols = Symbols::new();
    let mut text = String::new();
    let mut found = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let (ast, diagnostics) = minigo_grammar::parse_file(file, &mut symbols);
        found.extend(
            diagnostics
                .into_iter()
                .map(|d| (FileIndex(index as u32), d)),
        );
        let _ = writeln!(text, "{ast:#?}");
    }
    if found.iter().any(|(_, diagnostic)| diagnostic.is_error()) {
        Err((found, files))
    } else {
        Ok(text)
    }
}
