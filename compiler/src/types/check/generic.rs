//! Generic types and functions: type parameters, instances, constraints.
//!
//! A method of a generic type uses the type's own parameters under the names that its receiver gives them. An instance
//! is a defined type of its own; its underlying type and method signatures are those of the generic type with arguments
//! put in, computed when they are needed.

use super::cycle::Part;
use super::instance_cycle::MAX_NESTING;
use super::{Checker, NamedState};
use crate::diagnostics::code;
use crate::types::scope::ObjectKind;
use crate::types::ty::{
    DeclaredMethod, Field, Interface, Loc, Method, Named, NamedId, Sig, Term, Ty, Type, TypeParam,
    TypeParamId,
};
use minigo_grammar::ast::{self, ExprId, Ident};
use std::rc::Rc;

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
        let holder = self.cx.holder.take();
        let generic = self.generic_type(x);
        let mut tys = Vec::with_capacity(args.len());
        let mut locs = Vec::with_capacity(args.len());
        for &arg in args {
            tys.push(self.type_expr(arg));
            locs.push(self.loc(ast.expr_span(arg)));
        }
        self.cx.holder = holder;
        self.type_depth -= 1;
        let span = ast.expr_span(x);
        let Some(named) = generic else {
            return Ty::INVALID;
        };
        if tys.contains(&Ty::INVALID) {
            return Ty::INVALID;
        }
        let info = &self.types.named[named.0 as usize];
        let captured = info.type_params[..info.captured].to_vec();
        let wanted = info.type_params.len() - captured.len();
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
        let captured = captured
            .into_iter()
            .map(|param| self.types.intern(Type::Param(param)));
        tys.splice(0..0, captured.collect::<Vec<_>>());
        self.later.push(super::types::Later::TypeArgs {
            named,
            args: tys.clone(),
            locs,
        });
        self.type_depth += 1;
        let known = self.types.named.len();
        let ty = self.instance(named, tys);
        self.type_depth -= 1;
        if let Type::Named(id) = *self.types.get(ty)
            && id.0 as usize >= known
        {
            self.named_info(id).at = Some(self.loc(span));
        }
        self.add_part(Part::Type(ty));
        if self.type_depth == 0 {
            self.finish_types();
        }
        ty
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
        if self.types.named[generic.0 as usize].alias {
            let ty = self.types.intern(Type::Named(generic));
            self.complete_type(ty);
            let info = &self.types.named[generic.0 as usize];
            let (ty, params) = (info.underlying, info.type_params.clone());
            return self.substitute(ty, &params, &args);
        }
        let key = (generic, args);
        if let Some(&known) = self.instances.get(&key) {
            return known;
        }
        if key.1.iter().any(|&arg| self.nesting(arg) > MAX_NESTING) {
            let param = self.types.named[generic.0 as usize].type_params.first();
            self.instance_graph.endless = param.map(|id| self.types.params[id.0 as usize].loc);
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
            captured: of.captured,
            alias: false,
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
        self.pending_instances.push_back(id);
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
        let own = self.types.named[origin.0 as usize].methods[index]
            .type_params
            .clone();
        let method = &mut self.types.named[id.0 as usize].methods[index];
        method.sig = sig;
        method.type_params = own;
    }

    /// The type with `params` replaced by `args`.
    pub(crate) fn substitute(&mut self, ty: Ty, params: &[TypeParamId], args: &[Ty]) -> Ty {
        if !self.types.is_open(ty) {
            return ty;
        }
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
            Type::Func(sig) => Type::from(Sig {
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
            Type::Tuple(tys) => Type::Tuple(list(self, &tys).into()),
        };
        self.types.intern(new)
    }

    pub(super) fn verify_type_args(&mut self, named: NamedId, args: &[Ty], locs: &[Loc]) {
        let info = &self.types.named[named.0 as usize];
        let (params, captured) = (info.type_params.clone(), info.captured);
        self.note_instance(&params[captured..], &args[captured..], locs);
        if let Err((index, cause)) = self.satisfies(&params, args)
            && let Some(&loc) = locs.get(index - captured)
        {
            self.error_at(code::TYPE_ARGS, loc, cause);
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
