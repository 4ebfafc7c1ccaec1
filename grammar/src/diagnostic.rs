//! What is wrong with a program, as data.
//!
//! A diagnostic carries facts and Go's wording; how it looks on a terminal is the renderer's business.
//! Spans belong to the file that was parsed or checked when the diagnostic was made.

use crate::source::{SourceFile, Span};

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The program is refused.
    Error,
    /// The program runs; something in it deserves a look.
    Warning,
}

/// A second place that explains the first, with a few words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is to be seen there, in lower case and without a full stop.
    pub message: String,
}

/// One finding about a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable code such as `E0001`.
    pub code: &'static str,
    /// One line in Go's wording, with Go's `syntax error: ` prefix where Go has it.
    pub message: String,
    /// Where; its start is the position that Go reports.
    pub span: Span,
    /// A few words for the primary span in the excerpt; without it the message is not repeated there.
    pub note: Option<String>,
    /// Further places, such as a declaration.
    pub labels: Vec<Label>,
    /// Lines that follow the message in every format, such as `have (int)` and `want (string)`; printed after a tab.
    pub continuation: Vec<String>,
    /// What the user can do about it, one sentence each.
    pub help: Vec<String>,
    /// The whole short form, where Go's is not `file:line:col: message`.
    pub short: Option<String>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            code,
            message: message.into(),
            span,
            note: None,
            labels: Vec::new(),
            continuation: Vec::new(),
            help: Vec::new(),
            short: None,
        }
    }

    /// A warning at `span`.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(code, span, message)
        }
    }

    /// With a few words at the primary span.
    pub fn with_note(mut self, note: impl Into<String>) -> Diagnostic {
        self.note = Some(note.into());
        self
    }

    /// With a second place.
    pub fn with_label(mut self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.labels.push(Label {
            span,
            message: message.into(),
        });
        self
    }

    /// With a line that continues the message, such as `have (int)`.
    pub fn with_continuation(mut self, line: impl Into<String>) -> Diagnostic {
        self.continuation.push(line.into());
        self
    }

    /// With a piece of advice.
    pub fn with_help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help.push(help.into());
        self
    }

    /// With a short form that is not `file:line:col: message`.
    pub fn with_short(mut self, short: impl Into<String>) -> Diagnostic {
        self.short = Some(short.into());
        self
    }

    /// Whether the program is refused because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Go's own form: `file:line:col: message`, continuation lines after a tab.
    pub fn to_short_string(&self, file: &SourceFile) -> String {
        if let Some(short) = &self.short {
            return short.clone();
        }
        let place = file.line_col(self.span.start);
        let mut text = format!("{}:{}: {}", file.name(), place, self.message);
        for line in &self.continuation {
            text.push_str("\n\t");
            text.push_str(line);
        }
        text
    }
}
