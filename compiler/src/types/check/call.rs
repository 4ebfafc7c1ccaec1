//! Calls: of functions, methods and function values; conversions; how arguments meet parameters.
//!
//! Arguments come as operands. If one call gives all of them (`f(g())`), its results go to variables first (`Let`).
//! Variadic arguments are packed into a slice here, so that every call has as many arguments as its function parameters.

use minigo_grammar::ast::{self, ExprId};
use minigo_grammar::diagnostic::Diagnostic;
use smallvec::{SmallVec, smallvec};

use super::{Checker, Form, Mode, Operand};
use crate::diagnostics::code;
use crate::types::conversion::Context;
use crate::types::ty::{Sig, Ty, Type};
use crate::types::typed::{Callee, Expr, ExprKind, VarId};

/// The parts of a call in the source.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) id: ExprId,
    pub(crate) fun: ExprId,
    pub(crate) args: &'a [ExprId],
    /// Whether `...` follows the last argument.
    pub(crate) spread: bool,
    /// Where `(` is.
    pub(crate) lparen: u32,
}

/// Checked arguments.
pub(crate) struct Args {
    pub(crate) operands: Operands,
    /// The variables that hold the results of the one call that gives all arguments, and that call.
    pub(crate) results: Option<(Vec<VarId>, Box<Expr>)>,
}

/// Arguments; there is one, most often.
pub(crate) type Operands = SmallVec<[Operand; 1]>;

