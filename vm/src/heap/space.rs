//! The blocks of a heap: which arenas there are, which of their blocks are free, and which small
//! blocks have free slots. Everything here is behind the heap's one lock, taken once per block
//! (64 KiB) or large object.

use super::arena::{ARENA_SIZE, Arena, BLOCK_MARKS, BLOCK_SIZE, BLOCKS, BlockState, HEADER_BLOCKS};
use super::os;
use super::shape::PlanId;
use super::size_class::{CLASSES, span_blocks};
use crate::sync::raw::Ordering::Relaxed;

const WORDS: usize = BLOCKS / 64;
/// Pages of the system, or a part of one.
const PAGE: usize = 4 << 10;

/// Bytes that a large object of this size is counted as touching: whole pages.
pub(crate) fn large_touched(bytes: usize) -> u64 {
    bytes.next_multiple_of(PAGE) as u64
}

/// A block that was handed out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FreshBlock {
    pub(crate) address: usize,
    /// Its memory is known to be zero.
    pub(crate) zeroed: bool,
}

/// An arena and its free blocks.
#[derive(Debug)]
struct ArenaBlocks {
    arena: Arena,
    /// Bit set: the block is free.
    free: [u64; WORDS],
    /// Bit set: the block's memory may be other than zero, and is resident.
    dirty: [u64; WORDS],
    free_blocks: usize,
}

impl ArenaBlocks {
    fn take(&mut self, first: usize, count: usize) -> bool {
        let mut zeroed = true;
        for block in first..first + count {
            let bit = 1 << (block % 64);
            self.free[block / 64] &= !bit;
            zeroed &= self.dirty[block / 64] & bit == 0;
            self.dirty[block / 64] |= bit;
        }
        self.free_blocks -= count;
        zeroed
    }

    fn put_back(&mut self, first: usize, count: usize) {
        for block in first..first + count {
            self.arena.entry(block).set_free();
            self.free[block / 64] |= 1 << (block % 64);
        }
        self.free_blocks += count;
    }

    /// First of `count` free blocks in a row, of resident ones if wished.
    fn find_run(&self, count: usize, resident: bool) -> Option<usize> {
        if self.free_blocks < count {
            return None;
        }
        let mut length = 0;
        for word in 0..WORDS {
            let mut free = self.free[word];
            if resident {
                free &= self.dirty[word];
            }
            if free == 0 {
                length = 0;
                continue;
            }
            for bit in 0..64 {
                if free >> bit & 1 == 0 {
                    length = 0;
                    continue;
                }
                length += 1;
                if length == count {
                    return Some(word * 64 + bit + 1 - count);
                }
            }
        }
        None
    }

    fn dirty_free(&self) -> usize {
        (0..WORDS)
            .map(|i| (self.free[i] & self.dirty[i]).count_ones() as usize)
            .sum()
    }
}

/// An object with arenas of its own.
#[derive(Debug)]
struct Huge {
    arena: Arena,
    arenas: usize,
    permanent: bool,
}

/// Memory that nobody knows any more; goes back to the system when this is dropped.
#[derive(Debug)]
pub(crate) struct Dropped {
    arena: Arena,
    arenas: usize,
}

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some(memory) = self.arena.memory() {
            // SAFETY: reserved by `new_arena` with this size; the object in it is dead, or the heap is being dropped and its
            // users are gone.
            unsafe { os::release(memory, self.arenas * ARENA_SIZE, ARENA_SIZE) };
        }
    }
}

/// All blocks of one heap.
#[derive(Debug, Default)]
pub(crate) struct Space {
    arenas: Vec<ArenaBlocks>,
    huge: Vec<Huge>,
    /// Memory of dead ones.
    dropped: Vec<Dropped>,
    /// For each plan and class: blocks that the last collection left partly free, not yet swept.
    partial: Vec<Vec<usize>>,
    /// Blocks in use, those of huge objects included.
    blocks_in_use: usize,
    /// Blocks returned to the system so far.
    released_blocks: u64,
}

impl Space {
    pub(crate) fn new(plans: usize) -> Space {
        let mut space = Space::default();
        space.add_plan_rows(plans);
        space
    }

