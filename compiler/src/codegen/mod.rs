//! Code generation: from the typed tree to bytecode.
//!
//! Only what the program reaches is generated: a worklist starts at package initialisation and `main.main`, and method
//! tables take in a method only once its name is called through some interface. [`func::FuncGen`] generates one function
//! (its other methods are in the files named for what they translate); this file holds what functions share: tables of the
//! program, and which function has which index.
//!
//! Code goes straight to where a value is wanted: [`func::FuncGen::expr_to`] is given the destination registers, and
//! a local variable is an operand in place. Functions are generated with virtual registers and labels; see `regalloc` and
//! `jumps` for how these become final.

mod assign;
mod builtin;
mod call;
mod compare;
mod convert;
mod decl;
mod expr;
mod func;
mod jumps;
mod layout;
mod literal;
mod method;
mod names;
mod operand;
mod range;
mod regalloc;
mod runtime_type;
mod select;
pub(crate) mod session;
mod stmt;
mod switch;

use crate::escape::Escapes;
use crate::types::ty::{FileIndex, Loc, NamedId, PackageId, Sig, Ty, Type, Types};
use crate::types::typed::{self, FuncRef, GlobalRef, Module};
use func::{Env, Spare};
use layout::{Kinds, Layouts};
use minigo_bytecode::{
    ConstId, File, FileId, Func, FuncId, Native, NativeId, Op, Position, Program, Selector,
    SelectorId, Shape, ShapeId, StringId, TypeId, WellKnown, WordKind,
};
use minigo_grammar::source::{SourceFile, Span};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Something correct that cannot be translated, because it exceeds a limit of the bytecode.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub loc: Loc,
    pub message: String,
}

fn source_file(file: &SourceFile) -> File {
    File {
        name: file.name().to_string(),
        library: file.is_library(),
    }
}

/// Generates the whole program, or says what of it is too big or not supported.
pub fn generate(
    mut module: Module,
    escapes: &Escapes,
    files: &[SourceFile],
) -> Result<Program, Vec<Refusal>> {
    let types = std::mem::take(&mut module.types);
    let mut generator = Generator::new(&module, types, escapes, files);
    generator.well_known();
    let entry = generator.entry();
    generator.drain();
    generator.into_program(entry)
}

/// What functions of a program share while it is generated.
pub(crate) struct Generator<'m> {
    module: &'m Module,
    escapes: &'m Escapes,
    files: &'m [SourceFile],
    types: Types,
    /// The instances of generic types.
    instances: FxHashMap<(NamedId, Vec<Ty>), Ty>,
    layouts: Layouts,
    program: Program,
    funcs: Vec<Option<Func>>,
    func_ids: FxHashMap<(FuncRef, Rc<[Ty]>), FuncId>,
    native_ids: FxHashMap<FuncRef, NativeId>,
    native_funcs: FxHashMap<FuncRef, FuncId>,
    pending: Vec<(FuncId, FuncRef, Rc<[Ty]>)>,
    words: FxHashMap<u64, ConstId>,
    strings: FxHashMap<Vec<u8>, StringId>,
    shapes: FxHashMap<Vec<WordKind>, ShapeId>,
    type_ids: FxHashMap<Ty, TypeId>,
    /// The types of `program.types`, by index.
    type_list: Vec<Ty>,
    selectors: FxHashMap<(Selector, Ty), SelectorId>,
    /// Package ids of unexported selectors, and the methods' types: methods of one name and different types differ.
    selector_keys: Vec<(Option<PackageId>, Ty)>,
    /// For each type, how many of the selectors its method table has taken in.
    methods_done: Vec<usize>,
    globals: FxHashMap<GlobalRef, u32>,
    /// Globals of indirect type: their memory is made at entry.
    indirect_globals: Vec<(GlobalRef, u32)>,
    refusals: Vec<Refusal>,
    /// What Go says of the sizes of types: size and alignment.
    go_sizes: FxHashMap<Ty, (u64, u64)>,
    /// No type arguments, shared.
    no_types: Rc<[Ty]>,
    no_env: Env,
    no_kinds: Kinds,
    spare: Vec<Spare>,
}

