//! Memory operations that are loops.

use crate::value::word;

/// Zeroes `bytes` (a multiple of 8) of heap memory, two-word values in one access.
///
/// # Safety
/// `at` is the 8-byte aligned address of at least that many bytes of a live object.
#[inline(never)]
pub(crate) unsafe fn zero(at: *mut u64, bytes: usize) {
    let mut at = at;
    // SAFETY: by the function's contract every access below lies within the object.
    unsafe {
        let end = at.add(bytes / 8);
        while at < end {
            if (at as usize).is_multiple_of(16) && at.add(1) < end {
                word::store_pair(at, 0, 0);
                at = at.add(2);
            } else {
                word::store(at, 0);
                at = at.add(1);
            }
        }
    }
}
