//! How diagnostics look: Go's own short form, one JSON object a line, and the excerpt from the source that ariadne draws.
//!
//! Every form opens with `file:line:col`, so that editors can jump there. Nothing else in the compiler knows ariadne.

use super::Listing;
use ariadne::{Color, Config, IndexType, Label, Report, ReportKind, Source};
use minigo_grammar::diagnostic::{Diagnostic, Severity};
use minigo_grammar::source::{SourceFile, Span};
use std::fmt::Write;
use std::ops::Range;

/// A way to show diagnostics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// The message and an excerpt of the source.
    Pretty {
        /// With the escape codes of terminals.
        color: bool,
    },
    /// Exactly as Go's compiler.
    Short,
    /// One object a line.
    Json,
}

/// The text of all diagnostics of a listing, one after the other.
pub fn render(listing: &Listing<'_>, format: Format) -> String {
    let mut out = String::new();
    for package in &listing.packages {
        if let (Some(path), Format::Short) = (package.header, format) {
            let _ = writeln!(out, "# {path}");
        }
        for (file, diagnostic) in &package.shown {
            match format {
                Format::Short => {
                    out.push_str(&diagnostic.to_short_string(file));
                    out.push('\n');
                }
                Format::Json => json(file, diagnostic, &mut out),
                Format::Pretty { color } => pretty(file, diagnostic, color, &mut out),
            }
        }
        if let Some(place) = &package.too_many
            && format != Format::Json
        {
            let _ = writeln!(out, "{place}: too many errors");
        }
    }
    out
}

fn pretty(file: &SourceFile, diagnostic: &Diagnostic, color: bool, out: &mut String) {
    let (bold, red, plain) = if color {
        ("\x1b[1m", "\x1b[31m", "\x1b[0m")
    } else {
        ("", "", "")
    };
    let place = file.line_col(diagnostic.span.start);
    let _ = write!(
        out,
        "{bold}{}:{place}: {red}{}[{}]{plain}{bold}: {}{plain}",
        file.name(),
        severity(diagnostic),
        diagnostic.code,
        diagnostic.message
    );
    for line in &diagnostic.continuation {
        let _ = write!(out, "\n\t{line}");
    }
    out.push('\n');
    out.push_str(&excerpt(file, diagnostic, color));
    out.push('\n');
}

/// The lines of a text that count, and how many bytes come before them: what somebody else put there is not shown.
fn visible(file: &SourceFile) -> (&str, usize) {
    let before = match file.prelude() {
        0 => 0,
        _ => file.line_span(1).start as usize,
    };
    (file.text().get(before..).unwrap_or(""), before)
}

/// The part of the source that a diagnostic speaks of.
fn excerpt(file: &SourceFile, diagnostic: &Diagnostic, color: bool) -> String {
    let len = file.text().len();
    let range = |span: Span| {
        let start = (span.start as usize).min(len);
        // An excerpt shows the first line of what spans several.
        let line_end = file.line_span(file.line_col(span.start).line).end as usize;
        let end = (span.end as usize).min(line_end.max(start + 1)).min(len);
        start..end.max(start)
    };
    let config = Config::default()
        .with_color(color)
        .with_index_type(IndexType::Byte);
    let kind = match diagnostic.severity {
        Severity::Error => ReportKind::Error,
        Severity::Warning => ReportKind::Warning,
    };
    let main_color = match diagnostic.severity {
        Severity::Error => Color::Red,
        Severity::Warning => Color::Yellow,
    };
    let name = file.name();
    // Where the text ends there is nothing to see but its last character.
    let end = file.text().trim_end().len();
    let main = if diagnostic.span.start as usize >= end && end > 0 {
        let last = file.text()[..end].char_indices().last();
        last.map_or(0, |(index, _)| index)..end
    } else {
        range(diagnostic.span)
    };
    // Without a message, even an empty one, ariadne underlines nothing.
    let mut labels = vec![(
        main.clone(),
        diagnostic.note.as_deref().unwrap_or(""),
        main_color,
    )];
    for other in &diagnostic.labels {
        labels.push((range(other.span), &other.message, Color::Cyan));
    }
    // ariadne begins a new excerpt where a label stands above the one before it.
    labels.sort_by_key(|(range, ..)| range.start);
    let (shown, before) = visible(file);
    let shift =
        |range: Range<usize>| range.start.saturating_sub(before)..range.end.saturating_sub(before);
    let mut report = Report::build(kind, (name, shift(main)))
        .with_config(config)
        .with_message("");
    for (range, message, color) in labels {
        report = report.with_label(
            Label::new((name, shift(range)))
                .with_message(message)
                .with_color(color),
        );
    }
    for help in &diagnostic.help {
        report = report.with_help(help);
    }
    let mut bytes = Vec::new();
    let source = Source::from(shown);
    if report.finish().write((name, source), &mut bytes).is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    // The first line would repeat what the message has said.
    let body = text.split_once('\n').map_or("", |(_, body)| body);
    body.to_string()
}

fn severity(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn json(file: &SourceFile, diagnostic: &Diagnostic, out: &mut String) {
    out.push_str("{\"file\":");
    string(file.name(), out);
    position(file, diagnostic.span, out);
    let _ = write!(
        out,
        ",\"severity\":\"{}\",\"code\":\"{}\",\"message\":",
        severity(diagnostic),
        diagnostic.code
    );
    string(&diagnostic.message, out);
    strings("details", &diagnostic.continuation, out);
    out.push_str(",\"labels\":[");
    for (i, label) in diagnostic.labels.iter().enumerate() {
        out.push_str(if i > 0 {
            ",{\"message\":"
        } else {
            "{\"message\":"
        });
        string(&label.message, out);
        position(file, label.span, out);
        out.push('}');
    }
    out.push(']');
    strings("help", &diagnostic.help, out);
    out.push_str("}\n");
}

fn position(file: &SourceFile, span: Span, out: &mut String) {
    let start = file.line_col(span.start);
    let end = file.line_col(span.end.max(span.start));
    let _ = write!(
        out,
        ",\"line\":{},\"column\":{},\"endLine\":{},\"endColumn\":{}",
        start.line, start.col, end.line, end.col
    );
}

fn strings(key: &str, list: &[String], out: &mut String) {
    let _ = write!(out, ",\"{key}\":[");
    for (i, text) in list.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        string(text, out);
    }
    out.push(']');
}

