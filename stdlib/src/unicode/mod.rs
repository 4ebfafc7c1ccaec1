//! Natives of `unicode`, and the same questions for the rest of the library. The tables are Go's own.

mod table;
pub(crate) mod utf8;

use crate::package::Natives;
use minigo_vm::native::{Call, Outcome};
use table::Category;

pub(crate) const NATIVES: Natives = &[
    ("IsControl", |call| {
        ask(call, |r| r < 0x20 || (0x7f..0xa0).contains(&r))
    }),
    ("IsDigit", |call| ask(call, is_digit)),
    ("IsGraphic", native_is_graphic),
    ("IsLetter", |call| ask(call, is_letter)),
    ("IsLower", |call| ask(call, |r| category(r) == Category::Ll)),
    ("IsMark", |call| {
        ask(call, |r| {
            matches!(category(r), Category::Mc | Category::Me | Category::Mn)
        })
    }),
    ("IsNumber", |call| {
        ask(call, |r| {
            matches!(category(r), Category::Nd | Category::Nl | Category::No)
        })
    }),
    ("IsPrint", native_is_print),
    ("IsPunct", |call| ask(call, is_punct)),
    ("IsSpace", |call| ask(call, is_space)),
    ("IsSymbol", |call| {
        ask(call, |r| {
            matches!(
                category(r),
                Category::Sc | Category::Sk | Category::Sm | Category::So
            )
        })
    }),
    ("IsTitle", |call| ask(call, |r| category(r) == Category::Lt)),
    ("IsUpper", |call| ask(call, |r| category(r) == Category::Lu)),
    ("ToLower", |call| map(call, to_lower)),
    ("ToTitle", |call| map(call, to_title)),
    ("ToUpper", |call| map(call, to_upper)),
    ("ranges", ranges),
    ("caseRanges", case_ranges),
    ("SimpleFold", |call| map(call, simple_fold)),
];

/// The range tables, as generate_ranges.go writes them.
static RANGES: &[u8] = include_bytes!("ranges.bin");

/// `func ranges(n int) string`
fn ranges(call: &mut Call<'_>) -> Outcome {
    let mut rest = RANGES;
    let mut n = call.word(0);
    while let [high, low, tables @ ..] = rest {
        let (this, others) = tables.split_at(usize::from(*high) << 8 | usize::from(*low));
        if n == 0 {
            call.set_str(0, this);
            return Outcome::Done;
        }
        rest = others;
        n -= 1;
    }
    call.set_str(0, b"");
    Outcome::Done
}

/// `func caseRanges() []int`
fn case_ranges(call: &mut Call<'_>) -> Outcome {
    let words: Vec<u64> = table::CASES
        .iter()
        .flat_map(|&(lo, hi, deltas)| {
            let [upper, lower, title] = deltas.map(|delta| i64::from(delta) as u64);
            [u64::from(lo), u64::from(hi), upper, lower, title]
        })
        .collect();
    call.set_words(0, &words);
    Outcome::Done
}

fn ask(call: &mut Call<'_>, question: fn(u32) -> bool) -> Outcome {
    let answer = u32::try_from(call.int(0)).is_ok_and(question);
    call.set_bool(0, answer);
    Outcome::Done
}

/// Maps a character; what is none stays as it is.
fn map(call: &mut Call<'_>, mapping: fn(u32) -> u32) -> Outcome {
    let r = call.int(0);
    let mapped = match u32::try_from(r) {
        Ok(r) if r <= 0x10_ffff => i64::from(mapping(r)),
        _ => r,
    };
    call.set_int(0, mapped);
    Outcome::Done
}

pub(crate) fn native_is_print(call: &mut Call<'_>) -> Outcome {
    ask(call, is_print)
}

pub(crate) fn native_is_graphic(call: &mut Call<'_>) -> Outcome {
    ask(call, is_graphic)
}

/// The general category of a character.
pub(crate) fn category(r: u32) -> Category {
    if r > 0x10_ffff {
        return Category::Unassigned;
    }
    let run = table::RUNS.partition_point(|&run| run >> 8 <= r) - 1;
    table::CATEGORIES[(table::RUNS[run] & 0xff) as usize]
}

/// Go's `IsPrint`: a letter, mark, number, punctuation, symbol or the ASCII space.
pub(crate) fn is_print(r: u32) -> bool {
    if r < 0x80 {
        return (0x20..0x7f).contains(&r);
    }
    use Category::*;
    !matches!(category(r), Unassigned | Cc | Cf | Co | Cs | Zl | Zp | Zs)
}

/// Go's `IsGraphic`: printable or a space.
pub(crate) fn is_graphic(r: u32) -> bool {
    is_print(r) || category(r) == Category::Zs
}

pub(crate) fn is_digit(r: u32) -> bool {
    if r < 0x80 {
        (0x30..0x3a).contains(&r)
    } else {
        category(r) == Category::Nd
    }
}

pub(crate) fn is_letter(r: u32) -> bool {
    use Category::*;
    matches!(category(r), Ll | Lm | Lo | Lt | Lu)
}

pub(crate) fn is_punct(r: u32) -> bool {
    use Category::*;
    matches!(category(r), Pc | Pd | Pe | Pf | Pi | Po | Ps)
}

/// Unicode's White_Space.
pub(crate) fn is_space(r: u32) -> bool {
    matches!(r, 0x09..=0x0d | 0x20 | 0x85 | 0xa0 | 0x1680 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f | 0x205f | 0x3000)
}

/// Case `case` (0 upper, 1 lower, 2 title) of a character.
fn to_case(r: u32, case: usize) -> u32 {
    let i = table::CASES.partition_point(|range| range.1 < r);
    let Some(&(lo, _, deltas)) = table::CASES.get(i).filter(|range| range.0 <= r) else {
        return r;
    };
    let delta = deltas[case];
    if delta >= table::ALTERNATE {
        // The upper case letter is the first, third … of the range, its lower case letter follows.
        return lo + (((r - lo) & !1) | u32::from(case == 1));
    }
    r.wrapping_add_signed(delta)
}

pub(crate) fn to_upper(r: u32) -> u32 {
    if r < 0x80 {
        u32::from((r as u8).to_ascii_uppercase())
    } else {
        to_case(r, 0)
    }
}

pub(crate) fn to_lower(r: u32) -> u32 {
    if r < 0x80 {
        u32::from((r as u8).to_ascii_lowercase())
    } else {
        to_case(r, 1)
    }
}

pub(crate) fn to_title(r: u32) -> u32 {
    if r < 0x80 {
        u32::from((r as u8).to_ascii_uppercase())
    } else {
        to_case(r, 2)
    }
}

/// The next character, in a cycle, that is equal when case is ignored.
pub(crate) fn simple_fold(r: u32) -> u32 {
    if let Ok(i) = table::FOLDS.binary_search_by_key(&r, |fold| fold.0) {
        return table::FOLDS[i].1;
    }
    let lower = to_lower(r);
    if lower != r { lower } else { to_upper(r) }
}
