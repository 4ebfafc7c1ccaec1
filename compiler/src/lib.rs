//! The compiler: type checker, escape analysis, code generation, rendering of diagnostics.
//! See the crate's README for the phases and their invariants.
#![forbid(unsafe_code)]

pub mod diagnostics;
pub mod types;
