//! Places: what can be loaded from and stored to, with its operands already evaluated.

use super::func::{Constant, FuncGen, Storage};
use super::layout::Layout;
use super::regalloc::is_out;
use crate::types::ty::{Ty, Type};
use crate::types::typed::{Expr, ExprKind, VarId};
use minigo_bytecode::{ElemRepr, Op, Reg, WordKind};

/// A place whose operands are in registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// The value's words are these registers. (For an indirect type the register is a pointer to it.)
    Register(Reg),
    /// In memory, `off` words behind the pointer.
    Memory { ptr: Reg, off: u32 },
    /// Among the package-level variables; only for flat types.
    Global(u32),
    /// An element of a slice, or of an array through a view of it.
    Element { slice: Reg, index: Reg },
    /// The value of a key in a map of the given type.
    MapElement { map: Reg, key: Reg, ty: Ty },
}

impl<'t> FuncGen<'_, '_, 't> {
    /// The place that an expression denotes. What is not a place is evaluated, and is the place of its value.
    /// The registers of the result may be in the out area.
    pub(super) fn place(&mut self, e: &'t Expr) -> Place {
        match &e.kind {
            ExprKind::Var(var) => self.var_place(*var),
            ExprKind::Global(global) => {
                let off = self.program.global(*global);
                if self.layout(e.ty).indirect {
                    let dst = self.temp_word(WordKind::Ptr);
                    self.emit(Op::LoadGlobalPtr { dst, off });
                    return Place::Memory { ptr: dst, off: 0 };
                }
                Place::Global(off)
            }
            ExprKind::Deref(pointer) => {
                let ptr = self.expr_volatile(pointer);
                self.loc = e.loc;
                let layout = self.layout(e.ty);
                if layout.packed_behind_pointer {
                    let slice = self.view(ptr, 1);
                    let index = self.constant(Constant::Int(0));
                    return Place::Element { slice, index };
                }
                if layout.size == 0 {
                    self.emit(Op::NilCheck { ptr });
                }
                Place::Memory { ptr, off: 0 }
            }
            ExprKind::Field { x, index } => {
                let off = self.layout(x.ty).fields[*index];
                let place = self.place(x);
                self.loc = e.loc;
                self.field_of(place, x.ty, off)
            }
            ExprKind::Index { x, index } => self.index_place(e, x, index),
            ExprKind::MapIndex { map, key } => {
                let map_reg = self.expr_before(map, &[key]);
                let key_reg = self.expr(key);
                self.loc = e.loc;
                Place::MapElement {
                    map: map_reg,
                    key: key_reg,
                    ty: map.ty,
                }
            }
            _ => {
                let reg = self.expr_volatile(e);
                if self.layout(e.ty).indirect {
                    Place::Memory { ptr: reg, off: 0 }
                } else {
                    Place::Register(reg)
                }
            }
        }
    }

    /// The place of a local variable.
    pub(super) fn var_place(&mut self, var: VarId) -> Place {
        match self.storage_of(var) {
            Storage::Register(reg) => Place::Register(reg),
            Storage::Cell(ptr) | Storage::Memory(ptr) | Storage::View(ptr) => {
                Place::Memory { ptr, off: 0 }
            }
        }
    }

    /// A part of a struct, `off` words from its start.
    fn field_of(&mut self, place: Place, struct_ty: Ty, off: u32) -> Place {
        match place {
            Place::Register(reg) => Place::Register(reg.plus(off as usize)),
            Place::Memory { ptr, off: base } => Place::Memory {
                ptr,
                off: base + off,
            },
            Place::Global(base) => Place::Global(base + off),
            Place::Element { slice, index } => {
                let ptr = self.element_addr(slice, index, struct_ty);
                Place::Memory { ptr, off }
            }
            Place::MapElement { .. } => {
                let reg = self.load(place, struct_ty, None);
                if self.layout(struct_ty).indirect {
                    Place::Memory { ptr: reg, off }
                } else {
                    Place::Register(reg.plus(off as usize))
                }
            }
        }
    }

