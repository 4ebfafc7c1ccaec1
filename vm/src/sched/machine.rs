//! A machine: a thread that holds a processor and runs goroutines, one after the other.

use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::{Duration, Instant};

use minigo_bytecode::op::Op;

use super::chooser::{Choice, Chooser};
use super::idle::{Idle, Mailbox, Woken};
use super::policy::Comes;
use super::processor::Processor;
use super::run_queue::{GoroutineList, LOCAL_LIMIT};
use super::{Entry, Finish, Preempt, Safepoint, Scheduler};
use crate::goroutine::table::deref;
use crate::goroutine::{Exit, Goroutine, GoroutinePtr, RETRY_LOCK, SLOW_CALL, Status};
use crate::sync::atomic::Ordering;

/// Time slices between two looks at the global queue before the own one; Go's number.
const GLOBAL_PERIOD: u32 = 61;
/// Safepoints that a goroutine may pass before another processor is woken for the one it made ready.
const WAKE_SAFEPOINTS: u32 = 32;
/// Numbers that a processor reserves at once for its new goroutines.
const ID_BATCH: u32 = 16;
/// A system call of less than this is short: reading a file that the system has in memory takes a microsecond.
const SHORT_CALL: Duration = Duration::from_micros(20);
/// Exit code for a bug in the VM.
const INTERNAL_ERROR: i32 = 3;
/// Pauses between two looks at what a victim is to run next, before it is stolen.
const STEAL_NEXT_PAUSES: usize = if cfg!(loom) { 1 } else { 100 };
/// Rounds over all processors before a machine goes idle; what is to run next is taken in the last one only.
const STEAL_ROUNDS: usize = if cfg!(loom) { 1 } else { 3 };

/// One thread that runs goroutines. Holds a processor while it does.
pub struct Machine {
    sched: NonNull<Scheduler>,
    pub(super) processor: Option<NonNull<Processor>>,
    /// Counted in `Scheduler::spinning`.
    spinning: bool,
    mailbox: Arc<Mailbox>,
    /// The goroutine just taken continues the time slice of the one before.
    inherits: bool,
    /// With a seed.
    chosen: bool,
    /// Each safepoint is looked at.
    counts: bool,
    /// The one of the thread that runs the program.
    is_first: bool,
}

impl Machine {
    /// The machine of the thread that runs the program, with the first processor.
    pub(crate) fn first(sched: &Scheduler) -> Machine {
        let processor = sched.take_idle(&mut sched.idle.lock());
        let mut m = Machine::new(sched);
        m.is_first = true;
        m.processor = processor.map(|p| NonNull::from(&sched.processors()[p]));
        m
    }

    /// The machine of a new thread, with the processor that it was started for.
    pub(crate) fn of_thread(sched: &Scheduler, processor: usize, spinning: bool) -> Machine {
        let mut m = Machine::new(sched);
        m.take(processor, spinning);
        m
    }

    fn new(sched: &Scheduler) -> Machine {
        Machine {
            sched: NonNull::from(sched),
            processor: None,
            spinning: false,
            // Relaxed: only that each number is given once.
            mailbox: Mailbox::new(sched.machines.fetch_add(1, Ordering::Relaxed)),
            inherits: false,
            chosen: sched.config.seed.is_some(),
            counts: sched.config.counts_safepoints(),
            is_first: false,
        }
    }

    /// The scheduler it belongs to. The result must not outlive the machine's thread.
    #[inline(always)]
    pub fn sched<'a>(&self) -> &'a Scheduler {
        // SAFETY: a machine lives on the stack of `run`, whose caller keeps the scheduler, or of a thread that does.
        unsafe { self.sched.as_ref() }
    }

    /// Index of the processor it holds.
    #[inline(always)]
    pub fn processor_index(&self) -> usize {
        self.p().index
    }

    /// The choices of the processor it holds.
    #[inline(always)]
    pub fn chooser(&self) -> &Chooser {
        &self.p().chooser
    }

