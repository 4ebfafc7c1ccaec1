//! Generic functions: explicit type arguments and those that are inferred.

use minigo_grammar::ast::{self, ExprId, ExprList};

use super::call::{Args, Call};
use super::{Checker, Operand};
use crate::diagnostics::code;
use crate::types::scope::ObjectKind;
use crate::types::ty::{Sig, Ty, Type};

impl Checker<'_> {
    /// Whether an expression is the name of a generic type.
    pub(crate) fn generic_type_name(&self, id: ExprId) -> bool {
        let object = match self.ast().expr(id) {
            ast::Expr::Ident(name) => self.lookup(name),
            ast::Expr::Selector { x, sel } => match self.ast().expr(x) {
                ast::Expr::Ident(name) => match self
                    .lookup(name)
                    .map(|object| &self.objects[object].kind)
                {
                    Some(ObjectKind::Package(package)) => self.package_member(*package, sel.name),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        match object.map(|object| &self.objects[object].kind) {
            Some(ObjectKind::Type(ty)) => match self.types.get(*ty) {
                Type::Named(named) => {
                    let info = &self.types.named[named.0 as usize];
                    info.origin.is_none() && !info.type_params.is_empty()
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// `f[T]` where more type arguments may be missing.
    pub(crate) fn partial_instance(
        &mut self,
        id: ExprId,
        _x: Operand,
        _indices: ExprList,
    ) -> Operand {
        let span = self.ast().expr_span(id);
        self.error(
            code::UNSUPPORTED,
            span,
            "not supported by minigo: generic functions",
        );
        self.invalid(id)
    }

    /// Gives a generic function the type arguments that `target` asks for, or reports that it lacks them.
    pub(crate) fn instantiate_for(&mut self, x: &mut Operand, _target: Option<Ty>) {
        if x.generic && x.is_valid() {
            let message = format!(
                "cannot use generic function {} without instantiation",
                self.operand_text(x)
            );
            self.error(code::TYPE_ARGS, x.loc.span, message);
            x.invalidate();
        }
    }

    /// The signature of a generic function for a call, with all type arguments.
    pub(crate) fn infer_call(
        &mut self,
        call: Call<'_>,
        _f: &mut Operand,
        _sig: &Sig,
        _args: &mut Args,
    ) -> Option<Sig> {
        let span = self.ast().expr_span(call.id);
        self.error(
            code::UNSUPPORTED,
            span,
            "not supported by minigo: generic functions",
        );
        None
    }
}