    fn index_place(&mut self, e: &'t Expr, x: &'t Expr, index: &'t Expr) -> Place {
        let Type::Array { elem, len } = self.under(x.ty) else {
            let slice = self.expr_before(x, &[index]);
            let index = self.index(index);
            self.loc = e.loc;
            return Place::Element { slice, index };
        };
        if let ExprKind::Var(var) = &x.kind
            && let Storage::View(slice) = self.storage_of(*var)
        {
            if let Some(place) = self.constant_element(slice, 0, elem, len, index) {
                return place;
            }
            let index = self.index(index);
            self.loc = e.loc;
            return Place::Element { slice, index };
        }
        let place = self.place(x);
        let place = if self.is_plain(index) {
            place
        } else {
            self.settle_place(place, x.ty)
        };
        self.loc = e.loc;
        let (ptr, off) = match place {
            Place::Memory { ptr, off } => (ptr, off),
            other => (self.load(other, x.ty, None), 0),
        };
        if let Some(place) = self.constant_element(ptr, off, elem, len, index) {
            return place;
        }
        let ptr = self.advance(ptr, off);
        let slice = self.view(ptr, len);
        let index = self.index(index);
        self.loc = e.loc;
        Place::Element { slice, index }
    }

    /// An index in a register.
    pub(super) fn index(&mut self, index: &'t Expr) -> Reg {
        let reg = self.expr_volatile(index);
        if self.const_int(index).is_none() && self.is_uint64(index.ty) {
            self.note_unsigned(reg);
        }
        reg
    }

    /// The element at a constant index of an array in memory, if it is a whole number of words away.
    fn constant_element(
        &mut self,
        ptr: Reg,
        off: u32,
        elem: Ty,
        len: u64,
        index: &Expr,
    ) -> Option<Place> {
        let index = self.const_int(index)?;
        let layout = self.layout(elem);
        if layout.elem_size < 8 || index < 0 || index as u64 >= len {
            return None;
        }
        let off = u32::try_from(u64::from(off) + index as u64 * (layout.elem_size / 8)).ok()?;
        (off <= u32::from(u16::MAX)).then_some(Place::Memory { ptr, off })
    }

    /// A slice view of the array of `len` elements at `ptr`.
    pub(super) fn view(&mut self, ptr: Reg, len: u64) -> Reg {
        let kinds = [WordKind::Ptr, WordKind::Int];
        let dst = self.temp(&kinds);
        self.array_view(dst, ptr, len);
        dst
    }

    /// `R[dst..+2] := the view`
    pub(super) fn array_view(&mut self, dst: Reg, ptr: Reg, len: u64) {
        let len = self.array_len(len);
        self.emit_extra(Op::ArrayView { dst, ptr }, len);
    }

    /// An array's length as ops take it.
    pub(super) fn array_len(&mut self, len: u64) -> u32 {
        u32::try_from(len).unwrap_or_else(|_| {
            let message = format!("not supported by minigo: array of {len} elements");
            self.program.refuse(self.loc, message);
            0
        })
    }

    /// The pointer moved on by so many words; panics at run time when it is nil.
    pub(super) fn advance(&mut self, ptr: Reg, off: u32) -> Reg {
        if off == 0 {
            return ptr;
        }
        let dst = self.temp_word(WordKind::Ptr);
        self.field_addr(dst, ptr, off);
        dst
    }

    /// `R[dst] := R[ptr] + 8·off`
    pub(super) fn field_addr(&mut self, dst: Reg, mut ptr: Reg, mut off: u32) {
        loop {
            let step = off.min(u16::MAX.into()) as u16;
            self.emit(Op::FieldAddr {
                dst,
                ptr,
                off: step,
            });
            off -= u32::from(step);
            if off == 0 {
                return;
            }
            ptr = dst;
        }
    }

    /// The address of an element.
    pub(super) fn element_addr(&mut self, slice: Reg, index: Reg, elem: Ty) -> Reg {
        let dst = self.temp_word(WordKind::Ptr);
        self.element_addr_to(slice, index, elem, dst);
        dst
    }

    fn element_addr_to(&mut self, slice: Reg, index: Reg, elem: Ty, dst: Reg) {
        let size = self.layout(elem).elem_size;
        let size = self.array_len(size);
        self.emit_extra(Op::IndexAddr { dst, slice, index }, size);
    }