    /// The processor it holds.
    #[inline(always)]
    pub(crate) fn p<'a>(&self) -> &'a Processor {
        let p = self
            .processor
            .expect("a machine that runs Go code holds a processor");
        // SAFETY: processors live as long as the scheduler.
        unsafe { p.as_ref() }
    }

    pub(super) fn take(&mut self, processor: usize, spinning: bool) {
        let p = &self.sched().processors()[processor];
        // Relaxed: the time slice before is over, and so is a request to end it; unless this machine held the processor last, and is
        // back from a system call.
        let number = self.mailbox.number as u32;
        if p.machine.load(Ordering::Relaxed) != number || self.spinning || spinning {
            p.machine.store(number, Ordering::Relaxed);
            Processor::count(&p.slices);
            p.preempt.store(false, Ordering::Relaxed);
        }
        self.processor = Some(NonNull::from(p));
        self.spinning = spinning;
    }

    /// The machine's loop: until the program is over.
    pub(crate) fn schedule(&mut self) {
        while let Some(g) = self.find_runnable() {
            self.execute(g);
        }
        if self.spinning {
            self.spinning = false;
            self.sched().stop_spinning();
        }
        self.release_processor();
    }

    /// Gives the processor back for good.
    pub(crate) fn release_processor(&mut self) {
        if let Some(p) = self.processor.take() {
            // SAFETY: processors live as long as the scheduler.
            let index = unsafe { p.as_ref() }.index;
            let sched = self.sched();
            sched.put_idle(&mut sched.idle.lock(), index);
        }
    }

    /// Runs `g` until it comes back, and sees to it that it is where it then belongs.
    fn execute(&mut self, g: GoroutinePtr) {
        let sched = self.sched();
        let p = self.p();
        let goroutine = deref(g);
        goroutine.set_status(Status::Running);
        // Relaxed: only for `preempt_current`, which copes with stale values.
        p.current.store(g.as_ptr(), Ordering::Relaxed);
        Processor::count(&p.runs);
        if !self.inherits {
            Processor::count(&p.slices);
            // Relaxed: a request for the time slice before is void.
            p.preempt.store(false, Ordering::Relaxed);
            if let (Some(quantum), false) = (sched.config.quantum, self.chosen) {
                p.quantum.set(quantum.max(1) - 1);
            }
        }
        if goroutine.flags.get() & RETRY_LOCK != 0 && !self.retry_lock(goroutine) {
            return;
        }
        goroutine.reset_limit();
        // Relaxed: if it comes too late here, who wants the attention asks again.
        if self.counts || sched.attention.load(Ordering::Relaxed) {
            goroutine.preempt();
        }
        let exit = (sched.hooks().run)(self, goroutine);
        // A native that blocked may have come back with another processor.
        let p = self.p();
        p.current.store(ptr::null_mut(), Ordering::Relaxed);
        p.wake_countdown.set(0);
        if self.counts {
            p.end_run();
        }
        match exit {
            Exit::Parked => {
                Processor::count(&p.counts.parks);
            }
            Exit::Preempted => {
                Processor::count(&p.counts.preemptions);
                self.push_preempted(g);
            }
            Exit::Yielded => {
                goroutine.set_status(Status::Runnable);
                self.push_global(g, Comes::Yielded);
            }
            Exit::Ended | Exit::Goexit => self.bury(g, exit == Exit::Goexit),
            Exit::Exit(code) => sched.end(Finish::Exit(code)),
        }
    }

    /// A goroutine woken out of a semaphore's queue tries again; false if it had to go back.
    fn retry_lock(&mut self, g: &Goroutine) -> bool {
        g.flags.set(g.flags.get() & !RETRY_LOCK);
        // SAFETY: this machine holds the goroutine, which waits for the semaphore in its waiter.
        unsafe { crate::sema::mutex_retry(self, g) }
    }