/// A string as JSON writes it.
fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ty::FileIndex;

    fn check(format: Format, expected: &str) {
        let files = [SourceFile::new(
            "a.mgo",
            "package main\nvar x int = \"é\"\n",
        )];
        let found = [(
            FileIndex(0),
            Diagnostic::error("E0204", Span::new(25, 29), "cannot \"use\"")
                .with_continuation("have this")
                .with_label(Span::new(17, 18), "declared here")
                .with_help("write a number"),
        )];
        let listing = Listing::new(&found, &files, None);
        assert_eq!(render(&listing, format), expected);
    }

    #[test]
    fn short_is_what_go_prints() {
        check(Format::Short, "a.mgo:2:13: cannot \"use\"\n\thave this\n");
    }

    #[test]
    fn json_is_one_object_a_line() {
        check(
            Format::Json,
            "{\"file\":\"a.mgo\",\"line\":2,\"column\":13,\"endLine\":2,\"endColumn\":17,\"severity\":\"error\",\
             \"code\":\"E0204\",\"message\":\"cannot \\\"use\\\"\",\"details\":[\"have this\"],\"labels\":[{\"message\":\
             \"declared here\",\"line\":2,\"column\":5,\"endLine\":2,\"endColumn\":6}],\"help\":[\"write a number\"]}\n",
        );
    }

    #[test]
    fn pretty_opens_with_the_place_and_shows_the_line() {
        let files = [SourceFile::new(
            "a.mgo",
            "package main\nvar x int = \"é\"\n",
        )];
        let found = [(
            FileIndex(0),
            Diagnostic::error("E0204", Span::new(25, 29), "no"),
        )];
        let listing = Listing::new(&found, &files, None);
        let text = render(&listing, Format::Pretty { color: false });
        assert!(text.starts_with("a.mgo:2:13: error[E0204]: no\n"), "{text}");
        assert!(text.contains("var x int = \"é\""), "{text}");
    }
}

/// A line of the source that a report of a running program speaks of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mention {
    /// The file's name, as positions print it.
    pub file: String,
    /// The line in it.
    pub line: u32,
    /// The column in bytes from 1 on; 0 for the whole line.
    pub column: u32,
    /// What there is to say about it.
    pub message: String,
}

/// The lines of the source that are mentioned, with what is said about them; a later mention of a place joins the first. Files that
/// are not at hand are left out.
pub fn mentions(files: &[SourceFile], mentions: &[Mention], color: bool) -> String {
    let mut out = String::new();
    for file in files {
        let mut labels: Vec<(Range<usize>, String)> = Vec::new();
        for mention in mentions.iter().filter(|m| m.file == file.name()) {
            let Some(range) = mentioned(file, mention) else {
                continue;
            };
            match labels.iter_mut().find(|(known, _)| *known == range) {
                Some((_, text)) if *text != mention.message => {
                    text.push_str("; ");
                    text.push_str(&mention.message);
                }
                Some(_) => {}
                None => labels.push((range, mention.message.clone())),
            }
        }
        let Some((main, _)) = labels.first().cloned() else {
            continue;
        };
        // Lines that go back would begin a new excerpt.
        labels.sort_by_key(|(range, _)| range.start);
        let config = Config::default()
            .with_color(color)
            .with_index_type(IndexType::Byte);
        let name = file.name();
        let (shown, before) = visible(file);
        let shift = |range: Range<usize>| {
            range.start.saturating_sub(before)..range.end.saturating_sub(before)
        };
        let mut report = Report::build(ReportKind::Advice, (name, shift(main.clone())))
            .with_config(config)
            .with_message("");
        for (range, message) in labels {
            let color = if range == main {
                Color::Red
            } else {
                Color::Cyan
            };
            let label = Label::new((name, shift(range))).with_message(message);
            report = report.with_label(label.with_color(color));
        }
        let mut bytes = Vec::new();
        let source = Source::from(shown);
        if report.finish().write((name, source), &mut bytes).is_ok() {
            let text = String::from_utf8_lossy(&bytes);
            let body = text.split_once('\n').map_or("", |(_, body)| body);
            out.push_str(body);
        }
    }
    out
}

/// From the column to the end of the word there, or the line without the space around it.
fn mentioned(file: &SourceFile, mention: &Mention) -> Option<std::ops::Range<usize>> {
    if mention.line == 0 || mention.line > file.line_col(file.text().len() as u32).line {
        return None;
    }
    let span = file.line_span(mention.line);
    let line = file.text().get(span.start as usize..span.end as usize)?;
    let code = line.split("//").next().unwrap_or(line).trim_end();
    let indent = code.len() - code.trim_start().len();
    let from = match mention.column {
        0 => indent,
        column => column as usize - 1,
    };
    let rest = code.get(from..)?;
    let len = match mention.column {
        0 => rest.len(),
        _ => rest
            .find(|c: char| c.is_whitespace() || matches!(c, '{' | ';' | ','))
            .unwrap_or(rest.len()),
    };
    let start = span.start as usize + from;
    Some(start..start + len.max(1))
}
