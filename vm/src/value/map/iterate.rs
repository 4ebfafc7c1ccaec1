//! `range` over a map.
//!
//! The iterator is a heap object. It goes once around the entries that its table had at the
//! beginning, from a start that the caller chose. If the map gets another table meanwhile, the
//! old one still says which keys are due, and the new one whether they are there and with what
//! value. So nothing deleted is shown and nothing is shown twice; what is inserted during the
//! iteration may or may not be shown, as in Go.

use minigo_bytecode::program::{Shape, WordKind};

use super::key::{Key, KeyKind, PlainKey, StringKey, WordKey};
use super::table::{Found, Table};
use super::{CLEARS, FLAGS, MapError, Maps, WRITING, header, table_of};
use crate::heap::{Heap, LocalHeap};
use crate::value::word::{load, load_pair, store};

const MAP: usize = 0;
const TABLE: usize = 1;
/// The current entry, in whichever table it is.
const ENTRY: usize = 2;
const POSITION: usize = 3;
const REMAINING: usize = 4;
const END: usize = 5;
const CLEARS_SEEN: usize = 6;
const WORDS: usize = 7;

/// The shape of an iterator.
pub(super) fn shape() -> Shape {
    use WordKind::{Int, Ptr};
    Shape {
        kinds: vec![Ptr, Ptr, Ptr, Int, Int, Int, Int],
    }
}

impl Maps {
    /// An iterator over `map` (nil or a map), beginning at a place that `random` determines; 0 if
    /// there is nothing to iterate over. `None`: no memory.
    ///
    /// # Safety
    /// `map` must be a map value or nil.
    pub unsafe fn iterate(
        &self,
        heap: &Heap,
        local: &mut LocalHeap,
        map: u64,
        random: u64,
    ) -> Option<u64> {
        let Some(header) = header(map) else {
            return Some(0);
        };
        // SAFETY: by the function's contract.
        let Some(table) = (unsafe { table_of(header) }) else {
            return Some(0);
        };
        let end = table.used();
        if end == 0 {
            return Some(0);
        }
        let iterator = heap.alloc(local, self.iterator_shape, WORDS * 8)?.as_ptr();
        // SAFETY: the iterator was allocated just now; the header is there.
        unsafe {
            store(iterator.add(MAP), map);
            store(iterator.add(TABLE), table.0.expose_provenance() as u64);
            store(iterator.add(POSITION), random % end);
            store(iterator.add(REMAINING), end);
            store(iterator.add(END), end);
            store(iterator.add(CLEARS_SEEN), load(header.add(CLEARS)));
        }
        Some(iterator.expose_provenance() as u64)
    }

    /// Goes to the next entry; false if there is none.
    ///
    /// # Safety
    /// `iterator` must be from [`Maps::iterate`].
    pub unsafe fn next(&self, iterator: u64) -> Result<bool, MapError> {
        let Some(iterator) = header(iterator) else {
            return Ok(false);
        };
        // SAFETY: by the function's contract, all words hold what `iterate` put there.
        unsafe {
            let Some(map) = header(load(iterator.add(MAP))) else {
                return Ok(false);
            };
            let Some(table) = header(load(iterator.add(TABLE))).map(Table) else {
                return Ok(false);
            };
            if load(map.add(FLAGS)) & WRITING != 0 {
                return Err(MapError::ConcurrentIteration);
            }
            let current = table_of(map);
            let end = load(iterator.add(END)).min(table.capacity());
            let mut position = load(iterator.add(POSITION));
            let mut remaining = load(iterator.add(REMAINING));
            while remaining > 0 && position < end {
                let number = position;
                position = if position + 1 == end { 0 } else { position + 1 };
                remaining -= 1;
                // A cleared table has fewer entries than before.
                if number >= table.used() || table.is_deleted(number) {
                    continue;
                }
                let mut entry = Some(table.entry(number));
                if current != Some(table) {
                    let cleared = load(map.add(CLEARS)) != load(iterator.add(CLEARS_SEEN));
                    entry = self.look_up_again(map, table, number, cleared);
                }
                if let Some(entry) = entry {
                    store(iterator.add(ENTRY), entry.expose_provenance() as u64);
                    store(iterator.add(POSITION), position);
                    store(iterator.add(REMAINING), remaining);
                    return Ok(true);
                }
            }
            store(iterator.add(REMAINING), 0);
            Ok(false)
        }
    }

