//! Types as the running program needs them: `Program::types`.

use super::Generator;
use crate::types::constant::quote;
use crate::types::ty::{Basic, Dir, Named, NamedId, PackageId, Ty, Type};
use minigo_bytecode::{
    ChanDir, ElemRepr, Field, RuntimeType, SelectorId, ShapeId, TypeId, TypeKind,
};

/// Types with longer names are refused.
const MAX_NAME: usize = 1 << 16;

impl Generator<'_> {
    /// What stands at index 0: no type.
    pub(super) fn nil_type(&self) -> RuntimeType {
        RuntimeType {
            name: String::new(),
            kind: TypeKind::Bool,
            named: false,
            words: Vec::new(),
            indirect: false,
            size: 0,
            elem_size: 0,
            go_size: 0,
            repr: ElemRepr::Words(0),
            shape: ShapeId::SCALAR,
            elem_shape: ShapeId::SCALAR,
            direct: false,
            comparable: false,
            methods: Vec::new(),
            pointer_to: None,
        }
    }

    /// The run-time description of a type (without type parameters).
    pub(super) fn type_id(&mut self, ty: Ty) -> TypeId {
        if let Some(&id) = self.type_ids.get(&ty) {
            return id;
        }
        let id = TypeId(self.program.types.len() as u32);
        self.type_ids.insert(ty, id);
        self.type_list.push(ty);
        self.methods_done.push(0);
        // Reserves the index: a type may contain itself.
        self.program.types.push(self.nil_type());
        let kind = self.type_kind(ty);
        let layout = self.layouts.get(&self.types, ty);
        let shape = self.shape(&layout.period);
        let elem_shape = if layout.elem_size < 8 {
            ShapeId::SCALAR
        } else {
            shape
        };
        let name = self.type_name(ty);
        if name.len() > MAX_NAME {
            let loc = self.module.funcs[self.module.main.0 as usize].loc;
            let message =
                format!("not supported by minigo: type with a name of more than {MAX_NAME} bytes");
            self.refuse(loc, message);
        }
        self.program.types[id.index()] = RuntimeType {
            name,
            kind,
            named: matches!(self.types.get(ty), Type::Named(_)),
            words: layout.kinds.to_vec(),
            indirect: layout.indirect,
            size: layout.size,
            elem_size: layout.elem_size,
            go_size: self.go_size(ty).0,
            repr: layout.repr,
            shape,
            elem_shape,
            direct: layout.direct,
            comparable: self.types.comparable(ty, true),
            methods: Vec::new(),
            pointer_to: None,
        };
        id
    }

    /// The same, callable while the module is borrowed.
    pub(super) fn type_id_of(&mut self, ty: Ty) -> TypeId {
        self.type_id(ty)
    }

    fn type_kind(&mut self, ty: Ty) -> TypeKind {
        match self.types.under(ty).clone() {
            Type::Basic(basic) => basic_kind(basic),
            Type::Pointer(elem) => TypeKind::Pointer {
                elem: self.type_id(elem),
            },
            Type::Slice(elem) => TypeKind::Slice {
                elem: self.type_id(elem),
            },
            Type::Array { elem, len } => TypeKind::Array {
                elem: self.type_id(elem),
                len,
            },
            Type::Map { key, value } => TypeKind::Map {
                key: self.type_id(key),
                value: self.type_id(value),
            },
            Type::Chan { elem, dir } => TypeKind::Chan {
                elem: self.type_id(elem),
                dir: match dir {
                    Dir::Both => ChanDir::Both,
                    Dir::Send => ChanDir::Send,
                    Dir::Recv => ChanDir::Recv,
                },
            },
            Type::Func(sig) => TypeKind::Func {
                params: sig.params.iter().map(|&p| self.type_id(p)).collect(),
                results: sig.results.iter().map(|&r| self.type_id(r)).collect(),
                variadic: sig.variadic,
            },
            Type::Interface(interface) => {
                let mut methods: Vec<SelectorId> = interface
                    .methods
                    .iter()
                    .map(|m| self.selector(&m.name, m.package, m.sig))
                    .collect();
                methods.sort();
                TypeKind::Interface { methods }
            }
            Type::Struct(fields) => {
                let layout = self.layouts.get(&self.types, ty);
                let fields = fields
                    .iter()
                    .zip(&layout.fields)
                    .map(|(field, offset)| Field {
                        name: field.name.to_string(),
                        ty: self.type_id(field.ty),
                        offset: offset * 8,
                        embedded: field.embedded,
                        exported: field.package.is_none(),
                        tag: field.tag.to_string(),
                    })
                    .collect();
                TypeKind::Struct { fields }
            }
            Type::Named(_) | Type::Tuple(_) | Type::Param(_) => TypeKind::Struct { fields: vec![] },
        }
    }

    /// Links that exist only when all types are known.
    pub(super) fn finish_types(&mut self) {
        for index in 1..self.type_list.len() {
            if let TypeKind::Pointer { elem } = self.program.types[index].kind
                && !self.program.types[index].named
            {
                self.program.types[elem.index()].pointer_to = Some(TypeId(index as u32));
            }
            self.program.types[index].methods.sort();
        }
    }

    /// The type as `%T` prints it.
    pub(super) fn type_name(&self, ty: Ty) -> String {
        let mut out = String::new();
        self.write_type(ty, false, &mut out);
        out
    }

    /// Which of the package's local types it is, in the order of the source, from 1.
    fn local_number(&self, id: NamedId) -> usize {
        let named = &self.types.named[id.0 as usize];
        let key = |named: &Named| (named.loc.file, named.loc.span.start);
        let of_package = |other: &&Named| {
            other.local != 0
                && !other.alias
                && other.origin.is_none()
                && other.package == named.package
        };
        let all = self.types.named.iter().filter(of_package);
        1 + all.filter(|other| key(other) < key(named)).count()
    }

    fn write_type(&self, ty: Ty, full_path: bool, out: &mut String) {
        // An instance of an instance of an instance can have a name that fits nowhere.
        if out.len() > MAX_NAME {
            return;
        }
        match self.types.get(ty) {
            Type::Basic(basic) => out.push_str(basic_name(*basic)),
            Type::Named(id) => {
                let named = &self.types.named[id.0 as usize];
                if named.package != PackageId(0) {
                    let (path, name) = &self.types.packages[named.package.0 as usize];
                    out.push_str(if full_path { path } else { name });
                    out.push('.');
                }
                out.push_str(&named.name);
                if let Some((_, args)) = &named.origin {
                    out.push('[');
                    for (i, &arg) in args.iter().enumerate() {
                        if i > 0 {
                            out.push(if i == named.captured { ';' } else { ',' });
                        }
                        self.write_type(arg, true, out);
                    }
                    out.push(']');
                }
                if full_path && named.local != 0 {
                    out.push_str(&format!("·{}", self.local_number(*id)));
                }
            }
            Type::Pointer(elem) => {
                out.push('*');
                self.write_type(*elem, full_path, out);
            }
            Type::Slice(elem) => {
                out.push_str("[]");
                self.write_type(*elem, full_path, out);
            }
            Type::Array { elem, len } => {
                out.push_str(&format!("[{len}]"));
                self.write_type(*elem, full_path, out);
            }
            Type::Map { key, value } => {
                out.push_str("map[");
                self.write_type(*key, full_path, out);
                out.push(']');
                self.write_type(*value, full_path, out);
            }
            Type::Chan { elem, dir } => {
                let inner_receives =
                    matches!(self.types.get(*elem), Type::Chan { dir: Dir::Recv, .. });
                out.push_str(match dir {
                    Dir::Both => "chan ",
                    Dir::Send => "chan<- ",
                    Dir::Recv => "<-chan ",
                });
                if *dir == Dir::Both && inner_receives {
                    out.push('(');
                    self.write_type(*elem, full_path, out);
                    out.push(')');
                } else {
                    self.write_type(*elem, full_path, out);
                }
            }
            Type::Func(_) => {
                out.push_str("func");
                self.write_sig(ty, full_path, out);
            }
            Type::Struct(fields) => {
                out.push_str("struct {");
                for (i, field) in fields.iter().enumerate() {
                    out.push_str(if i > 0 { "; " } else { " " });
                    if !field.embedded {
                        out.push_str(&field.name);
                        out.push(' ');
                    }
                    self.write_type(field.ty, full_path, out);
                    if !field.tag.is_empty() {
                        out.push(' ');
                        out.push_str(&quote(field.tag.as_bytes()));
                    }
                }
                out.push_str(if fields.is_empty() { "}" } else { " }" });
            }
            Type::Interface(interface) => {
                out.push_str("interface {");
                for (i, method) in interface.methods.iter().enumerate() {
                    out.push_str(if i > 0 { "; " } else { " " });
                    if let Some(package) = method.package {
                        out.push_str(&self.types.packages[package.0 as usize].0);
                        out.push('.');
                    }
                    out.push_str(&method.name);
                    self.write_sig(method.sig, full_path, out);
                }
                out.push_str(if interface.methods.is_empty() {
                    "}"
                } else {
                    " }"
                });
            }
            Type::Tuple(tys) => self.write_list(tys, false, full_path, out),
            Type::Param(param) => out.push_str(&self.types.params[param.0 as usize].name),
        }
    }

    fn write_list(&self, tys: &[Ty], variadic: bool, full_path: bool, out: &mut String) {
        out.push('(');
        for (i, &ty) in tys.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            match self.types.get(ty) {
                Type::Slice(elem) if variadic && i + 1 == tys.len() => {
                    out.push_str("...");
                    self.write_type(*elem, full_path, out);
                }
                _ => self.write_type(ty, full_path, out),
            }
        }
        out.push(')');
    }

    fn write_sig(&self, sig: Ty, full_path: bool, out: &mut String) {
        let Type::Func(sig) = self.types.under(sig) else {
            return;
        };
        self.write_list(&sig.params, sig.variadic, full_path, out);
        match sig.results.as_slice() {
            [] => {}
            [one] => {
                out.push(' ');
                self.write_type(*one, full_path, out);
            }
            many => {
                out.push(' ');
                self.write_list(many, false, full_path, out);
            }
        }
    }

    /// Size and alignment that Go gives the type on a 64-bit machine.
    pub(super) fn go_size(&mut self, ty: Ty) -> (u64, u64) {
        if let Some(&known) = self.go_sizes.get(&ty) {
            return known;
        }
        let size = self.compute_go_size(ty);
        self.go_sizes.insert(ty, size);
        size
    }

    fn compute_go_size(&mut self, ty: Ty) -> (u64, u64) {
        match self.types.under(ty).clone() {
            Type::Basic(basic) => match basic {
                Basic::Bool | Basic::Int8 | Basic::Uint8 => (1, 1),
                Basic::Int16 | Basic::Uint16 => (2, 2),
                Basic::Int32 | Basic::Uint32 | Basic::Float32 => (4, 4),
                Basic::Complex64 => (8, 4),
                Basic::Complex128 | Basic::String => (16, 8),
                _ => (8, 8),
            },
            Type::Slice(_) => (24, 8),
            Type::Interface(_) => (16, 8),
            Type::Array { elem, len } => {
                let (size, align) = self.go_size(elem);
                (size.saturating_mul(len), align)
            }
            Type::Struct(fields) => {
                let (mut size, mut max_align, mut last) = (0u64, 1, 1);
                for field in fields.iter() {
                    let (field_size, align) = self.go_size(field.ty);
                    let start = size.checked_next_multiple_of(align).unwrap_or(u64::MAX);
                    size = start.saturating_add(field_size);
                    max_align = max_align.max(align);
                    last = field_size;
                }
                // A zero-size field at the end gets a byte, so that its address stays inside.
                if last == 0 && size > 0 {
                    size = size.saturating_add(1);
                }
                (
                    size.div_ceil(max_align).saturating_mul(max_align),
                    max_align,
                )
            }
            _ => (8, 8),
        }
    }
}

