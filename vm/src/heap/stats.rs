//! Counters of a heap, for `runtime.MemStats` and `--stats`.

use std::time::Duration;

/// A snapshot of a heap's counters.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeapStats {
    /// Bytes allocated since the beginning (in whole pieces: a few KiB too many per P and class).
    pub allocated_bytes: u64,
    /// Objects allocated since the beginning, with the same reservation.
    pub allocated_objects: u64,
    /// Bytes and objects that the last collection found alive.
    pub live_bytes: u64,
    /// See `live_bytes`.
    pub live_objects: u64,
    /// Bytes at which the next collection begins.
    pub goal_bytes: u64,
    /// Bytes of objects that were alive at the last collection or allocated since.
    pub object_bytes: u64,
    /// Bytes of blocks in use.
    pub in_use_bytes: u64,
    /// Address space reserved.
    pub reserved_bytes: u64,
    /// Bytes of free blocks that are resident.
    pub idle_bytes: u64,
    /// Bytes returned to the system so far.
    pub released_bytes: u64,
    /// Collections done.
    pub collections: u64,
    /// Sum of all collections' pauses, and the longest and last one.
    pub pause_total: Duration,
    /// See `pause_total`.
    pub pause_max: Duration,
    /// See `pause_total`.
    pub pause_last: Duration,
}

impl std::fmt::Display for HeapStats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "heap: {} KiB in use, {} KiB allocated, {} collections, pauses {:?} in all, {:?} at most",
            self.in_use_bytes >> 10,
            self.allocated_bytes >> 10,
            self.collections,
            self.pause_total,
            self.pause_max
        )
    }
}
