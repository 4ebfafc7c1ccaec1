//! The tree that a generated program is made of: text with the places marked where something can be left out or made simpler.
//!
//! It knows no Go but what shrinking needs: which parts are expressions (of which type, with which literal to put in their place) and
//! which are statements or declarations that may be missing. `@` in text stands for the prefix of the program's package-level
//! names, so that many programs fit into one file.

use std::fmt::Write;

/// A part of a program.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Text(String),
    /// Any expression of the same type may stand here.
    Expr(Box<Expr>),
    /// A statement or a declaration. What is in it may take its place.
    Item(Vec<Node>),
}

/// An expression.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) ty: String,
    /// The simplest expression of this type.
    pub(crate) simple: String,
    pub(crate) parts: Vec<Node>,
}

/// Text with `$` where the parts go, in their order.
///
/// # Panics
/// When there are more or fewer of them.
pub(crate) fn fill(template: &str, parts: Vec<Node>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut parts = parts.into_iter();
    for (index, text) in template.split('$').enumerate() {
        if index > 0 {
            nodes.push(
                parts
                    .next()
                    .unwrap_or_else(|| panic!("too few parts for {template}")),
            );
        }
        if !text.is_empty() {
            nodes.push(Node::Text(text.to_string()));
        }
    }
    assert!(parts.next().is_none(), "too many parts for {template}");
    nodes
}

/// A statement or declaration made of a template and its parts.
pub(crate) fn item(template: &str, parts: Vec<Node>) -> Node {
    Node::Item(fill(template, parts))
}

/// Parts in a row.
pub(crate) fn group(parts: Vec<Node>) -> Node {
    Node::Expr(Box::new(Expr {
        ty: String::new(),
        simple: String::new(),
        parts,
    }))
}

/// The text of a program, indented, with `prefix` for each `@`.
pub(crate) fn render(nodes: &[Node], prefix: &str) -> String {
    let mut flat = String::new();
    append(nodes, &mut flat);
    let flat = flat.replace('@', prefix);
    let mut text = String::new();
    let mut depth = 0usize;
    for line in flat.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let opening = line.matches(['{', '(']).count();
        let closing = line.matches(['}', ')']).count();
        let leading = line.len() - line.trim_start_matches(['}', ')']).len();
        let is_label = line.starts_with("case ") || line.starts_with("default:");
        let indent = depth.saturating_sub(leading.max(usize::from(is_label)));
        let _ = writeln!(text, "{}{line}", "\t".repeat(indent));
        depth = (depth + opening).saturating_sub(closing);
    }
    text
}

fn append(nodes: &[Node], text: &mut String) {
    for node in nodes {
        match node {
            Node::Text(part) => text.push_str(part),
            Node::Expr(expr) => append(&expr.parts, text),
            Node::Item(parts) => {
                text.push('\n');
                append(parts, text);
                text.push('\n');
            }
        }
    }
}
