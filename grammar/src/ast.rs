//! The syntax tree: one arena for a file.
//!
//! Nodes are stored in vectors and name each other by number, lists are ranges of a pool, and names are
//! [`Symbol`]s. A tree of any depth is therefore built and dropped without recursion, and ids can be used as
//! keys into side tables (`Vec<Type>` by [`ExprId`]).
//!
//! A function of the library whose parsing is put off ([`crate::deferred`]) has an arena of its own, which belongs to that of its file: ids
//! and lists say by their upper bits which arena they are of, so that they are unique in a file.
//!
//! Types and values share one [`Expr`], because Go's syntax does not tell them apart (`f[T](x)`, `(*T)(p)`);
//! the checker decides. Parentheses are nodes. A span starts at the first byte of a construct and ends just
//! after its last byte; positions of single tokens (`lbrace`, `op_pos`) are byte offsets.

use std::num::NonZeroU32;

use crate::deferred::Deferred;
use crate::source::Span;
use crate::symbol::Symbol;

/// Declares an id: the number of a node in one vector of the tree, from 1 so that `Option` costs nothing.
/// A macro because the ids differ only in name.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(NonZeroU32);

        impl $name {
            /// The index of the node, from 0.
            pub fn index(self) -> usize {
                self.0.get() as usize - 1
            }

            /// The id of the node at `index`.
            pub fn from_index(index: usize) -> $name {
                $name(NonZeroU32::MIN.saturating_add(index as u32))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.index())
            }
        }
    )*};
}

/// Declares a list: a range of one pool of the tree, read with `ast.method(list)`.
/// A macro because the lists differ only in names and types.
macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident of $item:ty, $method:ident in $pool:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
            pub struct $name {
                pub(crate) start: u32,
                pub(crate) len: u32,
            }

            impl $name {
                /// How many there are.
                pub fn len(self) -> usize {
                    self.len as usize
                }

                /// Whether there are none.
                pub fn is_empty(self) -> bool {
                    self.len == 0
                }
            }
        )*

        /// The vectors behind the lists.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct Pools {
            $(pub(crate) $pool: Vec<$item>,)*
        }

        impl Ast {
            $(
                /// The items of a list, in source order.
                pub fn $method(&self, list: $name) -> &[$item] {
                    if list.len == 0 {
                        return &[];
                    }
                    let (start, len) = (list.start as usize, list.len as usize);
                    match self.pools.$pool.get(start ^ self.segment..) {
                        Some(rest) => &rest[..len],
                        None => &self.function_with(start).pools.$pool[Ast::place(start)..][..len],
                    }
                }
            )*
        }
    };
}

ids! {
    /// An expression or a type.
    ExprId;
    /// A statement.
    StmtId;
    /// A declaration.
    DeclId;
    /// The parameters and results of a function.
    SigId;
}

lists! {
    /// Expressions.
    ExprList of ExprId, expr_list in exprs;
    /// Statements.
    StmtList of StmtId, stmt_list in stmts;
    /// Declarations.
    DeclList of DeclId, decl_list in decls;
    /// Names.
    IdentList of Ident, ident_list in idents;
    /// Elements of a composite literal.
    ElementList of Element, element_list in elements;
    /// Parameters or results.
    ParamList of Param, param_list in params;
    /// Type parameters.
    TypeParamList of TypeParam, type_param_list in type_params;
    /// Fields of a struct.
    FieldList of Field, field_list in fields;
    /// Methods and embedded elements of an interface.
    InterfaceElemList of InterfaceElem, interface_elem_list in interface_elems;
    /// Clauses of a switch.
    CaseList of CaseClause, case_list in cases;
    /// Clauses of a select.
    CommList of CommClause, comm_list in comms;
}

/// One parsed file.
#[derive(Clone, Debug)]
pub struct Ast {
    /// The name after `package`; the blank identifier at an empty span if it is missing.
    pub package: Ident,
    /// All top-level declarations in source order; grouped ones one by one.
    pub decls: DeclList,
    /// For an expression or an input at a prompt: its statements.
    pub input: StmtList,
    /// All comments in source order.
    pub comments: Vec<Comment>,
    /// Which arena this is: the upper bits of its ids.
    pub(crate) segment: usize,
    /// Functions whose parsing is put off, in source order.
    pub(crate) deferred: Vec<Deferred>,
    pub(crate) exprs: Vec<Expr>,
    pub(crate) expr_spans: Vec<Span>,
    pub(crate) stmts: Vec<Stmt>,
    pub(crate) stmt_spans: Vec<Span>,
    pub(crate) all_decls: Vec<Decl>,
    pub(crate) sigs: Vec<Signature>,
    pub(crate) pools: Pools,
}

