//! From a failure of the parser to Go's words for it.
//!
//! The generated parser knows which token it cannot use and which tokens it could use. Go's parser words its messages by
//! the function that noticed the failure; which one that would be can be told from the set of usable tokens and
//! from the tokens before. The table is in [`expectation`].

use crate::builder::{CODE, Rule};
use crate::diagnostic::Diagnostic;
use crate::lexer::Lexeme;
use crate::repair::{Repair, repair};
use crate::source::{SourceFile, Span};
use crate::token::Token;

/// A token that the grammar does not allow where it is.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Where parsing went on.
    pub(crate) rule: Option<Rule>,
    /// Where the token starts; the end of the text if nothing was left.
    pub(crate) at: u32,
    /// Nothing was left.
    pub(crate) is_end: bool,
    /// The names of the tokens that the grammar allows there.
    pub(crate) expected: Vec<String>,
}

/// Turns failures into diagnostics: at top level one until the next declaration.
pub(crate) fn diagnose(
    file: &SourceFile,
    tokens: &[Lexeme],
    failures: Vec<Failure>,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut quiet_until = 0;
    let mut last = None;
    for failure in failures {
        let index = tokens.partition_point(|lexeme| lexeme.span.start < failure.at);
        if index < quiet_until {
            continue;
        }
        let mut follows_another = false;
        if failure.rule == Some(Rule::Declaration) {
            let rest = tokens[index.min(tokens.len())..].iter().skip(1);
            let skipped = rest.take_while(|lexeme| !starts_declaration(lexeme.token));
            quiet_until = index + 1 + skipped.count();
            // An error in a function may end it too early: what then stands outside is no second mistake.
            follows_another = last.is_some_and(|last: usize| {
                let between = tokens.get(last..index).unwrap_or(&[]);
                !between
                    .iter()
                    .any(|lexeme| starts_declaration(lexeme.token))
            });
        }
        last = Some(index);
        // That the text ends too early follows from anything that is wrong before.
        let is_end = tokens.get(index).is_none();
        if !follows_another && (!is_end || diagnostics.is_empty()) {
            diagnostics.push(diagnose_one(file, tokens, index, &failure.expected));
        }
    }
    diagnostics
}

pub(crate) fn starts_declaration(token: Token) -> bool {
    matches!(
        token,
        Token::Import | Token::Const | Token::Type | Token::Var | Token::Func
    )
}

fn starts_header(token: Token) -> bool {
    matches!(token, Token::If | Token::For | Token::Switch)
}

fn diagnose_one(
    file: &SourceFile,
    tokens: &[Lexeme],
    index: usize,
    expected: &[String],
) -> Diagnostic {
    diagnose_and_repair(file, tokens, index, expected).0
}

