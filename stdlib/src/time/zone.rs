//! The system's time zone, read from its zone file.

use super::calendar::{SECONDS_PER_DAY, civil, days_from_civil};
use std::sync::OnceLock;

/// Seconds from January 1, year 1 to 1970.
const TO_1970: i64 = 62_135_596_800;

/// A zone: what holds from when on, and the rule for the time after the last change.
struct Zone {
    changes: Vec<(i64, usize)>,
    kinds: Vec<(String, i64)>,
    rule: Option<Rule>,
}

/// Standard and summer time by a POSIX rule such as `CET-1CEST,M3.5.0,M10.5.0/3`.
struct Rule {
    standard: (String, i64),
    summer: Option<(String, i64, Day, Day)>,
}

/// The `week`th (5: last) `weekday` of `month`, at a second of the day.
struct Day {
    month: i64,
    week: i64,
    weekday: i64,
    second: i64,
}

/// Name and offset of the system's zone at a time since 1970. The zone is `TZ`'s, else `/etc/localtime`'s, else UTC.
pub(crate) fn local(unix: i64) -> (&'static str, i64) {
    // Read once a process: the zone of a running system does not change under Go programs either.
    static ZONE: OnceLock<Option<Zone>> = OnceLock::new();
    match ZONE.get_or_init(load) {
        Some(zone) => zone.at(unix),
        None => ("UTC", 0),
    }
}

fn load() -> Option<Zone> {
    let path = match std::env::var("TZ") {
        Ok(name) => {
            let name = name.strip_prefix(':').unwrap_or(&name).to_owned();
            if name.is_empty() || name == "UTC" {
                return None;
            }
            if name.starts_with('/') {
                name
            } else {
                format!("/usr/share/zoneinfo/{name}")
            }
        }
        Err(_) => "/etc/localtime".to_owned(),
    };
    parse(&std::fs::read(path).ok()?)
}

/// Reads a zone file (RFC 8536), version 2 or later.
fn parse(file: &[u8]) -> Option<Zone> {
    let first = Header::parse(file)?;
    if file.get(4)? < &b'2' {
        return None;
    }
    // The first block has 32-bit times; the second is the one to read.
    let file = file.get(44 + first.len(4)..)?;
    let header = Header::parse(file)?;
    let body = file.get(44..)?;
    let times = body.get(..header.times * 8)?;
    let indices = body.get(header.times * 8..header.times * 9)?;
    let kinds = body.get(header.times * 9..)?;
    let names = kinds.get(header.kinds * 6..header.kinds * 6 + header.names)?;
    let kinds: Option<Vec<(String, i64)>> = kinds
        .get(..header.kinds * 6)?
        .chunks_exact(6)
        .map(|kind| {
            let offset = i32::from_be_bytes(kind[..4].try_into().ok()?);
            let name = names.get(usize::from(kind[5])..)?;
            let end = name.iter().position(|&c| c == 0)?;
            Some((
                String::from_utf8_lossy(&name[..end]).into_owned(),
                i64::from(offset),
            ))
        })
        .collect();
    let kinds = kinds?;
    let changes: Option<Vec<(i64, usize)>> = times
        .chunks_exact(8)
        .zip(indices)
        .map(|(time, &index)| {
            Some((
                i64::from_be_bytes(time.try_into().ok()?),
                usize::from(index),
            ))
        })
        .collect();
    let changes = changes?;
    if kinds.is_empty() || changes.iter().any(|&(_, kind)| kind >= kinds.len()) {
        return None;
    }
    let footer = body.get(header.len(8)..)?;
    let footer = footer.strip_prefix(b"\n")?.split(|&c| c == b'\n').next()?;
    Some(Zone {
        changes,
        kinds,
        rule: Rule::parse(footer),
    })
}

/// Counts of a block.
struct Header {
    flags: usize,
    standards: usize,
    leaps: usize,
    times: usize,
    kinds: usize,
    names: usize,
}

impl Header {
    fn parse(file: &[u8]) -> Option<Header> {
        if file.get(..4)? != b"TZif" {
            return None;
        }
        let count = |i: usize| {
            Some(u32::from_be_bytes(file.get(20 + 4 * i..24 + 4 * i)?.try_into().ok()?) as usize)
        };
        Some(Header {
            flags: count(0)?,
            standards: count(1)?,
            leaps: count(2)?,
            times: count(3)?,
            kinds: count(4)?,
            names: count(5)?,
        })
    }