/// The bit of an index that says that it is in the arena of a function.
const IN_FUNCTION: usize = 1 << 31;

/// Which bits of such an index are the place in that arena.
const PLACE_BITS: u32 = 16;

impl Ast {
    /// How many functions of a file can have their own arena.
    pub(crate) const MAX_DEFERRED: usize = (1 << (31 - PLACE_BITS)) - 1;

    /// How many bytes of text fill no such arena.
    pub(crate) const MAX_DEFERRED_LEN: usize = 1 << PLACE_BITS;

    /// The upper bits of ids in the arena of the function with this number.
    pub(crate) fn segment_of(function: usize) -> usize {
        IN_FUNCTION | function << PLACE_BITS
    }

    /// The number of the function whose arena an index is in.
    pub(crate) fn function_of(index: usize) -> Option<usize> {
        (index & IN_FUNCTION != 0).then_some((index & !IN_FUNCTION) >> PLACE_BITS)
    }

    /// The place of an index in the arena of a function.
    fn place(index: usize) -> usize {
        index & ((1 << PLACE_BITS) - 1)
    }

    /// The arena of the function that an index is in. Indices of this arena were tried before: the bits that tell
    /// arenas apart make others too large.
    #[cold]
    fn function_with(&self, index: usize) -> &Ast {
        let function = Ast::function_of(index).and_then(|number| self.deferred.get(number));
        match function.and_then(|function| function.tree.get()) {
            Some(tree) => tree,
            None => panic!("internal error: part of a function that is not parsed"),
        }
    }

    /// Where a node of this very arena is.
    pub(crate) fn own(&self, index: usize) -> usize {
        index ^ self.segment
    }

    /// An expression of this very arena.
    pub(crate) fn expr_mut(&mut self, id: ExprId) -> &mut Expr {
        &mut self.exprs[id.index() ^ self.segment]
    }

    /// The place of an expression of this very arena.
    pub(crate) fn expr_span_mut(&mut self, id: ExprId) -> &mut Span {
        &mut self.expr_spans[id.index() ^ self.segment]
    }

    /// A tree without nodes, with room for those of a text of `len` bytes.
    pub(crate) fn empty(len: usize) -> Ast {
        Ast {
            package: Ident {
                name: Symbol::BLANK,
                span: Span::at(0),
            },
            decls: DeclList::default(),
            input: StmtList::default(),
            comments: Vec::new(),
            segment: 0,
            deferred: Vec::new(),
            exprs: Vec::with_capacity(len / 10),
            expr_spans: Vec::with_capacity(len / 10),
            stmts: Vec::new(),
            stmt_spans: Vec::new(),
            all_decls: Vec::new(),
            sigs: Vec::new(),
            pools: Pools::default(),
        }
    }

    /// An expression.
    pub fn expr(&self, id: ExprId) -> Expr {
        match self.exprs.get(id.index() ^ self.segment) {
            Some(&found) => found,
            None => self.function_with(id.index()).exprs[Ast::place(id.index())],
        }
    }

    /// Where an expression is.
    pub fn expr_span(&self, id: ExprId) -> Span {
        match self.expr_spans.get(id.index() ^ self.segment) {
            Some(&found) => found,
            None => self.function_with(id.index()).expr_spans[Ast::place(id.index())],
        }
    }

    /// How many expressions the file has: the size of a table indexed by [`ExprId::index`].
    pub fn expr_count(&self) -> usize {
        self.exprs.len()
    }

    /// A statement.
    pub fn stmt(&self, id: StmtId) -> Stmt {
        match self.stmts.get(id.index() ^ self.segment) {
            Some(&found) => found,
            None => self.function_with(id.index()).stmts[Ast::place(id.index())],
        }
    }

    /// Where a statement is.
    pub fn stmt_span(&self, id: StmtId) -> Span {
        match self.stmt_spans.get(id.index() ^ self.segment) {
            Some(&found) => found,
            None => self.function_with(id.index()).stmt_spans[Ast::place(id.index())],
        }
    }

    /// How many statements the file has.
    pub fn stmt_count(&self) -> usize {
        self.stmts.len()
    }

