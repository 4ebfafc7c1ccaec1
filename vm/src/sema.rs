//! What `sync`'s types wait on: queues of goroutines by heap address.
//!
//! The state of a mutex, read-write mutex, wait group or condition variable is one 8-byte word of the user's struct. Its fast
//! paths are one compare-and-swap on that word; whoever has to wait, or to wake somebody, goes through
//! the *shard* of the address: a lock and a first-in first-out queue for each address waited at.
//! The word says under that lock whether there is somebody in the queue, so that a fast path never misses one.
//! The waiter of a parked goroutine names the word, which makes it a root for the collector.
//!
//! **Mutex.** As in Go: normally a woken goroutine competes with those that run (who are faster, and save a
//! switch for each handover), and goes back to the front of the queue if it loses. Having lost after more than a millisecond in
//! the queue it makes the mutex *starving*, and unlocking hands over to the first in the queue. As long as one
//! competes no other is woken, and unlocking does not look at the queue. A woken goroutine competes before it is run
//! (`mutex_retry`): nothing of the program is executed twice.
//!
//! Zero is the unlocked, unused state of each word. The upper bits of a locked mutex's word say who locked it and where, for
//! reports (`holder`); they cost nothing, since the word is written anyway.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use crate::goroutine::{Goroutine, GoroutinePtr, Outcome, RETRY_LOCK, WaitQueue, WaitReason};
use crate::sched::Machine;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, heap_word as word};

const SHARDS: usize = if cfg!(loom) { 1 } else { 128 };
/// How long a goroutine waits for a mutex before it is handed over, in nanoseconds.
const STARVING_AFTER: u64 = 1_000_000;
/// Rounds of looking at a locked mutex before waiting for it; Go's numbers.
const SPIN_ROUNDS: u32 = 4;
const SPIN_PAUSES: u32 = 30;

/// All wait queues of a scheduler.
pub(crate) struct Semaphores {
    shards: Box<[Mutex<Shard>]>,
}

#[derive(Default)]
struct Shard {
    queues: FxHashMap<usize, WaitQueue>,
}

// SAFETY: waiters in the queues are guarded by the shard's lock.
unsafe impl Send for Shard {}

impl Semaphores {
    pub(crate) fn new() -> Semaphores {
        Semaphores {
            shards: (0..SHARDS).map(|_| Mutex::new(Shard::default())).collect(),
        }
    }

    #[inline]
    fn shard(&self, key: usize) -> &Mutex<Shard> {
        // The low four bits distinguish queues of one word.
        let hash = (key >> 3).wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as usize);
        &self.shards[(hash >> (usize::BITS - 16)) % SHARDS]
    }
}

impl Shard {
    /// Puts `g`, which says why it waits, at the end of the queue of `key`, or at its front.
    fn push(&mut self, g: &Goroutine, key: usize, front: bool) {
        let queue = self.queues.entry(key).or_insert_with(WaitQueue::new);
        // SAFETY: the shard's lock is held; the goroutine's own waiter is free and stays while it is parked.
        unsafe {
            if front {
                queue.push_front(&g.waiter)
            } else {
                queue.push(&g.waiter)
            }
        }
    }

    /// The first two that wait.
    fn first_two(&self, key: usize) -> (Option<&'static Goroutine>, Option<&'static Goroutine>) {
        let first = self
            .queues
            .get(&key)
            .map_or(std::ptr::null(), |q| q.first());
        // SAFETY: the shard's lock is held; waiters in a queue are alive, and so are their goroutines (see `pop`).
        unsafe {
            let Some(first) = first.as_ref() else {
                return (None, None);
            };
            let second = first.next.get().as_ref();
            (Some(&*first.g.get()), second.map(|waiter| &*waiter.g.get()))
        }
    }

