//! Exact constant values (spec "Constants").

use num_bigint::BigInt;
use num_rational::BigRational;
use std::rc::Rc;

/// The exact value of a constant expression.
#[derive(Clone, PartialEq, Debug)]
pub enum ConstValue {
    Bool(bool),
    /// Any bytes.
    String(Rc<[u8]>),
    /// Integers and runes.
    Int(BigInt),
    /// Floats, exact.
    Float(BigRational),
    /// Complex numbers, exact: real and imaginary part.
    Complex(BigRational, BigRational),
}
