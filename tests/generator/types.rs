//! The types of generated programs: the basic ones, composites of them, and the program's own.

/// A type. Named ones are declared by the program ([`super::Generator::types`]).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Ty {
    Bool,
    Int(Int),
    Float32,
    Float64,
    Complex64,
    Complex128,
    Str,
    Slice(Box<Ty>),
    Array(usize, Box<Ty>),
    Map(Box<Ty>, Box<Ty>),
    Pointer(Box<Ty>),
    Func(Vec<Ty>, Box<Ty>),
    Struct(Vec<Field>),
    Named(usize),
    /// `any`, with dynamic types that print the same everywhere.
    Any,
    /// A type parameter of the generic function at hand, a number.
    Param(&'static str),
}

/// The integer types.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Int {
    /// `int`.
    Word,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
}

/// A field of a struct.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) embedded: bool,
}

/// A declared type.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) under: Ty,
    pub(crate) methods: Vec<Method>,
    /// An interface: `under` is `Any` and the methods are its own.
    pub(crate) is_interface: bool,
}

/// A method without effects but printing.
#[derive(Clone)]
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) params: Vec<Ty>,
    pub(crate) result: Ty,
    pub(crate) on_pointer: bool,
}

impl Int {
    pub(crate) const ALL: [Int; 10] = [
        Int::Word,
        Int::Int8,
        Int::Int16,
        Int::Int32,
        Int::Int64,
        Int::Uint,
        Int::Uint8,
        Int::Uint16,
        Int::Uint32,
        Int::Uint64,
    ];
    pub(crate) const UNSIGNED: [Int; 5] =
        [Int::Uint, Int::Uint8, Int::Uint16, Int::Uint32, Int::Uint64];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Int::Word => "int",
            Int::Int8 => "int8",
            Int::Int16 => "int16",
            Int::Int32 => "int32",
            Int::Int64 => "int64",
            Int::Uint => "uint",
            Int::Uint8 => "uint8",
            Int::Uint16 => "uint16",
            Int::Uint32 => "uint32",
            Int::Uint64 => "uint64",
        }
    }

    pub(crate) fn bits(self) -> u32 {
        match self {
            Int::Int8 | Int::Uint8 => 8,
            Int::Int16 | Int::Uint16 => 16,
            Int::Int32 | Int::Uint32 => 32,
            Int::Word | Int::Int64 | Int::Uint | Int::Uint64 => 64,
        }
    }

    pub(crate) fn is_signed(self) -> bool {
        matches!(
            self,
            Int::Word | Int::Int8 | Int::Int16 | Int::Int32 | Int::Int64
        )
    }

    pub(crate) fn min(self) -> i128 {
        if self.is_signed() {
            -(1 << (self.bits() - 1))
        } else {
            0
        }
    }

    pub(crate) fn max(self) -> i128 {
        (1 << (self.bits() - u32::from(self.is_signed()))) - 1
    }
}

impl Ty {
    pub(crate) const INT: Ty = Ty::Int(Int::Word);

    pub(crate) fn slice(elem: Ty) -> Ty {
        Ty::Slice(Box::new(elem))
    }

    pub(crate) fn pointer(to: Ty) -> Ty {
        Ty::Pointer(Box::new(to))
    }

    pub(crate) fn map(key: Ty, value: Ty) -> Ty {
        Ty::Map(Box::new(key), Box::new(value))
    }

    /// The type as Go writes it.
    pub(crate) fn text(&self, types: &[Named]) -> String {
        match self {
            Ty::Bool => "bool".into(),
            Ty::Int(int) => int.name().into(),
            Ty::Float32 => "float32".into(),
            Ty::Float64 => "float64".into(),
            Ty::Complex64 => "complex64".into(),
            Ty::Complex128 => "complex128".into(),
            Ty::Str => "string".into(),
            Ty::Slice(elem) => format!("[]{}", elem.text(types)),
            Ty::Array(len, elem) => format!("[{len}]{}", elem.text(types)),
            Ty::Map(key, value) => format!("map[{}]{}", key.text(types), value.text(types)),
            Ty::Pointer(to) => format!("*{}", to.text(types)),
            Ty::Func(params, result) => {
                format!("func({}) {}", texts(params, types), result.text(types))
            }
            Ty::Struct(fields) => {
                let fields: Vec<String> = fields.iter().map(|field| field.text(types)).collect();
                format!("struct{{ {} }}", fields.join("; "))
            }
            Ty::Named(index) => types[*index].name.clone(),
            Ty::Any => "any".into(),
            Ty::Param(name) => (*name).into(),
        }
    }

    pub(crate) fn under<'a>(&'a self, types: &'a [Named]) -> &'a Ty {
        match self {
            Ty::Named(index) => &types[*index].under,
            _ => self,
        }
    }

    pub(crate) fn is_interface(&self, types: &[Named]) -> bool {
        match self {
            Ty::Any => true,
            Ty::Named(index) => types[*index].is_interface,
            _ => false,
        }
    }

    /// `==` compiles, and does not panic.
    pub(crate) fn is_comparable(&self, types: &[Named]) -> bool {
        if self.is_interface(types) {
            return false;
        }
        match self.under(types) {
            Ty::Slice(_) | Ty::Map(..) | Ty::Func(..) | Ty::Any => false,
            Ty::Array(_, elem) => elem.is_comparable(types),
            Ty::Struct(fields) => fields.iter().all(|field| field.ty.is_comparable(types)),
            _ => true,
        }
    }

    /// Printing shows no address.
    pub(crate) fn is_printable(&self, types: &[Named]) -> bool {
        if self.is_interface(types) {
            // Interfaces of the program hold pointers, too.
            return *self == Ty::Any;
        }
        match self.under(types) {
            Ty::Pointer(_) | Ty::Func(..) => false,
            Ty::Slice(elem) | Ty::Array(_, elem) => elem.is_printable(types),
            Ty::Map(key, value) => key.is_printable(types) && value.is_printable(types),
            Ty::Struct(fields) => fields.iter().all(|field| field.ty.is_printable(types)),
            _ => true,
        }
    }

    /// An integer, floating-point or complex type.
    pub(crate) fn is_number(&self, types: &[Named]) -> bool {
        matches!(
            self.under(types),
            Ty::Int(_) | Ty::Float32 | Ty::Float64 | Ty::Complex64 | Ty::Complex128
        )
    }
}

impl Field {
    fn text(&self, types: &[Named]) -> String {
        if self.embedded {
            self.ty.text(types)
        } else {
            format!("{} {}", self.name, self.ty.text(types))
        }
    }
}

/// Types separated by commas.
pub(crate) fn texts(list: &[Ty], types: &[Named]) -> String {
    let list: Vec<String> = list.iter().map(|ty| ty.text(types)).collect();
    list.join(", ")
}
