//! Constant expressions.

use minigo_grammar::ast::{Expr, ExprId, LitKind};
use std::rc::Rc;

use super::{Checker, Operand};
use crate::diagnostics::code;
use crate::types::constant::{ConstValue, is_out_of_range, parse_literal};
use crate::types::ty::Ty;

/// Longer numbers are refused.
const MAX_DIGITS: usize = 10_000;

impl Checker<'_> {
    /// The value of a constant declaration, converted to `ty` if it has one. None if it was reported as wrong.
    /// `iota` is in the context; the expression belongs to the current file.
    pub(crate) fn const_value(
        &mut self,
        value: ExprId,
        ty: Option<Ty>,
    ) -> Option<(Ty, ConstValue)> {
        let mut x = self.single_value(value, None);
        if !x.is_valid() || x.ty == Ty::INVALID || ty == Some(Ty::INVALID) {
            return None;
        }
        if !x.is_constant() {
            let message = format!("{} is not constant", self.describe(&x));
            self.error(code::NOT_CONSTANT, x.loc.span, message);
            return None;
        }
        if let Some(ty) = ty {
            self.assign_const(&mut x, ty);
        }
        if !x.is_valid() {
            return None;
        }
        let ty = x.ty;
        x.value.map(|value| (ty, value))
    }

    /// As an assignment to the constant's type; the operand stays a constant.
    fn assign_const(&mut self, x: &mut Operand, ty: Ty) {
        let value = x.value.clone();
        let typed = !self.types.is_untyped(x.ty);
        self.assignment(x, Some(ty), "constant declaration");
        if !x.is_valid() {
            return;
        }
        // The tree of a conversion is not needed: the value was rounded on the way if it was untyped.
        x.tree = None;
        if typed {
            x.value = value;
        }
        x.ty = ty;
    }

    /// A literal of a basic type.
    pub(crate) fn basic_lit(&mut self, id: ExprId, kind: LitKind) -> Operand {
        let loc = self.expr_loc(id);
        let text = self.source().slice(loc.span);
        let number = matches!(kind, LitKind::Int | LitKind::Float | LitKind::Imaginary);
        if number && text.len() > MAX_DIGITS {
            let start = text.get(..10).unwrap_or("");
            let message = format!(
                "excessively long constant: {start}... ({} chars)",
                text.len()
            );
            self.error(code::CONST_OVERFLOW, loc.span, message);
            return self.invalid(id);
        }
        let Some(value) = parse_literal(kind, text) else {
            // The lexer has reported what is wrong with it, unless it is just too large.
            if number && is_out_of_range(text) {
                let message = format!("malformed constant: {text}");
                self.error(code::CONST_OVERFLOW, loc.span, message);
            }
            return self.invalid(id);
        };
        let ty = match kind {
            LitKind::Int => Ty::UNTYPED_INT,
            LitKind::Float => Ty::UNTYPED_FLOAT,
            LitKind::Imaginary => Ty::UNTYPED_COMPLEX,
            LitKind::Rune => Ty::UNTYPED_RUNE,
            LitKind::String | LitKind::RawString => Ty::UNTYPED_STRING,
        };
        let mut x = Operand::constant(value, ty, id, loc);
        self.check_overflow(&mut x, "", loc.span);
        x
    }

    /// The text that a string literal stands for; lossy if it is not UTF-8.
    pub(crate) fn string_literal(&self, id: ExprId) -> Rc<str> {
        let ast = self.ast();
        let Expr::BasicLit(kind) = ast.expr(id) else {
            return "".into();
        };
        match parse_literal(kind, self.source().slice(ast.expr_span(id))) {
            Some(ConstValue::String(bytes)) => String::from_utf8_lossy(&bytes).into(),
            _ => "".into(),
        }
    }
}
