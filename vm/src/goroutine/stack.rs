//! The growable register stack.
//!
//! It starts inside the goroutine's own cell and doubles, by copying at first and then by the allocator's means: a large
//! one is moved by remapping its pages, so that a recursion without end touches no page twice. No pointer points into it
//! except waiters' while the goroutine is parked, and a parked goroutine's stack does not move. What the collector finds
//! in it is said by the functions' register kinds; words above the innermost frame mean nothing.

use std::alloc::{self, Layout};
use std::ptr;

use super::{Goroutine, INLINE_STACK_WORDS};
use crate::sync::atomic::Ordering;

/// Bytes beyond which a stack does not grow, unless the program sets another limit. As in Go, sizes are powers of two, so
/// that the largest one is 512 MiB.
pub const MAX_STACK: usize = 1_000_000_000;

/// The stack would grow beyond its limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StackOverflow;

impl Goroutine {
    /// Bytes that it takes, with its stack.
    pub(crate) fn memory(&self) -> usize {
        let grown = if self.stack_is_grown() {
            self.capacity.get() as usize * 8
        } else {
            0
        };
        size_of::<Goroutine>() + grown
    }

    /// Makes room for `words` words from the stack's start on, moving it if need be: addresses
    /// into the stack (the frame's base) are stale afterwards. A request for preemption stays.
    ///
    /// # Safety
    /// The caller holds the goroutine and has saved its base.
    pub unsafe fn grow_stack(&self, words: usize, limit: usize) -> Result<(), StackOverflow> {
        let old_capacity = self.capacity.get() as usize;
        if words <= old_capacity {
            return Ok(());
        }
        if words > limit / 8 {
            return Err(StackOverflow);
        }
        let capacity = words.next_power_of_two().max(64);
        if capacity > limit / 8 {
            return Err(StackOverflow);
        }
        let (old, bytes) = (self.stack.get(), capacity * 8);
        let new = if self.stack_is_grown() {
            // SAFETY: a stack outside the cell was allocated here with this layout; the new size is not 0 and below `isize::MAX`.
            unsafe { alloc::realloc(old.cast(), layout(old_capacity), bytes) }.cast::<u64>()
        } else {
            // SAFETY: the layout's size is not 0; the old words are in the cell, and fewer.
            unsafe {
                let new = alloc::alloc(layout(capacity)).cast::<u64>();
                if !new.is_null() {
                    ptr::copy_nonoverlapping(old, new, old_capacity);
                }
                new
            }
        };
        if new.is_null() {
            alloc::handle_alloc_error(layout(capacity));
        }
        let wanted = self.limit.load(Ordering::Relaxed) == 0;
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
        // SAFETY: a stack outside the cell was allocated in `grow_stack` with this layout, and is replaced by the callers.
        unsafe { alloc::dealloc(stack.cast(), layout(self.capacity.get() as usize)) };
    }
}

/// How a stack of so many words outside the cell is allocated.
fn layout(words: usize) -> Layout {
    Layout::array::<u64>(words).expect("stacks are far smaller than the address space")
}
