//! Declared methods: finding those of a type, their receivers and signatures.

use super::Checker;
use super::FuncContext;
use super::types::Later;
use crate::diagnostics::code;
use crate::types::ty::{
    DeclaredMethod, FileIndex, Loc, NamedId, PackageId, Sig, Ty, Type, TypeParamId,
};
use crate::types::typed::FuncRef;
use minigo_grammar::ast::{self, Ast, DeclId, Expr, Ident};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::symbol::Symbol;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// What of a method must be known to find it.
struct MethodHead {
    name: Ident,
    /// The name of its type, and whether it belongs to the pointer type.
    base: Option<(Symbol, bool)>,
    has_body: bool,
}

impl<'a> Checker<'a> {
    /// Finds the types that the methods of a package belong to.
    pub(super) fn assign_methods(&mut self, package: PackageId) {
        for (file, id) in std::mem::take(&mut self.packages[package.0 as usize].methods) {
            let Some(head) = self.method_head(package, file, id) else {
                continue;
            };
            match head.base {
                Some((base, _)) if !head.name.name.is_blank() => {
                    let methods = self.method_decls.entry((package, base)).or_default();
                    methods.push((file, id));
                }
                _ => self.packages[package.0 as usize].orphans.push((file, id)),
            }
        }
    }

    /// What a method is called and belongs to; of a library's method, without parsing it.
    fn method_head(&self, package: PackageId, file: FileIndex, id: DeclId) -> Option<MethodHead> {
        let ast = &self.asts[file.0 as usize];
        if let Some(function) = ast.deferred(id) {
            let receiver = function.receiver?;
            return Some(MethodHead {
                name: function.name,
                base: self.unaliased(package, receiver.base, receiver.pointer),
                has_body: function.has_body,
            });
        }
        let ast::Decl::Func(decl) = ast.decl(id) else {
            return None;
        };
        Some(MethodHead {
            name: decl.name,
            base: decl
                .recv
                .and_then(|recv| self.receiver_base(package, ast, recv.ty)),
            has_body: decl.body.is_some(),
        })
    }

    /// The name of the type that a receiver's type stands for, aliases looked through, and whether it is a pointer to it.
    fn receiver_base(
        &self,
        package: PackageId,
        ast: &Ast,
        ty: ast::ExprId,
    ) -> Option<(Symbol, bool)> {
        let pointer = matches!(ast.expr(ast.unparen(ty)), Expr::Star(_));
        let base = match ast.expr(receiver_base(ast, ty)) {
            Expr::Index { x, .. } => ast.unparen(x),
            _ => receiver_base(ast, ty),
        };
        match ast.expr(base) {
            Expr::Ident(name) => self.unaliased(package, name, pointer),
            _ => None,
        }
    }

    /// The name of the type at the end of a chain of aliases, and whether there is a pointer on the way.
    fn unaliased(
        &self,
        package: PackageId,
        mut name: Symbol,
        mut pointer: bool,
    ) -> Option<(Symbol, bool)> {
        // No chain of aliases is longer, unless it is a cycle.
        for _ in 0..=self.packages[package.0 as usize].names.len() {
            let Some(&object) = self.packages[package.0 as usize].names.get(&name) else {
                break;
            };
            let Some(site) = self.objects[object].site else {
                break;
            };
            let ast = &self.asts[site.file.0 as usize];
            let ast::Decl::Type(decl) = self.decl(site.file, site.decl) else {
                break;
            };
            if !decl.alias || !decl.type_params.is_empty() {
                break;
            }
            let mut to = ast.unparen(decl.ty);
            if let Expr::Star(inner) = ast.expr(to) {
                if pointer {
                    return None;
                }
                pointer = true;
                to = ast.unparen(inner);
            }
            match ast.expr(to) {
                Expr::Ident(next) => name = next,
                _ => return None,
            }
        }
        Some((name, pointer))
    }

