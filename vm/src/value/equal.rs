//! Equality and hashing of values of any type, as `==`, `switch` and map keys need them.
//!
//! A flat value's register words are its memory, so one function serves both: [`equal_memory`] over
//! memory, [`equal_words`] over registers, which first follows the pointer of an indirect value.
//! Both work from a list of what is still to be compared instead of recursing, because interfaces
//! can nest as deep as the program likes.

use minigo_bytecode::program::{ElemRepr, RuntimeType, TypeId, TypeKind};

use super::hash::{combine, hash_bytes};
use super::word::{load, load_pair, load_u8, load_u16, load_u32};

/// An interface holds a value of a type that cannot be compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Uncomparable {
    /// The dynamic type.
    pub ty: TypeId,
}

impl Uncomparable {
    /// What Go's panic says about a comparison, after `runtime error: `.
    pub fn comparing(self, types: &[RuntimeType]) -> String {
        format!(
            "comparing uncomparable type {}",
            types[self.ty.index()].name
        )
    }

    /// What Go's panic says about a map key, after `runtime error: `.
    pub fn hashing(self, types: &[RuntimeType]) -> String {
        format!("hash of unhashable type {}", types[self.ty.index()].name)
    }
}

/// True if values of this type are equal exactly if their memory is, bit by bit.
pub fn is_plain(types: &[RuntimeType], ty: TypeId) -> bool {
    match &types[ty.index()].kind {
        TypeKind::Float32
        | TypeKind::Float64
        | TypeKind::Complex64
        | TypeKind::Complex128
        | TypeKind::String
        | TypeKind::Interface { .. }
        | TypeKind::Slice { .. }
        | TypeKind::Map { .. }
        | TypeKind::Func { .. } => false,
        TypeKind::Array { elem, .. } => is_plain(types, *elem),
        TypeKind::Struct { fields } => fields
            .iter()
            .all(|field| field.name != "_" && is_plain(types, field.ty)),
        _ => true,
    }
}

/// `a == b` for register words of type `ty`.
///
/// # Safety
/// `a` and `b` must hold the words of values of that type.
pub unsafe fn equal_words(
    types: &[RuntimeType],
    ty: TypeId,
    a: *const u64,
    b: *const u64,
) -> Result<bool, Uncomparable> {
    // SAFETY: by the function's contract; an indirect value's word points to its memory.
    unsafe {
        if types[ty.index()].indirect {
            let (a, b) = (load(a), load(b));
            if a == 0 || b == 0 {
                // Only a race with a map's deletion shows such a word.
                return Ok(a == b);
            }
            equal_memory(types, ty, address(a), address(b))
        } else {
            equal_memory(types, ty, a, b)
        }
    }
}

/// `a == b` for two interface values.
///
/// # Safety
/// The words must be interface values of this program.
pub unsafe fn equal_interface(
    types: &[RuntimeType],
    a: (u64, u64),
    b: (u64, u64),
) -> Result<bool, Uncomparable> {
    let mut todo = Vec::new();
    // SAFETY: by the function's contract.
    unsafe { Ok(interface_step(types, a, b, &mut todo)? && finish_equal(types, todo)?) }
}

/// `a == b` for memory holding values of type `ty`.
///
/// # Safety
/// `a` and `b` must point to memory of values of that type.
pub unsafe fn equal_memory(
    types: &[RuntimeType],
    ty: TypeId,
    a: *const u64,
    b: *const u64,
) -> Result<bool, Uncomparable> {
    // SAFETY: by the function's contract.
    unsafe {
        finish_equal(
            types,
            vec![Comparison {
                ty,
                a,
                b,
                packed: false,
                count: 1,
            }],
        )
    }
}

/// Values still to be compared: `count` of them in a row, in memory or element layout.
#[derive(Clone, Copy)]
struct Comparison {
    ty: TypeId,
    a: *const u64,
    b: *const u64,
    packed: bool,
    count: u64,
}

