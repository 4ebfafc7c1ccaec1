//! The process's allocator: the system's, but where that has no memory the program ends in Go's words instead of by SIGABRT.
//!
//! Only the binary installs it. The heap of Go objects does not come from here: see `heap`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;

/// To be made the `#[global_allocator]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocator;

/// Allocates nothing itself.
#[cold]
fn out_of_memory() -> ! {
    // Nobody is left to tell when writing fails.
    let _ = std::io::stderr().write_all(b"fatal error: runtime: out of memory\n");
    std::process::exit(2)
}

fn given(memory: *mut u8) -> *mut u8 {
    if memory.is_null() {
        out_of_memory()
    }
    memory
}

// SAFETY: everything is the system allocator's work.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is the system allocator's.
        given(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        given(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as in `alloc`.
        given(unsafe { System.realloc(memory, layout, size) })
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}
