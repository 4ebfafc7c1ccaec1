//! `select`: waiting for several channels at once.
//!
//! A select that finds no case ready puts one waiter into the queue of each channel, all with one *ticket*:
//! the goroutine's `claim` count. Whoever takes such a waiter out of a queue has to move the count on from the ticket before he may use
//! it; exactly one succeeds, and so exactly one case happens. The winner completes the
//! operation, takes the other waiters out of their queues, one lock at a time, and makes the goroutine ready.
//!
//! Cases are looked at in an order from the chooser. Locks are taken in the order of addresses, on which nothing
//! else depends. As Go does it, all channels are locked while the cases are looked at, so that a select with a
//! default case is one atomic look.

use std::ptr;

use smallvec::SmallVec;

use super::{Attempt, Channel, SEND_ON_CLOSED, wake};
use crate::goroutine::{Goroutine, Outcome, WaitReason, Waiter};
use crate::sched::Machine;
use crate::sched::chooser::Choice;
use crate::sync::atomic::Ordering;

/// One case.
#[derive(Clone, Copy, Debug)]
pub struct SelectCase {
    /// The channel or null.
    pub chan: *mut u64,
    /// What to send from, or where to receive to (null: dropped).
    pub value: *mut u64,
    /// Where a receive's flag goes (null: not wanted).
    pub ok: *mut u64,
    /// A send case.
    pub send: bool,
}

/// A waiting case. While it waits, the goroutine's own waiter says where all of them are: `next` points to
/// the first, `case` is their number, `value` the register for the chosen index.
#[repr(C)]
struct CaseWaiter {
    waiter: Waiter,
    send: bool,
}

/// Cases that fit without an allocation.
const FEW: usize = 8;
type Indices = SmallVec<[u16; FEW]>;

/// Wins or loses the right to wake the goroutine of a select's waiter.
#[inline]
pub(crate) fn claim(waiter: &Waiter) -> bool {
    // SAFETY: a waiter's goroutine lives as long as the scheduler.
    let g = unsafe { &*waiter.g.get() };
    let ticket = waiter.ticket.get();
    // Acquire: pairs with the channel lock under which the select enqueued its waiters: another channel's lock than the
    // one we hold need not have told us of them. Release: for the loser, which learns nothing but that it lost.
    g.claim
        .compare_exchange(
            ticket,
            next_ticket(ticket),
            Ordering::AcqRel,
            Ordering::Relaxed,
        )
        .is_ok()
}

/// Tickets are never 0, which marks a plain waiter.
fn next_ticket(ticket: u32) -> u32 {
    ticket.wrapping_add(1).max(1)
}

/// After the claim and the operation: takes the other waiters out, and tells the goroutine its case.
///
/// # Safety
/// The caller won the claim and holds no channel's lock.
pub(super) unsafe fn finish(g: &Goroutine, case: u16) {
    let first = g.waiter.next.get().cast::<CaseWaiter>().cast_mut();
    let count = g.waiter.case.get() as usize;
    let slice = ptr::slice_from_raw_parts_mut(first, count);
    // SAFETY: the select left its boxed waiters there for whoever wins the claim; they are in queues of the
    // channels they name, which the parked goroutine's registers keep alive.
    let waiters = unsafe { Box::from_raw(slice) };
    for case in &waiters {
        // SAFETY: as above.
        let channel = unsafe { Channel::at(case.waiter.chan.get()) };
        channel.lock.lock();
        let queue = if case.send {
            &channel.senders
        } else {
            &channel.receivers
        };
        // SAFETY: the lock is held; the waiter is in this queue or, if somebody else took it out and lost, in none.
        unsafe { queue.remove(&case.waiter) };
        channel.lock.unlock();
    }
    // SAFETY: a register of the parked goroutine, which we hold.
    unsafe { *g.waiter.value.get() = u64::from(case) };
    g.waiter.next.set(ptr::null());
}

/// Takes a goroutine that waits in a select out of all queues; no case is done.
///
/// # Safety
/// The world is stopped, and the goroutine waits so, for at least one channel if it is in any queue.
pub(crate) unsafe fn cancel(g: &Goroutine) -> bool {
    let first = g.waiter.next.get();
    if first.is_null() {
        return true;
    }
    // SAFETY: the select left its waiters there; nobody claims them while the world is stopped, unless he has done so before.
    unsafe {
        if !claim(&*first) {
            return false;
        }
        finish(g, 0);
    }
    true
}

/// The cases that a goroutine waits for in a select: index and channel, without those of nil channels.
///
/// # Safety
/// It waits with the reason `Select`, and nothing runs.
pub(crate) unsafe fn waiting_cases(g: &Goroutine) -> Vec<(u16, *mut u64)> {
    let first = g.waiter.next.get().cast::<CaseWaiter>();
    if first.is_null() {
        return Vec::new();
    }
    let count = g.waiter.case.get() as usize;
    (0..count)
        .map(|i| {
            // SAFETY: the select left as many waiters there as it says.
            let waiter = unsafe { &(*first.add(i)).waiter };
            (waiter.case.get(), waiter.chan.get())
        })
        .collect()
}

