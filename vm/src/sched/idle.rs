//! Idle processors and machines, and waking them without losing a wake-up.
//!
//! The idle lock guards both lists. A machine without a processor waits at its own mailbox; who
//! pops it from the list posts a processor there. One of the waiting machines may be the
//! *timekeeper*: it wakes by itself when the next timer is due.

use std::sync::Arc;
use std::time::Duration;

use super::world::World;
use super::{Machine, Scheduler};
use crate::sync::atomic::{Ordering, fence};
use crate::sync::{Condvar, Mutex, MutexGuard, thread};

/// What the idle lock guards.
pub(crate) struct Idle {
    /// Processors that no machine holds; the last one is taken first.
    pub(crate) processors: Vec<usize>,
    /// Machines that hold no processor and wait at their mailboxes.
    pub(crate) machines: Vec<Arc<Mailbox>>,
    /// Machines without a processor that wait for the world to go on, or help while it is stopped. They are in no list, and look for
    /// work before they wait at their mailboxes.
    pub(crate) resuming: usize,
    /// Threads started and not ended, the first machine's not counted.
    pub(crate) threads: usize,
    /// Machines that gave up their processor for a system call, or lost it and have not noticed.
    pub(crate) blocked: usize,
    /// Machines back from a system call that wait for a processor.
    pub(crate) returning: Vec<Arc<Mailbox>>,
    pub(crate) world: World,
    /// The first machine is in a system call.
    pub(crate) first_blocked: bool,
    /// [`Scheduler::run`] has returned.
    pub(crate) returned: bool,
}

impl Idle {
    pub(crate) fn new(procs: usize) -> Idle {
        Idle {
            processors: (0..procs).rev().collect(),
            machines: Vec::new(),
            resuming: 0,
            threads: 0,
            blocked: 0,
            returning: Vec::new(),
            world: World::new(),
            first_blocked: false,
            returned: false,
        }
    }
}

/// Where a machine without a processor waits.
pub(crate) struct Mailbox {
    mail: Mutex<Mail>,
    posted: Condvar,
    /// The machine's number, for reports.
    pub(super) number: usize,
}

#[derive(Default)]
struct Mail {
    /// A processor, and whether the machine starts as a spinning one.
    processor: Option<(usize, bool)>,
    /// Look again at what you wait for.
    poked: bool,
}

/// Why a wait at a mailbox ended.
pub(crate) enum Woken {
    /// With a processor; true if as a spinning machine, which the waker has counted.
    Processor(usize, bool),
    /// Poked.
    Poked,
    /// The time was over.
    Timeout,
}

impl Mailbox {
    pub(crate) fn new(number: usize) -> Arc<Mailbox> {
        Arc::new(Mailbox {
            number,
            mail: Mutex::new(Mail::default()),
            posted: Condvar::new(),
        })
    }

    /// Hands over a processor.
    pub(crate) fn post(&self, processor: usize, spinning: bool) {
        self.mail.lock().processor = Some((processor, spinning));
        self.posted.notify_one();
    }

    /// Makes the machine look up.
    pub(crate) fn poke(&self) {
        self.mail.lock().poked = true;
        self.posted.notify_one();
    }

    /// Waits for something to happen, at most `timeout` if there is one.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> Woken {
        let mut mail = self.mail.lock();
        loop {
            if let Some((processor, spinning)) = mail.processor.take() {
                return Woken::Processor(processor, spinning);
            }
            if std::mem::take(&mut mail.poked) {
                return Woken::Poked;
            }
            match timeout {
                None => self.posted.wait(&mut mail),
                Some(timeout) => {
                    if self.posted.wait_for(&mut mail, timeout) && mail.processor.is_none() {
                        return Woken::Timeout;
                    }
                }
            }
        }
    }
}

