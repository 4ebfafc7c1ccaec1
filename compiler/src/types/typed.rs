//! The typed tree: what the checker hands to escape analysis and code generation.
//!
//! Everything implicit in the source is explicit here: conversions (value to interface, untyped constants, nil),
//! dereferences and addresses taken for selectors and receivers, promoted fields, packed variadic arguments, default
//! results. Every expression has its final type (never an untyped one; `Tuple` only for calls and comma-ok forms where the
//! parent says so). A constant is a `Const` of its type whatever expression it came from.

use super::constant::ConstValue;
use super::ty::{Loc, NamedId, PackageId, Ty, TypeParamId, Types};
use std::rc::Rc;

/// A declared function or method: index into [`Module::funcs`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FuncRef(pub u32);

/// A package-level variable: index into [`Module::globals`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GlobalRef(pub u32);

/// A local variable: index into [`Func::vars`] of the declared function it is in (function literals share the table of the
/// declared function around them).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct VarId(pub u32);

/// A function literal within its declared function, from 1 in source order; 0 is the declared function itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LitId(pub u32);

/// A statement that `break`/`continue` can name: unique within the declared function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TargetId(pub u32);

/// A label that `goto` can name: unique within the declared function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LabelId(pub u32);

/// A checked program: all packages.
#[derive(Debug)]
pub struct Module {
    pub types: Types,
    pub globals: Vec<Global>,
    pub funcs: Vec<Func>,
    /// In the order they must run: one synthetic function a package, whose body assigns the package's variables in
    /// dependency order and then calls its `init` functions. Named `main.init`, `fmt.init` …
    pub inits: Vec<FuncRef>,
    /// `main.main`.
    pub main: FuncRef,
    /// Defined types that codegen looks up by (package path, name): those of package `runtime` for run-time errors.
    pub well_known: Vec<(Rc<str>, Rc<str>, Ty)>,
    /// The predeclared type `error`.
    pub error: Ty,
}

/// A package-level variable.
#[derive(Debug)]
pub struct Global {
    /// `main.x`.
    pub name: Rc<str>,
    pub ty: Ty,
    pub loc: Loc,
}

/// A declared function or method.
#[derive(Debug)]
pub struct Func {
    /// As tracebacks print it: `main.f`, `main.T.M`, `main.(*T).M`.
    pub name: Rc<str>,
    pub package: PackageId,
    /// Type parameters (the receiver's first, for a method of a generic type); code is generated for each instance.
    pub type_params: Vec<TypeParamId>,
    /// All local variables, those of function literals in it included.
    pub vars: Vec<Var>,
    /// Number of function literals in it.
    pub lits: u32,
    pub targets: u32,
    pub labels: u32,
    /// The function itself. For a method the receiver is the first parameter.
    pub code: FuncCode,
    /// No body: a native of this name.
    pub native: bool,
    /// Something reaches it, so that its body was checked; of a library not all is.
    pub reached: bool,
    pub loc: Loc,
}

/// Parameters, results and body of a declared function or a function literal.
#[derive(Debug)]
pub struct FuncCode {
    pub lit: LitId,
    /// `Type::Func`, including a receiver as first parameter.
    pub sig: Ty,
    pub params: Vec<VarId>,
    /// A variable for each result, also where the source gives it no name.
    pub results: Vec<VarId>,
    /// The results have names in the source.
    pub named_results: bool,
    pub body: Block,
    /// Contains a `defer` (not counting function literals in it).
    pub has_defer: bool,
    /// Contains a call of `recover` (not counting function literals in it).
    pub has_recover: bool,
    /// Was the body of a loop over a function.
    pub range_body: bool,
    /// Stands for a method: tracebacks leave it out.
    pub wrapper: bool,
    /// Position of the closing brace, where an implicit return happens.
    pub end: Loc,
}

/// A local variable.
#[derive(Debug)]
pub struct Var {
    pub name: Rc<str>,
    pub ty: Ty,
    /// The function literal (or 0) that declares it.
    pub owner: LitId,
    pub loc: Loc,
}

/// Statements in a scope.
#[derive(Debug, Default)]
pub struct Block {
    pub stmts: Vec<Stmt>,
}

/// A statement.
#[derive(Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    pub loc: Loc,
}

