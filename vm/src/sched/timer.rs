//! Timers: sleeping goroutines, and one-shot and periodic timers of the program.
//!
//! Each processor has a heap of what is due when; its holder looks at it between goroutines, an idle
//! machine (the timekeeper) waits for the earliest of all, and the monitor helps where all
//! processors are busy. A sleeper is in the heap itself. A program's timer has a slot, which exists while the timer is
//! armed; stopping it frees the slot, and the heap's entry, whose generation then is old, is
//! dropped when it comes up, or when the heap has doubled since such entries were last looked for.
//!
//! A timer's channel has a buffer of one (`chan::make_timer_channel`) but shows the program length and capacity 0.
//! Firing and stopping happen under the slots' lock, and stopping empties the buffer: after `Stop` or `Reset` no old value can
//! be received, as Go has it since 1.23. What a timer sends has the time in nanoseconds since 1970 in its
//! first word, the monotonic time of [`Scheduler::now`] in its second (if it has two), zeroes in the others.
//!
//! Lock order: the slots, then a heap or a channel.

use super::chooser::Choice;
use super::processor::Processor;
use super::{Machine, Policy, Scheduler};
use crate::chan;
use crate::goroutine::table::deref;
use crate::goroutine::{Goroutine, GoroutinePtr, Outcome, WaitReason};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU64, Ordering};

/// How late a timer may be before the monitor wakes a processor for it, in nanoseconds.
const LATE: u64 = 1_000_000;

/// What a timer does when it is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// Sends the time to this channel, unless the last one has not been received.
    Channel(*mut u64),
    /// Starts a goroutine with this closure (no parameters, no results).
    Closure(u64),
}

// SAFETY: a channel is used under its own lock, from any thread.
unsafe impl Send for Target {}

/// Names a timer while it is armed; 0 names none.
pub type TimerId = u64;

/// The armed timers of the program.
pub(crate) struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Slot {
    /// Odd while the timer is armed.
    generation: u32,
    period: u64,
    target: Target,
}

impl Slots {
    pub(crate) fn new() -> Slots {
        Slots {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }

    fn arm(&mut self, period: u64, target: Target) -> TimerId {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                generation: 0,
                period: 0,
                target: Target::Closure(0),
            });
            self.slots.len() as u32 - 1
        });
        let slot = &mut self.slots[index as usize];
        *slot = Slot {
            generation: slot.generation.wrapping_add(1),
            period,
            target,
        };
        u64::from(slot.generation) << 32 | u64::from(index)
    }

    fn get(&self, id: TimerId) -> Option<&Slot> {
        let slot = self.slots.get(id as u32 as usize)?;
        (id != 0 && slot.generation == (id >> 32) as u32).then_some(slot)
    }

    fn disarm(&mut self, id: TimerId) -> Option<Target> {
        let target = self.get(id)?.target;
        let slot = &mut self.slots[id as u32 as usize];
        slot.generation = slot.generation.wrapping_add(1);
        slot.target = Target::Closure(0);
        self.free.push(id as u32);
        Some(target)
    }
}

#[derive(Clone, Copy)]
enum Due {
    Sleeper(GoroutinePtr),
    Timer(TimerId),
}

#[derive(Clone, Copy)]
struct Entry {
    when: u64,
    /// Ties go in the order of arrival, or of a number from the seed.
    order: (u64, u64),
    due: Due,
}

// SAFETY: a sleeper is held by the heap it is in.
unsafe impl Send for Entry {}

impl Entry {
    fn key(&self) -> (u64, (u64, u64)) {
        (self.when, self.order)
    }
}

/// A processor's timers: a heap with four children a node.
pub(crate) struct Timers {
    heap: Mutex<Heap>,
    /// When the first one is due, `u64::MAX` if there is none.
    next: AtomicU64,
}

struct Heap {
    entries: Vec<Entry>,
    arrivals: u64,
    /// With so many entries it is time to look for those of stopped timers.
    sweep_at: usize,
}

/// Entries that are never worth a sweep.
const FEW_ENTRIES: usize = 1024;

impl Heap {
    fn push(&mut self, when: u64, due: Due, tie: u64) {
        self.arrivals += 1;
        let entry = Entry {
            when,
            order: (tie, self.arrivals),
            due,
        };
        self.entries.push(entry);
        let mut i = self.entries.len() - 1;
        while i > 0 {
            let parent = (i - 1) / 4;
            if self.entries[parent].key() <= entry.key() {
                break;
            }
            self.entries[i] = self.entries[parent];
            i = parent;
        }
        self.entries[i] = entry;
    }

