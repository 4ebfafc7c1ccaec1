//! Checking what is typed at a prompt: a program that grows input by input.
//!
//! What the checker knows outlives it as a [`State`]; each input gets a checker of its own that takes the state over and gives it
//! back. An input is checked like a small file of package `main`, with two differences: its statements stand beside its declarations
//! and run in their order, and the variables that they declare are package-level variables.
//!
//! **Scopes.** The names of earlier inputs are a scope around those of the current one (`Checker::earlier`), so declaring a name
//! again hides the old object and whatever was compiled with that keeps it. An input with an error leaves no name behind, and what it
//! left in the tables is reached by nothing.
//!
//! **Initialisation.** Of a library only what is reached is checked, so each input brings the initialisers of the library's variables
//! that it is the first to reach.

use super::assign::InitTarget;
use super::dynamic::Dynamic;
use super::package::call_stmt;
use super::{
    Checker, Dependencies, FuncContext, FuncSource, LitContext, Loaded, Mode, NamedInfo, Package,
};
use crate::diagnostics::code;
use crate::types::constant::ConstValue;
use crate::types::scope::{Object, ObjectId, ObjectKind, Objects, State as Known};
use crate::types::ty::{FileIndex, Loc, NamedId, PackageId, Ty, Type, Types};
use crate::types::typed::{
    self, Expr, ExprKind, FuncRef, GlobalRef, Module, Stmt, StmtKind, Target,
};
use crate::types::universe::Universe;
use minigo_grammar::ast::{self, AssignOp, DeclId, ExprId, Ident, Stmt as Syntax};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::Span;
use minigo_grammar::symbol::{Symbol, Symbols};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// The package of the library that shows values at the prompt: `Show(value any, typ string)`.
pub(crate) const SHOW_PACKAGE: &str = "minigo/repl";

/// What the checker knows between two inputs.
pub(crate) struct State {
    pub(crate) types: Types,
    pub(super) universe: Universe,
    pub(super) packages: Vec<Package>,
    pub(super) objects: Objects,
    pub(crate) globals: Vec<typed::Global>,
    pub(crate) funcs: Vec<typed::Func>,
    names: Vec<Option<Rc<str>>>,
    file_imports: Vec<FxHashMap<Symbol, ObjectId>>,
    named_infos: Vec<NamedInfo<'static>>,
    method_decls: FxHashMap<(PackageId, Symbol), Vec<(FileIndex, DeclId)>>,
    global_lines: FxHashMap<(FileIndex, DeclId), Vec<ObjectId>>,
    global_objects: Vec<ObjectId>,
    instances: FxHashMap<(NamedId, Vec<Ty>), Ty>,
    func_sources: Vec<FuncSource>,
    dependencies: Dependencies,
    dynamic: Dynamic,
    pub(crate) well_known: Vec<(Rc<str>, Rc<str>, Ty)>,
    local_types: u32,
    pub(super) earlier: FxHashMap<Symbol, ObjectId>,
}

/// What became of an input.
pub(crate) struct CheckedInput {
    /// What runs: the initialisers of library packages, `init` functions, the input's own statements. None: there were errors.
    pub(crate) run: Option<Vec<FuncRef>>,
    /// Functions whose bodies are new.
    pub(crate) bodies: Vec<FuncRef>,
    /// Earlier defined types got methods.
    pub(crate) new_methods: bool,
    /// Names that were declared again and what they were: `x` (variable).
    pub(crate) hidden: Vec<(Rc<str>, &'static str)>,
    pub(crate) added: Added,
    pub(crate) diagnostics: Vec<(FileIndex, Diagnostic)>,
}

/// The names that an input has declared, with what they meant before.
#[derive(Default)]
pub(crate) struct Added(Vec<(Symbol, Option<ObjectId>)>);

/// A name declared at the prompt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Declared {
    /// The name.
    pub name: String,
    /// What it is.
    pub kind: DeclaredKind,
    /// Its type as messages print it; for a type what it is defined as, for a package its path.
    pub ty: String,
    /// For a variable: its number among all package-level variables.
    pub global: Option<u32>,
}

/// What a declared name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeclaredKind {
    Variable,
    Constant,
    Function,
    Type,
    Package,
}

