//! Constant integers: machine words, which nearly all are, and exact ones of any size.

use num_bigint::BigInt;
use num_integer::Integer as _;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use crate::types::typed::BinaryOp;

/// An integer; `Big` only if it does not fit an `i64`, so equal numbers look equal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Integer {
    Small(i64),
    Big(Box<BigInt>),
}

use Integer::{Big, Small};

impl From<BigInt> for Integer {
    fn from(value: BigInt) -> Integer {
        match value.to_i64() {
            Some(value) => Small(value),
            None => Big(Box::new(value)),
        }
    }
}

impl From<i64> for Integer {
    fn from(value: i64) -> Integer {
        Small(value)
    }
}

impl From<u64> for Integer {
    fn from(value: u64) -> Integer {
        match i64::try_from(value) {
            Ok(value) => Small(value),
            Err(_) => Big(Box::new(value.into())),
        }
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Small(value) => value.fmt(f),
            Big(value) => value.fmt(f),
        }
    }
}

impl Integer {
    /// The exact form.
    pub fn big(&self) -> Cow<'_, BigInt> {
        match self {
            Small(value) => Cow::Owned((*value).into()),
            Big(value) => Cow::Borrowed(value),
        }
    }

    /// The value as an `i64`, if it is in range.
    pub fn to_i64(&self) -> Option<i64> {
        match self {
            Small(value) => Some(*value),
            Big(_) => None,
        }
    }

    /// The value as a `u64`, if it is in range.
    pub fn to_u64(&self) -> Option<u64> {
        match self {
            Small(value) => u64::try_from(*value).ok(),
            Big(value) => value.to_u64(),
        }
    }

    /// Whether it is less than zero.
    pub fn is_negative(&self) -> bool {
        match self {
            Small(value) => *value < 0,
            Big(value) => value.is_negative(),
        }
    }

    /// Number of bits of its magnitude.
    pub fn bits(&self) -> u64 {
        match self {
            Small(value) => u64::from(u64::BITS - value.unsigned_abs().leading_zeros()),
            Big(value) => value.bits(),
        }
    }

    /// Whether a type of this many bits holds it.
    pub fn fits(&self, signed: bool, bits: u32) -> bool {
        match self {
            Small(value) if signed => bits >= 64 || (value >> (bits - 1)) == (value >> 63),
            Small(value) => *value >= 0 && (bits >= 64 || value >> bits == 0),
            // Larger than all that is signed.
            Big(value) => !signed && !value.is_negative() && value.bits() <= u64::from(bits),
        }
    }

    /// `-x`.
    pub fn neg(&self) -> Integer {
        match self {
            Small(value) if *value != i64::MIN => Small(-value),
            _ => (-&*self.big()).into(),
        }
    }

    /// `^x`; for an unsigned type the complement within its `bits`.
    pub fn complement(&self, bits: Option<u32>) -> Integer {
        match (self, bits) {
            (Small(value), None) => Small(!value),
            (_, None) => (!&*self.big()).into(),
            (_, Some(bits)) => (!&*self.big()).mod_floor(&(BigInt::one() << bits)).into(),
        }
    }

    /// `x << count` or `x >> count`.
    pub fn shift(&self, left: bool, count: u32) -> Integer {
        let value = self.big().into_owned();
        (if left { value << count } else { value >> count }).into()
    }

    /// `x op y` for all operators but shifts; None at a division by zero.
    pub fn binary(&self, op: BinaryOp, other: &Integer) -> Option<Integer> {
        if let (&Small(x), &Small(y)) = (self, other)
            && let Some(result) = small_binary(op, x, y)
        {
            return Some(Small(result));
        }
        let (x, y) = (&*self.big(), &*other.big());
        Some(Integer::from(match op {
            BinaryOp::Add => x + y,
            BinaryOp::Sub => x - y,
            BinaryOp::Mul => x * y,
            BinaryOp::Div | BinaryOp::Rem if y.is_zero() => return None,
            BinaryOp::Div => x / y,
            BinaryOp::Rem => x % y,
            BinaryOp::And => x & y,
            BinaryOp::Or => x | y,
            BinaryOp::Xor => x ^ y,
            BinaryOp::AndNot => x & !y,
            BinaryOp::Shl | BinaryOp::Shr => return None,
        }))
    }

    /// Which is greater.
    pub fn compare(&self, other: &Integer) -> Ordering {
        match (self, other) {
            (Small(x), Small(y)) => x.cmp(y),
            _ => self.big().cmp(&other.big()),
        }
    }
}

/// None if the result does not fit, or there is none.
fn small_binary(op: BinaryOp, x: i64, y: i64) -> Option<i64> {
    match op {
        BinaryOp::Add => x.checked_add(y),
        BinaryOp::Sub => x.checked_sub(y),
        BinaryOp::Mul => x.checked_mul(y),
        BinaryOp::Div => x.checked_div(y),
        BinaryOp::Rem => x.checked_rem(y),
        BinaryOp::And => Some(x & y),
        BinaryOp::Or => Some(x | y),
        BinaryOp::Xor => Some(x ^ y),
        BinaryOp::AndNot => Some(x & !y),
        BinaryOp::Shl | BinaryOp::Shr => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers at the limits of both forms.
    fn numbers() -> Vec<BigInt> {
        let mut numbers = Vec::new();
        for edge in [0, 7, 8, 31, 32, 62, 63, 64, 65, 100] {
            let power = BigInt::one() << edge;
            for near in -2..=2 {
                let number: BigInt = &power + near;
                numbers.extend([-&number, number]);
            }
        }
        numbers
    }

    #[test]
    fn words_and_exact_integers_compute_the_same() {
        use BinaryOp::*;
        let numbers = numbers();
        for x in &numbers {
            let small = Integer::from(x.clone());
            assert_eq!(matches!(small, Small(_)), x.to_i64().is_some());
            assert_eq!(*small.big(), *x);
            assert_eq!(small.to_string(), x.to_string());
            assert_eq!(small.bits(), x.bits());
            assert_eq!(small.is_negative(), x.is_negative());
            assert_eq!(small.to_u64(), x.to_u64());
            assert_eq!(*small.neg().big(), -x);
            assert_eq!(*small.complement(None).big(), !x);
            for bits in [8, 16, 32, 64] {
                let half = BigInt::one() << (bits - 1);
                assert_eq!(small.fits(true, bits), -&half <= *x && *x < half);
                assert_eq!(
                    small.fits(false, bits),
                    !x.is_negative() && *x < &half << 1u32
                );
            }
            for y in &numbers {
                let other = Integer::from(y.clone());
                assert_eq!(small.compare(&other), x.cmp(y));
                assert_eq!(small == other, x == y);
                for op in [Add, Sub, Mul, And, Or, Xor, AndNot, Div, Rem] {
                    let expected = match op {
                        Add => x + y,
                        Sub => x - y,
                        Mul => x * y,
                        And => x & y,
                        Or => x | y,
                        Xor => x ^ y,
                        AndNot => x & !y,
                        Div | Rem if y.is_zero() => {
                            assert_eq!(small.binary(op, &other), None);
                            continue;
                        }
                        Div => x / y,
                        _ => x % y,
                    };
                    assert_eq!(
                        small.binary(op, &other),
                        Some(expected.into()),
                        "{x} {op:?} {y}"
                    );
                }
            }
        }
    }
}
