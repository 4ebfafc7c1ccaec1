//! Functions of the library, parsed when they are needed.
//!
//! A program reaches few of the functions in the packages that it imports, and functions are nine tenths of their text. [`parse_library_file`]
//! finds where they are by their layout and passes the rest to the parser; [`declaration`] parses one when somebody asks for it. It has
//! an arena of its own behind that of the file, so that nothing in the file's tree moves.
//!
//! **The layout**, which a test of the whole library holds to: a function begins at the start of a line, and ends with that line or
//! with the next line that is `}`. What does not look like that (a head of several lines, a comment in the head) is parsed at once. In
//! user packages nothing is put off, because errors must be found whether something reaches them or not.
//!
//! Rejected: putting off bodies only. Heads are a third of the library's tokens.

use std::cell::OnceCell;

use crate::ast::{Ast, Decl, DeclId, Ident, Stmt};
use crate::diagnostic::Diagnostic;
use crate::parser;
use crate::source::{SourceFile, Span};
use crate::symbol::{Symbol, Symbols};

/// A function that is parsed when it is needed, and what can be said of it without.
#[derive(Clone, Debug)]
pub struct Deferred {
    /// Its name.
    pub name: Ident,
    /// The type that it is a method of.
    pub receiver: Option<Receiver>,
    /// Whether it is not implemented elsewhere.
    pub has_body: bool,
    /// From `func` to the end.
    pub span: Span,
    /// Its arena, whose first declaration is the function.
    pub(crate) tree: OnceCell<Box<Ast>>,
}

/// What a method belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Receiver {
    /// The name of the type.
    pub base: Symbol,
    /// Whether it belongs to the pointer type.
    pub pointer: bool,
}

impl Ast {
    /// The declarations whose parsing is put off; they are not in [`Ast::decls`].
    pub fn deferred_decls(&self) -> impl ExactSizeIterator<Item = (DeclId, &Deferred)> {
        let functions = self.deferred.iter().enumerate();
        functions.map(|(number, function)| (DeclId::from_index(Ast::segment_of(number)), function))
    }

    /// What is known of a declaration whose parsing is put off, parsed or not.
    pub fn deferred(&self, id: DeclId) -> Option<&Deferred> {
        let number = Ast::function_of(id.index())?;
        let is_function = Ast::segment_of(number) == id.index();
        self.deferred.get(number).filter(|_| is_function)
    }
}

/// Parses a file of the library but for its functions; they are in [`Ast::deferred_decls`].
pub fn parse_library_file(file: &SourceFile, symbols: &mut Symbols) -> (Ast, Vec<Diagnostic>) {
    let text = file.text();
    let mut parts = Vec::new();
    let mut deferred = Vec::new();
    let mut after = 0;
    for outline in outlines(text).into_iter().take(Ast::MAX_DEFERRED) {
        // Between most functions there is nothing but the comment above the next.
        let before = Span::new(after, outline.doc);
        if !text[before.range()].trim_ascii().is_empty() {
            parts.push(before);
        }
        after = outline.span.end;
        deferred.push(Deferred {
            name: Ident {
                name: symbols.intern(&text[outline.name.range()]),
                span: outline.name,
            },
            receiver: outline.receiver.map(|(base, pointer)| Receiver {
                base: symbols.intern(base),
                pointer,
            }),
            has_body: outline.has_body,
            span: outline.span,
            tree: OnceCell::new(),
        });
    }
    parts.push(Span::new(after, text.len() as u32));
    let (mut ast, diagnostics) = parser::parse_parts(file, symbols, &parts);
    ast.deferred = deferred;
    (ast, diagnostics)
}

/// A declaration of a file, parsed now if that was put off.
///
/// Panics if a function of the library is wrong.
pub fn declaration<'a>(ast: &'a Ast, id: DeclId, file: &SourceFile, symbols: &Symbols) -> &'a Decl {
    if let Some(function) = ast.deferred(id) {
        function
            .tree
            .get_or_init(|| Box::new(parse_function(id, function, file, symbols)));
    }
    ast.decl(id)
}

fn parse_function(id: DeclId, function: &Deferred, file: &SourceFile, symbols: &Symbols) -> Ast {
    let (mut ast, diagnostics) = parser::parse_function(file, symbols, function.span, id.index());
    let list = match *ast.stmt_list(ast.input) {
        [stmt] => ast.stmt(stmt),
        _ => Stmt::Bad,
    };
    // What is declared inside comes first, and the function itself last; it takes the place that is kept for it.
    match ast.all_decls.pop() {
        Some(decl @ Decl::Func(_)) if diagnostics.is_empty() && matches!(list, Stmt::Decl(_)) => {
            ast.all_decls[0] = decl;
        }
        _ => panic!(
            "internal error: {}:{}: a function of the library cannot be parsed: {diagnostics:?}",
            file.name(),
            file.line_col(function.span.start)
        ),
    }
    ast
}

/// A function as its layout shows it.
struct Outline<'a> {
    /// Where the comment above it begins.
    doc: u32,
    span: Span,
    name: Span,
    receiver: Option<(&'a str, bool)>,
    has_body: bool,
}

