//! Hash functions of words and bytes: folded 128-bit multiplications, as wyhash and foldhash do.
//!
//! The seed is one a VM; iteration order does not depend on hashes (maps are insertion ordered),
//! so neither does determinism.

const FIRST: u64 = 0x9E37_79B9_7F4A_7C15;
const SECOND: u64 = 0xD6E8_FEB8_6659_FD93;
const THIRD: u64 = 0xA076_1D64_78BD_642F;

/// Multiplies to 128 bits and folds both halves together.
#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// Hash of one word.
#[inline(always)]
pub fn hash_word(seed: u64, word: u64) -> u64 {
    fold(word ^ seed, FIRST)
}

/// Adds a word to a running hash.
#[inline(always)]
pub fn combine(hash: u64, word: u64) -> u64 {
    fold(hash ^ SECOND, word ^ THIRD).wrapping_add(hash)
}

/// Hash of a string's bytes.
#[inline]
pub fn hash_bytes(seed: u64, bytes: &[u8]) -> u64 {
    let len = bytes.len();
    let eight = |at: usize| {
        let mut word = [0; 8];
        word.copy_from_slice(&bytes[at..at + 8]);
        u64::from_le_bytes(word)
    };
    let four = |at: usize| {
        let mut word = [0; 4];
        word.copy_from_slice(&bytes[at..at + 4]);
        u64::from(u32::from_le_bytes(word))
    };
    let mut hash = seed ^ SECOND;
    let (a, b) = if len > 16 {
        let mut at = 0;
        if len > 64 {
            // Two independent lanes, so that their multiplications overlap.
            let mut other = seed ^ THIRD;
            while at + 32 < len {
                hash = fold(eight(at) ^ FIRST, eight(at + 8) ^ hash);
                other = fold(eight(at + 16) ^ THIRD, eight(at + 24) ^ other);
                at += 32;
            }
            hash ^= other;
        }
        while at + 16 < len {
            hash = fold(eight(at) ^ FIRST, eight(at + 8) ^ hash);
            at += 16;
        }
        (eight(len - 16), eight(len - 8))
    } else if len >= 8 {
        (eight(0), eight(len - 8))
    } else if len >= 4 {
        (four(0), four(len - 4))
    } else if len > 0 {
        let ends = u64::from(bytes[0]) << 16 | u64::from(bytes[len - 1]);
        (ends | u64::from(bytes[len / 2]) << 8, 0)
    } else {
        (0, 0)
    };
    fold(fold(a ^ FIRST, b ^ hash), len as u64 ^ THIRD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn different_strings_have_different_hashes() {
        let text: Vec<u8> = (0..300u32).map(|i| (i * 7 % 251) as u8).collect();
        let mut seen = HashSet::new();
        for len in 0..300 {
            assert!(seen.insert(hash_bytes(1, &text[..len])));
            for at in 0..len {
                let mut changed = text[..len].to_vec();
                changed[at] ^= 1;
                assert!(seen.insert(hash_bytes(1, &changed)), "{len} {at}");
            }
        }
    }

    #[test]
    fn words_spread_over_low_bits() {
        for step in [1u64, 8, 1 << 20, 1 << 32, 1 << 48, 1009] {
            let slots: HashSet<u64> = (0..1024)
                .map(|i| hash_word(77, i * step) & 0xFFFF)
                .collect();
            assert!(slots.len() > 980, "step {step}: {}", slots.len());
        }
    }
}