impl State {
    /// The state before anything is checked: all packages of `loaded` are still to be declared.
    pub(crate) fn new(symbols: &mut Symbols) -> State {
        let mut types = Types::new();
        let mut objects = Objects::default();
        let universe = Universe::new(&mut types, &mut objects, symbols);
        let named_infos = vec![NamedInfo::done(); types.named.len()];
        State {
            types,
            universe,
            packages: vec![Package::default()],
            objects,
            globals: Vec::new(),
            funcs: Vec::new(),
            names: Vec::new(),
            file_imports: Vec::new(),
            named_infos,
            method_decls: FxHashMap::default(),
            global_lines: FxHashMap::default(),
            global_objects: Vec::new(),
            instances: FxHashMap::default(),
            func_sources: Vec::new(),
            dependencies: FxHashMap::default(),
            dynamic: Dynamic::of_session(),
            well_known: Vec::new(),
            local_types: 0,
            earlier: FxHashMap::default(),
        }
    }

    /// Lends what the code generator needs. Give it back with [`State::put_back`].
    pub(crate) fn take_module(&mut self) -> Module {
        Module {
            types: std::mem::take(&mut self.types),
            globals: std::mem::take(&mut self.globals),
            funcs: std::mem::take(&mut self.funcs),
            inits: Vec::new(),
            main: FuncRef(0),
            well_known: std::mem::take(&mut self.well_known),
            error: self.universe.error,
        }
    }

    /// Takes the module back, with the types that the code generator has added.
    pub(crate) fn put_back(&mut self, module: Module, types: Types) {
        self.types = types;
        self.globals = module.globals;
        self.funcs = module.funcs;
        self.well_known = module.well_known;
        for (index, named) in self.types.named.iter().enumerate() {
            if let Some((generic, args)) = &named.origin {
                let key = (*generic, args.clone());
                if !self.instances.contains_key(&key)
                    && let Some(ty) = self.types.interned(&Type::Named(NamedId(index as u32)))
                {
                    self.instances.insert(key, ty);
                }
            }
        }
    }

    /// Every name that is declared at the prompt, sorted.
    pub(crate) fn declared(&self, symbols: &Symbols, main: PackageId) -> Vec<Declared> {
        let mut list: Vec<Declared> = self
            .earlier
            .iter()
            .filter(|(name, _)| !name.is_blank())
            .filter_map(|(&name, &object)| self.describe(symbols.name(name), object, main))
            .collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    }

    fn describe(&self, name: &str, object: ObjectId, main: PackageId) -> Option<Declared> {
        let string = |ty| self.types.type_string(ty, main);
        let mut global = None;
        let (kind, ty) = match &self.objects[object].kind {
            ObjectKind::Global { global: id, ty } => {
                global = Some(id.0);
                (DeclaredKind::Variable, string(*ty))
            }
            ObjectKind::Const { ty, .. } => (DeclaredKind::Constant, string(*ty)),
            ObjectKind::Func { sig, .. } => (DeclaredKind::Function, string(*sig)),
            ObjectKind::Type(ty) => (DeclaredKind::Type, string(self.types.underlying(*ty))),
            ObjectKind::Package(id) => (
                DeclaredKind::Package,
                self.packages[id.0 as usize].path.to_string(),
            ),
            _ => return None,
        };
        Some(Declared {
            name: name.to_string(),
            kind,
            ty,
            global,
        })
    }

    /// An input declared this name.
    pub(crate) fn is_declared(&self, name: Symbol) -> bool {
        self.earlier.contains_key(&name)
    }

    /// Takes back what an input declared.
    pub(crate) fn forget(&mut self, added: Added) {
        for (name, old) in added.0 {
            match old {
                Some(old) => self.earlier.insert(name, old),
                None => self.earlier.remove(&name),
            };
        }
    }
}

