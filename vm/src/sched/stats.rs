//! What the scheduler counted: for `--stats`.

use std::fmt;

use super::Scheduler;
use crate::sync::atomic::{AtomicU32, Ordering};

/// Sums over all processors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SchedStats {
    /// Processors in use.
    pub procs: usize,
    /// Times that a goroutine was run.
    pub switches: u64,
    /// Times that one waited for something.
    pub parks: u64,
    /// Times that one gave way to others at a safepoint.
    pub preemptions: u64,
    /// Times that a processor took goroutines from another one, and how many.
    pub steals: u64,
    /// Goroutines taken.
    pub stolen: u64,
    /// The longest queue of a processor.
    pub longest_queue: u32,
    /// The longest run of a goroutine in safepoints, where these are counted.
    pub longest_run: u32,
    /// Goroutines at the end.
    pub goroutines: usize,
}

impl Scheduler {
    /// The counts so far; exact when nothing runs.
    pub fn stats(&self) -> SchedStats {
        // Relaxed: statistics.
        let get = |counter: &AtomicU32| u64::from(counter.load(Ordering::Relaxed));
        let mut stats = SchedStats {
            procs: self.procs(),
            goroutines: self.num_goroutine(),
            ..SchedStats::default()
        };
        for p in self.all_processors.made() {
            stats.switches += get(&p.runs);
            stats.parks += get(&p.counts.parks);
            stats.preemptions += get(&p.counts.preemptions);
            stats.steals += get(&p.counts.steals);
            stats.stolen += get(&p.counts.stolen);
            let queue = p.counts.longest_queue.load(Ordering::Relaxed);
            stats.longest_queue = stats.longest_queue.max(queue);
            let run = p.counts.longest_run.load(Ordering::Relaxed);
            stats.longest_run = stats.longest_run.max(run);
        }
        stats
    }
}

impl fmt::Display for SchedStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "scheduler: {} processors, {} switches, {} parks, {} preemptions, {} goroutines in {} steals, longest queue {}, {} goroutines left",
            self.procs,
            self.switches,
            self.parks,
            self.preemptions,
            self.stolen,
            self.steals,
            self.longest_queue,
            self.goroutines
        )?;
        if self.longest_run > 0 {
            writeln!(f, "longest run: {} safepoints", self.longest_run)?;
        }
        Ok(())
    }
}
