//! Making room for a callee's frame, and giving way where a call is a safepoint.

use super::Ctx;
use crate::sched::Safepoint;
use crate::sync::atomic::Ordering;

/// Go's text for a stack that would exceed its limit; the line before it is printed by the unwinder.
pub(crate) const STACK_OVERFLOW: &str = "stack overflow";

/// What came of a request for room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Room {
    /// The frame fits now; the stack may have moved.
    Made,
    /// The goroutine has to give way first; pc and base are saved.
    Yield,
    /// The stack may not grow further.
    Overflow,
}

/// Makes sure that `words` words from the (saved) base on fit; first answers a request to come to a safepoint.
pub(crate) fn make_room(cx: &mut Ctx<'_>, words: usize) -> Room {
    // Relaxed: only a hint, as in the interpreter's check.
    if cx.g.limit().load(Ordering::Relaxed) == 0 && cx.m.safepoint(cx.g) == Safepoint::Yield {
        return Room::Yield;
    }
    let offset = (cx.g.base() as usize - cx.g.stack() as usize) / 8;
    // SAFETY: the goroutine is ours, and its base is saved.
    match unsafe { cx.g.grow_stack(offset + words) } {
        Ok(()) => Room::Made,
        Err(_) => Room::Overflow,
    }
}
