//! One goroutine: its register stack, where it goes on, and why it waits.
//!
//! A goroutine is one cell of a slab: a header and the first words of its stack, together under
//! 320 bytes. Cells are never given back while the VM lives, so a stale `&Goroutine` (the
//! monitor's, say) still points to a goroutine, if perhaps to another one.
//!
//! **Ownership is the state machine.** A goroutine is held by exactly one of: the processor
//! running it, a run queue, a wait list (of a channel, a semaphore, a timer), a free list. Whoever
//! holds it may use everything that is in a `Cell`; everybody else only the atomics (`status`,
//! `limit`, `claim`). Handing it over publishes the cells: each queue and wait list is guarded by a
//! lock or by a Release/Acquire pair.
//!
//! **Parking.** All state of a goroutine is in its cell (Go calls never recurse on the Rust
//! stack), so the machine that parks it needs nothing from it afterwards: it stores pc and base, sets
//! `Waiting`, enqueues a waiter, releases the lock, and from then on must not touch it. A waker may
//! run it on another machine at once.

pub mod frame;
pub mod stack;
pub(crate) mod table;
pub mod unwind;
mod waiter;

use std::cell::{Cell, UnsafeCell};
use std::ptr::{self, NonNull};

use minigo_bytecode::op::Op;
use minigo_bytecode::program::FRAME_WORDS;

use crate::sched::Entry;
use crate::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering};
use crate::sync::raw;

pub use waiter::{WaitQueue, Waiter};

/// Words of stack inside a goroutine's own cell.
pub const INLINE_STACK_WORDS: usize = 21;

/// What a goroutine is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Status {
    /// Not in use: in a free list, never started.
    Idle,
    /// In a run queue.
    Runnable,
    /// Held by a processor.
    Running,
    /// In a wait list.
    Waiting,
    /// Ended, on its way to a free list.
    Dead,
}

/// Why a goroutine waits; the texts are Go's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum WaitReason {
    #[default]
    None,
    ChanReceive,
    ChanSend,
    ChanReceiveNil,
    ChanSendNil,
    Select,
    SelectNoCases,
    Sleep,
    MutexLock,
    RWMutexRLock,
    RWMutexLock,
    WaitGroupWait,
    CondWait,
    Semacquire,
    IoWait,
    /// A session keeps it from running.
    Frozen,
}

impl WaitReason {
    /// As a goroutine dump prints it.
    pub fn text(self) -> &'static str {
        match self {
            WaitReason::None => "waiting",
            WaitReason::ChanReceive => "chan receive",
            WaitReason::ChanSend => "chan send",
            WaitReason::ChanReceiveNil => "chan receive (nil chan)",
            WaitReason::ChanSendNil => "chan send (nil chan)",
            WaitReason::Select => "select",
            WaitReason::SelectNoCases => "select (no cases)",
            WaitReason::Sleep => "sleep",
            WaitReason::MutexLock => "sync.Mutex.Lock",
            WaitReason::RWMutexRLock => "sync.RWMutex.RLock",
            WaitReason::RWMutexLock => "sync.RWMutex.Lock",
            WaitReason::WaitGroupWait => "sync.WaitGroup.Wait",
            WaitReason::CondWait => "sync.Cond.Wait",
            WaitReason::Semacquire => "semacquire",
            WaitReason::IoWait => "IO wait",
            WaitReason::Frozen => "frozen",
        }
    }
}

/// What an operation that may block came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Completed; go on at the next op.
    Done,
    /// The goroutine is in a wait list and already may run elsewhere: return [`Exit::Parked`] to the
    /// scheduler without touching it. Its waker completes the operation.
    Parked,
    /// Raise a run-time panic with this text (without the prefix `runtime error: `).
    Panic(&'static str),
    /// Die of an error that cannot be recovered (`fatal error: ` and this text).
    Fatal(&'static str),
}

/// Why the interpreter came back from running a goroutine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// It is in a wait list; nobody here may touch it any more.
    Parked,
    /// [`crate::sched::Machine::safepoint`] said so: back of the global queue.
    Preempted,
    /// `runtime.Gosched`: back of the global queue.
    Yielded,
    /// Its first function returned. If it is the main goroutine, the program is over.
    Ended,
    /// It called `runtime.Goexit` and its deferred calls have run. The main goroutine's leaves the
    /// others running.
    Goexit,
    /// The program ends now with this exit code (`os.Exit`, an unrecovered panic, a fatal error;
    /// what there is to say has been printed).
    Exit(i32),
}

