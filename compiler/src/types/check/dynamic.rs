//! Methods that can be called through interfaces.
//!
//! A method that no source names is called only through an interface type that has a method of its name. So of a type whose values become
//! interface values those methods are reached whose names some interface type has; both lists grow while bodies are checked, and
//! [`Checker::use_dynamic_methods`] is called until neither does. (The rest of the library hangs on methods that nobody calls: all of
//! `os.File`, and through it the formatting of times.)
//!
//! At a prompt an interface type may be declared later, when the tables of methods are made: there all methods are reached.

use super::Checker;
use crate::types::ty::{NamedId, Ty, Type};
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// What is known of interface values and interface types so far.
#[derive(Default)]
pub(super) struct Dynamic {
    /// By type: values of it become interface values.
    types: Vec<bool>,
    /// The defined types among them.
    named: Vec<NamedId>,
    /// So many of them had their methods compared with all `names`.
    named_done: usize,
    /// Names of methods of interface types.
    names: FxHashSet<Rc<str>>,
    /// So many types were searched for such names.
    types_seen: usize,
    /// At a prompt: all methods are reached.
    all: bool,
}

impl Dynamic {
    /// For a program that is still to grow.
    pub(super) fn of_session() -> Dynamic {
        Dynamic {
            all: true,
            ..Dynamic::default()
        }
    }
}

impl Checker<'_> {
    /// A value of this type becomes an interface value: its methods can be called from anywhere, and those of what it
    /// contains (through fmt's eyes).
    pub(crate) fn use_as_interface(&mut self, ty: Ty) {
        if self.dynamic.types.len() <= ty.0 as usize {
            self.dynamic.types.resize(self.types.len(), false);
        }
        if std::mem::replace(&mut self.dynamic.types[ty.0 as usize], true) {
            return;
        }
        match self.types.get(ty).clone() {
            Type::Basic(_) | Type::Tuple(_) | Type::Func(_) | Type::Param(_) => {}
            Type::Named(id) => {
                if self.dynamic.all {
                    let saved = self.cx.decl.take();
                    for index in 0..self.types.named[id.0 as usize].methods.len() {
                        self.use_method(id, index);
                    }
                    self.cx.decl = saved;
                } else {
                    self.dynamic.named.push(id);
                }
                let under = self.types.underlying(ty);
                self.use_as_interface(under);
            }
            Type::Pointer(elem)
            | Type::Slice(elem)
            | Type::Array { elem, .. }
            | Type::Chan { elem, .. } => self.use_as_interface(elem),
            Type::Map { key, value } => {
                self.use_as_interface(key);
                self.use_as_interface(value);
            }
            Type::Struct(fields) => {
                for field in fields.iter() {
                    self.use_as_interface(field.ty);
                }
            }
            Type::Interface(_) => {}
        }
    }

    /// Reaches the methods that became callable since the last time.
    pub(super) fn use_dynamic_methods(&mut self) {
        let mut new_names: FxHashSet<Rc<str>> = FxHashSet::default();
        for index in self.dynamic.types_seen..self.types.len() {
            if let Type::Interface(interface) = self.types.get(Ty(index as u32)) {
                for method in &interface.methods {
                    if self.dynamic.names.insert(method.name.clone()) {
                        new_names.insert(method.name.clone());
                    }
                }
            }
        }
        self.dynamic.types_seen = self.types.len();
        let done = std::mem::replace(&mut self.dynamic.named_done, self.dynamic.named.len());
        if new_names.is_empty() && done == self.dynamic.named.len() {
            return;
        }
        let mut callable = Vec::new();
        for (place, &id) in self.dynamic.named.iter().enumerate() {
            let names = if place < done {
                &new_names
            } else {
                &self.dynamic.names
            };
            for (index, method) in self.types.named[id.0 as usize].methods.iter().enumerate() {
                if names.contains(&method.name) {
                    callable.push((id, index));
                }
            }
        }
        for (id, index) in callable {
            self.use_method(id, index);
        }
    }
}
