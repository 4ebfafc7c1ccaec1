//! From text to tokens.
//!
//! The patterns are in [`crate::token`]; this file checks what they let pass, keeps comments aside, and hands every
//! token to [`crate::semicolon`]. A malformed literal stays a literal and a stray character is left out, so that one
//! mistake gives one message.

use logos::Logos;

use crate::ast::Comment;
use crate::diagnostic::Diagnostic;
use crate::literal::{self, Mistake};
use crate::semicolon::SemicolonInserter;
use crate::source::{SourceFile, Span};
use crate::token::Token;

/// A token at its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lexeme {
    /// What it is.
    pub token: Token,
    /// Where it is. An inserted semicolon covers the newline, the comment or the empty end of the file it stands for.
    pub span: Span,
}

/// All that the lexer finds in a file.
#[derive(Debug)]
pub struct Lexed {
    /// The tokens, semicolons inserted, trivia left out.
    pub tokens: Vec<Lexeme>,
    /// The comments.
    pub comments: Vec<Comment>,
    /// Malformed literals and stray characters, in source order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Code of all lexical errors.
const CODE: &str = "E0001";

/// Splits a file into tokens.
pub fn tokenize(file: &SourceFile) -> Lexed {
    tokenize_parts(file, &[Span::new(0, file.text().len() as u32)])
}

/// Splits parts of a file into tokens; what is between them counts as not there.
pub(crate) fn tokenize_parts(file: &SourceFile, parts: &[Span]) -> Lexed {
    let text = file.text();
    let len = parts.iter().map(|part| part.len() as usize).sum();
    let end = parts.last().map_or(0, |part| part.end);
    let mut inserter = SemicolonInserter::new(len, end);
    let mut lexed = Lexed {
        tokens: Vec::new(),
        comments: Vec::new(),
        diagnostics: Vec::new(),
    };
    for part in parts {
        let mut lexer = Token::lexer(&text[..part.end as usize]);
        lexer.bump(part.start as usize);
        for (token, range) in lexer.spanned() {
            let span = Span::new(range.start as u32, range.end as u32);
            match token {
                Ok(token) => {
                    if let Some(token) = lexed.check(text, token, span) {
                        inserter.feed(text, Lexeme { token, span });
                    }
                }
                Err(()) => lexed.report_stray(text, span),
            }
        }
        lexed.report_ignored(text, *part);
    }
    lexed.tokens = inserter.finish();
    lexed
        .diagnostics
        .sort_by_key(|diagnostic| diagnostic.span.start);
    lexed
}

impl Lexed {
    /// Reports what is wrong with a token, files comments, and returns what the parser shall see, if anything.
    fn check(&mut self, text: &str, token: Token, span: Span) -> Option<Token> {
        // Most tokens need no look at their text.
        let own = || &text[span.range()];
        let at_newline = || text.as_bytes().get(span.end as usize) == Some(&b'\n');
        match token {
            Token::Ignored => return None,
            Token::LineComment => {
                let own = own();
                let len = own.strip_suffix('\r').unwrap_or(own).len() as u32;
                self.comments.push(Comment {
                    span: Span::new(span.start, span.start + len),
                });
            }
            Token::BlockComment => {
                self.comments.push(Comment { span });
                if span.len() < 4 || !own().ends_with("*/") {
                    self.report(span, Some((0, "comment not terminated".to_string())));
                }
            }
            Token::BadIdent => {
                self.report_bad_ident(own(), span);
                return Some(Token::Ident);
            }
            Token::Number => self.report(span, literal::check_number(own())),
            Token::Rune => self.report(span, literal::check_rune(own(), at_newline())),
            Token::String => self.report(span, literal::check_string(own(), at_newline())),
            Token::RawString if span.len() < 2 || !own().ends_with('`') => {
                self.report(span, Some((0, "string not terminated".to_string())));
            }
            _ => {}
        }
        Some(token)
    }

    fn report(&mut self, span: Span, mistake: Option<Mistake>) {
        if let Some((offset, message)) = mistake {
            let start = span.start + offset as u32;
            let place = Span::new(start, span.end.max(start));
            self.diagnostics
                .push(Diagnostic::error(CODE, place, message));
        }
    }

