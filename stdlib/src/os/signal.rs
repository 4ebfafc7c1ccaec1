//! Natives of `os/signal`. A signal's handler notes it and wakes the goroutine that waits for signals.

use crate::package::Natives;
use minigo_vm::native::{Call, Outcome};
use minigo_vm::signal;
use signal_hook::consts::FORBIDDEN;
use signal_hook::iterator::{Handle, Signals};
use std::sync::{Mutex, OnceLock, PoisonError};

pub(crate) const NATIVES: Natives = &[
    ("catch", catch),
    ("wait", wait),
    ("ignore", |call| on_signal(call, signal::ignore)),
    ("heed", |call| on_signal(call, signal::heed)),
    ("isIgnored", |call| {
        call.set_bool(0, signal::is_ignored(call.int(0) as i32));
        Outcome::Done
    }),
    ("byDefault", by_default),
];

/// Signals are the process's, so there is one of these. None where the system refuses.
fn caught() -> Option<&'static (Handle, Mutex<Signals>)> {
    static CAUGHT: OnceLock<Option<(Handle, Mutex<Signals>)>> = OnceLock::new();
    CAUGHT
        .get_or_init(|| {
            let signals = Signals::new([0; 0]).ok()?;
            Some((signals.handle(), Mutex::new(signals)))
        })
        .as_ref()
}

/// `func catch(n int)`
fn catch(call: &mut Call<'_>) -> Outcome {
    let signal = call.int(0) as i32;
    if signal > 0
        && !FORBIDDEN.contains(&signal)
        && let Some((handle, _)) = caught()
    {
        // Numbers that are no signals, or are the C library's own, cannot be caught: nobody can send them either.
        let _ = handle.add_signal(signal);
    }
    Outcome::Done
}

/// Does something with the signal in argument word 0.
fn on_signal(call: &mut Call<'_>, operation: fn(i32)) -> Outcome {
    operation(call.int(0) as i32);
    Outcome::Done
}

/// `func wait() int`
fn wait(call: &mut Call<'_>) -> Outcome {
    let signal = match caught() {
        None => None,
        Some((_, signals)) => {
            let mut signals = signals.lock().unwrap_or_else(PoisonError::into_inner);
            if call.is_seeded() {
                signals.pending().next()
            } else {
                call.block(|| signals.forever().next())
            }
        }
    };
    call.set_int(0, signal.map_or(-1, i64::from));
    Outcome::Done
}

/// `func byDefault(n int)`
fn by_default(call: &mut Call<'_>) -> Outcome {
    call.vm.flush_stdout();
    // It fails for signals that do nothing.
    let _ = signal_hook::low_level::emulate_default_handler(call.int(0) as i32);
    Outcome::Done
}
