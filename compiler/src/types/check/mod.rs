//! The type checker: syntax trees of all packages in, one typed module and diagnostics out.
//!
//! Package-level objects are checked when something needs them first ([`Checker::resolve`]); bodies of functions wait in a
//! queue, so that of a library only what the program reaches is ever looked at. Semantics and wording follow the
//! checker of Go's own compiler. Each error is reported once: what failed has the type `Ty::INVALID` or an
//! operand of mode `Invalid`, and silences everything built on it.
//!
//! One file a subject: `package` (collecting, finishing), `decl`, `method`, `cycle`, `types` (type expressions), `interface`,
//! `generic`, `instance`, `instance_cycle`, `stmt`, `switch`, `select`, `range`, `range_func`, `label`, `terminating`, `init_order`; `expr` and its parts (`binary`, `selector`, `call` …), `assign`.

mod assign;
mod binary;
mod builtin;
mod call;
mod completion;
mod const_expr;
mod cycle;
mod decl;
#[cfg(test)]
mod declaration_tests;
mod dynamic;
mod expr;
mod expr_string;
mod generic;
mod index;
mod init_order;
mod instance;
mod instance_cycle;
mod interface;
mod label;
mod literal;
pub(crate) mod lookup;
mod method;
mod operand;
mod package;
mod range;
mod range_func;
mod select;
mod selector;
pub(crate) mod session;
mod size;
mod stmt;
mod switch;
mod terminating;
#[cfg(test)]
mod tests;
mod types;
mod unify;

pub(crate) use operand::{Form, Mode, Operand, Source};
pub(crate) use package::check;

use super::print::Spelling;
use super::scope::{Object, ObjectId, ObjectKind, Objects, Scopes, State};
use super::ty::{FileIndex, Loc, NamedId, PackageId, Ty, TypeParamId, Types};
use super::typed::{self, FuncRef, GlobalRef, LitId, VarId};
use super::universe::Universe;
use indexmap::IndexSet;
use minigo_grammar::ast::{self, Ast, DeclId, Ident};
use minigo_grammar::deferred::declaration;
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::{SourceFile, Span};
use minigo_grammar::symbol::{Symbol, Symbols};
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// A program that is parsed and ready to be checked.
#[derive(Default)]
pub(crate) struct Loaded {
    pub(crate) files: Vec<SourceFile>,
    /// The trees of `files`.
    pub(crate) asts: Vec<Ast>,
    /// The package of each file.
    pub(crate) file_packages: Vec<PackageId>,
    /// All packages but the universe, each after those that it imports; the last is the program's own.
    pub(crate) packages: Vec<LoadedPackage>,
    /// Packages by import path.
    pub(crate) imports: FxHashMap<Rc<str>, PackageId>,
    pub(crate) spelling: Spelling,
}

/// A parsed package.
pub(crate) struct LoadedPackage {
    pub(crate) path: Rc<str>,
    pub(crate) name: Rc<str>,
    pub(crate) library: bool,
    pub(crate) files: Vec<FileIndex>,
    pub(crate) imports: Vec<PackageId>,
    /// Where a package of the library comes when packages are sorted to be initialised.
    pub(crate) init_key: Rc<str>,
}

/// A package while it is checked.
#[derive(Default)]
pub(crate) struct Package {
    /// Part of the library: may have functions without body, and only what is reached is checked.
    pub(crate) library: bool,
    pub(crate) path: Rc<str>,
    pub(crate) name: Rc<str>,
    pub(crate) names: FxHashMap<Symbol, ObjectId>,
    files: Vec<FileIndex>,
    imports: Vec<PackageId>,
    init_key: Rc<str>,
    /// All package-level objects in source order, blank ones included.
    objects: Vec<ObjectId>,
    init_funcs: Vec<FuncRef>,
    /// All methods, in source order.
    methods: Vec<(FileIndex, DeclId)>,
    /// Methods whose receiver names no type.
    orphans: Vec<(FileIndex, DeclId)>,
    initializers: Vec<decl::Initializer>,
}

