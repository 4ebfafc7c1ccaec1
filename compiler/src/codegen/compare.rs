//! Comparisons and conditions: as jumps where control depends on them, as values where a bool is wanted.

use super::expr::Number;
use super::func::{Constant, FuncGen, Label};
use super::regalloc::is_out;
use crate::types::ty::{Ty, Type};
use crate::types::typed::{BinaryOp, CompareOp, Expr, ExprKind, UnaryOp};
use minigo_bytecode::op::Operand;
use minigo_bytecode::{Op, Reg, WordKind};

/// How values of a type are compared.
enum Class {
    Int {
        unsigned: bool,
    },
    Float,
    Complex,
    String,
    /// One pointer word.
    Pointer,
    /// Only with nil: its first word is a pointer.
    Slice,
    Interface,
    Struct,
    /// Through memory.
    Indirect,
}

/// The right operand of an integer comparison.
#[derive(Clone, Copy)]
enum Right {
    Reg(Reg),
    Imm(i16),
}

impl<'t> FuncGen<'_, '_, 't> {
    fn class(&mut self, ty: Ty) -> Class {
        if self.layout(ty).indirect {
            return Class::Indirect;
        }
        match self.number(ty) {
            // A narrow unsigned value is not negative as a signed word either.
            Some(Number::Int { signed, bits }) => {
                return Class::Int {
                    unsigned: !signed && bits == 64,
                };
            }
            Some(Number::Float { .. }) => return Class::Float,
            Some(Number::Complex { .. }) => return Class::Complex,
            None => {}
        }
        match self.under(ty) {
            Type::Basic(basic) if basic.is_boolean() => Class::Int { unsigned: false },
            Type::Basic(basic) if basic.is_string() => Class::String,
            Type::Slice(_) => Class::Slice,
            Type::Interface(_) => Class::Interface,
            Type::Struct(_) => Class::Struct,
            _ => Class::Pointer,
        }
    }

    /// Whether comparing values of the type to a bool takes no branch.
    pub(super) fn is_plain_compare(&mut self, ty: Ty) -> bool {
        matches!(
            self.class(ty),
            Class::Int { .. } | Class::Float | Class::String
        )
    }

    /// Goes to `to` if the condition is `sense`, else on.
    pub(super) fn cond_jump(&mut self, e: &'t Expr, sense: bool, to: Label) {
        let mark = self.mark();
        match &e.kind {
            ExprKind::Const(_) => {
                if self.const_int(e) == Some(sense.into()) {
                    self.loc = e.loc;
                    self.jump(to);
                }
            }
            ExprKind::Unary {
                op: UnaryOp::LogicalNot,
                x,
            } => self.cond_jump(x, !sense, to),
            ExprKind::Convert(x) => self.cond_jump(x, sense, to),
            ExprKind::AndAnd { x, y } | ExprKind::OrOr { x, y } => {
                // The value of x that decides the whole.
                let decisive = matches!(e.kind, ExprKind::OrOr { .. });
                if sense == decisive {
                    self.cond_jump(x, decisive, to);
                    self.cond_jump(y, sense, to);
                } else {
                    let skip = self.label();
                    self.cond_jump(x, decisive, skip);
                    self.cond_jump(y, sense, to);
                    self.bind(skip);
                }
            }
            ExprKind::Compare { op, x, y } => self.compare_jump(*op, x, y, e, sense, to),
            ExprKind::Let { .. } => {
                self.enter_scope();
                let body = self.let_all(e);
                self.cond_jump(body, sense, to);
                self.leave_scope();
            }
            _ => {
                let cond = self.expr_volatile(e);
                self.loc = e.loc;
                self.bool_jump(cond, sense, to);
            }
        }
        self.release(mark);
    }

    /// Goes to `to` if the register's truth is `sense`.
    pub(super) fn bool_jump(&mut self, cond: Reg, sense: bool, to: Label) {
        let back = self.is_bound(to);
        if back && is_out(cond) {
            // A back-edge is a safepoint.
            let (dst, src) = (self.temp_word(WordKind::Int), cond);
            self.emit(Op::Move { dst, src });
            return self.bool_jump(dst, sense, to);
        }
        let op = match (sense, back) {
            (true, false) => Op::JumpIf { cond, to: 0 },
            (false, false) => Op::JumpIfNot { cond, to: 0 },
            (true, true) => Op::LoopIf { cond, to: 0 },
            (false, true) => Op::LoopIfNot { cond, to: 0 },
        };
        self.emit_jump(op, to);
    }

