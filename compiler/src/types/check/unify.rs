//! Unification of types: finds types for type parameters so that two types become equal (spec "Type unification").
//!
//! Type parameters that turned out to be the same share a slot; a slot holds the type found for it, if any.

use super::Checker;
use super::lookup::Member;
use crate::types::ty::{Dir, Ty, Type, TypeParamId};

/// How deep types may be nested before unification gives up.
const MAX_DEPTH: u32 = 100;

/// How exactly types must match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Matching {
    /// Identical.
    Exact,
    /// Up to defined types against type literals, channel directions, and interfaces against what implements them.
    Inexact,
    /// Like inexact, for an assignment: element types must match exactly.
    Assign,
}

/// What is known about type parameters.
pub(super) struct Unifier {
    params: Vec<TypeParamId>,
    /// For each parameter, its slot.
    handles: Vec<usize>,
    slots: Vec<Option<Ty>>,
    depth: u32,
}

impl Unifier {
    /// A unifier for these parameters, some of which have arguments already.
    pub(super) fn new(params: &[TypeParamId], args: &[Option<Ty>]) -> Unifier {
        Unifier {
            params: params.to_vec(),
            handles: (0..params.len()).collect(),
            slots: (0..params.len())
                .map(|i| args.get(i).copied().flatten())
                .collect(),
            depth: 0,
        }
    }

    /// The type found for the parameter at `index`.
    pub(super) fn at(&self, index: usize) -> Option<Ty> {
        self.slots[self.handles[index]]
    }

    /// Sets the type of the parameter at `index`.
    pub(super) fn set(&mut self, index: usize, ty: Ty) {
        self.slots[self.handles[index]] = Some(ty);
    }

    /// How many parameters have no type yet.
    pub(super) fn unknowns(&self) -> usize {
        (0..self.params.len())
            .filter(|&i| self.at(i).is_none())
            .count()
    }

    /// All types found.
    pub(super) fn inferred(&self) -> Vec<Option<Ty>> {
        (0..self.params.len()).map(|i| self.at(i)).collect()
    }

    /// Makes two parameters share a slot; not possible if both have types.
    fn join(&mut self, x: usize, y: usize) -> bool {
        let (from, to) = match (self.handles[x], self.handles[y]) {
            (a, b) if a == b => return true,
            (a, b) if self.slots[a].is_none() => (a, b),
            (a, b) if self.slots[b].is_none() => (b, a),
            _ => return false,
        };
        for handle in self.handles.iter_mut().filter(|handle| **handle == from) {
            *handle = to;
        }
        true
    }
}