fn basic_kind(basic: Basic) -> TypeKind {
    match basic {
        Basic::Bool | Basic::UntypedBool => TypeKind::Bool,
        Basic::Int | Basic::UntypedInt | Basic::Invalid => TypeKind::Int,
        Basic::Int8 => TypeKind::Int8,
        Basic::Int16 => TypeKind::Int16,
        Basic::Int32 | Basic::UntypedRune => TypeKind::Int32,
        Basic::Int64 => TypeKind::Int64,
        Basic::Uint => TypeKind::Uint,
        Basic::Uint8 => TypeKind::Uint8,
        Basic::Uint16 => TypeKind::Uint16,
        Basic::Uint32 => TypeKind::Uint32,
        Basic::Uint64 => TypeKind::Uint64,
        Basic::Uintptr => TypeKind::Uintptr,
        Basic::Float32 => TypeKind::Float32,
        Basic::Float64 | Basic::UntypedFloat => TypeKind::Float64,
        Basic::Complex64 => TypeKind::Complex64,
        Basic::Complex128 | Basic::UntypedComplex => TypeKind::Complex128,
        Basic::String | Basic::UntypedString => TypeKind::String,
        Basic::UnsafePointer | Basic::UntypedNil => TypeKind::UnsafePointer,
    }
}

fn basic_name(basic: Basic) -> &'static str {
    match basic {
        Basic::Bool | Basic::UntypedBool => "bool",
        Basic::Int | Basic::UntypedInt | Basic::Invalid => "int",
        Basic::Int8 => "int8",
        Basic::Int16 => "int16",
        Basic::Int32 | Basic::UntypedRune => "int32",
        Basic::Int64 => "int64",
        Basic::Uint => "uint",
        Basic::Uint8 => "uint8",
        Basic::Uint16 => "uint16",
        Basic::Uint32 => "uint32",
        Basic::Uint64 => "uint64",
        Basic::Uintptr => "uintptr",
        Basic::Float32 => "float32",
        Basic::Float64 | Basic::UntypedFloat => "float64",
        Basic::Complex64 => "complex64",
        Basic::Complex128 | Basic::UntypedComplex => "complex128",
        Basic::String | Basic::UntypedString => "string",
        Basic::UnsafePointer | Basic::UntypedNil => "unsafe.Pointer",
    }
}
