//! Declarations: package-level objects when they are needed first, local ones where they stand.

use super::assign::{InitTarget, Values};
use super::cycle::{Holder, ValueCycle};
use super::{Checker, Context, FuncContext, NamedState, Node};
use crate::diagnostics::code;
use crate::types::scope::{DeclSite, Object, ObjectId, ObjectKind, State};
use crate::types::ty::{FileIndex, Loc, Named, NamedId, PackageId, Ty, Type};
use crate::types::typed::{self, FuncRef, GlobalRef, LitId, Stmt, StmtKind, Target};
use minigo_grammar::ast::{self, DeclId, ExprId, Ident};
use minigo_grammar::source::Span;
use std::rc::Rc;

/// An initialised package-level `var` line: what runs at start-up.
pub(super) struct Initializer {
    pub(super) globals: Vec<GlobalRef>,
    /// Its place in its file.
    pub(super) order: u32,
    pub(super) stmt: Stmt,
    /// What belongs to its expressions.
    pub(super) func: FuncContext,
}

impl<'a> Checker<'a> {
    /// Runs `check` at package level of a file: no local names, no `iota`.
    pub(super) fn at_package_level<R>(
        &mut self,
        file: FileIndex,
        decl: Option<Node>,
        func: FuncContext,
        check: impl FnOnce(&mut Self) -> R,
    ) -> (R, FuncContext) {
        let context = Context {
            file,
            package: self.file_packages[file.0 as usize],
            iota: None,
            inherited: None,
            decl,
            holder: None,
            func,
            scopes: self.spare_scopes.pop().unwrap_or_default(),
        };
        let saved = std::mem::replace(&mut self.cx, context);
        let result = check(self);
        let context = std::mem::replace(&mut self.cx, saved);
        self.spare_scopes.push(context.scopes);
        (result, context.func)
    }

    /// Makes sure that everything about an object is known, notes that the current declaration depends on it, and queues
    /// the body of a function. Call it for every use of an object.
    pub(crate) fn resolve(&mut self, object: ObjectId) {
        match self.objects[object].state {
            State::Done => {}
            State::Active => match self.objects[object].kind {
                ObjectKind::Type(_) => return,
                // Its type is known, and ordering the initialisations reports the cycle.
                ObjectKind::Global { .. } => {}
                _ => {
                    let start = self.active.iter().position(|&o| o == object).unwrap_or(0);
                    let cycle = self.active[start..].to_vec();
                    match self.value_cycle(&cycle) {
                        ValueCycle::Vars => {}
                        ValueCycle::Consts => self.const_cycle(&cycle),
                        ValueCycle::No => self.declaration_cycle(object),
                    }
                    return;
                }
            },
            State::Declared => self.check_declaration(object),
        }
        match self.objects[object].kind {
            ObjectKind::Func { func, .. } => self.use_func(func),
            ObjectKind::Global { global, .. } => self.depend_on(Node::Global(global)),
            _ => {}
        }
    }

    /// A declared function or method is used: queues its body and notes the dependency.
    pub(super) fn use_func(&mut self, func: FuncRef) {
        self.depend_on(Node::Func(func));
        let source = &mut self.func_sources[func.0 as usize];
        if !source.queued {
            source.queued = true;
            self.funcs[func.0 as usize].reached = true;
            self.queue.push_back(func);
        }
    }

    pub(super) fn depend_on(&mut self, node: Node) {
        if let Some(decl) = self.cx.decl {
            self.dependencies.entry(decl).or_default().insert(node);
        }
    }

    pub(super) fn check_declaration(&mut self, object: ObjectId) {
        let Some(site) = self.objects[object].site else {
            return;
        };
        self.objects[object].state = State::Active;
        self.active.push(object);
        match self.decl(site.file, site.decl) {
            ast::Decl::Import(_) => {}
            ast::Decl::Const(decl) => self.check_const(object, site, decl),
            ast::Decl::Var(decl) => self.check_global(object, site, decl),
            ast::Decl::Type(decl) => {
                self.at_package_level(site.file, None, FuncContext::default(), |checker| {
                    checker.check_type_decl(object, decl, None);
                });
            }
            ast::Decl::Func(decl) => self.check_func_decl(object, site, decl),
        }
        self.active.pop();
        self.objects[object].state = State::Done;
        if self.type_depth == 0 {
            self.finish_types();
        }
    }

