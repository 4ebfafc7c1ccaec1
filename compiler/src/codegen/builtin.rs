//! Builtin functions.

use super::expr::Number;
use super::func::{Constant, FuncGen};
use super::layout::Kinds;
use crate::types::ty::{Ty, Type};
use crate::types::typed::{Builtin, Expr, ExprKind};
use minigo_bytecode::{Op, Reg, WordKind};

/// Most values of one `Append`.
const MAX_APPEND: usize = 64;

impl<'t> FuncGen<'_, '_, 't> {
    /// A call of a builtin function; `dst` takes its value, if it has one.
    pub(super) fn builtin(&mut self, builtin: Builtin, args: &'t [Expr], e: &'t Expr, dst: Reg) {
        let loc = e.loc;
        match builtin {
            Builtin::Append => self.append(args, e, dst),
            Builtin::AppendSlice => self.append_slice(args, e, dst),
            Builtin::Len | Builtin::Cap => self.len(builtin == Builtin::Len, &args[0], e, dst),
            Builtin::Clear => {
                let reg = self.expr(&args[0]);
                self.loc = loc;
                match self.under(args[0].ty) {
                    Type::Slice(elem) => {
                        let ty = self.type_id(elem);
                        self.emit(Op::ClearSlice { slice: reg, ty });
                    }
                    _ => self.emit(Op::MapClear { map: reg }),
                }
            }
            Builtin::Close => {
                let chan = self.expr(&args[0]);
                self.loc = loc;
                self.emit(Op::CloseChan { chan });
            }
            Builtin::Complex => {
                self.expr_to(&args[0], dst);
                self.expr_to(&args[1], dst.plus(1));
            }
            Builtin::Real | Builtin::Imag => {
                let part = usize::from(builtin == Builtin::Imag);
                let src = self.expr_volatile(&args[0]);
                self.move_words(dst, src.plus(part), 1);
            }
            Builtin::Copy => self.copy(args, e, dst),
            Builtin::Delete => {
                let map = self.expr(&args[0]);
                let key = self.expr(&args[1]);
                self.loc = loc;
                let map = self.map_to_look_in(map, args[0].ty);
                self.emit(Op::MapDelete { map, key });
            }
            Builtin::Make => self.make(args, e, dst),
            Builtin::Max | Builtin::Min => self.extreme(builtin == Builtin::Max, args, e, dst),
            Builtin::New => self.new_value(args, e, dst),
            Builtin::Panic => {
                let value = self.expr(&args[0]);
                self.loc = loc;
                self.emit(Op::Panic { value });
            }
            Builtin::Print | Builtin::Println => self.print(builtin == Builtin::Println, args, e),
            Builtin::RangePanic(fault) => {
                let string = [WordKind::Ptr, WordKind::Int];
                let native = self
                    .program
                    .native_by_name("runtime.panicRange", &string, &[]);
                let k = self.program.string(fault.message().as_bytes());
                self.registers.need_out(2);
                let dst = super::regalloc::out(0);
                self.emit(Op::ConstString { dst, k });
                self.emit(Op::CallNative { window: 0, native });
                self.emit(Op::Unreachable {});
            }
            Builtin::ValueMethod => {
                let string = [WordKind::Ptr, WordKind::Int];
                let native = self
                    .program
                    .native_by_name("runtime.panicWrap", &string, &[]);
                self.registers.need_out(2);
                self.expr_to(&args[0], super::regalloc::out(0));
                self.emit(Op::CallNative { window: 0, native });
                self.emit(Op::Unreachable {});
            }
            Builtin::Recover => self.emit(Op::Recover { dst }),
        }
    }

    fn slice_elem(&mut self, ty: Ty) -> Ty {
        match self.under(ty) {
            Type::Slice(elem) => elem,
            _ => Ty::UINT8,
        }
    }

    fn append(&mut self, args: &'t [Expr], e: &'t Expr, dst: Reg) {
        let Some((slice, values)) = args.split_first() else {
            return;
        };
        let elem = self.slice_elem(e.ty);
        let elem_id = self.type_id(elem);
        let slice = self.expr(slice);
        if values.len() > MAX_APPEND {
            let tail = self.slice_of(elem, values);
            self.loc = e.loc;
            return self.emit_extra(Op::AppendSlice { dst, slice, tail }, elem_id.0);
        }
        let vals = match values {
            [value] => self.expr(value),
            _ => {
                let layout = self.layout(elem);
                let kinds: Kinds = layout.kinds.repeat(values.len()).into();
                let block = self.temp(&kinds);
                for (i, value) in values.iter().enumerate() {
                    self.expr_to(value, block.plus(i * layout.words()));
                }
                block
            }
        };
        self.loc = e.loc;
        self.emit_extra(
            Op::Append {
                count: values.len() as u8,
                dst,
                slice,
                vals,
            },
            elem_id.0,
        );
    }

