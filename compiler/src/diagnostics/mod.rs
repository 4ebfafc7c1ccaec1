//! Diagnostics of the compiler: their codes, which of them are shown, and how they look.

pub mod code;
pub mod render;

use crate::types::ty::FileIndex;
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::SourceFile;
use rustc_hash::FxHashSet;

/// How many errors Go's compiler shows.
pub const LIMIT: usize = 10;

/// The diagnostics that are shown, in their order.
pub struct Listing<'a> {
    /// Sorted by place, each once.
    pub shown: Vec<(&'a SourceFile, &'a Diagnostic)>,
    /// There are more errors than the limit; the place of the last that was counted, as `file:line:col`.
    pub too_many: Option<String>,
}

impl<'a> Listing<'a> {
    /// Takes the first diagnostics, at most `limit` of them, and sorts them by place. `found` is in the order in which they were
    /// found, as [`crate::Checked`] has it: which errors are left out depends on that order, as it does in Go's compiler.
    pub fn new(
        found: &'a [(FileIndex, Diagnostic)],
        files: &'a [SourceFile],
        limit: Option<usize>,
    ) -> Listing<'a> {
        let mut shown: Vec<(FileIndex, &Diagnostic)> = Vec::new();
        let mut seen: FxHashSet<(FileIndex, u32, &String)> = FxHashSet::default();
        let mut too_many = None;
        for (index, diagnostic) in found {
            let line = files[index.0 as usize].line_col(diagnostic.span.start).line;
            if !seen.insert((*index, line, &diagnostic.message)) {
                continue;
            }
            if limit.is_some_and(|limit| shown.len() >= limit) {
                break;
            }
            shown.push((*index, diagnostic));
            if limit == Some(shown.len()) {
                let file = &files[index.0 as usize];
                let place = file.line_col(diagnostic.span.start);
                too_many = Some(format!("{}:{place}", file.name()));
            }
        }
        shown.sort_by_key(|(index, diagnostic)| (*index, diagnostic.span.start));
        Listing {
            shown: shown
                .into_iter()
                .map(|(index, diagnostic)| (&files[index.0 as usize], diagnostic))
                .collect(),
            too_many,
        }
    }
}