    /// A declaration.
    pub fn decl(&self, id: DeclId) -> &Decl {
        match self.all_decls.get(id.index() ^ self.segment) {
            Some(found) => found,
            None => &self.function_with(id.index()).all_decls[Ast::place(id.index())],
        }
    }

    /// How many declarations the file has, local ones included.
    pub fn decl_count(&self) -> usize {
        self.all_decls.len()
    }

    /// The parameters and results of a function.
    pub fn sig(&self, id: SigId) -> Signature {
        match self.sigs.get(id.index() ^ self.segment) {
            Some(&found) => found,
            None => self.function_with(id.index()).sigs[Ast::place(id.index())],
        }
    }

    /// The expression with all parentheses around it taken off.
    pub fn unparen(&self, mut id: ExprId) -> ExprId {
        while let Expr::Paren(inner) = self.expr(id) {
            id = inner;
        }
        id
    }
}

/// A name at a place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ident {
    /// The name.
    pub name: Symbol,
    /// Where it is.
    pub span: Span,
}

/// A comment, with its `//` or `/*`; a line comment ends before its newline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Comment {
    /// Where it is.
    pub span: Span,
}

/// The kinds of literals; the text is what the span covers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LitKind {
    /// `42`, `0x2a`, `1_000`.
    Int,
    /// `1.5`, `1e3`, `0x1p-2`.
    Float,
    /// `2i`.
    Imaginary,
    /// `'x'`.
    Rune,
    /// `"text"`.
    String,
    /// A string between backquotes.
    RawString,
}

/// Unary operators other than `*`, which is [`Expr::Star`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UnaryOp {
    /// `+x`
    Plus,
    /// `-x`
    Minus,
    /// `!x`
    Not,
    /// `^x`
    Xor,
    /// `&x`
    Addr,
    /// `<-x`
    Recv,
    /// `~T`, in constraints only.
    Tilde,
}

impl UnaryOp {
    /// The operator as written.
    pub fn text(self) -> &'static str {
        match self {
            UnaryOp::Plus => "+",
            UnaryOp::Minus => "-",
            UnaryOp::Not => "!",
            UnaryOp::Xor => "^",
            UnaryOp::Addr => "&",
            UnaryOp::Recv => "<-",
            UnaryOp::Tilde => "~",
        }
    }
}

/// Binary operators, in order of precedence.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BinaryOp {
    /// `||`
    LogicalOr,
    /// `&&`
    LogicalAnd,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `|`, also between the terms of a constraint.
    Or,
    /// `^`
    Xor,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `&`
    And,
    /// `&^`
    AndNot,
    /// `<<`
    Shl,
    /// `>>`
    Shr,
}

impl BinaryOp {
    /// 1 for `||` up to 5 for `*`; the higher binds tighter.
    pub fn precedence(self) -> u8 {
        use BinaryOp::*;
        match self {
            LogicalOr => 1,
            LogicalAnd => 2,
            Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual => 3,
            Add | Sub | Or | Xor => 4,
            Mul | Div | Rem | And | AndNot | Shl | Shr => 5,
        }
    }

    /// Whether the result is a boolean made from two operands of one type.
    pub fn is_comparison(self) -> bool {
        self.precedence() == 3
    }

    /// Whether this is `<<` or `>>`.
    pub fn is_shift(self) -> bool {
        matches!(self, BinaryOp::Shl | BinaryOp::Shr)
    }

    /// The operator as written.
    pub fn text(self) -> &'static str {
        use BinaryOp::*;
        match self {
            LogicalOr => "||",
            LogicalAnd => "&&",
            Equal => "==",
            NotEqual => "!=",
            Less => "<",
            LessEqual => "<=",
            Greater => ">",
            GreaterEqual => ">=",
            Add => "+",
            Sub => "-",
            Or => "|",
            Xor => "^",
            Mul => "*",
            Div => "/",
            Rem => "%",
            And => "&",
            AndNot => "&^",
            Shl => "<<",
            Shr => ">>",
        }
    }
}

/// What a channel type lets through.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ChanDir {
    /// `chan T`
    Both,
    /// `chan<- T`
    Send,
    /// `<-chan T`
    Recv,
}

/// The length in an array type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ArrayLen {
    /// `[]T`: a slice.
    Slice,
    /// `[...]T`: as long as its literal.
    Ellipsis,
    /// `[n]T`.
    Expr(ExprId),
}

