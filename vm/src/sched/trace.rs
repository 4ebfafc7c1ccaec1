//! `schedtrace`: a line about processors, threads and queues every so many milliseconds, with Go's keys.

use std::fmt::Write;
use std::time::Duration;

use super::Scheduler;
use super::idle::{ThreadEnd, spawn_thread};
use crate::sync::atomic::Ordering;

impl Scheduler {
    /// Starts the thread that prints.
    pub(super) fn start_trace(&self) {
        let (Some(period), Some(me)) = (self.config.trace, self.me.upgrade()) else {
            return;
        };
        self.idle.lock().threads += 1;
        let started = spawn_thread("schedtrace", move || {
            let ended = ThreadEnd(me);
            ended.0.trace(period.max(Duration::from_millis(1)));
        });
        if !started {
            self.idle.lock().threads -= 1;
        }
    }

    fn trace(&self, period: Duration) {
        let mut idle = self.idle.lock();
        while !self.is_finished() {
            let line = self.trace_line(idle.threads, idle.machines.len());
            drop(idle);
            // Nobody is left to tell when writing fails.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
            idle = self.idle.lock();
            if !self.is_finished() {
                self.over.wait_for(&mut idle, period);
            }
        }
    }

    fn trace_line(&self, threads: usize, waiting: usize) -> String {
        let (mut queues, mut ticks) = (String::new(), String::new());
        for p in self.processors() {
            let next = usize::from(p.peek_next().is_some());
            // Writing to a string cannot fail.
            let _ = write!(queues, "{} ", p.run_queue.len() + next);
            let _ = write!(ticks, "{} ", p.slices.load(Ordering::Relaxed));
        }
        let spinning = self.spinning.load(Ordering::Relaxed);
        format!(
            "SCHED {}ms: gomaxprocs={} idleprocs={} threads={} spinningthreads={spinning} needspinning={} idlethreads={waiting} runqueue={} [ {queues}] schedticks=[ {ticks}]\n",
            self.clock.real_elapsed().as_millis(),
            self.procs(),
            self.idle_processors.load(Ordering::Relaxed),
            threads + 1,
            u32::from(spinning == 0 && self.global.len() > 0),
            self.global.len(),
        )
    }

    /// Brings everything that runs to a safepoint for good, and tells where each goroutine is. The program does not go on after that.
    pub fn halt(&self) -> Vec<super::GoroutineDump> {
        // What cannot be brought to a safepoint (a native that works for long) is shown where it was last.
        const PATIENCE: u32 = 10_000;
        let mut idle = self.idle.lock();
        idle.world.stopping = true;
        self.update_attention(&idle);
        for _ in 0..PATIENCE {
            if idle.processors.len() + idle.world.stopped >= self.active() {
                break;
            }
            self.attract();
            self.arrived.wait_for(&mut idle, Duration::from_micros(100));
        }
        drop(idle);
        self.dump_goroutines()
    }
}
