//! Order of evaluation: calls first, variables last.
//!
//! Go leaves open whether a variable is read before or after a call in the same expression. Its compiler makes the calls, receives
//! and the like in order and keeps their results; then it computes the rest with what variables hold by that time, and what panics
//! there does so after the calls. Programs depend on this without knowing: `list = append(list, f())` keeps what `f` appended to `list`.
//!
//! This pass makes that order explicit. In each *region* (an expression, or the expressions of a statement) it finds the *units*,
//! whose value is kept when their turn comes, and what is *late*. Only where something late comes before a unit that may change
//! it, units become variables of their own: `Let` around an expression, definitions before a statement. What stays has
//! the same value whenever it is computed; so the code generator may go from left to right, and other programs are
//! translated as if this pass did not exist. Operands of a unit, and those of `&&`, are regions of their own.
//!
//! Units and late operands are what they are for Go's compiler, down to its taste: `len(s)` and `s[i:j]` are units and `s[i]` is
//! late; a struct that becomes an interface value is a unit if it has no address, and late if it is a variable. Where its inliner makes a
//! difference (a variable of struct type changed by a literal that was inlined) the answer is that without inlining.

use crate::escape::{Escapes, FuncEscapes, VarInfo};
use crate::types::ty::{Basic, Loc, Ty, Type, Types};
use crate::types::typed::*;
use smallvec::{SmallVec, smallvec};
use std::rc::Rc;

/// A region with more units than this keeps the order of the source, since each unit takes registers.
const MAX_UNITS: usize = 250;

/// Orders every function of the module.
pub(crate) fn order(module: &mut Module, escapes: &mut Escapes) {
    let all: Vec<FuncRef> = (0..module.funcs.len() as u32).map(FuncRef).collect();
    order_funcs(module, escapes, &all);
}

/// Orders these functions.
pub(crate) fn order_funcs(module: &mut Module, escapes: &mut Escapes, bodies: &[FuncRef]) {
    let is_pure = |func: &Func| func.native && func.name.starts_with("math.");
    let pure: Vec<bool> = module.funcs.iter().map(is_pure).collect();
    for func in bodies {
        let index = func.0 as usize;
        let func = &mut module.funcs[index];
        let mut pass = Pass {
            types: &module.types,
            pure: &pure,
            vars: std::mem::take(&mut func.vars),
            escapes: &mut escapes.funcs[index],
            lit: LitId(0),
            events: Vec::new(),
        };
        pass.code(&mut func.code);
        func.vars = pass.vars;
    }
}

/// Whether a callee is a variable, or a field that is reached through variables: it is read after the arguments.
pub(crate) fn is_read_last(callee: &Expr) -> bool {
    match &callee.kind {
        ExprKind::Var(_) | ExprKind::Global(_) => true,
        ExprKind::Field { x, .. } | ExprKind::Deref(x) => is_read_last(x),
        _ => false,
    }
}

/// What is found in a region, in order of evaluation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Event {
    /// Something is read that others may change, or panics.
    Late,
    Unit(Unit),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Unit {
    /// It may change what is read.
    effect: bool,
    /// It has the same value whenever it is computed.
    still: bool,
}

/// What an expression does with an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Use {
    /// It is part of the expression.
    Part,
    /// It is a unit, whatever it is.
    Copied,
    /// It is a place that is not read.
    Place,
}

/// What is known of a region.
#[derive(Clone, Copy)]
struct Found {
    /// Something in it may change what is read.
    effect: bool,
    /// It has the same value whenever it is computed.
    still: bool,
}

struct Pass<'a> {
    types: &'a Types,
    /// Functions that compute something from their arguments and do nothing else.
    pure: &'a [bool],
    vars: Vec<Var>,
    escapes: &'a mut FuncEscapes,
    /// The function literal at hand.
    lit: LitId,
    /// The events of the regions at hand, the innermost last.
    events: Vec<Event>,
}

/// The units of a region that become variables.
struct Taken {
    /// Whether the next unit stays where it is.
    stays: std::vec::IntoIter<bool>,
    units: Vec<(VarId, Expr)>,
}