/// Checks an input, the file `file` of `loaded`. `imports` are packages that it uses without importing them: name, package.
pub(crate) fn check_input(
    loaded: &Loaded,
    symbols: &Symbols,
    state: State,
    main: PackageId,
    input: Input,
) -> (State, CheckedInput) {
    let mut checker = resume(loaded, symbols, state);
    let known = checker.packages.len();
    checker.add_packages(&loaded.packages[known - 1..]);
    for index in known..checker.packages.len() {
        checker.collect(PackageId(index as u32));
    }
    for index in known..checker.packages.len() {
        checker.check_package(PackageId(index as u32));
    }
    let checked = checker.input(main, input);
    (suspend(checker), checked)
}

/// What became of an expression whose type was asked for.
pub(crate) struct FoundType {
    pub(crate) ty: Option<String>,
    /// Functions whose bodies are new.
    pub(crate) bodies: Vec<FuncRef>,
    pub(crate) diagnostics: Vec<(FileIndex, Diagnostic)>,
}

/// Finds the type of an input that is one expression. Nothing is kept of it.
pub(crate) fn type_of(
    loaded: &Loaded,
    symbols: &Symbols,
    state: State,
    main: PackageId,
    input: Input,
) -> (State, FoundType) {
    let mut checker = resume(loaded, symbols, state);
    let known = checker.packages.len();
    checker.add_packages(&loaded.packages[known - 1..]);
    for index in known..checker.packages.len() {
        checker.collect(PackageId(index as u32));
    }
    for index in known..checker.packages.len() {
        checker.check_package(PackageId(index as u32));
    }
    let ty = checker.type_of_input(main, input);
    checker.check_queue();
    let found = FoundType {
        ty,
        bodies: std::mem::take(&mut checker.bodies),
        diagnostics: std::mem::take(&mut checker.diagnostics),
    };
    (suspend(checker), found)
}

/// What is to be checked.
pub(crate) struct Input {
    pub(crate) file: FileIndex,
    pub(crate) imports: Vec<(Symbol, PackageId)>,
    /// What its function is called.
    pub(crate) name: Rc<str>,
    /// A function of [`SHOW_PACKAGE`] that runs after its statements.
    pub(crate) then: Option<&'static str>,
    /// A function of [`SHOW_PACKAGE`] that is called with the values of its expressions, in place of showing them.
    pub(crate) look: Option<&'static str>,
}

/// A checker that goes on where the state was left.
fn resume<'a>(loaded: &'a Loaded, symbols: &'a Symbols, state: State) -> Checker<'a> {
    let mut checker = Checker::new(loaded, symbols, state.types, state.objects, state.universe);
    checker.packages = state.packages;
    checker.globals = state.globals;
    checker.funcs = state.funcs;
    checker.names = state.names;
    checker.file_imports = state.file_imports;
    checker
        .file_imports
        .resize(loaded.files.len(), FxHashMap::default());
    checker.named_infos = state.named_infos;
    checker.method_decls = state.method_decls;
    checker.global_lines = state.global_lines;
    checker.global_objects = state.global_objects;
    checker.instances = state.instances;
    checker.func_sources = state.func_sources;
    checker.dependencies = state.dependencies;
    checker.dynamic = state.dynamic;
    checker.well_known = state.well_known;
    checker.local_types = state.local_types;
    checker.earlier = state.earlier;
    checker
}

fn suspend(checker: Checker<'_>) -> State {
    // What an input defined is looked at when it ends, so nobody asks for the source of a type again.
    let named_infos = checker
        .named_infos
        .into_iter()
        .map(|info| NamedInfo {
            state: super::NamedState::Done,
            object: info.object,
            source: None,
            methods_known: info.methods_known,
            finite: info.finite,
            at: info.at,
        })
        .collect();
    State {
        types: checker.types,
        universe: checker.universe,
        packages: checker.packages,
        objects: checker.objects,
        globals: checker.globals,
        funcs: checker.funcs,
        names: checker.names,
        file_imports: checker.file_imports,
        named_infos,
        method_decls: checker.method_decls,
        global_lines: checker.global_lines,
        global_objects: checker.global_objects,
        instances: checker.instances,
        func_sources: checker.func_sources,
        dependencies: checker.dependencies,
        dynamic: checker.dynamic,
        well_known: checker.well_known,
        local_types: checker.local_types,
        earlier: checker.earlier,
    }
}

