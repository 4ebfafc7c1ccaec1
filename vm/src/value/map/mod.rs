//! Go maps on the GC heap.
//!
//! ```text
//! map value ─► header: table │ count │ kind, writing │ map type │ clears
//!                        └─► table: entries │ … │ index │ deleted bits │ hashes   (table.rs)
//!                                      └─► entries: key words, value words, in insertion order
//! ```
//! Keys and values are in register form. Iteration goes over the entries from a start that the
//! caller chooses, so its order depends on nothing but the program and that choice. A table never
//! changes its capacity: growing makes a new one, and iterators that run over the old one look
//! each of its keys up in the new one.
//!
//! Concurrent misuse is found as Go finds it, by a bit in the header that writers set: best effort.
//! Whatever it misses gives wrong contents at worst, never a wild access.

mod iterate;
mod key;
mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc as StdArc;

use minigo_bytecode::program::{Program, RuntimeType, Shape, ShapeId, TypeId, TypeKind, WordKind};

use super::equal::{Uncomparable, is_plain};
use super::word::{load, store};
use crate::growable::Growable;
use crate::heap::{Heap, LocalHeap};
use key::{GenericKey, Key, KeyKind, PlainKey, StringKey, WordKey};
use table::{Found, Table};

const TABLE: usize = 0;
const COUNT: usize = 1;
/// The key kind in bits 8 and up, [`WRITING`] in bit 0.
const FLAGS: usize = 2;
const TYPE: usize = 3;
const CLEARS: usize = 4;
const HEADER_BYTES: usize = 48;

const WRITING: u64 = 1;

/// Why a map operation was not done. Nothing has changed then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MapError {
    /// Panic: `assignment to entry in nil map`.
    NilMap,
    /// Runtime error: `hash of unhashable type …`.
    Unhashable(Uncomparable),
    /// Panic, of a read or a deletion in an empty map: `hash of unhashable type: …`.
    UnhashableInEmpty(Uncomparable),
    /// Fatal error: `concurrent map writes`.
    ConcurrentWrites,
    /// Fatal error: `concurrent map read and map write`.
    ConcurrentReadWrite,
    /// Fatal error: `concurrent map iteration and map write`.
    ConcurrentIteration,
    /// Collect and try again, or give up.
    OutOfMemory,
}

impl From<Uncomparable> for MapError {
    fn from(error: Uncomparable) -> MapError {
        MapError::Unhashable(error)
    }
}

/// How maps of one type are laid out.
#[derive(Debug)]
struct MapType {
    key: TypeId,
    kind: KeyKind,
    key_words: u32,
    value_words: u32,
    /// Words of an entry, and from its beginning to its value.
    stride: u32,
    value_offset: u32,
    entry_shape: ShapeId,
}

/// What map operations need to know about the program: one for each VM.
#[derive(Debug)]
pub struct Maps {
    program: StdArc<Growable<Program>>,
    types: Vec<MapType>,
    /// By `TypeId`: index into `types`, or `u32::MAX`.
    by_type: Vec<u32>,
    header_shape: ShapeId,
    iterator_shape: ShapeId,
    seed: u64,
}

impl Maps {
    /// Prepares the map types of a program: adds the shapes of their entries to the heap. `seed`
    /// makes hashes hard to predict; results do not depend on it.
    pub fn new(heap: &mut Heap, program: StdArc<Growable<Program>>, seed: u64) -> Maps {
        let mut types = Vec::new();
        let mut by_type = vec![u32::MAX; program.types.len()];
        for (i, info) in program.types.iter().enumerate() {
            if let TypeKind::Map { key, value } = info.kind {
                by_type[i] = types.len() as u32;
                types.push(map_type(heap, &program.types, key, value));
            }
        }
        let header_shape = heap.add_first_pointer_shape();
        let iterator_shape = heap.add_shape(&iterate::shape());
        Maps {
            program,
            types,
            by_type,
            header_shape,
            iterator_shape,
            seed,
        }
    }

