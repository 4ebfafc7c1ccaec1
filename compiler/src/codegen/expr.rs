//! Expressions.
//!
//! [`FuncGen::expr_to`] evaluates straight into given registers: it writes them only after it has read every variable of
//! the expression, except for those kinds that [`FuncGen::writes_in_parts`] names. [`FuncGen::expr`] says where the value is:
//! a variable's own registers, or a temporary. [`FuncGen::expr_volatile`] may also leave it in the out area, where a call
//! has put it; the value must then be consumed before the next safepoint.

use super::func::{Constant, FuncGen, Storage};
use super::operand::Place;
use super::regalloc::{is_out, out};
use crate::types::constant::{ConstValue, to_f32, to_f64};
use crate::types::ty::{Basic, Loc, Ty, Type};
use crate::types::typed::{BinaryOp, Builtin, Callee, Expr, ExprKind, UnaryOp, VarId};
use minigo_bytecode::{Op, Reg, SiteKind, WordKind};

/// What arithmetic a type has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Number {
    Int { signed: bool, bits: u8 },
    Float { single: bool },
    Complex { single: bool },
}

/// Who else may see the memory of an indirect value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ownership {
    /// Nobody: it can become a variable's memory.
    Private,
    /// Others, but nobody changes it.
    Stable,
    /// It is a variable's.
    Borrowed,
}

impl<'t> FuncGen<'_, '_, 't> {
    // ---- questions -----------------------------------------------------------------------

    /// The basic type under a type.
    pub(super) fn basic(&mut self, ty: Ty) -> Option<Basic> {
        let ty = self.subst(ty);
        match self.program.types.under(ty) {
            Type::Basic(basic) => Some(*basic),
            _ => None,
        }
    }

    /// The arithmetic of a type; None if it is not numeric.
    pub(super) fn number(&mut self, ty: Ty) -> Option<Number> {
        use Basic::*;
        let int = |signed, bits| Some(Number::Int { signed, bits });
        match self.basic(ty)? {
            Int | Int64 | UntypedInt => int(true, 64),
            Int8 => int(true, 8),
            Int16 => int(true, 16),
            Int32 | UntypedRune => int(true, 32),
            Uint | Uint64 | Uintptr => int(false, 64),
            Uint8 => int(false, 8),
            Uint16 => int(false, 16),
            Uint32 => int(false, 32),
            Float32 => Some(Number::Float { single: true }),
            Float64 | UntypedFloat => Some(Number::Float { single: false }),
            Complex64 => Some(Number::Complex { single: true }),
            Complex128 | UntypedComplex => Some(Number::Complex { single: false }),
            _ => None,
        }
    }

    /// An unsigned type of which a register's word may be negative when taken for an `int`.
    pub(super) fn is_uint64(&mut self, ty: Ty) -> bool {
        matches!(
            self.number(ty),
            Some(Number::Int {
                signed: false,
                bits: 64
            })
        )
    }

    /// The value of an integer (or bool) constant as a register holds it.
    pub(super) fn const_int(&mut self, e: &Expr) -> Option<i64> {
        let ExprKind::Const(value) = &e.kind else {
            return None;
        };
        match value {
            ConstValue::Bool(value) => Some(i64::from(*value)),
            _ => match self.number(e.ty)? {
                Number::Int { .. } => int_bits(value),
                _ => None,
            },
        }
    }

    /// An integer constant that fits an op's immediate.
    pub(super) fn imm(&mut self, e: &Expr) -> Option<i16> {
        i16::try_from(self.const_int(e)?).ok()
    }

    /// Whether evaluating the expression needs no safepoint, no branch and no call, so that the out area survives it.
    pub(super) fn is_plain(&mut self, e: &Expr) -> bool {
        if self.is_tuple(e.ty) || self.layout(e.ty).indirect {
            return false;
        }
        match &e.kind {
            ExprKind::Const(_)
            | ExprKind::Zero
            | ExprKind::Var(_)
            | ExprKind::Global(_)
            | ExprKind::Func { .. } => true,
            ExprKind::Unary { op, x } => *op != UnaryOp::LogicalNot && self.is_plain(x),
            ExprKind::Binary { x, y, .. } => {
                self.number(e.ty).is_some() && self.is_plain(x) && self.is_plain(y)
            }
            ExprKind::Compare { x, y, .. } => {
                self.is_plain_compare(x.ty) && self.is_plain(x) && self.is_plain(y)
            }
            ExprKind::Convert(x) => self.is_plain_conversion(x.ty, e.ty) && self.is_plain(x),
            ExprKind::Field { x, .. } => self.is_plain_operand(x),
            ExprKind::Deref(x) | ExprKind::NilCheck(x) | ExprKind::TypeAssert(x) => {
                self.is_plain(x)
            }
            ExprKind::Index { x, index } => self.is_plain_operand(x) && self.is_plain(index),
            ExprKind::MapIndex { map, key } => self.is_plain(map) && self.is_plain(key),
            ExprKind::AddrOf(x) => {
                !matches!(
                    x.kind,
                    ExprKind::StructLit(_)
                        | ExprKind::ArrayLit(_)
                        | ExprKind::SliceLit { .. }
                        | ExprKind::MapLit(_)
                ) && self.is_plain_operand(x)
            }
            ExprKind::Slice { x, lo, hi, max } => {
                self.is_plain_operand(x)
                    && [lo, hi, max]
                        .into_iter()
                        .flatten()
                        .all(|bound| self.is_plain(bound))
            }
            ExprKind::StructLit(fields) => fields.iter().all(|(_, x)| self.is_plain(x)),
            ExprKind::Builtin { builtin, args } => {
                matches!(
                    builtin,
                    Builtin::Len | Builtin::Cap | Builtin::Real | Builtin::Imag | Builtin::Complex
                ) && args.iter().all(|a| self.is_plain_operand(a))
            }
            _ => false,
        }
    }

