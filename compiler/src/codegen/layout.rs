//! How values of each type lie in registers and in memory: the one place that knows.
//!
//! The rules are in the README of `minigo-bytecode`. Two things are decided here:
//!
//! * An *indirect* type is held in a register by a pointer to memory; all others are *flat*, and their memory form is their
//!   register words.
//! * Elements of narrow scalar types are packed in arrays and slices, but a variable or a field of such a type is a whole
//!   word. A pointer can point to either, so where the program takes the address of an element of such a type, pointers to
//!   that type are followed with packed accesses if the type is unsigned (a packed store keeps a word canonical), and its
//!   elements are whole words if it is signed or `float32`. Programs that do neither pay nothing.

use crate::types::ty::{Basic, Field, Ty, Type, Types};
use minigo_bytecode::{ElemRepr, MAX_FLAT_WORDS, WordKind};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;
use std::rc::Rc;

/// Kinds of adjacent registers.
pub(super) type Kinds = Rc<[WordKind]>;

/// Layout of one type.
#[derive(Debug)]
pub(super) struct Layout {
    /// Kinds of the words of the register form.
    pub(super) kinds: Kinds,
    /// The register form is a pointer to memory.
    pub(super) indirect: bool,
    /// Holds a two-word value: 16-byte aligned in memory.
    pub(super) pairs: bool,
    /// Bytes of the memory form.
    pub(super) size: u64,
    /// Bytes as an element of an array or slice.
    pub(super) elem_size: u64,
    /// How an element is loaded and stored.
    pub(super) repr: ElemRepr,
    /// Followed through a pointer as a packed element.
    pub(super) packed_behind_pointer: bool,
    /// Held in an interface's data word itself.
    pub(super) direct: bool,
    /// For a struct: offsets of its fields in words, in registers if flat and in memory in any case.
    pub(super) fields: Vec<u32>,
    /// Kinds of the words of the memory form, repeated to its end.
    pub(super) period: Kinds,
}

impl Layout {
    /// Number of words of the register form.
    pub(super) fn words(&self) -> usize {
        self.kinds.len()
    }

    /// A string, slice or interface (or a struct of just one): moved by one 16-byte access.
    pub(super) fn is_pair(&self) -> bool {
        self.pairs && self.kinds.len() == 2 && !self.indirect
    }

    /// Kinds of all words of the memory form.
    fn memory_kinds(&self) -> impl Iterator<Item = WordKind> + '_ {
        self.period
            .iter()
            .copied()
            .cycle()
            .take((self.size / 8) as usize)
    }
}

/// Layouts by type, computed when first asked for.
#[derive(Debug, Default)]
pub(super) struct Layouts {
    known: Vec<Option<Rc<Layout>>>,
    /// One copy of each list of kinds.
    kinds: FxHashSet<Kinds>,
    element_addresses: Vec<Basic>,
    /// A struct type that is too large to be described, if there is one: the program is refused.
    pub(super) too_large: Option<Ty>,
    /// Words of structs described so far.
    described: u64,
}

/// Structs of more words are refused.
const MAX_STRUCT_WORDS: u64 = 1 << 28;
/// So many words of structs with pointers in them can be described to the collector, in all types of a program together.
const MAX_DESCRIBED_WORDS: u64 = 1 << 26;

impl Layouts {
    /// `element_addresses`: basic types of which some element has its address taken.
    pub(super) fn new(element_addresses: Vec<Basic>) -> Layouts {
        Layouts {
            known: Vec::new(),
            kinds: FxHashSet::default(),
            element_addresses,
            too_large: None,
            described: 0,
        }
    }

    /// The layout of a type (not of a tuple).
    pub(super) fn get(&mut self, types: &Types, ty: Ty) -> Rc<Layout> {
        let index = ty.0 as usize;
        if let Some(Some(layout)) = self.known.get(index) {
            return layout.clone();
        }
        let layout = Rc::new(self.compute(types, ty));
        if self.known.len() <= index {
            self.known.resize(index + 1, None);
        }
        self.known[index] = Some(layout.clone());
        layout
    }