    fn pop(&mut self, key: usize) -> Option<&'static Goroutine> {
        let Entry::Occupied(queue) = self.queues.entry(key) else {
            return None;
        };
        // SAFETY: the shard's lock is held; goroutines' cells live as long as the scheduler, and the
        // caller uses the result no longer than its machine.
        let g = unsafe { queue.get().pop().map(|waiter| &*waiter.g.get()) };
        if queue.get().is_empty() {
            queue.remove();
        }
        g
    }

    /// Takes out the waiter with this number (in `value`), wherever it stands.
    fn take(&mut self, key: usize, number: u32) -> Option<&'static Goroutine> {
        let Entry::Occupied(queue) = self.queues.entry(key) else {
            return None;
        };
        let mut at = queue.get().first();
        // SAFETY: as in `pop`; the waiters of a queue are alive.
        unsafe {
            while !at.is_null() && (*at).value.get().addr() as u32 != number {
                at = (*at).next.get();
            }
            if at.is_null() {
                return None;
            }
            queue.get().remove(&*at);
            if queue.get().is_empty() {
                queue.remove();
            }
            Some(&*(*at).g.get())
        }
    }

    /// Takes a goroutine's own waiter out, wherever it stands.
    fn remove(&mut self, g: &Goroutine, key: usize) -> bool {
        let Entry::Occupied(queue) = self.queues.entry(key) else {
            return false;
        };
        // SAFETY: the shard's lock is held, and the waiter can be in no other list.
        let was_there = unsafe { queue.get().remove(&g.waiter) };
        if queue.get().is_empty() {
            queue.remove();
        }
        was_there
    }

    fn is_empty(&self, key: usize) -> bool {
        !self.queues.contains_key(&key)
    }
}

/// Makes the goroutine's waiter name the word, with a number of the queue's own.
fn wait_at(g: &Goroutine, reason: WaitReason, addr: *mut u64, number: u64) {
    g.set_waiting(reason);
    g.waiter.set_plain(
        std::ptr::without_provenance_mut(number as usize),
        addr,
        std::ptr::null_mut(),
    );
}

fn ready_all(m: &mut Machine, goroutines: impl IntoIterator<Item = &'static Goroutine>) {
    for g in goroutines {
        m.ready_last(GoroutinePtr::from(g));
    }
}

// ---- sync.Mutex ----------------------------------------------------------------------------

const LOCKED: u64 = 1;
/// Somebody is in the queue. Changes only under the shard's lock.
const WAITERS: u64 = 2;
/// Somebody is about to compete: a goroutine woken for it, or one that looks for a moment. Unlocking wakes no other.
/// Whoever this stands for takes it back when it has the mutex or goes into the queue.
const WOKEN: u64 = 4;
/// The first in the queue has waited for too long: unlocking hands over to it. Changes only under the shard's lock.
const STARVING: u64 = 8;
/// The bits that count; those above are the holder's.
const FLAGS: u64 = 15;
/// The holder's number is cut to this many bits, and the place to the lower half of the address of its next op.
const HOLDER_BITS: u32 = 28;

/// What a locked mutex's word says of its holder.
#[inline(always)]
fn holder(g: &Goroutine) -> u64 {
    let number = g.id() & ((1 << HOLDER_BITS) - 1);
    number << FLAGS.count_ones() | (g.pc().addr() as u64) << 32
}

/// Who holds the mutex whose state word this is: the lower bits of the goroutine's number, and of the address of the op after the
/// call that locked it.
pub(crate) fn mutex_holder(state: u64) -> Option<Holder> {
    (state & LOCKED != 0).then(|| Holder {
        number: state >> FLAGS.count_ones() & ((1 << HOLDER_BITS) - 1),
        bits: HOLDER_BITS,
        pc: (state >> 32) as u32,
    })
}

/// Who holds a lock, as far as its word tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Holder {
    number: u64,
    bits: u32,
    /// The lower half of the address of the op after the call; 0 if that is not known.
    pub(crate) pc: u32,
}

impl Holder {
    /// Goroutines with equal keys may be taken for each other.
    pub(crate) fn key_of(id: u64) -> u64 {
        id & ((1 << HOLDER_BITS) - 1)
    }

    /// The key of the goroutine.
    pub(crate) fn key(self) -> u64 {
        Holder::key_of(self.number)
    }

