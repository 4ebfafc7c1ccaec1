//! `select`.

use crate::goroutine::{Goroutine, Outcome};
use crate::sched::Machine;

/// One case.
#[derive(Clone, Copy, Debug)]
pub struct SelectCase {
    /// The channel or null.
    pub chan: *mut u64,
    /// What to send from, or where to receive to (null: dropped).
    pub value: *mut u64,
    /// Where a receive's flag goes (null: not wanted).
    pub ok: *mut u64,
    /// A send case.
    pub send: bool,
}

/// Chooses among `cases`; writes the index of the chosen one (or -1 for the default case) to `index`.
///
/// # Safety
/// As for [`super::send`], for each case; `index` is a register of the goroutine.
pub unsafe fn select(
    _m: &mut Machine,
    _g: &Goroutine,
    _cases: &[SelectCase],
    _has_default: bool,
    _index: *mut u64,
) -> Outcome {
    unimplemented!()
}
