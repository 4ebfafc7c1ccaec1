//! The network poller: goroutines that wait for descriptors, not threads.
//!
//! A descriptor (a socket) is in non-blocking mode and belongs to the poller's table from when it is watched until it is closed. A
//! goroutine tries its operation first and waits only when the system would have to. The system tells once for each change
//! (edge-triggered, as Go's poller has it), and what comes while nobody waits is remembered in `ready`: between a failed attempt and
//! the wait nothing is lost. Whoever is woken tries again, so a wake-up too many does no harm, and no operation is completed by
//! anybody else than the goroutine that wants it.
//!
//! A thread of its own, started with the first descriptor, waits for the system and puts the goroutines into the global queue.
//! Rejected: letting an idle machine wait there, as Go does; it would spare a wake-up a message, at the price of a second way
//! for a machine to be idle.
//!
//! Waiting goroutines are counted in `waiting`, since they keep the program from being deadlocked. The count goes down under the
//! idle lock, together with the goroutines' way into the queue: who holds that lock sees them in one of the two places.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, OnceLock};

use polling::{Event, Events, PollMode};

use super::idle::{ThreadEnd, spawn_thread};
use super::run_queue::GoroutineList;
use super::{Machine, Scheduler};
use crate::goroutine::table::deref;
use crate::goroutine::{Goroutine, GoroutinePtr, Outcome, Status, WaitReason};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Something to read, or a connection to accept.
    Read,
    /// Room to write, or a connection that is established.
    Write,
}

/// Why an operation on a descriptor must not be tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It was closed.
    Closed,
    /// Its deadline has passed.
    Expired,
}

/// A watched descriptor.
pub struct Descriptor {
    fd: OwnedFd,
    state: Mutex<State>,
}

struct State {
    closed: bool,
    /// In the order of [`Direction`].
    sides: [Side; 2],
}

struct Side {
    /// The system has told of a change that nobody has seen.
    ready: bool,
    /// The deadline has passed.
    expired: bool,
    waiting: GoroutineList,
}

impl Side {
    const fn new() -> Side {
        Side {
            ready: false,
            expired: false,
            waiting: GoroutineList::new(),
        }
    }

    /// The system tells of a change: who waits shall try again.
    fn note(&mut self, woken: &mut GoroutineList) {
        self.ready = self.waiting.len() == 0;
        woken.append(&mut self.waiting);
    }
}