    /// Whether it may be the goroutine of this number.
    pub(crate) fn is(self, id: u64) -> bool {
        id & ((1 << self.bits) - 1) == self.number
    }
}

/// `(*sync.Mutex).Lock` on the state word at `addr`.
///
/// # Safety
/// `addr` is an 8-byte word in a live heap object; pc (the next op) and base are saved.
#[inline(always)]
pub unsafe fn mutex_lock(m: &mut Machine, g: &Goroutine, addr: *mut u64) -> Outcome {
    // SAFETY: by the function's contract.
    if try_lock(unsafe { word(addr) }, 0, g) {
        return Outcome::Done;
    }
    // SAFETY: by the function's contract.
    unsafe { mutex_lock_slow(m, g, addr) }
}

/// # Safety
/// As for [`mutex_lock`].
#[cold]
unsafe fn mutex_lock_slow(m: &mut Machine, g: &Goroutine, addr: *mut u64) -> Outcome {
    // SAFETY: by the function's contract.
    let state = unsafe { word(addr) };
    let mut own = 0;
    if spin(m, state, &mut own, g) {
        return Outcome::Done;
    }
    let sched = m.sched();
    let mut shard = sched.semaphores.shard(addr.addr()).lock();
    if !give_up(state, own, 0, g) {
        return Outcome::Done;
    }
    wait_at(g, WaitReason::MutexLock, addr, sched.now());
    shard.push(g, addr.addr(), false);
    Outcome::Parked
}

/// Locks if it is not locked, whoever waits; takes back `own`, the caller's flag, if it does.
#[inline(always)]
fn try_lock(state: &AtomicU64, own: u64, g: &Goroutine) -> bool {
    let mut old = state.load(Ordering::Relaxed);
    while old & LOCKED == 0 {
        // Acquire: pairs with the Release of unlocking.
        let new = old & FLAGS & !own | LOCKED | holder(g);
        match state.compare_exchange_weak(old, new, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => return true,
            Err(now) => old = now,
        }
    }
    false
}

/// Looks at the mutex for a moment, if that may pay: true if it has it. `own` is the flag that stands for the caller, which gets
/// one here if others wait.
fn spin(m: &Machine, state: &AtomicU64, own: &mut u64, g: &Goroutine) -> bool {
    if !m.may_spin() {
        return false;
    }
    for _ in 0..SPIN_ROUNDS {
        if try_lock(state, *own, g) {
            return true;
        }
        let old = state.load(Ordering::Relaxed);
        if old & STARVING != 0 {
            return false;
        }
        // Relaxed: the flag orders nothing, it only spares unlocking the waking.
        if old & (LOCKED | WAITERS | WOKEN) == LOCKED | WAITERS
            && state
                .compare_exchange(old, old | WOKEN, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            *own = WOKEN;
        }
        for _ in 0..SPIN_PAUSES {
            crate::sync::spin_loop();
        }
    }
    try_lock(state, *own, g)
}

/// Under the shard's lock: says in the word that the caller goes into the queue, and sets `flags`; false if it has got the mutex after all.
fn give_up(state: &AtomicU64, own: u64, flags: u64, g: &Goroutine) -> bool {
    let mut old = state.load(Ordering::Relaxed);
    loop {
        let waits = old & LOCKED != 0;
        let new = if waits {
            old & !own | WAITERS | flags
        } else {
            old & FLAGS & !own | LOCKED | holder(g)
        };
        // Acquire: pairs with the Release of unlocking. The holder cannot unlock past the flag.
        match state.compare_exchange_weak(old, new, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => return waits,
            Err(now) => old = now,
        }
    }
}

/// `(*sync.Mutex).TryLock`.
///
/// # Safety
/// `addr` is an 8-byte word in a live heap object.
pub unsafe fn mutex_try_lock(g: &Goroutine, addr: *mut u64) -> bool {
    // SAFETY: by the function's contract.
    try_lock(unsafe { word(addr) }, 0, g)
}

