//! Instantiation that would never end: `func f[T any]() { f[[]T]() }`.
//!
//! What is instantiated with what makes a graph. Its vertices are type parameters and the local types of generic functions,
//! its edges say that the one is made of the other: with weight 0 if it is the other, with weight 1 if it contains it.
//! A cycle that has weight cannot be compiled by instantiation. The search, and so which place of a cycle is
//! reported, is that of Go's compiler.

use super::Checker;
use crate::diagnostics::code;
use crate::types::ty::{Loc, NamedId, Ty, Type, TypeParamId};
use minigo_grammar::diagnostic::Diagnostic;
use rustc_hash::{FxHashMap, FxHashSet};

/// Type arguments nested deeper than this are taken for endless, so that types do not grow until the cycle is found.
pub(super) const MAX_NESTING: u32 = 50;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Vertex {
    Param(TypeParamId),
    /// A local type of a generic function.
    Local(NamedId),
}

struct Edge {
    from: usize,
    to: usize,
    weight: u32,
    loc: Loc,
    /// What flows.
    ty: Ty,
}

/// The heaviest known path to a vertex.
#[derive(Clone, Copy, Default)]
struct Path {
    weight: u32,
    last: Option<usize>,
    length: usize,
}

/// The graph, as far as it is known.
#[derive(Default)]
pub(super) struct InstanceGraph {
    vertices: Vec<Vertex>,
    index: FxHashMap<Vertex, usize>,
    edges: Vec<Edge>,
    /// By type: how deep type arguments are nested in it, plus one.
    nesting: Vec<u32>,
    /// An instance that was too deep.
    pub(super) endless: Option<Loc>,
}

impl InstanceGraph {
    fn vertex(&mut self, vertex: Vertex) -> usize {
        let next = self.vertices.len();
        let index = *self.index.entry(vertex).or_insert(next);
        if index == next {
            self.vertices.push(vertex);
        }
        index
    }
}

