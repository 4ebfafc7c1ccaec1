//! The order in which packages and their variables are initialised (spec "Package initialization").
//!
//! A variable depends on the variables that its initialiser mentions, directly or through functions. Again and again the
//! earliest declared one that depends on nothing uninitialised comes next; when none is left but variables remain, they
//! form a cycle.

use super::decl::Initializer;
use super::{Checker, Node};
use crate::diagnostics::code;
use crate::types::ty::{Loc, PackageId};
use crate::types::typed::{FuncRef, GlobalRef};
use minigo_grammar::diagnostic::Diagnostic;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::rc::Rc;

impl Checker<'_> {
    /// Packages in the order in which they are initialised: again and again the one comes next whose path is the smallest of
    /// those whose imports are done. A package of the library does not look at its imports, which nobody can tell from outside, but has a key: the
    /// greatest path of what Go's own package would wait for, and so all that matters for when it is done.
    pub(super) fn init_sequence(&self) -> Vec<PackageId> {
        let (library, own): (Vec<u32>, Vec<u32>) = (1..self.packages.len() as u32)
            .partition(|&index| self.packages[index as usize].library);
        // The loader numbers packages after those that they import.
        let mut order: Vec<PackageId> = library.iter().map(|&index| PackageId(index)).collect();
        let mut done = vec![false; self.packages.len()];
        let mut ready: BTreeSet<(Rc<str>, u32)> = library
            .iter()
            .map(|&index| (self.packages[index as usize].init_key.clone(), index))
            .collect();
        let mut waiting = own;
        loop {
            waiting.retain(|&index| {
                let package = &self.packages[index as usize];
                let is_ready = package.imports.iter().all(|import| done[import.0 as usize]);
                if is_ready {
                    ready.insert((package.path.clone(), index));
                }
                !is_ready
            });
            let Some((_, index)) = ready.pop_first() else {
                return order;
            };
            done[index as usize] = true;
            if !self.packages[index as usize].library {
                order.push(PackageId(index));
            }
        }
    }

    /// The initialisers of a package in their order; reports cycles.
    pub(super) fn ordered_initializers(&mut self, package: PackageId) -> Vec<Initializer> {
        let mut list = std::mem::take(&mut self.packages[package.0 as usize].initializers);
        list.sort_by_key(|init| (init.stmt.loc.file, init.order));
        let variables = self.variables_of(package, &list);
        let number: FxHashMap<GlobalRef, usize> = variables
            .iter()
            .enumerate()
            .map(|(i, &global)| (global, i))
            .collect();
        let mut waits_for: Vec<FxHashSet<usize>> = Vec::with_capacity(variables.len());
        let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); variables.len()];
        for (i, &global) in variables.iter().enumerate() {
            let others = self.reachable_globals(global);
            let needs: FxHashSet<usize> = others
                .iter()
                .filter_map(|other| number.get(other).copied())
                .collect();
            for &j in &needs {
                dependents[j].push(i);
            }
            waits_for.push(needs);
        }
        let mut left: BTreeSet<(usize, usize)> = waits_for
            .iter()
            .enumerate()
            .map(|(i, needs)| (needs.len(), i))
            .collect();
        let mut owner: FxHashMap<GlobalRef, usize> = FxHashMap::default();
        for (i, init) in list.iter().enumerate() {
            owner.extend(init.globals.iter().map(|&global| (global, i)));
        }
        let mut slots: Vec<Option<Initializer>> = list.into_iter().map(Some).collect();
        let mut order = Vec::with_capacity(slots.len());
        while let Some((count, i)) = left.pop_first() {
            if count > 0 {
                self.report_init_cycle(variables[i]);
            }
            for &dependent in &dependents[i] {
                let needs = &mut waits_for[dependent];
                let before = needs.len();
                if needs.remove(&i) && left.remove(&(before, dependent)) {
                    left.insert((before - 1, dependent));
                }
            }
            // The first variable of a line with one value runs it for all of them.
            order.extend(
                owner
                    .get(&variables[i])
                    .and_then(|&line| slots[line].take()),
            );
        }
        order
    }

    /// The variables of a package in source order; those of one line share what they depend on.
    fn variables_of(&mut self, package: PackageId, lines: &[Initializer]) -> Vec<GlobalRef> {
        for line in lines {
            if let [first, rest @ ..] = line.globals.as_slice()
                && let Some(needs) = self.dependencies.get(&Node::Global(*first)).cloned()
            {
                for &global in rest {
                    self.dependencies
                        .insert(Node::Global(global), needs.clone());
                }
            }
        }
        let mut variables: Vec<GlobalRef> = (0..self.global_objects.len() as u32)
            .map(GlobalRef)
            .filter(|global| {
                let object = self.global_objects[global.0 as usize];
                self.objects[object].package == package
            })
            .collect();
        variables.sort_by_key(|global| {
            let loc = self.objects[self.global_objects[global.0 as usize]].loc;
            (loc.file, loc.span)
        });
        variables
    }

    /// The variables that a variable depends on, through functions too.
    fn reachable_globals(&self, global: GlobalRef) -> Vec<GlobalRef> {
        let mut seen: FxHashSet<FuncRef> = FxHashSet::default();
        let mut globals = Vec::new();
        let mut stack = vec![Node::Global(global)];
        while let Some(node) = stack.pop() {
            for &next in self.dependencies.get(&node).into_iter().flatten() {
                match next {
                    Node::Global(global) => globals.push(global),
                    Node::Func(func) => {
                        if seen.insert(func) {
                            stack.push(next);
                        }
                    }
                }
            }
        }
        globals
    }

    /// Reports the cycle that a variable is part of, if it is.
    fn report_init_cycle(&mut self, global: GlobalRef) {
        let start = Node::Global(global);
        let mut seen = FxHashSet::default();
        if let Some(mut cycle) = self.find_path(start, start, &mut seen) {
            cycle.reverse();
            self.init_cycle(start, &cycle);
        }
    }

    /// Reports an initialisation cycle: `start` refers to the first of `path`, that to the next, the last is `start`.
    fn init_cycle(&mut self, start: Node, path: &[Node]) {
        let (name, loc) = self.node_name(start);
        if path.len() == 1 {
            let message = format!("initialization cycle: {name} refers to itself");
            self.error_at(code::INIT_CYCLE, loc, message);
            return;
        }
        let message = format!("initialization cycle for {name}");
        let mut diagnostic = Diagnostic::error(code::INIT_CYCLE, loc.span, message);
        let mut from = (name, loc);
        for &node in path {
            let to = self.node_name(node);
            let place = self.place(from.1);
            let words = format!("{} refers to {}", from.0, to.0);
            diagnostic = diagnostic.with_continuation(format!("{place}: {words}"));
            if from.1.file == loc.file && from.1.span != loc.span {
                diagnostic = diagnostic.with_label(from.1.span, words);
            }
            from = to;
        }
        self.diagnostics.push((loc.file, diagnostic));
    }

    fn node_name(&self, node: Node) -> (String, Loc) {
        match node {
            Node::Global(global) => {
                let object = &self.objects[self.global_objects[global.0 as usize]];
                (self.symbols.name(object.name).to_string(), object.loc)
            }
            Node::Func(func) => {
                let func = &self.funcs[func.0 as usize];
                let name = func.name.rsplit('.').next().unwrap_or(&func.name);
                (name.to_string(), func.loc)
            }
        }
    }

    /// A path of dependencies, backwards: the last is what `from` refers to.
    fn find_path(&self, from: Node, to: Node, seen: &mut FxHashSet<Node>) -> Option<Vec<Node>> {
        if !seen.insert(from) {
            return None;
        }
        let mut next: Vec<Node> = self.dependencies.get(&from)?.iter().copied().collect();
        next.sort_by_key(|&node| {
            let (_, loc) = self.node_name(node);
            (loc.file, loc.span)
        });
        for node in next {
            if node == to {
                return Some(vec![node]);
            }
            if let Some(mut path) = self.find_path(node, to, seen) {
                path.push(node);
                return Some(path);
            }
        }
        None
    }
}
