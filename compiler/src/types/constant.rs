//! Exact constant values (spec "Constants"): literals, operators, conversion to a type, printing.
//!
//! Integers are exact; the checker limits untyped ones to 512 bits after each operation. Floats are exact fractions
//! as long as numerator and denominator stay below [`MAX_FRACTION_BITS`] and are rounded to 512 bits of mantissa beyond
//! that, as Go's compiler does, so that no program can make the compiler compute with huge fractions. Beyond [`MAX_EXPONENT_BITS`]
//! they have a form of their own ([`Huge`]).

mod huge;
mod integer;
mod parse;
mod print;
mod text;

use num_bigint::{BigInt, Sign};
use num_integer::Integer as _;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::cmp::Ordering;

use super::ty::Basic;
use super::typed::{BinaryOp, CompareOp};

use huge::Real;

pub use huge::Huge;
pub use integer::Integer;
pub use parse::{is_out_of_range, parse_literal, unquote};
pub use print::quote;
pub use text::ConstString;

/// Fractions with a larger numerator or denominator are rounded to [`MANTISSA_BITS`].
const MAX_FRACTION_BITS: u64 = 4096;

/// Precision of rounded floats.
const MANTISSA_BITS: u64 = 512;

/// Floats of 2 to the power of more than this, or less than its negative, are no fractions.
const MAX_EXPONENT_BITS: u64 = 1 << 16;

/// The largest size in bits of an untyped integer constant.
pub const MAX_INT_BITS: u64 = 512;

/// The exact value of a constant expression. It is small, since expressions hold it.
#[derive(Clone, PartialEq, Debug)]
pub enum ConstValue {
    Bool(bool),
    /// Any bytes.
    String(ConstString),
    /// Integers and runes.
    Int(Integer),
    /// Floats, exact.
    Float(Box<BigRational>),
    /// Floats with an exponent that no type has.
    Huge(Box<Huge>),
    /// Complex numbers, exact: real and imaginary part.
    Complex(Box<(BigRational, BigRational)>),
}

const _: () = assert!(size_of::<ConstValue>() == 16);

impl From<Integer> for ConstValue {
    fn from(value: Integer) -> ConstValue {
        ConstValue::Int(value)
    }
}

impl From<BigRational> for ConstValue {
    fn from(value: BigRational) -> ConstValue {
        ConstValue::Float(Box::new(value))
    }
}

impl From<Complex> for ConstValue {
    fn from(value: Complex) -> ConstValue {
        ConstValue::Complex(Box::new(value))
    }
}

impl From<i64> for ConstValue {
    fn from(value: i64) -> ConstValue {
        ConstValue::Int(value.into())
    }
}

impl From<u64> for ConstValue {
    fn from(value: u64) -> ConstValue {
        ConstValue::Int(value.into())
    }
}

impl From<&str> for ConstValue {
    fn from(value: &str) -> ConstValue {
        ConstValue::String(value.as_bytes().into())
    }
}

impl ConstValue {
    /// The value as an integer, if it is a number without fraction.
    pub fn to_int(&self) -> Option<Integer> {
        match self {
            ConstValue::Int(x) => Some(x.clone()),
            ConstValue::Float(x) if x.is_integer() => Some(x.numer().clone().into()),
            ConstValue::Complex(x) if x.1.is_zero() && x.0.is_integer() => {
                Some(x.0.numer().clone().into())
            }
            _ => None,
        }
    }

    /// The value as a float, if it is a number without imaginary part.
    pub fn to_float(&self) -> Option<BigRational> {
        match self {
            ConstValue::Int(x) => Some(BigRational::from_integer(x.big().into_owned())),
            ConstValue::Float(x) => Some((**x).clone()),
            ConstValue::Complex(x) if x.1.is_zero() => Some(x.0.clone()),
            _ => None,
        }
    }

    /// Real and imaginary part, if it is a number.
    pub fn to_complex(&self) -> Option<(BigRational, BigRational)> {
        match self {
            ConstValue::Complex(x) => Some((**x).clone()),
            _ => Some((self.to_float()?, BigRational::zero())),
        }
    }

