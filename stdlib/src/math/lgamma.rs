//! The logarithm of the Gamma function, by the algorithm that Go has from FreeBSD.

use super::exponential::{log, series};
use super::trigonometry::{cos, sin};
use std::f64::consts::PI;

/// Where Gamma of positive numbers is least, and `lgamma` there in two parts.
const MINIMUM: f64 = 1.461632144968362245;
const TC: f64 = 1.46163214496836224576e0;
const TF: f64 = -1.21486290535849611461e-1;
const TT: f64 = -3.63867699703950536541e-18;

const A: [f64; 6] = [
    7.72156649015328655494e-2,
    6.73523010531292681824e-2,
    7.38555086081402883957e-3,
    1.19270763183362067845e-3,
    2.20862790713908385557e-4,
    2.52144565451257326939e-5,
];
const A_ODD: [f64; 6] = [
    3.22467033424113591611e-1,
    2.05808084325167332806e-2,
    2.89051383673415629091e-3,
    5.10069792153511336608e-4,
    1.08011567247583939954e-4,
    4.48640949618915160150e-5,
];
const R: [f64; 6] = [
    1.39200533467621045958e0,
    7.21935547567138069525e-1,
    1.71933865632803078993e-1,
    1.86459191715652901344e-2,
    7.77942496381893596434e-4,
    7.32668430744625636189e-6,
];
const S: [f64; 7] = [
    -7.72156649015328655494e-2,
    2.14982415960608852501e-1,
    3.25778796408930981787e-1,
    1.46350472652464452805e-1,
    2.66422703033638609560e-2,
    1.84028451407337715652e-3,
    3.19475326584100867617e-5,
];
const T0: [f64; 5] = [
    4.83836122723810047042e-1,
    -3.27885410759859649565e-2,
    6.10053870246291332635e-3,
    -1.40346469989232843813e-3,
    3.15632070903625950361e-4,
];
const T1: [f64; 5] = [
    -1.47587722994593911752e-1,
    1.79706750811820387126e-2,
    -3.68452016781138256760e-3,
    8.81081882437654011382e-4,
    -3.12754168375120860518e-4,
];
const T2: [f64; 5] = [
    6.46249402391333854778e-2,
    -1.03142241298341437450e-2,
    2.25964780900612472250e-3,
    -5.38595305356740546715e-4,
    3.35529192635519073543e-4,
];
const U: [f64; 6] = [
    -7.72156649015328655494e-2,
    6.32827064025093366517e-1,
    1.45492250137234768737e0,
    9.77717527963372745603e-1,
    2.28963728064692451092e-1,
    1.33810918536787660377e-2,
];
const V: [f64; 5] = [
    2.45597793713041134822e0,
    2.12848976379893395361e0,
    7.69285150456672783825e-1,
    1.04222645593369134254e-1,
    3.21709242282423911810e-3,
];
const W_FIRST: f64 = 4.18938533204672725052e-1;
const W: [f64; 6] = [
    8.33333333333329678849e-2,
    -2.77777777728775536470e-3,
    7.93650558643019558500e-4,
    -5.95187557450339963135e-4,
    8.36339918996282139126e-4,
    -1.63092934096575273989e-3,
];

/// `log(|Gamma(x)|)` and the sign of `Gamma(x)`.
pub(super) fn lgamma(x: f64) -> (f64, i64) {
    const TWO_52: f64 = 4_503_599_627_370_496.0;
    if x.is_nan() || x.is_infinite() {
        return (x, 1);
    }
    if x == 0.0 {
        return (f64::INFINITY, 1);
    }
    let (negative, x) = (x < 0.0, x.abs());
    let mut sign = 1;
    if x < 8.470329472543003e-22 {
        return (-log(x), if negative { -1 } else { 1 });
    }
    let mut reflection = 0.0;
    if negative {
        // Below −2^52 all are integers, which are poles.
        let t = if x >= TWO_52 { 0.0 } else { minus_sin_pi(x) };
        if t == 0.0 {
            return (f64::INFINITY, 1);
        }
        reflection = log(PI / (t * x).abs());
        if t < 0.0 {
            sign = -1;
        }
    }
    if x == 1.0 || x == 2.0 {
        return (0.0, sign);
    }
    let result = positive(x);
    (
        if negative {
            reflection - result
        } else {
            result
        },
        sign,
    )
}

fn positive(x: f64) -> f64 {
    if x < 2.0 {
        return below_two(x);
    }
    if x < 8.0 {
        let i = x as i64;
        let y = x - i as f64;
        let p = y * series(y, &S);
        let q = 1.0 + y * series(y, &R);
        let result = 0.5 * y + p / q;
        if i < 3 {
            return result;
        }
        let mut z = 1.0;
        for k in (2..i).rev() {
            z *= y + k as f64;
        }
        return result + log(z);
    }
    if x < 288_230_376_151_711_744.0 {
        let t = log(x);
        let z = 1.0 / x;
        let y = z * z;
        let w = W_FIRST + z * series(y, &W);
        return (x - 0.5) * (t - 1.0) + w;
    }
    x * (log(x) - 1.0)
}

fn below_two(x: f64) -> f64 {
    // lgamma(x) = lgamma(x + 1) - log(x)
    let (start, first) = if x <= 0.9 { (-log(x), 1.0) } else { (0.0, 0.0) };
    if x >= MINIMUM - first + 0.27 {
        let y = (2.0 - first) - x;
        let z = y * y;
        let p = y * series(z, &A) + z * series(z, &A_ODD);
        start + (p - 0.5 * y)
    } else if x >= MINIMUM - first - 0.27 {
        let y = x - (TC - first);
        let z = y * y;
        let w = z * y;
        let p = z * series(w, &T0) - (TT - w * (series(w, &T1) + y * series(w, &T2)));
        start + (TF + p)
    } else {
        let y = x - (1.0 - first);
        let p = y * series(y, &U);
        let q = 1.0 + y * series(y, &V);
        start + (-0.5 * y + p / q)
    }
}

/// `-sin(πx)` for positive `x`.
fn minus_sin_pi(x: f64) -> f64 {
    if x < 0.25 {
        return -sin(PI * x);
    }
    let whole = x.floor();
    let (x, eighth) = if whole == x {
        // An integer: below 2^52, so that its last bit is in the fraction.
        let odd = (x % 2.0) as i64;
        (odd as f64, odd << 2)
    } else {
        let x = x % 2.0;
        (x, (x * 4.0) as i64)
    };
    -match eighth {
        0 => sin(PI * x),
        1 | 2 => cos(PI * (0.5 - x)),
        3 | 4 => sin(PI * (1.0 - x)),
        5 | 6 => -cos(PI * (x - 1.5)),
        _ => sin(PI * (x - 2.0)),
    }
}
