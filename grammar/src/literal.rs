//! What the token patterns do not check: digits, separators and escapes, with Go's messages.
//!
//! Each function returns the byte offset of the mistake in the literal and what to say about it.

use std::fmt::Write;

use crate::ast::LitKind;

/// A mistake: its offset in the literal, and the message.
pub(crate) type Mistake = (usize, String);

/// What kind of number a literal is.
pub(crate) fn number_kind(text: &str) -> LitKind {
    let bytes = text.as_bytes();
    if bytes.iter().all(u8::is_ascii_digit) {
        return LitKind::Int;
    }
    let hex = matches!(bytes, [b'0', b'x' | b'X', ..]);
    if bytes.last() == Some(&b'i') {
        LitKind::Imaginary
    } else if bytes
        .iter()
        .any(|byte| matches!(byte, b'.' | b'p' | b'P') || !hex && matches!(byte, b'e' | b'E'))
    {
        LitKind::Float
    } else {
        LitKind::Int
    }
}

/// Checks an integer, floating-point or imaginary literal.
pub(crate) fn check_number(text: &str) -> Option<Mistake> {
    let bytes = text.as_bytes();
    if bytes.iter().all(u8::is_ascii_digit) && (bytes[0] != b'0' || bytes.len() == 1) {
        return None;
    }
    let mut at = 0;
    let (base, prefix) = match bytes {
        [b'0', b'x' | b'X', ..] => (16, b'x'),
        [b'0', b'o' | b'O', ..] => (8, b'o'),
        [b'0', b'b' | b'B', ..] => (2, b'b'),
        [b'0', ..] => (8, b'0'),
        _ => (10, 0),
    };
    if matches!(prefix, b'x' | b'o' | b'b') {
        at = 2;
    }
    let mut has_digits = prefix == b'0';
    let mut invalid = None;
    let mut digits = |at: &mut usize, has_digits: &mut bool| {
        while let Some(&byte) = bytes.get(*at) {
            let is_digit = byte.is_ascii_digit() || base == 16 && byte.is_ascii_hexdigit();
            if !is_digit && byte != b'_' {
                break;
            }
            *has_digits |= is_digit;
            if is_digit && base < 10 && byte >= b'0' + base && invalid.is_none() {
                invalid = Some(*at);
            }
            *at += 1;
        }
    };
    digits(&mut at, &mut has_digits);
    let mut float = false;
    if bytes.get(at) == Some(&b'.') {
        if matches!(prefix, b'o' | b'b') {
            return Some((
                at,
                format!("invalid radix point in {} literal", base_name(base)),
            ));
        }
        float = true;
        at += 1;
        digits(&mut at, &mut has_digits);
    }
    if !has_digits {
        return Some((at, format!("{} literal has no digits", base_name(base))));
    }
    match bytes.get(at) {
        Some(&letter @ (b'e' | b'E' | b'p' | b'P')) => {
            let decimal = letter.eq_ignore_ascii_case(&b'e');
            if decimal && prefix != 0 && prefix != b'0' {
                let message = format!("'{}' exponent requires decimal mantissa", letter as char);
                return Some((at, message));
            }
            if !decimal && prefix != b'x' {
                let message = format!(
                    "'{}' exponent requires hexadecimal mantissa",
                    letter as char
                );
                return Some((at, message));
            }
            float = true;
            at += 1;
            if matches!(bytes.get(at), Some(b'+' | b'-')) {
                at += 1;
            }
            let exponent = &bytes[at..];
            let len = exponent
                .iter()
                .take_while(|&&byte| byte.is_ascii_digit() || byte == b'_')
                .count();
            if !exponent[..len].iter().any(u8::is_ascii_digit) {
                return Some((at + len, "exponent has no digits".to_string()));
            }
        }
        _ if prefix == b'x' && float => {
            return Some((
                at,
                "hexadecimal mantissa requires a 'p' exponent".to_string(),
            ));
        }
        _ => {}
    }
    let imaginary = bytes.last() == Some(&b'i');
    if let Some(at) = invalid.filter(|_| !float && !imaginary) {
        let digit = bytes[at] as char;
        return Some((
            at,
            format!("invalid digit '{digit}' in {} literal", base_name(base)),
        ));
    }
    invalid_separator(bytes).map(|at| (at, "'_' must separate successive digits".to_string()))
}

