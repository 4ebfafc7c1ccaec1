//! Binary expressions: arithmetic, comparisons, shifts, and the long chains that they form.
//!
//! A chain such as `a + b + c …` leans to the left. It is walked with a loop, and every [`CHAIN`] operands the value so
//! far goes to a variable (`Let`), so that the typed tree never becomes deep and later passes may recurse.

use minigo_grammar::ast::{self, ExprId};
use minigo_grammar::source::Span;
use smallvec::SmallVec;

use super::{Checker, Form, Mode, Operand, Source};
use crate::diagnostics::code;
use crate::types::constant::{ConstString, ConstValue, MAX_INT_BITS, int_size};
use crate::types::ty::{Ty, Type};
use crate::types::typed::{BinaryOp, CompareOp, Expr, ExprKind, VarId};

/// The depth at which a chain of operators is cut.
const CHAIN: usize = 500;

/// Longer constant strings are refused.
const MAX_STRING: u64 = 2_000_000_000;

/// Pieces of constant text are collected up to this many bytes.
const MAX_TAIL: usize = 1 << 16;

/// The largest count of a constant shift, so that the smallest float can be expressed.
const MAX_SHIFT: u32 = 1023 - 1 + 52;

/// What an operator computes.
enum Operator {
    Value(BinaryOp),
    Compare(CompareOp),
    And,
    Or,
}

fn operator(op: ast::BinaryOp) -> Operator {
    use ast::BinaryOp as A;
    match op {
        A::LogicalOr => Operator::Or,
        A::LogicalAnd => Operator::And,
        A::Equal => Operator::Compare(CompareOp::Eq),
        A::NotEqual => Operator::Compare(CompareOp::Ne),
        A::Less => Operator::Compare(CompareOp::Lt),
        A::LessEqual => Operator::Compare(CompareOp::Le),
        A::Greater => Operator::Compare(CompareOp::Gt),
        A::GreaterEqual => Operator::Compare(CompareOp::Ge),
        A::Add => Operator::Value(BinaryOp::Add),
        A::Sub => Operator::Value(BinaryOp::Sub),
        A::Or => Operator::Value(BinaryOp::Or),
        A::Xor => Operator::Value(BinaryOp::Xor),
        A::Mul => Operator::Value(BinaryOp::Mul),
        A::Div => Operator::Value(BinaryOp::Div),
        A::Rem => Operator::Value(BinaryOp::Rem),
        A::And => Operator::Value(BinaryOp::And),
        A::AndNot => Operator::Value(BinaryOp::AndNot),
        A::Shl => Operator::Value(BinaryOp::Shl),
        A::Shr => Operator::Value(BinaryOp::Shr),
    }
}

/// A binary operation in the source: `x op y`, or `x op= y`.
#[derive(Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) op: ast::BinaryOp,
    pub(crate) op_pos: u32,
    /// The whole expression; none for `x op= y`.
    pub(crate) whole: Option<ExprId>,
}

