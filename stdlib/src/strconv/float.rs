//! Floating-point numbers to text and back, in Go's forms.
//!
//! Digits come from Ryu (the shortest that read back) and from Rust's own conversions, which are exact; what is Go's is the layout.
//! Rust's conversion to a fixed number of decimals takes long arithmetic wherever the result ends in a 5 or in zeros, as amounts and percentages do;
//! those that fit are divided in 128 bits instead.

use std::io::Write;

/// Digits of a number: `0.d1d2d3… × 10^point`.
struct Digits {
    digits: Vec<u8>,
    point: i32,
}

/// More digits than any float64 has: beyond them all are zero.
const ENOUGH: usize = 1100;

/// Appends `value` in Go's form `form` (`b e E f g G x X`); precision −1 asks for the shortest form that reads back.
/// A float32 is formatted by its own digits. An unknown form gives `%` and the form.
pub(crate) fn append_float(out: &mut Vec<u8>, value: f64, form: u8, precision: i64, float32: bool) {
    let value = if float32 {
        f64::from(value as f32)
    } else {
        value
    };
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
        return;
    }
    if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
        return;
    }
    match form {
        b'b' => return append_binary(out, value, float32),
        b'x' | b'X' => return append_hex(out, value, form, precision, float32),
        b'e' | b'E' | b'f' | b'g' | b'G' => {}
        _ => {
            out.extend_from_slice(&[b'%', form]);
            return;
        }
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let value = value.abs();
    if precision < 0 {
        let digits = shortest(value, float32);
        let count = digits.digits.len() as i32;
        match form {
            b'e' | b'E' => append_exponential(out, &digits, (count - 1).max(0) as usize, form),
            b'f' => append_fixed(out, &digits, (count - digits.point).max(0) as usize),
            _ => append_general(out, &digits, 6, count, form),
        }
        return;
    }
    let precision = precision as usize;
    match form {
        b'f' if append_decimals(out, value, precision) => {}
        b'f' => {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "{:.*}", precision.min(ENOUGH), value);
            if precision > ENOUGH {
                out.resize(out.len() + precision - ENOUGH, b'0');
            }
        }
        b'e' | b'E' => {
            let digits = rounded(value, precision.min(ENOUGH) + 1);
            append_exponential(out, &digits, precision, form);
        }
        _ => {
            let precision = precision.max(1);
            let mut digits = rounded(value, precision.min(ENOUGH));
            while digits.digits.last() == Some(&b'0') {
                digits.digits.pop();
            }
            if digits.digits.is_empty() {
                digits.point = 0;
            }
            let count = digits.digits.len() as i32;
            let mut limit = precision.min(i32::MAX as usize) as i32;
            if limit > count && count >= digits.point {
                limit = count;
            }
            append_general(
                out,
                &digits,
                limit,
                precision.min(i32::MAX as usize) as i32,
                form,
            );
        }
    }
}

