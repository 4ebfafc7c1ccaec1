//! Collection: parallel marking while the world is stopped, then handing dead blocks back.
//!
//! ```text
//! heap.start_collection();
//!   any number of stopped machines, each with its own heap.marker():
//!     marker.mark_word(kind, word), mark_words(…)   the roots it was given
//!     marker.drain()                                 follows everything, shares work, returns when all is done
//! heap.finish_collection(root_bytes);                after all markers are dropped
//! ```
//! Marks are epoch numbers, so that nothing has to be cleared: an object is alive if its mark byte
//! holds the number of the last collection. There is no recursion: a marker has a stack of
//! addresses, a queue of ranges of long objects still to be scanned, and a short ring between
//! taking an address from the stack and looking at it, during which the cache fetches it.
//! A marker with much work puts half of it into a common pool when another one is hungry.
//! Two markers that meet at one object may both scan it, which is harmless.

use std::mem::take;
use std::time::Instant;

use minigo_bytecode::program::WordKind;

use super::Heap;
use super::arena::{ARENA_SIZE, Arena, GRANULE, Object, Place, locate};
use super::shape::{Plan, PlanId};
use super::size_class::span_limit;
use crate::sync::raw::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use crate::sync::{Mutex, spin_loop};
use crate::value::word;

/// Addresses between the stack and the visit.
const RING: usize = 8;
/// Words of a long object scanned at a time.
const RANGE_WORDS: usize = 1024;
/// Roots that gather before they are followed.
const ROOTS_AT_ONCE: usize = 512;
/// Blocks given back to the system in a collection's pause: 4 MiB. The others follow when the program goes on.
const RELEASED_AT_ONCE: usize = 64;
/// Stack size above which work is shared.
const SHARE_ABOVE: usize = 8;

/// A part of an object still to be scanned.
#[derive(Clone, Copy, Debug)]
struct Range {
    base: usize,
    /// Word index to go on at, a multiple of the plan's period.
    next: usize,
    words: usize,
    plan: PlanId,
}

/// Work that any marker may take.
#[derive(Debug, Default)]
struct Pool {
    addresses: Vec<Vec<usize>>,
    ranges: Vec<Range>,
    /// Markers that may still produce work.
    active: usize,
}

/// The common state of a collection.
#[derive(Debug, Default)]
pub(super) struct Marking {
    pool: Mutex<Pool>,
    /// Items in the pool, and markers waiting for some: hints that spare looking under the lock.
    pooled: AtomicUsize,
    hungry: AtomicUsize,
    live_bytes: AtomicU64,
    live_objects: AtomicU64,
    started: Mutex<Option<Instant>>,
}

impl Heap {
    /// Begins a collection. The world must be stopped: until [`Heap::finish_collection`] returns,
    /// nobody may allocate from or write to the heap.
    pub fn start_collection(&self) {
        self.pace.begin();
        let epoch = self.epoch.load(Relaxed);
        if epoch == u8::MAX {
            self.space.lock().clear_marks();
        }
        // 0 is the mark of fresh memory, hence no epoch.
        self.epoch
            .store(if epoch == u8::MAX { 1 } else { epoch + 1 }, Relaxed);
        self.marking.live_bytes.store(0, Relaxed);
        self.marking.live_objects.store(0, Relaxed);
        *self.marking.started.lock() = Some(Instant::now());
        let mut marker = self.marker();
        for &(base, bytes, plan) in self.permanent.lock().roots.iter() {
            marker.scan(base, bytes / 8, plan);
        }
    }

