//! Calls, `go` and `defer`.
//!
//! Arguments go straight to the out area where nothing that could be a safepoint comes after; the others wait in temporaries.
//! `go` and `defer` of anything but a plain call become a call of a *wrapper*: a closure without parameters over the
//! evaluated function and arguments, written as a typed tree of its own.

use super::func::{FuncGen, Storage};
use super::regalloc::out;
use crate::escape::{FuncEscapes, LitInfo, VarInfo};
use crate::order::is_read_last;
use crate::types::ty::{Loc, Ty, Type};
use crate::types::typed::{
    Block, Builtin, Callee, Expr, ExprKind, FuncCode, FuncRef, LitId, Stmt, StmtKind, Var, VarId,
};
use minigo_bytecode::{Op, Reg, WordKind};
use smallvec::{SmallVec, smallvec};
use std::rc::Rc;

impl<'t> FuncGen<'_, '_, 't> {
    /// A call: the results are in the out area.
    pub(super) fn call(&mut self, callee: &'t Callee, args: &'t [Expr], loc: Loc) {
        let mark = self.mark();
        match callee {
            Callee::Static { func, type_args } => {
                let words = self.args(args, 0);
                self.loc = loc;
                let declared = self.program.declared(*func);
                let results = self.static_result_words(*func, type_args);
                self.site_of_call(callee, args, loc);
                if declared.native {
                    let native = self.program.native(*func);
                    self.emit(Op::CallNative { window: 0, native });
                } else {
                    let type_args = self.subst_all(type_args);
                    let func = self.program.func(*func, type_args);
                    self.emit(Op::Call { window: 0, func });
                }
                self.registers.need_out(words.max(results).max(1));
            }
            Callee::Interface {
                recv,
                name,
                package,
            } => {
                let sig = self.method_sig(recv.ty, name, *package);
                let (iface, words) = self.callee_and_args(recv, args, 1);
                self.loc = loc;
                let selector = self.program.selector(name, *package, sig);
                if let Some(pointer) = self.known_pointer(recv, name, *package) {
                    let ptr = self.temp_word(WordKind::Ptr);
                    self.unbox(iface, pointer, ptr);
                    self.emit(Op::NilCheck { ptr });
                }
                self.emit(Op::CallIface {
                    iface,
                    window: 0,
                    selector,
                });
                let results = self.result_words(sig);
                self.registers.need_out((words + 1).max(results));
            }
            Callee::TypeParam {
                recv,
                name,
                package,
            } => self.type_param_call(recv, name, *package, args, loc),
            Callee::Value(callee) => {
                let (closure, words) = self.callee_and_args(callee, args, 0);
                self.loc = loc;
                self.emit(Op::CallClosure { closure, window: 0 });
                let results = self.result_words(callee.ty);
                self.registers.need_out(words.max(results).max(1));
            }
        }
        self.release(mark);
    }

    /// The function or interface value of a call, and the number of words of its arguments, which are in the out area from
    /// word `first` on.
    fn callee_and_args(
        &mut self,
        callee: &'t Expr,
        args: &'t [Expr],
        first: usize,
    ) -> (Reg, usize) {
        if is_read_last(callee) {
            let words = self.args(args, first);
            return (self.expr(callee), words);
        }
        let callee = self.expr(callee);
        (callee, self.args(args, first))
    }

    /// The pointer type that an interface value is known to hold, if the method is one of what it points to. Go's compiler calls
    /// such a method itself, and a nil pointer panics as one that is dereferenced.
    fn known_pointer(
        &mut self,
        recv: &Expr,
        name: &str,
        package: Option<crate::types::ty::PackageId>,
    ) -> Option<Ty> {
        if !self.env.is_empty() {
            return None;
        }
        let ty = match &recv.kind {
            ExprKind::Var(var) if self.escapes.var(*var).is_constant() => {
                self.escapes.var(*var).dynamic_type?
            }
            ExprKind::Convert(x) => x.ty,
            _ => return None,
        };
        self.program
            .is_value_method(ty, name, package)
            .then_some(ty)
    }

