//! Constant expressions.

use super::Checker;
use crate::types::constant::ConstValue;
use crate::types::ty::Ty;
use minigo_grammar::ast::ExprId;

impl Checker<'_> {
    /// The value of a constant declaration, converted to `ty` if it has one. None if it was reported as wrong.
    /// `iota` is in the context; the expression belongs to the current file.
    pub(crate) fn const_value(
        &mut self,
        _value: ExprId,
        _ty: Option<Ty>,
    ) -> Option<(Ty, ConstValue)> {
        None
    }
}
