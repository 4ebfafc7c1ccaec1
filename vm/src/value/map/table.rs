//! The table of a map: an object whose first word points to the entries and whose rest is scalar.
//!
//! ```text
//! word 0 entries    1 mask   2 seed   3 used   4 capacity   5 stride | value offset << 32
//!      6 byte offset of the deleted bits    7 byte offset of the hashes, or 0
//!      8… index (u32 each, mask + 1 of them, none in a small table), deleted bits, hashes (u32)
//! ```
//! Entries are appended; `used` counts them. A slot of the index is 0, or an entry's number plus 1 in
//! its low bits (those of `mask`) and the same hash's remaining bits above; the low bits all set
//! mean that the entry was deleted. Everything but `used` and the index's, bits' and hashes'
//! contents is fixed for the table's lifetime. So whatever two racing writers do to it, an index
//! slot names an entry of this table, and all accesses stay inside.

use super::key::{Key, narrow};
use super::{MapError, MapType};
use crate::heap::{Heap, LocalHeap};
use crate::value::hash::hash_word;
use crate::value::word::{copy_mem, load, load_u32, store, store_u32};
use minigo_bytecode::program::ShapeId;

const ENTRIES: usize = 0;
const MASK: usize = 1;
const SEED: usize = 2;
const USED: usize = 3;
const CAPACITY: usize = 4;
const LAYOUT: usize = 5;
const DELETED: usize = 6;
const HASHES: usize = 7;
const HEADER: usize = 8;

/// Entries of a table without index, which is searched from end to end.
const SMALL: u64 = 8;
/// Slots of the smallest index.
const MIN_SLOTS: u64 = 32;
/// Entries that a table can have, so that their numbers fit into a slot.
const MAX_CAPACITY: u64 = 1 << 30;

/// A table by its address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Table(pub(super) *mut u64);

/// Where a key is, or where it would go.
pub(super) enum Found {
    /// Entry number and its index slot.
    Entry(u64, u64),
    /// The index slot for it.
    Vacant(u64),
}

/// Slots of the index of a table for `capacity` entries: at most 5/8 of them are used.
fn slots_for(capacity: u64) -> u64 {
    (capacity * 8)
        .div_ceil(5)
        .next_power_of_two()
        .max(MIN_SLOTS)
}

// All accessors rely on one fact: a `Table` is only made by `Table::new` and from words that hold
// one, so its header is there and says how long its parts are.
impl Table {
    /// A table for at least `capacity` entries. `None`: no memory.
    pub(super) fn new(
        heap: &Heap,
        local: &mut LocalHeap,
        shape: ShapeId,
        ty: &MapType,
        keeps_hash: bool,
        seed: u64,
        capacity: u64,
    ) -> Option<Table> {
        if capacity > MAX_CAPACITY {
            return None;
        }
        let (slots, capacity) = if capacity <= SMALL {
            (0, SMALL)
        } else {
            let slots = slots_for(capacity);
            (slots, slots / 8 * 5)
        };
        let deleted = HEADER as u64 * 8 + slots * 4;
        let hashes = deleted + capacity.div_ceil(64) * 8;
        let keeps_hash = keeps_hash && slots > 0;
        let bytes = hashes + if keeps_hash { capacity * 4 } else { 0 };
        let entry_bytes = u64::from(ty.stride) * 8 * capacity;
        let table = heap
            .alloc(local, shape, usize::try_from(bytes).ok()?)?
            .as_ptr();
        let entries = heap.alloc(local, ty.entry_shape, usize::try_from(entry_bytes).ok()?)?;
        // SAFETY: the object was allocated with this size and nobody else knows it.
        unsafe {
            store(
                table.add(ENTRIES),
                entries.as_ptr().expose_provenance() as u64,
            );
            store(table.add(MASK), slots.saturating_sub(1));
            store(table.add(SEED), seed);
            store(table.add(CAPACITY), capacity);
            store(
                table.add(LAYOUT),
                u64::from(ty.stride) | u64::from(ty.value_offset) << 32,
            );
            store(table.add(DELETED), deleted);
            store(table.add(HASHES), if keeps_hash { hashes } else { 0 });
        }
        Some(Table(table))
    }

    #[inline(always)]
    fn get(self, field: usize) -> u64 {
        // SAFETY: see above.
        unsafe { load(self.0.add(field)) }
    }

    #[inline(always)]
    pub(super) fn used(self) -> u64 {
        self.get(USED).min(self.capacity())
    }

    #[inline(always)]
    pub(super) fn capacity(self) -> u64 {
        self.get(CAPACITY)
    }