    fn bury(&mut self, g: GoroutinePtr, goexit: bool) {
        let sched = self.sched();
        let goroutine = deref(g);
        goroutine.set_status(Status::Dead);
        if goroutine.id() == 1 {
            if !goexit {
                (sched.hooks().main_returned)(self);
                sched.end(Finish::Returned);
                return;
            }
            // Relaxed: read when everything is idle, under the idle lock.
            sched.main_exited.store(true, Ordering::Relaxed);
        }
        let id = goroutine.id();
        goroutine.recycle();
        let p = self.p();
        if self.chosen {
            // SAFETY: this machine holds the processor; nothing else refers to the list.
            unsafe { &mut *p.chosen.get() }.forget(id);
        }
        p.add_live(-1);
        // SAFETY: this machine holds the processor.
        let free = unsafe { p.free() };
        free.push_front(g);
        sched.table.give_batch(free);
    }

    /// Starts a goroutine (`go`). `args` are the parameter words; `created_at` is the op after the `go`.
    ///
    /// # Safety
    /// `args` must be valid for `count` words, `entry` a verified function with at least that many registers.
    #[inline]
    pub unsafe fn spawn(
        &mut self,
        parent: &Goroutine,
        entry: Entry,
        args: *const u64,
        count: usize,
        created_at: *const Op,
    ) {
        // SAFETY: by the function's contract.
        let g = unsafe { self.new_goroutine(parent.id(), entry, args, count, created_at) };
        self.sched().monitor.start(self.sched());
        self.ready(g);
    }

    /// Starts a goroutine that no goroutine started, such as a timer's.
    pub(crate) fn spawn_closure(&mut self, closure: u64) -> GoroutinePtr {
        let entry = (self.sched().hooks().entry)(closure);
        // SAFETY: a closure without parameters takes the closure pointer in its first register.
        unsafe { self.new_goroutine(0, entry, &raw const closure, 1, ptr::null()) }
    }

    /// # Safety
    /// As for [`Scheduler::run`].
    pub(crate) unsafe fn spawn_main(&mut self, entry: Entry) {
        // SAFETY: by the function's contract.
        let g = unsafe { self.new_goroutine(0, entry, ptr::null(), 0, ptr::null()) };
        self.ready(g);
    }

    /// Starts a goroutine that nobody started, and gives its number; `before` sees it before it can run.
    ///
    /// # Safety
    /// As for [`Scheduler::run`].
    pub(crate) unsafe fn spawn_root(
        &mut self,
        entry: Entry,
        before: impl FnOnce(&Goroutine),
    ) -> u64 {
        // SAFETY: by the function's contract; no arguments.
        let g = unsafe { self.new_goroutine(0, entry, ptr::null(), 0, ptr::null()) };
        let id = deref(g).id();
        before(deref(g));
        self.sched().monitor.start(self.sched());
        self.ready(g);
        id
    }

    /// # Safety
    /// As for [`Machine::spawn`].
    pub(crate) unsafe fn new_goroutine(
        &mut self,
        parent: u64,
        entry: Entry,
        args: *const u64,
        count: usize,
        created_at: *const Op,
    ) -> GoroutinePtr {
        let sched = self.sched();
        let p = self.p();
        // SAFETY: this machine holds the processor.
        let free = unsafe { p.free() };
        let g = loop {
            match free.pop() {
                Some(g) => break g,
                None => sched.table.take_batch(free),
            }
        };
        let (mut id, mut reserved) = p.ids.get();
        if reserved == 0 {
            // Relaxed: only that numbers are given once.
            id = sched
                .next_id
                .fetch_add(u64::from(ID_BATCH), Ordering::Relaxed);
            reserved = ID_BATCH;
        }
        p.ids.set((id + 1, reserved - 1));
        p.add_live(1);
        if let Some(limit) = sched.config.max_goroutines {
            self.check_goroutines(limit);
        }
        // SAFETY: just taken from the free list; the rest by the function's contract.
        let started = unsafe { deref(g).start(id, parent, created_at, entry, args, count) };
        assert!(
            started.is_ok(),
            "internal error: a frame larger than the largest stack"
        );
        g
    }