    /// A marker for one thread of the collection that was started.
    pub fn marker(&self) -> Marker<'_> {
        Marker {
            heap: self,
            epoch: self.epoch.load(Relaxed),
            stack: Vec::with_capacity(1024),
            ranges: Vec::new(),
            ring: [0; RING],
            ring_at: 0,
            live_bytes: 0,
            live_objects: 0,
            active: false,
        }
    }

    /// Ends the collection after the last marker is dropped: frees what is not marked, gives memory
    /// back to the system, and sets when the next collection is due. `root_bytes` is the size of
    /// what was scanned outside the heap (stacks, globals), which Go's pacing counts too; `stack_bytes` is all memory of goroutines.
    pub fn finish_collection(&self, root_bytes: u64, stack_bytes: u64) {
        debug_assert_eq!(self.marking.pooled.load(Relaxed), 0, "work is left");
        let epoch = self.epoch.load(Relaxed);
        let live = self.marking.live_bytes.load(Relaxed);
        let mut space = self.space.lock();
        let freed = space.reclaim(epoch);
        let goal = self.pace.finish(live, root_bytes, stack_bytes, freed);
        let growth = (goal.saturating_sub(live) / super::arena::BLOCK_SIZE as u64) as usize;
        let more = if self.pace.is_limited() {
            0
        } else {
            growth / 8
        };
        self.spare.store(growth + more + 16, Relaxed);
        let left_over = space.release_free(growth + more + 16, RELEASED_AT_ONCE);
        self.left_over
            .store(left_over || space.has_dropped(), Relaxed);
        drop(space);
        if self.validate {
            self.poison_free_slots();
        }
        let pause = self
            .marking
            .started
            .lock()
            .take()
            .map(|at| at.elapsed())
            .unwrap_or_default();
        let mut stats = self.stats.lock();
        stats.live_bytes = live;
        stats.live_objects = self.marking.live_objects.load(Relaxed);
        stats.goal_bytes = goal;
        stats.collections += 1;
        stats.pause_total += pause;
        stats.pause_max = stats.pause_max.max(pause);
        stats.pause_last = pause;
    }

    /// Whether the last collection left memory over that is to go back to the system.
    pub fn has_left_over(&self) -> bool {
        self.left_over.load(Relaxed)
    }

    /// Gives some of the memory back to the system that the last collection left over; true if there is more. Others
    /// allocate meanwhile.
    pub fn release_some(&self) -> bool {
        if !self.has_left_over() {
            return false;
        }
        let mut space = self.space.lock();
        let dropped = space.take_dropped();
        let more = space.release_free(self.spare.load(Relaxed), RELEASED_AT_ONCE / 4);
        drop(space);
        let more = more || dropped.is_some();
        self.left_over.store(more, Relaxed);
        more
    }

    /// Gives all of it back, also what the next objects would be made of.
    pub fn release_all(&self) {
        self.spare.store(0, Relaxed);
        self.left_over.store(true, Relaxed);
        while self.release_some() {}
    }

    /// Overwrites dead slots, so that a pointer the collector missed is found out at its next use.
    fn poison_free_slots(&self) {
        let epoch = self.epoch.load(Relaxed);
        self.space.lock().each_span(|arena, block| {
            let entry = arena.entry(block);
            if entry.owned.load(Relaxed) != 0 {
                return;
            }
            let (start, size) = (arena.block_address(block), entry.size());
            for slot in 0..span_limit(entry.class()) / size {
                let base = start + slot * size;
                if arena.mark(base - arena.base()).load(Relaxed) != epoch {
                    let at = std::ptr::with_exposed_provenance_mut::<u8>(base);
                    // SAFETY: the slot is dead, and whoever allocates it zeroes it first.
                    unsafe { std::ptr::write_bytes(at, 0xDB, size) };
                }
            }
        });
    }
}

/// One thread's part of a collection. Dropping it hands unfinished work to the others.
#[derive(Debug)]
pub struct Marker<'h> {
    heap: &'h Heap,
    epoch: u8,
    stack: Vec<usize>,
    ranges: Vec<Range>,
    ring: [usize; RING],
    ring_at: usize,
    live_bytes: u64,
    live_objects: u64,
    /// It counts among those that may still produce work.
    active: bool,
}

