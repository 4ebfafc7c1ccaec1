//! Assignments and initialisations.

use super::{Checker, Operand};
use crate::types::ty::Ty;
use crate::types::typed::{self, Stmt, VarId};
use minigo_grammar::ast::{AssignOp, ExprId, ExprList, Ident, IdentList};
use minigo_grammar::source::Span;

/// The tag of an expression switch, kept in a variable.
pub(crate) struct Tag {
    pub(crate) var: VarId,
    pub(crate) ty: Ty,
    /// As written.
    pub(crate) id: ExprId,
}

/// What is initialised by [`Checker::init_values`]: a variable or a result.
pub(crate) struct InitTarget {
    /// None for unnamed results.
    pub(crate) name: Option<Ident>,
    /// None: the type of its value.
    pub(crate) ty: Option<Ty>,
}

/// The checked right side of an initialisation.
pub(crate) enum Values {
    /// Something was wrong and was reported.
    Invalid,
    /// As many as targets, converted to their types.
    Single(Vec<typed::Expr>),
    /// One call or comma-ok form for all targets: its expression (of tuple type) and the type for each target.
    Tuple(typed::Expr, Vec<Ty>),
}

impl Checker<'_> {
    /// Converts a value implicitly to `target`, or reports "cannot use … as … value in {context}".
    pub(crate) fn assign_to(
        &mut self,
        _x: Operand,
        _target: Ty,
        _context: &str,
    ) -> Option<typed::Expr> {
        None
    }

    /// Checks the values of a variable declaration, of a package-level variable, or (`at` is the statement) of a return.
    pub(crate) fn init_values(
        &mut self,
        _targets: &[InitTarget],
        _values: ExprList,
        _at: Option<Span>,
    ) -> Values {
        Values::Invalid
    }

    /// `lhs op rhs` for `=`, `:=` and `op=`; appends what it becomes.
    pub(crate) fn assign_stmt(
        &mut self,
        _span: Span,
        _lhs: ExprList,
        _op: AssignOp,
        _op_pos: u32,
        _rhs: ExprList,
        _out: &mut Vec<Stmt>,
    ) {
    }

    /// `x++`, `x--`.
    pub(crate) fn inc_dec(
        &mut self,
        _span: Span,
        _x: ExprId,
        _inc: bool,
        _op_pos: u32,
        _out: &mut Vec<Stmt>,
    ) {
    }

    /// A local `var` line: checks, declares, appends.
    pub(crate) fn local_var_decl(
        &mut self,
        _span: Span,
        _names: IdentList,
        _ty: Option<Ty>,
        _values: ExprList,
        _out: &mut Vec<Stmt>,
    ) {
    }

    /// The target of `for lhs = range …` and of `case lhs = <-ch`, given the type of the values it gets;
    /// `context` as in "range clause", "assignment".
    pub(crate) fn assign_target(
        &mut self,
        _lhs: ExprId,
        _value: Ty,
        _context: &str,
    ) -> Option<typed::Target> {
        None
    }
}
