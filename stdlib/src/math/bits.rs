//! Natives of `math/bits`.

use crate::package::Natives;
use minigo_vm::native::{Call, Outcome};

pub(crate) const NATIVES: Natives = &[
    ("Len64", |call| {
        one(call, |x| u64::from(64 - x.leading_zeros()))
    }),
    ("OnesCount64", |call| {
        one(call, |x| u64::from(x.count_ones()))
    }),
    ("TrailingZeros64", |call| {
        one(call, |x| u64::from(x.trailing_zeros()))
    }),
    ("Reverse64", |call| one(call, u64::reverse_bits)),
    ("ReverseBytes64", |call| one(call, u64::swap_bytes)),
    ("Mul64", mul64),
    ("divide", divide),
];

fn one(call: &mut Call<'_>, f: fn(u64) -> u64) -> Outcome {
    let result = f(call.word(0));
    call.set_word(0, result);
    Outcome::Done
}

fn mul64(call: &mut Call<'_>) -> Outcome {
    let product = u128::from(call.word(0)) * u128::from(call.word(1));
    call.set_word(0, (product >> 64) as u64);
    call.set_word(1, product as u64);
    Outcome::Done
}

/// `func divide(hi, lo, y uint64) (quo, rem uint64)`, for y greater than hi.
fn divide(call: &mut Call<'_>) -> Outcome {
    let dividend = u128::from(call.word(0)) << 64 | u128::from(call.word(1));
    let divisor = u128::from(call.word(2));
    call.set_word(0, (dividend / divisor) as u64);
    call.set_word(1, (dividend % divisor) as u64);
    Outcome::Done
}
