//! Functions from their first op to their last, and the variables they declare.

use super::func::{Env, Finish, FuncGen, Storage};
use super::regalloc::NOWHERE;
use super::{Generator, expr::Ownership};
use crate::escape::FuncEscapes;
use crate::types::ty::{Loc, Sig, Ty, Type};
use crate::types::typed::{Block, Expr, FuncCode, FuncRef, Stmt, StmtKind, Var, VarId};
use minigo_bytecode::{FuncId, Op, Reg, WordKind};
use smallvec::SmallVec;
use std::rc::Rc;

impl<'m> Generator<'m> {
    /// Generates a declared function for these type arguments.
    pub(super) fn declared_func(&mut self, id: FuncId, func: FuncRef, type_args: Rc<[Ty]>) {
        let declared = self.declared(func);
        let escapes = self.escapes;
        let env = declared
            .type_params
            .iter()
            .copied()
            .zip(type_args.iter().copied());
        let env: Env = match type_args.is_empty() {
            true => self.no_env.clone(),
            false => env.collect(),
        };
        let name: Rc<str> = if type_args.is_empty() {
            declared.name.clone()
        } else {
            format!("{}[...]", declared.name).into()
        };
        FuncGen::new(
            self,
            &declared.vars,
            &escapes.funcs[func.0 as usize],
            env,
            name.clone(),
            declared.loc,
        )
        .generate(id, &declared.code, &name, false, declared.loc);
    }

    /// Generates a closure made by the compiler around a call; it captures all of `vars`.
    pub(super) fn wrapper_func(
        &mut self,
        code: &FuncCode,
        vars: &[Var],
        escapes: &FuncEscapes,
        name: &str,
    ) -> FuncId {
        let id = self.new_func();
        FuncGen::new(self, vars, escapes, Rc::new([]), name.into(), code.end)
            .generate(id, code, name, true, code.end);
        id
    }

    /// Generates a function made by the compiler that is called with arguments.
    pub(super) fn wrapper_with_params(
        &mut self,
        id: FuncId,
        code: &FuncCode,
        vars: &[Var],
        name: &str,
    ) {
        let escapes = FuncEscapes {
            vars: vec![Default::default(); vars.len()],
            lits: vec![Default::default()],
        };
        FuncGen::new(self, vars, &escapes, Rc::new([]), name.into(), code.end)
            .generate(id, code, name, true, code.end);
    }

    /// The type `func()`.
    pub(super) fn no_params(&mut self) -> Ty {
        self.types.intern(Type::from(Sig {
            params: Vec::new(),
            results: Vec::new(),
            variadic: false,
        }))
    }

    /// A native as a function that can be a value.
    pub(super) fn native_func(&mut self, func: FuncRef) -> FuncId {
        if let Some(&id) = self.native_funcs.get(&func) {
            return id;
        }
        let id = self.new_func();
        self.native_funcs.insert(func, id);
        let declared = self.declared(func);
        let native = self.native(func);
        let (params, results) = self.sig_kinds(declared.code.sig);
        let window = minigo_bytecode::window_of(params.len());
        let words = params.len().max(results.len());
        let mut code = vec![Op::MoveN {
            dst: window,
            src: Reg(0),
            count: params.len() as u16,
        }];
        if params.is_empty() {
            code.clear();
        }
        code.push(Op::CallNative {
            window: window.0,
            native,
        });
        code.push(match results.len() {
            0 => Op::Return0 {},
            count => Op::Return {
                src: window,
                count: count as u16,
            },
        });
        self.funcs[id.index()] = Some(minigo_bytecode::Func {
            name: declared.name.to_string(),
            registers: params.clone(),
            frame_size: window.0 as u32 + words.max(1) as u32,
            params,
            results,
            code,
            lines: Vec::new(),
            is_closure: false,
            captures: Vec::new(),
            closure_shape: minigo_bytecode::ShapeId::SCALAR,
            sites: Vec::new(),
            variables: Vec::new(),
            recover_pc: None,
            unsigned_indices: Vec::new(),
            wrapper: true,
            position: self.position(declared.loc),
        });
        id
    }
}

