//! Interfaces: boxing, comparison, type assertions.

use super::{Ctx, OpResult};
use crate::Vm;
use crate::error::RuntimeError;
use crate::reflect::Iface;
use crate::value::{equal as compare, word};
use minigo_bytecode::{Op, Reg, TypeId};

/// The interface in a register pair.
///
/// # Safety
/// `base` is the base of a frame that has these registers.
#[inline(always)]
pub(crate) unsafe fn at(base: *mut u64, reg: Reg) -> Iface {
    // SAFETY: by the function's contract.
    unsafe {
        Iface {
            ty: TypeId(*base.add(reg.index()) as u32),
            data: *base.add(reg.index() + 1),
        }
    }
}

/// `a == b`.
#[inline(never)]
pub(crate) fn equal(vm: &Vm, a: Iface, b: Iface) -> OpResult<bool> {
    if a.ty != b.ty {
        return Ok(false);
    }
    if a.is_nil() {
        return Ok(true);
    }
    let types = &vm.program().types;
    // SAFETY: both are live values of this type.
    unsafe {
        compare::equal_interface(
            types,
            (u64::from(a.ty.0), a.data),
            (u64::from(b.ty.0), b.data),
        )
    }
    .map_err(|e| RuntimeError::new(e.comparing(types)).into())
}

/// Whether two values of type `ty` in memory are equal; nil addresses are nil dereferences.
#[inline(never)]
pub(crate) fn equal_memory(vm: &Vm, ty: u32, a: u64, b: u64) -> OpResult<bool> {
    if a == 0 || b == 0 {
        return Err(RuntimeError::nil_dereference().into());
    }
    let types = &vm.program().types;
    // SAFETY: both are addresses of live values of this type.
    unsafe { compare::equal_memory(types, TypeId(ty), a as *const u64, b as *const u64) }
        .map_err(|e| RuntimeError::new(e.comparing(types)).into())
}

/// A heap copy of a flat value in registers: the data word of its interface.
///
/// # Safety
/// `words` are the registers of a value of flat type `ty`.
#[inline(never)]
pub(crate) unsafe fn box_words(cx: &mut Ctx<'_>, ty: u32, words: *const u64) -> u64 {
    let info = &cx.vm.program().types[ty as usize];
    let object = cx.vm.alloc_or_die(cx.m, info.shape, info.size as usize);
    // SAFETY: the object has room for the value's words; for flat types memory layout is the register words.
    unsafe { word::store_words(words, object, info.words.len()) };
    object as u64
}

/// A heap copy of an indirect value.
///
/// # Safety
/// `from` is the address of a live value of type `ty`.
#[inline(never)]
pub(crate) unsafe fn box_memory(cx: &mut Ctx<'_>, ty: u32, from: *const u64) -> u64 {
    let info = &cx.vm.program().types[ty as usize];
    let object = cx.vm.alloc_or_die(cx.m, info.shape, info.size as usize);
    // SAFETY: both are memory of a value of this type.
    unsafe { word::copy_mem(object, from, info.size as usize) };
    object as u64
}

/// Whether the dynamic type `ty` (0: nil) implements the interface type `target`.
#[inline(never)]
pub(crate) fn implements(vm: &Vm, ty: u32, target: u32) -> bool {
    ty != 0 && vm.image().implements(TypeId(ty), TypeId(target)).is_ok()
}

/// The error of the failed AssertType or AssertIface at `pc` for an operand of dynamic type `have`.
#[inline(never)]
pub(crate) fn assertion_error(vm: &Vm, pc: *const Op, have: u32) -> RuntimeError {
    // SAFETY: the verifier proved that both Extras follow the op.
    let (op, want, from) = unsafe { (*pc, *pc.add(1), *pc.add(2)) };
    let (Op::Extra { index: want, .. }, Op::Extra2 { index: from, .. }) = (want, from) else {
        panic!("internal error: an assertion without its types");
    };
    let name = |ty: u32| vm.program().types[ty as usize].name.as_str();
    let text = match (have, op) {
        (0, Op::AssertIface { .. }) => {
            format!("interface conversion: interface is nil, not {}", name(want))
        }
        (0, _) => format!(
            "interface conversion: {} is nil, not {}",
            interface_name(name(from)),
            name(want)
        ),
        (_, Op::AssertIface { .. }) => {
            let missing = vm
                .image()
                .implements(TypeId(have), TypeId(want))
                .err()
                .unwrap_or("");
            format!(
                "interface conversion: {} is not {}: missing method {missing}",
                name(have),
                name(want)
            )
        }
        _ => {
            let same = if name(have) == name(want) {
                " (types from different scopes)"
            } else {
                ""
            };
            format!(
                "interface conversion: {} is {}, not {}{same}",
                interface_name(name(from)),
                name(have),
                name(want)
            )
        }
    };
    RuntimeError::type_assertion(text)
}

fn interface_name(name: &str) -> &str {
    if name == "any" { "interface {}" } else { name }
}
