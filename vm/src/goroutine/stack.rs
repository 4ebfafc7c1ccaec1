//! The growable register stack.
//!
//! It starts inside the goroutine's own cell and doubles by copying. No pointer points into it
//! except waiters' while the goroutine is parked, and a parked goroutine's stack does not move. What the collector finds
//! in it is said by the functions' register kinds; words above the innermost frame mean nothing.

use std::ptr;

use super::{Goroutine, INLINE_STACK_WORDS};
use crate::sync::atomic::Ordering;

/// Words beyond which a stack does not grow: Go's limit of 1,000,000,000 bytes.
pub const MAX_STACK_WORDS: usize = 1_000_000_000 / 8;

/// The stack would grow beyond [`MAX_STACK_WORDS`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StackOverflow;

impl Goroutine {
    /// Makes room for `words` words from the stack's start on, moving it if need be: addresses
    /// into the stack (the frame's base) are stale afterwards. A request for preemption stays.
    ///
    /// # Safety
    /// The caller holds the goroutine and has saved its base.
    pub unsafe fn grow_stack(&self, words: usize) -> Result<(), StackOverflow> {
        let old_capacity = self.capacity.get() as usize;
        if words <= old_capacity {
            return Ok(());
        }
        if words > MAX_STACK_WORDS {
            return Err(StackOverflow);
        }
        let capacity = (old_capacity * 2).max(words.next_power_of_two()).max(64);
        let old = self.stack.get();
        // Zeroed pages of a big stack cost nothing until they are used.
        let new = Box::into_raw(vec![0u64; capacity].into_boxed_slice()).cast::<u64>();
        // SAFETY: both are as long as the old capacity, and different allocations.
        unsafe { ptr::copy_nonoverlapping(old, new, old_capacity) };
        let wanted = self.limit.load(Ordering::Relaxed) == 0;
        self.free_stack();
        self.stack.set(new);
        self.capacity.set(capacity as u32);
        if !wanted {
            self.reset_limit();
        }
        Ok(())
    }

    /// Back to the words in the cell.
    pub(crate) fn reset_stack(&self) {
        self.free_stack();
        self.stack.set(self.inline.get().cast());
        self.capacity.set(INLINE_STACK_WORDS as u32);
    }

    pub(crate) fn stack_is_grown(&self) -> bool {
        self.stack.get() != self.inline.get().cast()
    }

    fn free_stack(&self) {
        let stack = self.stack.get();
        if stack.is_null() || !self.stack_is_grown() {
            return;
        }
        let slice = ptr::slice_from_raw_parts_mut(stack, self.capacity.get() as usize);
        // SAFETY: a stack outside the cell came from such a box in `grow_stack`, and is replaced by the callers.
        drop(unsafe { Box::from_raw(slice) });
    }
}