/// `(*sync.Mutex).Unlock`.
///
/// # Safety
/// As for [`mutex_lock`].
#[inline(always)]
pub unsafe fn mutex_unlock(m: &mut Machine, addr: *mut u64) -> Outcome {
    // SAFETY: by the function's contract.
    let state = unsafe { word(addr) };
    let mut old = state.load(Ordering::Relaxed);
    // Nobody waits, or the next one is on its way.
    while old & FLAGS == LOCKED || old & (LOCKED | WOKEN | STARVING) == LOCKED | WOKEN {
        // Release: pairs with the Acquire of locking.
        let new = old & FLAGS & !LOCKED;
        match state.compare_exchange_weak(old, new, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return Outcome::Done,
            Err(now) => old = now,
        }
    }
    // SAFETY: by the function's contract.
    unsafe { mutex_unlock_slow(m, addr) }
}

/// # Safety
/// As for [`mutex_lock`].
#[cold]
unsafe fn mutex_unlock_slow(m: &mut Machine, addr: *mut u64) -> Outcome {
    // SAFETY: by the function's contract.
    let state = unsafe { word(addr) };
    let key = addr.addr();
    let woken = {
        let mut shard = m.sched().semaphores.shard(key).lock();
        let (first, second) = shard.first_two(key);
        let mut old = state.load(Ordering::Relaxed);
        loop {
            if old & LOCKED == 0 {
                return Outcome::Fatal("sync: unlock of unlocked mutex");
            }
            let more = if second.is_some() { WAITERS } else { 0 };
            let (new, woken) = match first {
                None => (old & WOKEN, false),
                Some(first) if old & STARVING != 0 => {
                    let starving = second.is_some_and(|g| starves(m, g));
                    let flag = if starving { STARVING } else { 0 };
                    (LOCKED | old & WOKEN | more | flag | holder(first), true)
                }
                Some(_) if old & WOKEN != 0 => (old & FLAGS & !LOCKED, false),
                Some(_) => (WOKEN | more, true),
            };
            // Release: pairs with the Acquire of locking. The queue is as the word says: its flags change under the shard's lock.
            match state.compare_exchange_weak(old, new, Ordering::Release, Ordering::Relaxed) {
                Err(now) => old = now,
                Ok(_) if !woken => break None,
                Ok(_) => {
                    let first = shard.pop(key);
                    if new & LOCKED == 0
                        && let Some(first) = first
                    {
                        first.flags.set(first.flags.get() | RETRY_LOCK);
                    }
                    break first;
                }
            }
        }
    };
    if let Some(first) = woken {
        // It runs when this goroutine parks or ends its time slice, unless another processor has time for it.
        m.ready(GoroutinePtr::from(first));
    }
    Outcome::Done
}

/// A waiting goroutine is to have the mutex next. With a seed time must not matter: then it is so after the first defeat.
fn starves(m: &Machine, g: &Goroutine) -> bool {
    let since = g.waiter.value.get().addr() as u64;
    m.is_replayable() || m.sched().now().saturating_sub(since) > STARVING_AFTER
}

/// A woken goroutine competes for the mutex: true if it has it and runs on, false if it is back in the queue.
///
/// # Safety
/// The caller holds the goroutine, which was taken out of the queue of the word that its waiter names.
pub(crate) unsafe fn mutex_retry(m: &mut Machine, g: &Goroutine) -> bool {
    let addr = g.waiter.ok.get();
    // SAFETY: the word is alive: the goroutine's waiter is a root.
    let state = unsafe { word(addr) };
    let mut own = WOKEN;
    if try_lock(state, own, g) || spin(m, state, &mut own, g) {
        return true;
    }
    let flag = if starves(m, g) { STARVING } else { 0 };
    let mut shard = m.sched().semaphores.shard(addr.addr()).lock();
    if !give_up(state, own, flag, g) {
        return true;
    }
    let since = g.waiter.value.get().addr() as u64;
    wait_at(g, WaitReason::MutexLock, addr, since);
    shard.push(g, addr.addr(), true);
    false
}

