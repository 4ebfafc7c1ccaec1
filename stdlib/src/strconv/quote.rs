//! Go's string and character literals: writing and reading them.

use crate::unicode;
use crate::unicode::utf8::decode;

/// What a quoted form leaves as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Style {
    /// What is printable.
    Printable,
    /// What is ASCII and printable.
    Ascii,
    /// What Unicode calls graphic.
    Graphic,
}

impl Style {
    /// By its number in the package's source.
    pub(crate) fn from_number(n: i64) -> Style {
        match n {
            1 => Style::Ascii,
            2 => Style::Graphic,
            _ => Style::Printable,
        }
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends `s` as a literal between quotes.
pub(crate) fn append_quoted(out: &mut Vec<u8>, s: &[u8], quote: u8, style: Style) {
    out.push(quote);
    let mut rest = s;
    while let Some(&first) = rest.first() {
        if first < 0x80 {
            append_escaped(out, u32::from(first), quote, style);
            rest = &rest[1..];
            continue;
        }
        let (r, size) = decode(rest);
        if size == 1 {
            out.extend_from_slice(&[
                b'\\',
                b'x',
                HEX[usize::from(first >> 4)],
                HEX[usize::from(first & 15)],
            ]);
        } else {
            append_escaped(out, r, quote, style);
        }
        rest = &rest[size..];
    }
    out.push(quote);
}

/// Appends character `r` as a literal; what is no character as U+FFFD.
pub(crate) fn append_quoted_rune(out: &mut Vec<u8>, r: i64, style: Style) {
    let r = u32::try_from(r)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or('\u{fffd}');
    out.push(b'\'');
    append_escaped(out, r as u32, b'\'', style);
    out.push(b'\'');
}

fn append_escaped(out: &mut Vec<u8>, r: u32, quote: u8, style: Style) {
    if r == u32::from(quote) || r == u32::from(b'\\') {
        out.extend_from_slice(&[b'\\', r as u8]);
        return;
    }
    let plain = match style {
        Style::Ascii => (0x20..0x7f).contains(&r),
        Style::Printable => unicode::is_print(r),
        Style::Graphic => unicode::is_graphic(r),
    };
    if plain {
        unicode::utf8::append(out, r);
        return;
    }
    let escape = match r {
        0x07 => b'a',
        0x08 => b'b',
        0x0c => b'f',
        0x0a => b'n',
        0x0d => b'r',
        0x09 => b't',
        0x0b => b'v',
        _ => 0,
    };
    if escape != 0 {
        out.extend_from_slice(&[b'\\', escape]);
        return;
    }
    let (letter, digits) = match r {
        0..0x20 | 0x7f => (b'x', 2),
        0x80..0x1_0000 => (b'u', 4),
        _ => (b'U', 8),
    };
    out.extend_from_slice(&[b'\\', letter]);
    out.extend((0..digits).rev().map(|i| HEX[(r >> (4 * i)) as usize & 15]));
}

/// Whether `s` can stand between back quotes on one line.
pub(crate) fn can_backquote(s: &[u8]) -> bool {
    let mut rest = s;
    while !rest.is_empty() {
        let (r, size) = decode(rest);
        let bad = if size > 1 {
            r == 0xfeff
        } else {
            r == 0xfffd || r < 0x20 && r != 9 || r == 0x60 || r == 0x7f
        };
        if bad {
            return false;
        }
        rest = &rest[size..];
    }
    true
}

/// The first character or escape of the inside of a literal: value, whether it needs more than a byte, length.
pub(crate) fn unquote_char(s: &[u8], quote: u8) -> Option<(u32, bool, usize)> {
    let &c = s.first()?;
    if c == quote && (quote == b'\'' || quote == b'"') {
        return None;
    }
    if c >= 0x80 {
        let (r, size) = decode(s);
        return Some((r, true, size));
    }
    if c != b'\\' {
        return Some((u32::from(c), false, 1));
    }
    let &c = s.get(1)?;
    let value = match c {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => 10,
        b'r' => 13,
        b't' => 9,
        b'v' => 11,
        b'\\' => u32::from(b'\\'),
        b'\'' | b'"' if c == quote => u32::from(c),
        b'x' | b'u' | b'U' => {
            let digits = match c {
                b'x' => 2,
                b'u' => 4,
                _ => 8,
            };
            let text = s.get(2..2 + digits)?;
            let mut value = 0u32;
            for &d in text {
                value = value.wrapping_shl(4) | (d as char).to_digit(16)?;
            }
            if c == b'x' {
                return Some((value, false, 4));
            }
            char::from_u32(value)?;
            return Some((value, true, 2 + digits));
        }
        b'0'..=b'7' => {
            let mut value = 0;
            for &d in s.get(1..4)? {
                value = value << 3 | (d as char).to_digit(8)?;
            }
            return (value <= 255).then_some((value, false, 4));
        }
        _ => return None,
    };
    Some((value, false, 2))
}

/// Reads the literal that `s` begins with: its length and, if wanted, its value.
pub(crate) fn unquote_prefix(s: &[u8]) -> Option<(usize, Vec<u8>)> {
    let &quote = s.first()?;
    let mut value = Vec::new();
    match quote {
        b'`' => {
            let end = 1 + s[1..].iter().position(|&c| c == b'`')?;
            value.extend(s[1..end].iter().copied().filter(|&c| c != b'\r'));
            Some((end + 1, value))
        }
        b'"' | b'\'' => {
            let mut i = 1;
            loop {
                let &c = s.get(i)?;
                if c == quote {
                    // Go takes '' as well.
                    return Some((i + 1, value));
                }
                if c == b'\n' {
                    return None;
                }
                let (r, wide, size) = unquote_char(&s[i..], quote)?;
                if wide {
                    unicode::utf8::append(&mut value, r);
                } else {
                    value.push(r as u8);
                }
                i += size;
                if quote == b'\'' {
                    return (s.get(i) == Some(&b'\'')).then_some((i + 1, value));
                }
            }
        }
        _ => None,
    }
}
