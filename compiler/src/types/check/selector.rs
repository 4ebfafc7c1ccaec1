//! Selectors: members of packages, fields, methods as values and as expressions.
//!
//! What Go does silently is spelled out: embedded fields on the way, pointers dereferenced, addresses taken. A method
//! that is called directly becomes a call with its receiver; one that is used as a value becomes a function literal
//! over its receiver, which is evaluated first.

use minigo_grammar::ast::{self, ExprId, Ident};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::Span;
use minigo_grammar::symbol::Symbol;
use std::rc::Rc;

use super::lookup::{Member, is_exported};
use super::operand::Generic;
use super::{Checker, Mode, Operand};
use crate::diagnostics::{code, spelling};
use crate::types::scope::{ObjectId, ObjectKind};
use crate::types::ty::{Loc, Method, NamedId, PackageId, Sig, Ty, Type};
use crate::types::typed::{
    self, Block, Callee, Expr, ExprKind, FuncCode, FuncRef, LitId, Stmt, StmtKind, VarId,
};

/// A method with its receiver, not yet called.
#[derive(Debug)]
pub(crate) struct BoundMethod {
    /// The receiver as the method takes it.
    pub(crate) recv: Box<Expr>,
    pub(crate) target: MethodTarget,
}

/// Which method is called.
#[derive(Clone, Debug)]
pub(crate) enum MethodTarget {
    Declared {
        func: FuncRef,
        type_args: Vec<Ty>,
    },
    Interface {
        name: Rc<str>,
        package: Option<PackageId>,
    },
    TypeParam {
        name: Rc<str>,
        package: Option<PackageId>,
    },
}

impl BoundMethod {
    /// The call of the method.
    pub(crate) fn call(self, mut args: Vec<Expr>) -> ExprKind {
        let recv = *self.recv;
        match self.target {
            MethodTarget::Declared { func, type_args } => {
                args.insert(0, recv);
                ExprKind::Call {
                    callee: Box::new(Callee::Static { func, type_args }),
                    args,
                }
            }
            MethodTarget::Interface { name, package } => ExprKind::Call {
                callee: Box::new(Callee::Interface {
                    recv,
                    name,
                    package,
                }),
                args,
            },
            MethodTarget::TypeParam { name, package } => ExprKind::Call {
                callee: Box::new(Callee::TypeParam {
                    recv,
                    name,
                    package,
                }),
                args,
            },
        }
    }
}

