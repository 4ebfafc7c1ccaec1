//! Declarations that need themselves: types that contain themselves, aliases and constants that are their own meaning.

use super::types::Later;
use super::{Checker, NamedState};
use crate::diagnostics::code;
use crate::types::scope::{ObjectId, ObjectKind, State};
use crate::types::ty::{Loc, NamedId, Ty, Type, TypeParamId};
use indexmap::IndexSet;
use minigo_grammar::ast::{self, Expr};
use minigo_grammar::diagnostic::Diagnostic;
use rustc_hash::{FxBuildHasher, FxHashSet};

/// What a cycle of declarations is made of.
pub(super) enum ValueCycle {
    /// Variables only: ordering their initialisation reports it.
    Vars,
    /// Constants, and variables perhaps.
    Consts,
    /// Something else too.
    No,
}

/// Whose values contain values of other types.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Holder {
    Named(NamedId),
    Alias(ObjectId),
}

/// A type that is written where its values are part of those of a [`Holder`]: as field, element of an array, embedded interface, term
/// of a union, or as the whole definition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    Type(Ty),
    Alias(ObjectId),
}

/// How many parts are looked at for one declaration before it is taken for valid.
const MAX_STEPS: usize = 100_000;

/// The way from a declared type to what it contains.
#[derive(Default)]
struct Search {
    /// The types whose memory the current one is part of.
    nest: IndexSet<Ty, FxBuildHasher>,
    /// All types on the way, type arguments' detours included.
    path: Vec<Ty>,
    steps: usize,
}

/// A declaration in a cycle, as messages name it.
struct Link {
    name: String,
    loc: Loc,
}

impl<'a> Checker<'a> {
    /// Looks at a type whose values are no part of the current [`Holder`]'s.
    pub(super) fn apart<R>(&mut self, check: impl FnOnce(&mut Self) -> R) -> R {
        let holder = self.cx.holder.take();
        let result = check(self);
        self.cx.holder = holder;
        result
    }

    pub(super) fn add_part(&mut self, part: Part) {
        if let Some(holder) = self.cx.holder {
            self.parts.entry(holder).or_default().push(part);
        }
    }

    /// The type that a name stands for is a part.
    pub(super) fn add_named_part(&mut self, object: ObjectId, ty: Ty) {
        if self.cx.holder.is_none() {
            return;
        }
        match self.types.get(ty) {
            Type::Named(_) | Type::Param(_) => self.add_part(Part::Type(ty)),
            Type::Basic(_) => {}
            _ => self.add_part(Part::Alias(object)),
        }
    }

    /// As [`Checker::complete_type`] for a part of the current type: that it contains itself is found later.
    pub(super) fn complete_part(&mut self, ty: Ty) {
        let Type::Named(id) = *self.types.get(ty) else {
            return;
        };
        if self.named_info(id).state != NamedState::Active {
            return self.complete_type(ty);
        }
        if let Some(object) = self.named_info(id).object {
            let start = self.active.iter().position(|&o| o == object);
            let cycle = self.active[start.unwrap_or(self.active.len())..].to_vec();
            self.later.push(Later::Cycle(cycle));
        }
    }

    /// Declarations that need each other in a way that contains no values.
    pub(super) fn check_cycle(&mut self, cycle: &[ObjectId]) {
        let reported = cycle.iter().any(|&object| match self.objects[object].kind {
            ObjectKind::Type(ty) => self.types.underlying(ty) == Ty::INVALID,
            _ => true,
        });
        let Some(&first) = cycle.first() else { return };
        if reported {
            return;
        }
        let mut loc = self.objects[first].loc;
        if let Some(site) = self.objects[first].site {
            let ast = &self.asts[site.file.0 as usize];
            if let ast::Decl::Type(decl) = self.decl(site.file, site.decl) {
                loc.span = ast.expr_span(decl.ty);
            }
        }
        let message = "invalid recursive type: anonymous interface refers to itself (see https://go.dev/issue/56103)";
        self.error_at(code::RECURSIVE_TYPE, loc, message.to_string());
    }

    /// Types that are declared as each other: there is no type at the end.
    pub(super) fn check_name_cycles(&mut self, objects: &[ObjectId]) {
        let mut done: FxHashSet<ObjectId> = FxHashSet::default();
        for &object in objects {
            let mut path: IndexSet<ObjectId, FxBuildHasher> = IndexSet::default();
            let mut next = Some(object);
            while let Some(object) = next {
                if let Some(start) = path.get_index_of(&object) {
                    let cycle: Vec<ObjectId> = path[start..].iter().copied().collect();
                    self.objects[object].state = State::Done;
                    self.objects[object].kind = ObjectKind::Invalid;
                    self.report_cycle_of(&cycle, self.first_in_source(&cycle));
                    break;
                }
                if done.contains(&object) {
                    break;
                }
                next = self.declared_as_name(object);
                // Most objects are no types that are declared as another.
                if next.is_some() || !path.is_empty() {
                    path.insert(object);
                }
            }
            done.extend(path);
        }
    }

