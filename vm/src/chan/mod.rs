//! Channels.

pub mod select;

use crate::goroutine::{Goroutine, Outcome};
use crate::sched::Machine;

/// Bytes of a channel's header object, all scalar to the collector but for word [`BUFFER_WORD`].
pub const HEADER_WORDS: usize = 10;
/// The header's one pointer: the buffer object, or nil.
pub const BUFFER_WORD: usize = 0;

/// Fills in a new channel's header.
///
/// # Safety
/// `chan` is a new zeroed object of [`HEADER_WORDS`] words; `buffer` is an object of at least `cap * elem_words` words, or null if that is 0.
pub unsafe fn init(
    _m: &mut Machine,
    _chan: *mut u64,
    _buffer: *mut u64,
    _elem_words: usize,
    _cap: usize,
) {
    unimplemented!()
}

/// `chan <- value`.
///
/// # Safety
/// `chan` is null or a channel; `value` has its element's words; pc and base are saved.
pub unsafe fn send(_m: &mut Machine, _g: &Goroutine, _chan: *mut u64, _value: *mut u64) -> Outcome {
    unimplemented!()
}

/// `dst, ok = <-chan`; `dst` and `ok` may be null (value or flag not wanted).
///
/// # Safety
/// As for [`send`].
pub unsafe fn recv(
    _m: &mut Machine,
    _g: &Goroutine,
    _chan: *mut u64,
    _dst: *mut u64,
    _ok: *mut u64,
) -> Outcome {
    unimplemented!()
}

/// `close(chan)`.
///
/// # Safety
/// `chan` is null or a channel.
pub unsafe fn close(_m: &mut Machine, _chan: *mut u64) -> Outcome {
    unimplemented!()
}

/// `len(chan)`.
///
/// # Safety
/// `chan` is null or a channel.
pub unsafe fn len(_chan: *mut u64) -> usize {
    unimplemented!()
}

/// `cap(chan)`.
///
/// # Safety
/// `chan` is null or a channel.
pub unsafe fn cap(_chan: *mut u64) -> usize {
    unimplemented!()
}
