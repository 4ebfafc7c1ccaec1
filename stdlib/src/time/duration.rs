//! Durations as text.

use super::parse::append_quoted;

/// `1h15m30.918s`; less than a second in the greatest unit that gives a whole part.
pub(crate) fn format(d: i64) -> String {
    let nanos = d.unsigned_abs();
    let sign = if d < 0 { "-" } else { "" };
    let (unit, name) = match nanos {
        0 => return "0s".to_owned(),
        1..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => {
            let seconds = nanos / 1_000_000_000;
            let rest = fraction(nanos % 1_000_000_000, 1_000_000_000);
            let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            return match (h, m) {
                (0, 0) => format!("{sign}{s}{rest}s"),
                (0, _) => format!("{sign}{m}m{s}{rest}s"),
                _ => format!("{sign}{h}h{m}m{s}{rest}s"),
            };
        }
    };
    format!(
        "{sign}{}{}{name}",
        nanos / unit,
        fraction(nanos % unit, unit)
    )
}

/// `.918` of `unit`, nothing for 0.
fn fraction(part: u64, unit: u64) -> String {
    if part == 0 {
        return String::new();
    }
    let width = unit.ilog10() as usize;
    let digits = format!("{part:0width$}");
    format!(".{}", digits.trim_end_matches('0'))
}

/// Reads a duration; the problem is the text of the error.
pub(crate) fn parse(text: &[u8]) -> Result<i64, Vec<u8>> {
    let problem = |what: &str, part: Option<&[u8]>| {
        let mut message = format!("time: {what} ").into_bytes();
        if let Some(part) = part {
            append_quoted(&mut message, part);
            message.extend_from_slice(b" in duration ");
        }
        append_quoted(&mut message, text);
        message
    };
    let invalid = || problem("invalid duration", None);
    let (negative, mut s) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if s == b"0" {
        return Ok(0);
    }
    if s.is_empty() {
        return Err(invalid());
    }
    const LIMIT: u64 = 1 << 63;
    let mut total = 0u64;
    while !s.is_empty() {
        let digits = s.iter().take_while(|c| c.is_ascii_digit()).count();
        let mut whole = 0u64;
        for &c in &s[..digits] {
            whole = whole
                .checked_mul(10)
                .and_then(|v| v.checked_add(u64::from(c - b'0')))
                .filter(|&v| v <= LIMIT)
                .ok_or_else(invalid)?;
        }
        s = &s[digits..];
        let (mut part, mut scale, mut part_digits) = (0u64, 1f64, 0);
        if s.first() == Some(&b'.') {
            s = &s[1..];
            part_digits = s.iter().take_while(|c| c.is_ascii_digit()).count();
            for &c in &s[..part_digits] {
                // Digits beyond what 63 bits hold do not count.
                if let Some(more) = part
                    .checked_mul(10)
                    .and_then(|v| v.checked_add(u64::from(c - b'0')))
                    .filter(|&v| v < LIMIT)
                {
                    part = more;
                    scale *= 10.0;
                } else {
                    break;
                }
            }
            s = &s[part_digits..];
        }
        if digits == 0 && part_digits == 0 {
            return Err(invalid());
        }
        let length = s
            .iter()
            .position(|&c| c == b'.' || c.is_ascii_digit())
            .unwrap_or(s.len());
        if length == 0 {
            return Err(problem("missing unit in duration", None));
        }
        let unit: u64 = match &s[..length] {
            b"ns" => 1,
            b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => 1_000,
            b"ms" => 1_000_000,
            b"s" => 1_000_000_000,
            b"m" => 60_000_000_000,
            b"h" => 3_600_000_000_000,
            other => return Err(problem("unknown unit", Some(other))),
        };
        s = &s[length..];
        let mut value = whole
            .checked_mul(unit)
            .filter(|&v| v <= LIMIT)
            .ok_or_else(invalid)?;
        if part > 0 {
            value += (part as f64 * (unit as f64 / scale)) as u64;
        }
        total = total
            .checked_add(value)
            .filter(|&v| v <= LIMIT)
            .ok_or_else(invalid)?;
    }
    if negative {
        return Ok((total as i64).wrapping_neg());
    }
    i64::try_from(total).map_err(|_| invalid())
}
