//! Fields and methods by name, through embedded fields (spec "Selectors", "Method sets").

use super::Checker;
use crate::types::ty::{DeclaredMethod, Field, Method, NamedId, PackageId, Ty, Type, TypeParamId};
use minigo_grammar::symbol::Symbol;
use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};
use std::rc::Rc;

/// Indices of fields, each of a struct in the one before.
pub(crate) type Path = SmallVec<[usize; 2]>;

/// What a selector finds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Member {
    /// A field of a struct.
    Field {
        /// The embedded fields to go through, then the field. Pointers on the way are dereferenced.
        path: Path,
        ty: Ty,
    },
    /// A method declared on a defined type.
    Method {
        /// The embedded fields to go through to the receiver.
        path: Path,
        named: NamedId,
        /// Index into `Named::methods`; its signature is known.
        index: usize,
        /// Receiver is a pointer.
        pointer: bool,
        /// What `path` leads to is a pointer to the defined type (else the type itself).
        recv_is_pointer: bool,
        /// A pointer was passed on the way, that to the receiver included.
        indirect: bool,
    },
    /// A method of an interface.
    Interface {
        /// The embedded fields to go through to the interface value.
        path: Path,
        method: Method,
    },
    /// A method from the constraint of a type parameter.
    TypeParam {
        path: Path,
        method: Method,
    },
    /// The name occurs more than once at the same depth.
    Ambiguous,
    /// A method with pointer receiver on a value whose address cannot be taken.
    NeedsPointer,
    NotFound,
}

/// A type at some depth of embedding.
struct Embedded {
    ty: Ty,
    path: Path,
    is_pointer: bool,
    indirect: bool,
    multiples: bool,
}

/// Lists of at most this many fields or methods are searched without an index.
const FEW: usize = 16;

/// Where the members of types with many are, by name; filled when one is looked up.
#[derive(Default)]
pub(super) struct MemberIndex {
    /// By structure.
    fields: FxHashMap<Ty, Rc<FieldIndex>>,
    methods: FxHashMap<NamedId, MethodIndex>,
}

struct FieldIndex {
    by_name: FxHashMap<Rc<str>, usize>,
    embedded: Vec<usize>,
}

#[derive(Default)]
struct MethodIndex {
    by_name: FxHashMap<Rc<str>, usize>,
    /// How many of the methods are in it.
    len: usize,
}

impl FieldIndex {
    fn new(fields: &[Field]) -> FieldIndex {
        let names = fields.iter().map(|field| field.name.clone());
        let embedded = fields.iter().enumerate().filter(|(_, f)| f.embedded);
        FieldIndex {
            embedded: embedded.map(|(i, _)| i).collect(),
            by_name: names.enumerate().map(|(i, name)| (name, i)).collect(),
        }
    }
}

