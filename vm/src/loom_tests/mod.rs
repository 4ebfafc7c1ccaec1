//! Models of the scheduler's protocols: loom tries the interleavings of the real code on small cases.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p minigo-vm --release loom_tests`
//!
//! Under `cfg(loom)` the queues are locked ones, batches and rounds are small, and nothing depends on time: a wait with a
//! timeout waits for ever, so that a lost wake-up shows as a deadlock of the model, and the clock is a virtual one.

mod chan;
mod park;
mod poller;
mod select;
mod sema;
mod shutdown;

use std::sync::Arc;

use crate::chan::Channel;
use crate::goroutine::table::deref;
use crate::goroutine::{Exit, Goroutine, GoroutinePtr, Status};
use crate::sched::{Config, Entry, Hooks, Machine, Scheduler, Time, Trace};

/// Checks all interleavings with up to `preemptions` switches where a thread could have gone on.
fn model(preemptions: usize, body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(body);
}

fn scheduler(procs: usize) -> Arc<Scheduler> {
    Scheduler::new(Config {
        procs,
        time: Time::Virtual { start: 0 },
        ..Config::default()
    })
}

fn entry() -> Entry {
    Entry {
        pc: std::ptr::dangling(),
        frame_size: 8,
        return_pc: std::ptr::null(),
    }
}

fn hooks(run: impl Fn(&mut Machine, &Goroutine) -> Exit + Send + Sync + 'static) -> Hooks {
    Hooks {
        run: Box::new(run),
        entry: Box::new(|_| entry()),
        symbol: Box::new(|_| None),
        frames: Box::new(|_| Trace::default()),
        tick: Box::new(|| false),
        main_returned: Box::new(|_| ()),
        abandon: Box::new(|_| ()),
    }
}

/// A machine with a processor, for one of the model's threads.
fn machine(sched: &Scheduler) -> Machine {
    Machine::first(sched)
}

/// A machine on its way to its thread.
struct Sent(Machine);

// SAFETY: only one thread has it at a time.
unsafe impl Send for Sent {}

impl Sent {
    fn new(sched: &Scheduler) -> Sent {
        Sent(machine(sched))
    }

    fn take(self) -> Machine {
        self.0
    }
}

/// A goroutine that runs on `m`.
fn goroutine<'a>(m: &mut Machine) -> &'a Goroutine {
    // SAFETY: no arguments; the entry is never run.
    let g = deref(unsafe { m.new_goroutine(0, entry(), std::ptr::null(), 0, std::ptr::null()) });
    g.set_status(Status::Running);
    g
}

/// Register `i`.
fn reg(g: &Goroutine, i: usize) -> *mut u64 {
    g.base().wrapping_add(i)
}

fn get(g: &Goroutine, i: usize) -> u64 {
    // SAFETY: a register of a goroutine that nobody runs any more.
    unsafe { *reg(g, i) }
}

fn set(g: &Goroutine, i: usize, value: u64) {
    // SAFETY: a register of a goroutine that runs here.
    unsafe { *reg(g, i) = value }
}

/// What was passed to another thread of a model: goroutines and channels are shared by contract.
#[derive(Clone, Copy)]
struct Shared<T>(T);

// SAFETY: the protocols under test say who may use it when.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T: Copy> Shared<T> {
    fn get(&self) -> T {
        self.0
    }
}

/// Channels of one-word elements with their buffers, at ascending addresses.
struct Chans {
    channels: Box<[Channel]>,
    _buffers: Vec<Box<[u64]>>,
}

impl Chans {
    fn new(caps: &[usize]) -> Chans {
        let mut buffers: Vec<Box<[u64]>> = caps
            .iter()
            .map(|&cap| vec![0; cap.max(1)].into_boxed_slice())
            .collect();
        let channels = caps
            .iter()
            .zip(&mut buffers)
            .map(|(&cap, buffer)| Channel::new(buffer.as_mut_ptr(), cap as u32))
            .collect();
        Chans {
            channels,
            _buffers: buffers,
        }
    }

    fn ptr(&self, i: usize) -> Shared<*mut u64> {
        Shared(std::ptr::from_ref(&self.channels[i]).cast_mut().cast())
    }
}

/// The goroutine that `m` would run next.
fn next(m: &Machine) -> Option<GoroutinePtr> {
    m.p().peek_next()
}

/// Takes the goroutine that `m` runs next out of its queues.
fn take_next(m: &mut Machine) -> Option<GoroutinePtr> {
    // SAFETY: the machine holds the processor.
    m.p()
        .take_next()
        .or_else(|| unsafe { m.p().run_queue.pop() })
}