impl Pass<'_> {
    fn code(&mut self, code: &mut FuncCode) {
        let outer = std::mem::replace(&mut self.lit, code.lit);
        self.block(&mut code.body);
        self.lit = outer;
    }

    // ---- statements ----------------------------------------------------------------------

    fn block(&mut self, block: &mut Block) {
        let stmts = std::mem::take(&mut block.stmts);
        block.stmts.reserve(stmts.len());
        for mut stmt in stmts {
            let before = self.stmt(&mut stmt);
            let defines = matches!(&stmt.kind, StmtKind::Assign { targets, .. }
                if targets.iter().any(|target| matches!(target, Target::Define(_))));
            if defines {
                block.stmts.extend(before);
            } else {
                enclose(&mut stmt, before);
            }
            block.stmts.push(stmt);
        }
    }

    /// A statement; what it returns must happen before it.
    #[must_use]
    fn stmt(&mut self, stmt: &mut Stmt) -> Vec<Stmt> {
        match &mut stmt.kind {
            StmtKind::Expr(x) | StmtKind::ReturnTuple(x) => {
                self.root(x);
            }
            StmtKind::Go(call) | StmtKind::Defer(call) | StmtKind::DeferTo { call, .. } => {
                self.deferred(call);
            }
            StmtKind::Assign { targets, values } => match &mut targets[..] {
                [Target::Define(_) | Target::Blank] => {
                    self.root(&mut values[0]);
                }
                _ => return self.assign(targets, values),
            },
            StmtKind::AssignTuple { targets, value } => {
                if let Some((before, kind)) = self.assign_tuple(targets, value, stmt.loc) {
                    stmt.kind = kind;
                    return before;
                }
            }
            StmtKind::OpAssign { target, value, .. } => {
                let start = self.events.len();
                self.target_place(target);
                self.visit(value);
                if let (_, Some(mut taken)) = self.close(start) {
                    self.take(target, &mut taken);
                    self.take(value, &mut taken);
                    return definitions(taken);
                }
            }
            StmtKind::Send { chan, value } => return self.list(&mut [chan, value]),
            StmtKind::Return(values) => match &mut values[..] {
                [value] => {
                    self.root(value);
                }
                _ => return self.list(&mut values.iter_mut().collect::<Vec<_>>()),
            },
            StmtKind::Block(block) => self.block(block),
            StmtKind::If { cond, then, els } => {
                self.root(cond);
                self.block(then);
                if let Some(els) = els {
                    self.alone(els);
                }
            }
            StmtKind::For(f) => {
                if let Some(cond) = &mut f.cond {
                    self.root(cond);
                }
                if let Some(post) = &mut f.post {
                    self.alone(post);
                }
                self.block(&mut f.body);
            }
            StmtKind::Range(range) => {
                self.root(&mut range.x);
                self.targets_alone(range.key.iter_mut().chain(&mut range.value));
                self.block(&mut range.body);
            }
            StmtKind::Switch(switch) => {
                for case in &mut switch.cases {
                    for cond in &mut case.conds {
                        self.root(cond);
                    }
                    self.block(&mut case.body);
                }
            }
            StmtKind::TypeSwitch(switch) => {
                for case in &mut switch.cases {
                    self.block(&mut case.body);
                }
            }
            StmtKind::Select(select) => {
                for case in &mut select.cases {
                    match &mut case.comm {
                        Comm::Default => {}
                        Comm::Send { chan, value } => {
                            self.root(chan);
                            self.root(value);
                        }
                        Comm::Recv { chan, value, ok } => {
                            self.root(chan);
                            self.targets_alone(value.iter_mut().chain(ok));
                        }
                    }
                    self.block(&mut case.body);
                }
            }
            StmtKind::Zero(_)
            | StmtKind::Label(_)
            | StmtKind::Goto(_)
            | StmtKind::Break(_)
            | StmtKind::Continue(_)
            | StmtKind::DeferList(_) => {}
        }
        Vec::new()
    }

    /// A statement that is not in a block.
    fn alone(&mut self, stmt: &mut Stmt) {
        let before = self.stmt(stmt);
        enclose(stmt, before);
    }

    /// Expressions that are one region.
    fn list(&mut self, list: &mut [&mut Expr]) -> Vec<Stmt> {
        let start = self.events.len();
        for x in list.iter_mut() {
            self.visit(x);
        }
        let Some(mut taken) = self.close(start).1 else {
            return Vec::new();
        };
        for x in list {
            self.take(x, &mut taken);
        }
        definitions(taken)
    }

    fn assign(&mut self, targets: &mut [Target], values: &mut [Expr]) -> Vec<Stmt> {
        let start = self.events.len();
        for target in targets.iter_mut() {
            if let Target::Place(place) = target {
                self.target_place(place);
            }
        }
        for value in values.iter_mut() {
            self.visit(value);
        }
        let Some(mut taken) = self.close(start).1 else {
            return Vec::new();
        };
        for target in targets {
            if let Target::Place(place) = target {
                self.take(place, &mut taken);
            }
        }
        for value in values {
            self.take(value, &mut taken);
        }
        definitions(taken)
    }

    /// An assignment of several results; if operands on the left are read after it, what replaces it and what comes before that.
    fn assign_tuple(
        &mut self,
        targets: &mut Vec<Target>,
        value: &mut Expr,
        loc: Loc,
    ) -> Option<(Vec<Stmt>, StmtKind)> {
        let start = self.events.len();
        for target in targets.iter_mut() {
            if let Target::Place(place) = target {
                self.target_place(place);
            }
        }
        self.visit(value);
        let mut taken = self.close(start).1?;
        for target in targets.iter_mut() {
            if let Target::Place(place) = target {
                self.take(place, &mut taken);
            }
        }
        let mut before = definitions(taken);
        let Type::Tuple(tys) = self.types.get(value.ty).clone() else {
            return None;
        };
        let mut results = Vec::new();
        let mut assigned = Vec::new();
        let mut values = Vec::new();
        for (target, &ty) in std::mem::take(targets).into_iter().zip(&*tys) {
            let Target::Place(place) = target else {
                results.push(target);
                continue;
            };
            let var = self.new_var(ty, loc);
            results.push(Target::Define(var));
            let kind = ExprKind::Var(var);
            let mut result = Expr { ty, loc, kind };
            if place.ty != ty {
                result = Expr {
                    ty: place.ty,
                    loc,
                    kind: ExprKind::Convert(Box::new(result)),
                };
            }
            assigned.push(Target::Place(place));
            values.push(result);
        }
        let nothing = Expr {
            ty: Ty::INVALID,
            loc,
            kind: ExprKind::Zero,
        };
        before.push(Stmt {
            kind: StmtKind::AssignTuple {
                targets: results,
                value: std::mem::replace(value, nothing),
            },
            loc,
        });
        let kind = StmtKind::Assign {
            targets: assigned,
            values,
        };
        Some((before, kind))
    }

    /// Targets whose values are there before their operands are evaluated.
    fn targets_alone<'t>(&mut self, targets: impl Iterator<Item = &'t mut Target>) {
        for target in targets {
            if let Target::Place(place) = target {
                let start = self.events.len();
                self.target_place(place);
                self.events.truncate(start);
            }
        }
    }

    // ---- regions -------------------------------------------------------------------------

    /// An expression that is a region.
    fn root(&mut self, e: &mut Expr) -> Found {
        let start = self.events.len();
        self.visit(e);
        let (found, taken) = self.close(start);
        if let Some(mut taken) = taken {
            self.take(e, &mut taken);
            wrap(e, taken.units);
        }
        found
    }

    /// The call of a `go` or `defer`, whose function is read together with the arguments.
    fn deferred(&mut self, call: &mut Expr) {
        match &mut call.kind {
            ExprKind::Call { .. } => {
                self.operands_of_unit(call, true);
            }
            ExprKind::Let { init, body, .. } => {
                self.root(init);
                self.deferred(body);
            }
            _ => {
                self.root(call);
            }
        }
    }

    /// Ends the region whose events begin at `start`: the units to take out, if that is necessary.
    fn close(&mut self, start: usize) -> (Found, Option<Taken>) {
        let events = &self.events[start..];
        let late = events.iter().position(|event| *event == Event::Late);
        let is_effect = |event: &Event| matches!(event, Event::Unit(unit) if unit.effect);
        let effect = events.iter().rposition(is_effect);
        let is_still = |event: &Event| matches!(event, Event::Unit(unit) if unit.still);
        let found = Found {
            effect: effect.is_some(),
            still: events.iter().all(is_still),
        };
        let mut taken = None;
        if let (Some(late), Some(effect)) = (late, effect)
            && late < effect
        {
            let stays = events[..=effect].iter().filter_map(|event| match event {
                Event::Late => None,
                Event::Unit(unit) => Some(unit.still),
            });
            let stays: Vec<bool> = stays.collect();
            if stays.len() <= MAX_UNITS {
                taken = Some(Taken {
                    stays: stays.into_iter(),
                    units: Vec::new(),
                });
            }
        }
        self.events.truncate(start);
        (found, taken)
    }

    /// Notes the events of an expression in the region at hand.
    fn visit(&mut self, e: &mut Expr) {
        if self.is_unit(e) {
            let unit = self.unit(e);
            self.events.push(Event::Unit(unit));
            return;
        }
        if let ExprKind::FuncLit(code) = &mut e.kind {
            return self.code(code);
        }
        for (operand, how) in operands(self.types, e, false) {
            self.operand(operand, how);
        }
        if self.is_late(e) {
            self.events.push(Event::Late);
        }
    }

    fn operand(&mut self, e: &mut Expr, how: Use) {
        match how {
            Use::Part => self.visit(e),
            Use::Place => self.place(e),
            Use::Copied => {
                let found = self.root(e);
                self.events.push(Event::Unit(Unit {
                    effect: found.effect,
                    still: found.still,
                }));
            }
        }
    }

    /// A place that is not read here, but found.
    fn place(&mut self, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::Var(_) | ExprKind::Global(_) => {}
            ExprKind::Field { x, .. } => self.place(x),
            ExprKind::Index { x, index } if is_array(self.types, x.ty) => {
                self.place(x);
                self.visit(index);
                self.events.push(Event::Late);
            }
            _ => self.visit(e),
        }
    }

    /// The place that a statement assigns: what is found out when the value is stored is not an event.
    fn target_place(&mut self, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::Field { x, .. } => self.target_place(x),
            ExprKind::Deref(pointer) => self.visit(pointer),
            ExprKind::Index { x, index } if is_array(self.types, x.ty) => {
                let found_at_once = !matches!(x.kind, ExprKind::Var(_));
                self.place(x);
                self.visit(index);
                if found_at_once {
                    self.events.push(Event::Late);
                }
            }
            ExprKind::Index { .. } | ExprKind::MapIndex { .. } => {
                for (operand, how) in operands(self.types, e, false) {
                    self.operand(operand, how);
                }
            }
            _ => self.place(e),
        }
    }

    /// Orders the operands of a unit.
    fn unit(&mut self, e: &mut Expr) -> Unit {
        let effect = match &mut e.kind {
            ExprKind::AndAnd { x, y } | ExprKind::OrOr { x, y } => {
                let (x, y) = (self.root(x), self.root(y));
                x.effect || y.effect
            }
            ExprKind::MapLit(entries) => {
                let mut effect = false;
                for (key, value) in entries {
                    effect |= self.root(key).effect;
                    effect |= self.root(value).effect;
                }
                effect
            }
            ExprKind::Let { init, body, .. } => {
                let (init, body) = (self.root(init), self.root(body));
                init.effect || body.effect
            }
            _ => return self.operands_of_unit(e, false),
        };
        Unit {
            effect,
            still: false,
        }
    }

    fn operands_of_unit(&mut self, e: &mut Expr, deferred: bool) -> Unit {
        let start = self.events.len();
        for (operand, how) in operands(self.types, e, deferred) {
            self.operand(operand, how);
        }
        let (found, taken) = self.close(start);
        let effect = found.effect
            || match &e.kind {
                ExprKind::Call { callee, .. } => !self.is_pure(callee),
                ExprKind::Recv(_) | ExprKind::RecvOk(_) => true,
                ExprKind::Builtin { builtin, .. } => matches!(
                    builtin,
                    Builtin::Append | Builtin::AppendSlice | Builtin::Copy
                ),
                _ => false,
            };
        let computes = match &e.kind {
            ExprKind::Call { .. } => true,
            ExprKind::Builtin { builtin, .. } => matches!(
                builtin,
                Builtin::Len
                    | Builtin::Cap
                    | Builtin::Real
                    | Builtin::Imag
                    | Builtin::Complex
                    | Builtin::Min
                    | Builtin::Max
            ),
            _ => false,
        };
        if let Some(mut taken) = taken {
            self.take_operands(e, deferred, &mut taken);
            wrap(e, taken.units);
        }
        Unit {
            effect,
            still: computes && !effect && found.still,
        }
    }

    fn is_pure(&self, callee: &Callee) -> bool {
        matches!(callee, Callee::Static { func, .. } if self.pure[func.0 as usize])
    }

    // ---- taking units out ----------------------------------------------------------------

    fn take(&mut self, e: &mut Expr, taken: &mut Taken) {
        if self.is_unit(e) {
            self.take_unit(e, taken);
        } else {
            self.take_operands(e, false, taken);
        }
    }

    fn take_operands(&mut self, e: &mut Expr, deferred: bool, taken: &mut Taken) {
        for (operand, how) in operands(self.types, e, deferred) {
            match how {
                Use::Part | Use::Place => self.take(operand, taken),
                Use::Copied => self.take_unit(operand, taken),
            }
        }
    }

    fn take_unit(&mut self, e: &mut Expr, taken: &mut Taken) {
        if taken.stays.next() != Some(false) {
            return;
        }
        let (ty, loc) = (e.ty, e.loc);
        let var = self.new_var(ty, loc);
        let kind = ExprKind::Var(var);
        let unit = std::mem::replace(e, Expr { ty, loc, kind });
        taken.units.push((var, unit));
    }

    fn new_var(&mut self, ty: Ty, loc: Loc) -> VarId {
        self.vars.push(Var {
            name: Rc::from(""),
            ty,
            owner: self.lit,
            loc,
        });
        self.escapes.vars.push(VarInfo::default());
        VarId(self.vars.len() as u32 - 1)
    }

    // ---- kinds of expressions ------------------------------------------------------------

    /// Whether the value is kept when its turn comes.
    fn is_unit(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Call { .. }
            | ExprKind::Builtin { .. }
            | ExprKind::Recv(_)
            | ExprKind::AndAnd { .. }
            | ExprKind::OrOr { .. }
            | ExprKind::Slice { .. }
            | ExprKind::MapIndexOk { .. }
            | ExprKind::TypeAssertOk(_)
            | ExprKind::RecvOk(_) => true,
            ExprKind::MapLit(entries) => !entries.is_empty(),
            ExprKind::TypeAssert(_) => !is_pointer_shaped(self.types, e.ty),
            ExprKind::Convert(x) => {
                matches!(self.types.under(e.ty), Type::Slice(_))
                    && matches!(self.types.under(x.ty), Type::Basic(_))
            }
            ExprKind::Let { vars, init, body } => {
                vars.len() != 1
                    || matches!(self.types.get(init.ty), Type::Tuple(_))
                    || self.is_unit(body)
            }
            _ => false,
        }
    }

    /// Whether the expression itself, not counting its operands, reads what may change or may panic.
    fn is_late(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Var(var) => self.escapes.var(*var).in_cell(),
            ExprKind::Global(_)
            | ExprKind::Deref(_)
            | ExprKind::Index { .. }
            | ExprKind::MapIndex { .. }
            | ExprKind::NilCheck(_)
            | ExprKind::TypeAssert(_) => true,
            ExprKind::Binary { op, y, .. } => {
                matches!(
                    op,
                    BinaryOp::Div | BinaryOp::Rem | BinaryOp::Shl | BinaryOp::Shr
                ) && !matches!(y.kind, ExprKind::Const(_))
                    && !matches!(self.types.under(e.ty), Type::Basic(basic)
                        if basic.is_float() || basic.is_complex())
            }
            ExprKind::Compare { x, y, .. } => {
                matches!(self.types.under(x.ty), Type::Interface(_))
                    && !matches!(x.kind, ExprKind::Zero)
                    && !matches!(y.kind, ExprKind::Zero)
            }
            ExprKind::Convert(x) => {
                matches!(self.types.under(x.ty), Type::Slice(_))
                    && matches!(
                        self.types.under(e.ty),
                        Type::Basic(_) | Type::Array { .. } | Type::Pointer(_)
                    )
            }
            _ => false,
        }
    }
}

