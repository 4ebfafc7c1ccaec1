//! Escape analysis: which variables can live in registers.
//!
//! A variable is in a *cell* (a heap object of its own) when its address is taken, or when a function literal captures it
//! and it is assigned again after its definition. A captured variable that keeps its first value is copied into the
//! closure; all others stay in registers. Variables of array type and of big struct types live in memory in any case
//! (`codegen::layout`); for them the answer says whether that memory can be seen from elsewhere.
//!
//! Since Go 1.22 each iteration of a `for` has its own copy of the loop variables, made before the post statement. An
//! assignment in the post statement therefore changes the next iteration's variable, before any closure can have
//! captured that one: it does not count as an assignment after capture (`VarInfo::stepped`).
//!
//! The pass also numbers function literals as Go's tracebacks name them, and finds the element types whose elements
//! someone takes the address of: these must be reachable by pointer (see `codegen::layout`).

use crate::types::ty::{Basic, Ty, Type, Types};
use crate::types::typed::*;
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

/// What is known about a local variable.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct VarInfo {
    /// A function literal other than its owner uses it.
    pub captured: bool,
    /// Assigned (or a part of it is) other than by its definition or by the post statement of its loop.
    pub reassigned: bool,
    /// Assigned by the post statement of the loop that declares it.
    pub stepped: bool,
    /// Its address, or that of a part, is taken; slicing an array does so, too.
    pub address_taken: bool,
    /// For a variable of interface type: the type of the value that it is defined with.
    pub dynamic_type: Option<Ty>,
}

impl VarInfo {
    /// Must live in a heap object of its own.
    pub fn in_cell(&self) -> bool {
        self.address_taken || (self.captured && self.reassigned)
    }

    /// Never changes after its definition.
    pub fn is_constant(&self) -> bool {
        !self.reassigned && !self.stepped && !self.address_taken
    }
}

/// What is known about a function literal (or, at index 0, the declared function itself).
#[derive(Clone, Debug, Default)]
pub struct LitInfo {
    /// The function around it; itself for index 0.
    pub parent: u32,
    /// Its number among the literals directly in its parent, from 1; 0 for one that stands for a method.
    pub number: u32,
    /// How many literals are directly in it.
    pub inner: u32,
    /// It was the body of a loop over a function.
    pub range_body: bool,
    /// Variables of functions around it that it or literals in it use, in order of first use.
    pub captures: IndexSet<VarId, FxBuildHasher>,
}

/// The answers for one declared function.
#[derive(Clone, Debug, Default)]
pub struct FuncEscapes {
    pub vars: Vec<VarInfo>,
    /// By `LitId`.
    pub lits: Vec<LitInfo>,
}

impl FuncEscapes {
    /// What is known about a variable.
    pub fn var(&self, var: VarId) -> VarInfo {
        self.vars.get(var.0 as usize).copied().unwrap_or_default()
    }

    /// The name of a literal as tracebacks print it: `main.f.func1`, and `main.f.func1.2` for a literal in it.
    pub fn lit_name(&self, func: &str, lit: LitId) -> String {
        let mut around = Vec::new();
        let mut inner = lit.0;
        while inner != 0 {
            let info = &self.lits[inner as usize];
            around.push(info);
            inner = info.parent;
        }
        let mut name = func.to_string();
        for info in around.iter().rev() {
            if info.number == 0 {
                name.push_str("-fm");
                continue;
            }
            name.push_str(match (info.range_body, info.parent) {
                (true, _) => "-range",
                (false, 0) => ".func",
                (false, _) => ".",
            });
            name.push_str(&info.number.to_string());
        }
        name
    }
}

/// The answers for a module.
#[derive(Clone, Debug, Default)]
pub struct Escapes {
    /// By `FuncRef`.
    pub funcs: Vec<FuncEscapes>,
    /// Basic types of which an array's or slice's element has its address taken somewhere.
    pub element_addresses: Vec<Basic>,
}

/// Analyses every function of the module.
pub fn analyze(module: &Module) -> Escapes {
    let mut escapes = Escapes::default();
    for func in &module.funcs {
        let found = analyze_func(module, func, &mut escapes.element_addresses);
        escapes.funcs.push(found);
    }
    escapes
}

impl Escapes {
    /// The answers for a program that grows: what later parts of it take the address of is not known, so any element.
    pub fn of_session() -> Escapes {
        Escapes {
            funcs: Vec::new(),
            element_addresses: NARROW.to_vec(),
        }
    }

