//! Natives of `runtime`.

pub(crate) mod debug;

use crate::fmt::describe::{describe, print_form};
use crate::package::Natives;
use minigo_vm::error::RuntimeError;
use minigo_vm::native::{Call, Outcome};
use minigo_vm::reflect::Iface;

pub(crate) const NATIVES: Natives = &[
    ("GOMAXPROCS", gomaxprocs),
    ("NumCPU", num_cpu),
    ("NumGoroutine", num_goroutine),
    ("Gosched", |_| Outcome::Yield),
    ("Goexit", |_| Outcome::Goexit),
    ("GC", gc),
    ("setFinalizer", set_finalizer),
    ("addCleanup", add_cleanup),
    ("stopCleanup", stop_cleanup),
    ("nextDue", next_due),
    ("leaveDue", leave_due),
    ("Stack", stack),
    ("Caller", caller),
    ("Callers", callers),
    ("symbolOf", symbol_of),
    ("readMemStats", read_mem_stats),
    ("share", |call| {
        let bits = call.word(0);
        call.set_word(0, bits);
        Outcome::Done
    }),
    ("describe", describe),
    ("panicRange", panic_range),
    ("panicWrap", panic_wrap),
    ("printText", print_text),
    ("printForm", print_form),
];

fn gomaxprocs(call: &mut Call<'_>) -> Outcome {
    let n = call.int(0);
    let n = call.set_processors(n);
    call.set_int(0, n as i64);
    Outcome::Done
}

fn num_cpu(call: &mut Call<'_>) -> Outcome {
    let n = call.cpus();
    call.set_int(0, n as i64);
    Outcome::Done
}

fn num_goroutine(call: &mut Call<'_>) -> Outcome {
    let n = call.goroutines();
    call.set_int(0, n as i64);
    Outcome::Done
}

fn gc(call: &mut Call<'_>) -> Outcome {
    call.collect_garbage()
}

/// `setFinalizer(obj, finalizer any, caller func())`
fn set_finalizer(call: &mut Call<'_>) -> Outcome {
    let caller = call.word(4);
    call.set_finalizer(caller)
}

/// `addCleanup(ptr any, call func(), cleanup, arg any, caller func()) (number uint64, wrong string)`
fn add_cleanup(call: &mut Call<'_>) -> Outcome {
    let (pointer, cleanup, function) = (call.word(1), call.word(2), call.word(4));
    let (arg, caller) = (call.iface(5), call.word(7));
    let (number, wrong) = match call.add_cleanup(pointer, cleanup, function, arg, caller) {
        Ok(number) => (number, ""),
        Err(wrong) => (0, wrong),
    };
    call.set_word(0, number);
    call.set_str(1, wrong.as_bytes());
    Outcome::Done
}

fn stop_cleanup(call: &mut Call<'_>) -> Outcome {
    let number = call.word(0);
    call.stop_cleanup(number);
    Outcome::Done
}

/// `nextDue() (ofPointer func(*byte), ofInterface func(any), cleanup func(), pointer *byte, value any)`
fn next_due(call: &mut Call<'_>) -> Outcome {
    let due = call.next_due();
    let object = due.map_or(Iface::NIL, |due| due.object);
    call.set_word(0, due.map_or(0, |due| due.of_pointer));
    call.set_word(1, due.map_or(0, |due| due.of_interface));
    call.set_word(2, due.map_or(0, |due| due.cleanup));
    call.set_word(3, object.bits());
    call.set_iface(4, object);
    Outcome::Done
}

fn leave_due(call: &mut Call<'_>) -> Outcome {
    call.leave_due();
    Outcome::Done
}

