//! Maps: between ops and `value::map`.

use super::{Ctx, OpResult, Stop};
use crate::Vm;
use crate::error::RuntimeError;
use crate::sched::chooser::Choice;
use crate::value::map::{MapError, Maps};
use crate::value::word;
use minigo_bytecode::TypeId;

#[cold]
fn stop(vm: &Vm, error: MapError) -> Box<Stop> {
    let stop = match error {
        MapError::NilMap => Stop::Error(RuntimeError::plain("assignment to entry in nil map")),
        MapError::Unhashable(what) => {
            Stop::Error(RuntimeError::new(what.hashing(&vm.program().types)))
        }
        MapError::UnhashableInEmpty(what) => {
            let name = &vm.program().types[what.ty.index()].name;
            Stop::Error(RuntimeError::plain(format!(
                "hash of unhashable type: {name}"
            )))
        }
        MapError::ConcurrentWrites => Stop::Fatal("concurrent map writes".into()),
        MapError::ConcurrentReadWrite => Stop::Fatal("concurrent map read and map write".into()),
        MapError::ConcurrentIteration => {
            Stop::Fatal("concurrent map iteration and map write".into())
        }
        MapError::OutOfMemory => Stop::Memory,
    };
    Box::new(stop)
}

/// `make(map[K]V, hint)`.
#[inline(never)]
pub(crate) fn make(cx: &mut Ctx<'_>, ty: u32, hint: i64) -> OpResult<u64> {
    let vm = cx.vm;
    vm.maps()
        .make(vm.heap(), vm.local_heap(cx.m), TypeId(ty), hint.max(0))
        .ok_or_else(|| stop(vm, MapError::OutOfMemory))
}

/// The address of the value words, null if there is no such key.
///
/// # Safety
/// `map` is nil or a map, `key` its key's register words.
#[inline(always)]
pub(crate) unsafe fn get(cx: &mut Ctx<'_>, map: u64, key: *const u64) -> OpResult<*const u64> {
    // SAFETY: by the function's contract.
    match unsafe { cx.vm.maps().get(map, key) } {
        Ok(slot) => Ok(slot.unwrap_or(std::ptr::null())),
        Err(error) => Err(stop(cx.vm, error)),
    }
}

/// Copies a value's words from a slot, zeroes if there is none.
///
/// # Safety
/// `to` are `count` registers; `slot` is null or has as many words.
#[inline(always)]
pub(crate) unsafe fn read_slot(slot: *const u64, to: *mut u64, count: usize) {
    // SAFETY: by the function's contract.
    unsafe {
        if slot.is_null() {
            for i in 0..count {
                *to.add(i) = 0;
            }
        } else if count == 1 {
            *to = word::load(slot);
        } else {
            word::load_words(slot, to, count);
        }
    }
}

/// The address of the value words of a key that is inserted with a zero value if it is missing.
///
/// # Safety
/// As for [`get`].
#[inline(always)]
pub(crate) unsafe fn slot(cx: &mut Ctx<'_>, map: u64, key: *const u64) -> OpResult<*mut u64> {
    let vm = cx.vm;
    // SAFETY: by the function's contract.
    unsafe { vm.maps().slot(vm.heap(), vm.local_heap(cx.m), map, key) }.map_err(|e| stop(vm, e))
}

/// `map[key] = val`.
///
/// # Safety
/// As for [`get`]; `val` are the value's register words.
#[inline(never)]
pub(crate) unsafe fn set(
    cx: &mut Ctx<'_>,
    map: u64,
    key: *const u64,
    val: *const u64,
) -> OpResult<()> {
    // SAFETY: by the function's contract; the slot has as many words as the value.
    unsafe {
        let at = slot(cx, map, key)?;
        word::store_words(val, at, cx.vm.maps().value_words(map));
    }
    Ok(())
}

/// `delete(map, key)`.
///
/// # Safety
/// As for [`get`].
#[inline(never)]
pub(crate) unsafe fn delete(cx: &mut Ctx<'_>, map: u64, key: *const u64) -> OpResult<()> {
    // SAFETY: by the function's contract.
    unsafe { cx.vm.maps().delete(map, key) }.map_err(|e| stop(cx.vm, e))
}

/// `len(map)`.
pub(crate) fn len(map: u64) -> u64 {
    // SAFETY: the word is nil or a map.
    unsafe { Maps::len(map) }
}

/// `clear(map)`.
#[inline(never)]
pub(crate) fn clear(cx: &mut Ctx<'_>, map: u64) -> OpResult<()> {
    // SAFETY: the word is nil or a map.
    unsafe { Maps::clear(map) }.map_err(|e| stop(cx.vm, e))
}

/// An iterator over a map; its first entry is the chooser's choice.
#[inline(never)]
pub(crate) fn iter(cx: &mut Ctx<'_>, map: u64) -> OpResult<u64> {
    let vm = cx.vm;
    let random = cx.m.chooser().bits(Choice::Map);
    // SAFETY: the word is nil or a map.
    let iterator = unsafe {
        vm.maps()
            .iterate(vm.heap(), vm.local_heap(cx.m), map, random)
    };
    iterator.ok_or_else(|| stop(vm, MapError::OutOfMemory))
}

/// Advances an iterator; false at the end.
///
/// # Safety
/// `iter` is an iterator.
#[inline(never)]
pub(crate) unsafe fn next(cx: &mut Ctx<'_>, iter: u64) -> OpResult<bool> {
    // SAFETY: by the function's contract.
    unsafe { cx.vm.maps().next(iter) }.map_err(|e| stop(cx.vm, e))
}

/// Copies the current key's words.
///
/// # Safety
/// `iter` is an iterator on an entry, `to` registers for its key.
#[inline(never)]
pub(crate) unsafe fn key(vm: &Vm, iter: u64, to: *mut u64) {
    // SAFETY: by the function's contract.
    unsafe { word::load_words(Maps::key(iter), to, vm.maps().widths(iter).0) };
}

/// Copies the current value's words.
///
/// # Safety
/// As for [`key`].
#[inline(never)]
pub(crate) unsafe fn value(vm: &Vm, iter: u64, to: *mut u64) {
    // SAFETY: by the function's contract.
    unsafe { word::load_words(Maps::value(iter), to, vm.maps().widths(iter).1) };
}
