//! All goroutines there are.
//!
//! Cells come in slabs that are never given back while the scheduler lives, so the world's
//! goroutines can be enumerated and a stale pointer stays a pointer to some goroutine. A slab's cells are
//! initialised when they are first handed out: a page that no goroutine ever lived in is never touched.

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::{Goroutine, GoroutinePtr};
use crate::sched::run_queue::GoroutineList;
use crate::sync::Mutex;
use crate::sync::raw::{AtomicUsize, Ordering::Relaxed};

#[cfg(not(loom))]
const SLAB_CELLS: usize = 256;
#[cfg(loom)]
const SLAB_CELLS: usize = 4;
/// Cells that a processor takes or gives at once.
const BATCH: usize = if SLAB_CELLS > 64 { 64 } else { 2 };

struct Slab {
    cells: Box<[MaybeUninit<Goroutine>]>,
    /// Cells handed out at least once, and so initialised.
    used: usize,
}

struct Cells {
    slabs: Vec<Slab>,
    free: GoroutineList,
}

/// The cells of one scheduler's goroutines.
pub(crate) struct Table {
    cells: Mutex<Cells>,
}

impl Table {
    pub(crate) fn new() -> Table {
        Table {
            cells: Mutex::new(Cells {
                slabs: Vec::new(),
                free: GoroutineList::new(),
            }),
        }
    }

    /// Fills an empty free list of a processor.
    pub(crate) fn take_batch(&self, list: &mut GoroutineList) {
        let mut cells = self.cells.lock();
        while list.len() < BATCH {
            let Some(g) = cells.free.pop() else { break };
            list.push(g);
        }
        while list.len() < BATCH {
            let full = cells
                .slabs
                .last()
                .is_none_or(|slab| slab.used == SLAB_CELLS);
            if full {
                let slab = Box::<[Goroutine]>::new_uninit_slice(SLAB_CELLS);
                cells.slabs.push(Slab {
                    cells: slab,
                    used: 0,
                });
            }
            let Some(slab) = cells.slabs.last_mut() else {
                break;
            };
            let g = NonNull::from(slab.cells[slab.used].write(Goroutine::new()));
            slab.used += 1;
            // SAFETY: just written, and its slab lives as long as the table.
            let cell = unsafe { g.as_ref() };
            cell.waiter.g.set(cell);
            cell.reset_stack();
            list.push(g);
        }
    }

    /// Takes what a processor's free list has too much of.
    pub(crate) fn give_batch(&self, list: &mut GoroutineList) {
        if list.len() <= 2 * BATCH {
            return;
        }
        let mut given = GoroutineList::new();
        while list.len() > BATCH {
            let Some(g) = list.pop() else { break };
            given.push(g);
        }
        self.cells.lock().free.append(&mut given);
    }

    /// Calls `visit` with every goroutine that ever was, dead ones included.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Goroutine)) {
        let cells = self.cells.lock();
        for slab in &cells.slabs {
            for cell in &slab.cells[..slab.used] {
                // SAFETY: the first `used` cells are initialised.
                visit(unsafe { cell.assume_init_ref() });
            }
        }
    }
}

impl Table {
    /// Calls `visit` with the goroutines of slabs whose turn it is: threads with a common `next` share all of them. New goroutines
    /// are not made meanwhile.
    pub(crate) fn for_some(&self, next: &AtomicUsize, mut visit: impl FnMut(&Goroutine)) {
        // Relaxed: only the number matters; who stopped the world has ordered the rest.
        while let Some((first, used)) = self.slab(next.fetch_add(1, Relaxed)) {
            for i in 0..used {
                // SAFETY: the first `used` cells are initialised, and slabs live as long as the table.
                visit(unsafe { (*first.add(i)).assume_init_ref() });
            }
        }
    }

    fn slab(&self, number: usize) -> Option<(*const MaybeUninit<Goroutine>, usize)> {
        let cells = self.cells.lock();
        let slab = cells.slabs.get(number)?;
        Some((slab.cells.as_ptr(), slab.used))
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let cells = &mut *self.cells.lock();
        for slab in &mut cells.slabs {
            for cell in &mut slab.cells[..slab.used] {
                // SAFETY: the first `used` cells are initialised; nobody runs any more.
                unsafe {
                    cell.assume_init_ref().reset_stack();
                    cell.assume_init_drop();
                }
            }
        }
    }
}

/// The goroutine behind a pointer. The result must not outlive the scheduler.
#[inline(always)]
pub(crate) fn deref<'a>(g: GoroutinePtr) -> &'a Goroutine {
    // SAFETY: cells are never given back while the scheduler lives.
    unsafe { g.as_ref() }
}