impl Checker<'_> {
    /// A binary expression with all that hangs on its left side.
    pub(crate) fn binary_chain(&mut self, id: ExprId) -> Operand {
        let ast = self.ast();
        let mut spine: SmallVec<[(Operation, ExprId); 4]> = SmallVec::new();
        let mut left = id;
        while let ast::Expr::Binary { op, op_pos, x, y } = ast.expr(left) {
            spine.push((
                Operation {
                    op,
                    op_pos,
                    whole: Some(left),
                },
                y,
            ));
            left = x;
        }
        let mut x = self.single_value(left, None);
        // Constant text that is yet to be added to `x`.
        let mut tail: Vec<u8> = Vec::new();
        let mut is_text = false;
        let mut lets: Vec<(VarId, Box<Expr>)> = Vec::new();
        let mut depth = 0;
        for (operation, y) in spine.into_iter().rev() {
            let y = self.single_value(y, None);
            if let Some(added) = added_string(&x, &y, operation.op) {
                // Collected in one buffer: a long chain of concatenations takes linear time.
                if tail.len() + added.len() > MAX_TAIL {
                    join_tail(&mut x, &mut tail);
                }
                if added.len() > MAX_TAIL {
                    join_text(&mut x, added);
                } else {
                    tail.extend_from_slice(added);
                }
                is_text = true;
                self.place_at(&mut x, operation);
                continue;
            }
            if std::mem::take(&mut is_text) {
                self.finish_text(&mut x, &mut tail);
            }
            self.binary(&mut x, y, operation);
            self.place_at(&mut x, operation);
            depth += 1;
            if depth >= CHAIN
                && x.tree.is_some()
                && (!self.types.is_untyped(x.ty) || x.ty == Ty::UNTYPED_BOOL)
            {
                depth = 0;
                self.cut_chain(&mut x, &mut lets);
            }
        }
        if is_text {
            self.finish_text(&mut x, &mut tail);
        }
        for (var, init) in lets.into_iter().rev() {
            let body = x.take_tree();
            if x.is_valid() {
                let kind = ExprKind::Let {
                    vars: vec![var],
                    init,
                    body,
                };
                x.tree = Some(Box::new(Expr {
                    ty: x.ty,
                    loc: x.loc,
                    kind,
                }));
            }
        }
        x
    }

    /// The operand now stands for the whole operation.
    fn place_at(&mut self, x: &mut Operand, operation: Operation) {
        if let Some(whole) = operation.whole {
            x.source = Source::Expr(whole);
            x.loc = self.loc(self.ast().expr_span(whole));
        }
        if x.is_valid() {
            x.form = Form::Expression;
        }
    }

    /// Adds the rest of a constant string, which must not be longer than Go's compiler takes.
    fn finish_text(&mut self, x: &mut Operand, tail: &mut Vec<u8>) {
        join_tail(x, tail);
        let len = x.constant_value().and_then(ConstValue::string_len);
        if let Some(len) = len.filter(|&len| len > MAX_STRING) {
            let message = format!("constant string too long ({len} bytes > {MAX_STRING} bytes)");
            self.error(code::CONST_OVERFLOW, x.loc.span, message);
            x.invalidate();
        }
    }

    /// Moves what was computed so far to a variable.
    fn cut_chain(&mut self, x: &mut Operand, lets: &mut Vec<(VarId, Box<Expr>)>) {
        let Some(mut tree) = x.tree.take() else {
            return;
        };
        let ty = if x.ty == Ty::UNTYPED_BOOL {
            Ty::BOOL
        } else {
            x.ty
        };
        self.set_type(&mut tree, ty);
        let var = self.new_var(self.empty.clone(), ty, x.loc);
        x.tree = Some(Box::new(Expr {
            ty: x.ty,
            loc: x.loc,
            kind: ExprKind::Var(var),
        }));
        lets.push((var, tree));
    }

    /// Makes `x` the result of `x op y`.
    pub(crate) fn binary(&mut self, x: &mut Operand, mut y: Operand, operation: Operation) {
        if !x.is_valid() || !y.is_valid() {
            return x.invalidate();
        }
        let op = operator(operation.op);
        if let Operator::Value(op @ (BinaryOp::Shl | BinaryOp::Shr)) = op {
            return self.shift(x, y, op, operation);
        }
        self.match_types(x, &mut y);
        if !x.is_valid() {
            return;
        }
        if let Operator::Compare(op) = op {
            return self.comparison(x, y, op, false);
        }
        if x.ty != y.ty {
            if x.ty != Ty::INVALID && y.ty != Ty::INVALID {
                self.report_mismatched(x, &y, operation);
            }
            return x.invalidate();
        }
        if !self.operator_defined(x, operation.op) {
            return x.invalidate();
        }
        let divides = matches!(op, Operator::Value(BinaryOp::Div | BinaryOp::Rem));
        if divides
            && (x.is_constant() || self.types.all_integer(x.ty))
            && y.constant_value().is_some_and(ConstValue::is_zero)
        {
            self.error(
                code::DIVISION_BY_ZERO,
                y.loc.span,
                "invalid operation: division by zero",
            );
            return x.invalidate();
        }
        if x.is_constant() && y.is_constant() {
            return self.const_binary(x, &y, &op, operation);
        }
        let loc = self.traced(self.loc_of(operation, x), operation.op_pos);
        let ty = x.ty;
        let (left, right) = (x.take_tree(), y.take_tree());
        let kind = match op {
            Operator::Value(op) => ExprKind::Binary {
                op,
                x: left,
                y: right,
            },
            Operator::And => ExprKind::AndAnd { x: left, y: right },
            Operator::Or | Operator::Compare(_) => ExprKind::OrOr { x: left, y: right },
        };
        x.tree = Some(Box::new(Expr { ty, loc, kind }));
        x.mode = Mode::Value;
        x.value = None;
    }

    /// Where a run-time error in an operation is reported, and where its excerpt is.
    fn loc_of(&self, operation: Operation, x: &Operand) -> crate::types::ty::Loc {
        match operation.whole {
            Some(whole) => self.loc(self.ast().expr_span(whole)),
            None => x.loc,
        }
    }

    fn report_mismatched(&mut self, x: &Operand, y: &Operand, operation: Operation) {
        let (left, right) = (self.type_string(x.ty), self.type_string(y.ty));
        let text = match operation.whole {
            Some(whole) => self.expr_string(whole),
            None => {
                format!(
                    "{} {}= {}",
                    self.operand_text(x),
                    operation.op.text(),
                    self.operand_text(y)
                )
            }
        };
        let message = format!("invalid operation: {text} (mismatched types {left} and {right})");
        self.error(code::MISMATCHED_TYPES, x.loc.span, message);
    }

    /// Whether the type of `x` has the operator; reports it if not.
    fn operator_defined(&mut self, x: &Operand, op: ast::BinaryOp) -> bool {
        use ast::BinaryOp as A;
        let types = &self.types;
        let defined = match op {
            A::Add => types.all_numeric_or_string(x.ty),
            A::Sub | A::Mul | A::Div => types.all_numeric(x.ty),
            A::LogicalAnd | A::LogicalOr => types.all_boolean(x.ty),
            _ => types.all_integer(x.ty),
        };
        if !defined {
            let what = self.describe(x);
            let message = format!(
                "invalid operation: operator {} not defined on {what}",
                op.text()
            );
            self.error(code::INVALID_OPERATION, x.loc.span, message);
        }
        defined
    }

    /// An operation on two constants of one type.
    fn const_binary(&mut self, x: &mut Operand, y: &Operand, op: &Operator, operation: Operation) {
        let (Some(left), Some(right)) = (x.constant_value(), y.constant_value()) else {
            return;
        };
        let value = match (op, left, right) {
            (Operator::And, ConstValue::Bool(a), ConstValue::Bool(b)) => {
                Some(ConstValue::Bool(*a && *b))
            }
            (Operator::Or, ConstValue::Bool(a), ConstValue::Bool(b)) => {
                Some(ConstValue::Bool(*a || *b))
            }
            (Operator::Value(op), ..) => left.binary(*op, right, self.types.is_integer(x.ty)),
            _ => None,
        };
        self.set_const(x, value, operation);
    }

    /// The operand becomes a computed constant, if that is in range.
    fn set_const(&mut self, x: &mut Operand, value: Option<ConstValue>, operation: Operation) {
        let place = Span::new(
            operation.op_pos,
            operation.op_pos + operation.op.text().len() as u32,
        );
        let Some(value) = value else {
            self.error(
                code::CONST_OVERFLOW,
                place,
                "constant result is not representable",
            );
            return x.invalidate();
        };
        x.value = Some(value);
        let name = match operation.op {
            ast::BinaryOp::Add => "addition ",
            ast::BinaryOp::Sub => "subtraction ",
            ast::BinaryOp::Xor => "bitwise XOR ",
            ast::BinaryOp::Mul => "multiplication ",
            ast::BinaryOp::Shl => "shift ",
            _ => "",
        };
        self.place_at(x, operation);
        self.check_overflow(x, name, place);
    }

    /// A constant result must be representable in its type; an untyped integer must not grow without bounds.
    pub(crate) fn check_overflow(&mut self, x: &mut Operand, operation: &str, place: Span) {
        if !self.types.is_untyped(x.ty) {
            return self.check_representable(x, x.ty);
        }
        if let Some(ConstValue::Int(value)) = &x.value
            && value.bits() > MAX_INT_BITS
        {
            self.error(
                code::CONST_OVERFLOW,
                place,
                format!("constant {operation}overflow"),
            );
            x.invalidate();
        }
    }

    /// Converts untyped operands so that both have the same type, if that may work. Else the mismatch shows later.
    pub(crate) fn match_types(&mut self, x: &mut Operand, y: &mut Operand) {
        if !self.may_convert(x, y) {
            return;
        }
        self.convert_untyped(x, y.ty);
        if x.is_valid() {
            self.convert_untyped(y, x.ty);
            if !y.is_valid() {
                x.invalidate();
            }
        }
    }

    fn may_convert(&self, x: &Operand, y: &Operand) -> bool {
        let types = &self.types;
        if !types.is_untyped(x.ty) && !types.is_untyped(y.ty)
            || types.all_numeric(x.ty) != types.all_numeric(y.ty)
        {
            return false;
        }
        if types.is_interface(x.ty) || types.is_interface(y.ty) {
            return true;
        }
        if types.all_boolean(x.ty) != types.all_boolean(y.ty)
            || types.all_string(x.ty) != types.all_string(y.ty)
        {
            return false;
        }
        if x.is_nil() {
            return types.has_nil(y.ty);
        }
        if y.is_nil() {
            return types.has_nil(x.ty);
        }
        let pointer = |ty| matches!(types.under(ty), Type::Pointer(_));
        !pointer(x.ty) && !pointer(y.ty)
    }

    /// Makes `x` the comparison `x op y`; in a switch case, `x` is the case and `y` the tag.
    pub(crate) fn comparison(
        &mut self,
        x: &mut Operand,
        mut y: Operand,
        op: CompareOp,
        switch_case: bool,
    ) {
        if x.ty == Ty::INVALID || y.ty == Ty::INVALID {
            return x.invalidate();
        }
        if let Err((on_second, cause)) = self.comparable_operands(x, &y, op) {
            self.report_comparison(x, &y, op, switch_case, on_second, cause);
            return x.invalidate();
        }
        if let (Some(left), Some(right)) = (x.constant_value(), y.constant_value()) {
            x.value = left.compare(op, right).map(ConstValue::Bool);
            x.ty = Ty::UNTYPED_BOOL;
            return;
        }
        // Both operands are final now; the one that is not an interface becomes one if the other is.
        for operand in [&mut *x, &mut y] {
            if self.types.is_untyped(operand.ty) && !operand.is_nil() {
                let default = self.types.default_type(operand.ty);
                self.convert_untyped(operand, default);
            }
        }
        if !x.is_valid() || !y.is_valid() {
            return x.invalidate();
        }
        let loc = x.loc;
        let (mut left, mut right) = (x.take_tree(), y.take_tree());
        if left.ty != right.ty {
            let to_right = self.types.is_interface(right.ty) && !self.types.is_interface(left.ty)
                || self
                    .assignable(&Operand::typed(left.ty, loc), right.ty)
                    .is_ok();
            if to_right {
                left = self.coerce(left, y.ty);
            } else {
                right = self.coerce(right, x.ty);
            }
        }
        let kind = ExprKind::Compare {
            op,
            x: left,
            y: right,
        };
        let loc = crate::types::ty::Loc {
            span: loc.span.to(y.loc.span),
            ..loc
        };
        x.tree = Some(Box::new(Expr {
            ty: Ty::UNTYPED_BOOL,
            loc,
            kind,
        }));
        x.mode = Mode::Value;
        x.value = None;
        x.ty = Ty::UNTYPED_BOOL;
    }

    /// Whether the operands can be compared; if not, whether the second is to blame, and the cause if there is more to say.
    fn comparable_operands(
        &mut self,
        x: &Operand,
        y: &Operand,
        op: CompareOp,
    ) -> Result<(), (bool, String)> {
        if self.assignable(x, y.ty).is_err() && self.assignable(y, x.ty).is_err() {
            let (left, right) = (self.type_string(x.ty), self.type_string(y.ty));
            return Err((true, format!("mismatched types {left} and {right}")));
        }
        if matches!(op, CompareOp::Eq | CompareOp::Ne) {
            if x.is_nil() || y.is_nil() {
                let ty = if x.is_nil() { y.ty } else { x.ty };
                return if self.types.has_nil(ty) {
                    Ok(())
                } else {
                    Err((true, String::new()))
                };
            }
            for (operand, second) in [(x, false), (y, true)] {
                if let Some(cause) =
                    self.types
                        .incomparable_cause(operand.ty, true, self.cx.package)
                {
                    let kind = self.types.composite_kind(operand.ty);
                    let cause = match kind {
                        "slice" | "func" | "map" => format!("{kind} can only be compared to nil"),
                        _ => cause,
                    };
                    return Err((second, cause));
                }
            }
            return Ok(());
        }
        for (operand, second) in [(x, false), (y, true)] {
            if !self.types.all_ordered(operand.ty) {
                return Err((second, String::new()));
            }
        }
        Ok(())
    }

    fn report_comparison(
        &mut self,
        x: &Operand,
        y: &Operand,
        op: CompareOp,
        switch_case: bool,
        on_second: bool,
        mut cause: String,
    ) {
        let mut blamed = if on_second { y } else { x };
        let op = compare_text(op);
        if cause.is_empty() {
            if self.types.is_type_param(x.ty) || self.types.is_type_param(y.ty) {
                if !self.types.is_type_param(x.ty) {
                    blamed = y;
                }
                cause = format!(
                    "type parameter {} cannot use operator {op}",
                    self.type_string(blamed.ty)
                );
            } else {
                let what = match self.types.composite_kind(blamed.ty) {
                    "" => self.type_string(blamed.ty),
                    kind => kind.to_string(),
                };
                cause = format!("operator {op} not defined on {what}");
            }
        }
        let (left, right) = (self.operand_text(x), self.operand_text(y));
        let code = if cause.starts_with("mismatched") {
            code::MISMATCHED_TYPES
        } else {
            code::INVALID_OPERATION
        };
        if switch_case {
            self.error(
                code,
                x.loc.span,
                format!("invalid case {left} in switch on {right} ({cause})"),
            );
        } else {
            let message = format!("invalid operation: {left} {op} {right} ({cause})");
            self.error(code, blamed.loc.span, message);
        }
    }

    /// Makes `x` the shift `x op y`.
    fn shift(&mut self, x: &mut Operand, mut y: Operand, op: BinaryOp, operation: Operation) {
        let untyped_int =
            self.types.is_untyped(x.ty) && x.constant_value().is_some_and(|v| v.to_int().is_some());
        if !self.types.all_integer(x.ty) && !untyped_int {
            return self.report_shifted(x);
        }
        if !self.check_shift_count(&mut y) {
            return x.invalidate();
        }
        if let Some(value) = x.constant_value() {
            if let Some(count) = y.constant_value() {
                let count = count.to_int().and_then(|count| count.to_u64());
                let count = count.and_then(|count| u32::try_from(count).ok());
                let Some(count) = count.filter(|&count| count <= MAX_SHIFT) else {
                    let message = format!(
                        "invalid operation: invalid shift count {}",
                        self.describe(&y)
                    );
                    self.error(code::INVALID_OPERATION, y.loc.span, message);
                    return x.invalidate();
                };
                let value = value.shift(op == BinaryOp::Shl, count);
                if !self.types.is_integer(x.ty) {
                    x.ty = Ty::UNTYPED_INT;
                }
                return self.set_const(x, value, operation);
            }
            if self.types.is_untyped(x.ty) {
                // The constant gets its type when that of the shift is known.
                return self.finish_shift(x, y, op, operation);
            }
        }
        if !self.types.all_integer(x.ty) {
            return self.report_shifted(x);
        }
        self.finish_shift(x, y, op, operation);
    }

    fn report_shifted(&mut self, x: &mut Operand) {
        let message = format!(
            "invalid operation: shifted operand {} must be integer",
            self.describe(x)
        );
        self.error(code::INVALID_OPERATION, x.loc.span, message);
        x.invalidate();
    }

    /// Whether a shift count is a non-negative integer; afterwards it is typed or a constant.
    fn check_shift_count(&mut self, y: &mut Operand) -> bool {
        if let Some(value) = y.constant_value() {
            if value.to_int().is_some_and(|value| value.is_negative()) {
                let message = format!(
                    "invalid operation: negative shift count {}",
                    self.describe(y)
                );
                self.error(code::INVALID_OPERATION, y.loc.span, message);
                return false;
            }
            if self.types.is_untyped(y.ty) {
                self.check_representable(y, Ty::UINT);
                return y.is_valid();
            }
            // The type of a constant does not matter if its value is an integer.
            return value.to_int().is_some() || self.integer_count(y);
        }
        if self.types.is_untyped(y.ty) {
            self.convert_untyped(y, Ty::UINT);
            return y.is_valid();
        }
        self.integer_count(y)
    }

    fn integer_count(&mut self, y: &Operand) -> bool {
        let integer = self.types.all_integer(y.ty);
        if !integer {
            let message = format!(
                "invalid operation: shift count {} must be integer",
                self.describe(y)
            );
            self.error(code::INVALID_OPERATION, y.loc.span, message);
        }
        integer
    }

    fn finish_shift(
        &mut self,
        x: &mut Operand,
        mut y: Operand,
        op: BinaryOp,
        operation: Operation,
    ) {
        if self.types.is_untyped(y.ty) {
            // A constant count; its value fits.
            self.convert_untyped(&mut y, Ty::UINT);
        }
        let loc = self.traced(self.loc_of(operation, x), operation.op_pos);
        let ty = x.ty;
        let kind = ExprKind::Binary {
            op,
            x: x.take_tree(),
            y: y.take_tree(),
        };
        x.tree = Some(Box::new(Expr { ty, loc, kind }));
        x.mode = Mode::Value;
        x.value = None;
    }

    /// The size in bits of an unsigned integer type.
    pub(crate) fn unsigned_bits(&self, ty: Ty) -> Option<u32> {
        match self.types.under(ty) {
            Type::Basic(basic) => int_size(*basic)
                .filter(|(signed, _)| !signed)
                .map(|(_, bits)| bits),
            _ => None,
        }
    }
}

/// The operator as written.
fn compare_text(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => "==",
        CompareOp::Ne => "!=",
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
    }
}

/// The constant string that is added to another of its type.
fn added_string<'a>(x: &Operand, y: &'a Operand, op: ast::BinaryOp) -> Option<&'a ConstString> {
    match (op, x.constant_value()?, y.constant_value()?) {
        (ast::BinaryOp::Add, ConstValue::String(_), ConstValue::String(b)) if x.ty == y.ty => {
            Some(b)
        }
        _ => None,
    }
}

fn join_tail(x: &mut Operand, tail: &mut Vec<u8>) {
    if !tail.is_empty() {
        join_text(x, &std::mem::take(tail).into());
    }
}

fn join_text(x: &mut Operand, added: &ConstString) {
    if let Some(ConstValue::String(text)) = &mut x.value {
        *text = text.concat(added);
    }
}
