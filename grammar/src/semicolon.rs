//! Automatic semicolons.
//!
//! After a token that can end a statement ([`Token::ends_statement`]), a newline, a block comment that holds a
//! newline, or the end of the file becomes a semicolon. Its span tells which: it covers the newline, begins at the
//! comment, or is empty.

use crate::lexer::Lexeme;
use crate::source::Span;
use crate::token::Token;

/// Collects tokens, turns newlines into semicolons and drops other trivia.
pub(crate) struct SemicolonInserter {
    tokens: Vec<Lexeme>,
    /// Whether the last token can end a statement.
    pending: bool,
    /// Where the text ends.
    end: u32,
}

impl SemicolonInserter {
    /// For `len` bytes of text, the last of which is before `end`.
    pub(crate) fn new(len: usize, end: u32) -> SemicolonInserter {
        SemicolonInserter {
            tokens: Vec::with_capacity(len / 5 + 4),
            pending: false,
            end,
        }
    }

    /// Takes the next token of the text, trivia included.
    pub(crate) fn feed(&mut self, text: &str, lexeme: Lexeme) {
        let ends_line = match lexeme.token {
            Token::Newline => true,
            Token::BlockComment => self.pending && text[lexeme.span.range()].contains('\n'),
            Token::LineComment => false,
            token => {
                self.tokens.push(lexeme);
                self.pending = token.ends_statement();
                return;
            }
        };
        if ends_line && self.pending {
            self.insert(lexeme.span);
        }
    }

    /// All tokens, with a semicolon at the end of the file if one is due.
    pub(crate) fn finish(mut self) -> Vec<Lexeme> {
        if self.pending {
            self.insert(Span::at(self.end));
        }
        self.tokens
    }

    fn insert(&mut self, span: Span) {
        let token = Token::Semicolon;
        self.tokens.push(Lexeme { token, span });
        self.pending = false;
    }
}