/// `readMemStats(figures, pauses, ends []uint64)`: the figures in the order of their use.
fn read_mem_stats(call: &mut Call<'_>) -> Outcome {
    let figures = call.memory_figures();
    let heap = &figures.heap;
    let idle = heap.reserved_bytes.saturating_sub(heap.in_use_bytes);
    let words = [
        figures.in_use.0,
        figures.allocated.0,
        heap.reserved_bytes + figures.stack_bytes,
        figures.allocated.1,
        figures.allocated.1.saturating_sub(figures.in_use.1),
        heap.reserved_bytes,
        idle,
        heap.in_use_bytes,
        idle.saturating_sub(heap.idle_bytes),
        figures.stack_bytes,
        heap.goal_bytes,
        heap.pause_total.as_nanos() as u64,
        heap.collections,
        figures.forced,
        figures.collecting.to_bits(),
    ];
    for (i, word) in words.into_iter().enumerate() {
        call.set_word_element(0, i, word);
    }
    // Where Go puts that of a collection: at its number less one, in a ring.
    let room = call.slice_len(2);
    for (age, &(pause, end)) in figures.pauses.iter().rev().enumerate() {
        let at = (heap.collections as usize + room - 1 - age) % room;
        call.set_word_element(2, at, pause);
        call.set_word_element(4, at, end);
    }
    Outcome::Done
}

/// The panic of a value method that is called with a nil pointer.
fn panic_wrap(call: &mut Call<'_>) -> Outcome {
    let text = String::from_utf8_lossy(call.str(0)).into_owned();
    Outcome::Panic(RuntimeError::plain(text))
}

/// The panic of a misused loop over a function.
fn panic_range(call: &mut Call<'_>) -> Outcome {
    let text = String::from_utf8_lossy(call.str(0)).into_owned();
    Outcome::Panic(RuntimeError::new(text))
}

fn print_text(call: &mut Call<'_>) -> Outcome {
    call.write_stderr(call.str(0));
    Outcome::Done
}

/// `Stack(buf []byte, all bool) int`
fn stack(call: &mut Call<'_>) -> Outcome {
    let all = call.bool(2);
    let text = call.traceback(all);
    let written = call.write_bytes(0, text.as_bytes());
    call.set_int(0, written as i64);
    Outcome::Done
}

/// `Caller(skip int) (pc uintptr, file string, line int, ok bool)`
fn caller(call: &mut Call<'_>) -> Outcome {
    let skip = usize::try_from(call.int(0)).ok();
    let pc = skip.and_then(|skip| call.frames().get(skip).copied());
    let found = pc.and_then(|pc| Some((pc, call.symbol(pc)?)));
    let (pc, file, line) = match &found {
        Some((pc, symbol)) => (*pc, symbol.file.as_str(), symbol.line),
        None => (0, "", 0),
    };
    call.set_word(0, pc);
    call.set_str(1, file.as_bytes());
    call.set_int(3, i64::from(line));
    call.set_bool(4, found.is_some());
    Outcome::Done
}

/// `Callers(skip int, pc []uintptr) int`
fn callers(call: &mut Call<'_>) -> Outcome {
    // The function itself counts as a frame, which natives do not have.
    let skip = usize::try_from(call.int(0).saturating_sub(1)).unwrap_or(0);
    let frames = call.frames();
    let room = call.slice_len(1);
    let wanted = frames.iter().skip(skip).take(room);
    let mut count = 0;
    for &pc in wanted {
        call.set_word_element(1, count, pc);
        count += 1;
    }
    call.set_int(0, count as i64);
    Outcome::Done
}

/// `symbolOf(pc uintptr) (name, file string, line, first int, entry uintptr)`
fn symbol_of(call: &mut Call<'_>) -> Outcome {
    let pc = call.word(0);
    let symbol = call.symbol(pc);
    let (first, entry) = call.function_of(pc).unwrap_or_default();
    let (name, file, line) = match &symbol {
        Some(symbol) => (symbol.func.as_str(), symbol.file.as_str(), symbol.line),
        None => ("", "", 0),
    };
    call.set_str(0, name.as_bytes());
    call.set_str(2, file.as_bytes());
    call.set_int(4, i64::from(line));
    call.set_int(5, i64::from(first));
    call.set_word(6, entry);
    Outcome::Done
}
