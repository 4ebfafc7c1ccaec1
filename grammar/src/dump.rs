//! The tree as text, for `--emit=ast` and for tests.
//!
//! One node a line: what it is to its parent, its kind, what identifies it, and where it starts. Children are indented. The walk
//! keeps its own stack, so that depth costs no Rust stack.

use std::fmt::Write;

use crate::ast::*;
use crate::source::{SourceFile, Span};
use crate::symbol::Symbols;

/// Deeper nodes are not indented further.
const MAX_INDENT: usize = 60;

/// Something with a line of its own.
#[derive(Clone, Copy)]
enum Node<'a> {
    Expr(ExprId),
    Stmt(StmtId),
    Decl(&'a Decl),
    Sig(SigId),
    Block(Block),
    Name(Ident),
    Param(Param),
    TypeParam(TypeParam),
    Field(Field),
    Elem(InterfaceElem),
    Element(Element),
    Case(CaseClause),
    Comm(CommClause),
}

/// A node and what it is to its parent.
type Child<'a> = (&'static str, Node<'a>);

struct Dumper<'a> {
    ast: &'a Ast,
    file: &'a SourceFile,
    symbols: &'a Symbols,
}

impl Ast {
    /// The tree as readable text.
    pub fn dump(&self, file: &SourceFile, symbols: &Symbols) -> String {
        let dumper = Dumper {
            ast: self,
            file,
            symbols,
        };
        let mut out = String::new();
        if !self.package.span.is_empty() {
            let _ = writeln!(out, "package {}", symbols.name(self.package.name));
        }
        let mut todo: Vec<(usize, Child<'_>)> = Vec::new();
        let decls = self.decl_list(self.decls).iter();
        todo.extend(decls.map(|&id| (0, ("", Node::Decl(self.decl(id))))).rev());
        let stmts = self.stmt_list(self.input).iter();
        todo.extend(stmts.map(|&id| (0, ("", Node::Stmt(id)))).rev());
        let mut children = Vec::new();
        while let Some((depth, (label, node))) = todo.pop() {
            let (head, span) = dumper.open(node, &mut children);
            let indent = "  ".repeat(depth.min(MAX_INDENT));
            let colon = if label.is_empty() { "" } else { ": " };
            let place = file.line_col(span.start);
            let _ = writeln!(out, "{indent}{label}{colon}{head} @{place}");
            todo.extend(children.drain(..).rev().map(|child| (depth + 1, child)));
        }
        out
    }
}

impl<'a> Dumper<'a> {
    /// The line of a node and where it is; its children go to `to`.
    fn open(&self, node: Node<'a>, to: &mut Vec<Child<'a>>) -> (String, Span) {
        match node {
            Node::Expr(id) => (self.expr(id, to), self.ast.expr_span(id)),
            Node::Stmt(id) => (self.stmt(id, to), self.ast.stmt_span(id)),
            Node::Decl(decl) => (self.decl(decl, to), decl.span()),
            Node::Name(name) => (self.name(name), name.span),
            Node::Block(block) => {
                self.stmts("", block.stmts, to);
                ("Block".to_string(), block.span)
            }
            Node::Sig(id) => {
                let sig = self.ast.sig(id);
                let params = self.ast.param_list(sig.params).iter();
                to.extend(params.map(|&param| ("param", Node::Param(param))));
                let results = self.ast.param_list(sig.results).iter();
                to.extend(results.map(|&result| ("result", Node::Param(result))));
                ("Signature".to_string(), sig.span)
            }
            Node::Param(param) => {
                to.push(("type", Node::Expr(param.ty)));
                let dots = if param.ellipsis.is_some() { "..." } else { "" };
                let name = param.name.map_or("_".to_string(), |name| self.name(name));
                let span = param
                    .name
                    .map_or(self.ast.expr_span(param.ty), |name| name.span);
                (format!("{name}{dots}"), span)
            }
            Node::TypeParam(param) => {
                to.push(("constraint", Node::Expr(param.constraint)));
                (self.name(param.name), param.name.span)
            }
            Node::Field(field) => {
                to.push(("type", Node::Expr(field.ty)));
                push_some(to, "tag", field.tag.map(Node::Expr));
                let embedded = if field.embedded { " (embedded)" } else { "" };
                (
                    format!("{}{embedded}", self.name(field.name)),
                    field.name.span,
                )
            }
            Node::Elem(InterfaceElem::Method { name, sig }) => {
                to.push(("", Node::Sig(sig)));
                (self.name(name), name.span)
            }
            Node::Elem(InterfaceElem::Embedded(ty)) => self.open(Node::Expr(ty), to),
            Node::Element(element) => {
                push_some(to, "key", element.key.map(Node::Expr));
                to.push(("value", Node::Expr(element.value)));
                let first = element.key.unwrap_or(element.value);
                ("Element".to_string(), self.ast.expr_span(first))
            }
            Node::Case(clause) => {
                self.exprs("", clause.exprs, to);
                self.stmts("body", clause.body, to);
                let kind = if clause.is_default { "Default" } else { "Case" };
                (kind.to_string(), clause.span)
            }
            Node::Comm(clause) => {
                push_some(to, "comm", clause.comm.map(Node::Stmt));
                self.stmts("body", clause.body, to);
                let kind = if clause.comm.is_none() {
                    "Default"
                } else {
                    "Case"
                };
                (kind.to_string(), clause.span)
            }
        }
    }