    /// Makes a goroutine that this machine holds runnable. It runs next on this processor, or on one that is
    /// idle if the current goroutine goes on for long.
    #[inline]
    pub(crate) fn ready(&mut self, g: GoroutinePtr) {
        deref(g).set_status(Status::Runnable);
        let sched = self.sched();
        let p = self.p();
        if self.chosen {
            self.push_chosen(g, Comes::Next);
            return;
        }
        match p.replace_next(g) {
            Some(displaced) => {
                self.push_local(displaced);
                sched.wake_p();
            }
            None => {
                // SeqCst inside: either we see the processor that goes idle, or it sees `run_next` in its last look.
                if sched.may_wake() && p.wake_countdown.get() == 0 {
                    p.wake_countdown.set(WAKE_SAFEPOINTS);
                    sched.preempt_current(p);
                }
            }
        }
    }

    /// Makes a goroutine that this machine holds runnable, behind those that are already.
    pub(crate) fn ready_last(&mut self, g: GoroutinePtr) {
        deref(g).set_status(Status::Runnable);
        if self.chosen {
            self.push_chosen(g, Comes::Last);
            return;
        }
        self.push_local(g);
        self.sched().wake_p();
    }

    /// Makes a goroutine whose time has come runnable: the first one that is due runs next, at the cost of the time slice of the one
    /// before. Behind goroutines that only compute, it would wait for as many time slices as there are of them. Not twice in a row: who
    /// sleeps for next to nothing, again and again, must not keep the others from running.
    pub(super) fn ready_due(&mut self, g: GoroutinePtr) {
        if self.chosen || self.inherits || self.p().peek_next().is_some() {
            self.ready_last(g);
            return;
        }
        deref(g).set_status(Status::Runnable);
        let displaced = self.p().replace_next(g);
        debug_assert!(
            displaced.is_none(),
            "only the holder of a processor says what is next"
        );
        self.sched().wake_p();
    }

    fn push_chosen(&mut self, g: GoroutinePtr, comes: Comes) {
        let p = self.p();
        // SAFETY: this machine holds the processor; nothing else refers to the list.
        if unsafe { &mut *p.chosen.get() }.push(g, comes, &p.chooser) {
            p.quantum.set(0);
        }
        // SeqCst: before the processor is given up; pairs with the fence in `look_again`.
        p.chosen_count.fetch_add(1, Ordering::SeqCst);
    }

    /// Notes a choice other than that of the next goroutine, for the hash of the schedule.
    #[inline]
    pub(crate) fn record_choice(&self, g: &Goroutine, choice: u64) {
        if self.chosen {
            let p = self.p();
            // SAFETY: this machine holds the processor; nothing else refers to the list.
            unsafe { &mut *p.chosen.get() }.record(p.steps.get(), g.id(), choice);
        }
    }

    /// A goroutine gave way at a safepoint. Where that was not for another goroutine's sake, it goes on first.
    fn push_preempted(&mut self, g: GoroutinePtr) {
        deref(g).set_status(Status::Runnable);
        if self.sched().config.preempt == Preempt::Off && !self.chosen {
            if let Some(displaced) = self.p().replace_next(g) {
                self.push_local(displaced);
            }
        } else {
            self.push_global(g, Comes::Preempted);
        }
    }

    /// Looking at a lock for a moment may pay: another processor may be about to release it, and nothing waits for this one.
    pub(crate) fn may_spin(&self) -> bool {
        let sched = self.sched();
        let p = self.p();
        let busy = sched.active() - sched.idle_processors.load(Ordering::Relaxed);
        sched.cores > 1 && busy > 1 + sched.spinning.load(Ordering::Relaxed) && !p.has_work()
    }

    /// With a seed: nothing may depend on time.
    pub(crate) fn is_replayable(&self) -> bool {
        self.chosen
    }

