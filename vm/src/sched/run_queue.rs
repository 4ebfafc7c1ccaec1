//! Queues of runnable goroutines: one a processor, and the global one.
//!
//! The processor's is crossbeam's deque, whose owner pushes at one end while it and thieves take
//! from the other, without locks. Under loom it is a locked queue: the deque has its own tests, our protocols around
//! it are what is modelled.

use std::ptr::NonNull;

use crate::goroutine::{Goroutine, GoroutinePtr};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};

pub(crate) use imp::RunQueue;

/// Goroutines in a processor's queue beyond which half go to the global queue.
pub(crate) const LOCAL_LIMIT: usize = 256;

/// What queues hold. It may be sent to another thread: being in a queue is being handed over.
#[derive(Clone, Copy)]
pub(crate) struct Runnable(pub(crate) GoroutinePtr);

// SAFETY: whoever takes it out of the queue becomes the goroutine's one holder.
unsafe impl Send for Runnable {}

#[cfg(not(loom))]
mod imp {
    use super::{GoroutinePtr, Runnable};
    use crossbeam_deque::{Steal, Stealer, Worker};

    /// First in, first out, with thieves.
    pub(crate) struct RunQueue {
        worker: Worker<Runnable>,
        stealer: Stealer<Runnable>,
    }

    // SAFETY: `push`, `pop` and `steal_into`'s destination are the owner's, by their contracts; the rest goes
    // through the stealer.
    unsafe impl Sync for RunQueue {}

    impl RunQueue {
        pub(crate) fn new() -> RunQueue {
            let worker = Worker::new_fifo();
            let stealer = worker.stealer();
            RunQueue { worker, stealer }
        }

        /// # Safety
        /// Only the processor's holder may call this.
        #[inline]
        pub(crate) unsafe fn push(&self, g: GoroutinePtr) {
            self.worker.push(Runnable(g));
        }

        /// # Safety
        /// Only the processor's holder may call this.
        #[inline]
        pub(crate) unsafe fn pop(&self) -> Option<GoroutinePtr> {
            if self.worker.is_empty() {
                return None;
            }
            self.worker.pop().map(|g| g.0)
        }

        #[inline]
        pub(crate) fn len(&self) -> usize {
            self.stealer.len()
        }

        #[inline]
        pub(crate) fn is_empty(&self) -> bool {
            self.stealer.is_empty()
        }

        /// Takes half (at most 32) of this queue: one is returned, the others go to `own`.
        ///
        /// # Safety
        /// Only the holder of the processor of `own` may call this.
        pub(crate) unsafe fn steal_into(&self, own: &RunQueue) -> Option<GoroutinePtr> {
            loop {
                match self.stealer.steal_batch_and_pop(&own.worker) {
                    Steal::Success(g) => return Some(g.0),
                    Steal::Empty => return None,
                    Steal::Retry => std::hint::spin_loop(),
                }
            }
        }
    }
}

#[cfg(loom)]
mod imp {
    use super::{GoroutinePtr, Runnable};
    use crate::sync::Mutex;
    use std::collections::VecDeque;

    /// First in, first out, with thieves, by a lock.
    pub(crate) struct RunQueue(Mutex<VecDeque<Runnable>>);

    impl RunQueue {
        pub(crate) fn new() -> RunQueue {
            RunQueue(Mutex::new(VecDeque::new()))
        }

        /// # Safety
        /// None needed; the signature is the other implementation's.
        pub(crate) unsafe fn push(&self, g: GoroutinePtr) {
            self.0.lock().push_back(Runnable(g));
        }

        /// # Safety
        /// None needed; the signature is the other implementation's.
        pub(crate) unsafe fn pop(&self) -> Option<GoroutinePtr> {
            self.0.lock().pop_front().map(|g| g.0)
        }

        pub(crate) fn len(&self) -> usize {
            self.0.lock().len()
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.0.lock().is_empty()
        }

        /// # Safety
        /// None needed; the signature is the other implementation's.
        pub(crate) unsafe fn steal_into(&self, own: &RunQueue) -> Option<GoroutinePtr> {
            let mut stolen: Vec<_> = {
                let mut queue = self.0.lock();
                let half = queue.len().div_ceil(2);
                queue.drain(..half).collect()
            };
            let last = stolen.pop();
            own.0.lock().extend(stolen);
            last.map(|g| g.0)
        }
    }
}

