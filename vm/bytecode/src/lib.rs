//! Bytecode: the contract between the compiler and the VM. See the crate's README.
#![forbid(unsafe_code)]

pub mod disasm;
pub mod op;
pub mod program;
pub mod verify;

pub use op::{Op, Reg};
pub use program::*;
