//! Generation of one function: code, labels, registers in use, and the final assembly.

use super::Generator;
use super::layout::{Kinds, Layout};
use super::names::{Named, is_named};
use super::regalloc::{Registers, is_out};
use crate::escape::FuncEscapes;
use crate::types::ty::{Loc, Ty, Type};
use crate::types::typed::{self, LabelId, TargetId, VarId};
use minigo_bytecode::op::Operand;
use minigo_bytecode::{Func, FuncId, LineEntry, Op, Reg, Site, TypeId, Variable, WordKind};
use minigo_grammar::source::Span;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::rc::Rc;

/// A place in the code, perhaps not reached yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Label(u32);

impl Label {
    /// A label for tests of what takes labels.
    #[cfg(test)]
    pub(super) fn test(index: u32) -> Label {
        Label(index)
    }

    /// The index as a `usize`.
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a local variable is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Storage {
    /// In these registers.
    Register(Reg),
    /// In a heap object that this register points to.
    Cell(Reg),
    /// Of indirect type: in memory that this register points to.
    Memory(Reg),
    /// An array in memory, as a slice view of it.
    View(Reg),
}

/// Where `break` and `continue` of a statement go.
pub(super) struct Loop {
    pub(super) target: TargetId,
    pub(super) end: Label,
    pub(super) next: Option<Label>,
}

/// Where labels of a function are used for `goto`.
#[derive(Clone, Copy)]
struct LabelState {
    /// Index of the op it stands before.
    at: Option<u32>,
    used: bool,
}

/// The type arguments of the instance being generated: an empty list for ordinary functions.
pub(super) type Env = Rc<[(crate::types::ty::TypeParamId, Ty)]>;

/// The vectors and maps of a function that is done; the next one uses them again.
#[derive(Default)]
pub(super) struct Spare {
    registers: Registers,
    code: Vec<Op>,
    jumps: Vec<(u32, Label)>,
    labels: Vec<LabelState>,
    lines: Vec<(u32, Loc)>,
    temps: Vec<Reg>,
    scoped: Vec<Reg>,
    scopes: Vec<usize>,
    storage: FxHashMap<VarId, Storage>,
}

impl Spare {
    /// To clear a map takes time in its capacity, so that of a huge function is not kept.
    const MAX_VARIABLES: usize = 256;

    fn cleared(mut self) -> Option<Spare> {
        if self.storage.capacity() > Spare::MAX_VARIABLES {
            return None;
        }
        self.registers.clear();
        self.code.clear();
        self.jumps.clear();
        self.labels.clear();
        self.lines.clear();
        self.temps.clear();
        self.scoped.clear();
        self.scopes.clear();
        self.storage.clear();
        Some(self)
    }
}

/// The state of generating one function.
pub(super) struct FuncGen<'g, 'm, 't> {
    pub(super) program: &'g mut Generator<'m>,
    /// The declared function around the code (tables of variables and literals).
    pub(super) vars: &'t [typed::Var],
    /// Variables made by the code generator, numbered after `vars`.
    pub(super) extra_vars: Vec<Ty>,
    pub(super) escapes: &'t FuncEscapes,
    pub(super) env: Env,
    /// The name of the declared function, for names of literals.
    pub(super) base_name: Rc<str>,
    pub(super) registers: Registers,
    code: Vec<Op>,
    jumps: Vec<(u32, Label)>,
    /// Registers that hold indices of unsigned types, which may be greater than an `int`.
    unsigned: Vec<Reg>,
    /// The ops that use one, for the sake of their error messages.
    unsigned_ops: Vec<u32>,
    labels: Vec<LabelState>,
    last_bound: Option<u32>,
    lines: Vec<(u32, Loc)>,
    pub(super) sites: Vec<Site>,
    pub(super) variables: Vec<Named>,
    /// Indices of the variables whose scope has not ended, with its depth.
    pub(super) open_variables: Vec<(usize, usize)>,
    /// What the next channel is made for.
    pub(super) target_name: Option<String>,
    pub(super) loc: Loc,
    reachable: bool,
    pub(super) storage: FxHashMap<VarId, Storage>,
    temps: Vec<Reg>,
    /// Registers of the open scopes, and where those of each begin.
    scoped: Vec<Reg>,
    scopes: Vec<usize>,
    pub(super) loops: Vec<Loop>,
    pub(super) goto_labels: FxHashMap<LabelId, Label>,
    /// Registers that hold a constant from entry on, for use in loops.
    constants: Vec<(Constant, Reg)>,
    pub(super) loop_depth: u32,
    /// Lengths computed before a loop, of slices that never change.
    pub(super) hoisted_lens: Vec<(VarId, Reg)>,
    pub(super) has_defer: bool,
    pub(super) results: &'t [VarId],
    pub(super) result_kinds: Kinds,
    pub(super) recover_label: Option<Label>,
}

