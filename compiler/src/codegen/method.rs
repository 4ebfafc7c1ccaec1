//! Method tables: for each type and each method name that is called through an interface, a function that takes an interface's
//! data word as its receiver.

use super::Generator;
use super::func::FuncGen;
use crate::types::ty::{Loc, NamedId, PackageId, Ty, Type};
use crate::types::typed::{
    Block, Callee, Expr, ExprKind, FuncCode, LitId, Stmt, StmtKind, Var, VarId, value_method_check,
};
use minigo_bytecode::{FuncId, Op, SelectorId, WordKind};
use smallvec::{SmallVec, smallvec};
use std::rc::Rc;

/// A method that a type has.
#[derive(Clone)]
pub(super) struct Method {
    /// Indices of the embedded fields to go through.
    path: Vec<usize>,
    target: Target,
    /// The method's type, without receiver.
    sig: Ty,
    /// The receiver or some field on the path is a pointer, so that pointer methods can be called.
    through_pointer: bool,
}

#[derive(Clone)]
enum Target {
    /// Declared on a defined type: `methods[index]`.
    Declared { named: NamedId, index: usize },
    /// Of an embedded interface.
    Interface,
}

/// One embedded field (or the type itself) on the way to a method.
struct Step {
    ty: Ty,
    path: Vec<usize>,
    through_pointer: bool,
}

