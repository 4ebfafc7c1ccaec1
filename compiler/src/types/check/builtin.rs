//! Calls of builtin functions.

use minigo_grammar::ast::ExprId;
use minigo_grammar::source::Span;

use super::call::{Args, Call, Operands};
use super::{Checker, Form, Mode, Operand};
use crate::diagnostics::code;
use crate::types::constant::ConstValue;
use crate::types::ty::{Basic, Dir, Sig, Ty, Type};
use crate::types::typed::{BinaryOp, Builtin, CompareOp, Expr, ExprKind};
use crate::types::universe::BuiltinId;
use std::rc::Rc;

/// How many arguments a builtin takes at least, and whether it takes more.
fn arity(builtin: BuiltinId) -> (usize, bool) {
    use BuiltinId as B;
    match builtin {
        B::Append | B::Make | B::Max | B::Min => (1, true),
        B::Print | B::Println => (0, true),
        B::Cap | B::Clear | B::Close | B::Imag | B::Len | B::New | B::Panic | B::Real => (1, false),
        B::Complex | B::Copy | B::Delete => (2, false),
        B::Recover => (0, false),
    }
}

/// Whether a call of the builtin can be a statement.
fn is_statement(builtin: BuiltinId) -> bool {
    use BuiltinId as B;
    matches!(
        builtin,
        B::Clear | B::Close | B::Copy | B::Delete | B::Panic | B::Print | B::Println | B::Recover
    )
}