impl<'a> Checker<'a> {
    /// What an earlier input declared under this name.
    pub(crate) fn earlier_object(&self, name: Symbol) -> Option<ObjectId> {
        self.earlier.get(&name).copied()
    }

    fn input(&mut self, main: PackageId, mut input: Input) -> CheckedInput {
        let file = input.file;
        let first_func = self.funcs.len();
        self.cx.file = file;
        self.cx.package = main;
        let auto: Vec<Symbol> = input.imports.iter().map(|&(name, _)| name).collect();
        for (name, package) in std::mem::take(&mut input.imports) {
            let loc = Loc {
                file,
                span: Span::default(),
            };
            let object = self.new_object(name, loc, ObjectKind::Package(package));
            self.file_imports[file.0 as usize].insert(name, object);
        }
        let ast = self.ast();
        let stmts = ast.stmt_list(ast.input);
        let decls: Vec<DeclId> = stmts
            .iter()
            .filter_map(|&stmt| match ast.stmt(stmt) {
                Syntax::Decl(list) => Some(ast.decl_list(list)),
                _ => None,
            })
            .flatten()
            .copied()
            .filter(|&decl| !matches!(ast.decl(decl), ast::Decl::Var(_)))
            .collect();
        self.collect_decls(main, file, &decls);
        self.assign_methods(main);
        let new_methods = self.collect_later_methods(main);
        self.check_package(main);
        let main_func = self.input_func(main, &input);
        self.check_queue();
        self.diagnostics
            .retain(|(_, d)| d.code != code::UNUSED_VARIABLE && d.code != code::UNUSED_IMPORT);
        if self.diagnostics.is_empty() {
            self.check_instance_cycles();
        }
        let package = &mut self.packages[main.0 as usize];
        let names = std::mem::take(&mut package.names);
        let own_inits = std::mem::take(&mut package.init_funcs);
        package.objects.clear();
        package.orphans.clear();
        package.initializers.clear();
        let mut imports = std::mem::take(&mut self.file_imports[file.0 as usize]);
        imports.retain(|name, _| !auto.contains(name));
        let diagnostics = std::mem::take(&mut self.diagnostics);
        let mut checked = CheckedInput {
            run: None,
            bodies: std::mem::take(&mut self.bodies),
            new_methods,
            hidden: Vec::new(),
            added: Added::default(),
            diagnostics,
        };
        if checked.diagnostics.iter().any(|(_, d)| d.is_error()) {
            return checked;
        }
        let mut run = Vec::new();
        for index in 1..self.packages.len() {
            let package = &self.packages[index];
            if index != main.0 as usize
                && !(package.initializers.is_empty() && package.init_funcs.is_empty())
            {
                run.push(self.package_init(PackageId(index as u32)));
                self.packages[index].init_funcs.clear();
            }
        }
        run.extend(own_inits);
        run.push(main_func);
        checked
            .bodies
            .extend((first_func..self.funcs.len()).map(|i| FuncRef(i as u32)));
        let mut added: Vec<(Symbol, ObjectId)> = names.into_iter().chain(imports).collect();
        added.sort();
        for (name, object) in added {
            let old = self.earlier.insert(name, object);
            checked.added.0.push((name, old));
            if let Some(old) = old
                && !name.is_blank()
            {
                let kind = match self.objects[old].kind {
                    ObjectKind::Global { .. } => "variable",
                    ObjectKind::Func { .. } => "function",
                    ObjectKind::Type(_) => "type",
                    ObjectKind::Const { .. } => "constant",
                    _ => continue,
                };
                let name = self.name(name);
                checked.hidden.push((name, kind));
            }
        }
        checked.run = Some(run);
        checked
    }

