//! The scheduler: goroutines (G) run on processors (P) held by machines (M, operating-system threads).
//!
//! The number of P's is GOMAXPROCS. An M needs a P to run Go code; an M without one is parked (or in a
//! system call). The way of a goroutine: `spawn` or `ready` put it into the `run_next` slot of the current P, which
//! pushes what was there to the P's queue; `schedule` takes it out, `execute` runs it until the
//! interpreter returns an [`Exit`]. A P without work steals.
//!
//! **No lost wake-up.** Who makes work visible does: publish, fence, look for idle P's and
//! spinning M's, wake one if some P is idle and nobody spins. Who goes idle does: give up the P, stop
//! spinning, fence, look at all queues again. Whatever the order, one of the two sees the other.
//! A goroutine in `run_next` is a special case: it mostly runs at once, because the goroutine that readied it parks, and
//! waking another M for it would make the two fight over it. So another P is woken for it only when the current
//! goroutine goes on for some safepoints; see [`Machine::ready`].
//!
//! **Lock order** is in the crate's README.
//!
//! With a seed there is one machine with one processor, and all choices come from its [`chooser`].

pub mod chooser;
mod clock;
mod config;
pub mod deadlock;
mod idle;
mod limit;
mod machine;
mod policy;
pub(crate) mod poller;
mod preempt;
mod processor;
mod resize;
pub(crate) mod run_queue;
mod stats;
pub mod timer;
mod trace;
mod world;

#[cfg(all(test, not(loom)))]
mod tests;

use std::sync::{OnceLock, Weak};

use minigo_bytecode::op::Op;

use crate::goroutine::table::Table;
use crate::goroutine::{Exit, Goroutine};
use crate::growing::Growing;
use crate::sema::Semaphores;
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Condvar, Mutex, raw};

pub use config::{Config, Policy, Preempt, Time};
pub use deadlock::{Deadlock, GoroutineDump, Symbol, Trace};
pub use limit::Limit;
pub use machine::Machine;
use processor::Processor;
pub use stats::SchedStats;

/// The most processors there can be.
pub const MAX_PROCS: usize = 1024;
/// The most threads there can be unless the program says something else; Go's number.
const MAX_THREADS: usize = 10_000;

/// How a run of a program ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finish {
    /// `main.main` returned.
    Returned,
    /// Something ended the process with this code.
    Exit(i32),
    /// No goroutine can ever run again.
    Deadlock(Deadlock),
    /// It reached a limit of its [`Config`]; with what ran then, if one goroutine can be told.
    Limit(Limit, Option<GoroutineDump>),
}

/// Runs a goroutine.
pub type RunHook = Box<dyn Fn(&mut Machine, &Goroutine) -> Exit + Send + Sync>;
/// Finds what a pc belongs to.
pub type SymbolHook = Box<dyn Fn(*const Op) -> Option<Symbol> + Send + Sync>;

/// Lists a goroutine's frames.
pub type FramesHook = Box<dyn Fn(&Goroutine) -> Trace + Send + Sync>;

/// What the scheduler calls back: the interpreter and what it knows of the program.
pub struct Hooks {
    /// Runs a goroutine until it cannot or must not go on.
    pub run: RunHook,
    /// Where a closure without parameters (a word that points to its object) starts.
    pub entry: Box<dyn Fn(u64) -> Entry + Send + Sync>,
    /// The frame that goes on at a pc; none for frames that dumps leave out.
    pub symbol: SymbolHook,
    /// The frames of a goroutine at a safepoint as dumps show them, innermost first.
    pub frames: FramesHook,
    /// Called every few milliseconds while something runs, once the monitor is there; and after that until it returns false.
    pub tick: Box<dyn Fn() -> bool + Send + Sync>,
    /// Called when main returned, before the program is over.
    pub main_returned: Box<dyn Fn(&mut Machine) + Send + Sync>,
    /// The program is over, and [`Scheduler::run`] cannot return because its machine is in a system call: ends the process.
    pub abandon: Box<dyn Fn(Finish) + Send + Sync>,
}

/// What a safepoint tells the interpreter to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Safepoint {
    /// Go on.
    Continue,
    /// Save pc and base and return [`Exit::Preempted`].
    Yield,
}

/// Where a new goroutine starts.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// First op of the function.
    pub pc: *const Op,
    /// Its `frame_size`.
    pub frame_size: u32,
    /// What it returns to: the op that ends a goroutine.
    pub return_pc: *const Op,
}

