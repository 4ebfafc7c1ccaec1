//! Looking into values at run time by their types: what `fmt`, `errors.As` and panics need.
//!
//! An [`Iface`] is an interface value outside a register. For values that are not held in the data word itself it points at memory
//! in memory layout: mostly an immutable copy; for what a pointer leads to, the live memory (loads are atomic, so a
//! race shows some interleaving of words, never a torn string).

use crate::value::{map::Maps, word};
use minigo_bytecode::{ElemRepr, Program, RuntimeType, SelectorId, TypeId, TypeKind};

/// An interface value: dynamic type and data word. `TypeId(0)` is nil.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Iface {
    pub(crate) ty: TypeId,
    pub(crate) data: u64,
}

impl Iface {
    /// The nil interface.
    pub const NIL: Iface = Iface {
        ty: TypeId(0),
        data: 0,
    };

    /// The dynamic type; `TypeId(0)` for nil.
    pub fn ty(self) -> TypeId {
        self.ty
    }

    /// True for the nil interface.
    pub fn is_nil(self) -> bool {
        self.ty.0 == 0
    }

    /// The data word as bits: an address for pointer kinds, the value for direct scalars.
    pub fn bits(self) -> u64 {
        self.data
    }
}

/// A string value: bytes on the VM's heap, immutable and alive while a goroutine holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Str {
    pub(crate) ptr: u64,
    pub(crate) len: u64,
}

impl Str {
    /// The empty string.
    pub const EMPTY: Str = Str { ptr: 0, len: 0 };

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// True for `""`.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The bytes `lo..hi` of it, sharing memory. Panics (an internal error) when out of range.
    pub fn sub(self, lo: usize, hi: usize) -> Str {
        assert!(
            lo <= hi && hi <= self.len(),
            "internal error: substring out of range"
        );
        if lo == hi {
            return Str {
                ptr: self.ptr,
                len: 0,
            };
        }
        Str {
            ptr: self.ptr + lo as u64,
            len: (hi - lo) as u64,
        }
    }

    /// The bytes.
    pub(crate) fn bytes<'a>(self) -> &'a [u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: a string word pair always spans live immutable bytes of one heap object; the collector does not
        // run while a native or the interpreter looks at it (collections happen at safepoints only).
        unsafe { std::slice::from_raw_parts(self.ptr as *const u8, self.len as usize) }
    }
}

/// Reflection over one program's types.
#[derive(Clone, Copy)]
pub struct Reflect<'a> {
    pub(crate) program: &'a Program,
}