    pub(crate) fn add_plan_rows(&mut self, plans: usize) {
        self.partial.resize(plans * CLASSES, Vec::new());
    }

    pub(crate) fn blocks_in_use(&self) -> usize {
        self.blocks_in_use
    }

    /// Free blocks that are resident.
    pub(crate) fn dirty_free(&self) -> usize {
        self.arenas.iter().map(ArenaBlocks::dirty_free).sum()
    }

    /// Address space reserved, in bytes.
    pub(crate) fn reserved(&self) -> u64 {
        let huge: usize = self.huge.iter().map(|huge| huge.arenas).sum();
        ((self.arenas.len() + huge) * ARENA_SIZE) as u64
    }

    pub(crate) fn released_blocks(&self) -> u64 {
        self.released_blocks
    }

    /// A block of this plan and class with slots that the last collection found dead.
    pub(crate) fn take_partial(&mut self, index: usize) -> Option<usize> {
        self.partial[index].pop()
    }

    /// The blocks of a fresh span; their entries are set up.
    pub(crate) fn take_span(&mut self, class: usize, plan: PlanId) -> Option<FreshBlock> {
        let count = span_blocks(class);
        let fresh = if count == 1 {
            self.take_block()?
        } else {
            self.take_run(count)?
        };
        let (arena, first) = Arena::of_block(fresh.address);
        for block in first..first + count {
            arena.entry(block).set_small(first, class, plan);
        }
        Some(fresh)
    }

    /// A free block. Resident ones first: touching new pages is what costs.
    pub(crate) fn take_block(&mut self) -> Option<FreshBlock> {
        let (mut at, mut clean) = (None, None);
        for (i, arena) in self
            .arenas
            .iter()
            .enumerate()
            .filter(|(_, a)| a.free_blocks > 0)
        {
            let word = (0..WORDS).find(|&w| arena.free[w] & arena.dirty[w] != 0);
            if let Some(w) = word {
                let bits = arena.free[w] & arena.dirty[w];
                at = Some((i, w * 64 + bits.trailing_zeros() as usize));
                break;
            }
            if clean.is_none() {
                clean = (0..WORDS)
                    .find(|&w| arena.free[w] != 0)
                    .map(|w| (i, w * 64 + arena.free[w].trailing_zeros() as usize));
            }
        }
        let (i, block) = match at.or(clean) {
            Some(found) => found,
            None => (self.add_arena()?, HEADER_BLOCKS),
        };
        let zeroed = self.arenas[i].take(block, 1);
        self.blocks_in_use += 1;
        Some(FreshBlock {
            address: self.arenas[i].arena.block_address(block),
            zeroed,
        })
    }

    /// Free blocks in a row, of one arena. Resident ones first, as in `take_block`.
    fn take_run(&mut self, count: usize) -> Option<FreshBlock> {
        let find = |resident: bool| {
            let mut arenas = self.arenas.iter().enumerate();
            arenas.find_map(|(i, a)| Some((i, a.find_run(count, resident)?)))
        };
        let (i, first) = match find(true).or_else(|| find(false)) {
            Some(found) => found,
            None => (self.add_arena()?, HEADER_BLOCKS),
        };
        let zeroed = self.arenas[i].take(first, count);
        self.blocks_in_use += count;
        Some(FreshBlock {
            address: self.arenas[i].arena.block_address(first),
            zeroed,
        })
    }

    /// Free blocks in a row for a large object; their entries are set up.
    pub(crate) fn take_large(
        &mut self,
        bytes: usize,
        plan: PlanId,
        permanent: bool,
    ) -> Option<FreshBlock> {
        let count = bytes.div_ceil(BLOCK_SIZE);
        if count > BLOCKS - HEADER_BLOCKS {
            return self.take_huge(bytes, plan, permanent);
        }
        let fresh = self.take_run(count)?;
        let (arena, first) = Arena::of_block(fresh.address);
        for block in first + 1..first + count {
            arena.entry(block).set_rest(first);
        }
        let head = arena.entry(first);
        head.set_large(bytes, plan);
        head.owned.store(u8::from(permanent), Relaxed);
        Some(fresh)
    }

