//! Slices: making, growing, reslicing, copying.
//!
//! A slice is (address, len | cap << 32). A slice of capacity 0 keeps the address it was cut from, so that no address ever
//! lies behind its object.

use super::mem;
use super::{Ctx, OpResult, Stop, object};
use crate::Vm;
use crate::error::RuntimeError;
use crate::value::{slice as growth, word};
use minigo_bytecode::{ElemRepr, Reg, RuntimeType, ShapeId, TypeId};

/// Largest length and capacity: they are 32-bit numbers.
const MAX_LEN: i64 = u32::MAX as i64;

type Header = (u64, u64);

fn header(ptr: u64, len: u64, cap: u64) -> Header {
    (ptr, len | cap << 32)
}

pub(super) fn len_of(h: Header) -> u64 {
    h.1 as u32 as u64
}

fn cap_of(h: Header) -> u64 {
    h.1 >> 32
}

/// The bounds of a slice expression that are given.
pub(crate) struct Bounds {
    lo: Option<i128>,
    hi: Option<i128>,
    max: Option<i128>,
    /// An array is sliced: its length is what panics speak of.
    of_array: bool,
}

impl Bounds {
    /// Reads lo, hi, max from three registers; bits 0, 1, 2 of `given` say which count, bit 3 that an array is sliced,
    /// bits 4, 5, 6 which are of unsigned types.
    ///
    /// # Safety
    /// `base` is the base of a frame that has these registers.
    pub(crate) unsafe fn read(base: *const u64, first: Reg, given: u8) -> Bounds {
        // SAFETY: by the function's contract.
        let word = |i: usize| unsafe { *base.add(first.index() + i) };
        let get = |i: usize| {
            (given & (1 << i) != 0).then(|| match given & (1 << (4 + i)) {
                0 => i128::from(word(i) as i64),
                _ => i128::from(word(i)),
            })
        };
        Bounds {
            lo: get(0),
            hi: get(1),
            max: get(2),
            of_array: given & (1 << 3) != 0,
        }
    }

    /// What a bound that is too large is compared with.
    fn limit(&self, cap: i128) -> String {
        let what = if self.of_array { "length" } else { "capacity" };
        format!("with {what} {cap}")
    }
}

fn bounds_error(text: String) -> RuntimeError {
    RuntimeError::bounds(format!("slice bounds out of range {text}"))
}

/// `s[lo:hi:max]` with elements of `size` bytes.
#[inline(never)]
pub(crate) fn reslice(s: Header, bounds: Bounds, size: u64) -> OpResult<Header> {
    let (len, cap) = (i128::from(len_of(s)), i128::from(cap_of(s)));
    let lo = bounds.lo.unwrap_or(0);
    let (hi, max) = match bounds.max {
        None => {
            let hi = bounds.hi.unwrap_or(len);
            if hi < 0 {
                return Err(bounds_error(format!("[:{hi}]")).into());
            }
            if hi > cap {
                return Err(bounds_error(format!("[:{hi}] {}", bounds.limit(cap))).into());
            }
            (hi, cap)
        }
        Some(max) => {
            let hi = bounds.hi.unwrap_or(len);
            if max < 0 {
                return Err(bounds_error(format!("[::{max}]")).into());
            }
            if max > cap {
                return Err(bounds_error(format!("[::{max}] {}", bounds.limit(cap))).into());
            }
            if hi < 0 {
                return Err(bounds_error(format!("[:{hi}:]")).into());
            }
            if hi > max {
                return Err(bounds_error(format!("[:{hi}:{max}]")).into());
            }
            (hi, max)
        }
    };
    if lo < 0 {
        return Err(bounds_error(if bounds.max.is_some() {
            format!("[{lo}::]")
        } else {
            format!("[{lo}:]")
        })
        .into());
    }
    if lo > hi {
        return Err(bounds_error(if bounds.max.is_some() {
            format!("[{lo}:{hi}:]")
        } else {
            format!("[{lo}:{hi}]")
        })
        .into());
    }
    let new_cap = (max - lo) as u64;
    let ptr = if new_cap == 0 {
        s.0
    } else {
        s.0 + lo as u64 * size
    };
    Ok(header(ptr, (hi - lo) as u64, new_cap))
}