/// A constant kept in a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Constant {
    Int(i64),
    /// By its bits.
    Float(u64),
}

/// Most registers a function spends on constants of its loops.
const MAX_CONSTANTS: usize = 12;

/// What the finished code is to be called.
pub(super) struct Finish {
    pub(super) name: String,
    pub(super) params: Vec<WordKind>,
    pub(super) captures: Vec<WordKind>,
    pub(super) is_closure: bool,
    pub(super) wrapper: bool,
    pub(super) loc: Loc,
}

impl<'g, 'm, 't> FuncGen<'g, 'm, 't> {
    /// A function without registers or code yet.
    pub(super) fn new(
        program: &'g mut Generator<'m>,
        vars: &'t [typed::Var],
        escapes: &'t FuncEscapes,
        env: Env,
        base_name: Rc<str>,
        loc: Loc,
    ) -> Self {
        let Spare {
            registers,
            code,
            jumps,
            labels,
            lines,
            temps,
            scoped,
            mut scopes,
            storage,
        } = program.spare.pop().unwrap_or_default();
        scopes.push(0);
        let result_kinds = program.no_kinds.clone();
        FuncGen {
            program,
            vars,
            extra_vars: Vec::new(),
            escapes,
            env,
            base_name,
            registers,
            code,
            jumps,
            unsigned: Vec::new(),
            unsigned_ops: Vec::new(),
            labels,
            last_bound: None,
            lines,
            sites: Vec::new(),
            variables: Vec::new(),
            open_variables: Vec::new(),
            target_name: None,
            loc,
            reachable: true,
            storage,
            temps,
            scoped,
            scopes,
            loops: Vec::new(),
            goto_labels: FxHashMap::default(),
            constants: Vec::new(),
            loop_depth: 0,
            hoisted_lens: Vec::new(),
            has_defer: false,
            results: &[],
            result_kinds,
            recover_label: None,
        }
    }

    // ---- types ---------------------------------------------------------------------------

    /// The type with the instance's type arguments put in.
    pub(super) fn subst(&mut self, ty: Ty) -> Ty {
        if self.env.is_empty() {
            return ty;
        }
        self.program.substitute(ty, &self.env)
    }

    /// The layout of a type.
    pub(super) fn layout(&mut self, ty: Ty) -> Rc<Layout> {
        let ty = self.subst(ty);
        self.program.layouts.get(&self.program.types, ty)
    }

    /// The structure of the underlying type.
    pub(super) fn under(&mut self, ty: Ty) -> Type {
        let ty = self.subst(ty);
        self.program.types.under(ty).clone()
    }

    /// The type's run-time description.
    pub(super) fn type_id(&mut self, ty: Ty) -> TypeId {
        let ty = self.subst(ty);
        self.program.type_id(ty)
    }

    /// The type of a variable.
    pub(super) fn var_ty(&mut self, var: VarId) -> Ty {
        let index = var.0 as usize;
        match self.vars.get(index) {
            Some(var) => self.subst(var.ty),
            None => self.extra_vars[index - self.vars.len()],
        }
    }

    // ---- registers -----------------------------------------------------------------------

    /// A temporary, given back by the matching [`Self::release`].
    pub(super) fn temp(&mut self, kinds: &[WordKind]) -> Reg {
        let reg = self.registers.alloc(kinds);
        self.unsigned.retain(|other| *other != reg);
        self.temps.push(reg);
        reg
    }

    /// A temporary of one word.
    pub(super) fn temp_word(&mut self, kind: WordKind) -> Reg {
        self.temp(&[kind])
    }

    /// The present height of the stack of temporaries.
    pub(super) fn mark(&self) -> usize {
        self.temps.len()
    }

    /// Gives back the temporaries made since `mark`.
    pub(super) fn release(&mut self, mark: usize) {
        while self.temps.len() > mark {
            if let Some(reg) = self.temps.pop() {
                self.registers.free(reg);
            }
        }
    }

    /// Registers that live until the innermost scope ends.
    pub(super) fn scoped(&mut self, kinds: &[WordKind]) -> Reg {
        let reg = self.registers.alloc(kinds);
        self.unsigned.retain(|other| *other != reg);
        self.scoped.push(reg);
        reg
    }

    /// Opens a scope for variables.
    pub(super) fn enter_scope(&mut self) {
        self.scopes.push(self.scoped.len());
    }