    /// The place with its operands out of the out area.
    pub(super) fn settle_place(&mut self, place: Place, ty: Ty) -> Place {
        let ptr_kinds = [WordKind::Ptr];
        let int_kinds = [WordKind::Int];
        let slice_kinds = [WordKind::Ptr, WordKind::Int];
        match place {
            Place::Register(reg) if is_out(reg) => {
                let kinds = self.layout(ty).kinds.clone();
                Place::Register(self.settle(reg, &kinds))
            }
            Place::Memory { ptr, off } => Place::Memory {
                ptr: self.settle(ptr, &ptr_kinds),
                off,
            },
            Place::Element { slice, index } => Place::Element {
                slice: self.settle(slice, &slice_kinds),
                index: self.settle(index, &int_kinds),
            },
            other => other,
        }
    }

    // ---- loads ---------------------------------------------------------------------------

    /// The value of a place: in `dst` if given, else wherever it already is or in a temporary. Of an indirect type: a pointer
    /// to its memory.
    pub(super) fn load(&mut self, place: Place, ty: Ty, dst: Option<Reg>) -> Reg {
        let layout = self.layout(ty);
        match place {
            Place::Register(reg) => match dst {
                Some(dst) => {
                    self.move_words(dst, reg, layout.words());
                    dst
                }
                None => reg,
            },
            Place::Memory { ptr, off } if layout.indirect => match dst {
                Some(dst) if off == 0 => {
                    self.move_words(dst, ptr, 1);
                    dst
                }
                Some(dst) => {
                    self.field_addr(dst, ptr, off);
                    dst
                }
                None => self.advance(ptr, off),
            },
            _ => {
                let dst = dst.unwrap_or_else(|| self.temp(&layout.kinds));
                match place {
                    Place::Memory { ptr, off } => self.load_memory(dst, ptr, off, &layout),
                    Place::Global(off) => self.load_global(dst, off, &layout),
                    Place::Element { slice, index } => {
                        self.load_element(dst, slice, index, ty, &layout);
                    }
                    Place::MapElement {
                        map,
                        key,
                        ty: map_ty,
                    } => {
                        let map = self.map_to_look_in(map, map_ty);
                        self.map_get(dst, map, key, ty);
                    }
                    Place::Register(_) => {}
                }
                dst
            }
        }
    }

    /// Loads the words of a flat value.
    pub(super) fn load_memory(&mut self, dst: Reg, ptr: Reg, off: u32, layout: &Layout) {
        if layout.words() == 0 {
            self.emit(Op::NilCheck { ptr });
            return;
        }
        let (ptr, off) = self.near(ptr, off);
        self.emit(match &layout.kinds[..] {
            [WordKind::Ptr] => Op::LoadPtr { dst, ptr, off },
            [_] => Op::Load { dst, ptr, off },
            _ if layout.is_pair() => Op::Load2 { dst, ptr, off },
            words => Op::LoadN {
                count: words.len() as u8,
                dst,
                ptr,
                off,
            },
        });
    }

    /// A pointer and a distance that fits an op.
    fn near(&mut self, ptr: Reg, off: u32) -> (Reg, u16) {
        match u16::try_from(off) {
            Ok(off) => (ptr, off),
            Err(_) => (self.advance(ptr, off), 0),
        }
    }

    fn load_global(&mut self, dst: Reg, off: u32, layout: &Layout) {
        match &layout.kinds[..] {
            [] => {}
            [WordKind::Ptr] => self.emit(Op::LoadGlobalPtr { dst, off }),
            [_] => self.emit(Op::LoadGlobal { dst, off }),
            _ if layout.is_pair() => self.emit(Op::LoadGlobal2 { dst, off }),
            _ => {
                let ptr = self.temp_word(WordKind::Ptr);
                self.emit(Op::GlobalAddr { dst: ptr, off });
                self.load_memory(dst, ptr, 0, layout);
            }
        }
    }

