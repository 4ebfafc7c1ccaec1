//! The blocks of a heap: which arenas there are, which of their blocks are free, and which small
//! blocks have free slots. Everything here is behind the heap's one lock, taken once per block
//! (64 KiB) or large object.

use super::arena::{ARENA_SIZE, Arena, BLOCK_MARKS, BLOCK_SIZE, BLOCKS, BlockState, HEADER_BLOCKS};
use super::os;
use super::shape::PlanId;
use super::size_class::CLASSES;
use crate::sync::raw::Ordering::Relaxed;

const WORDS: usize = BLOCKS / 64;

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

    /// First of `count` free blocks in a row.
    fn find_run(&self, count: usize) -> Option<usize> {
        if self.free_blocks < count {
            return None;
        }
        let mut length = 0;
        for block in HEADER_BLOCKS..BLOCKS {
            if self.free[block / 64] >> (block % 64) & 1 == 1 {
                length += 1;
                if length == count {
                    return Some(block + 1 - count);
                }
            } else {
                length = 0;
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

/// All blocks of one heap.
#[derive(Debug, Default)]
pub(crate) struct Space {
    arenas: Vec<ArenaBlocks>,
    huge: Vec<Huge>,
    /// For each plan and class: blocks that the last collection left partly free, not yet swept.
    partial: Vec<Vec<usize>>,
    /// Blocks in use, those of huge objects included.
    blocks_in_use: usize,
    max_blocks: Option<usize>,
    /// Blocks returned to the system so far.
    released_blocks: u64,
}

impl Space {
    pub(crate) fn new(plans: usize, max_heap: Option<u64>) -> Space {
        let mut space = Space::default();
        space.add_plan_rows(plans);
        space.max_blocks = max_heap.map(|bytes| (bytes as usize).div_ceil(BLOCK_SIZE).max(1));
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

    fn has_room(&self, blocks: usize) -> bool {
        self.max_blocks
            .is_none_or(|max| self.blocks_in_use + blocks <= max)
    }

    /// A block of this plan and class with slots that the last collection found dead.
    pub(crate) fn take_partial(&mut self, index: usize) -> Option<usize> {
        self.partial[index].pop()
    }

    /// A free block. Resident ones first: touching new pages is what costs.
    pub(crate) fn take_block(&mut self) -> Option<FreshBlock> {
        if !self.has_room(1) {
            return None;
        }
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

    /// Free blocks in a row for a large object; their entries are set up.
    pub(crate) fn take_large(
        &mut self,
        bytes: usize,
        plan: PlanId,
        permanent: bool,
    ) -> Option<FreshBlock> {
        let count = bytes.div_ceil(BLOCK_SIZE);
        if !self.has_room(count) {
            return None;
        }
        if count > BLOCKS - HEADER_BLOCKS {
            return self.take_huge(bytes, plan, permanent);
        }
        let found = self
            .arenas
            .iter()
            .enumerate()
            .find_map(|(i, a)| Some((i, a.find_run(count)?)));
        let (i, first) = match found {
            Some(found) => found,
            None => (self.add_arena()?, HEADER_BLOCKS),
        };
        let zeroed = self.arenas[i].take(first, count);
        let arena = self.arenas[i].arena;
        for block in first + 1..first + count {
            arena.entry(block).set_rest(first);
        }
        let head = arena.entry(first);
        head.set_large(bytes, plan);
        head.owned.store(u8::from(permanent), Relaxed);
        self.blocks_in_use += count;
        Some(FreshBlock {
            address: arena.block_address(first),
            zeroed,
        })
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
    /// small blocks to be swept when someone needs their slots.
    pub(crate) fn reclaim(&mut self, epoch: u8) {
        for list in &mut self.partial {
            list.clear();
        }
        let mut freed = 0;
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
                        if entry.owned.load(Relaxed) == 0 {
                            let index = entry.plan().0 as usize * CLASSES + entry.class();
                            self.partial[index].push(arena.block_address(block));
                        }
                    }
                    BlockState::Small => {
                        blocks.put_back(block, 1);
                        freed += 1;
                    }
                    BlockState::LargeHead => {
                        count = entry.bytes().div_ceil(BLOCK_SIZE);
                        if !kept {
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
                freed += entry.bytes().div_ceil(BLOCK_SIZE);
                drop_arena(huge.arena, huge.arenas);
            }
            kept
        });
        self.blocks_in_use -= freed;
    }

    /// Returns resident free blocks to the system, except `keep` of them; from the highest
    /// addresses down, since allocation goes up.
    pub(crate) fn release_free(&mut self, keep: usize) {
        let mut excess = self.dirty_free().saturating_sub(keep);
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

    /// Calls `visit` with every small block in use.
    pub(crate) fn each_small_block(&self, mut visit: impl FnMut(Arena, usize)) {
        for blocks in &self.arenas {
            for block in HEADER_BLOCKS..BLOCKS {
                let free = blocks.free[block / 64] >> (block % 64) & 1 == 1;
                if !free && blocks.arena.entry(block).state() == BlockState::Small {
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
    if let Some(memory) = arena.memory() {
        // SAFETY: reserved by `new_arena` with this size; the object in it is dead, or the heap is
        // being dropped and its users are gone.
        unsafe { os::release(memory, arenas * ARENA_SIZE, ARENA_SIZE) };
    }
}
