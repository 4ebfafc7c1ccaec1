//! Memory from the operating system: reserved with an alignment, touched lazily, given back.

#[cfg(not(miri))]
mod imp {
    use std::ptr::{NonNull, null_mut};

    /// Reserves `size` bytes of zeroed memory aligned to `align` (both multiples of the page size).
    /// Pages become resident when they are touched. `None` if the system has no room.
    pub(crate) fn reserve(size: usize, align: usize) -> Option<NonNull<u8>> {
        let at = map(size)?;
        if at.addr().get().is_multiple_of(align) {
            return Some(at);
        }
        // SAFETY: the range was mapped just now and nobody knows it.
        unsafe { release_range(at.as_ptr(), size) };
        let wide = size.checked_add(align)?;
        let at = map(wide)?;
        let start = at.addr().get().next_multiple_of(align);
        let before = start - at.addr().get();
        // SAFETY: both ranges are the ends of the new mapping, which nobody knows.
        unsafe {
            let base = at.as_ptr().add(before);
            if before > 0 {
                release_range(at.as_ptr(), before);
            }
            release_range(base.add(size), align - before);
            NonNull::new(base)
        }
    }

    fn map(size: usize) -> Option<NonNull<u8>> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new anonymous mapping at an address of the system's choice.
        let at = unsafe {
            libc::mmap(
                null_mut(),
                size,
                libc::PROT_READ | libc::PROT_WRITE,
                flags,
                -1,
                0,
            )
        };
        if at == libc::MAP_FAILED {
            None
        } else {
            NonNull::new(at.cast())
        }
    }

    unsafe fn release_range(at: *mut u8, size: usize) {
        if size > 0 {
            // SAFETY: by the caller's contract the range is mapped and unused.
            unsafe { libc::munmap(at.cast(), size) };
        }
    }

    /// Gives a reservation back.
    ///
    /// # Safety
    /// `at` and `size` must be from [`reserve`], and nothing may use the range any more.
    pub(crate) unsafe fn release(at: NonNull<u8>, size: usize, _align: usize) {
        // SAFETY: by the function's contract.
        unsafe { release_range(at.as_ptr(), size) };
    }

    /// Returns pages to the system; the range stays reserved and reads as zeroes from now on.
    ///
    /// # Safety
    /// The range must be whole pages of a reservation, and nobody may use it meanwhile.
    pub(crate) unsafe fn discard(at: *mut u8, size: usize) {
        // SAFETY: by the function's contract.
        unsafe { libc::madvise(at.cast(), size, libc::MADV_DONTNEED) };
    }
}

#[cfg(miri)]
mod imp {
    use std::alloc::{Layout, alloc_zeroed, dealloc};
    use std::ptr::NonNull;

    /// Reserves zeroed memory; see the real one.
    pub(crate) fn reserve(size: usize, align: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(size, align).ok()?;
        // SAFETY: the size is not zero.
        let at = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        let _ = at.as_ptr().expose_provenance();
        Some(at)
    }

    /// Gives a reservation back.
    ///
    /// # Safety
    /// As the real one.
    pub(crate) unsafe fn release(at: NonNull<u8>, size: usize, align: usize) {
        if let Ok(layout) = Layout::from_size_align(size, align) {
            // SAFETY: by the function's contract.
            unsafe { dealloc(at.as_ptr(), layout) };
        }
    }

    /// Zeroes the range, as discarded pages read.
    ///
    /// # Safety
    /// As the real one.
    pub(crate) unsafe fn discard(at: *mut u8, size: usize) {
        // SAFETY: by the function's contract.
        unsafe { std::ptr::write_bytes(at, 0, size) };
    }
}

pub(crate) use imp::{discard, release, reserve};
