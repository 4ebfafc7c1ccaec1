//! Showing diagnostics, and the flags that say how.

use crate::console::When;
use clap::{Args, ValueEnum};
use minigo_compiler::diagnostics::render::{self, Format};
use minigo_compiler::diagnostics::{LIMIT, Listing};
use minigo_compiler::types::ty::FileIndex;
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::SourceFile;
use std::io::{IsTerminal, Write};

/// How errors look.
#[derive(Args)]
pub(crate) struct ReportFlags {
    /// How errors are printed
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    error_format: ErrorFormat,
    /// Whether to use colors
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: When,
    /// Show all errors, not just the first ten
    #[arg(long)]
    all_errors: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ErrorFormat {
    /// Pretty on a terminal, else short
    Auto,
    /// With the line, what else plays a part, and what to do
    Pretty,
    /// As Go prints them
    Short,
    /// One object a line
    Json,
}

impl ReportFlags {
    /// Shows diagnostics and gives the exit status: 1 if one is an error.
    pub(crate) fn show(&self, found: &[(FileIndex, Diagnostic)], files: &[SourceFile]) -> i32 {
        if found.is_empty() {
            return 0;
        }
        let color = self.color.on_stderr();
        let format = match self.error_format {
            ErrorFormat::Pretty => Format::Pretty { color },
            ErrorFormat::Short => Format::Short,
            ErrorFormat::Json => Format::Json,
            ErrorFormat::Auto if std::io::stderr().is_terminal() => Format::Pretty { color },
            ErrorFormat::Auto => Format::Short,
        };
        let limit = (!self.all_errors && format != Format::Json).then_some(LIMIT);
        let listing = Listing::new(found, files, limit);
        let text = render::render(&listing, format);
        let _ = std::io::stderr().write_all(text.as_bytes());
        i32::from(found.iter().any(|(_, diagnostic)| diagnostic.is_error()))
    }
}
