//! Keys of maps: how each kind is hashed, compared and stored. The kinds are types, so that lookups
//! in maps with int and string keys are compiled for them.

use minigo_bytecode::program::{RuntimeType, TypeId};

use crate::value::equal::{Uncomparable, bytes, equal_strings, equal_words, hash_words};
use crate::value::hash::{combine, hash_bytes, hash_word};
use crate::value::word::{load, load_pair, store, store_pair, store_words};

/// Which of the key types below a map's keys are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum KeyKind {
    Word = 0,
    String = 1,
    Plain = 2,
    Generic = 3,
}

/// A key that is being looked up or inserted.
pub(super) trait Key {
    /// Equal keys have equal hashes; `nan` makes the hash of a key that equals nothing.
    fn hash(&self, seed: u64, nan: u64) -> Result<u32, Uncomparable>;

    /// True if the key stored at `entry` is this one.
    ///
    /// # Safety
    /// `entry` must be an entry of a map with keys of this kind.
    unsafe fn matches(&self, entry: *const u64) -> bool;

    /// Stores the key at `entry`.
    ///
    /// # Safety
    /// As for [`Key::matches`].
    unsafe fn store(&self, entry: *mut u64);

    /// Stores the key over one that equals it, where that makes a difference (`+0` and `-0`).
    ///
    /// # Safety
    /// As for [`Key::matches`].
    unsafe fn update(&self, _entry: *mut u64) {}
}

#[inline(always)]
pub(super) fn narrow(hash: u64) -> u32 {
    (hash ^ hash >> 32) as u32
}

/// A key of one word: integers, bools, pointers, channels.
pub(super) struct WordKey(pub(super) u64);

impl Key for WordKey {
    #[inline(always)]
    fn hash(&self, seed: u64, _nan: u64) -> Result<u32, Uncomparable> {
        Ok(narrow(hash_word(seed, self.0)))
    }

    #[inline(always)]
    unsafe fn matches(&self, entry: *const u64) -> bool {
        // SAFETY: an entry begins with its key.
        unsafe { load(entry) == self.0 }
    }

    #[inline(always)]
    unsafe fn store(&self, entry: *mut u64) {
        // SAFETY: an entry begins with its key.
        unsafe { store(entry, self.0) }
    }
}

/// A string.
pub(super) struct StringKey {
    pub(super) data: u64,
    pub(super) len: u64,
}

impl Key for StringKey {
    #[inline(always)]
    fn hash(&self, seed: u64, _nan: u64) -> Result<u32, Uncomparable> {
        // SAFETY: the caller of the map has a string value in these words.
        Ok(narrow(hash_bytes(seed, unsafe {
            bytes(self.data, self.len)
        })))
    }

    #[inline(always)]
    unsafe fn matches(&self, entry: *const u64) -> bool {
        // SAFETY: an entry begins with its key, a string; pairs there are aligned.
        unsafe { equal_strings(load_pair(entry), (self.data, self.len)) }
    }

    #[inline(always)]
    unsafe fn store(&self, entry: *mut u64) {
        // SAFETY: an entry begins with its key; pairs there are aligned.
        unsafe { store_pair(entry, self.data, self.len) }
    }
}

/// Several words that are equal if they are the same.
pub(super) struct PlainKey {
    pub(super) words: *const u64,
    pub(super) count: usize,
}

impl Key for PlainKey {
    #[inline]
    fn hash(&self, seed: u64, _nan: u64) -> Result<u32, Uncomparable> {
        // SAFETY: the caller of the map has a key in these words.
        let word = |i: usize| unsafe { *self.words.add(i) };
        Ok(narrow(
            (0..self.count).fold(seed, |hash, i| combine(hash, word(i))),
        ))
    }

    #[inline]
    unsafe fn matches(&self, entry: *const u64) -> bool {
        // SAFETY: both have `count` words.
        (0..self.count).all(|i| unsafe { load(entry.add(i)) == *self.words.add(i) })
    }

    #[inline]
    unsafe fn store(&self, entry: *mut u64) {
        // SAFETY: an entry begins with its key of `count` words.
        unsafe { store_words(self.words, entry, self.count) }
    }
}

/// A key of any type.
pub(super) struct GenericKey<'t> {
    pub(super) types: &'t [RuntimeType],
    pub(super) ty: TypeId,
    pub(super) words: *const u64,
    pub(super) count: usize,
}

impl Key for GenericKey<'_> {
    fn hash(&self, seed: u64, nan: u64) -> Result<u32, Uncomparable> {
        // SAFETY: the caller of the map has a key of this type in these words.
        unsafe { hash_words(self.types, self.ty, self.words, seed, nan).map(narrow) }
    }

    unsafe fn matches(&self, entry: *const u64) -> bool {
        // SAFETY: both hold keys of this type. What could not be compared was refused by `hash`.
        unsafe { equal_words(self.types, self.ty, self.words, entry) == Ok(true) }
    }

    unsafe fn store(&self, entry: *mut u64) {
        // SAFETY: an entry begins with its key of `count` words.
        unsafe { store_words(self.words, entry, self.count) }
    }

    unsafe fn update(&self, entry: *mut u64) {
        // SAFETY: as `store`.
        unsafe { self.store(entry) }
    }
}
