//! Generic functions: explicit type arguments, and inference of those that are not written (spec "Type inference").
//!
//! Sources of knowledge, in this order: the types of typed arguments, the constraints of the parameters, the default
//! types of untyped constants. Parameters are renamed first where the arguments mention them, as in recursive calls.

use minigo_grammar::ast::{self, ExprId, ExprList};
use minigo_grammar::source::Span;

use super::call::{Args, Call};
use super::selector::MethodTarget;
use super::unify::{Matching, Unifier};
use super::{Checker, Operand, Source};
use crate::diagnostics::code;
use crate::types::scope::ObjectKind;
use crate::types::ty::{Sig, Term, Ty, Type, TypeParamId};
use crate::types::typed::ExprKind;
use std::rc::Rc;

/// An error found by inference, not yet reported: where and what.
type Failure = Option<(Span, String)>;

impl Checker<'_> {
    /// Whether an expression is the name of a generic type.
    pub(crate) fn generic_type_name(&self, id: ExprId) -> bool {
        let object = match self.ast().expr(id) {
            ast::Expr::Ident(name) => self.lookup(name),
            ast::Expr::Selector { x, sel } => match self.ast().expr(x) {
                ast::Expr::Ident(name) => match self
                    .lookup(name)
                    .map(|object| &self.objects[object].kind)
                {
                    Some(ObjectKind::Package(package)) => self.package_member(*package, sel.name),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        // What is not resolved yet is decided by its declaration.
        let Some(object) = object else { return false };
        match &self.objects[object].kind {
            ObjectKind::Type(ty) => match self.types.get(*ty) {
                Type::Named(named) => {
                    let info = &self.types.named[named.0 as usize];
                    info.origin.is_none() && !info.type_params.is_empty()
                }
                _ => false,
            },
            _ => self.declares_type(object),
        }
    }

    fn declares_type(&self, object: crate::types::scope::ObjectId) -> bool {
        match self.objects[object].site {
            Some(site) => {
                let decl = self.decl(site.file, site.decl);
                matches!(decl, ast::Decl::Type(decl) if !decl.type_params.is_empty())
            }
            None => false,
        }
    }

    /// `f[T]` where more type arguments may be missing.
    pub(crate) fn partial_instance(
        &mut self,
        id: ExprId,
        mut x: Operand,
        indices: ExprList,
    ) -> Operand {
        let list = self.ast().expr_list(indices);
        let args: Vec<Ty> = list.iter().map(|&arg| self.type_expr(arg)).collect();
        let Some(generic) = &mut x.generic else {
            return self.invalid(id);
        };
        let params = generic.params.clone();
        if args.contains(&Ty::INVALID) {
            return self.invalid(id);
        }
        let (given, wanted) = (args.len(), params.len());
        if given > wanted {
            let span = self.ast().expr_span(list[wanted]);
            let message = format!("got {given} type arguments but want {wanted}");
            self.error(code::TYPE_ARGS, span, message);
            return self.invalid(id);
        }
        x.source = Source::Expr(id);
        x.loc = self.expr_loc(id);
        if given == wanted {
            let places: Vec<Span> = list.iter().map(|&arg| self.ast().expr_span(arg)).collect();
            let id_span = self.ast().expr_span(id);
            if !self.instantiate(&mut x, &args, &places, id_span) {
                return self.invalid(id);
            }
        } else if let Some(generic) = &mut x.generic {
            generic.given = args;
        }
        x
    }

    /// Gives a generic function or method all its type arguments, which must satisfy their constraints. What is wrong with
    /// one is reported at its place in `places`, if it is written, else at `at`.
    fn instantiate(&mut self, x: &mut Operand, args: &[Ty], places: &[Span], at: Span) -> bool {
        let Some(generic) = x.generic.take() else {
            return false;
        };
        if let Err((index, cause)) = self.satisfies(&generic.params, args) {
            let span = places.get(index).copied().unwrap_or(at);
            self.error_lines(code::TYPE_ARGS, span, &cause);
            return false;
        }
        let loc = |i: usize| self.loc(places.get(i).copied().unwrap_or(at));
        let locs: Vec<_> = (0..args.len()).map(loc).collect();
        self.note_instance(&generic.declared, args, &locs);
        for &arg in args {
            // Code of the instance may convert its values to interfaces.
            self.use_as_interface(arg);
        }
        let ty = self.substitute(x.ty, &generic.params, args);
        x.ty = ty;
        if let Some(member) = generic.member {
            x.tree = Some(self.adjusted_method_expr(ty, member, args, x.loc));
        } else if let Some(method) = &mut x.method {
            if let MethodTarget::Declared { type_args, .. } = &mut method.target {
                type_args.extend_from_slice(args);
            }
        } else if let Some(tree) = &mut x.tree {
            tree.ty = ty;
            if let ExprKind::Func { type_args, .. } = &mut tree.kind {
                type_args.extend_from_slice(args);
            }
        }
        true
    }

    /// Gives a generic function the type arguments that `target` asks for, or reports that it lacks them.
    pub(crate) fn instantiate_for(&mut self, x: &mut Operand, target: Option<Ty>) {
        if x.generic.is_none() || !x.is_valid() {
            return;
        }
        if !self.infer_for(x, target) {
            return x.invalidate();
        }
        self.bind_value(x);
    }

    /// A method that got its last type argument, as a value.
    fn bind_value(&mut self, x: &mut Operand) {
        let place = Operand::typed(Ty::INVALID, x.loc);
        let method = std::mem::replace(x, place);
        *x = self.method_value(method);
    }

    fn infer_for(&mut self, x: &mut Operand, target: Option<Ty>) -> bool {
        let Some(generic) = &x.generic else {
            return true;
        };
        let (params, given) = (generic.params.clone(), generic.given.clone());
        let func = target
            .and_then(|target| self.types.common_under(target))
            .filter(|&under| matches!(self.types.get(under), Type::Func(_)));
        if func.is_none() && given.is_empty() {
            let message = format!(
                "cannot use generic function {} without instantiation",
                self.operand_text(x)
            );
            self.error(code::TYPE_ARGS, x.loc.span, message);
            return false;
        }
        let mentioned: Vec<Ty> = given.iter().copied().chain(func).collect();
        let (fresh, ty) = self.rename(&params, x.ty, &mentioned);
        let mut args: Vec<Option<Ty>> = given.into_iter().map(Some).collect();
        args.resize(params.len(), None);
        let mut unifier = Unifier::new(&fresh, &args);
        if let Some(func) = func
            && !self.unify(&mut unifier, ty, func, Matching::Assign)
        {
            let (have, want) = (self.type_string(x.ty), self.type_string(func));
            let text = self.operand_text(x);
            let message = format!(
                "type {have} of {text} does not match {want} (cannot infer {})",
                self.param_names(&params)
            );
            self.error(code::TYPE_ARGS, x.loc.span, message);
            return false;
        }
        let at = match x.expr().map(|id| self.ast().expr(id)) {
            Some(ast::Expr::Index { lbrack, .. }) => Span::at(lbrack),
            _ => x.loc.span,
        };
        match self.solve(&mut unifier, &fresh, &[], &[], at) {
            Ok(args) => {
                let span = x.loc.span;
                self.instantiate(x, &args, &[], span)
            }
            Err(failure) => {
                if let Some((span, message)) = failure {
                    self.error_lines(code::TYPE_ARGS, span, &message);
                }
                false
            }
        }
    }

    /// The signature of a generic function for a call, with all type arguments; `f` and generic functions among the
    /// arguments are instantiated.
    pub(crate) fn infer_call(
        &mut self,
        call: Call<'_>,
        f: &mut Operand,
        sig: &Sig,
        args: &mut Args,
    ) -> Option<Rc<Sig>> {
        let generic = f.generic.as_ref()?;
        let (params, given) = (generic.params.clone(), generic.given.clone());
        if args.operands.iter().any(|arg| !arg.is_valid()) {
            return None;
        }
        if !self.arg_count_fits(call, sig, &args.operands) {
            return None;
        }
        let spread: Vec<Ty> = (0..args.operands.len())
            .map(|i| match sig.params.get(i) {
                Some(&param) if !sig.variadic || call.spread || i + 1 < sig.params.len() => param,
                _ => self.variadic_elem(sig),
            })
            .collect();
        let operands = args.operands.iter().map(|arg| arg.ty);
        let mentioned: Vec<Ty> = operands.chain(given.iter().copied()).collect();
        let tuple = self.types.intern(Type::Tuple(spread.into()));
        let (mut fresh, tuple) = self.rename(&params, tuple, &mentioned);
        let mut known: Vec<Option<Ty>> = given.into_iter().map(Some).collect();
        known.resize(params.len(), None);
        // Generic functions as arguments bring parameters of their own.
        let mut generic_args = Vec::new();
        for (i, arg) in args.operands.iter_mut().enumerate() {
            let Some(generic) = &arg.generic else {
                continue;
            };
            let (own, given) = (generic.params.clone(), generic.given.clone());
            let (own_fresh, ty) = self.rename_always(&own, arg.ty);
            let mut own_known: Vec<Option<Ty>> = given.into_iter().map(Some).collect();
            own_known.resize(own.len(), None);
            generic_args.push((i, own, fresh.len(), arg.ty));
            fresh.extend(own_fresh);
            known.extend(own_known);
            arg.ty = ty;
        }
        let Type::Tuple(param_tys) = self.types.get(tuple).clone() else {
            return None;
        };
        let mut unifier = Unifier::new(&fresh, &known);
        let span = Span::at(call.lparen);
        let solved = match known.iter().all(Option::is_some) {
            true => Ok(known.into_iter().flatten().collect()),
            false => self.solve(&mut unifier, &fresh, &param_tys, &args.operands, span),
        };
        let solved = match solved {
            Ok(solved) => solved,
            Err(failure) => {
                if let Some((span, message)) = failure {
                    let text = self.expr_string(call.fun);
                    self.error_lines(
                        code::TYPE_ARGS,
                        span,
                        &format!("in call to {text}, {message}"),
                    );
                }
                return None;
            }
        };
        for (i, own, start, ty) in generic_args {
            let arg = &mut args.operands[i];
            arg.ty = ty;
            let solved = solved[start..start + own.len()].to_vec();
            if !self.instantiate(arg, &solved, &[], span) {
                return None;
            }
            self.bind_value(arg);
        }
        let written = match self.ast().expr(call.fun) {
            ast::Expr::Index { indices, .. } => self.ast().expr_list(indices),
            _ => &[],
        };
        let places: Vec<Span> = written
            .iter()
            .map(|&arg| self.ast().expr_span(arg))
            .collect();
        if !self.instantiate(f, &solved[..params.len()], &places, span) {
            return None;
        }
        self.types.as_sig(f.ty).cloned()
    }

    /// Fresh copies of type parameters, and a type in which they replace them, if `mentioned` types contain them.
    fn rename(
        &mut self,
        params: &[TypeParamId],
        ty: Ty,
        mentioned: &[Ty],
    ) -> (Vec<TypeParamId>, Ty) {
        let occurs = mentioned
            .iter()
            .any(|&other| self.mentions(other, params, 0));
        if occurs {
            self.rename_always(params, ty)
        } else {
            (params.to_vec(), ty)
        }
    }

    fn rename_always(&mut self, params: &[TypeParamId], ty: Ty) -> (Vec<TypeParamId>, Ty) {
        let mut fresh = Vec::with_capacity(params.len());
        let mut tys = Vec::with_capacity(params.len());
        for &param in params {
            let copy = self.types.params[param.0 as usize].clone();
            self.types.params.push(copy);
            let id = TypeParamId(self.types.params.len() as u32 - 1);
            fresh.push(id);
            tys.push(self.types.intern(Type::Param(id)));
        }
        for &id in &fresh {
            let constraint = self.types.params[id.0 as usize].constraint;
            self.types.params[id.0 as usize].constraint = self.substitute(constraint, params, &tys);
        }
        (fresh, self.substitute(ty, params, &tys))
    }

    /// Fresh copies of a method's own type parameters, which are the last of `params`, and its signature with them;
    /// the parameters before them are the receiver's, and replaced by `args`.
    pub(super) fn method_params(
        &mut self,
        params: &[TypeParamId],
        mut args: Vec<Ty>,
        sig: Ty,
    ) -> (Vec<TypeParamId>, Ty) {
        let own = &params[args.len()..];
        let mut fresh = Vec::with_capacity(own.len());
        for &param in own {
            let copy = self.types.params[param.0 as usize].clone();
            self.types.params.push(copy);
            let id = TypeParamId(self.types.params.len() as u32 - 1);
            fresh.push(id);
            args.push(self.types.intern(Type::Param(id)));
        }
        for &id in &fresh {
            let constraint = self.types.params[id.0 as usize].constraint;
            self.types.params[id.0 as usize].constraint =
                self.substitute(constraint, params, &args);
        }
        (fresh, self.substitute(sig, params, &args))
    }

    /// Whether a type contains one of the type parameters.
    fn mentions(&self, ty: Ty, params: &[TypeParamId], depth: usize) -> bool {
        if depth > 100 {
            return false;
        }
        let any = |tys: &[Ty]| tys.iter().any(|&ty| self.mentions(ty, params, depth + 1));
        match self.types.get(ty) {
            Type::Basic(_) => false,
            Type::Param(id) => params.contains(id),
            Type::Named(id) => match &self.types.named[id.0 as usize].origin {
                Some((_, args)) => any(args),
                None => false,
            },
            Type::Pointer(elem)
            | Type::Slice(elem)
            | Type::Array { elem, .. }
            | Type::Chan { elem, .. } => any(&[*elem]),
            Type::Map { key, value } => any(&[*key, *value]),
            Type::Func(sig) => any(&sig.params) || any(&sig.results),
            Type::Struct(fields) => fields.iter().any(|field| any(&[field.ty])),
            Type::Interface(interface) => {
                interface.methods.iter().any(|method| any(&[method.sig]))
                    || interface.terms.iter().flatten().any(|term| any(&[term.ty]))
            }
            Type::Tuple(tys) => any(tys),
        }
    }

    fn param_names(&self, params: &[TypeParamId]) -> String {
        let names: Vec<&str> = params
            .iter()
            .map(|param| &*self.types.params[param.0 as usize].name)
            .collect();
        match &names[..] {
            [] => String::new(),
            [one] => one.to_string(),
            [one, two] => format!("{one} and {two}"),
            [first @ .., last] => format!("{}, and {last}", first.join(", ")),
        }
    }

    /// Finds types for all parameters from arguments, constraints and untyped constants.
    fn solve(
        &mut self,
        u: &mut Unifier,
        params: &[TypeParamId],
        param_tys: &[Ty],
        args: &[Operand],
        span: Span,
    ) -> Result<Vec<Ty>, Failure> {
        let known = u.inferred();
        let mut untyped = Vec::new();
        for (&param_ty, arg) in param_tys.iter().zip(args) {
            let param_ty = self.substitute_known(param_ty, params, &known);
            if !self.mentions(param_ty, params, 0) && !self.mentions(arg.ty, params, 0) {
                continue;
            }
            if !self.types.is_untyped(arg.ty) {
                if !self.unify(u, param_ty, arg.ty, Matching::Assign) {
                    return Err(Some((
                        arg.loc.span,
                        self.mismatch(u, params, param_ty, arg),
                    )));
                }
            } else if let Type::Param(id) = *self.types.get(param_ty)
                && !arg.is_nil()
                && let Some(index) = params.iter().position(|&param| param == id)
            {
                untyped.push((index, arg));
            }
        }
        self.unify_constraints(u, params, span)?;
        let mut largest: Vec<Option<Ty>> = vec![None; params.len()];
        for (index, arg) in untyped {
            if u.at(index).is_some() {
                continue;
            }
            let ty = match largest[index] {
                None => arg.ty,
                Some(known) => match self.max_type(known, arg.ty) {
                    Some(ty) => ty,
                    None => {
                        let (a, b) = (self.type_string(known), self.type_string(arg.ty));
                        let name = self.param_names(&params[index..=index]);
                        let message = format!("mismatched types {a} and {b} (cannot infer {name})");
                        return Err(Some((arg.loc.span, message)));
                    }
                },
            };
            largest[index] = Some(ty);
        }
        for (index, ty) in largest.into_iter().enumerate() {
            if let Some(ty) = ty {
                u.set(index, self.types.default_type(ty));
            }
        }
        self.simplify(u, params, span)
    }

    fn substitute_known(&mut self, ty: Ty, params: &[TypeParamId], known: &[Option<Ty>]) -> Ty {
        let (params, args): (Vec<TypeParamId>, Vec<Ty>) = params
            .iter()
            .zip(known)
            .filter_map(|(&param, arg)| Some((param, (*arg)?)))
            .unzip();
        if params.is_empty() {
            ty
        } else {
            self.substitute(ty, &params, &args)
        }
    }

    /// What to say when an argument does not fit a parameter's type.
    fn mismatch(
        &mut self,
        u: &Unifier,
        params: &[TypeParamId],
        param_ty: Ty,
        arg: &Operand,
    ) -> String {
        let inferred = u.inferred();
        let (have, text, want) = (
            self.type_string(arg.ty),
            self.operand_text(arg),
            self.type_string(param_ty),
        );
        if inferred.iter().all(Option::is_none) {
            let names = self.param_names(params);
            return format!("type {have} of {text} does not match {want} (cannot infer {names})");
        }
        let known = self.substitute_known(param_ty, params, &inferred);
        if known == param_ty {
            return format!("type {have} of {text} does not match {want}");
        }
        let known = self.type_string(known);
        format!("type {have} of {text} does not match inferred type {known} for {want}")
    }

    /// The type that a constraint prescribes (`~T` if only as underlying type), and whether it is its only term.
    fn core_term(&self, param: TypeParamId) -> Option<(Term, bool)> {
        let constraint = self.types.params[param.0 as usize].constraint;
        let terms = self.types.as_interface(constraint)?.terms.as_deref()?;
        if let [only] = terms {
            return Some((*only, true));
        }
        let tilde = terms.iter().any(|term| term.tilde);
        let ty = self.types.common_under_of(terms)?;
        Some((Term { tilde, ty }, false))
    }

    /// Uses the constraints for as long as they tell something new.
    fn unify_constraints(
        &mut self,
        u: &mut Unifier,
        params: &[TypeParamId],
        span: Span,
    ) -> Result<(), Failure> {
        loop {
            let before = u.unknowns();
            for (i, &param) in params.iter().enumerate() {
                let found = u.at(i);
                let constraint = self.types.params[param.0 as usize].constraint;
                let failed = |checker: &Self, ty: Ty| {
                    let (name, ty) = (checker.param_names(&[param]), checker.type_string(ty));
                    let message = format!(
                        "{name} (type {ty}) does not satisfy {}",
                        checker.type_string(constraint)
                    );
                    Err(Some((span, message)))
                };
                match (self.core_term(param), found) {
                    (Some((core, _)), Some(ty))
                        if !self.unify(u, ty, core.ty, Matching::Inexact) =>
                    {
                        return failed(self, ty);
                    }
                    (Some((core, true)), None) if !core.tilde => u.set(i, core.ty),
                    _ => {}
                }
                if let Some(ty) = found
                    && !self.mentions(ty, params, 0)
                {
                    let methods = self
                        .types
                        .as_interface(constraint)
                        .map(|i| i.methods.clone())
                        .unwrap_or_default();
                    if !self.unify_methods(u, &methods, ty) {
                        return match self.missing_method(ty, constraint, true) {
                            Some(cause) => failed(self, ty).map_err(|failure: Failure| {
                                failure.map(|(span, message)| (span, format!("{message} {cause}")))
                            }),
                            None => failed(self, ty),
                        };
                    }
                }
            }
            if u.unknowns() == before {
                return Ok(());
            }
        }
    }

    /// Replaces parameters in the types found by what was found for them, until there are none left.
    fn simplify(
        &mut self,
        u: &Unifier,
        params: &[TypeParamId],
        span: Span,
    ) -> Result<Vec<Ty>, Failure> {
        let mut found = u.inferred();
        for _ in 0..params.len() {
            for i in 0..found.len() {
                // A type that contains its own parameter would grow without end: it counts as not found.
                if let Some(ty) = found[i]
                    && self.mentions(ty, &params[i..=i], 0)
                {
                    found[i] = None;
                }
                if let Some(ty) = found[i] {
                    let known = found.clone();
                    found[i] = Some(self.substitute_known(ty, params, &known));
                }
            }
        }
        let mut args = Vec::with_capacity(params.len());
        for (i, ty) in found.into_iter().enumerate() {
            match ty {
                Some(ty) if !self.mentions(ty, params, 0) => args.push(ty),
                _ => {
                    let param = &self.types.params[params[i].0 as usize];
                    let file = &self.files[param.loc.file.0 as usize];
                    let place = file.line_col(param.loc.span.start);
                    let message = format!(
                        "cannot infer {} (declared at {}:{place})",
                        param.name,
                        file.name()
                    );
                    return Err(Some((span, message)));
                }
            }
        }
        Ok(args)
    }
}
