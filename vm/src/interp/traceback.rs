//! From pcs to what a person reads: the frames of a goroutine as Go prints them.

use crate::Vm;
use crate::goroutine::frame::{Frame, Frames};
use crate::goroutine::{Goroutine, Status};
use crate::sched::{GoroutineDump, Symbol, Trace};
use minigo_bytecode::Op;

/// The frames of a goroutine at a safepoint, innermost first, those that a panic interrupted with the pc where it did.
///
/// # Safety
/// The goroutine stays at its safepoint while the iterator lives.
pub(crate) unsafe fn frames<'a>(vm: &'a Vm, g: &'a Goroutine) -> impl Iterator<Item = Frame> + 'a {
    // SAFETY: by the function's contract.
    unsafe { frames_and_panics(vm, g) }.map(|(frame, _)| frame)
}

/// The same, and of each frame whether a panic interrupted it: its pc is then that of the op that panicked.
///
/// # Safety
/// That of [`frames`].
pub(crate) unsafe fn frames_and_panics<'a>(
    vm: &'a Vm,
    g: &'a Goroutine,
) -> impl Iterator<Item = (Frame, bool)> + 'a {
    let image = vm.image();
    // SAFETY: by the function's contract.
    unsafe { Frames::new(g) }.map(move |frame| {
        if frame.pc != image.panic_return_pc && frame.pc != image.panic_text_pc {
            return (frame, false);
        }
        let offset = ((frame.base as usize - g.stack() as usize) / 8) as u32;
        // SAFETY: as above: nobody changes it meanwhile.
        let unwind = unsafe { g.unwind() };
        let panic = unwind
            .iter()
            .flat_map(|u| &u.panics)
            .rfind(|p| p.raised_base == offset);
        panic.map_or((frame, false), |p| {
            let frame = Frame {
                pc: p.raised_pc,
                base: frame.base,
            };
            (frame, true)
        })
    })
}

/// The function and line of the frame that goes on at `pc`, or made a call just before it; none for frames that are not shown.
pub(crate) fn symbol(vm: &Vm, pc: *const Op) -> Option<Symbol> {
    is_shown(vm, pc).then(|| symbol_at(vm, call_before(vm, pc)))
}

/// The frames of a goroutine at a safepoint.
///
/// # Safety
/// The goroutine stays at its safepoint meanwhile.
pub(crate) unsafe fn shown(vm: &Vm, g: &Goroutine) -> Trace {
    // SAFETY: by the function's contract.
    let frames = unsafe { frames_and_panics(vm, g) }.enumerate();
    // One that gave way at a safepoint goes on with an op that it has not begun; all others are behind a call.
    let gave_way = g.status() != Status::Waiting && !is_behind_native(g.pc());
    let shown = frames.filter(|(_, (frame, _))| is_shown(vm, frame.pc));
    Trace::new(shown, |(depth, (Frame { pc, .. }, panicked))| {
        let is_at = panicked || depth == 0 && gave_way;
        symbol_at(vm, if is_at { pc } else { call_before(vm, pc) })
    })
}

/// Whether the op before `pc` calls a native: the goroutine may have come back from it, or be in it.
fn is_behind_native(pc: *const Op) -> bool {
    // SAFETY: all code lies in one piece, in which only the entry's first op has none before it; no goroutine gives way there.
    matches!(unsafe { *pc.wrapping_sub(1) }, Op::CallNative { .. })
}

/// Whether a frame that goes on at `pc` is shown: those of wrappers and of the entry are not.
pub(crate) fn is_shown(vm: &Vm, pc: *const Op) -> bool {
    vm.image()
        .func_at(pc)
        .is_some_and(|id| id != vm.program().entry && !vm.program().funcs[id.index()].wrapper)
}

/// The op before `pc`, which made the call that returns there; a function that has not begun has made none.
fn call_before(vm: &Vm, pc: *const Op) -> *const Op {
    if vm.image().offset_at(pc) == Some(0) {
        pc
    } else {
        pc.wrapping_sub(1)
    }
}

/// The function and line of the op at `at`, which lies in a function.
fn symbol_at(vm: &Vm, at: *const Op) -> Symbol {
    let program = vm.program();
    let func = vm.image().func_at(at).map(|id| &program.funcs[id.index()]);
    let position = vm.image().position_at(at).or(func.map(|f| f.position));
    let file = position.and_then(|p| program.files.get(p.file.index()));
    if vm.session.is_some()
        && let (Some(position), Some(file)) = (position, file)
        && file.name.starts_with("repl[")
    {
        // What is typed is often one line: columns tell more.
        return Symbol {
            func: func.map(|f| f.name.clone()).unwrap_or_default(),
            has_parameters: func.is_some_and(|f| !f.params.is_empty()),
            file: format!("{}:{}", file.name, position.line),
            line: position.column,
            library: false,
        };
    }
    Symbol {
        func: func.map(|f| f.name.clone()).unwrap_or_default(),
        has_parameters: func.is_some_and(|f| !f.params.is_empty()),
        file: file.map(|f| f.name.clone()).unwrap_or_default(),
        line: position.map(|p| p.line).unwrap_or_default(),
        library: file.is_some_and(|f| f.library),
    }
}

/// The dump of the running goroutine whose saved pc is the very op that failed.
pub(crate) fn running(vm: &Vm, g: &Goroutine) -> String {
    // SAFETY: the goroutine is ours, and its state is saved.
    let frames = unsafe { frames_and_panics(vm, g) }.enumerate();
    let shown = frames.filter(|(_, (frame, _))| is_shown(vm, frame.pc));
    let frames = Trace::new(shown, |(depth, (Frame { pc, .. }, panicked))| {
        let is_at = panicked || depth == 0;
        symbol_at(vm, if is_at { pc } else { call_before(vm, pc) })
    });
    let created_by = (!g.created_at().is_null())
        .then(|| symbol(vm, g.created_at()).map(|s| (s, g.parent())))
        .flatten();
    GoroutineDump {
        id: g.id(),
        reason: "running",
        minutes: 0,
        frames,
        created_by,
    }
    .text()
}