    /// A conditional jump in whichever direction the label is.
    fn branch(&mut self, forward: Op, backward: Option<Op>, inverse: Op, to: Label) {
        match (self.is_bound(to), backward) {
            (false, _) => self.emit_jump(forward, to),
            (true, Some(backward)) if !uses_out(&backward) => self.emit_jump(backward, to),
            (true, _) => {
                let skip = self.label();
                self.emit_jump(inverse, skip);
                self.jump(to);
                self.bind(skip);
            }
        }
    }

    fn compare_jump(
        &mut self,
        op: CompareOp,
        x: &'t Expr,
        y: &'t Expr,
        e: &'t Expr,
        sense: bool,
        to: Label,
    ) {
        // A comparison with nil may have it on either side.
        let (x, y) = if matches!(x.kind, ExprKind::Zero) {
            (y, x)
        } else {
            (x, y)
        };
        let with_zero = matches!(y.kind, ExprKind::Zero);
        let equal = (op == CompareOp::Eq) == sense;
        match self.class(x.ty) {
            Class::Int { unsigned } => {
                let op = if sense { op } else { negated(op) };
                if let Some((x, mask)) = self.bit_test(op, x, y) {
                    let lhs = self.expr_volatile(x);
                    self.loc = e.loc;
                    let (none, any) = (
                        Op::JumpNoBits { lhs, mask, to: 0 },
                        Op::JumpAnyBits { lhs, mask, to: 0 },
                    );
                    return match op {
                        CompareOp::Eq => self.branch(none, None, any, to),
                        _ => self.branch(any, None, none, to),
                    };
                }
                if let Some(imm) = self.imm(x).filter(|_| self.const_int(y).is_none()) {
                    let lhs = self.expr_volatile(y);
                    self.loc = e.loc;
                    return self.int_jump(swapped(op), unsigned, lhs, Right::Imm(imm), to);
                }
                let lhs = self.expr_before(x, &[y]);
                let rhs = match self.imm(y) {
                    Some(imm) => Right::Imm(imm),
                    None => Right::Reg(self.expr_volatile(y)),
                };
                self.loc = e.loc;
                self.int_jump(op, unsigned, lhs, rhs, to);
            }
            Class::Float => {
                let lhs = self.expr_before(x, &[y]);
                let rhs = self.expr_volatile(y);
                self.loc = e.loc;
                self.float_jump(op, lhs, rhs, sense, to);
            }
            Class::Pointer | Class::Slice if with_zero => {
                let ptr = self.expr_volatile(x);
                self.loc = e.loc;
                self.nil_jump(ptr, equal, to);
            }
            Class::Interface if with_zero => {
                let iface = self.expr_volatile(x);
                let dst = self.temp_word(WordKind::Int);
                self.loc = e.loc;
                self.emit(Op::IfaceIsNil { dst, iface });
                self.bool_jump(dst, equal, to);
            }
            Class::String if matches!(op, CompareOp::Eq | CompareOp::Ne) && is_empty_string(y) => {
                let string = self.expr_volatile(x);
                self.loc = e.loc;
                let op = if equal { CompareOp::Eq } else { CompareOp::Ne };
                self.int_jump(op, false, string.plus(1), Right::Imm(0), to);
            }
            Class::String if !matches!(op, CompareOp::Eq | CompareOp::Ne) => {
                let dst = self.temp_word(WordKind::Int);
                let lhs = self.expr_before(x, &[y]);
                let rhs = self.expr_volatile(y);
                self.loc = e.loc;
                self.emit(match op {
                    CompareOp::Lt => Op::LtStr { dst, lhs, rhs },
                    CompareOp::Le => Op::LeStr { dst, lhs, rhs },
                    CompareOp::Gt => Op::LtStr {
                        dst,
                        lhs: rhs,
                        rhs: lhs,
                    },
                    _ => Op::LeStr {
                        dst,
                        lhs: rhs,
                        rhs: lhs,
                    },
                });
                self.bool_jump(dst, sense, to);
            }
            _ => {
                // Several steps may follow: both sides must last.
                let lhs = self.expr(x);
                let rhs = self.expr(y);
                self.loc = e.loc;
                if equal {
                    let differ = self.label();
                    self.jump_if_different(x.ty, lhs, rhs, differ);
                    self.jump(to);
                    self.bind(differ);
                } else if self.is_bound(to) {
                    let differ = self.label();
                    let same = self.label();
                    self.jump_if_different(x.ty, lhs, rhs, differ);
                    self.jump(same);
                    self.bind(differ);
                    self.jump(to);
                    self.bind(same);
                } else {
                    self.jump_if_different(x.ty, lhs, rhs, to);
                }
            }
        }
    }

