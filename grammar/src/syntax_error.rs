//! From a failure of the parser to Go's words for it.
//!
//! The generated parser knows which token it cannot use and which tokens it could use. Go's parser words its messages by
//! the function that noticed the failure; which one that would be can be told from the set of usable tokens and
//! from the tokens before. The table is in [`expectation`].

use crate::ast::Ast;
use crate::builder::{CODE, Rule};
use crate::diagnostic::Diagnostic;
use crate::lexer::Lexeme;
use crate::source::{SourceFile, Span};
use crate::token::Token;

/// A token that the grammar does not allow where it is.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Where parsing went on.
    pub(crate) rule: Option<Rule>,
    /// Where the token starts; the end of the text if nothing was left.
    pub(crate) at: u32,
    /// The names of the tokens that the grammar allows there.
    pub(crate) expected: Vec<String>,
}

/// Turns failures into diagnostics: one a line, and at top level one until the next declaration.
pub(crate) fn diagnose(
    file: &SourceFile,
    tokens: &[Lexeme],
    failures: Vec<Failure>,
    _ast: &Ast,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut quiet_until = 0;
    for failure in failures {
        let index = tokens.partition_point(|lexeme| lexeme.span.start < failure.at);
        if index < quiet_until {
            continue;
        }
        if failure.rule == Some(Rule::TopLevel) {
            let rest = tokens[index..].iter().skip(1);
            quiet_until = index
                + 1
                + rest
                    .take_while(|lexeme| !starts_declaration(lexeme.token))
                    .count();
        }
        diagnostics.push(diagnose_one(file, tokens, index, &failure.expected));
    }
    diagnostics
}

fn starts_declaration(token: Token) -> bool {
    matches!(
        token,
        Token::Import | Token::Const | Token::Type | Token::Var | Token::Func
    )
}

fn diagnose_one(
    file: &SourceFile,
    tokens: &[Lexeme],
    index: usize,
    expected: &[String],
) -> Diagnostic {
    let end = Lexeme {
        token: Token::Ignored,
        span: Span::at(file.text().len() as u32),
    };
    let lexeme = tokens.get(index).copied().unwrap_or(end);
    let before = &tokens[..index.min(tokens.len())];
    let message = match expectation(file, before, lexeme, expected) {
        Expectation::Whole(message) => message.to_string(),
        Expectation::After(context) => format!("unexpected {} {context}", describe(file, lexeme)),
        Expectation::Wanted(wanted) => {
            format!("unexpected {}, expected {wanted}", describe(file, lexeme))
        }
    };
    Diagnostic::error(CODE, lexeme.span, format!("syntax error: {message}"))
}

/// A token in the words of Go's messages.
fn describe(file: &SourceFile, lexeme: Lexeme) -> String {
    let text = file.slice(lexeme.span);
    match lexeme.token {
        Token::Ident => format!("name {text}"),
        Token::Semicolon => match text {
            ";" => "semicolon".to_string(),
            "" => "EOF".to_string(),
            _ => "newline".to_string(),
        },
        Token::Ignored => "EOF".to_string(),
        Token::Comma => "comma".to_string(),
        token if token.is_literal() => format!("literal {text}"),
        token if token.is_keyword() => format!("keyword {text}"),
        _ => text.to_string(),
    }
}

enum Expectation {
    /// The message without the token.
    Whole(&'static str),
    /// What follows "unexpected X".
    After(&'static str),
    /// What follows "unexpected X, expected".
    Wanted(&'static str),
}

/// What Go's parser would say it expects.
fn expectation(
    _file: &SourceFile,
    before: &[Lexeme],
    _found: Lexeme,
    expected: &[String],
) -> Expectation {
    use Expectation::*;
    let has = |token: &str| expected.iter().any(|name| name.trim_matches('"') == token);
    if before.is_empty() {
        return Whole("package statement must be first");
    }
    if has("func") && has("import") && !has("identifier") {
        return Whole("non-declaration statement outside function body");
    }
    if has("+") && !has("number") {
        return if has("}") && has(";") {
            After("at end of statement")
        } else if has("...") && has(")") {
            After("in argument list; possibly missing comma or )")
        } else if has("]") && has(":") {
            Wanted("comma, : or ]")
        } else if has("}") {
            After("in composite literal; possibly missing comma or }")
        } else if has(")") {
            Wanted(")")
        } else if has("{") {
            Wanted("{ after for clause")
        } else if has(":") {
            Wanted(":")
        } else {
            After("at end of statement")
        };
    }
    if has("number") {
        return Wanted("expression");
    }
    if has("struct") {
        return Wanted("type");
    }
    if has("identifier") {
        return Wanted("name");
    }
    After("at end of statement")
}
