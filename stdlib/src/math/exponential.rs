//! Powers, exponentials and logarithms, and what is made of them, by the algorithms of Go on amd64 with fused multiply-add.

use super::NAN;
use super::trigonometry::sin;
use std::f64::consts::{LN_2, PI};

/// A polynomial by Horner's rule, the highest coefficient first.
pub(super) fn poly(x: f64, coefficients: &[f64]) -> f64 {
    coefficients[1..]
        .iter()
        .fold(coefficients[0], |sum, &c| sum * x + c)
}

/// The same, the lowest coefficient first.
pub(super) fn series(x: f64, coefficients: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (i, &c) in coefficients.iter().rev().enumerate() {
        sum = if i == 0 { c } else { c + x * sum };
    }
    sum
}

/// `frac` in [½, 1) and `exp` with `x = frac × 2^exp`.
pub(super) fn frexp(x: f64) -> (f64, i64) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let (x, shift) = if x.abs() < f64::MIN_POSITIVE {
        (x * (1u64 << 52) as f64, -52)
    } else {
        (x, 0)
    };
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1022;
    (
        f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52),
        exponent + shift,
    )
}

/// `frac × 2^exp`
pub(super) fn ldexp(frac: f64, exp: i64) -> f64 {
    if frac == 0.0 || !frac.is_finite() {
        return frac;
    }
    let (fraction, e) = frexp(frac);
    // The exponent of a number in [1, 2).
    let exponent = exp.saturating_add(e - 1);
    if exponent < -1075 {
        return 0f64.copysign(frac);
    }
    if exponent > 1023 {
        return f64::INFINITY.copysign(frac);
    }
    let (exponent, scale) = if exponent < -1022 {
        (exponent + 53, 1.0 / (1u64 << 53) as f64)
    } else {
        (exponent, 1.0)
    };
    scale * f64::from_bits(fraction.to_bits() & !(0x7ff << 52) | ((exponent + 1023) as u64) << 52)
}

pub(super) fn exp(x: f64) -> f64 {
    if !x.is_finite() {
        return if x == f64::NEG_INFINITY { 0.0 } else { x };
    }
    if x > 7.09782712893384e+02 {
        return f64::INFINITY;
    }
    let k = (x * std::f64::consts::LOG2_E).round_ties_even();
    if k < -1100.0 {
        return 0.0;
    }
    let x = (-k).mul_add(0.69314718055966295651160180568695068359375, x);
    let x = (-k).mul_add(0.28235290563031577122588448175013436025525412068e-12, x) * 0.0625;
    let mut sum = 2.4801587301587301587e-5f64;
    for c in [
        1.9841269841269841270e-4,
        1.3888888888888888889e-3,
        8.3333333333333333333e-3,
        4.1666666666666666667e-2,
        1.6666666666666666667e-1,
        0.5,
        1.0,
    ] {
        sum = x.mul_add(sum, c);
    }
    let mut y = x * sum;
    for _ in 0..3 {
        y *= 2.0 + y;
    }
    let y = (2.0 + y).mul_add(y, 1.0);
    let exponent = k as i64 + 1023;
    if exponent <= 0 {
        if exponent < -52 {
            return 0.0;
        }
        return y * f64::from_bits(((exponent + 1022) as u64) << 52) * f64::from_bits(1 << 52);
    }
    if exponent >= 0x7ff {
        return f64::INFINITY;
    }
    y * f64::from_bits((exponent as u64) << 52)
}

