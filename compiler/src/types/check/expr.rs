//! Expressions: names, literals, unary operators, dereferences, type assertions, function literals; and what statements
//! ask of an expression. Operators with two operands are in `binary`, selectors in `selector`, brackets in `index`.

use minigo_grammar::ast::{self, ExprId};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::Span;
use minigo_grammar::symbol::Symbol;

use super::assign::Tag;
use super::operand::Generic;
use super::{Checker, Form, Mode, Operand};
use crate::diagnostics::code;
use crate::types::constant::ConstValue;
use crate::types::scope::{ObjectId, ObjectKind};
use crate::types::ty::{Dir, Ty, Type};
use crate::types::typed::{self, CompareOp, ExprKind, UnaryOp};

impl Checker<'_> {
    /// Checks an expression of any kind. `hint` is the type of an elided composite literal or of a generic function value.
    pub(crate) fn expr(&mut self, id: ExprId, hint: Option<Ty>) -> Operand {
        let mut x = self.generic_expr(id, hint);
        if x.generic.is_some() {
            self.instantiate_for(&mut x, hint);
        }
        self.refuse_generic_type(&mut x);
        x
    }

    /// A generic type without type arguments is of no use in an expression.
    pub(crate) fn refuse_generic_type(&mut self, x: &mut Operand) {
        if x.mode == Mode::TypeExpr && self.is_generic(x.ty) {
            let text = self.operand_text(x);
            let message = format!("cannot use generic type {text} without instantiation");
            self.error(code::TYPE_ARGS, x.loc.span, message);
            x.invalidate();
        }
    }

    /// Checks an expression of any kind, which may be a function that lacks type arguments.
    pub(crate) fn generic_expr(&mut self, id: ExprId, hint: Option<Ty>) -> Operand {
        match self.ast().expr(id) {
            ast::Expr::Bad => self.invalid(id),
            ast::Expr::Ident(name) => self.ident(id, name),
            ast::Expr::BasicLit(kind) => self.basic_lit(id, kind),
            ast::Expr::CompositeLit { .. } => self.composite_lit(id, hint),
            ast::Expr::FuncLit { sig, body } => self.func_lit_expr(id, sig, body),
            ast::Expr::Paren(_) => {
                // Any number of parentheses costs no stack.
                let mut x = self.expr(self.ast().unparen(id), None);
                x.source = super::Source::Expr(id);
                x.loc = self.expr_loc(id);
                x
            }
            ast::Expr::Selector { x, sel } => {
                let x = self.selector(id, x, sel);
                self.method_value(x)
            }
            ast::Expr::Index { .. } => {
                let x = self.index_expr(id);
                self.method_value(x)
            }
            ast::Expr::Slice { .. } => self.slice_expr(id),
            ast::Expr::TypeAssert { x, ty } => self.type_assert(id, x, ty),
            ast::Expr::Call { .. } => self.call_expr(id),
            ast::Expr::Star(x) => self.star(id, x),
            ast::Expr::Unary { op, x } => self.unary(id, op, x),
            ast::Expr::Binary { .. } => self.binary_chain(id),
            ast::Expr::ArrayType { .. }
            | ast::Expr::StructType(_)
            | ast::Expr::FuncType(_)
            | ast::Expr::InterfaceType(_)
            | ast::Expr::MapType { .. }
            | ast::Expr::ChanType { .. } => {
                let ty = self.type_expr(id);
                self.type_operand(id, ty)
            }
        }
    }

    /// Checks an expression that must be one value (constants and nil included); else reports and gives `Invalid`.
    pub(crate) fn single_value(&mut self, id: ExprId, hint: Option<Ty>) -> Operand {
        let mut x = self.expr(id, hint);
        self.require_value(&mut x);
        self.require_single(&mut x);
        x
    }

    /// As [`Checker::single_value`]; a generic function may lack type arguments.
    pub(crate) fn generic_value(&mut self, id: ExprId, hint: Option<Ty>) -> Operand {
        let mut x = self.generic_expr(id, hint);
        self.require_value(&mut x);
        self.require_single(&mut x);
        x
    }

    /// Reports types, builtins and calls without result.
    pub(crate) fn require_value(&mut self, x: &mut Operand) {
        let problem = match x.mode {
            Mode::NoValue => "used as value",
            Mode::Builtin(_) => "must be called",
            Mode::TypeExpr => "is not an expression",
            _ => return,
        };
        let what = self.describe(x);
        self.error(
            code::NOT_AN_EXPRESSION,
            x.loc.span,
            format!("{what} {problem}"),
        );
        x.invalidate();
    }

    /// Reports calls without result where a value or a type is needed.
    pub(crate) fn require_value_or_type(&mut self, x: &mut Operand) {
        if x.mode == Mode::NoValue {
            let message = format!("{} used as value or type", self.describe(x));
            self.error(code::NOT_AN_EXPRESSION, x.loc.span, message);
            x.invalidate();
        }
    }

    /// Reports calls with several results.
    pub(crate) fn require_single(&mut self, x: &mut Operand) {
        if x.mode == Mode::Value && matches!(self.types.get(x.ty), Type::Tuple(_)) {
            let message = format!(
                "multiple-value {} in single-value context",
                self.describe(x)
            );
            self.error(code::NOT_AN_EXPRESSION, x.loc.span, message);
            x.invalidate();
        }
    }

    /// Checks expressions whose values do not matter because of another error, so that what they use counts as used.
    pub(crate) fn use_exprs(&mut self, ids: &[ExprId]) -> bool {
        let mut ok = true;
        for &id in ids {
            let blank = matches!(self.ast().expr(id), ast::Expr::Ident(name) if name.is_blank());
            ok &= blank || self.generic_expr(id, None).is_valid();
        }
        ok
    }

    /// Where tracebacks say that an operation at `loc` happens whose operator is at `at`: on the operator's line.
    pub(crate) fn traced(&self, loc: crate::types::ty::Loc, at: u32) -> crate::types::ty::Loc {
        let file = &self.files[loc.file.0 as usize];
        if file.on_same_line(loc.span.start, at) {
            return loc;
        }
        crate::types::ty::Loc {
            span: minigo_grammar::source::Span::at(at),
            ..loc
        }
    }

    /// The same, of an operator that comes after an operand: only on the line where that one ends can it be.
    pub(crate) fn traced_after(&self, id: ExprId, operand: ExprId) -> crate::types::ty::Loc {
        self.traced(self.expr_loc(id), self.ast().expr_span(operand).end)
    }

    pub(crate) fn expr_loc(&self, id: ExprId) -> crate::types::ty::Loc {
        self.loc(self.ast().expr_span(id))
    }

    pub(crate) fn invalid(&self, id: ExprId) -> Operand {
        Operand::invalid(id, self.expr_loc(id))
    }

    /// The source text of an expression as messages show it.
    pub(crate) fn expr_string(&self, id: ExprId) -> String {
        super::expr_string::expr_string(self.ast(), self.symbols, self.source(), id)
    }

    pub(crate) fn type_operand(&self, id: ExprId, ty: Ty) -> Operand {
        match ty {
            Ty::INVALID => self.invalid(id),
            _ => Operand::new(Mode::TypeExpr, ty, id, self.expr_loc(id)),
        }
    }

    /// Reports an error whose message may have further lines.
    pub(crate) fn error_lines(&mut self, code: &'static str, span: Span, message: &str) {
        let mut lines = message.split('\n');
        let mut diagnostic = Diagnostic::error(code, span, lines.next().unwrap_or(""));
        for line in lines {
            diagnostic = diagnostic.with_continuation(line.strip_prefix('\t').unwrap_or(line));
        }
        self.report(diagnostic);
    }

    fn ident(&mut self, id: ExprId, name: Symbol) -> Operand {
        let span = self.ast().expr_span(id);
        if name.is_blank() {
            if let Some(object) = self.earlier_object(name) {
                return self.object_operand(id, object);
            }
            self.error(
                code::NOT_AN_EXPRESSION,
                span,
                "cannot use _ as value or type",
            );
            return self.invalid(id);
        }
        let Some(object) = self.lookup(name) else {
            let text = self.symbols.name(name);
            let mut diagnostic =
                Diagnostic::error(code::UNDEFINED_NAME, span, format!("undefined: {text}"));
            if let Some(help) = self.spelling_help(name) {
                diagnostic = diagnostic.with_help(help);
            }
            self.report(diagnostic);
            return self.invalid(id);
        };
        // A package that is named without selector is not used.
        self.objects[object].used |= !matches!(self.objects[object].kind, ObjectKind::Package(_));
        self.object_operand(id, object)
    }

    /// What a name or a qualified name means.
    pub(crate) fn object_operand(&mut self, id: ExprId, object: ObjectId) -> Operand {
        self.resolve(object);
        let loc = self.expr_loc(id);
        let value = |mode, ty, kind| Operand::computed(mode, ty, kind, id, loc);
        let x = match self.objects[object].kind.clone() {
            ObjectKind::Invalid => return self.invalid(id),
            ObjectKind::Package(_) => {
                let text = self.symbols.name(self.objects[object].name);
                let message = format!("use of package {text} not in selector");
                self.error(code::NOT_AN_EXPRESSION, loc.span, message);
                return self.invalid(id);
            }
            ObjectKind::Const { ty, value } if object != self.universe.iota => {
                Operand::constant(*value, ty, id, loc)
            }
            ObjectKind::Const { ty, .. } => match self.cx.iota {
                Some(iota) => Operand::constant(i64::from(iota).into(), ty, id, loc),
                None => {
                    let message = "cannot use iota outside constant declaration";
                    self.error(code::NOT_CONSTANT, loc.span, message);
                    return self.invalid(id);
                }
            },
            ObjectKind::Type(ty) => return self.type_operand(id, ty),
            ObjectKind::Var { var, ty } => value(Mode::Variable, ty, ExprKind::Var(var)),
            ObjectKind::Global { global, ty } => {
                value(Mode::Variable, ty, ExprKind::Global(global))
            }
            ObjectKind::Func { func, sig } => {
                let params = match self.funcs.get(func.0 as usize) {
                    Some(func) => func.type_params.clone(),
                    None => Vec::new(),
                };
                let generic = (!params.is_empty()).then(|| {
                    Box::new(Generic {
                        declared: params.clone(),
                        params,
                        given: Vec::new(),
                        member: None,
                    })
                });
                let kind = ExprKind::Func {
                    func,
                    type_args: Vec::new(),
                };
                Operand {
                    generic,
                    ..value(Mode::Value, sig, kind)
                }
            }
            ObjectKind::Builtin(builtin) => {
                Operand::new(Mode::Builtin(builtin), Ty::INVALID, id, loc)
            }
            ObjectKind::Nil => return Operand::new(Mode::Nil, Ty::UNTYPED_NIL, id, loc),
        };
        let silent = x.ty == Ty::INVALID && !matches!(x.mode, Mode::Builtin(_));
        if silent { self.invalid(id) } else { x }
    }

    fn func_lit_expr(&mut self, id: ExprId, sig: ast::SigId, body: ast::Block) -> Operand {
        let ty = self.signature(sig);
        match self.func_lit(sig, body, ty) {
            Some(code) if ty != Ty::INVALID => Operand::computed(
                Mode::Value,
                ty,
                ExprKind::FuncLit(Box::new(code)),
                id,
                self.expr_loc(id),
            ),
            _ => self.invalid(id),
        }
    }

    fn star(&mut self, id: ExprId, inner: ExprId) -> Operand {
        let mut x = self.expr(inner, None);
        self.require_value_or_type(&mut x);
        match x.mode {
            Mode::Invalid => return self.invalid(id),
            Mode::TypeExpr => {
                let ty = self.type_expr(id);
                return self.type_operand(id, ty);
            }
            _ => {
                self.require_value(&mut x);
                self.require_single(&mut x);
            }
        }
        if !x.is_valid() {
            return self.invalid(id);
        }
        if x.is_nil() {
            let message = "invalid operation: cannot indirect nil";
            self.error(code::INVALID_OPERATION, x.loc.span, message);
            return self.invalid(id);
        }
        let mut base = None;
        for term in self.types.type_terms(x.ty) {
            let problem = match term.and_then(|term| self.types.pointer_elem(term.ty)) {
                None => format!("cannot indirect {}", self.describe(&x)),
                Some(elem) if base.is_some_and(|base| base != elem) => {
                    format!(
                        "pointers of {} must have identical base types",
                        self.describe(&x)
                    )
                }
                Some(elem) => {
                    base = Some(elem);
                    continue;
                }
            };
            self.error(
                code::INVALID_OPERATION,
                x.loc.span,
                format!("invalid operation: {problem}"),
            );
            return self.invalid(id);
        }
        let kind = ExprKind::Deref(x.take_tree());
        Operand::computed(
            Mode::Variable,
            base.unwrap_or(Ty::INVALID),
            kind,
            id,
            self.expr_loc(id),
        )
    }

    fn unary(&mut self, id: ExprId, op: ast::UnaryOp, inner: ExprId) -> Operand {
        let mut x = self.single_value(inner, None);
        if !x.is_valid() {
            return self.invalid(id);
        }
        match op {
            ast::UnaryOp::Addr => self.address(id, x),
            ast::UnaryOp::Recv => {
                let Some(elem) = self.chan_elem(&x, x.loc.span, true) else {
                    return self.invalid(id);
                };
                let kind = ExprKind::Recv(x.take_tree());
                let x = Operand::computed(Mode::CommaOk, elem, kind, id, self.expr_loc(id));
                self.cx.func.has_call = true;
                Operand {
                    form: Form::Statement,
                    ..x
                }
            }
            ast::UnaryOp::Tilde => {
                let help = if self.types.all_integer(x.ty) {
                    " (use ^ for bitwise complement)"
                } else {
                    ""
                };
                let message = format!("cannot use ~ outside of interface or type constraint{help}");
                self.error(code::INVALID_OPERATION, self.ast().expr_span(id), message);
                self.invalid(id)
            }
            ast::UnaryOp::Plus | ast::UnaryOp::Minus | ast::UnaryOp::Not | ast::UnaryOp::Xor => {
                self.arithmetic(id, op, x)
            }
        }
    }

    fn address(&mut self, id: ExprId, mut x: Operand) -> Operand {
        let inner = x
            .expr()
            .map(|inner| self.ast().expr(self.ast().unparen(inner)));
        let literal = matches!(inner, Some(ast::Expr::CompositeLit { .. }));
        if x.mode != Mode::Variable && !literal {
            let message = format!(
                "invalid operation: cannot take address of {}",
                self.describe(&x)
            );
            self.error(code::NOT_ASSIGNABLE, x.loc.span, message);
            return self.invalid(id);
        }
        let ty = self.types.intern(Type::Pointer(x.ty));
        let kind = ExprKind::AddrOf(x.take_tree());
        Operand::computed(Mode::Value, ty, kind, id, self.expr_loc(id))
    }

    /// `+x`, `-x`, `!x`, `^x`.
    fn arithmetic(&mut self, id: ExprId, op: ast::UnaryOp, mut x: Operand) -> Operand {
        let defined = match op {
            ast::UnaryOp::Not => self.types.all_boolean(x.ty),
            ast::UnaryOp::Xor => self.types.all_integer(x.ty),
            _ => self.types.all_numeric(x.ty),
        };
        if !defined {
            let what = self.describe(&x);
            let message = format!(
                "invalid operation: operator {} not defined on {what}",
                op.text()
            );
            self.error(code::INVALID_OPERATION, x.loc.span, message);
            return self.invalid(id);
        }
        let loc = self.expr_loc(id);
        if let Some(value) = x.constant_value() {
            let value = match op {
                ast::UnaryOp::Minus => value.neg(),
                ast::UnaryOp::Not => value.not(),
                ast::UnaryOp::Xor => value.complement(self.unsigned_bits(x.ty)),
                _ => Some(value.clone()),
            };
            let Some(value) = value else {
                return self.invalid(id);
            };
            let mut x = Operand::constant(value, x.ty, id, loc);
            let name = if op == ast::UnaryOp::Xor {
                "bitwise complement "
            } else {
                ""
            };
            self.check_overflow(&mut x, name, loc.span);
            return x;
        }
        let (ty, tree) = (x.ty, x.take_tree());
        let kind = match op {
            ast::UnaryOp::Minus => ExprKind::Unary {
                op: UnaryOp::Neg,
                x: tree,
            },
            ast::UnaryOp::Not => ExprKind::Unary {
                op: UnaryOp::LogicalNot,
                x: tree,
            },
            ast::UnaryOp::Xor => ExprKind::Unary {
                op: UnaryOp::Not,
                x: tree,
            },
            _ => tree.kind,
        };
        Operand::computed(Mode::Value, ty, kind, id, loc)
    }

    /// The element type of a channel that is received from (`recv`) or sent to; reports what is not such a channel.
    pub(crate) fn chan_elem(&mut self, x: &Operand, at: Span, recv: bool) -> Option<Ty> {
        let is_param = self.types.is_type_param(x.ty);
        let mut cause = None;
        for term in self.types.type_terms(x.ty) {
            let Some(term) = term else {
                cause = Some("no specific channel type".to_string());
                break;
            };
            cause = match self.types.under(term.ty) {
                Type::Chan { dir: Dir::Send, .. } if recv => Some("send-only channel "),
                Type::Chan { dir: Dir::Recv, .. } if !recv => Some("receive-only channel "),
                Type::Chan { .. } => None,
                _ => Some("non-channel "),
            }
            .map(|problem| format!("{problem}{}", self.type_string(term.ty)));
            if cause.is_some() {
                break;
            }
        }
        let elem = match cause {
            None => self
                .types
                .common_under(x.ty)
                .map(|under| self.types.get(under).clone()),
            Some(_) => None,
        };
        if let Some(Type::Chan { elem, .. }) = elem {
            return Some(elem);
        }
        let cause = cause.unwrap_or_else(|| "no common channel type".to_string());
        let what = self.describe(x);
        let verb = if recv { "receive from" } else { "send to" };
        let message = match is_param {
            true => format!("invalid operation: cannot {verb} {what}: {cause}"),
            false => format!("invalid operation: cannot {verb} {cause} {what}"),
        };
        self.error(code::BAD_SEND, at, message);
        None
    }

    fn type_assert(&mut self, id: ExprId, inner: ExprId, ty: Option<ExprId>) -> Operand {
        let mut x = self.single_value(inner, None);
        if !x.is_valid() {
            return self.invalid(id);
        }
        let Some(ty) = ty else {
            let message = "invalid syntax tree: use of .(type) outside type switch";
            self.error(code::INVALID_OPERATION, self.ast().expr_span(id), message);
            return self.invalid(id);
        };
        if !self.types.is_interface(x.ty) {
            let what = self.describe(&x);
            let message = match self.types.is_type_param(x.ty) {
                true => format!(
                    "invalid operation: cannot use type assertion on type parameter value {what}"
                ),
                false => format!("invalid operation: {what} is not an interface"),
            };
            self.error(code::INVALID_OPERATION, x.loc.span, message);
            return self.invalid(id);
        }
        let target = self.type_expr(ty);
        if target == Ty::INVALID {
            return self.invalid(id);
        }
        if !self.types.is_interface(target)
            && let Some(cause) = self.missing_method(target, x.ty, false)
        {
            let (text, want, have) = (
                self.expr_string(id),
                self.type_string(target),
                self.type_string(x.ty),
            );
            let message = format!(
                "impossible type assertion: {text}\n\t{want} does not implement {have} {cause}"
            );
            self.error_lines(code::IMPOSSIBLE_ASSERT, self.ast().expr_span(id), &message);
        }
        let kind = ExprKind::TypeAssert(x.take_tree());
        let mut assertion = Operand::computed(Mode::CommaOk, target, kind, id, self.expr_loc(id));
        if let Some(tree) = &mut assertion.tree {
            tree.loc = self.traced_after(id, inner);
        }
        assertion
    }

    /// The value with an untyped type replaced by its default; `context` as in "use of untyped nil in {context}".
    /// None if it is invalid.
    pub(crate) fn default_value(&mut self, mut x: Operand, context: &str) -> Option<typed::Expr> {
        self.assignment(&mut x, None, context);
        x.is_valid().then(|| *x.take_tree())
    }

    /// An expression statement: reports "is not used" and the like.
    pub(crate) fn expr_stmt(&mut self, id: ExprId) -> Option<typed::Expr> {
        let mut x = self.expr(id, None);
        let problem = match x.mode {
            Mode::Invalid => return None,
            Mode::Builtin(_) => "must be called",
            Mode::TypeExpr => "is not an expression",
            _ if x.form == Form::Statement => return Some(*x.take_tree()),
            _ => "is not used",
        };
        let what = self.describe(&x);
        self.error(code::UNUSED_EXPR, x.loc.span, format!("{what} {problem}"));
        None
    }

    /// The call of a `go` or `defer` statement (`what`).
    pub(crate) fn go_defer_call(&mut self, what: &'static str, id: ExprId) -> Option<typed::Expr> {
        let span = self.ast().expr_span(id);
        if !matches!(self.ast().expr(id), ast::Expr::Call { .. }) {
            let message = format!("expression in {what} must be function call");
            self.error(code::INVALID_GO_DEFER, span, message);
            self.use_exprs(&[id]);
            return None;
        }
        let mut x = self.expr(id, None);
        let problem = match x.form {
            Form::Conversion => "requires function call, not conversion",
            Form::Expression => "discards result of",
            Form::Statement => {
                return x.is_valid().then(|| {
                    let mut tree = *x.take_tree();
                    check_receiver_now(&mut tree);
                    tree
                });
            }
        };
        if x.is_valid() {
            let call = self.describe(&x);
            self.error(
                code::INVALID_GO_DEFER,
                span,
                format!("{what} {problem} {call}"),
            );
        }
        None
    }

    /// The channel of the receive expression `id` (`<-ch`), and its element type.
    pub(crate) fn recv_operand(&mut self, id: ExprId) -> Option<(typed::Expr, Ty)> {
        let mut x = self.single_value(id, None);
        if !x.is_valid() {
            return None;
        }
        let ty = x.ty;
        match x.take_tree().kind {
            ExprKind::Recv(chan) => Some((*chan, ty)),
            _ => None,
        }
    }

    /// `tag == value` for a case of an expression switch; without tag the value itself must be a bool.
    /// `tag` is evaluated before: it is a variable. Gives also the constant and its type, for finding duplicates.
    pub(crate) fn case_condition(
        &mut self,
        tag: Option<&Tag>,
        value: ExprId,
    ) -> Option<(typed::Expr, Option<(ConstValue, Ty)>)> {
        let mut x = self.single_value(value, None);
        let tag_ty = tag.map_or(Ty::BOOL, |tag| tag.ty);
        if !x.is_valid() || tag_ty == Ty::INVALID {
            return None;
        }
        let loc = x.loc;
        let y = match tag {
            Some(tag) => {
                Operand::computed(Mode::Variable, tag.ty, ExprKind::Var(tag.var), tag.id, loc)
            }
            None => {
                let y = Operand::computed(
                    Mode::Value,
                    Ty::BOOL,
                    ExprKind::Const(ConstValue::Bool(true)),
                    value,
                    loc,
                );
                Operand {
                    source: super::Source::Text("true".into()),
                    ..y
                }
            }
        };
        self.convert_untyped(&mut x, tag_ty);
        if !x.is_valid() {
            return None;
        }
        let constant = x.constant_value().map(|value| (value.clone(), x.ty));
        if tag.is_none() && self.types.is_boolean(x.ty) && x.ty == Ty::BOOL {
            return Some((*x.take_tree(), constant));
        }
        self.comparison(&mut x, y, CompareOp::Eq, true);
        self.convert_untyped(&mut x, Ty::BOOL);
        x.is_valid().then(|| (*x.take_tree(), constant))
    }
}

/// The receiver of a deferred or started call is evaluated by the statement: a nil interface panics there.
fn check_receiver_now(call: &mut typed::Expr) {
    match &mut call.kind {
        ExprKind::Let { body, .. } => check_receiver_now(body),
        ExprKind::Call { callee, .. } => {
            if let typed::Callee::Interface { recv, .. } | typed::Callee::TypeParam { recv, .. } =
                &mut **callee
            {
                let (ty, loc) = (recv.ty, recv.loc);
                let value = typed::Expr {
                    ty,
                    loc,
                    kind: ExprKind::Zero,
                };
                let value = std::mem::replace(recv, value);
                recv.kind = ExprKind::NilCheck(Box::new(value));
            }
        }
        _ => {}
    }
}
