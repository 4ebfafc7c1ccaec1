//! Conversions: of untyped operands to their final types, implicit ones (spec "Assignability"), explicit ones
//! (spec "Conversions").
//!
//! An untyped constant takes its final type as a value. An untyped non-constant expression is a tree that takes it
//! downwards ([`Checker::set_type`]): only then is it known whether the constant in `1 << s` is an integer that fits.

use minigo_grammar::ast::ExprId;
use minigo_grammar::source::Span;

use crate::diagnostics::code;
use crate::types::check::{Checker, Mode, Operand, Source};
use crate::types::constant::ConstValue;
use crate::types::ty::{Basic, Dir, Field, Ty, Type};
use crate::types::typed::{BinaryOp, Expr, ExprKind};

/// Why an untyped operand cannot take a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mismatch {
    /// The kinds do not fit.
    Kind,
    /// A fraction would be cut off.
    Truncated,
    /// The number is too large.
    Overflow,
}

/// The result of a check that can tell more than no: the empty cause tells nothing more.
pub(crate) type Fits = Result<(), String>;

/// Where a value is assigned, for messages.
#[derive(Clone, Copy)]
pub(crate) enum Context<'a> {
    Text(&'a str),
    /// An argument of this function.
    Argument(ExprId),
}

impl Checker<'_> {
    /// The type and, for a constant, the value that an untyped operand takes where `target` is expected.
    /// Typed operands keep theirs.
    pub(crate) fn implicit_type(
        &self,
        x: &Operand,
        target: Ty,
    ) -> Result<(Ty, Option<ConstValue>), Mismatch> {
        if !x.is_valid() || !self.types.is_untyped(x.ty) || target == Ty::INVALID {
            return Ok((x.ty, None));
        }
        if self.types.is_untyped(target) {
            return self
                .max_type(x.ty, target)
                .map(|ty| (ty, None))
                .ok_or(Mismatch::Kind);
        }
        if x.is_nil() {
            return if self.types.has_nil(target) {
                Ok((target, None))
            } else {
                Err(Mismatch::Kind)
            };
        }
        match self.types.under(target) {
            Type::Basic(basic) => match x.constant_value() {
                Some(value) => Ok((target, Some(self.represent(value, x.ty, *basic)?))),
                None => {
                    let fits = match x.ty {
                        Ty::UNTYPED_BOOL => self.types.is_boolean(target),
                        Ty::UNTYPED_STRING => self.types.is_string(target),
                        _ => self.types.is_numeric(target),
                    };
                    if fits {
                        Ok((target, None))
                    } else {
                        Err(Mismatch::Kind)
                    }
                }
            },
            Type::Param(_) => {
                let all = self.types.type_terms(target).into_iter().all(|term| {
                    term.is_some_and(|term| {
                        self.implicit_type(x, self.types.underlying(term.ty))
                            .is_ok()
                    })
                });
                if all {
                    Ok((target, None))
                } else {
                    Err(Mismatch::Kind)
                }
            }
            // Values in interfaces have concrete types.
            Type::Interface(iface) if iface.methods.is_empty() && iface.terms.is_none() => {
                Ok((self.types.default_type(x.ty), None))
            }
            _ => Err(Mismatch::Kind),
        }
    }

    /// The larger of two untyped types.
    pub(crate) fn max_type(&self, x: Ty, y: Ty) -> Option<Ty> {
        if x == y {
            return Some(x);
        }
        // The constants of the numeric ones are in order.
        (self.types.is_numeric(x) && self.types.is_numeric(y)).then(|| x.max(y))
    }

    /// A constant of type `from` as a value of a basic type.
    pub(crate) fn represent(
        &self,
        value: &ConstValue,
        from: Ty,
        basic: Basic,
    ) -> Result<ConstValue, Mismatch> {
        if let Some(value) = value.represent(basic) {
            return Ok(value);
        }
        let to = Ty(basic as u32);
        if !self.types.is_numeric(from) || !self.types.is_numeric(to) {
            Err(Mismatch::Kind)
        } else if !self.types.is_integer(from) && self.types.is_integer(to) {
            Err(Mismatch::Truncated)
        } else {
            Err(Mismatch::Overflow)
        }
    }

    /// Makes sure that the type of a constant can represent it, rounding it if need be.
    pub(crate) fn check_representable(&mut self, x: &mut Operand, ty: Ty) {
        let (Type::Basic(basic), Some(value)) = (self.types.under(ty), x.constant_value()) else {
            return;
        };
        match self.represent(value, x.ty, *basic) {
            Ok(value) => x.value = Some(value),
            Err(mismatch) => {
                self.report_mismatch(mismatch, x, ty);
                x.invalidate();
            }
        }
    }

    fn report_mismatch(&mut self, mismatch: Mismatch, x: &Operand, target: Ty) {
        let (what, ty) = (self.describe(x), self.type_string(target));
        let (code, message) = match mismatch {
            Mismatch::Kind => (
                code::MISMATCHED_TYPES,
                format!("cannot convert {what} to type {ty}"),
            ),
            Mismatch::Truncated => (code::CONST_OVERFLOW, format!("{what} truncated to {ty}")),
            Mismatch::Overflow => (code::CONST_OVERFLOW, format!("{what} overflows {ty}")),
        };
        self.error(code, x.loc.span, message);
    }

    /// Gives an untyped operand the type that it takes where `target` is expected, or reports why it cannot.
    pub(crate) fn convert_untyped(&mut self, x: &mut Operand, target: Ty) {
        match self.implicit_type(x, target) {
            Ok((ty, value)) => self.retype(x, ty, value),
            Err(mismatch) => {
                let shown = if self.types.is_type_param(target) {
                    target
                } else {
                    self.types.underlying(target)
                };
                self.report_mismatch(mismatch, x, shown);
                x.invalidate();
            }
        }
    }

    /// Gives an operand, its value and its tree a new type.
    fn retype(&mut self, x: &mut Operand, ty: Ty, value: Option<ConstValue>) {
        if value.is_some() {
            x.value = value;
        }
        if ty == x.ty {
            return;
        }
        x.ty = ty;
        if let Some(tree) = &mut x.tree
            && !self.set_type(tree, ty)
        {
            x.invalidate();
        }
    }

    /// Gives a tree that is still untyped its type, which may be another untyped one. Reports and gives false if a part
    /// of it cannot have that type.
    pub(crate) fn set_type(&mut self, tree: &mut Expr, ty: Ty) -> bool {
        if !self.types.is_untyped(tree.ty) {
            return true;
        }
        let ok = match &mut tree.kind {
            ExprKind::Const(value) => {
                let source = Source::Text(self.source().slice(tree.loc.span).into());
                let mut x = Operand {
                    source,
                    ..Operand::typed(tree.ty, tree.loc)
                };
                x.mode = Mode::Constant;
                x.value = Some(value.clone());
                self.convert_untyped(&mut x, ty);
                match x.value.take() {
                    Some(converted) => {
                        *value = converted;
                        true
                    }
                    None => false,
                }
            }
            ExprKind::Unary { x, .. } => self.set_type(x, ty),
            ExprKind::Binary {
                op: BinaryOp::Shl | BinaryOp::Shr,
                x,
                ..
            } => {
                if matches!(x.kind, ExprKind::Const(_))
                    && !self.types.is_untyped(ty)
                    && !self.types.all_integer(ty)
                {
                    let text = self.source().slice(x.loc.span);
                    let ty = self.type_string(ty);
                    let message = format!(
                        "invalid operation: shifted operand {text} (type {ty}) must be integer"
                    );
                    self.error(code::INVALID_OPERATION, x.loc.span, message);
                    return false;
                }
                self.set_type(x, ty)
            }
            ExprKind::Binary { x, y, .. } | ExprKind::AndAnd { x, y } | ExprKind::OrOr { x, y } => {
                // Both, so that each wrong operand is reported.
                self.set_type(x, ty) & self.set_type(y, ty)
            }
            ExprKind::Let { body, .. } => self.set_type(body, ty),
            // A variable of type bool that holds the start of a long chain of untyped boolean operands.
            ExprKind::Var(_) => {
                if !self.types.is_untyped(ty) && ty != Ty::BOOL {
                    let kind = std::mem::replace(&mut tree.kind, ExprKind::Zero);
                    let var = Expr {
                        ty: Ty::BOOL,
                        loc: tree.loc,
                        kind,
                    };
                    tree.kind = ExprKind::Convert(Box::new(var));
                }
                true
            }
            _ => true,
        };
        tree.ty = ty;
        ok
    }

    /// Whether a value may be assigned to a variable of type `target` (spec "Assignability").
    pub(crate) fn assignable(&mut self, x: &Operand, target: Ty) -> Fits {
        if !x.is_valid() || target == Ty::INVALID || x.ty == Ty::INVALID || x.ty == target {
            return Ok(());
        }
        if self.types.is_untyped(x.ty) {
            return self
                .implicit_type(x, target)
                .map(|_| ())
                .map_err(|_| String::new());
        }
        let is_broken = |ty| self.types.underlying(ty) == Ty::INVALID;
        if is_broken(x.ty) || is_broken(target) {
            return Ok(());
        }
        self.type_assignable(x.ty, target)
    }

    /// Assignability of typed values.
    fn type_assignable(&mut self, source: Ty, target: Ty) -> Fits {
        if source == target {
            return Ok(());
        }
        let (source_param, target_param) = (
            self.types.is_type_param(source),
            self.types.is_type_param(target),
        );
        let (source_under, target_under) =
            (self.types.underlying(source), self.types.underlying(target));
        let unnamed = !self.types.has_name(source) || !self.types.has_name(target);
        if source_under == target_under && unnamed && !source_param && !target_param {
            return Ok(());
        }
        if self.types.is_interface(target) || self.is_interface_pointer(target) {
            match self.has_methods_of(source, target) {
                Ok(()) => return Ok(()),
                Err(cause) if !source_param => return Err(cause),
                Err(_) => {}
            }
        }
        if self.types.is_interface(source) && self.has_methods_of(target, source).is_ok() {
            return Err("need type assertion".to_string());
        }
        if let (
            Type::Chan {
                elem: from,
                dir: Dir::Both,
            },
            Type::Chan { elem: to, .. },
        ) = (self.types.get(source_under), self.types.get(target_under))
            && from == to
        {
            return if unnamed { Ok(()) } else { Err(String::new()) };
        }
        if target_param && !self.types.has_name(source) {
            return self.each_term(
                target,
                |checker, term| checker.type_assignable(source, term),
                |checker, term| {
                    format!(
                        "cannot assign {} to {} (in {})",
                        checker.type_string(source),
                        checker.type_string(term),
                        checker.type_string(target)
                    )
                },
            );
        }
        if source_param && !self.types.has_name(target) {
            return self.each_term(
                source,
                |checker, term| checker.type_assignable(term, target),
                |checker, term| {
                    format!(
                        "cannot assign {} (in {}) to {}",
                        checker.type_string(term),
                        checker.type_string(source),
                        checker.type_string(target)
                    )
                },
            );
        }
        Err(String::new())
    }

    /// Whether `fits` holds for every term of a type parameter; a failure is explained with `explain`.
    fn each_term(
        &mut self,
        param: Ty,
        fits: impl Fn(&mut Self, Ty) -> Fits,
        explain: impl Fn(&Self, Ty) -> String,
    ) -> Fits {
        for term in self.types.type_terms(param) {
            let Some(term) = term else {
                return Err(String::new());
            };
            if let Err(cause) = fits(self, term.ty) {
                let message = explain(self, term.ty);
                return Err(if cause.is_empty() {
                    message
                } else {
                    format!("{message}\n\t{cause}")
                });
            }
        }
        Ok(())
    }

    /// Whether values of type `ty` are values of the ordinary interface `target`, which may be a pointer to one by mistake.
    fn has_methods_of(&mut self, ty: Ty, target: Ty) -> Fits {
        let (under, target_under) = (self.types.underlying(ty), self.types.underlying(target));
        let invalid_elem = self
            .types
            .pointer_elem(ty)
            .is_some_and(|elem| self.types.underlying(elem) == Ty::INVALID);
        if under == Ty::INVALID || target_under == Ty::INVALID || invalid_elem {
            return Ok(());
        }
        let cause = match self.types.is_interface(target) {
            true => self.missing_method(ty, target, true),
            false => Some(format!(
                "(type {} is pointer to interface, not interface)",
                self.type_string(target)
            )),
        };
        match cause {
            None => Ok(()),
            Some(cause) => {
                let (ty, target) = (self.type_string(ty), self.type_string(target));
                Err(format!("{ty} does not implement {target} {cause}"))
            }
        }
    }

    fn is_interface_pointer(&self, ty: Ty) -> bool {
        matches!(self.types.under(ty), Type::Pointer(elem) if self.types.is_interface(*elem))
    }

    /// Converts an operand implicitly to `target` (none for `_`), as an assignment does, or reports
    /// "cannot use … as … value in {context}". Afterwards the operand is typed, and its tree is of type `target`.
    pub(crate) fn assignment(&mut self, x: &mut Operand, target: Option<Ty>, context: &str) {
        self.assignment_in(x, target, Context::Text(context));
    }

    /// As [`Checker::assignment`].
    pub(crate) fn assignment_in(
        &mut self,
        x: &mut Operand,
        target: Option<Ty>,
        context: Context<'_>,
    ) {
        self.require_single(x);
        match x.mode {
            Mode::Invalid => return,
            Mode::Constant
            | Mode::Variable
            | Mode::MapIndex
            | Mode::Value
            | Mode::Nil
            | Mode::CommaOk => {}
            Mode::NoValue | Mode::Builtin(_) | Mode::TypeExpr => {
                let (what, context) = (self.describe(x), self.context_text(context));
                self.error(
                    code::INCOMPATIBLE_ASSIGN,
                    x.loc.span,
                    format!("cannot assign {what} in {context}"),
                );
                return x.invalidate();
            }
        }
        if self.types.is_untyped(x.ty) {
            let wanted = match target {
                None if x.is_nil() => {
                    let context = self.context_text(context);
                    let message = format!("use of untyped nil in {context}");
                    self.error(code::UNTYPED_NIL, x.loc.span, message);
                    return x.invalidate();
                }
                Some(target) if x.is_nil() || !self.types.is_interface(target) => target,
                _ => self.types.default_type(x.ty),
            };
            match self.implicit_type(x, wanted) {
                Ok((ty, value)) => self.retype(x, ty, value),
                Err(mismatch) => {
                    let suffix = match mismatch {
                        Mismatch::Kind => "",
                        Mismatch::Truncated => " (truncated)",
                        Mismatch::Overflow => " (overflows)",
                    };
                    let (what, ty) = (self.describe(x), self.type_string(wanted));
                    let code = match mismatch {
                        Mismatch::Kind => code::INCOMPATIBLE_ASSIGN,
                        _ => code::CONST_OVERFLOW,
                    };
                    let context = self.context_text(context);
                    let message = format!("cannot use {what} as {ty} value in {context}{suffix}");
                    self.error(code, x.loc.span, message);
                    return x.invalidate();
                }
            }
            if !x.is_valid() {
                return;
            }
        }
        self.instantiate_for(x, target);
        let Some(target) = target.filter(|_| x.is_valid()) else {
            return;
        };
        match self.assignable(x, target) {
            Ok(()) => {
                if x.tree.is_some() || x.ty != target {
                    let tree = x.take_tree();
                    x.tree = Some(self.coerce(tree, target));
                }
            }
            Err(cause) => {
                self.report_not_assignable(x, target, context, &cause);
                x.invalidate();
            }
        }
    }

    fn context_text(&self, context: Context<'_>) -> String {
        match context {
            Context::Text(text) => text.to_string(),
            Context::Argument(function) => format!("argument to {}", self.expr_string(function)),
        }
    }

    fn report_not_assignable(
        &mut self,
        x: &Operand,
        target: Ty,
        context: Context<'_>,
        cause: &str,
    ) {
        let (what, ty) = (self.describe(x), self.type_string(target));
        let context = self.context_text(context);
        let mut message = format!("cannot use {what} as {ty} value in {context}");
        if !cause.is_empty() {
            message.push_str(": ");
            message.push_str(cause);
        }
        self.error_lines(code::INCOMPATIBLE_ASSIGN, x.loc.span, &message);
    }

    /// Converts a value implicitly to `target`, or reports "cannot use … as … value in {context}".
    pub(crate) fn assign_to(&mut self, mut x: Operand, target: Ty, context: &str) -> Option<Expr> {
        self.assignment(&mut x, Some(target), context);
        x.is_valid().then(|| *x.take_tree())
    }

    /// The tree as a value of type `target`, to which it is assignable.
    pub(crate) fn coerce(&mut self, mut tree: Box<Expr>, target: Ty) -> Box<Expr> {
        if tree.ty == target || target == Ty::INVALID || tree.ty == Ty::INVALID {
            return tree;
        }
        if matches!(tree.kind, ExprKind::Zero)
            && self.types.has_nil(target)
            && !self.types.is_interface(target)
        {
            tree.ty = target;
            return tree;
        }
        if self.types.is_interface(target) && !self.types.is_interface(tree.ty) {
            self.use_as_interface(tree.ty);
        }
        Box::new(Expr {
            ty: target,
            loc: tree.loc,
            kind: ExprKind::Convert(tree),
        })
    }

    /// The conversion `T(x)`.
    pub(crate) fn conversion(&mut self, x: &mut Operand, target: Ty) {
        if target == Ty::INVALID || !x.is_valid() {
            return x.invalidate();
        }
        if x.is_constant() && self.types.is_const_type(target) {
            return self.const_conversion(x, target);
        }
        let to_param = x.is_constant() && self.types.is_type_param(target);
        let fits = match to_param {
            true => self.const_fits_param(x, target),
            false => self.convertible(x, target),
        };
        if let Err(cause) = fits {
            if to_param {
                // Type parameters have no constants.
                x.mode = Mode::Value;
            }
            let (what, ty) = (self.describe(x), self.type_string(target));
            let colon = if cause.is_empty() { "" } else { ": " };
            let message = format!("cannot convert {what} to type {ty}{colon}{cause}");
            self.error_lines(code::INVALID_CONVERSION, x.loc.span, &message);
            return x.invalidate();
        }
        if self.types.is_untyped(x.ty) {
            let numeric = self.types.all_numeric(target) && self.types.is_numeric(x.ty);
            let direct =
                x.is_nil() || !self.types.is_interface(target) && (!x.is_constant() || numeric);
            let last = if direct {
                target
            } else {
                self.types.default_type(x.ty)
            };
            if x.is_constant() && !direct {
                self.convert_untyped(x, last);
            } else {
                self.retype(x, last, None);
            }
            if !x.is_valid() {
                return;
            }
        }
        let mut tree = x.take_tree();
        if tree.ty != target {
            if self.types.is_interface(target) && !self.types.is_interface(tree.ty) {
                self.use_as_interface(tree.ty);
            }
            tree = Box::new(Expr {
                ty: target,
                loc: x.loc,
                kind: ExprKind::Convert(tree),
            });
        }
        x.tree = Some(tree);
        x.mode = Mode::Value;
        x.ty = target;
    }

    /// The type of a conversion of the operand at `span`, under the name that is written before it: `byte` is `uint8`.
    fn conversion_type_string(&self, target: Ty, span: Span) -> String {
        let before = self.source().slice(Span::new(0, span.start));
        for (alias, ty) in [("byte", Ty::UINT8), ("rune", Ty::INT32)] {
            let written = before.strip_suffix('(').and_then(|s| s.strip_suffix(alias));
            if target == ty && written.is_some() {
                return alias.to_string();
            }
        }
        self.type_string(target)
    }

    /// The conversion of a constant to a type that has constants.
    fn const_conversion(&mut self, x: &mut Operand, target: Ty) {
        match self.const_convert(x, target) {
            Some(value) => {
                x.value = Some(value);
                x.ty = target;
            }
            None => {
                let ty = self.conversion_type_string(target, x.loc.span);
                let both_integers = self.types.is_integer(x.ty) && self.types.is_integer(target);
                let message = match &x.value {
                    Some(value) if both_integers => format!("constant {value} overflows {ty}"),
                    _ => format!("cannot convert {} to type {ty}", self.describe(x)),
                };
                self.error(code::INVALID_CONVERSION, x.loc.span, message);
                x.invalidate();
            }
        }
    }

    /// The value of a constant after conversion, if the type can represent it or it is a code point.
    fn const_convert(&self, x: &Operand, target: Ty) -> Option<ConstValue> {
        let value = x.constant_value()?;
        let Type::Basic(basic) = self.types.under(target) else {
            return None;
        };
        if let Some(value) = value.represent(*basic) {
            return Some(value);
        }
        if self.types.is_integer(x.ty) && *basic == Basic::String {
            let code_point = value
                .as_i64()
                .and_then(|value| u32::try_from(value).ok())
                .and_then(char::from_u32);
            let text = code_point
                .unwrap_or(char::REPLACEMENT_CHARACTER)
                .to_string();
            return Some(ConstValue::String(text.into_bytes().into()));
        }
        None
    }

    /// Whether a constant can be converted to every type of a type parameter's type set.
    fn const_fits_param(&mut self, x: &Operand, target: Ty) -> Fits {
        for term in self.types.type_terms(target) {
            let Some(term) = term else {
                return Err(format!(
                    "{} does not contain specific types",
                    self.type_string(target)
                ));
            };
            let under = self.types.underlying(term.ty);
            if self.types.is_string(x.ty) && self.is_bytes_or_runes(under)
                || self.const_convert(x, under).is_some()
            {
                continue;
            }
            let (to, param) = (self.type_string(under), self.type_string(target));
            return Err(match &x.value {
                Some(value) if self.types.is_integer(x.ty) && self.types.is_integer(under) => {
                    format!("constant {value} overflows {to} (in {param})")
                }
                _ => format!(
                    "cannot convert {} to type {to} (in {param})",
                    self.describe(x)
                ),
            });
        }
        Ok(())
    }

    /// Whether `T(x)` is valid for a non-constant conversion.
    fn convertible(&mut self, x: &Operand, target: Ty) -> Fits {
        match self.assignable(x, target) {
            Ok(()) => Ok(()),
            Err(cause) => {
                let source = if self.types.is_untyped(x.ty) {
                    self.types.default_type(x.ty)
                } else {
                    x.ty
                };
                match self.type_convertible(source, target) {
                    Err(more) if more.is_empty() => Err(cause),
                    other => other,
                }
            }
        }
    }

    fn type_convertible(&mut self, source: Ty, target: Ty) -> Fits {
        if self.type_assignable(source, target).is_ok() {
            return Ok(());
        }
        let (source_param, target_param) = (
            self.types.is_type_param(source),
            self.types.is_type_param(target),
        );
        if !source_param && !target_param {
            let (from, to) = (self.types.underlying(source), self.types.underlying(target));
            return if self.under_convertible(source, target, from, to) {
                Ok(())
            } else {
                Err(String::new())
            };
        }
        if source_param {
            return self.each_term(
                source,
                |checker, term| checker.type_convertible(term, target),
                |checker, term| {
                    let (term, source) = (checker.type_string(term), checker.type_string(source));
                    format!(
                        "cannot convert {term} (in {source}) to type {}",
                        checker.type_string(target)
                    )
                },
            );
        }
        self.each_term(
            target,
            |checker, term| checker.type_convertible(source, term),
            |checker, term| {
                let (term, target) = (checker.type_string(term), checker.type_string(target));
                format!(
                    "cannot convert {} to type {term} (in {target})",
                    checker.type_string(source)
                )
            },
        )
    }

    /// Convertibility beyond assignability, of types that are no type parameters, by their underlying types.
    fn under_convertible(&self, source: Ty, target: Ty, from: Ty, to: Ty) -> bool {
        let types = &self.types;
        if self.identical_ignoring_tags(from, to) {
            return true;
        }
        if let (Type::Pointer(a), Type::Pointer(b)) = (types.get(source), types.get(target))
            && !types.is_type_param(*a)
            && !types.is_type_param(*b)
            && self.identical_ignoring_tags(types.underlying(*a), types.underlying(*b))
        {
            return true;
        }
        let real = |ty| types.is_integer(ty) || types.is_float(ty);
        if real(from) && real(to) || types.is_complex(from) && types.is_complex(to) {
            return true;
        }
        if types.is_string(to) && (types.is_integer(from) || self.is_bytes_or_runes(from))
            || types.is_string(from) && self.is_bytes_or_runes(to)
        {
            return true;
        }
        if let Type::Slice(elem) = types.get(from) {
            let array = match types.get(to) {
                Type::Pointer(array) => types.under(*array),
                other => other,
            };
            return matches!(array, Type::Array { elem: other, .. } if other == elem);
        }
        let address = |ty| matches!(types.get(ty), Type::Pointer(_)) || ty == Ty::UINTPTR;
        from == Ty::UNSAFE_POINTER && address(to) || to == Ty::UNSAFE_POINTER && address(from)
    }

    /// Whether the type is a slice of bytes or runes.
    pub(crate) fn is_bytes_or_runes(&self, ty: Ty) -> bool {
        match self.types.under(ty) {
            Type::Slice(elem) => matches!(self.types.underlying(*elem), Ty::UINT8 | Ty::INT32),
            _ => false,
        }
    }

    /// Identity of types that looks away from the tags of struct fields, at any depth.
    fn identical_ignoring_tags(&self, x: Ty, y: Ty) -> bool {
        if x == y {
            return true;
        }
        let same = |x: &Ty, y: &Ty| self.identical_ignoring_tags(*x, *y);
        let all_same = |xs: &[Ty], ys: &[Ty]| {
            xs.len() == ys.len() && xs.iter().zip(ys).all(|(x, y)| same(x, y))
        };
        match (self.types.get(x), self.types.get(y)) {
            (Type::Pointer(x), Type::Pointer(y)) | (Type::Slice(x), Type::Slice(y)) => same(x, y),
            (Type::Array { elem: x, len: n }, Type::Array { elem: y, len: m }) => {
                n == m && same(x, y)
            }
            (Type::Map { key: k, value: v }, Type::Map { key: l, value: w }) => {
                same(k, l) && same(v, w)
            }
            (Type::Chan { elem: x, dir: c }, Type::Chan { elem: y, dir: d }) => {
                c == d && same(x, y)
            }
            (Type::Func(x), Type::Func(y)) => {
                x.variadic == y.variadic
                    && all_same(&x.params, &y.params)
                    && all_same(&x.results, &y.results)
            }
            (Type::Struct(xs), Type::Struct(ys)) => {
                let same_field = |(x, y): (&Field, &Field)| {
                    x.name == y.name
                        && x.package == y.package
                        && x.embedded == y.embedded
                        && same(&x.ty, &y.ty)
                };
                xs.len() == ys.len() && xs.iter().zip(ys.iter()).all(same_field)
            }
            _ => false,
        }
    }
}
