//! Statements and function bodies.

use super::assign::{InitTarget, Tag, Values};
use super::{Checker, LitContext};
use crate::diagnostics::code;
use crate::types::constant::ConstValue;
use crate::types::scope::ObjectKind;
use crate::types::ty::{Loc, Ty, Type};
use crate::types::typed::{self, Block, LitId, Stmt, StmtKind, Target, TargetId, VarId};
use minigo_grammar::ast::{
    self, AssignOp, BranchKind, Expr, ExprId, Ident, SigId, Stmt as Syntax, StmtId, StmtList,
};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::Span;
use minigo_grammar::symbol::Symbol;
use rustc_hash::FxHashMap;

/// A statement around the current one that `break` or `continue` can leave.
#[derive(Clone, Copy)]
pub(crate) struct Enclosing {
    label: Option<Symbol>,
    target: TargetId,
    is_loop: bool,
}

impl<'a> Checker<'a> {
    /// Checks a function literal's body in the current scopes; `ty` is its type.
    pub(crate) fn func_lit(
        &mut self,
        sig: SigId,
        body: ast::Block,
        ty: Ty,
    ) -> Option<typed::FuncCode> {
        self.cx.func.lits += 1;
        let lit = LitId(self.cx.func.lits);
        Some(self.func_code(lit, ty, None, sig, body))
    }

    /// Checks a body. `recv` is the receiver and its type; `ty` is the signature without it.
    pub(super) fn func_code(
        &mut self,
        lit: LitId,
        ty: Ty,
        recv: Option<(ast::Param, Ty)>,
        sig: SigId,
        body: ast::Block,
    ) -> typed::FuncCode {
        let ast = self.ast();
        let signature = ast.sig(sig);
        let (param_types, result_types) = match self.types.get(ty) {
            Type::Func(sig) => (sig.params.clone(), sig.results.clone()),
            _ => (Vec::new(), Vec::new()),
        };
        let goto_labels = self.check_branches(body);
        let context = LitContext {
            id: lit,
            goto_labels,
            ..LitContext::default()
        };
        let saved = std::mem::replace(&mut self.cx.func.lit, context);
        self.cx.scopes.open();
        let mut params = Vec::with_capacity(param_types.len() + 1);
        if let Some((param, ty)) = recv {
            params.push(self.declare_param(&param, ty));
        }
        for (param, ty) in ast.param_list(signature.params).iter().zip(param_types) {
            params.push(self.declare_param(param, ty));
        }
        let mut results = Vec::with_capacity(result_types.len());
        let mut named_results = false;
        let has_results = !result_types.is_empty();
        for (param, ty) in ast.param_list(signature.results).iter().zip(result_types) {
            named_results |= param.name.is_some();
            results.push(self.declare_param(param, ty));
        }
        self.cx.func.lit.results = results.clone();
        self.cx.func.lit.named_results = named_results;
        let mut stmts = Vec::with_capacity(body.stmts.len());
        self.stmt_list(body.stmts, &mut stmts);
        let end = Span::new(body.rbrace(), body.span.end);
        if has_results && !self.is_terminating_list(body.stmts) {
            self.error(code::MISSING_RETURN, end, "missing return");
        }
        self.close_scope();
        let mut context = std::mem::replace(&mut self.cx.func.lit, saved);
        context.unused.sort_by_key(|name| name.span);
        for name in context.unused {
            let text = self.symbols.name(name.name);
            let message = format!("declared and not used: {text}");
            self.error(code::UNUSED_VARIABLE, name.span, message);
        }
        typed::FuncCode {
            lit,
            sig: ty,
            params,
            results,
            named_results,
            body: Block { stmts },
            has_defer: context.has_defer,
            has_recover: context.has_recover,
            end: self.loc(end),
        }
    }

    fn declare_param(&mut self, param: &ast::Param, ty: Ty) -> VarId {
        match param.name {
            Some(name) => {
                let var = self.declare_var(name, ty);
                if let Some(object) = self.cx.scopes.lookup_innermost(name.name) {
                    self.objects[object].used = true;
                }
                var
            }
            None => {
                let loc = self.loc(self.ast().expr_span(param.ty));
                self.new_var("".into(), ty, loc)
            }
        }
    }

    /// Closes the innermost block and notes its unused variables.
    pub(super) fn close_scope(&mut self) {
        for object in self.cx.scopes.close() {
            let object = &self.objects[object];
            if !object.used && matches!(object.kind, ObjectKind::Var { .. }) {
                let (name, span) = (object.name, object.loc.span);
                self.cx.func.lit.unused.push(Ident { name, span });
            }
        }
    }

