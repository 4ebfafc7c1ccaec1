//! Statements.

use super::func::{FuncGen, Loop, Storage};
use crate::types::typed::{
    BinaryOp, Block, CompareOp, Expr, ExprKind, For, Stmt, StmtKind, TargetId, VarId,
};
use minigo_bytecode::{Op, Reg, SiteKind};

impl<'t> FuncGen<'_, '_, 't> {
    /// A statement.
    pub(super) fn stmt(&mut self, stmt: &'t Stmt) {
        self.loc = stmt.loc;
        match &stmt.kind {
            StmtKind::Expr(e) => {
                self.enter_scope();
                self.expr_stmt(e);
                self.leave_scope();
            }
            StmtKind::Zero(var) => self.define(*var, None),
            StmtKind::Assign { targets, values } => self.assign(targets, values, stmt.loc),
            StmtKind::AssignTuple { targets, value } => {
                self.assign_tuple(targets, value, stmt.loc);
            }
            StmtKind::OpAssign { op, target, value } => {
                self.op_assign(*op, target, value, stmt.loc);
            }
            StmtKind::Send {
                chan: operand,
                value,
            } => {
                let mark = self.mark();
                let chan = self.expr(operand);
                let val = self.value(value);
                self.loc = stmt.loc;
                self.site(SiteKind::Use, operand, stmt.loc);
                self.emit(Op::Send { chan, val });
                self.release(mark);
            }
            StmtKind::Block(block) => self.block(block),
            StmtKind::If { cond, then, els } => self.if_stmt(cond, then, els.as_deref()),
            StmtKind::For(f) => self.for_stmt(f),
            StmtKind::Range(range) => self.range_stmt(range),
            StmtKind::Switch(switch) => self.switch_stmt(switch),
            StmtKind::TypeSwitch(switch) => self.type_switch(switch),
            StmtKind::Select(select) => self.select_stmt(select),
            StmtKind::Label(label) => {
                let label = self.goto_label(*label);
                self.bind_goto(label);
            }
            StmtKind::Goto(label) => {
                let label = self.goto_label(*label);
                self.jump(label);
            }
            StmtKind::Break(target) => {
                if let Some(label) = self.break_label(*target) {
                    self.jump(label);
                }
            }
            StmtKind::Continue(target) => {
                if let Some(label) = self.continue_label(*target) {
                    self.jump(label);
                }
            }
            StmtKind::Return(values) if values.is_empty() => self.return_results(),
            StmtKind::Return(values) => {
                self.enter_scope();
                self.return_values(values);
                self.leave_scope();
            }
            StmtKind::ReturnTuple(call) => self.return_tuple(call),
            StmtKind::Go(call) => self.go_stmt(call),
            StmtKind::Defer(call) => self.defer_stmt(call),
            StmtKind::DeferList(list) => self.defer_list(*list),
            StmtKind::DeferTo { list, call } => self.defer_to(*list, call),
        }
    }

    fn goto_label(&mut self, id: crate::types::typed::LabelId) -> super::func::Label {
        match self.goto_labels.get(&id) {
            Some(&label) => label,
            None => {
                let label = self.label();
                self.goto_labels.insert(id, label);
                label
            }
        }
    }

    fn break_label(&self, target: TargetId) -> Option<super::func::Label> {
        let found = self.loops.iter().rev().find(|l| l.target == target);
        found.map(|l| l.end)
    }

    fn continue_label(&self, target: TargetId) -> Option<super::func::Label> {
        let found = self.loops.iter().rev().find(|l| l.target == target);
        found.and_then(|l| l.next)
    }

    /// Where a block goes that consists of one jump.
    fn only_jump(&mut self, block: &Block) -> Option<super::func::Label> {
        let [stmt] = &block.stmts[..] else {
            return None;
        };
        match &stmt.kind {
            StmtKind::Break(target) => self.break_label(*target),
            StmtKind::Continue(target) => self.continue_label(*target),
            StmtKind::Goto(label) => Some(self.goto_label(*label)),
            _ => None,
        }
    }

    fn if_stmt(&mut self, cond: &'t Expr, then: &'t Block, els: Option<&'t Stmt>) {
        if let Some(label) = self.only_jump(then) {
            self.cond_jump(cond, true, label);
            if let Some(els) = els {
                self.stmt(els);
            }
            return;
        }
        let otherwise = self.label();
        self.cond_jump(cond, false, otherwise);
        self.block(then);
        match els {
            None => self.bind(otherwise),
            Some(els) => {
                let end = self.label();
                self.jump(end);
                self.bind(otherwise);
                self.stmt(els);
                self.bind(end);
            }
        }
    }

    // ---- for -----------------------------------------------------------------------------