/// A goroutine that was woken to compete for a mutex does not do so after all.
///
/// # Safety
/// As for [`mutex_retry`], and the world is stopped.
pub(crate) unsafe fn stop_competing(m: &mut Machine, g: &Goroutine) {
    let addr = g.waiter.ok.get();
    // SAFETY: as in `mutex_retry`.
    let state = unsafe { word(addr) };
    if try_lock(state, WOKEN, g) {
        // Unlocking wakes the next one.
        // SAFETY: by the function's contract.
        unsafe { mutex_unlock(m, addr) };
    } else {
        // Relaxed: the flag orders nothing.
        state.fetch_and(!WOKEN, Ordering::Relaxed);
    }
}

/// Takes a goroutine out of the queue that it waits in.
///
/// # Safety
/// The world is stopped, and the goroutine waits for one of `sync`'s types.
pub(crate) unsafe fn cancel(m: &mut Machine, g: &Goroutine) -> bool {
    let addr = g.waiter.ok.get();
    let reads = g.reason() == WaitReason::RWMutexRLock;
    let key = if reads {
        readers_key(addr)
    } else {
        addr.addr()
    };
    // SAFETY: the word is alive: the goroutine's waiter is a root.
    let state = unsafe { word(addr) };
    let mut readers = Vec::new();
    {
        let mut shard = m.sched().semaphores.shard(addr.addr()).lock();
        if !shard.remove(g, key) {
            return false;
        }
        match g.reason() {
            // Relaxed, here and below: the world is stopped.
            WaitReason::WaitGroupWait => {
                state.fetch_sub(1, Ordering::Relaxed);
            }
            // Readers wait only behind a writer.
            WaitReason::RWMutexLock if shard.is_empty(key) => {
                let old = state.fetch_and(!WRITERS_WAIT, Ordering::Relaxed);
                if old & WRITER == 0 {
                    while let Some(reader) = shard.pop(readers_key(addr)) {
                        readers.push(reader);
                    }
                    state.fetch_add(readers.len() as u64, Ordering::Relaxed);
                    state.fetch_and(!READERS_WAIT, Ordering::Relaxed);
                }
            }
            // Unlocking looks whether somebody is in the queue.
            _ => {}
        }
    }
    ready_all(m, readers);
    true
}

// ---- sync.RWMutex --------------------------------------------------------------------------

/// Readers are counted in the low bits. The upper half is the number of the writer, or of the last reader that came and has not left
/// again, or 0 if that is not known.
const READERS: u64 = 0x0fff_ffff;
const WRITER: u64 = 1 << 28;
/// A writer waits: new readers wait too.
const WRITERS_WAIT: u64 = 1 << 29;
const READERS_WAIT: u64 = 1 << 30;
const RW_FLAGS: u64 = 0xffff_ffff;

#[inline(always)]
fn rw_holder(g: &Goroutine) -> u64 {
    g.id() << 32
}

/// Who holds a read-write mutex with this state word: the number of readers, whether it is a writer, whether writers wait, and
/// the writer or the last reader.
pub(crate) fn rw_state(state: u64) -> RwState {
    RwState {
        readers: state & READERS,
        writer: state & WRITER != 0,
        writers_wait: state & WRITERS_WAIT != 0,
        holder: (state >> 32 != 0).then_some(Holder {
            number: state >> 32,
            bits: 32,
            pc: 0,
        }),
    }
}

/// See [`rw_state`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RwState {
    pub(crate) readers: u64,
    pub(crate) writer: bool,
    pub(crate) writers_wait: bool,
    pub(crate) holder: Option<Holder>,
}

/// Queues of readers are by the word's address plus one.
fn readers_key(addr: *mut u64) -> usize {
    addr.addr() + 1
}