    pub(super) fn stmt_list(&mut self, list: StmtList, out: &mut Vec<Stmt>) {
        for &stmt in self.ast().stmt_list(list) {
            self.stmt(stmt, None, out);
        }
    }

    /// A block with a scope of its own.
    fn block(&mut self, block: ast::Block) -> Block {
        self.scoped_list(block.stmts)
    }

    fn scoped_list(&mut self, list: StmtList) -> Block {
        self.cx.scopes.open();
        let mut stmts = Vec::with_capacity(list.len());
        self.stmt_list(list, &mut stmts);
        self.close_scope();
        Block { stmts }
    }

    /// Checks a statement and appends what it becomes. `label` is the label directly before it.
    fn stmt(&mut self, id: StmtId, label: Option<Symbol>, out: &mut Vec<Stmt>) {
        let ast = self.ast();
        let span = ast.stmt_span(id);
        let loc = self.loc(span);
        let kind = match ast.stmt(id) {
            Syntax::Bad | Syntax::Empty => return,
            Syntax::Expr(x) => match self.expr_stmt(x) {
                Some(x) => StmtKind::Expr(x),
                None => return,
            },
            Syntax::Send { chan, value, .. } => match self.send(chan, value, span) {
                Some((chan, value)) => StmtKind::Send { chan, value },
                None => return,
            },
            Syntax::IncDec { x, inc, op_pos } => return self.inc_dec(span, x, inc, op_pos, out),
            Syntax::Assign {
                lhs,
                op,
                op_pos,
                rhs,
            } => return self.assign_stmt(span, lhs, op, op_pos, rhs, out),
            Syntax::Go(call) => match self.go_defer_call("go", call) {
                Some(call) => StmtKind::Go(call),
                None => return,
            },
            Syntax::Defer(call) => {
                self.cx.func.lit.has_defer = true;
                match self.go_defer_call("defer", call) {
                    Some(call) => StmtKind::Defer(call),
                    None => return,
                }
            }
            Syntax::Return(values) => match self.return_stmt(values, span) {
                Some(kind) => kind,
                None => return,
            },
            Syntax::Branch { kind, label } => match self.branch(kind, label) {
                Some(kind) => kind,
                None => return,
            },
            Syntax::Block(block) => StmtKind::Block(self.block(block)),
            Syntax::If {
                init,
                cond,
                then,
                els,
            } => return self.if_stmt(loc, init, cond, then, els, out),
            Syntax::Switch {
                init, tag, clauses, ..
            } => return self.switch_stmt(loc, label, init, tag, clauses, out),
            Syntax::TypeSwitch {
                init,
                bind,
                x,
                clauses,
                ..
            } => return self.type_switch_stmt(loc, label, init, bind, x, clauses, out),
            Syntax::Select { clauses, .. } => self.select_stmt(label, clauses),
            Syntax::For {
                init,
                cond,
                post,
                body,
            } => return self.for_stmt(loc, label, init, cond, post, body, out),
            Syntax::Range { .. } => return self.range_stmt(id, label, out),
            Syntax::Labeled { label, stmt } => {
                if self.cx.func.lit.goto_labels.contains(&label.name) {
                    let id = self.label_id(label.name);
                    out.push(Stmt {
                        kind: StmtKind::Label(id),
                        loc: self.loc(label.span),
                    });
                }
                return self.stmt(stmt, Some(label.name), out);
            }
            Syntax::Decl(list) => return self.local_decls(list, out),
        };
        out.push(Stmt { kind, loc });
    }

    fn send(
        &mut self,
        chan: ExprId,
        value: ExprId,
        span: Span,
    ) -> Option<(typed::Expr, typed::Expr)> {
        let chan = self.single_value(chan, None);
        let value = self.generic_value(value, None);
        if !chan.is_valid() || !value.is_valid() {
            return None;
        }
        let elem = self.chan_elem(&chan, span, false)?;
        let value = self.assign_to(value, elem, "send")?;
        let chan = self.default_value(chan, "send")?;
        Some((chan, value))
    }