    fn type_of_input(&mut self, main: PackageId, input: Input) -> Option<String> {
        let file = input.file;
        self.cx.file = file;
        self.cx.package = main;
        for (name, package) in input.imports {
            let loc = Loc {
                file,
                span: Span::default(),
            };
            let object = self.new_object(name, loc, ObjectKind::Package(package));
            self.file_imports[file.0 as usize].insert(name, object);
        }
        let (ty, _) = self.at_package_level(file, None, FuncContext::default(), |checker| {
            let ast = checker.ast();
            let span = Span::new(0, checker.source().text().len() as u32);
            let &[stmt] = ast.stmt_list(ast.input) else {
                checker.error(code::NOT_AN_EXPRESSION, span, "want one expression");
                return None;
            };
            let Syntax::Expr(x) = ast.stmt(stmt) else {
                checker.error(
                    code::NOT_AN_EXPRESSION,
                    span,
                    "want an expression, not a statement",
                );
                return None;
            };
            checker.cx.scopes.open();
            let x = checker.expr(x, None);
            checker.cx.scopes.close();
            match x.mode {
                Mode::Invalid => None,
                Mode::NoValue => Some("no value".to_string()),
                Mode::Builtin(_) => Some("built-in function".to_string()),
                Mode::TypeExpr => {
                    let under = checker.types.underlying(x.ty);
                    let (name, under) = (checker.type_string(x.ty), checker.type_string(under));
                    Some(if name == under {
                        format!("type {name}")
                    } else {
                        format!("type {name} {under}")
                    })
                }
                _ => Some(checker.type_string(x.ty)),
            }
        });
        ty.filter(|_| self.diagnostics.is_empty())
    }

    fn new_object(&mut self, name: Symbol, loc: Loc, kind: ObjectKind) -> ObjectId {
        self.objects.add(Object {
            name,
            package: self.cx.package,
            loc,
            kind,
            state: Known::Done,
            used: true,
            site: None,
        })
    }

    /// Methods declared for types of earlier inputs; true if there are any.
    fn collect_later_methods(&mut self, main: PackageId) -> bool {
        let mut bases: Vec<Symbol> = self
            .method_decls
            .keys()
            .filter(|(package, _)| *package == main)
            .map(|(_, base)| *base)
            .collect();
        bases.sort();
        let mut found = false;
        for base in bases {
            if self.packages[main.0 as usize].names.contains_key(&base) {
                continue;
            }
            let Some(object) = self.earlier_object(base) else {
                continue;
            };
            let ObjectKind::Type(ty) = self.objects[object].kind else {
                continue;
            };
            let Type::Named(id) = *self.types.get(ty) else {
                continue;
            };
            let named = &self.types.named[id.0 as usize];
            if named.package != main {
                continue;
            }
            if !named.type_params.is_empty() || named.origin.is_some() {
                let decls = self.method_decls.remove(&(main, base)).unwrap_or_default();
                for (file, decl) in decls {
                    if let ast::Decl::Func(decl) = self.decl(file, decl) {
                        let message = "not supported by minigo: a method that is declared later than its generic type";
                        let diagnostic =
                            Diagnostic::error(code::UNSUPPORTED, decl.name.span, message)
                                .with_help("declare the type again, together with its methods");
                        self.diagnostics.push((file, diagnostic));
                    }
                }
                continue;
            }
            self.collect_methods(id, base);
            if let Some(site) = self.objects[object].site
                && let ast::Decl::Type(decl) = self.decl(site.file, site.decl)
            {
                self.check_field_names(id, site.file, decl);
            }
            found = true;
        }
        found
    }

    /// The function that runs the input's statements.
    fn input_func(&mut self, main: PackageId, input: &Input) -> FuncRef {
        let file = self.cx.file;
        let (stmts, has_defer, has_recover, context) = {
            let (result, context) =
                self.at_package_level(file, None, FuncContext::default(), |checker| {
                    let ast = checker.ast();
                    let body = ast::Block {
                        stmts: ast.input,
                        span: Span::new(0, checker.source().text().len() as u32),
                    };
                    let goto_labels = checker.check_branches(body);
                    checker.cx.func.lit = LitContext {
                        goto_labels,
                        ..LitContext::default()
                    };
                    checker.cx.scopes.open();
                    let mut stmts = Vec::new();
                    for &stmt in ast.stmt_list(ast.input) {
                        match (input.look, checker.ast().stmt(stmt)) {
                            (Some(name), Syntax::Expr(id)) => checker.look(name, id, &mut stmts),
                            _ => checker.top_stmt(stmt, &mut stmts),
                        }
                    }
                    stmts.extend(input.then.and_then(|name| checker.last_call(name)));
                    checker.close_scope();
                    let lit = &checker.cx.func.lit;
                    (stmts, lit.has_defer, lit.has_recover)
                });
            (result.0, result.1, result.2, context)
        };
        let func = self.synthetic_func(input.name.clone(), main);
        let end = Loc {
            file,
            span: Span::at(self.source().text().trim_end().len() as u32),
        };
        let declared = &mut self.funcs[func.0 as usize];
        declared.vars = context.vars;
        declared.lits = context.lits;
        declared.targets = context.targets;
        declared.labels = context.labels;
        declared.loc = Loc {
            file,
            span: Span::at(0),
        };
        declared.code.end = end;
        declared.code.has_defer = has_defer;
        declared.code.has_recover = has_recover;
        declared.code.body.stmts = stmts;
        func
    }

