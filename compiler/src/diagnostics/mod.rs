//! Diagnostics of the compiler: their codes, which of them are shown, and how they look.

pub(crate) mod advice;
mod brackets;
pub mod code;
pub mod render;
pub(crate) mod spelling;

use crate::types::ty::FileIndex;
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::SourceFile;
use rustc_hash::FxHashSet;

/// How many errors Go's compiler shows.
pub const LIMIT: usize = 10;

/// The diagnostics that are shown, by package.
pub struct Listing<'a> {
    /// In the order of their first files.
    pub packages: Vec<PackageListing<'a>>,
}

/// The diagnostics of one package that are shown, in their order.
pub struct PackageListing<'a> {
    /// The import path, where Go puts it over the errors: not if the package or its imports cannot even be loaded.
    pub header: Option<&'a str>,
    /// Sorted by place, each once.
    pub shown: Vec<(&'a SourceFile, &'a Diagnostic)>,
    /// There are more errors than the limit; the place of the last that was counted, as `file:line:col`.
    pub too_many: Option<String>,
}

impl<'a> Listing<'a> {
    /// Takes the first diagnostics of each package, at most `limit` of them, and sorts them by place. `found` is in the order in which they were
    /// found, as [`crate::Checked`] has it: which errors are left out depends on that order, and so does the order of the files, as in Go's
    /// compiler. What keeps packages from being loaded stays in its order.
    pub fn new(
        found: &'a [(FileIndex, Diagnostic)],
        files: &'a [SourceFile],
        limit: Option<usize>,
    ) -> Listing<'a> {
        let package = |index: FileIndex| files[index.0 as usize].package();
        let mut groups: Vec<Vec<(FileIndex, &'a Diagnostic)>> = Vec::new();
        for (index, diagnostic) in found {
            let known = groups.iter_mut().find(|group| {
                let (first, _) = group[0];
                first == *index
                    || package(first) == package(*index)
                    || is_of_loading(group[0].1) && is_of_loading(diagnostic)
            });
            match known {
                Some(group) => group.push((*index, diagnostic)),
                None => groups.push(vec![(*index, diagnostic)]),
            }
        }
        groups.sort_by_key(|group| group.iter().map(|(index, _)| *index).min());
        let packages = groups
            .into_iter()
            .map(|group| PackageListing::new(&group, files, limit))
            .collect();
        Listing { packages }
    }
}

impl<'a> PackageListing<'a> {
    fn new(
        found: &[(FileIndex, &'a Diagnostic)],
        files: &'a [SourceFile],
        limit: Option<usize>,
    ) -> PackageListing<'a> {
        let mut shown: Vec<(FileIndex, &Diagnostic)> = Vec::new();
        // Go's compiler counts the same words on the same line once, if nothing else was found in between.
        let mut last: Option<(FileIndex, u32, &String)> = None;
        let mut seen: FxHashSet<(FileIndex, u32, &String)> = FxHashSet::default();
        let mut too_many = None;
        for (index, diagnostic) in found {
            let line = files[index.0 as usize].line_col(diagnostic.span.start).line;
            let this = Some((*index, line, &diagnostic.message));
            let is_new = seen.insert((*index, diagnostic.span.start, &diagnostic.message));
            if std::mem::replace(&mut last, this) == this || !is_new {
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
        let is_loaded = !shown
            .iter()
            .any(|(_, diagnostic)| is_of_loading(diagnostic));
        if is_loaded {
            let mut files: Vec<FileIndex> = Vec::new();
            for (index, _) in &shown {
                if !files.contains(index) {
                    files.push(*index);
                }
            }
            let rank = |index: &FileIndex| files.iter().position(|file| file == index);
            shown.sort_by_key(|(index, diagnostic)| (rank(index), diagnostic.span.start));
        }
        PackageListing {
            header: shown
                .first()
                .filter(|_| is_loaded)
                .and_then(|(index, _)| files[index.0 as usize].package()),
            shown: shown
                .into_iter()
                .map(|(index, diagnostic)| (&files[index.0 as usize], diagnostic))
                .collect(),
            too_many,
        }
    }
}

/// Whether it keeps a package from being loaded.
fn is_of_loading(diagnostic: &Diagnostic) -> bool {
    // Only then Go shows no more than the message, or a chain of packages.
    diagnostic.short.is_some()
}
