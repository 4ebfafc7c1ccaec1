//! A small program's types, for the tests of this folder.

use minigo_bytecode::program::{
    ElemRepr, Field, Program, RuntimeType, Shape, ShapeId, TypeId, TypeKind, WordKind,
};

use crate::heap::{Heap, HeapConfig, data_pointers};

use WordKind::{Data, Float, Int, Ptr, Type};

pub(super) const SCALAR: ShapeId = ShapeId(0);
pub(super) const INT: TypeId = TypeId(1);
pub(super) const STRING: TypeId = TypeId(2);
pub(super) const ANY: TypeId = TypeId(3);
pub(super) const FLOAT: TypeId = TypeId(4);
/// `struct { x, y int }`
pub(super) const POINT: TypeId = TypeId(5);
/// `struct { f float64; s string }`, whose string is at word 2
pub(super) const MIXED: TypeId = TypeId(6);
/// `[]int`
pub(super) const INTS: TypeId = TypeId(7);
/// `[4]uint8`
pub(super) const BYTES: TypeId = TypeId(8);
pub(super) const UINT8: TypeId = TypeId(9);
/// `struct { next any; n int }`
pub(super) const LINK: TypeId = TypeId(10);
/// The map types with keys of the types 1 to 6 and 8, and int values, are at this plus the key.
pub(super) const MAPS: u32 = 20;

fn info(name: &str, kind: TypeKind, words: &[WordKind], repr: ElemRepr) -> RuntimeType {
    let direct = matches!(kind, TypeKind::Int | TypeKind::Float64 | TypeKind::Uint8);
    let comparable = !matches!(kind, TypeKind::Slice { .. } | TypeKind::Map { .. });
    RuntimeType {
        name: name.to_string(),
        kind,
        named: false,
        words: words.to_vec(),
        indirect: false,
        go_size: words.len() as u64 * 8,
        size: words.len() as u64 * 8,
        elem_size: words.len() as u64 * 8,
        repr,
        shape: SCALAR,
        elem_shape: SCALAR,
        direct,
        comparable,
        methods: Vec::new(),
        pointer_to: None,
    }
}

fn fields(list: &[(&str, TypeId, u32)]) -> TypeKind {
    let fields = list.iter().map(|&(name, ty, offset)| Field {
        name: name.to_string(),
        ty,
        offset,
        embedded: false,
        exported: false,
        tag: String::new(),
    });
    TypeKind::Struct {
        fields: fields.collect(),
    }
}

pub(super) fn program() -> Program {
    let unused = info("unused", TypeKind::Int, &[Int], ElemRepr::Word);
    let mut types = vec![
        unused.clone(),
        info("int", TypeKind::Int, &[Int], ElemRepr::Word),
        info("string", TypeKind::String, &[Ptr, Int], ElemRepr::Pair),
        info(
            "any",
            TypeKind::Interface { methods: vec![] },
            &[Type, Data],
            ElemRepr::Pair,
        ),
        info("float64", TypeKind::Float64, &[Float], ElemRepr::Word),
        info(
            "main.P",
            fields(&[("x", INT, 0), ("y", INT, 8)]),
            &[Int, Int],
            ElemRepr::Words(2),
        ),
        info(
            "main.M",
            fields(&[("f", FLOAT, 0), ("s", STRING, 16)]),
            &[Float, Int, Ptr, Int],
            ElemRepr::Words(4),
        ),
        info(
            "[]int",
            TypeKind::Slice { elem: INT },
            &[Ptr, Int],
            ElemRepr::Pair,
        ),
        info(
            "[4]uint8",
            TypeKind::Array {
                elem: UINT8,
                len: 4,
            },
            &[Ptr],
            ElemRepr::Indirect,
        ),
        info("uint8", TypeKind::Uint8, &[Int], ElemRepr::Uint(1)),
        info(
            "main.L",
            fields(&[("next", ANY, 0), ("n", INT, 16)]),
            &[Type, Data, Int, Int],
            ElemRepr::Words(4),
        ),
    ];
    types[BYTES.index()].indirect = true;
    types[UINT8.index()].elem_size = 1;
    types.resize(MAPS as usize, unused.clone());
    for key in 0..9 {
        let kind = if key == 0 || key == 7 {
            TypeKind::Int
        } else {
            TypeKind::Map {
                key: TypeId(key),
                value: INT,
            }
        };
        types.push(info("map", kind, &[Ptr], ElemRepr::Ptr));
    }
    Program {
        types,
        shapes: vec![Shape { kinds: vec![Int] }],
        ..Program::default()
    }
}

pub(super) fn heap(program: &Program, config: &HeapConfig) -> Heap {
    Heap::new(config, &program.shapes, data_pointers(&program.types)).expect("memory for a test")
}
