//! Looking into values at run time by their types: what `fmt`, `errors.As` and panics need.
//!
//! An [`Iface`] is an interface value outside a register. For values that are not held in the data word itself it points at memory
//! in memory layout: mostly an immutable copy; for what a pointer leads to, the live memory (loads are atomic, so a
//! race shows some interleaving of words, never a torn string).

use crate::value::{map::Maps, word};
use minigo_bytecode::{ElemRepr, Program, RuntimeType, TypeId, TypeKind};

/// An interface value: dynamic type and data word. `TypeId(0)` is nil.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Iface {
    pub(crate) ty: TypeId,
    pub(crate) data: u64,
}

impl Iface {
    /// The nil interface.
    pub const NIL: Iface = Iface { ty: TypeId(0), data: 0 };

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
        assert!(lo <= hi && hi <= self.len(), "internal error: substring out of range");
        if lo == hi {
            return Str { ptr: self.ptr, len: 0 };
        }
        Str { ptr: self.ptr + lo as u64, len: (hi - lo) as u64 }
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
                return Iface { ty: TypeId(t as u32), data };
            }
            let data = if info.direct { word::load(at as *const u64) } else { at };
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
                ElemRepr::Float32 => f64::from(f32::from_bits(word::load_u32(at as *const u32))).to_bits(),
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
            return Iface { ty, data: unsafe { word::load(at) } };
        }
        self.at_memory(ty, at as u64)
    }

    /// Field `index` of the struct `v`.
    pub fn field(self, v: Iface, index: usize) -> Iface {
        let TypeKind::Struct { fields } = &self.type_info(v.ty).kind else { panic!("internal error: field of a non-struct") };
        let field = &fields[index];
        self.at_memory(field.ty, v.data + u64::from(field.offset))
    }

    /// Number of elements of the slice, array, string, map or channel `v`.
    pub fn len(self, v: Iface) -> usize {
        // SAFETY: `v.data` leads to a live value of its type; see the module's introduction.
        unsafe {
            match &self.type_info(v.ty).kind {
                TypeKind::String => word::load_pair(v.data as *const u64).1 as usize,
                TypeKind::Slice { .. } => (word::load_pair(v.data as *const u64).1 & 0xffff_ffff) as usize,
                TypeKind::Array { len, .. } => *len as usize,
                TypeKind::Map { .. } => Maps::len(v.data) as usize,
                _ => panic!("internal error: len of a value without length"),
            }
        }
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
        let TypeKind::Pointer { elem } = self.type_info(v.ty).kind else { panic!("internal error: elem of a non-pointer") };
        assert!(v.data != 0, "internal error: elem of a nil pointer");
        self.at_memory(elem, v.data)
    }

    /// True for nil pointers, maps, channels, functions, slices.
    pub fn is_nil(self, v: Iface) -> bool {
        match self.type_info(v.ty).kind {
            // SAFETY: `v.data` leads to a live slice header.
            TypeKind::Slice { .. } => unsafe { word::load_pair(v.data as *const u64).0 == 0 },
            TypeKind::Pointer { .. } | TypeKind::Map { .. } | TypeKind::Chan { .. } | TypeKind::Func { .. } | TypeKind::UnsafePointer => v.data == 0,
            _ => false,
        }
    }

    /// The string `v`.
    pub fn str(self, v: Iface) -> Str {
        assert!(matches!(self.type_info(v.ty).kind, TypeKind::String), "internal error: str of a non-string");
        // SAFETY: `v.data` leads to a live string.
        let (ptr, len) = unsafe { word::load_pair(v.data as *const u64) };
        Str { ptr, len }
    }

    /// Real and imaginary part of the complex number `v`.
    pub fn complex(self, v: Iface) -> (f64, f64) {
        // SAFETY: `v.data` leads to two float words.
        unsafe { (f64::from_bits(word::load(v.data as *const u64)), f64::from_bits(word::load((v.data + 8) as *const u64))) }
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
        (0..len).map(|i| unsafe { word::load_u8((base + i as u64) as *const u8) }).collect()
    }

    /// All entries of the map `v`, in insertion order.
    pub fn map_entries(self, v: Iface) -> Vec<(Iface, Iface)> {
        let TypeKind::Map { key, value } = self.type_info(v.ty).kind else { panic!("internal error: entries of a non-map") };
        if v.data == 0 {
            return Vec::new();
        }
        // SAFETY: `v.data` is a live map.
        unsafe { Maps::entries(v.data) }
            .into_iter()
            .map(|(k, val)| (self.at_words(key, k), self.at_words(value, val)))
            .collect()
    }
}
