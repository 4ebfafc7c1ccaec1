//! Type expressions.
//!
//! A declared type becomes a `Named` at once, and what it is defined as is looked at only when the outermost type expression
//! is done ([`Checker::finish_types`]), or when something cannot go on without it (embedding in an interface, `type A B`).
//! So types may refer to each other in any order, and a type that is needed while it is being looked at is a cycle.

use super::lookup::is_exported;
use super::{Checker, NamedState};
use crate::diagnostics::code;
use crate::types::scope::{FirstPlaces, ObjectId, ObjectKind, State};
use crate::types::ty::{Dir, Field, FileIndex, Loc, NamedId, PackageId, Sig, Term, Ty, Type};
use minigo_grammar::ast::{self, ArrayLen, ChanDir, Expr, ExprId, SigId};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::Span;
use minigo_grammar::symbol::Symbol;

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
    /// Declarations that needed each other, unless one of the types was found to contain itself.
    Cycle(Vec<ObjectId>),
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
        /// It has no type parameters.
        written: bool,
    },
}

impl<'a> Checker<'a> {
    /// The type that an expression denotes, for values; reports an error and gives `Ty::INVALID` if it denotes none.
    pub(crate) fn type_expr(&mut self, id: ExprId) -> Ty {
        let ty = self.any_type_expr(id);
        let waits = match *self.types.get(ty) {
            Type::Named(id) => self.named_info(id).state != NamedState::Done,
            _ => false,
        };
        if waits || self.is_constraint_type(ty) {
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
        self.signature_after(&[], id)
    }

    /// The type of a signature whose parameters must not have the names of `before`: type parameters and the receiver.
    pub(super) fn signature_after(&mut self, before: &[ast::Ident], id: SigId) -> Ty {
        let ast = self.ast();
        let sig = ast.sig(id);
        self.check_param_names(before, &sig);
        let holder = self.cx.holder.take();
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
        self.cx.holder = holder;
        let ty = self.types.intern(Type::from(Sig {
            params,
            results,
            variadic,
        }));
        if self.type_depth == 0 {
            self.finish_types();
        }
        ty
    }

    /// Type parameters, receiver, parameters and results share one block.
    fn check_param_names(&mut self, before: &[ast::Ident], sig: &ast::Signature) {
        let ast = self.ast();
        let params = ast.param_list(sig.params).iter();
        let results = ast.param_list(sig.results).iter();
        let names = before
            .iter()
            .copied()
            .chain(params.chain(results).filter_map(|param| param.name));
        let mut seen = FirstPlaces::default();
        for name in names.filter(|name| !name.name.is_blank()) {
            if let Some(first) = seen.note(name.name, name.span) {
                let (at, other) = (self.loc(name.span), self.loc(first));
                self.redeclared(name.name, at, other);
            }
        }
    }

    /// The type of one of several names; equal nodes were checked with the name before.
    pub(super) fn shared_type(&mut self, previous: Option<ExprId>, id: ExprId, known: &[Ty]) -> Ty {
        match (previous, known.last()) {
            (Some(previous), Some(&ty)) if previous == id => ty,
            _ => self.type_expr(id),
        }
    }

    pub(super) fn not_a_type(&mut self, id: ExprId) -> Ty {
        let text = self.expr_string(id);
        let span = self.ast().expr_span(id);
        self.error(code::NOT_A_TYPE, span, format!("{text} is not a type"));
        if let Expr::TypeAssert { .. } = self.ast().expr(id) {
            self.use_exprs(&[id]);
        }
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
                        let elem = self.apart(|checker| checker.type_expr(elem));
                        return self.types.intern(Type::Slice(elem));
                    }
                    ArrayLen::Expr(len) => self.apart(|checker| checker.array_length(len)),
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
            Expr::Star(elem) => match self.apart(|checker| checker.type_expr(elem)) {
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
                let key = self.apart(|checker| checker.type_expr(key));
                let value = self.apart(|checker| checker.type_expr(value));
                self.later.push(Later::MapKey { key, loc: key_loc });
                self.types.intern(Type::Map { key, value })
            }
            Expr::ChanType { dir, elem } => {
                let elem = self.apart(|checker| checker.type_expr(elem));
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

    pub(super) fn named_type(&mut self, id: ExprId, name: Symbol) -> Ty {
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
    pub(super) fn object_type(&mut self, object: ObjectId, span: Span) -> Ty {
        if self.objects[object].state == State::Active {
            return self.active_type(object);
        }
        let is_type = match self.objects[object].site {
            Some(site) if self.objects[object].state == State::Declared => {
                matches!(self.decl(site.file, site.decl), ast::Decl::Type(_))
            }
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
            ObjectKind::Type(ty) => {
                self.add_named_part(object, ty);
                ty
            }
            _ => Ty::INVALID,
        }
    }

    /// The type of an object whose declaration is being checked: known for defined types, else a cycle.
    pub(super) fn active_type(&mut self, object: ObjectId) -> Ty {
        match self.objects[object].kind {
            ObjectKind::Type(ty) => {
                self.add_named_part(object, ty);
                ty
            }
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
            return match self.decl(site.file, site.decl) {
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

    pub(super) fn qualified_type(&mut self, id: ExprId, x: ExprId, sel: ast::Ident) -> Ty {
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
                let text = text.to_string();
                if self.refuse_left_out(package, &text, sel.span) {
                    return None;
                }
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

    pub(super) fn struct_type(&mut self, list: &[ast::Field]) -> Ty {
        let ast = self.ast();
        let mut fields: Vec<Field> = Vec::with_capacity(list.len());
        let mut seen = FirstPlaces::default();
        let mut previous: Option<(ExprId, Ty)> = None;
        for field in list {
            let ty = match previous {
                Some((id, ty)) if id == field.ty => ty,
                _ => self.type_expr(field.ty),
            };
            previous = Some((field.ty, ty));
            let name = self.name(field.name.name);
            if !field.name.name.is_blank()
                && let Some(other) = seen.note(field.name.name, field.name.span)
            {
                let place = self.place(self.loc(other));
                self.report(
                    Diagnostic::error(
                        code::REDECLARED,
                        field.name.span,
                        format!("{name} redeclared"),
                    )
                    .with_continuation(format!("{place}: other declaration of {name}"))
                    .with_label(other, format!("other declaration of {name}")),
                );
                continue;
            }
            if field.embedded {
                let loc = self.loc(ast.expr_span(field.ty));
                self.later.push(Later::Embedded { ty, loc });
            }
            let tag = match field.tag {
                Some(tag) => self.string_literal(tag),
                None => self.empty.clone(),
            };
            fields.push(Field {
                package: (!is_exported(&name)).then_some(self.cx.package),
                name,
                ty,
                embedded: field.embedded,
                tag,
            });
        }
        self.types.intern(Type::Struct(fields.into()))
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
        loop {
            self.type_depth += 1;
            while let Some(id) = self.pending_types.pop_front() {
                if self.named_info(id).state == NamedState::Pending {
                    self.complete_named(id);
                }
            }
            self.type_depth -= 1;
            // Instances of types that contain themselves would have no end.
            for id in std::mem::take(&mut self.unchecked_types) {
                self.check_finite(id);
            }
            if let Some(id) = self.pending_instances.pop_front() {
                self.type_depth += 1;
                if self.named_info(id).state == NamedState::Pending {
                    self.complete_named(id);
                }
                self.type_depth -= 1;
                continue;
            }
            if self.later.is_empty() {
                return;
            }
            for later in std::mem::take(&mut self.later) {
                self.check_later(later);
            }
        }
    }

    pub(super) fn check_later(&mut self, later: Later) {
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
            Later::Cycle(cycle) => self.check_cycle(&cycle),
            Later::TypeArgs { named, args, locs } => self.verify_type_args(named, &args, &locs),
            Later::UnionTerm { term, earlier, loc } => self.check_term(term, &earlier, loc),
            Later::Receiver { ty, loc, written } => self.check_receiver(ty, loc, written),
        }
    }

    /// The type as messages of a file print it.
    pub(super) fn type_string_at(&self, ty: Ty, file: FileIndex) -> String {
        self.types
            .type_string(ty, self.file_packages[file.0 as usize])
    }
}