    /// Takes the first if it is due at `now`.
    fn pop(&mut self, now: u64) -> Option<Entry> {
        let first = *self.entries.first()?;
        if first.when > now {
            return None;
        }
        let last = self.entries.pop()?;
        let len = self.entries.len();
        if len > 0 {
            let mut i = 0;
            loop {
                let children = 4 * i + 1..(4 * i + 5).min(len);
                let Some(least) = children.min_by_key(|&c| self.entries[c].key()) else {
                    break;
                };
                if self.entries[least].key() >= last.key() {
                    break;
                }
                self.entries[i] = self.entries[least];
                i = least;
            }
            self.entries[i] = last;
        }
        Some(first)
    }

    /// Drops the entries that `is_alive` denies. Done when they have doubled since, it costs each entry a constant.
    fn sweep(&mut self, is_alive: impl Fn(&Entry) -> bool) {
        self.entries.retain(is_alive);
        // What is sorted is a heap.
        self.entries.sort_unstable_by_key(Entry::key);
        self.entries
            .shrink_to(FEW_ENTRIES.max(2 * self.entries.len()));
        self.sweep_at = FEW_ENTRIES.max(2 * self.entries.len());
    }

    fn next(&self) -> u64 {
        self.entries.first().map_or(u64::MAX, |first| first.when)
    }
}

impl Timers {
    /// How many there are, disarmed ones included.
    pub(super) fn len(&self) -> usize {
        self.heap.lock().entries.len()
    }

    pub(crate) fn new() -> Timers {
        Timers {
            heap: Mutex::new(Heap {
                entries: Vec::new(),
                arrivals: 0,
                sweep_at: FEW_ENTRIES,
            }),
            next: AtomicU64::new(u64::MAX),
        }
    }

    /// There are timers.
    #[inline(always)]
    pub(crate) fn is_due_soon(&self) -> bool {
        // Relaxed: the heap's lock orders what matters.
        self.next.load(Ordering::Relaxed) != u64::MAX
    }

    /// True if it is time for [`Timers::sweep`].
    fn push(&self, when: u64, due: Due, tie: u64) -> bool {
        let mut heap = self.heap.lock();
        heap.push(when, due, tie);
        // SeqCst: before the look at the timekeeper in `after_push`.
        self.next.store(heap.next(), Ordering::SeqCst);
        heap.entries.len() >= heap.sweep_at
    }

    /// Forgets the timers that were stopped long before they would have been due.
    #[cold]
    fn sweep(&self, slots: &Mutex<Slots>) {
        let slots = slots.lock();
        let mut heap = self.heap.lock();
        heap.sweep(|entry| match entry.due {
            Due::Sleeper(_) => true,
            Due::Timer(id) => slots.get(id).is_some(),
        });
        // SeqCst: as in `push`.
        self.next.store(heap.next(), Ordering::SeqCst);
    }

    /// Moves all of `from` here; the caller holds no timer lock.
    pub(crate) fn adopt(&self, from: &Timers) {
        let mut entries = {
            let mut heap = from.heap.lock();
            from.next.store(u64::MAX, Ordering::SeqCst);
            std::mem::take(&mut heap.entries)
        };
        // Ties stay in the order of arrival.
        entries.sort_unstable_by_key(Entry::key);
        for entry in entries {
            self.push(entry.when, entry.due, entry.order.0);
        }
    }

    /// Takes what is due at `now`, at most as much as fits.
    fn take_due(&self, now: u64, due: &mut Vec<Entry>) {
        let mut heap = self.heap.lock();
        while due.len() < due.capacity() {
            let Some(entry) = heap.pop(now) else { break };
            due.push(entry);
        }
        self.next.store(heap.next(), Ordering::SeqCst);
    }
}

/// `time.Sleep`. pc and base must be saved.
pub fn sleep(m: &mut Machine, g: &Goroutine, nanoseconds: i64) -> Outcome {
    if nanoseconds <= 0 {
        return Outcome::Done;
    }
    let sched = m.sched();
    sched.monitor.start(sched);
    let when = sched
        .now()
        .saturating_add(nanoseconds as u64)
        .min(u64::MAX - 1);
    g.set_waiting(WaitReason::Sleep);
    let sleeper = Due::Sleeper(GoroutinePtr::from(g));
    m.p().timers.push(when, sleeper, m.timer_tie());
    sched.after_push(when);
    Outcome::Parked
}