    fn name(&self, name: Ident) -> String {
        self.symbols.name(name.name).to_string()
    }

    fn exprs(&self, label: &'static str, list: ExprList, to: &mut Vec<Child<'a>>) {
        let list = self.ast.expr_list(list).iter();
        to.extend(list.map(|&id| (label, Node::Expr(id))));
    }

    fn stmts(&self, label: &'static str, list: StmtList, to: &mut Vec<Child<'a>>) {
        let list = self.ast.stmt_list(list).iter();
        to.extend(list.map(|&id| (label, Node::Stmt(id))));
    }

    fn names(&self, list: IdentList, to: &mut Vec<Child<'a>>) {
        let list = self.ast.ident_list(list).iter();
        to.extend(list.map(|&name| ("name", Node::Name(name))));
    }

    fn expr(&self, id: ExprId, to: &mut Vec<Child<'a>>) -> String {
        let mut add = |label, id| to.push((label, Node::Expr(id)));
        let kind = match self.ast.expr(id) {
            Expr::Bad => "Bad",
            Expr::Ident(name) => return format!("Ident {}", self.symbols.name(name)),
            Expr::BasicLit(kind) => {
                let text = self.file.slice(self.ast.expr_span(id)).escape_debug();
                return format!("{kind:?} {text}");
            }
            Expr::CompositeLit { ty, elems, .. } => {
                push_some(to, "type", ty.map(Node::Expr));
                let elems = self.ast.element_list(elems).iter();
                to.extend(elems.map(|&element| ("", Node::Element(element))));
                "CompositeLit"
            }
            Expr::FuncLit { sig, body } => {
                to.extend([("", Node::Sig(sig)), ("", Node::Block(body))]);
                "FuncLit"
            }
            Expr::Paren(x) => {
                add("", x);
                "Paren"
            }
            Expr::Selector { x, sel } => {
                add("", x);
                return format!("Selector .{}", self.name(sel));
            }
            Expr::Index { x, indices, .. } => {
                add("", x);
                self.exprs("index", indices, to);
                "Index"
            }
            Expr::Slice { x, lo, hi, max, .. } => {
                add("", x);
                push_some(to, "lo", lo.map(Node::Expr));
                push_some(to, "hi", hi.map(Node::Expr));
                push_some(to, "max", max.map(Node::Expr));
                "Slice"
            }
            Expr::TypeAssert { x, ty } => {
                add("", x);
                push_some(to, "type", ty.map(Node::Expr));
                "TypeAssert"
            }
            Expr::Call {
                fun,
                args,
                ellipsis,
                ..
            } => {
                add("fun", fun);
                self.exprs("arg", args, to);
                if ellipsis.is_some() {
                    "Call ..."
                } else {
                    "Call"
                }
            }
            Expr::Star(x) => {
                add("", x);
                "Star"
            }
            Expr::Unary { op, x } => {
                add("", x);
                return format!("Unary {}", op.text());
            }
            Expr::Binary { op, x, y, .. } => {
                add("", x);
                add("", y);
                return format!("Binary {}", op.text());
            }
            Expr::ArrayType { len, elem } => {
                let kind = match len {
                    ArrayLen::Slice => "SliceType",
                    ArrayLen::Ellipsis => "ArrayType ...",
                    ArrayLen::Expr(len) => {
                        add("len", len);
                        "ArrayType"
                    }
                };
                add("elem", elem);
                kind
            }
            Expr::StructType(fields) => {
                let fields = self.ast.field_list(fields).iter();
                to.extend(fields.map(|&field| ("field", Node::Field(field))));
                "StructType"
            }
            Expr::FuncType(sig) => {
                to.push(("", Node::Sig(sig)));
                "FuncType"
            }
            Expr::InterfaceType(elems) => {
                let elems = self.ast.interface_elem_list(elems).iter();
                to.extend(elems.map(|&elem| ("elem", Node::Elem(elem))));
                "InterfaceType"
            }
            Expr::MapType { key, value } => {
                add("key", key);
                add("value", value);
                "MapType"
            }
            Expr::ChanType { dir, elem } => {
                add("elem", elem);
                return format!("ChanType {dir:?}");
            }
        };
        kind.to_string()
    }