fn base_name(base: u8) -> &'static str {
    match base {
        2 => "binary",
        8 => "octal",
        16 => "hexadecimal",
        _ => "decimal",
    }
}

/// The offset of the first `_` that does not stand between digits; a prefix counts as a digit.
fn invalid_separator(bytes: &[u8]) -> Option<usize> {
    let prefixed = matches!(bytes, [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', ..]);
    let hex = matches!(bytes, [b'0', b'x' | b'X', ..]);
    let is_digit = |at: usize| {
        let byte = bytes[at];
        byte.is_ascii_digit() || hex && byte.is_ascii_hexdigit() || prefixed && at == 1
    };
    (0..bytes.len())
        .filter(|&at| bytes[at] == b'_')
        .find(|&at| {
            let after_digit = at > 0 && is_digit(at - 1);
            let before_digit = at + 1 < bytes.len() && (is_digit(at + 1) || bytes[at + 1] == b'_');
            !after_digit || !before_digit
        })
}

/// Checks a rune literal, quotes included; `at_newline` says that a newline cuts it off.
pub(crate) fn check_rune(text: &str, at_newline: bool) -> Option<Mistake> {
    let (count, closed, mistake) = scan_quoted(text, '\'');
    if mistake.is_some() {
        return mistake;
    }
    match (closed, count) {
        (true, 0) => Some((1, "empty rune literal or unescaped '".to_string())),
        (true, 1) => None,
        (true, _) => Some((0, "more than one character in rune literal".to_string())),
        (false, _) if at_newline => Some((text.len(), "newline in rune literal".to_string())),
        (false, _) => Some((0, "rune literal not terminated".to_string())),
    }
}

/// Checks an interpreted string literal, quotes included; `at_newline` says that a newline cuts it off.
pub(crate) fn check_string(text: &str, at_newline: bool) -> Option<Mistake> {
    let bytes = text.as_bytes();
    if bytes.len() >= 2 && bytes.ends_with(b"\"") && !bytes.contains(&b'\\') {
        return None;
    }
    let (_, closed, mistake) = scan_quoted(text, '"');
    if mistake.is_some() || closed {
        mistake
    } else if at_newline {
        Some((text.len(), "newline in string".to_string()))
    } else {
        Some((0, "string not terminated".to_string()))
    }
}

/// Counts the characters of a quoted literal; also says whether its closing quote is there, and what is wrong with
/// the first malformed escape.
fn scan_quoted(text: &str, quote: char) -> (usize, bool, Option<Mistake>) {
    let mut at = 1;
    let mut count = 0;
    let mut mistake = None;
    while let Some(char) = text[at..].chars().next() {
        at += char.len_utf8();
        if char == quote {
            return (count, true, mistake);
        }
        if char == '\\' {
            let (len, escape_mistake) = check_escape(&text[at..], quote);
            if let (None, Some((offset, message))) = (&mistake, escape_mistake) {
                mistake = Some((at + offset, message));
            }
            at += len;
        }
        count += 1;
    }
    (count, false, mistake)
}

/// Checks an escape sequence after its backslash; returns how many bytes belong to it.
fn check_escape(rest: &str, quote: char) -> (usize, Option<Mistake>) {
    let Some(first) = rest.chars().next() else {
        return (0, None);
    };
    let (start, digits, base, max) = match first {
        'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' => return (1, None),
        _ if first == quote => return (1, None),
        '0'..='7' => (0, 3, 8, 255),
        'x' => (1, 2, 16, 255),
        'u' => (1, 4, 16, 0x10ffff),
        'U' => (1, 8, 16, 0x10ffff),
        _ => return (0, Some((0, "unknown escape".to_string()))),
    };
    let mut value: u32 = 0;
    let mut chars = rest[start..].chars();
    for at in start..start + digits {
        let Some(char) = chars.next() else {
            return (at, None);
        };
        let Some(digit) = char.to_digit(base as u32) else {
            let message = format!(
                "invalid character {} in {} escape",
                quote_rune(char),
                base_name(base)
            );
            return (at, Some((at, message)));
        };
        value = value.wrapping_mul(base as u32).wrapping_add(digit);
    }
    let end = start + digits;
    if base == 8 && value > max {
        return (
            end,
            Some((end, format!("octal escape value {value} > 255"))),
        );
    }
    if value > max || (0xd800..0xe000).contains(&value) {
        let shown = unicode_name(value, char::from_u32(value));
        return (
            end,
            Some((end, format!("escape is invalid Unicode code point {shown}"))),
        );
    }
    (end, None)
}

/// A character as Go's `%q` writes it.
fn quote_rune(char: char) -> String {
    match char {
        '\n' => "'\\n'".to_string(),
        '\'' => "'\\''".to_string(),
        '\\' => "'\\\\'".to_string(),
        _ => format!("'{char}'"),
    }
}

/// A character as Go's `%#U` writes it: `U+0040 '@'`.
pub(crate) fn unicode_name(value: u32, char: Option<char>) -> String {
    let mut text = format!("U+{value:04X}");
    if let Some(char) = char.filter(|char| !char.is_control()) {
        let _ = write!(text, " '{char}'");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_checked_as_by_go() {
        let check = |text, expected: Option<(usize, &str)>| {
            let expected = expected.map(|(at, message)| (at, message.to_string()));
            assert_eq!(check_number(text), expected, "{text}");
        };
        for valid in [
            "0", "42", "0x1F", "1_000", "0b_1", "0.5e-3", "0x1p-2", "089.5", "08i", ".5", "0_7",
        ] {
            check(valid, None);
        }
        check("08", Some((1, "invalid digit '8' in octal literal")));
        check("1_", Some((1, "'_' must separate successive digits")));
        check("1__2", Some((2, "'_' must separate successive digits")));
        check("0x", Some((2, "hexadecimal literal has no digits")));
        check("0b12", Some((3, "invalid digit '2' in binary literal")));
        check("1e", Some((2, "exponent has no digits")));
        check(
            "0x1.5",
            Some((5, "hexadecimal mantissa requires a 'p' exponent")),
        );
        check(
            "1p3",
            Some((1, "'p' exponent requires hexadecimal mantissa")),
        );
        check("0b1.0", Some((3, "invalid radix point in binary literal")));
        assert_eq!(number_kind("0xe"), LitKind::Int);
        assert_eq!(number_kind("1e3"), LitKind::Float);
        assert_eq!(number_kind("0x1p3i"), LitKind::Imaginary);
    }

    #[test]
    fn runes_and_strings_are_checked_as_by_go() {
        let check_rune = |text, expected: Option<(usize, &str)>| {
            let expected = expected.map(|(at, message)| (at, message.to_string()));
            assert_eq!(super::check_rune(text, false), expected, "{text}");
        };
        for valid in [
            r"'a'",
            r"'\n'",
            r"'\''",
            r"'\x41'",
            r"'\u00e4'",
            r"'\377'",
            "'µ'",
        ] {
            check_rune(valid, None);
        }
        check_rune("''", Some((1, "empty rune literal or unescaped '")));
        check_rune("'ab'", Some((0, "more than one character in rune literal")));
        check_rune(r"'\400'", Some((5, "octal escape value 256 > 255")));
        check_rune(r"'\q'", Some((2, "unknown escape")));
        check_rune(
            r"'\ud800'",
            Some((7, "escape is invalid Unicode code point U+D800")),
        );
        check_rune(
            r"'\xg0'",
            Some((3, "invalid character 'g' in hexadecimal escape")),
        );
        assert_eq!(check_string(r#""a\"b""#, false), None);
        assert_eq!(
            check_string(r#""a"#, true),
            Some((2, "newline in string".to_string()))
        );
        assert_eq!(
            check_string(r#""a\"#, false),
            Some((0, "string not terminated".to_string()))
        );
    }
}