impl<'m> Generator<'m> {
    /// `types`: those of the module.
    fn new(
        module: &'m Module,
        types: Types,
        escapes: &'m Escapes,
        files: &'m [SourceFile],
    ) -> Self {
        let shapes = Shape::first();
        let program = Program {
            files: files.iter().map(source_file).collect(),
            shapes: shapes.clone(),
            ..Program::default()
        };
        let mut generator = Generator {
            module,
            escapes,
            files,
            types,
            instances: FxHashMap::default(),
            layouts: Layouts::new(escapes.element_addresses.clone()),
            program,
            funcs: Vec::new(),
            func_ids: FxHashMap::default(),
            native_ids: FxHashMap::default(),
            native_funcs: FxHashMap::default(),
            pending: Vec::new(),
            words: FxHashMap::default(),
            strings: FxHashMap::default(),
            shapes: FxHashMap::default(),
            type_ids: FxHashMap::default(),
            type_list: vec![Ty::INVALID],
            selectors: FxHashMap::default(),
            selector_keys: Vec::new(),
            methods_done: vec![0],
            globals: FxHashMap::default(),
            indirect_globals: Vec::new(),
            refusals: Vec::new(),
            go_sizes: FxHashMap::default(),
            no_types: Rc::new([]),
            no_env: Rc::new([]),
            no_kinds: Rc::new([]),
            spare: Vec::new(),
        };
        generator.note_instances();
        for (i, shape) in shapes.into_iter().enumerate() {
            generator.shapes.insert(shape.kinds, ShapeId(i as u32));
        }
        generator.program.types.push(generator.nil_type());
        generator
    }

    /// Notes the instances of generic types that the checker has made.
    fn note_instances(&mut self) {
        for index in 0..self.types.named.len() {
            if let Some(origin) = self.types.named[index].origin.clone() {
                let id = NamedId(index as u32);
                let ty = self.types.intern(Type::Named(id));
                self.instances.insert(origin, ty);
            }
        }
    }

    /// Refuses the program.
    fn refuse(&mut self, loc: Loc, message: String) {
        if !self.refusals.iter().any(|r| r.loc == loc) {
            self.refusals.push(Refusal { loc, message });
        }
    }

    // ---- tables --------------------------------------------------------------------------

    /// The constant's index.
    fn word(&mut self, word: u64) -> ConstId {
        let words = &mut self.program.words;
        *self.words.entry(word).or_insert_with(|| {
            words.push(word);
            ConstId(words.len() as u32 - 1)
        })
    }

    /// The string's index.
    fn string(&mut self, string: &[u8]) -> StringId {
        if let Some(&id) = self.strings.get(string) {
            return id;
        }
        self.program.strings.push(string.to_vec());
        let id = StringId(self.program.strings.len() as u32 - 1);
        self.strings.insert(string.to_vec(), id);
        id
    }

    /// The shape's index.
    fn shape(&mut self, kinds: &[WordKind]) -> ShapeId {
        if let Some(&id) = self.shapes.get(kinds) {
            return id;
        }
        self.program.shapes.push(Shape {
            kinds: kinds.to_vec(),
        });
        let id = ShapeId(self.program.shapes.len() as u32 - 1);
        self.shapes.insert(kinds.to_vec(), id);
        id
    }

    /// The shape of a closure object: the function's index, then what it captures.
    fn closure_shape(&mut self, captures: &[WordKind]) -> ShapeId {
        if captures
            .iter()
            .all(|k| matches!(k, WordKind::Int | WordKind::Float))
        {
            return ShapeId::SCALAR;
        }
        let mut kinds = vec![WordKind::Int];
        kinds.extend_from_slice(captures);
        self.shape(&kinds)
    }

    /// The method name's index; from now on it is called through an interface.
    fn selector(&mut self, name: &str, package: Option<PackageId>, sig: Ty) -> SelectorId {
        let selector = Selector {
            name: name.to_string(),
            package: package.map(|p| self.types.packages[p.0 as usize].0.to_string()),
        };
        let key = (selector, sig);
        if let Some(&id) = self.selectors.get(&key) {
            return id;
        }
        let id = SelectorId(self.program.selectors.len() as u16);
        self.program.selectors.push(key.0.clone());
        self.selectors.insert(key, id);
        self.selector_keys.push((package, sig));
        id
    }