pub(super) fn log(x: f64) -> f64 {
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x.is_nan() {
        return if x.is_sign_negative() { NAN } else { x };
    }
    if x < 0.0 {
        return NAN;
    }
    if x.is_infinite() {
        return x;
    }
    // Subnormal numbers are taken as they are, as Go's assembly does.
    let bits = x.to_bits();
    let mut fraction = f64::from_bits(bits & ((1 << 52) - 1) | 0x3fe0 << 48);
    let mut k = ((bits >> 52) & 0x7ff) as f64 - 1022.0;
    if fraction <= std::f64::consts::FRAC_1_SQRT_2 {
        k -= 1.0;
        fraction *= 2.0;
    }
    let f = fraction - 1.0;
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let t1 = s2
        * poly(
            s4,
            &[
                1.479819860511658591e-01,
                1.818357216161805012e-01,
                2.857142874366239149e-01,
                6.666666666666735130e-01,
            ],
        );
    let t2 = s4
        * poly(
            s4,
            &[
                1.531383769920937332e-01,
                2.222219843214978396e-01,
                3.999999999940941908e-01,
            ],
        );
    let r = t1 + t2;
    let hfsq = 0.5 * f * f;
    k * 6.93147180369123816490e-01
        - ((hfsq - (s * (hfsq + r) + k * 1.90821492927058770002e-10)) - f)
}

pub(super) fn log10(x: f64) -> f64 {
    log(x) * std::f64::consts::LOG10_E
}

pub(super) fn log2(x: f64) -> f64 {
    let (fraction, exponent) = frexp(x);
    if fraction == 0.5 {
        return (exponent - 1) as f64;
    }
    log(fraction) * (1.0 / LN_2) + exponent as f64
}

pub(super) fn exp2(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x > 1.0239999999999999e+03 {
        return f64::INFINITY;
    }
    if x < -1.0740e+03 {
        return 0.0;
    }
    let k = if x > 0.0 {
        (x + 0.5) as i64
    } else {
        (x - 0.5) as i64
    };
    let t = x - k as f64;
    let (hi, lo) = (
        t * 6.93147180369123816490e-01,
        -t * 1.90821492927058770002e-10,
    );
    let r = hi - lo;
    let t = r * r;
    let p = [
        4.13813679705723846039e-08,
        -1.65339022054652515390e-06,
        6.61375632143793436117e-05,
        -2.77777777770155933842e-03,
        1.66666666666666657415e-01,
    ];
    let c = r - t * poly(t, &p);
    ldexp(1.0 - ((lo - (r * c) / (2.0 - c)) - hi), k)
}

fn is_odd(x: f64) -> bool {
    x.abs() < 9_007_199_254_740_992.0 && x.trunc() == x && (x as i64) & 1 == 1
}

pub(super) fn pow(x: f64, y: f64) -> f64 {
    if y == 0.0 || x == 1.0 {
        return 1.0;
    }
    if y == 1.0 {
        return x;
    }
    if x.is_nan() || y.is_nan() {
        return NAN;
    }
    if x == 0.0 {
        let odd = x.is_sign_negative() && is_odd(y);
        return match (y < 0.0, odd) {
            (true, true) => f64::NEG_INFINITY,
            (true, false) => f64::INFINITY,
            (false, true) => x,
            (false, false) => 0.0,
        };
    }
    let extreme = |grows: bool| {
        if x == -1.0 {
            1.0
        } else if (x.abs() < 1.0) == grows {
            0.0
        } else {
            f64::INFINITY
        }
    };
    if y.is_infinite() {
        return extreme(y > 0.0);
    }
    if x == f64::NEG_INFINITY {
        return pow(1.0 / x, -y);
    }
    if x == f64::INFINITY {
        return if y < 0.0 { 0.0 } else { x };
    }
    if y == 0.5 {
        return x.sqrt();
    }
    if y == -0.5 {
        return 1.0 / x.sqrt();
    }
    let mut whole = y.abs().trunc();
    let mut part = y.abs() - whole;
    if part != 0.0 && x < 0.0 {
        return NAN;
    }
    if whole >= 9_223_372_036_854_775_808.0 {
        return extreme(y > 0.0);
    }
    let (mut a, mut ae) = (1.0, 0);
    if part != 0.0 {
        if part > 0.5 {
            part -= 1.0;
            whole += 1.0;
        }
        a = exp(part * log(x));
    }
    let (mut x1, mut xe) = frexp(x);
    let mut i = whole as i64;
    while i != 0 {
        if !(-4096..=4096).contains(&xe) {
            // Overflows or underflows in any case.
            ae += xe;
            break;
        }
        if i & 1 == 1 {
            a *= x1;
            ae += xe;
        }
        x1 *= x1;
        xe <<= 1;
        if x1 < 0.5 {
            x1 += x1;
            xe -= 1;
        }
        i >>= 1;
    }
    if y < 0.0 {
        a = 1.0 / a;
        ae = -ae;
    }
    ldexp(a, ae)
}