    fn push_local(&mut self, g: GoroutinePtr) {
        let p = self.p();
        // SAFETY: this machine holds the processor.
        unsafe { p.run_queue.push(g) };
        let len = p.run_queue.len();
        // Relaxed: a statistic that only the holder writes.
        if len as u32 > p.counts.longest_queue.load(Ordering::Relaxed) {
            p.counts.longest_queue.store(len as u32, Ordering::Relaxed);
        }
        if len > LOCAL_LIMIT {
            let mut half = GoroutineList::new();
            for _ in 0..LOCAL_LIMIT / 2 {
                // SAFETY: this machine holds the processor.
                let Some(g) = (unsafe { p.run_queue.pop() }) else {
                    break;
                };
                half.push(g);
            }
            self.sched().global.append(&mut half);
        }
    }

    fn push_global(&mut self, g: GoroutinePtr, comes: Comes) {
        if self.chosen {
            self.push_chosen(g, comes);
        } else {
            self.sched().global.push(g);
        }
    }

    /// What the interpreter calls when a new frame's top meets the goroutine's limit, before it grows
    /// the stack (which is too small only if the frame exceeds [`Goroutine::stack_end`]).
    pub fn safepoint(&mut self, g: &Goroutine) -> Safepoint {
        self.give_way(g, false)
    }

    /// What the interpreter calls when a back-edge meets the goroutine's limit.
    pub fn back_edge(&mut self, g: &Goroutine) -> Safepoint {
        self.give_way(g, true)
    }

    fn give_way(&mut self, g: &Goroutine, back_edge: bool) -> Safepoint {
        // Relaxed: only a hint; the flags below count.
        if g.limit().load(Ordering::Relaxed) != 0 {
            return Safepoint::Continue;
        }
        let sched = self.sched();
        let p = self.p();
        if self.counts && !self.count_step(p, g) {
            return Safepoint::Yield;
        }
        // Relaxed: who sets it asks again until we are there.
        if sched.attention.load(Ordering::Relaxed) {
            p.preempt.store(false, Ordering::Relaxed);
            g.reset_limit();
            return Safepoint::Yield;
        }
        let may_lose = match sched.config.preempt {
            Preempt::Loops => true,
            Preempt::Calls => !back_edge,
            Preempt::Off => false,
        };
        if self.chosen || sched.config.quantum.is_some() {
            let left = p.quantum.get();
            p.quantum.set(left.saturating_sub(1));
            if left == 0 && may_lose {
                return Safepoint::Yield;
            }
        }
        // Relaxed: as above.
        if may_lose && !self.chosen && p.preempt.load(Ordering::Relaxed) {
            p.preempt.store(false, Ordering::Relaxed);
            g.reset_limit();
            return Safepoint::Yield;
        }
        if self.chosen {
            return Safepoint::Continue;
        }
        match p.wake_countdown.get() {
            0 if self.counts => {}
            0 => g.reset_limit(),
            1 => {
                p.wake_countdown.set(0);
                if !self.counts {
                    g.reset_limit();
                }
                sched.wake_p();
            }
            n => p.wake_countdown.set(n - 1),
        }
        Safepoint::Continue
    }

    /// The next goroutine to run; waits for one. None when the program is over.
    fn find_runnable(&mut self) -> Option<GoroutinePtr> {
        loop {
            let sched = self.sched();
            // Relaxed: who wants the attention asks again until it has it.
            if sched.attention.load(Ordering::Relaxed) {
                if sched.is_finished() {
                    return None;
                }
                self.stop_here();
                let goes_on = if self.processor.is_some() {
                    self.yield_processor()
                } else {
                    sched.idle.lock().blocked -= 1;
                    self.wait_for_work()
                };
                if !goes_on {
                    return None;
                }
            }
            let p = self.p();
            if p.timers.is_due_soon() {
                self.run_timers(p);
            }
            self.inherits = false;
            if self.chosen {
                if let Some(g) = self.choose() {
                    return Some(g);
                }
            } else if let Some(g) = self.own_work(p).or_else(|| self.steal_work(p)) {
                if self.spinning {
                    self.spinning = false;
                    // The last one that finds work calls the next one: there may be more.
                    if sched.stop_spinning() {
                        sched.wake_p();
                    }
                }
                return Some(g);
            }
            if sched.timers_are_due() {
                self.run_all_timers();
            } else if !self.idle() {
                return None;
            }
        }
    }