    /// Finds the key of an old table's entry in the map's present table.
    unsafe fn look_up_again(
        &self,
        map: *mut u64,
        old: Table,
        number: u64,
        cleared: bool,
    ) -> Option<*mut u64> {
        let entry = old.entry(number);
        let ty = self.type_of(map);
        // SAFETY: the caller has a map and a table of it.
        unsafe {
            let table = table_of(map)?;
            match ty.kind {
                KeyKind::Word => find(table, &WordKey(load(entry))),
                KeyKind::String => {
                    let (data, len) = load_pair(entry);
                    find(table, &StringKey { data, len })
                }
                KeyKind::Plain => find(
                    table,
                    &PlainKey {
                        words: entry,
                        count: ty.key_words as usize,
                    },
                ),
                KeyKind::Generic => {
                    let key = self.generic(ty, entry);
                    let found = find(table, &key);
                    // A key with a NaN cannot be found, nor deleted but by `clear`, nor changed.
                    if found.is_none() && !cleared && !key.matches(entry) {
                        return Some(entry);
                    }
                    found
                }
            }
        }
    }

    /// How many words keys and values of the iterator's map have.
    ///
    /// # Safety
    /// `iterator` must be from [`Maps::iterate`], and not 0.
    pub unsafe fn widths(&self, iterator: u64) -> (usize, usize) {
        // SAFETY: by the function's contract, the word holds the map.
        let map = header(iterator).and_then(|iterator| header(unsafe { load(iterator.add(MAP)) }));
        map.map_or((0, 0), |map| {
            let ty = self.type_of(map);
            (ty.key_words as usize, ty.value_words as usize)
        })
    }

    /// Key and value words of all entries of `map` (nil or a map), in the order of insertion.
    ///
    /// # Safety
    /// `map` must be a map value or nil.
    pub unsafe fn entries(map: u64) -> Vec<(*const u64, *const u64)> {
        // SAFETY: by the function's contract.
        let Some(table) = header(map).and_then(|header| unsafe { table_of(header) }) else {
            return Vec::new();
        };
        (0..table.used())
            .filter(|&number| !table.is_deleted(number))
            .map(|number| {
                let entry = table.entry(number).cast_const();
                (entry, entry.wrapping_add(table.value_offset()))
            })
            .collect()
    }

    /// The words of the current key; valid after [`Maps::next`] gave true.
    ///
    /// # Safety
    /// As for [`Maps::next`].
    #[inline]
    pub unsafe fn key(iterator: u64) -> *const u64 {
        let iterator = std::ptr::with_exposed_provenance::<u64>(iterator as usize);
        // SAFETY: by the function's contract.
        std::ptr::with_exposed_provenance(unsafe { load(iterator.add(ENTRY)) } as usize)
    }

    /// The words of the current value; valid after [`Maps::next`] gave true.
    ///
    /// # Safety
    /// As for [`Maps::next`].
    #[inline]
    pub unsafe fn value(iterator: u64) -> *const u64 {
        // SAFETY: by the function's contract; all tables of a map have the same layout.
        unsafe {
            let words = std::ptr::with_exposed_provenance::<u64>(iterator as usize);
            let table = Table(std::ptr::with_exposed_provenance_mut(
                load(words.add(TABLE)) as usize,
            ));
            Maps::key(iterator).add(table.value_offset())
        }
    }
}

fn find<K: Key>(table: Table, key: &K) -> Option<*mut u64> {
    match table.find(key, || key.hash(table.seed(), 0).ok()) {
        Found::Entry(number, _) => Some(table.entry(number)),
        Found::Vacant(_) => None,
    }
}
