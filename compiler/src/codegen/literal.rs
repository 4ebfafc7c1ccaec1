//! Composite literals, built where they are wanted: in registers, or directly in the memory of a new object.

use super::func::{Constant, FuncGen};
use super::operand::Place;
use crate::types::constant::ConstValue;
use crate::types::ty::{Basic, Ty, Type};
use crate::types::typed::{Expr, ExprKind};
use minigo_bytecode::{Op, Reg, WordKind};

/// Byte slices of constants at least this long are copied from a string constant.
const BYTES_FROM_STRING: usize = 16;
/// Distance from its base, in words, at which the memory of a long literal gets a new base.
const NEW_BASE: u32 = 1 << 15;

impl<'t> FuncGen<'_, '_, 't> {
    /// A composite literal to registers.
    pub(super) fn literal(&mut self, e: &'t Expr, dst: Reg) {
        let layout = self.layout(e.ty);
        match &e.kind {
            ExprKind::StructLit(_) | ExprKind::ArrayLit(_) if layout.indirect => {
                self.new_literal(e, dst);
            }
            ExprKind::StructLit(fields) => {
                let given: usize = fields.iter().map(|(_, x)| self.layout(x.ty).words()).sum();
                if given < layout.words() {
                    self.zero_words(dst, layout.words());
                }
                for (index, x) in fields {
                    self.made_for_field(x, e.ty, *index);
                    self.expr_to(x, dst.plus(layout.fields[*index] as usize));
                }
            }
            ExprKind::SliceLit { len, elems } => self.slice_literal(e.ty, *len, elems, dst),
            ExprKind::MapLit(entries) => {
                let hint = self.constant(Constant::Int(entries.len() as i64));
                let ty = self.type_id(e.ty);
                self.emit_extra(Op::MakeMap { dst, hint }, ty.0);
                for (key, value) in entries {
                    let mark = self.mark();
                    // A key is read after the calls of its value, unless it has some itself.
                    let (key, val) = if self.is_plain(key) && !self.is_plain(value) {
                        let val = self.value(value);
                        (self.value(key), val)
                    } else {
                        let key = self.value(key);
                        (key, self.value(value))
                    };
                    self.loc = value.loc;
                    self.emit(Op::MapSet { map: dst, key, val });
                    self.release(mark);
                }
            }
            _ => {}
        }
    }

    /// `R[dst] := a pointer to a new variable with the literal's value`
    pub(super) fn new_literal(&mut self, e: &'t Expr, dst: Reg) {
        let ty = self.type_id(e.ty);
        self.emit(Op::New { dst, ty });
        self.init_memory(e, dst, 0);
    }

    /// Evaluates into zeroed memory, `off` words behind the pointer.
    fn init_memory(&mut self, e: &'t Expr, ptr: Reg, off: u32) {
        let mark = self.mark();
        match &e.kind {
            ExprKind::Zero => {}
            ExprKind::StructLit(fields) => {
                let layout = self.layout(e.ty);
                for (index, x) in fields {
                    self.made_for_field(x, e.ty, *index);
                    self.init_memory(x, ptr, off + layout.fields[*index]);
                }
            }
            ExprKind::ArrayLit(elems) => {
                if let Type::Array { elem, len } = self.under(e.ty) {
                    self.init_elems(elem, len, elems, ptr, off);
                }
            }
            _ => {
                let src = self.expr(e);
                self.store(Place::Memory { ptr, off }, e.ty, src);
            }
        }
        self.release(mark);
    }

    fn init_elems(&mut self, elem: Ty, len: u64, elems: &'t [(u64, Expr)], ptr: Reg, off: u32) {
        let size = self.layout(elem).elem_size;
        if size < 8 {
            let ptr = self.advance(ptr, off);
            let slice = self.view(ptr, len);
            return self.set_elems(elem, elems, slice);
        }
        let base = self.temp_word(WordKind::Ptr);
        let mut from = ptr;
        // Where `from` points, in words from `ptr`.
        let mut start = 0;
        for (index, x) in elems {
            let Ok(at) = u32::try_from(u64::from(off) + index * (size / 8)) else {
                self.array_len(u64::MAX);
                return;
            };
            if at - start > NEW_BASE {
                self.field_addr(base, from, at - start);
                from = base;
                start = at;
            }
            self.init_memory(x, from, at - start);
        }
    }

    /// Sets packed elements one by one.
    fn set_elems(&mut self, elem: Ty, elems: &'t [(u64, Expr)], slice: Reg) {
        for (index, x) in elems {
            let mark = self.mark();
            let src = self.expr(x);
            let index = self.constant(Constant::Int(*index as i64));
            self.store(Place::Element { slice, index }, elem, src);
            self.release(mark);
        }
    }

    fn slice_literal(&mut self, ty: Ty, len: u64, elems: &'t [(u64, Expr)], dst: Reg) {
        let Type::Slice(elem) = self.under(ty) else {
            return;
        };
        if let Some(bytes) = self.constant_bytes(elem, len, elems) {
            let kinds = [WordKind::Ptr, WordKind::Int];
            let src = self.temp(&kinds);
            let k = self.program.string(&bytes);
            self.emit(Op::ConstString { dst: src, k });
            return self.emit(Op::BytesFromStr { dst, src });
        }
        let len_reg = self.constant(Constant::Int(len as i64));
        let elem_id = self.type_id(elem);
        self.emit_extra(
            Op::MakeSlice {
                dst,
                len: len_reg,
                cap: len_reg,
            },
            elem_id.0,
        );
        if self.layout(elem).elem_size < 8 {
            self.set_elems(elem, elems, dst);
        } else {
            self.init_elems(elem, len, elems, dst, 0);
        }
    }

    /// The content of a longer byte slice literal of constants.
    fn constant_bytes(&mut self, elem: Ty, len: u64, elems: &[(u64, Expr)]) -> Option<Vec<u8>> {
        if self.basic(elem) != Some(Basic::Uint8)
            || elems.len() < BYTES_FROM_STRING
            || len > 1 << 24
        {
            return None;
        }
        let mut bytes = vec![0; len as usize];
        for (index, x) in elems {
            let ExprKind::Const(ConstValue::Int(_)) = &x.kind else {
                return None;
            };
            let value = self.const_int(x)?;
            *bytes.get_mut(*index as usize)? = value as u8;
        }
        Some(bytes)
    }
}