    /// The operand and the mask, if the comparison asks whether any bits of a mask are set: `x&m == 0`, `x%2 != 0`.
    fn bit_test<'e>(&mut self, op: CompareOp, x: &'e Expr, y: &Expr) -> Option<(&'e Expr, i16)> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) || self.const_int(y) != Some(0) {
            return None;
        }
        let ExprKind::Binary { op, x: tested, y } = &x.kind else {
            return None;
        };
        let imm = self.imm(y)?;
        match op {
            BinaryOp::And => Some((tested, imm)),
            // A multiple of 2^k has no bits below, whatever its sign.
            BinaryOp::Rem if u16::try_from(imm).is_ok_and(u16::is_power_of_two) => {
                Some((tested, imm - 1))
            }
            _ => None,
        }
    }

    fn nil_jump(&mut self, ptr: Reg, nil: bool, to: Label) {
        let (is, is_not) = (Op::JumpNil { ptr, to: 0 }, Op::JumpNotNil { ptr, to: 0 });
        if nil {
            self.branch(is, None, is_not, to);
        } else {
            self.branch(is_not, None, is, to);
        }
    }

    fn float_jump(&mut self, op: CompareOp, lhs: Reg, rhs: Reg, sense: bool, to: Label) {
        let t = 0;
        let (lhs, rhs, op) = match op {
            CompareOp::Gt => (rhs, lhs, CompareOp::Lt),
            CompareOp::Ge => (rhs, lhs, CompareOp::Le),
            op => (lhs, rhs, op),
        };
        let (yes, no, back) = match op {
            CompareOp::Eq => (
                Op::JumpEqFloat { lhs, rhs, to: t },
                Op::JumpNeFloat { lhs, rhs, to: t },
                None,
            ),
            CompareOp::Ne => (
                Op::JumpNeFloat { lhs, rhs, to: t },
                Op::JumpEqFloat { lhs, rhs, to: t },
                None,
            ),
            CompareOp::Lt => (
                Op::JumpLtFloat { lhs, rhs, to: t },
                Op::JumpNotLtFloat { lhs, rhs, to: t },
                Some(Op::LoopLtFloat { lhs, rhs, to: t }),
            ),
            _ => (
                Op::JumpLeFloat { lhs, rhs, to: t },
                Op::JumpNotLeFloat { lhs, rhs, to: t },
                Some(Op::LoopLeFloat { lhs, rhs, to: t }),
            ),
        };
        if sense {
            self.branch(yes, back, no, to);
        } else {
            self.branch(no, None, yes, to);
        }
    }

    fn int_jump(&mut self, op: CompareOp, unsigned: bool, lhs: Reg, rhs: Right, to: Label) {
        let is_order = !matches!(op, CompareOp::Eq | CompareOp::Ne);
        let rhs = match rhs {
            Right::Imm(imm) if unsigned && is_order => {
                Right::Reg(self.constant(Constant::Int(imm.into())))
            }
            rhs => rhs,
        };
        let forward = |op| int_forward(op, unsigned, lhs, rhs);
        let back = if unsigned && is_order {
            None
        } else {
            int_backward(op, lhs, rhs)
        };
        self.branch(forward(op), back, forward(negated(op)), to);
    }

    /// Goes to `to` if two values in registers differ.
    fn jump_if_different(&mut self, ty: Ty, lhs: Reg, rhs: Reg, to: Label) {
        let mark = self.mark();
        match self.class(ty) {
            Class::Int { .. } => self.int_jump(CompareOp::Ne, false, lhs, Right::Reg(rhs), to),
            Class::Float => self.float_jump(CompareOp::Ne, lhs, rhs, true, to),
            Class::Complex => {
                self.float_jump(CompareOp::Ne, lhs, rhs, true, to);
                self.float_jump(CompareOp::Ne, lhs.plus(1), rhs.plus(1), true, to);
            }
            Class::Struct => {
                let layout = self.layout(ty);
                if let Type::Struct(fields) = self.under(ty) {
                    for (field, &offset) in fields.iter().zip(&layout.fields) {
                        if &*field.name != "_" {
                            let (lhs, rhs) = (lhs.plus(offset as usize), rhs.plus(offset as usize));
                            self.jump_if_different(field.ty, lhs, rhs, to);
                        }
                    }
                }
            }
            class => {
                let dst = self.temp_word(WordKind::Int);
                match class {
                    Class::String => self.emit(Op::EqStr { dst, lhs, rhs }),
                    Class::Interface => self.emit(Op::EqIface { dst, lhs, rhs }),
                    Class::Indirect => {
                        let ty = self.type_id(ty);
                        self.emit_extra(Op::EqMem { dst, lhs, rhs }, ty.0);
                    }
                    _ => self.emit(Op::EqPtr { dst, lhs, rhs }),
                }
                self.bool_jump(dst, false, to);
            }
        }
        self.release(mark);
    }

    // ---- as values -----------------------------------------------------------------------

    /// `R[dst] := the condition`
    pub(super) fn condition_to(&mut self, e: &'t Expr, dst: Reg) {
        if let ExprKind::Compare { op, x, y } = &e.kind
            && self.is_plain_compare(x.ty)
        {
            return self.compare_to(*op, x, y, e, dst);
        }
        if let ExprKind::Compare { op, x, y } = &e.kind
            && matches!(self.class(x.ty), Class::Pointer)
            && !matches!(x.kind, ExprKind::Zero)
            && !matches!(y.kind, ExprKind::Zero)
        {
            let lhs = self.expr_before(x, &[y]);
            let rhs = self.expr_volatile(y);
            self.loc = e.loc;
            return self.emit(match op {
                CompareOp::Eq => Op::EqPtr { dst, lhs, rhs },
                _ => Op::NePtr { dst, lhs, rhs },
            });
        }
        let no = self.label();
        let end = self.label();
        self.cond_jump(e, false, no);
        self.emit(Op::ConstInt { dst, imm: 1 });
        self.jump(end);
        self.bind(no);
        self.emit(Op::ConstInt { dst, imm: 0 });
        self.bind(end);
    }

    fn compare_to(&mut self, op: CompareOp, x: &'t Expr, y: &'t Expr, e: &'t Expr, dst: Reg) {
        let mut lhs = self.expr_before(x, &[y]);
        let mut rhs = self.expr_volatile(y);
        self.loc = e.loc;
        let op = match op {
            CompareOp::Gt | CompareOp::Ge => {
                std::mem::swap(&mut lhs, &mut rhs);
                swapped(op)
            }
            op => op,
        };
        match (self.class(x.ty), op) {
            (Class::Float, CompareOp::Eq) => self.emit(Op::EqFloat { dst, lhs, rhs }),
            (Class::Float, CompareOp::Ne) => self.emit(Op::NeFloat { dst, lhs, rhs }),
            (Class::Float, CompareOp::Lt) => self.emit(Op::LtFloat { dst, lhs, rhs }),
            (Class::Float, _) => self.emit(Op::LeFloat { dst, lhs, rhs }),
            (Class::String, CompareOp::Eq) => self.emit(Op::EqStr { dst, lhs, rhs }),
            (Class::String, CompareOp::Ne) => {
                self.emit(Op::EqStr { dst, lhs, rhs });
                self.emit(Op::Not { dst, src: dst });
            }
            (Class::String, CompareOp::Lt) => self.emit(Op::LtStr { dst, lhs, rhs }),
            (Class::String, _) => self.emit(Op::LeStr { dst, lhs, rhs }),
            (_, CompareOp::Eq) => self.emit(Op::EqInt { dst, lhs, rhs }),
            (_, CompareOp::Ne) => self.emit(Op::NeInt { dst, lhs, rhs }),
            (Class::Int { unsigned: true }, CompareOp::Lt) => {
                self.emit(Op::LtUint { dst, lhs, rhs });
            }
            (Class::Int { unsigned: true }, _) => self.emit(Op::LeUint { dst, lhs, rhs }),
            (_, CompareOp::Lt) => self.emit(Op::LtInt { dst, lhs, rhs }),
            _ => self.emit(Op::LeInt { dst, lhs, rhs }),
        }
    }
}

