//! Types as messages print them: `[]string`, `map[int]*T`, `func(int) error`, `time.Duration`.
//!
//! A defined type is qualified by its package's name unless it belongs to the package that is being checked. `byte` and
//! `uint8` are one type here, so how the program spells it is remembered in [`Spelling`]; likewise `rune`/`int32` and
//! `any`/`interface{}`.

use super::ty::{Basic, Dir, Interface, PackageId, Sig, Ty, Type, TypeParamId, Types};
use std::fmt::Write;

/// How the program spells the types that have two names.
#[derive(Clone, Copy, Default, Debug)]
pub struct Spelling {
    /// `uint8` is written somewhere.
    pub uint8: bool,
    /// `byte` is written somewhere; then slices are taken to be `[]byte`.
    pub byte: bool,
    /// `int32` is written somewhere, and `rune` nowhere.
    pub int32: bool,
    /// `interface{}` is written somewhere, and `any` nowhere.
    pub empty_interface: bool,
}

impl Basic {
    /// The name as Go prints it.
    pub fn name(self) -> &'static str {
        match self {
            Basic::Invalid => "invalid type",
            Basic::Bool => "bool",
            Basic::Int => "int",
            Basic::Int8 => "int8",
            Basic::Int16 => "int16",
            Basic::Int32 => "int32",
            Basic::Int64 => "int64",
            Basic::Uint => "uint",
            Basic::Uint8 => "uint8",
            Basic::Uint16 => "uint16",
            Basic::Uint32 => "uint32",
            Basic::Uint64 => "uint64",
            Basic::Uintptr => "uintptr",
            Basic::Float32 => "float32",
            Basic::Float64 => "float64",
            Basic::Complex64 => "complex64",
            Basic::Complex128 => "complex128",
            Basic::String => "string",
            Basic::UnsafePointer => "unsafe.Pointer",
            Basic::UntypedBool => "untyped bool",
            Basic::UntypedInt => "untyped int",
            Basic::UntypedRune => "untyped rune",
            Basic::UntypedFloat => "untyped float",
            Basic::UntypedComplex => "untyped complex",
            Basic::UntypedString => "untyped string",
            Basic::UntypedNil => "untyped nil",
        }
    }
}

impl Types {
    /// The type as messages in package `from` print it.
    pub fn type_string(&self, ty: Ty, from: PackageId) -> String {
        let mut printer = Printer {
            types: self,
            from,
            out: String::new(),
        };
        printer.ty(ty);
        printer.out
    }

    /// Parameters and results, after type parameters if there are any: `[T any](int, T) error`.
    pub fn sig_string(&self, type_params: &[TypeParamId], sig: &Sig, from: PackageId) -> String {
        let mut printer = Printer {
            types: self,
            from,
            out: String::new(),
        };
        if !type_params.is_empty() {
            printer.type_params(type_params);
        }
        printer.sig(sig);
        printer.out
    }

    /// `(int, string)`, for "have" and "want".
    pub fn tuple_string(&self, tys: &[Ty], variadic: bool, from: PackageId) -> String {
        let mut printer = Printer {
            types: self,
            from,
            out: String::new(),
        };
        printer.tuple(tys, variadic, ", ");
        printer.out
    }
}

/// What of a type's name is enough for a message.
const MAX_NAME: usize = 1 << 16;

struct Printer<'a> {
    types: &'a Types,
    from: PackageId,
    out: String,
}

