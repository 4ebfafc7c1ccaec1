//! From pcs to what a person reads: the frames of a goroutine as Go prints them.

use crate::Vm;
use crate::goroutine::Goroutine;
use crate::goroutine::frame::{Frame, Frames};
use crate::sched::{GoroutineDump, Symbol};
use minigo_bytecode::Op;

/// The frames of a goroutine at a safepoint, innermost first, those that a panic interrupted with the pc where it did.
///
/// # Safety
/// The goroutine stays at its safepoint while the iterator lives.
pub(crate) unsafe fn frames<'a>(vm: &'a Vm, g: &'a Goroutine) -> impl Iterator<Item = Frame> + 'a {
    let image = vm.image();
    // SAFETY: by the function's contract.
    unsafe { Frames::new(g) }.map(move |frame| {
        if frame.pc != image.panic_return_pc && frame.pc != image.panic_text_pc {
            return frame;
        }
        let offset = ((frame.base as usize - g.stack() as usize) / 8) as u32;
        // SAFETY: as above: nobody changes it meanwhile.
        let unwind = unsafe { g.unwind() };
        let panic = unwind
            .iter()
            .flat_map(|u| &u.panics)
            .rfind(|p| p.raised_base == offset);
        panic.map_or(frame, |p| Frame {
            pc: p.raised_pc,
            base: frame.base,
        })
    })
}

/// The function and line of the frame that goes on at `pc`, or made a call just before it; none for frames that are not shown.
pub(crate) fn symbol(vm: &Vm, pc: *const Op) -> Option<Symbol> {
    let image = vm.image();
    let id = image.func_at(pc)?;
    let func = &vm.program().funcs[id.index()];
    if func.wrapper || id == vm.program().entry {
        return None;
    }
    let at = if image.offset_at(pc) == Some(0) {
        pc
    } else {
        pc.wrapping_sub(1)
    };
    symbol_at(vm, at)
}

/// The frames of a goroutine at a safepoint that are shown, innermost first.
///
/// # Safety
/// The goroutine stays at its safepoint meanwhile.
pub(crate) unsafe fn shown(vm: &Vm, g: &Goroutine) -> Vec<Symbol> {
    // SAFETY: by the function's contract.
    unsafe { frames(vm, g) }
        .filter_map(|frame| symbol(vm, frame.pc))
        .collect()
}

fn symbol_at(vm: &Vm, at: *const Op) -> Option<Symbol> {
    let func = &vm.program().funcs[vm.image().func_at(at)?.index()];
    let position = vm.image().position_at(at).unwrap_or(func.position);
    let file = vm
        .program()
        .files
        .get(position.file.index())
        .cloned()
        .unwrap_or_default();
    Some(Symbol {
        func: func.name.clone(),
        file,
        line: position.line,
    })
}

/// The dump of the running goroutine whose saved pc is the very op that failed.
pub(crate) fn running(vm: &Vm, g: &Goroutine) -> String {
    // SAFETY: the goroutine is ours, and its state is saved.
    let frames = unsafe { frames(vm, g) };
    let frames = frames
        .enumerate()
        .filter_map(|(i, frame)| {
            let shown = symbol(vm, frame.pc)?;
            if i == 0 {
                symbol_at(vm, frame.pc)
            } else {
                Some(shown)
            }
        })
        .collect();
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
