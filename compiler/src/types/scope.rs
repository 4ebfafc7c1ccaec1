//! What names mean: objects, and the scopes of function bodies.
//!
//! Package and universe scopes are maps from names to objects. Inside functions one table indexed by name holds
//! the innermost binding, and leaving a block restores what it hid, so that a lookup is one array access however deep
//! the blocks are nested.

use super::constant::ConstValue;
use super::ty::{FileIndex, Loc, PackageId, Ty};
use super::typed::{FuncRef, GlobalRef, VarId};
use super::universe::BuiltinId;
use minigo_grammar::ast::DeclId;
use minigo_grammar::source::Span;
use minigo_grammar::symbol::Symbol;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::collections::hash_map::Entry;

/// A declared thing: index into [`Objects`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ObjectId(pub(crate) u32);

/// How far the checker is with a package-level object. Local objects are always `Done`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// Nothing but the name is known.
    Declared,
    /// Its declaration is being checked: who needs it now has found a cycle.
    Active,
    /// The kind says everything.
    Done,
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub(crate) enum ObjectKind {
    /// Not known yet, or its declaration is wrong (reported; silent from then on).
    Invalid,
    /// An imported package.
    Package(PackageId),
    /// A constant, of an untyped type perhaps.
    Const { ty: Ty, value: Box<ConstValue> },
    /// A type: defined, alias or type parameter.
    Type(Ty),
    /// A local variable of the current declared function.
    Var { var: VarId, ty: Ty },
    /// A package-level variable.
    Global { global: GlobalRef, ty: Ty },
    /// A declared function.
    Func { func: FuncRef, sig: Ty },
    /// A builtin function.
    Builtin(BuiltinId),
    /// `nil`
    Nil,
}

/// Where a package-level object is declared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeclSite {
    pub(crate) file: FileIndex,
    pub(crate) decl: DeclId,
    /// Which of the names of a `const` or `var` line.
    pub(crate) index: u32,
    /// For a constant: the line that has the type and values it uses (itself or an earlier one of its group).
    pub(crate) source: DeclId,
}

/// A declared thing.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) name: Symbol,
    pub(crate) package: PackageId,
    /// Where its name is declared.
    pub(crate) loc: Loc,
    pub(crate) kind: ObjectKind,
    pub(crate) state: State,
    /// Local variables and imports: something reads it.
    pub(crate) used: bool,
    /// None for local and predeclared objects.
    pub(crate) site: Option<DeclSite>,
}

// There are thousands of them, and few are constants.
const _: () = assert!(size_of::<Object>() <= 72);

/// All objects of a program.
#[derive(Default, Debug)]
pub(crate) struct Objects {
    list: Vec<Object>,
}

impl Objects {
    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, count: usize) {
        self.list.reserve(count);
    }

    /// Adds an object.
    pub(crate) fn add(&mut self, object: Object) -> ObjectId {
        self.list.push(object);
        ObjectId(self.list.len() as u32 - 1)
    }
}

impl std::ops::Index<ObjectId> for Objects {
    type Output = Object;
    fn index(&self, id: ObjectId) -> &Object {
        &self.list[id.0 as usize]
    }
}

impl std::ops::IndexMut<ObjectId> for Objects {
    fn index_mut(&mut self, id: ObjectId) -> &mut Object {
        &mut self.list[id.0 as usize]
    }
}

/// A binding of the current function and what it hides.
#[derive(Clone, Copy, Debug)]
struct Binding {
    name: Symbol,
    object: ObjectId,
    /// The number of the binding of the same name outside, plus one; 0 if there is none.
    hidden: u32,
    depth: u32,
}

/// The scopes of function bodies.
#[derive(Default, Debug)]
pub(crate) struct Scopes {
    /// By name: the number of its innermost binding, plus one.
    heads: Vec<u32>,
    bindings: Vec<Binding>,
    /// Where the bindings of each open scope start.
    marks: Vec<u32>,
}

impl Scopes {
    /// Opens a block.
    pub(crate) fn open(&mut self) {
        self.marks.push(self.bindings.len() as u32);
    }

    /// Closes the innermost block and gives its objects in order of declaration.
    pub(crate) fn close(&mut self) -> SmallVec<[ObjectId; 8]> {
        let mark = self.marks.pop().unwrap_or(0) as usize;
        for binding in self.bindings[mark..].iter().rev() {
            self.heads[binding.name.index()] = binding.hidden;
        }
        self.bindings.drain(mark..).map(|b| b.object).collect()
    }

    /// Binds a name in the innermost block; gives the object that already has the name there, if any.
    pub(crate) fn bind(&mut self, name: Symbol, object: ObjectId) -> Option<ObjectId> {
        if let Some(other) = self.lookup_innermost(name) {
            return Some(other);
        }
        if self.heads.len() <= name.index() {
            self.heads.resize(name.index() + 1, 0);
        }
        let hidden = self.heads[name.index()];
        self.bindings.push(Binding {
            name,
            object,
            hidden,
            depth: self.marks.len() as u32,
        });
        self.heads[name.index()] = self.bindings.len() as u32;
        None
    }

    /// The names that are bound.
    pub(crate) fn names(&self) -> impl Iterator<Item = Symbol> {
        self.bindings.iter().map(|binding| binding.name)
    }

    /// The innermost object of that name.
    pub(crate) fn lookup(&self, name: Symbol) -> Option<ObjectId> {
        match self.heads.get(name.index()) {
            None | Some(0) => None,
            Some(&head) => Some(self.bindings[head as usize - 1].object),
        }
    }

    /// The object of that name if the innermost block declares it.
    pub(crate) fn lookup_innermost(&self, name: Symbol) -> Option<ObjectId> {
        match self.heads.get(name.index()) {
            None | Some(0) => None,
            Some(&head) => {
                let binding = &self.bindings[head as usize - 1];
                (binding.depth == self.marks.len() as u32).then_some(binding.object)
            }
        }
    }
}

/// The names of one list, such as parameters or fields, and where each came first. There are few, nearly always.
#[derive(Default)]
pub(crate) struct FirstPlaces {
    few: SmallVec<[(Symbol, Span); 8]>,
    more: FxHashMap<Symbol, Span>,
}

impl FirstPlaces {
    /// Notes a name; tells where it was before.
    pub(crate) fn note(&mut self, name: Symbol, span: Span) -> Option<Span> {
        if let Some((_, first)) = self.few.iter().find(|(other, _)| *other == name) {
            return Some(*first);
        }
        if self.few.len() < self.few.inline_size() {
            self.few.push((name, span));
            return None;
        }
        match self.more.entry(name) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(free) => {
                free.insert(span);
                None
            }
        }
    }
}