pub(super) fn hypot(p: f64, q: f64) -> f64 {
    let (p, q) = (p.abs(), q.abs());
    if p.is_infinite() || q.is_infinite() {
        return f64::INFINITY;
    }
    if p.is_nan() || q.is_nan() {
        return NAN;
    }
    let (p, q) = if p < q { (q, p) } else { (p, q) };
    if p == 0.0 {
        return 0.0;
    }
    let q = q / p;
    p * (1.0 + q * q).sqrt()
}

pub(super) fn cbrt(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let a = x.abs();
    let mut t = f64::from_bits(a.to_bits() / 3 + (715_094_163 << 32));
    if a < f64::MIN_POSITIVE {
        t = (1u64 << 54) as f64 * a;
        t = f64::from_bits(t.to_bits() / 3 + (696_219_795 << 32));
    }
    let r = t * t / a;
    let s = 5.42857142857142815906e-01 + r * t;
    t *= 3.57142857142857150787e-01
        + 1.60714285714285720630e+00
            / (s + 1.41428571428571436819e+00 + -7.05306122448979611050e-01 / s);
    t = f64::from_bits((t.to_bits() & (0xf_ffff_fffc << 28)) + (1 << 30));
    let s = t * t;
    let r = a / s;
    let w = t + t;
    t += t * ((r - t) / (w + r));
    if x < 0.0 { -t } else { t }
}

/// Stirling's formula for x > 33, as two factors.
fn stirling(x: f64) -> (f64, f64) {
    if x > 200.0 {
        return (f64::INFINITY, 1.0);
    }
    let s = [
        7.87311395793093628397e-04,
        -2.29549961613378126380e-04,
        -2.68132617805781232825e-03,
        3.47222221605458667310e-03,
        8.33333333333482257126e-02,
    ];
    let w = 1.0 / x;
    let w = 1.0 + w * poly(w, &s);
    let e = exp(x);
    let (y1, y2) = if x > 143.01608 {
        let v = pow(x, 0.5 * x - 0.25);
        (v, v / e)
    } else {
        (pow(x, x - 0.5) / e, 1.0)
    };
    (y1, 2.506628274631000502417 * w * y2)
}