/// What is assigned to.
#[derive(Debug)]
pub enum Target {
    /// `_`
    Blank,
    /// A new variable of this statement (`:=`, `var`).
    Define(VarId),
    /// A place: `Var`, `Global`, `Deref`, `Field`, `Index` of a place, `MapIndex`.
    Place(Expr),
}

/// The kinds of statements.
#[derive(Debug)]
pub enum StmtKind {
    Expr(Expr),
    /// `var x T`: a fresh zero variable.
    Zero(VarId),
    /// `a, b = x, y` and `a, b := x, y`: as many values as targets; each value already has its target's type (for Blank its
    /// default type). Order as in the spec: operands of index expressions and dereferences on the left and all on the right
    /// first, then assignments left to right.
    Assign {
        targets: Vec<Target>,
        values: Vec<Expr>,
    },
    /// `a, b = f()`, `v, ok = m[k]` …: `value` is of tuple type; codegen converts a component to its target's type where they differ.
    AssignTuple {
        targets: Vec<Target>,
        value: Expr,
    },
    /// `x op= y`; also `x++` (y is constant 1). The place is evaluated once. For shifts y has its own type.
    OpAssign {
        op: BinaryOp,
        target: Expr,
        value: Expr,
    },
    Send {
        chan: Expr,
        value: Expr,
    },
    Block(Block),
    If {
        cond: Expr,
        then: Block,
        els: Option<Box<Stmt>>,
    },
    For(Box<For>),
    Range(Box<Range>),
    Switch(Box<Switch>),
    TypeSwitch(Box<TypeSwitch>),
    Select(Box<Select>),
    /// Declares the label for `goto` (labels used only by break/continue do not appear).
    Label(LabelId),
    Goto(LabelId),
    Break(TargetId),
    Continue(TargetId),
    /// Converted to the result types. Empty for a bare return (with named results: their current values).
    Return(Vec<Expr>),
    /// `return f()` with several results.
    ReturnTuple(Expr),
    /// The call is an `ExprKind::Call`, a `Builtin`, or for calls of other forms whatever they became.
    Go(Expr),
    Defer(Expr),
    /// Defers the calls that `DeferTo` will add to this list, a new variable of type `[]func()`.
    DeferList(VarId),
    /// `defer` for the function that has deferred the list.
    DeferTo {
        list: VarId,
        call: Expr,
    },
}

/// `for init; cond; post`: `init` stands before it in a block.
#[derive(Debug)]
pub struct For {
    pub target: TargetId,
    /// Variables declared by the init statement: fresh for each iteration (Go 1.22), copied before `post`.
    pub vars: Vec<VarId>,
    pub cond: Option<Expr>,
    pub post: Option<Stmt>,
    pub body: Block,
}

/// What a range statement ranges over; decided by the (core) type of `x`. (A loop over a function is a call.)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RangeKind {
    /// An integer n: 0 … n-1; `key` gets x's type.
    Int,
    /// `x` is a slice.
    Slice,
    /// `x` is an array value; evaluated (copied) once only if `value` is used.
    Array,
    /// `x` is a pointer to an array.
    ArrayPtr,
    String,
    Map,
    Chan,
}

/// `for key, value := range x`.
#[derive(Debug)]
pub struct Range {
    pub target: TargetId,
    pub kind: RangeKind,
    pub x: Expr,
    /// For channels the element is the key. Codegen converts to the target's type where it differs.
    pub key: Option<Target>,
    pub value: Option<Target>,
    pub body: Block,
}

/// An expression switch; the tag was assigned to a variable before it, so every case is a bool expression.
#[derive(Debug)]
pub struct Switch {
    pub target: TargetId,
    pub cases: Vec<Case>,
}

/// A clause of a [`Switch`].
#[derive(Debug)]
pub struct Case {
    /// Tried in order; empty and `default` for the default clause.
    pub conds: Vec<Expr>,
    pub default: bool,
    pub body: Block,
    /// Ends in `fallthrough`.
    pub fallthrough: bool,
    pub loc: Loc,
}

/// A type switch; the operand was assigned to the variable `x` (of interface type) before it.
#[derive(Debug)]
pub struct TypeSwitch {
    pub target: TargetId,
    pub x: VarId,
    pub cases: Vec<TypeCase>,
}

/// A clause of a [`TypeSwitch`].
#[derive(Debug)]
pub struct TypeCase {
    /// None is `nil`.
    pub types: Vec<Option<Ty>>,
    pub default: bool,
    /// The variable of `switch v := x.(type)` in this clause, if it is used.
    pub var: Option<VarId>,
    pub body: Block,
    pub loc: Loc,
}

