//! The type checker: syntax trees of all packages in, one typed module and diagnostics out.
//!
//! Package-level objects are checked when something needs them first ([`Checker::resolve`]); bodies of functions wait in a
//! queue, so that of a library only what the program reaches is ever looked at. Semantics and wording follow the
//! checker of Go's own compiler. Each error is reported once: what failed has the type `Ty::INVALID` or an
//! operand of mode `Invalid`, and silences everything built on it.
//!
//! One file a subject: `decl`, `stmt`, `types` (type expressions), `expr`, `call`, `assign`, `builtin`, `literal`,
//! `const_expr`, `package` (collecting and finishing), `init_order`, `label`.

mod assign;
mod binary;
mod builtin;
mod call;
mod const_expr;
mod expr;
mod expr_string;
mod index;
mod instance;
mod literal;
pub(crate) mod lookup;
mod operand;
mod selector;

pub(crate) use operand::{Form, Mode, Operand, Source};

use super::scope::{Object, ObjectId, ObjectKind, Objects, Scopes, State};
use super::ty::{FileIndex, Loc, PackageId, Ty, Types};
use super::typed::{self, FuncRef, LitId, VarId};
use super::universe::Universe;
use minigo_grammar::ast::{Ast, Ident};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::{SourceFile, Span};
use minigo_grammar::symbol::{Symbol, Symbols};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// A package while it is checked.
pub(crate) struct Package {
    /// Part of the library: may have functions without body, and only what is reached is checked.
    pub(crate) library: bool,
    pub(crate) path: Rc<str>,
    pub(crate) name: Rc<str>,
    pub(crate) names: FxHashMap<Symbol, ObjectId>,
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
    pub(crate) lit: LitContext,
}

/// What belongs to the innermost function or function literal while it is checked.
pub(crate) struct LitContext {
    pub(crate) id: LitId,
    /// A `Type::Func`, without the receiver.
    pub(crate) sig: Ty,
    pub(crate) results: Vec<VarId>,
    pub(crate) named_results: bool,
    pub(crate) has_defer: bool,
    pub(crate) has_recover: bool,
}

impl Default for LitContext {
    fn default() -> Self {
        LitContext {
            id: LitId(0),
            sig: Ty::INVALID,
            results: Vec::new(),
            named_results: false,
            has_defer: false,
            has_recover: false,
        }
    }
}

/// Where the checker is.
pub(crate) struct Context {
    pub(crate) file: FileIndex,
    pub(crate) package: PackageId,
    /// The value of `iota` inside a constant declaration.
    pub(crate) iota: Option<u32>,
    /// Whose declaration this is, to collect what its initialisation depends on.
    pub(crate) decl: Option<ObjectId>,
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
}

impl<'a> Checker<'a> {
    /// The tree of the current file.
    pub(crate) fn ast(&self) -> &'a Ast {
        &self.asts[self.cx.file.0 as usize]
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
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        let follow_up =
            |text: &str| text.contains("invalid type") || text.contains("invalid operand");
        if follow_up(&diagnostic.message)
            || diagnostic.continuation.iter().any(|line| follow_up(line))
        {
            return;
        }
        self.diagnostics.push((self.cx.file, diagnostic));
    }

    /// The object that a name means here: local, of the package, imported by the file, predeclared.
    pub(crate) fn lookup(&self, name: Symbol) -> Option<ObjectId> {
        self.cx
            .scopes
            .lookup(name)
            .or_else(|| {
                self.packages[self.cx.package.0 as usize]
                    .names
                    .get(&name)
                    .copied()
            })
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
        let loc = self.loc(ident.span);
        let name = self.name(ident.name);
        let var = self.new_var(name, ty, loc);
        let object = self.objects.add(Object {
            name: ident.name,
            package: self.cx.package,
            loc,
            kind: ObjectKind::Var { var, ty },
            state: State::Done,
            used: false,
            site: None,
        });
        self.declare(ident, object);
        var
    }

    /// Puts a local object into the innermost block.
    pub(crate) fn declare(&mut self, ident: Ident, object: ObjectId) {
        if ident.name.is_blank() {
            return;
        }
        if self.cx.scopes.bind(ident.name, object).is_some() {
            let name = self.symbols.name(ident.name);
            self.error(
                "E0100",
                ident.span,
                format!("{name} redeclared in this block"),
            );
        }
    }

    /// Makes sure that everything about an object is known, notes that the current declaration depends on it, and queues
    /// the body of a function. Call it for every use of an object.
    pub(crate) fn resolve(&mut self, _object: ObjectId) {}

    /// A declared method is used: gives its function and queues its body.
    pub(crate) fn use_method(&mut self, _named: super::ty::NamedId, _index: usize) -> FuncRef {
        FuncRef(0)
    }

    /// Makes sure that the signature of a declared method is known.
    pub(crate) fn resolve_method(&mut self, _named: super::ty::NamedId, _index: usize) {}

    /// The signature of a declared method, without its receiver.
    pub(crate) fn method_sig(&mut self, named: super::ty::NamedId, index: usize) -> Ty {
        self.resolve_method(named, index);
        self.types.named[named.0 as usize].methods[index].sig
    }

    /// A value of this type becomes an interface value: its methods can be called from anywhere.
    pub(crate) fn use_as_interface(&mut self, _ty: Ty) {}

    /// An exported or unexported object of an imported package.
    pub(crate) fn package_member(&self, package: PackageId, name: Symbol) -> Option<ObjectId> {
        self.packages[package.0 as usize].names.get(&name).copied()
    }

    /// The type that an expression denotes; reports an error and gives `Ty::INVALID` if it denotes none.
    pub(crate) fn type_expr(&mut self, _id: minigo_grammar::ast::ExprId) -> Ty {
        Ty::INVALID
    }

    /// The type of a signature.
    pub(crate) fn signature(&mut self, _id: minigo_grammar::ast::SigId) -> Ty {
        Ty::INVALID
    }

    /// Checks a function literal's body in the current scopes.
    pub(crate) fn func_lit(
        &mut self,
        _sig: minigo_grammar::ast::SigId,
        _body: minigo_grammar::ast::Block,
        _ty: Ty,
    ) -> Option<typed::FuncCode> {
        None
    }
}