    #[inline(always)]
    pub(super) fn seed(self) -> u64 {
        self.get(SEED)
    }

    /// The entry with this number.
    #[inline(always)]
    pub(super) fn entry(self, number: u64) -> *mut u64 {
        let entries = std::ptr::with_exposed_provenance_mut::<u64>(self.get(ENTRIES) as usize);
        // SAFETY: see above; entry numbers are below the capacity.
        unsafe { entries.add((number * (self.get(LAYOUT) & 0xFFFF_FFFF)) as usize) }
    }

    /// Words from an entry's beginning to its value.
    #[inline(always)]
    pub(super) fn value_offset(self) -> usize {
        (self.get(LAYOUT) >> 32) as usize
    }

    #[inline(always)]
    fn slot(self, slot: u64) -> *mut u32 {
        // SAFETY: see above; slots are at most `mask`.
        unsafe { self.0.add(HEADER).cast::<u32>().add(slot as usize) }
    }

    #[inline(always)]
    fn hash_at(self, number: u64) -> *mut u32 {
        // SAFETY: see above; only tables that keep hashes are asked.
        unsafe {
            self.0
                .byte_add(self.get(HASHES) as usize)
                .cast::<u32>()
                .add(number as usize)
        }
    }

    #[inline(always)]
    fn deleted_word(self, number: u64) -> *mut u64 {
        // SAFETY: see above; entry numbers are below the capacity.
        unsafe {
            self.0
                .byte_add(self.get(DELETED) as usize)
                .add((number / 64) as usize)
        }
    }

    /// True if the entry was deleted.
    #[inline(always)]
    pub(super) fn is_deleted(self, number: u64) -> bool {
        // SAFETY: the word is inside the table.
        unsafe { load(self.deleted_word(number)) >> (number % 64) & 1 == 1 }
    }

    /// Looks a key up.
    #[inline(always)]
    pub(super) fn find<K: Key>(self, key: &K, hash: impl FnOnce() -> Option<u32>) -> Found {
        let mask = self.get(MASK) as u32;
        if mask == 0 {
            // SAFETY: the bits of a small table are one word.
            let deleted = unsafe { load(self.deleted_word(0)) };
            for number in 0..self.used() {
                // SAFETY: the entry is one of this table, which holds keys of this kind.
                if deleted >> number & 1 == 0 && unsafe { key.matches(self.entry(number)) } {
                    return Found::Entry(number, 0);
                }
            }
            return Found::Vacant(0);
        }
        let Some(hash) = hash() else {
            return Found::Vacant(0);
        };
        let mut at = hash & mask;
        let start = at;
        let mut vacant = None;
        loop {
            // SAFETY: `at` is at most `mask`.
            let slot = unsafe { load_u32(self.slot(u64::from(at))) };
            if slot == 0 {
                break;
            }
            if slot & mask == mask {
                vacant = vacant.or(Some(at));
            } else if (slot ^ hash) & !mask == 0 {
                let number = u64::from(slot & mask) - 1;
                // SAFETY: a slot of this index names an entry of this table.
                if unsafe { key.matches(self.entry(number)) } {
                    return Found::Entry(number, u64::from(at));
                }
            }
            at = (at + 1) & mask;
            if at == start {
                // Only racing writers can have filled the index.
                break;
            }
        }
        Found::Vacant(u64::from(vacant.unwrap_or(at)))
    }

    /// Appends an entry for a key that is not in the table, which is not full; `slot` is where
    /// [`Table::find`] said that it goes.
    #[inline(always)]
    pub(super) fn append<K: Key>(self, key: &K, hash: u32, slot: u64) -> Result<u64, MapError> {
        let number = self.get(USED);
        if number >= self.capacity() {
            // Somebody else has filled it meanwhile.
            return Err(MapError::ConcurrentWrites);
        }
        // SAFETY: the entry and the slot are of this table.
        unsafe {
            key.store(self.entry(number));
            self.set_slot(slot, hash, number);
            store(self.0.add(USED), number + 1);
        }
        Ok(number)
    }

    #[inline(always)]
    unsafe fn set_slot(self, slot: u64, hash: u32, number: u64) {
        let mask = self.get(MASK) as u32;
        if mask != 0 {
            // SAFETY: the caller says that slot and entry are of this table.
            unsafe { store_u32(self.slot(slot), hash & !mask | (number as u32 + 1)) };
            if self.get(HASHES) != 0 {
                // SAFETY: the table keeps hashes, one an entry.
                unsafe { store_u32(self.hash_at(number), hash) };
            }
        }
    }