    /// The methods declared for a type of this name in the current package.
    pub(super) fn collect_methods(&mut self, id: NamedId, name: Symbol) {
        let Some(decls) = self.method_decls.remove(&(self.cx.package, name)) else {
            return;
        };
        let package = self.cx.package;
        let methods = &self.types.named[id.0 as usize].methods;
        let mut known: FxHashMap<Rc<str>, Loc> = methods
            .iter()
            .map(|method| (method.name.clone(), method.loc))
            .collect();
        for (file, decl_id) in decls {
            let Some(head) = self.method_head(package, file, decl_id) else {
                continue;
            };
            let method = self.name(head.name.name);
            let loc = Loc {
                file,
                span: head.name.span,
            };
            let named = &self.types.named[id.0 as usize];
            if let Some(&other) = known.get(&method) {
                let (place, other_span) = (self.place(other), other.span);
                let message = format!("method {}.{method} already declared at {place}", named.name);
                let diagnostic = Diagnostic::error(code::DUPLICATE_METHOD, loc.span, message)
                    .with_label(other_span, "declared here first".to_string());
                self.diagnostics.push((file, diagnostic));
                self.orphan_method(file, decl_id);
                continue;
            }
            known.insert(method.clone(), loc);
            let pointer = head.base.is_some_and(|(_, pointer)| pointer);
            let method_of = Some((id, pointer));
            let func = self.new_func(file, decl_id, head.name, head.has_body, method_of);
            let library = self.packages[package.0 as usize].library;
            self.types.named[id.0 as usize]
                .methods
                .push(DeclaredMethod {
                    name: method,
                    package,
                    pointer,
                    sig: Ty::INVALID,
                    type_params: Vec::new(),
                    func,
                    loc,
                });
            let info = self.named_info(id);
            info.methods_known.push(false);
            if !library {
                self.pending_methods
                    .push((id, self.types.named[id.0 as usize].methods.len() - 1));
            }
        }
    }

    /// A generic alias has no methods of its own.
    pub(super) fn refuse_methods(&mut self, id: NamedId, name: Symbol) {
        let Some(decls) = self.method_decls.remove(&(self.cx.package, name)) else {
            return;
        };
        let alias = self.types.intern(Type::Named(id));
        for (file, decl_id) in decls {
            let ast = &self.asts[file.0 as usize];
            if let ast::Decl::Func(decl) = self.decl(file, decl_id)
                && let Some(recv) = decl.recv
            {
                let span = ast.expr_span(receiver_base(ast, recv.ty));
                let text = self.type_string_at(alias, file);
                let message = format!("cannot define new methods on generic alias type {text}");
                self.error_at(code::BAD_RECEIVER, Loc { file, span }, message);
            }
        }
    }

    /// Field and method names of a struct type must differ.
    pub(super) fn check_field_names(
        &mut self,
        id: NamedId,
        file: FileIndex,
        decl: &'a ast::TypeDecl,
    ) {
        let named = &self.types.named[id.0 as usize];
        let Type::Struct(fields) = self.types.under(named.underlying) else {
            return;
        };
        let ast = &self.asts[file.0 as usize];
        let mut clashes = Vec::new();
        for method in &named.methods {
            if fields.iter().any(|field| field.name == method.name) {
                clashes.push((method.name.clone(), method.loc));
            }
        }
        for (name, loc) in clashes {
            let message = format!("field and method with the same name {name}");
            let mut diagnostic = Diagnostic::error(code::DUPLICATE_METHOD, loc.span, message);
            if let Expr::StructType(list) = ast.expr(ast.unparen(decl.ty)) {
                let field = ast
                    .field_list(list)
                    .iter()
                    .find(|field| self.symbols.name(field.name.name) == &*name);
                if let Some(field) = field {
                    let span = field.name.span;
                    let place = self.place(Loc { file, span });
                    diagnostic = diagnostic
                        .with_continuation(format!("{place}: other declaration of {name}"))
                        .with_label(span, format!("other declaration of {name}"));
                }
            }
            self.diagnostics.push((loc.file, diagnostic));
        }
    }

