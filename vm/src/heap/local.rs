//! Allocation: each P bumps through free runs of blocks it owns.
//!
//! A [`LocalHeap`] holds, for each plan and size class, a *piece* of zeroed memory to allocate from
//! by adding, and behind it the rest of a free run, the rest of a block. When the piece is used up,
//! the next one is zeroed (a few KiB at a time, so that it is in the cache when it is used); when
//! the run is used up, the span's mark bytes say where the next one begins: a slot is free if it
//! does not carry the mark of the last collection. That is all the sweeping there is.
//!
//! Local heaps survive a collection: what lies ahead of them in their block stays free, and the
//! block is not given to anyone else while it is `owned`.

use std::mem::take;
use std::ptr::NonNull;

use minigo_bytecode::program::ShapeId;

use super::arena::{Arena, BLOCK_SIZE, GRANULE};
use super::shape::PlanId;
use super::size_class::{CLASSES, MAX_SMALL, SIZES, class_of, span_blocks, span_limit};
use super::space::large_touched;
use super::{Address, Heap, space};
use crate::sync::raw::{Ordering, Ordering::Relaxed, fence};

/// Bytes zeroed at a time.
const PIECE: usize = 4 << 10;
/// Bytes allocated before they are added to the heap's count.
const FLUSH: u64 = 64 << 10;

/// What lies behind the piece.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    /// Address of the owned span, or 0.
    block: usize,
    /// End of the free run that the piece is from.
    run_end: usize,
    /// The run's memory is known to be zero.
    zeroed: bool,
}

/// One P's part of the heap. Not tied to a thread; used by one at a time. Given back with
/// [`Heap::retire`] when its P goes away for good: what it owns is lost to the others otherwise.
#[derive(Debug)]
pub struct LocalHeap {
    /// Next free address and end of each piece, at plan * CLASSES + class. Allocated zeroed, so untouched rows cost no memory.
    bumps: Vec<[usize; 2]>,
    /// A [`Cursor`] each, as plain words for the same reason.
    cursors: Vec<[usize; 3]>,
    /// Bytes and objects not yet added to the heap's counts.
    bytes: u64,
    objects: u64,
    /// Bytes of fresh spans handed out and not yet added to the heap's count.
    touched: u64,
    /// It may go a little beyond the limit, for those who cannot wait for a collection.
    beyond: bool,
    /// How much the last allocation wanted that failed because of the limit.
    refused: usize,
}

impl LocalHeap {
    pub(super) fn new(plans: usize) -> LocalHeap {
        LocalHeap {
            bumps: vec![[0; 2]; plans * CLASSES],
            cursors: vec![[0; 3]; plans * CLASSES],
            bytes: 0,
            objects: 0,
            touched: 0,
            beyond: false,
            refused: 0,
        }
    }

    pub(super) fn grow(&mut self, plans: usize) {
        self.bumps.resize(plans * CLASSES, [0; 2]);
        self.cursors.resize(plans * CLASSES, [0; 3]);
    }

    /// End of the piece.
    fn piece_end(&self, index: usize) -> usize {
        self.bumps[index][1]
    }

    fn cursor(&self, index: usize) -> Cursor {
        let [block, run_end, zeroed] = self.cursors[index];
        Cursor {
            block,
            run_end,
            zeroed: zeroed != 0,
        }
    }

    fn set_cursor(&mut self, index: usize, cursor: Cursor) {
        self.cursors[index] = [cursor.block, cursor.run_end, usize::from(cursor.zeroed)];
    }
}

impl Heap {
    /// Allocates a zeroed object; `None` if there is no memory (the caller collects and retries,
    /// or reports Go's out of memory). Never collects. Of size 0 all objects are one.
    #[inline(always)]
    pub fn alloc(&self, local: &mut LocalHeap, shape: ShapeId, bytes: usize) -> Option<Address> {
        if bytes <= MAX_SMALL {
            let class = class_of(bytes);
            let index = self.plans.of_shape(shape.index()).0 as usize * CLASSES + class;
            let size = SIZES[class] as usize;
            let [next, end] = &mut local.bumps[index];
            if *end - *next >= size {
                let at = *next;
                *next = at + size;
                return NonNull::new(std::ptr::with_exposed_provenance_mut(at));
            }
        }
        self.alloc_slow(local, shape, bytes)
    }

