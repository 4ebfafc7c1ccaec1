//! Panics, deferred calls, `recover`, `Goexit`.
//!
//! The defer stack of a goroutine holds closures tagged with the frame that deferred them. A panic leaves the stack as it is,
//! pops closures one after the other and calls each on top of the panicking frame; the call returns to a marker op that
//! comes back here. If the call recovered, the deferring frame goes on at its function's `recover_pc`, else the next closure's turn comes. When
//! none is left, the program is over: the panic values are put into words by the library (user code may run), then everything is printed.

use super::{Ctx, Next, Stop, call, traceback};
use crate::error::{ErrorKind, RuntimeError};
use crate::goroutine::unwind::{Defer, Panic, Unwind};
use crate::goroutine::{Exit, Goroutine};
use crate::introspect::{Traceback, others_at_end};
use crate::reflect::{Iface, Str};
use crate::value::word;
use minigo_bytecode::{FRAME_WORDS, Op, ShapeId, TypeId, TypeKind};

#[allow(
    clippy::mut_from_ref,
    reason = "the running goroutine is ours, and each function here uses one result at a time"
)]
fn unwind(g: &Goroutine) -> &mut Unwind {
    // SAFETY: the running goroutine is ours, and each function here uses one result at a time.
    unsafe { g.unwind() }.get_or_insert_default()
}

fn base_offset(g: &Goroutine) -> u32 {
    ((g.base() as usize - g.stack() as usize) / 8) as u32
}

/// A panic or fatal error at the saved pc.
#[inline(never)]
pub(crate) fn stop(cx: &mut Ctx<'_>, stop: Stop) -> Next {
    match stop {
        Stop::Error(error) => {
            let value = error_value(cx, &error);
            raise(cx, value)
        }
        Stop::Value(value) if value.is_nil() => {
            let error = RuntimeError {
                kind: ErrorKind::PanicNil,
                text: "panic called with nil argument (use GODEBUG=panicnil=1 to disable)".into(),
            };
            let value = error_value(cx, &error);
            raise(cx, value)
        }
        Stop::Value(value) => raise(cx, value),
        Stop::Memory => cx.vm.internal_error(
            "an op needs memory that cannot be executed again",
            cx.g.pc(),
        ),
        Stop::Fatal(text) => {
            cx.vm.report_fatal(&text, cx.m, cx.g);
            Next::Leave(cx.vm.failed(cx.g))
        }
    }
}

/// The value of a run-time panic, of the library's type for this kind of error: a string, or a pointer to a struct of one. Both
/// are an interface's data that points to the string.
fn error_value(cx: &mut Ctx<'_>, error: &RuntimeError) -> Iface {
    let known = &cx.vm.program().well_known;
    let ty: TypeId = match error.kind {
        ErrorKind::Runtime => known.runtime_error,
        ErrorKind::Bounds => known.bounds_error,
        ErrorKind::Plain => known.plain_error,
        ErrorKind::TypeAssertion => known.type_assertion_error,
        ErrorKind::PanicNil => known.panic_nil_error,
    };
    let text = error.text.as_bytes();
    let bytes = cx.vm.alloc_or_die(cx.m, ShapeId::SCALAR, text.len());
    let object = cx.vm.alloc_or_die(cx.m, ShapeId::STRING, 16);
    // SAFETY: both objects are new and large enough.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), bytes.cast::<u8>(), text.len());
        word::store_pair(object, bytes as u64, text.len() as u64);
    }
    Iface {
        ty,
        data: object as u64,
    }
}

fn raise(cx: &mut Ctx<'_>, value: Iface) -> Next {
    start(cx, value, false)
}

/// `runtime.Goexit` at the saved pc.
#[inline(never)]
pub(crate) fn goexit(cx: &mut Ctx<'_>) -> Next {
    start(cx, Iface::NIL, true)
}

fn start(cx: &mut Ctx<'_>, value: Iface, goexit: bool) -> Next {
    let (pc, base) = (cx.g.pc(), base_offset(cx.g));
    let u = unwind(cx.g);
    if u.printing {
        // A panic while its value is put into words.
        return stop(cx, Stop::Fatal(nested_text(cx, value)));
    }
    u.panics.push(Panic {
        value,
        goexit,
        recovered: false,
        call: 0,
        frame: 0,
        frame_pc: pc,
        raised_pc: pc,
        raised_base: base,
    });
    continue_panic(cx)
}

/// What is said of a panic with `value` in the method that was to put another panic's value into words.
fn nested_text(cx: &Ctx<'_>, value: Iface) -> String {
    let info = &cx.vm.program().types[value.ty.index()];
    let text = "panic while printing panic value";
    if info.named || !matches!(info.kind, TypeKind::String) {
        return format!("{text}: type {}", info.name);
    }
    // SAFETY: the data word of a string in an interface leads to its two words.
    let (ptr, len) = unsafe { word::load_pair(value.data as *const u64) };
    let value = Str { ptr, len };
    format!("{text}: {}", String::from_utf8_lossy(value.bytes()))
}

