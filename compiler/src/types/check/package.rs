//! Packages: collecting their objects, checking what is reached, and putting the module together.

use super::lookup::is_exported;
use super::{Checker, Context, FuncContext, Loaded, LoadedPackage, NamedInfo, Node, Package};
use crate::diagnostics::{code, spelling};
use crate::types::scope::{DeclSite, Object, ObjectId, ObjectKind, Objects, State};
use crate::types::ty::{FileIndex, Loc, NamedId, PackageId, Sig, Ty, Type, Types};
use crate::types::typed::{self, FuncRef, LitId, Stmt, StmtKind};
use crate::types::universe::{NOWHERE, Universe};
use minigo_grammar::ast::{self, DeclId, Ident};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::Span;
use minigo_grammar::symbol::{Symbol, Symbols};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::rc::Rc;

/// Checks a program; `failed` says that something is wrong with it already. The module is complete only if no diagnostic is an error.
pub(crate) fn check(
    loaded: &Loaded,
    symbols: &mut Symbols,
    failed: bool,
) -> (Option<typed::Module>, Vec<(FileIndex, Diagnostic)>) {
    let mut types = Types::new();
    types.spelling = loaded.spelling;
    let mut objects = Objects::default();
    let universe = Universe::new(&mut types, &mut objects, symbols);
    let mut checker = Checker::new(loaded, symbols, types, objects, universe);
    checker.add_packages(&loaded.packages);
    let declared = loaded.asts.iter().map(declaration_count);
    checker.objects.reserve(declared.sum());
    for index in 1..checker.packages.len() {
        checker.collect(PackageId(index as u32));
    }
    for index in 1..checker.packages.len() {
        checker.check_package(PackageId(index as u32));
    }
    checker.check_queue();
    checker.finish(failed)
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        loaded: &'a Loaded,
        symbols: &'a Symbols,
        types: Types,
        objects: Objects,
        universe: Universe,
    ) -> Checker<'a> {
        let named_infos = vec![NamedInfo::done(); types.named.len()];
        Checker {
            files: &loaded.files,
            asts: &loaded.asts,
            symbols,
            types,
            universe,
            packages: vec![Package::default()],
            objects,
            globals: Vec::new(),
            funcs: Vec::new(),
            cx: Context {
                file: FileIndex(0),
                package: PackageId(1),
                iota: None,
                inherited: None,
                decl: None,
                holder: None,
                func: FuncContext::default(),
                scopes: Default::default(),
            },
            diagnostics: Vec::new(),
            names: Vec::new(),
            file_packages: &loaded.file_packages,
            imports_by_path: &loaded.imports,
            dot_imports: Vec::new(),
            empty: "".into(),
            members: Default::default(),
            dot_used: Default::default(),
            file_imports: vec![FxHashMap::default(); loaded.files.len()],
            imports: Vec::new(),
            named_infos,
            pending_types: VecDeque::new(),
            unchecked_types: Vec::new(),
            pending_instances: VecDeque::new(),
            parts: FxHashMap::default(),
            pending_methods: Vec::new(),
            type_depth: 0,
            later: Vec::new(),
            active: Vec::new(),
            method_decls: FxHashMap::default(),
            global_lines: FxHashMap::default(),
            global_objects: Vec::new(),
            instances: FxHashMap::default(),
            instance_graph: Default::default(),
            stalled_instances: Vec::new(),
            func_sources: Vec::new(),
            queue: VecDeque::new(),
            dependencies: FxHashMap::default(),
            dynamic: Default::default(),
            well_known: Vec::new(),
            spare_scopes: Vec::new(),
            local_types: 0,
            bodies: Vec::new(),
            earlier: FxHashMap::default(),
        }
    }

    /// Makes room for packages that are to be declared.
    pub(super) fn add_packages(&mut self, packages: &[LoadedPackage]) {
        for package in packages {
            self.types
                .packages
                .push((package.path.clone(), package.name.clone()));
            self.packages.push(Package {
                library: package.library,
                path: package.path.clone(),
                name: package.name.clone(),
                files: package.files.clone(),
                imports: package.imports.clone(),
                init_key: package.init_key.clone(),
                ..Package::default()
            });
        }
    }

    /// Declares all package-level names of a package, without looking at what they stand for.
    pub(super) fn collect(&mut self, package: PackageId) {
        self.cx.package = package;
        let files = self.packages[package.0 as usize].files.clone();
        if let Some(&file) = files.first() {
            let name = self.asts[file.0 as usize].package;
            if name.name.is_blank() {
                self.cx.file = file;
                self.error(code::BAD_PACKAGE_NAME, name.span, "invalid package name _");
            }
        }
        let asts = files.iter().map(|file| &self.asts[file.0 as usize]);
        let declared = asts.map(declaration_count).sum();
        self.packages[package.0 as usize].names.reserve(declared);
        for file in files.clone() {
            self.cx.file = file;
            self.collect_file(package, file);
        }
        self.assign_methods(package);
        for file in files {
            let clashes: Vec<(ObjectId, ObjectId)> = self.file_imports[file.0 as usize]
                .iter()
                .filter_map(|(name, &import)| {
                    let other = self.packages[package.0 as usize].names.get(name)?;
                    Some((*other, import))
                })
                .collect();
            for (object, import) in clashes {
                let name = self.symbols.name(self.objects[object].name);
                let (loc, other) = (self.objects[object].loc, self.objects[import].loc);
                let (how, id) = match self.objects[import].kind {
                    ObjectKind::Package(id) => ("import", id),
                    _ => ("dot-import", self.objects[import].package),
                };
                let imported = &self.packages[id.0 as usize];
                let (package, path) = (&imported.name, &imported.path);
                let place = self.place(other);
                let message = format!(
                    "{name} already declared through {how} of package {package} (\"{path}\")"
                );
                self.diagnostics.push((
                    loc.file,
                    Diagnostic::error(code::REDECLARED, loc.span, message)
                        .with_continuation(format!("{place}: other declaration of {name}")),
                ));
            }
        }
    }

    fn collect_file(&mut self, package: PackageId, file: FileIndex) {
        let ast = self.ast();
        self.refuse_directives();
        self.collect_decls(package, file, ast.decl_list(ast.decls));
        for (id, function) in ast.deferred_decls() {
            if function.receiver.is_some() {
                let methods = &mut self.packages[package.0 as usize].methods;
                methods.push((file, id));
            } else {
                self.declare_package_object(package, file, id, 0, id, function.name);
            }
        }
    }

    /// Declares what the declarations of a file name.
    pub(super) fn collect_decls(&mut self, package: PackageId, file: FileIndex, decls: &[DeclId]) {
        let ast = self.ast();
        let mut const_source: Option<(Option<ast::GroupId>, DeclId)> = None;
        for &id in decls {
            match ast.decl(id) {
                ast::Decl::Import(decl) => self.collect_import(decl),
                ast::Decl::Const(decl) => {
                    let own = decl.ty.is_some() || !decl.values.is_empty();
                    let source = match const_source {
                        Some((group, source)) if !own && group.is_some() && group == decl.group => {
                            source
                        }
                        _ => id,
                    };
                    const_source = Some((decl.group, source));
                    let ast::Decl::Const(with_values) = ast.decl(source) else {
                        continue;
                    };
                    let names = ast.ident_list(decl.names);
                    for (index, &name) in names.iter().enumerate() {
                        self.declare_package_object(package, file, id, index, source, name);
                    }
                    let values = ast.expr_list(with_values.values);
                    self.check_arity(decl.span, names, values, true, source != id);
                }
                ast::Decl::Var(decl) => {
                    let names = ast.ident_list(decl.names);
                    let mut line = Vec::with_capacity(names.len());
                    for (index, &name) in names.iter().enumerate() {
                        let object =
                            self.declare_package_object(package, file, id, index, id, name);
                        line.extend(object);
                    }
                    let values = ast.expr_list(decl.values);
                    if decl.ty.is_none() || !values.is_empty() {
                        self.check_arity(decl.span, names, values, false, false);
                    }
                    self.global_lines.insert((file, id), line);
                }
                ast::Decl::Type(decl) => {
                    self.declare_package_object(package, file, id, 0, id, decl.name);
                }
                ast::Decl::Func(decl) => self.collect_func(package, file, id, decl),
            }
        }
    }

    /// `//go:embed` would give a variable the contents of files, `//go:debug` would bring back the behaviour of older
    /// releases: refused, not taken for comments.
    fn refuse_directives(&mut self) {
        let ast = self.ast();
        let text = self.source().text();
        for comment in &ast.comments {
            let start = comment.span.start as usize;
            let line = text[..start].rsplit('\n').next().unwrap_or("");
            for directive in ["//go:embed", "//go:debug"] {
                let arguments = text[start..].strip_prefix(directive);
                if arguments.is_some_and(|a| a.starts_with(' ')) && line.trim().is_empty() {
                    let message = format!("not supported by minigo: {directive}");
                    self.error(code::UNSUPPORTED, comment.span, message);
                }
            }
        }
    }

    fn collect_import(&mut self, decl: &ast::ImportDecl) {
        let path = self.string_literal(decl.path);
        let Some(&imported) = self.imports_by_path.get(&path) else {
            return;
        };
        let name = match decl.name {
            Some(name) => name.name,
            None => {
                let name = self.packages[imported.0 as usize].name.clone();
                match self.symbols.lookup(&name) {
                    Some(symbol) => symbol,
                    None => return,
                }
            }
        };
        let text = self.symbols.name(name);
        let is_dot = text == ".";
        if name == Symbol::INIT {
            self.error(
                code::BAD_MAIN,
                decl.span,
                "cannot import package as init - init must be a func",
            );
            return;
        }
        let loc = self.loc(decl.span);
        let object = self.objects.add(Object {
            name,
            package: self.cx.package,
            loc,
            kind: ObjectKind::Package(imported),
            state: State::Done,
            used: false,
            site: None,
        });
        if name.is_blank() {
            return;
        }
        if is_dot {
            self.imports.push((object, path));
            return self.import_names(decl, imported, object);
        }
        let scope = &mut self.file_imports[self.cx.file.0 as usize];
        if let Some(&other) = scope.get(&name) {
            let other = self.objects[other].loc;
            self.redeclared(name, loc, other);
            return;
        }
        scope.insert(name, object);
        self.imports.push((object, path));
    }

    /// A dot import: the exported names of a package become names of the file.
    fn import_names(&mut self, decl: &ast::ImportDecl, imported: PackageId, import: ObjectId) {
        let file = self.cx.file;
        let names = &self.packages[imported.0 as usize].names;
        let mut names: Vec<(Symbol, ObjectId)> = names
            .iter()
            .map(|(&name, &object)| (name, object))
            .filter(|(name, _)| is_exported(self.symbols.name(*name)))
            .collect();
        names.sort();
        for (name, object) in names {
            match self.file_imports[file.0 as usize].get(&name) {
                Some(&other) => {
                    let span = decl.name.map_or(decl.span, |name| name.span);
                    let (at, other) = (self.loc(span), self.objects[other].loc);
                    self.redeclared(name, at, other);
                }
                None => {
                    self.file_imports[file.0 as usize].insert(name, object);
                }
            }
        }
        self.dot_imports.push((file, imported, import));
    }

    /// "x redeclared in this block"
    pub(super) fn redeclared(&mut self, name: Symbol, at: Loc, other: Loc) {
        let name = self.symbols.name(name);
        let place = self.place(other);
        let mut diagnostic = Diagnostic::error(
            code::REDECLARED,
            at.span,
            format!("{name} redeclared in this block"),
        )
        .with_continuation(format!("{place}: other declaration of {name}"));
        if other.file == at.file {
            diagnostic = diagnostic.with_label(other.span, format!("other declaration of {name}"));
        }
        self.diagnostics.push((at.file, diagnostic));
    }

    fn declare_package_object(
        &mut self,
        package: PackageId,
        file: FileIndex,
        decl: DeclId,
        index: usize,
        source: DeclId,
        name: Ident,
    ) -> Option<ObjectId> {
        let reserved = if name.name == Symbol::INIT {
            Some("cannot declare init - must be func")
        } else if name.name == Symbol::MAIN && &*self.packages[package.0 as usize].name == "main" {
            Some("cannot declare main - must be func")
        } else {
            None
        };
        if let Some(message) = reserved
            && !matches!(self.decl(file, decl), ast::Decl::Func(_))
        {
            self.error(code::BAD_MAIN, name.span, message);
            return None;
        }
        let loc = self.loc(name.span);
        let object = self.objects.add(Object {
            name: name.name,
            package,
            loc,
            kind: ObjectKind::Invalid,
            state: State::Declared,
            used: false,
            site: Some(DeclSite {
                file,
                decl,
                index: index as u32,
                source,
            }),
        });
        let known = &mut self.packages[package.0 as usize];
        known.objects.push(object);
        if !name.name.is_blank() {
            if let Some(&other) = known.names.get(&name.name) {
                let other = self.objects[other].loc;
                self.redeclared(name.name, loc, other);
            } else {
                known.names.insert(name.name, object);
            }
        }
        Some(object)
    }

    fn collect_func(
        &mut self,
        package: PackageId,
        file: FileIndex,
        id: DeclId,
        decl: &'a ast::FuncDecl,
    ) {
        let ast = self.ast();
        let library = self.packages[package.0 as usize].library;
        let name = decl.name;
        let text = self.symbols.name(name.name);
        if decl.recv.is_some() {
            // Which type the receiver is, is known when all names are.
            let methods = &mut self.packages[package.0 as usize].methods;
            methods.push((file, id));
        } else {
            let is_init = name.name == Symbol::INIT;
            let is_main =
                name.name == Symbol::MAIN && &*self.packages[package.0 as usize].name == "main";
            if is_init || is_main {
                let list = ast.type_param_list(decl.type_params);
                if let Some(first) = list.first() {
                    let span = first.name.span;
                    self.error(
                        code::BAD_MAIN,
                        span,
                        format!("func {text} must have no type parameters"),
                    );
                }
                let sig = ast.sig(decl.sig);
                if !sig.params.is_empty() || !sig.results.is_empty() {
                    self.error(
                        code::BAD_MAIN,
                        name.span,
                        format!("func {text} must have no arguments and no return values"),
                    );
                }
            }
            if is_init {
                let func = self.new_func(file, id, name, decl.body.is_some(), None);
                self.packages[package.0 as usize].init_funcs.push(func);
            } else {
                self.declare_package_object(package, file, id, 0, id, name);
            }
        }
        if decl.body.is_none() && !library {
            if decl.recv.is_none() && name.name == Symbol::INIT {
                let message = "func init must have a body";
                self.error(code::MISSING_BODY, name.span, message);
            } else if !decl.type_params.is_empty() {
                let message = "generic function is missing function body";
                let span = self.func_place(file, decl);
                self.error(code::MISSING_BODY, span, message);
            }
        }
    }

    /// Checks what must be checked of a package whether something reaches it or not.
    pub(super) fn check_package(&mut self, package: PackageId) {
        let info = &self.packages[package.0 as usize];
        let (library, objects) = (info.library, info.objects.clone());
        let is_runtime = &*info.path == "runtime";
        let (inits, orphans) = (info.init_funcs.clone(), info.orphans.clone());
        for func in inits {
            self.check_init_signature(func);
            self.use_func(func);
        }
        if library {
            if is_runtime {
                self.resolve_runtime(package, &objects);
            }
            return;
        }
        self.check_name_cycles(&objects);
        // Types first, aliases last among them, so that what needs them finds them complete.
        for wanted in [Some(false), Some(true), None] {
            for &object in &objects {
                if self.is_alias(object) == wanted {
                    self.resolve(object);
                }
            }
        }
        self.check_methods();
        self.sort_queue();
        for (file, id) in orphans {
            self.orphan_method(file, id);
        }
        let lost: Vec<(FileIndex, DeclId)> = {
            let mut keys: Vec<_> = self
                .method_decls
                .keys()
                .filter(|(p, _)| *p == package)
                .copied()
                .collect();
            keys.sort();
            keys.iter()
                .filter_map(|key| self.method_decls.remove(key))
                .flatten()
                .collect()
        };
        for (file, id) in lost {
            self.orphan_method(file, id);
        }
    }

    fn check_init_signature(&mut self, func: FuncRef) {
        let Some((file, id)) = self.func_sources[func.0 as usize].site else {
            return;
        };
        if let ast::Decl::Func(decl) = self.decl(file, id) {
            let context = FuncContext::default();
            let (sig, _) =
                self.at_package_level(file, None, context, |checker| checker.signature(decl.sig));
            self.funcs[func.0 as usize].code.sig = sig;
        }
    }

    /// Bodies are checked in source order, so that the first errors are those that Go's compiler finds first.
    fn sort_queue(&mut self) {
        let funcs = &self.funcs;
        self.queue.make_contiguous().sort_by_key(|func| {
            let loc = funcs[func.0 as usize].loc;
            (loc.file, loc.span.start)
        });
    }

    /// Whether a type is declared as an alias; None for what is no type.
    fn is_alias(&self, object: ObjectId) -> Option<bool> {
        let site = self.objects[object].site?;
        match self.decl(site.file, site.decl) {
            ast::Decl::Type(decl) => Some(decl.alias),
            _ => None,
        }
    }

    /// Whether an object of a package is declared as a type; parses no function for that.
    fn is_type(&self, object: ObjectId) -> bool {
        self.objects[object].site.is_some_and(|site| {
            let ast = &self.asts[site.file.0 as usize];
            ast.deferred(site.decl).is_none() && matches!(ast.decl(site.decl), ast::Decl::Type(_))
        })
    }

    /// The machine uses the types of package runtime, and its printing of panics.
    fn resolve_runtime(&mut self, package: PackageId, objects: &[ObjectId]) {
        for &object in objects {
            let name = self.symbols.name(self.objects[object].name);
            if self.is_type(object) || name == "printPanicValue" {
                self.resolve(object);
            }
            if let ObjectKind::Type(ty) = self.objects[object].kind {
                let path = self.packages[package.0 as usize].path.clone();
                let name = self.name(self.objects[object].name);
                self.well_known.push((path, name, ty));
                self.use_as_interface(ty);
            }
        }
    }

    /// Signatures and bodies of the methods of user types.
    fn check_methods(&mut self) {
        while let Some((id, index)) = self.pending_methods.pop() {
            self.resolve_method(id, index);
            let func = self.types.named[id.0 as usize].methods[index].func;
            self.use_func(func);
        }
    }

    /// A declared method is used: gives its function and queues its body.
    pub(crate) fn use_method(&mut self, id: NamedId, index: usize) -> FuncRef {
        self.resolve_method(id, index);
        let func = self.types.named[id.0 as usize].methods[index].func;
        self.use_func(func);
        func
    }

    /// Checks the bodies of all functions that something reaches.
    pub(super) fn check_queue(&mut self) {
        loop {
            while let Some(func) = self.queue.pop_front() {
                self.check_body(func);
            }
            self.check_methods();
            self.use_dynamic_methods();
            if self.queue.is_empty() {
                return;
            }
        }
    }

    fn check_body(&mut self, func: FuncRef) {
        let source = &self.func_sources[func.0 as usize];
        let (Some((file, id)), method_of) = (source.site, source.method_of) else {
            return;
        };
        let ast = &self.asts[file.0 as usize];
        let ast::Decl::Func(decl) = self.decl(file, id) else {
            return;
        };
        let Some(body) = decl.body else { return };
        let full_sig = self.funcs[func.0 as usize].code.sig;
        let type_params = self.funcs[func.0 as usize].type_params.clone();
        let node = Some(Node::Func(func));
        let context = FuncContext {
            type_params: type_params.clone(),
            ..FuncContext::default()
        };
        let (code, context) = self.at_package_level(file, node, context, |checker| {
            checker.cx.scopes.open();
            match method_of {
                Some(named) => checker.bind_receiver_params(named, decl),
                None => checker.bind_orphan_params(decl),
            }
            // Those of the receiver come first.
            let list = ast.type_param_list(decl.type_params);
            let own = type_params.len().saturating_sub(list.len());
            for (param, &id) in list.iter().zip(&type_params[own..]) {
                checker.bind_type_param(param.name, id);
            }
            let (recv, sig) = match decl.recv {
                Some(param) => {
                    let (recv, sig) = checker.without_receiver(full_sig);
                    (Some((param, recv)), sig)
                }
                None => (None, full_sig),
            };
            let mut code = checker.func_code(LitId(0), sig, recv, decl.sig, body);
            code.sig = full_sig;
            checker.cx.scopes.close();
            code
        });
        self.bodies.push(func);
        let func = &mut self.funcs[func.0 as usize];
        func.code = code;
        func.vars = context.vars;
        func.lits = context.lits;
        func.targets = context.targets;
        func.labels = context.labels;
    }

    /// Takes the receiver off the parameters.
    fn without_receiver(&mut self, sig: Ty) -> (Ty, Ty) {
        match self.types.get(sig).clone() {
            Type::Func(sig) if !sig.params.is_empty() => {
                let mut sig = (*sig).clone();
                let recv = sig.params.remove(0);
                (recv, self.types.intern(Type::from(sig)))
            }
            _ => (Ty::INVALID, sig),
        }
    }

    /// Reports what is unused, orders initialisation, and gives the module.
    fn finish(mut self, failed: bool) -> (Option<typed::Module>, Vec<(FileIndex, Diagnostic)>) {
        if self.diagnostics.is_empty() {
            self.check_instance_cycles();
        }
        let mut inits = Vec::new();
        for package in self.init_sequence() {
            inits.push(self.package_init(package));
        }
        for (file, package) in self.dot_used.take() {
            let import = self
                .dot_imports
                .iter()
                .find(|d| (d.0, d.1) == (file, package));
            if let Some((_, _, import)) = import {
                self.objects[*import].used = true;
            }
        }
        for (object, path) in std::mem::take(&mut self.imports) {
            let object = &self.objects[object];
            if object.used || self.packages[object.package.0 as usize].library {
                continue;
            }
            let name = self.symbols.name(object.name);
            let last = path.rsplit('/').next().unwrap_or(&path);
            let message = if name == last || name == "." {
                format!("\"{path}\" imported and not used")
            } else {
                format!("\"{path}\" imported as {name} and not used")
            };
            let loc = object.loc;
            self.error_at(code::UNUSED_IMPORT, loc, message);
        }
        let mut main = None;
        if !failed && self.diagnostics.is_empty() {
            self.check_missing_bodies();
            self.check_sizes();
            if self.diagnostics.is_empty() {
                main = self.find_main();
            }
        }
        let diagnostics = std::mem::take(&mut self.diagnostics);
        let failed = failed || diagnostics.iter().any(|(_, d)| d.is_error());
        let module = match main {
            Some(main) if !failed => Some(typed::Module {
                types: self.types,
                globals: self.globals,
                funcs: self.funcs,
                inits,
                main,
                well_known: self.well_known,
                error: self.universe.error,
            }),
            _ => None,
        };
        (module, diagnostics)
    }

    /// The function that initialises a package: its variables, then its `init` functions.
    pub(super) fn package_init(&mut self, package: PackageId) -> FuncRef {
        let initializers = self.ordered_initializers(package);
        let name: Rc<str> = self.qualified_name(package, "init");
        let init = self.synthetic_func(name.clone(), package);
        let mut stmts = Vec::with_capacity(initializers.len());
        for initializer in initializers {
            let context = initializer.func;
            let simple = context.vars.is_empty()
                && context.lits == 0
                && context.targets == 0
                && context.labels == 0;
            if simple {
                stmts.push(initializer.stmt);
                continue;
            }
            // Its variables are its own, so it runs in a function of its own.
            let func = self.synthetic_func(name.clone(), package);
            let loc = initializer.stmt.loc;
            let body = &mut self.funcs[func.0 as usize];
            body.vars = context.vars;
            body.lits = context.lits;
            body.targets = context.targets;
            body.labels = context.labels;
            body.loc = loc;
            body.code.end = loc;
            body.code.body.stmts.push(initializer.stmt);
            stmts.push(call_stmt(func, loc));
        }
        for func in self.packages[package.0 as usize].init_funcs.clone() {
            let loc = self.funcs[func.0 as usize].loc;
            stmts.push(call_stmt(func, loc));
        }
        self.funcs[init.0 as usize].code.body.stmts = stmts;
        init
    }

    /// A function without parameters and results that no source declares.
    pub(super) fn synthetic_func(&mut self, name: Rc<str>, package: PackageId) -> FuncRef {
        let sig = self.types.intern(Type::from(Sig {
            params: Vec::new(),
            results: Vec::new(),
            variadic: false,
        }));
        let file = self.packages[package.0 as usize].files.first().copied();
        let loc = file.map_or(NOWHERE, |file| Loc {
            file,
            span: self.asts[file.0 as usize].package.span,
        });
        self.funcs.push(typed::Func {
            name,
            package,
            type_params: Vec::new(),
            vars: Vec::new(),
            lits: 0,
            targets: 0,
            labels: 0,
            code: typed::FuncCode {
                lit: LitId(0),
                sig,
                params: Vec::new(),
                results: Vec::new(),
                named_results: false,
                body: typed::Block::default(),
                has_defer: false,
                has_recover: false,
                range_body: false,
                wrapper: false,
                end: loc,
            },
            native: false,
            reached: true,
            loc,
        });
        self.func_sources.push(super::FuncSource::default());
        FuncRef(self.funcs.len() as u32 - 1)
    }

    /// Functions without body are missed only in a program that is otherwise right.
    fn check_missing_bodies(&mut self) {
        for index in 0..self.packages.len() {
            if self.packages[index].library {
                continue;
            }
            for file in self.packages[index].files.clone() {
                let ast = &self.asts[file.0 as usize];
                for &id in ast.decl_list(ast.decls) {
                    let ast::Decl::Func(decl) = ast.decl(id) else {
                        continue;
                    };
                    if decl.body.is_some() {
                        continue;
                    }
                    let loc = Loc {
                        file,
                        span: self.func_place(file, decl),
                    };
                    let message = "missing function body".to_string();
                    self.error_at(code::MISSING_BODY, loc, message);
                }
            }
        }
    }

    /// Where a declared function is to Go's compiler: at what follows `func`.
    fn func_place(&self, file: FileIndex, decl: &ast::FuncDecl) -> Span {
        let Some(recv) = decl.recv else {
            return decl.name.span;
        };
        let ast = &self.asts[file.0 as usize];
        let first = match recv.name {
            Some(name) => name.span.start,
            None => ast.expr_span(recv.ty).start,
        };
        let text = self.files[file.0 as usize].text();
        let header = &text[decl.span.start as usize..first as usize];
        let paren = header.rfind('(').unwrap_or(0) as u32;
        Span::new(decl.span.start + paren, decl.name.span.end)
    }

    /// `main.main`; reports that there is none or that the package is not called main.
    fn find_main(&mut self) -> Option<FuncRef> {
        let package = self.packages.iter().rposition(|package| !package.library)?;
        let file = self.packages[package].files.first().copied()?;
        let package_name = self.asts[file.0 as usize].package;
        let is_main = package_name.name == Symbol::MAIN;
        let main = self.packages[package].names.get(&Symbol::MAIN).copied();
        if is_main
            && let Some(object) = main
            && let ObjectKind::Func { func, .. } = self.objects[object].kind
        {
            return Some(func);
        }
        let span = package_name.span;
        if is_main {
            let message = "function main is undeclared in the main package".to_string();
            self.error_at(code::NO_MAIN, Loc { file, span }, message);
            return None;
        }
        let path = self.files[file.0 as usize].package();
        let message = format!(
            "package {} is not a main package",
            path.unwrap_or("command-line-arguments")
        );
        let diagnostic = Diagnostic::error(code::NOT_MAIN, span, message.clone())
            .with_short(message)
            .with_help("a program starts in package main: write package main");
        self.diagnostics.push((file, diagnostic));
        None
    }

    /// "did you mean" for a name that is not declared.
    pub(crate) fn spelling_help(&self, name: Symbol) -> Option<String> {
        let text = self.symbols.name(name);
        let names = &self.packages[self.cx.package.0 as usize].names;
        let imports = &self.file_imports[self.cx.file.0 as usize];
        let locals = self.cx.scopes.names();
        let candidates = locals
            .chain(names.keys().copied())
            .chain(imports.keys().copied())
            .chain(self.earlier.keys().copied())
            .chain(self.universe.names.keys().copied())
            .map(|candidate| self.symbols.name(candidate));
        let best = spelling::closest(text, candidates)?;
        Some(format!("did you mean {best}?"))
    }
}

/// About how many names a file declares.
fn declaration_count(ast: &ast::Ast) -> usize {
    ast.decl_list(ast.decls).len() + ast.deferred_decls().len()
}

pub(super) fn call_stmt(func: FuncRef, loc: Loc) -> Stmt {
    let callee = Box::new(typed::Callee::Static {
        func,
        type_args: Vec::new(),
    });
    Stmt {
        kind: StmtKind::Expr(typed::Expr {
            ty: Ty::INVALID,
            loc,
            kind: typed::ExprKind::Call {
                callee,
                args: Vec::new(),
            },
        }),
        loc,
    }
}
