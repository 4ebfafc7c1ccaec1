//! A goroutine's place in a wait list ("sudog" in Go).
//!
//! A plain wait uses the waiter inside the goroutine, a select one waiter a case from an array.
//! All fields but `g` are guarded by the lock of the list (a channel's, a semaphore shard's) while the waiter is
//! in it, and belong to the goroutine's holder otherwise.

use std::cell::Cell;
use std::ptr;

use super::Goroutine;

/// A place in a wait list.
#[repr(C)]
pub struct Waiter {
    pub(crate) g: Cell<*const Goroutine>,
    pub(crate) next: Cell<*const Waiter>,
    pub(crate) prev: Cell<*const Waiter>,
    /// Where the value is to come from or go to: registers of the parked goroutine; null to drop it.
    pub(crate) value: Cell<*mut u64>,
    /// Where to write whether a receive got a sent value; null if nobody asks. At a semaphore the
    /// word waited at (and `value` is a number of the queue's own).
    pub(crate) ok: Cell<*mut u64>,
    /// The channel waited for; null at a semaphore.
    pub(crate) chan: Cell<*mut u64>,
    /// The goroutine's claim count when a select enqueued it; 0 for a plain wait, which whoever
    /// dequeues it owns.
    pub(crate) ticket: Cell<u32>,
    /// The select case.
    pub(crate) case: Cell<u16>,
    /// In a list.
    pub(crate) queued: Cell<bool>,
}

impl Waiter {
    pub(crate) const fn new() -> Waiter {
        Waiter {
            g: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            prev: Cell::new(ptr::null()),
            value: Cell::new(ptr::null_mut()),
            ok: Cell::new(ptr::null_mut()),
            chan: Cell::new(ptr::null_mut()),
            ticket: Cell::new(0),
            case: Cell::new(0),
            queued: Cell::new(false),
        }
    }

    /// Says what a wait at one place is for.
    #[inline(always)]
    pub(crate) fn set_plain(&self, value: *mut u64, ok: *mut u64, chan: *mut u64) {
        self.value.set(value);
        self.ok.set(ok);
        self.chan.set(chan);
        self.ticket.set(0);
    }
}

/// A first-in first-out list of waiters, linked through them. Two null words when empty, so zeroed
/// memory is an empty queue.
#[repr(C)]
pub struct WaitQueue {
    first: Cell<*const Waiter>,
    last: Cell<*const Waiter>,
}

impl WaitQueue {
    /// An empty queue.
    pub(crate) const fn new() -> WaitQueue {
        WaitQueue {
            first: Cell::new(ptr::null()),
            last: Cell::new(ptr::null()),
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.get().is_null()
    }

    /// The first waiter or null.
    #[inline]
    pub(crate) fn first(&self) -> *const Waiter {
        self.first.get()
    }

    /// Puts a waiter at the end.
    ///
    /// # Safety
    /// The caller holds the list's lock; the waiter is in no list and stays where it is until it is
    /// taken out.
    #[inline]
    pub(crate) unsafe fn push(&self, waiter: &Waiter) {
        debug_assert!(!waiter.queued.get());
        waiter.queued.set(true);
        waiter.next.set(ptr::null());
        waiter.prev.set(self.last.get());
        match self.last.get() {
            last if last.is_null() => self.first.set(waiter),
            // SAFETY: a waiter in the list is alive, and guarded by the lock.
            last => unsafe { (*last).next.set(waiter) },
        }
        self.last.set(waiter);
    }

    /// Puts a waiter at the front.
    ///
    /// # Safety
    /// As for [`WaitQueue::push`].
    pub(crate) unsafe fn push_front(&self, waiter: &Waiter) {
        debug_assert!(!waiter.queued.get());
        waiter.queued.set(true);
        waiter.prev.set(ptr::null());
        waiter.next.set(self.first.get());
        match self.first.get() {
            first if first.is_null() => self.last.set(waiter),
            // SAFETY: a waiter in the list is alive, and guarded by the lock.
            first => unsafe { (*first).prev.set(waiter) },
        }
        self.first.set(waiter);
    }

    /// Takes a waiter out, wherever it is; false if it is not in the list any more.
    ///
    /// # Safety
    /// The caller holds the list's lock; the waiter is in this list or in none.
    #[inline]
    pub(crate) unsafe fn remove(&self, waiter: &Waiter) -> bool {
        if !waiter.queued.replace(false) {
            return false;
        }
        let (prev, next) = (waiter.prev.get(), waiter.next.get());
        // SAFETY: neighbours are in the list, so alive and guarded by the lock.
        unsafe {
            match prev {
                prev if prev.is_null() => self.first.set(next),
                prev => (*prev).next.set(next),
            }
            match next {
                next if next.is_null() => self.last.set(prev),
                next => (*next).prev.set(prev),
            }
        }
        true
    }

    /// Takes the first waiter out.
    ///
    /// # Safety
    /// The caller holds the list's lock. The result may be used until its goroutine is made ready.
    #[inline]
    pub(crate) unsafe fn pop<'w>(&self) -> Option<&'w Waiter> {
        let first = self.first.get();
        if first.is_null() {
            return None;
        }
        // SAFETY: a waiter in the list is alive.
        let waiter = unsafe { &*first };
        // SAFETY: it is in this list, whose lock is held.
        unsafe { self.remove(waiter) };
        Some(waiter)
    }
}
