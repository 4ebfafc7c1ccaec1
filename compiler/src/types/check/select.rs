//! Select statements.

use super::Checker;
use crate::diagnostics::code;
use crate::types::ty::Ty;
use crate::types::typed::{self, Block, StmtKind, Target};
use minigo_grammar::ast::{self, AssignOp, Expr, ExprId, Ident, Stmt as Syntax, StmtId};
use minigo_grammar::source::Span;
use minigo_grammar::symbol::Symbol;

impl Checker<'_> {
    pub(super) fn select_stmt(
        &mut self,
        label: Option<Symbol>,
        clauses: ast::CommList,
    ) -> StmtKind {
        let ast = self.ast();
        let clauses = ast.comm_list(clauses);
        self.check_defaults(clauses.iter().map(|c| (c.comm.is_none(), c.span)));
        let (target, cases) = self.enclosed(label, false, |checker| {
            let mut cases = Vec::with_capacity(clauses.len());
            for clause in clauses {
                checker.cx.scopes.open();
                let comm = match clause.comm {
                    None => Some(typed::Comm::Default),
                    Some(comm) => checker.comm(comm),
                };
                let mut stmts = Vec::with_capacity(clause.body.len());
                checker.stmt_list(clause.body, &mut stmts);
                checker.close_scope();
                if let Some(comm) = comm {
                    cases.push(typed::SelectCase {
                        comm,
                        body: Block { stmts },
                        loc: checker.loc(clause.span),
                    });
                }
            }
            cases
        });
        StmtKind::Select(Box::new(typed::Select { target, cases }))
    }

    /// The communication of a select clause.
    pub(super) fn comm(&mut self, id: StmtId) -> Option<typed::Comm> {
        let ast = self.ast();
        let span = ast.stmt_span(id);
        let is_recv = |id: ExprId| {
            matches!(
                ast.expr(ast.unparen(id)),
                Expr::Unary {
                    op: ast::UnaryOp::Recv,
                    ..
                }
            )
        };
        match ast.stmt(id) {
            Syntax::Send { chan, value, .. } => {
                let (chan, value) = self.send(chan, value, span)?;
                Some(typed::Comm::Send { chan, value })
            }
            Syntax::Expr(x) if is_recv(x) => {
                let (chan, _) = self.recv_operand(ast.unparen(x))?;
                Some(typed::Comm::Recv {
                    chan,
                    value: None,
                    ok: None,
                })
            }
            Syntax::Assign { lhs, op, rhs, .. }
                if rhs.len() == 1
                    && (1..=2).contains(&lhs.len())
                    && !matches!(op, AssignOp::Op(_))
                    && is_recv(ast.expr_list(rhs)[0]) =>
            {
                self.recv_comm(span, ast.expr_list(lhs), op, ast.expr_list(rhs)[0])
            }
            Syntax::Bad => None,
            _ => {
                self.error(
                    code::BAD_SELECT_CASE,
                    span,
                    "select case must be send or receive (possibly with assignment)",
                );
                None
            }
        }
    }

    pub(super) fn recv_comm(
        &mut self,
        span: Span,
        lhs: &[ExprId],
        op: AssignOp,
        rhs: ExprId,
    ) -> Option<typed::Comm> {
        let ast = self.ast();
        let received = self.recv_operand(ast.unparen(rhs));
        let elem = received.as_ref().map_or(Ty::INVALID, |(_, elem)| *elem);
        let types = [elem, Ty::BOOL];
        let mut targets = Vec::with_capacity(2);
        if op == AssignOp::Define {
            let mut declared = false;
            for (&id, ty) in lhs.iter().zip(types) {
                let target = match ast.expr(id) {
                    Expr::Ident(name) if !name.is_blank() => {
                        declared = true;
                        let span = ast.expr_span(id);
                        Target::Define(self.declare_var(Ident { name, span }, ty))
                    }
                    _ => Target::Blank,
                };
                targets.push(target);
            }
            if !declared {
                self.error(
                    code::NO_NEW_VARS,
                    span,
                    "no new variables on left side of :=",
                );
            }
        } else {
            for (&id, ty) in lhs.iter().zip(types) {
                targets.push(self.assign_target(id, ty, "assignment")?);
            }
        }
        let (chan, _) = received?;
        let mut targets = targets.into_iter();
        Some(typed::Comm::Recv {
            chan,
            value: targets.next(),
            ok: targets.next(),
        })
    }
}