    /// The same for an operand that is only looked into, so that an indirect one is not copied.
    fn is_plain_operand(&mut self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Var(_) | ExprKind::Global(_) => true,
            ExprKind::Field { x, .. } => self.is_plain_operand(x),
            ExprKind::Deref(x) => self.is_plain(x),
            ExprKind::Index { x, index } => self.is_plain_operand(x) && self.is_plain(index),
            _ => self.is_plain(e),
        }
    }

    /// Whether the destination is written before everything is read.
    pub(super) fn writes_in_parts(&mut self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::StructLit(_)
            | ExprKind::ArrayLit(_)
            | ExprKind::SliceLit { .. }
            | ExprKind::MapLit(_)
            | ExprKind::AddrOf(_) => true,
            ExprKind::Let { body, .. } => self.writes_in_parts(body),
            ExprKind::Convert(x) if self.writes_in_parts(x) => true,
            ExprKind::Builtin { builtin, .. } => {
                matches!(builtin, Builtin::Complex | Builtin::Min | Builtin::Max)
            }
            ExprKind::Binary { .. } | ExprKind::Unary { .. } | ExprKind::Convert(_) => {
                matches!(self.number(e.ty), Some(Number::Complex { .. }))
            }
            _ => false,
        }
    }

    /// Who else may see the memory of this indirect value.
    pub(super) fn ownership(&mut self, e: &Expr) -> Ownership {
        match &e.kind {
            ExprKind::Var(_)
            | ExprKind::Global(_)
            | ExprKind::Deref(_)
            | ExprKind::Field { .. }
            | ExprKind::Index { .. } => Ownership::Borrowed,
            ExprKind::Convert(x) => match self.under(x.ty) {
                Type::Slice(_) => Ownership::Borrowed,
                _ => self.ownership(x),
            },
            ExprKind::Let { body, .. } => self.ownership(body),
            // An absent value of a map is fresh, but a present one is shared with the map.
            ExprKind::MapIndex { .. } | ExprKind::TypeAssert(_) => Ownership::Stable,
            _ => Ownership::Private,
        }
    }

    /// Where a variable is.
    pub(super) fn storage_of(&mut self, var: VarId) -> Storage {
        match self.storage.get(&var) {
            Some(&storage) => storage,
            None => {
                // Only after an error in an earlier phase.
                self.program
                    .refuse(self.loc, "internal error: variable without storage".into());
                let ty = self.var_ty(var);
                let kinds = self.layout(ty).kinds.clone();
                let storage = Storage::Register(self.registers.alloc(&kinds));
                self.storage.insert(var, storage);
                storage
            }
        }
    }

    // ---- evaluation ----------------------------------------------------------------------

    /// Evaluates; the value is in registers of the function (a variable's, or a temporary's).
    pub(super) fn expr(&mut self, e: &'t Expr) -> Reg {
        let reg = self.expr_volatile(e);
        if is_out(reg) {
            let kinds = self.layout(e.ty).kinds.clone();
            return self.settle(reg, &kinds);
        }
        reg
    }

    /// Evaluates something of which the value is needed after `later` has been evaluated.
    pub(super) fn expr_before(&mut self, e: &'t Expr, later: &[&'t Expr]) -> Reg {
        if later.iter().all(|l| self.is_plain(l)) {
            self.expr_volatile(e)
        } else {
            self.expr(e)
        }
    }

    /// Evaluates; the value may be in the out area.
    pub(super) fn expr_volatile(&mut self, e: &'t Expr) -> Reg {
        match &e.kind {
            ExprKind::Var(_)
            | ExprKind::Global(_)
            | ExprKind::Deref(_)
            | ExprKind::Field { .. }
            | ExprKind::MapIndex { .. } => {
                let place = self.place(e);
                self.load(place, e.ty, None)
            }
            ExprKind::Index { x, .. } if !self.is_string(x.ty) => {
                let place = self.place(e);
                self.load(place, e.ty, None)
            }
            ExprKind::Const(value) => match self.constant_of(value, e.ty) {
                Some(constant) => self.constant(constant),
                None => self.expr_to_temp(e),
            },
            ExprKind::Builtin {
                builtin: Builtin::Len,
                args,
            } => match self.len_in_place(args) {
                Some(reg) => reg,
                None => self.expr_to_temp(e),
            },
            ExprKind::Call { callee, args } => {
                if self.intrinsic(callee, args).is_some() {
                    return self.expr_to_temp(e);
                }
                self.call(callee, args, e.loc);
                out(0)
            }
            ExprKind::Convert(x) if self.keeps_words(x.ty, e.ty) => self.expr_volatile(x),
            ExprKind::NilCheck(x) => {
                let reg = self.expr_volatile(x);
                self.loc = e.loc;
                self.nil_check(reg, x.ty);
                reg
            }
            ExprKind::Let { .. } => {
                let body = self.let_all(e);
                self.expr_volatile(body)
            }
            _ => self.expr_to_temp(e),
        }
    }

    fn expr_to_temp(&mut self, e: &'t Expr) -> Reg {
        let kinds = self.layout(e.ty).kinds.clone();
        let temp = self.temp(&kinds);
        self.expr_to(e, temp);
        temp
    }

    /// A one-word constant.
    pub(super) fn constant_of(&mut self, value: &ConstValue, ty: Ty) -> Option<Constant> {
        match value {
            ConstValue::Bool(value) => Some(Constant::Int((*value).into())),
            ConstValue::String(_) => None,
            _ => match self.number(ty)? {
                Number::Int { .. } => int_bits(value).map(Constant::Int),
                Number::Float { single } => {
                    let value = value.to_float()?;
                    let float = if single {
                        f64::from(to_f32(&value))
                    } else {
                        to_f64(&value)
                    };
                    Some(Constant::Float(float.to_bits()))
                }
                Number::Complex { .. } => None,
            },
        }
    }

    /// Evaluates to `dst`; of an indirect value the register gets a pointer to memory that may be shared.
    pub(super) fn expr_to(&mut self, e: &'t Expr, dst: Reg) {
        let mark = self.mark();
        self.loc = e.loc;
        self.expr_into(e, dst);
        self.release(mark);
    }

    /// Evaluates to `dst` a value that will be kept: nobody else has the memory of an indirect one.
    pub(super) fn value_to(&mut self, e: &'t Expr, dst: Reg) {
        let layout = self.layout(e.ty);
        if !layout.indirect || self.ownership(e) == Ownership::Private {
            return self.expr_to(e, dst);
        }
        let mark = self.mark();
        let src = self.expr(e);
        self.private_copy_to(src, e.ty, dst);
        self.release(mark);
    }

    /// The same, wherever it is.
    pub(super) fn value(&mut self, e: &'t Expr) -> Reg {
        let layout = self.layout(e.ty);
        if layout.indirect && self.ownership(e) != Ownership::Private {
            let dst = self.temp(&layout.kinds);
            self.value_to(e, dst);
            return dst;
        }
        self.expr(e)
    }

    fn expr_into(&mut self, e: &'t Expr, dst: Reg) {
        match &e.kind {
            ExprKind::Const(value) => self.const_to(value, e.ty, dst),
            ExprKind::Zero => self.zero_to(e.ty, dst),
            ExprKind::Var(_)
            | ExprKind::Global(_)
            | ExprKind::Deref(_)
            | ExprKind::Field { .. }
            | ExprKind::MapIndex { .. } => {
                let place = self.place(e);
                self.loc = e.loc;
                self.load(place, e.ty, Some(dst));
            }
            ExprKind::Index { x, index } => {
                if self.is_string(x.ty) {
                    let str = self.expr_before(x, &[index]);
                    let index = self.index(index);
                    self.loc = e.loc;
                    return self.emit(Op::IndexStr { dst, str, index });
                }
                let place = self.place(e);
                self.loc = e.loc;
                self.load(place, e.ty, Some(dst));
            }
            ExprKind::Func { func, type_args } => {
                let type_args = self.subst_all(type_args);
                let func = self.program.func(*func, type_args);
                self.emit(Op::ConstFunc { dst, func });
            }
            ExprKind::FuncLit(code) => self.func_lit(code, dst),
            ExprKind::Unary { op, x } => self.unary(*op, x, e, dst),
            ExprKind::Binary { op, x, y } => self.binary(*op, x, y, e, dst),
            ExprKind::Compare { .. } | ExprKind::AndAnd { .. } | ExprKind::OrOr { .. } => {
                self.condition_to(e, dst);
            }
            ExprKind::Convert(x) => self.convert(x, e, dst),
            ExprKind::Call { callee, args } => {
                if let Some(op) = self.intrinsic(callee, args) {
                    let src = self.expr_volatile(&args[0]);
                    self.loc = e.loc;
                    return self.emit(op.with(dst, src));
                }
                self.call(callee, args, e.loc);
                let words = self.layout(e.ty).words();
                self.move_words(dst, out(0), words);
            }
            ExprKind::Builtin { builtin, args } => self.builtin(*builtin, args, e, dst),
            ExprKind::Let { .. } => {
                let body = self.let_all(e);
                self.expr_to(body, dst);
            }
            ExprKind::NilCheck(x) => {
                let reg = self.expr(x);
                self.loc = e.loc;
                self.nil_check(reg, x.ty);
                let words = self.layout(x.ty).words();
                self.move_words(dst, reg, words);
            }
            ExprKind::AddrOf(x) => self.addr_of(x, e.loc, dst),
            ExprKind::Slice { x, lo, hi, max } => {
                let bounds = [lo.as_deref(), hi.as_deref(), max.as_deref()];
                self.slice(x, bounds, e, dst);
            }
            ExprKind::TypeAssert(x) => self.type_assert(x, e, dst),
            ExprKind::Recv(operand) => {
                let chan = self.expr(operand);
                self.loc = e.loc;
                self.site(SiteKind::Use, operand, e.loc);
                if is_out(dst) {
                    let layout = self.layout(e.ty);
                    let temp = self.temp(&layout.kinds);
                    self.emit(Op::Recv { dst: temp, chan });
                    self.zero_if_absent(temp, e.ty, &layout);
                    return self.move_words(dst, temp, layout.words());
                }
                self.emit(Op::Recv { dst, chan });
                let layout = self.layout(e.ty);
                self.zero_if_absent(dst, e.ty, &layout);
            }
            ExprKind::StructLit(_)
            | ExprKind::ArrayLit(_)
            | ExprKind::SliceLit { .. }
            | ExprKind::MapLit(_) => self.literal(e, dst),
            ExprKind::MapIndexOk { .. } | ExprKind::TypeAssertOk(_) | ExprKind::RecvOk(_) => {
                // Of tuple type: their parents ask for the components (`tuple`).
                self.program
                    .refuse(e.loc, "internal error: tuple as a value".into());
            }
        }
    }

    /// All of the types with type arguments put in.
    pub(super) fn subst_all(&mut self, tys: &[Ty]) -> std::rc::Rc<[Ty]> {
        match tys {
            [] => self.program.no_types.clone(),
            _ => tys.iter().map(|&ty| self.subst(ty)).collect(),
        }
    }

    /// Whether the expression has other than one value.
    pub(super) fn is_tuple(&mut self, ty: Ty) -> bool {
        matches!(self.program.types.get(ty), Type::Tuple(_))
    }

    /// Whether the type's values are strings.
    pub(super) fn is_string(&mut self, ty: Ty) -> bool {
        matches!(self.basic(ty), Some(Basic::String | Basic::UntypedString))
    }

    fn nil_check(&mut self, reg: Reg, ty: Ty) {
        match self.under(ty) {
            Type::Interface(_) => {
                let is_nil = self.temp_word(WordKind::Int);
                let fine = self.label();
                self.emit(Op::IfaceIsNil {
                    dst: is_nil,
                    iface: reg,
                });
                self.emit_jump(
                    Op::JumpIfNot {
                        cond: is_nil,
                        to: 0,
                    },
                    fine,
                );
                let nil = self.temp_word(WordKind::Ptr);
                self.zero_words(nil, 1);
                self.emit(Op::NilCheck { ptr: nil });
                self.bind(fine);
            }
            _ => self.emit(Op::NilCheck { ptr: reg }),
        }
    }

    fn const_to(&mut self, value: &ConstValue, ty: Ty, dst: Reg) {
        if let Some(constant) = self.constant_of(value, ty) {
            let op = self.load_constant(constant, dst);
            return self.emit(op);
        }
        if let ConstValue::String(string) = value {
            let k = self.program.string(string);
            return self.emit(Op::ConstString { dst, k });
        }
        if let Some((re, im)) = value.to_complex() {
            let single = self.number(ty) == Some(Number::Complex { single: true });
            for (i, part) in [re, im].iter().enumerate() {
                let float = if single {
                    f64::from(to_f32(part))
                } else {
                    to_f64(part)
                };
                let op = self.load_constant(Constant::Float(float.to_bits()), dst.plus(i));
                self.emit(op);
            }
        }
    }

    /// The zero value of a type; an indirect one in fresh memory.
    pub(super) fn zero_to(&mut self, ty: Ty, dst: Reg) {
        let layout = self.layout(ty);
        if layout.indirect {
            let ty = self.type_id(ty);
            self.emit(Op::New { dst, ty });
        } else if layout.kinds[..] == [WordKind::Int] {
            self.emit(Op::ConstInt { dst, imm: 0 });
        } else {
            self.zero_words(dst, layout.words());
        }
    }

    // ---- operators -----------------------------------------------------------------------

    /// Makes a result canonical for its type.
    pub(super) fn wrap(&mut self, reg: Reg, signed: bool, bits: u8) {
        self.wrap_to(reg, reg, signed, bits);
    }

    /// `R[dst] := R[src]` as a value of an integer type.
    pub(super) fn wrap_to(&mut self, dst: Reg, src: Reg, signed: bool, bits: u8) {
        let op = match (signed, bits) {
            (true, 8) => Op::Sext8 { dst, src },
            (true, 16) => Op::Sext16 { dst, src },
            (true, 32) => Op::Sext32 { dst, src },
            (false, 8) => Op::Zext8 { dst, src },
            (false, 16) => Op::Zext16 { dst, src },
            (false, 32) => Op::Zext32 { dst, src },
            _ => return self.move_words(dst, src, 1),
        };
        self.emit(op);
    }

    fn unary(&mut self, op: UnaryOp, x: &'t Expr, e: &'t Expr, dst: Reg) {
        let src = self.expr_volatile(x);
        self.loc = e.loc;
        match (op, self.number(e.ty)) {
            (UnaryOp::LogicalNot, _) => self.emit(Op::Not { dst, src }),
            (UnaryOp::Neg, Some(Number::Int { signed, bits })) => {
                self.emit(Op::NegInt { dst, src });
                self.wrap(dst, signed, bits);
            }
            (UnaryOp::Neg, Some(Number::Float { .. })) => self.emit(Op::NegFloat { dst, src }),
            (UnaryOp::Neg, Some(Number::Complex { .. })) => {
                for i in 0..2 {
                    self.emit(Op::NegFloat {
                        dst: dst.plus(i),
                        src: src.plus(i),
                    });
                }
            }
            (UnaryOp::Not, Some(Number::Int { signed, bits })) => {
                self.emit(Op::NotInt { dst, src });
                if !signed {
                    self.wrap(dst, signed, bits);
                }
            }
            _ => self
                .program
                .refuse(e.loc, "internal error: operator".into()),
        }
    }

    fn binary(&mut self, op: BinaryOp, x: &'t Expr, y: &'t Expr, e: &'t Expr, dst: Reg) {
        if self.is_string(e.ty) {
            return self.concat(e, dst);
        }
        if let Some(Number::Int { signed, bits }) = self.number(e.ty) {
            // A constant goes to the right where the operator allows it.
            let commutes = matches!(op, BinaryOp::Add | BinaryOp::Mul | BinaryOp::And);
            if commutes && let Some(imm) = self.imm(x) {
                let lhs = self.expr_volatile(y);
                self.loc = e.loc;
                if self.int_imm(op, signed, bits, dst, lhs, imm) {
                    return;
                }
            }
            if let Some(imm) = self.imm(y) {
                let lhs = self.expr_volatile(x);
                self.loc = e.loc;
                if self.int_imm(op, signed, bits, dst, lhs, imm) {
                    return;
                }
                let rhs = self.constant(Constant::Int(imm.into()));
                return self.arithmetic(op, e.ty, dst, lhs, rhs);
            }
        }
        let lhs = self.expr_before(x, &[y]);
        let rhs = self.expr_volatile(y);
        self.loc = e.loc;
        if matches!(op, BinaryOp::Shl | BinaryOp::Shr) {
            self.check_shift(y, rhs);
        }
        if !self.product_and_sum(op, dst, lhs, rhs, [x, y]) {
            self.arithmetic(op, e.ty, dst, lhs, rhs);
        }
    }

    /// `R[dst] := R[lhs] op R[rhs]` together with the product that is one of them and was computed just now; false if
    /// there is none. `operands` are the expressions in the registers.
    pub(super) fn product_and_sum(
        &mut self,
        op: BinaryOp,
        dst: Reg,
        lhs: Reg,
        rhs: Reg,
        operands: [&Expr; 2],
    ) -> bool {
        let Some(Op::MulFloat {
            dst: product,
            lhs: a,
            rhs: b,
        }) = self.last_op()
        else {
            return false;
        };
        // The register of a product is a temporary; a variable's must keep its value.
        let is_product = |e: &Expr| {
            matches!(
                e.kind,
                ExprKind::Binary {
                    op: BinaryOp::Mul,
                    ..
                }
            )
        };
        let (fused, other) = match op {
            BinaryOp::Add if product == rhs && lhs != rhs && is_product(operands[1]) => (
                Op::MulAddFloat {
                    dst,
                    lhs: a,
                    rhs: b,
                },
                lhs,
            ),
            BinaryOp::Add if product == lhs && lhs != rhs && is_product(operands[0]) => (
                Op::MulAddFloat {
                    dst,
                    lhs: a,
                    rhs: b,
                },
                rhs,
            ),
            BinaryOp::Sub if product == rhs && lhs != rhs && is_product(operands[1]) => (
                Op::MulSubFloat {
                    dst,
                    lhs: a,
                    rhs: b,
                },
                lhs,
            ),
            _ => return false,
        };
        self.replace_last(fused, other);
        true
    }

    /// Panics when a shift count is negative.
    pub(super) fn check_shift(&mut self, count: &Expr, reg: Reg) {
        let signed = matches!(
            self.number(count.ty),
            Some(Number::Int { signed: true, .. })
        );
        if signed && self.const_int(count).is_none() {
            self.emit(Op::CheckShift { src: reg });
        }
    }

    /// `R[dst] := R[lhs] op imm`; false if there is no such op.
    pub(super) fn int_imm(
        &mut self,
        op: BinaryOp,
        signed: bool,
        bits: u8,
        dst: Reg,
        lhs: Reg,
        imm: i16,
    ) -> bool {
        let power = u16::try_from(imm)
            .ok()
            .filter(|v| v.is_power_of_two())
            .map(|v| v.trailing_zeros() as i16);
        let (op, wraps) = match op {
            BinaryOp::Add => (Op::AddIntImm { dst, lhs, imm }, true),
            BinaryOp::Sub if imm != i16::MIN => (
                Op::AddIntImm {
                    dst,
                    lhs,
                    imm: -imm,
                },
                true,
            ),
            BinaryOp::Mul => (Op::MulIntImm { dst, lhs, imm }, true),
            BinaryOp::Div if signed && let Some(shift @ 1..) = power => {
                (Op::DivIntPow2 { dst, lhs, shift }, false)
            }
            BinaryOp::Rem if signed && let Some(shift @ 1..) = power => {
                (Op::RemIntPow2 { dst, lhs, shift }, false)
            }
            BinaryOp::Div if signed && imm != 0 => (Op::DivIntImm { dst, lhs, imm }, imm == -1),
            BinaryOp::Rem if signed && imm != 0 => (Op::RemIntImm { dst, lhs, imm }, false),
            BinaryOp::Div if let Some(imm) = power => (Op::ShrUintImm { dst, lhs, imm }, false),
            BinaryOp::Rem if power.is_some() => (
                Op::AndImm {
                    dst,
                    lhs,
                    imm: imm - 1,
                },
                false,
            ),
            // A sign-extended immediate would set the high bits of a narrow unsigned value; none is negative.
            BinaryOp::And => (Op::AndImm { dst, lhs, imm }, false),
            BinaryOp::Shl if (0..64).contains(&imm) => (Op::ShlImm { dst, lhs, imm }, true),
            BinaryOp::Shr if imm >= 0 && signed => (
                Op::ShrIntImm {
                    dst,
                    lhs,
                    imm: imm.min(63),
                },
                false,
            ),
            BinaryOp::Shr if (0..64).contains(&imm) => (Op::ShrUintImm { dst, lhs, imm }, false),
            BinaryOp::Shl | BinaryOp::Shr if imm >= 64 => (Op::ConstInt { dst, imm: 0 }, false),
            _ => return false,
        };
        self.emit(op);
        if wraps {
            self.wrap(dst, signed, bits);
        }
        true
    }

    /// `R[dst..] := R[lhs..] op R[rhs..]` for numbers.
    pub(super) fn arithmetic(&mut self, op: BinaryOp, ty: Ty, dst: Reg, lhs: Reg, rhs: Reg) {
        match self.number(ty) {
            Some(Number::Int { signed, bits }) => {
                let (code, wraps) = match op {
                    BinaryOp::Add => (Op::AddInt { dst, lhs, rhs }, true),
                    BinaryOp::Sub => (Op::SubInt { dst, lhs, rhs }, true),
                    BinaryOp::Mul => (Op::MulInt { dst, lhs, rhs }, true),
                    BinaryOp::Div if signed => (Op::DivInt { dst, lhs, rhs }, true),
                    BinaryOp::Div => (Op::DivUint { dst, lhs, rhs }, false),
                    BinaryOp::Rem if signed => (Op::RemInt { dst, lhs, rhs }, false),
                    BinaryOp::Rem => (Op::RemUint { dst, lhs, rhs }, false),
                    BinaryOp::And => (Op::And { dst, lhs, rhs }, false),
                    BinaryOp::Or => (Op::Or { dst, lhs, rhs }, false),
                    BinaryOp::Xor => (Op::Xor { dst, lhs, rhs }, false),
                    BinaryOp::AndNot => (Op::AndNot { dst, lhs, rhs }, false),
                    BinaryOp::Shl => (Op::Shl { dst, lhs, rhs }, true),
                    BinaryOp::Shr if signed => (Op::ShrInt { dst, lhs, rhs }, false),
                    BinaryOp::Shr => (Op::ShrUint { dst, lhs, rhs }, false),
                };
                self.emit(code);
                if wraps {
                    self.wrap(dst, signed, bits);
                }
            }
            Some(Number::Float { single }) => {
                self.float_op(op, dst, lhs, rhs);
                self.round(dst, single);
            }
            Some(Number::Complex { single }) => self.complex_op(op, single, dst, lhs, rhs),
            None => self
                .program
                .refuse(self.loc, "internal error: arithmetic".into()),
        }
    }

    fn float_op(&mut self, op: BinaryOp, dst: Reg, lhs: Reg, rhs: Reg) {
        self.emit(match op {
            BinaryOp::Sub => Op::SubFloat { dst, lhs, rhs },
            BinaryOp::Mul => Op::MulFloat { dst, lhs, rhs },
            BinaryOp::Div => Op::DivFloat { dst, lhs, rhs },
            _ => Op::AddFloat { dst, lhs, rhs },
        });
    }

    /// Rounds a result to `float32` if it is one.
    pub(super) fn round(&mut self, reg: Reg, single: bool) {
        if single {
            self.emit(Op::RoundFloat32 { dst: reg, src: reg });
        }
    }

    fn complex_op(&mut self, op: BinaryOp, single: bool, dst: Reg, lhs: Reg, rhs: Reg) {
        match op {
            BinaryOp::Mul => {
                let mut products = [[dst; 2]; 2];
                for (i, row) in products.iter_mut().enumerate() {
                    for (j, product) in row.iter_mut().enumerate() {
                        *product = self.temp_word(WordKind::Float);
                        self.float_op(op, *product, lhs.plus(i), rhs.plus(j));
                    }
                }
                self.float_op(BinaryOp::Sub, dst, products[0][0], products[1][1]);
                self.float_op(BinaryOp::Add, dst.plus(1), products[0][1], products[1][0]);
            }
            BinaryOp::Div => self.emit(Op::DivComplex { dst, lhs, rhs }),
            _ => {
                self.float_op(op, dst, lhs, rhs);
                self.float_op(op, dst.plus(1), lhs.plus(1), rhs.plus(1));
            }
        }
        self.round(dst, single);
        self.round(dst.plus(1), single);
    }

    /// `a + b + c …` of strings as one op.
    fn concat(&mut self, e: &'t Expr, dst: Reg) {
        let mut parts = Vec::new();
        flatten(e, &mut parts);
        let kinds: Vec<WordKind> = [WordKind::Ptr, WordKind::Int].repeat(parts.len());
        let src = self.temp(&kinds);
        for (i, part) in parts.iter().enumerate() {
            self.expr_to(part, src.plus(2 * i));
        }
        self.loc = e.loc;
        self.emit(Op::Concat {
            dst,
            src,
            count: parts.len() as u16,
        });
    }

    // ---- the rest ------------------------------------------------------------------------

    /// Declares variables and gives them the components of `init`.
    pub(super) fn let_vars(&mut self, vars: &'t [VarId], init: &'t Expr) {
        if let [var] = vars {
            return self.define(*var, Some(init));
        }
        self.define_from_tuple(vars, init);
    }

    /// The same for expressions in it, until something is no `Let`, which is returned. The last variable may be in the out area.
    pub(super) fn let_all(&mut self, e: &'t Expr) -> &'t Expr {
        let mut e = e;
        while let ExprKind::Let { vars, init, body } = &e.kind {
            match (&vars[..], &init.kind) {
                ([var], ExprKind::Call { callee, args })
                    if matches!(
                        body.kind,
                        ExprKind::Binary { .. } | ExprKind::Compare { .. }
                    ) && self.is_plain(body)
                        && !self.writes_in_parts(body)
                        && !self.layout(init.ty).indirect
                        && self.intrinsic(callee, args).is_none() =>
                {
                    self.call(callee, args, init.loc);
                    self.storage.insert(*var, Storage::Register(out(0)));
                }
                _ => self.let_vars(vars, init),
            }
            e = body;
        }
        e
    }

    fn addr_of(&mut self, x: &'t Expr, loc: Loc, dst: Reg) {
        match &x.kind {
            ExprKind::Var(var) => {
                if let Storage::Cell(ptr) | Storage::Memory(ptr) | Storage::View(ptr) =
                    self.storage_of(*var)
                {
                    return self.move_words(dst, ptr, 1);
                }
                self.program
                    .refuse(loc, "internal error: address of a register".into());
            }
            ExprKind::Global(_)
            | ExprKind::Deref(_)
            | ExprKind::Field { .. }
            | ExprKind::Index { .. } => {
                let place = self.place(x);
                self.loc = loc;
                self.address_of(place, x.ty, dst);
            }
            _ => self.new_literal(x, dst),
        }
    }

    fn slice(&mut self, x: &'t Expr, given: [Option<&'t Expr>; 3], e: &'t Expr, dst: Reg) {
        let later: Vec<&'t Expr> = given.iter().flatten().copied().collect();
        let (base, elem) = match self.under(x.ty) {
            Type::Array { elem, len } => {
                let view = match &x.kind {
                    ExprKind::Var(var) => match self.storage_of(*var) {
                        Storage::View(view) => Some(view),
                        _ => None,
                    },
                    _ => None,
                };
                let view = view.unwrap_or_else(|| {
                    let place = self.place(x);
                    let ptr = self.load(place, x.ty, None);
                    self.view(ptr, len)
                });
                (view, Some(elem))
            }
            Type::Slice(elem) => (self.expr_before(x, &later), Some(elem)),
            _ => (self.expr_before(x, &later), None),
        };
        let kinds = [WordKind::Int; 3];
        let bounds = self.temp(&kinds);
        // Bit 3: an array, of which the panics' messages give the length, not the capacity.
        let mut bits = if matches!(self.under(x.ty), Type::Array { .. }) {
            8
        } else {
            0
        };
        for (i, bound) in given.into_iter().enumerate() {
            if let Some(bound) = bound {
                bits |= 1 << i;
                if self.is_uint64(bound.ty) {
                    bits |= 1 << (4 + i);
                }
                self.expr_to(bound, bounds.plus(i));
            }
        }
        self.loc = e.loc;
        match elem {
            Some(elem) => {
                let size = self.layout(elem).elem_size;
                let size = self.array_len(size);
                self.emit_extra(
                    Op::SliceSlice {
                        given: bits,
                        dst,
                        slice: base,
                        bounds,
                    },
                    size,
                );
            }
            None => self.emit(Op::SliceStr {
                given: bits,
                dst,
                str: base,
                bounds,
            }),
        }
    }

    /// Calls and the like for their effects: the value is dropped.
    pub(super) fn expr_stmt(&mut self, e: &'t Expr) {
        let mark = self.mark();
        self.loc = e.loc;
        match &e.kind {
            ExprKind::Call { callee, args } => self.call(callee, args, e.loc),
            ExprKind::Let { vars, init, body } => {
                self.let_vars(vars, init);
                self.expr_stmt(body);
            }
            ExprKind::Builtin { builtin, args } => {
                let kinds = self.value_kinds(e.ty);
                let dst = self.temp(&kinds);
                self.builtin(*builtin, args, e, dst);
            }
            _ => {
                let _ = self.place_or_value(e);
            }
        }
        self.release(mark);
    }

    fn place_or_value(&mut self, e: &'t Expr) -> Option<Place> {
        match self.under(e.ty) {
            Type::Tuple(_) => {
                let _ = self.tuple(e);
                None
            }
            _ => Some(Place::Register(self.expr(e))),
        }
    }

    /// Kinds of a value, or none for a call without results.
    pub(super) fn value_kinds(&mut self, ty: Ty) -> super::layout::Kinds {
        match self.under(ty) {
            Type::Tuple(tys) => {
                let mut kinds = Vec::new();
                for &ty in &*tys {
                    kinds.extend_from_slice(&self.layout(ty).kinds);
                }
                kinds.into()
            }
            _ => self.layout(ty).kinds.clone(),
        }
    }

    /// The function that a call names, if it is a native that is a single op.
    fn intrinsic(&mut self, callee: &Callee, args: &[Expr]) -> Option<Intrinsic> {
        let Callee::Static { func, .. } = callee else {
            return None;
        };
        let declared = self.program.declared(*func);
        if args.len() != 1 {
            return None;
        }
        match &*declared.name {
            "math.Sqrt" | "math.sqrt" => Some(Intrinsic::Sqrt),
            "math.Float64bits" => Some(Intrinsic::FloatBits),
            "math.Float64frombits" => Some(Intrinsic::FloatFromBits),
            _ => None,
        }
    }
}

/// A library function that is one op.
#[derive(Clone, Copy)]
enum Intrinsic {
    Sqrt,
    FloatBits,
    FloatFromBits,
}

impl Intrinsic {
    fn with(self, dst: Reg, src: Reg) -> Op {
        match self {
            Intrinsic::Sqrt => Op::SqrtFloat { dst, src },
            Intrinsic::FloatBits => Op::FloatBits { dst, src },
            Intrinsic::FloatFromBits => Op::FloatFromBits { dst, src },
        }
    }
}

/// The operands of nested string additions, left to right.
fn flatten<'t>(e: &'t Expr, parts: &mut Vec<&'t Expr>) {
    let mut rest = Vec::from([e]);
    while let Some(e) = rest.pop() {
        match &e.kind {
            ExprKind::Binary {
                op: BinaryOp::Add,
                x,
                y,
            } => rest.extend([&**y, &**x]),
            _ => parts.push(e),
        }
    }
}

/// An integer constant as a register holds it.
fn int_bits(value: &ConstValue) -> Option<i64> {
    let int = value.to_int()?;
    int.to_i64().or_else(|| int.to_u64().map(|u| u as i64))
}
