//! Ranging over functions: the loop's body becomes a function literal that the iterator calls for each value.
//!
//! ```text
//! state := READY; next := 0
//! f(func(k K, v V) bool {
//!     entered := state; state = RUNNING
//!     if entered != READY { panic of entered }
//!     body, in which  continue is  state = READY; return true
//!                     break is     state = DONE; return false
//!                     what else leaves the loop is  next = its number; state = DONE; return false
//!     state = READY; return true
//! })
//! if state == RUNNING { panic: the iterator swallowed a panic of the body }
//! state = EXHAUSTED
//! if next == 1 { the first thing that left the loop } …
//! ```
//!
//! A loop is rewritten when its body is checked, so loops within it are calls already; what leaves several of them
//! stands after the inner call and is rewritten again with the outer body. `return` with values assigns them to the results of the
//! function around, which get variables for that. `defer` adds to a list that the function around deferred before the
//! outermost loop. State and messages are those of Go's compiler, also in which assignments come before which check.

use super::Checker;
use crate::types::constant::ConstValue;
use crate::types::ty::{Loc, Sig, Ty, Type};
use crate::types::typed::{
    Block, Builtin, Callee, CompareOp, Expr, ExprKind, FuncCode, LabelId, LitId, RangeFault, Stmt,
    StmtKind, Target, TargetId, VarId,
};
use std::rc::Rc;

/// What a loop's state variable holds.
#[derive(Clone, Copy)]
enum LoopState {
    /// The body is left for good.
    Done = 0,
    /// The body may be called.
    Ready = 1,
    /// The body runs, or has panicked.
    Running = 2,
    /// The iterator has returned.
    Exhausted = 3,
}

/// A checked loop over a function.
pub(super) struct RangeFunc {
    pub(super) loc: Loc,
    /// The closing brace of the body.
    pub(super) end: Loc,
    pub(super) target: TargetId,
    /// The literal that the body becomes; it owns the variables of the body.
    pub(super) lit: LitId,
    pub(super) iterator: Expr,
    pub(super) targets: [Option<Target>; 2],
    pub(super) body: Vec<Stmt>,
}

/// What leaves a loop other than by ending it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exit {
    Return,
    Break(TargetId),
    Continue(TargetId),
    Goto(LabelId),
}

/// The rewriting of one loop.
struct Rewrite {
    target: TargetId,
    state: VarId,
    next: VarId,
    results: Vec<VarId>,
    result_types: Vec<Ty>,
    /// Labels in the body.
    labels: Vec<LabelId>,
    /// By number, from 1.
    exits: Vec<Exit>,
    /// A result gets a value in the body.
    sets_results: bool,
}

