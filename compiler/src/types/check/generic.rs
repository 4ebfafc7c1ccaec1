//! Generic types and functions: type parameters, instances, constraints.
//!
//! A method of a generic type uses the type's own parameters under the names that its receiver gives them. An instance
//! is a defined type of its own; its underlying type and method signatures are those of the generic type with arguments
//! put in, computed when they are needed.

use super::{Checker, NamedState};
use crate::diagnostics::code;
use crate::types::scope::ObjectKind;
use crate::types::ty::{
    DeclaredMethod, Field, Interface, Loc, Method, Named, NamedId, Sig, Term, Ty, Type, TypeParam,
    TypeParamId,
};
use minigo_grammar::ast::{self, ExprId, Ident};
use minigo_grammar::diagnostic::Diagnostic;
use std::rc::Rc;

/// Type arguments nested deeper than this are taken for endless.
const MAX_NESTING: usize = 50;

/// A type argument that mentions a type parameter: whatever the one stands for, the other stands for something made of it.
pub(super) struct Flow {
    from: TypeParamId,
    to: TypeParamId,
    /// The argument is not the parameter itself but bigger.
    grows: bool,
    arg: Ty,
    loc: Loc,
}

impl<'a> Checker<'a> {
    /// Declares type parameters in the innermost block, without their constraints.
    pub(super) fn declare_type_params(&mut self, list: &[ast::TypeParam]) -> Vec<TypeParamId> {
        let mut ids = Vec::with_capacity(list.len());
        for (index, param) in list.iter().enumerate() {
            let name = self.name(param.name.name);
            let loc = self.loc(param.name.span);
            self.types.params.push(TypeParam {
                name,
                index,
                constraint: Ty::INVALID,
                loc,
            });
            let id = TypeParamId(self.types.params.len() as u32 - 1);
            self.bind_type_param(param.name, id);
            ids.push(id);
        }
        ids
    }

    pub(super) fn bind_type_param(&mut self, name: Ident, id: TypeParamId) {
        let ty = self.types.intern(Type::Param(id));
        if name.name.is_blank() {
            self.cx.func.blank_params.push((name.span, ty));
        }
        let object = self.local_object(name, ObjectKind::Type(ty));
        self.declare(name, object);
    }

    /// Checks the constraints of declared type parameters.
    pub(super) fn check_constraints(&mut self, list: &[ast::TypeParam], ids: &[TypeParamId]) {
        let mut previous: Option<(ExprId, Ty)> = None;
        for (param, id) in list.iter().zip(ids) {
            let constraint = match previous {
                Some((node, ty)) if node == param.constraint => ty,
                _ => {
                    self.type_depth += 1;
                    let ty = self.constraint_type(param.constraint);
                    self.type_depth -= 1;
                    ty
                }
            };
            previous = Some((param.constraint, constraint));
            self.types.params[id.0 as usize].constraint = constraint;
        }
    }

    /// `x[args]` as a type.
    pub(super) fn instantiated_type(&mut self, x: ExprId, args: &[ExprId]) -> Ty {
        let ast = self.ast();
        self.type_depth += 1;
        let generic = self.generic_type(x);
        let mut tys = Vec::with_capacity(args.len());
        let mut locs = Vec::with_capacity(args.len());
        for &arg in args {
            tys.push(self.type_expr(arg));
            locs.push(self.loc(ast.expr_span(arg)));
        }
        self.type_depth -= 1;
        let span = ast.expr_span(x);
        let Some(named) = generic else {
            return Ty::INVALID;
        };
        if tys.contains(&Ty::INVALID) {
            return Ty::INVALID;
        }
        let wanted = self.types.named[named.0 as usize].type_params.len();
        if wanted != tys.len() {
            let name = self.types.named[named.0 as usize].name.clone();
            let what = if tys.len() < wanted {
                "not enough"
            } else {
                "too many"
            };
            self.error(
                code::TYPE_ARGS,
                span,
                format!(
                    "{what} type arguments for type {name}: have {}, want {wanted}",
                    tys.len()
                ),
            );
            return Ty::INVALID;
        }
        self.later.push(super::types::Later::TypeArgs {
            named,
            args: tys.clone(),
            locs,
        });
        self.instance(named, tys)
    }

    /// The generic type that an expression names; reports an error if it names none.
    fn generic_type(&mut self, x: ExprId) -> Option<NamedId> {
        let ty = self.type_or_generic(x);
        match self.types.get(ty) {
            Type::Named(id) if self.is_generic(ty) => Some(*id),
            _ => {
                if ty != Ty::INVALID {
                    let text = self.type_string(ty);
                    let span = self.ast().expr_span(x);
                    self.error(
                        code::TYPE_ARGS,
                        span,
                        format!("{text} is not a generic type"),
                    );
                }
                None
            }
        }
    }

