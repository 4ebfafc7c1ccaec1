//! Documentation out of the library's own sources: the comment above a declaration, and the declaration without its body, in the form of `go doc`.

use crate::arguments::closest;
use minigo_grammar::ast::{Ast, Decl, Expr, ExprId, GroupId, Ident};
use minigo_grammar::parse_file;
use minigo_grammar::source::{SourceFile, Span};
use minigo_grammar::symbol::Symbols;
use std::fmt::Write;

/// The documentation of what is called `name`: a builtin, a package, a name in a package (`strings.Split`), a method or field
/// (`strings.Builder.Len`).
///
/// # Errors
/// Why there is none, with a hint where one can be given.
pub(crate) fn of(name: &str) -> Result<String, String> {
    let builtin = Package::builtin();
    if let Some(text) = builtin.member(name) {
        return Ok(text);
    }
    // A package's own name may be the whole path or its last element.
    let matching = |wanted: &str| -> Vec<&'static str> {
        minigo_stdlib::paths()
            .filter(|path| *path == wanted || path.rsplit('/').next() == Some(wanted))
            .collect()
    };
    if let Some(path) = matching(name).first() {
        return Ok(Package::load(path).overview());
    }
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    let Some((wanted, member)) = name[start..]
        .split_once('.')
        .map(|(last, member)| (&name[..start + last.len()], member))
    else {
        let mut known = builtin.names();
        known.extend(minigo_stdlib::paths().map(str::to_string));
        let known = known.iter().map(String::as_str);
        return Err(with_hint(
            format!("no builtin or package is called {name}"),
            closest(name, known),
        ));
    };
    let paths = matching(wanted);
    let packages: Vec<Package> = paths.iter().map(|path| Package::load(path)).collect();
    if let Some(text) = packages.iter().find_map(|package| package.member(member)) {
        return Ok(text);
    }
    match packages.first() {
        Some(package) => {
            let names = package.names();
            let hint = closest(member, names.iter().map(String::as_str))
                .map(|name| format!("{wanted}.{name}"));
            Err(with_hint(
                format!("package {} has no exported {member}", package.path),
                hint.as_deref(),
            ))
        }
        None => Err(with_hint(
            format!("minigo has no package {wanted}"),
            closest(wanted, minigo_stdlib::paths()),
        )),
    }
}

fn with_hint(message: String, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("{message}; did you mean {hint}?"),
        None => message,
    }
}

/// A package of the library, as far as its documentation goes.
struct Package {
    path: String,
    name: String,
    doc: String,
    items: Vec<Item>,
}

/// One declaration, or one group of constants or variables.
struct Item {
    kind: Kind,
    names: Vec<String>,
    /// The type that it is a method of, or makes values of.
    owner: Option<String>,
    text: String,
    doc: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Const,
    Var,
    Func,
    Type,
    Method,
}

impl Package {
    fn builtin() -> Package {
        Package::parse("builtin", &[("builtin.mgo", minigo_stdlib::BUILTIN)])
    }

    fn load(path: &str) -> Package {
        Package::parse(path, minigo_stdlib::source(path).unwrap_or_default())
    }

    fn parse(path: &str, files: &[(&str, &str)]) -> Package {
        let mut package = Package {
            path: path.to_string(),
            name: String::new(),
            doc: String::new(),
            items: Vec::new(),
        };
        for (name, text) in files {
            let source = SourceFile::new(*name, *text);
            let mut symbols = Symbols::new();
            let (ast, _) = parse_file(&source, &mut symbols);
            package.name = symbols.name(ast.package.name).to_string();
            let doc = comment_above(&source, source.line_col(ast.package.span.start).line);
            if package.doc.is_empty() {
                package.doc = doc;
            }
            let file = File {
                source: &source,
                ast: &ast,
                symbols: &symbols,
                is_builtin: path == "builtin",
            };
            package.items.extend(file.items());
        }
        let types: Vec<String> = package
            .items
            .iter()
            .filter(|item| item.kind == Kind::Type)
            .flat_map(|item| item.names.clone())
            .collect();
        for item in &mut package.items {
            if item.kind == Kind::Func {
                item.owner = constructed(&item.text, &types);
            }
        }
        package
    }