/// A select statement.
#[derive(Debug)]
pub struct Select {
    pub target: TargetId,
    pub cases: Vec<SelectCase>,
}

/// A clause of a [`Select`].
#[derive(Debug)]
pub struct SelectCase {
    pub comm: Comm,
    pub body: Block,
    pub loc: Loc,
}

/// The communication of a select clause.
#[derive(Debug)]
pub enum Comm {
    Default,
    Send {
        chan: Expr,
        value: Expr,
    },
    /// Codegen converts the element to the target's type where they differ.
    Recv {
        chan: Expr,
        value: Option<Target>,
        ok: Option<Target>,
    },
}

/// Binary operators that compute a value of their operands' type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    AndNot,
    Shl,
    Shr,
}

/// Comparison operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// Unary operators that compute a value (`+x` is `x`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnaryOp {
    Neg,
    /// Bitwise complement.
    Not,
    /// `!`
    LogicalNot,
}

/// Builtin functions that are not folded into constants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Builtin {
    /// args: slice, elements… (at least one), all of the element type
    Append,
    /// args: slice, slice or string (`append(a, b...)`)
    AppendSlice,
    Cap,
    /// args: map or slice
    Clear,
    Close,
    Complex,
    /// args: slice, slice or string
    Copy,
    Delete,
    Imag,
    Len,
    /// Type from the expression's type; args: length/capacity/size/hint, converted to int (out-of-range unsigned values stay negative
    /// or huge and fail in the VM)
    Make,
    Max,
    Min,
    /// `new(T)`: pointer to zero; with an argument (Go 1.26): pointer to a variable initialised with it
    New,
    Panic,
    Print,
    Println,
    /// The panic for a misused loop over a function; no args.
    RangePanic(RangeFault),
    Real,
    Recover,
    /// The panic for a value method called with a nil pointer as receiver where only a pointer is at hand; args: its text
    ValueMethod,
}

/// What can go wrong in a loop over a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RangeFault {
    /// The body was called after it had left the loop,
    Done,
    /// … while it ran or after it had panicked,
    Panicked,
    /// … after the iterator had returned.
    Exhausted,
    /// The iterator recovered a panic of the body.
    Swallowed,
}

impl RangeFault {
    /// The run-time error in Go's words.
    pub fn message(self) -> &'static str {
        match self {
            RangeFault::Done => {
                "range function continued iteration after function for loop body returned false"
            }
            RangeFault::Panicked => "range function continued iteration after loop body panic",
            RangeFault::Exhausted => "range function continued iteration after whole loop exit",
            RangeFault::Swallowed => {
                "range function recovered a loop body panic and did not resume panicking"
            }
        }
    }
}

/// How a call finds its function.
#[derive(Debug)]
pub enum Callee {
    /// A declared function or method (the receiver, adjusted, is the first argument), with type arguments.
    Static { func: FuncRef, type_args: Vec<Ty> },
    /// A method of an interface value, by name (package for unexported ones).
    Interface {
        recv: Expr,
        name: Rc<str>,
        package: Option<PackageId>,
    },
    /// A method of a value whose type is a type parameter: resolved when instantiated.
    TypeParam {
        recv: Expr,
        name: Rc<str>,
        package: Option<PackageId>,
    },
    /// A function value.
    Value(Expr),
}

/// `if recv == nil { panic }` for a function that calls the value method `name` of `*recv`, a variable of type `*named`.
pub fn value_method_check(types: &Types, named: NamedId, name: &str, recv: Expr) -> Stmt {
    let loc = recv.loc;
    let info = &types.named[named.0 as usize];
    let package = &types.packages[info.package.0 as usize].0;
    let args = if info.origin.is_some() { "[...]" } else { "" };
    let ty = format!("{}{args}", info.name);
    let text = format!("value method {package}.{ty}.{name} called using nil *{ty} pointer");
    let expr = |ty, kind| Expr { ty, loc, kind };
    let nil = expr(recv.ty, ExprKind::Zero);
    let cond = ExprKind::Compare {
        op: CompareOp::Eq,
        x: Box::new(recv),
        y: Box::new(nil),
    };
    let text = ConstValue::String(text.into_bytes().into());
    let panic = ExprKind::Builtin {
        builtin: Builtin::ValueMethod,
        args: vec![expr(Ty::STRING, ExprKind::Const(text))],
    };
    let panic = StmtKind::Expr(expr(Ty::INVALID, panic));
    Stmt {
        loc,
        kind: StmtKind::If {
            cond: expr(Ty::BOOL, cond),
            then: Block {
                stmts: vec![Stmt { kind: panic, loc }],
            },
            els: None,
        },
    }
}

