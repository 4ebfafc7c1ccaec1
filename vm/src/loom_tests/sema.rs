//! What `sync`'s types do from two and three machines.

use loom::cell::UnsafeCell;

use super::{Sent, get, goroutine, machine, model, scheduler, set, take_next};
use crate::goroutine::table::deref;
use crate::goroutine::{Goroutine, Outcome, RETRY_LOCK};
use crate::sched::Machine;
use crate::sema;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::thread;

/// The word of one of `sync`'s types, and what the program guards with it.
struct Guarded {
    word: AtomicU64,
    /// loom refuses a write beside any other access.
    memory: UnsafeCell<u64>,
    /// How many goroutines have been where they wanted to be.
    through: AtomicUsize,
}

impl Guarded {
    fn new(word: u64) -> Arc<Guarded> {
        Arc::new(Guarded {
            word: AtomicU64::new(word),
            memory: UnsafeCell::new(0),
            through: AtomicUsize::new(0),
        })
    }

    fn addr(&self) -> *mut u64 {
        std::ptr::from_ref(&self.word).cast_mut().cast()
    }

    fn write(&self) {
        // SAFETY: loom's cell checks that nobody else is here.
        self.memory.with_mut(|value| unsafe { *value += 1 });
        self.count();
    }

    fn read(&self) {
        // SAFETY: loom's cell checks that nobody writes.
        self.memory.with(|value| unsafe { *value });
        self.count();
    }

    fn count(&self) {
        // Relaxed: read when the threads have ended.
        self.through.fetch_add(1, Ordering::Relaxed);
    }

    fn through(&self) -> usize {
        self.through.load(Ordering::Relaxed)
    }
}

/// What a goroutine does; in its first register, so that every machine can go on with it.
#[derive(Clone, Copy)]
enum Role {
    /// Locks a mutex, writes, unlocks.
    Mutex,
    /// As above, and takes so long that who waits has waited for too long.
    SlowMutex,
    /// Locks a read-write mutex for reading.
    Reader,
    /// Locks a read-write mutex for writing.
    Writer,
    /// Waits for a wait group.
    Waiter,
}

/// Runs a goroutine, and then those that are made ready on the way, until this machine has none left.
fn run(m: &mut Machine, role: Role, guarded: &Guarded) {
    let g = goroutine(m);
    set(g, 0, role as u64);
    let addr = guarded.addr();
    // SAFETY: the word of a model, and a goroutine that runs here.
    let outcome = unsafe {
        match role {
            Role::Mutex | Role::SlowMutex => sema::mutex_lock(m, g, addr),
            Role::Reader => sema::rw_rlock(m, g, addr),
            Role::Writer => sema::rw_lock(m, g, addr),
            Role::Waiter => sema::wait_group_wait(m, g, addr),
        }
    };
    if outcome == Outcome::Done {
        go_on(m, g, guarded);
    }
    run_ready(m, guarded);
}

/// Runs what this machine has to run.
fn run_ready(m: &mut Machine, guarded: &Guarded) {
    while let Some(g) = take_next(m) {
        let g = deref(g);
        let retries = g.flags.get() & RETRY_LOCK != 0;
        g.flags.set(g.flags.get() & !RETRY_LOCK);
        // SAFETY: it was taken out of the queue to compete.
        if !retries || unsafe { sema::mutex_retry(m, g) } {
            go_on(m, g, guarded);
        }
    }
}

/// What a goroutine does when it need not wait any more.
fn go_on(m: &mut Machine, g: &Goroutine, guarded: &Guarded) {
    let role = get(g, 0);
    if role == Role::Reader as u64 || role == Role::Waiter as u64 {
        guarded.read();
    } else {
        guarded.write();
    }
    if role == Role::SlowMutex as u64 {
        m.sched().advance_clock_for_model(2_000_000);
    }
    let addr = guarded.addr();
    // SAFETY: as in `run`; it has what it unlocks.
    let outcome = unsafe {
        if role == Role::Waiter as u64 {
            Outcome::Done
        } else if role == Role::Reader as u64 {
            sema::rw_runlock(m, g, addr)
        } else if role == Role::Writer as u64 {
            sema::rw_unlock(m, addr)
        } else {
            sema::mutex_unlock(m, addr)
        }
    };
    assert_eq!(outcome, Outcome::Done);
}

