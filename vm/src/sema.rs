//! What `sync`'s types wait on.

use crate::goroutine::{Goroutine, Outcome};
use crate::sched::Machine;

/// `(*sync.Mutex).Lock` on the state word at `addr`.
///
/// # Safety
/// `addr` is an 8-byte word in a live heap object; pc and base are saved.
pub unsafe fn mutex_lock(_m: &mut Machine, _g: &Goroutine, _addr: *mut u64) -> Outcome {
    unimplemented!()
}

/// `(*sync.Mutex).Unlock`.
///
/// # Safety
/// As for [`mutex_lock`].
pub unsafe fn mutex_unlock(_m: &mut Machine, _g: &Goroutine, _addr: *mut u64) -> Outcome {
    unimplemented!()
}