    /// Reports each character of an identifier that is neither letter nor digit, and a digit at its start.
    fn report_bad_ident(&mut self, own: &str, span: Span) {
        for (offset, char) in own.char_indices().filter(|(_, char)| !char.is_ascii()) {
            let fits = |text: String| Token::lexer(&text).next() == Some(Ok(Token::Ident));
            let shown = literal::unicode_name(char as u32, Some(char));
            let mistake = if fits(format!("{char}")) {
                continue;
            } else if !fits(format!("_{char}")) {
                format!("invalid character {shown} in identifier")
            } else if offset == 0 {
                format!("identifier cannot begin with digit {shown}")
            } else {
                continue;
            };
            self.report(span, Some((offset, mistake)));
        }
    }

    /// Reports characters that begin no token.
    fn report_stray(&mut self, text: &str, span: Span) {
        for (offset, char) in text[span.range()].char_indices() {
            let shown = literal::unicode_name(char as u32, Some(char));
            self.report(span, Some((offset, format!("invalid character {shown}"))));
        }
    }

    /// Reports NULs and misplaced byte-order marks, wherever they are.
    fn report_ignored(&mut self, text: &str, part: Span) {
        if memchr::memchr2(0, 0xef, text[part.range()].as_bytes()).is_none() {
            return;
        }
        for (char, message) in [
            ('\0', "invalid NUL character"),
            ('\u{feff}', "invalid BOM in the middle of the file"),
        ] {
            for (offset, _) in text[part.range()].match_indices(char) {
                let offset = part.start as usize + offset;
                if offset > 0 || char == '\0' {
                    let span = Span::new(offset as u32, (offset + char.len_utf8()) as u32);
                    self.report(span, Some((0, message.to_string())));
                }
            }
        }
    }
}

/// One line a token: place, kind and text.
pub fn dump_tokens(file: &SourceFile) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    for Lexeme { token, span } in tokenize(file).tokens {
        let text = match (token, file.slice(span)) {
            (Token::Semicolon, ";") => ";",
            (Token::Semicolon, "") => "EOF",
            (Token::Semicolon, _) => "newline",
            (_, text) => text,
        };
        let kind = format!("{token:?}");
        let _ = writeln!(
            out,
            "{:<8} {kind:<14} {}",
            file.line_col(span.start).to_string(),
            text.escape_debug()
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let file = SourceFile::new("t.mgo", text);
        let tokens: Vec<String> = tokenize(&file)
            .tokens
            .iter()
            .map(|lexeme| match file.slice(lexeme.span) {
                ";" => ";".to_string(),
                "" => "EOF".to_string(),
                _ if lexeme.token == Token::Semicolon => "NL".to_string(),
                text => text.to_string(),
            })
            .collect();
        assert_eq!(tokens.join(" "), expected, "{text:?}");
    }

    #[test]
    fn semicolons_are_inserted_as_the_spec_says() {
        check("a\n", "a NL");
        check("a", "a EOF");
        check("a // c\nb", "a NL b EOF");
        check("a /* c */ b /* d\n */ c", "a b NL c EOF");
        check("return\nx++\n{\n}", "return NL x ++ NL { } EOF");
        check("func\n+\n(", "func + (");
        check("a /* x */ /* y */\n\n", "a NL");
        check("a; // b", "a ;");
    }

    #[test]
    fn tokens_are_as_long_as_possible() {
        check("a&^=b<-c...d..e", "a &^= b <- c ... d . . e EOF");
        check("1.5.x 0x1e+2 .5 a.b", "1.5 . x 0x1e + 2 .5 a . b EOF");
        check("'\\'' \"\\\"\" `a\nb`", "'\\'' \"\\\"\" `a\nb` EOF");
        check("größe _x x1 forx", "größe _x x1 forx EOF");
    }

    #[test]
    fn mistakes_are_reported_and_leave_tokens() {
        let check = |text: &str, expected: &[&str]| {
            let file = SourceFile::new("t", text);
            let found: Vec<String> = tokenize(&file)
                .diagnostics
                .iter()
                .map(|diagnostic| diagnostic.to_short_string(&file))
                .collect();
            assert_eq!(found, expected, "{text:?}");
        };
        check("a # b", &["t:1:3: invalid character U+0023 '#'"]);
        check("a\0b", &["t:1:2: invalid NUL character"]);
        check("\u{feff}a", &[]);
        check(
            "a\u{feff}",
            &["t:1:2: invalid BOM in the middle of the file"],
        );
        check("a€", &["t:1:2: invalid character U+20AC '€' in identifier"]);
        check("\"abc\nd", &["t:1:5: newline in string"]);
        check("/* abc", &["t:1:1: comment not terminated"]);
        check("`abc", &["t:1:1: string not terminated"]);
        check("'a", &["t:1:1: rune literal not terminated"]);
    }
}