impl Checker<'_> {
    /// How deep type arguments are nested in a type.
    pub(super) fn nesting(&mut self, ty: Ty) -> u32 {
        let index = ty.0 as usize;
        if let Some(known @ 1..) = self.instance_graph.nesting.get(index) {
            return known - 1;
        }
        let (own, parts) = match self.types.get(ty).clone() {
            Type::Basic(_) | Type::Param(_) | Type::Interface(_) => (0, Vec::new()),
            Type::Named(id) => match self.types.named[id.0 as usize].origin.clone() {
                Some((_, args)) => (1, args),
                None => (0, Vec::new()),
            },
            Type::Pointer(elem)
            | Type::Slice(elem)
            | Type::Array { elem, .. }
            | Type::Chan { elem, .. } => (1, vec![elem]),
            Type::Map { key, value } => (1, vec![key, value]),
            Type::Func(sig) => (1, sig.params.iter().chain(&sig.results).copied().collect()),
            Type::Struct(fields) => (1, fields.iter().map(|field| field.ty).collect()),
            Type::Tuple(tys) => (0, tys.to_vec()),
        };
        let deepest = parts.into_iter().map(|part| self.nesting(part)).max();
        let depth = own + deepest.unwrap_or(0);
        let known = &mut self.instance_graph.nesting;
        if known.len() <= index {
            known.resize(index + 1, 0);
        }
        known[index] = depth + 1;
        depth
    }

    /// Notes that type parameters are instantiated.
    pub(super) fn note_instance(&mut self, params: &[TypeParamId], args: &[Ty], locs: &[Loc]) {
        for ((&to, &arg), &loc) in params.iter().zip(args).zip(locs) {
            self.flow(to, arg, arg, loc, &mut FxHashSet::default());
        }
    }

    /// Notes that what is in `ty`, a part of `arg`, flows into a type parameter. Each part is looked at once: a type with the same part
    /// at two places, time and again, would have more places than can be visited.
    fn flow(&mut self, to: TypeParamId, arg: Ty, ty: Ty, loc: Loc, seen: &mut FxHashSet<Ty>) {
        if !seen.insert(ty) {
            return;
        }
        match self.types.get(ty).clone() {
            Type::Basic(_) => {}
            Type::Param(id) => self.flow_from(Vertex::Param(id), to, arg, ty, loc),
            Type::Named(id) => {
                let named = &self.types.named[id.0 as usize];
                let captured = named.captured;
                let Some((generic, args)) = named.origin.clone() else {
                    return;
                };
                if captured > 0 {
                    let local = Vertex::Local(generic);
                    if !self.instance_graph.index.contains_key(&local) {
                        self.note_captured(generic);
                    }
                    self.flow_from(local, to, arg, ty, loc);
                }
                for &part in &args[captured..] {
                    self.flow(to, arg, part, loc, seen);
                }
            }
            Type::Pointer(elem)
            | Type::Slice(elem)
            | Type::Array { elem, .. }
            | Type::Chan { elem, .. } => self.flow(to, arg, elem, loc, seen),
            Type::Map { key, value } => {
                self.flow(to, arg, key, loc, seen);
                self.flow(to, arg, value, loc, seen);
            }
            Type::Func(sig) => {
                for &part in sig.params.iter().chain(&sig.results) {
                    self.flow(to, arg, part, loc, seen);
                }
            }
            Type::Struct(fields) => {
                for field in fields.iter() {
                    self.flow(to, arg, field.ty, loc, seen);
                }
            }
            Type::Interface(interface) => {
                for method in &interface.methods {
                    self.flow(to, arg, method.sig, loc, seen);
                }
            }
            Type::Tuple(tys) => {
                for &part in &*tys {
                    self.flow(to, arg, part, loc, seen);
                }
            }
        }
    }

    fn flow_from(&mut self, from: Vertex, to: TypeParamId, arg: Ty, part: Ty, loc: Loc) {
        let graph = &mut self.instance_graph;
        let from = graph.vertex(from);
        let to = graph.vertex(Vertex::Param(to));
        graph.edges.push(Edge {
            from,
            to,
            weight: u32::from(part != arg),
            loc,
            ty: arg,
        });
    }

    /// A local type is made of the type parameters of the function around it.
    fn note_captured(&mut self, local: NamedId) {
        let named = &self.types.named[local.0 as usize];
        let (params, loc) = (named.type_params[..named.captured].to_vec(), named.loc);
        let to = self.instance_graph.vertex(Vertex::Local(local));
        for param in params {
            let ty = self.types.intern(Type::Param(param));
            let from = self.instance_graph.vertex(Vertex::Param(param));
            self.instance_graph.edges.push(Edge {
                from,
                to,
                weight: 1,
                loc,
                ty,
            });
        }
    }

    /// Reports a cycle with weight, if there is one.
    pub(super) fn check_instance_cycles(&mut self) {
        let graph = std::mem::take(&mut self.instance_graph);
        let mut paths = vec![Path::default(); graph.vertices.len()];
        let mut again = true;
        while again {
            again = false;
            for (i, edge) in graph.edges.iter().enumerate() {
                let from = paths[edge.from];
                let weight = from.weight + edge.weight;
                if weight <= paths[edge.to].weight {
                    continue;
                }
                paths[edge.to] = Path {
                    weight,
                    last: Some(i),
                    length: from.length + 1,
                };
                if paths[edge.to].length == paths.len() {
                    return self.report_instance_cycle(&graph, &paths, edge.to);
                }
                again = true;
            }
        }
        if let Some(loc) = graph.endless {
            self.error_at(code::TYPE_ARGS, loc, "instantiation cycle".to_string());
        }
    }

    /// Reports the cycle that is on the path to a vertex.
    fn report_instance_cycle(&mut self, graph: &InstanceGraph, paths: &[Path], mut at: usize) {
        let mut cycle: Vec<(usize, &Edge)> = Vec::new();
        while !cycle.iter().any(|(vertex, _)| *vertex == at) {
            let Some(last) = paths[at].last else { return };
            let edge = &graph.edges[last];
            cycle.push((at, edge));
            at = edge.from;
        }
        let start = cycle.iter().position(|(vertex, _)| *vertex == at);
        let cycle = &cycle[start.unwrap_or(0)..];
        let name_of = |vertex: usize| match graph.vertices[vertex] {
            Vertex::Param(id) => {
                let param = &self.types.params[id.0 as usize];
                (param.name.clone(), param.loc, "instantiated as")
            }
            Vertex::Local(id) => {
                let named = &self.types.named[id.0 as usize];
                (named.name.clone(), named.loc, "implicitly parameterized by")
            }
        };
        let (_, at, _) = name_of(at);
        let mut diagnostic = Diagnostic::error(code::TYPE_ARGS, at.span, "instantiation cycle:");
        for (vertex, edge) in cycle {
            let (name, _, how) = name_of(*vertex);
            let (place, ty) = (self.place(edge.loc), self.type_string(edge.ty));
            diagnostic = diagnostic.with_continuation(format!("{place}: {name} {how} {ty}"));
        }
        self.diagnostics.push((at.file, diagnostic));
    }
}
