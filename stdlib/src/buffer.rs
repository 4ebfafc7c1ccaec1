//! Memory to read into: a program's own cannot be written while another machine may collect garbage.

use std::cell::RefCell;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Keeps larger buffers from staying.
const KEPT: usize = 256 * 1024;

/// Gives `work` this many bytes, whose contents are whatever was there before.
pub(crate) fn with_buffer<R>(len: usize, work: impl FnOnce(&mut [u8]) -> R) -> R {
    BUFFER.with_borrow_mut(|buffer| {
        if buffer.len() < len {
            buffer.resize(len, 0);
        }
        let result = work(&mut buffer[..len]);
        if buffer.len() > KEPT {
            *buffer = Vec::new();
        }
        result
    })
}
