//! THE instruction set. Every instruction is declared once, with its meaning as an equation;
//! the enum, its operands' roles (for the verifier, the disassembler and a later native tier) and the
//! mnemonics follow from the declaration.
//!
//! An op is 8 bytes: the opcode, up to three 16-bit operands (or one and a 32-bit one) and a spare
//! byte. A few ops need more and are followed by an [`Op::Extra`] (one that is never executed itself).
//!
//! Operand roles in a declaration: `use K` reads, `def K` writes, where K is `int`, `float`, `ptr`,
//! `word` (one word of any kind, all `word`s of an op of the same kind), `scalar` (int or float),
//! `str`, `slice` (two registers, ptr int), `iface` (two registers, type data), `pair` (any two-word value)
//! or `words` (as many registers as another operand says, of any kind). `imm` is a number, `jump` a
//! distance in ops relative to the op itself, and the rest are indices into tables of the program.

use crate::program::{ConstId, FuncId, NativeId, SelectorId, StringId, TypeId};

/// A register of the current function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Reg(pub u16);

impl Reg {
    /// The index as a `usize`.
    #[inline(always)]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The register `n` further.
    #[inline(always)]
    pub fn plus(self, n: usize) -> Reg {
        Reg(self.0 + n as u16)
    }
}

/// What a register operand must hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OperandKind {
    Int,
    Float,
    Ptr,
    Word,
    Scalar,
    Str,
    Slice,
    Iface,
    Pair,
    Words,
}

/// One operand of an op, as declared.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Operand {
    /// Registers read.
    Use(Reg, OperandKind),
    /// Registers written.
    Def(Reg, OperandKind),
    /// A number.
    Imm(i64),
    /// A distance in ops, relative to this op.
    Jump(i32),
    Const(ConstId),
    String(StringId),
    Func(FuncId),
    Native(NativeId),
    Type(TypeId),
    Selector(SelectorId),
}

macro_rules! operand {
    (use int, $v:expr) => {
        Operand::Use($v, OperandKind::Int)
    };
    (use float, $v:expr) => {
        Operand::Use($v, OperandKind::Float)
    };
    (use ptr, $v:expr) => {
        Operand::Use($v, OperandKind::Ptr)
    };
    (use word, $v:expr) => {
        Operand::Use($v, OperandKind::Word)
    };
    (use scalar, $v:expr) => {
        Operand::Use($v, OperandKind::Scalar)
    };
    (use str, $v:expr) => {
        Operand::Use($v, OperandKind::Str)
    };
    (use slice, $v:expr) => {
        Operand::Use($v, OperandKind::Slice)
    };
    (use iface, $v:expr) => {
        Operand::Use($v, OperandKind::Iface)
    };
    (use pair, $v:expr) => {
        Operand::Use($v, OperandKind::Pair)
    };
    (use words, $v:expr) => {
        Operand::Use($v, OperandKind::Words)
    };
    (def int, $v:expr) => {
        Operand::Def($v, OperandKind::Int)
    };
    (def float, $v:expr) => {
        Operand::Def($v, OperandKind::Float)
    };
    (def ptr, $v:expr) => {
        Operand::Def($v, OperandKind::Ptr)
    };
    (def word, $v:expr) => {
        Operand::Def($v, OperandKind::Word)
    };
    (def scalar, $v:expr) => {
        Operand::Def($v, OperandKind::Scalar)
    };
    (def str, $v:expr) => {
        Operand::Def($v, OperandKind::Str)
    };
    (def slice, $v:expr) => {
        Operand::Def($v, OperandKind::Slice)
    };
    (def iface, $v:expr) => {
        Operand::Def($v, OperandKind::Iface)
    };
    (def pair, $v:expr) => {
        Operand::Def($v, OperandKind::Pair)
    };
    (def words, $v:expr) => {
        Operand::Def($v, OperandKind::Words)
    };
    (imm u8, $v:expr) => {
        Operand::Imm($v as i64)
    };
    (imm u16, $v:expr) => {
        Operand::Imm($v as i64)
    };
    (imm i16, $v:expr) => {
        Operand::Imm($v as i64)
    };
    (imm i32, $v:expr) => {
        Operand::Imm($v as i64)
    };
    (imm u32, $v:expr) => {
        Operand::Imm($v as i64)
    };
    (jump i16, $v:expr) => {
        Operand::Jump($v as i32)
    };
    (jump i32, $v:expr) => {
        Operand::Jump($v)
    };
    (index ConstId, $v:expr) => {
        Operand::Const($v)
    };
    (index StringId, $v:expr) => {
        Operand::String($v)
    };
    (index FuncId, $v:expr) => {
        Operand::Func($v)
    };
    (index NativeId, $v:expr) => {
        Operand::Native($v)
    };
    (index TypeId, $v:expr) => {
        Operand::Type($v)
    };
    (index SelectorId, $v:expr) => {
        Operand::Selector($v)
    };
}

macro_rules! operand_type {
    (use $k:ident) => {
        Reg
    };
    (def $k:ident) => {
        Reg
    };
    (imm $k:ident) => {
        $k
    };
    (jump $k:ident) => {
        $k
    };
    (index $k:ident) => {
        $k
    };
}

macro_rules! visit {
    (use $kind:ident, $v:expr, $visit:expr) => {
        $visit($v)
    };
    (def $kind:ident, $v:expr, $visit:expr) => {
        $visit($v)
    };
    ($role:ident $kind:ident, $v:expr, $visit:expr) => {
        let _ = $v;
    };
}

