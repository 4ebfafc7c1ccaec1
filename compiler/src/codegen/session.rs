//! Code for a program that grows: each input of a session adds to the tables of the ones before.
//!
//! Whatever has an index keeps it; an [`Extension`] holds what is new, and the method tables of earlier types that have grown.

use super::{Generator, Layouts, Refusal, source_file};
use crate::escape::Escapes;
use crate::types::ty::{NamedId, PackageId, Ty, Types};
use crate::types::typed::{FuncRef, GlobalRef, Module};
use minigo_bytecode::{
    ConstId, Extension, File, FileId, Func, FuncId, NativeId, Op, Position, Program, Reg, Selector,
    SelectorId, ShapeId, StringId, TypeId, TypeUpdate, WordKind,
};
use minigo_grammar::source::SourceFile;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// What the generator knows between two inputs.
pub(crate) struct State {
    layouts: Layouts,
    instances: FxHashMap<(NamedId, Vec<Ty>), Ty>,
    /// Without the functions, which only the machine keeps.
    program: Program,
    /// One slot for each function that was generated, empty.
    funcs: Vec<Option<Func>>,
    func_ids: FxHashMap<(FuncRef, Rc<[Ty]>), FuncId>,
    native_ids: FxHashMap<FuncRef, NativeId>,
    native_funcs: FxHashMap<FuncRef, FuncId>,
    words: FxHashMap<u64, ConstId>,
    strings: FxHashMap<Vec<u8>, StringId>,
    shapes: FxHashMap<Vec<WordKind>, ShapeId>,
    type_ids: FxHashMap<Ty, TypeId>,
    type_list: Vec<Ty>,
    selectors: FxHashMap<(Selector, Ty), SelectorId>,
    selector_keys: Vec<(Option<PackageId>, Ty)>,
    methods_done: Vec<usize>,
    globals: FxHashMap<GlobalRef, u32>,
    /// What the machine has.
    sent: Lengths,
}

impl State {
    /// Where a package-level variable lies, in words.
    pub(crate) fn offset_of(&self, global: u32) -> Option<u32> {
        self.globals.get(&GlobalRef(global)).copied()
    }
}

/// Generates the first part of a session's program; its entry function runs `run`.
pub(crate) fn begin(
    module: &Module,
    escapes: &Escapes,
    files: &[SourceFile],
    run: &[FuncRef],
) -> Result<(Program, State, Types), Vec<Refusal>> {
    let mut generator = Generator::new(module, module.types.clone(), escapes, files);
    generator.well_known();
    let entry = generator.input_entry(run);
    generator.drain();
    generator.finish_entry(entry);
    if !generator.refusals.is_empty() {
        return Err(generator.refusals);
    }
    generator.finish_types();
    let mut program = generator.program.clone();
    program.entry = entry;
    program.funcs = generator.take_funcs(0)?;
    let sent = Lengths::of(&generator);
    let (state, types) = generator.suspend(sent);
    Ok((program, state, types))
}

/// Generates what an input adds. On a refusal the state is as good as before: nothing reaches what was refused.
pub(crate) fn extend(
    module: &Module,
    escapes: &Escapes,
    files: &[SourceFile],
    state: State,
    run: &[FuncRef],
    new_methods: bool,
) -> (State, Types, Result<Extension, Vec<Refusal>>) {
    let (mut generator, sent) = Generator::resume(module, escapes, files, state);
    let first = generator.funcs.len();
    if new_methods {
        generator.methods_done.fill(0);
    }
    let entry = generator.input_entry(run);
    generator.drain();
    generator.finish_entry(entry);
    generator.finish_types();
    generator.program.entry = entry;
    let refusals = std::mem::take(&mut generator.refusals);
    if !refusals.is_empty() {
        generator.replace_refused(first);
        let (state, types) = generator.suspend(sent);
        return (state, types, Err(refusals));
    }
    let extension = generator.extension(&sent);
    let sent = Lengths::of(&generator);
    let (state, types) = generator.suspend(sent);
    (state, types, extension)
}

/// How long the tables were.
struct Lengths {
    funcs: usize,
    types: Vec<(usize, Option<TypeId>)>,
    shapes: usize,
    words: usize,
    strings: usize,
    natives: usize,
    selectors: usize,
    globals: usize,
    global_names: usize,
    files: usize,
}

impl Lengths {
    fn of(generator: &Generator<'_>) -> Lengths {
        let program = &generator.program;
        Lengths {
            funcs: generator.funcs.len(),
            types: program
                .types
                .iter()
                .map(|ty| (ty.methods.len(), ty.pointer_to))
                .collect(),
            shapes: program.shapes.len(),
            words: program.words.len(),
            strings: program.strings.len(),
            natives: program.natives.len(),
            selectors: program.selectors.len(),
            globals: program.globals.len(),
            global_names: program.global_names.len(),
            files: program.files.len(),
        }
    }
}

impl<'m> Generator<'m> {
    fn resume(
        module: &'m Module,
        escapes: &'m Escapes,
        files: &'m [SourceFile],
        state: State,
    ) -> (Generator<'m>, Lengths) {
        let mut generator = Generator {
            module,
            escapes,
            files,
            types: module.types.clone(),
            layouts: state.layouts,
            go_sizes: Default::default(),
            no_types: Rc::new([]),
            no_env: Rc::new([]),
            no_kinds: Rc::new([]),
            spare: Vec::new(),
            instances: state.instances,
            program: state.program,
            funcs: state.funcs,
            func_ids: state.func_ids,
            native_ids: state.native_ids,
            native_funcs: state.native_funcs,
            pending: Vec::new(),
            words: state.words,
            strings: state.strings,
            shapes: state.shapes,
            type_ids: state.type_ids,
            type_list: state.type_list,
            selectors: state.selectors,
            selector_keys: state.selector_keys,
            methods_done: state.methods_done,
            globals: state.globals,
            indirect_globals: Vec::new(),
            refusals: Vec::new(),
        };
        generator.note_instances();
        (generator, state.sent)
    }

