//! Conversions and type assertions.

use super::expr::Number;
use super::func::FuncGen;
use super::operand::Place;
use crate::types::ty::{Basic, Ty, Type};
use crate::types::typed::Expr;
use minigo_bytecode::{Op, Reg, WordKind};

impl<'t> FuncGen<'_, '_, 't> {
    /// Whether the type is an interface type.
    pub(super) fn is_interface(&mut self, ty: Ty) -> bool {
        matches!(self.under(ty), Type::Interface(_))
    }

    /// Whether a conversion changes no word.
    pub(super) fn keeps_words(&mut self, from: Ty, to: Ty) -> bool {
        let (from, to) = (self.subst(from), self.subst(to));
        if from == to {
            return true;
        }
        match (self.number(from), self.number(to)) {
            (Some(a), Some(b)) => return a == b || widens(a, b),
            (None, None) => {}
            _ => return false,
        }
        match (self.under(from), self.under(to)) {
            (Type::Interface(_), Type::Interface(_)) => true,
            (Type::Interface(_), _) | (_, Type::Interface(_)) => false,
            (Type::Basic(Basic::String), Type::Slice(_)) => false,
            (Type::Slice(_), to) => matches!(to, Type::Slice(_)),
            _ => true,
        }
    }

    /// Whether the conversion itself needs no safepoint and no branch.
    pub(super) fn is_plain_conversion(&mut self, from: Ty, to: Ty) -> bool {
        if self.keeps_words(from, to) {
            return true;
        }
        match (self.number(from), self.number(to)) {
            (Some(_), Some(_)) => true,
            _ => self.is_interface(to) && self.layout(from).direct,
        }
    }

    /// `x` as a value of `e`'s type.
    pub(super) fn convert(&mut self, x: &'t Expr, e: &'t Expr, dst: Reg) {
        if self.keeps_words(x.ty, e.ty) {
            return self.expr_to(x, dst);
        }
        let src = if self.is_plain_conversion(x.ty, e.ty) {
            self.expr_volatile(x)
        } else {
            self.expr(x)
        };
        self.loc = e.loc;
        self.convert_register(src, x.ty, e.ty, dst);
    }

    /// A value in registers as a value of another type; a no-op where words and type stay.
    pub(super) fn convert_register(&mut self, src: Reg, from: Ty, to: Ty, dst: Reg) {
        if self.keeps_words(from, to) {
            let words = self.layout(to).words();
            return self.move_words(dst, src, words);
        }
        if let (Some(a), Some(b)) = (self.number(from), self.number(to)) {
            return self.convert_number(a, b, src, dst);
        }
        if self.is_interface(to) {
            return self.box_value(src, from, dst);
        }
        match (self.under(from), self.under(to)) {
            (Type::Basic(basic), Type::Basic(_)) if basic.is_integer() => {
                self.emit(Op::StrFromRune { dst, src });
            }
            (Type::Slice(elem), Type::Basic(_)) => {
                if self.layout(elem).elem_size == 1 {
                    self.emit(Op::StrFromBytes { dst, src });
                } else {
                    self.need_packed_runes(elem);
                    self.emit(Op::StrFromRunes { dst, src });
                }
            }
            (Type::Basic(_), Type::Slice(elem)) => {
                if self.layout(elem).elem_size == 1 {
                    self.emit(Op::BytesFromStr { dst, src });
                } else {
                    self.need_packed_runes(elem);
                    self.emit(Op::RunesFromStr { dst, src });
                }
            }
            (Type::Slice(_), Type::Array { len, .. }) => {
                self.slice_to_array(src, len, dst);
                if len == 0 {
                    // A nil slice has no array, but it has this value.
                    let layout = self.layout(to);
                    self.zero_if_absent(dst, to, &layout);
                }
            }
            (Type::Slice(_), Type::Pointer(array)) => {
                if let Type::Array { len, .. } = self.under(array) {
                    self.slice_to_array(src, len, dst);
                }
            }
            _ => self
                .program
                .refuse(self.loc, "internal error: conversion".into()),
        }
    }

    /// A value as an `any`.
    pub(super) fn convert_to_any(&mut self, src: Reg, from: Ty, dst: Reg) {
        if self.is_interface(from) {
            return self.move_words(dst, src, 2);
        }
        self.box_value(src, from, dst);
    }

    fn slice_to_array(&mut self, slice: Reg, len: u64, dst: Reg) {
        let len = self.array_len(len);
        self.emit_extra(Op::SliceToArray { dst, slice }, len);
    }

    /// Conversions of rune slices work on packed elements only.
    fn need_packed_runes(&mut self, elem: Ty) {
        if self.layout(elem).elem_size != 4 {
            let message = "not supported by minigo: conversion between string and []rune in a program that takes the address of a slice element of type rune (int32)";
            self.program.refuse(self.loc, message.into());
        }
    }

