//! Labels and branches of a function body: is every label defined once and used, does every `break`, `continue`, `goto` and
//! `fallthrough` have somewhere to go. It needs only the syntax tree.

use super::Checker;
use crate::diagnostics::code;
use crate::types::ty::Loc;
use minigo_grammar::ast::{self, Ast, BranchKind, Ident, Stmt, StmtId};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::Span;
use minigo_grammar::symbol::Symbol;
use rustc_hash::{FxHashMap, FxHashSet};

/// What a block is inside of.
#[derive(Clone, Copy)]
struct Targets {
    breaks: Breaks,
    in_loop: bool,
    /// The clause of the directly enclosing expression switch: its number and whether it is the last.
    last_case: Option<bool>,
}

#[derive(Clone, Copy, PartialEq)]
enum Breaks {
    Nowhere,
    Loop,
    Switch,
    TypeSwitch,
    Select,
}

/// A block and the labeled statement that it belongs to.
struct BlockInfo {
    parent: Option<usize>,
    start: Span,
    labeled: Option<StmtId>,
}

struct Label {
    name: Ident,
    block: usize,
    stmt: StmtId,
    used: bool,
}

/// The `goto` statements whose labels have not been seen yet: the places of the names, by label.
type Forward = FxHashMap<Symbol, Vec<Span>>;

struct Branches<'a> {
    ast: &'a Ast,
    blocks: Vec<BlockInfo>,
    labels: Vec<Label>,
    /// The first label of a name.
    by_name: FxHashMap<Symbol, usize>,
    gotos: FxHashSet<Symbol>,
    errors: Vec<Wrong>,
}

/// A finding; names and places are put into words at the end.
struct Wrong {
    code: &'static str,
    span: Span,
    text: &'static str,
    name: Option<Symbol>,
    /// Follows the name, with a place.
    then: Option<(&'static str, Option<Symbol>, Span)>,
}

impl Checker<'_> {
    /// Checks the labels and branches of a body; gives the labels that `goto` names.
    pub(super) fn check_branches(&mut self, body: ast::Block) -> FxHashSet<Symbol> {
        let mut branches = Branches {
            ast: self.ast(),
            blocks: Vec::new(),
            labels: Vec::new(),
            by_name: FxHashMap::default(),
            gotos: FxHashSet::default(),
            errors: Vec::new(),
        };
        let nowhere = Targets {
            breaks: Breaks::Nowhere,
            in_loop: false,
            last_case: None,
        };
        let list = branches.ast.stmt_list(body.stmts);
        let forward = branches.block(None, nowhere, None, body.span, list);
        let forward = forward
            .into_iter()
            .flat_map(|(name, spans)| spans.into_iter().map(move |span| Ident { name, span }));
        for goto in forward {
            match branches.by_name.get(&goto.name) {
                Some(&label) => {
                    branches.labels[label].used = true;
                    let start = branches.blocks[branches.labels[label].block].start;
                    branches.errors.push(Wrong {
                        code: code::BAD_BRANCH,
                        span: goto.span,
                        text: "goto ",
                        name: Some(goto.name),
                        then: Some((" jumps into block starting at ", None, start)),
                    });
                }
                None => branches.wrong_label(goto, "label ", " not defined"),
            }
        }
        for i in 0..branches.labels.len() {
            if !branches.labels[i].used {
                let name = branches.labels[i].name;
                branches.wrong_label(name, "label ", " defined and not used");
            }
        }
        let Branches { errors, gotos, .. } = branches;
        for wrong in errors {
            let mut message = wrong.text.to_string();
            if let Some(name) = wrong.name {
                message.push_str(self.symbols.name(name));
            }
            if let Some((text, name, span)) = wrong.then {
                message.push_str(text);
                if let Some(name) = name {
                    message.push_str(self.symbols.name(name));
                    message.push_str(" at ");
                }
                if !span.is_empty() {
                    message.push_str(&self.place(Loc {
                        file: self.cx.file,
                        span,
                    }));
                }
            }
            let mut diagnostic = Diagnostic::error(wrong.code, wrong.span, message);
            if let Some((text, _, span)) = wrong.then
                && !span.is_empty()
            {
                let words = match text {
                    " already defined at " => "defined here first",
                    " jumps over declaration of " => "jumped over",
                    _ => "the block starts here",
                };
                diagnostic = diagnostic.with_label(span, words);
            }
            self.report(diagnostic);
        }
        gotos
    }
}