/// Arms a timer that is due in `delay` nanoseconds, and then every `period` nanoseconds if that is not 0.
pub fn start(m: &mut Machine, delay: i64, period: u64, target: Target) -> TimerId {
    let sched = m.sched();
    sched.monitor.start(sched);
    let when = sched
        .now()
        .saturating_add(delay.max(0) as u64)
        .min(u64::MAX - 1);
    let id = sched.timer_slots.lock().arm(period, target);
    if m.p().timers.push(when, Due::Timer(id), m.timer_tie()) {
        m.p().timers.sweep(&sched.timer_slots);
    }
    sched.after_push(when);
    id
}

/// Stops a timer: true if it was armed, or if what it sent to `chan` (its channel, or null) had not been received; that
/// value is thrown away.
///
/// # Safety
/// `chan` is null or a channel.
pub unsafe fn stop(m: &mut Machine, id: TimerId, chan: *mut u64) -> bool {
    let mut slots = m.sched().timer_slots.lock();
    let was_armed = slots.disarm(id).is_some();
    // SAFETY: by the function's contract.
    let had_value = !chan.is_null() && unsafe { chan::discard(chan) };
    was_armed || had_value
}

impl Machine {
    /// What decides between timers that are due at the same moment: with a seed a number from it, else who came first.
    fn timer_tie(&self) -> u64 {
        if self.is_replayable() && self.sched().config().policy != Policy::Fifo {
            self.chooser().bits(Choice::Timer)
        } else {
            0
        }
    }

    /// Does what is due on `p`. The current goroutine, if any, is not touched.
    pub(crate) fn run_timers(&mut self, p: &Processor) {
        let now = self.sched().now();
        // SeqCst: as in `next_deadline`.
        if p.timers.next.load(Ordering::SeqCst) > now {
            return;
        }
        let mut due = Vec::with_capacity(64);
        loop {
            p.timers.take_due(now, &mut due);
            if due.is_empty() {
                return;
            }
            for entry in due.drain(..) {
                match entry.due {
                    Due::Sleeper(g) => self.ready_due(g),
                    Due::Timer(id) => self.fire(id, entry.when, now),
                }
            }
        }
    }

    fn fire(&mut self, id: TimerId, when: u64, now: u64) {
        let sched = self.sched();
        let mut slots = sched.timer_slots.lock();
        let Some(&Slot { period, target, .. }) = slots.get(id) else {
            return;
        };
        if period == 0 {
            slots.disarm(id);
        } else {
            // A late ticker drops ticks rather than catching up.
            let next = when + period * (1 + (now - when) / period);
            self.p().timers.push(next, Due::Timer(id), self.timer_tie());
        }
        let woken = match target {
            Target::Channel(chan) => {
                let wall = sched.wall() as u64;
                // SAFETY: a timer's target is a channel, kept alive as a root while it is armed.
                unsafe { chan::offer(chan, &[wall, now]) }
            }
            Target::Closure(closure) => Some(self.spawn_closure(closure)),
        };
        drop(slots);
        if let Some(g) = woken {
            self.ready_due(g);
        }
    }

    /// Does what is due on any processor: for a machine that found nothing else to do.
    pub(crate) fn run_all_timers(&mut self) {
        let now = self.sched().now();
        for p in self.sched().processors() {
            if p.timers.next.load(Ordering::Relaxed) <= now {
                self.run_timers(p);
            }
        }
    }
}

impl Scheduler {
    /// After a timer was added: a timekeeper that would look too late looks now.
    fn after_push(&self, when: u64) {
        // SeqCst: the timekeeper announces when it will look before it looks at the timers a last time; we have added ours
        // before. If no processor is idle the adding one looks itself, until it is idle: see `put_idle`.
        if when < self.timekeeper.load(Ordering::SeqCst)
            && self.idle_processors.load(Ordering::SeqCst) != 0
        {
            self.poke_timekeeper();
        }
    }

    /// There are timers, and no machine waits for them.
    pub(crate) fn lacks_timekeeper(&self) -> bool {
        // SeqCst: see `after_push`.
        self.timekeeper.load(Ordering::SeqCst) == u64::MAX && self.next_deadline() != u64::MAX
    }