    /// The value as an `i64`, if it is an integer in range.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            ConstValue::Int(x) => x.to_i64(),
            _ => None,
        }
    }

    /// Whether the value is the number zero.
    pub fn is_zero(&self) -> bool {
        match self {
            ConstValue::Int(x) => *x == Integer::Small(0),
            ConstValue::Float(x) => x.is_zero(),
            ConstValue::Complex(x) => x.0.is_zero() && x.1.is_zero(),
            ConstValue::Huge(_) | ConstValue::Bool(_) | ConstValue::String(_) => false,
        }
    }

    /// Whether the value is a negative integer or float.
    pub fn is_negative(&self) -> bool {
        match self {
            ConstValue::Int(x) => x.is_negative(),
            ConstValue::Float(x) => x.is_negative(),
            ConstValue::Huge(x) => x.is_negative(),
            _ => false,
        }
    }

    /// The length of a string in bytes.
    pub fn string_len(&self) -> Option<u64> {
        match self {
            ConstValue::String(bytes) => Some(bytes.len() as u64),
            _ => None,
        }
    }

    /// `-x`.
    pub fn neg(&self) -> Option<ConstValue> {
        Some(match self {
            ConstValue::Int(x) => x.neg().into(),
            ConstValue::Float(x) => (-&**x).into(),
            ConstValue::Huge(x) => ConstValue::Huge(Box::new(x.neg())),
            ConstValue::Complex(x) => (-&x.0, -&x.1).into(),
            ConstValue::Bool(_) | ConstValue::String(_) => return None,
        })
    }

    /// `^x`; for an unsigned type the complement within its `bits`.
    pub fn complement(&self, bits: Option<u32>) -> Option<ConstValue> {
        match self {
            ConstValue::Int(x) => Some(x.complement(bits).into()),
            _ => None,
        }
    }

    /// `!x`.
    pub fn not(&self) -> Option<ConstValue> {
        match self {
            ConstValue::Bool(x) => Some(ConstValue::Bool(!x)),
            _ => None,
        }
    }

    /// `x op y` for all operators but shifts. Integers divide with truncation if `integer`, else exactly.
    /// None if the operator is not defined on the operands, at a division by zero, or if the result is out of range.
    pub fn binary(&self, op: BinaryOp, other: &ConstValue, integer: bool) -> Option<ConstValue> {
        if let (ConstValue::String(x), ConstValue::String(y), BinaryOp::Add) = (self, other, op) {
            return Some(ConstValue::String(x.concat(y)));
        }
        match rank(self)?.max(rank(other)?) {
            Rank::Int => {
                if op == BinaryOp::Div && !integer {
                    return float_binary(op, &self.to_float()?, &other.to_float()?);
                }
                let (x, y) = (self.to_int()?, other.to_int()?);
                x.binary(op, &y).map(ConstValue::Int)
            }
            Rank::Float => match (self.to_float(), other.to_float()) {
                (Some(x), Some(y)) => float_binary(op, &x, &y),
                _ => huge_binary(op, self, other),
            },
            Rank::Complex => {
                let (x, y) = (self.to_complex()?, other.to_complex()?);
                complex_binary(op, x, y).map(ConstValue::from)
            }
        }
    }

    /// `x << count` or `x >> count`. The caller bounds `count`.
    pub fn shift(&self, left: bool, count: u32) -> Option<ConstValue> {
        Some(self.to_int()?.shift(left, count).into())
    }

    /// `x op y`. None if the values have no order.
    pub fn compare(&self, op: CompareOp, other: &ConstValue) -> Option<bool> {
        let order = match (self, other) {
            (ConstValue::Bool(x), ConstValue::Bool(y)) => return equality(op, x == y),
            (ConstValue::String(x), ConstValue::String(y)) => (**x).cmp(&**y),
            (ConstValue::Int(x), ConstValue::Int(y)) => x.compare(y),
            _ => match rank(self)?.max(rank(other)?) {
                Rank::Complex => return equality(op, self.to_complex()? == other.to_complex()?),
                _ => match (self.to_float(), other.to_float()) {
                    (Some(x), Some(y)) => x.cmp(&y),
                    _ => compare_huge(self, other)?,
                },
            },
        };
        Some(match op {
            CompareOp::Eq => order == Ordering::Equal,
            CompareOp::Ne => order != Ordering::Equal,
            CompareOp::Lt => order == Ordering::Less,
            CompareOp::Le => order != Ordering::Greater,
            CompareOp::Gt => order == Ordering::Greater,
            CompareOp::Ge => order != Ordering::Less,
        })
    }

    /// The value as a basic type holds it (spec "Representability"): floats rounded, numbers as the variant of the type.
    /// None if the type cannot represent it.
    pub fn represent(&self, basic: Basic) -> Option<ConstValue> {
        use Basic::*;
        match basic {
            Bool | UntypedBool => matches!(self, ConstValue::Bool(_)).then(|| self.clone()),
            String | UntypedString => matches!(self, ConstValue::String(_)).then(|| self.clone()),
            UntypedInt | UntypedRune => self.to_int().map(ConstValue::Int),
            UntypedFloat if matches!(self, ConstValue::Huge(_)) => Some(self.clone()),
            UntypedFloat => self.to_float().map(ConstValue::from),
            UntypedComplex => self.to_complex().map(ConstValue::from),
            Float32 | Float64 if matches!(self, ConstValue::Huge(x) if x.is_tiny()) => {
                Some(BigRational::zero().into())
            }
            Float32 | Float64 => round_to(basic, &self.to_float()?).map(ConstValue::from),
            Complex64 | Complex128 => {
                let part = if basic == Complex64 { Float32 } else { Float64 };
                let (re, im) = self.to_complex()?;
                Some((round_to(part, &re)?, round_to(part, &im)?).into())
            }
            Invalid | UntypedNil | UnsafePointer => None,
            _ => {
                let x = self.to_int()?;
                let (signed, bits) = int_size(basic)?;
                x.fits(signed, bits).then_some(ConstValue::Int(x))
            }
        }
    }
}