impl<'a> Reflect<'a> {
    /// The type's description.
    pub fn type_info(self, ty: TypeId) -> &'a RuntimeType {
        &self.program.types[ty.index()]
    }

    /// The value of type `ty` in memory layout at `at`, as an interface (its own dynamic value if `ty` is an interface type).
    pub(crate) fn at_memory(self, ty: TypeId, at: u64) -> Iface {
        let info = self.type_info(ty);
        // SAFETY: callers pass the address of a live value of this type; see the module's introduction.
        unsafe {
            if matches!(info.kind, TypeKind::Interface { .. }) {
                let (t, data) = word::load_pair(at as *const u64);
                return Iface {
                    ty: TypeId(t as u32),
                    data,
                };
            }
            let data = if info.direct {
                word::load(at as *const u64)
            } else {
                at
            };
            Iface { ty, data }
        }
    }

    /// The element of type `ty` at `at` in an array or slice, where scalars are packed.
    pub(crate) fn at_element(self, ty: TypeId, at: u64) -> Iface {
        let info = self.type_info(ty);
        // SAFETY: callers pass the address of a live element of this type.
        let data = unsafe {
            match info.repr {
                ElemRepr::Uint(1) => u64::from(word::load_u8(at as *const u8)),
                ElemRepr::Uint(2) => u64::from(word::load_u16(at as *const u16)),
                ElemRepr::Uint(_) => u64::from(word::load_u32(at as *const u32)),
                ElemRepr::Sint(1) => word::load_u8(at as *const u8) as i8 as i64 as u64,
                ElemRepr::Sint(2) => word::load_u16(at as *const u16) as i16 as i64 as u64,
                ElemRepr::Sint(_) => word::load_u32(at as *const u32) as i32 as i64 as u64,
                ElemRepr::Float32 => {
                    f64::from(f32::from_bits(word::load_u32(at as *const u32))).to_bits()
                }
                _ => return self.at_memory(ty, at),
            }
        };
        Iface { ty, data }
    }

    /// The value of type `ty` in register form at `at` (map entries, channel buffers).
    pub(crate) fn at_words(self, ty: TypeId, at: *const u64) -> Iface {
        let info = self.type_info(ty);
        if info.indirect {
            // SAFETY: an indirect value's register form is one pointer word.
            let data = unsafe { word::load(at) };
            return Iface { ty, data };
        }
        self.at_memory(ty, at as u64)
    }

    /// Field `index` of the struct `v`.
    pub fn field(self, v: Iface, index: usize) -> Iface {
        let TypeKind::Struct { fields } = &self.type_info(v.ty).kind else {
            panic!("internal error: field of a non-struct")
        };
        let field = &fields[index];
        self.at_memory(field.ty, v.data + u64::from(field.offset))
    }

    /// Number of elements of the slice, array, string, map or channel `v`.
    pub fn len(self, v: Iface) -> usize {
        // SAFETY: `v.data` leads to a live value of its type; see the module's introduction.
        unsafe {
            match &self.type_info(v.ty).kind {
                TypeKind::String => word::load_pair(v.data as *const u64).1 as usize,
                TypeKind::Slice { .. } => {
                    (word::load_pair(v.data as *const u64).1 & 0xffff_ffff) as usize
                }
                TypeKind::Array { len, .. } => *len as usize,
                TypeKind::Map { .. } => Maps::len(v.data) as usize,
                _ => panic!("internal error: len of a value without length"),
            }
        }
    }

    /// Capacity of the slice `v`.
    pub fn cap(self, v: Iface) -> usize {
        assert!(
            matches!(self.type_info(v.ty).kind, TypeKind::Slice { .. }),
            "internal error: cap of a non-slice"
        );
        // SAFETY: `v.data` leads to a live slice header.
        unsafe { (word::load_pair(v.data as *const u64).1 >> 32) as usize }
    }

    /// Element `index` of the slice or array `v`.
    pub fn index(self, v: Iface, index: usize) -> Iface {
        assert!(index < self.len(v), "internal error: index out of range");
        let (base, elem) = match self.type_info(v.ty).kind {
            // SAFETY: `v.data` leads to a live slice header.
            TypeKind::Slice { elem } => (unsafe { word::load_pair(v.data as *const u64).0 }, elem),
            TypeKind::Array { elem, .. } => (v.data, elem),
            _ => panic!("internal error: index of a value without elements"),
        };
        self.at_element(elem, base + index as u64 * self.type_info(elem).elem_size)
    }

    /// What the non-nil pointer `v` points to.
    pub fn elem(self, v: Iface) -> Iface {
        let TypeKind::Pointer { elem } = self.type_info(v.ty).kind else {
            panic!("internal error: elem of a non-pointer")
        };
        assert!(v.data != 0, "internal error: elem of a nil pointer");
        self.at_memory(elem, v.data)
    }

    /// True for nil pointers, maps, channels, functions, slices.
    pub fn is_nil(self, v: Iface) -> bool {
        match self.type_info(v.ty).kind {
            // SAFETY: `v.data` leads to a live slice header.
            TypeKind::Slice { .. } => unsafe { word::load_pair(v.data as *const u64).0 == 0 },
            TypeKind::Pointer { .. }
            | TypeKind::Map { .. }
            | TypeKind::Chan { .. }
            | TypeKind::Func { .. }
            | TypeKind::UnsafePointer => v.data == 0,
            _ => false,
        }
    }

    /// The string `v`.
    pub fn str(self, v: Iface) -> Str {
        assert!(
            matches!(self.type_info(v.ty).kind, TypeKind::String),
            "internal error: str of a non-string"
        );
        // SAFETY: `v.data` leads to a live string.
        let (ptr, len) = unsafe { word::load_pair(v.data as *const u64) };
        Str { ptr, len }
    }

    /// Real and imaginary part of the complex number `v`.
    pub fn complex(self, v: Iface) -> (f64, f64) {
        // SAFETY: `v.data` leads to two float words.
        unsafe {
            (
                f64::from_bits(word::load(v.data as *const u64)),
                f64::from_bits(word::load((v.data + 8) as *const u64)),
            )
        }
    }

    /// A copy of the byte slice or byte array `v`.
    pub fn bytes(self, v: Iface) -> Vec<u8> {
        let len = self.len(v);
        let base = match self.type_info(v.ty).kind {
            // SAFETY: `v.data` leads to a live slice header.
            TypeKind::Slice { .. } => unsafe { word::load_pair(v.data as *const u64).0 },
            _ => v.data,
        };
        // SAFETY: the header spans live bytes; loads are atomic because a program may race on them.
        (0..len)
            .map(|i| unsafe { word::load_u8((base + i as u64) as *const u8) })
            .collect()
    }

    /// All entries of the map `v`, in insertion order.
    pub fn map_entries(self, v: Iface) -> Vec<(Iface, Iface)> {
        let TypeKind::Map { key, value } = self.type_info(v.ty).kind else {
            panic!("internal error: entries of a non-map")
        };
        if v.data == 0 {
            return Vec::new();
        }
        // SAFETY: `v.data` is a live map.
        unsafe { Maps::entries(v.data) }
            .into_iter()
            .map(|(k, val)| (self.at_words(key, k), self.at_words(value, val)))
            .collect()
    }

    /// The bytes of the string `v`.
    pub fn str_bytes(self, v: Iface) -> &'a [u8] {
        self.str(v).bytes()
    }

    /// The address of the slice `v`'s first element, 0 for nil.
    pub fn data_address(self, v: Iface) -> u64 {
        assert!(
            matches!(self.type_info(v.ty).kind, TypeKind::Slice { .. }),
            "internal error: data of a non-slice"
        );
        // SAFETY: `v.data` leads to a live slice header.
        unsafe { word::load_pair(v.data as *const u64).0 }
    }

    /// The name of a method.
    pub fn method_name(self, selector: SelectorId) -> &'a str {
        &self.program.selectors[usize::from(selector.0)].name
    }

    /// Whether a variable of type `ty` can hold `v`: its own type, or an interface type that it implements.
    pub fn assignable(self, v: Iface, ty: TypeId) -> bool {
        match &self.type_info(ty).kind {
            TypeKind::Interface { methods } => {
                let has = &self.type_info(v.ty).methods;
                methods
                    .iter()
                    .all(|method| has.binary_search_by_key(method, |m| m.0).is_ok())
            }
            _ => v.ty == ty,
        }
    }

    /// Stores `v` in the variable that the non-nil pointer `pointer` leads to; it must be assignable.
    pub fn store(self, pointer: Iface, v: Iface) {
        let TypeKind::Pointer { elem } = self.type_info(pointer.ty).kind else {
            panic!("internal error: store to a non-pointer")
        };
        assert!(
            pointer.data != 0 && self.assignable(v, elem),
            "internal error: store of another type"
        );
        let info = self.type_info(elem);
        // SAFETY: the pointer leads to a live variable of type `elem`, which can hold `v`. A pointer to an unsigned integer may
        // lead to a packed element.
        unsafe {
            match info.repr {
                _ if matches!(info.kind, TypeKind::Interface { .. }) => {
                    word::store_pair(pointer.data as *mut u64, u64::from(v.ty.0), v.data);
                }
                ElemRepr::Uint(1) => word::store_u8(pointer.data as *mut u8, v.data as u8),
                ElemRepr::Uint(2) => word::store_u16(pointer.data as *mut u16, v.data as u16),
                ElemRepr::Uint(_) => word::store_u32(pointer.data as *mut u32, v.data as u32),
                _ if info.direct => word::store(pointer.data as *mut u64, v.data),
                _ => word::copy_mem(
                    pointer.data as *mut u64,
                    v.data as *const u64,
                    info.size as usize,
                ),
            }
        }
    }

    /// Sets element `index` of the slice `v`, whose elements are integers or floats, to a value in register form.
    pub fn set_word(self, v: Iface, index: usize, value: u64) {
        let TypeKind::Slice { elem } = self.type_info(v.ty).kind else {
            panic!("internal error: element of a non-slice")
        };
        let info = self.type_info(elem);
        assert!(
            index < self.len(v) && info.direct,
            "internal error: no such word"
        );
        let at = self.data_address(v) + index as u64 * info.elem_size;
        // SAFETY: `at` is a live element of this type.
        unsafe {
            match info.repr {
                ElemRepr::Uint(1) | ElemRepr::Sint(1) => {
                    word::store_u8(at as *mut u8, value as u8);
                }
                ElemRepr::Uint(2) | ElemRepr::Sint(2) => {
                    word::store_u16(at as *mut u16, value as u16);
                }
                ElemRepr::Uint(_) | ElemRepr::Sint(_) => {
                    word::store_u32(at as *mut u32, value as u32);
                }
                ElemRepr::Float32 => {
                    let bits = (f64::from_bits(value) as f32).to_bits();
                    word::store_u32(at as *mut u32, bits);
                }
                _ => word::store(at as *mut u64, value),
            }
        }
    }

    /// Sets element `index` of the slice `v`, whose elements are strings.
    pub fn set_str(self, v: Iface, index: usize, value: Str) {
        let TypeKind::Slice { elem } = self.type_info(v.ty).kind else {
            panic!("internal error: element of a non-slice")
        };
        assert!(
            index < self.len(v) && matches!(self.type_info(elem).kind, TypeKind::String),
            "internal error: no such string"
        );
        let at = self.data_address(v) + index as u64 * 16;
        // SAFETY: `at` is a live element, a string.
        unsafe { word::store_pair(at as *mut u64, value.ptr, value.len) };
    }

    /// Stores `v` in the variable that the non-nil pointer `pointer` leads to, whatever the names of their types: both are bools, signed
    /// integers, unsigned integers, floats, complex numbers, strings, or slices of bytes. An integer must fit.
    pub fn store_same_kind(self, pointer: Iface, v: Iface) {
        let TypeKind::Pointer { elem } = self.type_info(pointer.ty).kind else {
            panic!("internal error: store to a non-pointer")
        };
        assert!(
            self.form(elem).is_some() && self.form(elem) == self.form(v.ty),
            "internal error: store of another kind"
        );
        self.store(
            pointer,
            Iface {
                ty: elem,
                data: v.data,
            },
        );
    }

    /// A number that is the same for types of scalars, strings and byte slices whose values have the same form.
    fn form(self, ty: TypeId) -> Option<u8> {
        Some(match self.type_info(ty).kind {
            TypeKind::Bool => 0,
            TypeKind::Int
            | TypeKind::Int8
            | TypeKind::Int16
            | TypeKind::Int32
            | TypeKind::Int64 => 1,
            TypeKind::Uint
            | TypeKind::Uint8
            | TypeKind::Uint16
            | TypeKind::Uint32
            | TypeKind::Uint64
            | TypeKind::Uintptr => 2,
            TypeKind::Float32 | TypeKind::Float64 => 3,
            TypeKind::Complex64 | TypeKind::Complex128 => 4,
            TypeKind::String => 5,
            TypeKind::Slice { elem } if self.type_info(elem).kind == TypeKind::Uint8 => 6,
            _ => return None,
        })
    }

    /// Exchanges two elements of the slice `v`.
    pub fn swap(self, v: Iface, i: usize, j: usize) {
        let len = self.len(v);
        assert!(i < len && j < len, "internal error: swap out of range");
        let TypeKind::Slice { elem } = self.type_info(v.ty).kind else {
            panic!("internal error: swap in a non-slice")
        };
        let size = self.type_info(elem).elem_size as usize;
        let base = self.data_address(v);
        let (a, b) = (base + (i * size) as u64, base + (j * size) as u64);
        // SAFETY: both are live elements of `size` bytes of one slice. Pairs are moved whole, so that a racing reader never
        // sees half of one.
        unsafe {
            match size {
                0 => {}
                8 => {
                    let (x, y) = (word::load(a as *const u64), word::load(b as *const u64));
                    word::store(a as *mut u64, y);
                    word::store(b as *mut u64, x);
                }
                16 => {
                    let (x, y) = (
                        word::load_pair(a as *const u64),
                        word::load_pair(b as *const u64),
                    );
                    word::store_pair(a as *mut u64, y.0, y.1);
                    word::store_pair(b as *mut u64, x.0, x.1);
                }
                1 | 2 | 4 => {
                    let mut spare = [0u8; 4];
                    word::copy_bytes(spare.as_mut_ptr(), a as *const u8, size);
                    word::copy_bytes(a as *mut u8, b as *const u8, size);
                    word::copy_bytes(b as *mut u8, spare.as_ptr(), size);
                }
                _ => {
                    // A u128 is aligned as pairs are.
                    let mut spare = vec![0u128; size.div_ceil(16)];
                    let spare = spare.as_mut_ptr().cast::<u64>();
                    word::copy_mem(spare, a as *const u64, size);
                    word::copy_mem(a as *mut u64, b as *const u64, size);
                    word::copy_mem(b as *mut u64, spare, size);
                }
            }
        }
    }
}
