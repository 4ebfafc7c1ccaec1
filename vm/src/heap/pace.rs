//! When the next collection is due, and how much the program may have at all.
//!
//! What counts are bytes of objects as the heap stores them (Go's `HeapAlloc`): those that the last collection found alive and those
//! allocated since. A collection is due when they have grown by `GOGC` percent of what was alive and of the roots, but not below 4 MiB; and
//! earlier, as far as it helps, where `GOMEMLIMIT` or `--max-heap` would be exceeded.
//!
//! `--max-heap` is a limit of what is *alive*: an allocation beyond it is refused, the interpreter collects and tries it again, and the
//! program ends if that has not made room. Memory that is touched is limited as well, a tenth higher, because objects
//! that live on can lie scattered over more memory than they need.

use super::MIN_HEAP;
use crate::sync::raw::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

/// Of the memory that may be touched beyond the limit this much is given to small limits, too.
const LEAST_SLACK: u64 = 1 << 20;

/// Bytes in use and their limits. All of it is counts and hints: stopping the world orders what must be exact.
#[derive(Debug)]
pub(super) struct Pace {
    wants_collection: AtomicBool,
    /// Bytes of objects that the last collection found alive, and of what was scanned outside of the heap.
    live: AtomicU64,
    roots: AtomicU64,
    /// Memory that is not objects: the goroutines', the marks', and what lay idle between objects before the last collection.
    overhead: AtomicU64,
    /// Bytes allocated since the last collection, from how many on the next one is due, and how many there may be.
    allocated: AtomicU64,
    trigger: AtomicU64,
    ceiling: AtomicU64,
    /// Memory in use, as `Space` counts it, and from how much on a collection is due.
    touched: AtomicI64,
    touched_trigger: AtomicU64,
    /// `GOGC`, or -1 for off.
    gc_percent: AtomicI64,
    /// `GOMEMLIMIT`.
    memory_limit: AtomicI64,
    /// `--max-heap`.
    max_heap: Option<u64>,
}

impl Pace {
    pub(super) fn new(
        gc_percent: Option<u32>,
        memory_limit: Option<i64>,
        max_heap: Option<u64>,
    ) -> Pace {
        Pace {
            wants_collection: AtomicBool::new(false),
            live: AtomicU64::new(0),
            roots: AtomicU64::new(0),
            overhead: AtomicU64::new(0),
            allocated: AtomicU64::new(0),
            trigger: AtomicU64::new(0),
            ceiling: AtomicU64::new(max_heap.unwrap_or(u64::MAX)),
            touched: AtomicI64::new(0),
            touched_trigger: AtomicU64::new(max_heap.unwrap_or(u64::MAX)),
            gc_percent: AtomicI64::new(gc_percent.map_or(-1, i64::from)),
            memory_limit: AtomicI64::new(memory_limit.unwrap_or(i64::MAX)),
            max_heap,
        }
    }

    #[inline(always)]
    pub(super) fn wants_collection(&self) -> bool {
        self.wants_collection.load(Relaxed)
    }

    pub(super) fn want_collection(&self) {
        self.wants_collection.store(true, Relaxed);
    }

    /// A collection has begun.
    pub(super) fn begin(&self) {
        self.wants_collection.store(false, Relaxed);
    }

    /// Memory matters.
    pub(super) fn is_limited(&self) -> bool {
        self.max_heap.is_some() || self.memory_limit() != i64::MAX
    }

    /// Bytes of objects: alive at the last collection or allocated since.
    pub(super) fn in_use(&self) -> u64 {
        self.live.load(Relaxed) + self.allocated.load(Relaxed)
    }

    pub(super) fn set_gc_percent(&self, percent: Option<u32>) -> Option<u32> {
        let old = self.gc_percent.swap(percent.map_or(-1, i64::from), Relaxed);
        u32::try_from(old).ok()
    }

    pub(super) fn memory_limit(&self) -> i64 {
        self.memory_limit.load(Relaxed)
    }

    pub(super) fn set_memory_limit(&self, limit: i64) -> i64 {
        self.memory_limit.swap(limit, Relaxed)
    }

    /// Bytes were allocated.
    pub(super) fn count(&self, bytes: u64) {
        let allocated = self.allocated.fetch_add(bytes, Relaxed) + bytes;
        if allocated >= self.trigger.load(Relaxed) {
            self.want_collection();
        }
    }