    /// Prepares the map types that the program has got since. The world is stopped.
    pub(crate) fn extend(&mut self, heap: &mut Heap) {
        let all = &self.program.types;
        for info in &all[self.by_type.len()..] {
            let mut index = u32::MAX;
            if let TypeKind::Map { key, value } = info.kind {
                index = self.types.len() as u32;
                self.types.push(map_type(heap, all, key, value));
            }
            self.by_type.push(index);
        }
    }

    /// `make(map[K]V, hint)`. `None`: no memory.
    pub fn make(&self, heap: &Heap, local: &mut LocalHeap, ty: TypeId, hint: i64) -> Option<u64> {
        let index = self.by_type[ty.index()];
        let ty = &self.types[index as usize];
        let header = heap.alloc(local, self.header_shape, HEADER_BYTES)?.as_ptr();
        // Like Go, take a hint that is no size for none.
        let hint = u64::try_from(hint).unwrap_or(0);
        let hint = if hint > 1 << 30 { 0 } else { hint };
        if hint > 8 {
            let table = self.new_table(heap, local, ty, hint)?;
            // SAFETY: the header was allocated just now.
            unsafe { store(header.add(TABLE), table.0.expose_provenance() as u64) };
        }
        // SAFETY: as above.
        unsafe {
            store(header.add(FLAGS), (ty.kind as u64) << 8);
            store(header.add(TYPE), u64::from(index));
        }
        Some(header.expose_provenance() as u64)
    }

    fn new_table(
        &self,
        heap: &Heap,
        local: &mut LocalHeap,
        ty: &MapType,
        capacity: u64,
    ) -> Option<Table> {
        // Hashing one word again is cheaper than keeping its hash.
        let keeps_hash = ty.kind != KeyKind::Word;
        Table::new(
            heap,
            local,
            self.header_shape,
            ty,
            keeps_hash,
            self.seed,
            capacity,
        )
    }

    fn type_of(&self, map: *mut u64) -> &MapType {
        // SAFETY: a map's header is there, and its type is one of ours.
        &self.types[unsafe { load(map.add(TYPE)) } as usize]
    }

    /// How many words a value of the map has.
    ///
    /// # Safety
    /// `map` must be a map value, not nil.
    pub unsafe fn value_words(&self, map: u64) -> usize {
        // SAFETY: by the function's contract.
        header(map).map_or(0, |header| self.type_of(header).value_words as usize)
    }

