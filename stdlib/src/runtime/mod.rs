//! Natives of `runtime`.

pub(crate) mod debug;

use crate::fmt::describe::{describe, print_form};
use crate::package::Natives;
use minigo_vm::error::RuntimeError;
use minigo_vm::native::{Call, Outcome};

pub(crate) const NATIVES: Natives = &[
    ("GOMAXPROCS", gomaxprocs),
    ("NumCPU", num_cpu),
    ("NumGoroutine", num_goroutine),
    ("Gosched", |_| Outcome::Yield),
    ("Goexit", |_| Outcome::Goexit),
    ("GC", gc),
    ("Stack", stack),
    ("Caller", caller),
    ("Callers", callers),
    ("symbolOf", symbol_of),
    ("memStat", mem_stat),
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

fn mem_stat(call: &mut Call<'_>) -> Outcome {
    let stats = call.heap_stats();
    let value = match call.int(0) {
        0 => stats.in_use_bytes,
        1 => stats.allocated_bytes,
        2 => stats.reserved_bytes,
        3 => stats.allocated_objects,
        4 => stats.allocated_objects.saturating_sub(stats.live_objects),
        _ => stats.collections,
    };
    call.set_word(0, value);
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
