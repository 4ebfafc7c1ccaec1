//! What natives of `sync`, `sync/atomic`, `time` and `runtime` ask of the machine, with a safe face.
//!
//! An address is always an argument of the running call: a word of a live object, or nil, which panics as any nil dereference.

use crate::error::RuntimeError;
use crate::goroutine;
use crate::native::{Call, Outcome};
use crate::sched::chooser::Choice;
use crate::sched::timer::{self, Target};
use crate::sync::raw::{AtomicU32, AtomicU64, Ordering};
use crate::{chan, sema};

/// An operation of one of `sync`'s types; those that programs do most are methods of [`Call`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockOp {
    /// Result: whether it was locked, as for all `Try…`.
    MutexTryLock,
    RwLock,
    RwTryLock,
    RwUnlock,
    RwRLock,
    RwTryRLock,
    RwRUnlock,
    WaitGroupAdd(i64),
    WaitGroupWait,
    CondSignal,
    CondBroadcast,
    /// Result: the number to sleep with.
    CondEnter,
    CondSleep(u32),
}

/// An atomic operation; operands are canonical words of the integer type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AtomicOp {
    /// Result: the value.
    Load,
    Store(u64),
    /// Result: the new value.
    Add(u64),
    /// Result: the old value, as for `And` and `Or`.
    Swap(u64),
    /// Old, new. Result: whether it was swapped.
    CompareAndSwap(u64, u64),
    And(u64),
    Or(u64),
}

fn outcome(outcome: goroutine::Outcome) -> Outcome {
    match outcome {
        goroutine::Outcome::Done => Outcome::Done,
        goroutine::Outcome::Parked => Outcome::Parked,
        goroutine::Outcome::Panic(text) => Outcome::Panic(RuntimeError::plain(text)),
        goroutine::Outcome::Fatal(text) => Outcome::Fatal(text.into()),
    }
}

impl Call<'_> {
    /// `(*sync.Mutex).Lock` on the state word in the object of argument word 0.
    #[inline]
    pub fn lock_mutex(&mut self) -> Outcome {
        let addr = self.word(0) as *mut u64;
        if addr.is_null() {
            return Outcome::Panic(RuntimeError::nil_dereference());
        }
        // SAFETY: the address is a word of a live object, by the native's signature; pc and base were saved before the call.
        match unsafe { sema::mutex_lock(self.m, self.g, addr) } {
            goroutine::Outcome::Done => Outcome::Done,
            other => outcome(other),
        }
    }

    /// `(*sync.Mutex).Unlock`, as [`Call::lock_mutex`].
    #[inline]
    pub fn unlock_mutex(&mut self) -> Outcome {
        let addr = self.word(0) as *mut u64;
        if addr.is_null() {
            return Outcome::Panic(RuntimeError::nil_dereference());
        }
        // SAFETY: as in `lock_mutex`.
        match unsafe { sema::mutex_unlock(self.m, addr) } {
            goroutine::Outcome::Done => Outcome::Done,
            other => outcome(other),
        }
    }

    /// Does `op` on the state word `offset` words behind the pointer in argument word 0.
    pub fn lock_op(&mut self, op: LockOp, offset: usize) -> Outcome {
        if self.word(0) == 0 {
            return Outcome::Panic(RuntimeError::nil_dereference());
        }
        let addr = (self.word(0) as *mut u64).wrapping_add(offset);
        let g = self.g;
        // SAFETY: the address is a word of a live object, by the native's signature; pc and base were saved before the call.
        unsafe {
            match op {
                LockOp::RwLock => outcome(sema::rw_lock(self.m, g, addr)),
                LockOp::RwUnlock => outcome(sema::rw_unlock(self.m, addr)),
                LockOp::RwRLock => outcome(sema::rw_rlock(self.m, g, addr)),
                LockOp::RwRUnlock => outcome(sema::rw_runlock(self.m, g, addr)),
                LockOp::WaitGroupAdd(delta) => match sema::wait_group_add(self.m, addr, delta) {
                    // Go's sync panics with a string.
                    goroutine::Outcome::Panic(text) => {
                        let text = self.new_str(text.as_bytes());
                        Outcome::PanicValue(self.iface_of_str(text))
                    }
                    other => outcome(other),
                },
                LockOp::WaitGroupWait => outcome(sema::wait_group_wait(self.m, g, addr)),
                LockOp::CondSleep(number) => outcome(sema::cond_wait(self.m, g, addr, number)),
                LockOp::MutexTryLock => self.done_with(sema::mutex_try_lock(g, addr).into()),
                LockOp::RwTryLock => self.done_with(sema::rw_try_lock(g, addr).into()),
                LockOp::RwTryRLock => self.done_with(sema::rw_try_rlock(g, addr).into()),
                LockOp::CondEnter => {
                    let number = sema::cond_add(self.m, addr);
                    self.done_with(number.into())
                }
                LockOp::CondSignal => {
                    sema::cond_signal(self.m, addr);
                    Outcome::Done
                }
                LockOp::CondBroadcast => {
                    sema::cond_broadcast(self.m, addr);
                    Outcome::Done
                }
            }
        }
    }

    fn done_with(&mut self, result: u64) -> Outcome {
        self.set_word(0, result);
        Outcome::Done
    }

    /// Does `op` on the integer that argument word 0 points to.
    ///
    /// A pointer to a signed integer leads to a whole word, which is kept canonical; one to an unsigned integer of 32 bits may lead
    /// into an array, and four bytes are right for a word as well.
    pub fn atomic(&mut self, bits: u32, signed: bool, op: AtomicOp) -> Outcome {
        let addr = self.word(0);
        if addr == 0 {
            return Outcome::Panic(RuntimeError::nil_dereference());
        }
        let result = if bits == 32 && !signed {
            // SAFETY: the address of a live uint32, by the native's signature; all accesses to it are atomic.
            let cell = unsafe { AtomicU32::from_ptr(addr as *mut u32) };
            atomic_32(cell, op)
        } else {
            // SAFETY: the address of a live word, by the native's signature; all accesses to it are atomic.
            let cell = unsafe { AtomicU64::from_ptr(addr as *mut u64) };
            let canonical = |value: u64| {
                if bits == 32 {
                    value as i32 as i64 as u64
                } else {
                    value
                }
            };
            atomic_64(cell, canonical, op)
        };
        match result {
            Some(result) => self.done_with(result),
            None => Outcome::Done,
        }
    }

    /// `time.Sleep`.
    pub fn sleep(&mut self, nanoseconds: i64) -> Outcome {
        outcome(timer::sleep(self.m, self.g, nanoseconds))
    }

    /// Makes the channel in argument word 0, new and with room for one value, a timer's.
    pub fn mark_timer_channel(&mut self) -> Outcome {
        // SAFETY: a channel that nobody else knows yet, by the native's contract.
        unsafe { chan::mark_timer(self.word(0) as *mut u64) };
        Outcome::Done
    }

    /// Arms a timer that sends to the channel in argument word 0; the result is its name.
    pub fn start_timer(&mut self, delay: i64, period: u64) -> Outcome {
        let target = Target::Channel(self.word(0) as *mut u64);
        let id = timer::start(self.m, delay, period, target);
        self.done_with(id)
    }

    /// Arms a timer that starts a goroutine with the closure in argument word 0; the result is its name.
    pub fn start_closure_timer(&mut self, delay: i64) -> Outcome {
        let target = Target::Closure(self.word(0));
        let id = timer::start(self.m, delay, 0, target);
        self.done_with(id)
    }

    /// Stops the timer of this name, whose channel (or nil) is in argument word 0; the result is whether it was armed.
    pub fn stop_timer(&mut self, id: u64) -> Outcome {
        // SAFETY: a timer's channel or nil, by the native's signature.
        let active = unsafe { timer::stop(self.m, id, self.word(0) as *mut u64) };
        self.done_with(active.into())
    }

    /// Nanoseconds since 1970, and the reading of the monotonic clock that timers go by.
    pub fn clock(&self) -> (i64, i64) {
        let sched = self.m.sched();
        (sched.wall(), sched.now() as i64)
    }

    /// 64 random bits; with a seed they follow from it.
    pub fn random(&self) -> u64 {
        self.m.chooser().bits(Choice::Rand)
    }

    /// `runtime.GC`.
    pub fn collect_garbage(&mut self) -> Outcome {
        self.vm.force_collection(self.m);
        Outcome::Done
    }

    /// `debug.FreeOSMemory`: collects, and gives all memory back to the system that is free.
    pub fn free_memory(&mut self) {
        self.vm.free_memory(self.m);
    }

    /// Sets the number of processors if `n` is positive and returns the former one.
    pub fn set_processors(&mut self, n: i64) -> usize {
        self.vm.set_processors(self.m, n)
    }

    /// Number of goroutines.
    pub fn goroutines(&self) -> usize {
        self.m.sched().num_goroutine()
    }
}