    fn generic<'t>(&'t self, ty: &MapType, key: *const u64) -> GenericKey<'t> {
        let types = &self.program.types;
        GenericKey {
            types,
            ty: ty.key,
            words: key,
            count: ty.key_words as usize,
        }
    }

    /// The value words for a key, if it is there. A nil map is empty.
    ///
    /// # Safety
    /// `map` must be a map value or nil, `key` point to the register words of a key of its type.
    #[inline]
    pub unsafe fn get(&self, map: u64, key: *const u64) -> Result<Option<*const u64>, MapError> {
        // SAFETY: by the function's contract.
        unsafe {
            let Some(header) = header(map) else {
                return Ok(None);
            };
            match kind_of(load(header.add(FLAGS))) {
                KeyKind::Word => find(header, &WordKey(*key)),
                KeyKind::String => find(
                    header,
                    &StringKey {
                        data: *key,
                        len: *key.add(1),
                    },
                ),
                KeyKind::Plain => {
                    let count = self.type_of(header).key_words as usize;
                    find(header, &PlainKey { words: key, count })
                }
                KeyKind::Generic => {
                    let key = self.generic(self.type_of(header), key);
                    let hash = self.hash_even_if_empty(header, &key)?;
                    find_hashed(header, &key, |_| Some(hash))
                }
            }
        }
    }

    /// The address of the value words for a key, which is inserted with zero words if it is not
    /// there. To be used at once, before any other operation on the map.
    ///
    /// # Safety
    /// As for [`Maps::get`].
    #[inline]
    pub unsafe fn slot(
        &self,
        heap: &Heap,
        local: &mut LocalHeap,
        map: u64,
        key: *const u64,
    ) -> Result<*mut u64, MapError> {
        // SAFETY: by the function's contract.
        unsafe {
            let Some(header) = header(map) else {
                return Err(MapError::NilMap);
            };
            match kind_of(load(header.add(FLAGS))) {
                KeyKind::Word => self.insert(heap, local, header, &WordKey(*key)),
                KeyKind::String => {
                    let key = StringKey {
                        data: *key,
                        len: *key.add(1),
                    };
                    self.insert(heap, local, header, &key)
                }
                KeyKind::Plain => {
                    let count = self.type_of(header).key_words as usize;
                    self.insert(heap, local, header, &PlainKey { words: key, count })
                }
                KeyKind::Generic => {
                    let key = self.generic(self.type_of(header), key);
                    self.insert(heap, local, header, &key)
                }
            }
        }
    }

    /// `delete(map, key)`.
    ///
    /// # Safety
    /// As for [`Maps::get`].
    pub unsafe fn delete(&self, map: u64, key: *const u64) -> Result<(), MapError> {
        // SAFETY: by the function's contract.
        unsafe {
            let Some(header) = header(map) else {
                return Ok(());
            };
            match kind_of(load(header.add(FLAGS))) {
                KeyKind::Word => delete(header, &WordKey(*key)),
                KeyKind::String => delete(
                    header,
                    &StringKey {
                        data: *key,
                        len: *key.add(1),
                    },
                ),
                KeyKind::Plain => {
                    let count = self.type_of(header).key_words as usize;
                    delete(header, &PlainKey { words: key, count })
                }
                KeyKind::Generic => {
                    let key = self.generic(self.type_of(header), key);
                    self.hash_even_if_empty(header, &key)?;
                    delete(header, &key)
                }
            }
        }
    }

    /// An unhashable key panics whether or not its hash is needed, but in an empty map in other words.
    ///
    /// # Safety
    /// `header` must be a map's.
    unsafe fn hash_even_if_empty(&self, header: *mut u64, key: &impl Key) -> Result<u32, MapError> {
        key.hash(self.seed, 0).map_err(|error| {
            // SAFETY: by the function's contract.
            if unsafe { load(header.add(COUNT)) } == 0 {
                MapError::UnhashableInEmpty(error)
            } else {
                MapError::Unhashable(error)
            }
        })
    }

    /// `len(map)`.
    ///
    /// # Safety
    /// `map` must be a map value or nil.
    #[inline]
    pub unsafe fn len(map: u64) -> u64 {
        // SAFETY: by the function's contract.
        header(map).map_or(0, |header| unsafe { load(header.add(COUNT)) })
    }

    /// `clear(map)`.
    ///
    /// # Safety
    /// `map` must be a map value or nil.
    pub unsafe fn clear(map: u64) -> Result<(), MapError> {
        // SAFETY: by the function's contract.
        unsafe {
            let Some(header) = header(map) else {
                return Ok(());
            };
            let flags = begin_write(header)?;
            if let Some(table) = table_of(header) {
                table.clear();
            }
            store(header.add(COUNT), 0);
            store(header.add(CLEARS), load(header.add(CLEARS)) + 1);
            store(header.add(FLAGS), flags);
            Ok(())
        }
    }

    #[inline(always)]
    unsafe fn insert<K: Key>(
        &self,
        heap: &Heap,
        local: &mut LocalHeap,
        header: *mut u64,
        key: &K,
    ) -> Result<*mut u64, MapError> {
        // SAFETY: the caller says that the header is one, with keys of this kind.
        unsafe {
            let count = load(header.add(COUNT));
            // A NaN's hash may be anything: nothing equals it.
            let hash = key.hash(self.seed, count.wrapping_mul(0x9E37_79B9_7F4A_7C15))?;
            let flags = begin_write(header)?;
            let mut table = table_of(header);
            let mut found = match table {
                Some(table) => table.find(key, || Some(hash)),
                None => Found::Vacant(0),
            };
            if let (Found::Entry(number, _), Some(table)) = (&found, table) {
                let entry = table.entry(*number);
                key.update(entry);
                store(header.add(FLAGS), flags);
                return Ok(entry.add(table.value_offset()));
            }
            if table.is_none_or(|table| table.used() >= table.capacity()) {
                match self.grow(heap, local, header, table) {
                    Some(grown) => {
                        found = grown.find(key, || Some(hash));
                        table = Some(grown);
                    }
                    None => {
                        store(header.add(FLAGS), flags);
                        return Err(MapError::OutOfMemory);
                    }
                }
            }
            let (Found::Vacant(slot), Some(table)) = (found, table) else {
                store(header.add(FLAGS), flags);
                return Err(MapError::ConcurrentWrites);
            };
            let number = table.append(key, hash, slot)?;
            store(header.add(COUNT), count + 1);
            store(header.add(FLAGS), flags);
            Ok(table.entry(number).add(table.value_offset()))
        }
    }

    /// Replaces a full table by one with room: twice as large, or of the same size if many entries
    /// were deleted.
    #[cold]
    #[inline(never)]
    fn grow(
        &self,
        heap: &Heap,
        local: &mut LocalHeap,
        header: *mut u64,
        old: Option<Table>,
    ) -> Option<Table> {
        let ty = self.type_of(header);
        let Some(old) = old else {
            let table = self.new_table(heap, local, ty, 0)?;
            // SAFETY: the caller has the header.
            unsafe { store(header.add(TABLE), table.0.expose_provenance() as u64) };
            return Some(table);
        };
        // SAFETY: the caller has the header.
        let count = unsafe { load(header.add(COUNT)) }.min(old.capacity());
        let capacity = if count * 4 >= old.capacity() * 3 {
            old.capacity() * 2
        } else {
            old.capacity()
        };
        let table = self.new_table(heap, local, ty, capacity)?;
        old.copy_to(table);
        if old.lacks_hashes(table) {
            let seed = self.seed;
            table.index_with(|entry, number| {
                let hash = match ty.kind {
                    KeyKind::Word => WordKey(0).hash(seed, 0),
                    KeyKind::String => {
                        // SAFETY: the entry holds a string key.
                        let (data, len) = unsafe { super::word::load_pair(entry) };
                        StringKey { data, len }.hash(seed, 0)
                    }
                    KeyKind::Plain => PlainKey {
                        words: entry,
                        count: ty.key_words as usize,
                    }
                    .hash(seed, 0),
                    KeyKind::Generic => self.generic(ty, entry).hash(seed, number),
                };
                // A key that is in a map was hashed before.
                hash.unwrap_or_default()
            });
        }
        // SAFETY: the caller has the header.
        unsafe { store(header.add(TABLE), table.0.expose_provenance() as u64) };
        Some(table)
    }
}

