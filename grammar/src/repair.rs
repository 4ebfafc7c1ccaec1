//! What Go's parser does after a syntax error, as a change of the tokens.
//!
//! A hand-written parser goes on in the function that noticed the mistake: it skips to a token that the function knows and takes
//! what is missing for given. The generated parser cannot, but it can be given other tokens: without those that were skipped, and
//! with those that were missing. Parsing again from the start finds the next mistake, which is reported like the first.

use std::ops::Range;

use crate::lexer::Lexeme;
use crate::source::Span;
use crate::syntax_error::{Expectation, starts_declaration};
use crate::token::Token;

/// A change of the tokens.
#[derive(Debug)]
pub(crate) struct Repair {
    /// The tokens that are left out.
    pub(crate) skipped: Range<usize>,
    /// What stands there instead.
    pub(crate) inserted: Vec<Lexeme>,
}

impl Repair {
    /// Puts others in the place of tokens.
    fn new(tokens: &[Lexeme], skipped: Range<usize>, inserted: &[Token]) -> Repair {
        let next = tokens.get(skipped.end).or(tokens.last());
        let span = Span::at(next.map_or(0, |next| next.span.start));
        let inserted = inserted.iter().map(|&token| Lexeme { token, span });
        Repair {
            skipped,
            inserted: inserted.collect(),
        }
    }

    /// Ends an empty statement before a token.
    pub(crate) fn end_statement(tokens: &[Lexeme], at: usize) -> Repair {
        Repair::new(tokens, at..at, &[Token::Semicolon])
    }

    /// Leaves out the parentheses around the type of a composite literal that begins with the brace at `at`; none if there are none.
    pub(crate) fn without_parentheses(tokens: &[Lexeme], at: usize) -> Option<Repair> {
        let close = at.checked_sub(1)?;
        if tokens[close].token != Token::Rparen || tokens.get(at)?.token != Token::Lbrace {
            return None;
        }
        let open = opening(tokens, close)?;
        // Else they are those of a call, of a conversion or of parameters.
        let before = tokens.get(open.checked_sub(1)?)?.token;
        if before == Token::Ident || before == Token::Func || closes(before) {
            return None;
        }
        let inside = &tokens[open + 1..close];
        let is_name = inside
            .iter()
            .all(|lexeme| matches!(lexeme.token, Token::Ident | Token::Dot));
        let is_type = matches!(
            inside.first()?.token,
            Token::Lbrack | Token::Struct | Token::Map
        );
        (is_name || is_type).then(|| Repair {
            skipped: open..at,
            inserted: inside.to_vec(),
        })
    }
}

/// Where Go's parser stops skipping in a function, whatever it looks for.
fn starts_statement(token: Token) -> bool {
    matches!(
        token,
        Token::Break
            | Token::Const
            | Token::Continue
            | Token::Defer
            | Token::Fallthrough
            | Token::For
            | Token::Go
            | Token::Goto
            | Token::If
            | Token::Return
            | Token::Select
            | Token::Switch
            | Token::Type
            | Token::Var
    )
}

/// The tokens around a failure.
struct Skip<'a> {
    tokens: &'a [Lexeme],
    at: usize,
    in_function: bool,
}

impl Skip<'_> {
    fn token(&self, index: usize) -> Option<Token> {
        self.tokens.get(index).map(|lexeme| lexeme.token)
    }

    /// The next token, from `from` on, of this kind, or where a statement starts, or the end.
    fn to(&self, from: usize, is_wanted: impl Fn(Token) -> bool) -> usize {
        let rest = self.tokens.get(from..).unwrap_or(&[]);
        let stop = rest.iter().position(|lexeme| {
            is_wanted(lexeme.token) || self.in_function && starts_statement(lexeme.token)
        });
        stop.map_or(self.tokens.len(), |stop| from + stop)
    }

    /// Skips to a token and takes others for given before it.
    fn until(&self, to: usize, inserted: &[Token]) -> Option<Repair> {
        Some(Repair::new(self.tokens, self.at..to, inserted))
    }

    /// One token is there instead of another.
    fn instead(&self, inserted: Token) -> Option<Repair> {
        self.until(self.at + 1, &[inserted])
    }

    /// A list ends at the next bracket that closes something.
    fn end_list(&self, close: Token) -> Option<Repair> {
        let to = self.to(self.at, closes);
        match self.token(to) == Some(close) {
            true => self.until(to, &[]),
            false => self.until(to, &[close]),
        }
    }

    /// A block begins at the next name, or ends at the next brace.
    fn begin_block(&self) -> Option<Repair> {
        let to = self.to(self.at, |t| matches!(t, Token::Ident | Token::Rbrace));
        self.until(to, &[Token::Lbrace])
    }
}

fn closes(token: Token) -> bool {
    matches!(token, Token::Rparen | Token::Rbrack | Token::Rbrace)
}

/// How Go's parser goes on after a mistake at a token; none if it is not known.
pub(crate) fn repair(tokens: &[Lexeme], at: usize, expectation: &Expectation) -> Option<Repair> {
    if at >= tokens.len() {
        return None;
    }
    let skip = Skip {
        tokens,
        at,
        in_function: is_in_function(&tokens[..at]),
    };
    match expectation {
        Expectation::Whole(message) => after_whole(&skip, message),
        Expectation::After(context) => after_context(&skip, context),
        Expectation::Wanted(wanted) => after_wanted(&skip, wanted),
    }
}

