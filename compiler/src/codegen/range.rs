//! `for … range`.
//!
//! Loops over integers, slices and arrays count in a hidden register, which is the key variable itself where nobody else
//! changes or keeps it; all test at the bottom.

use super::expr::Ownership;
use super::func::{Constant, FuncGen, Label, Loop, Storage};
use super::operand::Place;
use super::regalloc::NOWHERE;
use crate::types::ty::{Ty, Type};
use crate::types::typed::{Expr, ExprKind, Range, RangeKind, Target};
use minigo_bytecode::{Op, Reg, SiteKind, WordKind};

/// The labels of a loop being generated.
struct Labels {
    next: Label,
    end: Label,
}

impl<'t> FuncGen<'_, '_, 't> {
    /// `for key, value = range x`
    pub(super) fn range_stmt(&mut self, range: &'t Range) {
        self.enter_scope();
        let labels = Labels {
            next: self.label(),
            end: self.label(),
        };
        self.loop_depth += 1;
        match range.kind {
            RangeKind::Int => self.range_int(range, &labels),
            RangeKind::Slice | RangeKind::Array | RangeKind::ArrayPtr => {
                self.range_elems(range, &labels);
            }
            RangeKind::String => self.range_string(range, &labels),
            RangeKind::Map => self.range_map(range, &labels),
            RangeKind::Chan => self.range_chan(range, &labels),
        }
        self.loop_depth -= 1;
        self.bind(labels.end);
        self.leave_scope();
    }

    fn range_body(&mut self, range: &'t Range, labels: &Labels) {
        self.loops.push(Loop {
            target: range.target,
            end: labels.end,
            next: Some(labels.next),
        });
        self.block(&range.body);
        self.loops.pop();
        self.bind(labels.next);
        self.loc = range.x.loc;
    }

    fn hidden(&mut self, kinds: &[WordKind]) -> Reg {
        self.scoped(kinds)
    }

    /// Gives a target the value in `src`.
    fn set_target(&mut self, target: &'t Option<Target>, src: Reg, ty: Ty, own: Ownership) {
        let mark = self.mark();
        match target {
            None | Some(Target::Blank) => {}
            Some(Target::Define(var)) => self.define_with(*var, src, ty, own),
            Some(Target::Place(place)) => {
                let ready = self.place(place);
                let ready = self.settle_place(ready, place.ty);
                self.store_converted(ready, place.ty, src, ty);
            }
        }
        self.release(mark);
    }

    /// Gives key and value what they get in this iteration. The operands of both are evaluated before either is assigned.
    fn set_targets(&mut self, range: &'t Range, key: (Reg, Ty), value: Option<(Place, Ty)>) {
        if let (Some(Target::Place(_)), Some(Target::Place(_)), Some((place, ty))) =
            (&range.key, &range.value, value)
        {
            let mark = self.mark();
            let targets = [&range.key, &range.value];
            let ready = self.ready_places(targets.into_iter().flatten());
            let src = self.load(place, ty, None);
            for ((place, place_ty), (src, ty)) in ready.into_iter().zip([key, (src, ty)]) {
                self.store_converted(place, place_ty, src, ty);
            }
            self.release(mark);
            return;
        }
        if !self.counter_is_key(&range.key, key.0) {
            self.set_target(&range.key, key.0, key.1, Ownership::Private);
        }
        match value {
            Some((Place::Register(reg), _)) if self.counter_is_key(&range.value, reg) => {}
            Some((Place::Register(reg), ty)) => {
                self.set_target(&range.value, reg, ty, Ownership::Private);
            }
            Some((place, ty)) => self.set_from_place(&range.value, place, ty),
            None => {}
        }
    }

    /// The counter as the key variable, if the two can be one: then the variable is declared.
    fn counter_is_key(&mut self, key: &'t Option<Target>, counter: Reg) -> bool {
        if let Some(Target::Define(var)) = key
            && self.escapes.var(*var).is_constant()
        {
            self.storage.insert(*var, Storage::Register(counter));
            return true;
        }
        false
    }