    /// Makes sure that the signature of a declared method is known.
    pub(crate) fn resolve_method(&mut self, id: NamedId, index: usize) {
        if let Some((origin, _)) = self.types.named[id.0 as usize].origin {
            self.resolve_instance_method(id, origin, index);
            return;
        }
        match self.named_info(id).methods_known.get_mut(index) {
            Some(known) if !*known => *known = true,
            _ => return,
        }
        let func = self.types.named[id.0 as usize].methods[index].func;
        let Some((file, decl_id)) = self.func_sources[func.0 as usize].site else {
            return;
        };
        let asts = self.asts;
        let ast::Decl::Func(decl) = self.decl(file, decl_id) else {
            return;
        };
        let (sig, _) = self.at_package_level(file, None, FuncContext::default(), |checker| {
            checker.cx.scopes.open();
            checker.bind_receiver_params(id, decl);
            if checker.types.named[id.0 as usize].type_params.is_empty()
                || !has_receiver_params(checker.ast(), decl)
            {
                checker.check_receiver_type(decl);
            }
            let names = checker.receiver_names(decl);
            let own = checker.method_type_params(func, decl);
            let sig = checker.signature_after(&names, decl.sig);
            checker.cx.scopes.close();
            (sig, own)
        });
        let (sig, own) = sig;
        self.types.named[id.0 as usize].methods[index].sig = sig;
        self.types.named[id.0 as usize].methods[index].type_params = own;
        let params = self.types.named[id.0 as usize].type_params.clone();
        let named_ty = if params.is_empty() {
            self.types.intern(Type::Named(id))
        } else {
            let args = params
                .iter()
                .map(|&param| self.types.intern(Type::Param(param)))
                .collect();
            self.instance(id, args)
        };
        let ast = &asts[file.0 as usize];
        if !params.is_empty()
            && has_receiver_params(ast, decl)
            && let Some(recv) = decl.recv
        {
            let span = ast.expr_span(receiver_base(ast, recv.ty));
            let loc = Loc { file, span };
            self.later.push(Later::Receiver {
                ty: named_ty,
                loc,
                written: false,
            });
        }
        let recv = if self.types.named[id.0 as usize].methods[index].pointer {
            self.types.intern(Type::Pointer(named_ty))
        } else {
            named_ty
        };
        self.funcs[func.0 as usize].code.sig = self.with_receiver(sig, recv);
        if self.type_depth == 0 {
            self.finish_types();
        }
    }

    /// Declares the type parameters that a method has itself.
    fn method_type_params(&mut self, func: FuncRef, decl: &ast::FuncDecl) -> Vec<TypeParamId> {
        let list = self.ast().type_param_list(decl.type_params);
        if list.is_empty() {
            return Vec::new();
        }
        let own = self.declare_type_params(list);
        self.funcs[func.0 as usize].type_params.extend(&own);
        self.check_constraints(list, &own);
        own
    }

    /// The signature with the receiver as first parameter.
    pub(super) fn with_receiver(&mut self, sig: Ty, recv: Ty) -> Ty {
        match self.types.get(sig).clone() {
            Type::Func(sig) => {
                let params = std::iter::once(recv).chain(sig.params.iter().copied());
                self.types.intern(Type::from(Sig {
                    params: params.collect(),
                    results: sig.results.clone(),
                    variadic: sig.variadic,
                }))
            }
            _ => sig,
        }
    }

    /// Inside a method of a generic type, the receiver's type arguments name the type's parameters.
    pub(super) fn bind_receiver_params(&mut self, id: NamedId, decl: &ast::FuncDecl) {
        let ast = self.ast();
        let Some(recv) = decl.recv else { return };
        let base = receiver_base(ast, recv.ty);
        let Expr::Index { indices, .. } = ast.expr(base) else {
            return;
        };
        let params = self.types.named[id.0 as usize].type_params.clone();
        let names = ast.expr_list(indices);
        for (i, &arg) in names.iter().enumerate() {
            match (ast.expr(arg), params.get(i)) {
                (Expr::Ident(name), Some(&param)) => {
                    let span = ast.expr_span(arg);
                    self.bind_type_param(Ident { name, span }, param);
                }
                (Expr::Ident(name), None) => {
                    let span = ast.expr_span(arg);
                    self.declare_invalid(Ident { name, span });
                }
                _ => {
                    let text = self.expr_string(arg);
                    let span = ast.expr_span(arg);
                    self.error(
                        code::BAD_RECEIVER,
                        span,
                        format!("receiver type parameter {text} must be an identifier"),
                    );
                }
            }
        }
        if names.len() != params.len() && !params.is_empty() {
            let count = names.len();
            let plural = if count == 1 { "" } else { "s" };
            let span = ast.expr_span(base);
            self.error(
                code::BAD_RECEIVER,
                span,
                format!(
                    "receiver declares {count} type parameter{plural}, but receiver base type declares {}",
                    params.len()
                ),
            );
        }
    }

    /// The names that a method declares before those of its parameters: the receiver's type parameters and the receiver.
    fn receiver_names(&self, decl: &ast::FuncDecl) -> Vec<Ident> {
        let ast = self.ast();
        let Some(recv) = decl.recv else {
            return Vec::new();
        };
        let mut names = Vec::new();
        if let Expr::Index { indices, .. } = ast.expr(receiver_base(ast, recv.ty)) {
            for &arg in ast.expr_list(indices) {
                if let Expr::Ident(name) = ast.expr(arg) {
                    let span = ast.expr_span(arg);
                    names.push(Ident { name, span });
                }
            }
        }
        names.extend(ast.type_param_list(decl.type_params).iter().map(|p| p.name));
        names.extend(recv.name);
        names
    }

