//! Times shown by a layout: how the layout would show Mon Jan 2 15:04:05.000000000 MST 2006.

use super::calendar::{MONTHS, SECONDS_PER_DAY, WEEKDAYS, civil};
use std::io::Write;

/// A moment, as clock and calendar of its zone show it.
pub(crate) struct Moment<'a> {
    /// Seconds since January 1, year 1, in the zone.
    pub(crate) sec: i64,
    pub(crate) nsec: u32,
    pub(crate) zone: &'a [u8],
    /// Seconds east of UTC.
    pub(crate) offset: i64,
}

/// What a piece of a layout stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    LongYear,
    Year,
    LongMonth,
    Month,
    NumberMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    UpperPm,
    LowerPm,
    ZoneName,
    /// `Z` for offset 0, colons, minutes, seconds.
    Offset {
        z: bool,
        colon: bool,
        minutes: bool,
        seconds: bool,
    },
    /// Separator, digits, trailing zeros cut.
    Fraction {
        separator: u8,
        digits: usize,
        cut: bool,
    },
}

/// Spellings, each before those that begin it.
const SPELLINGS: &[(&[u8], Part)] = &[
    (b"January", Part::LongMonth),
    (b"Jan", Part::Month),
    (b"Monday", Part::LongWeekday),
    (b"Mon", Part::Weekday),
    (b"MST", Part::ZoneName),
    (b"002", Part::ZeroYearDay),
    (b"01", Part::ZeroMonth),
    (b"02", Part::ZeroDay),
    (b"03", Part::ZeroHour12),
    (b"04", Part::ZeroMinute),
    (b"05", Part::ZeroSecond),
    (b"06", Part::Year),
    (b"15", Part::Hour),
    (b"1", Part::NumberMonth),
    (b"2006", Part::LongYear),
    (b"2", Part::Day),
    (b"__2", Part::UnderYearDay),
    (b"_2", Part::UnderDay),
    (b"3", Part::Hour12),
    (b"4", Part::Minute),
    (b"5", Part::Second),
    (b"PM", Part::UpperPm),
    (b"pm", Part::LowerPm),
    (
        b"-070000",
        Part::Offset {
            z: false,
            colon: false,
            minutes: true,
            seconds: true,
        },
    ),
    (
        b"-07:00:00",
        Part::Offset {
            z: false,
            colon: true,
            minutes: true,
            seconds: true,
        },
    ),
    (
        b"-0700",
        Part::Offset {
            z: false,
            colon: false,
            minutes: true,
            seconds: false,
        },
    ),
    (
        b"-07:00",
        Part::Offset {
            z: false,
            colon: true,
            minutes: true,
            seconds: false,
        },
    ),
    (
        b"-07",
        Part::Offset {
            z: false,
            colon: false,
            minutes: false,
            seconds: false,
        },
    ),
    (
        b"Z070000",
        Part::Offset {
            z: true,
            colon: false,
            minutes: true,
            seconds: true,
        },
    ),
    (
        b"Z07:00:00",
        Part::Offset {
            z: true,
            colon: true,
            minutes: true,
            seconds: true,
        },
    ),
    (
        b"Z0700",
        Part::Offset {
            z: true,
            colon: false,
            minutes: true,
            seconds: false,
        },
    ),
    (
        b"Z07:00",
        Part::Offset {
            z: true,
            colon: true,
            minutes: true,
            seconds: false,
        },
    ),
    (
        b"Z07",
        Part::Offset {
            z: true,
            colon: false,
            minutes: false,
            seconds: false,
        },
    ),
];

/// The part that `layout` begins with, and its length.
pub(super) fn part(layout: &[u8]) -> Option<(Part, usize)> {
    if layout.starts_with(b"_2006") {
        // A literal underscore before the year.
        return None;
    }
    if let [separator @ (b'.' | b','), digit @ (b'0' | b'9'), ..] = *layout {
        let digits = layout[1..].iter().take_while(|&&c| c == digit).count();
        let ends = !layout.get(1 + digits).is_some_and(u8::is_ascii_digit);
        return ends.then_some((
            Part::Fraction {
                separator,
                digits,
                cut: digit == b'9',
            },
            1 + digits,
        ));
    }
    SPELLINGS.iter().find_map(|&(spelling, part)| {
        let rest = layout.strip_prefix(spelling)?;
        // "Jan" and "Mon" that go on with a small letter are other words.
        let word = matches!(part, Part::Month | Part::Weekday)
            && rest.first().is_some_and(u8::is_ascii_lowercase);
        (!word).then_some((part, spelling.len()))
    })
}

