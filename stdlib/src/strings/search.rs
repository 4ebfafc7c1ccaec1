//! Finding, splitting and replacing in byte strings, as `strings` and `bytes` define it.

use crate::unicode;
use crate::unicode::utf8::{self, decode, decode_last, runes};
use std::collections::HashMap;

/// Where `t` is in `s` for the first time.
pub(crate) fn find(s: &[u8], t: &[u8]) -> Option<usize> {
    match t {
        [] => Some(0),
        [c] => memchr::memchr(*c, s),
        _ => memchr::memmem::find(s, t),
    }
}

/// Where `t` is in `s` for the last time.
pub(crate) fn rfind(s: &[u8], t: &[u8]) -> Option<usize> {
    match t {
        [] => Some(s.len()),
        [c] => memchr::memrchr(*c, s),
        _ => memchr::memmem::rfind(s, t),
    }
}

/// How often `t` is in `s`, without overlaps; the empty `t` once more than there are characters.
pub(crate) fn count(s: &[u8], t: &[u8]) -> usize {
    match t {
        [] => utf8::count(s) + 1,
        [c] => memchr::memchr_iter(*c, s).count(),
        _ => memchr::memmem::find_iter(s, t).count(),
    }
}

/// The first character that fits.
pub(crate) fn position(s: &[u8], fits: impl Fn(u32) -> bool) -> Option<usize> {
    runes(s).find(|&(_, r, _)| fits(r)).map(|(i, _, _)| i)
}

/// The last character that fits.
pub(crate) fn last_position(s: &[u8], fits: impl Fn(u32) -> bool) -> Option<usize> {
    let mut end = s.len();
    while end > 0 {
        let (r, size) = decode_last(&s[..end]);
        end -= size;
        if fits(r) {
            return Some(end);
        }
    }
    None
}

/// Whether `r` is among the characters of `s`.
pub(crate) fn has_rune(s: &[u8], r: u32) -> bool {
    if r < 0x80 {
        memchr::memchr(r as u8, s).is_some()
    } else {
        runes(s).any(|(_, c, _)| c == r)
    }
}

/// Where character `r` is; U+FFFD is found in invalid bytes as well, what is no character nowhere.
pub(crate) fn index_rune(s: &[u8], r: i64) -> Option<usize> {
    let r = u32::try_from(r).ok()?;
    if r < 0x80 {
        return memchr::memchr(r as u8, s);
    }
    char::from_u32(r)?;
    position(s, |c| c == r)
}

/// Whether `s` and `t` are equal when case is ignored.
pub(crate) fn equal_fold(s: &[u8], t: &[u8]) -> bool {
    let mut t = runes(t);
    for (_, a, _) in runes(s) {
        let Some((_, b, _)) = t.next() else {
            return false;
        };
        if a == b {
            continue;
        }
        let mut r = unicode::simple_fold(a);
        while r != a && r != b {
            r = unicode::simple_fold(r);
        }
        if r != b {
            return false;
        }
    }
    t.next().is_none()
}

/// The parts of `s` between white space.
pub(crate) fn fields(s: &[u8]) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let mut start = None;
    for (i, r, _) in runes(s) {
        if unicode::is_space(r) {
            if let Some(start) = start.take() {
                parts.push((start, i));
            }
        } else if start.is_none() {
            start = Some(i);
        }
    }
    parts.extend(start.map(|start| (start, s.len())));
    parts
}

/// At most `limit` parts of `s` between separators, which stay with the part before them if `keep`.
pub(crate) fn split(s: &[u8], separator: &[u8], keep: bool, limit: usize) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    if separator.is_empty() {
        for (i, _, size) in runes(s) {
            if parts.len() + 1 == limit {
                parts.push((i, s.len()));
                break;
            }
            parts.push((i, i + size));
        }
        return parts;
    }
    let mut start = 0;
    while parts.len() + 1 < limit {
        let Some(at) = find(&s[start..], separator) else {
            break;
        };
        parts.push((start, start + at + if keep { separator.len() } else { 0 }));
        start += at + separator.len();
    }
    parts.push((start, s.len()));
    parts
}

/// `s` with the first `n` `old` replaced, all for negative `n`; None if nothing changes.
pub(crate) fn replace(s: &[u8], old: &[u8], new: &[u8], n: i64) -> Option<Vec<u8>> {
    let limit = usize::try_from(n).unwrap_or(usize::MAX);
    if old == new || limit == 0 || find(s, old).is_none() {
        return None;
    }
    let mut out = Vec::with_capacity(s.len() + new.len());
    let mut start = 0;
    if old.is_empty() {
        // Before each character and at the end.
        let places = runes(s).map(|(i, _, _)| i).chain([s.len()]).take(limit);
        for i in places {
            out.extend_from_slice(&s[start..i]);
            out.extend_from_slice(new);
            start = i;
        }
    } else {
        for _ in 0..limit {
            let Some(at) = find(&s[start..], old) else {
                break;
            };
            out.extend_from_slice(&s[start..start + at]);
            out.extend_from_slice(new);
            start += at + old.len();
        }
    }
    out.extend_from_slice(&s[start..]);
    Some(out)
}

/// `s` with each character mapped; None if nothing changes.
pub(crate) fn map(s: &[u8], mapping: fn(u32) -> u32) -> Option<Vec<u8>> {
    let (first, _, _) =
        runes(s).find(|&(_, r, size)| mapping(r) != r || r == utf8::RUNE_ERROR && size == 1)?;
    let mut out = Vec::with_capacity(s.len());
    out.extend_from_slice(&s[..first]);
    for (_, r, _) in runes(&s[first..]) {
        utf8::append(&mut out, mapping(r));
    }
    Some(out)
}

/// What is left of `s` without characters that fit, on the sides asked for.
pub(crate) fn trimmed(
    s: &[u8],
    left: bool,
    right: bool,
    fits: impl Fn(u32) -> bool,
) -> (usize, usize) {
    let (mut lo, mut hi) = (0, s.len());
    while left && lo < hi {
        let (r, size) = decode(&s[lo..hi]);
        if !fits(r) {
            break;
        }
        lo += size;
    }
    while right && lo < hi {
        let (r, size) = decode_last(&s[lo..hi]);
        if !fits(r) {
            break;
        }
        hi -= size;
    }
    (lo, hi)
}

/// Appends `s` with the pairs' old strings replaced by the new ones. At each place the first pair counts whose old string is there;
/// after an empty old string has matched, another match at the same place may follow.
pub(crate) fn replace_pairs(out: &mut Vec<u8>, s: &[u8], pairs: &[(&[u8], &[u8])]) {
    // By first byte, so that most places need one look.
    let mut by_first: HashMap<u8, Vec<usize>> = HashMap::new();
    for (k, (old, _)) in pairs.iter().enumerate() {
        if let Some(&first) = old.first() {
            by_first.entry(first).or_default().push(k);
        }
    }
    let empty = pairs.iter().position(|(old, _)| old.is_empty());
    let mut i = 0;
    let mut after_empty = false;
    while i <= s.len() {
        let rest = &s[i..];
        let candidates = rest.first().and_then(|first| by_first.get(first));
        let found =
            candidates.and_then(|c| c.iter().copied().find(|&k| rest.starts_with(pairs[k].0)));
        let best = match (found, empty.filter(|_| !after_empty)) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        after_empty = best.is_some() && best == empty;
        match best {
            Some(k) => {
                out.extend_from_slice(pairs[k].1);
                i += pairs[k].0.len();
            }
            None => {
                out.extend(rest.first());
                i += 1;
            }
        }
    }
}