impl Checker<'_> {
    /// Looks up `name` in values of type `ty`, in a variable if `addressable`, as seen from the current package.
    pub(crate) fn lookup_member(&mut self, ty: Ty, addressable: bool, name: Symbol) -> Member {
        let text = self.name(name);
        self.lookup_named(ty, addressable, &text, self.cx.package, false)
    }

    /// As [`Checker::lookup_member`], for a name and the package that an unexported one belongs to; `fold_case` ignores
    /// case (for hints).
    pub(crate) fn lookup_named(
        &mut self,
        ty: Ty,
        addressable: bool,
        name: &str,
        package: PackageId,
        fold_case: bool,
    ) -> Member {
        // A defined pointer type has no methods, but the fields of what it points to.
        if matches!(self.types.get(ty), Type::Named(_))
            && let Type::Pointer(_) = self.types.under(ty)
        {
            let pointer = self.types.underlying(ty);
            return match self.lookup_in(pointer, false, name, package, fold_case) {
                Member::Method { .. } | Member::Interface { .. } => Member::NotFound,
                found => found,
            };
        }
        self.lookup_in(ty, addressable, name, package, fold_case)
    }

    fn lookup_in(
        &mut self,
        ty: Ty,
        addressable: bool,
        name: &str,
        package: PackageId,
        fold_case: bool,
    ) -> Member {
        if name == "_" {
            return Member::NotFound;
        }
        let (start, is_pointer) = self.deref(ty);
        if is_pointer && (self.types.is_interface(start) || self.types.is_type_param(start)) {
            return Member::NotFound;
        }
        let same = |other: &str, other_package: Option<PackageId>| {
            if fold_case && other.eq_ignore_ascii_case(name) {
                return true;
            }
            other == name && other_package.is_none_or(|p| p == package)
        };
        let mut current: SmallVec<[Embedded; 1]> = smallvec![Embedded {
            ty: start,
            path: Path::new(),
            is_pointer,
            indirect: is_pointer,
            multiples: false,
        }];
        let mut seen: SmallVec<[NamedId; 4]> = SmallVec::new();
        while !current.is_empty() {
            let mut next: SmallVec<[Embedded; 1]> = SmallVec::new();
            let mut found: Option<Member> = None;
            for entry in &current {
                if let Type::Named(id) = *self.types.get(entry.ty) {
                    if seen.contains(&id) {
                        continue;
                    }
                    seen.push(id);
                    let index = self.declared_method(id, (!fold_case).then_some(name), |m| {
                        let unexported = !is_exported(&m.name);
                        same(&m.name, unexported.then_some(m.package))
                    });
                    let named = &self.types.named[id.0 as usize];
                    if let Some(index) = index {
                        if found.is_some() || entry.multiples {
                            return Member::Ambiguous;
                        }
                        found = Some(Member::Method {
                            path: entry.path.clone(),
                            named: id,
                            index,
                            pointer: named.methods[index].pointer,
                            recv_is_pointer: entry.is_pointer,
                            indirect: entry.indirect,
                        });
                        continue;
                    }
                }
                let under = match self.types.get(entry.ty) {
                    Type::Param(_) => self.types.constraint(entry.ty).map(|i| (i, true)),
                    _ => self.types.as_interface(entry.ty).map(|i| (i, false)),
                };
                if let Some((interface, is_param)) = under {
                    let methods = &interface.methods;
                    // They are sorted by name.
                    let from = match fold_case {
                        true => 0,
                        false => methods.partition_point(|m| &*m.name < name),
                    };
                    let method = methods[from..]
                        .iter()
                        .take_while(|m| fold_case || &*m.name == name)
                        .find(|m| same(&m.name, m.package));
                    if let Some(method) = method {
                        if found.is_some() || entry.multiples {
                            return Member::Ambiguous;
                        }
                        let (path, method) = (entry.path.clone(), method.clone());
                        found = Some(if is_param {
                            Member::TypeParam { path, method }
                        } else {
                            Member::Interface { path, method }
                        });
                    }
                } else if let Type::Struct(fields) = self.types.under(entry.ty) {
                    let fields = fields.clone();
                    let index = (!fold_case).then(|| self.field_index(entry.ty, &fields));
                    let mut visit = |i: usize| {
                        let field = &fields[i];
                        let path = || {
                            let mut path = entry.path.clone();
                            path.push(i);
                            path
                        };
                        if same(&field.name, field.package) {
                            let only = found.is_none() && !entry.multiples;
                            found = Some(match only {
                                true => Member::Field {
                                    path: path(),
                                    ty: field.ty,
                                },
                                false => Member::Ambiguous,
                            });
                        } else if found.is_none() && field.embedded {
                            let (ty, is_pointer) = self.deref(field.ty);
                            if let Some(same) = next.iter_mut().find(|e| e.ty == ty) {
                                same.multiples = true;
                            } else {
                                next.push(Embedded {
                                    ty,
                                    path: path(),
                                    is_pointer,
                                    indirect: entry.indirect || is_pointer,
                                    multiples: entry.multiples,
                                });
                            }
                        }
                    };
                    let named = index.flatten().map(|index| {
                        let named = index.by_name.get(name).copied();
                        (named.filter(|&i| same(name, fields[i].package)), index)
                    });
                    match named {
                        Some((Some(i), _)) => visit(i),
                        Some((None, index)) => index.embedded.iter().copied().for_each(visit),
                        None => (0..fields.len()).for_each(visit),
                    }
                    if found == Some(Member::Ambiguous) {
                        return Member::Ambiguous;
                    }
                }
            }
            if let Some(found) = found {
                if let Member::Method {
                    named,
                    index,
                    pointer,
                    indirect,
                    ..
                } = found
                {
                    if pointer && !indirect && !addressable {
                        return Member::NeedsPointer;
                    }
                    self.resolve_method(named, index);
                }
                return found;
            }
            current = next;
        }
        Member::NotFound
    }

    /// The index of the fields of a struct that has many.
    fn field_index(&mut self, ty: Ty, fields: &[Field]) -> Option<Rc<FieldIndex>> {
        if fields.len() <= FEW {
            return None;
        }
        let known = self.members.fields.entry(self.types.underlying(ty));
        let index = known.or_insert_with(|| Rc::new(FieldIndex::new(fields)));
        Some(index.clone())
    }

    /// The method of a defined type that `is_it`; `name` is its name if there is only one that it can have.
    fn declared_method(
        &mut self,
        id: NamedId,
        name: Option<&str>,
        is_it: impl Fn(&DeclaredMethod) -> bool,
    ) -> Option<usize> {
        let methods = &self.types.named[id.0 as usize].methods;
        let Some(name) = name.filter(|_| methods.len() > FEW) else {
            return methods.iter().position(is_it);
        };
        let known = self.members.methods.entry(id).or_default();
        for (index, method) in methods.iter().enumerate().skip(known.len) {
            known.by_name.entry(method.name.clone()).or_insert(index);
        }
        known.len = methods.len();
        let index = *known.by_name.get(name)?;
        is_it(&methods[index]).then_some(index)
    }

    /// What a pointer type literal points to, or the type itself.
    pub(crate) fn deref(&self, ty: Ty) -> (Ty, bool) {
        match self.types.get(ty) {
            Type::Pointer(elem) => (*elem, true),
            _ => (ty, false),
        }
    }

    /// Whether `ty` has all methods of the interface `target`; else the cause as messages give it, such as
    /// `(missing method Read)`. Without `must_have_all`, an interface `ty` may lack methods (type assertions).
    pub(crate) fn missing_method(
        &mut self,
        ty: Ty,
        target: Ty,
        must_have_all: bool,
    ) -> Option<String> {
        if ty == Ty::INVALID || target == Ty::INVALID {
            return None;
        }
        let wanted = match self.types.as_interface(target) {
            Some(interface) => interface.methods.clone(),
            None => self.types.constraint(target)?.methods.clone(),
        };
        let own = self
            .types
            .as_interface(ty)
            .or_else(|| self.types.constraint(ty))
            .map(|interface| interface.methods.clone());
        for want in &wanted {
            if let Some(own) = &own {
                match own
                    .iter()
                    .find(|m| m.name == want.name && m.package == want.package)
                {
                    None if must_have_all => return Some(self.not_found_cause(ty, target, want)),
                    None => {}
                    Some(have) if have.sig != want.sig => {
                        return Some(self.wrong_type_cause(&have.name, &[], have.sig, want));
                    }
                    Some(_) => {}
                }
                continue;
            }
            let package = want.package.unwrap_or(self.cx.package);
            let mut own = Vec::new();
            let (method, sig) = match self.lookup_in(ty, false, &want.name, package, false) {
                Member::Method { named, index, .. } => {
                    let method = &self.types.named[named.0 as usize].methods[index];
                    let name = method.name.clone();
                    let sig = self.method_sig(named, index);
                    let method = &self.types.named[named.0 as usize].methods[index];
                    own = method.type_params.clone();
                    (name, sig)
                }
                Member::Interface { method, .. } | Member::TypeParam { method, .. } => {
                    (method.name, method.sig)
                }
                Member::Ambiguous => {
                    let ty = self.type_string(ty);
                    return Some(format!("(ambiguous selector {ty}.{})", want.name));
                }
                Member::NeedsPointer => {
                    return Some(format!("(method {} has pointer receiver)", want.name));
                }
                Member::Field { .. } => {
                    let ty = self.type_string(ty);
                    return Some(format!("({ty}.{} is a field, not a method)", want.name));
                }
                Member::NotFound => {
                    if self.has_invalid_embedded(ty) {
                        return None;
                    }
                    return Some(self.misspelt_cause(ty, target, want, package));
                }
            };
            if (sig != want.sig || !own.is_empty()) && sig != Ty::INVALID {
                return Some(self.wrong_type_cause(&method, &own, sig, want));
            }
        }
        None
    }

    /// A struct embeds something that did not check, so nobody knows its methods.
    fn has_invalid_embedded(&self, ty: Ty) -> bool {
        let ty = self.deref(ty).0;
        match self.types.under(ty) {
            Type::Struct(fields) => fields
                .iter()
                .any(|field| field.embedded && self.types.underlying(field.ty) == Ty::INVALID),
            _ => false,
        }
    }

    fn not_found_cause(&self, ty: Ty, target: Ty, want: &Method) -> String {
        for pointer in [ty, target] {
            if let Some(elem) = self.types.pointer_elem(pointer) {
                let text = self.type_string(pointer);
                if self.types.is_type_param(elem) {
                    return format!(
                        "(type {text} is pointer to type parameter, not type parameter)"
                    );
                }
                if self.types.is_interface(elem) {
                    return format!("(type {text} is pointer to interface, not interface)");
                }
            }
        }
        format!("(missing method {})", want.name)
    }

    /// The method is missing; perhaps one with other capitals is there.
    fn misspelt_cause(&mut self, ty: Ty, target: Ty, want: &Method, package: PackageId) -> String {
        let found = match self.lookup_in(ty, false, &want.name, package, true) {
            Member::Method { named, index, .. } => {
                let name = self.types.named[named.0 as usize].methods[index]
                    .name
                    .clone();
                Some((name, self.method_sig(named, index)))
            }
            _ => None,
        };
        match found {
            Some((name, _)) if name == want.name => format!("(unexported method {name})"),
            Some((name, sig)) => {
                let (have, wanted) = (
                    self.method_string(&name, &[], sig),
                    self.method_string(&want.name, &[], want.sig),
                );
                format!(
                    "(missing method {})\n\t\thave {have}\n\t\twant {wanted}",
                    want.name
                )
            }
            None => self.not_found_cause(ty, target, want),
        }
    }

    fn wrong_type_cause(&self, name: &str, own: &[TypeParamId], sig: Ty, want: &Method) -> String {
        let have = self.method_string(name, own, sig);
        let wanted = self.method_string(&want.name, &[], want.sig);
        if have == wanted {
            return format!("(wrong type for method {})", want.name);
        }
        format!(
            "(wrong type for method {})\n\t\thave {have}\n\t\twant {wanted}",
            want.name
        )
    }

    fn method_string(&self, name: &str, own: &[TypeParamId], sig: Ty) -> String {
        match self.types.get(sig) {
            Type::Func(sig) => {
                let sig = self.types.sig_string(own, sig, self.cx.package);
                format!("{name}{sig}")
            }
            _ => name.to_string(),
        }
    }

    /// The type as messages of the current package print it.
    pub(crate) fn type_string(&self, ty: Ty) -> String {
        self.types.type_string(ty, self.cx.package)
    }
}

/// The name starts with an upper-case letter.
pub(crate) fn is_exported(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}