    #[inline]
    fn own_work(&mut self, p: &Processor) -> Option<GoroutinePtr> {
        let sched = self.sched();
        // Relaxed: written by this machine.
        if p.slices
            .load(Ordering::Relaxed)
            .is_multiple_of(GLOBAL_PERIOD)
            && let Some(g) = sched.global.pop()
        {
            return Some(g);
        }
        if let Some(g) = p.take_next() {
            self.inherits = true;
            return Some(g);
        }
        // SAFETY: this machine holds the processor.
        unsafe {
            p.run_queue.pop().or_else(|| {
                sched
                    .global
                    .take_share(&p.run_queue, sched.active(), LOCAL_LIMIT / 2)
            })
        }
    }

    /// Takes half of another processor's queue, in random order; at last what a busy processor is to run next.
    fn steal_work(&mut self, p: &Processor) -> Option<GoroutinePtr> {
        let sched = self.sched();
        let procs = sched.active();
        if procs == 1 || !sched.config.steal {
            return None;
        }
        if !self.spinning {
            let busy = procs - sched.idle_processors.load(Ordering::Relaxed).min(procs);
            // Half of the busy processors' number is enough to find what there is.
            if 2 * sched.spinning.load(Ordering::Relaxed) >= busy {
                return None;
            }
            // SeqCst: see `stop_spinning`.
            sched.spinning.fetch_add(1, Ordering::SeqCst);
            self.spinning = true;
        }
        for round in 0..STEAL_ROUNDS {
            let start = p.chooser.below(Choice::Victim, procs);
            for i in 0..procs {
                let victim = &sched.processors()[(start + i) % procs];
                if victim.index == p.index {
                    continue;
                }
                // SAFETY: this machine holds the processor that the stolen go to.
                if let Some(g) = unsafe { victim.run_queue.steal_into(&p.run_queue) } {
                    p.count_steal(1 + p.run_queue.len());
                    return Some(g);
                }
                if round == STEAL_ROUNDS - 1
                    && let Some(g) = steal_next(victim)
                {
                    p.count_steal(1);
                    return Some(g);
                }
            }
            if sched.attention.load(Ordering::Relaxed) {
                return None;
            }
        }
        // SAFETY: this machine holds the processor.
        unsafe {
            sched
                .global
                .take_share(&p.run_queue, procs, LOCAL_LIMIT / 2)
        }
    }

    /// With a seed: what its policy says.
    fn choose(&mut self) -> Option<GoroutinePtr> {
        let p = self.p();
        // SAFETY: this machine holds the processor; nothing else refers to the list.
        let chosen = unsafe { &mut *p.chosen.get() };
        while let Some(g) = self.sched().global.pop() {
            chosen.push(g, Comes::Yielded, &p.chooser);
            p.chosen_count.fetch_add(1, Ordering::SeqCst);
        }
        let (g, quantum) = chosen.pop(p.steps.get(), self.sched().procs(), &p.chooser)?;
        // SeqCst: as in `push_chosen`.
        p.chosen_count.fetch_sub(1, Ordering::SeqCst);
        p.quantum.set(quantum);
        Some(g)
    }

    /// Gives the processor to a machine back from a system call, if there is one, and waits for another; false when the
    /// program is over.
    fn yield_processor(&mut self) -> bool {
        let sched = self.sched();
        let own = self.p().index;
        let mut idle = sched.idle.lock();
        let Some(mailbox) = idle.returning.pop() else {
            return true;
        };
        sched.update_attention(&idle);
        drop(idle);
        mailbox.post(own, false);
        self.processor = None;
        self.wait_for_work()
    }