/// Whether an integer type is signed, and its size in bits; None for other types.
pub fn int_size(basic: Basic) -> Option<(bool, u32)> {
    use Basic::*;
    Some(match basic {
        Int | Int64 => (true, 64),
        Int8 => (true, 8),
        Int16 => (true, 16),
        Int32 => (true, 32),
        Uint | Uint64 | Uintptr => (false, 64),
        Uint8 => (false, 8),
        Uint16 => (false, 16),
        Uint32 => (false, 32),
        _ => return None,
    })
}

/// The kinds of numbers, each containing the one before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Int,
    Float,
    Complex,
}

fn rank(value: &ConstValue) -> Option<Rank> {
    match value {
        ConstValue::Int(_) => Some(Rank::Int),
        ConstValue::Float(_) | ConstValue::Huge(_) => Some(Rank::Float),
        ConstValue::Complex(..) => Some(Rank::Complex),
        ConstValue::Bool(_) | ConstValue::String(_) => None,
    }
}

fn equality(op: CompareOp, equal: bool) -> Option<bool> {
    match op {
        CompareOp::Eq => Some(equal),
        CompareOp::Ne => Some(!equal),
        _ => None,
    }
}

fn float_binary(op: BinaryOp, x: &BigRational, y: &BigRational) -> Option<ConstValue> {
    let exact = match op {
        BinaryOp::Add => x + y,
        BinaryOp::Sub => x - y,
        BinaryOp::Mul => x * y,
        BinaryOp::Div if y.is_zero() => return None,
        BinaryOp::Div => x / y,
        _ => return None,
    };
    Some(match limit(exact.clone()) {
        Some(x) => x.into(),
        None => Real::Huge(Huge::from_fraction(&exact)).into(),
    })
}

/// An operation of which an operand is huge.
fn huge_binary(op: BinaryOp, x: &ConstValue, y: &ConstValue) -> Option<ConstValue> {
    let value = match (as_huge(x)?, as_huge(y)?) {
        (Some(x), Some(y)) => x.binary(op, &y),
        (None, _) if matches!(op, BinaryOp::Mul | BinaryOp::Div) => {
            return Some(BigRational::zero().into());
        }
        (Some(_), None) if op == BinaryOp::Mul => {
            return Some(BigRational::zero().into());
        }
        (Some(_), None) if op == BinaryOp::Div => return None,
        (Some(x), None) => Some(Real::Huge(x)),
        (None, Some(y)) if op == BinaryOp::Sub => Some(Real::Huge(y.neg())),
        (None, Some(y)) => Some(Real::Huge(y)),
        (None, None) => return None,
    };
    value.map(ConstValue::from)
}

fn compare_huge(x: &ConstValue, y: &ConstValue) -> Option<Ordering> {
    let sign = |x: &Huge| match x.is_negative() {
        true => Ordering::Less,
        false => Ordering::Greater,
    };
    Some(match (as_huge(x)?, as_huge(y)?) {
        (Some(x), Some(y)) => x.compare(&y),
        (Some(x), None) => sign(&x),
        (None, Some(y)) => sign(&y).reverse(),
        (None, None) => Ordering::Equal,
    })
}

