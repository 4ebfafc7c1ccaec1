//! Expressions.

use super::{Checker, Mode, Operand};
use crate::types::ty::Ty;
use crate::types::typed;
use minigo_grammar::ast::ExprId;

impl Checker<'_> {
    /// Checks an expression of any kind. `hint` is the type of an elided composite literal or generic function value.
    pub(crate) fn expr(&mut self, id: ExprId, _hint: Option<Ty>) -> Operand {
        Operand {
            mode: Mode::Invalid,
            ty: Ty::INVALID,
            id,
        }
    }

    /// Checks an expression that must be one value (constants and nil included); else reports and gives `Invalid`.
    pub(crate) fn single_value(&mut self, id: ExprId, hint: Option<Ty>) -> Operand {
        self.expr(id, hint)
    }

    /// The value with an untyped type replaced by its default; `context` as in "use of untyped nil in {context}".
    /// None if it is invalid.
    pub(crate) fn default_value(&mut self, _x: Operand, _context: &str) -> Option<typed::Expr> {
        None
    }

    /// An expression statement: reports "is not used" and the like.
    pub(crate) fn expr_stmt(&mut self, _id: ExprId) -> Option<typed::Expr> {
        None
    }

    /// The call of a `go` or `defer` statement (`what`).
    pub(crate) fn go_defer_call(
        &mut self,
        _what: &'static str,
        _id: ExprId,
    ) -> Option<typed::Expr> {
        None
    }

    /// The channel of the receive expression `id` (`<-ch`), and its element type.
    pub(crate) fn recv_operand(&mut self, _id: ExprId) -> Option<(typed::Expr, Ty)> {
        None
    }

    /// `tag == value` for a case of an expression switch; without tag the value itself must be a bool.
    /// `tag` is evaluated before: it is a variable. Gives also the constant and its type, for finding duplicates.
    pub(crate) fn case_condition(
        &mut self,
        _tag: Option<&super::assign::Tag>,
        _value: ExprId,
    ) -> Option<(
        typed::Expr,
        Option<(crate::types::constant::ConstValue, Ty)>,
    )> {
        None
    }
}