    #[cold]
    #[inline(never)]
    fn alloc_slow(&self, local: &mut LocalHeap, shape: ShapeId, bytes: usize) -> Option<Address> {
        if bytes == 0 {
            return Some(self.zero_size());
        }
        if self.stress > 0 {
            self.count_for_stress();
        }
        if bytes > MAX_SMALL {
            return self.alloc_large(local, shape, bytes);
        }
        let class = class_of(bytes);
        let index = self.plans.of_shape(shape.index()).0 as usize * CLASSES + class;
        self.refill(local, index, class)?;
        let [next, _] = &mut local.bumps[index];
        let at = *next;
        *next = at + SIZES[class] as usize;
        NonNull::new(std::ptr::with_exposed_provenance_mut(at))
    }

    /// Makes room for at least one object in the piece at `index`.
    fn refill(&self, local: &mut LocalHeap, index: usize, class: usize) -> Option<()> {
        let size = SIZES[class] as usize;
        let start = loop {
            let piece_end = local.piece_end(index);
            let cursor = local.cursor(index);
            if cursor.run_end > piece_end {
                break piece_end;
            }
            if cursor.block != 0 && self.next_run(local, index, piece_end) {
                continue;
            }
            self.next_span(local, index, class)?;
        };
        let cursor = local.cursor(index);
        let wanted = if self.stress > 0 {
            size
        } else {
            (PIECE / size).max(1) * size
        };
        let end = (start + wanted).min(cursor.run_end);
        if !self.has_room(local, end - start) {
            return None;
        }
        if cursor.zeroed {
            let (arena, block) = Arena::of_block(cursor.block);
            arena.entry(block).touch((end - start) as u64);
            local.touched += (end - start) as u64;
        } else {
            // SAFETY: the range is in the owned block and free: no live object is in it.
            unsafe { zero(start, end - start) };
        }
        // Release: a racing reader that finds a pointer to an object of this piece must not see
        // what lay here before; pairs with the dependency from the pointer to its target.
        fence(Ordering::Release);
        local.bumps[index] = [start, end];
        local.bytes += (end - start) as u64;
        local.objects += ((end - start) / size) as u64;
        if local.bytes >= FLUSH {
            self.flush_counts(local);
        }
        Some(())
    }

    /// Finds the next free run of the owned block at or after `from`; gives the block up if there
    /// is none. The new run has an empty piece before it.
    fn next_run(&self, local: &mut LocalHeap, index: usize, from: usize) -> bool {
        let mut cursor = local.cursor(index);
        let (arena, block) = Arena::of_block(cursor.block);
        let epoch = self.epoch.load(Relaxed);
        let class = index % CLASSES;
        let (size, limit) = (SIZES[class] as usize, span_limit(class));
        let block_offset = cursor.block - arena.base();
        let live = |offset: usize| arena.mark(block_offset + offset).load(Relaxed) == epoch;
        let mut start = from - cursor.block;
        while start < limit && live(start) {
            start += size;
        }
        if start >= limit {
            arena.entry(block).owned.store(0, Relaxed);
            local.cursors[index] = [0; 3];
            local.bumps[index] = [0; 2];
            return false;
        }
        let mut end = start + size;
        while end < limit && !live(end) {
            end += size;
        }
        let at = cursor.block + start;
        local.bumps[index] = [at, at];
        cursor.run_end = cursor.block + end;
        cursor.zeroed = false;
        local.set_cursor(index, cursor);
        true
    }

    /// Takes over a span with free slots, or a fresh one.
    fn next_span(&self, local: &mut LocalHeap, index: usize, class: usize) -> Option<()> {
        let mut space = self.space.lock();
        if let Some(address) = space.take_partial(index) {
            let (arena, block) = Arena::of_block(address);
            arena.entry(block).owned.store(1, Relaxed);
            drop(space);
            local.bumps[index] = [address, address];
            local.set_cursor(
                index,
                Cursor {
                    block: address,
                    run_end: address,
                    zeroed: false,
                },
            );
            return Some(());
        }
        let bytes = span_blocks(class) * BLOCK_SIZE;
        if !self.has_memory(local, bytes) {
            return None;
        }
        let fresh = space.take_span(class, PlanId((index / CLASSES) as u32))?;
        let (arena, block) = Arena::of_block(fresh.address);
        let entry = arena.entry(block);
        entry.owned.store(1, Relaxed);
        if !fresh.zeroed {
            entry.touch(bytes as u64);
            self.pace.touch(bytes as u64);
        }
        drop(space);
        local.bumps[index] = [fresh.address, fresh.address];
        let run_end = fresh.address + span_limit(class);
        let cursor = Cursor {
            block: fresh.address,
            run_end,
            zeroed: fresh.zeroed,
        };
        local.set_cursor(index, cursor);
        Some(())
    }

