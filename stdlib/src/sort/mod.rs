//! Natives of `sort`: whole sorts of the basic types, and swapping elements of any slice.

use crate::package::Natives;
use minigo_bytecode::TypeKind;
use minigo_vm::native::{Call, Outcome};
use minigo_vm::reflect::Str;
use std::cmp::Ordering;

pub(crate) const NATIVES: Natives = &[
    ("Ints", ints),
    ("Float64s", float64s),
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

fn float64s(call: &mut Call<'_>) -> Outcome {
    let mut values: Vec<f64> = words(call).into_iter().map(f64::from_bits).collect();
    // NaNs first; equal values, which −0 and 0 are, stay in order.
    values.sort_by(|a, b| {
        a.partial_cmp(b)
            .unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
    });
    for (i, v) in values.into_iter().enumerate() {
        call.set_word_element(0, i, v.to_bits());
    }
    Outcome::Done
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
