//! Access to words of the Go heap.
//!
//! A Go program may race; the VM must not. So every access to heap memory that another machine
//! may touch is a relaxed atomic of its width, and a two-word value (string, slice, interface),
//! which is 16-byte aligned by the layout rules, moves by one 16-byte access and never tears:
//! a racing reader sees the old pair or the new one, never a pointer with the other's length.
//!
//! On x86-64 that access is `movdqa`, which processors with AVX guarantee to be atomic (Intel SDM
//! volume 3, 9.1.1; AMD says the same) and those without have kept in practice. On aarch64 it is
//! `ldp`/`stp`, single-copy atomic since ARMv8.4. They are written as inline assembly because
//! Rust has no such atomic and a compiler may split an ordinary vector access. Elsewhere, and
//! under Miri, pairs are two relaxed words: correct without races, torn with them.
//!
//! Relaxed is enough everywhere here: Go promises order only through synchronisation, which
//! brings its own ordering; and the allocator fences after zeroing, so that a pointer seen by a
//! race leads to zeroes or to what was stored, never to what lay there before.

use crate::sync::raw::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};

macro_rules! access {
    ($load:ident, $store:ident, $int:ty, $atomic:ty, $width:literal) => {
        #[doc = concat!("Loads ", $width, ".\n\n# Safety\n`at` must be aligned and inside a live heap object.")]
        #[inline(always)]
        pub unsafe fn $load(at: *const $int) -> $int {
            // SAFETY: by the function's contract.
            unsafe { <$atomic>::from_ptr(at.cast_mut()).load(Relaxed) }
        }

        #[doc = concat!("Stores ", $width, ".\n\n# Safety\n`at` must be aligned and inside a live heap object.")]
        #[inline(always)]
        pub unsafe fn $store(at: *mut $int, value: $int) {
            // SAFETY: by the function's contract.
            unsafe { <$atomic>::from_ptr(at).store(value, Relaxed) }
        }
    };
}

access!(load, store, u64, AtomicU64, "a word");
access!(load_u32, store_u32, u32, AtomicU32, "32 bits");
access!(load_u16, store_u16, u16, AtomicU16, "16 bits");
access!(load_u8, store_u8, u8, AtomicU8, "a byte");

/// Loads a two-word value by one access.
///
/// # Safety
/// `at` must be 16-byte aligned and inside a live heap object.
#[inline(always)]
pub unsafe fn load_pair(at: *const u64) -> (u64, u64) {
    // SAFETY: by the function's contract.
    unsafe { pair::load(at) }
}

/// Stores a two-word value by one access.
///
/// # Safety
/// `at` must be 16-byte aligned and inside a live heap object.
#[inline(always)]
pub unsafe fn store_pair(at: *mut u64, first: u64, second: u64) {
    // SAFETY: by the function's contract.
    unsafe { pair::store(at, first, second) }
}

/// Copies a two-word value from the heap to private words (registers), which need no alignment.
///
/// # Safety
/// `from` as for [`load_pair`]; `to` must be valid for two words and private to this thread.
#[inline(always)]
pub unsafe fn load_pair_to(from: *const u64, to: *mut u64) {
    // SAFETY: by the function's contract.
    unsafe { pair::load_to(from, to) }
}

/// Copies a two-word value from private words (registers), which need no alignment, to the heap.
///
/// # Safety
/// `to` as for [`store_pair`]; `from` must be valid for two words and private to this thread.
#[inline(always)]
pub unsafe fn store_pair_from(from: *const u64, to: *mut u64) {
    // SAFETY: by the function's contract.
    unsafe { pair::store_from(from, to) }
}

/// Copies `words` words from the heap to registers. Pairs in the source are not torn: `from` is
/// 16-byte aligned if the value holds any.
///
/// # Safety
/// `from` must be in a live heap object for that many words, `to` private and as long.
#[inline]
pub unsafe fn load_words(from: *const u64, to: *mut u64, words: usize) {
    let mut i = 0;
    // SAFETY: `i` stays below `words`; pairs are read where the address is 16-byte aligned.
    unsafe {
        if from.addr() & 15 == 0 {
            while i + 2 <= words {
                load_pair_to(from.add(i), to.add(i));
                i += 2;
            }
        }
        while i < words {
            *to.add(i) = load(from.add(i));
            i += 1;
        }
    }
}

/// Copies `words` words from registers to the heap. Pairs in the destination are not torn: `to` is
/// 16-byte aligned if the value holds any.
///
/// # Safety
/// `to` must be in a live heap object for that many words, `from` private and as long.
#[inline]
pub unsafe fn store_words(from: *const u64, to: *mut u64, words: usize) {
    let mut i = 0;
    // SAFETY: `i` stays below `words`; pairs are written where the address is 16-byte aligned.
    unsafe {
        if to.addr() & 15 == 0 {
            while i + 2 <= words {
                store_pair_from(from.add(i), to.add(i));
                i += 2;
            }
        }
        while i < words {
            store(to.add(i), *from.add(i));
            i += 1;
        }
    }
}

