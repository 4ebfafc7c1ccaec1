//! Channels: objects on the Go heap.
//!
//! A channel is a header and, if it has room for values, a buffer object, a ring. The collector sees the header's first word
//! as a pointer and the rest as scalars; waiters are parked goroutines' and kept alive by these. Who finds the other side
//! waiting moves the value directly between its own registers and the other's, which lie still while that one
//! is parked. Everything but `len` for a look is guarded by the channel's lock. No lock is held when a goroutine
//! is made ready.
//!
//! Invariants under the lock: a buffered value implies no waiting receiver; a free place implies no waiting
//! sender; a closed channel has no waiters.

pub mod select;

use std::cell::Cell;
use std::ptr;

use minigo_bytecode::Op;

use crate::goroutine::{
    Goroutine, GoroutinePtr, Outcome, SENDER_CLOSED, WaitQueue, WaitReason, Waiter,
};
use crate::sched::Machine;
use crate::sync::RawLock;
use crate::sync::atomic::{AtomicU32, Ordering};

/// Words of a channel's header object. To the collector, all are scalars but [`BUFFER_WORD`].
pub const HEADER_WORDS: usize = 8;
/// The header's one pointer: the buffer object, or nil.
pub const BUFFER_WORD: usize = 0;
/// The largest capacity.
pub const MAX_CAP: u64 = u32::MAX as u64;

/// What a send on a closed channel panics with.
pub(crate) const SEND_ON_CLOSED: &str = "send on closed channel";

/// A channel's header. Zeroed memory is an unbuffered channel of `struct{}`.
#[repr(C)]
pub(crate) struct Channel {
    buffer: Cell<*mut u64>,
    lock: RawLock,
    closed: Cell<bool>,
    /// A timer sends to it: the program sees length and capacity 0.
    timer: Cell<bool>,
    elem_words: Cell<u8>,
    cap: Cell<u32>,
    len: AtomicU32,
    /// Index of the first value in the ring.
    head: Cell<u32>,
    receivers: WaitQueue,
    senders: WaitQueue,
    /// The op that made it, for reports.
    made_at: Cell<*const Op>,
}

const _: () = assert!(cfg!(loom) || size_of::<Channel>() == HEADER_WORDS * 8);

/// How an attempt under the lock went.
enum Attempt<'w> {
    /// Completed; wake this one if there is one.
    Done(Option<&'w Waiter>),
    /// The other side is not there.
    Blocked,
    /// Send on a closed channel.
    Closed,
}

impl Channel {
    /// # Safety
    /// `chan` is a channel, not null.
    #[inline(always)]
    pub(crate) unsafe fn at<'a>(chan: *mut u64) -> &'a Channel {
        // SAFETY: by the function's contract; headers are 8-byte aligned objects of its size.
        unsafe { &*chan.cast::<Channel>() }
    }

    #[inline(always)]
    fn place(&self, index: u32) -> *mut u64 {
        self.buffer
            .get()
            .wrapping_add(index as usize * self.elem_words.get() as usize)
    }

    #[inline(always)]
    fn after(&self, index: u32, n: u32) -> u32 {
        let index = u64::from(index) + u64::from(n);
        let cap = u64::from(self.cap.get());
        (if index >= cap { index - cap } else { index }) as u32
    }

    #[inline(always)]
    fn count(&self) -> u32 {
        // Relaxed: under the lock; a look without it may be old.
        self.len.load(Ordering::Relaxed)
    }

    #[inline(always)]
    fn set_count(&self, len: u32) {
        // Relaxed: under the lock.
        self.len.store(len, Ordering::Relaxed);
    }

    /// Moves an element.
    ///
    /// # Safety
    /// Both sides are valid for the element's words; `to` may be null, `from` too (then zeroes).
    #[inline(always)]
    unsafe fn copy(&self, from: *const u64, to: *mut u64) {
        let words = self.elem_words.get() as usize;
        if to.is_null() {
            return;
        }
        // SAFETY: by the function's contract. Registers belong to a goroutine that runs here or is parked,
        // the buffer is guarded by the lock.
        unsafe {
            // One word is what most channels carry: no call for it.
            if words == 1 {
                *to = if from.is_null() { 0 } else { *from };
            } else if from.is_null() {
                ptr::write_bytes(to, 0, words);
            } else {
                ptr::copy_nonoverlapping(from, to, words);
            }
        }
    }