    fn take_huge(&mut self, bytes: usize, plan: PlanId, permanent: bool) -> Option<FreshBlock> {
        let header = HEADER_BLOCKS * BLOCK_SIZE;
        let arenas = bytes.checked_add(header)?.div_ceil(ARENA_SIZE);
        let arena = new_arena(arenas)?;
        arena.entry(HEADER_BLOCKS).set_large(bytes, plan);
        for block in HEADER_BLOCKS + 1..BLOCKS {
            arena.entry(block).set_rest(HEADER_BLOCKS);
        }
        self.huge.push(Huge {
            arena,
            arenas,
            permanent,
        });
        self.blocks_in_use += bytes.div_ceil(BLOCK_SIZE);
        Some(FreshBlock {
            address: arena.block_address(HEADER_BLOCKS),
            zeroed: true,
        })
    }

    fn add_arena(&mut self) -> Option<usize> {
        let arena = new_arena(1)?;
        let mut free = [u64::MAX; WORDS];
        for block in 0..HEADER_BLOCKS {
            free[block / 64] &= !(1 << (block % 64));
        }
        let free_blocks = BLOCKS - HEADER_BLOCKS;
        self.arenas.push(ArenaBlocks {
            arena,
            free,
            dirty: [0; WORDS],
            free_blocks,
        });
        Some(self.arenas.len() - 1)
    }

    /// After marking: frees every block in which nothing is marked with `epoch`, and lists the
    /// spans to be swept when someone needs their slots. Returns how many bytes were counted as touched in what it freed.
    pub(crate) fn reclaim(&mut self, epoch: u8) -> u64 {
        for list in &mut self.partial {
            list.clear();
        }
        let (mut freed, mut touched) = (0, 0);
        for blocks in &mut self.arenas {
            let arena = blocks.arena;
            let mut block = HEADER_BLOCKS;
            while block < BLOCKS {
                if blocks.free[block / 64] >> (block % 64) & 1 == 1 {
                    block += 1;
                    continue;
                }
                let entry = arena.entry(block);
                let kept = entry.marked.load(Relaxed) == epoch || entry.owned.load(Relaxed) != 0;
                let mut count = 1;
                match entry.state() {
                    BlockState::Small if kept => {
                        count = span_blocks(entry.class());
                        if entry.owned.load(Relaxed) == 0 {
                            let index = entry.plan().0 as usize * CLASSES + entry.class();
                            self.partial[index].push(arena.block_address(block));
                        }
                    }
                    BlockState::Small => {
                        count = span_blocks(entry.class());
                        touched += entry.touched();
                        blocks.put_back(block, count);
                        freed += count;
                    }
                    BlockState::LargeHead => {
                        count = entry.bytes().div_ceil(BLOCK_SIZE);
                        if !kept {
                            touched += large_touched(entry.bytes());
                            blocks.put_back(block, count);
                            freed += count;
                        }
                    }
                    BlockState::LargeRest | BlockState::Permanent | BlockState::Free => {}
                }
                block += count;
            }
        }
        // The lists are taken from their ends: lowest addresses first.
        for list in &mut self.partial {
            list.reverse();
        }
        self.huge.retain(|huge| {
            let entry = huge.arena.entry(HEADER_BLOCKS);
            let kept = huge.permanent || entry.marked.load(Relaxed) == epoch;
            if !kept {
                touched += large_touched(entry.bytes());
                freed += entry.bytes().div_ceil(BLOCK_SIZE);
                huge.arena.unregister(huge.arenas);
                self.dropped.push(Dropped {
                    arena: huge.arena,
                    arenas: huge.arenas,
                });
            }
            kept
        });
        self.blocks_in_use -= freed;
        touched
    }

