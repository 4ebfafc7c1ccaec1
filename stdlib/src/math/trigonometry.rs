//! Sine and its kin: Cephes' approximations, as Go uses them.

use super::exponential::{exp, poly};
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

/// From here on the argument is reduced with many bits of 4/π.
const REDUCE_THRESHOLD: f64 = 536_870_912.0;

/// 4/π as a binary fraction.
const FOUR_OVER_PI: [u64; 20] = [
    0x0000000000000001,
    0x45f306dc9c882a53,
    0xf84eafa3ea69bb81,
    0xb6c52b3278872083,
    0xfca2c757bd778ac3,
    0x6e48dc74849ba5c0,
    0x0c925dd413a32439,
    0xfc3bd63962534e7d,
    0xd1046bea5d768909,
    0xd338e04d68befc82,
    0x7323ac7306a673e9,
    0x3908bf177bf25076,
    0x3ff12fffbc0b301f,
    0xde5e2316b414da3e,
    0xda6cfd9e4f96136e,
    0x9e8c7ecd3cbfd45a,
    0xea4f758fd7cbe2f6,
    0x7a0e73ef14a525d4,
    0xd7f6bf623f1aba10,
    0xac06608df8f6d757,
];

/// Digit `i` of 1/π as a binary fraction.
fn digit_of_inverse_pi(i: usize) -> u64 {
    match i.checked_sub(1) {
        Some(before) => FOUR_OVER_PI[before] << 62 | FOUR_OVER_PI[i] >> 2,
        None => 0,
    }
}

/// `x` less a multiple of π, from −π/2 to π/2.
pub(super) fn reduce_pi(x: f64) -> f64 {
    if x.abs() < 1_073_741_824.0 {
        let multiple = ((x / PI + 0.5) as i64) as f64;
        // π in three parts.
        return ((x - multiple * 3.141592502593994) - multiple * 1.5099578831723193e-07)
            - multiple * 1.0780605716316238e-14;
    }
    // Payne and Hanek's reduction.
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1023 - 52;
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    let (digit, shift) = (
        ((exponent + 64) / 64) as usize,
        ((exponent + 64) % 64) as u32,
    );
    let part = |i: usize| {
        let (high, low) = (digit_of_inverse_pi(i), digit_of_inverse_pi(i + 1));
        high << shift | low.checked_shr(64 - shift).unwrap_or(0)
    };
    let product = |a: u64| u128::from(a) * u128::from(mantissa);
    let sum = product(part(digit + 1)) + (product(part(digit + 2)) >> 64);
    let (high, low) = ((sum >> 64) as u64, sum as u64);
    let high = part(digit).wrapping_mul(mantissa).wrapping_add(high);
    let zeros = high.leading_zeros();
    let e = u64::from(1023 - (zeros + 1));
    let fraction =
        high.checked_shl(zeros + 1).unwrap_or(0) | low.checked_shr(63 - zeros).unwrap_or(0);
    let mut x = f64::from_bits(fraction >> 12 | e << 52);
    if x > 0.5 {
        x -= 1.0;
    }
    PI * x
}

const SIN: [f64; 6] = [
    1.58962301576546568060e-10,
    -2.50507477628578072866e-8,
    2.75573136213857245213e-6,
    -1.98412698295895385996e-4,
    8.33333333332211858878e-3,
    -1.66666666666666307295e-1,
];
const COS: [f64; 6] = [
    -1.13585365213876817300e-11,
    2.08757008419747316778e-9,
    -2.75573141792967388112e-7,
    2.48015872888517045348e-5,
    -1.38888888888730564116e-3,
    4.16666666666665929218e-2,
];

/// Octant (even, not yet taken modulo 8) and what is left of a positive argument.
fn reduce(x: f64) -> (u64, f64) {
    if x >= REDUCE_THRESHOLD {
        return reduce_large(x);
    }
    let mut j = (x * (4.0 / PI)) as u64;
    let mut y = j as f64;
    if j & 1 == 1 {
        j += 1;
        y += 1.0;
    }
    // π/4 in three parts.
    let z = ((x - y * 7.85398125648498535156e-1) - y * 3.77489470793079817668e-8)
        - y * 2.69515142907905952645e-15;
    (j, z)
}