impl Checker<'_> {
    /// A call, a conversion, or the call of a builtin.
    pub(crate) fn call_expr(&mut self, id: ExprId) -> Operand {
        let ast = self.ast();
        let ast::Expr::Call {
            fun,
            args,
            ellipsis,
            lparen,
            ..
        } = ast.expr(id)
        else {
            return self.invalid(id);
        };
        let call = Call {
            id,
            fun,
            args: ast.expr_list(args),
            spread: ellipsis.is_some(),
            lparen,
        };
        let mut f = match ast.expr(ast.unparen(fun)) {
            ast::Expr::Selector { x, sel } => self.selector(fun, x, sel),
            ast::Expr::Index { .. } => self.index_expr(ast.unparen(fun)),
            _ => self.generic_expr(fun, None),
        };
        self.require_value_or_type(&mut f);
        self.refuse_generic_type(&mut f);
        match f.mode {
            Mode::Invalid => {
                self.use_exprs(call.args);
                self.invalid(id)
            }
            Mode::TypeExpr => self.conversion_call(call, f.ty),
            Mode::Builtin(builtin) => self.builtin_call(call, builtin),
            _ => {
                self.require_value(&mut f);
                self.require_single(&mut f);
                if !f.is_valid() {
                    self.use_exprs(call.args);
                    return self.invalid(id);
                }
                self.function_call(call, f)
            }
        }
    }

    /// `T(x)`.
    fn conversion_call(&mut self, call: Call<'_>, target: Ty) -> Operand {
        let span = self.ast().expr_span(call.id);
        let ty = self.type_string(target);
        let mut x = match call.args {
            [] => {
                let message = format!("missing argument in conversion to {ty}");
                self.error(code::ARG_COUNT, span, message);
                self.invalid(call.id)
            }
            [arg] => {
                let mut x = self.single_value(*arg, Some(target));
                let constraint = self
                    .types
                    .as_interface(target)
                    .is_some_and(|i| i.terms.is_some() || i.comparable);
                if constraint && x.is_valid() {
                    let message = format!(
                        "cannot use interface {ty} in conversion (contains specific type constraints or is comparable)"
                    );
                    self.error(code::CONSTRAINT_MISUSE, span, message);
                    x.invalidate();
                } else if call.spread && x.is_valid() {
                    let message = format!("invalid use of ... in conversion to {ty}");
                    self.error(code::INVALID_CALL, x.loc.span, message);
                    x.invalidate();
                }
                x.method = None;
                self.conversion(&mut x, target);
                x
            }
            [.., last] => {
                self.use_exprs(call.args);
                let span = self.ast().expr_span(*last);
                self.error(
                    code::ARG_COUNT,
                    span,
                    format!("too many arguments in conversion to {ty}"),
                );
                self.invalid(call.id)
            }
        };
        x.source = super::Source::Expr(call.id);
        x.loc = self.expr_loc(call.id);
        x.form = Form::Conversion;
        x
    }

    /// The call of a function, method or function value.
    fn function_call(&mut self, call: Call<'_>, mut f: Operand) -> Operand {
        let under = self.types.common_under(f.ty);
        let Some(sig) = under.and_then(|under| self.types.as_sig(under)).cloned() else {
            self.report_not_callable(&f);
            self.use_exprs(call.args);
            return self.invalid(call.id);
        };
        self.cx.func.has_call = true;
        let mut args = self.arguments(call.args, false);
        let sig = match f.generic.is_some() {
            true => match self.infer_call(call, &mut f, &sig, &mut args) {
                Some(sig) => sig,
                None => return self.invalid(call.id),
            },
            false => sig,
        };
        let values = self.pass(call, &sig, &mut args);
        let ty = self.result_type(&sig.results);
        let loc = self.expr_loc(call.id);
        let mode = if sig.results.is_empty() {
            Mode::NoValue
        } else {
            Mode::Value
        };
        let mut x = Operand::new(mode, ty, call.id, loc);
        x.form = Form::Statement;
        if ty == Ty::INVALID {
            return self.invalid(call.id);
        }
        // With wrong arguments the result is still of use: its type is known.
        let tree = match values {
            Some(values) => {
                let loc = self.traced(loc, call.lparen);
                self.finish_call(&mut f, values, args.results, ty, loc)
            }
            None => Box::new(Expr {
                ty,
                loc,
                kind: ExprKind::Zero,
            }),
        };
        x.tree = Some(tree);
        x
    }

    fn report_not_callable(&mut self, f: &Operand) {
        let what = self.describe(f);
        let mut cause = format!("{} is not a function", self.type_string(f.ty));
        if self.types.is_type_param(f.ty) {
            cause = match self.types.type_set(f.ty) {
                None => "no specific type".to_string(),
                Some(terms) => {
                    let other = terms
                        .iter()
                        .find(|term| self.types.as_sig(term.ty).is_none());
                    match other {
                        Some(term) => format!("{} is not a function", self.type_string(term.ty)),
                        None => "no common underlying type".to_string(),
                    }
                }
            };
        }
        let message = format!("invalid operation: cannot call {what}: {cause}");
        self.error(code::INVALID_CALL, f.loc.span, message);
    }

    /// The tree of a call, with what must be evaluated before it.
    fn finish_call(
        &mut self,
        f: &mut Operand,
        values: Vec<Expr>,
        results: Option<(Vec<VarId>, Box<Expr>)>,
        ty: Ty,
        loc: crate::types::ty::Loc,
    ) -> Box<Expr> {
        let mut first = None;
        let kind = match f.method.take() {
            Some(mut method) => {
                if results.is_some() {
                    first = self.evaluate_first(&mut method.recv);
                }
                (*method).call(values)
            }
            None => {
                let mut tree = f.take_tree();
                match tree.kind {
                    ExprKind::Func { func, type_args } => ExprKind::Call {
                        callee: Box::new(Callee::Static { func, type_args }),
                        args: values,
                    },
                    _ => {
                        if results.is_some() {
                            first = self.evaluate_first(&mut tree);
                        }
                        ExprKind::Call {
                            callee: Box::new(Callee::Value(*tree)),
                            args: values,
                        }
                    }
                }
            }
        };
        let mut tree = Box::new(Expr { ty, loc, kind });
        if let Some((vars, init)) = results {
            tree = Box::new(Expr {
                ty,
                loc,
                kind: ExprKind::Let {
                    vars,
                    init,
                    body: tree,
                },
            });
        }
        if let Some((var, init)) = first {
            tree = Box::new(Expr {
                ty,
                loc,
                kind: ExprKind::Let {
                    vars: vec![var],
                    init,
                    body: tree,
                },
            });
        }
        tree
    }

    /// Moves an operand that may have effects to a variable, so that it is evaluated before the arguments.
    fn evaluate_first(&mut self, tree: &mut Box<Expr>) -> Option<(VarId, Box<Expr>)> {
        if tree.is_simple() {
            return None;
        }
        let (ty, loc) = (tree.ty, tree.loc);
        let var = self.new_var(self.empty.clone(), ty, loc);
        let read = Box::new(Expr {
            ty,
            loc,
            kind: ExprKind::Var(var),
        });
        Some((var, std::mem::replace(tree, read)))
    }

    /// Checks arguments. A single call with several results gives as many.
    pub(crate) fn arguments(&mut self, ids: &[ExprId], of_builtin: bool) -> Args {
        let [only] = ids else {
            let operands = ids.iter().map(|&id| self.generic_value(id, None)).collect();
            return Args {
                operands,
                results: None,
            };
        };
        let mut x = self.generic_expr(*only, None);
        self.require_value(&mut x);
        let Type::Tuple(parts) = self.types.get(x.ty).clone() else {
            return Args {
                operands: smallvec![x],
                results: None,
            };
        };
        if !x.is_valid() {
            return Args {
                operands: smallvec![x],
                results: None,
            };
        }
        let (mut operands, vars) = self.tuple_operands(*only, &parts);
        if of_builtin {
            for (i, x) in operands.iter_mut().enumerate() {
                x.source = super::Source::Text(super::assign::function_result(i).into());
            }
        }
        Args {
            operands,
            results: Some((vars, x.take_tree())),
        }
    }

    /// Operands for the results of a call, and the variables that hold them.
    fn tuple_operands(&mut self, id: ExprId, parts: &[Ty]) -> (Operands, Vec<VarId>) {
        let loc = self.expr_loc(id);
        let vars: Vec<VarId> = parts
            .iter()
            .map(|&ty| self.new_var(self.empty.clone(), ty, loc))
            .collect();
        let operand = |(&ty, &var): (&Ty, &VarId)| {
            Operand::computed(Mode::Value, ty, ExprKind::Var(var), id, loc)
        };
        (parts.iter().zip(&vars).map(operand).collect(), vars)
    }

    /// Passes arguments to the parameters of a signature: as many values as parameters, each of its type.
    /// None if something was wrong and was reported.
    pub(crate) fn pass(&mut self, call: Call<'_>, sig: &Sig, args: &mut Args) -> Option<Vec<Expr>> {
        if !self.arg_count_fits(call, sig, &args.operands) {
            return None;
        }
        let fixed = sig.params.len();
        let packs = sig.variadic && !call.spread;
        // A receiver may come before them.
        let mut values = Vec::with_capacity(fixed + 1);
        let mut ok = true;
        let mut extra = Vec::new();
        for (i, x) in args.operands.iter_mut().enumerate() {
            let packed = packs && i + 1 >= fixed;
            let param = match packed {
                true => self.variadic_elem(sig),
                false => sig.params[i],
            };
            self.assignment_in(x, Some(param), Context::Argument(call.fun));
            ok &= x.is_valid();
            let list = if packed { &mut extra } else { &mut values };
            list.push(*x.take_tree());
        }
        if packs {
            let ty = sig.params.last().copied().unwrap_or(Ty::INVALID);
            let len = extra.len() as u64;
            let kind = match extra.is_empty() {
                true => ExprKind::Zero,
                false => ExprKind::SliceLit {
                    len,
                    elems: (0..).zip(extra).collect(),
                },
            };
            values.push(Expr {
                ty,
                loc: self.expr_loc(call.id),
                kind,
            });
        }
        ok.then_some(values)
    }

    /// Whether a signature takes that many arguments, and `...` if it is written; reports it if not.
    pub(crate) fn arg_count_fits(&mut self, call: Call<'_>, sig: &Sig, args: &[Operand]) -> bool {
        let (given, fixed) = (args.len(), sig.params.len());
        let span = self.ast().expr_span(call.id);
        if call.spread && !sig.variadic {
            let text = self.expr_string(call.fun);
            let message = format!("cannot use ... in call to non-variadic {text}");
            self.error(code::INVALID_CALL, span, message);
            return false;
        }
        if call.spread && call.args.len() == 1 && given > 1 {
            let text = self.expr_string(call.args[0]);
            self.error(
                code::INVALID_CALL,
                span,
                format!("cannot use ... with {given}-valued {text}"),
            );
            return false;
        }
        let packs = sig.variadic && !call.spread;
        let fits = if packs {
            given + 1 >= fixed
        } else {
            given == fixed
        };
        if !fits {
            self.report_arg_count(call, sig, args);
        }
        fits
    }

    /// The element type of the last parameter.
    pub(crate) fn variadic_elem(&self, sig: &Sig) -> Ty {
        match sig.params.last().map(|&last| self.types.under(last)) {
            Some(Type::Slice(elem)) => *elem,
            _ => Ty::INVALID,
        }
    }

    fn report_arg_count(&mut self, call: Call<'_>, sig: &Sig, args: &[Operand]) {
        let ast = self.ast();
        let (given, mut wanted) = (args.len(), sig.params.len());
        if sig.variadic && !call.spread {
            wanted = wanted.saturating_sub(1);
        }
        let (span, qualifier) = if given > wanted {
            (args[wanted].loc.span, "too many")
        } else {
            // Go points at the closing parenthesis; the call is the excerpt.
            let last = args
                .last()
                .map_or(ast.expr_span(call.id), |last| last.loc.span);
            (last, "not enough")
        };
        let have: Vec<Ty> = args.iter().map(|arg| arg.ty).collect();
        let message = format!(
            "{qualifier} arguments in call to {}",
            self.expr_string(call.fun)
        );
        let diagnostic = Diagnostic::error(code::ARG_COUNT, span, message)
            .with_continuation(format!(
                "have {}",
                self.types_summary(&have, false, call.spread)
            ))
            .with_continuation(format!(
                "want {}",
                self.types_summary(&sig.params, sig.variadic, false)
            ));
        self.report(diagnostic);
    }

    /// Types in parentheses, for "have" and "want": untyped numbers are `number`.
    pub(crate) fn types_summary(&self, tys: &[Ty], variadic: bool, spread: bool) -> String {
        let mut parts = Vec::with_capacity(tys.len());
        for (i, &ty) in tys.iter().enumerate() {
            let last = i + 1 == tys.len();
            let mut text = match ty {
                Ty::INVALID => "unknown type".to_string(),
                _ if self.types.is_untyped(ty) && self.types.is_numeric(ty) => "number".to_string(),
                _ => {
                    let text = self.type_string(ty);
                    text.strip_prefix("untyped ")
                        .map_or(text.clone(), str::to_string)
                }
            };
            if last && variadic {
                if let Type::Slice(elem) = self.types.get(ty) {
                    text = self.type_string(*elem);
                }
                text.insert_str(0, "...");
            } else if last && spread {
                text.push_str("...");
            }
            parts.push(text);
        }
        format!("({})", parts.join(", "))
    }
}

impl Expr {
    /// Whether evaluating the expression has no effect and cannot fail.
    pub(super) fn is_simple(&self) -> bool {
        match &self.kind {
            ExprKind::Const(_)
            | ExprKind::Zero
            | ExprKind::Var(_)
            | ExprKind::Global(_)
            | ExprKind::Func { .. } => true,
            ExprKind::AddrOf(x) | ExprKind::Field { x, .. } => x.is_simple(),
            _ => false,
        }
    }
}