/// `(*sync.RWMutex).RLock`.
///
/// # Safety
/// As for [`mutex_lock`].
pub unsafe fn rw_rlock(m: &mut Machine, g: &Goroutine, addr: *mut u64) -> Outcome {
    // SAFETY: by the function's contract.
    let state = unsafe { word(addr) };
    if rw_try_read(state, g) {
        return Outcome::Done;
    }
    let mut shard = m.sched().semaphores.shard(addr.addr()).lock();
    loop {
        if rw_try_read(state, g) {
            return Outcome::Done;
        }
        let old = state.load(Ordering::Relaxed);
        // Relaxed: the shard's lock orders the queue.
        if old & (WRITER | WRITERS_WAIT) != 0
            && state
                .compare_exchange(
                    old,
                    old | READERS_WAIT,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_ok()
        {
            break;
        }
    }
    wait_at(g, WaitReason::RWMutexRLock, addr, 0);
    shard.push(g, readers_key(addr), false);
    Outcome::Parked
}

fn rw_try_read(state: &AtomicU64, g: &Goroutine) -> bool {
    let mut old = state.load(Ordering::Relaxed);
    while old & (WRITER | WRITERS_WAIT) == 0 {
        // Acquire: pairs with the Release of the writer's unlocking.
        let new = ((old & RW_FLAGS) + 1) | rw_holder(g);
        match state.compare_exchange_weak(old, new, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => return true,
            Err(now) => old = now,
        }
    }
    false
}

/// `(*sync.RWMutex).TryRLock`.
///
/// # Safety
/// `addr` is an 8-byte word in a live heap object.
pub unsafe fn rw_try_rlock(g: &Goroutine, addr: *mut u64) -> bool {
    // SAFETY: by the function's contract.
    rw_try_read(unsafe { word(addr) }, g)
}

/// `(*sync.RWMutex).TryLock`.
///
/// # Safety
/// `addr` is an 8-byte word in a live heap object.
pub unsafe fn rw_try_lock(g: &Goroutine, addr: *mut u64) -> bool {
    // SAFETY: by the function's contract.
    let state = unsafe { word(addr) };
    // Acquire: pairs with the Release of unlocking.
    state
        .compare_exchange(
            0,
            WRITER | rw_holder(g),
            Ordering::Acquire,
            Ordering::Relaxed,
        )
        .is_ok()
}

/// `(*sync.RWMutex).RUnlock`.
///
/// # Safety
/// As for [`mutex_lock`].
pub unsafe fn rw_runlock(m: &mut Machine, g: &Goroutine, addr: *mut u64) -> Outcome {
    // SAFETY: by the function's contract.
    let state = unsafe { word(addr) };
    let mut old = state.load(Ordering::Relaxed);
    loop {
        if old & READERS == 0 {
            return Outcome::Fatal("sync: RUnlock of unlocked RWMutex");
        }
        if old & READERS == 1 && old & WRITERS_WAIT != 0 {
            break;
        }
        let unknown = old & READERS == 1 || old >> 32 == rw_holder(g) >> 32;
        let kept = if unknown { old & RW_FLAGS } else { old };
        // Release: pairs with the Acquire of the writer's locking.
        match state.compare_exchange_weak(old, kept - 1, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return Outcome::Done,
            Err(now) => old = now,
        }
    }
    // The last reader, and a writer waits: hand over. New readers wait behind the writer, so nobody but us moves the word's count.
    let writer = {
        let mut shard = m.sched().semaphores.shard(addr.addr()).lock();
        let writer = shard.pop(addr.addr());
        let more = if shard.is_empty(addr.addr()) {
            0
        } else {
            WRITERS_WAIT
        };
        let readers = if shard.is_empty(readers_key(addr)) {
            0
        } else {
            READERS_WAIT
        };
        let new = writer.map_or(0, |writer| WRITER | rw_holder(writer));
        // AcqRel: takes over what the other readers released, and hands it on.
        state.swap(new | more | readers, Ordering::AcqRel);
        writer
    };
    ready_all(m, writer);
    Outcome::Done
}

/// `(*sync.RWMutex).Lock`.
///
/// # Safety
/// As for [`mutex_lock`].
pub unsafe fn rw_lock(m: &mut Machine, g: &Goroutine, addr: *mut u64) -> Outcome {
    // SAFETY: by the function's contract.
    if unsafe { rw_try_lock(g, addr) } {
        return Outcome::Done;
    }
    // SAFETY: by the function's contract.
    let state = unsafe { word(addr) };
    let mut shard = m.sched().semaphores.shard(addr.addr()).lock();
    let mut old = state.load(Ordering::Relaxed);
    loop {
        let free = old & (READERS | WRITER | WRITERS_WAIT) == 0;
        let new = if free {
            old & RW_FLAGS | WRITER | rw_holder(g)
        } else {
            old | WRITERS_WAIT
        };
        // Acquire: pairs with the Release of unlocking.
        match state.compare_exchange_weak(old, new, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) if free => return Outcome::Done,
            Ok(_) => break,
            Err(now) => old = now,
        }
    }
    wait_at(g, WaitReason::RWMutexLock, addr, 0);
    shard.push(g, addr.addr(), false);
    Outcome::Parked
}