#[inline(always)]
fn header(map: u64) -> Option<*mut u64> {
    (map != 0).then(|| std::ptr::with_exposed_provenance_mut(map as usize))
}

#[inline(always)]
fn kind_of(flags: u64) -> KeyKind {
    match flags >> 8 {
        0 => KeyKind::Word,
        1 => KeyKind::String,
        2 => KeyKind::Plain,
        _ => KeyKind::Generic,
    }
}

#[inline(always)]
unsafe fn table_of(header: *mut u64) -> Option<Table> {
    // SAFETY: the caller has a header, whose table word is nil or a table.
    let table = unsafe { load(header.add(TABLE)) };
    (table != 0).then(|| Table(std::ptr::with_exposed_provenance_mut(table as usize)))
}

/// Sets the writing bit; returns the flags to store at the end.
#[inline(always)]
unsafe fn begin_write(header: *mut u64) -> Result<u64, MapError> {
    // SAFETY: the caller has a header.
    unsafe {
        let flags = load(header.add(FLAGS));
        if flags & WRITING != 0 {
            return Err(MapError::ConcurrentWrites);
        }
        store(header.add(FLAGS), flags | WRITING);
        Ok(flags)
    }
}

#[inline(always)]
unsafe fn find<K: Key>(header: *mut u64, key: &K) -> Result<Option<*const u64>, MapError> {
    // A NaN is not there, whatever its hash.
    // SAFETY: the caller has a header, with keys of this kind.
    unsafe { find_hashed(header, key, |table| key.hash(table.seed(), 0).ok()) }
}

