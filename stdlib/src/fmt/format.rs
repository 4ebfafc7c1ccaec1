//! Basic values to text: flags, width, precision, padding.

use crate::strconv::quote::Style;
use crate::strconv::{float, quote};
use crate::unicode;
use crate::unicode::utf8;
use smallvec::SmallVec;

/// Flags, width and precision of a verb.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Flags {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`, for which `plus` is off.
    pub(super) plus_v: bool,
    /// `%#v`, for which `sharp` is off.
    pub(super) sharp_v: bool,
}

impl Flags {
    /// Nothing but a precision is asked for.
    fn is_plain(&self) -> bool {
        self.width.is_none() && !(self.plus || self.sharp || self.space)
    }

    /// As a `State` of the package's source knows them.
    pub(super) fn bits(&self) -> i64 {
        i64::from(self.width.is_some())
            | i64::from(self.precision.is_some()) << 1
            | i64::from(self.minus) << 2
            | i64::from(self.plus || self.plus_v) << 3
            | i64::from(self.sharp || self.sharp_v) << 4
            | i64::from(self.space) << 5
            | i64::from(self.zero) << 6
    }
}

/// Text being put together, with the flags of the current verb.
#[derive(Debug, Default)]
pub(super) struct Formatter {
    pub(super) out: Vec<u8>,
    pub(super) flags: Flags,
}

const LOWER: &[u8; 17] = b"0123456789abcdefx";
const UPPER: &[u8; 17] = b"0123456789ABCDEFX";

impl Formatter {
    pub(super) fn push_str(&mut self, s: &str) {
        self.out.extend_from_slice(s.as_bytes());
    }

    fn padding(&mut self, n: usize) {
        let fill = if self.flags.zero && !self.flags.minus {
            b'0'
        } else {
            b' '
        };
        self.out.resize(self.out.len() + n, fill);
    }

    /// Appends `s`, padded to the width.
    pub(super) fn pad(&mut self, s: &[u8]) {
        let Some(width) = self.flags.width.filter(|&w| w > 0) else {
            self.out.extend_from_slice(s);
            return;
        };
        let length = if s.is_ascii() {
            s.len()
        } else {
            utf8::count(s)
        };
        let missing = width.saturating_sub(length);
        if self.flags.minus {
            self.out.extend_from_slice(s);
            self.padding(missing);
        } else {
            self.padding(missing);
            self.out.extend_from_slice(s);
        }
    }

    /// As `pad`, with spaces only.
    fn pad_with_spaces(&mut self, s: &[u8]) {
        let zero = std::mem::replace(&mut self.flags.zero, false);
        self.pad(s);
        self.flags.zero = zero;
    }

    pub(super) fn boolean(&mut self, v: bool) {
        self.pad(if v { b"true" } else { b"false" });
    }

    /// An integer in a base; `verb` `O` gets the prefix `0o`.
    pub(super) fn integer(&mut self, mut u: u64, base: u64, signed: bool, verb: char, upper: bool) {
        let digits = if upper { UPPER } else { LOWER };
        let negative = signed && (u as i64) < 0;
        if negative {
            u = u.wrapping_neg();
        }
        let flags = self.flags;
        let mut least = 0;
        if let Some(precision) = flags.precision {
            least = precision;
            if precision == 0 && u == 0 {
                // Precision 0 and value 0: nothing but padding.
                let zero = std::mem::replace(&mut self.flags.zero, false);
                self.padding(flags.width.unwrap_or(0));
                self.flags.zero = zero;
                return;
            }
        } else if let Some(width) = flags.width
            && flags.zero
            && !flags.minus
        {
            least = width - usize::from((negative || flags.plus || flags.space) && width > 0);
        }
        if flags.width.is_none()
            && least == 0
            && base == 10
            && verb != 'O'
            && !negative
            && !flags.plus
            && !flags.space
        {
            // The common case, without a detour.
            let mut buffer = [0u8; 20];
            let mut i = buffer.len();
            loop {
                i -= 1;
                buffer[i] = b'0' + (u % 10) as u8;
                u /= 10;
                if u == 0 {
                    break;
                }
            }
            self.out.extend_from_slice(&buffer[i..]);
            return;
        }
        // From the last character to the first.
        let mut text: SmallVec<[u8; 64]> = SmallVec::new();
        loop {
            text.push(digits[(u % base) as usize]);
            u /= base;
            if u == 0 {
                break;
            }
        }
        if text.len() < least {
            text.resize(least, b'0');
        }
        if flags.sharp {
            match base {
                2 => text.extend_from_slice(b"b0"),
                8 if text.last() != Some(&b'0') => text.push(b'0'),
                16 => text.extend_from_slice(&[digits[16], b'0']),
                _ => {}
            }
        }
        if verb == 'O' {
            text.extend_from_slice(b"o0");
        }
        if negative {
            text.push(b'-');
        } else if flags.plus {
            text.push(b'+');
        } else if flags.space {
            text.push(b' ');
        }
        text.reverse();
        self.pad_with_spaces(&text);
    }

    /// `U+0078`, with `#` also `'x'`.
    pub(super) fn unicode(&mut self, u: u64) {
        let least = self.flags.precision.unwrap_or(4).max(4);
        let mut text = format!("U+{u:0least$X}").into_bytes();
        if self.flags.sharp
            && let Ok(r) = u32::try_from(u)
            && r <= 0x10_ffff
            && unicode::is_print(r)
        {
            text.extend_from_slice(b" '");
            utf8::append(&mut text, r);
            text.push(b'\'');
        }
        self.pad_with_spaces(&text);
    }

