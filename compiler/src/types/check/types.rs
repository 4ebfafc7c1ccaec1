//! Type expressions.
//!
//! A declared type becomes a `Named` at once, and what it is defined as is looked at only when the outermost type expression
//! is done ([`Checker::finish_types`]), or when something cannot go on without it (embedding in an interface, `type A B`).
//! So types may refer to each other in any order, and a type that is needed while it is being looked at is a cycle.

use super::lookup::is_exported;
use super::{Checker, NamedState};
use crate::diagnostics::code;
use crate::types::scope::{ObjectId, ObjectKind, State};
use crate::types::ty::{
    Basic, Dir, Field, FileIndex, Interface, Loc, Method, NamedId, PackageId, Sig, Term, Ty, Type,
};
use minigo_grammar::ast::{self, ArrayLen, ChanDir, Expr, ExprId, InterfaceElem, SigId};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::Span;
use minigo_grammar::symbol::Symbol;
use num_traits::ToPrimitive;
use std::rc::Rc;

/// Go's compiler takes no more terms in a union.
const MAX_TERMS: usize = 100;

/// A check that must wait until all types around it are complete.
pub(super) enum Later {
    MapKey {
        key: Ty,
        loc: Loc,
    },
    Embedded {
        ty: Ty,
        loc: Loc,
    },
    /// A type that values have: it must not be a constraint.
    VarType {
        ty: Ty,
        loc: Loc,
    },
    /// A type that must not contain itself.
    ValidType(NamedId),
    /// Type arguments must satisfy their constraints.
    TypeArgs {
        named: NamedId,
        args: Vec<Ty>,
        locs: Vec<Loc>,
    },
    UnionTerm {
        term: Term,
        earlier: Vec<Term>,
        loc: Loc,
    },
    Receiver {
        ty: Ty,
        loc: Loc,
    },
}

impl<'a> Checker<'a> {
    /// The type that an expression denotes, for values; reports an error and gives `Ty::INVALID` if it denotes none.
    pub(crate) fn type_expr(&mut self, id: ExprId) -> Ty {
        let ty = self.any_type_expr(id);
        if self.is_constraint_type(ty) || matches!(self.types.get(ty), Type::Named(_)) {
            let loc = self.loc(self.ast().expr_span(id));
            self.later.push(Later::VarType { ty, loc });
            if self.type_depth == 0 {
                self.finish_types();
            }
        }
        ty
    }

    /// As [`Checker::type_expr`], constraints included.
    pub(crate) fn any_type_expr(&mut self, id: ExprId) -> Ty {
        self.type_depth += 1;
        let mut ty = self.type_or_generic(id);
        self.type_depth -= 1;
        if self.is_generic(ty) {
            let text = self.type_string(ty);
            let span = self.ast().expr_span(id);
            self.error(
                code::TYPE_ARGS,
                span,
                format!("cannot use generic type {text} without instantiation"),
            );
            ty = Ty::INVALID;
        }
        if self.type_depth == 0 {
            self.finish_types();
        }
        ty
    }

    /// A generic type that is not instantiated.
    pub(crate) fn is_generic(&self, ty: Ty) -> bool {
        self.types
            .as_named(ty)
            .is_some_and(|named| !named.type_params.is_empty() && named.origin.is_none())
    }

    /// The type of a signature.
    pub(crate) fn signature(&mut self, id: SigId) -> Ty {
        let ast = self.ast();
        let sig = ast.sig(id);
        self.type_depth += 1;
        let mut params = Vec::with_capacity(sig.params.len());
        let mut variadic = false;
        let list = ast.param_list(sig.params);
        for (i, param) in list.iter().enumerate() {
            let mut ty = self.shared_type(i.checked_sub(1).map(|p| list[p].ty), param.ty, &params);
            // Anywhere else the parser has refused it.
            if param.ellipsis.is_some() && i + 1 == list.len() {
                variadic = true;
                ty = self.types.intern(Type::Slice(ty));
            }
            params.push(ty);
        }
        let mut results = Vec::with_capacity(sig.results.len());
        let list = ast.param_list(sig.results);
        for (i, param) in list.iter().enumerate() {
            let ty = self.shared_type(i.checked_sub(1).map(|p| list[p].ty), param.ty, &results);
            results.push(ty);
        }
        self.type_depth -= 1;
        let ty = self.types.intern(Type::Func(Sig {
            params,
            results,
            variadic,
        }));
        if self.type_depth == 0 {
            self.finish_types();
        }
        ty
    }