    fn convert_number(&mut self, from: Number, to: Number, src: Reg, dst: Reg) {
        match (from, to) {
            (Number::Int { .. }, Number::Int { signed, bits }) => {
                self.wrap_to(dst, src, signed, bits);
            }
            (Number::Int { signed, bits }, Number::Float { single }) => {
                let unsigned = !signed && bits == 64;
                self.emit(match (unsigned, single) {
                    (false, false) => Op::IntToFloat { dst, src },
                    (true, false) => Op::UintToFloat { dst, src },
                    (false, true) => Op::IntToFloat32 { dst, src },
                    (true, true) => Op::UintToFloat32 { dst, src },
                });
            }
            (Number::Float { .. }, Number::Int { signed, bits }) => {
                if !signed && bits == 64 {
                    self.emit(Op::FloatToUint { dst, src });
                } else {
                    self.emit(Op::FloatToInt { dst, src });
                    self.wrap(dst, signed, bits);
                }
            }
            (Number::Float { .. }, Number::Float { .. }) => {
                self.emit(Op::RoundFloat32 { dst, src });
            }
            (Number::Complex { .. }, Number::Complex { .. }) => {
                for i in 0..2 {
                    self.emit(Op::RoundFloat32 {
                        dst: dst.plus(i),
                        src: src.plus(i),
                    });
                }
            }
            _ => self
                .program
                .refuse(self.loc, "internal error: conversion".into()),
        }
    }

    /// A value of a concrete type as an interface value.
    fn box_value(&mut self, src: Reg, from: Ty, dst: Reg) {
        let layout = self.layout(from);
        let ty = self.type_id(from);
        if layout.direct {
            return self.emit_extra(Op::MakeIface { dst, src }, ty.0);
        }
        let src = self.settle(src, &layout.kinds);
        if layout.indirect {
            self.emit_extra(Op::BoxIfaceMem { dst, src }, ty.0);
        } else {
            self.emit_extra(Op::BoxIface { dst, src }, ty.0);
        }
    }

    /// The value in an interface whose dynamic type is known to be `ty`.
    pub(super) fn unbox(&mut self, iface: Reg, ty: Ty, dst: Reg) {
        let layout = self.layout(ty);
        if layout.words() == 0 {
            return;
        }
        if layout.direct || layout.indirect {
            return self.emit(Op::IfaceData { dst, iface });
        }
        let ptr = self.temp_word(WordKind::Ptr);
        self.emit(Op::IfaceData { dst: ptr, iface });
        self.load_memory(dst, ptr, 0, &layout);
    }

    /// `x.(T)`
    pub(super) fn type_assert(&mut self, x: &'t Expr, e: &'t Expr, dst: Reg) {
        let iface = self.expr_volatile(x);
        self.loc = e.loc;
        let ty = self.type_id(e.ty);
        let from = self.type_id(x.ty);
        let to_interface = self.is_interface(e.ty);
        self.emit_extra(
            if to_interface {
                Op::AssertIface { iface }
            } else {
                Op::AssertType { iface }
            },
            ty.0,
        );
        self.emit(Op::Extra2 {
            reg: 0,
            index: from.0,
        });
        if to_interface {
            self.move_words(dst, iface, 2);
        } else {
            self.unbox(iface, e.ty, dst);
        }
    }

    /// `R[dst] := whether the interface value holds a T`
    pub(super) fn type_test(&mut self, iface: Reg, ty: Ty, dst: Reg) {
        let id = self.type_id(ty);
        let op = if self.is_interface(ty) {
            Op::Implements { dst, iface }
        } else {
            Op::IsType { dst, iface }
        };
        self.emit_extra(op, id.0);
    }

    /// `v, ok = x.(T)`: the value (zero unless ok) in `dst`.
    pub(super) fn type_assert_ok(&mut self, iface: Reg, ty: Ty, dst: Reg, ok: Reg) {
        let absent = self.label();
        let end = self.label();
        self.type_test(iface, ty, ok);
        self.bool_jump(ok, false, absent);
        if self.is_interface(ty) {
            self.move_words(dst, iface, 2);
        } else {
            self.unbox(iface, ty, dst);
        }
        self.jump(end);
        self.bind(absent);
        self.zero_to(ty, dst);
        self.bind(end);
    }

    /// Stores a value of type `from` in a place of type `to`.
    pub(super) fn store_converted(&mut self, place: Place, to: Ty, src: Reg, from: Ty) {
        if self.keeps_words(from, to) {
            return self.store(place, to, src);
        }
        let kinds = self.layout(to).kinds.clone();
        let converted = self.temp(&kinds);
        self.convert_register(src, from, to, converted);
        self.store(place, to, converted);
    }
}

/// Whether every canonical word of `from` is the canonical word of the same number in `to`.
fn widens(from: Number, to: Number) -> bool {
    match (from, to) {
        (
            Number::Int { signed, bits },
            Number::Int {
                signed: to_signed,
                bits: to_bits,
            },
        ) => {
            to_bits == 64 && (bits < 64 || signed != to_signed)
                || signed == to_signed && bits <= to_bits
                || !signed && to_signed && bits < to_bits
        }
        (Number::Float { single: true }, Number::Float { single: false })
        | (Number::Complex { single: true }, Number::Complex { single: false }) => true,
        _ => false,
    }
}
