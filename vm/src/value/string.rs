//! Strings: runes and their encoding, concatenation, order. A string is an address and a length;
//! its bytes are immutable and need not be UTF-8.

use super::equal::bytes;
use super::word::copy_bytes;
use crate::heap::{Heap, LocalHeap};
use minigo_bytecode::program::ShapeId;
use std::cmp::Ordering;

/// What stands for bytes that are not UTF-8.
pub const RUNE_ERROR: u32 = 0xFFFD;

/// Decodes the first rune of `text`, and how many bytes it takes: `(RUNE_ERROR, 1)` where it is not
/// UTF-8, `(RUNE_ERROR, 0)` for nothing; exactly Go's `utf8.DecodeRune`.
#[inline]
pub fn decode_rune(text: &[u8]) -> (u32, usize) {
    match text {
        [] => (RUNE_ERROR, 0),
        [byte @ 0..=0x7F, ..] => (u32::from(*byte), 1),
        _ => decode_long(text),
    }
}

fn decode_long(text: &[u8]) -> (u32, usize) {
    let tail = |byte: u8| u32::from(byte & 0x3F);
    let lead = |byte: u8, bits: u32| u32::from(byte) & ((1 << bits) - 1);
    match *text {
        [a @ 0xC2..=0xDF, b @ 0x80..=0xBF, ..] => (lead(a, 5) << 6 | tail(b), 2),
        [a @ 0xE0..=0xEF, b @ 0x80..=0xBF, c @ 0x80..=0xBF, ..]
            if (a != 0xE0 || b >= 0xA0) && (a != 0xED || b <= 0x9F) =>
        {
            (lead(a, 4) << 12 | tail(b) << 6 | tail(c), 3)
        }
        [
            a @ 0xF0..=0xF4,
            b @ 0x80..=0xBF,
            c @ 0x80..=0xBF,
            d @ 0x80..=0xBF,
            ..,
        ] if (a != 0xF0 || b >= 0x90) && (a != 0xF4 || b <= 0x8F) => {
            (lead(a, 3) << 18 | tail(b) << 12 | tail(c) << 6 | tail(d), 4)
        }
        _ => (RUNE_ERROR, 1),
    }
}

/// Encodes a rune; surrogates and what is out of range become [`RUNE_ERROR`], as in Go.
#[inline]
pub fn encode_rune(rune: i64, buffer: &mut [u8; 4]) -> &[u8] {
    let rune = u32::try_from(rune)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or('\u{FFFD}');
    rune.encode_utf8(buffer).as_bytes()
}

/// Number of runes in `text`, as ranging over it counts them.
pub fn count_runes(text: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < text.len() {
        at += decode_rune(&text[at..]).1;
        count += 1;
    }
    count
}

/// Order of two strings by their bytes.
///
/// # Safety
/// Both must be string values.
#[inline]
pub unsafe fn compare(a: (u64, u64), b: (u64, u64)) -> Ordering {
    // SAFETY: by the function's contract.
    unsafe { bytes(a.0, a.1).cmp(bytes(b.0, b.1)) }
}

/// A new string of these bytes; the empty one is `(0, 0)`. `None`: no memory.
pub fn new(heap: &Heap, local: &mut LocalHeap, scalar: ShapeId, text: &[u8]) -> Option<(u64, u64)> {
    if text.is_empty() {
        return Some((0, 0));
    }
    let data = heap.alloc(local, scalar, text.len())?;
    // SAFETY: the object was allocated with that size, and nobody else knows it.
    unsafe { copy_bytes(data.as_ptr().cast(), text.as_ptr(), text.len()) };
    Some((data.as_ptr().expose_provenance() as u64, text.len() as u64))
}

/// The concatenation of string values. If all but one are empty it is that one. `None`: no memory.
///
/// # Safety
/// `parts` must be string values.
pub unsafe fn concat(
    heap: &Heap,
    local: &mut LocalHeap,
    scalar: ShapeId,
    parts: &[[u64; 2]],
) -> Option<(u64, u64)> {
    let mut total = 0u64;
    let (mut last, mut filled) = ((0, 0), 0);
    for &[data, len] in parts {
        if len > 0 {
            total = total.checked_add(len)?;
            last = (data, len);
            filled += 1;
        }
    }
    if filled <= 1 {
        return Some(last);
    }
    let object = heap.alloc(local, scalar, usize::try_from(total).ok()?)?;
    let mut to: *mut u8 = object.as_ptr().cast();
    for &[data, len] in parts {
        // SAFETY: the object has room for all parts, and nobody else knows it.
        unsafe {
            copy_bytes(
                to,
                std::ptr::with_exposed_provenance(data as usize),
                len as usize,
            );
            to = to.add(len as usize);
        }
    }
    Some((object.as_ptr().expose_provenance() as u64, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_text_decodes_as_rust_decodes_it() {
        for c in ('\0'..='\u{10FFFF}').step_by(7) {
            let mut buffer = [0; 4];
            let text = encode_rune(i64::from(u32::from(c)), &mut buffer).to_vec();
            assert_eq!(text, c.to_string().as_bytes());
            assert_eq!(decode_rune(&text), (u32::from(c), text.len()));
            // A rune cut short is one wrong byte.
            if text.len() > 1 {
                assert_eq!(decode_rune(&text[..text.len() - 1]), (RUNE_ERROR, 1));
            }
        }
    }

    #[test]
    fn wrong_text_decodes_byte_by_byte() {
        for text in [
            &[0x80][..],
            &[0xC0, 0x80],
            &[0xC1, 0xBF],
            &[0xE0, 0x9F, 0x80],
            &[0xED, 0xA0, 0x80],
            &[0xF0, 0x8F, 0x80, 0x80],
            &[0xF4, 0x90, 0x80, 0x80],
            &[0xF5, 0x80, 0x80, 0x80],
            &[0xFF],
        ] {
            assert_eq!(decode_rune(text), (RUNE_ERROR, 1), "{text:x?}");
            assert_eq!(count_runes(text), text.len());
        }
        assert_eq!(decode_rune(&[]), (RUNE_ERROR, 0));
        assert_eq!(count_runes("aé世🌍".as_bytes()), 4);
    }

    #[test]
    fn runes_that_are_none_encode_as_the_error_rune() {
        for rune in [-1, 0xD800, 0xDFFF, 0x11_0000, i64::MAX, i64::MIN] {
            assert_eq!(encode_rune(rune, &mut [0; 4]), "\u{FFFD}".as_bytes());
        }
    }
}