/// The shortest digits that read back as `value`; none for zero.
fn shortest(value: f64, float32: bool) -> Digits {
    if value == 0.0 {
        return Digits {
            digits: Vec::new(),
            point: 0,
        };
    }
    // Ryu breaks ties between two shortest forms as Go does: to the even digit.
    let mut buffer = ryu::Buffer::new();
    let text = if float32 {
        buffer.format_finite(value as f32)
    } else {
        buffer.format_finite(value)
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let leading = digits.iter().take_while(|&&c| c == b'0').count();
    digits.drain(..leading);
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    Digits {
        digits,
        point: whole.len() as i32 - leading as i32 + exponent.parse::<i32>().unwrap_or(0),
    }
}

/// The first `count` digits of `value`, rounded.
fn rounded(value: f64, count: usize) -> Digits {
    let mut text = Vec::with_capacity(count + 8);
    let _ = write!(text, "{:.*e}", count - 1, value);
    let mut digits = split(&text);
    if value == 0.0 {
        digits.point = 0;
    }
    digits
}

/// Takes `d.ddde-x` apart.
fn split(text: &[u8]) -> Digits {
    let e = text.iter().position(|&c| c == b'e').unwrap_or(text.len());
    let digits = text[..e]
        .iter()
        .copied()
        .filter(u8::is_ascii_digit)
        .collect();
    let exponent = std::str::from_utf8(&text[(e + 1).min(text.len())..])
        .ok()
        .and_then(|s| s.parse::<i32>().ok())
        .unwrap_or(0);
    Digits {
        digits,
        point: exponent + 1,
    }
}

/// `%g`: exponential if the exponent is less than −4 or not less than `limit`.
fn append_general(out: &mut Vec<u8>, digits: &Digits, limit: i32, precision: i32, form: u8) {
    let count = digits.digits.len() as i32;
    let exponent = digits.point - 1;
    if exponent < -4 || exponent >= limit {
        append_exponential(
            out,
            digits,
            (precision.min(count) - 1).max(0) as usize,
            form - (b'g' - b'e'),
        );
    } else {
        append_fixed(out, digits, (count - digits.point).max(0) as usize);
    }
}

/// `d.ddde±dd`
fn append_exponential(out: &mut Vec<u8>, digits: &Digits, precision: usize, form: u8) {
    let d = &digits.digits;
    out.push(d.first().copied().unwrap_or(b'0'));
    if precision > 0 {
        out.push(b'.');
        let have = d.len().clamp(1, precision + 1);
        out.extend_from_slice(d.get(1..have).unwrap_or(&[]));
        out.resize(out.len() + precision + 1 - have, b'0');
    }
    out.push(form);
    let exponent = if d.is_empty() || d.iter().all(|&c| c == b'0') {
        0
    } else {
        digits.point - 1
    };
    out.push(if exponent < 0 { b'-' } else { b'+' });
    let _ = write!(out, "{:02}", exponent.unsigned_abs());
}

/// `ddd.ddd`
fn append_fixed(out: &mut Vec<u8>, digits: &Digits, precision: usize) {
    let digit = |i: i32| {
        usize::try_from(i)
            .ok()
            .and_then(|i| digits.digits.get(i).copied())
            .unwrap_or(b'0')
    };
    if digits.point > 0 {
        out.extend((0..digits.point).map(digit));
    } else {
        out.push(b'0');
    }
    if precision > 0 {
        out.push(b'.');
        out.extend((0..precision as i32).map(|i| digit(digits.point + i)));
    }
}

/// The most decimals whose power of ten fits.
const MAX_DECIMALS: usize = 19;

/// `ddd.ddd` with this many decimals, of a number that is not negative; false, and nothing is appended, if that does not fit.
///
/// The number is `mantissa × 2^exponent`; times `10^decimals` it is an integer below 2^117 with some bits behind the binary point, which round
/// exactly, and to even.
fn append_decimals(out: &mut Vec<u8>, value: f64, decimals: usize) -> bool {
    if decimals > MAX_DECIMALS {
        return false;
    }
    let (mantissa, exponent) = parts(value, false);
    let scaled = u128::from(mantissa) * u128::from(10_u64.pow(decimals as u32));
    let number = match exponent {
        0..=10 => scaled << exponent,
        -119..0 => {
            let (whole, half) = (scaled >> -exponent, 1 << (-exponent - 1));
            let rest = scaled - (whole << -exponent);
            whole + u128::from(rest > half || rest == half && whole & 1 == 1)
        }
        // Half of the last place is more than `scaled` can be.
        ..=-120 => 0,
        _ => return false,
    };
    let Ok(mut number) = u64::try_from(number) else {
        return false;
    };
    // Twenty digits, the point and a zero before it.
    let mut text = [0; 24];
    let mut at = text.len();
    let mut left = decimals;
    loop {
        at -= 1;
        text[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if left > 0 {
            left -= 1;
            if left == 0 {
                at -= 1;
                text[at] = b'.';
                at -= 1;
                text[at] = b'0' + (number % 10) as u8;
                number /= 10;
            }
        }
        if left == 0 && number == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
    true
}

/// Mantissa and binary exponent as the bits say, the mantissa an integer.
fn parts(value: f64, float32: bool) -> (u64, i32) {
    if float32 {
        let bits = (value as f32).to_bits();
        let (mantissa, exponent) = (u64::from(bits & 0x7f_ffff), ((bits >> 23) & 0xff) as i32);
        if exponent == 0 {
            (mantissa, 1 - 127 - 23)
        } else {
            (mantissa | 1 << 23, exponent - 127 - 23)
        }
    } else {
        let bits = value.to_bits();
        let (mantissa, exponent) = (bits & ((1 << 52) - 1), ((bits >> 52) & 0x7ff) as i32);
        if exponent == 0 {
            (mantissa, 1 - 1023 - 52)
        } else {
            (mantissa | 1 << 52, exponent - 1023 - 52)
        }
    }
}

/// `%b`: `mantissa p exponent`
fn append_binary(out: &mut Vec<u8>, value: f64, float32: bool) {
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let (mantissa, exponent) = parts(value, float32);
    let _ = write!(out, "{mantissa}p{exponent:+}");
}

/// `%x`: `0x1.yyyyyyyyp±ddd`
fn append_hex(out: &mut Vec<u8>, value: f64, form: u8, precision: i64, float32: bool) {
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let (mut mantissa, mut exponent) = parts(value, float32);
    let width = if float32 { 23 } else { 52 };
    exponent = if mantissa == 0 { 0 } else { exponent + width };
    // The leading 1 goes to bit 60: 15 digits behind it.
    mantissa <<= 60 - width;
    while mantissa != 0 && mantissa & (1 << 60) == 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    if (0..15).contains(&precision) {
        let shift = precision as u32 * 4;
        let extra = (mantissa << shift) & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        if extra | (mantissa & 1) > 1 << 59 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa & (1 << 61) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let table: &[u8; 16] = if form == b'X' {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    out.extend_from_slice(&[b'0', form, b'0' + ((mantissa >> 60) & 1) as u8]);
    mantissa <<= 4;
    if precision < 0 && mantissa != 0 {
        out.push(b'.');
        while mantissa != 0 {
            out.push(table[(mantissa >> 60) as usize]);
            mantissa <<= 4;
        }
    } else if precision > 0 {
        out.push(b'.');
        for _ in 0..precision {
            out.push(table[(mantissa >> 60) as usize]);
            mantissa <<= 4;
        }
    }
    out.push(if form == b'X' { b'P' } else { b'p' });
    out.push(if exponent < 0 { b'-' } else { b'+' });
    let _ = write!(out, "{:02}", exponent.unsigned_abs());
}

/// Why a number was not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ParseProblem {
    Syntax,
    Range,
}

/// Reads a whole string as a number.
pub(crate) fn parse_float(s: &[u8], float32: bool) -> (f64, Option<ParseProblem>) {
    if let Some(value) = plain(s, float32) {
        return (value, None);
    }
    match float_prefix(s, float32) {
        Some((value, n, problem)) if n == s.len() => (value, problem),
        _ => (0.0, Some(ParseProblem::Syntax)),
    }
}

/// Reads the number that `s` begins with: value, length, and whether it is out of range.
pub(crate) fn float_prefix(s: &[u8], float32: bool) -> Option<(f64, usize, Option<ParseProblem>)> {
    if let Some((value, n)) = special(s) {
        let value = if float32 && value.is_nan() {
            f64::from_bits(0x7ff8_0000_0000_0000)
        } else {
            value
        };
        return Some((value, n, None));
    }
    let mut i = 0;
    let negative = s.first() == Some(&b'-');
    if matches!(s.first(), Some(b'+' | b'-')) {
        i = 1;
    }
    let hex = s.len() > i + 2 && s[i] == b'0' && s[i + 1] | 0x20 == b'x';
    if hex {
        i += 2;
    }
    let mut clean = Vec::with_capacity(s.len());
    let (mut digits, mut underscores, mut point) = (false, false, false);
    while let Some(&c) = s.get(i) {
        match c {
            b'_' => underscores = true,
            b'.' if !point => {
                point = true;
                clean.push(c);
            }
            b'0'..=b'9' => {
                digits = true;
                clean.push(c);
            }
            b'a'..=b'f' | b'A'..=b'F' if hex => {
                digits = true;
                clean.push(c);
            }
            _ => break,
        }
        i += 1;
    }
    if !digits {
        return None;
    }
    let mut exponent = 0i64;
    let letter = if hex { b'p' } else { b'e' };
    if s.get(i).is_some_and(|c| c | 0x20 == letter) {
        i += 1;
        let minus = s.get(i) == Some(&b'-');
        if matches!(s.get(i), Some(b'+' | b'-')) {
            i += 1;
        }
        if !s.get(i).is_some_and(u8::is_ascii_digit) {
            return None;
        }
        while let Some(&c) = s.get(i) {
            match c {
                b'_' => underscores = true,
                b'0'..=b'9' => exponent = (exponent * 10 + i64::from(c - b'0')).min(100_000),
                _ => break,
            }
            i += 1;
        }
        if minus {
            exponent = -exponent;
        }
    } else if hex {
        return None;
    }
    if underscores && !underscores_ok(&s[..i]) {
        return None;
    }
    let value = if hex {
        hex_value(&clean, exponent, float32)
    } else {
        let _ = write!(clean, "e{exponent}");
        // Digits, at most one point and an exponent: always a number to Rust.
        let text = std::str::from_utf8(&clean).unwrap_or("0");
        if float32 {
            text.parse::<f32>().map_or(0.0, f64::from)
        } else {
            text.parse().unwrap_or(0.0)
        }
    };
    let problem = value.is_infinite().then_some(ParseProblem::Range);
    Some((if negative { -value } else { value }, i, problem))
}

/// A finite decimal number without underscores, as nearly all are: Rust and Go agree on how these are written.
fn plain(s: &[u8], float32: bool) -> Option<f64> {
    let plain = s
        .iter()
        .all(|c| matches!(c, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'));
    let text = std::str::from_utf8(s).ok().filter(|_| plain)?;
    let value = if float32 {
        f64::from(text.parse::<f32>().ok()?)
    } else {
        text.parse().ok()?
    };
    value.is_finite().then_some(value)
}

/// `inf`, `infinity` and `nan` in any case.
fn special(s: &[u8]) -> Option<(f64, usize)> {
    let signed = usize::from(matches!(s.first(), Some(b'+' | b'-')));
    let rest = &s[signed..];
    let begins =
        |word: &[u8]| rest.len() >= word.len() && rest[..word.len()].eq_ignore_ascii_case(word);
    if begins(b"inf") {
        let n = if begins(b"infinity") { 8 } else { 3 };
        return Some((
            if s[0] == b'-' {
                f64::NEG_INFINITY
            } else {
                f64::INFINITY
            },
            signed + n,
        ));
    }
    (signed == 0 && begins(b"nan")).then_some((f64::from_bits(0x7ff8_0000_0000_0001), 3))
}

/// The number with these hexadecimal digits times `2^exponent`, rounded to nearest, ties to even.
fn hex_value(digits: &[u8], exponent: i64, float32: bool) -> f64 {
    let (mut mantissa, mut shift, mut sticky, mut point) = (0u64, exponent, false, false);
    for &c in digits {
        if c == b'.' {
            point = true;
            continue;
        }
        let digit = (c as char).to_digit(16).unwrap_or(0);
        if mantissa >> 58 == 0 {
            mantissa = mantissa << 4 | u64::from(digit);
            shift -= i64::from(point) * 4;
        } else {
            sticky |= digit != 0;
            shift += i64::from(!point) * 4;
        }
    }
    if mantissa == 0 {
        return 0.0;
    }
    // value = mantissa × 2^shift; bring the leading one to bit 63, then round to what the type keeps there.
    let lead = mantissa.leading_zeros();
    mantissa <<= lead;
    shift -= i64::from(lead);
    let (width, lowest, highest) = if float32 {
        (24, -149, 127)
    } else {
        (53, -1074, 1023)
    };
    // Bits dropped: 64 − width for normal numbers, more for subnormal ones.
    let drop = (64 - width).max(lowest - shift);
    if drop > 64 {
        return 0.0;
    }
    let (kept, rest) = if drop == 64 {
        (0, mantissa)
    } else {
        (mantissa >> drop, mantissa << (64 - drop))
    };
    let up = rest > 1 << 63 || rest == 1 << 63 && (sticky || kept & 1 == 1);
    let kept = kept + u64::from(up);
    let exponent = shift + drop;
    if kept != 0 && 63 - i64::from(kept.leading_zeros()) + exponent > highest {
        return f64::INFINITY;
    }
    // Exact: at most 53 bits, in two steps so that no power of two is out of range.
    let half = (exponent / 2) as i32;
    kept as f64 * 2f64.powi(half) * 2f64.powi(exponent as i32 - half)
}

/// Whether underscores in a number stand only between digits, or between the prefix and a digit.
pub(crate) fn underscores_ok(s: &[u8]) -> bool {
    let mut s = s;
    if matches!(s.first(), Some(b'+' | b'-')) {
        s = &s[1..];
    }
    // What came before: `^` the beginning, `0` a digit, `_`, or `!` anything else.
    let mut before = b'^';
    let mut hex = false;
    if s.len() >= 2 && s[0] == b'0' && matches!(s[1] | 0x20, b'b' | b'o' | b'x') {
        hex = s[1] | 0x20 == b'x';
        before = b'0';
        s = &s[2..];
    }
    for &c in s {
        if c.is_ascii_digit() || hex && c.is_ascii_hexdigit() {
            before = b'0';
        } else if c == b'_' {
            if before != b'0' {
                return false;
            }
            before = b'_';
        } else {
            if before == b'_' {
                return false;
            }
            before = b'!';
        }
    }
    before != b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations are what Go prints.
    fn check(value: f64, form: char, precision: i64, float32: bool, expected: &str) {
        let mut out = Vec::new();
        append_float(&mut out, value, form as u8, precision, float32);
        assert_eq!(
            String::from_utf8_lossy(&out),
            expected,
            "{value:e} {form} {precision}"
        );
    }

    #[test]
    fn floats_are_laid_out_as_in_go() {
        check(0.0, 'g', -1, false, "0");
        check(-0.0, 'e', -1, false, "-0e+00");
        check(1e21, 'g', -1, false, "1e+21");
        check(123456789.0, 'g', -1, false, "1.23456789e+08");
        check(100000.0, 'g', -1, false, "100000");
        check(1e-5, 'G', -1, false, "1E-05");
        check(0.1, 'g', -1, true, "0.1");
        check(0.1, 'e', 10, true, "1.0000000149e-01");
        check(2.5, 'f', 0, false, "2");
        check(3.5, 'f', 0, false, "4");
        check(1234.5678, 'g', 3, false, "1.23e+03");
        check(100.0, 'g', 5, false, "100");
        check(5e-324, 'e', -1, false, "5e-324");
        check(238.286_041_259_765_62, 'f', -1, false, "238.28604125976562");
        check(1.0, 'x', -1, false, "0x1p+00");
        check(1.5, 'X', 3, false, "0X1.800P+00");
        check(1.0, 'b', -1, false, "4503599627370496p-52");
        check(f64::NAN, 'f', 2, false, "NaN");
        check(f64::NEG_INFINITY, 'g', -1, false, "-Inf");
    }

    #[test]
    fn decimals_round_as_rust_rounds() {
        let mut bits: u64 = 1;
        let mut fitting = 0;
        for step in 0..200_000 {
            bits = bits
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let value = match step % 4 {
                0 => f64::from_bits(bits >> 1),
                // Ties, and what is near them.
                1 => (bits >> 40) as f64 / 8.0,
                2 => (bits >> 40) as f64 / 1000.0,
                _ => (bits >> 50) as f64 * 2.0_f64.powi((bits & 127) as i32 - 100),
            };
            let decimals = (bits >> 8) as usize % 21;
            let mut out = Vec::new();
            if value.is_finite() && append_decimals(&mut out, value, decimals) {
                fitting += 1;
                let text = String::from_utf8_lossy(&out).into_owned();
                assert_eq!(text, format!("{value:.decimals$}"), "{value:e}");
            }
        }
        assert!(fitting > 50_000, "{fitting}");
    }

    #[test]
    fn floats_are_read_as_in_go() {
        let check = |text: &str, float32: bool, expected: (f64, Option<ParseProblem>)| {
            assert_eq!(parse_float(text.as_bytes(), float32), expected, "{text}");
        };
        check("1_000.5", false, (1000.5, None));
        check("0x1.8p1", false, (3.0, None));
        check("0x1p-1075", false, (0.0, None));
        check("0x1.8p-1074", false, (1e-323, None));
        check("-infinity", false, (f64::NEG_INFINITY, None));
        check("1e400", false, (f64::INFINITY, Some(ParseProblem::Range)));
        check("16777217", true, (16777216.0, None));
        for wrong in ["", "1__0", "0x1.8", ".", "1e", "-nan", " 1", "0x.p1"] {
            check(wrong, false, (0.0, Some(ParseProblem::Syntax)));
        }
    }
}