    pub(super) fn check_const(&mut self, object: ObjectId, site: DeclSite, decl: &ast::ConstDecl) {
        let depth = std::mem::replace(&mut self.type_depth, 0);
        let ast = &self.asts[site.file.0 as usize];
        let ast::Decl::Const(source) = ast.decl(site.source) else {
            return;
        };
        let values = ast.expr_list(source.values);
        let name_span = self.objects[object].loc.span;
        let inherited = (site.source != site.decl).then_some(name_span);
        let (kind, _) = self.at_package_level(site.file, None, FuncContext::default(), |checker| {
            checker.cx.iota = Some(decl.iota);
            checker.cx.inherited = inherited;
            let value = values.get(site.index as usize).copied();
            checker.const_object(source.ty, value)
        });
        self.objects[object].kind = kind;
        self.type_depth = depth;
    }

    /// A constant of the given declaration line; `iota` is in the context.
    pub(super) fn const_object(&mut self, ty: Option<ExprId>, value: Option<ExprId>) -> ObjectKind {
        let ty = match ty {
            None => None,
            Some(id) => {
                // Only what the value does wrong is said of the constant that inherits it.
                let inherited = self.cx.inherited.take();
                let ty = self.type_expr(id);
                self.cx.inherited = inherited;
                if !self.types.is_const_type(ty) {
                    if self.types.underlying(ty) != Ty::INVALID {
                        let text = self.type_string(ty);
                        let span = self.ast().expr_span(id);
                        self.error(
                            code::CONST_DECL,
                            span,
                            format!("invalid constant type {text}"),
                        );
                    }
                    return ObjectKind::Invalid;
                }
                Some(ty)
            }
        };
        match value.and_then(|value| self.const_value(value, ty)) {
            Some((ty, value)) => ObjectKind::Const {
                ty,
                value: Box::new(value),
            },
            None => ObjectKind::Invalid,
        }
    }

    /// The numbers of names and values on a line of constants or variables must agree.
    pub(super) fn check_arity(
        &mut self,
        span: Span,
        names: &[Ident],
        values: &[ExprId],
        is_const: bool,
        inherited: bool,
    ) {
        let ast = self.ast();
        if names.len() < values.len() {
            let extra = values[names.len()];
            if inherited {
                let place = self.place(self.loc(ast.expr_span(extra)));
                self.error(
                    code::CONST_DECL,
                    span,
                    format!("extra init expr at {place}"),
                );
            } else {
                let text = self.expr_string(extra);
                let extra_span = ast.expr_span(extra);
                self.error(
                    code::CONST_DECL,
                    extra_span,
                    format!("extra init expr {text}"),
                );
            }
        } else if names.len() > values.len() && (is_const || values.len() != 1) {
            let missing = names[values.len()];
            let text = self.symbols.name(missing.name);
            self.error(
                code::CONST_DECL,
                missing.span,
                format!("missing init expr for {text}"),
            );
        }
    }