    /// The type of one of several names; equal nodes were checked with the name before.
    fn shared_type(&mut self, previous: Option<ExprId>, id: ExprId, known: &[Ty]) -> Ty {
        match (previous, known.last()) {
            (Some(previous), Some(&ty)) if previous == id => ty,
            _ => self.type_expr(id),
        }
    }

    fn not_a_type(&mut self, id: ExprId) -> Ty {
        let text = self.expr_string(id);
        let span = self.ast().expr_span(id);
        self.error(code::NOT_A_TYPE, span, format!("{text} is not a type"));
        Ty::INVALID
    }

    pub(super) fn type_or_generic(&mut self, id: ExprId) -> Ty {
        let ast = self.ast();
        match ast.expr(id) {
            Expr::Bad => Ty::INVALID,
            Expr::Ident(name) => self.named_type(id, name),
            Expr::Paren(inner) => self.type_or_generic(inner),
            Expr::Selector { x, sel } => self.qualified_type(id, x, sel),
            Expr::Index { x, indices, .. } => self.instantiated_type(x, ast.expr_list(indices)),
            Expr::ArrayType { len, elem } => {
                let len = match len {
                    ArrayLen::Slice => {
                        let elem = self.type_expr(elem);
                        return self.types.intern(Type::Slice(elem));
                    }
                    ArrayLen::Expr(len) => self.array_length(len),
                    ArrayLen::Ellipsis => {
                        let span = ast.expr_span(id);
                        self.error(
                            code::BAD_ARRAY_LENGTH,
                            span,
                            "invalid use of [...] array (outside a composite literal)",
                        );
                        None
                    }
                };
                let elem = self.type_expr(elem);
                match len {
                    Some(len) => self.types.intern(Type::Array { elem, len }),
                    None => Ty::INVALID,
                }
            }
            Expr::StructType(fields) => self.struct_type(ast.field_list(fields)),
            Expr::Star(elem) => match self.type_expr(elem) {
                Ty::INVALID => Ty::INVALID,
                elem => self.types.intern(Type::Pointer(elem)),
            },
            Expr::FuncType(sig) => self.signature(sig),
            Expr::InterfaceType(elems) => self.interface_type(ast.interface_elem_list(elems)),
            Expr::MapType { key, value } => {
                let mut span = ast.expr_span(key);
                if let Expr::FuncType(sig) = ast.expr(key) {
                    // Go's compiler says that a function type is where its parameters are.
                    span.start = ast.sig(sig).span.start;
                }
                let key_loc = self.loc(span);
                let key = self.type_expr(key);
                let value = self.type_expr(value);
                self.later.push(Later::MapKey { key, loc: key_loc });
                self.types.intern(Type::Map { key, value })
            }
            Expr::ChanType { dir, elem } => {
                let elem = self.type_expr(elem);
                let dir = match dir {
                    ChanDir::Both => Dir::Both,
                    ChanDir::Send => Dir::Send,
                    ChanDir::Recv => Dir::Recv,
                };
                self.types.intern(Type::Chan { elem, dir })
            }
            _ => self.not_a_type(id),
        }
    }

    fn named_type(&mut self, id: ExprId, name: Symbol) -> Ty {
        let span = self.ast().expr_span(id);
        if name.is_blank() {
            let known = &self.cx.func.blank_params;
            if let Some(&(_, ty)) = known.iter().find(|(place, _)| *place == span) {
                return ty;
            }
            self.error(code::NOT_A_TYPE, span, "cannot use _ as value or type");
            return Ty::INVALID;
        }
        let Some(object) = self.lookup(name) else {
            let text = self.symbols.name(name);
            let mut diagnostic =
                Diagnostic::error(code::UNDEFINED_NAME, span, format!("undefined: {text}"));
            if let Some(help) = self.spelling_help(name) {
                diagnostic = diagnostic.with_help(help);
            }
            self.report(diagnostic);
            return Ty::INVALID;
        };
        self.object_type(object, span)
    }