    /// Puts a value at the end of the ring, which has room.
    ///
    /// # Safety
    /// The lock is held; `value` is valid for the element's words.
    #[inline]
    unsafe fn put(&self, value: *const u64) {
        let len = self.count();
        // SAFETY: by the function's contract; the place is in the buffer.
        unsafe { self.copy(value, self.place(self.after(self.head.get(), len))) };
        self.set_count(len + 1);
    }

    /// Takes the first value from the ring, which has one.
    ///
    /// # Safety
    /// The lock is held; `to` is null or valid for the element's words.
    #[inline]
    unsafe fn take(&self, to: *mut u64) {
        let head = self.head.get();
        let place = self.place(head);
        // SAFETY: by the function's contract; the place is in the buffer. It is cleared so that it keeps nothing alive.
        unsafe {
            self.copy(place, to);
            self.copy(ptr::null(), place);
        }
        self.head.set(self.after(head, 1));
        self.set_count(self.count() - 1);
    }

    /// Takes the first waiter that has not been woken by another channel.
    ///
    /// # Safety
    /// The lock is held and `queue` is one of this channel's.
    #[inline]
    unsafe fn dequeue<'w>(&self, queue: &WaitQueue) -> Option<&'w Waiter> {
        // SAFETY: by the function's contract.
        while let Some(waiter) = unsafe { queue.pop() } {
            if waiter.ticket.get() == 0 || select::claim(waiter) {
                return Some(waiter);
            }
        }
        None
    }

    /// # Safety
    /// The lock is held; `value` is valid for the element's words.
    #[inline]
    unsafe fn try_send<'w>(&self, value: *const u64) -> Attempt<'w> {
        if self.closed.get() {
            return Attempt::Closed;
        }
        // SAFETY: by the function's contract; a waiting receiver's registers lie still.
        unsafe {
            if let Some(receiver) = self.dequeue(&self.receivers) {
                self.copy(value, receiver.value.get());
                set_ok(receiver.ok.get(), true);
                return Attempt::Done(Some(receiver));
            }
            if self.count() < self.cap.get() {
                self.put(value);
                return Attempt::Done(None);
            }
        }
        Attempt::Blocked
    }

    /// # Safety
    /// The lock is held; `to` is null or valid for the element's words, `ok` null or a register.
    #[inline]
    unsafe fn try_recv<'w>(&self, to: *mut u64, ok: *mut u64) -> Attempt<'w> {
        // SAFETY: by the function's contract; a waiting sender's registers lie still.
        unsafe {
            if self.count() > 0 {
                self.take(to);
                set_ok(ok, true);
                let sender = self.dequeue(&self.senders);
                if let Some(sender) = sender {
                    self.put(sender.value.get());
                }
                return Attempt::Done(sender);
            }
            if let Some(sender) = self.dequeue(&self.senders) {
                self.copy(sender.value.get(), to);
                set_ok(ok, true);
                return Attempt::Done(Some(sender));
            }
            if self.closed.get() {
                self.copy(ptr::null(), to);
                set_ok(ok, false);
                return Attempt::Done(None);
            }
        }
        Attempt::Blocked
    }
}

/// # Safety
/// `ok` is null or a register that nobody else uses now.
#[inline(always)]
unsafe fn set_ok(ok: *mut u64, value: bool) {
    if !ok.is_null() {
        // SAFETY: by the function's contract.
        unsafe { *ok = u64::from(value) };
    }
}

/// Makes ready the goroutine of a waiter that was taken out of its queue, whose operation is complete.
///
/// # Safety
/// No channel's lock is held.
#[inline]
unsafe fn wake(m: &mut Machine, waiter: &Waiter) {
    // SAFETY: taking the waiter out made us the goroutine's holder.
    m.ready(unsafe { release(waiter) });
}