/// Runs the next deferred call for the latest panic.
fn continue_panic(cx: &mut Ctx<'_>) -> Next {
    let u = unwind(cx.g);
    let defer = next_defer(u, None);
    let panic = u.panics.last_mut().expect("there is a panic");
    let Some(defer) = defer else {
        if panic.goexit {
            u.panics.clear();
            return Next::Leave(Exit::Goexit);
        }
        return report_panic(cx);
    };
    panic.frame = defer.base;
    panic.frame_pc = defer.pc;
    let (raised_pc, raised_base) = (panic.raised_pc, panic.raised_base);
    if defer.closure == 0 {
        cx.g.set_pc(raised_pc);
        return stop(cx, Stop::Error(RuntimeError::nil_dereference()));
    }
    // SAFETY: word 0 of a closure object is its function's id.
    let func = unsafe { *(defer.closure as *const u64) } as usize;
    match push_frame(
        cx,
        raised_pc,
        raised_base,
        func,
        cx.vm.image().panic_return_pc,
    ) {
        Err(next) => next,
        Ok((pc, base)) => {
            // SAFETY: the frame has a register behind its parameters.
            unsafe { *base.add(cx.vm.image().funcs[func].params as usize) = defer.closure };
            let call = ((base as usize - cx.g.stack() as usize) / 8) as u32;
            unwind(cx.g)
                .panics
                .last_mut()
                .expect("there is a panic")
                .call = call;
            call::begin(cx, pc, base)
        }
    }
}

/// A frame for `func` in the out area of the frame at `below`, which executes `pc`.
fn push_frame(
    cx: &mut Ctx<'_>,
    pc: *const Op,
    below: u32,
    func: usize,
    return_pc: *const Op,
) -> Result<(*const Op, *mut u64), Next> {
    let callee = cx.vm.image().funcs[func];
    let window = super::conc::window(cx.vm, pc);
    // SAFETY: the goroutine is ours; the frame lies in the room made for it.
    unsafe {
        cx.g.set_base(cx.g.stack().add(below as usize));
        if cx
            .g
            .grow_stack(
                below as usize + window + callee.frame_size as usize,
                cx.vm.max_stack(),
            )
            .is_err()
        {
            cx.vm.report_fatal(super::call::STACK_OVERFLOW, cx.m, cx.g);
            return Err(Next::Leave(cx.vm.failed(cx.g)));
        }
        let base = cx.g.base().add(window);
        *base.sub(2) = return_pc as u64;
        *base.sub(1) = window as u64;
        debug_assert_eq!(FRAME_WORDS, 2);
        Ok((callee.code, base))
    }
}

/// A deferred call that a panic made has returned.
#[inline(never)]
pub(crate) fn deferred_returned(cx: &mut Ctx<'_>) -> Next {
    let u = unwind(cx.g);
    let panic = *u
        .panics
        .last()
        .expect("deferred calls of panics belong to one");
    if !panic.recovered {
        return continue_panic(cx);
    }
    u.panics.pop();
    // Panics whose deferred call lies above the frame that goes on are over, too; but a Goexit is taken up again.
    let mut goexit = false;
    while let Some(older) = u.panics.last() {
        if older.call <= panic.frame {
            break;
        }
        goexit |= older.goexit;
        u.panics.pop();
    }
    let image = cx.vm.image();
    let func = image
        .func_at(panic.frame_pc)
        .expect("defers lie in functions");
    let resume = cx.vm.program().funcs[func.index()]
        .recover_pc
        .expect("functions that defer have a way out");
    // SAFETY: the pc lies in the function's code, the base in the stack.
    let (pc, base) = unsafe {
        (
            image.funcs[func.index()].code.add(resume as usize),
            cx.g.stack().add(panic.frame as usize),
        )
    };
    if goexit {
        cx.g.set_pc(pc);
        cx.g.set_base(base);
        return start(cx, Iface::NIL, true);
    }
    Next::Go { pc, base }
}

/// Words for the next panic value, or everything is printed and the program over.
fn report_panic(cx: &mut Ctx<'_>) -> Next {
    let u = unwind(cx.g);
    u.printing = true;
    let values: Vec<Iface> = u
        .panics
        .iter()
        .filter(|p| !p.goexit)
        .map(|p| p.value)
        .collect();
    let last = *u.panics.last().expect("there is a panic");
    if let Some(&value) = values.get(u.texts.len()) {
        let func = cx.vm.program().well_known.panic_text.index();
        return match push_frame(
            cx,
            last.raised_pc,
            last.raised_base,
            func,
            cx.vm.image().panic_text_pc,
        ) {
            Err(next) => next,
            Ok((pc, base)) => {
                // SAFETY: the function's parameter is an interface.
                unsafe {
                    *base = u64::from(value.ty.0);
                    *base.add(1) = value.data;
                }
                Next::Go { pc, base }
            }
        };
    }
    let mut text = String::new();
    let panics: Vec<&Panic> = u.panics.iter().filter(|p| !p.goexit).collect();
    let mut i = 0;
    while i < panics.len() {
        if !text.is_empty() {
            text.push_str("\n\t");
        }
        text.push_str("panic: ");
        text.push_str(&u.texts[i].replace('\n', "\n\t"));
        if panics[i].recovered {
            let same = panics
                .get(i + 1)
                .is_some_and(|next| next.value == panics[i].value);
            text.push_str(if same {
                " [recovered, repanicked]"
            } else {
                " [recovered]"
            });
            if same {
                i += 1;
            }
        }
        i += 1;
    }
    text.push('\n');
    cx.g.set_pc(last.raised_pc);
    // SAFETY: the offset lies in the stack.
    cx.g.set_base(unsafe { cx.g.stack().add(last.raised_base as usize) });
    if cx.vm.config().traceback != Traceback::None {
        text.push('\n');
        text.push_str(&traceback::running(cx.vm, cx.g));
        text.push_str(&others_at_end(cx.vm, cx.m, cx.g));
    }
    let explain = cx.vm.config().explain.as_ref();
    if let (Some(explain), Some(last)) = (explain, unwind(cx.g).texts.last())
        && let Some(advice) = explain.advice(last)
    {
        text.push_str(&format!("\nhelp: {advice}\n"));
    }
    cx.vm.write_stderr(text.as_bytes());
    Next::Leave(cx.vm.failed(cx.g))
}

