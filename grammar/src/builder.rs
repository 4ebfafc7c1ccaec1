//! Builds the tree: what the actions of the grammar call.
//!
//! Lists grow on scratch stacks, one for each type of item, and move to a pool of the tree when they are complete.
//! Lists of one type nest like brackets, so the innermost unfinished one is always on top; pushing to a list first
//! drops what an abandoned inner list left there.
//!
//! Depth: every node knows how deep its subtree is, where a chain of binary operators to the left counts as one level.
//! A node that would exceed [`MAX_DEPTH`] is reported and becomes `Bad`, so no tree is deeper and recursive
//! passes over one are safe.

use std::num::NonZeroU32;

use crate::ast::*;
use crate::diagnostic::Diagnostic;
use crate::literal;
use crate::source::Span;
use crate::symbol::{Symbol, Symbols};

mod decl;
mod expr;
mod stmt;
mod types;

/// The deepest nesting of expressions, types and statements that is accepted.
pub const MAX_DEPTH: u16 = 10_000;

/// Code of all syntax errors.
pub(crate) const CODE: &str = "E0002";

/// An unfinished list: a range of a scratch stack.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seq {
    start: u32,
    len: u32,
}

/// A scratch stack of list items.
#[derive(Debug)]
pub(crate) struct Scratch<T> {
    items: Vec<T>,
    /// The upper bits of lists in the tree.
    segment: u32,
}

impl<T: Copy> Scratch<T> {
    fn new(segment: u32) -> Scratch<T> {
        Scratch {
            items: Vec::new(),
            segment,
        }
    }

    /// A list of nothing.
    pub(crate) fn start(&mut self) -> Seq {
        Seq {
            start: self.items.len() as u32,
            len: 0,
        }
    }

    /// A list of one item.
    pub(crate) fn one(&mut self, item: T) -> Seq {
        let seq = self.start();
        self.push(seq, item)
    }

    /// The list with one item more.
    pub(crate) fn push(&mut self, seq: Seq, item: T) -> Seq {
        self.items.truncate((seq.start + seq.len) as usize);
        self.items.push(item);
        Seq {
            len: seq.len + 1,
            ..seq
        }
    }

    /// The list with one item more at its start.
    pub(crate) fn prepend(&mut self, item: T, seq: Seq) -> Seq {
        self.items.insert(seq.start as usize, item);
        Seq {
            len: seq.len + 1,
            ..seq
        }
    }

    /// Two lists as one; the second was started after the first.
    pub(crate) fn append(&mut self, seq: Seq, more: Seq) -> Seq {
        let from = more.start as usize;
        let to = (seq.start + seq.len) as usize;
        self.items.copy_within(from..from + more.len as usize, to);
        self.items.truncate(to + more.len as usize);
        Seq {
            len: seq.len + more.len,
            ..seq
        }
    }

    fn items(&self, seq: Seq) -> &[T] {
        &self.items[seq.start as usize..][..seq.len as usize]
    }

    /// Takes the list from the stack and puts its items at the end of `pool`; returns where they are.
    fn finish(&mut self, seq: Seq, pool: &mut Vec<T>) -> (u32, u32) {
        let start = self.segment | pool.len() as u32;
        if seq.len == 0 {
            return (start, 0);
        }
        pool.extend_from_slice(&self.items[seq.start as usize..][..seq.len as usize]);
        self.items.truncate(seq.start as usize);
        (start, seq.len)
    }
}

/// `[ … ]` after a name or before a type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bracket {
    list: ExprList,
    span: Span,
    /// Where the comma before `]` is.
    comma: Option<u32>,
}

/// `( … )` after what is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arguments {
    pub(crate) args: ExprList,
    pub(crate) lparen: u32,
    pub(crate) ellipsis: Option<u32>,
    pub(crate) rparen: u32,
}

/// One entry of a parameter list, before it is known whether the list has names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) name: Option<Ident>,
    pub(crate) ellipsis: Option<u32>,
    pub(crate) ty: ExprId,
}

/// One entry of a type parameter list: without constraint it has that of the next that has one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TypeParamEntry {
    pub(crate) name: Ident,
    pub(crate) constraint: Option<ExprId>,
}

