//! Times read by a layout.

use super::calendar::{MONTHS, WEEKDAYS, days_from_civil, days_in, is_leap};
use super::layout::{Part, part};

/// What a text says of a time.
#[derive(Default)]
pub(crate) struct Parsed {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    pub(crate) nanosecond: i64,
    pub(crate) utc: bool,
    pub(crate) offset: Option<i64>,
    pub(crate) zone: Vec<u8>,
}

/// The parts of Go's `ParseError` that are not the arguments of `Parse`.
pub(crate) struct Failure {
    pub(crate) layout_part: Vec<u8>,
    pub(crate) value_part: Vec<u8>,
    pub(crate) message: Vec<u8>,
}

impl Failure {
    fn new(layout_part: &[u8], value_part: &[u8], message: &str) -> Failure {
        Failure {
            layout_part: layout_part.into(),
            value_part: value_part.into(),
            message: message.into(),
        }
    }
}

/// Why a part cannot be read.
enum Bad {
    /// It has not the form.
    Form,
    /// This is out of range.
    Range(&'static str),
}

/// What is read while parts are, besides the result.
#[derive(Default)]
struct State {
    parsed: Parsed,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    /// Some(true) for PM.
    afternoon: Option<bool>,
}

pub(crate) fn parse(layout: &[u8], text: &[u8]) -> Result<Parsed, Failure> {
    let mut state = State::default();
    let (mut layout, mut value) = (layout, text);
    loop {
        let found = (0..layout.len()).find_map(|i| part(&layout[i..]).map(|found| (i, found)));
        let (prefix, part, length) = match found {
            Some((i, (part, length))) => (&layout[..i], Some(part), length),
            None => (layout, None, 0),
        };
        value = literal(value, prefix).map_err(|left| Failure::new(prefix, left, ""))?;
        let Some(part) = part else {
            if !value.is_empty() {
                let mut failure = Failure::new(b"", value, ": extra text: ");
                append_quoted(&mut failure.message, value);
                return Err(failure);
            }
            break;
        };
        let spelling = &layout[prefix.len()..prefix.len() + length];
        layout = &layout[prefix.len() + length..];
        let before = value;
        state
            .read(part, &mut value, layout)
            .map_err(|bad| match bad {
                Bad::Form => Failure::new(spelling, before, ""),
                Bad::Range(what) => {
                    Failure::new(spelling, value, &format!(": {what} out of range"))
                }
            })?;
    }
    state.finish(value)
}

/// Quotes as package time does: everything that is not ASCII, or not printable, by its bytes.
pub(crate) fn append_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for &c in text {
        match c {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', c]),
            b' '..=0x7f => out.push(c),
            _ => out.extend_from_slice(format!("\\x{c:02x}").as_bytes()),
        }
    }
    out.push(b'"');
}

/// Skips what the layout has between its parts; a run of spaces stands for any. Fails with what is left.
fn literal<'a>(mut value: &'a [u8], mut prefix: &[u8]) -> Result<&'a [u8], &'a [u8]> {
    let spaces = |text: &[u8]| text.iter().take_while(|&&c| c == b' ').count();
    while let Some(&c) = prefix.first() {
        if c == b' ' {
            if value.first().is_some_and(|&c| c != b' ') {
                return Err(value);
            }
            prefix = &prefix[spaces(prefix)..];
            value = &value[spaces(value)..];
        } else if value.first() == Some(&c) {
            prefix = &prefix[1..];
            value = &value[1..];
        } else {
            return Err(value);
        }
    }
    Ok(value)
}

fn is_digit(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(u8::is_ascii_digit)
}

/// The number that begins with a sign or not and is all of the text.
fn atoi(text: &[u8]) -> Result<i64, Bad> {
    let (negative, digits) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let n = std::str::from_utf8(digits)
        .ok()
        .filter(|digits| digits.bytes().all(|c| c.is_ascii_digit()))
        .and_then(|digits| digits.parse::<i64>().ok())
        .ok_or(Bad::Form)?;
    Ok(if negative { -n } else { n })
}

/// One digit or two, of which both must be there if `fixed`.
fn number(value: &mut &[u8], fixed: bool) -> Result<i64, Bad> {
    let digits = (0..2).take_while(|&i| is_digit(value, i)).count();
    if digits == 0 || fixed && digits != 2 {
        return Err(Bad::Form);
    }
    let (number, rest) = value.split_at(digits);
    *value = rest;
    atoi(number)
}

/// The first `n` bytes, if there are so many.
fn take<'a>(value: &mut &'a [u8], n: usize) -> Result<&'a [u8], Bad> {
    let (taken, rest) = value.split_at_checked(n).ok_or(Bad::Form)?;
    *value = rest;
    Ok(taken)
}

/// The index of the name that the value begins with, in letters of any case.
fn lookup(value: &mut &[u8], names: &[&str], length: Option<usize>) -> Result<i64, Bad> {
    for (i, name) in names.iter().enumerate() {
        let name = &name.as_bytes()[..length.unwrap_or(name.len())];
        if value.len() >= name.len() && value[..name.len()].eq_ignore_ascii_case(name) {
            *value = &value[name.len()..];
            return Ok(i as i64);
        }
    }
    Err(Bad::Form)
}