    fn return_stmt(&mut self, values: ast::ExprList, span: Span) -> Option<StmtKind> {
        let lit = &self.cx.func.lit;
        let results = lit.results.clone();
        if values.is_empty() && lit.named_results {
            self.check_results_visible(&results, span);
            return Some(StmtKind::Return(Vec::new()));
        }
        let targets: Vec<InitTarget> = results
            .iter()
            .map(|var| InitTarget {
                name: None,
                ty: Some(self.cx.func.vars[var.0 as usize].ty),
            })
            .collect();
        if values.is_empty() && targets.is_empty() {
            return Some(StmtKind::Return(Vec::new()));
        }
        let list = self.ast().expr_list(values);
        match self.init_values(&targets, list, Some(span)) {
            Values::Invalid => None,
            Values::Single(values) => Some(StmtKind::Return(values)),
            Values::Tuple(value, _) => Some(StmtKind::ReturnTuple(value)),
        }
    }

    /// A bare return must see the results under their names.
    fn check_results_visible(&mut self, results: &[VarId], span: Span) {
        for &result in results {
            let name = self.cx.func.vars[result.0 as usize].name.clone();
            let Some(object) = self
                .symbols
                .lookup(&name)
                .and_then(|symbol| self.cx.scopes.lookup(symbol))
            else {
                continue;
            };
            let object = &self.objects[object];
            if &*name == "_" || matches!(object.kind, ObjectKind::Var { var, .. } if var == result)
            {
                continue;
            }
            let inner = object.loc;
            let described = match object.kind {
                ObjectKind::Var { ty, .. } => format!("var {name} {}", self.type_string(ty)),
                _ => name.to_string(),
            };
            let place = self.place(inner);
            self.report(
                Diagnostic::error(
                    code::RESULT_SHADOWED,
                    span,
                    format!("result parameter {name} not in scope at return"),
                )
                .with_continuation(format!("{place}: inner declaration of {described}"))
                .with_label(inner.span, "hidden by this declaration"),
            );
        }
    }

    fn branch(&mut self, kind: BranchKind, label: Option<Ident>) -> Option<StmtKind> {
        let enclosing = &self.cx.func.lit.enclosing;
        let found = enclosing.iter().rev().find(|target| match label {
            Some(label) => target.label == Some(label.name),
            None => target.is_loop || kind == BranchKind::Break,
        });
        // What is wrong with a branch was reported when the body's labels were looked at.
        match kind {
            BranchKind::Break => found.map(|target| StmtKind::Break(target.target)),
            BranchKind::Continue => found
                .filter(|target| target.is_loop)
                .map(|target| StmtKind::Continue(target.target)),
            BranchKind::Goto => {
                let label = label?;
                Some(StmtKind::Goto(self.label_id(label.name)))
            }
            BranchKind::Fallthrough => None,
        }
    }

    fn label_id(&mut self, name: Symbol) -> typed::LabelId {
        let next = typed::LabelId(self.cx.func.labels);
        let known = self.cx.func.lit.labels.entry(name).or_insert(next);
        if *known == next {
            self.cx.func.labels += 1;
        }
        *known
    }

    /// Runs `body` inside a statement that `break` (and `continue`) can leave.
    pub(super) fn enclosed<R>(
        &mut self,
        label: Option<Symbol>,
        is_loop: bool,
        body: impl FnOnce(&mut Self) -> R,
    ) -> (TargetId, R) {
        let target = TargetId(self.cx.func.targets);
        self.cx.func.targets += 1;
        self.cx.func.lit.enclosing.push(Enclosing {
            label,
            target,
            is_loop,
        });
        let result = body(self);
        self.cx.func.lit.enclosing.pop();
        (target, result)
    }

    /// Appends `stmt`, in a block of its own with what its init statement became.
    fn with_init(mut init: Vec<Stmt>, kind: StmtKind, loc: Loc, out: &mut Vec<Stmt>) {
        let stmt = Stmt { kind, loc };
        if init.is_empty() {
            out.push(stmt);
        } else {
            init.push(stmt);
            out.push(Stmt {
                kind: StmtKind::Block(Block { stmts: init }),
                loc,
            });
        }
    }

    fn init_stmt(&mut self, init: Option<StmtId>) -> Vec<Stmt> {
        let mut out = Vec::new();
        if let Some(init) = init {
            self.stmt(init, None, &mut out);
        }
        out
    }

    /// The condition of an `if` or `for` statement (`what`).
    fn condition(&mut self, id: ExprId, what: &str) -> Option<typed::Expr> {
        let cond = self.single_value(id, None);
        if !cond.is_valid() {
            return None;
        }
        if !self.types.all_boolean(cond.ty) {
            let span = self.ast().expr_span(id);
            self.error(
                code::BAD_CONDITION,
                span,
                format!("non-boolean condition in {what} statement"),
            );
            return None;
        }
        self.default_value(cond, what)
    }