fn after_whole(skip: &Skip<'_>, message: &str) -> Option<Repair> {
    match message {
        "non-declaration statement outside function body"
        | "unexpected semicolon or newline before {" => {
            skip.until(skip.to(skip.at, starts_declaration), &[])
        }
        "missing { after switch clause" | "missing { after select clause" => {
            let to = skip.to(skip.at, |t| {
                matches!(t, Token::Case | Token::Default | Token::Rbrace)
            });
            skip.until(to, &[Token::Lbrace])
        }
        _ => None,
    }
}

fn after_context(skip: &Skip<'_>, context: &str) -> Option<Repair> {
    match context {
        "at end of statement" => {
            let to = skip.to(skip.at, |t| {
                matches!(
                    t,
                    Token::Semicolon | Token::Rbrace | Token::Case | Token::Default
                )
            });
            match skip.token(to) {
                Some(Token::Semicolon | Token::Rbrace) => skip.until(to, &[]),
                _ => skip.until(to, &[Token::Semicolon]),
            }
        }
        "after top level declaration" => {
            let to = skip.to(skip.at, starts_declaration);
            skip.until(to, &[Token::Semicolon])
        }
        "in type declaration" => {
            let to = skip.to(skip.at, |t| matches!(t, Token::Semicolon | Token::Rparen));
            skip.until(to, &[Token::Ident])
        }
        _ if context.ends_with("or )") => skip.end_list(Token::Rparen),
        _ if context.ends_with("or ]") => skip.end_list(Token::Rbrack),
        _ if context.ends_with("or }") => skip.end_list(Token::Rbrace),
        _ => None,
    }
}

fn after_wanted(skip: &Skip<'_>, wanted: &str) -> Option<Repair> {
    match wanted {
        "expression" | "operand" => skip.until(skip.to(skip.at, closes), &[Token::Ident]),
        "type" => {
            let to = skip.to(skip.at, |t| {
                closes(t) || matches!(t, Token::Comma | Token::Colon | Token::Semicolon)
            });
            skip.until(to, &[Token::Ident])
        }
        "name" | "name or (" if is_nameless_function(skip) => {
            let to = skip.to(skip.at, |t| matches!(t, Token::Lbrace | Token::Semicolon));
            skip.until(to, &[Token::Ident, Token::Lparen, Token::Rparen])
        }
        "name or (" => {
            let to = skip.to(skip.at, |t| matches!(t, Token::Semicolon | Token::Rparen));
            skip.until(to, &[Token::Ident])
        }
        "name" => skip.instead(Token::Ident),
        "(" => skip.instead(Token::Lparen),
        "}" => skip.instead(Token::Rbrace),
        ":= or = or comma" => {
            let to = skip.to(skip.at, |t| matches!(t, Token::Semicolon | Token::Rbrace));
            skip.until(to, &[Token::Assign, Token::Ident])
        }
        "comma, : or ]" => {
            let to = skip.to(skip.at, |t| {
                matches!(t, Token::Comma | Token::Colon | Token::Rbrack)
            });
            match skip.token(to) {
                Some(Token::Comma | Token::Colon | Token::Rbrack) => skip.until(to, &[]),
                _ => skip.until(to, &[Token::Rbrack]),
            }
        }
        "semicolon or newline" => skip.instead(Token::Semicolon),
        ":" => skip.instead(Token::Colon),
        ")" => skip.instead(Token::Rparen),
        "]" => skip.instead(Token::Rbrack),
        "{" => {
            let to = skip.to(skip.at + 1, |t| matches!(t, Token::Lbrace | Token::Rbrace));
            match skip.token(to) {
                Some(Token::Lbrace) => skip.until(to, &[]),
                _ => skip.until(to, &[Token::Lbrace]),
            }
        }
        "{ after if clause" | "{ after for clause" => skip.begin_block(),
        "case or default or }" => {
            let to = skip.to(skip.at, |t| {
                matches!(
                    t,
                    Token::Colon | Token::Case | Token::Default | Token::Rbrace
                )
            });
            match skip.token(to) {
                Some(Token::Colon) => skip.until(to, &[Token::Default]),
                // The colon is missing, too; Go's parser takes the next token for it.
                Some(_) => skip.until(to + 1, &[Token::Default, Token::Colon]),
                None => None,
            }
        }
        _ => None,
    }
}

/// Whether the declaration of a function lacks its name; a receiver may be there.
fn is_nameless_function(skip: &Skip<'_>) -> bool {
    let func = skip
        .at
        .checked_sub(1)
        .and_then(|last| match skip.tokens[last].token {
            Token::Rparen => opening(skip.tokens, last)?.checked_sub(1),
            _ => Some(last),
        });
    func.is_some_and(|func| skip.tokens[func].token == Token::Func) && !skip.in_function
}

/// The parenthesis that one closes.
fn opening(tokens: &[Lexeme], close: usize) -> Option<usize> {
    let mut depth = 0_usize;
    tokens[..close].iter().rposition(|lexeme| {
        match lexeme.token {
            token if closes(token) => depth += 1,
            Token::Lparen if depth == 0 => return true,
            Token::Lparen | Token::Lbrack | Token::Lbrace => depth = depth.saturating_sub(1),
            _ => {}
        }
        false
    })
}

/// Whether the tokens end in the body of a function.
fn is_in_function(before: &[Lexeme]) -> bool {
    let mut depth = 0_usize;
    let mut in_braces = false;
    for lexeme in before.iter().rev() {
        match lexeme.token {
            token if closes(token) => depth += 1,
            Token::Lparen | Token::Lbrack | Token::Lbrace if depth > 0 => depth -= 1,
            Token::Lbrace => in_braces = true,
            Token::Func if in_braces && depth == 0 => return true,
            _ => {}
        }
    }
    false
}