    fn names(&self) -> Vec<String> {
        self.items
            .iter()
            .filter(|item| item.kind != Kind::Method)
            .flat_map(|item| item.names.clone())
            .collect()
    }

    /// The first line of all documentation but that of builtins.
    fn header(&self) -> String {
        if self.path == "builtin" {
            return String::new();
        }
        format!("package {} // import \"{}\"\n\n", self.name, self.path)
    }

    /// The package's own comment and one line for each name.
    fn overview(&self) -> String {
        let mut text = self.header();
        text.push_str(&self.doc);
        text.push('\n');
        for kind in [Kind::Const, Kind::Var] {
            for item in self.items.iter().filter(|item| item.kind == kind) {
                let _ = writeln!(text, "{}", one_line(item));
            }
        }
        for item in &self.items {
            if item.kind == Kind::Func && item.owner.is_none() {
                let _ = writeln!(text, "{}", one_line(item));
            }
        }
        for item in self.items.iter().filter(|item| item.kind == Kind::Type) {
            let _ = writeln!(text, "{}", one_line(item));
            for other in &self.items {
                if other.kind == Kind::Func && other.owner.as_ref() == item.names.first() {
                    let _ = writeln!(text, "    {}", one_line(other));
                }
            }
        }
        text
    }

    /// The documentation of `Name` or `Type.Method`.
    fn member(&self, name: &str) -> Option<String> {
        let mut text = self.header();
        if let Some((owner, method)) = name.split_once('.') {
            let item = self.items.iter().find(|item| {
                item.kind == Kind::Method
                    && item.owner.as_deref() == Some(owner)
                    && item.names[0] == method
            });
            if let Some(item) = item {
                text.push_str(&full(item));
                return Some(text);
            }
            // A field or a method of an interface: the line that declares it.
            let item = self
                .items
                .iter()
                .find(|item| item.kind == Kind::Type && item.names[0] == owner)?;
            let line = item.text.lines().skip(1).find(|line| {
                let word: String = line
                    .trim()
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                word == method
            })?;
            let _ = write!(text, "type {owner} …\n{line}\n");
            return Some(text);
        }
        let item = self.items.iter().find(|item| {
            item.kind != Kind::Method && item.names.iter().any(|known| known == name)
        })?;
        text.push_str(&full(item));
        if item.kind == Kind::Type {
            let related = self.items.iter().filter(|other| {
                matches!(other.kind, Kind::Func | Kind::Method)
                    && other.owner.as_deref() == Some(name)
            });
            let mut lines: Vec<String> = related.map(one_line).collect();
            // What makes values first, as they have no receiver.
            lines.sort_by_key(|line| line.starts_with("func ("));
            if !lines.is_empty() {
                let _ = writeln!(text, "\n{}", lines.join("\n"));
            }
        }
        Some(text)
    }
}

/// A declaration in full, and its comment.
fn full(item: &Item) -> String {
    let mut text = format!("{}\n", item.text);
    for line in item.doc.lines() {
        let indented = format!("    {line}");
        text.push_str(indented.trim_end());
        text.push('\n');
    }
    text
}

/// A declaration in one line.
fn one_line(item: &Item) -> String {
    let mut lines = item.text.lines();
    let first = lines.next().unwrap_or("");
    if lines.next().is_none() {
        return first.to_string();
    }
    match item.kind {
        Kind::Const | Kind::Var => {
            let word = if item.kind == Kind::Const {
                "const"
            } else {
                "var"
            };
            let first = item.text.lines().nth(1).unwrap_or("").trim();
            let first = first.split("//").next().unwrap_or("").trim();
            format!("{word} {first} …")
        }
        _ => format!("{} ... }}", first.trim_end()),
    }
}

/// The type that a function makes values of: its first result, if that is a type of the package.
fn constructed(signature: &str, types: &[String]) -> Option<String> {
    let results = &signature[signature.find('(')?..];
    // Behind the parentheses of the parameters.
    let mut depth = 0;
    let end = results.char_indices().find_map(|(index, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(index + 1)
    })?;
    let result = results[end..].trim_start_matches([' ', '(', '*']);
    let name: String = result
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    types.contains(&name).then_some(name)
}