    fn if_stmt(
        &mut self,
        loc: Loc,
        init: Option<StmtId>,
        cond: ExprId,
        then: ast::Block,
        els: Option<StmtId>,
        out: &mut Vec<Stmt>,
    ) {
        self.cx.scopes.open();
        let init = self.init_stmt(init);
        let cond = self.condition(cond, "if");
        let then = self.block(then);
        let els = els.and_then(|els| {
            let mut list = Vec::with_capacity(1);
            self.stmt(els, None, &mut list);
            list.pop().map(Box::new)
        });
        self.close_scope();
        if let Some(cond) = cond {
            Self::with_init(init, StmtKind::If { cond, then, els }, loc, out);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of the statement")]
    fn for_stmt(
        &mut self,
        loc: Loc,
        label: Option<Symbol>,
        init: Option<StmtId>,
        cond: Option<ExprId>,
        post: Option<StmtId>,
        body: ast::Block,
        out: &mut Vec<Stmt>,
    ) {
        self.cx.scopes.open();
        let init = self.init_stmt(init);
        let mut vars = Vec::new();
        for stmt in &init {
            if let StmtKind::Assign { targets, .. } | StmtKind::AssignTuple { targets, .. } =
                &stmt.kind
            {
                vars.extend(targets.iter().filter_map(|target| match target {
                    Target::Define(var) => Some(*var),
                    _ => None,
                }));
            }
        }
        let has_cond = cond.is_some();
        let cond = cond.and_then(|cond| self.condition(cond, "for"));
        if let Some(post) = post
            && let Syntax::Assign {
                op: AssignOp::Define,
                ..
            } = self.ast().stmt(post)
        {
            let span = self.ast().stmt_span(post);
            self.error(
                code::NOT_ASSIGNABLE,
                span,
                "cannot declare in post statement of for loop",
            );
        }
        let mut post = self.init_stmt(post);
        let post = match post.len() {
            0 | 1 => post.pop(),
            _ => Some(Stmt {
                loc,
                kind: StmtKind::Block(Block { stmts: post }),
            }),
        };
        let (target, body) = self.enclosed(label, true, |checker| checker.block(body));
        self.close_scope();
        if has_cond && cond.is_none() {
            return;
        }
        let kind = StmtKind::For(Box::new(typed::For {
            target,
            vars,
            cond,
            post,
            body,
        }));
        Self::with_init(init, kind, loc, out);
    }

    fn switch_stmt(
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
    fn switch_tag(&mut self, id: ExprId, out: &mut Vec<Stmt>) -> Option<Tag> {
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
        let var = self.new_var("".into(), ty, loc);
        out.push(Stmt {
            kind: StmtKind::Assign {
                targets: vec![Target::Define(var)],
                values: vec![value],
            },
            loc,
        });
        Some(Tag { var, ty, id })
    }

    fn check_duplicate_case(
        &mut self,
        seen: &mut FxHashMap<(ConstKey, Ty), Span>,
        value: ConstValue,
        ty: Ty,
        id: ExprId,
    ) {
        let key = match value {
            ConstValue::Int(value) => ConstKey::Int(value),
            ConstValue::Float(value) => ConstKey::Float(value),
            ConstValue::String(value) => ConstKey::String(value),
            ConstValue::Bool(_) | ConstValue::Complex(..) => return,
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
    fn case_string(&mut self, mut operand: super::Operand, ty: Ty) -> String {
        operand.ty = ty;
        self.describe(&operand)
    }

    fn check_defaults(&mut self, clauses: impl Iterator<Item = (bool, Span)>) {
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
    fn type_switch_stmt(
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
            let mut seen = Vec::new();
            let mut cases = Vec::with_capacity(clauses.len());
            let mut any_used = clauses.is_empty() && bind.is_none();
            for clause in clauses {
                let ids = ast.expr_list(clause.exprs);
                let types = checker.case_types(operand.as_ref(), ids, &mut seen);
                let var_ty = match (types.as_slice(), ids.len()) {
                    ([Some(ty)], 1) => *ty,
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

    fn type_switch_operand(&mut self, x: ExprId, out: &mut Vec<Stmt>) -> Option<Guard> {
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
        let var = self.new_var("".into(), ty, loc);
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
    fn case_types(
        &mut self,
        guard: Option<&Guard>,
        ids: &[ExprId],
        seen: &mut Vec<(Option<Ty>, Span)>,
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
            if let Some(&(_, first)) = seen.iter().find(|(other, _)| *other == ty) {
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
            seen.push((ty, span));
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

    fn select_stmt(&mut self, label: Option<Symbol>, clauses: ast::CommList) -> StmtKind {
        let ast = self.ast();
        let clauses = ast.comm_list(clauses);
        self.check_defaults(clauses.iter().map(|c| (c.comm.is_none(), c.span)));
        let (target, cases) = self.enclosed(label, false, |checker| {
            let mut cases = Vec::with_capacity(clauses.len());
            for clause in clauses {
                checker.cx.scopes.open();
                let comm = match clause.comm {
                    None => Some(typed::Comm::Default),
                    Some(comm) => checker.comm(comm),
                };
                let mut stmts = Vec::with_capacity(clause.body.len());
                checker.stmt_list(clause.body, &mut stmts);
                checker.close_scope();
                if let Some(comm) = comm {
                    cases.push(typed::SelectCase {
                        comm,
                        body: Block { stmts },
                        loc: checker.loc(clause.span),
                    });
                }
            }
            cases
        });
        StmtKind::Select(Box::new(typed::Select { target, cases }))
    }

    /// The communication of a select clause.
    fn comm(&mut self, id: StmtId) -> Option<typed::Comm> {
        let ast = self.ast();
        let span = ast.stmt_span(id);
        let is_recv = |id: ExprId| {
            matches!(
                ast.expr(ast.unparen(id)),
                Expr::Unary {
                    op: ast::UnaryOp::Recv,
                    ..
                }
            )
        };
        match ast.stmt(id) {
            Syntax::Send { chan, value, .. } => {
                let (chan, value) = self.send(chan, value, span)?;
                Some(typed::Comm::Send { chan, value })
            }
            Syntax::Expr(x) if is_recv(x) => {
                let (chan, _) = self.recv_operand(ast.unparen(x))?;
                Some(typed::Comm::Recv {
                    chan,
                    value: None,
                    ok: None,
                })
            }
            Syntax::Assign { lhs, op, rhs, .. }
                if rhs.len() == 1
                    && (1..=2).contains(&lhs.len())
                    && !matches!(op, AssignOp::Op(_))
                    && is_recv(ast.expr_list(rhs)[0]) =>
            {
                self.recv_comm(span, ast.expr_list(lhs), op, ast.expr_list(rhs)[0])
            }
            Syntax::Bad => None,
            _ => {
                self.error(
                    code::BAD_SELECT_CASE,
                    span,
                    "select case must be send or receive (possibly with assignment)",
                );
                None
            }
        }
    }

    fn recv_comm(
        &mut self,
        span: Span,
        lhs: &[ExprId],
        op: AssignOp,
        rhs: ExprId,
    ) -> Option<typed::Comm> {
        let ast = self.ast();
        let received = self.recv_operand(ast.unparen(rhs));
        let elem = received.as_ref().map_or(Ty::INVALID, |(_, elem)| *elem);
        let types = [elem, Ty::BOOL];
        let mut targets = Vec::with_capacity(2);
        if op == AssignOp::Define {
            let mut declared = false;
            for (&id, ty) in lhs.iter().zip(types) {
                let target = match ast.expr(id) {
                    Expr::Ident(name) if !name.is_blank() => {
                        declared = true;
                        let span = ast.expr_span(id);
                        Target::Define(self.declare_var(Ident { name, span }, ty))
                    }
                    _ => Target::Blank,
                };
                targets.push(target);
            }
            if !declared {
                self.error(
                    code::NO_NEW_VARS,
                    span,
                    "no new variables on left side of :=",
                );
            }
        } else {
            for (&id, ty) in lhs.iter().zip(types) {
                targets.push(self.assign_target(id, ty, "assignment")?);
            }
        }
        let (chan, _) = received?;
        let mut targets = targets.into_iter();
        Some(typed::Comm::Recv {
            chan,
            value: targets.next(),
            ok: targets.next(),
        })
    }
}

/// The operand of a type switch, kept in a variable.
struct Guard {
    var: VarId,
    ty: Ty,
    /// As messages describe it.
    text: String,
}

/// A constant that can be looked up.
#[derive(Clone, PartialEq, Eq, Hash)]
enum ConstKey {
    Int(num_bigint::BigInt),
    Float(num_rational::BigRational),
    String(std::rc::Rc<[u8]>),
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
