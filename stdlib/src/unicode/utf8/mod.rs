//! Natives of `unicode/utf8`, and UTF-8 as Go decodes it: an invalid byte is U+FFFD of width 1.

use crate::package::Natives;
use minigo_vm::native::{Call, Outcome};

/// What is decoded where there is no valid encoding.
pub(crate) const RUNE_ERROR: u32 = 0xfffd;

pub(crate) const NATIVES: Natives = &[
    ("FullRune", |call| {
        full_rune(call, |call| call.bytes_part(0, 0, call.slice_len(0).min(4)))
    }),
    ("FullRuneInString", |call| {
        full_rune(call, |call| call.str(0).to_vec())
    }),
    ("DecodeRune", |call| {
        decoded(
            call,
            |call| call.bytes_part(0, 0, call.slice_len(0).min(4)),
            decode,
        )
    }),
    ("DecodeRuneInString", |call| {
        decoded(
            call,
            |call| call.str(0)[..call.str(0).len().min(4)].to_vec(),
            decode,
        )
    }),
    ("DecodeLastRune", |call| {
        decoded(
            call,
            |call| call.bytes_part(0, call.slice_len(0).saturating_sub(4), call.slice_len(0)),
            decode_last,
        )
    }),
    ("DecodeLastRuneInString", |call| {
        decoded(
            call,
            |call| call.str(0)[call.str(0).len().saturating_sub(4)..].to_vec(),
            decode_last,
        )
    }),
    ("RuneCount", |call| {
        counted(call, |call| count(&call.bytes(0)))
    }),
    ("RuneCountInString", |call| {
        counted(call, |call| count(call.str(0)))
    }),
    ("Valid", |call| {
        valid(call, |call| std::str::from_utf8(&call.bytes(0)).is_ok())
    }),
    ("ValidString", |call| {
        valid(call, |call| std::str::from_utf8(call.str(0)).is_ok())
    }),
];

fn full_rune(call: &mut Call<'_>, bytes: fn(&Call<'_>) -> Vec<u8>) -> Outcome {
    let p = bytes(call);
    let full = match std::str::from_utf8(&p[..p.len().min(4)]) {
        Ok(_) => !p.is_empty(),
        Err(e) => e.valid_up_to() > 0 || e.error_len().is_some(),
    };
    call.set_bool(0, full);
    Outcome::Done
}

fn decoded(
    call: &mut Call<'_>,
    bytes: fn(&Call<'_>) -> Vec<u8>,
    decode: fn(&[u8]) -> (u32, usize),
) -> Outcome {
    let (r, size) = decode(&bytes(call));
    call.set_int(0, i64::from(r));
    call.set_int(1, size as i64);
    Outcome::Done
}

fn counted(call: &mut Call<'_>, count: fn(&Call<'_>) -> usize) -> Outcome {
    let n = count(call);
    call.set_int(0, n as i64);
    Outcome::Done
}

fn valid(call: &mut Call<'_>, valid: fn(&Call<'_>) -> bool) -> Outcome {
    let ok = valid(call);
    call.set_bool(0, ok);
    Outcome::Done
}

/// The first character and its width: `(RUNE_ERROR, 0)` for nothing, `(RUNE_ERROR, 1)` for an invalid encoding.
pub(crate) fn decode(s: &[u8]) -> (u32, usize) {
    let Some(&first) = s.first() else {
        return (RUNE_ERROR, 0);
    };
    if first < 0x80 {
        return (u32::from(first), 1);
    }
    let head = &s[..s.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The part before the error is valid, as the error says.
        Err(e) => std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or(""),
    };
    valid
        .chars()
        .next()
        .map_or((RUNE_ERROR, 1), |c| (c as u32, c.len_utf8()))
}

/// The last character and its width.
pub(crate) fn decode_last(s: &[u8]) -> (u32, usize) {
    if s.is_empty() {
        return (RUNE_ERROR, 0);
    }
    for width in 1..=s.len().min(4) {
        let (r, size) = decode(&s[s.len() - width..]);
        if size == width && (r != RUNE_ERROR || size > 1) {
            return (r, size);
        }
    }
    (RUNE_ERROR, 1)
}

/// Number of characters; each invalid byte counts as one.
pub(crate) fn count(s: &[u8]) -> usize {
    s.utf8_chunks()
        .map(|chunk| chunk.valid().chars().count() + chunk.invalid().len())
        .sum()
}

/// The characters with their offsets and widths.
pub(crate) fn runes(s: &[u8]) -> impl Iterator<Item = (usize, u32, usize)> + '_ {
    let mut i = 0;
    std::iter::from_fn(move || {
        if i >= s.len() {
            return None;
        }
        let (r, size) = decode(&s[i..]);
        i += size;
        Some((i - size, r, size))
    })
}

/// Appends the encoding of `r`, of U+FFFD if it has none.
pub(crate) fn append(out: &mut Vec<u8>, r: u32) {
    let c = char::from_u32(r).unwrap_or('\u{fffd}');
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