/// A parsed source file.
struct File<'a> {
    source: &'a SourceFile,
    ast: &'a Ast,
    symbols: &'a Symbols,
    /// Small letters are exported, too.
    is_builtin: bool,
}

impl File<'_> {
    fn items(&self) -> Vec<Item> {
        let mut items = Vec::new();
        let mut groups: Vec<GroupId> = Vec::new();
        let decls = self.ast.decl_list(self.ast.decls);
        for &id in decls {
            match self.ast.decl(id) {
                Decl::Import(_) => {}
                Decl::Func(decl) => {
                    let owner = decl.recv.map(|recv| self.receiver(recv.ty));
                    let is_hidden = owner.as_ref().is_some_and(|owner| !self.is_exported(owner));
                    let end = decl.body.map_or(decl.span.end, |body| body.span.start);
                    let kind = if owner.is_some() {
                        Kind::Method
                    } else {
                        Kind::Func
                    };
                    if !is_hidden {
                        let text = self.source.slice(Span::new(decl.span.start, end));
                        items.extend(self.item(
                            kind,
                            &[decl.name],
                            owner,
                            text.trim_end(),
                            decl.span,
                        ));
                    }
                }
                Decl::Type(decl) => {
                    let text = format!("type {}", without_unexported(self.text(decl.span)));
                    items.extend(self.item(Kind::Type, &[decl.name], None, &text, decl.span));
                }
                Decl::Const(decl) => {
                    let names = self.ast.ident_list(decl.names);
                    items.extend(self.values(
                        Kind::Const,
                        names,
                        decl.group,
                        decl.span,
                        &mut groups,
                    ));
                }
                Decl::Var(decl) => {
                    let names = self.ast.ident_list(decl.names);
                    items.extend(self.values(Kind::Var, names, decl.group, decl.span, &mut groups));
                }
            }
        }
        items
    }

    /// A line of constants or variables, or the whole group that it opens.
    fn values(
        &self,
        kind: Kind,
        names: &[Ident],
        group: Option<GroupId>,
        span: Span,
        groups: &mut Vec<GroupId>,
    ) -> Option<Item> {
        let word = if kind == Kind::Const { "const" } else { "var" };
        let Some(group) = group else {
            let text = format!("{word} {}", self.text(span));
            return self.item(kind, names, None, &text, span);
        };
        if groups.contains(&group) {
            return None;
        }
        groups.push(group);
        let mut all: Vec<Ident> = Vec::new();
        let mut text = format!("{word} (\n");
        for &id in self.ast.decl_list(self.ast.decls) {
            let (names, other, span) = match self.ast.decl(id) {
                Decl::Const(decl) => (decl.names, decl.group, decl.span),
                Decl::Var(decl) => (decl.names, decl.group, decl.span),
                _ => continue,
            };
            let names = self.ast.ident_list(names);
            let is_shown = names
                .iter()
                .any(|name| self.is_exported(self.symbols.name(name.name)));
            if other == Some(group) && is_shown {
                all.extend(names);
                let line = self.source.line_col(span.start).line;
                let doc = comment_above(self.source, line);
                for line in doc.lines() {
                    let _ = writeln!(text, "\t// {line}");
                }
                let _ = writeln!(text, "\t{}", self.text(span));
            }
        }
        text.push(')');
        // The comment stands above the keyword.
        let mut line = self.source.line_col(span.start).line;
        while line > 1 && !self.line(line).starts_with(word) {
            line -= 1;
        }
        let start = self.source.line_span(line).start;
        self.item(kind, &all, None, &text, Span::at(start))
    }

    fn item(
        &self,
        kind: Kind,
        names: &[Ident],
        owner: Option<String>,
        text: &str,
        span: Span,
    ) -> Option<Item> {
        let names: Vec<String> = names
            .iter()
            .map(|name| self.symbols.name(name.name).to_string())
            .filter(|name| self.is_exported(name))
            .collect();
        if names.is_empty() {
            return None;
        }
        let line = self.source.line_col(span.start).line;
        Some(Item {
            kind,
            names,
            owner,
            text: text.to_string(),
            doc: comment_above(self.source, line),
        })
    }

    fn line(&self, line: u32) -> &str {
        self.source.slice(self.source.line_span(line))
    }

    fn text(&self, span: Span) -> &str {
        let text = self.source.slice(span);
        ["type ", "const ", "var "]
            .iter()
            .find_map(|word| text.strip_prefix(word))
            .unwrap_or(text)
    }

    /// T of `T`, `*T`, `*T[P]`.
    fn receiver(&self, ty: ExprId) -> String {
        let mut ty = self.ast.unparen(ty);
        loop {
            match self.ast.expr(ty) {
                Expr::Star(inner) => ty = self.ast.unparen(inner),
                Expr::Index { x, .. } => ty = self.ast.unparen(x),
                Expr::Ident(name) => return self.symbols.name(name).to_string(),
                _ => return String::new(),
            }
        }
    }

    fn is_exported(&self, name: &str) -> bool {
        self.is_builtin || name.chars().next().is_some_and(char::is_uppercase)
    }
}