/// Shows a moment.
pub(crate) fn format(moment: &Moment<'_>, layout: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(layout.len() + 16);
    let mut rest = layout;
    while let Some(&first) = rest.first() {
        match part(rest) {
            Some((part, length)) => {
                show(&mut out, moment, part);
                rest = &rest[length..];
            }
            None => {
                out.push(first);
                rest = &rest[1..];
            }
        }
    }
    out
}

/// A number with at least `width` digits, the sign not counted.
fn number(out: &mut Vec<u8>, n: i64, width: usize) {
    if n < 0 {
        out.push(b'-');
    }
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{:0width$}", n.unsigned_abs());
}

fn show(out: &mut Vec<u8>, moment: &Moment<'_>, part: Part) {
    let date = civil(moment.sec);
    let second = moment.sec.rem_euclid(SECONDS_PER_DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
    // January 1, year 1 was a Monday.
    let weekday = WEEKDAYS[(moment.sec.div_euclid(SECONDS_PER_DAY) + 1).rem_euclid(7) as usize];
    let month = MONTHS[(date.month - 1) as usize];
    match part {
        Part::LongYear => number(out, date.year, 4),
        Part::Year => number(out, date.year.abs() % 100, 2),
        Part::LongMonth => out.extend_from_slice(month.as_bytes()),
        Part::Month => out.extend_from_slice(&month.as_bytes()[..3]),
        Part::NumberMonth => number(out, date.month, 0),
        Part::ZeroMonth => number(out, date.month, 2),
        Part::LongWeekday => out.extend_from_slice(weekday.as_bytes()),
        Part::Weekday => out.extend_from_slice(&weekday.as_bytes()[..3]),
        Part::Day => number(out, date.day, 0),
        Part::UnderDay => {
            let _ = write!(out, "{:2}", date.day);
        }
        Part::ZeroDay => number(out, date.day, 2),
        Part::UnderYearDay => {
            let _ = write!(out, "{:3}", date.year_day);
        }
        Part::ZeroYearDay => number(out, date.year_day, 3),
        Part::Hour => number(out, hour, 2),
        Part::Hour12 => number(out, hour12, 0),
        Part::ZeroHour12 => number(out, hour12, 2),
        Part::Minute => number(out, minute, 0),
        Part::ZeroMinute => number(out, minute, 2),
        Part::Second => number(out, second, 0),
        Part::ZeroSecond => number(out, second, 2),
        Part::UpperPm => out.extend_from_slice(if hour >= 12 { b"PM" } else { b"AM" }),
        Part::LowerPm => out.extend_from_slice(if hour >= 12 { b"pm" } else { b"am" }),
        Part::ZoneName if moment.zone.is_empty() => offset(out, moment.offset, false, true, false),
        Part::ZoneName => out.extend_from_slice(moment.zone),
        Part::Offset { z: true, .. } if moment.offset == 0 => out.push(b'Z'),
        Part::Offset {
            colon,
            minutes,
            seconds,
            ..
        } => offset(out, moment.offset, colon, minutes, seconds),
        Part::Fraction {
            separator,
            digits,
            cut,
        } => {
            let text = format!("{:09}", moment.nsec);
            let shown = &text[..digits.min(9)];
            let shown = if cut {
                shown.trim_end_matches('0')
            } else {
                shown
            };
            if !shown.is_empty() {
                out.push(separator);
                out.extend_from_slice(shown.as_bytes());
            }
        }
    }
}

fn offset(out: &mut Vec<u8>, offset: i64, colon: bool, minutes: bool, seconds: bool) {
    let zone = offset / 60;
    out.push(if zone < 0 { b'-' } else { b'+' });
    number(out, zone.abs() / 60, 2);
    if minutes {
        if colon {
            out.push(b':');
        }
        number(out, zone.abs() % 60, 2);
    }
    if seconds {
        if colon {
            out.push(b':');
        }
        number(out, offset.abs() % 60, 2);
    }
}
