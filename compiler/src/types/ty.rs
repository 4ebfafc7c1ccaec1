//! Types, interned: two types are identical (spec "Type identity") exactly when their `Ty` are equal.
//!
//! Composite types are hash-consed; recursion goes only through defined types (`Named`) and type parameters, which are
//! nominal. A defined type's underlying type and methods are filled in after it is declared.

use indexmap::IndexSet;
use minigo_grammar::source::Span;
use rustc_hash::FxBuildHasher;
use std::rc::Rc;

/// An interned type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ty(pub u32);

/// A defined type: index into [`Types::named`]. Each instance of a generic type has one of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NamedId(pub u32);

/// A type parameter: index into [`Types::params`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TypeParamId(pub u32);

/// A package: index into the program's packages. `PackageId(0)` is the universe.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PackageId(pub u32);

/// A file of the program: index into the list of source files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct FileIndex(pub u32);

/// A span in a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Loc {
    pub file: FileIndex,
    pub span: Span,
}

/// Predeclared basic types, untyped ones included. `byte` is `Uint8`, `rune` is `Int32` (their spelling is
/// remembered only where messages need it).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Basic {
    /// The type of what did not check: silences further errors.
    Invalid,
    Bool,
    Int,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Uintptr,
    Float32,
    Float64,
    Complex64,
    Complex128,
    String,
    UnsafePointer,
    UntypedBool,
    UntypedInt,
    UntypedRune,
    UntypedFloat,
    UntypedComplex,
    UntypedString,
    UntypedNil,
}

/// Direction of a channel type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Dir {
    Both,
    Send,
    Recv,
}

/// A field of a struct type. For identity: name (with package if unexported), type, tag, embedded.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Field {
    pub name: Rc<str>,
    /// The declaring package if the name is not exported.
    pub package: Option<PackageId>,
    pub ty: Ty,
    pub embedded: bool,
    pub tag: Rc<str>,
}

/// A method of an interface.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Method {
    pub name: Rc<str>,
    /// The declaring package if the name is not exported.
    pub package: Option<PackageId>,
    /// A `Type::Func`.
    pub sig: Ty,
}

/// One term of a union: `T` or `~T`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Term {
    pub tilde: bool,
    pub ty: Ty,
}

/// An interface type with everything embedded already merged: its complete method set, sorted by name, and its type set.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Interface {
    pub methods: Vec<Method>,
    /// None: all types (an ordinary interface). Some: the union left after intersecting all embedded ones.
    pub terms: Option<Vec<Term>>,
    /// `comparable` is embedded.
    pub comparable: bool,
}

/// A function type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Sig {
    pub params: Vec<Ty>,
    pub results: Vec<Ty>,
    /// The last parameter is `...T`; its type in `params` is `[]T`.
    pub variadic: bool,
}

/// The structure of a type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    Basic(Basic),
    Named(NamedId),
    Pointer(Ty),
    Slice(Ty),
    Array {
        elem: Ty,
        len: u64,
    },
    Map {
        key: Ty,
        value: Ty,
    },
    Chan {
        elem: Ty,
        dir: Dir,
    },
    Func(Rc<Sig>),
    Struct(Rc<[Field]>),
    Interface(Rc<Interface>),
    /// Results of a call with other than one result; no other use.
    Tuple(Rc<[Ty]>),
    Param(TypeParamId),
}

impl From<Sig> for Type {
    fn from(sig: Sig) -> Type {
        Type::Func(Rc::new(sig))
    }
}

// It is copied often.
const _: () = assert!(size_of::<Type>() <= 24);

/// A method declared on a defined type.
#[derive(Clone, Debug)]
pub struct DeclaredMethod {
    pub name: Rc<str>,
    pub package: PackageId,
    /// Receiver is `*T`.
    pub pointer: bool,
    /// A `Type::Func`, without the receiver.
    pub sig: Ty,
    /// Type parameters of its own; then no interface has the method.
    pub type_params: Vec<TypeParamId>,
    /// The function in `typed::Module::funcs` (for an instance of a generic type: of the generic type's method).
    pub func: super::typed::FuncRef,
    pub loc: Loc,
}

/// A defined type.
#[derive(Clone, Debug)]
pub struct Named {
    pub name: Rc<str>,
    pub package: PackageId,
    /// For types declared in functions: a number that keeps equal names apart (printing does not show it).
    pub local: u32,
    /// Invalid until resolved.
    pub underlying: Ty,
    pub methods: Vec<DeclaredMethod>,
    pub type_params: Vec<TypeParamId>,
    /// How many of the type parameters (and arguments) come from the function around a local type, and are not written.
    pub captured: usize,
    /// A generic alias: never a type itself, and what it stands for takes the place of the underlying type.
    pub alias: bool,
    /// For an instance: the generic type and its arguments.
    pub origin: Option<(NamedId, Vec<Ty>)>,
    pub loc: Loc,
}

/// A type parameter.
#[derive(Clone, Debug)]
pub struct TypeParam {
    pub name: Rc<str>,
    pub index: usize,
    /// An interface type (a constraint literal is wrapped into one).
    pub constraint: Ty,
    pub loc: Loc,
}

