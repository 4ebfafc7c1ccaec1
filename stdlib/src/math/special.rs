//! The error function, and inverse hyperbolic functions with the logarithm they need, by the algorithms that Go has from FreeBSD.

use super::NAN;
use super::exponential::{exp, log, poly};
use std::f64::consts::LN_2;

/// `log(1 + x)`, also for small `x`.
pub(super) fn log1p(x: f64) -> f64 {
    const LN2_HI: f64 = 6.93147180369123816490e-01;
    const LN2_LO: f64 = 1.90821492927058770002e-10;
    if x < -1.0 || x.is_nan() {
        return NAN;
    }
    if x == -1.0 {
        return f64::NEG_INFINITY;
    }
    if x.is_infinite() {
        return x;
    }
    let a = x.abs();
    if a < 1.0 / (1 << 29) as f64 {
        return if a < 1.0 / (1u64 << 54) as f64 {
            x
        } else {
            x - x * x * 0.5
        };
    }
    // 1 + x = 2^k (1 + f); c corrects the rounding of 1 + x.
    let (k, f, c, top);
    if a < 4.142135623730950488017e-01 && x > -2.928932188134524755992e-01 {
        (k, f, c, top) = (0.0, x, 0.0, 1);
    } else {
        let u = if a < 9_007_199_254_740_992.0 {
            1.0 + x
        } else {
            x
        };
        let bits = u.to_bits();
        let exponent = (bits >> 52) as i64 - 1023;
        c = if a >= 9_007_199_254_740_992.0 {
            0.0
        } else if exponent > 0 {
            (1.0 - (u - x)) / u
        } else {
            (x - (u - 1.0)) / u
        };
        let mantissa = bits & 0xf_ffff_ffff_ffff;
        if mantissa < 0x6_a09e_667f_3bcd {
            (k, f, top) = (
                exponent as f64,
                f64::from_bits(mantissa | 0x3ff << 52) - 1.0,
                mantissa,
            );
        } else {
            (k, f, top) = (
                (exponent + 1) as f64,
                f64::from_bits(mantissa | 0x3fe << 52) - 1.0,
                ((1 << 52) - mantissa) >> 2,
            );
        }
    }
    let hfsq = 0.5 * f * f;
    if top == 0 {
        if f == 0.0 {
            return if k == 0.0 {
                0.0
            } else {
                k * LN2_HI + (c + k * LN2_LO)
            };
        }
        let r = hfsq * (1.0 - 0.66666666666666666 * f);
        return if k == 0.0 {
            f - r
        } else {
            k * LN2_HI - ((r - (k * LN2_LO + c)) - f)
        };
    }
    let s = f / (2.0 + f);
    let z = s * s;
    let r = z * poly(
        z,
        &[
            1.479819860511658591e-01,
            1.531383769920937332e-01,
            1.818357216161805012e-01,
            2.222219843214978396e-01,
            2.857142874366239149e-01,
            3.999999999940941908e-01,
            6.666666666666735130e-01,
        ],
    );
    if k == 0.0 {
        return f - (hfsq - s * (hfsq + r));
    }
    k * LN2_HI - ((hfsq - (s * (hfsq + r) + (k * LN2_LO + c))) - f)
}

/// 2^28, where asymptotic forms are exact enough; its inverse, where functions are their argument.
const LARGE: f64 = 268_435_456.0;

pub(super) fn asinh(x: f64) -> f64 {
    if !x.is_finite() {
        return x;
    }
    let a = if x < 0.0 { -x } else { x };
    let y = if a > LARGE {
        log(a) + LN_2
    } else if a > 2.0 {
        log(2.0 * a + 1.0 / ((a * a + 1.0).sqrt() + a))
    } else if a < 1.0 / LARGE {
        a
    } else {
        log1p(a + a * a / (1.0 + (1.0 + a * a).sqrt()))
    };
    if x < 0.0 { -y } else { y }
}

pub(super) fn acosh(x: f64) -> f64 {
    if x < 1.0 || x.is_nan() {
        return NAN;
    }
    if x == 1.0 {
        return 0.0;
    }
    if x >= LARGE {
        return log(x) + LN_2;
    }
    if x > 2.0 {
        return log(2.0 * x - 1.0 / (x + (x * x - 1.0).sqrt()));
    }
    let t = x - 1.0;
    log1p(t + (2.0 * t + t * t).sqrt())
}

pub(super) fn atanh(x: f64) -> f64 {
    if !(-1.0..=1.0).contains(&x) {
        return NAN;
    }
    if x.abs() == 1.0 {
        return f64::INFINITY.copysign(x);
    }
    let a = if x < 0.0 { -x } else { x };
    let y = if a < 1.0 / LARGE {
        a
    } else if a < 0.5 {
        let twice = a + a;
        0.5 * log1p(twice + twice * a / (1.0 - a))
    } else {
        0.5 * log1p((a + a) / (1.0 - a))
    };
    if x < 0.0 { -y } else { y }
}

const ERX: f64 = 8.45062911510467529297e-01;