    /// Bytes of the block behind the header, with times of `size` bytes.
    fn len(&self, size: usize) -> usize {
        self.times * (size + 1)
            + self.kinds * 6
            + self.names
            + self.leaps * (size + 4)
            + self.standards
            + self.flags
    }
}

impl Zone {
    fn at(&self, unix: i64) -> (&str, i64) {
        let next = self.changes.partition_point(|change| change.0 <= unix);
        if next == self.changes.len()
            && let Some(rule) = &self.rule
        {
            return rule.at(unix);
        }
        let kind = match next.checked_sub(1) {
            Some(last) => self.changes[last].1,
            None => 0,
        };
        (&self.kinds[kind].0, self.kinds[kind].1)
    }
}

impl Rule {
    fn parse(text: &[u8]) -> Option<Rule> {
        let mut text = text;
        let name = rule_name(&mut text)?;
        let offset = -rule_time(&mut text)?;
        let standard = (name, offset);
        if text.is_empty() {
            return Some(Rule {
                standard,
                summer: None,
            });
        }
        let name = rule_name(&mut text)?;
        let summer_offset = if text.first() == Some(&b',') {
            offset + 3600
        } else {
            -rule_time(&mut text)?
        };
        let start = rule_day(&mut text)?;
        let end = rule_day(&mut text)?;
        Some(Rule {
            standard,
            summer: Some((name, summer_offset, start, end)),
        })
    }

    fn at(&self, unix: i64) -> (&str, i64) {
        let standard = (self.standard.0.as_str(), self.standard.1);
        let Some((name, offset, start, end)) = &self.summer else {
            return standard;
        };
        let year = civil(unix + self.standard.1 + TO_1970).year;
        let start = start.of(year) - self.standard.1;
        let end = end.of(year) - offset;
        let summer = if start < end {
            (start..end).contains(&unix)
        } else {
            !(end..start).contains(&unix)
        };
        if summer { (name, *offset) } else { standard }
    }
}

impl Day {
    /// Its second since 1970 in a year, as the clock on the wall counts.
    fn of(&self, year: i64) -> i64 {
        let first = days_from_civil(year, self.month);
        // January 1, 1970 was a Thursday.
        let weekday = (first + 4).rem_euclid(7);
        let mut day = first + (self.weekday - weekday).rem_euclid(7) + 7 * (self.week - 1);
        let next = if self.month == 12 {
            days_from_civil(year + 1, 1)
        } else {
            days_from_civil(year, self.month + 1)
        };
        while day >= next {
            day -= 7;
        }
        day * SECONDS_PER_DAY + self.second
    }
}

fn rule_name(text: &mut &[u8]) -> Option<String> {
    let (name, rest) = if text.first() == Some(&b'<') {
        let end = text.iter().position(|&c| c == b'>')?;
        (&text[1..end], &text[end + 1..])
    } else {
        let end = text
            .iter()
            .position(|c| !c.is_ascii_alphabetic())
            .unwrap_or(text.len());
        text.split_at(end)
    };
    *text = rest;
    (!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned())
}

fn rule_number(text: &mut &[u8]) -> Option<i64> {
    let end = text
        .iter()
        .position(|c| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let value = std::str::from_utf8(&text[..end]).ok()?.parse().ok()?;
    *text = &text[end..];
    Some(value)
}

/// `[+-]h[:m[:s]]` in seconds.
fn rule_time(text: &mut &[u8]) -> Option<i64> {
    let negative = text.first() == Some(&b'-');
    if matches!(text.first(), Some(b'+' | b'-')) {
        *text = &text[1..];
    }
    let (mut seconds, mut unit) = (rule_number(text)? * 3600, 60);
    while text.first() == Some(&b':') && unit > 0 {
        *text = &text[1..];
        seconds += rule_number(text)? * unit;
        unit /= 60;
    }
    Some(if negative { -seconds } else { seconds })
}

/// `,Mm.w.d[/time]`; rules by day of the year are in no current zone file.
fn rule_day(text: &mut &[u8]) -> Option<Day> {
    *text = text.strip_prefix(b",M")?;
    let month = rule_number(text)?;
    *text = text.strip_prefix(b".")?;
    let week = rule_number(text)?;
    *text = text.strip_prefix(b".")?;
    let weekday = rule_number(text)?;
    let second = match text.strip_prefix(b"/") {
        Some(rest) => {
            *text = rest;
            rule_time(text)?
        }
        None => 2 * 3600,
    };
    Some(Day {
        month,
        week,
        weekday,
        second,
    })
}