fn atomic_32(cell: &AtomicU32, op: AtomicOp) -> Option<u64> {
    // SeqCst throughout: the Go memory model says that these operations are sequentially consistent.
    const ORDER: Ordering = Ordering::SeqCst;
    let result = match op {
        AtomicOp::Load => cell.load(ORDER),
        AtomicOp::Store(value) => {
            cell.store(value as u32, ORDER);
            return None;
        }
        AtomicOp::Add(delta) => cell
            .fetch_add(delta as u32, ORDER)
            .wrapping_add(delta as u32),
        AtomicOp::Swap(new) => cell.swap(new as u32, ORDER),
        AtomicOp::CompareAndSwap(old, new) => cell
            .compare_exchange(old as u32, new as u32, ORDER, ORDER)
            .is_ok()
            .into(),
        AtomicOp::And(mask) => cell.fetch_and(mask as u32, ORDER),
        AtomicOp::Or(mask) => cell.fetch_or(mask as u32, ORDER),
    };
    Some(result.into())
}

fn atomic_64(cell: &AtomicU64, canonical: impl Fn(u64) -> u64, op: AtomicOp) -> Option<u64> {
    // SeqCst throughout: the Go memory model says that these operations are sequentially consistent.
    const ORDER: Ordering = Ordering::SeqCst;
    Some(match op {
        AtomicOp::Load => cell.load(ORDER),
        AtomicOp::Store(value) => {
            cell.store(value, ORDER);
            return None;
        }
        AtomicOp::Add(delta) => {
            let add = |old: u64| canonical(old.wrapping_add(delta));
            let mut old = cell.load(ORDER);
            loop {
                match cell.compare_exchange_weak(old, add(old), ORDER, ORDER) {
                    Ok(old) => break add(old),
                    Err(now) => old = now,
                }
            }
        }
        AtomicOp::Swap(new) => cell.swap(new, ORDER),
        AtomicOp::CompareAndSwap(old, new) => {
            cell.compare_exchange(old, new, ORDER, ORDER).is_ok().into()
        }
        // Bitwise operations on sign-extended words give sign-extended words.
        AtomicOp::And(mask) => cell.fetch_and(mask, ORDER),
        AtomicOp::Or(mask) => cell.fetch_or(mask, ORDER),
    })
}