    /// The instance of a generic type for these arguments.
    pub(crate) fn instance(&mut self, generic: NamedId, args: Vec<Ty>) -> Ty {
        let key = (generic, args);
        if let Some(&known) = self.instances.get(&key) {
            return known;
        }
        if key.1.iter().any(|&arg| self.nesting(arg) > MAX_NESTING) {
            let param = self.types.named[generic.0 as usize].type_params.first();
            if let Some(loc) = param.map(|id| self.types.params[id.0 as usize].loc) {
                self.error_at(code::TYPE_ARGS, loc, "instantiation cycle".to_string());
            }
            return Ty::INVALID;
        }
        let of = &self.types.named[generic.0 as usize];
        let methods: Vec<DeclaredMethod> = of
            .methods
            .iter()
            .map(|method| DeclaredMethod {
                sig: Ty::INVALID,
                ..method.clone()
            })
            .collect();
        let count = methods.len();
        let named = Named {
            name: of.name.clone(),
            package: of.package,
            local: of.local,
            underlying: Ty::INVALID,
            methods,
            type_params: Vec::new(),
            origin: Some((generic, key.1.clone())),
            loc: of.loc,
        };
        let object = self.named_info(generic).object;
        let (id, ty) = self.types.declare_named(named);
        let info = self.named_info(id);
        info.state = NamedState::Pending;
        info.object = object;
        info.methods_known = vec![false; count];
        self.instances.insert(key, ty);
        self.pending_types.push_back(id);
        if self.type_depth == 0 {
            self.finish_types();
        }
        ty
    }

    pub(super) fn complete_instance(&mut self, id: NamedId) {
        let Some((generic, args)) = self.types.named[id.0 as usize].origin.clone() else {
            return;
        };
        if self.named_info(generic).state == NamedState::Active {
            // The generic type is being looked at: wait until it is done.
            self.stalled_instances.push(id);
            return;
        }
        let generic_ty = self.types.intern(Type::Named(generic));
        self.complete_type(generic_ty);
        let under = self.types.named[generic.0 as usize].underlying;
        self.named_info(id).state = NamedState::Done;
        let params = self.types.named[generic.0 as usize].type_params.clone();
        let under = self.substitute(under, &params, &args);
        self.types.named[id.0 as usize].underlying = under;
    }

    pub(super) fn resolve_instance_method(&mut self, id: NamedId, origin: NamedId, index: usize) {
        match self.named_info(id).methods_known.get_mut(index) {
            Some(known) if !*known => *known = true,
            _ => return,
        }
        self.resolve_method(origin, index);
        let Some((_, args)) = self.types.named[id.0 as usize].origin.clone() else {
            return;
        };
        let params = self.types.named[origin.0 as usize].type_params.clone();
        let sig = self.types.named[origin.0 as usize].methods[index].sig;
        let sig = self.substitute(sig, &params, &args);
        self.types.named[id.0 as usize].methods[index].sig = sig;
    }

    /// The type with `params` replaced by `args`.
    pub(crate) fn substitute(&mut self, ty: Ty, params: &[TypeParamId], args: &[Ty]) -> Ty {
        let list = |checker: &mut Self, tys: &[Ty]| -> Vec<Ty> {
            tys.iter()
                .map(|&ty| checker.substitute(ty, params, args))
                .collect()
        };
        let new = match self.types.get(ty).clone() {
            Type::Basic(_) => return ty,
            Type::Param(id) => {
                let index = params.iter().position(|&param| param == id);
                return index.and_then(|i| args.get(i)).copied().unwrap_or(ty);
            }
            Type::Named(id) => {
                let named = &self.types.named[id.0 as usize];
                let (generic, own) = match &named.origin {
                    Some((generic, own)) => (*generic, own.clone()),
                    None => return ty,
                };
                let new = list(self, &own);
                if new == own {
                    return ty;
                }
                return self.instance(generic, new);
            }
            Type::Pointer(elem) => Type::Pointer(self.substitute(elem, params, args)),
            Type::Slice(elem) => Type::Slice(self.substitute(elem, params, args)),
            Type::Array { elem, len } => Type::Array {
                elem: self.substitute(elem, params, args),
                len,
            },
            Type::Map { key, value } => Type::Map {
                key: self.substitute(key, params, args),
                value: self.substitute(value, params, args),
            },
            Type::Chan { elem, dir } => Type::Chan {
                elem: self.substitute(elem, params, args),
                dir,
            },
            Type::Func(sig) => Type::Func(Sig {
                params: list(self, &sig.params),
                results: list(self, &sig.results),
                variadic: sig.variadic,
            }),
            Type::Struct(fields) => {
                let fields: Vec<Field> = fields
                    .iter()
                    .map(|field| Field {
                        ty: self.substitute(field.ty, params, args),
                        ..field.clone()
                    })
                    .collect();
                Type::Struct(fields.into())
            }
            Type::Interface(interface) => {
                let methods: Vec<Method> = interface
                    .methods
                    .iter()
                    .map(|method| Method {
                        sig: self.substitute(method.sig, params, args),
                        ..method.clone()
                    })
                    .collect();
                let terms = interface.terms.as_ref().map(|terms| {
                    terms
                        .iter()
                        .map(|term| Term {
                            tilde: term.tilde,
                            ty: self.substitute(term.ty, params, args),
                        })
                        .collect()
                });
                Type::Interface(Rc::new(Interface {
                    methods,
                    terms,
                    comparable: interface.comparable,
                }))
            }
            Type::Tuple(tys) => Type::Tuple(list(self, &tys)),
        };
        self.types.intern(new)
    }

