//! Natives of `math`. Rust's own operations where they are exact; elsewhere Go's algorithms, so that results are Go's to the last bit.

#![allow(
    clippy::excessive_precision,
    clippy::approx_constant,
    reason = "coefficients are written as the papers that they come from have them"
)]

mod bessel;
pub(crate) mod bits;
pub(crate) mod cmplx;
mod exponential;
mod lgamma;
pub(crate) mod rand;
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
    ("J0", |call| one(call, bessel::j0)),
    ("J1", |call| one(call, bessel::j1)),
    ("Y0", |call| one(call, bessel::y0)),
    ("Y1", |call| one(call, bessel::y1)),
    ("Jn", |call| of_order(call, bessel::jn)),
    ("Yn", |call| of_order(call, bessel::yn)),
    ("Lgamma", lgamma),
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

fn of_order(call: &mut Call<'_>, f: fn(i64, f64) -> f64) -> Outcome {
    let result = f(call.int(0), call.float(1));
    call.set_float(0, result);
    Outcome::Done
}

fn lgamma(call: &mut Call<'_>) -> Outcome {
    let (result, sign) = lgamma::lgamma(call.float(0));
    call.set_float(0, result);
    call.set_int(1, sign);
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
    // Go multiplies or divides two powers, which is not the nearest number everywhere. Reading a decimal number rounds once.
    let power = |n: i64| format!("1e{n}").parse().unwrap_or(f64::NAN);
    let (coarse, fine): (f64, f64) = (power(n / 32 * 32), power((n % 32).abs()));
    let result = match n {
        ..-323 => 0.0,
        -323..0 => coarse / fine,
        0..309 => coarse * fine,
        _ => f64::INFINITY,
    };
    call.set_float(0, result);
    Outcome::Done
}

#[cfg(test)]
mod tests {
    use super::{exponential, special, trigonometry};

    /// Expectations are bits that Go computes on amd64.
    #[test]
    fn results_are_those_of_go_to_the_last_bit() {
        let check = |name: &str, result: f64, expected: f64| {
            assert_eq!(
                result.to_bits(),
                expected.to_bits(),
                "{name}: {result:e} instead of {expected:e}"
            );
        };
        check(
            "trigonometry::sin(1e10)",
            trigonometry::sin(1e10),
            -4.8750602508751073e-01,
        );
        check(
            "trigonometry::cos(3.0)",
            trigonometry::cos(3.0),
            -9.899924966004454e-01,
        );
        check(
            "trigonometry::tan(-0.7)",
            trigonometry::tan(-0.7),
            -8.422883804630794e-01,
        );
        check(
            "trigonometry::atan2(1.0, -3.0)",
            trigonometry::atan2(1.0, -3.0),
            2.819842099193151,
        );
        check(
            "trigonometry::asin(0.8)",
            trigonometry::asin(0.8),
            9.272952180016123e-01,
        );
        check(
            "trigonometry::sinh(0.3)",
            trigonometry::sinh(0.3),
            3.045202934471426e-01,
        );
        check(
            "trigonometry::tanh(0.7)",
            trigonometry::tanh(0.7),
            6.043677771171635e-01,
        );
        check(
            "exponential::exp(1.1)",
            exponential::exp(1.1),
            3.0041660239464334,
        );
        check(
            "exponential::log(3.3)",
            exponential::log(3.3),
            1.1939224684724346,
        );
        check(
            "exponential::log10(1000.0)",
            exponential::log10(1000.0),
            3.0,
        );
        check(
            "exponential::pow(1.7, 3.3)",
            exponential::pow(1.7, 3.3),
            5.760781994950997,
        );
        check(
            "exponential::pow(2.0, -1074.0)",
            exponential::pow(2.0, -1074.0),
            5e-324,
        );
        check(
            "exponential::exp2(0.3)",
            exponential::exp2(0.3),
            1.2311444133449163,
        );
        check(
            "exponential::cbrt(10.0)",
            exponential::cbrt(10.0),
            2.154434690031884,
        );
        check(
            "exponential::hypot(1.1, 2.2)",
            exponential::hypot(1.1, 2.2),
            2.459674775249769,
        );
        check(
            "exponential::gamma(4.5)",
            exponential::gamma(4.5),
            1.163172839656745e+01,
        );
        check(
            "exponential::erfinv(0.9)",
            exponential::erfinv(0.9),
            1.1630871536766738,
        );
        check(
            "special::log1p(0.27)",
            special::log1p(0.27),
            2.3901690047049992e-01,
        );
        check(
            "special::asinh(1.3)",
            special::asinh(1.3),
            1.078451058954897,
        );
        check(
            "special::acosh(1.3)",
            special::acosh(1.3),
            7.564329108569596e-01,
        );
        check(
            "special::atanh(0.3)",
            special::atanh(0.3),
            3.0951960420311175e-01,
        );
        check(
            "special::erf(1.4)",
            special::erf(1.4),
            9.522851197626487e-01,
        );
        check(
            "special::erfc(2.0)",
            special::erfc(2.0),
            4.677734981047265e-03,
        );
    }
}
