//! Deferred calls and panics of a goroutine. Allocated when it first defers or panics.

/// The defer stack and the panics in flight.
#[derive(Default, Debug)]
pub struct Unwind {
    /// Deferred closures, the last one on top.
    pub defers: Vec<Defer>,
}

/// A deferred call.
#[derive(Clone, Copy, Debug)]
pub struct Defer {
    /// The closure to call, or 0.
    pub closure: u64,
    /// The frame that deferred it, as the offset of its base in words.
    pub base: u32,
}

impl Unwind {
    /// Calls `visit` with every word that is a pointer (0 included).
    pub fn visit_roots(&self, mut visit: impl FnMut(u64)) {
        for defer in &self.defers {
            visit(defer.closure);
        }
    }
}