impl Branches<'_> {
    fn error(&mut self, span: Span, text: &'static str) {
        self.errors.push(Wrong {
            code: code::BAD_BRANCH,
            span,
            text,
            name: None,
            then: None,
        });
    }

    fn wrong_label(&mut self, label: Ident, before: &'static str, after: &'static str) {
        self.errors.push(Wrong {
            code: code::BAD_LABEL,
            span: label.span,
            text: before,
            name: Some(label.name),
            then: Some((after, None, Span::default())),
        });
    }

    fn block(
        &mut self,
        parent: Option<usize>,
        targets: Targets,
        labeled: Option<StmtId>,
        start: Span,
        list: &[StmtId],
    ) -> Forward {
        self.blocks.push(BlockInfo {
            parent,
            start,
            labeled,
        });
        let block = self.blocks.len() - 1;
        let end = list
            .iter()
            .rposition(|&id| !matches!(self.ast.stmt(id), Stmt::Empty))
            .map_or(0, |last| last + 1);
        let mut state = State {
            block,
            targets,
            forward: Forward::default(),
            declared: None,
        };
        for (i, &id) in list[..end].iter().enumerate() {
            self.stmt(id, None, i + 1 == end, &mut state);
        }
        state.forward
    }

    fn stmt(&mut self, id: StmtId, labeled: Option<StmtId>, is_last: bool, state: &mut State) {
        let ast = self.ast;
        let targets = state.targets;
        let inner = Targets {
            last_case: None,
            ..targets
        };
        match ast.stmt(id) {
            Stmt::Decl(list) => {
                let var = ast.decl_list(list).iter().find_map(|&d| match ast.decl(d) {
                    ast::Decl::Var(var) => ast.ident_list(var.names).first().copied(),
                    _ => None,
                });
                if let Some(name) = var {
                    state.declares(name);
                }
            }
            Stmt::Assign {
                lhs,
                op: ast::AssignOp::Define,
                op_pos,
                ..
            } => {
                if let Some(&first) = ast.expr_list(lhs).first()
                    && let ast::Expr::Ident(name) = ast.expr(first)
                {
                    state.declares(Ident {
                        name,
                        span: Span::new(op_pos, op_pos + 2),
                    });
                }
            }
            Stmt::Labeled { label, stmt } => {
                let mut next = labeled;
                if !label.name.is_blank() {
                    self.declare(label, stmt, state);
                    next = Some(stmt);
                }
                self.stmt(stmt, next, is_last, state);
            }
            Stmt::Branch { kind, label } => self.branch(id, kind, label, is_last, state),
            Stmt::Block(body) => self.inner(state, inner, labeled, body),
            Stmt::If { then, els, .. } => {
                self.inner(state, inner, labeled, then);
                if let Some(els) = els {
                    let span = ast.stmt_span(els);
                    let forward = self.block(Some(state.block), inner, labeled, span, &[els]);
                    state.leave(forward);
                }
            }
            Stmt::For { body, .. } | Stmt::Range { body, .. } => {
                let targets = Targets {
                    breaks: Breaks::Loop,
                    in_loop: true,
                    last_case: None,
                };
                self.inner(state, targets, labeled, body);
            }
            Stmt::Switch { clauses, .. } => self.cases(state, Breaks::Switch, labeled, clauses),
            Stmt::TypeSwitch { clauses, .. } => {
                self.cases(state, Breaks::TypeSwitch, labeled, clauses);
            }
            Stmt::Select { clauses, .. } => {
                for clause in ast.comm_list(clauses) {
                    let targets = Targets {
                        breaks: Breaks::Select,
                        ..inner
                    };
                    let list = ast.stmt_list(clause.body);
                    let forward =
                        self.block(Some(state.block), targets, labeled, clause.span, list);
                    state.leave(forward);
                }
            }
            _ => {}
        }
    }

    fn inner(
        &mut self,
        state: &mut State,
        targets: Targets,
        labeled: Option<StmtId>,
        body: ast::Block,
    ) {
        let list = self.ast.stmt_list(body.stmts);
        let forward = self.block(Some(state.block), targets, labeled, body.span, list);
        state.leave(forward);
    }

    fn cases(
        &mut self,
        state: &mut State,
        breaks: Breaks,
        labeled: Option<StmtId>,
        clauses: ast::CaseList,
    ) {
        let clauses = self.ast.case_list(clauses);
        for (i, clause) in clauses.iter().enumerate() {
            let targets = Targets {
                breaks,
                in_loop: state.targets.in_loop,
                last_case: Some(i + 1 == clauses.len()),
            };
            let list = self.ast.stmt_list(clause.body);
            let forward = self.block(Some(state.block), targets, labeled, clause.span, list);
            state.leave(forward);
        }
    }

    fn declare(&mut self, label: Ident, stmt: StmtId, state: &mut State) {
        if let Some(&other) = self.by_name.get(&label.name) {
            let other = &self.labels[other];
            self.errors.push(Wrong {
                code: code::BAD_LABEL,
                span: label.span,
                text: "label ",
                name: Some(label.name),
                then: Some((" already defined at ", None, other.name.span)),
            });
            return;
        }
        let gotos = state.forward.remove(&label.name).unwrap_or_default();
        let used = !gotos.is_empty();
        for goto in gotos {
            // The gotos to a label to come are those before it; some are before the declaration, too.
            if let Some(declared) = state.declared
                && goto.start < declared.span.start
            {
                self.errors.push(Wrong {
                    code: code::BAD_BRANCH,
                    span: goto,
                    text: "goto ",
                    name: Some(label.name),
                    then: Some((
                        " jumps over declaration of ",
                        Some(declared.name),
                        declared.span,
                    )),
                });
            }
        }
        self.by_name.insert(label.name, self.labels.len());
        self.labels.push(Label {
            name: label,
            block: state.block,
            stmt,
            used,
        });
    }

    fn branch(
        &mut self,
        id: StmtId,
        kind: BranchKind,
        label: Option<Ident>,
        is_last: bool,
        state: &mut State,
    ) {
        let span = self.ast.stmt_span(id);
        let targets = state.targets;
        let Some(label) = label else {
            match kind {
                BranchKind::Break if targets.breaks == Breaks::Nowhere => {
                    self.error(span, "break is not in a loop, switch, or select");
                }
                BranchKind::Continue if !targets.in_loop => {
                    self.error(span, "continue is not in a loop");
                }
                BranchKind::Fallthrough => {
                    let message = match (targets.breaks, targets.last_case) {
                        (Breaks::TypeSwitch, _) => "cannot fallthrough in type switch",
                        (Breaks::Switch, Some(true)) if is_last => {
                            "cannot fallthrough final case in switch"
                        }
                        (Breaks::Switch, Some(false)) if is_last => return,
                        _ => "fallthrough statement out of place",
                    };
                    self.error(span, message);
                }
                _ => {}
            }
            return;
        };
        let known = self.by_name.get(&label.name).copied();
        if let Some(known) = known {
            self.labels[known].used = true;
        }
        if kind == BranchKind::Goto {
            self.gotos.insert(label.name);
            let reachable = known.is_some_and(|known| {
                self.enclosing(state.block)
                    .any(|block| block == self.labels[known].block)
            });
            if !reachable {
                state
                    .forward
                    .entry(label.name)
                    .or_default()
                    .push(label.span);
            }
            return;
        }
        let is_break = kind == BranchKind::Break;
        let Some(known) = known else {
            let before = if is_break {
                "break label not defined: "
            } else {
                "continue label not defined: "
            };
            self.wrong_label(label, before, "");
            return;
        };
        let stmt = self.labels[known].stmt;
        let encloses = self
            .enclosing(state.block)
            .any(|block| self.blocks[block].labeled == Some(stmt));
        let fits = match self.ast.stmt(stmt) {
            Stmt::For { .. } | Stmt::Range { .. } => true,
            Stmt::Switch { .. } | Stmt::TypeSwitch { .. } | Stmt::Select { .. } => is_break,
            _ => false,
        };
        if !(encloses && fits) {
            let before = if is_break {
                "invalid break label "
            } else {
                "invalid continue label "
            };
            self.wrong_label(label, before, "");
        }
    }

    /// A block and all around it.
    fn enclosing(&self, block: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(block), |&block| self.blocks[block].parent)
    }
}

/// What is known while the statements of a block are walked.
struct State {
    block: usize,
    targets: Targets,
    forward: Forward,
    /// The last variable declared.
    declared: Option<Ident>,
}

impl State {
    fn declares(&mut self, name: Ident) {
        self.declared = Some(name);
    }

    /// Takes over what a block within leaves open.
    fn leave(&mut self, forward: Forward) {
        for (label, mut gotos) in forward {
            self.forward.entry(label).or_default().append(&mut gotos);
        }
    }
}
