//! Natives of `runtime/debug`.

use crate::package::Natives;
use minigo_vm::native::{Call, Outcome};

pub(crate) const NATIVES: Natives = &[
    ("FreeOSMemory", free_memory),
    ("setGCPercent", set_gc_percent),
    ("SetMemoryLimit", set_memory_limit),
    ("SetMaxStack", set_max_stack),
    ("SetMaxThreads", set_max_threads),
];

fn free_memory(call: &mut Call<'_>) -> Outcome {
    call.free_memory();
    Outcome::Done
}

fn set_gc_percent(call: &mut Call<'_>) -> Outcome {
    let percent = call.int(0);
    let wanted = u32::try_from(percent)
        .ok()
        .or((percent > 0).then_some(u32::MAX));
    let old = call.set_gc_percent(wanted);
    call.set_int(0, old.map_or(-1, i64::from));
    Outcome::Done
}

fn set_memory_limit(call: &mut Call<'_>) -> Outcome {
    let limit = call.int(0);
    let old = call.set_memory_limit(limit);
    call.set_int(0, old);
    Outcome::Done
}

fn set_max_stack(call: &mut Call<'_>) -> Outcome {
    let bytes = usize::try_from(call.int(0)).unwrap_or(0);
    let old = call.set_max_stack(bytes);
    call.set_int(0, old as i64);
    Outcome::Done
}

fn set_max_threads(call: &mut Call<'_>) -> Outcome {
    // Go keeps the number in 32 bits.
    let threads = call.int(0).clamp(0, i64::from(i32::MAX));
    let old = call.set_max_threads(threads as usize);
    call.set_int(0, old as i64);
    Outcome::Done
}