    pub(super) fn check_global(&mut self, object: ObjectId, site: DeclSite, decl: &ast::VarDecl) {
        let depth = std::mem::replace(&mut self.type_depth, 0);
        let package = self.objects[object].package;
        let objects = self.line_objects(site);
        let ast = &self.asts[site.file.0 as usize];
        let values = ast.expr_list(decl.values);
        // With as many values as names each variable is a declaration of its own; else the line is one.
        let alone = values.len() == objects.len() || values.is_empty();
        let group: Vec<ObjectId> = if alone { vec![object] } else { objects };
        for &object in &group {
            self.new_global(object);
        }
        let node = match self.objects[group[0]].kind {
            ObjectKind::Global { global, .. } => Some(Node::Global(global)),
            _ => None,
        };
        let (initializer, func) =
            self.at_package_level(site.file, node, FuncContext::default(), |checker| {
                let ty = decl.ty.map(|ty| checker.type_expr(ty));
                if let Some(ty) = ty {
                    for &object in &group {
                        checker.set_global_type(object, ty);
                    }
                }
                if values.is_empty() {
                    if ty.is_none() {
                        for &object in &group {
                            checker.set_global_type(object, Ty::INVALID);
                        }
                    }
                    return None;
                }
                let names = ast.ident_list(decl.names);
                let targets: Vec<InitTarget> = group
                    .iter()
                    .map(|&object| InitTarget {
                        name: names
                            .iter()
                            .copied()
                            .find(|name| checker.objects[object].loc.span == name.span),
                        ty,
                    })
                    .collect();
                let list = if alone {
                    &values[site.index as usize..][..1]
                } else {
                    values
                };
                let checked = checker.init_values(&targets, list, None);
                checker.finish_global(&group, ty, checked)
            });
        for &object in &group {
            self.objects[object].state = State::Done;
        }
        if let Some((globals, stmt)) = initializer {
            let order = self.objects[group[0]].loc.span.start;
            let initializer = Initializer {
                globals,
                order,
                stmt,
                func,
            };
            self.packages[package.0 as usize]
                .initializers
                .push(initializer);
        }
        self.type_depth = depth;
    }

    pub(super) fn line_objects(&self, site: DeclSite) -> Vec<ObjectId> {
        self.global_lines
            .get(&(site.file, site.decl))
            .cloned()
            .unwrap_or_default()
    }

    pub(super) fn new_global(&mut self, object: ObjectId) {
        let Object {
            name, package, loc, ..
        } = self.objects[object];
        let text = self.qualified_name(package, self.symbols.name(name));
        self.globals.push(typed::Global {
            name: text,
            ty: Ty::INVALID,
            loc,
        });
        let global = GlobalRef(self.globals.len() as u32 - 1);
        self.global_objects.push(object);
        self.objects[object].kind = ObjectKind::Global {
            global,
            ty: Ty::INVALID,
        };
        self.objects[object].state = State::Active;
    }

    pub(super) fn set_global_type(&mut self, object: ObjectId, new: Ty) {
        if let ObjectKind::Global { global, ty } = &mut self.objects[object].kind {
            *ty = new;
            self.globals[global.0 as usize].ty = new;
        }
    }

    /// Gives the variables their types; what initialises them.
    pub(super) fn finish_global(
        &mut self,
        group: &[ObjectId],
        ty: Option<Ty>,
        values: Values,
    ) -> Option<(Vec<GlobalRef>, Stmt)> {
        let refs: Vec<GlobalRef> = group
            .iter()
            .filter_map(|&object| match self.objects[object].kind {
                ObjectKind::Global { global, .. } => Some(global),
                _ => None,
            })
            .collect();
        let types: Vec<Ty> = match (&values, ty) {
            (Values::Single(values), None) => values.iter().map(|value| value.ty).collect(),
            (Values::Tuple(_, types), None) => types.clone(),
            (_, Some(ty)) => vec![ty; group.len()],
            (Values::Invalid, None) => vec![Ty::INVALID; group.len()],
        };
        for (&object, &ty) in group.iter().zip(&types) {
            self.set_global_type(object, ty);
        }
        let loc = self.objects[group[0]].loc;
        let targets = refs
            .iter()
            .zip(group)
            .zip(&types)
            .map(|((&global, &object), &ty)| {
                if self.objects[object].name.is_blank() {
                    return Target::Blank;
                }
                Target::Place(typed::Expr {
                    ty,
                    loc: self.objects[object].loc,
                    kind: typed::ExprKind::Global(global),
                })
            })
            .collect();
        let kind = match values {
            // What depends on what still matters.
            Values::Invalid => StmtKind::Block(typed::Block::default()),
            Values::Single(values) => StmtKind::Assign { targets, values },
            Values::Tuple(value, _) => StmtKind::AssignTuple { targets, value },
        };
        Some((refs, Stmt { kind, loc }))
    }