    /// Returns resident free blocks to the system, except `keep` of them, and not more than `most` at once; from the highest
    /// addresses down, since allocation goes up. True if there are more.
    pub(crate) fn release_free(&mut self, keep: usize, most: usize) -> bool {
        let all = self.dirty_free().saturating_sub(keep);
        let mut excess = all.min(most);
        for blocks in self.arenas.iter_mut().rev() {
            let mut end = BLOCKS;
            while excess > 0 && end > HEADER_BLOCKS {
                let is_excess = |block: usize| {
                    let both = blocks.free[block / 64] & blocks.dirty[block / 64];
                    both >> (block % 64) & 1 == 1
                };
                let mut first = end;
                while first > HEADER_BLOCKS && end - first < excess && is_excess(first - 1) {
                    first -= 1;
                }
                if first == end {
                    end -= 1;
                    continue;
                }
                let count = end - first;
                let start = blocks.arena.block_address(first);
                let marks = blocks.arena.base() + first * BLOCK_MARKS;
                // SAFETY: the blocks are free, so nobody uses them or their mark bytes; both are
                // whole pages (a block's marks are 4 KiB), and zero is their proper fresh state.
                unsafe {
                    let at = std::ptr::with_exposed_provenance_mut(start);
                    os::discard(at, count * BLOCK_SIZE);
                    let at = std::ptr::with_exposed_provenance_mut(marks);
                    os::discard(at, count * BLOCK_MARKS);
                }
                for block in first..end {
                    blocks.dirty[block / 64] &= !(1 << (block % 64));
                }
                self.released_blocks += count as u64;
                excess -= count;
                end = first;
            }
        }
        all > most
    }

    pub(crate) fn has_dropped(&self) -> bool {
        !self.dropped.is_empty()
    }

    /// The memory of a dead object that had arenas of its own, if there is one.
    pub(crate) fn take_dropped(&mut self) -> Option<Dropped> {
        self.dropped.pop()
    }

    /// Forgets all marks, because the epoch begins anew.
    pub(crate) fn clear_marks(&mut self) {
        let arenas = self.arenas.iter().map(|blocks| blocks.arena);
        for arena in arenas.chain(self.huge.iter().map(|huge| huge.arena)) {
            for block in HEADER_BLOCKS..BLOCKS {
                arena.entry(block).marked.store(0, Relaxed);
            }
            let first = arena.base() + HEADER_BLOCKS * BLOCK_MARKS;
            // SAFETY: these pages hold nothing but the marks of the arena's blocks, and the world
            // is stopped.
            unsafe {
                let at = std::ptr::with_exposed_provenance_mut(first);
                os::discard(at, (BLOCKS - HEADER_BLOCKS) * BLOCK_MARKS);
            }
        }
    }

    /// Calls `visit` with the first block of every span in use.
    pub(crate) fn each_span(&self, mut visit: impl FnMut(Arena, usize)) {
        for blocks in &self.arenas {
            for block in HEADER_BLOCKS..BLOCKS {
                let free = blocks.free[block / 64] >> (block % 64) & 1 == 1;
                let entry = blocks.arena.entry(block);
                if !free && entry.state() == BlockState::Small && entry.head() == block {
                    visit(blocks.arena, block);
                }
            }
        }
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        for blocks in &self.arenas {
            drop_arena(blocks.arena, 1);
        }
        for huge in &self.huge {
            drop_arena(huge.arena, huge.arenas);
        }
    }
}

/// Gives the last block's pages behind a large object back to the system, if it has whole ones.
pub(crate) fn trim(address: usize, bytes: usize) {
    let start = address + bytes.next_multiple_of(PAGE);
    let end = address + bytes.next_multiple_of(BLOCK_SIZE);
    if start < end {
        // SAFETY: the blocks belong to the object, which does not reach that far: these pages mean nothing to anybody.
        unsafe { os::discard(std::ptr::with_exposed_provenance_mut(start), end - start) };
    }
}

fn new_arena(arenas: usize) -> Option<Arena> {
    let memory = os::reserve(arenas.checked_mul(ARENA_SIZE)?, ARENA_SIZE)?;
    let arena = Arena::register(memory, arenas);
    if arena.is_none() {
        // SAFETY: the memory was reserved just now and not made known.
        unsafe { os::release(memory, arenas * ARENA_SIZE, ARENA_SIZE) };
    }
    arena
}

fn drop_arena(arena: Arena, arenas: usize) {
    arena.unregister(arenas);
    drop(Dropped { arena, arenas });
}