    /// The package-level type that a type declaration names right of its own name.
    fn declared_as_name(&self, object: ObjectId) -> Option<ObjectId> {
        let site = self.objects[object].site?;
        let ast = &self.asts[site.file.0 as usize];
        let ast::Decl::Type(decl) = self.decl(site.file, site.decl) else {
            return None;
        };
        let Expr::Ident(name) = ast.expr(ast.unparen(decl.ty)) else {
            return None;
        };
        let package = self.objects[object].package;
        let other = *self.packages[package.0 as usize].names.get(&name)?;
        let site = self.objects[other].site?;
        let decl = self.decl(site.file, site.decl);
        matches!(decl, ast::Decl::Type(_)).then_some(other)
    }

    /// A type must not contain a value of itself.
    pub(super) fn check_finite(&mut self, id: NamedId) {
        let ty = self.types.intern(Type::Named(id));
        self.is_finite(ty, &mut Search::default());
    }

    fn is_finite(&mut self, ty: Ty, search: &mut Search) -> bool {
        search.steps += 1;
        if search.steps > MAX_STEPS {
            return true;
        }
        match self.types.get(ty).clone() {
            Type::Array { elem, .. } => self.is_finite(elem, search),
            Type::Struct(fields) => fields.iter().all(|field| self.is_finite(field.ty, search)),
            Type::Named(id) => self.is_named_finite(ty, id, search),
            Type::Param(param) => {
                let Some(inner) = search.nest.pop() else {
                    return true;
                };
                let arg = self.argument_of(inner, param);
                let finite = arg.is_none_or(|arg| self.is_finite(arg, search));
                search.nest.insert(inner);
                finite
            }
            _ => true,
        }
    }

    fn is_named_finite(&mut self, ty: Ty, id: NamedId, search: &mut Search) -> bool {
        if self.named_info(id).finite {
            return true;
        }
        if search.nest.contains(&ty) {
            let start = search.path.iter().position(|&other| other == ty);
            let cycle = search.path.split_off(start.unwrap_or(0));
            self.contains_itself(&cycle);
            return false;
        }
        let origin = match &self.types.named[id.0 as usize].origin {
            Some((generic, _)) => *generic,
            None => id,
        };
        search.nest.insert(ty);
        search.path.push(ty);
        let finite = self.are_parts_finite(Holder::Named(origin), search);
        if finite {
            search.nest.pop();
            search.path.pop();
            let named = &self.types.named[id.0 as usize];
            if named.origin.is_none() && named.type_params.is_empty() {
                self.named_info(id).finite = true;
            }
        }
        finite
    }

    fn are_parts_finite(&mut self, holder: Holder, search: &mut Search) -> bool {
        let count = self.parts.get(&holder).map_or(0, Vec::len);
        for i in 0..count {
            let finite = match self.parts[&holder][i] {
                Part::Type(ty) => self.is_finite(ty, search),
                Part::Alias(object) => {
                    search.steps += 1;
                    search.steps > MAX_STEPS || self.are_parts_finite(Holder::Alias(object), search)
                }
            };
            if !finite {
                return false;
            }
        }
        true
    }

    /// What a type parameter stands for in an instance.
    fn argument_of(&self, instance: Ty, param: TypeParamId) -> Option<Ty> {
        let (generic, args) = self.types.as_named(instance)?.origin.as_ref()?;
        let params = &self.types.named[generic.0 as usize].type_params;
        let index = params.iter().position(|&p| p == param)?;
        args.get(index).copied()
    }

    /// Reports types each of which contains the next.
    fn contains_itself(&mut self, cycle: &[Ty]) {
        let mut links = Vec::with_capacity(cycle.len());
        for &ty in cycle {
            let Type::Named(id) = *self.types.get(ty) else {
                continue;
            };
            let origin = self.types.named[id.0 as usize].origin.clone();
            let loc = match self.named_info(id).at {
                Some(at) => at,
                None => self.types.named[id.0 as usize].loc,
            };
            let name = match origin {
                Some(_) => self.type_string_at(ty, loc.file),
                None => self.types.named[id.0 as usize].name.to_string(),
            };
            if links.is_empty() {
                // That the first one is invalid breaks the cycle.
                let origin = origin.map_or(id, |(generic, _)| generic);
                self.types.named[id.0 as usize].underlying = Ty::INVALID;
                self.types.named[origin.0 as usize].underlying = Ty::INVALID;
                self.parts.remove(&Holder::Named(origin));
            }
            links.push(Link { name, loc });
        }
        self.report_links(
            &links,
            0,
            "invalid recursive type",
            "invalid recursive type",
        );
    }