    /// As many characters as the precision permits.
    fn truncated<'s>(&self, s: &'s [u8]) -> &'s [u8] {
        match self.flags.precision {
            Some(n) if s.len() > n => utf8::runes(s).nth(n).map_or(s, |(i, _, _)| &s[..i]),
            _ => s,
        }
    }

    pub(super) fn string(&mut self, s: &[u8]) {
        let s = self.truncated(s);
        self.pad(s);
    }

    /// Bytes in hexadecimal.
    pub(super) fn hex(&mut self, s: &[u8], upper: bool) {
        let digits = if upper { UPPER } else { LOWER };
        let flags = self.flags;
        let s = &s[..s.len().min(flags.precision.unwrap_or(usize::MAX))];
        if s.is_empty() {
            self.padding(flags.width.unwrap_or(0));
            return;
        }
        let mut width = 2 * s.len();
        if flags.space {
            width = width * if flags.sharp { 2 } else { 1 } + s.len() - 1;
        } else if flags.sharp {
            width += 2;
        }
        let missing = flags.width.unwrap_or(0).saturating_sub(width);
        if !flags.minus {
            self.padding(missing);
        }
        for (i, &c) in s.iter().enumerate() {
            if flags.space && i > 0 {
                self.out.push(b' ');
            }
            if flags.sharp && (i == 0 || flags.space) {
                self.out.extend_from_slice(&[b'0', digits[16]]);
            }
            self.out
                .extend_from_slice(&[digits[usize::from(c >> 4)], digits[usize::from(c & 15)]]);
        }
        if flags.minus {
            self.padding(missing);
        }
    }

    pub(super) fn quoted(&mut self, s: &[u8]) {
        let s = self.truncated(s);
        let mut text = Vec::with_capacity(s.len() + 2);
        if self.flags.sharp && quote::can_backquote(s) {
            text.push(b'`');
            text.extend_from_slice(s);
            text.push(b'`');
        } else {
            quote::append_quoted(
                &mut text,
                s,
                b'"',
                if self.flags.plus {
                    Style::Ascii
                } else {
                    Style::Printable
                },
            );
        }
        self.pad(&text);
    }

    pub(super) fn character(&mut self, u: u64) {
        let mut text = Vec::with_capacity(4);
        utf8::append(&mut text, u32::try_from(u).unwrap_or(utf8::RUNE_ERROR));
        self.pad(&text);
    }

    pub(super) fn quoted_character(&mut self, u: u64) {
        let mut text = Vec::with_capacity(12);
        let r = i64::try_from(u).unwrap_or(i64::from(utf8::RUNE_ERROR));
        quote::append_quoted_rune(
            &mut text,
            r,
            if self.flags.plus {
                Style::Ascii
            } else {
                Style::Printable
            },
        );
        self.pad(&text);
    }

    /// A float in form `form` of strconv; the verb's own precision is `precision`, −1 for the shortest.
    pub(super) fn float(&mut self, v: f64, float32: bool, form: u8, precision: i64) {
        let precision = self.flags.precision.map_or(precision, |p| p as i64);
        if self.flags.is_plain() {
            float::append_float(&mut self.out, v, form, precision, float32);
            return;
        }
        let mut text = Vec::with_capacity(32);
        text.push(b'+');
        float::append_float(&mut text, v, form, precision, float32);
        if matches!(text[1], b'-' | b'+') {
            text.remove(0);
        }
        let flags = self.flags;
        if flags.space && text[0] == b'+' && !flags.plus {
            text[0] = b' ';
        }
        if matches!(text[1], b'I' | b'N') {
            // Not padded with zeros, and NaN without a sign nobody asked for.
            let from = usize::from(text[1] == b'N' && !flags.space && !flags.plus);
            self.pad_with_spaces(&text[from..]);
            return;
        }
        if flags.sharp && form != b'b' {
            keep_point(&mut text, form, precision);
        }
        if flags.plus || text[0] != b'+' {
            if let Some(width) = flags.width
                && flags.zero
                && !flags.minus
                && width > text.len()
            {
                // The sign comes before the zeros.
                self.out.push(text[0]);
                self.padding(width - text.len());
                self.out.extend_from_slice(&text[1..]);
                return;
            }
            self.pad(&text);
            return;
        }
        self.pad(&text[1..]);
    }
}

/// `%#g` and the like: a decimal point always, and zeros up to the precision.
fn keep_point(text: &mut Vec<u8>, form: u8, precision: i64) {
    let mut digits = match form {
        b'g' | b'G' | b'x' if precision == -1 => 6,
        b'g' | b'G' | b'x' => precision,
        _ => 0,
    };
    let hex = form | 0x20 == b'x';
    let (mut point, mut significant) = (false, false);
    let mut end = text.len();
    for (i, &c) in text.iter().enumerate().skip(1) {
        match c {
            b'.' => point = true,
            b'p' | b'P' => {
                end = i;
                break;
            }
            b'e' | b'E' if !hex => {
                end = i;
                break;
            }
            _ => {
                significant |= c != b'0';
                digits -= i64::from(significant);
            }
        }
    }
    let tail = text.split_off(end);
    if !point {
        if text.len() == 2 && text[1] == b'0' {
            digits -= 1;
        }
        text.push(b'.');
    }
    for _ in 0..digits {
        text.push(b'0');
    }
    text.extend_from_slice(&tail);
}