    /// Gives up the processor and waits until there may be something to do, then holds a processor again; false when
    /// the program is over.
    fn idle(&mut self) -> bool {
        let sched = self.sched();
        let own = self.p().index;
        {
            let mut idle = sched.idle.lock();
            if idle.world.stopping || sched.global.len() != 0 || !idle.returning.is_empty() {
                return true;
            }
            sched.put_idle(&mut idle, own);
            self.processor = None;
        }
        self.wait_for_work()
    }

    /// Waits, without a processor, until there may be something to do.
    fn wait_for_work(&mut self) -> bool {
        let sched = self.sched();
        if self.spinning {
            self.spinning = false;
            sched.stop_spinning();
        }
        loop {
            let mut idle = sched.idle.lock();
            idle.resuming += 1;
            while idle.world.stopping && !sched.is_finished() {
                idle = sched.help_if_asked(idle);
                if idle.world.stopping && !sched.is_finished() {
                    sched.resumed.wait(&mut idle);
                }
            }
            idle.resuming -= 1;
            if sched.is_finished() {
                return false;
            }
            if sched.look_again() || sched.timers_are_due() {
                if let Some(processor) = sched.take_idle(&mut idle) {
                    // SeqCst: see `stop_spinning`.
                    sched.spinning.fetch_add(1, Ordering::SeqCst);
                    self.take(processor, true);
                    return true;
                }
            } else if sched.advance_clock(&idle) {
                continue;
            } else if sched.is_deadlocked(&idle) {
                drop(idle);
                let report = sched.deadlock_report();
                sched.end(Finish::Deadlock(report));
                return false;
            }
            let deadline = sched.next_deadline();
            // Without an idle processor timers are the running machines' business.
            let keeper = deadline != u64::MAX
                && idle.world.timekeeper.is_none()
                && !idle.processors.is_empty();
            if keeper {
                idle.world.timekeeper = Some(self.mailbox.clone());
                // SeqCst: before the second look; pairs with `after_push`.
                sched.timekeeper.store(deadline, Ordering::SeqCst);
                if sched.next_deadline() < deadline {
                    self.resign(&mut idle);
                    continue;
                }
            }
            idle.machines.push(self.mailbox.clone());
            drop(idle);
            let timeout =
                keeper.then(|| Duration::from_nanos(deadline.saturating_sub(sched.now())));
            let woken = self.mailbox.wait(timeout);
            let mut idle = sched.idle.lock();
            if keeper {
                self.resign(&mut idle);
            }
            if let Woken::Processor(processor, spinning) = woken {
                drop(idle);
                self.take(processor, spinning);
                return true;
            }
            let before = idle.machines.len();
            idle.machines
                .retain(|mailbox| !Arc::ptr_eq(mailbox, &self.mailbox));
            if idle.machines.len() == before {
                // Somebody took this machine from the list: a processor is on its way.
                drop(idle);
                return self.wait_for_processor();
            }
            drop(sched.help_if_asked(idle));
        }
    }

    /// This machine does not wait for timers any more.
    fn resign(&self, idle: &mut Idle) {
        idle.world.timekeeper = None;
        // SeqCst: as where it is set.
        self.sched().timekeeper.store(u64::MAX, Ordering::SeqCst);
    }

    /// Waits for a processor that will be posted; false when the program is over.
    fn wait_for_processor(&mut self) -> bool {
        loop {
            match self.mailbox.wait(None) {
                Woken::Processor(processor, spinning) => {
                    self.take(processor, spinning);
                    return true;
                }
                _ if self.sched().is_finished() => return false,
                _ => {}
            }
        }
    }

    /// Makes a system call that may block, for the goroutine `g` that runs here (pc and base saved). The processor is idle
    /// meanwhile. If work waits for one, and the goroutine's last call took long, another machine goes on with it at once; otherwise
    /// the monitor sees to that if the call is not over soon. The call must not touch the Go heap.
    pub fn block<R>(&mut self, g: &Goroutine, call: impl FnOnce() -> R) -> R {
        if self.chosen {
            return call();
        }
        self.step_aside(g, call)
    }

