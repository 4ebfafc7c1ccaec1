//! From a file to its tree: lexer, generated parser, and the diagnostics of both.

use lalrpop_util::{ErrorRecovery, ParseError, lalrpop_mod};

use crate::ast::Ast;
use crate::builder::{Builder, CODE, Names, Rule};
use crate::diagnostic::Diagnostic;
use crate::lexer::{self, Lexed, Lexeme};
use crate::source::{SourceFile, Span};
use crate::symbol::Symbols;
use crate::syntax_error::{self, Failure};
use crate::token::Token;

lalrpop_mod!(
    #[allow(clippy::all, clippy::unwrap_used, unused, unreachable_pub, reason = "generated code")]
    #[rustfmt::skip]
    minigo
);

/// Parses a file. The tree is complete if no diagnostic is an error; else parts of it are `Bad` or missing.
pub fn parse_file(file: &SourceFile, symbols: &mut Symbols) -> (Ast, Vec<Diagnostic>) {
    parse(file, symbols, Token::StartFile)
}

/// Parses what was typed at a prompt: imports, declarations and statements, found in [`Ast::input`] as statements.
pub fn parse_repl(file: &SourceFile, symbols: &mut Symbols) -> (Ast, Vec<Diagnostic>) {
    parse(file, symbols, Token::StartRepl)
}

/// Parses one expression, found in [`Ast::input`] as its only statement.
pub fn parse_expr(file: &SourceFile, symbols: &mut Symbols) -> (Ast, Vec<Diagnostic>) {
    parse(file, symbols, Token::StartExpr)
}

fn parse(file: &SourceFile, symbols: &mut Symbols, start: Token) -> (Ast, Vec<Diagnostic>) {
    if file.text().len() > SourceFile::MAX_LEN {
        let too_large =
            Diagnostic::error(CODE, Span::at(0), "file is too large: the limit is 1 GiB");
        return (Ast::empty(0), vec![too_large]);
    }
    let lexed = lexer::tokenize(file);
    let builder = Builder::new(file.text(), Names::Own(symbols), file.text().len());
    parse_tokens(file, start, lexed, builder)
}

/// Parses a file of which only the parts count.
pub(crate) fn parse_parts(
    file: &SourceFile,
    symbols: &mut Symbols,
    parts: &[Span],
) -> (Ast, Vec<Diagnostic>) {
    let len = parts.iter().map(|part| part.len() as usize).sum();
    let lexed = lexer::tokenize_parts(file, parts);
    let builder = Builder::new(file.text(), Names::Own(symbols), len);
    parse_tokens(file, Token::StartFile, lexed, builder)
}

/// Parses a function of a file, into an arena of this segment whose first declaration is kept free.
pub(crate) fn parse_function(
    file: &SourceFile,
    symbols: &Symbols,
    span: Span,
    segment: usize,
) -> (Ast, Vec<Diagnostic>) {
    let lexed = lexer::tokenize_parts(file, &[span]);
    let names = Names::Shared(symbols);
    let builder = Builder::new(file.text(), names, span.len() as usize).in_segment(segment);
    parse_tokens(file, Token::StartRepl, lexed, builder)
}

fn parse_tokens(
    file: &SourceFile,
    start: Token,
    mut lexed: Lexed,
    mut builder: Builder<'_>,
) -> (Ast, Vec<Diagnostic>) {
    if start == Token::StartRepl {
        mark_declarations(&mut lexed.tokens);
    }
    run(start, &lexed.tokens, &mut builder);
    let Builder {
        mut ast,
        mut diagnostics,
        syntax_errors,
        ..
    } = builder;
    ast.comments = lexed.comments;
    if start == Token::StartFile && !syntax_errors.is_empty() {
        diagnostics = all_mistakes(file, lexed.tokens, syntax_errors, diagnostics);
    } else {
        diagnostics.extend(syntax_error::diagnose(file, &lexed.tokens, syntax_errors));
    }
    diagnostics.append(&mut lexed.diagnostics);
    (ast, in_order(file, diagnostics))
}

fn run(start: Token, tokens: &[Lexeme], builder: &mut Builder<'_>) {
    let first = Lexeme {
        token: start,
        span: Span::at(0),
    };
    let tokens = std::iter::once(&first).chain(tokens);
    let stream =
        tokens.map(|lexeme| Ok::<_, ()>((lexeme.span.start, lexeme.token, lexeme.span.end)));
    let result = minigo::StartParser::new().parse(builder, stream);
    if let Err(error) = result {
        builder.failed(None, error);
    }
}

/// Repairs in one file, after which it is parsed no further.
const MAX_REPAIRS: usize = 40;

