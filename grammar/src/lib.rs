//! (see README.md)

pub mod ast;
pub mod diagnostic;
pub mod source;
pub mod symbol;

pub use ast::Ast;
pub use diagnostic::Diagnostic;
pub use source::{SourceFile, Span};
pub use symbol::{Symbol, Symbols};
