//! Natives of `math/rand` and `math/rand/v2`: the parts of their generators that take many steps.

mod state;

use crate::package::Natives;
use minigo_vm::native::{Call, Outcome};
use std::sync::LazyLock;

pub(crate) const NATIVES: Natives = &[
    ("machineBits", machine_bits),
    ("seedState", seed_state),
    ("normal", normal),
    ("normalWedge", |call| wedge(call, &NORMAL)),
    ("exponential", exponential),
    ("exponentialWedge", |call| wedge(call, &EXPONENTIAL)),
];

pub(crate) const NATIVES_V2: Natives = &[
    ("machineBits", machine_bits),
    ("chacha8", chacha8),
    ("normal", normal),
    ("normalWedge", |call| wedge(call, &NORMAL)),
    ("exponential", exponential),
    ("exponentialWedge", |call| wedge(call, &EXPONENTIAL)),
];

fn machine_bits(call: &mut Call<'_>) -> Outcome {
    let bits = call.random();
    call.set_word(0, bits);
    Outcome::Done
}

/// `func seedState(state []int64, seed int64)`
fn seed_state(call: &mut Call<'_>) -> Outcome {
    const MODULUS: i64 = i32::MAX as i64;
    // Lehmer's generator would stay at 0 for ever.
    let mut x = match call.int(2).rem_euclid(MODULUS) {
        0 => 89_482_311,
        seed => seed,
    };
    let mut next = || {
        x = x * 48_271 % MODULUS;
        x as u64
    };
    for _ in 0..20 {
        next();
    }
    for (i, &share) in state::STATE.iter().enumerate() {
        let bits = next() << 40 ^ next() << 20 ^ next();
        call.set_word_element(0, i, bits ^ share);
    }
    Outcome::Done
}

/// The layers of a density's ziggurat.
struct Ziggurat {
    /// Integers below this are under the curve.
    inside: Vec<u32>,
    /// What an integer is multiplied with.
    width: Vec<f32>,
    /// Height of the curve at the layer's edge.
    height: Vec<f32>,
}

impl Ziggurat {
    /// `layers` of area `area`; the lowest ends at `base`. `scale` is the limit of the integers.
    fn new(
        layers: usize,
        base: f64,
        area: f64,
        scale: f64,
        density: fn(f64) -> f64,
        inverse: fn(f64) -> f64,
    ) -> Ziggurat {
        let mut z = Ziggurat {
            inside: vec![0; layers],
            width: vec![0.0; layers],
            height: vec![0.0; layers],
        };
        // The tail counts as a part of the lowest layer.
        let lowest = area / density(base);
        z.inside[0] = (base / lowest * scale) as u32;
        z.width[0] = (lowest / scale) as f32;
        z.height[0] = 1.0;
        let mut edge = base;
        for i in (1..layers).rev() {
            z.width[i] = (edge / scale) as f32;
            z.height[i] = density(edge) as f32;
            let inner = inverse(area / edge + density(edge));
            if i > 1 {
                z.inside[i] = (inner / edge * scale) as u32;
            }
            edge = inner;
        }
        z
    }
}

static NORMAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    let density = |x: f64| (-0.5 * x * x).exp();
    let inverse = |y: f64| (-2.0 * y.ln()).sqrt();
    Ziggurat::new(
        128,
        3.442619855899,
        9.91256303526217e-3,
        2_147_483_648.0,
        density,
        inverse,
    )
});

static EXPONENTIAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    let density = |x: f64| (-x).exp();
    let inverse = |y: f64| -y.ln();
    Ziggurat::new(
        256,
        7.697117470131050,
        3.949659822581572e-3,
        4_294_967_296.0,
        density,
        inverse,
    )
});

/// `func normal(i int, j int32) (x float64, ok bool)`
fn normal(call: &mut Call<'_>) -> Outcome {
    let (i, j) = (call.word(0) as usize % 128, call.int(1));
    call.set_float(0, j as f64 * f64::from(NORMAL.width[i]));
    call.set_bool(1, j.unsigned_abs() < u64::from(NORMAL.inside[i]));
    Outcome::Done
}

/// `func exponential(i int, j uint32) (x float64, ok bool)`
fn exponential(call: &mut Call<'_>) -> Outcome {
    let (i, j) = (call.word(0) as usize % 256, call.word(1));
    call.set_float(0, j as f64 * f64::from(EXPONENTIAL.width[i]));
    call.set_bool(1, j < u64::from(EXPONENTIAL.inside[i]));
    Outcome::Done
}

/// The height at `u` between a layer's edge and the one above: `func normalWedge(i int, u float32) float32`.
fn wedge(call: &mut Call<'_>, z: &Ziggurat) -> Outcome {
    let (i, u) = (call.word(0) as usize % z.height.len(), call.float(1) as f32);
    let (low, high) = (z.height[i], z.height[i.saturating_sub(1)]);
    call.set_float(0, f64::from(low + u * (high - low)));
    Outcome::Done
}

/// `func chacha8(seed, out []uint64, counter uint32)`: four blocks of ChaCha with 8 rounds, word by word, so that each word's
/// four values stand together. The words that are known or zero in a block's input are not added to its output.
fn chacha8(call: &mut Call<'_>) -> Outcome {
    let mut input = [0u32; 16];
    input[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
    for i in 0..4 {
        let word = call.word_element(0, i);
        input[4 + 2 * i] = word as u32;
        input[5 + 2 * i] = (word >> 32) as u32;
    }
    let counter = call.word(4) as u32;
    let mut out = [[0u32; 4]; 16];
    for block in 0..4u32 {
        input[12] = counter.wrapping_add(block);
        let mut x = input;
        for _ in 0..4 {
            for i in 0..4 {
                quarter_round(&mut x, i, 4 + i, 8 + i, 12 + i);
            }
            for i in 0..4 {
                quarter_round(
                    &mut x,
                    i,
                    4 + (i + 1) % 4,
                    8 + (i + 2) % 4,
                    12 + (i + 3) % 4,
                );
            }
        }
        for i in 0..16 {
            let known = if (4..12).contains(&i) { input[i] } else { 0 };
            out[i][block as usize] = x[i].wrapping_add(known);
        }
    }
    let words = out.as_flattened();
    for (i, pair) in words.chunks(2).enumerate() {
        let word = u64::from(pair[0]) | u64::from(pair[1]) << 32;
        call.set_word_element(2, i, word);
    }
    Outcome::Done
}

fn quarter_round(x: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    x[a] = x[a].wrapping_add(x[b]);
    x[d] = (x[d] ^ x[a]).rotate_left(16);
    x[c] = x[c].wrapping_add(x[d]);
    x[b] = (x[b] ^ x[c]).rotate_left(12);
    x[a] = x[a].wrapping_add(x[b]);
    x[d] = (x[d] ^ x[a]).rotate_left(8);
    x[c] = x[c].wrapping_add(x[d]);
    x[b] = (x[b] ^ x[c]).rotate_left(7);
}