impl Printer<'_> {
    fn ty(&mut self, ty: Ty) {
        // An instance of an instance of an instance can have a name that is longer than all memory.
        if self.out.len() > MAX_NAME {
            return;
        }
        let types = self.types;
        match types.get(ty) {
            Type::Basic(Basic::Uint8) if !types.spelling.uint8 => self.out.push_str("byte"),
            Type::Basic(Basic::Int32) if !types.spelling.int32 => self.out.push_str("rune"),
            Type::Basic(basic) => self.out.push_str(basic.name()),
            Type::Named(id) => {
                let named = &types.named[id.0 as usize];
                self.qualifier(named.package);
                self.out.push_str(&named.name);
                match &named.origin {
                    // A local type of a generic function: the first arguments are the function's.
                    Some((_, args)) if args.len() > named.captured => {
                        self.list(&args[named.captured..]);
                    }
                    None if named.type_params.len() > named.captured => {
                        self.type_params(&named.type_params[named.captured..]);
                    }
                    _ => {}
                }
            }
            Type::Pointer(elem) => {
                self.out.push('*');
                self.ty(*elem);
            }
            Type::Slice(Ty::UINT8) if types.spelling.byte => self.out.push_str("[]byte"),
            Type::Slice(elem) => {
                self.out.push_str("[]");
                self.ty(*elem);
            }
            Type::Array { elem, len } => {
                let _ = write!(self.out, "[{len}]");
                self.ty(*elem);
            }
            Type::Map { key, value } => {
                self.out.push_str("map[");
                self.ty(*key);
                self.out.push(']');
                self.ty(*value);
            }
            Type::Chan { elem, dir } => self.chan(*elem, *dir),
            Type::Func(sig) => {
                self.out.push_str("func");
                self.sig(sig);
            }
            Type::Struct(fields) => {
                self.out.push_str("struct{");
                for (i, field) in fields.iter().enumerate() {
                    if i > 0 {
                        self.out.push_str("; ");
                    }
                    if !field.embedded {
                        self.out.push_str(&field.name);
                        self.out.push(' ');
                    }
                    self.ty(field.ty);
                    if !field.tag.is_empty() {
                        let _ = write!(self.out, " {:?}", field.tag);
                    }
                }
                self.out.push('}');
            }
            Type::Interface(interface) => self.interface(interface),
            Type::Tuple(tys) => self.tuple(tys, false, ", "),
            Type::Param(id) => self.out.push_str(&types.params[id.0 as usize].name),
        }
    }

    fn chan(&mut self, elem: Ty, dir: Dir) {
        self.out.push_str(match dir {
            Dir::Both => "chan ",
            Dir::Send => "chan<- ",
            Dir::Recv => "<-chan ",
        });
        let parens =
            dir == Dir::Both && matches!(self.types.get(elem), Type::Chan { dir: Dir::Recv, .. });
        if parens {
            self.out.push('(');
        }
        self.ty(elem);
        if parens {
            self.out.push(')');
        }
    }

    fn interface(&mut self, interface: &Interface) {
        if interface.methods.is_empty() && interface.terms.is_none() && !interface.comparable {
            let empty = if self.types.spelling.empty_interface {
                "interface{}"
            } else {
                "any"
            };
            self.out.push_str(empty);
            return;
        }
        let implicit = interface.methods.is_empty() && !interface.comparable;
        if !implicit {
            self.out.push_str("interface{");
        }
        let mut separator = "";
        for method in &interface.methods {
            self.out.push_str(separator);
            separator = "; ";
            self.out.push_str(&method.name);
            if let Type::Func(sig) = self.types.get(method.sig) {
                self.sig(sig);
            }
        }
        if interface.comparable {
            self.out.push_str(separator);
            separator = "; ";
            self.out.push_str("comparable");
        }
        if let Some(terms) = &interface.terms {
            self.out.push_str(separator);
            for (i, term) in terms.iter().enumerate() {
                if i > 0 {
                    self.out.push_str(" | ");
                }
                if term.tilde {
                    self.out.push('~');
                }
                self.ty(term.ty);
            }
        }
        if !implicit {
            self.out.push('}');
        }
    }

    fn sig(&mut self, sig: &Sig) {
        self.tuple(&sig.params, sig.variadic, ", ");
        match sig.results.as_slice() {
            [] => {}
            [single] => {
                self.out.push(' ');
                self.ty(*single);
            }
            results => {
                self.out.push(' ');
                self.tuple(results, false, ", ");
            }
        }
    }

    fn tuple(&mut self, tys: &[Ty], variadic: bool, separator: &str) {
        self.out.push('(');
        for (i, &ty) in tys.iter().enumerate() {
            if i > 0 {
                self.out.push_str(separator);
            }
            match self.types.get(ty) {
                Type::Slice(elem) if variadic && i + 1 == tys.len() => {
                    self.out.push_str("...");
                    self.ty(*elem);
                }
                _ => self.ty(ty),
            }
        }
        self.out.push(')');
    }

    fn list(&mut self, tys: &[Ty]) {
        self.out.push('[');
        for (i, &ty) in tys.iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            self.ty(ty);
        }
        self.out.push(']');
    }

    /// `[K comparable, V any]`
    fn type_params(&mut self, params: &[TypeParamId]) {
        self.out.push('[');
        for (i, id) in params.iter().enumerate() {
            let types = self.types;
            let param = &types.params[id.0 as usize];
            self.out.push_str(&param.name);
            let next = params
                .get(i + 1)
                .map(|next| types.params[next.0 as usize].constraint);
            if next != Some(param.constraint) {
                self.out.push(' ');
                self.ty(param.constraint);
            }
            if next.is_some() {
                self.out.push_str(", ");
            }
        }
        self.out.push(']');
    }

    fn qualifier(&mut self, package: PackageId) {
        if package != self.from && package.0 != 0 {
            self.out
                .push_str(&self.types.packages[package.0 as usize].1);
            self.out.push('.');
        }
    }
}
