//! The scheduler: goroutines (G) run on processors (P) held by machines (M, operating-system threads).

use crate::goroutine::{Exit, Goroutine};
use minigo_bytecode::op::Op;

/// What a scheduler is made with.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Number of processors, 1 to 1024.
    pub procs: usize,
    /// Replays the schedule of this seed: one machine, every choice from it.
    pub seed: Option<u64>,
}

/// How a run of a program ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finish {
    /// `main.main` returned.
    Returned,
    /// Something ended the process with this code.
    Exit(i32),
    /// No goroutine can ever run again.
    Deadlock(Deadlock),
}

/// A deadlock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deadlock {
    /// The main goroutine has ended by `runtime.Goexit`.
    pub main_exited: bool,
}

/// What the scheduler calls back.
pub struct Hooks {
    /// Runs a goroutine until it cannot or must not go on: the interpreter.
    pub run: Box<dyn Fn(&mut Machine, &Goroutine) -> Exit + Send + Sync>,
}

/// What a safepoint tells the interpreter to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Safepoint {
    /// Go on (the limit has been set back).
    Continue,
    /// Save pc and base and return [`Exit::Preempted`].
    Yield,
}

/// The scheduler of one VM.
pub struct Scheduler {}

/// One thread that runs goroutines. Holds a processor while it does.
pub struct Machine {}

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

impl Scheduler {
    /// A scheduler without goroutines and threads.
    pub fn new(_config: Config) -> std::sync::Arc<Scheduler> {
        unimplemented!()
    }

    /// Runs a program whose main goroutine starts at `entry`, with this thread as the first machine, until it is over.
    pub fn run(&self, _hooks: Hooks, _entry: Entry) -> Finish {
        unimplemented!()
    }

    /// Goroutines that have started and not ended.
    pub fn num_goroutine(&self) -> usize {
        unimplemented!()
    }

    /// Nanoseconds since the scheduler was made.
    pub fn now(&self) -> u64 {
        unimplemented!()
    }
}

impl Machine {
    /// The scheduler it belongs to.
    pub fn sched(&self) -> &'static Scheduler {
        unimplemented!()
    }

    /// Index of the processor it holds.
    pub fn processor_index(&self) -> usize {
        unimplemented!()
    }

    /// Starts a goroutine (`go`). `args` are the parameter words; `created_at` is the op after the `go`.
    ///
    /// # Safety
    /// `args` must be valid for `count` words, `entry` a verified function with at least that many registers.
    pub unsafe fn spawn(
        &mut self,
        _parent: &Goroutine,
        _entry: Entry,
        _args: *const u64,
        _count: usize,
        _created_at: *const Op,
    ) {
        unimplemented!()
    }

    /// What the interpreter calls when a new frame's top or a back-edge meets the goroutine's limit.
    /// If the frame does not fit even after `Continue`, the stack has to grow.
    pub fn safepoint(&mut self, _g: &Goroutine) -> Safepoint {
        unimplemented!()
    }

    /// Stops the world, runs `work` alone, goes on. The calling goroutine must be at a safepoint (pc and base saved).
    pub fn stop_the_world<R>(&mut self, _work: impl FnOnce(&mut Machine) -> R) -> R {
        unimplemented!()
    }
}