    /// Analyses functions that are new.
    pub fn extend(&mut self, module: &Module, bodies: &[FuncRef]) {
        self.funcs.resize(
            module.funcs.len(),
            FuncEscapes {
                vars: Vec::new(),
                lits: vec![LitInfo::default()],
            },
        );
        for func in bodies {
            let index = func.0 as usize;
            self.funcs[index] =
                analyze_func(module, &module.funcs[index], &mut self.element_addresses);
        }
    }
}

fn analyze_func(module: &Module, func: &Func, element_addresses: &mut Vec<Basic>) -> FuncEscapes {
    let mut pass = Pass {
        types: &module.types,
        func,
        out: FuncEscapes {
            vars: vec![VarInfo::default(); func.vars.len()],
            lits: vec![LitInfo::default(); func.lits as usize + 1],
        },
        around: vec![0],
        headers: Vec::new(),
        element_addresses,
    };
    pass.code(&func.code);
    pass.out
}

/// The condition or post statement of a `for` being walked.
struct Header<'a> {
    vars: &'a [VarId],
    is_post: bool,
    lit: u32,
}

struct Pass<'a> {
    types: &'a Types,
    func: &'a Func,
    out: FuncEscapes,
    /// The literals around the current place, innermost last.
    around: Vec<u32>,
    headers: Vec<Header<'a>>,
    element_addresses: &'a mut Vec<Basic>,
}

impl<'a> Pass<'a> {
    fn current(&self) -> u32 {
        self.around.last().copied().unwrap_or(0)
    }

    fn info(&mut self, var: VarId) -> &mut VarInfo {
        &mut self.out.vars[var.0 as usize]
    }

    fn code(&mut self, code: &'a FuncCode) {
        for &result in &code.results {
            self.info(result).reassigned = true;
        }
        self.block(&code.body);
    }

    fn block(&mut self, block: &'a Block) {
        for stmt in &block.stmts {
            self.stmt(stmt);
        }
    }

    fn target(&mut self, target: &'a Target) {
        if let Target::Place(place) = target {
            self.assigned(place);
            self.expr(place);
        }
    }

    /// The variable that a place is (a part of), if it is not reached through a pointer or slice.
    fn root(&self, place: &Expr) -> Option<VarId> {
        match &place.kind {
            ExprKind::Var(var) => Some(*var),
            ExprKind::Field { x, .. } => self.root(x),
            ExprKind::Index { x, .. } if self.is_array(x.ty) => self.root(x),
            _ => None,
        }
    }

    fn is_array(&self, ty: Ty) -> bool {
        matches!(self.types.under(ty), Type::Array { .. })
    }

    fn assigned(&mut self, place: &Expr) {
        let Some(var) = self.root(place) else { return };
        let current = self.current();
        let stepped = self
            .headers
            .iter()
            .any(|h| h.is_post && h.lit == current && h.vars.contains(&var));
        let info = self.info(var);
        if stepped {
            info.stepped = true;
        } else {
            info.reassigned = true;
        }
    }

    fn address_taken(&mut self, place: &Expr) {
        if let Some(var) = self.root(place) {
            self.info(var).address_taken = true;
        }
    }

