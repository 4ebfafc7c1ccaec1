//! Values on the heap: access to words, strings, slices, maps, equality and hashing.

pub mod word;
