//! Arenas: 32 MiB of aligned address space, cut into 64 KiB blocks.
//!
//! ```text
//! offset 0        16 KiB          128 KiB              2 MiB                      32 MiB
//!        │ entries │  (unused)     │ mark bytes         │ blocks 32 … 511          │
//! ```
//! The first 32 blocks are the header. The mark byte of address `a` is at `offset(a) / 16`, so the
//! mark bytes of the header itself, which nobody needs, are where the block entries lie. Objects
//! carry no header: a racing or torn access can never reach what the collector relies on.
//!
//! An object larger than an arena takes several arenas in a row; only the first has a header.
//! The presence table says of every 32 MiB of address space whether an arena begins there, or how
//! many steps before. It is the only global of the heap: arenas of all VMs in the process are in it.

use std::ptr::NonNull;

use super::shape::PlanId;
use super::size_class;
use crate::sync::raw::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

pub(crate) const ARENA_SHIFT: u32 = 25;
pub(crate) const ARENA_SIZE: usize = 1 << ARENA_SHIFT;
pub(crate) const BLOCK_SHIFT: u32 = 16;
pub(crate) const BLOCK_SIZE: usize = 1 << BLOCK_SHIFT;
/// Blocks of an arena, its header included.
pub(crate) const BLOCKS: usize = ARENA_SIZE / BLOCK_SIZE;
/// Bytes of memory that one mark byte stands for; all objects are aligned to it.
pub(crate) const GRANULE: usize = 16;
/// Bytes of mark bytes of one block.
pub(crate) const BLOCK_MARKS: usize = BLOCK_SIZE / GRANULE;
/// Blocks that an arena's header takes.
pub(crate) const HEADER_BLOCKS: usize = ARENA_SIZE / GRANULE / BLOCK_SIZE;

const ADDRESS_BITS: u32 = 47;
const PRESENCE: usize = 1 << (ADDRESS_BITS - ARENA_SHIFT);

/// 0: no arena; 1: an arena begins here; n + 1: it begins at least n steps before (look there).
static PRESENT: [AtomicU8; PRESENCE] = [const { AtomicU8::new(0) }; PRESENCE];

const _: () = assert!(BLOCKS * size_of::<BlockEntry>() <= HEADER_BLOCKS * BLOCK_MARKS);

/// What a block is used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum BlockState {
    /// Nothing (the state of zeroed memory).
    Free = 0,
    /// Part of a span of slots of one size and one plan.
    Small = 1,
    /// The beginning of one large object.
    LargeHead = 2,
    /// The rest of one.
    LargeRest = 3,
    /// Objects that live as long as the heap, of any size.
    Permanent = 4,
}

/// Side table entry of a block. Atomic because a racing program may ask for the extent of an
/// object while its block changes hands; what it is told about a live object never changes.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct BlockEntry {
    state: AtomicU8,
    class: AtomicU8,
    /// Epoch of the last collection that marked something in the block.
    pub(crate) marked: AtomicU8,
    /// A `LocalHeap` allocates from it.
    pub(crate) owned: AtomicU8,
    plan: AtomicU32,
    /// Slot size.
    size: AtomicU32,
    reciprocal: AtomicU32,
    /// Bytes of a large object; of a span as many as are counted as touched.
    bytes: AtomicU64,
    /// Of a `LargeRest` and in a span: index of the first block.
    head: AtomicU32,
    _reserved: u32,
}

impl BlockEntry {
    #[inline(always)]
    pub(crate) fn state(&self) -> BlockState {
        match self.state.load(Relaxed) {
            1 => BlockState::Small,
            2 => BlockState::LargeHead,
            3 => BlockState::LargeRest,
            4 => BlockState::Permanent,
            _ => BlockState::Free,
        }
    }

    #[inline(always)]
    pub(crate) fn plan(&self) -> PlanId {
        PlanId(self.plan.load(Relaxed))
    }

    #[inline(always)]
    pub(crate) fn class(&self) -> usize {
        self.class.load(Relaxed) as usize
    }

    /// Slot size of a small block.
    #[inline(always)]
    pub(crate) fn size(&self) -> usize {
        self.size.load(Relaxed) as usize
    }

    /// Bytes of a large object.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Relaxed) as usize
    }

    /// First block of the span or large object that this one is part of.
    #[inline(always)]
    pub(crate) fn head(&self) -> usize {
        self.head.load(Relaxed) as usize
    }

    /// Bytes of a span that are counted as touched.
    pub(crate) fn touched(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Counts more bytes of a span as touched. Only the owner of the span does.
    pub(crate) fn touch(&self, bytes: u64) {
        self.bytes.store(self.touched() + bytes, Relaxed);
    }

    pub(crate) fn set_small(&self, head: usize, class: usize, plan: PlanId) {
        let size = size_class::SIZES[class];
        self.head.store(head as u32, Relaxed);
        self.bytes.store(0, Relaxed);
        self.class.store(class as u8, Relaxed);
        self.plan.store(plan.0, Relaxed);
        self.size.store(size, Relaxed);
        self.reciprocal.store(size_class::reciprocal(size), Relaxed);
        self.state.store(BlockState::Small as u8, Relaxed);
    }

    pub(crate) fn set_large(&self, bytes: usize, plan: PlanId) {
        self.plan.store(plan.0, Relaxed);
        self.bytes.store(bytes as u64, Relaxed);
        self.state.store(BlockState::LargeHead as u8, Relaxed);
    }

    pub(crate) fn set_rest(&self, head: usize) {
        self.head.store(head as u32, Relaxed);
        self.state.store(BlockState::LargeRest as u8, Relaxed);
    }

    pub(crate) fn set_permanent(&self) {
        self.state.store(BlockState::Permanent as u8, Relaxed);
    }

    pub(crate) fn set_free(&self) {
        self.owned.store(0, Relaxed);
        self.state.store(BlockState::Free as u8, Relaxed);
    }
}