    pub(super) fn verify_type_args(&mut self, named: NamedId, args: &[Ty], locs: &[Loc]) {
        let params = self.types.named[named.0 as usize].type_params.clone();
        self.note_flows(&params, args, locs);
        if let Err((index, cause)) = self.satisfies(&params, args)
            && let Some(&loc) = locs.get(index)
        {
            self.error_at(code::TYPE_ARGS, loc, cause);
        }
    }

    /// How deep type arguments are nested in a type.
    fn nesting(&self, ty: Ty) -> usize {
        let deepest = |tys: &[Ty]| tys.iter().map(|&ty| self.nesting(ty)).max().unwrap_or(0);
        match self.types.get(ty) {
            Type::Basic(_) | Type::Param(_) | Type::Interface(_) => 0,
            Type::Named(id) => match &self.types.named[id.0 as usize].origin {
                Some((_, args)) => 1 + deepest(args),
                None => 0,
            },
            Type::Pointer(elem)
            | Type::Slice(elem)
            | Type::Array { elem, .. }
            | Type::Chan { elem, .. } => 1 + self.nesting(*elem),
            Type::Map { key, value } => 1 + deepest(&[*key, *value]),
            Type::Func(sig) => 1 + deepest(&sig.params).max(deepest(&sig.results)),
            Type::Struct(fields) => {
                let fields: Vec<Ty> = fields.iter().map(|field| field.ty).collect();
                1 + deepest(&fields)
            }
            Type::Tuple(tys) => deepest(tys),
        }
    }

    /// Notes which type parameters of the place of an instantiation flow into those of what is instantiated.
    pub(super) fn note_flows(&mut self, params: &[TypeParamId], args: &[Ty], locs: &[Loc]) {
        for ((&to, &arg), &loc) in params.iter().zip(args).zip(locs) {
            let mut found = Vec::new();
            self.mentioned_params(arg, &mut found);
            let grows = !self.types.is_type_param(arg);
            self.flows.extend(found.into_iter().map(|from| Flow {
                from,
                to,
                grows,
                arg,
                loc,
            }));
        }
    }

    /// The type parameters in a type.
    fn mentioned_params(&self, ty: Ty, out: &mut Vec<TypeParamId>) {
        match self.types.get(ty) {
            Type::Param(id) => out.push(*id),
            Type::Basic(_) | Type::Interface(_) => {}
            Type::Named(id) => {
                if let Some((_, args)) = &self.types.named[id.0 as usize].origin {
                    args.iter().for_each(|&arg| self.mentioned_params(arg, out));
                }
            }
            Type::Pointer(elem)
            | Type::Slice(elem)
            | Type::Array { elem, .. }
            | Type::Chan { elem, .. } => self.mentioned_params(*elem, out),
            Type::Map { key, value } => {
                self.mentioned_params(*key, out);
                self.mentioned_params(*value, out);
            }
            Type::Func(sig) => {
                let all = sig.params.iter().chain(&sig.results);
                all.for_each(|&ty| self.mentioned_params(ty, out));
            }
            Type::Struct(fields) => {
                let all = fields.iter();
                all.for_each(|field| self.mentioned_params(field.ty, out));
            }
            Type::Tuple(tys) => tys.iter().for_each(|&ty| self.mentioned_params(ty, out)),
        }
    }

