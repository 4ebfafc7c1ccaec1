//! Terminating statements (spec "Terminating statements"): whether a function with results can reach its end.

use super::Checker;
use minigo_grammar::ast::{Ast, BranchKind, Expr, ExprId, Stmt, StmtId, StmtList};
use minigo_grammar::symbol::Symbol;

impl Checker<'_> {
    /// Whether a list of statements ends in a terminating one.
    pub(super) fn is_terminating_list(&self, list: StmtList) -> bool {
        let ast = self.ast();
        let last = ast
            .stmt_list(list)
            .iter()
            .rev()
            .find(|&&id| !matches!(ast.stmt(id), Stmt::Empty));
        last.is_some_and(|&last| self.is_terminating(last, None))
    }

    fn is_terminating(&self, id: StmtId, label: Option<Symbol>) -> bool {
        let ast = self.ast();
        match ast.stmt(id) {
            Stmt::Labeled { label, stmt } => self.is_terminating(stmt, Some(label.name)),
            Stmt::Expr(x) => self.is_panic(x),
            Stmt::Return(_) => true,
            Stmt::Branch { kind, .. } => {
                matches!(kind, BranchKind::Goto | BranchKind::Fallthrough)
            }
            Stmt::Block(block) => self.is_terminating_list(block.stmts),
            Stmt::If {
                then,
                els: Some(els),
                ..
            } => self.is_terminating_list(then.stmts) && self.is_terminating(els, None),
            Stmt::For {
                cond: None, body, ..
            } => !has_break_list(ast, body.stmts, label, true),
            Stmt::Switch { clauses, .. } | Stmt::TypeSwitch { clauses, .. } => {
                let clauses = ast.case_list(clauses);
                clauses.iter().any(|clause| clause.is_default)
                    && clauses.iter().all(|clause| {
                        self.is_terminating_list(clause.body)
                            && !has_break_list(ast, clause.body, label, true)
                    })
            }
            Stmt::Select { clauses, .. } => ast.comm_list(clauses).iter().all(|clause| {
                self.is_terminating_list(clause.body)
                    && !has_break_list(ast, clause.body, label, true)
            }),
            // Already reported, and who knows what it was.
            Stmt::Bad => true,
            _ => false,
        }
    }

    /// A call of the builtin `panic`. The name is looked up where the body ends, so only a local function of that name in
    /// an inner block is taken for it.
    fn is_panic(&self, x: ExprId) -> bool {
        let ast = self.ast();
        let Expr::Call { fun, .. } = ast.expr(ast.unparen(x)) else {
            return false;
        };
        match ast.expr(ast.unparen(fun)) {
            Expr::Ident(name) if self.symbols.name(name) == "panic" => {
                self.lookup(name) == self.universe.names.get(&name).copied()
            }
            _ => false,
        }
    }
}

fn has_break_list(ast: &Ast, list: StmtList, label: Option<Symbol>, implicit: bool) -> bool {
    ast.stmt_list(list)
        .iter()
        .any(|&id| has_break(ast, id, label, implicit))
}

/// Whether a statement contains a `break` out of the one with this label, or (`implicit`) one without label that means it.
fn has_break(ast: &Ast, id: StmtId, label: Option<Symbol>, implicit: bool) -> bool {
    match ast.stmt(id) {
        Stmt::Branch {
            kind: BranchKind::Break,
            label: to,
        } => match to {
            None => implicit,
            Some(to) => Some(to.name) == label,
        },
        Stmt::Labeled { stmt, .. } => has_break(ast, stmt, label, implicit),
        Stmt::Block(block) => has_break_list(ast, block.stmts, label, implicit),
        Stmt::If { then, els, .. } => {
            has_break_list(ast, then.stmts, label, implicit)
                || els.is_some_and(|els| has_break(ast, els, label, implicit))
        }
        Stmt::Switch { clauses, .. } | Stmt::TypeSwitch { clauses, .. } => {
            label.is_some()
                && ast
                    .case_list(clauses)
                    .iter()
                    .any(|clause| has_break_list(ast, clause.body, label, false))
        }
        Stmt::Select { clauses, .. } => {
            label.is_some()
                && ast
                    .comm_list(clauses)
                    .iter()
                    .any(|clause| has_break_list(ast, clause.body, label, false))
        }
        Stmt::For { body, .. } | Stmt::Range { body, .. } => {
            label.is_some() && has_break_list(ast, body.stmts, label, false)
        }
        _ => false,
    }
}
