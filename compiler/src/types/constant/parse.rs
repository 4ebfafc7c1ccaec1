//! Literals to values. The lexer has checked their form.

use minigo_grammar::ast::LitKind;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Pow, Zero};

use super::huge::{Huge, Real};
use super::{ConstValue, MAX_EXPONENT_BITS, limit};

/// The value of a literal. None if it is malformed or its exponent is out of range.
pub fn parse_literal(kind: LitKind, text: &str) -> Option<ConstValue> {
    match kind {
        LitKind::Int if is_plain(text) => text.parse::<i64>().ok().map(ConstValue::from),
        LitKind::Int => parse_int(&digits(text)).map(|value| ConstValue::Int(value.into())),
        LitKind::Float => parse_float(&digits(text)).map(ConstValue::from),
        LitKind::Imaginary => {
            let text = digits(text.strip_suffix('i')?);
            // For the sake of old programs, `012i` is decimal.
            let decimal = text.get(..2).is_none_or(|prefix| radix(prefix).is_none());
            let int = if decimal { None } else { parse_int(&text) };
            let value = match int {
                Some(int) => int.into(),
                None => match parse_float(&text)? {
                    Real::Small(value) => value,
                    // No type holds it, and next to nothing can be done with it.
                    Real::Huge(_) => return None,
                },
            };
            Some((BigRational::zero(), value).into())
        }
        LitKind::Rune => {
            let bytes = unquote(text)?;
            let rune = match bytes {
                Unquoted::Rune(value) => value,
                Unquoted::Bytes(_) => return None,
            };
            Some(ConstValue::from(i64::from(rune)))
        }
        LitKind::String | LitKind::RawString => match unquote(text)? {
            Unquoted::Bytes(bytes) => Some(ConstValue::String(bytes.into())),
            Unquoted::Rune(_) => None,
        },
    }
}

/// Whether a number is written properly, but is too large to be a constant.
pub fn is_out_of_range(text: &str) -> bool {
    let text = digits(text);
    let text = text.strip_suffix('i').unwrap_or(&text);
    let (number, mark) = match text.strip_prefix("0x") {
        Some(rest) => (rest, 'p'),
        None => (text, 'e'),
    };
    let Some((mantissa, exponent)) = number.split_once(mark) else {
        return false;
    };
    let exponent = exponent.trim_start_matches(['+', '-']);
    mantissa.contains(|c: char| c.is_ascii_hexdigit())
        && !exponent.is_empty()
        && exponent.bytes().all(|byte| byte.is_ascii_digit())
}