impl Generator<'_> {
    /// The method of that name in the type's method set.
    pub(super) fn find_method(
        &self,
        ty: Ty,
        name: &str,
        package: Option<PackageId>,
    ) -> Option<Method> {
        let (base, is_pointer) = self.pointer_base(ty);
        let mut level: SmallVec<[Step; 1]> = smallvec![Step {
            ty: base,
            path: Vec::new(),
            through_pointer: is_pointer,
        }];
        let mut seen: SmallVec<[Ty; 4]> = SmallVec::new();
        while !level.is_empty() {
            let mut found: Option<Option<Method>> = None;
            let mut next: SmallVec<[Step; 1]> = SmallVec::new();
            for step in &level {
                if seen.contains(&step.ty) {
                    continue;
                }
                for candidate in self.members(step, name, package) {
                    // Two on one level hide each other.
                    found = Some(if found.is_none() { candidate } else { None });
                }
                if let Type::Struct(fields) = self.types.under(step.ty) {
                    for (index, field) in fields.iter().enumerate().filter(|(_, f)| f.embedded) {
                        let (ty, is_pointer) = self.pointer_base(field.ty);
                        let mut path = step.path.clone();
                        path.push(index);
                        next.push(Step {
                            ty,
                            path,
                            through_pointer: step.through_pointer || is_pointer,
                        });
                    }
                }
            }
            if let Some(found) = found {
                return found.filter(|m| {
                    (m.through_pointer || !self.wants_pointer(m)) && !self.is_generic(m)
                });
            }
            seen.extend(level.iter().map(|s| s.ty));
            level = next;
        }
        None
    }

    fn wants_pointer(&self, method: &Method) -> bool {
        match method.target {
            Target::Declared { named, index } => {
                self.types.named[named.0 as usize].methods[index].pointer
            }
            Target::Interface => false,
        }
    }

    /// Whether a pointer type has a method that is declared with what it points to as receiver.
    pub(super) fn is_value_method(&self, ty: Ty, name: &str, package: Option<PackageId>) -> bool {
        matches!(self.types.get(ty), Type::Pointer(_))
            && self.find_method(ty, name, package).is_some_and(|method| {
                matches!(method.target, Target::Declared { .. })
                    && method.path.is_empty()
                    && !self.wants_pointer(&method)
            })
    }

    /// Methods with type parameters are in no method set.
    fn is_generic(&self, method: &Method) -> bool {
        match method.target {
            Target::Declared { named, index } => {
                let declared = &self.types.named[named.0 as usize].methods[index];
                !declared.type_params.is_empty()
            }
            Target::Interface => false,
        }
    }

    /// The type, or what it points to if it is a plain pointer type.
    fn pointer_base(&self, ty: Ty) -> (Ty, bool) {
        match self.types.get(ty) {
            Type::Pointer(elem) => (*elem, true),
            _ => (ty, false),
        }
    }

    /// Methods (Some) and fields (None) of that name directly in a type.
    fn members(
        &self,
        step: &Step,
        name: &str,
        package: Option<PackageId>,
    ) -> SmallVec<[Option<Method>; 1]> {
        let mut members = SmallVec::new();
        if let Type::Named(id) = self.types.get(step.ty) {
            let methods = &self.types.named[id.0 as usize].methods;
            let index = methods
                .iter()
                .position(|m| &*m.name == name && package.is_none_or(|p| p == m.package));
            if let Some(index) = index {
                members.push(Some(Method {
                    path: step.path.clone(),
                    target: Target::Declared { named: *id, index },
                    sig: methods[index].sig,
                    through_pointer: step.through_pointer,
                }));
            }
        }
        match self.types.under(step.ty) {
            Type::Interface(interface) => {
                let method = interface
                    .methods
                    .iter()
                    .find(|m| &*m.name == name && m.package == package);
                if let Some(method) = method {
                    members.push(Some(Method {
                        path: step.path.clone(),
                        target: Target::Interface,
                        sig: method.sig,
                        through_pointer: step.through_pointer,
                    }));
                }
            }
            Type::Struct(fields) => {
                let is_it = |f: &crate::types::ty::Field| {
                    &*f.name == name && (package.is_none() || f.package == package)
                };
                if fields.iter().any(is_it) {
                    members.push(None);
                }
            }
            _ => {}
        }
        members
    }

    fn is_reached(&self, method: &Method) -> bool {
        match method.target {
            Target::Declared { named, index } => {
                let func = self.types.named[named.0 as usize].methods[index].func;
                self.module.funcs[func.0 as usize].reached
            }
            Target::Interface => true,
        }
    }

    /// Adds to every type's table the methods whose names are called by now. False: nothing was missing.
    pub(super) fn fill_method_tables(&mut self) -> bool {
        let mut changed = false;
        let mut index = 1;
        while index < self.type_list.len() {
            let ty = self.type_list[index];
            let from = self.methods_done[index];
            let to = self.program.selectors.len();
            self.methods_done[index] = to;
            index += 1;
            if from == to {
                continue;
            }
            changed = true;
            let has_methods = match self.types.get(ty) {
                // Neither a pointer to an interface or to a pointer nor a defined pointer type has methods.
                Type::Pointer(to) => {
                    !matches!(self.types.under(*to), Type::Interface(_) | Type::Pointer(_))
                }
                Type::Named(_) | Type::Struct(_) => {
                    !matches!(self.types.under(ty), Type::Interface(_) | Type::Pointer(_))
                }
                _ => false,
            };
            if !has_methods {
                continue;
            }
            for selector in from..to {
                let known = &self.program.types[index - 1].methods;
                if from == 0 && known.iter().any(|(id, _)| id.index() == selector) {
                    continue;
                }
                let name = self.program.selectors[selector].name.clone();
                let (package, sig) = self.selector_keys[selector];
                let method = self.find_method(ty, &name, package);
                // (What the checker never resolved has no type, and what it never reached no code: no interface value of the
                // program can call it.)
                let method = method.filter(|m| m.sig == sig && self.is_reached(m));
                if let Some(method) = method {
                    let func = self.method_func(ty, &name, package, method);
                    self.program.types[index - 1]
                        .methods
                        .push((SelectorId(selector as u16), func));
                }
            }
        }
        changed
    }

    /// The function for a type's method table.
    fn method_func(
        &mut self,
        ty: Ty,
        name: &str,
        package: Option<PackageId>,
        method: Method,
    ) -> FuncId {
        let layout = self.layouts.get(&self.types, ty);
        let (_, is_pointer) = self.pointer_base(ty);
        if let Target::Declared { named, index } = method.target
            && method.path.is_empty()
            && layout.direct
        {
            let declared = &self.types.named[named.0 as usize].methods[index];
            // The data word is the receiver itself.
            if declared.pointer == is_pointer {
                let func = declared.func;
                return self.func(func, self.type_args(named));
            }
        }
        self.method_wrapper(ty, name, package, method)
    }

    /// The type arguments of an instance's methods.
    fn type_args(&self, named: NamedId) -> Rc<[Ty]> {
        match &self.types.named[named.0 as usize].origin {
            Some((_, args)) => args.clone().into(),
            None => Rc::new([]),
        }
    }

    /// A function that turns a data word into a receiver and calls the method.
    fn method_wrapper(
        &mut self,
        ty: Ty,
        name: &str,
        package: Option<PackageId>,
        method: Method,
    ) -> FuncId {
        let loc = Loc {
            file: Default::default(),
            span: Default::default(),
        };
        let direct = self.layouts.get(&self.types, ty).direct;
        let Type::Func(sig) = self.types.under(method.sig).clone() else {
            return self.new_func();
        };
        // What is not direct is behind a pointer.
        let data_ty = if direct {
            ty
        } else {
            self.types.intern(Type::Pointer(ty))
        };
        let mut vars = vec![variable(data_ty, loc)];
        let mut recv = var_expr(0, data_ty, loc);
        if !direct {
            recv = deref(recv, ty);
        }
        let mut stmts = Vec::with_capacity(2);
        if let (Target::Declared { named, .. }, Type::Pointer(_)) =
            (&method.target, self.types.get(ty))
            && method.path.is_empty()
            && !self.wants_pointer(&method)
        {
            let recv = var_expr(0, data_ty, loc);
            stmts.push(value_method_check(&self.types, *named, name, recv));
        }
        let call = {
            let mut args = Vec::new();
            for &param in &sig.params {
                args.push(var_expr(vars.len(), param, loc));
                vars.push(variable(param, loc));
            }
            self.method_call(recv, &method, name, package, args)
        };
        let results: Vec<VarId> = sig
            .results
            .iter()
            .map(|&ty| {
                vars.push(variable(ty, loc));
                VarId(vars.len() as u32 - 1)
            })
            .collect();
        let kind = match results.len() {
            0 => StmtKind::Expr(call),
            1 => StmtKind::Return(vec![call]),
            _ => StmtKind::ReturnTuple(call),
        };
        stmts.push(Stmt { kind, loc });
        let code = FuncCode {
            lit: LitId(0),
            sig: method.sig,
            params: (0..=sig.params.len() as u32).map(VarId).collect(),
            results,
            named_results: false,
            body: Block { stmts },
            has_defer: false,
            has_recover: false,
            range_body: false,
            wrapper: true,
            end: loc,
        };
        let id = self.new_func();
        let wrapper_name = match self.types.get(ty) {
            Type::Pointer(elem) => format!("(*{}).{name}", self.type_name(*elem)),
            _ => format!("{}.{name}", self.type_name(ty)),
        };
        self.wrapper_with_params(id, &code, &vars, &wrapper_name);
        id
    }

    /// `recv.method(args)`, with the path to the method spelled out.
    fn method_call(
        &mut self,
        mut recv: Expr,
        method: &Method,
        name: &str,
        package: Option<PackageId>,
        mut args: Vec<Expr>,
    ) -> Expr {
        let loc = recv.loc;
        for &index in &method.path {
            if let Type::Pointer(elem) = *self.types.under(recv.ty) {
                recv = deref(recv, elem);
            }
            let Type::Struct(fields) = self.types.under(recv.ty) else {
                break;
            };
            recv = Expr {
                ty: fields[index].ty,
                loc,
                kind: ExprKind::Field {
                    x: Box::new(recv),
                    index,
                },
            };
        }
        let Type::Func(sig) = self.types.under(method.sig).clone() else {
            return recv;
        };
        let ty = match sig.results[..] {
            [one] => one,
            _ => self
                .types
                .intern(Type::Tuple(sig.results.as_slice().into())),
        };
        let callee = match method.target {
            Target::Interface => Callee::Interface {
                recv,
                name: name.into(),
                package,
            },
            Target::Declared { named, index } => {
                let declared = self.types.named[named.0 as usize].methods[index].clone();
                let is_pointer = matches!(self.types.under(recv.ty), Type::Pointer(_));
                let recv = match (declared.pointer, is_pointer) {
                    (false, true) => match *self.types.under(recv.ty) {
                        Type::Pointer(elem)
                            if !matches!(self.types.get(recv.ty), Type::Named(_)) =>
                        {
                            deref(recv, elem)
                        }
                        _ => recv,
                    },
                    (true, false) => Expr {
                        ty: self.types.intern(Type::Pointer(recv.ty)),
                        loc,
                        kind: ExprKind::AddrOf(Box::new(recv)),
                    },
                    _ => recv,
                };
                args.insert(0, recv);
                Callee::Static {
                    func: declared.func,
                    type_args: self.type_args(named).to_vec(),
                }
            }
        };
        Expr {
            ty,
            loc,
            kind: ExprKind::Call {
                callee: Box::new(callee),
                args,
            },
        }
    }
}