/// Operands, and how each is used; there are few, most often.
type Operands<'e> = SmallVec<[(&'e mut Expr, Use); 3]>;

/// The operands of an expression in order of evaluation. A callee that is read last is one only if the call is `deferred`.
fn operands<'e>(types: &Types, e: &'e mut Expr, deferred: bool) -> Operands<'e> {
    let ty = e.ty;
    let part = |x: &'e mut Expr| (x, Use::Part);
    match &mut e.kind {
        ExprKind::Const(_)
        | ExprKind::Zero
        | ExprKind::Var(_)
        | ExprKind::Global(_)
        | ExprKind::Func { .. }
        | ExprKind::FuncLit(_) => Operands::new(),
        ExprKind::Convert(x) => {
            let boxes =
                matches!(types.under(ty), Type::Interface(_)) && is_boxed_whole(types, x.ty);
            smallvec![whole(types, x, boxes)]
        }
        ExprKind::Unary { x, .. }
        | ExprKind::NilCheck(x)
        | ExprKind::Deref(x)
        | ExprKind::Field { x, .. }
        | ExprKind::TypeAssert(x)
        | ExprKind::TypeAssertOk(x)
        | ExprKind::Recv(x)
        | ExprKind::RecvOk(x) => smallvec![part(x)],
        ExprKind::AddrOf(x) => {
            let is_literal = matches!(
                x.kind,
                ExprKind::StructLit(_)
                    | ExprKind::ArrayLit(_)
                    | ExprKind::SliceLit { .. }
                    | ExprKind::MapLit(_)
            );
            smallvec![(&mut **x, if is_literal { Use::Part } else { Use::Place })]
        }
        ExprKind::Compare { x, y, .. } => {
            let by_address = matches!(types.under(x.ty), Type::Struct(_) | Type::Array { .. });
            smallvec![whole(types, x, by_address), whole(types, y, by_address)]
        }
        ExprKind::Binary { x, y, .. }
        | ExprKind::AndAnd { x, y }
        | ExprKind::OrOr { x, y }
        | ExprKind::Index { x, index: y } => smallvec![part(x), part(y)],
        ExprKind::MapIndex { map, key } | ExprKind::MapIndexOk { map, key } => {
            let key = match types.under(key.ty) {
                Type::Struct(_) | Type::Array { .. } if is_one_word(types, key.ty) => {
                    (&mut **key, Use::Copied)
                }
                Type::Basic(basic) => {
                    let by_address = basic.is_float()
                        || basic.is_complex()
                        || matches!(
                            basic,
                            Basic::Bool | Basic::Int8 | Basic::Uint8 | Basic::Int16 | Basic::Uint16
                        );
                    whole(types, key, by_address)
                }
                Type::Struct(_) | Type::Array { .. } | Type::Interface(_) => {
                    whole(types, key, true)
                }
                _ => part(key),
            };
            smallvec![part(map), key]
        }
        ExprKind::Slice { x, lo, hi, max } => {
            let how = if is_array(types, x.ty) {
                Use::Place
            } else {
                Use::Part
            };
            let bounds = [lo, hi, max].into_iter().flatten();
            let bounds = bounds.map(|bound| (&mut **bound, Use::Part));
            std::iter::once((&mut **x, how)).chain(bounds).collect()
        }
        ExprKind::Call { callee, args } => {
            let callee = match &mut **callee {
                Callee::Static { .. } => None,
                Callee::Interface { recv: x, .. } | Callee::Value(x) => {
                    (deferred || !is_read_last(x)).then_some(x)
                }
                Callee::TypeParam { recv: x, .. } => Some(x),
            };
            callee.into_iter().chain(args).map(part).collect()
        }
        ExprKind::Builtin { args, .. } => args.iter_mut().map(part).collect(),
        ExprKind::Let { init, body, .. } => smallvec![part(init), part(body)],
        ExprKind::StructLit(fields) => fields.iter_mut().map(|(_, x)| part(x)).collect(),
        ExprKind::ArrayLit(elems) | ExprKind::SliceLit { elems, .. } => {
            elems.iter_mut().map(|(_, x)| part(x)).collect()
        }
        ExprKind::MapLit(entries) => {
            let entries = entries.iter_mut();
            entries.flat_map(|(k, v)| [part(k), part(v)]).collect()
        }
    }
}