/// What stands between `if` or `switch` and the brace.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HeaderStmts {
    pub(crate) init: Option<StmtId>,
    pub(crate) semicolon: Option<Span>,
    pub(crate) cond: Option<StmtId>,
}

/// Where parsing goes on after an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// After a top-level declaration.
    Declaration,
    /// At the body of a function, `if`, `for` or `switch`.
    Head,
    /// After a statement, a field, arguments or elements.
    Items,
}

/// Where the names of a tree are interned.
pub(crate) enum Names<'a> {
    /// In a table that nobody else holds.
    Own(&'a mut Symbols),
    /// In one whose names others hold.
    Shared(&'a Symbols),
}

/// The tree under construction.
pub(crate) struct Builder<'a> {
    text: &'a str,
    names: Names<'a>,
    pub(crate) ast: Ast,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) syntax_errors: Vec<crate::syntax_error::Failure>,
    /// Depth of each expression.
    expr_depths: Vec<u16>,
    /// Depth of each statement.
    stmt_depths: Vec<u16>,
    /// Depth of each signature.
    sig_depths: Vec<u16>,
    too_deep: bool,
    groups: u32,
    pub(crate) exprs: Scratch<ExprId>,
    pub(crate) stmts: Scratch<StmtId>,
    pub(crate) decls: Scratch<DeclId>,
    pub(crate) idents: Scratch<Ident>,
    pub(crate) elements: Scratch<Element>,
    pub(crate) entries: Scratch<Entry>,
    pub(crate) params: Scratch<Param>,
    pub(crate) tparams: Scratch<TypeParamEntry>,
    pub(crate) fields: Scratch<Field>,
    pub(crate) elems: Scratch<InterfaceElem>,
    pub(crate) cases: Scratch<CaseClause>,
    pub(crate) comms: Scratch<CommClause>,
}

