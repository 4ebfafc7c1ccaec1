//! Diagnostics of the compiler: their codes, and how they look.

pub mod code;