/// `s[lo:hi]` of a string.
#[inline(never)]
pub(crate) fn substring((ptr, len): (u64, u64), bounds: Bounds) -> OpResult<(u64, u64)> {
    let len = i128::from(len);
    let lo = bounds.lo.unwrap_or(0);
    let hi = bounds.hi.unwrap_or(len);
    if hi < 0 {
        return Err(bounds_error(format!("[:{hi}]")).into());
    }
    if hi > len {
        return Err(bounds_error(format!("[:{hi}] with length {len}")).into());
    }
    if lo < 0 {
        return Err(bounds_error(format!("[{lo}:]")).into());
    }
    if lo > hi {
        return Err(bounds_error(format!("[{lo}:{hi}]")).into());
    }
    let ptr = if lo == hi { ptr } else { ptr + lo as u64 };
    Ok((ptr, (hi - lo) as u64))
}

/// The error of converting a slice to an array that is longer.
#[cold]
pub(crate) fn conversion_error(len: u64, want: u64) -> Box<Stop> {
    RuntimeError::bounds(format!(
        "cannot convert slice with length {len} to array or pointer to array with length {want}"
    ))
    .into()
}

fn elem_type(vm: &Vm, ty: u32) -> &RuntimeType {
    &vm.program().types[ty as usize]
}

/// `make([]T, len, cap)`.
#[inline(never)]
pub(crate) fn make(cx: &mut Ctx<'_>, ty: u32, len: i64, cap: i64) -> OpResult<Header> {
    let elem = elem_type(cx.vm, ty);
    let fits = |n: i64| {
        (0..=MAX_LEN).contains(&n)
            && (n as u64)
                .checked_mul(elem.elem_size.max(1))
                .is_some_and(|b| b < 1 << 47)
    };
    if !fits(len) {
        return Err(RuntimeError::new("makeslice: len out of range").into());
    }
    if !fits(cap) || cap < len {
        return Err(RuntimeError::new("makeslice: cap out of range").into());
    }
    let (shape, bytes) = (elem.elem_shape, cap as usize * elem.elem_size as usize);
    let ptr = object(cx, shape, bytes)?;
    Ok(header(ptr as u64, len as u64, cap as u64))
}

/// Room for `extra` further elements behind `s`: the same memory, or a bigger copy; the header's length is not changed.
fn reserve(cx: &mut Ctx<'_>, elem: &RuntimeType, s: Header, extra: usize) -> OpResult<Header> {
    let needed = len_of(s) + extra as u64;
    if needed <= cap_of(s) {
        return Ok(s);
    }
    grow(cx, elem, s, needed)
}

#[cold]
fn grow(cx: &mut Ctx<'_>, elem: &RuntimeType, s: Header, needed: u64) -> OpResult<Header> {
    let scalar = elem.elem_shape == ShapeId::SCALAR;
    let cap = growth::grown_cap(cap_of(s), needed, elem.go_size, scalar)
        .filter(|cap| cap.saturating_mul(elem.elem_size) < 1 << 47);
    let Some(cap) = cap else {
        return Err(RuntimeError::new("growslice: len out of range").into());
    };
    let ptr = object(cx, elem.elem_shape, (cap * elem.elem_size) as usize)?;
    copy_elements(elem, ptr as u64, s.0, len_of(s) as usize);
    Ok(header(ptr as u64, len_of(s), cap))
}

/// Copies `count` elements; the ranges may overlap.
fn copy_elements(elem: &RuntimeType, to: u64, from: u64, count: usize) {
    let bytes = count * elem.elem_size as usize;
    if bytes == 0 || to == from {
        return;
    }
    // SAFETY: both ranges lie within live objects of this element type; word by word (bytes for packed
    // scalars) and atomically, in the direction that overlapping allows.
    unsafe {
        if matches!(
            elem.repr,
            ElemRepr::Uint(_) | ElemRepr::Sint(_) | ElemRepr::Float32
        ) {
            word::copy_bytes(to as *mut u8, from as *const u8, bytes);
        } else {
            word::copy_mem(to as *mut u64, from as *const u64, bytes);
        }
    }
}