impl<'m, 't> FuncGen<'_, 'm, 't> {
    /// Generates the code of a declared function, a literal, or a wrapper.
    pub(super) fn generate(
        mut self,
        id: FuncId,
        code: &'t FuncCode,
        name: &str,
        wrapper: bool,
        loc: Loc,
    ) {
        let escapes = self.escapes;
        let captured = &escapes.lits[code.lit.0 as usize].captures;
        let is_closure = !captured.is_empty();
        let mut params = Vec::with_capacity(code.params.len() + 2);
        let mut param_regs: SmallVec<[Reg; 8]> = SmallVec::new();
        for &param in &code.params {
            let ty = self.var_ty(param);
            let kinds = self.layout(ty).kinds.clone();
            let reg = self.registers.add_fixed(&kinds);
            param_regs.push(if kinds.is_empty() { NOWHERE } else { reg });
            params.extend_from_slice(&kinds);
        }
        let closure = is_closure.then(|| self.registers.add_fixed(&[WordKind::Ptr]));
        for (&param, reg) in code.params.iter().zip(param_regs) {
            self.adopt_param(param, reg);
        }
        let mut captures = Vec::new();
        if let Some(closure) = closure {
            for &var in captured {
                self.load_captured(var, closure, &mut captures);
            }
        }
        self.declare_results(code);
        self.block(&code.body);
        self.end_of_body(code);
        self.finish(
            id,
            Finish {
                name: name.to_string(),
                params,
                captures,
                is_closure,
                wrapper,
                loc,
            },
        );
    }

    /// Makes a variable of a parameter's registers.
    fn adopt_param(&mut self, var: VarId, reg: Reg) {
        let ty = self.var_ty(var);
        let layout = self.layout(ty);
        let storage = if layout.indirect {
            self.storage_of_memory(ty, reg)
        } else if self.escapes.var(var).in_cell() {
            let cell = self.new_cell(ty, reg);
            Storage::Cell(cell)
        } else {
            Storage::Register(reg)
        };
        self.keep_in(var, storage);
    }

    /// A new cell that holds the value in `src`; its register lives as long as the scope.
    fn new_cell(&mut self, ty: Ty, src: Reg) -> Reg {
        let layout = self.layout(ty);
        let cell = self.scoped(&[WordKind::Ptr]);
        let id = self.type_id(ty);
        self.emit(Op::New { dst: cell, ty: id });
        if layout.words() > 0 {
            self.store_memory(cell, 0, src, &layout);
        }
        cell
    }

    /// How a variable of indirect type is kept whose memory `ptr` points to: an array as a view.
    fn storage_of_memory(&mut self, ty: Ty, ptr: Reg) -> Storage {
        if let Type::Array { len, .. } = self.under(ty) {
            let view = self.scoped(&[WordKind::Ptr, WordKind::Int]);
            self.array_view(view, ptr, len);
            return Storage::View(view);
        }
        Storage::Memory(ptr)
    }

    fn load_captured(&mut self, var: VarId, closure: Reg, captures: &mut Vec<WordKind>) {
        let ty = self.var_ty(var);
        let layout = self.layout(ty);
        let off = 1 + captures.len() as u16;
        if layout.indirect || self.escapes.var(var).in_cell() {
            captures.push(WordKind::Ptr);
            let dst = self.scoped(&[WordKind::Ptr]);
            self.emit(Op::LoadPtr {
                dst,
                ptr: closure,
                off,
            });
            let storage = if layout.indirect {
                self.storage_of_memory(ty, dst)
            } else {
                Storage::Cell(dst)
            };
            self.keep_in(var, storage);
            return;
        }
        captures.extend_from_slice(&layout.kinds);
        let dst = self.scoped(&layout.kinds);
        match &layout.kinds[..] {
            [] => {}
            [WordKind::Ptr] => self.emit(Op::LoadPtr {
                dst,
                ptr: closure,
                off,
            }),
            [_] => self.emit(Op::Load {
                dst,
                ptr: closure,
                off,
            }),
            kinds => self.emit(Op::LoadN {
                count: kinds.len() as u8,
                dst,
                ptr: closure,
                off,
            }),
        }
        self.keep_in(var, Storage::Register(dst));
    }

    fn declare_results(&mut self, code: &'t FuncCode) {
        self.has_defer = code.has_defer;
        self.results = &code.results;
        let mut kinds: SmallVec<[WordKind; 16]> = SmallVec::new();
        for &var in &code.results {
            let ty = self.var_ty(var);
            kinds.extend_from_slice(&self.layout(ty).kinds);
        }
        self.result_kinds = kinds.as_slice().into();
        if code.has_defer {
            self.recover_label = Some(self.label());
        }
        if code.named_results || code.has_defer {
            for &var in &code.results {
                self.define(var, None);
            }
        }
    }

    /// What happens at the closing brace, and the code that returns after deferred calls.
    fn end_of_body(&mut self, code: &'t FuncCode) {
        self.loc = code.end;
        if let Some(epilogue) = self.recover_label {
            self.bind_goto(epilogue);
            self.return_results();
        } else if self.is_reachable() && (code.results.is_empty() || code.named_results) {
            self.return_results();
        }
    }

    /// A function literal: a closure over what it captures.
    pub(super) fn func_lit(&mut self, code: &'t FuncCode, dst: Reg) {
        let name = self.escapes.lit_name(&self.base_name, code.lit);
        let func = self.program.new_func();
        FuncGen::new(
            self.program,
            self.vars,
            self.escapes,
            self.env.clone(),
            self.base_name.clone(),
            code.end,
        )
        .generate(func, code, &name, code.wrapper, self.loc);
        let escapes = self.escapes;
        let captured = &escapes.lits[code.lit.0 as usize].captures;
        if captured.is_empty() {
            return self.emit(Op::ConstFunc { dst, func });
        }
        self.emit(Op::MakeClosure { dst, func });
        let mut offset = 1;
        for &var in captured {
            let ty = self.var_ty(var);
            let layout = self.layout(ty);
            match self.storage_of(var) {
                Storage::Register(reg) => {
                    self.store_captured(dst, offset, reg, &layout.kinds);
                    offset += layout.words();
                }
                Storage::Cell(ptr) | Storage::Memory(ptr) | Storage::View(ptr) => {
                    self.store_captured(dst, offset, ptr, &[WordKind::Ptr]);
                    offset += 1;
                }
            }
        }
    }

    // ---- variables -----------------------------------------------------------------------

    /// Declares a variable with a value, or with its zero value.
    pub(super) fn define(&mut self, var: VarId, init: Option<&'t Expr>) {
        let ty = self.var_ty(var);
        let layout = self.layout(ty);
        let info = self.escapes.var(var);
        let mark = self.mark();
        if let Some(init) = init {
            self.made_for(init, |this| this.name_of(var));
        }
        if layout.indirect {
            let src = init.map(|init| (self.expr(init), self.ownership(init)));
            self.define_indirect(var, ty, src);
        } else if info.in_cell() {
            let src = init.map(|init| self.expr(init));
            let cell = self.scoped(&[WordKind::Ptr]);
            let id = self.type_id(ty);
            self.emit(Op::New { dst: cell, ty: id });
            if let Some(src) = src
                && layout.words() > 0
            {
                self.store_memory(cell, 0, src, &layout);
            }
            self.keep_in(var, Storage::Cell(cell));
        } else {
            let reg = self.scoped(&layout.kinds);
            match init {
                Some(init) => {
                    self.enter_scope();
                    self.expr_to(init, reg);
                    self.leave_scope();
                }
                None => self.zero_to(ty, reg),
            }
            self.keep_in(var, Storage::Register(reg));
        }
        self.release(mark);
    }

    /// Declares a variable of indirect type; `src` is a pointer to its value.
    fn define_indirect(&mut self, var: VarId, ty: Ty, src: Option<(Reg, Ownership)>) {
        let array = match self.under(ty) {
            Type::Array { len, .. } => Some(len),
            _ => None,
        };
        let reg = if array.is_some() {
            self.scoped(&[WordKind::Ptr, WordKind::Int])
        } else {
            self.scoped(&[WordKind::Ptr])
        };
        let adopts = |own| {
            own == Ownership::Private
                || own == Ownership::Stable && self.escapes.var(var).is_constant()
        };
        match src {
            Some((src, own)) if adopts(own) => self.move_words(reg, src, 1),
            Some((src, _)) => self.private_copy_to(src, ty, reg),
            None => {
                let id = self.type_id(ty);
                self.emit(Op::New { dst: reg, ty: id });
            }
        }
        let storage = match array {
            Some(len) => {
                self.array_view(reg, reg, len);
                Storage::View(reg)
            }
            None => Storage::Memory(reg),
        };
        self.keep_in(var, storage);
    }

    /// Declares a variable with a value in registers; `from` is the value's type, and `own` says whose memory it is.
    pub(super) fn define_with(&mut self, var: VarId, src: Reg, from: Ty, own: Ownership) {
        let ty = self.var_ty(var);
        let layout = self.layout(ty);
        let mark = self.mark();
        if layout.indirect {
            let src = self.settle(src, &layout.kinds);
            self.define_indirect(var, ty, Some((src, own)));
        } else if self.escapes.var(var).in_cell() {
            let src = if self.keeps_words(from, ty) {
                self.settle(src, &layout.kinds)
            } else {
                let converted = self.temp(&layout.kinds);
                self.convert_register(src, from, ty, converted);
                converted
            };
            let cell = self.new_cell(ty, src);
            self.keep_in(var, Storage::Cell(cell));
        } else {
            let reg = self.scoped(&layout.kinds);
            self.convert_register(src, from, ty, reg);
            self.keep_in(var, Storage::Register(reg));
        }
        self.release(mark);
    }

    /// A copy of a loop variable for the next iteration, if someone may have kept the present one.
    pub(super) fn renew(&mut self, var: VarId) {
        if !self.escapes.var(var).in_cell() {
            return;
        }
        let ty = self.var_ty(var);
        let mark = self.mark();
        let storage = self.storage_of(var);
        if let Storage::Cell(cell) = storage {
            let layout = self.layout(ty);
            let value = self.temp(&layout.kinds);
            if layout.words() > 0 {
                self.load_memory(value, cell, 0, &layout);
            }
            let id = self.type_id(ty);
            self.emit(Op::New { dst: cell, ty: id });
            if layout.words() > 0 {
                self.store_memory(cell, 0, value, &layout);
            }
        } else if let Storage::Memory(ptr) | Storage::View(ptr) = storage {
            self.private_copy_to(ptr, ty, ptr);
        }
        self.release(mark);
    }

    // ---- return --------------------------------------------------------------------------

    /// `return` of the result variables as they are.
    pub(super) fn return_results(&mut self) {
        if self.recover_label.is_some() {
            self.registers.need_out(1);
            for _half in 0..2 {
                self.emit(Op::RunDefers { window: 0 });
            }
        }
        self.return_variables();
    }

    fn return_variables(&mut self) {
        let mark = self.mark();
        let results = self.results;
        if let &[var] = results
            && let Storage::Register(src) = self.storage_of(var)
        {
            self.emit_return(src, self.result_kinds.len());
            return;
        }
        let kinds = self.result_kinds.clone();
        let block = self.temp(&kinds);
        let mut at = 0;
        for &var in results {
            let ty = self.var_ty(var);
            let layout = self.layout(ty);
            let place = self.var_place(var);
            if layout.indirect && self.escapes.var(var).in_cell() {
                let src = self.load(place, ty, None);
                self.private_copy_to(src, ty, block.plus(at));
            } else {
                self.load(place, ty, Some(block.plus(at)));
            }
            at += layout.words();
        }
        self.emit_return(block, kinds.len());
        self.release(mark);
    }

    /// Returns result words that are in registers.
    pub(super) fn emit_return(&mut self, src: Reg, count: usize) {
        self.emit(match count {
            0 => Op::Return0 {},
            1 => Op::Return1 { src },
            _ => Op::Return {
                src,
                count: count as u16,
            },
        });
    }

    /// `return x, y`
    pub(super) fn return_values(&mut self, values: &'t [Expr]) {
        let loc = self.loc;
        let mark = self.mark();
        if self.has_defer || self.any_result_in_cell() {
            // Deferred calls, or whoever holds a result's cell, must see the values.
            let regs: Vec<Reg> = values.iter().map(|v| self.value(v)).collect();
            let results = self.results;
            let regs = self.apart_from_results(values, regs);
            for (var, (reg, value)) in results.iter().zip(regs.iter().zip(values)) {
                self.loc = value.loc;
                let place = self.var_place(*var);
                let ty = self.var_ty(*var);
                self.store(place, ty, *reg);
            }
            self.loc = loc;
            self.return_results();
        } else if let [value] = values {
            let layout = self.layout(value.ty);
            let src = if layout.indirect {
                self.returned(value)
            } else {
                self.expr_volatile(value)
            };
            self.emit_return(src, layout.words());
        } else {
            let kinds = self.result_kinds.clone();
            let block = self.temp(&kinds);
            let mut at = 0;
            for value in values {
                let layout = self.layout(value.ty);
                if layout.indirect {
                    let src = self.returned(value);
                    self.move_words(block.plus(at), src, 1);
                } else {
                    self.expr_to(value, block.plus(at));
                }
                at += layout.words();
            }
            self.emit_return(block, kinds.len());
        }
        self.release(mark);
    }

    /// An indirect value to return: a local variable's own memory if nobody else can see it. (A variable that never changes
    /// may share its memory with a map or an interface value.)
    fn returned(&mut self, value: &'t Expr) -> Reg {
        if let crate::types::typed::ExprKind::Var(var) = &value.kind
            && !self.escapes.var(*var).address_taken
            && !self.escapes.var(*var).captured
            && !self.escapes.var(*var).is_constant()
        {
            return self.expr(value);
        }
        self.value(value)
    }

    fn any_result_in_cell(&mut self) -> bool {
        self.results
            .iter()
            .any(|r| self.storage.contains_key(r) && self.escapes.var(*r).in_cell())
    }

    /// Values that sit in a result variable's registers move away, since results are assigned one by one.
    fn apart_from_results(&mut self, values: &'t [Expr], regs: Vec<Reg>) -> Vec<Reg> {
        if regs.len() < 2 {
            return regs;
        }
        let results: Vec<Reg> = self
            .results
            .iter()
            .filter_map(|&r| match self.storage_of(r) {
                Storage::Register(reg) => Some(reg),
                _ => None,
            })
            .collect();
        let mut out = Vec::with_capacity(regs.len());
        for (value, reg) in values.iter().zip(regs) {
            let layout = self.layout(value.ty);
            let inside = |r: &Reg| *r <= reg && reg.0 < r.0 + 64;
            if reg != NOWHERE && results.iter().any(inside) {
                let temp = self.temp(&layout.kinds);
                self.move_words(temp, reg, layout.words());
                out.push(temp);
            } else {
                out.push(reg);
            }
        }
        out
    }

    /// `return f()` with several results.
    pub(super) fn return_tuple(&mut self, call: &'t Expr) {
        let mark = self.mark();
        let components = self.tuple(call);
        if self.has_defer || self.any_result_in_cell() {
            let components = self.settle_all(components);
            let results = self.results;
            for (var, component) in results.iter().zip(components) {
                let place = self.var_place(*var);
                let ty = self.var_ty(*var);
                self.store_converted(place, ty, component.reg, component.ty);
            }
            self.return_results();
        } else {
            self.return_components(components);
        }
        self.release(mark);
    }

    fn return_components(&mut self, components: Vec<super::assign::Component>) {
        let results = self.results;
        let sig_results: Vec<Ty> = results.iter().map(|&r| self.var_ty(r)).collect();
        let same = components
            .iter()
            .zip(&sig_results)
            .all(|(c, &ty)| self.keeps_words(c.ty, ty));
        let count = self.result_kinds.len();
        if same && let Some(first) = components.iter().find(|c| c.reg != NOWHERE) {
            let src = first.reg;
            return self.emit_return(src, count);
        }
        let components = self.settle_all(components);
        let kinds = self.result_kinds.clone();
        let block = self.temp(&kinds);
        let mut at = 0;
        for (component, ty) in components.into_iter().zip(sig_results) {
            self.convert_register(component.reg, component.ty, ty, block.plus(at));
            at += self.layout(ty).words();
        }
        self.emit_return(block, count);
    }

    /// The statements of a block, with a scope of their own.
    pub(super) fn block(&mut self, block: &'t Block) {
        self.enter_scope();
        self.stmts(&block.stmts);
        self.leave_scope();
    }

    fn stmts(&mut self, stmts: &'t [Stmt]) {
        for stmt in stmts {
            // Code that nothing reaches is skipped, except for labels that may be reached from elsewhere.
            if self.is_reachable() || contains_label(stmt) {
                self.stmt(stmt);
            }
        }
    }
}

/// Whether control can enter the statement other than at its start.
fn contains_label(stmt: &Stmt) -> bool {
    let in_block = |block: &Block| block.stmts.iter().any(contains_label);
    match &stmt.kind {
        StmtKind::Label(_) => true,
        // A variable declared where nothing runs may be used after a label.
        StmtKind::Zero(_) | StmtKind::Assign { .. } | StmtKind::AssignTuple { .. } => true,
        StmtKind::Block(block) => in_block(block),
        StmtKind::If { then, els, .. } => {
            in_block(then) || els.as_ref().is_some_and(|els| contains_label(els))
        }
        StmtKind::For(f) => in_block(&f.body),
        StmtKind::Range(range) => in_block(&range.body),
        StmtKind::Switch(switch) => switch.cases.iter().any(|c| in_block(&c.body)),
        StmtKind::TypeSwitch(switch) => switch.cases.iter().any(|c| in_block(&c.body)),
        StmtKind::Select(select) => select.cases.iter().any(|c| in_block(&c.body)),
        _ => false,
    }
}