    /// Number of result words of a declared function with these type arguments.
    fn static_result_words(&mut self, func: FuncRef, type_args: &[Ty]) -> usize {
        let declared = self.program.declared(func);
        let sig = if type_args.is_empty() {
            declared.code.sig
        } else {
            let args = self.subst_all(type_args);
            let env = declared.type_params.iter().copied();
            let env = env.zip(args.iter().copied()).collect();
            self.program.substitute(declared.code.sig, &env)
        };
        self.result_words(sig)
    }

    /// Number of result words of a function type.
    pub(super) fn result_words(&mut self, sig: Ty) -> usize {
        match self.under(sig) {
            Type::Func(sig) => sig.results.iter().map(|&r| self.layout(r).words()).sum(),
            _ => 0,
        }
    }

    /// The type of an interface's method.
    fn method_sig(
        &mut self,
        iface: Ty,
        name: &str,
        package: Option<crate::types::ty::PackageId>,
    ) -> Ty {
        let found = match self.under(iface) {
            Type::Interface(interface) => interface
                .methods
                .iter()
                .find(|m| &*m.name == name && m.package == package)
                .map(|m| m.sig),
            _ => None,
        };
        self.subst(found.unwrap_or(Ty::INVALID))
    }

    /// Evaluates arguments to the out area from word `first` on; returns their number of words.
    fn args(&mut self, args: &'t [Expr], first: usize) -> usize {
        let args: SmallVec<[&'t Expr; 8]> = args.iter().collect();
        self.arg_list(&args, first)
    }

    /// The same, of arguments that do not lie together.
    pub(super) fn arg_list(&mut self, args: &[&'t Expr], first: usize) -> usize {
        let mut offset = first;
        let mut offsets: SmallVec<[usize; 8]> = SmallVec::with_capacity(args.len());
        for arg in args {
            offsets.push(offset);
            offset += self.layout(arg.ty).words();
        }
        // Everything up to the last argument that is not plain must wait elsewhere, except for that one itself.
        let last = args.iter().rposition(|arg| !self.is_plain(arg));
        let mut waiting: SmallVec<[Option<Reg>; 8]> = smallvec![None; args.len()];
        if let Some(last) = last {
            for (i, arg) in args[..last].iter().enumerate() {
                if !self.can_wait(arg) {
                    waiting[i] = Some(self.value(arg));
                }
            }
            let arg = args[last];
            if self.writes_at_once(arg) {
                self.value_to(arg, out(offsets[last]));
            } else {
                waiting[last] = Some(self.value(arg));
            }
        }
        for (i, arg) in args.iter().enumerate() {
            let dst = out(offsets[i]);
            match waiting[i] {
                Some(reg) => {
                    let words = self.layout(arg.ty).words();
                    self.move_words(dst, reg, words);
                }
                None if Some(i) == last => {}
                None => self.value_to(arg, dst),
            }
        }
        self.registers.need_out(offset);
        offset - first
    }

    /// Whether a later evaluation gives the same value, so that the argument need not be kept.
    fn can_wait(&mut self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Const(_) | ExprKind::Func { .. } => true,
            ExprKind::Zero => !self.layout(e.ty).indirect,
            ExprKind::Var(var) => matches!(self.storage_of(*var), Storage::Register(_)),
            _ => false,
        }
    }

    /// Whether the last op of the evaluation, and no other, writes the destination.
    fn writes_at_once(&mut self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Call { .. } => !self.layout(e.ty).indirect,
            ExprKind::Convert(x) => {
                !self.layout(e.ty).indirect
                    && (!self.keeps_words(x.ty, e.ty) || self.writes_at_once(x))
                    && !self.writes_in_parts(e)
            }
            ExprKind::Binary { .. } => self.is_string(e.ty) || !self.writes_in_parts(e),
            ExprKind::Let { body, .. } => self.writes_at_once(body),
            ExprKind::Builtin { builtin, .. } => {
                matches!(builtin, Builtin::Append | Builtin::AppendSlice)
            }
            _ => false,
        }
    }

    // ---- go and defer --------------------------------------------------------------------