/// The diagnostics of a file with syntax errors: it is repaired as Go's parser would go on, and parsed again, until nothing is wrong.
/// What no repair is known for is left to the marks in the grammar.
fn all_mistakes(
    file: &SourceFile,
    mut tokens: Vec<Lexeme>,
    mut failures: Vec<Failure>,
    mut built: Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    // The tokens before are repaired.
    let mut repaired = 0;
    for _ in 0..MAX_REPAIRS {
        let Some(failure) = failures.iter().min_by_key(|failure| failure.at) else {
            break;
        };
        let index = tokens.partition_point(|lexeme| lexeme.span.start < failure.at);
        let index = index.max(repaired);
        // That the text ends too early follows from anything that is wrong before.
        if failure.is_end && !found.is_empty() {
            failures.clear();
            break;
        }
        let (diagnostic, repair) =
            syntax_error::diagnose_and_repair(file, &tokens, index, &failure.expected);
        let Some(repair) = repair else { break };
        found.push(diagnostic);
        repaired = repair.skipped.start + repair.inserted.len();
        tokens.splice(repair.skipped, repair.inserted);
        let mut symbols = Symbols::new();
        let len = file.text().len();
        let mut builder = Builder::new(file.text(), Names::Own(&mut symbols), len);
        run(Token::StartFile, &tokens, &mut builder);
        failures = builder.syntax_errors;
        built = builder.diagnostics;
    }
    found.extend(syntax_error::diagnose(file, &tokens, failures));
    // Of the errors on a line the first that was noticed counts; what is in a header is known to be none before its brace is missed.
    let line = |diagnostic: &Diagnostic| file.line_col(diagnostic.span.start).line;
    let first = found.iter().filter(|d| !d.message.ends_with(" clause"));
    let lines: Vec<u32> = first.map(line).collect();
    built.retain(|diagnostic| !lines.contains(&line(diagnostic)));
    found.extend(built);
    found
}

/// Sorts diagnostics by place and keeps, as Go does, one syntax error a line.
fn in_order(file: &SourceFile, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    let mut last_line = 0;
    diagnostics.retain(|diagnostic| {
        if !diagnostic.message.starts_with("syntax error") {
            return true;
        }
        let line = file.line_col(diagnostic.span.start).line;
        std::mem::replace(&mut last_line, line) != line
    });
    diagnostics
}

/// At a prompt, tells `func` of a declaration from that of a literal: a name follows, or a receiver and a name.
fn mark_declarations(tokens: &mut [Lexeme]) {
    let mut depth = 0_usize;
    let mut starts_statement = true;
    for index in 0..tokens.len() {
        let token = tokens[index].token;
        if token == Token::Func
            && depth == 0
            && starts_statement
            && is_declaration(&tokens[index + 1..])
        {
            tokens[index].token = Token::FuncDeclaration;
        }
        match token {
            Token::Lparen | Token::Lbrack | Token::Lbrace => depth += 1,
            Token::Rparen | Token::Rbrack | Token::Rbrace => depth = depth.saturating_sub(1),
            _ => {}
        }
        starts_statement = token == Token::Semicolon;
    }
}

/// Whether the tokens after `func` are those of a declaration.
fn is_declaration(after: &[Lexeme]) -> bool {
    let token = |index: usize| after.get(index).map(|lexeme| lexeme.token);
    if token(0) != Some(Token::Lparen) {
        return token(0) == Some(Token::Ident);
    }
    let mut depth = 0;
    let close = after.iter().position(|lexeme| {
        match lexeme.token {
            Token::Lparen => depth += 1,
            Token::Rparen => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    let Some(close) = close else { return false };
    token(close + 1) == Some(Token::Ident)
        && matches!(token(close + 2), Some(Token::Lparen | Token::Lbrack))
}

impl Builder<'_> {
    /// Notes a failure after which parsing went on.
    pub(crate) fn recovered(&mut self, rule: Rule, recovery: ErrorRecovery<u32, Token, ()>) {
        self.failed(Some(rule), recovery.error);
    }

    fn failed(&mut self, rule: Option<Rule>, error: ParseError<u32, Token, ()>) {
        let is_end = matches!(error, ParseError::UnrecognizedEof { .. });
        let (at, expected) = match error {
            ParseError::UnrecognizedToken { token, expected } => (token.0, expected),
            ParseError::UnrecognizedEof { location, expected } => (location, expected),
            ParseError::InvalidToken { location } => (location, Vec::new()),
            ParseError::ExtraToken { token } => (token.0, Vec::new()),
            ParseError::User { error: () } => return,
        };
        self.syntax_errors.push(Failure {
            rule,
            at,
            is_end,
            expected,
        });
    }
}