/// All types of a program.
#[derive(Clone, Debug)]
pub struct Types {
    /// By `Ty`.
    table: IndexSet<Type, FxBuildHasher>,
    /// By type: it mentions a type parameter.
    open: Vec<bool>,
    pub named: Vec<Named>,
    pub params: Vec<TypeParam>,
    /// Import path and name of each package, for printing: `(path, name)`.
    pub packages: Vec<(Rc<str>, Rc<str>)>,
    /// How messages spell types with two names.
    pub spelling: super::print::Spelling,
}

macro_rules! basics {
    ($($konst:ident = $basic:ident),* $(,)?) => {
        impl Ty {
            $(#[doc = concat!("The basic type `", stringify!($basic), "`.")] pub const $konst: Ty = Ty(Basic::$basic as u32);)*
        }
        const BASICS: &[Basic] = &[$(Basic::$basic),*];
    };
}

basics! {
    INVALID = Invalid, BOOL = Bool, INT = Int, INT8 = Int8, INT16 = Int16, INT32 = Int32, INT64 = Int64, UINT = Uint,
    UINT8 = Uint8, UINT16 = Uint16, UINT32 = Uint32, UINT64 = Uint64, UINTPTR = Uintptr, FLOAT32 = Float32,
    FLOAT64 = Float64, COMPLEX64 = Complex64, COMPLEX128 = Complex128, STRING = String, UNSAFE_POINTER = UnsafePointer,
    UNTYPED_BOOL = UntypedBool, UNTYPED_INT = UntypedInt, UNTYPED_RUNE = UntypedRune, UNTYPED_FLOAT = UntypedFloat,
    UNTYPED_COMPLEX = UntypedComplex, UNTYPED_STRING = UntypedString, UNTYPED_NIL = UntypedNil,
}

impl Default for Types {
    fn default() -> Self {
        Self::new()
    }
}

impl Types {
    /// The basic types, in the order of their constants.
    pub fn new() -> Types {
        let mut types = Types {
            table: IndexSet::default(),
            open: Vec::new(),
            named: Vec::new(),
            params: Vec::new(),
            packages: vec![("".into(), "".into())],
            spelling: Default::default(),
        };
        for (i, &basic) in BASICS.iter().enumerate() {
            let ty = types.intern(Type::Basic(basic));
            debug_assert_eq!(ty.0 as usize, i);
        }
        types
    }

    /// The one `Ty` of this structure.
    pub fn intern(&mut self, ty: Type) -> Ty {
        let (index, new) = self.table.insert_full(ty);
        if new {
            self.open.push(self.has_open_part(&self.table[index]));
        }
        Ty(index as u32)
    }

    /// Whether a type mentions type parameters. To put type arguments into one that does not changes nothing, and it may have more parts
    /// than can be visited.
    pub fn is_open(&self, ty: Ty) -> bool {
        self.open[ty.0 as usize]
    }

    fn has_open_part(&self, ty: &Type) -> bool {
        let is_open = |ty: &Ty| self.is_open(*ty);
        match ty {
            Type::Basic(_) => false,
            Type::Param(_) => true,
            Type::Pointer(elem)
            | Type::Slice(elem)
            | Type::Array { elem, .. }
            | Type::Chan { elem, .. } => is_open(elem),
            Type::Map { key, value } => is_open(key) || is_open(value),
            Type::Func(sig) => sig.params.iter().chain(&sig.results).any(is_open),
            Type::Struct(fields) => fields.iter().any(|field| is_open(&field.ty)),
            Type::Interface(interface) => {
                let terms = interface.terms.iter().flatten();
                interface.methods.iter().any(|method| is_open(&method.sig))
                    || terms.map(|term| &term.ty).any(is_open)
            }
            Type::Tuple(tys) => tys.iter().any(is_open),
            Type::Named(id) => {
                let origin = &self.named[id.0 as usize].origin;
                origin.iter().any(|(_, args)| args.iter().any(is_open))
            }
        }
    }

    /// The type of this structure, if there is one by now.
    pub fn interned(&self, ty: &Type) -> Option<Ty> {
        self.table.get_index_of(ty).map(|index| Ty(index as u32))
    }

    /// The structure of a type, a defined type as `Named`.
    pub fn get(&self, ty: Ty) -> &Type {
        &self.table[ty.0 as usize]
    }

    /// The structure of the underlying type: never `Named`. (A type parameter is its own.)
    pub fn under(&self, ty: Ty) -> &Type {
        self.get(self.underlying(ty))
    }

    /// The underlying type (spec "Underlying types").
    pub fn underlying(&self, ty: Ty) -> Ty {
        match self.get(ty) {
            Type::Named(id) => self.named[id.0 as usize].underlying,
            _ => ty,
        }
    }

    /// Declares a defined type; its underlying type is `Ty::INVALID` until set.
    pub fn declare_named(&mut self, named: Named) -> (NamedId, Ty) {
        let id = NamedId(self.named.len() as u32);
        self.named.push(named);
        (id, self.intern(Type::Named(id)))
    }

    /// The defined type, if it is one.
    pub fn as_named(&self, ty: Ty) -> Option<&Named> {
        match self.get(ty) {
            Type::Named(id) => Some(&self.named[id.0 as usize]),
            _ => None,
        }
    }

    /// Number of types.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Never true: the basic types are always there.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}
