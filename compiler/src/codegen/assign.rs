//! Assignments in all their forms.
//!
//! The order is Go's: operands of index expressions and dereferences on the left, and all expressions on the right, are evaluated
//! first; then the assignments happen from left to right. Variables in registers are operands in place, so what a later
//! assignment of the same statement still needs is moved away first.

use super::expr::{Number, Ownership};
use super::func::{FuncGen, Storage};
use super::operand::Place;
use super::regalloc::{NOWHERE, is_out, out};
use crate::types::ty::{Loc, Ty, Type};
use crate::types::typed::{BinaryOp, Expr, ExprKind, Target, VarId};
use minigo_bytecode::{Op, Reg, SiteKind, WordKind};
use std::rc::Rc;

/// One value of a tuple, in registers.
#[derive(Clone, Copy)]
pub(super) struct Component {
    pub(super) reg: Reg,
    pub(super) ty: Ty,
    pub(super) own: Ownership,
}

/// A target whose operands have been evaluated.
enum Ready {
    Blank,
    Define(VarId),
    Place(Place, Ty),
}

impl<'t> FuncGen<'_, '_, 't> {
    /// `a, b = x, y`
    pub(super) fn assign(&mut self, targets: &'t [Target], values: &'t [Expr], loc: Loc) {
        match (targets, values) {
            ([target], [value]) => self.assign_one(target, value, loc),
            _ if targets
                .iter()
                .all(|t| matches!(t, Target::Define(_) | Target::Blank)) =>
            {
                // New variables cannot be operands of the values.
                for (target, value) in targets.iter().zip(values) {
                    self.assign_one(target, value, loc);
                }
            }
            _ => self.assign_many(targets, values, loc),
        }
    }

    fn assign_one(&mut self, target: &'t Target, value: &'t Expr, loc: Loc) {
        match target {
            Target::Blank => self.expr_stmt(value),
            Target::Define(var) => self.define(*var, Some(value)),
            Target::Place(place) => self.assign_place(place, value, loc),
        }
    }

    fn assign_place(&mut self, target: &'t Expr, value: &'t Expr, loc: Loc) {
        let mark = self.mark();
        self.made_for(value, |this| this.spelled(target));
        let layout = self.layout(target.ty);
        if !layout.indirect
            && let Some(reg) = self.register_of(target)
        {
            if self.writes_in_parts(value) {
                let temp = self.temp(&layout.kinds);
                self.expr_to(value, temp);
                self.move_words(reg, temp, layout.words());
            } else {
                self.expr_to(value, reg);
            }
        } else {
            let place = self.place(target);
            let place = self.settle_place(place, target.ty);
            if layout.indirect && is_zero(value) && !matches!(place, Place::MapElement { .. }) {
                self.loc = loc;
                let ptr = self.load(place, target.ty, None);
                let ty = self.type_id(target.ty);
                self.emit(Op::ZeroMem { ptr, ty });
                return self.release(mark);
            }
            let src = if self.is_plain(value) {
                self.expr_volatile(value)
            } else {
                self.expr(value)
            };
            self.loc = loc;
            self.store(place, target.ty, src);
        }
        self.release(mark);
    }

    /// The registers of a place that is (a part of) a variable in registers.
    fn register_of(&mut self, place: &Expr) -> Option<Reg> {
        match &place.kind {
            ExprKind::Var(var) => match self.storage_of(*var) {
                Storage::Register(reg) => Some(reg),
                _ => None,
            },
            ExprKind::Field { x, index } => {
                let base = self.register_of(x)?;
                let layout = self.layout(x.ty);
                Some(base.plus(layout.fields[*index] as usize))
            }
            _ => None,
        }
    }

    fn assign_many(&mut self, targets: &'t [Target], values: &'t [Expr], loc: Loc) {
        let mark = self.mark();
        let assigned = self.assigned_registers(targets);
        let mut ready = Vec::with_capacity(targets.len());
        for target in targets {
            ready.push(self.ready(target, &assigned));
        }
        let mut regs = Vec::with_capacity(values.len());
        for (value, target) in values.iter().zip(targets) {
            self.made_for_target(value, target);
            let layout = self.layout(value.ty);
            let reg = if layout.indirect && self.ownership(value) == Ownership::Borrowed {
                // Another assignment of the statement may change the memory.
                self.value(value)
            } else {
                self.expr(value)
            };
            regs.push(reg);
        }
        // A value in a variable's registers must move if an earlier target overwrites it.
        for i in 1..values.len() {
            let words = self.layout(values[i].ty).words();
            let clash = ready[..i].iter().any(|t| match t {
                Ready::Place(Place::Register(reg), ty) => {
                    let n = self.layout(*ty).words();
                    overlap((*reg, n), (regs[i], words))
                }
                _ => false,
            });
            if clash {
                let kinds = self.layout(values[i].ty).kinds.clone();
                let temp = self.temp(&kinds);
                self.move_words(temp, regs[i], words);
                regs[i] = temp;
            }
        }
        self.loc = loc;
        for (target, (reg, value)) in ready.into_iter().zip(regs.into_iter().zip(values)) {
            match target {
                Ready::Blank => {}
                Ready::Define(var) => {
                    let own = self.ownership(value);
                    let own = if own == Ownership::Borrowed {
                        Ownership::Private
                    } else {
                        own
                    };
                    self.define_with(var, reg, value.ty, own);
                }
                Ready::Place(place, ty) => self.store(place, ty, reg),
            }
        }
        self.release(mark);
    }