/// An operand of which the machine wants the address, if `by_address`: what has none is copied.
fn whole<'e>(types: &Types, x: &'e mut Expr, by_address: bool) -> (&'e mut Expr, Use) {
    let copied = by_address
        && !has_address(types, x)
        && !matches!(x.kind, ExprKind::Const(_) | ExprKind::Zero);
    (x, if copied { Use::Copied } else { Use::Part })
}

fn has_address(types: &Types, e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Var(_) | ExprKind::Global(_) | ExprKind::Deref(_) => true,
        ExprKind::Field { x, .. } => has_address(types, x),
        ExprKind::Index { x, .. } => match types.under(x.ty) {
            Type::Array { .. } => has_address(types, x),
            other => matches!(other, Type::Slice(_)),
        },
        _ => false,
    }
}

fn is_array(types: &Types, ty: Ty) -> bool {
    matches!(types.under(ty), Type::Array { .. })
}

/// The only part of a struct or array, down to what is neither.
fn sole_part(types: &Types, ty: Ty) -> Option<&Type> {
    match types.under(ty) {
        Type::Struct(fields) => match &fields[..] {
            [field] => sole_part(types, field.ty),
            _ => None,
        },
        Type::Array { elem, len: 1 } => sole_part(types, *elem),
        Type::Array { .. } => None,
        other => Some(other),
    }
}

