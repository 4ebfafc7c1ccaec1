//! Arithmetic that is not one machine instruction: conversions and complex division as Go on amd64 does them.

/// `int64(f)`: truncated; out of range and NaN give the smallest integer, as the machine does.
pub(crate) fn float_to_int(f: f64) -> i64 {
    // 2^63 is exact in a float64.
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&f) {
        f as i64
    } else {
        i64::MIN
    }
}

/// `uint64(f)`: below 2^63 as a signed conversion, from there on shifted by 2^63.
pub(crate) fn float_to_uint(f: f64) -> u64 {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    if f < TWO_63 {
        float_to_int(f) as u64
    } else {
        float_to_int(f - TWO_63) as u64 ^ (1 << 63)
    }
}

/// Complex division with Go's results for infinities and NaNs (runtime/complex.go describes them).
pub(crate) fn div_complex((a, b): (f64, f64), (c, d): (f64, f64)) -> (f64, f64) {
    // The algorithm of C99 Annex G: scale by the larger component of the divisor.
    let (mut e, mut f);
    if c.abs() >= d.abs() {
        let ratio = d / c;
        let denominator = c + ratio * d;
        e = (a + b * ratio) / denominator;
        f = (b - a * ratio) / denominator;
    } else {
        let ratio = c / d;
        let denominator = d + ratio * c;
        e = (a * ratio + b) / denominator;
        f = (b * ratio - a) / denominator;
    }
    if e.is_nan() && f.is_nan() {
        let one = |x: f64| {
            if x.is_infinite() {
                1f64.copysign(x)
            } else {
                0f64.copysign(x)
            }
        };
        if c == 0.0 && d == 0.0 && (!a.is_nan() || !b.is_nan()) {
            e = f64::INFINITY.copysign(c) * a;
            f = f64::INFINITY.copysign(c) * b;
        } else if (a.is_infinite() || b.is_infinite()) && c.is_finite() && d.is_finite() {
            let (a, b) = (one(a), one(b));
            e = f64::INFINITY * (a * c + b * d);
            f = f64::INFINITY * (b * c - a * d);
        } else if (c.is_infinite() || d.is_infinite()) && a.is_finite() && b.is_finite() {
            let (c, d) = (one(c), one(d));
            e = 0.0 * (a * c + b * d);
            f = 0.0 * (b * c - a * d);
        }
    }
    (e, f)
}
