//! Composite literals.

use minigo_grammar::ast::{self, ArrayLen, Element, ExprId};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::Span;
use minigo_grammar::symbol::Symbol;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Ordering;
use std::rc::Rc;

use super::lookup::{Member, Path};
use super::{Checker, Mode, Operand};
use crate::diagnostics::code;
use crate::types::constant::ConstValue;
use crate::types::ty::{Field, Ty, Type};
use crate::types::typed::{Expr, ExprKind};

/// A value and the path of fields that leads to its place.
type PathValue = (Path, Expr);

impl Checker<'_> {
    /// `T{…}`; without `T`, inside another literal, `hint` is the type.
    pub(crate) fn composite_lit(&mut self, id: ExprId, hint: Option<Ty>) -> Operand {
        let ast = self.ast();
        let ast::Expr::CompositeLit { ty, elems, .. } = ast.expr(id) else {
            return self.invalid(id);
        };
        let elements = ast.element_list(elems);
        let span = ast.expr_span(id);
        let loc = self.loc(span);
        if let Some(ty) = ty
            && let ast::Expr::ArrayType {
                len: ArrayLen::Ellipsis,
                elem,
            } = ast.expr(ty)
        {
            let elem = self.type_expr(elem);
            let (elems, len) = self.indexed_elements(elements, elem, None);
            let ty = self.types.intern(Type::Array { elem, len });
            return match elem {
                Ty::INVALID => self.invalid(id),
                _ => Operand::computed(Mode::Value, ty, ExprKind::ArrayLit(elems), id, loc),
            };
        }
        let (shown, base) = match (ty, hint) {
            (Some(ty), _) => {
                let ty = self.type_expr(ty);
                (ty, ty)
            }
            (None, Some(hint)) => {
                let under = self.types.common_under(hint).unwrap_or(hint);
                // *T implies &T{}.
                match self.types.get(under) {
                    Type::Pointer(elem) => (hint, *elem),
                    _ => (hint, hint),
                }
            }
            (None, None) => {
                self.error(
                    code::INVALID_LITERAL,
                    span,
                    "missing type in composite literal",
                );
                (Ty::INVALID, Ty::INVALID)
            }
        };
        let structure = self
            .types
            .common_under(base)
            .map(|under| self.types.get(under).clone());
        let kind = match structure {
            Some(Type::Struct(fields)) => {
                ExprKind::StructLit(self.struct_elements(base, &fields, elements, span))
            }
            Some(Type::Array { elem, len }) => {
                ExprKind::ArrayLit(self.indexed_elements(elements, elem, Some(len)).0)
            }
            Some(Type::Slice(elem)) => {
                let (elems, len) = self.indexed_elements(elements, elem, None);
                ExprKind::SliceLit { len, elems }
            }
            Some(Type::Map { key, value }) => {
                ExprKind::MapLit(self.map_elements(elements, key, value))
            }
            other => {
                for element in elements {
                    self.use_exprs(&[element.value]);
                }
                if !matches!(other, Some(Type::Basic(crate::types::ty::Basic::Invalid))) {
                    let element = if ty.is_none() { " element" } else { "" };
                    let cause = if other.is_none() {
                        " (no common underlying type)"
                    } else {
                        ""
                    };
                    let message = format!(
                        "invalid composite literal{element} type {}{cause}",
                        self.type_string(shown)
                    );
                    self.error(code::INVALID_LITERAL, span, message);
                }
                return self.invalid(id);
            }
        };
        if shown == base {
            return Operand::computed(Mode::Value, shown, kind, id, loc);
        }
        let literal = Box::new(Expr {
            ty: base,
            loc,
            kind,
        });
        Operand::computed(Mode::Value, shown, ExprKind::AddrOf(literal), id, loc)
    }

    /// Checks a value and converts it to the type of its place in a literal.
    fn element(&mut self, id: ExprId, ty: Ty, context: &str) -> Option<Expr> {
        let x = self.generic_value(id, Some(ty));
        self.assign_to(x, ty, context)
    }

    /// As [`Checker::element`], for a field: a literal there must have a type.
    fn field_value(&mut self, id: ExprId, ty: Ty) -> Option<Expr> {
        let x = self.generic_value(id, None);
        self.assign_to(x, ty, "struct literal")
    }

    /// Elements of an array or slice by index, and the largest index plus one.
    fn indexed_elements(
        &mut self,
        elements: &[Element],
        elem: Ty,
        len: Option<u64>,
    ) -> (Vec<(u64, Expr)>, u64) {
        let mut list = Vec::with_capacity(elements.len());
        let keyed = elements.iter().any(|element| element.key.is_some());
        let mut seen = FxHashSet::default();
        let (mut index, mut end) = (0u64, 0u64);
        for element in elements {
            let span = self.element_span(element);
            let mut valid = false;
            if let Some(key) = element.key {
                if let Some(checked) = self.index(key, len) {
                    match checked.value {
                        Some(value) => {
                            index = value;
                            valid = true;
                        }
                        None => {
                            let message =
                                format!("index {} must be integer constant", self.expr_string(key));
                            self.error(code::INVALID_LITERAL, span, message);
                        }
                    }
                }
            } else if let Some(len) = len.filter(|&len| index >= len) {
                let message = format!("index {index} is out of bounds (>= {len})");
                self.error(code::INVALID_LITERAL, span, message);
            } else {
                valid = true;
            }
            if valid && keyed && !seen.insert(index) {
                let message = format!("duplicate index {index} in array or slice literal");
                self.error(code::DUPLICATE_KEY, span, message);
            }
            if let Some(value) = self.element(element.value, elem, "array or slice literal") {
                list.push((index, value));
            }
            index = index.saturating_add(1);
            end = end.max(index);
        }
        (list, end)
    }

    fn element_span(&self, element: &Element) -> Span {
        let value = self.ast().expr_span(element.value);
        match element.key {
            Some(key) => self.ast().expr_span(key).to(value),
            None => value,
        }
    }

    fn map_elements(
        &mut self,
        elements: &[Element],
        key_ty: Ty,
        value_ty: Ty,
    ) -> Vec<(Expr, Expr)> {
        let mut list = Vec::with_capacity(elements.len());
        let mut seen: FxHashMap<(Ty, String), Span> = FxHashMap::default();
        for element in elements {
            let Some(key) = element.key else {
                let span = self.element_span(element);
                self.error(code::INVALID_LITERAL, span, "missing key in map literal");
                continue;
            };
            let mut x = self.generic_value(key, Some(key_ty));
            // After the assignment the operand is no constant any more if the key type is an interface.
            let is_constant = x.constant_value().is_some();
            self.assignment(&mut x, Some(key_ty), "map literal");
            if !x.is_valid() {
                continue;
            }
            let key_text = match is_constant {
                true => self.constant_key(&x),
                false => None,
            };
            if let Some((ty, text, shown)) = key_text {
                let span = x.loc.span;
                let known = seen.insert((ty, text), span);
                if let Some(first) = known {
                    let message = format!("duplicate key {shown} in map literal");
                    let diagnostic = Diagnostic::error(code::DUPLICATE_KEY, span, message)
                        .with_label(first, "first here");
                    self.report(diagnostic);
                    continue;
                }
            }
            if let Some(value) = self.element(element.value, value_ty, "map literal") {
                list.push((*x.take_tree(), value));
            }
        }
        list
    }

    /// Type and value of a constant key, and how messages show it.
    fn constant_key(&self, x: &Operand) -> Option<(Ty, String, String)> {
        let (ty, value) = match (x.constant_value(), &x.tree) {
            (Some(value), _) => (x.ty, value),
            (None, Some(tree)) => match &tree.kind {
                ExprKind::Const(value) => (tree.ty, value),
                // What became an interface value only in this place.
                ExprKind::Convert(inner) => match &inner.kind {
                    ExprKind::Const(value) => (inner.ty, value),
                    _ => return None,
                },
                _ => return None,
            },
            (None, None) => return None,
        };
        let exact = match value {
            ConstValue::String(bytes) => bytes.escape_ascii().to_string(),
            ConstValue::Float(value) => value.to_string(),
            _ => value.to_string(),
        };
        Some((ty, exact, value.to_string()))
    }

    /// Fields of a struct by index.
    fn struct_elements(
        &mut self,
        base: Ty,
        fields: &Rc<[Field]>,
        elements: &[Element],
        span: Span,
    ) -> Vec<(usize, Expr)> {
        match elements.first() {
            None => Vec::new(),
            Some(first) if first.key.is_some() => self.keyed_fields(base, elements),
            Some(_) => self.positional_fields(base, fields, elements, span),
        }
    }

    fn keyed_fields(&mut self, base: Ty, elements: &[Element]) -> Vec<(usize, Expr)> {
        let mut list: Vec<PathValue> = Vec::with_capacity(elements.len());
        let mut seen: Vec<(Path, Symbol, Span)> = Vec::with_capacity(elements.len());
        let mut outer: FxHashSet<usize> = FxHashSet::default();
        let structure = self.types.common_under(base).unwrap_or(base);
        for element in elements {
            let span = self.element_span(element);
            let Some(key) = element.key else {
                let message = "mixture of field:value and value elements in struct literal";
                self.error(code::INVALID_LITERAL, span, message);
                continue;
            };
            let key_span = self.ast().expr_span(key);
            let ast::Expr::Ident(name) = self.ast().expr(key) else {
                self.use_exprs(&[element.value]);
                let text = self.expr_string(key);
                let message = format!("invalid field name {text} in struct literal");
                self.error(code::INVALID_LITERAL, span, message);
                continue;
            };
            let Some((path, ty)) = self.literal_field(base, structure, name, key_span) else {
                self.use_exprs(&[element.value]);
                continue;
            };
            let value = self.field_value(element.value, ty);
            // In a long list a search for each would take too long.
            let is_new = elements.len() > 16 && outer.insert(path[0]);
            let clash = seen
                .iter()
                .filter(|_| !is_new)
                .find(|(other, ..)| other.starts_with(&path) || path.starts_with(other));
            if let Some((other, other_name, first)) = clash {
                let (name, other_name) = (self.symbols.name(name), self.symbols.name(*other_name));
                let message = match other.len().cmp(&path.len()) {
                    Ordering::Equal => format!("duplicate field name {name} in struct literal"),
                    Ordering::Less => {
                        format!(
                            "cannot specify promoted field {name} and enclosing embedded field {other_name}"
                        )
                    }
                    Ordering::Greater => {
                        format!(
                            "cannot specify embedded field {name} and enclosed promoted field {other_name}"
                        )
                    }
                };
                let diagnostic = Diagnostic::error(code::DUPLICATE_KEY, span, message)
                    .with_label(*first, "first here");
                self.report(diagnostic);
                continue;
            }
            seen.push((path.clone(), name, key_span));
            list.extend(value.map(|value| (path, value)));
        }
        self.nested_fields(structure, list)
    }

    /// Fields by index, given by their paths: promoted ones become literals of the embedded structs that they are in.
    fn nested_fields(&mut self, structure: Ty, list: Vec<PathValue>) -> Vec<(usize, Expr)> {
        if list.iter().all(|(path, _)| path.len() == 1) {
            let fields = list.into_iter().map(|(path, value)| (path[0], value));
            return fields.collect();
        }
        let mut fields: Vec<(usize, Vec<PathValue>)> = Vec::with_capacity(list.len());
        for (mut path, value) in list {
            let index = path.remove(0);
            match fields.iter_mut().position(|(other, _)| *other == index) {
                Some(at) => {
                    // Values are computed in the order of the literal, so those of one embedded struct must be together.
                    if at + 1 < fields.len() && !value.is_simple() {
                        let message = "not supported by minigo: promoted fields of one embedded struct apart in a literal";
                        self.error(code::UNSUPPORTED, value.loc.span, message);
                    }
                    fields[at].1.push((path, value));
                }
                None => fields.push((index, vec![(path, value)])),
            }
        }
        let tys: Vec<Ty> = match self.types.under(structure) {
            Type::Struct(fields) => fields.iter().map(|field| field.ty).collect(),
            _ => Vec::new(),
        };
        let mut done = Vec::with_capacity(fields.len());
        for (index, mut values) in fields {
            if values.len() == 1 && values[0].0.is_empty() {
                done.extend(values.pop().map(|(_, value)| (index, value)));
                continue;
            }
            let Some(loc) = values.first().map(|(_, value)| value.loc) else {
                continue;
            };
            let ty = tys.get(index).copied().unwrap_or(Ty::INVALID);
            let kind = ExprKind::StructLit(self.nested_fields(ty, values));
            done.push((index, Expr { ty, loc, kind }));
        }
        done
    }

    /// Path and type of the field that a key of a struct literal names.
    fn literal_field(
        &mut self,
        base: Ty,
        structure: Ty,
        name: Symbol,
        span: Span,
    ) -> Option<(Path, Ty)> {
        let text = self.symbols.name(name);
        match self.lookup_member(structure, false, name) {
            Member::Field { path, ty } => {
                let mut outer = structure;
                for &index in &path[..path.len().saturating_sub(1)] {
                    let Type::Struct(fields) = self.types.under(outer) else {
                        return None;
                    };
                    outer = fields.get(index)?.ty;
                    if self.types.is_pointer(outer) {
                        let message =
                            format!("invalid implicit pointer indirection to reach {text}");
                        self.error(code::INVALID_LITERAL, span, message);
                        return None;
                    }
                }
                Some((path, ty))
            }
            Member::NotFound | Member::Ambiguous => {
                let message = self.lookup_error(base, name, true);
                self.error(code::UNDEFINED_MEMBER, span, message);
                None
            }
            _ => {
                self.error(
                    code::UNDEFINED_MEMBER,
                    span,
                    format!("{text} is not a field"),
                );
                None
            }
        }
    }

    fn positional_fields(
        &mut self,
        base: Ty,
        fields: &Rc<[Field]>,
        elements: &[Element],
        span: Span,
    ) -> Vec<(usize, Expr)> {
        let mut list = Vec::with_capacity(elements.len());
        let package = self.cx.package;
        let foreign = |field: &Field| field.package.is_some_and(|owner| owner != package);
        for (i, element) in elements.iter().enumerate() {
            let element_span = self.element_span(element);
            if element.key.is_some() {
                let message = "mixture of field:value and value elements in struct literal";
                self.error(code::INVALID_LITERAL, element_span, message);
                continue;
            }
            let Some(field) = fields.get(i) else {
                let x = self.generic_value(element.value, None);
                if x.is_valid() {
                    let message = format!(
                        "too many values in struct literal of type {}",
                        self.type_string(base)
                    );
                    self.error(code::INVALID_LITERAL, x.loc.span, message);
                }
                break;
            };
            if foreign(field) {
                self.use_exprs(&[element.value]);
                let message = format!(
                    "implicit assignment to unexported field {} in struct literal of type {}",
                    field.name,
                    self.type_string(base)
                );
                self.error(code::INVALID_LITERAL, element_span, message);
                continue;
            }
            if let Some(value) = self.field_value(element.value, field.ty) {
                list.push((i, value));
            }
        }
        if elements.len() < fields.len() {
            let hint = match fields.iter().any(foreign) {
                true => " (type has unexported fields - use key:value pairs)",
                false => "",
            };
            let message = format!(
                "too few values in struct literal of type {}{hint}",
                self.type_string(base)
            );
            let end = Span::new(span.end.saturating_sub(1), span.end);
            self.error(code::INVALID_LITERAL, end, message);
        }
        list
    }
}
