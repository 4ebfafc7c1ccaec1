//! Stopping the world.
//!
//! The one who stops it sets `stopping` under the idle lock and asks all running goroutines to a
//! safepoint, again and again until every processor is idle, or held by a machine that waits in
//! `stop_here`, or the stopper's own. From then on nothing runs Go code and every goroutine's pc and base are saved.
//! Machines that wait, with or without a processor, can be asked to help.

use std::sync::Arc;
use std::time::Duration;

use super::idle::{Idle, Mailbox};
use super::{Machine, Scheduler};
use crate::sync::MutexGuard;
use crate::sync::atomic::Ordering;

/// The part of the idle list's state that is about stopping.
pub(crate) struct World {
    /// Nobody may take a processor or run Go code.
    pub(crate) stopping: bool,
    /// Machines that wait with their processors.
    pub(super) stopped: usize,
    /// The machine that wakes when the next timer is due.
    pub(crate) timekeeper: Option<Arc<Mailbox>>,
    job: Option<Job>,
}

impl World {
    pub(crate) fn new() -> World {
        World {
            stopping: false,
            stopped: 0,
            timekeeper: None,
            job: None,
        }
    }
}

/// Work for several machines at once.
struct Job {
    work: *const (dyn Fn(usize) + Sync),
    /// Helpers still wanted.
    wanted: usize,
    /// Helpers that have begun; the next one's number less one.
    begun: usize,
    /// Helpers at work.
    running: usize,
}

// SAFETY: `work` is Sync, and outlives the job: `in_parallel` takes the job away and waits for its helpers.
unsafe impl Send for Job {}

impl Machine {
    /// Stops the world, runs `work` alone, lets the world go on. The calling goroutine must be at a safepoint (pc and base
    /// saved). If another machine stops the world first, this one waits for it: `work` must look whether
    /// there is still something to do. The machine may hold another processor afterwards.
    pub fn stop_the_world<R>(&mut self, work: impl FnOnce(&mut Machine) -> R) -> R {
        let sched = self.sched();
        loop {
            let mut idle = sched.idle.lock();
            if !idle.world.stopping {
                idle.world.stopping = true;
                sched.update_attention(&idle);
                break;
            }
            drop(idle);
            let current = self.p().current.load(Ordering::Relaxed);
            self.stop_here();
            if self.processor.is_none() {
                self.return_to(current);
            }
        }
        let procs = sched.active();
        let mut idle = sched.idle.lock();
        while idle.processors.len() + idle.world.stopped + 1 < procs {
            sched.attract();
            // Where nothing else wakes us, ask again: a request may meet a goroutine that is being scheduled.
            sched
                .arrived
                .wait_for(&mut idle, Duration::from_micros(100));
        }
        drop(idle);
        let result = work(self);
        sched.resume(sched.idle.lock());
        result
    }

    /// Waits, holding the processor, while the world is stopped. Afterwards the machine has none if the processor was taken
    /// out of use meanwhile; it is counted as blocked then.
    pub(crate) fn stop_here(&mut self) {
        let sched = self.sched();
        let mut idle = sched.idle.lock();
        if !idle.world.stopping {
            return;
        }
        let p = self.p();
        // Relaxed: under the lock, as below.
        let retired = p.retired.load(Ordering::Relaxed);
        idle.world.stopped += 1;
        sched.arrived.notify_all();
        while idle.world.stopping {
            idle = sched.help_if_asked(idle);
            if idle.world.stopping {
                sched.resumed.wait(&mut idle);
            }
        }
        if p.retired.load(Ordering::Relaxed) == retired {
            idle.world.stopped -= 1;
        } else {
            // Who took it has counted this machine out.
            self.processor = None;
        }
    }

    /// Runs `work` on this machine (as number 0) and on up to `helpers` others that wait (numbers from 1 on), and returns when all have returned. Only
    /// while this machine has stopped the world.
    pub fn in_parallel(&mut self, helpers: usize, work: &(dyn Fn(usize) + Sync)) {
        let sched = self.sched();
        // SAFETY: only the lifetime is widened; the job is gone and its helpers are through before we return.
        let erased: *const (dyn Fn(usize) + Sync + 'static) = unsafe {
            std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), *const (dyn Fn(usize) + Sync)>(
                work,
            )
        };
        {
            let mut idle = sched.idle.lock();
            idle.world.job = Some(Job {
                work: erased,
                wanted: helpers,
                begun: 0,
                running: 0,
            });
            sched.resumed.notify_all();
            for mailbox in idle.machines.iter().rev().take(helpers) {
                mailbox.poke();
            }
        }
        work(0);
        let mut idle = sched.idle.lock();
        if let Some(job) = &mut idle.world.job {
            job.wanted = 0;
        }
        while idle.world.job.as_ref().is_some_and(|job| job.running > 0) {
            sched.arrived.wait(&mut idle);
        }
        idle.world.job = None;
    }
}

impl Scheduler {
    /// Stops the world for a thread that is no machine, runs `work`, lets the world go on. Not once the program is over.
    pub(super) fn stop_from_outside(&self, work: impl FnOnce()) {
        let mut idle = self.idle.lock();
        while idle.world.stopping {
            if self.is_finished() {
                return;
            }
            self.resumed.wait_for(&mut idle, Duration::from_millis(1));
        }
        idle.world.stopping = true;
        self.update_attention(&idle);
        while idle.processors.len() + idle.world.stopped < self.active() && !self.is_finished() {
            self.attract();
            self.arrived.wait_for(&mut idle, Duration::from_micros(100));
        }
        if !self.is_finished() {
            drop(idle);
            work();
            idle = self.idle.lock();
        }
        self.resume(idle);
    }

    /// Lets a stopped world go on.
    fn resume(&self, mut idle: MutexGuard<'_, Idle>) {
        idle.world.stopping = false;
        self.serve_returning(&mut idle);
        self.update_attention(&idle);
        self.resumed.notify_all();
        drop(idle);
        // Whoever wanted to wake a processor meanwhile was refused.
        if self.look_again() {
            self.wake_p();
        }
    }

    /// How many machines besides the caller's are worth asking to help.
    pub fn helpers(&self) -> usize {
        self.active().min(self.cores) - 1
    }

    /// Does a part of a job if there is one.
    pub(crate) fn help_if_asked<'a>(
        &'a self,
        mut idle: MutexGuard<'a, Idle>,
    ) -> MutexGuard<'a, Idle> {
        let Some(job) = idle.world.job.as_mut().filter(|job| job.wanted > 0) else {
            return idle;
        };
        job.wanted -= 1;
        job.begun += 1;
        job.running += 1;
        let (work, number) = (job.work, job.begun);
        drop(idle);
        // SAFETY: `in_parallel` does not return before `running` is back to 0.
        unsafe { (*work)(number) };
        let mut idle = self.idle.lock();
        if let Some(job) = idle.world.job.as_mut() {
            job.running -= 1;
        }
        self.arrived.notify_all();
        idle
    }
}
