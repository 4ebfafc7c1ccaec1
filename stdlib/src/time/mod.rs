//! Natives of `time`: clocks, timers, calendar, layouts.

pub(crate) mod calendar;
pub(crate) mod duration;
pub(crate) mod layout;
mod parse;
mod zone;

use crate::package::Natives;
use minigo_vm::native::{Call, Outcome};

pub(crate) const NATIVES: Natives = &[
    ("Sleep", |call| call.sleep(call.int(0))),
    ("markTimer", |call| call.mark_timer_channel()),
    ("sendAfter", |call| {
        call.start_timer(call.int(1), call.int(2) as u64)
    }),
    ("callAfter", |call| call.start_closure_timer(call.int(1))),
    ("stop", |call| call.stop_timer(call.word(1))),
    ("now", now),
    ("civil", civil),
    ("daysFromCivil", days_from_civil),
    ("loadZone", load_zone),
    ("loadZoneFile", load_zone_file),
    ("zoneAt", zone_at),
    ("zoneNamed", zone_named),
    ("localName", |call| {
        call.set_str(0, zone::local_name().as_bytes());
        Outcome::Done
    }),
    ("parseLayout", parse_layout),
    ("timeRem", time_rem),
    ("durationString", duration_string),
    ("parseDuration", parse_duration),
    ("monthName", |call| {
        named(call, "%!Month(", &calendar::MONTHS, 1)
    }),
    ("weekdayName", |call| {
        named(call, "%!Weekday(", &calendar::WEEKDAYS, 0)
    }),
    ("format", format),
    ("monoString", mono_string),
    ("goString", go_string),
    ("quote", quoted),
];

fn now(call: &mut Call<'_>) -> Outcome {
    let (wall, mono) = call.clock();
    call.set_int(0, wall);
    call.set_int(1, mono.max(1));
    Outcome::Done
}

fn civil(call: &mut Call<'_>) -> Outcome {
    let date = calendar::civil(call.int(0));
    call.set_int(0, date.year);
    call.set_int(1, date.month);
    call.set_int(2, date.day);
    call.set_int(3, date.year_day);
    Outcome::Done
}

fn days_from_civil(call: &mut Call<'_>) -> Outcome {
    let days = calendar::days_from_civil(call.int(0), call.int(1));
    call.set_int(0, days);
    Outcome::Done
}

/// `func loadZone(name string) int`
fn load_zone(call: &mut Call<'_>) -> Outcome {
    let number = std::str::from_utf8(call.str(0)).ok().and_then(zone::load);
    call.set_int(0, number.unwrap_or(-1));
    Outcome::Done
}

/// `func loadZoneFile(data []byte) int`
fn load_zone_file(call: &mut Call<'_>) -> Outcome {
    let number = zone::load_file(&call.bytes(0));
    call.set_int(0, number.unwrap_or(-1));
    Outcome::Done
}

/// `func zoneAt(number int, unix int64) (name string, offset int, start, end int64, summer bool)`
fn zone_at(call: &mut Call<'_>) -> Outcome {
    let held = zone::at(call.int(0), call.int(1));
    call.set_str(0, held.name.as_bytes());
    call.set_int(2, held.offset);
    call.set_int(3, held.start);
    call.set_int(4, held.end);
    call.set_bool(5, held.is_summer);
    Outcome::Done
}

/// `func zoneNamed(number int, name string, unix int64) (offset int, ok bool)`
fn zone_named(call: &mut Call<'_>) -> Outcome {
    let offset = zone::offset_named(call.int(0), call.str(1), call.int(3));
    call.set_int(0, offset.unwrap_or(0));
    call.set_bool(1, offset.is_some());
    Outcome::Done
}

