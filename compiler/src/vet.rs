//! What `go vet` says about locks and goroutines, in its words: copies of values that contain a lock, and goroutines that add themselves to the
//! WaitGroup that is to wait for them. Such programs compile and run; they just do not do what they seem to.
//!
//! Looks at a typed tree without errors, and only at the program's own packages.

use crate::Checked;
use crate::diagnostics::{advice, code};
use crate::types::ty::{FileIndex, Loc, Ty, Type};
use crate::types::typed::{
    Block, Callee, Comm, Expr, ExprKind, Func, FuncCode, Module, Stmt, StmtKind, Target, VarId,
};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::{SourceFile, Span};

/// Types of the library that must not be copied, and what vet says that they contain.
const LOCKS: &[(&str, &str, Option<&str>)] = &[
    ("sync", "Mutex", None),
    ("sync", "RWMutex", None),
    ("sync", "Cond", Some("sync.noCopy")),
    ("sync", "Map", Some("sync.noCopy")),
    ("sync", "Once", Some("sync.noCopy")),
    ("sync", "Pool", Some("sync.noCopy")),
    ("sync", "WaitGroup", Some("sync.noCopy")),
    ("sync/atomic", "Bool", Some("sync/atomic.noCopy")),
    ("sync/atomic", "Int32", Some("sync/atomic.noCopy")),
    ("sync/atomic", "Int64", Some("sync/atomic.noCopy")),
    ("sync/atomic", "Pointer", Some("sync/atomic.noCopy")),
    ("sync/atomic", "Uint32", Some("sync/atomic.noCopy")),
    ("sync/atomic", "Uint64", Some("sync/atomic.noCopy")),
    ("sync/atomic", "Uintptr", Some("sync/atomic.noCopy")),
];

/// The findings about a program without errors, in the order of its functions.
pub fn vet(checked: &Checked) -> Vec<(FileIndex, Diagnostic)> {
    let Some(module) = &checked.module else {
        return Vec::new();
    };
    let mut vet = Vet {
        module,
        files: &checked.files,
        func: None,
        found: Vec::new(),
    };
    for func in &module.funcs {
        let file = func.loc.file.0 as usize;
        let is_own = checked.library.get(file) == Some(&false) && !func.native;
        if is_own && func.reached {
            vet.func = Some(func);
            let name = func.name.rsplit('.').next().unwrap_or(&func.name);
            vet.code(name, &func.code);
        }
    }
    let mut found = vet.found;
    for (file, diagnostic) in &mut found {
        advice::advise(diagnostic, &checked.files[file.0 as usize], &|_| None);
    }
    found.sort_by_key(|(file, diagnostic)| (*file, diagnostic.span.start));
    found.dedup();
    found
}

struct Vet<'a> {
    module: &'a Module,
    files: &'a [SourceFile],
    /// The declared function that is looked at.
    func: Option<&'a Func>,
    found: Vec<(FileIndex, Diagnostic)>,
}

