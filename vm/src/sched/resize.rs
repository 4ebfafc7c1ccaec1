//! Changing the number of processors while the program runs.
//!
//! It is done with the world stopped, when every processor is idle, held by a machine that waits in `stop_here`, or the
//! caller's. Processors in use always are the first ones. Those that go out of use keep nothing: what they had is handed to the
//! global queue and to the first processor. Their holders find out when they leave `stop_here` (a processor counts how often it was
//! retired, so that a holder notices even if it came into use again meanwhile) and look for another one, like machines
//! that come back from a system call.

use std::ptr;

use super::processor::Processor;
use super::run_queue::GoroutineList;
use super::{MAX_PROCS, Machine, Scheduler, seed_of};
use crate::sync::atomic::Ordering;

impl Machine {
    /// Sets the number of processors (at most [`MAX_PROCS`] of them) and returns the former one; below 1 it only returns it. The
    /// calling goroutine must be at a safepoint.
    ///
    /// `made` is called before processors come into use, with how many there will be; `retired` with the index of each that goes
    /// out of use. Nothing runs Go code meanwhile.
    pub fn set_procs(
        &mut self,
        n: i64,
        made: impl FnOnce(usize),
        retired: impl Fn(usize),
    ) -> usize {
        let sched = self.sched();
        let Ok(wanted @ 1..) = usize::try_from(n) else {
            return sched.procs();
        };
        let wanted = wanted.min(MAX_PROCS);
        // A goroutine that sets what is set already, as many programs do when they begin, need not stop the others.
        if wanted == sched.procs() {
            return wanted;
        }
        let current = self.p().current.load(Ordering::Relaxed);
        let former = self.stop_the_world(|m| {
            let former = sched.procs.swap(wanted, Ordering::Relaxed);
            if sched.config.seed.is_none() && wanted != former {
                made(wanted);
                m.resize(wanted);
                (wanted..former).for_each(retired);
            }
            former
        });
        if self.processor.is_none() {
            self.return_to(current);
        }
        former
    }

    /// Brings the first `wanted` processors into use, and no others. This machine may lose its own.
    fn resize(&mut self, wanted: usize) {
        let sched = self.sched();
        sched.all_processors.grow(wanted, |i| {
            Processor::new(i, seed_of(sched.seed, i), &sched.config)
        });
        let processors = sched.all_processors.made();
        let own = self.p();
        let current = own.current.load(Ordering::Relaxed);
        let mut idle = sched.idle.lock();
        let former = sched.active.swap(wanted, Ordering::Relaxed);
        // Those that were idle before go first.
        idle.processors
            .splice(0..0, (former..wanted).rev())
            .for_each(drop);
        for p in processors.iter().take(former).skip(wanted) {
            let held = !idle.processors.contains(&p.index);
            if held {
                // The holder may have a goroutine to go on with: the program is not deadlocked before it has looked.
                idle.blocked += 1;
                if p.index != own.index {
                    idle.world.stopped -= 1;
                }
            }
            // Relaxed: under the lock.
            p.retired.fetch_add(1, Ordering::Relaxed);
            sched.clear(p, &processors[0]);
        }
        idle.processors.retain(|&index| index < wanted);
        if own.index >= wanted {
            self.processor = None;
            // The world is stopping, so `take_idle` would give none.
            if let Some(processor) = idle.processors.pop() {
                idle.blocked -= 1;
                self.take(processor, false);
                self.p().current.store(current, Ordering::Relaxed);
            }
        }
        // SeqCst: see `wake_p`.
        sched
            .idle_processors
            .store(idle.processors.len(), Ordering::SeqCst);
        // There may be processors to wait for timers with now, or none any more.
        for mailbox in &idle.machines {
            mailbox.poke();
        }
    }
}

impl Scheduler {
    /// Takes everything from a processor that goes out of use. Only with the world stopped and the idle lock held: no holder uses
    /// either processor before it got that lock.
    fn clear(&self, p: &Processor, heir: &Processor) {
        let mut runnable = GoroutineList::new();
        if let Some(g) = p.take_next() {
            runnable.push(g);
        }
        // SAFETY: the world is stopped, so this machine stands in for the holder.
        while let Some(g) = unsafe { p.run_queue.pop() } {
            runnable.push(g);
        }
        self.global.append(&mut runnable);
        heir.timers.adopt(&p.timers);
        heir.add_live(p.live.swap(0, Ordering::Relaxed));
        // SAFETY: as above; the processors are two different ones.
        let (free, kept) = unsafe { (p.free(), heir.free()) };
        kept.append(free);
        self.table.give_batch(kept);
        p.current.store(ptr::null_mut(), Ordering::Relaxed);
        p.wake_countdown.set(0);
        p.preempt.store(false, Ordering::Relaxed);
    }
}
