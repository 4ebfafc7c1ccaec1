//! The session as a program, and programs as inputs.
//!
//! What was entered becomes a file that compiles: imports and declarations at the top, statements in `main`. The variables of the
//! prompt are package-level variables there, too, with their types, since functions may use them; `x := 1` becomes `x = 1` in
//! `main`. A name that was declared several times keeps its last meaning: what hid it is left out, with a comment.

use minigo_compiler::session::{DeclaredKind, Session};
use minigo_grammar::ast::{AssignOp, Ast, Decl, Expr, Stmt};
use minigo_grammar::source::{SourceFile, Span};
use minigo_grammar::symbol::Symbols;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

/// A program of these inputs.
pub(crate) fn program(inputs: &[&str], session: &Session) -> String {
    let variables: Vec<(String, String)> = session
        .declared()
        .into_iter()
        .filter(|object| object.kind == DeclaredKind::Variable)
        .map(|object| (object.name, object.ty))
        .collect();
    let mut parts = Parts::default();
    let mut last: HashMap<String, usize> = HashMap::new();
    let parsed: Vec<(SourceFile, Symbols, Ast)> = inputs
        .iter()
        .map(|text| {
            let file = SourceFile::new("input", *text);
            let mut symbols = Symbols::new();
            let (ast, _) = minigo_grammar::parse_repl(&file, &mut symbols);
            (file, symbols, ast)
        })
        .collect();
    for (number, (_, symbols, ast)) in parsed.iter().enumerate() {
        for &decl in ast
            .stmt_list(ast.input)
            .iter()
            .filter_map(|&stmt| match ast.stmt(stmt) {
                Stmt::Decl(list) => Some(ast.decl_list(list)),
                _ => None,
            })
            .flatten()
        {
            if let Some(name) = declared_name(ast, symbols, ast.decl(decl)) {
                last.insert(name, number);
            }
        }
    }
    for (number, (file, symbols, ast)) in parsed.iter().enumerate() {
        for &stmt in ast.stmt_list(ast.input) {
            let span = ast.stmt_span(stmt);
            let text = file.slice(span);
            match ast.stmt(stmt) {
                Stmt::Decl(list) => {
                    let decls = ast.decl_list(list);
                    let Some(&first) = decls.first() else {
                        continue;
                    };
                    match ast.decl(first) {
                        Decl::Import(_) => parts.imports.push_str(&format!("{text}\n")),
                        Decl::Var(_) => {
                            for &decl in decls {
                                if let Decl::Var(var) = ast.decl(decl) {
                                    let names: Vec<&str> = ast
                                        .ident_list(var.names)
                                        .iter()
                                        .map(|name| symbols.name(name.name))
                                        .collect();
                                    let values = ast.expr_list(var.values);
                                    if let (Some(&a), Some(&b)) = (values.first(), values.last()) {
                                        let span =
                                            Span::new(ast.expr_span(a).start, ast.expr_span(b).end);
                                        parts.statement(&format!(
                                            "{} = {}",
                                            names.join(", "),
                                            file.slice(span)
                                        ));
                                    }
                                }
                            }
                        }
                        decl => {
                            let hidden = declared_name(ast, symbols, decl)
                                .is_some_and(|name| last.get(&name) != Some(&number));
                            let comment = if hidden {
                                "// declared again later: "
                            } else {
                                ""
                            };
                            for line in text.lines() {
                                let _ = writeln!(parts.declarations, "{comment}{line}");
                            }
                            parts.declarations.push('\n');
                        }
                    }
                }
                Stmt::Assign {
                    op: AssignOp::Define,
                    op_pos,
                    ..
                } => {
                    let at = (op_pos - span.start) as usize;
                    parts.statement(&format!("{}={}", &text[..at], &text[at + 2..]));
                }
                Stmt::Expr(x) if !is_statement(ast, x) => parts.statement(&format!("_ = {text}")),
                _ => parts.statement(text),
            }
        }
    }
    parts.finish(&variables)
}

fn is_statement(ast: &Ast, x: minigo_grammar::ast::ExprId) -> bool {
    matches!(ast.expr(ast.unparen(x)), Expr::Call { .. })
        || matches!(
            ast.expr(ast.unparen(x)),
            Expr::Unary {
                op: minigo_grammar::ast::UnaryOp::Recv,
                ..
            }
        )
}

/// The name that a function or a type has; methods belong to theirs.
fn declared_name(ast: &Ast, symbols: &Symbols, decl: &Decl) -> Option<String> {
    let _ = ast;
    match decl {
        Decl::Func(func) if func.recv.is_none() => Some(symbols.name(func.name.name).to_string()),
        Decl::Type(ty) => Some(symbols.name(ty.name.name).to_string()),
        _ => None,
    }
}

#[derive(Default)]
struct Parts {
    imports: String,
    declarations: String,
    statements: String,
}

impl Parts {
    fn statement(&mut self, text: &str) {
        for line in text.lines() {
            let _ = writeln!(self.statements, "\t{line}");
        }
    }

    fn finish(self, variables: &[(String, String)]) -> String {
        let mut body = String::new();
        for (name, ty) in variables {
            let _ = writeln!(body, "var {name} {ty}");
        }
        if !variables.is_empty() {
            body.push('\n');
        }
        body.push_str(&self.declarations);
        let _ = writeln!(body, "func main() {{\n{}}}", self.statements);
        let mut text = String::from("package main\n\n");
        text.push_str(&self.imports);
        for path in used_packages(&body, &self.imports) {
            let _ = writeln!(text, "import {path:?}");
        }
        text.push('\n');
        text.push_str(&body);
        text
    }
}

/// Packages that the text uses without importing them.
fn used_packages(text: &str, imports: &str) -> BTreeSet<&'static str> {
    let file = SourceFile::new("program", text);
    let lexed = minigo_grammar::lexer::tokenize(&file);
    let mut used = BTreeSet::new();
    for pair in lexed.tokens.windows(2) {
        if pair[0].token == minigo_grammar::token::Token::Ident
            && pair[1].token == minigo_grammar::token::Token::Dot
            && let Some(path) = super::engine::common_package(file.slice(pair[0].span))
            && !imports.contains(&format!("{path:?}"))
        {
            used.insert(path);
        }
    }
    used
}

/// The text of a file with its package clause made blank, so that positions stay.
pub(crate) fn without_package_clause(text: &str) -> String {
    let file = SourceFile::new("file", text);
    let lexed = minigo_grammar::lexer::tokenize(&file);
    let mut out = text.to_string();
    if let [package, name, ..] = &lexed.tokens[..]
        && package.token == minigo_grammar::token::Token::Package
    {
        let range = package.span.start as usize..name.span.end as usize;
        let blank = " ".repeat(range.len());
        out.replace_range(range, &blank);
    }
    out
}