impl Checker<'_> {
    fn bound(&self, u: &Unifier, ty: Ty) -> Option<usize> {
        match self.types.get(ty) {
            Type::Param(id) => u.params.iter().position(|param| param == id),
            _ => None,
        }
    }

    /// Tries to make two types equal.
    pub(super) fn unify(&mut self, u: &mut Unifier, x: Ty, y: Ty, matching: Matching) -> bool {
        if x == y {
            return true;
        }
        if u.depth >= MAX_DEPTH {
            return false;
        }
        u.depth += 1;
        let unified = self.unify_different(u, x, y, matching);
        u.depth -= 1;
        unified
    }

    fn unify_different(
        &mut self,
        u: &mut Unifier,
        mut x: Ty,
        mut y: Ty,
        matching: Matching,
    ) -> bool {
        let named = |checker: &Self, ty| matches!(checker.types.get(ty), Type::Named(_));
        // A defined type, if any, is in y; a parameter to be found, if any, in x.
        if named(self, x) || self.bound(u, y).is_some() {
            std::mem::swap(&mut x, &mut y);
        }
        let literal = !matches!(self.types.get(x), Type::Named(_) | Type::Param(_));
        if matching != Matching::Exact && named(self, y) && literal && !self.types.is_interface(x) {
            y = self.types.underlying(y);
            if x == y {
                return true;
            }
        }
        match (self.bound(u, x), self.bound(u, y)) {
            (Some(a), Some(b)) => {
                if u.join(a, b) {
                    return true;
                }
                return match (u.at(a), u.at(b)) {
                    (Some(x), Some(y)) => self.unify(u, x, y, matching),
                    _ => false,
                };
            }
            (Some(param), None) => {
                return match u.at(param) {
                    Some(known) => self.unify_known(u, param, known, y, matching),
                    None => {
                        u.set(param, y);
                        true
                    }
                };
            }
            _ => {}
        }
        if matching != Matching::Exact && (self.types.is_interface(x) || self.types.is_interface(y))
        {
            return self.unify_interface(u, x, y);
        }
        if self.types.is_type_param(y) {
            std::mem::swap(&mut x, &mut y);
        }
        self.unify_structure(u, x, y, matching)
    }

    /// A parameter that has a type already meets another type.
    fn unify_known(
        &mut self,
        u: &mut Unifier,
        param: usize,
        known: Ty,
        y: Ty,
        matching: Matching,
    ) -> bool {
        if !self.unify(u, known, y, matching) {
            return false;
        }
        let named = |checker: &Self, ty| matches!(checker.types.get(ty), Type::Named(_));
        let (known_named, y_named) = (named(self, known), named(self, y));
        match (self.types.as_interface(known), self.types.as_interface(y)) {
            (Some(a), Some(b)) => {
                if known_named && y_named {
                    return known == y;
                }
                if a.methods.len() != b.methods.len() {
                    return false;
                }
            }
            (None, None) => {}
            _ => return false,
        }
        if matching != Matching::Exact && !known_named {
            // A defined type says more than a literal, a channel with a direction more than one without.
            let directed = matches!(
                self.types.under(y),
                Type::Chan {
                    dir: Dir::Send | Dir::Recv,
                    ..
                }
            );
            if y_named || directed {
                u.set(param, y);
            }
        }
        true
    }

    /// At least one of the types is an interface: its methods must be those of the other.
    fn unify_interface(&mut self, u: &mut Unifier, x: Ty, y: Ty) -> bool {
        match (
            self.types.as_interface(x).cloned(),
            self.types.as_interface(y).cloned(),
        ) {
            (Some(a), Some(b)) => {
                if a.comparable != b.comparable || a.terms != b.terms {
                    return false;
                }
                let (few, many) = if a.methods.len() <= b.methods.len() {
                    (a, b)
                } else {
                    (b, a)
                };
                few.methods.iter().all(|method| {
                    let other = many
                        .methods
                        .iter()
                        .find(|m| m.name == method.name && m.package == method.package);
                    other.is_some_and(|other| self.unify(u, method.sig, other.sig, Matching::Exact))
                })
            }
            (Some(interface), None) => self.unify_methods(u, &interface.methods, y),
            (None, Some(interface)) => self.unify_methods(u, &interface.methods, x),
            (None, None) => false,
        }
    }

    /// A type must have these methods.
    pub(super) fn unify_methods(
        &mut self,
        u: &mut Unifier,
        methods: &[crate::types::ty::Method],
        ty: Ty,
    ) -> bool {
        for method in methods {
            let package = method.package.unwrap_or(self.cx.package);
            let sig = match self.lookup_named(ty, false, &method.name, package, false) {
                Member::Method { named, index, .. } => self.method_sig(named, index),
                Member::Interface { method, .. } | Member::TypeParam { method, .. } => method.sig,
                _ => return false,
            };
            if !self.unify(u, method.sig, sig, Matching::Exact) {
                return false;
            }
        }
        true
    }

    fn unify_lists(&mut self, u: &mut Unifier, xs: &[Ty], ys: &[Ty], matching: Matching) -> bool {
        xs.len() == ys.len()
            && xs
                .iter()
                .zip(ys)
                .all(|(&x, &y)| self.unify(u, x, y, matching))
    }

    fn unify_structure(&mut self, u: &mut Unifier, x: Ty, y: Ty, matching: Matching) -> bool {
        let inner = if matching == Matching::Assign {
            Matching::Exact
        } else {
            matching
        };
        match (self.types.get(x).clone(), self.types.get(y).clone()) {
            (Type::Array { elem: x, len: n }, Type::Array { elem: y, len: m }) => {
                n == m && self.unify(u, x, y, inner)
            }
            (Type::Slice(x), Type::Slice(y)) | (Type::Pointer(x), Type::Pointer(y)) => {
                self.unify(u, x, y, inner)
            }
            (Type::Struct(xs), Type::Struct(ys)) => {
                xs.len() == ys.len()
                    && xs.iter().zip(ys.iter()).all(|(x, y)| {
                        x.name == y.name
                            && x.package == y.package
                            && x.embedded == y.embedded
                            && x.tag == y.tag
                            && self.unify(u, x.ty, y.ty, inner)
                    })
            }
            (Type::Func(x), Type::Func(y)) => {
                x.variadic == y.variadic
                    && self.unify_lists(u, &x.params, &y.params, inner)
                    && self.unify_lists(u, &x.results, &y.results, inner)
            }
            (Type::Map { key: k, value: v }, Type::Map { key: l, value: w }) => {
                self.unify(u, k, l, inner) && self.unify(u, v, w, inner)
            }
            (Type::Chan { elem: x, dir: c }, Type::Chan { elem: y, dir: d }) => {
                (matching != Matching::Exact || c == d) && self.unify(u, x, y, inner)
            }
            (Type::Interface(a), Type::Interface(b)) => {
                a.comparable == b.comparable
                    && a.terms == b.terms
                    && a.methods.len() == b.methods.len()
                    && a.methods.iter().zip(&b.methods).all(|(x, y)| {
                        x.name == y.name
                            && x.package == y.package
                            && self.unify(u, x.sig, y.sig, Matching::Exact)
                    })
            }
            (Type::Named(a), Type::Named(b)) => {
                let origins = (
                    self.types.named[a.0 as usize].origin.clone(),
                    self.types.named[b.0 as usize].origin.clone(),
                );
                match origins {
                    (Some((a, xs)), Some((b, ys))) => {
                        a == b && self.unify_lists(u, &xs, &ys, matching)
                    }
                    _ => false,
                }
            }
            (Type::Param(_), _) => match self.types.common_under(x) {
                Some(core) => self.unify(u, core, y, Matching::Assign),
                None => false,
            },
            _ => false,
        }
    }
}