/// `(*sync.RWMutex).Unlock`: first all readers that wait, then the next writer.
///
/// # Safety
/// As for [`mutex_lock`].
pub unsafe fn rw_unlock(m: &mut Machine, addr: *mut u64) -> Outcome {
    // SAFETY: by the function's contract.
    let state = unsafe { word(addr) };
    // Release: pairs with the Acquire of locking.
    let mut old = state.load(Ordering::Relaxed);
    while old & RW_FLAGS == WRITER {
        match state.compare_exchange_weak(old, 0, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return Outcome::Done,
            Err(now) => old = now,
        }
    }
    if old & WRITER == 0 {
        return Outcome::Fatal("sync: Unlock of unlocked RWMutex");
    }
    let mut woken = Vec::new();
    {
        let mut shard = m.sched().semaphores.shard(addr.addr()).lock();
        while let Some(reader) = shard.pop(readers_key(addr)) {
            woken.push(reader);
        }
        let readers = woken.len() as u64;
        let last = woken.last().map_or(0, |reader| rw_holder(reader));
        let mut new = readers | last;
        if readers == 0
            && let Some(writer) = shard.pop(addr.addr())
        {
            woken.push(writer);
            new = WRITER | rw_holder(writer);
        }
        if !shard.is_empty(addr.addr()) {
            new |= WRITERS_WAIT;
        }
        // Release: pairs with the Acquire of locking. While WRITER is set others change the word only
        // under the shard's lock.
        state.store(new, Ordering::Release);
    }
    ready_all(m, woken);
    Outcome::Done
}

// ---- sync.WaitGroup ------------------------------------------------------------------------

/// The counter is in the high half, the number of waiting goroutines in the low one.
const COUNTER_SHIFT: u32 = 32;

/// `(*sync.WaitGroup).Add`.
///
/// # Safety
/// As for [`mutex_lock`].
pub unsafe fn wait_group_add(m: &mut Machine, addr: *mut u64, delta: i64) -> Outcome {
    // SAFETY: by the function's contract.
    let state = unsafe { word(addr) };
    let add = (delta as u64) << COUNTER_SHIFT;
    // AcqRel: what was done before `Done` is seen behind `Wait`, which reads the counter with Acquire or is woken by the last.
    let new = state.fetch_add(add, Ordering::AcqRel).wrapping_add(add);
    let counter = (new >> COUNTER_SHIFT) as i32;
    if counter < 0 {
        return Outcome::Panic("sync: negative WaitGroup counter");
    }
    if counter > 0 || new as u32 == 0 {
        return Outcome::Done;
    }
    let mut woken = Vec::new();
    {
        let mut shard = m.sched().semaphores.shard(addr.addr()).lock();
        // The waiters leave at once; a new round may already have begun to count.
        while let Some(g) = shard.pop(addr.addr()) {
            woken.push(g);
        }
        // Relaxed: waiters are counted only under the shard's lock.
        state.fetch_sub(woken.len() as u64, Ordering::Relaxed);
    }
    ready_all(m, woken);
    Outcome::Done
}