unsafe fn finish_equal(
    types: &[RuntimeType],
    mut todo: Vec<Comparison>,
) -> Result<bool, Uncomparable> {
    while let Some(next) = todo.pop() {
        let Comparison {
            ty,
            a,
            b,
            packed,
            count,
        } = next;
        if count == 0 {
            continue;
        }
        let info = &types[ty.index()];
        if count > 1 {
            let step = info.elem_size as usize;
            let (a, b) = (a.wrapping_byte_add(step), b.wrapping_byte_add(step));
            todo.push(Comparison {
                a,
                b,
                count: count - 1,
                ..next
            });
        }
        // SAFETY: the caller of the module's functions says that the memory holds such values, and
        // fields and elements lie where the type says.
        let equal = unsafe {
            match &info.kind {
                TypeKind::Struct { fields } => {
                    for field in fields.iter().rev().filter(|field| field.name != "_") {
                        let offset = field.offset as usize;
                        let (a, b) = (a.byte_add(offset), b.byte_add(offset));
                        todo.push(Comparison {
                            ty: field.ty,
                            a,
                            b,
                            packed: false,
                            count: 1,
                        });
                    }
                    true
                }
                TypeKind::Array { elem, len } => {
                    todo.push(Comparison {
                        ty: *elem,
                        a,
                        b,
                        packed: true,
                        count: *len,
                    });
                    true
                }
                TypeKind::Interface { .. } => {
                    interface_step(types, load_pair_any(a), load_pair_any(b), &mut todo)?
                }
                TypeKind::String => equal_strings(load_pair_any(a), load_pair_any(b)),
                TypeKind::Float32 if packed => {
                    f32::from_bits(load_u32(a.cast())) == f32::from_bits(load_u32(b.cast()))
                }
                TypeKind::Float32 | TypeKind::Float64 => {
                    f64::from_bits(load(a)) == f64::from_bits(load(b))
                }
                TypeKind::Complex64 | TypeKind::Complex128 => {
                    f64::from_bits(load(a)) == f64::from_bits(load(b))
                        && f64::from_bits(load(a.add(1))) == f64::from_bits(load(b.add(1)))
                }
                TypeKind::Slice { .. } | TypeKind::Map { .. } | TypeKind::Func { .. } => {
                    return Err(Uncomparable { ty });
                }
                _ => load_scalar(info, a, packed) == load_scalar(info, b, packed),
            }
        };
        if !equal {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Compares types and direct data words; what is behind a pointer is left on the list.
unsafe fn interface_step(
    types: &[RuntimeType],
    a: (u64, u64),
    b: (u64, u64),
    todo: &mut Vec<Comparison>,
) -> Result<bool, Uncomparable> {
    if a.0 != b.0 {
        return Ok(false);
    }
    if a.0 == 0 {
        return Ok(true);
    }
    let ty = TypeId(a.0 as u32);
    let info = &types[ty.index()];
    if !info.comparable {
        return Err(Uncomparable { ty });
    }
    if !info.direct {
        let (a, b) = (address(a.1), address(b.1));
        todo.push(Comparison {
            ty,
            a,
            b,
            packed: false,
            count: 1,
        });
        return Ok(true);
    }
    Ok(match info.kind {
        TypeKind::Float32 | TypeKind::Float64 => f64::from_bits(a.1) == f64::from_bits(b.1),
        _ => a.1 == b.1,
    })
}

/// `a == b` for strings.
///
/// # Safety
/// Both must be string values: an address and the length of what is there.
#[inline]
pub unsafe fn equal_strings(a: (u64, u64), b: (u64, u64)) -> bool {
    // SAFETY: by the function's contract.
    a.1 == b.1 && (a.0 == b.0 || unsafe { bytes(a.0, a.1) == bytes(b.0, b.1) })
}

/// Hash of register words of type `ty`; equal values have equal hashes, NaNs take `nan`, which should
/// be different each time.
///
/// # Safety
/// `words` must hold the words of a value of that type.
pub unsafe fn hash_words(
    types: &[RuntimeType],
    ty: TypeId,
    words: *const u64,
    seed: u64,
    nan: u64,
) -> Result<u64, Uncomparable> {
    let mut at = words;
    if types[ty.index()].indirect {
        // SAFETY: by the function's contract there is this word, a pointer to memory.
        at = address(unsafe { load(words) });
        if at.is_null() {
            // Only a race with a map's deletion shows such a word.
            return Ok(seed);
        }
    }
    let mut hash = seed;
    let mut todo = vec![(ty, at, false, 1)];
    let float = |hash: u64, value: f64| {
        if value.is_nan() {
            combine(hash, nan)
        } else {
            // Both zeroes are equal.
            combine(hash, (value + 0.0).to_bits())
        }
    };
    while let Some((ty, at, packed, count)) = todo.pop() {
        if count == 0 {
            continue;
        }
        let info = &types[ty.index()];
        if count > 1 {
            let next = at.wrapping_byte_add(info.elem_size as usize);
            todo.push((ty, next, packed, count - 1));
        }
        // SAFETY: as in `finish_equal`.
        unsafe {
            match &info.kind {
                TypeKind::Struct { fields } => {
                    for field in fields.iter().rev().filter(|field| field.name != "_") {
                        todo.push((field.ty, at.byte_add(field.offset as usize), false, 1));
                    }
                }
                TypeKind::Array { elem, len } => todo.push((*elem, at, true, *len)),
                TypeKind::Interface { .. } => {
                    let (type_word, data) = load_pair_any(at);
                    hash = combine(hash, type_word);
                    if type_word == 0 {
                        continue;
                    }
                    let ty = TypeId(type_word as u32);
                    let info = &types[ty.index()];
                    if !info.comparable {
                        return Err(Uncomparable { ty });
                    }
                    if !info.direct {
                        todo.push((ty, address(data), false, 1));
                    } else if matches!(info.kind, TypeKind::Float32 | TypeKind::Float64) {
                        hash = float(hash, f64::from_bits(data));
                    } else {
                        hash = combine(hash, data);
                    }
                }
                TypeKind::String => {
                    let (data, len) = load_pair_any(at);
                    hash = hash_bytes(hash, bytes(data, len));
                }
                TypeKind::Float32 if packed => {
                    hash = float(hash, f64::from(f32::from_bits(load_u32(at.cast()))));
                }
                TypeKind::Float32 | TypeKind::Float64 => {
                    hash = float(hash, f64::from_bits(load(at)));
                }
                TypeKind::Complex64 | TypeKind::Complex128 => {
                    hash = float(hash, f64::from_bits(load(at)));
                    hash = float(hash, f64::from_bits(load(at.add(1))));
                }
                TypeKind::Slice { .. } | TypeKind::Map { .. } | TypeKind::Func { .. } => {
                    return Err(Uncomparable { ty });
                }
                _ => hash = combine(hash, load_scalar(info, at, packed)),
            }
        }
    }
    Ok(hash)
}

/// A word's or packed element's bits; equal exactly if the values are.
unsafe fn load_scalar(info: &RuntimeType, at: *const u64, packed: bool) -> u64 {
    // SAFETY: the caller says that there is such a value.
    unsafe {
        match info.repr {
            ElemRepr::Uint(1) | ElemRepr::Sint(1) if packed => u64::from(load_u8(at.cast())),
            ElemRepr::Uint(2) | ElemRepr::Sint(2) if packed => u64::from(load_u16(at.cast())),
            ElemRepr::Uint(_) | ElemRepr::Sint(_) if packed => u64::from(load_u32(at.cast())),
            _ => load(at),
        }
    }
}

/// A pair in the heap is aligned and may be written by others; one in registers need not be aligned
/// and is private.
#[inline(always)]
unsafe fn load_pair_any(at: *const u64) -> (u64, u64) {
    // SAFETY: the caller says that there are two words.
    unsafe {
        if at.addr() & 15 == 0 {
            load_pair(at)
        } else {
            (load(at), load(at.add(1)))
        }
    }
}

#[inline(always)]
fn address(word: u64) -> *const u64 {
    std::ptr::with_exposed_provenance(word as usize)
}

/// The bytes of a string value.
///
/// # Safety
/// `data` and `len` must be a string value that lives for `'a`.
#[inline(always)]
pub unsafe fn bytes<'a>(data: u64, len: u64) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: by the function's contract; strings are immutable.
    unsafe {
        std::slice::from_raw_parts(
            std::ptr::with_exposed_provenance(data as usize),
            len as usize,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        ANY, BYTES, FLOAT, INT, INTS, LINK, MIXED, POINT, STRING, program,
    };
    use super::*;

    #[repr(align(16))]
    struct Words<const N: usize>([u64; N]);

    fn check(ty: TypeId, a: &[u64], b: &[u64], expected: Result<bool, TypeId>) {
        let types = program().types;
        // SAFETY: the tests pass values of these types.
        let (equal, hashes) = unsafe {
            let hash = |words: &[u64]| hash_words(&types, ty, words.as_ptr(), 1, 2);
            (
                equal_words(&types, ty, a.as_ptr(), b.as_ptr()),
                (hash(a), hash(b)),
            )
        };
        assert_eq!(equal, expected.map_err(|ty| Uncomparable { ty }));
        if expected == Ok(true) {
            assert_eq!(hashes.0, hashes.1);
        }
    }

    #[test]
    fn values_are_equal_as_go_says() {
        let (a, b) = ("hello".to_string(), "hello".to_string());
        let text = |s: &str| [s.as_ptr() as u64, s.len() as u64];
        check(INT, &[1], &[1], Ok(true));
        check(INT, &[1], &[2], Ok(false));
        check(FLOAT, &[0.0f64.to_bits()], &[(-0.0f64).to_bits()], Ok(true));
        check(
            FLOAT,
            &[f64::NAN.to_bits()],
            &[f64::NAN.to_bits()],
            Ok(false),
        );
        check(STRING, &text(&a), &text(&b), Ok(true));
        check(STRING, &text(&a), &text(&b[1..]), Ok(false));
        check(POINT, &[1, 2], &[1, 2], Ok(true));
        check(POINT, &[1, 2], &[1, 3], Ok(false));
        let mixed = |f: f64, s: &str| [f.to_bits(), 0, text(s)[0], text(s)[1]];
        check(MIXED, &mixed(0.0, &a), &mixed(-0.0, &b), Ok(true));
        check(MIXED, &mixed(1.0, &a), &mixed(1.0, "x"), Ok(false));
        let (x, y) = (Words([0x04030201]), Words([0xFF_0403_0201]));
        let pointer = |words: &Words<1>| [words.0.as_ptr() as u64];
        check(BYTES, &pointer(&x), &pointer(&y), Ok(true));
        check(
            BYTES,
            &pointer(&x),
            &pointer(&Words([0x05030201])),
            Ok(false),
        );
    }

    #[test]
    fn interfaces_compare_types_then_values() {
        let (one, two) = (Words([7, 8]), Words([7, 8]));
        let boxed = |ty: TypeId, at: &Words<2>| [u64::from(ty.0), at.0.as_ptr() as u64];
        check(ANY, &[0, 0], &[0, 0], Ok(true));
        check(ANY, &[0, 0], &[1, 0], Ok(false));
        check(ANY, &[1, 5], &[1, 5], Ok(true));
        check(ANY, &boxed(POINT, &one), &boxed(POINT, &two), Ok(true));
        check(ANY, &boxed(INTS, &one), &boxed(POINT, &one), Ok(false));
        check(ANY, &boxed(INTS, &one), &boxed(INTS, &one), Err(INTS));
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let mut chains: Vec<Vec<Words<4>>> = Vec::new();
        for _ in 0..2 {
            let mut chain: Vec<Words<4>> = Vec::with_capacity(1_000_000);
            for i in 0..1_000_000u64 {
                let next = match chain.last() {
                    Some(last) => (u64::from(LINK.0), last.0.as_ptr() as u64),
                    None => (0, 0),
                };
                chain.push(Words([next.0, next.1, i, 0]));
            }
            chains.push(chain);
        }
        let (a, b) = (&chains[0], &chains[1]);
        check(LINK, &a[999_999].0, &b[999_999].0, Ok(true));
        check(LINK, &a[999_999].0, &b[999_998].0, Ok(false));
    }
}