impl<'t> FuncGen<'_, '_, 't> {
    /// A method of a value whose type is a type parameter, now that its type is known. The results are in the out area.
    pub(super) fn type_param_call(
        &mut self,
        recv: &'t Expr,
        name: &str,
        package: Option<PackageId>,
        args: &'t [Expr],
        loc: Loc,
    ) {
        let ty = self.subst(recv.ty);
        if let Some(method) = self.program.find_method(ty, name, package)
            && let Target::Declared { named, index } = method.target
            && method.path.is_empty()
        {
            let declared = &self.program.types.named[named.0 as usize].methods[index];
            let is_pointer = matches!(self.program.types.get(ty), Type::Pointer(_));
            if declared.pointer == is_pointer {
                let func = declared.func;
                let all: Vec<&'t Expr> = [recv].into_iter().chain(args).collect();
                let words = self.arg_list(&all, 0);
                self.loc = loc;
                let type_args = self.program.type_args(named);
                let func = self.program.func(func, type_args);
                self.emit(Op::Call { window: 0, func });
                let results = self.result_words(method.sig);
                self.registers.need_out(words.max(results).max(1));
                return;
            }
        }
        // Anything else goes through an interface value.
        let value = self.expr(recv);
        let iface = self.temp(&[WordKind::Type, WordKind::Data]);
        self.convert_to_any(value, ty, iface);
        let args: Vec<&'t Expr> = args.iter().collect();
        let words = self.arg_list(&args, 1);
        self.loc = loc;
        let sig = match self.under(ty) {
            Type::Interface(interface) => interface
                .methods
                .iter()
                .find(|m| &*m.name == name && m.package == package)
                .map(|m| m.sig),
            _ => self
                .program
                .find_method(ty, name, package)
                .map(|method| method.sig),
        };
        let sig = sig.unwrap_or(Ty::INVALID);
        let selector = self.program.selector(name, package, sig);
        self.emit(Op::CallIface {
            iface,
            window: 0,
            selector,
        });
        let results = self.result_words(sig);
        self.registers.need_out((words + 1).max(results));
    }
}

fn variable(ty: Ty, loc: Loc) -> Var {
    Var {
        name: "".into(),
        ty,
        owner: LitId(0),
        loc,
    }
}

fn var_expr(index: usize, ty: Ty, loc: Loc) -> Expr {
    Expr {
        ty,
        loc,
        kind: ExprKind::Var(VarId(index as u32)),
    }
}

fn deref(pointer: Expr, ty: Ty) -> Expr {
    Expr {
        ty,
        loc: pointer.loc,
        kind: ExprKind::Deref(Box::new(pointer)),
    }
}