/// `(erf(x) - x) / x` for |x| < 0.84375.
fn erf_near(x: f64) -> f64 {
    let z = x * x;
    let r = poly(
        z,
        &[
            -2.37630166566501626084e-05,
            -5.77027029648944159157e-03,
            -2.84817495755985104766e-02,
            -3.25042107247001499370e-01,
            1.28379167095512558561e-01,
        ],
    );
    let s = poly(
        z,
        &[
            -3.96022827877536812320e-06,
            1.32494738004321644526e-04,
            5.08130628187576562776e-03,
            6.50222499887672944485e-02,
            3.97917223959155352819e-01,
            1.0,
        ],
    );
    r / s
}

/// `erf(x) - ERX` for 0.84375 ≤ x < 1.25.
fn erf_middle(x: f64) -> f64 {
    let s = x - 1.0;
    let p = poly(
        s,
        &[
            -2.16637559486879084300e-03,
            3.54783043256182359371e-02,
            -1.10894694282396677476e-01,
            3.18346619901161753674e-01,
            -3.72207876035701323847e-01,
            4.14856118683748331666e-01,
            -2.36211856075265944077e-03,
        ],
    );
    let q = poly(
        s,
        &[
            1.19844998467991074170e-02,
            1.36370839120290507362e-02,
            1.26171219808761642112e-01,
            7.18286544141962662868e-02,
            5.40397917702171048937e-01,
            1.06420880400844228286e-01,
            1.0,
        ],
    );
    p / q
}

/// `x · erfc(x)` for x ≥ 1.25.
fn erfc_far(x: f64) -> f64 {
    let s = 1.0 / (x * x);
    let (r, q) = if x < 1.0 / 0.35 {
        let r = poly(
            s,
            &[
                -9.81432934416914548592e+00,
                -8.12874355063065934246e+01,
                -1.84605092906711035994e+02,
                -1.62396669462573470355e+02,
                -6.23753324503260060396e+01,
                -1.05586262253232909814e+01,
                -6.93858572707181764372e-01,
                -9.86494403484714822705e-03,
            ],
        );
        let q = poly(
            s,
            &[
                -6.04244152148580987438e-02,
                6.57024977031928170135e+00,
                1.08635005541779435134e+02,
                4.29008140027567833386e+02,
                6.45387271733267880336e+02,
                4.34565877475229228821e+02,
                1.37657754143519042600e+02,
                1.96512716674392571292e+01,
                1.0,
            ],
        );
        (r, q)
    } else {
        let r = poly(
            s,
            &[
                -4.83519191608651397019e+02,
                -1.02509513161107724954e+03,
                -6.37566443368389627722e+02,
                -1.60636384855821916062e+02,
                -1.77579549177547519889e+01,
                -7.99283237680523006574e-01,
                -9.86494292470009928597e-03,
            ],
        );
        let q = poly(
            s,
            &[
                -2.24409524465858183362e+01,
                4.74528541206955367215e+02,
                2.55305040643316442583e+03,
                3.19985821950859553908e+03,
                1.53672958608443695994e+03,
                3.25792512996573918826e+02,
                3.03380607434824582924e+01,
                1.0,
            ],
        );
        (r, q)
    };
    let z = f64::from_bits(x.to_bits() & 0xffff_ffff_0000_0000);
    exp(-z * z - 0.5625) * exp((z - x) * (z + x) + r / q)
}

pub(super) fn erf(x: f64) -> f64 {
    if x.is_nan() {
        return NAN;
    }
    let a = if x < 0.0 { -x } else { x };
    let y = if a < 0.84375 {
        if a < 2.848094538889218e-306 {
            0.125 * (8.0 * a + 1.02703333676410069053e+00 * a)
        } else if a < 1.0 / LARGE {
            a + 1.28379167095512586316e-01 * a
        } else {
            a + a * erf_near(a)
        }
    } else if a < 1.25 {
        ERX + erf_middle(a)
    } else if a >= 6.0 {
        1.0
    } else {
        1.0 - erfc_far(a) / a
    };
    if x < 0.0 { -y } else { y }
}

pub(super) fn erfc(x: f64) -> f64 {
    if x.is_nan() {
        return NAN;
    }
    let a = if x < 0.0 { -x } else { x };
    if a < 0.84375 {
        let y = if a < 1.0 / (1u64 << 56) as f64 {
            a
        } else if a < 0.25 {
            a + a * erf_near(a)
        } else {
            0.5 + (a * erf_near(a) + (a - 0.5))
        };
        return if x < 0.0 { 1.0 + y } else { 1.0 - y };
    }
    if a < 1.25 {
        let y = erf_middle(a);
        return if x < 0.0 {
            1.0 + ERX + y
        } else {
            1.0 - ERX - y
        };
    }
    if a < 28.0 && !(x < 0.0 && a > 6.0) {
        let y = erfc_far(a) / a;
        return if x < 0.0 { 2.0 - y } else { y };
    }
    if x < 0.0 { 2.0 } else { 0.0 }
}