/// An expression.
#[derive(Debug)]
pub struct Expr {
    pub ty: Ty,
    pub loc: Loc,
    pub kind: ExprKind,
}

// There are more of them than of anything else.
const _: () = assert!(size_of::<Expr>() <= 56);

/// The kinds of expressions. "Place" marks those that can be assigned to and whose address can be taken
/// (`Field` and array `Index` only if their operand is a place).
#[derive(Debug)]
pub enum ExprKind {
    Const(ConstValue),
    /// `nil` of `ty`, and the zero value of any type where the checker needs one.
    Zero,
    /// Place.
    Var(VarId),
    /// Place.
    Global(GlobalRef),
    /// A declared function as a value.
    Func {
        func: FuncRef,
        type_args: Vec<Ty>,
    },
    FuncLit(Box<FuncCode>),
    Unary {
        op: UnaryOp,
        x: Box<Expr>,
    },
    /// Both operands have type `ty`; for shifts `y` has its own integer type. Strings: `Add` only.
    Binary {
        op: BinaryOp,
        x: Box<Expr>,
        y: Box<Expr>,
    },
    /// `ty` is a boolean type; both operands have the same type. Comparing with nil: the other operand is a `Zero`.
    Compare {
        op: CompareOp,
        x: Box<Expr>,
        y: Box<Expr>,
    },
    AndAnd {
        x: Box<Expr>,
        y: Box<Expr>,
    },
    OrOr {
        x: Box<Expr>,
        y: Box<Expr>,
    },
    /// Conversion of `x` to `ty`, explicit or implicit; what it does follows from the two types.
    Convert(Box<Expr>),
    Call {
        callee: Box<Callee>,
        args: Vec<Expr>,
    },
    Builtin {
        builtin: Builtin,
        args: Vec<Expr>,
    },
    /// Declares the variables, assigns them the components of `init` (a tuple, or one value for one variable), then is `body`. Used for `f(g())` with several results,
    /// for method values, and wherever something must be evaluated once.
    Let {
        vars: Vec<VarId>,
        init: Box<Expr>,
        body: Box<Expr>,
    },
    /// `x` itself; panics with Go's nil dereference error if it is a nil pointer or nil interface (method values).
    NilCheck(Box<Expr>),
    /// Place. `*x`; panics when nil.
    Deref(Box<Expr>),
    /// `&x` of a place, or of a composite literal (then a fresh variable).
    AddrOf(Box<Expr>),
    /// Field `index` of the struct value or place `x`. Promoted fields and pointers are spelled out with further Field and Deref.
    Field {
        x: Box<Expr>,
        index: usize,
    },
    /// Element of an array (value or place), slice (then a place), or string (a byte).
    Index {
        x: Box<Expr>,
        index: Box<Expr>,
    },
    MapIndex {
        map: Box<Expr>,
        key: Box<Expr>,
    },
    /// `x[lo:hi:max]`; x is a slice, a string, or an array place.
    Slice {
        x: Box<Expr>,
        lo: Option<Box<Expr>>,
        hi: Option<Box<Expr>>,
        max: Option<Box<Expr>>,
    },
    /// `x.(ty)`
    TypeAssert(Box<Expr>),
    Recv(Box<Expr>),
    /// `ty` is `Tuple[V, bool]` for these three.
    MapIndexOk {
        map: Box<Expr>,
        key: Box<Expr>,
    },
    TypeAssertOk(Box<Expr>),
    RecvOk(Box<Expr>),
    /// Fields by index, the others zero; in source order.
    StructLit(Vec<(usize, Expr)>),
    /// Elements by index, in source order; `ty` is an array.
    ArrayLit(Vec<(u64, Expr)>),
    /// Elements by index and the length.
    SliceLit {
        len: u64,
        elems: Vec<(u64, Expr)>,
    },
    MapLit(Vec<(Expr, Expr)>),
}