    /// `go f(x)`
    pub(super) fn go_stmt(&mut self, call: &'t Expr) {
        let (mark, loc) = (self.mark(), self.loc);
        match &call.kind {
            ExprKind::Call { callee, args } => match &**callee {
                Callee::Static { func, type_args } if !self.program.declared(*func).native => {
                    self.args(args, 0);
                    self.loc = loc;
                    let type_args = self.subst_all(type_args);
                    let func = self.program.func(*func, type_args);
                    self.registers.need_out(1);
                    self.emit(Op::Go { func });
                }
                Callee::Value(callee) => {
                    let closure = self.expr(callee);
                    let count = self.args(args, 0) as u16;
                    self.loc = loc;
                    self.registers.need_out(usize::from(count) + 1);
                    self.emit(Op::GoClosure { closure, count });
                }
                _ => {
                    let closure = self.wrapper(call, "gowrap");
                    self.loc = loc;
                    self.registers.need_out(1);
                    self.emit(Op::GoClosure { closure, count: 0 });
                }
            },
            _ => {
                let closure = self.wrapper(call, "gowrap");
                self.loc = loc;
                self.registers.need_out(1);
                self.emit(Op::GoClosure { closure, count: 0 });
            }
        }
        self.release(mark);
    }

    /// `defer f(x)`
    pub(super) fn defer_stmt(&mut self, call: &'t Expr) {
        let mark = self.mark();
        let closure = self.deferred(call);
        self.loc = call.loc;
        self.emit(Op::Defer { closure });
        self.release(mark);
    }

    /// Defers the calls of a list that is still empty.
    pub(super) fn defer_list(&mut self, list: VarId) {
        self.define(list, None);
        if let Storage::Cell(list) = self.storage_of(list) {
            self.emit(Op::DeferList { list });
        }
    }

    /// `defer f(x)` for the function that has deferred the list.
    pub(super) fn defer_to(&mut self, list: VarId, call: &'t Expr) {
        let mark = self.mark();
        let closure = self.deferred(call);
        self.loc = call.loc;
        let ty = self.var_ty(list);
        let place = self.var_place(list);
        let slice = self.temp(&[WordKind::Ptr, WordKind::Int]);
        self.load(place, ty, Some(slice));
        let elem = self.program.no_params();
        let elem = self.type_id(elem);
        self.emit_extra(
            Op::Append {
                count: 1,
                dst: slice,
                slice,
                vals: closure,
            },
            elem.0,
        );
        self.store(place, ty, slice);
        self.release(mark);
    }

    /// A closure without parameters that makes the call with what its function and arguments are now.
    fn deferred(&mut self, call: &'t Expr) -> Reg {
        let direct = match &call.kind {
            ExprKind::Call { callee, args } if args.is_empty() => match &**callee {
                Callee::Value(f) if self.result_words(f.ty) == 0 => Some(self.expr(f)),
                Callee::Static { func, type_args }
                    if !self.program.declared(*func).native
                        && self.static_result_words(*func, type_args) == 0 =>
                {
                    let type_args = self.subst_all(type_args);
                    let func = self.program.func(*func, type_args);
                    let dst = self.temp_word(WordKind::Ptr);
                    self.emit(Op::ConstFunc { dst, func });
                    Some(dst)
                }
                _ => None,
            },
            _ => None,
        };
        match direct {
            Some(closure) => closure,
            None => self.wrapper(call, "deferwrap"),
        }
    }

    /// A closure that makes the call with what its function and arguments are now.
    fn wrapper(&mut self, call: &'t Expr, suffix: &str) -> Reg {
        let mut made = Wrapper {
            vars: Vec::new(),
            values: Vec::new(),
            loc: call.loc,
        };
        let body = match &call.kind {
            ExprKind::Let { vars, init, body } => {
                self.let_vars(vars, init);
                return self.wrapper(body, suffix);
            }
            ExprKind::Call { callee, args } => {
                let callee = match &**callee {
                    Callee::Static { func, type_args } => Callee::Static {
                        func: *func,
                        type_args: self.subst_all(type_args).to_vec(),
                    },
                    Callee::Interface {
                        recv,
                        name,
                        package,
                    } => Callee::Interface {
                        recv: made.var(recv, self.subst(recv.ty)),
                        name: name.clone(),
                        package: *package,
                    },
                    Callee::TypeParam {
                        recv,
                        name,
                        package,
                    } => Callee::TypeParam {
                        recv: made.var(recv, self.subst(recv.ty)),
                        name: name.clone(),
                        package: *package,
                    },
                    Callee::Value(f) => Callee::Value(made.var(f, self.subst(f.ty))),
                };
                let args = args
                    .iter()
                    .map(|arg| made.var(arg, self.subst(arg.ty)))
                    .collect();
                ExprKind::Call {
                    callee: Box::new(callee),
                    args,
                }
            }
            ExprKind::Builtin { builtin, args } => ExprKind::Builtin {
                builtin: *builtin,
                args: args
                    .iter()
                    .map(|arg| match arg.kind {
                        // The type operand of a builtin, and constants, are not captured.
                        ExprKind::Zero => Expr {
                            ty: self.subst(arg.ty),
                            loc: arg.loc,
                            kind: ExprKind::Zero,
                        },
                        _ => made.var(arg, self.subst(arg.ty)),
                    })
                    .collect(),
            },
            _ => {
                // Conversions and the like: evaluated now, nothing is left to do later.
                self.expr_stmt(call);
                ExprKind::Zero
            }
        };
        let ty = self.subst(call.ty);
        self.finish_wrapper(made, body, ty, suffix)
    }