    /// Closes it: the registers of its variables are free.
    pub(super) fn leave_scope(&mut self) {
        self.end_variables(self.scopes.len());
        let start = self.scopes.pop().unwrap_or_default();
        for reg in self.scoped.drain(start..) {
            self.registers.free(reg);
        }
    }

    /// A register that holds the constant: within loops one that is set once at the function's entry.
    pub(super) fn constant(&mut self, constant: Constant) -> Reg {
        if let Some(&(_, reg)) = self.constants.iter().find(|(c, _)| *c == constant) {
            return reg;
        }
        let kind = match constant {
            Constant::Int(_) => WordKind::Int,
            Constant::Float(_) => WordKind::Float,
        };
        if self.loop_depth > 0 && self.constants.len() < MAX_CONSTANTS {
            let reg = self.registers.alloc_fresh(&[kind]);
            self.constants.push((constant, reg));
            return reg;
        }
        let reg = self.temp_word(kind);
        let op = self.load_constant(constant, reg);
        self.emit(op);
        reg
    }

    /// The op that loads a constant.
    pub(super) fn load_constant(&mut self, constant: Constant, dst: Reg) -> Op {
        match constant {
            Constant::Int(value) => match i32::try_from(value) {
                Ok(imm) => Op::ConstInt { dst, imm },
                Err(_) => Op::ConstWord {
                    dst,
                    k: self.program.word(value as u64),
                },
            },
            Constant::Float(bits) => Op::ConstFloat {
                dst,
                k: self.program.word(bits),
            },
        }
    }

    // ---- code ----------------------------------------------------------------------------

    /// Appends an op, unless control cannot get here.
    pub(super) fn emit(&mut self, op: Op) {
        if !self.reachable {
            return;
        }
        let pc = self.code.len() as u32;
        match self.lines.last_mut() {
            Some((_, loc)) if *loc == self.loc => {}
            Some((at, loc)) if *at == pc => *loc = self.loc,
            _ => self.lines.push((pc, self.loc)),
        }
        if !self.unsigned.is_empty() {
            self.note_unsigned_op(pc, op);
        }
        self.code.push(op);
        if op.is_terminator() {
            self.reachable = false;
        }
    }

    /// The register holds an index of an unsigned type.
    pub(super) fn note_unsigned(&mut self, reg: Reg) {
        if !self.unsigned.contains(&reg) {
            self.unsigned.push(reg);
        }
    }

    fn note_unsigned_op(&mut self, pc: u32, op: Op) {
        op.for_each_operand(|name, operand| {
            let Operand::Use(reg, _) = operand else {
                return;
            };
            if name == "index"
                && let Some(at) = self.unsigned.iter().position(|other| *other == reg)
            {
                self.unsigned_ops.push(pc);
                if is_out(reg) {
                    self.unsigned.swap_remove(at);
                }
            }
        });
    }

    /// The op appended last.
    pub(super) fn last_op(&self) -> Option<Op> {
        self.code.last().copied().filter(|_| self.reachable)
    }

    /// Takes back the op appended last, to put one in its place that does its work too. No label may lie behind it.
    pub(super) fn replace_last(&mut self, op: Op, extra: Reg) {
        self.code.pop();
        self.emit(op);
        self.emit(Op::Extra {
            reg: extra.0,
            index: 0,
        });
    }

    /// Appends an op and its `Extra`.
    pub(super) fn emit_extra(&mut self, op: Op, index: u32) {
        self.emit(op);
        self.emit(Op::Extra { reg: 0, index });
    }

    /// Index of the next op.
    pub(super) fn here(&self) -> u32 {
        self.code.len() as u32
    }

    /// Number of open scopes.
    pub(super) fn depth(&self) -> usize {
        self.scopes.len()
    }

    /// Whether control can get to the next op.
    pub(super) fn is_reachable(&self) -> bool {
        self.reachable
    }

    /// A new label, not placed yet.
    pub(super) fn label(&mut self) -> Label {
        self.labels.push(LabelState {
            at: None,
            used: false,
        });
        Label(self.labels.len() as u32 - 1)
    }

    /// Places a forward label here.
    pub(super) fn bind(&mut self, label: Label) {
        let mut at = self.code.len() as u32;
        // A jump to the very next op is dropped.
        if let (Some(Op::Jump { .. }), Some(&(from, to))) = (self.code.last(), self.jumps.last())
            && to == label
            && from + 1 == at
            && self.last_bound.is_none_or(|b| b < at)
            && !super::jumps::in_table(&self.code, from as usize)
        {
            self.code.pop();
            self.jumps.pop();
            at -= 1;
            while self.lines.last().is_some_and(|(pc, _)| *pc > at) {
                self.lines.pop();
            }
            self.reachable = true;
        }
        let state = &mut self.labels[label.0 as usize];
        state.at = Some(at);
        self.reachable |= state.used;
        self.last_bound = Some(at);
    }