impl Marker<'_> {
    /// Marks what a root word refers to. A `Data` word needs its type: use [`Marker::mark_words`] or
    /// [`Marker::mark_interface`] for interfaces.
    #[inline]
    pub fn mark_word(&mut self, kind: WordKind, word: u64) {
        if kind == WordKind::Ptr && word != 0 {
            self.stack.push(word as usize);
        }
    }

    /// Marks what an interface value refers to.
    #[inline]
    pub fn mark_interface(&mut self, type_word: u64, data_word: u64) {
        if data_word != 0 && self.heap.data_is_pointer(type_word) {
            self.stack.push(data_word as usize);
        }
    }

    /// Marks what root words refer to: registers of a frame, globals.
    pub fn mark_words(&mut self, kinds: &[WordKind], words: &[u64]) {
        for (i, (&kind, &word)) in kinds.iter().zip(words).enumerate() {
            match kind {
                WordKind::Int | WordKind::Float | WordKind::Data => {}
                WordKind::Ptr => self.mark_word(kind, word),
                WordKind::Type => {
                    if let Some(&data) = words.get(i + 1) {
                        self.mark_interface(word, data);
                    }
                }
            }
        }
    }

    /// Marks what the object at `address` refers to, but not the object.
    #[cold]
    pub(crate) fn mark_contents(&mut self, address: u64) {
        if let Place::Object(object) = locate(address as usize) {
            self.scan(object.base, object.size / 8, object.plan);
        }
    }

    /// Says that this marker is going to be given roots, so that others do not end before it has shared its work with them.
    pub fn begin(&mut self) {
        if !self.active {
            self.active = true;
            self.heap.marking.pool.lock().active += 1;
        }
    }

    /// Follows the words that were marked up to now if they are many, so that not too many gather.
    #[inline]
    pub fn follow(&mut self) {
        if self.stack.len() >= ROOTS_AT_ONCE {
            self.drain_own();
        }
    }

    /// Follows all marked words. Returns when no marker of the collection that is in `drain` has
    /// work; may be called by several threads at once, each with its own marker.
    pub fn drain(&mut self) {
        self.begin();
        loop {
            self.drain_own();
            if !self.take_shared() {
                self.active = false;
                return;
            }
        }
    }

    fn drain_own(&mut self) {
        loop {
            if let Some(address) = self.stack.pop() {
                self.prefetch(address);
                let due = std::mem::replace(&mut self.ring[self.ring_at], address);
                self.ring_at = (self.ring_at + 1) % RING;
                if due != 0 {
                    self.visit(due);
                }
                if self.stack.len() > SHARE_ABOVE {
                    self.share();
                }
            } else if let Some(at) = self.ring.iter().position(|&address| address != 0) {
                let due = take(&mut self.ring[at]);
                self.visit(due);
            } else if let Some(range) = self.ranges.pop() {
                self.scan_range(range);
            } else {
                return;
            }
        }
    }

    /// Takes work from the pool, waiting while others may still add some. False: all is done.
    fn take_shared(&mut self) -> bool {
        let marking = &self.heap.marking;
        marking.pool.lock().active -= 1;
        marking.hungry.fetch_add(1, Relaxed);
        let found = loop {
            let mut pool = marking.pool.lock();
            if let Some(addresses) = pool.addresses.pop() {
                self.stack.extend(addresses);
                pool.active += 1;
                marking.pooled.fetch_sub(1, Relaxed);
                break true;
            }
            if let Some(range) = pool.ranges.pop() {
                self.ranges.push(range);
                pool.active += 1;
                marking.pooled.fetch_sub(1, Relaxed);
                break true;
            }
            if pool.active == 0 {
                break false;
            }
            drop(pool);
            // The lock decides; this only waits until looking again may pay.
            for _ in 0..64 {
                if marking.pooled.load(Relaxed) > 0 {
                    break;
                }
                spin_loop();
            }
            if marking.pooled.load(Relaxed) == 0 {
                crate::sync::thread::yield_now();
            }
        };
        marking.hungry.fetch_sub(1, Relaxed);
        found
    }

    /// Gives half of the stack and of the ranges to the pool if somebody waits for work.
    #[inline]
    fn share(&mut self) {
        let marking = &self.heap.marking;
        if marking.hungry.load(Relaxed) > marking.pooled.load(Relaxed) {
            self.share_now();
        }
    }

    #[cold]
    fn share_now(&mut self) {
        let marking = &self.heap.marking;
        let half = self.stack.len() / 2;
        let mut pool = marking.pool.lock();
        let mut items = 0;
        if half > 0 {
            // The oldest half: it leads to more.
            pool.addresses.push(self.stack.drain(..half).collect());
            items += 1;
        }
        let some = self.ranges.len() / 2;
        items += some;
        pool.ranges.extend(self.ranges.drain(..some));
        marking.pooled.fetch_add(items, Relaxed);
    }

    /// Fetches the mark byte and the object that `address` most likely needs.
    #[inline(always)]
    fn prefetch(&self, address: usize) {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let base = address & !(ARENA_SIZE - 1);
            let mark = base + (address - base) / GRANULE;
            // SAFETY: prefetching is allowed for any address.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(std::ptr::with_exposed_provenance(mark));
                _mm_prefetch::<_MM_HINT_T0>(std::ptr::with_exposed_provenance(address));
            }
        }
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        let _ = (address, ARENA_SIZE, GRANULE);
    }

    /// Marks the object at an address and scans it if it was not marked before.
    #[inline]
    fn visit(&mut self, address: usize) {
        let object = match locate(address) {
            Place::Object(object) => object,
            Place::Permanent => return,
            Place::Nowhere => {
                assert!(
                    !self.heap.validate,
                    "internal error: the collector met {address:#x}, which is no heap address"
                );
                return;
            }
        };
        let mark = object.mark();
        if mark.load(Relaxed) == self.epoch {
            return;
        }
        mark.store(self.epoch, Relaxed);
        let Object {
            base,
            size,
            plan,
            arena,
            block,
        } = object;
        self.note_block(arena, block);
        self.live_bytes += size as u64;
        self.live_objects += 1;
        self.scan(base, size / 8, plan);
    }

    #[inline(always)]
    fn note_block(&self, arena: Arena, block: usize) {
        let entry = arena.entry(block);
        if entry.marked.load(Relaxed) != self.epoch {
            entry.marked.store(self.epoch, Relaxed);
        }
    }

    /// Puts what the words of an object refer to on the stack; a long object's in parts.
    #[inline(always)]
    fn scan(&mut self, base: usize, words: usize, plan: PlanId) {
        let heap = self.heap;
        match heap.plans.get(plan) {
            Plan::Scalar => {}
            Plan::First => self.scan_words(base, 0, 1, 1, &[0], &[]),
            _ if words > RANGE_WORDS => self.ranges.push(Range {
                base,
                next: 0,
                words,
                plan,
            }),
            Plan::Pointers => self.scan_words(base, 0, words, 1, &[0], &[]),
            Plan::Words {
                period,
                pointers,
                interfaces,
            } => {
                self.scan_words(base, 0, words, *period as usize, pointers, interfaces);
            }
        }
    }

    fn scan_range(&mut self, mut range: Range) {
        let heap = self.heap;
        let (period, pointers, interfaces): (usize, &[u32], &[u32]) =
            match heap.plans.get(range.plan) {
                Plan::Words {
                    period,
                    pointers,
                    interfaces,
                } => (*period as usize, pointers, interfaces),
                _ => (1, &[0], &[]),
            };
        let part = (RANGE_WORDS / period).max(1) * period;
        let end = (range.next + part).min(range.words);
        let start = std::mem::replace(&mut range.next, end);
        let base = range.base;
        if end < range.words {
            self.ranges.push(range);
        }
        self.scan_words(base, start, end, period, pointers, interfaces);
    }

    /// Scans words `start..end` of the object at `base`; `start` is a multiple of `period`.
    #[inline(always)]
    fn scan_words(
        &mut self,
        base: usize,
        start: usize,
        end: usize,
        period: usize,
        pointers: &[u32],
        interfaces: &[u32],
    ) {
        let object = std::ptr::with_exposed_provenance::<u64>(base);
        let mut first = start;
        while first < end {
            for &offset in pointers {
                let i = first + offset as usize;
                if i < end {
                    // SAFETY: word `i` is inside the object.
                    let pointer = unsafe { word::load(object.add(i)) };
                    if pointer != 0 {
                        self.stack.push(pointer as usize);
                    }
                }
            }
            for &offset in interfaces {
                let i = first + offset as usize;
                if i + 1 < end {
                    // SAFETY: words `i` and `i + 1` are inside the object.
                    let (ty, data) =
                        unsafe { (word::load(object.add(i)), word::load(object.add(i + 1))) };
                    self.mark_interface(ty, data);
                }
            }
            first += period;
        }
    }
}

impl Drop for Marker<'_> {
    fn drop(&mut self) {
        let marking = &self.heap.marking;
        marking.live_bytes.fetch_add(self.live_bytes, Relaxed);
        marking.live_objects.fetch_add(self.live_objects, Relaxed);
        self.stack
            .extend(self.ring.iter().filter(|&&address| address != 0));
        let mut items = self.ranges.len();
        if items > 0 || !self.stack.is_empty() {
            let mut pool = marking.pool.lock();
            if !self.stack.is_empty() {
                pool.addresses.push(take(&mut self.stack));
                items += 1;
            }
            pool.ranges.append(&mut self.ranges);
            marking.pooled.fetch_add(items, Relaxed);
        }
    }
}