impl<'a> Builder<'a> {
    /// For `len` bytes of a text.
    pub(crate) fn new(text: &'a str, names: Names<'a>, len: usize) -> Builder<'a> {
        Builder {
            text,
            names,
            ast: Ast::empty(len),
            diagnostics: Vec::new(),
            syntax_errors: Vec::new(),
            expr_depths: Vec::with_capacity(len / 10),
            stmt_depths: Vec::new(),
            sig_depths: Vec::new(),
            too_deep: false,
            groups: 0,
            exprs: Scratch::new(0),
            stmts: Scratch::new(0),
            decls: Scratch::new(0),
            idents: Scratch::new(0),
            elements: Scratch::new(0),
            entries: Scratch::new(0),
            params: Scratch::new(0),
            tparams: Scratch::new(0),
            fields: Scratch::new(0),
            elems: Scratch::new(0),
            cases: Scratch::new(0),
            comms: Scratch::new(0),
        }
    }

    /// Makes ids and lists of an arena of its own, and keeps the place of its first declaration.
    pub(crate) fn in_segment(mut self, segment: usize) -> Builder<'a> {
        self.ast.segment = segment;
        self.ast.all_decls.push(Decl::Import(ImportDecl {
            name: None,
            path: ExprId::from_index(segment),
            group: None,
            span: Span::at(0),
        }));
        let segment = segment as u32;
        self.exprs.segment = segment;
        self.stmts.segment = segment;
        self.decls.segment = segment;
        self.idents.segment = segment;
        self.elements.segment = segment;
        self.params.segment = segment;
        self.fields.segment = segment;
        self.elems.segment = segment;
        self.cases.segment = segment;
        self.comms.segment = segment;
        self
    }

    /// The text of a span.
    fn slice(&self, span: Span) -> &'a str {
        &self.text[span.range()]
    }

    /// Reports a mistake that the grammar lets pass, with Go's prefix for syntax errors.
    fn syntax_error(&mut self, span: Span, message: impl std::fmt::Display) {
        self.error(span, format!("syntax error: {message}"));
    }

    /// Reports a mistake that Go words without a prefix.
    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.diagnostics
            .push(Diagnostic::error(CODE, span, message));
    }

    /// Where a name is, and which.
    #[inline]
    pub(crate) fn ident(&mut self, l: u32, r: u32) -> Ident {
        let span = Span::new(l, r);
        Ident {
            name: match &mut self.names {
                Names::Own(symbols) => symbols.intern(&self.text[span.range()]),
                Names::Shared(symbols) => symbols.intern_late(&self.text[span.range()]),
            },
            span,
        }
    }

    // ---- Nodes and their depth ----

    /// A new expression whose parts are at most `below` deep.
    #[inline]
    fn expr(&mut self, span: Span, below: u16, expr: Expr) -> ExprId {
        let (depth, expr) = match self.deeper(below, span) {
            Some(depth) => (depth, expr),
            None => (1, Expr::Bad),
        };
        self.ast.exprs.push(expr);
        self.ast.expr_spans.push(span);
        self.expr_depths.push(depth);
        ExprId::from_index(self.ast.segment | (self.ast.exprs.len() - 1))
    }

    /// A new statement whose parts are at most `below` deep.
    fn stmt(&mut self, span: Span, below: u16, stmt: Stmt) -> StmtId {
        let (depth, stmt) = match self.deeper(below, span) {
            Some(depth) => (depth, stmt),
            None => (1, Stmt::Bad),
        };
        self.ast.stmts.push(stmt);
        self.ast.stmt_spans.push(span);
        self.stmt_depths.push(depth);
        StmtId::from_index(self.ast.segment | (self.ast.stmts.len() - 1))
    }

    /// The depth of a node above one of depth `below`; none, and an error once in a file, if that is too deep.
    fn deeper(&mut self, below: u16, span: Span) -> Option<u16> {
        if below < MAX_DEPTH {
            return Some(below + 1);
        }
        if !self.too_deep {
            self.too_deep = true;
            self.syntax_error(Span::at(span.start), "exceeded max nesting depth");
        }
        None
    }

    fn span(&self, id: ExprId) -> Span {
        self.ast.expr_span(id)
    }

    fn expr_depth(&self, id: ExprId) -> u16 {
        self.expr_depths[self.ast.own(id.index())]
    }

    fn expr_depth_mut(&mut self, id: ExprId) -> &mut u16 {
        &mut self.expr_depths[self.ast.own(id.index())]
    }

    fn opt_expr_depth(&self, id: Option<ExprId>) -> u16 {
        id.map_or(0, |id| self.expr_depth(id))
    }

    fn expr_list_depth(&self, list: ExprList) -> u16 {
        let depths = self
            .ast
            .expr_list(list)
            .iter()
            .map(|&id| self.expr_depth(id));
        depths.max().unwrap_or(0)
    }

    fn opt_stmt_depth(&self, id: Option<StmtId>) -> u16 {
        id.map_or(0, |id| self.stmt_depths[self.ast.own(id.index())])
    }

    fn stmt_list_depth(&self, list: StmtList) -> u16 {
        let depths = self
            .ast
            .stmt_list(list)
            .iter()
            .map(|&id| self.stmt_depths[self.ast.own(id.index())]);
        depths.max().unwrap_or(0)
    }

    fn block_depth(&self, block: Block) -> u16 {
        self.stmt_list_depth(block.stmts)
    }

    // ---- Complete lists ----

    pub(crate) fn finish_exprs(&mut self, seq: Seq) -> ExprList {
        let (start, len) = self.exprs.finish(seq, &mut self.ast.pools.exprs);
        ExprList { start, len }
    }

    pub(crate) fn finish_stmts(&mut self, seq: Seq) -> StmtList {
        let (start, len) = self.stmts.finish(seq, &mut self.ast.pools.stmts);
        StmtList { start, len }
    }

    pub(crate) fn finish_idents(&mut self, seq: Seq) -> IdentList {
        let (start, len) = self.idents.finish(seq, &mut self.ast.pools.idents);
        IdentList { start, len }
    }

    pub(crate) fn finish_cases(&mut self, seq: Seq) -> CaseList {
        let (start, len) = self.cases.finish(seq, &mut self.ast.pools.cases);
        CaseList { start, len }
    }

    pub(crate) fn finish_comms(&mut self, seq: Seq) -> CommList {
        let (start, len) = self.comms.finish(seq, &mut self.ast.pools.comms);
        CommList { start, len }
    }

    fn finish_decls(&mut self, seq: Seq) -> DeclList {
        let (start, len) = self.decls.finish(seq, &mut self.ast.pools.decls);
        DeclList { start, len }
    }
}
