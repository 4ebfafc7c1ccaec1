//! Strings: concatenation and conversions.

use super::Ctx;
use crate::value::{slice as growth, string as text, word};
use minigo_bytecode::{Reg, ShapeId};

pub(crate) use text::decode_rune;

/// The bytes of the string in a register pair.
///
/// # Safety
/// `base` is the base of a frame that has these registers, and they hold a string. The bytes live until the next safepoint.
#[inline(always)]
pub(crate) unsafe fn str_at<'a>(base: *mut u64, reg: Reg) -> &'a [u8] {
    // SAFETY: by the function's contract; string bytes are immutable.
    unsafe { bytes(*base.add(reg.index()), *base.add(reg.index() + 1)) }
}

#[inline(always)]
unsafe fn bytes<'a>(ptr: u64, len: u64) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: a string's words span live immutable bytes.
    unsafe { std::slice::from_raw_parts(ptr as *const u8, len as usize) }
}

/// A new object of `len` bytes, written by `fill`; the zero address when empty.
fn new_bytes(cx: &mut Ctx<'_>, len: usize, fill: impl FnOnce(*mut u8)) -> u64 {
    if len == 0 {
        return 0;
    }
    let object = cx.vm.alloc_or_die(cx.m, ShapeId::SCALAR, len);
    fill(object.cast());
    object as u64
}

fn new_string(cx: &mut Ctx<'_>, content: &[u8]) -> (u64, u64) {
    // SAFETY: the object has this length and nobody else knows it.
    let ptr = new_bytes(cx, content.len(), |to| unsafe {
        std::ptr::copy_nonoverlapping(content.as_ptr(), to, content.len())
    });
    (ptr, content.len() as u64)
}

/// The `count` strings one after the other from `first` on, joined.
///
/// # Safety
/// `first` is the first of `2 * count` registers that hold strings.
#[inline(never)]
pub(crate) unsafe fn concat(cx: &mut Ctx<'_>, first: *const u64, count: usize) -> (u64, u64) {
    // SAFETY: by the function's contract.
    let part = |i: usize| unsafe { bytes(*first.add(2 * i), *first.add(2 * i + 1)) };
    let mut total = 0usize;
    let mut only = None;
    for i in 0..count {
        let len = part(i).len();
        if len > 0 {
            only = if total == 0 { Some(i) } else { None };
            total += len;
        }
    }
    if let Some(i) = only {
        // SAFETY: as above. A single non-empty part is the result itself.
        return unsafe { (*first.add(2 * i), total as u64) };
    }
    let ptr = new_bytes(cx, total, |mut to| {
        for i in 0..count {
            let part = part(i);
            // SAFETY: the parts' lengths sum up to the object's.
            unsafe {
                std::ptr::copy_nonoverlapping(part.as_ptr(), to, part.len());
                to = to.add(part.len());
            }
        }
    });
    (ptr, total as u64)
}

/// `string(rune)`.
#[inline(never)]
pub(crate) fn from_rune(cx: &mut Ctx<'_>, rune: i64) -> (u64, u64) {
    new_string(cx, text::encode_rune(rune, &mut [0; 4]))
}

/// `string([]byte)`; `slice` is its header.
#[inline(never)]
pub(crate) fn from_bytes(cx: &mut Ctx<'_>, (ptr, len_cap): (u64, u64)) -> (u64, u64) {
    let len = len_cap as u32 as usize;
    // SAFETY: a slice's words span live bytes; the copy uses atomic accesses on the source.
    let ptr = new_bytes(cx, len, |to| unsafe {
        word::copy_bytes(to, ptr as *const u8, len)
    });
    (ptr, len as u64)
}

/// `string([]rune)`.
#[inline(never)]
pub(crate) fn from_runes(cx: &mut Ctx<'_>, (ptr, len_cap): (u64, u64)) -> (u64, u64) {
    let len = len_cap as u32 as usize;
    let mut buffer = Vec::with_capacity(len);
    for i in 0..len {
        // SAFETY: a slice's words span live 4-byte elements.
        let rune = unsafe { word::load_u32((ptr as *const u32).add(i)) };
        buffer.extend_from_slice(text::encode_rune(i64::from(rune as i32), &mut [0; 4]));
    }
    new_string(cx, &buffer)
}

/// `[]byte(string)`.
#[inline(never)]
pub(crate) fn to_bytes(cx: &mut Ctx<'_>, content: &[u8]) -> (u64, u64) {
    let len = content.len() as u64;
    if len == 0 {
        return (cx.vm.heap().zero_size().as_ptr() as u64, 0);
    }
    // The capacity is rounded up to the size class, as Go does.
    let cap = growth::bytes_cap(content.len() as u64) as usize;
    // SAFETY: the object has at least the content's length.
    let ptr = new_bytes(cx, cap, |to| unsafe {
        std::ptr::copy_nonoverlapping(content.as_ptr(), to, content.len())
    });
    (ptr, len | (cap as u64) << 32)
}

/// `[]rune(string)`.
#[inline(never)]
pub(crate) fn to_runes(cx: &mut Ctx<'_>, content: &[u8]) -> (u64, u64) {
    let mut runes: Vec<u32> = Vec::with_capacity(content.len());
    let mut rest = content;
    while !rest.is_empty() {
        let (rune, width) = decode_rune(rest);
        runes.push(rune);
        rest = &rest[width..];
    }
    let len = runes.len() as u64;
    if len == 0 {
        return (cx.vm.heap().zero_size().as_ptr() as u64, 0);
    }
    let cap = growth::runes_cap(runes.len() as u64) as usize;
    // SAFETY: the object has room for `cap` elements.
    let ptr = new_bytes(cx, cap * 4, |to| unsafe {
        std::ptr::copy_nonoverlapping(runes.as_ptr(), to.cast::<u32>(), runes.len())
    });
    (ptr, len | (cap as u64) << 32)
}