impl Scheduler {
    /// Wakes a machine for work that was just published, if a processor is idle and nobody is
    /// looking for work already. The woken machine starts spinning.
    #[inline]
    pub(crate) fn wake_p(&self) {
        // Pairs with the fence in `look_again`: the work is published before we look for idle processors,
        // they are announced before they look for work.
        fence(Ordering::SeqCst);
        if self.may_wake() {
            self.wake_idle();
        }
    }

    /// A processor is idle, and nobody is looking for work already.
    #[inline(always)]
    pub(crate) fn may_wake(&self) -> bool {
        // SeqCst: after a SeqCst store (of `run_next`) or fence, see `wake_p`.
        self.idle_processors.load(Ordering::SeqCst) != 0
            && self.spinning.load(Ordering::SeqCst) == 0
    }

    #[cold]
    fn wake_idle(&self) {
        // AcqRel: the spinning machine's count is given back with SeqCst in `stop_spinning`.
        if self
            .spinning
            .compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed)
            .is_err()
        {
            return;
        }
        if !self.start_machine(true) {
            self.stop_spinning();
        }
    }

    pub(crate) fn stop_spinning(&self) -> bool {
        // SeqCst: before the last look of a machine that goes idle; see `wake_p`.
        self.spinning.fetch_sub(1, Ordering::SeqCst) == 1
    }

    /// Gives an idle processor to a waiting machine or a new one; false if there is none to give.
    pub(crate) fn start_machine(&self, spinning: bool) -> bool {
        let mut idle = self.idle.lock();
        // No new thread for what machines that are on their way here will find.
        if idle.machines.is_empty() && idle.resuming > 0 {
            return false;
        }
        let Some(processor) = self.take_idle(&mut idle) else {
            return false;
        };
        // Not the timekeeper if there is another.
        let keeper = |mailbox: &Arc<Mailbox>| {
            idle.world
                .timekeeper
                .as_ref()
                .is_some_and(|keeper| Arc::ptr_eq(keeper, mailbox))
        };
        let last = idle.machines.len().wrapping_sub(1);
        let chosen = idle
            .machines
            .iter()
            .rposition(|mailbox| !keeper(mailbox))
            .unwrap_or(last);
        if chosen != usize::MAX {
            let mailbox = idle.machines.swap_remove(chosen);
            drop(idle);
            mailbox.post(processor, spinning);
            return true;
        }
        self.start_thread(idle, processor, spinning)
    }

    /// Starts machines that can help with a collection, as far as there are idle processors for them: a program of one goroutine has no others.
    pub(crate) fn start_helpers(&self) {
        for _ in 0..self.helpers() {
            let mut idle = self.idle.lock();
            let busy = self.active().saturating_sub(idle.processors.len() + 1);
            if busy + idle.machines.len() + idle.resuming >= self.helpers() {
                return;
            }
            let Some(processor) = self.take_idle(&mut idle) else {
                return;
            };
            if !self.start_thread(idle, processor, false) {
                return;
            }
        }
    }

    /// Gives a processor to a new machine; back to the idle ones if there can be none.
    fn start_thread(
        &self,
        mut idle: MutexGuard<'_, Idle>,
        processor: usize,
        spinning: bool,
    ) -> bool {
        idle.threads += 1;
        // The first machine's thread is one more.
        let threads = idle.threads + 1;
        drop(idle);
        if !self.has_room_for_threads(threads) {
            let mut idle = self.idle.lock();
            idle.threads -= 1;
            self.put_idle(&mut idle, processor);
            return false;
        }
        let Some(me) = self.me.upgrade() else {
            return false;
        };
        let started = spawn_thread("machine", move || {
            let _ended = ThreadEnd(me.clone());
            Machine::of_thread(&me, processor, spinning).schedule();
            // Whoever waits for the first machine must not wait for what it waits for.
            if me.idle.lock().first_blocked {
                me.abandon_after(Duration::ZERO);
            }
        });
        if !started {
            let mut idle = self.idle.lock();
            idle.threads -= 1;
            self.put_idle(&mut idle, processor);
        }
        started
    }

    /// Takes an idle processor, unless the world is stopping.
    pub(crate) fn take_idle(&self, idle: &mut Idle) -> Option<usize> {
        if idle.world.stopping {
            return None;
        }
        let processor = idle.processors.pop()?;
        // SeqCst: see `wake_p`.
        self.idle_processors
            .store(idle.processors.len(), Ordering::SeqCst);
        self.monitor.nudge();
        Some(processor)
    }

    /// Returns a processor to the idle ones.
    pub(crate) fn put_idle(&self, idle: &mut Idle, processor: usize) {
        idle.processors.push(processor);
        // SeqCst: see `wake_p`.
        self.idle_processors
            .store(idle.processors.len(), Ordering::SeqCst);
        // The processor's holder has looked for its timers itself until now, also for those that are due before the timekeeper will look.
        if let Some(keeper) = &idle.world.timekeeper
            && self.next_deadline() < self.timekeeper.load(Ordering::SeqCst)
        {
            keeper.poke();
        }
        if idle.world.stopping {
            self.arrived.notify_all();
        }
    }

    /// Gives idle processors to the machines that are back from system calls or lost theirs.
    pub(crate) fn serve_returning(&self, idle: &mut Idle) {
        while !idle.returning.is_empty()
            && let Some(processor) = self.take_idle(idle)
            && let Some(mailbox) = idle.returning.pop()
        {
            mailbox.post(processor, false);
        }
    }

    /// Some queue has something in it. The last look of a machine that goes idle, after it gave up its
    /// processor and stopped spinning.
    pub(crate) fn look_again(&self) -> bool {
        // Pairs with the fence in `wake_p`.
        fence(Ordering::SeqCst);
        self.global.len() != 0 || self.processors().iter().any(|p| p.has_work())
    }

    /// Tells the running goroutines to come to a safepoint, or that they need not any more.
    pub(crate) fn update_attention(&self, idle: &Idle) {
        let wanted = idle.world.stopping || !idle.returning.is_empty() || self.is_finished();
        // Relaxed: a hint; who wants the attention asks until it has it.
        self.attention.store(wanted, Ordering::Relaxed);
    }

    /// The program is over: whoever waits wakes up to see it.
    pub(crate) fn wake_everyone(&self) {
        let idle = self.idle.lock();
        for mailbox in idle.machines.iter().chain(&idle.returning) {
            mailbox.poke();
        }
        self.resumed.notify_all();
        self.arrived.notify_all();
        self.over.notify_all();
    }

    /// The machine that waits for timers is to look when the next one is due.
    pub(crate) fn poke_timekeeper(&self) {
        let idle = self.idle.lock();
        if let Some(keeper) = &idle.world.timekeeper {
            keeper.poke();
        }
    }
}

/// Counts a thread out, however it ends.
pub(crate) struct ThreadEnd(pub(crate) Arc<Scheduler>);

impl Drop for ThreadEnd {
    fn drop(&mut self) {
        self.0.idle.lock().threads -= 1;
        self.0.arrived.notify_all();
    }
}

/// As much as a process's first thread has: natives that print recurse as deep as values are nested. What is not used is not there.
#[cfg(not(loom))]
const MACHINE_STACK: usize = 8 << 20;

/// Starts a thread; false if the system has none left.
#[cfg(not(loom))]
pub(crate) fn spawn_thread(name: &str, body: impl FnOnce() + Send + 'static) -> bool {
    thread::Builder::new()
        .stack_size(MACHINE_STACK)
        .name(name.to_owned())
        .spawn(body)
        .is_ok()
}

/// Starts a thread of the model.
#[cfg(loom)]
pub(crate) fn spawn_thread(_name: &str, body: impl FnOnce() + Send + 'static) -> bool {
    thread::spawn(body);
    true
}
