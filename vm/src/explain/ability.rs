//! What a goroutine could still do if it ran: the operations that its remaining code can come to.
//!
//! From where each frame goes on, control is followed through jumps into every function that is called or made into a value. A
//! call through an interface goes to all methods of that name; one of a function value from elsewhere can do anything,
//! if the program's own code makes it (what the library calls back is among the functions that were made).

use minigo_bytecode::op::Operand;
use minigo_bytecode::{FuncId, Op};
use rustc_hash::FxHashSet;

use crate::Vm;

/// A set of operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Abilities(u16);

impl Abilities {
    pub(super) const SEND: Abilities = Abilities(1);
    pub(super) const RECEIVE: Abilities = Abilities(2);
    pub(super) const CLOSE: Abilities = Abilities(4);
    pub(super) const DONE: Abilities = Abilities(8);
    pub(super) const SIGNAL: Abilities = Abilities(16);
    pub(super) const READ_UNLOCK: Abilities = Abilities(32);
    const ALL: Abilities = Abilities(63);

    pub(super) fn has(self, other: Abilities) -> bool {
        self.0 & other.0 != 0
    }

    fn add(&mut self, other: Abilities) {
        self.0 |= other.0;
    }
}

impl std::ops::BitOr for Abilities {
    type Output = Abilities;
    fn bitor(self, other: Abilities) -> Abilities {
        Abilities(self.0 | other.0)
    }
}

/// Follows the code of one goroutine.
pub(super) struct Walk<'a> {
    vm: &'a Vm,
    can: Abilities,
    /// Ops still to be followed: function and index.
    open: Vec<(FuncId, u32)>,
    seen: FxHashSet<(FuncId, u32)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(vm: &'a Vm) -> Walk<'a> {
        Walk {
            vm,
            can: Abilities::default(),
            open: Vec::new(),
            seen: FxHashSet::default(),
        }
    }

    /// Control may come to this op.
    pub(super) fn start_at(&mut self, func: FuncId, pc: u32) {
        if self.seen.insert((func, pc)) {
            self.open.push((func, pc));
        }
    }

    /// Follows everything, and says what can be done.
    pub(super) fn finish(mut self) -> Abilities {
        while let Some((func, mut pc)) = self.open.pop() {
            let code = &self.vm.program().funcs[func.index()].code;
            while let Some(&op) = code.get(pc as usize) {
                self.visit(func, pc, op);
                pc += 1;
                if op.is_terminator() || !self.seen.insert((func, pc)) {
                    break;
                }
            }
            if self.can == Abilities::ALL {
                break;
            }
        }
        self.can
    }

    fn visit(&mut self, func: FuncId, pc: u32, op: Op) {
        match op {
            Op::Send { .. } | Op::SelectSend { .. } => self.can.add(Abilities::SEND),
            Op::Recv { .. } | Op::RecvOk { .. } | Op::SelectRecv { .. } => {
                self.can.add(Abilities::RECEIVE);
            }
            Op::CloseChan { .. } => self.can.add(Abilities::CLOSE),
            Op::CallNative { native, .. } => {
                let name = &self.vm.program().natives[native.index()].name;
                if name.starts_with("sync.(*WaitGroup)") && !name.ends_with("Wait") {
                    self.can.add(Abilities::DONE);
                } else if name == "sync.(*RWMutex).RUnlock" {
                    self.can.add(Abilities::READ_UNLOCK);
                } else if name.starts_with("sync.(*Cond).") {
                    self.can.add(Abilities::SIGNAL);
                }
            }
            Op::CallClosure { .. } | Op::GoClosure { .. }
                if self.vm.program().is_own(func) && !self.makes_values(func) =>
            {
                self.can = Abilities::ALL;
            }
            Op::CallIface { selector, .. } => {
                let vm = self.vm;
                let methods = vm.program().types.iter().flat_map(|ty| &ty.methods);
                for &(_, method) in methods.filter(|(name, _)| *name == selector) {
                    self.start_at(method, 0);
                }
            }
            _ => {}
        }
        let mut targets = Vec::new();
        op.for_each_operand(|_, operand| match operand {
            Operand::Func(callee) => targets.push((callee, 0)),
            Operand::Jump(distance) => targets.push((func, pc.wrapping_add_signed(distance))),
            _ => {}
        });
        for (func, pc) in targets {
            self.start_at(func, pc);
        }
        if let Some(at) = self.vm.program().funcs[func.index()].recover_pc {
            self.start_at(func, at);
        }
    }

    /// The function makes function values itself, which are then what it calls, most likely.
    fn makes_values(&self, func: FuncId) -> bool {
        let code = &self.vm.program().funcs[func.index()].code;
        code.iter()
            .any(|op| matches!(op, Op::MakeClosure { .. } | Op::ConstFunc { .. }))
    }
}
