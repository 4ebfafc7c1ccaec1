//! Statements and function bodies.

use super::assign::{InitTarget, Values};
use super::{Checker, LitContext};
use crate::diagnostics::code;
use crate::types::scope::ObjectKind;
use crate::types::ty::{Loc, Ty};
use crate::types::typed::{self, Block, LitId, Stmt, StmtKind, Target, TargetId, VarId};
use minigo_grammar::ast::{
    self, AssignOp, BranchKind, ExprId, Ident, SigId, Stmt as Syntax, StmtId, StmtList,
};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::Span;
use minigo_grammar::symbol::Symbol;
use smallvec::SmallVec;

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
        let ty_sig = self.types.as_sig(ty).cloned();
        let (param_types, result_types) = match &ty_sig {
            Some(sig) => (sig.params.as_slice(), sig.results.as_slice()),
            None => (&[][..], &[][..]),
        };
        let goto_labels = self.check_branches(body);
        let context = LitContext {
            id: lit,
            function: lit,
            goto_labels,
            ..LitContext::default()
        };
        let saved = std::mem::replace(&mut self.cx.func.lit, context);
        self.cx.scopes.open();
        let mut params = Vec::with_capacity(param_types.len() + 1);
        if let Some((param, ty)) = recv {
            params.push(self.declare_param(&param, ty));
        }
        for (param, &ty) in ast.param_list(signature.params).iter().zip(param_types) {
            params.push(self.declare_param(param, ty));
        }
        let mut results = Vec::with_capacity(result_types.len());
        let mut named_results = false;
        let has_results = !result_types.is_empty();
        for (param, &ty) in ast.param_list(signature.results).iter().zip(result_types) {
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
            let mut diagnostic = Diagnostic::error(code::UNUSED_VARIABLE, name.span, message);
            let outer = context.hiding.iter().find(|(span, _)| *span == name.span);
            if let Some((_, outer)) = outer {
                diagnostic = if self.cx.func.copies.contains(&name.span) {
                    diagnostic
                        .with_label(*outer, format!("each iteration has a new {text}"))
                        .with_help(format!(
                            "the copy is no longer needed: since Go 1.22 each iteration has its own {text}"
                        ))
                } else {
                    diagnostic
                        .with_label(*outer, format!("this {text} is another variable"))
                        .with_help(format!(
                            ":= declares a new {text}, which hides the one outside; to set that one, write ="
                        ))
                };
            }
            self.report(diagnostic);
        }
        typed::FuncCode {
            lit,
            sig: ty,
            params,
            results,
            named_results: named_results || context.sets_results,
            body: Block { stmts },
            has_defer: context.has_defer,
            has_recover: context.has_recover,
            range_body: false,
            wrapper: false,
            end: self.loc(end),
        }
    }

    pub(super) fn declare_param(&mut self, param: &ast::Param, ty: Ty) -> VarId {
        match param.name {
            Some(name) => {
                // The signature has reported names that are there twice.
                self.bind_var(name, ty, true)
            }
            None => {
                let loc = self.loc(self.ast().expr_span(param.ty));
                self.new_var(self.empty.clone(), ty, loc)
            }
        }
    }

    /// Closes the innermost block and notes its unused variables.
    pub(super) fn close_scope(&mut self) {
        for object in self.cx.scopes.close() {
            let object = &self.objects[object];
            if !object.used && matches!(object.kind, ObjectKind::Var { .. }) {
                let (name, span) = (object.name, object.loc.span);
                let file = object.loc.file;
                self.cx.func.lit.unused.push(Ident { name, span });
                let outer = self.cx.scopes.lookup(name).map(|id| &self.objects[id]);
                if let Some(outer) = outer
                    && outer.loc.file == file
                    && matches!(outer.kind, ObjectKind::Var { .. })
                {
                    self.cx.func.lit.hiding.push((span, outer.loc.span));
                }
            }
        }
    }

    pub(super) fn stmt_list(&mut self, list: StmtList, out: &mut Vec<Stmt>) {
        for &stmt in self.ast().stmt_list(list) {
            self.stmt(stmt, None, out);
        }
    }

    /// A block with a scope of its own.
    pub(super) fn block(&mut self, block: ast::Block) -> Block {
        self.scoped_list(block.stmts)
    }

    pub(super) fn scoped_list(&mut self, list: StmtList) -> Block {
        self.cx.scopes.open();
        let mut stmts = Vec::with_capacity(list.len());
        self.stmt_list(list, &mut stmts);
        self.close_scope();
        Block { stmts }
    }

    /// Checks a statement and appends what it becomes. `label` is the label directly before it.
    pub(super) fn stmt(&mut self, id: StmtId, label: Option<Symbol>, out: &mut Vec<Stmt>) {
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
                    Some(call) => self.defer_kind(call),
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

    pub(super) fn send(
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

    pub(super) fn return_stmt(&mut self, values: ast::ExprList, span: Span) -> Option<StmtKind> {
        let lit = &self.cx.func.lit;
        let results = lit.results.clone();
        if values.is_empty() && lit.named_results {
            self.check_results_visible(&results, span);
            return Some(StmtKind::Return(Vec::new()));
        }
        let targets: SmallVec<[InitTarget; 4]> = results
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
    pub(super) fn check_results_visible(&mut self, results: &[VarId], span: Span) {
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

    pub(super) fn branch(&mut self, kind: BranchKind, label: Option<Ident>) -> Option<StmtKind> {
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

    pub(super) fn label_id(&mut self, name: Symbol) -> typed::LabelId {
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
    pub(super) fn with_init(mut init: Vec<Stmt>, kind: StmtKind, loc: Loc, out: &mut Vec<Stmt>) {
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

    pub(super) fn init_stmt(&mut self, init: Option<StmtId>) -> Vec<Stmt> {
        let mut out = Vec::new();
        if let Some(init) = init {
            self.stmt(init, None, &mut out);
        }
        out
    }

    /// The condition of an `if` or `for` statement (`what`).
    pub(super) fn condition(&mut self, id: ExprId, what: &str) -> Option<typed::Expr> {
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

    pub(super) fn if_stmt(
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

    /// Notes what a loop declares.
    pub(super) fn note_loop_variables(&mut self, names: &[ExprId]) {
        for &name in names {
            let span = self.ast().expr_span(name);
            self.cx.func.loop_variables.push(span);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of the statement")]
    pub(super) fn for_stmt(
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
        let outer_loops = self.cx.func.loop_variables.len();
        if let Some(init) = init
            && let Syntax::Assign {
                op: AssignOp::Define,
                lhs,
                ..
            } = self.ast().stmt(init)
        {
            self.note_loop_variables(self.ast().expr_list(lhs));
        }
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
        self.cx.func.loop_variables.truncate(outer_loops);
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
}