/// `(*sync.WaitGroup).Wait`.
///
/// # Safety
/// As for [`mutex_lock`].
pub unsafe fn wait_group_wait(m: &mut Machine, g: &Goroutine, addr: *mut u64) -> Outcome {
    // SAFETY: by the function's contract.
    let state = unsafe { word(addr) };
    // Acquire: pairs with the AcqRel in `wait_group_add`.
    if state.load(Ordering::Acquire) >> COUNTER_SHIFT == 0 {
        return Outcome::Done;
    }
    let mut shard = m.sched().semaphores.shard(addr.addr()).lock();
    let mut old = state.load(Ordering::Acquire);
    loop {
        if old >> COUNTER_SHIFT == 0 {
            return Outcome::Done;
        }
        // Acquire on failure: as above. On success nothing but the count.
        match state.compare_exchange_weak(old, old + 1, Ordering::Relaxed, Ordering::Acquire) {
            Ok(_) => break,
            Err(now) => old = now,
        }
    }
    wait_at(g, WaitReason::WaitGroupWait, addr, 0);
    shard.push(g, addr.addr(), false);
    Outcome::Parked
}

// ---- sync.Cond -----------------------------------------------------------------------------

/// The number that the next waiter takes is in the low half, the next one to be woken in the high half.
const NOTIFY_SHIFT: u32 = 32;
const LOW_HALF: u64 = 0xffff_ffff;

/// Takes a number for a wait: before the program unlocks the condition's lock.
///
/// # Safety
/// `addr` is an 8-byte word in a live heap object.
pub unsafe fn cond_add(m: &mut Machine, addr: *mut u64) -> u32 {
    // SAFETY: by the function's contract.
    let state = unsafe { word(addr) };
    let _shard = m.sched().semaphores.shard(addr.addr()).lock();
    // Relaxed: under the shard's lock, as everywhere below.
    let old = state.load(Ordering::Relaxed);
    let number = old as u32;
    state.store(
        old & !LOW_HALF | u64::from(number.wrapping_add(1)),
        Ordering::Relaxed,
    );
    number
}

/// Waits with a number from [`cond_add`].
///
/// # Safety
/// As for [`mutex_lock`].
pub unsafe fn cond_wait(m: &mut Machine, g: &Goroutine, addr: *mut u64, number: u32) -> Outcome {
    // SAFETY: by the function's contract.
    let state = unsafe { word(addr) };
    let mut shard = m.sched().semaphores.shard(addr.addr()).lock();
    let next = (state.load(Ordering::Relaxed) >> NOTIFY_SHIFT) as u32;
    if (number.wrapping_sub(next) as i32) < 0 {
        return Outcome::Done;
    }
    wait_at(g, WaitReason::CondWait, addr, u64::from(number));
    shard.push(g, addr.addr(), false);
    Outcome::Parked
}

/// `(*sync.Cond).Signal`.
///
/// # Safety
/// `addr` is an 8-byte word in a live heap object.
pub unsafe fn cond_signal(m: &mut Machine, addr: *mut u64) {
    // SAFETY: by the function's contract.
    let state = unsafe { word(addr) };
    let woken = {
        let mut shard = m.sched().semaphores.shard(addr.addr()).lock();
        let old = state.load(Ordering::Relaxed);
        let (wait, next) = (old as u32, (old >> NOTIFY_SHIFT) as u32);
        if wait == next {
            return;
        }
        let after = u64::from(next.wrapping_add(1));
        state.store(after << NOTIFY_SHIFT | u64::from(wait), Ordering::Relaxed);
        // If it is not in the queue yet, it will see its number when it comes.
        shard.take(addr.addr(), next)
    };
    ready_all(m, woken);
}

/// `(*sync.Cond).Broadcast`.
///
/// # Safety
/// `addr` is an 8-byte word in a live heap object.
pub unsafe fn cond_broadcast(m: &mut Machine, addr: *mut u64) {
    // SAFETY: by the function's contract.
    let state = unsafe { word(addr) };
    let mut woken = Vec::new();
    {
        let mut shard = m.sched().semaphores.shard(addr.addr()).lock();
        let wait = state.load(Ordering::Relaxed) as u32;
        let both = u64::from(wait) << NOTIFY_SHIFT | u64::from(wait);
        state.store(both, Ordering::Relaxed);
        while let Some(g) = shard.pop(addr.addr()) {
            woken.push(g);
        }
    }
    ready_all(m, woken);
}