/// The goroutine of a waiter that was taken out of its queue, in no queue any more.
///
/// # Safety
/// The caller took the waiter out; no channel's lock is held.
#[inline]
unsafe fn release(waiter: &Waiter) -> GoroutinePtr {
    // SAFETY: a waiter's goroutine lives as long as the scheduler.
    let g = unsafe { &*waiter.g.get() };
    if waiter.ticket.get() != 0 {
        // SAFETY: the claim made us the goroutine's holder.
        unsafe { select::finish(g, waiter.case.get()) };
    }
    GoroutinePtr::from(g)
}

/// A channel of a model: loom's atomics are not made of zeroes.
#[cfg(loom)]
impl Channel {
    pub(crate) fn new(buffer: *mut u64, cap: u32) -> Channel {
        Channel {
            buffer: Cell::new(buffer),
            lock: RawLock::new(),
            closed: Cell::new(false),
            timer: Cell::new(false),
            elem_words: Cell::new(1),
            cap: Cell::new(cap),
            len: AtomicU32::new(0),
            head: Cell::new(0),
            receivers: WaitQueue::new(),
            senders: WaitQueue::new(),
            made_at: Cell::new(ptr::null()),
        }
    }
}

/// Fills in a new channel's header.
///
/// # Safety
/// `chan` is a new zeroed object of [`HEADER_WORDS`] words; `buffer` is an object of at least
/// `cap * elem_words` words, or null if that is 0; `cap` is at most [`MAX_CAP`], `elem_words` at most 255.
pub unsafe fn init(
    chan: *mut u64,
    buffer: *mut u64,
    elem_words: usize,
    cap: usize,
    made_at: *const Op,
) {
    // SAFETY: by the function's contract; nobody else knows the channel.
    let channel = unsafe { Channel::at(chan) };
    channel.buffer.set(buffer);
    channel.elem_words.set(elem_words as u8);
    channel.cap.set(cap as u32);
    channel.made_at.set(made_at);
}

/// Makes a new channel with room for one value a timer's: the program sees it as unbuffered.
///
/// # Safety
/// `chan` is a channel that nobody uses yet.
pub unsafe fn mark_timer(chan: *mut u64) {
    // SAFETY: by the function's contract.
    unsafe { Channel::at(chan) }.timer.set(true);
}

/// `chan <- value`.
///
/// # Safety
/// `chan` is null or a channel; `value` points to its element's words in registers of `g`; pc (the next op) and base are saved.
#[inline]
pub unsafe fn send(m: &mut Machine, g: &Goroutine, chan: *mut u64, value: *mut u64) -> Outcome {
    if chan.is_null() {
        g.set_waiting(WaitReason::ChanSendNil);
        return Outcome::Parked;
    }
    // SAFETY: by the function's contract.
    let channel = unsafe { Channel::at(chan) };
    channel.lock.lock();
    // SAFETY: the lock is held; the rest by the function's contract.
    match unsafe { channel.try_send(value) } {
        Attempt::Done(woken) => {
            channel.lock.unlock();
            if let Some(receiver) = woken {
                // SAFETY: the lock is released.
                unsafe { wake(m, receiver) };
            }
            Outcome::Done
        }
        Attempt::Closed => {
            channel.lock.unlock();
            Outcome::Panic(SEND_ON_CLOSED)
        }
        Attempt::Blocked => {
            g.set_waiting(WaitReason::ChanSend);
            g.waiter.set_plain(value, ptr::null_mut(), chan);
            // SAFETY: the lock is held; the waiter stays while the goroutine is parked.
            unsafe { channel.senders.push(&g.waiter) };
            channel.lock.unlock();
            Outcome::Parked
        }
    }
}

