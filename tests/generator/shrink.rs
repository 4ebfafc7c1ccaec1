//! From a program that shows a difference to a small one that still does.
//!
//! Every edit that makes the tree smaller is a candidate: leaving out a statement or declaration, putting what is in a statement in its place, putting
//! the simplest expression, or a part, in the place of an expression. Candidates are tried many at a time, since one build costs
//! as much as the running of a hundred; those that keep the difference are then tried together.

use super::Program;
use super::tree::{Expr, Node};

/// Candidates tried in one build.
const BATCH: usize = 48;

/// Builds after which it is small enough.
const ROUNDS: usize = 150;

/// What comparing a program with Go showed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Same,
    /// The kind, which shrinking keeps, and what differs.
    Different(String, String),
}

/// Says of each program what it does.
pub(crate) type Judge<'a> = &'a mut dyn FnMut(&[Program]) -> Result<Vec<Verdict>, String>;

/// Where a node is: indices from the root on.
type Path = Vec<usize>;

#[derive(Clone)]
struct Edit {
    path: Path,
    nodes: Vec<Node>,
    /// How much smaller it makes the tree.
    gain: usize,
}

/// The smallest program found, and what it shows.
///
/// # Errors
/// When the judge fails, or the program shows no difference.
pub(crate) fn shrink(program: &Program, judge: Judge<'_>) -> Result<(Program, String), String> {
    let mut best = program.clone();
    let Verdict::Different(kind, mut what) = judge(std::slice::from_ref(&best))?.remove(0) else {
        return Err("alone the program shows no difference".into());
    };
    let mut rounds = 0;
    loop {
        let mut edits = Vec::new();
        collect(&best.nodes, &mut Vec::new(), &mut edits);
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.gain));
        let mut progress = false;
        for chunk in edits.chunks(BATCH) {
            rounds += 1;
            if rounds > ROUNDS {
                return Ok((best, what));
            }
            let candidates: Vec<Program> = chunk
                .iter()
                .map(|edit| apply(&best, std::slice::from_ref(edit)))
                .collect();
            let verdicts = judge(&candidates)?;
            let good: Vec<Edit> = chunk
                .iter()
                .zip(&verdicts)
                .filter(|(_, verdict)| matches!(verdict, Verdict::Different(k, _) if *k == kind))
                .map(|(edit, _)| edit.clone())
                .collect();
            if good.is_empty() {
                continue;
            }
            // Together they may undo each other: then fewer, and at last the best alone.
            let mut count = good.len();
            loop {
                let together = apply(&best, &good[..count]);
                if let Verdict::Different(k, w) = judge(std::slice::from_ref(&together))?.remove(0)
                    && k == kind
                {
                    best = together;
                    what = w;
                    break;
                }
                if count == 1 {
                    return Ok((best, what));
                }
                count /= 2;
            }
            progress = true;
            break;
        }
        if !progress {
            return Ok((best, what));
        }
    }
}

fn size(nodes: &[Node]) -> usize {
    nodes
        .iter()
        .map(|node| match node {
            Node::Text(text) => text.len(),
            Node::Expr(expr) => size(&expr.parts),
            Node::Item(parts) => 2 + size(parts),
        })
        .sum()
}

fn collect(nodes: &[Node], path: &mut Path, edits: &mut Vec<Edit>) {
    for (index, node) in nodes.iter().enumerate() {
        path.push(index);
        match node {
            Node::Text(_) => {}
            Node::Item(parts) => {
                let mut add = |nodes: Vec<Node>| {
                    let gain = (2 + size(parts)).saturating_sub(size(&nodes));
                    if gain > 0 {
                        edits.push(Edit {
                            path: path.clone(),
                            nodes,
                            gain,
                        });
                    }
                };
                add(Vec::new());
                let inner: Vec<Node> = parts
                    .iter()
                    .filter(|part| matches!(part, Node::Item(_)))
                    .cloned()
                    .collect();
                if !inner.is_empty() {
                    add(inner);
                }
                collect(parts, path, edits);
            }
            Node::Expr(expr) => {
                if !expr.ty.is_empty() {
                    collect_expressions(expr, path, edits);
                }
                collect(&expr.parts, path, edits);
            }
        }
        path.pop();
    }
}

fn collect_expressions(expr: &Expr, path: &Path, edits: &mut Vec<Edit>) {
    let whole = size(&expr.parts);
    let mut add = |node: Node| {
        let gain = whole.saturating_sub(size(std::slice::from_ref(&node)));
        if gain > 0 {
            edits.push(Edit {
                path: path.clone(),
                nodes: vec![node],
                gain,
            });
        }
    };
    add(Node::Expr(Box::new(Expr {
        ty: expr.ty.clone(),
        simple: expr.simple.clone(),
        parts: vec![Node::Text(expr.simple.clone())],
    })));
    let mut parts = Vec::new();
    same_type(&expr.parts, &expr.ty, &mut parts);
    for part in parts {
        add(part);
    }
}

/// The outermost expressions of a type.
fn same_type(nodes: &[Node], ty: &str, found: &mut Vec<Node>) {
    for node in nodes {
        match node {
            Node::Expr(expr) if expr.ty == ty => found.push(node.clone()),
            Node::Expr(expr) => same_type(&expr.parts, ty, found),
            Node::Item(_) | Node::Text(_) => {}
        }
    }
}

/// The program with edits made; one inside of what another replaces is left out.
fn apply(program: &Program, edits: &[Edit]) -> Program {
    let mut chosen: Vec<&Edit> = Vec::new();
    for edit in edits {
        let clashes = |known: &&Edit| {
            known.path.starts_with(&edit.path) || edit.path.starts_with(&known.path)
        };
        if !chosen.iter().any(clashes) {
            chosen.push(edit);
        }
    }
    // From the end on, so that the paths before stay what they are.
    chosen.sort_by(|a, b| b.path.cmp(&a.path));
    let mut program = program.clone();
    for edit in chosen {
        replace(&mut program.nodes, &edit.path, &edit.nodes);
    }
    program
}

fn replace(nodes: &mut Vec<Node>, path: &[usize], by: &[Node]) {
    let (index, rest) = path.split_first().expect("a path leads somewhere");
    if rest.is_empty() {
        nodes.splice(index..=index, by.iter().cloned());
        return;
    }
    match &mut nodes[*index] {
        Node::Expr(expr) => replace(&mut expr.parts, rest, by),
        Node::Item(parts) => replace(parts, rest, by),
        Node::Text(_) => panic!("text has no parts"),
    }
}
