//! Expressions.

use super::*;

impl Builder<'_> {
    pub(crate) fn name(&mut self, name: Ident) -> ExprId {
        self.expr(name.span, 0, Expr::Ident(name.name))
    }

    pub(crate) fn qualified(&mut self, package: Ident, name: Ident) -> ExprId {
        let x = self.name(package);
        self.selector(x, name)
    }

    pub(crate) fn selector(&mut self, x: ExprId, sel: Ident) -> ExprId {
        let span = self.span(x).to(sel.span);
        self.expr(span, self.expr_depth(x), Expr::Selector { x, sel })
    }

    pub(crate) fn basic_lit(&mut self, l: u32, r: u32, kind: LitKind) -> ExprId {
        self.expr(Span::new(l, r), 0, Expr::BasicLit(kind))
    }

    pub(crate) fn number(&mut self, l: u32, r: u32) -> ExprId {
        let kind = literal::number_kind(self.slice(Span::new(l, r)));
        self.basic_lit(l, r, kind)
    }

    pub(crate) fn paren(&mut self, l: u32, r: u32, x: ExprId) -> ExprId {
        self.expr(Span::new(l, r), self.expr_depth(x), Expr::Paren(x))
    }

    pub(crate) fn star(&mut self, l: u32, x: ExprId) -> ExprId {
        let span = Span::new(l, self.span(x).end);
        self.expr(span, self.expr_depth(x), Expr::Star(x))
    }

    pub(crate) fn unary(&mut self, l: u32, op: UnaryOp, x: ExprId) -> ExprId {
        let span = Span::new(l, self.span(x).end);
        self.expr(span, self.expr_depth(x), Expr::Unary { op, x })
    }

    /// `<-x`, or a receive-only channel type if `x` is a channel type: then the arrow belongs to the innermost
    /// channel type reached over `chan<-`, as in `<-chan<- chan T`, which is `<-chan (<-chan T)`.
    pub(crate) fn receive(&mut self, l: u32, x: ExprId) -> ExprId {
        if !matches!(self.ast.expr(x), Expr::ChanType { .. }) {
            return self.unary(l, UnaryOp::Recv, x);
        }
        let mut start = l;
        let mut id = x;
        loop {
            let span = self.span(id);
            let Expr::ChanType { dir, elem } = self.ast.expr(id) else {
                let text = self.slice(span);
                self.syntax_error(span, format!("unexpected {text}, expected chan"));
                return x;
            };
            if dir == ChanDir::Recv {
                self.syntax_error(span, "unexpected <-, expected chan");
                return x;
            }
            *self.ast.expr_mut(id) = Expr::ChanType {
                dir: ChanDir::Recv,
                elem,
            };
            self.ast.expr_span_mut(id).start = start;
            if dir == ChanDir::Both {
                return x;
            }
            // The arrow of `chan<-` now belongs to the element.
            let after_keyword = &self.text[span.start as usize + "chan".len()..];
            start = span.start + "chan".len() as u32 + after_keyword.find("<-").unwrap_or(0) as u32;
            id = elem;
        }
    }

    /// Adds `op y` to a tree of binary operations, which is `x` as far as it has been read: it goes below those
    /// operators on the right edge that bind less. The edge is at most five operators long, since they bind more and more.
    pub(crate) fn binary(&mut self, x: ExprId, op: BinaryOp, op_pos: u32, y: ExprId) -> ExprId {
        let end = self.span(y).end;
        let mut edge = [None; 5];
        let mut length = 0;
        let mut left = x;
        while let Expr::Binary {
            op: above,
            y: right,
            ..
        } = self.ast.expr(left)
        {
            if above.precedence() >= op.precedence() || length == edge.len() {
                break;
            }
            edge[length] = Some(left);
            length += 1;
            left = right;
        }
        let below = self
            .expr_depth(left)
            .saturating_sub(self.is_binary(left) as u16)
            .max(self.expr_depth(y));
        let span = Span::new(self.span(left).start, end);
        let mut node = self.expr(
            span,
            below,
            Expr::Binary {
                op,
                op_pos,
                x: left,
                y,
            },
        );
        for parent in edge.into_iter().rev().flatten() {
            let Expr::Binary { op, op_pos, x, .. } = self.ast.expr(parent) else {
                continue;
            };
            let below = self
                .expr_depth(x)
                .saturating_sub(self.is_binary(x) as u16)
                .max(self.expr_depth(node));
            self.ast.expr_span_mut(parent).end = end;
            match self.deeper(below, span) {
                Some(depth) => {
                    *self.ast.expr_mut(parent) = Expr::Binary {
                        op,
                        op_pos,
                        x,
                        y: node,
                    };
                    *self.expr_depth_mut(parent) = depth;
                }
                None => {
                    *self.ast.expr_mut(parent) = Expr::Bad;
                    *self.expr_depth_mut(parent) = 1;
                }
            }
            node = parent;
        }
        node
    }

    fn is_binary(&self, id: ExprId) -> bool {
        matches!(self.ast.expr(id), Expr::Binary { .. })
    }

    pub(crate) fn bracket(&mut self, l: u32, r: u32, seq: Seq, comma: Option<u32>) -> Bracket {
        Bracket {
            list: self.finish_exprs(seq),
            span: Span::new(l, r),
            comma,
        }
    }

    pub(crate) fn index(&mut self, x: ExprId, bracket: Bracket) -> ExprId {
        let below = self.expr_depth(x).max(self.expr_list_depth(bracket.list));
        let span = self.span(x).to(bracket.span);
        let index = Expr::Index {
            x,
            indices: bracket.list,
            lbrack: bracket.span.start,
        };
        self.expr(span, below, index)
    }

    pub(crate) fn slice_expr(
        &mut self,
        x: ExprId,
        r: u32,
        bounds: [Option<ExprId>; 3],
        three: bool,
    ) -> ExprId {
        let [lo, hi, max] = bounds;
        let depths = bounds.map(|bound| self.opt_expr_depth(bound));
        let below = depths.into_iter().fold(self.expr_depth(x), u16::max);
        let span = Span::new(self.span(x).start, r);
        self.expr(
            span,
            below,
            Expr::Slice {
                x,
                lo,
                hi,
                max,
                three,
            },
        )
    }

    /// `x[i:j:k]`; `j` and `k` come with the position after them, for an error if they are missing.
    pub(crate) fn full_slice(
        &mut self,
        x: ExprId,
        r: u32,
        lo: Option<ExprId>,
        (colon, hi): (u32, Option<ExprId>),
        (rbrack, max): (u32, Option<ExprId>),
    ) -> ExprId {
        if hi.is_none() {
            self.error(
                Span::new(colon, colon + 1),
                "middle index required in 3-index slice",
            );
        }
        if max.is_none() {
            self.error(
                Span::new(rbrack, rbrack + 1),
                "final index required in 3-index slice",
            );
        }
        self.slice_expr(x, r, [lo, hi, max], true)
    }

    pub(crate) fn type_assert(&mut self, x: ExprId, r: u32, ty: Option<ExprId>) -> ExprId {
        let below = self.expr_depth(x).max(self.opt_expr_depth(ty));
        let span = Span::new(self.span(x).start, r);
        self.expr(span, below, Expr::TypeAssert { x, ty })
    }

    pub(crate) fn call(&mut self, fun: ExprId, arguments: Arguments) -> ExprId {
        let Arguments {
            args,
            lparen,
            ellipsis,
            rparen,
        } = arguments;
        let below = self.expr_depth(fun).max(self.expr_list_depth(args));
        let span = Span::new(self.span(fun).start, rparen + 1);
        let call = Expr::Call {
            fun,
            args,
            ellipsis: ellipsis.and_then(NonZeroU32::new),
            lparen,
            rparen,
        };
        self.expr(span, below, call)
    }

    pub(crate) fn func_lit(&mut self, l: u32, sig: SigId, body: Block) -> ExprId {
        let below = self.sig_depths[self.ast.own(sig.index())].max(self.block_depth(body));
        self.expr(
            Span::new(l, body.span.end),
            below,
            Expr::FuncLit { sig, body },
        )
    }

    /// `{ … }` without a type.
    pub(crate) fn literal_value(&mut self, l: u32, r: u32, seq: Seq) -> ExprId {
        let items = self.elements.items(seq);
        let depths = items.iter().map(|item| {
            self.expr_depth(item.value)
                .max(self.opt_expr_depth(item.key))
        });
        let below = depths.max().unwrap_or(0);
        let (start, len) = self.elements.finish(seq, &mut self.ast.pools.elements);
        let literal = Expr::CompositeLit {
            ty: None,
            elems: ElementList { start, len },
            lbrace: l,
        };
        self.expr(Span::new(l, r), below, literal)
    }

    /// Gives a literal value its type.
    pub(crate) fn typed_literal(&mut self, ty: ExprId, value: ExprId) -> ExprId {
        if self.is_value(ty) {
            let brace = Span::new(self.span(value).start, self.span(value).start + 1);
            self.syntax_error(brace, "unexpected { at end of statement");
        }
        if let Expr::CompositeLit { elems, lbrace, .. } = self.ast.expr(value) {
            *self.ast.expr_mut(value) = Expr::CompositeLit {
                ty: Some(ty),
                elems,
                lbrace,
            };
            let depth = self
                .expr_depth(value)
                .max(self.expr_depth(ty).saturating_add(1));
            *self.expr_depth_mut(value) = depth.min(MAX_DEPTH);
        }
        self.ast.expr_span_mut(value).start = self.span(ty).start;
        value
    }

    /// Whether an indexed operand cannot be a type.
    fn is_value(&self, id: ExprId) -> bool {
        let mut id = id;
        loop {
            id = match self.ast.expr(id) {
                Expr::Index { x, indices, .. } => {
                    let first = self.ast.expr_list(indices).first();
                    if let (Some(&first), 1) = (first, indices.len())
                        && self.is_plain_value(first)
                    {
                        return true;
                    }
                    x
                }
                _ => return self.is_plain_value(id),
            };
        }
    }

    /// Whether an expression can be no type by its outermost form.
    fn is_plain_value(&self, id: ExprId) -> bool {
        matches!(
            self.ast.expr(self.ast.unparen(id)),
            Expr::BasicLit(_)
                | Expr::CompositeLit { .. }
                | Expr::FuncLit { .. }
                | Expr::Slice { .. }
                | Expr::TypeAssert { .. }
                | Expr::Call { .. }
                | Expr::Unary { .. }
                | Expr::Binary { .. }
        )
    }
}