    /// `main.f`
    pub(super) fn qualified_name(&self, package: PackageId, name: &str) -> Rc<str> {
        let path = &self.packages[package.0 as usize].path;
        if !path.contains('.') {
            return [path, ".", name].concat().into();
        }
        let last = path.rfind('/').map_or(0, |slash| slash + 1);
        // As in Go, so that the first dot behind the last slash ends the path.
        let (folder, last) = (&path[..last], path[last..].replace('.', "%2e"));
        format!("{folder}{last}.{name}").into()
    }

    /// A type declaration, local if `local` has the number that keeps equal names apart. The object is bound already.
    pub(super) fn check_type_decl(
        &mut self,
        object: ObjectId,
        decl: &'a ast::TypeDecl,
        local: Option<u32>,
    ) {
        let ast = self.ast();
        if decl.alias && decl.type_params.is_empty() {
            self.type_depth += 1;
            let holder = self.cx.holder.replace(Holder::Alias(object));
            let ty = self.any_type_expr(decl.ty);
            self.cx.holder = holder;
            self.type_depth -= 1;
            self.objects[object].kind = ObjectKind::Type(ty);
            return;
        }
        let name = self.name(decl.name.name);
        let loc = self.loc(decl.name.span);
        let package = self.cx.package;
        let (id, ty) = self.types.declare_named(Named {
            name,
            package,
            local: local.unwrap_or(0),
            underlying: Ty::INVALID,
            methods: Vec::new(),
            type_params: Vec::new(),
            captured: 0,
            alias: decl.alias,
            origin: None,
            loc,
        });
        self.objects[object].kind = ObjectKind::Type(ty);
        let file = self.cx.file;
        let info = self.named_info(id);
        info.state = NamedState::Pending;
        info.object = Some(object);
        info.source = Some((file, decl));
        self.unchecked_types.push(id);
        let list = ast.type_param_list(decl.type_params);
        // What a local type is depends on the type arguments of the function around it.
        let mut params = match local {
            Some(_) if !decl.alias => self.cx.func.type_params.clone(),
            _ => Vec::new(),
        };
        self.types.named[id.0 as usize].captured = params.len();
        if !params.is_empty() && list.is_empty() {
            let args = params
                .iter()
                .map(|&param| self.types.intern(Type::Param(param)))
                .collect();
            self.types.named[id.0 as usize].type_params = params;
            self.type_depth += 1;
            let ty = self.instance(id, args);
            self.type_depth -= 1;
            self.objects[object].kind = ObjectKind::Type(ty);
        } else {
            self.cx.scopes.open();
            let own = self.declare_type_params(list);
            params.extend(&own);
            self.types.named[id.0 as usize].type_params = params;
            if local.is_none() && !decl.alias {
                self.collect_methods(id, decl.name.name);
            }
            self.check_constraints(list, &own);
            if decl.alias && local.is_none() {
                self.refuse_methods(id, decl.name.name);
            }
            self.cx.scopes.close();
        }
        if local.is_some() {
            self.active.push(object);
            self.type_depth += 1;
            self.complete_named(id);
            self.type_depth -= 1;
            self.active.pop();
            self.finish_types();
        } else {
            self.pending_types.push_back(id);
        }
    }

    /// Looks at what a defined type is defined as.
    pub(super) fn complete_named(&mut self, id: NamedId) {
        if self.types.named[id.0 as usize].origin.is_some() {
            self.complete_instance(id);
            return;
        }
        let (Some((file, decl)), Some(object)) =
            (self.named_info(id).source, self.named_info(id).object)
        else {
            return;
        };
        self.named_info(id).state = NamedState::Active;
        self.active.push(object);
        let is_local = self.objects[object].site.is_none();
        let rhs = if is_local {
            self.defined_as(id, decl)
        } else {
            self.at_package_level(file, None, FuncContext::default(), |checker| {
                checker.defined_as(id, decl)
            })
            .0
        };
        self.active.pop();
        self.types.named[id.0 as usize].underlying = rhs;
        self.named_info(id).state = NamedState::Done;
        self.pending_instances
            .extend(std::mem::take(&mut self.stalled_instances));
        if !decl.alias {
            self.check_field_names(id, file, decl);
        }
    }