    fn alloc_large(&self, local: &mut LocalHeap, shape: ShapeId, bytes: usize) -> Option<Address> {
        let bytes = bytes.checked_next_multiple_of(GRANULE)?;
        let plan = self.plans.of_shape(shape.index());
        if !self.has_room(local, bytes) || !self.has_memory(local, bytes) {
            return None;
        }
        let fresh = self.space.lock().take_large(bytes, plan, false)?;
        if !fresh.zeroed {
            // SAFETY: the blocks were handed out just now and nobody knows them.
            unsafe { zero(fresh.address, bytes) };
            if self.pace.is_limited() {
                space::trim(fresh.address, bytes);
            }
        }
        self.pace.touch(large_touched(bytes));
        // Release: as in `refill`.
        fence(Ordering::Release);
        local.bytes += bytes as u64;
        local.objects += 1;
        self.flush_counts(local);
        self.pace.expect_another(bytes);
        NonNull::new(std::ptr::with_exposed_provenance_mut(fresh.address))
    }

    /// Adds a local heap's counts to the heap's; raises the flag if a collection is due.
    pub(super) fn flush_counts(&self, local: &mut LocalHeap) {
        let (bytes, objects) = (take(&mut local.bytes), take(&mut local.objects));
        self.total_bytes.fetch_add(bytes, Relaxed);
        self.total_objects.fetch_add(objects, Relaxed);
        self.pace.touch(take(&mut local.touched));
        self.pace.count(bytes);
    }

    /// Whether the program may have so many bytes more.
    fn has_room(&self, local: &mut LocalHeap, bytes: usize) -> bool {
        let room = self.pace.has_room(local.bytes + bytes as u64, local.beyond);
        if !room {
            local.refused = bytes;
        }
        room
    }

    /// Whether it may touch so much more memory.
    fn has_memory(&self, local: &mut LocalHeap, bytes: usize) -> bool {
        let room = self
            .pace
            .has_memory(local.touched + bytes as u64, local.beyond);
        if !room {
            local.refused = bytes;
        }
        room
    }

    /// [`Heap::alloc`] for those who cannot wait for a collection: a tenth beyond the limit.
    pub(crate) fn alloc_beyond(
        &self,
        local: &mut LocalHeap,
        shape: ShapeId,
        bytes: usize,
    ) -> Option<Address> {
        local.beyond = true;
        let object = self.alloc(local, shape, bytes);
        local.beyond = false;
        object
    }

    /// Whether there is room now for what was refused last. Otherwise the program needs more than it may have.
    pub(crate) fn has_room_for_refused(&self, local: &mut LocalHeap) -> bool {
        self.pace.has_room_to_go_on(take(&mut local.refused) as u64)
    }

    /// Bytes and objects allocated since the beginning, without what these local heaps (all that there are) have reserved and not
    /// used. Nobody allocates meanwhile.
    pub fn allocated_exactly<'l>(&self, locals: impl Iterator<Item = &'l LocalHeap>) -> (u64, u64) {
        let mut bytes = self.total_bytes.load(Relaxed);
        let mut objects = self.total_objects.load(Relaxed);
        for local in locals {
            bytes += local.bytes;
            objects += local.objects;
            for (index, [next, end]) in local.bumps.iter().enumerate() {
                if next < end {
                    let unused = end - next;
                    bytes -= unused as u64;
                    objects -= unused as u64 / u64::from(SIZES[index % CLASSES]);
                }
            }
        }
        (bytes, objects)
    }

    /// Gives all blocks of a local heap back, when its P goes away. Its free slots are found
    /// again by the next collection.
    pub fn retire(&self, local: &mut LocalHeap) {
        self.flush_counts(local);
        let (bytes, objects) = self.allocated_exactly(std::iter::once(&*local));
        self.total_bytes.store(bytes, Relaxed);
        self.total_objects.store(objects, Relaxed);
        for index in 0..local.cursors.len() {
            let cursor = local.cursor(index);
            if cursor.block != 0 {
                let (arena, block) = Arena::of_block(cursor.block);
                arena.entry(block).owned.store(0, Relaxed);
                local.cursors[index] = [0; 3];
                local.bumps[index] = [0; 2];
            }
        }
    }
}

/// Zeroes heap memory that nobody uses.
///
/// # Safety
/// The range must be inside arenas of this heap and hold no live object.
pub(super) unsafe fn zero(address: usize, bytes: usize) {
    let at = std::ptr::with_exposed_provenance_mut::<u8>(address);
    // SAFETY: by the function's contract.
    unsafe { std::ptr::write_bytes(at, 0, bytes) };
}