    fn top_stmt(&mut self, id: ast::StmtId, out: &mut Vec<Stmt>) {
        let ast = self.ast();
        let loc = self.loc(ast.stmt_span(id));
        match ast.stmt(id) {
            Syntax::Decl(list) => {
                for &decl in ast.decl_list(list) {
                    if let ast::Decl::Var(decl) = ast.decl(decl) {
                        self.top_var(decl, out);
                    }
                }
            }
            Syntax::Assign {
                lhs,
                op: AssignOp::Define,
                op_pos,
                rhs,
            } => {
                let (left, right) = (ast.expr_list(lhs), ast.expr_list(rhs));
                self.top_define(loc, left, op_pos, right, out);
            }
            Syntax::Expr(x) => self.top_expr(loc, x, out),
            _ => self.stmt(id, None, out),
        }
    }

    /// `var` at the prompt.
    fn top_var(&mut self, decl: &ast::VarDecl, out: &mut Vec<Stmt>) {
        let ast = self.ast();
        let names = ast.ident_list(decl.names);
        let loc = self.loc(decl.span);
        let ty = decl.ty.map(|ty| self.type_expr(ty));
        let ids = ast.expr_list(decl.values);
        if ids.is_empty() {
            let ty = ty.unwrap_or(Ty::INVALID);
            for &name in names {
                if let Some(target) = self.top_global(name, ty) {
                    let zero = Expr {
                        ty,
                        loc,
                        kind: ExprKind::Zero,
                    };
                    out.push(assign(loc, vec![target], vec![zero]));
                }
            }
            return;
        }
        let targets: Vec<InitTarget> = names
            .iter()
            .map(|&name| InitTarget {
                name: Some(name),
                ty,
            })
            .collect();
        let (values, tys) = self.declaration_values(&targets, ids);
        let targets = names
            .iter()
            .zip(tys)
            .map(|(&name, ty)| self.top_global(name, ty).unwrap_or(Target::Blank))
            .collect();
        self.push_init(loc, targets, values, out);
    }