/// An expression or a type.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Expr {
    /// Could not be parsed; an error was reported.
    Bad,
    /// A name.
    Ident(Symbol),
    /// A literal; its text is in the source.
    BasicLit(LitKind),
    /// `T{a, k: b}`; without a type inside another literal.
    CompositeLit {
        /// The type before the brace.
        ty: Option<ExprId>,
        /// What is in the braces.
        elems: ElementList,
        /// Where `{` is; `}` is the last byte of the span.
        lbrace: u32,
    },
    /// `func(…) … {…}`.
    FuncLit {
        /// Parameters and results.
        sig: SigId,
        /// The body.
        body: Block,
    },
    /// `(x)`.
    Paren(ExprId),
    /// `x.sel`: field, method or name of a package.
    Selector {
        /// Left of the dot.
        x: ExprId,
        /// Right of the dot.
        sel: Ident,
    },
    /// `x[i]` or `x[T1, T2]`.
    Index {
        /// What is indexed or instantiated.
        x: ExprId,
        /// At least one.
        indices: ExprList,
        /// Where `[` is.
        lbrack: u32,
    },
    /// `x[lo:hi]` or `x[lo:hi:max]`.
    Slice {
        /// What is sliced.
        x: ExprId,
        /// Before the first colon.
        lo: Option<ExprId>,
        /// After the first colon.
        hi: Option<ExprId>,
        /// After the second colon.
        max: Option<ExprId>,
        /// Whether there are two colons.
        three: bool,
    },
    /// `x.(T)`, or `x.(type)` in the guard of a type switch; the checker refuses the latter elsewhere.
    TypeAssert {
        /// The interface value.
        x: ExprId,
        /// The type; none for `.(type)`.
        ty: Option<ExprId>,
    },
    /// `fun(args)`: call, conversion or builtin.
    Call {
        /// What is called.
        fun: ExprId,
        /// The arguments.
        args: ExprList,
        /// Where `...` after the last argument is.
        ellipsis: Option<NonZeroU32>,
        /// Where `(` is.
        lparen: u32,
        /// Where `)` is.
        rparen: u32,
    },
    /// `*x`: dereference or pointer type.
    Star(ExprId),
    /// A unary operation; the operator is the start of the span.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        x: ExprId,
    },
    /// A binary operation.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where the operator is.
        op_pos: u32,
        /// Left operand. Long chains lean this way: walk them with a loop.
        x: ExprId,
        /// Right operand.
        y: ExprId,
    },
    /// `[n]T`, `[]T`, `[...]T`.
    ArrayType {
        /// The length.
        len: ArrayLen,
        /// The element type.
        elem: ExprId,
    },
    /// `struct{…}`.
    StructType(FieldList),
    /// `func(…) …` as a type.
    FuncType(SigId),
    /// `interface{…}`.
    InterfaceType(InterfaceElemList),
    /// `map[K]V`.
    MapType {
        /// The key type.
        key: ExprId,
        /// The value type.
        value: ExprId,
    },
    /// `chan T`, `chan<- T`, `<-chan T`.
    ChanType {
        /// The direction.
        dir: ChanDir,
        /// The element type.
        elem: ExprId,
    },
}

const _: () = assert!(size_of::<Expr>() <= 28);

/// One element of a composite literal.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Element {
    /// Before the colon: field name, index or key.
    pub key: Option<ExprId>,
    /// The value; a [`Expr::CompositeLit`] without type if only braces are written.
    pub value: ExprId,
}

/// Parameters and results of a function.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Signature {
    /// The parameters.
    pub params: ParamList,
    /// The results; a single result without parentheses has no name.
    pub results: ParamList,
    /// From `(` of the parameters to the end of the results.
    pub span: Span,
}

/// One parameter or result; `a, b int` is two with the same type node.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Param {
    /// The name, if the list has names.
    pub name: Option<Ident>,
    /// The type; for a variadic parameter the one after `...`.
    pub ty: ExprId,
    /// Where `...` is.
    pub ellipsis: Option<NonZeroU32>,
}

/// One type parameter; `K, V any` is two with the same constraint node.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TypeParam {
    /// The name.
    pub name: Ident,
    /// The constraint.
    pub constraint: ExprId,
}