    /// The registers that a statement assigns: first and number of words.
    fn assigned_registers(&mut self, targets: &[Target]) -> Vec<(Reg, usize)> {
        let mut assigned = Vec::new();
        for target in targets {
            if let Target::Place(place) = target
                && let Some(reg) = self.register_of(place)
            {
                assigned.push((reg, self.layout(place.ty).words()));
            }
        }
        assigned
    }

    /// Evaluates a target's operands to registers that no assignment of the statement changes.
    fn ready(&mut self, target: &'t Target, assigned: &[(Reg, usize)]) -> Ready {
        let place = match target {
            Target::Blank => return Ready::Blank,
            Target::Define(var) => return Ready::Define(*var),
            Target::Place(place) => place,
        };
        let ty = self.subst(place.ty);
        let ready = self.place(place);
        let ready = self.settle_place(ready, ty);
        let ready = match ready {
            Place::Memory { ptr, off } => Place::Memory {
                ptr: self.apart(ptr, &[WordKind::Ptr], assigned),
                off,
            },
            Place::Element { slice, index } => Place::Element {
                slice: self.apart(slice, &[WordKind::Ptr, WordKind::Int], assigned),
                index: self.apart(index, &[WordKind::Int], assigned),
            },
            Place::MapElement { map, key, ty } => {
                let kinds = match self.under(ty) {
                    Type::Map { key, .. } => self.layout(key).kinds.clone(),
                    _ => [].into(),
                };
                Place::MapElement {
                    map: self.apart(map, &[WordKind::Ptr], assigned),
                    key: self.apart(key, &kinds, assigned),
                    ty,
                }
            }
            other => other,
        };
        Ready::Place(ready, ty)
    }

    /// The places of targets that are all places, with operands that assigning one of them does not change.
    pub(super) fn ready_places(
        &mut self,
        targets: impl Iterator<Item = &'t Target> + Clone,
    ) -> Vec<(Place, Ty)> {
        let mut assigned = Vec::new();
        for target in targets.clone() {
            assigned.extend(self.assigned_registers(std::slice::from_ref(target)));
        }
        let mut places = Vec::new();
        for target in targets {
            if let Ready::Place(place, ty) = self.ready(target, &assigned) {
                places.push((place, ty));
            }
        }
        places
    }

    /// The value, in other registers if the statement assigns these.
    fn apart(&mut self, reg: Reg, kinds: &[WordKind], assigned: &[(Reg, usize)]) -> Reg {
        if !assigned.iter().any(|&a| overlap(a, (reg, kinds.len()))) {
            return reg;
        }
        let temp = self.temp(kinds);
        self.move_words(temp, reg, kinds.len());
        temp
    }

    // ---- tuples --------------------------------------------------------------------------

    /// `a, b = f()`
    pub(super) fn assign_tuple(&mut self, targets: &'t [Target], value: &'t Expr, loc: Loc) {
        let mark = self.mark();
        let assigned = self.assigned_registers(targets);
        let mut ready = Vec::with_capacity(targets.len());
        for target in targets {
            ready.push(self.ready(target, &assigned));
        }
        let mut components = self.tuple(value);
        self.loc = loc;
        let simple = ready.iter().zip(&components).all(|(t, c)| match t {
            Ready::Blank => true,
            Ready::Define(var) => {
                let ty = self.var_ty(*var);
                !self.escapes.var(*var).in_cell()
                    && !self.layout(ty).indirect
                    && self.keeps_words(c.ty, ty)
            }
            Ready::Place(Place::MapElement { .. }, _) => false,
            Ready::Place(_, ty) => !self.layout(*ty).indirect && self.keeps_words(c.ty, *ty),
        });
        if !simple {
            components = self.settle_all(components);
        }
        for (target, component) in ready.into_iter().zip(components) {
            match target {
                Ready::Blank => {}
                Ready::Define(var) => {
                    self.define_with(var, component.reg, component.ty, component.own);
                }
                Ready::Place(place, ty) => {
                    self.store_converted(place, ty, component.reg, component.ty);
                }
            }
        }
        self.release(mark);
    }

