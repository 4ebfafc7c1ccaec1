//! What reports call things by: the names of variables, and of what an op works on.
//!
//! None of this is looked at while a program runs. A *site* says for an op on a channel, or a call of `sync`, how the source spells its
//! operand, and for a `make(chan T)` which variable it is for. The table of variables says which register leads to
//! which variable's memory, and from which op to which, so that an address can be named from the frames that know it.

use super::func::{FuncGen, Storage};
use crate::types::constant::ConstValue;
use crate::types::ty::{Loc, Ty, Type};
use crate::types::typed::{Builtin, Callee, Expr, ExprKind, Target, VarId};
use minigo_bytecode::{Op, Site, SiteKind, Variable};

/// A variable before its registers are numbered.
pub(super) struct Named {
    pub(super) variable: Variable,
    pub(super) loc: Loc,
}

impl<'t> FuncGen<'_, '_, 't> {
    /// The next op works on what `e` denotes.
    pub(super) fn site(&mut self, kind: SiteKind, e: &Expr, loc: Loc) {
        let name = self.spelled(e).unwrap_or_default();
        self.push_site(kind, name, loc);
    }

    /// The next op makes a channel for what [`Self::made_for`] said.
    pub(super) fn site_of_make(&mut self, loc: Loc) {
        let name = self.target_name.take().unwrap_or_default();
        self.push_site(SiteKind::Make, name, loc);
    }

    fn push_site(&mut self, kind: SiteKind, name: String, loc: Loc) {
        if self.is_reachable() {
            let position = self.program.position(loc);
            let site = Site {
                pc: self.here(),
                kind,
                name,
                position,
            };
            self.sites.push(site);
        }
    }

    /// A call of a method of `sync`: the receiver is what it works on.
    pub(super) fn site_of_call(&mut self, callee: &Callee, args: &[Expr], loc: Loc) {
        if let (Callee::Static { func, .. }, [receiver, ..]) = (callee, args)
            && self.program.declared(*func).name.starts_with("sync.(")
        {
            self.site(SiteKind::Use, receiver, loc);
        }
    }

    /// If `value` is a `make(chan T)`, remembers what it is made for.
    pub(super) fn made_for(
        &mut self,
        value: &Expr,
        name: impl FnOnce(&mut Self) -> Option<String>,
    ) {
        let mut made = value;
        while let ExprKind::Convert(x) = &made.kind {
            made = x;
        }
        if let ExprKind::Builtin {
            builtin: Builtin::Make,
            ..
        } = made.kind
            && matches!(self.under(made.ty), Type::Chan { .. })
        {
            self.target_name = name(self);
        }
    }

    /// The same, for an assignment.
    pub(super) fn made_for_target(&mut self, value: &Expr, target: &Target) {
        self.made_for(value, |this| match target {
            Target::Blank => None,
            Target::Define(var) => this.name_of(*var),
            Target::Place(place) => this.spelled(place),
        });
    }

    /// The same, for a field of a literal of struct type.
    pub(super) fn made_for_field(&mut self, value: &Expr, ty: Ty, index: usize) {
        self.made_for(value, |this| match this.under(ty) {
            Type::Struct(fields) => fields.get(index).map(|field| field.name.to_string()),
            _ => None,
        });
    }

    /// A variable's name in the source.
    pub(super) fn name_of(&self, var: VarId) -> Option<String> {
        let name = &self.vars.get(var.0 as usize)?.name;
        (!name.is_empty() && &**name != "_").then(|| name.to_string())
    }

    /// How the source spells an operand, without the pointers that it leaves out.
    pub(super) fn spelled(&self, e: &Expr) -> Option<String> {
        match &e.kind {
            ExprKind::Var(var) => self.name_of(*var),
            ExprKind::Global(global) => {
                let name = self.program.global_name(*global);
                Some(name.strip_prefix("main.").unwrap_or(name).to_string())
            }
            ExprKind::AddrOf(x)
            | ExprKind::Deref(x)
            | ExprKind::NilCheck(x)
            | ExprKind::Convert(x) => self.spelled(x),
            ExprKind::Field { x, index } => {
                let Type::Struct(fields) = self.program.types.under(x.ty) else {
                    return None;
                };
                let field = fields.get(*index)?;
                let base = self.spelled(x)?;
                // A promoted method's receiver is not spelled out.
                Some(if field.embedded {
                    base
                } else {
                    format!("{base}.{}", field.name)
                })
            }
            ExprKind::Index { x, index } => {
                let base = self.spelled(x)?;
                let index = match &index.kind {
                    ExprKind::Const(ConstValue::Int(value)) => value.to_string(),
                    _ => self.spelled(index).unwrap_or_else(|| "…".to_string()),
                };
                Some(format!("{base}[{index}]"))
            }
            ExprKind::Call { callee, .. } => match &**callee {
                Callee::Static { func, .. } => {
                    let name = &*self.program.declared(*func).name;
                    let name = name.strip_prefix("main.").unwrap_or(name);
                    Some(format!("{name}()"))
                }
                Callee::Value(f) => Some(format!("{}()", self.spelled(f)?)),
                Callee::Interface { .. } | Callee::TypeParam { .. } => None,
            },
            _ => None,
        }
    }

    /// Puts a variable where it is from now on, and notes it for reports if something can be reached through its register.
    pub(super) fn keep_in(&mut self, var: VarId, storage: Storage) {
        self.storage.insert(var, storage);
        let ty = self.var_ty(var);
        let (reg, holds) = match storage {
            Storage::Cell(reg) | Storage::Memory(reg) => (reg, true),
            Storage::Register(reg) => (reg, false),
            Storage::View(_) => return,
        };
        if !holds && !matches!(self.under(ty), Type::Pointer(_) | Type::Chan { .. }) {
            return;
        }
        let (Some(name), Some(declared)) = (self.name_of(var), self.vars.get(var.0 as usize))
        else {
            return;
        };
        let loc = declared.loc;
        // The cell's own type is known to the program: it was made with it.
        let ty = holds.then(|| self.type_id(ty));
        let variable = Variable {
            name,
            position: Default::default(),
            reg,
            ty,
            from: self.here(),
            to: u32::MAX,
        };
        let depth = self.depth();
        self.open_variables.push((depth, self.variables.len()));
        self.variables.push(Named { variable, loc });
    }

    /// The scope at this depth ends: its variables' registers may be used for others.
    pub(super) fn end_variables(&mut self, depth: usize) {
        while let Some(&(at, index)) = self.open_variables.last()
            && at >= depth
        {
            self.open_variables.pop();
            self.variables[index].variable.to = self.here();
        }
    }
}

/// Whether an op is one that sites speak of.
pub(super) fn is_named(op: &Op) -> bool {
    matches!(
        op,
        Op::MakeChan { .. }
            | Op::Send { .. }
            | Op::Recv { .. }
            | Op::RecvOk { .. }
            | Op::SelectSend { .. }
            | Op::SelectRecv { .. }
            | Op::Call { .. }
            | Op::CallNative { .. }
    )
}
