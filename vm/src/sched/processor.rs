//! A processor: the right to run Go code, and what goes with it.
//!
//! A machine that holds a processor is the only one to use its cells and to push to its queue. It got
//! it either under the idle lock or through a mailbox, which publish them.

use std::cell::{Cell, UnsafeCell};
use std::ptr;

use super::chooser::Chooser;
use super::config::Config;
use super::policy::Chosen;
use super::run_queue::{GoroutineList, RunQueue};
use super::timer::Timers;
use crate::goroutine::{Goroutine, GoroutinePtr};
use crate::sync::atomic::{AtomicBool, AtomicIsize, AtomicPtr, AtomicU32, Ordering};
use crate::sync::raw;

/// See the module's text. Aligned so that two processors share no cache line.
#[repr(align(128))]
pub(crate) struct Processor {
    pub(crate) index: usize,
    pub(crate) run_queue: RunQueue,
    /// The goroutine made ready last: it runs next, in the time slice of the one that readied it.
    run_next: AtomicPtr<Goroutine>,
    /// What the holder is running; only for asking it to stop.
    pub(crate) current: AtomicPtr<Goroutine>,
    /// Times that it was taken out of use, from whoever held it. Changes under the idle lock; not loom's: no model does that.
    pub(crate) retired: raw::AtomicU32,
    /// The number of the machine that took it last, for reports. Not loom's, as above.
    pub(crate) machine: raw::AtomicU32,
    /// Counts system calls; written by the holder. Not loom's, as above.
    pub(crate) calls: raw::AtomicU32,
    /// Counts time slices; written by the holder.
    pub(crate) slices: AtomicU32,
    /// Counts goroutines run; written by the holder.
    pub(crate) runs: AtomicU32,
    /// The current time slice is over.
    pub(crate) preempt: AtomicBool,
    /// Goroutines started here less those ended here; written by the holder.
    pub(crate) live: AtomicIsize,
    /// Safepoints until another processor is woken for what is in `run_next`; 0 for not at all.
    pub(crate) wake_countdown: Cell<u32>,
    /// Where safepoints are counted: how many are left of the time slice, passed in it, and passed at all.
    pub(crate) quantum: Cell<u32>,
    pub(crate) run_length: Cell<u32>,
    pub(crate) steps: Cell<u64>,
    /// Safepoints that may be passed before the program's limit must be asked again.
    pub(crate) budget: Cell<u64>,
    pub(crate) counts: Counts,
    /// Next goroutine number and how many of them are reserved.
    pub(crate) ids: Cell<(u64, u32)>,
    free: UnsafeCell<GoroutineList>,
    /// With a seed: everything runnable, in place of the queues.
    pub(crate) chosen: UnsafeCell<Chosen>,
    /// How many these are, for those who do not hold the processor. Not loom's: no model has a seed.
    pub(crate) chosen_count: raw::AtomicUsize,
    pub(crate) chooser: Chooser,
    pub(crate) timers: Timers,
}

/// What `--stats` tells, counted by the holder.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) steals: AtomicU32,
    pub(crate) stolen: AtomicU32,
    pub(crate) parks: AtomicU32,
    pub(crate) preemptions: AtomicU32,
    pub(crate) longest_queue: AtomicU32,
    pub(crate) longest_run: AtomicU32,
}

// SAFETY: cells are the holder's alone (see the module's text); the rest is atomic or locked.
unsafe impl Sync for Processor {}
// SAFETY: nothing in it belongs to a thread.
unsafe impl Send for Processor {}

impl Processor {
    pub(crate) fn new(index: usize, seed: u64, config: &Config) -> Processor {
        let chooser = Chooser::new(seed);
        let chosen = Chosen::new(config.policy, config.quantum, &chooser);
        Processor {
            index,
            run_queue: RunQueue::new(),
            run_next: AtomicPtr::new(ptr::null_mut()),
            current: AtomicPtr::new(ptr::null_mut()),
            retired: raw::AtomicU32::new(0),
            machine: raw::AtomicU32::new(0),
            calls: raw::AtomicU32::new(0),
            slices: AtomicU32::new(0),
            runs: AtomicU32::new(0),
            preempt: AtomicBool::new(false),
            live: AtomicIsize::new(0),
            wake_countdown: Cell::new(0),
            quantum: Cell::new(0),
            run_length: Cell::new(0),
            steps: Cell::new(0),
            budget: Cell::new(0),
            counts: Counts::default(),
            ids: Cell::new((0, 0)),
            free: UnsafeCell::new(GoroutineList::new()),
            chosen: UnsafeCell::new(chosen),
            chosen_count: raw::AtomicUsize::new(0),
            chooser,
            timers: Timers::new(),
        }
    }