    /// The shared copy of a list of kinds.
    fn shared(&mut self, kinds: &[WordKind]) -> Kinds {
        if let Some(known) = self.kinds.get(kinds) {
            return known.clone();
        }
        let kinds = Kinds::from(kinds);
        self.kinds.insert(kinds.clone());
        kinds
    }

    fn compute(&mut self, types: &Types, ty: Ty) -> Layout {
        use WordKind::{Data, Int, Ptr};
        match types.under(ty) {
            Type::Basic(basic) => self.basic(*basic),
            Type::Pointer(_) | Type::Map { .. } | Type::Chan { .. } | Type::Func(_) => {
                self.one_word(Ptr, 8, ElemRepr::Ptr)
            }
            Type::Slice(_) => self.pair(Ptr, Int),
            Type::Interface(_) => self.pair(WordKind::Type, Data),
            Type::Struct(fields) => self.structure(types, fields).unwrap_or_else(|| {
                self.too_large.get_or_insert(ty);
                Layout {
                    fields: vec![0; fields.len()],
                    ..self.indirect()
                }
            }),
            &Type::Array { elem, len } => {
                let elem = self.get(types, elem);
                let align = if elem.pairs { 16 } else { 8 };
                Layout {
                    size: elem
                        .elem_size
                        .saturating_mul(len)
                        .checked_next_multiple_of(align)
                        .unwrap_or(!15),
                    pairs: elem.pairs,
                    period: if elem.elem_size < 8 {
                        self.shared(&[Int])
                    } else {
                        elem.period.clone()
                    },
                    ..self.indirect()
                }
                .with_elem_size()
            }
            Type::Tuple(_) | Type::Named(_) | Type::Param(_) => {
                self.one_word(Int, 8, ElemRepr::Word) // only after an error
            }
        }
    }

    fn basic(&mut self, basic: Basic) -> Layout {
        use Basic as B;
        use WordKind::*;
        let taken = self.element_addresses.contains(&basic);
        match basic {
            B::Bool | B::UntypedBool | B::Uint8 => self.unsigned(1, taken),
            B::Uint16 => self.unsigned(2, taken),
            B::Uint32 => self.unsigned(4, taken),
            B::Int8 => self.signed(1, taken),
            B::Int16 => self.signed(2, taken),
            B::Int32 | B::UntypedRune => self.signed(4, taken),
            B::Int | B::Int64 | B::Uint | B::Uint64 | B::Uintptr | B::UntypedInt | B::Invalid => {
                self.one_word(Int, 8, ElemRepr::Word)
            }
            B::Float32 if taken => self.one_word(Float, 8, ElemRepr::Word),
            B::Float32 => self.one_word(Float, 4, ElemRepr::Float32),
            B::Float64 | B::UntypedFloat => self.one_word(Float, 8, ElemRepr::Word),
            B::Complex64 | B::Complex128 | B::UntypedComplex => Layout {
                pairs: false,
                repr: ElemRepr::Words(2),
                ..self.pair(Float, Float)
            },
            B::String | B::UntypedString => self.pair(Ptr, Int),
            B::UnsafePointer | B::UntypedNil => self.one_word(Ptr, 8, ElemRepr::Ptr),
        }
    }

    fn unsigned(&mut self, bytes: u8, taken: bool) -> Layout {
        Layout {
            packed_behind_pointer: taken,
            ..self.one_word(WordKind::Int, bytes.into(), ElemRepr::Uint(bytes))
        }
    }

    fn signed(&mut self, bytes: u8, taken: bool) -> Layout {
        if taken {
            self.one_word(WordKind::Int, 8, ElemRepr::Word)
        } else {
            self.one_word(WordKind::Int, bytes.into(), ElemRepr::Sint(bytes))
        }
    }

