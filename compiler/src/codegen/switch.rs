//! Expression switches and type switches.

use super::expr::Ownership;
use super::func::{FuncGen, Label, Loop, Storage};
use crate::types::ty::Ty;
use crate::types::typed::{CompareOp, Expr, ExprKind, Switch, TypeCase, TypeSwitch, VarId};
use minigo_bytecode::{Op, Reg, WordKind};
use std::collections::BTreeMap;

/// Fewest constants that a jump table is made for.
const MIN_TABLE: usize = 4;

impl<'t> FuncGen<'_, '_, 't> {
    /// `switch`
    pub(super) fn switch_stmt(&mut self, switch: &'t Switch) {
        let end = self.label();
        self.loops.push(Loop {
            target: switch.target,
            end,
            next: None,
        });
        let bodies: Vec<Label> = switch.cases.iter().map(|_| self.label()).collect();
        let otherwise = switch.cases.iter().position(|c| c.default);
        let otherwise = otherwise.map_or(end, |i| bodies[i]);
        if !self.jump_table(switch, &bodies, otherwise) {
            for (case, &body) in switch.cases.iter().zip(&bodies) {
                for cond in &case.conds {
                    self.loc = case.loc;
                    self.cond_jump(cond, true, body);
                }
            }
            self.jump(otherwise);
        }
        for (case, &body) in switch.cases.iter().zip(&bodies) {
            self.bind(body);
            self.block(&case.body);
            // The body of the next clause follows.
            if !case.fallthrough {
                self.jump(end);
            }
        }
        self.loops.pop();
        self.bind(end);
    }

    /// Dense constants of one integer variable as a table of jumps.
    fn jump_table(&mut self, switch: &'t Switch, bodies: &[Label], otherwise: Label) -> bool {
        let mut tag = None;
        let mut entries: BTreeMap<i64, Label> = BTreeMap::new();
        for (case, &body) in switch.cases.iter().zip(bodies) {
            for cond in &case.conds {
                let Some((var, value)) = self.table_entry(cond) else {
                    return false;
                };
                if *tag.get_or_insert(var) != var {
                    return false;
                }
                entries.entry(value).or_insert(body);
            }
        }
        let Some(tag) = tag else { return false };
        let low = entries.first_key_value().map_or(0, |e| *e.0);
        let high = entries.last_key_value().map_or(0, |e| *e.0);
        let span = high.checked_sub(low).and_then(|s| usize::try_from(s).ok());
        let Some(span) = span.filter(|s| *s < 2 * entries.len() && *s < 4096) else {
            return false;
        };
        let (Ok(base), true) = (i32::try_from(low), entries.len() >= MIN_TABLE) else {
            return false;
        };
        let Storage::Register(src) = self.storage_of(tag) else {
            return false;
        };
        if !self.is_reachable() {
            return true;
        }
        let mut table = vec![otherwise; span + 1];
        for (value, body) in entries {
            table[(value - low) as usize] = body;
        }
        self.emit_extra(
            Op::Switch {
                src,
                count: table.len() as u16,
            },
            base as u32,
        );
        for label in table {
            self.emit_table_entry(label);
        }
        self.jump(otherwise);
        true
    }

    fn table_entry(&mut self, cond: &Expr) -> Option<(VarId, i64)> {
        let ExprKind::Compare {
            op: CompareOp::Eq,
            x,
            y,
        } = &cond.kind
        else {
            return None;
        };
        match (&x.kind, &y.kind) {
            (ExprKind::Var(var), ExprKind::Const(_)) => Some((*var, self.const_int(y)?)),
            (ExprKind::Const(_), ExprKind::Var(var)) => Some((*var, self.const_int(x)?)),
            _ => None,
        }
    }

    /// `switch v := x.(type)`
    pub(super) fn type_switch(&mut self, switch: &'t TypeSwitch) {
        let end = self.label();
        self.loops.push(Loop {
            target: switch.target,
            end,
            next: None,
        });
        let mark = self.mark();
        let from = self.var_ty(switch.x);
        let place = self.var_place(switch.x);
        let iface = self.load(place, from, None);
        let bodies: Vec<Label> = switch.cases.iter().map(|_| self.label()).collect();
        let test = self.temp_word(WordKind::Int);
        for (case, &body) in switch.cases.iter().zip(&bodies) {
            for ty in &case.types {
                self.loc = case.loc;
                match ty {
                    None => self.emit(Op::IfaceIsNil { dst: test, iface }),
                    Some(ty) => self.type_test(iface, *ty, test),
                }
                self.bool_jump(test, true, body);
            }
        }
        let otherwise = switch.cases.iter().position(|c| c.default);
        self.jump(otherwise.map_or(end, |i| bodies[i]));
        for (case, &body) in switch.cases.iter().zip(&bodies) {
            self.bind(body);
            self.enter_scope();
            self.case_variable(case, iface, from);
            self.block(&case.body);
            self.leave_scope();
            self.jump(end);
        }
        self.release(mark);
        self.loops.pop();
        self.bind(end);
    }

    /// Declares the variable of a clause: of the clause's type if it names just one, else of the operand's.
    fn case_variable(&mut self, case: &'t TypeCase, iface: Reg, from: Ty) {
        let Some(var) = case.var else { return };
        self.loc = case.loc;
        let mark = self.mark();
        match case.types[..] {
            [Some(ty)] if !self.is_interface(ty) => {
                let ty = self.subst(ty);
                let kinds = self.layout(ty).kinds.clone();
                let info = self.escapes.var(var);
                if !info.in_cell() && !self.layout(ty).indirect {
                    let reg = self.scoped(&kinds);
                    self.unbox(iface, ty, reg);
                    self.storage.insert(var, Storage::Register(reg));
                } else {
                    let value = self.temp(&kinds);
                    self.unbox(iface, ty, value);
                    self.define_with(var, value, ty, Ownership::Stable);
                }
            }
            _ => {
                let var_ty = self.var_ty(var);
                let from = if self.is_interface(var_ty) {
                    var_ty
                } else {
                    from
                };
                self.define_with(var, iface, from, Ownership::Private);
            }
        }
        self.release(mark);
    }
}