    /// Reports a type parameter that would be instantiated with ever bigger types.
    pub(super) fn check_flows(&mut self) {
        let flows = std::mem::take(&mut self.flows);
        for flow in flows.iter().filter(|flow| flow.grows) {
            // Does what it flows into come back to where it is from?
            let mut seen = vec![flow.to];
            let mut next = 0;
            while next < seen.len() {
                let from = seen[next];
                for other in flows.iter().filter(|other| other.from == from) {
                    if !seen.contains(&other.to) {
                        seen.push(other.to);
                    }
                }
                next += 1;
            }
            if seen.contains(&flow.from) {
                let param = &self.types.params[flow.to.0 as usize];
                let (name, at) = (param.name.clone(), param.loc);
                let (place, arg) = (self.place(flow.loc), self.type_string(flow.arg));
                let diagnostic =
                    Diagnostic::error(code::TYPE_ARGS, at.span, "instantiation cycle:")
                        .with_continuation(format!("{place}: {name} instantiated as {arg}"));
                self.diagnostics.push((at.file, diagnostic));
                return;
            }
        }
    }

    /// Whether type arguments satisfy the constraints of their parameters; else which does not, and why.
    pub(crate) fn satisfies(
        &mut self,
        params: &[TypeParamId],
        args: &[Ty],
    ) -> Result<(), (usize, String)> {
        for (i, (&param, &arg)) in params.iter().zip(args).enumerate() {
            let constraint = self.types.params[param.0 as usize].constraint;
            let constraint = self.substitute(constraint, params, args);
            self.implements(arg, constraint, true)
                .map_err(|cause| (i, cause))?;
        }
        Ok(())
    }

    /// Whether `ty` implements the interface `target`, or (`constraint`) satisfies it; else why not, as messages say it.
    pub(crate) fn implements(
        &mut self,
        ty: Ty,
        target: Ty,
        constraint: bool,
    ) -> Result<(), String> {
        if self.types.underlying(ty) == Ty::INVALID || self.types.underlying(target) == Ty::INVALID
        {
            return Ok(());
        }
        let verb = if constraint { "satisfy" } else { "implement" };
        let ty_text = self.type_string(ty);
        let target_text = self.type_string(target);
        let Some(interface) = self.types.as_interface(target).cloned() else {
            return Err(format!(
                "{ty_text} does not {verb} {target_text} ({target_text} is not an interface)"
            ));
        };
        if let Some(cause) = self.missing_method(ty, target, true) {
            return Err(format!("{ty_text} does not {verb} {target_text} {cause}"));
        }
        let own = self
            .types
            .as_interface(ty)
            .or_else(|| self.types.constraint(ty))
            .cloned();
        let no_types = |interface: &Interface| interface.terms.as_ref().is_some_and(Vec::is_empty);
        if own.as_ref().is_some_and(no_types) {
            return Ok(());
        }
        if let Some(terms) = &interface.terms {
            if terms.is_empty() {
                return Err(format!("cannot {verb} {target_text} (empty type set)"));
            }
            let fits = match &own {
                Some(own) => own
                    .terms
                    .as_ref()
                    .is_some_and(|own| own.iter().all(|term| self.included(*term, terms))),
                None => self.included(Term { tilde: false, ty }, terms),
            };
            if !fits {
                if own.is_some() {
                    return Err(format!("{ty_text} does not {verb} {target_text}"));
                }
                let under = self.types.underlying(ty);
                let alternative = terms
                    .iter()
                    .find(|term| !term.tilde && term.ty == under && under != ty);
                let detail = match alternative {
                    Some(term) => {
                        let term = self.type_string(term.ty);
                        format!("possibly missing ~ for {term} in {target_text}")
                    }
                    None => {
                        let list: Vec<String> = terms
                            .iter()
                            .map(|term| {
                                let text = self.type_string(term.ty);
                                format!("{}{text}", if term.tilde { "~" } else { "" })
                            })
                            .collect();
                        format!("{ty_text} missing in {}", list.join(" | "))
                    }
                };
                return Err(format!(
                    "{ty_text} does not {verb} {target_text} ({detail})"
                ));
            }
        }
        if interface.comparable && !self.types.comparable(ty, constraint) {
            return Err(format!("{ty_text} does not {verb} comparable"));
        }
        Ok(())
    }

    /// Whether every type of a term is in a union.
    fn included(&self, term: Term, union: &[Term]) -> bool {
        union.iter().any(|other| {
            if other.tilde {
                self.types.underlying(term.ty) == self.types.underlying(other.ty)
            } else {
                !term.tilde && term.ty == other.ty
            }
        })
    }
}