/// `func parseLayout(layout, value string) (numbers []int, zoneName string, problem []string)`
fn parse_layout(call: &mut Call<'_>) -> Outcome {
    match parse::parse(call.str(0), call.str(2)) {
        Ok(parsed) => {
            let (zone, offset) = match parsed.offset {
                _ if parsed.utc => (1, 0),
                Some(offset) if offset != -1 => (2, offset),
                _ if !parsed.zone.is_empty() => (3, gmt_offset(&parsed.zone)),
                _ => (0, 0),
            };
            let numbers = [
                parsed.year,
                parsed.month,
                parsed.day,
                parsed.hour,
                parsed.minute,
                parsed.second,
                parsed.nanosecond,
                zone,
                offset,
            ];
            call.set_words(0, &numbers.map(|n| n as u64));
            call.set_str(2, &parsed.zone);
            call.set_strs(4, &[]);
        }
        Err(failure) => {
            let problem = [failure.layout_part, failure.value_part, failure.message];
            let problem = problem.map(|part| call.new_str(&part));
            call.set_words(0, &[]);
            call.set_str(2, b"");
            call.set_strs(4, &problem);
        }
    }
    Outcome::Done
}

/// The offset that `GMT+3` has by its name; other names say nothing.
fn gmt_offset(name: &[u8]) -> i64 {
    let hours = std::str::from_utf8(name)
        .ok()
        .and_then(|name| name.strip_prefix("GMT"))
        .and_then(|hours| hours.parse::<i64>().ok());
    hours.map_or(0, |hours| hours * 3600)
}

fn time_rem(call: &mut Call<'_>) -> Outcome {
    let nanos = i128::from(call.int(0)) * 1_000_000_000 + i128::from(call.int(1));
    let rem = nanos.rem_euclid(i128::from(call.int(2).max(1)));
    call.set_int(0, rem as i64);
    Outcome::Done
}

fn duration_string(call: &mut Call<'_>) -> Outcome {
    let text = duration::format(call.int(0));
    call.set_str(0, text.as_bytes());
    Outcome::Done
}

fn parse_duration(call: &mut Call<'_>) -> Outcome {
    let (value, problem) = match duration::parse(call.str(0)) {
        Ok(value) => (value, Vec::new()),
        Err(problem) => (0, problem),
    };
    call.set_str(1, &problem);
    call.set_int(0, value);
    Outcome::Done
}

/// The name of number `n`, which is `first` for the first; of a number without name the number after `prefix`.
fn named(call: &mut Call<'_>, prefix: &str, names: &[&str], first: i64) -> Outcome {
    let n = call.int(0);
    match usize::try_from(n - first).ok().and_then(|i| names.get(i)) {
        Some(name) => call.set_str(0, name.as_bytes()),
        None => call.set_str(0, format!("{prefix}{})", n as u64).as_bytes()),
    }
    Outcome::Done
}

/// `func format(sec, nsec int64, zone string, offset int, layout string) string`
fn format(call: &mut Call<'_>) -> Outcome {
    let moment = layout::Moment {
        sec: call.int(0),
        nsec: call.int(1) as u32,
        zone: call.str(2),
        offset: call.int(4),
    };
    let text = layout::format(&moment, call.str(5));
    call.set_str(0, &text);
    Outcome::Done
}

/// ` m=+0.000123456`
fn mono_string(call: &mut Call<'_>) -> Outcome {
    let mono = call.int(0);
    let (sign, mono) = if mono < 0 {
        ('-', mono.unsigned_abs())
    } else {
        ('+', mono.unsigned_abs())
    };
    let text = format!(
        " m={sign}{}.{:09}",
        mono / 1_000_000_000,
        mono % 1_000_000_000
    );
    call.set_str(0, text.as_bytes());
    Outcome::Done
}

/// `func goString(year, month, day, hour, min, sec, nsec int, loc string) string`
fn go_string(call: &mut Call<'_>) -> Outcome {
    let parts: Vec<i64> = (0..7).map(|i| call.int(i)).collect();
    let month = match usize::try_from(parts[1] - 1)
        .ok()
        .and_then(|i| calendar::MONTHS.get(i))
    {
        Some(name) => format!("time.{name}"),
        None => parts[1].to_string(),
    };
    let mut text = format!(
        "time.Date({}, {month}, {}, {}, {}, {}, {}, ",
        parts[0], parts[2], parts[3], parts[4], parts[5], parts[6]
    )
    .into_bytes();
    text.extend_from_slice(call.str(7));
    text.push(b')');
    call.set_str(0, &text);
    Outcome::Done
}

fn quoted(call: &mut Call<'_>) -> Outcome {
    let mut out = Vec::new();
    parse::append_quoted(&mut out, call.str(0));
    call.set_str(0, &out);
    Outcome::Done
}