pub(super) fn gamma(x: f64) -> f64 {
    const P: [f64; 7] = [
        1.60119522476751861407e-04,
        1.19135147006586384913e-03,
        1.04213797561761569935e-02,
        4.76367800457137231464e-02,
        2.07448227648435975150e-01,
        4.94214826801497100753e-01,
        9.99999999999999996796e-01,
    ];
    const Q: [f64; 8] = [
        -2.31581873324120129819e-05,
        5.39605580493303397842e-04,
        -4.45641913851797240494e-03,
        1.18139785222060435552e-02,
        3.58236398605498653373e-02,
        -2.34591795718243348568e-01,
        7.14304917030273074085e-02,
        1.00000000000000000320e+00,
    ];
    if x.is_nan() || x == f64::NEG_INFINITY || x < 0.0 && x.trunc() == x {
        return NAN;
    }
    if x == f64::INFINITY {
        return x;
    }
    if x == 0.0 {
        return f64::INFINITY.copysign(x);
    }
    let q = x.abs();
    let mut p = q.floor();
    if q > 33.0 {
        if x >= 0.0 {
            let (y1, y2) = stirling(x);
            return y1 * y2;
        }
        let sign = if (p as i64) & 1 == 0 { -1.0 } else { 1.0 };
        let mut z = q - p;
        if z > 0.5 {
            p += 1.0;
            z = q - p;
        }
        let z = (q * sin(PI * z)).abs();
        if z == 0.0 {
            return f64::INFINITY * sign;
        }
        let (s1, s2) = stirling(q);
        let d = z * s1 * s2;
        return sign
            * if d.is_infinite() {
                PI / z / s1 / s2
            } else {
                PI / d
            };
    }
    let (mut x, mut z) = (x, 1.0);
    let small = |x: f64, z: f64| {
        if x == 0.0 {
            f64::INFINITY
        } else {
            z / ((1.0 + 0.577_215_664_901_532_860_606_512_090_082_4 * x) * x)
        }
    };
    while x >= 3.0 {
        x -= 1.0;
        z *= x;
    }
    while x < 0.0 {
        if x > -1e-09 {
            return small(x, z);
        }
        z /= x;
        x += 1.0;
    }
    while x < 2.0 {
        if x < 1e-09 {
            return small(x, z);
        }
        z /= x;
        x += 1.0;
    }
    if x == 2.0 {
        return z;
    }
    let x = x - 2.0;
    z * poly(x, &P) / poly(x, &Q)
}

/// The inverse of the error function (Wichura's algorithm AS 241).
pub(super) fn erfinv(x: f64) -> f64 {
    const NEAR_P: [f64; 8] = [
        8.8709406962545514830200e2,
        1.1819493347062294404278e4,
        2.3782041382114385731252e4,
        1.6235862515167575384252e4,
        4.8548868893843886794648e3,
        6.9706266534389598238465e2,
        4.7072688112383978012285e1,
        1.1975323115670912564578e0,
    ];
    const NEAR_Q: [f64; 8] = [
        5.2264952788528545610e3,
        2.8729085735721942674e4,
        3.9307895800092710610e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.8718700749205790830e2,
        4.2313330701600911252e1,
        1.0000000000000000000e0,
    ];
    const MIDDLE_P: [f64; 8] = [
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ];
    const MIDDLE_Q: [f64; 8] = [
        1.4859850019840355905497876e-9,
        7.7441459065157709165577218e-4,
        2.1494160384252876777097297e-2,
        2.0945065210512749128288442e-1,
        9.7547832001787427186894837e-1,
        2.3707661626024532365971225e0,
        2.9036514445419946173133295e0,
        1.4142135623730950488016887e0,
    ];
    const FAR_P: [f64; 8] = [
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ];
    const FAR_Q: [f64; 8] = [
        2.891024605872965461538222e-15,
        2.010321207683943062279931e-7,
        2.611088405080593625138020e-5,
        1.112800997078859844711555e-3,
        2.103693768272068968719679e-2,
        1.936480946950659106176712e-1,
        8.482908416595164588112026e-1,
        1.414213562373095048801689e0,
    ];
    if x.abs() >= 1.0 || x.is_nan() {
        return if x.abs() == 1.0 {
            f64::INFINITY.copysign(x)
        } else {
            NAN
        };
    }
    let a = if x < 0.0 { -x } else { x };
    let y = if a <= 0.85 {
        let r = 0.180625 - 0.25 * a * a;
        a * poly(r, &NEAR_P) / poly(r, &NEAR_Q)
    } else {
        let r = (LN_2 - log(1.0 - a)).sqrt();
        if r <= 5.0 {
            poly(r - 1.6, &MIDDLE_P) / poly(r - 1.6, &MIDDLE_Q)
        } else {
            poly(r - 5.0, &FAR_P) / poly(r - 5.0, &FAR_Q)
        }
    };
    if x < 0.0 { -y } else { y }
}