/// `dst, ok = <-chan`; `dst` and `ok` may be null (value or flag not wanted).
///
/// # Safety
/// As for [`send`].
#[inline]
pub unsafe fn recv(
    m: &mut Machine,
    g: &Goroutine,
    chan: *mut u64,
    dst: *mut u64,
    ok: *mut u64,
) -> Outcome {
    if chan.is_null() {
        g.set_waiting(WaitReason::ChanReceiveNil);
        return Outcome::Parked;
    }
    // SAFETY: by the function's contract.
    let channel = unsafe { Channel::at(chan) };
    channel.lock.lock();
    // SAFETY: the lock is held; the rest by the function's contract.
    match unsafe { channel.try_recv(dst, ok) } {
        Attempt::Done(woken) => {
            channel.lock.unlock();
            if let Some(sender) = woken {
                // SAFETY: the lock is released.
                unsafe { wake(m, sender) };
            }
            Outcome::Done
        }
        Attempt::Blocked | Attempt::Closed => {
            g.set_waiting(WaitReason::ChanReceive);
            g.waiter.set_plain(dst, ok, chan);
            // SAFETY: the lock is held; the waiter stays while the goroutine is parked.
            unsafe { channel.receivers.push(&g.waiter) };
            channel.lock.unlock();
            Outcome::Parked
        }
    }
}

/// `close(chan)`.
///
/// # Safety
/// `chan` is null or a channel.
pub unsafe fn close(m: &mut Machine, chan: *mut u64) -> Outcome {
    if chan.is_null() {
        return Outcome::Panic("close of nil channel");
    }
    // SAFETY: by the function's contract.
    let channel = unsafe { Channel::at(chan) };
    channel.lock.lock();
    if channel.closed.replace(true) {
        channel.lock.unlock();
        return Outcome::Panic("close of closed channel");
    }
    // Those taken out are linked by `next` until the lock is released.
    let woken = WaitQueue::new();
    // SAFETY: the lock is held; whom we dequeue we hold, and their registers lie still.
    unsafe {
        while let Some(receiver) = channel.dequeue(&channel.receivers) {
            channel.copy(ptr::null(), receiver.value.get());
            set_ok(receiver.ok.get(), false);
            woken.push(receiver);
        }
        while let Some(sender) = channel.dequeue(&channel.senders) {
            let g = &*sender.g.get();
            g.flags.set(g.flags.get() | SENDER_CLOSED);
            woken.push(sender);
        }
    }
    channel.lock.unlock();
    // SAFETY: the list is ours, the lock released.
    unsafe {
        while let Some(waiter) = woken.pop() {
            let g = release(waiter);
            m.ready_last(g);
        }
    }
    Outcome::Done
}

/// `len(chan)`.
///
/// # Safety
/// `chan` is null or a channel.
#[inline]
pub unsafe fn len(chan: *mut u64) -> usize {
    if chan.is_null() {
        return 0;
    }
    // SAFETY: by the function's contract.
    let channel = unsafe { Channel::at(chan) };
    if channel.timer.get() {
        0
    } else {
        channel.count() as usize
    }
}

/// `cap(chan)`.
///
/// # Safety
/// `chan` is null or a channel.
#[inline]
pub unsafe fn cap(chan: *mut u64) -> usize {
    if chan.is_null() {
        return 0;
    }
    // SAFETY: by the function's contract.
    let channel = unsafe { Channel::at(chan) };
    if channel.timer.get() {
        0
    } else {
        channel.cap.get() as usize
    }
}

/// Sends a timer's value if there is a receiver or room; otherwise drops it. The rest of an element that is longer is zero.
/// Returns a receiver, which the caller makes ready.
///
/// # Safety
/// `chan` is a channel.
pub(crate) unsafe fn offer(chan: *mut u64, value: &[u64; 2]) -> Option<GoroutinePtr> {
    let mut words = [0; u8::MAX as usize];
    words[..2].copy_from_slice(value);
    // SAFETY: by the function's contract.
    let channel = unsafe { Channel::at(chan) };
    channel.lock.lock();
    // SAFETY: the lock is held; there are as many words as an element can have.
    let attempt = unsafe { channel.try_send(words.as_ptr()) };
    channel.lock.unlock();
    match attempt {
        // SAFETY: it was taken out, the lock is released.
        Attempt::Done(Some(receiver)) => Some(unsafe { release(receiver) }),
        _ => None,
    }
}