    /// Where a package-level variable lies, in words.
    fn global(&mut self, global: GlobalRef) -> u32 {
        if let Some(&offset) = self.globals.get(&global) {
            return offset;
        }
        let variable = &self.module.globals[global.0 as usize];
        let layout = self.layouts.get(&self.types, variable.ty);
        let globals = &mut self.program.globals;
        if layout.pairs && !layout.indirect && globals.len() % 2 == 1 {
            globals.push(WordKind::Int);
        }
        let offset = globals.len() as u32;
        globals.extend_from_slice(&layout.kinds);
        let named = matches!(
            self.types.under(variable.ty),
            Type::Struct(_) | Type::Pointer(_) | Type::Chan { .. }
        );
        let reported = minigo_bytecode::Global {
            name: variable.name.to_string(),
            offset,
            position: self.position(variable.loc),
            ty: named.then(|| self.type_id(variable.ty)),
            indirect: layout.indirect,
        };
        self.program.global_names.push(reported);
        if layout.indirect {
            self.indirect_globals.push((global, offset));
        }
        self.globals.insert(global, offset);
        offset
    }

    /// A package-level variable's name, with its package.
    fn global_name(&self, global: GlobalRef) -> &'m str {
        &self.module.globals[global.0 as usize].name
    }

    /// Where a line of a file is.
    fn line_span(&self, file: FileIndex, line: u32) -> Span {
        match self.files.get(file.0 as usize) {
            Some(file) => file.line_span(line),
            None => Span::at(0),
        }
    }

    /// Where a place in the source is.
    fn position(&self, loc: Loc) -> Position {
        let Some(file) = self.files.get(loc.file.0 as usize) else {
            return Position::default();
        };
        let at = file.line_col(loc.span.start);
        Position {
            file: FileId(loc.file.0),
            line: at.line,
            column: at.col,
        }
    }

    // ---- functions -----------------------------------------------------------------------

    /// An index for a function that is about to be generated.
    fn new_func(&mut self) -> FuncId {
        self.funcs.push(None);
        FuncId(self.funcs.len() as u32 - 1)
    }

    /// The declared function with these type arguments; it will be generated.
    fn func(&mut self, func: FuncRef, type_args: Rc<[Ty]>) -> FuncId {
        if self.module.funcs[func.0 as usize].native {
            return self.native_func(func);
        }
        if let Some(&id) = self.func_ids.get(&(func, type_args.clone())) {
            return id;
        }
        let id = self.new_func();
        self.func_ids.insert((func, type_args.clone()), id);
        self.pending.push((id, func, type_args));
        id
    }

    /// The native's index.
    fn native(&mut self, func: FuncRef) -> NativeId {
        if let Some(&id) = self.native_ids.get(&func) {
            return id;
        }
        let declared = &self.module.funcs[func.0 as usize];
        let (params, results) = self.sig_kinds(declared.code.sig);
        self.program.natives.push(Native {
            name: declared.name.to_string(),
            params,
            results,
        });
        let id = NativeId(self.program.natives.len() as u32 - 1);
        self.native_ids.insert(func, id);
        id
    }

    /// A native that no declaration names.
    fn native_by_name(
        &mut self,
        name: &str,
        params: &[WordKind],
        results: &[WordKind],
    ) -> NativeId {
        let natives = &mut self.program.natives;
        let known = natives.iter().position(|n| n.name == name);
        let index = known.unwrap_or_else(|| {
            natives.push(Native {
                name: name.to_string(),
                params: params.to_vec(),
                results: results.to_vec(),
            });
            natives.len() - 1
        });
        NativeId(index as u32)
    }

    /// Kinds of the parameter and result words of a function type.
    fn sig_kinds(&mut self, sig: Ty) -> (Vec<WordKind>, Vec<WordKind>) {
        let Type::Func(sig) = self.types.under(sig).clone() else {
            return (Vec::new(), Vec::new());
        };
        let mut kinds_of = |tys: &[Ty]| -> Vec<WordKind> {
            let mut kinds = Vec::new();
            for &ty in tys {
                kinds.extend_from_slice(&self.layouts.get(&self.types, ty).kinds);
            }
            kinds
        };
        (kinds_of(&sig.params), kinds_of(&sig.results))
    }

    /// Puts type arguments in for type parameters.
    fn substitute(&mut self, ty: Ty, env: &Env) -> Ty {
        if !self.types.is_open(ty) {
            return ty;
        }
        match self.types.get(ty).clone() {
            Type::Param(param) => env
                .iter()
                .find(|(p, _)| *p == param)
                .map_or(ty, |(_, arg)| *arg),
            Type::Basic(_) => ty,
            Type::Pointer(elem) => {
                let elem = self.substitute(elem, env);
                self.types.intern(Type::Pointer(elem))
            }
            Type::Slice(elem) => {
                let elem = self.substitute(elem, env);
                self.types.intern(Type::Slice(elem))
            }
            Type::Array { elem, len } => {
                let elem = self.substitute(elem, env);
                self.types.intern(Type::Array { elem, len })
            }
            Type::Map { key, value } => {
                let key = self.substitute(key, env);
                let value = self.substitute(value, env);
                self.types.intern(Type::Map { key, value })
            }
            Type::Chan { elem, dir } => {
                let elem = self.substitute(elem, env);
                self.types.intern(Type::Chan { elem, dir })
            }
            Type::Func(sig) => {
                let mut sig = (*sig).clone();
                for ty in sig.params.iter_mut().chain(&mut sig.results) {
                    *ty = self.substitute(*ty, env);
                }
                self.types.intern(Type::from(sig))
            }
            Type::Struct(fields) => {
                let mut fields = fields.to_vec();
                for field in &mut fields {
                    field.ty = self.substitute(field.ty, env);
                }
                self.types.intern(Type::Struct(fields.into()))
            }
            Type::Interface(interface) => {
                let mut interface = (*interface).clone();
                for method in &mut interface.methods {
                    method.sig = self.substitute(method.sig, env);
                }
                self.types.intern(Type::Interface(Rc::new(interface)))
            }
            Type::Tuple(tys) => {
                let tys = tys.iter().map(|&ty| self.substitute(ty, env)).collect();
                self.types.intern(Type::Tuple(tys))
            }
            Type::Named(id) => {
                let Some((generic, args)) = self.types.named[id.0 as usize].origin.clone() else {
                    return ty;
                };
                let new: Vec<Ty> = args.iter().map(|&a| self.substitute(a, env)).collect();
                if new == args {
                    return ty;
                }
                let key = (generic, new);
                match self.instances.get(&key) {
                    Some(&ty) => ty,
                    None => self.instantiate_named(generic, key.1),
                }
            }
        }
    }

    /// A new instance of a generic type.
    fn instantiate_named(&mut self, generic: NamedId, args: Vec<Ty>) -> Ty {
        let mut named = self.types.named[generic.0 as usize].clone();
        let env: Env = named
            .type_params
            .iter()
            .copied()
            .zip(args.iter().copied())
            .collect();
        let underlying = named.underlying;
        named.origin = Some((generic, args.clone()));
        named.underlying = Ty::INVALID;
        let (id, ty) = self.types.declare_named(named);
        self.instances.insert((generic, args), ty);
        let underlying = self.substitute(underlying, &env);
        for index in 0..self.types.named[id.0 as usize].methods.len() {
            let sig = self.types.named[id.0 as usize].methods[index].sig;
            let sig = self.substitute(sig, &env);
            self.types.named[id.0 as usize].methods[index].sig = sig;
        }
        self.types.named[id.0 as usize].underlying = underlying;
        ty
    }

    /// Generates everything that is waiting, and the method tables, until nothing is missing.
    fn drain(&mut self) {
        loop {
            while let Some((id, func, type_args)) = self.pending.pop() {
                self.declared_func(id, func, type_args);
            }
            if !self.fill_method_tables() && self.pending.is_empty() {
                break;
            }
        }
        // Only now is it known which of the package-level variables need memory.
        self.memory_of_globals();
    }

    /// Types and functions that the VM knows by name.
    fn well_known(&mut self) {
        let find = |name: &str| {
            self.module
                .well_known
                .iter()
                .find(|(package, n, _)| &**package == "runtime" && &**n == name)
                .map(|(_, _, ty)| *ty)
        };
        let values = ["errorString", "boundsError", "plainError"].map(find);
        let pointers = ["TypeAssertionError", "PanicNilError"].map(find);
        let [runtime_error, bounds_error, plain_error] =
            values.map(|ty| ty.map_or(TypeId(0), |ty| self.type_id_of(ty)));
        let [type_assertion_error, panic_nil_error] = pointers.map(|ty| {
            ty.map_or(TypeId(0), |ty| {
                let pointer = self.types.intern(Type::Pointer(ty));
                self.type_id_of(pointer)
            })
        });
        let to_string = self.types.intern(Type::from(Sig {
            params: Vec::new(),
            results: vec![Ty::STRING],
            variadic: false,
        }));
        self.program.well_known = WellKnown {
            runtime_error,
            bounds_error,
            plain_error,
            type_assertion_error,
            panic_nil_error,
            string: self.type_id(Ty::STRING),
            int: self.type_id(Ty::INT),
            error_method: Some(self.selector("Error", None, to_string)),
            string_method: Some(self.selector("String", None, to_string)),
            ..WellKnown::default()
        };
        let text = self
            .module
            .funcs
            .iter()
            .position(|f| &*f.name == "runtime.printPanicValue");
        if let Some(index) = text {
            self.program.well_known.panic_text = self.func(FuncRef(index as u32), Rc::new([]));
        }
    }

    /// The function that runs package initialisation and then `main.main`. Its code is complete except for the memory of
    /// package-level variables, which `memory_of_globals` puts before it.
    fn entry(&mut self) -> FuncId {
        let id = self.new_func();
        let mut code = Vec::new();
        let window = minigo_bytecode::FRAME_WORDS as u16 + 1;
        for &init in self.module.inits.iter().chain([&self.module.main]) {
            let func = self.func(init, Rc::new([]));
            code.push(Op::Call { window, func });
        }
        code.push(Op::Return0 {});
        self.funcs[id.index()] = Some(Func {
            name: "runtime.main".to_string(),
            params: Vec::new(),
            results: Vec::new(),
            registers: vec![WordKind::Ptr],
            frame_size: u32::from(window) + 1,
            code,
            lines: Vec::new(),
            is_closure: false,
            captures: Vec::new(),
            closure_shape: ShapeId::SCALAR,
            sites: Vec::new(),
            variables: Vec::new(),
            recover_pc: None,
            unsigned_indices: Vec::new(),
            wrapper: true,
            position: Position::default(),
        });
        id
    }

    /// Gives package-level variables of indirect type their memory, before anything else runs.
    fn memory_of_globals(&mut self) {
        let dst = minigo_bytecode::Reg(0);
        let mut code = vec![Op::Zero { dst, count: 1 }];
        for (global, off) in std::mem::take(&mut self.indirect_globals) {
            let ty = self.module.globals[global.0 as usize].ty;
            code.push(Op::New {
                dst,
                ty: self.type_id(ty),
            });
            code.push(Op::StoreGlobalPtr { src: dst, off });
        }
        // The entry function is the first one after those of `well_known`.
        let entry = self
            .funcs
            .iter_mut()
            .flatten()
            .find(|f| f.name == "runtime.main" && f.wrapper);
        if let Some(entry) = entry {
            code.append(&mut entry.code);
            entry.code = code;
        }
    }

    fn into_program(mut self, entry: FuncId) -> Result<Program, Vec<Refusal>> {
        if self.program.selectors.len() > u16::MAX as usize {
            let loc = self.module.funcs[self.module.main.0 as usize].loc;
            self.refuse(loc, "the program has too many method names".to_string());
        }
        if let Some(ty) = self.layouts.too_large {
            let loc = match self.types.get(ty) {
                Type::Named(id) => self.types.named[id.0 as usize].loc,
                _ => self.module.funcs[self.module.main.0 as usize].loc,
            };
            let bytes = self.go_size(ty).0;
            let message = format!("not supported by minigo: struct type of {bytes} bytes");
            self.refuse(loc, message);
        }
        if !self.refusals.is_empty() {
            return Err(self.refusals);
        }
        self.program.entry = entry;
        self.finish_types();
        let funcs = std::mem::take(&mut self.funcs);
        let count = funcs.len();
        self.program.funcs = funcs.into_iter().flatten().collect();
        if self.program.funcs.len() != count {
            let loc = self.module.funcs[self.module.main.0 as usize].loc;
            let message = "internal error: a function was not generated".to_string();
            return Err(vec![Refusal { loc, message }]);
        }
        Ok(self.program)
    }

    /// The declaration of a function.
    fn declared(&self, func: FuncRef) -> &'m typed::Func {
        &self.module.funcs[func.0 as usize]
    }
}
