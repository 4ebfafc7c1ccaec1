//! What checking an expression gives.

use crate::types::constant::ConstValue;
use crate::types::scope::ObjectId;
use crate::types::ty::{PackageId, Ty};
use crate::types::typed;
use crate::types::universe::BuiltinId;
use minigo_grammar::ast::ExprId;

/// What kind of thing an operand is.
#[derive(Debug)]
pub(crate) enum Mode {
    /// Reported already.
    Invalid,
    /// A call without result.
    NoValue,
    Builtin(BuiltinId),
    /// A type: `Operand::ty`.
    TypeExpr,
    /// The name of a package.
    Package(PackageId, ObjectId),
    Const(ConstValue),
    /// A variable: can be assigned to, has an address.
    Place(typed::Expr),
    /// An element of a map: can be assigned to.
    MapIndex(typed::Expr),
    Value(typed::Expr),
    /// A value that can also give a second, boolean one: type assertion, receive (map elements are `MapIndex`).
    CommaOk(typed::Expr),
    /// Untyped nil.
    Nil,
}

/// A checked expression, not yet converted to what its context wants.
#[derive(Debug)]
pub(crate) struct Operand {
    pub(crate) mode: Mode,
    pub(crate) ty: Ty,
    /// Where it is written, for messages.
    pub(crate) id: ExprId,
}
