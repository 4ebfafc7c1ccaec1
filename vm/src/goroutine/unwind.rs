//! Deferred calls and panics of a goroutine. Allocated when it first defers or panics; what is done with them is in
//! `interp/unwind.rs`.

use crate::reflect::Iface;

/// The defer stack and the panics in flight.
#[derive(Default, Debug)]
pub struct Unwind {
    /// Deferred closures, the last one on top.
    pub(crate) defers: Vec<Defer>,
    /// Panics whose deferred calls are running, the latest on top.
    pub(crate) panics: Vec<Panic>,
    /// Texts of the panics' values, collected when nothing has recovered them.
    pub(crate) texts: Vec<String>,
    /// They are being collected: the program is over.
    pub(crate) printing: bool,
}

/// A deferred call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defer {
    /// The closure to call, or 0; for a list the cell that holds the slice of closures.
    pub(crate) closure: u64,
    /// Stands for all closures of a list, the last one on top.
    pub(crate) list: bool,
    /// The frame that deferred it, as the offset of its base in words.
    pub(crate) base: u32,
    /// The `Defer` op, which tells the function.
    pub(crate) pc: *const minigo_bytecode::Op,
}

/// A panic (or `runtime.Goexit`) on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panic {
    pub(crate) value: Iface,
    pub(crate) goexit: bool,
    pub(crate) recovered: bool,
    /// Base offset of the deferred call that runs for it; 0 before the first.
    pub(crate) call: u32,
    /// Base offset of the frame whose deferred call that is, and its `Defer` op.
    pub(crate) frame: u32,
    pub(crate) frame_pc: *const minigo_bytecode::Op,
    /// Where it was raised: pc and base offset.
    pub(crate) raised_pc: *const minigo_bytecode::Op,
    pub(crate) raised_base: u32,
}

impl Unwind {
    /// Calls `pointer` with each pointer word (0 included) and `interface` with each interface.
    pub(crate) fn visit_roots(
        &self,
        mut pointer: impl FnMut(u64),
        mut interface: impl FnMut(Iface),
    ) {
        for defer in &self.defers {
            pointer(defer.closure);
        }
        for panic in &self.panics {
            interface(panic.value);
        }
    }
}
