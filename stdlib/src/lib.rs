//! The library: one folder a package, `<pkg>/<pkg>.mgo` with documentation, signatures and code in Go, and
//! `<pkg>/mod.rs` with the natives, which are the functions that have no body there.
//!
//! What must call the program's own code (methods of printed operands, `less` of a sort) is Go code over small natives, so that it
//! can block, panic, be preempted and be traced like any other. Natives compute, or are the way to the machine; they
//! never call back. What is in and what is out is in README.md.
#![forbid(unsafe_code)]

mod buffer;
mod bufio;
mod bytes;
pub mod catalog;
mod context;
mod errors;
mod flag;
mod fmt;
mod math;
mod net;
mod os;
mod package;
mod path;
mod runtime;
mod slices;
mod sort;
mod strconv;
mod strings;
mod sync;
mod syscall;
mod time;
mod unicode;

pub use package::{natives, paths, source};

/// Documentation of what needs no import, as declarations in Go.
pub const BUILTIN: &str = include_str!("builtin.mgo");
