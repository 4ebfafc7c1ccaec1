//! Assignments and initialisations: which value goes to which variable, and what it becomes on the way.

use minigo_grammar::ast::{self, AssignOp, ExprId, ExprList, Ident, IdentList};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::Span;
use minigo_grammar::symbol::Symbol;

use super::binary::Operation;
use super::builtin::inc_dec_op;
use super::call::Operands;
use super::{Checker, Mode, Operand, Source};
use crate::diagnostics::code;
use crate::types::scope::ObjectKind;
use crate::types::ty::{Loc, Ty, Type};
use crate::types::typed::{self, Expr, ExprKind, Stmt, StmtKind, Target, VarId};
use rustc_hash::FxHashSet;
use smallvec::smallvec;
use std::rc::Rc;

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

/// What stands right of an assignment when it is one expression for several variables.
struct Multi {
    /// One operand a value.
    parts: Operands,
    /// The expression that gives them all, of tuple type; none if there is only one value.
    whole: Option<Box<Expr>>,
}

/// The left side of an assignment.
struct Left {
    target: Target,
    /// None for `_`.
    ty: Option<Ty>,
}

impl Checker<'_> {
    /// Checks the values of a variable declaration, of a package-level variable, or (`at` is the statement) of a return.
    pub(crate) fn init_values(
        &mut self,
        targets: &[InitTarget],
        ids: &[ExprId],
        at: Option<Span>,
    ) -> Values {
        match at {
            Some(span) => {
                self.init_list(targets, ids, Some(span), "return statement")
                    .0
            }
            None => self.declaration_values(targets, ids).0,
        }
    }

    /// The values of `var` lines, and the types of the variables.
    pub(super) fn declaration_values(
        &mut self,
        targets: &[InitTarget],
        ids: &[ExprId],
    ) -> (Values, Vec<Ty>) {
        let (wanted, given) = (targets.len(), ids.len());
        if given == 1 && wanted > 1 {
            return self.init_list(targets, ids, None, "multiple assignment");
        }
        let common = wanted.min(given);
        let (values, mut tys) =
            self.init_each(&targets[..common], &ids[..common], "variable declaration");
        if given == wanted {
            return (values, tys);
        }
        if let Some(&extra) = ids.get(wanted) {
            let (text, span) = (self.expr_string(extra), self.ast().expr_span(extra));
            self.error(code::ASSIGN_COUNT, span, format!("extra init expr {text}"));
        } else if let Some(name) = targets.get(given).and_then(|target| target.name) {
            let text = self.symbols.name(name.name);
            self.error(
                code::ASSIGN_COUNT,
                name.span,
                format!("missing init expr for {text}"),
            );
        }
        tys.extend(
            targets[common..]
                .iter()
                .map(|target| target.ty.unwrap_or(Ty::INVALID)),
        );
        (Values::Invalid, tys)
    }

    /// As many values as targets.
    fn init_each(
        &mut self,
        targets: &[InitTarget],
        ids: &[ExprId],
        context: &str,
    ) -> (Values, Vec<Ty>) {
        let mut list = Vec::with_capacity(ids.len());
        let mut tys = Vec::with_capacity(ids.len());
        for (target, &id) in targets.iter().zip(ids) {
            let mut x = self.generic_value(id, target.ty);
            tys.push(self.init_one(target, &mut x, context));
            if x.is_valid() {
                list.push(*x.take_tree());
            }
        }
        let complete = list.len() == ids.len();
        (
            if complete {
                Values::Single(list)
            } else {
                Values::Invalid
            },
            tys,
        )
    }

    /// Converts a value to the type of its target; the type is that of the target, or if it has none that of the value.
    fn init_one(&mut self, target: &InitTarget, x: &mut Operand, context: &str) -> Ty {
        if !x.is_valid() || x.ty == Ty::INVALID || target.ty == Some(Ty::INVALID) {
            x.invalidate();
            return target.ty.unwrap_or(Ty::INVALID);
        }
        self.assignment(x, target.ty, context);
        target
            .ty
            .unwrap_or(if x.is_valid() { x.ty } else { Ty::INVALID })
    }

    /// Values for variables or results, in any of the forms; also the types of the targets.
    pub(super) fn init_list(
        &mut self,
        targets: &[InitTarget],
        ids: &[ExprId],
        return_at: Option<Span>,
        context: &str,
    ) -> (Values, Vec<Ty>) {
        let (wanted, given) = (targets.len(), ids.len());
        let is_call = given == 1 && self.is_call(ids[0]);
        if wanted == given && !is_call {
            return self.init_each(targets, ids, context);
        }
        let unknown = || {
            targets
                .iter()
                .map(|target| target.ty.unwrap_or(Ty::INVALID))
                .collect()
        };
        if given != 1 {
            if self.use_exprs(ids) {
                match return_at {
                    Some(span) => {
                        let parts: Operands =
                            ids.iter().map(|&id| self.generic_value(id, None)).collect();
                        self.report_return_count(span, targets, &parts);
                    }
                    None => self.report_assign_count(ids, wanted, given),
                }
            }
            return (Values::Invalid, unknown());
        }
        let mut multi = self.multi_value(ids[0], wanted == 2 && return_at.is_none());
        if multi.parts.len() != wanted {
            if multi.parts.iter().all(Operand::is_valid) {
                match return_at {
                    Some(span) => self.report_return_count(span, targets, &multi.parts),
                    None => self.report_assign_count(ids, wanted, multi.parts.len()),
                }
            }
            return (Values::Invalid, unknown());
        }
        let mut tys = Vec::with_capacity(wanted);
        let mut ok = true;
        for (target, x) in targets.iter().zip(&mut multi.parts) {
            tys.push(self.init_one(target, x, context));
            ok &= x.is_valid();
        }
        if !ok {
            return (Values::Invalid, tys);
        }
        let values = match multi.whole {
            Some(whole) => Values::Tuple(*whole, tys.clone()),
            None => Values::Single(multi.parts.iter_mut().map(|x| *x.take_tree()).collect()),
        };
        (values, tys)
    }

    fn is_call(&self, id: ExprId) -> bool {
        matches!(
            self.ast().expr(self.ast().unparen(id)),
            ast::Expr::Call { .. }
        )
    }

    /// One expression for one or more variables; with `comma_ok` a form that can gives its second value, too.
    fn multi_value(&mut self, id: ExprId, comma_ok: bool) -> Multi {
        let mut x = self.generic_expr(id, None);
        self.require_value(&mut x);
        let loc = x.loc;
        if !x.is_valid() {
            return Multi {
                parts: smallvec![x],
                whole: None,
            };
        }
        if let Type::Tuple(tys) = self.types.get(x.ty).clone() {
            let part = |(i, ty): (usize, &Ty)| part_operand(*ty, &function_result(i), id, loc);
            let parts = tys.iter().enumerate().map(part).collect();
            return Multi {
                parts,
                whole: Some(x.take_tree()),
            };
        }
        if !comma_ok || !matches!(x.mode, Mode::MapIndex | Mode::CommaOk) {
            return Multi {
                parts: smallvec![x],
                whole: None,
            };
        }
        let mut first = part_operand(x.ty, "", id, loc);
        first.source = Source::Expr(id);
        first.mode = x.mode;
        let second = part_operand(
            Ty::UNTYPED_BOOL,
            "ok value of (comma, ok) expression",
            id,
            loc,
        );
        let ty = self.types.intern(Type::Tuple(Rc::new([x.ty, Ty::BOOL])));
        let tree = x.take_tree();
        let kind = match tree.kind {
            ExprKind::MapIndex { map, key } => ExprKind::MapIndexOk { map, key },
            ExprKind::TypeAssert(inner) => ExprKind::TypeAssertOk(inner),
            ExprKind::Recv(inner) => ExprKind::RecvOk(inner),
            other => other,
        };
        Multi {
            parts: smallvec![first, second],
            whole: Some(Box::new(Expr { ty, loc, kind })),
        }
    }

    fn report_assign_count(&mut self, ids: &[ExprId], wanted: usize, given: usize) {
        let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let (variables, values) = (count(wanted, "variable"), count(given, "value"));
        let Some(&first) = ids.first() else { return };
        let span = self.ast().expr_span(first);
        let message = match self.ast().expr(self.ast().unparen(first)) {
            ast::Expr::Call { fun, .. } if ids.len() == 1 => {
                let text = self.expr_string(fun);
                format!("assignment mismatch: {variables} but {text} returns {values}")
            }
            _ => format!("assignment mismatch: {variables} but {values}"),
        };
        self.error(code::ASSIGN_COUNT, span, message);
    }

    fn report_return_count(&mut self, at: Span, targets: &[InitTarget], parts: &[Operand]) {
        let (wanted, given) = (targets.len(), parts.len());
        let (span, qualifier) = match parts.get(wanted) {
            Some(extra) => (extra.loc.span, "too many"),
            None => (parts.last().map_or(at, |last| last.loc.span), "not enough"),
        };
        debug_assert_ne!(wanted, given);
        let have: Vec<Ty> = parts.iter().map(|x| x.ty).collect();
        let want: Vec<Ty> = targets
            .iter()
            .map(|target| target.ty.unwrap_or(Ty::INVALID))
            .collect();
        let diagnostic = Diagnostic::error(
            code::RETURN_COUNT,
            span,
            format!("{qualifier} return values"),
        )
        .with_continuation(format!("have {}", self.types_summary(&have, false, false)))
        .with_continuation(format!("want {}", self.types_summary(&want, false, false)));
        self.report(diagnostic);
    }

    /// `lhs op rhs` for `=`, `:=` and `op=`; appends what it becomes.
    pub(crate) fn assign_stmt(
        &mut self,
        span: Span,
        lhs: ExprList,
        op: AssignOp,
        op_pos: u32,
        rhs: ExprList,
        out: &mut Vec<Stmt>,
    ) {
        let (left, right) = (self.ast().expr_list(lhs), self.ast().expr_list(rhs));
        let loc = self.loc(span);
        match op {
            AssignOp::Assign => self.assign(loc, left, right, out),
            AssignOp::Define => self.define(loc, left, op_pos, right, out),
            AssignOp::Op(op) => {
                let ([left], [right]) = (left, right) else {
                    let text = op.text();
                    let message =
                        format!("assignment operation {text}= requires single-valued expressions");
                    self.error(code::ASSIGN_COUNT, span, message);
                    return;
                };
                let y = self.single_value(*right, None);
                self.op_assign(
                    loc,
                    *left,
                    y,
                    Operation {
                        op,
                        op_pos,
                        whole: None,
                    },
                    out,
                );
            }
        }
    }

    /// `x op= y`.
    fn op_assign(
        &mut self,
        loc: Loc,
        left: ExprId,
        y: Operand,
        operation: Operation,
        out: &mut Vec<Stmt>,
    ) {
        let x = self.single_value(left, None);
        if !x.is_valid() || !y.is_valid() {
            return;
        }
        let (mode, source, ty) = (x.mode, x.source.clone(), x.ty);
        let mut result = x;
        self.binary(&mut result, y, operation);
        if !result.is_valid() {
            return;
        }
        let checked = Operand {
            mode,
            source,
            ..Operand::new(mode, ty, left, self.expr_loc(left))
        };
        if !self.check_assignable_place(&checked, left) || self.types.is_untyped(ty) {
            return;
        }
        if let ExprKind::Binary { op, x, y } = result.take_tree().kind {
            let kind = StmtKind::OpAssign {
                op,
                target: *x,
                value: *y,
            };
            out.push(Stmt { kind, loc });
        }
    }

    /// `x++`, `x--`.
    pub(crate) fn inc_dec(
        &mut self,
        span: Span,
        x: ExprId,
        inc: bool,
        op_pos: u32,
        out: &mut Vec<Stmt>,
    ) {
        let loc = self.loc(span);
        let mut operand = self.single_value(x, None);
        if !operand.is_valid() {
            return;
        }
        if !self.types.all_numeric(operand.ty) {
            let (text, ty) = (self.expr_string(x), self.type_string(operand.ty));
            let sign = if inc { "++" } else { "--" };
            let message = format!("invalid operation: {text}{sign} (non-numeric type {ty})");
            let at = self.ast().expr_span(x).to(Span::new(op_pos, op_pos + 2));
            self.error(code::INVALID_OPERATION, at, message);
            return;
        }
        if !self.check_assignable_place(&operand, x) {
            return;
        }
        let mut one = self.one(x);
        self.convert_untyped(&mut one, operand.ty);
        if one.is_valid() {
            let (target, value) = (*operand.take_tree(), *one.take_tree());
            out.push(Stmt {
                kind: StmtKind::OpAssign {
                    op: inc_dec_op(inc),
                    target,
                    value,
                },
                loc,
            });
        }
    }

    /// Whether an operand can stand left of an assignment; reports it if not.
    fn check_assignable_place(&mut self, x: &Operand, id: ExprId) -> bool {
        if matches!(x.mode, Mode::Variable | Mode::MapIndex) {
            return true;
        }
        let text = self.expr_string(id);
        let mut message =
            format!("cannot assign to {text} (neither addressable nor a map index expression)");
        if let ast::Expr::Selector { x: inner, .. } = self.ast().expr(self.ast().unparen(id)) {
            // Checked before without error.
            if self.expr(inner, None).mode == Mode::MapIndex {
                message = format!("cannot assign to struct field {text} in map");
            }
        }
        self.error(code::NOT_ASSIGNABLE, x.loc.span, message);
        false
    }

    /// The left side of an assignment. A variable there does not count as used.
    fn left(&mut self, id: ExprId) -> Option<Left> {
        let mut kept = None;
        if let ast::Expr::Ident(name) = self.ast().expr(self.ast().unparen(id)) {
            if name.is_blank() {
                return Some(Left {
                    target: Target::Blank,
                    ty: None,
                });
            }
            kept = self
                .lookup(name)
                .map(|object| (object, self.objects[object].used));
        }
        let mut x = self.single_value(id, None);
        if let Some((object, used)) = kept
            && matches!(self.objects[object].kind, ObjectKind::Var { .. })
        {
            self.objects[object].used = used;
        }
        if !x.is_valid() || x.ty == Ty::INVALID || !self.check_assignable_place(&x, id) {
            return None;
        }
        let ty = x.ty;
        Some(Left {
            target: Target::Place(*x.take_tree()),
            ty: Some(ty),
        })
    }

    /// A variable that something is assigned to later; None for `_` and what was reported.
    pub(crate) fn single_place(&mut self, id: ExprId) -> Option<typed::Expr> {
        match self.left(id)?.target {
            Target::Place(place) => Some(place),
            Target::Blank | Target::Define(_) => None,
        }
    }

    /// `lhs = rhs`.
    fn assign(&mut self, loc: Loc, left: &[ExprId], right: &[ExprId], out: &mut Vec<Stmt>) {
        let context = if left.len() > 1 {
            "multiple assignment"
        } else {
            "assignment"
        };
        let blank_context = if left.len() > 1 {
            context
        } else {
            "assignment to _ identifier"
        };
        let is_call = right.len() == 1 && self.is_call(right[0]);
        if left.len() == right.len() && !is_call {
            let mut targets = Vec::with_capacity(left.len());
            let mut values = Vec::with_capacity(left.len());
            for (&left, &right) in left.iter().zip(right) {
                let Some(Left { target, ty }) = self.left(left) else {
                    self.use_exprs(&[right]);
                    continue;
                };
                let mut x = self.generic_value(right, ty);
                self.assignment(
                    &mut x,
                    ty,
                    if ty.is_none() { blank_context } else { context },
                );
                if x.is_valid() {
                    targets.push(target);
                    values.push(*x.take_tree());
                }
            }
            if targets.len() == left.len() {
                out.push(Stmt {
                    kind: StmtKind::Assign { targets, values },
                    loc,
                });
            }
            return;
        }
        if right.len() != 1 {
            let mut ok = true;
            for &left in left {
                ok &= self.left(left).is_some();
            }
            if self.use_exprs(right) && ok {
                self.report_assign_count(right, left.len(), right.len());
            }
            return;
        }
        let mut multi = self.multi_value(right[0], left.len() == 2);
        if multi.parts.len() != left.len() {
            if multi.parts.iter().all(Operand::is_valid) {
                self.report_assign_count(right, left.len(), multi.parts.len());
            }
            for &left in left {
                self.left(left);
            }
            return;
        }
        let mut targets = Vec::with_capacity(left.len());
        for (&left, x) in left.iter().zip(&mut multi.parts) {
            let Some(Left { target, ty }) = self.left(left) else {
                continue;
            };
            self.assignment(x, ty, if ty.is_none() { blank_context } else { context });
            if x.is_valid() {
                targets.push(target);
            }
        }
        if targets.len() != left.len() {
            return;
        }
        let kind = match multi.whole {
            Some(whole) => StmtKind::AssignTuple {
                targets,
                value: *whole,
            },
            None => {
                let values = multi.parts.iter_mut().map(|x| *x.take_tree()).collect();
                StmtKind::Assign { targets, values }
            }
        };
        out.push(Stmt { kind, loc });
    }

    /// `lhs := rhs`.
    fn define(
        &mut self,
        loc: Loc,
        left: &[ExprId],
        op_pos: u32,
        right: &[ExprId],
        out: &mut Vec<Stmt>,
    ) {
        let mut seen: FxHashSet<Symbol> = FxHashSet::default();
        let mut known: Vec<Option<Target>> = Vec::with_capacity(left.len());
        let mut targets = Vec::with_capacity(left.len());
        let mut new = 0;
        let mut failed = false;
        for &id in left {
            let span = self.ast().expr_span(id);
            let ast::Expr::Ident(name) = self.ast().expr(id) else {
                if !matches!(self.ast().expr(id), ast::Expr::Bad) {
                    let text = self.expr_string(id);
                    let message = format!("non-name {text} on left side of :=");
                    self.error(code::NOT_ASSIGNABLE, span, message);
                }
                self.use_exprs(&[id]);
                failed = true;
                known.push(Some(Target::Blank));
                targets.push(InitTarget {
                    name: None,
                    ty: None,
                });
                continue;
            };
            let ident = Ident { name, span };
            let mut target = InitTarget {
                name: Some(ident),
                ty: None,
            };
            let mut place = None;
            if name.is_blank() {
                place = Some(Target::Blank);
            } else if seen.contains(&name) {
                let text = self.symbols.name(name);
                self.error(
                    code::REDECLARED,
                    span,
                    format!("{text} repeated on left side of :="),
                );
                failed = true;
                place = Some(Target::Blank);
            } else if let Some(object) = self.cx.scopes.lookup_innermost(name) {
                seen.insert(name);
                match self.objects[object].kind {
                    ObjectKind::Var { var, ty } => {
                        target.ty = Some(ty);
                        let kind = ExprKind::Var(var);
                        place = Some(Target::Place(Expr {
                            ty,
                            loc: self.loc(span),
                            kind,
                        }));
                    }
                    _ => {
                        let text = self.symbols.name(name);
                        self.error(
                            code::NOT_ASSIGNABLE,
                            span,
                            format!("cannot assign to {text}"),
                        );
                        failed = true;
                        place = Some(Target::Blank);
                    }
                }
            } else {
                if let &[value] = right
                    && let ast::Expr::Ident(copied) = self.ast().expr(value)
                    && copied == name
                    && left.len() == 1
                {
                    self.note_copy(ident);
                }
                seen.insert(name);
                new += 1;
            }
            known.push(place);
            targets.push(target);
        }
        let context = if left.len() > 1 {
            "multiple assignment"
        } else {
            "assignment"
        };
        let (values, tys) = self.init_list(&targets, right, None, context);
        if new == 0 && !failed {
            let at = Span::new(op_pos, op_pos + 2);
            self.error(code::NO_NEW_VARS, at, "no new variables on left side of :=");
        }
        let targets = known
            .into_iter()
            .zip(&targets)
            .zip(&tys)
            .map(|((place, target), &ty)| match (place, target.name) {
                (Some(place), _) => place,
                (None, Some(name)) => {
                    let var = self.declare_var(name, ty);
                    self.keep_unused(name, left.len() == right.len());
                    Target::Define(var)
                }
                (None, None) => Target::Blank,
            })
            .collect();
        self.push_init(loc, targets, values, out);
    }

    /// Of `i := i`, notes that it copies a loop's variable, if it does.
    fn note_copy(&mut self, copy: Ident) {
        if let Some(outer) = self.cx.scopes.lookup(copy.name)
            && (self.cx.func.loop_variables).contains(&self.objects[outer].loc.span)
        {
            self.cx.func.copies.insert(copy.span);
        }
    }

    /// A variable whose own value is wrong is still unused; after a mismatch of counts nobody can tell.
    fn keep_unused(&mut self, name: Ident, counts_agree: bool) {
        if counts_agree && let Some(object) = self.cx.scopes.lookup_innermost(name.name) {
            self.objects[object].used = false;
        }
    }

    /// Appends the assignment of checked values.
    pub(super) fn push_init(
        &mut self,
        loc: Loc,
        targets: Vec<Target>,
        values: Values,
        out: &mut Vec<Stmt>,
    ) {
        let kind = match values {
            Values::Invalid => return,
            Values::Single(values) => StmtKind::Assign { targets, values },
            Values::Tuple(value, _) => StmtKind::AssignTuple { targets, value },
        };
        out.push(Stmt { kind, loc });
    }

    /// A local `var` line: checks, declares, appends.
    pub(crate) fn local_var_decl(
        &mut self,
        span: Span,
        names: IdentList,
        ty: Option<Ty>,
        values: ExprList,
        out: &mut Vec<Stmt>,
    ) {
        let names = self.ast().ident_list(names);
        let loc = self.loc(span);
        if values.is_empty() {
            let ty = ty.unwrap_or(Ty::INVALID);
            for &name in names {
                let var = self.declare_var(name, ty);
                out.push(Stmt {
                    kind: StmtKind::Zero(var),
                    loc,
                });
            }
            return;
        }
        let targets: Vec<InitTarget> = names
            .iter()
            .map(|&name| InitTarget {
                name: Some(name),
                ty,
            })
            .collect();
        let ids = self.ast().expr_list(values);
        let (values, tys) = self.declaration_values(&targets, ids);
        let targets = names
            .iter()
            .zip(tys)
            .map(|(&name, ty)| {
                let var = self.declare_var(name, ty);
                self.keep_unused(name, names.len() == ids.len());
                Target::Define(var)
            })
            .collect();
        self.push_init(loc, targets, values, out);
    }

    /// The target of `for lhs = range …` and of `case lhs = <-ch`, given the type of the values it gets;
    /// `context` as in "range clause", "assignment".
    pub(crate) fn assign_target(
        &mut self,
        lhs: ExprId,
        value: Ty,
        context: &str,
    ) -> Option<Target> {
        let Left { target, ty } = self.left(lhs)?;
        let loc = self.expr_loc(lhs);
        let mut x = part_operand(value, "", lhs, loc);
        x.source = Source::Expr(lhs);
        self.assignment(&mut x, ty, context);
        x.is_valid().then_some(target)
    }
}

/// An operand for one of several values; its tree stands for a component of the expression that gives them all.
fn part_operand(ty: Ty, text: &str, id: ExprId, loc: Loc) -> Operand {
    let x = Operand::computed(Mode::Value, ty, ExprKind::Zero, id, loc);
    Operand {
        source: Source::Text(text.into()),
        ..x
    }
}

/// `1st function result` and so on, by index.
pub(super) fn function_result(index: usize) -> String {
    let suffix = match index {
        0 => "st",
        1 => "nd",
        2 => "rd",
        _ => "th",
    };
    format!("{}{suffix} function result", index + 1)
}