/// Chooses among `cases`; writes the index of the chosen one (or -1 for the default case) to `index`.
///
/// # Safety
/// As for [`super::send`], for each case; `index` is a register of `g`.
pub unsafe fn select(
    m: &mut Machine,
    g: &Goroutine,
    cases: &[SelectCase],
    has_default: bool,
    index: *mut u64,
) -> Outcome {
    if let ([case], true) = (cases, has_default) {
        // SAFETY: by the function's contract.
        return unsafe { select_one(m, g, case, index) };
    }
    let mut order: Indices = (0..cases.len() as u16)
        .filter(|&i| !cases[i as usize].chan.is_null())
        .collect();
    if order.is_empty() && !has_default {
        g.waiter.next.set(ptr::null());
        g.set_waiting(if cases.is_empty() {
            WaitReason::SelectNoCases
        } else {
            WaitReason::Select
        });
        return Outcome::Parked;
    }
    shuffle(m, &mut order);
    let locked = lock_all(cases, &order);
    for &i in &order {
        let case = &cases[i as usize];
        // SAFETY: not null and locked; the rest by the function's contract.
        let attempt = unsafe {
            let channel = Channel::at(case.chan);
            if case.send {
                channel.try_send(case.value)
            } else {
                channel.try_recv(case.value, case.ok)
            }
        };
        match attempt {
            Attempt::Blocked => {}
            Attempt::Closed => {
                unlock_all(&locked);
                return Outcome::Panic(SEND_ON_CLOSED);
            }
            Attempt::Done(woken) => {
                unlock_all(&locked);
                m.record_choice(g, i.into());
                // SAFETY: a register of the goroutine that runs here; no lock is held.
                unsafe {
                    *index = u64::from(i);
                    if let Some(other) = woken {
                        wake(m, other);
                    }
                }
                return Outcome::Done;
            }
        }
    }
    if has_default {
        unlock_all(&locked);
        // SAFETY: a register of the goroutine that runs here.
        unsafe { *index = u64::MAX };
        return Outcome::Done;
    }
    // SAFETY: all channels are locked.
    unsafe { enqueue(g, cases, &order, index) };
    // From the first unlock on the goroutine may run elsewhere.
    unlock_all(&locked);
    Outcome::Parked
}

/// A select of one case and a default: one attempt.
///
/// # Safety
/// As for [`select`].
unsafe fn select_one(
    m: &mut Machine,
    g: &Goroutine,
    case: &SelectCase,
    index: *mut u64,
) -> Outcome {
    let mut attempt = Attempt::Blocked;
    if !case.chan.is_null() {
        // SAFETY: not null; the rest by the function's contract.
        unsafe {
            let channel = Channel::at(case.chan);
            channel.lock.lock();
            attempt = if case.send {
                channel.try_send(case.value)
            } else {
                channel.try_recv(case.value, case.ok)
            };
            channel.lock.unlock();
        }
    }
    // SAFETY: a register of the goroutine that runs here; no lock is held.
    unsafe {
        match attempt {
            Attempt::Closed => return Outcome::Panic(SEND_ON_CLOSED),
            Attempt::Blocked => *index = u64::MAX,
            Attempt::Done(woken) => {
                m.record_choice(g, 0);
                *index = 0;
                if let Some(other) = woken {
                    wake(m, other);
                }
            }
        }
    }
    Outcome::Done
}

/// # Safety
/// The channels of `order`'s cases are locked.
unsafe fn enqueue(g: &Goroutine, cases: &[SelectCase], order: &[u16], index: *mut u64) {
    g.set_waiting(WaitReason::Select);
    // Relaxed: only the goroutine's holder starts a select; the locks publish it.
    let ticket = g.claim.load(Ordering::Relaxed).max(1);
    g.claim.store(ticket, Ordering::Relaxed);
    let waiters: Box<[CaseWaiter]> = order
        .iter()
        .map(|&i| {
            let case = &cases[i as usize];
            let waiter = Waiter::new();
            waiter.g.set(g);
            waiter.set_plain(case.value, case.ok, case.chan);
            waiter.ticket.set(ticket);
            waiter.case.set(i);
            CaseWaiter {
                waiter,
                send: case.send,
            }
        })
        .collect();
    let count = waiters.len();
    let first = Box::into_raw(waiters).cast::<CaseWaiter>();
    g.waiter.next.set(first.cast::<Waiter>());
    g.waiter.case.set(count as u16);
    g.waiter.value.set(index);
    for i in 0..count {
        // SAFETY: in the box that now belongs to the winner of the claim, who needs one of the locks we hold.
        let case = unsafe { &*first.add(i) };
        // SAFETY: not null, and locked; the waiter stays until `finish` takes it out.
        unsafe {
            let channel = Channel::at(case.waiter.chan.get());
            let queue = if case.send {
                &channel.senders
            } else {
                &channel.receivers
            };
            queue.push(&case.waiter);
        }
    }
}

/// An order of which all are equally likely.
fn shuffle(m: &Machine, order: &mut [u16]) {
    for i in (1..order.len()).rev() {
        order.swap(i, m.chooser().below(Choice::Select, i + 1));
    }
}

type Locked = SmallVec<[*mut u64; FEW]>;

/// Locks each channel once.
fn lock_all(cases: &[SelectCase], order: &[u16]) -> Locked {
    let mut chans: Locked = order.iter().map(|&i| cases[i as usize].chan).collect();
    chans.sort_unstable_by_key(|chan| chan.addr());
    chans.dedup();
    for &chan in &chans {
        // SAFETY: not null, a channel by the contract of `select`.
        unsafe { Channel::at(chan) }.lock.lock();
    }
    chans
}

fn unlock_all(chans: &[*mut u64]) {
    for &chan in chans.iter().rev() {
        // SAFETY: as in `lock_all`. The channel is alive: the caller's registers or, once it may run elsewhere,
        // the world, which is not stopped before this machine comes to a safepoint, keep it.
        unsafe { Channel::at(chan) }.lock.unlock();
    }
}