/// Goroutines linked through their `link`, in order.
pub(crate) struct GoroutineList {
    first: Option<GoroutinePtr>,
    last: Option<GoroutinePtr>,
    len: usize,
}

// SAFETY: being in a list is being handed over; the list's holder holds them all.
unsafe impl Send for GoroutineList {}

impl GoroutineList {
    pub(crate) const fn new() -> GoroutineList {
        GoroutineList {
            first: None,
            last: None,
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Puts one at the end; the caller was its holder.
    pub(crate) fn push(&mut self, g: GoroutinePtr) {
        link(g).link.set(None);
        match self.last {
            Some(last) => link(last).link.set(Some(g)),
            None => self.first = Some(g),
        }
        self.last = Some(g);
        self.len += 1;
    }

    /// Puts one at the front; the caller was its holder.
    pub(crate) fn push_front(&mut self, g: GoroutinePtr) {
        link(g).link.set(self.first);
        if self.first.is_none() {
            self.last = Some(g);
        }
        self.first = Some(g);
        self.len += 1;
    }

    /// Takes the first; the caller becomes its holder.
    pub(crate) fn pop(&mut self) -> Option<GoroutinePtr> {
        let g = self.first?;
        self.first = link(g).link.take();
        if self.first.is_none() {
            self.last = None;
        }
        self.len -= 1;
        Some(g)
    }

    /// Takes one out, wherever it is; the caller becomes its holder. False if it is not here.
    pub(crate) fn remove(&mut self, g: &Goroutine) -> bool {
        let before = self.len;
        let mut rest = GoroutineList::new();
        while let Some(next) = self.pop() {
            if !std::ptr::eq(next.as_ptr(), g) {
                rest.push(next);
            }
        }
        *self = rest;
        self.len < before
    }

    /// Moves all of `other` to the end.
    pub(crate) fn append(&mut self, other: &mut GoroutineList) {
        let Some(first) = other.first.take() else {
            return;
        };
        match self.last {
            Some(last) => link(last).link.set(Some(first)),
            None => self.first = Some(first),
        }
        self.last = other.last.take();
        self.len += std::mem::take(&mut other.len);
    }
}

/// The goroutine behind a pointer.
fn link<'a>(g: NonNull<Goroutine>) -> &'a Goroutine {
    // SAFETY: goroutines' cells live as long as the scheduler, which the lists are part of.
    unsafe { g.as_ref() }
}

/// Where the overflow of the processors' queues, the preempted, and those made ready by threads
/// without a processor wait.
pub(crate) struct GlobalQueue {
    list: Mutex<GoroutineList>,
    len: AtomicUsize,
}

impl GlobalQueue {
    pub(crate) fn new() -> GlobalQueue {
        GlobalQueue {
            list: Mutex::new(GoroutineList::new()),
            len: AtomicUsize::new(0),
        }
    }

    /// The length a moment ago.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        // SeqCst: with the fence in `wake_p` (after a push) and the count of idle processors (before the last look
        // of a machine that goes idle), one of the two sees the other.
        self.len.load(Ordering::SeqCst)
    }

    pub(crate) fn push(&self, g: GoroutinePtr) {
        let mut list = self.list.lock();
        list.push(g);
        self.len.store(list.len(), Ordering::SeqCst);
    }

    pub(crate) fn append(&self, others: &mut GoroutineList) {
        let mut list = self.list.lock();
        list.append(others);
        self.len.store(list.len(), Ordering::SeqCst);
    }

    /// Takes the first.
    pub(crate) fn pop(&self) -> Option<GoroutinePtr> {
        if self.len() == 0 {
            return None;
        }
        let mut list = self.list.lock();
        let g = list.pop();
        self.len.store(list.len(), Ordering::SeqCst);
        g
    }

    /// Takes a fair share for one of `procs` processors: one is returned, the others (at most `most`)
    /// go to `own`.
    ///
    /// # Safety
    /// The caller holds the processor of `own`.
    pub(crate) unsafe fn take_share(
        &self,
        own: &RunQueue,
        procs: usize,
        most: usize,
    ) -> Option<GoroutinePtr> {
        if self.len() == 0 {
            return None;
        }
        let mut list = self.list.lock();
        let first = list.pop()?;
        let share = (list.len() / procs).min(most);
        for _ in 0..share {
            let Some(g) = list.pop() else { break };
            // SAFETY: the caller holds the processor.
            unsafe { own.push(g) };
        }
        self.len.store(list.len(), Ordering::SeqCst);
        Some(first)
    }
}