    fn report_links(&mut self, links: &[Link], start: usize, alone: &str, several: &str) {
        let Some(first) = links.get(start) else {
            return;
        };
        let loc = first.loc;
        if links.len() == 1 {
            let message = format!("{alone}: {} refers to itself", first.name);
            self.error_at(code::RECURSIVE_TYPE, loc, message);
            return;
        }
        let message = format!("{several} {}", first.name);
        let mut diagnostic = Diagnostic::error(code::RECURSIVE_TYPE, loc.span, message);
        for i in 0..links.len() {
            let from = &links[(start + i) % links.len()];
            let to = &links[(start + i + 1) % links.len()];
            let place = self.place(from.loc);
            diagnostic = diagnostic
                .with_continuation(format!("{place}: {} refers to {}", from.name, to.name));
        }
        self.diagnostics.push((loc.file, diagnostic));
    }

    fn first_in_source(&self, cycle: &[ObjectId]) -> usize {
        (0..cycle.len())
            .min_by_key(|&i| {
                let loc = self.objects[cycle[i]].loc;
                (loc.file, loc.span)
            })
            .unwrap_or(0)
    }

    /// An object was needed while its own declaration is checked.
    pub(super) fn declaration_cycle(&mut self, object: ObjectId) {
        let start = self.active.iter().position(|&o| o == object);
        let cycle = match start {
            Some(start) => self.active[start..].to_vec(),
            None => vec![object],
        };
        self.report_cycle_of(&cycle, self.first_in_source(&cycle));
    }

    /// Reports a cycle of declarations, told from `cycle[start]`.
    fn report_cycle_of(&mut self, cycle: &[ObjectId], start: usize) {
        let Some(&object) = cycle.get(start) else {
            return;
        };
        let is_type = matches!(self.object_kind(object), "defined type" | "invalid")
            || matches!(
                self.objects[object].site.map(|s| self.decl(s.file, s.decl)),
                Some(ast::Decl::Type(_))
            );
        let links: Vec<Link> = cycle
            .iter()
            .map(|&object| Link {
                name: self.symbols.name(self.objects[object].name).to_string(),
                loc: self.objects[object].loc,
            })
            .collect();
        let (alone, several) = match is_type {
            true => ("invalid recursive type", "invalid recursive type"),
            false => (
                "invalid cycle in declaration",
                "invalid cycle in declaration of",
            ),
        };
        self.report_links(&links, start, alone, several);
    }

    /// What a cycle of declarations is made of.
    pub(super) fn value_cycle(&self, cycle: &[ObjectId]) -> ValueCycle {
        let mut all_vars = true;
        for &object in cycle {
            let Some(site) = self.objects[object].site else {
                return ValueCycle::No;
            };
            match self.decl(site.file, site.decl) {
                ast::Decl::Var(_) => {}
                ast::Decl::Const(_) => all_vars = false,
                _ => return ValueCycle::No,
            }
        }
        if all_vars {
            ValueCycle::Vars
        } else {
            ValueCycle::Consts
        }
    }

    /// A constant that needs its own value.
    pub(super) fn const_cycle(&mut self, cycle: &[ObjectId]) {
        let start = (0..cycle.len())
            .min_by_key(|&i| self.objects[cycle[i]].loc.span)
            .unwrap_or(0);
        let name = |checker: &Self, object: ObjectId| -> String {
            checker
                .symbols
                .name(checker.objects[object].name)
                .to_string()
        };
        let first = cycle[start];
        let (loc, text) = (self.objects[first].loc, name(self, first));
        if cycle.len() == 1 {
            let message = format!("initialization cycle: {text} refers to itself");
            self.error_at(code::INIT_CYCLE, loc, message);
            return;
        }
        let message = format!("initialization cycle for {text}");
        let mut diagnostic = Diagnostic::error(code::INIT_CYCLE, loc.span, message);
        for i in 0..cycle.len() {
            let from = cycle[(start + i) % cycle.len()];
            let to = cycle[(start + i + 1) % cycle.len()];
            let place = self.place(self.objects[from].loc);
            let words = format!("{} refers to {}", name(self, from), name(self, to));
            diagnostic = diagnostic.with_continuation(format!("{place}: {words}"));
            let other = self.objects[from].loc;
            if i > 0 && other.file == loc.file {
                diagnostic = diagnostic.with_label(other.span, words);
            }
        }
        self.diagnostics.push((loc.file, diagnostic));
    }
}
