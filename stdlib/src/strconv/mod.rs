//! Natives of `strconv`: conversions between strings and numbers, and literals.

pub(crate) mod float;
pub(crate) mod number;
pub(crate) mod quote;

use crate::package::Natives;
use float::ParseProblem;
use minigo_vm::native::{Call, Outcome};
use quote::Style;

pub(crate) const NATIVES: Natives = &[
    ("Itoa", itoa),
    ("CanBackquote", can_backquote),
    ("IsPrint", crate::unicode::native_is_print),
    ("IsGraphic", crate::unicode::native_is_graphic),
    ("parseInt", parse_int),
    ("parseUint", parse_uint),
    ("parseFloat", parse_float),
    ("parseComplex", parse_complex),
    ("formatInt", format_int),
    ("formatUint", format_uint),
    ("formatFloat", format_float),
    ("quote", quote_string),
    ("quoteRune", quote_rune),
    ("unquote", unquote),
    ("quotedPrefix", quoted_prefix),
    ("unquoteChar", unquote_char),
];

fn itoa(call: &mut Call<'_>) -> Outcome {
    let mut out = Vec::with_capacity(20);
    number::append_int(&mut out, call.int(0), 10);
    call.set_str(0, &out);
    Outcome::Done
}

fn can_backquote(call: &mut Call<'_>) -> Outcome {
    let ok = quote::can_backquote(call.str(0));
    call.set_bool(0, ok);
    Outcome::Done
}

fn parse_int(call: &mut Call<'_>) -> Outcome {
    let (value, code) = number::parse_int(call.str(0), call.int(2), call.int(3));
    call.set_int(0, value);
    call.set_int(1, code);
    Outcome::Done
}

fn parse_uint(call: &mut Call<'_>) -> Outcome {
    let (value, code) = number::parse_uint(call.str(0), call.int(2), call.int(3));
    call.set_word(0, value);
    call.set_int(1, code);
    Outcome::Done
}

fn code_of(problem: Option<ParseProblem>) -> i64 {
    match problem {
        None => number::OK,
        Some(ParseProblem::Syntax) => number::SYNTAX,
        Some(ParseProblem::Range) => number::RANGE,
    }
}

fn parse_float(call: &mut Call<'_>) -> Outcome {
    let (value, problem) = float::parse_float(call.str(0), call.int(2) == 32);
    call.set_float(0, value);
    call.set_int(1, code_of(problem));
    Outcome::Done
}

fn parse_complex(call: &mut Call<'_>) -> Outcome {
    let (re, im, problem) =
        complex(call.str(0), call.int(2) == 64).unwrap_or((0.0, 0.0, Some(ParseProblem::Syntax)));
    call.set_float(0, re);
    call.set_float(1, im);
    call.set_int(2, code_of(problem));
    Outcome::Done
}

/// `N`, `Ni` or `N±Ni`, in parentheses or not.
fn complex(s: &[u8], float32: bool) -> Option<(f64, f64, Option<ParseProblem>)> {
    let s = match s {
        [b'(', inside @ .., b')'] => inside,
        _ => s,
    };
    let (first, n, problem) = float::float_prefix(s, float32)?;
    let rest = match &s[n..] {
        [] => return Some((first, 0.0, problem)),
        b"i" => return Some((0.0, first, problem)),
        // NaN has no sign of its own: "1+NaNi". With another sign behind it, "+" says nothing either, but "++" is wrong.
        [b'+', rest @ ..] if rest.first().is_some_and(|&c| c != b'+') => rest,
        rest @ [b'+' | b'-', ..] => rest,
        _ => return None,
    };
    let (second, m, second_problem) = float::float_prefix(rest, float32)?;
    (&rest[m..] == b"i").then_some((first, second, problem.or(second_problem)))
}

fn format_int(call: &mut Call<'_>) -> Outcome {
    let mut out = Vec::with_capacity(20);
    number::append_int(&mut out, call.int(0), call.int(1) as u64);
    call.set_str(0, &out);
    Outcome::Done
}

fn format_uint(call: &mut Call<'_>) -> Outcome {
    let mut out = Vec::with_capacity(20);
    number::append_uint(&mut out, call.word(0), call.int(1) as u64);
    call.set_str(0, &out);
    Outcome::Done
}

fn format_float(call: &mut Call<'_>) -> Outcome {
    let mut out = Vec::with_capacity(24);
    float::append_float(
        &mut out,
        call.float(0),
        call.int(1) as u8,
        call.int(2),
        call.int(3) == 32,
    );
    call.set_str(0, &out);
    Outcome::Done
}

fn quote_string(call: &mut Call<'_>) -> Outcome {
    let s = call.str(0);
    let mut out = Vec::with_capacity(s.len() + 2);
    quote::append_quoted(&mut out, s, b'"', Style::from_number(call.int(2)));
    call.set_str(0, &out);
    Outcome::Done
}

fn quote_rune(call: &mut Call<'_>) -> Outcome {
    let mut out = Vec::new();
    quote::append_quoted_rune(&mut out, call.int(0), Style::from_number(call.int(1)));
    call.set_str(0, &out);
    Outcome::Done
}

fn unquote(call: &mut Call<'_>) -> Outcome {
    let s = call.str(0);
    let value = quote::unquote_prefix(s).filter(|(n, _)| *n == s.len());
    let ok = value.is_some();
    call.set_str(0, &value.map_or(Vec::new(), |(_, value)| value));
    call.set_bool(2, ok);
    Outcome::Done
}

fn quoted_prefix(call: &mut Call<'_>) -> Outcome {
    let n = quote::unquote_prefix(call.str(0)).map_or(-1, |(n, _)| n as i64);
    call.set_int(0, n);
    Outcome::Done
}

fn unquote_char(call: &mut Call<'_>) -> Outcome {
    let found = quote::unquote_char(call.str(0), call.int(2) as u8);
    let (value, wide, n) = found.map_or((0, false, -1), |(value, wide, n)| (value, wide, n as i64));
    call.set_int(0, i64::from(value));
    call.set_bool(1, wide);
    call.set_int(2, n);
    Outcome::Done
}