    /// Places a label that `goto`s anywhere may name.
    pub(super) fn bind_goto(&mut self, label: Label) {
        self.bind(label);
        self.reachable = true;
    }

    /// Whether the label is already placed, so that a jump to it goes back.
    pub(super) fn is_bound(&self, label: Label) -> bool {
        self.labels[label.0 as usize].at.is_some()
    }

    /// Appends a jump (an op with a jump operand of 0) to a label. The op's direction must be that of the label.
    pub(super) fn emit_jump(&mut self, op: Op, to: Label) {
        if !self.reachable {
            return;
        }
        self.jumps.push((self.code.len() as u32, to));
        self.labels[to.0 as usize].used = true;
        self.emit(op);
    }

    /// Appends an entry of a `Switch`'s table.
    pub(super) fn emit_table_entry(&mut self, to: Label) {
        self.emit_jump(Op::Jump { to: 0 }, to);
        self.reachable = true;
    }

    /// Goes to a label, forward or back.
    pub(super) fn jump(&mut self, to: Label) {
        let op = if self.is_bound(to) {
            Op::Loop { to: 0 }
        } else {
            Op::Jump { to: 0 }
        };
        self.emit_jump(op, to);
    }

    /// `R[dst..] := R[src..]` for words of these kinds.
    pub(super) fn move_words(&mut self, dst: Reg, src: Reg, words: usize) {
        if dst == src || words == 0 {
            return;
        }
        self.emit(match words {
            1 => Op::Move { dst, src },
            2 => Op::Move2 { dst, src },
            _ => Op::MoveN {
                dst,
                src,
                count: words as u16,
            },
        });
    }

    /// `R[dst..] := 0`
    pub(super) fn zero_words(&mut self, dst: Reg, words: usize) {
        if words > 0 {
            self.emit(Op::Zero {
                dst,
                count: words as u16,
            });
        }
    }

    /// The register, moved to a temporary if it is in the out area.
    pub(super) fn settle(&mut self, reg: Reg, kinds: &[WordKind]) -> Reg {
        if !is_out(reg) {
            return reg;
        }
        let temp = self.temp(kinds);
        self.move_words(temp, reg, kinds.len());
        if let Some(at) = self.unsigned.iter().position(|other| *other == reg) {
            self.unsigned[at] = temp;
        }
        temp
    }

    // ---- assembly ------------------------------------------------------------------------