/// The nanoseconds that a separator and digits say.
fn nanoseconds(text: &[u8]) -> Result<i64, Bad> {
    if !matches!(text.first(), Some(b'.' | b',')) {
        return Err(Bad::Form);
    }
    let text = &text[..text.len().min(10)];
    let n = atoi(&text[1..])?;
    if n < 0 {
        return Err(Bad::Range("fractional second"));
    }
    Ok(n * 10i64.pow(10 - text.len() as u32))
}

fn in_range(n: i64, most: i64, what: &'static str) -> Result<i64, Bad> {
    if (0..=most).contains(&n) {
        Ok(n)
    } else {
        Err(Bad::Range(what))
    }
}

impl State {
    /// Reads a part; `layout` is what follows it in the layout.
    fn read(&mut self, part: Part, value: &mut &[u8], layout: &[u8]) -> Result<(), Bad> {
        let parsed = &mut self.parsed;
        match part {
            Part::Year => {
                let year = atoi(take(value, 2)?)?;
                // Times of Unix begin in 1969 in some zones.
                parsed.year = year + if year >= 69 { 1900 } else { 2000 };
            }
            Part::LongYear => {
                if !is_digit(value, 0) {
                    return Err(Bad::Form);
                }
                parsed.year = atoi(take(value, 4)?)?;
            }
            Part::Month => self.month = Some(lookup(value, &MONTHS, Some(3))? + 1),
            Part::LongMonth => self.month = Some(lookup(value, &MONTHS, None)? + 1),
            Part::NumberMonth | Part::ZeroMonth => {
                let month = number(value, part == Part::ZeroMonth)?;
                if !(1..=12).contains(&month) {
                    return Err(Bad::Range("month"));
                }
                self.month = Some(month);
            }
            Part::Weekday => {
                lookup(value, &WEEKDAYS, Some(3))?;
            }
            Part::LongWeekday => {
                lookup(value, &WEEKDAYS, None)?;
            }
            Part::Day | Part::UnderDay | Part::ZeroDay => {
                if part == Part::UnderDay {
                    *value = value.strip_prefix(b" ").unwrap_or(value);
                }
                self.day = Some(number(value, part == Part::ZeroDay)?);
            }
            Part::UnderYearDay | Part::ZeroYearDay => {
                let fixed = part == Part::ZeroYearDay;
                for _ in 0..2 {
                    if !fixed {
                        *value = value.strip_prefix(b" ").unwrap_or(value);
                    }
                }
                let digits = (0..3).take_while(|&i| is_digit(value, i)).count();
                if digits == 0 || fixed && digits != 3 {
                    return Err(Bad::Form);
                }
                self.year_day = Some(atoi(take(value, digits)?)?);
            }
            Part::Hour => parsed.hour = in_range(number(value, false)?, 23, "hour")?,
            Part::Hour12 | Part::ZeroHour12 => {
                let hour = number(value, part == Part::ZeroHour12)?;
                parsed.hour = in_range(hour, 12, "hour")?;
            }
            Part::Minute | Part::ZeroMinute => {
                let minute = number(value, part == Part::ZeroMinute)?;
                parsed.minute = in_range(minute, 59, "minute")?;
            }
            Part::Second | Part::ZeroSecond => {
                let second = number(value, part == Part::ZeroSecond)?;
                parsed.second = in_range(second, 59, "second")?;
                // A fraction may follow although the layout has none.
                let in_layout = (0..layout.len()).find_map(|i| super::layout::part(&layout[i..]));
                let expected = matches!(in_layout, Some((Part::Fraction { .. }, _)));
                if matches!(value.first(), Some(b'.' | b',')) && is_digit(value, 1) && !expected {
                    parsed.nanosecond = nanoseconds(take_fraction(value))?;
                }
            }
            Part::UpperPm | Part::LowerPm => {
                let mut half = take(value, 2)?.to_vec();
                if part == Part::LowerPm {
                    if half.iter().any(u8::is_ascii_uppercase) {
                        return Err(Bad::Form);
                    }
                    half.make_ascii_uppercase();
                }
                self.afternoon = Some(match half.as_slice() {
                    b"PM" => true,
                    b"AM" => false,
                    _ => return Err(Bad::Form),
                });
            }
            Part::Offset { z: true, .. } if value.first() == Some(&b'Z') => {
                *value = &value[1..];
                parsed.utc = true;
            }
            Part::Offset {
                colon,
                minutes,
                seconds,
                ..
            } => parsed.offset = Some(offset(value, colon, minutes, seconds)?),
            Part::ZoneName => match value.strip_prefix(b"UTC") {
                Some(rest) => {
                    *value = rest;
                    parsed.utc = true;
                }
                None => {
                    let length = zone_name(value).ok_or(Bad::Form)?;
                    parsed.zone = take(value, length)?.to_vec();
                }
            },
            Part::Fraction {
                digits, cut: false, ..
            } => {
                // All digits of the layout must be there.
                if value.len() < digits + 1 {
                    return Err(Bad::Form);
                }
                let (fraction, rest) = value.split_at(digits + 1);
                let result = nanoseconds(fraction);
                *value = rest;
                parsed.nanosecond = result?;
            }
            Part::Fraction { .. } => {
                if matches!(value.first(), Some(b'.' | b',')) && is_digit(value, 1) {
                    parsed.nanosecond = nanoseconds(take_fraction(value))?;
                }
            }
        }
        Ok(())
    }

