//! Operands: what the checker knows of an expression it has just looked at.
//!
//! An operand of an untyped non-constant expression (a comparison, a shift of an untyped constant) carries a tree that is
//! still untyped; it gets its final type, downwards, when the operand is converted (`set_type` in `conversion.rs`).
//! Constants carry no tree: whatever they were computed from, they become one `Const` of their final type.

use minigo_grammar::ast::ExprId;
use std::rc::Rc;

use super::Checker;
use super::lookup::Member;
use super::selector::BoundMethod;
use crate::types::constant::ConstValue;
use crate::types::ty::{Loc, Ty, Type, TypeParamId};
use crate::types::typed::{Expr, ExprKind};
use crate::types::universe::BuiltinId;

/// What kind of thing an operand is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// It did not check; an error was reported.
    Invalid,
    /// A call without result.
    NoValue,
    /// A builtin function.
    Builtin(BuiltinId),
    /// A type.
    TypeExpr,
    /// A constant; its value is in [`Operand::value`].
    Constant,
    /// A place.
    Variable,
    /// An element of a map: can be assigned to, but has no address; also gives `v, ok`.
    MapIndex,
    /// A computed value.
    Value,
    /// The predeclared `nil`.
    Nil,
    /// A value that can also give `v, ok`.
    CommaOk,
}

impl Mode {
    /// As messages name it.
    fn text(self) -> &'static str {
        match self {
            Mode::Invalid => "invalid operand",
            Mode::NoValue => "no value",
            Mode::Builtin(_) => "built-in",
            Mode::TypeExpr => "type",
            Mode::Constant => "constant",
            Mode::Variable => "variable",
            Mode::MapIndex => "map index expression",
            Mode::Value => "value",
            Mode::Nil => "nil",
            Mode::CommaOk => "comma, ok expression",
        }
    }
}

/// What an expression may be used as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// A conversion: not a statement.
    Conversion,
    /// Any other expression that is not a statement.
    Expression,
    /// A call or receive operation: can stand as a statement.
    Statement,
}

/// How messages show an operand.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The expression of the file that is checked.
    Expr(ExprId),
    /// What has no expression of its own, such as `2nd function result`.
    Text(Rc<str>),
}

/// A checked expression.
#[derive(Debug)]
pub(crate) struct Operand {
    /// What it is.
    pub(crate) mode: Mode,
    /// Its type; a tuple for a call with several results.
    pub(crate) ty: Ty,
    /// The value of a constant.
    pub(crate) value: Option<ConstValue>,
    /// What computes it; none for constants, nil, types and invalid operands.
    pub(crate) tree: Option<Box<Expr>>,
    /// How messages show it.
    pub(crate) source: Source,
    /// Where it is.
    pub(crate) loc: Loc,
    /// What it may be used as.
    pub(crate) form: Form,
    /// A generic function or method that lacks type arguments.
    pub(crate) generic: Option<Box<Generic>>,
    /// A method that waits to be called; then there is no tree yet.
    pub(crate) method: Option<Box<BoundMethod>>,
}

/// What a generic function or method lacks. The function is the operand's tree (an `ExprKind::Func`), its method, or
/// `member`; the type arguments there are those of a method's receiver.
#[derive(Clone, Debug)]
pub(crate) struct Generic {
    /// Its type parameters; those of a method as its receiver's type arguments make them.
    pub(crate) params: Vec<TypeParamId>,
    /// The type parameters as they were declared.
    pub(crate) declared: Vec<TypeParamId>,
    /// Type arguments for the first of them.
    pub(crate) given: Vec<Ty>,
    /// For a method expression that adjusts its receiver: what it selects.
    pub(crate) member: Option<Member>,
}

impl Operand {
    /// An operand that did not check.
    pub(crate) fn invalid(source: ExprId, loc: Loc) -> Operand {
        Operand::detached(Source::Expr(source), loc)
    }

    /// An operand without tree.
    pub(crate) fn new(mode: Mode, ty: Ty, source: ExprId, loc: Loc) -> Operand {
        Operand {
            mode,
            ty,
            form: Form::Expression,
            ..Operand::invalid(source, loc)
        }
    }

    /// A constant.
    pub(crate) fn constant(value: ConstValue, ty: Ty, source: ExprId, loc: Loc) -> Operand {
        Operand {
            value: Some(value),
            ..Operand::new(Mode::Constant, ty, source, loc)
        }
    }

