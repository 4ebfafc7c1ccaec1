//! The tokens of Go, without payload: their text is what their span covers.

use logos::{Lexer, Logos};

/// What a token is. Newlines, comments and other trivia never reach the parser.
#[derive(Logos, Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[logos(skip r"[ \t\r]+")]
#[repr(u8)]
pub enum Token {
    // Trivia.
    /// A line break.
    #[token("\n")]
    Newline,
    /// `// …`
    #[token("//", line_comment)]
    LineComment,
    /// `/* … */`, perhaps without its end.
    #[token("/*", block_comment)]
    BlockComment,
    /// A byte-order mark or a NUL, which are reported apart.
    #[regex("[\u{feff}\0]+")]
    Ignored,

    // Names and literals.
    /// An identifier.
    #[regex(r"[a-zA-Z_][a-zA-Z_0-9]*", priority = 3)]
    #[regex(r"[_\p{L}][_\p{L}\p{Nd}]*", priority = 2)]
    Ident,
    /// An identifier with characters that do not belong there.
    #[regex(
        "[a-zA-Z_\u{80}-\u{fefe}\u{ff00}-\u{10ffff}][a-zA-Z_0-9\u{80}-\u{fefe}\u{ff00}-\u{10ffff}]*",
        priority = 1
    )]
    BadIdent,
    /// An integer, floating-point or imaginary literal, perhaps malformed.
    #[regex(r"[0-9][0-9_]*(\.[0-9_]*)?([eEpP][+-]?[0-9_]*)?i?")]
    #[regex(r"\.[0-9][0-9_]*([eEpP][+-]?[0-9_]*)?i?")]
    #[regex(r"0[bBoO][0-9_]*(\.[0-9_]*)?([eEpP][+-]?[0-9_]*)?i?")]
    #[regex(r"0[xX][0-9a-fA-F_]*(\.[0-9a-fA-F_]*)?([pP][+-]?[0-9_]*)?i?")]
    Number,
    /// A rune literal, perhaps malformed.
    #[token("'", |lexer| quoted(lexer, b'\''))]
    Rune,
    /// An interpreted string literal, perhaps malformed.
    #[token("\"", |lexer| quoted(lexer, b'"'))]
    String,
    /// A raw string literal, perhaps without its end.
    #[token("`", raw_string)]
    RawString,

    // Keywords.
    #[token("break")]
    Break,
    #[token("case")]
    Case,
    #[token("chan")]
    Chan,
    #[token("const")]
    Const,
    #[token("continue")]
    Continue,
    #[token("default")]
    Default,
    #[token("defer")]
    Defer,
    #[token("else")]
    Else,
    #[token("fallthrough")]
    Fallthrough,
    #[token("for")]
    For,
    #[token("func")]
    Func,
    #[token("go")]
    Go,
    #[token("goto")]
    Goto,
    #[token("if")]
    If,
    #[token("import")]
    Import,
    #[token("interface")]
    Interface,
    #[token("map")]
    Map,
    #[token("package")]
    Package,
    #[token("range")]
    Range,
    #[token("return")]
    Return,
    #[token("select")]
    Select,
    #[token("struct")]
    Struct,
    #[token("switch")]
    Switch,
    #[token("type")]
    Type,
    #[token("var")]
    Var,

    // Operators and punctuation.
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("&")]
    Amp,
    #[token("|")]
    Pipe,
    #[token("^")]
    Caret,
    #[token("<<")]
    Shl,
    #[token(">>")]
    Shr,
    #[token("&^")]
    AmpCaret,
    #[token("~")]
    Tilde,
    #[token("+=")]
    PlusAssign,
    #[token("-=")]
    MinusAssign,
    #[token("*=")]
    StarAssign,
    #[token("/=")]
    SlashAssign,
    #[token("%=")]
    PercentAssign,
    #[token("&=")]
    AmpAssign,
    #[token("|=")]
    PipeAssign,
    #[token("^=")]
    CaretAssign,
    #[token("<<=")]
    ShlAssign,
    #[token(">>=")]
    ShrAssign,
    #[token("&^=")]
    AmpCaretAssign,
    #[token("&&")]
    AndAnd,
    #[token("||")]
    OrOr,
    #[token("<-")]
    Arrow,
    #[token("++")]
    Inc,
    #[token("--")]
    Dec,
    #[token("==")]
    Equal,
    #[token("!=")]
    NotEqual,
    #[token("<")]
    Less,
    #[token("<=")]
    LessEqual,
    #[token(">")]
    Greater,
    #[token(">=")]
    GreaterEqual,
    #[token("=")]
    Assign,
    #[token(":=")]
    Define,
    #[token("!")]
    Not,
    #[token("(")]
    Lparen,
    #[token(")")]
    Rparen,
    #[token("[")]
    Lbrack,
    #[token("]")]
    Rbrack,
    #[token("{")]
    Lbrace,
    #[token("}")]
    Rbrace,
    #[token(",")]
    Comma,
    /// Written, or inserted at a newline or at the end of the file.
    #[token(";")]
    Semicolon,
    #[token(":")]
    Colon,
    #[token(".")]
    Dot,
    #[token("...")]
    Ellipsis,

    // Never in a text. The parser sees one of the first three before the others: it says what follows.
    /// A whole file follows.
    StartFile,
    /// Declarations and statements follow, as at a prompt.
    StartRepl,
    /// One expression follows.
    StartExpr,
    /// `func` at a prompt where it begins a declaration and not a literal.
    FuncDeclaration,
}

impl Token {
    /// Whether a newline after this token ends a statement.
    pub fn ends_statement(self) -> bool {
        use Token::*;
        matches!(
            self,
            Ident
                | BadIdent
                | Number
                | Rune
                | String
                | RawString
                | Break
                | Continue
                | Fallthrough
                | Return
                | Inc
                | Dec
                | Rparen
                | Rbrack
                | Rbrace
        )
    }

    /// Whether this is one of the 25 reserved words.
    pub fn is_keyword(self) -> bool {
        (Token::Break as u8..=Token::Var as u8).contains(&(self as u8))
    }

    /// Whether this is a literal of any kind.
    pub fn is_literal(self) -> bool {
        matches!(
            self,
            Token::Number | Token::Rune | Token::String | Token::RawString
        )
    }
}

fn line_comment(lexer: &mut Lexer<'_, Token>) {
    let rest = lexer.remainder();
    lexer.bump(rest.find('\n').unwrap_or(rest.len()));
}

fn block_comment(lexer: &mut Lexer<'_, Token>) {
    let rest = lexer.remainder();
    lexer.bump(rest.find("*/").map_or(rest.len(), |end| end + 2));
}

fn raw_string(lexer: &mut Lexer<'_, Token>) {
    let rest = lexer.remainder();
    lexer.bump(rest.find('`').map_or(rest.len(), |end| end + 1));
}

/// Goes to just after the closing quote, or before the newline or the end of the file that comes first.
fn quoted(lexer: &mut Lexer<'_, Token>, quote: u8) {
    let rest = lexer.remainder().as_bytes();
    let mut at = 0;
    while at < rest.len() && rest[at] != b'\n' {
        match rest[at] {
            b'\\'
                if rest
                    .get(at + 1)
                    .is_some_and(|&next| next == b'\\' || next == quote) =>
            {
                at += 2
            }
            byte => {
                at += 1;
                if byte == quote {
                    break;
                }
            }
        }
    }
    lexer.bump(at);
}