/// Copies `bytes` bytes within the heap, correctly if the ranges overlap. Memory that may hold
/// pointers or pairs: both addresses and the length are multiples of 8 and pairs are never torn.
///
/// # Safety
/// Both ranges must be in live heap objects.
pub unsafe fn copy_mem(to: *mut u64, from: *const u64, bytes: usize) {
    let words = bytes / 8;
    // Overlapping upwards: go down from the end, so that nothing is overwritten before it is read.
    let downwards = to.addr().wrapping_sub(from.addr()) < bytes;
    // SAFETY: all indices are below `words`.
    unsafe {
        if (to.addr() | from.addr()) & 15 == 0 {
            let pairs = words & !1;
            if downwards {
                if words > pairs {
                    store(to.add(pairs), load(from.add(pairs)));
                }
                pair::copy_down(to, from, pairs);
            } else {
                pair::copy_up(to, from, pairs);
                if words > pairs {
                    store(to.add(pairs), load(from.add(pairs)));
                }
            }
        } else if downwards {
            for i in (0..words).rev() {
                store(to.add(i), load(from.add(i)));
            }
        } else {
            for i in 0..words {
                store(to.add(i), load(from.add(i)));
            }
        }
    }
}

/// Copies `bytes` bytes of scalar memory (packed integers, floats, string bytes), any alignment,
/// overlapping or not. Which of two racing copies' bytes win is open, as in Go.
///
/// # Safety
/// Both ranges must be valid, in live heap objects or in constants, and hold no pointers.
#[inline]
pub unsafe fn copy_bytes(to: *mut u8, from: *const u8, bytes: usize) {
    #[cfg(not(miri))]
    // SAFETY: by the function's contract. The C library's function, not `ptr::copy`: a foreign
    // function may race where a Rust access may not, and all its accesses are plain moves.
    unsafe {
        libc::memmove(to.cast(), from.cast(), bytes);
    }
    #[cfg(miri)]
    // SAFETY: by the function's contract.
    unsafe {
        std::ptr::copy(from, to, bytes);
    }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod pair {
    use std::arch::asm;
    use std::arch::x86_64::{
        __m128i, _mm_cvtsi128_si64, _mm_loadu_si128, _mm_set_epi64x, _mm_storeu_si128,
        _mm_unpackhi_epi64,
    };

    #[inline(always)]
    unsafe fn load_vector(at: *const u64) -> __m128i {
        let value;
        // SAFETY: an aligned 16-byte load from a live object, by the caller's contract.
        unsafe {
            asm!("movdqa {}, [{}]", out(xmm_reg) value, in(reg) at,
                options(nostack, preserves_flags, readonly));
        }
        value
    }

    #[inline(always)]
    unsafe fn store_vector(at: *mut u64, value: __m128i) {
        // SAFETY: an aligned 16-byte store to a live object, by the caller's contract.
        unsafe {
            asm!("movdqa [{}], {}", in(reg) at, in(xmm_reg) value,
                options(nostack, preserves_flags));
        }
    }

    #[inline(always)]
    pub(super) unsafe fn load(at: *const u64) -> (u64, u64) {
        // SAFETY: as `load_vector`; the rest is arithmetic on registers.
        unsafe {
            let value = load_vector(at);
            let high = _mm_unpackhi_epi64(value, value);
            (
                _mm_cvtsi128_si64(value) as u64,
                _mm_cvtsi128_si64(high) as u64,
            )
        }
    }

    #[inline(always)]
    pub(super) unsafe fn store(at: *mut u64, first: u64, second: u64) {
        // SAFETY: as `store_vector`.
        unsafe { store_vector(at, _mm_set_epi64x(second as i64, first as i64)) }
    }

    #[inline(always)]
    pub(super) unsafe fn load_to(from: *const u64, to: *mut u64) {
        // SAFETY: `to` is private and takes two words.
        unsafe { _mm_storeu_si128(to.cast(), load_vector(from)) }
    }

    #[inline(always)]
    pub(super) unsafe fn store_from(from: *const u64, to: *mut u64) {
        // SAFETY: `from` is private and has two words.
        unsafe { store_vector(to, _mm_loadu_si128(from.cast())) }
    }

    /// Copies an even number of words at aligned addresses, ascending.
    #[inline]
    pub(super) unsafe fn copy_up(to: *mut u64, from: *const u64, words: usize) {
        let mut i = 0;
        // SAFETY: `i` stays below `words`, all addresses are 16-byte aligned.
        unsafe {
            while i + 8 <= words {
                let a = load_vector(from.add(i));
                let b = load_vector(from.add(i + 2));
                let c = load_vector(from.add(i + 4));
                let d = load_vector(from.add(i + 6));
                store_vector(to.add(i), a);
                store_vector(to.add(i + 2), b);
                store_vector(to.add(i + 4), c);
                store_vector(to.add(i + 6), d);
                i += 8;
            }
            while i < words {
                store_vector(to.add(i), load_vector(from.add(i)));
                i += 2;
            }
        }
    }

    /// Copies an even number of words at aligned addresses, descending.
    #[inline]
    pub(super) unsafe fn copy_down(to: *mut u64, from: *const u64, words: usize) {
        let mut i = words;
        // SAFETY: `i` stays in `2..=words`, all addresses are 16-byte aligned.
        unsafe {
            while i >= 2 {
                i -= 2;
                store_vector(to.add(i), load_vector(from.add(i)));
            }
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
mod pair {
    #[inline(always)]
    pub(super) unsafe fn load(at: *const u64) -> (u64, u64) {
        #[cfg(all(target_arch = "aarch64", not(miri)))]
        {
            let (first, second);
            // SAFETY: an aligned 16-byte load from a live object, by the caller's contract.
            unsafe {
                std::arch::asm!("ldp {}, {}, [{}]", out(reg) first, out(reg) second, in(reg) at,
                    options(nostack, preserves_flags, readonly));
            }
            (first, second)
        }
        #[cfg(not(all(target_arch = "aarch64", not(miri))))]
        // SAFETY: both words are in a live object, by the caller's contract.
        unsafe {
            (super::load(at), super::load(at.add(1)))
        }
    }

    #[inline(always)]
    pub(super) unsafe fn store(at: *mut u64, first: u64, second: u64) {
        #[cfg(all(target_arch = "aarch64", not(miri)))]
        // SAFETY: an aligned 16-byte store to a live object, by the caller's contract.
        unsafe {
            std::arch::asm!("stp {}, {}, [{}]", in(reg) first, in(reg) second, in(reg) at,
                options(nostack, preserves_flags));
        }
        #[cfg(not(all(target_arch = "aarch64", not(miri))))]
        // SAFETY: both words are in a live object, by the caller's contract.
        unsafe {
            super::store(at, first);
            super::store(at.add(1), second);
        }
    }

    #[inline(always)]
    pub(super) unsafe fn load_to(from: *const u64, to: *mut u64) {
        // SAFETY: `to` is private and takes two words.
        unsafe {
            let (first, second) = load(from);
            *to = first;
            *to.add(1) = second;
        }
    }

    #[inline(always)]
    pub(super) unsafe fn store_from(from: *const u64, to: *mut u64) {
        // SAFETY: `from` is private and has two words.
        unsafe { store(to, *from, *from.add(1)) }
    }

    /// Copies an even number of words at aligned addresses, ascending.
    #[inline]
    pub(super) unsafe fn copy_up(to: *mut u64, from: *const u64, words: usize) {
        for i in (0..words).step_by(2) {
            // SAFETY: `i + 1` is below `words`, all addresses are 16-byte aligned.
            unsafe {
                let (first, second) = load(from.add(i));
                store(to.add(i), first, second);
            }
        }
    }

    /// Copies an even number of words at aligned addresses, descending.
    #[inline]
    pub(super) unsafe fn copy_down(to: *mut u64, from: *const u64, words: usize) {
        for i in (0..words).step_by(2).rev() {
            // SAFETY: `i + 1` is below `words`, all addresses are 16-byte aligned.
            unsafe {
                let (first, second) = load(from.add(i));
                store(to.add(i), first, second);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(align(16))]
    struct Memory([u64; 64]);

    #[test]
    fn copies_overlapping_ranges_like_memmove() {
        for to in 0..20usize {
            for from in 0..20usize {
                for words in 0..40usize {
                    let mut memory = Memory(std::array::from_fn(|i| i as u64));
                    let mut expected = memory.0;
                    expected.copy_within(from..from + words, to);
                    let base = memory.0.as_mut_ptr();
                    // SAFETY: all indices are below 64.
                    unsafe { copy_mem(base.add(to), base.add(from), words * 8) };
                    assert_eq!(memory.0, expected, "to {to} from {from} words {words}");
                }
            }
        }
    }

    #[test]
    fn moves_words_between_registers_and_memory() {
        for offset in 0..2 {
            for words in 0..9 {
                let mut memory = Memory([0; 64]);
                let registers: [u64; 9] = std::array::from_fn(|i| 100 + i as u64);
                let mut back = [0; 9];
                // SAFETY: all indices are below 9 and 64.
                unsafe {
                    let at = memory.0.as_mut_ptr().add(offset);
                    store_words(registers.as_ptr(), at, words);
                    load_words(at, back.as_mut_ptr(), words);
                }
                assert_eq!(back[..words], registers[..words]);
                assert_eq!(memory.0[offset + words], 0);
            }
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn pairs_never_tear() {
        let mut memory = Memory([0; 64]);
        let at = memory.0.as_mut_ptr() as usize;
        std::thread::scope(|scope| {
            for writer in 0..2u64 {
                scope.spawn(move || {
                    for i in 0..200_000u64 {
                        // SAFETY: `memory` outlives the scope and is aligned.
                        unsafe { store_pair(at as *mut u64, i * 2 + writer, !(i * 2 + writer)) };
                    }
                });
            }
            for _ in 0..200_000 {
                // SAFETY: `memory` outlives the scope and is aligned.
                let (first, second) = unsafe { load_pair(at as *const u64) };
                assert!(first == !second || (first == 0 && second == 0));
            }
        });
    }
}