/// Payne and Hanek's reduction.
fn reduce_large(x: f64) -> (u64, f64) {
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1023 - 52;
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    let (digit, shift) = (
        ((exponent + 61) / 64) as usize,
        ((exponent + 61) % 64) as u32,
    );
    let word = |i: usize| {
        FOUR_OVER_PI[i] << shift | FOUR_OVER_PI[i + 1].checked_shr(64 - shift).unwrap_or(0)
    };
    let (z0, z1, z2) = (word(digit), word(digit + 1), word(digit + 2));
    let high = (u128::from(z2) * u128::from(mantissa)) >> 64;
    let sum = u128::from(z1) * u128::from(mantissa) + high;
    let (lo, hi) = (
        sum as u64,
        z0.wrapping_mul(mantissa).wrapping_add((sum >> 64) as u64),
    );
    let mut j = hi >> 61;
    let hi = hi << 3 | lo >> 61;
    let zeros = hi.leading_zeros();
    let e = u64::from(1023 - (zeros + 1));
    let hi = hi.checked_shl(zeros + 1).unwrap_or(0) | lo >> (64 - (zeros + 1));
    let mut z = f64::from_bits(hi >> 12 | e << 52);
    if j & 1 == 1 {
        j = (j + 1) & 7;
        z -= 1.0;
    }
    (j, z * FRAC_PI_4)
}

fn sin_poly(z: f64) -> f64 {
    let zz = z * z;
    z + z * zz * poly(zz, &SIN)
}

fn cos_poly(z: f64) -> f64 {
    let zz = z * z;
    1.0 - 0.5 * zz + zz * zz * poly(zz, &COS)
}

pub(super) fn sin(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() {
        return x;
    }
    if x.is_infinite() {
        return super::NAN;
    }
    let (j, z) = reduce(x.abs());
    let octant = j & 3;
    let y = if octant == 1 || octant == 2 {
        cos_poly(z)
    } else {
        sin_poly(z)
    };
    if (x < 0.0) != (j & 7 > 3) { -y } else { y }
}

pub(super) fn cos(x: f64) -> f64 {
    if x.is_nan() || x.is_infinite() {
        return super::NAN;
    }
    let (j, z) = reduce(x.abs());
    let octant = j & 3;
    let y = if octant == 1 || octant == 2 {
        sin_poly(z)
    } else {
        cos_poly(z)
    };
    if (j & 7 > 3) != (octant > 1) { -y } else { y }
}

pub(super) fn tan(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() {
        return x;
    }
    if x.is_infinite() {
        return super::NAN;
    }
    let (j, z) = reduce(x.abs());
    let zz = z * z;
    let mut y = z;
    if zz > 1e-14 {
        let p = poly(
            zz,
            &[
                -1.30936939181383777646e4,
                1.15351664838587416140e6,
                -1.79565251976484877988e7,
            ],
        );
        let q = [
            1.0,
            1.36812963470692954678e4,
            -1.32089234440210967447e6,
            2.50083801823357915839e7,
            -5.38695755929454629881e7,
        ];
        y = z + z * (zz * p / poly(zz, &q));
    }
    if j & 2 == 2 {
        y = -1.0 / y;
    }
    if x < 0.0 { -y } else { y }
}

fn small_atan(x: f64) -> f64 {
    let z = x * x;
    let p = [
        -8.750608600031904122785e-01,
        -1.615753718733365076637e+01,
        -7.500855792314704667340e+01,
        -1.228866684490136173410e+02,
        -6.485021904942025371773e+01,
    ];
    let q = [
        1.0,
        2.485846490142306297962e+01,
        1.650270098316988542046e+02,
        4.328810604912902668951e+02,
        4.853903996359136964868e+02,
        1.945506571482613964425e+02,
    ];
    let z = z * poly(z, &p) / poly(z, &q);
    x * z + x
}