    /// A slice of many values that are to be appended at once.
    fn slice_of(&mut self, elem: Ty, values: &'t [Expr]) -> Reg {
        let tail = self.temp(&[WordKind::Ptr, WordKind::Int]);
        let len = self.constant(Constant::Int(values.len() as i64));
        let elem_id = self.type_id(elem);
        self.emit_extra(
            Op::MakeSlice {
                dst: tail,
                len,
                cap: len,
            },
            elem_id.0,
        );
        for (i, value) in values.iter().enumerate() {
            let mark = self.mark();
            let src = self.expr(value);
            let index = self.constant(Constant::Int(i as i64));
            let place = super::operand::Place::Element { slice: tail, index };
            self.store(place, elem, src);
            self.release(mark);
        }
        tail
    }

    fn append_slice(&mut self, args: &'t [Expr], e: &'t Expr, dst: Reg) {
        let slice = self.expr(&args[0]);
        let tail = self.expr(&args[1]);
        self.loc = e.loc;
        if self.is_string(args[1].ty) {
            return self.emit(Op::AppendStr { dst, slice, tail });
        }
        let elem = self.slice_elem(e.ty);
        let elem = self.type_id(elem);
        self.emit_extra(Op::AppendSlice { dst, slice, tail }, elem.0);
    }

    /// Where a length already is, if it needs no op.
    pub(super) fn len_in_place(&mut self, args: &'t [Expr]) -> Option<Reg> {
        let [arg] = args else { return None };
        if self.is_string(arg.ty) {
            return Some(self.expr_volatile(arg).plus(1));
        }
        let ExprKind::Var(var) = &arg.kind else {
            return None;
        };
        let hoisted = self.hoisted_lens.iter().find(|(v, _)| v == var);
        hoisted.map(|(_, reg)| *reg)
    }

    fn len(&mut self, len: bool, arg: &'t Expr, e: &'t Expr, dst: Reg) {
        if len && let Some(reg) = self.len_in_place(std::slice::from_ref(arg)) {
            return self.move_words(dst, reg, 1);
        }
        let array = match self.under(arg.ty) {
            Type::Pointer(array) => self.under(array),
            other => other,
        };
        if let Type::Array { len, .. } = array {
            let _ = self.expr_volatile(arg);
            let op = self.load_constant(Constant::Int(len as i64), dst);
            return self.emit(op);
        }
        let reg = self.expr_volatile(arg);
        self.loc = e.loc;
        let op = match (self.under(arg.ty), len) {
            (Type::Map { .. }, _) => Op::MapLen { dst, map: reg },
            (Type::Chan { .. }, true) => Op::ChanLen { dst, chan: reg },
            (Type::Chan { .. }, false) => Op::ChanCap { dst, chan: reg },
            (_, true) => Op::SliceLen { dst, slice: reg },
            (_, false) => Op::SliceCap { dst, slice: reg },
        };
        self.emit(op);
    }

    fn copy(&mut self, args: &'t [Expr], e: &'t Expr, dst: Reg) {
        let to = self.expr(&args[0]);
        let from = self.expr(&args[1]);
        self.loc = e.loc;
        let dst = if self.layout_words(e.ty) == 1 {
            dst
        } else {
            self.temp_word(WordKind::Int)
        };
        if self.is_string(args[1].ty) {
            return self.emit(Op::CopyStr { dst, to, from });
        }
        let elem = self.slice_elem(args[0].ty);
        let elem = self.type_id(elem);
        self.emit_extra(Op::Copy { dst, to, from }, elem.0);
    }

    fn layout_words(&mut self, ty: Ty) -> usize {
        if self.is_tuple(ty) {
            return 0;
        }
        self.layout(ty).words()
    }

    fn make(&mut self, args: &'t [Expr], e: &'t Expr, dst: Reg) {
        let sizes: Vec<Reg> = args.iter().map(|a| self.expr(a)).collect();
        self.loc = e.loc;
        match self.under(e.ty) {
            Type::Slice(elem) => {
                let elem = self.type_id(elem);
                let len = match sizes.first() {
                    Some(&len) => len,
                    None => self.constant(Constant::Int(0)),
                };
                let cap = sizes.get(1).copied().unwrap_or(len);
                self.emit_extra(Op::MakeSlice { dst, len, cap }, elem.0);
            }
            under => {
                let ty = self.type_id(e.ty);
                let size = match sizes.first() {
                    Some(&size) => size,
                    None => self.constant(Constant::Int(0)),
                };
                let op = match under {
                    Type::Map { .. } => Op::MakeMap { dst, hint: size },
                    _ => Op::MakeChan { dst, size },
                };
                if matches!(op, Op::MakeChan { .. }) {
                    self.site_of_make(e.loc);
                }
                self.emit_extra(op, ty.0);
            }
        }
    }