impl Checker<'_> {
    /// Enters the body of a loop over a function: gives the literal that it becomes, and the one around.
    pub(super) fn enter_range_body(&mut self) -> (LitId, LitId) {
        self.cx.func.lits += 1;
        let lit = LitId(self.cx.func.lits);
        self.cx.func.lit.range_depth += 1;
        (lit, std::mem::replace(&mut self.cx.func.lit.id, lit))
    }

    /// Leaves it again.
    pub(super) fn leave_range_body(&mut self, around: LitId) {
        self.cx.func.lit.id = around;
        self.cx.func.lit.range_depth -= 1;
    }

    /// `defer call`: in the body of a loop over a function, one for the function around.
    pub(super) fn defer_kind(&mut self, call: Expr) -> StmtKind {
        if self.cx.func.lit.range_depth == 0 {
            return StmtKind::Defer(call);
        }
        let list = match self.cx.func.lit.defers {
            Some(list) => list,
            None => {
                let no_params = self.types.intern(Type::from(Sig {
                    params: Vec::new(),
                    results: Vec::new(),
                    variadic: false,
                }));
                let ty = self.types.intern(Type::Slice(no_params));
                let inside = self.cx.func.lit.id;
                self.cx.func.lit.id = self.cx.func.lit.function;
                let list = self.new_var(self.empty.clone(), ty, call.loc);
                self.cx.func.lit.id = inside;
                self.cx.func.lit.defers = Some(list);
                list
            }
        };
        StmtKind::DeferTo { list, call }
    }

    /// The signature that all types of the type set have.
    fn common_sig(&self, ty: Ty) -> Option<Rc<Sig>> {
        let under = self.types.common_under(ty)?;
        self.types.as_sig(under).cloned()
    }

    /// The statements that a loop over a function becomes. The body was left.
    pub(super) fn range_func(&mut self, range: RangeFunc, out: &mut Vec<Stmt>) {
        let loc = range.loc;
        let Some(iterates) = self.common_sig(range.iterator.ty) else {
            return;
        };
        let Some(&yield_ty) = iterates.params.first() else {
            return;
        };
        let Some(yields) = self.common_sig(yield_ty) else {
            return;
        };
        let state = self.new_var(self.empty.clone(), Ty::INT, loc);
        let next = self.new_var(self.empty.clone(), Ty::INT, loc);
        let results = self.cx.func.lit.results.clone();
        let result_types = results
            .iter()
            .map(|var| self.cx.func.vars[var.0 as usize].ty)
            .collect();
        let mut rewrite = Rewrite {
            target: range.target,
            state,
            next,
            results,
            result_types,
            labels: Vec::new(),
            exits: Vec::new(),
            sets_results: false,
        };
        let mut body = range.body;
        find_labels(&body, &mut rewrite.labels);
        rewrite.list(&mut body);
        self.cx.func.lit.sets_results |= rewrite.sets_results;

        let around = std::mem::replace(&mut self.cx.func.lit.id, range.lit);
        let mut stmts = Vec::with_capacity(body.len() + 6);
        let mut params = Vec::with_capacity(yields.params.len());
        let mut targets = range.targets.into_iter();
        for &ty in &yields.params {
            params.push(match targets.next().flatten() {
                Some(Target::Define(var)) => var,
                Some(Target::Place(place)) => {
                    let param = self.new_var(self.empty.clone(), ty, loc);
                    let value = converted(variable(param, ty, place.loc), place.ty);
                    stmts.push(Stmt {
                        loc: place.loc,
                        kind: StmtKind::Assign {
                            targets: vec![Target::Place(place)],
                            values: vec![value],
                        },
                    });
                    param
                }
                Some(Target::Blank) | None => self.new_var(self.empty.clone(), ty, loc),
            });
        }
        let entered = self.new_var(self.empty.clone(), Ty::INT, loc);
        let result = self.new_var(self.empty.clone(), Ty::BOOL, loc);
        self.cx.func.lit.id = around;
        stmts.push(Stmt {
            loc,
            kind: StmtKind::Assign {
                targets: vec![Target::Define(entered)],
                values: vec![variable(state, Ty::INT, loc)],
            },
        });
        stmts.push(set(state, LoopState::Running as i64, loc));
        let ready = LoopState::Ready as i64;
        let fault = |fault| raise(fault, loc);
        let wrong = vec![
            when(
                compare(CompareOp::Eq, entered, LoopState::Done as i64, loc),
                vec![fault(RangeFault::Done)],
                loc,
            ),
            when(
                compare(CompareOp::Eq, entered, LoopState::Running as i64, loc),
                vec![fault(RangeFault::Panicked)],
                loc,
            ),
            fault(RangeFault::Exhausted),
        ];
        stmts.push(when(
            compare(CompareOp::Ne, entered, ready, loc),
            wrong,
            loc,
        ));
        stmts.push(Stmt {
            loc,
            kind: StmtKind::Block(Block { stmts: body }),
        });
        stmts.extend(leave(state, LoopState::Ready, range.end));
        let code = FuncCode {
            lit: range.lit,
            sig: self.types.intern(Type::Func(yields)),
            params,
            results: vec![result],
            named_results: false,
            body: Block { stmts },
            has_defer: false,
            has_recover: false,
            range_body: true,
            wrapper: false,
            end: range.end,
        };
        let literal = Expr {
            ty: code.sig,
            loc,
            kind: ExprKind::FuncLit(Box::new(code)),
        };
        let call = Expr {
            ty: self.result_type(&[]),
            loc,
            kind: ExprKind::Call {
                callee: Box::new(Callee::Value(range.iterator)),
                args: vec![converted(literal, yield_ty)],
            },
        };
        let mut stmts = Vec::with_capacity(6);
        if self.cx.func.lit.range_depth == 0
            && let Some(list) = self.cx.func.lit.defers.take()
        {
            stmts.push(Stmt {
                loc,
                kind: StmtKind::DeferList(list),
            });
        }
        stmts.push(define(state, ready, loc));
        if !rewrite.exits.is_empty() {
            stmts.push(define(next, 0, loc));
        }
        stmts.push(Stmt {
            loc,
            kind: StmtKind::Expr(call),
        });
        let running = compare(CompareOp::Eq, state, LoopState::Running as i64, loc);
        stmts.push(when(running, vec![fault(RangeFault::Swallowed)], loc));
        stmts.push(set(state, LoopState::Exhausted as i64, loc));
        for (i, exit) in rewrite.exits.iter().enumerate() {
            let kind = match *exit {
                Exit::Return => StmtKind::Return(Vec::new()),
                Exit::Break(target) => StmtKind::Break(target),
                Exit::Continue(target) => StmtKind::Continue(target),
                Exit::Goto(label) => StmtKind::Goto(label),
            };
            let chosen = compare(CompareOp::Eq, next, i as i64 + 1, loc);
            stmts.push(when(chosen, vec![Stmt { kind, loc }], loc));
        }
        out.push(Stmt {
            loc,
            kind: StmtKind::Block(Block { stmts }),
        });
    }
}