/// A goroutine. See the module's text for who may touch what.
// Cells begin at a cache line of their own: a running goroutine writes the registers at its cell's end all the time, and
// the next cell's header, with the limit that its goroutine reads at every call, must not share that line.
#[repr(C, align(64))]
pub struct Goroutine {
    /// Top of the stack as an address, or 0 to call the goroutine in at its next safepoint.
    limit: AtomicUsize,
    pc: Cell<*const Op>,
    stack: Cell<*mut u64>,
    base: Cell<u32>,
    capacity: Cell<u32>,
    /// The next one in a queue that links goroutines (global queue, free list).
    pub(crate) link: Cell<Option<NonNull<Goroutine>>>,
    /// Counts the waits of this goroutine; whoever moves it on from the value that a select
    /// enqueued its cases with has won the right to wake it.
    pub(crate) claim: AtomicU32,
    status: AtomicU8,
    reason: Cell<WaitReason>,
    /// What the scheduler has to do before it runs on.
    pub(crate) flags: Cell<u16>,
    /// Atomic for the sake of traces, which look at what runs.
    id: raw::AtomicU64,
    parent: Cell<u64>,
    created_at: Cell<*const Op>,
    /// When it began to wait, in seconds of the scheduler's clock plus one, as far as known.
    pub(crate) since: Cell<u32>,
    unwind: UnsafeCell<Option<Box<unwind::Unwind>>>,
    /// For waits that need only one.
    pub(crate) waiter: Waiter,
    inline: UnsafeCell<[u64; INLINE_STACK_WORDS]>,
}

// SAFETY: cells are used by the one holder only (see the module's text), which every hand-over
// publishes; the rest is atomic.
unsafe impl Sync for Goroutine {}
// SAFETY: nothing in it belongs to a thread.
unsafe impl Send for Goroutine {}

/// [`Goroutine::flags`]: woken out of a semaphore's queue to try again.
pub(crate) const RETRY_LOCK: u16 = 1;
/// [`Goroutine::flags`]: its send was woken by a `close`, and has to panic.
pub(crate) const SENDER_CLOSED: u16 = 2;
/// [`Goroutine::flags`]: a session wants it to end as by `runtime.Goexit` when it is run next.
pub(crate) const INTERRUPTED: u16 = 4;
/// [`Goroutine::flags`]: a session wants it to wait when it is run next.
pub(crate) const FROZEN: u16 = 8;
/// [`Goroutine::flags`]: a session wants it to end at once when it is run next, deferred calls undone.
pub(crate) const KILLED: u16 = 16;
/// [`Goroutine::flags`]: in a native that gave up its processor for a system call.
pub(crate) const IN_NATIVE: u16 = 32;
/// [`Goroutine::flags`]: calls finalizers; reports do not count it as one of the program's.
pub(crate) const FINALIZER: u16 = 64;
/// [`Goroutine::flags`]: its last system call took long.
pub(crate) const SLOW_CALL: u16 = 128;

impl Goroutine {
    /// A cell that is not in use.
    pub(crate) fn new() -> Goroutine {
        Goroutine {
            limit: AtomicUsize::new(0),
            pc: Cell::new(ptr::null()),
            stack: Cell::new(ptr::null_mut()),
            base: Cell::new(0),
            capacity: Cell::new(0),
            link: Cell::new(None),
            claim: AtomicU32::new(1),
            status: AtomicU8::new(Status::Idle as u8),
            reason: Cell::new(WaitReason::None),
            flags: Cell::new(0),
            id: raw::AtomicU64::new(0),
            parent: Cell::new(0),
            created_at: Cell::new(ptr::null()),
            since: Cell::new(0),
            unwind: UnsafeCell::new(None),
            waiter: Waiter::new(),
            inline: UnsafeCell::new([0; INLINE_STACK_WORDS]),
        }
    }

    /// Makes an unused goroutine start with `entry` when it is first run.
    ///
    /// # Safety
    /// The caller holds the goroutine. `args` is valid for `count` words and the entry's frame has room for them.
    pub(crate) unsafe fn start(
        &self,
        id: u64,
        parent: u64,
        created_at: *const Op,
        entry: Entry,
        args: *const u64,
        count: usize,
    ) -> Result<(), stack::StackOverflow> {
        // Relaxed, here and where it is read: just a number.
        self.id.store(id, Ordering::Relaxed);
        self.parent.set(parent);
        self.created_at.set(created_at);
        self.flags.set(0);
        self.pc.set(entry.pc);
        self.base.set(FRAME_WORDS as u32);
        let words = FRAME_WORDS + entry.frame_size as usize;
        // SAFETY: the caller holds the goroutine.
        unsafe { self.grow_stack(words, stack::MAX_STACK)? };
        let stack = self.stack.get();
        // SAFETY: the stack was made large enough for the frame, which holds the arguments.
        unsafe {
            *stack = entry.return_pc as u64;
            *stack.add(1) = 0;
            ptr::copy_nonoverlapping(args, stack.add(FRAME_WORDS), count);
        }
        Ok(())
    }

    /// Makes a goroutine that ended unused again.
    pub(crate) fn recycle(&self) {
        self.set_status(Status::Idle);
        // Waiters of the old life that are still looked at elsewhere carry older tickets.
        self.claim.fetch_add(1, Ordering::Relaxed);
        self.pc.set(ptr::null());
        if self.stack_is_grown() {
            self.reset_stack();
        }
        // SAFETY: the caller holds the goroutine.
        unsafe { *self.unwind() = None };
    }