    pub(super) fn defined_as(&mut self, id: NamedId, decl: &'a ast::TypeDecl) -> Ty {
        self.cx.scopes.open();
        let ast = self.ast();
        let named = &self.types.named[id.0 as usize];
        let own = named.type_params[named.captured..].to_vec();
        for (param, &id) in ast.type_param_list(decl.type_params).iter().zip(&own) {
            self.bind_type_param(param.name, id);
        }
        let holder = self.cx.holder.replace(Holder::Named(id));
        let mut rhs = self.any_type_expr(decl.ty);
        self.cx.holder = holder;
        self.cx.scopes.close();
        if decl.alias {
            if let Type::Param(param) = self.types.get(rhs)
                && own.contains(param)
            {
                let span = ast.expr_span(decl.ty);
                self.error(
                    code::CONSTRAINT_MISUSE,
                    span,
                    "cannot use type parameter declared in alias declaration as RHS",
                );
                return Ty::INVALID;
            }
            return rhs;
        }
        if self.types.is_type_param(rhs) {
            let span = ast.expr_span(decl.ty);
            self.error(
                code::CONSTRAINT_MISUSE,
                span,
                "cannot use a type parameter as RHS in type declaration",
            );
            rhs = Ty::INVALID;
        }
        self.complete_part(rhs);
        self.types.underlying(rhs)
    }

    pub(super) fn check_func_decl(
        &mut self,
        object: ObjectId,
        site: DeclSite,
        decl: &'a ast::FuncDecl,
    ) {
        let func = self.new_func(site.file, site.decl, decl.name, decl.body.is_some(), None);
        self.objects[object].kind = ObjectKind::Func {
            func,
            sig: Ty::INVALID,
        };
        let depth = std::mem::replace(&mut self.type_depth, 0);
        let (sig, _) = self.at_package_level(site.file, None, FuncContext::default(), |checker| {
            let ast = checker.ast();
            checker.cx.scopes.open();
            let list = ast.type_param_list(decl.type_params);
            if !list.is_empty() {
                let params = checker.declare_type_params(list);
                checker.funcs[func.0 as usize].type_params = params.clone();
                checker.check_constraints(list, &params);
            }
            let names: Vec<Ident> = list.iter().map(|param| param.name).collect();
            let sig = checker.signature_after(&names, decl.sig);
            checker.cx.scopes.close();
            sig
        });
        self.type_depth = depth;
        self.funcs[func.0 as usize].code.sig = sig;
        self.objects[object].kind = ObjectKind::Func { func, sig };
    }