    /// The type parameters of a receiver whose type is none: nothing more is said of them.
    pub(super) fn bind_orphan_params(&mut self, decl: &ast::FuncDecl) {
        let mut names = self.receiver_names(decl);
        if decl.recv.is_some_and(|recv| recv.name.is_some()) {
            names.pop();
        }
        for name in names {
            self.declare_invalid(name);
        }
    }

    /// The receiver's type as written must exist and be one that can have methods.
    pub(super) fn check_receiver_type(&mut self, decl: &ast::FuncDecl) -> Ty {
        let ast = self.ast();
        let Some(recv) = decl.recv else {
            return Ty::INVALID;
        };
        let ty = self.type_expr(recv.ty);
        let loc = self.loc(ast.expr_span(receiver_base(ast, recv.ty)));
        let written = !has_receiver_params(ast, decl);
        self.later.push(Later::Receiver { ty, loc, written });
        ty
    }

    /// Whether a receiver's type can have methods; `written` without type parameters.
    pub(super) fn check_receiver(&mut self, ty: Ty, loc: Loc, written: bool) {
        let (base, _) = self.deref(ty);
        if base == Ty::INVALID {
            return;
        }
        let text = self.type_string_at(base, loc.file);
        let package = self.file_packages[loc.file.0 as usize];
        let message = match self.types.get(base) {
            Type::Named(id) if self.types.named[id.0 as usize].package != package => {
                format!("cannot define new methods on non-local type {text}")
            }
            Type::Named(id) if written && self.types.named[id.0 as usize].origin.is_some() => {
                format!("cannot define new methods on instantiated type {text}")
            }
            Type::Named(_) => match self.types.under(base) {
                Type::Pointer(_) | Type::Interface(_) => {
                    format!("invalid receiver type {text} (pointer or interface type)")
                }
                _ => return,
            },
            Type::Basic(_) => format!("cannot define new methods on non-local type {text}"),
            _ => {
                // As it is written, if that is the name of an alias.
                let file = &self.files[loc.file.0 as usize];
                let mut text = file.slice(loc.span).to_string();
                if !text.chars().all(|c| c.is_alphanumeric() || c == '_') {
                    text = self.type_string_at(ty, loc.file);
                } else if file.text()[..loc.span.start as usize].ends_with('*') {
                    text.insert(0, '*');
                }
                format!("invalid receiver type {text}")
            }
        };
        self.error_at(code::BAD_RECEIVER, loc, message);
    }

    /// A method that belongs to no type of the package: its body is still checked.
    pub(super) fn orphan_method(&mut self, file: FileIndex, decl_id: DeclId) {
        let ast::Decl::Func(decl) = self.decl(file, decl_id) else {
            return;
        };
        let func = self.new_func(file, decl_id, decl.name, decl.body.is_some(), None);
        let (sig, _) = self.at_package_level(file, None, FuncContext::default(), |checker| {
            checker.cx.scopes.open();
            checker.bind_orphan_params(decl);
            let recv = checker.check_receiver_type(decl);
            let names: Vec<Ident> = decl.recv.and_then(|recv| recv.name).into_iter().collect();
            checker.cx.scopes.open();
            checker.method_type_params(func, decl);
            let sig = checker.signature_after(&names, decl.sig);
            checker.cx.scopes.close();
            checker.cx.scopes.close();
            checker.with_receiver(sig, recv)
        });
        self.funcs[func.0 as usize].code.sig = sig;
        self.use_func(func);
    }
}

/// Whether the receiver's type has type parameters.
fn has_receiver_params(ast: &Ast, decl: &ast::FuncDecl) -> bool {
    decl.recv.is_some_and(|recv| {
        let base = receiver_base(ast, recv.ty);
        matches!(ast.expr(base), Expr::Index { .. })
    })
}

/// The type of a receiver without parentheses and star: `T` or `T[P]`.
fn receiver_base(ast: &Ast, ty: ast::ExprId) -> ast::ExprId {
    let base = ast.unparen(ty);
    match ast.expr(base) {
        Expr::Star(inner) => ast.unparen(inner),
        _ => base,
    }
}