macro_rules! ops {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $role:ident $kind:ident),* })*) => {
        /// An instruction.
        #[derive(Clone, Copy, PartialEq, Debug)]
        #[repr(u8)]
        pub enum Op {
            $($(#[$doc])* $name { $($field: operand_type!($role $kind)),* },)*
        }

        impl Op {
            /// The op's name.
            pub fn mnemonic(&self) -> &'static str {
                match self { $(Op::$name { .. } => stringify!($name),)* }
            }

            /// All mnemonics, in order.
            pub const MNEMONICS: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Calls `visit` with the name and the role of each operand in declaration order.
            pub fn for_each_operand(&self, mut visit: impl FnMut(&'static str, Operand)) {
                match *self { $(Op::$name { $($field),* } => { $(visit(stringify!($field), operand!($role $kind, $field));)* let _ = &mut visit; })* }
            }

            /// Calls `visit` with the name and the role of each operand in declaration order until it fails.
            pub fn try_each_operand<E>(&self, mut visit: impl FnMut(&'static str, Operand) -> Result<(), E>) -> Result<(), E> {
                match *self { $(Op::$name { $($field),* } => { $(visit(stringify!($field), operand!($role $kind, $field))?;)* let _ = &mut visit; })* }
                Ok(())
            }

            /// Lets `visit` replace each register operand (the first one of a range).
            pub fn for_each_register(&mut self, mut visit: impl FnMut(&mut Reg)) {
                match self { $(Op::$name { $($field),* } => { $(visit!($role $kind, $field, visit);)* let _ = &mut visit; })* }
            }
        }
    };
}

ops! {
    // ---- moves and constants -------------------------------------------------------------
    /// `R[dst] := R[src]`
    Move { dst: def word, src: use word }
    /// `R[dst..dst+2] := R[src..src+2]`
    Move2 { dst: def pair, src: use pair }
    /// `R[dst..dst+count] := R[src..src+count]`, as if all were read first
    MoveN { dst: def words, src: use words, count: imm u16 }
    /// `R[dst..dst+count] := 0`
    Zero { dst: def words, count: imm u16 }
    /// `R[dst] := imm`
    ConstInt { dst: def int, imm: imm i32 }
    /// `R[dst] := words[k]`, an integer
    ConstWord { dst: def int, k: index ConstId }
    /// `R[dst] := words[k]`, the bits of a float
    ConstFloat { dst: def float, k: index ConstId }
    /// `R[dst..dst+2] := strings[k]`
    ConstString { dst: def str, k: index StringId }
    /// `R[dst] := the static closure object of func`
    ConstFunc { dst: def ptr, func: index FuncId }

    // ---- integers ------------------------------------------------------------------------
    /// `R[dst] := R[lhs] + R[rhs]` (wraps)
    AddInt { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] - R[rhs]` (wraps)
    SubInt { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] * R[rhs]` (wraps)
    MulInt { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] / R[rhs]` signed, truncated; panics when R[rhs] = 0
    DivInt { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] % R[rhs]` signed; panics when R[rhs] = 0
    RemInt { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] / R[rhs]` unsigned; panics when R[rhs] = 0
    DivUint { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] % R[rhs]` unsigned; panics when R[rhs] = 0
    RemUint { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] & R[rhs]`
    And { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] | R[rhs]`
    Or { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] ^ R[rhs]`
    Xor { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] &^ R[rhs]`
    AndNot { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] << R[rhs]`, the count unsigned, 0 when it is 64 or more
    Shl { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] >> R[rhs]` arithmetic, the count unsigned, saturating at 63
    ShrInt { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] >> R[rhs]` logical, the count unsigned, 0 when it is 64 or more
    ShrUint { dst: def int, lhs: use int, rhs: use int }
    /// panics with `negative shift amount` when `R[src] < 0`
    CheckShift { src: use int }
    /// `R[dst] := -R[src]` (wraps)
    NegInt { dst: def int, src: use int }
    /// `R[dst] := ^R[src]`
    NotInt { dst: def int, src: use int }
    /// `R[dst] := R[lhs] + imm`
    AddIntImm { dst: def int, lhs: use int, imm: imm i16 }
    /// `R[dst] := R[lhs] * imm`
    MulIntImm { dst: def int, lhs: use int, imm: imm i16 }
    /// `R[dst] := R[lhs] / imm` signed, imm ≠ 0
    DivIntImm { dst: def int, lhs: use int, imm: imm i16 }
    /// `R[dst] := R[lhs] % imm` signed, imm ≠ 0
    RemIntImm { dst: def int, lhs: use int, imm: imm i16 }
    /// `R[dst] := R[lhs] / 2^shift` signed, truncated, 0 < shift < 63
    DivIntPow2 { dst: def int, lhs: use int, shift: imm i16 }
    /// `R[dst] := R[lhs] % 2^shift` signed, 0 < shift < 63
    RemIntPow2 { dst: def int, lhs: use int, shift: imm i16 }
    /// `R[dst] := R[lhs] & imm` (imm sign-extended)
    AndImm { dst: def int, lhs: use int, imm: imm i16 }
    /// `R[dst] := R[lhs] << imm`, 0 ≤ imm < 64
    ShlImm { dst: def int, lhs: use int, imm: imm i16 }
    /// `R[dst] := R[lhs] >> imm` arithmetic, 0 ≤ imm < 64
    ShrIntImm { dst: def int, lhs: use int, imm: imm i16 }
    /// `R[dst] := R[lhs] >> imm` logical, 0 ≤ imm < 64
    ShrUintImm { dst: def int, lhs: use int, imm: imm i16 }
    /// `R[dst] := the low 8 bits of R[src], sign-extended`
    Sext8 { dst: def int, src: use int }
    /// `R[dst] := the low 16 bits of R[src], sign-extended`
    Sext16 { dst: def int, src: use int }
    /// `R[dst] := the low 32 bits of R[src], sign-extended`
    Sext32 { dst: def int, src: use int }
    /// `R[dst] := the low 8 bits of R[src], zero-extended`
    Zext8 { dst: def int, src: use int }
    /// `R[dst] := the low 16 bits of R[src], zero-extended`
    Zext16 { dst: def int, src: use int }
    /// `R[dst] := the low 32 bits of R[src], zero-extended`
    Zext32 { dst: def int, src: use int }

    // ---- floats --------------------------------------------------------------------------
    /// `R[dst] := R[lhs] + R[rhs]`
    AddFloat { dst: def float, lhs: use float, rhs: use float }
    /// `R[dst] := R[lhs] - R[rhs]`
    SubFloat { dst: def float, lhs: use float, rhs: use float }
    /// `R[dst] := R[lhs] * R[rhs]`
    MulFloat { dst: def float, lhs: use float, rhs: use float }
    /// `R[dst] := R[lhs] / R[rhs]`
    DivFloat { dst: def float, lhs: use float, rhs: use float }
    /// `R[dst] := R[Extra.reg] + R[lhs] * R[rhs]`, rounded twice
    MulAddFloat { dst: def float, lhs: use float, rhs: use float }
    /// `R[dst] := R[Extra.reg] - R[lhs] * R[rhs]`, rounded twice
    MulSubFloat { dst: def float, lhs: use float, rhs: use float }
    /// `R[dst] := -R[src]`
    NegFloat { dst: def float, src: use float }
    /// `R[dst] := sqrt(R[src])`
    SqrtFloat { dst: def float, src: use float }
    /// `R[dst] := R[src] rounded to float32`
    RoundFloat32 { dst: def float, src: use float }
    /// complex division as Go defines it: `R[dst..+2] := R[lhs..+2] / R[rhs..+2]`
    DivComplex { dst: def words, lhs: use words, rhs: use words }
    /// `R[dst] := float64(R[src])`, signed
    IntToFloat { dst: def float, src: use int }
    /// `R[dst] := float64(R[src])`, unsigned
    UintToFloat { dst: def float, src: use int }
    /// `R[dst] := float32(R[src])`, signed, rounded once
    IntToFloat32 { dst: def float, src: use int }
    /// `R[dst] := float32(R[src])`, unsigned, rounded once
    UintToFloat32 { dst: def float, src: use int }
    /// `R[dst] := int64(R[src])` truncated, as amd64 does when out of range
    FloatToInt { dst: def int, src: use float }
    /// `R[dst] := uint64(R[src])` truncated, as amd64 Go does when out of range
    FloatToUint { dst: def int, src: use float }
    /// `R[dst] := the bits of R[src]`
    FloatBits { dst: def int, src: use float }
    /// `R[dst] := the float with the bits R[src]`
    FloatFromBits { dst: def float, src: use int }

    // ---- comparisons to bool -------------------------------------------------------------
    /// `R[dst] := R[lhs] == R[rhs]`
    EqInt { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] != R[rhs]`
    NeInt { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] < R[rhs]` signed
    LtInt { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] <= R[rhs]` signed
    LeInt { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] < R[rhs]` unsigned
    LtUint { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] <= R[rhs]` unsigned
    LeUint { dst: def int, lhs: use int, rhs: use int }
    /// `R[dst] := R[lhs] == R[rhs]`
    EqFloat { dst: def int, lhs: use float, rhs: use float }
    /// `R[dst] := R[lhs] != R[rhs]`
    NeFloat { dst: def int, lhs: use float, rhs: use float }
    /// `R[dst] := R[lhs] < R[rhs]`
    LtFloat { dst: def int, lhs: use float, rhs: use float }
    /// `R[dst] := R[lhs] <= R[rhs]`
    LeFloat { dst: def int, lhs: use float, rhs: use float }
    /// `R[dst] := R[lhs] == R[rhs]`, addresses
    EqPtr { dst: def int, lhs: use ptr, rhs: use ptr }
    /// `R[dst] := R[lhs] != R[rhs]`, addresses
    NePtr { dst: def int, lhs: use ptr, rhs: use ptr }
    /// `R[dst] := R[lhs..+2] == R[rhs..+2]`, strings
    EqStr { dst: def int, lhs: use str, rhs: use str }
    /// `R[dst] := R[lhs..+2] < R[rhs..+2]`, strings, bytewise
    LtStr { dst: def int, lhs: use str, rhs: use str }
    /// `R[dst] := R[lhs..+2] <= R[rhs..+2]`, strings, bytewise
    LeStr { dst: def int, lhs: use str, rhs: use str }
    /// `R[dst] := R[lhs..+2] == R[rhs..+2]`, interfaces; panics for uncomparable dynamic types
    EqIface { dst: def int, lhs: use iface, rhs: use iface }
    /// `R[dst] := the memory at R[lhs] == that at R[rhs]`, values of type Extra.index; may panic as EqIface
    EqMem { dst: def int, lhs: use ptr, rhs: use ptr }
    /// `R[dst] := !R[src]`
    Not { dst: def int, src: use int }

    // ---- jumps ---------------------------------------------------------------------------
    /// `pc += to`, forward only
    Jump { to: jump i32 }
    /// `if R[cond] { pc += to }`, forward only, as all Jump…
    JumpIf { cond: use int, to: jump i32 }
    /// `if !R[cond] { pc += to }`
    JumpIfNot { cond: use int, to: jump i32 }
    /// `if R[ptr] == nil { pc += to }`
    JumpNil { ptr: use ptr, to: jump i32 }
    /// `if R[ptr] != nil { pc += to }`
    JumpNotNil { ptr: use ptr, to: jump i32 }
    /// `if R[lhs] == R[rhs] { pc += to }`
    JumpEqInt { lhs: use int, rhs: use int, to: jump i16 }
    /// `if R[lhs] != R[rhs] { pc += to }`
    JumpNeInt { lhs: use int, rhs: use int, to: jump i16 }
    /// `if R[lhs] < R[rhs] { pc += to }` signed
    JumpLtInt { lhs: use int, rhs: use int, to: jump i16 }
    /// `if R[lhs] <= R[rhs] { pc += to }` signed
    JumpLeInt { lhs: use int, rhs: use int, to: jump i16 }
    /// `if R[lhs] < R[rhs] { pc += to }` unsigned
    JumpLtUint { lhs: use int, rhs: use int, to: jump i16 }
    /// `if R[lhs] <= R[rhs] { pc += to }` unsigned
    JumpLeUint { lhs: use int, rhs: use int, to: jump i16 }
    /// `if R[lhs] == imm { pc += to }`
    JumpEqIntImm { lhs: use int, imm: imm i16, to: jump i16 }
    /// `if R[lhs] != imm { pc += to }`
    JumpNeIntImm { lhs: use int, imm: imm i16, to: jump i16 }
    /// `if R[lhs] < imm { pc += to }` signed
    JumpLtIntImm { lhs: use int, imm: imm i16, to: jump i16 }
    /// `if R[lhs] <= imm { pc += to }` signed
    JumpLeIntImm { lhs: use int, imm: imm i16, to: jump i16 }
    /// `if R[lhs] > imm { pc += to }` signed
    JumpGtIntImm { lhs: use int, imm: imm i16, to: jump i16 }
    /// `if R[lhs] >= imm { pc += to }` signed
    JumpGeIntImm { lhs: use int, imm: imm i16, to: jump i16 }
    /// `if R[lhs] & mask == 0 { pc += to }` (mask sign-extended)
    JumpNoBits { lhs: use int, mask: imm i16, to: jump i16 }
    /// `if R[lhs] & mask != 0 { pc += to }` (mask sign-extended)
    JumpAnyBits { lhs: use int, mask: imm i16, to: jump i16 }
    /// `if R[lhs] == R[rhs] { pc += to }`
    JumpEqFloat { lhs: use float, rhs: use float, to: jump i16 }
    /// `if R[lhs] != R[rhs] { pc += to }`
    JumpNeFloat { lhs: use float, rhs: use float, to: jump i16 }
    /// `if R[lhs] < R[rhs] { pc += to }`
    JumpLtFloat { lhs: use float, rhs: use float, to: jump i16 }
    /// `if !(R[lhs] < R[rhs]) { pc += to }`
    JumpNotLtFloat { lhs: use float, rhs: use float, to: jump i16 }
    /// `if R[lhs] <= R[rhs] { pc += to }`
    JumpLeFloat { lhs: use float, rhs: use float, to: jump i16 }
    /// `if !(R[lhs] <= R[rhs]) { pc += to }`
    JumpNotLeFloat { lhs: use float, rhs: use float, to: jump i16 }
    /// `pc += the word at index R[src] - Extra.index of the jump table that follows`: the Extra is followed by `count` ops
    /// `Jump`; out of range goes on behind them
    Switch { src: use int, count: imm u16 }

    // ---- back-edges: safepoints ----------------------------------------------------------
    /// `pc += to`, backward, a safepoint, as all Loop…
    Loop { to: jump i32 }
    /// `if R[cond] { pc += to }`
    LoopIf { cond: use int, to: jump i32 }
    /// `if !R[cond] { pc += to }`
    LoopIfNot { cond: use int, to: jump i32 }
    /// `if R[lhs] != R[rhs] { pc += to }`
    LoopNeInt { lhs: use int, rhs: use int, to: jump i16 }
    /// `if R[lhs] < R[rhs] { pc += to }` signed
    LoopLtInt { lhs: use int, rhs: use int, to: jump i16 }
    /// `if R[lhs] <= R[rhs] { pc += to }` signed
    LoopLeInt { lhs: use int, rhs: use int, to: jump i16 }
    /// `if R[lhs] != imm { pc += to }`
    LoopNeIntImm { lhs: use int, imm: imm i16, to: jump i16 }
    /// `if R[lhs] < imm { pc += to }` signed
    LoopLtIntImm { lhs: use int, imm: imm i16, to: jump i16 }
    /// `if R[lhs] <= imm { pc += to }` signed
    LoopLeIntImm { lhs: use int, imm: imm i16, to: jump i16 }
    /// `if R[lhs] > imm { pc += to }` signed
    LoopGtIntImm { lhs: use int, imm: imm i16, to: jump i16 }
    /// `if R[lhs] >= imm { pc += to }` signed
    LoopGeIntImm { lhs: use int, imm: imm i16, to: jump i16 }
    /// `if R[lhs] < R[rhs] { pc += to }`
    LoopLtFloat { lhs: use float, rhs: use float, to: jump i16 }
    /// `if R[lhs] <= R[rhs] { pc += to }`
    LoopLeFloat { lhs: use float, rhs: use float, to: jump i16 }
    /// `R[i] += 1; if R[i] < R[limit] { pc += to }` signed (`i` is also read)
    LoopIncLtInt { i: def int, limit: use int, to: jump i16 }

    // ---- memory --------------------------------------------------------------------------
    /// `R[dst] := a zeroed object of type ty` (memory layout)
    New { dst: def ptr, ty: index TypeId }
    /// panics when `R[ptr]` is nil
    NilCheck { ptr: use ptr }
    /// `R[dst] := R[ptr] + 8·off`; panics when R[ptr] is nil
    FieldAddr { dst: def ptr, ptr: use ptr, off: imm u16 }
    /// `R[dst] := mem[R[ptr] + 8·off]`, an int or float word; panics when R[ptr] is nil, as all Load…/Store…
    Load { dst: def scalar, ptr: use ptr, off: imm u16 }
    /// `R[dst] := mem[R[ptr] + 8·off]`, a pointer
    LoadPtr { dst: def ptr, ptr: use ptr, off: imm u16 }
    /// `R[dst..+2] := mem[R[ptr] + 8·off]`, one 16-byte access
    Load2 { dst: def pair, ptr: use ptr, off: imm u16 }
    /// `R[dst..+count] := mem[R[ptr] + 8·off]`
    LoadN { count: imm u8, dst: def words, ptr: use ptr, off: imm u16 }
    /// `mem[R[ptr] + 8·off] := R[src]`
    Store { ptr: use ptr, off: imm u16, src: use scalar }
    /// `mem[R[ptr] + 8·off] := R[src]`, a pointer
    StorePtr { ptr: use ptr, off: imm u16, src: use ptr }
    /// `mem[R[ptr] + 8·off] := R[src..+2]`, one 16-byte access
    Store2 { ptr: use ptr, off: imm u16, src: use pair }
    /// `mem[R[ptr] + 8·off] := R[src..+count]`
    StoreN { count: imm u8, ptr: use ptr, off: imm u16, src: use words }
    /// copies `types[Extra.index].size` bytes from R[src] to R[dst]; panics when either is nil
    CopyMem { dst: use ptr, src: use ptr }
    /// zeroes the memory of a value of type `ty` at R[ptr]
    ZeroMem { ptr: use ptr, ty: index TypeId }
    /// `R[dst] := globals[off]`, an int or float word
    LoadGlobal { dst: def scalar, off: imm u32 }
    /// `R[dst] := globals[off]`, a pointer
    LoadGlobalPtr { dst: def ptr, off: imm u32 }
    /// `R[dst..+2] := globals[off..+2]`
    LoadGlobal2 { dst: def pair, off: imm u32 }
    /// `globals[off] := R[src]`
    StoreGlobal { src: use scalar, off: imm u32 }
    /// `globals[off] := R[src]`, a pointer
    StoreGlobalPtr { src: use ptr, off: imm u32 }
    /// `globals[off..+2] := R[src..+2]`
    StoreGlobal2 { src: use pair, off: imm u32 }
    /// `R[dst] := the address of globals[off]`
    GlobalAddr { dst: def ptr, off: imm u32 }

    // ---- slices and arrays ---------------------------------------------------------------
    // An array in memory is indexed through a slice view of it: (address, len | len << 32).
    /// `R[dst..+2] := (R[ptr], Extra.index as len and cap)`; panics when R[ptr] is nil and the length is not 0
    ArrayView { dst: def slice, ptr: use ptr }
    /// `R[dst] := len(R[slice])`
    SliceLen { dst: def int, slice: use slice }
    /// `R[dst] := cap(R[slice])`
    SliceCap { dst: def int, slice: use slice }
    /// `R[dst] := R[slice][R[index]]`; panics when out of range, as all Index…/SetIndex…
    IndexU8 { dst: def int, slice: use slice, index: use int }
    /// the same, int8
    IndexI8 { dst: def int, slice: use slice, index: use int }
    /// the same, uint16
    IndexU16 { dst: def int, slice: use slice, index: use int }
    /// the same, int16
    IndexI16 { dst: def int, slice: use slice, index: use int }
    /// the same, uint32
    IndexU32 { dst: def int, slice: use slice, index: use int }
    /// the same, int32
    IndexI32 { dst: def int, slice: use slice, index: use int }
    /// the same, float32
    IndexF32 { dst: def float, slice: use slice, index: use int }
    /// the same, one int or float word
    Index { dst: def scalar, slice: use slice, index: use int }
    /// the same, one pointer
    IndexPtr { dst: def ptr, slice: use slice, index: use int }
    /// the same, a 16-byte value
    Index2 { dst: def pair, slice: use slice, index: use int }
    /// the same, `count` words
    IndexN { count: imm u8, dst: def words, slice: use slice, index: use int }
    /// `R[slice][R[index]] := R[src]`, the low 8 bits
    SetIndex8 { slice: use slice, index: use int, src: use int }
    /// the same, 16 bits
    SetIndex16 { slice: use slice, index: use int, src: use int }
    /// the same, 32 bits
    SetIndex32 { slice: use slice, index: use int, src: use int }
    /// the same, a float32
    SetIndexF32 { slice: use slice, index: use int, src: use float }
    /// the same, one int or float word
    SetIndex { slice: use slice, index: use int, src: use scalar }
    /// the same, one pointer
    SetIndexPtr { slice: use slice, index: use int, src: use ptr }
    /// the same, a 16-byte value
    SetIndex2 { slice: use slice, index: use int, src: use pair }
    /// the same, `count` words
    SetIndexN { count: imm u8, slice: use slice, index: use int, src: use words }
    /// `R[dst] := &R[slice][R[index]]`; the element takes Extra.index bytes
    IndexAddr { dst: def ptr, slice: use slice, index: use int }
    /// `R[dst] := R[str][R[index]]`, a byte
    IndexStr { dst: def int, str: use str, index: use int }
    /// panics with Go's index error unless `0 <= R[index] < R[len]`
    CheckIndex { index: use int, len: use int }
    /// `R[dst..+2] := R[slice][lo:hi:max]`, elements of Extra.index bytes; `bounds..+3` hold lo, hi, max, of which the
    /// bits 0, 1, 2 of `given` say which are there; bit 3 says that an array is sliced, bits 4, 5, 6 say which are of unsigned types (for the panics' messages)
    SliceSlice { given: imm u8, dst: def slice, slice: use slice, bounds: use words }
    /// `R[dst..+2] := R[str][lo:hi]`, as SliceSlice
    SliceStr { given: imm u8, dst: def str, str: use str, bounds: use words }
    /// `R[dst..+2] := make([]T, R[len], R[cap])`, T = Extra.index
    MakeSlice { dst: def slice, len: use int, cap: use int }
    /// `R[dst..+2] := append(R[slice], v1 … vcount)`; the values' register words follow one another from R[vals]; T = Extra.index
    Append { count: imm u8, dst: def slice, slice: use slice, vals: use words }
    /// `R[dst..+2] := append(R[slice], R[tail]...)`, T = Extra.index
    AppendSlice { dst: def slice, slice: use slice, tail: use slice }
    /// `R[dst..+2] := append(R[slice], R[tail]...)`, bytes of a string
    AppendStr { dst: def slice, slice: use slice, tail: use str }
    /// `R[dst] := copy(R[to], R[from])`, T = Extra.index
    Copy { dst: def int, to: use slice, from: use slice }
    /// `R[dst] := copy(R[to], R[from])`, bytes of a string
    CopyStr { dst: def int, to: use slice, from: use str }
    /// zeroes all elements of R[slice] (`clear`), T = ty
    ClearSlice { slice: use slice, ty: index TypeId }
    /// `R[dst] := the array pointer of R[slice]`; panics unless its length is at least Extra.index (nil stays nil for 0)
    SliceToArray { dst: def ptr, slice: use slice }

    // ---- strings -------------------------------------------------------------------------
    /// `R[dst..+2] := R[src..+2] + … `, `count` strings one after the other
    Concat { dst: def str, src: use words, count: imm u16 }
    /// `R[dst..+2] := string(R[src])`, a rune
    StrFromRune { dst: def str, src: use int }
    /// `R[dst..+2] := string(R[src..+2])`, bytes
    StrFromBytes { dst: def str, src: use slice }
    /// `R[dst..+2] := string(R[src..+2])`, runes
    StrFromRunes { dst: def str, src: use slice }
    /// `R[dst..+2] := []byte(R[src..+2])`
    BytesFromStr { dst: def slice, src: use str }
    /// `R[dst..+2] := []rune(R[src..+2])`
    RunesFromStr { dst: def slice, src: use str }
    /// decodes the rune at byte R[index] of R[str]: `R[dst] := rune, R[dst+1] := index of the next one`; the index must be
    /// in range (codegen compares it with the length)
    DecodeRune { dst: def words, str: use str, index: use int }

    // ---- interfaces ----------------------------------------------------------------------
    /// `R[dst..+2] := (ty, R[src])`, for direct types; ty = Extra.index
    MakeIface { dst: def iface, src: use word }
    /// `R[dst..+2] := (ty, a heap copy of the flat words R[src..])`; ty = Extra.index
    BoxIface { dst: def iface, src: use words }
    /// `R[dst..+2] := (ty, a heap copy of the memory at R[src])`, for indirect types; ty = Extra.index
    BoxIfaceMem { dst: def iface, src: use ptr }
    /// `R[dst] := type word of R[iface] == Extra.index`
    IsType { dst: def int, iface: use iface }
    /// panics unless the type word of R[iface] is `Extra.index`; static interface type for the message: Extra.extra
    AssertType { iface: use iface }
    /// `R[dst] := R[iface] is not nil and its dynamic type implements the interface type Extra.index`
    Implements { dst: def int, iface: use iface }
    /// panics unless it does; static interface type for the message: Extra.extra
    AssertIface { iface: use iface }
    /// `R[dst] := the data word of R[iface]` as a word of dst's kind (after a test of the type)
    IfaceData { dst: def word, iface: use iface }
    /// `R[dst] := R[iface] == nil`
    IfaceIsNil { dst: def int, iface: use iface }

    // ---- maps ----------------------------------------------------------------------------
    // Keys and values are in register form; `count` is the number of value words.
    /// `R[dst] := make(map, R[hint])`, type = Extra.index
    MakeMap { dst: def ptr, hint: use int }
    /// `R[dst..+count] := R[map][R[key..]]`, zero words when absent (codegen handles absent indirect values)
    MapGet { count: imm u8, dst: def words, map: use ptr, key: use words }
    /// the same, and `R[Extra.reg] := whether it was there`
    MapGetOk { count: imm u8, dst: def words, map: use ptr, key: use words }
    /// `R[map][R[key..]] := R[val..]`; panics for a nil map
    MapSet { map: use ptr, key: use words, val: use words }
    /// `R[dst] := address of the value words of R[map][R[key..]]`, inserted as zero when absent; used at once, before any
    /// other map operation; not for indirect values
    MapSlot { dst: def ptr, map: use ptr, key: use words }
    /// `delete(R[map], R[key..])`
    MapDelete { map: use ptr, key: use words }
    /// `R[dst] := len(R[map])`
    MapLen { dst: def int, map: use ptr }
    /// `clear(R[map])`
    MapClear { map: use ptr }
    /// `R[dst] := an iterator over R[map]` (nil map: an empty one)
    MapIter { dst: def ptr, map: use ptr }
    /// advances; `if there is no further entry { pc += to }`
    MapNext { iter: use ptr, to: jump i32 }
    /// `R[dst..] := the current key`
    MapKey { dst: def words, iter: use ptr }
    /// `R[dst..] := the current value`
    MapValue { dst: def words, iter: use ptr }

    // ---- channels and goroutines ---------------------------------------------------------
    /// `R[dst] := make(chan T, R[size])`, channel type = Extra.index
    MakeChan { dst: def ptr, size: use int }
    /// `R[chan] <- R[val..]`
    Send { chan: use ptr, val: use words }
    /// `R[dst..] := <-R[chan]`
    Recv { dst: def words, chan: use ptr }
    /// `R[dst..], R[ok] := <-R[chan]`
    RecvOk { dst: def words, chan: use ptr, ok: def int }
    /// `close(R[chan])`
    CloseChan { chan: use ptr }
    /// `R[dst] := len(R[chan])`
    ChanLen { dst: def int, chan: use ptr }
    /// `R[dst] := cap(R[chan])`
    ChanCap { dst: def int, chan: use ptr }
    /// chooses among the `count` SelectSend/SelectRecv that follow; `R[dst] := index of the case`, or -1 for the default case,
    /// then goes on behind them
    Select { has_default: imm u8, dst: def int, count: imm u16 }
    /// a case of Select: `R[chan] <- R[val..]`
    SelectSend { chan: use ptr, val: use words }
    /// a case of Select: `R[dst..], R[ok] = <-R[chan]`
    SelectRecv { chan: use ptr, dst: def words, ok: def int }
    /// starts a goroutine in func with the arguments in the out area
    Go { func: index FuncId }
    /// starts a goroutine in the closure R[closure] (nil: panics in the new goroutine as Go does) with `count` argument words in the out area
    GoClosure { closure: use ptr, count: imm u16 }

    // ---- calls ---------------------------------------------------------------------------
    /// calls func; arguments and results in the out area at `window`
    Call { window: imm u16, func: index FuncId }
    /// calls the closure R[closure]; panics when nil; the callee's parameter word count is in its Func
    CallClosure { closure: use ptr, window: imm u16 }
    /// calls method `selector` of R[iface] with its data word as the first argument; panics when nil
    CallIface { iface: use iface, window: imm u16, selector: index SelectorId }
    /// calls a native; arguments and results as for Call
    CallNative { window: imm u16, native: index NativeId }
    /// returns without results
    Return0 { }
    /// `R[0] := R[src]`, returns
    Return1 { src: use word }
    /// `R[0..count] := R[src..src+count]`, returns
    Return { src: use words, count: imm u16 }
    /// `R[dst] := a closure of func`; captured words are then stored with Store… at offset 1 …
    MakeClosure { dst: def ptr, func: index FuncId }
    /// pushes the parameterless closure R[closure] on the defer stack for this frame (nil panics when run)
    Defer { closure: use ptr }
    /// pushes the calls in the slice of closures that R[list] points to on the defer stack for this frame, those included
    /// that are added later
    DeferList { list: use ptr }
    /// runs this frame's deferred calls, last first; `window` is where the function's out area starts. It comes twice: deferred calls
    /// return to the second, so that the op before that one says on which line the function returns
    RunDefers { window: imm u16 }
    /// `R[dst..+2] := recover()`
    Recover { dst: def iface }
    /// `panic(R[value])`
    Panic { value: use iface }
    /// data of the op before; never executed itself
    Extra { reg: imm u16, index: imm u32 }
    /// second `Extra`, where an op needs one: `extra`
    Extra2 { reg: imm u16, index: imm u32 }
    /// a place that control never reaches (end of a function without results is not one); internal error if it does
    Unreachable { }
}

const _: () = assert!(size_of::<Op>() == 8);

impl Op {
    /// Whether the goroutine may be preempted or parked, its stack moved, or a collection run, during this op: calls,
    /// back-edges, and everything that allocates or waits. Nothing may live in the out area across such an op.
    pub fn is_safepoint(&self) -> bool {
        use Op::*;
        matches!(
            self,
            Loop { .. }
                | LoopIf { .. }
                | LoopIfNot { .. }
                | LoopNeInt { .. }
                | LoopLtInt { .. }
                | LoopLeInt { .. }
                | LoopNeIntImm { .. }
                | LoopLtIntImm { .. }
                | LoopLeIntImm { .. }
                | LoopGtIntImm { .. }
                | LoopGeIntImm { .. }
                | LoopLtFloat { .. }
                | LoopLeFloat { .. }
                | LoopIncLtInt { .. }
                | New { .. }
                | MakeSlice { .. }
                | Append { .. }
                | AppendSlice { .. }
                | AppendStr { .. }
                | Concat { .. }
                | StrFromRune { .. }
                | StrFromBytes { .. }
                | StrFromRunes { .. }
                | BytesFromStr { .. }
                | RunesFromStr { .. }
                | BoxIface { .. }
                | BoxIfaceMem { .. }
                | MakeMap { .. }
                | MapSet { .. }
                | MapSlot { .. }
                | MapDelete { .. }
                | MapClear { .. }
                | MapIter { .. }
                | MapNext { .. }
                | MakeChan { .. }
                | Send { .. }
                | Recv { .. }
                | RecvOk { .. }
                | CloseChan { .. }
                | Select { .. }
                | Go { .. }
                | GoClosure { .. }
                | Call { .. }
                | CallClosure { .. }
                | CallIface { .. }
                | CallNative { .. }
                | MakeClosure { .. }
                | Defer { .. }
                | DeferList { .. }
                | RunDefers { .. }
                | Recover { .. }
                | Panic { .. }
        )
    }

    /// Whether another goroutine may complete this op by writing its results: they must not go to the out area.
    pub fn completed_by_waker(&self) -> bool {
        matches!(
            self,
            Op::Recv { .. } | Op::RecvOk { .. } | Op::SelectRecv { .. } | Op::Select { .. }
        )
    }

    /// Whether control never goes from this op to the next one.
    pub fn is_terminator(&self) -> bool {
        use Op::*;
        matches!(
            self,
            Jump { .. }
                | Loop { .. }
                | Return0 { .. }
                | Return1 { .. }
                | Return { .. }
                | Panic { .. }
                | Unreachable { .. }
        )
    }

    /// Whether this op jumps backward (a `Loop…`).
    pub fn is_back_edge(&self) -> bool {
        use Op::*;
        matches!(
            self,
            Loop { .. }
                | LoopIf { .. }
                | LoopIfNot { .. }
                | LoopNeInt { .. }
                | LoopLtInt { .. }
                | LoopLeInt { .. }
                | LoopNeIntImm { .. }
                | LoopLtIntImm { .. }
                | LoopLeIntImm { .. }
                | LoopGtIntImm { .. }
                | LoopGeIntImm { .. }
                | LoopLtFloat { .. }
                | LoopLeFloat { .. }
                | LoopIncLtInt { .. }
        )
    }

    /// How far this op may jump, in ops; none if it only goes on.
    pub fn jump_distance(&self) -> Option<i32> {
        let mut distance = None;
        self.for_each_operand(|_, operand| {
            if let Operand::Jump(to) = operand {
                distance = Some(to);
            }
        });
        distance
    }

    /// How many of its [`Op::Extra`]s hold the index of a type, counted from the first.
    pub fn extra_types(&self) -> usize {
        use Op::*;
        match self {
            AssertType { .. } | AssertIface { .. } => 2,
            EqMem { .. }
            | CopyMem { .. }
            | MakeSlice { .. }
            | Append { .. }
            | AppendSlice { .. }
            | Copy { .. }
            | MakeIface { .. }
            | BoxIface { .. }
            | BoxIfaceMem { .. }
            | IsType { .. }
            | Implements { .. }
            | MakeMap { .. }
            | MakeChan { .. } => 1,
            _ => 0,
        }
    }

    /// Whether the [`Op::Extra`] behind this op names a register.
    pub fn has_extra_register(&self) -> bool {
        matches!(
            self,
            Op::MapGetOk { .. } | Op::MulAddFloat { .. } | Op::MulSubFloat { .. }
        )
    }

    /// How many [`Op::Extra`]s must follow this op.
    pub fn extras(&self) -> usize {
        use Op::*;
        match self {
            AssertType { .. } | AssertIface { .. } => 2,
            EqMem { .. }
            | Switch { .. }
            | CopyMem { .. }
            | ArrayView { .. }
            | IndexAddr { .. }
            | SliceSlice { .. }
            | MakeSlice { .. }
            | Append { .. }
            | AppendSlice { .. }
            | Copy { .. }
            | SliceToArray { .. }
            | MakeIface { .. }
            | BoxIface { .. }
            | BoxIfaceMem { .. }
            | IsType { .. }
            | Implements { .. }
            | MakeMap { .. }
            | MapGetOk { .. }
            | MakeChan { .. }
            | MulAddFloat { .. }
            | MulSubFloat { .. } => 1,
            _ => 0,
        }
    }
}