impl Vet<'_> {
    fn code(&mut self, name: &str, code: &FuncCode) {
        if !code.range_body {
            for &param in &code.params {
                self.param(name, param);
            }
        }
        self.block(&code.body);
    }

    /// A parameter or receiver that takes a lock by value.
    fn param(&mut self, name: &str, param: VarId) {
        let Some(var) = self.func.and_then(|func| func.vars.get(param.0 as usize)) else {
            return;
        };
        let (ty, loc) = (var.ty, var.loc);
        let Some(path) = self.lock_path(ty, loc.file) else {
            return;
        };
        let span = self.type_behind(loc);
        let message = format!("{name} passes lock by value: {path}");
        let text = self.text(loc.file, span);
        let help = format!("take a pointer: *{text}");
        self.report(code::COPIED_LOCK, loc.file, span, message, help);
    }

    /// The type of a parameter: behind its name and those of others of the same type.
    fn type_behind(&self, loc: Loc) -> Span {
        let text = self.files[loc.file.0 as usize].text();
        let rest = text.get(loc.span.end as usize..).unwrap_or("");
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let mut start = loc.span.end as usize;
        let mut rest = rest;
        while let Some(after) = rest.trim_start().strip_prefix(',') {
            let after = after.trim_start();
            rest = after.trim_start_matches(is_word);
            start = text.len() - rest.len();
        }
        start += rest.len() - rest.trim_start().len();
        let end = text[start..]
            .find(|c: char| !is_word(c) && c != '.')
            .map_or(text.len(), |len| start + len);
        if end == start {
            // The parameter has no name, and its place is that of its type.
            return loc.span;
        }
        Span::new(start as u32, end as u32)
    }

    fn block(&mut self, block: &Block) {
        for stmt in &block.stmts {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Expr(x) | StmtKind::Defer(x) | StmtKind::ReturnTuple(x) => self.expr(x),
            StmtKind::DeferTo { call, .. } => self.expr(call),
            StmtKind::Go(call) => {
                self.add_inside(call);
                self.expr(call);
            }
            StmtKind::Assign { targets, values } => self.assign(stmt, targets, values),
            StmtKind::AssignTuple { targets, value } => {
                self.targets(targets);
                self.expr(value);
            }
            StmtKind::OpAssign { target, value, .. } => {
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
            StmtKind::For(each) => {
                if let Some(cond) = &each.cond {
                    self.expr(cond);
                }
                if let Some(post) = &each.post {
                    self.stmt(post);
                }
                self.block(&each.body);
            }
            StmtKind::Range(range) => {
                self.expr(&range.x);
                for target in [&range.key, &range.value].into_iter().flatten() {
                    self.range_var(target);
                }
                self.block(&range.body);
            }
            StmtKind::Switch(switch) => {
                for case in &switch.cases {
                    case.conds.iter().for_each(|cond| self.expr(cond));
                    self.block(&case.body);
                }
            }
            StmtKind::TypeSwitch(switch) => {
                switch.cases.iter().for_each(|case| self.block(&case.body));
            }
            StmtKind::Select(select) => {
                for case in &select.cases {
                    match &case.comm {
                        Comm::Default => {}
                        Comm::Send { chan, value } => {
                            self.expr(chan);
                            self.expr(value);
                        }
                        Comm::Recv { chan, .. } => self.expr(chan),
                    }
                    self.block(&case.body);
                }
            }
            StmtKind::Return(values) => {
                for value in values {
                    if let Some(path) = self.copied(value) {
                        let message = format!("return copies lock value: {path}");
                        self.copy(value, message);
                    }
                    self.expr(value);
                }
            }
            StmtKind::Zero(_)
            | StmtKind::Label(_)
            | StmtKind::Goto(_)
            | StmtKind::Break(_)
            | StmtKind::Continue(_)
            | StmtKind::DeferList(_) => {}
        }
    }

    fn assign(&mut self, stmt: &Stmt, targets: &[Target], values: &[Expr]) {
        for (target, value) in targets.iter().zip(values) {
            if let Some(path) = self.copied(value) {
                let name = match target {
                    Target::Blank => "_".to_string(),
                    Target::Define(var) => {
                        let var = self.func.and_then(|func| func.vars.get(var.0 as usize));
                        var.map_or(String::new(), |var| var.name.to_string())
                    }
                    Target::Place(place) => self.text(place.loc.file, place.loc.span).to_string(),
                };
                let is_declaration = self.text(stmt.loc.file, stmt.loc.span).starts_with("var");
                let what = if is_declaration {
                    "variable declaration"
                } else {
                    "assignment"
                };
                // What the checker assigns to variables of its own has no name.
                if !name.is_empty() {
                    self.copy(value, format!("{what} copies lock value to {name}: {path}"));
                }
            }
            self.expr(value);
        }
        self.targets(targets);
    }

    fn targets(&mut self, targets: &[Target]) {
        for target in targets {
            if let Target::Place(place) = target {
                self.expr(place);
            }
        }
    }

    fn range_var(&mut self, target: &Target) {
        let (ty, loc) = match target {
            Target::Blank => return,
            Target::Define(var) => match self.func.and_then(|f| f.vars.get(var.0 as usize)) {
                Some(var) => (var.ty, var.loc),
                None => return,
            },
            Target::Place(place) => (place.ty, place.loc),
        };
        if let Some(path) = self.lock_path(ty, loc.file) {
            let name = self.text(loc.file, loc.span);
            let message = format!("range var {name} copies lock: {path}");
            let help = "range over the indices and use the elements in place".to_string();
            self.report(code::COPIED_LOCK, loc.file, loc.span, message, help);
        }
    }

    fn expr(&mut self, x: &Expr) {
        match &x.kind {
            ExprKind::Const(_)
            | ExprKind::Zero
            | ExprKind::Var(_)
            | ExprKind::Global(_)
            | ExprKind::Func { .. } => {}
            ExprKind::FuncLit(code) => self.code("func", code),
            ExprKind::Unary { x, .. }
            | ExprKind::Convert(x)
            | ExprKind::NilCheck(x)
            | ExprKind::Deref(x)
            | ExprKind::AddrOf(x)
            | ExprKind::Field { x, .. }
            | ExprKind::TypeAssert(x)
            | ExprKind::TypeAssertOk(x)
            | ExprKind::Recv(x)
            | ExprKind::RecvOk(x) => self.expr(x),
            ExprKind::Binary { x, y, .. }
            | ExprKind::Compare { x, y, .. }
            | ExprKind::AndAnd { x, y }
            | ExprKind::OrOr { x, y }
            | ExprKind::Index { x, index: y }
            | ExprKind::MapIndex { map: x, key: y }
            | ExprKind::MapIndexOk { map: x, key: y } => {
                self.expr(x);
                self.expr(y);
            }
            ExprKind::Call { callee, args } => self.call(x, callee, args),
            ExprKind::Builtin { args, .. } => args.iter().for_each(|arg| self.expr(arg)),
            ExprKind::Let { init, body, .. } => {
                self.expr(init);
                self.expr(body);
            }
            ExprKind::Slice { x, lo, hi, max } => {
                self.expr(x);
                for index in [lo, hi, max].into_iter().flatten() {
                    self.expr(index);
                }
            }
            ExprKind::StructLit(fields) => {
                fields.iter().for_each(|(_, value)| self.element(value));
            }
            ExprKind::ArrayLit(elems) | ExprKind::SliceLit { elems, .. } => {
                elems.iter().for_each(|(_, value)| self.element(value));
            }
            ExprKind::MapLit(entries) => {
                for (key, value) in entries {
                    self.element(key);
                    self.element(value);
                }
            }
        }
    }

    /// An element of a composite literal.
    fn element(&mut self, value: &Expr) {
        if let Some(path) = self.copied(value) {
            let text = self.text(value.loc.file, value.loc.span);
            let message = format!("literal copies lock value from {text}: {path}");
            self.copy(value, message);
        }
        self.expr(value);
    }

    fn call(&mut self, call: &Expr, callee: &Callee, args: &[Expr]) {
        let mut receiver = 0;
        match callee {
            Callee::Static { func, .. } => {
                let name = &self.module.funcs[func.0 as usize].name;
                let start = name.rfind('/').map_or(0, |slash| slash + 1);
                // A method's receiver is passed first; whether that is a mistake is said at the method.
                receiver = usize::from(name[start..].matches('.').count() > 1);
            }
            Callee::Interface { recv, .. } | Callee::TypeParam { recv, .. } => self.expr(recv),
            Callee::Value(x) => self.expr(x),
        }
        let text = self.text(call.loc.file, call.loc.span);
        let name = text.split('(').next().unwrap_or(text).to_string();
        for (index, arg) in args.iter().enumerate() {
            // Arguments for a variadic parameter are the elements of a slice.
            let values: Vec<&Expr> = match &arg.kind {
                ExprKind::SliceLit { elems, .. } if arg.loc.span == call.loc.span => {
                    elems.iter().map(|(_, value)| value).collect()
                }
                _ => vec![arg],
            };
            for value in values {
                if index >= receiver
                    && let Some(path) = self.copied(value)
                {
                    let message = format!("call of {name} copies lock value: {path}");
                    self.copy(value, message);
                }
                self.expr(value);
            }
        }
    }

    /// `go func() { wg.Add(1); … }()`
    fn add_inside(&mut self, call: &Expr) {
        let ExprKind::Call { callee, .. } = &call.kind else {
            return;
        };
        let Callee::Value(Expr {
            kind: ExprKind::FuncLit(code),
            loc: started,
            ..
        }) = &**callee
        else {
            return;
        };
        let Some(Stmt {
            kind: StmtKind::Expr(first),
            ..
        }) = code.body.stmts.first()
        else {
            return;
        };
        let ExprKind::Call { callee, .. } = &first.kind else {
            return;
        };
        let Callee::Static { func, .. } = &**callee else {
            return;
        };
        if &*self.module.funcs[func.0 as usize].name != "sync.(*WaitGroup).Add" {
            return;
        }
        let (file, span) = (first.loc.file, first.loc.span);
        let paren = self.text(file, span).find('(').unwrap_or(0) as u32;
        let mut diagnostic = Diagnostic::warning(
            code::ADD_IN_GOROUTINE,
            Span::new(span.start + paren, span.end),
            "WaitGroup.Add called from inside new goroutine",
        )
        .with_help("call Add before the go statement: Wait may come before the goroutine has run");
        if started.file == file {
            let line = self.files[file.0 as usize]
                .line_col(started.span.start)
                .line;
            let line = self.files[file.0 as usize].line_span(line);
            let end = line.end.min(started.span.end);
            diagnostic = diagnostic.with_label(
                Span::new(started.span.start, end),
                "the goroutine starts here",
            );
        }
        self.found.push((file, diagnostic));
    }

    fn copy(&mut self, value: &Expr, message: String) {
        let help = "use a pointer to it: a copy of a lock is another lock".to_string();
        self.report(
            code::COPIED_LOCK,
            value.loc.file,
            value.loc.span,
            message,
            help,
        );
    }

    fn report(
        &mut self,
        code: &'static str,
        file: FileIndex,
        span: Span,
        message: String,
        help: String,
    ) {
        let diagnostic = Diagnostic::warning(code, span, message).with_help(help);
        self.found.push((file, diagnostic));
    }

    fn text(&self, file: FileIndex, span: Span) -> &str {
        self.files[file.0 as usize].slice(span)
    }

    /// What vet says of the lock in a value, if using the value copies an existing one: new values are no copies.
    fn copied(&self, value: &Expr) -> Option<String> {
        let mut x = value;
        while let ExprKind::Convert(inner) = &x.kind {
            x = inner;
        }
        match &x.kind {
            ExprKind::Var(_)
            | ExprKind::Global(_)
            | ExprKind::Field { .. }
            | ExprKind::Index { .. }
            | ExprKind::MapIndex { .. }
            | ExprKind::TypeAssert(_)
            | ExprKind::Recv(_) => self.lock_path(x.ty, x.loc.file),
            ExprKind::Deref(pointer) if !matches!(pointer.kind, ExprKind::Call { .. }) => {
                self.lock_path(x.ty, x.loc.file)
            }
            _ => None,
        }
    }

    /// `main.T contains sync.Mutex`, if values of the type contain a lock.
    fn lock_path(&self, ty: Ty, file: FileIndex) -> Option<String> {
        let types = &self.module.types;
        let mut ty = ty;
        while let Type::Array { elem, .. } = types.under(ty) {
            ty = *elem;
        }
        let name = types.as_named(ty).map(|named| {
            let path = &*types.packages[named.package.0 as usize].0;
            let path = match path {
                "main" => self.files[file.0 as usize]
                    .package()
                    .unwrap_or("command-line-arguments"),
                path => path,
            };
            (path, &*named.name)
        });
        if let Some((path, name)) = name {
            // Of an instance such as Pointer[T] the name of the generic type counts.
            let plain = name.split('[').next().unwrap_or(name);
            let lock = LOCKS.iter().find(|lock| lock.0 == path && lock.1 == plain);
            if let Some((_, _, inner)) = lock {
                return Some(match inner {
                    None => format!("{path}.{name}"),
                    Some(inner) => format!("{path}.{name} contains {inner}"),
                });
            }
        }
        let Type::Struct(fields) = types.under(ty) else {
            return None;
        };
        let inner = fields
            .iter()
            .find_map(|field| self.lock_path(field.ty, file))?;
        let own = match name {
            Some((path, name)) => format!("{path}.{name}"),
            None => "struct".to_string(),
        };
        Some(format!("{own} contains {inner}"))
    }
}