/// One field of a struct; `x, y int` is two with the same type node.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Field {
    /// The name; for an embedded field the one that its type gives it.
    pub name: Ident,
    /// The type; for an embedded `*T` a [`Expr::Star`].
    pub ty: ExprId,
    /// Whether only a type is written.
    pub embedded: bool,
    /// The tag, a string literal.
    pub tag: Option<ExprId>,
}

/// One line of an interface.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum InterfaceElem {
    /// `Name(…) …`
    Method {
        /// The name of the method.
        name: Ident,
        /// Parameters and results.
        sig: SigId,
    },
    /// An embedded interface or a union: [`BinaryOp::Or`] between terms, [`UnaryOp::Tilde`] before them.
    Embedded(ExprId),
}

/// Statements between braces.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Block {
    /// The statements.
    pub stmts: StmtList,
    /// From `{` to just after `}`.
    pub span: Span,
}

impl Block {
    /// Where `}` is: the position of "missing return".
    pub fn rbrace(self) -> u32 {
        self.span.end.saturating_sub(1)
    }
}

/// What an assignment does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AssignOp {
    /// `=`
    Assign,
    /// `:=`
    Define,
    /// `+=` and the like.
    Op(BinaryOp),
}

/// The jumps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BranchKind {
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// `goto`
    Goto,
    /// `fallthrough`
    Fallthrough,
}

impl BranchKind {
    /// The keyword.
    pub fn text(self) -> &'static str {
        match self {
            BranchKind::Break => "break",
            BranchKind::Continue => "continue",
            BranchKind::Goto => "goto",
            BranchKind::Fallthrough => "fallthrough",
        }
    }
}

/// A statement; a leading keyword is the start of its span.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Stmt {
    /// Could not be parsed; an error was reported.
    Bad,
    /// Nothing; after a label or as `;`.
    Empty,
    /// An expression as a statement.
    Expr(ExprId),
    /// `chan <- value`.
    Send {
        /// The channel.
        chan: ExprId,
        /// What is sent.
        value: ExprId,
        /// Where `<-` is.
        arrow: u32,
    },
    /// `x++` or `x--`.
    IncDec {
        /// The operand.
        x: ExprId,
        /// Whether it is `++`.
        inc: bool,
        /// Where the operator is.
        op_pos: u32,
    },
    /// `lhs = rhs`, `lhs := rhs`, `lhs += rhs`.
    Assign {
        /// Left of the operator. That `:=` has only names there is for the checker to see.
        lhs: ExprList,
        /// The operator.
        op: AssignOp,
        /// Where the operator is.
        op_pos: u32,
        /// Right of the operator.
        rhs: ExprList,
    },
    /// `go call`.
    Go(ExprId),
    /// `defer call`.
    Defer(ExprId),
    /// `return results`.
    Return(ExprList),
    /// `break`, `continue`, `goto`, `fallthrough`.
    Branch {
        /// Which.
        kind: BranchKind,
        /// The label.
        label: Option<Ident>,
    },
    /// A block.
    Block(Block),
    /// `if init; cond {…} else …`.
    If {
        /// Before the semicolon.
        init: Option<StmtId>,
        /// The condition; [`Expr::Bad`] if it is missing.
        cond: ExprId,
        /// The body.
        then: Block,
        /// The block or `if` after `else`.
        els: Option<StmtId>,
    },
    /// `switch init; tag {…}`.
    Switch {
        /// Before the semicolon.
        init: Option<StmtId>,
        /// The value that is compared.
        tag: Option<ExprId>,
        /// The clauses.
        clauses: CaseList,
        /// The braces and what is between them.
        body: Span,
    },
    /// `switch init; bind := x.(type) {…}`.
    TypeSwitch {
        /// Before the semicolon.
        init: Option<StmtId>,
        /// The name left of `:=`.
        bind: Option<Ident>,
        /// The interface value.
        x: ExprId,
        /// The whole `x.(type)`.
        guard: ExprId,
        /// The clauses.
        clauses: CaseList,
        /// The braces and what is between them.
        body: Span,
    },
    /// `select {…}`.
    Select {
        /// The clauses.
        clauses: CommList,
        /// The braces and what is between them.
        body: Span,
    },
    /// `for init; cond; post {…}`.
    For {
        /// Before the first semicolon.
        init: Option<StmtId>,
        /// The condition.
        cond: Option<ExprId>,
        /// After the second semicolon.
        post: Option<StmtId>,
        /// The body.
        body: Block,
    },
    /// `for key, value := range x {…}`.
    Range {
        /// First variable.
        key: Option<ExprId>,
        /// Second variable.
        value: Option<ExprId>,
        /// Whether it is `:=`, which declares the variables.
        define: bool,
        /// Where `=` or `:=` is; where `range` is if there is neither.
        op_pos: u32,
        /// What is ranged over.
        x: ExprId,
        /// The body.
        body: Block,
    },
    /// `label: stmt`.
    Labeled {
        /// The label.
        label: Ident,
        /// The statement, perhaps [`Stmt::Empty`].
        stmt: StmtId,
    },
    /// `var`, `const` or `type` in a function; a group gives several.
    Decl(DeclList),
}

