//! Statements.

use super::*;

impl Builder<'_> {
    pub(crate) fn bad_stmt(&mut self, l: u32, r: u32) -> StmtId {
        self.stmt(Span::new(l, r), 0, Stmt::Bad)
    }

    /// A statement that starts with an expression: which may be any but a constraint.
    pub(crate) fn simple_stmt(&mut self, stmt: StmtId) -> StmtId {
        let start = self.ast.stmt_span(stmt).start;
        if self.text.as_bytes().get(start as usize) == Some(&b'~') {
            self.syntax_error(Span::new(start, start + 1), "unexpected ~, expected }");
        }
        stmt
    }

    pub(crate) fn expr_stmt(&mut self, x: ExprId) -> StmtId {
        self.stmt(self.span(x), self.expr_depth(x), Stmt::Expr(x))
    }

    pub(crate) fn send_stmt(&mut self, chan: ExprId, arrow: u32, value: ExprId) -> StmtId {
        let below = self.expr_depth(chan).max(self.expr_depth(value));
        let span = self.span(chan).to(self.span(value));
        self.stmt(span, below, Stmt::Send { chan, value, arrow })
    }

    pub(crate) fn inc_dec(&mut self, x: ExprId, inc: bool, op_pos: u32, r: u32) -> StmtId {
        let span = Span::new(self.span(x).start, r);
        self.stmt(span, self.expr_depth(x), Stmt::IncDec { x, inc, op_pos })
    }

    pub(crate) fn op_assign(&mut self, x: ExprId, op_pos: u32, op: BinaryOp, y: ExprId) -> StmtId {
        let lhs = self.exprs.one(x);
        let lhs = self.finish_exprs(lhs);
        let rhs = self.exprs.one(y);
        let rhs = self.finish_exprs(rhs);
        self.assign(lhs, AssignOp::Op(op), op_pos, rhs)
    }

    pub(crate) fn assign(
        &mut self,
        lhs: ExprList,
        op: AssignOp,
        op_pos: u32,
        rhs: ExprList,
    ) -> StmtId {
        let below = self.expr_list_depth(lhs).max(self.expr_list_depth(rhs));
        let span = self.list_span(lhs).to(self.list_span(rhs));
        self.stmt(
            span,
            below,
            Stmt::Assign {
                lhs,
                op,
                op_pos,
                rhs,
            },
        )
    }

    /// From the start of the first to the end of the last of a list that is not empty.
    fn list_span(&self, list: ExprList) -> Span {
        let list = self.ast.expr_list(list);
        self.span(list[0]).to(self.span(list[list.len() - 1]))
    }

    pub(crate) fn go_stmt(&mut self, l: u32, x: ExprId) -> StmtId {
        let call = self.spawned_call(x, "go");
        let span = Span::new(l, self.span(x).end);
        self.stmt(span, self.expr_depth(call), Stmt::Go(call))
    }

    pub(crate) fn defer_stmt(&mut self, l: u32, x: ExprId) -> StmtId {
        let call = self.spawned_call(x, "defer");
        let span = Span::new(l, self.span(x).end);
        self.stmt(span, self.expr_depth(call), Stmt::Defer(call))
    }

    fn spawned_call(&mut self, x: ExprId, keyword: &str) -> ExprId {
        let call = self.ast.unparen(x);
        if call != x {
            let message = format!("expression in {keyword} must not be parenthesized");
            self.error(self.span(x), message);
        }
        call
    }

    pub(crate) fn return_stmt(&mut self, l: u32, r: u32, results: ExprList) -> StmtId {
        self.stmt(
            Span::new(l, r),
            self.expr_list_depth(results),
            Stmt::Return(results),
        )
    }

    pub(crate) fn branch(
        &mut self,
        l: u32,
        r: u32,
        kind: BranchKind,
        label: Option<Ident>,
    ) -> StmtId {
        self.stmt(Span::new(l, r), 0, Stmt::Branch { kind, label })
    }

    pub(crate) fn block_stmt(&mut self, block: Block) -> StmtId {
        self.stmt(block.span, self.block_depth(block), Stmt::Block(block))
    }

    /// A label with nothing but `;` or `}` after it; anything else that follows is an error that the grammar reports.
    pub(crate) fn empty_labeled(&mut self, label: Ident, colon: u32) -> StmtId {
        let stmt = self.stmt(Span::at(colon + 1), 0, Stmt::Empty);
        self.labeled(label, stmt)
    }

    pub(crate) fn labeled(&mut self, label: Ident, stmt: StmtId) -> StmtId {
        let span = label.span.to(self.ast.stmt_span(stmt));
        let below = self.opt_stmt_depth(Some(stmt));
        self.stmt(span, below, Stmt::Labeled { label, stmt })
    }

    // ---- Headers ----

    /// A statement of a header as the expression that it must be.
    fn header_value(&mut self, stmt: StmtId) -> ExprId {
        let span = self.ast.stmt_span(stmt);
        let text = self.slice(span);
        let (at, text) = match self.ast.stmt(stmt) {
            Stmt::Expr(x) => return x,
            Stmt::Bad => return self.expr(span, 0, Expr::Bad),
            Stmt::Assign {
                lhs,
                op: AssignOp::Assign,
                op_pos,
                rhs,
            } => {
                let left = self.emphasized(lhs);
                let right = self.emphasized(rhs);
                (op_pos, format!("assignment {left} = {right}"))
            }
            Stmt::Assign { op_pos, .. } | Stmt::IncDec { op_pos, .. } => (op_pos, text.to_string()),
            Stmt::Send { arrow, .. } => (arrow, text.to_string()),
            _ => (span.start, text.to_string()),
        };
        self.syntax_error(
            Span::new(at, span.end),
            format!("cannot use {text} as value"),
        );
        self.expr(span, 0, Expr::Bad)
    }

    /// The text of one side of an assignment, in parentheses if it is a binary operation.
    fn emphasized(&self, list: ExprList) -> String {
        let text = self.slice(self.list_span(list));
        match *self.ast.expr_list(list) {
            [x] if matches!(self.ast.expr(x), Expr::Binary { .. }) => format!("({text})"),
            _ => text.to_string(),
        }
    }

    pub(crate) fn if_stmt(
        &mut self,
        l: u32,
        header: HeaderStmts,
        then: Block,
        els: Option<StmtId>,
    ) -> StmtId {
        let cond = match (header.cond, header.semicolon) {
            (Some(cond), _) => self.header_value(cond),
            (None, semicolon) => {
                let brace = Span::new(then.span.start, then.span.start + 1);
                let span = semicolon.unwrap_or(brace);
                match self.slice(span) {
                    "\n" => {
                        self.syntax_error(span, "unexpected newline, expected { after if clause")
                    }
                    _ => self.syntax_error(span, "missing condition in if statement"),
                }
                self.expr(span, 0, Expr::Bad)
            }
        };
        let end = els.map_or(then.span.end, |els| self.ast.stmt_span(els).end);
        let below = self
            .opt_stmt_depth(header.init)
            .max(self.expr_depth(cond))
            .max(self.block_depth(then))
            .max(self.opt_stmt_depth(els));
        let init = header.init;
        self.stmt(
            Span::new(l, end),
            below,
            Stmt::If {
                init,
                cond,
                then,
                els,
            },
        )
    }

    pub(crate) fn switch_stmt(
        &mut self,
        l: u32,
        header: HeaderStmts,
        lbrace: u32,
        r: u32,
        clauses: CaseList,
    ) -> StmtId {
        let init = header.init;
        let body = Span::new(lbrace, r);
        let depths = self.ast.case_list(clauses).iter().map(|clause| {
            let exprs = self.expr_list_depth(clause.exprs);
            exprs.max(self.stmt_list_depth(clause.body))
        });
        let below = depths.max().unwrap_or(0).max(self.opt_stmt_depth(init));
        if let Some((bind, guard, x)) = header.cond.and_then(|stmt| self.type_switch_guard(stmt)) {
            let below = below.max(self.expr_depth(guard));
            let switch = Stmt::TypeSwitch {
                init,
                bind,
                x,
                guard,
                clauses,
                body,
            };
            return self.stmt(Span::new(l, r), below, switch);
        }
        let tag = header.cond.map(|stmt| self.header_value(stmt));
        let below = below.max(self.opt_expr_depth(tag));
        self.stmt(
            Span::new(l, r),
            below,
            Stmt::Switch {
                init,
                tag,
                clauses,
                body,
            },
        )
    }

    /// `x.(type)` or `name := x.(type)`: the name, the guard, and `x`.
    fn type_switch_guard(&self, stmt: StmtId) -> Option<(Option<Ident>, ExprId, ExprId)> {
        let (bind, guard) = match self.ast.stmt(stmt) {
            Stmt::Expr(x) => (None, x),
            Stmt::Assign {
                lhs,
                op: AssignOp::Define,
                rhs,
                ..
            } => {
                let (&[left], &[right]) = (self.ast.expr_list(lhs), self.ast.expr_list(rhs)) else {
                    return None;
                };
                let Expr::Ident(name) = self.ast.expr(left) else {
                    return None;
                };
                let span = self.span(left);
                (Some(Ident { name, span }), right)
            }
            _ => return None,
        };
        match self.ast.expr(guard) {
            Expr::TypeAssert { x, ty: None } => Some((bind, guard, x)),
            _ => None,
        }
    }

    pub(crate) fn select_stmt(&mut self, l: u32, lbrace: u32, r: u32, clauses: CommList) -> StmtId {
        let depths = self.ast.comm_list(clauses).iter().map(|clause| {
            let comm = self.opt_stmt_depth(clause.comm);
            comm.max(self.stmt_list_depth(clause.body))
        });
        let below = depths.max().unwrap_or(0);
        let body = Span::new(lbrace, r);
        self.stmt(Span::new(l, r), below, Stmt::Select { clauses, body })
    }

    // ---- Clauses ----

    pub(crate) fn case(
        &mut self,
        l: u32,
        r: u32,
        (exprs, is_default, colon): (ExprList, bool, u32),
        body: Seq,
    ) -> CaseClause {
        CaseClause {
            exprs,
            is_default,
            colon,
            body: self.finish_stmts(body),
            span: Span::new(l, r),
        }
    }

    pub(crate) fn last_case(
        &mut self,
        l: u32,
        r: u32,
        head: (ExprList, bool, u32),
        body: Seq,
        last: StmtId,
    ) -> CaseClause {
        let body = self.stmts.push(body, last);
        self.case(l, r, head, body)
    }

    pub(crate) fn comm(
        &mut self,
        l: u32,
        r: u32,
        (comm, colon): (Option<StmtId>, u32),
        body: Seq,
    ) -> CommClause {
        CommClause {
            comm,
            colon,
            body: self.finish_stmts(body),
            span: Span::new(l, r),
        }
    }

    pub(crate) fn last_comm(
        &mut self,
        l: u32,
        r: u32,
        head: (Option<StmtId>, u32),
        body: Seq,
        last: StmtId,
    ) -> CommClause {
        let body = self.stmts.push(body, last);
        self.comm(l, r, head, body)
    }

    // ---- Loops ----

    pub(crate) fn for_stmt(
        &mut self,
        l: u32,
        init: Option<StmtId>,
        cond: Option<StmtId>,
        post: Option<StmtId>,
        body: Block,
    ) -> StmtId {
        if let Some(Stmt::Assign {
            op: AssignOp::Define,
            op_pos,
            ..
        }) = post.map(|post| self.ast.stmt(post))
        {
            let span = Span::new(op_pos, op_pos + 2);
            self.syntax_error(span, "cannot declare in post statement of for loop");
        }
        let cond = cond.map(|cond| self.header_value(cond));
        let below = self
            .opt_stmt_depth(init)
            .max(self.opt_expr_depth(cond))
            .max(self.opt_stmt_depth(post))
            .max(self.block_depth(body));
        let span = Span::new(l, body.span.end);
        self.stmt(
            span,
            below,
            Stmt::For {
                init,
                cond,
                post,
                body,
            },
        )
    }

    pub(crate) fn range_stmt(
        &mut self,
        l: u32,
        lhs: ExprList,
        define: bool,
        op_pos: u32,
        x: ExprId,
        body: Block,
    ) -> StmtId {
        let vars = self.ast.expr_list(lhs);
        let (key, value) = (vars.first().copied(), vars.get(1).copied());
        if let Some(&extra) = vars.get(2) {
            let span = self.span(extra);
            self.error(span, "range clause permits at most two iteration variables");
        }
        let below = self
            .expr_list_depth(lhs)
            .max(self.expr_depth(x))
            .max(self.block_depth(body));
        let range = Stmt::Range {
            key,
            value,
            define,
            op_pos,
            x,
            body,
        };
        self.stmt(Span::new(l, body.span.end), below, range)
    }
}
