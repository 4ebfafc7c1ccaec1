//! `schedtrace`: a line about processors, threads and queues every so many milliseconds, with Go's keys; with `scheddetail` also a line about each
//! processor, machine and goroutine. What minigo has no such thing for is printed as what it is in Go when there is none.

use std::fmt::{self, Write};
use std::time::Duration;

use super::Scheduler;
use super::idle::{Idle, ThreadEnd, spawn_thread};
use super::processor::Processor;
use crate::goroutine::{IN_NATIVE, Status};
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
            let mut line = self.trace_line(&idle);
            drop(idle);
            if self.config.trace_detail {
                self.trace_goroutines(&mut line);
            }
            // Nobody is left to tell when writing fails.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
            idle = self.idle.lock();
            if !self.is_finished() {
                self.over.wait_for(&mut idle, period);
            }
        }
    }

    fn trace_line(&self, idle: &Idle) -> String {
        let spinning = self.spinning.load(Ordering::Relaxed);
        let mut text = format!(
            "SCHED {}ms: gomaxprocs={} idleprocs={} threads={} spinningthreads={spinning} needspinning={} idlethreads={} runqueue={}",
            self.clock.real_elapsed().as_millis(),
            self.procs(),
            self.idle_processors.load(Ordering::Relaxed),
            idle.threads + 1,
            u32::from(spinning == 0 && self.global.len() > 0),
            idle.machines.len(),
            self.global.len(),
        );
        // Writing to a string cannot fail.
        let _ = if self.config.trace_detail {
            self.trace_parts(&mut text, idle)
        } else {
            self.trace_queues(&mut text)
        };
        text
    }

    fn trace_queues(&self, text: &mut String) -> fmt::Result {
        text.push_str(" [ ");
        for p in self.processors() {
            write!(text, "{} ", waiting_at(p))?;
        }
        text.push_str("] schedticks=[ ");
        for p in self.processors() {
            write!(text, "{} ", p.slices.load(Ordering::Relaxed))?;
        }
        text.push_str("]\n");
        Ok(())
    }

    /// The rest of the first line, and those about processors and machines.
    fn trace_parts(&self, text: &mut String, idle: &Idle) -> fmt::Result {
        let stopping = idle.world.stopping;
        writeln!(
            text,
            " gcwaiting={stopping} nmidlelocked=0 stopwait=0 sysmonwait={}",
            self.monitor.is_asleep()
        )?;
        let is_idle = |p: &Processor| idle.processors.contains(&p.index);
        let machine = |p: &Processor| p.machine.load(Ordering::Relaxed) as usize;
        for p in self.processors() {
            let (status, holder) = match (is_idle(p), stopping) {
                (true, _) => (0, "nil".to_owned()),
                (false, true) => (3, machine(p).to_string()),
                (false, false) => (1, machine(p).to_string()),
            };
            writeln!(
                text,
                "  P{}: status={status} schedtick={} syscalltick={} m={holder} runqsize={} gfreecnt=0 timerslen={}",
                p.index,
                p.slices.load(Ordering::Relaxed),
                p.calls.load(Ordering::Relaxed),
                waiting_at(p),
                p.timers.len(),
            )?;
        }
        for number in (0..self.machines.load(Ordering::Relaxed)).rev() {
            let mut processors = self.processors().iter();
            let held = processors.find(|p| !is_idle(p) && machine(p) == number);
            let processor = held.map_or("nil".to_owned(), |p| p.index.to_string());
            let current = held
                .map(|p| p.current.load(Ordering::Relaxed))
                .filter(|g| !g.is_null());
            let current = current.map_or("nil".to_owned(), |g| {
                // SAFETY: cells of goroutines live as long as the scheduler.
                unsafe { &*g }.id().to_string()
            });
            let waits = idle.machines.iter().any(|mailbox| mailbox.number == number);
            writeln!(
                text,
                "  M{number}: p={processor} curg={current} mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=false blocked={waits} lockedg=nil"
            )?;
        }
        Ok(())
    }

    /// Stops the world for a moment, and writes a line about each goroutine. Not with a seed, where that would change the schedule.
    fn trace_goroutines(&self, text: &mut String) {
        if self.config.seed.is_some() {
            return;
        }
        self.stop_from_outside(|| {
            self.for_each_goroutine(|g| {
                let (status, reason) = match g.status() {
                    Status::Idle => (0, ""),
                    Status::Runnable => (1, ""),
                    Status::Running if g.flags.get() & IN_NATIVE != 0 => (3, ""),
                    Status::Running => (2, ""),
                    Status::Waiting => (4, g.reason().text()),
                    Status::Dead => (6, ""),
                };
                let running = self
                    .processors()
                    .iter()
                    .find(|p| std::ptr::eq(p.current.load(Ordering::Relaxed), g))
                    .map_or("nil".to_owned(), |p| {
                        p.machine.load(Ordering::Relaxed).to_string()
                    });
                let _ = writeln!(
                    text,
                    "  G{}: status={status}({reason}) m={running} lockedm=nil",
                    g.id()
                );
            });
        });
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

/// Goroutines that wait at a processor.
fn waiting_at(p: &Processor) -> usize {
    p.run_queue.len() + usize::from(p.peek_next().is_some())
}