#[inline(always)]
unsafe fn find_hashed<K: Key>(
    header: *mut u64,
    key: &K,
    hash: impl FnOnce(Table) -> Option<u32>,
) -> Result<Option<*const u64>, MapError> {
    // SAFETY: the caller has a header, with keys of this kind.
    unsafe {
        if load(header.add(FLAGS)) & WRITING != 0 {
            return Err(MapError::ConcurrentReadWrite);
        }
        let Some(table) = table_of(header) else {
            return Ok(None);
        };
        match table.find(key, || hash(table)) {
            Found::Entry(number, _) => Ok(Some(
                table.entry(number).add(table.value_offset()).cast_const(),
            )),
            Found::Vacant(_) => Ok(None),
        }
    }
}

unsafe fn delete<K: Key>(header: *mut u64, key: &K) -> Result<(), MapError> {
    // SAFETY: the caller has a header, with keys of this kind.
    unsafe {
        let flags = begin_write(header)?;
        if let Some(table) = table_of(header) {
            let found = table.find(key, || key.hash(table.seed(), 0).ok());
            if let Found::Entry(number, slot) = found {
                table.delete(number, slot);
                store(header.add(COUNT), load(header.add(COUNT)).saturating_sub(1));
            }
        }
        store(header.add(FLAGS), flags);
        Ok(())
    }
}

fn map_type(heap: &mut Heap, types: &[RuntimeType], key: TypeId, value: TypeId) -> MapType {
    let (key_info, value_info) = (&types[key.index()], &types[value.index()]);
    let kind = match (&key_info.kind, key_info.words.as_slice()) {
        (TypeKind::String, _) => KeyKind::String,
        (TypeKind::Float32 | TypeKind::Float64, _) => KeyKind::Generic,
        (_, [WordKind::Int | WordKind::Ptr]) if !key_info.indirect && is_plain(types, key) => {
            KeyKind::Word
        }
        _ if !key_info.indirect && is_plain(types, key) => KeyKind::Plain,
        _ => KeyKind::Generic,
    };
    // Two-word values have even offsets; giving them to all longer ones is simple and harmless.
    let pairs = |info: &RuntimeType| info.words.len() >= 2;
    let mut kinds = key_info.words.clone();
    if pairs(value_info) && kinds.len() % 2 == 1 {
        kinds.push(WordKind::Int);
    }
    let value_offset = kinds.len() as u32;
    kinds.extend(&value_info.words);
    if (pairs(key_info) || pairs(value_info)) && kinds.len() % 2 == 1 {
        kinds.push(WordKind::Int);
    }
    if kinds.is_empty() {
        // map[struct{}]struct{}: entries of no size could not be told apart.
        kinds.push(WordKind::Int);
    }
    MapType {
        key,
        kind,
        key_words: key_info.words.len() as u32,
        value_words: value_info.words.len() as u32,
        stride: kinds.len() as u32,
        value_offset,
        entry_shape: heap.add_shape(&Shape { kinds }),
    }
}