/// What belongs to one declared function (or to the variables of a package) while it is checked.
#[derive(Default)]
pub(crate) struct FuncContext {
    pub(crate) vars: Vec<typed::Var>,
    pub(crate) lits: u32,
    pub(crate) targets: u32,
    pub(crate) labels: u32,
    /// A call or a receive operation was seen: the length of an array in such an expression is no constant.
    pub(crate) has_call: bool,
    /// The receiver's type parameters that are called `_`, by their place.
    pub(crate) blank_params: Vec<(Span, Ty)>,
    /// Of the declared function: local types depend on them.
    type_params: Vec<TypeParamId>,
    /// Where the variables of the loops around the current place are declared.
    loop_variables: Vec<Span>,
    /// Variables declared as copies of those, by their own names.
    copies: FxHashSet<Span>,
    pub(crate) lit: LitContext,
}

/// What belongs to the innermost function or function literal while it is checked.
pub(crate) struct LitContext {
    /// Whose variables are being declared: the function, or the body of a loop over a function in it.
    pub(crate) id: LitId,
    pub(crate) function: LitId,
    /// How many loops over functions are around the current place.
    range_depth: u32,
    /// The calls deferred in the present outermost loop over a function.
    defers: Option<VarId>,
    /// The body of a loop over a function sets results.
    sets_results: bool,
    pub(crate) results: Vec<VarId>,
    pub(crate) named_results: bool,
    pub(crate) has_defer: bool,
    pub(crate) has_recover: bool,
    /// The statements around the current one that branches can name, innermost last.
    enclosing: Vec<stmt::Enclosing>,
    labels: FxHashMap<Symbol, typed::LabelId>,
    /// The labels that `goto` names.
    goto_labels: FxHashSet<Symbol>,
    /// Variables of blocks that are done, which nothing read.
    unused: Vec<Ident>,
    /// Places of such variables and of those in blocks around them that have the same names.
    hiding: Vec<(Span, Span)>,
}

impl Default for LitContext {
    fn default() -> Self {
        LitContext {
            id: LitId(0),
            function: LitId(0),
            range_depth: 0,
            defers: None,
            sets_results: false,
            results: Vec::new(),
            named_results: false,
            has_defer: false,
            has_recover: false,
            enclosing: Vec::new(),
            labels: FxHashMap::default(),
            goto_labels: FxHashSet::default(),
            unused: Vec::new(),
            hiding: Vec::new(),
        }
    }
}

/// What initialisation can depend on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Node {
    Global(GlobalRef),
    Func(FuncRef),
}

/// What each variable and function refers to, in source order.
type Dependencies = FxHashMap<Node, IndexSet<Node, FxBuildHasher>>;

/// How far the checker is with what a defined type is defined as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum NamedState {
    Pending,
    Active,
    Done,
}

/// What the checker remembers of a defined type.
#[derive(Clone)]
struct NamedInfo<'a> {
    state: NamedState,
    object: Option<ObjectId>,
    source: Option<(FileIndex, &'a ast::TypeDecl)>,
    /// Which of its methods have their signatures.
    methods_known: Vec<bool>,
    /// It is known not to contain itself.
    finite: bool,
    /// For an instance: where it was written first.
    at: Option<Loc>,
}

impl NamedInfo<'_> {
    fn done() -> Self {
        NamedInfo {
            state: NamedState::Done,
            object: None,
            source: None,
            methods_known: Vec::new(),
            finite: false,
            at: None,
        }
    }
}

/// Where a function of the module comes from.
#[derive(Clone, Copy, Default)]
struct FuncSource {
    /// None for functions that the checker made up.
    site: Option<(FileIndex, DeclId)>,
    method_of: Option<NamedId>,
    queued: bool,
}

/// Where the checker is.
pub(crate) struct Context {
    pub(crate) file: FileIndex,
    pub(crate) package: PackageId,
    /// The value of `iota` inside a constant declaration.
    pub(crate) iota: Option<u32>,
    /// Where errors in a repeated constant expression are reported.
    pub(crate) inherited: Option<Span>,
    /// Whose declaration this is, to collect what its initialisation depends on.
    pub(crate) decl: Option<Node>,
    /// Whose values contain a value of the type that is looked at.
    holder: Option<cycle::Holder>,
    pub(crate) func: FuncContext,
    pub(crate) scopes: Scopes,
}

