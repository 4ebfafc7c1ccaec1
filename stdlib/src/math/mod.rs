//! Natives of `math`. Rust's own operations where they are exact; elsewhere Go's algorithms, so that results are Go's to the last bit.

pub(crate) mod bits;
mod exponential;
mod special;
mod trigonometry;

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
    ("Acos", |call| one(call, trigonometry::acos)),
    ("Asin", |call| one(call, trigonometry::asin)),
    ("Atan", |call| one(call, trigonometry::atan)),
    ("Cos", |call| one(call, trigonometry::cos)),
    ("Cosh", |call| one(call, trigonometry::cosh)),
    ("Sin", |call| one(call, trigonometry::sin)),
    ("Sinh", |call| one(call, trigonometry::sinh)),
    ("Tan", |call| one(call, trigonometry::tan)),
    ("Tanh", |call| one(call, trigonometry::tanh)),
    ("Acosh", |call| one(call, special::acosh)),
    ("Asinh", |call| one(call, special::asinh)),
    ("Atanh", |call| one(call, special::atanh)),
    ("Cbrt", |call| one(call, exponential::cbrt)),
    ("Erf", |call| one(call, special::erf)),
    ("Erfc", |call| one(call, special::erfc)),
    ("Exp", |call| one(call, exponential::exp)),
    ("Exp2", |call| one(call, exponential::exp2)),
    ("Expm1", |call| one(call, libm::expm1)),
    ("Gamma", |call| one(call, exponential::gamma)),
    ("Log", |call| one(call, exponential::log)),
    ("Log10", |call| one(call, exponential::log10)),
    ("Log1p", |call| one(call, special::log1p)),
    ("Log2", |call| one(call, exponential::log2)),
    ("Erfinv", |call| one(call, exponential::erfinv)),
    ("Logb", |call| one(call, logb)),
    ("Atan2", |call| two(call, trigonometry::atan2)),
    ("Hypot", |call| two(call, exponential::hypot)),
    ("Pow", |call| two(call, exponential::pow)),
    ("Max", |call| two(call, max)),
    ("Min", |call| two(call, min)),
    ("Mod", |call| two(call, modulo)),
    ("Remainder", |call| two(call, libm::remainder)),
    ("Nextafter", |call| two(call, next_after)),
    ("Frexp", frexp),
    ("Ldexp", ldexp),
    ("Ilogb", ilogb),
    ("Nextafter32", next_after_32),
    ("Pow10", pow10),
    ("Float32bits", |call| {
        bits_of(call, |x| u64::from((x as f32).to_bits()))
    }),
    ("Float32frombits", |call| {
        from_bits(call, |b| f64::from(f32::from_bits(b as u32)))
    }),
    ("Float64bits", |call| bits_of(call, f64::to_bits)),
    ("Float64frombits", |call| from_bits(call, f64::from_bits)),
];

/// The NaN of `math.NaN`.
const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0001);

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

fn frexp(call: &mut Call<'_>) -> Outcome {
    let (fraction, exponent) = exponential::frexp(call.float(0));
    call.set_float(0, fraction);
    call.set_int(1, exponent);
    Outcome::Done
}

fn ldexp(call: &mut Call<'_>) -> Outcome {
    let result = exponential::ldexp(call.float(0), call.int(1));
    call.set_float(0, result);
    Outcome::Done
}

fn logb(x: f64) -> f64 {
    if x == 0.0 {
        f64::NEG_INFINITY
    } else if x.is_finite() {
        (exponential::frexp(x).1 - 1) as f64
    } else {
        x * x
    }
}

fn ilogb(call: &mut Call<'_>) -> Outcome {
    let x = call.float(0);
    let result = if x == 0.0 {
        i64::from(i32::MIN)
    } else if x.is_finite() {
        exponential::frexp(x).1 - 1
    } else {
        i64::from(i32::MAX)
    };
    call.set_int(0, result);
    Outcome::Done
}

fn max(x: f64, y: f64) -> f64 {
    if x == f64::INFINITY || y == f64::INFINITY {
        f64::INFINITY
    } else if x.is_nan() || y.is_nan() {
        NAN
    } else if x == 0.0 && y == 0.0 {
        if x.is_sign_negative() { y } else { x }
    } else if x > y {
        x
    } else {
        y
    }
}

fn min(x: f64, y: f64) -> f64 {
    if x == f64::NEG_INFINITY || y == f64::NEG_INFINITY {
        f64::NEG_INFINITY
    } else if x.is_nan() || y.is_nan() {
        NAN
    } else if x == 0.0 && y == 0.0 {
        if x.is_sign_negative() { x } else { y }
    } else if x < y {
        x
    } else {
        y
    }
}

/// Rust's `%` is exact, as Go's `Mod` is.
fn modulo(x: f64, y: f64) -> f64 {
    if y == 0.0 || x.is_infinite() || x.is_nan() || y.is_nan() {
        NAN
    } else {
        x % y
    }
}

fn next_after(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        NAN
    } else if x == y {
        x
    } else if x == 0.0 {
        f64::from_bits(1).copysign(y)
    } else if (y > x) == (x > 0.0) {
        f64::from_bits(x.to_bits() + 1)
    } else {
        f64::from_bits(x.to_bits() - 1)
    }
}

fn next_after_32(call: &mut Call<'_>) -> Outcome {
    let (x, y) = (call.float(0) as f32, call.float(1) as f32);
    let result = if x.is_nan() || y.is_nan() {
        f32::NAN
    } else if x == y {
        x
    } else if x == 0.0 {
        f32::from_bits(1).copysign(y)
    } else if (y > x) == (x > 0.0) {
        f32::from_bits(x.to_bits() + 1)
    } else {
        f32::from_bits(x.to_bits() - 1)
    };
    call.set_float(0, f64::from(result));
    Outcome::Done
}

fn pow10(call: &mut Call<'_>) -> Outcome {
    let n = call.int(0);
    let result = match n {
        ..-323 => 0.0,
        309.. => f64::INFINITY,
        // Reading a decimal number rounds once.
        _ => format!("1e{n}").parse().unwrap_or(f64::NAN),
    };
    call.set_float(0, result);
    Outcome::Done
}