    /// The type that an object is; reports an error if it is none.
    fn object_type(&mut self, object: ObjectId, span: Span) -> Ty {
        if self.objects[object].state == State::Active {
            return self.active_type(object);
        }
        let is_type = match self.objects[object].site {
            Some(site) if self.objects[object].state == State::Declared => matches!(
                self.asts[site.file.0 as usize].decl(site.decl),
                ast::Decl::Type(_)
            ),
            _ => matches!(
                self.objects[object].kind,
                ObjectKind::Type(_) | ObjectKind::Invalid
            ),
        };
        if !is_type {
            let text = self.symbols.name(self.objects[object].name);
            let kind = self.object_kind(object);
            self.error(
                code::NOT_A_TYPE,
                span,
                format!("{text} ({kind}) is not a type"),
            );
            self.objects[object].used = true;
            return Ty::INVALID;
        }
        self.objects[object].used = true;
        self.resolve(object);
        match self.objects[object].kind {
            ObjectKind::Type(ty) => ty,
            _ => Ty::INVALID,
        }
    }

    /// The type of an object whose declaration is being checked: known for defined types, else a cycle.
    fn active_type(&mut self, object: ObjectId) -> Ty {
        match self.objects[object].kind {
            ObjectKind::Type(ty) => ty,
            _ => {
                self.declaration_cycle(object);
                Ty::INVALID
            }
        }
    }