    /// Registers numbered, jumps resolved, lines looked up: the finished function, stored as `id`.
    pub(super) fn finish(mut self, id: FuncId, how: Finish) {
        // What comes behind a panic belongs to the function, too: there tracebacks say that the frame goes on.
        if self.reachable || matches!(self.code.last(), Some(Op::Panic { .. })) {
            self.reachable = true;
            self.emit(Op::Unreachable {});
        }
        let Some(numbering) = self.registers.number() else {
            self.program.refuse(
                how.loc,
                format!("function {} needs too many registers", how.name),
            );
            self.program.funcs[id.index()] = Some(empty_func(how));
            return;
        };
        let mut prologue = Vec::with_capacity(self.code.len() + self.constants.len() + 1);
        let (dst, count) = numbering.zero;
        if count > 0 {
            prologue.push(Op::Zero { dst, count });
        }
        for (constant, reg) in std::mem::take(&mut self.constants) {
            let op = self.load_constant(constant, numbering.of(reg));
            prologue.push(op);
        }
        let mut code = std::mem::take(&mut self.code);
        let mut extra_reg = false;
        for op in &mut code {
            op.for_each_register(|reg| *reg = numbering.of(*reg));
            match op {
                Op::Call { window, .. }
                | Op::CallClosure { window, .. }
                | Op::CallIface { window, .. }
                | Op::CallNative { window, .. }
                | Op::RunDefers { window } => *window = numbering.window,
                Op::Extra { reg, .. } if extra_reg => *reg = numbering.of(Reg(*reg)).0,
                _ => {}
            }
            extra_reg = op.has_extra_register();
        }
        let targets: SmallVec<[u32; 16]> = self
            .labels
            .iter()
            .map(|l| l.at.unwrap_or(code.len() as u32))
            .collect();
        let assembled = super::jumps::assemble(prologue, &code, &self.jumps, &targets);
        let program = self.program;
        let lines = line_table(program, &self.lines, &assembled, &how.loc);
        let starts = &assembled.starts;
        let mut sites = std::mem::take(&mut self.sites);
        sites.retain(|site| assembled_op(&assembled, site.pc).is_some_and(is_named));
        for site in &mut sites {
            site.pc = starts[site.pc as usize];
        }
        let end = starts.len() as u32 - 1;
        let variables = std::mem::take(&mut self.variables)
            .into_iter()
            .map(|Named { variable, loc }| Variable {
                reg: numbering.of(variable.reg),
                position: program.position(loc),
                from: starts[variable.from.min(end) as usize],
                to: starts[variable.to.min(end) as usize],
                ..variable
            })
            .collect();
        let recover_pc = self
            .recover_label
            .map(|label| assembled.starts[targets[label.0 as usize] as usize]);
        let closure_shape = program.closure_shape(&how.captures);
        let unsigned_indices = self
            .unsigned_ops
            .iter()
            .map(|&at| assembled.starts[at as usize])
            .collect();
        program.funcs[id.index()] = Some(Func {
            position: program.position(how.loc),
            name: how.name,
            params: how.params,
            results: self.result_kinds.to_vec(),
            registers: numbering.kinds,
            frame_size: numbering.frame_size,
            code: assembled.code,
            lines,
            sites,
            variables,
            is_closure: how.is_closure,
            captures: how.captures,
            closure_shape,
            recover_pc,
            unsigned_indices,
            wrapper: how.wrapper,
        });
        let spare = Spare {
            registers: self.registers,
            code,
            jumps: self.jumps,
            labels: self.labels,
            lines: self.lines,
            temps: self.temps,
            scoped: self.scoped,
            scopes: self.scopes,
            storage: self.storage,
        };
        program.spare.extend(spare.cleared());
    }
}

/// The op that the code before assembly had at `pc`.
fn assembled_op(assembled: &super::jumps::Assembled, pc: u32) -> Option<&Op> {
    let start = *assembled.starts.get(pc as usize)?;
    assembled.code.get(start as usize)
}

fn line_table(
    program: &mut Generator<'_>,
    lines: &[(u32, Loc)],
    assembled: &super::jumps::Assembled,
    loc: &Loc,
) -> Vec<LineEntry> {
    let starts = &assembled.starts;
    let first = lines.first().map_or(*loc, |(_, loc)| *loc);
    // The line of the last entry: what lies on it needs no search.
    let mut line = (first.file, Span::at(0));
    let mut table: Vec<LineEntry> = Vec::with_capacity(lines.len() + 1);
    table.push(LineEntry {
        pc: 0,
        position: program.position(first),
    });
    let line_at = |op: u32| match lines.partition_point(|(pc, _)| *pc <= op) {
        0 => *loc,
        entries => lines[entries - 1].1,
    };
    let mut placed: Vec<(u32, Loc)> = lines
        .iter()
        .map(|&(pc, loc)| (starts[pc as usize], loc))
        .collect();
    for copied in &assembled.copies {
        let first = starts[copied.jump as usize];
        placed.extend((0..copied.len).map(|i| (first + i, line_at(copied.from + i))));
        let next = copied.jump + 1;
        placed.push((starts[next as usize], line_at(next)));
    }
    if !assembled.copies.is_empty() {
        placed.sort_by_key(|(pc, _)| *pc);
    }
    for (pc, loc) in placed {
        if line.0 == loc.file && line.1.start <= loc.span.start && loc.span.start < line.1.end {
            continue;
        }
        let entry = LineEntry {
            pc,
            position: program.position(loc),
        };
        line = (loc.file, program.line_span(loc.file, entry.position.line));
        match table.last_mut() {
            Some(last)
                if (last.position.file, last.position.line)
                    == (entry.position.file, entry.position.line) => {}
            Some(last) if last.pc == entry.pc => *last = entry,
            _ => table.push(entry),
        }
    }
    table
}

fn empty_func(how: Finish) -> Func {
    Func {
        name: how.name,
        params: how.params,
        results: Vec::new(),
        registers: Vec::new(),
        frame_size: 0,
        code: Vec::new(),
        lines: Vec::new(),
        is_closure: how.is_closure,
        captures: how.captures,
        sites: Vec::new(),
        variables: Vec::new(),
        closure_shape: minigo_bytecode::ShapeId(0),
        recover_pc: None,
        unsigned_indices: Vec::new(),
        wrapper: how.wrapper,
        position: Default::default(),
    }
}
