//! Constants as Go's compiler prints them in messages.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero;
use std::fmt;

use super::{ConstValue, round_mantissa, to_f64};

/// Longer strings are cut in messages.
const MAX_STRING: usize = 72;

impl fmt::Display for ConstValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConstValue::Bool(value) => write!(f, "{value}"),
            ConstValue::Int(value) => write!(f, "{value}"),
            ConstValue::String(bytes) => f.write_str(&shorten(bytes)),
            ConstValue::Float(value) => f.write_str(&float(value)),
            ConstValue::Huge(value) => {
                let (mantissa, exponent) = value.parts();
                let (mantissa, more) = round_mantissa(&mantissa.clone().into(), 53, i64::MIN);
                f.write_str(&far(mantissa, exponent + more))
            }
            ConstValue::Complex(x) => write!(f, "({} + {}i)", float(&x.0), float(&x.1)),
        }
    }
}

/// A quoted string of limited length.
fn shorten(bytes: &[u8]) -> String {
    // Each byte gives at least a quarter of a character; the rest would be cut off anyway.
    let start = &bytes[..bytes.len().min(4 * MAX_STRING)];
    let quoted = quote(start);
    if quoted.chars().count() <= MAX_STRING {
        return quoted;
    }
    quoted
        .chars()
        .take(MAX_STRING - 3)
        .chain("...".chars())
        .collect()
}

/// A Go string literal in double quotes, as `strconv.Quote` writes it.
pub fn quote(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '\x07' => out.push_str("\\a"),
                '\x08' => out.push_str("\\b"),
                '\x0c' => out.push_str("\\f"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\x0b' => out.push_str("\\v"),
                '\0'..' ' | '\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
                '\u{80}'..'\u{a1}' | '\u{ad}' | '\u{feff}' | '\u{2028}' | '\u{2029}' => {
                    out.push_str(&format!("\\u{:04x}", u32::from(c)));
                }
                _ => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

/// Six significant digits, or all that are needed where fewer would make a fraction look like an integer.
fn float(value: &BigRational) -> String {
    let near = to_f64(value);
    if near.is_finite() && (near == 0.0) == value.is_zero() {
        let text = general(near, Some(6));
        if !value.is_integer() && !text.contains('.') {
            return general(near, None);
        }
        return text;
    }
    // Beyond float64: mantissa and exponent by logarithms, as Go's compiler does.
    let (mantissa, binary) = round_mantissa(value, 53, i64::MIN);
    far(mantissa, binary)
}

/// `mantissa * 2^binary` beyond float64.
fn far(mantissa: BigInt, binary: i64) -> String {
    let bits = mantissa.bits() as i64;
    let fraction = to_f64(&BigRational::new(mantissa, BigInt::from(1) << bits as u64));
    let decimal = (binary + bits) as f64 * (std::f64::consts::LN_2 / std::f64::consts::LN_10);
    let mut exponent = decimal.trunc() as i64;
    let mut digits = fraction * 10f64.powf(decimal - decimal.trunc());
    if digits.abs() < 1.0 - 0.5e-6 {
        digits *= 10.0;
        exponent -= 1;
    } else if digits.abs() >= 10.0 {
        digits /= 10.0;
        exponent += 1;
    }
    format!("{}e{exponent:+}", general(digits, Some(6)))
}

/// `%g` (shortest) or `%.6g`.
fn general(value: f64, precision: Option<usize>) -> String {
    if value == 0.0 {
        return "0".to_string();
    }
    let scientific = match precision {
        Some(precision) => format!("{:.*e}", precision - 1, value.abs()),
        None => format!("{:e}", value.abs()),
    };
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mut digits: String = mantissa.chars().filter(|c| c.is_ascii_digit()).collect();
    digits.truncate(digits.trim_end_matches('0').len().max(1));
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let limit = precision.map_or(21, |precision| precision as i32);
    if exponent < -4 || exponent >= limit {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return format!(
            "{sign}{first}{point}{rest}e{exponent_sign}{:02}",
            exponent.abs()
        );
    }
    if exponent < 0 {
        return format!("{sign}0.{}{digits}", "0".repeat((-exponent - 1) as usize));
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        return format!("{sign}{digits}{}", "0".repeat(whole - digits.len()));
    }
    format!("{sign}{}.{}", &digits[..whole], &digits[whole..])
}

#[cfg(test)]
mod tests {
    use super::super::parse_literal;
    use super::*;
    use minigo_grammar::ast::LitKind;

    fn check(text: &str, expected: &str) {
        let value = parse_literal(LitKind::Float, text).expect("a float");
        assert_eq!(value.to_string(), expected);
    }

    #[test]
    fn floats_print_as_in_gos_messages() {
        check("0.1", "0.1");
        check("3.14159265358979", "3.14159");
        check("1e100", "1e+100");
        check("1e6", "1e+06");
        check("123456.0", "123456");
        check("1234567.0", "1.23457e+06");
        check("1e-7", "1e-07");
        check("100000.1", "100000.1");
        check("1e400", "1e+400");
        check("2.5e-1000", "2.5e-1000");
    }

    #[test]
    fn long_strings_are_cut() {
        let value = ConstValue::from("x".repeat(100).as_str());
        assert_eq!(value.to_string(), format!("\"{}...", "x".repeat(68)));
    }
}