    /// What sort of thing an object is, as messages say it.
    pub(crate) fn object_kind(&self, object: ObjectId) -> &'static str {
        let object = &self.objects[object];
        if let (State::Declared, Some(site)) = (object.state, object.site) {
            return match self.asts[site.file.0 as usize].decl(site.decl) {
                ast::Decl::Const(_) => "constant",
                ast::Decl::Var(_) => "package-level variable",
                ast::Decl::Func(_) => "function",
                _ => "defined type",
            };
        }
        match &object.kind {
            ObjectKind::Invalid => "invalid",
            ObjectKind::Package(_) => "package name",
            ObjectKind::Const { .. } => "constant",
            ObjectKind::Type(ty) if self.types.is_type_param(*ty) => "type parameter",
            ObjectKind::Type(_) => "defined type",
            ObjectKind::Var { .. } => "local variable",
            ObjectKind::Global { .. } => "package-level variable",
            ObjectKind::Func { .. } => "function",
            ObjectKind::Builtin(_) => "built-in function",
            ObjectKind::Nil => "untyped nil",
        }
    }

    fn qualified_type(&mut self, id: ExprId, x: ExprId, sel: ast::Ident) -> Ty {
        let ast = self.ast();
        let package = match ast.expr(ast.unparen(x)) {
            Expr::Ident(name) => {
                self.lookup(name)
                    .and_then(|object| match self.objects[object].kind {
                        ObjectKind::Package(package) => Some((object, package)),
                        _ => None,
                    })
            }
            _ => None,
        };
        let Some((object, package)) = package else {
            if let Expr::Ident(name) = ast.expr(ast.unparen(x))
                && self.lookup(name).is_none()
            {
                return self.named_type(x, name);
            }
            return self.not_a_type(id);
        };
        self.objects[object].used = true;
        match self.imported_member(package, x, sel) {
            Some(member) => self.object_type(member, sel.span),
            None => Ty::INVALID,
        }
    }

    /// The member of an imported package that a selector names; reports an error if there is none or it is not exported.
    pub(crate) fn imported_member(
        &mut self,
        package: PackageId,
        qualifier: ExprId,
        sel: ast::Ident,
    ) -> Option<ObjectId> {
        let text = self.symbols.name(sel.name);
        let member = self.packages[package.0 as usize]
            .names
            .get(&sel.name)
            .copied();
        match member {
            Some(member) if is_exported(text) => Some(member),
            found => {
                let qualifier = self.expr_string(qualifier);
                let message = if found.is_some() {
                    format!(
                        "name {text} not exported by package {}",
                        self.packages[package.0 as usize].name
                    )
                } else {
                    format!("undefined: {qualifier}.{text}")
                };
                self.error(code::UNDEFINED_MEMBER, sel.span, message);
                None
            }
        }
    }

    /// The length of an array type; None if it was reported as wrong.
    pub(crate) fn array_length(&mut self, id: ExprId) -> Option<u64> {
        let ast = self.ast();
        let span = ast.expr_span(id);
        if let Expr::Ident(name) = ast.expr(id) {
            let text = self.symbols.name(name);
            match self.lookup(name) {
                None => {
                    let message =
                        format!("undefined array length {text} or missing type constraint");
                    self.error(code::BAD_ARRAY_LENGTH, span, message);
                    return None;
                }
                Some(object) if self.object_kind(object) != "constant" => {
                    if self.object_kind(object) != "invalid" {
                        self.error(
                            code::BAD_ARRAY_LENGTH,
                            span,
                            format!("invalid array length {text}"),
                        );
                    }
                    return None;
                }
                Some(_) => {}
            }
        }
        // The length may use types whose declarations are done, so those that wait must not wait for us.
        let depth = std::mem::replace(&mut self.type_depth, 0);
        let operand = self.single_value(id, None);
        self.type_depth = depth;
        let (value, ty) = match operand.constant_value() {
            Some(value) => (value.clone(), operand.ty),
            None => {
                if operand.is_valid() {
                    let text = self.describe(&operand);
                    self.error(
                        code::BAD_ARRAY_LENGTH,
                        span,
                        format!("array length {text} must be constant"),
                    );
                }
                return None;
            }
        };
        let integer = value.to_int();
        if (self.types.is_untyped(ty) || self.types.is_integer(ty))
            && let Some(len) = integer.as_ref().and_then(|value| value.to_i64())
            && len >= 0
        {
            return Some(len as u64);
        }
        let text = self.describe(&operand);
        let message = if self.types.is_integer(ty) {
            format!("invalid array length {text}")
        } else {
            format!("array length {text} must be integer")
        };
        self.error(code::BAD_ARRAY_LENGTH, span, message);
        None
    }

    fn struct_type(&mut self, list: &[ast::Field]) -> Ty {
        let ast = self.ast();
        let mut fields: Vec<Field> = Vec::with_capacity(list.len());
        let mut spans: Vec<Span> = Vec::with_capacity(list.len());
        let mut previous: Option<(ExprId, Ty)> = None;
        for field in list {
            let ty = match previous {
                Some((id, ty)) if id == field.ty => ty,
                _ => self.type_expr(field.ty),
            };
            previous = Some((field.ty, ty));
            let name = self.name(field.name.name);
            if !field.name.name.is_blank()
                && let Some(other) = fields.iter().position(|f| f.name == name)
            {
                let place = self.place(self.loc(spans[other]));
                self.report(
                    Diagnostic::error(
                        code::REDECLARED,
                        field.name.span,
                        format!("{name} redeclared"),
                    )
                    .with_continuation(format!("{place}: other declaration of {name}"))
                    .with_label(spans[other], format!("other declaration of {name}")),
                );
                continue;
            }
            if field.embedded {
                let loc = self.loc(ast.expr_span(field.ty));
                self.later.push(Later::Embedded { ty, loc });
            }
            let tag = match field.tag {
                Some(tag) => self.string_literal(tag),
                None => "".into(),
            };
            fields.push(Field {
                package: (!is_exported(&name)).then_some(self.cx.package),
                name,
                ty,
                embedded: field.embedded,
                tag,
            });
            spans.push(field.name.span);
        }
        self.types.intern(Type::Struct(fields.into()))
    }

    fn interface_type(&mut self, list: &[InterfaceElem]) -> Ty {
        let ast = self.ast();
        let mut methods: Vec<(Method, Loc, bool)> = Vec::new();
        let mut terms: Option<Vec<Term>> = None;
        let mut comparable = false;
        for elem in list {
            let InterfaceElem::Method { name, sig } = *elem else {
                continue;
            };
            if name.name.is_blank() {
                self.error(
                    code::DUPLICATE_METHOD,
                    name.span,
                    "methods must have a unique non-blank name",
                );
                continue;
            }
            let sig = self.signature(sig);
            let text = self.name(name.name);
            let method = Method {
                package: (!is_exported(&text)).then_some(self.cx.package),
                name: text,
                sig,
            };
            let loc = self.loc(name.span);
            self.add_method(&mut methods, method, loc, true);
        }
        for elem in list {
            let InterfaceElem::Embedded(id) = *elem else {
                continue;
            };
            let loc = self.loc(ast.expr_span(id));
            let embedded = self.union_type(id);
            let (other_terms, other_comparable) = match embedded {
                Union::Invalid => continue,
                Union::Terms(terms) => (Some(terms), false),
                Union::Type(ty) => {
                    self.complete_type(ty);
                    match self.types.under(ty).clone() {
                        Type::Interface(interface) => {
                            for method in &interface.methods {
                                self.add_method(&mut methods, method.clone(), loc, false);
                            }
                            (interface.terms.clone(), interface.comparable)
                        }
                        Type::Basic(Basic::Invalid) => continue,
                        _ => (Some(vec![Term { tilde: false, ty }]), false),
                    }
                }
            };
            comparable |= other_comparable;
            terms = match (terms, other_terms) {
                (None, other) => other,
                (known, None) => known,
                (Some(known), Some(other)) => Some(self.intersect(&known, &other)),
            };
        }
        if comparable && let Some(list) = &mut terms {
            // The comparable types of a union are a union again.
            list.retain(|term| self.types.comparable(term.ty, false));
            comparable = false;
        }
        let mut methods: Vec<Method> = methods.into_iter().map(|(method, _, _)| method).collect();
        methods.sort_by(|a, b| (&a.name, a.package).cmp(&(&b.name, b.package)));
        self.types.intern(Type::Interface(Rc::new(Interface {
            methods,
            terms,
            comparable,
        })))
    }

    fn add_method(
        &mut self,
        methods: &mut Vec<(Method, Loc, bool)>,
        method: Method,
        loc: Loc,
        explicit: bool,
    ) {
        let same = methods
            .iter()
            .find(|(m, _, _)| m.name == method.name && m.package == method.package);
        let Some((other, other_loc, _)) = same else {
            methods.push((method, loc, explicit));
            return;
        };
        if explicit || other.sig != method.sig {
            let (name, other_loc) = (&method.name, *other_loc);
            let place = self.place(other_loc);
            self.report(
                Diagnostic::error(
                    code::DUPLICATE_METHOD,
                    loc.span,
                    format!("duplicate method {name}"),
                )
                .with_continuation(format!("{place}: other declaration of method {name}"))
                .with_label(
                    other_loc.span,
                    format!("other declaration of method {name}"),
                ),
            );
        }
    }

    /// The types in both lists of terms.
    fn intersect(&self, a: &[Term], b: &[Term]) -> Vec<Term> {
        let mut both = Vec::new();
        for x in a {
            for y in b {
                let common = match (x.tilde, y.tilde) {
                    (_, true) if self.types.underlying(x.ty) == self.types.underlying(y.ty) => *x,
                    (true, false) if self.types.underlying(x.ty) == self.types.underlying(y.ty) => {
                        *y
                    }
                    (false, false) if x.ty == y.ty => *x,
                    _ => continue,
                };
                if !both.contains(&common) {
                    both.push(common);
                }
            }
        }
        both
    }

    /// What an interface embeds: a type, or a union of terms.
    fn union_type(&mut self, id: ExprId) -> Union {
        let ast = self.ast();
        let mut operands = Vec::new();
        let mut rest = id;
        while let Expr::Binary {
            op: ast::BinaryOp::Or,
            x,
            y,
            ..
        } = ast.expr(rest)
        {
            operands.push(y);
            rest = x;
        }
        operands.push(rest);
        operands.reverse();
        let single = operands.len() == 1;
        if let Some(&extra) = operands.get(MAX_TERMS) {
            let span = ast.expr_span(extra);
            self.error(
                code::CONSTRAINT_MISUSE,
                span,
                format!(
                    "cannot handle more than {MAX_TERMS} union terms (implementation limitation)"
                ),
            );
            return Union::Invalid;
        }
        let mut terms: Vec<Term> = Vec::new();
        let mut written: Vec<Term> = Vec::new();
        let mut all = false;
        for operand in operands {
            let (tilde, of) = match ast.expr(operand) {
                Expr::Unary {
                    op: ast::UnaryOp::Tilde,
                    x,
                } => (true, x),
                _ => (false, operand),
            };
            let ty = self.any_type_expr(of);
            let loc = self.loc(ast.expr_span(of));
            if self.types.is_type_param(ty) {
                let message = if tilde {
                    let text = self.expr_string(operand);
                    format!("type in term {text} cannot be a type parameter")
                } else {
                    "term cannot be a type parameter".to_string()
                };
                self.error(code::CONSTRAINT_MISUSE, loc.span, message);
                return Union::Invalid;
            }
            if ty == Ty::INVALID {
                return Union::Invalid;
            }
            if single && !tilde {
                return Union::Type(ty);
            }
            let term = Term { tilde, ty };
            self.later.push(Later::UnionTerm {
                term,
                earlier: written.clone(),
                loc: self.loc(ast.expr_span(operand)),
            });
            self.complete_type(ty);
            match self.types.as_interface(ty) {
                Some(interface) => match &interface.terms {
                    Some(inner) => terms.extend(inner.iter().copied()),
                    None => all = true,
                },
                None => {
                    terms.push(term);
                    written.push(term);
                }
            }
        }
        if all {
            return Union::Type(self.universe.any);
        }
        Union::Terms(terms)
    }

    /// The constraint of a type parameter as an interface.
    pub(super) fn constraint_type(&mut self, id: ExprId) -> Ty {
        let ast = self.ast();
        let is_union = matches!(
            ast.expr(id),
            Expr::Binary {
                op: ast::BinaryOp::Or,
                ..
            } | Expr::Unary {
                op: ast::UnaryOp::Tilde,
                ..
            }
        );
        if is_union {
            return match self.union_type(id) {
                Union::Invalid => Ty::INVALID,
                Union::Type(ty) => ty,
                Union::Terms(terms) => self.term_interface(terms),
            };
        }
        let ty = self.any_type_expr(id);
        if self.types.is_type_param(ty) {
            let span = ast.expr_span(id);
            self.error(
                code::CONSTRAINT_MISUSE,
                span,
                "cannot use a type parameter as constraint",
            );
            return Ty::INVALID;
        }
        self.complete_type(ty);
        if self.types.is_interface(ty) || ty == Ty::INVALID {
            return ty;
        }
        self.term_interface(vec![Term { tilde: false, ty }])
    }

    fn term_interface(&mut self, terms: Vec<Term>) -> Ty {
        self.types.intern(Type::Interface(Rc::new(Interface {
            methods: Vec::new(),
            terms: Some(terms),
            comparable: false,
        })))
    }

    fn is_constraint_type(&self, ty: Ty) -> bool {
        self.types
            .as_interface(ty)
            .is_some_and(|i| i.terms.is_some() || i.comparable)
    }

    /// Makes sure that the underlying type of a defined type is known.
    pub(super) fn complete_type(&mut self, ty: Ty) {
        let Type::Named(id) = *self.types.get(ty) else {
            return;
        };
        match self.named_info(id).state {
            NamedState::Done => {}
            NamedState::Pending => self.complete_named(id),
            NamedState::Active => {
                if let Some(object) = self.named_info(id).object {
                    self.declaration_cycle(object);
                }
            }
        }
    }

    /// Looks at all types that wait, then makes the checks that needed them.
    pub(super) fn finish_types(&mut self) {
        while !self.pending_types.is_empty() || !self.later.is_empty() {
            self.type_depth += 1;
            while let Some(id) = self.pending_types.pop_front() {
                if self.named_info(id).state == NamedState::Pending {
                    self.complete_named(id);
                }
            }
            self.type_depth -= 1;
            for later in std::mem::take(&mut self.later) {
                self.check_later(later);
            }
        }
    }

    fn check_later(&mut self, later: Later) {
        match later {
            Later::MapKey { key, loc } => {
                if !self.types.comparable(key, true) {
                    let hint = if self.types.is_type_param(key) {
                        " (missing comparable constraint)"
                    } else {
                        ""
                    };
                    let text = self.type_string_at(key, loc.file);
                    self.error_at(
                        code::BAD_MAP_KEY,
                        loc,
                        format!("invalid map key type {text}{hint}"),
                    );
                }
            }
            Later::Embedded { ty, loc } => {
                let (base, is_pointer) = self.deref(ty);
                let message = if self.types.is_type_param(base) {
                    "embedded field type cannot be a (pointer to a) type parameter"
                } else if base != Ty::INVALID && self.types.is_pointer(base) {
                    "embedded field type cannot be a pointer"
                } else if self.types.underlying(base) == Ty::UNSAFE_POINTER {
                    "embedded field type cannot be unsafe.Pointer"
                } else if is_pointer && self.types.is_interface(base) {
                    "embedded field type cannot be a pointer to an interface"
                } else {
                    return;
                };
                self.error_at(code::BAD_EMBEDDED, loc, message.to_string());
            }
            Later::VarType { ty, loc } => {
                if self.is_constraint_type(ty) {
                    let why = if self.types.as_interface(ty).is_some_and(|i| i.comparable) {
                        "interface is (or embeds) comparable"
                    } else {
                        "interface contains type constraints"
                    };
                    let text = self.type_string_at(ty, loc.file);
                    let message =
                        format!("cannot use type {text} outside a type constraint: {why}");
                    self.error_at(code::CONSTRAINT_MISUSE, loc, message);
                }
            }
            Later::ValidType(id) => self.check_finite(id),
            Later::TypeArgs { named, args, locs } => self.verify_type_args(named, &args, &locs),
            Later::UnionTerm { term, earlier, loc } => self.check_term(term, &earlier, loc),
            Later::Receiver { ty, loc } => self.check_receiver(ty, loc),
        }
    }

    fn check_term(&mut self, term: Term, earlier: &[Term], loc: Loc) {
        let text = self.type_string_at(term.ty, loc.file);
        let under = self.types.underlying(term.ty);
        let shown = format!("{}{text}", if term.tilde { "~" } else { "" });
        let message = if let Some(interface) = self.types.as_interface(term.ty) {
            if term.tilde {
                format!("invalid use of ~ ({text} is an interface)")
            } else if !interface.methods.is_empty() {
                format!("cannot use {shown} in union ({shown} contains methods)")
            } else if term.ty == self.universe.comparable {
                "cannot use comparable in union".to_string()
            } else if interface.comparable {
                format!("cannot use {shown} in union ({shown} embeds comparable)")
            } else {
                return;
            }
        } else if term.tilde && under != term.ty {
            let under = self.type_string_at(under, loc.file);
            format!("invalid use of ~ (underlying type of {text} is {under})")
        } else {
            let overlap = earlier.iter().find(|e| {
                let same_under = self.types.underlying(e.ty) == under;
                e.ty == term.ty || (e.tilde && same_under) || (term.tilde && same_under)
            });
            let Some(other) = overlap else { return };
            let other_text = self.type_string_at(other.ty, loc.file);
            let tilde = if other.tilde { "~" } else { "" };
            format!("overlapping terms {shown} and {tilde}{other_text}")
        };
        self.error_at(code::CONSTRAINT_MISUSE, loc, message);
    }

    /// A type must not contain a value of itself.
    fn check_finite(&mut self, id: NamedId) {
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
    fn find_infinite(&mut self, ty: Ty, path: &mut Vec<NamedId>) -> Option<usize> {
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
    fn cycle_error(&mut self, cycle: &[ObjectId], start: usize) {
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

    /// The type as messages of a file print it.
    pub(super) fn type_string_at(&self, ty: Ty, file: FileIndex) -> String {
        self.types
            .type_string(ty, self.file_packages[file.0 as usize])
    }
}

/// What an element of an interface is.
enum Union {
    Invalid,
    Type(Ty),
    Terms(Vec<Term>),
}
