//! Natives of `math`. Rust's own operations where they are exact; elsewhere Go's algorithms, so that results are Go's to the last bit.

pub(crate) mod bits;

use crate::package::Natives;
use minigo_vm::native::{Call, Outcome};

pub(crate) const NATIVES: Natives = &[
    ("Abs", |call| one(call, f64::abs)),
    ("Ceil", |call| one(call, f64::ceil)),
    ("Floor", |call| one(call, f64::floor)),
    ("Round", |call| one(call, f64::round)),
    ("RoundToEven", |call| one(call, f64::round_ties_even)),
    ("Sqrt", |call| one(call, f64::sqrt)),
    ("Trunc", |call| one(call, f64::trunc)),
    ("Copysign", |call| two(call, f64::copysign)),
    ("FMA", fma),
    ("Float32bits", |call| {
        bits_of(call, |x| u64::from((x as f32).to_bits()))
    }),
    ("Float32frombits", |call| {
        from_bits(call, |b| f64::from(f32::from_bits(b as u32)))
    }),
    ("Float64bits", |call| bits_of(call, f64::to_bits)),
    ("Float64frombits", |call| from_bits(call, f64::from_bits)),
];

fn one(call: &mut Call<'_>, f: fn(f64) -> f64) -> Outcome {
    let result = f(call.float(0));
    call.set_float(0, result);
    Outcome::Done
}

fn two(call: &mut Call<'_>, f: fn(f64, f64) -> f64) -> Outcome {
    let result = f(call.float(0), call.float(1));
    call.set_float(0, result);
    Outcome::Done
}

fn fma(call: &mut Call<'_>) -> Outcome {
    let result = call.float(0).mul_add(call.float(1), call.float(2));
    call.set_float(0, result);
    Outcome::Done
}

fn bits_of(call: &mut Call<'_>, f: fn(f64) -> u64) -> Outcome {
    let result = f(call.float(0));
    call.set_word(0, result);
    Outcome::Done
}

fn from_bits(call: &mut Call<'_>, f: fn(u64) -> f64) -> Outcome {
    let result = f(call.word(0));
    call.set_float(0, result);
    Outcome::Done
}