    fn stmt(&self, id: StmtId, to: &mut Vec<Child<'a>>) -> String {
        let kind = match self.ast.stmt(id) {
            Stmt::Bad => "Bad",
            Stmt::Empty => "Empty",
            Stmt::Expr(x) => {
                to.push(("", Node::Expr(x)));
                "ExprStmt"
            }
            Stmt::Send { chan, value, .. } => {
                to.extend([("chan", Node::Expr(chan)), ("value", Node::Expr(value))]);
                "Send"
            }
            Stmt::IncDec { x, inc, .. } => {
                to.push(("", Node::Expr(x)));
                if inc { "IncDec ++" } else { "IncDec --" }
            }
            Stmt::Assign { lhs, op, rhs, .. } => {
                self.exprs("lhs", lhs, to);
                self.exprs("rhs", rhs, to);
                return match op {
                    AssignOp::Assign => "Assign =".to_string(),
                    AssignOp::Define => "Assign :=".to_string(),
                    AssignOp::Op(op) => format!("Assign {}=", op.text()),
                };
            }
            Stmt::Go(call) => {
                to.push(("", Node::Expr(call)));
                "Go"
            }
            Stmt::Defer(call) => {
                to.push(("", Node::Expr(call)));
                "Defer"
            }
            Stmt::Return(results) => {
                self.exprs("", results, to);
                "Return"
            }
            Stmt::Branch { kind, label } => {
                push_some(to, "label", label.map(Node::Name));
                return format!("Branch {}", kind.text());
            }
            Stmt::Block(block) => {
                self.stmts("", block.stmts, to);
                "Block"
            }
            Stmt::If {
                init,
                cond,
                then,
                els,
            } => {
                push_some(to, "init", init.map(Node::Stmt));
                to.extend([("cond", Node::Expr(cond)), ("then", Node::Block(then))]);
                push_some(to, "else", els.map(Node::Stmt));
                "If"
            }
            Stmt::Switch {
                init, tag, clauses, ..
            } => {
                push_some(to, "init", init.map(Node::Stmt));
                push_some(to, "tag", tag.map(Node::Expr));
                self.cases(clauses, to);
                "Switch"
            }
            Stmt::TypeSwitch {
                init,
                bind,
                x,
                clauses,
                ..
            } => {
                push_some(to, "init", init.map(Node::Stmt));
                push_some(to, "bind", bind.map(Node::Name));
                to.push(("", Node::Expr(x)));
                self.cases(clauses, to);
                "TypeSwitch"
            }
            Stmt::Select { clauses, .. } => {
                let clauses = self.ast.comm_list(clauses).iter();
                to.extend(clauses.map(|&clause| ("", Node::Comm(clause))));
                "Select"
            }
            Stmt::For {
                init,
                cond,
                post,
                body,
            } => {
                push_some(to, "init", init.map(Node::Stmt));
                push_some(to, "cond", cond.map(Node::Expr));
                push_some(to, "post", post.map(Node::Stmt));
                to.push(("body", Node::Block(body)));
                "For"
            }
            Stmt::Range {
                key,
                value,
                define,
                x,
                body,
                ..
            } => {
                push_some(to, "key", key.map(Node::Expr));
                push_some(to, "value", value.map(Node::Expr));
                to.extend([("", Node::Expr(x)), ("body", Node::Block(body))]);
                if define { "Range :=" } else { "Range" }
            }
            Stmt::Labeled { label, stmt } => {
                to.push(("", Node::Stmt(stmt)));
                return format!("Labeled {}", self.name(label));
            }
            Stmt::Decl(decls) => {
                let decls = self.ast.decl_list(decls).iter();
                to.extend(decls.map(|&id| ("", Node::Decl(self.ast.decl(id)))));
                "DeclStmt"
            }
        };
        kind.to_string()
    }

    fn cases(&self, clauses: CaseList, to: &mut Vec<Child<'a>>) {
        let clauses = self.ast.case_list(clauses).iter();
        to.extend(clauses.map(|&clause| ("", Node::Case(clause))));
    }

    fn type_params(&self, list: TypeParamList, to: &mut Vec<Child<'a>>) {
        let list = self.ast.type_param_list(list).iter();
        to.extend(list.map(|&param| ("type parameter", Node::TypeParam(param))));
    }

    fn decl(&self, decl: &'a Decl, to: &mut Vec<Child<'a>>) -> String {
        match decl {
            Decl::Import(decl) => {
                push_some(to, "name", decl.name.map(Node::Name));
                to.push(("path", Node::Expr(decl.path)));
                "Import".to_string()
            }
            Decl::Const(decl) => {
                self.names(decl.names, to);
                push_some(to, "type", decl.ty.map(Node::Expr));
                self.exprs("value", decl.values, to);
                format!("Const iota={}", decl.iota)
            }
            Decl::Var(decl) => {
                self.names(decl.names, to);
                push_some(to, "type", decl.ty.map(Node::Expr));
                self.exprs("value", decl.values, to);
                "Var".to_string()
            }
            Decl::Type(decl) => {
                self.type_params(decl.type_params, to);
                to.push(("type", Node::Expr(decl.ty)));
                let alias = if decl.alias { " =" } else { "" };
                format!("Type {}{alias}", self.name(decl.name))
            }
            Decl::Func(decl) => {
                push_some(to, "receiver", decl.recv.map(Node::Param));
                self.type_params(decl.type_params, to);
                to.push(("", Node::Sig(decl.sig)));
                push_some(to, "body", decl.body.map(Node::Block));
                format!("Func {}", self.name(decl.name))
            }
        }
    }
}

fn push_some<'a>(to: &mut Vec<Child<'a>>, label: &'static str, node: Option<Node<'a>>) {
    to.extend(node.map(|node| (label, node)));
}
