//! From source text to the syntax tree of Go.
//!
//! [`parse_file`] turns a [`SourceFile`] into an [`Ast`] and diagnostics in Go's words. The crate knows nothing about
//! meaning: it accepts all of Go's syntax, and what minigo does not support is refused by the checker. README.md
//! tells how tokens, semicolons, grammar and tree work.

#![forbid(unsafe_code)]

pub mod ast;
mod builder;
pub mod deferred;
pub mod diagnostic;
mod dump;
pub mod lexer;
mod literal;
mod parser;
mod repair;
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
