//! Source text and positions in it.
//!
//! A [`Span`] is a pair of byte offsets into one file; which file is known from context, so that a span
//! stays at 8 bytes. Lines and columns are derived only when a message is printed. Both count from 1, and
//! columns count bytes, as Go's do.

use std::borrow::Cow;

/// A half-open range of byte offsets into one source file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset just after the last byte.
    pub end: u32,
}

const _: () = assert!(size_of::<Span>() == 8);

impl Span {
    /// The bytes from `start` up to but without `end`.
    pub const fn new(start: u32, end: u32) -> Span {
        Span { start, end }
    }

    /// The empty span at `offset`.
    pub const fn at(offset: u32) -> Span {
        Span {
            start: offset,
            end: offset,
        }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// Number of bytes.
    pub const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// Whether the span covers no byte.
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// The span as a range for indexing text.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end.max(self.start) as usize
    }
}

impl std::fmt::Debug for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// A line and a column, both from 1; the column counts bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LineCol {
    /// Line number, from 1.
    pub line: u32,
    /// Column in bytes, from 1.
    pub col: u32,
}

impl std::fmt::Display for LineCol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.col)
    }
}

/// One source file: its name as messages show it, its text, and where its lines start.
#[derive(Clone, Debug)]
pub struct SourceFile {
    name: String,
    /// The import path of its package, if it has one.
    package: Option<String>,
    /// The folder that it is in, where messages must show more than the name does.
    folder: Option<String>,
    text: Cow<'static, str>,
    line_starts: Vec<u32>,
    /// How many lines come before the line that counts as the first.
    prelude: u32,
}

impl SourceFile {
    /// The longest text, in bytes, that the parser accepts; spans are 32 bits wide.
    pub const MAX_LEN: usize = 1 << 30;

    /// A file called `name` with the given text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> SourceFile {
        SourceFile::with_text(name.into(), Cow::Owned(text.into()))
    }

    /// A file whose text is part of minigo, and is not copied.
    pub fn of_library(name: impl Into<String>, text: &'static str) -> SourceFile {
        SourceFile::with_text(name.into(), Cow::Borrowed(text))
    }

    fn with_text(name: String, text: Cow<'static, str>) -> SourceFile {
        let newlines = memchr::memchr_iter(b'\n', text.as_bytes());
        let line_starts = std::iter::once(0)
            .chain(newlines.map(|offset| offset as u32 + 1))
            .collect();
        SourceFile {
            name,
            package: None,
            folder: None,
            text,
            line_starts,
            prelude: 0,
        }
    }

    /// Whether it is part of minigo's library.
    pub fn is_library(&self) -> bool {
        matches!(self.text, Cow::Borrowed(_))
    }

    /// Whether two offsets are on the same line.
    pub fn on_same_line(&self, a: u32, b: u32) -> bool {
        let between = a.min(b) as usize..a.max(b) as usize;
        memchr::memchr(b'\n', &self.text.as_bytes()[between]).is_none()
    }

    /// With the import path of its package, under which errors are listed.
    pub fn with_package(mut self, path: impl Into<String>) -> SourceFile {
        self.package = Some(path.into());
        self
    }

    /// With the folder that it is in, as messages show it.
    pub fn with_folder(mut self, folder: impl Into<String>) -> SourceFile {
        self.folder = Some(folder.into());
        self
    }

    /// With `prelude` lines at the start of the text that do not count: somebody else than the author put them there.
    pub fn with_prelude(mut self, prelude: u32) -> SourceFile {
        self.prelude = prelude;
        self
    }

    /// The import path of its package, if it has one.
    pub fn package(&self) -> Option<&str> {
        self.package.as_deref()
    }

    /// How many lines come before the line that counts as the first.
    pub fn prelude(&self) -> u32 {
        self.prelude
    }

    /// The folder that it is in: what was set, or the one in its name, or `.`.
    pub fn folder(&self) -> &str {
        if let Some(folder) = &self.folder {
            return folder;
        }
        match self.name.rsplit_once('/') {
            Some((folder, _)) if !folder.is_empty() => folder,
            Some(_) => "/",
            None => ".",
        }
    }

    /// The name that messages show.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text that a span covers; empty where the span lies outside the text or splits a character.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }

    /// Line and column of a byte offset.
    pub fn line_col(&self, offset: u32) -> LineCol {
        let line = self.line_starts.partition_point(|&start| start <= offset);
        LineCol {
            line: (line as u32).saturating_sub(self.prelude).max(1),
            col: offset - self.line_starts[line - 1] + 1,
        }
    }

    /// The number of lines; a text that ends in a newline has an empty last line.
    pub fn line_count(&self) -> u32 {
        self.line_starts.len() as u32
    }

    /// The bytes of a line (from 1) without its line break.
    pub fn line_span(&self, line: u32) -> Span {
        let index = (line.max(1) - 1 + self.prelude) as usize;
        let start = match self.line_starts.get(index) {
            Some(&start) => start,
            None => return Span::at(self.text.len() as u32),
        };
        let end = match self.line_starts.get(index + 1) {
            Some(&next) => next - 1,
            None => self.text.len() as u32,
        };
        Span::new(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_bytes() {
        let file = SourceFile::new("a.mgo", "ab\nµx\n");
        let at = |offset| {
            let place = file.line_col(offset);
            (place.line, place.col)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(2), (1, 3));
        assert_eq!(at(3), (2, 1));
        assert_eq!(at(5), (2, 3));
        assert_eq!(at(7), (3, 1));
        assert_eq!(file.slice(file.line_span(2)), "µx");
        assert_eq!(file.line_count(), 3);
    }
}
