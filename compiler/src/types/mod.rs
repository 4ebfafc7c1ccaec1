//! Types and the type checker: from the syntax tree to the typed tree.

pub mod constant;
pub mod ty;
pub mod typed;