impl Descriptor {
    /// Why an operation must not be tried, if so.
    pub fn refusal(&self, direction: Direction) -> Option<Refusal> {
        let state = self.state.lock();
        if state.closed {
            Some(Refusal::Closed)
        } else if state.sides[direction as usize].expired {
            Some(Refusal::Expired)
        } else {
            None
        }
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The scheduler's poller.
pub(crate) struct Poller {
    system: OnceLock<polling::Poller>,
    table: Mutex<Table>,
    /// Goroutines that wait.
    waiting: AtomicUsize,
}

#[derive(Default)]
struct Table {
    descriptors: HashMap<usize, Arc<Descriptor>>,
    /// Keys are not used again, so an event that comes late finds nobody.
    last_key: usize,
}

impl Poller {
    pub(crate) fn new() -> Poller {
        Poller {
            system: OnceLock::new(),
            table: Mutex::new(Table::default()),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Some goroutine waits for a descriptor. Exact for who holds the idle lock while no machine holds a processor.
    pub(crate) fn is_waited_for(&self) -> bool {
        // Relaxed: whoever counts up gives up a processor, and whoever counts down does so, under the idle lock.
        self.waiting.load(Ordering::Relaxed) != 0
    }

    /// Puts a descriptor into the table, of which the system knows nothing yet.
    pub(crate) fn insert(&self, fd: OwnedFd) -> (usize, Arc<Descriptor>) {
        let descriptor = Arc::new(Descriptor {
            fd,
            state: Mutex::new(State {
                closed: false,
                sides: [Side::new(), Side::new()],
            }),
        });
        let mut table = self.table.lock();
        table.last_key += 1;
        let key = table.last_key;
        table.descriptors.insert(key, descriptor.clone());
        (key, descriptor)
    }

    /// The watched descriptor of a key.
    pub(crate) fn get(&self, key: usize) -> Option<Arc<Descriptor>> {
        self.table.lock().descriptors.get(&key).cloned()
    }

    /// Ends the thread.
    pub(crate) fn stop(&self) {
        if let Some(system) = self.system.get() {
            // If the system cannot even do that, the thread ends with the process.
            let _ = system.notify();
        }
    }
}

impl Scheduler {
    /// Takes a descriptor in non-blocking mode into the poller's care; the result is its key.
    pub(crate) fn watch_descriptor(&self, fd: OwnedFd) -> io::Result<usize> {
        let system = self.system_poller()?;
        let (key, descriptor) = self.poller.insert(fd);
        // SAFETY: the descriptor is taken out of the system's poller in `close_descriptor`, before its last owner drops it: until
        // then the table holds it.
        let added =
            unsafe { system.add_with_mode(&descriptor.fd, Event::all(key), PollMode::Edge) };
        if let Err(error) = added {
            self.poller.table.lock().descriptors.remove(&key);
            return Err(error);
        }
        Ok(key)
    }

    fn system_poller(&self) -> io::Result<&polling::Poller> {
        if let Some(system) = self.poller.system.get() {
            return Ok(system);
        }
        let made = polling::Poller::new()?;
        if self.poller.system.set(made).is_ok() {
            self.start_poller();
        }
        Ok(self
            .poller
            .system
            .get()
            .expect("it was set here or by somebody else"))
    }

    fn start_poller(&self) {
        let Some(me) = self.me.upgrade() else { return };
        self.idle.lock().threads += 1;
        let started = spawn_thread("poller", move || {
            let ended = ThreadEnd(me);
            ended.0.poll();
        });
        if !started {
            self.idle.lock().threads -= 1;
        }
    }

    /// The poller's thread.
    fn poll(&self) {
        let Some(system) = self.poller.system.get() else {
            return;
        };
        let mut events = Events::new();
        while !self.is_finished() {
            events.clear();
            match system.wait(&mut events, None) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return,
                Ok(_) => {}
            }
            self.note_events(events.iter());
        }
    }

    /// The system tells of changes.
    pub(crate) fn note_events(&self, events: impl Iterator<Item = Event>) {
        let mut woken = GoroutineList::new();
        for event in events {
            let Some(descriptor) = self.poller.get(event.key) else {
                continue;
            };
            let mut state = descriptor.state.lock();
            if event.readable {
                state.sides[Direction::Read as usize].note(&mut woken);
            }
            if event.writable {
                state.sides[Direction::Write as usize].note(&mut woken);
            }
        }
        self.ready_all(woken);
    }

    /// Makes goroutines that waited for descriptors runnable, from a thread without a processor.
    fn ready_all(&self, mut woken: GoroutineList) {
        let count = woken.len();
        if count == 0 {
            return;
        }
        let mut runnable = GoroutineList::new();
        while let Some(g) = woken.pop() {
            deref(g).set_status(Status::Runnable);
            runnable.push(g);
        }
        {
            let _idle = self.idle.lock();
            self.global.append(&mut runnable);
            // Relaxed: under the idle lock; see `is_waited_for`.
            self.poller.waiting.fetch_sub(count, Ordering::Relaxed);
        }
        self.wake_p();
    }
}

impl Machine {
    /// Makes goroutines that waited for descriptors runnable.
    fn ready_woken(&mut self, mut woken: GoroutineList) {
        // Relaxed: this machine holds a processor; see `is_waited_for`.
        self.sched()
            .poller
            .waiting
            .fetch_sub(woken.len(), Ordering::Relaxed);
        while let Some(g) = woken.pop() {
            self.ready_last(g);
        }
    }
}

/// Waits until the descriptor may be ready: the goroutine then tries again. Does not wait if it must not try, either.
pub(crate) fn wait(m: &mut Machine, g: &Goroutine, key: usize, direction: Direction) -> Outcome {
    let poller = &m.sched().poller;
    let Some(descriptor) = poller.get(key) else {
        return Outcome::Done;
    };
    let mut state = descriptor.state.lock();
    let closed = state.closed;
    let side = &mut state.sides[direction as usize];
    if closed || side.expired || std::mem::take(&mut side.ready) {
        return Outcome::Done;
    }
    // Relaxed: this machine holds a processor; see `is_waited_for`.
    poller.waiting.fetch_add(1, Ordering::Relaxed);
    g.set_waiting(WaitReason::IoWait);
    side.waiting.push(GoroutinePtr::from(g));
    Outcome::Parked
}

/// Takes a goroutine that waits for a descriptor out of where it waits; false if it is already on its way to a queue. Only with the
/// world stopped.
pub(crate) fn cancel(m: &mut Machine, g: &Goroutine) -> bool {
    let poller = &m.sched().poller;
    let waited = poller.table.lock().descriptors.values().any(|descriptor| {
        let mut state = descriptor.state.lock();
        state.sides.iter_mut().any(|side| side.waiting.remove(g))
    });
    if waited {
        // Relaxed: this machine holds a processor; see `is_waited_for`.
        poller.waiting.fetch_sub(1, Ordering::Relaxed);
    }
    waited
}

/// Says whether the deadline of a direction has passed; if so, who waits is woken to see it.
pub(crate) fn set_expired(m: &mut Machine, key: usize, direction: Direction, expired: bool) {
    let Some(descriptor) = m.sched().poller.get(key) else {
        return;
    };
    let mut woken = GoroutineList::new();
    {
        let mut state = descriptor.state.lock();
        let side = &mut state.sides[direction as usize];
        side.expired = expired;
        if expired {
            woken.append(&mut side.waiting);
        }
    }
    m.ready_woken(woken);
}

/// Closes a descriptor: who waits is woken to see it. False if it was closed before.
pub(crate) fn close(m: &mut Machine, key: usize) -> bool {
    let poller = &m.sched().poller;
    let Some(descriptor) = poller.table.lock().descriptors.remove(&key) else {
        return false;
    };
    if let Some(system) = poller.system.get() {
        // It was added, and is open as long as we hold it.
        let _ = system.delete(&descriptor.fd);
    }
    let mut woken = GoroutineList::new();
    {
        let mut state = descriptor.state.lock();
        state.closed = true;
        for side in &mut state.sides {
            woken.append(&mut side.waiting);
        }
    }
    m.ready_woken(woken);
    true
}
