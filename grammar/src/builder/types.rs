//! Types, signatures and type parameters.

use super::*;

impl Builder<'_> {
    pub(crate) fn array_type(&mut self, l: u32, r: u32, len: ArrayLen, elem: ExprId) -> ExprId {
        let below = match len {
            ArrayLen::Expr(len) => self.expr_depth(len).max(self.expr_depth(elem)),
            _ => self.expr_depth(elem),
        };
        self.expr(Span::new(l, r), below, Expr::ArrayType { len, elem })
    }

    pub(crate) fn sized_array_type(
        &mut self,
        l: u32,
        r: u32,
        bracket: Bracket,
        elem: ExprId,
    ) -> ExprId {
        let lengths = self.ast.expr_list(bracket.list);
        let len = lengths[0];
        let comma = match lengths.get(1) {
            Some(_) => Some(self.span(len).end),
            None => bracket.comma,
        };
        if let Some(comma) = comma {
            self.syntax_error(Span::new(comma, comma + 1), "unexpected comma; expected ]");
        }
        self.array_type(l, r, ArrayLen::Expr(len), elem)
    }

    pub(crate) fn map_type(&mut self, l: u32, r: u32, key: ExprId, value: ExprId) -> ExprId {
        let below = self.expr_depth(key).max(self.expr_depth(value));
        self.expr(Span::new(l, r), below, Expr::MapType { key, value })
    }

    pub(crate) fn chan_type(&mut self, l: u32, r: u32, dir: ChanDir, elem: ExprId) -> ExprId {
        self.expr(
            Span::new(l, r),
            self.expr_depth(elem),
            Expr::ChanType { dir, elem },
        )
    }

    pub(crate) fn func_type(&mut self, l: u32, sig: SigId) -> ExprId {
        let span = Span::new(l, self.ast.sig(sig).span.end);
        self.expr(
            span,
            self.sig_depths[self.ast.own(sig.index())],
            Expr::FuncType(sig),
        )
    }

    // ---- Signatures ----

    pub(crate) fn signature_of_type(
        &mut self,
        l: u32,
        r: u32,
        params: Seq,
        result: ExprId,
    ) -> SigId {
        let results = self.params.one(Param {
            name: None,
            ty: result,
            ellipsis: None,
        });
        self.signature(l, r, params, results)
    }

    pub(crate) fn signature(&mut self, l: u32, r: u32, params: Seq, results: Seq) -> SigId {
        let depth = |list: &[Param]| {
            list.iter()
                .map(|param| self.expr_depth(param.ty))
                .max()
                .unwrap_or(0)
        };
        let depth = depth(self.params.items(params)).max(depth(self.params.items(results)));
        if let Some(dots) = self
            .params
            .items(results)
            .iter()
            .find_map(|param| param.ellipsis)
        {
            let dots = Span::new(dots.get(), dots.get() + 3);
            self.error(dots, "invalid use of ...");
        }
        let pool = &mut self.ast.pools.params;
        let results = match results.len {
            0 => ParamList::default(),
            _ => {
                let (start, len) = self.params.finish(results, pool);
                ParamList { start, len }
            }
        };
        if let Some((_, others)) = self.params.items(params).split_last()
            && let Some(dots) = others.iter().find_map(|param| param.ellipsis)
        {
            let dots = Span::new(dots.get(), dots.get() + 3);
            self.error(dots, "can only use ... with final parameter");
        }
        let (start, len) = self.params.finish(params, &mut self.ast.pools.params);
        self.ast.sigs.push(Signature {
            params: ParamList { start, len },
            results,
            span: Span::new(l, r),
        });
        self.sig_depths.push(depth);
        SigId::from_index(self.ast.segment | (self.ast.sigs.len() - 1))
    }

    /// Decides whether the entries of a parameter list are types or names with types.
    pub(crate) fn param_list(&mut self, seq: Seq, rparen: u32) -> Seq {
        let entries = self.entries.items(seq).to_vec();
        self.entries.items.truncate(seq.start as usize);
        let mut params = self.params.start();
        if entries.iter().all(|entry| entry.name.is_none()) {
            for entry in entries {
                let param = Param {
                    name: None,
                    ty: entry.ty,
                    ellipsis: entry.ellipsis.and_then(NonZeroU32::new),
                };
                params = self.params.push(params, param);
            }
            return params;
        }
        // Each lone name has the type of the next entry with a type; a lone type is a mistake.
        let mut named: Vec<Param> = Vec::with_capacity(entries.len());
        let mut mistake = None;
        let mut next: Option<Entry> = None;
        for &entry in entries.iter().rev() {
            let lone_name = match self.ast.expr(entry.ty) {
                Expr::Ident(name) if entry.name.is_none() && entry.ellipsis.is_none() => {
                    Some(Ident {
                        name,
                        span: self.span(entry.ty),
                    })
                }
                _ => None,
            };
            let (name, typed) = match (entry.name, lone_name, next) {
                (Some(name), ..) => (Some(name), entry),
                (None, Some(name), Some(next)) => (Some(name), next),
                (None, Some(name), None) => {
                    mistake = Some((Span::new(rparen, rparen + 1), "missing parameter type"));
                    (Some(name), entry)
                }
                (None, None, _) => {
                    let start = entry.ellipsis.unwrap_or(self.span(entry.ty).start);
                    mistake = Some((
                        Span::new(start, self.span(entry.ty).end),
                        "missing parameter name",
                    ));
                    (None, entry)
                }
            };
            if lone_name.is_none() {
                next = Some(typed);
            }
            named.push(Param {
                name,
                ty: typed.ty,
                ellipsis: typed.ellipsis.and_then(NonZeroU32::new),
            });
        }
        if let Some((span, message)) = mistake {
            self.syntax_error(span, message);
        }
        for &param in named.iter().rev() {
            params = self.params.push(params, param);
        }
        params
    }

    // ---- Type parameters ----

    /// Gives each name the constraint of the next entry that has one.
    pub(crate) fn type_params(&mut self, seq: Seq, rbrack: u32) -> TypeParamList {
        let entries = self.tparams.items(seq).to_vec();
        self.tparams.items.truncate(seq.start as usize);
        let mut constraint = entries.iter().rev().find_map(|entry| entry.constraint);
        if entries
            .last()
            .is_some_and(|entry| entry.constraint.is_none())
        {
            self.syntax_error(Span::new(rbrack, rbrack + 1), "missing type constraint");
        }
        let mut params = Vec::with_capacity(entries.len());
        for entry in entries.iter().rev() {
            constraint = entry.constraint.or(constraint);
            let constraint = match constraint {
                Some(constraint) => constraint,
                None => self.expr(entry.name.span, 0, Expr::Bad),
            };
            params.push(TypeParam {
                name: entry.name,
                constraint,
            });
        }
        let pool = &mut self.ast.pools.type_params;
        let start = self.ast.segment as u32 | pool.len() as u32;
        pool.extend(params.into_iter().rev());
        TypeParamList {
            start,
            len: entries.len() as u32,
        }
    }

    /// The start of a type parameter list as the grammar reads it: expressions, then an operand and a constraint.
    /// The expressions are names, perhaps with constraints (`P *C`); the operand is a name, or a name with the length
    /// of an array constraint (`P [n]E`).
    pub(crate) fn type_param_head(
        &mut self,
        before: Option<Seq>,
        operand: ExprId,
        constraint: ExprId,
    ) -> Seq {
        let mut list = Vec::new();
        if let Some(seq) = before {
            list.extend_from_slice(self.exprs.items(seq));
            self.exprs.items.truncate(seq.start as usize);
        }
        let mut params = self.tparams.start();
        for x in list {
            let entry = self.type_param_entry(x);
            params = self.tparams.push(params, entry);
        }
        let entry = match self.ast.expr(operand) {
            Expr::Index { x, indices, lbrack } => {
                let length = self.ast.expr_list(indices)[0];
                let array = self.sized_constraint(lbrack, ArrayLen::Expr(length), constraint);
                TypeParamEntry {
                    constraint: Some(array),
                    ..self.type_param_entry(x)
                }
            }
            _ => TypeParamEntry {
                constraint: Some(constraint),
                ..self.type_param_entry(operand)
            },
        };
        self.tparams.push(params, entry)
    }

    /// `[n]` before a constraint: belongs to the first term of a union.
    fn sized_constraint(&mut self, lbrack: u32, len: ArrayLen, constraint: ExprId) -> ExprId {
        let mut edge = Vec::new();
        let mut first = constraint;
        while let Expr::Binary {
            op: BinaryOp::Or,
            x,
            ..
        } = self.ast.expr(first)
        {
            edge.push(first);
            first = x;
        }
        let end = self.span(first).end;
        let mut node = self.array_type(lbrack, end, len, first);
        for parent in edge.into_iter().rev() {
            if let Expr::Binary { op, op_pos, y, .. } = self.ast.expr(parent) {
                *self.ast.expr_mut(parent) = Expr::Binary {
                    op,
                    op_pos,
                    x: node,
                    y,
                };
                self.ast.expr_span_mut(parent).start = lbrack;
            }
            node = parent;
        }
        node
    }

    /// An entry of a type parameter list that was read as an expression.
    fn type_param_entry(&mut self, x: ExprId) -> TypeParamEntry {
        if let Some((name, constraint)) = self.split_name(x, true) {
            return TypeParamEntry { name, constraint };
        }
        let span = self.span(x);
        self.syntax_error(span, "missing type parameter name");
        TypeParamEntry {
            name: Ident {
                name: Symbol::BLANK,
                span,
            },
            constraint: Some(x),
        }
    }

    /// Reads an expression as a name followed by a constraint, as in `P *C`, `P (C)` and `P *C | D`, or as a name alone.
    /// Without `force` only if the constraint cannot be a value.
    fn split_name(&mut self, x: ExprId, force: bool) -> Option<(Ident, Option<ExprId>)> {
        // The left edge of a union, walked with a loop since it can be long.
        let mut edge = Vec::new();
        let mut first = x;
        let mut force = force;
        while let Expr::Binary {
            op: BinaryOp::Or,
            x,
            y,
            ..
        } = self.ast.expr(first)
        {
            force |= self.is_type_elem(y);
            edge.push(first);
            first = x;
        }
        let span = self.span(first);
        let (name, mut constraint) = match self.ast.expr(first) {
            Expr::Ident(name) if edge.is_empty() => return Some((Ident { name, span }, None)),
            Expr::Binary {
                op: BinaryOp::Mul,
                op_pos,
                x,
                y,
            } if force || self.is_type_elem(y) => (x, self.star(op_pos, y)),
            Expr::Call {
                fun,
                args,
                ellipsis: None,
                lparen,
                ..
            } if args.len() == 1 => {
                let arg = self.ast.expr_list(args)[0];
                if !force && !self.is_type_elem(arg) {
                    return None;
                }
                (fun, self.paren(lparen, span.end, arg))
            }
            _ => return None,
        };
        let Expr::Ident(symbol) = self.ast.expr(name) else {
            return None;
        };
        for &union in edge.iter().rev() {
            if let Expr::Binary { op_pos, y, .. } = self.ast.expr(union) {
                constraint = self.union(constraint, op_pos, y);
            }
        }
        let name = Ident {
            name: symbol,
            span: self.span(name),
        };
        Some((name, Some(constraint)))
    }

    /// Whether an expression can only be a type or a constraint.
    fn is_type_elem(&self, id: ExprId) -> bool {
        let mut todo = vec![id];
        while let Some(id) = todo.pop() {
            match self.ast.expr(id) {
                Expr::ArrayType { .. }
                | Expr::StructType(_)
                | Expr::FuncType(_)
                | Expr::InterfaceType(_)
                | Expr::MapType { .. }
                | Expr::ChanType { .. }
                | Expr::Unary {
                    op: UnaryOp::Tilde, ..
                } => return true,
                Expr::Binary { x, y, .. } => todo.extend([x, y]),
                Expr::Unary { x, .. } | Expr::Star(x) | Expr::Paren(x) => todo.push(x),
                _ => {}
            }
        }
        false
    }

    /// `type T [ … ] U`: an array type, or a generic type whose parameter list also reads as expressions.
    pub(crate) fn bracket_type_spec(
        &mut self,
        l: u32,
        r: u32,
        name: Ident,
        bracket: Bracket,
        alias: bool,
        ty: ExprId,
    ) -> Seq {
        let list = self.ast.expr_list(bracket.list).to_vec();
        let several = list.len() > 1 || bracket.comma.is_some();
        let split = self.split_name(list[0], several);
        let generic = several || alias || matches!(split, Some((_, Some(_))));
        if !generic {
            let array = self.array_type(bracket.span.start, r, ArrayLen::Expr(list[0]), ty);
            return self.type_spec(l, r, name, TypeParamList::default(), false, array);
        }
        let mut entries = self.tparams.start();
        for &x in &list {
            let entry = self.type_param_entry(x);
            entries = self.tparams.push(entries, entry);
        }
        let params = self.type_params(entries, bracket.span.end - 1);
        self.type_spec(l, r, name, params, alias, ty)
    }

    // ---- Structs and interfaces ----

    pub(crate) fn struct_type(&mut self, l: u32, r: u32, seq: Seq) -> ExprId {
        let items = self.fields.items(seq);
        let below = items
            .iter()
            .map(|field| self.expr_depth(field.ty))
            .max()
            .unwrap_or(0);
        let (start, len) = self.fields.finish(seq, &mut self.ast.pools.fields);
        self.expr(
            Span::new(l, r),
            below,
            Expr::StructType(FieldList { start, len }),
        )
    }

    pub(crate) fn named_fields(&mut self, names: Seq, ty: ExprId, tag: Option<ExprId>) -> Seq {
        self.check_tag(tag);
        let names_of = self.idents.items(names).to_vec();
        self.idents.items.truncate(names.start as usize);
        let mut fields = self.fields.start();
        for name in names_of {
            let embedded = false;
            fields = self.fields.push(
                fields,
                Field {
                    name,
                    ty,
                    embedded,
                    tag,
                },
            );
        }
        fields
    }

    pub(crate) fn embedded_field(&mut self, ty: ExprId, tag: Option<ExprId>) -> Seq {
        self.check_tag(tag);
        let name = self.embedded_name(ty);
        self.fields.one(Field {
            name,
            ty,
            embedded: true,
            tag,
        })
    }

    /// The name that a type gives to the field that embeds it.
    fn embedded_name(&self, ty: ExprId) -> Ident {
        let mut id = ty;
        loop {
            id = match self.ast.expr(id) {
                Expr::Ident(name) => {
                    let span = self.span(id);
                    return Ident { name, span };
                }
                Expr::Selector { sel, .. } => return sel,
                Expr::Star(x) | Expr::Index { x, .. } | Expr::Paren(x) => x,
                _ => {
                    let span = self.span(ty);
                    return Ident {
                        name: Symbol::BLANK,
                        span,
                    };
                }
            };
        }
    }

    /// Reports a number as a tag; a rune is allowed by Go's compiler too.
    fn check_tag(&mut self, tag: Option<ExprId>) {
        let Some(tag) = tag else { return };
        if let Expr::BasicLit(LitKind::Int | LitKind::Float | LitKind::Imaginary) =
            self.ast.expr(tag)
        {
            let span = self.span(tag);
            let text = self.slice(span);
            self.error(
                span,
                format!("invalid syntax tree: incorrect tag syntax: {text:?}"),
            );
        }
    }

    pub(crate) fn interface_type(&mut self, l: u32, r: u32, seq: Seq) -> ExprId {
        let depths = self.elems.items(seq).iter().map(|elem| match *elem {
            InterfaceElem::Method { sig, .. } => self.sig_depths[self.ast.own(sig.index())],
            InterfaceElem::Embedded(ty) => self.expr_depth(ty),
        });
        let below = depths.max().unwrap_or(0);
        let (start, len) = self.elems.finish(seq, &mut self.ast.pools.interface_elems);
        self.expr(
            Span::new(l, r),
            below,
            Expr::InterfaceType(InterfaceElemList { start, len }),
        )
    }

    /// One more term of a union.
    pub(crate) fn union(&mut self, x: ExprId, op_pos: u32, y: ExprId) -> ExprId {
        self.binary(x, BinaryOp::Or, op_pos, y)
    }
}
