//! (see README.md)

pub mod ast;
mod builder;
pub mod diagnostic;
mod dump;
pub mod lexer;
mod literal;
mod parser;
mod semicolon;
pub mod source;
pub mod symbol;
mod syntax_error;
pub mod token;

pub use ast::Ast;
pub use builder::MAX_DEPTH;
pub use diagnostic::Diagnostic;
pub use lexer::dump_tokens;
pub use parser::{parse_expr, parse_file, parse_repl};
pub use source::{SourceFile, Span};
pub use symbol::{Symbol, Symbols};
