//! What a session adds to while the program runs.
//!
//! Tables of a loaded program are read without synchronisation by every machine. In a session they grow, but only while the
//! world is stopped; and what running code keeps an address of across a safepoint (ops, function entries, constants,
//! package-level variables) has its room reserved from the beginning, so that it never moves.

use std::cell::UnsafeCell;
use std::ops::Deref;

/// Shared and read-only, except in a stopped world.
#[derive(Debug)]
pub struct Growable<T>(UnsafeCell<T>);

// SAFETY: it is written only by who has stopped the world (the contract of `get_mut`), which orders that with all reads.
unsafe impl<T: Send + Sync> Sync for Growable<T> {}

impl<T> Growable<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Growable<T> {
        Growable(UnsafeCell::new(value))
    }

    /// The value, to add to it.
    ///
    /// # Safety
    /// The caller has stopped the world, or nobody else knows the value yet, and no reference from `get_mut` or `deref` is in use
    /// that what is done with the result could invalidate.
    #[allow(clippy::mut_from_ref, reason = "the caller is alone, by contract")]
    pub(crate) unsafe fn get_mut(&self) -> &mut T {
        // SAFETY: by the function's contract.
        unsafe { &mut *self.0.get() }
    }
}

impl<T> Deref for Growable<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: nobody writes while anybody else runs.
        unsafe { &*self.0.get() }
    }
}