/// The comment lines directly above a line, without their slashes.
fn comment_above(source: &SourceFile, line: u32) -> String {
    let mut lines = Vec::new();
    for number in (1..line).rev() {
        let text = source.slice(source.line_span(number)).trim();
        match text.strip_prefix("//") {
            Some(text) if !text.starts_with("go:") => {
                lines.push(text.strip_prefix(' ').unwrap_or(text));
            }
            _ => break,
        }
    }
    lines.reverse();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A struct type without the fields that only its package can use.
fn without_unexported(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or("");
    if !first.trim_end().ends_with("struct {") {
        return text.to_string();
    }
    let mut kept = vec![first];
    let mut has_hidden = false;
    let mut comments = Vec::new();
    for line in lines {
        let word = line.trim_start().trim_start_matches('*');
        if line.trim_start().starts_with("//") {
            comments.push(line);
        } else if line == "}" {
            break;
        } else if line.trim().is_empty() || word.starts_with(|c: char| c.is_lowercase() || c == '_')
        {
            has_hidden |= !line.trim().is_empty();
            comments.clear();
        } else {
            kept.append(&mut comments);
            kept.push(line);
        }
    }
    if has_hidden {
        kept.push("\t// Has unexported fields.");
    }
    kept.push("}");
    kept.join("\n")
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn names_are_found_with_their_comments() {
        let text = of("strings.Split").expect("documentation");
        assert!(text.starts_with("package strings // import \"strings\"\n\nfunc Split(s, sep string) []string\n    Split "), "{text}");
        assert!(
            of("strings.Builder.WriteString")
                .expect("a method")
                .contains("func (b *Builder) WriteString(")
        );
        assert!(
            of("math/bits.Len")
                .expect("a path")
                .contains("func Len(x uint) int")
        );
        assert!(
            of("bits.Len")
                .expect("a last element")
                .contains("func Len(x uint) int")
        );
        assert!(
            of("time.March")
                .expect("a constant of a group")
                .contains("const (\n\tJanuary")
        );
        assert!(of("append").expect("a builtin").starts_with("func append("));
    }

    #[test]
    fn a_type_shows_what_belongs_to_it() {
        let text = of("strings.Builder").expect("documentation");
        assert!(text.contains("// Has unexported fields."), "{text}");
        assert!(
            text.contains("\nfunc (b *Builder) String() string\n"),
            "{text}"
        );
    }

    #[test]
    fn every_package_has_an_overview() {
        for path in minigo_stdlib::paths() {
            let text = of(path).expect(path);
            assert!(
                text.starts_with("package ") && text.contains("\nPackage "),
                "{path}: {text}"
            );
            assert!(
                text.contains("\nfunc ") || text.contains("\ntype "),
                "{path}: {text}"
            );
        }
    }

    #[test]
    fn what_is_not_there_gets_a_hint() {
        assert_eq!(
            of("strngs").expect_err("nothing"),
            "no builtin or package is called strngs; did you mean strings?"
        );
        assert_eq!(
            of("strings.Splt").expect_err("nothing"),
            "package strings has no exported Splt; did you mean strings.Split?"
        );
    }
}