/// Throws away what is in the buffer; true if there was something.
///
/// # Safety
/// `chan` is a channel.
pub(crate) unsafe fn discard(chan: *mut u64) -> bool {
    // SAFETY: by the function's contract.
    let channel = unsafe { Channel::at(chan) };
    channel.lock.lock();
    let had_value = channel.count() > 0;
    while channel.count() > 0 {
        // SAFETY: the lock is held.
        unsafe { channel.take(ptr::null_mut()) };
    }
    channel.lock.unlock();
    had_value
}

/// Somebody waits to receive.
///
/// # Safety
/// `chan` is a channel.
pub(crate) unsafe fn has_receivers(chan: *mut u64) -> bool {
    // SAFETY: by the function's contract.
    let channel = unsafe { Channel::at(chan) };
    channel.lock.lock();
    let waiting = !channel.receivers.is_empty();
    channel.lock.unlock();
    waiting
}

/// What reports tell about a channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelState {
    pub(crate) len: usize,
    pub(crate) cap: usize,
    pub(crate) timer: bool,
    pub(crate) made_at: *const Op,
}

/// Looks at a channel; nothing runs meanwhile.
///
/// # Safety
/// `chan` is a channel.
pub(crate) unsafe fn state(chan: *mut u64) -> ChannelState {
    // SAFETY: by the function's contract.
    let channel = unsafe { Channel::at(chan) };
    ChannelState {
        len: channel.count() as usize,
        cap: channel.cap.get() as usize,
        timer: channel.timer.get(),
        made_at: channel.made_at.get(),
    }
}

/// Takes a goroutine that waits to send or to receive out of the channel's queue; the operation is not done.
///
/// # Safety
/// The world is stopped, and the goroutine waits so.
pub(crate) unsafe fn cancel(g: &Goroutine, send: bool) -> bool {
    // SAFETY: by the function's contract, its waiter names the channel.
    let channel = unsafe { Channel::at(g.waiter.chan.get()) };
    channel.lock.lock();
    let queue = if send {
        &channel.senders
    } else {
        &channel.receivers
    };
    // SAFETY: the lock is held, and the waiter can be in no other list.
    let was_there = unsafe { queue.remove(&g.waiter) };
    channel.lock.unlock();
    was_there
}

/// Copies of the first values in the ring, as register words; no more than `most`. Empty for a timer's channel, as `len` is 0.
///
/// # Safety
/// `chan` is a channel.
pub(crate) unsafe fn contents(chan: *mut u64, most: usize) -> Vec<Vec<u64>> {
    // SAFETY: by the function's contract.
    let channel = unsafe { Channel::at(chan) };
    channel.lock.lock();
    let count = match channel.timer.get() {
        true => 0,
        false => most.min(channel.count() as usize) as u32,
    };
    let values = (0..count).map(|i| {
        let mut words = vec![0; channel.elem_words.get() as usize];
        let place = channel.place(channel.after(channel.head.get(), i));
        // SAFETY: the lock is held, and the place is in the buffer.
        unsafe { channel.copy(place, words.as_mut_ptr()) };
        words
    });
    let values = values.collect();
    channel.lock.unlock();
    values
}

/// How the channel is now.
///
/// # Safety
/// The world is stopped, and `chan` is a channel.
pub(crate) unsafe fn look(chan: *mut u64) -> crate::session::ChannelInfo {
    let numbers = |queue: &WaitQueue| {
        let mut numbers = Vec::new();
        let mut at = queue.first();
        while !at.is_null() {
            // SAFETY: nobody touches the queue while the world is stopped, and what is in it is alive.
            unsafe {
                numbers.push((*(*at).g.get()).id());
                at = (*at).next.get();
            }
        }
        numbers
    };
    // SAFETY: by the function's contract.
    let channel = unsafe { Channel::at(chan) };
    channel.lock.lock();
    let shown = !channel.timer.get();
    let info = crate::session::ChannelInfo {
        len: if shown { channel.count() as usize } else { 0 },
        cap: if shown { channel.cap.get() as usize } else { 0 },
        closed: channel.closed.get(),
        receivers: numbers(&channel.receivers),
        senders: numbers(&channel.senders),
    };
    channel.lock.unlock();
    info
}