/// Whether an operand is in the out area, where a back-edge, a safepoint, must find nothing.
fn uses_out(op: &Op) -> bool {
    let mut found = false;
    op.for_each_operand(|_, operand| {
        if let Operand::Use(reg, _) | Operand::Def(reg, _) = operand {
            found |= is_out(reg);
        }
    });
    found
}

fn is_empty_string(e: &Expr) -> bool {
    matches!(&e.kind, ExprKind::Const(crate::types::constant::ConstValue::String(s)) if s.is_empty())
}

/// The operator true exactly when `op` is not (for what is totally ordered).
fn negated(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Eq => CompareOp::Ne,
        CompareOp::Ne => CompareOp::Eq,
        CompareOp::Lt => CompareOp::Ge,
        CompareOp::Le => CompareOp::Gt,
        CompareOp::Gt => CompareOp::Le,
        CompareOp::Ge => CompareOp::Lt,
    }
}

/// The operator with its operands exchanged.
fn swapped(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
        op => op,
    }
}

fn int_forward(op: CompareOp, unsigned: bool, lhs: Reg, rhs: Right) -> Op {
    let to = 0;
    match rhs {
        Right::Imm(imm) => match op {
            CompareOp::Eq => Op::JumpEqIntImm { lhs, imm, to },
            CompareOp::Ne => Op::JumpNeIntImm { lhs, imm, to },
            CompareOp::Lt => Op::JumpLtIntImm { lhs, imm, to },
            CompareOp::Le => Op::JumpLeIntImm { lhs, imm, to },
            CompareOp::Gt => Op::JumpGtIntImm { lhs, imm, to },
            CompareOp::Ge => Op::JumpGeIntImm { lhs, imm, to },
        },
        Right::Reg(rhs) => match (op, unsigned) {
            (CompareOp::Eq, _) => Op::JumpEqInt { lhs, rhs, to },
            (CompareOp::Ne, _) => Op::JumpNeInt { lhs, rhs, to },
            (CompareOp::Lt, false) => Op::JumpLtInt { lhs, rhs, to },
            (CompareOp::Le, false) => Op::JumpLeInt { lhs, rhs, to },
            (CompareOp::Lt, true) => Op::JumpLtUint { lhs, rhs, to },
            (CompareOp::Le, true) => Op::JumpLeUint { lhs, rhs, to },
            (CompareOp::Gt | CompareOp::Ge, _) => {
                int_forward(swapped(op), unsigned, rhs, Right::Reg(lhs))
            }
        },
    }
}

fn int_backward(op: CompareOp, lhs: Reg, rhs: Right) -> Option<Op> {
    let to = 0;
    Some(match rhs {
        Right::Imm(imm) => match op {
            CompareOp::Eq => return None,
            CompareOp::Ne => Op::LoopNeIntImm { lhs, imm, to },
            CompareOp::Lt => Op::LoopLtIntImm { lhs, imm, to },
            CompareOp::Le => Op::LoopLeIntImm { lhs, imm, to },
            CompareOp::Gt => Op::LoopGtIntImm { lhs, imm, to },
            CompareOp::Ge => Op::LoopGeIntImm { lhs, imm, to },
        },
        Right::Reg(rhs) => match op {
            CompareOp::Eq => return None,
            CompareOp::Ne => Op::LoopNeInt { lhs, rhs, to },
            CompareOp::Lt => Op::LoopLtInt { lhs, rhs, to },
            CompareOp::Le => Op::LoopLeInt { lhs, rhs, to },
            CompareOp::Gt | CompareOp::Ge => {
                return int_backward(swapped(op), rhs, Right::Reg(lhs));
            }
        },
    })
}