    fn suspend(self, sent: Lengths) -> (State, Types) {
        let state = State {
            layouts: self.layouts,
            instances: self.instances,
            program: self.program,
            funcs: self.funcs,
            func_ids: self.func_ids,
            native_ids: self.native_ids,
            native_funcs: self.native_funcs,
            words: self.words,
            strings: self.strings,
            shapes: self.shapes,
            type_ids: self.type_ids,
            type_list: self.type_list,
            selectors: self.selectors,
            selector_keys: self.selector_keys,
            methods_done: self.methods_done,
            globals: self.globals,
            sent,
        };
        (state, self.types)
    }

    /// A function that calls `run`, one after the other.
    fn input_entry(&mut self, run: &[FuncRef]) -> FuncId {
        let id = self.new_func();
        let window = minigo_bytecode::FRAME_WORDS as u16 + 1;
        let mut code = Vec::with_capacity(run.len() + 2);
        for &func in run {
            let func = self.func(func, Rc::new([]));
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
            sites: Vec::new(),
            unsigned_indices: Vec::new(),
            variables: Vec::new(),
            is_closure: false,
            captures: Vec::new(),
            closure_shape: ShapeId::SCALAR,
            recover_pc: None,
            wrapper: true,
            position: Position::default(),
        });
        id
    }

    /// Puts before the calls of an entry function what gives package-level variables of indirect type their memory.
    fn finish_entry(&mut self, entry: FuncId) {
        let dst = Reg(0);
        let mut code = vec![Op::Zero { dst, count: 1 }];
        for (global, off) in std::mem::take(&mut self.indirect_globals) {
            let ty = self.module.globals[global.0 as usize].ty;
            code.push(Op::New {
                dst,
                ty: self.type_id(ty),
            });
            code.push(Op::StoreGlobalPtr { src: dst, off });
        }
        if let Some(entry) = &mut self.funcs[entry.index()] {
            code.append(&mut entry.code);
            entry.code = code;
        }
    }

    /// The functions from `from` on; their slots stay, empty.
    fn take_funcs(&mut self, from: usize) -> Result<Vec<Func>, Vec<Refusal>> {
        let count = self.funcs.len() - from;
        let funcs: Vec<Func> = self.funcs[from..]
            .iter_mut()
            .filter_map(Option::take)
            .collect();
        if funcs.len() == count {
            return Ok(funcs);
        }
        let loc = crate::types::universe::NOWHERE;
        let message = "internal error: a function was not generated".to_string();
        Err(vec![Refusal { loc, message }])
    }

    /// Of an input that is refused the functions get bodies that do nothing, so that what has an index exists.
    fn replace_refused(&mut self, first: usize) {
        let last_file = FileId(self.files.len() as u32 - 1);
        for slot in &mut self.funcs[first..] {
            let (params, results, is_closure, captures, closure_shape) = match slot.take() {
                Some(func) if func.position.file != last_file => {
                    *slot = Some(func);
                    continue;
                }
                Some(func) => (
                    func.params,
                    func.results,
                    func.is_closure,
                    func.captures,
                    func.closure_shape,
                ),
                None => (Vec::new(), Vec::new(), false, Vec::new(), ShapeId::SCALAR),
            };
            let mut registers = params.clone();
            registers.extend(is_closure.then_some(WordKind::Ptr));
            let src = Reg(registers.len() as u16);
            let count = results.len() as u16;
            registers.extend(&results);
            let code = match count {
                0 => vec![Op::Return0 {}],
                _ => vec![Op::Zero { dst: src, count }, Op::Return { src, count }],
            };
            *slot = Some(Func {
                name: "refused".to_string(),
                params,
                results,
                frame_size: (registers.len() + minigo_bytecode::FRAME_WORDS + 1) as u32,
                registers,
                code,
                lines: Vec::new(),
                sites: Vec::new(),
                unsigned_indices: Vec::new(),
                variables: Vec::new(),
                is_closure,
                captures,
                closure_shape,
                recover_pc: None,
                wrapper: false,
                position: Position::default(),
            });
        }
    }

    fn extension(&mut self, before: &Lengths) -> Result<Extension, Vec<Refusal>> {
        let funcs = self.take_funcs(before.funcs)?;
        let files: Vec<File> = self.files[before.files..].iter().map(source_file).collect();
        self.program.files.extend_from_slice(&files);
        let program = &self.program;
        let updates = program
            .types
            .iter()
            .zip(&before.types)
            .enumerate()
            .filter(|(_, (ty, (methods, pointer_to)))| {
                ty.methods.len() != *methods || ty.pointer_to != *pointer_to
            })
            .map(|(index, (ty, _))| TypeUpdate {
                ty: TypeId(index as u32),
                methods: ty.methods.clone(),
                pointer_to: ty.pointer_to,
            })
            .collect();
        Ok(Extension {
            funcs,
            types: program.types[before.types.len()..].to_vec(),
            updates,
            shapes: program.shapes[before.shapes..].to_vec(),
            words: program.words[before.words..].to_vec(),
            strings: program.strings[before.strings..].to_vec(),
            natives: program.natives[before.natives..].to_vec(),
            selectors: program.selectors[before.selectors..].to_vec(),
            globals: program.globals[before.globals..].to_vec(),
            global_names: program.global_names[before.global_names..].to_vec(),
            files,
            entry: program.entry,
        })
    }
}
