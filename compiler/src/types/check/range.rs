//! `for … range` statements.

use super::Checker;
use super::range_func::RangeFunc;
use crate::diagnostics::code;
use crate::types::ty::{Dir, Ty, Type};
use crate::types::typed::{self, RangeKind, Stmt, StmtKind, Target};
use minigo_grammar::ast::{Expr, ExprId, Ident, Stmt as Syntax, StmtId};
use minigo_grammar::source::Span;
use minigo_grammar::symbol::Symbol;

/// What ranging over a type gives.
struct Ranged {
    /// None for a function.
    kind: Option<RangeKind>,
    key: Option<Ty>,
    value: Option<Ty>,
}

impl Checker<'_> {
    /// A range statement; `id` is one.
    pub(super) fn range_stmt(&mut self, id: StmtId, label: Option<Symbol>, out: &mut Vec<Stmt>) {
        let ast = self.ast();
        let Syntax::Range {
            key,
            value,
            define,
            x,
            body,
            ..
        } = ast.stmt(id)
        else {
            return;
        };
        let loc = self.loc(ast.stmt_span(id));
        let operand = self.single_value(x, None);
        let x_span = ast.expr_span(x);
        let mut ranged = None;
        if operand.is_valid() {
            match self.ranged(operand.ty) {
                Err(cause) => {
                    let text = self.describe(&operand);
                    let cause = if cause.is_empty() {
                        String::new()
                    } else {
                        format!(": {cause}")
                    };
                    let message = format!("cannot range over {text}{cause}");
                    self.error(code::BAD_RANGE, x_span, message);
                }
                Ok(found) => {
                    if let (None, Some(key)) = (found.key, key) {
                        let (text, span) = (self.describe(&operand), ast.expr_span(key));
                        let message = format!("range over {text} permits no iteration variables");
                        self.error(code::BAD_RANGE, span, message);
                    } else if let (None, Some(value)) = (found.value, value) {
                        let (text, span) = (self.describe(&operand), ast.expr_span(value));
                        let message =
                            format!("range over {text} permits only one iteration variable");
                        self.error(code::BAD_RANGE, span, message);
                    }
                    ranged = Some(found);
                }
            }
        }
        self.cx.scopes.open();
        let mut x = None;
        let mut targets = [None, None];
        let mut range_body = None;
        if ranged
            .as_ref()
            .is_some_and(|r| r.kind == Some(RangeKind::Int))
        {
            // The variable decides the type of an untyped number.
            let text = self.describe(&operand);
            let assigned = match key {
                Some(key) if !define => self.int_range_target(key, operand.ty),
                _ => None,
            };
            let ty = match &assigned {
                Some(Target::Place(place)) => Some(place.ty),
                _ => None,
            };
            x = match ty {
                Some(ty) => {
                    if !self.types.is_integer(ty) && ty != Ty::INVALID {
                        let span = key.map_or(x_span, |key| ast.expr_span(key));
                        let ty = self.type_string(ty);
                        let _ = text;
                        self.error(
                            code::BAD_RANGE,
                            span,
                            format!("cannot use iteration variable of type {ty}"),
                        );
                        None
                    } else {
                        self.assign_to(operand, ty, "range clause")
                    }
                }
                None => self.default_value(operand, "range clause"),
            };
            targets[0] = assigned;
            if define {
                let ty = x.as_ref().map_or(Ty::INVALID, |x| x.ty);
                targets = self.define_range_vars([key, value], [Some(ty), None]);
            }
        } else {
            if operand.is_valid() && ranged.is_some() {
                x = self.default_value(operand, "range clause");
            }
            let types = match &ranged {
                Some(ranged) => [ranged.key, ranged.value],
                None => [None, None],
            };
            if ranged.as_ref().is_some_and(|r| r.kind.is_none()) {
                range_body = Some(self.enter_range_body());
            }
            if define {
                targets = self.define_range_vars([key, value], types);
            } else {
                for (i, id) in [key, value].into_iter().enumerate() {
                    let (Some(id), Some(ty)) = (id, types[i]) else {
                        continue;
                    };
                    targets[i] = self.assign_target(id, ty, "assignment");
                }
            }
        }
        let outer_loops = self.cx.func.loop_variables.len();
        if define {
            for name in [key, value].into_iter().flatten() {
                self.note_loop_variables(&[name]);
            }
        }
        let end = self.loc(Span::new(body.rbrace(), body.span.end));
        let (target, body) = self.enclosed(label, true, |checker| {
            checker.cx.scopes.open();
            let mut stmts = Vec::with_capacity(body.stmts.len());
            checker.stmt_list(body.stmts, &mut stmts);
            checker.close_scope();
            typed::Block { stmts }
        });
        self.close_scope();
        self.cx.func.loop_variables.truncate(outer_loops);
        if let Some((_, around)) = range_body {
            self.leave_range_body(around);
        }
        let (Some(x), Some(ranged)) = (x, ranged) else {
            return;
        };
        let Some(kind) = ranged.kind else {
            if let Some((lit, _)) = range_body {
                let range = RangeFunc {
                    loc,
                    end,
                    target,
                    lit,
                    iterator: x,
                    targets,
                    body: body.stmts,
                };
                self.range_func(range, out);
            }
            return;
        };
        let [key, value] = targets;
        out.push(Stmt {
            kind: StmtKind::Range(Box::new(typed::Range {
                target,
                kind,
                x,
                key,
                value,
                body,
            })),
            loc,
        });
    }

    /// The variable of `for v = range n`: what n is converted to. A blank one gives None.
    fn int_range_target(&mut self, key: ExprId, ty: Ty) -> Option<Target> {
        if self.types.is_untyped(ty) {
            // Any integer type takes it; whether n fits is checked with n itself.
            let place = self.single_place(key)?;
            return Some(Target::Place(place));
        }
        match self.assign_target(key, ty, "range clause")? {
            Target::Blank => None,
            target => Some(target),
        }
    }

    fn define_range_vars(
        &mut self,
        lhs: [Option<ExprId>; 2],
        types: [Option<Ty>; 2],
    ) -> [Option<Target>; 2] {
        let ast = self.ast();
        let mut targets = [None, None];
        let mut any = false;
        for (i, id) in lhs.into_iter().enumerate() {
            let Some(id) = id else { continue };
            let span = ast.expr_span(id);
            let Expr::Ident(name) = ast.expr(id) else {
                continue;
            };
            if name.is_blank() {
                targets[i] = Some(Target::Blank);
                continue;
            }
            any = true;
            let ident = Ident { name, span };
            match types[i] {
                Some(ty) if ty != Ty::INVALID => {
                    targets[i] = Some(Target::Define(self.declare_var(ident, ty)));
                }
                _ => self.declare_invalid(ident),
            }
        }
        if !any && let Some(first) = lhs[0] {
            let span = ast.expr_span(first);
            self.error(
                code::NO_NEW_VARS,
                span,
                "no new variables on left side of :=",
            );
        }
        targets
    }

    /// Why the types of a type set have nothing in common.
    fn different_types(&self, ty: Ty) -> String {
        let Some(terms) = self.types.type_set(ty) else {
            return "no specific types".to_string();
        };
        let Some(first) = terms.first() else {
            return "no specific types".to_string();
        };
        let under = self.types.underlying(first.ty);
        let other = terms
            .iter()
            .find(|term| self.types.underlying(term.ty) != under)
            .unwrap_or(first);
        format!(
            "{} and {} have different underlying types",
            self.type_string(first.ty),
            self.type_string(other.ty)
        )
    }

    /// What ranging over values of a type gives; else why one cannot (perhaps empty).
    fn ranged(&self, ty: Ty) -> Result<Ranged, String> {
        let Some(under) = self.types.common_under(ty) else {
            return Err(self.different_types(ty));
        };
        let (kind, key, value) = match self.types.get(under) {
            Type::Basic(basic) if basic.is_string() => {
                (RangeKind::String, Some(Ty::INT), Some(Ty::INT32))
            }
            Type::Basic(basic) if basic.is_integer() => (RangeKind::Int, Some(ty), None),
            Type::Array { elem, .. } => (RangeKind::Array, Some(Ty::INT), Some(*elem)),
            Type::Pointer(to) => match self.types.under(*to) {
                Type::Array { elem, .. } => (RangeKind::ArrayPtr, Some(Ty::INT), Some(*elem)),
                _ => return Err(String::new()),
            },
            Type::Slice(elem) => (RangeKind::Slice, Some(Ty::INT), Some(*elem)),
            Type::Map { key, value } => (RangeKind::Map, Some(*key), Some(*value)),
            Type::Chan { dir: Dir::Send, .. } => {
                return Err(format!(
                    "receive from send-only channel {}",
                    self.type_string(ty)
                ));
            }
            Type::Chan { elem, .. } => (RangeKind::Chan, Some(*elem), None),
            Type::Func(sig) => {
                let bad =
                    |why: &str| Err(format!("func must be func(yield func(...) bool): {why}"));
                if sig.params.len() != 1 {
                    return bad("wrong argument count");
                }
                if !sig.results.is_empty() {
                    return bad("unexpected results");
                }
                let yields = self.types.common_under(sig.params[0]);
                let Some(yields) = yields.and_then(|ty| self.types.as_sig(ty)) else {
                    return bad("argument is not func");
                };
                if yields.params.len() > 2 {
                    return bad("yield func has too many parameters");
                }
                if yields.variadic {
                    let yields = self.type_string(sig.params[0]);
                    return Err(format!("yield func of type {yields} cannot be variadic"));
                }
                if yields.results != [Ty::BOOL] {
                    return bad("yield func does not return bool");
                }
                let params = &yields.params;
                let types = [params.first().copied(), params.get(1).copied()];
                return Ok(Ranged {
                    kind: None,
                    key: types[0],
                    value: types[1],
                });
            }
            _ => return Err(String::new()),
        };
        Ok(Ranged {
            kind: Some(kind),
            key,
            value,
        })
    }
}
