//! Values on the heap: access to words, strings, slices, maps, equality and hashing.

pub mod equal;
pub mod hash;
pub mod map;
pub mod slice;
pub mod string;
#[cfg(test)]
mod testing;
pub mod word;
