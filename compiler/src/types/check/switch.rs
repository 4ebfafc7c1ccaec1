//! Expression switches and type switches.

use super::Checker;
use super::assign::Tag;
use crate::diagnostics::code;
use crate::types::constant::{ConstValue, Integer};
use crate::types::scope::ObjectKind;
use crate::types::ty::{Loc, Ty};
use crate::types::typed::{self, Block, Stmt, StmtKind, Target, VarId};
use minigo_grammar::ast::{
    self, BranchKind, Expr, ExprId, Ident, Stmt as Syntax, StmtId, StmtList,
};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::Span;
use minigo_grammar::symbol::Symbol;
use rustc_hash::FxHashMap;

impl Checker<'_> {
    pub(super) fn switch_stmt(
        &mut self,
        loc: Loc,
        label: Option<Symbol>,
        init: Option<StmtId>,
        tag: Option<ExprId>,
        clauses: ast::CaseList,
        out: &mut Vec<Stmt>,
    ) {
        let ast = self.ast();
        self.cx.scopes.open();
        let mut init = self.init_stmt(init);
        let has_tag = tag.is_some();
        let tag = tag.and_then(|id| self.switch_tag(id, &mut init));
        let clauses = ast.case_list(clauses);
        self.check_defaults(clauses.iter().map(|c| (c.is_default, c.span)));
        let (target, cases) = self.enclosed(label, false, |checker| {
            let mut seen = FxHashMap::default();
            let mut cases = Vec::with_capacity(clauses.len());
            for clause in clauses {
                let mut conds = Vec::with_capacity(clause.exprs.len());
                for &value in ast.expr_list(clause.exprs) {
                    if has_tag && tag.is_none() {
                        checker.single_value(value, None);
                        continue;
                    }
                    let Some((cond, constant)) = checker.case_condition(tag.as_ref(), value) else {
                        continue;
                    };
                    conds.push(cond);
                    if let Some((constant, ty)) = constant {
                        checker.check_duplicate_case(&mut seen, constant, ty, value);
                    }
                }
                let body = checker.scoped_list(clause.body);
                cases.push(typed::Case {
                    conds,
                    default: clause.is_default,
                    body,
                    fallthrough: ends_in_fallthrough(ast, clause.body),
                    loc: checker.loc(clause.span),
                });
            }
            cases
        });
        self.close_scope();
        let kind = StmtKind::Switch(Box::new(typed::Switch { target, cases }));
        Self::with_init(init, kind, loc, out);
    }

    /// Evaluates the tag of a switch into a variable.
    pub(super) fn switch_tag(&mut self, id: ExprId, out: &mut Vec<Stmt>) -> Option<Tag> {
        let operand = self.single_value(id, None);
        if !operand.is_valid() {
            return None;
        }
        let loc = self.loc(self.ast().expr_span(id));
        let text = self.describe(&operand);
        let value = self.default_value(operand, "switch expression")?;
        let ty = value.ty;
        if !self.types.comparable(ty, true) && !self.types.has_nil(ty) {
            let ty = self.type_string(ty);
            self.error(
                code::BAD_SWITCH,
                loc.span,
                format!("cannot switch on {text} ({ty} is not comparable)"),
            );
            return None;
        }
        let var = self.new_var(self.empty.clone(), ty, loc);
        out.push(Stmt {
            kind: StmtKind::Assign {
                targets: vec![Target::Define(var)],
                values: vec![value],
            },
            loc,
        });
        Some(Tag { var, ty, id })
    }

    pub(super) fn check_duplicate_case(
        &mut self,
        seen: &mut FxHashMap<(ConstKey, Ty), Span>,
        value: ConstValue,
        ty: Ty,
        id: ExprId,
    ) {
        let key = match value {
            ConstValue::Int(value) => ConstKey::Int(value),
            ConstValue::Float(value) => ConstKey::Float(value),
            ConstValue::String(value) => ConstKey::String((*value).into()),
            ConstValue::Bool(_) | ConstValue::Complex(..) | ConstValue::Huge(_) => return,
        };
        let span = self.ast().expr_span(id);
        if let Some(&first) = seen.get(&(key.clone(), ty)) {
            let operand = self.single_value(id, Some(ty));
            let text = self.case_string(operand, ty);
            let place = self.place(self.loc(first));
            self.report(
                Diagnostic::error(
                    code::DUPLICATE_CASE,
                    span,
                    format!("duplicate case {text} in expression switch"),
                )
                .with_continuation(format!("{place}: previous case"))
                .with_label(first, "previous case"),
            );
            return;
        }
        seen.insert((key, ty), span);
    }

    /// The operand as it reads after its conversion to the switch's type.
    pub(super) fn case_string(&mut self, mut operand: super::Operand, ty: Ty) -> String {
        operand.ty = ty;
        self.describe(&operand)
    }

    pub(super) fn check_defaults(&mut self, clauses: impl Iterator<Item = (bool, Span)>) {
        let mut first: Option<Span> = None;
        for (_, span) in clauses.filter(|(is_default, _)| *is_default) {
            match first {
                None => first = Some(span),
                Some(first) => {
                    let place = self.place(self.loc(first));
                    self.report(
                        Diagnostic::error(
                            code::DUPLICATE_DEFAULT,
                            span,
                            format!("multiple defaults (first at {place})"),
                        )
                        .with_label(first, "first default"),
                    );
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of the statement")]
    pub(super) fn type_switch_stmt(
        &mut self,
        loc: Loc,
        label: Option<Symbol>,
        init: Option<StmtId>,
        bind: Option<Ident>,
        x: ExprId,
        clauses: ast::CaseList,
        out: &mut Vec<Stmt>,
    ) {
        let ast = self.ast();
        self.cx.scopes.open();
        let mut init = self.init_stmt(init);
        let bind = match bind {
            Some(name) if name.name.is_blank() => {
                self.error(
                    code::NO_NEW_VARS,
                    name.span,
                    "no new variable on left side of :=",
                );
                None
            }
            bind => bind,
        };
        let operand = self.type_switch_operand(x, &mut init);
        let clauses = ast.case_list(clauses);
        self.check_defaults(clauses.iter().map(|c| (c.is_default, c.span)));
        let (target, (cases, used)) = self.enclosed(label, false, |checker| {
            let mut seen = FxHashMap::default();
            let mut cases = Vec::with_capacity(clauses.len());
            let mut any_used = clauses.is_empty() && bind.is_none();
            for clause in clauses {
                let ids = ast.expr_list(clause.exprs);
                let types = checker.case_types(operand.as_ref(), ids, &mut seen);
                let var_ty = match (types.as_slice(), ids.len()) {
                    ([Some(ty)], 1) => *ty,
                    // What is wrong with the type was reported.
                    ([], 1) => Ty::INVALID,
                    _ => operand.as_ref().map_or(Ty::INVALID, |operand| operand.ty),
                };
                checker.cx.scopes.open();
                let var = bind.map(|name| checker.declare_var(name, var_ty));
                let object = bind.and_then(|name| checker.cx.scopes.lookup_innermost(name.name));
                let mut stmts = Vec::with_capacity(clause.body.len());
                checker.stmt_list(clause.body, &mut stmts);
                let mut used = false;
                if let Some(object) = object {
                    used = std::mem::replace(&mut checker.objects[object].used, true);
                    any_used |= used;
                }
                checker.close_scope();
                cases.push(typed::TypeCase {
                    types,
                    default: clause.is_default,
                    var: var.filter(|_| used),
                    body: Block { stmts },
                    loc: checker.loc(clause.span),
                });
            }
            (cases, any_used)
        });
        if let (Some(name), false) = (bind, used) {
            let text = self.symbols.name(name.name);
            self.error(
                code::UNUSED_VARIABLE,
                name.span,
                format!("{text} declared and not used"),
            );
        }
        self.close_scope();
        if let Some(operand) = operand {
            let kind = StmtKind::TypeSwitch(Box::new(typed::TypeSwitch {
                target,
                x: operand.var,
                cases,
            }));
            Self::with_init(init, kind, loc, out);
        }
    }

    pub(super) fn type_switch_operand(&mut self, x: ExprId, out: &mut Vec<Stmt>) -> Option<Guard> {
        let operand = self.single_value(x, None);
        if !operand.is_valid() {
            return None;
        }
        let text = self.describe(&operand);
        let loc = self.loc(self.ast().expr_span(x));
        if self.types.is_type_param(operand.ty) {
            let message = format!("cannot use type switch on type parameter value {text}");
            self.error(code::BAD_SWITCH, loc.span, message);
            return None;
        }
        if !self.types.is_interface(operand.ty) {
            self.error(
                code::BAD_SWITCH,
                loc.span,
                format!("{text} is not an interface"),
            );
            return None;
        }
        let ty = operand.ty;
        let value = self.default_value(operand, "type switch")?;
        let var = self.new_var(self.empty.clone(), ty, loc);
        out.push(Stmt {
            kind: StmtKind::Assign {
                targets: vec![Target::Define(var)],
                values: vec![value],
            },
            loc,
        });
        Some(Guard { var, ty, text })
    }

    /// The types of a clause; `nil` is None.
    pub(super) fn case_types(
        &mut self,
        guard: Option<&Guard>,
        ids: &[ExprId],
        seen: &mut FxHashMap<Option<Ty>, Span>,
    ) -> Vec<Option<Ty>> {
        let ast = self.ast();
        let mut types = Vec::with_capacity(ids.len());
        for &id in ids {
            let span = ast.expr_span(id);
            let is_nil = match ast.expr(ast.unparen(id)) {
                Expr::Ident(name) => self
                    .lookup(name)
                    .is_some_and(|object| matches!(self.objects[object].kind, ObjectKind::Nil)),
                _ => false,
            };
            let ty = if is_nil {
                None
            } else {
                match self.type_expr(id) {
                    Ty::INVALID => continue,
                    ty => Some(ty),
                }
            };
            if let Some(&first) = seen.get(&ty) {
                let text = ty.map_or("nil".to_string(), |ty| self.type_string(ty));
                let place = self.place(self.loc(first));
                self.report(
                    Diagnostic::error(
                        code::DUPLICATE_CASE,
                        span,
                        format!("duplicate case {text} in type switch"),
                    )
                    .with_continuation(format!("{place}: previous case"))
                    .with_label(first, "previous case"),
                );
                continue;
            }
            seen.insert(ty, span);
            if let (Some(guard), Some(ty)) = (guard, ty)
                && !self.types.is_interface(ty)
                && let Some(cause) = self.missing_method(ty, guard.ty, false)
            {
                let (case, dynamic) = (self.expr_string(id), self.type_string(ty));
                self.error(
                    code::IMPOSSIBLE_ASSERT,
                    span,
                    format!(
                        "impossible type switch case: {case}\n\t{} cannot have dynamic type {dynamic} {cause}",
                        guard.text
                    ),
                );
                continue;
            }
            types.push(ty);
        }
        types
    }
}

/// The operand of a type switch, kept in a variable.
pub(super) struct Guard {
    var: VarId,
    ty: Ty,
    /// As messages describe it.
    text: String,
}

/// A constant that can be looked up.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum ConstKey {
    Int(Integer),
    Float(Box<num_rational::BigRational>),
    String(Box<[u8]>),
}

/// The last statement that is not empty is `fallthrough`.
fn ends_in_fallthrough(ast: &ast::Ast, list: StmtList) -> bool {
    let last = ast
        .stmt_list(list)
        .iter()
        .rev()
        .map(|&id| ast.stmt(id))
        .find(|stmt| !matches!(stmt, Syntax::Empty));
    matches!(
        last,
        Some(Syntax::Branch {
            kind: BranchKind::Fallthrough,
            ..
        })
    )
}