    fn finish(mut self, value: &[u8]) -> Result<Parsed, Failure> {
        let failure = |message| Err(Failure::new(b"", value, message));
        let parsed = &mut self.parsed;
        match self.afternoon {
            Some(true) if parsed.hour < 12 => parsed.hour += 12,
            Some(false) if parsed.hour == 12 => parsed.hour = 0,
            _ => {}
        }
        if let Some(year_day) = self.year_day {
            let days = if is_leap(parsed.year) { 366 } else { 365 };
            if !(1..=days).contains(&year_day) {
                return failure(": day-of-year out of range");
            }
            let january = days_from_civil(parsed.year, 1);
            let before = |month: i64| days_from_civil(parsed.year, month) - january;
            let month = (1..=12).rev().find(|&m| before(m) < year_day).unwrap_or(1);
            let day = year_day - before(month);
            if self.month.is_some_and(|m| m != month) {
                return failure(": day-of-year does not match month");
            }
            if self.day.is_some_and(|d| d != day) {
                return failure(": day-of-year does not match day");
            }
            (self.month, self.day) = (Some(month), Some(day));
        }
        parsed.month = self.month.unwrap_or(1);
        parsed.day = self.day.unwrap_or(1);
        if parsed.day < 1 || parsed.day > days_in(parsed.year, parsed.month) {
            return failure(": day out of range");
        }
        Ok(self.parsed)
    }
}

/// The separator and the digits that the value begins with.
fn take_fraction<'a>(value: &mut &'a [u8]) -> &'a [u8] {
    let digits = value[1..].iter().take_while(|c| c.is_ascii_digit()).count();
    let (fraction, rest) = value.split_at(digits + 1);
    *value = rest;
    fraction
}

/// Seconds east of UTC.
fn offset(value: &mut &[u8], colon: bool, minutes: bool, seconds: bool) -> Result<i64, Bad> {
    let separator = usize::from(colon);
    let length =
        3 + if minutes { 2 + separator } else { 0 } + if seconds { 2 + separator } else { 0 };
    if value.len() < length {
        return Err(Bad::Form);
    }
    let colons = [3, 6];
    if colon && colons.iter().any(|&at| at < length && value[at] != b':') {
        return Err(Bad::Form);
    }
    let text = take(value, length)?;
    let two = |at: usize| number(&mut &text[at..at + 2], true);
    // What is out of range is told even of what has not the form: so are the parts that were read before.
    let hour = two(1);
    let minute = match &hour {
        Ok(_) if minutes => two(3 + separator),
        _ => Ok(0),
    };
    let second = match &minute {
        Ok(_) if seconds && hour.is_ok() => two(5 + 2 * separator),
        _ => Ok(0),
    };
    let read = |n: &Result<i64, Bad>| n.as_ref().map_or(0, |&n| n);
    let (h, m, s) = (read(&hour), read(&minute), read(&second));
    let mut range = None;
    if h > 24 {
        range = Some("time zone offset hour");
    }
    if m > 60 {
        range = Some("time zone offset minute");
    }
    if s > 60 {
        range = Some("time zone offset second");
    }
    if let Some(what) = range {
        return Err(Bad::Range(what));
    }
    hour.and(minute).and(second)?;
    let total = (h * 60 + m) * 60 + s;
    match text[0] {
        b'+' => Ok(total),
        b'-' => Ok(-total),
        _ => Err(Bad::Form),
    }
}

/// The length of the name of a zone that the value begins with.
fn zone_name(value: &[u8]) -> Option<usize> {
    if value.len() < 3 {
        return None;
    }
    if value.starts_with(b"ChST") || value.starts_with(b"MeST") {
        return Some(4);
    }
    if value.starts_with(b"GMT") {
        return Some(3 + signed_hours(&value[3..]).unwrap_or(0));
    }
    if matches!(value[0], b'+' | b'-') {
        return signed_hours(value);
    }
    match value
        .iter()
        .take(6)
        .take_while(|c| c.is_ascii_uppercase())
        .count()
    {
        5 if value[4] == b'T' => Some(5),
        4 if value[3] == b'T' || value.starts_with(b"WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The length of a sign and up to 23 hours.
fn signed_hours(value: &[u8]) -> Option<usize> {
    if !matches!(value.first(), Some(b'+' | b'-')) {
        return None;
    }
    let digits = value[1..].iter().take_while(|c| c.is_ascii_digit()).count();
    let hours: u64 = std::str::from_utf8(&value[1..=digits]).ok()?.parse().ok()?;
    (hours <= 23).then_some(digits + 1)
}