/// The checker of one program.
pub(crate) struct Checker<'a> {
    pub(crate) files: &'a [SourceFile],
    /// The trees of `files`.
    pub(crate) asts: &'a [Ast],
    pub(crate) symbols: &'a Symbols,
    pub(crate) types: Types,
    pub(crate) universe: Universe,
    pub(crate) packages: Vec<Package>,
    pub(crate) objects: Objects,
    pub(crate) globals: Vec<typed::Global>,
    pub(crate) funcs: Vec<typed::Func>,
    pub(crate) cx: Context,
    pub(crate) diagnostics: Vec<(FileIndex, Diagnostic)>,
    /// Shared copies of names, by symbol.
    names: Vec<Option<Rc<str>>>,
    /// The empty string, shared.
    pub(crate) empty: Rc<str>,
    members: lookup::MemberIndex,
    file_packages: &'a [PackageId],
    imports_by_path: &'a FxHashMap<Rc<str>, PackageId>,
    /// The names of imported packages, by file.
    file_imports: Vec<FxHashMap<Symbol, ObjectId>>,
    /// Files, the packages whose names they import with a dot, and the imports.
    dot_imports: Vec<(FileIndex, PackageId, ObjectId)>,
    /// Files and such packages of which a name was used.
    dot_used: RefCell<FxHashSet<(FileIndex, PackageId)>>,
    /// All imports, with their paths.
    imports: Vec<(ObjectId, Rc<str>)>,
    /// By [`NamedId`].
    named_infos: Vec<NamedInfo<'a>>,
    /// Defined types whose definition was not looked at yet.
    pending_types: VecDeque<NamedId>,
    /// Declared types of which it is not known whether they contain themselves.
    unchecked_types: Vec<NamedId>,
    /// Instances of generic types, which wait until the generic types are known to be valid.
    pending_instances: VecDeque<NamedId>,
    /// What values of a type contain, as it is written.
    parts: FxHashMap<cycle::Holder, Vec<cycle::Part>>,
    /// Methods whose signature and body must be checked although nothing needs them.
    pending_methods: Vec<(NamedId, usize)>,
    /// How many type expressions are being looked at, one inside the other.
    type_depth: u32,
    later: Vec<types::Later>,
    /// The objects whose declarations are being checked, outermost first.
    active: Vec<ObjectId>,
    /// Methods by package and name of their receiver's type, until that is declared.
    method_decls: FxHashMap<(PackageId, Symbol), Vec<(FileIndex, DeclId)>>,
    /// The objects of each package-level `var` line.
    global_lines: FxHashMap<(FileIndex, DeclId), Vec<ObjectId>>,
    /// By [`GlobalRef`].
    global_objects: Vec<ObjectId>,
    instances: FxHashMap<(NamedId, Vec<Ty>), Ty>,
    instance_graph: instance_cycle::InstanceGraph,
    /// Instances of generic types that are being looked at themselves.
    stalled_instances: Vec<NamedId>,
    /// By [`FuncRef`].
    func_sources: Vec<FuncSource>,
    /// Functions whose bodies are to be checked.
    queue: VecDeque<FuncRef>,
    dependencies: Dependencies,
    dynamic: dynamic::Dynamic,
    well_known: Vec<(Rc<str>, Rc<str>, Ty)>,
    spare_scopes: Vec<Scopes>,
    /// Number of local types so far.
    local_types: u32,
    /// The functions whose bodies were checked.
    bodies: Vec<FuncRef>,
    /// At a prompt: what the names declared by earlier inputs mean, imports among them.
    earlier: FxHashMap<Symbol, ObjectId>,
}

