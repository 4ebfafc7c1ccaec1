//! An array that grows in place: for what there is one of for each processor, whose number a program may raise.
//!
//! Room for all elements is reserved at once, but the memory of those that were never made is not touched. Elements
//! never move or go away before the array does, so references to them stay.
//! A vector behind a lock was rejected: the elements are reached at every allocation and every steal.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use crate::sync::Mutex;
use crate::sync::raw::{AtomicUsize, Ordering};

/// See the module's text.
pub(crate) struct Growing<T> {
    slots: Box<[UnsafeCell<MaybeUninit<T>>]>,
    /// The first so many are made. Not loom's: models never grow an array.
    len: AtomicUsize,
    growing: Mutex<()>,
}

// SAFETY: it hands out shared references only, and what it makes may come from any thread.
unsafe impl<T: Send + Sync> Sync for Growing<T> {}

impl<T> Growing<T> {
    /// An empty array with room for `capacity` elements.
    pub(crate) fn with_capacity(capacity: usize) -> Growing<T> {
        let slots = Box::<[UnsafeCell<MaybeUninit<T>>]>::new_uninit_slice(capacity);
        Growing {
            // SAFETY: an uninitialised element is a valid `MaybeUninit`.
            slots: unsafe { slots.assume_init() },
            len: AtomicUsize::new(0),
            growing: Mutex::new(()),
        }
    }

    /// What there is.
    #[inline(always)]
    pub(crate) fn made(&self) -> &[T] {
        // Acquire: pairs with the Release in `grow`.
        let len = self.len.load(Ordering::Acquire);
        let made = &self.slots[..len];
        // SAFETY: the first `len` are initialised and only shared from then on; the wrappers do not change the layout.
        unsafe { std::slice::from_raw_parts(made.as_ptr().cast(), len) }
    }

    /// Makes elements until there are `len`; there are never fewer than before.
    pub(crate) fn grow(&self, len: usize, make: impl Fn(usize) -> T) {
        let _alone = self.growing.lock();
        // Relaxed: written under the lock.
        for i in self.len.load(Ordering::Relaxed)..len {
            let element = make(i);
            // SAFETY: nobody refers to the element before `len` says that it is there, and only one grows the array.
            unsafe { (*self.slots[i].get()).write(element) };
            // Release: publishes the element.
            self.len.store(i + 1, Ordering::Release);
        }
    }
}

impl<T> Drop for Growing<T> {
    fn drop(&mut self) {
        // Relaxed: nobody else has it any more.
        let len = self.len.load(Ordering::Relaxed);
        for slot in &mut self.slots[..len] {
            // SAFETY: the first `len` are initialised.
            unsafe { slot.get_mut().assume_init_drop() };
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn elements_stay_where_they_are_until_all_are_dropped() {
        let counted = Rc::new(());
        let array = Growing::with_capacity(10);
        assert!(array.made().is_empty());
        array.grow(2, |i| (i, counted.clone()));
        let first = &raw const array.made()[0];
        array.grow(10, |i| (i, counted.clone()));
        array.grow(3, |i| (i, counted.clone()));
        assert_eq!(&raw const array.made()[0], first);
        assert!(array.made().iter().map(|e| e.0).eq(0..10));
        assert_eq!(Rc::strong_count(&counted), 11);
        drop(array);
        assert_eq!(Rc::strong_count(&counted), 1);
    }
}