    fn load_element(&mut self, dst: Reg, slice: Reg, index: Reg, ty: Ty, layout: &Layout) {
        let op = match layout.repr {
            ElemRepr::Uint(1) => Op::IndexU8 { dst, slice, index },
            ElemRepr::Uint(2) => Op::IndexU16 { dst, slice, index },
            ElemRepr::Uint(_) => Op::IndexU32 { dst, slice, index },
            ElemRepr::Sint(1) => Op::IndexI8 { dst, slice, index },
            ElemRepr::Sint(2) => Op::IndexI16 { dst, slice, index },
            ElemRepr::Sint(_) => Op::IndexI32 { dst, slice, index },
            ElemRepr::Float32 => Op::IndexF32 { dst, slice, index },
            ElemRepr::Word => Op::Index { dst, slice, index },
            ElemRepr::Ptr => Op::IndexPtr { dst, slice, index },
            ElemRepr::Pair => Op::Index2 { dst, slice, index },
            ElemRepr::Words(0) => {
                self.check_index(slice, index);
                return;
            }
            ElemRepr::Words(count) => Op::IndexN {
                count,
                dst,
                slice,
                index,
            },
            ElemRepr::Indirect => return self.element_addr_to(slice, index, ty, dst),
        };
        self.emit(op);
    }

    fn check_index(&mut self, slice: Reg, index: Reg) {
        let len = self.temp_word(WordKind::Int);
        self.emit(Op::SliceLen { dst: len, slice });
        self.emit(Op::CheckIndex { index, len });
    }

    /// The map, or an empty one instead of nil if only its type can tell that a key is unhashable.
    pub(super) fn map_to_look_in(&mut self, map: Reg, ty: Ty) -> Reg {
        let Type::Map { key, .. } = self.under(ty) else {
            return map;
        };
        if self.program.types.comparable(key, false) {
            return map;
        }
        let not_nil = self.temp_word(WordKind::Ptr);
        self.move_words(not_nil, map, 1);
        let made = self.label();
        self.emit_jump(
            Op::JumpNotNil {
                ptr: not_nil,
                to: 0,
            },
            made,
        );
        let hint = self.constant(Constant::Int(0));
        let map_type = self.type_id(ty);
        self.emit_extra(Op::MakeMap { dst: not_nil, hint }, map_type.0);
        self.bind(made);
        not_nil
    }

    /// `R[dst..] := R[map][R[key..]]`, the zero value if absent.
    fn map_get(&mut self, dst: Reg, map: Reg, key: Reg, value: Ty) {
        let layout = self.layout(value);
        self.emit(Op::MapGet {
            count: layout.words() as u8,
            dst,
            map,
            key,
        });
        self.zero_if_absent(dst, value, &layout);
    }

    /// Gives an indirect value that a map does not have, or that a closed channel gives, its zero memory.
    pub(super) fn zero_if_absent(&mut self, dst: Reg, value: Ty, layout: &Layout) {
        if layout.indirect {
            let there = self.label();
            self.emit_jump(Op::JumpNotNil { ptr: dst, to: 0 }, there);
            let ty = self.type_id(value);
            self.emit(Op::New { dst, ty });
            self.bind(there);
        }
    }

    // ---- stores --------------------------------------------------------------------------

    /// Stores a value that is in registers (for an indirect type: copies the memory that the register points to).
    pub(super) fn store(&mut self, place: Place, ty: Ty, src: Reg) {
        let layout = self.layout(ty);
        match place {
            Place::MapElement {
                map,
                key,
                ty: map_ty,
            } => {
                let key = self.private_key(key, map_ty);
                let val = if layout.indirect {
                    self.private_copy(src, ty)
                } else {
                    self.settle(src, &layout.kinds)
                };
                self.emit(Op::MapSet { map, key, val });
            }
            Place::Register(reg) if layout.indirect => self.copy_memory(reg, src, ty),
            Place::Register(reg) => self.move_words(reg, src, layout.words()),
            Place::Memory { ptr, off } if layout.indirect => {
                let dst = self.advance(ptr, off);
                self.copy_memory(dst, src, ty);
            }
            Place::Memory { ptr, off } => self.store_memory(ptr, off, src, &layout),
            Place::Global(off) => self.store_global(off, src, &layout),
            Place::Element { slice, index } => self.store_element(slice, index, src, ty, &layout),
        }
    }

    /// A map key that the map may keep.
    pub(super) fn private_key(&mut self, key: Reg, map: Ty) -> Reg {
        match self.under(map) {
            Type::Map { key: ty, .. } if self.layout(ty).indirect => self.private_copy(key, ty),
            _ => key,
        }
    }

