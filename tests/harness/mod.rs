//! What the tests of whole programs share: reading expectations, running processes, real Go.
//!
//! | file | subject |
//! |---|---|
//! | `expectation` | the comments in a program that say what it must do, and comparing |
//! | `programs` | finding programs, and the command that runs one |
//! | `process` | running a command with a time limit |
//! | `folder` | programs that are folders, for real Go |
//! | `oracle` | the real Go toolchain, where it is installed |

pub(crate) mod expectation;
pub(crate) mod folder;
pub(crate) mod oracle;
pub(crate) mod process;
pub(crate) mod programs;