const _: () = assert!(size_of::<Stmt>() <= 44);

/// A clause of a switch or type switch.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CaseClause {
    /// Values or types; empty for `default`.
    pub exprs: ExprList,
    /// Whether it is `default`.
    pub is_default: bool,
    /// Where the colon is.
    pub colon: u32,
    /// The statements.
    pub body: StmtList,
    /// From the keyword to the end of the last statement.
    pub span: Span,
}

/// A clause of a select.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CommClause {
    /// A [`Stmt::Send`], a [`Stmt::Expr`] or a [`Stmt::Assign`] from a receive; none for `default`.
    pub comm: Option<StmtId>,
    /// Where the colon is.
    pub colon: u32,
    /// The statements.
    pub body: StmtList,
    /// From the keyword to the end of the last statement.
    pub span: Span,
}

/// The number of a parenthesised `const ( … )`, `var ( … )`, `type ( … )` or `import ( … )` in its file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct GroupId(pub u32);

/// A declaration.
#[derive(Clone, Debug)]
pub enum Decl {
    /// `import name "path"`.
    Import(ImportDecl),
    /// One line of constants.
    Const(ConstDecl),
    /// One line of variables.
    Var(VarDecl),
    /// One type.
    Type(TypeDecl),
    /// A function or method.
    Func(FuncDecl),
}

impl Decl {
    /// Where the declaration is, without a keyword shared by a group.
    pub fn span(&self) -> Span {
        match self {
            Decl::Import(decl) => decl.span,
            Decl::Const(decl) => decl.span,
            Decl::Var(decl) => decl.span,
            Decl::Type(decl) => decl.span,
            Decl::Func(decl) => decl.span,
        }
    }
}

/// One import.
#[derive(Clone, Debug)]
pub struct ImportDecl {
    /// The name before the path; `.` is interned as it is.
    pub name: Option<Ident>,
    /// The path, a string literal.
    pub path: ExprId,
    /// The parentheses it stands in.
    pub group: Option<GroupId>,
    /// Where it is.
    pub span: Span,
}

/// One line of constants. Without type and values it repeats those of the last line of its group that has values.
#[derive(Clone, Debug)]
pub struct ConstDecl {
    /// The names.
    pub names: IdentList,
    /// The type.
    pub ty: Option<ExprId>,
    /// The values.
    pub values: ExprList,
    /// The value of `iota`: the number of the line in its group.
    pub iota: u32,
    /// The parentheses it stands in.
    pub group: Option<GroupId>,
    /// Where it is.
    pub span: Span,
}

/// One line of variables.
#[derive(Clone, Debug)]
pub struct VarDecl {
    /// The names.
    pub names: IdentList,
    /// The type.
    pub ty: Option<ExprId>,
    /// The values.
    pub values: ExprList,
    /// The parentheses it stands in.
    pub group: Option<GroupId>,
    /// Where it is.
    pub span: Span,
}

/// One type declaration.
#[derive(Clone, Debug)]
pub struct TypeDecl {
    /// The name.
    pub name: Ident,
    /// The type parameters.
    pub type_params: TypeParamList,
    /// Whether it is `type A = B`.
    pub alias: bool,
    /// The type.
    pub ty: ExprId,
    /// The parentheses it stands in.
    pub group: Option<GroupId>,
    /// Where it is.
    pub span: Span,
}

/// A function or method.
#[derive(Clone, Debug)]
pub struct FuncDecl {
    /// The receiver of a method.
    pub recv: Option<Param>,
    /// The name.
    pub name: Ident,
    /// The type parameters.
    pub type_params: TypeParamList,
    /// Parameters and results.
    pub sig: SigId,
    /// The body; none for a function implemented elsewhere.
    pub body: Option<Block>,
    /// From `func` to the end.
    pub span: Span,
}
