//! Floats whose exponent is too large for an exact fraction: a mantissa of 512 bits and a binary exponent of 32, as in Go's compiler.
//!
//! They occur in mistakes only, since no type can hold them; but `1e100000 / 1e100000` is a constant like any other.

use super::{MANTISSA_BITS, MAX_EXPONENT_BITS, round_mantissa, scale};
use crate::types::typed::BinaryOp;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use std::cmp::Ordering;

/// Numbers of 2 to the power of more than this are no constants.
const MAX_EXPONENT: i64 = i32::MAX as i64;

/// Bits that are kept while powers are computed.
const WORKING_BITS: u64 = 640;

/// `mantissa * 2^exponent`, never zero; the mantissa is odd, so equal numbers look equal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Huge {
    mantissa: BigInt,
    exponent: i64,
}

/// A result of arithmetic.
pub(super) enum Real {
    Small(BigRational),
    Huge(Huge),
}

impl Huge {
    /// A fraction other than zero, rounded.
    pub(super) fn from_fraction(x: &BigRational) -> Huge {
        let (mantissa, exponent) = round_mantissa(x, MANTISSA_BITS, i64::MIN);
        normal(mantissa, exponent)
    }

    /// `number * base^exponent`; None if that is beyond all constants.
    pub(super) fn power(number: BigInt, base: u32, exponent: i64) -> Option<Real> {
        if number.is_zero() {
            return Some(Real::Small(BigRational::zero()));
        }
        // Its logarithm alone shows that it is too large or too small.
        if exponent.unsigned_abs() > MAX_EXPONENT as u64 {
            return match exponent > 0 {
                true => None,
                false => Some(Real::Small(BigRational::zero())),
            };
        }
        let mut result = normal(BigInt::one(), 0);
        let mut factor = normal(BigInt::from(base), 0);
        let mut left = exponent.unsigned_abs();
        while left > 0 {
            if left & 1 == 1 {
                result = result.times(&factor, WORKING_BITS);
            }
            factor = factor.times(&factor, WORKING_BITS);
            left >>= 1;
        }
        let number = normal(number, 0);
        match exponent >= 0 {
            true => number.times(&result, MANTISSA_BITS),
            false => number.over(&result),
        }
        .in_range()
    }

    /// Whether it is less than zero.
    pub(super) fn is_negative(&self) -> bool {
        self.mantissa.is_negative()
    }

    /// Whether it is closer to zero than any value of a type but zero.
    pub(super) fn is_tiny(&self) -> bool {
        self.exponent < 0
    }

    pub(super) fn neg(&self) -> Huge {
        Huge {
            mantissa: -&self.mantissa,
            exponent: self.exponent,
        }
    }

    /// Mantissa and exponent.
    pub(super) fn parts(&self) -> (&BigInt, i64) {
        (&self.mantissa, self.exponent)
    }

    /// `self op other` for the four operations of floats.
    pub(super) fn binary(&self, op: BinaryOp, other: &Huge) -> Option<Real> {
        match op {
            BinaryOp::Add => self.plus(other),
            BinaryOp::Sub => self.plus(&other.neg()),
            BinaryOp::Mul => self.times(other, MANTISSA_BITS).in_range(),
            BinaryOp::Div => self.over(other).in_range(),
            _ => None,
        }
    }

    pub(super) fn compare(&self, other: &Huge) -> Ordering {
        match self.plus(&other.neg()) {
            Some(Real::Small(x)) => x.cmp(&BigRational::zero()),
            Some(Real::Huge(x)) if x.is_negative() => Ordering::Less,
            Some(Real::Huge(_)) => Ordering::Greater,
            None => self.mantissa.sign().cmp(&other.mantissa.sign()),
        }
    }

    fn plus(&self, other: &Huge) -> Option<Real> {
        let (large, small) = match self.size() >= other.size() {
            true => (self, other),
            false => (other, self),
        };
        // What is smaller than the last bit of the sum does not count.
        if large.size() - small.size() > 2 * WORKING_BITS as i64 {
            return large.clone().in_range();
        }
        let exponent = large.exponent.min(small.exponent);
        let aligned = |x: &Huge| &x.mantissa << (x.exponent - exponent) as u64;
        let sum = aligned(large) + aligned(small);
        if sum.is_zero() {
            return Some(Real::Small(BigRational::zero()));
        }
        rounded(sum, exponent, MANTISSA_BITS).in_range()
    }

    fn times(&self, other: &Huge, bits: u64) -> Huge {
        let product = &self.mantissa * &other.mantissa;
        rounded(product, self.exponent + other.exponent, bits)
    }

    fn over(&self, other: &Huge) -> Huge {
        let shift = 2 * WORKING_BITS;
        let quotient = (&self.mantissa << shift) / &other.mantissa;
        let exponent = self.exponent - other.exponent - shift as i64;
        rounded(quotient, exponent, MANTISSA_BITS)
    }

    /// The binary logarithm, rounded up.
    fn size(&self) -> i64 {
        self.exponent + self.mantissa.bits() as i64
    }

    /// A fraction if it is no longer huge; None beyond all constants.
    fn in_range(self) -> Option<Real> {
        let size = self.size();
        if size > MAX_EXPONENT {
            return None;
        }
        if size < -MAX_EXPONENT {
            return Some(Real::Small(BigRational::zero()));
        }
        if size.unsigned_abs() <= MAX_EXPONENT_BITS {
            return Some(Real::Small(scale(self.mantissa, self.exponent)));
        }
        Some(Real::Huge(self))
    }
}

fn normal(mantissa: BigInt, exponent: i64) -> Huge {
    let zeros = mantissa.trailing_zeros().unwrap_or(0);
    Huge {
        mantissa: mantissa >> zeros,
        exponent: exponent + zeros as i64,
    }
}

fn rounded(mantissa: BigInt, exponent: i64, bits: u64) -> Huge {
    if mantissa.bits() <= bits {
        return normal(mantissa, exponent);
    }
    let (mantissa, more) = round_mantissa(&mantissa.into(), bits, i64::MIN);
    normal(mantissa, exponent + more)
}

#[cfg(test)]
mod tests {
    use super::super::{ConstValue, parse_literal};
    use super::*;
    use minigo_grammar::ast::LitKind;

    fn float(text: &str) -> ConstValue {
        parse_literal(LitKind::Float, text).expect("a float")
    }

    #[test]
    fn huge_floats_compute_like_others() {
        let check = |x: &str, op, y: &str, expected: &str| {
            let value = float(x).binary(op, &float(y), false);
            let shown = value.map_or("none".to_string(), |value| value.to_string());
            assert_eq!(shown, expected, "{x} {op:?} {y}");
        };
        check("1e100000", BinaryOp::Mul, "1e100000", "1e+200000");
        check("1e100000", BinaryOp::Div, "1e99998", "100");
        check("1e100000", BinaryOp::Sub, "1e100000", "0");
        check("1e100000", BinaryOp::Add, "1", "1e+100000");
        check("1e-100000", BinaryOp::Mul, "3e100001", "30");
        check("1e500000000", BinaryOp::Mul, "1e500000000", "none");
        check("1e-500000000", BinaryOp::Mul, "1e-500000000", "0");
    }

    #[test]
    fn exponents_end_where_those_of_gos_compiler_do() {
        let parse = |text| parse_literal(LitKind::Float, text).is_some();
        assert!(parse("1e646456992"));
        assert!(!parse("6e886451608"));
        assert!(!parse("1e99999999999999999999"));
        assert!(float("1e-99999999999999999999").is_zero());
    }
}
