//! Natives of `strings`. Parts of a string share its memory.

pub(crate) mod search;

use crate::package::Natives;
use crate::unicode;
use minigo_vm::native::{Call, Outcome};
use minigo_vm::reflect::Str;
use search::{count, find, rfind};

pub(crate) const NATIVES: Natives = &[
    ("Contains", |call| answer(call, |s, t| find(s, t).is_some())),
    ("HasPrefix", |call| answer(call, |s, t| s.starts_with(t))),
    ("HasSuffix", |call| answer(call, |s, t| s.ends_with(t))),
    ("EqualFold", |call| answer(call, search::equal_fold)),
    ("Count", count_native),
    ("Index", |call| index(call, find)),
    ("IndexAny", |call| {
        index(call, |s, chars| {
            search::position(s, |r| search::has_rune(chars, r))
        })
    }),
    ("IndexByte", index_byte),
    ("IndexRune", index_rune),
    ("LastIndex", |call| index(call, rfind)),
    ("LastIndexAny", |call| {
        index(call, |s, chars| {
            search::last_position(s, |r| search::has_rune(chars, r))
        })
    }),
    ("LastIndexByte", last_index_byte),
    ("Fields", fields),
    ("Join", join),
    ("Replace", replace),
    ("SplitN", |call| split(call, false)),
    ("SplitAfterN", |call| split(call, true)),
    ("ToLower", |call| map(call, unicode::to_lower)),
    ("ToUpper", |call| map(call, unicode::to_upper)),
    ("ToTitle", |call| map(call, unicode::to_title)),
    ("ToValidUTF8", to_valid_utf8),
    ("TrimSpace", trim_space),
    ("repeat", repeat),
    ("trim", trim),
    ("share", share),
    ("replacePairs", replace_pairs),
];

fn answer(call: &mut Call<'_>, question: fn(&[u8], &[u8]) -> bool) -> Outcome {
    let yes = question(call.str(0), call.str(2));
    call.set_bool(0, yes);
    Outcome::Done
}

fn set_index(call: &mut Call<'_>, index: Option<usize>) -> Outcome {
    call.set_int(0, index.map_or(-1, |i| i as i64));
    Outcome::Done
}

fn index(call: &mut Call<'_>, find: fn(&[u8], &[u8]) -> Option<usize>) -> Outcome {
    let found = find(call.str(0), call.str(2));
    set_index(call, found)
}

fn index_byte(call: &mut Call<'_>) -> Outcome {
    let found = memchr::memchr(call.int(2) as u8, call.str(0));
    set_index(call, found)
}

fn last_index_byte(call: &mut Call<'_>) -> Outcome {
    let found = memchr::memrchr(call.int(2) as u8, call.str(0));
    set_index(call, found)
}

fn index_rune(call: &mut Call<'_>) -> Outcome {
    let found = search::index_rune(call.str(0), call.int(2));
    set_index(call, found)
}

fn count_native(call: &mut Call<'_>) -> Outcome {
    let n = count(call.str(0), call.str(2));
    call.set_int(0, n as i64);
    Outcome::Done
}

fn fields(call: &mut Call<'_>) -> Outcome {
    let s = call.str_value(0);
    let parts: Vec<Str> = search::fields(call.str(0))
        .into_iter()
        .map(|(lo, hi)| s.sub(lo, hi))
        .collect();
    call.set_strs(0, &parts);
    Outcome::Done
}

fn join(call: &mut Call<'_>) -> Outcome {
    let n = call.slice_len(0);
    if n == 1 {
        let only = call.str_element(0, 0);
        call.set_str_value(0, only);
        return Outcome::Done;
    }
    let separator = call.str(2);
    let mut out = Vec::with_capacity(64);
    for i in 0..n {
        if i > 0 {
            out.extend_from_slice(separator);
        }
        out.extend_from_slice(call.bytes_of(call.str_element(0, i)));
    }
    call.set_str(0, &out);
    Outcome::Done
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let (s, old, new) = (call.str(0), call.str(2), call.str(4));
    match search::replace(s, old, new, call.int(6)) {
        Some(out) => call.set_str(0, &out),
        None => {
            let same = call.str_value(0);
            call.set_str_value(0, same);
        }
    }
    Outcome::Done
}

/// `SplitN` and, keeping the separators, `SplitAfterN`.
fn split(call: &mut Call<'_>, keep: bool) -> Outcome {
    let n = call.int(4);
    if n == 0 {
        // A nil slice.
        call.set_int(0, 0);
        call.set_int(1, 0);
        return Outcome::Done;
    }
    let s = call.str_value(0);
    let limit = usize::try_from(n).unwrap_or(usize::MAX);
    let parts: Vec<Str> = search::split(call.str(0), call.str(2), keep, limit)
        .into_iter()
        .map(|(lo, hi)| s.sub(lo, hi))
        .collect();
    call.set_strs(0, &parts);
    Outcome::Done
}

fn map(call: &mut Call<'_>, mapping: fn(u32) -> u32) -> Outcome {
    match search::map(call.str(0), mapping) {
        Some(out) => call.set_str(0, &out),
        None => {
            let same = call.str_value(0);
            call.set_str_value(0, same);
        }
    }
    Outcome::Done
}

fn to_valid_utf8(call: &mut Call<'_>) -> Outcome {
    let (mut out, mut replaced) = (Vec::new(), false);
    for chunk in call.str(0).utf8_chunks() {
        // A run of invalid bytes is replaced once, however many chunks it is.
        replaced &= chunk.valid().is_empty();
        out.extend_from_slice(chunk.valid().as_bytes());
        if !chunk.invalid().is_empty() && !replaced {
            out.extend_from_slice(call.str(2));
            replaced = true;
        }
    }
    call.set_str(0, &out);
    Outcome::Done
}

fn trim_space(call: &mut Call<'_>) -> Outcome {
    let s = call.str_value(0);
    let (lo, hi) = search::trimmed(call.str(0), true, true, unicode::is_space);
    call.set_str_value(0, s.sub(lo, hi));
    Outcome::Done
}

fn trim(call: &mut Call<'_>) -> Outcome {
    let s = call.str_value(0);
    let (cutset, sides) = (call.str(2), call.int(4));
    let (lo, hi) = search::trimmed(call.str(0), sides & 1 != 0, sides & 2 != 0, |r| {
        search::has_rune(cutset, r)
    });
    call.set_str_value(0, s.sub(lo, hi));
    Outcome::Done
}

fn repeat(call: &mut Call<'_>) -> Outcome {
    let out = call
        .str(0)
        .repeat(usize::try_from(call.int(2)).unwrap_or(0));
    call.set_str(0, &out);
    Outcome::Done
}

/// The words of a `[]byte` as a string: the data pointer, and the length without the capacity.
fn share(call: &mut Call<'_>) -> Outcome {
    let (data, len) = (call.word(0), call.slice_len(0));
    call.set_word(0, data);
    call.set_word(1, len as u64);
    Outcome::Done
}

fn replace_pairs(call: &mut Call<'_>) -> Outcome {
    let words: Vec<&[u8]> = (0..call.slice_len(2))
        .map(|i| call.bytes_of(call.str_element(2, i)))
        .collect();
    let pairs: Vec<(&[u8], &[u8])> = words
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect();
    let s = call.str(0);
    let mut out = Vec::with_capacity(s.len());
    search::replace_pairs(&mut out, s, &pairs);
    call.set_str(0, &out);
    Outcome::Done
}
