//! The `minigo` command.
#![forbid(unsafe_code)]

fn main() {}
