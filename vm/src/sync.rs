//! The one concurrency facade: every atomic, lock and thread of the VM comes from here.
//!
//! Normally these are the standard library's atomics and threads and parking_lot's locks. Under
//! `cfg(loom)` they are loom's, so that loom can try every interleaving of our protocols; the
//! wrappers below give loom's locks parking_lot's interface, so that no user of this module knows.
//!
//! Memory of the Go heap is not modelled by loom (it is shared by mapping, not by ownership);
//! its words and tables use [`raw`], which always is the real thing. The exception are the words that goroutines synchronise
//! on ([`heap_word`]).

/// What is never replaced by loom's: heap words and tables in mapped memory, and what belongs to the process.
pub mod raw {
    pub use parking_lot::Mutex;
    pub use std::sync::atomic::{
        AtomicBool, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering,
        fence,
    };
}

pub use imp::*;

#[cfg(not(loom))]
mod imp {
    use std::time::Duration;

    pub use parking_lot::{Mutex, MutexGuard};
    pub use std::sync::Arc;
    pub use std::sync::atomic;
    pub use std::thread;

    /// A lock of one byte without data, for objects of the Go heap; zeroed memory is an unlocked one.
    #[repr(transparent)]
    pub struct RawLock(parking_lot::RawMutex);

    impl RawLock {
        /// Waits for the lock.
        #[inline(always)]
        pub fn lock(&self) {
            parking_lot::lock_api::RawMutex::lock(&self.0);
        }

        /// Releases the lock, which the caller holds.
        #[inline(always)]
        pub fn unlock(&self) {
            // SAFETY: all users pair `lock` and `unlock`; the lock itself guards no memory of Rust's.
            unsafe { parking_lot::lock_api::RawMutex::unlock(&self.0) };
        }
    }

    /// A condition variable for [`Mutex`].
    #[derive(Default, Debug)]
    pub struct Condvar(parking_lot::Condvar);

    impl Condvar {
        /// A condition variable that nobody waits on.
        pub const fn new() -> Condvar {
            Condvar(parking_lot::Condvar::new())
        }

        /// Releases the lock, waits to be notified, takes the lock again.
        #[inline]
        pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            self.0.wait(guard);
        }

        /// [`Condvar::wait`] for at most `timeout`; true if the time was over.
        #[inline]
        pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, timeout: Duration) -> bool {
            self.0.wait_for(guard, timeout).timed_out()
        }

        /// Wakes one waiter.
        #[inline]
        pub fn notify_one(&self) {
            self.0.notify_one();
        }

        /// Wakes all waiters.
        #[inline]
        pub fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    /// Tells the processor that this is a spin loop.
    #[inline]
    pub fn spin_loop() {
        std::hint::spin_loop();
    }

    /// A word of the Go heap that goroutines synchronise on.
    ///
    /// # Safety
    /// `addr` is an 8-byte aligned word in a live heap object, which is only used through this.
    #[inline(always)]
    pub unsafe fn heap_word<'a>(addr: *mut u64) -> &'a atomic::AtomicU64 {
        // SAFETY: by the function's contract.
        unsafe { atomic::AtomicU64::from_ptr(addr) }
    }
}

#[cfg(loom)]
mod imp {
    use std::ops::{Deref, DerefMut};
    use std::time::Duration;

    pub use loom::sync::Arc;
    pub use loom::sync::atomic;
    pub use loom::thread;

    /// loom's mutex with parking_lot's interface.
    #[derive(Debug, Default)]
    pub struct Mutex<T>(loom::sync::Mutex<T>);

    /// Holds the lock; the inner guard is absent only inside [`Condvar::wait`].
    pub struct MutexGuard<'a, T>(Option<loom::sync::MutexGuard<'a, T>>);

    impl<T> Mutex<T> {
        /// An unlocked mutex.
        pub fn new(value: T) -> Mutex<T> {
            Mutex(loom::sync::Mutex::new(value))
        }

        /// Waits for the lock.
        pub fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard(Some(
                self.0.lock().expect("a model panicked with the lock held"),
            ))
        }

        /// Takes the lock if it is free.
        pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok().map(|guard| MutexGuard(Some(guard)))
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;
        fn deref(&self) -> &T {
            self.0.as_ref().expect("the lock is held")
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().expect("the lock is held")
        }
    }

    /// A lock without data.
    #[derive(Debug)]
    pub struct RawLock {
        locked: loom::sync::Mutex<bool>,
        released: loom::sync::Condvar,
    }

    impl RawLock {
        /// An unlocked lock.
        pub fn new() -> RawLock {
            RawLock {
                locked: loom::sync::Mutex::new(false),
                released: loom::sync::Condvar::new(),
            }
        }

        /// Waits for the lock.
        pub fn lock(&self) {
            let mut locked = self
                .locked
                .lock()
                .expect("no model panics with the lock held");
            while *locked {
                locked = self
                    .released
                    .wait(locked)
                    .expect("no model panics with the lock held");
            }
            *locked = true;
        }

        /// Releases the lock, which the caller holds.
        pub fn unlock(&self) {
            *self
                .locked
                .lock()
                .expect("no model panics with the lock held") = false;
            self.released.notify_one();
        }
    }

    /// loom's condition variable with parking_lot's interface.
    #[derive(Debug, Default)]
    pub struct Condvar(loom::sync::Condvar);

    impl Condvar {
        /// A condition variable that nobody waits on.
        pub fn new() -> Condvar {
            Condvar(loom::sync::Condvar::new())
        }

        /// Releases the lock, waits to be notified, takes the lock again.
        pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            let inner = guard.0.take().expect("the lock is held");
            guard.0 = Some(
                self.0
                    .wait(inner)
                    .expect("a model panicked with the lock held"),
            );
        }

        /// A model has no clock: waits to be notified, never times out.
        pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _timeout: Duration) -> bool {
            self.wait(guard);
            false
        }

        /// Wakes one waiter.
        pub fn notify_one(&self) {
            self.0.notify_one();
        }

        /// Wakes all waiters.
        pub fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    /// Lets other threads of the model run.
    pub fn spin_loop() {
        loom::thread::yield_now();
    }

    /// A word that goroutines synchronise on: a model has one of loom's atomics at the address.
    ///
    /// # Safety
    /// `addr` is the address of one of loom's atomics that lives as long as the result.
    pub unsafe fn heap_word<'a>(addr: *mut u64) -> &'a atomic::AtomicU64 {
        // SAFETY: by the function's contract.
        unsafe { &*addr.cast() }
    }
}