/// The library has put a panic value into words; they are in the out area.
#[inline(never)]
pub(crate) fn text_returned(cx: &mut Ctx<'_>) -> Next {
    let raised_pc = unwind(cx.g)
        .panics
        .last()
        .expect("there is a panic")
        .raised_pc;
    let window = super::conc::window(cx.vm, raised_pc);
    // SAFETY: the function's result is a string.
    let text = unsafe {
        Str {
            ptr: *cx.g.base().add(window),
            len: *cx.g.base().add(window + 1),
        }
    };
    let text = String::from_utf8_lossy(text.bytes()).into_owned();
    unwind(cx.g).texts.push(text);
    report_panic(cx)
}

/// `defer closure()` in the current frame, at the saved pc.
#[inline(never)]
pub(crate) fn push_defer(cx: &mut Ctx<'_>, closure: u64) {
    let (base, pc) = (base_offset(cx.g), cx.g.pc());
    unwind(cx.g).defers.push(Defer {
        closure,
        list: false,
        base,
        pc,
    });
}

/// Defers the closures of the slice in the cell `list` in the current frame, at the saved pc.
#[inline(never)]
pub(crate) fn push_defer_list(cx: &mut Ctx<'_>, list: u64) {
    let (base, pc) = (base_offset(cx.g), cx.g.pc());
    unwind(cx.g).defers.push(Defer {
        closure: list,
        list: true,
        base,
        pc,
    });
}

/// Takes the last deferred closure off the stack; if a frame is given, only one of that frame.
fn next_defer(u: &mut Unwind, base: Option<u32>) -> Option<Defer> {
    loop {
        let last = *u.defers.last()?;
        if base.is_some_and(|base| last.base != base) {
            return None;
        }
        if !last.list {
            return u.defers.pop();
        }
        let cell = last.closure as *mut u64;
        // SAFETY: the cell of a list holds a slice of closures.
        unsafe {
            let (ptr, len_cap) = word::load_pair(cell);
            let len = super::slice::len_of((ptr, len_cap));
            if len > 0 {
                word::store_pair(cell, ptr, len_cap - 1);
                return Some(Defer {
                    closure: word::load((ptr as *const u64).add(len as usize - 1)),
                    list: false,
                    ..last
                });
            }
        }
        u.defers.pop();
    }
}

/// Takes the current frame's last deferred closure off the stack.
#[inline(never)]
pub(crate) fn pop_defer(cx: &mut Ctx<'_>) -> Option<u64> {
    let base = base_offset(cx.g);
    next_defer(unwind(cx.g), Some(base)).map(|defer| defer.closure)
}

/// `recover()` in the current frame: only the function that a panic called gets the value, wrappers not counted.
#[inline(never)]
pub(crate) fn recover(cx: &mut Ctx<'_>) -> Iface {
    // SAFETY: the goroutine is ours.
    let Some(u) = (unsafe { cx.g.unwind() }) else {
        return Iface::NIL;
    };
    let Some(panic) = u.panics.last_mut() else {
        return Iface::NIL;
    };
    if panic.goexit || panic.recovered || panic.call == 0 {
        return Iface::NIL;
    }
    let is_wrapper = |pc: *const Op| {
        let func = cx.vm.image().func_at(pc);
        func.is_some_and(|f| cx.vm.program().funcs[f.index()].wrapper)
    };
    if is_wrapper(cx.g.pc()) {
        // `defer recover()`: there is no function that the panic called.
        return Iface::NIL;
    }
    let mut base = base_offset(cx.g);
    while base != panic.call {
        // SAFETY: every frame has its two words below the base.
        let (pc, delta) = unsafe {
            let at = cx.g.stack().add(base as usize);
            (*at.sub(2) as *const Op, *at.sub(1) as u32)
        };
        if !is_wrapper(pc) || delta == 0 {
            return Iface::NIL;
        }
        base -= delta;
    }
    panic.recovered = true;
    panic.value
}