/// A number in the form of huge ones; the inner None is zero.
fn as_huge(value: &ConstValue) -> Option<Option<Huge>> {
    if let ConstValue::Huge(x) = value {
        return Some(Some((**x).clone()));
    }
    let x = value.to_float()?;
    Some((!x.is_zero()).then(|| Huge::from_fraction(&x)))
}

impl From<Real> for ConstValue {
    fn from(value: Real) -> ConstValue {
        match value {
            Real::Small(x) => x.into(),
            Real::Huge(x) => ConstValue::Huge(Box::new(x)),
        }
    }
}

type Complex = (BigRational, BigRational);

fn complex_binary(op: BinaryOp, (a, b): Complex, (c, d): Complex) -> Option<Complex> {
    Some(match op {
        BinaryOp::Add => (limit(a + c)?, limit(b + d)?),
        BinaryOp::Sub => (limit(a - c)?, limit(b - d)?),
        BinaryOp::Mul => (limit(&a * &c - &b * &d)?, limit(&b * &c + &a * &d)?),
        BinaryOp::Div => {
            let norm = limit(&c * &c + &d * &d)?;
            (
                divide(&(&a * &c + &b * &d), &norm)?,
                divide(&(&b * &c - &a * &d), &norm)?,
            )
        }
        _ => return None,
    })
}

fn divide(x: &BigRational, y: &BigRational) -> Option<BigRational> {
    if y.is_zero() { None } else { limit(x / y) }
}

/// Keeps fractions small: rounds what needs more than [`MAX_FRACTION_BITS`], refuses what is out of range.
fn limit(x: BigRational) -> Option<BigRational> {
    if x.numer().bits() <= MAX_FRACTION_BITS && x.denom().bits() <= MAX_FRACTION_BITS {
        return Some(x);
    }
    let (mantissa, exponent) = round_mantissa(&x, MANTISSA_BITS, i64::MIN);
    if exponent.unsigned_abs() > MAX_EXPONENT_BITS {
        return None;
    }
    Some(scale(mantissa, exponent))
}

/// `mantissa * 2^exponent` as a reduced fraction.
fn scale(mantissa: BigInt, exponent: i64) -> BigRational {
    if exponent >= 0 {
        return BigRational::from_integer(mantissa << exponent as u64);
    }
    let down = exponent.unsigned_abs();
    let common = mantissa.trailing_zeros().unwrap_or(down).min(down);
    BigRational::new_raw(mantissa >> common, BigInt::one() << (down - common))
}

/// The nearest `mantissa * 2^exponent` (ties to even) with at most `bits` bits of mantissa and an exponent of at least
/// `min_exponent`.
fn round_mantissa(x: &BigRational, bits: u64, min_exponent: i64) -> (BigInt, i64) {
    if x.is_zero() {
        return (BigInt::zero(), 0);
    }
    // Two bits more than needed, then one that stands for all that was cut off.
    let size = x.numer().bits() as i64 - x.denom().bits() as i64;
    let exponent = (size - bits as i64 - 1).max(min_exponent.saturating_sub(2));
    let (numer, denom) = if exponent >= 0 {
        (x.numer().abs(), x.denom() << exponent as u64)
    } else {
        (
            x.numer().abs() << exponent.unsigned_abs(),
            x.denom().clone(),
        )
    };
    let (quotient, rest) = numer.div_rem(&denom);
    let sticky = !rest.is_zero();
    let extra = (quotient.bits() as i64 - bits as i64)
        .max(min_exponent.saturating_sub(exponent))
        .max(1) as u64;
    let mut mantissa = &quotient >> extra;
    let cut = &quotient - (&mantissa << extra);
    let half = BigInt::one() << (extra - 1);
    let up = match cut.cmp(&half) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => sticky || mantissa.is_odd(),
    };
    if up {
        mantissa += 1u32;
    }
    if x.numer().sign() == Sign::Minus {
        mantissa = -mantissa;
    }
    (mantissa, exponent + extra as i64)
}

/// The nearest value of `float32` or `float64`, exactly; None if it overflows.
fn round_to(basic: Basic, x: &BigRational) -> Option<BigRational> {
    let (bits, min_exponent, max_size) = match basic {
        Basic::Float32 => (24, -149, 128),
        _ => (53, -1074, 1024),
    };
    let (mantissa, exponent) = round_mantissa(x, bits, min_exponent);
    if mantissa.bits() as i64 + exponent > max_size {
        return None;
    }
    Some(scale(mantissa, exponent))
}