/// Stores one element from its register words.
///
/// # Safety
/// `words` are the registers of a value of the element's type, `at` the address of an element in a live object.
unsafe fn store_element(elem: &RuntimeType, at: u64, words: *const u64) {
    // SAFETY: by the function's contract.
    unsafe {
        match elem.repr {
            ElemRepr::Uint(1) | ElemRepr::Sint(1) => word::store_u8(at as *mut u8, *words as u8),
            ElemRepr::Uint(2) | ElemRepr::Sint(2) => word::store_u16(at as *mut u16, *words as u16),
            ElemRepr::Uint(_) | ElemRepr::Sint(_) => word::store_u32(at as *mut u32, *words as u32),
            ElemRepr::Float32 => {
                word::store_u32(at as *mut u32, (f64::from_bits(*words) as f32).to_bits())
            }
            ElemRepr::Word | ElemRepr::Ptr => word::store(at as *mut u64, *words),
            ElemRepr::Pair => word::store_pair(at as *mut u64, *words, *words.add(1)),
            ElemRepr::Words(n) => word::store_words(words, at as *mut u64, n as usize),
            ElemRepr::Indirect => word::copy_mem(
                at as *mut u64,
                *words as *const u64,
                elem.elem_size as usize,
            ),
        }
    }
}

/// `append(s, v1 … vcount)`.
///
/// # Safety
/// `vals` are the registers of `count` values of the element's type, one after the other.
#[inline(never)]
pub(crate) unsafe fn append(
    cx: &mut Ctx<'_>,
    ty: u32,
    s: Header,
    vals: *const u64,
    count: usize,
) -> OpResult<Header> {
    let elem = elem_type(cx.vm, ty);
    if elem.indirect {
        // The pointers are still to be followed: this is where `*p` is evaluated.
        // SAFETY: by the function's contract.
        let nil = (0..count).any(|i| unsafe { *vals.add(i) } == 0);
        if nil {
            return Err(RuntimeError::nil_dereference().into());
        }
    }
    let (ptr, len_cap) = reserve(cx, elem, s, count)?;
    let len = len_of(s);
    for i in 0..count {
        // SAFETY: the object has room behind the length; the values follow each other.
        unsafe {
            store_element(
                elem,
                ptr + (len + i as u64) * elem.elem_size,
                vals.add(i * elem.words.len()),
            )
        };
    }
    Ok((ptr, len_cap + count as u64))
}

/// `append(s, tail...)`; `tail` is address and length.
#[inline(never)]
pub(crate) fn append_slice(
    cx: &mut Ctx<'_>,
    ty: u32,
    s: Header,
    tail: (u64, usize),
) -> OpResult<Header> {
    let elem = elem_type(cx.vm, ty);
    let (ptr, len_cap) = reserve(cx, elem, s, tail.1)?;
    copy_elements(elem, ptr + len_of(s) * elem.elem_size, tail.0, tail.1);
    Ok((ptr, len_cap + tail.1 as u64))
}

/// `append([]byte, string...)`.
#[inline(never)]
pub(crate) fn append_str(cx: &mut Ctx<'_>, s: Header, tail: &[u8]) -> OpResult<Header> {
    let byte = cx.vm.byte_type();
    let (ptr, len_cap) = reserve(cx, byte, s, tail.len())?;
    // SAFETY: the object has room behind the length.
    unsafe { word::copy_bytes((ptr + len_of(s)) as *mut u8, tail.as_ptr(), tail.len()) };
    Ok((ptr, len_cap + tail.len() as u64))
}

/// `copy(to, from)`: how many elements were copied.
#[inline(never)]
pub(crate) fn copy(vm: &Vm, ty: u32, to: Header, from: Header) -> u64 {
    let n = len_of(to).min(len_of(from));
    copy_elements(elem_type(vm, ty), to.0, from.0, n as usize);
    n
}

/// `copy([]byte, string)`.
#[inline(never)]
pub(crate) fn copy_str(to: Header, from: &[u8]) -> u64 {
    let n = (len_of(to) as usize).min(from.len());
    if n > 0 {
        // SAFETY: both ranges are live and at least that long.
        unsafe { word::copy_bytes(to.0 as *mut u8, from.as_ptr(), n) };
    }
    n as u64
}

/// `clear(s)`.
#[inline(never)]
pub(crate) fn clear(vm: &Vm, ty: TypeId, s: Header) {
    let elem = elem_type(vm, ty.0);
    let bytes = len_of(s) as usize * elem.elem_size as usize;
    // SAFETY: the slice's elements are live memory; packed ones are bytes, the others whole words.
    unsafe {
        if elem.elem_size.is_multiple_of(8) {
            mem::zero(s.0 as *mut u64, bytes);
        } else {
            for i in 0..bytes {
                word::store_u8((s.0 as *mut u8).add(i), 0);
            }
        }
    }
}