/// A decimal number that fits an `i64` whatever its digits are.
fn is_plain(text: &str) -> bool {
    text.len() <= 18
        && (text.len() == 1 || !text.starts_with('0'))
        && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number without separators, in lower case.
fn digits(text: &str) -> String {
    text.chars()
        .filter(|&c| c != '_')
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn radix(prefix: &str) -> Option<u32> {
    match prefix {
        "0x" => Some(16),
        "0o" => Some(8),
        "0b" => Some(2),
        _ => None,
    }
}

fn parse_int(text: &str) -> Option<BigInt> {
    let (digits, base) = match text.get(..2).and_then(radix) {
        Some(base) => (&text[2..], base),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    BigInt::parse_bytes(digits.as_bytes(), base)
}

fn parse_float(text: &str) -> Option<Real> {
    let (text, base, mark) = match text.strip_prefix("0x") {
        Some(rest) => (rest, 16u32, 'p'),
        None => (text, 10, 'e'),
    };
    let (mantissa, exponent) = match text.split_once(mark) {
        Some((mantissa, exponent)) => (mantissa, exponent_value(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let number = BigInt::parse_bytes(format!("0{whole}{fraction}").as_bytes(), base)?;
    // The number times `base^-places` times `2^exponent` or `10^exponent`.
    let places = fraction.len() as i64;
    let (step, shift) = match base {
        16 => (2u32, exponent - 4 * places),
        _ => (10u32, exponent - places),
    };
    if number.is_zero() {
        return Some(Real::Small(BigRational::zero()));
    }
    if shift.unsigned_abs() > MAX_EXPONENT_BITS / 4 {
        return Huge::power(number, step, shift);
    }
    let factor = Pow::pow(BigInt::from(step), shift.unsigned_abs());
    let exact = match shift >= 0 {
        true => BigRational::from_integer(number * factor),
        false => BigRational::new(number, factor),
    };
    Some(match limit(exact.clone()) {
        Some(x) => Real::Small(x),
        None => Real::Huge(Huge::from_fraction(&exact)),
    })
}

/// An exponent; what is too long for a number is beyond all limits.
fn exponent_value(text: &str) -> Option<i64> {
    const BEYOND: i64 = 1 << 40;
    let digits = text.trim_start_matches(['+', '-']);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value = digits.parse().unwrap_or(BEYOND).min(BEYOND);
    Some(if text.starts_with('-') { -value } else { value })
}

/// What is between quotes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unquoted {
    /// Of a string.
    Bytes(Vec<u8>),
    /// Of a rune.
    Rune(u32),
}

/// The value of a string, raw string or rune literal with its quotes.
pub fn unquote(text: &str) -> Option<Unquoted> {
    let quote = text.chars().next()?;
    let inner = text.get(1..text.len().checked_sub(1)?)?;
    if quote == '`' {
        return Some(Unquoted::Bytes(
            inner.bytes().filter(|&byte| byte != b'\r').collect(),
        ));
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rune = None;
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        let (value, as_byte, len) = match c {
            '\\' => escape(&rest[1..]).map(|(value, as_byte, len)| (value, as_byte, len + 1))?,
            _ => (u32::from(c), false, c.len_utf8()),
        };
        rest = &rest[len..];
        if as_byte {
            bytes.push(value as u8);
        } else {
            let c = char::from_u32(value)?;
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        rune = Some(value);
    }
    match quote {
        '\'' => rune.map(Unquoted::Rune),
        _ => Some(Unquoted::Bytes(bytes)),
    }
}

/// What stands after a backslash: its value, whether it stands for a byte and not for a character, its length.
fn escape(text: &str) -> Option<(u32, bool, usize)> {
    let number = |start: usize, len: usize, base| -> Option<u32> {
        u32::from_str_radix(text.get(start..start + len)?, base).ok()
    };
    let simple = |value: u8| Some((u32::from(value), false, 1));
    match text.bytes().next()? {
        b'a' => simple(7),
        b'b' => simple(8),
        b'f' => simple(12),
        b'n' => simple(b'\n'),
        b'r' => simple(b'\r'),
        b't' => simple(b'\t'),
        b'v' => simple(11),
        quoted @ (b'\\' | b'\'' | b'"') => simple(quoted),
        b'x' => Some((number(1, 2, 16)?, true, 3)),
        b'u' => Some((number(1, 4, 16)?, false, 5)),
        b'U' => Some((number(1, 8, 16)?, false, 9)),
        b'0'..=b'7' => Some((number(0, 3, 8).filter(|&value| value < 256)?, true, 3)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: LitKind, text: &str, expected: &str) {
        let value = parse_literal(kind, text);
        assert_eq!(
            value.map_or("none".to_string(), |value| value.to_string()),
            expected,
            "{text}"
        );
    }

    #[test]
    fn numbers_of_all_forms() {
        check(LitKind::Int, "1_000", "1000");
        check(LitKind::Int, "0x_Ff", "255");
        check(LitKind::Int, "0b101", "5");
        check(LitKind::Int, "0O17", "15");
        check(LitKind::Int, "017", "15");
        check(LitKind::Int, "0", "0");
        check(LitKind::Float, "1.5", "1.5");
        check(LitKind::Float, ".25e2", "25");
        check(LitKind::Float, "1e-3", "0.001");
        check(LitKind::Float, "0x1p-2", "0.25");
        check(LitKind::Float, "0x.8p1", "1");
        check(LitKind::Float, "08.5", "8.5");
        check(LitKind::Float, "1e1000", "1e+1000");
        check(LitKind::Float, "1e100000", "1e+100000");
        check(LitKind::Float, "1.23456789e-1000000", "1.23457e-1000000");
        check(LitKind::Float, "1e1000000000", "none");
        check(LitKind::Float, "0e1000000000", "0");
        check(LitKind::Imaginary, "2i", "(0 + 2i)");
        check(LitKind::Imaginary, "0123i", "(0 + 123i)");
        check(LitKind::Imaginary, "0x10i", "(0 + 16i)");
        check(LitKind::Imaginary, "1.5e1i", "(0 + 15i)");
    }

    #[test]
    fn runes_and_strings_with_escapes() {
        check(LitKind::Rune, "'a'", "97");
        check(LitKind::Rune, r"'\n'", "10");
        check(LitKind::Rune, r"'\377'", "255");
        check(LitKind::Rune, r"'\u00e9'", "233");
        check(LitKind::Rune, "'世'", "19990");
        check(
            LitKind::String,
            r#""a\tb\x41\101\u4e16\"""#,
            r#""a\tbAA世\"""#,
        );
        check(LitKind::String, r#""\xff""#, r#""\xff""#);
        check(LitKind::RawString, "`a\\n\r\n`", r#""a\\n\n""#);
    }
}