    /// Something computed by `kind`.
    pub(crate) fn computed(
        mode: Mode,
        ty: Ty,
        kind: ExprKind,
        source: ExprId,
        loc: Loc,
    ) -> Operand {
        Operand {
            tree: Some(Box::new(Expr { ty, loc, kind })),
            ..Operand::new(mode, ty, source, loc)
        }
    }

    /// A value of which only the type matters.
    pub(crate) fn typed(ty: Ty, loc: Loc) -> Operand {
        Operand {
            mode: Mode::Value,
            ty,
            ..Operand::detached(Source::Text("value".into()), loc)
        }
    }

    /// An invalid operand.
    fn detached(source: Source, loc: Loc) -> Operand {
        Operand {
            mode: Mode::Invalid,
            ty: Ty::INVALID,
            value: None,
            tree: None,
            source,
            loc,
            form: Form::Statement,
            generic: None,
            method: None,
        }
    }

    /// Whether it checked.
    pub(crate) fn is_valid(&self) -> bool {
        self.mode != Mode::Invalid
    }

    /// Whether it is the predeclared `nil`.
    pub(crate) fn is_nil(&self) -> bool {
        self.mode == Mode::Nil
    }

    /// The value, if it is a constant.
    pub(crate) fn constant_value(&self) -> Option<&ConstValue> {
        match self.mode {
            Mode::Constant => self.value.as_ref(),
            _ => None,
        }
    }

    /// Whether it is a constant.
    pub(crate) fn is_constant(&self) -> bool {
        self.mode == Mode::Constant
    }

    /// Makes it invalid.
    pub(crate) fn invalidate(&mut self) {
        self.mode = Mode::Invalid;
        self.tree = None;
        self.form = Form::Statement;
    }

    /// The expression it came from, if it has one.
    pub(crate) fn expr(&self) -> Option<ExprId> {
        match self.source {
            Source::Expr(expr) => Some(expr),
            Source::Text(_) => None,
        }
    }

    /// The tree of an operand whose type is final: for constants and nil a new one. Invalid operands give a zero value.
    pub(crate) fn take_tree(&mut self) -> Box<Expr> {
        if let Some(tree) = self.tree.take() {
            return tree;
        }
        let kind = match (self.mode, self.value.take()) {
            (Mode::Constant, Some(value)) => ExprKind::Const(value),
            _ => ExprKind::Zero,
        };
        Box::new(Expr {
            ty: self.ty,
            loc: self.loc,
            kind,
        })
    }
}

impl Checker<'_> {
    /// The source text of an operand, as messages show it.
    pub(crate) fn operand_text(&self, x: &Operand) -> String {
        match &x.source {
            Source::Expr(expr) => self.expr_string(*expr),
            Source::Text(text) => text.to_string(),
        }
    }

    /// An operand in messages: `x (variable of type int)`.
    pub(crate) fn describe(&self, x: &Operand) -> String {
        if x.is_nil() {
            return match x.ty {
                Ty::INVALID => "nil (with invalid type)".to_string(),
                Ty::UNTYPED_NIL => "nil".to_string(),
                ty => format!("nil (of type {})", self.type_string(ty)),
            };
        }
        let text = self.operand_text(x);
        let mut out = format!("{text} (");
        let typed = match x.mode {
            Mode::Invalid | Mode::NoValue | Mode::Builtin(_) | Mode::TypeExpr => false,
            _ if self.types.is_untyped(x.ty) => {
                out.push_str(&self.type_string(x.ty));
                out.push(' ');
                false
            }
            _ => true,
        };
        out.push_str(x.mode.text());
        if let Some(value) = x.constant_value() {
            let value = value.to_string();
            if value != text {
                out.push(' ');
                out.push_str(&value);
            }
        }
        if typed {
            out.push_str(&self.describe_type(x.ty, x.generic.is_some()));
        }
        out.push(')');
        out
    }

    /// ` of type T` with a word on what `T` is where its name does not say it.
    fn describe_type(&self, ty: Ty, generic: bool) -> String {
        let name = self.type_string(ty);
        match self.types.get(ty) {
            _ if ty == Ty::INVALID => " with invalid type".to_string(),
            Type::Named(_) => {
                let kind = match self.types.composite_kind(ty) {
                    "" => self.type_string(self.types.underlying(ty)),
                    kind => kind.to_string(),
                };
                format!(" of {kind} type {name}")
            }
            Type::Param(id) => {
                let constraint = self.types.params[id.0 as usize].constraint;
                format!(
                    " of type {name} constrained by {}",
                    self.type_string(constraint)
                )
            }
            _ if generic => format!(" of generic type {name}"),
            _ => format!(" of type {name}"),
        }
    }
}