/// One machine for each role; all get through, and the lock is as if it had never been used.
fn all_get_through(preemptions: usize, roles: &'static [Role]) {
    model(preemptions, move || {
        let sched = scheduler(roles.len());
        let guarded = Guarded::new(0);
        let threads: Vec<_> = roles[1..]
            .iter()
            .map(|&role| {
                let (other, guarded) = (Sent::new(&sched), guarded.clone());
                thread::spawn(move || run(&mut other.take(), role, &guarded))
            })
            .collect();
        run(&mut machine(&sched), roles[0], &guarded);
        for thread in threads {
            thread.join().expect("a machine's thread");
        }
        assert_eq!(guarded.through(), roles.len());
        // Relaxed: the threads have ended.
        assert_eq!(guarded.word.load(Ordering::Relaxed) as u32, 0);
    });
}

#[test]
fn a_mutex_has_one_holder_and_forgets_nobody() {
    all_get_through(3, &[Role::Mutex, Role::Mutex]);
}

#[test]
fn three_want_a_mutex() {
    all_get_through(2, &[Role::Mutex, Role::Mutex, Role::Mutex]);
}

#[test]
fn a_mutex_is_handed_to_who_has_waited_for_too_long() {
    all_get_through(2, &[Role::SlowMutex, Role::SlowMutex, Role::SlowMutex]);
}

#[test]
fn a_writer_excludes_readers() {
    all_get_through(2, &[Role::Writer, Role::Reader, Role::Reader]);
}

#[test]
fn writers_exclude_each_other() {
    all_get_through(2, &[Role::Writer, Role::Writer, Role::Reader]);
}

/// Two wait; the last `Done` lets both go on, and they see what was done before it.
#[test]
fn the_last_to_be_done_wakes_who_waits() {
    model(2, || {
        let sched = scheduler(3);
        let guarded = Guarded::new(1 << 32);
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let (other, guarded) = (Sent::new(&sched), guarded.clone());
                thread::spawn(move || run(&mut other.take(), Role::Waiter, &guarded))
            })
            .collect();
        let mut m = machine(&sched);
        guarded.write();
        // SAFETY: the word of a model.
        let done = unsafe { sema::wait_group_add(&mut m, guarded.addr(), -1) };
        assert_eq!(done, Outcome::Done);
        run_ready(&mut m, &guarded);
        for thread in waiters {
            thread.join().expect("a waiter's thread");
        }
        assert_eq!(guarded.through(), 3);
        // Relaxed: the threads have ended.
        assert_eq!(guarded.word.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn a_signal_reaches_who_has_a_number() {
    // SAFETY: the word of a model.
    model(3, || {
        notified(1, |m, addr| unsafe { sema::cond_signal(m, addr) })
    });
}

#[test]
fn a_broadcast_reaches_all_who_have_a_number() {
    // SAFETY: the word of a model.
    model(2, || {
        notified(2, |m, addr| unsafe { sema::cond_broadcast(m, addr) })
    });
}

/// Some goroutines have taken their numbers when another machine notifies them, and wait at that moment.
fn notified(waiters: usize, notify: impl FnOnce(&mut Machine, *mut u64)) {
    let sched = scheduler(waiters + 1);
    let condition = Guarded::new(0);
    let mut m = machine(&sched);
    let threads: Vec<_> = (0..waiters)
        .map(|_| {
            // SAFETY: the word of a model.
            let number = unsafe { sema::cond_add(&mut m, condition.addr()) };
            let (other, condition) = (Sent::new(&sched), condition.clone());
            thread::spawn(move || {
                let mut m = other.take();
                let g = goroutine(&mut m);
                set(g, 0, Role::Waiter as u64);
                // SAFETY: the word of a model, and a goroutine that runs here.
                if unsafe { sema::cond_wait(&mut m, g, condition.addr(), number) } == Outcome::Done
                {
                    go_on(&mut m, g, &condition);
                }
            })
        })
        .collect();
    condition.write();
    notify(&mut m, condition.addr());
    run_ready(&mut m, &condition);
    for thread in threads {
        thread.join().expect("a waiter's thread");
    }
    assert_eq!(condition.through(), waiters + 1);
}