/// The nearest `f64`, infinite if it overflows.
pub fn to_f64(x: &BigRational) -> f64 {
    let (mantissa, exponent) = round_mantissa(x, 53, -1074);
    if mantissa.bits() as i64 + exponent > 1024 {
        return if mantissa.is_negative() {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        };
    }
    let mantissa = mantissa.to_i64().unwrap_or(0) as f64;
    // Two steps, because 2^-1074 times a mantissa may need a factor below the smallest normal number.
    let half = (exponent / 2) as i32;
    mantissa * 2f64.powi(half) * 2f64.powi(exponent as i32 - half)
}

/// The nearest `f32`, infinite if it overflows.
pub fn to_f32(x: &BigRational) -> f32 {
    match round_to(Basic::Float32, x) {
        // Exact, because the value is one of `f32`.
        Some(rounded) => to_f64(&rounded) as f32,
        None if x.is_negative() => f32::NEG_INFINITY,
        None => f32::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minigo_grammar::ast::LitKind;

    fn int(text: &str) -> ConstValue {
        parse_literal(LitKind::Int, text).expect("an integer")
    }

    fn float(text: &str) -> ConstValue {
        parse_literal(LitKind::Float, text).expect("a float")
    }

    #[test]
    fn integers_fit_their_types_exactly_to_the_limits() {
        let fits = |text: &str, basic| int(text).represent(basic).is_some();
        let neg = |text: &str, basic| int(text).neg().and_then(|x| x.represent(basic)).is_some();
        assert!(fits("127", Basic::Int8) && !fits("128", Basic::Int8));
        assert!(neg("128", Basic::Int8) && !neg("129", Basic::Int8));
        assert!(
            fits("18446744073709551615", Basic::Uint64)
                && !fits("18446744073709551616", Basic::Uint)
        );
        assert!(neg("9223372036854775808", Basic::Int) && !fits("9223372036854775808", Basic::Int));
        assert!(!neg("1", Basic::Uint8));
    }

    #[test]
    fn floats_round_to_the_nearest_value_of_their_type() {
        for text in [
            "0.1",
            "1e308",
            "1.7976931348623157e308",
            "5e-324",
            "2.5e-324",
            "2.4e-324",
            "2.2250738585072011e-308",
            "123456789012345678",
            "0x1p-1074",
            "0x1.fffffffffffff8p0",
            "0x1.fffffffffffff7p0",
        ] {
            let ConstValue::Float(x) = float(text) else {
                panic!("{text} is no float")
            };
            let rounded = to_f64(&x);
            if !text.starts_with("0x") {
                assert_eq!(Ok(rounded), text.parse::<f64>(), "{text}");
                assert_eq!(Ok(to_f32(&x)), text.parse::<f32>(), "{text}");
            }
            let Some(ConstValue::Float(exact)) = float(text).represent(Basic::Float64) else {
                panic!("{text}")
            };
            assert_eq!(to_f64(&exact), rounded);
        }
        assert!(
            float("1.7976931348623159e308")
                .represent(Basic::Float64)
                .is_none()
        );
        assert!(
            float("1.7976931348623158e308")
                .represent(Basic::Float64)
                .is_some()
        );
        assert!(float("3.5e38").represent(Basic::Float32).is_none());
        assert_eq!(to_f64(&BigRational::from_integer(3.into())), 3.0);
    }

    #[test]
    fn operators_are_exact_and_bounded() {
        let third = int("1")
            .binary(BinaryOp::Div, &int("3"), false)
            .expect("a fraction");
        let one = third
            .binary(BinaryOp::Mul, &int("3"), false)
            .expect("a product");
        assert_eq!(one.compare(CompareOp::Eq, &int("1")), Some(true));
        assert_eq!(
            int("7")
                .neg()
                .and_then(|x| x.binary(BinaryOp::Div, &int("2"), true)),
            Some((-3i64).into())
        );
        assert_eq!(
            int("7")
                .neg()
                .and_then(|x| x.binary(BinaryOp::Rem, &int("2"), true)),
            Some((-1i64).into())
        );
        assert_eq!(int("5").complement(Some(8)), Some(250i64.into()));
        assert_eq!(
            int("1").shift(true, 100).map(|x| x.to_string()),
            Some("1267650600228229401496703205376".into())
        );
        let mut huge = float("1e1000");
        let mut steps = 0;
        while let Some(next) = huge.binary(BinaryOp::Mul, &huge, false) {
            huge = next;
            steps += 1;
        }
        assert_eq!(steps, 19);
    }
}