/// The functions of a text that are laid out as they should be.
fn outlines(text: &str) -> Vec<Outline<'_>> {
    let mut found = Vec::new();
    // A function that is not at its end yet.
    let mut open: Option<Outline<'_>> = None;
    let mut doc = None;
    let mut start = 0;
    while start < text.len() {
        let end = line_end(text, start);
        let line = &text[start..end];
        if let Some(outline) = &mut open {
            if line == "}" {
                outline.span.end = end as u32;
                found.extend(open.take());
            }
        } else if line.starts_with("//") {
            doc.get_or_insert(start as u32);
        } else {
            let doc = doc.take().unwrap_or(start as u32);
            match outline(line, start, doc) {
                Some(outline) if line.ends_with('{') => open = Some(outline),
                outline => found.extend(outline),
            }
        }
        start = end + 1;
    }
    found.retain(|outline| outline.span.len() as usize <= Ast::MAX_DEFERRED_LEN);
    found
}

fn line_end(text: &str, start: usize) -> usize {
    let length = memchr::memchr(b'\n', &text.as_bytes()[start..]);
    length.map_or(text.len(), |length| start + length)
}

/// The function whose first line, perhaps the only one, this is.
fn outline(line: &str, start: usize, doc: u32) -> Option<Outline<'_>> {
    let mut rest = line.strip_prefix("func ")?;
    if memchr::memchr2(b'/', b'`', line.as_bytes()).is_some() {
        return None;
    }
    let has_body = match line.as_bytes().last()? {
        b'{' => true,
        // Else the brace may belong to a type.
        b'}' if line.contains(" { ") => true,
        b')' | b']' | b'_' => false,
        last if last.is_ascii_alphanumeric() => false,
        _ => return None,
    };
    let mut receiver = None;
    if let Some(method) = rest.strip_prefix('(') {
        let (inside, after) = method.split_once(") ")?;
        receiver = Some(receiver_type(inside)?);
        rest = after;
    }
    let len = memchr::memchr2(b'(', b'[', rest.as_bytes())?;
    let name = start + line.len() - rest.len();
    // An `init` is not reached by its name.
    if !is_name(&rest[..len]) || &rest[..len] == "init" {
        return None;
    }
    Some(Outline {
        doc,
        span: Span::new(start as u32, (start + line.len()) as u32),
        name: Span::new(name as u32, (name + len) as u32),
        receiver,
        has_body,
    })
}

/// The name of the type in `r *T[P]`, and whether there is a star.
fn receiver_type(text: &str) -> Option<(&str, bool)> {
    let ty = match text.split_once(' ') {
        Some((name, ty)) if is_name(name) => ty,
        _ => text,
    };
    let (ty, pointer) = match ty.strip_prefix('*') {
        Some(ty) => (ty, true),
        None => (ty, false),
    };
    let base = ty.split('[').next().unwrap_or(ty);
    is_name(base).then_some((base, pointer))
}

/// Whether it is a name, in ASCII.
fn is_name(text: &str) -> bool {
    let is_part = |byte: &u8| *byte == b'_' || byte.is_ascii_alphanumeric();
    let bytes = text.as_bytes();
    bytes.iter().all(is_part) && bytes.first().is_some_and(|first| !first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What of a file is put off, and what of it is known before.
    fn check(text: &str, expected: &[&str]) {
        let file = SourceFile::new("t.mgo", text.to_string());
        let mut symbols = Symbols::new();
        let (ast, diagnostics) = parse_library_file(&file, &mut symbols);
        assert_eq!(diagnostics, [], "{text:?}");
        let found: Vec<String> = ast
            .deferred_decls()
            .map(|(id, function)| {
                let Decl::Func(decl) = declaration(&ast, id, &file, &symbols) else {
                    panic!("not a function");
                };
                assert_eq!(decl.name, function.name);
                assert_eq!(decl.span, function.span);
                assert_eq!(decl.recv.is_some(), function.receiver.is_some());
                assert_eq!(decl.body.is_some(), function.has_body);
                let receiver = function.receiver.map_or(String::new(), |receiver| {
                    let star = if receiver.pointer { "*" } else { "" };
                    format!("{star}{}.", symbols.name(receiver.base))
                });
                format!("{receiver}{}", symbols.name(decl.name.name))
            })
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn functions_are_found_by_their_layout() {
        check("package p\n\nfunc f() {\n\tg()\n}\n", &["f"]);
        check("package p\n\nfunc f(x int) string\nvar x = 1\n", &["f"]);
        check("package p\n\nfunc (t *T[K, V]) m() { t.n() }", &["*T.m"]);
        check(
            "package p\n\nfunc (T) m() (x, y int) { return }\n",
            &["T.m"],
        );
        check(
            "package p\n\nfunc f[T any](x T) {\n\ttype l int\n\tvar y l\n}\n\nfunc h()",
            &["f", "h"],
        );
    }

    #[test]
    fn what_is_laid_out_otherwise_is_parsed_at_once() {
        check("package p\n\nfunc f(\n\tx int,\n) {\n}\n", &[]);
        check("package p\n\nfunc f() { // {\n}\n", &[]);
        check("package p\n\nfunc f() interface{ m() }\n", &[]);
        check("package p\n\nfunc init() {\n}\n", &[]);
        check("package p\n\n func f() {\n}\n", &[]);
    }
}
