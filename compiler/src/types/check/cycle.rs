//! Declarations that need themselves: types that contain themselves, aliases and constants that are their own meaning.

use super::Checker;
use crate::diagnostics::code;
use crate::types::scope::ObjectId;
use crate::types::ty::{NamedId, Ty, Type};
use minigo_grammar::ast;
use minigo_grammar::diagnostic::Diagnostic;

/// What a cycle of declarations is made of.
pub(super) enum ValueCycle {
    /// Variables only: ordering their initialisation reports it.
    Vars,
    /// Constants, and variables perhaps.
    Consts,
    /// Something else too.
    No,
}

impl<'a> Checker<'a> {
    /// A type must not contain a value of itself.
    pub(super) fn check_finite(&mut self, id: NamedId) {
        let mut path = vec![id];
        let under = self.types.named[id.0 as usize].underlying;
        if let Some(start) = self.find_infinite(under, &mut path) {
            let cycle: Vec<ObjectId> = path[start..]
                .iter()
                .filter_map(|&id| self.named_info(id).object)
                .collect();
            for &id in &path[start..] {
                self.types.named[id.0 as usize].underlying = Ty::INVALID;
            }
            self.cycle_error(&cycle, 0);
        }
    }

    /// Follows what values of a type contain; the index in `path` of the type that is met again.
    pub(super) fn find_infinite(&mut self, ty: Ty, path: &mut Vec<NamedId>) -> Option<usize> {
        match self.types.get(ty).clone() {
            Type::Named(id) => {
                if let Some(start) = path.iter().position(|&p| p == id) {
                    return Some(start);
                }
                if self.named_info(id).finite || self.types.named[id.0 as usize].underlying == ty {
                    return None;
                }
                path.push(id);
                let under = self.types.named[id.0 as usize].underlying;
                if path.len() < 1000
                    && let Some(start) = self.find_infinite(under, path)
                {
                    return Some(start);
                }
                path.pop();
                self.named_info(id).finite = true;
                None
            }
            Type::Array { elem, .. } => self.find_infinite(elem, path),
            Type::Struct(fields) => fields
                .iter()
                .find_map(|field| self.find_infinite(field.ty, path)),
            _ => None,
        }
    }

    /// An object was needed while its own declaration is checked.
    pub(super) fn declaration_cycle(&mut self, object: ObjectId) {
        let start = self.active.iter().position(|&o| o == object);
        let cycle = match start {
            Some(start) => self.active[start..].to_vec(),
            None => vec![object],
        };
        let first = (0..cycle.len())
            .min_by_key(|&i| {
                let loc = self.objects[cycle[i]].loc;
                (loc.file, loc.span)
            })
            .unwrap_or(0);
        self.cycle_error(&cycle, first);
    }

    /// Reports a cycle of declarations, told from `cycle[start]`.
    pub(super) fn cycle_error(&mut self, cycle: &[ObjectId], start: usize) {
        let Some(&object) = cycle.get(start) else {
            return;
        };
        let name = |checker: &Self, object: ObjectId| -> &'a str {
            checker.symbols.name(checker.objects[object].name)
        };
        let is_type = matches!(self.object_kind(object), "defined type" | "invalid")
            || matches!(
                self.objects[object]
                    .site
                    .map(|s| self.asts[s.file.0 as usize].decl(s.decl)),
                Some(ast::Decl::Type(_))
            );
        let loc = self.objects[object].loc;
        let text = name(self, object);
        if cycle.len() == 1 {
            let what = if is_type {
                "invalid recursive type"
            } else {
                "invalid cycle in declaration"
            };
            self.error_at(
                code::RECURSIVE_TYPE,
                loc,
                format!("{what}: {text} refers to itself"),
            );
            return;
        }
        let what = if is_type {
            "invalid recursive type"
        } else {
            "invalid cycle in declaration of"
        };
        let mut diagnostic =
            Diagnostic::error(code::RECURSIVE_TYPE, loc.span, format!("{what} {text}"));
        for i in 0..cycle.len() {
            let from = cycle[(start + i) % cycle.len()];
            let to = cycle[(start + i + 1) % cycle.len()];
            let place = self.place(self.objects[from].loc);
            let line = format!("{place}: {} refers to {}", name(self, from), name(self, to));
            diagnostic = diagnostic.with_continuation(line);
        }
        self.diagnostics.push((loc.file, diagnostic));
    }

    /// What a cycle of declarations is made of.
    pub(super) fn value_cycle(&self, cycle: &[ObjectId]) -> ValueCycle {
        let mut all_vars = true;
        for &object in cycle {
            let Some(site) = self.objects[object].site else {
                return ValueCycle::No;
            };
            match self.asts[site.file.0 as usize].decl(site.decl) {
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
            let line = format!("{place}: {} refers to {}", name(self, from), name(self, to));
            diagnostic = diagnostic.with_continuation(line);
        }
        self.diagnostics.push((loc.file, diagnostic));
    }
}