    /// When the first timer of all is due.
    pub(crate) fn next_deadline(&self) -> u64 {
        // SeqCst: see `after_push`.
        self.processors()
            .iter()
            .map(|p| p.timers.next.load(Ordering::SeqCst))
            .min()
            .unwrap_or(u64::MAX)
    }

    /// Some timer is due.
    pub(crate) fn timers_are_due(&self) -> bool {
        let deadline = self.next_deadline();
        deadline != u64::MAX && deadline <= self.now()
    }

    /// Some timer is due for so long that its processor will not see to it soon.
    pub(crate) fn timers_are_late(&self) -> bool {
        let deadline = self.next_deadline();
        deadline != u64::MAX && deadline.saturating_add(LATE) <= self.now()
    }

    /// Some timer will make a goroutine run: a sleeper, a closure, or a channel that somebody waits on. Others do not
    /// keep a program from being deadlocked.
    pub(crate) fn timers_matter(&self) -> bool {
        let slots = self.timer_slots.lock();
        self.processors().iter().any(|p| {
            let heap = p.timers.heap.lock();
            heap.entries.iter().any(|entry| match entry.due {
                Due::Sleeper(_) => true,
                Due::Timer(id) => match slots.get(id).map(|slot| slot.target) {
                    None => false,
                    Some(Target::Closure(_)) => true,
                    // SAFETY: a timer's target is a channel, kept alive as a root while it is armed.
                    Some(Target::Channel(chan)) => unsafe { chan::has_receivers(chan) },
                },
            })
        })
    }

    /// Calls `visit` with every pointer to the heap that a timer holds. Only while the world is stopped.
    pub fn visit_timer_roots(&self, mut visit: impl FnMut(u64)) {
        let slots = self.timer_slots.lock();
        for slot in slots.slots.iter().filter(|slot| slot.generation % 2 == 1) {
            match slot.target {
                Target::Channel(chan) => visit(chan as u64),
                Target::Closure(closure) => visit(closure),
            }
        }
    }

    /// Takes a sleeper out. Only while the world is stopped.
    pub(crate) fn cancel_sleep(&self, g: &Goroutine) -> bool {
        self.processors().iter().any(|p| {
            let mut heap = p.timers.heap.lock();
            let before = heap.entries.len();
            heap.sweep(
                |entry| !matches!(entry.due, Due::Sleeper(other) if std::ptr::eq(other.as_ptr(), g)),
            );
            // SeqCst: as in `push`.
            p.timers.next.store(heap.next(), Ordering::SeqCst);
            heap.entries.len() < before
        })
    }

    /// Sleepers, in no order: for reports.
    pub fn visit_sleepers(&self, mut visit: impl FnMut(&Goroutine, u64)) {
        for p in self.processors() {
            for entry in &p.timers.heap.lock().entries {
                if let Due::Sleeper(g) = entry.due {
                    visit(deref(g), entry.when);
                }
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn comes_up_in_order_of_time_and_then_of_arrival() {
        let timers = Timers::new();
        let mut expected = Vec::new();
        for i in 0..1000u64 {
            let when = (i * 7919) % 101;
            timers.push(when, Due::Timer(i), 0);
            expected.push((when, i));
        }
        expected.sort_unstable();
        let mut due = Vec::with_capacity(2000);
        timers.take_due(50, &mut due);
        assert!(due.iter().all(|entry| entry.when <= 50));
        timers.take_due(1000, &mut due);
        let found: Vec<_> = due
            .iter()
            .map(|entry| match entry.due {
                Due::Timer(id) => (entry.when, id),
                Due::Sleeper(_) => (0, 0),
            })
            .collect();
        assert_eq!(found, expected);
        assert!(!timers.is_due_soon());
    }

    #[test]
    fn a_stopped_timer_is_not_found_again() {
        let mut slots = Slots::new();
        let first = slots.arm(0, Target::Closure(1));
        assert_eq!(slots.disarm(first), Some(Target::Closure(1)));
        let second = slots.arm(5, Target::Closure(2));
        assert_eq!(slots.disarm(first), None);
        assert_eq!(slots.disarm(0), None);
        assert_eq!(slots.disarm(second), Some(Target::Closure(2)));
    }
}
