//! Interface types: merging what they embed, unions of terms, constraints.

use super::Checker;
use super::lookup::is_exported;
use super::types::Later;
use crate::diagnostics::code;
use crate::types::ty::{Basic, Interface, Loc, Method, PackageId, Term, Ty, Type};
use minigo_grammar::ast::{self, Expr, ExprId, InterfaceElem};
use minigo_grammar::diagnostic::Diagnostic;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Go's compiler takes no more terms in a union.
const MAX_TERMS: usize = 100;

/// The methods of an interface so far, each with its place.
#[derive(Default)]
struct MethodList {
    list: Vec<(Method, Loc)>,
    by_name: FxHashMap<(Rc<str>, Option<PackageId>), usize>,
}

/// What an element of an interface is.
pub(super) enum Union {
    Invalid,
    Type(Ty),
    Terms(Vec<Term>),
}

impl Checker<'_> {
    pub(super) fn interface_type(&mut self, list: &[InterfaceElem]) -> Ty {
        let ast = self.ast();
        let mut methods = MethodList::default();
        let mut terms: Option<Vec<Term>> = None;
        let mut comparable = false;
        for elem in list {
            let InterfaceElem::Method { name, sig } = *elem else {
                continue;
            };
            if name.name.is_blank() {
                self.error(
                    code::DUPLICATE_METHOD,
                    name.span,
                    "methods must have a unique non-blank name",
                );
                continue;
            }
            let sig = self.signature(sig);
            let text = self.name(name.name);
            let method = Method {
                package: (!is_exported(&text)).then_some(self.cx.package),
                name: text,
                sig,
            };
            let loc = self.loc(name.span);
            self.add_method(&mut methods, method, loc, true);
        }
        for elem in list {
            let InterfaceElem::Embedded(id) = *elem else {
                continue;
            };
            let loc = self.loc(ast.expr_span(id));
            let embedded = self.union_type(id);
            let (other_terms, other_comparable) = match embedded {
                Union::Invalid => continue,
                Union::Terms(terms) => (Some(terms), false),
                Union::Type(ty) => {
                    self.complete_part(ty);
                    match self.types.under(ty).clone() {
                        Type::Interface(interface) => {
                            for method in &interface.methods {
                                self.add_method(&mut methods, method.clone(), loc, false);
                            }
                            (interface.terms.clone(), interface.comparable)
                        }
                        Type::Basic(Basic::Invalid) => continue,
                        _ => (Some(vec![Term { tilde: false, ty }]), false),
                    }
                }
            };
            comparable |= other_comparable;
            terms = match (terms, other_terms) {
                (None, other) => other,
                (known, None) => known,
                (Some(known), Some(other)) => Some(self.intersect(&known, &other)),
            };
        }
        if comparable && let Some(list) = &mut terms {
            // The comparable types of a union are a union again.
            list.retain(|term| self.types.comparable(term.ty, false));
            comparable = false;
        }
        let mut methods: Vec<Method> = methods.list.into_iter().map(|(method, _)| method).collect();
        methods.sort_by(|a, b| (&a.name, a.package).cmp(&(&b.name, b.package)));
        self.types.intern(Type::Interface(Rc::new(Interface {
            methods,
            terms,
            comparable,
        })))
    }

    fn add_method(&mut self, methods: &mut MethodList, method: Method, loc: Loc, explicit: bool) {
        let key = (method.name.clone(), method.package);
        let Some(&same) = methods.by_name.get(&key) else {
            methods.by_name.insert(key, methods.list.len());
            methods.list.push((method, loc));
            return;
        };
        let (other, other_loc) = &methods.list[same];
        if explicit || other.sig != method.sig {
            let (name, other_loc) = (&method.name, *other_loc);
            let place = self.place(other_loc);
            self.report(
                Diagnostic::error(
                    code::DUPLICATE_METHOD,
                    loc.span,
                    format!("duplicate method {name}"),
                )
                .with_continuation(format!("{place}: other declaration of method {name}"))
                .with_label(
                    other_loc.span,
                    format!("other declaration of method {name}"),
                ),
            );
        }
    }

    /// The types in both lists of terms.
    pub(super) fn intersect(&self, a: &[Term], b: &[Term]) -> Vec<Term> {
        let mut both = Vec::new();
        for x in a {
            for y in b {
                let common = match (x.tilde, y.tilde) {
                    (_, true) if self.types.underlying(x.ty) == self.types.underlying(y.ty) => *x,
                    (true, false) if self.types.underlying(x.ty) == self.types.underlying(y.ty) => {
                        *y
                    }
                    (false, false) if x.ty == y.ty => *x,
                    _ => continue,
                };
                if !both.contains(&common) {
                    both.push(common);
                }
            }
        }
        both
    }

    /// What an interface embeds: a type, or a union of terms.
    pub(super) fn union_type(&mut self, id: ExprId) -> Union {
        let ast = self.ast();
        let mut operands = Vec::new();
        let mut rest = id;
        while let Expr::Binary {
            op: ast::BinaryOp::Or,
            x,
            y,
            ..
        } = ast.expr(rest)
        {
            operands.push(y);
            rest = x;
        }
        operands.push(rest);
        operands.reverse();
        let single = operands.len() == 1;
        if let Some(&extra) = operands.get(MAX_TERMS) {
            let span = ast.expr_span(extra);
            self.error(
                code::CONSTRAINT_MISUSE,
                span,
                format!(
                    "cannot handle more than {MAX_TERMS} union terms (implementation limitation)"
                ),
            );
            return Union::Invalid;
        }
        let mut terms: Vec<Term> = Vec::new();
        let mut written: Vec<Term> = Vec::new();
        let mut all = false;
        for operand in operands {
            let (tilde, of) = match ast.expr(operand) {
                Expr::Unary {
                    op: ast::UnaryOp::Tilde,
                    x,
                } => (true, x),
                _ => (false, operand),
            };
            let ty = self.any_type_expr(of);
            let loc = self.loc(ast.expr_span(of));
            if self.types.is_type_param(ty) {
                let message = if tilde {
                    let text = self.expr_string(operand);
                    format!("type in term {text} cannot be a type parameter")
                } else {
                    "term cannot be a type parameter".to_string()
                };
                self.error(code::CONSTRAINT_MISUSE, loc.span, message);
                return Union::Invalid;
            }
            if ty == Ty::INVALID {
                return Union::Invalid;
            }
            if single && !tilde {
                return Union::Type(ty);
            }
            let term = Term { tilde, ty };
            self.later.push(Later::UnionTerm {
                term,
                earlier: written.clone(),
                loc: self.loc(ast.expr_span(operand)),
            });
            self.complete_part(ty);
            match self.types.as_interface(ty) {
                Some(interface) => match &interface.terms {
                    Some(inner) => terms.extend(inner.iter().copied()),
                    None => all = true,
                },
                None => {
                    terms.push(term);
                    written.push(term);
                }
            }
        }
        if all {
            return Union::Type(self.universe.any);
        }
        if terms.len() > MAX_TERMS {
            let message = format!(
                "cannot handle more than {MAX_TERMS} union terms (implementation limitation)"
            );
            let span = ast.expr_span(id);
            self.error(code::CONSTRAINT_MISUSE, span, message);
            return Union::Invalid;
        }
        Union::Terms(terms)
    }

    /// The constraint of a type parameter as an interface.
    pub(super) fn constraint_type(&mut self, id: ExprId) -> Ty {
        let ast = self.ast();
        let is_union = matches!(
            ast.expr(id),
            Expr::Binary {
                op: ast::BinaryOp::Or,
                ..
            } | Expr::Unary {
                op: ast::UnaryOp::Tilde,
                ..
            }
        );
        if is_union {
            return match self.union_type(id) {
                Union::Invalid => Ty::INVALID,
                Union::Type(ty) => ty,
                Union::Terms(terms) => self.term_interface(terms),
            };
        }
        let ty = self.any_type_expr(id);
        if self.types.is_type_param(ty) {
            let span = ast.expr_span(id);
            self.error(
                code::CONSTRAINT_MISUSE,
                span,
                "cannot use a type parameter as constraint",
            );
            return Ty::INVALID;
        }
        self.complete_type(ty);
        if self.types.is_interface(ty) || ty == Ty::INVALID {
            return ty;
        }
        self.term_interface(vec![Term { tilde: false, ty }])
    }

    pub(super) fn term_interface(&mut self, terms: Vec<Term>) -> Ty {
        self.types.intern(Type::Interface(Rc::new(Interface {
            methods: Vec::new(),
            terms: Some(terms),
            comparable: false,
        })))
    }

    pub(super) fn is_constraint_type(&self, ty: Ty) -> bool {
        self.types
            .as_interface(ty)
            .is_some_and(|i| i.terms.is_some() || i.comparable)
    }

    pub(super) fn check_term(&mut self, term: Term, earlier: &[Term], loc: Loc) {
        let text = self.type_string_at(term.ty, loc.file);
        let under = self.types.underlying(term.ty);
        let shown = format!("{}{text}", if term.tilde { "~" } else { "" });
        let message = if let Some(interface) = self.types.as_interface(term.ty) {
            if term.tilde {
                format!("invalid use of ~ ({text} is an interface)")
            } else if !interface.methods.is_empty() {
                format!("cannot use {shown} in union ({shown} contains methods)")
            } else if term.ty == self.universe.comparable {
                "cannot use comparable in union".to_string()
            } else if interface.comparable {
                format!("cannot use {shown} in union ({shown} embeds comparable)")
            } else {
                return;
            }
        } else if term.tilde && under != term.ty {
            let under = self.type_string_at(under, loc.file);
            format!("invalid use of ~ (underlying type of {text} is {under})")
        } else {
            let overlap = earlier.iter().find(|e| {
                let same_under = self.types.underlying(e.ty) == under;
                e.ty == term.ty || (e.tilde && same_under) || (term.tilde && same_under)
            });
            let Some(other) = overlap else { return };
            let other_text = self.type_string_at(other.ty, loc.file);
            let tilde = if other.tilde { "~" } else { "" };
            format!("overlapping terms {shown} and {tilde}{other_text}")
        };
        self.error_at(code::CONSTRAINT_MISUSE, loc, message);
    }
}