    /// Deletes the entry that [`Table::find`] found.
    pub(super) fn delete(self, number: u64, slot: u64) {
        let mask = self.get(MASK) as u32;
        let words = (self.get(LAYOUT) & 0xFFFF_FFFF) as usize;
        // SAFETY: entry and slot are of this table.
        unsafe {
            if mask != 0 {
                store_u32(self.slot(slot), mask);
            }
            let bits = self.deleted_word(number);
            store(bits, load(bits) | 1 << (number % 64));
            clear(self.entry(number), words);
        }
    }

    /// Copies all live entries to a fresh table with room for them; returns how many there were.
    pub(super) fn copy_to(self, other: Table) -> u64 {
        let stride = self.get(LAYOUT) & 0xFFFF_FFFF;
        let mut count = 0;
        let used = self.used();
        let room = other.capacity();
        let (keeps, kept) = (other.get(HASHES) != 0, self.get(HASHES) != 0);
        let mask = other.get(MASK) as u32;
        let mut number = 0;
        // Runs of live entries move at once.
        while number < used && count < room {
            if self.is_deleted(number) {
                number += 1;
                continue;
            }
            let first = number;
            while number < used && number - first < room - count && !self.is_deleted(number) {
                number += 1;
            }
            let run = number - first;
            // SAFETY: the runs are inside both tables' entries.
            unsafe {
                let bytes = (run * stride * 8) as usize;
                copy_mem(other.entry(count), self.entry(first), bytes);
                if kept && keeps {
                    for i in 0..run {
                        store_u32(other.hash_at(count + i), load_u32(self.hash_at(first + i)));
                    }
                }
            }
            count += run;
        }
        // SAFETY: the header is there.
        unsafe { store(other.0.add(USED), count) };
        if mask != 0 && (kept || !keeps) {
            other.index_all();
        }
        count
    }

    /// True if [`Table::copy_to`] from `self` needs [`Table::index_with`] afterwards: the hashes were
    /// not kept yet.
    pub(super) fn lacks_hashes(self, other: Table) -> bool {
        self.get(HASHES) == 0 && other.get(HASHES) != 0
    }

    /// Fills the index of a fresh table whose entries and hashes are there.
    fn index_all(self) {
        let kept = self.get(HASHES) != 0;
        for number in 0..self.get(USED) {
            // SAFETY: the entry is one of this table; keys whose hash is not kept are one word.
            let hash = unsafe {
                if kept {
                    load_u32(self.hash_at(number))
                } else {
                    narrow(hash_word(self.seed(), load(self.entry(number))))
                }
            };
            self.index_entry(number, hash);
        }
    }

    /// Fills the index of a fresh table whose entries are there, with `hash` of each entry.
    pub(super) fn index_with(self, hash: impl Fn(*const u64, u64) -> u32) {
        for number in 0..self.get(USED) {
            self.index_entry(number, hash(self.entry(number), number));
        }
    }

    #[inline]
    fn index_entry(self, number: u64, hash: u32) {
        let mask = self.get(MASK) as u32;
        let mut at = hash & mask;
        // SAFETY: slots are at most `mask`; a fresh index always has a free one, as it has more slots
        // than the table has entries.
        unsafe {
            while load_u32(self.slot(u64::from(at))) != 0 {
                at = (at + 1) & mask;
            }
            self.set_slot(u64::from(at), hash, number);
        }
    }

    /// Empties the table in place.
    pub(super) fn clear(self) {
        let used = self.used();
        let words = ((self.get(LAYOUT) & 0xFFFF_FFFF) * used) as usize;
        let index = self.get(DELETED) as usize / 8 - HEADER;
        let bits = used.div_ceil(64) as usize;
        // SAFETY: all of it is inside the table and its entries.
        unsafe {
            store(self.0.add(USED), 0);
            clear(self.0.add(HEADER), index);
            clear(self.0.byte_add(self.get(DELETED) as usize), bits);
            clear(self.entry(0), words);
        }
    }
}

/// Stores zeroes; pairs at aligned addresses at once.
unsafe fn clear(at: *mut u64, words: usize) {
    let mut i = 0;
    // SAFETY: the caller says that there are so many words.
    unsafe {
        if at.addr() & 15 == 0 {
            while i + 2 <= words {
                crate::value::word::store_pair(at.add(i), 0, 0);
                i += 2;
            }
        }
        while i < words {
            store(at.add(i), 0);
            i += 1;
        }
    }
}