    fn range_int(&mut self, range: &'t Range, labels: &Labels) {
        let limit = match &range.x.kind {
            ExprKind::Const(_) => self.expr(&range.x),
            _ => {
                let limit = self.hidden(&[WordKind::Int]);
                self.expr_to(&range.x, limit);
                limit
            }
        };
        self.loc = range.x.loc;
        let ty = range.x.ty;
        let unsigned = matches!(
            self.number(ty),
            Some(super::expr::Number::Int {
                signed: false,
                bits: 64
            })
        );
        let counter = self.hidden(&[WordKind::Int]);
        self.emit(Op::ConstInt {
            dst: counter,
            imm: 0,
        });
        let skip = if unsigned {
            Op::JumpEqIntImm {
                lhs: limit,
                imm: 0,
                to: 0,
            }
        } else {
            Op::JumpLeIntImm {
                lhs: limit,
                imm: 0,
                to: 0,
            }
        };
        self.emit_jump(skip, labels.end);
        let top = self.label();
        self.bind(top);
        self.enter_scope();
        if !self.counter_is_key(&range.key, counter) {
            self.set_target(&range.key, counter, ty, Ownership::Private);
        }
        self.range_body(range, labels);
        self.leave_scope();
        if unsigned {
            self.emit(Op::AddIntImm {
                dst: counter,
                lhs: counter,
                imm: 1,
            });
            self.emit_jump(
                Op::LoopNeInt {
                    lhs: counter,
                    rhs: limit,
                    to: 0,
                },
                top,
            );
        } else {
            self.emit_jump(
                Op::LoopIncLtInt {
                    i: counter,
                    limit,
                    to: 0,
                },
                top,
            );
        }
    }

    /// The slice that is ranged over, in registers that keep it; an array as a view. None if only the length counts.
    fn ranged_slice(&mut self, range: &'t Range) -> (Option<Reg>, Ty, Option<u64>) {
        let x: &'t Expr = &range.x;
        let wants_elems = range
            .value
            .as_ref()
            .is_some_and(|v| !matches!(v, Target::Blank));
        match (range.kind, self.under(x.ty)) {
            (RangeKind::Array, Type::Array { elem, len }) => {
                if !wants_elems {
                    // The array counts only for what evaluating it does.
                    if !matches!(x.kind, ExprKind::Var(_) | ExprKind::Global(_)) {
                        let mark = self.mark();
                        let _ = self.place(x);
                        self.release(mark);
                    }
                    return (None, elem, Some(len));
                }
                let ptr = self.hidden(&[WordKind::Ptr]);
                let constant = match &x.kind {
                    ExprKind::Var(var) => self.escapes.var(*var).is_constant(),
                    _ => false,
                };
                if constant {
                    self.expr_to(x, ptr);
                } else {
                    self.value_to(x, ptr);
                }
                let view = self.hidden(&[WordKind::Ptr, WordKind::Int]);
                self.array_view(view, ptr, len);
                (Some(view), elem, Some(len))
            }
            (RangeKind::ArrayPtr, Type::Pointer(array)) => {
                let Type::Array { elem, len } = self.under(array) else {
                    return (None, Ty::INT, None);
                };
                let ptr = self.hidden(&[WordKind::Ptr]);
                self.expr_to(x, ptr);
                if !wants_elems {
                    return (None, elem, Some(len));
                }
                let view = self.hidden(&[WordKind::Ptr, WordKind::Int]);
                self.array_view(view, ptr, len);
                (Some(view), elem, Some(len))
            }
            (_, Type::Slice(elem)) => {
                if let ExprKind::Var(var) = &x.kind
                    && self.escapes.var(*var).is_constant()
                    && let Storage::Register(reg) = self.storage_of(*var)
                {
                    return (Some(reg), elem, None);
                }
                let slice = self.hidden(&[WordKind::Ptr, WordKind::Int]);
                self.expr_to(x, slice);
                (Some(slice), elem, None)
            }
            _ => (None, Ty::INT, None),
        }
    }

    fn range_elems(&mut self, range: &'t Range, labels: &Labels) {
        let (slice, elem, fixed) = self.ranged_slice(range);
        self.loc = range.x.loc;
        let len = match (fixed, slice) {
            (Some(len), _) => self.constant(Constant::Int(len as i64)),
            (None, Some(slice)) => {
                let len = self.hidden(&[WordKind::Int]);
                self.emit(Op::SliceLen { dst: len, slice });
                len
            }
            (None, None) => return,
        };
        let counter = self.hidden(&[WordKind::Int]);
        self.emit(Op::ConstInt {
            dst: counter,
            imm: 0,
        });
        match fixed {
            Some(0) => self.jump(labels.end),
            Some(_) => {}
            None => self.emit_jump(
                Op::JumpLeIntImm {
                    lhs: len,
                    imm: 0,
                    to: 0,
                },
                labels.end,
            ),
        }
        let top = self.label();
        self.bind(top);
        self.enter_scope();
        let value = slice.map(|slice| {
            let index = counter;
            (Place::Element { slice, index }, elem)
        });
        self.set_targets(range, (counter, Ty::INT), value);
        self.range_body(range, labels);
        self.leave_scope();
        self.emit_jump(
            Op::LoopIncLtInt {
                i: counter,
                limit: len,
                to: 0,
            },
            top,
        );
    }