/// The diagnostic of a failure at a token, and what to change so that parsing goes on as in Go; none if that is not known.
pub(crate) fn diagnose_and_repair(
    file: &SourceFile,
    tokens: &[Lexeme],
    index: usize,
    expected: &[String],
) -> (Diagnostic, Option<Repair>) {
    let end = Lexeme {
        token: Token::Ignored,
        span: Span::at(file.text().len() as u32),
    };
    let lexeme = tokens.get(index).copied().unwrap_or(end);
    let before = &tokens[..index.min(tokens.len())];
    if let Some(keyword) = before.last().filter(|last| starts_header(last.token))
        && lexeme.token == Token::Var
    {
        // Go's parser has read past `var` when it complains.
        let next = tokens.get(index + 1).map_or(end.span, |next| next.span);
        let keyword = file.slice(keyword.span);
        let message = format!("syntax error: var declaration not allowed in {keyword} initializer");
        return (Diagnostic::error(CODE, next, message), None);
    }
    if let [.., name, colon] = before
        && (name.token, colon.token) == (Token::Ident, Token::Colon)
        && matches!(lexeme.token, Token::Case | Token::Default)
    {
        let message = "syntax error: missing statement after label";
        let empty = Repair::end_statement(tokens, index);
        return (Diagnostic::error(CODE, colon.span, message), Some(empty));
    }
    let place = Place {
        before,
        found: lexeme,
        expected,
    };
    if place.has("+")
        && place.has(";")
        && let Some(repair) = Repair::without_parentheses(tokens, index)
    {
        let message = "syntax error: cannot parenthesize type in composite literal";
        let diagnostic = Diagnostic::error(CODE, lexeme.span, message);
        return (diagnostic, Some(repair));
    }
    let expectation = place.expectation();
    let repair = repair(tokens, index, &expectation);
    let message = match expectation {
        Expectation::Whole(message) => message,
        Expectation::After(context) => format!("unexpected {} {context}", describe(file, lexeme)),
        Expectation::Wanted(wanted) => {
            format!("unexpected {}, expected {wanted}", describe(file, lexeme))
        }
    };
    let message = format!("syntax error: {message}");
    (Diagnostic::error(CODE, lexeme.span, message), repair)
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

pub(crate) enum Expectation {
    /// The message without the token.
    Whole(String),
    /// What follows "unexpected X".
    After(&'static str),
    /// What follows "unexpected X, expected".
    Wanted(&'static str),
}

use Expectation::{After, Wanted};

fn whole(message: &str) -> Expectation {
    Expectation::Whole(message.to_string())
}

/// Where the parser failed.
struct Place<'a> {
    before: &'a [Lexeme],
    found: Lexeme,
    expected: &'a [String],
}

impl Place<'_> {
    /// Whether the grammar would allow a token here.
    fn has(&self, token: &str) -> bool {
        self.expected
            .iter()
            .any(|name| name.trim_matches('"') == token)
    }

    /// The token `back` places before the failure; 1 is the last one read.
    fn token(&self, back: usize) -> Option<Token> {
        let index = self.before.len().checked_sub(back)?;
        self.before.get(index).map(|lexeme| lexeme.token)
    }

    /// The index of the innermost open bracket.
    fn open_bracket(&self) -> Option<usize> {
        let mut depth = 0;
        self.before.iter().rposition(|lexeme| match lexeme.token {
            Token::Rparen | Token::Rbrack | Token::Rbrace => {
                depth += 1;
                false
            }
            Token::Lparen | Token::Lbrack | Token::Lbrace if depth == 0 => true,
            Token::Lparen | Token::Lbrack | Token::Lbrace => {
                depth -= 1;
                false
            }
            _ => false,
        })
    }

    /// What Go's parser would say it expects.
    fn expectation(&self) -> Expectation {
        let found = self.found.token;
        if self.before.is_empty() {
            return whole("package statement must be first");
        }
        if self.has("func") && self.has("import") && !self.has("identifier") {
            let keyword = self
                .before
                .iter()
                .rev()
                .find(|lexeme| starts_declaration(lexeme.token));
            let after_func = keyword.is_some_and(|lexeme| lexeme.token == Token::Func);
            return match found == Token::Lbrace
                && after_func
                && self.token(2) != Some(Token::Rbrace)
            {
                true => whole("unexpected semicolon or newline before {"),
                false => whole("non-declaration statement outside function body"),
            };
        }
        let open = self.open_bracket();
        let opener = open.and_then(|open| Some(self.before.get(open.checked_sub(1)?)?.token));
        let bracket = open.map(|open| self.before[open].token);
        if let Some(expectation) = self.after_keyword() {
            return expectation;
        }
        match (bracket, opener) {
            (Some(Token::Lparen), Some(Token::Import)) if !self.has(";") => {
                return whole("missing import path");
            }
            (Some(Token::Lparen), Some(Token::Const | Token::Var | Token::Type))
                if matches!(self.token(1), Some(Token::Lparen | Token::Semicolon)) =>
            {
                return Wanted("name");
            }
            (None, _) if self.has(";") => return self.after_declaration(),
            (
                Some(Token::Lparen),
                Some(Token::Const | Token::Var | Token::Type | Token::Import),
            ) if self.has(";") => {
                return After("in grouped declaration; possibly missing semicolon or newline or )");
            }
            (Some(Token::Lbrace), Some(Token::Struct)) => return self.in_struct(),
            (Some(Token::Lbrace), Some(Token::Interface)) => {
                return match self.has(";") && self.has("}") && !self.has("~") {
                    true => After("in interface type; possibly missing semicolon or newline or }"),
                    false if self.has("~") => Wanted("~ term or type"),
                    false => self.start_of_operand(),
                };
            }
            _ => {}
        }
        if self.has("return") && self.has("}") {
            return match self.has("case") {
                true => Wanted("case or default or }"),
                false => Wanted("}"),
            };
        }
        if self.has("number") || self.has("struct") {
            return self.start_of_operand();
        }
        self.after_operand()
    }

    /// What is said right after certain tokens, whatever is around them.
    fn after_keyword(&self) -> Option<Expectation> {
        Some(match self.token(1)? {
            Token::Chan if self.has("struct") => whole("missing channel element type"),
            Token::Arrow if self.token(2) == Some(Token::Chan) && !self.has("number") => {
                whole("missing channel element type")
            }
            Token::Map => Wanted("["),
            Token::Struct | Token::Interface => Wanted("{"),
            Token::Select => whole("missing { after select clause"),
            Token::Else => whole("else must be followed by if or statement block"),
            Token::Dot if self.has("(") => Wanted("name or ("),
            Token::Dot => Wanted("name"),
            Token::Func if self.has("identifier") => Wanted("name or ("),
            Token::Func => Wanted("("),
            Token::Default => Wanted(":"),
            Token::Arrow if self.has("chan") && !self.has("number") => Wanted("keyword chan"),
            Token::Ident if self.token(2) == Some(Token::Package) => Wanted("semicolon or newline"),
            Token::Var | Token::Const | Token::Type if self.has("identifier") => Wanted("name"),
            Token::Ellipsis if self.token(2) == Some(Token::Lbrack) => Wanted("]"),
            Token::Ellipsis if !self.has("struct") => {
                After("in argument list; possibly missing comma or )")
            }
            Token::Import => whole("missing import path"),
            _ if self.token(2) == Some(Token::Import) && !self.has(";") => {
                whole("missing import path")
            }
            _ if self.has("case") && self.has("}") && !self.has("return") => {
                Wanted("case or default or }")
            }
            _ => return None,
        })
    }

    fn after_declaration(&self) -> Expectation {
        match self.has("string") && self.has("number") && self.has("+") && self.has("func") {
            true => self.start_of_operand(),
            false => After("after top level declaration"),
        }
    }

    fn in_struct(&self) -> Expectation {
        if self.has("struct") && !self.has("number") {
            return match self.token(1) {
                Some(Token::Lbrace | Token::Semicolon) => self.start_of_field(),
                _ => Wanted("type"),
            };
        }
        match self.token(1) {
            Some(Token::Lbrace | Token::Semicolon) => self.start_of_field(),
            Some(Token::Ident) if self.has("struct") => Wanted("type"),
            Some(Token::Star) if self.found.token == Token::Lparen => {
                whole("cannot parenthesize embedded type")
            }
            _ if self.has("number") && !self.has(";") => self.start_of_operand(),
            _ if self.has(";") && self.has("}") => {
                After("in struct type; possibly missing semicolon or newline or }")
            }
            _ => self.after_operand(),
        }
    }

    fn start_of_field(&self) -> Expectation {
        match self.found.token {
            Token::Lparen => whole("cannot parenthesize embedded type"),
            _ => Wanted("field name or embedded type"),
        }
    }

    /// Where an expression or a type must start.
    fn start_of_operand(&self) -> Expectation {
        if self.has("number") {
            let empty_index =
                self.token(1) == Some(Token::Lbrack) && self.found.token == Token::Rbrack;
            return match empty_index && self.has(":") {
                true => Wanted("operand"),
                false => Wanted("expression"),
            };
        }
        match self.token(1) {
            Some(Token::Assign) => return After("in type declaration"),
            Some(Token::Ellipsis) => return whole("... is missing type"),
            _ => {}
        }
        if self.has("=") && !self.has(",") && self.in_type_decl() {
            After("in type declaration")
        } else if self.has(";") && self.has("}") {
            After("at end of statement")
        } else if self.has("{") && self.has("...") {
            After("in argument list; possibly missing comma or )")
        } else if self.has(",") && self.has(")") {
            After("in parameter list; possibly missing comma or )")
        } else if self.has(",") && self.has("]") {
            After("in parameter list; possibly missing comma or ]")
        } else if matches!(self.token(1), Some(Token::Lparen | Token::Comma)) && self.has(")") {
            Wanted(")")
        } else {
            Wanted("type")
        }
    }

    /// Whether the last declaration keyword is `type`.
    fn in_type_decl(&self) -> bool {
        let keywords = self.before.iter().rev().map(|lexeme| lexeme.token);
        let mut declared = keywords.filter(|&token| starts_declaration(token));
        declared.next() == Some(Token::Type)
    }

    /// Whether the innermost bracket is that of type parameters: it follows the name of a function or type.
    fn in_type_params(&self) -> bool {
        let before_name = self.open_bracket().and_then(|open| open.checked_sub(2));
        let token = before_name.map(|index| self.before[index].token);
        match token {
            Some(Token::Func | Token::Type | Token::Rparen) => true,
            Some(Token::Lparen | Token::Semicolon) => self.in_type_decl(),
            _ => false,
        }
    }

    /// Where an expression or a type may end.
    fn after_operand(&self) -> Expectation {
        let operand = self.has("+");
        if self.has(":=") && !self.has("++") {
            Wanted(":= or = or comma")
        } else if self.has(";") && self.has("}") {
            After("at end of statement")
        } else if self.has("...") && self.has(")") {
            After("in argument list; possibly missing comma or )")
        } else if self.has(",") && self.has(")") && !operand {
            After("in parameter list; possibly missing comma or )")
        } else if self.has(",") && self.has("]") && !operand && self.in_type_params() {
            After("in parameter list; possibly missing comma or ]")
        } else if self.has("]") && self.has(":") && self.has(",") {
            Wanted("comma, : or ]")
        } else if self.has("]") {
            Wanted("]")
        } else if self.has("}") {
            After("in composite literal; possibly missing comma or }")
        } else if self.has(")") {
            Wanted(")")
        } else if self.has(":") {
            Wanted(":")
        } else if self.has("{") {
            self.in_header()
        } else if self.has(";") {
            Wanted("semicolon or newline")
        } else if self.has("(") {
            Wanted("(")
        } else if self.has("[") {
            Wanted("[")
        } else if self.has("identifier") {
            Wanted("name")
        } else {
            After("at end of statement")
        }
    }

    /// In the header of an `if`, `for` or `switch`.
    fn in_header(&self) -> Expectation {
        let keyword = self.before.iter().rev().map(|lexeme| lexeme.token);
        let keyword = keyword
            .into_iter()
            .find(|token| matches!(token, Token::If | Token::For | Token::Switch | Token::Func));
        match keyword {
            _ if self.has(";") => Wanted("{"),
            Some(Token::If) => Wanted("{ after if clause"),
            Some(Token::For) => Wanted("{ after for clause"),
            Some(Token::Switch) => whole("missing { after switch clause"),
            _ => Wanted("{"),
        }
    }
}