    /// `lhs := rhs` at the prompt: as in a function where at least one name is new; where none is, all are declared again.
    fn top_define(
        &mut self,
        loc: Loc,
        left: &[ExprId],
        op_pos: u32,
        right: &[ExprId],
        out: &mut Vec<Stmt>,
    ) {
        let ast = self.ast();
        let mut names: Vec<Ident> = Vec::with_capacity(left.len());
        for &id in left {
            let span = ast.expr_span(id);
            match ast.expr(id) {
                ast::Expr::Ident(name) => {
                    if !name.is_blank() && names.iter().any(|n| n.name == name) {
                        let text = self.symbols.name(name);
                        let message = format!("{text} repeated on left side of :=");
                        self.error(code::REDECLARED, span, message);
                        return;
                    }
                    names.push(Ident { name, span });
                }
                ast::Expr::Bad => return,
                _ => {
                    let text = self.expr_string(id);
                    let message = format!("non-name {text} on left side of :=");
                    self.error(code::NOT_ASSIGNABLE, span, message);
                    return;
                }
            }
        }
        let own = |checker: &Self, name: Symbol| {
            let package = &checker.packages[checker.cx.package.0 as usize];
            package.names.get(&name).copied()
        };
        let variable = |checker: &Self, name: Symbol| {
            let object = own(checker, name).or_else(|| checker.earlier_object(name))?;
            match checker.objects[object].kind {
                ObjectKind::Global { global, ty } => Some((global, ty)),
                _ => None,
            }
        };
        let named = names.iter().filter(|n| !n.name.is_blank());
        let any_new = named.clone().any(|n| variable(self, n.name).is_none());
        let any_own = named.clone().any(|n| own(self, n.name).is_some());
        if !any_new && (any_own || named.clone().next().is_none()) {
            let at = Span::new(op_pos, op_pos + 2);
            self.error(code::NO_NEW_VARS, at, "no new variables on left side of :=");
            return;
        }
        let known: Vec<Option<(GlobalRef, Ty)>> = names
            .iter()
            .map(|n| {
                let known = (any_new && !n.name.is_blank()).then(|| variable(self, n.name));
                known.flatten()
            })
            .collect();
        let targets: Vec<InitTarget> = names
            .iter()
            .zip(&known)
            .map(|(&name, known)| InitTarget {
                name: Some(name),
                ty: known.map(|(_, ty)| ty),
            })
            .collect();
        let context = if left.len() > 1 {
            "multiple assignment"
        } else {
            "assignment"
        };
        let (values, tys) = self.init_list(&targets, right, None, context);
        let targets = names
            .iter()
            .zip(known)
            .zip(tys)
            .map(|((&name, known), ty)| match known {
                Some((global, ty)) => place(global, ty, self.loc(name.span)),
                None => self.top_global(name, ty).unwrap_or(Target::Blank),
            })
            .collect();
        self.push_init(loc, targets, values, out);
    }

    /// A new package-level variable; None for `_` and for a name that this input declares already (reported).
    fn top_global(&mut self, name: Ident, ty: Ty) -> Option<Target> {
        if name.name.is_blank() {
            return None;
        }
        let loc = self.loc(name.span);
        let package = self.cx.package.0 as usize;
        if let Some(&other) = self.packages[package].names.get(&name.name) {
            let other = self.objects[other].loc;
            self.redeclared(name.name, loc, other);
            return None;
        }
        let (object, global) = self.unnamed_global(name.name, ty, loc);
        self.packages[package].names.insert(name.name, object);
        Some(place(global, ty, loc))
    }

    fn unnamed_global(&mut self, name: Symbol, ty: Ty, loc: Loc) -> (ObjectId, GlobalRef) {
        let object = self.new_object(name, loc, ObjectKind::Invalid);
        self.new_global(object);
        self.set_global_type(object, ty);
        self.objects[object].state = Known::Done;
        (object, GlobalRef(self.globals.len() as u32 - 1))
    }

    /// An expression at the prompt: its values become `_` and are shown.
    fn top_expr(&mut self, loc: Loc, id: ExprId, out: &mut Vec<Stmt>) {
        let mut x = self.expr(id, None);
        match x.mode {
            Mode::Invalid => return,
            Mode::NoValue => {
                let kind = StmtKind::Expr(*x.take_tree());
                out.push(Stmt { kind, loc });
                return;
            }
            Mode::Builtin(_) | Mode::TypeExpr => {
                let what = self.describe(&x);
                let problem = match x.mode {
                    Mode::Builtin(_) => "must be called",
                    _ => "is not an expression",
                };
                let diagnostic =
                    Diagnostic::error(code::UNUSED_EXPR, x.loc.span, format!("{what} {problem}"));
                self.report(diagnostic.with_help("use :type to see what a type is"));
                return;
            }
            _ => {}
        }
        if let Type::Tuple(tys) = self.types.get(x.ty).clone() {
            let tree = *x.take_tree();
            if self.is_print_call(&tree) {
                let kind = StmtKind::Expr(tree);
                out.push(Stmt { kind, loc });
                return;
            }
            let globals: Vec<GlobalRef> = tys.iter().map(|&ty| self.last_value(ty, loc)).collect();
            let targets = globals
                .iter()
                .zip(&*tys)
                .map(|(&global, &ty)| place(global, ty, loc))
                .collect();
            let kind = StmtKind::AssignTuple {
                targets,
                value: tree,
            };
            out.push(Stmt { kind, loc });
            for (global, &ty) in globals.into_iter().zip(&*tys) {
                self.show(global, ty, loc, out);
            }
            return;
        }
        let Some(value) = self.default_value(x, "expression") else {
            return;
        };
        let ty = value.ty;
        let global = self.last_value(ty, loc);
        let target = place(global, ty, loc);
        out.push(assign(loc, vec![target], vec![value]));
        self.show(global, ty, loc, out);
    }