    /// Memory has come into use.
    pub(super) fn touch(&self, bytes: u64) {
        if bytes > 0 {
            self.touched.fetch_add(bytes as i64, Relaxed);
        }
    }

    fn touched(&self) -> u64 {
        self.touched.load(Relaxed).max(0) as u64
    }

    /// Whether the program may have so many bytes more of objects, those included that are not counted yet; `beyond` the limit,
    /// too, if a collection follows.
    #[inline]
    pub(super) fn has_room(&self, bytes: u64, beyond: bool) -> bool {
        let allocated = self.allocated.load(Relaxed).saturating_add(bytes);
        if allocated <= self.ceiling.load(Relaxed) {
            return true;
        }
        self.want_collection();
        beyond
            && self.max_heap.is_some_and(|max| {
                let live = self.live.load(Relaxed);
                live <= max - max / 64 && live.saturating_add(allocated) <= max + max / 10
            })
    }

    /// The same for memory.
    pub(super) fn has_memory(&self, bytes: u64, beyond: bool) -> bool {
        let Some(max) = self.max_heap else {
            return true;
        };
        let touched = self.touched().saturating_add(bytes);
        if touched > self.touched_trigger.load(Relaxed) {
            self.want_collection();
        }
        let slack = memory_slack(max);
        touched <= max + if beyond { 2 * slack } else { slack }
    }

    /// A large object was allocated. If there is no room for another one like it, a collection comes first: not all who
    /// allocate can wait for one when there is none left.
    pub(super) fn expect_another(&self, bytes: usize) {
        let allocated = self.allocated.load(Relaxed).saturating_add(bytes as u64);
        if allocated > self.ceiling.load(Relaxed) {
            self.want_collection();
        }
    }

    /// After a collection: whether there is room for so many bytes, and for some more, so that it was worth while.
    pub(super) fn has_room_to_go_on(&self, bytes: u64) -> bool {
        let Some(max) = self.max_heap else {
            return false;
        };
        let some = max / 64;
        let in_use = self.in_use();
        in_use.saturating_add(bytes) <= max
            && in_use.saturating_add(some) <= max
            && self.touched().saturating_add(bytes.max(some)) <= max + memory_slack(max)
    }

    /// A collection has found so much alive, and freed so much memory; returns the next one's goal.
    pub(super) fn finish(&self, live: u64, roots: u64, stacks: u64, freed: u64) -> u64 {
        let touched = self.touched();
        let idle = touched.saturating_sub(self.in_use());
        // A mark is one byte for sixteen.
        self.overhead.store(idle + stacks + touched / 16, Relaxed);
        self.touched.fetch_sub(freed as i64, Relaxed);
        self.live.store(live, Relaxed);
        self.roots.store(roots, Relaxed);
        self.allocated.store(0, Relaxed);
        self.set()
    }

    /// Sets what triggers the next collection; returns the goal.
    pub(super) fn set(&self) -> u64 {
        let live = self.live.load(Relaxed);
        let percent = self.gc_percent.load(Relaxed);
        let mut goal = match u64::try_from(percent) {
            Ok(percent) => {
                let base = live + self.roots.load(Relaxed);
                let growth = base.saturating_mul(percent) / 100;
                live.saturating_add(growth).max(MIN_HEAP * percent / 100)
            }
            Err(_) => u64::MAX,
        };
        let limit = self.memory_limit.load(Relaxed);
        if limit != i64::MAX {
            // Never at every allocation: what is alive may be more than the limit.
            let room = (limit as u64).saturating_sub(self.overhead.load(Relaxed));
            goal = goal.min(room.max(live + live / 16));
        }
        if let Some(max) = self.max_heap {
            // Collect before allocations are refused, but not at every one near the limit.
            goal = goal.min(max - max / 16).max(live.saturating_add(max / 64));
            self.ceiling.store(max.saturating_sub(live), Relaxed);
            let touched = self.touched() + max / 64;
            self.touched_trigger.store(touched.max(max), Relaxed);
        }
        let trigger = goal.saturating_sub(live).max(64 << 10);
        self.trigger.store(trigger, Relaxed);
        if self.allocated.load(Relaxed) >= trigger {
            self.want_collection();
        }
        goal
    }
}

/// How much more memory than the limit may be touched.
fn memory_slack(max: u64) -> u64 {
    (max / 10).max(LEAST_SLACK)
}
