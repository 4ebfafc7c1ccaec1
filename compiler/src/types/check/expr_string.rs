//! Expressions as messages show them: on one line, spaced as Go's compiler spaces them, function bodies and the
//! elements of composite literals cut to `…`.

use minigo_grammar::ast::{
    ArrayLen, BinaryOp, ChanDir, Expr, ExprId, InterfaceElem, ParamList, SigId,
};
use minigo_grammar::source::SourceFile;
use minigo_grammar::{Ast, Symbols};

/// The expression as text.
pub(crate) fn expr_string(ast: &Ast, symbols: &Symbols, file: &SourceFile, expr: ExprId) -> String {
    let mut printer = Printer {
        ast,
        symbols,
        file,
        out: String::new(),
    };
    printer.expr(expr);
    printer.out
}

struct Printer<'a> {
    ast: &'a Ast,
    symbols: &'a Symbols,
    file: &'a SourceFile,
    out: String,
}

impl Printer<'_> {
    fn expr(&mut self, id: ExprId) {
        match self.ast.expr(id) {
            Expr::Bad => self.out.push_str("<bad expr>"),
            Expr::Ident(name) => self.out.push_str(self.symbols.name(name)),
            Expr::BasicLit(_) => self.out.push_str(self.file.slice(self.ast.expr_span(id))),
            Expr::CompositeLit { ty, elems, .. } => {
                if let Some(ty) = ty {
                    self.expr(ty);
                }
                self.out
                    .push_str(if elems.is_empty() { "{}" } else { "{…}" });
            }
            Expr::FuncLit { sig, body } => {
                self.out.push_str("func");
                self.signature(sig);
                self.out.push_str(if body.stmts.is_empty() {
                    " {}"
                } else {
                    " {…}"
                });
            }
            Expr::Paren(x) => {
                self.out.push('(');
                self.expr(x);
                self.out.push(')');
            }
            Expr::Selector { x, sel } => {
                self.expr(x);
                self.out.push('.');
                self.out.push_str(self.symbols.name(sel.name));
            }
            Expr::Index { x, indices, .. } => {
                self.expr(x);
                self.out.push('[');
                self.list(self.ast.expr_list(indices));
                self.out.push(']');
            }
            Expr::Slice { x, lo, hi, max, .. } => {
                self.expr(x);
                self.out.push('[');
                self.optional(lo);
                self.out.push(':');
                self.optional(hi);
                if max.is_some() {
                    self.out.push(':');
                    self.optional(max);
                }
                self.out.push(']');
            }
            Expr::TypeAssert { x, ty } => {
                self.expr(x);
                self.out.push_str(".(");
                match ty {
                    Some(ty) => self.expr(ty),
                    None => self.out.push_str("type"),
                }
                self.out.push(')');
            }
            Expr::Call {
                fun,
                args,
                ellipsis,
                ..
            } => {
                self.expr(fun);
                self.out.push('(');
                self.list(self.ast.expr_list(args));
                self.out
                    .push_str(if ellipsis.is_some() { "...)" } else { ")" });
            }
            Expr::Star(x) => {
                self.out.push('*');
                self.expr(x);
            }
            Expr::Unary { op, x } => {
                self.out.push_str(op.text());
                self.expr(x);
            }
            Expr::Binary { .. } => self.binary(id),
            Expr::ArrayType { len, elem } => {
                self.out.push('[');
                match len {
                    ArrayLen::Slice => {}
                    ArrayLen::Ellipsis => self.out.push_str("..."),
                    ArrayLen::Expr(len) => self.expr(len),
                }
                self.out.push(']');
                self.expr(elem);
            }
            Expr::StructType(fields) => {
                self.out.push_str("struct{");
                let fields = self.ast.field_list(fields);
                for (i, field) in fields.iter().enumerate() {
                    if !field.embedded {
                        self.out.push_str(self.symbols.name(field.name.name));
                        if fields
                            .get(i + 1)
                            .is_some_and(|next| !next.embedded && next.ty == field.ty)
                        {
                            self.out.push_str(", ");
                            continue;
                        }
                        self.out.push(' ');
                    }
                    self.expr(field.ty);
                    if let Some(tag) = field.tag {
                        self.out.push(' ');
                        self.expr(tag);
                    }
                    self.separate(i, fields.len(), "; ");
                }
                self.out.push('}');
            }
            Expr::FuncType(sig) => {
                self.out.push_str("func");
                self.signature(sig);
            }
            Expr::InterfaceType(elems) => {
                self.out.push_str("interface{");
                let elems = self.ast.interface_elem_list(elems);
                for (i, elem) in elems.iter().enumerate() {
                    match *elem {
                        InterfaceElem::Method { name, sig } => {
                            self.out.push_str(self.symbols.name(name.name));
                            self.signature(sig);
                        }
                        InterfaceElem::Embedded(x) => self.expr(x),
                    }
                    self.separate(i, elems.len(), "; ");
                }
                self.out.push('}');
            }
            Expr::MapType { key, value } => {
                self.out.push_str("map[");
                self.expr(key);
                self.out.push(']');
                self.expr(value);
            }
            Expr::ChanType { dir, elem } => {
                self.out.push_str(match dir {
                    ChanDir::Both => "chan ",
                    ChanDir::Send => "chan<- ",
                    ChanDir::Recv => "<-chan ",
                });
                let inner = self.ast.expr(elem);
                let ambiguous = matches!(
                    inner,
                    Expr::ChanType {
                        dir: ChanDir::Recv,
                        ..
                    }
                );
                if dir == ChanDir::Both && ambiguous {
                    self.out.push('(');
                    self.expr(elem);
                    self.out.push(')');
                } else {
                    self.expr(elem);
                }
            }
        }
    }

    /// A binary expression; its left spine may be long.
    fn binary(&mut self, id: ExprId) {
        let mut rest: Vec<(BinaryOp, ExprId)> = Vec::new();
        let mut left = id;
        while let Expr::Binary { op, x, y, .. } = self.ast.expr(left) {
            rest.push((op, y));
            left = x;
        }
        self.expr(left);
        for (op, y) in rest.into_iter().rev() {
            self.out.push(' ');
            self.out.push_str(op.text());
            self.out.push(' ');
            self.expr(y);
        }
    }

    fn optional(&mut self, expr: Option<ExprId>) {
        if let Some(expr) = expr {
            self.expr(expr);
        }
    }

    fn list(&mut self, exprs: &[ExprId]) {
        for (i, &expr) in exprs.iter().enumerate() {
            self.expr(expr);
            self.separate(i, exprs.len(), ", ");
        }
    }

    /// Writes `separator` after all but the last of `len` things.
    fn separate(&mut self, index: usize, len: usize, separator: &str) {
        if index + 1 < len {
            self.out.push_str(separator);
        }
    }

    fn signature(&mut self, sig: SigId) {
        let sig = self.ast.sig(sig);
        self.params(sig.params);
        if let [only] = self.ast.param_list(sig.results)
            && only.name.is_none()
        {
            self.out.push(' ');
            self.expr(only.ty);
        } else if !sig.results.is_empty() {
            self.out.push(' ');
            self.params(sig.results);
        }
    }

    fn params(&mut self, params: ParamList) {
        self.out.push('(');
        let params = self.ast.param_list(params);
        for (i, param) in params.iter().enumerate() {
            if let Some(name) = param.name {
                self.out.push_str(self.symbols.name(name.name));
                if params.get(i + 1).is_some_and(|next| next.ty == param.ty) {
                    self.out.push_str(", ");
                    continue;
                }
                self.out.push(' ');
            }
            if param.ellipsis.is_some() {
                self.out.push_str("...");
            }
            self.expr(param.ty);
            self.separate(i, params.len(), ", ");
        }
        self.out.push(')');
    }
}