    /// Nobody wants to see how many bytes `fmt.Println` wrote.
    fn is_print_call(&self, tree: &Expr) -> bool {
        let ExprKind::Call { callee, .. } = &tree.kind else {
            return false;
        };
        match &**callee {
            typed::Callee::Static { func, .. } => {
                let name = &self.funcs[func.0 as usize].name;
                name.starts_with("fmt.Print") || name.starts_with("fmt.Fprint")
            }
            _ => false,
        }
    }

    /// A variable for a value of this type, `_` from now on.
    fn last_value(&mut self, ty: Ty, loc: Loc) -> GlobalRef {
        let (object, global) = self.unnamed_global(Symbol::BLANK, ty, loc);
        let package = self.cx.package.0 as usize;
        self.packages[package].names.insert(Symbol::BLANK, object);
        global
    }

    /// Appends the call that shows a value.
    fn show(&mut self, global: GlobalRef, ty: Ty, loc: Loc, out: &mut Vec<Stmt>) {
        let Some(func) = self.show_package_func("Show") else {
            return;
        };
        let mut x = super::Operand::typed(ty, loc);
        x.tree = Some(Box::new(Expr {
            ty,
            loc,
            kind: ExprKind::Global(global),
        }));
        let any = self.universe.any;
        self.assignment(&mut x, Some(any), "argument");
        if !x.is_valid() {
            return;
        }
        let mut name = self.type_string(ty);
        if matches!(self.types.under(ty), Type::Interface(_)) {
            // `Show` adds what is in it.
            name.push_str(" (");
        }
        let text = Expr {
            ty: Ty::STRING,
            loc,
            kind: ExprKind::Const(ConstValue::String(name.as_bytes().into())),
        };
        let kind = StmtKind::Expr(Expr {
            ty: Ty::INVALID,
            loc,
            kind: ExprKind::Call {
                callee: Box::new(typed::Callee::Static {
                    func,
                    type_args: Vec::new(),
                }),
                args: vec![*x.take_tree(), text],
            },
        });
        out.push(Stmt { kind, loc });
    }

    /// Appends a call of this function of the package that shows values, with the expression's value.
    fn look(&mut self, name: &str, id: ExprId, out: &mut Vec<Stmt>) {
        let Some(func) = self.show_package_func(name) else {
            return;
        };
        let mut x = self.expr(id, None);
        let loc = x.loc;
        let any = self.universe.any;
        self.assignment(&mut x, Some(any), "argument");
        if x.is_valid() {
            let mut call = call_stmt(func, loc);
            if let StmtKind::Expr(Expr {
                kind: ExprKind::Call { args, .. },
                ..
            }) = &mut call.kind
            {
                args.push(*x.take_tree());
            }
            out.push(call);
        }
    }

    fn show_package_func(&mut self, name: &str) -> Option<FuncRef> {
        let package = *self.imports_by_path.get(SHOW_PACKAGE)?;
        let object = self.package_member(package, self.symbols.lookup(name)?)?;
        self.resolve(object);
        match self.objects[object].kind {
            ObjectKind::Func { func, .. } => Some(func),
            _ => None,
        }
    }

    /// A call of a function of the package that shows values.
    fn last_call(&mut self, name: &str) -> Option<Stmt> {
        let func = self.show_package_func(name)?;
        let loc = self.funcs[func.0 as usize].loc;
        Some(call_stmt(func, loc))
    }
}

fn place(global: GlobalRef, ty: Ty, loc: Loc) -> Target {
    Target::Place(Expr {
        ty,
        loc,
        kind: ExprKind::Global(global),
    })
}

fn assign(loc: Loc, targets: Vec<Target>, values: Vec<Expr>) -> Stmt {
    Stmt {
        kind: StmtKind::Assign { targets, values },
        loc,
    }
}
