//! Natives of `path` and `path/filepath`: shell patterns.

use crate::package::Natives;
use crate::unicode::utf8;
use minigo_vm::native::{Call, Outcome};

pub(crate) const NATIVES: Natives = &[("match", |call| match_native(call, true))];

/// Natives of `path/filepath`.
pub(crate) mod filepath {
    use super::match_native;
    use crate::package::Natives;

    pub(crate) const NATIVES: Natives = &[("match", |call| match_native(call, false))];
}

/// A malformed pattern.
struct BadPattern;

/// `func match(pattern, name string) (matched, bad bool)`
fn match_native(call: &mut Call<'_>, check_all: bool) -> Outcome {
    let result = matches(call.str(0), call.str(2), check_all);
    call.set_bool(0, matches!(result, Ok(true)));
    call.set_bool(1, result.is_err());
    Outcome::Done
}

/// Whether the pattern matches all of `name`. With `check_all` the whole pattern must be well formed also where it does not match.
fn matches(mut pattern: &[u8], mut name: &[u8], check_all: bool) -> Result<bool, BadPattern> {
    while !pattern.is_empty() {
        let (star, chunk, rest) = next_chunk(pattern);
        if star && chunk.is_empty() {
            return Ok(!name.contains(&b'/'));
        }
        match match_somewhere(chunk, name, star, rest.is_empty())? {
            Some(tail) => (pattern, name) = (rest, tail),
            None => {
                pattern = if check_all { rest } else { &[] };
                while !pattern.is_empty() {
                    let (_, chunk, rest) = next_chunk(pattern);
                    match_chunk(chunk, b"")?;
                    pattern = rest;
                }
                return Ok(false);
            }
        }
    }
    Ok(name.is_empty())
}

/// Whether the pattern begins with `*`, what follows up to the next `*`, and the rest.
fn next_chunk(pattern: &[u8]) -> (bool, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|&&c| c == b'*').count();
    let pattern = &pattern[stars..];
    let (mut in_class, mut i) = (false, 0);
    while i < pattern.len() {
        match pattern[i] {
            b'\\' => i += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => break,
            _ => {}
        }
        i += 1;
    }
    let (chunk, rest) = pattern.split_at(i.min(pattern.len()));
    (stars > 0, chunk, rest)
}

/// Matches `chunk` at the beginning of `name` or, behind a star, at the first place that does with no slash before it; the last chunk
/// must reach to the end. The result is what follows it.
fn match_somewhere<'a>(
    chunk: &[u8],
    name: &'a [u8],
    star: bool,
    last: bool,
) -> Result<Option<&'a [u8]>, BadPattern> {
    for i in 0..=name.len() {
        if let Some(tail) = match_chunk(chunk, &name[i..])?
            && (!last || tail.is_empty())
        {
            return Ok(Some(tail));
        }
        if !star || name.get(i) == Some(&b'/') {
            break;
        }
    }
    Ok(None)
}

/// Matches a pattern without `*` against the beginning of `name`. All of the pattern is read, so that a mistake is always found.
fn match_chunk<'a>(mut chunk: &[u8], name: &'a [u8]) -> Result<Option<&'a [u8]>, BadPattern> {
    // What is left of the name; None when it did not match.
    let mut left = Some(name);
    while let Some(&c) = chunk.first() {
        left = left.filter(|name| !name.is_empty());
        match c {
            b'[' => {
                let (r, size) = left.map_or((0, 0), utf8::decode);
                chunk = &chunk[1..];
                let negated = chunk.first() == Some(&b'^');
                if negated {
                    chunk = &chunk[1..];
                }
                let (mut found, mut ranges) = (false, 0);
                while chunk.first() != Some(&b']') || ranges == 0 {
                    let (low, mut high);
                    (low, chunk) = class_char(chunk)?;
                    high = low;
                    if chunk.first() == Some(&b'-') {
                        (high, chunk) = class_char(&chunk[1..])?;
                    }
                    found |= low <= r && r <= high;
                    ranges += 1;
                }
                chunk = &chunk[1..];
                left = left.filter(|_| found != negated).map(|name| &name[size..]);
            }
            b'?' => {
                left = left
                    .filter(|name| name[0] != b'/')
                    .map(|name| &name[utf8::decode(name).1..]);
                chunk = &chunk[1..];
            }
            _ => {
                if c == b'\\' {
                    chunk = &chunk[1..];
                }
                let c = *chunk.first().ok_or(BadPattern)?;
                left = left.filter(|name| name[0] == c).map(|name| &name[1..]);
                chunk = &chunk[1..];
            }
        }
    }
    Ok(left)
}

/// A character of a class, and what follows it, which is never nothing.
fn class_char(chunk: &[u8]) -> Result<(u32, &[u8]), BadPattern> {
    let chunk = match chunk.first() {
        None | Some(b'-' | b']') => return Err(BadPattern),
        Some(b'\\') => &chunk[1..],
        Some(_) => chunk,
    };
    if chunk.is_empty() {
        return Err(BadPattern);
    }
    let (r, size) = utf8::decode(chunk);
    if r == 0xfffd && size == 1 || size == chunk.len() {
        return Err(BadPattern);
    }
    Ok((r, &chunk[size..]))
}
