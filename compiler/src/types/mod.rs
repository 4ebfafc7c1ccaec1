//! Types and the type checker: from the syntax tree to the typed tree.

pub(crate) mod check;
pub mod constant;
mod conversion;
mod predicates;
pub mod print;
pub(crate) mod scope;
pub mod ty;
pub mod typed;
pub(crate) mod universe;
