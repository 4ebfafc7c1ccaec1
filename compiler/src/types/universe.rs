//! The predeclared names (spec "Predeclared identifiers").

use super::constant::ConstValue;
use super::scope::{Object, ObjectId, ObjectKind, Objects, State};
use super::ty::{FileIndex, Interface, Loc, Method, Named, PackageId, Sig, Ty, Type, Types};
use minigo_grammar::source::Span;
use minigo_grammar::symbol::{Symbol, Symbols};
use rustc_hash::FxHashMap;

/// A builtin function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum BuiltinId {
    Append,
    Cap,
    Clear,
    Close,
    Complex,
    Copy,
    Delete,
    Imag,
    Len,
    Make,
    Max,
    Min,
    New,
    Panic,
    Print,
    Println,
    Real,
    Recover,
}

/// Names of the builtin functions.
const BUILTINS: &[(&str, BuiltinId)] = &[
    ("append", BuiltinId::Append),
    ("cap", BuiltinId::Cap),
    ("clear", BuiltinId::Clear),
    ("close", BuiltinId::Close),
    ("complex", BuiltinId::Complex),
    ("copy", BuiltinId::Copy),
    ("delete", BuiltinId::Delete),
    ("imag", BuiltinId::Imag),
    ("len", BuiltinId::Len),
    ("make", BuiltinId::Make),
    ("max", BuiltinId::Max),
    ("min", BuiltinId::Min),
    ("new", BuiltinId::New),
    ("panic", BuiltinId::Panic),
    ("print", BuiltinId::Print),
    ("println", BuiltinId::Println),
    ("real", BuiltinId::Real),
    ("recover", BuiltinId::Recover),
];

impl BuiltinId {
    /// The name as written.
    pub(crate) fn name(self) -> &'static str {
        BUILTINS
            .iter()
            .find(|(_, id)| *id == self)
            .map_or("builtin", |(name, _)| name)
    }
}

/// Names of the basic types.
const BASIC_TYPES: &[(&str, Ty)] = &[
    ("bool", Ty::BOOL),
    ("byte", Ty::UINT8),
    ("complex128", Ty::COMPLEX128),
    ("complex64", Ty::COMPLEX64),
    ("float32", Ty::FLOAT32),
    ("float64", Ty::FLOAT64),
    ("int", Ty::INT),
    ("int16", Ty::INT16),
    ("int32", Ty::INT32),
    ("int64", Ty::INT64),
    ("int8", Ty::INT8),
    ("rune", Ty::INT32),
    ("string", Ty::STRING),
    ("uint", Ty::UINT),
    ("uint16", Ty::UINT16),
    ("uint32", Ty::UINT32),
    ("uint64", Ty::UINT64),
    ("uint8", Ty::UINT8),
    ("uintptr", Ty::UINTPTR),
];

/// The universe scope and what the checker needs of it.
#[derive(Debug)]
pub(crate) struct Universe {
    pub(crate) names: FxHashMap<Symbol, ObjectId>,
    /// The type `error`.
    pub(crate) error: Ty,
    /// The type `any`: the empty interface.
    pub(crate) any: Ty,
    /// The constraint `comparable`.
    pub(crate) comparable: Ty,
    /// `iota`, which is known only inside constant declarations.
    pub(crate) iota: ObjectId,
}

/// The place of what is not declared in any file.
pub(crate) const NOWHERE: Loc = Loc {
    file: FileIndex(0),
    span: Span { start: 0, end: 0 },
};

impl Universe {
    /// Declares all predeclared names.
    pub(crate) fn new(types: &mut Types, objects: &mut Objects, symbols: &mut Symbols) -> Universe {
        let mut names = FxHashMap::default();
        let mut declare = |name: &str, kind: ObjectKind| {
            let name = symbols.intern(name);
            let id = objects.add(Object {
                name,
                package: PackageId(0),
                loc: NOWHERE,
                kind,
                state: State::Done,
                used: true,
                site: None,
            });
            names.insert(name, id);
            id
        };
        for &(name, ty) in BASIC_TYPES {
            declare(name, ObjectKind::Type(ty));
        }
        for &(name, builtin) in BUILTINS {
            declare(name, ObjectKind::Builtin(builtin));
        }
        for (name, value) in [("true", true), ("false", false)] {
            let value = Box::new(ConstValue::Bool(value));
            let ty = Ty::UNTYPED_BOOL;
            declare(name, ObjectKind::Const { ty, value });
        }
        let iota = declare(
            "iota",
            ObjectKind::Const {
                ty: Ty::UNTYPED_INT,
                value: Box::new(ConstValue::from(0i64)),
            },
        );
        declare("nil", ObjectKind::Nil);

        let empty = Interface {
            methods: Vec::new(),
            terms: None,
            comparable: false,
        };
        let any = types.intern(Type::Interface(empty.clone().into()));
        declare("any", ObjectKind::Type(any));
        let sig = types.intern(Type::from(Sig {
            params: Vec::new(),
            results: vec![Ty::STRING],
            variadic: false,
        }));
        let error_method = Method {
            name: "Error".into(),
            package: None,
            sig,
        };
        let error_interface = types.intern(Type::Interface(
            Interface {
                methods: vec![error_method],
                ..empty.clone()
            }
            .into(),
        ));
        let comparable_interface = types.intern(Type::Interface(
            Interface {
                comparable: true,
                ..empty
            }
            .into(),
        ));
        let mut predeclared = |name: &str, underlying: Ty| {
            let named = Named {
                name: name.into(),
                package: PackageId(0),
                local: 0,
                underlying,
                methods: Vec::new(),
                type_params: Vec::new(),
                captured: 0,
                alias: false,
                origin: None,
                loc: NOWHERE,
            };
            types.declare_named(named).1
        };
        let error = predeclared("error", error_interface);
        let comparable = predeclared("comparable", comparable_interface);
        declare("error", ObjectKind::Type(error));
        declare("comparable", ObjectKind::Type(comparable));
        Universe {
            names,
            error,
            any,
            comparable,
            iota,
        }
    }
}