    fn finish_wrapper(&mut self, made: Wrapper<'t>, body: ExprKind, ty: Ty, suffix: &str) -> Reg {
        let stmts = match body {
            ExprKind::Zero => Vec::new(),
            kind => vec![Stmt {
                kind: StmtKind::Expr(Expr {
                    ty,
                    loc: made.loc,
                    kind,
                }),
                loc: made.loc,
            }],
        };
        let sig = self.program.no_params();
        let code = FuncCode {
            lit: LitId(1),
            sig,
            params: Vec::new(),
            results: Vec::new(),
            named_results: false,
            body: Block { stmts },
            has_defer: false,
            has_recover: false,
            range_body: false,
            wrapper: true,
            end: made.loc,
        };
        let captures = (0..made.vars.len() as u32).map(VarId).collect();
        let captured = VarInfo {
            captured: true,
            ..VarInfo::default()
        };
        let escapes = FuncEscapes {
            vars: vec![captured; made.vars.len()],
            lits: vec![
                LitInfo::default(),
                LitInfo {
                    parent: 0,
                    number: 1,
                    inner: 0,
                    range_body: false,
                    captures,
                },
            ],
        };
        let name = format!("{}.{suffix}1", self.base_name);
        let func = self
            .program
            .wrapper_func(&code, &made.vars, &escapes, &name);
        let mut sources = Vec::with_capacity(made.values.len());
        for value in &made.values {
            sources.push(self.value(value));
        }
        self.loc = made.loc;
        let dst = self.temp_word(WordKind::Ptr);
        if sources.is_empty() {
            self.emit(Op::ConstFunc { dst, func });
            return dst;
        }
        self.emit(Op::MakeClosure { dst, func });
        let mut offset = 1;
        for (value, src) in made.values.iter().zip(sources) {
            let kinds = self.layout(value.ty).kinds.clone();
            self.store_captured(dst, offset, src, &kinds);
            offset += kinds.len();
        }
        dst
    }

    /// Stores captured words; they need no alignment, so that a pair is two words.
    pub(super) fn store_captured(
        &mut self,
        closure: Reg,
        offset: usize,
        src: Reg,
        kinds: &[WordKind],
    ) {
        let (ptr, off) = (closure, offset as u16);
        self.emit(match kinds {
            [] => return,
            [WordKind::Ptr] => Op::StorePtr { ptr, off, src },
            [_] => Op::Store { ptr, off, src },
            _ => Op::StoreN {
                count: kinds.len() as u8,
                ptr,
                off,
                src,
            },
        });
    }
}

/// The variables of a wrapper being made, and what they are captured from.
struct Wrapper<'t> {
    vars: Vec<Var>,
    values: Vec<&'t Expr>,
    loc: Loc,
}

impl<'t> Wrapper<'t> {
    /// A captured variable with the value of `e`.
    fn var(&mut self, e: &'t Expr, ty: Ty) -> Expr {
        let var = VarId(self.vars.len() as u32);
        self.vars.push(Var {
            name: Rc::from(""),
            ty,
            owner: LitId(0),
            loc: e.loc,
        });
        self.values.push(e);
        Expr {
            ty,
            loc: e.loc,
            kind: ExprKind::Var(var),
        }
    }
}
