//! Limits of a run: safepoints passed, goroutines alive, time.
//!
//! Safepoints are counted where they happen, in parts that a processor takes from what is left, so that counting is not a
//! meeting point. The time is watched by a thread of its own: the monitor does not run in every program.

use std::time::{Duration, Instant};

use super::idle::{ThreadEnd, spawn_thread};
use super::processor::Processor;
use super::{Finish, Machine, Scheduler};
use crate::goroutine::Goroutine;
use crate::sync::atomic::Ordering;

/// Safepoints that a processor takes from the limit at once, at most.
const STEP_BATCH: u64 = 10_000;
/// How long a program that has ended may go on in a system call before it is left there.
const GRACE: Duration = Duration::from_millis(100);

/// What a run had too much of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// It ran for longer than this.
    Time(Duration),
    /// It passed more safepoints than this.
    Steps(u64),
    /// It had more goroutines than this.
    Goroutines(usize),
    /// It needed more threads than this (`debug.SetMaxThreads`).
    Threads(usize),
}

impl Limit {
    /// The exit code: as `timeout` has it for time, one more for the others; Go's for threads, of which Go has a limit as well.
    pub fn status(self) -> i32 {
        match self {
            Limit::Time(_) => 124,
            Limit::Steps(_) | Limit::Goroutines(_) => 125,
            Limit::Threads(_) => 2,
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Limit::Time(limit) => write!(
                f,
                "minigo: the program ran for more than {limit:?} (--timeout)"
            ),
            Limit::Steps(limit) => write!(
                f,
                "minigo: the program made more than {limit} steps (--max-steps)"
            ),
            Limit::Goroutines(limit) => write!(
                f,
                "minigo: the program had more than {limit} goroutines (--max-goroutines)"
            ),
            Limit::Threads(limit) => write!(
                f,
                "runtime: program exceeds {limit}-thread limit\nfatal error: thread exhaustion"
            ),
        }
    }
}

impl Machine {
    /// Counts a safepoint; false if that is one too many, and the program over.
    #[inline]
    pub(super) fn count_step(&mut self, p: &Processor, g: &Goroutine) -> bool {
        p.steps.set(p.steps.get() + 1);
        p.run_length.set(p.run_length.get().saturating_add(1));
        match p.budget.get().checked_sub(1) {
            Some(left) => {
                p.budget.set(left);
                true
            }
            None => self.take_steps(p, g),
        }
    }

    #[cold]
    fn take_steps(&mut self, p: &Processor, g: &Goroutine) -> bool {
        let sched = self.sched();
        let Some(limit) = sched.config.max_steps else {
            p.budget.set(u64::MAX);
            return true;
        };
        let batch = (limit / (32 * sched.procs() as u64)).clamp(1, STEP_BATCH);
        // Relaxed: only a count.
        let take = |left: u64| (left > 0).then(|| left - left.min(batch));
        let taken = sched
            .steps_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        match taken {
            Ok(left) => {
                p.budget.set(left.min(batch) - 1);
                true
            }
            Err(_) => {
                // SAFETY: the goroutine runs here, at a safepoint with pc and base saved.
                let dump = unsafe { sched.dump(g) };
                sched.end(Finish::Limit(Limit::Steps(limit), Some(dump)));
                false
            }
        }
    }

    /// A goroutine more: ends the program if that is one too many.
    #[cold]
    pub(super) fn check_goroutines(&self, limit: usize) {
        let sched = self.sched();
        if sched.num_goroutine() > limit {
            sched.end(Finish::Limit(Limit::Goroutines(limit), None));
        }
    }
}

impl Scheduler {
    /// `debug.SetMaxThreads`: sets how many threads there may be, and returns the former number. Ends the program if there are more already.
    pub(crate) fn set_max_threads(&self, limit: usize) -> usize {
        // Relaxed: just a number.
        let old = self.max_threads.swap(limit, Ordering::Relaxed);
        let threads = self.idle.lock().threads + 1;
        self.has_room_for_threads(threads);
        old
    }

    /// Ends the program if so many threads are too many.
    pub(super) fn has_room_for_threads(&self, threads: usize) -> bool {
        // Relaxed: just a number.
        let limit = self.max_threads.load(Ordering::Relaxed);
        if threads > limit {
            self.end(Finish::Limit(Limit::Threads(limit), None));
            // All threads may be in system calls, and this one about to make one.
            self.abandon_after(GRACE);
        }
        threads <= limit
    }

    /// Starts the thread that ends the program when its time is over.
    pub(super) fn start_timeout(&self) {
        let (Some(limit), Some(me)) = (self.config.timeout, self.me.upgrade()) else {
            return;
        };
        let due = Instant::now() + limit;
        self.idle.lock().threads += 1;
        let started = spawn_thread("timeout", move || {
            let ended = ThreadEnd(me);
            ended.0.await_timeout(due, limit);
        });
        if !started {
            self.idle.lock().threads -= 1;
        }
    }

    fn await_timeout(&self, due: Instant, limit: Duration) {
        let mut idle = self.idle.lock();
        while !self.is_finished() {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.over.wait_for(&mut idle, left);
        }
        drop(idle);
        if self.is_finished() {
            return;
        }
        self.end(Finish::Limit(Limit::Time(limit), None));
        self.abandon_after(GRACE);
    }

    /// The program is over. If the first machine, in a system call perhaps, has not come back after `grace`, it is left there.
    pub(super) fn abandon_after(&self, grace: Duration) {
        let until = Instant::now() + grace;
        let mut idle = self.idle.lock();
        while !idle.returned {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(idle);
                if let Some(finish) = self.finish.lock().clone() {
                    (self.hooks().abandon)(finish);
                }
                return;
            }
            self.over.wait_for(&mut idle, left);
        }
    }
}