    /// True once if the `send` that it was parked in met a `close`: the interpreter asks before it goes on, and
    /// panics with `send on closed channel` as if from the op before `pc`.
    #[inline(always)]
    pub fn take_send_on_closed(&self) -> bool {
        let flags = self.flags.get();
        self.flags.set(flags & !SENDER_CLOSED);
        flags & SENDER_CLOSED != 0
    }

    /// Where `limit` is, for the interpreter's checks: one past the last word of the stack as an
    /// address, or 0 when the goroutine is wanted at a safepoint.
    #[inline(always)]
    pub fn limit(&self) -> &AtomicUsize {
        &self.limit
    }

    /// One past the last word of the stack, whatever `limit` says.
    #[inline(always)]
    pub fn stack_end(&self) -> usize {
        self.stack.get().addr() + self.capacity.get() as usize * 8
    }

    /// The stack's first word.
    #[inline(always)]
    pub fn stack(&self) -> *mut u64 {
        self.stack.get()
    }

    /// The current frame's `R[0]`.
    #[inline(always)]
    pub fn base(&self) -> *mut u64 {
        // `base` is an index into the stack.
        self.stack.get().wrapping_add(self.base.get() as usize)
    }

    /// Saves where the current frame is.
    #[inline(always)]
    pub fn set_base(&self, base: *mut u64) {
        let words = (base.addr() - self.stack.get().addr()) / 8;
        self.base.set(words as u32);
    }

    /// The op to go on with.
    #[inline(always)]
    pub fn pc(&self) -> *const Op {
        self.pc.get()
    }

    /// Saves the op to go on with.
    #[inline(always)]
    pub fn set_pc(&self, pc: *const Op) {
        self.pc.set(pc);
    }

    /// Its number, from 1 (main).
    pub fn id(&self) -> u64 {
        self.id.load(Ordering::Relaxed)
    }

    /// The number of the goroutine that started it; 0 for main.
    pub fn parent(&self) -> u64 {
        self.parent.get()
    }

    /// The op after the `go` that started it; null for main.
    pub fn created_at(&self) -> *const Op {
        self.created_at.get()
    }

    /// What it is doing.
    pub fn status(&self) -> Status {
        // Relaxed: whoever acts on it holds the goroutine or has stopped the world.
        match self.status.load(Ordering::Relaxed) {
            0 => Status::Idle,
            1 => Status::Runnable,
            2 => Status::Running,
            3 => Status::Waiting,
            _ => Status::Dead,
        }
    }

    #[inline(always)]
    pub(crate) fn set_status(&self, status: Status) {
        // Relaxed: as in `status`.
        self.status.store(status as u8, Ordering::Relaxed);
    }

    /// Why it waits.
    pub fn reason(&self) -> WaitReason {
        self.reason.get()
    }

    /// Says that it waits from now on. The holder calls this before it enqueues a waiter.
    #[inline(always)]
    pub(crate) fn set_waiting(&self, reason: WaitReason) {
        self.reason.set(reason);
        self.since.set(0);
        self.set_status(Status::Waiting);
    }

    /// The word of a semaphore that it waits at or will compete for, 0 if there is none: a root for the collector.
    pub fn waits_at(&self) -> u64 {
        use WaitReason as R;
        let waits = self.status() == Status::Waiting
            && matches!(
                self.reason(),
                R::MutexLock | R::RWMutexRLock | R::RWMutexLock | R::WaitGroupWait | R::CondWait
            );
        if waits || self.flags.get() & RETRY_LOCK != 0 {
            self.waiter.ok.get() as u64
        } else {
            0
        }
    }

    /// Deferred calls and panics.
    ///
    /// # Safety
    /// Only the goroutine's holder may call this, and must not keep two results at once.
    #[inline]
    #[allow(
        clippy::mut_from_ref,
        reason = "the holder is the only user, by contract"
    )]
    pub unsafe fn unwind(&self) -> &mut Option<Box<unwind::Unwind>> {
        // SAFETY: by the function's contract.
        unsafe { &mut *self.unwind.get() }
    }

    /// Asks the goroutine to come to a safepoint. Anybody may; if it races with the goroutine
    /// being scheduled the request may be lost, so who must not lose it repeats it.
    #[inline]
    pub(crate) fn preempt(&self) {
        // Relaxed: only a hint to look at flags that carry their own ordering.
        self.limit.store(0, Ordering::Relaxed);
    }

    /// Takes back [`Goroutine::preempt`].
    #[inline(always)]
    pub(crate) fn reset_limit(&self) {
        // Relaxed: as in `preempt`.
        self.limit.store(self.stack_end(), Ordering::Relaxed);
    }
}

/// A pointer to a goroutine as queues hold it.
pub(crate) type GoroutinePtr = NonNull<Goroutine>;

const _: () = assert!(cfg!(loom) || size_of::<Goroutine>() <= 320);