    /// `None`: it is too large.
    fn structure(&mut self, types: &Types, fields: &[Field]) -> Option<Layout> {
        let layouts: SmallVec<[Rc<Layout>; 8]> =
            fields.iter().map(|f| self.get(types, f.ty)).collect();
        let pairs = layouts.iter().any(|l| l.pairs);
        let mut offsets = Vec::with_capacity(fields.len());
        let mut end = 0u64;
        for field in &layouts {
            if field.pairs {
                end = end.next_multiple_of(2);
            }
            offsets.push(end as u32);
            end += field.size / 8;
            if end > MAX_STRUCT_WORDS {
                return None;
            }
        }
        if pairs {
            end = end.next_multiple_of(2);
        }
        let flat = !layouts.iter().any(|l| l.indirect) && end as usize <= MAX_FLAT_WORDS;
        let mut kinds: SmallVec<[WordKind; 32]> = SmallVec::new();
        // The words of a very big array inside a struct are not spelled out when none is a pointer.
        let scalar = layouts
            .iter()
            .all(|l| l.period.iter().all(|k| is_scalar(*k)));
        if !scalar {
            self.described += end;
            if self.described > MAX_DESCRIBED_WORDS {
                return None;
            }
        }
        if flat || !scalar {
            for (field, &offset) in layouts.iter().zip(&offsets) {
                kinds.resize(offset as usize, WordKind::Int);
                if flat {
                    kinds.extend_from_slice(&field.kinds);
                } else {
                    kinds.extend(field.memory_kinds());
                }
            }
            kinds.resize(end as usize, WordKind::Int);
        }
        let period = if scalar {
            self.shared(&[WordKind::Int])
        } else {
            self.shared(&kinds)
        };
        if !flat {
            let layout = Layout {
                size: end * 8,
                pairs,
                fields: offsets,
                period,
                ..self.indirect()
            };
            return Some(layout.with_elem_size());
        }
        let repr = match kinds.as_slice() {
            [WordKind::Ptr] => ElemRepr::Ptr,
            [_] => ElemRepr::Word,
            [_, _] if pairs => ElemRepr::Pair,
            _ => ElemRepr::Words(kinds.len() as u8),
        };
        Some(Layout {
            indirect: false,
            pairs,
            size: end * 8,
            elem_size: end * 8,
            repr,
            packed_behind_pointer: false,
            direct: false,
            fields: offsets,
            period,
            kinds: self.shared(&kinds),
        })
    }

    fn one_word(&mut self, kind: WordKind, elem_size: u64, repr: ElemRepr) -> Layout {
        Layout {
            kinds: self.shared(&[kind]),
            indirect: false,
            pairs: false,
            size: 8,
            elem_size,
            repr,
            packed_behind_pointer: false,
            direct: true,
            fields: Vec::new(),
            period: self.shared(&[if is_scalar(kind) { WordKind::Int } else { kind }]),
        }
    }

    fn pair(&mut self, first: WordKind, second: WordKind) -> Layout {
        Layout {
            kinds: self.shared(&[first, second]),
            indirect: false,
            pairs: true,
            size: 16,
            elem_size: 16,
            repr: ElemRepr::Pair,
            packed_behind_pointer: false,
            direct: false,
            fields: Vec::new(),
            period: if is_scalar(first) {
                self.shared(&[WordKind::Int])
            } else {
                self.shared(&[first, second])
            },
        }
    }

    fn indirect(&mut self) -> Layout {
        Layout {
            kinds: self.shared(&[WordKind::Ptr]),
            indirect: true,
            pairs: false,
            size: 0,
            elem_size: 0,
            repr: ElemRepr::Indirect,
            packed_behind_pointer: false,
            direct: false,
            fields: Vec::new(),
            period: self.shared(&[WordKind::Int]),
        }
    }
}

impl Layout {
    fn with_elem_size(self) -> Layout {
        Layout {
            elem_size: self.size,
            ..self
        }
    }
}

fn is_scalar(kind: WordKind) -> bool {
    matches!(kind, WordKind::Int | WordKind::Float)
}