    /// Free cells kept here.
    ///
    /// # Safety
    /// Only for the holder, one result at a time.
    #[allow(
        clippy::mut_from_ref,
        reason = "the holder is the only user, by contract"
    )]
    pub(crate) unsafe fn free(&self) -> &mut GoroutineList {
        // SAFETY: by the function's contract.
        unsafe { &mut *self.free.get() }
    }

    /// Makes `g` the next to run and returns the one it displaces.
    #[inline]
    pub(crate) fn replace_next(&self, g: GoroutinePtr) -> Option<GoroutinePtr> {
        // SeqCst: the goroutine is published to thieves (Acquire in `take_next`), and the store comes before the
        // caller's look at the idle processors: see `ready`.
        GoroutinePtr::new(self.run_next.swap(g.as_ptr(), Ordering::SeqCst))
    }

    /// Takes the next to run.
    #[inline]
    pub(crate) fn take_next(&self) -> Option<GoroutinePtr> {
        // Relaxed: nobody but the holder makes it non-null.
        if self.run_next.load(Ordering::Relaxed).is_null() {
            return None;
        }
        // Acquire: pairs with `replace_next`.
        GoroutinePtr::new(self.run_next.swap(ptr::null_mut(), Ordering::AcqRel))
    }

    /// What is next to run, for a look from outside.
    pub(crate) fn peek_next(&self) -> Option<GoroutinePtr> {
        // SeqCst: the other half of the pair described in `replace_next`.
        GoroutinePtr::new(self.run_next.load(Ordering::SeqCst))
    }

    /// A thief takes `g` if it still is the next to run.
    pub(crate) fn steal_next(&self, g: GoroutinePtr) -> bool {
        // Acquire: pairs with `replace_next`.
        self.run_next
            .compare_exchange(
                g.as_ptr(),
                ptr::null_mut(),
                Ordering::AcqRel,
                Ordering::Relaxed,
            )
            .is_ok()
    }

    /// True if there is something to run or steal.
    pub(crate) fn has_work(&self) -> bool {
        // SeqCst: as in `peek_next`.
        self.peek_next().is_some()
            || !self.run_queue.is_empty()
            || self.chosen_count.load(Ordering::SeqCst) != 0
    }

    /// Adds to a counter that only the holder writes.
    #[inline(always)]
    pub(crate) fn count(counter: &AtomicU32) -> u32 {
        // Relaxed: a statistic for the monitor and thieves; only the holder writes.
        let next = counter.load(Ordering::Relaxed).wrapping_add(1);
        counter.store(next, Ordering::Relaxed);
        next
    }

    /// A run of a goroutine is over, where safepoints are counted.
    pub(crate) fn end_run(&self) {
        let length = self.run_length.replace(0);
        // Relaxed: a statistic that only the holder writes.
        if length > self.counts.longest_run.load(Ordering::Relaxed) {
            self.counts.longest_run.store(length, Ordering::Relaxed);
        }
    }

    /// Notes that so many goroutines came from another processor.
    pub(crate) fn count_steal(&self, goroutines: usize) {
        Processor::count(&self.counts.steals);
        // Relaxed: a statistic that only the holder writes.
        let stolen = &self.counts.stolen;
        stolen.store(
            stolen
                .load(Ordering::Relaxed)
                .wrapping_add(goroutines as u32),
            Ordering::Relaxed,
        );
    }

    /// Adds to the number of live goroutines.
    #[inline(always)]
    pub(crate) fn add_live(&self, n: isize) {
        // Relaxed: only the holder writes, and who needs the exact sum has stopped the world.
        self.live
            .store(self.live.load(Ordering::Relaxed) + n, Ordering::Relaxed);
    }
}