    fn for_stmt(&mut self, f: &'t For) {
        let body = self.label();
        let next = self.label();
        let end = self.label();
        let test = self.label();
        self.loops.push(Loop {
            target: f.target,
            end,
            next: Some(next),
        });
        // The condition stands at the bottom. On entry it is tested by a copy of itself if that is short.
        let mut hoisted = Vec::new();
        self.loop_depth += 1;
        if let Some(cond) = &f.cond {
            self.hoist(cond, &mut hoisted);
            if is_short(cond) {
                self.cond_jump(cond, false, end);
            } else {
                self.jump(test);
            }
        }
        let enters_at_test = f.cond.as_ref().is_some_and(|c| !is_short(c));
        if enters_at_test {
            self.bind_goto(body);
        } else {
            self.bind(body);
        }
        self.block(&f.body);
        self.bind(next);
        self.loc = f.post.as_ref().map_or(self.loc, |p| p.loc);
        for &var in &f.vars {
            self.renew(var);
        }
        let fused = !enters_at_test && self.increment_and_test(f, body);
        if !fused {
            if let Some(post) = &f.post {
                self.stmt(post);
            }
            self.bind(test);
            match &f.cond {
                Some(cond) => self.cond_jump(cond, true, body),
                None => self.jump(body),
            }
        }
        self.loop_depth -= 1;
        self.loops.pop();
        self.bind(end);
        for (var, reg) in hoisted {
            self.hoisted_lens.retain(|(v, _)| *v != var);
            self.registers.free(reg);
        }
    }

    /// `i++` and `i < limit` as one op, if that is what the loop ends with.
    fn increment_and_test(&mut self, f: &'t For, body: super::func::Label) -> bool {
        let (Some(cond), Some(post)) = (&f.cond, &f.post) else {
            return false;
        };
        let StmtKind::OpAssign { op, target, value } = &post.kind else {
            return false;
        };
        let ExprKind::Compare { op: cmp, x, y } = &cond.kind else {
            return false;
        };
        let (ExprKind::Var(var), ExprKind::Var(compared)) = (&target.kind, &x.kind) else {
            return false;
        };
        let is_int = matches!(
            self.number(target.ty),
            Some(super::expr::Number::Int {
                signed: true,
                bits: 64
            })
        );
        let increments = *op == BinaryOp::Add && self.const_int(value) == Some(1);
        if var != compared || !is_int || !increments || *cmp != CompareOp::Lt {
            return false;
        }
        let Storage::Register(i) = self.storage_of(*var) else {
            return false;
        };
        if !self.is_plain(y) || mentions(y, *var) {
            return false;
        }
        let mark = self.mark();
        self.loc = cond.loc;
        let limit = self.expr(y);
        self.emit_jump(Op::LoopIncLtInt { i, limit, to: 0 }, body);
        self.release(mark);
        true
    }

    /// Computes the lengths in a loop's condition before the loop, where the slice can never change.
    fn hoist(&mut self, cond: &'t Expr, hoisted: &mut Vec<(VarId, Reg)>) {
        let ExprKind::Compare { x, y, .. } = &cond.kind else {
            return;
        };
        for e in [x, y] {
            if let ExprKind::Builtin {
                builtin: crate::types::typed::Builtin::Len,
                args,
            } = &e.kind
                && let [arg] = &args[..]
                && let ExprKind::Var(var) = &arg.kind
                && matches!(self.under(arg.ty), crate::types::ty::Type::Slice(_))
                && self.escapes.var(*var).is_constant()
                && !self.hoisted_lens.iter().any(|(v, _)| v == var)
                && let Storage::Register(slice) = self.storage_of(*var)
            {
                let dst = self.registers.alloc(&[minigo_bytecode::WordKind::Int]);
                self.loc = e.loc;
                self.emit(Op::SliceLen { dst, slice });
                self.hoisted_lens.push((*var, dst));
                hoisted.push((*var, dst));
            }
        }
    }
}

/// Whether a condition is short enough to be there twice (and has no function literal in it).
fn is_short(cond: &Expr) -> bool {
    size(cond, 8).is_some()
}

/// What remains of a budget of nodes.
fn size(e: &Expr, budget: usize) -> Option<usize> {
    let budget = budget.checked_sub(1)?;
    match &e.kind {
        ExprKind::Const(_) | ExprKind::Zero | ExprKind::Var(_) | ExprKind::Global(_) => {
            Some(budget)
        }
        ExprKind::Unary { x, .. }
        | ExprKind::Convert(x)
        | ExprKind::Deref(x)
        | ExprKind::Field { x, .. } => size(x, budget),
        ExprKind::Binary { x, y, .. }
        | ExprKind::Compare { x, y, .. }
        | ExprKind::AndAnd { x, y }
        | ExprKind::OrOr { x, y }
        | ExprKind::Index { x, index: y } => size(y, size(x, budget)?),
        ExprKind::Builtin { args, .. } => args.iter().try_fold(budget, |b, a| size(a, b)),
        _ => None,
    }
}

/// Whether a plain expression uses the variable.
pub(super) fn mentions(e: &Expr, var: VarId) -> bool {
    match &e.kind {
        ExprKind::Const(_) | ExprKind::Zero | ExprKind::Global(_) | ExprKind::Func { .. } => false,
        ExprKind::Var(v) => *v == var,
        ExprKind::Unary { x, .. }
        | ExprKind::Convert(x)
        | ExprKind::Deref(x)
        | ExprKind::Field { x, .. } => mentions(x, var),
        ExprKind::Binary { x, y, .. } | ExprKind::Index { x, index: y } => {
            mentions(x, var) || mentions(y, var)
        }
        ExprKind::Builtin { args, .. } => args.iter().any(|a| mentions(a, var)),
        // Anything else may.
        _ => true,
    }
}