/// Values are one pointer, which an interface value holds as it is.
fn is_pointer_shaped(types: &Types, ty: Ty) -> bool {
    matches!(
        sole_part(types, ty),
        Some(Type::Pointer(_) | Type::Map { .. } | Type::Chan { .. } | Type::Func(_))
    )
}

/// Values are one number of 32 or 64 bits.
fn is_one_word(types: &Types, ty: Ty) -> bool {
    use Basic::*;
    matches!(
        sole_part(types, ty),
        Some(Type::Basic(
            Int | Int32 | Int64 | Uint | Uint32 | Uint64 | Uintptr
        ))
    )
}

/// Values become interface values by their address, not in a register.
fn is_boxed_whole(types: &Types, ty: Ty) -> bool {
    use Basic::*;
    match sole_part(types, ty) {
        Some(Type::Basic(basic)) => {
            matches!(basic, Bool | Int8 | Uint8 | Complex64 | Complex128)
        }
        Some(Type::Slice(_) | Type::Interface(_) | Type::Param(_)) => false,
        _ => true,
    }
}

/// Evaluates the units before the expression.
fn wrap(e: &mut Expr, units: Vec<(VarId, Expr)>) {
    let (ty, loc) = (e.ty, e.loc);
    let nothing = Expr {
        ty,
        loc,
        kind: ExprKind::Zero,
    };
    let mut whole = std::mem::replace(e, nothing);
    for (var, unit) in units.into_iter().rev() {
        let kind = ExprKind::Let {
            vars: vec![var],
            init: Box::new(unit),
            body: Box::new(whole),
        };
        whole = Expr { ty, loc, kind };
    }
    *e = whole;
}

/// The units as statements.
fn definitions(taken: Taken) -> Vec<Stmt> {
    let define = |(var, unit): (VarId, Expr)| Stmt {
        loc: unit.loc,
        kind: StmtKind::Assign {
            targets: vec![Target::Define(var)],
            values: vec![unit],
        },
    };
    taken.units.into_iter().map(define).collect()
}

/// Puts statements before a statement.
fn enclose(stmt: &mut Stmt, mut before: Vec<Stmt>) {
    if before.is_empty() {
        return;
    }
    let loc = stmt.loc;
    let empty = Stmt {
        kind: StmtKind::Block(Block::default()),
        loc,
    };
    before.push(std::mem::replace(stmt, empty));
    stmt.kind = StmtKind::Block(Block { stmts: before });
}