    /// Gives a target the value of a place, straight into its registers where it has some.
    fn set_from_place(&mut self, target: &'t Option<Target>, place: Place, ty: Ty) {
        let mark = self.mark();
        match target {
            None | Some(Target::Blank) => {}
            Some(Target::Define(var)) => {
                let var_ty = self.var_ty(*var);
                let layout = self.layout(var_ty);
                if !layout.indirect
                    && !self.escapes.var(*var).in_cell()
                    && self.keeps_words(ty, var_ty)
                {
                    let reg = self.scoped(&layout.kinds);
                    if reg != NOWHERE {
                        self.load(place, ty, Some(reg));
                    }
                    self.storage.insert(*var, Storage::Register(reg));
                } else {
                    let src = self.load(place, ty, None);
                    self.define_with(*var, src, ty, Ownership::Borrowed);
                }
            }
            Some(_) => {
                let src = self.load(place, ty, None);
                self.set_target(target, src, ty, Ownership::Borrowed);
            }
        }
        self.release(mark);
    }

    fn range_string(&mut self, range: &'t Range, labels: &Labels) {
        let str = self.hidden(&[WordKind::Ptr, WordKind::Int]);
        self.expr_to(&range.x, str);
        self.loc = range.x.loc;
        let counter = self.hidden(&[WordKind::Int]);
        // The rune, and where the next one starts.
        let decoded = self.hidden(&[WordKind::Int, WordKind::Int]);
        let len = str.plus(1);
        self.emit(Op::ConstInt {
            dst: counter,
            imm: 0,
        });
        self.emit_jump(
            Op::JumpLeIntImm {
                lhs: len,
                imm: 0,
                to: 0,
            },
            labels.end,
        );
        let top = self.label();
        self.bind(top);
        self.emit(Op::DecodeRune {
            dst: decoded,
            str,
            index: counter,
        });
        self.enter_scope();
        let value = Some((Place::Register(decoded), Ty::INT32));
        self.set_targets(range, (counter, Ty::INT), value);
        self.range_body(range, labels);
        self.leave_scope();
        self.move_words(counter, decoded.plus(1), 1);
        self.emit_jump(
            Op::LoopLtInt {
                lhs: counter,
                rhs: len,
                to: 0,
            },
            top,
        );
    }

    fn range_map(&mut self, range: &'t Range, labels: &Labels) {
        let Type::Map { key, value } = self.under(range.x.ty) else {
            return;
        };
        let map = self.expr(&range.x);
        self.loc = range.x.loc;
        let iter = self.hidden(&[WordKind::Ptr]);
        self.emit(Op::MapIter { dst: iter, map });
        let top = self.label();
        self.bind(top);
        self.emit_jump(Op::MapNext { iter, to: 0 }, labels.end);
        self.enter_scope();
        for (target, ty, is_key) in [(&range.key, key, true), (&range.value, value, false)] {
            if matches!(target, None | Some(Target::Blank)) {
                continue;
            }
            let kinds = self.layout(ty).kinds.clone();
            let dst = self.scoped(&kinds);
            if dst != NOWHERE {
                self.emit(if is_key {
                    Op::MapKey { dst, iter }
                } else {
                    Op::MapValue { dst, iter }
                });
            }
            if self.layout(ty).indirect || !self.counter_is_key(target, dst) {
                self.set_target(target, dst, ty, Ownership::Stable);
            }
        }
        self.range_body(range, labels);
        self.leave_scope();
        self.jump(top);
    }

    fn range_chan(&mut self, range: &'t Range, labels: &Labels) {
        let Type::Chan { elem, .. } = self.under(range.x.ty) else {
            return;
        };
        let chan = self.hidden(&[WordKind::Ptr]);
        self.expr_to(&range.x, chan);
        self.loc = range.x.loc;
        let kinds = self.layout(elem).kinds.clone();
        let dst = self.scoped(&kinds);
        let ok = self.hidden(&[WordKind::Int]);
        let top = self.label();
        self.bind(top);
        self.site(SiteKind::Range, &range.x, range.x.loc);
        self.emit(Op::RecvOk { dst, chan, ok });
        self.bool_jump(ok, false, labels.end);
        self.enter_scope();
        if self.layout(elem).indirect || !self.counter_is_key(&range.key, dst) {
            self.set_target(&range.key, dst, elem, Ownership::Private);
        }
        self.range_body(range, labels);
        self.leave_scope();
        self.jump(top);
    }
}
