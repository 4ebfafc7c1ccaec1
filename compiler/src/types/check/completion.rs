//! Completion at a prompt: what a name that is being typed may become, from names and types alone.
//!
//! The path before the name (`a.b.`) is followed from a declared name through fields, methods' results being out of reach: nothing is
//! evaluated, and nothing is checked that was not before.

use super::session::State;
use crate::types::scope::{ObjectId, ObjectKind};
use crate::types::ty::{PackageId, Ty, Type};
use minigo_grammar::symbol::Symbols;

/// Keywords worth completing.
const KEYWORDS: &[&str] = &[
    "break",
    "case",
    "chan",
    "const",
    "continue",
    "default",
    "defer",
    "else",
    "fallthrough",
    "for",
    "func",
    "go",
    "goto",
    "if",
    "import",
    "interface",
    "map",
    "package",
    "range",
    "return",
    "select",
    "struct",
    "switch",
    "type",
    "var",
];

/// How deep embedded fields are followed.
const DEPTH: usize = 4;

impl State {
    /// Where the last name of `text` begins, and what it may become, sorted. `common` are import paths of packages that need no import.
    pub(crate) fn complete(
        &self,
        text: &str,
        symbols: &Symbols,
        main: PackageId,
        common: &[&'static str],
    ) -> (usize, Vec<String>) {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let start = text.trim_end_matches(is_name).len();
        let prefix = &text[start..];
        let before = &text[..start];
        let mut names = match before.strip_suffix('.') {
            Some(path) => {
                let from = path
                    .trim_end_matches(|c: char| is_name(c) || c == '.')
                    .len();
                let path: Vec<&str> = path[from..].split('.').collect();
                self.members(&path, symbols, main)
            }
            None if prefix.is_empty() || prefix.starts_with(|c: char| c.is_ascii_digit()) => {
                Vec::new()
            }
            None => {
                let declared = self.earlier.keys().chain(self.universe.names.keys());
                let declared = declared.map(|&name| symbols.name(name));
                let packages = common.iter().filter_map(|path| path.rsplit('/').next());
                declared
                    .chain(packages)
                    .chain(KEYWORDS.iter().copied())
                    .map(str::to_string)
                    .collect()
            }
        };
        names.retain(|name| name.starts_with(prefix) && name != "_");
        names.sort();
        names.dedup();
        (start, names)
    }

    /// What can stand after a path and a dot.
    fn members(&self, path: &[&str], symbols: &Symbols, main: PackageId) -> Vec<String> {
        let Some((first, rest)) = path.split_first() else {
            return Vec::new();
        };
        let named = symbols.lookup(first).and_then(|name| {
            let object = self.earlier.get(&name);
            object.or_else(|| self.universe.names.get(&name)).copied()
        });
        let package = match named.map(|object| &self.objects[object].kind) {
            Some(ObjectKind::Package(id)) => Some(*id),
            Some(_) => None,
            None => self.loaded_package(first),
        };
        if let Some(package) = package {
            let members = &self.packages[package.0 as usize].names;
            let Some((member, rest)) = rest.split_first() else {
                let names = members.keys().map(|&name| symbols.name(name));
                return names
                    .filter(|name| super::lookup::is_exported(name))
                    .map(str::to_string)
                    .collect();
            };
            let object = symbols.lookup(member).and_then(|name| members.get(&name));
            return self.after(object.copied(), rest, main);
        }
        self.after(named, rest, main)
    }

    /// A package that was loaded, by its name.
    fn loaded_package(&self, name: &str) -> Option<PackageId> {
        let index = self
            .packages
            .iter()
            .position(|package| package.library && &*package.name == name)?;
        Some(PackageId(index as u32))
    }

    /// The fields and methods of what an object and fields of it lead to.
    fn after(&self, object: Option<ObjectId>, path: &[&str], main: PackageId) -> Vec<String> {
        let Some(mut ty) = object.and_then(|object| self.type_of(object)) else {
            return Vec::new();
        };
        for field in path {
            let Some(next) = self.field(ty, field, DEPTH) else {
                return Vec::new();
            };
            ty = next;
        }
        let mut names = Vec::new();
        self.collect(ty, main, DEPTH, &mut names);
        names
    }

    fn type_of(&self, object: ObjectId) -> Option<Ty> {
        match self.objects[object].kind {
            ObjectKind::Global { ty, .. } | ObjectKind::Const { ty, .. } | ObjectKind::Type(ty) => {
                Some(ty)
            }
            _ => None,
        }
    }

    fn deref(&self, ty: Ty) -> Ty {
        match self.types.under(ty) {
            Type::Pointer(elem) => *elem,
            _ => ty,
        }
    }

    fn field(&self, ty: Ty, name: &str, depth: usize) -> Option<Ty> {
        let Type::Struct(fields) = self.types.under(self.deref(ty)) else {
            return None;
        };
        let own = fields.iter().find(|field| &*field.name == name);
        own.map(|field| field.ty).or_else(|| {
            let depth = depth.checked_sub(1)?;
            fields
                .iter()
                .filter(|field| field.embedded)
                .find_map(|field| self.field(field.ty, name, depth))
        })
    }

    fn collect(&self, ty: Ty, main: PackageId, depth: usize, names: &mut Vec<String>) {
        let base = self.deref(ty);
        if let Type::Named(id) = *self.types.get(base) {
            let named = &self.types.named[id.0 as usize];
            let visible = named.methods.iter().filter(|method| {
                method.package == main || super::lookup::is_exported(&method.name)
            });
            names.extend(visible.map(|method| method.name.to_string()));
        }
        match self.types.under(base) {
            Type::Interface(interface) => {
                names.extend(
                    interface
                        .methods
                        .iter()
                        .map(|method| method.name.to_string()),
                );
            }
            Type::Struct(fields) => {
                for field in fields.iter() {
                    if field.package.is_none_or(|package| package == main) {
                        names.push(field.name.to_string());
                    }
                    if field.embedded && depth > 0 {
                        self.collect(field.ty, main, depth - 1, names);
                    }
                }
            }
            _ => {}
        }
    }
}