    /// Copies the memory of an indirect value.
    pub(super) fn copy_memory(&mut self, dst: Reg, src: Reg, ty: Ty) {
        if dst != src {
            let ty = self.type_id(ty);
            self.emit_extra(Op::CopyMem { dst, src }, ty.0);
        }
    }

    /// A copy of an indirect value that nobody else has.
    pub(super) fn private_copy(&mut self, src: Reg, ty: Ty) -> Reg {
        let dst = self.temp_word(WordKind::Ptr);
        self.private_copy_to(src, ty, dst);
        dst
    }

    /// The same, to a register.
    pub(super) fn private_copy_to(&mut self, src: Reg, ty: Ty, dst: Reg) {
        let ptr_kinds = [WordKind::Ptr];
        let mut src = self.settle(src, &ptr_kinds);
        if src == dst {
            let from = self.temp_word(WordKind::Ptr);
            self.move_words(from, src, 1);
            src = from;
        }
        let id = self.type_id(ty);
        self.emit(Op::New { dst, ty: id });
        self.copy_memory(dst, src, ty);
    }

    /// Stores the words of a flat value.
    pub(super) fn store_memory(&mut self, ptr: Reg, off: u32, src: Reg, layout: &Layout) {
        if layout.words() == 0 {
            self.emit(Op::NilCheck { ptr });
            return;
        }
        let (ptr, off) = self.near(ptr, off);
        self.emit(match &layout.kinds[..] {
            [WordKind::Ptr] => Op::StorePtr { ptr, off, src },
            [_] => Op::Store { ptr, off, src },
            _ if layout.is_pair() => Op::Store2 { ptr, off, src },
            words => Op::StoreN {
                count: words.len() as u8,
                ptr,
                off,
                src,
            },
        });
    }

    fn store_global(&mut self, off: u32, src: Reg, layout: &Layout) {
        match &layout.kinds[..] {
            [] => {}
            [WordKind::Ptr] => self.emit(Op::StoreGlobalPtr { src, off }),
            [_] => self.emit(Op::StoreGlobal { src, off }),
            _ if layout.is_pair() => self.emit(Op::StoreGlobal2 { src, off }),
            _ => {
                let ptr = self.temp_word(WordKind::Ptr);
                self.emit(Op::GlobalAddr { dst: ptr, off });
                self.store_memory(ptr, 0, src, layout);
            }
        }
    }

    fn store_element(&mut self, slice: Reg, index: Reg, src: Reg, ty: Ty, layout: &Layout) {
        let op = match layout.repr {
            ElemRepr::Uint(1) | ElemRepr::Sint(1) => Op::SetIndex8 { slice, index, src },
            ElemRepr::Uint(2) | ElemRepr::Sint(2) => Op::SetIndex16 { slice, index, src },
            ElemRepr::Uint(_) | ElemRepr::Sint(_) => Op::SetIndex32 { slice, index, src },
            ElemRepr::Float32 => Op::SetIndexF32 { slice, index, src },
            ElemRepr::Word => Op::SetIndex { slice, index, src },
            ElemRepr::Ptr => Op::SetIndexPtr { slice, index, src },
            ElemRepr::Pair => Op::SetIndex2 { slice, index, src },
            ElemRepr::Words(0) => return self.check_index(slice, index),
            ElemRepr::Words(count) => Op::SetIndexN {
                count,
                slice,
                index,
                src,
            },
            ElemRepr::Indirect => {
                let dst = self.element_addr(slice, index, ty);
                return self.copy_memory(dst, src, ty);
            }
        };
        self.emit(op);
    }

    /// The address of a place (not of a register or map element).
    pub(super) fn address_of(&mut self, place: Place, ty: Ty, dst: Reg) {
        match place {
            Place::Memory { ptr, off: 0 } => {
                self.emit(Op::NilCheck { ptr });
                self.move_words(dst, ptr, 1);
            }
            Place::Memory { ptr, off } => self.field_addr(dst, ptr, off),
            Place::Global(off) => self.emit(Op::GlobalAddr { dst, off }),
            Place::Element { slice, index } => self.element_addr_to(slice, index, ty, dst),
            // Escape analysis puts every variable whose address is taken into memory.
            Place::Register(_) | Place::MapElement { .. } => {
                self.program
                    .refuse(self.loc, "internal error: address of a register".into());
            }
        }
    }
}
