//! Natives of `sort`: whole sorts of the basic types, and swapping elements of any slice.

use crate::package::Natives;
use minigo_bytecode::TypeKind;
use minigo_vm::native::{Call, Outcome};
use minigo_vm::reflect::Str;
use std::cmp::Ordering;

pub(crate) const NATIVES: Natives = &[
    ("Ints", ints),
    ("float64s", float64s),
    ("Strings", strings),
    ("length", length),
    ("swap", swap),
    ("bitLen", bit_len),
];

fn words(call: &Call<'_>) -> Vec<u64> {
    (0..call.slice_len(0))
        .map(|i| call.word_element(0, i))
        .collect()
}

fn ints(call: &mut Call<'_>) -> Outcome {
    let mut values: Vec<i64> = words(call).into_iter().map(|w| w as i64).collect();
    values.sort_unstable();
    for (i, v) in values.into_iter().enumerate() {
        call.set_word_element(0, i, v as u64);
    }
    Outcome::Done
}

/// `func float64s(x []float64) bool`
fn float64s(call: &mut Call<'_>) -> Outcome {
    let mut values = words(call);
    let sorted = sort_floats(&mut values);
    if sorted {
        for (i, v) in values.into_iter().enumerate() {
            call.set_word_element(0, i, v);
        }
    }
    call.set_bool(0, sorted);
    Outcome::Done
}

/// Sorts floats, NaNs first, if only one order is right: not if there are zeros of both signs or NaNs of different bits, which
/// are equal to each other and not the same.
pub(crate) fn sort_floats(values: &mut [u64]) -> bool {
    let is_nan = |&bits: &u64| f64::from_bits(bits).is_nan();
    let has = |bits: f64| values.contains(&bits.to_bits());
    let mut nans = values.iter().copied().filter(is_nan);
    let different = nans
        .next()
        .is_some_and(|first| nans.any(|other| other != first));
    if different || has(0.0) && has(-0.0) {
        return false;
    }
    values.sort_unstable_by(|&a, &b| {
        let (x, y) = (f64::from_bits(a), f64::from_bits(b));
        x.partial_cmp(&y)
            .unwrap_or_else(|| y.is_nan().cmp(&x.is_nan()))
    });
    true
}

fn strings(call: &mut Call<'_>) -> Outcome {
    let mut values: Vec<(Str, &[u8])> = (0..call.slice_len(0))
        .map(|i| call.str_element(0, i))
        .map(|s| (s, call.bytes_of(s)))
        .collect();
    values.sort_unstable_by(|a, b| a.1.cmp(b.1));
    for (i, (s, _)) in values.into_iter().enumerate() {
        call.set_str_element(0, i, s);
    }
    Outcome::Done
}

fn length(call: &mut Call<'_>) -> Outcome {
    let v = call.iface(0);
    if v.is_nil() || !matches!(call.type_info(v.ty()).kind, TypeKind::Slice { .. }) {
        let kind = if v.is_nil() {
            "nil".to_owned()
        } else {
            call.type_info(v.ty()).name.clone()
        };
        return Outcome::Panic(minigo_vm::error::RuntimeError::plain(format!(
            "reflect: call of Swapper on {kind} Value"
        )));
    }
    let n = call.reflect().len(v);
    call.set_int(0, n as i64);
    Outcome::Done
}

fn swap(call: &mut Call<'_>) -> Outcome {
    let v = call.iface(0);
    let (i, j, len) = (call.int(2), call.int(3), call.reflect().len(v));
    for index in [i, j] {
        if usize::try_from(index).map_or(Ordering::Greater, |index| index.cmp(&len))
            != Ordering::Less
        {
            return Outcome::Panic(minigo_vm::error::RuntimeError::plain(
                "reflect: slice index out of range",
            ));
        }
    }
    call.reflect().swap(v, i as usize, j as usize);
    Outcome::Done
}

fn bit_len(call: &mut Call<'_>) -> Outcome {
    let n = call.word(0);
    call.set_int(0, i64::from(64 - n.leading_zeros()));
    Outcome::Done
}
