//! Integers to text and back, in any base from 2 to 36.

use super::float::underscores_ok;

/// The codes that the package's source gets from the natives that parse.
pub(super) const OK: i64 = 0;
pub(super) const SYNTAX: i64 = 1;
pub(super) const RANGE: i64 = 2;
pub(super) const BASE: i64 = 3;
pub(super) const SIZE: i64 = 4;

/// Appends `value` in `base`.
pub(crate) fn append_uint(out: &mut Vec<u8>, mut value: u64, base: u64) {
    let mut buffer = [0u8; 64];
    let mut i = buffer.len();
    loop {
        i -= 1;
        buffer[i] = b"0123456789abcdefghijklmnopqrstuvwxyz"[(value % base) as usize];
        value /= base;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&buffer[i..]);
}

/// Appends `value` in `base`, with a sign if it is negative.
pub(crate) fn append_int(out: &mut Vec<u8>, value: i64, base: u64) {
    if value < 0 {
        out.push(b'-');
    }
    append_uint(out, value.unsigned_abs(), base);
}

/// `ParseUint`: value and code.
pub(crate) fn parse_uint(s: &[u8], base: i64, bits: i64) -> (u64, i64) {
    if s.is_empty() {
        return (0, SYNTAX);
    }
    let any_base = base == 0;
    let (base, digits) = match base {
        2..=36 => (base as u64, s),
        0 if s[0] == b'0' => match s.get(1).map(|c| c | 0x20) {
            Some(b'b') if s.len() >= 3 => (2, &s[2..]),
            Some(b'o') if s.len() >= 3 => (8, &s[2..]),
            Some(b'x') if s.len() >= 3 => (16, &s[2..]),
            _ => (8, &s[1..]),
        },
        0 => (10, s),
        _ => return (0, BASE),
    };
    let bits = match bits {
        0 => 64,
        1..=64 => bits,
        _ => return (0, SIZE),
    };
    let max = u64::MAX >> (64 - bits);
    let (mut value, mut underscores) = (0u64, false);
    let mut digits = digits.iter();
    for &c in digits.by_ref() {
        let digit = match c {
            b'_' if any_base => {
                underscores = true;
                continue;
            }
            b'0'..=b'9' => c - b'0',
            b'a'..=b'z' | b'A'..=b'Z' => (c | 0x20) - b'a' + 10,
            _ => return (0, SYNTAX),
        };
        if u64::from(digit) >= base {
            return (0, SYNTAX);
        }
        // Go stops at the first digit that is too much, whatever follows.
        match value
            .checked_mul(base)
            .and_then(|v| v.checked_add(u64::from(digit)))
        {
            Some(v) if v <= max => value = v,
            _ => return (max, RANGE),
        }
    }
    if underscores && !underscores_ok(s) {
        return (0, SYNTAX);
    }
    (value, OK)
}

/// `ParseInt`: value and code.
pub(crate) fn parse_int(s: &[u8], base: i64, bits: i64) -> (i64, i64) {
    let Some(&first) = s.first() else {
        return (0, SYNTAX);
    };
    let negative = first == b'-';
    let rest = if matches!(first, b'+' | b'-') {
        &s[1..]
    } else {
        s
    };
    let (value, code) = parse_uint(rest, base, bits);
    if code != OK && code != RANGE {
        return (0, code);
    }
    let bits = if bits == 0 { 64 } else { bits };
    let cutoff = 1u64 << (bits - 1);
    if !negative && value >= cutoff {
        return ((cutoff - 1) as i64, RANGE);
    }
    if negative && value > cutoff {
        return ((cutoff as i64).wrapping_neg(), RANGE);
    }
    let value = value as i64;
    (
        if negative {
            value.wrapping_neg()
        } else {
            value
        },
        OK,
    )
}
