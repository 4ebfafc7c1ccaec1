//! Making room for a callee's frame, and giving way where a call is a safepoint.
//!
//! The safepoint is behind the call, at the callee's first op: there the arguments and the closure are registers of a frame,
//! which the collector knows; in the caller's out area it would not see them.

use super::{Ctx, Next, Stop, unwind};
use crate::error::RuntimeError;
use crate::goroutine::Exit;
use crate::image::FuncEntry;
use crate::sched::Safepoint;
use crate::sync::atomic::Ordering;
use minigo_bytecode::Op;

/// Go's text for a stack that would exceed its limit; the line before it is printed by the unwinder.
pub(crate) const STACK_OVERFLOW: &str = "stack overflow";

/// Does the call at the saved pc, whatever the stack limit says.
///
/// # Safety
/// As for [`super::run`]; the op is a call whose callee is known to exist.
pub(crate) unsafe fn enter_callee(cx: &mut Ctx<'_>) -> Next {
    let (base, funcs) = (cx.g.base(), &cx.vm.image().funcs);
    // SAFETY: by the function's contract; registers as the verifier proved.
    unsafe {
        match *cx.g.pc() {
            Op::Call { window, func } => enter(cx, &raw const funcs[func.index()], window, 0, 1),
            Op::CallClosure { closure, window } => {
                let object = *base.add(closure.index());
                let func = *(object as *const u64) as usize;
                enter(cx, &raw const funcs[func], window, object, 1)
            }
            Op::CallIface {
                iface,
                window,
                selector,
            } => {
                let ty = *base.add(iface.index()) as u32;
                match cx.vm.image().method(selector.0, ty) {
                    Some(func) => enter(cx, &raw const funcs[func as usize], window, 0, 1),
                    None => cx
                        .vm
                        .internal_error("an interface value lacks a method", cx.g.pc()),
                }
            }
            _ => cx.vm.internal_error("a call that is none", cx.g.pc()),
        }
    }
}

/// Calls `callee` from the op at the saved pc, whatever the stack limit says; it returns `after` ops behind that one.
///
/// # Safety
/// As for [`super::run`]; `window` is the function's out area, which holds the arguments.
pub(crate) unsafe fn enter(
    cx: &mut Ctx<'_>,
    callee: *const FuncEntry,
    window: u16,
    closure: u64,
    after: usize,
) -> Next {
    let end = cx.g.base() as usize - cx.g.stack() as usize + window as usize * 8;
    // SAFETY: by the function's contract: the goroutine is ours, its base is saved, and room is made before the frame is written.
    unsafe {
        let words = end / 8 + (*callee).frame_size as usize;
        if cx.g.grow_stack(words, cx.vm.max_stack()).is_err() {
            return unwind::stop(cx, Stop::Fatal(STACK_OVERFLOW.into()));
        }
        let base = cx.g.base().add(window as usize);
        if closure != 0 {
            *base.add((*callee).params as usize) = closure;
        }
        *base.sub(2) = cx.g.pc().add(after) as u64;
        *base.sub(1) = u64::from(window);
        begin(cx, (*callee).code, base)
    }
}

/// Begins a function whose frame has been made, after giving way if that is wanted.
pub(crate) fn begin(cx: &mut Ctx<'_>, pc: *const Op, base: *mut u64) -> Next {
    cx.g.set_pc(pc);
    cx.g.set_base(base);
    // Relaxed: only a hint, as in the interpreter's check.
    let wanted = cx.g.limit().load(Ordering::Relaxed) == 0;
    if wanted && cx.m.safepoint(cx.g) == Safepoint::Yield {
        return Next::Leave(Exit::Preempted);
    }
    Next::Go { pc, base }
}

/// Calls this frame's last deferred closure, which returns to this op's second half; goes on behind it when there is none.
///
/// The op comes twice, so that the one before the pc where such a call returns is not the function's last call, but one with the line of
/// the `return`.
///
/// # Safety
/// As for [`enter`].
pub(crate) unsafe fn run_defers(cx: &mut Ctx<'_>) -> Next {
    // SAFETY: by the function's contract.
    let Op::RunDefers { window } = (unsafe { *cx.g.pc() }) else {
        cx.vm
            .internal_error("deferred calls at another op", cx.g.pc())
    };
    // SAFETY: a return stands behind the op, or its second half.
    let is_first = matches!(unsafe { *cx.g.pc().wrapping_add(1) }, Op::RunDefers { .. });
    let second = usize::from(is_first);
    let Some(closure) = unwind::pop_defer(cx) else {
        return Next::Go {
            pc: cx.g.pc().wrapping_add(1 + second),
            base: cx.g.base(),
        };
    };
    if closure == 0 {
        return unwind::stop(cx, Stop::Error(RuntimeError::nil_dereference()));
    }
    // SAFETY: word 0 of a closure object is its function's id; the rest by the function's contract.
    unsafe {
        let callee = &raw const cx.vm.image().funcs[*(closure as *const u64) as usize];
        enter(cx, callee, window, closure, second)
    }
}
