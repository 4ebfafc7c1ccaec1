//! Natives of `runtime`.

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
    ("Caller", caller),
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

/// `func Caller(skip int) (pc uintptr, file string, line int, ok bool)`
fn caller(call: &mut Call<'_>) -> Outcome {
    let found = usize::try_from(call.int(0))
        .ok()
        .and_then(|depth| call.caller(depth));
    let (file, line) = found.as_ref().map_or(("", 0), |found| (&found.1, found.2));
    call.set_str(1, file.as_bytes());
    call.set_int(3, line.into());
    call.set_bool(4, found.is_some());
    // A number that names no instruction: nothing here could look it up.
    call.set_int(0, i64::from(found.is_some()));
    Outcome::Done
}
