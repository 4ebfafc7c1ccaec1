//! Declarations and whole files.

use super::*;

impl Builder<'_> {
    fn decl(&mut self, decl: Decl) -> Seq {
        self.ast.all_decls.push(decl);
        self.decls.one(DeclId::from_index(
            self.ast.segment | (self.ast.all_decls.len() - 1),
        ))
    }

    /// Marks declarations as standing in one pair of parentheses, and counts `iota`.
    pub(crate) fn group(&mut self, seq: Seq) -> Seq {
        let id = Some(GroupId(self.groups));
        self.groups += 1;
        for (line, decl) in self.decls.items(seq).iter().enumerate() {
            let at = self.ast.own(decl.index());
            match &mut self.ast.all_decls[at] {
                Decl::Import(decl) => decl.group = id,
                Decl::Const(decl) => {
                    decl.group = id;
                    decl.iota = line as u32;
                }
                Decl::Var(decl) => decl.group = id,
                Decl::Type(decl) => decl.group = id,
                Decl::Func(_) => {}
            }
        }
        seq
    }

    pub(crate) fn import(&mut self, l: u32, r: u32, name: Option<Ident>, path: ExprId) -> Seq {
        if !matches!(
            self.ast.expr(path),
            Expr::BasicLit(LitKind::String | LitKind::RawString)
        ) {
            self.syntax_error(self.span(path), "import path must be a string");
        }
        let span = Span::new(l, r);
        self.decl(Decl::Import(ImportDecl {
            name,
            path,
            group: None,
            span,
        }))
    }

    pub(crate) fn const_spec(
        &mut self,
        l: u32,
        r: u32,
        names: IdentList,
        ty: Option<ExprId>,
        values: ExprList,
    ) -> Seq {
        self.decl(Decl::Const(ConstDecl {
            names,
            ty,
            values,
            iota: 0,
            group: None,
            span: Span::new(l, r),
        }))
    }

    pub(crate) fn var_spec(
        &mut self,
        l: u32,
        r: u32,
        names: IdentList,
        ty: Option<ExprId>,
        values: ExprList,
    ) -> Seq {
        self.decl(Decl::Var(VarDecl {
            names,
            ty,
            values,
            group: None,
            span: Span::new(l, r),
        }))
    }

    pub(crate) fn type_spec(
        &mut self,
        l: u32,
        r: u32,
        name: Ident,
        type_params: TypeParamList,
        alias: bool,
        ty: ExprId,
    ) -> Seq {
        self.decl(Decl::Type(TypeDecl {
            name,
            type_params,
            alias,
            ty,
            group: None,
            span: Span::new(l, r),
        }))
    }

    #[expect(clippy::too_many_arguments, reason = "one for each part of the rule")]
    pub(crate) fn func_decl(
        &mut self,
        l: u32,
        r: u32,
        recv: Option<Seq>,
        name: Ident,
        type_params: Option<TypeParamList>,
        sig: SigId,
        body: Option<Block>,
    ) -> Seq {
        let recv = recv.and_then(|seq| self.receiver(name, seq));
        self.decl(Decl::Func(FuncDecl {
            recv,
            name,
            type_params: type_params.unwrap_or_default(),
            sig,
            body,
            span: Span::new(l, r),
        }))
    }

    /// The one receiver of a method; Go reports another number of them at the method's name.
    fn receiver(&mut self, name: Ident, seq: Seq) -> Option<Param> {
        let receivers = self.params.items(seq);
        let first = receivers.first().copied();
        let message = match receivers.len() {
            0 => Some("method has no receiver"),
            1 => None,
            _ => Some("method has multiple receivers"),
        };
        self.params.items.truncate(seq.start as usize);
        if let Some(message) = message {
            self.error(name.span, message);
        }
        if let Some(dots) = first.and_then(|param| param.ellipsis) {
            self.error(Span::new(dots.get(), dots.get() + 3), "invalid use of ...");
        }
        first
    }

    /// A function whose head could not be read: its body was, for the errors in it, and is dropped.
    pub(crate) fn bad_func(&mut self) -> Seq {
        self.decls.start()
    }

    pub(crate) fn decl_stmt(&mut self, l: u32, r: u32, decls: Seq) -> StmtId {
        let depths = self
            .decls
            .items(decls)
            .iter()
            .map(|&id| self.decl_depth(self.ast.decl(id)));
        let below = depths.max().unwrap_or(0);
        let decls = self.finish_decls(decls);
        self.stmt(Span::new(l, r), below, Stmt::Decl(decls))
    }

    fn decl_depth(&self, decl: &Decl) -> u16 {
        match decl {
            Decl::Import(_) => 0,
            Decl::Const(decl) => self
                .opt_expr_depth(decl.ty)
                .max(self.expr_list_depth(decl.values)),
            Decl::Var(decl) => self
                .opt_expr_depth(decl.ty)
                .max(self.expr_list_depth(decl.values)),
            Decl::Type(decl) => {
                let params = self.ast.type_param_list(decl.type_params).iter();
                let depths = params.map(|param| self.expr_depth(param.constraint));
                depths.fold(self.expr_depth(decl.ty), u16::max)
            }
            Decl::Func(decl) => {
                let body = decl.body.map_or(0, |body| self.block_depth(body));
                body.max(self.sig_depths[self.ast.own(decl.sig.index())])
            }
        }
    }

    pub(crate) fn finish_file(&mut self, package: Ident, decls: Seq) {
        let mut others = false;
        let mut late = None;
        for &id in self.decls.items(decls) {
            match self.ast.decl(id) {
                Decl::Import(import) if others => late = late.or(Some(import.span)),
                Decl::Import(_) => {}
                _ => others = true,
            }
        }
        if let Some(span) = late {
            let keyword = self.import_keyword(span.start);
            self.syntax_error(keyword, "imports must appear before other declarations");
        }
        self.ast.package = package;
        self.ast.decls = self.finish_decls(decls);
    }

    /// The keyword of the import declaration whose first spec starts at `spec`.
    fn import_keyword(&self, spec: u32) -> Span {
        let start = self.text[..spec as usize]
            .rfind("import")
            .unwrap_or(spec as usize) as u32;
        Span::new(start, start + "import".len() as u32)
    }

    pub(crate) fn finish_repl(&mut self, stmts: Seq) {
        self.ast.input = self.finish_stmts(stmts);
    }

    pub(crate) fn finish_expr(&mut self, expr: ExprId) {
        let stmt = self.expr_stmt(expr);
        let seq = self.stmts.one(stmt);
        self.ast.input = self.finish_stmts(seq);
    }
}
