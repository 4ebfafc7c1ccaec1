//! `go`, channels and `select`: between ops and the scheduler's functions.
//!
//! The interpreter has saved pc (the op behind) and base before it comes here: a goroutine that parks may run on another
//! machine before these functions return.

use super::{Ctx, OpResult, Stop, object};
use crate::Vm;
use crate::chan::{self, select::SelectCase};
use crate::error::RuntimeError;
use crate::goroutine::Outcome;
use crate::sched::Entry;
use minigo_bytecode::{FRAME_WORDS, FuncId, Op, ShapeId, TypeKind};
use smallvec::SmallVec;

/// What became of an operation that may park.
pub(crate) enum Done {
    Go,
    Parked,
    Stop(Box<Stop>),
}

fn done(outcome: Outcome) -> Done {
    match outcome {
        Outcome::Done => Done::Go,
        Outcome::Parked => Done::Parked,
        Outcome::Panic(text) => Done::Stop(RuntimeError::plain(text).into()),
        Outcome::Fatal(text) => Done::Stop(Box::new(Stop::Fatal(text.into()))),
    }
}

/// `make(chan T, size)`; `ty` is the channel type.
#[inline(never)]
pub(crate) fn make_chan(cx: &mut Ctx<'_>, ty: u32, size: i64, at: *const Op) -> OpResult<u64> {
    let types = &cx.vm.program().types;
    let TypeKind::Chan { elem, .. } = types[ty as usize].kind else {
        panic!("internal error: MakeChan of another type");
    };
    let elem = &types[elem.index()];
    let words = elem.words.len();
    let size = usize::try_from(size)
        .ok()
        .filter(|&n| n.saturating_mul(words.max(1)) < 1 << 40);
    let Some(size) = size else {
        return Err(RuntimeError::plain("makechan: size out of range").into());
    };
    let chan = object(cx, cx.vm.chan_shape(), chan::HEADER_WORDS * 8)?;
    let buffer = if size * words == 0 {
        std::ptr::null_mut()
    } else {
        let shape = if elem.indirect {
            ShapeId::PTR
        } else {
            elem.elem_shape
        };
        object(cx, shape, size * words * 8)?
    };
    // SAFETY: both objects are new and have these sizes.
    unsafe { chan::init(chan, buffer, words, size, at) };
    Ok(chan as u64)
}

/// `chan <- value`.
///
/// # Safety
/// `value` are registers of the running frame that hold an element; `chan` is nil or a channel.
#[inline(never)]
pub(crate) unsafe fn send(cx: &mut Ctx<'_>, chan: u64, value: *mut u64) -> Done {
    // SAFETY: by the function's contract; pc and base are saved.
    done(unsafe { chan::send(cx.m, cx.g, chan as *mut u64, value) })
}

/// `dst, ok = <-chan`.
///
/// # Safety
/// As for [`send`].
#[inline(never)]
pub(crate) unsafe fn recv(
    cx: &mut Ctx<'_>,
    chan: u64,
    dst: *mut u64,
    ok: Option<*mut u64>,
) -> Done {
    // SAFETY: by the function's contract; pc and base are saved.
    done(unsafe {
        chan::recv(
            cx.m,
            cx.g,
            chan as *mut u64,
            dst,
            ok.unwrap_or(std::ptr::null_mut()),
        )
    })
}

/// `close(chan)`.
#[inline(never)]
pub(crate) fn close(cx: &mut Ctx<'_>, chan: u64) -> OpResult<()> {
    // SAFETY: the word is nil or a channel.
    match done(unsafe { chan::close(cx.m, chan as *mut u64) }) {
        Done::Stop(stop) => Err(stop),
        Done::Go | Done::Parked => Ok(()),
    }
}

/// `len(chan)`.
#[inline(never)]
pub(crate) fn chan_len(chan: u64) -> u64 {
    // SAFETY: the word is nil or a channel.
    unsafe { chan::len(chan as *mut u64) as u64 }
}

/// `cap(chan)`.
#[inline(never)]
pub(crate) fn chan_cap(chan: u64) -> u64 {
    // SAFETY: the word is nil or a channel.
    unsafe { chan::cap(chan as *mut u64) as u64 }
}

/// The `count` case ops from `cases` on.
///
/// # Safety
/// `base` is the base of the running frame, whose registers the cases name.
#[inline(never)]
pub(crate) unsafe fn select(
    cx: &mut Ctx<'_>,
    base: *mut u64,
    cases: *const Op,
    count: usize,
    has_default: bool,
    index: *mut u64,
) -> Done {
    let list: SmallVec<[SelectCase; 8]> = (0..count)
        // SAFETY: the verifier proved that `count` case ops follow; registers as in the contract.
        .map(|i| unsafe {
            match *cases.add(i) {
                Op::SelectSend { chan, val } => SelectCase {
                    chan: *base.add(chan.index()) as *mut u64,
                    value: base.add(val.index()),
                    ok: std::ptr::null_mut(),
                    send: true,
                },
                Op::SelectRecv { chan, dst, ok } => SelectCase {
                    chan: *base.add(chan.index()) as *mut u64,
                    value: base.add(dst.index()),
                    ok: base.add(ok.index()),
                    send: false,
                },
                _ => panic!("internal error: a select without its cases"),
            }
        })
        .collect();
    // SAFETY: as above; pc and base are saved.
    done(unsafe { chan::select::select(cx.m, cx.g, &list, has_default, index) })
}

/// Start of the out area of the function that `pc` lies in.
#[inline(never)]
pub(crate) fn window(vm: &Vm, pc: *const Op) -> usize {
    let func = vm.image().func_at(pc).expect("ops lie in functions");
    vm.program().funcs[func.index()].registers.len() + FRAME_WORDS
}

/// `go func(args)`.
///
/// # Safety
/// `args` are the argument words of `func` in the out area.
#[inline(never)]
pub(crate) unsafe fn go(cx: &mut Ctx<'_>, func: FuncId, args: *const u64) {
    let entry = cx.vm.entry_of(func);
    let count = cx.vm.program().funcs[func.index()].params.len();
    // SAFETY: by the function's contract.
    unsafe { cx.m.spawn(cx.g, entry, args, count, cx.g.pc().add(1)) };
}

/// `go closure(args)`.
///
/// # Safety
/// `args` are `count` argument words in the out area, which has room for one more; `closure` is nil or a closure.
#[inline(never)]
pub(crate) unsafe fn go_closure(
    cx: &mut Ctx<'_>,
    closure: u64,
    args: *mut u64,
    count: usize,
) -> OpResult<()> {
    if closure == 0 {
        return Err(Box::new(Stop::Fatal("go of nil func value".into())));
    }
    // SAFETY: word 0 of a closure object is its function's id; the callee's frame has a register behind its parameters.
    unsafe {
        let func = FuncId(*(closure as *const u64) as u32);
        let mut words: SmallVec<[u64; 16]> = std::slice::from_raw_parts(args, count).into();
        words.push(closure);
        let entry: Entry = cx.vm.entry_of(func);
        cx.m.spawn(cx.g, entry, words.as_ptr(), words.len(), cx.g.pc().add(1));
    }
    Ok(())
}