impl Checker<'_> {
    /// The call of a builtin function.
    pub(crate) fn builtin_call(&mut self, call: Call<'_>, builtin: BuiltinId) -> Operand {
        let outer = self.cx.func.has_call;
        let lengths = matches!(builtin, BuiltinId::Len | BuiltinId::Cap);
        if lengths {
            self.cx.func.has_call = false;
        }
        let mut x = self
            .builtin_result(call, builtin)
            .unwrap_or_else(|| self.invalid(call.id));
        if lengths {
            self.cx.func.has_call = outer;
        }
        if x.is_valid() && !x.is_constant() {
            self.cx.func.has_call = true;
        }
        if x.is_valid() {
            x.form = if is_statement(builtin) {
                Form::Statement
            } else {
                Form::Expression
            };
        }
        x
    }

    fn builtin_result(&mut self, call: Call<'_>, builtin: BuiltinId) -> Option<Operand> {
        let span = self.ast().expr_span(call.id);
        let name = builtin.name();
        if call.spread && builtin != BuiltinId::Append {
            let message = format!("invalid operation: invalid use of ... with built-in {name}");
            self.error(code::INVALID_BUILTIN_CALL, span, message);
            self.use_exprs(call.args);
            return None;
        }
        let special = matches!(builtin, BuiltinId::Make | BuiltinId::New);
        let args = match special {
            true => Args {
                operands: Operands::new(),
                results: None,
            },
            false => {
                let args = self.arguments(call.args, true);
                if args.operands.iter().any(|arg| !arg.is_valid()) {
                    return None;
                }
                args
            }
        };
        let given = if special {
            call.args.len()
        } else {
            args.operands.len()
        };
        let (least, variadic) = arity(builtin);
        let problem = match () {
            () if given < least => Some("not enough"),
            () if given > least && !variadic => Some("too many"),
            () => None,
        };
        if let Some(problem) = problem {
            let text = self.expr_string(call.id);
            let message = format!(
                "invalid operation: {problem} arguments for {text} (expected {least}, found {given})"
            );
            self.error(code::ARG_COUNT, span, message);
            return None;
        }
        let Args {
            mut operands,
            results,
        } = args;
        let mut x = match builtin {
            BuiltinId::Append => self.append(call, operands),
            BuiltinId::Cap | BuiltinId::Len => self.length(call, builtin, operands.remove(0)),
            BuiltinId::Clear => self.clear(call, operands.remove(0)),
            BuiltinId::Close => self.close(call, operands.remove(0)),
            BuiltinId::Complex => self.complex(call, operands),
            BuiltinId::Copy => self.copy(call, operands),
            BuiltinId::Delete => self.delete(call, operands),
            BuiltinId::Imag | BuiltinId::Real => {
                self.real_or_imag(call, builtin, operands.remove(0))
            }
            BuiltinId::Make => self.make(call),
            BuiltinId::Max | BuiltinId::Min => self.min_max(call, builtin, operands),
            BuiltinId::New => self.new_call(call),
            BuiltinId::Panic => {
                let any = self.universe.any;
                let arg = self.assign_to(operands.remove(0), any, "argument to panic")?;
                Some(self.built(call, Mode::NoValue, None, Builtin::Panic, vec![arg]))
            }
            BuiltinId::Print | BuiltinId::Println => self.print(call, builtin, operands),
            BuiltinId::Recover => {
                self.cx.func.lit.has_recover = true;
                let any = self.universe.any;
                Some(self.built(call, Mode::Value, Some(any), Builtin::Recover, Vec::new()))
            }
        }?;
        if let Some((vars, init)) = results
            && let Some(body) = x.tree.take()
        {
            let (ty, loc) = (body.ty, body.loc);
            x.tree = Some(Box::new(Expr {
                ty,
                loc,
                kind: ExprKind::Let { vars, init, body },
            }));
        }
        Some(x)
    }

    /// The call of a builtin as an operand; without type it has no value.
    fn built(
        &mut self,
        call: Call<'_>,
        mode: Mode,
        ty: Option<Ty>,
        builtin: Builtin,
        args: Vec<Expr>,
    ) -> Operand {
        let ty = ty.unwrap_or_else(|| self.types.intern(Type::Tuple(Rc::new([]))));
        let loc = self.expr_loc(call.id);
        Operand::computed(mode, ty, ExprKind::Builtin { builtin, args }, call.id, loc)
    }

    fn bad_argument<T>(&mut self, span: Span, message: String) -> Option<T> {
        self.error(code::INVALID_BUILTIN_CALL, span, message);
        None
    }

    /// The element type that all slices in the type set have; the problem if there is none.
    fn slice_elem(&self, x: &Operand) -> Result<Ty, String> {
        let mut common = None;
        for term in self.types.type_terms(x.ty) {
            let elem = match term.map(|term| self.types.under(term.ty)) {
                Some(Type::Slice(elem)) => *elem,
                _ if x.is_nil() => {
                    return Err("argument must be a slice; have untyped nil".to_string());
                }
                _ => {
                    return Err(format!(
                        "argument must be a slice; have {}",
                        self.describe(x)
                    ));
                }
            };
            match common {
                Some(known) if known != elem => {
                    let (a, b) = (self.type_string(known), self.type_string(elem));
                    return Err(format!(
                        "mismatched slice element types {a} and {b} in {}",
                        self.describe(x)
                    ));
                }
                _ => common = Some(elem),
            }
        }
        common.ok_or_else(|| format!("argument must be a slice; have {}", self.describe(x)))
    }

    /// Whether all types in the type set are strings or slices of bytes; and whether one is a string.
    fn bytes_or_string(&self, ty: Ty) -> (bool, bool) {
        let mut has_string = false;
        for term in self.types.type_terms(ty) {
            match term.map(|term| self.types.under(term.ty)) {
                Some(Type::Slice(Ty::UINT8)) => {}
                Some(Type::Basic(basic)) if basic.is_string() => has_string = true,
                _ => return (false, false),
            }
        }
        (true, has_string)
    }

    fn append(&mut self, call: Call<'_>, mut operands: Operands) -> Option<Operand> {
        let elem = match self.slice_elem(&operands[0]) {
            Ok(elem) => elem,
            Err(cause) => {
                return self.bad_argument(operands[0].loc.span, format!("invalid append: {cause}"));
            }
        };
        let ty = operands[0].ty;
        let bytes = self.types.intern(Type::Slice(Ty::UINT8));
        let spread_string = call.spread
            && operands.len() == 2
            && self.assignable(&operands[0], bytes).is_ok()
            && self.bytes_or_string(operands[1].ty) == (true, true);
        if spread_string {
            let mut y = operands.remove(1);
            if self.types.is_untyped(y.ty) {
                self.convert_untyped(&mut y, Ty::STRING);
            }
            let args = vec![*operands[0].take_tree(), *y.take_tree()];
            return Some(self.built(call, Mode::Value, Some(ty), Builtin::AppendSlice, args));
        }
        let rest = self.types.intern(Type::Slice(elem));
        let sig = Sig {
            params: vec![ty, rest],
            results: vec![ty],
            variadic: true,
        };
        let mut args = Args {
            operands,
            results: None,
        };
        let mut values = self.pass(call, &sig, &mut args)?;
        let packed = values.pop()?;
        let builtin = if call.spread {
            Builtin::AppendSlice
        } else {
            Builtin::Append
        };
        match packed.kind {
            ExprKind::SliceLit { elems, .. } if !call.spread => {
                values.extend(elems.into_iter().map(|(_, elem)| elem))
            }
            // append(s): s itself, computed.
            ExprKind::Zero if !call.spread => {
                let s = values.pop()?;
                let mut x = Operand::new(Mode::Value, ty, call.id, self.expr_loc(call.id));
                x.tree = Some(Box::new(s));
                return Some(x);
            }
            _ => values.push(packed),
        }
        Some(self.built(call, Mode::Value, Some(ty), builtin, values))
    }

    fn length(&mut self, call: Call<'_>, builtin: BuiltinId, mut x: Operand) -> Option<Operand> {
        let len = builtin == BuiltinId::Len;
        let is_param = self.types.is_type_param(x.ty);
        let loc = self.expr_loc(call.id);
        if let (Some(ConstValue::String(bytes)), true) = (x.constant_value(), len) {
            let value = ConstValue::from(bytes.len() as u64);
            return Some(Operand::constant(value, Ty::INT, call.id, loc));
        }
        let mut array_len = None;
        for term in self.types.type_terms(x.ty) {
            let ok = match term.map(|term| self.array_or_under(term.ty)) {
                Some(Type::Array { len, .. }) => {
                    array_len = Some(*len);
                    true
                }
                Some(Type::Slice(_) | Type::Chan { .. }) => true,
                Some(Type::Map { .. }) => len,
                Some(Type::Basic(basic)) => len && basic.is_string(),
                _ => false,
            };
            if !ok {
                if self.types.underlying(x.ty) != Ty::INVALID {
                    let message = format!(
                        "invalid argument: {} for built-in {}",
                        self.describe(&x),
                        builtin.name()
                    );
                    return self.bad_argument(x.loc.span, message);
                }
                return None;
            }
        }
        if let (Some(len), false, false) = (array_len, is_param, self.cx.func.has_call) {
            return Some(Operand::constant(
                ConstValue::from(len),
                Ty::INT,
                call.id,
                loc,
            ));
        }
        let builtin = if len { Builtin::Len } else { Builtin::Cap };
        let tree = x.take_tree();
        Some(self.built(call, Mode::Value, Some(Ty::INT), builtin, vec![*tree]))
    }

    /// The array that a pointer points to, or the underlying type.
    fn array_or_under(&self, ty: Ty) -> &Type {
        match self
            .types
            .pointer_elem(ty)
            .map(|elem| self.types.under(elem))
        {
            Some(array @ Type::Array { .. }) => array,
            _ => self.types.under(ty),
        }
    }

    fn clear(&mut self, call: Call<'_>, mut x: Operand) -> Option<Operand> {
        for term in self.types.type_terms(x.ty) {
            if !matches!(
                term.map(|term| self.types.under(term.ty)),
                Some(Type::Map { .. } | Type::Slice(_))
            ) {
                let what = self.describe(&x);
                let message = format!(
                    "invalid argument: cannot clear {what}: argument must be (or constrained by) map or slice"
                );
                return self.bad_argument(x.loc.span, message);
            }
        }
        let tree = x.take_tree();
        Some(self.built(call, Mode::NoValue, None, Builtin::Clear, vec![*tree]))
    }

    fn close(&mut self, call: Call<'_>, mut x: Operand) -> Option<Operand> {
        let mut terms = self.types.type_terms(x.ty);
        if terms.is_empty() {
            // The type set is empty: there is no channel in it.
            terms.push(None);
        }
        for term in terms {
            let problem = match term.map(|term| self.types.under(term.ty)) {
                Some(Type::Chan { dir: Dir::Recv, .. }) => "receive-only channel",
                Some(Type::Chan { .. }) => continue,
                _ => "non-channel",
            };
            let message = format!(
                "invalid operation: cannot close {problem} {}",
                self.describe(&x)
            );
            return self.bad_argument(x.loc.span, message);
        }
        let tree = x.take_tree();
        Some(self.built(call, Mode::NoValue, None, Builtin::Close, vec![*tree]))
    }

    fn copy(&mut self, call: Call<'_>, mut operands: Operands) -> Option<Operand> {
        let mut y = operands.remove(1);
        let mut x = operands.remove(0);
        let elem = match self.slice_elem(&x) {
            Ok(elem) => elem,
            Err(cause) => return self.bad_argument(x.loc.span, format!("invalid copy: {cause}")),
        };
        let bytes = self.types.intern(Type::Slice(Ty::UINT8));
        let special = self.assignable(&x, bytes).is_ok() && self.bytes_or_string(y.ty).0;
        if !special {
            let from = match self.slice_elem(&y) {
                Ok(elem) => elem,
                Err(_) if self.types.all_string(y.ty) => Ty::UINT8,
                Err(cause) => {
                    return self.bad_argument(y.loc.span, format!("invalid copy: {cause}"));
                }
            };
            if from != elem {
                let (left, right) = (self.describe(&x), self.describe(&y));
                let (to, from) = (self.type_string(elem), self.type_string(from));
                let message = format!(
                    "invalid copy: arguments {left} and {right} have different element types {to} and {from}"
                );
                return self.bad_argument(x.loc.span, message);
            }
        }
        if self.types.is_untyped(y.ty) {
            self.convert_untyped(&mut y, Ty::STRING);
        }
        let args = vec![*x.take_tree(), *y.take_tree()];
        Some(self.built(call, Mode::Value, Some(Ty::INT), Builtin::Copy, args))
    }

    fn delete(&mut self, call: Call<'_>, mut operands: Operands) -> Option<Operand> {
        let key = operands.remove(1);
        let mut map = operands.remove(0);
        let mut key_ty = None;
        for term in self.types.type_terms(map.ty) {
            let problem = match term.map(|term| self.types.under(term.ty)) {
                Some(Type::Map { key, .. }) if key_ty.is_none_or(|known| known == *key) => {
                    key_ty = Some(*key);
                    continue;
                }
                Some(Type::Map { .. }) => {
                    format!(
                        "maps of {} must have identical key types",
                        self.describe(&map)
                    )
                }
                _ => format!("{} is not a map", self.describe(&map)),
            };
            return self.bad_argument(map.loc.span, format!("invalid argument: {problem}"));
        }
        let key = self.assign_to(key, key_ty?, "argument to delete")?;
        let map = *map.take_tree();
        Some(self.built(call, Mode::NoValue, None, Builtin::Delete, vec![map, key]))
    }

    fn complex(&mut self, call: Call<'_>, mut operands: Operands) -> Option<Operand> {
        let mut y = operands.remove(1);
        let mut x = operands.remove(0);
        match (self.types.is_untyped(x.ty), self.types.is_untyped(y.ty)) {
            (false, false) => {}
            (true, false) => self.convert_untyped(&mut x, y.ty),
            (false, true) => self.convert_untyped(&mut y, x.ty),
            (true, true) if x.is_constant() && y.is_constant() => {
                for part in [&mut x, &mut y] {
                    if self.types.is_numeric(part.ty)
                        && part.value.as_ref().is_some_and(|v| v.to_float().is_some())
                    {
                        part.ty = Ty::UNTYPED_FLOAT;
                    }
                }
            }
            (true, true) => {
                self.convert_untyped(&mut x, Ty::FLOAT64);
                self.convert_untyped(&mut y, Ty::FLOAT64);
            }
        }
        if !x.is_valid() || !y.is_valid() {
            return None;
        }
        if x.ty != y.ty {
            let (text, a, b) = (
                self.expr_string(call.id),
                self.type_string(x.ty),
                self.type_string(y.ty),
            );
            let message = format!("invalid operation: {text} (mismatched types {a} and {b})");
            return self.bad_argument(x.loc.span, message);
        }
        let ty = match self.types.as_basic(x.ty) {
            Some(Basic::Float32) => Ty::COMPLEX64,
            Some(Basic::Float64) => Ty::COMPLEX128,
            Some(Basic::UntypedFloat) => Ty::UNTYPED_COMPLEX,
            _ => {
                let message = format!(
                    "invalid argument: arguments have type {}, expected floating-point",
                    self.type_string(x.ty)
                );
                return self.bad_argument(x.loc.span, message);
            }
        };
        if let (Some(re), Some(im)) = (x.constant_value(), y.constant_value()) {
            let value = ConstValue::from((re.to_float()?, im.to_float()?));
            return Some(Operand::constant(
                value,
                ty,
                call.id,
                self.expr_loc(call.id),
            ));
        }
        let args = vec![*x.take_tree(), *y.take_tree()];
        Some(self.built(call, Mode::Value, Some(ty), Builtin::Complex, args))
    }

    fn real_or_imag(
        &mut self,
        call: Call<'_>,
        builtin: BuiltinId,
        mut x: Operand,
    ) -> Option<Operand> {
        if self.types.is_untyped(x.ty) {
            if x.is_constant() {
                if self.types.is_numeric(x.ty) {
                    x.ty = Ty::UNTYPED_COMPLEX;
                }
            } else {
                self.convert_untyped(&mut x, Ty::COMPLEX128);
            }
        }
        if !x.is_valid() {
            return None;
        }
        let ty = match self.types.as_basic(x.ty) {
            Some(Basic::Complex64) => Ty::FLOAT32,
            Some(Basic::Complex128) => Ty::FLOAT64,
            Some(Basic::UntypedComplex) => Ty::UNTYPED_FLOAT,
            _ => {
                let message = format!(
                    "invalid argument: argument has type {}, expected complex type",
                    self.type_string(x.ty)
                );
                return self.bad_argument(x.loc.span, message);
            }
        };
        let real = builtin == BuiltinId::Real;
        if let Some(value) = x.constant_value() {
            let (re, im) = value.to_complex()?;
            let value = ConstValue::from(if real { re } else { im });
            return Some(Operand::constant(
                value,
                ty,
                call.id,
                self.expr_loc(call.id),
            ));
        }
        let builtin = if real { Builtin::Real } else { Builtin::Imag };
        let tree = x.take_tree();
        Some(self.built(call, Mode::Value, Some(ty), builtin, vec![*tree]))
    }

    fn make(&mut self, call: Call<'_>) -> Option<Operand> {
        let [first, sizes @ ..] = call.args else {
            return None;
        };
        let ty = self.type_expr(*first);
        if ty == Ty::INVALID {
            self.use_exprs(sizes);
            return None;
        }
        let kind = self
            .types
            .common_under(ty)
            .map(|under| self.types.get(under));
        let least = match kind {
            Some(Type::Slice(_)) => 2,
            Some(Type::Map { .. } | Type::Chan { .. }) => 1,
            other => {
                let cause = match other {
                    None => self.no_common_cause(ty, true),
                    Some(_) => "type must be slice, map, or channel".to_string(),
                };
                let text = self.expr_string(*first);
                let message = format!("invalid argument: cannot make {text}: {cause}");
                let span = self.ast().expr_span(*first);
                return self.bad_argument(span, message);
            }
        };
        let given = call.args.len();
        if given < least || given > least + 1 {
            let text = self.expr_string(call.id);
            let most = least + 1;
            let message = format!(
                "invalid operation: {text} expects {least} or {most} arguments; found {given}"
            );
            let span = self.ast().expr_span(call.id);
            self.error(code::ARG_COUNT, span, message);
            return None;
        }
        let mut args = Vec::new();
        let mut known = Vec::new();
        let mut ok = true;
        for &size in sizes {
            match self.index(size, None) {
                Some(index) => {
                    known.extend(index.value);
                    args.push(*self.to_int(index.tree));
                }
                None => ok = false,
            }
        }
        if let [len, cap] = known[..]
            && len > cap
        {
            let span = self.ast().expr_span(sizes[0]);
            return self.bad_argument(
                span,
                "invalid argument: length and capacity swapped".to_string(),
            );
        }
        ok.then(|| self.built(call, Mode::Value, Some(ty), Builtin::Make, args))
    }

    /// An integer as an `int`.
    fn to_int(&self, tree: Box<Expr>) -> Box<Expr> {
        match tree.ty {
            Ty::INT => tree,
            _ => Box::new(Expr {
                ty: Ty::INT,
                loc: tree.loc,
                kind: ExprKind::Convert(tree),
            }),
        }
    }

    fn min_max(
        &mut self,
        call: Call<'_>,
        builtin: BuiltinId,
        operands: Operands,
    ) -> Option<Operand> {
        let max = builtin == BuiltinId::Max;
        for x in &operands {
            if !self.types.all_ordered(x.ty) {
                let message = format!("invalid argument: {} cannot be ordered", self.describe(x));
                return self.bad_argument(x.loc.span, message);
            }
        }
        // The common type comes first: it decides what untyped operands become.
        let mut done: Vec<Operand> = Vec::new();
        for mut y in operands {
            if let Some(x) = done.last_mut() {
                self.match_types(x, &mut y);
                if !x.is_valid() {
                    return None;
                }
                if x.ty != y.ty {
                    let (a, b, text) = (
                        self.type_string(x.ty),
                        self.type_string(y.ty),
                        self.operand_text(&y),
                    );
                    let message = format!(
                        "invalid argument: mismatched types {a} (previous argument) and {b} (type of {text})"
                    );
                    return self.bad_argument(y.loc.span, message);
                }
            }
            done.push(y);
        }
        let mut ty = done.last()?.ty;
        if done.iter().all(Operand::is_constant) {
            let op = if max { CompareOp::Gt } else { CompareOp::Lt };
            let mut best = done.remove(0).value?;
            for y in done {
                let value = y.value?;
                if value.compare(op, &best)? {
                    best = value;
                }
            }
            return Some(Operand::constant(best, ty, call.id, self.expr_loc(call.id)));
        }
        if self.types.is_untyped(ty) {
            ty = self.types.default_type(ty);
        }
        let mut args = Vec::with_capacity(done.len());
        for mut x in done {
            self.convert_untyped(&mut x, ty);
            if !x.is_valid() {
                return None;
            }
            args.push(*x.take_tree());
        }
        let builtin = if max { Builtin::Max } else { Builtin::Min };
        Some(self.built(call, Mode::Value, Some(ty), builtin, args))
    }

    fn new_call(&mut self, call: Call<'_>) -> Option<Operand> {
        let arg = call.args[0];
        let mut x = self.expr(arg, None);
        self.require_value_or_type(&mut x);
        if x.mode == Mode::TypeExpr {
            let elem = self.type_expr(arg);
            let ty = self.types.intern(Type::Pointer(elem));
            return Some(self.built(call, Mode::Value, Some(ty), Builtin::New, Vec::new()));
        }
        self.require_value(&mut x);
        self.assignment(&mut x, None, "argument to new");
        if !x.is_valid() {
            return None;
        }
        let ty = self.types.intern(Type::Pointer(x.ty));
        let tree = x.take_tree();
        Some(self.built(call, Mode::Value, Some(ty), Builtin::New, vec![*tree]))
    }

    fn print(&mut self, call: Call<'_>, builtin: BuiltinId, operands: Operands) -> Option<Operand> {
        let context = match builtin {
            BuiltinId::Print => "argument to built-in print",
            _ => "argument to built-in println",
        };
        let mut args = Vec::with_capacity(operands.len());
        for x in operands {
            args.push(self.default_value(x, context)?);
        }
        let builtin = if builtin == BuiltinId::Print {
            Builtin::Print
        } else {
            Builtin::Println
        };
        Some(self.built(call, Mode::NoValue, None, builtin, args))
    }

    /// The constant 1 of a numeric type, for `x++`.
    pub(crate) fn one(&self, id: ExprId) -> Operand {
        let x = Operand::constant(
            ConstValue::from(1i64),
            Ty::UNTYPED_INT,
            id,
            self.expr_loc(id),
        );
        Operand {
            source: super::Source::Text("1".into()),
            ..x
        }
    }
}

/// The operator of `x++` or `x--`.
pub(crate) fn inc_dec_op(inc: bool) -> BinaryOp {
    if inc { BinaryOp::Add } else { BinaryOp::Sub }
}