impl Checker<'_> {
    /// `x.sel`. A method is left bound in [`Operand::method`].
    pub(crate) fn selector(&mut self, id: ExprId, left: ExprId, sel: Ident) -> Operand {
        if let ast::Expr::Ident(name) = self.ast().expr(left)
            && let Some(object) = self.lookup(name)
            && let ObjectKind::Package(package) = self.objects[object].kind
        {
            return self.package_selector(id, object, package, sel);
        }
        let mut x = self.expr(left, None);
        self.require_value_or_type(&mut x);
        match x.mode {
            Mode::Invalid => return self.invalid(id),
            Mode::Builtin(_) => {
                let message = format!(
                    "invalid use of {} in selector expression",
                    self.describe(&x)
                );
                let dot = Span::at(sel.span.start.saturating_sub(1));
                self.error(code::NOT_AN_EXPRESSION, dot, message);
                return self.invalid(id);
            }
            _ => self.require_single(&mut x),
        }
        if !x.is_valid() || x.ty == Ty::INVALID || self.types.underlying(x.ty) == Ty::INVALID {
            return self.invalid(id);
        }
        if x.is_nil() {
            let name = self.symbols.name(sel.name);
            let message = format!("invalid use of nil in selector expression nil.{name}");
            self.error(code::UNTYPED_NIL, x.loc.span, message);
            return self.invalid(id);
        }
        if self.types.is_untyped(x.ty) {
            let shown = x.ty;
            return self.not_found(id, &x, shown, sel);
        }
        let member = self.lookup_member(x.ty, x.mode == Mode::Variable, sel.name);
        if x.mode == Mode::TypeExpr {
            return self.method_expr(id, &x, member, sel);
        }
        match member {
            Member::Field { path, .. } => {
                let variable = x.mode == Mode::Variable;
                let loc = self.traced_after(id, left);
                let (tree, indirect) = self.walk(x.take_tree(), &path, loc);
                let mode = if variable || indirect {
                    Mode::Variable
                } else {
                    Mode::Value
                };
                let ty = tree.ty;
                let mut x = Operand::new(mode, ty, id, self.expr_loc(id));
                x.tree = Some(tree);
                if ty == Ty::INVALID {
                    self.invalid(id)
                } else {
                    x
                }
            }
            Member::Method { .. } | Member::Interface { .. } | Member::TypeParam { .. } => {
                self.bound_method(id, left, x, member)
            }
            Member::Ambiguous => {
                let (text, name) = (self.operand_text(&x), self.symbols.name(sel.name));
                self.error(
                    code::UNDEFINED_MEMBER,
                    sel.span,
                    format!("ambiguous selector {text}.{name}"),
                );
                self.invalid(id)
            }
            Member::NeedsPointer => {
                let (name, ty) = (self.symbols.name(sel.name), self.type_string(x.ty));
                let message = format!("cannot call pointer method {name} on {ty}");
                self.error(code::NOT_ASSIGNABLE, sel.span, message);
                self.invalid(id)
            }
            Member::NotFound => {
                let ty = x.ty;
                self.not_found(id, &x, ty, sel)
            }
        }
    }

    fn package_selector(
        &mut self,
        id: ExprId,
        object: ObjectId,
        package: PackageId,
        sel: Ident,
    ) -> Operand {
        self.objects[object].used = true;
        let name = self.symbols.name(sel.name);
        match self.package_member(package, sel.name) {
            Some(member) if is_exported(name) => self.object_operand(id, member),
            member => {
                let name = name.to_string();
                if !self.refuse_left_out(package, &name, sel.span) {
                    self.no_member(id, package, sel, member);
                }
                self.invalid(id)
            }
        }
    }

    /// Why a package of the library lacks a name (`Caller`) or a member of a type (`Frame.PC`) that Go's has. The package says so
    /// in a comment, which is looked for only when something is missing:
    ///
    /// ```text
    /// // Not supported: Caller, Frame.PC: reason
    /// ```
    fn left_out(&self, package: PackageId, name: &str) -> Option<&str> {
        let package = &self.packages[package.0 as usize];
        if !package.library {
            return None;
        }
        let lines = package
            .files
            .iter()
            .flat_map(|file| self.files[file.0 as usize].text().lines());
        for line in lines {
            let list = line.strip_prefix("// Not supported: ");
            if let Some((names, reason)) = list.and_then(|list| list.split_once(": "))
                && names.split(", ").any(|other| other == name)
            {
                return Some(reason);
            }
        }
        None
    }

    /// Reports a name of a library package that Go's has and this one does not; false if there is no such name.
    pub(super) fn refuse_left_out(&mut self, package: PackageId, name: &str, span: Span) -> bool {
        let Some(reason) = self.left_out(package, name) else {
            return false;
        };
        let path = &self.packages[package.0 as usize].path;
        let message = format!("not supported by minigo: {path}.{name}");
        let diagnostic =
            Diagnostic::error(code::UNSUPPORTED, span, message).with_help(reason.to_string());
        self.report(diagnostic);
        true
    }

    /// The same for a member of a type.
    fn refuse_left_out_member(&mut self, ty: Ty, sel: Ident) -> bool {
        let base = self.types.pointer_elem(ty).unwrap_or(ty);
        let Type::Named(id) = *self.types.get(base) else {
            return false;
        };
        let named = &self.types.named[id.0 as usize];
        let (package, of) = (named.package, named.name.clone());
        if package == PackageId(0) {
            return false;
        }
        let name = format!("{of}.{}", self.symbols.name(sel.name));
        self.refuse_left_out(package, &name, sel.span)
    }

    /// Reports that a package exports no such name; `hidden` is what it is called so inside.
    fn no_member(&mut self, id: ExprId, package: PackageId, sel: Ident, hidden: Option<ObjectId>) {
        let name = self.symbols.name(sel.name);
        let text = self.expr_string(id);
        let names = self.packages[package.0 as usize].names.keys();
        let exported: Vec<&str> = names
            .map(|&other| self.symbols.name(other))
            .filter(|other| is_exported(other))
            .collect();
        let mut alike: Vec<&str> = exported
            .iter()
            .filter(|other| other.eq_ignore_ascii_case(name))
            .copied()
            .collect();
        alike.sort_unstable();
        let hint = alike
            .first()
            .map_or(String::new(), |other| format!(" (but have {other})"));
        let message = format!("undefined: {text}{hint}");
        let mut diagnostic = Diagnostic::error(code::UNDEFINED_MEMBER, sel.span, message);
        let package = &self.packages[package.0 as usize];
        if let Some(other) = alike.first() {
            diagnostic = diagnostic.with_help(format!(
                "names that begin with a small letter stay inside their package: write {}.{other}",
                package.name
            ));
        } else if hidden.is_some() && !package.library {
            diagnostic = diagnostic.with_help(format!(
                "{name} begins with a small letter, so only package {} can use it; call it {} there to export it",
                package.name,
                capitalized(name)
            ));
        } else if let Some(other) = spelling::closest(name, exported.into_iter()) {
            diagnostic = diagnostic.with_help(format!("did you mean {}.{other}?", package.name));
        }
        self.report(diagnostic);
    }

    /// Reports that a type has no such member.
    fn not_found(&mut self, id: ExprId, x: &Operand, ty: Ty, sel: Ident) -> Operand {
        if self.refuse_left_out_member(ty, sel) {
            return self.invalid(id);
        }
        let name = self.symbols.name(sel.name);
        let text = self.operand_text(x);
        let why = match self.types.pointer_elem(ty) {
            Some(elem) if self.types.is_interface(elem) => {
                format!(
                    "type {} is pointer to interface, not interface",
                    self.type_string(ty)
                )
            }
            Some(elem) if self.types.is_type_param(elem) => {
                format!(
                    "type {} is pointer to type parameter, not type parameter",
                    self.type_string(ty)
                )
            }
            _ => self.lookup_error(ty, sel.name, false),
        };
        let message = format!("{text}.{name} undefined ({why})");
        let mut diagnostic = Diagnostic::error(code::UNDEFINED_MEMBER, sel.span, message);
        if let Some(other) = self.similar_member(ty, name) {
            diagnostic = diagnostic.with_help(format!("did you mean {text}.{other}?"));
        }
        self.report(diagnostic);
        self.invalid(id)
    }

    /// The field or method of a type whose name is most like this one.
    fn similar_member(&self, ty: Ty, name: &str) -> Option<Rc<str>> {
        let ty = self.types.pointer_elem(ty).unwrap_or(ty);
        let mut names: Vec<Rc<str>> = Vec::new();
        if let Some(named) = self.types.as_named(ty) {
            names.extend(named.methods.iter().map(|method| method.name.clone()));
        }
        match self.types.under(ty) {
            Type::Struct(fields) => names.extend(fields.iter().map(|field| field.name.clone())),
            Type::Interface(interface) => {
                names.extend(interface.methods.iter().map(|method| method.name.clone()));
            }
            _ => {}
        }
        let best = spelling::closest(name, names.iter().map(|name| &**name))?;
        Some(best.into())
    }

    /// Why a type has no member of that name: perhaps one with other capitals, or one that is not exported.
    pub(crate) fn lookup_error(&mut self, ty: Ty, sel: Symbol, struct_lit: bool) -> String {
        let name = self.name(sel);
        let package = self.cx.package;
        let shown = self.type_string(ty);
        let found = self.lookup_named(ty, true, &name, package, true);
        let alternative = match &found {
            Member::Field { path, .. } => self
                .field_at(ty, path)
                .map(|(name, package)| ("field", name, package)),
            Member::Method { named, index, .. } => {
                let method = &self.types.named[named.0 as usize].methods[*index];
                let unexported = !is_exported(&method.name);
                Some((
                    "method",
                    method.name.clone(),
                    unexported.then_some(method.package),
                ))
            }
            Member::Interface { method, .. } | Member::TypeParam { method, .. } => {
                Some(("method", method.name.clone(), method.package))
            }
            _ => None,
        };
        let missing = match struct_lit {
            true => format!("unknown field {name} in struct literal of type {shown}"),
            false => format!("type {shown} has no field or method {name}"),
        };
        let Some((what, other, owner)) = alternative else {
            return missing;
        };
        let foreign = owner.is_some_and(|owner| owner != package);
        let same_tail = name.chars().skip(1).eq(other.chars().skip(1));
        if foreign && *other == *name {
            return format!("cannot refer to unexported {what} {other}");
        }
        if foreign && !(is_exported(&name) && same_tail) {
            return missing;
        }
        let unexported = if foreign { "unexported " } else { "" };
        match struct_lit {
            true => format!("{missing}, but does have {unexported}{other}"),
            false => format!("{missing}, but does have {unexported}{what} {other}"),
        }
    }

    /// Name and, if it is not exported, package of the field that a path leads to.
    fn field_at(&self, mut ty: Ty, path: &[usize]) -> Option<(Rc<str>, Option<PackageId>)> {
        let mut found = None;
        for &index in path {
            let base = self.types.pointer_elem(ty).unwrap_or(ty);
            let Type::Struct(fields) = self.types.under(base) else {
                return None;
            };
            let field = fields.get(index)?;
            found = Some((field.name.clone(), field.package));
            ty = field.ty;
        }
        found
    }

    /// Goes through fields; pointers before a field are dereferenced. Also tells whether there was one.
    pub(crate) fn walk(
        &mut self,
        mut tree: Box<Expr>,
        path: &[usize],
        loc: Loc,
    ) -> (Box<Expr>, bool) {
        let mut indirect = false;
        for &index in path {
            if let Some(elem) = self.types.pointer_elem(tree.ty) {
                tree = Box::new(Expr {
                    ty: elem,
                    loc,
                    kind: ExprKind::Deref(tree),
                });
                indirect = true;
            }
            let ty = match self.types.under(tree.ty) {
                Type::Struct(fields) => fields.get(index).map_or(Ty::INVALID, |field| field.ty),
                _ => Ty::INVALID,
            };
            tree = Box::new(Expr {
                ty,
                loc,
                kind: ExprKind::Field { x: tree, index },
            });
        }
        (tree, indirect)
    }

    /// The type arguments with which methods of a defined type are instantiated.
    pub(crate) fn receiver_args(&mut self, named: NamedId) -> Vec<Ty> {
        let info = &self.types.named[named.0 as usize];
        match &info.origin {
            Some((_, args)) => args.clone(),
            None => {
                let params = info.type_params.clone();
                params
                    .into_iter()
                    .map(|param| self.types.intern(Type::Param(param)))
                    .collect()
            }
        }
    }

    /// What a declared method with type parameters of its own lacks, and its signature, given the receiver's type.
    fn generic_method(
        &mut self,
        named: NamedId,
        index: usize,
        sig: Ty,
    ) -> (Option<Box<Generic>>, Ty) {
        let method = &self.types.named[named.0 as usize].methods[index];
        if method.type_params.is_empty() {
            return (None, sig);
        }
        let declared = method.type_params.clone();
        let (generic, args) = match &self.types.named[named.0 as usize].origin {
            Some((generic, args)) => (*generic, args.clone()),
            None => (named, Vec::new()),
        };
        let mut params = match args.is_empty() {
            true => Vec::new(),
            false => self.types.named[generic.0 as usize].type_params.clone(),
        };
        params.extend(&declared);
        let (fresh, sig) = self.method_params(&params, args, sig);
        let generic = Generic {
            params: fresh,
            declared,
            given: Vec::new(),
            member: None,
        };
        (Some(Box::new(generic)), sig)
    }

    /// The method that `member` found, and what it takes as receiver, given the value that was selected from.
    fn bind(&mut self, x: Box<Expr>, member: Member, loc: Loc) -> Option<(BoundMethod, Ty)> {
        match member {
            Member::Method {
                path,
                named,
                index,
                pointer,
                recv_is_pointer,
                ..
            } => {
                let (tree, _) = self.walk(x, &path, loc);
                let recv = match (pointer, recv_is_pointer) {
                    (true, false) => {
                        let ty = self.types.intern(Type::Pointer(tree.ty));
                        Box::new(Expr {
                            ty,
                            loc,
                            kind: ExprKind::AddrOf(tree),
                        })
                    }
                    (false, true) => {
                        let ty = self.types.pointer_elem(tree.ty).unwrap_or(Ty::INVALID);
                        Box::new(Expr {
                            ty,
                            loc,
                            kind: ExprKind::Deref(tree),
                        })
                    }
                    _ => tree,
                };
                let sig = self.method_sig(named, index);
                let func = self.use_method(named, index);
                let type_args = self.receiver_args(named);
                Some((
                    BoundMethod {
                        recv,
                        target: MethodTarget::Declared { func, type_args },
                    },
                    sig,
                ))
            }
            Member::Interface { path, method } => {
                let (recv, _) = self.walk(x, &path, loc);
                let Method { name, package, sig } = method;
                Some((
                    BoundMethod {
                        recv,
                        target: MethodTarget::Interface { name, package },
                    },
                    sig,
                ))
            }
            Member::TypeParam { path, method } => {
                let (recv, _) = self.walk(x, &path, loc);
                let Method { name, package, sig } = method;
                Some((
                    BoundMethod {
                        recv,
                        target: MethodTarget::TypeParam { name, package },
                    },
                    sig,
                ))
            }
            _ => None,
        }
    }

    fn bound_method(
        &mut self,
        id: ExprId,
        left: ExprId,
        mut x: Operand,
        member: Member,
    ) -> Operand {
        let loc = self.expr_loc(id);
        let declared = match &member {
            Member::Method { named, index, .. } => Some((*named, *index)),
            _ => None,
        };
        let traced = self.traced_after(id, left);
        match self.bind(x.take_tree(), member, traced) {
            Some((method, sig)) if sig != Ty::INVALID => {
                let (generic, sig) = match declared {
                    Some((named, index)) => self.generic_method(named, index, sig),
                    None => (None, sig),
                };
                let mut x = Operand::new(Mode::Value, sig, id, loc);
                x.generic = generic;
                x.method = Some(Box::new(method));
                x
            }
            _ => self.invalid(id),
        }
    }

    /// A bound method that is not called: a function literal over its receiver.
    pub(crate) fn method_value(&mut self, mut x: Operand) -> Operand {
        if x.generic.is_some() {
            // It waits for its type arguments.
            return x;
        }
        let Some(method) = x.method.take() else {
            return x;
        };
        let BoundMethod { recv, target } = *method;
        let (loc, recv_ty) = (x.loc, recv.ty);
        let init = match target {
            MethodTarget::Interface { .. } => Box::new(Expr {
                ty: recv_ty,
                loc,
                kind: ExprKind::NilCheck(recv),
            }),
            _ => recv,
        };
        let var = self.new_var(self.empty.clone(), recv_ty, loc);
        let Some(sig) = self.types.as_sig(x.ty).cloned() else {
            x.invalidate();
            return x;
        };
        let recv = Box::new(Expr {
            ty: recv_ty,
            loc,
            kind: ExprKind::Var(var),
        });
        let code = self.wrapper(x.ty, &sig, loc, |_, args| {
            BoundMethod { recv, target }.call(args)
        });
        let body = Box::new(Expr {
            ty: x.ty,
            loc,
            kind: ExprKind::FuncLit(Box::new(code)),
        });
        let kind = ExprKind::Let {
            vars: vec![var],
            init,
            body,
        };
        x.tree = Some(Box::new(Expr {
            ty: x.ty,
            loc,
            kind,
        }));
        x
    }

    /// A function literal of signature `sig` (type `ty`) that returns the call made by `call` from its parameters.
    fn wrapper(
        &mut self,
        ty: Ty,
        sig: &Sig,
        loc: Loc,
        call: impl FnOnce(&mut Self, Vec<Expr>) -> ExprKind,
    ) -> FuncCode {
        self.cx.func.lits += 1;
        let lit = LitId(self.cx.func.lits);
        let outer = std::mem::replace(&mut self.cx.func.lit.id, lit);
        let params: Vec<VarId> = sig
            .params
            .iter()
            .map(|&ty| self.new_var(self.empty.clone(), ty, loc))
            .collect();
        let results: Vec<VarId> = sig
            .results
            .iter()
            .map(|&ty| self.new_var(self.empty.clone(), ty, loc))
            .collect();
        let args = sig.params.iter().zip(&params).map(|(&ty, &var)| Expr {
            ty,
            loc,
            kind: ExprKind::Var(var),
        });
        let kind = call(self, args.collect());
        let ty_of_call = self.result_type(&sig.results);
        let call = Expr {
            ty: ty_of_call,
            loc,
            kind,
        };
        let kind = match sig.results.len() {
            0 => StmtKind::Expr(call),
            1 => StmtKind::Return(vec![call]),
            _ => StmtKind::ReturnTuple(call),
        };
        self.cx.func.lit.id = outer;
        FuncCode {
            lit,
            sig: ty,
            params,
            results,
            named_results: false,
            body: Block {
                stmts: vec![Stmt { kind, loc }],
            },
            has_defer: false,
            has_recover: false,
            range_body: false,
            wrapper: true,
            end: loc,
        }
    }

    /// The type of a call: the only result, or a tuple.
    pub(crate) fn result_type(&mut self, results: &[Ty]) -> Ty {
        match results {
            [only] => *only,
            _ => self.types.intern(Type::Tuple(results.into())),
        }
    }

    /// `T.M`: a function whose first parameter is the receiver.
    fn method_expr(&mut self, id: ExprId, x: &Operand, member: Member, sel: Ident) -> Operand {
        let (name, ty) = (self.symbols.name(sel.name), x.ty);
        let shown = self.type_string(ty);
        match member {
            Member::Field { .. } => {
                let message =
                    format!("operand for field selector {name} must be value of type {shown}");
                self.error(code::NOT_AN_EXPRESSION, x.loc.span, message);
                return self.invalid(id);
            }
            Member::Ambiguous => {
                let text = self.operand_text(x);
                let message = format!("ambiguous selector {text}.{name}");
                self.error(code::UNDEFINED_MEMBER, sel.span, message);
                return self.invalid(id);
            }
            Member::NeedsPointer => {
                let message = format!(
                    "invalid method expression {shown}.{name} (needs pointer receiver (*{shown}).{name})"
                );
                self.error(code::UNDEFINED_MEMBER, sel.span, message);
                return self.invalid(id);
            }
            Member::NotFound => return self.not_found(id, x, ty, sel),
            Member::Method { .. } | Member::Interface { .. } | Member::TypeParam { .. } => {}
        }
        let (generic, sig) = match &member {
            Member::Method { named, index, .. } => {
                let sig = self.method_sig(*named, *index);
                self.generic_method(*named, *index, sig)
            }
            Member::Interface { method, .. } | Member::TypeParam { method, .. } => {
                (None, method.sig)
            }
            _ => (None, Ty::INVALID),
        };
        let Some(sig) = self.types.as_sig(sig) else {
            return self.invalid(id);
        };
        let mut sig = (**sig).clone();
        sig.params.insert(0, ty);
        let sig = Rc::new(sig);
        let func_ty = self.types.intern(Type::Func(sig.clone()));
        let loc = self.expr_loc(id);
        if let Member::Method {
            path,
            named,
            index,
            pointer,
            recv_is_pointer,
            ..
        } = &member
            && path.is_empty()
            && pointer == recv_is_pointer
        {
            let func = self.use_method(*named, *index);
            let type_args = self.receiver_args(*named);
            let kind = ExprKind::Func { func, type_args };
            return Operand {
                generic,
                ..Operand::computed(Mode::Value, func_ty, kind, id, loc)
            };
        }
        let mut x = Operand::new(Mode::Value, func_ty, id, loc);
        match generic {
            Some(mut generic) => {
                generic.member = Some(member);
                x.generic = Some(generic);
            }
            None => x.tree = Some(self.adjusted_method_expr(func_ty, member, &[], loc)),
        }
        x
    }

    /// A function literal of type `ty` that calls a method of its first parameter, with type arguments for a generic one.
    pub(super) fn adjusted_method_expr(
        &mut self,
        ty: Ty,
        member: Member,
        method_args: &[Ty],
        loc: Loc,
    ) -> Box<Expr> {
        let zero = Box::new(Expr {
            ty,
            loc,
            kind: ExprKind::Zero,
        });
        let Some(sig) = self.types.as_sig(ty).cloned() else {
            return zero;
        };
        let checked = match &member {
            Member::Method {
                path,
                named,
                index,
                pointer: false,
                recv_is_pointer: true,
                ..
            } if path.is_empty() => Some((*named, *index)),
            _ => None,
        };
        let mut code = self.wrapper(ty, &sig, loc, |checker, mut args| {
            let recv = Box::new(args.remove(0));
            match checker.bind(recv, member, loc) {
                Some((mut method, _)) => {
                    if let MethodTarget::Declared { type_args, .. } = &mut method.target {
                        type_args.extend_from_slice(method_args);
                    }
                    method.call(args)
                }
                None => ExprKind::Zero,
            }
        });
        if let (Some((named, index)), Some(&recv), Some(&recv_ty)) =
            (checked, code.params.first(), sig.params.first())
        {
            let name = self.types.named[named.0 as usize].methods[index]
                .name
                .clone();
            let recv = Expr {
                ty: recv_ty,
                loc,
                kind: ExprKind::Var(recv),
            };
            let check = typed::value_method_check(&self.types, named, &name, recv);
            code.body.stmts.insert(0, check);
        }
        Box::new(Expr {
            ty,
            loc,
            kind: ExprKind::FuncLit(Box::new(code)),
        })
    }
}

/// The name with a capital letter at its start.
fn capitalized(name: &str) -> String {
    let mut chars = name.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