    fn new_value(&mut self, args: &'t [Expr], e: &'t Expr, dst: Reg) {
        let Type::Pointer(elem) = self.under(e.ty) else {
            return;
        };
        let ty = self.type_id(elem);
        let [arg] = args else {
            return self.emit(Op::New { dst, ty });
        };
        let src = self.expr(arg);
        self.loc = e.loc;
        let new = self.temp_word(WordKind::Ptr);
        self.emit(Op::New { dst: new, ty });
        self.store(
            super::operand::Place::Memory { ptr: new, off: 0 },
            elem,
            src,
        );
        self.move_words(dst, new, 1);
    }

    // ---- min and max ---------------------------------------------------------------------

    fn extreme(&mut self, max: bool, args: &'t [Expr], e: &'t Expr, dst: Reg) {
        let Some((first, rest)) = args.split_first() else {
            return;
        };
        let kinds = self.layout(e.ty).kinds.clone();
        // The result must not be seen in `dst` before all arguments are evaluated.
        let best = self.temp(&kinds);
        self.expr_to(first, best);
        for arg in rest {
            let mark = self.mark();
            let other = self.expr(arg);
            self.loc = e.loc;
            self.keep_extreme(max, e.ty, best, other, kinds.len());
            self.release(mark);
        }
        self.move_words(dst, best, kinds.len());
    }

    /// `best = max(best, other)` or `min`.
    fn keep_extreme(&mut self, max: bool, ty: Ty, best: Reg, other: Reg, words: usize) {
        let take = self.label();
        let end = self.label();
        // Takes the other one if `lesser < greater`.
        let (lhs, rhs) = if max { (best, other) } else { (other, best) };
        match self.number(ty) {
            Some(Number::Int { signed, bits }) => {
                let op = if !signed && bits == 64 {
                    Op::JumpLtUint { lhs, rhs, to: 0 }
                } else {
                    Op::JumpLtInt { lhs, rhs, to: 0 }
                };
                self.emit_jump(op, take);
            }
            Some(_) => self.float_extreme(max, best, other, (lhs, rhs), take, end),
            None => {
                let less = self.temp_word(WordKind::Int);
                self.emit(Op::LtStr {
                    dst: less,
                    lhs,
                    rhs,
                });
                self.bool_jump(less, true, take);
            }
        }
        self.jump(end);
        self.bind(take);
        self.move_words(best, other, words);
        self.bind(end);
    }

    /// A NaN wins, and of two zeros the one with the right sign.
    fn float_extreme(
        &mut self,
        max: bool,
        best: Reg,
        other: Reg,
        (lhs, rhs): (Reg, Reg),
        take: super::func::Label,
        end: super::func::Label,
    ) {
        let to = 0;
        self.emit_jump(
            Op::JumpNeFloat {
                lhs: other,
                rhs: other,
                to,
            },
            take,
        );
        self.emit_jump(Op::JumpLtFloat { lhs, rhs, to }, take);
        self.emit_jump(Op::JumpNeFloat { lhs, rhs, to }, end);
        let a = self.temp_word(WordKind::Int);
        let b = self.temp_word(WordKind::Int);
        self.emit(Op::FloatBits { dst: a, src: best });
        self.emit(Op::FloatBits { dst: b, src: other });
        let (dst, lhs, rhs) = (a, a, b);
        self.emit(if max {
            Op::And { dst, lhs, rhs }
        } else {
            Op::Or { dst, lhs, rhs }
        });
        self.emit(Op::FloatFromBits { dst: best, src: a });
    }

    // ---- print ---------------------------------------------------------------------------

    /// `print` and `println`: every value as an interface through natives of package runtime.
    fn print(&mut self, line: bool, args: &'t [Expr], e: &'t Expr) {
        use super::regalloc::out;
        let string: Kinds = [WordKind::Ptr, WordKind::Int].into();
        let iface: Kinds = [WordKind::Type, WordKind::Data].into();
        let write = self
            .program
            .native_by_name("runtime.printText", &string, &[]);
        let describe = self
            .program
            .native_by_name("runtime.printForm", &iface, &string);
        self.registers.need_out(2);
        // All arguments are evaluated before anything is written.
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            let value = self.expr(arg);
            values.push((value, arg.ty));
        }
        self.loc = e.loc;
        let text = |this: &mut Self, text: &[u8]| {
            let k = this.program.string(text);
            this.emit(Op::ConstString { dst: out(0), k });
            this.emit(Op::CallNative {
                window: 0,
                native: write,
            });
        };
        for (i, (value, ty)) in values.into_iter().enumerate() {
            if line && i > 0 {
                text(self, b" ");
            }
            let boxed = self.temp(&iface);
            self.convert_to_any(value, ty, boxed);
            self.move_words(out(0), boxed, 2);
            self.emit(Op::CallNative {
                window: 0,
                native: describe,
            });
            self.emit(Op::CallNative {
                window: 0,
                native: write,
            });
        }
        if line {
            text(self, b"\n");
        }
    }
}