impl<'a> Checker<'a> {
    /// The tree of the current file.
    pub(crate) fn ast(&self) -> &'a Ast {
        &self.asts[self.cx.file.0 as usize]
    }

    /// A declaration; a function of the library is parsed when it is asked for first.
    pub(crate) fn decl(&self, file: FileIndex, id: ast::DeclId) -> &'a ast::Decl {
        let source = &self.files[file.0 as usize];
        declaration(&self.asts[file.0 as usize], id, source, self.symbols)
    }

    /// The text of the current file.
    pub(crate) fn source(&self) -> &'a SourceFile {
        &self.files[self.cx.file.0 as usize]
    }

    /// A place in the current file.
    pub(crate) fn loc(&self, span: Span) -> Loc {
        Loc {
            file: self.cx.file,
            span,
        }
    }

    /// The text of a name, shared.
    pub(crate) fn name(&mut self, symbol: Symbol) -> Rc<str> {
        if self.names.len() <= symbol.index() {
            self.names.resize(self.symbols.len(), None);
        }
        self.names[symbol.index()]
            .get_or_insert_with(|| self.symbols.name(symbol).into())
            .clone()
    }

    /// Reports an error in the current file.
    pub(crate) fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::error(code, span, message));
    }

    /// Reports a diagnostic of the current file. Follow-up errors, which mention an invalid type or operand, are dropped.
    /// What an inherited constant expression does wrong is reported at the constant that inherits it.
    pub(crate) fn report(&mut self, mut diagnostic: Diagnostic) {
        if let Some(span) = self.cx.inherited {
            diagnostic.span = span;
        }
        self.report_in(self.cx.file, diagnostic);
    }

    fn report_in(&mut self, file: FileIndex, diagnostic: Diagnostic) {
        let follow_up =
            |text: &str| text.contains("invalid type") || text.contains("invalid operand");
        if follow_up(&diagnostic.message)
            || diagnostic.continuation.iter().any(|line| follow_up(line))
        {
            return;
        }
        self.diagnostics.push((file, diagnostic));
    }

    /// Reports an error in any file.
    pub(crate) fn error_at(&mut self, code: &'static str, loc: Loc, message: String) {
        self.report_in(loc.file, Diagnostic::error(code, loc.span, message));
    }

    /// A place as messages name it: `file:line:col`.
    pub(crate) fn place(&self, loc: Loc) -> String {
        let file = &self.files[loc.file.0 as usize];
        format!("{}:{}", file.name(), file.line_col(loc.span.start))
    }

    fn named_info(&mut self, id: NamedId) -> &mut NamedInfo<'a> {
        if self.named_infos.len() <= id.0 as usize {
            self.named_infos
                .resize(id.0 as usize + 1, NamedInfo::done());
        }
        &mut self.named_infos[id.0 as usize]
    }

    /// The object that a name means here: local, imported by the file, of the package, predeclared.
    pub(crate) fn lookup(&self, name: Symbol) -> Option<ObjectId> {
        self.cx
            .scopes
            .lookup(name)
            .or_else(|| {
                let object = *self.file_imports[self.cx.file.0 as usize].get(&name)?;
                let package = self.objects[object].package;
                if package != self.cx.package {
                    self.dot_used.borrow_mut().insert((self.cx.file, package));
                }
                Some(object)
            })
            .or_else(|| {
                self.packages[self.cx.package.0 as usize]
                    .names
                    .get(&name)
                    .copied()
            })
            .or_else(|| self.earlier_object(name))
            .or_else(|| self.universe.names.get(&name).copied())
    }

    /// A variable without a name, or whose name is not (yet) in scope.
    pub(crate) fn new_var(&mut self, name: Rc<str>, ty: Ty, loc: Loc) -> VarId {
        let owner = self.cx.func.lit.id;
        self.cx.func.vars.push(typed::Var {
            name,
            ty,
            owner,
            loc,
        });
        VarId(self.cx.func.vars.len() as u32 - 1)
    }

    /// Declares a local variable in the innermost block (for `:=` after its values were checked).
    pub(crate) fn declare_var(&mut self, ident: Ident, ty: Ty) -> VarId {
        self.bind_var(ident, ty, false)
    }

    /// As [`Checker::declare_var`]; a parameter is never unused, and that it exists is known already.
    pub(crate) fn bind_var(&mut self, ident: Ident, ty: Ty, is_param: bool) -> VarId {
        let loc = self.loc(ident.span);
        let name = self.name(ident.name);
        let var = self.new_var(name, ty, loc);
        let object = self.objects.add(Object {
            name: ident.name,
            package: self.cx.package,
            loc,
            kind: ObjectKind::Var { var, ty },
            state: State::Done,
            used: is_param,
            site: None,
        });
        if !is_param {
            self.declare(ident, object);
        } else if !ident.name.is_blank() {
            self.cx.scopes.bind(ident.name, object);
        }
        var
    }

    /// Puts a local object into the innermost block.
    pub(crate) fn declare(&mut self, ident: Ident, object: ObjectId) {
        if ident.name.is_blank() {
            return;
        }
        if let Some(other) = self.cx.scopes.bind(ident.name, object) {
            let (at, other) = (self.loc(ident.span), self.objects[other].loc);
            self.redeclared(ident.name, at, other);
        }
    }

    /// The signature of a declared method, without its receiver.
    pub(crate) fn method_sig(&mut self, named: super::ty::NamedId, index: usize) -> Ty {
        self.resolve_method(named, index);
        self.types.named[named.0 as usize].methods[index].sig
    }

    /// An exported or unexported object of an imported package.
    pub(crate) fn package_member(&self, package: PackageId, name: Symbol) -> Option<ObjectId> {
        self.packages[package.0 as usize].names.get(&name).copied()
    }
}
