//! The monitor: a thread that looks every few milliseconds whether a goroutine has had its time slice, whether timers
//! or goroutines wait although a processor is idle, and does something about it. It also writes what the program printed and
//! nobody wrote yet.
//!
//! It is started by the first `go` statement, timer or output that waits: a program without them needs no second thread.

use std::time::{Duration, Instant};

use super::Scheduler;
use super::idle::{ThreadEnd, spawn_thread};
use super::processor::Processor;
use crate::goroutine::Goroutine;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Condvar, Mutex};

/// Time between two looks. A time slice is over when it was seen at three looks: after 10 to 15 ms.
const TICK: Duration = Duration::from_millis(5);
/// Time to the next look for a processor that is idle for the sake of a system call, after one was found that work waited for; and how many
/// looks without such a find there are before that time doubles.
const SHORT_TICK: Duration = Duration::from_micros(20);
const SHORT_TICKS: u32 = 50;
/// Looks in a row at which everything was idle after which the monitor sleeps until something runs.
const QUIET_TICKS: u32 = 10;

/// The monitor's state.
pub(crate) struct Monitor {
    started: AtomicBool,
    /// It sleeps until it is nudged.
    asleep: AtomicBool,
    stop: Mutex<bool>,
    wake: Condvar,
}

impl Monitor {
    pub(crate) fn new() -> Monitor {
        Monitor {
            started: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            stop: Mutex::new(false),
            wake: Condvar::new(),
        }
    }

    /// Starts the thread if it does not run.
    #[inline]
    pub(crate) fn start(&self, sched: &Scheduler) {
        // Relaxed: only whether, and the swap below decides.
        if !self.started.load(Ordering::Relaxed) {
            self.start_thread(sched);
        }
    }

    #[cold]
    fn start_thread(&self, sched: &Scheduler) {
        if cfg!(loom) || sched.config.seed.is_some() || self.started.swap(true, Ordering::Relaxed) {
            return;
        }
        let Some(me) = sched.me.upgrade() else { return };
        sched.idle.lock().threads += 1;
        let started = spawn_thread("monitor", move || {
            let ended = ThreadEnd(me);
            ended.0.watch();
        });
        if !started {
            sched.idle.lock().threads -= 1;
        }
    }

    /// Something runs again.
    pub(crate) fn nudge(&self) {
        // Relaxed: if the nudge is missed, the next one comes with the next processor that is taken; the monitor looks
        // for idle processors after it set the flag.
        if self.asleep.load(Ordering::Relaxed) {
            self.asleep.store(false, Ordering::Relaxed);
            drop(self.stop.lock());
            self.wake.notify_one();
        }
    }

    /// It waits until something runs.
    pub(crate) fn is_asleep(&self) -> bool {
        // Relaxed: for reports.
        self.asleep.load(Ordering::Relaxed)
    }

    /// Ends the thread.
    pub(crate) fn stop(&self) {
        *self.stop.lock() = true;
        self.wake.notify_one();
    }

    /// Sleeps until the next look; false when it is to end.
    fn tick(&self, time: Duration) -> bool {
        let mut stop = self.stop.lock();
        if !*stop {
            self.wake.wait_for(&mut stop, time);
        }
        !*stop
    }

    /// Sleeps until something runs; a second at most, in case a nudge was missed.
    fn sleep(&self, all_idle: impl Fn() -> bool) {
        let mut stop = self.stop.lock();
        self.asleep.store(true, Ordering::SeqCst);
        if !*stop && all_idle() {
            self.wake.wait_for(&mut stop, Duration::from_secs(1));
        }
        self.asleep.store(false, Ordering::Relaxed);
    }
}

/// What the monitor saw of a processor at its last looks.
#[derive(Clone, Copy, Default)]
struct Seen {
    slices: u32,
    times: u32,
}

impl Scheduler {
    fn watch(&self) {
        let (mut seen, mut calls) = (Vec::new(), Vec::new());
        let mut quiet = 0;
        let (mut pause, mut calm) = (TICK, 0);
        let mut last = Instant::now();
        while self.monitor.tick(pause) && !self.is_finished() {
            if self.hand_on(&mut calls) {
                (pause, calm) = (SHORT_TICK, 0);
            } else {
                calm += 1;
                if calm > SHORT_TICKS {
                    pause = TICK.min(2 * pause);
                }
            }
            if pause < TICK && last.elapsed() < TICK {
                continue;
            }
            last = Instant::now();
            let busy = (self.hooks().tick)();
            let all_idle = || {
                let active = self.active();
                // SeqCst: as everywhere; see `wake_p`. If the number of processors changes meanwhile, the next look will tell.
                self.idle_processors.load(Ordering::SeqCst) == active
                    && active == self.active()
                    && !self.look_again()
                    && !self.lacks_timekeeper()
            };
            if all_idle() {
                quiet = if busy { 0 } else { quiet + 1 };
                if quiet > QUIET_TICKS {
                    self.monitor.sleep(all_idle);
                    quiet = 0;
                }
                continue;
            }
            quiet = 0;
            let processors = self.processors();
            seen.resize(processors.len(), Seen::default());
            for (p, seen) in processors.iter().zip(&mut seen) {
                self.watch_processor(p, seen);
            }
            if self.timers_are_late() || self.look_again() {
                self.wake_p();
            }
        }
    }

    /// Gives a processor that is idle while its machine is in a system call to another machine, if work waits, or timers that nobody sees
    /// to, and the call is the one that the last look met. `calls` are the calls of each processor that it met.
    fn hand_on(&self, calls: &mut Vec<u32>) -> bool {
        let processors = self.processors();
        calls.resize(processors.len(), 0);
        let mut long = false;
        for (p, seen) in processors.iter().zip(calls) {
            // Relaxed: only a guess at how long the call takes.
            let number = p.calls.load(Ordering::Relaxed);
            long |= number != 0 && *seen == number;
            *seen = number;
        }
        let found = long
            && (self.look_again() || self.lacks_timekeeper())
            && self.may_wake()
            && self.idle.lock().blocked > 0;
        if found {
            self.wake_p();
        }
        found
    }

    fn watch_processor(&self, p: &Processor, seen: &mut Seen) {
        // Relaxed: statistics.
        let slices = p.slices.load(Ordering::Relaxed);
        if slices != seen.slices {
            *seen = Seen { slices, times: 0 };
            return;
        }
        seen.times += 1;
        if seen.times >= 2 {
            p.preempt.store(true, Ordering::Relaxed);
            self.preempt_current(p);
        }
    }

    /// Asks what runs on `p` to come to a safepoint.
    #[inline]
    pub(crate) fn preempt_current(&self, p: &Processor) {
        // Relaxed: stale values do no harm: see `Goroutine::preempt`.
        let current: *mut Goroutine = p.current.load(Ordering::Relaxed);
        if !current.is_null() {
            // SAFETY: cells of goroutines are never given back while the scheduler lives.
            unsafe { (*current).preempt() };
        }
    }
}