    /// A function that is declared but not yet checked.
    pub(super) fn new_func(
        &mut self,
        file: FileIndex,
        decl_id: DeclId,
        name: Ident,
        has_body: bool,
        method_of: Option<(NamedId, bool)>,
    ) -> FuncRef {
        let package = self.file_packages[file.0 as usize];
        let text = self.symbols.name(name.name);
        let full_name = match method_of {
            None => self.qualified_name(package, text),
            Some((id, pointer)) => {
                let ty = &self.types.named[id.0 as usize].name;
                let text = if pointer {
                    format!("(*{ty}).{text}")
                } else {
                    format!("{ty}.{text}")
                };
                self.qualified_name(package, &text)
            }
        };
        let loc = Loc {
            file,
            span: name.span,
        };
        let type_params = match method_of {
            Some((id, _)) => self.types.named[id.0 as usize].type_params.clone(),
            None => Vec::new(),
        };
        let library = self.packages[package.0 as usize].library;
        self.funcs.push(typed::Func {
            name: full_name,
            package,
            type_params,
            vars: Vec::new(),
            lits: 0,
            targets: 0,
            labels: 0,
            code: typed::FuncCode {
                lit: LitId(0),
                sig: Ty::INVALID,
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
            native: library && !has_body,
            reached: false,
            loc,
        });
        self.func_sources.push(super::FuncSource {
            site: Some((file, decl_id)),
            method_of: method_of.map(|(id, _)| id),
            queued: false,
        });
        FuncRef(self.funcs.len() as u32 - 1)
    }

    /// Local declarations.
    pub(super) fn local_decls(&mut self, list: ast::DeclList, out: &mut Vec<Stmt>) {
        let ast = self.ast();
        let mut inherit: Option<(Option<ast::GroupId>, &ast::ConstDecl)> = None;
        for &id in ast.decl_list(list) {
            match ast.decl(id) {
                ast::Decl::Const(decl) => {
                    let own = decl.ty.is_some() || !decl.values.is_empty();
                    let source = match inherit {
                        Some((group, source)) if !own && group.is_some() && group == decl.group => {
                            source
                        }
                        _ => decl,
                    };
                    inherit = Some((decl.group, source));
                    self.local_consts(decl, source);
                }
                ast::Decl::Var(decl) => {
                    let names = ast.ident_list(decl.names);
                    let values = ast.expr_list(decl.values);
                    let wrong =
                        !values.is_empty() && values.len() != 1 && values.len() != names.len();
                    let ty = decl.ty.map(|ty| self.type_expr(ty));
                    if wrong {
                        self.check_arity(decl.span, names, values, false, false);
                        for &value in values {
                            self.expr(value, None);
                        }
                        for &name in names {
                            self.declare_invalid(name);
                        }
                        continue;
                    }
                    self.local_var_decl(decl.span, decl.names, ty, decl.values, out);
                }
                ast::Decl::Type(decl) => {
                    let object = self.local_object(decl.name, ObjectKind::Invalid);
                    self.objects[object].state = State::Active;
                    self.declare(decl.name, object);
                    self.active.push(object);
                    self.local_types += 1;
                    self.check_type_decl(object, decl, Some(self.local_types));
                    self.active.pop();
                    self.objects[object].state = State::Done;
                    if self.type_depth == 0 {
                        self.finish_types();
                    }
                }
                ast::Decl::Import(_) | ast::Decl::Func(_) => {}
            }
        }
    }

    pub(super) fn local_consts(&mut self, decl: &'a ast::ConstDecl, source: &'a ast::ConstDecl) {
        let ast = self.ast();
        let names = ast.ident_list(decl.names);
        let values = ast.expr_list(source.values);
        let inherited = !std::ptr::eq(decl, source);
        let saved = (self.cx.iota, self.cx.inherited);
        let mut objects = Vec::with_capacity(names.len());
        for (i, &name) in names.iter().enumerate() {
            self.cx.iota = Some(decl.iota);
            self.cx.inherited = inherited.then_some(name.span);
            let kind = self.const_object(source.ty, values.get(i).copied());
            objects.push(self.local_object(name, kind));
        }
        (self.cx.iota, self.cx.inherited) = saved;
        self.check_arity(decl.span, names, values, true, inherited);
        for (&name, object) in names.iter().zip(objects) {
            self.declare(name, object);
        }
    }

    /// A local object, not bound yet.
    pub(super) fn local_object(&mut self, name: Ident, kind: ObjectKind) -> ObjectId {
        let loc = self.loc(name.span);
        self.objects.add(Object {
            name: name.name,
            package: self.cx.package,
            loc,
            kind,
            state: State::Done,
            used: false,
            site: None,
        })
    }

    /// A local name whose declaration was wrong: silent from now on.
    pub(crate) fn declare_invalid(&mut self, name: Ident) {
        let object = self.local_object(name, ObjectKind::Invalid);
        self.declare(name, object);
    }
}