    /// The same, and with a seed, too: how others fare meanwhile is up to the clock.
    pub(crate) fn step_aside<R>(&mut self, g: &Goroutine, call: impl FnOnce() -> R) -> R {
        let sched = self.sched();
        let own = self.p();
        own.current.store(ptr::null_mut(), Ordering::Relaxed);
        own.wake_countdown.set(0);
        // Relaxed: as in `Processor::count`.
        let calls = own.calls.load(Ordering::Relaxed).wrapping_add(1);
        own.calls.store(calls, Ordering::Relaxed);
        {
            let mut idle = sched.idle.lock();
            idle.blocked += 1;
            idle.first_blocked |= self.is_first;
            self.processor = None;
            sched.put_idle(&mut idle, own.index);
            if !idle.returning.is_empty() {
                // Nobody else may come by to give it to them.
                sched.serve_returning(&mut idle);
                sched.update_attention(&idle);
            }
        }
        // Somebody has to do what is there to be done, and to wait for timers meanwhile.
        let flags = g.flags.get() & !SLOW_CALL;
        if sched.look_again() || sched.lacks_timekeeper() {
            // Models have no monitor.
            if cfg!(loom) || g.flags.get() != flags {
                sched.wake_p();
            } else {
                sched.monitor.nudge();
            }
        }
        let start = Instant::now();
        let result = call();
        let slow = start.elapsed() > SHORT_CALL;
        if self.is_first {
            sched.idle.lock().first_blocked = false;
        }
        self.return_to(ptr::from_ref(g).cast_mut());
        g.flags.set(if slow { flags | SLOW_CALL } else { flags });
        let p = self.p();
        if slow {
            // Relaxed: who waited begins a new time slice.
            Processor::count(&p.slices);
            p.preempt.store(false, Ordering::Relaxed);
        } else if p.preempt.load(Ordering::Relaxed) {
            // Relaxed: a request that came during the call met nobody.
            g.preempt();
        }
        result
    }

    /// Waits for a processor to go on with `current`, which this machine runs. It was counted as blocked.
    pub(super) fn return_to(&mut self, current: *mut Goroutine) {
        let sched = self.sched();
        let mut idle = sched.idle.lock();
        idle.blocked -= 1;
        match sched.take_idle(&mut idle) {
            Some(processor) => self.take(processor, false),
            None => {
                idle.returning.push(self.mailbox.clone());
                sched.update_attention(&idle);
                let stopping = idle.world.stopping;
                drop(idle);
                if !stopping {
                    sched.attract();
                }
                // When the program is over, the machines that leave put their processors to the idle ones.
                while !self.wait_for_processor() {
                    let mut idle = sched.idle.lock();
                    if let Some(processor) = sched.take_idle(&mut idle) {
                        self.take(processor, false);
                        break;
                    }
                    sched.arrived.wait_for(&mut idle, Duration::from_millis(1));
                }
            }
        }
        self.p().current.store(current, Ordering::Relaxed);
    }
}

impl Drop for Machine {
    /// A panic of the VM's own ends the program, on whatever thread it comes: other machines would wait for this one for ever.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.sched().end(Finish::Exit(INTERNAL_ERROR));
            self.release_processor();
        }
    }
}

/// Takes what `victim` is to run next, if it has been waiting there: mostly it runs at once, since who made
/// it ready parks, and taking it would only move it away from its partner.
fn steal_next(victim: &Processor) -> Option<GoroutinePtr> {
    let g = victim.peek_next()?;
    // Relaxed: a guess at whether the victim moves on.
    let runs = victim.runs.load(Ordering::Relaxed);
    for _ in 0..STEAL_NEXT_PAUSES {
        crate::sync::spin_loop();
    }
    (victim.runs.load(Ordering::Relaxed) == runs && victim.steal_next(g)).then_some(g)
}
