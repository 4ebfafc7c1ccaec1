//! (see README.md)

pub mod chan;
pub mod goroutine;
pub mod heap;
pub mod sched;
pub mod sema;
pub mod sync;
pub mod value;