    fn used(&mut self, var: VarId) {
        let owner = self.func.vars[var.0 as usize].owner.0;
        if owner == self.current() {
            return;
        }
        let in_header = self.headers.iter().any(|h| h.vars.contains(&var));
        let info = self.info(var);
        info.captured = true;
        info.reassigned |= in_header;
        for &lit in self.around.iter().rev() {
            if lit == owner {
                break;
            }
            self.out.lits[lit as usize].captures.insert(var);
        }
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Expr(x) | StmtKind::Go(x) | StmtKind::Defer(x) | StmtKind::ReturnTuple(x) => {
                self.expr(x)
            }
            // The list is seen by whoever unwinds the stack.
            StmtKind::DeferList(list) => self.info(*list).address_taken = true,
            StmtKind::DeferTo { list, call } => {
                self.expr(call);
                self.used(*list);
            }
            StmtKind::Zero(_)
            | StmtKind::Label(_)
            | StmtKind::Goto(_)
            | StmtKind::Break(_)
            | StmtKind::Continue(_) => {}
            StmtKind::Assign { targets, values } => {
                for (target, value) in targets.iter().zip(values) {
                    if let (Target::Define(var), ExprKind::Convert(x)) = (target, &value.kind) {
                        self.info(*var).dynamic_type = Some(x.ty);
                    }
                }
                targets.iter().for_each(|t| self.target(t));
                values.iter().for_each(|v| self.expr(v));
            }
            StmtKind::AssignTuple { targets, value } => {
                targets.iter().for_each(|t| self.target(t));
                self.expr(value);
            }
            StmtKind::OpAssign { target, value, .. } => {
                self.assigned(target);
                self.expr(target);
                self.expr(value);
            }
            StmtKind::Send { chan, value } => {
                self.expr(chan);
                self.expr(value);
            }
            StmtKind::Block(block) => self.block(block),
            StmtKind::If { cond, then, els } => {
                self.expr(cond);
                self.block(then);
                if let Some(els) = els {
                    self.stmt(els);
                }
            }
            StmtKind::For(f) => self.for_stmt(f),
            StmtKind::Range(range) => {
                self.expr(&range.x);
                range.key.iter().for_each(|t| self.target(t));
                range.value.iter().for_each(|t| self.target(t));
                self.block(&range.body);
            }
            StmtKind::Switch(switch) => {
                for case in &switch.cases {
                    case.conds.iter().for_each(|c| self.expr(c));
                    self.block(&case.body);
                }
            }
            StmtKind::TypeSwitch(switch) => {
                self.used(switch.x);
                for case in &switch.cases {
                    self.block(&case.body);
                }
            }
            StmtKind::Select(select) => {
                for case in &select.cases {
                    match &case.comm {
                        Comm::Default => {}
                        Comm::Send { chan, value } => {
                            self.expr(chan);
                            self.expr(value);
                        }
                        Comm::Recv { chan, value, ok } => {
                            self.expr(chan);
                            value.iter().for_each(|t| self.target(t));
                            ok.iter().for_each(|t| self.target(t));
                        }
                    }
                    self.block(&case.body);
                }
            }
            StmtKind::Return(values) => values.iter().for_each(|v| self.expr(v)),
        }
    }

    fn for_stmt(&mut self, f: &'a For) {
        let lit = self.current();
        self.headers.push(Header {
            vars: &f.vars,
            is_post: false,
            lit,
        });
        if let Some(cond) = &f.cond {
            self.expr(cond);
        }
        if let Some(post) = &f.post {
            if let Some(header) = self.headers.last_mut() {
                header.is_post = true;
            }
            self.stmt(post);
        }
        self.headers.pop();
        self.block(&f.body);
    }

    fn lit(&mut self, code: &'a FuncCode) {
        let parent = self.current();
        let around = &mut self.out.lits[parent as usize];
        let number = if code.wrapper {
            0
        } else {
            around.inner += 1;
            around.inner
        };
        let info = &mut self.out.lits[code.lit.0 as usize];
        info.parent = parent;
        info.number = number;
        info.range_body = code.range_body;
        self.around.push(code.lit.0);
        self.code(code);
        self.around.pop();
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Const(_) | ExprKind::Zero | ExprKind::Global(_) | ExprKind::Func { .. } => {}
            ExprKind::Var(var) => self.used(*var),
            ExprKind::FuncLit(code) => self.lit(code),
            ExprKind::Unary { x, .. }
            | ExprKind::Convert(x)
            | ExprKind::NilCheck(x)
            | ExprKind::Deref(x)
            | ExprKind::Field { x, .. }
            | ExprKind::TypeAssert(x)
            | ExprKind::Recv(x)
            | ExprKind::TypeAssertOk(x)
            | ExprKind::RecvOk(x) => self.expr(x),
            ExprKind::AddrOf(x) => {
                self.address_taken(x);
                self.element_address(x);
                self.expr(x);
            }
            ExprKind::Binary { x, y, .. }
            | ExprKind::Compare { x, y, .. }
            | ExprKind::AndAnd { x, y }
            | ExprKind::OrOr { x, y } => {
                self.expr(x);
                self.expr(y);
            }
            ExprKind::Index { x, index } => {
                self.expr(x);
                self.expr(index);
            }
            ExprKind::MapIndex { map, key } | ExprKind::MapIndexOk { map, key } => {
                self.expr(map);
                self.expr(key);
            }
            ExprKind::Call { callee, args } => {
                match &**callee {
                    Callee::Static { .. } => {}
                    Callee::Interface { recv, .. } | Callee::TypeParam { recv, .. } => {
                        self.expr(recv)
                    }
                    Callee::Value(x) => self.expr(x),
                }
                args.iter().for_each(|a| self.expr(a));
            }
            ExprKind::Builtin { args, .. } => args.iter().for_each(|a| self.expr(a)),
            ExprKind::Let { init, body, .. } => {
                self.expr(init);
                self.expr(body);
            }
            ExprKind::Slice { x, lo, hi, max } => {
                if self.is_array(x.ty) {
                    self.address_taken(x);
                }
                self.expr(x);
                for bound in [lo, hi, max].into_iter().flatten() {
                    self.expr(bound);
                }
            }
            ExprKind::StructLit(fields) => fields.iter().for_each(|(_, x)| self.expr(x)),
            ExprKind::ArrayLit(elems) | ExprKind::SliceLit { elems, .. } => {
                elems.iter().for_each(|(_, x)| self.expr(x));
            }
            ExprKind::MapLit(entries) => {
                for (key, value) in entries {
                    self.expr(key);
                    self.expr(value);
                }
            }
        }
    }

    fn element_address(&mut self, place: &Expr) {
        let ExprKind::Index { .. } = &place.kind else {
            return;
        };
        match self.types.under(place.ty) {
            Type::Basic(basic) if !self.element_addresses.contains(basic) => {
                self.element_addresses.push(*basic);
            }
            Type::Param(_) => {
                for basic in NARROW {
                    if !self.element_addresses.contains(basic) {
                        self.element_addresses.push(*basic);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Types that are packed in arrays and slices.
const NARROW: &[Basic] = &[
    Basic::Bool,
    Basic::Int8,
    Basic::Int16,
    Basic::Int32,
    Basic::Uint8,
    Basic::Uint16,
    Basic::Uint32,
    Basic::Float32,
];

#[cfg(test)]
mod tests {
    use super::*;
    use minigo_grammar::source::SourceFile;

    /// What is known of the variables of `main`, whose body this is: `name: flags`.
    fn check(body: &str, expected: &str) {
        let text = format!("package main\n\nfunc use(...any) {{}}\n\nfunc main() {{\n{body}\n}}\n");
        let importer = |_: &crate::Import<'_>| {
            Ok(crate::Sources {
                files: vec![SourceFile::new("runtime.mgo", "package runtime\n")],
                library: true,
                ..crate::Sources::default()
            })
        };
        let checked = crate::check(vec![SourceFile::new("main.mgo", text)], &importer);
        assert!(checked.diagnostics.is_empty(), "{:?}", checked.diagnostics);
        let module = checked.module.expect("a module");
        let escapes = analyze(&module);
        let mut got = Vec::new();
        for (var, info) in module.funcs[module.main.0 as usize]
            .vars
            .iter()
            .zip(&escapes.funcs[module.main.0 as usize].vars)
        {
            if var.name.is_empty() {
                continue;
            }
            let mut flags = Vec::new();
            for (set, flag) in [
                (info.captured, "captured"),
                (info.reassigned, "reassigned"),
                (info.stepped, "stepped"),
                (info.address_taken, "address"),
                (info.in_cell(), "cell"),
            ] {
                if set {
                    flags.push(flag);
                }
            }
            got.push(format!("{}: {}", var.name, flags.join(" ")));
        }
        assert_eq!(got.join("\n"), expected);
    }

    #[test]
    fn a_captured_variable_that_keeps_its_value_is_copied() {
        check("x := 1\nuse(func() int { return x })", "x: captured");
        check(
            "x := 1\nx++\nuse(func() int { return x })",
            "x: captured reassigned cell",
        );
        check(
            "x := 1\nuse(x, func() { func() { x = 2 }() })",
            "x: captured reassigned cell",
        );
    }

    #[test]
    fn the_post_statement_changes_the_next_iterations_variable() {
        check(
            "for i := 0; i < 3; i++ { use(func() int { return i }) }",
            "i: captured stepped",
        );
        check(
            "for i := 0; i < 3; i++ { use(func() int { return i }); i++ }",
            "i: captured reassigned stepped cell",
        );
        check(
            "for i := 0; i < 3; use(func() { i++ }) { }",
            "i: captured reassigned cell",
        );
    }

    #[test]
    fn addresses_are_taken_by_slicing_and_of_parts() {
        check("var a [3]int\nuse(a[:])", "a: address cell");
        check("var p struct{ x [2]int }\nuse(&p.x[1])", "p: address cell");
        check("var s []int\nuse(&s[1], s[1:])", "s: ");
    }
}