    /// Declares variables with the components of a tuple.
    pub(super) fn define_from_tuple(&mut self, vars: &[VarId], init: &'t Expr) {
        let mark = self.mark();
        let components = self.tuple(init);
        let components = self.settle_all(components);
        for (&var, component) in vars.iter().zip(components) {
            self.define_with(var, component.reg, component.ty, component.own);
        }
        self.release(mark);
    }

    /// Evaluates an expression of tuple type; a call's results are in the out area.
    pub(super) fn tuple(&mut self, e: &'t Expr) -> Vec<Component> {
        let tys: Rc<[Ty]> = match self.under(e.ty) {
            Type::Tuple(tys) => tys,
            _ => Rc::new([e.ty]),
        };
        match &e.kind {
            ExprKind::Call { callee, args } => {
                self.call(callee, args, e.loc);
                let mut at = 0;
                let mut components = Vec::with_capacity(tys.len());
                for &ty in &*tys {
                    let words = self.layout(ty).words();
                    components.push(Component {
                        reg: if words == 0 { NOWHERE } else { out(at) },
                        ty,
                        own: Ownership::Private,
                    });
                    at += words;
                }
                components
            }
            ExprKind::Let { vars, init, body } => {
                self.let_vars(vars, init);
                self.tuple(body)
            }
            ExprKind::MapIndexOk { map, key } => {
                let map_reg = self.expr_before(map, &[key]);
                let key = self.expr(key);
                self.loc = e.loc;
                let map_reg = self.map_to_look_in(map_reg, map.ty);
                let layout = self.layout(tys[0]);
                let dst = self.temp(&layout.kinds);
                let ok = self.temp_word(WordKind::Int);
                self.emit(Op::MapGetOk {
                    count: layout.words() as u8,
                    dst,
                    map: map_reg,
                    key,
                });
                self.emit(Op::Extra {
                    reg: ok.0,
                    index: 0,
                });
                self.zero_if_absent(dst, tys[0], &layout);
                self.value_and_ok(&tys, dst, ok, Ownership::Stable)
            }
            ExprKind::TypeAssertOk(x) => {
                let iface = self.expr(x);
                self.loc = e.loc;
                let kinds = self.layout(tys[0]).kinds.clone();
                let dst = self.temp(&kinds);
                let ok = self.temp_word(WordKind::Int);
                self.type_assert_ok(iface, tys[0], dst, ok);
                self.value_and_ok(&tys, dst, ok, Ownership::Stable)
            }
            ExprKind::RecvOk(operand) => {
                let chan = self.expr(operand);
                self.loc = e.loc;
                let kinds = self.layout(tys[0]).kinds.clone();
                let dst = self.temp(&kinds);
                let ok = self.temp_word(WordKind::Int);
                self.site(SiteKind::Use, operand, e.loc);
                self.emit(Op::RecvOk { dst, chan, ok });
                let layout = self.layout(tys[0]);
                self.zero_if_absent(dst, tys[0], &layout);
                self.value_and_ok(&tys, dst, ok, Ownership::Private)
            }
            _ => {
                let reg = self.expr(e);
                let own = self.ownership(e);
                vec![Component { reg, ty: e.ty, own }]
            }
        }
    }

    fn value_and_ok(&mut self, tys: &[Ty], reg: Reg, ok: Reg, own: Ownership) -> Vec<Component> {
        let value = Component {
            reg,
            ty: tys[0],
            own,
        };
        let ok = Component {
            reg: ok,
            ty: tys.get(1).copied().unwrap_or(Ty::BOOL),
            own: Ownership::Private,
        };
        vec![value, ok]
    }

    /// The components, none of them in the out area.
    pub(super) fn settle_all(&mut self, mut components: Vec<Component>) -> Vec<Component> {
        for component in &mut components {
            if is_out(component.reg) {
                let kinds = self.layout(component.ty).kinds.clone();
                component.reg = self.settle(component.reg, &kinds);
            }
        }
        components
    }

    // ---- operate and assign --------------------------------------------------------------

