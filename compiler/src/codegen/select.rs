//! `select`.

use super::expr::Ownership;
use super::func::{FuncGen, Label, Loop};
use super::regalloc::NOWHERE;
use crate::types::ty::{Ty, Type};
use crate::types::typed::{Comm, Select, Target};
use minigo_bytecode::{Op, Reg, SiteKind, WordKind};

/// A receive of the select, after the choice: the value's registers, the element type, and `ok`.
type Received = Option<(Reg, Ty, Reg)>;

impl<'t> FuncGen<'_, '_, 't> {
    /// `select`
    pub(super) fn select_stmt(&mut self, select: &'t Select) {
        let loc = self.loc;
        let end = self.label();
        self.loops.push(Loop {
            target: select.target,
            end,
            next: None,
        });
        let mark = self.mark();
        // All channels and values are evaluated in source order before the choice.
        let mut ops = Vec::new();
        let mut received: Vec<Received> = Vec::new();
        for case in &select.cases {
            match &case.comm {
                Comm::Default => received.push(None),
                Comm::Send {
                    chan: operand,
                    value,
                } => {
                    let chan = self.expr(operand);
                    let val = self.value(value);
                    ops.push((Op::SelectSend { chan, val }, operand, case.loc));
                    received.push(None);
                }
                Comm::Recv { chan: operand, .. } => {
                    let elem = match self.under(operand.ty) {
                        Type::Chan { elem, .. } => elem,
                        _ => Ty::INT,
                    };
                    let chan = self.expr(operand);
                    let kinds = self.layout(elem).kinds.clone();
                    let dst = self.temp(&kinds);
                    let ok = self.temp_word(WordKind::Int);
                    ops.push((Op::SelectRecv { chan, dst, ok }, operand, case.loc));
                    received.push(Some((dst, elem, ok)));
                }
            }
        }
        self.loc = loc;
        let chosen = self.temp_word(WordKind::Int);
        let has_default = select.cases.iter().any(|c| matches!(c.comm, Comm::Default));
        self.emit(Op::Select {
            has_default: has_default.into(),
            dst: chosen,
            count: ops.len() as u16,
        });
        let count = ops.len();
        for (op, operand, loc) in ops {
            self.site(SiteKind::Use, operand, loc);
            self.emit(op);
        }
        if count == 0 && !has_default {
            // Blocks for ever.
            self.emit(Op::Unreachable {});
        }
        let bodies: Vec<Label> = select.cases.iter().map(|_| self.label()).collect();
        let mut index = 0;
        let mut otherwise = None;
        for (case, &body) in select.cases.iter().zip(&bodies) {
            if matches!(case.comm, Comm::Default) {
                otherwise = Some(body);
                continue;
            }
            index += 1;
            if index == count && !has_default {
                self.jump(body);
            } else {
                let imm = index as i16 - 1;
                let lhs = chosen;
                self.emit_jump(Op::JumpEqIntImm { lhs, imm, to: 0 }, body);
            }
        }
        if let Some(otherwise) = otherwise {
            self.jump(otherwise);
        }
        for ((case, &body), received) in select.cases.iter().zip(&bodies).zip(received) {
            self.bind(body);
            self.enter_scope();
            if let (Comm::Recv { value, ok, .. }, Some((reg, elem, ok_reg))) =
                (&case.comm, received)
            {
                self.loc = case.loc;
                let layout = self.layout(elem);
                self.zero_if_absent(reg, elem, &layout);
                self.select_target(value, reg, elem);
                self.select_target(ok, ok_reg, Ty::BOOL);
            }
            self.block(&case.body);
            self.leave_scope();
            self.jump(end);
        }
        self.release(mark);
        self.loops.pop();
        self.bind(end);
    }

    fn select_target(&mut self, target: &'t Option<Target>, src: Reg, ty: Ty) {
        let mark = self.mark();
        match target {
            None | Some(Target::Blank) => {}
            Some(Target::Define(var)) => {
                if src == NOWHERE {
                    self.define(*var, None);
                } else {
                    self.define_with(*var, src, ty, Ownership::Private);
                }
            }
            Some(Target::Place(place)) => {
                let ready = self.place(place);
                let ready = self.settle_place(ready, place.ty);
                self.store_converted(ready, place.ty, src, ty);
            }
        }
        self.release(mark);
    }
}
