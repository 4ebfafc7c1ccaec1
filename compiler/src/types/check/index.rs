//! `x[i]`, `f[T]`, `x[lo:hi:max]`.

use minigo_grammar::ast::{self, ExprId, ExprList};
use minigo_grammar::source::Span;

use super::{Checker, Mode, Operand};
use crate::diagnostics::code;
use crate::types::constant::ConstValue;
use crate::types::ty::{Dir, Ty, Type};
use crate::types::typed::{Expr, ExprKind};

/// What indexing a type gives.
#[derive(Clone, Copy, PartialEq)]
struct Indexed {
    elem: Ty,
    /// The key type of a map.
    key: Option<Ty>,
    /// The length, if the type has one.
    len: Option<u64>,
    /// The element is a variable whatever the operand is.
    variable: bool,
    /// The element has no address whatever the operand is.
    value: bool,
}

/// A checked index.
pub(crate) struct Index {
    /// The index as an integer; for constants an `int`.
    pub(crate) tree: Box<Expr>,
    /// Its value, if it is constant.
    pub(crate) value: Option<u64>,
}

impl Checker<'_> {
    /// An index expression, an instantiated function, or an instantiated type.
    pub(crate) fn index_expr(&mut self, id: ExprId) -> Operand {
        let ast::Expr::Index { x, indices, lbrack } = self.ast().expr(id) else {
            return self.invalid(id);
        };
        let mut x = self.generic_expr_or_type(x);
        self.require_value_or_type(&mut x);
        match x.mode {
            Mode::Invalid => {
                self.use_index_exprs(indices);
                return self.invalid(id);
            }
            Mode::TypeExpr => {
                let ty = self.type_expr(id);
                return self.type_operand(id, ty);
            }
            _ if x.generic.is_some() => return self.partial_instance(id, x, indices),
            _ => {}
        }
        self.require_value(&mut x);
        self.require_single(&mut x);
        if !x.is_valid() {
            self.use_index_exprs(indices);
            return self.invalid(id);
        }
        let Some(indexed) = self.indexed(&x) else {
            let message = format!("cannot index {}", self.describe(&x));
            self.error(code::INVALID_INDEX, Span::at(lbrack), message);
            self.use_index_exprs(indices);
            return self.invalid(id);
        };
        let list = self.ast().expr_list(indices);
        if let Some(&second) = list.get(1) {
            let span = self.ast().expr_span(second);
            self.error(
                code::INVALID_INDEX,
                span,
                "invalid operation: more than one index",
            );
        }
        let loc = self.expr_loc(id);
        if let Some(key_ty) = indexed.key {
            let mut key = self.generic_value(list[0], Some(key_ty));
            self.assignment(&mut key, Some(key_ty), "map index");
            // The type of the element is known even if the key is wrong.
            let kind = ExprKind::MapIndex {
                map: x.take_tree(),
                key: key.take_tree(),
            };
            let mut element = Operand::computed(Mode::MapIndex, indexed.elem, kind, id, loc);
            if let Some(tree) = &mut element.tree {
                tree.loc = self.traced(loc, lbrack);
            }
            return element;
        }
        let mode = match x.mode {
            _ if indexed.value => Mode::Value,
            _ if indexed.variable => Mode::Variable,
            Mode::Variable => Mode::Variable,
            _ => Mode::Value,
        };
        if self.types.is_untyped(x.ty) {
            // A constant string.
            self.convert_untyped(&mut x, Ty::STRING);
        }
        let mut tree = x.take_tree();
        let index = self.index(list[0], indexed.len);
        if let Some(array) = self.array_behind(tree.ty) {
            let loc = tree.loc;
            tree = Box::new(Expr {
                ty: array,
                loc,
                kind: ExprKind::Deref(tree),
            });
        }
        // The type of the element is known even if the index is wrong.
        let kind = match index {
            Some(index) => ExprKind::Index {
                x: tree,
                index: index.tree,
            },
            None => ExprKind::Zero,
        };
        let mut element = Operand::computed(mode, indexed.elem, kind, id, loc);
        if let Some(tree) = &mut element.tree {
            tree.loc = self.traced(loc, lbrack);
        }
        element
    }

    /// The left side of brackets: a type that may be generic, or a value.
    fn generic_expr_or_type(&mut self, id: ExprId) -> Operand {
        // A generic type without arguments is an error of its own as an expression, so look at the name first.
        match self.generic_type_name(id) {
            true => Operand::new(Mode::TypeExpr, Ty::INVALID, id, self.expr_loc(id)),
            false => self.generic_expr(id, None),
        }
    }

    fn use_index_exprs(&mut self, indices: ExprList) {
        let list = self.ast().expr_list(indices);
        self.use_exprs(list);
    }

    /// The array type that a pointer (defined or not) points to.
    fn array_behind(&self, ty: Ty) -> Option<Ty> {
        let elem = self.types.pointer_elem(ty)?;
        matches!(self.types.under(elem), Type::Array { .. }).then_some(elem)
    }

    /// What indexing the operand gives; none if it cannot be indexed.
    fn indexed(&self, x: &Operand) -> Option<Indexed> {
        let mut all: Option<Indexed> = None;
        for term in self.types.type_terms(x.ty) {
            let one = self.indexed_type(term?.ty)?;
            all = Some(match all {
                None => one,
                Some(first) if first.key != one.key || first.elem != one.elem => return None,
                Some(first) => Indexed {
                    len: match (first.len, one.len) {
                        (Some(a), Some(b)) => Some(a.min(b)),
                        (a, b) => a.or(b),
                    },
                    variable: first.variable && one.variable,
                    value: first.value || one.value,
                    ..first
                },
            });
        }
        let mut all = all?;
        if let Some(ConstValue::String(bytes)) = x.constant_value() {
            all.len = Some(bytes.len() as u64);
        }
        Some(all)
    }

    fn indexed_type(&self, ty: Ty) -> Option<Indexed> {
        let plain = Indexed {
            elem: Ty::UINT8,
            key: None,
            len: None,
            variable: false,
            value: false,
        };
        let array = |len: u64, elem: Ty| Indexed {
            elem,
            len: Some(len),
            ..plain
        };
        Some(match self.types.under(ty) {
            Type::Basic(basic) if basic.is_string() => Indexed {
                value: true,
                ..plain
            },
            Type::Array { elem, len } => array(*len, *elem),
            Type::Slice(elem) => Indexed {
                elem: *elem,
                variable: true,
                ..plain
            },
            Type::Map { key, value } => Indexed {
                elem: *value,
                key: Some(*key),
                ..plain
            },
            Type::Pointer(base) => match self.types.under(*base) {
                Type::Array { elem, len } => Indexed {
                    variable: true,
                    ..array(*len, *elem)
                },
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Checks an index: an integer, not negative if constant, and below `limit` if there is one.
    pub(crate) fn index(&mut self, id: ExprId, limit: Option<u64>) -> Option<Index> {
        let mut x = self.single_value(id, None);
        if !self.check_index(&mut x, "index") {
            return None;
        }
        let value = x
            .constant_value()
            .and_then(ConstValue::as_i64)
            .map(|value| value as u64);
        if let (Some(value), Some(limit)) = (value, limit)
            && value >= limit
        {
            let message = format!("invalid argument: index {value} out of bounds [0:{limit}]");
            self.error(code::INVALID_INDEX, x.loc.span, message);
            return None;
        }
        Some(Index {
            tree: x.take_tree(),
            value,
        })
    }

    /// Whether an operand can be an index, size or length (`what`); afterwards it is typed.
    fn check_index(&mut self, x: &mut Operand, what: &str) -> bool {
        if !x.is_valid() {
            return false;
        }
        self.convert_untyped(x, Ty::INT);
        if !x.is_valid() {
            return false;
        }
        let problem = if !self.types.all_integer(x.ty) {
            "must be integer"
        } else if x.constant_value().is_some_and(ConstValue::is_negative) {
            "must not be negative"
        } else if x
            .constant_value()
            .is_some_and(|value| value.as_i64().is_none())
        {
            "overflows int"
        } else {
            return true;
        };
        let message = format!("invalid argument: {what} {} {problem}", self.describe(x));
        self.error(code::INVALID_INDEX, x.loc.span, message);
        false
    }

    /// `x[lo:hi]`, `x[lo:hi:max]`.
    pub(crate) fn slice_expr(&mut self, id: ExprId) -> Operand {
        let ast::Expr::Slice {
            x: left,
            lo,
            hi,
            max,
            three,
        } = self.ast().expr(id)
        else {
            return self.invalid(id);
        };
        let bounds = [lo, hi, max];
        let mut x = self.single_value(left, None);
        if !x.is_valid() {
            for bound in bounds.into_iter().flatten() {
                self.use_exprs(&[bound]);
            }
            return self.invalid(id);
        }
        let Some((ty, limit)) = self.sliced(&mut x, max, three) else {
            return self.invalid(id);
        };
        let mut tree = x.take_tree();
        if let Some(array) = self.array_behind(tree.ty) {
            tree = Box::new(Expr {
                ty: array,
                loc: tree.loc,
                kind: ExprKind::Deref(tree),
            });
        }
        if three && (hi.is_none() || max.is_none()) {
            return self.invalid(id);
        }
        let mut trees = [None, None, None];
        let mut known = [Some(0), limit, limit];
        for (i, bound) in bounds.into_iter().enumerate() {
            let Some(bound) = bound else { continue };
            let index = self.index(bound, limit.map(|limit| limit + 1));
            known[i] = index.as_ref().and_then(|index| index.value);
            trees[i] = index.map(|index| index.tree);
        }
        self.check_bounds_order(bounds, known);
        let [lo, hi, max] = trees;
        let kind = ExprKind::Slice {
            x: tree,
            lo,
            hi,
            max,
        };
        let mut loc = self.expr_loc(id);
        loc.span.start = self.bracket(left);
        Operand::computed(Mode::Value, ty, kind, id, loc)
    }

    /// Where the bracket after an expression is: the place of errors about slices of it, as in Go.
    fn bracket(&self, left: ExprId) -> u32 {
        let mut place = self.ast().expr_span(left).end;
        let text = self.source().text().as_bytes();
        while let Some(&byte) = text.get(place as usize) {
            let comment = text[place as usize..].starts_with(b"/*");
            match byte {
                _ if comment => {
                    let rest = &text[place as usize + 2..];
                    let len = rest
                        .windows(2)
                        .position(|pair| pair == b"*/")
                        .unwrap_or(rest.len());
                    place += len as u32 + 4;
                }
                b' ' | b'\t' | b'\r' | b'\n' => place += 1,
                _ => break,
            }
        }
        place
    }

    /// Constant bounds must not fall.
    fn check_bounds_order(&mut self, bounds: [Option<ExprId>; 3], known: [Option<u64>; 3]) {
        for low in 0..2 {
            for high in low + 1..3 {
                if let (Some(x), Some(y), Some(at)) = (known[low], known[high], bounds[high])
                    && y < x
                {
                    let message = format!("invalid slice indices: {y} < {x}");
                    let span = self.ast().expr_span(at);
                    self.error(code::INVALID_INDEX, span, message);
                    return;
                }
            }
        }
    }

    /// The type of a slice of `x`, and the largest constant bound if it is known.
    fn sliced(
        &mut self,
        x: &mut Operand,
        max: Option<ExprId>,
        three: bool,
    ) -> Option<(Ty, Option<u64>)> {
        let mut common: Option<(Ty, Ty)> = None;
        let mut has_string = false;
        for term in self.types.type_terms(x.ty) {
            let Some(term) = term else {
                let (what, ty) = (self.describe(x), self.type_string(x.ty));
                let message = format!("cannot slice {what}: no specific type in {ty}");
                self.error(code::INVALID_INDEX, x.loc.span, message);
                return None;
            };
            let mut under = self.types.underlying(term.ty);
            if self.types.is_string(under) {
                has_string = true;
                under = self.types.intern(Type::Slice(Ty::UINT8));
            }
            match common {
                None => common = Some((term.ty, under)),
                Some((_, known)) if known == under => {}
                Some((first, _)) => {
                    let (what, first, other) = (
                        self.describe(x),
                        self.type_string(first),
                        self.type_string(term.ty),
                    );
                    let message = format!(
                        "cannot slice {what}: {first} and {other} have different underlying types"
                    );
                    self.error(code::INVALID_INDEX, x.loc.span, message);
                    return None;
                }
            }
        }
        let under = common?.1;
        if has_string {
            if three {
                let span = max.map_or(x.loc.span, |max| self.ast().expr_span(max));
                self.error(
                    code::INVALID_INDEX,
                    span,
                    "invalid operation: 3-index slice of string",
                );
                return None;
            }
            let len = x.constant_value().and_then(ConstValue::string_len);
            if self.types.is_untyped(x.ty) {
                self.convert_untyped(x, Ty::STRING);
            }
            return Some((x.ty, len));
        }
        let array = match self.types.get(under) {
            Type::Slice(_) => return Some((x.ty, None)),
            Type::Array { elem, len } if x.mode == Mode::Variable => (*elem, *len),
            Type::Array { .. } => {
                let message = format!("cannot slice unaddressable value {}", self.describe(x));
                self.error(code::INVALID_INDEX, x.loc.span, message);
                return None;
            }
            Type::Pointer(base) => match self.types.under(*base) {
                Type::Array { elem, len } => (*elem, *len),
                _ => return self.cannot_slice(x),
            },
            _ => return self.cannot_slice(x),
        };
        Some((self.types.intern(Type::Slice(array.0)), Some(array.1)))
    }

    /// Why the types in a type parameter's type set have no underlying type in common; `making` for an argument of make.
    pub(super) fn no_common_cause(&self, ty: Ty, making: bool) -> String {
        let Some(terms) = self.types.type_set(ty) else {
            return "no specific type".to_string();
        };
        let made = |ty| {
            matches!(
                self.types.under(ty),
                Type::Slice(_) | Type::Map { .. } | Type::Chan { .. }
            )
        };
        if making && !terms.iter().all(|term| made(term.ty)) {
            return "type must be slice, map, or channel".to_string();
        }
        let Some(first) = terms.first() else {
            return "no specific type".to_string();
        };
        let under = |ty| self.types.under(ty);
        for term in terms {
            let problem = match (under(first.ty), under(term.ty)) {
                (a, b) if a == b => continue,
                (Type::Chan { elem: a, .. }, Type::Chan { elem: b, .. }) if a != b => {
                    return format!(
                        "channels {} and {} have different element types",
                        self.type_string(first.ty),
                        self.type_string(term.ty)
                    );
                }
                (Type::Chan { .. }, Type::Chan { .. }) => continue,
                _ => "have different underlying types",
            };
            return format!(
                "{} and {} {problem}",
                self.type_string(first.ty),
                self.type_string(term.ty)
            );
        }
        let directed = |dir| {
            terms
                .iter()
                .find(|term| matches!(under(term.ty), Type::Chan { dir: d, .. } if *d == dir))
        };
        match (directed(Dir::Send), directed(Dir::Recv)) {
            (Some(send), Some(recv)) => {
                let (mut a, mut b) = (send.ty, recv.ty);
                if terms.iter().position(|t| t.ty == b) < terms.iter().position(|t| t.ty == a) {
                    std::mem::swap(&mut a, &mut b);
                }
                let (a, b) = (self.type_string(a), self.type_string(b));
                format!("channels {a} and {b} have conflicting directions")
            }
            _ => "no common underlying type".to_string(),
        }
    }

    fn cannot_slice<T>(&mut self, x: &Operand) -> Option<T> {
        let message = format!("cannot slice {}", self.describe(x));
        self.error(code::INVALID_INDEX, x.loc.span, message);
        None
    }
}