impl Rewrite {
    fn list(&mut self, stmts: &mut [Stmt]) {
        for stmt in stmts {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &mut Stmt) {
        let loc = stmt.loc;
        let stmts = match &mut stmt.kind {
            StmtKind::Block(block) => return self.list(&mut block.stmts),
            StmtKind::If { then, els, .. } => {
                self.list(&mut then.stmts);
                if let Some(els) = els {
                    self.stmt(els);
                }
                return;
            }
            StmtKind::For(f) => return self.list(&mut f.body.stmts),
            StmtKind::Range(range) => return self.list(&mut range.body.stmts),
            StmtKind::Switch(switch) => {
                for case in &mut switch.cases {
                    self.list(&mut case.body.stmts);
                }
                return;
            }
            StmtKind::TypeSwitch(switch) => {
                for case in &mut switch.cases {
                    self.list(&mut case.body.stmts);
                }
                return;
            }
            StmtKind::Select(select) => {
                for case in &mut select.cases {
                    self.list(&mut case.body.stmts);
                }
                return;
            }
            StmtKind::Break(target) if *target == self.target => {
                leave(self.state, LoopState::Done, loc).into()
            }
            StmtKind::Continue(target) if *target == self.target => {
                leave(self.state, LoopState::Ready, loc).into()
            }
            // Targets are numbered from the outside.
            StmtKind::Break(target) if *target < self.target => {
                let exit = Exit::Break(*target);
                self.exit(exit, loc)
            }
            StmtKind::Continue(target) if *target < self.target => {
                let exit = Exit::Continue(*target);
                self.exit(exit, loc)
            }
            StmtKind::Goto(label) if !self.labels.contains(label) => {
                let exit = Exit::Goto(*label);
                self.exit(exit, loc)
            }
            StmtKind::Return(values) => {
                let values = std::mem::take(values);
                self.return_values(values, loc)
            }
            StmtKind::ReturnTuple(_) => {
                let kind = std::mem::replace(&mut stmt.kind, StmtKind::Return(Vec::new()));
                self.return_tuple(kind, loc)
            }
            _ => return,
        };
        stmt.kind = StmtKind::Block(Block { stmts });
    }

    fn return_values(&mut self, values: Vec<Expr>, loc: Loc) -> Vec<Stmt> {
        let mut stmts = Vec::with_capacity(4);
        if !values.is_empty() {
            stmts.push(Stmt {
                loc,
                kind: StmtKind::Assign {
                    targets: self.result_places(loc),
                    values,
                },
            });
        }
        stmts.extend(self.exit(Exit::Return, loc));
        stmts
    }

    fn return_tuple(&mut self, kind: StmtKind, loc: Loc) -> Vec<Stmt> {
        let mut stmts = Vec::with_capacity(4);
        if let StmtKind::ReturnTuple(value) = kind {
            stmts.push(Stmt {
                loc,
                kind: StmtKind::AssignTuple {
                    targets: self.result_places(loc),
                    value,
                },
            });
        }
        stmts.extend(self.exit(Exit::Return, loc));
        stmts
    }

    fn result_places(&mut self, loc: Loc) -> Vec<Target> {
        self.sets_results = true;
        let results = self.results.iter().zip(&self.result_types);
        results
            .map(|(&var, &ty)| Target::Place(variable(var, ty, loc)))
            .collect()
    }

    /// Leaves the loop for something behind it.
    fn exit(&mut self, exit: Exit, loc: Loc) -> Vec<Stmt> {
        let known = self.exits.iter().position(|e| *e == exit);
        let index = known.unwrap_or_else(|| {
            self.exits.push(exit);
            self.exits.len() - 1
        });
        let mut stmts = vec![set(self.next, index as i64 + 1, loc)];
        stmts.extend(leave(self.state, LoopState::Done, loc));
        stmts
    }
}

/// The labels declared in the statements; those in function literals are others.
fn find_labels(stmts: &[Stmt], labels: &mut Vec<LabelId>) {
    for stmt in stmts {
        match &stmt.kind {
            StmtKind::Label(label) => labels.push(*label),
            StmtKind::Block(block) => find_labels(&block.stmts, labels),
            StmtKind::If { then, els, .. } => {
                find_labels(&then.stmts, labels);
                if let Some(els) = els {
                    find_labels(std::slice::from_ref(els), labels);
                }
            }
            StmtKind::For(f) => find_labels(&f.body.stmts, labels),
            StmtKind::Range(range) => find_labels(&range.body.stmts, labels),
            StmtKind::Switch(switch) => {
                for case in &switch.cases {
                    find_labels(&case.body.stmts, labels);
                }
            }
            StmtKind::TypeSwitch(switch) => {
                for case in &switch.cases {
                    find_labels(&case.body.stmts, labels);
                }
            }
            StmtKind::Select(select) => {
                for case in &select.cases {
                    find_labels(&case.body.stmts, labels);
                }
            }
            _ => {}
        }
    }
}

fn variable(var: VarId, ty: Ty, loc: Loc) -> Expr {
    Expr {
        ty,
        loc,
        kind: ExprKind::Var(var),
    }
}

/// `x` as a `ty`.
fn converted(x: Expr, ty: Ty) -> Expr {
    if x.ty == ty {
        return x;
    }
    Expr {
        ty,
        loc: x.loc,
        kind: ExprKind::Convert(Box::new(x)),
    }
}

fn constant(value: i64, ty: Ty, loc: Loc) -> Expr {
    Expr {
        ty,
        loc,
        kind: ExprKind::Const(ConstValue::from(value)),
    }
}

fn assign(target: Target, value: i64, loc: Loc) -> Stmt {
    Stmt {
        loc,
        kind: StmtKind::Assign {
            targets: vec![target],
            values: vec![constant(value, Ty::INT, loc)],
        },
    }
}

/// `var := value`
fn define(var: VarId, value: i64, loc: Loc) -> Stmt {
    assign(Target::Define(var), value, loc)
}

/// `var = value`
fn set(var: VarId, value: i64, loc: Loc) -> Stmt {
    assign(Target::Place(variable(var, Ty::INT, loc)), value, loc)
}

/// Returns from the body, asking for the next value if the loop is to go on.
fn leave(state: VarId, to: LoopState, loc: Loc) -> [Stmt; 2] {
    let more = ConstValue::Bool(matches!(to, LoopState::Ready));
    let value = Expr {
        ty: Ty::BOOL,
        loc,
        kind: ExprKind::Const(more),
    };
    [
        set(state, to as i64, loc),
        Stmt {
            loc,
            kind: StmtKind::Return(vec![value]),
        },
    ]
}

fn compare(op: CompareOp, var: VarId, value: i64, loc: Loc) -> Expr {
    Expr {
        ty: Ty::BOOL,
        loc,
        kind: ExprKind::Compare {
            op,
            x: Box::new(variable(var, Ty::INT, loc)),
            y: Box::new(constant(value, Ty::INT, loc)),
        },
    }
}

/// `if cond { then }`
fn when(cond: Expr, then: Vec<Stmt>, loc: Loc) -> Stmt {
    Stmt {
        loc,
        kind: StmtKind::If {
            cond,
            then: Block { stmts: then },
            els: None,
        },
    }
}

/// The panic of a misused loop.
fn raise(fault: RangeFault, loc: Loc) -> Stmt {
    Stmt {
        loc,
        kind: StmtKind::Expr(Expr {
            ty: Ty::INVALID,
            loc,
            kind: ExprKind::Builtin {
                builtin: Builtin::RangePanic(fault),
                args: Vec::new(),
            },
        }),
    }
}