/// An arena by its address. Copies are cheap; the `Space` that reserved it gives it back when the
/// heap is dropped, and nothing outlives the heap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Arena {
    base: usize,
}

impl Arena {
    /// Takes over memory that was just reserved and makes it known.
    pub(crate) fn register(memory: NonNull<u8>, arenas: usize) -> Option<Arena> {
        let base = memory.as_ptr().expose_provenance();
        let number = base >> ARENA_SHIFT;
        if !base.is_multiple_of(ARENA_SIZE) || number + arenas > PRESENCE {
            return None;
        }
        for step in 0..arenas {
            PRESENT[number + step].store(step.min(254) as u8 + 1, Relaxed);
        }
        Some(Arena { base })
    }

    /// Makes it unknown again.
    pub(crate) fn unregister(self, arenas: usize) {
        for step in 0..arenas {
            PRESENT[(self.base >> ARENA_SHIFT) + step].store(0, Relaxed);
        }
    }

    pub(crate) fn base(self) -> usize {
        self.base
    }

    pub(crate) fn memory(self) -> Option<NonNull<u8>> {
        NonNull::new(std::ptr::with_exposed_provenance_mut(self.base))
    }

    #[inline(always)]
    pub(crate) fn entry<'a>(self, block: usize) -> &'a BlockEntry {
        debug_assert!(block < BLOCKS);
        let table = std::ptr::with_exposed_provenance::<BlockEntry>(self.base);
        // SAFETY: every arena begins with `BLOCKS` entries (zeroed memory is a valid entry), and
        // lives as long as the heap whose methods use the reference.
        unsafe { &*table.add(block) }
    }

    /// The mark byte of the object that begins at `offset`, which is below `ARENA_SIZE`.
    #[inline(always)]
    pub(crate) fn mark<'a>(self, offset: usize) -> &'a AtomicU8 {
        debug_assert!(offset < ARENA_SIZE);
        let marks = std::ptr::with_exposed_provenance::<AtomicU8>(self.base);
        // SAFETY: the mark bytes of an arena are its first `ARENA_SIZE / GRANULE` bytes.
        unsafe { &*marks.add(offset / GRANULE) }
    }

    /// Address of a block.
    #[inline(always)]
    pub(crate) fn block_address(self, block: usize) -> usize {
        self.base + (block << BLOCK_SHIFT)
    }

    /// The arena and index of the block at `address`, which is in an arena with a header.
    #[inline(always)]
    pub(crate) fn of_block(address: usize) -> (Arena, usize) {
        let base = address & !(ARENA_SIZE - 1);
        (Arena { base }, (address - base) >> BLOCK_SHIFT)
    }
}

/// An object that an address points to or into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object {
    pub(crate) base: usize,
    pub(crate) size: usize,
    pub(crate) plan: PlanId,
    pub(crate) arena: Arena,
    /// The block that holds its mark.
    pub(crate) block: usize,
}

impl Object {
    #[inline(always)]
    pub(crate) fn mark<'a>(&self) -> &'a AtomicU8 {
        self.arena.mark(self.base - self.arena.base)
    }
}

/// Where an address points.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Not into any heap, or into unused memory.
    Nowhere,
    /// Into a permanent small object.
    Permanent,
    /// To or into this object.
    Object(Object),
}

/// Finds what any word points to, if it is an address in a heap.
#[inline(always)]
pub(crate) fn locate(address: usize) -> Place {
    let mut number = address >> ARENA_SHIFT;
    if number >= PRESENCE {
        return Place::Nowhere;
    }
    let mut steps = PRESENT[number].load(Relaxed);
    if steps != 1 {
        if steps == 0 {
            return Place::Nowhere;
        }
        while steps > 1 {
            number -= steps as usize - 1;
            steps = PRESENT[number].load(Relaxed);
        }
        let arena = Arena {
            base: number << ARENA_SHIFT,
        };
        return large(arena, HEADER_BLOCKS);
    }
    let arena = Arena {
        base: number << ARENA_SHIFT,
    };
    let block = (address - arena.base) >> BLOCK_SHIFT;
    if block < HEADER_BLOCKS {
        return Place::Nowhere;
    }
    let entry = arena.entry(block);
    match entry.state() {
        BlockState::Small => {
            let head = entry.head();
            let start = arena.block_address(head);
            let offset = address - start;
            let slot = (offset as u64 * u64::from(entry.reciprocal.load(Relaxed)))
                >> size_class::RECIPROCAL_SHIFT;
            let size = entry.size();
            let base = start + slot as usize * size;
            Place::Object(Object {
                base,
                size,
                plan: entry.plan(),
                arena,
                block: head,
            })
        }
        BlockState::LargeHead => large(arena, block),
        BlockState::LargeRest => large(arena, entry.head()),
        BlockState::Permanent => Place::Permanent,
        BlockState::Free => Place::Nowhere,
    }
}

#[inline(never)]
fn large(arena: Arena, head: usize) -> Place {
    let entry = arena.entry(head);
    if entry.state() != BlockState::LargeHead {
        return Place::Nowhere;
    }
    Place::Object(Object {
        base: arena.block_address(head),
        size: entry.bytes(),
        plan: entry.plan(),
        arena,
        block: head,
    })
}
