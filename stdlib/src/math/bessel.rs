//! Bessel functions, by the algorithms that Go has from FreeBSD.

use super::NAN;
use super::exponential::{log, series};
use super::trigonometry::{cos, sin};

/// 1/√π and 2/π.
const INVERSE_SQRT_PI: f64 = 0.564189583547756286948079451560772586;
const TWO_BY_PI: f64 = 0.636619772367581343075535053490057448;

/// Above this the asymptotic form needs no corrections.
const FAR: f64 = 6.805647338418769e38; // 2^129

/// The same for orders above 1.
const VERY_FAR: f64 = 8.148143905337944e90; // 2^302

/// Numerators and denominators for 1/x² from 8 on, and from the bounds below it.
type Ratios = [([f64; 6], &'static [f64]); 4];

fn ratio(table: &Ratios, x: f64) -> f64 {
    let part = [8.0, 4.5454, 2.8571]
        .iter()
        .position(|&bound| x >= bound)
        .unwrap_or(3);
    let (numerator, denominator) = &table[part];
    let z = 1.0 / (x * x);
    series(z, numerator) / (1.0 + z * series(z, denominator))
}

/// For `x >= 2`: the sums of sine and cosine that the asymptotic forms combine, of order 0 or 1, the one that cancels by way
/// of the double angle.
fn sums(x: f64, order: usize) -> (f64, f64) {
    let (s, c) = (sin(x), cos(x));
    let (mut ss, mut cc) = if order == 0 {
        (s - c, s + c)
    } else {
        (-s - c, s - c)
    };
    if x < f64::MAX / 2.0 {
        let (z, other) = if order == 0 {
            (-cos(x + x), s * c < 0.0)
        } else {
            (cos(x + x), s * c > 0.0)
        };
        if other {
            cc = z / ss;
        } else {
            ss = z / cc;
        }
    }
    (ss, cc)
}

fn amplitude_and_phase(x: f64, order: usize) -> (f64, f64) {
    if order == 0 {
        (1.0 + ratio(&P0, x), (-0.125 + ratio(&Q0, x)) / x)
    } else {
        (1.0 + ratio(&P1, x), (0.375 + ratio(&Q1, x)) / x)
    }
}

/// The asymptotic form of the first kind.
fn first_far(x: f64, order: usize) -> f64 {
    let (ss, cc) = sums(x, order);
    if x > FAR {
        return INVERSE_SQRT_PI * cc / x.sqrt();
    }
    let (u, v) = amplitude_and_phase(x, order);
    INVERSE_SQRT_PI * (u * cc - v * ss) / x.sqrt()
}

/// The asymptotic form of the second kind.
fn second_far(x: f64, order: usize) -> f64 {
    let (ss, cc) = sums(x, order);
    if x > FAR {
        return INVERSE_SQRT_PI * ss / x.sqrt();
    }
    let (u, v) = amplitude_and_phase(x, order);
    INVERSE_SQRT_PI * (u * ss + v * cc) / x.sqrt()
}

pub(super) fn j0(x: f64) -> f64 {
    const R: [f64; 4] = [
        1.56249999999999947958e-2,
        -1.89979294238854721751e-4,
        1.82954049532700665670e-6,
        -4.61832688532103189199e-9,
    ];
    const S: [f64; 4] = [
        1.56191029464890010492e-2,
        1.16926784663337450260e-4,
        5.13546550207318111446e-7,
        1.16614003333790000205e-9,
    ];
    if x.is_nan() {
        return x;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let x = x.abs();
    if x >= 2.0 {
        return first_far(x, 0);
    }
    if x < 1.0 / f64::from(1 << 27) {
        return 1.0;
    }
    if x < 1.0 / f64::from(1 << 13) {
        return 1.0 - 0.25 * x * x;
    }
    let z = x * x;
    let (r, s) = (z * series(z, &R), 1.0 + z * series(z, &S));
    if x < 1.0 {
        return 1.0 + z * (-0.25 + r / s);
    }
    let u = 0.5 * x;
    (1.0 + u) * (1.0 - u) + z * (r / s)
}

/// What the second kind is where it does not depend on a calculation.
fn second_special(x: f64) -> Option<f64> {
    if x < 0.0 || x.is_nan() {
        Some(NAN)
    } else if x == f64::INFINITY {
        Some(0.0)
    } else if x == 0.0 {
        Some(f64::NEG_INFINITY)
    } else {
        None
    }
}

pub(super) fn y0(x: f64) -> f64 {
    const U: [f64; 7] = [
        -7.38042951086872317523e-2,
        1.76666452509181115538e-1,
        -1.38185671945596898896e-2,
        3.47453432093683650238e-4,
        -3.81407053724364161125e-6,
        1.95590137035022920206e-8,
        -3.98205194132103398453e-11,
    ];
    const V: [f64; 4] = [
        1.27304834834123699328e-2,
        7.60068627350353253702e-5,
        2.59150851840457805467e-7,
        4.41110311332675467403e-10,
    ];
    if let Some(special) = second_special(x) {
        return special;
    }
    if x >= 2.0 {
        return second_far(x, 0);
    }
    if x <= 1.0 / f64::from(1 << 27) {
        return U[0] + TWO_BY_PI * log(x);
    }
    let z = x * x;
    let (u, v) = (series(z, &U), 1.0 + z * series(z, &V));
    u / v + TWO_BY_PI * j0(x) * log(x)
}

pub(super) fn j1(x: f64) -> f64 {
    const R: [f64; 4] = [
        -6.25000000000000000000e-2,
        1.40705666955189706048e-3,
        -1.59955631084035597520e-5,
        4.96727999609584448412e-8,
    ];
    const S: [f64; 5] = [
        1.91537599538363460805e-2,
        1.85946785588630915560e-4,
        1.17718464042623683263e-6,
        5.04636257076217042715e-9,
        1.23542274426137913908e-11,
    ];
    if x.is_nan() {
        return x;
    }
    if x.is_infinite() || x == 0.0 {
        return 0.0;
    }
    let (negative, x) = (x < 0.0, x.abs());
    // (Below this bound Go forgets the sign.)
    if x < 1.0 / f64::from(1 << 27) {
        return 0.5 * x;
    }
    let result = if x >= 2.0 {
        first_far(x, 1)
    } else {
        let z = x * x;
        let (r, s) = (z * series(z, &R), 1.0 + z * series(z, &S));
        0.5 * x + r * x / s
    };
    if negative { -result } else { result }
}

pub(super) fn y1(x: f64) -> f64 {
    const U: [f64; 5] = [
        -1.96057090646238940668e-1,
        5.04438716639811282616e-2,
        -1.91256895875763547298e-3,
        2.35252600561610495928e-5,
        -9.19099158039878874504e-8,
    ];
    const V: [f64; 5] = [
        1.99167318236649903973e-2,
        2.02552581025135171496e-4,
        1.35608801097516229404e-6,
        6.22741452364621501295e-9,
        1.66559246207992079114e-11,
    ];
    if let Some(special) = second_special(x) {
        return special;
    }
    if x >= 2.0 {
        return second_far(x, 1);
    }
    if x <= 1.0 / (1u64 << 54) as f64 {
        return -TWO_BY_PI / x;
    }
    let z = x * x;
    let (u, v) = (series(z, &U), 1.0 + z * series(z, &V));
    x * (u / v) + TWO_BY_PI * (j1(x) * log(x) - 1.0 / x)
}

pub(super) fn jn(n: i64, x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x.is_infinite() {
        return 0.0;
    }
    if n == 0 {
        return j0(x);
    }
    if x == 0.0 {
        return 0.0;
    }
    let (n, x) = if n < 0 {
        (n.wrapping_neg(), -x)
    } else {
        (n, x)
    };
    if n == 1 {
        return j1(x);
    }
    let (negative, x) = (x < 0.0 && n & 1 == 1, x.abs());
    let result = if n as f64 <= x {
        if x >= VERY_FAR {
            let (s, c) = (sin(x), cos(x));
            let sum = match n & 3 {
                0 => c + s,
                1 => -c + s,
                2 => -c - s,
                _ => c - s,
            };
            INVERSE_SQRT_PI * sum / x.sqrt()
        } else {
            let (mut a, mut b) = (j0(x), j1(x));
            for i in 1..n {
                (a, b) = (b, b * ((i + i) as f64 / x) - a);
            }
            b
        }
    } else if x < 1.0 / f64::from(1 << 29) {
        near_zero(n, x)
    } else {
        backward(n, x)
    };
    if negative { -result } else { result }
}

/// The first term of the series.
fn near_zero(n: i64, x: f64) -> f64 {
    if n > 33 {
        return 0.0;
    }
    let half = x * 0.5;
    let (mut a, mut b) = (1.0, half);
    for i in 2..=n {
        a *= i as f64;
        b *= half;
    }
    b / a
}

/// Recurrence from far above `n` down, where the one upwards loses all digits: a continued fraction gives where to start.
fn backward(n: i64, x: f64) -> f64 {
    let w = n.wrapping_add(n) as f64 / x;
    let h = 2.0 / x;
    let mut z = w + h;
    let (mut q0, mut q1) = (w, w * z - 1.0);
    let mut k = 1i64;
    while q1 < 1e9 {
        k += 1;
        z += h;
        (q0, q1) = (q1, z * q1 - q0);
    }
    let m = n.wrapping_add(n);
    let mut t = 0.0;
    let mut i = n.wrapping_add(k).wrapping_mul(2);
    while i >= m {
        t = 1.0 / (i as f64 / x - t);
        i -= 2;
    }
    let (mut a, mut b) = (t, 1.0);
    let growth = n as f64 * log((2.0 / x * n as f64).abs());
    let rescale = growth >= 7.09782712893383973096e+02;
    for i in (1..n).rev() {
        (a, b) = (b, b * (i + i) as f64 / x - a);
        if rescale && b > 1e100 {
            a /= b;
            t /= b;
            b = 1.0;
        }
    }
    t * j0(x) / b
}

pub(super) fn yn(n: i64, x: f64) -> f64 {
    if x < 0.0 || x.is_nan() {
        return NAN;
    }
    if x == f64::INFINITY {
        return 0.0;
    }
    if n == 0 {
        return y0(x);
    }
    if x == 0.0 {
        return if n < 0 && n & 1 == 1 {
            f64::INFINITY
        } else {
            f64::NEG_INFINITY
        };
    }
    let negative = n < 0 && n & 1 == 1;
    let n = n.wrapping_abs();
    let result = if n == 1 {
        y1(x)
    } else if x >= VERY_FAR {
        let (s, c) = (sin(x), cos(x));
        let sum = match n & 3 {
            0 => s - c,
            1 => -s - c,
            2 => -s + c,
            _ => s + c,
        };
        INVERSE_SQRT_PI * sum / x.sqrt()
    } else {
        let (mut a, mut b) = (y0(x), y1(x));
        let mut i = 1;
        while i < n && b != f64::NEG_INFINITY {
            (a, b) = (b, (i + i) as f64 / x * b - a);
            i += 1;
        }
        b
    };
    if negative { -result } else { result }
}

/// Of the amplitude of order 0.
const P0: Ratios = [
    (
        [
            0.0,
            -7.03124999999900357484e-2,
            -8.08167041275349795626e0,
            -2.57063105679704847262e2,
            -2.48521641009428822144e3,
            -5.25304380490729545272e3,
        ],
        &[
            1.16534364619668181717e2,
            3.83374475364121826715e3,
            4.05978572648472545552e4,
            1.16752972564375915681e5,
            4.76277284146730962675e4,
        ],
    ),
    (
        [
            -1.14125464691894502584e-11,
            -7.03124940873599280078e-2,
            -4.15961064470587782438e0,
            -6.76747652265167261021e1,
            -3.31231299649172967747e2,
            -3.46433388365604912451e2,
        ],
        &[
            6.07539382692300335975e1,
            1.05125230595704579173e3,
            5.97897094333855784498e3,
            9.62544514357774460223e3,
            2.40605815922939109441e3,
        ],
    ),
    (
        [
            -2.54704601771951915620e-9,
            -7.03119616381481654654e-2,
            -2.40903221549529611423e0,
            -2.19659774734883086467e1,
            -5.80791704701737572236e1,
            -3.14479470594888503854e1,
        ],
        &[
            3.58560338055209726349e1,
            3.61513983050303863820e2,
            1.19360783792111533330e3,
            1.12799679856907414432e3,
            1.73580930813335754692e2,
        ],
    ),
    (
        [
            -8.87534333032526411254e-8,
            -7.03030995483624743247e-2,
            -1.45073846780952986357e0,
            -7.63569613823527770791e0,
            -1.11931668860356747786e1,
            -3.23364579351335335033e0,
        ],
        &[
            2.22202997532088808441e1,
            1.36206794218215208048e2,
            2.70470278658083486789e2,
            1.53875394208320329881e2,
            1.46576176948256193810e1,
        ],
    ),
];

/// Of the phase of order 0.
const Q0: Ratios = [
    (
        [
            0.0,
            7.32421874999935051953e-2,
            1.17682064682252693899e1,
            5.57673380256401856059e2,
            8.85919720756468632317e3,
            3.70146267776887834771e4,
        ],
        &[
            1.63776026895689824414e2,
            8.09834494656449805916e3,
            1.42538291419120476348e5,
            8.03309257119514397345e5,
            8.40501579819060512818e5,
            -3.43899293537866615225e5,
        ],
    ),
    (
        [
            1.84085963594515531381e-11,
            7.32421766612684765896e-2,
            5.83563508962056953777e0,
            1.35111577286449829671e2,
            1.02724376596164097464e3,
            1.98997785864605384631e3,
        ],
        &[
            8.27766102236537761883e1,
            2.07781416421392987104e3,
            1.88472887785718085070e4,
            5.67511122894947329769e4,
            3.59767538425114471465e4,
            -5.35434275601944773371e3,
        ],
    ),
    (
        [
            4.37741014089738620906e-9,
            7.32411180042911447163e-2,
            3.34423137516170720929e0,
            4.26218440745412650017e1,
            1.70808091340565596283e2,
            1.66733948696651168575e2,
        ],
        &[
            4.87588729724587182091e1,
            7.09689221056606015736e2,
            3.70414822620111362994e3,
            6.46042516752568917582e3,
            2.51633368920368957333e3,
            -1.49247451836156386662e2,
        ],
    ),
    (
        [
            1.50444444886983272379e-7,
            7.32234265963079278272e-2,
            1.99819174093815998816e0,
            1.44956029347885735348e1,
            3.16662317504781540833e1,
            1.62527075710929267416e1,
        ],
        &[
            3.03655848355219184498e1,
            2.69348118608049844624e2,
            8.44783757595320139444e2,
            8.82935845112488550512e2,
            2.12666388511798828631e2,
            -5.31095493882666946917e0,
        ],
    ),
];

/// Of the amplitude of order 1.
const P1: Ratios = [
    (
        [
            0.0,
            1.17187499999988647970e-1,
            1.32394806593073575129e1,
            4.12051854307378562225e2,
            3.87474538913960532227e3,
            7.91447954031891731574e3,
        ],
        &[
            1.14207370375678408436e2,
            3.65093083420853463394e3,
            3.69562060269033463555e4,
            9.76027935934950801311e4,
            3.08042720627888811578e4,
        ],
    ),
    (
        [
            1.31990519556243522749e-11,
            1.17187493190614097638e-1,
            6.80275127868432871736e0,
            1.08308182990189109773e2,
            5.17636139533199752805e2,
            5.28715201363337541807e2,
        ],
        &[
            5.92805987221131331921e1,
            9.91401418733614377743e2,
            5.35326695291487976647e3,
            7.84469031749551231769e3,
            1.50404688810361062679e3,
        ],
    ),
    (
        [
            3.02503916137373618024e-9,
            1.17186865567253592491e-1,
            3.93297750033315640650e0,
            3.51194035591636932736e1,
            9.10550110750781271918e1,
            4.85590685197364919645e1,
        ],
        &[
            3.47913095001251519989e1,
            3.36762458747825746741e2,
            1.04687139975775130551e3,
            8.90811346398256432622e2,
            1.03787932439639277504e2,
        ],
    ),
    (
        [
            1.07710830106873743082e-7,
            1.17176219462683348094e-1,
            2.36851496667608785174e0,
            1.22426109148261232917e1,
            1.76939711271687727390e1,
            5.07352312588818499250e0,
        ],
        &[
            2.14364859363821409488e1,
            1.25290227168402751090e2,
            2.32276469057162813669e2,
            1.17679373287147100768e2,
            8.36463893371618283368e0,
        ],
    ),
];

/// Of the phase of order 1.
const Q1: Ratios = [
    (
        [
            0.0,
            -1.02539062499992714161e-1,
            -1.62717534544589987888e1,
            -7.59601722513950107896e2,
            -1.18498066702429587167e4,
            -4.84385124285750353010e4,
        ],
        &[
            1.61395369700722909556e2,
            7.82538599923348465381e3,
            1.33875336287249578163e5,
            7.19657723683240939863e5,
            6.66601232617776375264e5,
            -2.94490264303834643215e5,
        ],
    ),
    (
        [
            -2.08979931141764104297e-11,
            -1.02539050241375426231e-1,
            -8.05644828123936029840e0,
            -1.83669607474888380239e2,
            -1.37319376065508163265e3,
            -2.61244440453215656817e3,
        ],
        &[
            8.12765501384335777857e1,
            1.99179873460485964642e3,
            1.74684851924908907677e4,
            4.98514270910352279316e4,
            2.79480751638918118260e4,
            -4.71918354795128470869e3,
        ],
    ),
    (
        [
            -5.07831226461766561369e-9,
            -1.02537829820837089745e-1,
            -4.61011581139473403113e0,
            -5.78472216562783643212e1,
            -2.28244540737631695038e2,
            -2.19210128478909325622e2,
        ],
        &[
            4.76651550323729509273e1,
            6.73865112676699709482e2,
            3.38015286679526343505e3,
            5.54772909720722782367e3,
            1.90311919338810798763e3,
            -1.35201191444307340817e2,
        ],
    ),
    (
        [
            -1.78381727510958865572e-7,
            -1.02517042607985553460e-1,
            -2.75220568278187460720e0,
            -1.96636162643703720221e1,
            -4.23253133372830490089e1,
            -2.13719211703704061733e1,
        ],
        &[
            2.95333629060523854548e1,
            2.52981549982190529136e2,
            7.57502834868645436472e2,
            7.39393205320467245656e2,
            1.55949003336666123687e2,
            -4.95949898822628210127e0,
        ],
    ),
];
