//! Figures about memory for programs that ask (`runtime.ReadMemStats`).

use std::collections::VecDeque;

use crate::Vm;
use crate::heap::HeapStats;
use crate::native::Call;
use crate::sched::Machine;
use crate::sync::Mutex;
use crate::sync::raw::{AtomicBool, Ordering::Relaxed};

/// Collections whose pauses are remembered, as in Go.
const REMEMBERED: usize = 256;

/// What is known at one moment, the world standing.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// The heap's own counters.
    pub heap: HeapStats,
    /// Bytes and objects allocated since the beginning, exactly.
    pub allocated: (u64, u64),
    /// Bytes and objects that are alive or not yet known to be dead.
    pub in_use: (u64, u64),
    /// Bytes of goroutines and their stacks.
    pub stack_bytes: u64,
    /// Collections that the program asked for.
    pub forced: u64,
    /// The last collections' pauses in nanoseconds and when they ended in nanoseconds since 1970, the newest last.
    pub pauses: Vec<(u64, u64)>,
    /// The share of the time since the program began that collections took.
    pub collecting: f64,
}

/// What is remembered of collections.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The program has asked once: from then on collections count exactly what was allocated before them.
    wanted: AtomicBool,
    past: Mutex<Past>,
}

#[derive(Debug, Default)]
struct Past {
    forced: u64,
    pauses: VecDeque<(u64, u64)>,
    /// Bytes and objects allocated before the last collection.
    allocated: (u64, u64),
}

impl Vm {
    /// Bytes and objects allocated so far. Only while the world is stopped.
    fn allocated_exactly(&self) -> (u64, u64) {
        let locals = self.local_heaps.made();
        // SAFETY: the world is stopped: nobody allocates.
        let locals = locals.iter().map(|slot| unsafe { &*slot.0.get() });
        self.heap.allocated_exactly(locals)
    }

    /// Remembers a collection that has just been done.
    pub(crate) fn note_collection(&self, forced: bool) {
        let stats = self.heap.stats();
        let pause = stats.pause_last.as_nanos() as u64;
        let mut past = self.history.past.lock();
        past.forced += u64::from(forced);
        if past.pauses.len() == REMEMBERED {
            past.pauses.pop_front();
        }
        past.pauses.push_back((pause, self.sched.wall() as u64));
        // Relaxed: only a wish. Counting exactly looks at all free lists.
        past.allocated = if self.history.wanted.load(Relaxed) {
            self.allocated_exactly()
        } else {
            (stats.allocated_bytes, stats.allocated_objects)
        };
    }

    fn figures(&self, m: &mut Machine) -> Figures {
        // Relaxed: as in `note_collection`.
        self.history.wanted.store(true, Relaxed);
        m.stop_the_world(|_| {
            let heap = self.heap.stats();
            let allocated = self.allocated_exactly();
            let mut stack_bytes = 0;
            self.sched
                .for_each_goroutine(|g| stack_bytes += g.memory() as u64);
            let past = self.history.past.lock();
            let since = |now: u64, then: u64| now.saturating_sub(then);
            Figures {
                heap,
                allocated,
                in_use: (
                    heap.live_bytes + since(allocated.0, past.allocated.0),
                    heap.live_objects + since(allocated.1, past.allocated.1),
                ),
                stack_bytes,
                forced: past.forced,
                pauses: past.pauses.iter().copied().collect(),
                collecting: heap.pause_total.as_nanos() as f64 / self.sched.now().max(1) as f64,
            }
        })
    }
}

impl Call<'_> {
    /// `runtime.ReadMemStats`.
    pub fn memory_figures(&mut self) -> Figures {
        self.vm.figures(self.m)
    }
}
