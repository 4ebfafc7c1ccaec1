//! What a program asks about itself: its callers, its stack, where a pc is.
//!
//! A pc is shown to the program as the number of the op behind the call, from 1 on, so that the call is the one before it, as in Go.

use crate::goroutine::Goroutine;
use crate::interp::traceback;
use crate::native::Call;
use crate::sched::Symbol;

impl Call<'_> {
    /// The frames of the running goroutine that tracebacks show, innermost first: the first is the native's caller.
    pub fn frames(&self) -> Vec<u64> {
        // SAFETY: the goroutine runs here; its pc and base were saved before the call.
        let frames = unsafe { traceback::frames_and_panics(self.vm, self.g) };
        let shown = frames.filter(|(frame, _)| traceback::is_shown(self.vm, frame.pc));
        shown
            .map(|(frame, panicked)| self.vm.image().number_of(frame.pc) + u64::from(panicked))
            .collect()
    }

    /// The function and line of a pc from [`Call::frames`].
    pub fn symbol(&self, pc: u64) -> Option<Symbol> {
        traceback::symbol(self.vm, self.vm.image().op_numbered(pc)?)
    }

    /// The first line and the first op's number of the function that a pc lies in.
    pub fn function_of(&self, pc: u64) -> Option<(u32, u64)> {
        let image = self.vm.image();
        let func = image.func_at(image.op_numbered(pc)?.wrapping_sub(1))?;
        let line = self.vm.program().funcs[func.index()].position.line;
        Some((line, image.number_of(image.funcs[func.index()].code)))
    }

    /// The running goroutine as a traceback shows it, and behind it all others if they are wanted.
    pub fn traceback(&mut self, all: bool) -> String {
        let vm = self.vm;
        // SAFETY: the goroutine runs here; its pc and base were saved before the call.
        let mut text = unsafe { vm.sched().dump(self.g) }.text();
        if all {
            text.push_str(&others(vm, self.m, self.g.id()));
        }
        text
    }

    /// `debug.SetGCPercent`: `None` is off, before and after.
    pub fn set_gc_percent(&mut self, percent: Option<u32>) -> Option<u32> {
        self.vm.heap().set_gc_percent(percent)
    }

    /// `debug.SetMemoryLimit`: sets it unless `limit` is negative, and returns the former one.
    pub fn set_memory_limit(&mut self, limit: i64) -> i64 {
        self.vm.heap().set_memory_limit(limit)
    }

    /// `debug.SetMaxThreads`: sets how many threads there may be, and returns the former number.
    pub fn set_max_threads(&mut self, threads: usize) -> usize {
        self.vm.sched().set_max_threads(threads)
    }

    /// `debug.SetMaxStack`: sets the largest size of a goroutine's stack in bytes, and returns the former one.
    pub fn set_max_stack(&mut self, bytes: usize) -> usize {
        self.vm.set_max_stack(bytes)
    }
}

/// All goroutines but the one of this number, each behind an empty line.
pub(crate) fn others(vm: &crate::Vm, m: &mut crate::sched::Machine, id: u64) -> String {
    let dumps = m.stop_the_world(|_| vm.sched().dump_goroutines());
    let others = dumps.iter().filter(|dump| dump.id != id);
    others.map(|dump| format!("\n{}", dump.text())).collect()
}

/// What the fatal end of one goroutine shows of the others, as `GOTRACEBACK` says.
pub(crate) fn others_at_end(
    vm: &crate::Vm,
    m: &mut crate::sched::Machine,
    g: &Goroutine,
) -> String {
    match vm.config().traceback {
        Traceback::All => others(vm, m, g.id()),
        Traceback::None | Traceback::Single => String::new(),
    }
}

/// Which goroutines are shown when the program ends by a panic or a fatal error: `GOTRACEBACK`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Traceback {
    /// None.
    None,
    /// The one that ended the program.
    #[default]
    Single,
    /// All.
    All,
}