    /// `x op= y`
    pub(super) fn op_assign(&mut self, op: BinaryOp, target: &'t Expr, value: &'t Expr, loc: Loc) {
        let mark = self.mark();
        let ty = target.ty;
        let kinds = self.layout(ty).kinds.clone();
        if let Some(reg) = self.register_of(target) {
            self.operate(op, ty, reg, reg, value, loc);
        } else if let ExprKind::MapIndex { map, key } = &target.kind {
            self.op_assign_map(op, ty, (map, key), value, loc);
        } else {
            let place = self.place(target);
            let place = self.settle_place(place, ty);
            // What is not plain is evaluated before the old value is read, as Go's compiler does.
            let plain = self.is_plain(value);
            let early = (!plain).then(|| self.expr(value));
            self.loc = loc;
            let old = self.load(place, ty, None);
            let new = if matches!(place, Place::Register(_)) {
                self.temp(&kinds)
            } else {
                old
            };
            match early {
                Some(rhs) => self.operate_registers(op, ty, new, old, rhs, value),
                None => self.operate(op, ty, new, old, value, loc),
            }
            self.loc = loc;
            self.store(place, ty, new);
        }
        self.release(mark);
    }

    /// `R[dst] := R[lhs] op value`
    fn operate(&mut self, op: BinaryOp, ty: Ty, dst: Reg, lhs: Reg, value: &'t Expr, loc: Loc) {
        if let Some(Number::Int { signed, bits }) = self.number(ty)
            && let Some(imm) = self.imm(value)
        {
            self.loc = loc;
            if self.int_imm(op, signed, bits, dst, lhs, imm) {
                return;
            }
        }
        let rhs = if self.number(ty).is_some() {
            self.expr_volatile(value)
        } else {
            self.expr(value)
        };
        self.loc = loc;
        self.operate_registers(op, ty, dst, lhs, rhs, value);
    }

    fn operate_registers(
        &mut self,
        op: BinaryOp,
        ty: Ty,
        dst: Reg,
        lhs: Reg,
        rhs: Reg,
        value: &'t Expr,
    ) {
        if matches!(op, BinaryOp::Shl | BinaryOp::Shr) {
            self.check_shift(value, rhs);
        }
        if self.number(ty).is_some() {
            if !self.product_and_sum(op, dst, lhs, rhs, [value, value]) {
                self.arithmetic(op, ty, dst, lhs, rhs);
            }
            return;
        }
        // Strings.
        let pair = [WordKind::Ptr, WordKind::Int];
        let src = self.temp(&pair.repeat(2));
        self.move_words(src, lhs, 2);
        self.move_words(src.plus(2), rhs, 2);
        self.emit(Op::Concat { dst, src, count: 2 });
    }

    fn op_assign_map(
        &mut self,
        op: BinaryOp,
        ty: Ty,
        (map, key): (&'t Expr, &'t Expr),
        value: &'t Expr,
        loc: Loc,
    ) {
        let place_ty = map.ty;
        let map_reg = self.expr_before(map, &[key, value]);
        let map_reg = self.settle(map_reg, &[WordKind::Ptr]);
        let key_reg = self.expr(key);
        // The entry is made only if the operator cannot panic, and nothing may come between finding and using it.
        let total = !matches!(
            op,
            BinaryOp::Div | BinaryOp::Rem | BinaryOp::Shl | BinaryOp::Shr
        );
        let kinds = self.layout(ty).kinds.clone();
        if total && kinds.len() == 1 {
            let rhs = match self.imm(value) {
                Some(_) => None,
                None => Some(self.expr(value)),
            };
            self.loc = loc;
            let key_reg = self.private_key(key_reg, place_ty);
            let slot = self.temp_word(WordKind::Ptr);
            let layout = self.layout(ty);
            self.emit(Op::MapSlot {
                dst: slot,
                map: map_reg,
                key: key_reg,
            });
            let word = self.temp(&kinds);
            self.load_memory(word, slot, 0, &layout);
            match rhs {
                Some(rhs) => self.operate_registers(op, ty, word, word, rhs, value),
                None => self.operate(op, ty, word, word, value, loc),
            }
            self.store_memory(slot, 0, word, &layout);
            return;
        }
        let place = Place::MapElement {
            map: map_reg,
            key: key_reg,
            ty: place_ty,
        };
        let rhs = self.expr(value);
        self.loc = loc;
        let old = self.load(place, ty, None);
        self.operate_registers(op, ty, old, old, rhs, value);
        self.store(place, ty, old);
    }
}

/// Whether the expression is the zero value of an indirect type.
fn is_zero(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Zero => true,
        ExprKind::StructLit(fields) => fields.is_empty(),
        ExprKind::ArrayLit(elems) => elems.is_empty(),
        _ => false,
    }
}

/// Whether two ranges of registers have one in common.
fn overlap(a: (Reg, usize), b: (Reg, usize)) -> bool {
    a.0 != NOWHERE
        && b.0 != NOWHERE
        && a.0.index() < b.0.index() + b.1
        && b.0.index() < a.0.index() + a.1
}