fn positive_atan(x: f64) -> f64 {
    /// π/2 less the float π/2.
    const MORE_BITS: f64 = 6.123233995736765886130e-17;
    if x <= 0.66 {
        small_atan(x)
    } else if x > 2.41421356237309504880 {
        FRAC_PI_2 - small_atan(1.0 / x) + MORE_BITS
    } else {
        FRAC_PI_4 + small_atan((x - 1.0) / (x + 1.0)) + 0.5 * MORE_BITS
    }
}

pub(super) fn atan(x: f64) -> f64 {
    if x == 0.0 {
        x
    } else if x > 0.0 {
        positive_atan(x)
    } else {
        -positive_atan(-x)
    }
}

pub(super) fn asin(x: f64) -> f64 {
    if x == 0.0 {
        return x;
    }
    let a = x.abs();
    if a > 1.0 {
        return super::NAN;
    }
    let root = (1.0 - a * a).sqrt();
    let y = if a > 0.7 {
        FRAC_PI_2 - positive_atan(root / a)
    } else {
        positive_atan(a / root)
    };
    if x < 0.0 { -y } else { y }
}

pub(super) fn acos(x: f64) -> f64 {
    FRAC_PI_2 - asin(x)
}

pub(super) fn atan2(y: f64, x: f64) -> f64 {
    if y.is_nan() || x.is_nan() {
        return super::NAN;
    }
    if y == 0.0 {
        return if x.is_sign_negative() {
            PI.copysign(y)
        } else {
            y
        };
    }
    if x == 0.0 {
        return FRAC_PI_2.copysign(y);
    }
    if x.is_infinite() {
        let size = match (x > 0.0, y.is_infinite()) {
            (true, true) => FRAC_PI_4,
            (true, false) => 0.0,
            (false, true) => 3.0 * PI / 4.0,
            (false, false) => PI,
        };
        return f64::copysign(size, y);
    }
    if y.is_infinite() {
        return FRAC_PI_2.copysign(y);
    }
    let q = atan(y / x);
    match (x < 0.0, q <= 0.0) {
        (true, true) => q + PI,
        (true, false) => q - PI,
        _ => q,
    }
}

pub(super) fn sinh(x: f64) -> f64 {
    let a = if x < 0.0 { -x } else { x };
    let y = if a > 21.0 {
        exp(a) * 0.5
    } else if a > 0.5 {
        let e = exp(a);
        (e - 1.0 / e) * 0.5
    } else {
        let p = [
            -0.2630563213397497062819489e+2,
            -0.2894211355989563807284660366e+4,
            -0.8991272022039509355398013511e+5,
            -0.6307673640497716991184787251e+6,
        ];
        let q = [
            1.0,
            -0.173678953558233699533450911e+3,
            0.1521517378790019070696485176e+5,
            -0.6307673640497716991212077277e+6,
        ];
        let square = a * a;
        poly(square, &p) * a / poly(square, &q)
    };
    if x < 0.0 { -y } else { y }
}

pub(super) fn cosh(x: f64) -> f64 {
    let a = x.abs();
    if a > 21.0 {
        return exp(a) * 0.5;
    }
    let e = exp(a);
    (e + 1.0 / e) * 0.5
}

pub(super) fn tanh(x: f64) -> f64 {
    let a = x.abs();
    if a > 0.5 * 8.8029691931113054295988e+01 {
        return 1f64.copysign(x);
    }
    if a >= 0.625 {
        let z = 1.0 - 2.0 / (exp(2.0 * a) + 1.0);
        return if x < 0.0 { -z } else { z };
    }
    if x == 0.0 {
        return x;
    }
    let s = x * x;
    let p = [
        -9.64399179425052238628e-1,
        -9.92877231001918586564e1,
        -1.61468768441708447952e3,
    ];
    let q = [
        1.0,
        1.12811678491632931402e2,
        2.23548839060100448583e3,
        4.84406305325125486048e3,
    ];
    x + x * s * poly(s, &p) / poly(s, &q)
}