/// The scheduler of one VM.
pub struct Scheduler {
    config: Config,
    /// For the threads it starts.
    me: Weak<Scheduler>,
    hooks: OnceLock<Hooks>,
    /// All that were ever used; see [`Scheduler::processors`].
    all_processors: Growing<Processor>,
    /// How many of them are in use. Changes under the idle lock and with the world stopped: who holds a processor or that
    /// lock sees it stand still. Not loom's: no model changes it.
    active: raw::AtomicUsize,
    /// What `GOMAXPROCS` tells; with a seed not `active`, which is 1.
    procs: raw::AtomicUsize,
    seed: u64,
    table: Table,
    global: run_queue::GlobalQueue,
    idle: Mutex<idle::Idle>,
    /// Length of the list of idle processors.
    idle_processors: AtomicUsize,
    /// Machines that look for work and have none.
    spinning: AtomicUsize,
    /// Running machines are wanted at a safepoint: the world is to stop, or the program is over.
    attention: AtomicBool,
    /// The program is over.
    finished: AtomicBool,
    finish: Mutex<Option<Finish>>,
    /// Told when a machine arrives at a stop, ends, or has helped; goes with `idle`.
    arrived: Condvar,
    /// Told when a stopped world goes on or wants help; goes with `idle`.
    resumed: Condvar,
    /// Told when the program is over, and when [`Scheduler::run`] returns; goes with `idle`.
    over: Condvar,
    monitor: preempt::Monitor,
    pub(crate) poller: poller::Poller,
    main_exited: AtomicBool,
    next_id: AtomicU64,
    timer_slots: Mutex<timer::Slots>,
    /// When the machine that waits for timers will look, or `u64::MAX`.
    timekeeper: AtomicU64,
    pub(crate) semaphores: Semaphores,
    clock: clock::Clock,
    /// Safepoints that processors have not yet taken from the limit.
    steps_left: AtomicU64,
    max_threads: raw::AtomicUsize,
    /// Numbers given to machines. Not loom's, as above: only for reports.
    machines: raw::AtomicUsize,
    cores: usize,
}

impl Scheduler {
    /// A scheduler without goroutines and threads.
    pub fn new(config: Config) -> std::sync::Arc<Scheduler> {
        let procs = config.procs.clamp(1, MAX_PROCS);
        let active = if config.seed.is_some() { 1 } else { procs };
        let seed = config.seed.unwrap_or_else(time_seed);
        let all_processors = Growing::with_capacity(MAX_PROCS);
        all_processors.grow(active, |i| Processor::new(i, seed_of(seed, i), &config));
        std::sync::Arc::new_cyclic(|me| Scheduler {
            config,
            me: me.clone(),
            hooks: OnceLock::new(),
            all_processors,
            active: raw::AtomicUsize::new(active),
            procs: raw::AtomicUsize::new(procs),
            seed,
            table: Table::new(),
            global: run_queue::GlobalQueue::new(),
            idle: Mutex::new(idle::Idle::new(active)),
            idle_processors: AtomicUsize::new(active),
            spinning: AtomicUsize::new(0),
            attention: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            finish: Mutex::new(None),
            arrived: Condvar::new(),
            resumed: Condvar::new(),
            over: Condvar::new(),
            monitor: preempt::Monitor::new(),
            poller: poller::Poller::new(),
            main_exited: AtomicBool::new(false),
            next_id: AtomicU64::new(1),
            timer_slots: Mutex::new(timer::Slots::new()),
            timekeeper: AtomicU64::new(u64::MAX),
            semaphores: Semaphores::new(),
            clock: clock::Clock::new(config.time),
            steps_left: AtomicU64::new(config.max_steps.unwrap_or(u64::MAX)),
            max_threads: raw::AtomicUsize::new(MAX_THREADS),
            machines: raw::AtomicUsize::new(0),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        })
    }

    /// Runs a program whose main goroutine starts at `entry`, with this thread as the first machine, until it is over. Other
    /// machines may still be on their way to their next safepoint then; [`Scheduler::shutdown`] waits for them.
    ///
    /// # Safety
    /// What the hooks refer to must live until `shutdown` returns or the process ends, and `entry` be a
    /// function without parameters of a verified program.
    pub unsafe fn run(&self, hooks: Hooks, entry: Entry) -> Finish {
        assert!(
            self.hooks.set(hooks).is_ok(),
            "internal error: a scheduler runs one program"
        );
        let mut m = Machine::first(self);
        self.start_timeout();
        self.start_trace();
        // SAFETY: by the function's contract; no arguments.
        unsafe { m.spawn_main(entry) };
        m.schedule();
        drop(m);
        self.idle.lock().returned = true;
        self.over.notify_all();
        self.finish
            .lock()
            .clone()
            .expect("machines stop only when the program is over")
    }

    /// Ends the program without waiting for its threads.
    pub(crate) fn stop(&self) {
        self.end(Finish::Exit(0));
        self.monitor.stop();
    }

    /// Waits until no thread of this scheduler runs any more. Only after [`Scheduler::run`].
    pub fn shutdown(&self) {
        self.end(Finish::Exit(0));
        self.monitor.stop();
        self.poller.stop();
        let mut idle = self.idle.lock();
        while idle.threads > 0 {
            self.attract();
            self.arrived
                .wait_for(&mut idle, std::time::Duration::from_millis(1));
        }
    }

    /// Goroutines that have started and not ended.
    pub fn num_goroutine(&self) -> usize {
        // Relaxed: a count of what changes meanwhile.
        self.processors()
            .iter()
            .map(|p| p.live.load(Ordering::Relaxed))
            .sum::<isize>()
            .max(0) as usize
    }

    /// Starts the thread that calls the `tick` hook, if it does not run; there is none in a run with a seed.
    pub fn start_monitor(&self) {
        self.monitor.start(self);
    }

    /// Number of processors as configured or set by [`Machine::set_procs`].
    pub fn procs(&self) -> usize {
        // Relaxed: just a number.
        self.procs.load(Ordering::Relaxed)
    }

    /// Number of processors in use: with a seed there is one, whatever [`Scheduler::procs`] says.
    pub fn active(&self) -> usize {
        // Relaxed: it changes as its comment says.
        self.active.load(Ordering::Relaxed)
    }

    /// The processors in use.
    #[inline]
    pub(crate) fn processors(&self) -> &[Processor] {
        &self.all_processors.made()[..self.active()]
    }

    /// What it was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Nanoseconds since the scheduler was made, by the program's clock.
    #[inline]
    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Nanoseconds since 1970, by the program's clock.
    pub fn wall(&self) -> i64 {
        self.clock.wall()
    }

    /// With a seed: the hash of all the choices that made the schedule, and how many safepoints were passed. Only after the run.
    pub fn schedule_hash(&self) -> (u64, u64) {
        let p = &self.processors()[0];
        // SAFETY: with a seed one machine runs, and its run is over.
        (unsafe { &*p.chosen.get() }.hash(), p.steps.get())
    }

    /// Calls `visit` with every goroutine there is. Only while the world is stopped, or by who knows that none runs.
    pub fn for_each_goroutine(&self, mut visit: impl FnMut(&Goroutine)) {
        self.table.for_each(|g| {
            if !g.pc().is_null() {
                visit(g);
            }
        });
    }

    /// The same, for several threads at once that share the goroutines: each calls it with the same `next`, which begins at 0.
    pub(crate) fn for_some_goroutines(
        &self,
        next: &raw::AtomicUsize,
        mut visit: impl FnMut(&Goroutine),
    ) {
        self.table.for_some(next, |g| {
            if !g.pc().is_null() {
                visit(g);
            }
        });
    }

    /// Notes that `g` still waits, if it does: reports tell for how many minutes, counted from the first
    /// collection that met it (as in Go). Only while the world is stopped.
    pub fn note_wait(&self, g: &Goroutine) {
        if g.status() == crate::goroutine::Status::Waiting && g.since.get() == 0 {
            g.since.set((self.now() / 1_000_000_000) as u32 + 1);
        }
    }

    /// For models, which run parts of [`Scheduler::run`].
    #[cfg(loom)]
    pub(crate) fn hooks_for_model(&self, hooks: Hooks) -> bool {
        self.hooks.set(hooks).is_ok()
    }

    pub(crate) fn hooks(&self) -> &Hooks {
        self.hooks.get().expect("the program runs")
    }

    /// Ends the program; the first one to say how counts.
    pub(crate) fn end(&self, finish: Finish) {
        {
            let mut slot = self.finish.lock();
            if slot.is_none() {
                *slot = Some(finish);
            }
        }
        // Release: pairs with the Acquire in `is_finished`, which comes before reading `finish`.
        self.finished.store(true, Ordering::Release);
        // Relaxed: a hint to come to a safepoint; there `finished` counts.
        self.attention.store(true, Ordering::Relaxed);
        self.attract();
        self.wake_everyone();
    }

    /// The program is over: machines leave.
    #[inline]
    pub(crate) fn is_finished(&self) -> bool {
        // Acquire: pairs with the Release in `end`.
        self.finished.load(Ordering::Acquire)
    }

    /// Asks every running goroutine to come to a safepoint.
    pub(crate) fn attract(&self) {
        for p in self.processors() {
            self.preempt_current(p);
        }
    }
}

/// The seed of one processor's chooser.
fn seed_of(seed: u64, processor: usize) -> u64 {
    seed.wrapping_add((processor as u64) << 32)
}

/// A seed for schedules that nobody wants to see again.
fn time_seed() -> u64 {
    if cfg!(loom) {
        return 0;
    }
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| d.as_nanos() as u64)
}
